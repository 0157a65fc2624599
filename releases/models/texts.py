"""Which release stands for a text: for an original and its translations.

`ReleaseQuerySet.one_per_text` decides it for sets, and `one_of_text` for rows in memory.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db.models import Case, IntegerField, Q, Value, When
from django.db.models.functions import Coalesce

from releases import languages


def text_of(release: str = "") -> Coalesce:
    """Return the key of the text of a release: of the original, if it is a translation.

    `release` is the path from a row to the release, such as `mentions__release`.
    """
    start = f"{release}__" if release else ""
    return Coalesce(f"{start}translation_of", f"{start}uuid")


def reader_rank(preferred: Sequence[str]) -> Case:
    """Return the place of a release's language in a list of language ranges, from 0."""
    return Case(
        *(
            When(Q(language=each) | Q(language__startswith=f"{each}-"), then=place)
            for place, each in enumerate(preferred)
        ),
        default=Value(len(preferred)),
        output_field=IntegerField(),
    )


class Candidate(NamedTuple):
    """What decides whether a public release stands for its text."""

    language: str
    translation_of: UUID | None
    publish_at: datetime


def one_of_text(candidates: Mapping[UUID, Candidate], preferred: Sequence[str]) -> UUID:
    """Return the key of the one release of a text that `one_per_text` returns."""

    def order(key: UUID) -> tuple[int, bool, float, UUID]:
        release = candidates[key]
        return (
            languages.place(release.language, preferred),
            release.translation_of is not None,
            -release.publish_at.timestamp(),
            key,
        )

    return min(candidates, key=order)

"""Lists of releases: an original and its translations are one entry, in the reader's language."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q
from django.http import HttpRequest
from django.utils.translation.trans_real import parse_accept_lang_header

from releases import languages
from releases.models import Release, ReleaseQuerySet

MAX_ACCEPTED = 8  # languages of a reader; each makes the query longer


@dataclass(frozen=True, slots=True)
class Entry:
    """A release in a list, with its other languages that are public."""

    release: Release
    translations: list[Release]


def listed(at: datetime) -> ReleaseQuerySet:
    """Return the public releases with the data that lists show, newest first."""
    return Release.objects.public(at).select_related("poster").defer("notes_to_editors")


def accepted_languages(request: HttpRequest) -> list[str]:
    """Return the language ranges that a reader's browser asks for, the preferred one first.

    A view that uses them must name Accept-Language in `Vary`.
    """
    accepted = parse_accept_lang_header(request.headers.get("Accept-Language", ""))
    tags = [tag for tag, quality in accepted if quality > 0 and tag != "*"]
    return languages.ranges(tags[:MAX_ACCEPTED])


def entries_of(releases: Iterable[Release], at: datetime) -> list[Entry]:
    """Return releases with their other languages, read in one query."""
    shown = list(releases)
    others = translations_of(shown, at)
    return [Entry(release, others[release.pk]) for release in shown]


def translations_of(releases: Iterable[Release], at: datetime) -> dict[UUID, list[Release]]:
    """Return the other public languages of each release, by its key: translations and original."""
    texts = {release.pk: release.translation_of_id or release.pk for release in releases}
    keys = set(texts.values())
    public = Release.objects.public(at).filter(Q(pk__in=keys) | Q(translation_of__in=keys))
    found: dict[UUID, list[Release]] = defaultdict(list)
    for release in public.only("slug", "language", "translation_of").order_by("language", "pk"):
        found[release.translation_of_id or release.pk].append(release)
        # An original that is itself a translation of another belongs to two texts.
        if release.translation_of_id and release.pk in keys:
            found[release.pk].append(release)
    return {
        pk: [release for release in found[text] if release.pk != pk] for pk, text in texts.items()
    }

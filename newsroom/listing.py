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


@dataclass(frozen=True, slots=True)
class Texts:
    """How the lists of one page show texts to a reader at a time.

    If no public release is a translation, each release is a text, and lists cost no more.
    """

    at: datetime
    preferred: list[str]
    translated: bool

    @classmethod
    def for_reader(cls, request: HttpRequest, at: datetime) -> "Texts":
        """Return the texts for the reader of a request; the view varies on Accept-Language."""
        return cls(at, accepted_languages(request), Release.objects.public(at).has_translations())

    def once(self, releases: ReleaseQuerySet) -> ReleaseQuerySet:
        """Return one release of each text, in the language that suits the reader."""
        return releases.one_per_text(self.preferred) if self.translated else releases

    def count(self, releases: ReleaseQuerySet) -> int:
        return releases.count_texts() if self.translated else releases.count()

    def others(self, releases: Iterable[Release]) -> dict[UUID, list[Release]]:
        """Return the other public languages of each release, by its key."""
        if self.translated:
            return translations_of(releases, self.at)
        return {release.pk: [] for release in releases}

    def entries(self, releases: Iterable[Release]) -> list[Entry]:
        """Return releases with their other languages."""
        shown = list(releases)
        others = self.others(shown)
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

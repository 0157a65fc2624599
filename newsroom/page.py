"""Everything that a release page prints, read in a fixed number of queries."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import reduce
from operator import or_
from typing import cast
from uuid import UUID

from django.conf import settings
from django.db.models import Q, Value
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import cached_property
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django_countries.fields import Country

from assets import cards
from assets.models import MediaAsset
from newsroom.listing import Entry, listed, translations_of
from people.models import Person
from releases import languages
from releases.document import (
    Attribution,
    Document,
    render_text,
)
from releases.document.page_html import render, render_for_feeds, render_notes
from releases.models import (
    MAX_DESCRIPTION_CHARACTERS,
    Correction,
    Mention,
    Quote,
    Release,
    ReleaseQuerySet,
)
from storing.texts import shortened

MAX_RELATED = 4


@dataclass(frozen=True, slots=True)
class Download:
    """A picture or document of a release. If `url` is empty, the page names it without a link."""

    asset: MediaAsset
    url: str
    label: str


@dataclass(frozen=True, slots=True)
class ShareImage:
    """The picture that other sites show with a link: its path, size in pixels, alternative text."""

    url: str
    width: int
    height: int
    alt: str


@dataclass
class ReleasePage:
    """A release as the public sees it at a moment. With `preview`, it may be any release."""

    release: Release
    at: datetime
    preview: bool = False

    def __post_init__(self) -> None:
        self.document = self.release.document

    @property
    def language(self) -> str:
        return self.release.language

    @property
    def summary(self) -> str:
        """One plain paragraph: the standfirst, or else the beginning of the text."""
        return self.release.standfirst or self.document.opening

    @cached_property
    def description(self) -> str:
        """The summary for feeds, search engines and cards, cut to MAX_DESCRIPTION_CHARACTERS."""
        return shortened(self.summary, MAX_DESCRIPTION_CHARACTERS)

    def picture_url(self, picture: MediaAsset, style: str, extension: str) -> str:
        """Return the URL from which this page loads a picture."""
        url = picture.admin_url if self.preview else picture.versioned_url
        return url(style, extension)

    @cached_property
    def poster(self) -> MediaAsset | None:
        poster = self.release.poster
        return poster if poster and poster.is_usable(self.at) else None

    @cached_property
    def share_image(self) -> ShareImage:
        """The picture that other sites show: the poster, or else a card with the title."""
        if self.poster and self.poster.has_rendition("share", "jpg"):
            width, height = self.poster.size("share")
            url = self.poster.versioned_url("share", "jpg")
            return ShareImage(url, width, height, self.poster.alt_text)
        url = reverse("release_card", args=[self.release.slug])
        alt = self.release.title
        if self.has_plain_card:
            day = date_format(self.release.day, "DATE_FORMAT")
            alt = _("%(newsroom)s, %(date)s") % {"newsroom": settings.NEWSROOM_NAME, "date": day}
        return ShareImage(url, *cards.SHARE, alt)

    @cached_property
    def has_plain_card(self) -> bool:
        """Whether the card has no title, because our fonts do not support its script."""
        if self.poster and self.poster.has_rendition("share", "jpg"):
            return False
        return not cards.can_show(self.release.title, self.release.language, self.release.direction)

    @cached_property
    def expired_pictures(self) -> set[UUID]:
        """The keys of the pictures whose licence has ended. The page prints a notice instead."""
        known = [*self.assets.values(), *filter(None, [self.release.poster])]
        return {asset.pk for asset in known if asset.licence_has_ended(self.at)}

    @cached_property
    def people(self) -> list[Person]:
        """The people named in the release who have a public page."""
        named = Person.objects.with_page().filter(mentions__release=self.release)
        return list(named.prefetch_related("cases__events", "cases__statuses"))

    @cached_property
    def updates_about_people(self) -> dict[Person, str]:
        """What happened to people in the release after its publication, if that is public."""
        events = {person: person.outcome_after(self.release.day) for person in self.people}
        return {
            person: _("%(event)s, after this was published") % {"event": event}
            for person, event in events.items()
            if event
        }

    @cached_property
    def attributions(self) -> dict[int, Attribution]:
        """The attribution of each quotation, by the position of the quotation."""
        rows = {quote.position: quote for quote in self.quotes}
        return {
            quotation.position: self._attribution(rows[quotation.position])
            if quotation.position in rows
            else Attribution(quotation.name, quotation.title)
            for quotation in self.document.quotations
        }

    @cached_property
    def name_withheld(self) -> Attribution:
        """The attribution of every speaker whose name is protected."""
        return name_withheld()

    @cached_property
    def quotes(self) -> list[Quote]:
        return list(self.release.quotes.select_related("speaker"))

    @cached_property
    def pull_quote(self) -> Attribution | None:
        """The speaker of the pull quote."""
        quotation = self.document.find_pull_quote(self.release.pull_quote)
        return self.attributions[quotation.position] if quotation else None

    @cached_property
    def assets(self) -> dict[UUID, MediaAsset]:
        """The files in the text and its attachments, including those that may not be shown."""
        ids = {*self.document.pictures, *self.release.attached_ids}
        return MediaAsset.objects.in_bulk(ids) if ids else {}

    @cached_property
    def pictures(self) -> list[MediaAsset]:
        """The usable pictures in the text, in the order of the text."""
        return self._usable(self.document.pictures)

    @cached_property
    def attached(self) -> list[MediaAsset]:
        """The usable attachments: other pictures and documents below the text."""
        return self._usable(self.release.attached_ids)

    @cached_property
    def downloadable_assets(self) -> list[MediaAsset]:
        """All files for journalists: poster, pictures in the text, attachments."""
        everything = [*filter(None, [self.poster]), *self.pictures, *self.attached]
        return list({asset.pk: asset for asset in everything}.values())

    @cached_property
    def asset_downloads(self) -> list[Download]:
        """The downloadable files, each with its URL and the label of its link."""
        return [
            Download(asset, self.download_url(asset), _file_facts(asset))
            for asset in self.downloadable_assets
        ]

    def download_url(self, asset: MediaAsset) -> str:
        """Return the URL of the largest rendition of a picture, or of the copy of a document.

        On the public page, it does not change when the file is replaced.
        """
        url = asset.admin_url if self.preview else asset.public_url
        return url(*asset.download_rendition)

    def _usable(self, ids: Iterable[UUID]) -> list[MediaAsset]:
        found = [self.assets[pk] for pk in dict.fromkeys(ids) if pk in self.assets]
        return [asset for asset in found if asset.is_usable(self.at)]

    @cached_property
    def body(self) -> SafeString:
        return render(
            self.document,
            attributions=self.attributions,
            people={person.pk: person for person in self.people},
            since={person.pk: text for person, text in self.updates_about_people.items()},
            pictures={picture.pk: picture for picture in self.pictures if picture.is_picture},
            page=self,
        )

    @cached_property
    def text(self) -> str:
        """The body as plain text."""
        pictures = {picture.pk: picture for picture in self.pictures}
        return render_text(
            self.document,
            attributions=self.attributions,
            pictures=pictures,
            picture_label=_("[Picture: %s]"),
        )

    @cached_property
    def notes(self) -> SafeString:
        """The notes to editors as HTML."""
        return render_notes(Document(self.release.notes_to_editors))

    def release_html(self, origin: str) -> SafeString:
        """Return the HTML for feeds and ninjs, without classes, buttons and relative URLs."""
        return render_for_feeds(
            self.document,
            attributions=self.attributions,
            people={person.pk: person for person in self.people},
            pictures={picture.pk: picture for picture in self.pictures if picture.is_picture},
            page=self,
            origin=origin,
        )

    @cached_property
    def corrections(self) -> list[Correction]:
        return list(self.release.corrections.all())

    @property
    def translations(self) -> list[Release]:
        """The public translations of the release, and the original of a translation."""
        return self._other_languages[self.release.pk]

    @cached_property
    def _other_languages(self) -> dict[UUID, list[Release]]:
        """The other languages of the release and of the related ones, read in one query."""
        return translations_of([self.release, *self._related], self.at)

    @property
    def other_locales(self) -> list[str]:
        """The distinct locales of the translations in the form of Open Graph."""
        locales = dict.fromkeys(other.og_locale for other in self.translations)
        return [locale for locale in locales if locale and locale != self.release.og_locale]

    @property
    def related(self) -> list[Entry]:
        """Other public releases about the same people, or else about the same place and topic.

        They are in the language of this release if they exist in it. The newest come first.
        """
        return [Entry(release, self._other_languages[release.pk]) for release in self._related]

    @cached_property
    def _related(self) -> list[Release]:
        original = self.release.translation_of_id or self.release.pk
        others = Release.objects.public(self.at).exclude(pk=original)
        others = others.exclude(translation_of=original)
        # To come: releases with the same words, in third place.
        groups = [self._about_the_same_people(others), self._about_the_same_matter(others)]
        preferred = languages.ranges([self.language])
        # Each group is cut before they are joined, so that the database walks an index.
        newest = [group.one_per_text(preferred).values("pk")[:MAX_RELATED] for group in groups]
        first, *rest = [
            listed(self.at).filter(pk__in=keys).annotate(place=Value(place)).order_by()
            for place, keys in enumerate(newest)
        ]
        found = first.union(*rest, all=True).order_by("place", "-publish_at", "uuid")
        once: dict[UUID, Release] = {}
        for release in found:
            once.setdefault(release.pk, release)
        return list(once.values())[:MAX_RELATED]

    def _about_the_same_people(self, releases: ReleaseQuerySet) -> ReleaseQuerySet:
        """Return the releases that name a person of this one, without those who speak for us.

        Only people with a public page count. Otherwise, the list would reveal that two releases
        mean the same person where they print no name.
        """
        day = timezone.localdate(self.at)
        speakers = Person.objects.spokespeople(day).values("pk")
        people = Person.objects.with_page(day).exclude(pk__in=speakers)
        mentions = Mention.objects.filter(
            person__in=people.filter(mentions__release=self.release).values("pk")
        )
        return releases.filter(pk__in=mentions.values("release"))

    def _about_the_same_matter(self, releases: ReleaseQuerySet) -> ReleaseQuerySet:
        """Return the releases on a country and a topic of this one.

        If this release has only one of the two, that one is enough.
        """
        places = cast("list[Country]", list(self.release.countries))
        topics = self.release.topics.all()
        if not places and not topics:
            return releases.none()
        if places:
            in_place = [Q(countries__contains=place.code) for place in places]
            releases = releases.filter(reduce(or_, in_place))
        if topics:
            on_topic = Release.topics.through.objects.filter(topic__in=topics)
            releases = releases.filter(pk__in=on_topic.values("release"))
        return releases

    def _attribution(self, quote: Quote) -> Attribution:
        return attribution_of(quote) or self.name_withheld


def attribution_of(quote: Quote, on: date | None = None) -> Attribution | None:
    """Return what a page prints below a quotation on a day (default: today).

    It is None if the name of the speaker is protected. The quotation must have its speaker loaded.
    """
    if quote.speaker.is_protected(on):
        return None
    page = quote.speaker if quote.speaker.has_page(on) else None
    return Attribution(quote.attribution_name, quote.attribution_title, page)


def name_withheld() -> Attribution:
    """Return the attribution of a speaker whose name is protected."""
    return Attribution(_("Name withheld"), "")


def pages_of(releases: Sequence[Release], at: datetime) -> list[ReleasePage]:
    """Return the pages of releases, read in a fixed number of queries.

    The caller must prefetch the topics and corrections of the releases and select their posters.
    """
    pages = [ReleasePage(release, at) for release in releases]
    quotes: dict[UUID, list[Quote]] = defaultdict(list)
    for quote in Quote.objects.filter(release__in=releases).select_related("speaker"):
        quotes[quote.release_id].append(quote)
    mentions = set(Mention.objects.filter(release__in=releases).values_list("release", "person"))
    with_page = Person.objects.with_page().filter(pk__in={person for _key, person in mentions})
    people = list(with_page.prefetch_related("cases__events", "cases__statuses"))
    used = {
        page.release.pk: {*page.document.pictures, *page.release.attached_ids} for page in pages
    }
    assets = MediaAsset.objects.in_bulk(set().union(*used.values()))
    for page in pages:
        key = page.release.pk
        page.quotes = quotes[key]
        page.people = [person for person in people if (key, person.pk) in mentions]
        page.assets = {pk: assets[pk] for pk in used[key] if pk in assets}
    return pages


def _file_facts(asset: MediaAsset) -> str:
    """Return a label with the format of a file, its size in pixels and its file size."""
    style, extension = asset.download_rendition
    width, height = asset.size(style)
    size = {"width": width, "height": height}
    pixels = _("%(width)s × %(height)s pixels") % size if width else ""
    weight = filesizeformat(asset.bytes_of(style, extension))
    return ", ".join(filter(None, [extension.upper().replace("JPG", "JPEG"), pixels, weight]))

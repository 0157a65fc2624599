"""Everything that the page of one release prints, gathered in a fixed number of queries."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.functional import cached_property
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from assets import cards
from assets.models import MediaAsset
from people.models import Person
from releases.document import (
    Attribution,
    Document,
    render_text,
)
from releases.document.page_html import render, render_for_feeds, render_notes
from releases.models import MAX_DESCRIPTION_CHARACTERS, Correction, Mention, Quote, Release
from storing.texts import shortened

MAX_RELATED = 4


@dataclass(frozen=True, slots=True)
class Download:
    """A picture or document of a release; without a URL, the page only says that it exists."""

    asset: MediaAsset
    url: str
    label: str


@dataclass(frozen=True, slots=True)
class ShareImage:
    """The picture of a share card: its path, its size in pixels, its alternative text."""

    url: str
    width: int
    height: int
    alt: str


@dataclass
class ReleasePage:
    """A release as people read it at a moment; a `preview` may be of any release."""

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
        """One plain paragraph: the standfirst, else how the text begins."""
        return self.release.standfirst or self.document.opening

    @cached_property
    def description(self) -> str:
        """The summary for feeds, search engines and cards, cut to MAX_DESCRIPTION_CHARACTERS."""
        return shortened(self.summary, MAX_DESCRIPTION_CHARACTERS)

    def picture_url(self, picture: MediaAsset, style: str, extension: str) -> str:
        """Return where this page takes a picture from."""
        url = picture.admin_url if self.preview else picture.versioned_url
        return url(style, extension)

    @cached_property
    def poster(self) -> MediaAsset | None:
        poster = self.release.poster
        return poster if poster and poster.is_usable(self.at) else None

    @cached_property
    def share_image(self) -> ShareImage:
        """The picture of the release on other sites; without one, a card with its title."""
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
        """Whether the card shows no title, because no font of ours has its script."""
        if self.poster and self.poster.has_rendition("share", "jpg"):
            return False
        return not cards.can_show(self.release.title, self.release.language, self.release.direction)

    @cached_property
    def expired_pictures(self) -> set[UUID]:
        """The keys of the pictures whose licence has ended: the page says so in their place."""
        known = [*self.assets.values(), *filter(None, [self.release.poster])]
        return {asset.pk for asset in known if asset.licence_has_ended(self.at)}

    @cached_property
    def people(self) -> list[Person]:
        """Those named in the release who have a public page."""
        named = Person.objects.with_page().filter(mentions__release=self.release)
        return list(named.prefetch_related("cases__events", "cases__statuses"))

    @cached_property
    def updates_about_people(self) -> dict[Person, str]:
        """What happened to people in the release after it was published, as far as it is public."""
        events = {person: person.outcome_after(self.release.day) for person in self.people}
        return {
            person: _("%(event)s, after this was published") % {"event": event}
            for person, event in events.items()
            if event
        }

    @cached_property
    def attributions(self) -> dict[int, Attribution]:
        """Who is printed below each quotation, by its position."""
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
        return Attribution(_("Name withheld"), "")

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
        """The files in the text and attached to it, whether they may be shown or not."""
        ids = {*self.document.pictures, *self.release.attached_ids}
        return MediaAsset.objects.in_bulk(ids) if ids else {}

    @cached_property
    def pictures(self) -> list[MediaAsset]:
        """The pictures in the text, in their order."""
        return self._usable(self.document.pictures)

    @cached_property
    def attached(self) -> list[MediaAsset]:
        """The other pictures and documents, below the text."""
        return self._usable(self.release.attached_ids)

    @cached_property
    def downloadable_assets(self) -> list[MediaAsset]:
        """Everything that journalists may download: poster, pictures of the text, attached."""
        everything = [*filter(None, [self.poster]), *self.pictures, *self.attached]
        return list({asset.pk: asset for asset in everything}.values())

    @cached_property
    def asset_downloads(self) -> list[Download]:
        """The same, each with its URL and a label for the link."""
        return [
            Download(asset, self.download_url(asset), _file_facts(asset))
            for asset in self.downloadable_assets
        ]

    def download_url(self, asset: MediaAsset) -> str:
        """Return the URL of a picture at full size, and of a document as it is.

        It is the address for people: it stays when the picture is replaced.
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
        """The notes to editors."""
        return render_notes(Document(self.release.notes_to_editors))

    def release_html(self, origin: str) -> SafeString:
        """Return the text for feeds and ninjs: no classes, buttons or relative addresses."""
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

    @cached_property
    def translations(self) -> list[Release]:
        """The same release in other languages, as far as they are public."""
        original = self.release.translation_of_id or self.release.pk
        public = Release.objects.public(self.at).exclude(pk=self.release.pk)
        return list(
            (public.filter(pk=original) | public.filter(translation_of=original)).order_by(
                "language", "pk"
            )
        )

    @property
    def other_locales(self) -> list[str]:
        """The locales of the translations as Open Graph has them, each once."""
        locales = dict.fromkeys(other.og_locale for other in self.translations)
        return [locale for locale in locales if locale and locale != self.release.og_locale]

    @cached_property
    def related(self) -> list[Release]:
        """The newest other public releases on the same topics, in the same language."""
        about = Release.topics.through.objects.filter(topic__in=self.release.topics.all())
        return list(
            Release.objects.public(self.at)
            .filter(pk__in=about.values("release"), language=self.release.language)
            .exclude(pk=self.release.pk)
            .select_related("poster")[:MAX_RELATED]
        )

    def _attribution(self, quote: Quote) -> Attribution:
        if quote.speaker.is_protected():
            return self.name_withheld
        page = quote.speaker if quote.speaker.has_page() else None
        return Attribution(quote.attribution_name, quote.attribution_title, page)


def pages_of(releases: Sequence[Release], at: datetime) -> list[ReleasePage]:
    """Return the pages of some releases, read in a fixed number of queries.

    The releases bring their topics, posters and corrections.
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
    """Return the format of a file, its size in pixels and in bytes."""
    style, extension = asset.download_rendition
    width, height = asset.size(style)
    size = {"width": width, "height": height}
    pixels = _("%(width)s × %(height)s pixels") % size if width else ""
    weight = filesizeformat(asset.bytes_of(style, extension))
    return ", ".join(filter(None, [extension.upper().replace("JPG", "JPEG"), pixels, weight]))

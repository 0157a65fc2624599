"""Everything that the page of one release prints, gathered in a fixed number of queries."""

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.safestring import SafeString

from assets.models import MediaAsset
from people.models import Person
from releases.body import Attribution, render
from releases.models import Correction, Quote, Release

MOST_RELATED = 4
WITHHELD = Attribution(name="Name withheld", title="")


@dataclass
class ReleasePage:
    """A release as it is to be read at a moment; a `preview` may be of any release."""

    release: Release
    at: datetime
    preview: bool = False

    def __post_init__(self) -> None:
        self.document = self.release.document

    def picture_url(self, picture: MediaAsset, style: str, extension: str) -> str:
        """Return where this page takes a picture from."""
        url = picture.preview_url if self.preview else picture.rendition_url
        return url(style, extension)

    @property
    def downloads(self) -> list[tuple[str, str]]:
        """What can be taken along: words for each, and its address."""
        if self.preview:
            return []
        kinds = (("Plain text", "release_text"), ("ninjs (JSON)", "release_json"))
        return [(words, reverse(name, args=[self.release.slug])) for words, name in kinds]

    @cached_property
    def poster(self) -> MediaAsset | None:
        poster = self.release.poster
        return poster if poster and poster.is_usable(self.at) else None

    @cached_property
    def people(self) -> list[Person]:
        """Those named in the release who have a public page."""
        return list(Person.objects.with_page().filter(mentions__release=self.release))

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
    def quotes(self) -> list[Quote]:
        return list(self.release.quotes.select_related("speaker"))

    @cached_property
    def pull_quote(self) -> Attribution | None:
        """Whose words the pull quote are."""
        quotation = self.document.lifted(self.release.pull_quote)
        return self.attributions[quotation.position] if quotation else None

    @cached_property
    def pictures(self) -> list[MediaAsset]:
        ids = self.document.pictures
        return list(MediaAsset.objects.usable(self.at).filter(pk__in=ids)) if ids else []

    @cached_property
    def body(self) -> SafeString:
        return render(
            self.document,
            attributions=self.attributions,
            people={person.pk: person for person in self.people},
            pictures={picture.pk: picture for picture in self.pictures},
            page=self,
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

    @cached_property
    def related(self) -> list[Release]:
        """The newest other public releases on the same topics, in the same language."""
        return list(
            Release.objects.public(self.at)
            .filter(topics__in=self.release.topics.all(), language=self.release.language)
            .exclude(pk=self.release.pk)
            .select_related("poster")
            .distinct()[:MOST_RELATED]
        )

    def _attribution(self, quote: Quote) -> Attribution:
        if quote.speaker.is_protected():
            return WITHHELD
        page = quote.speaker if quote.speaker.has_page() else None
        return Attribution(quote.attribution_name, quote.attribution_title, page)

"""The release page that one reader sees before the embargo ends, with a watermark."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.timesince import timeuntil
from django.utils.translation import gettext as _

from assets.models import MediaAsset
from newsroom.formats import FormatLink
from newsroom.page import ReleasePage
from previews.emails import format_both_zones
from previews.models import PreviewLink, Visit
from previews.watermarks import html_with_watermark
from releases.document import Document, text_paragraphs
from releases.models import Release
from releases.versions import Change, compare_printed
from storing.texts import clean_text


def page_at_the_desk(release: Release, at: datetime) -> ReleasePage:
    """Return the page of a release in any state, as the public would see it at a moment."""
    return ReleasePage(release, at=at, preview=True)


@dataclass
class ReaderPage(ReleasePage):
    """The page of a release for a reader who has accepted the terms of a link."""

    preview: bool = True
    token: str = ""
    link: PreviewLink = field(kw_only=True)
    visit: Visit = field(kw_only=True)

    def picture_url(self, picture: MediaAsset, style: str, extension: str) -> str:
        return reverse("preview_picture", args=[self.token, picture.pk, style, extension])

    @cached_property
    def shown_pictures(self) -> dict[UUID, MediaAsset]:
        """The pictures on this page. The link gives access to no other pictures."""
        return {asset.pk: asset for asset in self.downloadable_assets if asset.is_picture}

    @property
    def downloads(self) -> list[FormatLink]:
        return [FormatLink(reverse("preview_text", args=[self.token]), _("Plain text"))]

    def download_url(self, asset: MediaAsset) -> str:
        """Return the URL of a watermarked picture, "" for a document.

        Readers can't download documents, because documents can't have a watermark.
        """
        return self.picture_url(asset, *asset.download_rendition) if asset.is_picture else ""

    @property
    def embargo_warning(self) -> str:
        """The warning on every page and download, with end of embargo, reader and reference."""
        link = self.link
        names = {"recipient": link, "reference": link.printed_reference}
        if link.embargo_ends is None:
            text = _("DRAFT – not for publication · for %(recipient)s · %(reference)s")
            return text % names
        text = _("EMBARGOED until %(time)s · for %(recipient)s · %(reference)s")
        return text % {"time": format_both_zones(link.embargo_ends), **names}

    @property
    def embargo_warning_html(self) -> SafeString:
        """The warning as HTML, with an element around the reference, which keeps it on one line.

        Programs that read a PDF drop a hyphen at the end of a line, and then `watermarks` would not
        find the reference.
        """
        reference = self.link.printed_reference
        unbroken = format_html('<span class="reference">{}</span>', reference)
        return mark_safe(escape(self.embargo_warning).replace(reference, unbroken))

    @property
    def time_left(self) -> str:
        """The time for which the link still shows the release, "" if it has no end."""
        ends = min(filter(None, [self.link.expires_at, self.release.publish_at]), default=None)
        return timeuntil(ends, self.at) if ends else ""

    @property
    def article(self) -> SafeString:
        """The HTML of the release as on the public page, with the watermark in its text."""
        context = {"page": self, "release": self.release, "downloads": self.downloads}
        html = render_to_string("newsroom/_release.html", context)
        return html_with_watermark(html, self.link.reference)

    @cached_property
    def paragraphs(self) -> list[str]:
        """The paragraphs of the plain text file in order, without headings and labels."""
        release = self.release
        parts = [release.standfirst, release.pull_quote if self.pull_quote else ""]
        parts += text_paragraphs(self.document)
        parts += text_paragraphs(Document(release.notes_to_editors))
        parts += [correction.text for correction in self.corrections]
        return [clean_text(part, multiline=True) for part in parts]

    @cached_property
    def changes(self) -> list[Change]:
        """The changes since the version that the reader saw before this one."""
        if self.visit.before is None:
            return []
        return compare_printed(self.release, since=self.visit.before)

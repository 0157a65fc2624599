"""The page of a release as one reader sees it before the lift: marked, with what has changed."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.safestring import SafeString
from django.utils.timesince import timeuntil

from assets.models import MediaAsset
from newsroom.page import ReleasePage
from previews import marks
from previews.emails import in_both_zones
from previews.models import PreviewLink, Visit
from releases.document import Document, text_paragraphs
from releases.models import Release
from releases.versions import Change, compare_printed
from storing.texts import clean_text


def page_at_the_desk(release: Release, at: datetime) -> ReleasePage:
    """Return a release as its public page would print it at a moment, whatever its state."""
    return ReleasePage(release, at=at, preview=True)


@dataclass
class ReaderPage(ReleasePage):
    """A release for the reader of a link, who has accepted its terms."""

    preview: bool = True
    token: str = ""
    link: PreviewLink = field(kw_only=True)
    visit: Visit = field(kw_only=True)

    def picture_url(self, picture: MediaAsset, style: str, extension: str) -> str:
        return reverse("preview_picture", args=[self.token, picture.pk, style, extension])

    @cached_property
    def shown(self) -> dict[UUID, MediaAsset]:
        """The pictures that this page shows: no other is let out with it."""
        return {asset.pk: asset for asset in self.offered if asset.is_picture}

    @property
    def downloads(self) -> list[tuple[str, str]]:
        return [("Plain text", reverse("preview_text", args=[self.token]))]

    def download_url(self, asset: MediaAsset) -> str:
        """Return where the marked picture is; a document cannot be marked, and has to wait."""
        return self.picture_url(asset, *asset.press) if asset.is_picture else ""

    @property
    def warning(self) -> str:
        """What every page, print and download says: until when, for whom, which copy."""
        link = self.link
        if link.lift is None:
            kind = "DRAFT, not for publication"
        else:
            kind = f"EMBARGOED until {in_both_zones(link.lift)}"
        return f"{kind} · for {link} · {link.printed_reference}"

    @property
    def left(self) -> str:
        """How long the link shows the release yet, "" where nobody knows."""
        ends = min(filter(None, [self.link.expires_at, self.release.publish_at]), default=None)
        return timeuntil(ends, self.at) if ends else ""

    @property
    def article(self) -> SafeString:
        """The release as the public page prints it, with the trace in its text."""
        context = {"page": self, "release": self.release}
        html = render_to_string("newsroom/_release.html", context)
        return marks.woven_html(html, self.link.reference)

    @cached_property
    def paragraphs(self) -> list[str]:
        """What a text file of the release says in paragraphs, in order: no headings, no labels."""
        release = self.release
        parts = [release.standfirst, release.pull_quote if self.pull_quote else ""]
        parts += text_paragraphs(self.document)
        parts += text_paragraphs(Document(release.notes_to_editors))
        parts += [correction.text for correction in self.corrections]
        return [clean_text(part, multiline=True) for part in parts]

    @cached_property
    def changes(self) -> list[Change]:
        """What is printed differently from what the reader saw before."""
        if self.visit.before is None:
            return []
        return compare_printed(self.release, since=self.visit.before)

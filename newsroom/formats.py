"""The formats of a release and of the feeds, one row each.

These tables define the URLs, the `<link>`s, the downloads on the page, the tests for leaks and the
checks of `leakcheck`. To add a format, write its module and add a row.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from zipstream import ZipStream

from assets.models import CONTENT_TYPES
from newsroom import bundle, card, exports, feeds, word
from newsroom.page import ReleasePage
from releases.models import Release

Content: TypeAlias = str | bytes | ZipStream


@dataclass(frozen=True, slots=True)
class ReleaseFormat:
    """A file format of a release.

    `name` is the URL name; `file` follows the URL of the release. `write` takes the page, the
    origin of the site and the name of the publisher. The page has a download link with `label`, and
    no link if `label` is empty. If `in_head` is set, there is also a `<link>`. Browsers save the
    file under the slug of the release with the extension `saved_as`. `version` returns a digest of
    the content for the ETag, for files that take long to write.
    """

    name: str
    file: str
    content_type: str
    write: Callable[[ReleasePage, str, str], Content]
    label: str | Promise | Callable[[ReleasePage], str] = ""
    in_head: bool = False
    saved_as: str = ""
    version: Callable[[ReleasePage], str] | None = None
    write_withdrawn: Callable[[Release], str] = exports.withdrawn_text
    withdrawn_type: str = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class FeedFormat:
    """A format of the feeds. `name` is the URL name; `file` follows the URL of the archive."""

    name: str
    file: str
    content_type: str
    write: Callable[[feeds.Channel], str]


@dataclass(frozen=True, slots=True)
class FormatLink:
    """A link on a page to a file in a format."""

    url: str
    label: str
    content_type: str = ""
    in_head: bool = False


def _zip_label(page: ReleasePage) -> str:
    if page.downloadable_assets:
        return _("All files with pictures (ZIP)")
    return _("Text only (ZIP)")


# In the order of the downloads on the page.
RELEASE_FORMATS = (
    ReleaseFormat(
        "release_zip",
        "media.zip",
        "application/zip",
        bundle.media_zip,
        label=_zip_label,
        saved_as="zip",
    ),
    ReleaseFormat(
        "release_text",
        "release.txt",
        "text/plain; charset=utf-8",
        exports.as_text,
        label=gettext_lazy("Plain text"),
        in_head=True,
    ),
    ReleaseFormat(
        "release_word",
        "release.docx",
        CONTENT_TYPES["docx"],
        word.as_docx,
        label=gettext_lazy("Word (DOCX)"),
        in_head=True,
        saved_as="docx",
    ),
    ReleaseFormat(
        "release_json",
        "release.json",
        "application/json",
        exports.ninjs,
        label=gettext_lazy("For news systems (ninjs)"),
        in_head=True,
        write_withdrawn=exports.withdrawn_ninjs,
        withdrawn_type="application/json",
    ),
    ReleaseFormat(
        "release_card",
        "card.jpg",
        "image/jpeg",
        card.card_of,
        version=card.digest_of,
    ),
)

# In the order of the `<link>`s.
FEED_FORMATS = (
    FeedFormat("feed", "feed.atom", "application/atom+xml; charset=utf-8", feeds.as_atom),
    FeedFormat("feed_json", "feed.json", "application/feed+json", feeds.as_json),
    FeedFormat("feed_rss", "feed.rss", "application/rss+xml; charset=utf-8", feeds.as_rss),
)


def links_to(page: ReleasePage) -> list[FormatLink]:
    """Return the links to the formats on the public page of a release."""
    return [
        FormatLink(
            reverse(each.name, args=[page.release.slug]),
            str(each.label(page) if callable(each.label) else each.label),
            _media_type(each),
            each.in_head,
        )
        for each in RELEASE_FORMATS
        if each.label
    ]


def feed_links(query: str, title: str) -> list[FormatLink]:
    """Return the links to the feeds. `query` is a query of the archive; "" means all releases."""
    return [
        FormatLink(
            reverse(each.name) + (f"?{query}" if query else ""), title, _media_type(each), True
        )
        for each in FEED_FORMATS
    ]


def _media_type(each: Any) -> str:
    return str(each.content_type).partition(";")[0]

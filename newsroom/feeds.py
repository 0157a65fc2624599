"""The feeds of releases: Atom (RFC 4287), RSS 2.0 and JSON Feed 1.1, in pages.

All three contain the same releases with their full texts, and accept the filters of the archive.
They have every language of a release, because a program does not say what its readers can read.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.feedgenerator import Atom1Feed, Enclosure, Rss201rev2Feed, rfc3339_date
from django.utils.html import escape
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.desk_addresses import site_url
from assets.models import MediaAsset
from newsroom.archive import Filters
from newsroom.exports import correction_line
from newsroom.page import ReleasePage, pages_of
from newsroom.paging import page_of
from newsroom.structured import filled
from releases.models import Release
from storing.texts import clean_text

# The query of a page skips all newer releases, so this limits the cost of the last page.
MAX_FEED_ENTRIES = 10_000
MAX_NOTICES = 50
NEVER_CHANGED = datetime(1970, 1, 1, tzinfo=UTC)  # of an empty feed
ATOM = "http://www.w3.org/2005/Atom"
TOMBSTONES = "http://purl.org/atompub/tombstones/1.0"  # RFC 6721
JSON_FEED = "https://jsonfeed.org/version/1.1"


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """A release in a feed of any format. `summary` is plain text, one paragraph per item."""

    release: Release
    title: str
    link: str
    summary: list[str]
    html: str
    updated: datetime
    categories: list[str]
    picture: Enclosure | None


@dataclass(frozen=True, slots=True)
class Channel:
    """One page of a feed.

    `identity` is the URL of the first page. `links` are the URLs of other pages by their relation.
    `notices` are withdrawn releases.
    """

    title: str
    home: str
    identity: str
    url: str
    links: dict[str, str]
    entries: list[FeedEntry]
    notices: list[Release]

    def writer_arguments(self) -> dict[str, Any]:
        """Return the arguments of Django's XML writers."""
        return {
            "title": self.title,
            "link": self.home,
            "description": self.title,
            "language": get_language() or "en",
            "feed_url": self.url,
            "feed_guid": self.identity,
            "author_name": self.title,
            "links": self.links,
            "notices": self.notices,
        }


class _Writer:
    """Mixin with the extensions to Django's writers that both XML formats share."""

    items: list[dict[str, Any]]
    feed: dict[str, Any]

    def latest_post_date(self) -> datetime:
        """Return when an entry last changed, NEVER_CHANGED for an empty feed.

        Django returns the current time for an empty feed, so the feed would change at each request.
        """
        return max((item["updateddate"] for item in self.items), default=NEVER_CHANGED)

    def add_links(self, handler: Any, tag: str) -> None:
        """Add the links to other pages (RFC 5005)."""
        for rel, url in self.feed["links"].items():
            handler.addQuickElement(tag, "", {"rel": rel, "href": url})


class AtomWriter(_Writer, Atom1Feed):
    """Atom with features that Django's writer does not have.

    These are full texts, languages, pages and withdrawals.
    """

    def root_attributes(self) -> dict[str, str]:
        return super().root_attributes() | {"xmlns:at": TOMBSTONES}

    def add_root_elements(self, handler: Any) -> None:
        super().add_root_elements(handler)
        self.add_links(handler, "link")
        for release in self.feed["notices"]:
            deleted = {"ref": f"urn:uuid:{release.pk}", "when": _withdrawn_at(release)}
            handler.startElement("at:deleted-entry", deleted)
            handler.addQuickElement("at:comment", _reason(release))
            handler.endElement("at:deleted-entry")

    def item_attributes(self, item: dict[str, Any]) -> dict[str, str]:
        return super().item_attributes(item) | {"xml:lang": item["language"]}

    def add_item_elements(self, handler: Any, item: dict[str, Any]) -> None:
        super().add_item_elements(handler, item)
        if item["html"]:
            handler.addQuickElement("content", item["html"], {"type": "html"})


class RssWriter(_Writer, Rss201rev2Feed):
    """RSS with the same features.

    RSS has no deletions, so a notice of withdrawal replaces the item with the same guid.
    """

    def rss_attributes(self) -> dict[str, str]:
        return super().rss_attributes() | {
            "xmlns:content": "http://purl.org/rss/1.0/modules/content/",
            "xmlns:dc": "http://purl.org/dc/elements/1.1/",
        }

    def add_root_elements(self, handler: Any) -> None:
        super().add_root_elements(handler)
        self.add_links(handler, "atom:link")

    def add_item_elements(self, handler: Any, item: dict[str, Any]) -> None:
        super().add_item_elements(handler, item)
        handler.addQuickElement("dc:creator", self.feed["author_name"])
        handler.addQuickElement("dc:language", item["language"])
        handler.addQuickElement("atom:updated", rfc3339_date(item["updateddate"]))
        if item["html"]:
            handler.addQuickElement("content:encoded", item["html"])

    def write_items(self, handler: Any) -> None:
        super().write_items(handler)
        for release in self.feed["notices"]:
            handler.startElement("item", {})
            handler.addQuickElement("title", _("This release was withdrawn."))
            handler.addQuickElement("description", escape(_reason(release)))
            handler.addQuickElement("guid", f"urn:uuid:{release.pk}", {"isPermaLink": "false"})
            handler.addQuickElement("atom:updated", _withdrawn_at(release))
            handler.endElement("item")


def as_atom(channel: Channel) -> str:
    """Return a page of a feed as Atom."""
    return _written(AtomWriter, channel)


def as_rss(channel: Channel) -> str:
    """Return a page of a feed as RSS 2.0."""
    return _written(RssWriter, channel)


def as_json(channel: Channel) -> str:
    """Return a page of a feed as JSON Feed 1.1.

    A notice of withdrawal replaces the item with the same id.
    """
    items = [_json_item(entry) for entry in channel.entries]
    items += [
        {
            "id": f"urn:uuid:{release.pk}",
            "title": _("This release was withdrawn."),
            "content_text": _reason(release),
            "date_modified": _withdrawn_at(release),
        }
        for release in channel.notices
    ]
    data = {
        "version": JSON_FEED,
        "title": channel.title,
        "home_page_url": channel.home,
        "feed_url": channel.url,
        "next_url": channel.links.get("next"),
        "language": get_language() or "en",
        "authors": [{"name": channel.title}],
    }
    return json.dumps(filled(data) | {"items": items}, ensure_ascii=False, indent=1)


def channel_of(request: HttpRequest, name: str) -> Channel:
    """Return the page of a feed that is requested. `name` is the URL name of the feed.

    Raises Http404 if there is no such page.
    """
    now, origin = timezone.now(), site_url(request)
    today = timezone.localdate(now)
    filters = Filters.from_query(request.GET)
    matching = filters.apply(Release.objects.public(now), today)
    releases = filters.found_by(matching, now).select_related("poster")
    rows = releases.prefetch_related("topics", "corrections")[:MAX_FEED_ENTRIES]
    page = page_of(request, rows)
    query = filters.feed_query()

    def url(number: int) -> str:
        parts = [query, urlencode({"page": number}) if number > 1 else ""]
        page_query = "&".join(filter(None, parts))
        return origin + reverse(name) + (f"?{page_query}" if page_query else "")

    links = {"first": url(1), "last": url(page.paginator.num_pages)}
    if page.has_previous():
        links["previous"] = url(page.previous_page_number())
    if page.has_next():
        links["next"] = url(page.next_page_number())
    # The search finds no withdrawn release, so a feed of a search has the notices of all.
    withdrawn = filters.apply(Release.objects.tombstones(now), today)
    withdrawn = withdrawn.order_by("-withdrawn_at", "pk")
    return Channel(
        title=settings.NEWSROOM_NAME,
        home=origin + reverse("archive") + (f"?{query}" if query else ""),
        identity=url(1),
        url=url(page.number),
        links=links,
        entries=[_entry(each, origin, now) for each in pages_of(list(page), now)],
        notices=[] if page.has_previous() else list(withdrawn[:MAX_NOTICES]),
    )


def _entry(page: ReleasePage, origin: str, now: datetime) -> FeedEntry:
    release = page.release
    topics = [clean_text(topic.name, multiline=True) for topic in release.topics.all()]
    changes = [clean_text(correction_line(each), multiline=True) for each in page.corrections]
    dates = [release.publish_at, *(correction.at for correction in page.corrections)]
    return FeedEntry(
        release=release,
        title=clean_text(release.title, multiline=True),
        link=origin + release.get_absolute_url(),
        summary=[*filter(None, [page.description]), *changes],
        html=_html(page, origin, changes),
        updated=max(filter(None, dates)),
        categories=[release.get_kind_display(), *topics],
        picture=_enclosure(release.poster, origin, now),
    )


def _html(page: ReleasePage, origin: str, changes: Iterable[str]) -> str:
    """Return the full text and its corrections as HTML, with language and text direction."""
    release = page.release
    parts = [page.release_html(origin), *(f"<p>{escape(change)}</p>" for change in changes)]
    if not (text := "\n".join(filter(None, parts))):
        return ""
    direction = f'lang="{escape(release.language)}" dir="{release.direction}"'
    return clean_text(f"<div {direction}>{text}</div>", multiline=True)


def _written(writer_class: type[AtomWriter] | type[RssWriter], channel: Channel) -> str:
    writer = writer_class(**channel.writer_arguments())
    for entry in channel.entries:
        first, *others = [escape(paragraph) for paragraph in entry.summary or [""]]
        writer.add_item(
            title=entry.title,
            link=entry.link,
            description="".join([first, *(f"<p>{paragraph}</p>" for paragraph in others)]),
            unique_id=f"urn:uuid:{entry.release.pk}",
            unique_id_is_permalink=False,
            pubdate=entry.release.publish_at,
            updateddate=entry.updated,
            categories=entry.categories,
            enclosures=[entry.picture] if entry.picture else [],
            language=entry.release.language,
            html=entry.html,
        )
    return str(writer.writeString("utf-8"))


def _json_item(entry: FeedEntry) -> dict[str, Any]:
    picture, published = entry.picture, entry.release.publish_at
    item: dict[str, Any] = {
        "id": f"urn:uuid:{entry.release.pk}",
        "url": entry.link,
        "title": entry.title,
        "summary": "\n".join(entry.summary),
        "image": picture.url if picture else None,
        "date_published": rfc3339_date(published) if published else None,
        "date_modified": rfc3339_date(entry.updated),
        "tags": entry.categories,
        "language": entry.release.language,
    }
    if picture:
        attached = {"url": picture.url, "mime_type": picture.mime_type}
        item["attachments"] = [attached | {"size_in_bytes": int(picture.length)}]
    # Each item must have content, even if it is empty.
    return filled(item) | {"content_html": entry.html}


def _enclosure(poster: MediaAsset | None, origin: str, now: datetime) -> Enclosure | None:
    """Return the poster as an enclosure, None if it may not be shown."""
    if poster is None or not poster.is_usable(now):
        return None
    length = str(poster.bytes_of("poster", "jpg"))
    return Enclosure(origin + poster.versioned_url("poster", "jpg"), length, "image/jpeg")


def _withdrawn_at(release: Release) -> str:
    return rfc3339_date(release.withdrawn_at or NEVER_CHANGED)


def _reason(release: Release) -> str:
    return clean_text(release.withdrawal_reason, multiline=True)

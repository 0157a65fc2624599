"""The releases for feed readers: Atom (RFC 4287), RSS 2.0 and JSON Feed 1.1, page by page.

All three hold the same releases in full, narrowed by the filters of the archive. A page holds what
the same page of the archive lists.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.feedgenerator import Atom1Feed, Enclosure, Rss201rev2Feed, rfc3339_date
from django.utils.html import escape
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from assets.models import MediaAsset
from newsroom.archive import Filters
from newsroom.exports import corrected
from newsroom.page import ReleasePage, read_together
from newsroom.structured import filled
from newsroom.views import page_of
from releases.addresses import site_url
from releases.models import Release
from storing.texts import clean_text

# Each page is found by counting from the newest release, so that this bounds what one costs.
MOST_IN_A_FEED = 10_000
MOST_NOTICES = 50
UNCHANGED = datetime(1970, 1, 1, tzinfo=UTC)  # a feed that says nothing yet
ATOM = "http://www.w3.org/2005/Atom"
TOMBSTONES = "http://purl.org/atompub/tombstones/1.0"  # RFC 6721
JSON_FEED = "https://jsonfeed.org/version/1.1"


@dataclass(frozen=True, slots=True)
class Entry:
    """A release as all feeds print it. Its `summary` is plain text, a paragraph each."""

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
    """One page of a feed: `identity` is the address of the first, `links` lead to others."""

    title: str
    home: str
    identity: str
    address: str
    links: dict[str, str]
    entries: list[Entry]
    notices: list[Release]

    def writer_arguments(self) -> dict[str, Any]:
        """Return what Django's writers of XML take."""
        return {
            "title": self.title,
            "link": self.home,
            "description": self.title,
            "language": "en",
            "feed_url": self.address,
            "feed_guid": self.identity,
            "author_name": self.title,
            "links": self.links,
            "notices": self.notices,
        }


class _Writer:
    """What both kinds of XML share, beside what Django's writers do."""

    items: list[dict[str, Any]]
    feed: dict[str, Any]

    def latest_post_date(self) -> datetime:
        """Return when an entry changed last; Django's present second would change an empty feed."""
        return max((item["updateddate"] for item in self.items), default=UNCHANGED)

    def add_links(self, handler: Any, tag: str) -> None:
        """Add the links to other pages (RFC 5005)."""
        for rel, address in self.feed["links"].items():
            handler.addQuickElement(tag, "", {"rel": rel, "href": address})


class AtomWriter(_Writer, Atom1Feed):
    """Atom with what Django's own leaves out: whole texts, languages, pages, withdrawals."""

    def root_attributes(self) -> dict[str, str]:
        return super().root_attributes() | {"xmlns:at": TOMBSTONES}

    def add_root_elements(self, handler: Any) -> None:
        super().add_root_elements(handler)
        self.add_links(handler, "link")
        for release in self.feed["notices"]:
            when = {"ref": f"urn:uuid:{release.pk}", "when": _since(release)}
            handler.startElement("at:deleted-entry", when)
            handler.addQuickElement("at:comment", _reason(release))
            handler.endElement("at:deleted-entry")

    def item_attributes(self, item: dict[str, Any]) -> dict[str, str]:
        return super().item_attributes(item) | {"xml:lang": item["language"]}

    def add_item_elements(self, handler: Any, item: dict[str, Any]) -> None:
        super().add_item_elements(handler, item)
        if item["html"]:
            handler.addQuickElement("content", item["html"], {"type": "html"})


class RssWriter(_Writer, Rss201rev2Feed):
    """RSS with the same. It knows no deletion, so a notice replaces the item by its guid."""

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
            handler.addQuickElement("atom:updated", _since(release))
            handler.endElement("item")


@require_safe
def atom(request: HttpRequest) -> HttpResponse:
    """The releases as Atom."""
    return _written(AtomWriter, _channel(request, "feed"))


@require_safe
def rss(request: HttpRequest) -> HttpResponse:
    """The releases as RSS 2.0."""
    return _written(RssWriter, _channel(request, "feed_rss"))


@require_safe
def json_feed(request: HttpRequest) -> HttpResponse:
    """The releases as JSON Feed 1.1. A notice of withdrawal replaces the item by its id."""
    channel = _channel(request, "feed_json")
    items = [_json_item(entry) for entry in channel.entries]
    items += [
        {
            "id": f"urn:uuid:{release.pk}",
            "title": _("This release was withdrawn."),
            "content_text": _reason(release),
            "date_modified": _since(release),
        }
        for release in channel.notices
    ]
    data = {
        "version": JSON_FEED,
        "title": channel.title,
        "home_page_url": channel.home,
        "feed_url": channel.address,
        "next_url": channel.links.get("next"),
        "language": "en",
        "authors": [{"name": channel.title}],
    }
    return JsonResponse(
        filled(data) | {"items": items},
        json_dumps_params={"ensure_ascii": False, "indent": 1},
        content_type="application/feed+json",
    )


def _channel(request: HttpRequest, name: str) -> Channel:
    """Return the page of a feed that an address asks for. Raises Http404 where there is none."""
    now, origin = timezone.now(), site_url(request)
    filters = Filters.from_query(request.GET)
    releases = filters.apply(Release.objects.public(now)).select_related("poster")
    rows = releases.prefetch_related("topics", "corrections")[:MOST_IN_A_FEED]
    page = page_of(request, rows)
    query = filters.query()

    def address(number: int) -> str:
        further = urlencode({"page": number}) if number > 1 else ""
        asked = "&".join(filter(None, [query, further]))
        return origin + reverse(name) + (f"?{asked}" if asked else "")

    links = {"first": address(1), "last": address(page.paginator.num_pages)}
    if page.has_previous():
        links["previous"] = address(page.previous_page_number())
    if page.has_next():
        links["next"] = address(page.next_page_number())
    withdrawn = filters.apply(Release.objects.tombstones(now)).order_by("-withdrawn_at", "pk")
    return Channel(
        title=settings.NEWSROOM_NAME,
        home=origin + reverse("archive") + (f"?{query}" if query else ""),
        identity=address(1),
        address=address(page.number),
        links=links,
        entries=[_entry(one, origin, now) for one in read_together(list(page), now)],
        notices=[] if page.has_previous() else list(withdrawn[:MOST_NOTICES]),
    )


def _entry(page: ReleasePage, origin: str, now: datetime) -> Entry:
    release = page.release
    topics = [clean_text(topic.name, multiline=True) for topic in release.topics.all()]
    changes = [clean_text(corrected(one), multiline=True) for one in page.corrections]
    dates = [release.publish_at, *(correction.at for correction in page.corrections)]
    return Entry(
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
    """Return the whole text with its corrections, in the direction of its language."""
    release = page.release
    parts = [page.release_html(origin), *(f"<p>{escape(words)}</p>" for words in changes)]
    if not (words := "\n".join(filter(None, parts))):
        return ""
    direction = f'lang="{escape(release.language)}" dir="{release.direction}"'
    return clean_text(f"<div {direction}>{words}</div>", multiline=True)


def _written(kind: type[AtomWriter] | type[RssWriter], channel: Channel) -> HttpResponse:
    writer = kind(**channel.writer_arguments())
    for entry in channel.entries:
        first, *further = entry.summary or [""]
        writer.add_item(
            title=entry.title,
            link=entry.link,
            description="".join([escape(first), *(f"<p>{escape(words)}</p>" for words in further)]),
            unique_id=f"urn:uuid:{entry.release.pk}",
            unique_id_is_permalink=False,
            pubdate=entry.release.publish_at,
            updateddate=entry.updated,
            categories=entry.categories,
            enclosures=[entry.picture] if entry.picture else [],
            language=entry.release.language,
            html=entry.html,
        )
    return HttpResponse(writer.writeString("utf-8"), content_type=writer.content_type)


def _json_item(entry: Entry) -> dict[str, Any]:
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
    # The content stays where it is empty: each item needs one.
    return filled(item) | {"content_html": entry.html}


def _enclosure(poster: MediaAsset | None, origin: str, now: datetime) -> Enclosure | None:
    """Return the poster, while it may be shown."""
    if poster is None or not poster.is_usable(now):
        return None
    weight = str(poster.bytes_of("poster", "jpg"))
    return Enclosure(origin + poster.versioned_url("poster", "jpg"), weight, "image/jpeg")


def _since(release: Release) -> str:
    return rfc3339_date(release.withdrawn_at or UNCHANGED)


def _reason(release: Release) -> str:
    return clean_text(release.withdrawal_reason, multiline=True)

"""The newest releases for feed readers (RFC 4287)."""

from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.feedgenerator import Atom1Feed, Enclosure, rfc3339_date
from django.utils.html import escape
from django.views.decorators.http import require_safe

from assets.models import MediaAsset
from releases.addresses import site_url
from releases.archive import Filters
from releases.exports import corrected
from releases.models import Correction, Release
from storing.texts import clean_text

IN_A_FEED = 50
UNCHANGED = datetime(1970, 1, 1, tzinfo=UTC)  # a feed that says nothing yet
TOMBSTONES = "http://purl.org/atompub/tombstones/1.0"  # RFC 6721


class ReleaseFeed(Atom1Feed):
    """Atom with what Django's own leaves out: languages of entries, notices of withdrawal."""

    content_type = "application/atom+xml; charset=utf-8"

    def root_attributes(self) -> dict[str, str]:
        return super().root_attributes() | {"xmlns:at": TOMBSTONES}

    def add_root_elements(self, handler: Any) -> None:
        super().add_root_elements(handler)
        for release in self.feed["withdrawn"]:
            when = {"ref": f"urn:uuid:{release.pk}", "when": rfc3339_date(release.withdrawn_at)}
            handler.startElement("at:deleted-entry", when)
            reason = clean_text(release.withdrawal_reason, multiline=True)
            handler.addQuickElement("at:comment", reason)
            handler.endElement("at:deleted-entry")

    def latest_post_date(self) -> datetime:
        """Return when an entry changed last; Django's present second would change an empty feed."""
        return super().latest_post_date() if self.items else UNCHANGED

    def item_attributes(self, item: dict[str, Any]) -> dict[str, str]:
        return super().item_attributes(item) | {"xml:lang": item["language"]}


@require_safe
def atom(request: HttpRequest) -> HttpResponse:
    """The feed, narrowed by the same filters as the archive."""
    now = timezone.now()
    origin = site_url(request)
    filters = Filters.from_query(request.GET)
    address = origin + reverse("feed") + (f"?{filters.query()}" if filters else "")
    feed = ReleaseFeed(
        title=settings.NEWSROOM_NAME,
        link=origin + reverse("archive"),
        description=None,
        language="en",
        feed_url=address,
        feed_guid=address,
        author_name=settings.NEWSROOM_NAME,
        withdrawn=filters.apply(Release.objects.tombstones(now)).order_by("-withdrawn_at", "pk")[
            :IN_A_FEED
        ],
    )
    releases = filters.apply(Release.objects.public(now)).select_related("poster")
    releases = releases.prefetch_related("topics", "corrections")
    for release in releases[:IN_A_FEED]:
        corrections = list(release.corrections.all())
        feed.add_item(
            title=clean_text(release.title, multiline=True),
            link=origin + release.get_absolute_url(),
            description=_summary(release, corrections),
            unique_id=f"urn:uuid:{release.pk}",
            pubdate=release.publish_at,
            updateddate=max(filter(None, [release.publish_at, *(c.at for c in corrections)])),
            categories=[
                release.get_kind_display(),
                *(clean_text(topic.name, multiline=True) for topic in release.topics.all()),
            ],
            language=release.language,
            enclosures=_enclosures(release.poster, origin, now),
        )
    return HttpResponse(feed.writeString("utf-8"), content_type=feed.content_type)


def _enclosures(poster: MediaAsset | None, origin: str, now: datetime) -> list[Enclosure]:
    """Return the poster, while it may be shown."""
    if poster is None or not poster.is_usable(now):
        return []
    weight = str(poster.bytes_of("poster", "jpg"))
    return [Enclosure(origin + poster.lasting_url("poster", "jpg"), weight, "image/jpeg")]


def _summary(release: Release, corrections: list[Correction]) -> str:
    """Return what stands below a title; a summary of the feed is marked as HTML."""
    corrected_since = [f"<p>{escape(corrected(one))}</p>" for one in corrections]
    return clean_text("".join([escape(release.summary), *corrected_since]), multiline=True)

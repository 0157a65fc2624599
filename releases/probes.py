"""Probes: requests for releases that are not public, counted for the newsroom.

The sender gets the same 404 as for a release that does not exist, and it takes the same time: each
404 only adds its address to a buffer in the memory of this process. About once a second, the
buffered addresses become a job. The job finds out which of them meant a hidden release, counts
these, and notifies the publisher.
"""

import logging
import re
from collections import Counter
from dataclasses import astuple, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Max, Min, QuerySet, Sum
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from accounts.desk_addresses import desk_address
from accounts.networks import address_of, network_of
from jobs import outbox
from jobs.buffer import Buffer
from jobs.models import Job
from jobs.queue import job
from people.slugs import slug_for
from releases.models import Event, FormerSlug, Probe, Release, ReleaseQuerySet
from releases.moments import local_time
from releases.rules.visibility import public_assets
from releases.workflow.emails import people_named_on

log = logging.getLogger(__name__)

MAX_BUFFERED = 50_000  # requests in the memory of a process; further ones are not counted
MAX_JOBS = 1_000  # waiting jobs; more wait only if no worker runs
JOB_SIZE = 1_000  # addresses that one job counts
MAX_SLUG_CHARACTERS = 200  # no release has a longer slug
MAX_COUNTED_NETWORKS = 500  # rows of one release; other senders share one more row
NOTIFY_AT = (1, 10, 100, 1_000, 10_000, 100_000)
# Words that differ between the addresses of recurring releases: dates, seasons, issue numbers.
DATES = {
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december", "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep",
    "sept", "oct", "nov", "dec", "spring", "summer", "autumn", "winter", "q", "v", "vol", "no",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class FailedRequest:
    """A request that got a 404: the slug and picture in its address, and its sender.

    `sender` is a keyed hash of the network address.
    """

    slug: str
    picture: str
    sender: str
    network: str


@dataclass(frozen=True, slots=True)
class ProbeCount:
    """How often a hidden release was requested, as editors see it."""

    times: int
    networks: int
    first_at: datetime
    last_at: datetime


def record_miss(request: HttpRequest) -> None:
    """Buffer a public request that got a 404. The cost is the same for every address."""
    match = request.resolver_match
    if match is None or not (match.url_name or "").startswith(("release", "rendition")):
        return
    slug, picture = match.kwargs.get("slug", ""), match.kwargs.get("uuid")
    address = address_of(request)
    sender = salted_hmac("releases.guesses", address).hexdigest()
    waiting.add(
        FailedRequest(slug[:MAX_SLUG_CHARACTERS], str(picture or ""), sender, network_of(address))
    )


def _enqueue_counts(requests: Counter[FailedRequest]) -> None:
    """Add jobs that count these requests to the queue."""
    if Job.objects.filter(name=count_probes.name).count() >= MAX_JOBS:
        log.error("Probes are not counted: %s jobs wait. Is a worker running?", MAX_JOBS)
        return
    rows = [[*astuple(request), times] for request, times in requests.items()]
    with transaction.atomic():
        for start in range(0, len(rows), JOB_SIZE):
            count_probes.add(rows[start : start + JOB_SIZE], timezone.now().isoformat())


waiting: Buffer[FailedRequest] = Buffer("Probes", _enqueue_counts, MAX_BUFFERED)


@job("releases.count_guesses", atomic=True)  # the name is stored in the queue
def count_probes(rows: list[list[Any]], at: str) -> None:
    """Count the requests that meant a hidden release. Notify at the first, tenth, … one.

    A row has the fields of a FailedRequest and the number of such requests. `at` is the time in
    ISO 8601.
    """
    moment = datetime.fromisoformat(at)
    counts: dict[UUID, Counter[tuple[str, str, str]]] = {}
    requests = {FailedRequest(*row[:-1]): row[-1] for row in rows}
    slugs = {request.slug for request in requests if request.slug}
    pictures = {UUID(request.picture) for request in requests if request.picture}
    pictures -= set(public_assets(moment).filter(pk__in=pictures).values_list("pk", flat=True))
    by_slug, by_pattern, by_picture = _probed_releases(_never_public(moment), slugs, pictures)
    for request, times in requests.items():
        meant = [(pk, Probe.What.ADDRESS) for pk in by_slug.get(request.slug, ())]
        if not meant:
            similar = by_pattern.get(address_pattern(request.slug), ())
            meant = [(pk, Probe.What.SIMILAR) for pk in similar]
        if request.picture:
            meant += [(pk, Probe.What.FILE) for pk in by_picture.get(UUID(request.picture), ())]
        for pk, what in meant:
            counts.setdefault(pk, Counter())[what, request.sender, request.network] += times
    for pk in sorted(counts):
        _count(pk, counts[pk], moment)


def probes_of(release: Release) -> ProbeCount | None:
    """Return how often a release was requested while it was hidden, or None if never."""
    total = release.probes.aggregate(times=Sum("times"), first=Min("first_at"), last=Max("last_at"))
    if not total["times"]:
        return None
    networks = release.probes.values("sender_hash").distinct().count()
    return ProbeCount(total["times"], networks, total["first"], total["last"])


def expired(before: datetime) -> QuerySet[Probe]:
    """Return the probes whose last request was before a time."""
    return Probe.objects.filter(last_at__lt=before)


def address_pattern(slug: str) -> str:
    """Return a slug without words for dates and numbers, or "" if the rest is too short."""
    words = [word for word in re.split(r"[-_\d]+", slug.casefold()) if word]
    kept = [word for word in words if word not in DATES]
    return "-".join(kept) if len(kept) > 1 and len("".join(kept)) >= 10 else ""


# --- Counting ----------------------------------------------------------------------------------


def _probed_releases(
    hidden: ReleaseQuerySet, slugs: set[str], pictures: set[UUID]
) -> tuple[Any, Any, Any]:
    """Return the hidden releases by slug, by the pattern of a slug, and by picture."""
    by_slug: dict[str, set[UUID]] = {}
    by_pattern: dict[str, set[UUID]] = {}
    by_picture: dict[UUID, set[UUID]] = {}
    if slugs:
        former = FormerSlug.objects.filter(release__in=hidden).values_list("release", "slug")
        rows = hidden.values_list("pk", "slug", "title")
        present = [(pk, slug) for pk, *texts in rows for slug in _addresses(pk, *texts)]
        for pk, slug in [*present, *former]:
            by_slug.setdefault(slug, set()).add(pk)
            if pattern := address_pattern(slug):
                by_pattern.setdefault(pattern, set()).add(pk)
    if pictures:
        posters = hidden.filter(poster__in=pictures).values_list("poster", "pk")
        inside = hidden.filter(illustrations__asset__in=pictures)
        for asset, pk in [*posters, *inside.values_list("illustrations__asset", "pk")]:
            by_picture.setdefault(asset, set()).add(pk)
    return by_slug, by_pattern, by_picture


def _never_public(at: datetime) -> ReleaseQuerySet:
    """Return the hidden releases that were never public. Readers already know the others."""
    hidden = Release.objects.hidden(at)
    seen = [
        release.pk
        for release in hidden.exclude(held_at=None).only(
            "status", "publish_at", "held_at", "withdrawn_at"
        )
        if release.has_been_public(at)
    ]
    return hidden.exclude(pk__in=seen)


def _addresses(pk: UUID, slug: str, title: str) -> set[str]:
    return {slug, slug_for(title, fallback=""), str(pk), pk.hex} - {""}


def _count(pk: UUID, counts: Counter[tuple[str, str, str]], at: datetime) -> None:
    with transaction.atomic():
        release = Release.objects.select_for_update(of=("self",)).filter(pk=pk).first()
        if release is None:
            return
        before = probes_of(release)
        for (what, sender, network), times in counts.items():
            full = release.probes.count() >= MAX_COUNTED_NETWORKS
            if full and not release.probes.filter(what=what, sender_hash=sender).exists():
                sender, network = "", network_of("")
            row, _created = Probe.objects.get_or_create(
                release=release,
                what=what,
                sender_hash=sender,
                defaults={"network": network, "first_at": at, "last_at": at},
            )
            row.times += times
            row.last_at = at
            row.save(update_fields=["times", "last_at"])
        now = probes_of(release)
        if now and any((before.times if before else 0) < step <= now.times for step in NOTIFY_AT):
            _notify(release, now, at)


def _notify(release: Release, count: ProbeCount, at: datetime) -> None:
    """Record the probes in the history of the release, and e-mail its approver or author.

    If the release is restricted, the people named on it get the e-mail.
    """
    approval = (
        release.events.filter(verb=Event.Verb.APPROVED).exclude(actor=None).order_by("-at").first()
    )
    publisher = (approval and approval.actor) or release.created_by
    people = people_named_on(release) or ({publisher} if publisher else set())
    if not people:
        return
    Event.objects.create(
        release=release,
        release_uuid=release.pk,
        verb=Event.Verb.PROBED,
        at=at,
        version=release.version,
        detail={"times": count.times, "networks": count.networks},
    )
    address = settings.SITE_URL + desk_address(release, "seen")
    text = "\n\n".join(
        [
            _("Someone is requesting the address of an unpublished release.")
            + "\n"
            + _("Requests since %(time)s: %(times)s")
            % {"time": local_time(count.first_at), "times": f"{count.times:,}"}
            + "\n"
            + _("Network addresses: %(networks)s") % {"networks": f"{count.networks:,}"},
            _(
                "The visitor saw “Page not found”. If it was not your team, someone may know about "
                "the release or be trying addresses like earlier ones."
            ),
            _("See which release it is and what you can do:") + f"\n{address}",
        ]
    )
    subject = _("Someone is trying to find an unpublished release")
    for to in sorted({person.email for person in people if person.email}):
        outbox.add_email(to, subject, f"{text}\n", about=f"release:{release.pk}")

"""Who tries the addresses of what is hidden, before it may be seen.

A guesser gets the answer for what does not exist, and gets it at the same cost: a public answer
that is a 404 only leaves its address in the memory of this process. About once a second what is
there becomes a job, which finds out whether anything hidden was meant, counts, and notifies the
publisher.
"""

import ipaddress
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
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.formats import date_format

from jobs import outbox
from jobs.buffer import Buffer
from jobs.models import Job
from jobs.queue import job
from people.slugs import slug_for
from releases.models import Event, FormerSlug, Guess, Release, ReleaseQuerySet
from releases.rules.visibility import public_assets

log = logging.getLogger(__name__)

AT_MOST = 50_000  # waiting in one process, for a second; what a flood brings beyond is not counted
MOST_JOBS = 1_000  # that wait to be counted; there are more only where no worker runs
A_JOB = 1_000  # addresses that one job counts
SLUG = 200  # characters of an address that are kept; no release has a longer one
NETWORKS = 500  # rows for one release; what comes from further addresses is one more
TELL_AT = (1, 10, 100, 1_000, 10_000, 100_000)
# What changes in an address from one time to the next.
DATES = {
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december", "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep",
    "sept", "oct", "nov", "dec", "spring", "summer", "autumn", "winter", "q", "v", "vol", "no",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tried:
    """An address that led nowhere: the parts of it that could name something, and who asked.

    `who` is a keyed hash of the network address: it tells senders apart, and names none.
    """

    slug: str
    picture: str
    who: str
    network: str


@dataclass(frozen=True, slots=True)
class Tries:
    """How often a hidden release was tried: what an editor is told."""

    times: int
    networks: int
    first_at: datetime
    last_at: datetime


def note(request: HttpRequest) -> None:
    """Remember that a public address led nowhere. Costs the same whatever was asked for."""
    match = request.resolver_match
    if match is None or not (match.url_name or "").startswith(("release", "rendition")):
        return
    slug, picture = match.kwargs.get("slug", ""), match.kwargs.get("uuid")
    address = address_of(request)
    who = salted_hmac("releases.guesses", address).hexdigest()
    waiting.add(Tried(slug[:SLUG], str(picture or ""), who, network_of(address)))


def address_of(request: HttpRequest) -> str:
    """Return the network address that a request came from.

    Behind a proxy of ours it is the last that X-Forwarded-For names: what stands before it came
    from the client, and may say anything.
    """
    told = request.META.get("REMOTE_ADDR", "")
    if settings.TRUST_PROXY:
        told = request.META.get("HTTP_X_FORWARDED_FOR", "").rpartition(",")[2].strip() or told
    try:
        address = ipaddress.ip_address(told)
    except ValueError:
        return ""
    # A server that listens on IPv6 names IPv4 addresses like this: ::ffff:203.0.113.7
    return str(getattr(address, "ipv4_mapped", None) or address)


def network_of(address: str) -> str:
    """Return an address without its last part: enough to see a pattern, not a person."""
    if not address:
        return "unknown"
    bits = 24 if ipaddress.ip_address(address).version == 4 else 48
    return str(ipaddress.ip_network(f"{address}/{bits}", strict=False))


def _enqueue(tried: Counter[Tried]) -> None:
    """Put what was tried into the queue."""
    if Job.objects.filter(name=count_guesses.name).count() >= MOST_JOBS:
        log.error("Guesses are not counted: %s jobs wait. Is a worker running?", MOST_JOBS)
        return
    rows = [[*astuple(attempt), times] for attempt, times in tried.items()]
    with transaction.atomic():
        for start in range(0, len(rows), A_JOB):
            count_guesses.add(rows[start : start + A_JOB], timezone.now().isoformat())


waiting: Buffer[Tried] = Buffer("Guesses", _enqueue, AT_MOST)


@job("releases.count_guesses", atomic=True)
def count_guesses(rows: list[list[Any]], at: str) -> None:
    """Count what was meant for something hidden; notify at the first, tenth, … try.

    A row is a Tried and how often it was tried; `at` is when, in ISO 8601.
    """
    moment = datetime.fromisoformat(at)
    found: dict[UUID, Counter[tuple[str, str, str]]] = {}
    tried = {Tried(*row[:-1]): row[-1] for row in rows}
    slugs = {attempt.slug for attempt in tried if attempt.slug}
    pictures = {UUID(attempt.picture) for attempt in tried if attempt.picture}
    pictures -= set(public_assets(moment).filter(pk__in=pictures).values_list("pk", flat=True))
    by_slug, by_shape, by_picture = _targets(_never_seen(moment), slugs, pictures)
    for attempt, times in tried.items():
        meant = [(pk, Guess.What.ADDRESS) for pk in by_slug.get(attempt.slug, ())]
        meant = meant or [(pk, Guess.What.NEAR) for pk in by_shape.get(shape(attempt.slug), ())]
        if attempt.picture:
            meant += [(pk, Guess.What.FILE) for pk in by_picture.get(UUID(attempt.picture), ())]
        for pk, what in meant:
            found.setdefault(pk, Counter())[what, attempt.who, attempt.network] += times
    for pk in sorted(found):
        _count(pk, found[pk], moment)


def probes_of(release: Release) -> Tries | None:
    """Return how often a release was tried while it was hidden."""
    told = release.guesses.aggregate(times=Sum("times"), first=Min("first_at"), last=Max("last_at"))
    if not told["times"]:
        return None
    networks = release.guesses.values("who").distinct().count()
    return Tries(told["times"], networks, told["first"], told["last"])


def expired(before: datetime) -> QuerySet[Guess]:
    """Return the attempts of which the last was before a time."""
    return Guess.objects.filter(last_at__lt=before)


def shape(slug: str) -> str:
    """Return what stays of an address when its date and its numbers change; "" for too little."""
    words = [word for word in re.split(r"[-_\d]+", slug.casefold()) if word]
    kept = [word for word in words if word not in DATES]
    return "-".join(kept) if len(kept) > 1 and len("".join(kept)) >= 10 else ""


# --- Counting ----------------------------------------------------------------------------------


def _targets(hidden: ReleaseQuerySet, slugs: set[str], pictures: set[UUID]) -> tuple[Any, Any, Any]:
    """Return which hidden releases an address, its pattern or a picture would have led to."""
    by_slug: dict[str, set[UUID]] = {}
    by_shape: dict[str, set[UUID]] = {}
    by_picture: dict[UUID, set[UUID]] = {}
    if slugs:
        former = FormerSlug.objects.filter(release__in=hidden).values_list("release", "slug")
        rows = hidden.values_list("pk", "slug", "title")
        names = [(pk, slug) for pk, *words in rows for slug in _addresses(pk, *words)]
        for pk, slug in [*names, *former]:
            by_slug.setdefault(slug, set()).add(pk)
            if likeness := shape(slug):
                by_shape.setdefault(likeness, set()).add(pk)
    if pictures:
        posters = hidden.filter(poster__in=pictures).values_list("poster", "pk")
        inside = hidden.filter(illustrations__asset__in=pictures)
        for asset, pk in [*posters, *inside.values_list("illustrations__asset", "pk")]:
            by_picture.setdefault(asset, set()).add(pk)
    return by_slug, by_shape, by_picture


def _never_seen(at: datetime) -> ReleaseQuerySet:
    """Return what is hidden and was never public: the links to the rest are known to readers."""
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


def _count(pk: UUID, mine: Counter[tuple[str, str, str]], at: datetime) -> None:
    with transaction.atomic():
        release = Release.objects.select_for_update(of=("self",)).filter(pk=pk).first()
        if release is None:
            return
        before = probes_of(release)
        for (what, who, network), times in mine.items():
            full = release.guesses.count() >= NETWORKS
            if full and not release.guesses.filter(what=what, who=who).exists():
                who, network = "", network_of("")
            row, _ = Guess.objects.get_or_create(
                release=release,
                what=what,
                who=who,
                defaults={"network": network, "first_at": at, "last_at": at},
            )
            row.times += times
            row.last_at = at
            row.save(update_fields=["times", "last_at"])
        now = probes_of(release)
        if now and any((before.times if before else 0) < step <= now.times for step in TELL_AT):
            _notify(release, now, at)


def _notify(release: Release, tries: Tries, at: datetime) -> None:
    """Record the guessing with the release, and write to the publisher who approved it."""
    approval = (
        release.events.filter(verb=Event.Verb.APPROVED).exclude(actor=None).order_by("-at").first()
    )
    publisher = (approval and approval.actor) or release.created_by
    if publisher is None:
        return
    Event.objects.create(
        release=release,
        release_uuid=release.pk,
        verb=Event.Verb.PROBED,
        at=at,
        version=release.version,
        detail={"times": tries.times, "networks": tries.networks},
    )
    if not publisher.email:
        return
    since = timezone.localtime(tries.first_at)
    words = (
        f"An address of a release that is not public yet was tried {_times(tries.times)} since "
        f"{date_format(since, 'j F, H:i')} ({since.tzname()}), from {tries.networks} network "
        f"{'address' if tries.networks == 1 else 'addresses'}.\n\n"
        "The answer was the one for a page that does not exist. If it was none of you, someone "
        "may know of the release, or is guessing from the address of an earlier one.\n\n"
        "Which release, and what can be done:\n"
        f"{settings.SITE_URL}{reverse('admin:releases_release_seen', args=[release.pk])}\n"
    )
    subject = "Someone is trying to find a release that is not public yet"
    outbox.put(publisher.email, subject, words, about=f"release:{release.pk}")


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number:,} times"

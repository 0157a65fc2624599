"""Counts of what was opened through a link, by network and browser.

They show the newsroom if a link may have been shared. If counting fails, the error is logged and
the reader still gets the page.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import Error, transaction
from django.db.models import F, Max, Min, Sum
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts import browser_families as browsers
from accounts.networks import address_of, network_of
from previews.brief_waits import brief_wait
from previews.models import Opening, OpeningQuerySet, PreviewLink, Visit, VisitQuerySet

log = logging.getLogger(__name__)

WINDOW = timedelta(hours=1)  # within it, one kind, network and browser have one row
MAX_ROWS = 500  # per link; openings from more networks or browsers are counted together
OTHER = "further"


@dataclass(frozen=True, slots=True)
class Origin:
    """The network and the browser family of a request. Nothing else about it is stored."""

    network: str
    browser: str

    @classmethod
    def of(cls, request: HttpRequest) -> "Origin":
        agent = request.headers.get("User-Agent", "")
        return cls(network_of(address_of(request)), browsers.family_of(agent))


@dataclass(frozen=True, slots=True)
class Opened:
    """The openings of a link with one kind, network and browser, summed for the desk."""

    what: str
    network: str
    browser: str
    times: int
    first_at: datetime
    last_at: datetime


def count(
    link: PreviewLink, what: Opening.What, origin: Origin, at: datetime, visit: Visit | None = None
) -> None:
    """Count an opening, and save the fields that `visit.show()` has set.

    Database errors are logged and not raised.
    """
    try:
        with brief_wait(), transaction.atomic():
            if visit is not None:
                visit.save(update_fields=["before", "version", "seen_at"])
            _count(link, what, origin, at)
    except Error as problem:
        log.error("An opening of a preview could not be recorded: %s", problem)


def is_recorded(link: PreviewLink, origin: Origin, at: datetime) -> bool:
    """Return whether an opening from the same network and browser is recorded in this window.

    A page loads all its pictures, so a picture needs a row only if its page was not opened. If the
    database fails, the error is logged and the result is True.
    """
    try:
        return link.openings.filter(
            network=origin.network, browser=origin.browser, hour=_hour(at)
        ).exists()
    except Error as problem:
        log.error("The openings of a preview could not be read: %s", problem)
        return True


def of_links(links: Iterable[PreviewLink]) -> dict[UUID, list[Opened]]:
    """Return the openings of each link, newest first."""
    rows = Opening.objects.filter(link__in=list(links)).order_by()
    summed = rows.values("link", "what", "network", "browser").annotate(
        times=Sum("times"), first_at=Min("first_at"), last_at=Max("last_at")
    )
    found: dict[UUID, list[Opened]] = {}
    for row in summed.order_by("-last_at", "what"):
        what = str(Opening.What(row["what"]).label)
        network = _("other networks") if row["network"] == OTHER else row["network"]
        browser = browsers.label_of(row["browser"])
        opened = Opened(what, network, browser, row["times"], row["first_at"], row["last_at"])
        found.setdefault(row["link"], []).append(opened)
    return found


def passed_on_hint(openings: list[Opened]) -> str:
    """Return a hint that a link may have been shared, or ""."""
    networks = len({opened.network for opened in openings})
    families = len({opened.browser for opened in openings})
    if networks < 2 and families < 2:
        return ""
    return _(
        "Opened from several networks or browsers (networks: %(networks)s, browsers: "
        "%(browsers)s). This can be one reader at work, at home and on a phone, or a link that "
        "was shared. If you are not sure, ask the reader."
    ) % {"networks": networks, "browsers": families}


def expired(before: datetime) -> OpeningQuerySet:
    """Return the openings whose last request was before a time."""
    return Opening.objects.filter(last_at__lt=before)


def expired_origins(before: datetime) -> VisitQuerySet:
    """Return the visits of closed links that were last seen before a time and have an origin.

    Network and browser must be removed from these visits. The accepted terms stay on record.
    """
    return (
        Visit.objects.filter(seen_at__lt=before)
        .exclude(network="", agent="")
        .exclude(link__in=PreviewLink.objects.live())
    )


def forget_origins(visits: VisitQuerySet) -> int:
    """Remove network and browser from visits, and return the number of visits."""
    return visits.update(network="", agent="")


def _count(link: PreviewLink, what: Opening.What, origin: Origin, at: datetime) -> None:
    key = {"what": what, "network": origin.network, "browser": origin.browser, "hour": _hour(at)}
    if _add(link, key, at):
        return
    if link.openings.count() >= MAX_ROWS:
        same = link.openings.filter(what=what, network=origin.network, browser=origin.browser)
        if known := same.first():
            same.filter(pk=known.pk).update(times=F("times") + 1, last_at=at)
            return
        key |= {"network": OTHER, "browser": browsers.OTHER, "hour": _hour(link.issued_at)}
        if _add(link, key, at):
            return
    # Parallel processes may get here: only one creates the row, and each adds to it.
    row = Opening(link=link, **key, times=0, first_at=at, last_at=at)
    Opening.objects.bulk_create([row], ignore_conflicts=True)
    _add(link, key, at)


def _add(link: PreviewLink, key: dict[str, object], at: datetime) -> int:
    return link.openings.filter(**key).update(times=F("times") + 1, last_at=at)


def _hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)

"""What was opened of a link, from which networks and with which browsers.

It shows the newsroom that a link was passed on. A count must never cost a reader the page: what
cannot be counted is in the log.
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

from previews import browsers
from previews.brief_waits import brief_wait
from previews.models import Opening, OpeningQuerySet, PreviewLink, Visit, VisitQuerySet
from releases.probes import address_of, network_of

log = logging.getLogger(__name__)

WINDOW = timedelta(hours=1)  # openings of one kind, network and browser within it are one row
MOST = 500  # rows of one link; what comes from further networks or browsers is counted together
FURTHER = "further"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request came from, as far as that is stored."""

    network: str
    browser: str

    @classmethod
    def of(cls, request: HttpRequest) -> "Origin":
        agent = request.headers.get("User-Agent", "")
        return cls(network_of(address_of(request)), browsers.family_of(agent))


@dataclass(frozen=True, slots=True)
class Opened:
    """What the desk shows: openings of one kind, network and browser of a link, added up."""

    what: str
    network: str
    browser: str
    times: int
    first_at: datetime
    last_at: datetime


def count(
    link: PreviewLink, what: Opening.What, origin: Origin, at: datetime, visit: Visit | None = None
) -> None:
    """Count an opening, and store what `visit.show` noted. A failure is logged, never raised."""
    try:
        with brief_wait(), transaction.atomic():
            if visit is not None:
                visit.save(update_fields=["before", "version", "seen_at"])
            _count(link, what, origin, at)
    except Error as problem:
        log.error("An opening of a preview could not be recorded: %s", problem)


def is_known(link: PreviewLink, origin: Origin, at: datetime) -> bool:
    """Return whether something was opened from there within this window.

    A page asks for all its pictures: only what comes without its page needs a row of its own.
    """
    try:
        return link.openings.filter(
            network=origin.network, browser=origin.browser, hour=_hour(at)
        ).exists()
    except Error as problem:
        log.error("The openings of a preview could not be read: %s", problem)
        return True


def of_links(links: Iterable[PreviewLink]) -> dict[UUID, list[Opened]]:
    """Return what was opened of links, the newest first."""
    rows = Opening.objects.filter(link__in=list(links)).order_by()
    summed = rows.values("link", "what", "network", "browser").annotate(
        times=Sum("times"), first_at=Min("first_at"), last_at=Max("last_at")
    )
    found: dict[UUID, list[Opened]] = {}
    for row in summed.order_by("-last_at", "what"):
        what = str(Opening.What(row["what"]).label)
        network = _("further networks") if row["network"] == FURTHER else row["network"]
        browser = browsers.words_for(row["browser"])
        opened = Opened(what, network, browser, row["times"], row["first_at"], row["last_at"])
        found.setdefault(row["link"], []).append(opened)
    return found


def hint(openings: list[Opened]) -> str:
    """Return what should make an editor look twice, "" where nothing does."""
    networks = len({opened.network for opened in openings})
    families = len({opened.browser for opened in openings})
    if networks < 2 and families < 2:
        return ""
    return _(
        "Opened from %(networks)s networks and with %(browsers)s browsers. One reader at work, at "
        "home and on a phone does that. So does a link that was passed on: if you are not sure, "
        "ask the reader."
    ) % {"networks": networks, "browsers": families}


def expired(before: datetime) -> OpeningQuerySet:
    """Return the openings that ended before a time."""
    return Opening.objects.filter(last_at__lt=before)


def expired_origins(before: datetime) -> VisitQuerySet:
    """Return the visits of closed links that still say where a reader was before a time.

    What was accepted stays with the record of the release; from where and with what goes. It
    stays while the link can be opened.
    """
    return (
        Visit.objects.filter(seen_at__lt=before)
        .exclude(network="", agent="")
        .exclude(link__in=PreviewLink.objects.live())
    )


def forget_origins(visits: VisitQuerySet) -> int:
    """Take network and browser from visits; return how many there were."""
    return visits.update(network="", agent="")


def _count(link: PreviewLink, what: Opening.What, origin: Origin, at: datetime) -> None:
    key = {"what": what, "network": origin.network, "browser": origin.browser, "hour": _hour(at)}
    if _add(link, key, at):
        return
    if link.openings.count() >= MOST:
        same = link.openings.filter(what=what, network=origin.network, browser=origin.browser)
        if known := same.first():
            same.filter(pk=known.pk).update(times=F("times") + 1, last_at=at)
            return
        key |= {"network": FURTHER, "browser": browsers.FURTHER, "hour": _hour(link.issued_at)}
        if _add(link, key, at):
            return
    # Two processes may come here at once: the row is made once, and each adds to it.
    row = Opening(link=link, **key, times=0, first_at=at, last_at=at)
    Opening.objects.bulk_create([row], ignore_conflicts=True)
    _add(link, key, at)


def _add(link: PreviewLink, key: dict[str, object], at: datetime) -> int:
    return link.openings.filter(**key).update(times=F("times") + 1, last_at=at)


def _hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)

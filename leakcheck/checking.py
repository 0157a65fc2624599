"""Ask the running site, as a stranger, for a release that is not public yet.

A canary is planted in the deployment's own database and storage; then every address that a
stranger could know or guess is asked for, in every way that we know, and every answer is searched
for the canary. See docs/decisions/0013.
"""

import time
from collections.abc import Iterable

from django.db import Error as DatabaseError

from leakcheck import canary as canaries
from leakcheck.identity import alive, control
from leakcheck.report import KINDS, Progress, Report, Sighting
from leakcheck.search import Search
from leakcheck.site import CannotCheck, Site, origin_of

__all__ = [
    "KINDS",
    "MINUTES",
    "CannotCheck",
    "Progress",
    "Report",
    "Sighting",
    "check",
    "origin_of",
]

MINUTES = 10.0
MOST_MINUTES = 40.0  # the canary's guardian takes it away after 50
AT_THE_END = 0.07  # of the time: to remove the canary and to ask once more for what changed


def check(
    url: str, progress: Progress, minutes: float = MINUTES, only: Iterable[str] = ()
) -> Report:
    """Plant a canary, look for it at a site, remove it, and return what was seen and what not.

    `only` names some of KINDS; without it, all share the `minutes`. `progress` is called after
    each answer, with words for what is being done. Raises CannotCheck, and canary.NotRemoved where
    the canary is left behind.
    """
    started = time.monotonic()
    if not 0 < minutes <= MOST_MINUTES:
        raise CannotCheck(f"--minutes must be above 0 and at most {MOST_MINUTES:.0f}.")
    site = Site(origin_of(url))
    report = Report(kinds=[kind for kind in KINDS if not only or kind in only])
    ends = started + 60 * minutes
    until = ends - 60 * minutes * AT_THE_END
    try:
        alive(site)
        canaries.sweep()
        search = Search(site, canaries.choose(), report, until, ends, progress)
        with canaries.removed_at_the_end(search.canary.names) as guarded:
            report.control = control(site, search.canary.names)
            search.ask_before()
            guarded()
            search.canary = canaries.plant(search.canary)
            search.search()
        search.compare_changes()
        alive(site)
    except canaries.NoGuardian as problem:
        raise CannotCheck(str(problem)) from problem
    except canaries.Interrupted as signal:
        raise CannotCheck(f"Interrupted by {signal}. The canary is removed.") from None
    except DatabaseError as problem:
        raise CannotCheck(f"The database cannot be asked: {problem}") from problem
    finally:
        site.close()
    report.seconds = time.monotonic() - started
    return report

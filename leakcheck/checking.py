"""Checks, as a stranger would, whether the running site shows a release that is not public yet.

A canary is planted in the site's own database and storage. Then every address that a stranger could
know or guess is requested in every way that we know, and every answer is searched for the canary.
See docs/decisions/0013.
"""

import time
from collections.abc import Iterable

from django.db import Error as DatabaseError
from django.utils.translation import gettext as _

from leakcheck import canary as canaries
from leakcheck.identity import alive, control
from leakcheck.report import KINDS, Progress, Report, Sighting
from leakcheck.search import Search
from leakcheck.site import CheckError, Site, origin_of

__all__ = [
    "KINDS",
    "MINUTES",
    "CheckError",
    "Progress",
    "Report",
    "Sighting",
    "check",
    "origin_of",
]

MINUTES = 10.0
MAX_MINUTES = 40.0  # the watchdog removes the canary after 50
CLEANUP_SHARE = 0.07  # of the time, to remove the canary and to repeat requests that differed


def check(
    url: str, progress: Progress, minutes: float = MINUTES, only: Iterable[str] = ()
) -> Report:
    """Plant a canary, look for it at a site, remove it, and return a report.

    `only` limits the check to some of KINDS, which share the `minutes`. `progress` is called after
    each answer, with a text about the current work. Raises CheckError, and CanaryNotRemovedError
    if the canary could not be removed.
    """
    started = time.monotonic()
    if not 0 < minutes <= MAX_MINUTES:
        message = _("--minutes must be above 0 and at most %(limit)d.")
        raise CheckError(message % {"limit": MAX_MINUTES})
    site = Site(origin_of(url))
    report = Report(kinds=[kind for kind in KINDS if not only or kind in only])
    ends = started + 60 * minutes
    until = ends - 60 * minutes * CLEANUP_SHARE
    try:
        alive(site)
        canaries.sweep()
        search = Search(site, canaries.choose(), report, until, ends, progress)
        with canaries.removed_at_the_end(search.canary.names) as wait_for_watchdog:
            report.control = control(site, search.canary.names)
            search.request_lists_before()
            wait_for_watchdog()
            search.canary = canaries.plant(search.canary)
            search.search()
        search.compare_changes()
        alive(site)
    except canaries.WatchdogError as problem:
        raise CheckError(str(problem)) from problem
    except canaries.RunInterrupted as signal:
        message = _("Interrupted by %(signal)s. The canary was removed.") % {"signal": signal}
        raise CheckError(message) from None
    except DatabaseError as problem:
        message = _("The database does not answer: %(reason)s") % {"reason": problem}
        raise CheckError(message) from problem
    finally:
        site.close()
    report.seconds = time.monotonic() - started
    return report

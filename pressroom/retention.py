"""What is forgotten after a time: one table, which `manage.py forget` works through.

Each room says which of its rows are too old; here they are counted and removed, in batches. What
proves an action (events, versions, what a reader accepted) is not in the table, and stays. See
docs/decisions/0036.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from jobs.models import Email, Job
from pressroom.outages import is_of_database
from previews import openings, throttle
from releases import probes

log = logging.getLogger(__name__)

BATCH = 1_000  # rows of one transaction: nobody waits long for a lock


def _delete(rows: QuerySet[Any]) -> int:
    deleted, _per_model = rows.delete()
    return deleted


@dataclass(frozen=True, slots=True)
class Retained:
    """Rows that are kept for some days: which ones are too old, and what is done with them.

    `expired` gets the time before which rows are too old. `setting` has the days; without one,
    rows say themselves when they end. `forget` takes a batch and returns how many rows it changed.
    """

    label: str | Promise
    expired: Callable[[datetime], QuerySet[Any]]
    setting: str = ""
    forget: Callable[[Any], int] = _delete

    def before(self, at: datetime) -> datetime:
        """Return the time before which rows are too old at a moment."""
        return at - timedelta(days=getattr(settings, self.setting)) if self.setting else at


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was done about one line of the table; `rows` is None where it failed."""

    what: Retained
    before: datetime
    rows: int | None


def _ended_emails(before: datetime) -> QuerySet[Email]:
    return Email.objects.filter(ended_at__lt=before)


def _failed_jobs(before: datetime) -> QuerySet[Job]:
    return Job.objects.failed().filter(due_at__lt=before)


def _desk_log(before: datetime) -> QuerySet[LogEntry]:
    return LogEntry.objects.filter(action_time__lt=before)


RETAINED = [
    Retained(_("attempts at unpublished addresses"), probes.expired, "KEEP_PROBES_DAYS"),
    Retained(_("openings of preview links"), openings.expired, "KEEP_VISITS_DAYS"),
    Retained(
        _("networks and browsers of readers who accepted an embargo"),
        openings.expired_origins,
        "KEEP_VISITS_DAYS",
        openings.forget_origins,
    ),
    Retained(_("counts of wrong preview addresses"), throttle.expired),
    Retained(_("e-mails that were sent or given up"), _ended_emails, "KEEP_EMAILS_DAYS"),
    # Those that counted attempts at unpublished addresses carry what they could not count.
    Retained(_("background jobs that were given up"), _failed_jobs, "KEEP_PROBES_DAYS"),
    Retained(_("lines of the desk's log"), _desk_log, "KEEP_LOGS_DAYS"),
]


def forget(
    at: datetime | None = None,
    *,
    dry_run: bool = False,
    progress: Callable[[Retained, int], None] = lambda what, rows: None,
) -> Iterator[Forgotten]:
    """Work through the table; yield what was done, line by line.

    A failure is logged and does not keep the other lines from being done; an outage of the
    database is raised.
    """
    at = at or timezone.now()
    for what in RETAINED:
        before = what.before(at)
        try:
            rows = what.expired(before).count() if dry_run else _forget(what, before, progress)
        except Exception as problem:
            if is_of_database(problem):  # and so of every line
                raise
            log.error("Forgetting failed (%s): %s", what.label, " ".join(str(problem).split()))
            yield Forgotten(what, before, None)
        else:
            yield Forgotten(what, before, rows)


def _forget(what: Retained, before: datetime, progress: Callable[[Retained, int], None]) -> int:
    done, last = 0, None
    while True:
        rows = what.expired(before).order_by("pk")
        page = rows if last is None else rows.filter(pk__gt=last)
        keys = list(page.values_list("pk", flat=True)[:BATCH])
        if not keys:
            return done
        last = keys[-1]
        with transaction.atomic():
            # Asked again: a row that was used a moment ago is not too old any more.
            done += what.forget(what.expired(before).order_by().filter(pk__in=keys))
        progress(what, done)

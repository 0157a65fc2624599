"""The rules for what is deleted after some days. `manage.py forget` applies them.

Each app selects its own rows that are too old. This module counts and removes them in batches. Rows
that prove an action (events, versions, accepted terms) have no rule and are kept: `KEPT` lists
them. The desk shows both tables. See docs/decisions/0036.
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
from django.utils.translation import ngettext, pgettext

from accounts import expiry
from accounts import throttle as guesses
from jobs.models import Email, Job
from pressroom.housekeeping import in_english
from pressroom.outages import is_of_database
from previews import openings, throttle
from releases import probes

log = logging.getLogger(__name__)

BATCH = 1_000  # rows per transaction, so that nobody waits long for a lock


def _delete(rows: QuerySet[Any]) -> int:
    deleted, _per_model = rows.delete()
    return deleted


@dataclass(frozen=True, slots=True)
class RetentionRule:
    """Which rows are too old, and how they are removed.

    `expired` gets the time before which rows are too old, and returns these rows. `setting` names
    the setting with the number of days; `days` is a fixed number. Without both, each row has its
    own time of expiry. `remove` gets a batch of rows and returns how many rows it deleted or
    changed.
    """

    label: str | Promise
    expired: Callable[[datetime], QuerySet[Any]]
    setting: str = ""
    remove: Callable[[Any], int] = _delete
    days: int = 0

    def before(self, at: datetime) -> datetime:
        """Return the time before which rows are too old, as of `at`."""
        return at - timedelta(days=self._kept_days())

    @property
    def kept_for(self) -> str:
        """How long the rows are kept, in words."""
        days = self._kept_days()
        if not days:
            return pgettext("how long rows are kept", "until they end")
        return ngettext("%(days)s day", "%(days)s days", days) % {"days": f"{days:,}"}

    def _kept_days(self) -> int:
        return int(getattr(settings, self.setting)) if self.setting else self.days


@dataclass(frozen=True, slots=True)
class Kept:
    """What is never deleted, and why."""

    label: str | Promise
    reason: str | Promise


@dataclass(frozen=True, slots=True)
class Outcome:
    """The number of `rows` that a rule removed, or None if it failed."""

    rule: RetentionRule
    before: datetime
    rows: int | None


def _ended_emails(before: datetime) -> QuerySet[Email]:
    return Email.objects.filter(ended_at__lt=before)


def _failed_jobs(before: datetime) -> QuerySet[Job]:
    return Job.objects.failed().filter(due_at__lt=before)


def _desk_log(before: datetime) -> QuerySet[LogEntry]:
    return LogEntry.objects.filter(action_time__lt=before)


RULES = [
    RetentionRule(_("attempts to reach unpublished pages"), probes.expired, "KEEP_PROBES_DAYS"),
    RetentionRule(_("openings of preview links"), openings.expired, "KEEP_VISITS_DAYS"),
    RetentionRule(
        _("networks and browsers of readers who accepted an embargo"),
        openings.expired_origins,
        "KEEP_VISITS_DAYS",
        openings.forget_origins,
    ),
    RetentionRule(_("counts of wrong preview addresses"), throttle.expired),
    RetentionRule(_("counts of guesses at sign-in"), guesses.expired),
    RetentionRule(_("sent and failed e-mails"), _ended_emails, "KEEP_EMAILS_DAYS"),
    # A failed job may contain attempts that it could not count, so the same setting applies.
    RetentionRule(_("failed background jobs"), _failed_jobs, "KEEP_PROBES_DAYS"),
    RetentionRule(_("entries of the desk’s log"), _desk_log, "KEEP_LOGS_DAYS"),
    RetentionRule(
        _("events in the record of access"),
        expiry.expired_events,
        "RECORD_DAYS",
        expiry.shorten_record,
    ),
    RetentionRule(
        _("finished recoveries of second factors"), expiry.finished_recoveries, "RECORD_DAYS"
    ),
    RetentionRule(
        _("invitations that were used, cancelled or expired"), expiry.ended_invitations, days=30
    ),
    RetentionRule(_("browsers in which nobody signed in"), expiry.unused_browsers, days=365),
    RetentionRule(_("sessions"), expiry.ended_sessions),
    RetentionRule(_("networks and browsers of ended sessions"), expiry.details_of_ended_sessions),
]

KEPT = [
    Kept(
        _("Versions of releases, people, cases, pictures, topics and contacts"),
        _("They show what was published, and who wrote it."),
    ),
    Kept(
        _("Events of releases, corrections and minor edits"),
        _("They prove who approved, published or corrected a text."),
    ),
    Kept(
        _("Preview links, and which reader accepted which embargo"),
        _("They prove the embargo. The network and the browser are removed."),
    ),
    Kept(
        _("Consents, and changes of a person’s level"),
        _("They prove why a person may be named."),
    ),
    Kept(
        _("Who was shown a protected name"),
        _("It is needed if a person is put at risk later."),
    ),
    Kept(
        _("Accounts of people who left the team"),
        _("Releases and their history refer to them. A name can be removed on request."),
    ),
]


def delete_expired(
    at: datetime | None = None,
    *,
    dry_run: bool = False,
    progress: Callable[[RetentionRule, int], None] = lambda rule, rows: None,
) -> Iterator[Outcome]:
    """Apply each rule and yield its outcome. With `dry_run`, only count the rows.

    A failure is logged, and the other rules are still applied. An outage of the database is raised.
    """
    at = at or timezone.now()
    for rule in RULES:
        before = rule.before(at)
        try:
            rows = rule.expired(before).count() if dry_run else _remove(rule, before, progress)
        except Exception as problem:
            if is_of_database(problem):  # every rule would fail
                raise
            log.error(
                "Removal failed (%s): %s", in_english(rule.label), " ".join(str(problem).split())
            )
            yield Outcome(rule, before, None)
        else:
            yield Outcome(rule, before, rows)


def _remove(
    rule: RetentionRule, before: datetime, progress: Callable[[RetentionRule, int], None]
) -> int:
    done, last = 0, None
    while True:
        rows = rule.expired(before).order_by("pk")
        page = rows if last is None else rows.filter(pk__gt=last)
        keys = list(page.values_list("pk", flat=True)[:BATCH])
        if not keys:
            return done
        last = keys[-1]
        with transaction.atomic():
            # Filtered again, because a row that has just been used is no longer too old.
            done += rule.remove(rule.expired(before).order_by().filter(pk__in=keys))
        progress(rule, done)

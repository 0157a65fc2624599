"""The steps from draft to publication: submit, approve, reschedule, publish, send back."""

from collections.abc import Mapping
from datetime import datetime, time

from django.db import transaction
from django.dispatch import Signal
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.errors import ActionBlocked
from accounts.models import User
from releases import approval
from releases.models import Event, Release
from releases.moments import local_time
from releases.rules import protected_names
from releases.rules.blockers import blockers, ownership_blockers, review_blockers
from releases.workflow.actions import APPROVE, PUBLISH, RESCHEDULE, SEND_BACK, SUBMIT
from releases.workflow.recording import lock, raise_if, set_status

# Sent in the transaction that sets the end of the embargo. Arguments: `release`, `by` and `notify`:
# whether to notify readers who accepted another time. If e-mail is off, the receiver puts the
# readers who were not notified into `release.not_notified`.
embargo_changed = Signal()


@SUBMIT.carried_out_by
def submit(release: Release, *, by: User, at: datetime | None = None) -> Release:
    """Submit a draft for approval."""
    with transaction.atomic():
        fresh = lock(release)
        SUBMIT.check(fresh, by, at)
        raise_if(ownership_blockers(fresh, by))
        raise_if(review_blockers(fresh))
        page = approval.printed_fingerprints(fresh)
        return set_status(fresh, Release.Status.IN_REVIEW, Event.Verb.SUBMITTED, by, at, page=page)


@APPROVE.carried_out_by
def approve(
    release: Release,
    *,
    by: User,
    publish_at: datetime,
    at: datetime | None = None,
    backdated: bool = False,
    notify: bool = False,
    read_fingerprints: Mapping[str, str] | None = None,
) -> Release:
    """Approve a release and everything that its page prints, for publication at `publish_at`.

    A time in the past is blocked unless the release is `backdated`. In a backdated release,
    midnight in the newsroom's time zone means that only the day is known. `notify` e-mails readers
    who accepted an embargo until another time. `read_fingerprints` are those of what the approver
    read (`approval.printed_fingerprints`). If anything was changed since then, the approval is
    blocked.
    """
    at = at or timezone.now()
    with transaction.atomic():
        fresh = lock(release)
        APPROVE.check(fresh, by, at)
        raise_if(_stale_blockers(fresh, read_fingerprints))
        if publish_at < at and not backdated:
            raise ActionBlocked(
                _("%(time)s has passed. Choose a later time, publish now, or tick “Backdate”.")
                % {"time": local_time(publish_at)}
            )
        if backdated and publish_at > at:
            raise ActionBlocked(
                _("%(time)s is in the future. To backdate a release, choose a time in the past.")
                % {"time": local_time(publish_at)}
            )
        fresh.publish_at = publish_at
        fresh.day_only = backdated and timezone.localtime(publish_at).time() == time()
        check_publication(fresh, max(publish_at, at))
        fresh.slug = fresh.slug or fresh.slug_from_title()
        set_status(
            fresh,
            Release.Status.APPROVED,
            Event.Verb.APPROVED,
            by,
            at,
            publish_at=publish_at.isoformat(),
            archive=backdated,
            page=approval.printed_fingerprints(fresh),
        )
        embargo_changed.send(Release, release=fresh, by=by, notify=notify)
    return fresh


@RESCHEDULE.carried_out_by
def reschedule(
    release: Release,
    *,
    by: User,
    publish_at: datetime,
    notify: bool = False,
    at: datetime | None = None,
) -> Release:
    """Change the time at which the embargo ends. The release stays approved.

    `notify` e-mails readers who accepted another time.
    """
    at = at or timezone.now()
    with transaction.atomic():
        fresh = lock(release)
        RESCHEDULE.check(fresh, by, at)
        if publish_at <= at:
            raise ActionBlocked(
                _("%(time)s has passed. Choose a later time or publish now.")
                % {"time": local_time(publish_at)}
            )
        before, fresh.publish_at = fresh.publish_at, publish_at
        check_publication(fresh, publish_at)
        set_status(
            fresh,
            Release.Status.APPROVED,
            Event.Verb.RESCHEDULED,
            by,
            at,
            before=before and before.isoformat(),
            publish_at=publish_at.isoformat(),
        )
        embargo_changed.send(Release, release=fresh, by=by, notify=notify)
    return fresh


@PUBLISH.carried_out_by
def publish(
    release: Release,
    *,
    by: User,
    notify: bool = False,
    at: datetime | None = None,
    read_fingerprints: Mapping[str, str] | None = None,
) -> Release:
    """Make a release public now, whether or not it was scheduled for later.

    For `notify` and `read_fingerprints`, see `approve`.
    """
    at = at or timezone.now()
    with transaction.atomic():
        fresh = lock(release)
        PUBLISH.check(fresh, by, at)
        raise_if(_stale_blockers(fresh, read_fingerprints))
        fresh.publish_at = at
        check_publication(fresh, at)
        fresh.slug = fresh.slug or fresh.slug_from_title()
        page = approval.printed_fingerprints(fresh)
        set_status(fresh, Release.Status.APPROVED, Event.Verb.PUBLISHED, by, at, page=page)
        embargo_changed.send(Release, release=fresh, by=by, notify=notify)
    return fresh


@SEND_BACK.carried_out_by
def send_back(
    release: Release, *, by: User, reason: str = "", at: datetime | None = None
) -> Release:
    """Send a release back to draft if it is in review, or approved and not yet public."""
    at = at or timezone.now()
    with transaction.atomic():
        fresh = lock(release)
        SEND_BACK.check(fresh, by, at)
        fresh.publish_at, fresh.day_only = None, False
        return set_status(fresh, Release.Status.DRAFT, Event.Verb.RETURNED, by, at, words=reason)


def check_publication(release: Release, at: datetime) -> None:
    """Raise ActionBlocked if something prevents publication at a time.

    Otherwise, set `names_allowed_until` of the release in memory.
    """
    raise_if(blockers(release, at))
    release.names_allowed_until = protected_names.names_allowed_until(release)


def _stale_blockers(release: Release, read_fingerprints: Mapping[str, str] | None) -> list[str]:
    if read_fingerprints is None:
        return []
    changes = approval.changes_since_read(read_fingerprints, release)
    return [*changes, _("Read the page again, then reopen this form.")] if changes else []

"""Take releases offline: hold, end a hold, withdraw."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.errors import ActionBlocked
from accounts.models import User
from releases.models import Event, Release
from releases.rules import protected_names
from releases.rules.blockers import blockers, blocking_finds
from releases.workflow.actions import END_HOLD, HOLD, WITHDRAW
from releases.workflow.emails import email_people_named
from releases.workflow.publishing import check_publication
from releases.workflow.recording import lock, raise_if, set_status


@HOLD.carried_out_by
def hold(release: Release, *, by: User, at: datetime | None = None) -> Release:
    """Take a release, its pictures and its preview links offline at once.

    It is for emergencies: it needs no reason, and applies to the newest version, even if the user
    read an older one. Nothing is lost or announced. `end_hold` undoes it; `withdraw` is final.
    """
    with transaction.atomic():
        fresh = lock(release, any_version=True)
        HOLD.check(fresh, by, at)
        fresh.held_at = at = at or timezone.now()
        return set_status(fresh, Release.Status(fresh.status), Event.Verb.PUT_ON_HOLD, by, at)


def hold_hidden(releases: Iterable[Release], *, by: User, at: datetime | None = None) -> None:
    """Put restricted releases on hold that do not exist for the user who acts.

    It is for an emergency with a name: the user puts all releases with it on hold, also those that
    the user does not know. The people named on them get an e-mail, and can end the hold.
    """
    HOLD.check_permission(by)
    at = at or timezone.now()
    for release in releases:
        with transaction.atomic():
            fresh = Release.objects.select_for_update(of=("self",)).filter(pk=release.pk).first()
            if fresh is None or fresh.is_on_hold() or fresh.status != Release.Status.APPROVED:
                continue
            fresh.held_at = at
            set_status(fresh, Release.Status(fresh.status), Event.Verb.PUT_ON_HOLD, by, at)
            text = _(
                "%(who)s put releases on hold because of a name in them. A restricted release that "
                "you can read contains this name, so it is on hold too. Check it, then end the "
                "hold or remove the name."
            ) % {"who": by}  # fmt: skip
            email_people_named(fresh, _("A restricted release is on hold"), text)


def record_restored_hold(
    release: Release, *, reason: str, at: datetime | None = None
) -> Release | None:
    """Record that restoring a backup put a release on hold. Return None if it is not on hold now.

    The restore sets `held_at` itself, in the transaction that makes the backup's rows visible.
    """
    with transaction.atomic():
        fresh = Release.objects.select_for_update(of=("self",)).filter(pk=release.pk).first()
        if fresh is None or not fresh.is_on_hold():
            return None
        status = Release.Status(fresh.status)
        return set_status(fresh, status, Event.Verb.PUT_ON_HOLD, None, at, words=reason)


@END_HOLD.carried_out_by
def end_hold(release: Release, *, by: User, at: datetime | None = None) -> Release:
    """End a hold.

    A release that was public is public again. If its time passed during the hold, it is published
    now.
    """
    at = at or timezone.now()
    with transaction.atomic():
        fresh = lock(release)
        END_HOLD.check(fresh, by, at)
        if fresh.status == Release.Status.APPROVED:
            if fresh.is_published(at):
                raise_if(blockers(fresh, at))
            else:
                fresh.publish_at = max(fresh.publish_at or at, at)
                check_publication(fresh, fresh.publish_at)
        fresh.held_at = None
        return set_status(fresh, Release.Status(fresh.status), Event.Verb.HOLD_ENDED, by, at)


@WITHDRAW.carried_out_by
def withdraw(release: Release, *, by: User, reason: str, at: datetime | None = None) -> Release:
    """Remove an approved release from every public page for good.

    If it was public, a notice remains in its place. The notice prints `reason`.
    """
    at, reason = at or timezone.now(), reason.strip()
    with transaction.atomic():
        fresh = lock(release)
        WITHDRAW.check(fresh, by, at)
        if not reason:
            raise ActionBlocked(_("Enter a reason. Readers will see it."))
        if fresh.has_been_public(at):
            place = _("the reason of the withdrawal")
            raise_if(blocking_finds(protected_names.finds_in_text(reason, place, at)))
        fresh.withdrawn_at = at
        fresh.withdrawal_reason = reason
        return set_status(
            fresh, Release.Status.WITHDRAWN, Event.Verb.WITHDRAWN, by, at, reason=reason
        )

"""Recovery of a lost second factor, in two steps.

An administrator checks who asks and starts it. The user opens a link and enters the password.
"""

import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import (
    factors,
    known_browsers,
    link_tokens,
    notices,
    passwords,
    second_factor,
    sessions,
)
from accounts.errors import ActionBlocked
from accounts.link_tokens import PLACEHOLDER
from accounts.models import FactorRecovery, User
from accounts.record import Verb, record
from jobs import outbox
from jobs.models import Email

VALID = timedelta(hours=24)
PURPOSE = "accounts.recovery"  # of a token


def blockers(user: User, by: User) -> list[str]:
    """Return why `by` can’t start a recovery for a user, as sentences."""
    found = []
    if not by.has_perm("accounts.manage_team"):
        found.append(_("Only an administrator can start a recovery."))
    if by.pk == user.pk:
        found.append(_("You can’t start a recovery for yourself. Ask another administrator."))
    if not (user.is_active and user.is_staff):
        found.append(_("This account is closed or paused."))
    elif not second_factor.is_enrolled(user):
        found.append(_("This user has no second factor. They set one up when they sign in."))
    if not settings.EMAIL_IS_ON:
        found.append(
            _("E-mail is off. Ask the operator of the server to run manage.py resetfactor.")
        )
    elif not user.email:
        found.append(_("This user has no e-mail address. Add one first."))
    return found


def open_for(user: User, at: datetime) -> FactorRecovery | None:
    """Return the recovery of a user that can still be used."""
    rows = FactorRecovery.objects.select_related("user", "started_by")
    found = rows.filter(user=user, used_at=None, cancelled_at=None, expires_at__gt=at).first()
    return found if found and _is_open(found, at) else None


@transaction.atomic
def start(
    user: User,
    *,
    by: User,
    identity_check: str,
    request: HttpRequest | None = None,
    at: datetime | None = None,
) -> FactorRecovery:
    """Start a recovery, and send the user a link. It replaces an earlier one.

    `identity_check` says how the administrator checked who asks.
    """
    at = at or timezone.now()
    user = User.objects.select_for_update().get(pk=user.pk)
    if found := blockers(user, by):
        raise ActionBlocked(*found)
    if not identity_check.strip():
        raise ActionBlocked(_("Say how you checked who asks."))
    FactorRecovery.objects.filter(user=user, used_at=None, cancelled_at=None).update(
        cancelled_at=at
    )
    recovery = FactorRecovery.objects.create(
        user=user, started_by=by, identity_check=identity_check.strip(), started_at=at,
        expires_at=at + VALID, token_digest=secrets.token_hex(32),
    )  # fmt: skip
    # The token is derived from the key of the row, which exists only now.
    token = link_tokens.new_token(PURPOSE, str(recovery.pk))
    recovery.token_digest = link_tokens.digest_of(token)
    recovery.save(update_fields=["token_digest"])
    record(Verb.RECOVERY_STARTED, by=by, subject=user, request=request, at=at)
    notices.recovery_link(user, by, recovery.pk, request=request)
    notices.recovery_started(by, user)
    return recovery


def find(token: str, at: datetime) -> FactorRecovery | None:
    """Return the recovery that a link opens, None if the link does not work or no longer."""
    rows = FactorRecovery.objects.select_related("user", "started_by")
    recovery = rows.filter(token_digest=link_tokens.digest_of(token)).first()
    return recovery if recovery and _is_open(recovery, at) else None


def complete(
    token: str, *, password: str, request: HttpRequest, at: datetime | None = None
) -> User:
    """Remove the old factors of a user who has the link and the password; end all sessions."""
    at = at or timezone.now()
    invalid = _("This link does not work any more. Ask your administrator for a new one.")
    recovery = find(token, at)
    if recovery is None:
        raise ActionBlocked(invalid)
    if not passwords.confirm(request, recovery.user, password):
        raise ActionBlocked(_("The password is wrong."))
    with transaction.atomic():
        user = User.objects.select_for_update().get(pk=recovery.user_id)
        recovery = FactorRecovery.objects.select_for_update().get(pk=recovery.pk)
        if not _is_open(recovery, at):  # used in another tab
            raise ActionBlocked(invalid)
        recovery.used_at = at
        recovery.save(update_fields=["used_at"])
        factors.remove_all(user, by=user, request=request)
        sessions.end_all(user, by=user, request=request)
        known_browsers.forget(user)
        record(Verb.RECOVERY_USED, by=user, subject=user, request=request, at=at)
        notices.recovery_used(user, recovery.started_by, request=request)
    return user


@transaction.atomic
def cancel(
    recovery: FactorRecovery,
    *,
    by: User,
    request: HttpRequest | None = None,
    at: datetime | None = None,
) -> None:
    """Cancel an open recovery. The user and administrators may."""
    at = at or timezone.now()
    if by.pk != recovery.user_id and not by.has_perm("accounts.manage_team"):
        raise ActionBlocked(_("Only the user or an administrator can cancel a recovery."))
    recovery = FactorRecovery.objects.select_for_update().get(pk=recovery.pk)
    if recovery.used_at or recovery.cancelled_at:
        return
    recovery.cancelled_at = at
    recovery.save(update_fields=["cancelled_at"])
    record(Verb.RECOVERY_CANCELLED, by=by, subject=recovery.user, request=request, at=at)
    notices.recovery_cancelled(recovery.user, recovery.started_by)


@transaction.atomic
def reset_by_command(user: User, *, at: datetime | None = None) -> None:
    """Remove all factors of a user and end their sessions, for the operator of the server."""
    at = at or timezone.now()
    factors.remove_all(user, by=None)
    sessions.end_all(user, by=None)
    known_browsers.forget(user)
    FactorRecovery.objects.filter(user=user, used_at=None, cancelled_at=None).update(
        cancelled_at=at
    )
    record(Verb.RECOVERY_USED, subject=user, at=at, command=True)
    notices.recovery_used(user, None, request=None)


@outbox.fills("accounts.recovery")
def _with_token(email: Email) -> str:
    recovery = FactorRecovery.objects.filter(pk=email.fill_key).first()
    if recovery is None or not _is_open(recovery, timezone.now()):
        raise outbox.EmailNotNeeded(_("The recovery has ended."))
    token = link_tokens.token_of(PURPOSE, str(recovery.pk), recovery.token_digest)
    if token is None:
        raise outbox.EmailNotNeeded(
            _("SECRET_KEY was changed before the e-mail could be sent. Start the recovery again.")
        )
    return email.text.replace(PLACEHOLDER, token)


def _is_open(recovery: FactorRecovery, at: datetime) -> bool:
    if recovery.used_at or recovery.cancelled_at or at >= recovery.expires_at:
        return False
    # As with invitations: it ends if the administrator may no longer manage the team, such as after
    # a stranger used that account.
    by = recovery.started_by
    may = by is None or (by.is_active and by.is_staff and by.has_perm("accounts.manage_team"))
    return bool(recovery.user.is_active and may)

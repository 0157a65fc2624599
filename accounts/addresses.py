"""Resetting a password, and changing an e-mail address: both are confirmed by e-mail."""

from datetime import timedelta
from typing import Any

from django.contrib.auth.tokens import default_token_generator
from django.core import signing
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from django.utils.translation import gettext as _

from accounts import notices
from accounts.errors import ActionBlocked
from accounts.link_tokens import PLACEHOLDER
from accounts.models import AccessEvent, User
from accounts.record import Verb, record
from jobs import outbox, queue
from jobs.models import Email, Lane

SALT = "accounts.addresses"
VALID = timedelta(hours=24)
PAUSE = timedelta(minutes=5)  # between two e-mails with a link for a new password


@queue.job("accounts.send_reset", lane=Lane.QUICK, atomic=True)
def send_reset(address: str, origin: str) -> None:
    """Send a link for a new password to the active user with an e-mail address, if there is one.

    This is a job, so that the page takes the same time for known and unknown addresses.
    """
    at = timezone.now()
    found = list(User.with_email(address).filter(is_active=True, is_staff=True)[:2])
    if len(found) != 1:
        return
    user = found[0]
    recent = AccessEvent.objects.filter(
        subject_id=user.pk, verb=Verb.PASSWORD_RESET_REQUESTED, at__gt=at - PAUSE
    )
    if recent.exists():
        return
    record(Verb.PASSWORD_RESET_REQUESTED, subject=user, at=at)
    notices.reset_link(user, urlsafe_base64_encode(force_bytes(user.pk)), origin=origin)


@outbox.fills("accounts.reset")
def _with_reset_token(email: Email) -> str:
    user = User.objects.filter(pk=email.fill_key, is_active=True).first()
    if user is None or user.email != email.to:
        raise outbox.EmailNotNeeded(_("The account was closed, or has another address now."))
    return email.text.replace(PLACEHOLDER, default_token_generator.make_token(user))


@transaction.atomic
def request_change(user: User, address: str, *, request: HttpRequest) -> None:
    """Send a link to a new address. Both addresses get an e-mail; nothing changes yet."""
    notices.confirm_address(user, address, request=request)
    notices.address_change_requested(user, request=request)


@outbox.fills("accounts.address")
def _with_address_token(email: Email) -> str:
    user = User.objects.filter(pk=email.fill_key, is_active=True).first()
    if user is None:
        raise outbox.EmailNotNeeded(_("The account was closed."))
    return email.text.replace(
        PLACEHOLDER, signing.dumps([user.pk, user.email, email.to], salt=SALT)
    )


def address_in(token: str, user: User) -> str | None:
    """Return the new address that a link confirms for a user, None if the link does not work.

    A link works until the address changes, so it works once.
    """
    try:
        content: Any = signing.loads(token, salt=SALT, max_age=VALID)
    except (signing.BadSignature, ValueError):
        return None
    if not isinstance(content, list) or content[:2] != [user.pk, user.email]:
        return None
    return str(content[2])


@transaction.atomic
def confirm_change(user: User, token: str, *, request: HttpRequest) -> str:
    """Give a user the address that their link confirms, and return it."""
    user = User.objects.select_for_update().get(pk=user.pk)
    address = address_in(token, user)
    if address is None:
        raise ActionBlocked(_("This link does not work any more. Request the change again."))
    if problem := user.problem_of_address(address):
        raise ActionBlocked(problem)
    old, user.email = user.email, User.objects.normalize_email(address)
    user.save(update_fields=["email"])
    record(Verb.EMAIL_CHANGED, by=user, subject=user, request=request)
    notices.address_changed(user, old, request=request)
    return user.email

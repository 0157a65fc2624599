"""Records failed guesses, and sends the user of an account an e-mail when a limit is reached."""

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import throttle
from accounts.models import User
from accounts.networks import address_of, network_of
from accounts.record import Verb, record
from jobs import outbox

PASSWORD, CODE = "password", "code"
WRONG_PASSWORDS = gettext_lazy(
    "Dear %(name)s,\n\n"
    "Too many wrong passwords were entered for your account at %(newsroom)s. The last one was "
    "entered on %(time)s, from the network %(network)s. None of them was right.\n\n"
    "For an hour, we check no more passwords from there. You can still sign in with a passkey, or "
    "in a browser in which you signed in before.\n\n"
    "If it was you, wait an hour. If you do not know your password, press “Forgot your password?” "
    "on the sign-in page.\n\n"
    "If it was not you, contact your administrator.\n\n"
    "%(newsroom)s\n"
)
WRONG_CODES = gettext_lazy(
    "Dear %(name)s,\n\n"
    "Someone entered your password at %(newsroom)s, and then too many wrong codes. The last one "
    "was entered on %(time)s, from the network %(network)s.\n\n"
    "For an hour, we check no more codes. You can still sign in with a passkey.\n\n"
    "If it was you, wait an hour. Then check that the clock of your phone is right.\n\n"
    "If it was not you, someone knows your password. Change it now, and contact your "
    "administrator.\n\n"
    "%(newsroom)s\n"
)


def password_failed(
    request: HttpRequest, login: str, account: User | None, *, is_last: bool, at: datetime
) -> None:
    """Record a wrong password. `is_last` means that it reached a limit.

    The name that was typed is not recorded, because people type passwords there by mistake.
    """
    _failed(request, PASSWORD, login, account, is_last=is_last, at=at)


def code_failed(
    request: HttpRequest, account: User, guess: throttle.CountedGuess, at: datetime | None = None
) -> None:
    """Record a wrong code of a second factor, or a wrong recovery code."""
    at = at or timezone.now()
    _failed(request, CODE, "", account, is_last=guess.is_last, at=at)


def _failed(
    request: HttpRequest,
    kind: str,
    login: str,
    account: User | None,
    *,
    is_last: bool,
    at: datetime,
) -> None:
    with transaction.atomic():
        if throttle.may_record_failure(at, account):
            record(Verb.SIGN_IN_FAILED, subject=account, request=request, at=at, wrong=kind)
        if is_last and throttle.is_first_limit(at, kind, account, login):
            record(Verb.SIGN_IN_LIMITED, subject=account, request=request, at=at, wrong=kind)
            if account and account.is_active and account.email:
                _add_email(request, kind, account, at)


def _add_email(request: HttpRequest, kind: str, account: User, at: datetime) -> None:
    text = WRONG_PASSWORDS if kind == PASSWORD else WRONG_CODES
    subject = _("Too many failed attempts to sign in to your account at %(newsroom)s")
    values = {
        "name": account.get_full_name() or account.get_username(),
        "newsroom": settings.NEWSROOM_NAME,
        "time": date_format(timezone.localtime(at), "DATETIME_FORMAT"),
        "network": network_of(address_of(request)),
    }
    outbox.add_email(account.email, subject % values, text % values)

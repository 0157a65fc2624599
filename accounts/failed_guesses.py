"""Records failed guesses, and sends the user of an account an e-mail when a limit is reached."""

from datetime import datetime

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from accounts import notices, throttle
from accounts.models import User
from accounts.record import Verb, record

PASSWORD, CODE = "password", "code"


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
            if account and account.is_active:
                notify = notices.too_many_passwords if kind == PASSWORD else notices.too_many_codes
                notify(account, request=request)

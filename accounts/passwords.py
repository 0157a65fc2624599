"""Checks a password at sign-in and when a user confirms who they are."""

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import failed_guesses, known_browsers, throttle
from accounts.folding import folded
from accounts.hash_slots import WAIT_SECONDS, hash_slot
from accounts.models import User

MAX_LOGIN_CHARACTERS = 254  # the longest e-mail address
MAX_PASSWORD_CHARACTERS = 4096  # at sign-in; a new password may have 1,000


def check(request: HttpRequest, login: str, password: str) -> User | None:
    """Return the user whose username or e-mail address is `login`, if the password is theirs.

    Returns None for a wrong password, an unknown name, and an account that is paused or closed: one
    hash, one answer, and the same time for all of them. Raises TooManyGuessesError, which is a
    ValidationError, at the limit, and TooManyHashesError while others are checked.
    """
    account = account_of(login)
    is_known = account is not None and known_browsers.is_known(request, account, timezone.now())
    return _check(request, login, account, password, WAIT_SECONDS if is_known else 0)


def confirm(request: HttpRequest, user: User, password: str) -> bool:
    """Return whether a password is that of a user who has a session, or a link from an e-mail.

    Someone who finds one of these must not guess the password there either. Raises like `check`.
    """
    return _check(request, user.get_username(), user, password, WAIT_SECONDS) is not None


def account_of(login: str) -> User | None:
    """Return the account with a username or an e-mail address, None if there is none or several.

    An e-mail address is preferred, because its owner has confirmed it: otherwise a person could
    choose the address of a colleague as a username, and the colleague could not sign in with it.
    Then the exact username is preferred. It takes the same queries for known and unknown accounts.
    """
    login = login.strip()
    if not login or len(login) > MAX_LOGIN_CHARACTERS or "\x00" in login:
        return None
    rows = list(User.with_login(login).order_by("pk")[:10])
    for chosen in (
        [user for user in rows if folded(user.email) == folded(login)],
        [user for user in rows if user.username == login],
        [user for user in rows if folded(user.username) == folded(login)],
    ):
        if len(chosen) == 1:
            return chosen[0]
    return None


def _check(
    request: HttpRequest, login: str, account: User | None, password: str, wait: float
) -> User | None:
    at = timezone.now()
    counters = throttle.password_counters(request, login, account, at)
    if throttle.is_used_up(counters, at):
        raise _too_many()
    # Before the guess is counted: a guess that gets no slot must not count.
    with hash_slot(wait=wait):
        guess = throttle.reserve(counters, at)
        if guess is None:
            raise _too_many()
        is_right = _is_right(account, password)
    if is_right:
        guess.give_back()
        return account
    failed_guesses.password_failed(request, login, account, is_last=guess.is_last, at=at)
    return None


def _is_right(account: User | None, password: str) -> bool:
    if account is None:
        User().set_password(password)  # takes as long as a check
        return False
    return account.check_password(password) and account.is_active


def _too_many() -> throttle.TooManyGuessesError:
    return throttle.TooManyGuessesError(
        _(
            "Too many wrong passwords were entered. Wait an hour, then try again. You can sign in "
            "at once with a passkey, or in a browser in which you signed in before."
        ),
        "limited",
    )

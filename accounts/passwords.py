"""Checks a password at sign-in and when a user confirms who they are."""

from django.contrib.auth import authenticate
from django.db.models import Q
from django.http import HttpRequest

from accounts.models import User

MAX_LOGIN_CHARACTERS = 254  # the longest e-mail address
MAX_PASSWORD_CHARACTERS = 4096


def account_of(login: str) -> User | None:
    """Return the account with a username or an e-mail address, None if there is none or several.

    The exact username is preferred. It takes one query for known and unknown accounts alike.
    """
    found = User.objects.filter(Q(username__iexact=login) | Q(email__iexact=login))
    rows = list(found.order_by("pk")[:10]) if login else []
    for chosen in (
        [user for user in rows if user.username == login],
        [user for user in rows if user.username.casefold() == login.casefold()],
        [user for user in rows if user.email.casefold() == login.casefold()],
    ):
        if chosen:
            return chosen[0] if len(chosen) == 1 else None
    return None


def check(request: HttpRequest, login: str, password: str) -> User | None:
    """Return the user whose username or e-mail address is `login`, if the password is theirs."""
    account = account_of(login)
    # Django computes a hash for an unknown username too, so that both take the same time.
    username = account.username if account else login
    return authenticate(request, username=username, password=password)

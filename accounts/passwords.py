"""Checks a password at sign-in and when a user confirms who they are."""

from typing import Any, cast

from django.contrib.auth import authenticate
from django.http import HttpRequest

from accounts.models import User


def check(request: HttpRequest, login: str, password: str) -> User | None:
    """Return the user whose username or e-mail address is `login`, if the password is theirs."""
    credentials: dict[str, Any] = {"login": login, "password": password}
    return cast(User | None, authenticate(request, **credentials))

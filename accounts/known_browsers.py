"""Browsers in which a user signed in before. A signed cookie has a token, the database a digest."""

import hashlib
import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

from accounts.browser_families import family_of
from accounts.models import KnownBrowser, User

COOKIE, SALT, PATH = "browser", "accounts.known_browsers", "/admin/"
KEPT = timedelta(days=365)


def find(request: HttpRequest, user: User, at: datetime) -> KnownBrowser | None:
    """Return the row of the browser of a request, if the user signed in from it in the last year.

    Without the cookie, it makes no query: a stranger must not see by the time that there is a user.
    """
    token = _token_of(request)
    if not token:
        return None
    known = KnownBrowser.objects.filter(user=user, token_digest=_digest(user, token))
    return known.filter(last_seen_at__gt=at - KEPT).first()


def is_known(request: HttpRequest, user: User, at: datetime) -> bool:
    """Return whether a user signed in from the browser of a request in the last year."""
    return find(request, user, at) is not None


def remember(request: HttpRequest, response: HttpResponse, user: User, at: datetime) -> bool:
    """Note that a user signed in from a browser, and return whether the browser is new.

    The cookie belongs to the browser: several users of one browser share it.
    """
    token = _token_of(request) or secrets.token_urlsafe(32)
    family = family_of(request.META.get("HTTP_USER_AGENT", ""))
    was_known = is_known(request, user, at)
    KnownBrowser.objects.update_or_create(
        token_digest=_digest(user, token),
        defaults={"last_seen_at": at, "browser": family},
        create_defaults={
            "user": user, "first_seen_at": at, "last_seen_at": at, "browser": family,
        },
    )  # fmt: skip
    response.set_signed_cookie(
        COOKIE, token, salt=SALT, max_age=KEPT, path=PATH, httponly=True, samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )  # fmt: skip
    return not was_known


def forget(user: User, *, keep: HttpRequest | None = None) -> None:
    """Forget the browsers of a user, because a thief may have used one.

    `keep` is a request of the user, whose browser stays known.
    """
    rows = KnownBrowser.objects.filter(user=user)
    if keep and (token := _token_of(keep)):
        rows = rows.exclude(token_digest=_digest(user, token))
    rows.delete()


def _token_of(request: HttpRequest) -> str:
    try:
        return request.get_signed_cookie(COOKIE, default="", salt=SALT, max_age=KEPT) or ""
    except (signing.BadSignature, ValueError):
        return ""


def _digest(user: User, token: str) -> str:
    return hashlib.sha256(f"{user.pk}:{token}".encode()).hexdigest()

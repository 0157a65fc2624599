"""Browsers in which a user signed in before. A signed cookie has a token for each such user."""

import secrets
from datetime import datetime, timedelta
from hashlib import sha256

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from accounts.models import KnownBrowser, User

COOKIE, SALT = "browser", "accounts.known_browsers"
MAX_AGE = timedelta(days=365)
MAX_USERS = 5  # who share one browser; the others are unknown again


def find(request: HttpRequest, user: User) -> KnownBrowser | None:
    """Return the row of this browser if this user signed in here before."""
    tokens = _tokens(request)
    if not tokens:
        return None
    digests = [_digest(token) for token in tokens]
    return KnownBrowser.objects.filter(user=user, token_digest__in=digests).first()


def remember(
    request: HttpRequest, response: HttpResponse, user: User, at: datetime | None = None
) -> bool:
    """Remember that a user signed in in this browser. Return whether it is new to them."""
    at = at or timezone.now()
    if known := find(request, user):
        KnownBrowser.objects.filter(pk=known.pk).update(last_seen_at=at)
        return False
    token = secrets.token_urlsafe(32)
    KnownBrowser.objects.create(
        user=user, token_digest=_digest(token), first_seen_at=at, last_seen_at=at
    )
    response.set_signed_cookie(
        COOKIE,
        ".".join([token, *_tokens(request)][:MAX_USERS]),
        salt=SALT,
        max_age=MAX_AGE,
        path=settings.SESSION_COOKIE_PATH,
        secure=bool(settings.SESSION_COOKIE_SECURE),
        httponly=True,
        samesite="Lax",
    )
    return True


def _tokens(request: HttpRequest) -> list[str]:
    value = request.get_signed_cookie(COOKIE, "", salt=SALT, max_age=MAX_AGE)
    return (value or "").split(".")[:MAX_USERS] if value else []


def _digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()

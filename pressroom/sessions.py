"""The sessions of those who sign in: Django's, in the database."""

from typing import Any

from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import VALID_KEY_CHARS


class SessionStore(db.SessionStore):
    """Takes a cookie for a key only if we can have made it: PostgreSQL fails at a NUL."""

    def _validate_session_key(self, key: Any) -> bool:
        is_key: Any = super()._validate_session_key(key)  # type: ignore[misc]
        return bool(is_key) and set(key) <= set(VALID_KEY_CHARS)

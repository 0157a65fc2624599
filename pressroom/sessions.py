"""A session backend in the database, with a stricter check of session keys than Django's."""

from typing import Any

from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import VALID_KEY_CHARS


class SessionStore(db.SessionStore):
    """Accepts only keys of characters that Django uses, because PostgreSQL rejects a NUL."""

    def _validate_session_key(self, key: Any) -> bool:
        is_key: Any = super()._validate_session_key(key)  # type: ignore[misc]
        return bool(is_key) and set(key) <= set(VALID_KEY_CHARS)

"""Sessions in the database, as Django's own."""

from typing import Any

from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import VALID_KEY_CHARS


class SessionStore(db.SessionStore):
    """Accepts only keys that we could have made: PostgreSQL fails at a NUL in one."""

    def _validate_session_key(self, key: Any) -> bool:
        is_key: Any = super()._validate_session_key(key)  # type: ignore[misc]
        return bool(is_key) and set(key) <= set(VALID_KEY_CHARS)

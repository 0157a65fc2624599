"""Short waits for database locks, so that recording a request does not delay a reader for long."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import connection, transaction

DEFAULT_MILLISECONDS = 500


@contextmanager
def brief_wait(milliseconds: int = DEFAULT_MILLISECONDS) -> Iterator[None]:
    """Limit the time that statements wait for a lock, so that a request does not block a thread.

    Raises django.db.Error if the lock is not free in time. On PostgreSQL, the block is one
    transaction. On SQLite it is not, because there a transaction takes the lock even to read.
    """
    if connection.vendor == "postgresql":
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = {int(milliseconds)}")
            yield
        return
    default = settings.DATABASES["default"].get("OPTIONS", {}).get("timeout", 5) * 1000
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA busy_timeout = {int(milliseconds)}")
        try:
            yield
        finally:
            cursor.execute(f"PRAGMA busy_timeout = {int(default)}")

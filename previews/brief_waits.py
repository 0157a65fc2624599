"""Writing beside an answer to a reader: it waits for a lock for a moment only."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import connection, transaction

MILLISECONDS = 500


@contextmanager
def brief_wait(milliseconds: int = MILLISECONDS) -> Iterator[None]:
    """Let statements wait for a lock so long: an answer must not hold a thread.

    Raises django.db.Error where the lock is not free by then. On PostgreSQL all of it is one
    transaction; on SQLite, where a transaction takes the lock even to read, it is none.
    """
    if connection.vendor == "postgresql":
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = {int(milliseconds)}")
            yield
        return
    usual = settings.DATABASES["default"].get("OPTIONS", {}).get("timeout", 5) * 1000
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA busy_timeout = {int(milliseconds)}")
        try:
            yield
        finally:
            cursor.execute(f"PRAGMA busy_timeout = {int(usual)}")

"""Leases: how long a worker owns the rows that it has taken, and how it renews this time."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.db import close_old_connections, connection
from django.utils import timezone

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)
RENEW_SECONDS = 15  # from one renewal to the next


@contextmanager
def kept_lease(rows: Callable[[], Any]) -> Iterator[None]:
    """Renew the lease of some rows while the body runs, in a thread with a separate connection."""
    if connection.in_atomic_block:
        # Other workers can't see these rows before the commit. On SQLite, the open transaction
        # would also block the second connection.
        yield
        return
    done = threading.Event()

    def renew() -> None:
        while not done.wait(RENEW_SECONDS):
            try:
                close_old_connections()
                rows().update(due_at=timezone.now() + LEASE)
            except Exception as problem:
                log.warning("A lease was not renewed: %s", type(problem).__name__)
            finally:
                connection.close()

    threading.Thread(target=renew, name="lease", daemon=True).start()
    try:
        yield
    finally:
        done.set()

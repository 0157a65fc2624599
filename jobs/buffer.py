"""Counts events in a web process without a query in the request that causes them.

Items wait in the memory of the process. In a server, a thread writes them about once a second. If
the database is unavailable or locked, they wait for the next attempt.
"""

import atexit
import contextlib
import logging
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from django.db import close_old_connections, connection

log = logging.getLogger(__name__)

FLUSH_SECONDS = 1.0
Item = TypeVar("Item", bound=Hashable)
MAX_PAUSE_SECONDS = 60.0  # from one attempt to the next while writing fails


class Buffer(Generic[Item]):
    """Items to count. New items are ignored while `max_items` are waiting."""

    def __init__(self, name: str, write: Callable[[Counter[Item]], None], max_items: int) -> None:
        self.name, self.write, self.max_items = name, write, max_items
        self._waiting: queue.Queue[Item] = queue.Queue(max_items)
        self._counted: Counter[Item] = Counter()  # taken from the queue, not yet written
        self._writing = threading.Lock()
        self.serves = False
        self._thread: threading.Thread | None = None

    def serve(self) -> None:
        """Write in the background from now on. Call this when a server starts."""
        self.serves = True
        atexit.register(self._flush_at_exit)

    def add(self, item: Item) -> None:
        """Count an item. Never waits and never fails."""
        with contextlib.suppress(queue.Full):
            self._waiting.put_nowait(item)
        if self.serves:
            self._ensure_thread()

    def flush(self) -> None:
        """Write the waiting items. If `write` fails, they are kept and its error is raised."""
        with self._writing:
            with contextlib.suppress(queue.Empty):
                while len(self._counted) < self.max_items:
                    self._counted[self._waiting.get_nowait()] += 1
            if self._counted:
                self.write(self._counted)
                self._counted = Counter()

    def _ensure_thread(self) -> None:
        """Start the thread of this process if it isn't running.

        This waits for an item, because a server forks before that and a fork has no threads.
        """
        if self._thread and self._thread.is_alive():
            return
        with self._writing:
            if not (self._thread and self._thread.is_alive()):
                self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)
                self._thread.start()

    def _run(self) -> None:
        pause = FLUSH_SECONDS
        while True:
            if not self._counted:
                first = self._waiting.get()
                self._counted[first] += 1
            time.sleep(pause)
            close_old_connections()
            try:
                self.flush()
                pause = FLUSH_SECONDS
            except Exception as problem:
                log.error("%s wait to be counted: %s", self.name, " ".join(str(problem).split()))
                pause = min(pause * 2, MAX_PAUSE_SECONDS)
            finally:
                connection.close()

    def _flush_at_exit(self) -> None:
        with contextlib.suppress(Exception):
            self.flush()

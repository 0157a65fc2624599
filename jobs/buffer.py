"""Counting what happens in a web process, without a query in the request that brings it.

Items wait in the memory of the process. In a server a thread writes them about once a second; if
the database is away or locked they go on waiting, and the next attempt includes them.
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

EVERY = 1.0  # seconds
Item = TypeVar("Item", bound=Hashable)
LONGEST_PAUSE = 60.0  # seconds from one attempt to the next while writing fails


class Buffer(Generic[Item]):
    """Items to count. While `at_most` wait, new ones are not counted."""

    def __init__(self, name: str, write: Callable[[Counter[Item]], None], at_most: int) -> None:
        self.name, self.write, self.at_most = name, write, at_most
        self._waiting: queue.Queue[Item] = queue.Queue(at_most)
        self._counted: Counter[Item] = Counter()  # taken from the queue, not yet written
        self._writing = threading.Lock()
        self.serves = False
        self._thread: threading.Thread | None = None

    def serve(self) -> None:
        """Write in the background from now on; for the start of a server."""
        self.serves = True
        atexit.register(self._flush_at_exit)

    def add(self, item: Item) -> None:
        """Count an item. Never waits and never fails."""
        with contextlib.suppress(queue.Full):
            self._waiting.put_nowait(item)
        if self.serves:
            self._ensure_thread()

    def flush(self) -> None:
        """Write what waits. What `write` fails to write is kept, and its error raised."""
        with self._writing:
            with contextlib.suppress(queue.Empty):
                while len(self._counted) < self.at_most:
                    self._counted[self._waiting.get_nowait()] += 1
            if self._counted:
                self.write(self._counted)
                self._counted = Counter()

    def _ensure_thread(self) -> None:
        """Start the thread of this process, at the first item: the server has forked by then."""
        if self._thread and self._thread.is_alive():
            return
        with self._writing:
            if not (self._thread and self._thread.is_alive()):
                self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)
                self._thread.start()

    def _run(self) -> None:
        pause = EVERY
        while True:
            if not self._counted:
                first = self._waiting.get()
                self._counted[first] += 1
            time.sleep(pause)
            close_old_connections()
            try:
                self.flush()
                pause = EVERY
            except Exception as problem:
                log.error("%s wait to be counted: %s", self.name, " ".join(str(problem).split()))
                pause = min(pause * 2, LONGEST_PAUSE)
            finally:
                connection.close()

    def _flush_at_exit(self) -> None:
        with contextlib.suppress(Exception):
            self.flush()

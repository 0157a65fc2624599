"""A circuit breaker and a bulkhead for a service that may hang: it must not take every thread.

    with bulkhead.turn() as call:    # waits for a free slot, but not behind calls that are stuck
        with breaker.attempt():      # refuses at once while the service is known to be away
            ...
            call.goes_on()           # after each piece that came or went
            breaker.answered()       # or breaker.failed()

Both raise StorageBusy where the service is not asked.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Condition, Lock
from time import monotonic

from assets.storage import StorageBusy

log = logging.getLogger(__name__)

FAILURES = 2  # in a row, after which nobody asks
PAUSE = 15  # seconds until somebody asks again
STUCK = 0.5  # seconds in which no call got on: nobody waits behind them any longer
PATIENCE = 5  # seconds that a call waits for its turn while others get on


class CircuitBreaker:
    """Stops asking a service that failed FAILURES times in a row.

    It is closed while all is well. Open, it refuses every call for PAUSE seconds. Then one call
    tries: if the service answers, the breaker is closed again, else it stays open as long again.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._lock = Lock()
        self._failures = 0
        self._opened = 0.0
        self._trying = False

    def refuse_if_open(self) -> None:
        """Raise StorageBusy where a call made now would be refused."""
        with self._lock:
            self._refuse_if_open()

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Make a call, which says `answered` or `failed`. Raises StorageBusy while open."""
        with self._lock:
            self._refuse_if_open()
            tries = self._failures >= FAILURES
            self._trying = self._trying or tries
        try:
            yield
        finally:
            if tries:
                with self._lock:
                    self._trying = False

    def failed(self) -> None:
        """Count a call that got no answer, or the answer that the service is broken."""
        with self._lock:
            self._failures += 1
            opens = self._failures == FAILURES
            self._opened = monotonic()
        if opens:
            log.warning("%s failed %d times; it is asked again later.", self.name, FAILURES)

    def answered(self) -> None:
        """Note that the service works."""
        with self._lock:
            closes = self._failures >= FAILURES
            self._failures = 0
        if closes:
            log.warning("%s answers again.", self.name)

    def _refuse_if_open(self) -> None:
        if self._failures < FAILURES:
            return
        left = self._opened + PAUSE - monotonic()
        if left > 0 or self._trying:
            raise StorageBusy(
                f"{self.name} did not answer and is not asked again for {max(left, 1):.0f} s."
            )


class Call:
    """A call under way."""

    def __init__(self) -> None:
        self.last_progress = monotonic()

    def goes_on(self) -> None:
        """Note that a piece came or went: the service is alive."""
        self.last_progress = monotonic()


class Bulkhead:
    """Limits how many calls run at the same time; a service that hangs holds no more threads."""

    def __init__(self, name: str, slots: Callable[[], int]) -> None:
        self.name = name
        self.slots = slots
        self._freed = Condition()
        self._calls: set[Call] = set()

    @contextmanager
    def turn(self) -> Iterator[Call]:
        """Take a slot. Raises StorageBusy where all are taken by calls that do not get on."""
        with self._freed:
            self._wait_for_a_slot()
            call = Call()
            self._calls.add(call)
        try:
            yield call
        finally:
            with self._freed:
                self._calls.discard(call)
                self._freed.notify()

    def _wait_for_a_slot(self) -> None:
        gives_up = monotonic() + PATIENCE
        while len(self._calls) >= self.slots():
            stuck = max(call.last_progress for call in self._calls) + STUCK
            left = min(stuck, gives_up) - monotonic()
            if left <= 0:
                raise StorageBusy(f"{self.name} is slow, and enough requests wait for it already.")
            self._freed.wait(left)

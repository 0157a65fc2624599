"""A circuit breaker and a bulkhead, so that a service that hangs does not block every thread.

    with bulkhead.turn() as call:    # waits for a free slot, but not for calls that are stuck
        with breaker.attempt():      # refuses at once while the service is known to be down
            ...
            call.made_progress()     # after each chunk that was received or sent
            breaker.answered()       # or breaker.failed()

Both raise StorageBusyError if the call is not allowed.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Condition, Lock
from time import monotonic

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from assets.storage_basics import StorageBusyError

log = logging.getLogger(__name__)

MAX_FAILURES = 2  # in a row, after which calls are refused for a while
PAUSE_SECONDS = 15  # until the next call is allowed
STUCK_SECONDS = 0.5  # without progress of any call, after which other calls do not wait for a slot
SLOT_TIMEOUT = 5  # seconds that a call waits for a slot while others make progress


class CircuitBreaker:
    """Refuses calls to a service that failed MAX_FAILURES times in a row.

    It is closed while the service works. When open, it refuses every call for PAUSE_SECONDS. Then
    it allows one call. If the service answers, it closes; otherwise it stays open for another
    PAUSE_SECONDS.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._lock = Lock()
        self._failures = 0
        self._opened = 0.0
        self._trying = False

    def refuse_if_open(self) -> None:
        """Raise StorageBusyError if a call would be refused now."""
        with self._lock:
            self._refuse_if_open()

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Allow a call, which must end with `answered` or `failed`.

        Raises StorageBusyError if the breaker is open.
        """
        with self._lock:
            self._refuse_if_open()
            tries = self._failures >= MAX_FAILURES
            self._trying = self._trying or tries
        try:
            yield
        finally:
            if tries:
                with self._lock:
                    self._trying = False

    def failed(self) -> None:
        """Count a call without an answer, or with a server error as its answer."""
        with self._lock:
            self._failures += 1
            opens = self._failures == MAX_FAILURES
            self._opened = monotonic()
        if opens:
            log.warning(
                "The storage %s failed %d times and is asked again later.", self.name, MAX_FAILURES
            )

    def answered(self) -> None:
        """Record that the service works."""
        with self._lock:
            closes = self._failures >= MAX_FAILURES
            self._failures = 0
        if closes:
            log.warning("The storage %s answers again.", self.name)

    def _refuse_if_open(self) -> None:
        if self._failures < MAX_FAILURES:
            return
        left = self._opened + PAUSE_SECONDS - monotonic()
        if left > 0 or self._trying:
            seconds = round(max(left, 1))
            text = ngettext(
                "The storage %(service)s did not answer. Pressroom tries again in %(seconds)s "
                "second.",
                "The storage %(service)s did not answer. Pressroom tries again in %(seconds)s "
                "seconds.",
                seconds,
            )
            raise StorageBusyError(text % {"service": self.name, "seconds": seconds})


class Call:
    """A running call."""

    def __init__(self) -> None:
        self.last_progress = monotonic()

    def made_progress(self) -> None:
        """Record that a chunk was received or sent: the service works."""
        self.last_progress = monotonic()


class Bulkhead:
    """Limits the number of concurrent calls, so that a hanging service blocks few threads."""

    def __init__(self, name: str, slots: Callable[[], int]) -> None:
        self.name = name
        self.slots = slots
        self._freed = Condition()
        self._calls: set[Call] = set()

    @contextmanager
    def turn(self) -> Iterator[Call]:
        """Take a slot. Raises StorageBusyError if the calls in all slots are stuck or too slow."""
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
        deadline = monotonic() + SLOT_TIMEOUT
        while len(self._calls) >= self.slots():
            stuck = max(call.last_progress for call in self._calls) + STUCK_SECONDS
            left = min(stuck, deadline) - monotonic()
            if left <= 0:
                raise StorageBusyError(
                    _(
                        "The storage %(service)s is slow, and too many requests are waiting for it "
                        "already."
                    )
                    % {"service": self.name}
                )
            self._freed.wait(left)

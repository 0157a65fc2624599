"""The worker: threads that do background jobs, in a web process or in `manage.py worker`.

E-mail and each lane of jobs have their own thread, so that a slow mail server does not delay
pictures, and pictures do not delay e-mails. The threads poll the database. A job that is added in
this process wakes them at once.
"""

import atexit
import logging
import threading
import time
from collections.abc import Callable
from functools import partial

from django.db import Error, close_old_connections, connection
from django.utils import timezone

from jobs import outbox, queue, wake
from jobs.models import Lane

log = logging.getLogger(__name__)

WEB_POLL_SECONDS = 10.0  # longer, because several web processes poll
WORKER_POLL_SECONDS = 2.0
PLAN_EVERY_SECONDS = 60.0
LOG_EVERY_SECONDS = 60.0

_lock = threading.Lock()
_threads: list[threading.Thread] = []


def start(every: float = WEB_POLL_SECONDS) -> None:
    """Run background jobs in this process from now on. `every` is the polling pause in seconds."""
    with _lock:
        if any(thread.is_alive() for thread in _threads):
            return
        wake.stopping.clear()
        _threads[:] = [
            threading.Thread(target=_run, args=[work, every], name=f"jobs: {name}", daemon=True)
            for name, work in LOOPS.items()
        ]
        for thread in _threads:
            thread.start()
        atexit.register(stop, 1.0)


def stop(seconds: float = 30.0) -> bool:
    """Stop after the running jobs, or after `seconds`. Return whether all of them ended.

    Jobs that did not end are released, so that another worker starts them again at once.
    """
    wake.stop()
    ends = time.monotonic() + seconds
    for thread in _threads:
        thread.join(max(0.0, ends - time.monotonic()))
    ended = not any(thread.is_alive() for thread in _threads)
    if not ended:
        try:
            queue.hand_back()
        except Exception as problem:
            log.warning("Unfinished jobs wait for their lease to end: %s", type(problem).__name__)
    atexit.unregister(stop)
    return ended


def _quick() -> None:
    global _planned_at
    if time.monotonic() - _planned_at >= PLAN_EVERY_SECONDS:
        queue.plan(timezone.now())
        _planned_at = time.monotonic()
    queue.work(Lane.QUICK)


_planned_at = float("-inf")
LOOPS: dict[str, Callable[[], object]] = {
    "e-mail": outbox.send_due,
    "quick": _quick,
    "files": partial(queue.work, Lane.FILES),
    "long": partial(queue.work, Lane.LONG),
}


def _may_log() -> bool:
    """Return True at most once a minute, for all threads together."""
    global _logged_at
    with _lock:
        due = time.monotonic() - _logged_at >= LOG_EVERY_SECONDS
        if due:
            _logged_at = time.monotonic()
        return due


_logged_at = float("-inf")


def _run(work: Callable[[], object], every: float) -> None:
    woken = threading.Event()
    wake.register(woken)
    while not wake.stopping.is_set():
        woken.clear()
        close_old_connections()
        try:
            work()
        except Error:
            # The database is unavailable, or its tables do not exist yet. The log handler needs
            # the exception: it recognises an outage, and counts it with the outages in requests.
            if _may_log():
                log.exception("Background jobs wait for the database.")
        except Exception:
            log.exception("A thread of background jobs failed.")
        finally:
            connection.close()
        woken.wait(every)

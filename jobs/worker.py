"""The worker: threads that look for work, in a web process or in `manage.py worker`.

E-mail and each lane of jobs have a thread, so that a mail server that hangs delays no picture, and
a picture delays no e-mail. All of them poll; work that is added in this process wakes them at once.
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

IN_A_WEB_PROCESS = 10.0  # seconds from one look to the next; several processes look
IN_A_WORKER = 2.0
PLAN_EVERY = 60.0
COMPLAIN_EVERY = 60.0

_start = threading.Lock()
_threads: list[threading.Thread] = []


def serve(every: float = IN_A_WEB_PROCESS) -> None:
    """Do background work in this process from now on; `every` is the pause in seconds."""
    with _start:
        if any(thread.is_alive() for thread in _threads):
            return
        wake.stopping.clear()
        _threads[:] = [
            threading.Thread(target=_run, args=[look, every], name=f"jobs: {name}", daemon=True)
            for name, look in LOOKS.items()
        ]
        for thread in _threads:
            thread.start()
        atexit.register(stop, 1.0)


def stop(seconds: float = 30.0) -> bool:
    """End after what is being done, within a time; hand back the rest. Return whether all ended.

    A job that is handed back is begun anew by another worker, without waiting for its lease.
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
    global _planned
    if time.monotonic() - _planned >= PLAN_EVERY:
        queue.plan(timezone.now())
        _planned = time.monotonic()
    queue.work(Lane.QUICK)


_planned = float("-inf")
LOOKS: dict[str, Callable[[], object]] = {
    "e-mail": outbox.deliver,
    "quick": _quick,
    "files": partial(queue.work, Lane.FILES),
    "long": partial(queue.work, Lane.LONG),
}


def _may_complain() -> bool:
    """Return True once a minute, for all threads together."""
    global _complained
    with _start:
        due = time.monotonic() - _complained >= COMPLAIN_EVERY
        if due:
            _complained = time.monotonic()
        return due


_complained = float("-inf")


def _run(look: Callable[[], object], every: float) -> None:
    woken = threading.Event()
    wake.register(woken)
    while not wake.stopping.is_set():
        woken.clear()
        close_old_connections()
        try:
            look()
        except Error:
            # The database is away, or there is no table yet. With the error itself, what writes the
            # log knows an outage, and counts it with those that readers meet.
            if _may_complain():
                log.exception("Background work waits.")
        except Exception:
            log.exception("Background work failed.")
        finally:
            connection.close()
        woken.wait(every)

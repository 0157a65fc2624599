"""Clearing what has expired: sessions, throttle counts, and uploads that were cut off.

Sessions and counts are in the database: a background job clears them once an hour. Temporary files
of uploads lie on each machine: each web process has a thread that looks for them when it starts and
once an hour; a lock in their folder lets one process of a machine do it. `manage.py tidy` does all
of it by hand. What is kept on purpose (records, versions, visits) is not touched.
"""

import fcntl
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import TextIO

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import close_old_connections, connection
from django.utils import timezone

from pressroom import uploads
from pressroom.outages import is_of_database
from previews import throttle

log = logging.getLogger(__name__)

EVERY = 60 * 60  # seconds from one run to the next, on one machine
LOOK_EVERY = 5 * 60  # seconds


@dataclass(frozen=True, slots=True)
class Chore:
    """Something that expires: how to count it, and how to clear it; both return how many."""

    name: str
    count: Callable[[], int]
    clear: Callable[[], int]


def _expired_sessions() -> int:
    return Session.objects.filter(expire_date__lt=timezone.now()).count()


def _clear_sessions() -> int:
    found = _expired_sessions()
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
    return found


def _expired_counts() -> int:
    return throttle.expired(timezone.now()).count()


def _clear_counts() -> int:
    cleared, _ = throttle.expired(timezone.now()).delete()
    return cleared


def _cut_off_uploads() -> int:
    return len(uploads.abandoned())


def _clear_uploads() -> int:
    uploads.prepare_folder()
    found = uploads.abandoned()
    for path in found:
        uploads.remove(path)
    return len(found)


UPLOADS = Chore("temporary files of uploads that were cut off", _cut_off_uploads, _clear_uploads)
IN_THE_DATABASE = [
    Chore("expired sessions", _expired_sessions, _clear_sessions),
    Chore("expired counts of wrong preview addresses", _expired_counts, _clear_counts),
]
CHORES = [UPLOADS, *IN_THE_DATABASE]


def tidy(chores: list[Chore] = CHORES, *, dry_run: bool = False) -> dict[str, int | None]:
    """Clear what has expired and return how many of each; None where it failed.

    A failure is logged in one line and does not keep the other chores from being done.
    """
    done: dict[str, int | None] = {}
    for chore in chores:
        try:
            done[chore.name] = chore.count() if dry_run else chore.clear()
        except Exception as problem:
            if is_of_database(problem):  # and so of every chore
                raise
            done[chore.name] = None
            log.error("Clearing failed (%s): %s", chore.name, " ".join(str(problem).split()))
    return done


def clear_everywhere() -> None:
    """Clear what has expired in the database. Raises RuntimeError if a part of it failed."""
    done = tidy(IN_THE_DATABASE)
    _log_cleared(done)
    if failed := [name for name, number in done.items() if number is None]:
        raise RuntimeError(f"Not cleared: {', '.join(failed)}. The log says why.")


# --- The schedule ------------------------------------------------------------------------------

_start = threading.Lock()
_thread: threading.Thread | None = None


def serve() -> None:
    """Clear temporary files of uploads from now on, in a process that serves the newsroom."""
    global _thread
    with _start:
        if not (_thread and _thread.is_alive()):
            _thread = threading.Thread(target=_run, name="housekeeping", daemon=True)
            _thread.start()


def clear_uploads_if_due() -> bool:
    """Clear them where the last run on this machine is an hour ago; return whether it was."""
    with _claim() as claim:
        if claim is None:
            return False
        last = float(claim.read() or 0)
        if 0 <= time.time() - last < EVERY:
            return False
        _log_cleared(tidy([UPLOADS]))
        claim.truncate(0)
        claim.write(str(time.time()))
        return True


def _clear_uploads_once() -> None:
    with _claim() as claim:
        if claim is not None:
            _log_cleared(tidy([UPLOADS]))


@contextmanager
def _claim() -> Iterator[TextIO | None]:
    """Lend the note of the last run to one process of this machine; the others get None.

    The kernel gives the lock back when a process ends, however it ends.
    """
    uploads.prepare_folder()
    with (uploads.folder() / ".tidy").open("a+") as note:
        try:
            fcntl.flock(note, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
        else:
            note.seek(0)
            yield note


def _run() -> None:
    _quietly(_clear_uploads_once)
    while True:
        _quietly(clear_uploads_if_due)
        time.sleep(LOOK_EVERY)


def _quietly(work: Callable[[], object]) -> None:
    """Do some work, and log in one line what went wrong: serving goes on."""
    close_old_connections()
    try:
        work()
    except Exception as problem:
        log.error("Housekeeping failed: %s", " ".join(str(problem).split()))
    finally:
        connection.close()


def _log_cleared(done: dict[str, int | None]) -> None:
    if cleared := [f"{number} {name}" for name, number in done.items() if number]:
        log.info("Cleared: %s", "; ".join(cleared))

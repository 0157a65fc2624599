"""Removes what has expired: sessions, counts of guesses, and uploads that were interrupted.

Sessions and counts are in the database. A background job removes them once an hour. Temporary files
of uploads are on each machine. Each web process has a thread that removes them when it starts and
once an hour. A lock in their folder lets only one process per machine do so. `manage.py tidy` does
all of this on demand. Records, versions and visits are kept on purpose.
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
from django.utils import timezone, translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts import expiry
from pressroom import uploads
from pressroom.outages import is_of_database
from previews import throttle

log = logging.getLogger(__name__)

RUN_EVERY = 60 * 60  # seconds between two runs on one machine
CHECK_EVERY = 5 * 60  # seconds


@dataclass(frozen=True, slots=True)
class Chore:
    """Something that expires. `count` and `clear` return the number of what has expired."""

    label: str | Promise
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
    cleared, _per_model = throttle.expired(timezone.now()).delete()
    return cleared


def _ended_guess_counts() -> int:
    return expiry.ended_counts(timezone.now()).count()


def _clear_guess_counts() -> int:
    cleared, _per_model = expiry.ended_counts(timezone.now()).delete()
    return cleared


def _interrupted_uploads() -> int:
    return len(uploads.abandoned())


def _clear_uploads() -> int:
    uploads.prepare_folder()
    found = uploads.abandoned()
    for path in found:
        uploads.remove(path)
    return len(found)


UPLOADS = Chore(_("temporary files of interrupted uploads"), _interrupted_uploads, _clear_uploads)
IN_THE_DATABASE = [
    Chore(_("expired sessions"), _expired_sessions, _clear_sessions),
    Chore(_("expired counts of wrong preview addresses"), _expired_counts, _clear_counts),
    Chore(_("ended counts of wrong passwords and codes"), _ended_guess_counts, _clear_guess_counts),
]
CHORES = [UPLOADS, *IN_THE_DATABASE]


def in_english(label: str | Promise) -> str:
    """Return a label in English, the language of the log."""
    with translation.override(None):
        return str(label)


def tidy(chores: list[Chore] = CHORES, *, dry_run: bool = False) -> dict[Chore, int | None]:
    """Remove what has expired. Return the number for each chore, or None if the chore failed.

    With `dry_run`, only count. A failure is logged in one line, and the other chores are still
    done. An outage of the database is raised.
    """
    done: dict[Chore, int | None] = {}
    for chore in chores:
        try:
            done[chore] = chore.count() if dry_run else chore.clear()
        except Exception as problem:
            if is_of_database(problem):  # every chore would fail
                raise
            done[chore] = None
            log.error(
                "Clearing failed (%s): %s", in_english(chore.label), " ".join(str(problem).split())
            )
    return done


def clear_everywhere() -> None:
    """Remove expired rows from the database. Raises RuntimeError if a chore failed."""
    done = tidy(IN_THE_DATABASE)
    _log_cleared(done)
    if failed := [in_english(chore.label) for chore, number in done.items() if number is None]:
        raise RuntimeError(f"Not cleared: {', '.join(failed)}. The log says why.")


# --- The schedule ------------------------------------------------------------------------------

_start = threading.Lock()
_thread: threading.Thread | None = None


def serve() -> None:
    """Start the thread of a web process that removes temporary files of uploads."""
    global _thread
    with _start:
        if not (_thread and _thread.is_alive()):
            _thread = threading.Thread(target=_run, name="housekeeping", daemon=True)
            _thread.start()


def clear_uploads_if_due() -> bool:
    """Remove temporary files if the last run on this machine was an hour ago.

    Return whether it was.
    """
    with _claim() as claim:
        if claim is None:
            return False
        last = float(claim.read() or 0)
        if 0 <= time.time() - last < RUN_EVERY:
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
    """Lock and yield the file with the time of the last run on this machine.

    Yield None if another process has locked it. The kernel releases the lock when a process ends,
    even if it is killed.
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
        time.sleep(CHECK_EVERY)


def _quietly(work: Callable[[], object]) -> None:
    """Call `work`. Log a failure in one line, because the site must keep running."""
    close_old_connections()
    try:
        work()
    except Exception as problem:
        log.error("Housekeeping failed: %s", " ".join(str(problem).split()))
    finally:
        connection.close()


def _log_cleared(done: dict[Chore, int | None]) -> None:
    if cleared := [
        f"{number} {in_english(chore.label)}" for chore, number in done.items() if number
    ]:
        log.info("Cleared: %s", "; ".join(cleared))

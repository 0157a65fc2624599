"""At most four password hashes at a time on a machine. Further requests are answered with 429.

A hash takes a large part of a second of a processor. Without a limit, a flood of sign-ins would
hold every thread and every processor, and no other page would be answered.
"""

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template import loader

from storing.folders import prepare_private
from storing.slots import lock_slot

log = logging.getLogger(__name__)

MAX_HASHES = 4  # at a time, in all web processes of a machine
RETRY_SECONDS = 2
# How long a request waits that proves something: a known browser, a link from an e-mail, a session.
# Otherwise a flood of strangers, who are refused at once, would hold all slots and keep everybody
# at the desk from signing in with a password, and from choosing one.
WAIT_SECONDS = 4.0
# The number of threads of this process that answer requests, 0 if unknown. Set by gunicorn.conf.py.
web_threads = 0

_here = threading.local()
_start = threading.Lock()
_places: threading.BoundedSemaphore | None = None


class TooManyHashesError(Exception):
    """All slots are in use. Nothing was checked."""


@contextmanager
def hash_slot(wait: float = 0) -> Iterator[None]:
    """Hold one of the slots in the block. Raises TooManyHashesError if none is free.

    `wait` is the number of seconds in which one may become free.

    A thread that already holds one takes no other. Commands need none: an operator waits for them.
    """
    if getattr(_here, "has_slot", False) or not getattr(_here, "answers", False):
        yield
        return
    places = _of_this_process()
    until = time.monotonic() + wait
    if not (places.acquire(timeout=wait) if wait else places.acquire(blocking=False)):
        raise TooManyHashesError
    slot = None
    try:
        slot = _lock_slot(until)
        _here.has_slot = True
        yield
    finally:
        _here.has_slot = False
        if slot is not None:
            os.close(slot)
        places.release()


class PasswordHashLimitMiddleware:
    """Limits the password hashes of requests, and answers 429 above the limit."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        _here.answers = True
        try:
            return self.get_response(request)
        finally:
            _here.answers = False

    def process_exception(self, request: HttpRequest, problem: Exception) -> HttpResponse | None:
        """Return a plain page that asks the user to try again."""
        if not isinstance(problem, TooManyHashesError):
            return None
        page = loader.get_template("429.html").render()
        return HttpResponse(page, status=429, headers={"Retry-After": str(RETRY_SECONDS)})


def _of_this_process() -> threading.BoundedSemaphore:
    """Return the places of this process: half of its threads, so that the others go on."""
    global _places
    with _start:
        if _places is None:
            _places = threading.BoundedSemaphore(max(1, web_threads // 2 or MAX_HASHES))
    return _places


def _lock_slot(until: float) -> int | None:
    """Lock a slot of this machine, and return its file descriptor. Raises TooManyHashesError.

    Without a folder for the slots, the limit is the one of each process.
    """
    folder = Path(settings.FILE_UPLOAD_TEMP_DIR)
    try:
        prepare_private(folder)
        slot = lock_slot(folder, "password-hash", MAX_HASHES, until - time.monotonic())
    except OSError as problem:
        log.error("Password hashes can’t be counted for the whole machine: %s", problem)
        return None
    if slot is None:
        raise TooManyHashesError
    return slot

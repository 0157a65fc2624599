"""Code for both folder and bucket: errors, stored files, and limits on waiting threads."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime

# The number of threads of this process that answer requests, 0 if unknown. Set by gunicorn.conf.py.
web_threads = 0
_in_background: ContextVar[bool] = ContextVar("in_background", default=False)


class StorageError(OSError):
    """Stored files can't be reached. The text has the reason and what to do, but no keys.

    `errno` is the error number of the disk if a file could not be written, otherwise None.
    """

    def __init__(self, message: str, number: int | None = None) -> None:
        super().__init__(message)
        self.errno = number


class StorageBusyError(StorageError):
    """The call was refused, because the storage did not answer earlier calls (already logged)."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file in a listing of the storage; `size` in bytes, `modified` in UTC."""

    name: str
    size: int
    modified: datetime


@contextmanager
def in_background() -> Iterator[None]:
    """Mark work that no reader waits for. Its calls use a separate slot, not those for readers."""
    before = _in_background.set(True)
    try:
        yield
    finally:
        _in_background.reset(before)


def is_in_background() -> bool:
    return _in_background.get()


def max_waiting() -> int:
    """Return how many threads of this process may wait for the bucket at the same time.

    This is half of the threads that answer requests, so that the other half can answer requests
    that need no file. It is one if their number is unknown.
    """
    return max(1, web_threads // 2)

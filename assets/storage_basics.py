"""What a folder and a bucket have in common: errors, stored files, and who may wait for them."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime

# How many threads of this process answer readers, 0 if unknown; gunicorn.conf.py sets it.
web_threads = 0
_in_background: ContextVar[bool] = ContextVar("in_background", default=False)


class StorageError(OSError):
    """Stored files can't be reached; the text says why and what to do, and contains no key.

    `errno` is the error number of the disk if a file could not be written, None otherwise.
    """

    def __init__(self, message: str, number: int | None = None) -> None:
        super().__init__(message)
        self.errno = number


class StorageBusyError(StorageError):
    """The storage was not asked, since it did not answer before; the log has that already."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file in a listing of the storage; `size` in bytes, `modified` in UTC."""

    name: str
    size: int
    modified: datetime


@contextmanager
def in_background() -> Iterator[None]:
    """Mark work that no reader waits for: it takes no share of the bucket from readers."""
    before = _in_background.set(True)
    try:
        yield
    finally:
        _in_background.reset(before)


def is_in_background() -> bool:
    return _in_background.get()


def max_waiting() -> int:
    """Return how many threads of this process may wait for the bucket at the same time.

    Half of those that answer readers, so that the other half answers requests that need no file;
    one if their number is unknown.
    """
    return max(1, web_threads // 2)

"""Counts what runs at the same time in all processes of a machine, by locks of files."""

import fcntl
import os
import time
from pathlib import Path

_POLL_SECONDS = 0.005


def lock_slot(folder: Path, name: str, slots: int, wait: float = 0) -> int | None:
    """Lock one of the slots with a name in a folder, and return its file descriptor.

    Returns None if none becomes free within `wait` seconds. The lock ends when the descriptor is
    closed, also when the process is killed. The files begin with a dot, so that housekeeping does
    not remove them. Raises OSError.
    """
    until = time.monotonic() + wait
    while True:
        for number in range(slots):
            path = folder / f".{name}-{number}"
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
            else:
                return descriptor
        if time.monotonic() >= until:
            return None
        time.sleep(_POLL_SECONDS)

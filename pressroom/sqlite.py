"""File permissions of an SQLite database, and a lock for `migrate`."""

import fcntl
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper


def file_of(connection: BaseDatabaseWrapper) -> Path | None:
    """Return the file of an SQLite database, or None for other databases and those in memory."""
    name = str(connection.settings_dict["NAME"])
    if connection.vendor != "sqlite" or name.startswith(("file:", ":memory:")):
        return None
    return Path(name)


def others_may_read(path: Path) -> bool:
    """Return whether other users of the machine may read or write an existing file."""
    return path.exists() and bool(stat.S_IMODE(path.stat().st_mode) & 0o077)


def keep_private(sender: Any, connection: BaseDatabaseWrapper, **more: Any) -> None:
    """Make a new database file private. SQLite creates it with the permissions of the umask.

    A file that has tables keeps its permissions, because its owner may have set them. SQLite gives
    the files next to it the same permissions.
    """
    path = file_of(connection)
    if path and others_may_read(path):
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM sqlite_master LIMIT 1")
            if cursor.fetchone() is None:
                for file in (path, *path.parent.glob(f"{path.name}-*")):
                    file.chmod(0o600)


@contextmanager
def lock_for_migration(path: Path, wait: Callable[[], None]) -> Iterator[None]:
    """Let only one process at a time run the block. Call `wait` again and again until it is free.

    The lock has its own file, because closing the database file in this process would release the
    locks that SQLite holds on it. The kernel releases the lock when the process ends.
    """
    file = os.open(f"{path}.migrate-lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                wait()
        yield
    finally:
        os.close(file)

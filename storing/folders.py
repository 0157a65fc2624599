"""Folders for temporary files, which only this user may enter."""

import os
import stat
from contextlib import suppress
from pathlib import Path


def prepare_private(folder: Path) -> None:
    """Create a folder, or touch it, so that the system does not delete it as unused.

    Raises PermissionError if the folder belongs to another user or is open to others: in a shared
    temporary folder, anybody can create a folder of this name first.
    """
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700, parents=True)
    found = folder.lstat()
    private = stat.S_ISDIR(found.st_mode) and not stat.S_IMODE(found.st_mode) & 0o077
    if not private or found.st_uid != os.geteuid():
        raise PermissionError(
            f"{folder} is not a folder that this user alone may enter. Remove it, or set TMPDIR "
            "to a folder of Pressroom's own."
        )
    os.utime(folder)

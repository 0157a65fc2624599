"""The only door to stored files in what differs between a folder and a bucket.

What does not differ is Django's own: `default_storage.open`, `exists`, `delete`, `listdir`.
"""

import errno
from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import default_storage, storages

if TYPE_CHECKING:
    from assets.bucket import Bucket


class StorageError(OSError):
    """Stored files are out of reach; its text says why and what to do, and holds no key."""


def the_bucket() -> "Bucket | None":
    """Return the bucket that files are kept in, None where it is a folder."""
    return cast("Bucket", storages["default"]) if settings.S3_BUCKET else None


def signed_address(name: str, *, filename: str, content_type: str) -> str | None:
    """Return an address at which anybody gets a file from the bucket; None where it is a folder.

    It works for S3_URL_SECONDS and cannot be taken back, so ask the gate before giving it out.
    Browsers save what they get there under the file name, show none of it and keep no copy.
    """
    if bucket := the_bucket():
        return bucket.signed_address(name, filename=filename, content_type=content_type)
    return None


def replace(name: str, content: File) -> None:
    """Store a file under a name in place of what was there, which a bucket keeps as a version."""
    if bucket := the_bucket():
        bucket.replace(name, content)
    else:
        default_storage.delete(name)
        default_storage.save(name, content)


def remove_folder(path: str) -> int:
    """Remove a folder with all that is in it; return how many files went."""
    try:
        folders, files = default_storage.listdir(path)
    except FileNotFoundError:
        return 0
    removed = sum(remove_folder(f"{path}/{folder}") for folder in folders)
    for file in files:
        default_storage.delete(f"{path}/{file}")
    if the_bucket() is None:  # a bucket has no folders, and would keep a mark of the deletion
        try:
            default_storage.delete(path)
        except OSError as problem:
            # Renditions are being made there at this moment: assets.making removes those itself.
            if problem.errno != errno.ENOTEMPTY:
                raise
    return removed + len(files)


def names_below(path: str) -> Iterator[str]:
    """Yield the name of every stored file in a folder and in those below it."""
    try:
        folders, files = default_storage.listdir(path)
    except FileNotFoundError:
        return
    yield from (f"{path}/{file}" for file in files)
    for folder in folders:
        yield from names_below(f"{path}/{folder}")


def is_reachable() -> bool:
    """Return True where stored files are in reach, at the price of one small question.

    Raises OSError, saying why, where they are not.
    """
    if bucket := the_bucket():
        bucket.ask("head_bucket")
    else:
        default_storage.listdir("")
    return True

"""The only door to stored files in what differs between a folder and a bucket.

What does not differ is Django's own: `default_storage.open`, `exists`, `delete`, `listdir`.
"""

import errno
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any, cast

from django.conf import settings
from django.core.files.base import File
from django.core.files.move import file_move_safe
from django.core.files.storage import FileSystemStorage, default_storage, storages
from django.utils.translation import gettext

# How many threads of this process answer readers; gunicorn.conf.py sets it. 0: nobody said.
web_threads = 0
_in_background: ContextVar[bool] = ContextVar("in_background", default=False)


class StorageError(OSError):
    """Stored files are out of reach; its text says why and what to do, and holds no key.

    `errno` is what the disk said when a file could not be written, None otherwise.
    """

    def __init__(self, words: str, number: int | None = None) -> None:
        super().__init__(words)
        self.errno = number


class StorageBusy(StorageError):
    """The storage was not asked, since it did not answer before; that is in the log already."""


# What a disk says, and what can be done; the rest is in its own words.
_ADVICE = {
    errno.ENOSPC: "The disk is full. Make room on it.",
    errno.EDQUOT: "The quota of the disk is used up. Make room, or raise it.",
    errno.EFBIG: "The file is larger than this process may write.",
    errno.EROFS: "The disk is read-only. Look for its faults, and mount it again.",
    errno.EACCES: "The user of Pressroom may not do that. Change owner or mode.",
    errno.EPERM: "The user of Pressroom may not do that. Change owner or mode.",
}
PROBE_BYTES = 4096  # a block of most disks


@contextmanager
def _in_words(*, writes: bool) -> Iterator[None]:
    """Turn what a disk says into a StorageError. A file that is not there stays what it is."""
    try:
        yield
    except (StorageError, FileNotFoundError, FileExistsError, IsADirectoryError):
        raise
    except OSError as problem:
        if problem.errno in (errno.ENOTEMPTY, errno.ENAMETOOLONG):
            raise
        advice = _ADVICE.get(problem.errno or 0, f"{str(problem).rstrip('.')}.")
        raise StorageError(
            f"{settings.MEDIA_ROOT} cannot be {'written' if writes else 'read'}. {advice}",
            problem.errno if writes else None,
        ) from problem


class Folder(FileSystemStorage):
    """A folder whose faults are those of a bucket, and in which no file is ever half-written."""

    def _open(self, name: str, mode: str = "rb") -> File:
        with _in_words(writes="r" not in mode):
            return super()._open(name, mode)  # type: ignore[misc]  # the stubs have it not

    def _save(self, name: str, content: File) -> str:
        with self._written(name, content) as path:
            while True:
                try:
                    file_move_safe(path, self.path(name))
                    return name
                except FileExistsError:  # somebody was faster
                    name = self.get_available_name(name)

    def replace(self, name: str, content: File) -> None:
        """Store a file under a name, whatever was there; that stays if this fails."""
        with self._written(name, content) as path:
            os.replace(path, self.path(name))

    @contextmanager
    def _written(self, name: str, content: File) -> Iterator[str]:
        """Write a file beside its name, and remove it and its new folders if anything fails."""
        part = str(PurePosixPath(name).with_name(f".{secrets.token_hex(8)}.part"))
        with _in_words(writes=True):
            try:
                super()._save(part, content)  # type: ignore[misc]
                # Django moves a large upload by writes whose length it does not look at.
                if os.path.getsize(self.path(part)) < (content.size or 0):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                yield self.path(part)
            except BaseException:
                with suppress(OSError):
                    os.unlink(self.path(part))
                self.remove_empty_folders(name)
                raise

    def remove_empty_folders(self, name: str) -> None:
        """Remove the folders around a name that are empty, except those at the top."""
        with suppress(OSError):  # something else lies there
            for folder in list(PurePosixPath(name).parents)[:-2]:
                os.rmdir(self.path(str(folder)))

    def delete(self, name: str) -> None:
        with _in_words(writes=True):
            super().delete(name)

    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        with _in_words(writes=False):
            return super().listdir(path)

    def size(self, name: str) -> int:
        with _in_words(writes=False):
            return super().size(name)


def in_words(problem: OSError) -> str:
    """Return why a file was not stored, as the middle of a sentence for an editor."""
    if problem.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return gettext("the disk of the newsroom is full")
    if problem.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return gettext("our files cannot be written at the moment")
    return gettext("our files are out of reach for the moment")


def probe(folder: str | os.PathLike[str], size: int = PROBE_BYTES) -> None:
    """Write some bytes to a file without a name in a folder. Raises OSError if that fails."""
    with tempfile.TemporaryFile(dir=folder) as file:
        while size > 0:
            size -= file.write(bytes(min(size, 1024 * 1024)))


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file as a listing of the storage shows it; `size` in bytes, `modified` in UTC."""

    name: str
    size: int
    modified: datetime


def the_bucket() -> Any:
    """Return the bucket (an `assets.bucket.Bucket`), None if files are kept in a folder."""
    return storages["default"] if settings.S3_BUCKET else None


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
        cast(Folder, storages["default"]).replace(name, content)


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


def listed(folder: str) -> Iterator[StoredFile]:
    """Yield every file below a folder such as `originals/`, ordered by name, without opening it.

    A bucket is asked once for each 1000 files. Raises OSError where the storage does not answer.
    """
    if bucket := the_bucket():
        yield from bucket.listed(folder)
    else:
        yield from _listed_below(folder.rstrip("/"))


def _listed_below(folder: str) -> Iterator[StoredFile]:
    try:
        with os.scandir(default_storage.path(folder)) as found:
            entries = sorted(found, key=lambda entry: entry.name)
        for entry in entries:
            name = f"{folder}/{entry.name}"
            if entry.is_dir():
                yield from _listed_below(name)
                continue
            about = entry.stat()
            yield StoredFile(name, about.st_size, datetime.fromtimestamp(about.st_mtime, UTC))
    except FileNotFoundError:
        return  # removed meanwhile


@contextmanager
def in_background() -> Iterator[None]:
    """Mark work that no reader waits for: it takes no share of the bucket from those who do."""
    before = _in_background.set(True)
    try:
        yield
    finally:
        _in_background.reset(before)


def is_in_background() -> bool:
    return _in_background.get()


def most_waiting() -> int:
    """Return how many threads of this process may wait for the bucket at the same time.

    Half of those that answer readers, so that the other half answers what needs no file; one where
    nobody said how many there are.
    """
    return max(1, web_threads // 2)


def has_answered() -> bool:
    """Whether the bucket has answered this process before; False where it is a folder."""
    bucket = the_bucket()
    return bucket is not None and bucket.has_answered


def remove(name: str) -> None:
    """Remove a file, and in a folder the folders that are empty without it."""
    default_storage.delete(name)
    if the_bucket() is None:
        cast(Folder, storages["default"]).remove_empty_folders(name)


def is_reachable() -> bool:
    """Return True where stored files are in reach, at the price of one small question.

    Raises OSError, saying why, where they are not.
    """
    if bucket := the_bucket():
        bucket.answers()
    elif not os.path.isdir(settings.MEDIA_ROOT):
        raise FileNotFoundError(f"There is no folder {settings.MEDIA_ROOT}. Make it, or mount it.")
    else:
        default_storage.listdir("")
    return True


def takes_files(size: int = PROBE_BYTES) -> bool:
    """Return True where a file of so many bytes can be stored; a bucket is asked if it answers.

    Raises OSError, saying why, where it cannot.
    """
    is_reachable()
    if the_bucket() is None:
        with _in_words(writes=True):
            probe(settings.MEDIA_ROOT, size)
    return True

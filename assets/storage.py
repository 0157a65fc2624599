"""The operations that differ between files in a folder and in a bucket.

For everything else, use Django's `default_storage`: `open`, `exists`, `delete`, `listdir`.
"""

import errno
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, cast

from django.conf import settings
from django.core.files.base import File
from django.core.files.move import file_move_safe
from django.core.files.storage import FileSystemStorage, default_storage, storages
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from assets.storage_basics import StorageError, StoredFile

if TYPE_CHECKING:
    from assets.bucket import Bucket


# Advice for operators about disk errors.
_ADVICE = {
    errno.ENOSPC: gettext_lazy("The disk is full. Free some space."),
    errno.EDQUOT: gettext_lazy("The disk quota is used up. Free some space, or raise the quota."),
    errno.EFBIG: gettext_lazy("The file is larger than this process may write."),
    errno.EROFS: gettext_lazy("The disk is read-only. Check it for errors, and mount it again."),
    errno.EACCES: gettext_lazy("Pressroom’s user has no permission. Change the owner or the mode."),
    errno.EPERM: gettext_lazy("Pressroom’s user has no permission. Change the owner or the mode."),
}
PROBE_BYTES = 4096  # one block of most disks


@contextmanager
def _as_storage_error(*, writes: bool) -> Iterator[None]:
    """Turn a disk error into a StorageError; errors such as FileNotFoundError stay unchanged."""
    try:
        yield
    except (StorageError, FileNotFoundError, FileExistsError, IsADirectoryError):
        raise
    except OSError as problem:
        if problem.errno in (errno.ENOTEMPTY, errno.ENAMETOOLONG):
            raise
        advice = _ADVICE.get(problem.errno or 0, f"{str(problem).rstrip('.')}.")
        values = {"path": settings.MEDIA_ROOT, "advice": advice}
        if writes:
            message = _("%(path)s can’t be written. %(advice)s") % values
            raise StorageError(message, problem.errno) from problem
        raise StorageError(_("%(path)s can’t be read. %(advice)s") % values) from problem


class Folder(FileSystemStorage):
    """A folder that raises the same errors as a bucket and never contains incomplete files."""

    def _open(self, name: str, mode: str = "rb") -> File:
        with _as_storage_error(writes="r" not in mode):
            return super()._open(name, mode)  # type: ignore[misc]  # missing in the stubs

    def _save(self, name: str, content: File) -> str:
        with self._written(name, content) as path:
            while True:
                try:
                    file_move_safe(path, self.path(name))
                    return name
                except FileExistsError:  # another process was faster
                    name = self.get_available_name(name)

    def replace(self, name: str, content: File) -> None:
        """Store a file under a name and replace the existing file, which stays if this fails."""
        with self._written(name, content) as path:
            os.replace(path, self.path(name))

    @contextmanager
    def _written(self, name: str, content: File) -> Iterator[str]:
        """Write a temporary file in the folder of `name`, and yield its path.

        If anything fails, it and its new folders are removed.
        """
        part = str(PurePosixPath(name).with_name(f".{secrets.token_hex(8)}.part"))
        with _as_storage_error(writes=True):
            try:
                super()._save(part, content)  # type: ignore[misc]
                # Django does not check the length of its writes when it moves a large upload.
                if os.path.getsize(self.path(part)) < (content.size or 0):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                yield self.path(part)
            except BaseException:
                with suppress(OSError):
                    os.unlink(self.path(part))
                self.remove_empty_folders(name)
                raise

    def remove_empty_folders(self, name: str) -> None:
        """Remove the empty parent folders of a name, except the top folder."""
        with suppress(OSError):  # it is not empty
            for folder in list(PurePosixPath(name).parents)[:-2]:
                os.rmdir(self.path(str(folder)))

    def delete(self, name: str) -> None:
        with _as_storage_error(writes=True):
            super().delete(name)

    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        with _as_storage_error(writes=False):
            return super().listdir(path)

    def size(self, name: str) -> int:
        with _as_storage_error(writes=False):
            return super().size(name)


def reason_for_editors(problem: OSError) -> str:
    """Return the reason why a file was not stored, for the middle of a sentence to editors."""
    if problem.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return _("the disk of the newsroom is full")
    if problem.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return _("our files can’t be written at the moment")
    return _("our files can’t be reached at the moment")


def probe(folder: str | os.PathLike[str], size: int = PROBE_BYTES) -> None:
    """Write `size` bytes to a temporary file in a folder. Raises OSError if that fails."""
    with tempfile.TemporaryFile(dir=folder) as file:
        while size > 0:
            size -= file.write(bytes(min(size, 1024 * 1024)))


def the_bucket() -> "Bucket | None":
    """Return the bucket, or None if files are stored in a folder."""
    return cast("Bucket", storages["default"]) if settings.S3_BUCKET else None


def signed_address(name: str, *, filename: str, content_type: str) -> str | None:
    """Return a signed address of a file in the bucket, or None if files are stored in a folder.

    Anyone can use it for S3_URL_SECONDS and it can't be revoked, so check first that the file is
    public. Browsers save the file as `filename`; they do not display it or cache it.
    """
    if bucket := the_bucket():
        return bucket.signed_address(name, filename=filename, content_type=content_type)
    return None


def replace(name: str, content: File) -> None:
    """Store a file under a name and replace the existing file; a bucket keeps it as a version."""
    if bucket := the_bucket():
        bucket.replace(name, content)
    else:
        cast(Folder, storages["default"]).replace(name, content)


def remove_folder(path: str) -> int:
    """Remove a folder with its content; return the number of removed files."""
    try:
        folders, files = default_storage.listdir(path)
    except FileNotFoundError:
        return 0
    removed = sum(remove_folder(f"{path}/{folder}") for folder in folders)
    for file in files:
        default_storage.delete(f"{path}/{file}")
    if the_bucket() is None:  # a bucket has no folders, and would store a delete marker
        try:
            default_storage.delete(path)
        except OSError as problem:
            # Renditions are being stored in it now. assets.processing removes them later.
            if problem.errno != errno.ENOTEMPTY:
                raise
    return removed + len(files)


def listed(folder: str) -> Iterator[StoredFile]:
    """Yield every file below a folder such as `originals/`, ordered by name, without opening it.

    A bucket needs one request per 1000 files. Raises OSError if the storage does not answer.
    """
    if bucket := the_bucket():
        yield from bucket.listed(folder)
    else:
        yield from _listed_below(folder.rstrip("/"))


def _listed_below(folder: str) -> Iterator[StoredFile]:
    try:
        with os.scandir(default_storage.path(folder)) as listed_entries:
            entries = sorted(listed_entries, key=lambda entry: entry.name)
        for entry in entries:
            name = f"{folder}/{entry.name}"
            if entry.is_dir():
                yield from _listed_below(name)
                continue
            status = entry.stat()
            yield StoredFile(name, status.st_size, datetime.fromtimestamp(status.st_mtime, UTC))
    except FileNotFoundError:
        return  # another process has removed it


def has_answered() -> bool:
    """Return whether the bucket has answered this process before; False for a folder."""
    bucket = the_bucket()
    return bucket is not None and bucket.has_answered


def remove(name: str) -> None:
    """Remove a file, and its parent folders that are then empty."""
    default_storage.delete(name)
    if the_bucket() is None:
        cast(Folder, storages["default"]).remove_empty_folders(name)


def check_reachable() -> None:
    """Send one small request to the storage. Raises OSError with the reason if it fails."""
    if bucket := the_bucket():
        bucket.check_reachable()
    elif not os.path.isdir(settings.MEDIA_ROOT):
        raise FileNotFoundError(
            _("There is no folder %(path)s. Create or mount it.") % {"path": settings.MEDIA_ROOT}
        )
    else:
        default_storage.listdir("")


def check_writable(size: int = PROBE_BYTES) -> None:
    """Check that a file of `size` bytes can be stored. A bucket must only be reachable.

    Raises OSError with the reason if the check fails.
    """
    check_reachable()
    if the_bucket() is None:
        with _as_storage_error(writes=True):
            probe(settings.MEDIA_ROOT, size)

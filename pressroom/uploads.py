"""The folder for incoming uploads, and the removal of files that killed processes left in it."""

import io
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.http.multipartparser import MultiPartParser
from django.utils.translation import gettext

from assets import storage
from assets.file_names import safe_name
from storing.folders import prepare_private

log = logging.getLogger(__name__)

KEEP_SECONDS = 2 * 60 * 60  # for files that no process has open


class NotStored(UploadedFile):
    """Replaces an uploaded file that could not be stored, so that its field shows an error."""

    def __init__(self, name: str, problem: OSError) -> None:
        self.problem = problem
        super().__init__(io.BytesIO(), name)

    def read(self, *args: Any) -> bytes:
        """Raise StorageError, so that it is not treated as an empty file."""
        raise storage.StorageError(f"{folder()} takes no uploads.", self.problem.errno)

    open = chunks = read  # type: ignore[assignment]

    @property
    def size(self) -> int:
        """Raise ValidationError: every form reads the size before it accepts a file."""
        raise ValidationError(
            gettext("%(file)s was not stored: %(why)s. Choose it again in a minute.")
            % {"file": self.name, "why": storage.reason_for_editors(self.problem)}
        )

    @size.setter
    def size(self, size: int | None) -> None:
        pass


class _NamingParser(MultiPartParser):
    """Gives files safe names. Django's parser silently drops a file named “.” or a backslash."""

    def sanitize_file_name(self, file_name: str) -> str:
        return safe_name(super().sanitize_file_name(file_name) or "")


class UploadHandler(TemporaryFileUploadHandler):
    """Writes large uploads to our folder, which other users cannot read or list.

    If a file cannot be written, the other fields of the form are still read.
    """

    problem: OSError | None = None
    parsing = False

    def handle_raw_input(
        self,
        input_data: Any,
        META: dict[str, Any],
        content_length: int,
        boundary: str,
        encoding: str | None = None,
    ) -> Any:
        """Parse a form with a parser that gives each file a safe name."""
        if self.parsing or self.request is None:
            return None
        self.parsing = True
        handlers = self.request.upload_handlers
        return _NamingParser(META, input_data, handlers, encoding).parse()

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        self.problem = None
        vars(self).pop("file", None)  # of the previous file in the form
        with self._record_error():
            prepare_folder()
            super().new_file(*args, **kwargs)
        if self.problem is not None:  # not set yet if prepare_folder() failed
            self.file_name = args[1]

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if self.problem is None:
            with self._record_error():
                super().receive_data_chunk(raw_data, start)

    def file_complete(self, file_size: int) -> Any:
        if self.problem is None:
            with self._record_error():
                self.file.flush()
                return super().file_complete(file_size)
        return NotStored(str(self.file_name), self.problem)

    @contextmanager
    def _record_error(self) -> Iterator[None]:
        try:
            yield
        except OSError as problem:
            self.problem = problem
            message = "An upload was not stored in %s: %s"
            log.error(message, folder(), " ".join(str(problem).split()))
            if file := getattr(self, "file", None):
                with suppress(OSError):
                    os.unlink(file.temporary_file_path())
                with suppress(OSError):
                    file.close()


def takes_files(size: int = storage.PROBE_BYTES) -> bool:
    """Return True if there is space for an upload of `size` bytes. Raises OSError if not."""
    prepare_folder()
    storage.probe(folder(), size)
    return True


def folder() -> Path:
    return Path(settings.FILE_UPLOAD_TEMP_DIR)


def prepare_folder() -> None:
    """Create the folder for uploads, or touch it. Raises PermissionError if it is not private."""
    prepare_private(folder())


def abandoned(at: float | None = None) -> list[Path]:
    """Return the old files of uploads that no process has open, sorted by path.

    `at` is the current time in seconds since 1970. Files younger than KEEP_SECONDS are left out.
    """
    before = (time.time() if at is None else at) - KEEP_SECONDS
    try:
        found = [entry for entry in os.scandir(folder()) if entry.is_file(follow_symlinks=False)]
    except FileNotFoundError:
        return []
    old = [entry for entry in found if entry.name[0] != "." and _changed(entry) < before]
    if not old:
        return []
    in_use = set(_open_files())
    return sorted(
        Path(entry.path)
        for entry in old
        if (entry.stat().st_dev, entry.stat().st_ino) not in in_use
    )


def remove(path: Path) -> None:
    """Remove a file of an upload, if another process has not already done so."""
    with suppress(FileNotFoundError):
        path.unlink()


def _changed(entry: os.DirEntry[str]) -> float:
    try:
        return entry.stat(follow_symlinks=False).st_mtime
    except FileNotFoundError:
        return time.time()


def _open_files() -> Iterator[tuple[int, int]]:
    """Yield device and inode of every file that a process of this user has open (Linux)."""
    for process in Path("/proc").glob("[0-9]*/fd"):
        with suppress(OSError):
            for descriptor in os.scandir(process):
                with suppress(OSError):
                    found = descriptor.stat()
                    yield found.st_dev, found.st_ino

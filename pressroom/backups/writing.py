"""Writes a backup while the site runs: first the files, then a snapshot and its new files."""

import errno
import json
import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import Error, connection
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from assets import storage
from assets.named_files import NamedFile, named_files
from pressroom.backups import databases
from pressroom.backups.contents import (
    DUMPS,
    FORMAT,
    MANIFEST,
    MEDIA,
    PARTIAL,
    SUMS,
    Backup,
    BackupError,
    Progress,
    Sums,
    copy_and_digest,
    digest_of,
    lock_folder,
    open_plain,
    version,
)

ROUNDS = 5  # of copying, because files may be deleted while they are copied
PAUSE = 1  # seconds between two rounds

Report = Callable[[str], object]


def write(
    folder: Path,
    *,
    report: Report,
    progress: Progress,
    with_renditions: bool = True,
    verify: bool = True,
) -> Backup:
    """Write a backup of the database and the files named in it to a new folder in `folder`.

    It does not block writers. After an error it leaves no files, and raises BackupError. Files that
    are missing from the storage or have changed there are in the manifest as `missing` and
    `damaged`.
    """
    mask = os.umask(0o077)  # only the owner may read a backup
    try:
        databases.refuse_tools("pg_dump", "pg_restore")
        if verify:
            databases.refuse_verification()
        folder = _prepared(folder)
        busy = _(
            "Another backup or a restore is running in %(folder)s. Wait until it has finished."
        ) % {"folder": folder}
        with lock_folder(folder, busy):
            return _write(folder, report, progress, with_renditions, verify)
    except (OSError, sqlite3.Error) as problem:
        raise BackupError(_message(problem, folder)) from problem
    except Error as problem:
        raise BackupError(databases.error_message(problem)) from problem
    finally:
        os.umask(mask)


def _write(
    folder: Path, report: Report, progress: Progress, with_renditions: bool, verify: bool
) -> Backup:
    for left in sorted(folder.glob(f"pressroom-*{PARTIAL}")):
        shutil.rmtree(left)
        report(_("Removed %(name)s, left by a backup that was stopped.") % {"name": left.name})
    former = Backup.newest(folder)
    whole = _free_name(folder)
    partial = whole.with_name(whole.name + PARTIAL)
    partial.mkdir()
    try:
        begun = timezone.now()
        files = Files(partial, former, progress)
        files.round(named_files(with_renditions=with_renditions))
        for attempts_left in reversed(range(ROUNDS)):
            time.sleep(PAUSE if files.missing or files.damaged else 0)
            moment = timezone.now()
            with databases.snapshot():
                files.round(named_files(with_renditions=with_renditions), last=not attempts_left)
                if (files.missing or files.damaged) and attempts_left:
                    continue  # a file was deleted during this round, or is lost
                copied_files = len(files.sums)
                text = ngettext(
                    "%(number)d file is copied. Writing the database.",
                    "%(number)d files are copied. Writing the database.",
                    copied_files,
                )
                report(text % {"number": copied_files})
                dump = partial / DUMPS[connection.vendor]
                databases.dump(dump)
                rows = databases.row_counts(connection)
                migrations = databases.applied_migrations(connection)
                break
        files.remove_unnamed()
        if verify:
            report(_("Checking the backup."))
            files.read_back()
            databases.verify(dump, rows, migrations)
        number, weight = len(files.sums), files.bytes()
        files.sums.add(dump.name, digest_of(partial, dump.name))
        files.sums.write(partial / SUMS)
        manifest: dict[str, Any] = {
            "format": FORMAT,
            "version": version(),
            "begun": begun.isoformat(),
            "snapshot": moment.isoformat(),
            "ended": timezone.now().isoformat(),
            "database": {
                "engine": connection.vendor,
                "server": databases.server_version(),
                "file": dump.name,
                "left_out": list(databases.LEFT_OUT),
            },
            "migrations": sorted(migrations),
            "rows": rows,
            "files": {
                "number": number,
                "bytes": weight,
                "with_renditions": with_renditions,
                "sums": digest_of(partial, SUMS),
                "missing": files.missing,
                "damaged": files.damaged,
            },
            "verified": verify,
        }
        (partial / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n")
        os.sync()  # a name without .partial means a complete backup, even after a power cut
        partial.rename(whole)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return Backup(whole, manifest)


class Files:
    """The files of a backup while it is being written."""

    def __init__(self, folder: Path, former: Backup | None, progress: Progress) -> None:
        self.folder, self.progress = folder, progress
        self.sums = Sums()
        self.linked = Sums()  # hard links to the former backup, already checked
        self.missing: list[str] = []
        self.damaged: list[str] = []
        self._number = 0
        self._former, self._former_sums = former, Sums()
        if former:
            with suppress(BackupError, OSError):  # without these digests, every file is copied
                self._former_sums = former.sums()

    def round(self, files: Generator[NamedFile, None, None], *, last: bool = False) -> None:
        """Copy each new file, and note which are missing or have changed.

        In the last round, a file that does not match its row is copied as it is.
        """
        self._number += 1
        self.missing, self.damaged = [], []
        with closing(files):
            for number, file in enumerate(files, start=1):
                self.progress(_("files seen"), number)
                if self.sums.mark(self._path_in_backup(file), self._number) or self._link(file):
                    continue
                if (problems := self._copy(file, keep_changed=last)) is not None:
                    problems.append(file.name)

    def remove_unnamed(self) -> None:
        """Remove the files that were not named in the last round."""
        for name in self.sums.not_marked(self._number):
            (self.folder / name).unlink()
            self.sums.remove(name)

    def read_back(self) -> None:
        """Read each file that was copied. Raises BackupError if the disk has changed one."""
        for number, (name, digest) in enumerate(self.sums, start=1):
            self.progress(_("files read back"), number)
            if name in self.linked:
                continue
            if digest_of(self.folder, name) != digest:
                raise BackupError(
                    _("%(file)s has changed since it was written. Check the disk.") % {"file": name}
                )

    def bytes(self) -> int:
        return sum((self.folder / name).stat().st_size for name, _ in self.sums)

    def _path_in_backup(self, file: NamedFile) -> str:
        return f"{MEDIA}/{file.name}"

    def _link(self, file: NamedFile) -> bool:
        """Hard-link a file of the former backup if unchanged there. Return whether it is linked."""
        name = self._path_in_backup(file)
        digest = self._former_sums.get(name)
        if not self._former or not digest or (file.sha256 and file.sha256 != digest):
            return False
        with suppress(OSError):
            with open_plain(self._former.folder, name) as former:
                size, now = copy_and_digest(former)
            if now != digest or (file.size and file.size != size):
                return False
            self._place(name).hardlink_to(self._former.folder / name)
            self.sums.add(name, digest, self._number)
            self.linked.add(name, digest)
            return True
        return False

    def _copy(self, file: NamedFile, keep_changed: bool) -> list[str] | None:
        """Copy a file from the storage. Return `missing` or `damaged` if that failed, else None."""
        name = self._path_in_backup(file)
        place = self._place(name)
        try:
            with _stored(file.name) as stored, place.open("xb") as copy:
                size, digest = copy_and_digest(stored, copy)
        except FileNotFoundError:
            place.unlink(missing_ok=True)
            return self.missing
        changed = (file.size and file.size != size) or (file.sha256 and file.sha256 != digest)
        if changed and not keep_changed:
            place.unlink()
            return self.damaged
        self.sums.add(name, digest, self._number)
        return self.damaged if changed else None

    def _place(self, name: str) -> Path:
        place = self.folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        return place


class _Stored:
    """A stored file. Its read errors have its name, unlike errors of writing the backup."""

    def __init__(self, name: str, file: File) -> None:
        self._name, self._file = name, file

    def read(self, size: int) -> bytes:
        with _errors_naming(self._name):
            return cast(bytes, self._file.read(size))


@contextmanager
def _stored(name: str) -> Iterator[_Stored]:
    """Open a file of the storage. Raises FileNotFoundError, or BackupError with its name."""
    with _errors_naming(name):
        file = default_storage.open(name)
    with file:
        yield _Stored(name, file)


@contextmanager
def _errors_naming(name: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as found:
        problem: OSError = found
        if isinstance(found, storage.StorageError):
            # An error of a bucket is complete. An error of a folder names the folder, not the file.
            if storage.the_bucket() or not isinstance(found.__cause__, OSError):
                raise
            problem = found.__cause__
        place = name if storage.the_bucket() else default_storage.path(name)
        reason = problem.strerror or str(problem)
        if problem.errno in (errno.EACCES, errno.EPERM):
            advice = _("Run this command as the user of the web server, who owns the stored files.")
        elif problem.errno == errno.ENOSPC:
            advice = _("Free some space for temporary files, or set TMPDIR.")
        else:
            advice = _("Check the disk.")
        raise BackupError(
            _("The stored file %(file)s can’t be read: %(reason)s. %(advice)s")
            % {"file": place, "reason": reason, "advice": advice}
        ) from found


def _prepared(folder: Path) -> Path:
    """Return the folder for backups, and create it if needed.

    Raises BackupError if it cannot be used.
    """
    place = folder.resolve()
    values = {"folder": folder}
    if place.is_relative_to(Path(settings.MEDIA_ROOT).resolve()):
        raise BackupError(
            _(
                "%(folder)s is in MEDIA_ROOT, which is backed up. Backups contain unpublished "
                "texts: use a separate folder for backups."
            )
            % values
        )
    for static in map(Path, (settings.STATIC_ROOT, *settings.STATICFILES_DIRS)):
        if place.is_relative_to(static.resolve()):
            raise BackupError(
                _(
                    "%(folder)s is in %(static)s, which is public. Backups contain unpublished "
                    "texts: use a separate folder for backups."
                )
                % {**values, "static": static}
            )
    if folder.is_symlink() and not place.exists():
        raise BackupError(_("%(folder)s is a link to a folder that does not exist.") % values)
    if place.exists() and not place.is_dir():
        raise BackupError(_("%(folder)s is not a folder.") % values)
    try:
        place.mkdir(mode=0o700, exist_ok=True)
    except FileNotFoundError:
        raise BackupError(
            _("There is no folder %(parent)s to create %(name)s in.")
            % {"parent": place.parent, "name": place.name}
        ) from None
    except OSError as problem:
        raise BackupError(_message(problem, folder)) from problem
    return place


def _free_name(folder: Path) -> Path:
    while True:
        path = folder / f"pressroom-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
        if not path.exists():
            return path
        time.sleep(0.2)


def _message(problem: Exception, folder: Path) -> str:
    code = getattr(problem, "errno", None)
    if code in (errno.ENOSPC, errno.EDQUOT) or "disk is full" in str(problem):
        return _("The disk of %(folder)s is full. Free some space, or use another disk.") % {
            "folder": folder
        }
    if code in (errno.EACCES, errno.EPERM, errno.EROFS):
        return _(
            "%(folder)s can’t be written: %(problem)s. The user who runs this command must own it."
        ) % {"folder": folder, "problem": problem}
    return str(problem) or type(problem).__name__

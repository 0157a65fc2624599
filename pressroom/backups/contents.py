"""The contents of a backup folder, and the check that nothing in it has changed."""

import errno
import fcntl
import hashlib
import json
import os
import re
import sqlite3
import stat
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BufferedReader
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Protocol, Self

from django.conf import settings
from django.core.files.base import File
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

FORMAT = 1
CHUNK = 1024 * 1024  # bytes of a file in memory at a time
DIGEST = re.compile("[0-9a-f]{64}")
FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
NAME = re.compile(r"pressroom-\d{8}T\d{6}Z")
PARTIAL = ".partial"
MEDIA, SUMS, MANIFEST = "media", "SHA256SUMS", "manifest.json"
DUMPS = {"postgresql": "database.dump", "sqlite": "database.sqlite3"}
ENGINES = {"postgresql": "PostgreSQL", "sqlite": "SQLite"}
# The folders of the storage with the files that the database names.
MEDIA_FOLDERS = ("originals", "renditions")

Progress = Callable[[str, int], None]


class BackupError(Exception):
    """A backup or a restore cannot continue. The message has the reason and what to do."""


class Sums:
    """Digests by file name, in a temporary database, because there may be a million files.

    `mark` is a number that the caller chooses, such as the round in which a file was last seen.
    """

    def __init__(self) -> None:
        self._rows = sqlite3.connect("", isolation_level=None)  # "": a temporary file
        self._rows.execute(
            "CREATE TABLE sums (name TEXT PRIMARY KEY, digest TEXT, mark INT) WITHOUT ROWID"
        )

    def add(self, name: str, digest: str, mark: int = 0) -> None:
        self._rows.execute("INSERT OR REPLACE INTO sums VALUES (?, ?, ?)", (name, digest, mark))

    def get(self, name: str) -> str | None:
        row = self._rows.execute("SELECT digest FROM sums WHERE name = ?", (name,)).fetchone()
        return row and row[0]

    def mark(self, name: str, mark: int) -> bool:
        """Mark a name. Return whether it exists."""
        done = self._rows.execute("UPDATE sums SET mark = ? WHERE name = ?", (mark, name))
        return done.rowcount > 0

    def remove(self, name: str) -> None:
        self._rows.execute("DELETE FROM sums WHERE name = ?", (name,))

    def not_marked(self, mark: int) -> list[str]:
        rows = self._rows.execute("SELECT name FROM sums WHERE mark <> ? ORDER BY name", (mark,))
        return [name for (name,) in rows]

    def __contains__(self, name: str) -> bool:
        return self.get(name) is not None

    def __iter__(self) -> Iterator[tuple[str, str]]:
        yield from self._rows.execute("SELECT name, digest FROM sums ORDER BY name")

    def __len__(self) -> int:
        return int(self._rows.execute("SELECT COUNT(*) FROM sums").fetchone()[0])

    def write(self, path: Path) -> None:
        """Write the digests in the format of `sha256sum`."""
        with path.open("w", encoding="utf-8") as out:
            out.writelines(f"{digest}  {name}\n" for name, digest in self)

    @classmethod
    def read(cls, file: BinaryIO) -> Self:
        """Read a file of `write()`. Raises BackupError if a line is not a digest and a name."""
        sums = cls()
        for line in file:
            digest, _separator, name = line.decode(errors="replace").rstrip("\n").partition("  ")
            if not DIGEST.fullmatch(digest) or not is_safe(name):
                raise BackupError(
                    _("%(file)s has a line that no backup writes: %(line)s.")
                    % {"file": SUMS, "line": repr(line[:80])}
                )
            sums.add(name, digest)
        return sums


@dataclass
class Backup:
    """A complete backup in its folder."""

    folder: Path
    manifest: dict[str, Any]

    @classmethod
    def open(cls, folder: Path) -> "Backup":
        """Open a backup. Raises BackupError if it is incomplete or of another format."""
        if folder.name.endswith(PARTIAL):
            raise BackupError(
                _(
                    "%(folder)s was left by a backup that was stopped, and is incomplete. Choose "
                    "one whose name does not end with %(ending)s."
                )
                % {"folder": folder, "ending": PARTIAL}
            )
        if not folder.is_dir():
            raise BackupError(_("There is no folder %(folder)s.") % {"folder": folder})
        try:
            with open_plain(folder, MANIFEST) as file:
                manifest = json.loads(file.read())
        except OSError as problem:
            raise BackupError(
                _("%(folder)s is not a backup: its %(file)s can’t be read (%(reason)s).")
                % {"folder": folder, "file": MANIFEST, "reason": problem.strerror}
            ) from problem
        except (ValueError, RecursionError) as problem:
            raise BackupError(_damaged(_unreadable(MANIFEST, problem))) from problem
        if _is_of_another_format(manifest):
            raise BackupError(
                _(
                    "%(folder)s has a format that this version of Pressroom can’t read. Install "
                    "the version that made it, or a newer one."
                )
                % {"folder": folder}
            )
        if fault := _fault_of(manifest):
            raise BackupError(_damaged(fault))
        return cls(folder, manifest)

    @classmethod
    def newest(cls, folder: Path) -> "Backup | None":
        """Return the newest complete backup in a folder, or None."""
        for path in sorted(folder.iterdir(), reverse=True):
            if NAME.fullmatch(path.name) and (path / MANIFEST).is_file():
                try:
                    return cls.open(path)
                except BackupError:
                    continue
        return None

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def engine(self) -> str:
        return str(self.manifest["database"]["engine"])

    @property
    def dump(self) -> Path:
        return self.folder / DUMPS[self.engine]

    @property
    def moment(self) -> datetime:
        """The time of the snapshot in UTC. The backup has no later changes."""
        return datetime.fromisoformat(self.manifest["snapshot"]).astimezone(UTC)

    @property
    def migrations(self) -> set[tuple[str, str]]:
        return {(app, name) for app, name in self.manifest["migrations"]}

    def sums(self) -> Sums:
        """Return the digests of the files. Raises BackupError if SHA256SUMS has changed."""
        try:
            with open_plain(self.folder, SUMS) as file:
                if copy_and_digest(file)[1] != self.manifest["files"]["sums"]:
                    raise BackupError(_damaged(_changed(SUMS)))
                file.seek(0)
                return Sums.read(file)
        except OSError as problem:
            raise BackupError(_damaged(_unreadable(SUMS, problem.strerror))) from problem

    def check(self, progress: Progress) -> Sums:
        """Check every file and return the digests. Raises BackupError with the damaged files."""
        sums, bad = self.sums(), []
        if DUMPS.get(self.engine, "") not in sums:
            raise BackupError(_damaged(_("it has no database")))
        for number, (name, digest) in enumerate(sums, start=1):
            try:
                if digest_of(self.folder, name) != digest:
                    bad.append(_changed(name))
            except OSError as problem:
                bad.append(_unreadable(name, problem.strerror))
            progress("files checked", number)
        if bad:
            raise BackupError(_damaged(list_first(bad)))
        return sums


def _damaged(fault: str) -> str:
    return _("The backup is damaged: %(fault)s. Choose another one.") % {"fault": fault}


def _changed(name: str) -> str:
    return _("%(file)s has changed since it was written") % {"file": name}


def _unreadable(name: str, reason: object) -> str:
    return _("%(file)s can’t be read (%(reason)s)") % {"file": name, "reason": reason}


# --- The shape of a manifest -------------------------------------------------------------------

# Each part has a type, a pattern that a text must match, or a function that checks the value.
SHAPE: dict[str, Any] = {
    "format": int,
    "version": str,
    "snapshot": lambda value: _is_moment(value),
    "database": {"engine": str, "server": re.compile(r"\d{1,4}(\.\d+)*")},
    "migrations": lambda value: _is_list(value, lambda pair: _is_list(pair) and len(pair) == 2),
    "rows": lambda value: _is_dict(value, lambda number: _is_of(number, int)),
    "files": {
        "number": int,
        "bytes": int,
        "with_renditions": bool,
        "sums": DIGEST,
        "missing": lambda value: _is_list(value),
        "damaged": lambda value: _is_list(value),
    },
    "verified": bool,
}


def _is_of_another_format(manifest: Any) -> bool:
    number = manifest.get("format") if isinstance(manifest, dict) else None
    return type(number) is int and number != FORMAT


def _fault_of(value: Any, shape: Any = SHAPE, name: str = "") -> str:
    """Return a phrase about the first wrong part of a manifest, or an empty text."""
    if not isinstance(shape, dict):
        return "" if _is_of(value, shape) else _wrong_part(name)
    if not isinstance(value, dict):
        return _wrong_part(name)
    for key, inner in shape.items():
        if fault := _fault_of(value.get(key), inner, f"{name}.{key}" if name else key):
            return fault
    return ""


def _wrong_part(name: str) -> str:
    if not name:
        return _("%(file)s is not a manifest") % {"file": MANIFEST}
    return _("“%(part)s” in %(file)s is missing or wrong") % {"part": name, "file": MANIFEST}


def _is_of(value: Any, shape: Any) -> bool:
    if isinstance(shape, re.Pattern):
        return isinstance(value, str) and shape.fullmatch(value) is not None
    if isinstance(shape, type):
        return type(value) is shape and (shape is not str or _is_text(value))
    return bool(shape(value))


def _is_text(value: Any) -> bool:
    """Return whether a value is a text without lone surrogates, so that it can be shown."""
    try:
        return isinstance(value, str) and bool(value.encode() or True)
    except UnicodeEncodeError:
        return False


def _is_list(value: Any, each: Callable[[Any], bool] = _is_text) -> bool:
    return isinstance(value, list) and all(map(each, value))


def _is_dict(value: Any, each: Callable[[Any], bool]) -> bool:
    return isinstance(value, dict) and _is_list([*value]) and all(map(each, value.values()))


def _is_moment(value: Any) -> bool:
    try:
        moment = datetime.fromisoformat(value)
        return moment.utcoffset() is not None and bool(moment.astimezone(UTC))
    except (TypeError, ValueError, OverflowError):
        return False


# --- Files -------------------------------------------------------------------------------------


def is_safe(name: str) -> bool:
    """Return whether a name can only be the path of a file inside a backup."""
    parts = PurePosixPath(name).parts
    if str(PurePosixPath(name)) != name or ".." in parts or "\\" in name or "\0" in name:
        return False
    return name in DUMPS.values() or (
        len(parts) > 2 and parts[0] == MEDIA and parts[1] in MEDIA_FOLDERS
    )


def open_plain(folder: Path, name: str) -> BufferedReader:
    """Open a file below a folder. Raises OSError if a part of its path is a symbolic link."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        *folders, last = PurePosixPath(name).parts
        for part in folders:
            former, handle = handle, os.open(part, FOLDER, dir_fd=handle)
            os.close(former)
        former, handle = handle, os.open(last, FILE, dir_fd=handle)
        os.close(former)
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, _("it is not a plain file"), name)
        return os.fdopen(os.dup(handle), "rb")
    except OSError as problem:
        if problem.errno in (errno.ELOOP, errno.ENOTDIR):
            part_of_path = _("a part of its path is a link, or not a folder")
            raise OSError(problem.errno, part_of_path, name) from problem
        raise
    finally:
        os.close(handle)


def digest_of(folder: Path, name: str) -> str:
    """Return the SHA-256 of a file below a folder, in hexadecimal digits."""
    with open_plain(folder, name) as file:
        return copy_and_digest(file)[1]


class Readable(Protocol):
    """An object from which bytes can be read."""

    def read(self, size: int, /) -> bytes: ...


def copy_and_digest(source: Readable | File, target: BinaryIO | None = None) -> tuple[int, str]:
    """Copy a file, or only read it. Return its size in bytes and its SHA-256 in hexadecimal."""
    digest, size = hashlib.sha256(), 0
    while block := source.read(CHUNK):
        digest.update(block)
        size += len(block)
        if target:
            target.write(block)
    return size, digest.hexdigest()


@contextmanager
def lock_folder(folder: Path, busy: str) -> Iterator[None]:
    """Lock a folder until the end of the block or of the process.

    Raises BackupError with the message `busy` if another process has locked it.
    """
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupError(busy) from None
        yield
    finally:
        os.close(handle)


def version() -> str:
    """Return the version of Pressroom that is running."""
    project = tomllib.loads((Path(settings.BASE_DIR) / "pyproject.toml").read_text())
    return str(project["project"]["version"])


def list_first(sentences: list[str]) -> str:
    """Return the first ten sentences as one text, with the number of the others."""
    shown, more = "; ".join(sentences[:10]), len(sentences) - 10
    if more <= 0:
        return shown
    text = ngettext("%(sentences)s, and %(more)d more", "%(sentences)s, and %(more)d more", more)
    return text % {"sentences": shown, "more": more}


def counted_files(number: int) -> str:
    return ngettext("%(number)d file", "%(number)d files", number) % {"number": number}


def counted_rows(number: int) -> str:
    return ngettext("%(number)d row", "%(number)d rows", number) % {"number": number}

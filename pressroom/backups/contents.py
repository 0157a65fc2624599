"""What a backup folder holds, and the proof that nothing in it has changed."""

import hashlib
import json
import os
import re
import sqlite3
import stat
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from io import BufferedReader
from pathlib import Path, PurePosixPath
from typing import IO, Any, BinaryIO, Self

from django.conf import settings
from django.core.files.base import File

FORMAT = 1
CHUNK = 1024 * 1024  # bytes in memory of any file
NAME = re.compile(r"pressroom-\d{8}T\d{6}Z")
PARTIAL = ".partial"
MEDIA, SUMS, MANIFEST = "media", "SHA256SUMS", "manifest.json"
DUMPS = {"postgresql": "database.dump", "sqlite": "database.sqlite3"}
ENGINES = {"postgresql": "PostgreSQL", "sqlite": "SQLite"}
# The folders of a storage in which files that rows name lie.
MEDIA_FOLDERS = ("originals", "renditions")

Progress = Callable[[str, int], None]


class BackupError(Exception):
    """A backup or a restore cannot go on; its text says why and what to do."""


class Sums:
    """Digests by file name, in a temporary database: a library may have a million files.

    `mark` is a number of the caller's, such as the round in which a file was last seen.
    """

    def __init__(self) -> None:
        self._rows = sqlite3.connect("", isolation_level=None)  # "": a file that SQLite removes
        self._rows.execute(
            "CREATE TABLE sums (name TEXT PRIMARY KEY, digest TEXT, mark INT) WITHOUT ROWID"
        )

    def add(self, name: str, digest: str, mark: int = 0) -> None:
        self._rows.execute("INSERT OR REPLACE INTO sums VALUES (?, ?, ?)", (name, digest, mark))

    def get(self, name: str) -> str | None:
        row = self._rows.execute("SELECT digest FROM sums WHERE name = ?", (name,)).fetchone()
        return row and row[0]

    def mark(self, name: str, mark: int) -> bool:
        """Mark a name; return whether it was there."""
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
        """Write them as `sha256sum` does."""
        with path.open("w", encoding="utf-8") as out:
            out.writelines(f"{digest}  {name}\n" for name, digest in self)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Raises BackupError where a line is no digest and no name of ours."""
        sums = cls()
        with path.open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                digest, _, name = line.rstrip("\n").partition("  ")
                if not re.fullmatch("[0-9a-f]{64}", digest) or not is_safe(name):
                    raise BackupError(f"{path} has a line that no backup writes: {line[:80]!r}.")
                sums.add(name, digest)
        return sums


@dataclass
class Backup:
    """A whole backup in its folder."""

    folder: Path
    manifest: dict[str, Any]

    @classmethod
    def open(cls, folder: Path) -> "Backup":
        """Raises BackupError where it is none, or not a whole one, or one of another format."""
        if folder.name.endswith(PARTIAL):
            raise BackupError(
                f"{folder} is what a stopped backup left: it is not whole. Take one whose name "
                f"does not end with {PARTIAL}."
            )
        if not folder.is_dir():
            raise BackupError(f"There is no folder {folder}.")
        try:
            manifest = json.loads((folder / MANIFEST).read_bytes())
        except (OSError, ValueError) as problem:
            raise BackupError(
                f"{folder} is no backup: its {MANIFEST} cannot be read ({problem})."
            ) from problem
        if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
            raise BackupError(
                f"{folder} has a format that this version of Pressroom does not read. Install the "
                "version that made it, or a newer one."
            )
        return cls(folder, manifest)

    @classmethod
    def newest(cls, folder: Path) -> "Backup | None":
        """Return the newest whole backup in a folder, if there is one."""
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
        """The time that the backup stands for: nothing after it is in it."""
        return datetime.fromisoformat(self.manifest["snapshot"])

    @property
    def migrations(self) -> set[tuple[str, str]]:
        return {(app, name) for app, name in self.manifest["migrations"]}

    def sums(self) -> Sums:
        """Return the digests of its files. Raises BackupError where they are not those it had."""
        path = self.folder / SUMS
        try:
            digest = digest_of(path)
        except OSError as problem:
            raise BackupError(f"{path} cannot be read ({problem}). {DAMAGED}") from problem
        if digest != self.manifest["files"]["sums"]:
            raise BackupError(f"{path} is not as it was written. {DAMAGED}")
        return Sums.read(path)

    def check(self, progress: Progress) -> Sums:
        """Read every file and return their digests. Raises BackupError, which names what is bad."""
        sums, bad = self.sums(), []
        if DUMPS.get(self.engine, "") not in sums:
            raise BackupError(f"{self.folder} has no database in it. {DAMAGED}")
        for number, (name, digest) in enumerate(sums, start=1):
            path = self.folder / name
            try:
                if digest_of(path) != digest:
                    bad.append(f"{name} is not as it was written")
            except OSError as problem:
                bad.append(f"{name} cannot be read ({problem.strerror})")
            progress("files checked", number)
        if bad:
            raise BackupError(f"{self.folder}: {_some(bad)}. {DAMAGED}")
        return sums


DAMAGED = "The backup is damaged. Take another one."


def is_safe(name: str) -> bool:
    """Whether a name leads to a file that a backup holds, and nowhere else."""
    parts = PurePosixPath(name).parts
    if str(PurePosixPath(name)) != name or ".." in parts or "\\" in name or "\0" in name:
        return False
    return name in DUMPS.values() or (
        len(parts) > 2 and parts[0] == MEDIA and parts[1] in MEDIA_FOLDERS
    )


def open_plain(path: Path) -> BufferedReader:
    """Open a file for reading. Raises OSError where it is a link or a device."""
    file = os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb")
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(0, "it is not a plain file")
    return file


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal digits."""
    with open_plain(path) as file:
        return copied(file)[1]


def copied(source: IO[bytes] | File, target: BinaryIO | None = None) -> tuple[int, str]:
    """Copy a file, or only read it; return its size in bytes and its SHA-256."""
    digest, size = hashlib.sha256(), 0
    while block := source.read(CHUNK):
        digest.update(block)
        size += len(block)
        if target:
            target.write(block)
    return size, digest.hexdigest()


def version() -> str:
    """Return the version of Pressroom that runs."""
    project = tomllib.loads((Path(settings.BASE_DIR) / "pyproject.toml").read_text())
    return str(project["project"]["version"])


def _some(sentences: list[str]) -> str:
    more = f", and {len(sentences) - 10} more" if len(sentences) > 10 else ""
    return "; ".join(sentences[:10]) + more

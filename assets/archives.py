"""Opens uploaded ZIP archives, with limits on their unpacked size. Runs in the sandbox."""

import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from assets.messages import BadFileError
from assets.messages import message as _

MAX_ENTRIES = 10_000
# Text compresses to 1/20 of its size, and a table of zeros to 1/100. Above 1/200 it is an attack.
MAX_RATIO = 200
RATIO_CHECKED_FROM = 20_000_000  # bytes; less content is harmless at any ratio
DAMAGED = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError,
           NotImplementedError, RuntimeError, ValueError)  # fmt: skip


@contextmanager
def opened(file: IO[bytes], max_bytes: int) -> Iterator[zipfile.ZipFile]:
    """Open an archive that unpacks to at most `max_bytes`.

    Raises BadFileError with a message, even if damage is only found while the archive is read.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            _check(archive, file.seek(0, 2), max_bytes)
            yield archive
    except (BadFileError, MemoryError):
        raise
    except DAMAGED as problem:
        raise BadFileError(
            _(
                "The file is damaged or incomplete and can’t be unpacked. Open it, save a new copy "
                "and choose that."
            )
        ) from problem


def _check(archive: zipfile.ZipFile, packed: int, max_bytes: int) -> None:
    # zipfile never reads more of an entry than the size in its header, so the sum is a limit.
    entries = archive.infolist()
    if len(entries) > MAX_ENTRIES:
        raise BadFileError(
            _(
                "It contains %(count)s files. The limit is %(max)s. Unpack it in a safe place and "
                "choose one of the files in it.",
                count=len(entries),
                max=MAX_ENTRIES,
            )
        )
    if any(entry.flag_bits & 1 for entry in entries):
        raise BadFileError(_("The archive has a password. Unpack it, and choose the file in it."))
    unpacked = sum(entry.file_size for entry in entries)
    for limit in (max_bytes, max(RATIO_CHECKED_FROM, packed * MAX_RATIO)):
        if unpacked > limit:
            raise BadFileError(
                _(
                    "It unpacks to more than %(megabytes)s MB, which is suspicious, so it was not "
                    "opened. Unpack it in a safe place and choose one of the files in it.",
                    megabytes=limit // 1_000_000,
                )
            )

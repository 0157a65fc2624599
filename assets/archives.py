"""ZIP archives of strangers, with limits on what they unpack to. Runs in the sandbox's process."""

import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from assets.pictures import BadFile

MOST_ENTRIES = 10_000
# Text packs to a twentieth, and a table of zeros to a hundredth. What packs better is made to hurt.
MOST_RATIO = 200
MOST_RATIO_FROM = 20_000_000  # bytes; below them a ratio does no harm
DAMAGED = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError,
           NotImplementedError, RuntimeError, ValueError)  # fmt: skip


@contextmanager
def opened(file: IO[bytes], most: int) -> Iterator[zipfile.ZipFile]:
    """Open an archive that unpacks to `most` bytes or less.

    Raises BadFile with a sentence, also for an archive that proves to be damaged in the body.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            _check(archive, file.seek(0, 2), most)
            yield archive
    except (BadFile, MemoryError):
        raise
    except DAMAGED as problem:
        raise BadFile(
            "The file is damaged: it cannot be unpacked. It may be cut short. Open it, save a new "
            "copy and choose that."
        ) from problem


def _check(archive: zipfile.ZipFile, packed: int, most: int) -> None:
    # zipfile never reads more of an entry than its head says, so the sum of the heads is a limit.
    entries = archive.infolist()
    if len(entries) > MOST_ENTRIES:
        raise BadFile(
            f"It holds {len(entries):,} files, more than the {MOST_ENTRIES:,} that are looked at. "
            "Unpack it where nothing can happen, and choose one of the files in it."
        )
    if any(entry.flag_bits & 1 for entry in entries):
        raise BadFile("The archive has a password. Unpack it, and choose the file in it.")
    unpacked = sum(entry.file_size for entry in entries)
    for limit in (most, max(MOST_RATIO_FROM, packed * MOST_RATIO)):
        if unpacked > limit:
            raise BadFile(
                f"It unpacks to more than {limit // 1_000_000} MB, far more than it should, so it "
                "was not opened. Unpack it where nothing can happen, and choose one of the files "
                "in it."
            )

"""Searches a file of breached passwords: sorted SHA-1 hashes, as “Have I Been Pwned” offers them.

A line is `HASH:COUNT` or `HASH`, in hexadecimal digits. The whole file has 40 gigabytes, so it is
searched by bisection, and never read into memory. It needs no Django, because the settings check
the file at the start.
"""

import os
import re
from hashlib import sha1
from pathlib import Path
from typing import BinaryIO

LINE_BYTES = 128  # more than a hash, a count and a line end
SAMPLES = 64
_LINE = re.compile(rb"([0-9A-Fa-f]{40})(?::[0-9]{1,20})?\r?\n?")


class UnusableFileError(Exception):
    """The file cannot be searched. The text is the end of a sentence that begins with its path."""


def is_breached(password: str, path: Path) -> bool:
    """Return whether the file has the hash of a password. Raises UnusableFileError and OSError."""
    digest = sha1(password.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()
    wanted = digest.upper().encode()
    with path.open("rb") as file:
        # The line of the hash begins at `low` or later, and before `high`.
        low, high = 0, _size(file)
        while low < high:
            middle = (low + high) // 2
            begins, found = _line_at(file, middle)
            if found == wanted:
                return True
            if found < wanted:
                low = file.tell()
            else:
                high = begins
    return False


def problem_of(path: Path) -> str:
    """Return why a file cannot be searched, as the end of a sentence, or "" if it can.

    It reads a sample of lines only, because the file is large.
    """
    try:
        with path.open("rb") as file:
            size = _size(file)
            before = b""
            for number in range(SAMPLES + 1):
                _begins, found = _line_at(file, (size - 1) * number // SAMPLES)
                if found < before:
                    return "is not sorted by hash. Use the version that is ordered by hash"
                before = found
    except UnusableFileError as problem:
        return str(problem)
    except OSError as problem:
        return f"can’t be read ({(problem.strerror or 'unknown reason').lower()})"
    return ""


def _size(file: BinaryIO) -> int:
    size = os.fstat(file.fileno()).st_size
    if not size:
        raise UnusableFileError("is empty")
    return size


def _line_at(file: BinaryIO, position: int) -> tuple[int, bytes]:
    """Return where the line at a position begins, and its hash. Leave the file at the next line."""
    start = max(0, position - LINE_BYTES)
    file.seek(start)
    begins = start + file.read(position - start).rfind(b"\n") + 1
    file.seek(begins)
    line = _LINE.fullmatch(file.readline(LINE_BYTES))
    if line is None:
        raise UnusableFileError(
            "has lines other than a SHA-1 hash and a count, as in "
            "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8:10437277"
        )
    return begins, line[1].upper()

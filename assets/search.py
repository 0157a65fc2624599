"""Finds patterns in all the text of an uploaded file. Runs in the sandbox.

It reads text in UTF-8, or in UTF-16 with a byte order mark; HTML with its entities; Word and other
zipped formats, including the names of their entries; and the metadata of pictures. For a PDF it
gets the text from another process. Files are read in chunks, so that large files need no more
memory.
"""

import codecs
import re
import zipfile
from collections.abc import Iterator
from html import unescape
from typing import IO

from assets import archives
from assets.messages import BadFileError
from assets.messages import message as _

CHUNK_BYTES = 1 << 20
OVERLAP = 1_000  # characters; longer than any match, even if it is written as entities
MAX_FOUND = 1_000
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # Word before 2007, and any Office file with a password


def matches(
    file: IO[bytes], patterns: list[str], *, max_bytes: int, is_text: bool = False
) -> list[str]:
    """Return the matches of `patterns` in the text of a file, sorted and without duplicates.

    An archive may unpack to at most `max_bytes`. With `is_text`, the file is read as plain text.
    Raises BadFileError with a message to the user.
    """
    matched: set[str] = set()
    for text in _pieces(file) if is_text else _texts(file, max_bytes):
        matched |= found_in(text, patterns)
        if len(matched) > MAX_FOUND:
            raise BadFileError(
                _("The file contains more watermarks than any of our copies. Use a part of it.")
            )
    return sorted(matched)


def found_in(text: str, patterns: list[str]) -> set[str]:
    """Return the matches of `patterns` in a text; for a pattern with groups, only the groups."""
    plain = unescape(text)
    return {
        "".join(match.groups()) or match[0]
        for pattern in patterns
        for match in re.finditer(pattern, plain)
    }


def _texts(file: IO[bytes], max_bytes: int) -> Iterator[str]:
    start = file.read(1024)
    file.seek(0)
    if start.startswith(OLE):
        raise BadFileError(
            _(
                "It is an old Office file, or one with a password. Open it, save it as .docx "
                "without a password, or as a PDF, and choose that."
            )
        )
    if zipfile.is_zipfile(file):
        with archives.opened(file, max_bytes) as archive:
            for entry in archive.infolist():
                yield entry.filename
                with archive.open(entry) as inside:
                    yield from _pieces(inside)
    else:
        file.seek(0)
        yield from _pieces(file)


def _pieces(file: IO[bytes]) -> Iterator[str]:
    """Yield the text of a file in chunks. Each chunk begins with the end of the one before it."""
    piece = file.read(CHUNK_BYTES)
    is_wide = piece.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    decoder = codecs.getincrementaldecoder("utf-16" if is_wide else "utf-8")(errors="replace")
    kept = ""
    while piece:
        text = kept + decoder.decode(piece)
        yield text
        kept = text[-OVERLAP:]
        piece = file.read(CHUNK_BYTES)

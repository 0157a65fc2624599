"""Look for patterns in all the text that a stranger's file holds. Runs in the sandbox's process.

Text in UTF-8, or in UTF-16 with a byte order mark; HTML with its entities; Word and other zipped
formats, the names in them too; the metadata of pictures. Of a PDF it gets the text, which another
process has read. A file is read in pieces, so that memory does not grow with it.
"""

import codecs
import re
import zipfile
from collections.abc import Iterator
from html import unescape
from typing import IO

from assets import archives
from assets.pictures import BadFile

PIECE = 1 << 20  # bytes
OVERLAP = 1_000  # characters, more than any pattern takes, written as entities too
MOST_FOUND = 1_000
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # Word before 2007, and any Office file with a password


def matches(file: IO[bytes], patterns: list[str], *, most: int, is_text: bool = False) -> list[str]:
    """Return what matches some patterns in the text of a file, each find once, in order.

    `most` is how many bytes an archive may unpack to. What `is_text` is read as it stands. Raises
    BadFile with a sentence.
    """
    found: set[str] = set()
    for text in _pieces(file) if is_text else _texts(file, most):
        found |= found_in(text, patterns)
        if len(found) > MOST_FOUND:
            raise BadFile("The file holds more marks than any copy of ours. Take a part of it.")
    return sorted(found)


def found_in(text: str, patterns: list[str]) -> set[str]:
    """Return what matches some patterns in a text; of a pattern with groups, the groups."""
    plain = unescape(text)
    return {
        "".join(match.groups()) or match[0]
        for pattern in patterns
        for match in re.finditer(pattern, plain)
    }


def _texts(file: IO[bytes], most: int) -> Iterator[str]:
    start = file.read(1024)
    file.seek(0)
    if start.startswith(OLE):
        raise BadFile(
            "It is an old Office file, or one with a password. Open it, save it as .docx without "
            "a password, or as a PDF, and choose that."
        )
    if zipfile.is_zipfile(file):
        with archives.opened(file, most) as archive:
            for entry in archive.infolist():
                yield entry.filename
                with archive.open(entry) as inside:
                    yield from _pieces(inside)
    else:
        file.seek(0)
        yield from _pieces(file)


def _pieces(file: IO[bytes]) -> Iterator[str]:
    """Yield the text of a file piece by piece; what stands across an edge is in the next one."""
    piece = file.read(PIECE)
    is_wide = piece.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    decoder = codecs.getincrementaldecoder("utf-16" if is_wide else "utf-8")(errors="replace")
    kept = ""
    while piece:
        text = kept + decoder.decode(piece)
        yield text
        kept = text[-OVERLAP:]
        piece = file.read(PIECE)

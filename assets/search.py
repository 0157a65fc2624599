"""Look for patterns in all the text that a stranger's file holds. Runs in the sandbox's process.

Text in UTF-8, or in UTF-16 with a byte order mark; HTML with its entities; Word and other zipped
formats, the names in them too; PDF through pdftotext; the metadata of pictures. A file is read in
pieces, so that memory does not grow with it.
"""

import codecs
import lzma
import re
import subprocess
import threading
import zipfile
import zlib
from collections.abc import Iterator
from html import unescape
from typing import IO, cast

from assets.pictures import BadFile

PIECE = 1 << 20  # bytes
OVERLAP = 1_000  # characters, more than any pattern takes, written as entities too
MOST_FOUND = 1_000
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # Word before 2007, and any Office file with a password
DAMAGED = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, OSError,
           UnicodeError, ValueError)  # fmt: skip


def matches(
    file: IO[bytes], patterns: list[str], *, most: int, pdftotext: str, seconds: int
) -> list[str]:
    """Return what matches some patterns in the text of a file, each find once, in order.

    `most` is how many bytes an archive may unpack to, `pdftotext` the path of that program or "",
    `seconds` how long it may run. Raises BadFile with a sentence.
    """
    found: set[str] = set()
    for text in _texts(file, most, pdftotext, seconds):
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


def _texts(file: IO[bytes], most: int, pdftotext: str, seconds: int) -> Iterator[str]:
    head = file.read(1024)
    file.seek(0)
    if b"%PDF" in head:
        yield from _pdf(file, pdftotext, seconds)
    elif head.startswith(OLE):
        raise BadFile(
            "It is an old Office file, or one with a password. Open it, save it as .docx without "
            "a password, or as a PDF, and choose that."
        )
    elif zipfile.is_zipfile(file):
        yield from _archive(file, most)
    else:
        file.seek(0)
        yield from _pieces(file)


def _archive(file: IO[bytes], most: int) -> Iterator[str]:
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            if any(entry.flag_bits & 1 for entry in entries):
                raise BadFile("The archive has a password. Unpack it, and choose the file in it.")
            if sum(entry.file_size for entry in entries) > most:
                raise BadFile(
                    f"It unpacks to more than {most // 1_000_000} MB, so it was not opened. Unpack "
                    "it where nothing can happen, and choose one of the files in it."
                )
            for entry in entries:
                yield entry.filename
                with archive.open(entry) as inside:
                    yield from _pieces(inside)
    except BadFile:
        raise
    except DAMAGED:
        raise BadFile(
            "The file is damaged: it cannot be unpacked. Open it, save a new copy and choose that, "
            "or paste its text."
        ) from None


def _pdf(file: IO[bytes], pdftotext: str, seconds: int) -> Iterator[str]:
    if not pdftotext:
        raise BadFile(
            "The text of a PDF is read with pdftotext. Install poppler-utils, or search for the "
            "reference that is printed on each page, such as K7Q2-M4XD."
        )
    number = file.fileno()
    with subprocess.Popen(  # noqa: S603
        [pdftotext, f"/dev/fd/{number}", "-"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        pass_fds=[number], env={},
    ) as program:  # fmt: skip
        late = threading.Event()

        def stop() -> None:
            late.set()
            program.kill()

        alarm = threading.Timer(seconds, stop)
        alarm.start()
        try:
            yield from _pieces(cast(IO[bytes], program.stdout))
            status = program.wait()
        finally:
            alarm.cancel()
            program.kill()
    if late.is_set():
        raise BadFile(
            f"Reading the PDF takes more than {seconds} seconds, so it was stopped. Search for the "
            "reference that is printed on each page, such as K7Q2-M4XD."
        )
    if status:
        raise BadFile("The PDF is damaged or locked: pdftotext cannot read it.")


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

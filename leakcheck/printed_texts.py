"""Extracts the texts of pages, feeds, exports, archives, documents and pictures.

The functions read bytes and need no database. A text is a paragraph, a cell or an attribute. Tags
inside a paragraph do not split it.
"""

import contextlib
import csv
import io
import re
from collections.abc import Callable, Iterator
from typing import IO
from urllib.parse import unquote

from django.utils.translation import gettext as _

from assets import archives, sandbox, texts
from assets.messages import BadFileError
from assets.texts import Text, html, line, plain, values

__all__ = ["html", "plain", "values"]

MAX_UNPACKED = 200_000_000  # bytes of an archive
MAX_CELL = 50_000_000  # characters
MAX_TEXT = 50_000_000  # bytes of the text of one PDF
# For reading a Word file, a PDF or the metadata of a picture.
LIMITS = sandbox.Limits(megapixels=0, seconds=60, megabytes=1024)


class UnreadableFileError(Exception):
    """The text of a file cannot be read. The message gives the reason."""


class PdfReaderMissingError(UnreadableFileError):
    """poppler-utils, which reads PDFs, is not installed."""


# --- One text ------------------------------------------------------------------------------------

_WITH_ADDRESS = re.compile(r"\S*(?:[/@_]|%[0-9A-Fa-f]{2})\S*")
_PARTS = re.compile(r"[/?&=#:@<>\"'(),;|\\]+")
_JOINERS = re.compile(r"[_.\-+~]+")


def readings(text: str) -> Iterator[str]:
    """Yield a text, and the words of the addresses and file names in it."""
    yield text
    for token in _WITH_ADDRESS.findall(text):
        if not token.startswith("data:"):
            for part in _PARTS.split(unquote(token)):
                if words := _JOINERS.sub(" ", part).strip():
                    yield words


# --- Text formats --------------------------------------------------------------------------------


def xml(source: bytes) -> Iterator[Text]:
    """Yield the texts and attributes of XML. Raises UnreadableFileError."""
    with _or_unreadable():
        yield from texts.xml(source)


def table(source: str) -> Iterator[Text]:
    """Yield the cells of a CSV file."""
    csv.field_size_limit(MAX_CELL)
    for row in csv.reader(io.StringIO(source.removeprefix("\ufeff"))):
        for cell in row:
            yield "cell", line(cell)


# --- Files ---------------------------------------------------------------------------------------
# Archives that the site creates are unpacked here; uploads are opened in the sandbox.


def names_in_zip(file: IO[bytes]) -> list[str]:
    """Return the names of the files in an archive. Raises UnreadableFileError."""
    with _or_unreadable(), archives.opened(file, MAX_UNPACKED) as archive:
        return archive.namelist()


def texts_in_zip(file: IO[bytes]) -> Iterator[Text]:
    """Yield the paragraphs of the plain texts in an archive. Raises UnreadableFileError."""
    with _or_unreadable(), archives.opened(file, MAX_UNPACKED) as archive:
        for info in archive.infolist():
            if info.filename.endswith(".txt"):
                for _, text in plain(archive.read(info).decode(errors="replace")):
                    yield "text", text


def _read_in_sandbox(reader: str) -> Callable[[IO[bytes]], Iterator[Text]]:
    def read(file: IO[bytes]) -> Iterator[Text]:
        with _or_unreadable():
            yield from sandbox.texts(file, LIMITS, reader)

    return read


word = _read_in_sandbox("word")
picture = _read_in_sandbox("picture")


def pdf(file: IO[bytes]) -> Iterator[Text]:
    """Yield the text and the properties of a PDF, read by poppler. Raises UnreadableFileError."""
    with _or_unreadable():
        for entry in _output_of("pdfinfo", file).splitlines():
            yield "properties", line(entry.partition(":")[2])
        text = _output_of("pdftotext", file)
    if not re.search(r"\w", text):
        raise UnreadableFileError(_("it has no text; it may be a scan"))
    # A name may continue on the next line or page, also with a hyphen.
    yield "text", line(text)
    yield "text", line(re.sub(r"[-\u2010\u00ad]\s*\n\s*(?=\w)", "", text))


def _output_of(program: str, file: IO[bytes]) -> str:
    with sandbox.pdf_text(file, LIMITS, program, MAX_TEXT) as output:
        return output.read().decode(errors="replace")


@contextlib.contextmanager
def _or_unreadable() -> Iterator[None]:
    try:
        yield
    except sandbox.ProgramMissingError as problem:
        raise PdfReaderMissingError(_("poppler-utils is not installed")) from problem
    except BadFileError as problem:
        raise UnreadableFileError(str(problem)) from problem

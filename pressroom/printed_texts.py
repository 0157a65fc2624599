"""The texts in what the site prints: pages, feeds, exports, archives, documents and pictures.

Bytes in, texts out; no database. A text is one that reads as a whole: a paragraph, a cell, an
attribute. Tags inside a paragraph do not break it.
"""

import contextlib
import csv
import io
import json
import re
import resource
import shutil
import subprocess
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from typing import IO, Any
from urllib.parse import unquote

import lxml.html
from lxml import etree
from PIL import Image

from assets import embedded, metadata

MAX_PART = 50_000_000  # bytes of one part of a Word file, unpacked
MAX_UNPACKED = 200_000_000  # bytes of all its parts
MAX_TEXT = 50_000_000  # bytes of the text of one PDF
PDF_SECONDS, PDF_MEMORY = 60, 1 << 30

# A place in an answer, and a text that stands there.
Text = tuple[str, str]


class Unreadable(Exception):
    """A file whose text cannot be read; its text says why."""


class NoPdfReader(Unreadable):
    """The programs that read PDFs are not installed."""


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


def _line(text: str) -> str:
    return " ".join(text.split())


# --- Text formats --------------------------------------------------------------------------------

_INLINE = {
    "a", "abbr", "b", "bdi", "bdo", "cite", "code", "data", "del", "dfn", "em", "font", "i", "ins",
    "kbd", "label", "mark", "q", "rp", "rt", "ruby", "s", "samp", "small", "span", "strong", "sub",
    "sup", "time", "tspan", "u", "var", "wbr",
}  # fmt: skip
_NO_TEXTS = {"class", "style", "nonce", "integrity", "d"}  # attributes


def html(source: str | bytes) -> Iterator[Text]:
    """Yield the texts of a page as they read, its attributes, comments and structured data."""
    parser = lxml.html.HTMLParser(encoding="utf-8", huge_tree=True)
    if isinstance(source, str):
        source = source.encode(errors="replace")
    try:
        root = lxml.html.document_fromstring(source, parser=parser)
    except etree.ParserError:
        return  # it is empty
    for comment in root.iter(etree.Comment):
        yield "comment", _line(comment.text or "")
    etree.strip_tags(root, etree.Comment, etree.ProcessingInstruction)
    written: list[str] = []
    for event, element in etree.iterwalk(root, events=("start", "end")):
        tag = str(element.tag)
        if tag not in _INLINE and tag != "br":
            yield "text", _line("".join(written))
            written.clear()
        if event == "end":
            written.append(element.tail or "")
            continue
        for name, value in element.attrib.items():
            if name not in _NO_TEXTS:
                yield f"attribute {name!s}", _line(str(value))
        if tag in ("script", "style"):
            yield from _script(element)
        else:
            written.append("\n" if tag == "br" else element.text or "")
    yield "text", _line("".join(written))


def _script(element: Any) -> Iterator[Text]:
    source = element.text or ""
    if "json" in element.get("type", ""):
        with contextlib.suppress(ValueError):
            for _, text in values(json.loads(source)):
                yield "structured data", text
            return
    yield str(element.tag), _line(source)


def plain(source: str) -> Iterator[Text]:
    """Yield the paragraphs of a plain text."""
    for paragraph in re.split(r"\n\s*\n", source):
        yield "text", _line(paragraph)


def values(data: Any) -> Iterator[Text]:
    """Yield the texts in what was read from JSON."""
    waiting = [data]
    while waiting:
        match waiting.pop():
            case str() as text:
                yield from _text_or_html(text)
            case list() as items:
                waiting += items
            case dict() as fields:
                waiting += [*fields.keys(), *fields.values()]


def xml(source: bytes) -> Iterator[Text]:
    """Yield the texts and attributes of XML. Raises Unreadable."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)
    try:
        root = etree.fromstring(source, parser)
    except etree.XMLSyntaxError as problem:
        raise Unreadable(f"it is no XML: {problem}") from problem
    for element in root.iter():
        if isinstance(element.tag, str):
            for name, value in element.attrib.items():
                yield f"attribute {name!s}", _line(str(value))
        yield from _text_or_html(element.text or "")
        yield from _text_or_html(element.tail or "")


def _text_or_html(text: str) -> Iterator[Text]:
    return html(text) if re.search(r"</?[a-zA-Z]", text) else plain(text)


def table(source: str) -> Iterator[Text]:
    """Yield the cells of a table for spreadsheets."""
    csv.field_size_limit(MAX_PART)
    for row in csv.reader(io.StringIO(source.removeprefix("\ufeff"))):
        for cell in row:
            yield "cell", _line(cell)


# --- Files ---------------------------------------------------------------------------------------


def names_in_zip(file: IO[bytes]) -> list[str]:
    """Return the names of the files in an archive. Raises Unreadable."""
    with _archive(file) as archive:
        return archive.namelist()


def texts_in_zip(file: IO[bytes]) -> Iterator[Text]:
    """Yield the paragraphs of the plain texts in an archive. Raises Unreadable."""
    with _archive(file) as archive:
        for info in archive.infolist():
            if info.filename.endswith(".txt"):
                for _, text in plain(_unpacked(archive, info).decode(errors="replace")):
                    yield "a text in it", text


@contextlib.contextmanager
def _archive(file: IO[bytes]) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(file) as archive:
            yield archive
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, zlib.error) as problem:
        raise Unreadable(f"it cannot be unpacked: {problem}") from problem


def _unpacked(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    with archive.open(info) as part:
        content = part.read(MAX_PART + 1)
    if len(content) > MAX_PART:
        raise Unreadable(f"it has a part of more than {MAX_PART // 1_000_000} MB")
    return content


_WRITTEN = {"t", "delText", "instrText"}
_BREAKS = {"tab", "br", "cr", "noBreakHyphen"}
_NAMES = {"author", "initials", "descr", "title", "name", "tooltip", "Target"}


def word(file: IO[bytes]) -> Iterator[Text]:
    """Yield the texts of a Word file: paragraphs, notes, comments, properties. Raises Unreadable.

    What was deleted while changes were tracked is in the file, and is read too.
    """
    left = MAX_UNPACKED
    with _archive(file) as archive:
        for info in archive.infolist():
            if info.filename.endswith((".xml", ".rels")):
                content = _unpacked(archive, info)
                left -= len(content)
                if left < 0:
                    raise Unreadable(f"it unpacks to more than {MAX_UNPACKED // 1_000_000} MB")
                yield from _word_part(content)


def _word_part(content: bytes) -> Iterator[Text]:
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as problem:
        raise Unreadable(f"a part of it is no XML: {problem}") from problem
    for element in root.iter(etree.Element):
        name = etree.QName(element).localname
        if name == "p":
            yield "text", _line("".join(_word_pieces(element)))
        elif name not in _WRITTEN:
            yield "text", _line(element.text or "")
        for attribute, value in element.attrib.items():
            if etree.QName(attribute).localname in _NAMES:
                yield "text", _line(str(value))


def _word_pieces(paragraph: Any) -> Iterator[str]:
    for element in paragraph.iter(etree.Element):
        name = etree.QName(element).localname
        if name in _WRITTEN:
            yield element.text or ""
        elif name in _BREAKS:
            yield "-" if name == "noBreakHyphen" else " "


def pdf(file: IO[bytes]) -> Iterator[Text]:
    """Yield the text and the properties of a PDF, read by poppler. Raises Unreadable."""
    if not (shutil.which("pdftotext") and shutil.which("pdfinfo")):
        raise NoPdfReader("poppler-utils is not installed")
    with tempfile.NamedTemporaryFile(suffix=".pdf") as copy:
        shutil.copyfileobj(file, copy)
        copy.flush()
        for line in _said_by("pdfinfo", "-enc", "UTF-8", copy.name).splitlines():
            yield "properties", _line(line.partition(":")[2])
        text = _said_by("pdftotext", "-q", "-enc", "UTF-8", copy.name, "-")
    if not re.search(r"\w", text):
        raise Unreadable("it has no text: a scan, perhaps")
    # A name may go on in the next line or on the next page, also with a hyphen.
    yield "text", _line(text)
    yield "text", _line(re.sub(r"[-\u2010\u00ad]\s*\n\s*(?=\w)", "", text))


def _said_by(program: str, *arguments: str) -> str:
    """Return what a program writes about a file that may come from anybody."""
    with tempfile.TemporaryFile() as out:
        try:
            done = subprocess.run(  # noqa: S603
                [program, *arguments],
                stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.DEVNULL,
                timeout=PDF_SECONDS * 5, check=False, preexec_fn=_limit,
            )  # fmt: skip
        except subprocess.TimeoutExpired as problem:
            raise Unreadable("it takes too long to read") from problem
        if done.returncode:
            raise Unreadable("it is damaged, locked by a password, or too large to read")
        out.seek(0)
        return out.read().decode(errors="replace")


def _limit() -> None:
    limits = {
        resource.RLIMIT_CPU: PDF_SECONDS,
        resource.RLIMIT_AS: PDF_MEMORY,
        resource.RLIMIT_FSIZE: MAX_TEXT,
        resource.RLIMIT_CORE: 0,
    }
    for what, most in limits.items():
        resource.setrlimit(what, (most, most))


def picture(file: IO[bytes]) -> Iterator[Text]:
    """Yield what a picture says of itself in IPTC, XMP, EXIF and comments. Raises Unreadable."""
    try:
        with Image.open(file) as opened:
            for text in _in_picture(opened, file):
                yield "metadata", _line(text)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as problem:
        raise Unreadable(f"it is no picture that we can open: {problem}") from problem


def _in_picture(opened: Image.Image, file: IO[bytes]) -> Iterator[str]:
    for value in metadata.read(opened, file).as_dict().values():
        yield from (text for text in _listed(value) if isinstance(text, str))
    for kind, block in embedded.blocks(opened, file):
        if kind == "xmp":
            with contextlib.suppress(Unreadable):
                yield from (text for _, text in xml(embedded.packet(block[:])))
        elif kind == "iim":
            for texts in embedded.iim(block).values():
                yield from texts
        elif kind == "text":
            yield block[:].decode(errors="replace")
    exif = opened.getexif()
    for value in [*exif.values(), *exif.get_ifd(0x8769).values(), *opened.info.values()]:
        yield from _decoded(value)


def _listed(value: Any) -> Iterable[Any]:
    return value if isinstance(value, list) else [value]


def _decoded(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, bytes) and len(value) < 10_000:
        yield value.replace(b"\0", b"").decode(errors="replace")

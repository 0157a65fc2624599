"""Reads the texts in a file: paragraphs, attributes, metadata of pictures.

Inline tags do not split a paragraph. Word files and pictures are read in the sandbox; `html` and
`xml` also read the pages of our own site. Uses no Django.
"""

import contextlib
import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import IO, Any

import lxml.html
from lxml import etree
from PIL import Image

from assets import archives, embedded, metadata, xmp
from assets.messages import BadFileError
from assets.messages import message as _
from assets.opening import ACCEPTED

MAX_UNPACKED_BYTES = 200_000_000  # of all parts of a Word file
BATCH_CHARACTERS = 500_000  # of the texts that are sent together

# A place in a file, and the text there.
Text = tuple[str, str]


def in_batches(reader: str, file: IO[bytes]) -> Iterator[list[Text]]:
    """Yield the texts in a file in batches. Raises BadFileError."""
    batch, size = [], 0
    for place, text in READERS[reader](file):
        batch.append((place, text))
        size += len(text)
        if size > BATCH_CHARACTERS:
            yield batch
            batch, size = [], 0
    yield batch


def line(text: str) -> str:
    """Return a text on one line, with single spaces."""
    return " ".join(text.split())


# --- Text formats --------------------------------------------------------------------------------

_INLINE = {
    "a", "abbr", "b", "bdi", "bdo", "cite", "code", "data", "del", "dfn", "em", "font", "i", "ins",
    "kbd", "label", "mark", "q", "rp", "rt", "ruby", "s", "samp", "small", "span", "strong", "sub",
    "sup", "time", "tspan", "u", "var", "wbr",
}  # fmt: skip
_NO_TEXTS = {"class", "style", "nonce", "integrity", "d"}  # attributes


def html(source: str | bytes) -> Iterator[Text]:
    """Yield the texts of a page, and those in its attributes, comments and structured data."""
    parser = lxml.html.HTMLParser(encoding="utf-8", huge_tree=True)
    if isinstance(source, str):
        source = source.encode(errors="replace")
    try:
        root = lxml.html.document_fromstring(source, parser=parser)
    except etree.ParserError:
        return  # the page is empty
    for comment in root.iter(etree.Comment):
        yield "comment", line(comment.text or "")
    etree.strip_tags(root, etree.Comment, etree.ProcessingInstruction)
    written: list[str] = []
    for event, element in etree.iterwalk(root, events=("start", "end")):
        tag = str(element.tag)
        if tag not in _INLINE and tag != "br":
            yield "text", line("".join(written))
            written.clear()
        if event == "end":
            written.append(element.tail or "")
            continue
        for name, value in element.attrib.items():
            if name not in _NO_TEXTS:
                yield f"attribute {name!s}", line(str(value))
        if tag in ("script", "style"):
            yield from _script(element)
        else:
            written.append("\n" if tag == "br" else element.text or "")
    yield "text", line("".join(written))


def _script(element: Any) -> Iterator[Text]:
    source = element.text or ""
    if "json" in element.get("type", ""):
        with contextlib.suppress(ValueError):
            for _place, text in values(json.loads(source)):
                yield "structured data", text
            return
    yield str(element.tag), line(source)


def plain(source: str) -> Iterator[Text]:
    """Yield the paragraphs of a plain text."""
    for paragraph in re.split(r"\n\s*\n", source):
        yield "text", line(paragraph)


def xml(source: bytes) -> Iterator[Text]:
    """Yield the texts and attributes of XML. Raises BadFileError."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)
    try:
        root = etree.fromstring(source, parser)
    except etree.XMLSyntaxError as problem:
        raise BadFileError(_("It is not valid XML: %(problem)s", problem=str(problem))) from problem
    for element in root.iter():
        if isinstance(element.tag, str):
            for name, value in element.attrib.items():
                yield f"attribute {name!s}", line(str(value))
        yield from _text_or_html(element.text or "")
        yield from _text_or_html(element.tail or "")


def _text_or_html(text: str) -> Iterator[Text]:
    return html(text) if re.search(r"</?[a-zA-Z]", text) else plain(text)


def values(data: Any) -> Iterator[Text]:
    """Yield the texts in a decoded JSON value."""
    waiting = [data]
    while waiting:
        match waiting.pop():
            case str() as text:
                yield from _text_or_html(text)
            case list() as items:
                waiting += items
            case dict() as fields:
                waiting += [*fields.keys(), *fields.values()]


# --- Files ---------------------------------------------------------------------------------------

_WRITTEN = {"t", "delText", "instrText"}
_BREAKS = {"tab", "br", "cr", "noBreakHyphen"}
_NAMES = {"author", "initials", "descr", "title", "name", "tooltip", "Target"}


def word(file: IO[bytes]) -> Iterator[Text]:
    """Yield the texts of a Word file: paragraphs, notes, comments, properties. Raises BadFileError.

    The file also contains text that was deleted with tracked changes. It is read too.
    """
    with archives.opened(file, MAX_UNPACKED_BYTES) as archive:
        for info in archive.infolist():
            if info.filename.endswith((".xml", ".rels")):
                yield from _word_part(archive.read(info))


def _word_part(content: bytes) -> Iterator[Text]:
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as problem:
        raise BadFileError(
            _("A part of it is not valid XML: %(problem)s", problem=str(problem))
        ) from problem
    for element in root.iter(etree.Element):
        name = etree.QName(element).localname
        if name == "p":
            yield "text", line("".join(_word_pieces(element)))
        elif name not in _WRITTEN:
            yield "text", line(element.text or "")
        for attribute, value in element.attrib.items():
            if etree.QName(attribute).localname in _NAMES:
                yield "text", line(str(value))


def _word_pieces(paragraph: Any) -> Iterator[str]:
    for element in paragraph.iter(etree.Element):
        name = etree.QName(element).localname
        if name in _WRITTEN:
            yield element.text or ""
        elif name in _BREAKS:
            yield "-" if name == "noBreakHyphen" else " "


def picture(file: IO[bytes]) -> Iterator[Text]:
    """Yield the metadata of a picture: IPTC, XMP, EXIF and comments. Raises BadFileError."""
    try:
        with Image.open(file, formats=ACCEPTED) as opened:
            for text in _in_picture(opened, file):
                yield "metadata", line(text)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as problem:
        raise BadFileError(
            _("The picture can’t be opened: %(problem)s", problem=str(problem))
        ) from problem


def _in_picture(opened: Image.Image, file: IO[bytes]) -> Iterator[str]:
    for value in metadata.read(opened, file).as_dict().values():
        yield from (text for text in _listed(value) if isinstance(text, str))
    for kind, block in embedded.blocks(opened, file):
        if kind == "xmp":
            with contextlib.suppress(BadFileError):
                yield from (text for _place, text in xml(xmp.packet(block[:])))
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


READERS: dict[str, Callable[[IO[bytes]], Iterator[Text]]] = {"word": word, "picture": picture}

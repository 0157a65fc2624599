"""Reads XMP, which is RDF in XML.

Packets can be malicious, so no entity is resolved and every loop has a limit.
"""

import contextlib
import re
from collections.abc import Iterable, Iterator
from itertools import islice

from lxml import etree
from lxml.etree import _Element as Element

from assets.embedded import MAX_BLOCK, MAX_LISTED

MAX_MARKS = 50_000  # tags and attributes in a packet, which determine the cost of reading it

_NAMESPACES = {
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "xml": "http://www.w3.org/XML/1998/namespace",
    "dc": "http://purl.org/dc/elements/1.1/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "xmpRights": "http://ns.adobe.com/xap/1.0/rights/",
    "Iptc4xmpCore": "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/",
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "plus": "http://ns.useplus.org/ldf/xmp/1.0/",
    "exif": "http://ns.adobe.com/exif/1.0/",
    "exifEX": "http://cipa.jp/exif/1.0/",
    "aux": "http://ns.adobe.com/exif/1.0/aux/",
    "mwg-rs": "http://www.metadataworkinggroup.com/schemas/regions/",
    "TC260": "http://www.tc260.org.cn/ns/AIGC/1.0/",
}
_ROOT = re.compile(rb"<((?:\w{1,40}:)?(?:xmpmeta|xapmeta|RDF))[\s>]")
# Characters that XML can't contain, as bytes and as character references.
_CONTROLS = bytes({*range(32)} - {0x09, 0x0A, 0x0D})
_WRITTEN_CONTROL = re.compile(
    rb"&#(?:[xX]0{0,9}(?:[0-8bcefBCEF]|1[\da-fA-F])|0{0,9}(?:[0-8]|1[124-9]|2\d|3[01]));"
)


def packet(block: bytes) -> bytes:
    """Return an XMP packet in UTF-8, from its first to its last tag, or b"".

    Returns b"" if the packet is incomplete or too long. The result has no document type, so that no
    entity can expand.
    """
    if len(block) > MAX_BLOCK or block.count(b"<") + block.count(b"=") > MAX_MARKS:
        return b""
    xml = _in_utf_8(block).translate(None, _CONTROLS)
    if not (root := _ROOT.search(xml)):
        return b""
    end = xml.find(b">", xml.rfind(b"</" + root[1])) + 1
    return _WRITTEN_CONTROL.sub(b"", xml[root.start() : end])


def _in_utf_8(block: bytes) -> bytes:
    start = block[:2]
    if start in (b"\xff\xfe", b"\xfe\xff"):
        return block.decode("utf-16", "replace").encode()
    if b"\0" in start:
        wide = "utf-16-be" if start[:1] == b"\0" else "utf-16-le"
        return block.decode(wide, "replace").encode()
    try:
        block.decode()
    except UnicodeDecodeError:  # a program inserted values in other encodings
        pieces = block.split(b"<", MAX_LISTED * 100)
        return "<".join(map(_utf_8_or_western, pieces)).encode()
    return block


def _utf_8_or_western(piece: bytes) -> str:
    try:
        return piece.decode()
    except UnicodeDecodeError:
        return piece.decode("cp1252", "replace")


def _tag(name: str) -> str:
    prefix, _, local = name.partition(":")
    return f"{{{_NAMESPACES[prefix]}}}{local}"


_RDF, _DESCRIPTION, _ITEM = _tag("rdf:RDF"), _tag("rdf:Description"), _tag("rdf:li")
_LISTS = tuple(_tag(f"rdf:{name}") for name in ("Alt", "Bag", "Seq"))


class Resource:
    """The properties of one RDF resource, in all of RDF's notations.

    A property may be an attribute or an element. Its value may be a text, an address, a list, or
    another resource. That resource may be written as attributes, elements, or a Description.
    """

    def __init__(self, nodes: list[Element]) -> None:
        self._nodes = nodes

    @classmethod
    def of_packets(cls, packets: Iterable[bytes]) -> "Resource":
        """Return the properties in some packets; a packet that is not valid XML is ignored."""
        nodes: list[Element] = []
        for xml in packets:
            parser = etree.XMLParser(encoding="utf-8", resolve_entities=False, no_network=True)
            with contextlib.suppress(etree.XMLSyntaxError):
                root = etree.fromstring(xml, parser)
                rdf = root if root.tag == _RDF else root.find(_RDF)
                if rdf is not None:
                    nodes += islice(rdf.iterchildren(_DESCRIPTION), MAX_LISTED)
        return cls(nodes)

    def text(self, name: str) -> str:
        """Return the text of a property; of several, the one in the default language."""
        texts = [(language.lower(), text) for language, text in self._texts(name) if text.strip()]
        return dict(reversed(texts)).get("x-default") or (texts[0][1] if texts else "")

    def texts(self, name: str) -> list[str]:
        """Return the texts of a property that is a list."""
        return [text.strip() for _language, text in self._texts(name) if text.strip()]

    def parts(self, name: str) -> list["Resource"]:
        """Return the resources that are the values of a property."""
        values = (value for value in self._values(name) if not isinstance(value, str))
        return [Resource([value, *value.iterchildren(_DESCRIPTION)]) for value in values]

    def _texts(self, name: str) -> Iterator[tuple[str, str]]:
        for value in self._values(name):
            if isinstance(value, str):
                yield "", value
                continue
            inner = [value, *value.iterchildren(_DESCRIPTION)]
            with_qualifiers = (each.find(_tag("rdf:value")) for each in inner)
            node = next((each for each in with_qualifiers if each is not None), value)
            text = node.get(_tag("rdf:resource")) or "".join(map(str, node.itertext()))
            yield value.get(_tag("xml:lang")) or "", text

    def _values(self, name: str) -> Iterator[str | Element]:
        for node in self._nodes:
            if attribute := node.get(_tag(name)):
                yield attribute
            for value in islice(node.iterchildren(_tag(name)), MAX_LISTED):
                listed = next(value.iterchildren(*_LISTS), None)
                if listed is None:
                    yield value
                else:
                    yield from islice(listed.iterchildren(_ITEM), MAX_LISTED)

"""Parser of the HTML of a clipboard: a tree of blocks that contain formatted text."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

import lxml.html
from lxml.etree import HTMLParser, SubElement
from lxml.etree import _Element as Element

from desk.pasting.messages import LeftOut
from desk.pasting.styles import Look, Style, StyleSheet, points
from releases.document import BLOCKS, MAX_LEVELS, MAX_TEXT, UnreadableTextError
from releases.document.schema import MAX_ATTRIBUTE, MAX_MARKUP, TextTooLongError
from storing.links import allowed_link
from storing.texts import clean_text

# Elements that browsers do not display.
_INVISIBLE = {"script", "style", "template", "noscript", "title", "xml", "head", "datalist"}
_EMBEDDED = {
    "iframe", "object", "svg", "math", "video", "audio", "canvas", "embed", "textarea", "select",
    "button", "map", "frameset",
}  # fmt: skip
_KEPT_ATTRIBUTES = ("colspan", "rowspan", "start", "value", "type")
_WORD_LIST = re.compile(r"(l[0-9]{1,9}) level([0-9]{1,3})")
_LETTERS = {
    "lower-alpha": "a", "lower-latin": "a", "upper-alpha": "A", "upper-latin": "A",
    "lower-roman": "i", "upper-roman": "I",
}  # fmt: skip
_NOTE = re.compile(r"(?:ftn|edn|sdfootnote|sdendnote)[0-9]{1,4}")
_MAX_LIST_DEPTH = 9  # levels, as in Word
_STRUCK_LETTERS = re.compile("(?:[^\u0336]\u0336)+")  # struck out by a combining character
_FORBIDDEN_IN_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(slots=True)
class Facts:
    """Facts about a block that come from its styles and not from its element."""

    list_id: str = ""  # the ID of Word's list, such as “l0”
    level: int = 0  # from 1; 0 if it is not a list paragraph of Word
    marker: str = ""  # the number or bullet that Word wrote
    margin: float = 0  # points
    in_a_list: bool = False  # has Word's style for list paragraphs
    first_row: bool = False
    note: bool = False  # contains the text of one footnote


@dataclass(slots=True, eq=False)
class Anchor:
    """A link to another place in the same text. `names` are its own names as a link target."""

    element: Element
    block: Element
    target: str
    names: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Frame:
    look: Look
    node: Element
    quote: bool = False
    skipped: bool = False


class Clipboard:
    """Pasted HTML as a tree of blocks, with text in `a`, `strong`, `em`, `sub` and `sup`."""

    def __init__(self, html: str) -> None:
        """Read the HTML. Raises UnreadableTextError if it is too long or nested too deeply."""
        self.root = lxml.html.Element("div")
        self.left_out = LeftOut()
        self.facts: dict[Element, Facts] = {}
        self.anchors: list[Anchor] = []
        self.places: dict[str, Element] = {}  # by name or ID: the block that has or contains it
        plain = clean_text(html, multiline=True)
        parser = HTMLParser(target=cast(Any, _Reader(self)))
        lxml.etree.fromstring(f"<html><body>{plain}</body></html>", parser)

    def facts_of(self, node: Element) -> Facts:
        return self.facts.setdefault(node, Facts())


class _Reader:
    """Parser target of lxml that builds the tree.

    Each run of text has its own formatting elements, so only blocks count as levels of nesting.
    """

    def __init__(self, clipboard: Clipboard) -> None:
        self._clipboard = clipboard
        self._left_out = clipboard.left_out
        self._sheet = StyleSheet()
        self._frames = [_Frame(Look(), clipboard.root)]
        self._buffer: list[str] = []
        self._css: list[str] | None = None
        self._skipped = self._levels = self._words = self._length = 0

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        outer = self._frames[-1]
        if self._skipped or tag in _INVISIBLE or tag in _EMBEDDED:
            self._skip(tag, outer)
            return
        if attributes.get("role") == "heading" and tag in ("p", "div"):  # Word for the web
            level = attributes.get("aria-level", "")
            tag = f"h{level}" if level in ("1", "2", "3", "4", "5", "6") else "h6"
        style = self._sheet.style(tag, attributes.get("class", ""), attributes.get("style", ""))
        look = outer.look.inside(tag, attributes, style)
        note = attributes.get("data-footnote", "") if tag == "span" else ""
        if look != outer.look or tag in BLOCKS or tag in ("a", "br", "img") or note:
            self._write()
        frame = _Frame(look, outer.node)
        self._frames.append(frame)
        if look.hidden:
            self._buffer += " " if tag in BLOCKS or tag == "br" else ""
            return
        if tag == "a":
            frame.look, frame.node = self._link(attributes, look, outer.node)
        elif tag in BLOCKS:
            frame.node = self._block(tag, attributes, style, outer.node)
        elif tag == "br":
            if not look.struck:
                self._count(4)
                SubElement(outer.node, "br")
        elif tag == "img":
            self._picture(attributes, look)
        elif tag == "q":
            frame.quote = True
            self.data("“")
        elif note:
            frame.node = self._note(note, outer.node)
        if name := attributes.get("id"):
            self._clipboard.places.setdefault(name, frame.node)

    def end(self, tag: str) -> None:
        if len(self._frames) == 1:
            return
        frame = self._frames[-1]
        if frame.quote:
            self.data("”")
        self._frames.pop()
        if frame.skipped:
            self._skipped -= 1
            if tag == "style" and self._css is not None:
                self._sheet.read("".join(self._css))
                self._css = None
            return
        outer = self._frames[-1]
        if frame.node is not outer.node or frame.look != outer.look:
            self._buffer_to(frame)
        if frame.node is not outer.node:
            self._levels -= frame.node.tag in BLOCKS
            self._left_out.pause()

    def data(self, text: str) -> None:
        if self._css is not None:
            self._css.append(text)
        elif not self._skipped:
            self._words += len(text)
            self._buffer.append(text)

    def close(self) -> None:
        self._write()

    # --- Text ----------------------------------------------------------------------------------

    def _write(self) -> None:
        self._buffer_to(self._frames[-1])

    def _buffer_to(self, frame: _Frame) -> None:
        """Write the buffered text with the formatting of the element around it."""
        if not self._buffer:
            return
        text = _FORBIDDEN_IN_XML.sub("", "".join(self._buffer))
        self._buffer.clear()
        look = frame.look
        if look.marker:
            self._clipboard.facts_of(self._paragraph(frame.node)).marker += text
        elif look.hidden:
            self._left_out.words("hidden", text)
        elif look.struck:
            self._left_out.words("struck", text)
        else:
            end = 0
            for struck in _STRUCK_LETTERS.finditer(text):
                self._run(text[end : struck.start()], frame)
                self._left_out.words("struck", struck[0].replace("\u0336", ""))
                end = struck.end()
            self._run(text[end:], frame)

    def _run(self, text: str, frame: _Frame) -> None:
        if not text:
            return
        if text.strip():
            self._left_out.pause()
        else:
            self._left_out.space()
        self._count(len(text))
        look, node = frame.look, frame.node
        tags = [t for t, on in (("strong", look.bold), ("em", look.italic)) if on]
        if look.shift:
            tags.append(look.shift)
        self._count(20 * len(tags) + len(look.href))
        if look.href:
            node = SubElement(node, "a", href=look.href)
        for tag in tags:
            node = SubElement(node, tag)
        lines = text.split("\n") if look.preformatted else [text]
        for number, line in enumerate(lines):
            if number:
                self._count(4)
                SubElement(node, "br")
            if len(node):
                node[-1].tail = (node[-1].tail or "") + line
            else:
                node.text = (node.text or "") + line

    def _count(self, length: int) -> None:
        self._length += length
        if self._words > MAX_TEXT or self._length > MAX_MARKUP:
            raise TextTooLongError()  # without the length, because the rest was not read

    # --- Elements ------------------------------------------------------------------------------

    def _skip(self, tag: str, outer: _Frame) -> None:
        self._write()
        if tag in _EMBEDDED and not self._skipped and not outer.look.hidden:
            self._left_out.embedded += 1
        if tag == "style" and not self._skipped:
            self._css = []
        self._skipped += 1
        self._frames.append(_Frame(outer.look, outer.node, skipped=True))

    def _block(
        self, tag: str, attributes: Mapping[str, str], style: Style, parent: Element
    ) -> Element:
        parent = self._paragraph(parent)  # an inner link or a note may contain blocks
        self._left_out.pause()
        self._count(2 * len(tag) + 5)
        node = SubElement(parent, tag)
        self._levels += 1
        if self._levels > MAX_LEVELS:
            raise UnreadableTextError("too_deep")
        if tag == "figure" and attributes.get("data-asset"):
            self._left_out.pictures.append("")  # a library picture, copied from another release
        if tag == "table" and (caption := attributes.get("data-caption", "")[:MAX_ATTRIBUTE]):
            self._words += len(caption)
            self._count(len(caption))
            SubElement(node, "caption").text = _FORBIDDEN_IN_XML.sub("", caption)
        for name in _KEPT_ATTRIBUTES:
            value = attributes.get(name, "")
            if value.isascii() and value.isalnum() and len(value) <= 5:
                node.set(name, value)
        if node.tag in ("ol", "li") and (letter := _LETTERS.get(style.get("list-style-type", ""))):
            node.set("type", letter)
        self._add_facts(node, attributes, style)
        return node

    def _add_facts(self, node: Element, attributes: Mapping[str, str], style: Style) -> None:
        if node.tag == "tr" and style.get("mso-yfti-firstrow") == "yes":
            self._clipboard.facts_of(node).first_row = True
        if node.tag == "div" and (
            style.get("mso-element") in ("footnote", "endnote")
            or _NOTE.fullmatch(attributes.get("id", ""))
        ):
            self._clipboard.facts_of(node).note = True
        if node.tag == "li" and attributes.get("data-listid"):
            facts = self._clipboard.facts_of(node)
            facts.list_id = attributes["data-listid"][:20]
            facts.level = _number(attributes.get("data-aria-level", ""), _MAX_LIST_DEPTH)
            facts.marker = f"{_number(attributes.get('data-aria-posinset', ''), 9999)}."
        if node.tag not in ("p", "h1", "h2", "h3", "h4", "h5", "h6"):
            return
        margin = points(style.get("margin-left", "")) or 0
        in_a_list = "msolistparagraph" in attributes.get("class", "").lower()
        found = _WORD_LIST.match(style.get("mso-list", ""))
        if not (margin or in_a_list or found):
            return
        facts = self._clipboard.facts_of(node)
        facts.margin, facts.in_a_list = margin, in_a_list
        if found:
            facts.list_id = found[1]
            facts.level = min(max(int(found[2]), 1), _MAX_LIST_DEPTH)

    def _link(
        self, attributes: Mapping[str, str], look: Look, node: Element
    ) -> tuple[Look, Element]:
        """Return the formatting of a link's text, and the node that gets the text."""
        href = attributes.get("href", "").strip()
        name = attributes.get("name", "")
        target = href.partition("#")[2] if _is_inner(href) else ""
        if target and node.tag == "span":  # in a note, keep only the text of such a link
            self._left_out.places += 1
            return look, node
        if target:
            self._count(10)
            block = self._paragraph(node)
            node = SubElement(block, "a")
            names = [n for n in (name, attributes.get("id", "")) if n]
            self._clipboard.anchors.append(Anchor(node, block, target, names))
            for each in names:
                self._clipboard.places.setdefault(each, block)
            return look, node
        if name:
            self._clipboard.places.setdefault(name, self._paragraph(node))
        if not href:
            return look, node
        allowed = allowed_link(href) or ""
        if not allowed:
            self._left_out.links.append(href[:100])
        elif allowed != href and _host(allowed) != _host(href):
            self._left_out.shortened.append(allowed)
        return replace(look, href=allowed), node

    def _picture(self, attributes: Mapping[str, str], look: Look) -> None:
        size = {attributes.get("width", ""), attributes.get("height", "")}
        if not look.hidden and not look.marker and not size <= {"0", "1"}:
            self._left_out.pictures.append(" ".join(attributes.get("alt", "").split())[:200])

    def _note(self, number: str, parent: Element) -> Element:
        """Return the node of a footnote that was copied from our editor, with its text inside."""
        if parent.tag == "span":  # a note can't contain another note
            return parent
        self._left_out.pause()
        self._count(40)
        # The prefix avoids conflicts with the numbers of notes that are made from links.
        key = "".join(char for char in number[:20] if char.isalnum())
        return SubElement(parent, "span", {"data-footnote": f"own-{key}"})

    def _paragraph(self, node: Element) -> Element:
        """Return the nearest node that is not an inner link or a note."""
        while node.tag in ("a", "span"):
            node = cast(Element, node.getparent())
        return node


def _number(text: str, maximum: int) -> int:
    """Return a text as a number from 1 to a maximum, 1 if it is not a number."""
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 1
    return min(max(number, 1), maximum)


def _is_inner(href: str) -> bool:
    """Return whether a link leads to a place in the same text.

    Word writes such links with the full path of the file.
    """
    return href.startswith("#") or bool(re.match(r"(?:file:|about:blank|wordml://)[^#]*#", href))


def _host(href: str) -> str:
    return href.partition("://")[2].partition("/")[0].lower().removeprefix("www.")

"""Brings any HTML into the form of the schema."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from html import escape
from itertools import groupby
from uuid import UUID

import lxml.html
from lxml.etree import _Element as Element

from people.names.normalise import find_whole
from releases.document.inline import (
    escaped,
    inline_content,
    inline_html,
    wrapping,
)
from releases.document.parsing import Cleaner, parsed, refuse_too_deep
from releases.document.schema import (
    ATTRIBUTES,
    BLOCKS,
    HEADINGS,
    LISTS,
    MAX_ATTRIBUTION,
    MAX_TEXT,
    TextTooLong,
    too_long,
    uuid_in,
)
from storing.texts import is_blank

_IN_NO_ITEM = {"blockquote", "figure"}
_let_in = Cleaner(ATTRIBUTES)


def clean(html: str, most: int = MAX_TEXT) -> str:
    """Return any HTML as a document of our schema; all its words stay, in their order.

    Headings come down to two levels, what only groups or decorates falls away, a quotation holds
    paragraphs alone, empty blocks go. An `…id` that is no uuid goes as well; whether it belongs
    to somebody is for `without_strangers` to say. Raises UnreadableText where the nesting is
    absurdly deep, or the document has more than `most` characters.
    """
    cleaned = _written(_flow(parsed(_let_in.clean(html, most))))
    if len(cleaned) > most:
        raise TextTooLong(too_long(len(cleaned), most))
    refuse_too_deep(cleaned)
    return cleaned


def without_strangers(html: str, people: Collection[UUID], assets: Collection[UUID]) -> str:
    """Return a clean document without references to people or pictures that do not exist.

    The words of a quotation or a name stay; a picture that is nowhere leaves nothing.
    """
    root = parsed(html)
    for tag, attribute, known in (
        ("blockquote", "data-speaker", people),
        ("span", "data-person", people),
        ("figure", "data-asset", assets),
    ):
        for node in root.iter(tag):
            if uuid_in(node.get(attribute)) not in known:
                node.attrib.pop(attribute, "")
    return _written(_flow(root))


def with_people(html: str, people: Mapping[str, UUID]) -> str:
    """Return a clean document with people put in where their names stand, as an import needs it.

    A quotation whose `data-name` is one of the names becomes that person's, and the first
    occurrence of each name in running text is marked.
    """
    root = parsed(html)
    for quotation in root.iterfind("blockquote"):
        if speaker := people.get(quotation.get("data-name", "")):
            quotation.set("data-speaker", str(speaker))
    for name, person in people.items():
        _mark_first(root, name, person)
    return _written(_flow(root))


@dataclass(frozen=True, slots=True)
class _Block:
    """A block of our schema: its content as HTML, and the blocks that a list or quotation holds."""

    tag: str
    inner: str
    attributes: str = ""
    held: "list[_Block]" = field(default_factory=list)

    @property
    def html(self) -> str:
        return f"<{self.tag}{self.attributes}>{self.inner}</{self.tag}>"

    @property
    def paragraphs(self) -> "list[_Block]":
        """What it says, as paragraphs."""
        if self.tag in ("p", "h2", "h3"):
            return [self if self.tag == "p" else replace(self, tag="p")]
        return [p for block in self.held for p in block.paragraphs]


def _written(blocks: Iterable[_Block]) -> str:
    return "\n".join(block.html for block in blocks)


def _flow(node: Element) -> list[_Block]:
    """Return the content of a node as blocks of our schema; loose text becomes paragraphs."""
    blocks: list[_Block] = []
    run: list[str] = []

    def end_run() -> None:
        blocks.extend(_paragraph("p", "".join(run)))
        run.clear()

    run.append(escaped(node.text))
    for child in node:
        if child.tag in BLOCKS or _holds_blocks(child):
            end_run()
            blocks.extend(_block(child))
        else:
            run.append(inline_html(child))
        run.append(escaped(child.tail))
    end_run()
    return blocks


def _holds_blocks(node: Element) -> bool:
    return any(inner is not node for inner in node.iter(*BLOCKS))


def _block(node: Element) -> list[_Block]:
    tag = node.tag
    if tag in HEADINGS and _holds_blocks(node):
        level = HEADINGS[tag]
        return [replace(b, tag=level) if b.tag == "p" else b for b in _flow(node)]
    if tag == "p" or tag in HEADINGS:
        return _paragraph(HEADINGS.get(tag, "p"), inline_content(node))
    if tag in LISTS:
        return _list(node)
    if tag == "blockquote":
        return _quotation(node)
    if tag == "figure":
        asset = uuid_in(node.get("data-asset"))
        figure = [_Block("figure", "", f' data-asset="{asset}"')] if asset else []
        return figure + _flow(node)
    return _around(node, _flow(node))


def _around(node: Element, blocks: list[_Block]) -> list[_Block]:
    """Put a link or an emphasis that holds whole paragraphs into each of them."""
    opening, closing = wrapping(node)
    if not opening:
        return blocks
    return [
        replace(block, inner=f"{opening}{block.inner}{closing}")
        if block.tag in ("p", "h2", "h3") and block.inner.strip()
        else block
        for block in blocks
    ]


def _list(node: Element) -> list[_Block]:
    """Return a list; a quotation or a picture in it, which no item can hold, parts it in two."""
    blocks: list[_Block] = []
    items: list[list[_Block]] = []

    def end_list() -> None:
        if items:
            inner = "".join(f"<li>{''.join(b.html for b in item)}</li>" for item in items)
            blocks.append(_Block(node.tag, inner, held=[b for item in items for b in item]))
        items.clear()

    for child in _with_loose_text_in_items(node):
        # Google Docs puts a list into a list beside the item it belongs to.
        inner = _flow(child) if child.tag == "li" else _block(child)
        for parts_it, group in groupby(inner, lambda block: block.tag in _IN_NO_ITEM):
            if parts_it:
                end_list()
                blocks.extend(group)
            elif child.tag in LISTS and items:
                items[-1].extend(group)
            else:
                items.append([part for block in group for part in _as_in_an_item(block)])
    end_list()
    return blocks


def _with_loose_text_in_items(node: Element) -> Iterator[Element]:
    """Yield the children of a list, and an item for each text that stands between them."""

    def item(text: str | None) -> Iterator[Element]:
        if text and text.strip():
            made = lxml.html.Element("li")
            made.text = text
            yield made

    yield from item(node.text)
    for child in node:
        yield child
        yield from item(child.tail)


def _as_in_an_item(block: _Block) -> list[_Block]:
    return [block] if block.tag in LISTS else block.paragraphs


def _quotation(node: Element) -> list[_Block]:
    attributes = ""
    if speaker := uuid_in(node.get("data-speaker")):
        attributes += f' data-speaker="{speaker}"'
    elif name := _attribution(node.get("data-name")):
        attributes += f' data-name="{escape(name)}"'
    if title := _attribution(node.get("data-title")):
        attributes += f' data-title="{escape(title)}"'
    inner = _flow(node)
    paragraphs = [p for block in inner for p in block.paragraphs]
    figures = [block for block in inner if block.tag == "figure"]
    said = "".join(p.html for p in paragraphs)
    return [*([_Block("blockquote", said, attributes, paragraphs)] if said else []), *figures]


# The end is looked at backwards: a search for it would be quadratic in a long run of blanks.
_BLANK = re.compile(r"(?:<br>|[ \u00a0])*+")
_BLANK_BACKWARDS = re.compile(r"(?:>rb<|[ \u00a0])*+")


def _paragraph(tag: str, inline: str) -> list[_Block]:
    # Word writes a run of its own for every second word. Twice: where the outer of two are joined,
    # the inner become neighbours.
    for seam in ("</strong><strong>", "</em><em>") * 2:
        inline = inline.replace(seam, "")
    # What a tag stood between that falls away may bring two spaces together.
    words = re.split(r"(<[^>]*+>)", inline)
    inline = "".join(word if word[:1] == "<" else re.sub(" {2,}", " ", word) for word in words)
    blank = _BLANK.match(inline)
    if blank and blank.end() < len(inline):
        behind = _BLANK_BACKWARDS.match(inline[::-1])
        inline = inline[blank.end() : len(inline) - (behind.end() if behind else 0)]
    return [] if is_blank(re.sub(r"<[^>]*+>", "", inline)) else [_Block(tag, inline)]


def _mark_first(root: Element, name: str, person: UUID) -> None:
    """Mark a name where it first stands in a paragraph outside of any mark."""
    for paragraph in root.iter("p"):
        for node in paragraph.iter():
            text, tail, parent = node.text or "", node.tail or "", node.getparent()
            if node.tag != "span" and (start := find_whole(name, text)) >= 0:
                node.insert(0, _mark(name, person, text[start + len(name) :]))
                node.text = text[:start]
                return
            if node is paragraph or parent is None:
                continue
            if (start := find_whole(name, tail)) >= 0:
                mark = _mark(name, person, tail[start + len(name) :])
                node.tail = tail[:start]
                parent.insert(parent.index(node) + 1, mark)
                return


def _mark(name: str, person: UUID, tail: str) -> Element:
    mark = lxml.html.Element("span", {"data-person": str(person)})
    mark.text, mark.tail = name, tail
    return mark


def _attribution(value: str | None) -> str:
    return " ".join((value or "").split())[:MAX_ATTRIBUTION]

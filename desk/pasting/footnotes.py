"""Conversion of footnotes in a clipboard. The text of a note moves into its mark."""

import re
from collections.abc import Iterator

from lxml.etree import SubElement
from lxml.etree import _Element as Element

from desk.pasting.clipboard import Anchor, Clipboard
from releases.document import BLOCKS

_MARK = re.compile(r"[\[(]?(?:[0-9]{1,4}|[ivxlc]{1,6}|[a-z]|[*†‡§¶]{1,4})[\])]?", re.IGNORECASE)
# The link targets that Word, Google Docs and LibreOffice use for notes and for their marks.
_PLACE_OF_A_NOTE = re.compile(r"_?(?:ftn|edn|ftnt|sdfootnote|sdendnote)[0-9]{1,4}(?:sym)?")
_PLACE_OF_A_MARK = re.compile(r".*(?:ref.{0,10}|anc)", re.IGNORECASE)


def make_footnotes(clipboard: Clipboard) -> None:
    """Turn marks and notes that link to each other into footnotes, and remove other inner links.

    A footnote is a short mark with a link to another paragraph that has a link back.
    """
    lines = _Lines()
    back: dict[tuple[Element, Element], list[Anchor]] = {}
    for anchor in clipboard.anchors:
        if (place := clipboard.places.get(anchor.target)) is not None:
            back.setdefault((lines.of(anchor.block), lines.of(place)), []).append(anchor)
    notes: set[Element] = set()
    made: set[Anchor] = set()
    number = 0
    for anchor in clipboard.anchors:
        place = clipboard.places.get(anchor.target)
        if place is None or anchor in made or not _is_a_mark(anchor):
            continue
        here, note = lines.of(anchor.block), lines.of(place)
        leading_back = back.get((note, here))
        if not leading_back or note is here or here in notes or note in notes:
            continue
        notes.add(note)
        made.update([anchor, *leading_back])
        number += 1
        for each in leading_back:
            _empty(each.element)
        anchor.element.tag = "span"
        anchor.element.set("data-footnote", str(number))
        _fill(anchor.element, note, clipboard)
    for anchor in clipboard.anchors:
        if anchor not in made:
            # A second mark of a note must stay superscript, or its number would join the word.
            place = clipboard.places.get(anchor.target)
            _unlink(anchor, clipboard, is_repeated=place is not None and lines.of(place) in notes)


class _Lines:
    """Cache of the paragraph of each link target: the target, or the first paragraph in it."""

    def __init__(self) -> None:
        self._found: dict[Element, Element] = {}

    def of(self, block: Element) -> Element:
        if block not in self._found:
            inner = block.iter("p", "h1", "h2", "h3") if block.tag != "p" else iter(())
            self._found[block] = next(inner, block)
        return self._found[block]


def _is_a_mark(anchor: Anchor) -> bool:
    return bool(
        _MARK.fullmatch(_text(anchor.element).strip())
        and not _PLACE_OF_A_MARK.fullmatch(anchor.target)
    )


def _fill(mark: Element, note: Element, clipboard: Clipboard) -> None:
    """Move the inline content of a note into its mark, and remove the note from the text."""
    for child in list(mark):
        mark.remove(child)
    mark.text = None
    parent = note.getparent()
    container = parent if parent is not None and _is_a_note(parent, clipboard) else note
    for part in [node for node in container.iter() if node.tag in BLOCKS]:
        inline = [child for child in part if child.tag not in BLOCKS]
        texts = [part.text or "", *(_text(each) + (each.tail or "") for each in inline)]
        if not any(map(str.strip, texts)):
            continue
        if mark.text or len(mark):
            SubElement(mark, "br")
        _append(mark, part.text)
        for child in inline:
            mark.append(child)
    _strip(mark)
    _empty(container)


def _is_a_note(node: Element, clipboard: Clipboard) -> bool:
    """Return whether an element contains exactly one note."""
    facts = clipboard.facts.get(node)
    return node.tag == "li" or bool(facts and facts.note)


def _unlink(anchor: Anchor, clipboard: Clipboard, *, is_repeated: bool) -> None:
    """Replace an inner link by its text. The mark of a footnote becomes superscript."""
    text = _text(anchor.element).strip()
    is_a_mark = bool(_MARK.fullmatch(text))
    if is_a_mark and (is_repeated or _PLACE_OF_A_NOTE.fullmatch(anchor.target)):
        if is_repeated:
            clipboard.left_out.places += 1
        else:
            clipboard.left_out.loose_notes += 1
        for child in list(anchor.element):
            anchor.element.remove(child)
        anchor.element.text = None
        SubElement(anchor.element, "sup").text = text
    elif text:
        clipboard.left_out.places += 1
    anchor.element.tag = "span"


def _text(node: Element) -> str:
    return "".join(map(str, node.itertext()))


def _append(node: Element, text: str | None) -> None:
    if text and len(node):
        node[-1].tail = (node[-1].tail or "") + text
    elif text:
        node.text = (node.text or "") + text


def _strip(node: Element) -> None:
    """Remove white space at both ends of the text of a node."""
    slots = list(_slots(node))
    for element, name in slots:
        text = (getattr(element, name) or "").lstrip()
        setattr(element, name, text)
        if text:
            break
    for element, name in reversed(slots):
        text = (getattr(element, name) or "").rstrip()
        setattr(element, name, text)
        if text:
            break


def _slots(node: Element) -> Iterator[tuple[Element, str]]:
    """Yield the attributes that can contain text of a node, in the order of the text."""
    yield node, "text"
    for child in node:
        yield from _slots(child)
        yield child, "tail"


def _empty(node: Element) -> None:
    """Make a node empty, so that the cleaner removes it. The text after it stays."""
    node.clear(keep_tail=True)  # type: ignore[call-arg]  # not in the stubs
    node.tag = "span"

"""What a clipboard holds, as a document of ours: Word and Google Docs say with styles what HTML
says with elements, so their styles are read before `document.clean` drops them.
"""

import re
from collections.abc import Iterator
from itertools import groupby

import lxml.html
from lxml.etree import SubElement
from lxml.etree import _Element as Element

from releases.document import (
    BLOCKS,
    EMPHASIS,
    STRUCTURE,
    UNWANTED_WITH_CONTENT,
    Cleaner,
    clean,
    tree,
)
from storing.links import allowed_link

# Conditional comments of Word are comments: they are dropped, and what stands between them stays.
# What was struck out while changes were tracked is no part of the text.
_with_styles = Cleaner(
    {"*": {"style"}, "a": {"href"}, **STRUCTURE}, unwanted=UNWANTED_WITH_CONTENT | {"del"}
)
_DEEPEST_LIST = 9  # levels, as in Word
# Hidden text, and the remarks of colleagues beside a text in Word.
_NOT_FOR_READERS = re.compile(
    r"display:\s*none|mso-hide:\s*all|mso-element:\s*comment|mso-special-character:\s*comment",
    re.IGNORECASE,
)


def clean_pasted(html: str) -> str:
    """Return what was pasted as a clean document. Raises UnreadableText as `clean` does."""
    root = tree(html, _with_styles)
    for node in list(root.iter()):
        if _NOT_FOR_READERS.search(node.get("style", "")):
            _take_out(node)
    for parent in [root, *root.iter("div", "td", "section", "article")]:
        _make_word_lists(parent)
    for node in list(root.iter()):
        _make_emphasis(node)
    for link in root.iter("a"):  # before they are written down, which encodes what is around them
        link.set("href", allowed_link(link.get("href", "")) or "")
    return clean(lxml.html.tostring(root, encoding="unicode"))


def _make_emphasis(node: Element) -> None:
    """Turn bold and italic that are styles into elements, and elements that are not into spans.

    Google Docs wraps everything in `<b style="font-weight:normal">`; Word writes
    `mso-bidi-font-weight:normal` on text that is bold.
    """
    style = node.get("style", "")
    weight = _declared(style, "font-weight")
    if weight:
        bold = weight in ("bold", "bolder") or (weight.isdigit() and int(weight) >= 600)
        _set_emphasis(node, "strong", bold)
    slant = _declared(style, "font-style")
    if slant:
        _set_emphasis(node, "em", slant in ("italic", "oblique"))


def _set_emphasis(node: Element, tag: str, wanted: bool) -> None:
    has = EMPHASIS.get(node.tag) == tag
    if has and not wanted:
        node.tag = "span"
    elif wanted and not has and node.tag not in BLOCKS:
        inner = SubElement(node, tag)
        node.remove(inner)
        inner.text, node.text = node.text, None
        inner.extend(list(node))
        node.append(inner)


def _make_word_lists(parent: Element) -> None:
    """Turn Word's list paragraphs (`mso-list:l0 level1 lfo1`) into lists, nested by their level."""
    for is_list, group in groupby(list(parent), key=lambda node: bool(_word_level(node))):
        if not is_list:
            continue
        items = list(group)
        holder = lxml.html.Element("div")
        items[0].addprevious(holder)
        open_lists: list[tuple[int, Element]] = []
        for item in items:
            level = _word_level(item)
            kind = "ol" if _take_number(item) else "ul"
            while open_lists and (
                open_lists[-1][0] > level
                or (open_lists[-1][0] == level and open_lists[-1][1].tag != kind)
            ):
                open_lists.pop()
            if not open_lists or open_lists[-1][0] < level:
                last = open_lists[-1][1][-1] if open_lists else holder
                open_lists.append((level, SubElement(last, kind)))
            item.tail = None
            SubElement(open_lists[-1][1], "li").append(item)


def _word_level(node: Element) -> int:
    """Return the level of a Word list paragraph from 1 on, 0 where it is none.

    A numbered heading is a heading.
    """
    found = re.search(r"mso-list:\s*l\d+\s+level(\d{1,3})", node.get("style", ""))
    return min(int(found[1]), _DEEPEST_LIST) if found and node.tag == "p" else 0


def _take_number(item: Element) -> bool:
    """Remove the number or bullet that Word typed before an item; say whether it was a number."""
    for span in item.iter("span"):
        if "mso-list" in span.get("style", "").lower():
            marker = "".join(_texts(span)).strip()
            _take_out(span)
            return bool(re.match(r"^\(?[\w]{1,4}[.)]", marker))
    return False


def _take_out(node: Element) -> None:
    """Empty a node of all that it holds, so that it falls away; the words after it stay."""
    node.clear(keep_tail=True)  # type: ignore[call-arg]  # not in the stubs
    node.tag = "span"


def _texts(node: Element) -> Iterator[str]:
    yield node.text or ""
    for child in node:
        yield from _texts(child)
        yield child.tail or ""


def _declared(style: str, name: str) -> str:
    found = re.search(rf"(?:^|;)\s*{name}\s*:\s*([\w-]+)", style, re.IGNORECASE)
    return found[1].lower() if found else ""

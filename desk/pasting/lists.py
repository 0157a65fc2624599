"""Conversion of Word's list paragraphs to HTML lists that keep the numbers shown in Word."""

import re
from dataclasses import dataclass

import lxml.html
from lxml.etree import SubElement
from lxml.etree import _Element as Element

from desk.pasting.clipboard import Clipboard, Facts

_MAX_NUMBER = 9999
_LETTERED = re.compile(r"[(\[]?([^\W\d_]{1,8})[.)\]:、．]")
_ROMAN = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100, "d": 500, "m": 1000}
_MARGIN_TOLERANCE = 1.5  # points; margins with a smaller difference are equal


@dataclass(slots=True)
class _Open:
    """A list that may continue. `next` is the number of its next item."""

    level: int
    element: Element
    margin: float
    next: int = 0  # 0 if it has bullets


def make_lists(clipboard: Clipboard) -> None:
    """Turn Word's list paragraphs (`mso-list:l0 level1 lfo1`) into nested lists."""
    _unwrap_items(clipboard)
    parents = {
        parent: None
        for node, facts in clipboard.facts.items()
        if facts.level and node.tag in ("p", "div") and (parent := node.getparent()) is not None
    }
    counters: dict[tuple[str, int], int] = {}
    for parent in parents:
        _make_lists_below(parent, clipboard, counters)
    for node in list(clipboard.root.iter("ol")):
        _count_as_shown(node, clipboard)


def _unwrap_items(clipboard: Clipboard) -> None:
    """Turn the list items of Word for the web into list paragraphs.

    Word for the web writes each item as a separate list inside a `div`.
    """
    for item, facts in clipboard.facts.items():
        web_list = item.getparent()
        wrapper = web_list.getparent() if web_list is not None else None
        parent = wrapper.getparent() if wrapper is not None else None
        if item.tag != "li" or not facts.level or web_list is None or wrapper is None:
            continue
        if parent is None or wrapper.tag != "div":
            continue
        other_texts = (wrapper.text, web_list.text, item.tail, web_list.tail, wrapper.tail)
        if any(text and text.strip() for text in other_texts):
            continue  # the `div` also contains other text
        if len(wrapper) != 1 or len(web_list) != 1:
            continue
        start = _whole(web_list.get("start", ""))
        if web_list.tag == "ul":
            facts.marker = "·"
        elif start is not None:
            facts.marker = f"{start}."
        item.tag = "div"
        item.attrib.clear()
        wrapper.addprevious(item)
        item.tail = None
        parent.remove(wrapper)


def read_marker(marker: str, expected: int) -> int | None:
    """Return the number that Word showed before an item, None for a bullet.

    A marker such as “i.” can be a letter or a Roman number. Return the expected number if one of
    these readings is equal to it, or else 1 if one of them is 1, or else the letter's number.
    """
    marker = "".join(marker.split())
    if digits := re.findall(r"[0-9]{1,9}", marker):
        return min(int(digits[-1]), _MAX_NUMBER)
    if any(char.isdigit() for char in marker):
        return expected  # the digits are of another script
    found = _LETTERED.fullmatch(marker)
    if not found:
        return None
    letters = found[1].lower()
    readings = [reading for reading in (_alphabetical(letters), _roman(letters)) if reading]
    if expected in readings or not readings:
        return expected
    return 1 if 1 in readings else readings[0]


def _make_lists_below(
    parent: Element, clipboard: Clipboard, counters: dict[tuple[str, int], int]
) -> None:
    stack: list[_Open] = []
    blank: list[Element] = []
    holder = parent
    for node in list(parent):
        facts = clipboard.facts.get(node) if node.tag in ("p", "div") else None
        if facts and facts.level:
            if not stack:
                holder = lxml.html.Element("div")
                node.addprevious(holder)
            number = _number(facts, stack, counters, clipboard)
            _open_list(facts, number, stack, holder)
            _move(node, SubElement(stack[-1].element, "li"), stack, holder)
        elif stack and _is_blank(node):
            blank.append(node)
            continue
        elif stack and (level := _item_of(facts, stack)):
            while stack[-1].level > level:
                stack.pop()
            _move(node, stack[-1].element[-1], stack, holder)
        else:
            stack.clear()
            blank.clear()
        if stack:
            for each in blank:
                parent.remove(each)
        blank.clear()


def _move(node: Element, item: Element, stack: list[_Open], holder: Element) -> None:
    """Move a paragraph into a list item. Text after the paragraph ends the list."""
    text, node.tail = node.tail or "", None
    item.append(node)
    if text.strip():
        holder.tail = text
        stack.clear()


def _number(
    facts: Facts, stack: list[_Open], counters: dict[tuple[str, int], int], clipboard: Clipboard
) -> int | None:
    """Return the number of an item, None for a bullet, and update the counters."""
    same_level = next((each for each in reversed(stack) if each.level == facts.level), None)
    key = facts.list_id, facts.level
    expected = (same_level.next if same_level else 0) or counters.get(key, 0) + 1
    number = read_marker(facts.marker, expected) if facts.marker.strip() else None
    if number is None:
        return None
    if not any(char.isdigit() for char in facts.marker):
        clipboard.left_out.letters.append(facts.marker.strip())
    counters[key] = number
    for deeper in range(facts.level + 1, 10):
        counters.pop((facts.list_id, deeper), None)
    return number


def _open_list(facts: Facts, number: int | None, stack: list[_Open], holder: Element) -> None:
    """Put the list of an item on top of the stack: an open list that continues, or a new list."""
    while stack and stack[-1].level > facts.level:
        stack.pop()
    if stack and stack[-1].level == facts.level and stack[-1].next != (number or 0):
        stack.pop()
    if not stack or stack[-1].level < facts.level:
        parent = stack[-1].element[-1] if stack else holder
        made = SubElement(parent, "ol" if number is not None else "ul")
        if number is not None and number != 1:
            made.set("start", str(number))
        stack.append(_Open(facts.level, made, facts.margin))
    stack[-1].margin = facts.margin
    stack[-1].next = number + 1 if number is not None else 0


def _item_of(facts: Facts | None, stack: list[_Open]) -> int:
    """Return the level of the item with the same indent as an unnumbered paragraph, or 0."""
    if facts is None or not (facts.in_a_list or facts.margin > 0):
        return 0
    for each in reversed(stack):
        if abs(each.margin - facts.margin) <= _MARGIN_TOLERANCE:
            return each.level
    return 0


def _count_as_shown(node: Element, clipboard: Clipboard) -> None:
    """Split an HTML list where the `value` of an item is not the next number."""
    kind = node.get("type", "1")
    node.attrib.pop("type", "")
    start = _whole(node.get("start", ""))
    if start is None or start == 1:
        node.attrib.pop("start", "")
    number = 1 if start is None else start
    target = node
    for item in list(node):
        stated = _whole(item.get("value", "")) if item.tag == "li" else None
        if item.tag == "li" and (sign := item.get("type", kind)) != "1":
            clipboard.left_out.letters.append(sign)
        item.attrib.pop("type", "")
        item.attrib.pop("value", "")
        if stated is not None and stated != number:
            number = stated
            made = lxml.html.Element("ol", start=str(number))
            target.addnext(made)
            made.tail, target.tail = target.tail, None
            target = made
        if target is not node:
            target.append(item)
        number += item.tag == "li"


def _whole(value: str) -> int | None:
    return int(value) if value.isdigit() and int(value) <= _MAX_NUMBER else None


def _is_blank(node: Element) -> bool:
    texts = ("".join(map(str, node.itertext())), node.tail or "")
    return node.tag == "p" and not any(map(str.strip, texts))


def _alphabetical(letters: str) -> int:
    """Return the number of letters as Word counts: 1 for “a”, 27 for “aa”, 0 for others."""
    first = ord(letters[0]) - ord("a")
    if not 0 <= first < 26 or letters != letters[0] * len(letters):
        return 0
    return first + 1 + 26 * (len(letters) - 1)


def _roman(letters: str) -> int:
    if not set(letters) <= set(_ROMAN):
        return 0
    values = [_ROMAN[letter] for letter in letters]
    pairs = zip(values, [*values[1:], 0], strict=True)
    return max(sum(-value if value < after else value for value, after in pairs), 0)

"""Parse foreign HTML in linear time, and keep the elements of the schema."""

import re
from collections.abc import Collection, Mapping
from html import escape
from typing import Any, cast

import lxml.html
import nh3
from lxml.etree import HTMLParser
from lxml.etree import _Element as Element

from releases.document.schema import (
    BLOCKS,
    EMPTY,
    INLINE,
    MAX_ATTRIBUTE,
    MAX_INLINE_LEVELS,
    MAX_LEVELS,
    MAX_MARKUP,
    MAX_TEXT,
    UNWANTED_WITH_CONTENT,
    TextTooLongError,
    UnreadableTextError,
)
from storing.links import SCHEMES, allowed_link
from storing.texts import clean_text

# nh3 needs quadratic time to write “&” and no-break spaces. These two noncharacters, which no text
# may contain, replace them while nh3 runs.
_TO_PLACEHOLDERS = {0xFDD0: None, 0xFDD1: None, ord("\u00a0"): "\ufdd0", ord("&"): "\ufdd1"}
_FROM_PLACEHOLDERS = {0xFDD0: "\u00a0", 0xFDD1: "&amp;"}


class Cleaner:
    """Keeps the allowed tags and attributes of any HTML, in linear time.

    Parsing HTML as browsers do takes quadratic time in the depth of nesting, and repeats elements
    that are not closed. Therefore, a simpler parser comes first: it checks the limits and writes
    the HTML again with each element closed. Then the result is parsed as in a browser.
    """

    def __init__(
        self, attributes: Mapping[str, set[str]], unwanted: Collection[str] = UNWANTED_WITH_CONTENT
    ) -> None:
        """Take the allowed attributes by tag (“*” for every tag).

        Elements with `unwanted` tags are removed with their content.
        """
        self.unwanted = frozenset(unwanted)
        self.tags = (BLOCKS | INLINE | {"br"}) - self.unwanted
        self.attributes = attributes
        self._as_a_browser = nh3.Cleaner(
            tags=self.tags,
            attributes=dict(attributes),
            clean_content_tags=set(unwanted),
            url_schemes=set(SCHEMES),
            link_rel=None,
        )

    def clean(self, html: str, max_characters: int = MAX_TEXT) -> str:
        """Return the allowed part of the HTML.

        Raises UnreadableTextError if it is nested too deeply or its text has more than
        `max_characters`.
        """
        reader = _Reader(self, max_characters)
        parser = HTMLParser(target=cast(Any, reader))
        plain = clean_text(html, multiline=True)
        closed = cast(str, lxml.etree.fromstring(f"<html><body>{plain}</body></html>", parser))
        # Clean again: a character reference may stand for a character that no text may contain.
        cleaned = self._as_a_browser.clean(closed).translate(_FROM_PLACEHOLDERS)
        return clean_text(cleaned, multiline=True)


class _Reader:
    """A parser target for lxml that writes the allowed tags, each of them closed."""

    def __init__(self, cleaner: Cleaner, max_characters: int) -> None:
        self._cleaner, self._max_characters = cleaner, max_characters
        self._written: list[str] = []
        self._open: list[bool] = []  # for each open tag, whether it was written
        self._levels = self._inline_levels = self._length = self._words = self._unwanted = 0

    def start(self, tag: str, found: Mapping[str, str]) -> None:
        attributes = self._attributes(tag, found)
        inline = tag in INLINE
        unwanted = tag in self._cleaner.unwanted
        kept = unwanted or tag in self._cleaner.tags
        if inline and (
            self._inline_levels >= MAX_INLINE_LEVELS or (tag == "span" and not attributes)
        ):
            kept = False
        self._open.append(kept)
        if not kept:
            return
        self._write(f"<{tag}{attributes}>")
        if tag in EMPTY:
            return
        self._levels += 1
        self._inline_levels += inline
        self._unwanted += unwanted
        if self._levels > MAX_LEVELS:
            raise UnreadableTextError("too_deep")

    def end(self, tag: str) -> None:
        if not self._open.pop() or tag in EMPTY:
            return
        self._write(f"</{tag}>")
        self._levels -= 1
        self._inline_levels -= tag in INLINE
        self._unwanted -= tag in self._cleaner.unwanted

    def data(self, text: str) -> None:
        if not self._unwanted:
            self._words += len(text)
            self._write(escape(text.translate(_TO_PLACEHOLDERS), quote=False))

    def close(self) -> str:
        return "".join(self._written)

    def _attributes(self, tag: str, found: Mapping[str, str]) -> str:
        wanted = self._cleaner.attributes
        names = wanted.get("*", set()) | wanted.get(tag, set())
        return "".join(
            f' {name}="{escape(value)}"'
            for name, value in found.items()
            if name in names and value and len(value) <= MAX_ATTRIBUTE
        )

    def _write(self, piece: str) -> None:
        self._written.append(piece)
        self._length += len(piece)
        if self._words > self._max_characters or self._length > max(
            MAX_MARKUP, 10 * self._max_characters
        ):
            raise TextTooLongError(0, self._max_characters)  # 0: the rest was not counted


def refused_links(html: str) -> list[str]:
    """Return the addresses of the links that `clean` removes from a text, in their order."""
    if "<a" not in html.lower():
        return []
    links = lxml.html.fragment_fromstring(html, create_parent="div").iter("a")
    hrefs = dict.fromkeys(link.get("href", "").strip() for link in links)
    return [href for href in hrefs if href and not allowed_link(href)]


def tree(html: str, cleaner: Cleaner) -> Element:
    """Return the elements of any HTML that a cleaner allows, inside one `div`.

    Raises UnreadableTextError if the HTML is too long or nested too deeply.
    """
    return parsed(cleaner.clean(html))


def parsed(html: str) -> Element:
    refuse_too_deep(html)
    return lxml.html.fragment_fromstring(html, create_parent="div")


def refuse_too_deep(html: str) -> None:
    levels = deepest = 0
    for closing, tag in re.findall(r"<(/?)(\w+)", html):
        if tag not in EMPTY:
            levels += -1 if closing else 1
            deepest = max(deepest, levels)
    # The cleaner has limited the input. Beyond 255 levels, lxml silently drops text.
    if deepest > 2 * MAX_LEVELS:
        raise UnreadableTextError("too_deep")

"""Reads foreign HTML in linear time, and keeps what the schema knows."""

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

# Characters that no text may use. nh3 writes “&” and the space that does not break in quadratic
# time, so these two stand for them there.
_STANDS_FOR = {0xFDD0: None, 0xFDD1: None, ord("\u00a0"): "\ufdd0", ord("&"): "\ufdd1"}
_STOOD_FOR = {0xFDD0: "\u00a0", 0xFDD1: "&amp;"}


class Cleaner:
    """Lets in some tags and attributes of any HTML, and reads it in linear time.

    A browser's way to read HTML takes the square of the depth, and repeats what is not closed.
    The text is therefore read first by a parser that only counts, and is written down anew with
    each element closed, before it is read as a browser would.
    """

    def __init__(
        self, attributes: Mapping[str, set[str]], unwanted: Collection[str] = UNWANTED_WITH_CONTENT
    ) -> None:
        """Take the attributes by tag, “*” for each, and the tags that go with their content."""
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
        """Return the allowed HTML, of at most so many characters of text.

        Raises UnreadableTextError where it is too long or too deep.
        """
        reader = _Reader(self, max_characters)
        parser = HTMLParser(target=cast(Any, reader))
        plain = clean_text(html, multiline=True)
        closed = cast(str, lxml.etree.fromstring(f"<html><body>{plain}</body></html>", parser))
        # Once more: a character reference may mean a character that no text may contain.
        cleaned = self._as_a_browser.clean(closed).translate(_STOOD_FOR)
        return clean_text(cleaned, multiline=True)


class _Reader:
    """Writes down the tags that are let in as lxml comes to them, each of them closed."""

    def __init__(self, cleaner: Cleaner, max_characters: int) -> None:
        self._cleaner, self._max_characters = cleaner, max_characters
        self._written: list[str] = []
        self._open: list[bool] = []  # whether the tag was written
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
            self._write(escape(text.translate(_STANDS_FOR), quote=False))

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
            raise TextTooLongError(0, self._max_characters)  # the rest was not read


def refused_links(html: str) -> list[str]:
    """Return the addresses of the links that `clean` leaves out of a text, in their order."""
    if "<a" not in html.lower():
        return []
    links = lxml.html.fragment_fromstring(html, create_parent="div").iter("a")
    hrefs = dict.fromkeys(link.get("href", "").strip() for link in links)
    return [href for href in hrefs if href and not allowed_link(href)]


def tree(html: str, cleaner: Cleaner) -> Element:
    """Return any HTML, as far as a cleaner lets it in, below one `div`.

    Raises UnreadableTextError where it is too long or the nesting is absurdly deep.
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
    # The cleaner has counted the input; beyond 255 levels lxml drops text silently.
    if deepest > 2 * MAX_LEVELS:
        raise UnreadableTextError("too_deep")

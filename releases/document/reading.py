"""A stored document, read: its quotations, people, pictures and words."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING
from uuid import UUID

from lxml.etree import _Element as Element

from people.names.normalise import set_apart
from releases.document.parsing import parsed
from releases.document.schema import uuid_in

if TYPE_CHECKING:
    from people.models import Person


@dataclass(frozen=True, slots=True)
class Quotation:
    """One quotation of a document: its paragraphs as plain text, and whose it is."""

    position: int
    paragraphs: tuple[str, ...]
    speaker: UUID | None
    name: str
    title: str

    @property
    def text(self) -> str:
        return "\n\n".join(self.paragraphs)

    def contains(self, excerpt: str) -> bool:
        """Whether an excerpt is taken from it word for word; quotation marks do not count."""
        return bool(words := _words(excerpt)) and self._contains(words)

    def _contains(self, words: str) -> bool:
        return f" {words} " in f" {_words(self.text)} "


@dataclass(frozen=True, slots=True)
class Attribution:
    """Who is printed below a quotation; `person` is there where the public may know the page."""

    name: str
    title: str
    person: "Person | None" = None


class Document:
    """A clean body, read: its quotations, the people marked in it, its pictures, its words."""

    def __init__(self, html: str) -> None:
        self.root = parsed(html)

    @cached_property
    def quotations(self) -> list[Quotation]:
        return [
            Quotation(
                position=position,
                paragraphs=tuple(text_of(p) for p in node.iterfind("p")),
                speaker=uuid_in(node.get("data-speaker")),
                name=node.get("data-name", ""),
                title=node.get("data-title", ""),
            )
            for position, node in enumerate(self.root.iterfind("blockquote"), start=1)
        ]

    @cached_property
    def mentions(self) -> list[tuple[UUID, str]]:
        """Every marked name, in order: the person and the name as it stands."""
        return [
            (person, text_of(node))
            for node in self.root.iter("span")
            if (person := uuid_in(node.get("data-person")))
        ]

    @cached_property
    def pictures(self) -> list[UUID]:
        return [
            asset
            for node in self.root.iterfind("figure")
            if (asset := uuid_in(node.get("data-asset")))
        ]

    @cached_property
    def paragraphs(self) -> list[str]:
        """The plain text, one entry for each paragraph, heading and list item."""
        return [text for node in self.root.iter("p", "h2", "h3") if (text := text_of(node))]

    @property
    def text(self) -> str:
        return "\n\n".join(self.paragraphs)

    def lifted(self, excerpt: str) -> Quotation | None:
        """Return the quotation that a pull quote is an excerpt of."""
        if not (words := _words(excerpt)):
            return None
        return next((quote for quote in self.quotations if quote._contains(words)), None)


def text_of(node: Element) -> str:
    """Return a node's words, with a line break where it has one."""
    return "".join(_pieces(node)).strip()


def _pieces(node: Element) -> Iterator[str]:
    yield node.text or ""
    for child in node:
        if child.tag == "br":
            yield "\n"
        yield from _pieces(child)
        yield child.tail or ""


def _words(text: str) -> str:
    """Return a text as its bare words; where no spaces part them, each character is one."""
    spaced = set_apart(text.casefold()).replace("’", "'")
    return " ".join(re.findall(r"\w+(?:['\u2010\u2011-]\w+)*", spaced))

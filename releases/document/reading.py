"""A stored document in parsed form: its quotations, people, pictures and texts."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING
from uuid import UUID

from people.names.normalise import separate_unspaced
from releases.document.blocks import Block, running_text, walk
from releases.document.cleaning import blocks_in
from releases.document.inline import notes_of, plain_text_of, text_of
from releases.document.schema import PARAGRAPHS, uuid_in

if TYPE_CHECKING:
    from people.models import Person


@dataclass(frozen=True, slots=True)
class Quotation:
    """One quotation of a document: its paragraphs as plain text, and its speaker."""

    position: int
    paragraphs: tuple[str, ...]
    speaker: UUID | None
    name: str
    title: str

    @property
    def text(self) -> str:
        return "\n\n".join(self.paragraphs)

    def contains(self, excerpt: str) -> bool:
        """Return whether it contains an excerpt word for word, ignoring case and punctuation."""
        return bool(words := _words(excerpt)) and self._contains(words)

    def _contains(self, words: str) -> bool:
        return f" {words} " in f" {_words(self.text)} "


@dataclass(frozen=True, slots=True)
class Attribution:
    """The name and title below a quotation. `person` is set if the speaker has a public page."""

    name: str
    title: str
    person: "Person | None" = None


class Document:
    """A clean body in parsed form: its quotations, marked people, pictures and texts."""

    def __init__(self, html: str) -> None:
        self.blocks = blocks_in(html)

    def walk(self) -> Iterator[Block]:
        """Yield every block in the order of the document, each before its inner blocks."""
        return walk(self.blocks)

    @cached_property
    def quotations(self) -> list[Quotation]:
        found = (block for block in self.walk() if block.tag == "blockquote")
        return [
            Quotation(
                position=position,
                paragraphs=tuple(plain_text_of(p.pieces) for p in block.blocks),
                speaker=uuid_in(block.attributes.get("data-speaker")),
                name=block.attributes.get("data-name", ""),
                title=block.attributes.get("data-title", ""),
            )
            for position, block in enumerate(found, start=1)
        ]

    @cached_property
    def mentions(self) -> list[tuple[UUID, str]]:
        """Every marked name, in order: the key of the person, and the name as written."""
        found = []
        for block in self.walk():
            for pieces in [
                [piece for piece in block.pieces if not piece.marks.note],
                *notes_of(block.pieces),
            ]:
                # A name that is partly bold or partly a link is still one name.
                for marked, name in groupby(pieces, key=lambda piece: piece.marks.person):
                    if person := uuid_in(marked):
                        found.append((person, text_of(name)))
        return found

    @cached_property
    def people(self) -> set[UUID]:
        """The keys of the people who are named by a mark, or speak."""
        speakers = {quotation.speaker for quotation in self.quotations if quotation.speaker}
        return speakers | {person for person, _name in self.mentions}

    @cached_property
    def pictures(self) -> list[UUID]:
        return [
            asset
            for block in self.walk()
            if block.tag == "figure" and (asset := uuid_in(block.attributes.get("data-asset")))
        ]

    @cached_property
    def links(self) -> list[str]:
        """The addresses of the links, in their order and without duplicates."""
        hrefs = (piece.marks.href for block in self.walk() for piece in block.pieces)
        return list(dict.fromkeys(filter(None, hrefs)))

    @cached_property
    def paragraphs(self) -> list[str]:
        """The plain text, one entry for each paragraph, heading, caption of a table and footnote.

        The text of a footnote follows its paragraph.
        """
        return [text for block in self.walk() for text in _texts(block) if text]

    @property
    def text(self) -> str:
        return "\n\n".join(self.paragraphs)

    @property
    def parts(self) -> int:
        """The number of its paragraphs, headings, pictures and footnotes."""
        return sum(
            (block.tag in PARAGRAPHS or block.tag == "figure") + len(notes_of(block.pieces))
            for block in self.walk()
        )

    @property
    def opening(self) -> str:
        """The first paragraph as plain text. Headings and tables are skipped."""
        paragraphs = (plain_text_of(p.pieces) for p in running_text(self.blocks))
        return next(filter(None, paragraphs), "")

    @property
    def text_for_names(self) -> str:
        """The text in which names are searched for.

        A name may end with the superscript number of a note, or contain a struck-out word.
        Therefore, paragraphs with such marks are repeated: once without superscripts and
        subscripts, and once without struck-out text as well.
        """
        variants = (text for block in self.walk() for text in _reduced_texts(block))
        return "\n\n".join([*self.paragraphs, *variants])

    def find_pull_quote(self, excerpt: str) -> Quotation | None:
        """Return the first quotation that contains a pull quote, or None."""
        if not (words := _words(excerpt)):
            return None
        return next((quote for quote in self.quotations if quote._contains(words)), None)


def _texts(block: Block) -> Iterator[str]:
    yield block.attributes.get("data-caption", "")
    yield text_of(block.pieces)
    yield from map(text_of, notes_of(block.pieces))


def _reduced_texts(block: Block) -> Iterator[str]:
    level = [piece for piece in block.pieces if not (piece.marks.sub or piece.marks.sup)]
    kept = [piece for piece in level if not piece.marks.s]
    if len(level) < len(block.pieces):
        yield text_of(level)
    if len(kept) < len(level):
        yield text_of(kept)


def _words(text: str) -> str:
    """Return the words of a text, separated by spaces.

    In scripts without spaces, each character counts as a word.
    """
    spaced = separate_unspaced(text.casefold()).replace("’", "'")
    return " ".join(re.findall(r"\w+(?:['\u2010\u2011-]\w+)*", spaced))

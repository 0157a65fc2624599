"""A document as blocks, and their HTML as it is stored."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from html import escape
from itertools import groupby

from releases.document.inline import PLAIN, Piece, html_of
from releases.document.schema import PARAGRAPHS, TextTooLongError


@dataclass(slots=True)
class Block:
    """A block of the schema: a paragraph or heading has pieces, every other block has blocks."""

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    pieces: list[Piece] = field(default_factory=list)
    blocks: "list[Block]" = field(default_factory=list)

    def paragraphs(self) -> "Iterator[Block]":
        """Yield the texts of the block as paragraphs."""
        if self.tag in PARAGRAPHS:
            yield Block("p", pieces=self.pieces)
            return
        if caption := self.attributes.get("data-caption"):
            yield plain(caption)
        for block in self.blocks:
            yield from (p for p in block.paragraphs() if p.pieces)

    def number(self, name: str, otherwise: int = 1) -> int:
        """Return the value of a numeric attribute, or `otherwise` if it is not a number."""
        value = self.attributes.get(name, "")
        return int(value) if value.isascii() and value.isdigit() else otherwise


def plain(text: str) -> Block:
    """Return a text as a paragraph without marks."""
    return Block("p", pieces=[Piece(text, PLAIN)])


def walk(blocks: Iterable[Block]) -> Iterator[Block]:
    """Yield every block in the order of the document, each before its inner blocks."""
    for block in blocks:
        yield block
        yield from walk(block.blocks)


def without_sections(blocks: Iterable[Block]) -> Iterator[Block]:
    """Yield blocks, with the content of each section in place of the section."""
    for block in blocks:
        if block.tag == "section":
            yield from without_sections(block.blocks)
        else:
            yield block


def running_text(blocks: Iterable[Block]) -> Iterator[Block]:
    """Yield the paragraphs of running text, including lists and quotations but not tables."""
    for block in blocks:
        if block.tag == "p":
            yield block
        elif block.tag != "table":
            yield from running_text(block.blocks)


def number_notes(blocks: Iterable[Block]) -> None:
    """Number the footnotes of a document in their order."""
    last = 0
    for block in walk(blocks):
        numbered: list[Piece] = []
        for note, pieces in groupby(block.pieces, key=lambda piece: piece.marks.note):
            last += bool(note)
            numbered += [piece.with_marks(note=str(last)) if note else piece for piece in pieces]
        block.pieces = numbered


def stored_html(blocks: Iterable[Block], max_characters: int) -> str:
    """Return the stored HTML of blocks. Raises TextTooLongError beyond `max_characters`."""
    pieces: list[str] = []
    length = 0
    for piece in _html_pieces(blocks, "\n"):
        length += len(piece)
        if length > max_characters:
            raise TextTooLongError(0, max_characters)  # 0: the rest was not counted
        pieces.append(piece)
    return "".join(pieces)


def _html_pieces(blocks: Iterable[Block], between: str = "") -> Iterator[str]:
    for number, block in enumerate(blocks):
        attributes = "".join(f' {name}="{escape(v)}"' for name, v in block.attributes.items())
        yield f"{between if number else ''}<{block.tag}{attributes}>"
        yield html_of(block.pieces)
        yield from _html_pieces(block.blocks, "\n" if block.tag == "section" else "")
        yield f"</{block.tag}>"

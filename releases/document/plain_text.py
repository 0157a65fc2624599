"""A document as plain text."""

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import TYPE_CHECKING
from uuid import UUID

from releases.document.blocks import Block, running_text
from releases.document.inline import PLAIN, Piece, notes_of, plain_text_of
from releases.document.reading import Attribution, Document
from releases.document.schema import LISTS, PARAGRAPHS, uuid_in

if TYPE_CHECKING:
    from assets.models import MediaAsset


def render_text(
    document: Document,
    *,
    attributions: Mapping[int, Attribution],
    pictures: "Mapping[UUID, MediaAsset]",
    picture_label: str = "[Picture: %s]",
) -> str:
    """Return a document as plain text: one line per paragraph, with blank lines between them.

    Footnotes have numbers in square brackets, and follow the text. The caller translates
    `picture_label`, because this module does not use Django.
    """
    printer = _Printer(attributions, pictures, picture_label)
    parts = [part for block in document.blocks for part in printer.block(block)]
    notes = [f"[{number}] {note}" for number, note in enumerate(_notes(document), start=1)]
    return "\n\n".join(filter(None, [*parts, "\n".join(notes)]))


def text_paragraphs(document: Document) -> list[str]:
    """Return the paragraphs and list items as plain text in their order, then the footnotes.

    Headings and tables are left out, because they are not running text.
    """
    printer = _Printer({}, {})
    found = [printer.text(block.pieces) for block in running_text(document.blocks)]
    return [*filter(None, found), *_notes(document)]


def _notes(document: Document) -> list[str]:
    return [plain_text_of(note) for block in document.walk() for note in notes_of(block.pieces)]


class _Printer:
    def __init__(
        self,
        attributions: Mapping[int, Attribution],
        pictures: "Mapping[UUID, MediaAsset]",
        picture_label: str = "",
    ) -> None:
        self.attributions, self.pictures = attributions, pictures
        self.picture_label = picture_label
        self.quotations = 0

    def block(self, block: Block) -> Iterator[str]:
        """Yield the paragraphs of a block."""
        if block.tag in PARAGRAPHS:
            yield self.text(block.pieces)
        elif block.tag == "blockquote":
            self.quotations += 1
            yield from (self.text(p.pieces) for p in block.blocks)
            if (by := self.attributions.get(self.quotations)) and by.name:
                yield f"– {', '.join(filter(None, [by.name, by.title]))}"
        elif block.tag == "figure":
            asset = uuid_in(block.attributes.get("data-asset"))
            if picture := self.pictures.get(asset) if asset else None:
                yield self.picture_label % picture.plain_text_caption()
        elif block.tag in LISTS:
            yield "\n".join(self.items(block))
        elif block.tag == "table":
            yield "\n".join(self.table(block))
        else:
            for inner in block.blocks:
                yield from self.block(inner)

    def items(self, block: Block, depth: int = 0) -> Iterator[str]:
        """Yield the lines of a list. Further paragraphs and lists of an item are indented."""
        number = block.number("start")
        for item in block.blocks:
            sign = f"{number}." if block.tag == "ol" else "-"
            number += 1
            for inner in item.blocks:
                if inner.tag in LISTS:
                    if sign:  # the item begins with a list
                        yield f"{'  ' * depth}{sign}"
                    yield from self.items(inner, depth + 1)
                else:
                    yield f"{'  ' * depth}{sign or ' '} {self.text(inner.pieces)}"
                sign = ""

    def table(self, block: Block) -> Iterator[str]:
        """Yield the caption of a table, then a line for each row, with “ | ” between its cells.

        A position that a spanning cell covers is empty, so that each text is in its column.
        """
        if caption := block.attributes.get("data-caption"):
            yield caption
        covered: dict[int, int] = {}  # by column, the number of further rows that are covered
        for group in block.blocks:
            for row in group.blocks:
                yield " | ".join(self.row(row, covered)).rstrip()

    def row(self, row: Block, covered: dict[int, int]) -> list[str]:
        texts: list[str] = []

        def pass_covered() -> None:
            while left := covered.get(len(texts)):
                covered[len(texts)] = left - 1
                texts.append("")

        pass_covered()
        for cell in row.blocks:
            across, more = cell.number("colspan"), cell.number("rowspan") - 1
            covered |= dict.fromkeys(range(len(texts), len(texts) + across), more)
            texts += [self.cell(cell), *[""] * (across - 1)]
            pass_covered()
        while texts and not texts[-1]:
            texts.pop()
        return texts

    def cell(self, cell: Block) -> str:
        texts = []
        for inner in cell.blocks:
            if inner.tag in LISTS:
                texts += [line.strip() for line in self.items(inner)]
            else:
                texts.append(self.text(inner.pieces))
        return " ".join(" ".join(texts).split())

    def text(self, pieces: list[Piece]) -> str:
        """Return pieces as text, with a number in the place of each footnote."""
        parts: list[Piece] = []
        for note, same in groupby(pieces, key=lambda piece: piece.marks.note):
            parts += [Piece(f"[{note}]", PLAIN)] if note else same
        return plain_text_of(parts)

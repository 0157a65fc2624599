"""Builds blocks from runs, inside lists, quotations and tables, and adds footnotes."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import count

from importing.blocks import BREAK, Block, Cell, Run, Source, plain
from importing.quotations import CREDIT, looks_like_credit

MAX_DEPTH = 50  # of nested lists and quotations; deeper ones count as this deep
MAX_NUMBER = 9_999
_MAX_LIST_DEPTH = 10
_MAX_ROWS = 500
_MAX_COLUMNS = 50
_MAX_TABLES = 200
_DASH = re.compile(r"\s*[-–—―]")
_LAST_LINE = re.compile(rf"[\n{BREAK}][^\n{BREAK}]{{1,200}}$")


@dataclass(slots=True)
class OpenList:
    """A list that is still open. `begun` is set when the current item has text."""

    numbered: bool
    start: int
    next: int
    in_item: bool = False
    begun: bool = False


@dataclass(slots=True)
class OpenTable:
    """A table that is being read. Text outside its cells is its caption."""

    block: Block
    around: "Place"
    caption: list[Block] = field(default_factory=list)
    cell: Cell | None = None
    in_head: bool = False


@dataclass(slots=True)
class Place:
    """The state of a reader at its position. Each cell and each footnote has its own state."""

    blocks: list[Block]
    runs: list[Run] = field(default_factory=list)
    looked_at: int = 0  # number of runs at the start that have no word
    level: int = 0  # of the open heading
    lists: list[OpenList] = field(default_factory=list)
    group: int = 0
    interrupted: bool = False  # a block that is not an item follows the last item
    quotes: list[int] = field(default_factory=list)
    credit: str = ""  # the tag around the name of the speaker
    note: int = 0


class Builder:
    """Builds the blocks of a source from runs and from opening and closing elements."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.at = Place(source.blocks)
        self.table: OpenTable | None = None
        self.groups = 0
        self.note_numbers = count(1)
        self.tables = self.large_tables = 0

    @property
    def in_item(self) -> bool:
        return bool(self.at.lists) and self.at.lists[-1].in_item

    def has_words(self) -> bool:
        """Return whether the open paragraph has a word."""
        at = self.at
        while at.looked_at < len(at.runs):
            if plain(at.runs[at.looked_at].text):
                return True
            at.looked_at += 1
        return False

    def end_block(self) -> None:
        """Turn the collected runs into a block, in the open lists and quotations."""
        at = self.at
        if at.note:
            # A footnote is one paragraph, even if it contains several block elements.
            if at.runs:
                at.runs.append(Run(" ", at.runs[-1].end, at.runs[-1].end))
            return
        if self.has_words():
            self.add(self.made(Block("paragraph", at.runs)))
        at.runs, at.looked_at = [], 0

    def made(self, block: Block) -> Block:
        """Return a paragraph as the kind of block that the open elements define."""
        at = self.at
        if at.credit:
            return credit_of(block)
        if at.quotes:
            return replace(block, kind="quote", group=at.quotes[0])
        if self.in_item:
            return self._item(block)
        if at.level:
            return replace(block, kind="heading", level=at.level)
        return block

    def add(self, block: Block) -> None:
        """Add a block. A block that is not an item interrupts the open lists."""
        at = self.at
        if at.lists and block.kind != "item":
            at.interrupted = True
            for outer in at.lists:
                outer.start = outer.next
        at.blocks.append(block)

    # --- Lists ---

    def begin_list(self, numbered: bool, start: int = 1) -> None:
        at = self.at
        self.end_block()
        if not at.lists:
            self.groups += 1
            at.group, at.interrupted = self.groups, False
        start = min(start, MAX_NUMBER) if numbered else 1
        at.lists.append(OpenList(numbered, start, start))
        del at.lists[MAX_DEPTH:]

    def end_list(self) -> None:
        self.end_block()
        del self.at.lists[-1:]

    def begin_item(self, number: int | None = None) -> None:
        """Begin an item. A number that is out of order begins a new list."""
        self.end_block()
        if not self.at.lists:
            return
        own = self.at.lists[-1]
        own.in_item, own.begun = True, False
        if number is not None and own.numbered and number != own.next:
            own.start = own.next = number
            if len(self.at.lists) == 1:
                self.groups += 1
                self.at.group = self.groups

    def end_item(self) -> None:
        self.end_block()
        if self.at.lists:
            self.at.lists[-1].in_item = False

    def _item(self, block: Block) -> Block:
        at = self.at
        own = at.lists[-1]
        if own.begun and at.interrupted:
            # Another block separates the item from the rest of its text.
            return block
        made = replace(
            block,
            kind="item",
            group=at.group,
            numbered=own.numbered,
            depth=min(len(at.lists) - 1, _MAX_LIST_DEPTH),
            start=own.start,
            more=own.begun,
        )
        for outer in at.lists:
            if outer.in_item and not outer.begun:
                # An item that begins with a nested list counts too.
                outer.next += 1
                outer.begun = True
        at.interrupted = False
        return made

    # --- Quotations ---

    def begin_quote(self) -> None:
        self.end_block()
        self.groups += 1
        self.at.quotes.append(self.groups)
        del self.at.quotes[:-MAX_DEPTH]

    def end_quote(self) -> None:
        """End a quotation. If its last line names the speaker, that line becomes the credit."""
        self.end_block()
        at = self.at
        group = at.quotes[0] if at.quotes else 0
        del at.quotes[-1:]
        if (
            at.quotes
            or not at.blocks
            or (at.blocks[-1].kind, at.blocks[-1].group) != ("quote", group)
        ):
            return
        last = at.blocks[-1]
        raw = last.raw.rstrip()
        line = _LAST_LINE.search(raw)
        start = line.start() if line else 0
        if not line and (len(at.blocks) < 2 or at.blocks[-2].group != group):
            return
        credit = CREDIT.fullmatch(plain(raw[start:]))
        if credit and looks_like_credit(credit["speaker"]):
            at.blocks[-1:] = [last.part(0, start)] if start else []
            at.blocks.append(replace(credit_of(last.part(start)), group=0))

    # --- Tables ---

    def begin_table(self) -> None:
        self.end_block()
        self.table = OpenTable(Block("table"), around=self.at)
        self.at = Place([])

    def begin_row(self) -> None:
        if self.table:
            self.end_cell()
            self.table.block.rows.append([])

    def begin_cell(self, cell: Cell) -> None:
        if self.table:
            self.end_cell()
            self.table.cell = cell
            if not self.table.block.rows:
                self.table.block.rows.append([])
            self.table.block.rows[-1].append(cell)

    def end_cell(self) -> None:
        """Store the blocks in the cell that ends. Blocks outside cells belong to the caption."""
        self.end_block()
        if self.table and self.table.cell:
            self.table.cell.blocks, self.table.cell = self.at.blocks, None
        elif self.table:
            self.table.caption += self.at.blocks
        self.at = Place([])

    def end_table(self) -> None:
        if not self.table:
            return
        self.end_cell()
        block, caption, self.at = self.table.block, self.table.caption, self.table.around
        self.table = None
        block.rows = [row for row in block.rows if row]
        self.tables += 1
        if (
            self.tables > _MAX_TABLES
            or len(block.rows) > _MAX_ROWS
            or max((len(row) for row in block.rows), default=0) > _MAX_COLUMNS
        ):
            self._add_rows(caption, block.rows)
            return
        runs = [run for part in caption for run in part.runs]
        block.caption = plain("".join(run.text for run in runs if not run.note))
        for inner in (inner for row in block.rows for cell in row for inner in cell.blocks):
            if runs:
                runs.append(Run(BREAK, runs[-1].end, runs[-1].end))
            runs += inner.runs
        block.runs = runs
        if block.text:
            self.add(block)

    def _add_rows(self, caption: list[Block], rows: list[list[Cell]]) -> None:
        """Add a table that is too large for a release, as one paragraph per row."""
        self.large_tables += 1
        for block in caption:
            self.add(block)
        for row in rows:
            runs: list[Run] = []
            for block in (block for cell in row for block in cell.blocks):
                if runs:
                    runs.append(Run(" | ", runs[-1].end, runs[-1].end))
                runs += block.runs
            if runs:
                self.add(Block("paragraph", runs))

    # --- Footnotes ---

    def add_footnote(self, runs: Iterable[Run]) -> None:
        """Add a footnote at the end of the open paragraph."""
        note = Block("paragraph", list(runs))
        raw = note.raw
        kept = note.part(len(raw) - len(raw.lstrip()), len(raw.rstrip()))
        number = next(self.note_numbers)
        self.at.runs += [
            replace(run, text=run.text.replace(BREAK, " "), note=number) for run in kept.runs
        ]


def credit_of(quote: Block) -> Block:
    """Return a block that names a speaker as a credit line, which begins with a dash."""
    runs = quote.runs
    if runs and not _DASH.match(quote.raw):
        runs = [Run("– ", runs[0].start, runs[0].start), *runs]
    return replace(quote, kind="paragraph", runs=runs)

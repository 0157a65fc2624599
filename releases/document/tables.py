"""Convert tables to rectangles: exactly one cell covers each position, and none extends beyond."""

from collections.abc import Iterable
from dataclasses import dataclass

from releases.document.blocks import Block
from releases.document.schema import MAX_COLUMNS, MAX_ROWS, MAX_SPAN, UnreadableTextError


@dataclass(slots=True)
class Cell:
    """A cell as read from foreign HTML. A row span of 0 extends to the last row of its group."""

    tag: str
    blocks: list[Block]
    across: int = 1
    down: int = 1
    row: int = 0
    column: int = 0


def span_in(value: str | None, min_span: int = 1) -> int:
    """Return the number of rows or columns in a span attribute, or 1 if it is not valid."""
    value = (value or "").strip()
    if not (value.isascii() and value.isdigit()):
        return 1
    number = min(int(value[:9]), MAX_SPAN)
    return number if number >= min_span else 1


def rectangle(groups: Iterable[list[list[Cell]]]) -> list[Block]:
    """Return the rows of a table, given by its groups of rows (head, body, foot).

    Cells are placed as in a browser. A span ends before another cell and at the end of its group.
    Rows and columns in which no cell begins are removed. Empty cells fill the remaining positions.
    Raises UnreadableTextError if the table has too many rows or columns.
    """
    groups = list(groups)
    number = sum(len(group) for group in groups)
    if number > MAX_ROWS:
        raise UnreadableTextError("table_too_large")
    cells = _placed(groups)
    if not cells:
        return []
    _close_up(cells)
    width = max(cell.column + cell.across for cell in cells)
    rows = _without_covered(_filled(cells, number, width))
    return [Block("tr", blocks=[_block(cell) for cell in row]) for row in rows]


def _placed(groups: list[list[list[Cell]]]) -> list[Cell]:
    """Return all cells with their positions."""
    placed: list[Cell] = []
    first = 0
    for group in groups:
        end = first + len(group)
        taken = [0] * MAX_COLUMNS  # by column, the first free row
        for row, cells in enumerate(group, start=first):
            column = 0
            for cell in cells:
                while column < MAX_COLUMNS and taken[column] > row:
                    column += 1
                if column == MAX_COLUMNS:
                    raise UnreadableTextError("table_too_large")
                across = 1
                while (
                    across < cell.across
                    and column + across < MAX_COLUMNS
                    and taken[column + across] <= row
                ):
                    across += 1
                cell.row, cell.column, cell.across = row, column, across
                cell.down = min(cell.down or MAX_ROWS, end - row)
                taken[column : column + across] = [row + cell.down] * across
                placed.append(cell)
                column += across
        first = end
    return placed


def _close_up(cells: list[Cell]) -> None:
    """Remove the columns in which no cell begins: “colspan=100” often means “the whole width”."""
    begun = sorted({cell.column for cell in cells})
    place = {column: number for number, column in enumerate(begun)}
    before = [0] * (MAX_COLUMNS + 1)  # by column, the number of kept columns before it
    for column in range(MAX_COLUMNS):
        before[column + 1] = before[column] + (column in place)
    for cell in cells:
        cell.across = before[cell.column + cell.across] - before[cell.column]
        cell.column = place[cell.column]


def _filled(cells: list[Cell], number: int, width: int) -> list[list[Cell]]:
    """Return the cells row by row, with an empty cell at every position that no cell covers."""
    rows: list[list[Cell]] = [[] for _row in range(number)]
    for cell in cells:
        rows[cell.row].append(cell)
    taken = [0] * width
    for row, inside in enumerate(rows):
        for cell in inside:
            end = cell.column + cell.across
            taken[cell.column : end] = [row + cell.down] * cell.across
        # Browsers place cells in the free positions from left to right.
        inside += [
            Cell("td", [], row=row, column=column)
            for column in range(width)
            if taken[column] <= row
        ]
    return rows


def _without_covered(rows: list[list[Cell]]) -> list[list[Cell]]:
    """Return the rows without those that are completely covered by cells of earlier rows."""
    before = [0]
    for row in rows:
        before.append(before[-1] + bool(row))
    for row in rows:
        for cell in row:
            cell.down = before[cell.row + cell.down] - before[cell.row]
    return [row for row in rows if row]


def _block(cell: Cell) -> Block:
    spans = {"colspan": cell.across, "rowspan": cell.down}
    attributes = {name: str(span) for name, span in spans.items() if span > 1}
    return Block(cell.tag, attributes, blocks=cell.blocks or [Block("p")])


def is_heading_row(row: Block) -> bool:
    """Return whether a row is a heading row: all its cells with text are `th`."""
    kinds = {cell.tag for cell in row.blocks if any(p.pieces or p.blocks for p in cell.blocks)}
    return kinds == {"th"}


def head_rows(rows: list[Block]) -> int:
    """Return the number of header rows of a table. No header cell spans into the body."""
    heads = reach = 0
    for number, row in enumerate(rows):
        if not is_heading_row(row) or number + 1 == len(rows):
            break
        reach = max([reach, *(number + cell.number("rowspan") for cell in row.blocks)])
        if reach <= number + 1:
            heads = number + 1
    return heads

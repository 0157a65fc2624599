"""Blocks and runs: the common form of all formats. Each run has its position in the file."""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from html import escape
from itertools import count, groupby

from importing.accounting import Span
from importing.notes import Note
from releases.document import clean

# Marks a line break inside a paragraph. Files can’t contain it: the decoder replaces U+2028.
BREAK = "\u2028"
_SPACES = re.compile(r"[ \t\n\f]+")
# Thai, Lao, Burmese, Khmer, Japanese, Chinese.
_WITHOUT_SPACES = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")


@dataclass(frozen=True, slots=True)
class Run:
    """A piece of text with one set of marks, and its position in the file.

    The text is an exact copy of the span in the file, or replaces the whole span (a character
    reference; a `<q>`, which prints as a quotation mark). A run with a `note` is text of the
    footnote with this number. It is stored where the number is printed, and has no width there.
    """

    text: str
    start: int
    end: int
    strong: bool = False
    em: bool = False
    href: str = ""
    sub: bool = False
    sup: bool = False
    note: int = 0

    @property
    def width(self) -> int:
        """The number of characters that it adds to the text of its block."""
        return 0 if self.note else len(self.text)

    def marks(self, emphasis: bool) -> list[tuple[str, str]]:
        """Return the opening and closing tags of its marks, outermost first."""
        marks = []
        if self.note:
            marks.append((f'<span data-footnote="{self.note}">', "</span>"))
        if self.href:
            marks.append((f'<a href="{escape(self.href)}">', "</a>"))
        tags = (
            ("strong", self.strong and emphasis),
            ("em", self.em and emphasis),
            ("sub", self.sub),
            ("sup", self.sup),
        )
        return [*marks, *((f"<{tag}>", f"</{tag}>") for tag, on in tags if on)]

    def part(self, start: int, end: int) -> "Run":
        """Return a part of the run, by positions in its text."""
        if self.end - self.start != len(self.text):
            return replace(self, text=self.text[start:end])
        return replace(
            self, text=self.text[start:end], start=self.start + start, end=self.start + end
        )


@dataclass(slots=True)
class Cell:
    """A cell of a table: its paragraphs and list items, and how many columns and rows it spans."""

    blocks: "list[Block]" = field(default_factory=list)
    header: bool = False
    colspan: int = 1
    rowspan: int = 1


@dataclass(slots=True)
class Block:
    """A paragraph, heading, item, quote (a quoted paragraph), picture or table of the file.

    `group` is the same for all items of a list and of the lists inside it. `depth` counts from 0.
    `start` is the first number of the innermost list. `more` marks another paragraph of the
    previous item. The runs of a table are the runs of its caption and of all its cells.
    """

    kind: str
    runs: list[Run] = field(default_factory=list)
    level: int = 0
    group: int = 0
    numbered: bool = False
    source: str = ""
    alt: str = ""
    depth: int = 0
    start: int = 1
    more: bool = False
    rows: list[list[Cell]] = field(default_factory=list)
    caption: str = ""

    @property
    def raw(self) -> str:
        """The text with its line ends, without footnotes. `part` uses positions in this text."""
        return "".join(run.text for run in self.runs if not run.note)

    @property
    def text(self) -> str:
        return plain(self.raw)

    @property
    def text_with_gaps(self) -> str:
        """The text with spaces for line ends. Wide gaps stay: they may separate two names."""
        lines = (line.strip(" \t") for line in self.raw.split("\n"))
        return " ".join(lines).replace(BREAK, "\n").strip()

    @property
    def notes(self) -> list[str]:
        """The texts of its footnotes."""
        texts: dict[int, list[str]] = {}
        for run in self.runs:
            if run.note:
                texts.setdefault(run.note, []).append(run.text)
        return [plain("".join(text)) for text in texts.values()]

    @property
    def spans(self) -> list[Span]:
        return [(run.start, run.end) for run in self.runs]

    def part(self, start: int, end: int | None = None) -> "Block":
        """Return a part of the block, by positions in its raw text."""
        last = sum(run.width for run in self.runs) if end is None else end
        return self.parts([start, max(start, last)])[0]

    def parts(self, edges: Sequence[int]) -> "list[Block]":
        """Return the parts between sorted positions in its raw text, in one pass."""
        pieces: list[list[Run]] = [[] for _ in edges[1:]]
        number = place = 0
        for run in self.runs:
            end = place + run.width
            if run.note:
                # A footnote belongs to the words before it.
                piece = max(bisect_left(edges, place) - 1, 0)
                if edges[0] < place <= edges[-1] or place == edges[0] == 0:
                    pieces[min(piece, len(pieces) - 1)].append(run)
                continue
            while number < len(pieces) and edges[number + 1] <= place:
                number += 1
            last = number
            while last < len(pieces) and edges[last] < end:
                first = max(edges[last] - place, 0)
                until = min(edges[last + 1] - place, len(run.text))
                if first < until:
                    pieces[last].append(run.part(first, until))
                last += 1
            place = end
        return [replace(self, runs=runs) for runs in pieces]

    def html(self, emphasis: bool = True) -> str:
        """Return the text as inline HTML of the document schema, without spaces at its ends."""
        pieces: list[str] = []
        opened: list[tuple[str, str]] = []
        after_space = True
        for run in _trimmed(self.runs):
            text = escape(_SPACES.sub(" ", run.text), quote=False).replace(BREAK, "<br>")
            if after_space:
                text = text.removeprefix(" ")
            if not text:
                continue
            after_space = text.endswith((" ", "<br>"))
            marks = run.marks(emphasis)
            shared = 0
            while shared < min(len(marks), len(opened)) and marks[shared] == opened[shared]:
                shared += 1
            if not text.strip():
                # Spaces alone do not open a mark.
                marks = marks[:shared]
            pieces += [closing for _, closing in reversed(opened[shared:])]
            pieces += [opening for opening, _ in marks[shared:]]
            pieces.append(text)
            opened = marks
        pieces += [closing for _, closing in reversed(opened)]
        return "".join(pieces)


@dataclass(frozen=True, slots=True)
class Field:
    """A value that the file states: a title, a date, a summary."""

    value: str
    spans: tuple[Span, ...]
    marks: tuple[Span, ...] = ()


@dataclass(slots=True)
class Source:
    """A file split into blocks and fields. Text outside all of them was not understood.

    `excluded` lists text that does not belong to the release: the name of the part, such as “page
    furniture”, its span and its words. `is_plain` is set for formats without marks for headings.
    """

    text: str
    format: str
    blocks: list[Block] = field(default_factory=list)
    fields: dict[str, Field] = field(default_factory=dict)
    front_matter: list[Span] = field(default_factory=list)
    markup: list[Span] = field(default_factory=list)
    excluded: list[tuple[str, Span, str]] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    is_plain: bool = False


def list_html(items: Iterable[Block]) -> str:
    """Return the items of a list as HTML with nested lists."""
    pieces: list[str] = []
    opened: list[tuple[str, int]] = []  # the tag and the first number of each list

    def close(depth: int) -> None:
        while len(opened) > depth:
            pieces.append(f"</li></{opened.pop()[0]}>")

    for block in items:
        own = ("ol", block.start) if block.numbered else ("ul", 1)
        close(block.depth + 1)
        if len(opened) <= block.depth or opened[block.depth] != own:
            if not (block.more and len(opened) > block.depth):
                close(block.depth)
        elif not block.more:
            pieces.append("</li><li>")
        while len(opened) <= block.depth:
            start = f' start="{own[1]}"' if own[1] != 1 else ""
            pieces.append(f"<{own[0]}{start}><li>")
            opened.append(own)
        pieces.append(f"<p>{block.html()}</p>")
    close(0)
    return "".join(pieces)


def table_html(block: Block) -> str:
    """Return a table as HTML of the document schema. Short rows are padded with empty cells."""
    caption = f' data-caption="{escape(block.caption)}"' if block.caption else ""
    rows = "".join(f"<tr>{''.join(_cell(cell) for cell in row)}</tr>" for row in block.rows)
    return clean(f"<table{caption}><tbody>{rows}</tbody></table>")


def _cell(cell: Cell) -> str:
    tag = "th" if cell.header else "td"
    spans = f' colspan="{cell.colspan}"' if cell.colspan > 1 else ""
    spans += f' rowspan="{cell.rowspan}"' if cell.rowspan > 1 else ""
    return f"<{tag}{spans}>{''.join(_in_cell(cell.blocks)) or '<p></p>'}</{tag}>"


def _in_cell(blocks: list[Block]) -> Iterator[str]:
    for kind, together in groupby(blocks, key=lambda block: (block.kind == "item", block.group)):
        if kind[0]:
            yield list_html(together)
        else:
            yield from (f"<p>{block.html()}</p>" for block in together)


def outline(levels: Sequence[int]) -> list[int]:
    """Return the levels of headings, reduced to 2 and 3.

    The highest level becomes 2, the others 3. The first heading is always 2, so that no level is
    skipped.
    """
    highest = min(levels, default=0)
    found: list[int] = []
    for level in levels:
        found.append(3 if level > highest and found else 2)
    return found


def renumbered(html: str) -> str:
    """Return HTML with its footnotes renumbered in order."""
    numbers = count(1)
    return re.sub(
        r'<span data-footnote="\d+">', lambda _: f'<span data-footnote="{next(numbers)}">', html
    )


def plain(text: str) -> str:
    """Return text on one line: line ends, tabs and repeated spaces become one space."""
    return _SPACES.sub(" ", text.replace(BREAK, " ")).strip()


def words(text: str) -> list[str]:
    """Return the words of a text for comparison: in lower case, without punctuation."""
    return re.findall(r"[^\W_]+", text.casefold())


def size(text: str) -> int:
    """Estimate the number of words. In scripts without spaces, two letters count as a word."""
    return max(len(text.split()), len(_WITHOUT_SPACES.findall(text)) // 2)


def _trimmed(runs: list[Run]) -> list[Run]:
    """Return the runs without spaces and line breaks at both ends."""
    text = "".join(run.text for run in runs if not run.note)
    first = len(text) - len(text.lstrip())
    last = len(text.rstrip())
    kept: list[Run] = []
    place = 0
    for run in runs:
        if run.note:
            kept.append(run)
            continue
        start, end = max(first - place, 0), min(last - place, len(run.text))
        if start < end:
            kept.append(run.part(start, end))
        place += len(run.text)
    return kept

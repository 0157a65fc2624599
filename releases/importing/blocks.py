"""The pieces that every format is taken apart into; each letter knows its place in the file."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from html import escape

from releases.importing.accounting import Span

# A line break inside a paragraph. The decoder has turned every other U+2028 into a line end.
BREAK = "\u2028"
_SPACES = re.compile(r"[ \t\n\f]+")
# Thai, Lao, Burmese, Khmer, Japanese, Chinese.
_WITHOUT_SPACES = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of text with one look, and where it stands in the file.

    Its text is either the file's own, letter for letter, or stands for the span as a whole
    (a character reference, a `<q>` that prints as a quotation mark).
    """

    text: str
    start: int
    end: int
    strong: bool = False
    em: bool = False
    href: str = ""

    def part(self, start: int, end: int) -> "Run":
        """Return a piece of the run, by positions in its text."""
        if self.end - self.start != len(self.text):
            return replace(self, text=self.text[start:end])
        return replace(
            self, text=self.text[start:end], start=self.start + start, end=self.start + end
        )


@dataclass(slots=True)
class Block:
    """A paragraph, heading, list item, quoted paragraph or picture of the file."""

    kind: str
    runs: list[Run] = field(default_factory=list)
    level: int = 0
    group: int = 0
    numbered: bool = False
    source: str = ""
    alt: str = ""

    @property
    def raw(self) -> str:
        """The text as it stands, with its line ends: positions in it are for `part`."""
        return "".join(run.text for run in self.runs)

    @property
    def text(self) -> str:
        return plain(self.raw)

    @property
    def spoken(self) -> str:
        """The text with line ends made blanks, but wide gaps left: two names may meet there."""
        lines = (line.strip(" \t") for line in self.raw.split("\n"))
        return " ".join(lines).replace(BREAK, "\n").strip()

    @property
    def spans(self) -> list[Span]:
        return [(run.start, run.end) for run in self.runs]

    def part(self, start: int, end: int | None = None) -> "Block":
        """Return a piece of the block, by positions in its raw text."""
        runs: list[Run] = []
        place = 0
        for run in self.runs:
            first = max(start - place, 0)
            last = len(run.text) if end is None else min(end - place, len(run.text))
            if first < last:
                runs.append(run.part(first, last))
            place += len(run.text)
        return replace(self, runs=runs)

    def parts(self, edges: Sequence[int]) -> "list[Block]":
        """Return the pieces between positions in its raw text, which are in order, in one go."""
        pieces: list[list[Run]] = [[] for _ in edges[1:]]
        number = place = 0
        for run in self.runs:
            end = place + len(run.text)
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
        """Return the text as inline HTML of the document schema, ends trimmed."""
        pieces: list[str] = []
        last: tuple[str, bool, bool] | None = None
        open_tags: list[str] = []
        after_space = True
        for run in _trimmed(self.runs):
            text = escape(_SPACES.sub(" ", run.text), quote=False).replace(BREAK, "<br>")
            if after_space:
                text = text.removeprefix(" ")
            if not text:
                continue
            after_space = text.endswith((" ", "<br>"))
            look = (run.href, run.strong and emphasis, run.em and emphasis)
            if look != last:
                pieces += [f"</{tag}>" for tag in reversed(open_tags)]
                open_tags = [tag for tag, on in zip(("a", "strong", "em"), look, strict=True) if on]
                pieces += [
                    f'<a href="{escape(run.href)}">' if t == "a" else f"<{t}>" for t in open_tags
                ]
                last = look
            pieces.append(text)
        pieces += [f"</{tag}>" for tag in reversed(open_tags)]
        return "".join(pieces)


@dataclass(frozen=True, slots=True)
class Field:
    """Something that the file states about itself: a title, a date, a summary."""

    value: str
    spans: tuple[Span, ...]
    marks: tuple[Span, ...] = ()


@dataclass(slots=True)
class Source:
    """A file in one of the formats, taken apart; what is in none of these was not understood."""

    text: str
    format: str
    blocks: list[Block] = field(default_factory=list)
    fields: dict[str, Field] = field(default_factory=dict)
    front_matter: list[Span] = field(default_factory=list)
    markup: list[Span] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def plain(text: str) -> str:
    """Return text on one line; only line ends, tabs and repeated blanks are made one blank."""
    return _SPACES.sub(" ", text.replace(BREAK, " ")).strip()


def words(text: str) -> list[str]:
    """Return the words of a text to compare it by: no case, no punctuation."""
    return re.findall(r"[^\W_]+", text.casefold())


def size(text: str) -> int:
    """Return about how many words a text has; scripts without spaces are counted by letters."""
    return max(len(text.split()), len(_WITHOUT_SPACES.findall(text)) // 2)


def _trimmed(runs: list[Run]) -> list[Run]:
    """Return the runs without blanks and line breaks at either end."""
    text = "".join(run.text for run in runs)
    first = len(text) - len(text.lstrip())
    last = len(text.rstrip())
    kept: list[Run] = []
    place = 0
    for run in runs:
        start, end = max(first - place, 0), min(last - place, len(run.text))
        if start < end:
            kept.append(run.part(start, end))
        place += len(run.text)
    return kept

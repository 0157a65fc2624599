"""Markdown into blocks, and the front matter that may stand above it."""

import re
from dataclasses import dataclass, replace

from releases.importing.accounting import Span
from releases.importing.blocks import BREAK, Block, Field, Run, Source, plain
from releases.importing.from_text import split_pictures
from releases.importing.markup import Links, attributes, counted, runs_of, silence, tag_at

_FENCE = re.compile(r"---[ \t]*\n")
_KEY = re.compile(r"([A-Za-z_][\w-]*):(?:[ \t]+|$)")
_FIELDS = {
    "title": "title",
    "headline": "title",
    "date": "date",
    "published": "date",
    "release_date": "date",
    "pubdate": "date",
    "excerpt": "summary",
    "description": "summary",
    "summary": "summary",
    "standfirst": "summary",
    "subtitle": "summary",
    "lang": "language",
    "language": "language",
    "locale": "language",
    "kicker": "kicker",
    "kind": "kicker",
    "type": "kicker",
    "category": "kicker",
}
_HEADING = re.compile(r"(#{1,6})[ \t]+(?=\S)")
_HEADING_END = re.compile(r"(?<![ \t])[ \t]++(?:#+[ \t]*)?$")
_UNDERLINE = re.compile(r"(=+|-+)[ \t]*$")
_RULE = re.compile(r"([-*_])(?:[ \t]*\1){2,}[ \t]*$")
_ITEM = re.compile(r"(?:[*+-]|(\d{1,9})[.)])(?:[ \t]+(?=\S)|$)")
_QUOTE = re.compile(r">[ \t]?")
_CODE_FENCE = re.compile(r"(?:```|~~~)")
_TABLE_LINE = re.compile(r"\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?$")
_LABEL = re.compile(r"[A-Z]\w{1,15}: ")
_EMPHATIC_LINE = re.compile(r"(\*{1,3}|_{1,3})(?=\S)[^*\n]+(?<=\S)\1[ \t]*$")
_INLINE = re.compile(
    r"\\([!-/:-@\[-`{-~])"
    r"|(?<!`)(`++)([^`\n]++)\2(?!`)"
    r"|\[((?:[^\[\]\\\n]|\\.)*+)\]\(([^()\n]*+(?:\([^()\n]*+\)[^()\n]*+)*+)\)"
    r"|<((?:https?|ftp)://[^\s<>]++|mailto:[^\s<>]++|[\w.+-]++@[\w.-]++)>"
    r"|(\*+|_+)"
    r"|(?P<tag><)"
)
_LINK_TITLE = re.compile(r"(?<!\s)\s++(?:\"[^\"]*\"|'[^']*')$")


def read_markdown(source: Source, filename: str) -> None:
    """Fill a source with the blocks of its Markdown and the fields of its front matter."""
    _Reader(source, _read_front_matter(source)).read()


# --- Front matter ------------------------------------------------------------------------------


def _read_front_matter(source: Source) -> int:
    """Read `key: value` lines between two fences; return where the text begins.

    Values may be quoted, or folded over indented lines. Lists and keys that say nothing about the
    release are not claimed, so that the editor sees them among what was left out.
    """
    text = source.text
    opening = _FENCE.match(text, len(text) - len(text.lstrip()))
    if not opening or not _KEY.match(text, opening.end()):
        return 0
    fences = [opening.span()]
    place = opening.end()
    key, value = "", [(0, 0)]
    while place < len(text):
        end = text.find("\n", place)
        end = len(text) if end < 0 else end
        if text[place:end].rstrip() == "---":
            fences.append((place, end))
            place = end
            break
        indented = text[place:end].startswith((" ", "\t", "-", "#")) or place == end
        match = None if indented else _KEY.match(text, place, end)
        if match:
            _set_field(source, key, value)
            key, value = match[1], [(match.start(), match.end()), (match.end(), end)]
        elif indented and key:
            value.append((place, end))
        else:
            # The fence is missing: here the text begins.
            break
        place = end + 1
    _set_field(source, key, value)
    source.front_matter += fences
    return min(place, len(text))


def _set_field(source: Source, key: str, spans: list[Span]) -> None:
    name = _FIELDS.get(key.casefold())
    if not name or name in source.fields:
        return
    marks, spans = spans[:1], spans[1:]
    lines = [source.text[start:end].strip() for start, end in spans]
    if lines and re.fullmatch(r"[>|][+-]?", lines[0]):
        marks.append(spans.pop(0))
        del lines[0]
    value = plain(" ".join(lines))
    if value.startswith(("[", "{", "- ", "&")) or value in ("", "null", "~"):
        return
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        inside = value[1:-1]
        value = inside.replace("''", "'") if value[0] == "'" else inside.replace('\\"', '"')
    source.fields[name] = Field(value, tuple(spans), tuple(marks))


# --- Blocks ------------------------------------------------------------------------------------


class _Reader:
    """Goes from line to line and gathers those of one paragraph, item or quotation."""

    def __init__(self, source: Source, start: int) -> None:
        self.source = source
        self.text = silence(source.text)
        self.start = start
        self.links = Links()
        self.open = Block("paragraph")
        self.group = 0
        self.in_code = False
        self.raw_tags: dict[str, None] = {}
        self.unmatched = self.tables = self.nested = 0

    def read(self) -> None:
        place = self.start
        while place < len(self.text):
            end = self.text.find("\n", place)
            end = len(self.text) if end < 0 else end
            self._line(place, end)
            place = end + 1
        self._end_block()
        self.source.notes += self._notes()

    def _line(self, start: int, end: int) -> None:
        line = self.text[start:end]
        indent = len(line) - len(line.lstrip())
        line, start = line[indent:], start + indent
        if not line:
            self._end_block()
        elif _CODE_FENCE.match(line):
            self._end_block()
            self.in_code = not self.in_code
            self.source.markup.append((start, end))
        elif self.in_code:
            self._add(start, end, BREAK)
        elif _UNDERLINE.match(line) and self._is_one_line():
            self.open.kind, self.open.level = "heading", 1 if line[0] == "=" else 2
            self.source.markup.append((start, end))
            self._end_block()
        elif _RULE.match(line):
            self._end_block()
            self.source.markup.append((start, end))
        elif heading := _HEADING.match(line):
            self._end_block()
            self.source.markup.append((start, start + heading.end()))
            closing = _HEADING_END.search(line)
            last = start + closing.start() if closing else end
            self.source.markup.append((last, end))
            self.open = Block("heading", level=len(heading[1]))
            self._add(start + heading.end(), last)
            self._end_block()
        elif quote := _QUOTE.match(line):
            if self.open.kind != "quote":
                self._end_block()
                before = self.source.blocks[-1] if self.source.blocks else None
                self.group += not (before and before.kind == "quote")
                self.open = Block("quote", group=self.group)
            self.source.markup.append((start, start + quote.end()))
            if plain(self.text[start + quote.end() : end]):
                self._add(start + quote.end(), end)
            else:
                self._end_block()
        elif item := _ITEM.match(line):
            self._begin_item(bool(item[1]), indent)
            self.source.markup.append((start, start + item.end()))
            self._add(start + item.end(), end)
        elif "|" in line and (_TABLE_LINE.match(line) or line.startswith("|")):
            self._table_line(line, start, end)
        elif self.open.runs and (_EMPHATIC_LINE.match(line) or self._stands_alone()):
            # A line that is bold or italic from end to end is one of its own.
            self._end_block()
            self._add(start, end)
        else:
            self._add(start, end, BREAK if _LABEL.match(line) else "\n")

    def _begin_item(self, numbered: bool, indent: int) -> None:
        self._end_block()
        last = self.source.blocks[-1] if self.source.blocks else None
        continues = last is not None and last.kind == "item" and last.numbered == numbered
        if indent >= 2 and last is not None and last.kind == "item":
            self.nested += 1
            numbered = last.numbered
        elif not continues:
            self.group += 1
        self.open = Block("item", group=self.group, numbered=numbered)

    def _table_line(self, line: str, start: int, end: int) -> None:
        self._end_block()
        if _TABLE_LINE.match(line):
            self.tables += 1
            self.source.markup.append((start, end))
            return
        first = start + (line[0] == "|")
        last = start + len(line.rstrip()) - line.rstrip().endswith("|")
        self.source.markup += [(start, first), (last, end)]
        self._add(first, last)
        self._end_block()

    def _is_one_line(self) -> bool:
        return self.open.kind == "paragraph" and len(self.open.runs) == 1

    def _stands_alone(self) -> bool:
        run = self.open.runs[-1]
        return len(self.open.runs) == 1 and bool(_EMPHATIC_LINE.match(run.text))

    def _add(self, start: int, end: int, joint: str = "\n") -> None:
        """Add a line to the open block, still as written; two blanks at its end break it."""
        if self.open.runs:
            last = self.open.runs[-1]
            if self.source.text[last.end : last.end + 2] == "  ":
                joint = BREAK
            self.open.runs.append(Run(joint, start, start))
        line = self.text[start:end].rstrip()
        self.open.runs.append(Run(line, start, start + len(line)))

    def _end_block(self) -> None:
        block, self.open = self.open, Block("paragraph")
        for piece in split_pictures(block):
            if piece.kind == "picture":
                self.source.blocks.append(piece)
            elif (written := replace(piece, runs=self._inline(piece.runs))).text:
                self.source.blocks.append(written)

    # --- Inside a block ---

    def _inline(self, lines: list[Run]) -> list[Run]:
        """Return the runs of a block: emphasis, links and references read, marks taken off."""
        pieces: list[_Piece] = []
        for line in lines:
            if line.start == line.end:
                pieces.append(_Piece(line))
            else:
                self._scan(line.start, line.end, pieces)
        self._pair(pieces)
        runs: list[Run] = []
        strong = em = 0
        for piece in pieces:
            strong += piece.strong
            em += piece.em
            if piece.run.text:
                runs.append(replace(piece.run, strong=strong > 0, em=em > 0))
        return runs

    def _scan(self, start: int, end: int, pieces: "list[_Piece]", href: str = "") -> None:
        place = start
        while match := _INLINE.search(self.text, place, end):
            pieces += [
                _Piece(replace(run, href=href)) for run in runs_of(self.text, place, match.start())
            ]
            place = match.end()
            escaped, fence, code, label, target, address, delimiter, _ = match.groups()
            if escaped:
                self.source.markup.append((match.start(), match.start() + 1))
                pieces.append(_Piece(Run(escaped, match.start() + 1, match.end(), href=href)))
            elif fence:
                inside = match.start() + len(fence)
                pieces.append(_Piece(Run(code, inside, inside + len(code), href=href)))
                self.source.markup += [(match.start(), inside), (inside + len(code), match.end())]
            elif label is not None:
                goes_to = self.links.safe(_LINK_TITLE.sub("", target.strip()).strip("<>"))
                self.source.markup.append(match.span())
                self._scan(match.start(4), match.end(4), pieces, goes_to)
            elif address:
                to = f"mailto:{address}" if "@" in address and ":" not in address else address
                pieces.append(_Piece(Run(address, *match.span(6), href=self.links.safe(to))))
                self.source.markup.append(match.span())
            elif delimiter:
                pieces.append(self._delimiter(match, start, end, href))
            elif tag := tag_at(self.text, match.start()):
                place = self._raw_tag(tag, pieces)
            else:
                pieces.append(_Piece(Run("<", *match.span(), href=href)))
        pieces += [_Piece(replace(run, href=href)) for run in runs_of(self.text, place, end)]

    def _delimiter(self, match: re.Match[str], start: int, end: int, href: str) -> "_Piece":
        before = self.text[match.start() - 1] if match.start() > start else " "
        after = self.text[match.end()] if match.end() < end else " "
        opens, closes = not after.isspace(), not before.isspace()
        if match[0][0] == "_":
            # Inside a word an underscore is an underscore.
            opens, closes = opens and not before.isalnum(), closes and not after.isalnum()
        return _Piece(Run(match[0], *match.span(), href=href), match[0][0], opens, closes)

    def _pair(self, pieces: "list[_Piece]") -> None:
        """Match the `*` and `_` that open with those that close; what is alone stays text."""
        openers: dict[str, list[_Piece]] = {"*": [], "_": []}
        for piece in pieces:
            if not piece.delimiter:
                continue
            waiting = openers[piece.delimiter]
            while piece.closes and piece.left and waiting:
                opener = waiting[-1]
                taken = 2 if min(opener.left, piece.left) >= 2 else 1
                opener.take(taken, +1)
                piece.take(taken, -1)
                if not opener.left:
                    waiting.pop()
            if piece.left and piece.opens:
                waiting.append(piece)
        for place, piece in enumerate(pieces):
            if not piece.delimiter:
                continue
            if piece.left >= 2 and place == 0:
                # Bold that opens a paragraph and never closes was meant for the whole of it.
                self.unmatched += 1
                piece.left = 0
            run = piece.run
            if piece.left < len(run.text):
                self.source.markup.append((run.start, run.end))
            piece.run = run.part(0, piece.left)

    def _raw_tag(self, tag: re.Match[str], pieces: "list[_Piece]") -> int:
        closing, name = bool(tag[1]), tag[2].casefold()
        self.source.markup.append(tag.span())
        step = -1 if closing else 1
        empty = Run("", *tag.span())
        if name == "br":
            pieces.append(_Piece(Run(BREAK, *tag.span())))
        elif name in ("b", "strong"):
            pieces.append(_Piece(empty, strong=step))
        elif name in ("i", "em"):
            pieces.append(_Piece(empty, em=step))
        else:
            self.raw_tags[name[:30]] = None
            if name == "a" and not closing:
                self.links.safe(attributes(tag[3]).get("href", ""))
            elif name == "img" and (address := attributes(tag[3]).get("src")):
                self.source.blocks.append(Block("picture", [empty], source=address))
        return tag.end()

    def _notes(self) -> list[str]:
        notes = self.links.notes()
        if self.raw_tags:
            names = ", ".join(list(self.raw_tags)[:12])
            notes.append(f"Raw HTML in the Markdown fell away; its words stayed: {names}.")
        if self.unmatched:
            notes.append(
                f"{counted(self.unmatched, 'paragraph')} opened with ** or *** that never closed: "
                "the mark was left out."
            )
        if self.tables:
            notes.append("A table became paragraphs, one a row, the cells parted by “|”.")
        if self.nested:
            notes.append("Lists inside lists were brought to one level.")
        return notes


@dataclass(slots=True)
class _Piece:
    """A run of a block, or a mark in it: what it changes in the look of the words after it."""

    run: Run
    delimiter: str = ""
    opens: bool = False
    closes: bool = False
    strong: int = 0
    em: int = 0
    left: int = 0

    def __post_init__(self) -> None:
        self.left = len(self.run.text) if self.delimiter else 0

    def take(self, taken: int, step: int) -> None:
        self.left -= taken
        if taken == 2:
            self.strong += step
        else:
            self.em += step

"""Reads plain text into blocks, and decides which line ends and wide gaps end a paragraph."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from importing.blocks import Block, Run, Source
from importing.heads import head_line
from importing.notes import Note
from importing.quotations import shape_of
from importing.rules import Rule
from importing.text_lists import BULLET, find_items

_PICTURE = re.compile(r"!\[([^\]\n]{0,1000}+)\]\(([^()\n]*+(?:\([^()\n]*+\)[^()\n]*+)*+)\)")
_PICTURE_TITLE = re.compile(r"(?<!\s)\s++(?:\"[^\"]*\"|'[^']*')$")
_LETTERED = re.compile(r"\(?(?:[A-Za-z]|[ivxIVX]{1,5}|\d{1,3})[.)]\s")
_MAIL_QUOTE = re.compile(r"[ \t]*(?:>[ \t]?)+")
# Lines that were wrapped by hand or by a mail program are nearly full. In narrower texts, lines
# count as wrapped only if their words show it.
_WRAPPED = range(50, 101)
_FULL = range(60, 101)  # a line this long was wrapped if the next one begins in lower case
_NARROW = range(20, 50)
_NEARLY_FULL = 0.8
_MAX_QUOTE_CHARACTERS = 3_000  # the lines of a quotation are joined until it closes
# A longer line may be a page whose line ends became spaces.
_PAGE_LINE = 200
_GAP = re.compile(r"[ \t\xa0]{3,}")
_WIDE = 6
_PARTING = 10
_SENTENCE_ENDS = re.compile(r"[.?!:”\"’]$")
_SENTENCE_BEGINS = re.compile(r"[“\"‘'(]?[A-ZÀ-Þ0-9]")
_DATELINE_BEGINS = re.compile(r"[A-Z][\w.]*(?: [A-Z][\w.]*)?, [A-Z][\w.]+ ?(?:--|[—–-])")


def _continues_in_lower_case(text: str) -> bool:
    begins = re.search(r"\n[“\"‘'«(]?([^\W\d_])", text)
    return bool(begins and begins[1].islower())


# Two lines of a wrapped text that belong together. A rule gets both, with a line end between.
JOINS = (
    Rule(
        "goes on in small letters",
        _continues_in_lower_case,
        ("Court must free\nfour lantern makers", "He said:\n“we know"),
        ("Court must free\nFour lantern makers", "Court must free\n4 makers", "ENDS\n囚犯"),
    ),
    Rule(
        "divided word",
        re.compile(r"[^\W\d_][-\u2010]\n[^\W\d_]").search,
        ("from many coun-\ntries", "Chow Hang-\nTung"),
        ("silent -\nand free", "the years 2019-\n2020"),
    ),
    Rule(
        "ends in a comma",
        re.compile(r"[^\W\d_],\n[^\W\d_]").search,
        ("Anna Beispiel,\nDirector of Lantern Watch",),
        ("Dear Sir,\n\nWe write", "in 2019,\n2020"),
    ),
    Rule(
        "ends in a word that wants another",
        re.compile(
            r"(?i)\b(?:the|an|of|to|in|and|or|for|with|from|by|on|at|der|die|das|und|von|für|mit"
            r"|de|du|des|la|le|les|el|los|las|et|pour|avec|y|e|da|do|dos)\n[^\W\d_]"
        ).search,
        ("Court Must Free the\nFour Lantern Makers", "SIEG FÜR\nVIER"),
        ("We know who he is\nFour are free", "A letter A\nSecond"),
    ),
)
# The hyphen at the end of a line belongs to the word. A rule gets both lines, as above.
KEEPS_HYPHEN = (
    Rule(
        "given name after a family name",
        re.compile(
            r"(?:^|\s)(?!(?:The|A|An|In|On|At|Our|Their|His|Her|Der|Die|Das|Le|La|Les|El|Los)\s)"
            r"[A-ZÀ-Þ][\w’']*\s[A-ZÀ-Þ]\w*-\n[^\W\d_]"
        ).search,
        ("Chow Hang-\ntung", "to free Kim Jong-\nun"),
        ("many coun-\ntries", "The Coun-\ntry", "many Coun-\ntries"),
    ),
    Rule(
        "capital or digit follows",
        re.compile(r"-\n[A-ZÀ-Þ\d]").search,
        ("Chow Hang-\nTung", "COVID-\n19"),
        ("coun-\ntries",),
    ),
    Rule(
        "part of a compound",
        re.compile(
            r"(?i)(?:^|\s)(?:self|non|anti|ex|co|pro|well|long|short|high|low|so|vice|cross|half|all"
            r"|mid|pre|post|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)-\n"
        ).search,
        ("a long-\nterm plan", "Self-\ndefence"),
        ("many coun-\ntries", "prolong-\ned"),
    ),
    Rule(
        "second hyphen",
        re.compile(r"\w-\w+-\n\w").search,
        ("mother-in-\nlaw",),
        ("coun-\ntries",),
    ),
)
_SUSPENDED = re.compile(r"-\n(?:and|or|to|und|oder|bis|et|ou|y|o|e)\b")
_WITHOUT_SPACES = re.compile("[\u1000-\u109f\u0e00-\u0eff\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
_WORD_AT_END = re.compile(r"[^\W\d_]{1,40}[-\u2010]$")


@dataclass(frozen=True, slots=True)
class _Line:
    """A line without the spaces and mail marks around it: its position and its indent."""

    start: int
    end: int
    indent: int = 0
    flowed: bool = False  # a mail program wrapped the text here

    def __len__(self) -> int:
        return self.end - self.start


# The lines of a paragraph, each with the text that joins it to the line before.
_Paragraph = list[tuple[str, _Line]]


def read_text(source: Source, filename: str, flowed: bool = False) -> None:
    """Fill a source with the blocks of plain text. Each line that was not wrapped is a paragraph.

    `flowed` is set for a mail whose wrapped lines end in a space (RFC 3676).
    """
    source.is_plain = True
    breaks = 0
    for paragraph in _paragraphs(source, flowed):
        if len(paragraph) > 1:
            source.blocks += split_pictures(Block("paragraph", _runs(source.text, paragraph)))
            continue
        line = paragraph[0][1]
        pieces = _split_page(source.text, line)
        breaks += len(pieces) > 1
        for piece in pieces:
            source.blocks += split_pictures(Block("paragraph", _runs(source.text, [("", piece)])))
    if breaks:
        source.notes.append(Note("page_parted"))
    find_items(source)


def paragraphs_of(text: str) -> list[str]:
    """Return the paragraphs of pasted plain text, with wrapped lines joined."""
    source = Source(text, "text")
    blocks = (
        Block("paragraph", _runs(text, paragraph)) for paragraph in _paragraphs(source, False)
    )
    return [block.text for block in blocks]


def split_pictures(block: Block) -> list[Block]:
    """Split a block at the pictures `![alt](address)` in it."""
    raw = block.raw
    pictures = list(_PICTURE.finditer(raw))
    if not pictures:
        return [block] if block.text else []
    found: list[Block] = []
    edges = [0, *(edge for match in pictures for edge in match.span()), len(raw)]
    parts = block.parts(edges)
    for number, part in enumerate(parts):
        if number % 2 == 0:
            found += [part] if part.text else []
            continue
        match = pictures[number // 2]
        address = _PICTURE_TITLE.sub("", match[2].strip()).strip("<>")
        found.append(replace(part, kind="picture", source=address, alt=match[1].strip()))
    return found


def _lines(source: Source, flowed: bool) -> list[_Line]:
    """Return the lines without the spaces around them.

    Marks of quoted mail are removed if at least two lines have them.
    """
    text = source.text
    found = [match.span() for match in re.finditer(r"^.*$", text, re.M)]
    marks = [_MAIL_QUOTE.match(text, *span) for span in found]
    quoted = sum(mark is not None for mark in marks)
    lines: list[_Line] = []
    for (start, end), mark in zip(found, marks, strict=True):
        soft = flowed and text[end - 1 : end] == " " and text[start:end] != "-- "
        if mark and quoted > 1:
            source.markup.append(mark.span())
            start = mark.end()
        line = text[start:end]
        indent = len(line) - len(line.lstrip())
        begins = start + indent
        lines.append(_Line(begins, max(begins, start + len(line.rstrip())), indent, soft))
    if quoted > 1:
        source.notes.append(Note("quote_marks_removed", {"count": quoted}))
    return lines


def _runs(text: str, paragraph: _Paragraph) -> list[Run]:
    runs: list[Run] = []
    for joint, line in paragraph:
        if runs and joint:
            runs.append(Run(joint, line.start, line.start))
        runs.append(Run(text[line.start : line.end], line.start, line.end))
    return runs


def _paragraphs(source: Source, flowed: bool) -> list[_Paragraph]:
    text = source.text
    lines = _lines(source, flowed)
    width = 0 if flowed else _width(text, lines)
    known: Counter[str] | None = None
    hyphens: list[str] = []
    paragraphs: list[_Paragraph] = []
    previous: _Line | None = None
    quote = ""  # the open quotation so far
    hanging = 0  # the indent of the text of the open item
    longest = 0  # characters of the longest line that continues in the next
    for line in lines:
        if not len(line):
            previous, quote, hanging = None, "", 0
            continue
        line_text = text[line.start : line.end]
        bullet = BULLET.match(line_text)
        joined = (
            previous is not None
            and (
                previous.flowed
                or (0 < hanging == line.indent and not _LETTERED.match(line_text))
                or (width and _joined(text, previous, line, width, quote))
                or (not width and _continues(text, previous, line))
            )
            and not bullet
        )
        if not joined:
            hanging = line.indent + bullet.end() if bullet else 0
            paragraphs.append([("", line)])
            quote = line_text if line_text[0] in _QUOTES else ""
        elif previous is not None:
            if not width and not previous.flowed and not hanging:
                longest = max(longest, len(previous))
            joint = "\n"
            if _is_divided(text, previous, line):
                known = known or Counter(re.findall(r"[^\W\d_]+(?:-[^\W\d_]+)*", text.casefold()))
                joint, word, drop = _hyphen(text, previous, line, known)
                hyphens.append(word)
                if drop:
                    before, last = paragraphs[-1][-1]
                    paragraphs[-1][-1] = (before, replace(last, end=last.end - 1))
                    source.markup.append((last.end - 1, last.end))
            elif _WITHOUT_SPACES.match(text[previous.end - 1]) and _WITHOUT_SPACES.match(line_text):
                joint = ""
            paragraphs[-1].append((joint, line))
            quote = f"{quote} {line_text}" if quote and len(quote) < _MAX_QUOTE_CHARACTERS else ""
        previous = line
    if width or longest:
        source.notes.append(Note("lines_joined", {"width": width or longest}))
    if hyphens:
        source.notes.append(Note("hyphens_joined", {"words": tuple(hyphens[:20])}))
    return paragraphs


_QUOTES = '“„«"'


def _first_word(text: str, line: _Line) -> int:
    """Return the length of a line's first word, for which the previous line may lack room."""
    if _WITHOUT_SPACES.match(text, line.start):
        return 1
    return len(text[line.start : line.end].split(None, 1)[0])


def _at_line_end(text: str, a: _Line, b: _Line) -> str:
    """Return the end of one line and the start of the next, for the rules."""
    return f"{text[max(a.start, a.end - 80) : a.end]}\n{text[b.start : min(b.end, b.start + 40)]}"


def _width(text: str, lines: Sequence[_Line]) -> int:
    """Return the width at which the lines of a text were wrapped, or 0 for an unwrapped text."""
    pairs = [
        (a, b)
        for a, b in pairwise(lines)
        if len(a) and len(b) and not BULLET.match(text[b.start : b.end])
    ]
    # A line without spaces does not count: it may be a web address, which cannot be wrapped.
    width = max(
        (
            len(a)
            for a, _ in pairs
            if " " in text[a.start : a.end] or _WITHOUT_SPACES.match(text, a.start)
        ),
        default=0,
    )
    if width not in _WRAPPED and width not in _NARROW:
        return 0
    continued = [
        any(rule.matches(_at_line_end(text, a, b)) for rule in JOINS[:2]) for a, b in pairs
    ]
    shown = sum(continued)
    if width in _WRAPPED or _WITHOUT_SPACES.search(text[:2_000]):
        full = [len(a) + 1 + _first_word(text, b) > width for a, b in pairs]
        shown_or_full = sum(first or second for first, second in zip(continued, full, strict=True))
    else:
        shown_or_full = shown
    enough = shown_or_full >= 3 or shown >= 2 or (shown and 2 <= shown_or_full == len(pairs))
    return width if enough and shown_or_full >= 0.6 * len(pairs) else 0


def _joined(text: str, a: _Line, b: _Line, width: int, quote: str) -> bool:
    """Return whether a line of a wrapped text continues in the next."""
    line = text[a.start : a.end]
    if any(rule.matches(_at_line_end(text, a, b)) for rule in JOINS):
        return not head_line(line)
    if len(a) + 1 + _first_word(text, b) > width:
        return True
    if quote and shape_of(quote) == "open":
        return True
    if b.indent >= a.indent + 2 or head_line(line):
        return False
    room = len(a) + 1 + _first_word(text, b)
    return room > _NEARLY_FULL * width and width in _WRAPPED and not line.endswith(":")


def _continues(text: str, a: _Line, b: _Line) -> bool:
    """Return whether a full line continues in lower case, in a text without a known width."""
    return len(a) in _FULL and bool(JOINS[0].matches(_at_line_end(text, a, b)))


def _is_divided(text: str, a: _Line, b: _Line) -> bool:
    return bool(
        JOINS[1].matches(_at_line_end(text, a, b))
        or re.search(r"\w-\n\d", _at_line_end(text, a, b))
    )


def _hyphen(text: str, a: _Line, b: _Line, known: Counter[str]) -> tuple[str, str, bool]:
    """Return the joint of a divided word, the word, and whether its hyphen is dropped."""
    line_end = _at_line_end(text, a, b)
    end = _WORD_AT_END.search(text, max(a.start, a.end - 60), a.end)
    first = end[0][:-1] if end else ""
    rest = re.match(r"[^\W\d_]*", text[b.start : b.end])
    second = rest[0] if rest else ""
    if _SUSPENDED.search(line_end):
        return "\n", f"{first}- {second}", False
    whole = f"{first}{second}"
    if not first or (not known[whole.casefold()] and known[f"{first}-{second}".casefold()]):
        keeps = True
    elif known[whole.casefold()]:
        keeps = False
    else:
        keeps = any(rule.matches(line_end) for rule in KEEPS_HYPHEN)
    return "", f"“{first}-{second}”" if keeps else f"“{whole}”", not keeps


def _split_page(text: str, line: _Line) -> list[_Line]:
    """Split a very long line into the paragraphs that it seems to contain."""
    start, end = line.start, line.end
    if end - start < _PAGE_LINE:
        return [line]
    gaps = list(_GAP.finditer(text, start, end))
    wide = [gap for gap in gaps if len(gap[0]) >= _WIDE]
    in_sentences = sum(1 for gap in wide if text[gap.end()].islower())
    wrapped = len(wide) >= 5 and in_sentences > len(wide) / 2
    pieces: list[_Line] = []
    for gap in gaps:
        if gap.start() <= start:
            continue
        if _separates(text, start, gap, wrapped):
            pieces.append(_Line(start, gap.start()))
            start = gap.end()
    return [*pieces, _Line(start, end)] if pieces else [line]


def _separates(text: str, start: int, gap: re.Match[str], wrapped: bool) -> bool:
    """Return whether a gap in a long line separates two paragraphs."""
    if wrapped:
        # Gaps of the usual width are the line ends of an indented page. Narrower or much wider gaps
        # separate paragraphs.
        enough = len(text[start : min(gap.start(), start + 2_000)].split(None, 20)) > 20
        return len(gap[0]) >= _PARTING or (
            len(gap[0]) < _WIDE and enough and text[gap.end()].isupper()
        )
    if len(gap[0]) >= _WIDE or _DATELINE_BEGINS.match(text, gap.end()):
        return True
    before = text[max(start, gap.start() - 1) : gap.start()]
    return bool(_SENTENCE_ENDS.search(before) and _SENTENCE_BEGINS.match(text, gap.end()))

"""Plain text into blocks: which line ends end a paragraph, and which runs of blanks do."""

import re
from dataclasses import replace
from itertools import pairwise

from releases.importing.accounting import Span
from releases.importing.blocks import Block, Run, Source
from releases.importing.notes import Note

_PICTURE = re.compile(r"!\[([^\]\n]{0,1000}+)\]\(([^()\n]*+(?:\([^()\n]*+\)[^()\n]*+)*+)\)")
_PICTURE_TITLE = re.compile(r"(?<!\s)\s++(?:\"[^\"]*\"|'[^']*')$")
_BULLET = re.compile(r"(?:([*•●▪‣·◦○])|([–—-])|\d{1,2}[.)])[ \t\xa0]+(?=\S)")
# Wrapped by hand or by a mail program: every line but the last of a paragraph is as full as can be.
_WRAPPED = range(50, 101)
# A line from here on may be a page that lost its line ends; blanks stand where they were.
_PAGE_LINE = 200
_GAP = re.compile(r"[ \t\xa0]{3,}")
_WIDE = 6
_PARTING = 10
_SENTENCE_ENDS = re.compile(r"[.?!:”\"’]$")
_SENTENCE_BEGINS = re.compile(r"[“\"‘'(]?[A-ZÀ-Þ0-9]")
_DATELINE_BEGINS = re.compile(r"[A-Z][\w.]*(?: [A-Z][\w.]*)?, [A-Z][\w.]+ ?(?:--|[—–-])")


def read_text(source: Source, filename: str) -> None:
    """Fill a source with the blocks of plain text: a line is a paragraph, unless it was wrapped."""
    lines = _lines(source.text)
    breaks = 0
    for spans in _paragraphs(source, lines):
        for piece in _split_page(source.text, spans):
            breaks += piece is not spans
            block = Block("paragraph", _runs(source.text, piece))
            source.blocks += split_pictures(block)
    if breaks:
        source.notes.append(Note("page_parted"))
    _find_items(source)


def split_pictures(block: Block) -> list[Block]:
    """Return a block as itself and the pictures that stood in it, `![alt](address)`."""
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


def _lines(text: str) -> list[Span]:
    """Return where every line stands, without the blanks around it; an empty one is empty."""
    return [_strip(text, *match.span()) for match in re.finditer(r"^.*$", text, re.M)]


def _strip(text: str, start: int, end: int) -> Span:
    line = text[start:end]
    start += len(line) - len(line.lstrip())
    return start, max(start, start + len(line.strip()))


def _runs(text: str, spans: list[Span]) -> list[Run]:
    runs: list[Run] = []
    for start, end in spans:
        if runs:
            runs.append(Run("\n", start, start))
        runs.append(Run(text[start:end], start, end))
    return runs


def _paragraphs(source: Source, lines: list[Span]) -> list[list[Span]]:
    width = _width(source.text, lines)
    paragraphs: list[list[Span]] = []
    previous: Span | None = None
    for start, end in lines:
        if start == end:
            previous = None
            continue
        word = source.text[start:end].split(None, 1)[0]
        full = previous and previous[1] - previous[0] + 1 + len(word) > width
        if width and full and not _BULLET.match(source.text, start, end):
            paragraphs[-1].append((start, end))
        else:
            paragraphs.append([(start, end)])
        previous = (start, end)
    if width:
        source.notes.append(Note("lines_joined", {"width": width}))
    return paragraphs


def _width(text: str, lines: list[Span]) -> int:
    """Return the width that the lines of a text were wrapped at, or 0 where they were not."""
    width = max((end - start for start, end in lines), default=0)
    if width not in _WRAPPED:
        return 0
    pairs = [(a, b) for a, b in pairwise(lines) if a[0] < a[1] and b[0] < b[1]]
    full = sum(a[1] - a[0] + 1 + len(text[b[0] : b[1]].split(None, 1)[0]) > width for a, b in pairs)
    return width if full >= 3 and full >= 0.6 * len(pairs) else 0


def _split_page(text: str, spans: list[Span]) -> list[list[Span]]:
    """Return a paragraph, or the paragraphs that one very long line seems to have held."""
    start, end = spans[0]
    if len(spans) > 1 or end - start < _PAGE_LINE:
        return [spans]
    gaps = list(_GAP.finditer(text, start, end))
    wide = [gap for gap in gaps if len(gap[0]) >= _WIDE]
    amid = sum(1 for gap in wide if text[gap.end()].islower())
    wrapped = len(wide) >= 5 and amid > len(wide) / 2
    pieces: list[list[Span]] = []
    for gap in gaps:
        if gap.start() <= start:
            continue
        if _parts(text, start, gap, wrapped):
            pieces.append([(start, gap.start())])
            start = gap.end()
    return [*pieces, [(start, end)]] if pieces else [spans]


def _parts(text: str, start: int, gap: re.Match[str], wrapped: bool) -> bool:
    """Whether a gap in a long line parts two paragraphs."""
    if wrapped:
        # Here the gaps of the usual width are the line ends of a page with an indent; a paragraph
        # is parted by less, or by much more.
        enough = len(text[start : min(gap.start(), start + 2_000)].split(None, 20)) > 20
        return len(gap[0]) >= _PARTING or (
            len(gap[0]) < _WIDE and enough and text[gap.end()].isupper()
        )
    if len(gap[0]) >= _WIDE or _DATELINE_BEGINS.match(text, gap.end()):
        return True
    before = text[max(start, gap.start() - 1) : gap.start()]
    return bool(_SENTENCE_ENDS.search(before) and _SENTENCE_BEGINS.match(text, gap.end()))


def _find_items(source: Source) -> None:
    """Turn lines that begin with a bullet into list items; a dash or a number needs a second."""
    blocks = source.blocks
    group = 0
    bullets = [_BULLET.match(block.raw) if block.kind == "paragraph" else None for block in blocks]
    signs = ["" if not b else "*" if b[1] else "-" if b[2] else "1" for b in bullets]
    for place, (bullet, sign) in enumerate(zip(bullets, signs, strict=True)):
        before = signs[place - 1] if place else ""
        after = signs[place + 1] if place + 1 < len(signs) else ""
        if not bullet or (sign != "*" and sign not in (before, after)):
            continue
        if blocks[place - 1].kind != "item" or before != sign:
            group += 1
        block = blocks[place]
        source.markup += block.part(0, bullet.end()).spans
        blocks[place] = replace(
            block.part(bullet.end()), kind="item", group=group, numbered=sign == "1"
        )
    if group:
        source.notes.append(Note("lists_found", {"count": group}))

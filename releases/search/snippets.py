"""Cuts out the part of a text that says most about a query."""

import re

from releases.search.query import Query

DOTS = "…"
_SPACE = re.compile(r"\s")


def snippet(query: Query, text: str, *, length: int = 240) -> list[tuple[str, bool]]:
    """Return the part of a text with the most places that a query finds, in pieces.

    The part has about `length` characters. Each piece has its text and whether the query finds it.
    Dots show where the text was cut. The pieces are plain text: escape them in HTML.
    """
    text = " ".join(text.split())
    marks = query.marks(text)
    start, end = _window(text, marks, length)
    pieces = [(DOTS, False)] if start else []
    place = start
    for mark_start, mark_end in marks:
        if mark_end <= start or mark_start >= end:
            continue
        mark_start, mark_end = max(mark_start, start), min(mark_end, end)
        pieces += [(text[place:mark_start], False), (text[mark_start:mark_end], True)]
        place = mark_end
    pieces += [(text[place:end], False), (DOTS if end < len(text) else "", False)]
    return _without_empty(pieces)


def _window(text: str, marks: list[tuple[int, int]], length: int) -> tuple[int, int]:
    """Return the start and end of the part with the most marks; of equal parts, the first."""
    if len(text) <= length:
        return 0, len(text)
    best, most = 0, 0
    last = 0  # the first mark that is not in the part any more
    for number, (start, _end) in enumerate(marks):
        last = max(last, number)
        while last < len(marks) and marks[last][1] <= start + length:
            last += 1
        if last - number > most:
            best, most = start, last - number
    # Some words before the first mark show what it is about.
    begin = max(0, min(best - length // 4, len(text) - length))
    return _cut_at_word(text, begin, best), _end_of_word(text, begin + length)


def _cut_at_word(text: str, begin: int, latest: int) -> int:
    """Return the start of the next word, or `begin` in a script without spaces."""
    if begin == 0:
        return 0
    space = _SPACE.search(text, begin, latest)
    return space.end() if space else begin


def _end_of_word(text: str, end: int) -> int:
    if end >= len(text):
        return len(text)
    space = text.rfind(" ", end - 30, end + 1)
    return space if space > 0 else end


def _without_empty(pieces: list[tuple[str, bool]]) -> list[tuple[str, bool]]:
    joined: list[tuple[str, bool]] = []
    for text, is_marked in pieces:
        if not text:
            continue
        if joined and joined[-1][1] == is_marked:
            joined[-1] = (joined[-1][0] + text, is_marked)
        else:
            joined.append((text, is_marked))
    return joined

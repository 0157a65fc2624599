"""Conversion of pasted plain text, such as e-mails and text files with wrapped lines."""

import re
from html import escape

from desk.pasting.messages import LeftOut
from importing.from_text import paragraphs_of
from releases.document import MAX_TEXT, TextTooLongError
from storing.texts import clean_text

_QUOTED = re.compile(r"[ \t]{0,3}(?:>[ \t]?){1,40}")
_STRUCK_LETTERS = re.compile("(?:[^\u0336]\u0336)+")


def read_plain_text(text: str, left_out: LeftOut) -> str:
    """Return plain text as HTML with a `p` for each paragraph. Raises TextTooLongError."""
    text = clean_text(text, multiline=True)
    if len(text) > MAX_TEXT:
        raise TextTooLongError(len(text))
    lines = text.split("\n")
    unquoted = [_QUOTED.sub("", line, count=1) for line in lines]
    if sum(a != b for a, b in zip(lines, unquoted, strict=True)) > 1:
        left_out.quote_signs = sum(a != b for a, b in zip(lines, unquoted, strict=True))
        lines = unquoted
    lines = _with_cells_separated(lines, left_out)
    paragraphs = paragraphs_of("\n".join(lines))
    full = sum(1 for line in lines if line.strip())
    left_out.joined = max(full - len(paragraphs), 0)
    return "".join(f"<p>{_without_struck(paragraph, left_out)}</p>" for paragraph in paragraphs)


def _with_cells_separated(lines: list[str], left_out: LeftOut) -> list[str]:
    """Separate the cells of tables by “ | ”, so that the cells 12 and 345 do not become 12 345.

    A line is a row if a line before or after it has the same number of tabs, or if it is the only
    line of the text.
    """
    tabs = [line.count("\t", len(line) - len(line.lstrip())) for line in lines]
    alone = sum(1 for line in lines if line.strip()) == 1
    separated = []
    for number, line in enumerate(lines):
        neighbours = (tabs[number - 1 : number] or [0]) + (tabs[number + 1 : number + 2] or [0])
        if tabs[number] and line.strip() and (alone or tabs[number] in neighbours):
            cells = " | ".join(cell.strip() for cell in line.split("\t"))
            left_out.rows += 1
            separated += ["", cells.strip(), ""]  # the blank lines keep rows from being joined
        else:
            separated.append(line)
    return separated


def _without_struck(paragraph: str, left_out: LeftOut) -> str:
    """Return a paragraph without text struck out by `~~` or by combining characters, escaped."""
    first, *parts = paragraph.split("~~")
    kept = [first]
    struck = ""  # the text after a `~~` that may be the first of a pair
    inside = False
    for part in parts:
        if inside and struck.strip():
            left_out.words("struck", struck)
            left_out.pause()
            kept.append(part)
        elif inside:
            kept.append(f"~~{struck}~~{part}")
        else:
            struck = part
        inside = not inside
    if inside:
        kept.append(f"~~{struck}")
    text = "".join(kept)
    for letters in _STRUCK_LETTERS.findall(text):
        left_out.words("struck", letters.replace("\u0336", ""))
        left_out.pause()
    return escape(_STRUCK_LETTERS.sub("", text), quote=False)

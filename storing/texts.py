"""Which characters a text keeps. The one rule for every column, file and page; knows no ORM."""

import re
import unicodedata
from typing import Any

# The last two characters of each of Unicode's 17 planes are no characters, and XML refuses them.
_NONCHARACTERS = "\ufdd0-\ufdef" + "".join(
    chr(plane * 0x10000 + 0xFFFE) + chr(plane * 0x10000 + 0xFFFF) for plane in range(17)
)
# Control characters, characters that are none, and what turns the direction of all that follows:
# left open in a title, it would turn the words of our own page. Joiners stay (Persian and emoji
# need them), and so do the marks that give one place a direction.
UNWANTED = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ud800-\udfff\u202a-\u202e\ufeff" + _NONCHARACTERS + "]"
)
_LINE_END = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")  # \v and \f are those of Word
_SEPARATOR = re.compile("[\x1c-\x1f]")
_ISOLATE = re.compile("[\u2066-\u2069]")
# What is normalised apart: the ends of tags, and runs of more marks than any language has, because
# Python puts them in order in quadratic time.
_MARKS = "".join(char for char in map(chr, range(0x300, 0x1F000)) if unicodedata.combining(char))
_APART = re.compile(f"([<>]|[{_MARKS}]{{30}})")
_SPACES = re.compile("[ \t\n]+")


def clean_text(text: str, *, multiline: bool) -> str:
    """Return a text as it may be stored: one line, or lines that end with a plain newline."""
    text = _SEPARATOR.sub(" ", _LINE_END.sub("\n", text))
    text = UNWANTED.sub("", text)
    if _ISOLATE.search(text):
        text = "\n".join(map(_with_balanced_isolates, text.split("\n")))
    text = _composed(text)
    return text if multiline else _SPACES.sub(" ", text).strip()


def clean_json(value: Any) -> Any:
    """Return what goes into a JSON column with every text in it cleaned, keys too."""
    if isinstance(value, str):
        return clean_text(value, multiline=True)
    if isinstance(value, dict):
        return {clean_json(key): clean_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [clean_json(item) for item in value]
    return value


def _composed(text: str) -> str:
    """Return a text in NFC, part by part: together, the end of a tag and U+0338 become “≯”."""
    if text.isascii():
        return text
    return "".join(unicodedata.normalize("NFC", part) for part in _APART.split(text))


def _with_balanced_isolates(line: str) -> str:
    """Return a line without isolates unless each of them is closed, as the line's end would."""
    depth = 0
    for isolate in _ISOLATE.findall(line):
        depth += -1 if isolate == "\u2069" else 1
        if depth < 0:
            break
    return _ISOLATE.sub("", line) if depth else line

"""Which characters a text keeps: the one rule for every column, file and page. Uses no ORM."""

import math
import re
import unicodedata
from typing import Any

import regex

# The last two code points of each of Unicode's 17 planes are no characters; XML refuses them.
_NONCHARACTERS = "\ufdd0-\ufdef" + "".join(
    chr(plane * 0x10000 + 0xFFFE) + chr(plane * 0x10000 + 0xFFFF) for plane in range(17)
)
# Control characters, code points that are no characters, and what changes the direction of all
# that follows: left open in a title, it would reorder our own page. Joiners stay (Persian and
# emoji need them), and so do the marks that give a direction to one place.
UNWANTED = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ud800-\udfff\u202a-\u202e\ufeff\ufff9-\ufffb"
    + _NONCHARACTERS
    + "]"
)
# Tag characters are visible only in flags (England, Texas). Elsewhere they hide text.
_TAGS = re.compile(
    "(\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{3,6}\U000e007f)|[\U000e0000-\U000e007f]"
)
# Unicode calls these letters, symbols or unassigned, and no font draws anything.
_DRAWN_AS_NOTHING = re.compile(
    "[\u115f\u1160\u2065\u2800\u3164\uffa0\ufff0-\ufff8\U0001d159\U000e0000-\U000e0fff]"
)
_LINE_END = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")  # \v and \f are those of Word
_SEPARATOR = re.compile("[\x1c-\x1f]")
_ISOLATE = re.compile("[\u2066-\u2069]")
# What is normalised separately: the ends of tags, and runs of more marks than any language has,
# because Python sorts them in quadratic time.
_MARKS = "".join(char for char in map(chr, range(0x300, 0x1F000)) if unicodedata.combining(char))
_APART = re.compile(f"([<>]|[{_MARKS}]{{30}})")
_SPACES = re.compile("[ \t\n]+")
_READERS_CHARACTER = regex.compile(r"\X")  # a grapheme cluster of Unicode (UAX 29)
_MAX_CLUSTER = 16  # code points of one visible character; a family of emoji has 11
_CLOSING = "[\"'”’»›）)」』】\\]]*+"
# A full stop ends a sentence if a space follows, but not behind one letter (“J. Smith”, “U.S.”) or
# a short form of address. The marks of other scripts always end one.
_SENTENCE_END = re.compile(
    rf"(?:(?<!\b\w)(?<!\bMr)(?<!\bMs)(?<!\bDr)(?<!\bSt)(?<!\bNo)(?<!\bMrs)(?<!\bProf)(?<!\bGen)"
    rf"[.!?…]++{_CLOSING}(?=\s)|[。！？｡؟۔।॥።။།៕]++{_CLOSING})"
)


def clean_text(text: str, *, multiline: bool) -> str:
    """Return a text as it may be stored: one line, or lines that end with a plain newline."""
    text = _SEPARATOR.sub(" ", _LINE_END.sub("\n", text))
    text = _TAGS.sub(r"\1", UNWANTED.sub("", text))
    if _ISOLATE.search(text):
        text = "\n".join(map(_with_balanced_isolates, text.split("\n")))
    text = _composed(text)
    return text if multiline else _SPACES.sub(" ", text).strip()


def is_blank(text: str) -> bool:
    """Whether a reader would see nothing of a text."""
    return not any(map(_is_seen, text))


def cut(text: str, max_characters: int) -> str:
    """Return the beginning of a text as one clean line of at most so many characters.

    What a reader sees as one character stays whole, and so does a word if there is room for one.
    """
    text = clean_text(text, multiline=False)
    if len(text) <= max_characters:
        return text
    end = _whole(text, max_characters)
    start = text[: end + 1].rfind(" ")
    return text[: start if start > max_characters // 2 else end].rstrip()


def shortened(text: str, max_characters: int) -> str:
    """Return a clean text of at most so many characters; “…” shows that it was cut.

    It ends after a sentence, without “…”, if at least a third of the length is left. Otherwise it
    ends between two words or, in scripts without spaces, between two visible characters.
    """
    text = clean_text(text, multiline=True)
    if len(text) <= max_characters:
        return text
    # What follows a full stop decides whether it ends a sentence, so two more characters are read.
    ends = [end.end() for end in _SENTENCE_END.finditer(text[: max_characters + 2])]
    whole = [end for end in ends if max_characters // 3 <= end <= max_characters]
    if whole:
        return text[: whole[-1]]
    return (cut(text, max_characters - 1) or text[: max_characters - 1]) + "…"


def clean_json(value: Any) -> Any:
    """Return what goes into a JSON column with every text in it cleaned, keys too.

    An infinite number becomes null, because PostgreSQL cannot store it.
    """
    if isinstance(value, str):
        return clean_text(value, multiline=True)
    if isinstance(value, dict):
        return {clean_json(key): clean_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [clean_json(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _is_seen(char: str) -> bool:
    # Unassigned characters may be letters of a script or emoji newer than this Python.
    is_drawn = unicodedata.category(char)[0] in "LNPS" or unicodedata.category(char) in ("Cn", "Co")
    return is_drawn and not _DRAWN_AS_NOTHING.match(char)


def _whole(text: str, max_characters: int) -> int:
    """Return where the last visible character ends, at `max_characters` or before."""
    # A few code points more show whether the last character continues.
    ends = [
        found.end() for found in _READERS_CHARACTER.finditer(text[: max_characters + _MAX_CLUSTER])
    ]
    return max((end for end in ends if end <= max_characters), default=0)


def _composed(text: str) -> str:
    """Return a text in NFC, part by part: combined, the end of a tag and U+0338 become “≯”."""
    if text.isascii():
        return text
    return "".join(unicodedata.normalize("NFC", part) for part in _APART.split(text))


def _with_balanced_isolates(line: str) -> str:
    """Return a line without isolates unless each is closed before the end of the line."""
    depth = 0
    for isolate in _ISOLATE.findall(line):
        depth += -1 if isolate == "\u2069" else 1
        if depth < 0:
            break
    return _ISOLATE.sub("", line) if depth else line

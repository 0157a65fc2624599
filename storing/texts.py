"""Removes unwanted characters, with the same rules for all columns, files and pages. No ORM."""

import math
import re
import unicodedata
from typing import Any

import regex

# Unicode's noncharacters: XML forbids or discourages them.
_NONCHARACTERS = "\ufdd0-\ufdef" + "".join(
    chr(plane * 0x10000 + 0xFFFE) + chr(plane * 0x10000 + 0xFFFF) for plane in range(17)
)
# Control characters, surrogates, noncharacters, and embeddings and overrides of direction: if a
# title does not close them, they reorder the rest of our page. Joiners stay (Persian and emoji need
# them), and so do direction marks, which affect only one place.
UNWANTED = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ud800-\udfff\u202a-\u202e\ufeff\ufff9-\ufffb"
    + _NONCHARACTERS
    + "]"
)
# Tag characters are visible only in flags (England, Texas). Elsewhere they hide text.
_TAGS = re.compile(
    "(\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{3,6}\U000e007f)|[\U000e0000-\U000e007f]"
)
# Unicode classifies these as letters, symbols or unassigned, but fonts draw nothing for them.
_DRAWN_AS_NOTHING = re.compile(
    "[\u115f\u1160\u2065\u2800\u3164\uffa0\ufff0-\ufff8\U0001d159\U000e0000-\U000e0fff]"
)
_LINE_END = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")  # Word uses \v and \f
_SEPARATOR = re.compile("[\x1c-\x1f]")
_ISOLATE = re.compile("[\u2066-\u2069]")
# Parts that are normalised separately: the ends of tags (see _composed), and runs of more combining
# marks than any language uses, because Python sorts them in quadratic time.
_MARKS = "".join(char for char in map(chr, range(0x300, 0x1F000)) if unicodedata.combining(char))
_NORMALISED_SEPARATELY = re.compile(f"([<>]|[{_MARKS}]{{30}})")
_SPACES = re.compile("[ \t\n]+")
_GRAPHEME_CLUSTER = regex.compile(r"\X")  # Unicode Standard Annex 29
_MAX_CLUSTER = 16  # code points of one visible character; an emoji of a family has 11
_CLOSING = "[\"'”’»›）)」』】\\]]*+"
# A full stop ends a sentence if a space follows, but not after a single letter (“J. Smith”, “U.S.”)
# or an abbreviation such as “Dr”. The full stops of other scripts always end a sentence.
_SENTENCE_END = re.compile(
    rf"(?:(?<!\b\w)(?<!\bMr)(?<!\bMs)(?<!\bDr)(?<!\bSt)(?<!\bNo)(?<!\bMrs)(?<!\bProf)(?<!\bGen)"
    rf"[.!?…]++{_CLOSING}(?=\s)|[。！？｡؟۔।॥።။།៕]++{_CLOSING})"
)


def clean_text(text: str, *, multiline: bool) -> str:
    r"""Return a text as it is stored: on one line or, if `multiline`, in lines that end with \n."""
    text = _SEPARATOR.sub(" ", _LINE_END.sub("\n", text))
    text = _TAGS.sub(r"\1", UNWANTED.sub("", text))
    if _ISOLATE.search(text):
        text = "\n".join(map(_with_balanced_isolates, text.split("\n")))
    text = _composed(text)
    return text if multiline else _SPACES.sub(" ", text).strip()


def is_blank(text: str) -> bool:
    """Return whether a text has no visible character."""
    return not any(map(_is_visible, text))


def cut(text: str, max_characters: int) -> str:
    """Return the beginning of a text as one clean line of at most `max_characters` code points.

    It never splits a grapheme cluster. It splits a word only if the line would otherwise have less
    than half of the length.
    """
    text = clean_text(text, multiline=False)
    if len(text) <= max_characters:
        return text
    end = _whole(text, max_characters)
    start = text[: end + 1].rfind(" ")
    return text[: start if start > max_characters // 2 else end].rstrip()


def shortened(text: str, max_characters: int) -> str:
    """Return a clean text of at most `max_characters` code points; “…” shows that it was cut.

    If sentences fill at least a third of the length, the text ends after the last of them, without
    “…”. Otherwise it ends between two words or, in scripts without spaces, between two visible
    characters.
    """
    text = clean_text(text, multiline=True)
    if len(text) <= max_characters:
        return text
    # The character after a full stop decides whether it ends a sentence, so two more are read.
    ends = [end.end() for end in _SENTENCE_END.finditer(text[: max_characters + 2])]
    whole = [end for end in ends if max_characters // 3 <= end <= max_characters]
    if whole:
        return text[: whole[-1]]
    return (cut(text, max_characters - 1) or text[: max_characters - 1]) + "…"


def clean_json(value: Any) -> Any:
    """Return a JSON value with all its texts cleaned, keys included.

    Infinite numbers and NaN become None, because PostgreSQL can't store them.
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


def _is_visible(char: str) -> bool:
    # Unassigned code points may be letters or emoji that are newer than this Python.
    is_drawn = unicodedata.category(char)[0] in "LNPS" or unicodedata.category(char) in ("Cn", "Co")
    return is_drawn and not _DRAWN_AS_NOTHING.match(char)


def _whole(text: str, max_characters: int) -> int:
    """Return the end of the last grapheme cluster that is complete within `max_characters`."""
    # Read a few more code points to see whether the last cluster continues.
    ends = [
        found.end() for found in _GRAPHEME_CLUSTER.finditer(text[: max_characters + _MAX_CLUSTER])
    ]
    return max((end for end in ends if end <= max_characters), default=0)


def _composed(text: str) -> str:
    """Return a text in NFC, normalised in parts.

    Otherwise the “>” of a tag and a following U+0338 would become “≯”.
    """
    if text.isascii():
        return text
    parts = _NORMALISED_SEPARATELY.split(text)
    return "".join(unicodedata.normalize("NFC", part) for part in parts)


def _with_balanced_isolates(line: str) -> str:
    """Return a line; remove all its isolates if one is not closed before the end of the line."""
    depth = 0
    for isolate in _ISOLATE.findall(line):
        depth += -1 if isolate == "\u2069" else 1
        if depth < 0:
            break
    return _ISOLATE.sub("", line) if depth else line

"""Regular expressions that match like `fold`, so that database queries can compare names."""

import re
import unicodedata
from functools import lru_cache

from people.names.normalise import LOOKALIKES, fold

# The ranges of letters that may fold to others. All other letters are compared as they are.
_FROM, _TO = 0x20, 0x3000
_MORE = ((0xA640, 0xA800), (0xFB00, 0xFE00), (0xFF00, 0xFFF0))
# Invisible characters, and the marks that `fold` removes.
_INVISIBLE = (
    "\u00ad\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0640"
    "\u064b-\u0652\u0670\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff"
)
_SPACE = "[\\s\u2010-\u2015\u2212\u00b7\u2022\u2027\u2219\u30fb\u0f0b\u0f0c-]+"


def pattern(text: str) -> str:
    """Return a regular expression that matches every text with the same `fold`.

    It has the same meaning in Python and PostgreSQL. It does not match symbols that fold to three
    or more characters, such as “⅛”.
    """
    folded, found, at = fold(text.replace("\x00", "")), [], 0
    while at < len(folded):
        pair = folded[at : at + 2]
        if len(pair) == 2 and (both := _alike().get(pair, "")):
            one, two = (_letter(letter) for letter in pair)
            found.append(f"(?:{one}[{_INVISIBLE}]*{two}|[{both}])")
            at += 2
        else:
            found.append(_letter(folded[at]))
            at += 1
    return f"[{_INVISIBLE}]*".join(found)


def _letter(letter: str) -> str:
    if letter == " ":
        return _SPACE
    others = _alike().get(letter, "")
    return f"[{others}]" if others else re.escape(letter)


@lru_cache(maxsize=1)
def _alike() -> dict[str, str]:
    """Map one or two folded letters to the letters that fold to them, as a character class."""
    found: dict[str, str] = {}
    for start, end in ((_FROM, _TO), *_MORE):
        for letter in map(chr, range(start, end)):
            if not (unicodedata.decomposition(letter) or letter.casefold() != letter
                    or ord(letter) in LOOKALIKES):  # fmt: skip
                continue  # fold is slow
            folded = fold(letter)
            if 1 <= len(folded) <= 2 and folded != letter:
                found[folded] = found.get(folded, "") + re.escape(letter)
    for folded in [each for each in found if len(each) == 1]:
        found[folded] = re.escape(folded) + found[folded]
    return found

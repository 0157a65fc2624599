"""Divides texts into tokens, with the same result for the index, for queries and for marking.

A token is a folded word. In scripts that write no spaces between words, tokens are overlapping
pairs of letters, and the last letter alone. So a phrase of pairs finds any piece of a text. Texts
and queries are folded as names are (`people.names.normalise.key`).
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from people.names.normalise import APOSTROPHES, MARKS, UNSPACED_RANGES, key

# Increase it when the tokens of a text change: the site then says that `reindex` is due.
TOKENISER = 1
MAX_CHARACTERS = 60  # of a token; the rest of a longer word is ignored
SHORT = 2  # letters before an apostrophe that are a word of their own: l’homme, O’Brien

_LETTER = f"[^\\W_{APOSTROPHES}]"
# The voicing marks of half-width katakana are letters for Unicode, but belong to the one before.
_MARK = f"[{MARKS}\uff9e\uff9f]"
_SPACED = f"(?:(?![{UNSPACED_RANGES}]){_LETTER})"
_UNSPACED = f"(?:(?=[{UNSPACED_RANGES}]){_LETTER})"
_RUN = re.compile(
    f"(?P<unspaced>{_UNSPACED}(?:{_MARK}|{_UNSPACED})*)"
    f"|{_SPACED}(?:{_MARK}|{_SPACED}|[{APOSTROPHES}](?={_SPACED}))*"
)
# A letter with its marks, or a Hangul syllable in its parts.
_CLUSTER = re.compile(f"(?:[\u1100-\u115f][\u1160-\u11ff]*|{_LETTER}){_MARK}*")
_APOSTROPHE = re.compile(f"[{APOSTROPHES}]")
_NOT_IN_TOKENS = re.compile(f"[^\\w{MARKS}]|_")


class Token(NamedTuple):
    """A token and its place in the text.

    `kind`: WORD, POSSESSIVE (the s of “China’s”), PAIR, or LAST (the last letter of a run).
    """

    text: str
    start: int
    end: int
    kind: str


WORD, POSSESSIVE, PAIR, LAST = "word", "possessive", "pair", "last"


def tokenise(text: str) -> Iterator[Token]:
    """Yield the tokens of a text in their order. Any text is allowed."""
    for run in _RUN.finditer(text):
        if run["unspaced"] is None:
            yield from _words(run[0], run.start())
        else:
            yield from _pairs(run[0], run.start())


def _words(run: str, offset: int) -> Iterator[Token]:
    """Yield a word, or the words between its apostrophes.

    An apostrophe separates the first letters of a word if they are at most two, and the s of a
    possessive. Other apostrophes are dropped.
    """
    if run.isascii() and run.isalnum():
        yield Token(run.lower()[:MAX_CHARACTERS], offset, offset + len(run), WORD)
        return
    start = 0
    for apostrophe in _APOSTROPHE.finditer(run):
        place = apostrophe.start()
        is_possessive = run[place + 1 :] in ("s", "S")
        if is_possessive or 0 < place - start <= SHORT:
            yield from _word(run, start, place, offset, WORD)
            start = place + 1
            if is_possessive:
                yield Token("s", offset + start, offset + len(run), POSSESSIVE)
                return
    yield from _word(run, start, len(run), offset, WORD)


def _word(run: str, start: int, end: int, offset: int, kind: str) -> Iterator[Token]:
    if folded := fold(run[start:end]):
        yield Token(folded, offset + start, offset + end, kind)


def _pairs(run: str, offset: int) -> Iterator[Token]:
    letters = [
        (folded, offset + found.start(), offset + found.end())
        for found in _CLUSTER.finditer(run)
        if (folded := fold(found[0]))
    ]
    for (first, start, _), (second, _, end) in pairwise(letters):
        yield Token(first + second, start, end, PAIR)
    if letters:
        folded, start, end = letters[-1]
        yield Token(folded, start, end, LAST)


@lru_cache(maxsize=65_536)
def fold(word: str) -> str:
    """Return the folded letters and digits of a word, at most MAX_CHARACTERS."""
    folded = _NOT_IN_TOKENS.sub("", key(word))[:MAX_CHARACTERS]
    # The cut may have separated a letter from its mark, and NFC may differ then.
    return unicodedata.normalize("NFC", folded)

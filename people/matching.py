"""Names in text: where a known spelling stands."""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

# Letters that have a plain twin without being it and a mark, and the many apostrophes.
_TWINS = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ð": "d", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th"}
    | dict.fromkeys("’‘ʼʻʾʿʹ′`´", "'")
)
# In these scripts a mark is an accent or an optional vowel; elsewhere it can be another name.
_MARKS_ARE_OPTIONAL = ("LATIN", "GREEK", "HEBREW")
_ARABIC_VOWELS = frozenset("\u064b\u064c\u064d\u064e\u064f\u0650\u0651\u0652\u0670\u0640")
# What stands between the parts of a name: spaces, hyphens, middle dots, the Tibetan tsheg.
_BETWEEN = re.compile(r"[\s\u2010-\u2015\u2212\u00b7\u2022\u2027\u2219\u30fb\u0f0b\u0f0c-]+")
_SPACE = re.compile(r"\s+")
# Marks are put into their order one by one: a long run of them would take the square of its length.
_PERHAPS_MARKS = re.compile(r"[^\w\s]{31,}")
MOST_MARKS = 30  # on one letter, as in the Stream-Safe Text Format of UAX #15
MOST_PARTS = 8  # of a name that is looked for the other way round
# Keyboards of neighbouring languages write one Arabic letter differently, and hamza is left out.
_ARABIC_ALIKE = str.maketrans("یىکھہەأإآٱ", "ييكهههاااا")
# Written to the name without a space: “and”, “to”, “of” in Arabic and Hebrew.
PREFIXES = frozenset("وفبلكובלמשהכ")
_WITHOUT_SPACES = (
    "CJK", "IDEOGRAPHIC", "HIRAGANA", "KATAKANA", "BOPOMOFO", "HANGUL", "THAI", "LAO", "KHMER",
    "MYANMAR", "TIBETAN",
)  # fmt: skip


def fold(text: str) -> str:
    """Return `text` as names are compared: case, accents, hyphens and apostrophes made alike.

    What cannot be seen (soft hyphens, joiners, marks of direction) falls away.
    """
    text = _PERHAPS_MARKS.sub(_without_most_marks, text)
    decomposed = unicodedata.normalize("NFKD", text.casefold().translate(_TWINS))
    decomposed = decomposed.casefold()  # the bold letters of mathematics have a case only now
    folded: list[str] = []
    optional = False
    for char in decomposed:
        if char in _ARABIC_VOWELS or _is_invisible(char):
            continue
        if unicodedata.combining(char):
            if optional:
                continue
        else:
            optional = char.isascii() or _script_is(char, _MARKS_ARE_OPTIONAL)
        folded.append(char)
    return _BETWEEN.sub(" ", unicodedata.normalize("NFC", "".join(folded))).strip()


def names_in(text: str, names: Iterable[str]) -> set[str]:
    """Return those of `names` that stand in `text` as whole names, however they are written.

    In scripts that write no space between words, or write particles to a name, such as Han or
    Hangul, a name is found inside a run of text, whatever stands between its letters.
    """
    haystack = key(text)
    runs = ""
    if any(map(is_without_spaces, haystack)):
        runs = "\n".join(_run_together(key(line)) for line in text.splitlines())
    return {
        name
        for name in names
        if any(
            find_whole(needle, haystack) >= 0
            or (is_without_spaces(needle[0]) and find_whole(needle, runs) >= 0)
            for needle in spelled(name)
        )
    }


def key(text: str) -> str:
    """Return `text` as names are compared, with the letters made alike that keyboards confuse."""
    return fold(text).translate(_ARABIC_ALIKE)


@lru_cache(maxsize=65_536)
def spelled(name: str) -> tuple[str, ...]:
    """Return every way to write a name that is looked for, as `key` gives it.

    As it is; the other way round; the parts that a hyphen joins written as one; in scripts without
    spaces, without what stands between the parts.
    """
    parts = [part for word in _SPACE.split(name) if (part := _parts(word))]
    ways = {key(name): None}
    if 1 < len(parts) <= MOST_PARTS:
        orders = [parts, [*parts[1:], parts[0]], [parts[-1], *parts[:-1]]]
        if len(parts) == 3 and all(len(part) == 1 for part in parts):
            # A given name of two syllables is written in two words, with a hyphen, or as one.
            one, two, three = parts
            orders += [[one, two + three], [two + three, one], [one + two, three]]
        for order in orders:
            ways[" ".join(" ".join(part) for part in order)] = None
            ways[" ".join("".join(part) for part in order)] = None
    if any(map(is_without_spaces, name)):
        ways["".join(filter(is_letter, key(name)))] = None
    return tuple(way for way in ways if way)


def _run_together(text: str) -> str:
    """Return a text as it is compared, without spaces between letters that need none."""
    first, *words = text.split(" ")
    pieces = [first]
    for word in words:
        apart = not (is_without_spaces(pieces[-1][-1:]) and is_without_spaces(word[:1]))
        pieces.append(f" {word}" if apart else word)
    return "".join(pieces)


def _parts(word: str) -> list[str]:
    """Return the parts of a word that hyphens join, as they are compared."""
    return [part for part in key(word).split(" ") if part]


@lru_cache(maxsize=4096)
def is_letter(char: str) -> bool:
    """Whether a character belongs to a word: a letter, a digit, a mark on one, or unseen."""
    return char.isalnum() or is_mark(char)


@lru_cache(maxsize=4096)
def is_mark(char: str) -> bool:
    """Whether a character only changes the one before it."""
    return unicodedata.category(char) in ("Mn", "Mc", "Cf")


@lru_cache(maxsize=4096)
def is_between(char: str) -> bool:
    """Whether a character may stand between the parts of a name."""
    return _BETWEEN.fullmatch(char) is not None


def find_whole(name: str, text: str) -> int:
    """Return where `name`, written exactly so, first stands in `text` as a whole, -1 if nowhere."""
    start = text.find(name)
    while start >= 0:
        end = start + len(name)
        if not _goes_on(name[-1], text[end : end + 1]) and (
            not _goes_on(text[start - 1 : start], name[0]) or _is_prefixed(text, start)
        ):
            return start
        start = text.find(name, start + 1)
    return -1


@lru_cache(maxsize=4096)
def is_without_spaces(char: str) -> bool:
    """Whether a character belongs to a script in which spaces do not tell words apart."""
    return not char.isascii() and _script_is(char, _WITHOUT_SPACES)


def _goes_on(left: str, right: str) -> bool:
    """Whether two neighbouring characters, either of them perhaps missing, are in one word."""
    return all(
        char and unicodedata.category(char)[0] in "LMN" and not is_without_spaces(char)
        for char in (left, right)
    )


def _is_prefixed(text: str, start: int) -> bool:
    """Whether only a prefix of one letter stands before `start` in its word."""
    before, letter = text[max(start - 2, 0) : start - 1], text[start - 1]
    return letter in PREFIXES and not _goes_on(before, letter)


def _without_most_marks(run: re.Match[str]) -> str:
    kept: list[str] = []
    marks = 0
    for char in run[0]:
        marks = marks + 1 if unicodedata.combining(char) else 0
        if marks <= MOST_MARKS:
            kept.append(char)
    return "".join(kept)


def _is_invisible(char: str) -> bool:
    return (
        unicodedata.category(char) == "Cf"
        or "\ufe00" <= char <= "\ufe0f"
        or "\U000e0100" <= char <= "\U000e01ef"
    )


def _script_is(char: str, scripts: tuple[str, ...]) -> bool:
    return unicodedata.name(char, "").startswith(scripts)

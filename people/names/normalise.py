"""Normalise text to compare names: fold words to letters, ignore everything between them."""

import itertools
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

# Letters that look like plain letters, but that Unicode does not decompose.
LOOKALIKES = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ð": "d", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th"}
    | dict.fromkeys("’‘ʼʻʾʿʹ′`´", "'")
)
# In these scripts a mark is an accent or an optional vowel; elsewhere it can change the name.
_MARKS_ARE_OPTIONAL = ("LATIN", "GREEK", "HEBREW", "CYRILLIC")
_ARABIC_VOWELS = frozenset("\u064b\u064c\u064d\u064e\u064f\u0650\u0651\u0652\u0670\u0640")
# Keyboards of related languages write some Arabic letters differently; hamza is often left out.
_ARABIC_ALIKE = str.maketrans("یىکھہەأإآٱ", "ييكهههاااا")
_BETWEEN = re.compile(r"[\s\u2010-\u2015\u2212\u00b7\u2022\u2027\u2219\u30fb\u0f0b\u0f0c-]+")
# Python sorts marks in quadratic time, so long runs of them are cut.
_PERHAPS_MARKS = re.compile(r"[^\w\s]{31,}")
MAX_MARKS = 30  # on one letter, as in the Stream-Safe Text Format of UAX #15

# Letters of another script that look Latin, in capitals and in small letters.
_CAPITALS = dict(
    zip("АВЕКМНОРСТУХІЈЅԀԚԜΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "abekmhopctyxijsdqwabezhikmnoptyx", strict=True)
)
_SMALL = dict(zip("аеорсухіјѕԁһԛԝкмтнвοανρικυχτɑɡ", "aeopcyxijsdhqwkmthboavpikuxtag", strict=True))
_DIGITS = dict(zip("0135", "oles", strict=True))
# The reverse: Latin letters inside a Cyrillic word.
_CYRILLIC = dict(
    zip("aeopcyxikmthbjsABEKMHOPCTYXIJS", "аеорсухікмтнвјѕавекмнорстухіјѕ", strict=True)
)
# “Abdul Rahman”, “Abdel-Rahman” and “Abdurrahman” are compared as “Abd al-Rahman”.
_ABD = re.compile(r"^abd[aeou][lrsdnzt](?=$|[a-z]{2})")
_ESCAPED = re.compile("%2[0-9a-fA-F]")  # a percent-encoded space or punctuation mark
_HASHTAG = re.compile(r"(?<=[#@])\w+")
_SPACED_OUT = re.compile("[ \u2009\u00a0]([-'’][ \u2009\u00a0])?")
MIN_SPACED_OUT = 3  # single letters in a row that count as one word, such as “J o h n”

# Scripts that write no spaces between words, or join particles to a name.
UNSPACED_RANGES = (
    "\u0e00-\u0eff\u0f00-\u0fff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3040-\u30ff\u3100-\u318f"
    "\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97f\ua9e0-\ua9ff\uaa60-\uaa7f\uac00-\ud7ff"
    "\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003fffd"
)
_UNSPACED = re.compile(f"[{UNSPACED_RANGES}]")
APOSTROPHES = "'’ʼ‘ʻʹ′`´ʾʿ"


def _class_of(categories: tuple[str, ...]) -> str:
    """Return the characters of some Unicode categories, as ranges for a regular expression."""
    found, start, last = [], -1, -2
    for code in [*range(0x10000), *range(0xE0000, 0xE0200)]:
        if unicodedata.category(chr(code)) in categories:
            if code != last + 1:
                if start >= 0:
                    found.append((start, last))
                start = code
            last = code
    return "".join(f"\\U{a:08x}-\\U{b:08x}" for a, b in [*found, (start, last)])


# Marks and invisible characters (soft hyphens, joiners, direction marks) belong to a word.
MARKS = _class_of(("Mn", "Mc", "Cf"))
_LETTER = f"(?:[^\\W_{APOSTROPHES}])"
_SPACED_LETTER = f"(?![{UNSPACED_RANGES}]){_LETTER}"
_UNSPACED_LETTER = f"(?=[{UNSPACED_RANGES}]){_LETTER}"
_WORD = re.compile(
    f"(?P<unspaced>{_UNSPACED_LETTER}(?:[{MARKS}]|{_UNSPACED_LETTER})*)"
    f"|{_SPACED_LETTER}(?:[{MARKS}]|{_SPACED_LETTER})*"
)
_PAIRS = ('""', "“”", "„“", "„”", "«»", "»«", "‹›", "()", "[]", "（）", "「」", "『』", "《》")
_QUOTED = re.compile(
    "|".join(
        [
            *(f"\\{pair[0]}[^\\{pair[0]}\\{pair[1]}\n]{{1,40}}\\{pair[1]}" for pair in _PAIRS),
            "(?<![a-zA-Z])[‘'][^‘'’\n]{1,40}['’](?![a-zA-Z])",
        ]
    )
)


def fold(text: str) -> str:
    """Return `text` folded to compare names: case, accents, hyphens and apostrophes are unified.

    Invisible characters (soft hyphens, joiners, direction marks) are removed.
    """
    text = _PERHAPS_MARKS.sub(_without_most_marks, text)
    decomposed = unicodedata.normalize("NFKD", text.casefold().translate(LOOKALIKES))
    decomposed = decomposed.casefold()  # mathematical bold letters have a case only after NFKD
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


def key(text: str) -> str:
    """Return folded text, with Arabic letters unified that keyboards write differently."""
    return fold(text).translate(_ARABIC_ALIKE)


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a text.

    `key`: its folded letters. `alike`: its letters in another script that it looks like, or "".
    `before`: the text between the previous word and this one. `unspaced`: it is in a script without
    spaces. `quoted`: it is in quotes or brackets.
    """

    start: int
    end: int
    key: str
    alike: str
    before: str
    unspaced: bool
    quoted: bool
    is_capital: bool

    @property
    def is_initial(self) -> bool:
        """Whether it is a single letter, which may stand for a name."""
        return len(self.key) == 1 and not self.unspaced

    @property
    def letter(self) -> str:
        """Its first letter, to compare initials."""
        return self.alike[:1] or first_letter(self.key)

    @property
    def is_joined(self) -> bool:
        """Whether an apostrophe joins it to the previous word."""
        return len(self.before) == 1 and self.before in APOSTROPHES


def words(text: str) -> list[Word]:
    """Return the words of a text in their order."""
    text = _ESCAPED.sub("   ", text)
    quoted = [match.span() for match in _QUOTED.finditer(text)]
    humps = _humps(text) if "#" in text or "@" in text else set()
    found: list[Word] = []
    last_end, next_quote = 0, 0
    for match in _WORD.finditer(text):
        unspaced = match["unspaced"] is not None
        for start, end in _cut(match.start(), match.end(), humps):
            folded, alike = _folded(text[start:end])
            if not folded:
                continue
            while next_quote < len(quoted) and quoted[next_quote][1] <= start:
                next_quote += 1
            inside = next_quote < len(quoted) and quoted[next_quote][0] < start
            before = text[last_end:start] if found else "\n"
            capital = not text[start].islower()
            found.append(Word(start, end, folded, alike, before, unspaced, inside, capital))
            last_end = end
    return _with_spaced_out_joined(found)


def _humps(text: str) -> set[int]:
    """Return where a capital begins a word inside a hashtag or a handle: “#JohnRSmith”."""
    return {
        tag.start() + place
        for tag in _HASHTAG.finditer(text)
        if not tag[0].isupper()
        for place, char in enumerate(tag[0])
        if char.isupper()
    }


def _cut(start: int, end: int, humps: set[int]) -> list[tuple[int, int]]:
    """Return the start and end of the words inside a hashtag, or of any other word as a whole."""
    if not humps:
        return [(start, end)]
    cuts = [start, *(place for place in range(start + 1, end) if place in humps), end]
    return list(itertools.pairwise(cuts))


def _with_spaced_out_joined(found: list[Word]) -> list[Word]:
    """Return the words, with spaced-out letters (“J o h n”) joined to one word."""
    kept: list[Word] = []
    run: list[Word] = []
    for word in found:
        if word.is_initial and (not run or _SPACED_OUT.fullmatch(word.before)):
            run.append(word)
            continue
        kept += _joined(run)
        run = [word] if word.is_initial else []
        kept += [] if word.is_initial else [word]
    return kept + _joined(run)


def _joined(run: list[Word]) -> list[Word]:
    if len(run) < MIN_SPACED_OUT:
        return run
    first = run[0]
    folded = "".join(word.key for word in run)
    alike = "".join(word.alike or word.key for word in run) if any(w.alike for w in run) else ""
    return [replace(first, end=run[-1].end, key=folded, alike=alike)]


def letters(text: str) -> str:
    """Return the joined letters of a text, for database queries.

    Single letters are left out, because they may be initials. If needed, a further line has the
    words in the script that they look like, and another line leaves out nicknames.
    """
    found = [
        word
        for word, after in _with_next(words(text))
        if not word.is_initial or word.is_joined or (after and after.is_joined)
    ]
    lines = ["".join(word.key for word in found)]
    if any(word.alike for word in found):
        lines.append("".join(word.alike or word.key for word in found))
    if any(word.quoted and word.unspaced for word in found):
        lines.append("".join(word.key for word in found if not word.quoted))
    return "\n".join(lines)


def _with_next(found: list[Word]) -> Iterator[tuple[Word, Word | None]]:
    for number, word in enumerate(found):
        yield word, found[number + 1] if number + 1 < len(found) else None


@lru_cache(maxsize=65_536)
def _folded(word: str) -> tuple[str, str]:
    """Return the folded letters of a word, and its letters in the script that it looks like."""
    folded = "".join(char for char in key(word) if char != "'" and char != " ")
    if folded.isascii():
        folded = _ABD.sub("abd", folded)
        if not (any(map(str.isdigit, folded)) and any(map(str.isalpha, folded))):
            return folded, ""
    plain = _without_marks(word)
    return folded, _as_latin(plain) or _as_cyrillic(plain)


def _without_marks(word: str) -> str:
    decomposed = unicodedata.normalize("NFKD", _PERHAPS_MARKS.sub(_without_most_marks, word))
    return "".join(c for c in decomposed if not unicodedata.combining(c) and not _is_invisible(c))


def _as_latin(word: str) -> str:
    read: list[str] = []
    for char in word:
        latin = (
            _DIGITS.get(char, char.lower())
            if char.isascii()
            else _CAPITALS.get(char) or _SMALL.get(char) or _SMALL.get(char.lower(), "")
        )
        latin = latin or char.lower().translate(LOOKALIKES)
        if not latin.isascii():
            return ""
        read.append(latin)
    return _ABD.sub("abd", "".join(read))


def _as_cyrillic(word: str) -> str:
    """Return a Cyrillic word with its Latin letters as Cyrillic, or "" for other words."""
    if word.isascii() or not any(char.isascii() for char in word):
        return ""
    read = [_CYRILLIC.get(char, "") if char.isascii() else char.lower() for char in word]
    if not all(read) or not all("\u0400" <= char <= "\u052f" for char in read):
        return ""
    return key("".join(read))


@lru_cache(maxsize=4096)
def first_letter(folded: str) -> str:
    """Return the first letter of a folded word, to compare initials. Any script is allowed."""
    return _as_latin(folded[:1]) or folded[:1]


def is_unspaced(char: str) -> bool:
    """Return whether a character belongs to a script in which spaces do not separate words."""
    return _UNSPACED.match(char) is not None


def separate_unspaced(text: str) -> str:
    """Return a text with a space around each character of a script without spaces."""
    return _UNSPACED.sub(r" \g<0> ", text)


def _without_most_marks(run: re.Match[str]) -> str:
    kept: list[str] = []
    marks = 0
    for char in run[0]:
        marks = marks + 1 if unicodedata.combining(char) else 0
        if marks <= MAX_MARKS:
            kept.append(char)
    return "".join(kept)


@lru_cache(maxsize=4096)
def _is_invisible(char: str) -> bool:
    return (
        unicodedata.category(char) == "Cf"
        or char in "\u034f\u17b4\u17b5\u180b\u180c\u180d\u180f"  # invisible marks (Mn)
        or "\ufe00" <= char <= "\ufe0f"
        or "\U000e0100" <= char <= "\U000e01ef"
    )


@lru_cache(maxsize=4096)
def _script_is(char: str, scripts: tuple[str, ...]) -> bool:
    return unicodedata.name(char, "").startswith(scripts)


# --- A name exactly as recorded ------------------------------------------------------------------

PREFIXES = frozenset("وفبلكובלמשהכ")  # “and”, “to”, “of” in Arabic and Hebrew


def find_whole(name: str, text: str) -> int:
    """Return the position of the first exact `name` in `text` that is a whole word, or -1."""
    start = text.find(name)
    while start >= 0:
        end = start + len(name)
        if not _is_one_word(name[-1], text[end : end + 1]) and (
            not _is_one_word(text[start - 1 : start], name[0]) or _is_prefixed(text, start)
        ):
            return start
        start = text.find(name, start + 1)
    return -1


def _is_one_word(left: str, right: str) -> bool:
    """Return whether two neighbouring characters are in one word. Either may be missing."""
    return all(
        char and unicodedata.category(char)[0] in "LMN" and not is_unspaced(char)
        for char in (left, right)
    )


def _is_prefixed(text: str, start: int) -> bool:
    """Return whether only a prefix of one letter is before `start` in its word."""
    before, letter = text[max(start - 2, 0) : start - 1], text[start - 1]
    return letter in PREFIXES and not _is_one_word(before, letter)

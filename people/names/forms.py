"""The forms in which a name may be written, and which of them block a public text.

`Form` is the specification. docs/decisions/0030 and bench/names.py use it.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from people.names.normalise import Word, first_letter, words


class Form(Enum):
    """A way to write a name: its code, whether it blocks a public text, and why."""

    FULL = "full", True, "All parts of the name in their order, whatever is between them."
    DIRECTORY = "directory", True, "The parts in another order, as in a directory."
    INITIALS_DIFFER_IN_NUMBER = (
        "initial left out or added", True, "A middle initial is often left out and rarely known.",
    )  # fmt: skip
    MIDDLE_AS_INITIAL = (
        "middle name as initial", True, "The middle name is shortened, the others are whole.",
    )  # fmt: skip
    INITIAL_WRITTEN_OUT = (
        "initial written out", True, "A middle name that begins with the recorded initial.",
    )  # fmt: skip
    NICKNAME = "nickname and last name", True, "The recorded nickname stands for the first name."
    EXACT = (
        "exactly as recorded",
        True,
        "The record asks for it: one part, initials, a code name.",
    )
    MIDDLE_LEFT_OUT = (
        "middle name left out", False, "Many people share the first and last part.",
    )  # fmt: skip
    LAST_PART_LEFT_OUT = (
        "last part left out", False, "Some have a second surname that is not always written.",
    )  # fmt: skip
    ONE_WORD = (
        "run together in lower case", False, "“fueran” is a word, and hardly ever Fu Er’an.",
    )  # fmt: skip
    MIDDLE_ADDED = (
        "middle name added", False, "Another name may mean another person.",
    )  # fmt: skip
    OTHER_INITIAL = (
        "another initial",
        False,
        "John T. Smith is not John R. Smith; or a typo.",
    )
    SURNAME_WITH_INITIALS = (
        "last name with initials", False, "Very many people are called J. Smith.",
    )  # fmt: skip
    ACROSS_SENTENCES = (
        "across the end of a sentence", False, "One sentence may end there and another begin.",
    )  # fmt: skip
    ORDINARY_WORDS = (
        "short words in lower case", False, "“do so” is hardly ever the person Do So.",
    )  # fmt: skip

    def __init__(self, label: str, blocks: bool, reason: str) -> None:
        self.label, self.blocks, self.reason = label, blocks, reason


# A title is not a part of the name, if enough other parts remain.
TITLES = frozenset(
    [
        *("mr", "mrs", "ms", "miss", "mx", "dr", "prof", "professor", "sir", "dame", "lord"),
        *("lady", "rev", "reverend", "fr", "father", "pastor", "imam", "sheikh", "shaikh"),
        *("sheik", "shaykh", "haji", "hajji", "hajj", "haj", "ayatollah", "mullah", "maulana"),
        *("mawlana", "rabbi", "ustad", "sayyid", "sayed", "syed", "shri", "smt", "u", "daw"),
        *("ko", "ma", "maung", "saw", "sai", "gen", "general", "lt", "lieutenant", "col"),
        *("colonel", "maj", "major", "capt", "captain", "sgt", "sergeant", "cpl", "president"),
        *("minister", "senator", "sen", "judge", "justice", "ambassador", "amb", "hon"),
        *("honourable", "honorable", "herr", "frau", "monsieur", "madame", "mme", "mlle", "don"),
        *("dona", "senor", "senora", "signor", "signora", "bay", "bey", "hanim", "khanum"),
        *("lama", "geshe", "rinpoche", "comrade", "ing", "mag", "dipl", "dott", "avv", "lic"),
        *("abu", "umm"),
    ]
)
ALWAYS_TITLES = frozenset(
    "mr mrs ms miss mx dr prof professor sir dame rev reverend hon herr frau mme mlle the".split()  # noqa: SIM905
)
SUFFIXES = frozenset("jr sr ii iii iv junior senior esq phd md mba qc kc obe cbe mbe".split())  # noqa: SIM905
ARTICLES = frozenset("al el ul as ash ad ar an at az es et ed".split())  # noqa: SIM905
MAX_UNKNOWN = 4  # letters of a name without spaces that is searched for in both orders
MAX_WORDS = 8  # words of a name that is searched for in other orders
_SEPARATED = re.compile(r"[\s,;/]+")


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a recorded name.

    `parts`: each part has the words that hyphens and apostrophes join. `initials`: the single
    letters between the parts, each with the number of parts before it.
    """

    parts: tuple[tuple[str, ...], ...]
    initials: tuple[tuple[int, str], ...]
    nickname: tuple[str, ...] = ()

    @property
    def letters(self) -> tuple[str, ...]:
        """Each part as joined letters."""
        return tuple("".join(part) for part in self.parts)


@lru_cache(maxsize=65_536)
def parts_of(name: str) -> Parts:
    """Return the parts of a recorded name without titles and suffixes, and its nickname."""
    found = words(_in_natural_order(name))
    nickname = tuple(word.key for word in found if word.quoted)
    groups = _groups([word for word in found if not word.quoted] if nickname else found)
    while len(groups) > 1 and groups[-1][0].key in SUFFIXES:
        groups.pop()
    while len(groups) > 1 and len(groups[0]) == 1:
        first = groups[0][0].key
        left = sum(len("".join(w.key for w in group)) > 1 for group in groups[1:])
        if not (first in ALWAYS_TITLES or (first in TITLES and left >= 2)):
            break
        groups.pop(0)
    parts: list[tuple[str, ...]] = []
    initials: list[tuple[int, str]] = []
    for group in groups:
        if len(group) == 1 and group[0].is_initial:
            initials.append((len(parts), group[0].letter))
        else:
            parts.append(tuple(word.key for word in group))
    return Parts(tuple(parts), tuple(initials), nickname)


def is_full_name(name: str) -> bool:
    """Return whether texts are always searched for a name.

    It has two parts of at least two letters, or two characters in a script without spaces.
    """
    if any(word.unspaced for word in words(name)):
        return sum(len(word.key) for word in words(name)) >= 2
    return sum(len(part) >= 2 for part in parts_of(name).letters) >= 2


def unspaced_letters(name: str) -> str:
    """Return the letters of a name in a script without spaces, or "" for any other name."""
    found = words(name)
    if found and all(word.unspaced for word in found):
        return "".join(word.key for word in found)
    return ""


UMLAUTS = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "å": "aa", "Å": "Aa"}
    | {"ø": "oe", "Ø": "Oe"}
)
_SON_OF = re.compile(r"(?<![\w-])(ben|bin|ibn)(?![\w-])", re.IGNORECASE)


def spellings_of(name: str) -> tuple[str, ...]:
    """Return a recorded name, and variants: “ae” for “ä” and so on, and “bin”, “ben”, “ibn”."""
    written = unicodedata.normalize("NFC", name)
    sons = (_SON_OF.sub(word, written) for word in ("bin", "ben", "ibn"))
    return tuple(dict.fromkeys((name, written.translate(UMLAUTS), *sons)))


def pieces(name: str) -> tuple[tuple[str, ...], ...]:
    """Return runs of letters for a query that finds the texts that may contain a name.

    If a text contains the name in any form that blocks, `letters(text)` contains all runs of at
    least one of the returned alternatives.
    """
    return tuple(dict.fromkeys(_pieces(spelling) for spelling in spellings_of(name)))


def _pieces(name: str) -> tuple[str, ...]:
    if unspaced := unspaced_letters(name):
        parts = unspaced_parts(name)
        # A short name is also found in another order, so only its single letters are certain.
        return tuple(unspaced) if len(parts) == 1 and len(unspaced) <= MAX_UNKNOWN else parts
    whole = parts_of(name)
    wanted = whole.parts
    if is_full_name(name):
        wanted = (whole.parts[-1],) if whole.nickname else (whole.parts[0], whole.parts[-1])
    found = [word for part in wanted for word in part if len(word) > 1 and word not in ARTICLES]
    return tuple(dict.fromkeys(found or ["".join(part) for part in whole.parts]))


def unspaced_parts(name: str) -> tuple[str, ...]:
    """Return the parts of a name in a script without spaces, if something separates them."""
    return tuple(word.key for word in words(name))


def orders_of(parts: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], bool]]:
    """Yield the parts in every searched order, and whether it differs from the recorded one."""
    yield parts, False
    if 1 < len(parts) <= MAX_WORDS:
        turned = {(*parts[cut:], *parts[:cut]) for cut in range(1, len(parts))}
        turned.add(tuple(reversed(parts)))
        for order in sorted(turned - {parts}):
            yield order, True


def shortened(parts: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield a long name without some middle parts, and the first letters of those parts."""
    middle = range(1, len(parts) - 1)
    cuts = {(place,) for place in middle} | ({tuple(middle)} if middle else set())
    for cut in sorted(cuts):
        left = tuple(part for place, part in enumerate(parts) if place not in cut)
        yield left, "".join(first_letter(parts[place]) for place in cut)


def without_articles(parts: Parts) -> Parts:
    """Return the name without the Arabic articles that a hyphen joins to its parts."""
    cut = tuple(part[1:] if len(part) > 1 and part[0] in ARTICLES else part for part in parts.parts)
    return Parts(cut, parts.initials, parts.nickname)


def _in_natural_order(name: str) -> str:
    """Return a name that is recorded as “Smith, John R.” in its natural order."""
    last, comma, first = name.partition(",")
    if not comma or "," in first:
        return name
    given = [word.key for word in words(first)]
    if not given or given[0] in SUFFIXES:
        return name
    return f"{first} {last}"


def _groups(found: list[Word]) -> list[list[Word]]:
    """Return the words in groups. Hyphens and apostrophes join the words of a group."""
    groups: list[list[Word]] = []
    for word in found:
        joined = groups and word.before and not _SEPARATED.search(word.before)
        if joined and "." not in word.before and not word.quoted and len(word.before) <= 2:
            groups[-1].append(word)
        else:
            groups.append([word])
    return groups

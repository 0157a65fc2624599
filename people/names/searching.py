"""Search recorded names by typed words, and find names with similar spellings."""

import unicodedata
from collections.abc import Iterable
from uuid import UUID

from rapidfuzz import fuzz, process

from people.names.entries import Name
from people.names.forms import parts_of
from people.names.normalise import key

ALIKE = 85  # of 100: editors are asked about names that are at least this similar
MAX_SHARING = 5_000  # a word that more names share is no hint
MAX_TYPED = 200  # characters of a search


class NameSearch:
    """The names of some people, as recorded. It is not thread-safe: its owner must lock it."""

    def __init__(self) -> None:
        self._searched: dict[UUID, tuple[str, ...]] = {}  # names in the form for searches
        self._spaced: dict[UUID, tuple[str, ...]] = {}
        self._people: dict[str, set[UUID]] = {}
        self._with: dict[str, set[str]] = {}  # spaced names by each of their words

    def add(self, person: UUID, names: Iterable[Name]) -> None:
        """Add a new person."""
        names = list(names)
        self._searched[person] = tuple(_to_search(name.text) for name in names)
        spaced = []
        for name in names:
            parts = parts_of(name.text).parts if name.suggests else ()
            if len(parts) > 1:
                spaced.append(" ".join(word for part in parts for word in part))
        self._spaced[person] = tuple(dict.fromkeys(spaced))
        for way in self._spaced[person]:
            self._people.setdefault(way, set()).add(person)
            for word in way.split(" "):
                self._with.setdefault(word, set()).add(way)

    def remove(self, person: UUID) -> None:
        """Remove a person, if known."""
        self._searched.pop(person, None)
        for way in self._spaced.pop(person, ()):
            people = self._people.get(way, set())
            people.discard(person)
            if not people:
                self._people.pop(way, None)
                for word in way.split(" "):
                    if ways := self._with.get(word):
                        ways.discard(way)
                        if not ways:
                            del self._with[word]

    def search(self, typed: str) -> set[UUID]:
        """Return the people with a name that contains every typed word.

        A typed word may be a part of a word. Order, accents and punctuation are ignored. All names
        are compared, including those that texts are not searched for.
        """
        wanted = _to_search(typed[:MAX_TYPED]).split()
        if not wanted:
            return set()
        return {
            person
            for person, names in self._searched.items()
            if any(all(word in name for word in wanted) for name in names)
        }

    def alike(self, name: str) -> set[UUID]:
        """Return the people whose name has a similar spelling. This is only a hint.

        Such a name shares a word with this one that few other names have. No threshold can show
        whether two names mean the same person.
        """
        wanted = key(name)
        near: set[UUID] = set()
        for word in set(wanted.split(" ")):
            ways = self._with.get(word, set())
            if len(ways) <= MAX_SHARING:
                for alike in (fuzz.ratio, fuzz.token_sort_ratio):
                    for way, _, _ in process.extract(
                        wanted, tuple(ways), scorer=alike, score_cutoff=ALIKE, limit=None
                    ):
                        if sorted(way.split(" ")) != sorted(wanted.split(" ")) and (
                            abs(len(way) - len(wanted)) <= 3
                        ):
                            near.update(self._people.get(way, ()))
        return near


def _to_search(text: str) -> str:
    """Return a text in the form for searches: decomposed, to find parts of a Hangul syllable."""
    return unicodedata.normalize("NFD", key(text).replace("'", ""))

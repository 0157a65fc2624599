"""The index of names: it finds which of thousands of known people a text names, and where.

The keys of a dictionary are the joined letters of every name, in every searched order. Runs of
neighbouring words in a text are joined in the same way and looked up. In a script without spaces,
pieces of a run are looked up. Characters between words are ignored. This needs no automaton and no
language model: a text of a thousand words takes a few thousand lookups.
"""

import threading
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar
from uuid import UUID

from people.names.entries import MAX_PARTS, MIN_PART_LENGTH, Match, Name, parts_alone
from people.names.finding import NameFinder
from people.names.forms import MAX_WORDS, parts_of
from people.names.neighbours import is_close
from people.names.normalise import PREFIXES, Word, words
from people.names.searching import NameSearch

MAX_REMEMBERED = 8  # texts whose matches are cached


@dataclass(frozen=True, slots=True)
class NameInText:
    """A name in a text: the paragraph, the start and end, and all people it may mean.

    `whole` is False for a part of a name whose full form appears before.
    """

    paragraph: int
    start: int
    end: int
    surface: str
    people: frozenset[UUID]
    whole: bool = True


P = ParamSpec("P")
T = TypeVar("T")


def _with_lock(
    method: "Callable[Concatenate[NameIndex, P], T]",
) -> "Callable[Concatenate[NameIndex, P], T]":
    """Run a method under the lock of the index, so that no other thread changes it."""

    @wraps(method)
    def locked(self: "NameIndex", *args: P.args, **kwargs: P.kwargs) -> T:
        with self.lock:
            return method(self, *args, **kwargs)

    return locked


class NameIndex:
    """The names of some people in every spelling. It is thread-safe.

    Hold `lock` during several changes that belong together.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._finder = NameFinder()
        self._search = NameSearch()
        self._parts: dict[UUID, frozenset[str]] = {}
        self._changes = 0
        self._matched: dict[tuple[int, str], list[Match]] = {}

    def __len__(self) -> int:
        return len(self._finder)

    # --- Adding and removing -------------------------------------------------------------------

    @_with_lock
    def add(self, person: UUID, names: Iterable[Name | str]) -> None:
        """Set the names of a person. Any earlier names are removed."""
        self.remove(person)
        recorded = [each if isinstance(each, Name) else Name(each) for each in dict.fromkeys(names)]
        used = [name for name in recorded if name.protects or name.exact or name.suggests]
        self._finder.add(person, used)
        self._search.add(person, recorded)
        self._parts[person] = frozenset(
            part for name in used for part in parts_alone(parts_of(name.text))
        )
        self._changed()

    @_with_lock
    def remove(self, person: UUID) -> None:
        """Remove a person, if known."""
        self._finder.remove(person)
        self._search.remove(person)
        self._parts.pop(person, None)
        self._changed()

    def _changed(self) -> None:
        self._changes += 1
        self._matched = {}

    # --- Finding -------------------------------------------------------------------------------

    @_with_lock
    def matches(self, text: str) -> list[Match]:
        """Return every name in a text that public texts are searched for, in the text's order.

        All namesakes are included. If a name is found in a form that blocks, weaker forms at the
        same place are left out. The matches of the last texts are cached until a person is added or
        removed, because one action checks the same text several times.
        """
        cache_key = (self._changes, text)
        remembered = self._matched
        found = remembered.get(cache_key)
        if found is None:
            found = self._matches(text)
            if len(remembered) >= MAX_REMEMBERED:
                remembered.clear()
            remembered[cache_key] = found
        return list(found)

    def _matches(self, text: str) -> list[Match]:
        found = [match for match in self._finder.in_words(text, words(text)) if match.is_protection]
        found += self._finder.exactly(text)
        best: dict[tuple[UUID, int], Match] = {}
        for match in sorted(found, key=lambda match: (match.start, not match.blocks, -match.end)):
            if (match.person, match.start) not in best:
                best[match.person, match.start] = match
        blocked: dict[UUID, list[tuple[int, int]]] = {}
        for match in best.values():
            if match.blocks:
                blocked.setdefault(match.person, []).append((match.start, match.end))
        return [
            match
            for match in best.values()
            if match.blocks or not _overlaps(match, blocked.get(match.person, ()))
        ]

    @_with_lock
    def find(
        self, paragraphs: Sequence[str], *, without: Collection[UUID] = frozenset()
    ) -> list[NameInText]:
        """Return every name in a text, for an editor to confirm.

        A part of a name is returned only after its whole name. People in `without` are left out.
        """
        found: list[NameInText] = []
        parts: dict[str, set[UUID]] = {}
        for number, paragraph in enumerate(paragraphs):
            tokens = words(paragraph)
            whole: dict[int, list[Match]] = {}
            for match in self._finder.in_words(paragraph, tokens):
                if match.blocks and match.person not in without and match.is_suggestion:
                    whole.setdefault(match.start, []).append(match)
            end = 0
            starts: list[int] | None = None
            for place, word in enumerate(tokens):
                if word.unspaced or word.start < end:
                    # A name may begin inside a run of a script without spaces.
                    starts = starts if starts is not None else sorted(whole)
                    first = bisect_left(starts, max(word.start, end))
                    for start in starts[first : bisect_left(starts, word.end)]:
                        if start >= end:
                            name = self._longest(number, paragraph, whole[start])
                            found.append(name)
                            end = name.end
                    continue
                if matches := whole.get(word.start) or self._after_prefix(word, whole):
                    name = self._longest(number, paragraph, matches)
                    found.append(name)
                    end = name.end
                    for person in name.people:
                        for part in self._parts.get(person, ()):
                            parts.setdefault(part, set()).add(person)
                elif alone := self._part(number, paragraph, tokens, place, parts):
                    found.append(alone)
                    end = alone.end
        return found

    @_with_lock
    def search(self, typed: str) -> set[UUID]:
        """Return the people with a name that contains every typed word."""
        return self._search.search(typed)

    @_with_lock
    def alike(self, name: str) -> set[UUID]:
        """Return the people whose name has a similar spelling. This is only a hint."""
        return self._search.alike(name)

    @staticmethod
    def _longest(number: int, paragraph: str, matches: list[Match]) -> NameInText:
        end = max(match.end for match in matches)
        longest = [match for match in matches if match.end == end]
        start = longest[0].start
        people = frozenset(match.person for match in longest)
        return NameInText(number, start, end, paragraph[start:end], people)

    @staticmethod
    def _after_prefix(word: Word, whole: dict[int, list[Match]]) -> list[Match]:
        if word.key[0] not in PREFIXES:
            return []
        return whole.get(word.start + 1) or whole.get(word.start + 2, [])

    def _part(
        self,
        number: int,
        paragraph: str,
        tokens: list[Word],
        place: int,
        parts: dict[str, set[UUID]],
    ) -> NameInText | None:
        """Return the longest part of a name that begins at a word, or None."""
        run = ""
        found = None
        for word in tokens[place : place + MAX_PARTS]:
            if run and (not is_close(word) or word.unspaced):
                break
            run += word.key
            if len(run) >= MIN_PART_LENGTH and run in parts and tokens[place].is_capital:
                surface = paragraph[tokens[place].start : word.end]
                found = NameInText(
                    number,
                    tokens[place].start,
                    word.end,
                    surface,
                    frozenset(parts[run]),
                    whole=False,
                )
        return found


def _overlaps(match: Match, places: Sequence[tuple[int, int]]) -> bool:
    """Return whether a match overlaps one of some places, which are sorted by their starts."""
    last = bisect_left(places, (match.end, 0))
    near = places[max(last - MAX_WORDS, 0) : last]  # names have at most MAX_WORDS words
    return any(start < match.end and match.start < end for start, end in near)

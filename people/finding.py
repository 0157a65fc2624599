"""Whom a text names, of thousands of known people, and where.

A dictionary holds every way to write every name (people.matching.spelled). The words of the text
are looked up in it, the longest run first; where a script writes no spaces, pieces of a run are.
No automaton and no model: a text of a thousand words is some thousands of lookups.
"""

import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Max
from rapidfuzz import fuzz

from people.matching import (
    is_between,
    is_letter,
    is_mark,
    is_without_spaces,
    key,
    spelled,
)
from people.models import Person, PersonName

ALIKE = 85  # of 100: from here on, two spellings are shown to an editor as perhaps the same
SHORTEST_PART = 2  # letters of a name that may stand alone, in scripts with spaces
SHORTEST_PREFIXED = 3
MOST_WORDS = 12  # of a name that is found
MOST_PARTS = 3  # words of a name that may stand for it
LONGEST_RUN = 24  # characters without a space that are looked at at once
_APOSTROPHES = "'’ʼ‘"
# Written to a name without a space: “and”, “to”, “of” in Arabic and Hebrew.
_PREFIXES = frozenset("وفبلكובלמשהכ")


@dataclass(frozen=True, slots=True)
class Found:
    """A name in a text: the paragraph, from where to where, and everybody who may be meant.

    Not `whole`: one part of a name that stands in full somewhere before.
    """

    paragraph: int
    start: int
    end: int
    surface: str
    people: frozenset[UUID]
    whole: bool = True


@dataclass(frozen=True, slots=True)
class _Word:
    """A word of a text, or a run of a script without spaces; `joined` to the one before it."""

    start: int
    end: int
    text: str
    key: str
    joined: bool
    run: bool


class Index:
    """Every way to write the names of some people."""

    def __init__(self) -> None:
        self._keys: dict[str, tuple[UUID, ...]] = {}
        self._of: dict[UUID, list[str]] = {}
        self._with: dict[str, tuple[str, ...]] = {}  # by each word of a key
        self._most_words = self._most_characters = 1

    def __len__(self) -> int:
        return len(self._of)

    def put(self, person: UUID, names: Iterable[str]) -> None:
        """Know a person by these names, and by no others."""
        self.drop(person)
        ways = list(dict.fromkeys(way for name in names for way in spelled(name)))
        self._of[person] = ways
        for way in ways:
            self._keys[way] = (*self._keys.get(way, ()), person)
            words = way.split(" ")
            self._most_words = min(max(self._most_words, len(words)), MOST_WORDS)
            if is_without_spaces(way[0]):
                self._most_characters = min(max(self._most_characters, len(way)), LONGEST_RUN)
            elif len(words) > 1:
                for word in words:
                    self._with[word] = (*self._with.get(word, ()), way)

    def drop(self, person: UUID) -> None:
        """Know a person no longer."""
        for way in self._of.pop(person, ()):
            left = tuple(pk for pk in self._keys.get(way, ()) if pk != person)
            if left:
                self._keys[way] = left
            else:
                self._keys.pop(way, None)
                for word in way.split(" "):
                    self._with[word] = tuple(w for w in self._with.get(word, ()) if w != way)

    def find(self, paragraphs: Sequence[str]) -> list[Found]:
        """Return every name in a text, in its order; a part alone only behind the whole name."""
        found: list[Found] = []
        parts: dict[str, set[UUID]] = {}
        for number, paragraph in enumerate(paragraphs):
            words = list(_words(paragraph))
            place = 0
            while place < len(words):
                taken, name = self._at(number, paragraph, words, place, parts)
                found += name
                place += taken
        return found

    def alike(self, name: str) -> set[UUID]:
        """Return those whose name is written nearly so: a hint, no more.

        They share one word with it. No threshold tells two people apart.
        """
        wanted = key(name)
        words = wanted.split(" ")
        near: set[UUID] = set()
        for way in {way for word in words for way in self._with.get(word, ())}:
            if abs(len(way) - len(wanted)) <= 3 and way != wanted:
                score = max(fuzz.ratio(wanted, way), fuzz.token_sort_ratio(wanted, way))
                if score >= ALIKE:
                    near.update(self._keys[way])
        return near

    def _at(
        self,
        number: int,
        paragraph: str,
        words: list[_Word],
        place: int,
        parts: dict[str, set[UUID]],
    ) -> tuple[int, list[Found]]:
        """Return how many words to go on, and the names that begin with one of them."""
        word = words[place]
        if word.run:
            return 1, list(self._in_a_run(number, paragraph, word))
        most = place + 1
        while most < len(words) and most - place < self._most_words and _goes_on(words[most]):
            most += 1
        for end in range(most, place, -1):
            for way, start, stop in _ways(words[place:end]):
                people = self._keys.get(way)
                surface = paragraph[start:stop]
                if people and (end - place > 1 or not surface[0].islower()):
                    for pk in people:
                        for part in self._parts(pk):
                            parts.setdefault(part, set()).add(pk)
                    return end - place, [Found(number, start, stop, surface, frozenset(people))]
        for end in range(min(most, place + MOST_PARTS), place, -1):
            for way, start, stop in _ways(words[place:end]):
                surface = paragraph[start:stop]
                if way in parts and len(way) >= SHORTEST_PART and not surface[0].islower():
                    meant = frozenset(parts[way])
                    return end - place, [Found(number, start, stop, surface, meant, whole=False)]
        return 1, []

    def _parts(self, person: UUID) -> Iterator[str]:
        """Yield every run of words within a person's names that is not the whole of one."""
        for way in self._of[person]:
            words = way.split(" ")
            for length in range(1, min(MOST_PARTS, len(words) - 1) + 1):
                for first in range(len(words) - length + 1):
                    yield " ".join(words[first : first + length])

    def _in_a_run(self, number: int, paragraph: str, word: _Word) -> Iterator[Found]:
        text, places = _run(paragraph, word)
        start = 0
        while start < len(text):
            for length in range(min(self._most_characters, len(text) - start), 1, -1):
                if people := self._keys.get(text[start : start + length]):
                    first, last = places[start][0], places[start + length - 1][1]
                    surface = paragraph[first:last]
                    yield Found(number, first, last, surface, frozenset(people))
                    start += length
                    break
            else:
                start += 1


def _words(text: str) -> Iterator[_Word]:
    """Yield the words of a text; a run of a script without spaces is one, whatever is between."""
    place, last_end = 0, -1
    while place < len(text):
        if not is_letter(text[place]):
            place += 1
            continue
        start, run = place, is_without_spaces(text[place])
        end = place
        while place < len(text):
            char = text[place]
            if is_letter(char):
                if is_without_spaces(char) != run and not is_mark(char):
                    break
                place += 1
                end = place
            elif (run and is_between(char) and char != "\n") or (
                char in _APOSTROPHES
                and not run
                and place + 1 < len(text)
                and is_letter(text[place + 1])
            ):
                place += 1
            else:
                break
        between = text[last_end:start] if last_end >= 0 else "."
        joined = bool(between) and all(map(is_between, between))
        word = text[start:end]
        yield _Word(start, end, word, "" if run else key(word), joined, run)
        last_end = place = end


def _ways(words: Sequence[_Word]) -> Iterator[tuple[str, int, int]]:
    """Yield what a run of words may be the name of, with its start and end in the text.

    A genitive behind the last, and a letter that Arabic and Hebrew write before the first, are
    no part of it.
    """
    first, last = words[0], words[-1]
    keys = [word.key for word in words]
    yield " ".join(keys), first.start, last.end
    shorter = _without_genitive(last.text)
    if shorter != last.text:
        yield " ".join([*keys[:-1], key(shorter)]), first.start, last.start + len(shorter)
    if first.text[0] in _PREFIXES and len(first.text) > SHORTEST_PREFIXED:
        yield " ".join([key(first.text[1:]), *keys[1:]]), first.start + 1, last.end


def _without_genitive(word: str) -> str:
    if len(word) > 2 and word[-1] in "sS" and word[-2] in _APOSTROPHES:
        return word[:-2]
    return word


def _run(paragraph: str, word: _Word) -> tuple[str, list[tuple[int, int]]]:
    """Return a run as it is compared, without what stands between, and where each letter stood."""
    text, places = "", []
    place = word.start
    while place < word.end:
        end = place + 1
        while end < word.end and is_mark(paragraph[end]):
            end += 1
        compared = key(paragraph[place:end])
        text += compared
        places += [(place, end)] * len(compared)
        place = end
    return text, places


def _goes_on(word: _Word) -> bool:
    return word.joined and not word.run


# --- Everybody whom the newsroom knows -----------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Stamp:
    """What tells that records were changed: the newest version of each table, and their number."""

    person: tuple[int | None, datetime | None, int]
    name: tuple[int | None, datetime | None, int]


_index = Index()
_stamp: _Stamp | None = None
_one_at_a_time = threading.Lock()


def everybody() -> Index:
    """Return the index of all people, current, kept by this process.

    It knows those too whom the asking user may not know of: whoever shows what it finds asks
    `Person.objects.visible_to` first.
    """
    global _index, _stamp
    with _one_at_a_time:
        now = _Stamp(_newest(Person), _newest(PersonName))
        if now != _stamp:
            changed = _changed(_stamp, now)
            if changed is None:
                _index = Index()
            for pk in changed or ():
                _index.drop(pk)
            people = (
                Person.objects.all() if changed is None else Person.objects.filter(pk__in=changed)
            )
            for pk, names in _names_of(people):
                _index.put(pk, names)
            _stamp = now
        return _index


def _newest(model: Any) -> tuple[int | None, datetime | None, int]:
    versions = model.history.aggregate(pk=Max("history_id"), at=Max("history_date"))
    return versions["pk"], versions["at"], model.objects.aggregate(n=Count("pk"))["n"]


def _changed(before: _Stamp | None, now: _Stamp) -> set[UUID] | None:
    """Return who was changed since a stamp; None where that cannot be told by the versions."""
    if before is None:
        return None
    changed: set[UUID] = set()
    for model, was, field in (
        (Person, before.person, "pk"),
        (PersonName, before.name, "person_id"),
    ):
        versions = model.history.all()
        if was[0] and not versions.filter(history_id=was[0], history_date=was[1]).exists():
            return None
        newer = versions.filter(history_id__gt=was[0] or 0)
        changed |= set(newer.values_list("uuid" if field == "pk" else field, flat=True))
    # What was made or deleted without a version is seen by the number.
    if now.person[2] - before.person[2] > len(changed):
        return None
    return changed


def _names_of(people: Any) -> Iterator[tuple[UUID, list[str]]]:
    names: dict[UUID, list[str]] = {
        pk: [display] for pk, display in people.values_list("pk", "display_name")
    }
    others = PersonName.objects.filter(matchable=True, person__in=people)
    for pk, text in others.exclude(kind=PersonName.Kind.WEAK).values_list("person_id", "text"):
        names.setdefault(pk, []).append(text)
    yield from names.items()

"""Whom a text names, of thousands of known people, and where.

A dictionary holds every way to write every name (people.matching.spelled). The words of the text
are looked up in it, the longest run first; where a script writes no spaces, pieces of a run are.
No automaton and no model: a text of a thousand words is some thousands of lookups.
"""

import re
import threading
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Count, Max
from rapidfuzz import fuzz, process

from people.matching import (
    PREFIXES,
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
MOST_SHARING = 5_000  # ways to write a name with one word in common: more, and it tells nobody
MOST_CHANGED = 1_000  # people who are read anew one by one
_APOSTROPHES = "'’ʼ‘"
# What a case puts behind an apostrophe: “Lai’s”, “Kavala’nın”.
_ENDING = re.compile(rf"[{_APOSTROPHES}]([^{_APOSTROPHES}]{{1,6}})$")
# “of”, “the”, “that” as French, Italian and Catalan write them to a name.
_ELIDED = re.compile(
    rf"(?:[cdjlmnst]|(?:jus|lors|puis|quoi)?qu|all|dall|dell|nell|sull)[{_APOSTROPHES}]", re.I
)


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
        self._with: dict[str, set[str]] = {}  # by each word of a key
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
                    self._with.setdefault(word, set()).add(way)

    def drop(self, person: UUID) -> None:
        """Know a person no longer."""
        for way in self._of.pop(person, ()):
            left = tuple(pk for pk in self._keys.get(way, ()) if pk != person)
            if left:
                self._keys[way] = left
            else:
                self._keys.pop(way, None)
                for word in way.split(" "):
                    if ways := self._with.get(word):
                        ways.discard(way)
                        if not ways:
                            del self._with[word]

    def find(
        self, paragraphs: Sequence[str], *, without: Collection[UUID] = frozenset()
    ) -> list[Found]:
        """Return every name in a text, in its order; a part alone only behind the whole name.

        Those whom it is to be `without` are as if they were not known.
        """
        found: list[Found] = []
        parts: dict[str, set[UUID]] = {}
        for number, paragraph in enumerate(paragraphs):
            words = list(_words(paragraph))
            place = 0
            while place < len(words):
                taken, name = self._at(number, paragraph, words, place, parts, without)
                found += name
                place += taken
        return found

    def alike(self, name: str) -> set[UUID]:
        """Return those whose name is written nearly so: a hint, no more.

        They share one word with it that few others have. No threshold tells two people apart.
        """
        wanted = key(name)
        near: set[UUID] = set()
        for word in set(wanted.split(" ")):
            ways = self._with.get(word, set())
            if len(ways) <= MOST_SHARING:
                for alike in (fuzz.ratio, fuzz.token_sort_ratio):
                    for way, _, _ in process.extract(
                        wanted, tuple(ways), scorer=alike, score_cutoff=ALIKE, limit=None
                    ):
                        if way != wanted and abs(len(way) - len(wanted)) <= 3:
                            near.update(self._keys.get(way, ()))
        return near

    def _at(
        self,
        number: int,
        paragraph: str,
        words: list[_Word],
        place: int,
        parts: dict[str, set[UUID]],
        without: Collection[UUID],
    ) -> tuple[int, list[Found]]:
        """Return how many words to go on, and the names that begin with one of them."""
        word = words[place]
        if word.run:
            return 1, list(self._in_a_run(number, paragraph, word, without))
        most = place + 1
        while most < len(words) and most - place < self._most_words and _goes_on(words[most]):
            most += 1
        for end in range(most, place, -1):
            for way, start, stop in _ways(words[place:end]):
                people = self._bearers(way, without)
                surface = paragraph[start:stop]
                if people and (end - place > 1 or not surface[0].islower()):
                    for pk in people:
                        for part in self._parts(pk):
                            parts.setdefault(part, set()).add(pk)
                    return end - place, [Found(number, start, stop, surface, people)]
        for end in range(min(most, place + MOST_PARTS), place, -1):
            for way, start, stop in _ways(words[place:end]):
                surface = paragraph[start:stop]
                if way in parts and len(way) >= SHORTEST_PART and not surface[0].islower():
                    meant = frozenset(parts[way])
                    return end - place, [Found(number, start, stop, surface, meant, whole=False)]
        return 1, []

    def _bearers(self, way: str, without: Collection[UUID]) -> frozenset[UUID]:
        people = self._keys.get(way)
        return frozenset(pk for pk in people if pk not in without) if people else frozenset()

    def _parts(self, person: UUID) -> Iterator[str]:
        """Yield every run of words within a person's names that is not the whole of one."""
        for way in self._of.get(person, ()):  # another thread may just read the person anew
            words = way.split(" ")
            for length in range(1, min(MOST_PARTS, len(words) - 1) + 1):
                for first in range(len(words) - length + 1):
                    yield " ".join(words[first : first + length])

    def _in_a_run(
        self, number: int, paragraph: str, word: _Word, without: Collection[UUID]
    ) -> Iterator[Found]:
        text, places = _run(paragraph, word)
        start = 0
        while start < len(text):
            for length in range(min(self._most_characters, len(text) - start), 1, -1):
                if people := self._bearers(text[start : start + length], without):
                    first, last = places[start][0], places[start + length - 1][1]
                    surface = paragraph[first:last]
                    yield Found(number, first, last, surface, people)
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

    What a case writes behind the last, and a letter of Arabic or Hebrew or an elided word before
    the first, are no part of it.
    """
    first, last = words[0], words[-1]
    keys = [word.key for word in words]
    yield " ".join(keys), first.start, last.end
    if end := _ending(last.text):
        yield " ".join([*keys[:-1], key(last.text[:end])]), first.start, last.start + end
    if start := _beginning(first.text):
        yield " ".join([key(first.text[start:]), *keys[1:]]), first.start + start, last.end


def _ending(word: str) -> int:
    """Return where an ending begins that an apostrophe parts from its name, 0 for none."""
    found = _ENDING.search(word)
    is_one = found and (found[1].islower() or found[1] == "S" or word.isupper())
    return found.start() if found and is_one else 0


def _beginning(word: str) -> int:
    """Return where the name begins in a word with “and”, “of” or “the” before it, 0 for none."""
    if word[0] in PREFIXES and len(word) > SHORTEST_PREFIXED:
        return 1
    elided = _ELIDED.match(word)
    return elided.end() if elided and elided.end() < len(word) else 0


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
    """What tells that records were changed."""

    person: "_Newest"
    name: "_Newest"


class _Newest(NamedTuple):
    """The newest version of a table, and how many versions and rows there are."""

    version: int | None
    at: datetime | None
    versions: int
    rows: int


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


def _newest(model: Any) -> _Newest:
    told = model.history.aggregate(
        version=Max("history_id"), at=Max("history_date"), versions=Count("history_id")
    )
    return _Newest(**told, rows=model.objects.aggregate(n=Count("pk"))["n"])


def _changed(before: _Stamp | None, now: _Stamp) -> set[UUID] | None:
    """Return who was changed since a stamp; None where that cannot be told by the versions."""
    if before is None:
        return None
    changed: set[UUID] = set()
    for model, was, is_now, of in (
        (Person, before.person, now.person, "uuid"),
        (PersonName, before.name, now.name, "person_id"),
    ):
        versions = model.history.all()
        if was.version and not versions.filter(history_id=was.version, history_date=was.at):
            return None
        newer = versions.filter(history_id__gt=was.version or 0)
        told = list(newer.values_list(of, "history_type")[: MOST_CHANGED + 1])
        kinds = [kind for _, kind in told]
        # A version that was stored late by a slow transaction has a lower number than the newest;
        # a row that was stored in bulk has no version.
        if (
            len(told) > MOST_CHANGED
            or len(told) != is_now.versions - was.versions
            or kinds.count("+") - kinds.count("-") != is_now.rows - was.rows
        ):
            return None
        changed |= {pk for pk, _ in told}
    return changed


def _names_of(people: Any) -> Iterator[tuple[UUID, list[str]]]:
    names: dict[UUID, list[str]] = {
        pk: [display] for pk, display in people.values_list("pk", "display_name")
    }
    others = PersonName.objects.filter(matchable=True, person__in=people)
    for pk, text in others.exclude(kind=PersonName.Kind.WEAK).values_list("person_id", "text"):
        names.setdefault(pk, []).append(text)
    yield from names.items()

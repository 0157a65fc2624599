"""All spellings of a recorded name that texts are searched for."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple
from uuid import UUID

from people.names.forms import (
    MAX_UNKNOWN,
    Form,
    Parts,
    is_full_name,
    orders_of,
    parts_of,
    shortened,
    spellings_of,
    unspaced_letters,
    unspaced_parts,
    without_articles,
)
from people.names.normalise import Word, first_letter

MIN_PART_LENGTH = 2  # letters of a part that is found without the whole name
MAX_PARTS = 3  # words of a part that is found without the whole name


class Name(NamedTuple):
    """A recorded name, and how texts are searched for it.

    `protects`: public texts are searched for it, if it is a full name. `exact`: texts are searched
    for its exact spelling, if it is not a full name. `suggests`: it is offered to editors.
    """

    text: str
    protects: bool = True
    exact: bool = False
    suggests: bool = True


@dataclass(frozen=True, slots=True)
class Match:
    """A name in a text: the person, the recorded name, its form, and its start and end."""

    person: UUID
    name: str
    form: Form
    start: int
    end: int
    surface: str
    is_protection: bool = True  # public texts are searched for it
    is_suggestion: bool = True  # it is offered to editors

    @property
    def blocks(self) -> bool:
        return self.form.blocks


@dataclass(frozen=True, slots=True)
class Entry:
    """One spelling of a recorded name.

    `turned`: the parts are in another order. `initials`: the initials between its parts. `middles`:
    the first letters of middle parts that are left out. `is_cut`: the last part is left out.
    `short`: no part has more than three letters. `full`: it is a full name. `needs_gap`: it only
    matches if something separates its characters.
    """

    person: UUID
    name: Name
    turned: bool
    initials: str
    middles: str = ""
    short: bool = False
    is_cut: bool = False
    nickname: bool = False
    full: bool = True
    needs_gap: bool = False

    def match(self, form: Form, text: str, start: int, end: int) -> Match:
        """Return a match at a position in a text."""
        return Match(
            self.person, self.name.text, form, start, end, text[start:end],
            self.full and self.name.protects, self.name.suggests,
        )  # fmt: skip


def entries_of(person: UUID, name: Name) -> Iterator[tuple[str, Entry]]:
    """Yield every spelling of a name: its joined letters, and the entry."""
    if unspaced_letters(name.text):
        parts = unspaced_parts(name.text)
        # It is not known where the given name begins. In another order, something must separate
        # the characters.
        unknown = len(parts) == 1 and len(parts[0]) <= MAX_UNKNOWN
        for order, turned in orders_of(tuple(parts[0]) if unknown else parts):
            way = "".join(order)
            if len(way) > 1:
                yield way, Entry(person, name, turned, "", needs_gap=turned and unknown)
        return
    for spelling in spellings_of(name.text):
        yield from _spaced_entries(person, name, parts_of(spelling))


def _spaced_entries(person: UUID, name: Name, whole: Parts) -> Iterator[tuple[str, Entry]]:
    entry = _whole_name(person, name, whole)
    for parts in dict.fromkeys((whole, without_articles(whole))):
        if not parts.parts:
            continue
        for order, turned in orders_of(parts.letters):
            yield "".join(order), replace(entry, turned=turned)
        # “O Brien” for “O’Brien”: in the text, the single letter looks like an initial.
        singles = "".join(w for part in parts.parts for w in part if len(w) == 1)
        if singles and len(parts.parts) > 1:
            without = ("".join(w for w in part if len(w) > 1) for part in parts.parts)
            yield "".join(without), replace(entry, initials=singles)
        for left, middles in shortened(parts.letters):
            for order, turned in orders_of(left):
                cut = replace(entry, turned=turned, middles=middles, short=False)
                yield "".join(order), cut
        if len(parts.parts) > 2:
            for order, turned in orders_of(parts.letters[:-1]):
                cut = replace(entry, turned=turned, is_cut=True, short=False)
                yield "".join(order), cut
    if whole.nickname and whole.parts:
        way = "".join(whole.nickname) + whole.letters[-1]
        yield way, replace(entry, initials="", nickname=True)


def last_names_of(person: UUID, name: Name) -> Iterator[tuple[str, Entry]]:
    """Yield the last name, with the initials of the other parts: for “J. Smith”."""
    if unspaced_letters(name.text):
        return
    for spelling in spellings_of(name.text):
        yield from _last_name(person, name, parts_of(spelling))


def _last_name(person: UUID, name: Name, whole: Parts) -> Iterator[tuple[str, Entry]]:
    entry = _whole_name(person, name, whole)
    given = entry.initials
    last = whole.parts[-1] if whole.parts else ()
    if entry.full and (len(last) == 1 or len(last[-1]) > 2):
        firsts = "".join(map(first_letter, whole.letters[:-1]))
        if whole.initials and whole.initials[0][0] == 0:
            firsts = given[0] + firsts
        elif given:
            firsts = firsts[0] + given + firsts[1:]
        yield last[-1], replace(entry, initials=firsts)


def _whole_name(person: UUID, name: Name, whole: Parts) -> Entry:
    given = "".join(letter for _, letter in whole.initials)
    short = all(len(part) <= 3 for part in whole.letters)
    return Entry(
        person, name, turned=False, initials=given, short=short, full=is_full_name(name.text)
    )


def parts_alone(parts: Parts) -> Iterator[str]:
    """Yield the joined letters of every run of words in a name, except of the whole name."""
    found = [word for part in parts.parts for word in part]
    for length in range(1, min(MAX_PARTS, len(found) - 1) + 1):
        for first in range(len(found) - length + 1):
            run = "".join(found[first : first + length])
            if len(run) >= MIN_PART_LENGTH:
                yield run


@dataclass(frozen=True, slots=True)
class Run:
    """The joined letters of neighbouring words.

    `whole`: of all words. `plain`: without nicknames and titles. `bare`: also without articles.
    `alike`: like `plain`, in the script that the words look like.
    """

    whole: str = ""
    plain: str = ""
    bare: str = ""
    alike: str = ""

    def plus(self, word: Word, *, is_aside: bool, is_article: bool) -> "Run":
        alike = word.alike or word.key
        return Run(
            self.whole + word.key,
            self.plain if is_aside else self.plain + word.key,
            self.bare if is_aside or is_article else self.bare + word.key,
            self.alike if is_aside else self.alike + alike,
        )

    def variants(self) -> tuple[str, ...]:
        if self.whole == self.bare == self.alike:
            return (self.whole,)
        return tuple(dict.fromkeys((self.whole, self.plain, self.bare, self.alike)))

"""Suggestions for the names in the text of a release.

A suggestion changes nothing: the editor marks the name and saves. Rejected suggestions are stored
with the release.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from importing.name_candidates import Passage
from importing.names import People
from people.models import Level, Person
from people.names import NameIndex, NameInText, key
from people.names.shared import people_index
from releases.document import uuid_in
from releases.models import RejectedName, Release
from storing.texts import clean_text

MAX_TEXT = 200_000  # characters; the limit of a release's text
TOO_LONG = gettext_lazy("The text is too long to search for names.")
MAX_SEARCHED = 20_000  # characters from the start that are searched for new people
MAX_CANDIDATES = 500  # runs of capitalised words that may be misspelled names
MAX_HINTS = 12
MAX_NAME_WORDS = 4  # words of a name that may be misspelled
_WORD = re.compile(r"[^\W\d_][\w’'-]*")

Rejected = set[tuple[str, UUID | None]]


@dataclass(frozen=True, slots=True)
class TextPlace:
    """The first place of a name: the paragraph, and the offset in it.

    The offset is in UTF-16 code units, as in JavaScript: a character above U+FFFF counts as two.
    """

    paragraph: int
    at: int


@dataclass(frozen=True, slots=True)
class NameOffer:
    """A name in the text, and all recorded people with this name."""

    name: str
    place: TextPlace
    times: int
    people: list[Person]


@dataclass(frozen=True, slots=True)
class NameHint:
    """A name without a record: a new person, or a misspelled name of a person in `like`."""

    name: str
    place: TextPlace
    like: list[Person]


def suggestions(
    paragraphs: Sequence[str], *, user: User, marked: set[UUID], rejected: Rejected
) -> tuple[list[NameOffer], list[NameHint]]:
    """Return the recorded people that a text names without marking them, and other likely names.

    A person whose record the user may not see is treated as a person without a record.
    """
    index = people_index()
    hidden: set[UUID] = set()
    while True:
        found = index.find(paragraphs, without=hidden)
        people = {pk for name in found for pk in name.people}
        visible = _visible_people(people, user)
        if people <= visible.keys():
            break
        hidden |= people - visible.keys()
    hints = _hints(index, paragraphs, [name for name in found if name.whole], user)
    return (
        list(_offers(paragraphs, found, visible, marked, rejected)),
        [hint for hint in hints if not _is_rejected(hint, rejected)][:MAX_HINTS],
    )


def _offers(
    paragraphs: Sequence[str],
    found: list[NameInText],
    visible: dict[UUID, Person],
    marked: set[UUID],
    rejected: Rejected,
) -> Iterator[NameOffer]:
    first: dict[frozenset[UUID], NameInText] = {}
    for name in found:
        if name.whole and not name.people & marked:
            first.setdefault(name.people, name)
    times = Counter(name.people for name in found)
    for people, name in first.items():
        offered = [visible[pk] for pk in people if (key(name.surface), pk) not in rejected]
        if offered:
            offered.sort(key=lambda person: (person.sort_name, str(person.pk)))
            place = _place(paragraphs, name.paragraph, name.start)
            yield NameOffer(name.surface, place, times[people], offered)


def _hints(
    index: NameIndex, paragraphs: Sequence[str], found: list[NameInText], user: User
) -> Iterator[NameHint]:
    used = {key(name.surface) for name in found}
    inside: dict[int, list[tuple[int, int]]] = {}
    for name in found:
        inside.setdefault(name.paragraph, []).append((name.start, name.end))
    places: dict[str, tuple[int, int]] = {}
    for number, paragraph in enumerate(paragraphs):
        for start, end in _capitalised(paragraph, inside.get(number, [])):
            places.setdefault(paragraph[start:end], (number, start))
    similar = {name: index.alike(name) for name in islice(places, MAX_CANDIDATES)}
    visible = _visible_people({pk for people in similar.values() for pk in people}, user)
    for candidate, people in similar.items():
        like = [visible[pk] for pk in people if pk in visible]
        if like and key(candidate) not in used:
            used.add(key(candidate))
            yield NameHint(candidate, _place(paragraphs, *places[candidate]), like)
    all_used = "\n".join(used)
    for new in People(list(_beginning(paragraphs, MAX_SEARCHED))).suggestions():
        where = next((n for n, text in enumerate(paragraphs) if new.name in text), None)
        if where is not None and len(new.name.split()) > 1 and key(new.name) not in all_used:
            place = _place(paragraphs, where, paragraphs[where].index(new.name))
            yield NameHint(new.name, place, [])


def _is_rejected(hint: NameHint, rejected: Rejected) -> bool:
    name = key(hint.name)
    return (name, None) in rejected or any((name, person.pk) in rejected for person in hint.like)


def rejected_in(release: Release) -> Rejected:
    """Return the rejected suggestions of a release as pairs of a name and a person.

    The person is None if an editor rejected the text as no person's name.
    """
    return set(release.rejected_names.values_list("name", "person"))


def parse_rejected(value: Any) -> Rejected:
    """Return the rejections that a form or script has sent: pairs of a name and an ID, or None."""
    pairs = [pair for pair in value if isinstance(pair, list) and len(pair) == 2]
    return {
        (compared[:200], uuid_in(person) if isinstance(person, str) else None)
        for name, person in pairs
        if isinstance(name, str) and (compared := key(clean_text(name, multiline=True)))
    }


def store_rejected(release: Release, rejected: Rejected, *, by: User) -> None:
    """Store rejected suggestions, so that they are not suggested again."""
    visible = _visible_people({pk for _name, pk in rejected if pk}, by)
    RejectedName.objects.bulk_create(
        [
            RejectedName(release=release, name=name, person_id=pk)
            for name, pk in rejected - rejected_in(release)
            if pk is None or pk in visible
        ],
        ignore_conflicts=True,
    )


def detail_of(person: Person) -> str:
    """Return a detail that distinguishes namesakes, with a note if the person may not be named.

    The detail is the present title, or else the newest case.
    """
    detail = person.title_on(timezone.localdate())
    case = None if detail else next(iter(person.cases.all()), None)
    if case:
        detail = ", ".join(
            filter(None, [case.get_custody_status_display(), case.get_country_display()])
        )
    note = ""
    if person.is_protected() and person.level >= Level.NAMEABLE:
        note = _("may not be named (consent has ended)")
    elif person.is_protected():
        note = _("may not be named (level %(level)s)") % {"level": person.level}
    return " · ".join(filter(None, [detail, note]))


def _visible_people(people: Iterable[UUID], user: User) -> dict[UUID, Person]:
    return Person.objects.visible_to(user).prefetch_related("roles", "cases").in_bulk(list(people))


def _capitalised(paragraph: str, inside: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield start and end of each run of two to four neighbouring capitalised words.

    `inside` has the start and end of each name that was already found, in order. A run never
    contains such a name.
    """
    run: list[tuple[int, int]] = []
    names = iter(inside)
    name = next(names, None)
    for match in _WORD.finditer(paragraph):
        while name and name[1] <= match.start():
            name = next(names, None)
        if not match[0][0].isupper() or (name and name[0] < match.end()):
            run = []
            continue
        if run and paragraph[run[-1][1] : match.start()] not in (" ", "\u00a0"):
            run = []
        run = [*run, match.span()][-MAX_NAME_WORDS:]
        for first, _end in run[:-1]:
            yield first, match.end()


def _beginning(paragraphs: Sequence[str], max_characters: int) -> Iterator[Passage]:
    for paragraph in paragraphs:
        yield Passage(paragraph[: max(max_characters, 0)])
        max_characters -= len(paragraph)


def _place(paragraphs: Sequence[str], number: int, start: int) -> TextPlace:
    before = paragraphs[number][:start]
    return TextPlace(number, len(before.encode("utf-16-le", "surrogatepass")) // 2)

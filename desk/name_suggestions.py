"""Names in the text of a release: who is probably meant, for the editor to confirm or reject.

Whatever is told here is an offer. Marking a name is the editor's, as is saving; what was rejected
is remembered with the release.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any
from uuid import UUID

from django.utils import timezone

from accounts.models import User
from importing.names import Passage, People
from people.models import Level, Person
from people.names import NameIndex, NameOffer, key
from people.names.shared import people_index
from releases.document import uuid_in
from releases.models import RejectedName, Release
from storing.texts import clean_text

MOST_TEXT = 200_000  # characters; no release is longer
TOO_LONG = "The text is too long to look for names in it."
MOST_SEARCHED = 20_000  # characters, from the start, in which people are looked for who are new
MOST_LOOKED_AT = 500  # runs of capitalised words that are perhaps a misspelling
MOST_HINTS = 12
MOST_NAMES = 4  # words of a name that is perhaps misspelt
_WORD = re.compile(r"[^\W\d_][\w’'-]*")

Rejected = set[tuple[str, UUID | None]]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a name first stands: the paragraph, and the place in it as a browser counts.

    That is in UTF-16: a letter beyond U+FFFF counts as two.
    """

    paragraph: int
    at: int


@dataclass(frozen=True, slots=True)
class Offer:
    """A name that stands in the text, and everybody known who bears it: namesakes are all there."""

    name: str
    place: Place
    times: int
    people: list[Person]


@dataclass(frozen=True, slots=True)
class Hint:
    """A name of nobody known: perhaps somebody new, or perhaps `like` people written otherwise."""

    name: str
    place: Place
    like: list[Person]


def suggestions(
    paragraphs: Sequence[str], *, user: User, marked: set[UUID], rejected: Rejected
) -> tuple[list[Offer], list[Hint]]:
    """Return whom a text names who is not marked in it yet, and what is perhaps a name.

    Both as far as the user may know: whom they may not know of is as if not recorded.
    """
    index = people_index()
    hidden: set[UUID] = set()
    while True:
        found = index.find(paragraphs, without=hidden)
        people = {pk for name in found for pk in name.people}
        known = _known(people, user)
        if people <= known.keys():
            break
        hidden |= people - known.keys()
    hints = _hints(index, paragraphs, [name for name in found if name.whole], user)
    return (
        list(_offers(paragraphs, found, known, marked, rejected)),
        [hint for hint in hints if not _is_rejected(hint, rejected)][:MOST_HINTS],
    )


def _offers(
    paragraphs: Sequence[str],
    found: list[NameOffer],
    known: dict[UUID, Person],
    marked: set[UUID],
    rejected: Rejected,
) -> Iterator[Offer]:
    first: dict[frozenset[UUID], NameOffer] = {}
    for name in found:
        if name.whole and not name.people & marked:
            first.setdefault(name.people, name)
    times = Counter(name.people for name in found)
    for people, name in first.items():
        left = [known[pk] for pk in people if (key(name.surface), pk) not in rejected]
        if left:
            left.sort(key=lambda person: (person.sort_name, str(person.pk)))
            place = _place(paragraphs, name.paragraph, name.start)
            yield Offer(name.surface, place, times[people], left)


def _hints(
    index: NameIndex, paragraphs: Sequence[str], found: list[NameOffer], user: User
) -> Iterator[Hint]:
    taken = {key(name.surface) for name in found}
    inside: dict[int, list[tuple[int, int]]] = {}
    for name in found:
        inside.setdefault(name.paragraph, []).append((name.start, name.end))
    places: dict[str, tuple[int, int]] = {}
    for number, paragraph in enumerate(paragraphs):
        for start, end in _capitalised(paragraph, inside.get(number, [])):
            places.setdefault(paragraph[start:end], (number, start))
    alike = {words: index.alike(words) for words in islice(places, MOST_LOOKED_AT)}
    known = _known({pk for people in alike.values() for pk in people}, user)
    for words, people in alike.items():
        like = [known[pk] for pk in people if pk in known]
        if like and key(words) not in taken:
            taken.add(key(words))
            yield Hint(words, _place(paragraphs, *places[words]), like)
    told = "\n".join(taken)
    for new in People(list(_beginning(paragraphs, MOST_SEARCHED))).suggestions():
        where = next((n for n, text in enumerate(paragraphs) if new.name in text), None)
        if where is not None and len(new.name.split()) > 1 and key(new.name) not in told:
            place = _place(paragraphs, where, paragraphs[where].index(new.name))
            yield Hint(new.name, place, [])


def _is_rejected(hint: Hint, rejected: Rejected) -> bool:
    told = key(hint.name)
    return (told, None) in rejected or any((told, person.pk) in rejected for person in hint.like)


def rejected_in(release: Release) -> Rejected:
    """Return what an editor said of names in a release: this is not that person, or nobody."""
    return set(release.rejected_names.values_list("name", "person"))


def read_rejected(told: Any) -> Rejected:
    """Return rejections as a form or a script sends them: pairs of a name and an id, or none."""
    pairs = [pair for pair in told if isinstance(pair, list) and len(pair) == 2]
    return {
        (compared[:200], uuid_in(person) if isinstance(person, str) else None)
        for name, person in pairs
        if isinstance(name, str) and (compared := key(clean_text(name, multiline=True)))
    }


def remember(release: Release, rejected: Rejected, *, by: User) -> None:
    """Keep what was rejected, so that nobody is asked again."""
    known = _known({pk for _, pk in rejected if pk}, by)
    RejectedName.objects.bulk_create(
        [
            RejectedName(release=release, name=name, person_id=pk)
            for name, pk in rejected - rejected_in(release)
            if pk is None or pk in known
        ],
        ignore_conflicts=True,
    )


def detail_of(person: Person) -> str:
    """Return what tells namesakes apart at the desk, and whether the name may stand anywhere.

    It is the title; where there is none, the newest case.
    """
    told = person.title_on(timezone.localdate())
    case = None if told else next(iter(person.cases.all()), None)
    if case:
        told = ", ".join(
            filter(None, [case.get_custody_status_display(), case.get_country_display()])
        )
    why = "consent has ended" if person.level >= Level.NAMEABLE else f"level {person.level}"
    note = f"{why}: may not be named" if person.is_protected() else ""
    return " · ".join(filter(None, [told, note]))


def _known(people: Iterable[UUID], user: User) -> dict[UUID, Person]:
    return Person.objects.visible_to(user).prefetch_related("roles", "cases").in_bulk(list(people))


def _capitalised(paragraph: str, inside: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield where two to four neighbouring words begin with a capital letter each.

    Names that were found already, with their start and end in order, part them.
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
        run = [*run, match.span()][-MOST_NAMES:]
        for first, _ in run[:-1]:
            yield first, match.end()


def _beginning(paragraphs: Sequence[str], most: int) -> Iterator[Passage]:
    for paragraph in paragraphs:
        yield Passage(paragraph[: max(most, 0)])
        most -= len(paragraph)


def _place(paragraphs: Sequence[str], number: int, start: int) -> Place:
    before = paragraphs[number][:start]
    return Place(number, len(before.encode("utf-16-le", "surrogatepass")) // 2)

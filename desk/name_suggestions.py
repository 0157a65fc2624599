"""Names in the text of a release: who is probably meant, for the editor to confirm or reject.

These are only suggestions: the editor marks the names and saves. Rejections are stored with the
release.
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

MAX_TEXT = 200_000  # characters; no release is longer
TOO_LONG = gettext_lazy("The text is too long to search for names.")
MAX_SEARCHED = 20_000  # characters, from the start, in which new people are looked for
MAX_CANDIDATES = 500  # runs of capitalised words that are perhaps a misspelling
MAX_HINTS = 12
MAX_NAME_WORDS = 4  # of a name that is perhaps misspelt
_WORD = re.compile(r"[^\W\d_][\w’'-]*")

Rejected = set[tuple[str, UUID | None]]


@dataclass(frozen=True, slots=True)
class TextPlace:
    """Where a name first stands: the paragraph, and the place in it as a browser counts.

    That is in UTF-16: a letter beyond U+FFFF counts as two.
    """

    paragraph: int
    at: int


@dataclass(frozen=True, slots=True)
class NameOffer:
    """A name that stands in the text, and everyone on record who has it: all namesakes."""

    name: str
    place: TextPlace
    times: int
    people: list[Person]


@dataclass(frozen=True, slots=True)
class NameHint:
    """A name without a record: perhaps a new person, or perhaps `like` people spelled otherwise."""

    name: str
    place: TextPlace
    like: list[Person]


def suggestions(
    paragraphs: Sequence[str], *, user: User, marked: set[UUID], rejected: Rejected
) -> tuple[list[NameOffer], list[NameHint]]:
    """Return who a text names but does not mark yet, and what is perhaps a name.

    A person whose record the user may not see is treated as one without a record.
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
    alike = {name: index.alike(name) for name in islice(places, MAX_CANDIDATES)}
    visible = _visible_people({pk for people in alike.values() for pk in people}, user)
    for candidate, people in alike.items():
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
    """Return what an editor rejected in a release: a name is not that person, or no person."""
    return set(release.rejected_names.values_list("name", "person"))


def parse_rejected(value: Any) -> Rejected:
    """Return rejections as a form or a script sends them: pairs of a name and an ID, or none."""
    pairs = [pair for pair in value if isinstance(pair, list) and len(pair) == 2]
    return {
        (compared[:200], uuid_in(person) if isinstance(person, str) else None)
        for name, person in pairs
        if isinstance(name, str) and (compared := key(clean_text(name, multiline=True)))
    }


def store_rejected(release: Release, rejected: Rejected, *, by: User) -> None:
    """Store what was rejected, so that nobody is asked again."""
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
    """Return what distinguishes namesakes at the desk, and whether the person may be named.

    It is the title; without one, the newest case.
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
    """Yield where two to four neighbouring words begin with a capital letter each.

    Names that were found already, with their start and end in order, separate them.
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

"""Names in the text of a release: who is probably meant, for the editor to confirm or reject.

Whatever is told here is an offer. Marking a name is the editor's, as is saving; what was rejected
is remembered with the release.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils import timezone

from accounts.models import User
from people.finding import Found, everybody
from people.matching import key
from people.models import Person
from releases.body import uuid_in
from releases.importing.names import Passage, People
from releases.models import RejectedName, Release

MOST_TEXT = 200_000  # characters; no release is longer
AROUND = 60  # characters of a sentence before and behind a name
MOST_HINTS = 12
MOST_NAMES = 4  # words of a name that is perhaps misspelt
_WORD = re.compile(r"[^\W\d_][\w’'-]*")

Rejected = set[tuple[str, UUID | None]]


@dataclass(frozen=True, slots=True)
class Offer:
    """A name that stands in the text, and everybody known who bears it: namesakes are all there."""

    name: str
    context: str
    times: int
    people: list[Person]


@dataclass(frozen=True, slots=True)
class Hint:
    """A name of nobody known: perhaps somebody new, or perhaps `like` people written otherwise."""

    name: str
    context: str
    like: list[Person]


def offers(
    paragraphs: Sequence[str], *, user: User, marked: set[UUID], rejected: Rejected
) -> list[Offer]:
    """Return whom a text names and who is not marked in it yet, as far as the user may know."""
    found = everybody().find(paragraphs)
    known = _known({pk for name in found for pk in name.people}, user)
    first: dict[frozenset[UUID], Found] = {}
    times: dict[frozenset[UUID], int] = {}
    for name in found:
        people = frozenset(pk for pk in name.people if pk in known)
        if not people or people & marked:
            continue
        if name.whole:
            first.setdefault(people, name)
        times[people] = times.get(people, 0) + 1
    offered = []
    for people, name in first.items():
        left = [known[pk] for pk in people if (key(name.surface), pk) not in rejected]
        if left:
            context = _context(paragraphs[name.paragraph], name.start, name.end)
            left.sort(key=lambda person: (person.sort_name, str(person.pk)))
            offered.append(Offer(name.surface, context, times[people], left))
    return offered


def hints(paragraphs: Sequence[str], *, user: User, rejected: Rejected) -> list[Hint]:
    """Return names that are perhaps somebody new, or somebody known written differently."""
    index = everybody()
    found = [name for name in index.find(paragraphs) if name.whole]
    taken = {key(name.surface) for name in found}
    hinted: dict[str, Hint] = {}
    for number, paragraph in enumerate(paragraphs):
        inside = [(name.start, name.end) for name in found if name.paragraph == number]
        for start, end in _capitalised(paragraph):
            name = paragraph[start:end]
            if any(start < last and first < end for first, last in inside):
                continue
            like = _known(index.alike(name), user)
            if like and key(name) not in hinted and key(name) not in taken:
                context = _context(paragraph, start, end)
                hinted[key(name)] = Hint(name, context, list(like.values()))
    for person in People([Passage(paragraph) for paragraph in paragraphs]).suggestions():
        name = person.name
        if len(name.split()) > 1 and not any(key(name) in told for told in {*taken, *hinted}):
            hinted[key(name)] = Hint(name, person.context, [])
    return [
        hint
        for told, hint in hinted.items()
        if not {(told, person.pk) for person in hint.like} & rejected
        and (told, None) not in rejected
    ][:MOST_HINTS]


def rejected_in(release: Release) -> Rejected:
    """Return what an editor said of names in a release: this is not that person, or nobody."""
    return set(release.rejected_names.values_list("name", "person"))


def read_rejected(told: Any) -> Rejected:
    """Return rejections as a form or a script sends them: pairs of a name and an id, or none."""
    pairs = [pair for pair in told if isinstance(pair, list) and len(pair) == 2]
    return {
        (key(name)[:200], uuid_in(person) if isinstance(person, str) else None)
        for name, person in pairs
        if isinstance(name, str) and key(name)
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
    """Return what tells namesakes apart at the desk, and whether the name may stand anywhere."""
    title = person.title_on(timezone.localdate())
    note = f"level {person.level}: may not be named" if person.is_protected() else ""
    return " · ".join(filter(None, [title, note]))


def _known(people: Iterable[UUID], user: User) -> dict[UUID, Person]:
    return Person.objects.visible_to(user).prefetch_related("roles").in_bulk(list(people))


def _capitalised(paragraph: str) -> Iterator[tuple[int, int]]:
    """Yield where two to four neighbouring words begin with a capital letter each."""
    run: list[tuple[int, int]] = []
    for match in _WORD.finditer(paragraph):
        if not match[0][0].isupper():
            run = []
            continue
        if run and paragraph[run[-1][1] : match.start()] not in (" ", "\u00a0"):
            run = []
        run = [*run, match.span()][-MOST_NAMES:]
        for first, _ in run[:-1]:
            yield first, match.end()


def _context(paragraph: str, start: int, end: int) -> str:
    before, behind = paragraph[:start], paragraph[end:]
    if len(before) > AROUND:
        before = "…" + before[-AROUND:].partition(" ")[2]
    if len(behind) > AROUND:
        behind = behind[:AROUND].rpartition(" ")[0] + "…"
    return f"{before}{paragraph[start:end]}{behind}".strip()

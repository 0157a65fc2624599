"""Suggests titles, people and topics while a reader types. Only what is public now."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F, OuterRef
from django.db.models.expressions import Exists

from people.models import Person
from releases.models import Release, SearchEntry, Topic
from releases.search.entries import Kind
from releases.search.matching import TITLE, Matches, Sought
from releases.search.query import parse
from releases.search.viewers import Viewer

MAX_PEOPLE, MAX_TOPICS = 3, 2
NEWEST = 500  # releases among which titles are looked for first


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A row that is public now: "release", "person" or "topic", and its text and slug."""

    kind: str
    text: str
    slug: str


def suggestions(typed: str, at: datetime, limit: int = 8) -> list[Suggestion]:
    """Return people, topics and titles that have the typed words, of which the last may go on.

    Other forms of the words are left out: they could be words of hidden texts.
    """
    query = parse(typed, prefix=True)
    wanted = tuple(unit for unit in query.read if not unit.excluded)
    if not wanted:
        return []
    sought, viewer = Sought(wanted), Viewer(at)
    entries = SearchEntry.objects.filter(Matches(sought, TITLE))
    people = (
        Person.objects.filter(pk__in=entries.filter(kind=Kind.PERSON).values("person"))
        & viewer.people()
    )
    used = viewer.releases().filter(topics=OuterRef("pk"))
    topics = Topic.objects.filter(
        Exists(used), pk__in=entries.filter(kind=Kind.TOPIC).values("topic")
    )
    found = [
        *_texts("person", people, "display_name", MAX_PEOPLE),
        *_texts("topic", topics, "name", MAX_TOPICS),
    ]
    return found + _titles(entries, viewer, limit - len(found))


def _texts(kind: str, rows: Any, field: str, most: int) -> list[Suggestion]:
    return [Suggestion(kind, *row) for row in rows.values_list(field, "slug")[:most]]


def _titles(entries: Any, viewer: Viewer, most: int) -> list[Suggestion]:
    """Return the newest titles. Those of the newest releases come first, because that is quick."""
    public = viewer.releases().order_by(F("publish_at").desc(), "pk")
    titled = entries.filter(kind=Kind.RELEASE)
    newest = list(public.values_list("pk", flat=True)[:NEWEST])
    found: list[Suggestion] = []
    for some in (Release.objects.filter(pk__in=newest), public):
        rows = public.filter(
            pk__in=titled.filter(release__in=some.order_by().values("pk")).values("release")
        )
        found = [Suggestion("release", *row) for row in rows.values_list("title", "slug")[:most]]
        if len(found) >= most or len(newest) < NEWEST:
            break
    return found

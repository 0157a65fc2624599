"""The index of the names of all recorded people, one for each process."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import BigIntegerField, Count, ExpressionWrapper, Max, Subquery

from people.models import Person, PersonName
from people.names.entries import Name
from people.names.index import NameIndex

MAX_CHANGED = 1_000  # if more versions are new, the whole index is built again
# The last versions, which are checked for one that was committed late. Saves of people run one
# after the other (`lock_names_for_change`), so a late version is at most a few numbers behind.
RECENT = 1_000


@dataclass(frozen=True, slots=True)
class _Stamp:
    """Values that differ if records were changed."""

    person: "_Newest"
    name: "_Newest"


class _Newest(NamedTuple):
    """A model's newest version, its versions among the last RECENT numbers, its rows."""

    version: int | None
    at: datetime | None
    recent: int
    rows: int


# The models of the versions. `Person.history` creates a class each time, which is slow.
_VERSIONS: dict[Any, Any] = {
    Person: Person.history.model,
    PersonName: PersonName.history.model,
}

_index = NameIndex()
_stamp: _Stamp | None = None
_one_at_a_time = threading.Lock()


def people_index() -> NameIndex:
    """Return this process's index of all people, brought up to date.

    It includes people that a user may not know of: check with `Person.objects.visible_to` before
    showing results.
    """
    global _index, _stamp
    with _one_at_a_time:
        now = _Stamp(_newest(Person), _newest(PersonName))
        if now != _stamp:
            changed = _changed(_stamp, now)
            if changed is None:
                _index = NameIndex()
            people = (
                Person.objects.all() if changed is None else Person.objects.filter(pk__in=changed)
            )
            names_now = list(_names_of(people))
            # The lock prevents other threads from using the index while a person is missing.
            with _index.lock:
                for pk in changed or ():
                    _index.remove(pk)
                for pk, names in names_now:
                    _index.add(pk, names)
            _stamp = now
        return _index


def _newest(model: Any) -> _Newest:
    versions = _VERSIONS[model].objects
    newest = Subquery(versions.order_by("-history_id").values("history_id")[:1])
    last = ExpressionWrapper(newest - RECENT, BigIntegerField())
    # This runs at each pause in typing, so it must use the index and not count all versions.
    found = versions.filter(history_id__gt=last).aggregate(
        version=Max("history_id"), at=Max("history_date"), recent=Count("history_id")
    )
    return _Newest(**found, rows=model.objects.aggregate(n=Count("pk"))["n"])


def _changed(before: _Stamp | None, now: _Stamp) -> set[UUID] | None:
    """Return the people who were changed since a stamp, or None if the versions do not show it."""
    if before is None:
        return None
    changed: set[UUID] = set()
    for model, was, is_now, of in (
        (Person, before.person, now.person, "uuid"),
        (PersonName, before.name, now.name, "person_id"),
    ):
        versions = _VERSIONS[model].objects.all()
        if was.version and not versions.filter(history_id=was.version, history_date=was.at):
            return None
        recent = versions.filter(
            history_id__gt=(was.version or 0) - RECENT, history_id__lte=was.version or 0
        )
        if recent.count() != was.recent:
            return None  # a slow transaction took its number early and committed late
        newer = versions.filter(history_id__gt=was.version or 0)
        rows = list(newer.values_list(of, "history_type")[: MAX_CHANGED + 1])
        kinds = [kind for _, kind in rows]
        # Rows that were saved in bulk have no versions.
        if len(rows) > MAX_CHANGED or kinds.count("+") - kinds.count("-") != is_now.rows - was.rows:
            return None
        changed |= {pk for pk, _ in rows}
    return changed


def _names_of(people: Any) -> Iterator[tuple[UUID, list[Name]]]:
    names: dict[UUID, list[Name]] = {}
    shown = people.values_list("pk", "display_name", "name_matchable", "name_match_exactly")
    for pk, text, matchable, exact in shown:
        names[pk] = [Name(text, protects=matchable, exact=exact)]
    others = PersonName.objects.filter(person__in=people)
    rows = others.values_list("person_id", "text", "matchable", "match_exactly", "kind")
    for pk, text, matchable, exact, kind in rows:
        weak = kind == PersonName.Kind.WEAK
        protects, suggests = matchable and not weak, (matchable or exact) and not weak
        names.setdefault(pk, []).append(Name(text, protects, exact, suggests))
    yield from names.items()

"""Finds releases, quotations and people. Whether a hit is visible is decided when it is asked."""

import json
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.models import BooleanField, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce

from people.names.normalise import key
from releases.models import ReleaseQuerySet, SearchEntry
from releases.search.entries import ATTRIBUTIONS, FILES, PEOPLE, TOPICS, Kind, reference, since
from releases.search.matching import (
    EVERYTHING,
    RANK,
    TITLE,
    Matches,
    Sought,
    place_of_match,
)  # fmt: skip
from releases.search.query import Form, Query, Unit
from releases.search.viewers import Viewer

MAX_HITS = 1_000  # that are ranked and counted: the newest
MAX_FEW = 2_000  # entries that match, up to which all are read
NEWEST = 4_000  # releases that are read first for frequent words
MAX_AGE = timedelta(days=100 * 365)  # of releases that are read before all others
MAX_TIMES = 25  # as many releases are read next, at most
SAMPLE = 200  # hits in which the words of a correction are counted
MAX_ROWS = 500  # people, attributions and topics that a word may stand for; files of a query


class Hit(NamedTuple):
    """A row that was found: its key, the place of the match (0 is the best), and its day.

    `position` is that of a quotation, whose `pk` is its release. `kind`, `language` and `countries`
    are those of the release.
    """

    pk: Any
    place: int
    day: datetime | None = None
    position: int = 0
    kind: str = ""
    language: str = ""
    countries: str = ""


@dataclass(frozen=True, slots=True)
class Hits:
    """What a search found, the best first. If there are more than MAX_HITS, only the newest."""

    rows: tuple[Hit, ...] = ()
    capped: bool = False

    @property
    def total(self) -> int:
        """The number of hits, or MAX_HITS + 1 if there are more than MAX_HITS."""
        return len(self.rows) + self.capped

    @property
    def pks(self) -> list[Any]:
        """The keys of the rows, the best first."""
        return [hit.pk for hit in self.rows]

    def order_by_day(self) -> "Hits":
        """Return the same hits, the newest first."""
        return Hits(tuple(sorted(self.rows, key=_by_day)), self.capped)


def releases(query: Query, at: datetime, within: ReleaseQuerySet | None = None) -> Hits:
    """Return the public releases that a query finds at a time.

    `within`: public releases at that time, for example of one country.
    """
    return _releases(query, Viewer(at), within)


def quotations(query: Query, at: datetime, within: ReleaseQuerySet | None = None) -> Hits:
    """Return the quotations in public releases that a query finds at a time."""
    return _quotations(query, Viewer(at), within)


def people(query: Query, at: datetime) -> Hits:
    """Return the people with a public page that a query finds at a time, by name."""
    return _people(query, Viewer(at))


def count_public(wanted: tuple[Unit, ...], excluded: tuple[Unit, ...], at: datetime) -> int:
    """Return how many public releases and people contain all that is wanted, at most MAX_HITS."""
    viewer = Viewer(at)
    entries = _visible_entries(Kind.RELEASE, _sought(wanted, excluded, viewer), viewer.releases())
    people = _people_entries(Sought(wanted, excluded), viewer)
    return entries[:MAX_HITS].count() + people[:MAX_HITS].count()


def count_each(
    words: tuple[Unit, ...], wanted: tuple[Unit, ...], excluded: tuple[Unit, ...], at: datetime
) -> list[int]:
    """Return how many public releases and people have each of some words and all that is wanted.

    At most SAMPLE of each are counted. All words are counted together, so that words of hidden
    texts neither change the number of statements nor take a place from others.
    """
    viewer = Viewer(at)
    each = _sought(words, (), viewer, files=False).wanted
    others = _sought(wanted, excluded, viewer, files=False) if wanted + excluded else Sought(())
    sought = Sought((_any_of(each), *others.wanted), others.excluded)
    hits = _ranked(Kind.RELEASE, sought, viewer, None)
    entries = SearchEntry.objects.filter(kind=Kind.RELEASE, release__in=hits.pks[:SAMPLE])
    people = _people_entries(Sought((_any_of(words), *wanted), excluded), viewer)
    return [sum(two) for two in zip(_counted(each, entries), _counted(words, people), strict=True)]


def _any_of(units: tuple[Unit, ...]) -> Unit:
    return Unit(tuple(dict.fromkeys(form for unit in units for form in unit.forms)))


def _counted(units: tuple[Unit, ...], entries: QuerySet[SearchEntry]) -> list[int]:
    """Return how many entries match each unit. At most SAMPLE entries are read."""
    matches = {
        f"unit_{number}": ExpressionWrapper(Q(Matches(Sought((unit,)))), BooleanField())
        for number, unit in enumerate(units)
    }
    rows = list(entries.annotate(**matches).order_by("key").values_list(*matches)[:SAMPLE])
    return [sum(column) for column in zip(*rows, strict=True)] if rows else [0] * len(units)


def at_desk(query: Query, user: Any, at: datetime, kinds: Collection[str] = ()) -> dict[str, Hits]:
    """Return what a query finds of everything that a user may see, by kind of row.

    The kinds are those of DESK; without `kinds`, all. The caller checks the permissions for them.
    """
    return {kind: DESK[kind](query, Viewer(at, user)) for kind in kinds or DESK}


def keys_at_desk(
    query: Query, user: Any, at: datetime, kind: str, *, by_title: bool = False
) -> QuerySet[Any]:
    """Return the keys of all rows of a kind that a query finds for a user, as a subquery.

    Lists use it, because they have filters and an order of their own. The kinds are those of DESK,
    without quotations. `by_title`: the words have to be in the title, or in names that it covers.
    """
    viewer = Viewer(at, user)
    column, entry_kind, visible = _lists(viewer)[kind]
    if not query.wanted:
        return SearchEntry.objects.none().values(column)
    sought = Sought(query.wanted, query.excluded)
    if kind == "releases":
        sought = _sought(query.wanted, query.excluded, viewer)
    entries = SearchEntry.objects.filter(
        Matches(sought, TITLE if by_title else EVERYTHING), kind=entry_kind,
        **{f"{column}__in": visible.order_by().values("pk")},
    )  # fmt: skip
    return entries.order_by().values(column)


def _lists(viewer: Viewer) -> dict[str, tuple[str, SearchEntry.Kind, QuerySet[Any]]]:
    """Return the column of an entry, its kind, and the visible rows for each kind of a list."""
    return {
        "releases": ("release", Kind.RELEASE, viewer.releases()),
        "people": ("person", viewer.kind_of_people, viewer.people()),
        "cases": ("case", Kind.CASE, viewer.cases()),
        "files": ("asset", Kind.FILE, viewer.files()),
    }


def _releases(query: Query, viewer: Viewer, within: ReleaseQuerySet | None = None) -> Hits:
    if not query.wanted:
        return Hits()
    sought = _sought(query.wanted, query.excluded, viewer)
    return _ranked(Kind.RELEASE, sought, viewer, within)


def _quotations(query: Query, viewer: Viewer, within: ReleaseQuerySet | None = None) -> Hits:
    if not query.wanted:
        return Hits()
    sought = _sought(query.wanted, query.excluded, viewer, files=False)
    return _ranked(Kind.QUOTATION, sought, viewer, within)


def _ranked(
    kind: SearchEntry.Kind, sought: Sought, viewer: Viewer, within: ReleaseQuerySet | None
) -> Hits:
    """Return the hits among releases or quotations."""
    visible = viewer.releases() if within is None else within
    matching = SearchEntry.objects.filter(Matches(sought), kind=kind).order_by()
    with _planned_for_memory():
        found = _read_few(matching, sought, viewer, visible)
        if found is None:
            found = _newest(visible.filter(search_entries__kind=kind), sought, viewer, visible)
    return Hits(tuple(sorted(found[:MAX_HITS], key=_by_rank)), len(found) > MAX_HITS)


@contextmanager
def _planned_for_memory() -> Iterator[None]:
    """Let PostgreSQL plan for tables that are in memory.

    By default it expects slow disks, and would rather read all releases than look up a thousand.
    """
    if connection.vendor != "postgresql":
        yield  # without a transaction: on SQLite it would wait for those that write
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL random_page_cost = 1.1")
        yield


def _read_few(
    matching: QuerySet[SearchEntry], sought: Sought, viewer: Viewer, visible: ReleaseQuerySet
) -> list[Hit] | None:
    """Return all hits, the newest first, or None if more than MAX_FEW entries match.

    Rows of hidden releases are read as well, without a place. So one statement also tells whether
    these are all, and it is the same for a word that is only in hidden texts.
    """
    if not _are_few(matching):
        return None
    is_visible = Exists(visible.filter(pk=OuterRef("release")))
    rows = list(
        SearchEntry.objects.filter(pk__in=matching.values("pk")[: MAX_FEW + 1])
        .order_by()
        .annotate(match=place_of_match(sought, only_if=is_visible))
        .values_list(
            "release", "match", _day(viewer, "release__"), "position",
            "release__kind", "release__language", "release__countries",
        )
    )  # fmt: skip
    if len(rows) > MAX_FEW:
        return None
    return sorted((_hit(row) for row in rows if row[1] is not None), key=_by_day)


def _are_few(matching: QuerySet[SearchEntry]) -> bool:
    """Return whether at most MAX_FEW entries match. PostgreSQL only estimates it.

    With a LIMIT and a frequent word it would read the whole table, and unpack every vector.
    """
    if connection.vendor == "postgresql":
        (plan,) = json.loads(matching.explain(format="json"))
        return plan["Plan"]["Plan Rows"] <= MAX_FEW
    return matching[: MAX_FEW + 1].count() <= MAX_FEW


def _newest(
    rows: ReleaseQuerySet, sought: Sought, viewer: Viewer, visible: ReleaseQuerySet
) -> list[Hit]:
    """Return the newest hits, at most MAX_HITS + 1.

    The index first intersects the words with the months of the newest releases. If these have too
    few hits, it reads as many months as are probably enough, and then all.
    """
    latest = visible.order_by(F("publish_at").desc()).values_list("publish_at", flat=True)
    start = latest[NEWEST : NEWEST + 1].first() if viewer.user is None else None
    if start is not None:
        age = viewer.at - start
        found = _read_since(start, rows, sought, viewer)
        if len(found) > MAX_HITS:
            return found
        times = 2 * MAX_HITS / max(len(found), 1)
        if len(found) * MAX_TIMES > MAX_HITS and age * times < MAX_AGE:
            found = _read_since(viewer.at - age * times, rows, sought, viewer)
            if len(found) > MAX_HITS:
                return found
    return _read(rows, sought, viewer)


def _read_since(
    start: datetime, rows: ReleaseQuerySet, sought: Sought, viewer: Viewer
) -> list[Hit]:
    """Return the hits from the month of `start` on."""
    start = start.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    months = tuple(Form((each,)) for each in since(start, viewer.at))
    # With the time, PostgreSQL does not read all releases to join them.
    recent = rows.dated_from(start)
    return _read(recent, replace(sought, since=months), viewer)


def _read(rows: ReleaseQuerySet, sought: Sought, viewer: Viewer) -> list[Hit]:
    """Return the newest MAX_HITS + 1 of releases that are joined with their entries."""
    day = _day(viewer)
    newest = (
        rows.annotate(
            is_match=Matches(sought, entry="search_entries__"),
            match=place_of_match(sought, "search_entries__"),
            position=F("search_entries__position"),
        )
        .filter(is_match=True)
        .order_by(day.desc(), "pk", "position")
        .values_list("pk", "match", day, "position", "kind", "language", "countries")
    )
    return [_hit(row) for row in newest[: MAX_HITS + 1]]


def _day(viewer: Viewer, release: str = "") -> F | Coalesce:
    published = F(f"{release}publish_at")
    if viewer.user is None:
        return published
    return Coalesce(published, f"{release}updated_at")


def _hit(row: tuple[Any, ...]) -> Hit:
    pk, place, day, position, kind, language, countries = row
    return Hit(pk, place, day, position or 0, kind, language, str(countries or ""))


def _visible_entries(
    kind: SearchEntry.Kind, sought: Sought, releases: ReleaseQuerySet
) -> QuerySet[SearchEntry]:
    entries = SearchEntry.objects.filter(Matches(sought), kind=kind)
    return entries.filter(release__in=releases.order_by().values("pk"))


def _people_entries(sought: Sought, viewer: Viewer) -> QuerySet[SearchEntry]:
    entries = SearchEntry.objects.filter(Matches(sought), kind=viewer.kind_of_people)
    return entries.filter(person__in=viewer.people().order_by().values("pk"))


def _people(query: Query, viewer: Viewer) -> Hits:
    if not query.wanted:
        return Hits()
    sought = Sought(query.wanted, query.excluded)
    rows = (
        _people_entries(sought, viewer)
        .annotate(place=place_of_match(sought))
        .order_by("person")
        .values_list("person", "place", "person__sort_name")[: MAX_HITS + 1]
    )
    found = sorted((place, key(name), pk) for pk, place, name in rows[: MAX_HITS + 1])
    kept = tuple(Hit(pk, place) for place, _name, pk in found[:MAX_HITS])
    return Hits(kept, len(found) > MAX_HITS)


def _files(query: Query, viewer: Viewer) -> Hits:
    if not query.wanted:
        return Hits()
    sought = Sought(query.wanted, query.excluded)
    entries = SearchEntry.objects.filter(Matches(sought), kind=Kind.FILE)
    rows = (
        entries.filter(asset__in=viewer.files().order_by().values("pk"))
        .order_by("-asset__uploaded_at", "asset")
        .values_list("asset", "asset__uploaded_at")[: MAX_HITS + 1]
    )
    found = tuple(Hit(pk, RANK[EVERYTHING], day) for pk, day in rows)
    return Hits(found[:MAX_HITS], len(found) > MAX_HITS)


def _cases(query: Query, viewer: Viewer) -> Hits:
    if not query.wanted:
        return Hits()
    sought = Sought(query.wanted, query.excluded)
    known = viewer.cases().values("pk")
    rows = (
        SearchEntry.objects.filter(Matches(sought), kind=Kind.CASE, case__in=known)
        .order_by("-case__as_of", "case")
        .values_list("case", flat=True)[: MAX_HITS + 1]
    )
    found = tuple(Hit(pk, RANK[EVERYTHING]) for pk in rows)
    return Hits(found[:MAX_HITS], len(found) > MAX_HITS)


DESK: dict[str, Callable[[Query, Viewer], Hits]] = {
    "releases": _releases, "quotations": _quotations, "people": _people, "cases": _cases,
    "files": _files,
}  # fmt: skip


def _by_day(hit: Hit) -> tuple[Any, ...]:
    return (-hit.day.timestamp() if hit.day else 0, hit.pk, hit.position)


def _by_rank(hit: Hit) -> tuple[Any, ...]:
    return (hit.place, *_by_day(hit))


# --- References: the rows that a word stands for, if they are visible now ------------------------


def _sought(
    wanted: tuple[Unit, ...], excluded: tuple[Unit, ...], viewer: Viewer, *, files: bool = True
) -> Sought:
    """Return what entries of releases have to contain: words, or references to visible rows.

    With `files`, a reference to a file whose texts contain all that is wanted is enough.
    """
    units = (*wanted, *excluded)
    conditions = [_is_named_by(unit, viewer) for unit in units]
    if files:
        conditions.append(Q(Matches(Sought(wanted)), kind=Kind.FILE))
    found = _references(conditions, Sought((_any_of(units),)), viewer, files=files)
    named = tuple(
        replace(unit, forms=unit.forms + more) for unit, more in zip(units, found, strict=False)
    )
    return Sought(named[: len(wanted)], named[len(wanted) :], found[-1] if files else ())


def _is_named_by(unit: Unit, viewer: Viewer) -> Q:
    """Return the condition for the people, attributions and topics that a unit names.

    Of a person only the names count. The title counts where it is printed: in the attribution.
    """
    sought = Sought((unit,))
    of_person = Q(Matches(sought, TITLE), kind=viewer.kind_of_people)
    return of_person | Q(Matches(sought), kind__in=(Kind.ATTRIBUTION, Kind.TOPIC))


def _references(
    conditions: list[Q], any_word: Sought, viewer: Viewer, *, files: bool
) -> list[tuple[Form, ...]]:
    """Return the references to the visible rows that meet each condition, at most MAX_ROWS.

    One statement is enough, unless there are more: then each condition has its own, so that a
    frequent name does not use up the rows of the other words. Without `files`, the costly question
    which of them are visible is left out.
    """
    kinds = {
        viewer.kind_of_people: PEOPLE, Kind.ATTRIBUTION: ATTRIBUTIONS, Kind.TOPIC: TOPICS,
        Kind.FILE: FILES,
    }  # fmt: skip
    person = OuterRef("person")
    is_visible: Any = (
        Q(kind=viewer.kind_of_people) & Exists(viewer.people().filter(pk=person))
        | Q(kind=Kind.ATTRIBUTION) & Exists(viewer.speakers().filter(pk=person))
        | Q(kind=Kind.TOPIC)
    )
    if files:
        is_visible |= Q(Exists(viewer.files().filter(pk=OuterRef("asset"))), kind=Kind.FILE)
    visible = SearchEntry.objects.filter(Matches(any_word), is_visible, kind__in=kinds)
    visible = visible.order_by("kind", "key")
    meets = {
        f"meets_{number}": ExpressionWrapper(condition, BooleanField())
        for number, condition in enumerate(conditions)
    }
    rows = list(visible.annotate(**meets).values_list("kind", "key", *meets)[: MAX_ROWS + 1])
    if len(rows) > MAX_ROWS:
        each = [visible.filter(condition).values_list("kind", "key") for condition in conditions]
        met = [list(some[:MAX_ROWS]) for some in each]
    else:
        met = [[row[:2] for row in rows if row[number]] for number in range(2, 2 + len(meets))]
    return [tuple(Form((reference(kinds[Kind(kind)], key),)) for kind, key in some) for some in met]

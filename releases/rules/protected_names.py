"""Find and block protected names in public texts, and find out until when names may be printed.

A name is protected on a day if its person may not be named on that day. The texts come from
`releases.rules.public_texts`, the comparison from `people.names`. The desk shows a find to a user
through `releases.rules.name_finds`, which limits and records what it shows.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Model, Q, QuerySet
from django.dispatch import Signal
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.errors import ActionBlocked
from people.depicted import start_of_day
from people.models import Person, PersonName
from people.names import Match, Name, NameIndex, letters, pieces
from people.names.shared import people_index
from releases.document import Document
from releases.models import NameException, Release
from releases.rules.desk_visibility import is_row_visible_to
from releases.rules.public_texts import (
    TABLES,
    PublicText,
    is_printed,
    model_of,
    person_of,
    pictures_of,
    printed_by,
    printed_with,
    row_of,
    table_of,
    texts_of,
)
from releases.rules.text_index import rows_that_may_contain

MAX_COUNTED = 500  # rows that are read to count the texts with a name
MAX_SENTENCE = 200  # characters of a sentence that are shown
_SENTENCE_ENDS = re.compile(r"(?<=[.!?。！？؟।།])\s+|\n+")


@dataclass(frozen=True, slots=True)
class Find:
    """A protected name in a text: the person, the row, the place, and the spelling there.

    `str()` says only that there is a protected name. `releases.rules.name_finds` shows more.
    """

    person: UUID
    table: str
    row: str
    place: str
    surface: str
    recorded: str
    sentence: str
    field: str = ""
    kind: str = "name"  # "name", "mark" in the text, or "quotation" of the person
    blocks: bool = True

    def __str__(self) -> str:
        return _("This text contains a protected name.")


Reason = str | Find

# Sent in the transaction in which a name starts or stops blocking a release that is not public
# yet. Arguments: `release`, `at`.
name_status_changed = Signal()


# --- Finding -------------------------------------------------------------------------------------


def finds_in_release(release: Release, at: datetime | None = None) -> list[Find]:
    """Return every protected name that a release prints, for publication at `at` (default: now).

    The release is checked as it is in memory. Names with an exception are left out.
    """
    document = release.document
    rows = printed_with(release, document)
    return [*_marked(release, document, at), *finds_in(rows, at), *_titles(release, document, at)]


def finds_in(rows: Iterable[Model], at: datetime | None = None) -> list[Find]:
    """Return the names in the public texts of some rows that are protected at `at` (default: now).

    Names with an exception are left out.
    """
    if not (matched := list(_matched(rows))):
        return []
    day = timezone.localdate(at) if at else None
    people = Person.objects.protected(day).filter(pk__in={find.person for find in matched})
    protected = set(people.values_list("pk", flat=True))
    return [find for find in matched if find.person in protected]


def finds_in_text(text: str, place: str, at: datetime | None = None) -> list[Find]:
    """Return every name in an unsaved text that is protected at `at` (default: now)."""
    day = timezone.localdate(at) if at else None
    found = [
        Find(
            match.person, "", "", place, match.surface, match.name,
            _sentence(text, match.start, match.end), blocks=match.blocks,
        )
        for match in _once_each(people_index().matches(text) if text.strip() else ())
    ]  # fmt: skip
    people = Person.objects.protected(day).filter(pk__in={find.person for find in found})
    protected = set(people.values_list("pk", flat=True))
    return [find for find in found if find.person in protected]


def new_finds(row: Model, at: datetime | None = None) -> list[Find]:
    """Return the protected names in a row in memory that its stored texts do not contain.

    The list is empty if nothing public prints the row: a draft may contain any name.
    """
    if row._state.adding and isinstance(row, Person):
        return []  # two people approve the person's own name: see check_page
    stored = None if row._state.adding else type(row)._default_manager.filter(pk=row.pk).first()
    if stored is not None and not _texts_differ(row, stored):
        return []
    if not is_printed(stored or row, at):
        return []
    found = [find for find in finds_in([row], at) if find.blocks]
    if isinstance(row, Release):
        found += _marked(row, row.document, at)
    if not found:
        return []
    # Compare by field, because the place contains the row's current name. Compare releases by
    # place, because one field of a release has several places.
    where = "place" if isinstance(row, Release) else "field"
    before = finds_in([stored], at) if stored else []
    if isinstance(stored, Release):
        before += _marked(stored, stored.document, at)
    known = {(getattr(find, where), find.person) for find in before}
    return [find for find in found if (getattr(find, where), find.person) not in known]


def _texts_differ(row: Model, stored: Model) -> bool:
    return any(
        getattr(row, field) != getattr(stored, field)
        for text in TABLES[table_of(row)]
        for field in filter(None, (text.field, text.when))
    )


def _matched(rows: Iterable[Model]) -> Iterator[Find]:
    """Yield the names of people in the texts of rows, protected or not. Skip allowed names."""
    rows, index = list(rows), people_index()
    allowed = _exceptions(rows)
    for row in rows:
        table, pk = table_of(row), str(row.pk)
        for field, text in texts_of(row).items():
            for match in _once_each(index.matches(text)):
                if letters(match.surface) not in allowed.get((table, pk), ()):
                    sentence = _sentence(text, match.start, match.end)
                    yield Find(
                        match.person, table, pk, _place(field, row), match.surface, match.name,
                        sentence, field.field, blocks=match.blocks,
                    )  # fmt: skip


def _once_each(matches: Iterable[Match]) -> Iterator[Match]:
    """Yield one match for each person and spelling."""
    seen = set()
    for match in matches:
        key = (match.person, letters(match.surface))
        if key not in seen:
            seen.add(key)
            yield match


def _place(field: PublicText, row: Model) -> str:
    if isinstance(row, Release):
        return str(field.place)
    return _("%(place)s of “%(row)s”") % {"place": field.place, "row": row}


def _exceptions(rows: Sequence[Model]) -> dict[tuple[str, str], set[str]]:
    """Return the allowed spellings in each row, as `letters`."""
    wanted = Q(release__in=[row.pk for row in rows if isinstance(row, Release)])
    others = [row for row in rows if not isinstance(row, Release)]
    tables, keys = {table_of(row) for row in others}, {str(row.pk) for row in others}
    wanted |= Q(release=None, table__in=tables, row__in=keys)
    allowed: dict[tuple[str, str], set[str]] = {}
    for exception in NameException.objects.standing().filter(wanted):
        key = (exception.table, str(exception.release_id or exception.row))
        allowed.setdefault(key, set()).add(letters(exception.name))
    return allowed


def _marked(release: Release, document: Document, at: datetime | None) -> list[Find]:
    """Return the protected people that the text marks or quotes."""
    marks = dict(reversed(document.mentions))
    quoted = {quote.speaker: quote.text for quote in document.quotations if quote.speaker}
    day = timezone.localdate(at) if at else None
    if not (marks or quoted):
        return []
    protected = Person.objects.protected(day).filter(pk__in={*marks, *quoted})
    table, pk, place = table_of(release), str(release.pk), _("the text")
    found = []
    for person, name in protected.values_list("pk", "display_name"):
        if person in marks:
            found.append(Find(person, table, pk, place, marks[person], name, "", kind="mark"))
        else:
            start = " ".join(quoted[person].split()[:8])
            found.append(Find(person, table, pk, place, start, name, "", kind="quotation"))
    return found


def _titles(release: Release, document: Document, at: datetime | None) -> list[Find]:
    """Return the protected names in the titles that the release will print for its speakers."""
    if release.is_approved():
        return []  # its Quote rows contain the titles, and are searched like other rows
    speakers = {quote.speaker for quote in document.quotations if quote.speaker and not quote.title}
    people = Person.objects.filter(pk__in=speakers).prefetch_related("roles")
    titles = "\n".join(person.title_on(release.day) for person in people)
    return finds_in_text(titles, _("an attribution"), at)


def _sentence(text: str, start: int, end: int) -> str:
    """Return the sentence that contains a name, cut if it is long."""
    # Search only the part that can be shown, because a long text may contain many names.
    left, right = max(start - 2 * MAX_SENTENCE, 0), min(end + 2 * MAX_SENTENCE, len(text))
    first = max((m.end() for m in _SENTENCE_ENDS.finditer(text, left, start)), default=left)
    after = _SENTENCE_ENDS.search(text, end, right)
    sentence = text[first : after.start() if after else right].strip()
    if len(sentence) <= MAX_SENTENCE:
        return sentence
    at = max(min(start - first - MAX_SENTENCE // 2, len(sentence) - MAX_SENTENCE), 0)
    piece = sentence[at : at + MAX_SENTENCE]
    return f"{'…' if at else ''}{piece}{'…' if at + MAX_SENTENCE < len(sentence) else ''}"


# --- Blocking ------------------------------------------------------------------------------------


def hidden_picture_blockers(release: Release, at: datetime | None = None) -> list[str]:
    """Return a sentence for each picture of a person who may not be named or shown at a time."""
    at = at or timezone.now()
    return [
        _("The picture “%s” shows a person who may not be shown. Choose another.") % picture
        for picture in pictures_of(release, release.document)
        if picture.is_hidden(at)
    ]


def check_save(row: Model, at: datetime | None = None) -> None:
    """Raise ActionBlocked if a public text contains a protected name that is new in it."""
    if found := new_finds(row, at):
        raise ActionBlocked(*found)


def check_page(person: Person, at: datetime | None = None) -> None:
    """Raise ActionBlocked if a person's page would print another protected name.

    The person's own names are skipped: two people approved them, even if a protected person has
    the same name.
    """
    own = (Person, PersonName)
    rows = [row for row in printed_by(person) if not isinstance(row, own)]
    found = [find for find in finds_in(rows, at) if find.blocks and find.person != person.pk]
    if found:
        raise ActionBlocked(*found)


# --- The time until which a release may print its names ------------------------------------------


def names_allowed_until(release: Release) -> datetime | None:
    """Return the time from which a name in a release is protected, or None if never."""
    document = release.document
    found = {find.person for find in _matched(printed_with(release, document)) if find.blocks}
    people = Person.objects.filter(pk__in=found | document.people)
    days = [day for person in people if (day := person.name_protected_from())]
    return start_of_day(min(days)) if days else None


def update_names_allowed_until(
    releases: QuerySet[Release], at: datetime | None = None
) -> list[Release]:
    """Update `names_allowed_until` of those releases whose time has not come.

    Return those that a name blocks now and did not block before. They are locked in the order of
    their keys.
    """
    at = at or timezone.now()
    blocked = []
    with transaction.atomic():
        for release in releases.upcoming(at).select_for_update(of=("self",)).order_by("pk"):  # type: ignore[attr-defined]
            before, until = release.names_allowed_until, names_allowed_until(release)
            if before == until:
                continue
            was_allowed = release.names_allowed()
            release.names_allowed_until = until
            Release.objects.filter(pk=release.pk).update_derived(names_allowed_until=until)
            if was_allowed != release.names_allowed():
                name_status_changed.send(Release, release=release, at=at)
            if was_allowed and not release.names_allowed():
                blocked.append(release)
    return blocked


def update_releases_of(person: Person) -> list[Release]:
    """Update the upcoming releases after a change of a person's level, consents or names."""
    upcoming = Release.objects.upcoming()
    if not upcoming.exists():
        return []
    # A release may be blocked by a spelling that was just removed.
    blocked = upcoming.exclude(names_allowed_until=None)
    candidates = [*_candidate_releases(person, upcoming), *blocked]
    return update_names_allowed_until(
        upcoming.filter(pk__in=[release.pk for release in candidates])
    )


# --- Where a name is printed ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Printed:
    """A release or a person's page that prints a name, and every place of the name."""

    release: Release | None
    page: Person | None
    finds: list[Find]

    def is_visible_to(self, user: Any, at: datetime | None = None) -> bool:
        """Return whether the release, if it is one, exists for a user."""
        return self.release is None or self.release.is_visible_to(user, at)


def printing(person: Person, at: datetime | None = None) -> list[Printed]:
    """Return every approved release and every public page that prints a person's name.

    Releases come first, the newest before older ones.
    """
    at = at or timezone.now()
    found = []
    approved = Release.objects.approved().select_related("poster")
    for release in _candidate_releases(person, approved):
        finds = [f for f in _matched(printed_with(release)) if f.person == person.pk]
        finds += _marked_people(person, release)
        if finds:
            found.append(Printed(release, None, finds))
    for page in _candidate_pages(person, at):
        finds = [f for f in _matched(printed_by(page)) if f.person == person.pk]
        if finds:
            found.append(Printed(None, page, finds))
    return found


def count_texts(name: str, user: Any, *, exactly: bool = False) -> tuple[int, int]:
    """Return the number of releases, and the number of other rows, whose texts contain a name.

    At most MAX_COUNTED rows are counted. Rows that do not exist for the user are not counted.
    """
    index = NameIndex()
    index.add(UUID(int=0), [Name(name, exact=exactly)])
    releases = others = 0
    rows = rows_that_may_contain(pieces(name))
    for table in ("people.person", "people.personname"):  # records, not texts
        rows.pop(table, None)
    candidates = [(table, pk) for table, ids in rows.items() for pk in ids]
    for table, pk in candidates[:MAX_COUNTED]:
        row = row_of(table, pk)
        text = "\n\n".join(texts_of(row).values()) if row else ""
        named = any(match.blocks for match in index.matches(text))
        if row and named and is_row_visible_to(row, user):
            releases += table == "releases.release"
            others += table != "releases.release"
    return releases, others


def _marked_people(person: Person, release: Release) -> list[Find]:
    table, pk = table_of(release), str(release.pk)
    surfaces = release.mentions.filter(person=person).values_list("surface", flat=True)
    return [
        Find(
            person.pk, table, pk, _("the text"), surface, person.display_name, surface, kind="mark"
        )
        for surface in surfaces
    ]


def _candidate_releases(person: Person, releases: QuerySet[Release]) -> list[Release]:
    rows = rows_that_may_contain([found for name in person.spellings() for found in pieces(name)])
    wanted = Q(mentions__person=person) | Q(pk__in=_uuids(rows.get("releases.release", ())))
    assets = _uuids(rows.get("assets.mediaasset", ()))
    wanted |= Q(poster__in=assets) | Q(illustrations__asset__in=assets)
    wanted |= Q(topics__in=[int(pk) for pk in rows.get("releases.topic", ())])
    wanted |= Q(contacts__in=[int(pk) for pk in rows.get("releases.contact", ())])
    for table, relation in (
        ("releases.quote", "quotes"),
        ("releases.correction", "corrections"),
    ):
        wanted |= Q(**{f"{relation}__in": [int(pk) for pk in rows.get(table, ())]})
    return list(releases.filter(pk__in=Release.objects.filter(wanted).order_by().values("pk")))


def _candidate_pages(person: Person, at: datetime) -> list[Person]:
    rows = rows_that_may_contain([found for name in person.spellings() for found in pieces(name)])
    people: set[UUID] = set()
    for table, ids in rows.items():
        if table.startswith("people."):
            for row in model_of(table)._default_manager.filter(pk__in=ids):
                if (page := person_of(row)) is not None:
                    people.add(page.pk)
    portraits = _uuids(rows.get("assets.mediaasset", ()))
    public = Person.objects.with_page(timezone.localdate(at)).exclude(pk=person.pk)
    return list(public.filter(Q(pk__in=people) | Q(portrait__in=portraits)).distinct())


def _uuids(ids: Iterable[str]) -> list[UUID]:
    return [UUID(pk) for pk in ids]

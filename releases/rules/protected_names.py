"""Protected names in public texts: found, refused, and the moment until which a release may name.

A name is protected on a day if its person may not be named on that day. The texts come from
`releases.rules.public_texts`, the comparison from `people.names`. Nothing here shows a find to a
user: the desk asks `releases.rules.name_finds`, which limits and records what it shows.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
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
from releases.rules.folded import rows_with
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

MAX_COUNTED = 500  # rows that may contain a name, when its texts are counted
MAX_SENTENCE = 200  # characters of a sentence that are shown
_SENTENCE_ENDS = re.compile(r"(?<=[.!?。！？؟।།])\s+|\n+")


@dataclass(frozen=True, slots=True)
class Find:
    """A protected name in a text: whose, in which row, where, and how it is written there.

    Its text as a string says only that there is one: more is for releases.rules.name_finds to show.
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

# Sent in the transaction in which a release that is still to come stops going out, or goes out
# again. Takes `release` and `at`.
name_status_changed = Signal()


# --- Finding -------------------------------------------------------------------------------------


def finds_in_release(release: Release, at: datetime | None = None) -> list[Find]:
    """Return every protected name that goes out with a release, for the moment `at`.

    Takes the release as it stands in memory. Names with an exception are left out.
    """
    document = release.document
    rows = printed_with(release, document)
    return [*_marked(release, document, at), *finds_in(rows, at), *_titles(release, document, at)]


def finds_in(rows: Iterable[Model], at: datetime | None = None) -> list[Find]:
    """Return every protected name in the public texts of some rows, for the moment `at`."""
    if not (matched := list(_matched(rows))):
        return []
    day = timezone.localdate(at) if at else None
    people = Person.objects.protected(day).filter(pk__in={find.person for find in matched})
    protected = set(people.values_list("pk", flat=True))
    return [find for find in matched if find.person in protected]


def finds_in_words(words: str, place: str, at: datetime | None = None) -> list[Find]:
    """Return every protected name in words that are not stored yet, for the moment `at`."""
    day = timezone.localdate(at) if at else None
    found = [
        Find(
            match.person, "", "", place, match.surface, match.name,
            _sentence(words, match.start, match.end), blocks=match.blocks,
        )
        for match in _once_each(people_index().matches(words) if words.strip() else ())
    ]  # fmt: skip
    people = Person.objects.protected(day).filter(pk__in={find.person for find in found})
    protected = set(people.values_list("pk", flat=True))
    return [find for find in found if find.person in protected]


def new_finds(row: Model, at: datetime | None = None) -> list[Find]:
    """Return the protected names in a row in memory that its stored texts do not contain.

    Empty where nothing public prints the row: a draft may say anything.
    """
    if row._state.adding and isinstance(row, Person):
        return []  # a page that opens with a name has been agreed to: see check_page
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
    # By its field, since the place names the row as it is called now; a release has two in one.
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
    """Yield the names of people in the texts of rows, protected or not, without exceptions."""
    rows, index = list(rows), people_index()
    allowed = _exceptions(rows)
    for row in rows:
        table, pk = table_of(row), str(row.pk)
        for text, words in texts_of(row).items():
            for match in _once_each(index.matches(words)):
                if letters(match.surface) not in allowed.get((table, pk), ()):
                    sentence = _sentence(words, match.start, match.end)
                    yield Find(
                        match.person, table, pk, _place(text, row), match.surface, match.name,
                        sentence, text.field, blocks=match.blocks,
                    )  # fmt: skip


def _once_each(matches: Iterable[Match]) -> Iterator[Match]:
    """Yield each name once in each spelling."""
    seen = set()
    for match in matches:
        key = (match.person, letters(match.surface))
        if key not in seen:
            seen.add(key)
            yield match


def _place(text: PublicText, row: Model) -> str:
    if isinstance(row, Release):
        return str(text.place)
    return _("%(place)s of “%(row)s”") % {"place": text.place, "row": row}


def _exceptions(rows: Sequence[Model]) -> dict[tuple[str, str], set[str]]:
    """Return the spellings that may stand in each row, as they are compared."""
    wanted = Q(release__in=[row.pk for row in rows if isinstance(row, Release)])
    others = [row for row in rows if not isinstance(row, Release)]
    tables, keys = {table_of(row) for row in others}, {str(row.pk) for row in others}
    wanted |= Q(release=None, table__in=tables, row__in=keys)
    allowed: dict[tuple[str, str], set[str]] = {}
    for found in NameException.objects.standing().filter(wanted):
        key = (found.table, str(found.release_id or found.row))
        allowed.setdefault(key, set()).add(letters(found.name))
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
        return []  # they are frozen in its quotations, which are rows of their own
    speakers = {quote.speaker for quote in document.quotations if quote.speaker and not quote.title}
    people = Person.objects.filter(pk__in=speakers).prefetch_related("roles")
    titles = "\n".join(person.title_on(release.day) for person in people)
    return finds_in_words(titles, _("an attribution"), at)


def _sentence(text: str, start: int, end: int) -> str:
    """Return the sentence in which a name stands, cut where it is long."""
    # No further than it is shown: a long text has many names in it.
    left, right = max(start - 2 * MAX_SENTENCE, 0), min(end + 2 * MAX_SENTENCE, len(text))
    first = max((m.end() for m in _SENTENCE_ENDS.finditer(text, left, start)), default=left)
    after = _SENTENCE_ENDS.search(text, end, right)
    sentence = text[first : after.start() if after else right].strip()
    if len(sentence) <= MAX_SENTENCE:
        return sentence
    at = max(min(start - first - MAX_SENTENCE // 2, len(sentence) - MAX_SENTENCE), 0)
    piece = sentence[at : at + MAX_SENTENCE]
    return f"{'…' if at else ''}{piece}{'…' if at + MAX_SENTENCE < len(sentence) else ''}"


# --- Refusing ------------------------------------------------------------------------------------


def withheld_pictures(release: Release, at: datetime | None = None) -> list[str]:
    """Return a sentence for each picture of somebody who may not be named or shown at a moment."""
    at = at or timezone.now()
    return [
        _("The picture “%s” shows somebody who may not be named or shown. Take another.") % picture
        for picture in pictures_of(release, release.document)
        if picture.is_withheld(at)
    ]


def check_save(row: Model, at: datetime | None = None) -> None:
    """Refuse to store a public text with a protected name that it did not contain."""
    if found := new_finds(row, at):
        raise ActionBlocked(*found)


def check_page(person: Person, at: datetime | None = None) -> None:
    """Refuse to make a person's page public while another protected name stands on it.

    The person's own names are not asked: two people have agreed to print them, whatever the name
    of somebody else is.
    """
    own = (Person, PersonName)
    rows = [row for row in printed_by(person) if not isinstance(row, own)]
    found = [find for find in finds_in(rows, at) if find.blocks and find.person != person.pk]
    if found:
        raise ActionBlocked(*found)


# --- The moment until which a release may name ---------------------------------------------------


def names_allowed_until(release: Release) -> datetime | None:
    """Return the moment from which a name in a release may not be published; None for never."""
    document = release.document
    marked = {person for person, _surface in document.mentions}
    marked |= {quote.speaker for quote in document.quotations if quote.speaker}
    found = {find.person for find in _matched(printed_with(release, document)) if find.blocks}
    people = Person.objects.filter(pk__in=found | marked)
    days = [day for person in people if (day := person.name_protected_from())]
    return start_of_day(min(days)) if days else None


def follow(releases: QuerySet[Release], at: datetime | None = None) -> list[Release]:
    """Write anew until when releases may name, as long as their time has not come.

    Returns those that wait now and did not before. Locks them in the order of their keys.
    """
    at = at or timezone.now()
    stopped = []
    with transaction.atomic():
        for release in releases.upcoming(at).select_for_update(of=("self",)).order_by("pk"):  # type: ignore[attr-defined]
            before, until = release.names_allowed_until, names_allowed_until(release)
            if before == until:
                continue
            went_out = release.names_allowed()
            release.names_allowed_until = until
            Release.objects.filter(pk=release.pk).update_derived(names_allowed_until=until)
            if went_out != release.names_allowed():
                name_status_changed.send(Release, release=release, at=at)
            if went_out and not release.names_allowed():
                stopped.append(release)
    return stopped


def follow_person(person: Person) -> list[Release]:
    """Let the releases follow a change of a person's level, consents or names."""
    upcoming = Release.objects.upcoming()
    if not upcoming.exists():
        return []
    # One that names somebody now may do so by a spelling that was just taken away.
    stopped = upcoming.exclude(names_allowed_until=None)
    candidates = [*_that_may_print(person, upcoming), *stopped]
    return follow(upcoming.filter(pk__in=[release.pk for release in candidates]))


# --- Where a name is printed ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Printed:
    """A release or a person's page that prints a name, with every place of it."""

    release: Release | None
    page: Person | None
    finds: list[Find]


def printing(person: Person, at: datetime | None = None) -> list[Printed]:
    """Return every approved release and every public page that prints a person's name.

    Releases come first, the newest at the top.
    """
    at = at or timezone.now()
    found = []
    approved = Release.objects.approved().select_related("poster")
    for release in _that_may_print(person, approved):
        finds = [f for f in _matched(printed_with(release)) if f.person == person.pk]
        finds += _marks_of(person, release)
        if finds:
            found.append(Printed(release, None, finds))
    for page in _pages_that_may_print(person, at):
        finds = [f for f in _matched(printed_by(page)) if f.person == person.pk]
        if finds:
            found.append(Printed(None, page, finds))
    return found


def count_texts(name: str, *, exactly: bool = False) -> tuple[int, int]:
    """Return in how many releases and in how many other stored texts a name stands.

    Counts no further than MAX_COUNTED rows.
    """
    index = NameIndex()
    index.add(UUID(int=0), [Name(name, exact=exactly)])
    releases = others = 0
    rows = rows_with(pieces(name))
    for table in ("people.person", "people.personname"):  # records, not texts
        rows.pop(table, None)
    candidates = [(table, pk) for table, ids in rows.items() for pk in ids]
    for table, pk in candidates[:MAX_COUNTED]:
        row = row_of(table, pk)
        words = "\n\n".join(texts_of(row).values()) if row else ""
        if any(match.blocks for match in index.matches(words)):
            releases += table == "releases.release"
            others += table != "releases.release"
    return releases, others


def _marks_of(person: Person, release: Release) -> list[Find]:
    table, pk = table_of(release), str(release.pk)
    surfaces = release.mentions.filter(person=person).values_list("surface", flat=True)
    return [
        Find(
            person.pk, table, pk, _("the text"), surface, person.display_name, surface, kind="mark"
        )
        for surface in surfaces
    ]


def _that_may_print(person: Person, releases: QuerySet[Release]) -> list[Release]:
    rows = rows_with([found for name in person.spellings() for found in pieces(name)])
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


def _pages_that_may_print(person: Person, at: datetime) -> list[Person]:
    rows = rows_with([found for name in person.spellings() for found in pieces(name)])
    people: set[UUID] = set()
    for table, ids in rows.items():
        if table.startswith("people."):
            for row in model_of(table)._default_manager.filter(pk__in=ids):
                if (bearer := person_of(row)) is not None:
                    people.add(bearer.pk)
    portraits = _uuids(rows.get("assets.mediaasset", ()))
    public = Person.objects.with_page(timezone.localdate(at)).exclude(pk=person.pk)
    return list(public.filter(Q(pk__in=people) | Q(portrait__in=portraits)).distinct())


def _uuids(ids: Iterable[str]) -> list[UUID]:
    return [UUID(pk) for pk in ids]

"""The people whose cases we follow: which of them, in what order, as table and picture."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from functools import partial
from typing import Any, cast
from urllib.parse import urlencode

from django.db.models import Case as Choose
from django.db.models import Count, Exists, F, IntegerField, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Cast, ExtractYear
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_countries import countries
from django_countries.fields import Country

from newsroom.archive import Facet, facet_of
from newsroom.calls import Entry, entries
from people.dates import UncertainDate
from people.models import Case, CaseQuerySet, Designation, Group, Person, PersonName
from storing.texts import clean_text

SORTS = {
    "name": gettext_lazy("Name"),
    "country": gettext_lazy("Country"),
    "status": gettext_lazy("Status"),
    "designation": gettext_lazy("Designation"),
    "since": gettext_lazy("Time in detention"),
    "as_of": gettext_lazy("As of"),
}
# Other programs read the file by these names: add columns, rename none.
COLUMNS = [
    "name", "name in own script", "country", "country code", "group", "custody status",
    "legal status", "as of", "designation", "designation by", "designation since",
    "held since", "held since in words", "held since EDTF",
    "held until", "held until in words", "held until EDTF",
    "days held", "call", "call quoted from", "source", "source address", "address",
]  # fmt: skip
FORM_NOT_STATED = gettext_lazy("In detention, form not stated")
PRISONER_OF_CONSCIENCE = "prisoner-of-conscience"
LEAST_FOR_A_PICTURE = 3
BY_NAME = ("person__sort_name", "person__display_name", "person__pk")
IN_A_PIECE = 250  # cases of the table for spreadsheets that are read at once
# OWASP, “CSV Injection”; in East Asian settings the wide forms count as well.
_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]|[\t\r\n]")


def country_of(case: Case) -> Country:
    """Return who holds somebody, as the field gives it."""
    return cast(Country, case.country)


def current_cases(on: date) -> CaseQuerySet:
    """Return the newest case of everybody with a page, by name."""
    newer = Q(as_of__gt=OuterRef("as_of")) | Q(as_of=OuterRef("as_of"), pk__gt=OuterRef("pk"))
    return Case.objects.filter(
        ~Exists(Case.objects.filter(newer, person=OuterRef("person"))),
        person__in=Person.objects.with_page(on),
    ).order_by(*BY_NAME)


def with_people(cases: CaseQuerySet) -> CaseQuerySet:
    """Read with each case what lists show of it."""
    return cases.select_related("person__portrait").prefetch_related(
        "person__names", "designations"
    )


@dataclass(frozen=True, slots=True)
class Filters:
    """Which of them a visitor asked to see, and in what order.

    A value that names nothing matches nothing; an order that is none is that of the names.
    """

    country: str = ""
    status: str = ""
    year: str = ""
    designation: str = ""
    sort: str = ""

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> "Filters":
        """Read them from an address."""
        told = cls(**{field.name: query.get(field.name, "").strip() for field in fields(cls)})
        return told if told.sort.removeprefix("-") in SORTS else replace(told, sort="")

    def __bool__(self) -> bool:
        return bool(self.country or self.status or self.year or self.designation)

    def query(self) -> str:
        """Return them as the query of an address, "" where there are none."""
        pairs = [(field.name, getattr(self, field.name)) for field in fields(self)]
        return urlencode([(name, value) for name, value in pairs if value])

    def narrow(self, cases: CaseQuerySet, on: date) -> CaseQuerySet:
        """Narrow a set of cases to those that were asked for, on a day."""
        if self.country:
            code = self.country.upper()
            cases = cases.filter(country=code) if code in countries else cases.none()
        if self.status:
            known = self.status in Case.Custody
            cases = cases.filter(custody_status=self.status) if known else cases.none()
        if self.year:
            year = int(self.year) if re.fullmatch("[0-9]{4}", self.year) else 0
            cases = (
                cases.filter(
                    since_earliest__lte=date(year, 12, 31), since_latest__gte=date(year, 1, 1)
                )
                if year
                else cases.none()
            )
        if self.designation:
            # As keys: PostgreSQL takes a comparison with what is annotated for one that nearly
            # nothing passes, and compares every case with every person.
            labelled = _labelled(cases, on).order_by()
            labels = labelled.values_list("pk", "label")  # type: ignore[misc]  # annotated
            asked = [pk for pk, label in labels if designation_key(label or "") == self.designation]
            cases = cases.filter(pk__in=asked)
        return cases

    def order(self, cases: CaseQuerySet, on: date) -> CaseQuerySet:
        """Bring cases into the order that was asked for; what is not known comes last."""
        key = self.sort.removeprefix("-") or "name"
        if key == "name":
            return cases.reverse() if self.sort == "-name" else cases
        cases = _ranked(cases, key, on)
        rank = F("rank").desc if self.sort.startswith("-") else F("rank").asc
        return cases.order_by(rank(nulls_last=True), *BY_NAME)


def designation_key(label: str) -> str:
    """Return what a designation is called in an address."""
    return slugify(label, allow_unicode=True)


def title_of(filters: Filters, cases: Iterable[Case], on: date) -> str:
    """Return the title of a list: it names a designation only if everybody listed has it."""
    if filters.designation == PRISONER_OF_CONSCIENCE:
        return _("Prisoners of conscience")
    first = next(iter(cases), None) if filters.designation else None
    designation = first.designation_on(on) if first else None
    return designation.label if designation else _("People whose cases we follow")


@dataclass(frozen=True, slots=True)
class Section:
    """Those listed who belong to one group."""

    group: Group
    entries: list[Entry]


def sections(entries: Iterable[Entry]) -> list[Section]:
    """Return a section for each group that has people."""
    entries = list(entries)
    found = [Section(group, [one for one in entries if one.case.group == group]) for group in Group]
    return [section for section in found if section.entries]


def facets(filters: Filters, on: date) -> Iterator[Facet]:
    """Yield the filters that a visitor can set or lift from here, each with its counts.

    A fixed number of queries, over all cases and not only those of a page.
    """
    facet = partial(facet_of, filters)

    def others(name: str) -> CaseQuerySet:
        return replace(filters, **{name: ""}).narrow(current_cases(on), on)

    held_by = [
        (str(code), country_name(code), count)
        for code, count in _counted(others("country"), "country")
        if code
    ]
    yield facet(_("Country"), "country", sorted(held_by, key=lambda row: row[1]))
    statuses = dict(_counted(others("status"), "custody_status"))
    yield facet(
        _("Status"),
        "status",
        [
            # The group of that name has more people than the status.
            (
                value,
                str(FORM_NOT_STATED if value == Case.Custody.DETAINED else label),
                statuses[value],
            )
            for value, label in Case.Custody.choices
            if value in statuses
        ],
    )
    designated: dict[str, tuple[str, int]] = {}
    for label, count in _counted(_labelled(others("designation"), on), "label"):
        if key := designation_key(label or ""):
            first, before = designated.get(key, (label, 0))
            designated[key] = first, before + count
    yield facet(
        _("Designation"),
        "designation",
        [(key, *designated[key]) for key in sorted(designated)],
    )
    dated = others("year").annotate(
        first=ExtractYear("since_earliest"), last=ExtractYear("since_latest")
    )
    began = [
        (first, last, count)
        for first, last, count in dated.order_by()
        .values("first", "last")
        .annotate(count=Count("pk"))
        .values_list("first", "last", "count")
        if first and last
    ]
    years = sorted({first for first, last, _count in began if first == last}, reverse=True)
    yield facet(
        _("First detained in"),
        "year",
        [
            (
                str(year),
                str(year),
                sum(count for first, last, count in began if first <= year <= last),
            )
            for year in years
        ],
    )


@dataclass(frozen=True, slots=True)
class Column:
    """The head of a column that can be sorted by: where that leads, and how it is sorted now."""

    label: str
    query: str
    order: str


def columns(filters: Filters) -> list[Column]:
    """Return the heads of the table."""
    heads = []
    for key, label in SORTS.items():
        by_it = (filters.sort or "name").removeprefix("-") == key
        down = by_it and not filters.sort.startswith("-")
        order = ("descending" if filters.sort.startswith("-") else "ascending") if by_it else "none"
        heads.append(
            Column(str(label), replace(filters, sort=f"-{key}" if down else key).query(), order)
        )
    return heads


def as_csv(cases: CaseQuerySet, origin: str, at: datetime) -> Iterator[str]:
    """Yield a table for spreadsheets (RFC 4180, with the mark by which they know UTF-8).

    It has everybody, so it is read and written piece by piece; each piece asks again who may be
    named. A cell that a spreadsheet would take for a formula begins with an apostrophe.
    """
    on, named = timezone.localdate(at), dict(countries)
    pks = list(cases.values_list("pk", flat=True))
    yield "\ufeff" + _lines([COLUMNS])
    for start in range(0, len(pks), IN_A_PIECE):
        piece = pks[start : start + IN_A_PIECE]
        rows = current_cases(on).filter(pk__in=piece).select_related("person")
        found = {case.pk: case for case in rows.prefetch_related("person__names", "designations")}
        known = [found[pk] for pk in piece if pk in found]
        yield _lines(map(partial(_cells, origin=origin, on=on, named=named), entries(known, at)))


def _lines(rows: Iterable[list[Any]]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows([_cell(cell) for cell in row] for row in rows)
    return out.getvalue()


def _cells(entry: Entry, origin: str, on: date, named: Mapping[str, str]) -> list[Any]:
    case = entry.case
    person, code, days = case.person, country_of(case).code or "", case.days_in_detention(on)
    designation = case.designation_on(on)
    own = [
        name.text
        for name in person.names.all()
        if name.printed and name.kind == PersonName.Kind.NATIVE
    ]
    return [
        person.display_name, " · ".join(own), named.get(code, ""), code,
        case.group.label, case.get_custody_status_display(),
        case.get_legal_status_display() if case.legal_status else "",
        case.as_of.isoformat(),
        *((designation.label, designation.by, designation.since) if designation else [""] * 3),
        *_date_cells(case.detained_since), *_date_cells(case.detained_until),
        "" if days is None else days,
        entry.call, _speaker_and_address(entry, origin),
        case.printed_source, case.printed_source_url,
        origin + person.get_absolute_url(),
    ]  # fmt: skip


def _date_cells(known: UncertainDate | None) -> tuple[str, str, str]:
    """Return a date as ISO 8601 if its day is certain, in words, and in EDTF."""
    if known is None:
        return "", "", ""
    return (known.earliest.isoformat() if known.is_certain else "", known.label, known.text)


def _speaker_and_address(entry: Entry, origin: str) -> str:
    if (quote := entry.quote) is None:
        return ""
    speaker = ", ".join(filter(None, [quote.attribution_name, quote.attribution_title]))
    return f"{speaker}: {origin}{quote.release.get_absolute_url()}"


@dataclass(frozen=True, slots=True)
class Bar:
    """One detention in the picture of them all, in units of its width and rows."""

    name: str
    words: str
    row: int
    start: float
    certain_start: float
    certain_end: float
    end: float

    @property
    def y(self) -> int:
        return self.row * Picture.ROW

    @property
    def base(self) -> int:
        """Where the name stands."""
        return self.y + 18

    @property
    def wide(self) -> float:
        """The whole length, as long as it may be; never so short that it is not seen."""
        return max(round(self.end - self.start, 1), 4)

    @property
    def sure(self) -> float:
        return max(round(self.certain_end - self.certain_start, 1), 0)


@dataclass(frozen=True, slots=True)
class Picture:
    """Since when each is in detention, drawn as bars over the years; what is unsure is lighter."""

    WIDTH, LEFT, ROW = 1000, 280, 30  # in units of the drawing; names stand on the left

    bars: list[Bar]
    years: list[tuple[int, float]]

    @property
    def height(self) -> int:
        return len(self.bars) * self.ROW


def picture(cases: Iterable[Case], on: date) -> Picture | None:
    """Return the picture of all detentions whose beginning is known, None for a few."""
    known = [case for case in cases if case.since_earliest and case.since_latest]
    if len(known) < LEAST_FOR_A_PICTURE:
        return None
    known.sort(key=lambda case: (case.since_earliest, case.person.sort_name))
    first = date(min(case.since_earliest for case in known if case.since_earliest).year, 1, 1)
    whole = max((on - first).days, 1)

    def at(day: date) -> float:
        part = min(max((day - first).days / whole, 0), 1)
        return round(Picture.LEFT + part * (Picture.WIDTH - Picture.LEFT), 1)

    bars = []
    for row, case in enumerate(known):
        if case.since_earliest and case.since_latest:
            last = on if case.in_detention else case.as_of
            ends = (case.until_earliest or last, case.until_latest or last)
            days = (case.since_earliest, case.since_latest, *ends)
            name, words = case.person.display_name, case.time_in_detention(on)
            bars.append(Bar(name, words, row, *(at(day) for day in days)))
    step = max((on.year - first.year) // 8, 1)
    years = [(year, at(date(year, 1, 1))) for year in range(first.year, on.year + 1, step)]
    return Picture(bars, years)


def country_name(code: str) -> str:
    """Return the name of a country, its code where it has none."""
    return str(countries.name(code) or code)


def _labelled(cases: CaseQuerySet, on: date) -> CaseQuerySet:
    """Annotate cases with the label of the designation that holds on a day."""
    held = Designation.objects.valid().on(on).filter(case=OuterRef("pk"))
    newest = held.order_by(F("since_earliest").desc(nulls_last=True), "-pk").values("label")[:1]
    return cases.annotate(label=Subquery(newest))


def _counted(cases: CaseQuerySet, field: str) -> list[tuple[Any, int]]:
    rows = cases.order_by().values(field).annotate(count=Count("pk"))
    return list(rows.values_list(field, "count"))


def _ranked(cases: CaseQuerySet, key: str, on: date) -> CaseQuerySet:
    """Annotate cases with a rank by which they are sorted, NULL for what is not known."""

    def by(field: str, words: dict[str, Any]) -> CaseQuerySet:
        """Rank by words that the database does not have; those that are alike rank alike."""
        order = {each: n for n, each in enumerate(sorted(set(words.values())))}
        ranks = [When(**{field: value}, then=Value(order[each])) for value, each in words.items()]
        expression = Choose(*ranks, default=None, output_field=IntegerField())
        # PostgreSQL sorts by no bare NULL.
        return cases.annotate(rank=expression if ranks else Cast(Value(None), IntegerField()))

    match key:
        case "country":
            codes = [code for code, _ in _counted(cases, "country") if code]
            return by("country", {code: country_name(code) for code in codes})
        case "status":
            return by("custody_status", {status: n for n, status in enumerate(Case.Custody)})
        case "designation":
            cases = _labelled(cases, on)
            labels = [label for label, _ in _counted(cases, "label") if label]
            keys = {label: designation_key(label) for label in labels}
            return by("label", {label: key for label, key in keys.items() if key})
        case "since":
            return cases.annotate(rank=F("since_earliest"))
        case _:
            return cases.annotate(rank=F("as_of"))


def _cell(value: Any) -> str:
    text = clean_text(str(value), multiline=True)
    return f"'{text}" if _FORMULA.match(text) else text

"""The people whose cases we follow: which of them, in what order, as table and picture."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from functools import partial
from typing import Any, cast
from urllib.parse import urlencode

from django.db.models import OuterRef, Subquery
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_countries.fields import Country

from people.dates import UncertainDate
from people.models import Case, CaseQuerySet, Group, Person, PersonName
from releases.archive import Facet, facet_of
from releases.body import printable
from releases.calls import Entry

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
# OWASP, “CSV Injection”; in East Asian settings the wide forms count as well.
_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]|[\t\r\n]")


def country_of(case: Case) -> Country:
    """Return who holds somebody, as the field gives it."""
    return cast(Country, case.country)


def current_cases(on: date) -> CaseQuerySet:
    """Return the newest case of everybody with a page, with what lists show of each."""
    newest = Case.objects.filter(person=OuterRef("pk")).values("pk")[:1]
    people = Person.objects.with_page(on).annotate(case=Subquery(newest)).exclude(case=None)
    return (
        Case.objects.filter(pk__in=people.values("case"))
        .select_related("person__portrait")
        .prefetch_related("person__names", "designations")
        .order_by("person__sort_name", "person__display_name", "person__pk")
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

    def match(self, case: Case, on: date) -> bool:
        """Whether a case is one of those that were asked for, on a day."""
        return (
            (not self.country or country_of(case).code == self.country.upper())
            and (not self.status or case.custody_status == self.status)
            and (not self.year or _began_in(case, self.year))
            and (not self.designation or designation_key(case, on) == self.designation)
        )

    def apply(self, cases: Iterable[Case], on: date) -> list[Case]:
        """Return those that match on a day, in the order that was asked for."""
        found = [case for case in cases if self.match(case, on)]
        key = self.sort.removeprefix("-") or "name"
        if key == "name":
            return found[::-1] if self.sort == "-name" else found
        known = [case for case in found if _value(case, key, on)]
        known.sort(key=lambda case: _value(case, key, on), reverse=self.sort.startswith("-"))
        return known + [case for case in found if not _value(case, key, on)]


def designation_key(case: Case, on: date) -> str:
    """Return what a case's designation is called in an address, "" without one on that day."""
    designation = case.designation_on(on)
    return slugify(designation.label, allow_unicode=True) if designation else ""


def title_of(filters: Filters, cases: list[Case], on: date) -> str:
    """Return the title of the list: it names a designation only if everybody listed has it."""
    if filters.designation == PRISONER_OF_CONSCIENCE:
        return _("Prisoners of conscience")
    designation = cases[0].designation_on(on) if filters.designation and cases else None
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


def facets(filters: Filters, cases: list[Case], on: date) -> Iterator[Facet]:
    """Yield the filters that a visitor can set or lift from here, each with its counts."""

    facet = partial(facet_of, filters)

    def others(name: str) -> list[Case]:
        without = replace(filters, **{name: ""})
        return [case for case in cases if without.match(case, on)]

    countries = [country_of(case) for case in others("country") if case.country]
    held_by = Counter((country.code, str(country.name or country.code)) for country in countries)
    named = [(code, name, count) for (code, name), count in held_by.items()]
    yield facet(_("Country"), "country", sorted(named, key=lambda row: row[1]))
    statuses = Counter(case.custody_status for case in others("status"))
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
            if statuses[value]
        ],
    )
    keys = {
        designation_key(case, on): designation.label
        for case in others("designation")
        if (designation := case.designation_on(on))
    }
    designated = Counter(designation_key(case, on) for case in others("designation"))
    yield facet(
        _("Designation"),
        "designation",
        [(key, label, designated[key]) for key, label in sorted(keys.items())],
    )
    dated = others("year")
    certain = {year for case in dated if (year := _certain_year(case))}
    years = [str(year) for year in sorted(certain, reverse=True)]
    yield facet(
        _("First detained in"),
        "year",
        [(year, year, sum(_began_in(case, year) for case in dated)) for year in years],
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


def as_csv(entries: Iterable[Entry], origin: str, on: date) -> str:
    """Return a table for spreadsheets (RFC 4180, with the mark by which they know UTF-8).

    A cell that a spreadsheet would take for a formula begins with an apostrophe.
    """
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow(COLUMNS)
    for entry in entries:
        case = entry.case
        person, country, days = case.person, country_of(case), case.days_in_detention(on)
        designation = case.designation_on(on)
        own = [
            name.text
            for name in person.names.all()
            if name.printed and name.kind == PersonName.Kind.NATIVE
        ]
        cells = [
            person.display_name, " · ".join(own), str(country.name or ""), country.code,
            case.group.label, case.get_custody_status_display(),
            case.get_legal_status_display() if case.legal_status else "",
            case.as_of.isoformat(),
            *((designation.label, designation.by, designation.since) if designation else [""] * 3),
            *_date_cells(case.held_since), *_date_cells(case.held_until),
            "" if days is None else days,
            entry.call, _speaker_and_address(entry, origin),
            case.printed_source, case.printed_source_url,
            origin + person.get_absolute_url(),
        ]  # fmt: skip
        rows.writerow([_cell(cell) for cell in cells])
    return "\ufeff" + out.getvalue()


def _date_cells(known: UncertainDate | None) -> tuple[str, str, str]:
    """Return a date as ISO 8601 if its day is certain, in words, and in EDTF."""
    if known is None:
        return "", "", ""
    return (known.earliest.isoformat() if known.is_certain else "", known.words, known.text)


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


def _certain_year(case: Case) -> int | None:
    since, latest = case.since_earliest, case.since_latest
    return since.year if since and latest and since.year == latest.year else None


def _began_in(case: Case, year: str) -> bool:
    if not (case.since_earliest and case.since_latest and re.fullmatch("[0-9]{4}", year)):
        return False
    return case.since_earliest.year <= int(year) <= case.since_latest.year


def _value(case: Case, key: str, on: date) -> Any:
    match key:
        case "country":
            return str(country_of(case).name or country_of(case).code or "")
        case "status":
            return list(Case.Custody).index(Case.Custody(case.custody_status)) + 1
        case "designation":
            return designation_key(case, on)
        case "since":
            return case.since_earliest
        case _:
            return case.as_of


def _cell(value: Any) -> str:
    text = printable(str(value))
    return f"'{text}" if _FORMULA.match(text) else text

"""The list of the cases we follow, with its filters and its order."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, ClassVar, cast

from django.db.models import Case as Choose
from django.db.models import Count, Exists, F, IntegerField, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Cast, ExtractYear
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_countries import countries
from django_countries.fields import Country

from newsroom.calls import CaseEntry
from newsroom.facets import Counted, Filter
from newsroom.facets import Filters as BaseFilters
from people.models import Case, CaseQuerySet, Designation, Group, Person

SORTS = {
    "name": gettext_lazy("Name"),
    "country": gettext_lazy("Country"),
    "status": gettext_lazy("Status"),
    "designation": gettext_lazy("Designation"),
    "since": gettext_lazy("Time in detention"),
    "as_of": gettext_lazy("As of"),
}
DETENTION_FORM_NOT_STATED = gettext_lazy("In detention, form not stated")
PRISONER_OF_CONSCIENCE = "prisoner-of-conscience"
BY_NAME = ("person__sort_name", "person__display_name", "person__pk")


def country_of(case: Case) -> Country:
    """Return the country that detains the person."""
    return cast(Country, case.country)


def current_cases(on: date) -> CaseQuerySet:
    """Return the newest case of every person with a page, by name."""
    newer = Q(as_of__gt=OuterRef("as_of")) | Q(as_of=OuterRef("as_of"), pk__gt=OuterRef("pk"))
    return Case.objects.filter(
        ~Exists(Case.objects.filter(newer, person=OuterRef("person"))),
        person__in=Person.objects.with_page(on),
    ).order_by(*BY_NAME)


def with_people(cases: CaseQuerySet) -> CaseQuerySet:
    """Prefetch the related rows that lists show."""
    return cases.select_related("person__portrait").prefetch_related(
        "person__names", "designations"
    )


def designation_key(label: str) -> str:
    """Return the value of a designation in URLs."""
    return slugify(label, allow_unicode=True)


def _by_country(cases: CaseQuerySet, code: str, on: date) -> CaseQuerySet:
    code = code.upper()
    return cases.filter(country=code) if code in countries else cases.none()


def _by_status(cases: CaseQuerySet, status: str, on: date) -> CaseQuerySet:
    return cases.filter(custody_status=status) if status in Case.Custody else cases.none()


def _by_year(cases: CaseQuerySet, text: str, on: date) -> CaseQuerySet:
    year = int(text) if re.fullmatch("[0-9]{4}", text) else 0
    if not year:
        return cases.none()
    return cases.filter(since_earliest__lte=date(year, 12, 31), since_latest__gte=date(year, 1, 1))


def _by_designation(cases: CaseQuerySet, key: str, on: date) -> CaseQuerySet:
    # Filter by primary keys: for a filter by the annotation, PostgreSQL expects almost no rows
    # and chooses a plan that compares every case with every person.
    labels = _labelled(cases, on).order_by().values_list("pk", "label")  # type: ignore[misc]  # annotated
    return cases.filter(pk__in=[pk for pk, label in labels if designation_key(label or "") == key])


def _countries(cases: CaseQuerySet, on: date) -> Counted:
    found = [
        (str(code), country_name(code), count) for code, count in _counted(cases, "country") if code
    ]
    return sorted(found, key=lambda row: row[1])


def _statuses(cases: CaseQuerySet, on: date) -> Counted:
    counts = dict(_counted(cases, "custody_status"))
    # The group “In detention” has more people than the status of that name.
    labels = dict(Case.Custody.choices) | {Case.Custody.DETAINED: DETENTION_FORM_NOT_STATED}
    return [
        (value, str(label), counts[value]) for value, label in labels.items() if value in counts
    ]


def _designations(cases: CaseQuerySet, on: date) -> Counted:
    found: dict[str, tuple[str, int]] = {}
    for label, count in _counted(_labelled(cases, on), "label"):
        if key := designation_key(label or ""):
            first, before = found.get(key, (label, 0))
            found[key] = first, before + count
    return [(key, *found[key]) for key in sorted(found)]


def _years(cases: CaseQuerySet, on: date) -> Counted:
    dated = cases.annotate(first=ExtractYear("since_earliest"), last=ExtractYear("since_latest"))
    ranges = [
        (first, last, count)
        for first, last, count in dated.order_by()
        .values("first", "last")
        .annotate(count=Count("pk"))
        .values_list("first", "last", "count")
        if first and last
    ]
    years = sorted({first for first, last, _count in ranges if first == last}, reverse=True)
    return [
        (str(year), str(year), sum(count for first, last, count in ranges if first <= year <= last))
        for year in years
    ]


@dataclass(frozen=True, slots=True)
class Filters(BaseFilters[CaseQuerySet]):
    """The filters and the sort order in a URL of the page of cases. The default is by name."""

    TABLE: ClassVar[tuple[Filter[CaseQuerySet], ...]] = (
        Filter("country", _by_country, gettext_lazy("Country"), _countries),
        Filter("status", _by_status, gettext_lazy("Status"), _statuses),
        Filter("designation", _by_designation, gettext_lazy("Designation"), _designations),
        Filter("year", _by_year, gettext_lazy("First detained in"), _years),
    )

    country: str = ""
    status: str = ""
    year: str = ""
    designation: str = ""
    sort: str = ""

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> "Filters":
        """Read the filters and the sort order. An unknown sort order is ignored."""
        filters = super(Filters, cls).from_query(query)
        return filters if filters.sort.removeprefix("-") in SORTS else replace(filters, sort="")

    def order(self, cases: CaseQuerySet, on: date) -> CaseQuerySet:
        """Return the cases in the chosen order. Unknown values come last in either direction."""
        key = self.sort.removeprefix("-") or "name"
        if key == "name":
            return cases.reverse() if self.sort == "-name" else cases
        cases = _ranked(cases, key, on)
        rank = F("rank").desc if self.sort.startswith("-") else F("rank").asc
        return cases.order_by(rank(nulls_last=True), *BY_NAME)


def title_of(filters: Filters, cases: Iterable[Case], on: date) -> str:
    """Return the title of a list: the designation by which it is filtered, or a general title."""
    if filters.designation == PRISONER_OF_CONSCIENCE:
        return _("Prisoners of conscience")
    first = next(iter(cases), None) if filters.designation else None
    designation = first.designation_on(on) if first else None
    return designation.label if designation else _("Cases we follow")


@dataclass(frozen=True, slots=True)
class Section:
    """The listed cases of one group."""

    group: Group
    entries: list[CaseEntry]


def sections(listed: Iterable[CaseEntry]) -> list[Section]:
    """Return a section for each group that has cases."""
    entries = list(listed)
    found = [
        Section(group, [entry for entry in entries if entry.case.group == group]) for group in Group
    ]
    return [section for section in found if section.entries]


@dataclass(frozen=True, slots=True)
class Column:
    """The header of a column.

    `query` sorts by this column. `order` is the present order in the form of `aria-sort`.
    """

    label: str
    query: str
    order: str


def columns(filters: Filters) -> list[Column]:
    """Return the headers of the columns of the table."""
    sorted_by = (filters.sort or "name").removeprefix("-")
    is_descending = filters.sort.startswith("-")
    heads = []
    for key, label in SORTS.items():
        order = "none"
        if key == sorted_by:
            order = "descending" if is_descending else "ascending"
        next_sort = f"-{key}" if order == "ascending" else key
        heads.append(Column(str(label), replace(filters, sort=next_sort).query(), order))
    return heads


def country_name(code: str) -> str:
    """Return the name of a country, or its code if the name is unknown."""
    return str(countries.name(code) or code)


def _labelled(cases: CaseQuerySet, on: date) -> CaseQuerySet:
    """Annotate cases with the label of the newest designation that is valid on a day."""
    held = Designation.objects.valid().on(on).filter(case=OuterRef("pk"))
    newest = held.order_by(F("since_earliest").desc(nulls_last=True), "-pk").values("label")[:1]
    return cases.annotate(label=Subquery(newest))


def _counted(cases: CaseQuerySet, field: str) -> list[tuple[Any, int]]:
    rows = cases.order_by().values(field).annotate(count=Count("pk"))
    return list(rows.values_list(field, "count"))


def _ranked(cases: CaseQuerySet, key: str, on: date) -> CaseQuerySet:
    """Annotate cases with the rank that sorts them, NULL for an unknown value."""

    def by(field: str, labels: dict[str, Any]) -> CaseQuerySet:
        """Rank by labels that are not in the database. Equal labels have the same rank."""
        order = {label: n for n, label in enumerate(sorted(set(labels.values())))}
        ranks = [
            When(**{field: value}, then=Value(order[label])) for value, label in labels.items()
        ]
        expression = Choose(*ranks, default=None, output_field=IntegerField())
        # PostgreSQL can't sort by a NULL without a type.
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

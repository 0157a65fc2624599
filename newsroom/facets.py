"""Filters of a list as links: read from a URL, applied to rows, counted, and written to links.

The archive and the page of cases each declare their filters as a table of `Filter`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Any, ClassVar, Generic, TypeVar
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.utils.functional import Promise

Rows = TypeVar("Rows", bound="QuerySet[Any]")
Selected = TypeVar("Selected", bound="Filters[Any]")
Counted = Iterable[tuple[str, str, int]]  # value in the URL, label, number of rows


@dataclass(frozen=True, slots=True)
class Filter(Generic[Rows]):
    """One filter of a list.

    `narrow` takes rows, a value and a day, and returns the rows that match the value on that day.
    `choices` returns the values that the rows have, with counts. A filter without `choices` works
    in URLs, but the page has no links for it. Nor has it links for a filter that is `inside` of an
    earlier one, such as months of a year, before one value of that filter is chosen or left.
    """

    name: str
    narrow: Callable[[Rows, str, date], Rows]
    label: str | Promise = ""
    choices: Callable[..., Counted] | None = None
    inside: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """One link of a facet: its label, the number of rows it finds, and the query of its URL."""

    label: str
    count: int
    query: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Facet:
    """One way to narrow a list, with the choices that find at least one row."""

    label: str
    choices: list[Choice]


@dataclass(frozen=True, slots=True)
class Filters(Generic[Rows]):
    """The values of the filters in the query of a URL. An empty value does not filter.

    A subclass declares one field per parameter and a TABLE of filters. The order of the fields is
    the order of parameters in URLs and of narrowing; the order of TABLE is the order on the page.
    A field without a filter, such as the sort order, does not narrow the list. `from_` is the
    parameter `from`.

    An unknown value matches no rows. So does the value of a hidden row: the response must be the
    same for a hidden person and a person who does not exist.
    """

    TABLE: ClassVar[tuple[Filter[Any], ...]] = ()

    @classmethod
    def from_query(cls: type[Selected], query: Mapping[str, str]) -> Selected:
        """Read the filters from the query of a URL."""
        names = [field.name for field in fields(cls)]
        return cls(**{name: query.get(name.rstrip("_"), "").strip() for name in names})

    def __bool__(self) -> bool:
        return any(getattr(self, each.name) for each in self.TABLE)

    def query(self) -> str:
        """Return the filters as the query of a URL, "" if none is set."""
        pairs = [(field.name.rstrip("_"), getattr(self, field.name)) for field in fields(self)]
        return urlencode([(name, value) for name, value in pairs if value])

    def apply(self, rows: Rows, on: date) -> Rows:
        """Return the rows that match all filters on a day."""
        table = {each.name: each for each in self.TABLE}
        for field in fields(self):
            value = getattr(self, field.name)
            if value and field.name in table:
                rows = table[field.name].narrow(rows, value, on)
        return rows

    def facets(self, rows: Rows, on: date, **counting: Any) -> Iterator[Facet]:
        """Yield the facets of the page, with the counts of their choices.

        Each facet counts the rows that match all other filters. The number of queries does not grow
        with the rows. The link of the chosen value clears the filter. `counting` is passed on to
        `choices`.
        """

        def counted(each: Filter[Rows]) -> Counted:
            matching = self.without(each.name).apply(rows, on)
            return each.choices(matching, on, **counting) if each.choices else []

        return self.facets_with(counted)

    def facets_with(self, counted: Callable[[Filter[Rows]], Counted]) -> Iterator[Facet]:
        """Yield the facets of the page. `counted` returns the choices of a filter."""
        narrowed = {""}
        for each in self.TABLE:
            if each.choices is None or each.inside not in narrowed:
                continue
            chosen = getattr(self, each.name)
            choices = [
                Choice(
                    label,
                    count,
                    self._with(each.name, "" if value == chosen else value).query(),
                    value == chosen,
                )
                for value, label, count in counted(each)
            ]
            if chosen or len(choices) == 1:
                narrowed.add(each.name)
            yield Facet(str(each.label), choices)

    def without(self: Selected, name: str) -> Selected:
        """Return all filters but one, as a facet counts its choices."""
        return self._with(name, "")

    def _with(self: Selected, name: str, value: str) -> Selected:
        return replace(self, **{name: value})

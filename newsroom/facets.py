"""Filters of a list as links: read from an address, applied to rows, counted, written to links.

The archive and the page of cases declare their filters in a table of `Filter`.
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
Counted = Iterable[tuple[str, str, int]]  # value in the address, label, number of rows


@dataclass(frozen=True, slots=True)
class Filter(Generic[Rows]):
    """One filter: how it narrows the rows to a value on a day, and the choices among rows.

    Without `choices` it works in an address, and the page offers no links for it.
    """

    name: str
    narrow: Callable[[Rows, str, date], Rows]
    label: str | Promise = ""
    choices: Callable[[Rows, date], Counted] | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """One link of a facet: its label, how many rows it finds, the query it leads to."""

    label: str
    count: int
    query: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Facet:
    """One way to narrow a list, with the choices that would find something."""

    label: str
    choices: list[Choice]


@dataclass(frozen=True, slots=True)
class Filters(Generic[Rows]):
    """What the query of an address asks for; an empty text asks for everything.

    A subclass declares a field for each parameter, in the order of addresses and of narrowing, and
    a table of filters, in the order of the page. A field without a filter, such as the order of a
    list, narrows nothing. `from_` is the parameter `from`.

    A value that names nothing public matches nothing: the answer for a hidden person is the same
    as for a person who does not exist.
    """

    TABLE: ClassVar[tuple[Filter[Any], ...]] = ()

    @classmethod
    def from_query(cls: type[Selected], query: Mapping[str, str]) -> Selected:
        """Read the filters from the query of an address."""
        names = [field.name for field in fields(cls)]
        return cls(**{name: query.get(name.rstrip("_"), "").strip() for name in names})

    def __bool__(self) -> bool:
        return any(getattr(self, each.name) for each in self.TABLE)

    def query(self) -> str:
        """Return the filters as the query of an address, "" where there are none."""
        pairs = [(field.name.rstrip("_"), getattr(self, field.name)) for field in fields(self)]
        return urlencode([(name, value) for name, value in pairs if value])

    def apply(self, rows: Rows, on: date) -> Rows:
        """Narrow rows to those that were asked for, on a day."""
        table = {each.name: each for each in self.TABLE}
        for field in fields(self):
            value = getattr(self, field.name)
            if value and field.name in table:
                rows = table[field.name].narrow(rows, value, on)
        return rows

    def facets(self, rows: Rows, on: date) -> Iterator[Facet]:
        """Yield the filters that a visitor can set or clear from here, each with its counts.

        Each counts what the other filters leave, in a fixed number of queries. The link of the
        choice that is set clears it.
        """
        for each in self.TABLE:
            if each.choices is None:
                continue
            chosen = getattr(self, each.name)
            found = each.choices(self._with(each.name, "").apply(rows, on), on)
            yield Facet(
                str(each.label),
                [
                    Choice(
                        label,
                        count,
                        self._with(each.name, "" if value == chosen else value).query(),
                        value == chosen,
                    )
                    for value, label, count in found
                ],
            )

    def _with(self: Selected, name: str, value: str) -> Selected:
        return replace(self, **{name: value})

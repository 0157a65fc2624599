"""A condition on entries of the index, which both databases evaluate alike."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import BooleanField, Case, F, Func, IntegerField, Value, When

from releases.search.query import Form, Unit
from releases.search.storage import INDEX

TITLE, QUOTATION, STANDFIRST, EVERYTHING = "title", "quotation", "standfirst", "everything"
RANK = {TITLE: 0, QUOTATION: 1, STANDFIRST: 2, EVERYTHING: 3}


@dataclass(frozen=True, slots=True)
class Sought:
    """What an entry has to contain: one form of each unit, or one of `instead`, and none of
    `excluded`.
    """

    wanted: tuple[Unit, ...]
    excluded: tuple[Unit, ...] = ()
    instead: tuple[Form, ...] = ()

    def tsquery(self) -> str:
        """Return it for PostgreSQL. Tokens contain neither quotes nor backslashes."""
        found = " & ".join(_any_of(unit.forms, _tsquery, " | ") for unit in self.wanted)
        if self.instead:
            found = f"({found}) | {_any_of(self.instead, _tsquery, ' | ')}"
        if self.excluded:
            forms = [form for unit in self.excluded for form in unit.forms]
            found = f"({found}) & !{_any_of(forms, _tsquery, ' | ')}"
        return found

    def fts5(self, place: str) -> str:
        """Return it for a column of the FTS5 table on SQLite."""
        found = " AND ".join(_any_of(unit.forms, _fts5, " OR ") for unit in self.wanted)
        if self.instead:
            found = f"({found}) OR {_any_of(self.instead, _fts5, ' OR ')}"
        if self.excluded:
            forms = [form for unit in self.excluded for form in unit.forms]
            found = f"({found}) NOT {_any_of(forms, _fts5, ' OR ')}"
        return f"{{{place}}} : ({found})"


def _any_of(forms: Iterable[Form], written: Any, separator: str) -> str:
    return f"({separator.join(map(written, forms))})"


def _tsquery(form: Form) -> str:
    tokens = " <-> ".join(f"'{token}'" for token in form.tokens)
    return f"({tokens}:*)" if form.prefix else f"({tokens})"


def _fts5(form: Form) -> str:
    tokens = " ".join(form.tokens)
    return f'"{tokens}"*' if form.prefix else f'"{tokens}"'


class Matches(Func):
    """Whether an entry contains what is sought, in one of its places."""

    output_field = BooleanField()
    conditional = True

    def __init__(self, sought: Sought, place: str = EVERYTHING, **extra: Any) -> None:
        self.sought, self.place = sought, place
        super().__init__(F("pk"), F(place), **extra)

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        sql, params = compiler.compile(self.source_expressions[1])
        return f"{sql} @@ %s::tsquery", [*params, self.sought.tsquery()]

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        sql, params = compiler.compile(self.source_expressions[0])
        found = f"SELECT rowid FROM {INDEX} WHERE {INDEX} MATCH %s"  # noqa: S608
        return f"{sql} IN ({found})", [*params, self.sought.fts5(self.place)]


def place_of_match(sought: Sought) -> Case:
    """Return an expression for the best place in which an entry contains all that is sought."""
    whens = [When(Matches(sought, place), then=Value(RANK[place])) for place in RANK]
    return Case(*whens[:-1], default=Value(RANK[EVERYTHING]), output_field=IntegerField())

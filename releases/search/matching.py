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
    since: tuple[Form, ...] = ()  # one of them as well: see releases.search.entries.since

    def written(self, dialect: "Dialect") -> str:
        """Return it as text for a database."""
        forms = [form for unit in self.excluded for form in unit.forms]
        found = dialect.all_of.join(dialect.any_of(unit.forms) for unit in self.wanted)
        if self.instead:
            found = f"({found}){dialect.either}{dialect.any_of(self.instead)}"
        if self.since:
            found = f"({found}){dialect.all_of}{dialect.any_of(self.since)}"
        if forms:
            found = f"({found}){dialect.but_not}{dialect.any_of(forms)}"
        return found


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a database writes what is sought: its operators, and patterns for tokens and forms."""

    all_of: str
    either: str
    but_not: str
    quoted: str
    next_to: str
    form: str
    prefix: str

    def any_of(self, forms: Iterable[Form]) -> str:
        return f"({self.either.join(map(self._written, forms))})"

    def _written(self, form: Form) -> str:
        # Tokens contain neither quotes nor backslashes.
        tokens = self.next_to.join(self.quoted % token for token in form.tokens)
        return (self.prefix if form.prefix else self.form) % tokens


TSQUERY = Dialect(
    all_of=" & ", either=" | ", but_not=" & !",
    quoted="'%s'", next_to=" <-> ", form="(%s)", prefix="(%s:*)",
)  # fmt: skip
FTS5 = Dialect(
    all_of=" AND ", either=" OR ", but_not=" NOT ",
    quoted="%s", next_to=" ", form='"%s"', prefix='"%s"*',
)  # fmt: skip


class Matches(Func):
    """Whether an entry contains what is sought, in one of its places."""

    output_field = BooleanField()
    conditional = True

    def __init__(
        self, sought: Sought, place: str = EVERYTHING, entry: str = "", **extra: Any
    ) -> None:
        """Take what is sought, the place, and the path to the entry from the queried model."""
        self.sought, self.place = sought, place
        super().__init__(F(f"{entry}id"), F(f"{entry}{place}"), **extra)

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        sql, params = compiler.compile(self.source_expressions[1])
        return f"{sql} @@ %s::tsquery", [*params, self.sought.written(TSQUERY)]

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        sql, params = compiler.compile(self.source_expressions[0])
        found = f"SELECT rowid FROM {INDEX} WHERE {INDEX} MATCH %s"  # noqa: S608
        sought = f"{{{self.place}}} : ({self.sought.written(FTS5)})"
        return f"{sql} IN ({found})", [*params, sought]


def place_of_match(sought: Sought, entry: str = "", only_if: Any = None) -> Case:
    """Return an expression for the best place in which an entry contains all that is sought.

    `only_if`: a condition; without it the place is NULL.
    """
    whens = [When(Matches(sought, place, entry), then=Value(RANK[place])) for place in RANK]
    place = Case(*whens[:-1], default=Value(RANK[EVERYTHING]), output_field=IntegerField())
    return place if only_if is None else Case(When(only_if, then=place))

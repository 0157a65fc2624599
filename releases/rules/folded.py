"""Which rows may contain a name: the public words of every row, kept as names are compared.

One row of FoldedText for each row of the table of public texts, derived on every save. The
database finds candidates with it, by the letters of a name; the words themselves decide. A row
without one (stored in bulk, or before this table was there) is always a candidate, until
`manage.py reindex` has read it.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Count, Model, Q

from people.names import letters
from releases.models import FoldedText, Release
from releases.rules.public_texts import TABLES, model_of, table_of, texts_of

# Derived from a release, which folds them with its own words.
WITH_RELEASE = {"releases.quote"}
FOLDED = [table for table in TABLES if table not in WITH_RELEASE]
BATCH = 500  # rows that `reindex` stores at once


def fold(row: Model) -> None:
    """Keep the public words of a row that was just stored."""
    FoldedText.objects.update_or_create(
        table=table_of(row), row=str(row.pk), defaults={"letters": folded(row)}
    )


def drop(row: Model) -> None:
    """Forget the words of a row that was deleted."""
    FoldedText.objects.filter(table=table_of(row), row=str(row.pk)).delete()


def folded(row: Model) -> str:
    """Return the public words of a row as letters; a line for each text."""
    words = list(texts_of(row).values())
    if isinstance(row, Release):
        for quote in row.quotes.all():
            words += texts_of(quote).values()
    return "\n".join(filter(None, map(letters, words)))


def rows_with(names: Iterable[Sequence[str]]) -> dict[str, set[str]]:
    """Return the rows that may contain one of some names, as keys by table.

    Each name is given by its pieces, which all stand in a text that contains it.
    """
    wanted = Q(pk__in=())
    for pieces in names:
        if pieces:
            contains = Q()
            for piece in pieces:
                contains &= Q(letters__contains=piece)
            wanted |= contains
    found: dict[str, set[str]] = {}
    for table, row in FoldedText.objects.filter(wanted).values_list("table", "row"):
        found.setdefault(table, set()).add(row)
    for table, rows in missing().items():
        found.setdefault(table, set()).update(rows)
    return found


def missing() -> dict[str, set[str]]:
    """Return the rows whose words are not kept yet, as keys by table."""
    counted = FoldedText.objects.values_list("table").annotate(Count("pk")).order_by()
    kept: dict[str, int] = dict(counted)
    left = {}
    for table in FOLDED:
        model: Any = model_of(table)
        if model.objects.count() != kept.get(table, 0):
            there = {str(pk) for pk in model.objects.values_list("pk", flat=True)}
            known = FoldedText.objects.filter(table=table).values_list("row", flat=True)
            left[table] = there - set(known)
    return left


def count() -> int:
    """Return how many rows `reindex` reads."""
    return sum(model_of(table)._default_manager.count() for table in FOLDED)


def reindex() -> Iterator[int]:
    """Read every row anew and yield how many were read, a batch at a time.

    A batch is locked while it is read and stored: a save beside it waits, and folds its own text
    afterwards.
    """
    FoldedText.objects.exclude(table__in=FOLDED).delete()
    done = 0
    for table in FOLDED:
        _drop_gone(table)
        model: Any = model_of(table)
        rows, last = model.objects.order_by("pk").select_for_update(of=("self",)), None
        while True:
            with transaction.atomic():
                batch = list(rows.filter(pk__gt=last)[:BATCH] if last else rows[:BATCH])
                _store([_folded_text(table, row) for row in batch])
            done += len(batch)
            yield done
            if len(batch) < BATCH:
                break
            last = batch[-1].pk


def _drop_gone(table: str) -> None:
    """Forget the words of rows that are gone."""
    model: Any = model_of(table)
    kept, last = FoldedText.objects.filter(table=table).order_by("pk"), 0
    while batch := dict(kept.filter(pk__gt=last).values_list("pk", "row")[:BATCH]):
        there = model.objects.filter(pk__in=batch.values()).values_list("pk", flat=True)
        known = {str(pk) for pk in there}
        gone = [pk for pk, row in batch.items() if row not in known]
        FoldedText.objects.filter(pk__in=gone).delete()
        last = max(batch)


def _folded_text(table: str, row: Model) -> FoldedText:
    return FoldedText(table=table, row=str(row.pk), letters=folded(row))


def _store(batch: list[FoldedText]) -> None:
    FoldedText.objects.bulk_create(
        batch, update_conflicts=True, unique_fields=["table", "row"], update_fields=["letters"]
    )

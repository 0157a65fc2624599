"""The index of public texts: which rows may contain a name.

Each row with public texts has one FoldedText row, which is updated on every save. A query finds
candidates by the letters of a name. Then the texts of the candidates are searched. A row without
FoldedText (saved in bulk, or before the index existed) is always a candidate, until
`manage.py reindex` has read it.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Count, Model, Q

from people.names import letters
from releases.models import FoldedText, Release
from releases.rules.public_texts import TABLES, model_of, table_of, texts_of

# Derived from a release, and indexed as a part of it.
WITH_RELEASE = {"releases.quote"}
INDEXED_TABLES = [table for table in TABLES if table not in WITH_RELEASE]
BATCH = 500  # rows that `reindex` saves at once


def index_row(row: Model) -> None:
    """Index the public texts of a row that was just saved."""
    FoldedText.objects.update_or_create(
        table=table_of(row), row=str(row.pk), defaults={"letters": folded_text(row)}
    )


def remove_row(row: Model) -> None:
    """Remove a deleted row from the index."""
    FoldedText.objects.filter(table=table_of(row), row=str(row.pk)).delete()


def folded_text(row: Model) -> str:
    """Return the public texts of a row as letters, separated by newlines."""
    texts = list(texts_of(row).values())
    if isinstance(row, Release):
        for quote in row.quotes.all():
            texts += texts_of(quote).values()
    return "\n".join(filter(None, map(letters, texts)))


def rows_that_may_contain(names: Iterable[Sequence[str]]) -> dict[str, set[str]]:
    """Return the keys of the rows that may contain one of some names, by table.

    Each name is given as a sequence of pieces. A text with the name contains all its pieces.
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
    for table, rows in unindexed_rows().items():
        found.setdefault(table, set()).update(rows)
    return found


def unindexed_rows() -> dict[str, set[str]]:
    """Return the keys of the rows that are not in the index yet, by table."""
    counted = FoldedText.objects.values_list("table").annotate(Count("pk")).order_by()
    kept: dict[str, int] = dict(counted)
    unindexed = {}
    for table in INDEXED_TABLES:
        model: Any = model_of(table)
        if model.objects.count() != kept.get(table, 0):
            existing = {str(pk) for pk in model.objects.values_list("pk", flat=True)}
            known = FoldedText.objects.filter(table=table).values_list("row", flat=True)
            unindexed[table] = existing - set(known)
    return unindexed


def count() -> int:
    """Return the number of rows that `reindex` reads."""
    return sum(model_of(table)._default_manager.count() for table in INDEXED_TABLES)


def reindex() -> Iterator[int]:
    """Index every row again, and yield the number of rows read so far after each batch.

    A batch is locked while it is indexed. A save at the same time waits, and then indexes its own
    text.
    """
    FoldedText.objects.exclude(table__in=INDEXED_TABLES).delete()
    done = 0
    for table in INDEXED_TABLES:
        _remove_deleted(table)
        model: Any = model_of(table)
        rows, last = model.objects.order_by("pk").select_for_update(of=("self",)), None
        while True:
            with transaction.atomic():
                batch = list(rows.filter(pk__gt=last)[:BATCH] if last else rows[:BATCH])
                _store([_index_entry(table, row) for row in batch])
            done += len(batch)
            yield done
            if len(batch) < BATCH:
                break
            last = batch[-1].pk


def _remove_deleted(table: str) -> None:
    """Remove deleted rows from the index."""
    model: Any = model_of(table)
    kept, last = FoldedText.objects.filter(table=table).order_by("pk"), 0
    while batch := dict(kept.filter(pk__gt=last).values_list("pk", "row")[:BATCH]):
        existing = model.objects.filter(pk__in=batch.values()).values_list("pk", flat=True)
        known = {str(pk) for pk in existing}
        deleted = [pk for pk, row in batch.items() if row not in known]
        FoldedText.objects.filter(pk__in=deleted).delete()
        last = max(batch)


def _index_entry(table: str, row: Model) -> FoldedText:
    return FoldedText(table=table, row=str(row.pk), letters=folded_text(row))


def _store(batch: list[FoldedText]) -> None:
    FoldedText.objects.bulk_create(
        batch, update_conflicts=True, unique_fields=["table", "row"], update_fields=["letters"]
    )

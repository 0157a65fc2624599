"""Locks: a column that is derived from other rows is written under a lock on its parent row.

PostgreSQL lets two transactions read the same rows and then write what they derived from them; the
second would overwrite the first without having seen it. SQLite needs no locks: each transaction
begins as a writer there (`transaction_mode` in the settings), so there is only one.

Every transaction takes its locks in this order, so that two never wait for each other:

1. names (`lock_names_for_change`, `lock_names_for_read`),
2. people, 3. cases, 4. pictures, 5. releases; several rows of a kind by primary key,
6. addresses (`lock_slug_choice`).
"""

from typing import TypeVar

from django.db import connection, models

Row = TypeVar("Row", bound=models.Model)

# The first key of our advisory locks on PostgreSQL; `migrate` and `backup` have others.
LOCK_NAMESPACE = 0x50525350
NAMES = 0
ADDRESSES = {"release": 1, "topic": 2}


class NoTransactionError(Exception):
    """A lock was requested outside of a transaction, which would hold it."""

    def __init__(self) -> None:
        super().__init__("A lock lasts as long as its transaction: begin one first.")


def lock_row(row: Row) -> Row:
    """Return a row as it is now, locked until the transaction ends.

    For the order of locks see the head of this module: person before case before picture. Raises
    NoTransactionError outside of a transaction, and DoesNotExist if the row was deleted meanwhile.
    """
    rows = lock_rows(type(row)._base_manager.filter(pk=row.pk))
    if not rows:
        raise type(row).DoesNotExist  # type: ignore[attr-defined]
    return rows[0]


def lock_rows(rows: "models.QuerySet[Row]") -> list[Row]:
    """Return rows of one kind as they are now, locked until the transaction ends, by primary key.

    Raises NoTransactionError outside of a transaction.
    """
    _need_transaction()
    # Other transactions may still add rows that point here: a key stays as it is.
    return list(rows.order_by("pk").select_for_update(of=("self",), no_key=True))


def lock_names_for_change() -> None:
    """Keep others from reading and changing who may be named, until the transaction ends.

    Comes first in every transaction that changes a level, a consent or a name, before any lock on
    a row, and never after `lock_names_for_read`. Raises NoTransactionError outside of a
    transaction.
    """
    _advisory_lock("pg_advisory_xact_lock", NAMES)


def lock_names_for_read() -> None:
    """Keep others from changing who may be named, until the transaction ends; they may read it.

    Comes first in every transaction that checks a text for protected names and publishes it,
    before any lock on a row. Raises NoTransactionError outside of a transaction.
    """
    _advisory_lock("pg_advisory_xact_lock_shared", NAMES)


def lock_slug_choice(kind: str) -> None:
    """Keep others from choosing an address for a `release` or `topic` until the transaction ends.

    Comes last, before the query for free addresses. (People need none: their addresses
    are chosen under `lock_names_for_change`.) Raises NoTransactionError outside of a transaction.
    """
    _advisory_lock("pg_advisory_xact_lock", ADDRESSES[kind])


def _advisory_lock(function: str, key: int) -> None:
    _need_transaction()
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {function}(%s, %s)", [LOCK_NAMESPACE, key])


def _need_transaction() -> None:
    if not connection.in_atomic_block:
        raise NoTransactionError

"""Locks: a column that is derived from other rows is written under a lock on its parent row.

PostgreSQL lets two transactions read the same rows and then write what follows from them; the
second would overwrite the first without having seen it. SQLite needs nothing of this: each
transaction begins as a writer there (`transaction_mode` in the settings), so there is only one.

Every transaction takes its locks in this order, so that no two wait for each other:

1. names (`lock_names_for_change`, `lock_names_for_read`),
2. people, 3. cases, 4. pictures, 5. releases; several rows of a kind by primary key,
6. addresses (`lock_slug_choice`).
"""

from typing import TypeVar

from django.db import connection, models

Row = TypeVar("Row", bound=models.Model)

# The first key of our advisory locks on PostgreSQL; `migrate` and `backup` have others.
SPACE = 0x50525350
NAMES = 0
ADDRESSES = {"release": 1, "topic": 2}


class NoTransaction(Exception):
    """A lock was asked for where no transaction is there to hold it."""

    def __init__(self) -> None:
        super().__init__("A lock lasts as long as its transaction: begin one first.")


def locked(row: Row) -> Row:
    """Return a row as it is now, locked until the transaction ends.

    For the order of locks see the head of this module: person before case before picture. Raises
    NoTransaction outside of a transaction, and DoesNotExist where the row was deleted meanwhile.
    """
    rows = lock_rows(type(row)._base_manager.filter(pk=row.pk))
    if not rows:
        raise type(row).DoesNotExist  # type: ignore[attr-defined]
    return rows[0]


def lock_rows(rows: "models.QuerySet[Row]") -> list[Row]:
    """Return rows of one kind as they are now, locked until the transaction ends, by primary key.

    Raises NoTransaction outside of a transaction.
    """
    _need_transaction()
    # Other transactions may still add rows that point here: a key stays as it is.
    return list(rows.order_by("pk").select_for_update(of=("self",), no_key=True))


def lock_names_for_change() -> None:
    """Let nobody else read or change who may be named, until the transaction ends.

    Comes first in every transaction that changes a level, a consent or a name, before any lock on
    a row, and never after `lock_names_for_read`. Raises NoTransaction outside of a transaction.
    """
    _advisory_lock("pg_advisory_xact_lock", NAMES)


def lock_names_for_read() -> None:
    """Let nobody change who may be named, until the transaction ends; others may read it too.

    Comes first in every transaction that checks a text for protected names and publishes it,
    before any lock on a row. Raises NoTransaction outside of a transaction.
    """
    _advisory_lock("pg_advisory_xact_lock_shared", NAMES)


def lock_slug_choice(kind: str) -> None:
    """Let nobody else choose an address for a `release` or `topic`, until the transaction ends.

    Comes last, before it is asked which addresses are free. (People need none: their addresses
    are chosen under `lock_names_for_change`.) Raises NoTransaction outside of a transaction.
    """
    _advisory_lock("pg_advisory_xact_lock", ADDRESSES[kind])


def _advisory_lock(function: str, key: int) -> None:
    _need_transaction()
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {function}(%s, %s)", [SPACE, key])


def _need_transaction() -> None:
    if not connection.in_atomic_block:
        raise NoTransaction

"""Locks for values that are derived from other rows. Lock the parent row before writing one.

On PostgreSQL, two transactions can read the same rows and then write values derived from them. The
second would overwrite the value of the first without having read its changes. SQLite needs no
locks: each transaction begins as a writer (`transaction_mode` in the settings), so there is only
one at a time.

Every transaction takes its locks in this order, to avoid deadlocks:

1. names (`lock_names_for_change`, `lock_names_for_read`),
2. people, 3. cases, 4. pictures, 5. releases; several rows of a kind by primary key,
6. slugs (`lock_slug_choice`).
"""

from typing import TypeVar

from django.db import connection, models

Row = TypeVar("Row", bound=models.Model)

# The first key of our advisory locks on PostgreSQL. `migrate` and `backup` use other keys.
LOCK_NAMESPACE = 0x50525350
NAMES = 0
ADDRESSES = {"release": 1, "topic": 2}
WORDS = 3


class NoTransactionError(Exception):
    """A lock was requested outside a transaction. Without one, it would be released at once."""

    def __init__(self) -> None:
        super().__init__("A lock lasts as long as its transaction: begin one first.")


def lock_row(row: Row) -> Row:
    """Return the current row, locked until the transaction ends.

    For the order of locks, see the docstring of this module. Raises NoTransactionError outside a
    transaction, and DoesNotExist if the row has been deleted.
    """
    rows = lock_rows(type(row)._base_manager.filter(pk=row.pk))
    if not rows:
        raise type(row).DoesNotExist  # type: ignore[attr-defined]
    return rows[0]


def lock_rows(rows: "models.QuerySet[Row]") -> list[Row]:
    """Return the current rows of one model by primary key, locked until the transaction ends.

    Raises NoTransactionError outside a transaction.
    """
    _need_transaction()
    # no_key: the primary keys do not change, so others may still add rows that refer to them.
    return list(rows.order_by("pk").select_for_update(of=("self",), no_key=True))


def lock_names_for_change() -> None:
    """Block other transactions from reading or changing who may be named, until this one ends.

    Call it first in every transaction that changes a level, a consent or a name, before any lock
    on a row, and never after `lock_names_for_read`. Raises NoTransactionError outside a
    transaction.
    """
    _advisory_lock("pg_advisory_xact_lock", NAMES)


def lock_names_for_read() -> None:
    """Block other transactions from changing who may be named, until this one ends.

    Others may still read it. Call it first in every transaction that checks a text for protected
    names and publishes it, before any lock on a row. Raises NoTransactionError outside a
    transaction.
    """
    _advisory_lock("pg_advisory_xact_lock_shared", NAMES)


def lock_slug_choice(kind: str) -> None:
    """Block other transactions from choosing a slug for a `release` or `topic`.

    The lock is held until this transaction ends. Call it last, before the query for unused slugs.
    People do not need it: their slugs are chosen under `lock_names_for_change`. Raises
    NoTransactionError outside a transaction.
    """
    _advisory_lock("pg_advisory_xact_lock", ADDRESSES[kind])


def try_lock_words() -> bool:
    """Lock the words of the search until this transaction ends, and return whether that worked.

    It never waits: another transaction that holds the lock may wait for a row of this one. Raises
    NoTransactionError outside a transaction.
    """
    _need_transaction()
    if connection.vendor != "postgresql":
        return True
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [LOCK_NAMESPACE, WORDS])
        return cursor.fetchone()[0]


def lock_words() -> None:
    """Lock the words of the search. Only for a transaction that does nothing else.

    Raises NoTransactionError outside a transaction.
    """
    _advisory_lock("pg_advisory_xact_lock", WORDS)


def _advisory_lock(function: str, key: int) -> None:
    _need_transaction()
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {function}(%s, %s)", [LOCK_NAMESPACE, key])


def _need_transaction() -> None:
    if not connection.in_atomic_block:
        raise NoTransactionError

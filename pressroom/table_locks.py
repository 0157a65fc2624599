"""Locks all tables that a migration needs on PostgreSQL, without a deadlock.

In a deadlock, transactions wait for each other in a circle. A transaction that holds no lock while
it waits cannot be in a deadlock. So this transaction only waits for its first table, while it holds
no lock. It tries the other tables again and again without waiting. If a table stays in use, it
releases all of them. Readers queue behind a waiting lock, so both steps together take no longer
than `patience()`.
"""

import re
import time
from collections.abc import Iterable
from typing import Any

from django.db import OperationalError, connections, transaction

CHANGE = "ACCESS EXCLUSIVE"  # of most ALTER TABLE statements; blocks readers and writers
REFER = "SHARE ROW EXCLUSIVE"  # for a new foreign key or index; blocks writers

RETRY_SECONDS = 0.005
UNFORESEEN_LOCK_TIMEOUT = 50  # milliseconds, for a lock that was not taken beforehand
# SQLSTATE codes of PostgreSQL.
LOCK_NOT_AVAILABLE, DEADLOCK_DETECTED = "55P03", "40P01"

_NAME = re.compile(r'"([^"]+)"')
_REFERENCE = re.compile(r'\bREFERENCES "([^"]+)"')
_CHANGED = re.compile(r'\b(?:ALTER|DROP) TABLE (?:IF EXISTS )?(?:ONLY )?"([^"]+)"')
_NEW_INDEX = re.compile(r"\s*CREATE (?:UNIQUE )?INDEX\b")
# These statements may also lock the tables at the other end of a foreign key.
_FAR_REACHING = re.compile(r"\b(?:DROP|TYPE|RENAME)\b")


class TableInUseError(Exception):
    """A table that a migration needs was in use for too long. `users` describes who uses it."""

    def __init__(self, table: str, users: str) -> None:
        super().__init__(table)
        self.table, self.users = table, users


def is_busy(problem: OperationalError) -> bool:
    """Return whether a statement failed only because a table was in use."""
    return getattr(problem.__cause__, "sqlstate", "") in (LOCK_NOT_AVAILABLE, DEADLOCK_DETECTED)


def patience(alias: str) -> float:
    """Return for how many seconds one attempt may block readers.

    It is half of the time after which the server looks for deadlocks, and half a second at most.
    """
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT setting::int FROM pg_settings WHERE name = 'deadlock_timeout'")
        return min(cursor.fetchone()[0] / 1000 / 2, 0.5)


def tables_to_lock(alias: str, statements: Iterable[str]) -> dict[str, str]:
    """Return the existing tables that statements will lock, each with the mode of its lock.

    It may return too many, because other names can look like a table. An unneeded lock is short.
    """
    changed: set[str] = set()
    referred: set[str] = set()
    with connections[alias].cursor() as cursor:
        owners = _owners(cursor)
        for statement in statements:
            named = {owners[name] for name in _NAME.findall(statement) if name in owners}
            weaker = set(_REFERENCE.findall(statement)) - set(_CHANGED.findall(statement))
            if _NEW_INDEX.match(statement):
                weaker = named
            elif _FAR_REACHING.search(statement):
                named |= _neighbours(cursor, named)
                weaker = set()
            changed |= named - weaker
            referred |= named & weaker
    return dict.fromkeys(sorted(referred), REFER) | dict.fromkeys(sorted(changed), CHANGE)


def lock_tables(alias: str, tables: dict[str, str], seconds: float, before: str = "") -> None:
    """Lock tables in the open transaction, within `seconds`.

    `before` is the table that was in use at the last attempt. This attempt waits for it first.
    Raises TableInUseError. Then some tables are locked, and the caller must roll back.
    """
    connection = connections[alias]
    deadline = time.monotonic() + seconds
    # Then tables that are changed: their locks are the hardest to get.
    order = sorted(tables, key=lambda name: (name != before, tables[name] != CHANGE, name))
    with connection.cursor() as cursor:
        for number, table in enumerate(order):
            lock = f"LOCK TABLE {connection.ops.quote_name(table)} IN {tables[table]} MODE"
            if number == 0:
                _wait_at_most(cursor, int(seconds * 1000 / 2))
                if not _locked(alias, cursor, lock):
                    raise TableInUseError(table, users_of(alias, table))
                continue
            while not _locked(alias, cursor, f"{lock} NOWAIT"):
                if time.monotonic() > deadline:
                    raise TableInUseError(table, users_of(alias, table))
                time.sleep(RETRY_SECONDS)
        _wait_at_most(cursor, UNFORESEEN_LOCK_TIMEOUT)


def users_of(alias: str, table: str) -> str:
    """Return a text about the processes with a lock on a table, without their queries."""
    with connections[alias].cursor() as cursor:
        cursor.execute(
            """
            SELECT DISTINCT pid, backend_type, coalesce(usename, ''), coalesce(state, ''),
                   extract(epoch FROM clock_timestamp() - coalesce(xact_start, backend_start))::int
            FROM pg_locks JOIN pg_stat_activity USING (pid)
            WHERE locktype = 'relation' AND granted AND pid <> pg_backend_pid()
              AND pg_stat_activity.datname = current_database()
              AND relation = to_regclass(quote_ident(%s))
            ORDER BY 5 DESC LIMIT 3
            """,
            [table],
        )
        found = [
            f"process {pid} ({', '.join(filter(None, [user or kind, state]))}) for {seconds} s"
            for pid, kind, user, state, seconds in cursor.fetchall()
        ]
    return " and ".join(found)


def _locked(alias: str, cursor: Any, lock: str) -> bool:
    try:
        with transaction.atomic(using=alias):
            cursor.execute(lock)
    except OperationalError as problem:
        if is_busy(problem):
            return False
        raise
    return True


def _wait_at_most(cursor: Any, milliseconds: int) -> None:
    cursor.execute(f"SET LOCAL lock_timeout = {max(milliseconds, 1)}")


def _owners(cursor: Any) -> dict[str, str]:
    """Return the name of every table and index, with the table that it belongs to."""
    cursor.execute(
        """
        SELECT relname, relname FROM pg_class
        WHERE relkind IN ('r', 'p') AND pg_table_is_visible(oid)
          AND relnamespace <> 'pg_catalog'::regnamespace
        UNION ALL
        SELECT i.relname, t.relname FROM pg_index
        JOIN pg_class i ON i.oid = indexrelid JOIN pg_class t ON t.oid = indrelid
        WHERE pg_table_is_visible(t.oid) AND t.relnamespace <> 'pg_catalog'::regnamespace
        """
    )
    return dict(cursor.fetchall())


def _neighbours(cursor: Any, tables: set[str]) -> set[str]:
    """Return the tables at the other end of every foreign key from or to these tables."""
    cursor.execute(
        """
        SELECT a.relname, b.relname FROM pg_constraint
        JOIN pg_class a ON a.oid = conrelid JOIN pg_class b ON b.oid = confrelid
        WHERE contype = 'f'
        """
    )
    return {name for pair in cursor.fetchall() if tables & set(pair) for name in pair}

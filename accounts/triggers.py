"""Triggers that make the record of access append-only in the database itself.

`migrate` creates missing ones each time, because a migration that rebuilds the table on SQLite
drops them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.apps import AppConfig
from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from accounts.models import AccessEvent, DeletionPass

SENTENCE = "The record of access is append-only."
TABLE, PASSES = AccessEvent._meta.db_table, DeletionPass._meta.db_table
REFUSE = "accounts_record_refuse"  # the function and the trigger on PostgreSQL
SQLITE = {
    "accounts_record_update": (
        f"CREATE TRIGGER accounts_record_update BEFORE UPDATE ON {TABLE} "
        f"BEGIN SELECT RAISE(ABORT, '{SENTENCE}'); END"
    ),
    "accounts_record_delete": (
        f"CREATE TRIGGER accounts_record_delete BEFORE DELETE ON {TABLE} "  # noqa: S608
        f"WHEN NOT EXISTS (SELECT 1 FROM {PASSES}) BEGIN SELECT RAISE(ABORT, '{SENTENCE}'); END"
    ),
    # SQLite runs no trigger for the row that INSERT OR REPLACE deletes. For a row without a key,
    # `NEW.id` is not positive here.
    "accounts_record_replace": (
        f"CREATE TRIGGER accounts_record_replace BEFORE INSERT ON {TABLE} "  # noqa: S608
        f"WHEN NEW.id > 0 AND EXISTS (SELECT 1 FROM {TABLE} WHERE id = NEW.id) "
        f"BEGIN SELECT RAISE(ABORT, '{SENTENCE}'); END"
    ),
}
FUNCTION = f"""
CREATE OR REPLACE FUNCTION {REFUSE}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND EXISTS (SELECT 1 FROM {PASSES}) THEN RETURN OLD; END IF;
    RAISE EXCEPTION '{SENTENCE}';
END $$
"""  # noqa: S608
TRIGGER = (
    f"CREATE OR REPLACE TRIGGER {REFUSE} BEFORE UPDATE OR DELETE ON {TABLE} "
    f"FOR EACH ROW EXECUTE FUNCTION {REFUSE}()"
)
# Whether the trigger is there and enabled. Creating it again would wait for everybody who writes.
IS_ENABLED = (
    "SELECT 1 FROM pg_trigger WHERE tgname = %s AND tgrelid = %s::regclass AND tgenabled = 'O'"
)


def install(app_config: AppConfig | None = None, *, using: str = "default", **signal: Any) -> None:
    """Create the triggers that are missing, if the tables exist."""
    connection = connections[using]
    if not {TABLE, PASSES} <= set(connection.introspection.table_names()):
        return
    with transaction.atomic(using=using), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(FUNCTION)
            cursor.execute(IS_ENABLED, [REFUSE, TABLE])
            if cursor.fetchone() is None:
                cursor.execute(TRIGGER)
            return
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        stored = dict(cursor.fetchall())
        for name, statement in SQLITE.items():
            if stored.get(name) != statement:
                cursor.execute(f"DROP TRIGGER IF EXISTS {name}")
                cursor.execute(statement)


def removal(connection: BaseDatabaseWrapper) -> list[str]:
    """Return the statements that remove the triggers, for `flush`, which empties all tables."""
    if connection.vendor == "postgresql":  # TRUNCATE does not run them
        return []
    return [f"DROP TRIGGER IF EXISTS {name}" for name in SQLITE]


@contextmanager
def deletion_allowed() -> Iterator[None]:
    """Let this transaction delete events of the record, until the block ends."""
    with transaction.atomic():
        row = DeletionPass.objects.create()
        yield
        row.delete()

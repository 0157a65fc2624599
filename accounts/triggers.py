"""Triggers that make the record of access append-only in the database itself.

`migrate` creates them again each time, because a migration that rebuilds the table on SQLite drops
them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.apps import AppConfig
from django.db import connections, transaction

from accounts.models import AccessEvent, DeletionPass

SENTENCE = "The record of access is append-only."
# On PostgreSQL, the trigger and its function have the same name.
NAMES = ["accounts_record_update", "accounts_record_delete", "accounts_record_refuse"]
SQLITE = [
    "DROP TRIGGER IF EXISTS accounts_record_update",
    "DROP TRIGGER IF EXISTS accounts_record_delete",
    "CREATE TRIGGER accounts_record_update BEFORE UPDATE ON {table} "
    "BEGIN SELECT RAISE(ABORT, '{sentence}'); END",
    "CREATE TRIGGER accounts_record_delete BEFORE DELETE ON {table} "
    "WHEN NOT EXISTS (SELECT 1 FROM {passes}) BEGIN SELECT RAISE(ABORT, '{sentence}'); END",
]
POSTGRESQL = [
    """
CREATE OR REPLACE FUNCTION accounts_record_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND EXISTS (SELECT 1 FROM {passes}) THEN RETURN OLD; END IF;
    RAISE EXCEPTION '{sentence}';
END $$;
CREATE OR REPLACE TRIGGER accounts_record_refuse BEFORE UPDATE OR DELETE ON {table}
FOR EACH ROW EXECUTE FUNCTION accounts_record_refuse();
"""
]


def install(app_config: AppConfig | None = None, *, using: str = "default", **signal: Any) -> None:
    """Create the triggers, if the tables exist."""
    connection = connections[using]
    table, passes = AccessEvent._meta.db_table, DeletionPass._meta.db_table
    if not {table, passes} <= set(connection.introspection.table_names()):
        return
    statements = POSTGRESQL if connection.vendor == "postgresql" else SQLITE
    with transaction.atomic(using=using), connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement.format(table=table, passes=passes, sentence=SENTENCE))


@contextmanager
def deletion_allowed() -> Iterator[None]:
    """Let this transaction delete events of the record, until the block ends."""
    with transaction.atomic():
        row = DeletionPass.objects.create()
        yield
        row.delete()

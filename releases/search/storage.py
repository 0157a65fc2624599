"""The full-text indexes of both databases, which Django's models cannot describe.

`migrate` creates missing ones each time, because a migration that rebuilds the table on SQLite
drops its triggers.
"""

from typing import Any

from django.apps import AppConfig
from django.db import connections, transaction

from releases.models import SearchEntry

TABLE = SearchEntry._meta.db_table
INDEX = "releases_searchindex"  # the FTS5 table on SQLite; its rows have the keys of the entries
PLACES = ("title", "quotation", "standfirst", "everything")
_COLUMNS = ", ".join(PLACES)
_NEW, _OLD = (", ".join(f"{row}.{place}" for place in PLACES) for row in ("new", "old"))
_ADD = f"INSERT INTO {INDEX}(rowid, {_COLUMNS}) VALUES (new.id, {_NEW});"  # noqa: S608
_REMOVE = f"INSERT INTO {INDEX}({INDEX}, rowid, {_COLUMNS}) VALUES ('delete', old.id, {_OLD});"  # noqa: S608
FTS5 = (
    f"CREATE VIRTUAL TABLE {INDEX} USING fts5({_COLUMNS}, content='{TABLE}', content_rowid='id', "
    "tokenize='ascii', prefix='1 2 3')"
)
TRIGGERS = {
    f"{INDEX}_insert": f"AFTER INSERT ON {TABLE} BEGIN {_ADD} END",
    f"{INDEX}_delete": f"AFTER DELETE ON {TABLE} BEGIN {_REMOVE} END",
    f"{INDEX}_update": f"AFTER UPDATE OF {_COLUMNS} ON {TABLE} BEGIN {_REMOVE} {_ADD} END",
}
# One index for each kind, because a search asks for one kind. Those of people, topics and files
# are small, and share one.
_LARGE = (SearchEntry.Kind.RELEASE, SearchEntry.Kind.QUOTATION)
GIN = {
    f"searchentry_{'_'.join(map(str, kinds))}_{place}": (
        f"ON {TABLE} USING gin ({place}) WHERE kind IN ({', '.join(map(str, kinds))})"
    )
    for kinds, place in (
        *(((kind.value,), "everything") for kind in _LARGE),
        ((SearchEntry.Kind.RELEASE.value,), "title"),
        (tuple(kind.value for kind in SearchEntry.Kind if kind not in _LARGE), "everything"),
    )
}  # fmt: skip


def install(app_config: AppConfig | None = None, *, using: str = "default", **signal: Any) -> None:
    """Create the indexes and triggers that are missing, if the table exists."""
    connection = connections[using]
    if TABLE not in connection.introspection.table_names():
        return
    with transaction.atomic(using=using), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            for name, rest in GIN.items():
                cursor.execute(f"CREATE INDEX IF NOT EXISTS {name} {rest}")
            return
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type IN ('table', 'trigger')")
        stored = dict(cursor.fetchall())
        wanted = {INDEX: FTS5} | {
            name: f"CREATE TRIGGER {name} {rest}" for name, rest in TRIGGERS.items()
        }
        if all(stored.get(name) == statement for name, statement in wanted.items()):
            return
        for name in TRIGGERS:
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}")
        cursor.execute(f"DROP TABLE IF EXISTS {INDEX}")
        for statement in wanted.values():
            cursor.execute(statement)
        cursor.execute(f"INSERT INTO {INDEX}({INDEX}) VALUES ('rebuild')")  # noqa: S608

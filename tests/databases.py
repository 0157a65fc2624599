"""The database of the suite: migrated once, copied for each worker, restored after each test.

The migrated database is kept as a file in `var/` or as a database of the server. Its name contains
a digest of the migrations and models, so a second run migrates nothing.
"""

import fcntl
import hashlib
import inspect
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import django
from django.apps import apps
from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models.signals import post_migrate
from django.test import TransactionTestCase
from psycopg.sql import SQL, Identifier, Literal

FOLDER = Path(settings.BASE_DIR) / "var" / "tests"
MAX_RESTORE_SECONDS = 20  # a thread of a test may still use the database for so long


@contextmanager
def of_this_worker(name: str, *, anew: bool) -> Iterator[Callable[[], None]]:
    """Let Django use a copy of the migrated database, and yield a function that restores it."""
    original = connection.settings_dict["NAME"]
    database = (_Sqlite if connection.vendor == "sqlite" else _PostgreSQL)(name)
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / f"{connection.vendor}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the first worker migrates, the others wait for it
        database.make_template(anew)
    database.copy()
    _use(name)

    def restore(_case: TransactionTestCase | None = None) -> None:
        database.restore()
        ContentType.objects.clear_cache()

    flush = TransactionTestCase._fixture_teardown
    TransactionTestCase._fixture_teardown = restore
    yield restore
    TransactionTestCase._fixture_teardown = flush
    _use(original)
    database.drop()


def digest() -> str:
    """Return a digest of everything that determines the content of a migrated database."""
    files = set((Path(settings.BASE_DIR) / "pressroom").rglob("migrat*.py"))
    for app in apps.get_app_configs():
        files |= set(Path(app.path, "migrations").glob("*.py"))
    # These receivers create content types, permissions and groups.
    files |= {Path(inspect.getfile(receiver)) for receiver in post_migrate._live_receivers(None)[0]}
    models = [
        (model._meta.label, model._meta.verbose_name, model._meta.default_permissions,
         model._meta.permissions)
        for model in apps.get_models(include_auto_created=True)
    ]  # fmt: skip
    known = hashlib.sha256(f"{django.__version__} {models}".encode())
    for file in sorted(files):
        known.update(file.read_bytes())
    return known.hexdigest()[:16]


def _use(name: str) -> None:
    connection.close()
    settings.DATABASES["default"]["NAME"] = connection.settings_dict["NAME"] = name


def _migrate(name: str) -> None:
    _use(name)
    call_command("migrate", interactive=False, verbosity=0)
    connection.close()


class _Sqlite:
    def __init__(self, name: str) -> None:
        self.file = Path(name)
        self.template = FOLDER / f"{digest()}.sqlite3"

    def make_template(self, anew: bool) -> None:
        if self.template.exists() and not anew:
            return
        unfinished = FOLDER / "unfinished.sqlite3"
        for old in FOLDER.glob("*.sqlite3*"):
            old.unlink()
        _migrate(str(unfinished))
        unfinished.rename(self.template)

    def copy(self) -> None:
        shutil.copyfile(self.template, self.file)

    def restore(self) -> None:
        deadline = time.monotonic() + MAX_RESTORE_SECONDS

        def give_up(status: int, remaining: int, total: int) -> None:
            if remaining and time.monotonic() > deadline:
                raise TimeoutError("Something still writes to the database of the test.")

        connection.ensure_connection()
        with closing(sqlite3.connect(f"file:{self.template}?immutable=1", uri=True)) as template:
            template.backup(connection.connection, progress=give_up, sleep=0.01)

    def drop(self) -> None:
        for file in self.file.parent.glob(f"{self.file.name}*"):
            file.unlink()


class _PostgreSQL:
    def __init__(self, name: str) -> None:
        self.name = name
        self.prefix = f"{connection.settings_dict['NAME']}_template_"
        self.template = f"{self.prefix}{digest()}"
        self.rows: dict[str, bytes] = {}

    def make_template(self, anew: bool) -> None:
        old = self._databases()
        if self.template in old and not anew:
            return
        for each in old:
            self._run(f'DROP DATABASE "{each}" WITH (FORCE)')
        unfinished = f"{self.prefix}new"
        self._run(f'CREATE DATABASE "{unfinished}"')
        _migrate(unfinished)
        self._run(f'ALTER DATABASE "{unfinished}" RENAME TO "{self.template}"')

    def copy(self) -> None:
        self._run(f'DROP DATABASE IF EXISTS "{self.name}" WITH (FORCE)')
        self._run(f'CREATE DATABASE "{self.name}" TEMPLATE "{self.template}"')
        _use(self.name)
        self._remember()

    def restore(self) -> None:
        """Restore only the tables that changed. Truncating all of them takes a second."""
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = '{MAX_RESTORE_SECONDS}s'")
            now = self._digests(cursor)
            changed = [table for table, digest in self.before.items() if now[table] != digest]
            # The triggers of the record of access let its rows be deleted next to such a row.
            cursor.execute("INSERT INTO accounts_deletionpass DEFAULT VALUES")
            # Foreign keys are checked at the end of the transaction, so the order does not matter.
            passes = "accounts_deletionpass"  # last: without it, the triggers refuse
            for table in [*(each for each in changed if each != passes), passes]:
                cursor.execute(SQL("DELETE FROM {}").format(Identifier(table)))
            for table in changed:
                if rows := self.rows.get(table):
                    with cursor.copy(SQL("COPY {} FROM STDIN").format(Identifier(table))) as copy:
                        copy.write(rows)

    def _remember(self) -> None:
        with connection.cursor() as cursor:
            tables = connection.introspection.table_names(cursor)
            one = SQL("SELECT {}, md5(string_agg(t::text, ',' ORDER BY t::text)) FROM {} t")
            self.digests_of = SQL(" UNION ALL ").join(
                one.format(Literal(table), Identifier(table)) for table in tables
            )
            self.before = self._digests(cursor)
            for table, digest in self.before.items():
                if digest is not None:
                    with cursor.copy(SQL("COPY {} TO STDOUT").format(Identifier(table))) as copy:
                        self.rows[table] = b"".join(copy)

    def _digests(self, cursor) -> dict[str, str | None]:
        """Return a digest of the rows of each table, or None if it is empty."""
        cursor.execute(self.digests_of)
        return dict(cursor.fetchall())

    def drop(self) -> None:
        self._run(f'DROP DATABASE IF EXISTS "{self.name}" WITH (FORCE)')

    def _databases(self) -> list[str]:
        with connection._nodb_cursor() as cursor:
            cursor.execute(
                "SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [self.prefix]
            )
            return [name for (name,) in cursor.fetchall()]

    def _run(self, statement: str) -> None:
        with connection._nodb_cursor() as cursor:
            cursor.execute(statement)

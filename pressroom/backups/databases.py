# Above 450 lines because snapshot, dump, verification and restore belong together.
"""Snapshot, dump, verification and restore of a database, for SQLite and PostgreSQL."""

import os
import re
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

import environ
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import Error, OperationalError, connection, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.loader import MigrationLoader
from django.utils.translation import gettext as _

from pressroom.backups.contents import BackupError, lock_folder

# Tables that are backed up without rows. Anybody who has a session key is signed in with it.
LEFT_OUT = (Session._meta.db_table,)
SCRATCH, SCRATCH_MARK = "backup_scratch", "Scratch database of manage.py backup; safe to drop."
LOCK_WAIT = 60  # seconds
LOCK = "pressroom_restore"


@contextmanager
def snapshot() -> Iterator[None]:
    """Let the block read the database as of one moment, without blocking writers."""
    database = cast(Any, connection)
    if connection.vendor == "postgresql":
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            cursor.execute("SELECT 1")
            yield
        return
    mode, database.transaction_mode = database.transaction_mode, "DEFERRED"  # takes no write lock
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM sqlite_master LIMIT 1")
            yield
    finally:
        database.transaction_mode = mode


def dump(path: Path) -> None:
    """Write the database to a file, as of the `snapshot()` around this call.

    Raises BackupError.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_export_snapshot()")
            (exported,) = cursor.fetchone()
        _run(
            "pg_dump", "--format=custom", "--no-owner", "--no-privileges", "--no-password",
            f"--snapshot={exported}", f"--lock-wait-timeout={LOCK_WAIT}s", f"--file={path}",
            *(f"--exclude-table-data={table}" for table in LEFT_OUT),
        )  # fmt: skip
        return
    with closing(sqlite3.connect(path, isolation_level=None)) as copy:
        connection.connection.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")  # a single file, without a WAL
        copy.execute("PRAGMA secure_delete = ON")
        for table in LEFT_OUT:
            copy.execute(f'DELETE FROM "{table}"')  # noqa: S608


def server_version() -> str:
    """Return the version of the database server, or of the SQLite library."""
    if connection.vendor == "sqlite":
        return sqlite3.sqlite_version
    return f"{_postgres_major()}.{cast(Any, connection).pg_version % 10000}"


def row_counts(database: BaseDatabaseWrapper) -> dict[str, int]:
    """Return the number of rows of each table that is backed up."""
    with database.cursor() as cursor:
        names = sorted(set(tables(database)) - set(LEFT_OUT))
        return {name: count(cursor, connection.ops.quote_name(name)) for name in names}


# Views, foreign tables and tables of extensions have no rows in a backup.
TABLES = """
    SELECT c.relname FROM pg_class c
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND pg_table_is_visible(c.oid)
    AND c.relnamespace::regnamespace::text NOT IN ('pg_catalog', 'information_schema')
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass
                    AND d.objid = c.oid AND d.deptype = 'e')
    """


def tables(database: BaseDatabaseWrapper) -> list[str]:
    """Return the names of the tables of a database."""
    with database.cursor() as cursor:
        if database.vendor == "sqlite":
            return database.introspection.table_names(cursor)
        cursor.execute(TABLES)
        return [name for (name,) in cursor.fetchall()]


def applied_migrations(database: BaseDatabaseWrapper) -> set[tuple[str, str]]:
    """Return the applied migrations of a database, except those unknown to this version."""
    with database.cursor() as cursor:
        if "django_migrations" not in database.introspection.table_names(cursor):
            return set()
        cursor.execute("SELECT app, name FROM django_migrations")
        return known_migrations() & set(cursor.fetchall())


def current_migrations() -> set[tuple[str, str]]:
    """Return all migrations of this version."""
    return set(MigrationLoader(None, ignore_no_migrations=True).graph.nodes)


def known_migrations() -> set[tuple[str, str]]:
    """Return all migrations of this version, and those that they replace."""
    loader = MigrationLoader(None, ignore_no_migrations=True)
    replaced = [
        pair for migration in loader.disk_migrations.values() for pair in migration.replaces
    ]
    return {*loader.disk_migrations, *map(tuple, replaced)}  # type: ignore[arg-type]


def error_message(problem: Exception) -> str:
    """Return a message for the operator about a database error."""
    reason = " ".join(str(problem).split())
    if isinstance(problem, OperationalError) and connection.connection is None:
        return _(
            "The database can’t be reached (%(reason)s). Check DATABASE_URL, and that the server "
            "is running."
        ) % {"reason": reason}
    return _("The database failed: %(reason)s") % {"reason": reason}


@contextmanager
def only_restore() -> Iterator[None]:
    """Prevent other restores of this site until the end of the block or of this process.

    Raises BackupError if one is running. On PostgreSQL, the lock has its own connection, because
    the default connection is closed during a restore.
    """
    if connection.vendor == "sqlite":
        folder = Path(str(connection.settings_dict["NAME"])).absolute().parent
        busy = _(
            "Another restore or a backup is running in %(folder)s. Wait until it has finished."
        ) % {"folder": folder}
        with lock_folder(folder, busy):
            yield
        return
    database = connection.copy(alias=LOCK)
    with closing(database):
        # A transaction-level lock also works through a connection pooler.
        database.set_autocommit(False)
        with database.cursor() as cursor:
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
            cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [LOCK])
            if not cursor.fetchone()[0]:
                raise BackupError(
                    _("Another restore of this site is running. Wait until it has finished.")
                )
        yield


# --- Restore -----------------------------------------------------------------------------------


def load_postgres(path: Path, alias: str = "default") -> None:
    """Replace all tables of a PostgreSQL database with those of a dump.

    Call it within a transaction. It executes the script that pg_restore prints on Django's
    connection. So the caller's changes are committed together with it, and psql commands in the
    dump are never run. Raises BackupError.
    """
    database = cast(Any, connections[alias])
    with database.cursor() as cursor:
        # DROP TABLE waits for current readers, and new readers wait for DROP TABLE.
        cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_WAIT // 6}s'")
        clear(alias)
        cursor.execute("SET LOCAL lock_timeout = 0")
        cursor.execute(_beginning(path))
        with _restore(path, "data") as lines:
            for line in lines:
                if line.startswith(b"COPY "):
                    _copy(cursor, line, lines)
                elif line.strip() and not line.startswith((b"--", b"\\")):
                    cursor.execute(_supported(line).decode())
        cursor.execute(_script(path, "post-data"))
        cursor.execute("RESET search_path")


def clear(alias: str = "default") -> None:
    """Drop every table of a PostgreSQL database, and all objects that depend on one."""
    database = connections[alias]
    if found := tables(database):
        names = ", ".join(map(database.ops.quote_name, sorted(found)))
        with database.cursor() as cursor:
            cursor.execute(f"DROP TABLE {names} CASCADE")


def load_sqlite(prepared: Path) -> None:
    """Replace the contents of the site's database file. A crash leaves the old contents.

    It uses SQLite's backup API, so that processes that have the file open see the new contents.
    Raises BackupError if the file could not be written.
    """
    connection.close()
    name = str(connection.settings_dict["NAME"])
    with (
        closing(sqlite3.connect(prepared, isolation_level=None)) as source,
        closing(sqlite3.connect(name, isolation_level=None, timeout=LOCK_WAIT / 6)) as target,
    ):
        try:
            target.execute("PRAGMA journal_mode = WAL")
            target.execute("BEGIN IMMEDIATE")  # fails if locked; backup() would retry for ever
            target.execute("ROLLBACK")
            source.backup(target)
        except sqlite3.Error as problem:
            raise BackupError(
                _(
                    "The database %(name)s could not be written (%(reason)s). Stop the site and "
                    "everything else that uses the database, and restore again. The database was "
                    "not changed."
                )
                % {"name": name, "reason": problem}
            ) from problem


@contextmanager
def opened(alias: str, **differs: Any) -> Iterator[BaseDatabaseWrapper]:
    """Open a connection under another alias: with the site's settings, updated with `differs`."""
    # From the connection: in tests, only the connection has the name of the test database.
    connections.databases[alias] = deepcopy(connection.settings_dict) | differs
    try:
        yield connections[alias]
    finally:
        connections[alias].close()
        del connections[alias], connections.databases[alias]


# --- Verification in a scratch database --------------------------------------------------------


def refuse_verification() -> None:
    """Raise BackupError if no scratch database is available for the verification."""
    if connection.vendor == "sqlite":
        return
    if settings.SCRATCH_DATABASE_URL:
        with _scratch_of_setting():
            return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT rolname, rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user"
        )
        role, may_create = cursor.fetchone()
    if not may_create:
        raise BackupError(
            _(
                "The database user %(role)s may not create the scratch database in which a backup "
                'is checked. Allow it (ALTER ROLE "%(role)s" CREATEDB), set SCRATCH_DATABASE_URL '
                "to an empty database, or skip the check with --no-verify."
            )
            % {"role": role}
        )


def verify(path: Path, rows: dict[str, int], migrations: set[tuple[str, str]]) -> None:
    """Check that a dump has all rows and migrations. Raises BackupError if not.

    A dump of PostgreSQL is restored into a scratch database for this.
    """
    if connection.vendor == "sqlite":
        address = f"file:{quote(str(path.resolve()))}?mode=ro&immutable=1"
        with closing(sqlite3.connect(address, uri=True)) as copy:
            (state,) = copy.execute("PRAGMA integrity_check").fetchone()
            if state != "ok":
                raise BackupError(
                    _("The copy of the database is damaged: %(state)s") % {"state": state}
                )
            _compare(copy.cursor(), rows, migrations)
        return
    scratch = _scratch_of_setting if settings.SCRATCH_DATABASE_URL else _new_scratch
    # One transaction that is rolled back: the scratch database stays empty, even after a crash.
    with scratch() as database, transaction.atomic(using=SCRATCH), database.cursor() as cursor:
        try:
            load_postgres(path, SCRATCH)
        except Error as problem:
            raise BackupError(
                _("The dump can’t be restored: %(reason)s") % {"reason": problem}
            ) from problem
        _compare(cursor, rows, migrations)
        transaction.set_rollback(True, using=SCRATCH)


@contextmanager
def _scratch_of_setting() -> Iterator[BaseDatabaseWrapper]:
    url = environ.Env.db_url_config(settings.SCRATCH_DATABASE_URL)
    if url.get("ENGINE") != "django.db.backends.postgresql":
        raise BackupError(_("SCRATCH_DATABASE_URL does not name a PostgreSQL database."))
    differs = {key: url.get(key) or "" for key in ("NAME", "USER", "PASSWORD", "HOST", "PORT")}
    with opened(SCRATCH, **differs, OPTIONS=url.get("OPTIONS", {})) as database:
        try:
            found = tables(database)
        except Error as problem:
            raise BackupError(
                _("SCRATCH_DATABASE_URL can’t be used: %(reason)s") % {"reason": problem}
            ) from problem
        if found:
            raise BackupError(
                _(
                    "The database %(name)s of SCRATCH_DATABASE_URL is not empty (it has a table "
                    "%(table)s). Use an empty database."
                )
                % {"name": differs["NAME"], "table": min(found)}
            )
        yield database


def _is_empty(name: str) -> bool:
    with opened(SCRATCH, NAME=name) as database:
        return not tables(database)


@contextmanager
def _new_scratch() -> Iterator[BaseDatabaseWrapper]:
    name = f"{connection.settings_dict['NAME'][:40]}_{SCRATCH}"
    quoted = connection.ops.quote_name(name)
    with connection.cursor() as cursor:
        try:
            cursor.execute(
                "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s",
                [name],
            )
            if left := cursor.fetchone():
                # A backup that was killed before it could comment leaves an empty database.
                if left[0] != SCRATCH_MARK and not _is_empty(name):
                    raise BackupError(
                        _(
                            "There is already a database %(name)s that no backup created. Rename "
                            "it, or set SCRATCH_DATABASE_URL."
                        )
                        % {"name": name}
                    )
                cursor.execute(f"DROP DATABASE {quoted}")
            cursor.execute(f"CREATE DATABASE {quoted} TEMPLATE template0 ENCODING 'UTF8'")
            cursor.execute(f"COMMENT ON DATABASE {quoted} IS '{SCRATCH_MARK}'")
        except Error as problem:
            raise BackupError(
                _("The scratch database could not be created: %(reason)s") % {"reason": problem}
            ) from problem
        try:
            with opened(SCRATCH, NAME=name) as database:
                yield database
        finally:
            cursor.execute(f"DROP DATABASE {quoted}")


def _compare(cursor: Any, rows: dict[str, int], migrations: set[tuple[str, str]]) -> None:
    for table, number in rows.items():
        try:
            found = count(cursor, connection.ops.quote_name(table))
        except (Error, sqlite3.Error) as problem:
            raise BackupError(
                _("The table %(table)s is missing from the dump: %(reason)s")
                % {"table": table, "reason": problem}
            ) from problem
        if found != number:
            raise BackupError(
                _("Rows of %(table)s: the dump has %(dump)d, the database %(database)d.")
                % {"table": table, "dump": found, "database": number}
            )
    cursor.execute("SELECT app, name FROM django_migrations")
    if not migrations <= set(cursor.fetchall()):
        raise BackupError(_("The dump does not have every migration of the database."))


def count(cursor: Any, quoted: str) -> int:
    """Return the number of rows of a table, given its quoted name."""
    cursor.execute(f"SELECT COUNT(*) FROM {quoted}")  # noqa: S608
    return int(cursor.fetchone()[0])


# --- PostgreSQL’s tools ------------------------------------------------------------------------


def refuse_tools(*names: str) -> None:
    """Raise BackupError if a PostgreSQL tool is missing or older than the server."""
    if connection.vendor == "sqlite":
        return
    server = _postgres_major()
    for name in names:
        values = {"name": name, "server": server}
        if not shutil.which(name):
            raise BackupError(
                _(
                    "%(name)s is missing. Install the client of PostgreSQL %(server)s or newer "
                    "(postgresql-client)."
                )
                % values
            )
        output = subprocess.run([name, "--version"], capture_output=True, text=True).stdout  # noqa: S603
        found = re.search(r"\) (\d+)", output)
        if not found or int(found[1]) < server:
            raise BackupError(
                _(
                    "%(name)s has version %(tool)s, and the server has version %(server)s. Install "
                    "the client of PostgreSQL %(server)s or newer (postgresql-client)."
                )
                % {**values, "tool": found[1] if found else _("an unknown version")}
            )


def _postgres_major() -> int:
    connection.ensure_connection()
    return int(cast(Any, connection).pg_version) // 10000


def _environment() -> dict[str, str]:
    """Return the environment variables with which PostgreSQL's tools connect to the database.

    The password is not an argument, because every user of the machine can read arguments.
    """
    from psycopg.pq import Conninfo

    known = cast(Any, connection).get_connection_params()
    found = {
        option.envvar.decode(): str(known[option.keyword.decode()])
        for option in Conninfo.get_defaults()
        if option.envvar and known.get(option.keyword.decode()) not in (None, "")
    }
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"} | found


def _run(*command: str) -> bytes:
    done = subprocess.run(  # noqa: S603
        command, env=_environment(), stdin=subprocess.DEVNULL, capture_output=True
    )
    if done.returncode:
        raise BackupError(_tool_failed(command[0], done.stderr))
    return done.stdout


def _script(path: Path, section: str, *options: str) -> str:
    return b"".join(
        _supported(line)
        for line in _run(*_restore_command(path, section), *options).splitlines(keepends=True)
        if not line.startswith((b"\\restrict ", b"\\unrestrict "))
    ).decode()


def _beginning(path: Path) -> str:
    """Return the SQL that drops and creates the schema. It does not drop extensions."""
    lines = _script(path, "pre-data", "--clean", "--if-exists").splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith("DROP EXTENSION "))


def dropped_by(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the kind and the quoted name of each object that a dump drops and creates again."""
    for line in _beginning(path).splitlines():
        if line.startswith("CREATE "):
            return  # the body of a function may have lines that look like DROP
        if match := re.fullmatch(r"DROP ([A-Z ]+) IF EXISTS (.+);", line):
            yield match[1], match[2]


@contextmanager
def _restore(path: Path, section: str) -> Iterator[Any]:
    with (
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(  # noqa: S603
            _restore_command(path, section), env=_environment(), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=errors,
        ) as tool,
    ):  # fmt: skip
        try:
            yield tool.stdout
        except BaseException:
            tool.kill()
            raise
        if tool.wait():
            errors.seek(0)
            raise BackupError(_tool_failed("pg_restore", errors.read()))


def _restore_command(path: Path, section: str) -> list[str]:
    return ["pg_restore", f"--section={section}", "--file=-", "--no-owner", "--no-privileges",
            "--no-comments", "--no-publications", "--no-subscriptions", str(path)]  # fmt: skip


def _copy(cursor: Any, statement: bytes, lines: Any) -> None:
    copying = cursor.copy(statement.decode().rstrip().removesuffix(";"))
    with connection.wrap_database_errors, copying as copy:
        for line in lines:
            if line == b"\\.\n":
                return
            copy.write(line)
        raise BackupError(_("The dump ends in the middle of a table."))


def _supported(line: bytes) -> bytes:
    """Return a line of a script, or an empty line for a setting that the server rejects."""
    return b"\n" if line == b"SET transaction_timeout = 0;\n" and _postgres_major() < 17 else line


def _tool_failed(name: str, output: bytes) -> str:
    reason = " ".join(output.decode(errors="replace").split())[-500:]
    return _("%(name)s failed: %(reason)s") % {"name": name, "reason": reason or _("no reason")}

"""Applies migrations while the site runs: completely or not at all, and without a deadlock.

Django's executor records a migration after its transaction. If it is killed in between, the
migration is applied, but not recorded. It also locks one table after another while readers hold
locks on others. Here, a migration and its record are one transaction. On PostgreSQL, the statements
are collected before any table is locked. Then all their tables are locked together (see
pressroom.table_locks). If a table is in use, the migration is tried again.
"""

import random
import time
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from django.core.management.base import CommandError
from django.db import OperationalError, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.migration import Migration
from django.db.migrations.operations import SeparateDatabaseAndState
from django.db.migrations.state import ProjectState
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from pressroom import table_locks
from pressroom.table_locks import TableInUseError

MAX_PAUSE_SECONDS = 5.0  # between two attempts
Result = TypeVar("Result")


class LiveMigrationExecutor(MigrationExecutor):
    """Applies migrations while the site runs. Raises CommandError if a table stays in use."""

    give_up_after = 300.0  # seconds for which one migration is retried
    repeats = True  # whether row changes of earlier migrations are repeated at the end
    # Prints a text without adding a newline.
    report: Callable[[str], Any] = staticmethod(lambda text: None)

    def migrate(
        self,
        targets: Any,
        plan: Any = None,
        state: ProjectState | None = None,
        fake: bool = False,
        fake_initial: bool = False,
    ) -> ProjectState:
        """Migrate, then repeat the row changes of earlier migrations.

        The old code runs until after the migration, so it may still write rows in the old format.
        """
        state = super().migrate(targets, plan, state, fake, fake_initial)
        if self.repeats and not fake and not any(backwards for _, backwards in plan or []):
            self._repeat(state)
        return state

    def apply_migration(
        self,
        state: ProjectState,
        migration: Migration,
        fake: bool = False,
        fake_initial: bool = False,
    ) -> ProjectState:
        """Run a migration forwards, with its record in the same transaction."""
        if fake or fake_initial:
            return super().apply_migration(state, migration, fake, fake_initial)
        self._report("apply_start", migration)
        record = partial(self.record_migration, migration)  # type: ignore[arg-type]
        after = self._run(migration, migration.apply, state, record)
        self._report("apply_success", migration)
        return after

    def unapply_migration(
        self, state: ProjectState, migration: Migration, fake: bool = False
    ) -> ProjectState:
        """Run a migration backwards, with its record in the same transaction."""
        if fake:
            return super().unapply_migration(state, migration, fake)
        self._report("unapply_start", migration)
        record = partial(super().unapply_migration, state, migration, fake=True)
        callback, self.progress_callback = self.progress_callback, None
        try:
            after = self._run(migration, migration.unapply, state, record)
        finally:
            self.progress_callback = callback
        self._report("unapply_success", migration)
        return after

    def _run(
        self,
        migration: Migration,
        run: Callable[..., ProjectState],
        state: ProjectState,
        record: Callable[[], Any],
    ) -> ProjectState:
        """Apply or unapply a migration and record it. Each attempt gets a copy of the state."""
        connection = self.connection

        def in_batches() -> ProjectState:
            """Run a migration without a transaction. It must be safe to repeat after a crash."""
            with connection.schema_editor(atomic=False) as editor:
                after = run(_copy_for(migration, state), editor)
            record()
            return after

        def in_transaction() -> ProjectState:
            # SQLite can turn off the checks of foreign keys only outside of a transaction.
            with connection.constraint_checks_disabled(), transaction.atomic(connection.alias):
                with connection.schema_editor() as editor:
                    after = run(_copy_for(migration, state), editor)
                record()
            return after

        if connection.vendor != "postgresql":
            return in_transaction() if migration.atomic else in_batches()
        if not migration.atomic:
            return self._retry_if_busy(str(migration), partial(self._with_lock_timeout, in_batches))

        with connection.schema_editor(collect_sql=True, atomic=False) as editor:
            after = run(_copy_for(migration, state), editor, collect_sql=True)
        statements = [sql for sql in editor.collected_sql or [] if not sql.startswith("--")]
        tables = table_locks.tables_to_lock(connection.alias, statements)
        is_sql_only = all(operation.reduces_to_sql for operation in migration.operations)
        before = ""

        def with_locked_tables() -> ProjectState:
            nonlocal before
            with transaction.atomic(connection.alias):
                try:
                    table_locks.lock_tables(connection.alias, tables, self.patience, before)
                except TableInUseError as problem:
                    before = problem.table
                    raise
                if not is_sql_only:
                    return in_transaction()
                with connection.cursor() as cursor:
                    for statement in statements:
                        cursor.execute(statement)
                record()
            return after

        return self._retry_if_busy(str(migration), with_locked_tables)

    @property
    def patience(self) -> float:
        if not hasattr(self, "_patience"):
            self._patience = table_locks.patience(self.connection.alias)
        return self._patience

    def _with_lock_timeout(self, run: Callable[[], Result]) -> Result:
        """Run with a short lock timeout. Each statement holds a lock on one table at most."""
        with self.connection.cursor() as cursor:
            cursor.execute(f"SET lock_timeout = {int(self.patience * 1000)}")
            try:
                return run()
            finally:
                cursor.execute("RESET lock_timeout")

    def _retry_if_busy(self, name: str, run: Callable[[], Result]) -> Result:
        """Run, and retry with growing pauses while a table is in use. Raises CommandError."""
        began, pause = time.monotonic(), 0.1
        while True:
            try:
                return run()
            except TableInUseError as problem:
                table, users = problem.table, problem.users
            except OperationalError as problem:
                if not table_locks.is_busy(problem):
                    raise
                table, users = "", ""
            waited = time.monotonic() - began
            if waited > self.give_up_after:
                self.report("\n")
                raise CommandError(_gave_up(name, table, users, waited))
            wait = pause * random.uniform(0.5, 1.5)  # noqa: S311  # so that two processes do not always retry together
            if table:
                text = _("the table %(table)s is in use; trying again in %(seconds)s s")
            else:
                text = _("a table or row that it needs is in use; trying again in %(seconds)s s")
            self.report("\n    " + text % {"table": table, "seconds": f"{wait:.1f}"})
            time.sleep(wait)
            pause = min(pause * 1.5, MAX_PAUSE_SECONDS)

    def _repeat(self, state: ProjectState) -> None:
        applied = self.recorder.applied_migrations()
        # After a change of labels, Django reloads related models late. Model classes of different
        # states cannot be used together in a query. RunPython clears this cache too.
        state.clear_delayed_apps_cache()
        for key, migration in self.loader.disk_migrations.items():
            if key in applied and hasattr(migration, "repeat"):

                def again(repeat: Callable[..., int] = migration.repeat) -> int:
                    with self.connection.schema_editor(atomic=False) as editor:
                        return repeat(state.apps, editor)

                run: Callable[[], int] = again
                if self.connection.vendor == "postgresql":
                    run = partial(
                        self._retry_if_busy, str(migration), partial(self._with_lock_timeout, again)
                    )
                if changed := run():
                    text = ngettext(
                        "%(migration)s: converted %(number)d row that was written since",
                        "%(migration)s: converted %(number)d rows that were written since",
                        changed,
                    )
                    self.report(f"  {text % {'migration': migration, 'number': changed}}\n")

    def _report(self, action: str, migration: Migration) -> None:
        if self.progress_callback:
            self.progress_callback(action, migration, False)


def _copy_for(migration: Migration, state: ProjectState) -> ProjectState:
    """Return a copy of a state for a migration to change.

    A migration without database operations needs no model classes, so the copy has none. With them,
    Django would render every related model again for each new label, which takes half of the time
    for creating a new database.
    """
    copy = state.clone()
    if all(
        isinstance(operation, SeparateDatabaseAndState) and not operation.database_operations
        for operation in migration.operations
    ):
        copy.__dict__.pop("apps", None)  # the cached property; the next access renders it
    return copy


def _gave_up(name: str, table: str, users: str, seconds: float) -> str:
    if not table:
        text = _(
            "%(name)s was not applied: a table or row that it needs was in use for %(seconds)s s. "
            "The database was not changed, and the site keeps running. Wait until the other "
            "process has finished (or end it with SELECT pg_terminate_backend(…)), then run "
            "migrate again."
        )
    elif users:
        text = _(
            "%(name)s was not applied: the table %(table)s was in use for %(seconds)s s by "
            "%(users)s. The database was not changed, and the site keeps running. Wait until the "
            "other process has finished (or end it with SELECT pg_terminate_backend(…)), then run "
            "migrate again."
        )
    else:
        text = _(
            "%(name)s was not applied: the table %(table)s was in use for %(seconds)s s. The "
            "database was not changed, and the site keeps running. Wait until the other process "
            "has finished (or end it with SELECT pg_terminate_backend(…)), then run migrate again."
        )
    return text % {"name": name, "table": table, "users": users, "seconds": f"{seconds:.0f}"}

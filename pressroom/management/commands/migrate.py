import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from django.core.management.base import CommandError, CommandParser, no_translations
from django.core.management.commands import migrate
from django.db import DatabaseError, connections
from django.utils.translation import gettext as _

from pressroom import sqlite
from pressroom.migration_executor import LiveMigrationExecutor

ADVISORY_LOCK = 0x50524553  # the number of the lock that only one migrate has at a time
RETRY_SECONDS = 1.0


class Command(migrate.Command):
    help = _(
        "Update the database while the site is running. Run it before the new code starts and "
        "again after the old code has stopped, to convert rows the old code wrote in between."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--give-up-after",
            type=float,
            default=LiveMigrationExecutor.give_up_after,
            metavar="SECONDS",
            help=_(
                "How long to retry a migration whose tables are in use, in seconds (only "
                "PostgreSQL). Default: 300."
            ),
        )

    @no_translations
    def handle(self, *args: Any, **options: Any) -> None:
        def report(text: str) -> None:
            if options["verbosity"] >= 1:
                self.stdout.write(text, ending="")
                self.stdout.flush()

        class Executor(LiveMigrationExecutor):
            give_up_after = options["give_up_after"]
            repeats = not options["app_label"]

        Executor.report = staticmethod(report)
        is_read_only = options["plan"] or options["check_unapplied"]
        try:
            connections[options["database"]].ensure_connection()
        except DatabaseError as problem:
            message = _("The database does not answer. %(reason)s") % {"reason": problem}
            raise CommandError(message) from problem
        with _replace_executor(Executor), self._alone(options["database"], is_read_only):
            super().handle(*args, **options)

    @contextmanager
    def _alone(self, alias: str, is_read_only: bool) -> Iterator[None]:
        """Let only one `migrate` at a time change a database."""
        announced = False

        def wait() -> None:
            nonlocal announced
            if not announced:
                self.stdout.write(_("Another migrate is running on this database; waiting."))
                announced = True
            time.sleep(RETRY_SECONDS)

        connection = connections[alias]
        if is_read_only:
            yield
        elif path := sqlite.file_of(connection):
            with sqlite.lock_for_migration(path, wait):
                yield
        elif connection.vendor == "postgresql":
            while not _ask(connection, "pg_try_advisory_lock"):
                wait()
            try:
                yield
            finally:
                with suppress(DatabaseError):  # a lost connection has released the lock
                    _ask(connection, "pg_advisory_unlock")
        else:
            yield


def _ask(connection: Any, function: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s)", [ADVISORY_LOCK])
        return cursor.fetchone()[0]


@contextmanager
def _replace_executor(executor: type[LiveMigrationExecutor]) -> Iterator[None]:
    """Replace the executor of Django's command, which has no option for it."""
    original = vars(migrate)["MigrationExecutor"]
    vars(migrate)["MigrationExecutor"] = executor
    try:
        yield
    finally:
        vars(migrate)["MigrationExecutor"] = original

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from django.core.management.base import CommandError, CommandParser, no_translations
from django.core.management.commands import migrate
from django.db import DatabaseError, connections

from pressroom import sqlite
from pressroom.migration_executor import LiveMigrationExecutor

ONE_AT_A_TIME = 0x50524553  # of the server's advisory locks
LOOK_EVERY = 1.0  # seconds


class Command(migrate.Command):
    help = (
        "Updates the database while people read and edit. Run it before the new code starts, and "
        "once more when the old code has stopped: what the old code wrote meanwhile follows then."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--give-up-after",
            type=float,
            default=LiveMigrationExecutor.give_up_after,
            metavar="SECONDS",
            help="How long one migration is tried while others use its tables (PostgreSQL alone). "
            "Default: 300.",
        )

    @no_translations
    def handle(self, *args: Any, **options: Any) -> None:
        def say(text: str) -> None:
            if options["verbosity"] >= 1:
                self.stdout.write(text, ending="")
                self.stdout.flush()

        class Executor(LiveMigrationExecutor):
            give_up_after = options["give_up_after"]
            repeats = not options["app_label"]

        Executor.say = staticmethod(say)
        looks_only = options["plan"] or options["check_unapplied"]
        try:
            connections[options["database"]].ensure_connection()
        except DatabaseError as problem:
            raise CommandError(f"The database does not answer. {problem}") from problem
        with _in_place_of_djangos(Executor), self._alone(options["database"], looks_only):
            super().handle(*args, **options)

    @contextmanager
    def _alone(self, alias: str, looks_only: bool) -> Iterator[None]:
        """Let one `migrate` after the other work on a database."""
        announced = False

        def wait() -> None:
            nonlocal announced
            if not announced:
                self.stdout.write("Another migrate is at work on this database; waiting for it.")
                announced = True
            time.sleep(LOOK_EVERY)

        connection = connections[alias]
        if looks_only:
            yield
        elif path := sqlite.file_of(connection):
            with sqlite.alone(path, wait):
                yield
        elif connection.vendor == "postgresql":
            while not _ask(connection, "pg_try_advisory_lock"):
                wait()
            try:
                yield
            finally:
                with suppress(DatabaseError):  # a lost connection has given it back
                    _ask(connection, "pg_advisory_unlock")
        else:
            yield


def _ask(connection: Any, function: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s)", [ONE_AT_A_TIME])
        return cursor.fetchone()[0]


@contextmanager
def _in_place_of_djangos(executor: type[LiveMigrationExecutor]) -> Iterator[None]:
    """Let Django's command, which knows one executor, work with another."""
    djangos = vars(migrate)["MigrationExecutor"]
    vars(migrate)["MigrationExecutor"] = executor
    try:
        yield
    finally:
        vars(migrate)["MigrationExecutor"] = djangos

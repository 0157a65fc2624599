from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.base import CommandParser
from django.core.management.commands import flush
from django.core.management.sql import sql_flush
from django.utils.translation import gettext as _

from accounts import triggers


class Command(flush.Command):
    # SQLite empties a table with DELETE, which the triggers of the record of access refuse.

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        for action in parser._actions:
            if action.dest == "interactive":
                action.help = _("do not ask before the database is emptied")

    def handle(self, **options: Any) -> None:
        with _without_triggers():
            super().handle(**options)
        triggers.install(using=options["database"])


@contextmanager
def _without_triggers() -> Iterator[None]:
    """Let `flush` remove the triggers in the transaction in which it empties the tables."""

    def statements(style: Any, connection: Any, **options: Any) -> list[str]:
        return [*triggers.removal(connection), *sql_flush(style, connection, **options)]

    vars(flush)["sql_flush"] = statements
    try:
        yield
    finally:
        vars(flush)["sql_flush"] = sql_flush

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from pressroom import housekeeping


class Command(BaseCommand):
    help = (
        "Clear what has expired: sessions, counts of wrong preview addresses, and temporary files "
        "of uploads that were cut off more than two hours ago. The newsroom does so by itself, "
        "once an hour. Ends with 1 where something could not be cleared."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only say what would be cleared")

    def handle(self, *, dry_run: bool, **options: Any) -> None:
        done = housekeeping.tidy(dry_run=dry_run)
        word = "would be cleared" if dry_run else "cleared"
        for name, number in done.items():
            self.stdout.write(f"{name}: {'failed' if number is None else f'{number} {word}'}")
        if None in done.values():
            raise CommandError("Not everything could be cleared; the log says why.")

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from assets.management.progress import Progress
from releases.rules import folded


class Command(BaseCommand):
    help = (
        "Read every public text again and store it as names are compared with it. Run it after "
        "an upgrade that changes how names are compared, and after rows were stored past the "
        "application. It can run beside the working site, and any number of times. Ends with 0 "
        "when all rows are read, 2 where the database does not answer."
    )

    def handle(self, **options: Any) -> None:
        progress, done = Progress(self.stderr), 0
        try:
            total = folded.count()
            for done in folded.reindex():
                progress("rows read", done, total)
        except DatabaseError as problem:
            message = f"Stopped after {done:,} rows. Run it again. {problem}"
            raise CommandError(message, returncode=2) from problem
        if self.stderr.isatty():
            self.stderr.write("")
        self.stdout.write(f"{done:,} rows read. Every public text is indexed.")

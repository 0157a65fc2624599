from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from assets.management.progress import Progress
from releases.rules import text_index
from releases.search import index


class Command(BaseCommand):
    help = _(  # read when the command runs, so it need not be lazy
        "Rebuild the index of the search, and the index of public texts that names are compared "
        "with. Run it after an upgrade that says so, or after rows were written directly to the "
        "database. The site can be running, and you can repeat it. Exit status: 0 if all rows "
        "were read, 2 if the database does not answer."
    )

    def handle(self, **options: Any) -> None:
        progress, read, done = Progress(self.stderr), 0, 0
        try:
            for index_of in (text_index, index):
                total = index_of.count()
                for done in index_of.reindex():
                    progress(_("rows read"), read + done, read + total)
                read += done
        except DatabaseError as problem:
            message = _("Stopped after %(number)s rows. Run it again. %(error)s")
            values = {"number": f"{read + done:,}", "error": problem}
            raise CommandError(message % values, returncode=2) from problem
        if self.stderr.isatty():
            self.stderr.write("")
        message = ngettext(
            "%(number)s row read. Every text is indexed.",
            "%(number)s rows read. Every text is indexed.",
            read,
        )
        self.stdout.write(message % {"number": f"{read:,}"})

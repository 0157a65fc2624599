from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from pressroom import housekeeping


class Command(BaseCommand):
    help = _(
        "Remove what has expired: sessions, counts of wrong preview addresses, and temporary files "
        "of uploads that were interrupted more than two hours ago. This runs automatically every "
        "hour. Exit status: 0 if everything was removed, 1 if not."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help=_("show what would be removed, without removing it"),
        )

    def handle(self, *, dry_run: bool, **options: Any) -> None:
        done = housekeeping.tidy(dry_run=dry_run)
        for chore, number in done.items():
            if number is None:
                text = _("%(label)s: failed")
            elif dry_run:
                text = ngettext(
                    "%(label)s: %(number)d would be removed",
                    "%(label)s: %(number)d would be removed",
                    number,
                )
            else:
                text = ngettext(
                    "%(label)s: %(number)d removed", "%(label)s: %(number)d removed", number
                )
            self.stdout.write(text % {"label": chore.label, "number": number})
        if None in done.values():
            raise CommandError(_("Not everything could be removed. See the log."))

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from pressroom import retention


class Command(BaseCommand):
    help = (
        "Remove what is older than its retention setting: attempts at unpublished addresses "
        "(KEEP_PROBES_DAYS), openings of preview links, and from where they were accepted "
        "(KEEP_VISITS_DAYS), e-mails (KEEP_EMAILS_DAYS) and the desk's log (KEEP_LOGS_DAYS). A "
        "background job does it every night. What proves an action stays. Ends with 1 if "
        "something could not be removed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only say what would be removed")

    def handle(self, *, dry_run: bool, verbosity: int, **options: Any) -> None:
        def progress(what: retention.Retained, rows: int) -> None:
            if verbosity > 1:
                self.stdout.write(f"{what.label}: {rows:,} so far")

        failed = False
        word = "would be removed" if dry_run else "removed"
        for done in retention.forget(dry_run=dry_run, progress=progress):
            failed = failed or done.rows is None
            rows = "failed" if done.rows is None else f"{done.rows:,} {word}"
            setting = done.what.setting
            why = f"; {setting}={getattr(settings, setting)}" if setting else ""
            until = f"older than {done.before:%Y-%m-%d %H:%M} UTC"
            self.stdout.write(f"{done.what.label}: {rows} ({until}{why})")
        if failed:
            raise CommandError("Not everything could be removed; the log says why.")

import argparse
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError

from assets.management.progress import Progress
from leakcheck import canary, checking

MOST_LISTED = 200


class Command(BaseCommand):
    help = (
        "Add a test release that is not public yet, look for it at the running site as a stranger "
        "would, remove it, and report where it was seen. Ends with 0 if it was not seen, with 1 if "
        "it was, with 2 if the check could not run."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--url",
            default=settings.SITE_URL or "http://127.0.0.1:8000",
            help="the site as readers reach it; default: SITE_URL, else http://127.0.0.1:8000",
        )
        parser.add_argument(
            "--minutes",
            type=float,
            default=checking.MINUTES,
            metavar="N",
            help="take at most so long, on a site of any size (default: %(default)s)",
        )
        parser.add_argument(
            "--only",
            action="append",
            choices=[*checking.KINDS],
            default=[],
            help="check only this; may be repeated",
        )
        parser.add_argument(
            "--sweep",
            action="store_true",
            help="only remove what an earlier run left, after a power cut",
        )
        parser.add_argument("--guard", metavar="WORD", help=argparse.SUPPRESS)

    def handle(self, *args: Any, **options: Any) -> None:
        if options["guard"]:
            canary.stand_guard(options["guard"], say=self.stderr.write)
            return
        try:
            if options["sweep"]:
                removed = canary.sweep()
                self.stdout.write(
                    f"Removed {removed} rows and files." if removed else "Nothing left."
                )
                return
            report = checking.check(
                options["url"], self._progress(), options["minutes"], options["only"]
            )
        except (checking.CannotCheck, canary.NotRemoved) as problem:
            raise CommandError(str(problem), returncode=2) from problem
        except OperationalError as problem:
            said = f"The database does not answer. {problem}"
            raise CommandError(said, returncode=2) from problem
        except Exception as problem:  # whatever it is, it must not end as a sighting does, with 1
            said = f"The check broke off: {type(problem).__name__}: {problem}"
            raise CommandError(said, returncode=2) from problem
        self._print(report, options["url"])
        if report.sightings:
            sys.exit(1)

    def _progress(self) -> checking.Progress:
        progress = Progress(self.stderr)

        def show(report: checking.Report, doing: str) -> None:
            line = f"{report.asked.total():,} requests; {doing}"
            seen = f", seen {len(report.sightings)} times" if report.sightings else ""
            progress.write(line + seen)

        return show

    def _print(self, report: checking.Report, url: str) -> None:
        if self.stderr.isatty():
            self.stderr.write("")
        ways = ", ".join(f"{number:,} {way}" for way, number in report.asked.most_common())
        self.stdout.write(
            f"Asked {url} for {len(report.addresses):,} addresses in {report.asked.total():,} "
            f"requests ({ways}) within {report.seconds:.0f} s.\n"
            f"{report.guessed:,} of the addresses were guesses; {report.compared:,} answers were "
            f"compared with those for addresses that never existed; {report.timed} addresses were "
            "timed.\n"
        )
        for sentence in (*report.control, *report.notes):
            self.stdout.write(f"- {sentence}")
        self.stdout.write(f"\nThe canary was seen: {len(report.sightings) or 'nowhere'}")
        for seen in report.sightings[:MOST_LISTED]:
            self.stdout.write(f"  {seen.way} {seen.address}\n      {seen.where}")
        if len(report.sightings) > MOST_LISTED:
            self.stdout.write(f"  and {len(report.sightings) - MOST_LISTED:,} times more")
        self.stdout.write("\nNot checked:")
        for sentence in report.unchecked(checking.origin_of(url)):
            self.stdout.write(f"- {sentence}")

import argparse
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from assets.management.progress import Progress
from leakcheck import canary, checking

MAX_LISTED = 200


class Command(BaseCommand):
    help = _(
        "Create an unpublished test release, look for it on the running site as a stranger would, "
        "remove it and report where it was visible. Exit status: 0 if it was not visible, 1 if it "
        "was, 2 if the check could not run."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--url",
            default=settings.SITE_URL or "http://127.0.0.1:8000",
            help=_("the address for readers; default: SITE_URL, else http://127.0.0.1:8000"),
        )
        parser.add_argument(
            "--minutes",
            type=float,
            default=checking.MINUTES,
            metavar="N",
            help=_("time limit of the check (default: %(default)s)"),
        )
        parser.add_argument(
            "--only",
            action="append",
            choices=[*checking.KINDS],
            default=[],
            help=_("check only this; may be repeated"),
        )
        parser.add_argument(
            "--sweep",
            action="store_true",
            help=_("only remove what an earlier run left, after a power cut"),
        )
        parser.add_argument("--guard", metavar="WORD", help=argparse.SUPPRESS)

    def handle(self, *args: Any, **options: Any) -> None:
        if options["guard"]:
            canary.watch(options["guard"], report=self.stderr.write)
            return
        try:
            if options["sweep"]:
                removed = canary.sweep()
                text = ngettext(
                    "Removed %(number)d row or file.", "Removed %(number)d rows and files.", removed
                )
                self.stdout.write(
                    text % {"number": removed} if removed else _("Nothing to remove.")
                )
                return
            report = checking.check(
                options["url"], self._progress(), options["minutes"], options["only"]
            )
        except (checking.CheckError, canary.CanaryNotRemovedError) as problem:
            raise CommandError(str(problem), returncode=2) from problem
        except OperationalError as problem:
            message = _("The database does not answer. %(reason)s") % {"reason": problem}
            raise CommandError(message, returncode=2) from problem
        except Exception as problem:  # no error may exit with 1, which means a sighting
            reason = f"{type(problem).__name__}: {problem}"
            message = _("The check failed: %(reason)s") % {"reason": reason}
            raise CommandError(message, returncode=2) from problem
        self._print(report, options["url"])
        if report.sightings:
            sys.exit(1)

    def _progress(self) -> checking.Progress:
        progress = Progress(self.stderr)

        def show(report: checking.Report, doing: str) -> None:
            values: dict[str, object] = {"requests": f"{report.requests.total():,}", "doing": doing}
            if report.sightings:
                text = ngettext(
                    "%(requests)s requests; %(doing)s; seen %(seen)d time",
                    "%(requests)s requests; %(doing)s; seen %(seen)d times",
                    len(report.sightings),
                )
                values["seen"] = len(report.sightings)
            else:
                text = _("%(requests)s requests; %(doing)s")
            progress.write(text % values)

        return show

    def _print(self, report: checking.Report, url: str) -> None:
        if self.stderr.isatty():
            self.stderr.write("")
        ways = ", ".join(f"{number:,} {way}" for way, number in report.requests.most_common())
        self.stdout.write(
            _(
                "Requested %(addresses)s addresses of %(url)s in %(requests)s requests (%(ways)s) "
                "within %(seconds)s s."
            )
            % {
                "addresses": f"{len(report.addresses):,}",
                "url": url,
                "requests": f"{report.requests.total():,}",
                "ways": ways,
                "seconds": f"{report.seconds:.0f}",
            }
        )
        self.stdout.write(
            _(
                "%(guessed)s of the addresses were guesses; %(compared)s answers were compared "
                "with those for addresses that never existed; %(timed)s addresses were timed."
            )
            % {
                "guessed": f"{report.guessed:,}",
                "compared": f"{report.compared:,}",
                "timed": f"{report.timed:,}",
            }
        )
        self.stdout.write("")
        for sentence in (*report.control, *report.notes):
            self.stdout.write(f"- {sentence}")
        self._print_sightings(report)
        self.stdout.write("\n" + _("Not checked:"))
        for sentence in report.unchecked(checking.origin_of(url)):
            self.stdout.write(f"- {sentence}")

    def _print_sightings(self, report: checking.Report) -> None:
        number = len(report.sightings)
        if not number:
            self.stdout.write("\n" + _("The canary was not seen."))
            return
        text = ngettext(
            "The canary was seen %(number)s time:", "The canary was seen %(number)s times:", number
        )
        self.stdout.write("\n" + text % {"number": f"{number:,}"})
        for seen in report.sightings[:MAX_LISTED]:
            self.stdout.write(f"  {seen.request} {seen.address}\n      {seen.where}")
        more = number - MAX_LISTED
        if more > 0:
            text = ngettext("and %(number)s time more", "and %(number)s times more", more)
            self.stdout.write("  " + text % {"number": f"{more:,}"})

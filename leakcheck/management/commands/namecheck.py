import sys
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from assets.management.progress import Progress
from leakcheck import namecheck
from leakcheck.namecheck import CannotCheck, Found, NameCheck, Report

MAX_LISTED = 20  # files that could not be read, by name


class Command(BaseCommand):
    help = (
        "Read what the public site prints (pages, feeds, exports, file names, documents, metadata "
        "of pictures) and report protected names: record, kind of text, place and address. It "
        "asks the site in its own process, so no server needs to run. Ends with 0 if there is no "
        "protected name, with 1 if there is one, with 2 if the check could not run or could not "
        "read every page."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--show-names",
            action="store_true",
            help="print the names too; keep the output where only case officers can read it",
        )
        parser.add_argument(
            "--since",
            metavar="WHEN",
            help="read only what changed since a date or time (2026-11-29, 2026-11-29T08:00), or "
            "within the last hours or days (12h, 1d)",
        )

    def handle(self, *, show_names: bool, since: str | None, **options: Any) -> None:
        now = timezone.now()
        try:
            check = NameCheck(now, self._moment(since, now), Progress(self.stderr))
            report = check.run()
        except CannotCheck as problem:
            raise CommandError(str(problem), returncode=2) from problem
        except Exception as problem:  # whatever it is, it must not end with 1 as a find does
            message = f"The check broke off: {type(problem).__name__}: {problem}"
            raise CommandError(message, returncode=2) from problem
        if self.stderr.isatty():
            self.stderr.write("")
        self._print(check, report, show_names)
        if report.open():
            sys.exit(1)
        if report.unread_pages:
            sys.exit(2)

    def _moment(self, since: str | None, now: datetime) -> datetime | None:
        if since is None:
            return None
        try:
            return namecheck.moment(since, now)
        except (ValueError, OverflowError) as problem:
            raise CannotCheck(
                f"“{since}” is no time. Write a date (2026-11-29), a time (2026-11-29T08:00), or "
                "how long ago: 12h, 1d."
            ) from problem

    def _print(self, check: NameCheck, report: Report, show_names: bool) -> None:
        files = ", ".join(f"{number:,} × {kind}" for kind, number in report.files.items())
        read = f"{report.asked:,} addresses read" + (f"; files: {files}" if files else "")
        self.stdout.write(f"{read}.")
        for title, finds in (
            ("Protected names on public pages", report.open()),
            ("May be the name of somebody else", report.warned()),
            ("Accepted with a reason", report.accepted()),
        ):
            if finds:
                self.stdout.write(f"\n{title}: {len(finds):,}")
            for find in finds:
                self.stdout.write(self._line(check, find, show_names))
        if not report.open():
            self.stdout.write("No protected name was found that nobody has accepted.")
        self._print_unread(report)

    def _line(self, check: NameCheck, find: Found, show_names: bool) -> str:
        address = find.address.path if show_names else check.printable(find.address)
        parts = [str(find.person), str(find.kind), find.place, address]
        return "  ".join(["", *parts, *([f"“{find.surface}”"] if show_names else [])])

    def _print_unread(self, report: Report) -> None:
        if report.unread_pdfs:
            self.stdout.write(
                f"\n{report.unread_pdfs:,} PDFs were not read: poppler-utils is not installed. "
                "Install it, and run this again."
            )
        for what, lines in (
            ("addresses could not be read", report.unread_pages),
            ("files could not be read", report.unread_files),
        ):
            if lines:
                self.stdout.write(f"\n{len(lines):,} {what}; look at them yourself:")
                for line in lines[:MAX_LISTED]:
                    self.stdout.write(f"  {line}")

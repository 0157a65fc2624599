import sys
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from assets.management.progress import Progress
from leakcheck import namecheck
from leakcheck.namecheck import CheckError, Found, NameCheck, Report

MAX_LISTED = 20  # files that could not be read, by name


class Command(BaseCommand):
    help = _(
        "Check the public site (pages, feeds, exports, file names, documents, metadata of "
        "pictures) for protected names, and report record, kind of text, place and address. No "
        "server needs to run. Exit status: 0 if there is no protected name, 1 if there is one, 2 "
        "if the check could not run or could not read every page."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--show-names",
            action="store_true",
            help=_("print the names too; only case officers may read the output"),
        )
        parser.add_argument(
            "--since",
            metavar="WHEN",
            help=_(
                "read only what changed since a date or time (2026-11-29, 2026-11-29T08:00), or "
                "within the last hours or days (12h, 1d)"
            ),
        )

    def handle(self, *, show_names: bool, since: str | None, **options: Any) -> None:
        now = timezone.now()
        try:
            check = NameCheck(now, self._moment(since, now), Progress(self.stderr))
            report = check.run()
        except CheckError as problem:
            raise CommandError(str(problem), returncode=2) from problem
        except Exception as problem:  # no error may exit with 1, which means a name
            reason = f"{type(problem).__name__}: {problem}"
            message = _("The check failed: %(reason)s") % {"reason": reason}
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
            raise CheckError(
                _(
                    "“%(since)s” is not a time. Enter a date (2026-11-29), a time "
                    "(2026-11-29T08:00), or how long ago: 12h, 1d."
                )
                % {"since": since}
            ) from problem

    def _print(self, check: NameCheck, report: Report, show_names: bool) -> None:
        files = ", ".join(f"{number:,} × {kind}" for kind, number in report.files.items())
        if files:
            text = _("%(number)s addresses read; files: %(files)s.")
        else:
            text = _("%(number)s addresses read.")
        self.stdout.write(text % {"number": f"{report.requests:,}", "files": files})
        for text, finds in (
            (_("Protected names on public pages: %(number)s"), report.open()),
            (_("May be the name of someone else: %(number)s"), report.warned()),
            (_("Allowed with a reason: %(number)s"), report.accepted()),
        ):
            if finds:
                self.stdout.write("\n" + text % {"number": f"{len(finds):,}"})
            for find in finds:
                self.stdout.write(self._line(check, find, show_names))
        if not report.open():
            self.stdout.write(_("No protected name found, apart from allowed ones."))
        self._print_unread(report)

    def _line(self, check: NameCheck, find: Found, show_names: bool) -> str:
        address = find.address.path if show_names else check.printable(find.address)
        parts = [str(find.person), str(find.kind.label), find.place, address]
        return "  ".join(["", *parts, *([f"“{find.surface}”"] if show_names else [])])

    def _print_unread(self, report: Report) -> None:
        if report.unread_pdfs:
            text = ngettext(
                "%(number)s PDF was not read: poppler-utils is not installed. Install it, and run "
                "this again.",
                "%(number)s PDFs were not read: poppler-utils is not installed. Install it, and "
                "run this again.",
                report.unread_pdfs,
            )
            self.stdout.write("\n" + text % {"number": f"{report.unread_pdfs:,}"})
        if pages := report.unread_pages:
            text = ngettext(
                "%(number)s address could not be read; check it yourself:",
                "%(number)s addresses could not be read; check them yourself:",
                len(pages),
            )
            self._print_list(text, pages)
        if files := report.unread_files:
            text = ngettext(
                "%(number)s file could not be read; check it yourself:",
                "%(number)s files could not be read; check them yourself:",
                len(files),
            )
            self._print_list(text, files)

    def _print_list(self, title: str, lines: list[str]) -> None:
        self.stdout.write("\n" + title % {"number": f"{len(lines):,}"})
        for line in lines[:MAX_LISTED]:
            self.stdout.write(f"  {line}")

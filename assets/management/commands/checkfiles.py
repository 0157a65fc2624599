from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from assets import storage
from assets.checkfiles import LABELS, Comparison, Kind, count_label
from assets.management.progress import Progress


class Command(BaseCommand):
    help = _(
        "Compare stored files with the database, both ways: originals and renditions that are "
        "missing or have another size, and files without a record (orphans). Prints a line for "
        "each. Exit status: 0 if nothing is wrong, 1 if something is, 2 if they could not be "
        "compared."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--digests",
            action="store_true",
            help=_("also read every original and compare its SHA-256; this takes long"),
        )
        parser.add_argument(
            "--older-than",
            type=_hours,
            default=24,
            metavar="HOURS",
            help=_("minimum age of an orphan (default: 24)"),
        )
        parser.add_argument(
            "--delete-orphans",
            action="store_true",
            help=_("delete the orphans; in a folder they can’t be restored"),
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self._compare(**options)
        except (OSError, DatabaseError) as problem:
            message = _("Files can’t be compared. %(problem)s") % {"problem": problem}
            raise CommandError(message, returncode=2) from problem

    def _compare(
        self, *, digests: bool, older_than: float, delete_orphans: bool, **_options: Any
    ) -> None:
        age = timedelta(hours=older_than)
        progress = Progress(self.stderr)
        comparison = Comparison(digests=digests, older_than=age, progress=progress)
        size = 0
        for fault in comparison.faults():
            label = LABELS[fault.kind]
            self.stdout.write(f"{label:<24}  {fault.record or '-'}  {fault.name}")
            size += fault.size
        counts = {kind: count for kind, count in comparison.counts.items() if count}
        self._write_result(comparison, counts, size)
        if comparison.too_new:
            self.stdout.write(
                ngettext(
                    "%(count)s file has no record and is too new to be an orphan: younger than "
                    "%(hours)s hours, or stored after the last change in the database.",
                    "%(count)s files have no record and are too new to be orphans: younger than "
                    "%(hours)s hours, or stored after the last change in the database.",
                    comparison.too_new,
                )
                % {"count": f"{comparison.too_new:,}", "hours": f"{older_than:g}"}
            )
        if delete_orphans and counts.pop(Kind.ORPHAN, 0):
            if reason := comparison.why_keep_orphans():
                message = _("No orphan was removed. %(reason)s") % {"reason": reason}
                raise CommandError(message, returncode=2)
            self._delete_orphans(Comparison(older_than=age))
        if counts:
            raise CommandError(_("Files and database do not match; see the lines above."))

    def _write_result(self, comparison: Comparison, counts: dict[Kind, int], size: int) -> None:
        values = {
            "records": f"{comparison.records:,}",
            "files": f"{comparison.files:,}",
            "faults": ", ".join(count_label(kind, count) for kind, count in counts.items()),
            "megabytes": f"{size / 1_000_000:,.1f}",
        }
        if not counts:
            text = _("Records compared: %(records)s. Files: %(files)s. Nothing is wrong.")
        elif not size:
            text = _("Records compared: %(records)s. Files: %(files)s. Found: %(faults)s.")
        else:
            text = _(
                "Records compared: %(records)s. Files: %(files)s. Found: %(faults)s "
                "(%(megabytes)s MB)."
            )
        self.stdout.write(text % values)

    def _delete_orphans(self, comparison: Comparison) -> None:
        count = 0
        for fault in comparison.faults():
            if fault.kind is Kind.ORPHAN:
                storage.remove(fault.name)
                self.stdout.write(_("removed  %(file)s") % {"file": fault.name})
                count += 1
        self.stdout.write(
            ngettext("%(count)s orphan removed.", "%(count)s orphans removed.", count)
            % {"count": f"{count:,}"}
        )


def _hours(text: str) -> float:
    hours = float(text)
    if not 0 <= hours <= 24 * 365 * 100:
        raise ValueError
    return hours

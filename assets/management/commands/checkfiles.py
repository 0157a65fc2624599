from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from assets import storage
from assets.checkfiles import Comparison, Kind
from assets.management.progress import Progress


class Command(BaseCommand):
    help = (
        "Compare stored files with the database, both ways: originals and renditions that are "
        "missing or have another size, and files that no record leads to (orphans). Prints a line "
        "for each. Ends with 0 where nothing is wrong, 1 where something is, 2 where it could not "
        "be compared."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--digests",
            action="store_true",
            help="also read every original and compare its SHA-256; that takes long",
        )
        parser.add_argument(
            "--older-than",
            type=_hours,
            default=24,
            metavar="HOURS",
            help="how old a file must be to count as an orphan (default: 24)",
        )
        parser.add_argument(
            "--delete-orphans",
            action="store_true",
            help="remove the orphans; a folder does not give them back",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self._compare(**options)
        except (OSError, DatabaseError) as problem:
            raise CommandError(f"Files cannot be compared. {problem}", returncode=2) from problem

    def _compare(self, *, digests: bool, older_than: float, delete_orphans: bool, **_: Any) -> None:
        age = timedelta(hours=older_than)
        progress = Progress(self.stderr)
        comparison = Comparison(digests=digests, older_than=age, progress=progress)
        heavy = 0
        for fault in comparison.faults():
            self.stdout.write(f"{fault.kind:<24}  {fault.record or '-'}  {fault.name}")
            heavy += fault.size
        found = {kind: count for kind, count in comparison.counts.items() if count}
        said = ", ".join(f"{count:,} {kind}{'s' * (count > 1)}" for kind, count in found.items())
        heavy_words = f" ({heavy / 1_000_000:,.1f} MB)" if heavy else ""
        self.stdout.write(
            f"{comparison.records:,} records and {comparison.files:,} files compared: "
            f"{said or 'nothing is wrong'}{heavy_words}."
        )
        if comparison.too_new:
            self.stdout.write(
                f"{comparison.too_new:,} files have no record and are too new to be called "
                f"orphans: younger than {older_than:g} hours, or stored after the last change that "
                "the database knows of."
            )
        if delete_orphans and found.pop(Kind.ORPHAN, 0):
            if why := comparison.why_keep_orphans():
                raise CommandError(f"No orphan was removed. {why}", returncode=2)
            self._delete_orphans(Comparison(older_than=age))
        if found:
            raise CommandError("Files and database do not agree; see the lines above.")

    def _delete_orphans(self, comparison: Comparison) -> None:
        removed = 0
        for fault in comparison.faults():
            if fault.kind is Kind.ORPHAN:
                storage.remove(fault.name)
                self.stdout.write(f"removed  {fault.name}")
                removed += 1
        self.stdout.write(f"{removed:,} orphans removed.")


def _hours(text: str) -> float:
    hours = float(text)
    if not 0 <= hours <= 24 * 365 * 100:
        raise ValueError
    return hours

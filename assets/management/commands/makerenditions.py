from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from assets import making
from assets.checkfiles import Comparison, Kind
from assets.management.progress import Progress
from assets.models import MediaAsset


class Command(BaseCommand):
    help = (
        "Make the renditions of every picture, and the cleaned copy of every document, that waits "
        "for them, that could not be made ready, or whose stored renditions are missing or "
        "damaged. The newsroom makes those that wait by itself; this is for after a restore. Ends "
        "with 0 where all are ready, 1 where some are not, 2 where the files cannot be reached."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--again",
            action="store_true",
            help="make those of every picture and document once more",
        )

    def handle(self, *, again: bool, **options: Any) -> None:
        try:
            self._make(again)
        except (OSError, DatabaseError) as problem:
            raise CommandError(f"Stopped. {problem}", returncode=2) from problem

    def _make(self, again: bool) -> None:
        wanted = set(self._to_make(again).values_list("pk", flat=True))
        lost = set()
        for fault in Comparison(progress=Progress(self.stderr)).faults():
            if fault.kind in (Kind.MISSING_RENDITION, Kind.DAMAGED_RENDITION):
                wanted.add(UUID(fault.record))
            if fault.kind is Kind.MISSING_ORIGINAL:
                lost.add(UUID(fault.record))
                self.stdout.write(
                    f"The original of {fault.record} is missing: {fault.name}. Nothing can be made "
                    "of it. Restore the file from a backup, or upload it again."
                )
        wanted -= lost
        pictures = MediaAsset.objects.exclude(original="")
        tried = 0
        for tried, pk in enumerate(sorted(wanted), start=1):
            if picture := pictures.filter(pk=pk).first():
                making.repair(picture)
                words = f"{tried} of {len(wanted)}: {picture}: {making.outcome(picture)}"
                self.stdout.write(words)
        failed = MediaAsset.objects.filter(state=MediaAsset.State.FAILED).count()
        if tried or failed or lost:
            missing = f" {len(lost)} without an original." if lost else ""
            self.stdout.write(f"{tried} tried. {failed} could not be made ready.{missing}")
        else:
            self.stdout.write("Nothing waits. No rendition is missing.")
        if failed or lost:
            raise SystemExit(1)

    def _to_make(self, again: bool) -> Any:
        pictures = MediaAsset.objects.exclude(original="")
        if again:
            return pictures
        return pictures.exclude(state=MediaAsset.State.MADE, renditions__has_key="styles")

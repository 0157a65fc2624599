from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from assets import processing
from assets.checkfiles import Comparison, Kind
from assets.management.progress import Progress
from assets.models import MediaAsset


class Command(BaseCommand):
    help = _(
        "Process every picture and document that is waiting, failed, or has missing or damaged "
        "files. Waiting ones are processed automatically; use this after a restore. Exit status: "
        "0 if all are ready, 1 if not, 2 if the files can’t be reached."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--again",
            action="store_true",
            help=_("process all pictures and documents again"),
        )

    def handle(self, *, again: bool, **options: Any) -> None:
        try:
            self._process(again)
        except (OSError, DatabaseError) as problem:
            message = _("Stopped. %(problem)s") % {"problem": problem}
            raise CommandError(message, returncode=2) from problem

    def _process(self, again: bool) -> None:
        wanted = set(self._to_process(again).values_list("pk", flat=True))
        lost = set()
        for fault in Comparison(progress=Progress(self.stderr)).faults():
            if fault.kind in (Kind.MISSING_RENDITION, Kind.DAMAGED_RENDITION):
                wanted.add(UUID(fault.record))
            if fault.kind is Kind.MISSING_ORIGINAL:
                lost.add(UUID(fault.record))
                self.stdout.write(
                    _(
                        "The original of %(record)s is missing: %(file)s. It can’t be processed. "
                        "Restore the file from a backup, or upload it again."
                    )
                    % {"record": fault.record, "file": fault.name}
                )
        wanted -= lost
        pictures = MediaAsset.objects.exclude(original="")
        number = 0
        for number, pk in enumerate(sorted(wanted), start=1):
            if picture := pictures.filter(pk=pk).first():
                processing.repair(picture)
                self.stdout.write(
                    _("%(number)s of %(total)s: %(picture)s: %(outcome)s")
                    % {
                        "number": number,
                        "total": len(wanted),
                        "picture": picture,
                        "outcome": processing.outcome_label(picture),
                    }
                )
        failed = MediaAsset.objects.filter(state=MediaAsset.State.FAILED).count()
        if number or failed or lost:
            self._write_result(number, failed, len(lost))
        else:
            self.stdout.write(_("Nothing is waiting. No rendition is missing."))
        if failed or lost:
            raise SystemExit(1)

    def _write_result(self, tried: int, failed: int, lost: int) -> None:
        sentences = [
            ngettext("%(count)d processed.", "%(count)d processed.", tried) % {"count": tried},
            ngettext("%(count)d failed.", "%(count)d failed.", failed) % {"count": failed},
        ]
        if lost:
            text = ngettext(
                "%(count)d without an original.", "%(count)d without an original.", lost
            )
            sentences.append(text % {"count": lost})
        self.stdout.write(" ".join(sentences))

    def _to_process(self, again: bool) -> Any:
        pictures = MediaAsset.objects.exclude(original="")
        if again:
            return pictures
        return pictures.exclude(state=MediaAsset.State.READY, renditions__has_key="styles")

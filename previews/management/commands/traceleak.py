import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from previews.links import trace
from previews.models import PreviewLink
from previews.watermarks import MAX_BYTES, UnreadableFileError


class Command(BaseCommand):
    help = _(
        "Find out whose copy of an embargoed release a leaked file is, by its watermark or printed "
        "reference. Exit status 1: no watermark found."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "file",
            help=_("Text, HTML, Word, a picture or a PDF; - reads from standard input."),
        )

    def handle(self, *args: Any, file: str, **options: Any) -> None:
        try:
            with _opened(file) as leak:
                found = trace(leak)
        except OSError as error:
            message = _("%(file)s can’t be read: %(reason)s.")
            raise CommandError(message % {"file": file, "reason": error.strerror}) from None
        except UnreadableFileError as error:
            raise CommandError(str(error)) from None
        for link in found:
            self.stdout.write("\n  ".join(_lines_of(link)))
        if not found:
            self.stdout.write(
                _(
                    "No watermark found. Text that was retyped, translated or shortened has none, "
                    "and neither has a picture that was cropped and saved again. Look for a "
                    "printed reference, such as K7Q2-M4XD."
                )
            )
            raise SystemExit(1)


def _lines_of(link: PreviewLink) -> Iterator[str]:
    yield f"{link.printed_reference}  {link}{f' <{link.email}>' if link.email else ''}"
    if link.release:
        yield _("Release: %(release)s") % {"release": link.release}
    else:
        yield _("Release: a draft that was deleted")
    issued = date_format(timezone.localtime(link.issued_at), "DATETIME_FORMAT")
    yield _("Issued: %(time)s by %(user)s") % {"time": issued, "user": link.issued_by}
    visits = len(link.visits.all())
    yield ngettext("Opened %(count)s time", "Opened %(count)s times", visits) % {"count": visits}
    yield _("State: %(state)s") % {"state": link.state_label()}


@contextmanager
def _opened(file: str) -> Iterator[IO[bytes]]:
    """Open a file, or for “-” a copy of standard input that is cut one byte above the limit."""
    if file != "-":
        with Path(file).open("rb") as leak:
            yield leak
        return
    with TemporaryFile() as copy:
        left = MAX_BYTES + 1
        while piece := sys.stdin.buffer.read(min(left, 1 << 20)):
            copy.write(piece)
            left -= len(piece)
        yield copy

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from previews.links import traced
from previews.marks import LARGEST, Unreadable


class Command(BaseCommand):
    help = (
        "Say whose copy of an embargoed release a leaked file is, by the marks in its text or the "
        "reference printed on it. Ends with 1 where it carries no mark of ours."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "file",
            help="Text, HTML, Word, a picture or a PDF; - reads from standard input.",
        )

    def handle(self, *args: Any, file: str, **options: Any) -> None:
        try:
            with _opened(file) as leak:
                found = traced(leak)
        except OSError as problem:
            raise CommandError(f"{file} cannot be read: {problem.strerror}.") from None
        except Unreadable as problem:
            raise CommandError(str(problem)) from None
        for link in found:
            issued = timezone.localtime(link.issued_at)
            visits = len(link.visits.all())
            self.stdout.write(
                f"{link.printed_reference}  {link}"
                f"{f' <{link.email}>' if link.email else ''}\n"
                f"  release: {link.release or 'a draft that was deleted'}\n"
                f"  issued:  {issued:%Y-%m-%d %H:%M %Z} by {link.issued_by}, opened {visits} "
                f"time{'' if visits == 1 else 's'}, {link.state().lower()}"
            )
        if not found:
            self.stdout.write(
                "No mark of ours. Text that was retyped, translated or shortened carries none, and "
                "so does a picture that was cropped and saved anew. Look for a printed reference, "
                "such as K7Q2-M4XD."
            )
            raise SystemExit(1)


@contextmanager
def _opened(file: str) -> Iterator[IO[bytes]]:
    """Open a file, or what comes from standard input, up to a little more than may be read."""
    if file != "-":
        with Path(file).open("rb") as leak:
            yield leak
        return
    with TemporaryFile() as copy:
        left = LARGEST + 1
        while piece := sys.stdin.buffer.read(min(left, 1 << 20)):
            copy.write(piece)
            left -= len(piece)
        yield copy

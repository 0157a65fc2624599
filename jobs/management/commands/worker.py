import os
import signal
from contextlib import suppress
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from jobs import worker
from jobs.queue import TASKS


class Command(BaseCommand):
    help = _(
        "Run background jobs (pictures, e-mail, checks, clean-up) in a separate process until "
        "SIGTERM or Ctrl-C. Running jobs then have 30 seconds to finish. You can run several. A "
        "single server needs none: with JOBS_IN_WEB=on its web processes run the jobs."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--grace",
            type=float,
            default=30.0,
            metavar="SECONDS",
            help=_("time for running jobs to finish after SIGTERM (default: 30)"),
        )

    def handle(self, *, grace: float, **options: Any) -> None:
        # A signal can arrive while the main thread holds the lock of an Event. Setting the Event
        # would then wait for that lock forever. A pipe has no lock.
        asked_to_stop, ask_to_stop = os.pipe()
        os.set_blocking(ask_to_stop, False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *received: _write(ask_to_stop))
        worker.start(worker.WORKER_POLL_SECONDS)
        self.stdout.write(
            ngettext(
                "Working. %(count)d kind of job. Stop with SIGTERM or Ctrl-C.",
                "Working. %(count)d kinds of job. Stop with SIGTERM or Ctrl-C.",
                len(TASKS),
            )
            % {"count": len(TASKS)}
        )
        self.stdout.flush()
        os.read(asked_to_stop, 1)
        self.stdout.write(_("Stopping: finishing running jobs …"))
        if not worker.stop(grace):
            raise CommandError(_("Some jobs did not finish in time and will run again."))
        self.stdout.write(_("Stopped. All jobs finished."))


def _write(pipe: int) -> None:
    with suppress(BlockingIOError):  # the pipe is full, so the worker has been asked already
        os.write(pipe, b"\0")

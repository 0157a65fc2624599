import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from jobs import worker
from jobs.queue import TASKS


class Command(BaseCommand):
    help = (
        "Do background work (pictures, e-mail, checks, cleaning up) in a process of its own, next "
        "to one or more web servers, until it is stopped with SIGTERM or Ctrl-C. It then finishes "
        "what it has begun, for 30 seconds at most. Several may run. A single server needs none: "
        "with JOBS_IN_WEB=on its web processes do the work."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--grace",
            type=float,
            default=30.0,
            metavar="SECONDS",
            help="how long to finish what was begun after SIGTERM (default: 30)",
        )

    def handle(self, *, grace: float, **options: Any) -> None:
        asked = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *received: asked.set())
        worker.serve(worker.IN_A_WORKER)
        self.stdout.write(f"Working. {len(TASKS)} kinds of job. Stop with SIGTERM or Ctrl-C.")
        self.stdout.flush()
        asked.wait()
        self.stdout.write("Stopping: finishing what was begun …")
        if not worker.stop(grace):
            raise CommandError(
                "Some work did not finish in time. It was handed back and will be begun anew."
            )
        self.stdout.write("Stopped. Nothing was left undone.")

"""A worker for the kill test: `manage.py worker` with two jobs that record each run.

Takes the arguments of manage.py. The test creates the table `jobs_done`. With SIGNALS_IN_LOCKS, it
gets a SIGTERM at each line of the module threading that its main thread runs.
"""

import os
import random
import signal
import sys
import threading
import time

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "pressroom.settings"
django.setup()

from django.core.management import execute_from_command_line  # noqa: E402
from django.db import connection  # noqa: E402

from jobs import leases  # noqa: E402
from jobs.queue import job  # noqa: E402


def note(kind: str, number: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO jobs_done (kind, number) VALUES (%s, %s)", [kind, number])


@job("tests.once", atomic=True, attempts=1000)
def once(number: int) -> None:
    note("once", number)
    time.sleep(random.random() * 0.02)


@job("tests.repeatable", attempts=1000)
def repeatable(number: int) -> None:
    time.sleep(random.random() * 0.02)
    note("repeatable", number)


def send_signal(frame, event, argument):
    if frame.f_code.co_filename == threading.__file__:
        if event == "line" and signal.getsignal(signal.SIGTERM) != signal.SIG_DFL:
            signal.raise_signal(signal.SIGTERM)
        return send_signal
    return None


if __name__ == "__main__":
    if os.environ.get("SIGNALS_IN_LOCKS"):
        sys.settrace(send_signal)
    if seconds := os.environ.get("LEASE_SECONDS"):  # else a test waits a minute after each kill
        leases.LEASE = type(leases.LEASE)(seconds=float(seconds))
        leases.RENEW_SECONDS = float(seconds) / 4
    execute_from_command_line(["manage.py", *sys.argv[1:]])

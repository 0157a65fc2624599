"""Tests django-tasks-db under `kill -9`: which tasks are lost, and which run twice.

A worker is killed at 100 random moments while it works on 600 tasks: 300 insert one row, 300 send
one e-mail to a small SMTP server in this process. Then ten tasks that fail are added, and one
worker runs until all tasks have ended, for 60 seconds at most. Each task writes a line to a file
when it starts, so that a second run is noticed even if the library does not record it. The 600
tasks end before the last kills. --busy adds tasks, so that there is work at every kill. PostgreSQL
gets a separate database.

    python -m venv /tmp/kills
    /tmp/kills/bin/pip install "django==5.2.*" django-tasks django-tasks-db "psycopg[binary]"
    /tmp/kills/bin/python bench/kills_of_django_tasks.py sqlite3
    PGHOST=127.0.0.1 PGUSER=postgres /tmp/kills/bin/python bench/kills_of_django_tasks.py postgresql
"""

import argparse
import contextlib
import os
import random
import re
import socketserver
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from importlib.metadata import version
from pathlib import Path

import django
import psycopg

PAIRS, FAILING, KILLS, LAST_RUN, SEED = 300, 10, 100, 60, 1
PACKAGES = ["django", "django-tasks", "django-tasks-db", "psycopg"]
PRAGMAS = "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"  # as in pressroom.settings
WORK = """
import time
from django.core.mail import EmailMessage
from django.db import models
from django_tasks import task

class Done(models.Model):
    key = models.CharField(max_length=40)

def started(key):
    with open("starts", "a") as starts:
        print(key, time.time(), file=starts)

@task()
def insert(key):
    started(key)
    time.sleep(0.015)
    Done.objects.create(key=key)
    time.sleep(0.015)

@task()
def mail(key):
    started(key)
    headers = {"Message-ID": f"<{key}@bench>"}
    EmailMessage("Subject", "Text", "a@example.org", ["b@example.org"], headers=headers).send()

@task()
def fail(key):
    started(key)
    raise ValueError("This task always fails.")
"""
delivered: Counter[str] = Counter()


class MailServer(socketserver.StreamRequestHandler):
    """Counts the messages that it has accepted, by Message-ID."""

    def handle(self) -> None:
        with contextlib.suppress(OSError):  # the worker was killed while we wrote to it
            self.wfile.write(b"220 bench\r\n")
            while command := self.rfile.readline()[:4].upper():
                if command == b"DATA":
                    self.wfile.write(b"354 go on\r\n")
                    message = b""
                    while not message.endswith(b"\r\n.\r\n"):
                        if not (line := self.rfile.readline()):
                            return  # killed before the end of the message
                        message += line
                    time.sleep(random.uniform(0.005, 0.02))  # noqa: S311
                    delivered[re.findall(rb"<(\S+)@bench>", message)[0].decode()] += 1
                self.wfile.write(b"221 bye\r\n" if command == b"QUIT" else b"250 ok\r\n")


def start_worker(log: Path) -> subprocess.Popen[bytes]:
    """Start a worker, and return when its log says that it has started."""
    command = [sys.executable, "-m", "django", "db_worker", "--no-startup-delay", "--interval=0.1"]
    with log.open("wb") as output:
        worker = subprocess.Popen(command, stdout=output, stderr=output, cwd=log.parent)
    while b"Starting worker" not in log.read_bytes():
        if worker.poll() is not None:
            raise SystemExit(log.read_text())
        time.sleep(0.005)
    return worker


def measure(home: Path, busy: bool) -> None:
    """Kill the workers, let the last one finish, and print what happened to the tasks."""
    django.setup()
    from django.core.management import call_command
    from django.db import transaction
    from django.utils import timezone
    from django_tasks_db.models import DBTaskResult
    from work import models as work

    call_command("migrate", run_syncdb=True, verbosity=0)
    keys, log = list[str](), home / "worker.log"

    def enqueue(pairs: int) -> None:
        for n in range(len(keys) // 2, len(keys) // 2 + pairs):
            with transaction.atomic():
                work.insert.enqueue(f"insert-{n}")
                work.mail.enqueue(f"mail-{n}")
            keys.extend([f"insert-{n}", f"mail-{n}"])

    def count(status: str) -> int:
        return DBTaskResult.objects.filter(status=status).count()

    enqueue(PAIRS)
    chance, with_work = random.Random(SEED), 0  # noqa: S311
    for _ in range(KILLS):
        if busy and count("READY") < 100:
            enqueue(50)
        worker = start_worker(log)
        time.sleep(chance.uniform(0.3, 1.5))
        worker.kill()
        if worker.wait() != -9:
            raise SystemExit(log.read_text())
        with_work += count("READY") > 0
    for n in range(FAILING):
        work.fail.enqueue(f"fail-{n}")
    worker, end = start_worker(log), time.monotonic() + LAST_RUN
    while count("READY") + count("RUNNING") and time.monotonic() < end:
        time.sleep(0.2)
    worker.terminate()
    worker.wait()
    starts: dict[str, list[float]] = {}
    for key, moment in map(str.split, (home / "starts").read_text().splitlines()):
        starts.setdefault(key, []).append(float(moment))
    again = {key: times[1] - times[0] for key, times in starts.items() if len(times) > 1}
    lost = list(DBTaskResult.objects.filter(status="RUNNING"))
    done = delivered + Counter(work.Done.objects.values_list("key", flat=True))
    lost_but_done = sum(done[row.args_kwargs["args"][0]] > 0 for row in lost)
    ages = sorted(int((timezone.now() - row.started_at).total_seconds()) for row in lost)
    print("tasks:", len(keys), "and", FAILING, "that fail", " kills with tasks waiting:", with_work)
    print(
        "finished:", count("SUCCESSFUL"), " failed:", count("FAILED"), " not run:", count("READY")
    )
    print("lost (stuck in RUNNING):", len(lost))
    print("  work not done:", len(lost) - lost_but_done, " work done all the same:", lost_but_done)
    print("  waiting since, in seconds, least and most:", ages[:1] + ages[-1:])
    print("run twice or more:", len(again), " after seconds:", [round(s) for s in again.values()])
    print("tasks that fail, run again:", sum(key.startswith("fail") for key in again))
    for kind, name in {"insert": "rows inserted", "mail": "e-mails delivered"}.items():
        counts = Counter(min(done[key], 2) for key in keys if key.startswith(kind))
        print(f"{name}, 0 times: {counts[0]}  1 time: {counts[1]}  2 times or more: {counts[2]}")
    attempts = Counter((r.status, r.task_result.attempts) for r in DBTaskResult.objects.all())
    print("(status, attempts recorded): tasks:", dict(attempts))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("database", choices=["sqlite3", "postgresql"])
    parser.add_argument("--busy", action="store_true", help="add tasks so that no worker is idle")
    options = parser.parse_args()
    print(*sys.argv[1:], "seed", SEED, *(f"{name} {version(name)}" for name in PACKAGES))
    mail_server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), MailServer)
    threading.Thread(target=mail_server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        home = Path(folder)
        sqlite = {"transaction_mode": "IMMEDIATE", "timeout": 20, "init_command": PRAGMAS}
        database = {"NAME": str(home / "db.sqlite3"), "OPTIONS": sqlite}
        if options.database == "postgresql":
            database = {"NAME": f"kills_{os.getpid()}"}
            server = stack.enter_context(psycopg.connect(dbname="postgres", autocommit=True))
            server.execute(f"create database {database['NAME']}")
            stack.callback(server.execute, f"drop database {database['NAME']} with (force)")
        database["ENGINE"] = f"django.db.backends.{options.database}"
        settings = {
            "INSTALLED_APPS": ["django_tasks", "django_tasks_db", "work"],
            "TASKS": {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}},
            "DATABASES": {"default": database},
            "EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": mail_server.server_address[1],
        }  # fmt: skip
        text = "\n".join(f"{name} = {value!r}" for name, value in settings.items())
        (home / "kills_settings.py").write_text(text)
        (home / "work").mkdir()
        (home / "work" / "models.py").write_text(WORK)
        sys.path.insert(0, folder)
        os.environ |= {"DJANGO_SETTINGS_MODULE": "kills_settings", "PYTHONPATH": folder}
        measure(home, options.busy)


if __name__ == "__main__":
    main()

"""Pressroom as an operator runs it: real processes on the test's own database and files."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.parse import quote
from urllib.request import urlopen

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection, models

from previews.models import ThrottleBucket

ROOT = Path(settings.BASE_DIR)


def environment(**more) -> dict[str, str]:
    """Return environment variables that lead a process to the database and files of a test."""
    database = connection.settings_dict
    if connection.vendor == "sqlite":
        url = f"sqlite:///{database['NAME']}"
    else:
        password = f":{quote(database['PASSWORD'])}" if database["PASSWORD"] else ""
        who = f"{quote(database['USER'])}{password}@" if database["USER"] else ""
        port = f":{database['PORT']}" if database["PORT"] else ""
        url = f"postgres://{who}{database['HOST']}{port}/{database['NAME']}"
    return {
        "PATH": os.environ["PATH"],
        "PYTHONDONTWRITEBYTECODE": "1",
        "DATABASE_URL": url,
        "MEDIA_ROOT": str(settings.MEDIA_ROOT),
        "TMPDIR": str(settings.FILE_UPLOAD_TEMP_DIR.parent),
        "SECRET_KEY": settings.SECRET_KEY,
        "ALLOWED_HOSTS": "localhost,127.0.0.1",
        "DEBUG": "off",
        "HTTPS": "off",
        "SITE_URL": "",
        "REQUIRE_SECOND_FACTOR": "nobody",
    } | more


def start(*arguments, out=subprocess.PIPE, **more) -> subprocess.Popen:
    """Start a command of manage.py, as from a terminal.

    A suite that runs in the background ignores Ctrl-C, and its children would inherit that.
    """

    def restore_signals():
        for number in (signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)

    return subprocess.Popen(
        [sys.executable, ROOT / "manage.py", *arguments], preexec_fn=restore_signals,
        env=environment(**more), stdout=out, stderr=out, text=True,
    )  # fmt: skip


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Node:
    """A gunicorn that serves the test's newsroom as the image does, on one port for all starts."""

    def __init__(
        self, log: Path, workers: int, threads: int, until: str = "/readyz", **more
    ) -> None:
        self.until = until
        self.log, self.port, self.environment = log, free_port(), environment(**more)
        self.command = [
            Path(sys.executable).with_name("gunicorn"), "pressroom.wsgi",
            "--bind", f"127.0.0.1:{self.port}", "--workers", str(workers),
            "--threads", str(threads), "--no-control-socket", "--keep-alive", "20",
        ]  # fmt: skip
        self.start()

    def __enter__(self) -> "Node":
        self.wait_until_ready()
        return self

    def __exit__(self, *problem) -> None:
        self.stop()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        with self.log.open("a") as out:
            self.server = subprocess.Popen(
                self.command, cwd=ROOT, env=self.environment, stdout=out, stderr=out
            )

    def wait_until_ready(self) -> None:
        for _ in range(200):
            try:
                urlopen(f"http://127.0.0.1:{self.port}{self.until}", timeout=10).close()
                return
            except (URLError, OSError):
                if self.server.poll() is not None:
                    break
                time.sleep(0.1)
        self.server.kill()
        pytest.fail(f"gunicorn did not start:\n{self.log.read_text()}")

    def stop(self) -> None:
        """Stop it as systemd and Docker do, and wait until it has ended."""
        self.server.terminate()
        self.server.wait(timeout=40)

    def kill(self) -> None:
        """Kill the master and its workers, as the kernel does when memory runs out."""
        children = Path(f"/proc/{self.server.pid}/task/{self.server.pid}/children")
        workers = children.read_text().split()
        self.server.kill()
        for worker in workers:
            os.kill(int(worker), signal.SIGKILL)
        self.server.wait(timeout=20)


@contextmanager
def gunicorn(log: Path, workers: int, threads: int, until: str = "/readyz", **more):
    """Serve the test's newsroom as the image does; yield the port once `until` answers 200."""
    with Node(log, workers, threads, until, **more) as node:
        yield node.port


def rows() -> dict[str, int]:
    """Count the rows of every table of Django's models, including history and join tables.

    The counts of wrong preview addresses are left out, because leakcheck adds to them.
    """
    return {
        model._meta.label: models.QuerySet(model).count()
        for model in apps.get_models(include_auto_created=True)
        if model is not ThrottleBucket
    }


def files() -> set[str]:
    """Return every file and folder below MEDIA_ROOT."""
    root = Path(settings.MEDIA_ROOT)
    return {str(path.relative_to(root)) for path in root.rglob("*")}

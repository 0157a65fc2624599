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

ROOT = Path(settings.BASE_DIR)


def environment(**more) -> dict[str, str]:
    """Return an environment in which a process finds the database and the files of a test."""
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
        "SECRET_KEY": settings.SECRET_KEY,
        "ALLOWED_HOSTS": "localhost,127.0.0.1",
        "DEBUG": "off",
        "HTTPS": "off",
        "SITE_URL": "",
    } | more


def start(*arguments, out=subprocess.PIPE, **more) -> subprocess.Popen:
    """Start a command of manage.py, as from a terminal.

    A suite in the background shuts out Ctrl-C, and its children would inherit that.
    """

    def hear_signals():
        for number in (signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)

    return subprocess.Popen(
        [sys.executable, ROOT / "manage.py", *arguments], preexec_fn=hear_signals,
        env=environment(**more), stdout=out, stderr=out, text=True,
    )  # fmt: skip


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def gunicorn(log: Path, workers: int, threads: int, until: str = "/readyz", **more):
    """Serve the test's newsroom as the image does until a probe answers 200; yield the port."""
    port = free_port()
    command = [
        Path(sys.executable).with_name("gunicorn"), "pressroom.wsgi", "--bind", f"127.0.0.1:{port}",
        "--worker-class", "gthread", "--workers", str(workers), "--threads", str(threads),
        "--no-control-socket", "--keep-alive", "20",
    ]  # fmt: skip
    with log.open("w") as out:
        server = subprocess.Popen(
            command, cwd=ROOT, env=environment(**more), stdout=out, stderr=out
        )
    try:
        for _ in range(200):
            try:
                urlopen(f"http://127.0.0.1:{port}{until}", timeout=10).close()
                break
            except (URLError, OSError):
                if server.poll() is not None:
                    break
                time.sleep(0.1)
        else:
            server.kill()
        if server.poll() is not None:
            pytest.fail(f"gunicorn did not start:\n{log.read_text()}")
        yield port
    finally:
        server.terminate()
        server.wait(timeout=30)


def rows() -> dict[str, int]:
    """Count the rows of every table that Django knows, versions and ties included."""
    return {
        model._meta.label: models.QuerySet(model).count()
        for model in apps.get_models(include_auto_created=True)
    }


def files() -> set[str]:
    """Return every file and folder below MEDIA_ROOT."""
    root = Path(settings.MEDIA_ROOT)
    return {str(path.relative_to(root)) for path in root.rglob("*")}

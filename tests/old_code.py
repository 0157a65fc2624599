"""An earlier commit of Pressroom in operation: its code, database, files and server."""

import os
import shutil
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote, urlencode
from urllib.request import HTTPCookieProcessor, HTTPRedirectHandler, Request, build_opener, urlopen

import psycopg
import pytest
from django.conf import settings
from django.db import connection
from lxml import html

from tests.deployment import ROOT, free_port

KEY = "iJ4vYtqR0nC8sWz3hXeL6bGmPfU1oKdA9yTjQrE5wVxNc7ZkSu2H"
# Hundreds of rows, created in bulk. Values that a save would add are set here.
BULK = """
from datetime import date
from assets.models import MediaAsset
from people import models
from people.models import Case, Person, PersonName
follows = hasattr(models, "CaseStatus")
people = [Person(display_name=f"Invented {n}", sort_name=f"Invented {n}", slug=f"invented-{n}",
                 level=n % 4, level_basis="Invented." if n % 4 > 1 else "") for n in range(COUNT)]
names = [PersonName(person=one, text=f"Имя {one.sort_name}") for one in people]
cases = [Case(person=one, custody_status="imprisoned", as_of=date(2026, 1, n % 28 + 1),
              summary="So.") for n, one in enumerate(people)]
if follows:
    for one in people:
        one.slug = one.slug if one.level == 3 else one.pk.hex
    for name in names:
        name.script = models.script_of(name.text)
Person.objects.bulk_create(people, batch_size=1000)
PersonName.objects.bulk_create(names, batch_size=1000)
cases = Case.objects.bulk_create(cases, batch_size=1000)
pictures = list(MediaAsset.objects.exclude(original=""))
copies = []
for n in range(COUNT // 4):
    row = pictures[n % len(pictures)]
    copies.append(MediaAsset(**{f.attname: getattr(row, f.attname)
                                for f in MediaAsset._meta.concrete_fields if f.name != "uuid"}))
MediaAsset.objects.bulk_create(copies, batch_size=500)
for n in range(COUNT // 4):  # of every level in turn, so that the pictures of some are withheld
    people[n].portrait = copies[n]
Person.objects.bulk_update(people[: COUNT // 4], ["portrait"], batch_size=500)
if follows:
    from people import depicted
    models.CaseStatus.objects.bulk_create(
        [models.CaseStatus(case=case, custody_status=case.custody_status, as_of=case.as_of)
         for case in cases], batch_size=1000)
    depicted.follow([one.pk for one in copies])
"""


def needs_postgresql() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("An upgrade beside readers is a matter of locks: set DATABASE_URL=postgres://…")


def unpack(commit: str, folder: Path) -> Path:
    """Unpack a commit to a folder. If the commit is missing, fail in CI and skip elsewhere."""
    archive = subprocess.run(["git", "archive", commit], cwd=ROOT, capture_output=True)
    if archive.returncode:
        sentence = (
            f"The history has no commit {commit}, from which the upgrade is tested: this is a "
            "shallow clone. Fetch all of it: git fetch --unshallow"
        )
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(sentence)
    folder.mkdir()
    subprocess.run(["tar", "-x", "-C", folder], input=archive.stdout, check=True)
    return folder


# --- Databases ---------------------------------------------------------------------------------


def _login(name: str | None = None) -> dict:
    login = connection.settings_dict
    return {
        "host": login["HOST"], "port": login["PORT"] or 5432, "user": login["USER"] or None,
        "password": login["PASSWORD"] or None, "dbname": name or login["NAME"],
    }  # fmt: skip


def connect(name: str | None = None) -> psycopg.Connection:
    """Connect to a database without Django, in autocommit mode."""
    return psycopg.connect(**_login(name), autocommit=True)


def create(name: str, template: str = "template0") -> str:
    with connect() as server:
        server.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" ENCODING \'UTF8\'')
    return name


def drop(name: str) -> None:
    with connect() as server:
        server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def rows(database: str) -> dict[str, dict[Any, dict]]:
    """Return every row of every table, by its primary key."""
    with connect(database) as server:
        tables = server.execute(
            "SELECT c.relname, a.attname FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid"
            " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]"
            " WHERE i.indisprimary AND c.relnamespace = 'public'::regnamespace ORDER BY 1"
        ).fetchall()
        cursor = server.cursor(row_factory=psycopg.rows.dict_row)
        everything = psycopg.sql.SQL("SELECT * FROM {}")
        found = {}
        for table, key in tables:
            stored = cursor.execute(everything.format(psycopg.sql.Identifier(table))).fetchall()
            found[table] = {row[key]: row for row in stored}
        return found


def schema(database: str) -> set[tuple]:
    """Return every column, constraint and index, with its default or definition."""
    with connect(database) as server:
        columns = server.execute(
            "SELECT table_name, column_name, data_type, character_maximum_length, is_nullable,"
            " column_default FROM information_schema.columns WHERE table_schema = 'public'"
        ).fetchall()
        constraints = server.execute(
            "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)"
            " FROM pg_constraint WHERE connamespace = 'public'::regnamespace"
        ).fetchall()
        indexes = server.execute(
            "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"
        ).fetchall()
    return {*columns, *constraints, *indexes}


def deadlocks(database: str) -> int:
    with connect() as server:
        (counted,) = server.execute(
            "SELECT deadlocks FROM pg_stat_database WHERE datname = %s", [database]
        ).fetchone()
    return counted


# --- A newsroom --------------------------------------------------------------------------------


@dataclass
class Newsroom:
    """A newsroom: the code of a commit, a database and a folder for files."""

    code: Path
    database: str
    media: Path
    extra: dict[str, str] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        login = _login(self.database)
        who = quote(login["user"] or "")
        who += f":{quote(login['password'])}" if login["password"] else ""
        where = f"{login['host'] or 'localhost'}:{login['port']}"
        return {
            "PATH": os.environ["PATH"],
            "PYTHONDONTWRITEBYTECODE": "1",
            "DATABASE_URL": f"postgres://{who}@{where}/{self.database}",
            "MEDIA_ROOT": str(self.media),
            "SECRET_KEY": KEY,
            "REQUIRE_SECOND_FACTOR": "nobody",
            "ALLOWED_HOSTS": "localhost,127.0.0.1",
            "DEBUG": "off",
            "HTTPS": "off",
        } | self.extra

    def start(self, *arguments: str, **popen) -> subprocess.Popen:
        return subprocess.Popen(
            [sys.executable, "manage.py", *arguments], cwd=self.code, env=self.environment(),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **popen,
        )  # fmt: skip

    def manage(self, *arguments: str, stdin: str = "") -> str:
        """Run a command of manage.py; return what it printed."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments], cwd=self.code, env=self.environment(),
            input=stdin, capture_output=True, text=True, timeout=300,
        )  # fmt: skip
        assert done.returncode == 0, f"{arguments}:\n{done.stdout}\n{done.stderr}"
        return done.stdout

    @contextmanager
    def served(self, log: Path):
        """Serve it as the image does; yield the host with its port."""
        port = free_port()
        command = [
            Path(sys.executable).with_name("gunicorn"), "pressroom.wsgi",
            "--bind", f"127.0.0.1:{port}", "--workers", "2", "--threads", "4",
        ]  # fmt: skip
        with log.open("w") as out:
            server = subprocess.Popen(
                command, cwd=self.code, env=self.environment(), stdout=out, stderr=out
            )
        try:
            for _ in range(300):
                try:
                    urlopen(f"http://127.0.0.1:{port}/readyz", timeout=10).close()
                    break
                except OSError:
                    assert server.poll() is None, f"gunicorn did not start:\n{log.read_text()}"
                    time.sleep(0.1)
            else:
                pytest.fail(f"The server was not ready in time:\n{log.read_text()}")
            yield f"127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(timeout=30)


def found(commit: str, folder: Path, database: str, people: int) -> Newsroom:
    """Set up a newsroom with the code of a commit, its demo, and many people and pictures."""
    newsroom = Newsroom(unpack(commit, folder / "code"), create(database), folder / "media")
    newsroom.media.mkdir()
    newsroom.manage("migrate", "--verbosity", "0")
    newsroom.manage("collectstatic", "--no-input", "--verbosity", "0")
    newsroom.manage("demo")
    newsroom.manage("shell", "-c", f"COUNT = {people}\n{BULK}")
    return newsroom


def copied(newsroom: Newsroom, database: str, folder: Path) -> Newsroom:
    """Return the same newsroom with a database and files of its own."""
    media = Path(shutil.copytree(newsroom.media, folder / "media"))
    return Newsroom(newsroom.code, create(database, newsroom.database), media)


def with_new_code(newsroom: Newsroom) -> Newsroom:
    """Return the newsroom with the code of this checkout."""
    return Newsroom(Path(settings.BASE_DIR), newsroom.database, newsroom.media)


# --- People at work ----------------------------------------------------------------------------


class _NoRedirect(HTTPRedirectHandler):
    def redirect_request(self, *args):
        return None


class Browser:
    """A client that opens pages of a newsroom and fills in forms."""

    def __init__(self, host: str):
        self.host = host
        self.opener = build_opener(_NoRedirect, HTTPCookieProcessor(CookieJar()))

    def ask(self, path: str, data: list | None = None) -> tuple[int, str, str]:
        """Return the status, the target of a redirect, and the page."""
        body = None if data is None else urlencode(data).encode()
        request = Request(f"http://{self.host}{quote(path)}", body)
        request.add_header("Referer", request.full_url)
        try:
            answer = self.opener.open(request, timeout=180)
        except HTTPError as refused:
            answer = refused
        with answer:
            content = answer.read().decode("utf-8", "replace")
            return answer.status, answer.headers.get("Location") or "", content

    def sign_in(self, username: str, password: str) -> None:
        where = self.submit("/admin/login/", {"username": username, "password": password})
        assert where, "The sign-in failed."

    def submit(self, path: str, typed: dict[str, str]) -> str:
        """Open a form, fill it in and send it; return where it redirects to.

        Raises AssertionError if the form is not accepted.
        """
        status, _, page = self.ask(path)
        assert status == 200, f"GET {path}: {status}"
        first = next(iter(typed))
        (form,) = [form for form in html.fromstring(page).forms if first in form.fields]
        fields = [(name, value) for name, value in form.form_values() if name not in typed]
        status, where, page = self.ask(path, [*fields, *typed.items()])
        errors = html.fromstring(page).xpath('//*[contains(@class, "errorlist")]') if page else []
        sentences = "; ".join(error.text_content().strip() for error in errors)
        assert status == 302, f"POST {path}: {status} {sentences}"
        return where


class Crowd:
    """Threads that repeat actions, and count runs, failures and the longest time."""

    def __init__(self):
        self.stop = threading.Event()
        self.threads: list[threading.Thread] = []
        self.done = 0
        self.failed: list[str] = []
        self.slowest = 0.0
        self._count = threading.Lock()

    def join(self, act, pause: float = 0.0) -> None:
        """Start a thread that calls `act` with the number of the turn, until `go_home()`."""

        def work():
            turn = 0
            while not self.stop.is_set():
                began = time.monotonic()
                problem = ""
                try:
                    act(turn)
                except Exception as error:
                    problem = f"{type(error).__name__}: {error}"
                with self._count:
                    self.done += 1
                    self.slowest = max(self.slowest, time.monotonic() - began)
                    if problem:
                        self.failed.append(problem)
                turn += 1
                self.stop.wait(pause)

        self.threads.append(threading.Thread(target=work, daemon=True))
        self.threads[-1].start()

    def go_home(self) -> None:
        self.stop.set()
        for thread in self.threads:
            thread.join(timeout=90)

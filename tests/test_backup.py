"""Backup and restore, as an operator runs them while editors work, on the database of the suite."""

import contextlib
import ctypes
import hashlib
import http.client
import json
import os
import random
import re
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path
from urllib.parse import urlencode, urlsplit, urlunsplit
from uuid import uuid4

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from accounts.models import AccessEvent
from accounts.record import record
from assets import processing
from assets.models import MediaAsset
from assets.named_files import named_files
from jobs.models import Lane
from releases import workflow
from tests import forks
from tests.deployment import ROOT, environment, gunicorn, start
from tests.make import (
    make_chief,
    make_document,
    make_link,
    make_picture,
    make_release,
    pdf_bytes,
    work_off,
)
from tests.make import picture_bytes as jpeg
from tests.test_admin import form_data
from tests.test_storage import environment_of

pytestmark = pytest.mark.django_db(transaction=True)

POSTGRES = connection.vendor == "postgresql"
if POSTGRES:
    import psycopg
if POSTGRES and not shutil.which("pg_dump"):
    pytest.skip("apt install postgresql-client", allow_module_level=True)

on_postgres = pytest.mark.skipif(not POSTGRES, reason="of PostgreSQL's own tools and roles")
# Code that checks a restored newsroom: rows and their versions, files, counts.
REPORT = """
import hashlib, json
from datetime import timedelta
from django.core.files.storage import default_storage
from django.utils import timezone
from assets.models import MediaAsset
from assets.named_files import named_files
from releases.models import Event, Release
later = timezone.now() + timedelta(days=2)
lost, halves = [], []
for file in named_files():
    try:
        content = default_storage.open(file.name).read()
    except FileNotFoundError:
        lost.append(file.name + " is missing")
        continue
    if (file.size and len(content) != file.size) or (
        file.sha256 and hashlib.sha256(content).hexdigest() != file.sha256
    ):
        lost.append(file.name + " is another one")
for release in Release.objects.all():
    newest = release.history.first()
    fields = ("version", "title", "body", "status", "held_at", "publish_at")
    if any(getattr(release, name) != getattr(newest, name) for name in fields):
        halves.append(release.title + " is not its newest version")
    quoted = release.body.removeprefix("<p>").removesuffix("</p>")
    if release.title.startswith("Save ") and quoted != release.title:
        halves.append(release.title + " has the text of " + quoted)
print(json.dumps({
    "lost": lost, "halves": halves, "files": len(list(named_files())),
    "releases": Release.objects.count(), "pictures": MediaAsset.objects.count(),
    "held": [r.title for r in Release.objects.on_hold()],
    "public later": sorted(Release.objects.public(later).values_list("title", flat=True)),
    "restored": list(Event.objects.filter(detail__words__startswith="By the restore of")
                     .order_by("pk").values_list("verb", flat=True)),
}))
"""


def manage(*arguments, **more) -> subprocess.CompletedProcess:
    return forks.run(ROOT / "manage.py", *arguments, env=environment(**more))


def backup(folder, *options, **more) -> Path:
    """Write a backup and return its folder."""
    done = manage("backup", folder, *options, **more)
    assert done.returncode == 0, done.stdout + done.stderr
    return Path(re.search(r"^(\S+): \d+ rows", done.stdout, re.MULTILINE)[1])


def restored(folder, *options, **where) -> str:
    done = manage("restore", folder, *options, **where)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def refusal(*arguments, status=1, **more) -> str:
    """Return the output of a command that exits with a status and shows no traceback."""
    done = manage(*arguments, **more)
    assert done.returncode == status, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


def refused(command, *arguments) -> str:
    """Return the error of a command. It runs in this process, which is faster."""
    with pytest.raises(CommandError) as problem:
        call_command(command, *map(str, arguments))
    assert problem.value.returncode == 1
    return str(problem.value)


def execute(where, *statements) -> None:
    """Change a database over a separate connection."""
    if POSTGRES:
        with psycopg.connect(where["DATABASE_URL"], autocommit=True) as other:
            for statement in statements:
                other.execute(statement)
        return
    with contextlib.closing(sqlite3.connect(urlsplit(where["DATABASE_URL"]).path)) as other:
        for statement in statements:
            other.execute(statement)
        other.commit()


def sign(made: Path, **changes) -> None:
    """Write the manifest of a changed backup with the right checksum, as a forger would."""
    manifest = manifest_of(made) | changes
    digest = hashlib.sha256((made / "SHA256SUMS").read_bytes()).hexdigest()
    manifest["files"]["sums"] = digest
    (made / "manifest.json").write_text(json.dumps(manifest))


def report(**where) -> dict:
    done = manage("shell", "--no-imports", "-c", REPORT, **where)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def manifest_of(path: Path) -> dict:
    return json.loads((path / "manifest.json").read_text())


def change_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "backups"


@pytest.fixture
def elsewhere(tmp_path):
    """Return a function that makes a database and a folder, and returns their environment."""
    names = []

    def make() -> dict[str, str]:
        name = f"restored_{uuid4().hex[:12]}"
        (tmp_path / name / "media").mkdir(parents=True)
        if not POSTGRES:
            url = f"sqlite:///{tmp_path / name / 'database.sqlite3'}"
        else:
            names.append(name)
            with connection.cursor() as cursor:
                cursor.execute(f"CREATE DATABASE {name}")
            here = urlsplit(environment()["DATABASE_URL"])
            url = urlunsplit(here._replace(path=f"/{name}"))
        return {"DATABASE_URL": url, "MEDIA_ROOT": str(tmp_path / name / "media")}

    yield make
    with connection.cursor() as cursor:
        for name in names:
            cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")


# --- The drill ---------------------------------------------------------------------------------


class Desk:
    """A user at the desk of a running newsroom, over HTTP."""

    def __init__(self, port, user, pictures) -> None:
        self.pictures = pictures
        client = Client()
        client.force_login(user)
        self.session = client.cookies["sessionid"].value
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def ask(self, path, body=None, kind="application/x-www-form-urlencoded"):
        token = "t" * 32
        headers = {"Host": "localhost", "X-CSRFToken": token,
                   "Cookie": f"sessionid={self.session}; csrftoken={token}"}  # fmt: skip
        if body is not None:
            headers["Content-Type"] = kind
        self.connection.request("POST" if body is not None else "GET", path, body, headers)
        answer = self.connection.getresponse()
        return answer.status, answer.read().decode()

    def save(self, release, version, title) -> int:
        values = form_data(title=title, body=f"<p>{title}</p>", read_version=version)
        path = f"/admin/releases/release/{release.pk}/change/"
        return self.ask(path, urlencode(values, doseq=True))[0]

    def upload(self, number) -> int:
        empty = (
            "original_name caption creator copyright_notice usage_terms licence_expires_0 "
            "licence_expires_1 date_created place"
        )
        values = dict.fromkeys(empty.split(), "")
        values |= {"alt_text": f"Upload {number}", "credit_line": "Nobody"}
        content = jpeg((60, 40), comment=f"{number}") if self.pictures else pdf_bytes(9000 + number)
        values["original"] = SimpleUploadedFile("upload", content)
        content = encode_multipart(BOUNDARY, values)
        return self.ask("/admin/assets/mediaasset/add/", content, MULTIPART_CONTENT)[0]

    def delete(self, picture) -> int:
        return self.ask(f"/admin/assets/mediaasset/{picture.pk}/delete/", "post=yes")[0]


KINDS = ("saved", "uploaded", "deleted")


class Editors:
    """Four threads that work until the block ends: two save, one uploads and one deletes."""

    def __init__(self, port, pictures=True) -> None:
        self.done, self.counts, self.failed = threading.Event(), {}, []
        chief = make_chief()
        texts = [make_release("draft", title="Save 0", body="<p>Save 0</p>") for _ in range(2)]
        self.desks = [Desk(port, chief, pictures) for _ in range(4)]
        tasks = [(self.save, text) for text in texts] + [(self.upload,), (self.delete,)]
        self.threads = [
            threading.Thread(target=self.run, args=[task, desk, *more])
            for desk, (task, *more) in zip(self.desks, tasks, strict=True)
        ]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *problem) -> None:
        self.done.set()
        for thread in self.threads:
            thread.join()

    def run(self, task, desk, *more) -> None:
        try:
            task(desk, *more)
        except BaseException as problem:
            self.failed.append(problem)
        finally:
            desk.connection.close()
            connection.close()

    def work(self) -> None:
        """Wait until each kind of work has been done once more."""
        before = dict(self.counts)
        for _ in range(300):
            done = [self.counts.get(what, 0) > before.get(what, 0) for what in KINDS]
            if all(done) or self.failed:
                return
            time.sleep(0.1)
        raise AssertionError(f"The editors do not come to work: {self.counts}")

    def count(self, what, status) -> None:
        assert status == 302, f"{what}: {status}"
        self.counts[what] = self.counts.get(what, 0) + 1

    def save(self, desk, release) -> None:
        number = 1
        while not self.done.is_set():
            self.count("saved", desk.save(release, number, f"Save {number}"))
            number += 1

    def upload(self, desk) -> None:
        number = 1
        while not self.done.is_set():
            self.count("uploaded", desk.upload(number))
            number += 1
            self.done.wait(0.3)

    def delete(self, desk) -> None:
        while not self.done.is_set():
            uploads = MediaAsset.objects.filter(alt_text__startswith="Upload")
            if picture := uploads.order_by("?").first():
                self.count("deleted", desk.delete(picture))
            self.done.wait(0.05)


def fetch(port, path) -> tuple[int, bytes]:
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as asked:
        asked.request("GET", path, headers={"Host": "localhost"})
        answer = asked.getresponse()
        return answer.status, answer.read()


@pytest.mark.parametrize("kept", ["folder", pytest.param("bucket", marks=pytest.mark.soak)])
def test_a_backup_made_while_editors_work_is_restored_completely_elsewhere(
    kept, folder, elsewhere, request, tmp_path
):
    bucket = request.getfixturevalue("bucket") if kept == "bucket" else None
    here = environment_of(bucket) if bucket else {}
    there = elsewhere()
    if bucket:
        there |= here | {"S3_BUCKET": f"restored-{uuid4()}"}
        assert manage("checkstorage", "--prepare", **there).returncode == 0
    picture = make_picture(content=jpeg((900, 600)))
    document = make_document()
    public = make_release(title="Out since an hour", poster=picture, attached=[str(document.pk)])
    scheduled = make_release("scheduled", title="Not yet")

    with gunicorn(tmp_path / "log", 2, 4, **here) as port:
        # Storing the renditions of many pictures in the bucket would take minutes.
        with Editors(port, pictures=not bucket) as editors:
            editors.work()
            before = dict(editors.counts)
            busy: list[Path] = []
            during = dict.fromkeys(KINDS, 0)
            while len(busy) < 2 or (not all(during.values()) and len(busy) < 10):
                busy.append(backup(folder, **here))
                during = {what: number - before[what] for what, number in editors.counts.items()}
            editors.work()
        assert editors.failed == []
        assert sum(during.values()) > 5, during
        assert all(during.values()), during
        for upload in MediaAsset.objects.filter(alt_text__startswith="Upload")[1:]:
            upload.delete()  # renditions of all of them would take minutes
        work_off(Lane.FILES)
        quiet = backup(folder, **here)
        feed = fetch(port, "/releases/feed.atom")
        card = fetch(port, picture.public_url("poster", "jpg"))
        report_here = report(**here)

    for made in busy:
        restored(made, "--replace", "--yes", **there)
        seen = report(**there)
        assert seen["lost"] == []
        assert seen["halves"] == []
        assert seen["held"] == ["Not yet"]
        rows = manifest_of(made)["rows"]
        assert seen["releases"] == rows["releases_release"]
        assert seen["pictures"] == rows["assets_mediaasset"]

    restored(quiet, "--replace", "--yes", **there)
    seen = report(**there)
    same = ("lost", "halves", "files", "releases", "pictures")
    assert {name: seen[name] for name in same} == {name: report_here[name] for name in same}
    with gunicorn(tmp_path / "log2", 1, 2, **there) as port:
        assert feed[0] == 200
        assert fetch(port, "/releases/feed.atom") == feed
        assert fetch(port, picture.public_url("poster", "jpg")) == card
        assert fetch(port, public.get_absolute_url())[0] == 200
        assert fetch(port, scheduled.get_absolute_url())[0] == 404


def test_a_backup_of_a_bucket_is_restored_into_another_bucket(bucket, folder, elsewhere):
    make_release(title="Public", poster=make_picture())
    here = environment_of(bucket)
    there = elsewhere() | here | {"S3_BUCKET": f"restored-{uuid4()}"}
    assert manage("checkstorage", "--prepare", **there).returncode == 0
    restored(backup(folder, **here), **there)
    seen = report(**there)
    assert (seen["lost"], seen["files"]) == ([], len(list(named_files())))
    assert seen["public later"] == ["Public"]


# --- What is in a backup -----------------------------------------------------------------------


def test_a_backup_contains_only_files_that_rows_name(folder):
    picture = make_picture()
    former = picture.original.name
    picture.original = SimpleUploadedFile("other.jpg", jpeg((80, 50), "#222222"))
    picture.save()
    processing.process(picture)
    gone = make_picture(content=jpeg((70, 50)))
    name_of_gone = gone.original.name
    gone.delete()
    default_storage.save("originals/stray/file", SimpleUploadedFile("x", b"nobody names it"))
    made = backup(folder)
    held = {str(p.relative_to(made / "media")) for p in made.rglob("media/**/*") if p.is_file()}
    assert held == {file.name for file in named_files()}
    assert {former, picture.original.name} <= held
    assert name_of_gone not in held
    listed = subprocess.run(
        ["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=made, capture_output=True
    )
    assert listed.returncode == 0, listed.stdout
    manifest = manifest_of(made)
    assert manifest["rows"]["assets_mediaasset"] == 1
    assert manifest["files"]["number"] == len(held)
    assert manifest["verified"]
    assert manifest["snapshot"].endswith("+00:00")


def test_only_its_owner_can_read_a_backup(folder):
    make_picture()
    made = backup(folder)
    for path in [folder, made, *made.rglob("*")]:
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path


def test_a_backup_contains_no_sessions(folder, elsewhere):
    client = Client()
    client.force_login(make_chief())
    session = client.cookies["sessionid"].value
    made = backup(folder)
    if not POSTGRES:
        assert session.encode() not in (made / "database.sqlite3").read_bytes()
    where = elsewhere()
    restored(made, **where)
    code = "from django.contrib.sessions.models import Session as S; print(S.objects.count())"
    assert manage("shell", "--no-imports", "-c", code, **where).stdout.strip() == "0"


def test_the_record_of_access_is_restored_and_still_refuses_changes(folder, elsewhere):
    record(AccessEvent.Verb.SIGNED_IN, subject=make_chief())
    made, where = backup(folder), elsewhere()
    restored(made, **where)
    for statement in (
        "UPDATE accounts_accessevent SET verb = ''",
        "DELETE FROM accounts_accessevent",
    ):
        error = psycopg.Error if POSTGRES else sqlite3.DatabaseError
        with pytest.raises(error, match="append-only"):
            execute(where, statement)
    output = restored(made, "--replace", "--yes", **where)
    assert "accounts_record" not in output
    count = "from accounts.models import AccessEvent as E; print(E.objects.count())"
    assert manage("shell", "--no-imports", "-c", count, **where).stdout.strip() == "1"


def test_renditions_can_be_left_out(folder, elsewhere):
    picture = make_picture()
    where = elsewhere()
    made = backup(folder, "--without-renditions")
    assert {p.name for p in (made / "media").iterdir()} == {"originals"}
    next_steps = "Next: manage.py makerenditions, manage.py checkfiles. Each must exit with 0."
    assert next_steps in restored(made, **where)
    assert report(**where)["lost"] == [
        f"{file.name} is missing" for file in named_files() if file.name != picture.original.name
    ]


def test_the_next_backup_shares_unchanged_files_but_no_damaged_ones(folder):
    first, second = (make_picture(content=jpeg((60, 40), colour)) for colour in ("#111", "#eee"))
    before = backup(folder)
    change_byte(before / "media" / first.original.name)
    after = backup(folder)

    def number(made, picture):
        return (made / "media" / picture.original.name).stat().st_ino

    assert number(before, second) == number(after, second)
    assert number(before, first) != number(after, first)
    with default_storage.open(first.original.name) as stored:
        assert (after / "media" / first.original.name).read_bytes() == stored.read()


def test_missing_and_damaged_files_are_named_and_all_others_backed_up(folder, elsewhere):
    lost, damaged, sound = (make_document() for _ in range(3))
    default_storage.delete(lost.original.name)
    change_byte(Path(default_storage.path(damaged.original.name)))
    output = refusal("backup", folder, status=3)
    assert f"WRONG  {lost.original.name} is missing" in output
    assert f"WRONG  {damaged.original.name} does not match its row" in output
    (made,) = folder.iterdir()
    where = elsewhere()
    output = restored(made, **where)
    assert lost.original.name in output
    assert report(**where)["lost"] == [
        f"{file.name} {'is missing' if file.name == lost.original.name else 'is another one'}"
        for file in named_files(with_renditions=False)
        if file.name != sound.original.name
    ]


# --- What a restore brings back ----------------------------------------------------------------


def test_nothing_is_published_automatically_after_a_restore(folder, elsewhere, tmp_path):
    make_release(title="Public")
    scheduled = make_release("scheduled", title="Scheduled")
    make_release("held_unseen", title="Held before")
    make_link(scheduled)
    make_link(make_release("draft", title="Draft"), kind="colleague")
    made = backup(folder)
    where = elsewhere()
    output = restored(made, **where)
    assert "1 scheduled release was put on hold." in output
    assert "Revoked: 2 preview links" in output
    seen = report(**where)
    assert seen["public later"] == ["Public"]
    assert sorted(seen["held"]) == ["Held before", "Scheduled"]
    assert sorted(seen["restored"]) == ["held", "unlinked", "unlinked"]
    assert seen["halves"] == []

    # Its time passes. Withdrawn now, it leaves no tombstone.
    code = (
        "from releases.models import Release; from releases import workflow;"
        "from accounts.models import User; from django.utils import timezone;"
        "from datetime import timedelta; r = Release.objects.get(title='Scheduled');"
        "later = timezone.now() + timedelta(days=1); print(r.has_been_public(later));"
        "from django.db import models;"
        "models.QuerySet(Release).filter(pk=r.pk).update(publish_at=timezone.now());"
        "r.refresh_from_db();"
        "workflow.withdraw(r, by=User.objects.filter(is_superuser=True)[0], reason='We did.');"
    )
    with gunicorn(tmp_path / "log", 1, 2, **where) as port:
        assert fetch(port, scheduled.get_absolute_url())[0] == 404
        assert manage("shell", "--no-imports", "-c", code, **where).stdout.strip() == "False"
        assert fetch(port, scheduled.get_absolute_url())[0] == 404


def test_options_keep_the_schedule_and_the_preview_links(folder, elsewhere):
    scheduled = make_release("scheduled", title="Scheduled")
    make_link(scheduled)
    made = backup(folder)
    where = elsewhere()
    output = restored(made, "--keep-schedule", "--keep-previews", **where)
    assert "WARNING: scheduled releases are published at their time." in output
    assert "WARNING: preview links are open as they were." in output
    seen = report(**where)
    assert (seen["held"], seen["public later"], seen["restored"]) == ([], ["Scheduled"], [])


def test_a_restore_says_what_it_would_undo_and_delete(folder):
    chief = make_chief()
    release = make_release(title="Public")
    made = backup(folder)
    workflow.hold(release, by=chief)
    make_picture()
    ended = ["left", "forgotten", "forgotten", "invitation_cancelled", "recovery_code_used"]
    for verb in ended:
        record(AccessEvent.Verb(verb))
    output = refusal("restore", made)
    assert "Nothing was restored. The site is not empty" in output
    assert "1 picture or document, " in output
    assert "stored files that the backup does not have" in output
    output = refusal("restore", made, "--replace")
    assert re.search(r"This will be undone: Put on hold .* UTC: Public", output)
    assert "This will be undone: Left the team: 1 time\n" in output
    assert "This will be undone: Personal data removed: 2 times\n" in output
    assert "This will be undone: Invitation cancelled: 1 time\n" in output
    assert "This will be undone: Recovery code used: 1 time\n" in output
    assert "To continue without confirmation, add --yes." in output
    release.refresh_from_db()
    assert release.is_on_hold()
    assert MediaAsset.objects.count() == 1

    output = restored(made, "--replace", "--yes")
    assert re.search(r"Removed \d+ stored files", output)
    assert report()["files"] == 0
    assert list(Path(default_storage.path("originals")).rglob("*/*")) == []


def test_a_count_of_one_is_printed_in_the_singular(folder, capsys):
    MediaAsset.objects.create(original=ContentFile(pdf_bytes(), name="report.pdf"))
    make_chief()
    call_command("backup", str(folder), "--no-verify")
    output = capsys.readouterr()
    assert "1 file is copied" in output.err
    assert re.search(r"\d+ rows, 1 file, ", output.out)
    (made,) = folder.iterdir()
    assert "it has 1 user, 1 picture or document, " in refused("restore", made)


def test_a_backup_of_an_older_version_is_migrated(folder, elsewhere):
    before, after = elsewhere(), elsewhere()
    code = (
        "from django.core.management import call_command\n"
        "for app in 'releases 0003', 'assets', 'people', 'accounts', 'sessions', 'previews 0001',"
        "'admin': call_command('migrate', *app.split(), verbosity=0)"
    )
    done = manage("shell", "--no-imports", "-c", code, **before)
    assert done.returncode == 0, done.stderr
    user = {"DJANGO_SUPERUSER_PASSWORD": "a-password-of-some-length"}
    done = manage("createsuperuser", "--no-input", "--username=old", "--email=", **before, **user)
    assert done.returncode == 0, done.stderr
    made = backup(folder, **before)
    assert not any(
        "0004" in name for app, name in manifest_of(made)["migrations"] if app == "releases"
    )
    assert "Next: manage.py migrate, manage.py makerenditions" in restored(made, **after)
    assert manage("migrate", "--check", **after).returncode == 0
    code = "from accounts.models import User; print(User.objects.get())"
    assert manage("shell", "--no-imports", "-c", code, **after).stdout.strip() == "old"


# --- Refusals ----------------------------------------------------------------------------------


def test_a_changed_byte_is_found_and_named_before_anything_is_restored(folder, elsewhere):
    picture = make_picture()
    made = backup(folder)
    where = elsewhere()
    dump = next(made.glob("database.*"))
    manifest, original = made / "manifest.json", made / "media" / picture.original.name
    for path, named in [
        (original, f"media/{picture.original.name} has changed since it was written"),
        (dump, f"{dump.name} has changed since it was written"),
        (made / "SHA256SUMS", "SHA256SUMS has changed since it was written"),
    ]:
        before = path.read_bytes()
        change_byte(path)
        output = refused("restore", made)
        assert named in output
        assert "Nothing was restored" in output
        assert "Choose another one." in output
        path.write_bytes(before)
    original.rename(made / "away")
    assert "can’t be read" in refused("restore", made)
    (made / "away").rename(original)
    whole = manifest.read_text()
    manifest.write_text(whole[:200])
    assert "manifest.json can’t be read" in refusal("restore", made, **where)
    manifest.write_text(whole)
    assert list(Path(where["MEDIA_ROOT"]).iterdir()) == []
    restored(made, **where)


def test_a_name_that_leads_out_of_the_storage_is_refused(folder):
    made = backup(folder)
    for name in ("media/../../outside", "/etc/passwd", "media/originals/../../x", "media/x"):
        sums = made / "SHA256SUMS"
        sums.write_text(f"{'0' * 64}  {name}\n")
        sign(made)
        assert "a line that no backup writes" in refused("restore", made)


def test_a_backup_that_does_not_fit_this_newsroom_is_refused(folder):
    made = backup(folder)
    whole = manifest_of(made)

    def error(**changes):
        (made / "manifest.json").write_text(json.dumps(whole | changes))
        return refused("restore", made)

    newer = [*whole["migrations"], ["releases", "9999_to_come"]]
    error_of_newer = error(migrations=newer, version="7.5")
    assert (
        "made by a newer Pressroom (7.5): this one does not know the migration releases.9999"
        in error_of_newer
    )
    other = "sqlite" if POSTGRES else "postgresql"
    assert "Restore it into the same kind of database." in error(
        database=whole["database"] | {"engine": other}
    )
    assert "a format that this version of Pressroom can’t read" in error(format=2)
    if POSTGRES:
        newer = error(database=whole["database"] | {"server": "99.1"})
        assert "The backup was made on PostgreSQL 99" in newer
    half = made.rename(made.with_name(made.name + ".partial"))
    assert "was left by a backup that was stopped" in refused("restore", half)
    assert "There is no folder" in refused("restore", made)
    assert "is not a backup" in refused("restore", folder)


def test_a_public_or_unusable_folder_for_backups_is_refused(settings, tmp_path):
    media = Path(settings.MEDIA_ROOT)
    (tmp_path / "file").write_text("")
    (tmp_path / "into-media").symlink_to(media)
    (tmp_path / "nowhere").symlink_to(tmp_path / "none" / "none")
    for place, sentence in [
        (media / "backups", "is in MEDIA_ROOT, which is backed up"),
        (tmp_path / "into-media", "is in MEDIA_ROOT, which is backed up"),
        (ROOT / "static" / "backups", "which is public"),
        (ROOT / "var" / "static", "which is public"),
        (tmp_path / "file", "is not a folder"),
        (tmp_path / "nowhere", "is a link to a folder that does not exist"),
        (tmp_path / "none" / "backups", "There is no folder"),
        (tmp_path / ("n" * 300), "File name too long"),
    ]:
        output = refused("backup", place)
        assert "No backup was written" in output
        assert sentence in output
    assert not (media / "backups").exists()
    assert not (ROOT / "static" / "backups").exists()


def test_a_backup_that_does_not_fit_on_the_disk_leaves_nothing_behind(folder):
    make_document(content=pdf_bytes(200_000))
    done = subprocess.run(
        [sys.executable, ROOT / "manage.py", "backup", folder], env=environment(),
        capture_output=True, text=True, stdin=subprocess.DEVNULL,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)),
    )  # fmt: skip
    assert done.returncode == 1
    assert "No backup was written" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(folder.iterdir()) == []


def test_two_backups_do_not_write_into_one_folder_at_once(folder):
    folder.mkdir()
    with start("backup", folder) as first:
        while not list(folder.glob("*.partial")) and first.poll() is None:
            time.sleep(0.02)
        first.send_signal(signal.SIGSTOP)
        try:
            output = refusal("backup", folder)
        finally:
            first.send_signal(signal.SIGCONT)
        assert "Another backup or a restore is running" in output
        assert first.wait(timeout=60) == 0, first.stderr.read()


def test_two_restores_do_not_work_on_one_newsroom_at_once(folder, elsewhere):
    made, where = backup(folder), elsewhere()
    with start("restore", made, **where) as first:
        for line in first.stderr:
            if "Restoring the files" in line:
                break
        first.send_signal(signal.SIGSTOP)
        try:
            output = refusal("restore", made, "--replace", "--yes", **where)
        finally:
            first.kill()  # which also ends its lock
        assert "Nothing was restored. Another restore" in output
    restored(made, "--replace", "--yes", **where)


def test_an_unreachable_database_is_reported_in_a_sentence(folder, tmp_path):
    made = backup(folder, "--no-verify")
    down = f"sqlite:///{tmp_path}/none/database.sqlite3"
    if POSTGRES:
        down = "postgres://somebody:secret-word@127.0.0.1:9/pressroom"
    for command, place in [("backup", folder), ("restore", made)]:
        output = refusal(command, place, DATABASE_URL=down)
        assert re.search("No backup was written|Nothing was restored", output)
        assert re.search("can’t be reached|No such file or directory", output)
        assert "secret-word" not in output
    assert [path.name for path in folder.iterdir()] == [made.name]


def test_the_error_names_a_stored_file_that_cannot_be_read(folder):
    picture = make_picture()
    path = Path(default_storage.path(picture.original.name))
    path.chmod(0)
    done = subprocess.run(
        [sys.executable, ROOT / "manage.py", "backup", folder], env=environment(),
        capture_output=True, text=True, stdin=subprocess.DEVNULL, preexec_fn=drop_root_access,
    )  # fmt: skip
    assert done.returncode == 1
    assert f"The stored file {path} can’t be read: Permission denied" in done.stderr
    assert "Run this command as the user of the web server" in done.stderr
    assert "can’t be written" not in done.stderr
    path.unlink()
    path.mkdir()
    assert f"The stored file {path} can’t be read: Is a directory" in refused("backup", folder)
    assert list(folder.iterdir()) == []


def drop_root_access() -> None:
    """Drop the capabilities with which root reads every file, from the next exec on."""
    if os.geteuid() == 0:
        dropped, override, search = 24, 1, 2  # PR_CAPBSET_DROP of CAP_DAC_…
        for capability in (override, search):
            ctypes.CDLL(None).prctl(dropped, capability, 0, 0, 0)


LINKED = ["media", "media/originals", "one folder", "one file", "SHA256SUMS", "manifest.json"]


@pytest.mark.parametrize("linked", LINKED)
def test_links_that_lead_out_of_a_backup_are_not_followed(linked, folder, tmp_path):
    # The backup is complete and its checksums are right, but a part of it is elsewhere.
    document = make_document()
    original = Path("media", document.original.name)
    inner = {"one folder": original.parent, "one file": original}.get(linked, linked)
    call_command("backup", str(folder), "--no-verify")
    (made,) = folder.iterdir()
    (made / inner).rename(tmp_path / "outside")
    (made / inner).symlink_to(tmp_path / "outside")
    assert "Nothing was restored" in (output := refused("restore", made))
    assert "can’t be read" in output
    # The next backup does not share files with that place either.
    call_command("backup", str(folder), "--no-verify")
    newest = max(folder.iterdir())
    assert newest != made
    outside = [tmp_path / "outside", *tmp_path.glob("outside/**/*")]
    numbers_outside = {path.stat().st_ino for path in outside}
    assert not numbers_outside & {path.stat().st_ino for path in newest.rglob("*")}


SHAPES = {
    "a list": [],
    "a number": 1,
    "nothing": None,
    "only a format": {"format": 1},
    "no format": {"format": None},
    "a format in words": {"format": "1"},
    "a format that is true": {"format": True},
    "no sums": {"files": {}},
    "files in a list": {"files": []},
    "a number as sums": ("files", {"sums": 7}),
    "a path as sums": ("files", {"sums": "../../etc/passwd"}),
    "lost files in a dict": ("files", {"missing": {}}),
    "lost files without names": ("files", {"damaged": [1]}),
    "a lone surrogate": ("files", {"missing": ["\ud800"]}),
    "an engine without a server": {"database": {"engine": connection.vendor}},
    "a server in words": ("database", {"server": "new"}),
    "an engine in a list": ("database", {"engine": ["sqlite"]}),
    "a database in words": {"database": "sqlite"},
    "migrations in a dict": {"migrations": {"releases": "0001"}},
    "migrations with three parts": {"migrations": [["a", "b", "c"]]},
    "migrations of dicts": {"migrations": [[{}, {}]]},
    "a migration in words": {"migrations": ["ab"]},
    "no time": {"snapshot": None},
    "a time in words": {"snapshot": "yesterday"},
    "a time without a zone": {"snapshot": "2026-11-28T22:00:00"},
    "a time out of range": {"snapshot": "0001-01-01T00:00:00+23:00"},
    "rows in a list": {"rows": []},
    "rows without a number": {"rows": {"releases_release": "many"}},
    "a number as version": {"version": 7},
    "verified in words": {"verified": "yes"},
}


def test_a_manifest_of_the_wrong_shape_is_reported_as_damage(folder):
    made = backup(folder, "--no-verify")
    path, whole = made / "manifest.json", manifest_of(made)
    contents = {"nested": b"[" * 200_000, "no text": b'{"format": "\xff"}', "empty": b""}
    for name, change in SHAPES.items():
        if isinstance(change, tuple):
            change = whole | {change[0]: whole[change[0]] | change[1]}
        elif isinstance(change, dict) and name != "only a format":
            change = whole | change
        contents[name] = json.dumps(change).encode()
    for name, content in contents.items():
        path.write_bytes(content)
        output = refused("restore", made)
        assert output.startswith("Nothing was restored. The backup is damaged: "), (name, output)
        assert output.endswith("Choose another one."), (name, output)
    assert "The backup is damaged: “verified” in manifest.json" in refusal("restore", made)
    path.write_text(json.dumps(whole))
    assert "There is no folder" in refused("restore", folder / "none")


def test_a_restore_names_everything_that_it_deletes(folder, elsewhere):
    made, where = backup(folder), elsewhere()
    restored(made, **where)
    execute(
        where,
        "INSERT INTO auth_group (name) VALUES ('Regional desk')",
        "CREATE TABLE empty_one (a integer)",
        "CREATE TABLE full_one (a integer)",
        "INSERT INTO full_one VALUES (1)",
        "CREATE VIEW a_view AS SELECT * FROM full_one",
        "CREATE VIEW public_titles AS SELECT title FROM releases_release",
        "INSERT INTO django_content_type (app_label, model) VALUES ('theirs', 'thing')",
        "INSERT INTO auth_permission (name, codename, content_type_id) "
        "SELECT 'May', 'may', id FROM django_content_type WHERE app_label = 'theirs'",
        "INSERT INTO django_migrations (app, name, applied) VALUES ('theirs', '1', '2026-01-01')",
    )
    named = [
        "the group “Regional desk”", "the table empty_one (0 rows)", "the table full_one (1 row)",
        "the view a_view", "the view public_titles", "1 permission that no migration made",
        "1 kind of record that this version does not know",
        "1 record of a migration that this version does not know",
    ]  # fmt: skip
    if POSTGRES:
        execute(
            where,
            "CREATE SCHEMA desk",
            "CREATE MATERIALIZED VIEW desk.copy AS SELECT * FROM a_view",
            "CREATE TABLE desk.notes (release_id uuid REFERENCES releases_release, whole full_one)",
            "CREATE FUNCTION of_full(full_one) RETURNS integer LANGUAGE sql AS 'SELECT 1'",
            "CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
            "CREATE TRIGGER a_trigger BEFORE INSERT ON releases_release "
            "FOR EACH ROW EXECUTE FUNCTION stop()",
            "CREATE VIEW apart AS SELECT 1",
            "CREATE SEQUENCE sequence_apart",
        )
        named += [
            "the materialized view desk.copy", "the column whole of table desk.notes",
            "constraint notes_release_id_fkey on table desk.notes",
            "the function of_full(full_one)",
            "the trigger a_trigger on table releases_release",
        ]  # fmt: skip
    else:
        execute(where, "CREATE TRIGGER a_trigger DELETE ON full_one BEGIN SELECT 1; END")
        named += ["the trigger a_trigger"]
    output = refusal("restore", made, **where)
    assert "Nothing was restored. The site is not empty" in output
    assert [phrase for phrase in named if phrase not in output] == []
    assert not re.search("apart|releases_release_|django_session|other row", output)
    output = restored(made, "--replace", "--yes", **where)
    assert [phrase for phrase in named if phrase not in output] == []
    if POSTGRES:
        execute(
            where,
            "SELECT * FROM apart",
            "SELECT nextval('sequence_apart')",
            "SELECT 'stop'::regproc",
        )
    assert "This will be deleted" not in restored(made, **where)


def far_away(where) -> list[str]:
    """Return statements that create a foreign table; none if the user is no superuser."""
    with psycopg.connect(where["DATABASE_URL"]) as other:
        role = other.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        if not role.fetchone()[0]:
            return []
    return [
        "CREATE FOREIGN DATA WRAPPER far",
        "CREATE SERVER far_away FOREIGN DATA WRAPPER far",
        "CREATE FOREIGN TABLE far_notes (words text) SERVER far_away",
    ]


@on_postgres
def test_objects_that_a_dump_replaces_are_named(folder, elsewhere):
    made_by_operator = [
        "CREATE SCHEMA desk",
        "CREATE TABLE desk.notes (words text)",
        "CREATE FUNCTION desk.first(words text) RETURNS text LANGUAGE sql AS 'SELECT words'",
        "CREATE VIEW desk.of_notes AS SELECT * FROM desk.notes",
    ]
    source, target = elsewhere(), elsewhere()
    named = ["the schema desk", "the table desk.notes", "the function desk.first(words text)"]
    if far := far_away(source):
        made_by_operator += far
        made_by_operator.append("CREATE FOREIGN TABLE desk.far_notes (words text) SERVER far_away")
        named += ["the foreign table public.far_notes", "the foreign table desk.far_notes"]
    assert manage("migrate", "-v0", **source).returncode == 0
    execute(source, *made_by_operator)
    made = backup(folder, **source)
    execute(target, *made_by_operator[:3], *made_by_operator[4:])
    output = refusal("restore", made, **target)
    assert [phrase for phrase in named if phrase not in output] == []
    restored(made, "--replace", "--yes", **target)
    execute(target, "SELECT * FROM desk.of_notes")


@on_postgres
def test_an_extension_and_a_foreign_table_do_not_prevent_a_restore(folder, elsewhere):
    where = elsewhere()
    far = far_away(where)
    execute(where, "CREATE EXTENSION pg_trgm", *far)
    made = backup(folder)
    restored(made, **where)
    execute(where, "SELECT similarity('a', 'b')", *["DROP FOREIGN TABLE far_notes"] * bool(far))
    made = backup(folder, **where)
    restored(made, **where)


@on_postgres
def test_tools_that_are_missing_or_too_old_are_named(folder, tmp_path):
    assert "pg_dump is missing. Install the client of PostgreSQL" in refusal(
        "backup", folder, PATH=str(tmp_path)
    )
    old = tmp_path / "pg_dump"
    old.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6.24'\n")
    old.chmod(0o755)
    output = refusal("backup", folder, PATH=str(tmp_path))
    assert "pg_dump has version 9, and the server has version" in output
    assert not folder.exists()


@on_postgres
def test_no_process_has_the_password_among_its_arguments(folder):
    here = urlsplit(environment()["DATABASE_URL"])
    password = here.password or "a-password-that-this-server-does-not-ask-for"
    address = here._replace(netloc=f"{here.username or 'postgres'}:{password}@{here.hostname}:"
                            f"{here.port or 5432}")  # fmt: skip
    seen = set()
    with start("backup", folder, DATABASE_URL=urlunsplit(address)) as process:
        while process.poll() is None:
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                with contextlib.suppress(OSError):
                    seen.add(path.read_bytes())
        output = process.stdout.read() + process.stderr.read()
    assert process.returncode == 0, output
    assert any(b"pg_dump" in words and str(folder).encode() in words for words in seen)
    assert not any(password.encode() in words for words in seen)
    assert password not in output


@on_postgres
def test_only_a_scratch_database_of_a_backup_is_dropped(folder):
    """A backup that was killed between CREATE DATABASE and COMMENT leaves an empty one."""
    name = f"{connection.settings_dict['NAME'][:40]}_backup_scratch"
    address = urlsplit(environment()["DATABASE_URL"])._replace(path=f"/{name}").geturl()

    def execute_beside(*statements):
        with connection._nodb_cursor() as cursor:
            for statement in statements:
                cursor.execute(f'{statement} "{name}"')

    execute_beside("DROP DATABASE IF EXISTS", "CREATE DATABASE")
    backup(folder)
    execute_beside("CREATE DATABASE")
    execute({"DATABASE_URL": address}, "CREATE TABLE of_others (a int)")
    try:
        assert f"a database {name} that no backup created" in refusal("backup", folder)
    finally:
        execute_beside("DROP DATABASE")


@on_postgres
def test_a_user_who_may_not_create_databases_gets_advice(folder, elsewhere):
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        if not cursor.fetchone()[0]:
            pytest.skip("only a superuser of PostgreSQL can make such a user")
        role = f"limited_{uuid4().hex[:8]}"
        cursor.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'limited' IN ROLE pg_read_all_data")
    here = urlsplit(environment()["DATABASE_URL"])
    address = urlunsplit(here._replace(netloc=f"{role}:limited@{here.hostname}:{here.port}"))
    try:
        output = refusal("backup", folder, DATABASE_URL=address)
        assert f"The database user {role} may not create the scratch database" in output
        assert "--no-verify" in output
        assert not folder.exists()
        made = backup(folder, "--no-verify", DATABASE_URL=address)
        assert not manifest_of(made)["verified"]
        scratch = elsewhere()["DATABASE_URL"]
        for _ in range(2):
            made = backup(folder, DATABASE_URL=address, SCRATCH_DATABASE_URL=scratch)
            assert manifest_of(made)["verified"]
        output = refusal("backup", folder, SCRATCH_DATABASE_URL=environment()["DATABASE_URL"])
        assert "is not empty" in output
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP ROLE {role}")


# --- Killed ------------------------------------------------------------------------------------


@pytest.mark.parametrize("times", [2, pytest.param(6, marks=pytest.mark.soak)])
def test_a_killed_backup_is_never_mistaken_for_a_complete_one(times, folder, elsewhere):
    for _ in range(5):
        make_picture(content=jpeg((200, 130), f"#{random.randrange(2**24):06x}"))
    folder.mkdir()
    began = time.monotonic()
    backup(folder)
    whole = time.monotonic() - began
    for _ in range(times):
        with start("backup", folder) as process:
            time.sleep(random.uniform(whole / 4, whole))
            process.kill()
    left = [path for path in folder.iterdir() if not path.name.endswith(".partial")]
    last = backup(folder)
    assert not list(folder.glob("*.partial"))
    for made in [*left, last]:
        restored(made, "--replace", "--yes", **(where := elsewhere()))
        assert report(**where)["lost"] == []


@pytest.mark.parametrize("times", [2, pytest.param(6, marks=pytest.mark.soak)])
def test_a_killed_restore_leaves_the_old_newsroom_or_the_new_one(times, folder, elsewhere):
    empty = backup(folder)
    make_picture()
    for number in range(3):
        make_release(title=f"Public {number}")
    make_release("scheduled", title="Scheduled")
    made = backup(folder)
    where = elsewhere()
    began = time.monotonic()
    restored(made, **where)
    whole = time.monotonic() - began
    expected = report(**where)
    outcomes = set()
    where = elsewhere()
    restored(empty, **where)
    for _ in range(times):
        with start("restore", made, "--replace", "--yes", **where) as process:
            time.sleep(random.uniform(whole / 3, whole))
            process.kill()
        # The server ends the transaction of a closed connection a moment later.
        time.sleep(0.3)
        seen = report(**where)
        outcomes.add(seen["releases"])
        assert seen["releases"] in (0, expected["releases"])
        assert "Scheduled" not in seen["public later"]
        assert seen["lost"] == []
    restored(made, "--replace", "--yes", **where)
    assert report(**where) == expected


# --- Encrypted ---------------------------------------------------------------------------------


def test_a_backup_can_be_kept_encrypted_with_age(folder, elsewhere, tmp_path):
    if not shutil.which("age"):
        pytest.skip("apt install age")
    make_release(title="Public", poster=make_picture())
    made = backup(folder)
    key, sealed = tmp_path / "key.txt", tmp_path / f"{made.name}.tar.age"
    subprocess.run(["age-keygen", "-o", key], check=True, capture_output=True)
    recipient = re.search(r"public key: (\S+)", key.read_text())[1]
    book = (ROOT / "docs/operating.md").read_text()
    block = re.search(r"### To another place, encrypted\n\n```sh\n(.*?)```", book, re.DOTALL)[1]
    name = "pressroom-20261128T020000Z"
    real = {f"{name}.tar.age": sealed, name: made.name, "/backups": folder,
            "RECIPIENT": recipient, "KEYFILE": key}  # fmt: skip
    block = re.sub("|".join(real), lambda match: str(real[match[0]]), block)
    seal, opening = block.split("\n\n")
    decision = next((ROOT / "docs/decisions").glob("0028-*.md")).read_text()
    assert "tar -C FOLDER -c NAME | age -r RECIPIENT -o NAME.tar.age" in decision

    def run(lines) -> subprocess.CompletedProcess:
        return subprocess.run(["bash", "-c", lines], capture_output=True, text=True)

    away = made.rename(tmp_path / "away")
    assert "SEALED" not in run(seal).stdout  # age exits with 0 although tar failed
    away.rename(made)
    assert run(seal).stdout == "SEALED\n"
    shutil.rmtree(made)
    assert b"Public" not in sealed.read_bytes()
    assert run(opening).stdout == "WHOLE\n"
    where = elsewhere()
    restored(made, **where)
    assert report(**where)["public later"] == ["Public"]

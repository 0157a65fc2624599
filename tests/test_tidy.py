"""Expired data is removed by command and by schedule; nothing else is changed."""

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from urllib.request import urlopen

import pytest
import time_machine
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.utils import timezone

from pressroom import housekeeping, uploads
from previews import throttle
from previews.models import PreviewLink, ThrottleBucket, Visit
from tests.deployment import ROOT, Node, environment, rows
from tests.make import accept, make_link, make_release, pdf_bytes

pytestmark = pytest.mark.django_db(transaction=True)

LONG_AGO = time.time() - 3 * 60 * 60


def session() -> None:
    store = SessionStore()
    store["who"] = "an editor"
    store.create()


def leave_upload(name="tmpa.upload.jpg", at=LONG_AGO) -> Path:
    """Write a file to the folder for uploads, with a time of its last change."""
    uploads.prepare_folder()
    path = uploads.folder() / name
    path.write_bytes(b"an embargoed picture")
    os.utime(path, (at, at))
    return path


def tidy(capsys, *arguments) -> str:
    call_command("tidy", *arguments)
    return capsys.readouterr().out


def test_expired_data_is_removed_and_other_data_stays(capsys, client):
    release = make_release("scheduled")
    accept(client, make_link(release))
    kept = rows()
    session()
    throttle.count_miss("203.0.113.7", timezone.now())
    with time_machine.travel(timezone.now() + timedelta(hours=13), tick=False):
        session()
        throttle.count_miss("198.51.100.9", timezone.now())
        old, young = leave_upload(), leave_upload("tmpb.upload.jpg", at=time.time() - 60)
        output = tidy(capsys, "--dry-run")
        assert "interrupted uploads: 1 would be removed" in output
        assert "expired sessions: 1 would be removed" in output
        assert "counts of wrong preview addresses: 1 would be removed" in output
        assert (Session.objects.count(), ThrottleBucket.objects.count()) == (2, 2)
        assert old.exists()
        output = tidy(capsys)
        assert "interrupted uploads: 1 removed" in output
        assert "expired sessions: 1 removed" in output
        assert "counts of wrong preview addresses: 1 removed" in output
        assert (Session.objects.count(), ThrottleBucket.objects.count()) == (1, 1)
        assert (old.exists(), young.exists()) == (False, True)
        assert tidy(capsys).count(": 0 removed") == 4
    Session.objects.all().delete()
    assert rows() == kept
    assert (PreviewLink.objects.count(), Visit.objects.count()) == (1, 1)


def test_a_file_that_a_process_has_open_stays_until_it_ends(capsys):
    path = leave_upload()
    with path.open("rb") as file, subprocess.Popen(["sleep", "60"], stdin=file) as holder:
        file.close()
        assert "interrupted uploads: 0 removed" in tidy(capsys)
        holder.kill()
    assert "interrupted uploads: 1 removed" in tidy(capsys)
    assert not path.exists()


def test_files_of_other_programs_are_never_removed(capsys):
    path = leave_upload()
    beside = uploads.folder().parent / "tmpx.upload.jpg"
    beside.write_bytes(b"of another program")
    target = uploads.folder().parent / "target"
    target.write_bytes(b"behind a link")
    link, folder = uploads.folder() / "link", uploads.folder() / "folder"
    link.symlink_to(target)
    folder.mkdir()
    for other in (beside, target, folder):
        os.utime(other, (LONG_AGO, LONG_AGO))
    assert "interrupted uploads: 1 removed" in tidy(capsys)
    assert not path.exists()
    assert beside.exists() and target.exists() and link.is_symlink() and folder.exists()  # noqa: PT018


@pytest.mark.parametrize("kind", ["link", "open to all", "file"])
def test_a_folder_open_to_other_users_stores_no_upload(kind, capsys, caplog, tmp_path):
    folder = settings.FILE_UPLOAD_TEMP_DIR
    if kind == "link":
        folder.symlink_to(tmp_path, target_is_directory=True)
    elif kind == "file":
        folder.write_bytes(b"")
    else:
        folder.mkdir()
        folder.chmod(0o755)
    with pytest.raises(PermissionError, match="set TMPDIR to a folder of Pressroom's own"):
        uploads.prepare_folder()
    session()
    with time_machine.travel(timezone.now() + timedelta(hours=13)):
        with pytest.raises(CommandError, match="See the log"):
            call_command("tidy")
        output = capsys.readouterr().out
    assert "interrupted uploads: failed" in output
    assert "expired sessions: 1 removed" in output  # one failure does not stop the others
    assert len(caplog.records) == 1
    assert "set TMPDIR" in caplog.text


def test_the_folder_for_uploads_is_private_and_created_if_it_is_missing(at_desk, author):
    large = SimpleUploadedFile("report.pdf", pdf_bytes(3_000_000))
    answer = at_desk(author).post("/admin/assets/mediaasset/upload/?part=upload", {"file": large})
    assert answer.status_code == 200
    assert uploads.folder().stat().st_mode & 0o777 == 0o700
    # Only the empty lock files of accounts are left.
    assert all(path.name.startswith(".place-") for path in uploads.folder().iterdir())


# --- The schedule ------------------------------------------------------------------------------


def test_one_process_cleans_up_once_an_hour():
    start = timezone.now()
    with time_machine.travel(start, tick=False) as clock:
        assert housekeeping.clear_uploads_if_due()
        assert not housekeeping.clear_uploads_if_due()
        clock.shift(timedelta(minutes=59))
        assert not housekeeping.clear_uploads_if_due()
        clock.shift(timedelta(minutes=2))
        with housekeeping._claim() as claim:
            assert claim is not None
            assert not housekeeping.clear_uploads_if_due()
        assert housekeeping.clear_uploads_if_due()


def test_a_process_killed_during_cleanup_does_not_block_the_others():
    code = (
        "import django; django.setup(); import time\n"
        "from pressroom import housekeeping\n"
        "with housekeeping._claim() as claim:\n"
        "    print(claim is not None, flush=True); time.sleep(60)\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True,
        env=environment(DJANGO_SETTINGS_MODULE="pressroom.settings"),
    )  # fmt: skip
    with child:
        folder = settings_folder_of(child)
        assert folder
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(uploads, "folder", lambda: folder)
            assert not housekeeping.clear_uploads_if_due()
            child.send_signal(signal.SIGKILL)
            child.wait(timeout=20)
            assert housekeeping.clear_uploads_if_due()


def settings_folder_of(child: subprocess.Popen) -> Path:
    """Return the upload folder of another process, once it reports that it owns the claim."""
    assert child.stdout.readline() == "True\n"
    (found,) = settings.FILE_UPLOAD_TEMP_DIR.parent.glob("pressroom-*")
    return found


def test_a_failing_task_writes_one_line_to_the_log(caplog):
    housekeeping._quietly(housekeeping.clear_uploads_if_due)
    assert not caplog.records
    uploads.folder().chmod(0o755)
    housekeeping._quietly(housekeeping.clear_uploads_if_due)
    assert len(caplog.records) == 1
    assert caplog.records[0].getMessage().startswith("Housekeeping failed: ")
    assert "\n" not in caplog.records[0].getMessage()


def test_a_node_removes_the_uploads_of_a_killed_one_when_it_starts(tmp_path):
    """They can remain after `docker compose restart` if /tmp is kept."""
    session()
    Session.objects.update(expire_date=timezone.now() - timedelta(hours=1))
    with Node(tmp_path / "log", 2, 2) as node:
        (folder,) = settings.FILE_UPLOAD_TEMP_DIR.parent.glob("pressroom-*")
        node.kill()
        left = folder / "tmpq.upload.jpg"
        left.write_bytes(b"an embargoed picture")
        os.utime(left, (LONG_AGO, LONG_AGO))
        node.start()
        node.wait_until_ready()
        until = time.monotonic() + 20
        while left.exists() and time.monotonic() < until:
            time.sleep(0.1)
        assert not left.exists()
    assert not Session.objects.exists()
    log = (tmp_path / "log").read_text()
    assert log.count("1 expired sessions") == 1  # only one of the two workers removes them
    assert "Housekeeping failed" not in log


def test_pages_are_served_while_housekeeping_fails(tmp_path):
    release = make_release()
    with Node(tmp_path / "log", 1, 2) as node:
        (folder,) = settings.FILE_UPLOAD_TEMP_DIR.parent.glob("pressroom-*")
        node.stop()
        for path in folder.iterdir():
            path.unlink()
        folder.chmod(0o755)
        node.start()
        node.wait_until_ready()
        with urlopen(f"{node.url}{release.get_absolute_url()}", timeout=20) as answer:  # noqa: S310
            assert answer.status == 200
    assert "is not a folder that this user alone may enter" in (tmp_path / "log").read_text()

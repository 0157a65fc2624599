"""A disk that is full or read-only: a real one, of two megabytes."""

import contextlib
import os
import sqlite3
import subprocess
from functools import partial
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile, TemporaryUploadedFile
from django.db import connection

from assets import storage
from assets.models import MediaAsset
from assets.storage_basics import StorageError
from releases.models import Topic
from tests.make import make_release, picture_bytes
from tests.test_outages import ADD, ON_SQLITE, TOPIC, elsewhere

MEGABYTE = 1024 * 1024
PICTURE = "/admin/assets/mediaasset/add/"


class Disk:
    def __init__(self, path: Path) -> None:
        self.path = path

    def fill(self, room: int = 0) -> None:
        """Write until the disk is full, then free some bytes again."""
        filler = self.path / "filler"
        with filler.open("ab", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(b"x" * 4096)
        if room:
            os.truncate(filler, max(0, filler.stat().st_size - room))

    def make_read_only(self) -> None:
        subprocess.run(["mount", "-o", "remount,ro", self.path], check=True)


@pytest.fixture
def disk(tmp_path):
    """A disk of two megabytes with nothing on it."""
    path = tmp_path / "disk"
    path.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", path], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("only root may mount a disk")
    yield Disk(path)
    connection.close()
    subprocess.run(["umount", "--lazy", path], check=True)


def picture(size=0):
    return SimpleUploadedFile("field.jpg", picture_bytes(colour="#123456") + bytes(size))


def typed(**more):
    from tests.test_storage import typed as fields

    return fields(caption="Words of an hour.", **more)


def files(folder):
    return sorted(str(path) for path in Path(folder).rglob("*") if path.name != "filler")


@pytest.mark.django_db
@pytest.mark.parametrize("fault", ["full", "read-only"])
def test_the_form_keeps_its_text_and_names_the_fault_of_the_disk(
    disk, at_desk, editor, settings, fault, caplog
):
    settings.MEDIA_ROOT = disk.path
    client = at_desk(editor)
    assert client.get("/readyz").content.startswith(b"ready\n")
    disk.fill() if fault == "full" else disk.make_read_only()
    answer = client.post(PICTURE, typed(original=picture()))
    page = answer.content.decode()
    assert answer.status_code == 200
    why = {"full": "the disk of the newsroom is full", "read-only": "our files can’t be written"}
    assert f"The file was not stored: {why[fault]}" in page
    assert "Words of an hour.</textarea>" in page
    dropped = client.post("/admin/assets/mediaasset/upload/?part=upload", {"file": picture()})
    assert dropped.status_code == 400
    assert f"field.jpg was not stored: {why[fault]}" in dropped.content.decode()
    assert not MediaAsset.objects.exists()
    # Only the folder at the top may stay, but no file and no folder of a picture.
    assert set(files(disk.path)) <= {str(disk.path / "originals")}
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.content.startswith(b"ready, degraded: storage\n")
    assert f"{disk.path} can’t be written. The disk is {fault}." in caplog.text
    assert client.get("/").status_code == 200


@pytest.mark.parametrize("large", [False, True])
def test_a_full_disk_keeps_the_old_file_and_no_part_of_a_new_one(disk, settings, tmp_path, large):
    """A large upload is first stored on another disk, and then moved."""
    settings.MEDIA_ROOT = disk.path
    default_storage.save("originals/a/kept.jpg", ContentFile(b"as it was"))
    disk.fill(room=MEGABYTE // 2)
    before = files(disk.path)

    def refused(store, name):
        settings.FILE_UPLOAD_TEMP_DIR.mkdir(exist_ok=True)
        upload = partial(TemporaryUploadedFile, "x.jpg", "image/jpeg", MEGABYTE, None)
        with contextlib.closing(upload() if large else ContentFile(b"")) as file:
            file.write(os.urandom(MEGABYTE))
            file.flush()
            with pytest.raises(StorageError, match="The disk is full") as problem:
                store(name, file)
            assert problem.value.errno
            assert files(disk.path) == before

    for store in (default_storage.save, storage.replace):
        refused(store, "originals/b/new.jpg")
    refused(storage.replace, "originals/a/kept.jpg")
    with default_storage.open("originals/a/kept.jpg") as file:
        assert file.read() == b"as it was"


@pytest.mark.django_db
def test_a_file_that_fits_is_stored_whole_and_under_its_own_name(disk, settings):
    settings.MEDIA_ROOT = disk.path
    for expected in ("originals/a/one.jpg", None):
        name = default_storage.save("originals/a/one.jpg", ContentFile(b"x" * 1000))
        assert name == expected or expected is None
        assert default_storage.size(name) == 1000
    assert len(files(disk.path)) == 4  # two folders, two files
    assert oct(os.stat(disk.path / "originals/a/one.jpg").st_mode)[-3:] == "600"


@pytest.mark.django_db
@pytest.mark.parametrize("fault", ["full", "read-only"])
def test_the_form_keeps_its_text_while_there_is_no_room_for_an_upload(
    disk, at_desk, editor, settings, fault
):
    settings.FILE_UPLOAD_TEMP_DIR = disk.path / "uploads"
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 1000
    (disk.path / "uploads").mkdir(mode=0o700)
    disk.fill() if fault == "full" else disk.make_read_only()
    client = at_desk(editor)
    why = {"full": "the disk of the newsroom is full", "read-only": "our files can’t be written"}
    for path, sent in [
        (PICTURE, typed(original=picture(5000))),
        ("/admin/releases/release/import/", {"file": picture(5000)}),
        ("/admin/assets/mediaasset/upload/?part=upload", {"file": picture(5000)}),
    ]:
        answer = client.post(path, sent)
        page = answer.content.decode()
        assert answer.status_code == (400 if "part" in path else 200), path
        assert f"field.jpg was not stored: {why[fault]}" in page, path
        if path == PICTURE:
            assert "Words of an hour.</textarea>" in page
    traced = client.post("/admin/previews/previewlink/trace/", {"file": picture(5000)})
    assert traced.status_code == 503  # and not "nobody's copy"
    left = [name for name in files(disk.path) if "/.place-" not in name]  # locks, always empty
    assert left == [str(disk.path / "uploads")]
    assert client.get("/readyz").content.startswith(b"ready, degraded: uploads\n")


@ON_SQLITE
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("fault", ["full", "read-only"])
def test_pages_are_shown_and_typed_text_is_returned_while_the_database_cannot_be_written(
    disk, at_desk, editor, fault
):
    client, release = at_desk(editor), make_release()
    subprocess.run(["mount", "-o", "remount,size=6m", disk.path], check=True)
    copy = disk.path / "newsroom.sqlite3"
    source, target = sqlite3.connect(connection.settings_dict["NAME"]), sqlite3.connect(copy)
    source.backup(target)
    target.execute("PRAGMA journal_mode=WAL")
    for each in (source, target):
        each.close()
    reader = sqlite3.connect(copy)  # stands for another process that serves pages
    reader.execute("SELECT 1 FROM releases_release").fetchone()
    with elsewhere(NAME=str(copy)):
        assert client.get("/").status_code == 200
        if fault == "full":
            disk.fill()
        else:
            connection.close()
            reader.close()
            disk.make_read_only()
        answer = client.post(ADD, TOPIC)
        page = answer.content.decode()
        ready = client.get("/readyz").content
        if fault == "full":
            assert client.get(release.get_absolute_url()).status_code == 200
            assert not Topic.objects.exists()
    reader.close()
    assert answer.status_code == 503
    assert "The words of a minute." in page
    if fault == "full":
        assert "Our database is full" in page
        assert ready.startswith(b"ready, degraded: database\n")

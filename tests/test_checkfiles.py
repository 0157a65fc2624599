"""`checkfiles` and `makerenditions`: files are compared with the database, in both storages."""

import os
import re
import time
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
import time_machine
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.utils import timezone

from assets import checkfiles, processing, storage
from assets.models import MediaAsset
from jobs import queue
from jobs.models import Lane
from tests import s3_server
from tests.deployment import files, free_port, start
from tests.make import make_document, make_picture, make_release, picture_bytes, work_off
from tests.test_storage import elsewhere, environment_of

pytestmark = pytest.mark.django_db

NOTHING_WRONG = "Nothing is wrong."


@pytest.fixture(params=["folder", "bucket"])
def place(request):
    """Each kind of storage in turn: a folder and a bucket."""
    return request.getfixturevalue("bucket") if request.param == "bucket" else "folder"


def run(capsys, command="checkfiles", **options) -> tuple[int, list[str], str]:
    """Run a command; return its exit status, its lines, and its error."""
    status, problem = 0, ""
    try:
        call_command(command, **options)
    except CommandError as error:
        status, problem = error.returncode, str(error)
    except SystemExit as ended:
        status = ended.code
    return status, capsys.readouterr().out.splitlines(), problem


def named(lines: list[str]) -> set[tuple[str, str, str]]:
    """Return the faults among the lines: the kind, the record and the file."""
    found = (re.fullmatch(r"([a-z ]+?)  +(\S+)  (\S+)", line) for line in lines)
    return {match.groups() for match in found if match}


def renditions_of(picture) -> set[str]:
    return {
        picture.rendition_path(style, extension)
        for style, made in picture.renditions["styles"].items()
        for extension in made["formats"]
    }


def make_old(place, *names):
    """Date the changes in the database after the files, and make files in a folder a day old."""
    MediaAsset.history.update(history_date=timezone.now() + timedelta(hours=1))
    if place != "folder":
        time.sleep(1.1)  # a bucket stores times in whole seconds
    else:
        a_day_ago = time.time() - 25 * 3600
        for name in names:
            os.utime(default_storage.path(name), (a_day_ago, a_day_ago))


def content_of(name: str) -> bytes:
    with default_storage.open(name) as file:
        return file.read()


def put(name: str, content=b"left behind") -> str:
    return default_storage.save(name, ContentFile(content))


# --- After a restore ---------------------------------------------------------------------------


def test_after_a_restore_renditions_are_made_again_and_a_lost_original_is_named(
    place, client, capsys
):
    whole, cut, lost = (make_picture(content=picture_bytes((60, 40 + n))) for n in range(3))
    release = make_release(poster=cut)
    assert run(capsys)[0] == 0
    storage.remove_folder(f"renditions/{cut.pk}")
    default_storage.delete(lost.original.name)
    untouched = {file.name: file.modified for file in storage.listed(f"renditions/{whole.pk}/")}

    status, lines, problem = run(capsys)
    assert status == 1
    assert "do not match" in problem
    original = ("missing original", str(lost.pk), lost.original.name)
    assert named(lines) == {original} | {
        ("missing rendition", str(cut.pk), name) for name in renditions_of(cut)
    }
    assert client.get(release.get_absolute_url()).status_code == 200
    assert client.get(cut.public_url("poster", "jpg")).status_code == 404

    status, lines, _ = run(capsys, "makerenditions")
    assert status == 1
    output = "\n".join(lines)
    assert f"The original of {lost.pk} is missing: {lost.original.name}." in output
    assert "1 of 1: picture.jpg: Ready" in output
    assert "1 processed. 0 failed. 1 without an original." in output

    status, lines, _ = run(capsys)
    assert (status, named(lines)) == (1, {original})
    assert client.get(cut.public_url("poster", "jpg")).getvalue()
    assert client.get(release.get_absolute_url()).status_code == 200
    for picture in (whole, lost):
        picture.refresh_from_db()
        assert picture.state == "made"
    now = {file.name: file.modified for file in storage.listed(f"renditions/{whole.pk}/")}
    assert now == untouched

    put(lost.original.name, picture_bytes((60, 42)))
    assert run(capsys, "makerenditions")[:2] == (
        0,
        ["Nothing is waiting. No rendition is missing."],
    )
    status, lines, _ = run(capsys)
    assert (status, named(lines)) == (0, set())


def test_a_failed_picture_is_processed_when_its_original_is_back(place, capsys):
    picture = make_picture()
    content = content_of(picture.original.name)
    default_storage.delete(picture.original.name)
    processing.regenerate(picture)
    work_off(Lane.FILES)
    picture.refresh_from_db()
    assert picture.state == "failed"
    assert picture.error.startswith("The original file is missing.")
    status, lines, _ = run(capsys, "makerenditions")
    assert (status, len(lines)) == (1, 2)
    put(picture.original.name, content)
    assert run(capsys, "makerenditions")[0] == 0
    picture.refresh_from_db()
    assert (picture.state, picture.error) == ("made", "")


def test_a_picture_that_another_process_is_processing_is_left_alone(capsys):
    picture = make_picture()
    processing.regenerate(picture)
    processing._claim(queue._claim(lane=Lane.FILES).key)
    storage.remove_folder(f"renditions/{picture.pk}")
    run(capsys, "makerenditions")
    picture.refresh_from_db()
    assert picture.state == "making"
    with time_machine.travel(timezone.now() + timedelta(minutes=2)):  # its lease has ended
        assert run(capsys, "makerenditions")[0] == 0
    assert default_storage.exists(picture.rendition_path("press", "jpg"))


# --- What is missing or damaged ----------------------------------------------------------------


def test_earlier_originals_of_a_picture_are_checked(place, capsys):
    picture = make_picture(content=picture_bytes((60, 40)))
    first = picture.original.name
    picture.original = ContentFile(picture_bytes((40, 60)), name="other.jpg")
    picture.save()
    processing.process(picture)
    status, lines, _ = run(capsys)
    assert (status, lines) == (0, [f"Records compared: 1. Files: 25. {NOTHING_WRONG}"])
    default_storage.delete(first)
    status, lines, _ = run(capsys)
    assert named(lines) == {("missing earlier original", str(picture.pk), first)}
    assert status == 1


def test_documents_are_checked_too(place, capsys):
    report = make_document()
    default_storage.delete(report.original.name)
    status, lines, _ = run(capsys)
    assert status == 1
    assert named(lines) == {("missing original", str(report.pk), report.original.name)}


def test_a_file_of_the_wrong_size_is_reported_as_damaged(place, capsys):
    picture = make_picture()
    name = picture.rendition_path("press", "jpg")
    original = picture.original.name
    for damaged in (name, original):
        storage.replace(damaged, ContentFile(b"half"))
    status, lines, _ = run(capsys)
    assert status == 1
    assert named(lines) == {
        ("damaged original", str(picture.pk), original),
        ("damaged rendition", str(picture.pk), name),
    }


def test_an_original_with_other_bytes_of_the_same_size_is_found_by_its_digest(place, capsys):
    report = make_document()
    content = bytearray(content_of(report.original.name))
    content[20] ^= 1
    storage.replace(report.original.name, ContentFile(bytes(content)))
    assert run(capsys)[0] == 0
    status, lines, _ = run(capsys, digests=True)
    assert status == 1
    assert named(lines) == {("damaged original", str(report.pk), report.original.name)}


# --- Orphans -----------------------------------------------------------------------------------


def test_orphans_are_listed_and_only_removed_if_asked(place, capsys):
    picture, gone = make_picture(), uuid4()
    left = {
        put(f"originals/{gone}/{uuid4().hex}"),
        put(f"renditions/{gone}/0123456789ab/press.jpg"),
        put(f"renditions/{picture.pk}/0123456789ab/press.jpg"),
        put("originals/photo.jpg"),
        put("renditions/not-an-id/photo.jpg"),
    }
    make_old(place, *left)
    before = {file.name for top in ("originals", "renditions") for file in storage.listed(top)}
    hours = 24 if place == "folder" else 0
    status, lines, _ = run(capsys, older_than=hours)
    assert status == 1
    assert {name for kind, _, name in named(lines) if kind == "orphan"} == left
    assert "5 orphans (0.0 MB)" in lines[-1]

    status, lines, _ = run(capsys, older_than=hours, delete_orphans=True)
    assert status == 0
    assert {line.removeprefix("removed  ") for line in lines if line.startswith("removed")} == left
    after = {file.name for top in ("originals", "renditions") for file in storage.listed(top)}
    assert after == before - left
    if place == "folder":
        assert not any(str(gone) in path or "not-an-id" in path for path in files())
    assert run(capsys, older_than=0)[0] == 0


def test_the_files_of_a_deleted_record_are_orphans_though_its_history_names_them(place, capsys):
    picture, _kept = make_picture(), make_document()
    record, name = str(picture.pk), picture.original.name
    picture.delete()
    for top in ("originals", "renditions"):
        storage.remove_folder(f"{top}/{record}")
    put(name)
    make_old(place, name)
    status, lines, _ = run(capsys, older_than=0)
    assert (status, named(lines)) == (1, {("orphan", record, name)})


def test_a_file_whose_row_may_not_be_written_yet_is_no_orphan(place, capsys):
    make_document()
    name = put(f"originals/{uuid4()}/{uuid4().hex}")
    MediaAsset.history.update(history_date=timezone.now() + timedelta(hours=1))
    status, lines, _ = run(capsys, delete_orphans=True)
    assert (status, named(lines)) == (0, set())
    assert "1 file has no record and is too new to be an orphan" in lines[-1]
    assert default_storage.exists(name)


def test_files_newer_than_the_last_change_in_the_database_are_kept(place, capsys):
    make_document()
    MediaAsset.history.update(history_date=timezone.now() - timedelta(days=3))
    name = put(f"originals/{uuid4()}/{uuid4().hex}")
    status, lines, _ = run(capsys, older_than=0, delete_orphans=True)
    assert (status, named(lines)) == (0, set())
    assert "stored after the last change in the database" in lines[-1]
    assert default_storage.exists(name)


def test_renditions_that_are_being_made_are_no_orphans(place, capsys):
    picture = make_picture()
    picture.credit_line = "Another credit"
    picture.save()
    name = put(f"{picture.rendition_folder(picture.source_fingerprint()[:12])}/press.jpg")
    make_old(place, name)
    assert run(capsys, older_than=0)[0] == 0


def test_an_upload_while_files_are_compared_is_no_fault(place, capsys, monkeypatch):
    """The comparison finds its row when it reads the database a second time."""
    make_document()
    known = list(checkfiles.rows())
    monkeypatch.setattr(checkfiles, "rows", lambda: iter(known))  # read before the upload
    uploaded = make_document()
    make_old(place, uploaded.original.name)
    assert run(capsys, older_than=0)[0] == 0


def test_no_orphan_is_removed_if_database_and_storage_do_not_match(place, capsys):
    name = put(f"originals/{uuid4()}/{uuid4().hex}")
    lost = make_document()
    default_storage.delete(lost.original.name)
    make_old(place, name)
    status, lines, problem = run(capsys, older_than=0, delete_orphans=True)
    assert status == 2
    assert {kind for kind, _, _ in named(lines)} == {"missing original", "orphan"}
    assert "No orphan was removed. More than a tenth of the originals are missing" in problem
    lost.delete()
    make_document()
    put(f"originals/{uuid4()}/{uuid4().hex}")
    make_old(place, name)
    status, _, problem = run(capsys, older_than=0, delete_orphans=True)
    assert status == 2
    assert "More than half of the stored files would be removed" in problem
    assert default_storage.exists(name)


# --- Lists, errors and progress ----------------------------------------------------------------


def test_files_of_a_bucket_are_listed_without_a_request_for_each(bucket, capsys):
    for _ in range(3):
        make_picture()
    asked = []
    bucket.connection.meta.client.meta.events.register(
        "before-send.s3", lambda request, **_: asked.append(request.method)
    )
    assert run(capsys)[0] == 0
    assert asked == ["HEAD", "GET", "GET"]


def test_a_listing_of_several_pages_is_read_to_its_end(bucket, capsys, monkeypatch):
    for _ in range(3):
        make_picture()
    real = type(bucket).call_client

    def call_client(self, verb, **what):
        return real(self, verb, **what | ({"MaxKeys": 7} if "list" in verb else {}))

    monkeypatch.setattr(type(bucket), "call_client", call_client)
    status, lines, _ = run(capsys)
    assert (status, lines) == (0, [f"Records compared: 3. Files: 72. {NOTHING_WRONG}"])


def test_all_records_are_compared_although_they_are_read_in_chunks(capsys, monkeypatch):
    monkeypatch.setattr("assets.named_files.CHUNK", 2)
    reports = [make_document() for _ in range(5)]
    default_storage.delete(reports[3].original.name)
    status, lines, _ = run(capsys)
    assert "Records compared: 5. Files: 9. Found: 1 missing original." in lines[-1]
    assert status == 1


@pytest.mark.parametrize("command", ["checkfiles", "makerenditions"])
def test_an_unreachable_bucket_is_an_error_and_not_an_empty_storage(
    bucket, settings, capsys, command
):
    picture = make_picture()
    elsewhere(settings, S3_ENDPOINT_URL=f"http://127.0.0.1:{free_port()}")
    status, lines, problem = run(capsys, command)
    assert (status, lines) == (2, [])
    assert "does not answer (EndpointConnectionError)" in problem
    picture.refresh_from_db()
    assert picture.state == "made"


def test_an_unmounted_folder_is_an_error_and_not_an_empty_storage(settings, tmp_path, capsys):
    settings.MEDIA_ROOT = tmp_path / "unmounted"
    status, _, problem = run(capsys)
    assert status == 2
    assert problem == f"Files can’t be compared. There is no folder {settings.MEDIA_ROOT}. " \
        "Create or mount it."  # fmt: skip


def test_a_newsroom_without_files_is_in_order(place, capsys):
    status, lines, _ = run(capsys)
    assert (status, lines) == (0, [f"Records compared: 0. Files: 0. {NOTHING_WRONG}"])


@pytest.mark.django_db(transaction=True)
def test_checkfiles_has_an_exit_status_and_prints_no_key_and_no_title(bucket):
    picture = make_picture(name="secret-name.jpg", caption="A secret caption")
    storage.remove_folder(f"renditions/{picture.pk}")
    for secret, expected in ((s3_server.SECRET_KEY, 1), ("wrong-one", 2)):
        environment = environment_of(bucket) | {"S3_SECRET_ACCESS_KEY": secret}
        with start("checkfiles", **environment) as command:
            printed = "".join(command.communicate(timeout=60))
        assert command.returncode == expected, printed
        for private in (secret, "secret-name", "secret caption", "Traceback", "Signature="):
            assert private not in printed


def test_progress_is_written_into_a_log_every_five_seconds(capsys, monkeypatch):
    monkeypatch.setattr("assets.management.progress.monotonic", iter(range(0, 99, 4)).__next__)
    for _ in range(4):
        make_document()
    call_command("checkfiles")
    shown = [line for line in capsys.readouterr().err.splitlines() if line]
    assert shown == ["records compared: 2 of 4", "records compared: 4 of 4"]


def test_an_invalid_age_is_refused():
    for age in ("-1", "soon", "nan"):
        with pytest.raises(CommandError):
            call_command("checkfiles", f"--older-than={age}")


# --- An outage of the storage ------------------------------------------------------------------


def test_a_picture_waits_while_the_bucket_is_unavailable(bucket, settings, caplog):
    picture = make_picture()
    processing.regenerate(picture)
    address = settings.S3_ENDPOINT_URL
    elsewhere(settings, S3_ENDPOINT_URL=f"http://127.0.0.1:{free_port()}")
    for _ in range(4):  # also when the circuit breaker no longer asks the bucket
        work_off(Lane.FILES)
    picture.refresh_from_db()
    assert (picture.state, picture.claimed_at) == ("waiting", None)
    elsewhere(settings, S3_ENDPOINT_URL=address)
    with time_machine.travel(timezone.now() + timedelta(minutes=2)):
        assert work_off(Lane.FILES) == 1
    picture.refresh_from_db()
    assert picture.state == "made"


@pytest.mark.django_db(transaction=True)
def test_checkfiles_finds_the_files_of_a_picture_deleted_during_an_outage(
    bucket, settings, caplog, capsys
):
    picture, _kept = make_picture(), make_picture(content=picture_bytes((50, 50)))
    address = settings.S3_ENDPOINT_URL
    elsewhere(settings, S3_ENDPOINT_URL=f"http://127.0.0.1:{free_port()}")
    picture_id = picture.pk
    picture.delete()
    assert f"originals/{picture_id} was not removed" in caplog.text
    elsewhere(settings, S3_ENDPOINT_URL=address)
    MediaAsset.history.update(history_date=timezone.now() + timedelta(hours=1))
    status, lines, _ = run(capsys, older_than=0, delete_orphans=True)
    assert status == 0, lines
    assert not list(storage.listed(f"originals/{picture_id}/"))


def test_paths_of_files_do_not_reveal_the_name_of_an_upload(capsys):
    picture = make_picture(name="Teodor Brask in hospital.jpg")
    assert "Teodor" not in picture.original.name
    Path(default_storage.path(picture.original.name)).unlink()
    assert "Teodor" not in "".join(run(capsys)[1])

"""Renditions are made in the background, and a page shows only those that exist."""

import io
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from zipfile import ZipFile

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db import connection, models
from django.utils import timezone

from assets import pictures, processing, sandbox, storage
from assets.messages import BadFileError
from assets.models import MediaAsset
from jobs import queue
from jobs.models import Job, Lane
from releases import workflow
from releases.models import Release
from tests.deployment import gunicorn
from tests.make import (
    historical_apps,
    make_chief,
    make_picture,
    make_release,
    picture_bytes,
    work_off,
)

pytestmark = pytest.mark.django_db


def waiting_picture(content=None, **fields) -> MediaAsset:
    words = {"alt_text": "A field", "credit_line": "Nobody in particular"} | fields
    return MediaAsset.objects.create(
        original=ContentFile(content or picture_bytes(), name="field.jpg"), **words
    )


def stored(picture, style="teaser") -> bytes:
    with closing(picture.open_rendition(style, "jpg")) as file:
        return file.read()


def files_below(path: str) -> list[str]:
    folders, files = default_storage.listdir(path)
    return files + [name for folder in folders for name in files_below(f"{path}/{folder}")]


def break_original(picture, content=b"no picture") -> None:
    name = str(picture.original.name)
    default_storage.delete(name)
    default_storage.save(name, ContentFile(content))


def test_saving_a_picture_does_not_wait_for_its_renditions(client):
    picture = waiting_picture()
    assert (picture.state, picture.renditions) == ("waiting", {})
    # Until then, public pages work without it.
    release = make_release()
    models.QuerySet(Release).filter(pk=release.pk).update(poster=picture)
    page = client.get(release.get_absolute_url())
    assert page.status_code == 200
    assert b"<img" not in page.content
    assert client.get(picture.public_url("poster", "jpg")).status_code == 404
    assert work_off(Lane.FILES) == 1
    page = client.get(release.get_absolute_url())
    assert b"<img" in page.content
    assert client.get(picture.public_url("poster", "jpg")).getvalue()


def test_a_release_is_not_approved_with_a_picture_that_is_not_ready():
    picture = waiting_picture()
    release = make_release("draft", poster=picture)
    now = {"by": make_chief(), "publish_at": timezone.now() + timedelta(hours=1)}
    with pytest.raises(workflow.ActionBlocked, match="it is still being processed"):
        workflow.approve(release, **now)
    work_off(Lane.FILES)
    release = Release.objects.get()
    assert workflow.approve(release, **now).is_scheduled()


def test_a_failure_is_shown_with_its_reason_and_can_be_retried(at_desk, author):
    picture = waiting_picture()
    intact = picture_bytes()
    break_original(picture)
    work_off(Lane.FILES)
    picture = MediaAsset.objects.get()
    assert picture.state == "failed"
    assert "This file can’t be read." in picture.error
    assert any("processing failed" in words for words in workflow.blockers(
        make_release("draft", poster=picture)
    ))  # fmt: skip
    client = at_desk(author)
    page = client.get(f"/admin/assets/mediaasset/{picture.pk}/change/").content.decode()
    assert "This file can’t be read." in page
    assert "Process again" in page
    break_original(picture, intact)
    client.post(f"/admin/assets/mediaasset/{picture.pk}/again/")
    work_off(Lane.FILES)
    picture = MediaAsset.objects.get()
    assert (picture.state, picture.error) == ("made", "")


def test_an_unexpected_error_is_shown_and_does_not_stop_other_pictures(monkeypatch):
    broken, other = waiting_picture(), waiting_picture(picture_bytes(colour="#123456"))
    default_storage.delete(str(broken.original.name))
    assert work_off(Lane.FILES) == 2
    broken.refresh_from_db()
    other.refresh_from_db()
    assert (broken.state, other.state) == ("failed", "made")
    assert "See the log." in broken.error


def kill_sandboxes(stop) -> int:
    """Kill each sandbox until `stop`, as the kernel does when memory runs out; return how many."""
    killed = set()
    while not stop.wait(0.01):
        for tasks in Path("/proc/self/task").iterdir():
            with suppress(OSError):  # a thread or a process has just ended
                for child in map(int, (tasks / "children").read_text().split()):
                    if b"sandbox_process.py" in Path(f"/proc/{child}/cmdline").read_bytes():
                        killed.add(child)
                        os.kill(child, signal.SIGKILL)
    return len(killed)


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="it looks for children in /proc")
def test_a_killed_process_is_retried_soon_and_given_up_with_a_reason():
    picture = waiting_picture()
    stop = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        killed = pool.submit(kill_sandboxes, stop)
        try:
            for attempt in (1, 2, 3):
                with time_machine.travel(
                    timezone.now() + timedelta(seconds=6 * attempt), tick=True
                ):
                    assert work_off(Lane.FILES) == 1
                    job = Job.objects.get(name="assets.make_renditions")
                    assert job.attempts == attempt
                    assert job.due_at <= timezone.now() + timedelta(seconds=5)
        finally:
            stop.set()
        assert killed.result() == 3
    picture.refresh_from_db()
    assert (job.state, picture.state) == ("failed", "failed")
    assert job.reason == picture.error
    assert "Processing stopped each time" in picture.error
    # The file is not damaged, so it can be processed again.
    processing.regenerate(picture)
    work_off(Lane.FILES)
    picture.refresh_from_db()
    assert (picture.state, picture.error) == ("made", "")


def test_old_renditions_are_served_until_the_new_ones_exist(client):
    picture = make_picture()
    make_release(poster=picture)
    before = stored(picture)
    picture.focus_x = 0.1
    picture.save()
    assert picture.state == "waiting"
    assert client.get(picture.public_url("teaser", "jpg")).getvalue() == before
    work_off(Lane.FILES)
    picture.refresh_from_db()
    assert picture.state == "made"
    # The files of the old renditions are deleted.
    assert len(files_below(f"renditions/{picture.pk}")) == 23


def store_as_the_first_version_did(picture) -> None:
    """Store a picture as the first version did: flat file names, and no file sizes."""
    styles = {}
    for style, made in picture.renditions["styles"].items():
        styles[style] = made | {"formats": list(made["formats"])}
        for extension in made["formats"]:
            with picture.open_rendition(style, extension) as file:
                default_storage.save(f"renditions/{picture.pk}/{style}.{extension}", file)
    storage.remove_folder(picture.rendition_folder(picture.version))
    old = {"of": "a fingerprint of then", "styles": styles}
    models.QuerySet(MediaAsset).filter(pk=picture.pk).update(renditions=old, state="")


def run_migration() -> int:
    """Convert rows as the migration does, and as each `migrate` repeats; return how many."""
    migration = import_module("assets.migrations.0003_what_was_made_before")
    return migration.make_again(historical_apps(), SimpleNamespace(connection=connection))


@pytest.mark.parametrize("is_migrated", [False, True])
def test_a_picture_of_the_first_version_works_until_it_is_processed_again(client, is_migrated):
    """Old code can still write such a row during an upgrade."""
    picture = make_picture()
    before = stored(picture, "press")
    release = make_release(poster=picture)
    store_as_the_first_version_did(picture)
    if is_migrated:
        assert run_migration() == 1
        assert run_migration() == 0
        assert MediaAsset.objects.get().state == "waiting"
    address = release.get_absolute_url()
    assert b"0 bytes" not in client.get(address).content
    assert client.get(f"{address}release.json").status_code == 200
    assert client.get(picture.public_url("press", "jpg")).getvalue() == before
    with ZipFile(io.BytesIO(client.get(f"{address}media.zip").getvalue())) as archive:
        assert archive.testzip() is None
        (name,) = [name for name in archive.namelist() if name.endswith(".jpg")]
        assert archive.read(name) == before
    draft = make_release("draft", poster=MediaAsset.objects.get())
    assert not any("picture" in words for words in workflow.blockers(draft))
    run_migration()
    assert work_off(Lane.FILES) == 1
    assert MediaAsset.objects.get().state == "made"
    assert client.get(address).status_code == 200


def test_a_new_picture_does_not_wait_while_the_library_is_processed_again():
    """It could wait for hours after an upgrade, and no release with it could be approved."""
    older = [
        make_picture(content=picture_bytes(colour=colour)) for colour in ("#111111", "#222222")
    ]
    models.QuerySet(MediaAsset).update(state="waiting")  # as an old version stores them
    processing.enqueue_unprocessed()
    new = waiting_picture(picture_bytes(colour="#333333"))
    queue._do(queue._claim(lane=Lane.FILES))
    assert MediaAsset.objects.get(pk=new.pk).state == "made"
    assert {MediaAsset.objects.get(pk=picture.pk).state for picture in older} == {"waiting"}


def test_saving_a_row_read_before_processing_does_not_undo_it():
    picture = waiting_picture()
    opened = MediaAsset.objects.get()
    work_off(Lane.FILES)
    opened.caption = "Typed meanwhile"
    opened.save()
    picture.refresh_from_db()
    assert (picture.state, picture.caption) == ("made", "Typed meanwhile")
    assert picture.is_usable()


def test_only_one_worker_processes_a_picture():
    waiting_picture()
    job = queue._claim(lane=Lane.FILES)
    mine = processing._claim(job.key)
    assert mine.state == "making"
    assert work_off(Lane.FILES) == 0
    # When the lease has ended, another worker does the job, and a late result is dropped.
    with time_machine.travel(timezone.now() + timedelta(minutes=2)):
        assert work_off(Lane.FILES) == 1
    before = MediaAsset.objects.get().renditions
    processing._process(mine)
    picture = MediaAsset.objects.get()
    assert (picture.state, picture.renditions) == ("made", before)
    assert stored(picture)


def test_renditions_of_an_older_state_are_dropped():
    picture = waiting_picture()
    claimed = processing._claim(picture.pk)
    picture.refresh_from_db()
    picture.credit_line = "Another credit"
    picture.save()
    processing._process(claimed)
    picture.refresh_from_db()
    assert (picture.state, picture.renditions) == ("waiting", {})
    work_off(Lane.FILES)
    picture.refresh_from_db()
    assert b"Another credit" in stored(picture)
    assert len(files_below(f"renditions/{picture.pk}")) == 23


@pytest.mark.django_db(transaction=True)
def test_a_server_processes_pictures_that_waited_before_its_start(tmp_path):
    picture = waiting_picture()
    with gunicorn(tmp_path / "log", 2, 2):
        for _ in range(100):
            picture.refresh_from_db()
            if picture.state == "made":
                break
            time.sleep(0.2)
    assert (picture.state, picture.error) == ("made", "")
    assert stored(picture)


def test_makerenditions_processes_pictures_and_prints_the_progress(capsys):
    waiting_picture()
    call_command("makerenditions")
    assert "field.jpg: Ready" in capsys.readouterr().out
    call_command("makerenditions")
    assert "Nothing is waiting." in capsys.readouterr().out
    call_command("makerenditions", "--again")
    assert "1 processed. 0 failed" in capsys.readouterr().out
    break_original(MediaAsset.objects.get())
    with pytest.raises(SystemExit):
        call_command("makerenditions", "--again")
    assert "This file can’t be read." in capsys.readouterr().out


# --- The process that opens files --------------------------------------------------------------


def refusal_of(content: bytes) -> str:
    with pytest.raises(ValidationError) as refusal:
        MediaAsset(original=ContentFile(content, name="photo.jpg")).full_clean()
    return " ".join(refusal.value.message_dict["original"])


def test_a_picture_that_needs_too_much_memory_is_refused_and_the_next_is_accepted(
    settings,
):
    large = picture_bytes((4000, 3000), format="PNG")
    settings.MAX_PICTURE_MEMORY_MEGABYTES = 60
    assert "photo.jpg: Opening it needs more than 60 MB of memory" in refusal_of(large)
    settings.MAX_PICTURE_MEMORY_MEGABYTES = 300
    assert waiting_picture(large).width == 4000


def test_opening_a_picture_is_stopped_if_it_takes_too_long(monkeypatch):
    monkeypatch.setattr(sandbox, "TIMEOUT_FACTOR", 0)
    assert "Opening it takes more than 2 seconds" in refusal_of(picture_bytes())


def test_a_broken_decoder_only_causes_a_message(monkeypatch):
    # /bin/false exits as a process does whose decoder crashes.
    monkeypatch.setattr(sandbox.sys, "executable", "/bin/false")
    assert "The file could not be opened" in refusal_of(picture_bytes())


@pytest.mark.parametrize(
    "output",
    [
        "x", "[]", "{}", '{"kind": "image"}', '{"length": -1}', '{"length": 999999999999}',
        '{"length": "x"}', '{"style": "../../originals/x", "extension": "jpg", "length": 0}',
        '{"style": "poster", "extension": "php", "length": 0}', '"' + "x" * 3_000_000,
    ],
)  # fmt: skip
def test_a_process_that_a_file_controls_is_not_trusted(monkeypatch, tmp_path, output):
    """Its output is limited, and renditions are accepted only under the names that we requested."""
    hostile_python = tmp_path / "python"
    hostile_python.write_text(f"#!/bin/sh\ncat >/dev/null\ncat <<'END'\n{output}\nEND\n")
    hostile_python.chmod(0o700)
    monkeypatch.setattr(sandbox.sys, "executable", str(hostile_python))
    assert "The file could not be opened" in refusal_of(picture_bytes())
    limits = sandbox.Limits(10, 2, 300)
    with pytest.raises(BadFileError):
        list(sandbox.renditions(io.BytesIO(picture_bytes()), limits, pictures.Rights(), (0.5, 0.5)))


def test_a_picture_with_more_pixels_than_is_allowed_is_refused(settings):
    settings.MAX_PICTURE_MEGAPIXELS = 1
    assert "1 megapixels" in refusal_of(picture_bytes((1200, 1000)))


def test_the_sandbox_has_no_secrets_in_its_environment():
    """A decoder that an attacker controls must not find a key."""
    order = {"task": "inspect"}
    limits = sandbox.Limits(10, 2, 300)
    with sandbox._request(io.BytesIO(picture_bytes()), limits, order) as answers:
        ends = time.monotonic() + 10
        while not (environments := sandbox_environments()) and time.monotonic() < ends:
            time.sleep(0.005)  # until it has started
        next(answers)
    assert environments
    for environment in environments:
        assert b"SECRET_KEY" not in environment
        assert b"DATABASE_URL" not in environment


def sandbox_environments() -> list[bytes]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if b"sandbox_process.py" in (process / "cmdline").read_bytes():
                found.append((process / "environ").read_bytes())
        except OSError:
            continue
    return found

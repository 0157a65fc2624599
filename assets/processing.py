"""Makes renditions in the background, so that an editor who saves a picture does not wait.

Each waiting picture has a job in the queue. Its renditions are stored under names that depend on
their content. They are added to the row only after that, so that no page refers to a missing file.
The cleaned copy of a document is made in the same way, as its only rendition.
"""

import logging
import os
import tempfile
from collections.abc import Sequence
from datetime import timedelta
from typing import IO, Any

from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models.signals import post_delete, post_save
from django.utils import timezone
from django.utils.translation import gettext as _

from assets import cleaned, cleaning, sandbox, storage
from assets.messages import BadFileError
from assets.models import MediaAsset
from assets.storage_basics import StorageError, in_background
from assets.uploads import limits_of_renditions
from jobs import queue
from jobs.models import Job
from jobs.queue import Lane, job

log = logging.getLogger(__name__)

CHUNK_BYTES = 1 << 20
FIND_EVERY = timedelta(minutes=1)


def _given_up(reason: str, pk: str) -> None:
    MediaAsset.objects.to_process().filter(pk=pk).update_derived(
        state=MediaAsset.State.FAILED, error=reason, claimed_at=None
    )


@job("assets.make_renditions", lane=Lane.FILES, attempts=3, given_up=_given_up)
def make_renditions(pk: str) -> None:
    """Process one picture or document, unless it is already processed."""
    if picture := _claim(pk):
        with in_background():
            _process(picture)


@job("assets.find_pictures", every=FIND_EVERY)
def enqueue_unprocessed() -> None:
    """Add waiting pictures that are missing in the queue, such as those of an older version."""
    queued = set(Job.objects.filter(name=make_renditions.name).values_list("key", flat=True))
    for picture in MediaAsset.objects.to_process().only("pk", "renditions"):
        if str(picture.pk) not in queued:
            _enqueue(picture)


def process(picture: MediaAsset) -> None:
    """Process one picture or document in this process now, unless a worker is processing it.

    Raises StorageError if files can't be reached. The picture then waits for a worker.
    """
    try:
        queue.run_now(make_renditions, str(picture.pk), key=str(picture.pk))
    except queue.JobPostponed as problem:
        raise StorageError(str(problem)) from problem
    picture.refresh_from_db(fields=MediaAsset.NOT_IN_HISTORY)


def repair(picture: MediaAsset) -> None:
    """Process one picture or document again now, unless a worker is processing it."""
    if picture.state != MediaAsset.State.PROCESSING:
        regenerate(picture)
    process(picture)


def _enqueue(picture: MediaAsset) -> None:
    # Pictures without renditions are urgent: a release may wait for them. The others still have
    # their old renditions. After an upgrade they may be the whole library, which takes hours.
    make_renditions.add(
        str(picture.pk), key=str(picture.pk), urgent="styles" not in picture.renditions
    )


def regenerate(picture: MediaAsset) -> None:
    """Request that a picture is processed again; its old renditions stay until then."""
    if picture.original:
        MediaAsset.objects.filter(pk=picture.pk).update_derived(
            state=MediaAsset.State.WAITING, error="", claimed_at=None
        )
        _enqueue(picture)


def _claim(pk: str) -> MediaAsset | None:
    """Mark a picture as being processed and return it; None if there is nothing to do."""
    mine = MediaAsset.objects.to_process().filter(pk=pk)
    if not mine.update_derived(state=MediaAsset.State.PROCESSING, claimed_at=timezone.now()):
        return None
    return MediaAsset.objects.get(pk=pk)


def _process(picture: MediaAsset) -> None:
    """Process a claimed picture, and remove renditions that are no longer used.

    If the picture has changed since the claim, or another worker has claimed it, the row is not
    updated.
    """
    row = MediaAsset.objects.filter(
        pk=picture.pk, state=MediaAsset.State.PROCESSING, claimed_at=picture.claimed_at
    )
    try:
        columns = _render(picture)
    except StorageError as problem:
        row.update_derived(state=MediaAsset.State.WAITING, claimed_at=None)
        raise queue.JobPostponed(str(problem)) from problem
    except sandbox.ProcessDiedError as problem:
        raise queue.JobRetry(_("Processing stopped each time. See the log.")) from problem
    row.update_derived(**columns)
    for name, value in columns.items():
        setattr(picture, name, value)
    _remove_unused_renditions(picture)


def _remove_unused_renditions(picture: MediaAsset) -> None:
    """Remove all renditions except the current ones and those that are being made.

    Renditions of a replaced file are removed too, because it may have shown the wrong person.
    """
    stored = MediaAsset.objects.filter(pk=picture.pk).first()
    needed = {stored.version, stored.source_fingerprint()[:12]} if stored else set()
    try:
        versions, _files = default_storage.listdir(picture.rendition_folder(""))
    except FileNotFoundError:
        return
    except StorageError as problem:
        log.error("Old renditions of picture %s may stay: %s", picture.pk, problem)
        return
    for version in set(versions) - needed:
        _remove_folder(picture.rendition_folder(version))


def _remove_folder(path: str) -> None:
    """Remove files that are no longer used. If that fails, log it and keep them."""
    try:
        storage.remove_folder(path)
    except StorageError as problem:
        log.error(
            "%s was not removed: %s Run manage.py checkfiles --delete-orphans later.", path, problem
        )


def _render(picture: MediaAsset) -> dict[str, Any]:
    """Store every rendition of a picture; return the new values of its row.

    Raises StorageError if files can't be reached, and ProcessDiedError if the sandbox was killed.
    The picture is not the cause of these errors, so it can be processed later.
    """
    fingerprint = picture.source_fingerprint()
    folder = picture.rendition_folder(fingerprint[:12])
    make = _cut_renditions if picture.is_picture else _clean
    try:
        with picture.original.open() as original:
            files = make(picture, original, folder)
    except sandbox.ProcessDiedError:
        raise
    except BadFileError as problem:
        return _failed(str(problem))
    except StorageError:
        raise
    except FileNotFoundError:
        log.error("The original of picture %s is missing: %s", picture.pk, picture.original)
        return _failed(_("The original file is missing. See the log."))
    except Exception as problem:
        log.exception("Picture %s could not be processed.", picture.pk)
        return _failed(_("%(error)s. See the log.") % {"error": type(problem).__name__})
    renditions = {"of": fingerprint, **files}
    if "styles" in renditions:
        state, error = MediaAsset.State.READY, ""
    else:
        state, error = MediaAsset.State.FAILED, cleaned.problem_text(renditions)
    columns = {"state": state, "error": error, "claimed_at": None, "renditions": renditions}
    # Warnings that an earlier version stored about a document do not apply to its cleaned copy.
    return columns if picture.is_picture else columns | {"file_warnings": []}


def _failed(error: str) -> dict[str, Any]:
    return {"state": MediaAsset.State.FAILED, "error": error, "claimed_at": None}


def _cut_renditions(picture: MediaAsset, original: Any, folder: str) -> dict[str, Any]:
    """Store every rendition of a picture, and return their description for its row."""
    styles: dict[str, dict[str, Any]] = {}
    blur = ""
    limits = limits_of_renditions()
    for made in sandbox.renditions(original, limits, picture.rights(), picture.focus):
        storage.replace(f"{folder}/{made.style}.{made.extension}", ContentFile(made.content))
        style = styles.setdefault(
            made.style, {"width": made.width, "height": made.height, "formats": {}}
        )
        style["formats"][made.extension] = len(made.content)
        blur = blur or made.blur
    return {"styles": styles, "blur": blur}


def _clean(document: MediaAsset, original: Any, folder: str) -> dict[str, Any]:
    """Store the cleaned copy of a document, and return its description for its row.

    If it was accepted as it is, the copy is the original.
    """
    as_is = document.as_is_at is not None
    try:
        made = sandbox.clean(original, limits_of_renditions())
    except sandbox.ProcessDiedError:
        raise
    except BadFileError:
        if not as_is:
            raise
        made = cleaning.Cleaned([], [])
    noted = {"removed": made.removed, "cannot": made.problems}
    if made.problems and not as_is:
        return noted
    with tempfile.TemporaryFile() as copy:
        pieces = [(0, original.seek(0, os.SEEK_END))] if as_is else made.pieces
        size = _assemble(original, pieces, copy)
        storage.replace(f"{folder}/file.{document.extension}", File(copy, name="file"))
    style = {"width": 0, "height": 0, "formats": {document.extension: size}}
    return {**noted, "as_is": as_is, "styles": {"file": style}}


def _assemble(original: Any, pieces: Sequence[cleaning.Piece], copy: IO[bytes]) -> int:
    """Write the pieces of a cleaned copy one after the other; return their size in bytes."""
    for piece in pieces:
        if isinstance(piece, bytes):
            copy.write(piece)
            continue
        at, end = piece
        original.seek(at)
        while at < end and (content := original.read(min(end - at, CHUNK_BYTES))):
            copy.write(content)
            at += len(content)
    copy.flush()
    return copy.tell()


def outcome_label(picture: MediaAsset) -> str:
    """Return the state of a picture, with the error if there is one."""
    if not picture.error:
        return picture.get_state_display()
    values = {"state": picture.get_state_display(), "error": picture.error}
    return _("%(state)s: %(error)s") % values


def _after_a_save(instance: MediaAsset, **signal: Any) -> None:
    if instance.state == MediaAsset.State.WAITING:
        _enqueue(instance)


def _after_a_deletion(instance: MediaAsset, **signal: Any) -> None:
    """After the commit, delete the files of the row, including all versions of its original."""
    folders = [f"renditions/{instance.pk}", f"originals/{instance.pk}"]

    def remove() -> None:
        for folder in folders:
            _remove_folder(folder)

    transaction.on_commit(remove)


def connect() -> None:
    post_save.connect(_after_a_save, MediaAsset, dispatch_uid="assets.processing.save")
    post_delete.connect(_after_a_deletion, MediaAsset, dispatch_uid="assets.processing.delete")

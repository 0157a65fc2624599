"""Renditions are made in the background: an editor who saves a picture does not wait for them.

Each picture that waits has a job in the queue. Its renditions are stored under names that follow
from what they show, and only then does the row say so: what a page shows is there. The cleaned copy
of a document is made in the same way, as its one rendition.
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
from assets.models import MediaAsset, limits_of_renditions
from assets.pictures import BadFile
from assets.storage import StorageError
from jobs import queue
from jobs.models import Job
from jobs.queue import Lane, job

log = logging.getLogger(__name__)

PIECE = 1 << 20  # bytes
FIND_EVERY = timedelta(minutes=1)


def _given_up(reason: str, pk: str) -> None:
    MediaAsset.objects.to_make().filter(pk=pk).update_derived(
        state=MediaAsset.State.FAILED, problem=reason, claimed_at=None
    )


@job("assets.make_renditions", lane=Lane.FILES, attempts=3, given_up=_given_up)
def make_renditions(pk: str) -> None:
    """Make the renditions of one picture, unless that has been done."""
    if picture := _begin(pk):
        with storage.in_background():
            _make(picture)


@job("assets.find_pictures", every=FIND_EVERY)
def find_pictures() -> None:
    """Put into the queue what waits and is not in it: an older version left it."""
    queued = set(Job.objects.filter(name=make_renditions.name).values_list("key", flat=True))
    for picture in MediaAsset.objects.to_make().only("pk", "renditions"):
        if str(picture.pk) not in queued:
            _add(picture)


def make(picture: MediaAsset) -> None:
    """Make the renditions of one picture here and now, unless a worker is doing so.

    Raises StorageError if files are out of reach; the picture then waits for a worker.
    """
    try:
        queue.do(make_renditions, str(picture.pk), key=str(picture.pk))
    except queue.JobPostponed as problem:
        raise StorageError(str(problem)) from problem
    picture.refresh_from_db(fields=MediaAsset.NOT_IN_FORMS)


def repair(picture: MediaAsset) -> None:
    """Make the renditions of one picture again, here and now, unless a worker is doing so."""
    if picture.state != MediaAsset.State.MAKING:
        make_again(picture)
    make(picture)


def _add(picture: MediaAsset) -> None:
    # First what shows nothing yet: a release waits for it. The others are shown as they were; after
    # an upgrade that may be the whole library, for hours.
    make_renditions.add(
        str(picture.pk), key=str(picture.pk), urgent="styles" not in picture.renditions
    )


def make_again(picture: MediaAsset) -> None:
    """Let the renditions of a picture be made once more; those that are there stay until then."""
    if picture.original:
        MediaAsset.objects.filter(pk=picture.pk).update_derived(
            state=MediaAsset.State.WAITING, problem="", claimed_at=None
        )
        _add(picture)


def _begin(pk: str) -> MediaAsset | None:
    """Mark a picture as being made and return it; None if there is nothing to make."""
    mine = MediaAsset.objects.to_make().filter(pk=pk)
    if not mine.update_derived(state=MediaAsset.State.MAKING, claimed_at=timezone.now()):
        return None
    return MediaAsset.objects.get(pk=pk)


def _make(picture: MediaAsset) -> None:
    """Make a claimed picture's renditions, and remove those that no row leads to any more.

    Where the picture was changed meanwhile, or given up on and taken over, the row stays as it is.
    """
    row = MediaAsset.objects.filter(
        pk=picture.pk, state=MediaAsset.State.MAKING, claimed_at=picture.claimed_at
    )
    try:
        columns = _render(picture)
    except StorageError as problem:
        row.update_derived(state=MediaAsset.State.WAITING, claimed_at=None)
        raise queue.JobPostponed(str(problem)) from problem
    except sandbox.Died as problem:
        raise queue.JobRetry(
            _("The process that makes its renditions ended each time. The log says more.")
        ) from problem
    row.update_derived(**columns)
    for name, value in columns.items():
        setattr(picture, name, value)
    _remove_what_no_row_leads_to(picture)


def _remove_what_no_row_leads_to(picture: MediaAsset) -> None:
    """Remove all renditions but those the row has and those it waits for.

    Those of a file that was replaced too: it may have shown the wrong person.
    """
    stored = MediaAsset.objects.filter(pk=picture.pk).first()
    needed = {stored.version, stored.made_of()[:12]} if stored else set()
    try:
        versions, _ = default_storage.listdir(picture.rendition_folder(""))
    except FileNotFoundError:
        return
    except StorageError as problem:
        log.error("Old renditions of picture %s may stay: %s", picture.pk, problem)
        return
    for version in set(versions) - needed:
        _remove_folder(picture.rendition_folder(version))


def _remove_folder(path: str) -> None:
    """Remove what no row leads to any more; where that fails, it lies on, and the log says so."""
    try:
        storage.remove_folder(path)
    except StorageError as problem:
        log.error("%s stays: %s Later, run manage.py checkfiles --delete-orphans.", path, problem)


def _render(picture: MediaAsset) -> dict[str, Any]:
    """Store every rendition of a picture; return what its row is to say of it.

    Raises StorageError where files are out of reach, and Died where the process that cuts the
    picture was ended. Neither is a fault of the picture.
    """
    made_of = picture.made_of()
    folder = picture.rendition_folder(made_of[:12])
    make = _cut if picture.is_picture else _clean
    try:
        with picture.original.open() as original:
            made = make(picture, original, folder)
    except sandbox.Died:
        raise
    except BadFile as problem:
        return {"state": MediaAsset.State.FAILED, "problem": str(problem), "claimed_at": None}
    except StorageError:
        raise
    except FileNotFoundError:
        log.error("The original of picture %s is missing: %s", picture.pk, picture.original)
        words = "Its original is missing from the storage. The log of the newsroom says more."
        return {"state": MediaAsset.State.FAILED, "problem": words, "claimed_at": None}
    except Exception as problem:
        log.exception("The renditions of picture %s could not be made.", picture.pk)
        words = f"{type(problem).__name__}. The log of the newsroom says more."
        return {"state": MediaAsset.State.FAILED, "problem": words, "claimed_at": None}
    renditions = {"of": made_of, **made}
    if "styles" in renditions:
        state, why_not = MediaAsset.State.MADE, ""
    else:
        state, why_not = MediaAsset.State.FAILED, cleaned.why_not(renditions)
    columns = {"state": state, "problem": why_not, "claimed_at": None, "renditions": renditions}
    # What an earlier version noted of a document is of its original, and not true of the copy.
    return columns if picture.is_picture else columns | {"notes": []}


def _cut(picture: MediaAsset, original: Any, folder: str) -> dict[str, Any]:
    """Store every rendition of a picture, and return what its row is to say of them."""
    styles: dict[str, dict[str, Any]] = {}
    blur = ""
    limits = limits_of_renditions()
    for cut in sandbox.renditions(original, limits, picture.rights(), picture.focus):
        storage.replace(f"{folder}/{cut.style}.{cut.extension}", ContentFile(cut.content))
        style = styles.setdefault(
            cut.style, {"width": cut.width, "height": cut.height, "formats": {}}
        )
        style["formats"][cut.extension] = len(cut.content)
        blur = blur or cut.blur
    return {"styles": styles, "blur": blur}


def _clean(document: MediaAsset, original: Any, folder: str) -> dict[str, Any]:
    """Store the cleaned copy of a document, and return what its row is to say of it.

    Where somebody accepted it as it is, that is a copy of the original.
    """
    as_is = document.as_is_at is not None
    try:
        made = sandbox.clean(original, limits_of_renditions())
    except sandbox.Died:
        raise
    except BadFile:
        if not as_is:
            raise
        made = cleaning.Cleaned([], [])
    noted = {"removed": made.removed, "cannot": made.cannot}
    if made.cannot and not as_is:
        return noted
    with tempfile.TemporaryFile() as copy:
        pieces = [(0, original.seek(0, os.SEEK_END))] if as_is else made.pieces
        size = _assemble(original, pieces, copy)
        storage.replace(f"{folder}/file.{document.extension}", File(copy, name="file"))
    style = {"width": 0, "height": 0, "formats": {document.extension: size}}
    return {**noted, "as_is": as_is, "styles": {"file": style}}


def _assemble(original: Any, pieces: Sequence[cleaning.Piece], copy: IO[bytes]) -> int:
    """Write the pieces of a cleaned copy one after the other; return how many bytes they are."""
    for piece in pieces:
        if isinstance(piece, bytes):
            copy.write(piece)
            continue
        at, end = piece
        original.seek(at)
        while at < end and (content := original.read(min(end - at, PIECE))):
            copy.write(content)
            at += len(content)
    copy.flush()
    return copy.tell()


def outcome(picture: MediaAsset) -> str:
    """Return what became of a picture, in words."""
    because = f": {picture.problem}" if picture.problem else ""
    return f"{picture.get_state_display().lower()}{because}"


def _after_a_save(instance: MediaAsset, **signal: Any) -> None:
    if instance.state == MediaAsset.State.WAITING:
        _add(instance)


def _after_a_deletion(instance: MediaAsset, **signal: Any) -> None:
    """Let the files follow the row, every version of the original too, once that is certain."""
    folders = [f"renditions/{instance.pk}", f"originals/{instance.pk}"]

    def remove() -> None:
        for folder in folders:
            _remove_folder(folder)

    transaction.on_commit(remove)


def connect() -> None:
    post_save.connect(_after_a_save, MediaAsset, dispatch_uid="assets.making.save")
    post_delete.connect(_after_a_deletion, MediaAsset, dispatch_uid="assets.making.delete")

"""Renditions are made behind the answer: whoever saves a picture does not wait for them.

A picture that waits is claimed by one process, its renditions are stored under names that follow
from what they show, and only then does the row say so: what a page shows is there. A process that
serves the newsroom has one thread for it, woken by a save, and looking twice a minute for what a
process that died has left; `manage.py makerenditions` does the same by hand.
"""

import logging
import threading
from collections.abc import Callable
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import close_old_connections, connection, transaction
from django.db.models import BooleanField, ExpressionWrapper, Q
from django.db.models.signals import post_delete, post_save
from django.utils import timezone

from assets import pictures, sandbox, storage
from assets.models import MediaAsset, limits
from assets.pictures import BadFile
from assets.storage import StorageError

log = logging.getLogger(__name__)

TIMES_AS_LONG = 30  # as the look at an upload may take: nobody waits for it
TIMES_AS_LARGE = 4
LOOK_EVERY = 30  # seconds


def make_waiting(say: Callable[[str], object] = log.info) -> int:
    """Make the renditions of every picture that waits; return how many were tried.

    Raises StorageError where files are out of reach: the picture waits on, and so do the others.
    """
    done = 0
    while (picture := _claim()) is not None:
        _make(picture)
        done += 1
        say(f"Picture {picture.pk}: {outcome(picture)}")
    return done


def make(picture: MediaAsset) -> None:
    """Make the renditions of one picture, here and now."""
    if claimed := _claim(pk=picture.pk):
        _make(claimed)
    picture.refresh_from_db(fields=MediaAsset.TOLD)


def repair(picture: MediaAsset) -> None:
    """Make the renditions of one picture again, here and now, unless another process does so."""
    if picture.state != MediaAsset.State.MAKING:
        make_again(picture)
    make(picture)


def make_again(picture: MediaAsset) -> None:
    """Let the renditions of a picture be made once more; those that are there stay until then."""
    if picture.is_picture and picture.original:
        MediaAsset.objects.filter(pk=picture.pk).update(
            state=MediaAsset.State.WAITING, problem="", claimed_at=None
        )
        transaction.on_commit(wake)


def _claim(**which: Any) -> MediaAsset | None:
    now = timezone.now()
    # First what shows nothing yet: a release waits for it. The others are shown as they were; after
    # an upgrade that may be the whole library, for hours.
    is_shown = ExpressionWrapper(Q(renditions__has_key="styles"), BooleanField())
    waiting = MediaAsset.objects.to_make(now).filter(**which)
    waiting = waiting.order_by(is_shown, "uploaded_at", "pk")
    for pk in waiting.values_list("pk", flat=True)[:20]:
        mine = MediaAsset.objects.to_make(now).filter(pk=pk)
        if mine.update(state=MediaAsset.State.MAKING, claimed_at=now):
            return MediaAsset.objects.get(pk=pk)
    return None


def _make(picture: MediaAsset) -> None:
    """Make a claimed picture's renditions, and remove those that no row leads to any more.

    Where the picture was changed meanwhile, or given up on and taken over, the row stays as it is.
    """
    row = MediaAsset.objects.filter(
        pk=picture.pk, state=MediaAsset.State.MAKING, claimed_at=picture.claimed_at
    )
    try:
        told = _render(picture)
    except StorageError:
        row.update(state=MediaAsset.State.WAITING, claimed_at=None)
        raise
    row.update(**told)
    for name, value in told.items():
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

    Raises StorageError where files are out of reach, which is no fault of the picture.
    """
    allowed = limits()
    allowed = sandbox.Limits(
        allowed.megapixels, allowed.seconds * TIMES_AS_LONG, allowed.megabytes * TIMES_AS_LARGE
    )
    made_of = picture.made_of()
    styles: dict[str, dict[str, Any]] = {}
    blur = ""
    try:
        with picture.original.open() as original:
            for cut in sandbox.renditions(original, allowed, picture.rights(), picture.focus):
                path = f"{picture.rendition_folder(made_of[:12])}/{cut.style}.{cut.extension}"
                storage.replace(path, ContentFile(cut.content))
                style = styles.setdefault(
                    cut.style, {"width": cut.width, "height": cut.height, "formats": {}}
                )
                style["formats"][cut.extension] = len(cut.content)
                if (cut.style, cut.extension) == ("column-480", "jpg"):
                    blur = pictures.blurred(cut.content)
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
    renditions = {"of": made_of, "styles": styles, "blur": blur}
    return {
        "state": MediaAsset.State.MADE,
        "problem": "",
        "claimed_at": None,
        "renditions": renditions,
    }


def outcome(picture: MediaAsset) -> str:
    """Return what became of a picture, in words."""
    because = f": {picture.problem}" if picture.problem else ""
    return f"{picture.get_state_display().lower()}{because}"


# --- The thread --------------------------------------------------------------------------------

_wanted = threading.Event()
_start = threading.Lock()
_serving = False
_thread: threading.Thread | None = None


def serve() -> None:
    """Make renditions in this process from now on: one that serves the newsroom."""
    global _serving
    _serving = True
    wake()


def wake() -> None:
    """Let the thread of this process look now, where the process serves; it may have forked."""
    global _thread
    if not _serving:
        return
    with _start:
        if not (_thread and _thread.is_alive()):
            _thread = threading.Thread(target=_work, name="renditions", daemon=True)
            _thread.start()
    _wanted.set()


def _work() -> None:
    while True:
        _wanted.clear()
        close_old_connections()
        try:
            with storage.in_background():
                make_waiting()
        except StorageError as problem:
            log.error("Renditions wait: %s", problem)
        except Exception:
            log.exception("Renditions could not be made.")
        finally:
            connection.close()
        _wanted.wait(LOOK_EVERY)


def _after_a_save(instance: MediaAsset, **signal: Any) -> None:
    if instance.state == MediaAsset.State.WAITING:
        transaction.on_commit(wake)


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

"""The process that opens uploads. It reads one order, gives up its rights, and writes the results.

`assets.sandbox` starts it and checks its answers. It runs in isolated mode (`python -I`), without
Django.
"""

import json
import os
import resource
import sys
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

if __name__ == "__main__":  # in isolated mode, sys.path does not contain the project
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from assets import confinement, documents, metadata, metadata_warnings, opening, pictures
from assets import search as searching
from assets import texts as reading
from assets.messages import BadFileError, Message, as_json
from assets.messages import message as _
from assets.pictures import Rights

CODE_MEGABYTES = 40  # of this process are program code, which the kernel does not count as data
RESERVED_MEGABYTES = 320  # of address space that programs reserve but do not use
# The arguments of poppler's programs; the file is their standard input.
POPPLER = {
    "pdftotext": ["-q", "-enc", "UTF-8", "-", "-"],
    "pdfinfo": ["-enc", "UTF-8", "-"],
}
CANNOT_START = 126  # the exit status that a shell uses


@dataclass(frozen=True, slots=True)
class Limits:
    """The resources that one file may use."""

    megapixels: int
    seconds: int  # of processor time
    megabytes: int  # of memory


def main() -> None:
    confinement.end_with_parent()
    order = json.load(sys.stdin)
    limits = Limits(**order["limits"])
    _restrict(limits)
    # Open the file again, read-only: two processes that share one file description also share its
    # position.
    with open(f"/dev/fd/{order['file']}", "rb") as file:
        os.close(order["file"])
        if order["task"] == "pdf":
            _become(order["program"], order["path"], file)
        try:
            order["active"] = confinement.confine(confinement.own_folders())
            _carry_out(order, file, limits)
        except BadFileError as problem:
            _send({"refused": as_json(problem.message)})
        except MemoryError as problem:
            problem.__traceback__ = None  # it references the objects that used the memory
            _send({"refused": as_json(too_much_memory(order["task"], limits.megabytes))})
        except Exception as problem:  # a bug, not a bad file: the parent process logs it
            _send({"failed": f"{type(problem).__name__}: {problem}"})
        else:
            _send({"end": True})


def too_much_memory(task: str, megabytes: int) -> Message:
    """Return the message to the editor if a task needs too much memory."""
    if task == "search":
        return _(
            "Searching needs more than %(megabytes)s MB of memory. Paste a part of its text "
            "instead.",
            megabytes=megabytes,
        )
    if task == "texts":
        return _("Reading it needs more than %(megabytes)s MB of memory.", megabytes=megabytes)
    if task == "clean":
        return _(
            "Cleaning it needs more than %(megabytes)s MB of memory. Save it smaller, or in parts.",
            megabytes=megabytes,
        )
    return _(
        "Opening it needs more than %(megabytes)s MB of memory, so it was not uploaded. Save it "
        "smaller.",
        megabytes=megabytes,
    )


def _become(program: str, path: str, file: IO[bytes]) -> None:
    """Replace this process by a program that reads the file, with the same restrictions."""
    os.dup2(file.fileno(), 0)
    try:
        confinement.confine(
            [*confinement.SYSTEM_LIBRARIES, *confinement.OF_POPPLER],
            executable=[path, *confinement.loaders()],
        )
        os.execve(path, [program, *POPPLER[program]], {})  # noqa: S606
    except OSError:
        os._exit(CANNOT_START)


def _restrict(limits: Limits) -> None:
    allowed = {
        resource.RLIMIT_CPU: limits.seconds,
        resource.RLIMIT_DATA: max(limits.megabytes - CODE_MEGABYTES, 1) << 20,
        # RLIMIT_DATA does not include memory that was written and then made read-only.
        resource.RLIMIT_AS: (limits.megabytes + RESERVED_MEGABYTES) << 20,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
    }
    for kind, limit in allowed.items():
        resource.setrlimit(kind, (limit, limit + (kind == resource.RLIMIT_CPU)))


def _carry_out(order: dict[str, Any], file: IO[bytes], limits: Limits) -> None:
    if order["task"] == "inspect":
        _send(_inspect(file, limits))
        return
    if order["task"] == "active":
        _send(asdict(order["active"]))
        return
    if order["task"] == "watermarked":
        rights = Rights(**order["rights"])
        content = pictures.watermarked(file, order["extension"], order["text"], rights)
        _send({"length": len(content)}, content)
        return
    os.nice(10)  # requests for pages have priority
    if order["task"] == "search":
        matches = searching.matches(
            file, order["patterns"], max_bytes=order["max_bytes"], is_text=order["is_text"]
        )
        _send({"matches": matches})
        return
    if order["task"] == "texts":
        for batch in reading.in_batches(order["reader"], file):
            content = json.dumps(batch).encode()
            _send({"length": len(content)}, content)
        return
    if order["task"] == "clean":
        _clean(file)
        return
    rights, focus = Rights(**order["rights"]), tuple(order["focus"])
    for rendition in pictures.renditions(file, rights, focus, limits.megapixels):
        head = {
            name: getattr(rendition, name)
            for name in ("style", "extension", "width", "height", "blur")
        }
        _send(head | {"length": len(rendition.content)}, rendition.content)


def _clean(file: IO[bytes]) -> None:
    from assets.cleaning import start  # not at the top: other tasks need no PDF library

    cleaned = start.clean(file)
    _send({"removed": cleaned.removed, "problems": cleaned.problems})
    for piece in cleaned.pieces:
        if isinstance(piece, bytes):
            _send({"length": len(piece)}, piece)
        else:
            _send({"from": piece[0], "to": piece[1]})


def _inspect(file: IO[bytes], limits: Limits) -> dict[str, Any]:
    facts = {"width": 0, "height": 0, "warnings": [], "metadata": {}}
    if document := documents.recognise(file):
        return facts | asdict(document)
    picture = opening.opened(file, limits.megapixels)
    # Inspect it first: reading metadata may decode the picture, and would hide an error.
    seen = opening.inspect(picture)
    found = metadata.read(picture, file)
    today = datetime.now(UTC).date()
    warnings = [*metadata_warnings.warnings(found, today), *seen.warnings]
    return {
        "kind": "image",
        "extension": seen.extension,
        "width": seen.width,
        "height": seen.height,
        "warnings": [as_json(each) for each in warnings],
        "metadata": found.as_dict(),
    }


def _send(head: dict[str, Any], content: bytes = b"") -> None:
    sys.stdout.buffer.write(json.dumps(head).encode() + b"\n" + content)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()

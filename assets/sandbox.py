"""A process of its own for files that strangers made: whatever one does to a decoder, we live.

The process knows no database, no key and no file but the one it is handed. It may use so much
memory and so many seconds of a processor, and is ended when it wants more.

    sandbox.inspect(file, limits)         what a file is, and what it says of itself
    sandbox.renditions(file, limits, …)   what it is cut to, one after the other
    sandbox.search(file, limits, …)       which patterns match in its text
    sandbox.clean(file, limits)           a document without what it says of its makers

All raise BadFile with a sentence for the editor.
"""

import io
import json
import logging
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, cast

if __name__ == "__main__":  # the process itself: it starts in isolation, and knows no path
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from assets import cleaning, documents, metadata, pictures
from assets import search as searching
from assets.pictures import STYLES, BadFile, Rendition, Rights

log = logging.getLogger(__name__)

CODE = 40  # megabytes of such a process are programs, which the kernel does not count as data
MOST_SAID = 2_000_000  # bytes of one line, which holds all that a file says of itself
MOST_MADE = 200_000_000  # bytes of one rendition

PATIENCE = 15  # a busy machine may take so many times the seconds that a processor is given
# What an editor reads where a limit is met, by the task.
TOO_LONG = {
    "search": "It takes more than {seconds} seconds to search. Paste a part of its text instead.",
    "clean": "It takes more than {seconds} seconds to clean. Save it smaller, or in parts.",
}
TOO_LONG_TO_UNPACK = (
    "It takes more than {seconds} seconds to unpack, so it was not taken. Save it smaller, or as a "
    "JPEG."
)
TOO_MUCH = {
    "search": "It takes more than {megabytes} MB of memory to search. Paste a part of its text "
    "instead.",
    "clean": "It needs more than {megabytes} MB of memory to clean. Save it smaller, or in parts.",
}
TOO_MUCH_TO_UNPACK = (
    "It needs more than {megabytes} MB of memory to unpack, so it was not taken. Save it smaller."
)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a file may ask of us."""

    megapixels: int
    seconds: int  # of a processor
    megabytes: int  # of memory


@dataclass(frozen=True, slots=True)
class Inspected:
    """What a file is; `width` and `height` are upright pixels, 0 where it is no picture."""

    kind: str
    extension: str
    width: int
    height: int
    notes: list[str]
    found: dict[str, Any]


def inspect(file: IO[bytes], limits: Limits) -> Inspected:
    """Return what a file is by its content, after decoding all of a picture."""
    with _asked(file, limits, {"task": "inspect"}) as answers:
        head, _ = next(answers)
        try:
            return Inspected(**head)
        except TypeError as problem:
            raise _broken("said what nobody asked") from problem


def renditions(
    file: IO[bytes], limits: Limits, rights: Rights, focus: tuple[float, float]
) -> Iterator[Rendition]:
    """Yield what `pictures.renditions` yields."""
    order = {"task": "renditions", "rights": asdict(rights), "focus": focus}
    with _asked(file, limits, order) as answers:
        for head, content in answers:
            style, extension = head.get("style"), head.get("extension")
            if style not in STYLES or extension not in STYLES[style].formats:
                raise _broken("made what nobody asked for")  # its name would lead into the storage
            size = int(head.get("width", 0)), int(head.get("height", 0))
            yield Rendition(style, extension, *size, content)


def search(file: IO[bytes], limits: Limits, patterns: list[str], most: int) -> list[str]:
    """Return what matches some patterns in the text of a file; see assets.search.

    `most` is how many bytes an archive may unpack to.
    """
    order = {"task": "search", "patterns": patterns, "most": most,
             "pdftotext": shutil.which("pdftotext") or ""}  # fmt: skip
    with _asked(file, limits, order) as answers:
        head, _ = next(answers)
        found = head.get("found")
        if not isinstance(found, list):
            raise _broken("said what nobody asked")
        return [str(each) for each in found]


def clean(file: IO[bytes], limits: Limits) -> cleaning.Cleaned:
    """Return a document without what it says of its makers; see assets.cleaning."""
    pieces: list[cleaning.Piece] = []
    noted: dict[str, list[cleaning.Finding]] = {"removed": [], "cannot": []}
    with _asked(file, limits, {"task": "clean"}) as answers:
        for head, content in answers:
            try:
                if "from" in head:
                    pieces.append((int(head["from"]), int(head["to"])))
                elif "removed" in head:
                    for what, findings in noted.items():
                        findings += [cleaning.Finding(str(a), str(b)) for a, b in head[what]]
                else:
                    pieces.append(content)
            except (KeyError, TypeError, ValueError) as problem:
                raise _broken("said what nobody asked") from problem
    return cleaning.Cleaned(pieces, noted["removed"], noted["cannot"])


# --- Our side ----------------------------------------------------------------------------------


@contextmanager
def _asked(
    file: IO[bytes], limits: Limits, order: dict[str, Any]
) -> Iterator[Iterator[tuple[dict[str, Any], bytes]]]:
    with _on_disk(file) as source:
        order |= {"file": source.fileno(), "limits": asdict(limits)}
        process = subprocess.Popen(  # noqa: S603  # ourselves
            [sys.executable, "-I", __file__],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            pass_fds=[source.fileno()], env={"MALLOC_ARENA_MAX": "2"},
        )  # fmt: skip
        alarm = threading.Timer(limits.seconds * PATIENCE, process.kill)
        alarm.start()
        try:
            with process:
                told, heard = cast(IO[bytes], process.stdin), cast(IO[bytes], process.stdout)
                with suppress(BrokenPipeError), told:
                    told.write(json.dumps(order).encode())
                yield _answers(process, heard, limits, order["task"])
                process.kill()  # whoever asked has heard enough
        finally:
            alarm.cancel()


def _answers(
    process: subprocess.Popen[bytes], heard: IO[bytes], limits: Limits, task: str
) -> Iterator[tuple[dict[str, Any], bytes]]:
    """Yield what the process says, as far as it may: a file can have made it say anything."""
    while line := heard.readline(MOST_SAID):
        try:
            head = dict(json.loads(line))
            length = int(head.pop("length", 0))
        except (ValueError, TypeError) as problem:
            raise _broken("said nothing that can be read") from problem
        if reason := head.get("refused"):
            raise BadFile(str(reason)[:1000])
        if "end" in head:
            return
        if fault := head.get("failed"):
            raise _broken(f"failed: {fault!r:.1000}")
        if not 0 <= length <= MOST_MADE:
            raise _broken("made more than fits")
        content = heard.read(length)
        if len(content) < length:
            break
        yield head, content
    raise _ended_early(process.wait(), limits, task)


def _ended_early(status: int, limits: Limits, task: str) -> BadFile:
    if status in (-signal.SIGXCPU, -signal.SIGKILL):
        sentence = TOO_LONG.get(task, TOO_LONG_TO_UNPACK)
        return BadFile(sentence.format(seconds=limits.seconds))
    return _broken(f"ended with {status}")


def _broken(how: str) -> BadFile:
    log.error("The process that opens files %s.", how)
    return BadFile(
        "The program that opens such files broke on it, so it was not taken. Open it yourself, "
        "save a new copy, and upload that."
    )


@contextmanager
def _on_disk(file: IO[bytes]) -> Iterator[IO[bytes]]:
    """Give a file that has a number in the kernel: the same, or a copy that has no name."""
    try:
        file.fileno()
    except (AttributeError, OSError, io.UnsupportedOperation):
        with tempfile.TemporaryFile() as copy:
            file.seek(0)
            while piece := file.read(1 << 20):
                copy.write(piece)
            copy.flush()
            yield copy
    else:
        yield file


# --- Its side ----------------------------------------------------------------------------------


def _main() -> None:
    order = json.load(sys.stdin)
    limits = Limits(**order["limits"])
    _restrict(limits)
    try:
        # Opened anew: two processes that share one opening of a file move each other's place in it.
        with open(f"/dev/fd/{order['file']}", "rb") as file:
            _carry_out(order, file, limits)
    except BadFile as problem:
        _tell({"refused": str(problem)})
    except MemoryError:
        sentence = TOO_MUCH.get(order["task"], TOO_MUCH_TO_UNPACK)
        _tell({"refused": sentence.format(megabytes=limits.megabytes)})
    except Exception as problem:  # ours, not the file's: the log of the newsroom gets it
        _tell({"failed": f"{type(problem).__name__}: {problem}"})
    else:
        _tell({"end": True})


def _restrict(limits: Limits) -> None:
    allowed = {
        resource.RLIMIT_CPU: limits.seconds,
        resource.RLIMIT_DATA: max(limits.megabytes - CODE, 1) << 20,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
    }
    for what, most in allowed.items():
        resource.setrlimit(what, (most, most + (what == resource.RLIMIT_CPU)))


def _carry_out(order: dict[str, Any], file: IO[bytes], limits: Limits) -> None:
    if order["task"] == "inspect":
        _tell(asdict(_inspect(file, limits)))
        return
    os.nice(10)  # pages come first
    if order["task"] == "search":
        found = searching.matches(
            file, order["patterns"], most=order["most"], pdftotext=order["pdftotext"],
            seconds=limits.seconds,
        )  # fmt: skip
        _tell({"found": found})
        return
    if order["task"] == "clean":
        _clean(file)
        return
    rights, focus = Rights(**order["rights"]), tuple(order["focus"])
    for made in pictures.renditions(file, rights, focus, limits.megapixels):
        head = {name: getattr(made, name) for name in ("style", "extension", "width", "height")}
        _tell(head | {"length": len(made.content)}, made.content)


def _clean(file: IO[bytes]) -> None:
    from assets.cleaning import start  # the other tasks need no PDF library

    made = start.clean(file)
    _tell({"removed": made.removed, "cannot": made.cannot})
    for piece in made.pieces:
        if isinstance(piece, bytes):
            _tell({"length": len(piece)}, piece)
        else:
            _tell({"from": piece[0], "to": piece[1]})


def _inspect(file: IO[bytes], limits: Limits) -> Inspected:
    if document := documents.recognised(file):
        return Inspected(document.kind, document.extension, 0, 0, [], {})
    picture = pictures.opened(file, limits.megapixels)
    seen = pictures.look(picture)  # first: what asks for metadata may decode, and hides a failure
    found = metadata.read(picture, file)
    notes = [*metadata.warnings(found, datetime.now(UTC).date()), *seen.notes]
    return Inspected("image", seen.extension, seen.width, seen.height, notes, found.as_dict())


def _tell(head: dict[str, Any], content: bytes = b"") -> None:
    sys.stdout.buffer.write(json.dumps(head).encode() + b"\n" + content)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    _main()

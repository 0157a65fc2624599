"""A process of its own for files that strangers made: whatever one does to a decoder, we live.

The process knows no database and no key. The kernel lets it read its own programs and the one file
that it is handed, and nothing else (assets.confinement). It may use so much memory and so many
seconds of a processor, and is ended when it wants more.

    sandbox.inspect(file, limits)           what a file is, and what it says of itself
    sandbox.renditions(file, limits, …)     what it is cut to, one after the other
    sandbox.stamped(file, limits, …)        a rendition with words on it
    sandbox.clean(file, limits)             a document without what it says of its makers
    sandbox.search(file, limits, …)         which patterns match in its text
    sandbox.texts(file, limits, …)          the texts in a Word file or a picture
    sandbox.said_of_pdf(file, limits, …)    what a program of poppler writes about a PDF

All raise BadFile with a sentence for the editor. It is Died where the process ended by itself.
"""

import io
import json
import logging
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import IO, Any, TypeGuard, cast

if __name__ == "__main__":  # the process itself: it starts in isolation, and knows no path
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from assets import cleaning, confinement, documents, metadata, pictures
from assets import search as searching
from assets import texts as reading
from assets.cleaning.report import MOST_CHARACTERS, MOST_FINDINGS
from assets.confinement import Active
from assets.pictures import STYLES, BadFile, Rendition, Rights
from assets.texts import Text

log = logging.getLogger(__name__)

CODE = 40  # megabytes of such a process are programs, which the kernel does not count as data
MOST_SAID = 2_000_000  # bytes of one line, which holds all that a file says of itself
RESERVED = 320  # megabytes of addresses that programs reserve, and do not use
MOST_MADE = 200_000_000  # bytes of one rendition
MOST_IN_ALL = 400_000_000  # bytes of all that such a process says
MOST_HELD = 20_000_000  # bytes by which a cleaned copy may be larger than its original
MOST_PIECES = 1_000_000
MOST_PIXELS = 100_000  # of one side
MOST_NOTES = 50
PICTURES = (*pictures.ACCEPTED, "HEIF")
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")  # no database takes it

PATIENCE = 3  # a busy machine may take so many times the seconds that a processor is given
TO_START = 2  # seconds more, before they are multiplied
# What an editor reads where a limit is met, by the task.
TOO_LONG = {
    "search": "It takes more than {seconds} seconds to search. Paste a part of its text instead.",
    "texts": "It takes more than {seconds} seconds to read.",
    "pdf": "Reading the PDF takes more than {seconds} seconds, so it was stopped. Search for the "
    "reference that is printed on each page, such as K7Q2-M4XD.",
    "clean": "It takes more than {seconds} seconds to clean. Save it smaller, or in parts.",
}
TOO_LONG_TO_UNPACK = (
    "It takes more than {seconds} seconds to unpack, so it was not taken. Save it smaller, or as a "
    "JPEG."
)
TOO_MUCH = {
    "search": "It takes more than {megabytes} MB of memory to search. Paste a part of its text "
    "instead.",
    "texts": "It needs more than {megabytes} MB of memory to read.",
    "clean": "It needs more than {megabytes} MB of memory to clean. Save it smaller, or in parts.",
}
TOO_MUCH_TO_UNPACK = (
    "It needs more than {megabytes} MB of memory to unpack, so it was not taken. Save it smaller."
)


# What poppler's programs are asked; the file is their standard input.
POPPLER = {
    "pdftotext": ["-q", "-enc", "UTF-8", "-", "-"],
    "pdfinfo": ["-enc", "UTF-8", "-"],
}
CANNOT_START = 126  # as a shell says it


class Died(BadFile):
    """The process ended by itself, or something else killed it; another try may succeed."""


class NoProgram(BadFile):
    """The program that reads such files is not installed."""


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
        head, _ = _first(answers)
        try:
            seen = Inspected(**head)
        except TypeError as problem:
            raise _broken("said what nobody asked") from problem
        if not _is_credible(seen):
            raise _broken("said what nobody asked")
        return seen


def _is_credible(seen: Inspected) -> bool:
    """Whether our tables know what a process says of a file, and a row may hold it."""
    pictured = {pictures.EXTENSIONS.get(each, each.lower()) for each in PICTURES}
    known = documents.KINDS | dict.fromkeys(pictured, "image")
    return (
        isinstance(seen.extension, str)
        and known.get(seen.extension) == seen.kind
        and all(_is_number(side, MOST_PIXELS) for side in (seen.width, seen.height))
        and _are_texts(seen.notes, MOST_NOTES, metadata.MAX_TEXT)
        and isinstance(seen.found, dict)
        and all(_is_found(name, value) for name, value in seen.found.items())
    )


def _is_found(name: str, value: object) -> bool:
    usual = metadata.Found().as_dict().get(name)
    if isinstance(usual, list):
        return _are_texts(value, metadata.MAX_ITEMS, metadata.MAX_ITEM)
    return type(value) is type(usual) and (isinstance(value, bool) or _is_text(value))


def _is_number(value: object, most: int) -> TypeGuard[int]:
    return type(value) is int and 0 <= value <= most


def _are_texts(values: object, most: int, length: int) -> bool:
    return (
        isinstance(values, list)
        and len(values) <= most
        and all(_is_text(value, length) for value in values)
    )


def _is_text(value: object, most: int = metadata.MAX_TEXT) -> bool:
    return isinstance(value, str) and len(value) <= most and not _UNSTORABLE.search(value)


def renditions(
    file: IO[bytes], limits: Limits, rights: Rights, focus: tuple[float, float]
) -> Iterator[Rendition]:
    """Yield what `pictures.renditions` yields."""
    order = {"task": "renditions", "rights": asdict(rights), "focus": focus}
    missing = {(name, each) for name, style in STYLES.items() for each in style.formats}
    with _asked(file, limits, order) as answers:
        for head, content in answers:
            style, extension = str(head.get("style")), str(head.get("extension"))
            if (style, extension) not in missing:
                raise _broken("made what nobody asked for")  # its name would lead into the storage
            missing.remove((style, extension))
            width, height = head.get("width"), head.get("height")
            blur = str(head.get("blur", ""))
            if not (_is_number(width, MOST_PIXELS) and _is_number(height, MOST_PIXELS)):
                raise _broken("made what nobody asked for")
            if not re.fullmatch("(?:[0-9a-f]{72})?", blur):
                raise _broken("made what nobody asked for")  # it would stand in a page
            yield Rendition(style, extension, width, height, content, blur)


def stamped(file: IO[bytes], limits: Limits, extension: str, words: str, rights: Rights) -> bytes:
    """Return what `pictures.stamped` returns."""
    order = {"task": "stamped", "extension": extension, "words": words, "rights": asdict(rights)}
    with _asked(file, limits, order) as answers:
        return _first(answers)[1]


def search(file: IO[bytes], limits: Limits, patterns: list[str], most: int) -> list[str]:
    """Return what matches some patterns in the text of a file; see assets.search.

    `most` is how many bytes an archive or a PDF may unpack to.
    """
    file.seek(0)
    if b"%PDF" in file.read(1024):
        with said_of_pdf(file, limits, "pdftotext", most) as text:
            return _search(text, limits, patterns, most, is_text=True)
    return _search(file, limits, patterns, most, is_text=False)


def _search(
    file: IO[bytes], limits: Limits, patterns: list[str], most: int, *, is_text: bool
) -> list[str]:
    order = {"task": "search", "patterns": patterns, "most": most, "is_text": is_text}
    with _asked(file, limits, order) as answers:
        head, _ = _first(answers)
        found = head.get("found")
        if not isinstance(found, list):
            raise _broken("said what nobody asked")
        return [str(each) for each in found]


def texts(file: IO[bytes], limits: Limits, reader: str) -> Iterator[Text]:
    """Yield the texts in a file, read as `reader` says, one of `texts.READERS`."""
    with _asked(file, limits, {"task": "texts", "reader": reader}) as answers:
        for _, content in answers:
            try:
                listed = [(str(place), str(text)) for place, text in json.loads(content)]
            except (ValueError, TypeError, RecursionError) as problem:
                raise _broken("said what nobody asked") from problem
            yield from listed


@contextmanager
def said_of_pdf(file: IO[bytes], limits: Limits, program: str, most: int) -> Iterator[IO[bytes]]:
    """Give what `pdftotext` or `pdfinfo` writes about a PDF, as a file of `most` bytes or less."""
    path = shutil.which(program)
    if not path:
        raise NoProgram(
            "The text of a PDF is read with pdftotext. Install poppler-utils, or search for the "
            "reference that is printed on each page, such as K7Q2-M4XD."
        )
    order = {"task": "pdf", "program": program, "path": os.path.realpath(path)}
    with tempfile.TemporaryFile() as said:
        with _started(file, limits, order) as process:
            heard, left = cast(IO[bytes], process.stdout), most
            while piece := heard.read(min(PIECE, left + 1)):
                left -= len(piece)
                if left < 0:
                    raise BadFile(
                        f"The PDF holds more than {most // 1_000_000} MB of text, so it was not "
                        "read."
                    )
                said.write(piece)
            status = process.wait()
            if process.was_late or status in (-signal.SIGXCPU, -signal.SIGKILL):
                raise _ended_early(process, limits, "pdf")
            if status == CANNOT_START:
                raise _broken(f"could not start {program}")
            if status:
                raise BadFile("The PDF is damaged or locked: pdftotext cannot read it.")
        said.seek(0)
        yield said


@cache
def active() -> Active:
    """Return which limits the kernel sets such a process here; asked once, of a real one."""
    limits = Limits(megapixels=0, seconds=5, megabytes=200)
    with _asked(io.BytesIO(), limits, {"task": "active"}) as answers:
        head, _ = _first(answers)
        return Active(int(head["landlock"]), bool(head["seccomp"]))


def clean(file: IO[bytes], limits: Limits) -> cleaning.Cleaned:
    """Return a document without what it says of its makers; see assets.cleaning."""
    size = file.seek(0, os.SEEK_END)
    pieces: list[cleaning.Piece] = []
    noted: dict[str, list[cleaning.Finding]] = {"removed": [], "cannot": []}
    copied, room = 0, min(size + MOST_HELD, MOST_MADE)
    with _asked(file, limits, {"task": "clean"}) as answers:
        for head, content in answers:
            if "from" in head:
                at, end = head["from"], head.get("to")
                # Each byte of the original once, and in order: a copy cannot outgrow it.
                if not (_is_number(end, size) and _is_number(at, end) and copied <= at):
                    raise _broken("copied what is not there, or the same bytes twice")
                copied = end
                pieces.append((at, end))
            elif "removed" in head:
                for what, findings in noted.items():
                    findings += _findings(head.get(what))
            else:
                room -= len(content)
                pieces.append(content)
            if room < 0 or len(pieces) > MOST_PIECES:
                raise _broken("made more than fits")
    return cleaning.Cleaned(pieces, noted["removed"], noted["cannot"])


def _findings(said: object) -> list[cleaning.Finding]:
    if not isinstance(said, list) or len(said) > MOST_FINDINGS:
        raise _broken("said what nobody asked")
    for each in said:
        if not _are_texts(each, 2, MOST_CHARACTERS) or len(each) != 2:
            raise _broken("said what nobody asked")
    return [cleaning.Finding(code, value) for code, value in said]


# --- Our side ----------------------------------------------------------------------------------

PIECE = 1 << 20  # bytes


class Process(subprocess.Popen[bytes]):
    """A process that opens a file; it is stopped where we wait for it too long."""

    was_late = False
    _waited = 0.0  # seconds, before `_since`
    _since: float | None = None
    _over: threading.Event

    def limit(self, seconds: float) -> None:
        """Stop the process once we have waited for it so many seconds, from now on."""
        self._since, self._over = time.monotonic(), threading.Event()
        threading.Thread(target=self._watch, args=[seconds], daemon=True).start()

    @contextmanager
    def resting(self) -> Iterator[None]:
        """Do not count the time that we take ourselves: a storage may be slow."""
        self._waited, self._since = self.waited(), None
        try:
            yield
        finally:
            self._since = time.monotonic()

    def waited(self) -> float:
        since = self._since
        return self._waited + (time.monotonic() - since if since is not None else 0)

    def end(self) -> None:
        self._over.set()
        self.kill()

    def _watch(self, seconds: float) -> None:
        while (left := seconds - self.waited()) > 0:
            if self._over.wait(max(left, 0.1)):
                return
        self.was_late = True
        self.kill()


@contextmanager
def _started(file: IO[bytes], limits: Limits, order: dict[str, Any]) -> Iterator[Process]:
    with _on_disk(file) as source:
        order |= {"file": source.fileno(), "limits": asdict(limits)}
        process = Process(
            [sys.executable, "-I", __file__],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            pass_fds=[source.fileno()], env={"MALLOC_ARENA_MAX": "2"},
        )  # fmt: skip
        process.limit((limits.seconds + TO_START) * PATIENCE)
        with process:
            try:
                orders = cast(IO[bytes], process.stdin)
                with suppress(BrokenPipeError), orders:
                    orders.write(json.dumps(order).encode())
                yield process
            finally:
                process.end()  # we have heard enough


@contextmanager
def _asked(
    file: IO[bytes], limits: Limits, order: dict[str, Any]
) -> Iterator[Iterator[tuple[dict[str, Any], bytes]]]:
    with _started(file, limits, order) as process:
        yield _answers(process, limits, order["task"])


def _first(answers: Iterator[tuple[dict[str, Any], bytes]]) -> tuple[dict[str, Any], bytes]:
    for answer in answers:
        return answer
    raise _broken("said nothing")


def _answers(process: Process, limits: Limits, task: str) -> Iterator[tuple[dict[str, Any], bytes]]:
    """Yield what the process says, as far as it may: a file can have made it say anything."""
    heard, room = cast(IO[bytes], process.stdout), MOST_IN_ALL
    while line := heard.readline(MOST_SAID):
        try:
            head = dict(json.loads(line))
            length = int(head.pop("length", 0))
        except (ValueError, TypeError, RecursionError) as problem:
            raise _broken("said nothing that can be read") from problem
        if reason := head.get("refused"):
            raise BadFile(str(reason)[:1000])
        if "end" in head:
            return
        if fault := head.get("failed"):
            raise _broken(f"failed: {fault!r:.1000}")
        room -= len(line) + length
        if not 0 <= length <= MOST_MADE or room < 0:
            raise _broken("made more than fits")
        content = heard.read(length)
        if len(content) < length:
            break
        with process.resting():
            yield head, content
    raise _ended_early(process, limits, task)


def _ended_early(process: Process, limits: Limits, task: str) -> BadFile:
    status = process.wait()
    if process.was_late or status == -signal.SIGXCPU:
        sentence = TOO_LONG.get(task, TOO_LONG_TO_UNPACK)
        return BadFile(sentence.format(seconds=limits.seconds))
    return Died(str(_broken(f"ended with {status}")))


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
    confinement.end_with_parent()
    order = json.load(sys.stdin)
    limits = Limits(**order["limits"])
    _restrict(limits)
    # Opened anew, to be read only: two processes that share one opening move each other's place.
    with open(f"/dev/fd/{order['file']}", "rb") as file:
        os.close(order["file"])
        if order["task"] == "pdf":
            _become(order["program"], order["path"], file)
        try:
            order["active"] = confinement.confine(confinement.own_folders())
            _carry_out(order, file, limits)
        except BadFile as problem:
            _tell({"refused": str(problem)})
        except MemoryError as problem:
            problem.__traceback__ = None  # it holds all that took the memory
            sentence = TOO_MUCH.get(order["task"], TOO_MUCH_TO_UNPACK)
            _tell({"refused": sentence.format(megabytes=limits.megabytes)})
        except Exception as problem:  # ours, not the file's: the log of the newsroom gets it
            _tell({"failed": f"{type(problem).__name__}: {problem}"})
        else:
            _tell({"end": True})


def _become(program: str, path: str, file: IO[bytes]) -> None:
    """Turn into a program that reads the file, with no more rights than we have."""
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
        resource.RLIMIT_DATA: max(limits.megabytes - CODE, 1) << 20,
        # What is written and then made readable alone is no data to the kernel any more.
        resource.RLIMIT_AS: (limits.megabytes + RESERVED) << 20,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
    }
    for what, most in allowed.items():
        resource.setrlimit(what, (most, most + (what == resource.RLIMIT_CPU)))


def _carry_out(order: dict[str, Any], file: IO[bytes], limits: Limits) -> None:
    if order["task"] == "inspect":
        _tell(asdict(_inspect(file, limits)))
        return
    if order["task"] == "active":
        _tell(asdict(order["active"]))
        return
    if order["task"] == "stamped":
        rights = Rights(**order["rights"])
        content = pictures.stamped(file, order["extension"], order["words"], rights)
        _tell({"length": len(content)}, content)
        return
    os.nice(10)  # pages come first
    if order["task"] == "search":
        found = searching.matches(
            file, order["patterns"], most=order["most"], is_text=order["is_text"]
        )
        _tell({"found": found})
        return
    if order["task"] == "texts":
        for some in reading.in_batches(order["reader"], file):
            content = json.dumps(some).encode()
            _tell({"length": len(content)}, content)
        return
    if order["task"] == "clean":
        _clean(file)
        return
    rights, focus = Rights(**order["rights"]), tuple(order["focus"])
    for made in pictures.renditions(file, rights, focus, limits.megapixels):
        head = {
            name: getattr(made, name) for name in ("style", "extension", "width", "height", "blur")
        }
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

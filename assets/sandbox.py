"""Opens uploads in a separate process, so that a malicious file can't harm the application.

The process has no access to the database or to keys. The kernel allows it to read only its own code
and the one file that it gets (assets.confinement). Its memory and processor time are limited.

    sandbox.inspect(file, limits)           what kind of file it is, with its metadata
    sandbox.renditions(file, limits, …)     its renditions, one after the other
    sandbox.watermarked(file, limits, …)    a rendition with a text on it
    sandbox.clean(file, limits)             a document without metadata about its makers
    sandbox.search(file, limits, …)         the matches of patterns in its text
    sandbox.texts(file, limits, …)          the texts in a Word file or a picture
    sandbox.pdf_text(file, limits, …)       the output of a poppler program for a PDF

All raise BadFileError with a message to the editor, or ProcessDiedError if the process died.
"""

import io
import json
import logging
import os
import re
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
from functools import cache
from pathlib import Path
from typing import IO, Any, TypeGuard, cast

from django.utils.translation import gettext as _

from assets import cleaning, documents, metadata, opening
from assets.cleaning.report import MAX_FINDINGS, MAX_VALUE_CHARACTERS
from assets.confinement import Active
from assets.messages import BadFileError, from_json
from assets.pictures import STYLES, Rendition, Rights
from assets.sandbox_process import CANNOT_START, Limits
from assets.texts import Text
from assets.translation import UNSTORABLE, is_storable, translated

log = logging.getLogger(__name__)

PROCESS = Path(__file__).with_name("sandbox_process.py")
MAX_ANSWER_BYTES = 2_000_000  # of one line, which contains all metadata of a file
MAX_RENDITION_BYTES = 200_000_000
MAX_TOTAL_BYTES = 400_000_000  # of all answers of one process
MAX_ADDED_BYTES = 20_000_000  # by which a cleaned copy may be larger than its original
MAX_PIECES = 1_000_000
MAX_SIDE_PIXELS = 100_000
MAX_WARNINGS = 50
MAX_MESSAGE_CHARACTERS = 1_000
PICTURES = (*opening.ACCEPTED, "HEIF")

TIMEOUT_FACTOR = 3  # a busy machine may take this many times the limit of processor time
START_TIMEOUT_SECONDS = 2  # added to that limit before the multiplication


class ProcessDiedError(BadFileError):
    """The process crashed or was killed; another attempt may succeed."""


class ProgramMissingError(BadFileError):
    """The program that reads such files is not installed."""


@dataclass(frozen=True, slots=True)
class FileFacts:
    """The facts about a file. `width` and `height` are upright pixels, 0 if it is no picture."""

    kind: str
    extension: str
    width: int
    height: int
    warnings: list[dict[str, Any]]  # messages as JSON
    metadata: dict[str, Any]


def inspect(file: IO[bytes], limits: Limits) -> FileFacts:
    """Return the facts about a file from its content. A picture is decoded completely."""
    with _request(file, limits, {"task": "inspect"}) as answers:
        head, _content = _first(answers)
        try:
            facts = FileFacts(**head)
            if _is_credible(facts):
                return facts
        except (TypeError, ValueError, KeyError, RecursionError) as problem:
            raise _unexpected_answer() from problem
        raise _unexpected_answer()


def _is_credible(facts: FileFacts) -> bool:
    """Return whether the facts name a kind of file that we accept, and fit into a row."""
    pictured = {opening.EXTENSIONS.get(each, each.lower()) for each in PICTURES}
    known = documents.KINDS | dict.fromkeys(pictured, "image")
    return (
        isinstance(facts.extension, str)
        and known.get(facts.extension) == facts.kind
        and all(_is_number(side, MAX_SIDE_PIXELS) for side in (facts.width, facts.height))
        and len(facts.warnings) <= MAX_WARNINGS
        and all(map(_is_warning, facts.warnings))
        and isinstance(facts.metadata, dict)
        and all(_is_metadata(name, value) for name, value in facts.metadata.items())
    )


def _is_warning(stored: Any) -> bool:
    return _is_text(translated(from_json(stored))) and is_storable(stored, metadata.MAX_TEXT)


def _is_metadata(name: str, value: object) -> bool:
    usual = metadata.EmbeddedMetadata().as_dict().get(name)
    if isinstance(usual, list):
        return _are_texts(value, metadata.MAX_ITEMS, metadata.MAX_ITEM)
    return type(value) is type(usual) and (isinstance(value, bool) or _is_text(value))


def _is_number(value: object, maximum: int) -> TypeGuard[int]:
    return type(value) is int and 0 <= value <= maximum


def _are_texts(values: object, max_count: int, max_characters: int) -> bool:
    return (
        isinstance(values, list)
        and len(values) <= max_count
        and all(_is_text(value, max_characters) for value in values)
    )


def _is_text(value: object, max_characters: int = metadata.MAX_TEXT) -> bool:
    return isinstance(value, str) and len(value) <= max_characters and not UNSTORABLE.search(value)


def renditions(
    file: IO[bytes], limits: Limits, rights: Rights, focus: tuple[float, float]
) -> Iterator[Rendition]:
    """Yield the renditions of a picture; see `pictures.renditions`."""
    order = {"task": "renditions", "rights": asdict(rights), "focus": focus}
    missing = {(name, each) for name, style in STYLES.items() for each in style.formats}
    with _request(file, limits, order) as answers:
        for head, content in answers:
            style, extension = str(head.get("style")), str(head.get("extension"))
            if (style, extension) not in missing:
                raise _unexpected_output()  # the name would become a path in the storage
            missing.remove((style, extension))
            width, height = head.get("width"), head.get("height")
            blur = str(head.get("blur", ""))
            if not (_is_number(width, MAX_SIDE_PIXELS) and _is_number(height, MAX_SIDE_PIXELS)):
                raise _unexpected_output()
            if not re.fullmatch("(?:[0-9a-f]{72})?", blur):
                raise _unexpected_output()  # it would be printed on a page
            yield Rendition(style, extension, width, height, content, blur)


def watermarked(
    file: IO[bytes], limits: Limits, extension: str, text: str, rights: Rights
) -> bytes:
    """Return a rendition with a text on it; see `pictures.watermarked`."""
    order = {"task": "watermarked", "extension": extension, "text": text, "rights": asdict(rights)}
    with _request(file, limits, order) as answers:
        return _first(answers)[1]


def search(file: IO[bytes], limits: Limits, patterns: list[str], max_bytes: int) -> list[str]:
    """Return the matches of `patterns` in the text of a file; see assets.search.

    An archive or a PDF may unpack to at most `max_bytes`.
    """
    file.seek(0)
    if b"%PDF" in file.read(1024):
        with pdf_text(file, limits, "pdftotext", max_bytes) as text:
            return _search(text, limits, patterns, max_bytes, is_text=True)
    return _search(file, limits, patterns, max_bytes, is_text=False)


def _search(
    file: IO[bytes], limits: Limits, patterns: list[str], max_bytes: int, *, is_text: bool
) -> list[str]:
    order = {"task": "search", "patterns": patterns, "max_bytes": max_bytes, "is_text": is_text}
    with _request(file, limits, order) as answers:
        head, _content = _first(answers)
        matches = head.get("matches")
        if not isinstance(matches, list):
            raise _unexpected_answer()
        return [str(each) for each in matches]


def texts(file: IO[bytes], limits: Limits, reader: str) -> Iterator[Text]:
    """Yield the texts in a file, read by one of `texts.READERS`."""
    with _request(file, limits, {"task": "texts", "reader": reader}) as answers:
        for _head, content in answers:
            try:
                listed = [(str(place), str(text)) for place, text in json.loads(content)]
            except (ValueError, TypeError, RecursionError) as problem:
                raise _unexpected_answer() from problem
            yield from listed


@contextmanager
def pdf_text(file: IO[bytes], limits: Limits, program: str, max_bytes: int) -> Iterator[IO[bytes]]:
    """Yield the output of `pdftotext` or `pdfinfo` for a PDF as a file of limited size."""
    path = shutil.which(program)
    if not path:
        raise ProgramMissingError(
            _(
                "Reading the text of a PDF needs pdftotext. Install poppler-utils, or search for "
                "the reference that is printed on each page, such as K7Q2-M4XD."
            )
        )
    order = {"task": "pdf", "program": program, "path": os.path.realpath(path)}
    with tempfile.TemporaryFile() as text:
        with _started(file, limits, order) as process:
            output, left = cast(IO[bytes], process.stdout), max_bytes
            while chunk := output.read(min(CHUNK_BYTES, left + 1)):
                left -= len(chunk)
                if left < 0:
                    raise BadFileError(
                        _("The PDF contains more than %(megabytes)s MB of text and was not read.")
                        % {"megabytes": max_bytes // 1_000_000}
                    )
                text.write(chunk)
            status = process.wait()
            if process.was_late or status in (-signal.SIGXCPU, -signal.SIGKILL):
                raise _ended_early(process, limits, "pdf")
            if status == CANNOT_START:
                raise _broken(f"could not start {program}")
            if status:
                raise BadFileError(_("The PDF is damaged or locked: pdftotext can’t read it."))
        text.seek(0)
        yield text


@cache
def active() -> Active:
    """Return the limits that the kernel sets for the process. A real process is started once."""
    limits = Limits(megapixels=0, seconds=5, megabytes=200)
    with _request(io.BytesIO(), limits, {"task": "active"}) as answers:
        head, _content = _first(answers)
        return Active(int(head["landlock"]), bool(head["seccomp"]))


def clean(file: IO[bytes], limits: Limits) -> cleaning.Cleaned:
    """Return a document without metadata about its makers; see assets.cleaning."""
    size = file.seek(0, os.SEEK_END)
    pieces: list[cleaning.Piece] = []
    noted: dict[str, list[cleaning.Finding]] = {"removed": [], "problems": []}
    copied, room = 0, min(size + MAX_ADDED_BYTES, MAX_RENDITION_BYTES)
    with _request(file, limits, {"task": "clean"}) as answers:
        for head, content in answers:
            if "from" in head:
                at, end = head["from"], head.get("to")
                # Bytes of the original must be copied in order and only once, to limit the size.
                if not (_is_number(end, size) and _is_number(at, end) and copied <= at):
                    raise _broken("copied bytes that are missing, or the same bytes twice")
                copied = end
                pieces.append((at, end))
            elif "removed" in head:
                for name, findings in noted.items():
                    findings += _findings(head.get(name))
            else:
                room -= len(content)
                pieces.append(content)
            if room < 0 or len(pieces) > MAX_PIECES:
                raise _broken("wrote more than allowed")
    return cleaning.Cleaned(pieces, noted["removed"], noted["problems"])


def _findings(answer: object) -> list[cleaning.Finding]:
    if not isinstance(answer, list) or len(answer) > MAX_FINDINGS:
        raise _unexpected_answer()
    for each in answer:
        if not _are_texts(each, 2, MAX_VALUE_CHARACTERS) or len(each) != 2:
            raise _unexpected_answer()
    return [cleaning.Finding(code, value) for code, value in answer]


# --- The process -------------------------------------------------------------------------------

CHUNK_BYTES = 1 << 20


class Process(subprocess.Popen[bytes]):
    """A process that opens a file; it is stopped if it takes too long."""

    was_late = False
    _waited = 0.0  # seconds, before `_since`
    _since: float | None = None
    _over: threading.Event

    def limit(self, seconds: float) -> None:
        """Stop the process after a total waiting time of `seconds`."""
        self._since, self._over = time.monotonic(), threading.Event()
        threading.Thread(target=self._watch, args=[seconds], daemon=True).start()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Do not count the time of the body, because a storage may be slow."""
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
            [sys.executable, "-I", str(PROCESS)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            pass_fds=[source.fileno()], env={"MALLOC_ARENA_MAX": "2"},
        )  # fmt: skip
        process.limit((limits.seconds + START_TIMEOUT_SECONDS) * TIMEOUT_FACTOR)
        with process:
            try:
                orders = cast(IO[bytes], process.stdin)
                with suppress(BrokenPipeError), orders:
                    orders.write(json.dumps(order).encode())
                yield process
            finally:
                process.end()  # its results have been read


@contextmanager
def _request(
    file: IO[bytes], limits: Limits, order: dict[str, Any]
) -> Iterator[Iterator[tuple[dict[str, Any], bytes]]]:
    with _started(file, limits, order) as process:
        yield _answers(process, limits, order["task"])


def _first(answers: Iterator[tuple[dict[str, Any], bytes]]) -> tuple[dict[str, Any], bytes]:
    for answer in answers:
        return answer
    raise _broken("gave no answer")


def _answers(process: Process, limits: Limits, task: str) -> Iterator[tuple[dict[str, Any], bytes]]:
    """Yield the answers of the process, with limits because a file can make it write anything."""
    output, room = cast(IO[bytes], process.stdout), MAX_TOTAL_BYTES
    while line := output.readline(MAX_ANSWER_BYTES):
        try:
            head = dict(json.loads(line))
            length = int(head.pop("length", 0))
        except (ValueError, TypeError, RecursionError) as problem:
            raise _broken("gave an unreadable answer") from problem
        if "refused" in head:
            raise BadFileError(_reason(head["refused"]))
        if "end" in head:
            return
        if fault := head.get("failed"):
            raise _broken(f"failed: {fault!r:.1000}")
        room -= len(line) + length
        if not 0 <= length <= MAX_RENDITION_BYTES or room < 0:
            raise _broken("wrote more than allowed")
        content = output.read(length)
        if len(content) < length:
            break
        with process.paused():
            yield head, content
    raise _ended_early(process, limits, task)


def _ended_early(process: Process, limits: Limits, task: str) -> BadFileError:
    status = process.wait()
    if process.was_late or status == -signal.SIGXCPU:
        return BadFileError(_too_slow(task) % {"seconds": limits.seconds})
    return ProcessDiedError(str(_broken(f"ended with {status}")))


def _reason(stored: Any) -> str:
    """Return the reason why the process refused a file, in the language of the editor."""
    try:
        return translated(from_json(stored))[:MAX_MESSAGE_CHARACTERS]
    except (ValueError, TypeError, KeyError, RecursionError) as problem:
        raise _broken("gave an unreadable reason") from problem


def _too_slow(task: str) -> str:
    """Return the message, with a placeholder `seconds`, if a task takes too long."""
    if task == "search":
        return _("Searching takes more than %(seconds)s seconds. Paste a part of its text instead.")
    if task == "texts":
        return _("Reading it takes more than %(seconds)s seconds.")
    if task == "pdf":
        return _(
            "Reading the PDF takes more than %(seconds)s seconds, so it was stopped. Search for "
            "the reference that is printed on each page, such as K7Q2-M4XD."
        )
    if task == "clean":
        return _("Cleaning it takes more than %(seconds)s seconds. Save it smaller, or in parts.")
    return _(
        "Opening it takes more than %(seconds)s seconds, so it was not uploaded. Save it smaller, "
        "or as a JPEG."
    )


def _unexpected_answer() -> BadFileError:
    return _broken("gave an unexpected answer")


def _unexpected_output() -> BadFileError:
    return _broken("wrote unexpected output")


def _broken(how: str) -> BadFileError:
    log.error("The process that opens uploads %s.", how)
    return BadFileError(
        _(
            "The file could not be opened and was not uploaded. Open it yourself, save a new copy "
            "and upload that."
        )
    )


@contextmanager
def _on_disk(file: IO[bytes]) -> Iterator[IO[bytes]]:
    """Yield a file that has a file descriptor: the same file, or a temporary copy."""
    try:
        file.fileno()
    except (AttributeError, OSError, io.UnsupportedOperation):
        with tempfile.TemporaryFile() as copy:
            file.seek(0)
            while chunk := file.read(CHUNK_BYTES):
                copy.write(chunk)
            copy.flush()
            yield copy
    else:
        yield file

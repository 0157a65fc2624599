"""The marks on what a reader sees before the lift: words that warn, and one that tells whose copy.

The trace is a link's reference in characters that nobody sees and that no script gives a meaning
(U+2061 to U+2064, Unicode's invisible operators), set at the end of words. It survives copying;
retyping it does not, which is why the reference is printed as well. No ORM: text in, text out.
"""

import hashlib
import io
import re
import secrets
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from html import unescape

import lxml.html
from django.utils.safestring import SafeString, mark_safe
from lxml.etree import _Element as Element

# Crockford's base 32: no I, L, O or U to be misread.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 8
UNSEEN = "\u2061\u2062\u2063\u2064"
SIGNS = (5 * LENGTH + 16) // 2  # each holds two bits: eight letters of five, and a check of 16
_RUN = re.compile(f"[{UNSEEN}]{{{SIGNS}}}")
_PRINTED = re.compile(rf"\b([{ALPHABET}]{{4}})-([{ALPHABET}]{{4}})\b")
BLOCKS = ("p", "h1", "h2", "h3", "li")
MOST = 50_000_000  # bytes of one file inside an archive


class Unreadable(ValueError):
    """A file in which no mark can be looked for; its words say what to do."""


def new_reference() -> str:
    """Return 40 random bits as eight letters and digits."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def unseen(reference: str) -> str:
    """Return a reference as a run of characters that nobody sees."""
    number = 0
    for letter in reference:
        number = number * 32 + ALPHABET.index(letter)
    number = (number << 16) | _check(reference)
    return "".join(UNSEEN[(number >> 2 * place) & 3] for place in reversed(range(SIGNS)))


def woven(text: str, reference: str) -> str:
    """Return a text with the mark behind the first word and behind the last of each line."""
    return "\n".join(_woven(line, unseen(reference)) for line in text.split("\n"))


def woven_html(html: str, reference: str) -> SafeString:
    """Return HTML with the mark in every paragraph, heading and list item."""
    root = lxml.html.fragment_fromstring(html, create_parent="div")
    for block in root.iter(*BLOCKS):
        begins_with = block[0].tag if len(block) and not (block.text or "").strip() else ""
        if begins_with not in BLOCKS:  # a list item leaves the mark to its paragraph
            _weave(block, unseen(reference))
    inner = [lxml.html.tostring(node, encoding="unicode") for node in root]
    return mark_safe((root.text or "") + "".join(inner))


def references_in(data: bytes) -> set[str]:
    """Return every reference in a leaked file: unseen in its text, or printed on it.

    Takes text in any encoding with a byte order mark or UTF-8, HTML, Word and other zipped
    formats, pictures with their metadata, and PDF where pdftotext is there. A reference may not
    be one of ours: the caller looks it up. Raises Unreadable.
    """
    found: set[str] = set()
    for text in _texts(data):
        readable = unescape(text)
        for run in _RUN.findall(readable):
            found |= _read(run)
        found |= {"".join(halves) for halves in _PRINTED.findall(readable)}
    return found


# --- Inside ------------------------------------------------------------------------------------


def _check(reference: str) -> int:
    return int.from_bytes(hashlib.sha256(reference.encode()).digest()[:2], "big")


def _read(run: str) -> set[str]:
    number = 0
    for sign in run:
        number = number * 4 + UNSEEN.index(sign)
    check, number = number & 0xFFFF, number >> 16
    letters = []
    for _ in range(LENGTH):
        number, digit = divmod(number, 32)
        letters.append(ALPHABET[digit])
    reference = "".join(reversed(letters))
    return {reference} if _check(reference) == check else set()


def _woven(line: str, mark: str) -> str:
    first = re.match(r"\s*\S+", line)
    if not first:
        return line
    if first.end() == len(line.rstrip()):
        return line[: first.end()] + mark + line[first.end() :]
    return line[: first.end()] + mark + line[first.end() :].rstrip() + mark


def _weave(block: Element, mark: str) -> None:
    slots = [(node, place) for node, place in _slots(block) if (getattr(node, place) or "").strip()]
    if not slots:
        return
    node, place = slots[0]
    words = getattr(node, place)
    start = len(words) - len(words.lstrip())
    end = next((i for i in range(start, len(words)) if words[i].isspace()), len(words))
    setattr(node, place, words[:end] + mark + words[end:])
    node, place = slots[-1]
    words = getattr(node, place)
    if not words.rstrip().endswith(mark):
        end = len(words.rstrip())
        setattr(node, place, words[:end] + mark + words[end:])


def _slots(node: Element) -> Iterator[tuple[Element, str]]:
    """Yield where text stands inside a node, in the order of reading."""
    yield node, "text"
    for child in node:
        yield from _slots(child)
        yield child, "tail"


def _texts(data: bytes) -> Iterator[str]:
    if data.startswith(b"%PDF"):
        yield _pdf(data)
    elif zipfile.is_zipfile(io.BytesIO(data)):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for entry in archive.infolist():
                with archive.open(entry) as file:
                    yield _decoded(file.read(MOST))
    else:
        yield _decoded(data)


def _decoded(data: bytes) -> str:
    for mark, encoding in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            return data.decode(encoding, errors="replace")
    return data.decode("utf-8", errors="replace")


def _pdf(data: bytes) -> str:
    program = shutil.which("pdftotext")
    if program is None:
        raise Unreadable(
            "The text of a PDF is read with pdftotext. Install poppler-utils, or search for the "
            "reference that is printed on each page, such as K7Q2-M4XD."
        )
    done = subprocess.run([program, "-", "-"], input=data, capture_output=True, timeout=60)  # noqa: S603
    if done.returncode:
        raise Unreadable("The PDF is damaged or locked: pdftotext cannot read it.")
    return done.stdout.decode("utf-8", errors="replace")

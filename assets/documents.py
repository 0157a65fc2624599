"""Recognises documents by their content: PDF, Word, audio and video.

Their metadata is removed later (assets.cleaning). A recording with a location is refused. Uses no
ORM.
"""

import zipfile
from dataclasses import dataclass
from typing import IO

from assets import archives
from assets.messages import BadFileError
from assets.messages import message as _
from assets.opening import HEIF_BRANDS

CONTENT_TYPES = {
    "pdf": "application/pdf",
    "doc": "application/msword",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "mp3": "audio/mpeg",
    "m4a": "audio/mp4",
    "wav": "audio/wav",
    "flac": "audio/flac",
    "ogg": "audio/ogg",
    "mp4": "video/mp4",
    "mov": "video/quicktime",
    "webm": "video/webm",
}
KINDS = {
    extension: "document" if mime.startswith("application/") else mime.partition("/")[0]
    for extension, mime in CONTENT_TYPES.items()
}
MAX_UNPACKED_BYTES = 200_000_000  # of a Word file
MAX_PART_BYTES = 64_000_000  # of one part of a file
# Under these names, cameras and phones store the location of a film (ISO 14496-12, 3GPP TS 26.244,
# QuickTime).
_PLACES = (b"\xa9xyz", b"loci", b"com.apple.quicktime.location")
_BLANK = b"\xef\xbb\xbf\0\t\n\f\r "
_MAIN = b"wordprocessingml.document.main+xml"


@dataclass(frozen=True, slots=True)
class DocumentFacts:
    """The kind and the extension of a file that is not a picture."""

    kind: str
    extension: str


def recognise(file: IO[bytes]) -> DocumentFacts | None:
    """Return the facts about a document or recording, or None if the file may be a picture.

    Raises BadFileError if it is empty, incomplete or must not be published.
    """
    file.seek(0)
    start = file.read(4096)
    if not start:
        raise BadFileError(_("The file is empty. Choose another."))
    if b"<svg" in start[:1024].lower():
        raise BadFileError(
            _("SVG files can contain scripts and are not accepted. Save it as PNG or JPEG.")
        )
    if not start.startswith(b"%PDF-") and start.lstrip(_BLANK).startswith(b"%PDF-"):
        raise BadFileError(
            _(
                "The PDF starts with empty lines. Open it, print or save it as a new PDF, and "
                "upload that."
            )
        )
    for beginning, recogniser in (
        (b"%PDF-", _pdf),
        (b"PK\x03\x04", _word),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", _old_word),
        (b"\x1a\x45\xdf\xa3", _webm),
        (b"fLaC", lambda file, start: DocumentFacts("audio", "flac")),
        (b"OggS", lambda file, start: DocumentFacts("audio", "ogg")),
        (b"ID3", _mp3),
    ):
        if start.startswith(beginning):
            return recogniser(file, start)
    if start[:4] == b"RIFF" and start[8:12] == b"WAVE":
        if _size(file) < int.from_bytes(start[4:8], "little"):
            raise _incomplete()
        return DocumentFacts("audio", "wav")
    if start[4:8] == b"ftyp":
        return _film(file, start)
    if _begins_a_frame(start):
        return DocumentFacts("audio", "mp3")
    return None


def _incomplete() -> BadFileError:
    return BadFileError(_("The file is damaged or incomplete. Save or download it again."))


def _size(file: IO[bytes]) -> int:
    return file.seek(0, 2)


def _pdf(file: IO[bytes], start: bytes) -> DocumentFacts:
    file.seek(max(0, _size(file) - 2048))
    if b"%%EOF" not in file.read():
        raise _incomplete()
    return DocumentFacts("document", "pdf")


def _word(file: IO[bytes], start: bytes) -> DocumentFacts:
    with archives.opened(file, MAX_UNPACKED_BYTES) as archive:
        names = set(archive.namelist())
        if "word/document.xml" not in names and _MAIN in _types(archive, names):
            raise BadFileError(
                _(
                    "The Word file was made by another program in an unusual way. Open it in Word, "
                    "save a new copy, and upload that."
                )
            )
        if not {"[Content_Types].xml", "word/document.xml"} <= names:
            raise BadFileError(
                _(
                    "Packed files are not accepted, except Word files (.docx). Unpack it, and "
                    "upload the files in it."
                )
            )
        if any(name.lower().endswith("vbaproject.bin") for name in names):
            raise BadFileError(
                _(
                    "The Word file contains macros, which are programs. Save it as .docx or as a "
                    "PDF, and upload that."
                )
            )
        archive.read("word/document.xml")
    return DocumentFacts("document", "docx")


def _types(archive: zipfile.ZipFile, names: set[str]) -> bytes:
    return archive.read("[Content_Types].xml") if "[Content_Types].xml" in names else b""


def _old_word(file: IO[bytes], start: bytes) -> DocumentFacts:
    file.seek(0)
    content = file.read(MAX_PART_BYTES)
    if "WordDocument".encode("utf-16-le") not in content:
        raise BadFileError(
            _("Old Office files are not accepted, except Word files. Save it as a PDF.")
        )
    if "_VBA_PROJECT".encode("utf-16-le") in content:
        raise BadFileError(
            _(
                "The Word file contains macros, which are programs. Save it as a PDF, and upload "
                "that."
            )
        )
    return DocumentFacts("document", "doc")


def _webm(file: IO[bytes], start: bytes) -> DocumentFacts:
    if b"webm" not in start[:64]:
        raise BadFileError(
            _("Matroska videos are not accepted, except WebM. Save it as MP4 or WebM.")
        )
    return DocumentFacts("video", "webm")


def _mp3(file: IO[bytes], start: bytes) -> DocumentFacts:
    # The tag's length has seven bits in each byte (ID3v2.4, section 3.1).
    length = 0
    for byte in start[6:10]:
        length = length << 7 | byte & 0x7F
    file.seek(10 + length)
    if not any(_begins_a_frame(rest) for rest in _from_each_ff(file.read(8192))):
        raise _incomplete()
    return DocumentFacts("audio", "mp3")


def _from_each_ff(data: bytes) -> list[bytes]:
    return [data[at : at + 4] for at in range(len(data) - 3) if data[at] == 0xFF]


def _begins_a_frame(data: bytes) -> bool:
    """Return whether data begins with an MPEG audio frame, layer III (ISO 11172-3, 2.4.1.3)."""
    if len(data) < 4 or data[0] != 0xFF or data[1] & 0xE6 != 0xE2:
        return False
    version, rate, frequency = data[1] >> 3 & 3, data[2] >> 4, data[2] >> 2 & 3
    return version != 1 and rate not in (0, 15) and frequency != 3


def _film(file: IO[bytes], start: bytes) -> DocumentFacts | None:
    """Recognise MP4, QuickTime and M4A (ISO 14496-12); return None for pictures in this format."""
    brand = start[8:12]
    if brand in (*HEIF_BRANDS, b"avif", b"avis"):
        return None
    position, size, movie = 0, _size(file), b""
    while position < size:
        file.seek(position)
        head = file.read(16)
        length, name = int.from_bytes(head[:4], "big"), head[4:8]
        if length == 1:
            length = int.from_bytes(head[8:16], "big")
        length = length or size - position  # 0 means up to the end of the file
        if length < 8 or position + length > size:
            raise _incomplete()
        if name == b"moov":
            file.seek(position)
            movie += file.read(min(length, MAX_PART_BYTES))
        position += length
    if not movie:
        raise _incomplete()
    if any(place in movie for place in _PLACES):
        raise BadFileError(
            _(
                "The recording contains its location. Export it without location and upload that "
                "copy."
            )
        )
    if brand in (b"M4A ", b"M4B "):
        return DocumentFacts("audio", "m4a")
    return DocumentFacts("video", "mov" if brand == b"qt  " else "mp4")

"""What is taken besides pictures: PDF, Word, audio and video, recognised by content alone.

What they say besides their words is taken out later (assets.cleaning); what would lead to
somebody's door is refused. No ORM: bytes in, a verdict out.
"""

import zipfile
from dataclasses import dataclass
from typing import IO

from assets import archives
from assets.pictures import HEIF_BRANDS, BadFile

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
MOST_UNPACKED = 200_000_000  # bytes of a Word file
MOST_LOOKED_AT = 64_000_000  # bytes of one part of a file
# Where cameras and phones write the place into a film (ISO 14496-12, 3GPP TS 26.244, QuickTime).
_PLACES = (b"\xa9xyz", b"loci", b"com.apple.quicktime.location")
_BLANK = b"\xef\xbb\xbf\0\t\n\f\r "
_MAIN = b"wordprocessingml.document.main+xml"


@dataclass(frozen=True, slots=True)
class Document:
    """A file that is no picture: what it is."""

    kind: str
    extension: str


def recognised(file: IO[bytes]) -> Document | None:
    """Return what a file is, None where it may be a picture.

    Raises BadFile for what is nothing at all, cut short, or not to be given out.
    """
    file.seek(0)
    start = file.read(4096)
    if not start:
        raise BadFile("The file is empty. Choose it again.")
    if b"<svg" in start[:1024].lower():
        raise BadFile(
            "SVG drawings can carry scripts, so they are not taken. Save it as PNG or JPEG."
        )
    if not start.startswith(b"%PDF-") and start.lstrip(_BLANK).startswith(b"%PDF-"):
        raise BadFile(
            "The PDF has empty lines before its beginning. Open it, print or save it as a new PDF, "
            "and upload that."
        )
    for begins, look in (
        (b"%PDF-", _pdf),
        (b"PK\x03\x04", _word),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", _old_word),
        (b"\x1a\x45\xdf\xa3", _webm),
        (b"fLaC", lambda file, start: Document("audio", "flac")),
        (b"OggS", lambda file, start: Document("audio", "ogg")),
        (b"ID3", _mp3),
    ):
        if start.startswith(begins):
            return look(file, start)
    if start[:4] == b"RIFF" and start[8:12] == b"WAVE":
        if _size(file) < int.from_bytes(start[4:8], "little"):
            raise _cut_short()
        return Document("audio", "wav")
    if start[4:8] == b"ftyp":
        return _film(file, start)
    if _begins_a_frame(start):
        return Document("audio", "mp3")
    return None


def _cut_short() -> BadFile:
    return BadFile("The file is damaged or cut short. Save or download it again.")


def _size(file: IO[bytes]) -> int:
    return file.seek(0, 2)


def _pdf(file: IO[bytes], start: bytes) -> Document:
    file.seek(max(0, _size(file) - 2048))
    if b"%%EOF" not in file.read():
        raise _cut_short()
    return Document("document", "pdf")


def _word(file: IO[bytes], start: bytes) -> Document:
    with archives.opened(file, MOST_UNPACKED) as archive:
        names = set(archive.namelist())
        if "word/document.xml" not in names and _MAIN in _types(archive, names):
            raise BadFile(
                "The text of the Word file has another name in it than Word gives it. Open it in "
                "Word, save a new copy, and upload that."
            )
        if not {"[Content_Types].xml", "word/document.xml"} <= names:
            raise BadFile(
                "Of packed files only Word’s (.docx) are taken. Unpack it, and upload what is "
                "inside."
            )
        if any(name.lower().endswith("vbaproject.bin") for name in names):
            raise BadFile(
                "The Word file holds macros, which are programs. Save it as .docx or as a PDF, and "
                "upload that."
            )
        archive.read("word/document.xml")
    return Document("document", "docx")


def _types(archive: zipfile.ZipFile, names: set[str]) -> bytes:
    return archive.read("[Content_Types].xml") if "[Content_Types].xml" in names else b""


def _old_word(file: IO[bytes], start: bytes) -> Document:
    file.seek(0)
    content = file.read(MOST_LOOKED_AT)
    if "WordDocument".encode("utf-16-le") not in content:
        raise BadFile("Of old Office files only Word’s are taken. Save it as a PDF.")
    if "_VBA_PROJECT".encode("utf-16-le") in content:
        raise BadFile(
            "The Word file holds macros, which are programs. Save it as a PDF, and upload that."
        )
    return Document("document", "doc")


def _webm(file: IO[bytes], start: bytes) -> Document:
    if b"webm" not in start[:64]:
        raise BadFile("Of Matroska films only WebM is taken. Save it as MP4 or WebM.")
    return Document("video", "webm")


def _mp3(file: IO[bytes], start: bytes) -> Document:
    # The tag's length has seven bits in each byte (ID3v2.4, section 3.1).
    length = 0
    for byte in start[6:10]:
        length = length << 7 | byte & 0x7F
    file.seek(10 + length)
    if not any(_begins_a_frame(rest) for rest in _from_each_ff(file.read(8192))):
        raise _cut_short()
    return Document("audio", "mp3")


def _from_each_ff(data: bytes) -> list[bytes]:
    return [data[at : at + 4] for at in range(len(data) - 3) if data[at] == 0xFF]


def _begins_a_frame(data: bytes) -> bool:
    """Whether bytes begin a frame of MPEG audio, layer III (ISO 11172-3, section 2.4.1.3)."""
    if len(data) < 4 or data[0] != 0xFF or data[1] & 0xE6 != 0xE2:
        return False
    version, rate, frequency = data[1] >> 3 & 3, data[2] >> 4, data[2] >> 2 & 3
    return version != 1 and rate not in (0, 15) and frequency != 3


def _film(file: IO[bytes], start: bytes) -> Document | None:
    """Recognise what ISO 14496-12 packs: MP4, QuickTime, M4A; pictures use it too."""
    brand = start[8:12]
    if brand in (*HEIF_BRANDS, b"avif", b"avis"):
        return None
    where, size, whole = 0, _size(file), b""
    while where < size:
        file.seek(where)
        head = file.read(16)
        length, name = int.from_bytes(head[:4], "big"), head[4:8]
        if length == 1:
            length = int.from_bytes(head[8:16], "big")
        length = length or size - where  # 0: to the end
        if length < 8 or where + length > size:
            raise _cut_short()
        if name == b"moov":
            file.seek(where)
            whole += file.read(min(length, MOST_LOOKED_AT))
        where += length
    if not whole:
        raise _cut_short()
    if any(place in whole for place in _PLACES):
        raise BadFile(
            "The recording says where it was made, and would say so to everybody. Export it "
            "without the location, and upload that copy."
        )
    if brand in (b"M4A ", b"M4B "):
        return Document("audio", "m4a")
    return Document("video", "mov" if brand == b"qt  " else "mp4")

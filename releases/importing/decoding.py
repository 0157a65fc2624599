"""Bytes of a file into text: which encoding, with which doubts, or why it is no text at all."""

import codecs
import re
from dataclasses import dataclass

from releases.importing.understood import NotARelease
from storing.texts import UNWANTED

MAX_BYTES = 2 * 1024 * 1024
# A file of this much damage cannot be proofread back to life.
MAX_DAMAGE = 0.05

_WORDS_OF_IT = "Copy its words into a text file, or save it as text, and import that."
_TO_THE_LIBRARY = "Add it to the media library, and import the words of the release."
_MAGIC = (
    (b"\x89PNG", "a picture (PNG)", _TO_THE_LIBRARY),
    (b"\xff\xd8\xff", "a picture (JPEG)", _TO_THE_LIBRARY),
    (b"GIF8", "a picture (GIF)", _TO_THE_LIBRARY),
    (b"II*\x00", "a picture (TIFF)", _TO_THE_LIBRARY),
    (b"MM\x00*", "a picture (TIFF)", _TO_THE_LIBRARY),
    (b"%PDF", "a PDF", _WORDS_OF_IT),
    (b"{\\rtf", "an RTF file", _WORDS_OF_IT),
    (b"\xd0\xcf\x11\xe0", "an old Word or Office file", _WORDS_OF_IT),
    (b"\x1f\x8b", "a compressed file (gzip)", "Unpack it and import what is in it."),
)
_INSIDE_ZIP = (
    (b"word/", "a Word file", "Save it as text, or paste its words into a text file."),
    (b"xl/", "an Excel file", _WORDS_OF_IT),
    (b"ppt/", "a PowerPoint file", _WORDS_OF_IT),
    (b"opendocument", "an OpenDocument file", _WORDS_OF_IT),
)
_BOMS = (
    (codecs.BOM_UTF8, "utf-8", "UTF-8"),
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)
# Encodings that are told from Windows-1252 by what they decode to: only one script, in the order
# of letters that real words have. Western text has few bytes above 127, these have mostly such.
_OTHERS = (
    ("gb18030", "GB 18030 (Chinese)", re.compile(r"[\u4e00-\u9fff\u3000-\u303f\uff00-\uffef]")),
    ("big5", "Big5 (Chinese)", re.compile(r"[\u4e00-\u9fff\u3000-\u303f\uff00-\uffef]")),
    ("cp1251", "Windows-1251 (Cyrillic)", re.compile(r"[\u0400-\u045f–—«»“”„’№]")),
    ("koi8-r", "KOI8-R (Cyrillic)", re.compile(r"[\u0400-\u045f]")),
    ("cp1253", "Windows-1253 (Greek)", re.compile(r"[\u0384-\u03ce–—«»“”’]")),
    ("cp1256", "Windows-1256 (Arabic)", re.compile(r"[\u060c-\u0652–—«»“”]")),
)
_CAPITAL_INSIDE = re.compile(r"[а-яα-ω][А-ЯΑ-Ω]")
_RARE_CHINESE = re.compile(r"[^\x00-\x7f\u3000-\u303f\uff00-\uffef“”‘’—…·]")
_LINE_END = re.compile(r"\r\n|[\r\n\x0b\x0c\x85\u2028\u2029]")
_DAMAGE = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ufffd\ufffe\uffff]")
# UTF-8 read as Windows-1252 somewhere on the way: “ became â€œ, é became Ã©; where the two odd
# characters were dropped as well, a lone â is left.
_MOJIBAKE = re.compile(
    r"â€.|[ÃÂ][\x80-\xbf€‚ƒ„…†‡ˆ‰Š‹Œ‘’“”•–—˜™š›œ]|â[\x80-\x9f]+|(?<!\w)â(?=[A-Z?\s]|$)"
)


@dataclass(frozen=True, slots=True)
class Decoded:
    """The text of a file with plain line ends, its encoding, and what an editor should check."""

    text: str
    encoding: str
    notes: tuple[str, ...]


def decode(data: bytes, filename: str) -> Decoded:
    """Return the text of a file; raises NotARelease for what is no text."""
    if len(data) > MAX_BYTES:
        raise NotARelease(
            f"“{filename}” is larger than {MAX_BYTES // 1024**2} MB, far more than a release. "
            "Import the text of one release alone."
        )
    _refuse_other_files(data, filename)
    notes: list[str] = []
    text, encoding = _text_of(data, filename, notes)
    text = _LINE_END.sub("\n", text)
    if not text.strip():
        raise NotARelease(f"“{filename}” is empty. Import the file with the text of the release.")
    if len(_DAMAGE.findall(text)) > MAX_DAMAGE * len(text):
        raise NotARelease(
            f"“{filename}” is too damaged to be read: too many of its characters are not text. "
            "Ask for it again, or paste its words into a text file."
        )
    if unreadable := text.count("\ufffd"):
        notes.append(
            f"{_in_places(unreadable)} a character could not be read; it stands as “\ufffd”."
        )
    text, removed = UNWANTED.subn("", text)
    if removed:
        notes.append(f"{_in_places(removed)} an unprintable control character was left out.")
    if sign := _MOJIBAKE.search(text):
        example = " ".join(text[sign.start() : sign.start() + 24].split())
        signs = sum(1 for _ in _MOJIBAKE.finditer(text))
        notes.append(
            f"{_in_places(signs)} the text shows signs of a wrong conversion, the first at "
            f"“{example}”: accents or quotation marks were lost before this file was made. "
            "Nothing was changed; correct them by hand."
        )
    return Decoded(text, encoding, tuple(notes))


def _refuse_other_files(data: bytes, filename: str) -> None:
    for magic, what, advice in _MAGIC:
        if data.startswith(magic):
            raise NotARelease(f"“{filename}” is {what}, not a text. {advice}")
    if data.startswith(b"PK\x03\x04"):
        for inside, what, advice in _INSIDE_ZIP:
            if inside in data:
                raise NotARelease(f"“{filename}” is {what}. {advice}")
        raise NotARelease(f"“{filename}” is a ZIP archive. Unpack it and import what is in it.")
    if data[:4] == b"RIFF" or data[4:8] == b"ftyp":
        raise NotARelease(
            f"“{filename}” is a picture, a sound or a film, not a text. {_TO_THE_LIBRARY}"
        )
    if b"\x00" in data and not data.startswith(tuple(bom for bom, _, _ in _BOMS)):
        every_other = data[1:2000:2].count(0) or data[:2000:2].count(0)
        if every_other > 0.4 * len(data[:2000]) / 2:
            raise NotARelease(
                f"“{filename}” seems to be UTF-16 without its mark. Save it as UTF-8 and try again."
            )
        raise NotARelease(f"“{filename}” is not a text but a program's own file. {_WORDS_OF_IT}")


def _text_of(data: bytes, filename: str, notes: list[str]) -> tuple[str, str]:
    for bom, codec, label in _BOMS:
        if data.startswith(bom):
            return data.removeprefix(codecs.BOM_UTF8).decode(codec, "replace"), label
    try:
        return data.decode(), "UTF-8"
    except UnicodeDecodeError as error:
        if error.reason == "unexpected end of data":
            notes.append("The file ends in the middle of a character: it seems to be cut off.")
            return data[: error.start].decode(), "UTF-8"
    text = data.decode(errors="replace")
    broken = text.count("\ufffd")
    if sum(1 for char in text if char > "\x7f") >= 4 * broken:
        return text, "UTF-8"
    text, label = _guess(data)
    notes.append(
        f"The file is not UTF-8: it was read as {label}. Check accents and quotation marks."
    )
    return text, label


def _guess(data: bytes) -> tuple[str, str]:
    declared = re.search(rb"charset=[\"']?([\w-]{3,20})", data[:2000])
    for codec, label, script in _OTHERS:
        if declared and declared[1].decode().casefold() == codec:
            return data.decode(codec, "replace"), label
        if (text := _surely(data, codec, script)) is not None:
            return text, label
    try:
        return data.decode("cp1252"), "Windows-1252"
    except UnicodeDecodeError:
        return data.decode("iso-8859-1"), "ISO-8859-1"


def _surely(data: bytes, codec: str, script: re.Pattern[str]) -> str | None:
    sample = data[:20_000]
    if sum(byte > 127 for byte in sample) < 0.3 * len(sample):
        return None
    try:
        text = data.decode(codec)
    except UnicodeDecodeError:
        return None
    seen = text[:10_000]
    foreign = [char for char in seen if char > "\x7f"]
    in_script = sum(1 for char in foreign if script.match(char))
    if in_script < 0.97 * len(foreign) or _reads_badly(seen, codec):
        return None
    return text


def _reads_badly(text: str, codec: str) -> bool:
    """Whether letters come in an order that the right encoding would not give."""
    if codec == "gb18030":
        # The 3755 common characters of GB 2312 stand in rows 0xB0 to 0xD7.
        rare = [c for c in _RARE_CHINESE.findall(text) if not 0xB0 <= c.encode(codec)[0] <= 0xD7]
        return len(rare) > 0.05 * len(text)
    if codec == "big5":
        rare = [
            c
            for c in _RARE_CHINESE.findall(text)
            if not 0xA4 <= c.encode(codec, "replace")[0] <= 0xC6
        ]
        return len(rare) > 0.05 * len(text)
    return len(_CAPITAL_INSIDE.findall(text)) > 0.005 * len(text)


def _in_places(count: int) -> str:
    return "In one place" if count == 1 else f"In {count} places"

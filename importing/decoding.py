"""Decodes the bytes of a file into text, or refuses a file that is not text, with the reason."""

import codecs
import re
from dataclasses import dataclass

from importing.notes import Note
from importing.understood import NotAReleaseError, refusal
from storing.texts import UNWANTED

MAX_BYTES = 2 * 1024 * 1024
# Maximum share of damaged characters: a file with more cannot be corrected by hand.
MAX_DAMAGE = 0.05

_MAGIC = (
    (b"\x89PNG", Note("is_a_picture", {"format": "PNG"})),
    (b"\xff\xd8\xff", Note("is_a_picture", {"format": "JPEG"})),
    (b"GIF8", Note("is_a_picture", {"format": "GIF"})),
    (b"II*\x00", Note("is_a_picture", {"format": "TIFF"})),
    (b"MM\x00*", Note("is_a_picture", {"format": "TIFF"})),
    (b"%PDF", Note("is_a_pdf")),
    (b"{\\rtf", Note("is_rtf")),
    (b"\xd0\xcf\x11\xe0", Note("is_an_old_office_file")),
    (b"\x1f\x8b", Note("is_gzip")),
)
_INSIDE_ZIP = (
    (b"word/", Note("is_a_word_file")),
    (b"xl/", Note("is_an_office_file", {"format": "Excel"})),
    (b"ppt/", Note("is_an_office_file", {"format": "PowerPoint"})),
    (b"opendocument", Note("is_an_office_file", {"format": "OpenDocument"})),
)
_BOMS = (
    (codecs.BOM_UTF8, "utf-8", "UTF-8"),
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)
# Encodings that are tried before Windows-1252. The right one gives text in one script, with its
# letters in a plausible order. Western text has few bytes above 127; these texts have many.
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
# Invisible characters for possible line breaks, from word processors and web pages. They would
# split names. Scripts without spaces need U+200B, so it is kept there.
INVISIBLE = re.compile(r"[\u00ad\u2060\ufeff]|(?<=[\u0000-\u04ff])\u200b|\u200b(?=[\u0000-\u04ff])")
# UTF-8 that was once decoded as Windows-1252: “ became â€œ, é became Ã©. If the last two characters
# were lost as well, a lone â is left.
_MOJIBAKE = re.compile(
    r"â€.|[ÃÂ][\x80-\xbf€‚ƒ„…†‡ˆ‰Š‹Œ‘’“”•–—˜™š›œ]|â[\x80-\x9f]+|(?<!\w)â(?=[A-Z?\s]|$)"
)


@dataclass(frozen=True, slots=True)
class Decoded:
    """The text of a file with normalised line ends, its encoding, and notes for the editor."""

    text: str
    encoding: str
    notes: tuple[Note, ...]


def decode(data: bytes, filename: str) -> Decoded:
    """Return the text of a file. Raises NotAReleaseError for a file that is not text."""
    if len(data) > MAX_BYTES:
        most = {"megabytes": MAX_BYTES // 1024**2}
        raise NotAReleaseError(Note("too_large", {"file": filename, **most}))
    _refuse_other_files(data, filename)
    notes: list[Note] = []
    text, encoding = _text_of(data, filename, notes)
    text = _LINE_END.sub("\n", text)
    if not text.strip():
        raise NotAReleaseError(Note("empty", {"file": filename}))
    if len(_DAMAGE.findall(text)) > MAX_DAMAGE * len(text):
        raise NotAReleaseError(Note("too_damaged", {"file": filename}))
    if unreadable := text.count("\ufffd"):
        notes.append(Note("unreadable_characters", {"count": unreadable}))
    text, removed = UNWANTED.subn("", text)
    text, invisible = INVISIBLE.subn("", text)
    if removed or invisible:
        notes.append(Note("control_characters_left_out", {"count": removed + invisible}))
    if sign := _MOJIBAKE.search(text):
        example = " ".join(text[sign.start() : sign.start() + 24].split())
        signs = sum(1 for _ in _MOJIBAKE.finditer(text))
        notes.append(Note("wrongly_converted", {"count": signs, "example": example}))
    return Decoded(text, encoding, tuple(notes))


def _refuse_other_files(data: bytes, filename: str) -> None:
    for magic, note in _MAGIC:
        if data.startswith(magic):
            raise refusal(note, filename)
    if data.startswith(b"PK\x03\x04"):
        for inside, note in _INSIDE_ZIP:
            if inside in data:
                raise refusal(note, filename)
        raise refusal(Note("is_a_zip"), filename)
    if data[:4] == b"RIFF" or data[4:8] == b"ftyp":
        raise refusal(Note("is_a_recording"), filename)
    if b"\x00" in data and not data.startswith(tuple(bom for bom, _, _ in _BOMS)):
        every_other = data[1:2000:2].count(0) or data[:2000:2].count(0)
        if every_other > 0.4 * len(data[:2000]) / 2:
            raise refusal(Note("is_utf_16_without_mark"), filename)
        raise refusal(Note("is_a_programs_own_file"), filename)


def _text_of(data: bytes, filename: str, notes: list[Note]) -> tuple[str, str]:
    for bom, codec, label in _BOMS:
        if data.startswith(bom):
            return data.removeprefix(codecs.BOM_UTF8).decode(codec, "replace"), label
    try:
        return data.decode(), "UTF-8"
    except UnicodeDecodeError as error:
        if error.reason == "unexpected end of data":
            notes.append(Note("cut_off"))
            return data[: error.start].decode(), "UTF-8"
    text = data.decode(errors="replace")
    broken = text.count("\ufffd")
    if sum(1 for char in text if char > "\x7f") >= 4 * broken:
        return text, "UTF-8"
    text, label = _guess(data)
    notes.append(Note("encoding_guessed", {"encoding": label}))
    return text, label


def _guess(data: bytes) -> tuple[str, str]:
    declared = re.search(rb"charset=[\"']?([\w-]{3,20})", data[:2000])
    for codec, label, script in _OTHERS:
        if declared and declared[1].decode().casefold() == codec:
            return data.decode(codec, "replace"), label
        if (text := _decoded_if_likely(data, codec, script)) is not None:
            return text, label
    try:
        return data.decode("cp1252"), "Windows-1252"
    except UnicodeDecodeError:
        return data.decode("iso-8859-1"), "ISO-8859-1"


def _decoded_if_likely(data: bytes, codec: str, script: re.Pattern[str]) -> str | None:
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
    """Return whether rare characters, or capitals inside words, show that the encoding is wrong."""
    if codec == "gb18030":
        # The 3755 common characters of GB 2312 are in rows 0xB0 to 0xD7.
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

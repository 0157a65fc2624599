"""Finds the blocks of metadata in a picture file, and reads IPTC (IIM) and EXIF.

Both are binary formats with numbered fields. `assets.xmp` reads XMP, and `assets.metadata`
interprets the fields. Files can be malicious, so every loop has a limit and reads little.
"""

import codecs
import contextlib
import mmap
import re
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import IO

from PIL import Image

Data = bytes | mmap.mmap

MAX_BLOCK = 1_000_000  # bytes; a longer packet is a history of edits, or an attack
MAX_MANIFEST = 16_000_000  # bytes; most of them are thumbnails
MAX_PARTS = 20_000  # of one file
MAX_PNG_TEXTS = 30
MAX_LISTED = 50
MAX_FIELD = 20_000  # bytes of one value

# --- The blocks of a file -----------------------------------------------------------------------

_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_MORE_XMP = b"http://ns.adobe.com/xmp/extension/\0"
_PHOTOSHOP = b"Photoshop 3.0\0"
_C2PA_BOX = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")


def blocks(picture: Image.Image, file: IO[bytes]) -> Iterator[tuple[str, Data]]:
    """Yield the blocks of metadata in a file, each with its kind.

    Kinds are xmp, iim, exif, c2pa, and text: a keyword of a PNG, a NUL, and the text.
    `picture` is the file as Pillow has opened it, loaded or not.
    """
    for kind, block in _all_blocks(picture, file):
        if block:
            yield kind, block


def _all_blocks(picture: Image.Image, file: IO[bytes]) -> Iterator[tuple[str, Data]]:
    # Pillow returns all blocks before the pixels of a JPEG, and XMP and EXIF of an AVIF or HEIF. In
    # other formats many are missing: data after the pixels of a PNG, every C2PA manifest.
    if parts := getattr(picture, "applist", None):
        yield from _in_jpeg(parts)
        return
    data = _mapped(file)
    if data[:4] in (b"II*\0", b"MM\0*"):
        yield from _in_tiff(data)
    elif data[:4] == b"GIF8":
        yield from _in_gif(data)
    elif data[:4] in (b"\x89PNG", b"RIFF"):
        yield from _in_chunks(data)
    else:
        yield from ((kind, picture.info.get(kind) or b"") for kind in ("xmp", "exif"))
        yield from _in_chunks(data)


def _mapped(file: IO[bytes]) -> Data:
    """Return the bytes of a file, mapped into memory if possible: reading 64 MB is slow."""
    try:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError, AttributeError):  # the file is in memory, or empty
        position = file.tell()
        file.seek(0)
        data = file.read()
        file.seek(position)  # Pillow may still need the pixels
        return data


def _in_jpeg(parts: list[tuple[str, bytes]]) -> Iterator[tuple[str, Data]]:
    def named(name: str, start: bytes, limit: int = 50) -> Iterator[bytes]:
        of_name = (part for app, part in parts[:MAX_PARTS] if app == name)
        return islice((part for part in of_name if part.startswith(start)), limit)

    xmp = next(named("APP1", _XMP), b"").removeprefix(_XMP)
    yield "xmp", xmp
    yield "xmp", _continued(xmp, named("APP1", _MORE_XMP))
    # The resources of Photoshop may be split into several parts.
    yield "iim", _iim_in_resources(b"".join(part[14:] for part in named("APP13", _PHOTOSHOP)))
    yield "exif", next(named("APP1", b"Exif\0\0"), b"")
    # Each part repeats the header of its box (ISO 19566-5, D.2).
    yield "c2pa", b"".join(part[16:] for part in named("APP11", b"JP", limit=250))


def _continued(xmp: bytes, parts: Iterable[bytes]) -> bytes:
    """Return the rest of a packet larger than 64 kB (XMP specification, part 3, 1.1.3.1)."""
    named = re.search(rb"HasExtendedXMP\s*(?:=\s*[\"']|>)\s*([0-9A-Fa-f]{32})", xmp)
    placed = {}
    for part in parts:
        digest, _, offset = struct.unpack_from(">32sII", part.ljust(75, b"\0"), len(_MORE_XMP))
        if named and digest.upper() == named[1].upper():
            placed[offset] = part[len(_MORE_XMP) + 40 :]
    return b"".join(placed[offset] for offset in sorted(placed))


def _iim_in_resources(resources: bytes) -> bytes:
    """Return the IIM in the resources of Photoshop."""
    if resources.startswith(b"\x1c"):  # it is IIM without resources
        return resources
    at = 0
    with contextlib.suppress(struct.error):
        for _ in range(1000):
            at = resources.find(b"8BIM", at)
            if at < 0:
                break
            kind, name = struct.unpack_from(">HB", resources, at + 4)
            at += 6 + (1 + name + 1) // 2 * 2  # a name, padded to an even length
            (size,) = struct.unpack_from(">I", resources, at)
            at += 4
            if kind == 0x0404 and size:
                return resources[at : at + size]
            at += size
    return b""


def _in_tiff(data: Data) -> Iterator[tuple[str, Data]]:
    found = tags(data, {700, 33723, 34377, 52545}, {})[1]
    yield "xmp", found.get(700, b"")
    iim = found.get(33723, b"")
    if iim[3:4] == b"\x1c" != iim[:1]:  # written as 32-bit numbers in the wrong byte order
        iim = b"".join(iim[at : at + 4][::-1] for at in range(0, len(iim), 4))
    yield "iim", iim or _iim_in_resources(found.get(34377, b""))
    yield "exif", data
    yield "c2pa", found.get(52545, b"")


def _in_gif(data: Data) -> Iterator[tuple[str, Data]]:
    # The packet is stored without sub-blocks, before or after the pictures. A trailer of descending
    # bytes allows readers without support for XMP to skip it.
    for begin, end in ((0, MAX_BLOCK), (max(0, len(data) - MAX_BLOCK), len(data))):
        at = data.find(b"\x0bXMP DataXMP", begin, end)
        if at >= 0:
            yield "xmp", data[at + 12 : max(0, data.find(b"\x01\xff\xfe\xfd", at, at + MAX_BLOCK))]
            return


def _in_chunks(data: Data) -> Iterator[tuple[str, Data]]:
    texts = 0
    for kind, begin, end in islice(_chunks(data), MAX_PARTS):
        if kind in (b"tEXt", b"zTXt", b"iTXt") and texts < MAX_PNG_TEXTS:
            texts += 1
            with contextlib.suppress(ValueError, IndexError, zlib.error):
                yield from _in_png_text(kind, data[begin : min(end, begin + MAX_BLOCK)])
        elif kind in (b"XMP ", b"eXIf", b"EXIF"):
            name = "xmp" if kind == b"XMP " else "exif"
            yield name, data[begin : min(end, begin + MAX_BLOCK + 1)]
        elif kind in (b"caBX", b"C2PA") or (
            kind == b"uuid" and data[begin : begin + 16] == _C2PA_BOX
        ):
            yield "c2pa", data[begin : min(end, begin + MAX_MANIFEST)]


def _chunks(data: Data) -> Iterator[tuple[bytes, int, int]]:
    """Yield kind, begin and end of each chunk of a PNG or WebP, or box of an AVIF or HEIF."""
    form = {b"\x89PNG": "png", b"RIFF": "webp"}.get(data[:4], "boxes")
    at = {"png": 8, "webp": 12, "boxes": 0}[form]
    while at + 8 <= len(data):
        begin = at + 8
        if form == "webp":
            kind, size = struct.unpack_from("<4sI", data, at)
            yield kind, begin, begin + size
            at = begin + size + size % 2
        elif form == "png":
            size, kind = struct.unpack_from(">I4s", data, at)
            yield kind, begin, begin + size
            at = begin + size + 4  # the checksum
        else:
            size, kind = struct.unpack_from(">I4s", data, at)
            if size == 1:
                size, begin = int.from_bytes(data[begin : begin + 8], "big"), begin + 8
            at = at + size if size >= 8 else len(data)
            yield kind, begin, at


def _in_png_text(kind: bytes, chunk: bytes) -> Iterator[tuple[str, Data]]:
    keyword, _, text = chunk.partition(b"\0")
    packed = kind == b"zTXt" or (kind == b"iTXt" and text[:1] == b"\1")
    if kind == b"iTXt":
        text = text[2:].split(b"\0", 2)[2]  # after a language, and the keyword in that language
    elif packed:
        text = text[1:]
    if packed:
        limit = MAX_BLOCK if keyword == b"XML:com.adobe.xmp" else MAX_FIELD * 10
        text = zlib.decompressobj().decompress(text, limit)
    if keyword == b"XML:com.adobe.xmp":
        yield "xmp", text
    elif keyword.startswith(b"Raw profile type "):  # ImageMagick's: a name, a length, and hex
        block = bytes.fromhex(text.split(None, 2)[2].decode("ascii"))
        if block.startswith(b"Exif\0\0"):
            yield "exif", block
        elif block.startswith(_XMP) or keyword.endswith(b"xmp"):
            yield "xmp", block.removeprefix(_XMP)
        else:
            yield "iim", _iim_in_resources(block)
    else:
        yield "text", keyword + b"\0" + text[: MAX_FIELD * 10]


# --- IPTC (IIM) ---------------------------------------------------------------------------------

# Dataset 1:90 is the ISO 2022 escape sequence of the encoding. In practice it is UTF-8 or missing.
_CHARSETS = {
    b"\x1b%G": "utf-8", b"\x1b%/": "utf-8", b"\x1b-A": "iso8859-1", b"\x1b-B": "iso8859-2",
    b"\x1b-F": "iso8859-7", b"\x1b-G": "iso8859-6", b"\x1b-H": "iso8859-8", b"\x1b-L": "iso8859-5",
    b"\x1b-M": "iso8859-9",
}  # fmt: skip


def iim(block: Data) -> dict[int, list[str]]:
    """Return the values of each dataset of record 2 (IIM 4.2), which has the editorial texts."""
    charset, fields = "", dict[int, list[bytes]]()
    for record, number, value in islice(_datasets(block), 2000):
        if (record, number) == (1, 90):
            charset = _CHARSETS.get(value[:3], "")
        elif record == 2 and len(fields.setdefault(number, [])) < MAX_LISTED:
            fields[number].append(value)
    decode = decoder([value for values in fields.values() for value in values], charset)
    return {number: [decode(value) for value in values] for number, values in fields.items()}


def _datasets(block: Data) -> Iterator[tuple[int, int, bytes]]:
    at = block.find(b"\x1c")
    while at >= 0 and at + 5 <= len(block):
        record, number, size = struct.unpack_from(">BBH", block, at + 1)
        begin = at + 5
        if size & 0x8000:  # an extended dataset: this is the length of its size field
            width = size & 0x7FFF
            size = int.from_bytes(block[begin : begin + min(width, 8)], "big")
            begin += width
        yield record, number, block[begin : begin + min(size, MAX_FIELD)]
        at = block.find(b"\x1c", begin + size)


# --- EXIF and TIFF ------------------------------------------------------------------------------

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 129: 1}


def tags(data: Data, wanted: set[int], within: dict[int, set[int]]) -> tuple[str, dict[int, bytes]]:
    """Return the byte order of a TIFF or EXIF, and the wanted tags of its first directory.

    `within` maps a tag that points to a directory to the tags that are wanted from there.
    """
    # Pillow would read every tag, and in a small file many tags can point to the same megabytes.
    start = re.search(rb"II\*\0|MM\0\*", data[:64])
    if not start:
        return "", {}
    data = data[start.start() :] if start.start() else data
    order = "<" if start[0] == b"II*\0" else ">"
    found: dict[int, bytes] = {}

    def read(at: int, wanted: Iterable[int]) -> None:
        (count,) = struct.unpack_from(f"{order}H", data, at)
        for entry in range(at + 2, at + 2 + 12 * min(count, 1000), 12):
            tag, kind, length = struct.unpack_from(f"{order}HHI", data, entry)
            size, begin = _SIZES.get(kind, 0) * length, entry + 8
            if size > 4:
                (begin,) = struct.unpack_from(f"{order}I", data, begin)
            if tag in wanted and tag not in found:
                found[tag] = data[begin : begin + min(size, MAX_BLOCK + 1)]

    with contextlib.suppress(struct.error):  # the file is incomplete: keep what was read
        read(struct.unpack_from(f"{order}I", data, 4)[0], wanted | within.keys())
    for pointer in within.keys() & found.keys():
        with contextlib.suppress(struct.error):
            read(struct.unpack(f"{order}I", found[pointer])[0], within[pointer])
    return order, found


def user_comment(value: bytes, order: str) -> str:
    """Return the EXIF comment. Its first eight bytes may name its encoding."""
    code, text = value[:8], value[8:MAX_FIELD]
    if code == b"UNICODE\0" and (b"\0" in text or not text.isascii()):
        # Not all programs use the byte order of the file. The high bytes, which select the script,
        # vary less than the low bytes.
        first, second = len(set(text[0::2])), len(set(text[1::2]))
        big = order == ">" if first == second else first < second
        comment = text.decode("utf-16-be" if big else "utf-16-le", "ignore")
    elif code == b"JIS\0\0\0\0\0":
        comment = text.decode("iso2022_jp", "ignore")
    else:
        text = text if code in (b"UNICODE\0", b"ASCII\0\0\0", bytes(8)) else value[:MAX_FIELD]
        comment = decoder([text])(text)
    comment = comment.strip("\0 ")
    is_binary = re.search("[\0-\x08\x0e-\x1f]", comment)  # data of a program
    return "" if is_binary else comment


# --- Encodings ----------------------------------------------------------------------------------


def decoder(values: list[bytes], charset: str = "") -> Callable[[bytes], str]:
    """Return a decoder for values that one program wrote.

    It decodes as UTF-8 if possible, otherwise in the encoding that the file names. If the file
    names none, it decodes as Windows-1252, or as Mac OS Roman if a value can't be Windows-1252.
    """

    def utf_8(value: bytes) -> str | None:
        try:
            text, length = codecs.utf_8_decode(value, "strict", False)
        except UnicodeDecodeError:
            return None
        # A value that was cut to a number of bytes may end inside a character.
        is_cut = length < len(value)
        return None if is_cut and text.isascii() and charset != "utf-8" else text

    others = [value for value in values if utf_8(value) is None]
    western = "cp1252" if all(map(_is_windows_1252, others)) else "mac_roman"

    def decode(value: bytes) -> str:
        text = utf_8(value)
        if text is not None:
            return text
        if charset not in ("", "utf-8"):
            return value.decode(charset, "replace")
        # A value with few ASCII bytes is in another script and an unknown encoding. Then no text is
        # better than a wrong text.
        high = sum(byte > 0x7F for byte in value[:1000])
        is_western = high <= 3 or high * 2 <= len(value[:1000])
        return value.decode(western, "replace") if is_western else ""

    return decode


def _is_windows_1252(value: bytes) -> bool:
    return not set(value) & {0x81, 0x8D, 0x8F, 0x90, 0x9D}

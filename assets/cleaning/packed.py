"""Removes metadata from the pictures inside documents.

JPEG, PNG and GIF are not decoded: their blocks are copied, so that no quality is lost.
"""

import io
import struct
from collections.abc import Iterator

from PIL import Image

from assets import metadata, opening, pictures
from assets.cleaning.report import Report
from assets.messages import BadFileError

_PNG = b"\x89PNG\r\n\x1a\n"
# The chunks of a PNG that are needed to show it.
_PNG_KEPT = {
    b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"sRGB", b"gAMA", b"cHRM", b"sBIT", b"bKGD",
    b"pHYs", b"acTL", b"fcTL", b"fdAT",
}  # fmt: skip
MEGAPIXELS = 100  # of a picture that must be decoded


class UnknownFormatError(ValueError):
    """The picture has a format that can't be cleaned."""


def clean(content: bytes, report: Report, name: str) -> tuple[bytes, str]:
    """Return a picture without its metadata, and its extension.

    Raises UnknownFormatError if it can't be cleaned.
    """
    try:
        if content.startswith(b"\xff\xd8"):
            cleaned, extension = jpeg(content), "jpeg"
        elif content.startswith(_PNG):
            cleaned, extension = _png(content), "png"
        elif content.startswith((b"GIF87a", b"GIF89a")):
            cleaned, extension = _gif(content), "gif"
        elif content.startswith(b"BM"):
            return content, "bmp"  # it has no room for metadata
        elif content[40:44] == b" EMF":
            cleaned, extension = _emf(content), "emf"
        elif content.startswith(b"\xd7\xcd\xc6\x9a"):
            return _wmf(content), "wmf"
        else:
            cleaned, extension = _as_png(content), "png"
    except (ValueError, IndexError, struct.error, OSError) as problem:
        raise UnknownFormatError(name) from problem
    if cleaned != content:
        report.removed("picture", name)
    if has_position(content):
        report.removed("picture_place", name)
    return cleaned, extension


def jpeg(content: bytes) -> bytes:
    """Return a JPEG without comments and metadata.

    Of EXIF, only the orientation is kept. Raises ValueError if the JPEG is damaged.
    """
    if opening.has_hole(content, "JPEG"):
        raise ValueError
    kept = [b"\xff\xd8"]
    orientation = 1
    for marker, segment in _segments(content):
        if marker == 0xE1 and segment[4:10] == b"Exif\0\0":
            orientation = _orientation(segment[10:])
        elif marker == 0xE0 and segment[4:9] == b"JFIF\0":
            kept.append(b"\xff\xe0\0\x10" + segment[4:16] + b"\0\0")  # without its thumbnail
        elif marker == 0xEE and segment[4:9] == b"Adobe":
            kept.append(segment)  # needed to read the colours
        elif not (0xE0 <= marker <= 0xEF or marker == 0xFE):
            kept.append(segment)
    if orientation != 1:
        tag = struct.pack(">HHIHH", 0x0112, 3, 1, orientation, 0)
        exif = b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01" + tag + b"\0\0\0\0"
        position = 2 if len(kept) > 1 and kept[1][:2] == b"\xff\xe0" else 1
        kept.insert(position, b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif)
    return b"".join(kept)


def jpeg_2000(content: bytes) -> bytes:
    """Return a JPEG 2000 without texts. Raises ValueError if it is damaged or unknown."""
    if content.startswith(b"\xff\x4f\xff\x51"):
        return _without_comments(content)
    return _without_text_boxes(content)


_JP2_TEXTS = {b"xml ", b"uuid", b"uinf", b"jumb", b"asoc", b"lbl ", b"nlst", b"free", b"jp2i"}
_JP2_KEPT = {
    b"jP  ", b"ftyp", b"rreq", b"ihdr", b"bpcc", b"colr", b"pclr", b"cmap", b"cdef", b"res ",
    b"cgrp", b"opct", b"creg",
}  # fmt: skip
_JP2_HEADS = {b"jp2h", b"jpch", b"jplh"}  # which contain other boxes


def _without_text_boxes(content: bytes) -> bytes:
    kept, at = [], 0
    while at < len(content):
        length, name = struct.unpack_from(">I4s", content, at)
        start = at + 8
        if length == 1:
            (length,) = struct.unpack_from(">Q", content, start)
            start += 8
        length = length or len(content) - at
        if length < start - at or at + length > len(content):
            raise ValueError
        inside = content[start : at + length]
        if name in _JP2_HEADS:
            inside = _without_text_boxes(inside)
        elif name == b"jp2c":
            inside = _without_comments(inside)
        elif name not in _JP2_KEPT | _JP2_TEXTS:
            raise ValueError
        if name not in _JP2_TEXTS:
            kept.append(struct.pack(">I4s", 8 + len(inside), name) + inside)
        at += length
    return b"".join(kept)


def _without_comments(stream: bytes) -> bytes:
    """Return a JPEG 2000 stream without its comments, which are before the first tile."""
    kept, at = [stream[:2]], 2
    while True:
        marker, length = struct.unpack_from(">HH", stream, at)
        if marker == 0xFF90:  # a tile, which contains its length
            break
        if length < 2 or at + 2 + length > len(stream):
            raise ValueError
        if marker != 0xFF64:
            kept.append(stream[at : at + 2 + length])
        at += 2 + length
    first = at
    while stream[at : at + 2] == b"\xff\x90":
        (length,) = struct.unpack_from(">I", stream, at + 6)
        end, at = at + length if length else len(stream), at + 12
        while (marker := struct.unpack_from(">H", stream, at)[0]) != 0xFF93:  # start of data
            if marker == 0xFF64 or at >= end:
                raise ValueError
            at += 2 + struct.unpack_from(">H", stream, at + 2)[0]
        at = end
    if len(stream) > first and stream[at:].strip(b"\0") not in (b"", b"\xff\xd9"):
        raise ValueError  # there is data after the picture
    return b"".join(kept) + stream[first:]


def has_position(content: bytes) -> bool:
    """Return whether a picture contains the position of the camera."""
    try:
        picture = opening.opened(io.BytesIO(content), MEGAPIXELS)
        return metadata.read(picture, io.BytesIO(content)).camera_position
    except BadFileError:
        return False


def _segments(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the marker and bytes of each segment of a JPEG; a scan includes its data."""
    at, size = 2, len(content)
    while at < size:
        if content[at] != 0xFF:
            raise ValueError
        while content[at + 1] == 0xFF:  # padding
            at += 1
        marker = content[at + 1]
        if marker == 0xD9:
            yield marker, b"\xff\xd9"  # the rest is not part of the picture
            return
        if marker == 0x01 or 0xD0 <= marker <= 0xD7:
            at += 2
            continue
        end = at + 2 + int.from_bytes(content[at + 2 : at + 4], "big")
        if end > size or end < at + 4:
            raise ValueError
        if marker == 0xDA:
            while True:
                end = content.find(b"\xff", end)
                if end < 0 or end + 1 >= size:
                    raise ValueError
                if content[end + 1] != 0 and not 0xD0 <= content[end + 1] <= 0xD7:
                    break
                end += 2
        yield marker, content[at:end]
        at = end
    raise ValueError


def _orientation(tiff: bytes) -> int:
    try:
        exif = Image.Exif()
        exif.load(b"Exif\0\0" + tiff)
        orientation = exif.get(0x0112, 1)
    except Exception:  # a picture with broken EXIF can still be used
        return 1
    return orientation if isinstance(orientation, int) and 1 <= orientation <= 8 else 1


def _png(content: bytes) -> bytes:
    kept, at = [_PNG], len(_PNG)
    while True:
        length, name = struct.unpack_from(">I4s", content, at)
        end = at + 12 + length
        if end > len(content):
            raise ValueError
        if name in _PNG_KEPT:
            kept.append(content[at:end])
        if name == b"IEND":
            return b"".join(kept)
        at = end


def _gif(content: bytes) -> bytes:
    def table(flags: int) -> int:
        return 3 << ((flags & 7) + 1) if flags & 0x80 else 0

    def blocks_end(at: int) -> int:
        while content[at]:
            at += content[at] + 1
        return at + 1

    at = 13 + table(content[10])
    kept = [content[:at]]
    while content[at] != 0x3B:
        start = at
        if content[at] == 0x2C:
            at = blocks_end(at + 10 + table(content[at + 9]) + 1)
            kept.append(content[start:at])
        elif content[at] == 0x21:
            label, loops = content[at + 1], content[at + 3 : at + 14] == b"NETSCAPE2.0"
            at = blocks_end(at + 2)
            if label == 0xF9 or (label == 0xFF and loops):
                kept.append(content[start:at])
        else:
            raise ValueError
    if at >= len(content):
        raise ValueError
    return b"".join(kept) + b"\x3b"


def _emf(content: bytes) -> bytes:
    """Return a Windows drawing without its description. Raises ValueError if it has a picture."""
    if any(sign in content for sign in (b"Exif\0\0", b"<x:xmpmeta", b"<?xpacket", b"\xff\xd8\xff")):
        raise ValueError  # a picture in the drawing
    count, where = struct.unpack_from("<II", content, 60)
    if not count:
        return content
    if where < 88 or where + 2 * count > len(content):
        raise ValueError
    return content[:where] + bytes(2 * count) + content[where + 2 * count :]


def _wmf(content: bytes) -> bytes:
    if any(sign in content for sign in (b"Exif\0\0", b"<x:xmpmeta", b"\xff\xd8\xff")):
        raise ValueError
    return content


def _as_png(content: bytes) -> bytes:
    """Return a TIFF, WebP or another picture as PNG."""
    picture = pictures.cleaned(opening.opened(io.BytesIO(content), MEGAPIXELS))
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()

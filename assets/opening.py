"""Opens pictures by their content, and refuses damaged, too large and unsupported files.

Uses Pillow and no ORM. Uploads are opened in a separate process (assets.sandbox), because a
malicious file can attack its decoder.
"""

import contextlib
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

# Import each accepted format: if one is missing, Pillow loads all formats that it supports.
from PIL import (
    AvifImagePlugin,
    GifImagePlugin,  # noqa: F401
    Image,
    JpegImagePlugin,  # noqa: F401
    PngImagePlugin,  # noqa: F401
    TiffImagePlugin,  # noqa: F401
    UnidentifiedImageError,
    WebPImagePlugin,  # noqa: F401
)

from assets.messages import BadFileError, Message, ngettext
from assets.messages import message as _

MAX_SIDE = 16_383  # pixels: the limit of WebP
MAX_FRAMES = 5_000  # of an animation; three minutes of film
MIN_WIDTH = 320  # pixels; a narrower picture does not fill a phone
MIN_HEIGHT = 150  # pixels: half of the smallest crop
MIN_POSTER_WIDTH = 960  # pixels of the smaller poster
# By default the AVIF decoder starts a thread for each core, each with its own stack.
AvifImagePlugin.DEFAULT_MAX_THREADS = 1

# Formats are recognised by content, never by name. SVG is missing, because it can contain scripts.
ACCEPTED = ("JPEG", "PNG", "WEBP", "AVIF", "TIFF", "GIF")
READABLE = "JPEG, PNG, WebP, AVIF, HEIC, TIFF, GIF"
EXTENSIONS = {"JPEG": "jpg", "MPO": "jpg", "HEIF": "heic", "TIFF": "tif"}
HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")


@dataclass(frozen=True, slots=True)
class PictureFacts:
    """A picture's size in pixels when upright, its extension, and warnings about it."""

    width: int
    height: int
    extension: str
    warnings: tuple[Message, ...] = ()


def inspect(picture: Image.Image) -> PictureFacts:
    """Return the facts of an opened picture, after decoding all of it.

    Raises BadFileError, with a message to the editor, if it can't be used.
    """
    kind, size = picture.format or "", picture.size
    # At 1/8 of the size, every byte of a JPEG is still decoded, with 1/64 of the memory.
    picture.draft(None, (picture.width // 8 or 1, picture.height // 8 or 1))
    load(picture)
    width, height = _upright(size, picture)
    warnings = [*_multi_picture_warning(picture, kind), *_small_picture_warning(width, height)]
    return PictureFacts(width, height, EXTENSIONS.get(kind, kind.lower()), tuple(warnings))


def opened(file: IO[bytes], megapixels: int) -> Image.Image:
    """Open a picture and read only its header. Raises BadFileError."""
    start = _start(file)
    accepted: tuple[str, ...] = ACCEPTED
    if start[4:8] == b"ftyp" and start[8:12] in HEIF_BRANDS:
        import pi_heif  # not at the top: it is slow to import

        pi_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)
        accepted = ("HEIF",)
    # Pillow's own limit applies to formats that are decoded while they are opened.
    Image.MAX_IMAGE_PIXELS = megapixels * 1_000_000
    try:
        picture = Image.open(file, formats=accepted)
    except UnidentifiedImageError:
        raise BadFileError(_unreadable(start)) from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise BadFileError(
            _(
                "The picture is larger than %(megapixels)s megapixels. Save a smaller one.",
                megapixels=megapixels,
            )
        ) from None
    except Exception as error:
        raise _refused(error) from error
    if picture.format == "GIF":
        _check_frames(file, megapixels)
    if picture.width * picture.height > Image.MAX_IMAGE_PIXELS or max(picture.size) > MAX_SIDE:
        raise BadFileError(
            _(
                "The file states that the picture has %(width)s × %(height)s pixels. The limit is "
                "%(side)s pixels on each side and %(megapixels)s megapixels in total. Save a "
                "smaller one.",
                width=picture.width,
                height=picture.height,
                side=MAX_SIDE,
                megapixels=megapixels,
            )
        )
    file.seek(0)
    if has_hole(file.read(), picture.format or ""):
        raise _damaged()
    file.seek(0)
    return picture


# --- Damage ------------------------------------------------------------------------------------


def _start(file: IO[bytes]) -> bytes:
    file.seek(0)
    start = file.read(512)
    file.seek(0)
    return start


def _damaged() -> BadFileError:
    return BadFileError(
        _("The picture is damaged or incomplete. Save or download it again and upload that copy.")
    )


def _too_large() -> BadFileError:
    return BadFileError(
        _("The picture unpacks to far too much data, which is suspicious. It was not uploaded.")
    )


_HOLE = bytes(4096)  # not found in compressed data; decoders skip such zeros without an error
_SCAN_ENDS = re.compile(rb"\xff[^\0\xd0-\xd7\xff]")


def has_hole(content: bytes, kind: str) -> bool:
    """Return whether a part of a compressed picture is zeros, as after an incomplete download."""
    if _HOLE not in content:
        return False
    if kind in ("JPEG", "MPO"):
        parts = _scans(content)
    elif kind == "WEBP":
        parts = _blocks(content, 12, "<4sI", {b"VP8 ", b"VP8L", b"ALPH", b"ANMF"})
    elif kind in ("AVIF", "HEIF"):
        parts = _blocks(content, 0, ">I4s", {b"mdat"})
    else:
        return False  # checked by the decoder, or not compressed: zeros are black pixels
    return any(_HOLE in part for part in parts)


def _blocks(content: bytes, at: int, head: str, names: set[bytes]) -> Iterator[bytes]:
    """Yield the data of the named RIFF chunks, or of the named boxes (ISO 14496-12)."""
    while at + 8 <= len(content):
        first, second = struct.unpack_from(head, content, at)
        is_riff = isinstance(first, bytes)
        name, length = (first, second + 8) if is_riff else (second, first)
        if not is_riff and length == 1 and at + 16 <= len(content):
            (length,) = struct.unpack_from(">Q", content, at + 8)
        end = at + length if length >= 8 else len(content)
        if name in names:
            yield content[at + 8 : end]
        at = end + (end & 1 if is_riff else 0)


def _scans(content: bytes) -> Iterator[bytes]:
    """Yield the compressed data of a JPEG, except scans in which zeros can be a plain area."""
    at, first_codes = 2, dict[int, int]()
    while at + 4 <= len(content) and content[at] == 0xFF and content[at + 1] != 0xD9:
        marker = content[at + 1]
        if marker in (0x01, 0xFF) or 0xD0 <= marker <= 0xD7:
            at += 1 if marker == 0xFF else 2
            continue
        end = at + 2 + int.from_bytes(content[at + 2 : at + 4], "big")
        segment = content[at + 4 : end]
        if marker == 0xC4:
            while len(segment) > 17:  # Huffman tables; the first code is all zeros
                first_codes[segment[0]] = segment[17]
                segment = segment[17 + sum(segment[1:17]) :]
        elif marker == 0xDA and len(segment) >= 6:
            ends = _SCAN_ENDS.search(content, end)
            data = content[end : ends.start() if ends else None]
            if ends is None or not _zeros_are_plain(segment, first_codes):
                yield data
            end += len(data)
        at = end


def _zeros_are_plain(scan: bytes, first_codes: dict[int, int]) -> bool:
    """Return whether zeros mean "no change" in a scan, which is how a plain area is encoded."""
    whole_blocks = scan[-2] == 0
    if whole_blocks and scan[-1] >> 4:  # it refines an earlier scan by single bits
        return True
    tables = [byte >> 4 if whole_blocks else 0x10 | byte & 15 for byte in scan[2:-3:2]]
    return all(first_codes.get(table, 0) & 15 == 0 for table in tables)


def load(picture: Image.Image) -> None:
    """Decode a picture. Raises BadFileError if it is damaged or too large."""
    try:
        picture.load()  # verify() would accept a truncated JPEG
    except MemoryError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_large() from None
    except Exception as error:
        # Pillow passes on every error of its decoders: OSError, SyntaxError, struct.error, …
        raise _refused(error) from error


def _refused(error: Exception) -> BadFileError:
    """Return the error for a picture that Pillow does not open."""
    texts = re.search("too large|too much memory", str(error), re.IGNORECASE)
    if isinstance(error, ValueError) and texts:  # the compressed texts of a PNG are too large
        return _too_large()
    return _damaged()


def orientation(picture: Image.Image) -> int:
    """Return the EXIF orientation of a loaded picture. An unloaded PNG would be decoded."""
    try:
        return int(picture.getexif().get(0x0112, 1))
    except MemoryError:
        raise
    except Exception:  # a picture with broken EXIF can still be used
        return 1


def _upright(size: tuple[int, int], picture: Image.Image) -> tuple[int, int]:
    width, height = size
    return (height, width) if orientation(picture) in (5, 6, 7, 8) else (width, height)


# --- Other kinds of files, and warnings --------------------------------------------------------


# The first bytes of files that people mistake for pictures.
_KINDS = (
    (b"BM", _("a Windows bitmap (BMP)")),
    (b"\0\0\1\0", _("a Windows icon (ICO)")),
    (b"\0\0\2\0", _("a Windows cursor (CUR)")),
    (b"8BPS", _("a Photoshop file (PSD)")),
    (b"%!PS", _("a PostScript drawing (EPS)")),
    (b"\xd7\xcd\xc6\x9a", _("a Windows drawing (WMF)")),
    (b"\0\0\0\x0cJXL ", _("a JPEG XL picture")),
    (b"\xff\x0a", _("a JPEG XL picture")),
    (b"\0\0\0\x0cjP  ", _("a JPEG 2000 picture")),
    (b"FUJIFILM", _("a raw picture from a camera")),
    (b"MZ", _("a Windows program")),
    (b"\x7fELF", _("a program")),
    (b"Rar!", _("an archive (RAR)")),
    (b"7z\xbc\xaf", _("an archive (7z)")),
    (b"\x1f\x8b", _("an archive (gzip)")),
    (b"{\\rtf", _("an RTF file")),
)


def _unreadable(start: bytes) -> Message:
    """Return the message about a file that is not a picture."""
    if (kind := file_kind(start)) is None:
        return _(
            "This file can’t be read. Use %(formats)s for pictures, or PDF, Word, audio or video "
            "for documents.",
            formats=READABLE,
        )
    return _(
        "This is %(kind)s, which can’t be used. Use %(formats)s for pictures, or PDF, Word, audio "
        "or video for documents.",
        kind=kind,
        formats=READABLE,
    )


def file_kind(start: bytes) -> Message | None:
    """Return the kind of a file by its first bytes, or None if it is unknown."""
    if b"<x:xmpmeta" in start or start.lstrip(b"\xef\xbb\xbf").startswith(b"<?xpacket"):
        return _("the description of a picture (XMP) without the picture")
    for beginning, kind in _KINDS:
        if start.startswith(beginning):
            return kind
    for cut in range(4 if len(start) >= 16 else 0):  # the start may end within a character
        with contextlib.suppress(UnicodeDecodeError):
            text = start[: len(start) - cut].decode("utf-8-sig")
            if text.strip() and not re.search("[\0-\x08\x0e-\x1f\x7f]", text):
                is_page = re.match(r"\s*<(!doctype|html)", text, re.I)
                return _("a web page") if is_page else _("a text")
    return None


def _multi_picture_warning(picture: Image.Image, kind: str) -> list[Message]:
    """Return a warning if a file contains several pictures. Raises BadFileError."""
    try:
        count = int(getattr(picture, "n_frames", 1))
    except MemoryError:
        raise
    except Exception as error:  # the data after the first picture is incomplete
        raise _damaged() from error
    if count < 2 or kind == "MPO":
        return []
    if count > MAX_FRAMES:
        raise _too_many_frames()
    if kind == "HEIF":
        return [
            ngettext(
                "The file contains %(count)s picture: only the first is used.",
                "The file contains %(count)s pictures: only the first is used.",
                count,
            )
        ]
    if kind == "TIFF":
        return [
            ngettext(
                "The file contains %(count)s page: only the first is used.",
                "The file contains %(count)s pages: only the first is used.",
                count,
            )
        ]
    return [_("Animated image: only the first frame is used.")]


def _too_many_frames() -> BadFileError:
    return BadFileError(
        _(
            "The image has more than %(max)s frames. Save one of them as JPEG or PNG, or upload it "
            "as a video.",
            max=MAX_FRAMES,
        )
    )


def _small_picture_warning(width: int, height: int) -> list[Message]:
    if width >= MIN_WIDTH and height >= MIN_HEIGHT:
        return []
    return [
        _(
            "It has only %(width)s × %(height)s pixels and is shown small. A poster should be at "
            "least %(min)s pixels wide.",
            width=width,
            height=height,
            min=MIN_POSTER_WIDTH,
        )
    ]


def _check_frames(file: IO[bytes], megapixels: int) -> None:
    """Raise BadFileError if a GIF has too many frames, or a frame that is too large.

    Pillow would decode each frame to count them.
    """

    def after(table: int) -> int:
        return 3 << ((table & 7) + 1) if table & 0x80 else 0

    file.seek(0)
    data, count = file.read(), 0
    file.seek(0)
    with contextlib.suppress(IndexError, struct.error):  # incomplete: decoding reports this
        at = 13 + after(data[10])
        while data[at] != 0x3B:
            if data[at] == 0x2C:
                left, top, width, height = struct.unpack_from("<4H", data, at + 1)
                if (left + width) * (top + height) > megapixels * 1_000_000:
                    raise _too_large()
                count += 1
                at += 11 + after(data[at + 9])
            elif data[at] == 0x21:
                at += 2
            else:
                break
            while data[at]:
                at += data[at] + 1
            at += 1
            if count > MAX_FRAMES:
                raise _too_many_frames()

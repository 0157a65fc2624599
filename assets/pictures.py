"""What is done to pictures: checked by content, turned upright, cut to the named styles, cleaned.

Plain Pillow, and no ORM: bytes in, bytes out. What strangers made is opened in a process of its
own (assets.sandbox), since a decoder can be broken by what it decodes.
"""

import contextlib
import html
import io
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import IO, Any, cast

# The formats by name: asked for one that is not loaded, Pillow loads every one that it knows.
from PIL import (
    AvifImagePlugin,
    GifImagePlugin,  # noqa: F401
    Image,
    ImageCms,
    JpegImagePlugin,
    PngImagePlugin,  # noqa: F401
    TiffImagePlugin,  # noqa: F401
    UnidentifiedImageError,
    WebPImagePlugin,  # noqa: F401
)

MAX_SIDE = 16_383  # as many as WebP can hold
MAX_FRAMES = 5_000  # of what moves: three minutes of a film
NARROW = 320  # pixels: what is narrower fills no phone
TINY = 150  # pixels in height: half of the smallest cut
MAX_RIGHTS = 5_000  # characters of one text that go into a file; a JPEG has room for 64 kB in all
# What no XML may hold, as it comes along from a clipboard.
_NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# The decoder of AVIF would start a thread for each core, with a stack of its own.
AvifImagePlugin.DEFAULT_MAX_THREADS = 1


class BadFile(ValueError):
    """A file that we cannot use; its text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Style:
    """A named size: `width` in pixels, and `height` where the picture is cut to a shape."""

    width: int | None
    height: int | None = None
    formats: tuple[str, ...] = ("avif", "webp", "jpg")


# DESIGN section 3, and between them the widths that phones ask for. Never enlarged: a small picture
# gives smaller renditions. Journalists and the machines behind share cards get JPEG alone.
STYLES = {
    "press": Style(None, formats=("jpg",)),
    "share": Style(1200, 630, formats=("jpg",)),
    "poster": Style(1600, 900),
    "poster-960": Style(960, 540),
    "teaser": Style(480, 270),
    "column": Style(960),
    "column-480": Style(480),
    "portrait": Style(600, 600),
    "portrait-300": Style(300, 300),
}
# Which styles are one picture in several widths, the largest first: each is cut from the one before
# it, and a browser may choose among them.
FAMILIES = (
    ("share",),
    ("poster", "poster-960", "teaser"),
    ("column", "column-480"),
    ("portrait", "portrait-300"),
)
CONTENT_TYPES = {"avif": "image/avif", "webp": "image/webp", "jpg": "image/jpeg"}
SAVE_AS: dict[str, dict[str, Any]] = {
    "avif": {"format": "AVIF", "quality": 60, "speed": 9, "max_threads": 1},
    "webp": {"format": "WEBP", "quality": 80, "method": 2},
    "jpg": {"format": "JPEG", "quality": 84, "optimize": True, "progressive": True},
}
RECIPE = 2  # raise it where the renditions of the same picture come out differently from before

# By content, never by name. SVG is not among them: it can carry script.
ACCEPTED = ("JPEG", "PNG", "WEBP", "AVIF", "TIFF", "GIF")
READABLE = "JPEG, PNG, WebP, AVIF, HEIC, TIFF and GIF"
EXTENSIONS = {"JPEG": "jpg", "MPO": "jpg", "HEIF": "heic", "TIFF": "tif"}
HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")


@dataclass(frozen=True, slots=True)
class Rights:
    """What must travel with a picture wherever it goes."""

    credit_line: str = ""
    creator: str = ""
    copyright_notice: str = ""
    usage_terms: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a picture is: upright size in pixels, the extension of its format, remarks on it."""

    width: int
    height: int
    extension: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rendition:
    """One cut of a picture, ready to be stored."""

    style: str
    extension: str
    width: int
    height: int
    content: bytes = field(repr=False)
    blur: str = ""  # of one style, its colours: see `blurred`


def look(picture: Image.Image) -> Seen:
    """Return what an opened picture is, after decoding all of it.

    Raises BadFile, with a sentence for the editor, where it cannot be used.
    """
    kind, size = picture.format or "", picture.size
    # An eighth is enough to meet every byte of a JPEG, and takes a sixty-fourth of the memory.
    picture.draft(None, (picture.width // 8 or 1, picture.height // 8 or 1))
    _load(picture)
    width, height = _upright(size, picture)
    notes = [*_of_several(picture, kind), *_of_few_pixels(width, height)]
    return Seen(width, height, EXTENSIONS.get(kind, kind.lower()), tuple(notes))


def opened(file: IO[bytes], megapixels: int) -> Image.Image:
    """Return a picture of which the head alone has been read. Raises BadFile."""
    start = _start(file)
    accepted: tuple[str, ...] = ACCEPTED
    if start[4:8] == b"ftyp" and start[8:12] in HEIF_BRANDS:
        import pi_heif  # nothing else needs it, and it is slow to load

        pi_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)
        accepted = ("HEIF",)
    # Pillow's own limit stands in the way of formats that unpack while they are opened.
    Image.MAX_IMAGE_PIXELS = megapixels * 1_000_000
    try:
        picture = Image.open(file, formats=accepted)
    except UnidentifiedImageError:
        what = _what_it_is(start)
        this = f"This is {what}, nothing that we can read." if what else NOTHING
        raise BadFile(
            f"{this} {READABLE} are taken as pictures, PDF, Word, audio and video as documents, "
            "whatever the file is called."
        ) from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise BadFile(
            f"The picture unpacks to far more than the {megapixels} megapixels that are taken. "
            "Save a smaller one."
        ) from None
    except Exception as error:
        raise _refused(error) from error
    if picture.format == "GIF":
        _check_frames(file, megapixels)
    if picture.width * picture.height > Image.MAX_IMAGE_PIXELS or max(picture.size) > MAX_SIDE:
        raise BadFile(
            f"The picture claims {picture.width} × {picture.height} pixels. Up to {MAX_SIDE} "
            f"on a side and {megapixels} megapixels in all are taken. Save a smaller one."
        )
    file.seek(0)
    if has_hole(file.read(), picture.format or ""):
        raise _damaged()
    file.seek(0)
    return picture


def renditions(
    file: IO[bytes], rights: Rights, focus: tuple[float, float] = (0.5, 0.5), megapixels: int = 100
) -> Iterator[Rendition]:
    """Yield every named style of a picture in every format of the style.

    `focus` is the point that no cut may lose, as shares of width and height from the top left.
    They hold pixels in sRGB and the rights, and nothing else that was in the file.
    Raises BadFile as `look` does.
    """
    packet = _rights_packet(rights)
    picture = opened(file, megapixels)
    is_jpeg, packing = picture.format in ("JPEG", "MPO"), _packing(picture)
    picture = cleaned(picture)
    times = int(1 / _share_needed(picture.size))
    # A JPEG unpacks to a half, a quarter or an eighth as well, for less than the whole costs.
    in_parts = is_jpeg and times > 1
    yield _saved("press", "jpg", picture, xmp=packet, **packing)
    # The whole has served: all others are cut from one no larger than they need.
    if in_parts:
        del picture
        picture = opened(file, megapixels)
        picture.draft(None, (picture.width // times, picture.height // times))
        picture = cleaned(picture)
    elif times > 1:
        picture = picture.reduce(times)
    for family in FAMILIES:
        cut = picture
        for name in family:
            cut = _cut(cut, STYLES[name], focus if name == family[0] else (0.5, 0.5))
            for extension in STYLES[name].formats:
                made = _saved(name, extension, cut, xmp=packet)
                is_blurred = (name, extension) == ("column-480", "jpg")
                yield replace(made, blur=blurred(made.content)) if is_blurred else made


def blurred(picture: bytes) -> str:
    """Return a rendition as twelve colours, four by three from the top left: `aabbcc` each."""
    small = Image.open(io.BytesIO(picture)).convert("RGB").resize((4, 3), Image.Resampling.BOX)
    return small.tobytes().hex()


def stamped(file: IO[bytes], extension: str, words: str, rights: Rights) -> bytes:
    """Return a rendition of ours with words on a strip across its foot, and as its instructions.

    The strip covers the lowest part, so that the size stays and nobody takes the copy for clean.
    Letters that the newsroom's type lacks are left out of the strip; the metadata have them all.
    """
    from assets import cards  # only here: the process that opens uploads needs no type

    picture = cleaned(Image.open(file))
    strip = cards.strip(words, picture.width)
    picture.paste(strip, (0, max(0, picture.height - strip.height)))
    return _saved("", extension, picture, xmp=_rights_packet(rights, words)).content


# --- Opening -----------------------------------------------------------------------------------


def _start(file: IO[bytes]) -> bytes:
    file.seek(0)
    start = file.read(512)
    file.seek(0)
    return start


def _damaged() -> BadFile:
    return BadFile(
        "The picture is damaged or cut short. Save or download it again, then upload that copy."
    )


_HOLE = bytes(4096)  # packed data have no such run, and decoders go on over it without an error
_SCAN_ENDS = re.compile(rb"\xff[^\0\xd0-\xd7\xff]")


def has_hole(content: bytes, kind: str) -> bool:
    """Whether a part of a packed picture is zeros, as where a download was not finished."""
    if _HOLE not in content:
        return False
    if kind in ("JPEG", "MPO"):
        parts = _scans(content)
    elif kind == "WEBP":
        parts = _blocks(content, 12, "<4sI", {b"VP8 ", b"VP8L", b"ALPH", b"ANMF"})
    elif kind in ("AVIF", "HEIF"):
        parts = _blocks(content, 0, ">I4s", {b"mdat"})
    else:
        return False  # checked by the decoder, or not packed: zeros are black
    return any(_HOLE in part for part in parts)


def _blocks(content: bytes, at: int, head: str, names: set[bytes]) -> Iterator[bytes]:
    """Yield the data of some blocks of a RIFF file or of boxes."""
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
    """Yield the packed data of a JPEG, but those in which a run of zeros can be a plain area."""
    at, first_codes = 2, dict[int, int]()
    while at + 4 <= len(content) and content[at] == 0xFF and content[at + 1] != 0xD9:
        marker = content[at + 1]
        if marker in (0x01, 0xFF) or 0xD0 <= marker <= 0xD7:
            at += 1 if marker == 0xFF else 2
            continue
        end = at + 2 + int.from_bytes(content[at + 2 : at + 4], "big")
        segment = content[at + 4 : end]
        if marker == 0xC4:
            while len(segment) > 17:  # tables of codes; the first code is of zeros alone
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
    """Whether a run of zeros says "as before", which is what a plain area is packed as."""
    whole_blocks = scan[-2] == 0
    if whole_blocks and scan[-1] >> 4:  # it refines a scan before, by single bits
        return True
    tables = [one >> 4 if whole_blocks else 0x10 | one & 15 for one in scan[2:-3:2]]
    return all(first_codes.get(one, 0) & 15 == 0 for one in tables)


def _load(picture: Image.Image) -> None:
    try:
        picture.load()  # verify() would pass a truncated JPEG
    except MemoryError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise BadFile("The picture unpacks to far more than it should. It was not taken.") from None
    except Exception as error:
        # Pillow raises whatever its decoders meet: OSError, SyntaxError, struct.error, …
        raise _refused(error) from error


def _refused(error: Exception) -> BadFile:
    """Return what is said of a picture that Pillow does not open."""
    texts = re.search("too large|too much memory", str(error), re.IGNORECASE)
    if isinstance(error, ValueError) and texts:  # those of a PNG are packed too
        return BadFile("The picture unpacks to far more than it should. It was not taken.")
    return _damaged()


def _orientation(picture: Image.Image) -> int:
    """Return how a loaded picture was held. Asked before, a PNG would be loaded in here."""
    try:
        return int(picture.getexif().get(0x0112, 1))
    except MemoryError:
        raise
    except Exception:  # broken EXIF must not cost us the picture
        return 1


def _upright(size: tuple[int, int], picture: Image.Image) -> tuple[int, int]:
    width, height = size
    return (height, width) if _orientation(picture) in (5, 6, 7, 8) else (width, height)


def _packing(picture: Image.Image) -> dict[str, Any]:
    """Return how to pack a JPEG once more at about the quality that it has.

    The tables are our own: those of a stranger's file can hold any bytes.
    """
    plain = {"quality": 90, "optimize": False, "progressive": False}
    if isinstance(picture, JpegImagePlugin.JpegImageFile) and picture.mode == "RGB":
        sampling = JpegImagePlugin.get_sampling(picture)
        if picture.quantization and sampling >= 0:
            return {**plain, "quality": _quality(picture.quantization[0]), "subsampling": sampling}
    return plain


def _quality(table: list[int]) -> int:
    """Return the quality whose table (ITU-T T.81, K.1) divides about as much as a table does."""

    def weight(quality: int) -> int:
        scale = 5000 / quality if quality < 50 else 200 - quality * 2
        return sum(min(255, max(1, int((one * scale + 50) / 100))) for one in _K1)

    total = sum(table)
    return min(range(75, 99), key=lambda quality: abs(weight(quality) - total))


_K1 = (
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56,
    14, 17, 22, 29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113,
    92, 49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
)  # fmt: skip


# --- What else is said of it -------------------------------------------------------------------


NOTHING = "This is nothing that we can read."
# By how they begin: what people take for pictures.
_KINDS = (
    (b"BM", "a Windows bitmap (BMP)"),
    (b"\0\0\1\0", "a Windows icon (ICO)"),
    (b"\0\0\2\0", "a Windows cursor (CUR)"),
    (b"8BPS", "a Photoshop file (PSD)"),
    (b"%!PS", "a PostScript drawing (EPS)"),
    (b"\xd7\xcd\xc6\x9a", "a Windows drawing (WMF)"),
    (b"\0\0\0\x0cJXL ", "a JPEG XL picture"),
    (b"\xff\x0a", "a JPEG XL picture"),
    (b"\0\0\0\x0cjP  ", "a JPEG 2000 picture"),
    (b"FUJIFILM", "the raw picture of a camera"),
    (b"MZ", "a Windows program"),
    (b"\x7fELF", "a program"),
    (b"Rar!", "an archive (RAR)"),
    (b"7z\xbc\xaf", "an archive (7z)"),
    (b"\x1f\x8b", "an archive (gzip)"),
    (b"{\\rtf", "a text (RTF)"),
)


def _what_it_is(start: bytes) -> str:
    """Return what a file is that is no picture, "" where its start does not say."""
    if b"<x:xmpmeta" in start or start.lstrip(b"\xef\xbb\xbf").startswith(b"<?xpacket"):
        return "the description of a picture (XMP) without the picture"
    for begins, what in _KINDS:
        if start.startswith(begins):
            return what
    for cut in range(4 if len(start) >= 16 else 0):  # the start may end inside of a letter
        with contextlib.suppress(UnicodeDecodeError):
            text = start[: len(start) - cut].decode("utf-8-sig")
            if text.strip() and not re.search("[\0-\x08\x0e-\x1f\x7f]", text):
                return "a web page" if re.match(r"\s*<(!doctype|html)", text, re.I) else "a text"
    return ""


def _of_several(picture: Image.Image, kind: str) -> list[str]:
    """Return what an editor should know of a file that holds several pictures."""
    try:
        count = int(getattr(picture, "n_frames", 1))
    except MemoryError:
        raise
    except Exception as error:  # what follows the first one is cut short
        raise _damaged() from error
    if count < 2 or kind == "MPO":
        return []
    if count > MAX_FRAMES:
        raise _too_many_frames()
    if kind == "HEIF":
        return [f"It holds {count} photographs. We show the first."]
    if kind == "TIFF":
        return [f"It has {count} pages. We show the first."]
    return ["It moves. We show its first picture, as a still."]


def _too_many_frames() -> BadFile:
    return BadFile(
        f"It is made of more than {MAX_FRAMES:,} pictures, one after the other. Save one of them "
        "as a JPEG or PNG, or upload it as a video."
    )


def _of_few_pixels(width: int, height: int) -> list[str]:
    if width >= NARROW and height >= TINY:
        return []
    return [
        f"It has {width} × {height} pixels only, and is shown small. A poster should have "
        f"{STYLES['poster-960'].width} pixels in width or more."
    ]


def _check_frames(file: IO[bytes], megapixels: int) -> None:
    """Refuse a GIF of absurdly many pictures, or with one that is larger than we take.

    Pillow would unpack each to count them.
    """

    def after(table: int) -> int:
        return 3 << ((table & 7) + 1) if table & 0x80 else 0

    file.seek(0)
    data, count = file.read(), 0
    file.seek(0)
    with contextlib.suppress(IndexError, struct.error):  # cut short, which decoding finds
        at = 13 + after(data[10])
        while data[at] != 0x3B:
            if data[at] == 0x2C:
                left, top, width, height = struct.unpack_from("<4H", data, at + 1)
                if (left + width) * (top + height) > megapixels * 1_000_000:
                    raise BadFile(
                        "The picture unpacks to far more than it should. It was not taken."
                    )
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


# --- Cleaning ----------------------------------------------------------------------------------


def cleaned(picture: Image.Image) -> Image.Image:
    """Return the picture upright in sRGB, as RGB or RGBA; comments and profiles stay behind."""
    _load(picture)
    if (turn := _TURNS.get(_orientation(picture))) is not None:
        picture = picture.transpose(turn)
    picture = _in_srgb(picture)
    # Pillow writes into a file what it finds here, such as a comment of the original.
    picture.info = {}
    return picture


_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM, 5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE, 8: Image.Transpose.ROTATE_90,
}  # fmt: skip


def _in_srgb(picture: Image.Image) -> Image.Image:
    profile = picture.info.get("icc_profile")
    has_alpha = picture.has_transparency_data
    if picture.mode.startswith("I;16") or picture.mode in ("I", "F"):
        picture = _in_eight_bits(picture)
    elif picture.mode not in ("RGB", "RGBA", "CMYK", "L", "LAB"):
        picture = picture.convert("RGBA" if has_alpha else "RGB")
    alpha = None
    if picture.mode == "RGBA":
        alpha = picture.getchannel("A")
        if alpha.getextrema()[0] == 255:
            alpha = None
        if profile or alpha is None:
            picture = picture.convert("RGB")
    if profile or picture.mode == "LAB":
        # where the profile is broken, the plain conversion below is the best there is
        with contextlib.suppress(ImageCms.PyCMSError, OSError, ValueError, struct.error):
            picture = _by_profile(picture, profile)
    if picture.mode not in ("RGB", "RGBA"):
        picture = picture.convert("RGBA" if has_alpha and alpha is None else "RGB")
    if alpha is not None and picture.mode == "RGB":
        picture.putalpha(alpha)
    return picture


def _by_profile(picture: Image.Image, profile: bytes | None) -> Image.Image:
    found: Any
    if profile:
        found = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if picture.mode == "RGB" and "srgb" in ImageCms.getProfileDescription(found).casefold():
            return picture
    else:
        found = ImageCms.createProfile("LAB")
    srgb = ImageCms.createProfile("sRGB")
    if picture.mode == "RGB":  # in place: a second copy of a large picture would not fit
        ImageCms.profileToProfile(picture, found, srgb, inPlace=True)
        return picture
    return cast(Image.Image, ImageCms.profileToProfile(picture, found, srgb, outputMode="RGB"))


def _in_eight_bits(picture: Image.Image) -> Image.Image:
    _, high = cast(tuple[float, float], picture.getextrema())
    scale = 255 / (65535 if picture.mode.startswith("I") else max(high, 1.0))
    return picture.point(lambda value: value * scale, "F").convert("L")


# --- Cutting and packing -----------------------------------------------------------------------


def _box(size: tuple[int, int], style: Style) -> tuple[int, int]:
    """Return width and height of the part of a picture that a style shows."""
    width, height = size
    if style.width is None or style.height is None:
        return size
    ratio = style.width / style.height
    return max(1, min(width, round(height * ratio))), max(1, min(height, round(width / ratio)))


def _share_needed(size: tuple[int, int]) -> float:
    """Return the share of its size at which a picture is still large enough for every cut."""
    shares = [style.width / _box(size, style)[0] for style in STYLES.values() if style.width]
    return min(1.0, max(shares))


def _cut(picture: Image.Image, style: Style, focus: tuple[float, float]) -> Image.Image:
    width, height = picture.size
    box_width, box_height = _box(picture.size, style)
    left = min(max(round(width * focus[0] - box_width / 2), 0), width - box_width)
    top = min(max(round(height * focus[1] - box_height / 2), 0), height - box_height)
    shrink = min(1, cast(int, style.width) / box_width)
    size = max(1, round(box_width * shrink)), max(1, round(box_height * shrink))
    if shrink == 1 and (box_width, box_height) == (width, height):
        return picture
    return picture.resize(
        size,
        Image.Resampling.LANCZOS,
        box=(left, top, left + box_width, top + box_height),
    )


def _saved(style: str, extension: str, picture: Image.Image, **more: Any) -> Rendition:
    flat = _flatten(picture) if extension == "jpg" else picture
    how = SAVE_AS[extension] | more
    for quality in range(how["quality"], 0, -1):
        out = io.BytesIO()
        flat.save(out, **how | {"quality": quality})
        # Pixels can be chosen so that a program stands in the packed picture.
        if not _PROGRAMS.search(out.getvalue()):
            break
    return Rendition(style, extension, *picture.size, out.getvalue())


_PROGRAMS = re.compile(rb"<\?php|<script", re.IGNORECASE)


def _flatten(picture: Image.Image) -> Image.Image:
    if picture.mode != "RGBA":
        return picture
    paper = Image.new("RGB", picture.size, "white")
    paper.paste(picture, mask=picture.getchannel("A"))
    return paper


def _rights_packet(rights: Rights, instructions: str = "") -> bytes:
    """Return the rights as an XMP packet in the fields of the IPTC Photo Metadata Standard."""

    def one(tag: str, text: str, around: str = "{}") -> str:
        said = html.escape(_NOT_XML.sub("", text[:MAX_RIGHTS]), quote=False)
        return f"<{tag}>{around.format(said)}</{tag}>" if said else ""

    listed = "<rdf:Seq><rdf:li>{}</rdf:li></rdf:Seq>"
    in_language = '<rdf:Alt><rdf:li xml:lang="x-default">{}</rdf:li></rdf:Alt>'
    fields = "".join(
        [
            one("photoshop:Instructions", instructions),
            one("photoshop:Credit", rights.credit_line),
            one("dc:creator", rights.creator, listed),
            one("dc:rights", rights.copyright_notice, in_language),
            one("xmpRights:UsageTerms", rights.usage_terms, in_language),
        ]
    )
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" '
        'xmlns:xmpRights="http://ns.adobe.com/xap/1.0/rights/">'
        f"{fields}</rdf:Description></rdf:RDF></x:xmpmeta>"
    ).encode()

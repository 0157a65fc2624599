"""Makes renditions of pictures: upright, in sRGB, and with the rights as their only metadata.

Uses Pillow and no ORM.
"""

import contextlib
import html
import io
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import IO, Any, cast

from PIL import Image, ImageCms, JpegImagePlugin

from assets.opening import MIN_POSTER_WIDTH, load, opened, orientation

MAX_RIGHTS = 5_000  # characters of one text in a file; a JPEG has room for 64 kB in total
# Characters that XML can't contain; pasted text may have them.
_NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Style:
    """A named size in pixels; with a `height`, the picture is cropped to that shape."""

    width: int | None
    height: int | None = None
    formats: tuple[str, ...] = ("avif", "webp", "jpg")


# The widths include those that phones request. A small picture is never enlarged, so its renditions
# are smaller. Journalists, and the services that show share cards, only get JPEG.
STYLES = {
    "press": Style(None, formats=("jpg",)),
    "share": Style(1200, 630, formats=("jpg",)),
    "poster": Style(1600, 900),
    "poster-960": Style(MIN_POSTER_WIDTH, 540),
    "teaser": Style(480, 270),
    "column": Style(960),
    "column-480": Style(480),
    "portrait": Style(600, 600),
    "portrait-300": Style(300, 300),
}
# A family is one crop in several widths, the largest first. Each rendition is made from the one
# before it, and browsers choose a width.
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
RECIPE = 2  # increase it when the code makes other renditions of the same picture


@dataclass(frozen=True, slots=True)
class Rights:
    """The rights that every copy of a picture contains."""

    credit_line: str = ""
    creator: str = ""
    copyright_notice: str = ""
    usage_terms: str = ""


@dataclass(frozen=True, slots=True)
class Rendition:
    """One picture of a style, ready to store."""

    style: str
    extension: str
    width: int
    height: int
    content: bytes = field(repr=False)
    blur: str = ""  # only of one style; see `blurred`


def renditions(
    file: IO[bytes], rights: Rights, focus: tuple[float, float] = (0.5, 0.5), megapixels: int = 100
) -> Iterator[Rendition]:
    """Yield every named style of a picture in every format of the style.

    `focus` is the point that every crop keeps, as shares of width and height from the top left.
    Renditions contain only the pixels, in sRGB, and the rights. Raises BadFileError if the picture
    can't be used.
    """
    packet = _rights_packet(rights)
    picture = opened(file, megapixels)
    is_jpeg, packing = picture.format in ("JPEG", "MPO"), _packing(picture)
    picture = cleaned(picture)
    times = int(1 / _share_needed(picture.size))
    # A JPEG can be decoded at 1/2, 1/4 or 1/8 of its size, which is cheaper than the full size.
    in_parts = is_jpeg and times > 1
    yield _saved("press", "jpg", picture, xmp=packet, **packing)
    # All other renditions are made from a picture that is no larger than they need.
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
                saved = _saved(name, extension, cut, xmp=packet)
                is_blurred = (name, extension) == ("column-480", "jpg")
                yield replace(saved, blur=blurred(saved.content)) if is_blurred else saved


def blurred(picture: bytes) -> str:
    """Return twelve colours as hexadecimal digits: a rendition reduced to 4 × 3 pixels."""
    small = Image.open(io.BytesIO(picture)).convert("RGB").resize((4, 3), Image.Resampling.BOX)
    return small.tobytes().hex()


def watermarked(file: IO[bytes], extension: str, text: str, rights: Rights) -> bytes:
    """Return a rendition with a text on a strip at the bottom and in its metadata.

    The strip covers the bottom of the picture, so that the size stays the same. Characters that our
    fonts don't have are left out of the strip, but not of the metadata.
    """
    from assets import cards  # not at the top: other tasks of the sandbox need no fonts

    picture = cleaned(Image.open(file))
    strip = cards.caption_strip(text, picture.width)
    picture.paste(strip, (0, max(0, picture.height - strip.height)))
    return _saved("", extension, picture, xmp=_rights_packet(rights, text)).content


# --- Cleaning ----------------------------------------------------------------------------------


def cleaned(picture: Image.Image) -> Image.Image:
    """Return a picture upright in sRGB, as RGB or RGBA, without comments and profiles."""
    load(picture)
    if (turn := _TURNS.get(orientation(picture))) is not None:
        picture = picture.transpose(turn)
    picture = _in_srgb(picture)
    # Pillow would write these values into the new file, such as a comment of the original.
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
        # If the profile is broken, the plain conversion below is used.
        with contextlib.suppress(ImageCms.PyCMSError, OSError, ValueError, struct.error):
            picture = _by_profile(picture, profile)
    if picture.mode not in ("RGB", "RGBA"):
        picture = picture.convert("RGBA" if has_alpha and alpha is None else "RGB")
    if alpha is not None and picture.mode == "RGB":
        picture.putalpha(alpha)
    return picture


def _by_profile(picture: Image.Image, profile: bytes | None) -> Image.Image:
    source: Any
    if profile:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if picture.mode == "RGB" and "srgb" in ImageCms.getProfileDescription(source).casefold():
            return picture
    else:
        source = ImageCms.createProfile("LAB")
    srgb = ImageCms.createProfile("sRGB")
    if picture.mode == "RGB":  # in place: there is no memory for a second large picture
        ImageCms.profileToProfile(picture, source, srgb, inPlace=True)
        return picture
    return cast(Image.Image, ImageCms.profileToProfile(picture, source, srgb, outputMode="RGB"))


def _in_eight_bits(picture: Image.Image) -> Image.Image:
    _, high = cast(tuple[float, float], picture.getextrema())
    scale = 255 / (65535 if picture.mode.startswith("I") else max(high, 1.0))
    return picture.point(lambda value: value * scale, "F").convert("L")


# --- Cutting and packing -----------------------------------------------------------------------


def _packing(picture: Image.Image) -> dict[str, Any]:
    """Return the options to save a JPEG again at about its present quality.

    The tables of an uploaded file are not reused, because they can contain any bytes.
    """
    plain = {"quality": 90, "optimize": False, "progressive": False}
    if isinstance(picture, JpegImagePlugin.JpegImageFile) and picture.mode == "RGB":
        sampling = JpegImagePlugin.get_sampling(picture)
        if picture.quantization and sampling >= 0:
            return {**plain, "quality": _quality(picture.quantization[0]), "subsampling": sampling}
    return plain


def _quality(table: list[int]) -> int:
    """Return the quality whose table (ITU-T T.81, K.1) has about the same sum as `table`."""

    def weight(quality: int) -> int:
        scale = 5000 / quality if quality < 50 else 200 - quality * 2
        return sum(min(255, max(1, int((value * scale + 50) / 100))) for value in _LUMINANCE_TABLE)

    total = sum(table)
    return min(range(75, 99), key=lambda quality: abs(weight(quality) - total))


_LUMINANCE_TABLE = (  # ITU-T T.81, K.1
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56,
    14, 17, 22, 29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113,
    92, 49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
)  # fmt: skip


def _box(size: tuple[int, int], style: Style) -> tuple[int, int]:
    """Return the width and height of the part of a picture that a style shows, in pixels."""
    width, height = size
    if style.width is None or style.height is None:
        return size
    ratio = style.width / style.height
    return max(1, min(width, round(height * ratio))), max(1, min(height, round(width / ratio)))


def _share_needed(size: tuple[int, int]) -> float:
    """Return the smallest scale, at most 1, at which a picture is large enough for every style."""
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
    options = SAVE_AS[extension] | more
    for quality in range(options["quality"], 0, -1):
        out = io.BytesIO()
        flat.save(out, **options | {"quality": quality})
        # An attacker can choose pixels so that the compressed picture contains a script. Another
        # quality gives other bytes.
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

    def element(tag: str, text: str, around: str = "{}") -> str:
        value = html.escape(_NOT_XML.sub("", text[:MAX_RIGHTS]), quote=False)
        return f"<{tag}>{around.format(value)}</{tag}>" if value else ""

    listed = "<rdf:Seq><rdf:li>{}</rdf:li></rdf:Seq>"
    in_language = '<rdf:Alt><rdf:li xml:lang="x-default">{}</rdf:li></rdf:Alt>'
    fields = "".join(
        [
            element("photoshop:Instructions", instructions),
            element("photoshop:Credit", rights.credit_line),
            element("dc:creator", rights.creator, listed),
            element("dc:rights", rights.copyright_notice, in_language),
            element("xmpRights:UsageTerms", rights.usage_terms, in_language),
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

"""What is done to pictures: checked by content, turned upright, cut to the named styles, cleaned.

Plain Pillow, and no ORM: bytes in, bytes out.
"""

import contextlib
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Any, cast
from xml.sax.saxutils import escape

from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from assets import cards

MAX_PIXELS = 120_000_000  # a medium-format camera's picture; the decoded bytes must fit in memory
MAX_SIDE = 16_383  # as many as WebP can hold
# Above its own limit Pillow warns; with ours it has nothing to say of what we take.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS
MAX_RIGHTS = 5_000  # characters of one text that go into a file; a JPEG has room for 64 kB in all
# What no XML may hold, as it comes along from a clipboard.
_NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class BadPicture(ValueError):
    """A file that is no picture we can use; its text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Style:
    """A named size: `width` in pixels, and `height` where the picture is cut to a shape."""

    width: int | None
    height: int | None = None
    formats: tuple[str, ...] = ("webp", "jpg")


# docs: DESIGN section 3. Never enlarged: a small picture gives smaller renditions.
STYLES = {
    "press": Style(None, formats=("jpg",)),
    "poster": Style(1600, 900),
    "share": Style(1200, 630, formats=("jpg",)),
    "column": Style(960),
    "portrait": Style(600, 600),
    "teaser": Style(480, 270),
}
CONTENT_TYPES = {"webp": "image/webp", "jpg": "image/jpeg"}
SAVE_AS: dict[str, dict[str, Any]] = {
    "webp": {"format": "WEBP", "quality": 80, "method": 4},
    "jpg": {"format": "JPEG", "quality": 84, "optimize": True, "progressive": True},
}

# By content, never by name. SVG is not among them: it can carry script.
ACCEPTED = ("JPEG", "PNG", "WEBP", "AVIF", "TIFF", "GIF")


@dataclass(frozen=True, slots=True)
class Rights:
    """What must travel with a picture wherever it goes."""

    credit_line: str = ""
    creator: str = ""
    copyright_notice: str = ""
    usage_terms: str = ""


@dataclass(frozen=True, slots=True)
class Rendition:
    """One cut of a picture, ready to be stored."""

    style: str
    extension: str
    width: int
    height: int
    content: bytes = field(repr=False)


def inspect(file: IO[bytes]) -> tuple[int, int]:
    """Return the upright width and height of a picture in pixels, after decoding all of it.

    Raises BadPicture, with a sentence for the editor, where it cannot be used.
    """
    return _upright(_open(file)).size


def renditions(
    file: IO[bytes], rights: Rights, focus: tuple[float, float] = (0.5, 0.5)
) -> Iterator[Rendition]:
    """Yield every named style of a picture in every format of the style, largest first.

    `focus` is the point that no cut may lose, as shares of width and height from the top left.
    They hold fresh pixels in sRGB and the rights, and nothing else that was in the file.
    Raises BadPicture as `inspect` does.
    """
    picture = _clean(_open(file))
    packet = _rights_packet(rights)
    for name, style in STYLES.items():
        cut = _cut(picture, style, focus)
        for extension in style.formats:
            out = io.BytesIO()
            flat = _flatten(cut) if extension == "jpg" else cut
            flat.save(out, **SAVE_AS[extension], xmp=packet)
            yield Rendition(name, extension, *cut.size, out.getvalue())


def stamped(file: IO[bytes], extension: str, words: str, rights: Rights) -> bytes:
    """Return a rendition of ours with words on a strip across its foot, and as its instructions.

    The strip covers the lowest part, so that the size stays and nobody takes the copy for clean.
    Letters that the newsroom's type lacks are left out of the strip; the metadata have them all.
    """
    picture = _clean(_open(file))
    strip = cards.strip(words, picture.width)
    picture.paste(strip, (0, max(0, picture.height - strip.height)))
    out = io.BytesIO()
    picture.save(out, **SAVE_AS[extension], xmp=_rights_packet(rights, words))
    return out.getvalue()


def _open(file: IO[bytes]) -> Image.Image:
    file.seek(0)
    start = file.read(512)
    file.seek(0)
    if not start:
        raise BadPicture("The file is empty. Choose the picture again.")
    if b"<svg" in start.lower():
        raise BadPicture(
            "SVG drawings can carry scripts, so they are not taken. Save it as PNG or JPEG."
        )
    try:
        picture = Image.open(file, formats=ACCEPTED)
        if picture.width * picture.height > MAX_PIXELS or max(picture.size) > MAX_SIDE:
            raise BadPicture(
                f"The picture claims {picture.width} × {picture.height} pixels. Up to {MAX_SIDE} "
                f"on a side and {MAX_PIXELS // 1_000_000} megapixels in all are taken. Save a "
                "smaller one."
            )
        picture.load()  # verify() would pass a truncated JPEG
    except UnidentifiedImageError:
        raise BadPicture(
            "This is no picture that can be read. JPEG, PNG, WebP, AVIF, TIFF and GIF are taken, "
            "whatever the file is called."
        ) from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise BadPicture(
            "The picture unpacks to far more than it should. It was not taken."
        ) from None
    except BadPicture:
        raise
    except Exception as error:
        # Pillow raises whatever its decoders meet: OSError, SyntaxError, struct.error, …
        raise BadPicture(
            "The picture is damaged or cut short. Save or download it again, then upload that copy."
        ) from error
    return picture


def _upright(picture: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(picture)
    except Exception:  # broken EXIF must not cost us the picture
        return picture


def _clean(picture: Image.Image) -> Image.Image:
    """Return fresh upright pixels in sRGB, RGB or RGBA: comments and profiles stay behind."""
    picture = _upright(picture)
    profile = picture.info.get("icc_profile")
    has_alpha = picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info
    if profile and picture.mode in ("RGB", "CMYK", "L"):
        # where the profile is broken, the plain conversion below is the best there is
        with contextlib.suppress(ImageCms.PyCMSError, OSError, ValueError):
            found = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            srgb = ImageCms.createProfile("sRGB")
            converted = ImageCms.profileToProfile(picture, found, srgb, outputMode="RGB")
            picture = cast(Image.Image, converted)  # None only where it works in place
    if picture.mode.startswith("I;16") or picture.mode in ("I", "F"):
        _, high = cast(tuple[float, float], picture.getextrema())
        scale = 255 / (65535 if picture.mode.startswith("I") else max(high, 1.0))
        picture = picture.point(lambda value: value * scale, "F").convert("L")
    picture = picture.convert("RGBA" if has_alpha else "RGB")
    fresh = Image.new(picture.mode, picture.size)
    fresh.paste(picture)
    return fresh


def _cut(picture: Image.Image, style: Style, focus: tuple[float, float]) -> Image.Image:
    width, height = picture.size
    if style.width is None:
        return picture
    if style.height is None:
        if width <= style.width:
            return picture
        size = (style.width, max(1, round(height * style.width / width)))
        return picture.resize(size, Image.Resampling.LANCZOS)
    ratio = style.width / style.height
    box_width, box_height = min(width, round(height * ratio)), min(height, round(width / ratio))
    left = min(max(round(width * focus[0] - box_width / 2), 0), width - box_width)
    top = min(max(round(height * focus[1] - box_height / 2), 0), height - box_height)
    shrink = min(1, style.width / box_width)
    return picture.resize(
        (max(1, round(box_width * shrink)), max(1, round(box_height * shrink))),
        Image.Resampling.LANCZOS,
        box=(left, top, left + box_width, top + box_height),
    )


def _flatten(picture: Image.Image) -> Image.Image:
    if picture.mode != "RGBA":
        return picture
    paper = Image.new("RGB", picture.size, "white")
    paper.paste(picture, mask=picture.getchannel("A"))
    return paper


def _rights_packet(rights: Rights, instructions: str = "") -> bytes:
    """Return the rights as an XMP packet in the fields of the IPTC Photo Metadata Standard."""

    def one(tag: str, text: str, around: str = "{}") -> str:
        said = escape(_NOT_XML.sub("", text[:MAX_RIGHTS]))
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

"""A damaged picture is refused, and a refusal names the kind of the file.

`pytest -s` prints the result for each file.
"""

import io
import re
import struct
import zlib

import pytest
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from assets import opening, pictures, sandbox
from assets.messages import BadFileError
from assets.models import MediaAsset
from assets.pictures import Rights
from assets.uploads import limits
from releases import workflow
from tests.make import DATA, make_picture, make_release, picture_bytes

pytestmark = [pytest.mark.django_db, pytest.mark.once]

IMAGES = DATA / "images"


def drawn(format: str, size=(90, 60), **save) -> bytes:
    """Return a picture in which no two lines are the same."""
    out = io.BytesIO()
    image = Image.linear_gradient("L").resize(size).convert("RGB")
    image.paste(Image.radial_gradient("L").resize((40, 40)), (20, 10))
    image.save(out, format, **save)
    return out.getvalue()


SAMPLES = {
    **{path.name: path.read_bytes() for path in sorted(IMAGES.iterdir())
       if path.suffix not in (".md", ".svg") and "bomb" not in path.name
       and "truncated" not in path.name},
    "progressive.jpg": drawn("JPEG", progressive=True),
    "plain.png": drawn("PNG"),
    "plain.gif": drawn("GIF"),
    "plain.webp": drawn("WEBP"),
    "lossless.webp": drawn("WEBP", lossless=True),
    "plain.tif": drawn("TIFF"),
    "lzw.tif": drawn("TIFF", compression="tiff_lzw"),
    "jpeg.tif": drawn("TIFF", compression="jpeg"),
    "plain.avif": drawn("AVIF"),
}  # fmt: skip


def pixels(content: bytes) -> bytes:
    """Return the pixels from which renditions are made, after the checks of an upload."""
    opening.inspect(opening.opened(io.BytesIO(content), 100))
    return pictures.cleaned(opening.opened(io.BytesIO(content), 100)).tobytes()


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data", "ignore:Truncated File Read")
@pytest.mark.filterwarnings("ignore:Metadata Warning")
@pytest.mark.parametrize("name", SAMPLES)
def test_a_truncated_picture_is_either_refused_or_complete(name):
    content = SAMPLES[name]
    whole, results = pixels(content), []
    for tenth in range(10):
        cut = content[: len(content) * (2 * tenth + 1) // 20]
        try:
            results.append("whole" if pixels(cut) == whole else "HALF")
        except BadFileError:
            results.append("refused")
    print(f"{name:46}", *results)
    assert "HALF" not in results
    assert "refused" in results


def png(*chunks: tuple[bytes, bytes]) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + kind + content
        + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in chunks
    )  # fmt: skip


def damaged(how: str) -> bytes:
    """Return a PNG whose lower half is damaged, or with garbage in place of its end."""
    head = struct.pack(">IIBBBBB", 300, 200, 8, 2, 0, 0, 0)
    lines = b"".join(b"\0" + bytes((row * 7 + at * at) % 256 for at in range(900))
                     for row in range(200))  # fmt: skip
    packed = zlib.compress(lines)
    half = len(packed) // 2
    data = {
        "flipped": packed[:half] + bytes([packed[half] ^ 0xFF]) + packed[half + 1 :],
        "zeros": packed[:half] + b"\0" * half,
        "cut": packed[:half],
        "rubbish": packed,
    }[how]
    whole = png((b"IHDR", head), (b"IDAT", data), (b"IEND", b""))
    return whole[:-12] + b"\xff\xff\xff\xffzzzz" if how == "rubbish" else whole


@pytest.mark.parametrize("how", ["flipped", "zeros", "cut", "rubbish"])
def test_a_damaged_png_is_refused_on_upload_and_by_the_worker(how):
    assert "damaged or incomplete" in message_about(damaged(how))
    with pytest.raises(BadFileError, match="damaged or incomplete"):
        list(sandbox.renditions(io.BytesIO(damaged(how)), limits(), Rights(), (0.5, 0.5)))


def photograph(format: str, **save) -> bytes:
    out = io.BytesIO()
    with Image.open(IMAGES / "DSCN0010.jpg") as picture:
        picture.convert("RGB").save(out, format, **save)
    return out.getvalue()


WITH_HOLES = {
    "plain.jpg": photograph("JPEG"),
    "progressive.jpg": photograph("JPEG", progressive=True),
    "photograph.webp": photograph("WEBP"),
    "lossless.webp": photograph("WEBP", lossless=True),
    "photograph.avif": photograph("AVIF"),
    "lzw.tif": photograph("TIFF", compression="tiff_lzw"),
    "deflate.tif": photograph("TIFF", compression="tiff_adobe_deflate"),
    "photograph.gif": photograph("GIF"),
    "photograph.png": photograph("PNG"),
    "photograph.heic": (IMAGES / "heic-single.heic").read_bytes(),
}


@pytest.mark.parametrize("name", WITH_HOLES)
def test_a_picture_with_a_part_that_was_never_written_is_refused(name):
    content = WITH_HOLES[name]
    opening.inspect(opening.opened(io.BytesIO(content), 100))
    half = len(content) // 2
    for hole in (bytes(8192) + content[half + 8192 :], bytes(len(content) - half)):
        with pytest.raises(BadFileError):
            opening.inspect(opening.opened(io.BytesIO(content[:half] + hole), 100))


@pytest.mark.parametrize("format", ["JPEG", "WEBP", "AVIF", "PNG", "GIF", "TIFF"])
@pytest.mark.parametrize("colour", ["white", "black", "teal"])
def test_a_large_plain_picture_is_not_mistaken_for_one_with_a_hole(format, colour):
    plain = Image.new("RGB", (3000, 3000), colour)
    plain.paste(Image.radial_gradient("L"), (20, 10))
    for save in ({}, {"optimize": True}, {"progressive": True}) if format == "JPEG" else ({},):
        out = io.BytesIO()
        plain.save(out, format, **save)
        opening.inspect(opening.opened(out, 100))


def message_about(content: bytes, name: str = "holiday.jpg") -> str:
    with pytest.raises(ValidationError) as refused:
        MediaAsset(original=ContentFile(content, name=name)).full_clean()
    return " ".join(refused.value.message_dict["original"])


def gif(*frames: tuple[int, int, int, int]) -> bytes:
    head = b"GIF89a" + struct.pack("<HH", 1, 1) + b"\x80\0\0" + b"\0\0\0\xff\xff\xff"
    return head + b"".join(
        b"\x2c" + struct.pack("<4H", *frame) + b"\0\x02\x02\x44\x01\0" for frame in frames
    ) + b"\x3b"  # fmt: skip


def texts_that_unpack() -> bytes:
    texts = PngInfo()
    for number in range(80):
        texts.add_text(f"k{number}", "x" * 1_000_000, zip=True)
    return picture_bytes((300, 300), format="PNG", pnginfo=texts)


NAMED = {
    "BMP": (picture_bytes(format="BMP"), "a Windows bitmap (BMP), which"),
    "ICO": (picture_bytes((32, 32), format="ICO"), "a Windows icon (ICO), which"),
    "XMP": (b'<x:xmpmeta xmlns:x="adobe:ns:meta/"/>', "the description of a picture (XMP) without"),
    "XMP with its packet": (b'<?xpacket begin="" id="x"?>', "(XMP) without the picture"),
    "Photoshop": (b"8BPS\0\1" + b"\0" * 60, "a Photoshop file (PSD)"),
    "a text": ("Café at noon, seen from the street.\n".encode() * 40, "This is a text, which"),
    "a page": (b"<!doctype html><title>x</title>", "a web page, which"),
    "a program": (b"\x7fELF" + b"\0" * 99, "a program, which"),
    "noise": (bytes(range(1, 32)) * 9, "This file can’t be read. Use JPEG, PNG"),
    "texts of a PNG": (texts_that_unpack(), "far too much data"),
    "40,000 pictures": (gif(*[(0, 0, 1, 1)] * 40_000), "more than 5000 frames"),
    "a huge second picture": (gif((0, 0, 1, 1), (0, 0, 60_000, 60_000)), "far too much data"),
}


@pytest.mark.parametrize("what", NAMED)
def test_a_refused_file_is_named_by_its_kind(what):
    content, why = NAMED[what]
    shown = message_about(content)
    print(f"{what:24} {shown}")
    assert why in shown
    assert "damaged" not in shown


def test_pages_and_animations_have_different_warnings():
    pages = [Image.new("RGB", (400, 300), colour) for colour in ("red", "blue", "green")]
    shown = {}
    for format in ("TIFF", "GIF", "WEBP"):
        out = io.BytesIO()
        pages[0].save(out, format, save_all=True, append_images=pages[1:])
        shown[format] = make_picture(content=out.getvalue()).file_warning_texts
    still = ["Animated image: only the first frame is used."]
    assert shown == {
        "TIFF": ["The file contains 3 pages: only the first is used."],
        "GIF": still,
        "WEBP": still,
    }


@pytest.mark.parametrize(
    ("size", "warned"),
    [((1, 1), True), ((64, 96), True), ((149, 900), True), ((320, 149), True), ((320, 150), False)],
)
def test_a_tiny_picture_is_noted_at_upload_and_again_before_approval(size, warned):
    picture = make_picture(content=picture_bytes(size))
    note = f"It has only {size[0]} × {size[1]} pixels and is shown small."
    assert any(one.startswith(note) for one in picture.file_warning_texts) == warned
    release = make_release("in_review", poster=picture)
    assert any(note in str(one) for one in workflow.warnings(release)) == warned


PROGRAM = b"<?php system($_GET[0]); ?>"


def with_a_program_in_its_tables() -> bytes:
    content = picture_bytes((300, 200), quality=90)
    at = content.index(b"\xff\xdb") + 5
    return content[:at] + PROGRAM.ljust(64, b"x") + content[at + 64 :]


def hostile() -> dict[str, bytes]:
    found = {path.name: path.read_bytes() for path in IMAGES.glob("POC_*")}
    commented = picture_bytes((300, 200), comment=PROGRAM)
    return {**found, "tables.jpg": with_a_program_in_its_tables(), "comment.jpg": commented}


@pytest.mark.parametrize("name", hostile())
def test_no_rendition_contains_a_program_from_the_upload(name):
    content = hostile()[name]
    assert b"<?php" in content
    picture = make_picture(content=content)
    for style, one in picture.renditions["styles"].items():
        for extension in one["formats"]:
            with picture.open_rendition(style, extension) as file:
                assert b"<?php" not in file.read(), (style, extension)


def test_a_rendition_that_would_contain_a_program_is_compressed_differently(monkeypatch):
    """Pixels can be chosen so that the compressed picture contains a program."""
    plain = drawn("JPEG", (300, 200))
    press = next(pictures.renditions(io.BytesIO(plain), Rights()))
    middle = len(press.content) // 2
    sign = press.content[middle : middle + 6]
    monkeypatch.setattr(pictures, "_PROGRAMS", re.compile(re.escape(sign)))
    again = next(pictures.renditions(io.BytesIO(plain), Rights()))
    assert sign not in again.content
    assert again.width == press.width


@pytest.mark.parametrize("quality", [76, 84, 92])
def test_a_jpeg_is_compressed_again_with_its_own_quality(quality):
    content = drawn("JPEG", (300, 200), quality=quality)
    press = next(pictures.renditions(io.BytesIO(content), Rights()))
    with Image.open(io.BytesIO(content)) as before, Image.open(io.BytesIO(press.content)) as after:
        assert before.quantization == after.quantization

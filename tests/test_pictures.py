"""Uploaded pictures are checked by content; renditions keep only metadata about rights.

The files of `tests/data/images` are real or published test data; see the README there.
"""

import hashlib
import io
import re
import struct
import zlib
from contextlib import closing
from datetime import timedelta

import lxml.etree
import pytest
from django.core.exceptions import ValidationError
from django.core.files import File
from django.core.files.base import ContentFile
from django.core.files.images import ImageFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from assets import processing
from assets.messages import BadFileError
from assets.models import MediaAsset
from assets.opening import MAX_SIDE
from assets.pictures import STYLES, Rights, renditions
from jobs.models import Lane
from tests.cameras import PRIMARIES, TURNS, in_srgb, profile
from tests.make import DATA, make_picture, picture_bytes, work_off

pytestmark = [pytest.mark.django_db, pytest.mark.once]

IMAGES = DATA / "images"
ADD = "/admin/assets/mediaasset/add/"
WORDS = {
    "original_name": "", "alt_text": "What is to be seen", "caption": "Typed with care",
    "credit_line": "Nobody in particular", "creator": "", "copyright_notice": "",
    "usage_terms": "", "licence_expires_0": "", "licence_expires_1": "", "focus_x": "0.5",
    "focus_y": "0.5",
}  # fmt: skip


def read(name: str) -> bytes:
    return (IMAGES / name).read_bytes()


def upload(client, content: bytes, name="picture.jpg", **words):
    """Send a file as an editor does, and make its renditions."""
    file = SimpleUploadedFile(name, content)
    answer = client.post(ADD, WORDS | words | {"original": file})
    work_off(Lane.FILES)
    return answer


def rendition(picture, style="press", extension="jpg") -> bytes:
    with closing(picture.open_rendition(style, extension)) as file:
        return file.read()


def opened(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


def every_rendition(picture):
    for style, made in picture.renditions["styles"].items():
        for extension in made["formats"]:
            yield style, extension, rendition(picture, style, extension)


def sentences(error: ValidationError) -> str:
    return " ".join(error.message_dict["original"])


# --- Accepted and refused files ----------------------------------------------------------------

DAMAGED = "damaged or incomplete"
NO_PICTURE = "can’t be (used|read)"
EXPECTED = {
    "1536x1024_jpeg.jpg": (1536, 1024),
    "960x640_jpeg_with_uppercase_extension.JPG": (960, 640),
    "DSCN0010.jpg": (640, 480),
    "Flag_of_the_Netherlands-16bit.png": (900, 600),
    "POC_phpinfo-metadata.gif": (215, 84),
    "animated-loop-3.webp": (370, 285),
    "example-image-1.jpg": (210, 141),
    "hopper.avif": (128, 128),
    "iptc-staff-photographer-example.jpg": (516, 350),
    "landscape_1.jpg": (600, 450),
    "landscape_3.jpg": (600, 450),
    "landscape_6.jpg": (600, 450),
    "landscape_8.jpg": (600, 450),
    "pil_sample_cmyk.jpg": (100, 100),
    "rotating-squares.gif": (80, 80),
    "SVG_XSS1.svg": "can contain scripts",
    "decompression_bomb.gif": "larger than",
    "heic-single.heic": (1440, 960),
    "truncated_jpeg.jpg": DAMAGED,
}


def test_every_sample_has_an_expected_result():
    assert {path.name for path in IMAGES.iterdir()} - {"README.md"} == EXPECTED.keys()


@pytest.mark.parametrize(
    ("sample", "file_name"),
    # Good files get a bad name, and bad files a good name.
    [(name, "x.jpg" if isinstance(what, str) else "x.svg") for name, what in EXPECTED.items()],
)
def test_an_upload_is_judged_by_its_content_and_not_by_its_name(at_desk, author, sample, file_name):
    answer = upload(at_desk(author), read(sample), name=file_name)
    expected = EXPECTED[sample]
    if isinstance(expected, str):
        page = answer.content.decode()
        assert answer.status_code == 200
        assert re.search(expected, page)
        assert "Typed with care" in page
        assert not MediaAsset.objects.exists()
        assert default_storage.listdir("") == ([], [])
        return
    picture = MediaAsset.objects.get()
    assert answer.status_code == 302
    assert (picture.width, picture.height) == expected
    assert picture.renditions["styles"].keys() == STYLES.keys()
    assert picture.sha256 == hashlib.sha256(read(sample)).hexdigest()
    with closing(default_storage.open(picture.original.name)) as original:
        assert original.read() == read(sample)
    assert file_name not in picture.original.name


def png_that_claims(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        size, check = (struct.pack(">I", n) for n in (len(data), zlib.crc32(kind + data)))
        return size + kind + data + check

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 100))
        + chunk(b"IEND", b"")
    )


def halved(format: str) -> bytes:
    content = picture_bytes(format=format)
    return content[: len(content) // 2]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "empty"),
        (b"\0", NO_PICTURE),
        (b"<script>alert(1)</script>", NO_PICTURE),
        (b"%PDF-1.7\n", DAMAGED),
        (b"\xef\xbb\xbf<?xml version='1.0'?><SVG onload='x'/>", "can contain scripts"),
        (b"\xff\xd8\xff\xe0" + b"\0" * 100, NO_PICTURE),
        (png_that_claims(5000, 5000), DAMAGED),
        (png_that_claims(9999, 9999), "more than 300 MB of memory"),
        (png_that_claims(12_001, 10_001), "states that the picture has"),
        (png_that_claims(65_535, 65_535), "larger than"),
        (png_that_claims(2, MAX_SIDE + 1), f"{MAX_SIDE} pixels on each side"),
        (halved("JPEG"), DAMAGED),
        (halved("PNG"), DAMAGED),
        (halved("WEBP"), DAMAGED),
        (halved("GIF"), DAMAGED),
        (halved("TIFF"), DAMAGED),
        (halved("AVIF"), f"{DAMAGED}|{NO_PICTURE}"),
    ],
)
def test_a_file_that_is_no_picture_is_refused_with_a_reason_and_its_name(content, why):
    picture = MediaAsset(original=ContentFile(content, name="holiday.jpg"))
    with pytest.raises(ValidationError) as refused:
        picture.full_clean()
    assert re.search(why, sentences(refused.value))
    assert "holiday.jpg" in sentences(refused.value)
    # Saving without full_clean() is refused too, before anything is stored.
    with pytest.raises(BadFileError):
        picture.save()
    assert default_storage.listdir("") == ([], [])
    assert not MediaAsset.objects.exists()


def test_a_file_that_is_too_large_is_refused_with_the_limit(settings):
    settings.MAX_PICTURE_MEGABYTES = 1
    heavy = MediaAsset(
        original=ContentFile(picture_bytes((1200, 800), format="TIFF"), name="heavy.tif")
    )
    with pytest.raises(ValidationError) as refused:
        heavy.full_clean()
    assert "The limit is 1 MB" in sentences(refused.value)


def test_a_jpeg_of_a_phone_that_contains_other_pictures_is_accepted():
    first, second = Image.new("RGB", (400, 300), "red"), Image.new("RGB", (40, 30), "blue")
    out = io.BytesIO()
    first.save(out, "MPO", save_all=True, append_images=[second])
    picture = make_picture(content=out.getvalue())
    assert (picture.width, picture.height) == (400, 300)
    red, green, blue = opened(rendition(picture)).getpixel((200, 150))
    assert red > 240
    assert max(green, blue) < 15


@pytest.mark.parametrize("size", [(1, 1), (1, MAX_SIDE), (MAX_SIDE, 1), (3, 2)])
def test_extreme_shapes_get_renditions_of_the_expected_size(size):
    picture = make_picture(content=picture_bytes(size, format="PNG"))
    for style, extension, content in every_rendition(picture):
        assert opened(content).size == picture.size(style), (style, extension)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16", "F", "CMYK", "LAB", "YCbCr"])
def test_every_pixel_format_keeps_its_brightness(mode):
    ramp = Image.linear_gradient("L")  # black at the top, white at the bottom
    if mode == "I;16":
        image = Image.frombytes(mode, ramp.size, bytes(b for v in ramp.tobytes() for b in (v, v)))
    elif mode == "LAB":
        channels = [ramp, Image.new("L", ramp.size, 128), Image.new("L", ramp.size, 128)]
        image = Image.merge("LAB", channels)
    else:
        image = ramp.convert(mode)
    out = io.BytesIO()
    image.save(out, "TIFF")
    grey = opened(rendition(make_picture(content=out.getvalue()))).convert("L")
    top, bottom = grey.getpixel((128, 2)), grey.getpixel((128, 253))
    assert top < 15
    assert bottom > 240


PIXELS = [(200, 60, 40), (60, 180, 90), (128, 128, 128), (250, 250, 250), (30, 60, 160)]


@pytest.mark.parametrize("space", PRIMARIES)
@pytest.mark.parametrize(
    ("mode", "format"),
    [("RGB", "JPEG"), ("RGB", "PNG"), ("RGBA", "PNG"), ("P", "PNG"), ("RGB", "TIFF"),
     ("RGB", "WEBP"), ("RGB", "AVIF")],
)  # fmt: skip
def test_colours_of_other_spaces_are_converted_to_srgb(space, mode, format):
    image = Image.new("RGB", (len(PIXELS) * 40, 40))
    for number, pixel in enumerate(PIXELS):
        image.paste(pixel, (number * 40, 0, number * 40 + 40, 40))
    if mode == "RGBA":
        image.putalpha(200)
    elif mode == "P":
        image = image.quantize(8, dither=Image.Dither.NONE)
    options = {"quality": 98, "subsampling": 0} if format == "JPEG" else {}
    options |= {"quality": 100} if format in ("WEBP", "AVIF") else {}
    out = io.BytesIO()
    image.save(out, format, icc_profile=profile(space), **options)
    made = opened(rendition(make_picture(content=out.getvalue()), "column", "webp"))
    for number, pixel in enumerate(PIXELS):
        seen = made.convert("RGB").getpixel((number * 40 + 20, 20))
        meant = in_srgb(space, pixel)
        assert max(abs(a - b) for a, b in zip(seen, meant, strict=True)) <= 12, (pixel, seen, meant)
    assert "icc_profile" not in made.info


def test_a_picture_with_a_broken_colour_profile_is_accepted():
    for broken in (b"x", profile("Adobe RGB")[:200], b"\0" * 4000):
        made = make_picture(content=picture_bytes((60, 40), "#c83c28", icc_profile=broken))
        red, green, blue = opened(rendition(made)).getpixel((30, 20))
        assert (red > 190, green < 70, blue < 50) == (True, True, True)


# --- Renditions --------------------------------------------------------------------------------


def test_renditions_have_the_sizes_of_their_styles():
    picture = make_picture(content=picture_bytes((2400, 1800)))
    sizes = {
        (style, extension): opened(content).size
        for style, extension, content in every_rendition(picture)
    }
    in_three_formats = {
        "poster": (1600, 900), "poster-960": (960, 540), "teaser": (480, 270),
        "column": (960, 720), "column-480": (480, 360),
        "portrait": (600, 600), "portrait-300": (300, 300),
    }  # fmt: skip
    expected = {
        (style, extension): size
        for style, size in in_three_formats.items()
        for extension in ("avif", "webp", "jpg")
    }
    assert sizes == expected | {("press", "jpg"): (2400, 1800), ("share", "jpg"): (1200, 630)}
    for (style, _), size in sizes.items():
        assert picture.size(style) == size


@pytest.mark.parametrize("size", [(300, 200), (200, 300), (959, 20)])
def test_a_small_picture_is_never_enlarged(size):
    picture = make_picture(content=picture_bytes(size))
    for style, _, content in every_rendition(picture):
        width, height = opened(content).size
        assert width <= size[0]
        assert height <= size[1]
        assert (width, height) == picture.size(style)


def test_a_crop_is_taken_from_the_middle_and_keeps_its_proportions():
    image = Image.new("RGB", (1000, 3000), "red")
    image.paste("blue", (0, 1350, 1000, 1650))
    image.paste("green", (400, 1450, 600, 1550))
    out = io.BytesIO()
    image.save(out, "PNG")
    crop = opened(rendition(make_picture(content=out.getvalue()), "poster"))
    assert crop.size == (1000, 562)
    red, green, blue = crop.getpixel((500, 281))
    assert (green > 100, red < 40, blue < 40) == (True, True, True)
    assert crop.getpixel((300, 281))[2] > 200
    assert crop.getpixel((500, 30))[0] > 200
    assert crop.getpixel((500, 530))[0] > 200


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
def test_a_rendition_is_upright_for_every_orientation_of_the_camera(orientation, format):
    image = Image.new("RGB", (64, 32), "white")
    image.paste("red", (0, 0, 32, 16))
    image.paste("blue", (32, 16, 64, 32))
    held = image.transpose(TURNS[orientation]) if orientation in TURNS else image
    exif = Image.Exif()
    exif[0x0112] = orientation
    out = io.BytesIO()
    held.save(out, format, exif=exif)
    picture = make_picture(content=out.getvalue())
    assert (picture.width, picture.height) == (64, 32)
    upright = opened(rendition(picture)).convert("RGB")
    corners = [upright.getpixel(at) for at in ((8, 4), (56, 4), (8, 28), (56, 28))]
    assert [colour(pixel) for pixel in corners] == ["red", "white", "white", "blue"]


def colour(pixel: tuple[int, int, int]) -> str:
    red, green, blue = (value > 128 for value in pixel)
    return {(1, 1, 1): "white", (1, 0, 0): "red", (0, 0, 1): "blue"}.get((red, green, blue), "?")


@pytest.mark.parametrize("number", [3, 6, 8])
def test_photos_of_one_scene_in_different_orientations_look_the_same(number):
    scenes = [
        opened(rendition(make_picture(content=read(f"landscape_{n}.jpg")))).convert("L")
        for n in (1, number)
    ]
    upright, other = (scene.resize((12, 9)).tobytes() for scene in scenes)
    upside_down = scenes[1].transpose(Image.Transpose.ROTATE_180).resize((12, 9)).tobytes()

    def difference(left, right):
        return sum(abs(a - b) for a, b in zip(left, right, strict=True)) / len(left)

    assert difference(upright, other) < 8
    assert difference(upright, upside_down) > 30


def test_transparent_areas_are_white_in_a_jpeg():
    image = Image.new("RGBA", (60, 40), (0, 0, 0, 0))
    image.paste((255, 0, 0, 255), (0, 0, 30, 40))
    out = io.BytesIO()
    image.save(out, "PNG")
    picture = make_picture(content=out.getvalue())
    flat = opened(rendition(picture, "column", "jpg"))
    assert flat.mode == "RGB"
    assert min(flat.getpixel((52, 20))) > 245
    assert opened(rendition(picture, "column", "webp")).getpixel((52, 20))[3] == 0


# --- Metadata that a rendition must not contain ------------------------------------------------

PRIVATE_METADATA = [
    b"Exif", b"GPS", b"NIKON", b"COOLPIX", b"8BIM", b"ICC_PROFILE", b"<?php", b"phpinfo",
    b"Secret remark", b"Photoshop", b"iptc-staff", b"Stockphoto",
]  # fmt: skip


def with_metadata(format: str) -> bytes:
    exif = Image.Exif()
    exif[0x010F], exif[0x9286] = "NIKON", "Secret remark"
    exif.get_ifd(0x8825)[1] = "N"
    more = {"JPEG": {"comment": b"Secret remark"}, "PNG": {}, "WEBP": {}}[format]
    if format == "PNG":
        more["pnginfo"] = PngInfo()
        more["pnginfo"].add_text("Comment", "Secret remark")
    return picture_bytes((64, 48), format=format, exif=exif, **more)


@pytest.mark.parametrize(
    "content",
    [
        *(read(name) for name in (
            "DSCN0010.jpg", "iptc-staff-photographer-example.jpg",
            "POC_phpinfo-metadata.gif", "landscape_6.jpg",
        )),
        *(with_metadata(format) for format in ("JPEG", "PNG", "WEBP")),
    ],
    ids=["gps", "iptc", "php", "orientation", "made jpeg", "made png", "made webp"],
)  # fmt: skip
def test_no_rendition_contains_metadata_of_the_camera_or_the_sender(content):
    assert any(word in content for word in PRIVATE_METADATA)
    picture = make_picture(content=content, credit_line="Ours")
    for style, extension, made in every_rendition(picture):
        where = (style, extension)
        assert not [word for word in PRIVATE_METADATA if word in made], where
        image = opened(made)
        assert not image.getexif(), where
        assert image.info.keys() <= {
            "jfif", "jfif_version", "jfif_unit", "jfif_density", "dpi", "progressive",
            "progression", "xmp", "loop", "background", "timestamp", "duration",
        }, where  # fmt: skip
        # Only the pixels and one packet with the rights.
        if extension == "jpg":
            assert jpeg_parts(made) == {"JFIF", "http://ns.adobe.com/xap/1.0/"}
        elif extension == "webp":
            assert webp_parts(made) <= {"VP8 ", "VP8L", "VP8X", "ALPH", "XMP "}


def jpeg_parts(content: bytes) -> set[str]:
    """Return the names of the application segments and comments before the pixels of a JPEG."""
    found, at = set(), 2
    while content[at + 1] != 0xDA:
        marker, length = content[at + 1], int.from_bytes(content[at + 2 : at + 4], "big")
        if 0xE0 <= marker <= 0xEF:
            found.add(content[at + 4 : at + 2 + length].split(b"\0")[0].decode("latin-1"))
        elif marker == 0xFE:
            found.add("a comment")
        at += 2 + length
    return found


def webp_parts(content: bytes) -> set[str]:
    found, at = set(), 12
    while at < len(content):
        length = int.from_bytes(content[at + 4 : at + 8], "little")
        found.add(content[at : at + 4].decode())
        at += 8 + length + length % 2
    return found


# --- Rights in renditions ----------------------------------------------------------------------

XMP = {
    "credit_line": "{http://ns.adobe.com/photoshop/1.0/}Credit",
    "creator": "{http://purl.org/dc/elements/1.1/}creator",
    "copyright_notice": "{http://purl.org/dc/elements/1.1/}rights",
    "usage_terms": "{http://ns.adobe.com/xap/1.0/rights/}UsageTerms",
}


def rights_in(content: bytes) -> dict[str, str]:
    packet = lxml.etree.fromstring(opened(content).info["xmp"])
    return {
        field: "".join(node.itertext())
        for field, tag in XMP.items()
        if (node := packet.find(f".//{tag}")) is not None
    }


def test_every_rendition_contains_the_rights_in_standard_xmp_fields():
    rights = {
        "credit_line": "AFP via Getty Images <&> “quoted” ]]>",
        "creator": "إلهام 刘晓波 Ñandú 🙂",
        "copyright_notice": "© 2025 'Nobody' \"in particular\"",
        "usage_terms": "Free for editorial use.\nNot for adverts.",
    }
    picture = make_picture(**rights)
    for _, _, content in every_rendition(picture):
        assert rights_in(content) == rights
    # Pillow's own reader finds the rights too.
    found = opened(rendition(picture)).getxmp()["xmpmeta"]["RDF"]["Description"]
    assert found["Credit"] == rights["credit_line"]


def test_blank_rights_stay_blank_in_renditions():
    picture = make_picture(credit_line="", creator="", copyright_notice="", usage_terms=" ")
    assert not any(value.strip() for value in rights_in(rendition(picture)).values())


def test_invalid_characters_in_rights_do_not_break_a_rendition():
    terms = "&<\x00\x0b\x1f\ud800\uffff" * 40_000
    rights = Rights(credit_line="A\x02B", creator="\x0c", usage_terms=terms)
    for made in renditions(io.BytesIO(picture_bytes((640, 480))), rights):
        found = rights_in(made.content)
        assert found["credit_line"] == "AB"
        assert "creator" not in found
        assert set(found["usage_terms"]) == set("&<")


def test_a_new_credit_regenerates_the_renditions_and_a_new_caption_does_not():
    picture = make_picture(credit_line="Old credit")
    made = dict(picture.renditions)
    picture = MediaAsset.objects.get()
    picture.caption = "Another"
    picture.save()
    assert picture.renditions == made
    picture = MediaAsset.objects.get()
    picture.credit_line = "New credit"
    picture.save()
    # The old renditions are used until the new ones are ready.
    assert (picture.state, picture.renditions) == ("waiting", made)
    processing.process(picture)
    assert picture.renditions != made
    for _, _, content in every_rendition(MediaAsset.objects.get()):
        assert rights_in(content)["credit_line"] == "New credit"


def test_a_new_file_replaces_the_old_one_in_every_rendition(at_desk, author):
    picture = make_picture(content=picture_bytes((900, 600), "red"), caption="Kept")
    change = f"/admin/assets/mediaasset/{picture.pk}/change/"
    file = SimpleUploadedFile("other.png", picture_bytes((400, 500), "blue", "PNG"))
    assert at_desk(author).post(change, WORDS | {"original": file}).status_code == 302
    # The old picture may be the wrong one, so it is not shown while the new one is processed.
    picture = MediaAsset.objects.get()
    assert not picture.is_usable()
    processing.process(picture)
    assert (picture.width, picture.height) == (400, 500)
    for style, _, content in every_rendition(picture):
        assert opened(content).convert("RGB").getpixel((5, 5))[2] > 200
        assert opened(content).size == picture.size(style)


def test_the_caption_can_be_changed_without_sending_the_file_again(at_desk, author):
    picture = make_picture(caption="Old")
    before = (picture.original.name, picture.sha256)
    change = f"/admin/assets/mediaasset/{picture.pk}/change/"
    assert at_desk(author).post(change, WORDS | {"caption": "New"}).status_code == 302
    picture = MediaAsset.objects.get()
    assert picture.caption == "New"
    assert (picture.original.name, picture.sha256) == before


# --- Sources of files --------------------------------------------------------------------------


@pytest.mark.parametrize("wrapper", [File, ImageFile])
def test_a_picture_is_stored_from_a_file_on_disk(wrapper):
    path = IMAGES / "hopper.avif"
    with path.open("rb") as open_file:
        picture = MediaAsset.objects.create(original=wrapper(open_file, name="hopper.avif"))
    processing.process(picture)
    with closing(default_storage.open(picture.original.name)) as original:
        assert original.read() == path.read_bytes()
    assert picture.original_name == "hopper.avif"
    assert picture.has_rendition("teaser", "webp")


@pytest.mark.parametrize("in_memory", [0, 10_000_000])
def test_an_upload_is_stored_from_memory_or_from_a_temporary_file(
    at_desk, author, settings, in_memory
):
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = in_memory
    content = read("DSCN0010.jpg")
    assert upload(at_desk(author), content, "DSCN0010.jpg").status_code == 302
    picture = MediaAsset.objects.get()
    with closing(default_storage.open(picture.original.name)) as original:
        assert original.read() == content
    assert picture.original_name == "DSCN0010.jpg"
    assert picture.uploaded_by == author
    assert default_storage.size(picture.original.name) == len(content)


def test_a_picture_without_its_file_lists_what_is_missing():
    picture = MediaAsset.objects.create(original_name="poster.jpg")
    assert picture.missing_fields() == ["file", "alternative text", "credit line"]
    assert not picture.is_usable()
    assert list(MediaAsset.objects.usable()) == []
    picture.original = ContentFile(picture_bytes(), name="x.jpg")
    picture.alt_text, picture.credit_line = " ", "AFP"
    picture.save()
    assert picture.missing_fields() == ["alternative text"]
    assert picture.original_name == "poster.jpg"


def test_method_and_queryset_agree_on_the_second_in_which_a_licence_ends():
    end = timezone.now() + timedelta(days=1)
    picture = make_picture(licence_expires=end)
    for shift in (-1, 0, 1):
        at = end + timedelta(seconds=shift)
        assert MediaAsset.objects.usable(at).exists() is picture.is_usable(at) is (shift < 0)

"""Embedded metadata of pictures: complete, with the right characters, from any file.

The packets are invented, in the shapes that programs and agencies write. The files of
`tests/data/images` are real or published test data; see the README there.
"""

import io
import json
import re
import struct
import subprocess
import sys
import time
import zlib
from dataclasses import fields
from datetime import date, timedelta
from html import escape
from warnings import catch_warnings

import pytest
from django.conf import settings
from hypothesis import example, given
from hypothesis import settings as effort
from hypothesis import strategies as st
from PIL import Image

from assets import metadata_warnings
from assets.messages import Message
from assets.metadata import EmbeddedMetadata, read
from assets.metadata_warnings import COORDINATES, has_coordinates
from tests.make import DATA

IMAGES = DATA / "images"
TODAY = date(2025, 11, 24)
AI_SENTENCES = {
    "trainedAlgorithmicMedia": "AI made the picture",
    "compositeWithTrainedAlgorithmicMedia": "AI altered the picture",
    "compositeSynthetic": "AI made a part of the picture",
    "trainedAlgorithmicData": "AI made the picture",
}


def warnings(found: EmbeddedMetadata, today: date) -> list[str]:
    messages = metadata_warnings.warnings(found, today)
    for message in messages:  # each part of a sentence can be translated
        assert isinstance(message.values.get("evidence", message), Message)
    return [str(message) for message in messages]


# --- Making files with metadata -----------------------------------------------------------------

NAMESPACES = {
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "dc": "http://purl.org/dc/elements/1.1/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "xmpNote": "http://ns.adobe.com/xmp/note/",
    "xmpRights": "http://ns.adobe.com/xap/1.0/rights/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "Iptc4xmpCore": "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/",
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "plus": "http://ns.useplus.org/ldf/xmp/1.0/",
    "exif": "http://ns.adobe.com/exif/1.0/",
    "exifEX": "http://cipa.jp/exif/1.0/",
    "aux": "http://ns.adobe.com/exif/1.0/aux/",
    "mwg-rs": "http://www.metadataworkinggroup.com/schemas/regions/",
    "drone-dji": "http://www.dji.com/drone-dji/1.0/",
    "TC260": "http://www.tc260.org.cn/ns/AIGC/1.0/",
}
DECLARATIONS = " ".join(f'xmlns:{prefix}="{name}"' for prefix, name in NAMESPACES.items())
XMP_HEAD, MORE_XMP_HEAD = b"http://ns.adobe.com/xap/1.0/\0", b"http://ns.adobe.com/xmp/extension/\0"


def packet(inside="", attributes="", rdf="") -> bytes:
    rdf = rdf or f'<rdf:Description rdf:about="" {attributes}>{inside}</rdf:Description>'
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n<x:xmpmeta '
        f'xmlns:x="adobe:ns:meta/"><rdf:RDF {DECLARATIONS}>{rdf}</rdf:RDF></x:xmpmeta>\n'
        + " " * 99
        + '<?xpacket end="w"?>'
    ).encode()


def tag(name: str, text: str) -> str:
    return f"<{name}>{escape(text)}</{name}>"


def several(kind: str, name: str, *texts: str) -> str:
    items = "".join(tag("rdf:li", text) for text in texts)
    return f"<{name}><rdf:{kind}>{items}</rdf:{kind}></{name}>"


def in_languages(name: str, **texts: str) -> str:
    items = "".join(
        f'<rdf:li xml:lang="{language.replace("_", "-")}">{escape(text)}</rdf:li>'
        for language, text in texts.items()
    )
    return f"<{name}><rdf:Alt>{items}</rdf:Alt></{name}>"


def iim(*datasets: tuple[int, bytes], charset: bytes = b"") -> bytes:
    named = [(1, 90, charset)] if charset else []
    return b"".join(
        struct.pack(">BBBH", 0x1C, record, number, len(value)) + value
        for record, number, value in [*named, *((2, *dataset) for dataset in datasets)]
    )


def resources(block: bytes) -> bytes:
    """Return Photoshop's image resources, which include the IIM."""

    def resource(number: int, name: bytes, content: bytes) -> bytes:
        name = bytes([len(name)]) + name + b"\0" * (1 - len(name) % 2)
        head = b"8BIM" + struct.pack(">H", number) + name + struct.pack(">I", len(content))
        return head + content + b"\0" * (len(content) % 2)

    # A thumbnail may be a file with resources of its own.
    decoy = resource(0x0404, b"", iim((110, b"Decoy")))
    return resource(0x040C, b"odd", decoy + b"!") + resource(0x0404, b"even", block)


def tiff(tags=None, exif=None, gps=None, order="<", pixel=False) -> bytes:
    """Return a TIFF, or an EXIF block. The values are bytes, numbers, or tuples of numerators."""
    body = bytearray((b"II*\0" if order == "<" else b"MM\0*") + bytes(4) + b"\xff\0\0\0")

    def directory(entries: dict) -> int:
        rows = []
        for tag, value in sorted(entries.items()):
            if isinstance(value, int):
                kind, count, value = 4, 1, struct.pack(f"{order}I", value)
            elif isinstance(value, tuple):
                kind, count = 5, len(value)
                value = b"".join(struct.pack(f"{order}II", number, 1) for number in value)
            else:
                kind, count = 7, len(value)
            place = value.ljust(4, b"\0")
            if len(value) > 4:
                place = struct.pack(f"{order}I", len(body))
                body.extend(value)
            rows.append(struct.pack(f"{order}HHI", tag, kind, count) + place)
        at = len(body)
        body.extend(struct.pack(f"{order}H", len(rows)) + b"".join(rows) + bytes(4))
        return at

    entries = dict(tags or {})
    if pixel:
        entries |= {256: 1, 257: 1, 258: 8, 259: 1, 262: 1, 273: 8, 277: 1, 278: 1, 279: 1}
    if exif:
        entries[0x8769] = directory(exif)
    if gps:
        entries[0x8825] = directory(gps)
    body[4:8] = struct.pack(f"{order}I", directory(entries))
    return bytes(body)


def jpeg(*parts: tuple[int, bytes]) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, "JPEG")
    made = b"".join(struct.pack(">HH", 0xFF00 | mark, len(part) + 2) + part for mark, part in parts)
    return out.getvalue()[:2] + made + out.getvalue()[2:]


def png(*chunks: tuple[bytes, bytes], last=False) -> bytes:
    """Return a PNG with more chunks, which follow the pixels if they are `last`."""
    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, "PNG")
    content, made = out.getvalue(), b""
    for kind, data in chunks:
        made += struct.pack(">I", len(data)) + kind + data
        made += struct.pack(">I", zlib.crc32(kind + data))
    at = content.index(b"IEND") - 4 if last else 33
    return content[:at] + made + content[at:]


def saved(format: str, **more) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, format, **more)
    return out.getvalue()


def with_xmp(xmp: bytes, format="JPEG") -> bytes:
    match format:
        case "JPEG":
            return jpeg((0xE1, XMP_HEAD + xmp))
        case "PNG":
            return png((b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp))
        case "PNG, compressed":
            return png((b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(xmp)))
        case "PNG, after pixels":
            return png((b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp), last=True)
        case "TIFF":
            return tiff({700: xmp}, pixel=True)
        case "GIF":
            trailer = bytes([1, *range(255, -1, -1), 0])
            return saved("GIF").removesuffix(b";") + b"!\xff\x0bXMP DataXMP" + xmp + trailer + b";"
        case _:
            return saved(format, xmp=xmp)


def with_iim(block: bytes, format="JPEG") -> bytes:
    photoshop = resources(block)
    match format:
        case "JPEG":
            return jpeg((0xED, b"Photoshop 3.0\0" + photoshop))
        case "JPEG, in two parts":
            head = b"Photoshop 3.0\0"
            return jpeg((0xED, head + photoshop[:100]), (0xED, head + photoshop[100:]))
        case "TIFF":
            return tiff({33723: block}, pixel=True)
        case "TIFF of 32-bit numbers":
            words = block + b"\0" * (-len(block) % 4)
            swapped = b"".join(words[at : at + 4][::-1] for at in range(0, len(words), 4))
            return tiff({33723: swapped}, pixel=True)
        case "TIFF of Photoshop":
            return tiff({34377: photoshop}, order=">", pixel=True)
        case "PNG of ImageMagick":
            profile = f"\niptc\n{len(photoshop):8}\n{photoshop.hex()}\n".encode()
            return png((b"zTXt", b"Raw profile type iptc\0\0" + zlib.compress(profile)))
    raise ValueError(format)


def with_exif(block: bytes, format="JPEG") -> bytes:
    match format:
        case "JPEG":
            return jpeg((0xE1, b"Exif\0\0" + block))
        case "PNG":
            return png((b"eXIf", block))
        case "PNG, after pixels":
            return png((b"eXIf", block), last=True)
    return saved(format, exif=b"Exif\0\0" + block)


XMP_IN = ["JPEG", "PNG", "PNG, compressed", "PNG, after pixels", "WEBP", "TIFF", "AVIF", "GIF"]
IIM_IN = [
    "JPEG", "JPEG, in two parts", "TIFF", "TIFF of 32-bit numbers", "TIFF of Photoshop",
    "PNG of ImageMagick",
]  # fmt: skip
EXIF_IN = ["JPEG", "PNG", "PNG, after pixels", "WEBP", "AVIF"]


def found_in(content: bytes) -> EmbeddedMetadata:
    file = io.BytesIO(content)
    with catch_warnings(action="ignore"), Image.open(file) as picture:  # Pillow warns of bad EXIF
        return read(picture, file)


def texts(content: bytes) -> dict:
    """Return the values that were found, without the empty ones."""
    return {name: value for name, value in found_in(content).as_dict().items() if value}


# --- Which source is used -----------------------------------------------------------------------

LONG_CREDIT = "Éric Fougère-Žižková / Agence France-Presse – Getty Images"
CUT_CREDIT = LONG_CREDIT.encode()[:32]


def all_three(xmp="", datasets=(), exif=None) -> bytes:
    parts = [(0xE1, b"Exif\0\0" + tiff(exif or {}))]
    if xmp:
        parts.append((0xE1, XMP_HEAD + packet(xmp)))
    if datasets:
        block = iim(*datasets, charset=b"\x1b%G")
        parts.append((0xED, b"Photoshop 3.0\0" + resources(block)))
    return jpeg(*parts)


def test_the_whole_value_of_xmp_is_used_before_the_cut_value_of_iptc():
    caption = "Łódź. " + "A long caption, cut by IPTC after 2,000 bytes. " * 50
    content = all_three(
        tag("photoshop:Credit", LONG_CREDIT) + in_languages("dc:description", x_default=caption),
        [(110, CUT_CREDIT), (120, caption.encode()[:2000])],
        {0x010E: caption.encode()[:80]},
    )
    assert texts(content)["credit_line"] == LONG_CREDIT
    assert texts(content)["caption"] == caption.strip()


def test_xmp_is_used_before_iptc():
    content = all_three(
        tag("photoshop:Credit", "AFP") + tag("photoshop:City", "Kabul"),
        [(110, b"A much longer credit of years ago"), (90, b"Herat"), (101, b"Afghanistan")],
    )
    assert texts(content) == {"credit_line": "AFP", "place": "Kabul"}


def test_iptc_and_then_exif_give_the_values_that_xmp_does_not_have():
    content = all_three(
        tag("photoshop:Credit", "AFP") + several("Seq", "dc:creator", " "),
        [(80, b"Ann Bode"), (110, b"Agence"), (116, b"\xc2\xa9 Bode"), (120, b"  ")],
        {0x010E: b"A street\0", 0x013B: b"Owner of the camera\0", 0x8298: b"(c) owner\0"},
    )
    assert texts(content) == {
        "credit_line": "AFP",
        "creator": "Ann Bode",
        "copyright_notice": "© Bode",
        "caption": "A street",
    }


def test_a_value_that_was_cut_inside_a_character_loses_only_that_character():
    assert CUT_CREDIT.decode("utf-8", "ignore") != CUT_CREDIT.decode("cp1252", "ignore")
    for charset in (b"\x1b%G", b""):
        for value in (LONG_CREDIT.encode()[:32], "Agence Žižková Č".encode()[:-1]):
            whole = value.decode("utf-8", "ignore").strip()
            assert texts(with_iim(iim((110, value), charset=charset)))["credit_line"] == whole
    plain = "Agence Fougè".encode()[:-1]
    assert texts(with_iim(iim((110, plain), charset=b"\x1b%G"))) == {"credit_line": "Agence Foug"}


@pytest.mark.parametrize(
    "broken",
    [
        ("xmp", XMP_HEAD + packet(tag("photoshop:Credit", "Cut"))[:-200]),
        ("xmp", XMP_HEAD + packet("<photoshop:Credit>Unclosed")),
        ("xmp", XMP_HEAD + packet("<photoshop:Credit>R & D</photoshop:Credit>")),
        ("xmp", XMP_HEAD + packet("<photoshop:Credit>A</photoshop:Credit><unknown:prefix/>")),
        ("xmp", XMP_HEAD + b"\xff\xfe<x:xmpmeta"),
        ("xmp", MORE_XMP_HEAD + b"0" * 20),
        ("exif", b"Exif\0\0II*\0\xff\xff\xff\xff"),
        ("exif", b"Exif\0\0MM\0*\0\0\0\x08\xff\xff"),
        ("iim", b"Photoshop 3.0\x008BIM"),
        ("iim", b"Photoshop 3.0\x008BIM\x04\x04\0\0\xff\xff\xff\xff\x1c\x02"),
        ("c2pa", b"JP"),
    ],
)
def test_a_broken_source_is_ignored(broken):
    marks = {"xmp": 0xE1, "exif": 0xE1, "iim": 0xED, "c2pa": 0xEB}
    whole = {
        "xmp": XMP_HEAD + packet(tag("dc:creator", "Ann")),
        "iim": b"Photoshop 3.0\0" + resources(iim((110, b"AFP"))),
        "exif": b"Exif\0\0" + tiff({0x8298: b"Bode\0"}),
        "c2pa": b"JP" + bytes(14) + manifest("digitalCapture"),
    }
    expected = {
        "creator": "Ann", "credit_line": "AFP", "copyright_notice": "Bode",
        "digital_source_type": "digitalCapture",
    }  # fmt: skip
    assert texts(jpeg(*((marks[kind], part) for kind, part in whole.items()))) == expected
    fields_of = {"xmp": "creator", "iim": "credit_line", "exif": "copyright_notice"}
    expected.pop(fields_of.get(broken[0], "digital_source_type"))
    parts = [(marks[kind], part) for kind, part in (whole | dict([broken])).items()]
    assert texts(jpeg(*parts)) == texts(jpeg(*reversed(parts))) == expected


def test_extended_xmp_in_several_parts_of_a_jpeg_is_joined():
    digest = b"0123456789ABCDEF0123456789abcdef"
    more = packet(in_languages("dc:description", x_default="A long story. " * 9000))
    parts = [
        MORE_XMP_HEAD + digest.upper() + struct.pack(">II", len(more), at) + more[at : at + 60_000]
        for at in range(0, len(more), 60_000)
    ]
    other = MORE_XMP_HEAD + b"F" * 32 + struct.pack(">II", 5, 0) + b"other"
    head = packet(tag("photoshop:Credit", "AFP"), f'xmpNote:HasExtendedXMP="{digest.decode()}"')
    content = jpeg(*((0xE1, part) for part in [*reversed(parts), XMP_HEAD + head, other]))
    assert texts(content)["credit_line"] == "AFP"
    assert texts(content)["caption"].startswith("A long story. A long story.")
    without_end = jpeg(*((0xE1, part) for part in [XMP_HEAD + head, *parts[:-1], other]))
    assert texts(without_end) == {"credit_line": "AFP"}


# --- Characters and encodings -------------------------------------------------------------------

NAMES = [
    "Łódź",
    "Müller",
    "Čapek",
    "Éric Fougère / AFP",
    "محمد العلي",
    "刘晓波",
    "ئۇيغۇر",
    "Nguyễn 🙂",
]
WESTERN = ["Müller", "Éric Fougère / AFP", "“Ñandú” – 5 €"]


@pytest.mark.parametrize("format", XMP_IN)
@pytest.mark.parametrize("name", NAMES)
def test_accents_and_scripts_are_right_in_xmp(name, format):
    assert texts(with_xmp(packet(several("Seq", "dc:creator", name)), format)) == {"creator": name}


@pytest.mark.parametrize("code", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig"])
def test_xmp_is_read_in_each_encoding_that_it_may_have(code):
    xmp = packet(several("Seq", "dc:creator", *NAMES)).decode().encode(code)
    assert texts(with_xmp(xmp)) == {"creator": ", ".join(NAMES)}


def test_a_value_of_xmp_that_is_not_utf_8_does_not_affect_others():
    xmp = packet(several("Seq", "dc:creator", "Čapek", "PLACE")).replace(b"PLACE", b"M\xfcller")
    assert texts(with_xmp(xmp)) == {"creator": "Čapek, Müller"}


@pytest.mark.parametrize("format", IIM_IN)
@pytest.mark.parametrize("charset", [b"\x1b%G", b""])
@pytest.mark.parametrize("name", NAMES)
def test_accents_and_scripts_are_right_in_iptc(name, charset, format):
    block = iim((80, name.encode()), (120, b"Plain"), charset=charset)
    assert texts(with_iim(block, format)) == {"creator": name, "caption": "Plain"}


@pytest.mark.parametrize("name", WESTERN)
def test_iptc_of_windows_is_recognised_without_its_encoding(name):
    for charset in (b"", b"\x1b%G"):  # some programs claim UTF-8 and write this
        block = iim((80, name.encode("cp1252")), charset=charset)
        assert texts(with_iim(block)) == {"creator": name}


def test_iptc_of_an_old_mac_is_recognised_by_a_character_that_windows_does_not_have():
    values = ((80, "Müller".encode("mac_roman")), (120, "Mère et père".encode("mac_roman")))
    assert texts(with_iim(iim(*values))) == {"creator": "Müller", "caption": "Mère et père"}


def test_iptc_is_read_in_the_encoding_that_it_names():
    for name, mark, code in (("Łódź", b"B", "iso8859-2"), ("Киев", b"L", "iso8859-5")):
        block = iim((80, name.encode(code)), charset=b"\x1b-" + mark)
        assert texts(with_iim(block)) == {"creator": name}


@pytest.mark.parametrize(
    ("name", "code"), [("新华社记者", "gb18030"), ("Алексей", "cp1251"), ("محمد العلي", "cp1256")]
)
def test_a_script_in_an_unknown_encoding_gives_no_text(name, code):
    assert texts(with_iim(iim((80, name.encode(code)), (110, b"AFP")))) == {"credit_line": "AFP"}
    assert texts(with_exif(tiff({0x013B: name.encode(code)}))) == {}


@pytest.mark.parametrize("format", EXIF_IN)
@pytest.mark.parametrize("name", NAMES)
def test_accents_and_scripts_are_right_in_exif(name, format):
    block = tiff({0x013B: name.encode() + b"\0", 0x8298: b"\xa9 2021\0"})
    expected = {"creator": name, "copyright_notice": "© 2021"}
    assert texts(with_exif(block, format)) == expected
    assert (
        texts(tiff({0x013B: name.encode() + b"\0", 0x8298: b"\xa9 2021\0"}, pixel=True)) == expected
    )


@pytest.mark.parametrize("name", WESTERN)
def test_exif_of_windows_is_read(name):
    assert texts(with_exif(tiff({0x013B: name.encode("cp1252") + b"\0"}))) == {"creator": name}


@pytest.mark.parametrize("name", NAMES)
def test_the_fields_of_windows_explorer_are_read(name):
    wide = f"{name}\0".encode("utf-16-le")
    block = tiff({0x9C9B: wide, 0x9C9C: wide, 0x9C9D: wide, 0x010E: b"?????\0"})
    assert texts(with_exif(block)) == {"headline": name, "caption": name, "creator": name}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("code", ["utf-16-le", "utf-16-be"])
def test_the_comment_of_exif_is_read_in_either_byte_order(name, order, code):
    comment = b"UNICODE\0" + f"In the street: {name}".encode(code)
    block = tiff({}, {0x9286: comment}, order=order)
    assert texts(with_exif(block)) == {"caption": f"In the street: {name}"}


@pytest.mark.parametrize(
    ("comment", "text"),
    [
        (b"ASCII\0\0\0A street", "A street"),
        (b"ASCII\0\0\0" + "Straße in Łódź".encode() + bytes(20), "Straße in Łódź"),
        (bytes(8) + b"Stra\xdfe", "Straße"),
        (b"UNICODE\0A street", "A street"),
        (b"JIS\0\0\0\0\0" + "東京".encode("iso2022_jp"), "東京"),
        (b"A street of no code", "A street of no code"),
        (b"ASCII\0\0\0charset=Ascii A street", "A street"),
        (b"ASCII\0\0\0" + b" " * 200, ""),
        (b"\x01\x02\x00\x10\x03binary\x00\x00\x01", ""),
        (b"ASCII\0\0\0", ""),
        (b"", ""),
    ],
)
def test_the_comment_of_exif_is_read_in_the_encoding_that_it_states(comment, text):
    assert texts(with_exif(tiff({}, {0x9286: comment}))).get("caption", "") == text


# --- Spellings of RDF ---------------------------------------------------------------------------

SPELLINGS = {
    "attributes": packet(
        several("Seq", "dc:creator", "Ann"),
        'photoshop:Credit="AFP" photoshop:City="Kabul" Iptc4xmpCore:AltTextAccessibility="A dog"',
    ),
    "elements, one list item": packet(
        several("Seq", "dc:creator", "Ann")
        + tag("photoshop:Credit", "AFP")
        + tag("photoshop:City", "Kabul")
        + in_languages("Iptc4xmpCore:AltTextAccessibility", x_default="A dog")
    ),
    "several descriptions, each for one schema": packet(
        rdf=f'<rdf:Description rdf:about="">{several("Bag", "dc:creator", "Ann")}</rdf:Description>'
        '<rdf:Description rdf:about="" photoshop:Credit="AFP"/>'
        '<rdf:Description><photoshop:City>Kabul</photoshop:City><Iptc4xmpCore:AltTextAccessibility>'
        "A dog</Iptc4xmpCore:AltTextAccessibility></rdf:Description>"
    ),
    "values with qualifiers": packet(
        "<dc:creator><rdf:Seq><rdf:li rdf:parseType='Resource'><rdf:value>Ann</rdf:value>"
        "<xmp:Identifier>7</xmp:Identifier></rdf:li></rdf:Seq></dc:creator>"
        "<photoshop:Credit><rdf:Description><rdf:value>AFP</rdf:value></rdf:Description>"
        "</photoshop:Credit><photoshop:City rdf:parseType='Resource'><rdf:value>Kabul</rdf:value>"
        "</photoshop:City><Iptc4xmpCore:AltTextAccessibility>A <!-- big -->dog<?x y?>"
        "</Iptc4xmpCore:AltTextAccessibility>"
    ),
    "without the outer element, and with other prefixes": (
        "<?xml version='1.0' encoding='latin-1'?><r:RDF xmlns:r='{rdf}' xmlns:d='{dc}' "
        "xmlns:p='{photoshop}' xmlns:i='{Iptc4xmpCore}'><r:Description p:Credit='AFP' p:City="
        "'Kabul' i:AltTextAccessibility='A dog'><d:creator>Ann</d:creator></r:Description></r:RDF>"
    ).format(**NAMESPACES).encode(),
}  # fmt: skip


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_rdf_is_read_in_each_of_its_spellings(spelling):
    expected = {"creator": "Ann", "credit_line": "AFP", "place": "Kabul", "alt_text": "A dog"}
    assert texts(with_xmp(SPELLINGS[spelling])) == expected


LOCATIONS = [
    "<rdf:li rdf:parseType='Resource'><Iptc4xmpExt:City>Kabul</Iptc4xmpExt:City>"
    "<Iptc4xmpExt:CountryName>Afghanistan</Iptc4xmpExt:CountryName></rdf:li>",
    "<rdf:li><rdf:Description><Iptc4xmpExt:City>Kabul</Iptc4xmpExt:City>"
    "<Iptc4xmpExt:CountryName>Afghanistan</Iptc4xmpExt:CountryName></rdf:Description></rdf:li>",
    "<rdf:li Iptc4xmpExt:City='Kabul' Iptc4xmpExt:CountryName='Afghanistan'/>",
    "<rdf:li><rdf:Description Iptc4xmpExt:City='Kabul' Iptc4xmpExt:CountryName='Afghanistan'/>"
    "</rdf:li>",
]


@pytest.mark.parametrize("item", LOCATIONS)
@pytest.mark.parametrize("name", ["LocationCreated", "LocationShown"])
def test_a_location_is_read_in_each_spelling_of_a_structure(name, item):
    for inside in (f"<rdf:Bag>{item}</rdf:Bag>", f"<rdf:Seq>{item}</rdf:Seq>"):
        xmp = packet(f"<Iptc4xmpExt:{name}>{inside}</Iptc4xmpExt:{name}>")
        assert texts(with_xmp(xmp)) == {"place": "Kabul, Afghanistan"}


def test_properties_of_another_resource_are_not_those_of_the_picture():
    inside = "<rdf:Description photoshop:Credit='A museum'><dc:creator>A painter</dc:creator>"
    work = f"<rdf:Bag><rdf:li>{inside}</rdf:Description></rdf:li></rdf:Bag>"
    xmp = packet(f"<Iptc4xmpExt:ArtworkOrObject>{work}</Iptc4xmpExt:ArtworkOrObject>")
    assert texts(with_xmp(xmp)) == {}


def test_the_default_language_is_offered_or_else_the_first():
    first = in_languages("dc:description", fr="Une rue", x_default="A street", de="Eine Straße")
    assert texts(with_xmp(packet(first))) == {"caption": "A street"}
    without = in_languages("dc:description", fr="Une rue", de="Eine Straße")
    assert texts(with_xmp(packet(without))) == {"caption": "Une rue"}
    blank = in_languages("dc:description", x_default=" ", de="Eine Straße")
    assert texts(with_xmp(packet(blank))) == {"caption": "Eine Straße"}


def test_control_characters_do_not_break_the_packet():
    xmp = packet(
        tag("photoshop:Credit", "A F\vP") + "<photoshop:City>Ka&#0;b&#x1F;ul</photoshop:City>"
    )
    assert texts(with_xmp(xmp.replace(b"A F", b"A\0F"))) == {
        "credit_line": "AFP",
        "place": "Kabul",
    }


# --- Metadata of programs and agencies ----------------------------------------------------------

PHOTOSHOP = packet(
    in_languages("dc:description", x_default="A harbour at dawn.")
    + several("Seq", "dc:creator", "Ann Bode")
    + in_languages("dc:rights", x_default="© 2021 Ann Bode")
    + several("Bag", "dc:subject", "harbour", "dawn", "harbour")
    + in_languages("dc:title", x_default="0815gdx")
    + in_languages("xmpRights:UsageTerms", x_default="Editorial use only.\nNo archive.")
    + "<Iptc4xmpCore:CreatorContactInfo Iptc4xmpCore:CiAdrCity='Kiel' Iptc4xmpCore:CiAdrPcode="
    "'24103' Iptc4xmpCore:CiEmailWork='ann@bode.example' Iptc4xmpCore:CiTelWork='+49 431 0000'/>",
    'photoshop:Credit="Bode/Coast Agency" photoshop:DateCreated="2021-05-03T06:07:08.55+02:00" '
    'photoshop:City="Kiel" photoshop:Country="Germany" photoshop:Headline="Dawn" '
    'photoshop:Instructions="Newsmagazines Out" xmpRights:WebStatement="https://bode.example/terms"',
)
LIGHTROOM = packet(
    several("Seq", "dc:creator", "Ann Bode")
    + in_languages("dc:rights", x_default="© 2021 Ann Bode")
    + "<Iptc4xmpExt:LocationCreated><rdf:Bag><rdf:li Iptc4xmpExt:City='Kiel' "
    "Iptc4xmpExt:CountryName='Germany'/></rdf:Bag></Iptc4xmpExt:LocationCreated>"
    + "<mwg-rs:Regions rdf:parseType='Resource'><mwg-rs:RegionList><rdf:Bag><rdf:li>"
    "<rdf:Description mwg-rs:Type='Face' mwg-rs:Name='Ida Kern'/></rdf:li><rdf:li>"
    "<rdf:Description mwg-rs:Type='Pet' mwg-rs:Name='Rex'/></rdf:li>"
    "</rdf:Bag></mwg-rs:RegionList></mwg-rs:Regions>",
    'aux:SerialNumber="3019384" exif:DateTimeOriginal="2021-05-03T06:07:08" '
    'exif:GPSLatitude="54,19.4N" exif:GPSLongitude="10,8.1E"',
)
PHOTO_MECHANIC = packet(
    in_languages("dc:description", x_default="KIEL, GERMANY - MAY 3: A harbour. (Photo by A. Bode)")
    + several("Seq", "dc:creator", "Ann Bode")
    + several("Bag", "Iptc4xmpExt:PersonInImage", "Ida Kern", "Jan Holm"),
    'photoshop:DateCreated="2021-05-03" photoshop:Credit="Coast Agency" Iptc4xmpCore:Location='
    '"Old Port" photoshop:City="Kiel" photoshop:State="Schleswig-Holstein" photoshop:Country='
    '"Germany" Iptc4xmpCore:CountryCode="DEU"',
)
EXIFTOOL = packet(
    rdf="<rdf:Description rdf:about=''><Iptc4xmpCore:CreatorContactInfo rdf:parseType='Resource'>"
    "<Iptc4xmpCore:CiAdrExtadr>1 Quay</Iptc4xmpCore:CiAdrExtadr><Iptc4xmpCore:CiUrlWork>"
    "https://bode.example</Iptc4xmpCore:CiUrlWork></Iptc4xmpCore:CreatorContactInfo>"
    "</rdf:Description><rdf:Description rdf:about=''><Iptc4xmpExt:DigitalSourceType>"
    "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture</Iptc4xmpExt:DigitalSourceType>"
    "<Iptc4xmpExt:PersonInImageWDetails><rdf:Bag><rdf:li rdf:parseType='Resource'>"
    f"{in_languages('Iptc4xmpExt:PersonName', x_default='Ida Kern')}</rdf:li></rdf:Bag>"
    "</Iptc4xmpExt:PersonInImageWDetails></rdf:Description><rdf:Description rdf:about=''>"
    "<plus:LicenseEndDate>2027-01-31</plus:LicenseEndDate><plus:Licensor><rdf:Seq><rdf:li rdf:"
    "parseType='Resource'><plus:LicensorURL>https://agency.example/1</plus:LicensorURL></rdf:li>"
    "</rdf:Seq></plus:Licensor></rdf:Description>"
)
CAPTURE_ONE = packet(
    in_languages("dc:description", x_default="A harbour at dawn")
    + several("Seq", "dc:creator", "Ann Bode", "Jan Holm")
    + tag("photoshop:City", "Kiel")
    + tag("Iptc4xmpCore:IntellectualGenre", "")
    + tag("photoshop:DateCreated", "2021-05")
)
AGENCY = packet(
    "<plus:Licensor><rdf:Seq><rdf:li plus:LicensorURL='https://agency.example/detail/12?utm=x'/>"
    "</rdf:Seq></plus:Licensor>"
    + in_languages("dc:description", x_default="A crowd gathers in Valdria, 3 May. AGENCY/A. BODE")
    + several("Seq", "dc:creator", "ANN BODE")
    + in_languages("dc:rights", x_default="AGENCY or licensors"),
    'photoshop:Credit="AGENCY via Coast Images" photoshop:Source="AGENCY" photoshop:DateCreated='
    '"2021-05-03T00:00:00.000Z" photoshop:Headline="VALDRIA-PROTEST" photoshop:Instructions='
    '"RESTRICTED TO EDITORIAL USE - NO SALES"',
)


@pytest.mark.parametrize(
    ("xmp", "expected"),
    [
        (
            PHOTOSHOP,
            {
                "credit_line": "Bode/Coast Agency",
                "creator": "Ann Bode",
                "caption": "A harbour at dawn.",
                "headline": "Dawn",
                "copyright_notice": "© 2021 Ann Bode",
                "usage_terms": "Editorial use only.\nNo archive.",
                "date_created": "2021-05-03",
                "place": "Kiel, Germany",
                "web_statement": "https://bode.example/terms",
                "keywords": ["harbour", "dawn"],
                "instructions": "Newsmagazines Out",
                "contact": ["ann@bode.example", "+49 431 0000", "24103, Kiel"],
            },
        ),
        (
            LIGHTROOM,
            {
                "creator": "Ann Bode",
                "copyright_notice": "© 2021 Ann Bode",
                "date_created": "2021-05-03",
                "place": "Kiel, Germany",
                "people": ["Ida Kern"],
                "camera_position": True,
                "serials": True,
            },
        ),
        (
            PHOTO_MECHANIC,
            {
                "credit_line": "Coast Agency",
                "creator": "Ann Bode",
                "caption": "KIEL, GERMANY - MAY 3: A harbour. (Photo by A. Bode)",
                "date_created": "2021-05-03",
                "place": "Old Port, Kiel, Schleswig-Holstein, Germany",
                "people": ["Ida Kern", "Jan Holm"],
            },
        ),
        (
            EXIFTOOL,
            {
                "licence_ends": "2027-01-31",
                "web_statement": "https://agency.example/1",
                "people": ["Ida Kern"],
                "contact": ["1 Quay", "https://bode.example"],
                "digital_source_type": "digitalCapture",
            },
        ),
        (
            CAPTURE_ONE,
            {
                "creator": "Ann Bode, Jan Holm",
                "caption": "A harbour at dawn",
                "date_created": "2021-05",
                "place": "Kiel",
            },
        ),
        (
            AGENCY,
            {
                "credit_line": "AGENCY via Coast Images",
                "creator": "ANN BODE",
                "caption": "A crowd gathers in Valdria, 3 May. AGENCY/A. BODE",
                "headline": "VALDRIA-PROTEST",
                "copyright_notice": "AGENCY or licensors",
                "date_created": "2021-05-03",
                "web_statement": "https://agency.example/detail/12?utm=x",
                "instructions": "RESTRICTED TO EDITORIAL USE - NO SALES",
            },
        ),
    ],
    ids=["Photoshop", "Lightroom", "Photo Mechanic", "exiftool", "Capture One", "an agency"],
)
def test_the_metadata_of_programs_and_agencies_is_read(xmp, expected):
    assert texts(with_xmp(xmp)) == expected


def test_the_iptc_of_an_agency_is_read():
    block = iim(
        (5, b"0815gdx"), (25, b"harbour"), (25, b"dawn"), (37, b"20270131"), (55, b"20210503"),
        (40, b"Newsmagazines Out"), (80, b"Ann Bode"), (80, b"Jan Holm"), (90, b"Kiel"),
        (92, b"Old Port"), (95, b"Schleswig-Holstein"), (101, b"Germany"), (105, b"Dawn"),
        (110, b"AFP"), (116, "© AFP".encode()), (118, b"desk@afp.example"),
        (120, b"A harbour.\rAt dawn."), charset=b"\x1b%G",
    )  # fmt: skip
    expected = {
        "credit_line": "AFP",
        "creator": "Ann Bode, Jan Holm",
        "caption": "A harbour.\nAt dawn.",
        "headline": "Dawn",
        "copyright_notice": "© AFP",
        "date_created": "2021-05-03",
        "place": "Old Port, Kiel, Schleswig-Holstein, Germany",
        "licence_ends": "2027-01-31",
        "keywords": ["harbour", "dawn"],
        "instructions": "Newsmagazines Out",
        "contact": ["desk@afp.example"],
    }
    for format in IIM_IN:
        assert texts(with_iim(block, format)) == expected, format


def test_a_long_value_of_iptc_with_an_extended_size_is_read():
    long = b"\x1c\x02\x78\x80\x04" + struct.pack(">I", 40_000) + b"A word " * 5714 + b"  "
    found = texts(with_iim(iim((110, b"AFP")) + long + iim((80, b"Ann"))))
    assert found["credit_line"] == "AFP"
    assert found["creator"] == "Ann"
    assert found["caption"] == ("A word " * 5714)[:5000].strip()


def test_both_copyright_holders_of_exif_are_read():
    block = tiff({0x8298: b"Ann Bode\0Coast Agency\0"})
    assert texts(with_exif(block)) == {"copyright_notice": "Ann Bode; Coast Agency"}


def test_the_texts_of_a_png_are_used_last():
    chunks = [
        (b"tEXt", b"Author\0M\xfcller"),
        (b"iTXt", b"Description\0\0\0\0\0" + "Łódź".encode()),
        (b"zTXt", b"Copyright\0\0" + zlib.compress(b"\xa9 M\xfcller")),
    ]
    expected = {"creator": "Müller", "caption": "Łódź", "copyright_notice": "© Müller"}
    assert texts(png(*chunks)) == texts(png(*chunks, last=True)) == expected
    xmp = (b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + packet(tag("dc:creator", "Ann Bode")))
    assert texts(png(*chunks, xmp)) == expected | {"creator": "Ann Bode"}


@pytest.mark.parametrize(
    ("sample", "expected"),
    [
        (
            "iptc-staff-photographer-example.jpg",
            {
                "credit_line": "Big Newspaper",
                "creator": "John Doe",
                "caption": "After digging the furrows another ten yards with the tractor, Jim "
                "Moore hops off to hand-set more leeks and onions.",
                "headline": "Farmer planting onions",
                "copyright_notice": "©2010 Big Newspaper, all rights reserved",
                "usage_terms": "For consideration only, no reproduction without prior permission",
                "date_created": "2007-04-19",
                "place": "Moore family farm, Watseka, Illinois, United States of America",
                "web_statement": "http://www.bignewspaper.com/",
                "instructions": "Newspapers Out, Original Artixscan 4000 of color negative file, "
                "160 ISO (frame 35a) is 7.6 x 11.2 at 500ppi, in Adobe RGB.",
                "people": ["Jim Moore"],
                "contact": [
                    "johndoe@bignewspaper.com",
                    "+1 (800) 1234567",
                    "Big Newspaper, 123 Main Street, 02134, Boston, Massachusetts, United States",
                    "http://www.bignewspaper.com",
                ],
            },
        ),
        ("DSCN0010.jpg", {"date_created": "2008-10-22", "camera_position": True}),
        # Its comment is PHP. Comments of GIF files are not read.
        ("POC_phpinfo-metadata.gif", {}),
        ("pil_sample_cmyk.jpg", {}),
        ("landscape_1.jpg", {}),
        ("hopper.avif", {}),
        ("animated-loop-3.webp", {}),
        ("Flag_of_the_Netherlands-16bit.png", {}),
        ("truncated_jpeg.jpg", {}),
    ],
)
def test_genuine_files_are_read_as_exiftool_reads_them(sample, expected):
    found = texts((IMAGES / sample).read_bytes())
    assert len(found.pop("keywords", "")) in (0, 22)
    assert found == expected


# --- Values -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2021-05-03", "2021-05-03"),
        ("2021-05-03T23:59:59-06:00", "2021-05-03"),
        ("2021:05:03 10:00:00", "2021-05-03"),
        ("20210503", "2021-05-03"),
        ("2021-05", "2021-05"),
        ("2021", "2021"),
        ("20210500", "2021-05"),
        ("20210000", "2021"),
        ("2021-00-00T00:00:00", "2021"),
        ("2021-02-30", "2021-02"),
        ("2021-13-01", "2021"),
        ("1839", "1839"),
        ("0000:00:00 00:00:00", ""),
        ("    :  :     :  :  ", ""),
        ("0001-01-01T00:00:00", ""),
        ("9999-12-31", ""),
        ("00000000", ""),
        ("202105031", ""),
        ("yesterday", ""),
        ("٢٠٢١-٠٥-٠٣", ""),
    ],
)
def test_a_date_is_as_precise_as_in_the_file(written, expected):
    content = with_xmp(packet(tag("photoshop:DateCreated", written)))
    assert texts(content).get("date_created", "") == expected
    content = with_exif(tiff({}, {0x9003: written.encode() + b"\0"}))
    assert texts(content).get("date_created", "") == expected


def test_only_a_complete_date_is_the_end_of_a_licence():
    for written, expected in (("2027-01-31", "2027-01-31"), ("2027", ""), ("2027-01", "")):
        content = with_xmp(packet(tag("plus:LicenseEndDate", written)))
        assert texts(content).get("licence_ends", "") == expected
    for written, expected in ((b"20270131", "2027-01-31"), (b"20270000", ""), (b"99991231", "")):
        assert texts(with_iim(iim((37, written)))).get("licence_ends", "") == expected


def location(name: str, **parts: str) -> str:
    inside = "".join(tag(f"Iptc4xmpExt:{part}", text) for part, text in parts.items())
    item = f"<rdf:li rdf:parseType='Resource'>{inside}</rdf:li>"
    return f"<Iptc4xmpExt:{name}><rdf:Bag>{item}</rdf:Bag></Iptc4xmpExt:{name}>"


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        (tag("photoshop:City", "Singapore") + tag("photoshop:Country", "Singapore"), "Singapore"),
        (tag("photoshop:City", "KABUL") + tag("photoshop:State", "Kabul"), "Kabul"),
        (location("LocationCreated", City="Kabul", CountryCode="AF"), "Kabul"),
        (
            location("LocationShown", City="Herat", CountryName="Afghanistan")
            + location("LocationCreated", City="Kabul", CountryName="Afghanistan"),
            "Kabul, Afghanistan",
        ),
        (
            location("LocationCreated", CountryName="Afghanistan")
            + tag("photoshop:City", "Kabul")
            + tag("photoshop:Country", "Afghanistan"),
            "Kabul, Afghanistan",
        ),
        (
            location("LocationCreated", Sublocation="Low orbit")
            + location("LocationShown", City="Hotan", ProvinceState="Xinjiang"),
            "Hotan, Xinjiang",
        ),
        (location("LocationCreated", City=" ", CountryName="-"), ""),
    ],
)  # fmt: skip
def test_the_most_complete_place_is_used_without_repetition(inside, expected):
    assert texts(with_xmp(packet(inside))).get("place", "") == expected


@pytest.mark.parametrize(
    "default",
    [
        "OLYMPUS DIGITAL CAMERA         ", "SONY DSC", "Default", "Exif_JPEG_PICTURE", "   ", "",
        "charset=Ascii", "?????? ????", "-", "Created with GIMP", "Processed by VSCO",
        '{"camera":"front"}',
    ],
)  # fmt: skip
def test_the_default_text_of_a_camera_is_not_a_caption(default):
    assert texts(with_exif(tiff({0x010E: default.encode() + b"\0"}))) == {}
    assert texts(with_iim(iim((120, default.encode())))) == {}
    assert texts(with_xmp(packet(in_languages("dc:description", x_default=default)))) == {}
    # The caption of a person in another field is used.
    beside = all_three(
        in_languages("dc:description", x_default=default),
        [(120, default.encode())],
        {0x010E: default.encode(), 0x9C9C: "A street".encode("utf-16-le")},
    )
    assert texts(beside) == {"caption": "A street"}


SCRIPTS = [
    "<script>alert(1)</script>", "<?php system($_GET['c']); ?>", "<img src=x onerror=alert(1)>",
    "&lt;b&gt;", "{{ settings.SECRET_KEY }} {% debug %}", "javascript:alert(1)",
    "x]]>", "' OR 1=1 --",
]  # fmt: skip


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_in_metadata_is_only_text(script):
    for content in (
        with_xmp(packet(in_languages("dc:description", x_default=script))),
        with_iim(iim((120, script.encode()))),
        with_exif(tiff({0x010E: b" " + script.encode() + b"\0"}, {0x9286: b""})),
    ):
        assert texts(content) == {"caption": script}


def test_unescaped_markup_is_reduced_to_its_text():
    xmp = packet("<dc:description>A <b>big</b> dog<script>x()</script></dc:description>")
    assert texts(with_xmp(xmp)) == {"caption": "A big dogx()"}


@pytest.mark.parametrize(
    ("address", "is_kept"),
    [
        ("https://agency.example/terms?a=1&b=2", True),
        ("HTTP://agency.example", True),
        ("javascript:alert(1)", False),
        ("data:text/html,x", False),
        ("//agency.example", False),
        ("www.agency.example", False),
        ("https://agency.example/\"><script>", False),
        ("https://agency.example/" + "x" * 5000, False),
        ("", False),
    ],
)  # fmt: skip
def test_only_a_web_address_is_kept(address, is_kept):
    licensor = f"<plus:Licensor><rdf:Seq><rdf:li>{tag('plus:LicensorURL', address)}</rdf:li>"
    licensor = licensor.replace("<rdf:li>", "<rdf:li rdf:parseType='Resource'>")
    for inside in (
        tag("xmpRights:WebStatement", address),
        licensor + "</rdf:Seq></plus:Licensor>",
    ):
        expected = {"web_statement": address} if is_kept else {}
        assert texts(with_xmp(packet(inside))) == expected


def test_the_length_of_values_and_lists_is_limited():
    found = found_in(
        with_xmp(
            packet(
                in_languages("dc:description", x_default="word " * 5000)
                + several("Bag", "dc:subject", *(f"{n} {'x' * 900}" for n in range(400)))
                + several("Seq", "dc:creator", *(f"{n} {'x' * 900}" for n in range(400)))
            ),
            "PNG",
        )
    )
    assert len(found.caption) <= 5000
    assert len(found.creator) <= 5000
    assert len(found.keywords) == 50
    assert max(map(len, found.keywords)) == 500


# --- Private data -------------------------------------------------------------------------------


def test_contact_data_of_the_photographer_is_in_no_other_value():
    found = found_in((IMAGES / "iptc-staff-photographer-example.jpg").read_bytes()).as_dict()
    for private in found.pop("contact")[:3]:
        assert private not in json.dumps(found)


@pytest.mark.parametrize(
    "inside",
    [
        tag("exif:GPSLatitude", "43,28.0467N"),
        tag("drone-dji:GpsLongitude", "+11.885"),
        "<Iptc4xmpExt:LocationCreated><rdf:Bag><rdf:li rdf:parseType='Resource'>"
        "<exif:GPSLatitude>43,28N</exif:GPSLatitude></rdf:li></rdf:Bag></Iptc4xmpExt:LocationCreated>",
        "<Iptc4xmpExt:LocationShown><rdf:Bag><rdf:li exif:GPSLongitude = '11,53E'/></rdf:Bag>"
        "</Iptc4xmpExt:LocationShown>",
    ],
)
def test_a_position_is_detected_everywhere_in_xmp(inside):
    assert texts(with_xmp(packet(inside))) == {"camera_position": True}


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("format", [*EXIF_IN, "TIFF"])
def test_a_position_is_detected_in_exif(format, order):
    for gps, expected in (
        ({2: (43, 28, 2), 4: (11, 53, 6)}, {"camera_position": True}),
        ({4: (0, 0, 1)}, {"camera_position": True}),
        ({20: (43, 28, 2)}, {"camera_position": True}),
        ({0: b"\2\3\0\0", 2: (0, 0, 0), 4: (0, 0, 0)}, {}),
        ({0: b"\2\3\0\0"}, {}),
    ):
        if format == "TIFF":
            content = tiff({}, gps=gps, order=order, pixel=True)
        else:
            content = with_exif(tiff({}, gps=gps, order=order), format)
        assert texts(content) == expected


def test_empty_fields_of_a_position_are_not_a_position():
    inside = tag("exif:GPSLatitude", "") + tag("exif:GPSVersionID", "2.3.0.0")
    inside += tag("exif:GPSLatitudeRef", "N") + tag("exif:GPSAltitude", "0/1")
    assert texts(with_xmp(packet(inside))) == {}


@pytest.mark.parametrize(
    "name",
    [
        "aux:SerialNumber", "aux:LensSerialNumber", "aux:OwnerName", "exifEX:BodySerialNumber",
        "exifEX:LensSerialNumber", "exifEX:CameraOwnerName",
    ],
)  # fmt: skip
def test_a_serial_number_or_an_owner_is_detected_in_xmp(name):
    assert texts(with_xmp(packet(tag(name, "0012")))) == {"serials": True}
    assert texts(with_xmp(packet(tag(name, "0000000")))) == {}


@pytest.mark.parametrize("tag", [0xA430, 0xA431, 0xA435])
def test_a_serial_number_or_an_owner_is_detected_in_exif(tag):
    assert texts(with_exif(tiff({}, {tag: b"NO= 3019384\0"}))) == {"serials": True}
    assert texts(with_exif(tiff({}, {tag: b"        \0"}))) == {}


# --- Made by AI ---------------------------------------------------------------------------------

TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/"
ALTERED = "compositeWithTrainedAlgorithmicMedia"


@pytest.mark.parametrize(
    ("written", "code", "is_ai"),
    [
        (TYPE + "trainedAlgorithmicMedia", "trainedAlgorithmicMedia", True),
        (TYPE + f"{ALTERED}/", ALTERED, True),
        (TYPE + ALTERED.replace("With", "dWith"), ALTERED, True),
        (TYPE + "compositeSynthetic", "compositeSynthetic", True),
        ("digsrctype:trainedAlgorithmicMedia", "trainedAlgorithmicMedia", True),
        ("TrainedAlgorithmicMedia", "trainedAlgorithmicMedia", True),
        (TYPE + "digitalCapture", "digitalCapture", False),
        (TYPE + "computationalCapture", "computationalCapture", False),
        (TYPE + "algorithmicMedia", "algorithmicMedia", False),
        (TYPE + "algorithmicallyEnhanced", "algorithmicallyEnhanced", False),
        (TYPE + "humanEdits", "humanEdits", False),
        (TYPE + "composite", "composite", False),
        (TYPE + "virtualRecording", "virtualRecording", False),
    ],
)  # fmt: skip
def test_a_digital_source_type_says_whether_ai_made_it(written, code, is_ai):
    resource = f"<Iptc4xmpExt:DigitalSourceType rdf:resource='{written}'/>"
    for inside in (tag("Iptc4xmpExt:DigitalSourceType", written), resource):
        found = found_in(with_xmp(packet(inside)))
        assert (found.digital_source_type, found.ai_made) == (code, is_ai)
    about_ai = [sentence for sentence in warnings(found, TODAY) if "AI" in sentence]
    assert len(about_ai) == (is_ai or code in ("composite", "virtualRecording"))
    assert all(code in sentence for sentence in about_ai)
    assert any(AI_SENTENCES.get(code, "never") in sentence for sentence in about_ai) == is_ai


def test_the_name_of_an_ai_system_says_that_ai_made_it():
    found = found_in(with_xmp(packet(tag("Iptc4xmpExt:AISystemUsed", "Painter 3"))))
    assert found.ai_made
    assert "Painter 3" in warnings(found, TODAY)[0]
    found = found_in(with_xmp(packet(attributes='TC260:AIGC=\'{"Label":"1"}\'')))
    assert found.ai_made
    assert "AIGC" in warnings(found, TODAY)[0]


def manifest(*codes: str, thumbnail=0) -> bytes:
    """Return the boxes of a C2PA manifest that we read: JUMBF around CBOR."""

    def box(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content) + 8) + kind + content

    uuid = bytes.fromhex("00110010800000aa00389b71")
    actions = b"".join(
        b"\xa2fcaction" + b"lc2pa.created" + b"qdigitalSourceType" + b"\x78"
        + bytes([len(TYPE + code)]) + (TYPE + code).encode()
        for code in codes
    )  # fmt: skip
    image = box(b"jumb", box(b"jumd", uuid) + box(b"bidb", bytes(thumbnail)))
    claims = box(b"jumb", box(b"jumd", uuid) + box(b"cbor", b"\xa1gactions" + actions))
    return box(b"jumb", box(b"jumd", b"c2pa" + uuid + b"\3c2pa\0") + image + claims)


def with_manifest(content: bytes, format: str) -> bytes:
    match format:
        case "JPEG":
            head, rest = content[:8], content[8:]
            parts = [rest[at : at + 64_000] for at in range(0, len(rest), 64_000)]
            numbered = (struct.pack(">2sHI", b"JP", 1, n + 1) for n in range(len(parts)))
            return jpeg(
                *((0xEB, n + head + part) for n, part in zip(numbered, parts, strict=False))
            )
        case "PNG":
            return png((b"caBX", content))
        case "WEBP":
            chunk = b"C2PA" + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)
            odd = packet() + b" " * (1 - len(packet()) % 2)
            made = saved("WEBP", xmp=odd) + chunk
            return made[:4] + struct.pack("<I", len(made) - 8) + made[8:]
        case "TIFF":
            return tiff({52545: content}, pixel=True)
        case "AVIF":
            uuid = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
            body = uuid + bytes(4) + b"manifest\0" + bytes(8) + content
            return saved("AVIF") + struct.pack(">I", len(body) + 8) + b"uuid" + body
    raise ValueError(format)


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("is_cut", [False, True])
def test_content_credentials_say_that_ai_made_it(format, is_cut):
    # A part of a JPEG may end inside the word that we search for.
    codes = ("digitalCapture", "trainedAlgorithmicMedia")
    thumbnail = 64_000 - manifest(*codes).index(b"AlgorithmicMedia") if is_cut else 0
    found = found_in(with_manifest(manifest(*codes, thumbnail=thumbnail), format))
    assert found.ai_made
    assert found.digital_source_type == "trainedAlgorithmicMedia"
    assert "Content Credentials" in warnings(found, TODAY)[0]
    photo = found_in(with_manifest(manifest(codes[0], thumbnail=thumbnail), format))
    assert not photo.ai_made
    assert photo.digital_source_type == "digitalCapture"
    assert warnings(photo, TODAY) == []


def test_ai_in_the_credentials_counts_even_if_xmp_names_a_camera():
    xmp = packet(tag("Iptc4xmpExt:DigitalSourceType", TYPE + "digitalCapture"))
    made = with_manifest(manifest("compositeWithTrainedAlgorithmicMedia"), "JPEG")
    content = (
        made[:2] + struct.pack(">HH", 0xFFE1, len(XMP_HEAD + xmp) + 2) + XMP_HEAD + xmp + made[2:]
    )
    found = found_in(content)
    assert found.ai_made
    assert found.digital_source_type == "compositeWithTrainedAlgorithmicMedia"


PARAMETERS = (
    "a crowd in front of a parliament, photo\nNegative prompt: text\n"
    "Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 12, Size: 512x512"
)


@pytest.mark.parametrize(
    "content",
    [
        png((b"tEXt", b"parameters\0" + PARAMETERS.encode())),
        png((b"iTXt", b"parameters\0\0\0\0\0" + PARAMETERS.encode()), last=True),
        png((b"tEXt", b'prompt\0{"3": {"class_type": "KSampler", "inputs": {}}}')),
        png((b"tEXt", b'workflow\0{"last_node_id": 9, "nodes": []}')),
        png((b"tEXt", b"Software\0NovelAI"), (b"tEXt", b"Description\0a crowd")),
        png((b"iTXt", b'invokeai_metadata\0\0\0\0\0{"app_version": "5"}')),
        png((b"tEXt", b'AIGC\0{"Label": "1"}')),
        with_exif(tiff({}, {0x9286: b"UNICODE\0" + PARAMETERS.encode("utf-16-be")})),
        with_exif(tiff({}, {0x9286: b"ASCII\0\0\0" + PARAMETERS.encode()}), "WEBP"),
        with_exif(tiff({0x010F: b'workflow:{"nodes": []}\0'}), "WEBP"),
    ],
)
def test_the_settings_of_an_image_generator_say_that_ai_made_it(content):
    found = texts(content)
    assert found.pop("ai_made")
    assert "image generator" in found.pop("ai_evidence")
    assert found == {}  # the prompt is not a caption


@pytest.mark.parametrize(
    "content",
    [
        png((b"tEXt", b"parameters\0exposure 1/60")),
        png((b"tEXt", b"prompt\0What do you see?")),
        png((b"tEXt", b"Software\0Adobe Photoshop")),
        with_exif(tiff({0x010E: b"Steps: of the parliament\0"})),
        with_xmp(
            packet(in_languages("dc:description", x_default=TYPE + "trainedAlgorithmicMedia"))
        ),
        with_manifest(manifest("empty"), "PNG"),
    ],
)
def test_metadata_that_only_looks_like_ai_is_not_ai(content):
    assert not found_in(content).ai_made
    assert not found_in(content).digital_source_type
    assert not warnings(found_in(content), TODAY)


# --- Warnings -----------------------------------------------------------------------------------


def test_an_ordinary_picture_has_no_warnings():
    assert warnings(EmbeddedMetadata(), TODAY) == []
    quiet = EmbeddedMetadata(credit_line="AFP", caption="A street", licence_ends="2027-01-31")
    assert warnings(quiet, TODAY) == []


def test_instructions_are_quoted_and_shortened():
    (warning,) = warnings(EmbeddedMetadata(instructions="Newsmagazines Out.\nNo sales."), TODAY)
    assert "“Newsmagazines Out. No sales”" in warning
    (warning,) = warnings(EmbeddedMetadata(instructions="Not for use. " * 300), TODAY)
    assert len(warning) < 500


def test_a_licence_has_a_warning_from_the_day_after_its_end():
    found = EmbeddedMetadata(licence_ends="2025-11-24")
    assert warnings(found, TODAY) == []
    (warning,) = warnings(found, TODAY + timedelta(days=1))
    assert "ended on 24 November 2025" in warning


def test_the_warning_about_position_and_serial_numbers_says_what_we_do():
    for found, words in (
        (
            EmbeddedMetadata(camera_position=True),
            "contains its location. We remove it from everything",
        ),
        (
            EmbeddedMetadata(serials=True),
            "contains the serial number of the camera. We remove it from everything",
        ),
        (
            EmbeddedMetadata(camera_position=True, serials=True),
            "its location and the serial number of the camera.",
        ),
    ):
        (warning,) = warnings(found, TODAY)
        assert words in warning


def test_an_e_mail_address_in_a_public_text_has_a_warning():
    found = EmbeddedMetadata(
        caption="By ann@bode.example", usage_terms="Ask desk@agency.example", creator="@ann"
    )
    (warning,) = warnings(found, TODAY)
    assert "(caption, usage terms)" in warning


@pytest.mark.parametrize("pattern", COORDINATES)
def test_coordinates_in_any_text_of_the_file_have_a_warning(pattern):
    example = COORDINATES[pattern]
    assert re.search(pattern, example, re.IGNORECASE)
    for name in ("caption", "headline", "credit_line", "usage_terms", "alt_text", "place"):
        (warning,) = warnings(EmbeddedMetadata(**{name: f"A hut.\n{example}."}), TODAY)
        assert f"contains coordinates ({metadata_warnings.FIELDS[name]})" in warning
    assert warnings(EmbeddedMetadata(keywords=("hut", example)), TODAY)


@pytest.mark.parametrize(
    "text",
    ["It had 40° Celsius.", "12.345,67 EUR", "1/250 s, f/2.8, 50.0 mm", "In 2021, 12.5 million",
     "Rooms 1.250, 3.400", "On the long, latitudinal road", "+44 20 7033 1500", "192.168.100.200"],
)  # fmt: skip
def test_other_numbers_are_not_taken_for_coordinates(text):
    assert not has_coordinates(text)


# --- Broken and hostile files -------------------------------------------------------------------


def check(found: EmbeddedMetadata) -> None:
    """Assert that metadata can be stored in any database and read back unchanged."""
    stored = json.dumps(found.as_dict())
    assert EmbeddedMetadata.from_dict(json.loads(stored)) == found
    for field in fields(EmbeddedMetadata):
        value = getattr(found, field.name)
        assert type(value) is type(field.default), field.name
        texts = value if isinstance(value, tuple) else [value] if isinstance(value, str) else []
        for text in texts:
            assert len(text.encode()) <= 20_000  # no half of a surrogate pair can be encoded
            assert text == text.strip()
            assert not re.search("[\0-\x09\x0b-\x1f\x7f-\x9f]", text)
    for sentence in warnings(found, TODAY):
        assert sentence.endswith(".")


def test_metadata_that_another_version_stored_can_be_read():
    assert EmbeddedMetadata.from_dict({"credit_line": "AFP", "colour": "red"}) == EmbeddedMetadata(
        credit_line="AFP"
    )


@pytest.mark.parametrize("sample", sorted(path.name for path in IMAGES.iterdir()))
def test_every_sample_that_is_a_picture_can_be_read_from_disk_and_then_loaded(sample):
    with (IMAGES / sample).open("rb") as file:
        try:
            picture = Image.open(file)
        except (Image.UnidentifiedImageError, Image.DecompressionBombError):
            return
        found = read(picture, file)
        check(found)
        assert found == found_in((IMAGES / sample).read_bytes())
        if sample not in ("truncated_jpeg.jpg", "decompression_bomb.gif"):
            picture.load()
            assert read(picture, file) == found


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "GIF"])
def test_a_picture_can_be_loaded_after_its_metadata_is_read(format):
    content = with_xmp(packet(tag("photoshop:Credit", "AFP")), format)
    file = io.BytesIO(content)
    picture = Image.open(file)
    place = file.tell()
    assert read(picture, file).credit_line == "AFP"
    assert file.tell() == place
    picture.load()
    assert picture.size in ((8, 8), (1, 1))
    assert read(picture, file).credit_line == "AFP"


class Opened:
    """Replaces an image of Pillow, which refuses some broken files or opens them slowly."""

    def __init__(self, *parts: tuple[str, bytes], **info) -> None:
        self.applist, self.info = list(parts), info


def test_a_heif_is_read_with_the_data_of_its_plugin():
    block = b"Exif\0\0" + tiff({0x013B: "Müller".encode()}, gps={2: (43, 28, 2)})
    picture = Opened(xmp=packet(tag("photoshop:Credit", "AFP")), exif=block, icc_profile=None)
    manifested = with_manifest(manifest("trainedAlgorithmicMedia"), "AVIF")
    found = read(picture, io.BytesIO(manifested.replace(b"ftypavif", b"ftypheic")))
    assert (found.credit_line, found.creator) == ("AFP", "Müller")
    assert found.camera_position
    assert found.ai_made
    assert read(Opened(xmp=None, exif=b""), io.BytesIO(b"\0\0\0\x10ftypheic")) == EmbeddedMetadata()


random_bytes = st.binary(max_size=400)
text = st.text(max_size=200)
datasets = st.lists(st.tuples(st.integers(0, 255), random_bytes), max_size=12)
tags = st.dictionaries(
    st.sampled_from([0x010E, 0x013B, 0x8298, 0x9C9B, 0x9C9C, 0x9C9D, 0x9003, 0x9286, 0xA431]),
    random_bytes,
)


@effort(max_examples=60, deadline=None)
@given(random_bytes, random_bytes, random_bytes, random_bytes)
def test_no_random_bytes_break_the_reader(xmp, block, exif, c2pa):
    parts = [
        ("APP1", XMP_HEAD + xmp), ("APP1", MORE_XMP_HEAD + xmp), ("APP11", b"JP" + c2pa),
        ("APP1", b"Exif\0\0II*\0" + exif), ("APP1", b"Exif\0\0" + exif),
        ("APP13", b"Photoshop 3.0\0" + resources(block)),
        ("APP13", b"Photoshop 3.0\x008BIM" + block),
    ]  # fmt: skip
    for order in (parts, parts[::-1]):
        check(read(Opened(*order), io.BytesIO(c2pa)))
    check(
        found_in(png((b"iTXt", xmp), (b"zTXt", block), (b"eXIf", exif), (b"caBX", c2pa), last=True))
    )
    check(found_in(png((b"zTXt", b"Raw profile type iptc\0\0" + zlib.compress(block)))))
    check(found_in(saved("WEBP", xmp=xmp, exif=exif)))
    check(found_in(with_xmp(xmp, "GIF")))


@effort(max_examples=60, deadline=None)
@given(text, datasets, tags, st.sampled_from("<>"))
@example("\ud800\x00\ufffe\x85\u202e", [(120, b"\x00\x1b\x9f")], {0x9C9B: b"\x00\xd8"}, "<")
def test_no_random_values_break_the_reader(words, values, texts, order):
    safe = words.encode("utf-8", "replace").decode()
    inside = in_languages("dc:description", x_default=safe) + tag("photoshop:DateCreated", safe)
    inside += several("Bag", "dc:subject", safe, safe) + tag("Iptc4xmpExt:DigitalSourceType", safe)
    check(found_in(with_xmp(packet(inside))))
    check(found_in(with_iim(iim(*values))))
    check(found_in(with_exif(tiff(texts, texts, order=order))))
    check(found_in(tiff(texts | {700: packet(inside)}, order=order, pixel=True)))


@effort(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 255), st.sampled_from(["xmp", "iim", "exif", "png"]))
def test_no_changed_byte_breaks_the_reader(at, value, what):
    content = {
        "xmp": PHOTOSHOP,
        "iim": resources(iim((110, b"AFP"), (120, b"A street"), (25, b"dog"))),
        "exif": tiff({0x010E: b"A street\0"}, {0x9003: b"2021:05:03\0"}, {2: (43, 28, 2)}),
        "png": zlib.compress(PHOTOSHOP),
    }[what]
    at %= len(content)
    content = content[:at] + bytes([value]) + content[at + 1 :]
    if what == "png":
        check(found_in(png((b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + content), last=True)))
    heads = {"xmp": XMP_HEAD, "iim": b"Photoshop 3.0\0", "exif": b"Exif\0\0", "png": b""}
    name = "APP13" if what == "iim" else "APP1"
    check(read(Opened((name, heads[what] + content)), io.BytesIO()))


BILLION_LAUGHS = (
    "<?xml version='1.0'?><!DOCTYPE x [<!ENTITY a0 'lol'>"
    + "".join(f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 12))
    + "]>"
)
EXTERNAL = "<!DOCTYPE x [<!ENTITY a11 SYSTEM 'file:///etc/hostname'>]>"


@pytest.mark.parametrize("doctype", [BILLION_LAUGHS, EXTERNAL])
@pytest.mark.parametrize("code", ["utf-8", "utf-16"])
@pytest.mark.parametrize("place", ["<photoshop:Credit>&a11;</photoshop:Credit>", ""])
def test_no_xml_entity_is_expanded_or_fetched(doctype, code, place):
    attribute = "" if place else "photoshop:Credit='&a11;'"
    xmp = (doctype + packet(place, attribute).decode()).encode(code)
    assert texts(with_xmp(xmp)) == {}
    inside = packet(doctype + place, attribute).decode().encode(code)
    assert texts(with_xmp(inside)) == {}


def xmp_part(inside: str | bytes) -> tuple[str, bytes]:
    inside = inside if isinstance(inside, bytes) else inside.encode()
    return "APP1", XMP_HEAD + packet("INSIDE").replace(b"INSIDE", inside)


HEAVY = {
    "ten megabytes": Opened(xmp_part(tag("photoshop:Credit", "x" * 10_000_000))),
    "many tags": Opened(xmp_part("<a/>" * 200_000)),
    "as many tags as are read": Opened(xmp_part("<a/>" * 24_000)),
    "many attributes": Opened(xmp_part("<a " + " ".join(f"b{n}=''" for n in range(24_000)) + "/>")),
    "deep": Opened(xmp_part("<a>" * 24_000)),
    "many names": Opened(xmp_part(several("Bag", "dc:subject", *["a"] * 20_000))),
    "blanks": Opened(xmp_part(tag("dc:description", " " * 900_000 + "x"))),
    "lines": Opened(xmp_part(tag("dc:description", "\n \t" * 300_000))),
    "invalid UTF-8": Opened(xmp_part(b"<dc:description>" + b"a\xe9" * 450_000)),
    "control characters": Opened(xmp_part("a\x01" * 450_000)),
    "character references": Opened(xmp_part("a&#0;" * 180_000)),
    "half a position": Opened(xmp_part(":gpslat" * 120_000)),
    "half a root": Opened(("APP1", XMP_HEAD + b"<x:xmpmeta" * 90_000)),
    "resources": Opened(*[("APP13", b"Photoshop 3.0\x008BIM\x04\x05\0\0\0\0\0\0" * 4000)] * 200),
    "datasets": Opened(("APP13", b"Photoshop 3.0\0" + resources(b"\x1c\x02\x19\0\0" * 190_000))),
    "parts": Opened(*[("APP1", b"x")] * 300_000),
    "one text for all tags": Opened(
        (
            "APP1",
            b"Exif\0\0II*\0\x08\0\0\0\xff\xff"
            + struct.pack("<HHII", 0x010E, 2, 60_000, 8) * 5000,
        )
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HEAVY)
def test_a_heavy_file_is_read_or_skipped_quickly(name):
    began = time.perf_counter()
    found = read(HEAVY[name], io.BytesIO(b""))
    # An idle machine takes a hundredth of it. Quadratic work would take minutes.
    assert time.perf_counter() - began < 2
    check(found)


def test_a_packet_that_is_too_large_is_skipped_and_the_rest_is_read():
    credit = tag("photoshop:Credit", "AFP")
    block = "APP13", b"Photoshop 3.0\0" + resources(iim((110, b"Agence")))
    for weight, expected in (("<a/>" * 24_000, "AFP"), ("<a/>" * 60_000, "Agence")):
        picture = Opened(xmp_part(credit + weight), block)
        assert read(picture, io.BytesIO()).credit_line == expected
    for weight, expected in (("x" * 900_000, "AFP"), ("x" * 1_000_000, "Agence")):
        picture = Opened(xmp_part(credit + tag("xmp:Label", weight)), block)
        assert read(picture, io.BytesIO()).credit_line == expected


def test_pixels_are_skipped_without_reading_them(tmp_path):
    path = tmp_path / "large.png"
    idat = struct.pack(">I", 8192) + b"IDAT" + bytes(8192 + 4)
    content = with_xmp(packet(tag("photoshop:Credit", "AFP")), "PNG, after pixels")
    at = content.index(b"IDAT") - 4
    path.write_bytes(content[:at] + idat * 7000 + content[at:])
    with path.open("rb") as file, Image.open(file) as picture:
        began = time.perf_counter()
        assert read(picture, file).credit_line == "AFP"
        assert time.perf_counter() - began < 2


def test_compressed_texts_of_a_png_are_unpacked_to_a_limit():
    bombs = [(b"zTXt", b"key\0\0" + zlib.compress(bytes(20_000_000)))] * 50
    bombs += [(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(b"<" * 20_000_000))]
    began = time.perf_counter()
    assert texts(png(*bombs, last=True)) == {}
    assert time.perf_counter() - began < 2


def test_the_reader_needs_neither_django_nor_a_database():
    asked = "import sys, assets.metadata; print(*sorted(sys.modules))"
    answer = subprocess.run(
        [sys.executable, "-c", asked], cwd=settings.BASE_DIR, capture_output=True, text=True
    )
    loaded = {name.partition(".")[0] for name in answer.stdout.split()}
    assert {"PIL", "lxml", "assets"} <= loaded
    assert not loaded & {"django", "sqlite3", "psycopg", "defusedxml"}

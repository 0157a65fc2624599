"""Builds the Word files, PDFs and recordings that the tests of cleaning need."""

import io
import re
import zipfile
from collections.abc import Callable

import pikepdf
from lxml import etree
from pikepdf import Array, Dictionary, Name, Stream, String
from PIL import Image

from tests.make import DATA

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
SPACES = (
    f'xmlns:w="{W}" xmlns:r="{R}" xmlns:v="urn:schemas-microsoft-com:vml" '
    'xmlns:o="urn:schemas-microsoft-com:office:office" '
    'xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture"'
)
OLD_WORD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "WordDocument".encode("utf-16-le")
KINDS = "application/vnd.openxmlformats-officedocument.wordprocessingml."
PACKAGE = "http://schemas.openxmlformats.org/package/2006"


def part(root: str, inside: str) -> bytes:
    return f'<?xml version="1.0"?><w:{root} {SPACES}>{inside}</w:{root}>'.encode()


def relations(*rows: str) -> bytes:
    inside = "".join(f"<Relationship {row}/>" for row in rows)
    return f'<Relationships xmlns="{PACKAGE}/relationships">{inside}</Relationships>'.encode()


def relation(number: int, kind: str, target: str, external: bool = False) -> str:
    mode = ' TargetMode="External"' if external else ""
    known = kind if "/" in kind else f"{R}/{kind}"
    return f'Id="rId{number}" Type="{known}" Target="{target}"{mode}'


def word(body: str, rows: list[str] | None = None, root_rows: list[str] | None = None,
         **parts: bytes) -> bytes:  # fmt: skip
    """Return a Word file. In names of further parts, `__` stands for `/` and `_dot_` for `.`."""
    given = {
        "[Content_Types].xml": (
            f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" ContentType='
            '"application/vnd.openxmlformats-package.relationships+xml"/>'
            '<Default Extension="xml" ContentType="application/xml"/>'
            '<Default Extension="jpeg" ContentType="image/jpeg"/>'
            '<Default Extension="bin" ContentType="application/octet-stream"/>'
            f'<Override PartName="/word/document.xml" ContentType="{KINDS}document.main+xml"/>'
            f'<Override PartName="/word/footnotes.xml" ContentType="{KINDS}footnotes+xml"/>'
            f'<Override PartName="/word/settings.xml" ContentType="{KINDS}settings+xml"/>'
            f'<Override PartName="/word/styles.xml" ContentType="{KINDS}styles+xml"/></Types>'
        ).encode(),
        "_rels/.rels": relations(
            relation(1, "officeDocument", "word/document.xml"), *(root_rows or [])
        ),
        "word/document.xml": part("document", f"<w:body>{body}<w:sectPr/></w:body>"),
        "word/_rels/document.xml.rels": relations(*(rows or [])),
    }
    given |= {name.replace("__", "/").replace("_dot_", "."): content
              for name, content in parts.items()}  # fmt: skip
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in given.items():
            archive.writestr(name, content)
    return out.getvalue()


def paragraph(*runs: str) -> str:
    return f"<w:p>{''.join(runs)}</w:p>"


def run(words: str, properties: str = "") -> str:
    before = f"<w:rPr>{properties}</w:rPr>" if properties else ""
    return f'<w:r w:rsidR="00AB12CD">{before}<w:t xml:space="preserve">{words}</w:t></w:r>'


def picture(id: str, how: str = "embed", name: str = "IMG_2034.jpg", descr: str = "") -> str:
    return (
        f'<w:r><w:drawing><wp:inline><wp:docPr id="4" name="{name}" descr="{descr}"/><a:graphic>'
        f'<a:graphicData uri="x"><pic:pic><pic:nvPicPr><pic:cNvPr id="4" name="{name}"/>'
        f'</pic:nvPicPr><pic:blipFill><a:blip r:{how}="{id}"/></pic:blipFill></pic:pic>'
        "</a:graphicData></a:graphic></wp:inline></w:drawing></w:r>"
    )


def parts_of(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def words_of(content: bytes) -> str:
    """Return the words of a Word file that a reader sees, with tracked changes accepted."""
    tree = etree.fromstring(parts_of(content)["word/document.xml"])
    gone = ("del", "moveFrom")
    words = []
    for text in tree.iter(f"{{{W}}}t", f"{{{W}}}p"):
        if text.tag.endswith("}p"):
            words.append(" ")
        elif not any(etree.QName(one).localname in gone for one in text.iterancestors()):
            words.append(text.text or "")
    return " ".join("".join(words).split())


def assert_it_opens(content: bytes) -> None:
    """Assert that every part is valid XML, has a type, and refers only to existing parts."""
    parts = parts_of(content)
    types = etree.fromstring(parts["[Content_Types].xml"])
    named = {one.get("PartName") for one in types} - {None}
    for name, inside in parts.items():
        if name.endswith((".xml", ".rels")):
            etree.fromstring(inside)
        if not name.endswith(".rels") and name != "[Content_Types].xml":
            assert f"/{name}" in named, name
        if name.endswith(".rels"):
            owner = name.replace("_rels/", "").removesuffix(".rels")
            ids = set()
            for one in etree.fromstring(inside):
                ids.add(one.get("Id"))
                if one.get("TargetMode") != "External":
                    assert one.get("Target").lstrip("/") in parts, (name, one.get("Target"))
            if owner in parts:
                used = re.findall(rb'r:(?:embed|id|link|pict)="([^"]+)"', parts[owner])
                assert {each.decode() for each in used} <= ids, owner
    for name in parts:
        if name.endswith(".xml") and name.startswith("word/") and "_rels" not in name:
            rels = f"word/_rels/{name.removeprefix('word/')}.rels"
            if re.search(rb' r:(?:embed|id)="', parts[name]):
                assert rels in parts, name


# --- PDF ----------------------------------------------------------------------------------------

GPS = (DATA / "images" / "DSCN0010.jpg").read_bytes()


def pdf(change=None, words: str = "Words of the report", **save) -> bytes:
    """Return a PDF of one page with words; `change` is called with it before it is saved."""
    document = pikepdf.new()
    document.add_blank_page(page_size=(300, 200))
    page = document.pages[0]
    font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
    page.Resources = Dictionary(Font=Dictionary(F1=font))
    text = f"BT /F1 12 Tf 20 150 Td ({words}) Tj ET".encode()
    page.Contents = Stream(document, text)
    if change:
        change(document)
    out = io.BytesIO()
    document.save(out, **save)
    return out.getvalue()


def with_info(document) -> None:
    document.docinfo["/Author"] = "Anna Verel"
    document.docinfo["/Producer"] = "Scanner of Room 9"


def with_xmp(document) -> None:
    with document.open_metadata(set_pikepdf_as_editor=False) as meta:
        meta["dc:creator"] = ["Berta Xmp"]


def with_picture(document) -> None:
    image = Stream(document, GPS)
    image.Type, image.Subtype, image.Filter = Name.XObject, Name.Image, Name.DCTDecode
    image.Width, image.Height, image.BitsPerComponent = 640, 480, 8
    image.ColorSpace = Name.DeviceRGB
    document.pages[0].Resources.XObject = Dictionary(Im1=document.make_indirect(image))


def with_attachment(document) -> None:
    document.attachments["list-of-sources.txt"] = b"Carla Source"


def with_script(document) -> None:
    document.Root.OpenAction = Dictionary(S=Name.JavaScript, JS=String("app.alert('Dora')"))
    document.Root.AA = Dictionary(WC=Dictionary(S=Name.JavaScript, JS=String("Dora")))


def with_comments(document) -> None:
    page = document.pages[0]
    note = Dictionary(Type=Name.Annot, Subtype=Name.Text, Rect=Array([1, 1, 9, 9]),
                      T=String("Emil Editor"), Contents=String("Is Emma safe?"))  # fmt: skip
    link = Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=Array([1, 1, 9, 9]),
                      A=Dictionary(S=Name.URI, URI=String("https://ours.example/")))  # fmt: skip
    local = Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=Array([1, 1, 9, 9]),
                       A=Dictionary(S=Name.Launch, F=String("C:/Users/Frida/x.doc")))  # fmt: skip
    page.Annots = Array([document.make_indirect(one) for one in (note, link, local)])
    document.Root.StructTreeRoot = Dictionary(
        Type=Name.StructTreeRoot, K=Dictionary(Type=Name.OBJR, Obj=page.Annots[0])
    )


def with_traces(document) -> None:
    page = document.pages[0]
    page.OPI = Dictionary(F=String("Jule/scan.tif"))
    page.PieceInfo = Dictionary(Illustrator=Dictionary(Private=String("Gustav")))
    page.Thumb = document.make_indirect(Stream(document, b"Hanna", Width=1, Height=1))
    page.Metadata = document.make_indirect(Stream(document, b"<x:xmpmeta>Ida</x:xmpmeta>"))


def with_names_like_keys(document) -> None:
    """Give a font and a drawing names that are keys with a meaning elsewhere in a PDF."""
    page = document.pages[0]
    drawing = Stream(document, b"BT /Metadata 12 Tf 20 90 Td (and the drawing) Tj ET")
    drawing.Type, drawing.Subtype = Name.XObject, Name.Form
    drawing.BBox = Array([0, 0, 300, 200])
    drawing.Metadata = document.make_stream(b"<x:xmpmeta>Ida</x:xmpmeta>")
    page.Resources.Font = document.make_indirect(Dictionary(Metadata=page.Resources.Font.F1))
    page.Resources.XObject = Dictionary(AA=document.make_indirect(drawing))
    drawing.Resources = Dictionary(Font=page.Resources.Font)
    words = page.Contents.read_bytes().replace(b"/F1", b"/Metadata")
    page.Contents = Stream(document, words + b" /AA Do")


def pages_with_a_hole(packed: bool, tenth: int) -> bytes:
    """Return a PDF of twenty pages in which a twentieth of the bytes is zeros."""
    document = pikepdf.new()
    for number in range(20):
        document.add_blank_page()
        words = b"BT /F1 12 Tf 20 20 Td (Page %d) Tj ET" % number + b" " * 400
        document.pages[-1].Contents = Stream(document, words)
    out = io.BytesIO()
    mode = pikepdf.ObjectStreamMode.generate if packed else pikepdf.ObjectStreamMode.disable
    document.save(out, compress_streams=packed, object_stream_mode=mode)
    content = out.getvalue()
    begin, length = len(content) * tenth // 10, len(content) // 20
    return content[:begin] + bytes(length) + content[begin + length :]


def with_notes_in_rare_places(document) -> None:
    page = document.pages[0]
    document.trailer.Author = document.Root.URI = String("Wanda")
    page.MyNotes = document.Root.OCProperties = Dictionary(
        D=Dictionary(Creator=String("Wanda")), OCGs=Array([])
    )
    deep = Dictionary(Metadata=document.make_stream(b"Wanda"))
    for _ in range(60):
        deep = Dictionary(Inside=deep)
    file = pikepdf.AttachedFileSpec(document, b"Wanda", filename="wanda.txt").obj
    usage = Dictionary(CreatorInfo=Dictionary(Creator=String("Wanda")))
    layer = Dictionary(Type=Name.OCG, Name=String("Map"), Usage=usage)
    page.Resources.Properties = Dictionary(
        Deep=deep, File=Dictionary(My=file), Layer=document.make_indirect(layer)
    )
    document.Root.StructTreeRoot = Dictionary(
        Type=Name.StructTreeRoot,
        K=Dictionary(Type=Name.StructElem, S=Name.Figure, T=String("Wanda"),
                     Alt=String("C:\\Users\\Wanda\\photo.jpg")),
    )  # fmt: skip
    action = Dictionary(S=Name.URI, URI=String("https://wanda:Wanda@ours.example/"))
    link = Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=Array([1, 1, 9, 9]), A=action,
                      T=String("Wanda"), Contents=String("by Wanda"))  # fmt: skip
    page.Annots = Array([document.make_indirect(link)])


def with_pictures_in_rare_forms(document) -> None:
    """Add a JPEG that only its filter marks as a picture, and a JPEG 2000 with embedded XML."""
    page = document.pages[0]
    picture = Stream(document, GPS, Width=640, Height=480, ColorSpace=Name.DeviceRGB,
                     BitsPerComponent=8, Filter=Name.DCTDecode, By=String("Wanda"))  # fmt: skip
    out = io.BytesIO()
    Image.new("RGB", (16, 16)).save(out, "JPEG2000", comment="Wanda")
    words = out.getvalue() + box(b"asoc", box(b"xml ", b"<gml>Wanda</gml>"))
    other = Stream(document, words, Type=Name.XObject, Subtype=Name.Image, Width=16, Height=16,
                   Filter=Name.JPXDecode, By=String("Wanda"))  # fmt: skip
    page.Resources.XObject = Dictionary(
        A=document.make_indirect(picture), B=document.make_indirect(other)
    )


def with_a_layer(**layer) -> Callable[[pikepdf.Pdf], None]:
    """Return a function that adds a layer which is shown only in some cases."""

    def change(document) -> None:
        found = document.make_indirect(Dictionary(Type=Name.OCG, Name=String("Names"), **layer))
        document.Root.OCProperties = Dictionary(OCGs=Array([found]), D=Dictionary())
        shown_without = Dictionary(Type=Name.OCMD, OCGs=found, P=Name.AllOff)
        document.pages[0].Resources.Properties = Dictionary(M=found if layer else shown_without)

    return change


def with_a_picture_in_the_text(document) -> None:
    text = b" BI /W 640 /H 480 /BPC 8 /CS /RGB /F /DCT ID " + GPS + b" EI"
    page = document.pages[0]
    page.Contents = Stream(document, page.Contents.read_bytes() + text)


def with_a_file_in_place_of_the_language(document) -> None:
    file = Stream(document, b"Wanda", Type=Name.EmbeddedFile)
    document.Root.Lang = document.make_indirect(file)


def with_redaction(document) -> None:
    mark = Dictionary(Type=Name.Annot, Subtype=Name.Redact, Rect=Array([1, 1, 9, 9]))
    document.pages[0].Annots = Array([document.make_indirect(mark)])


def with_hidden_layer(document) -> None:
    layer = document.make_indirect(Dictionary(Type=Name.OCG, Name=String("Names")))
    document.Root.OCProperties = Dictionary(OCGs=Array([layer]), D=Dictionary(OFF=Array([layer])))


def with_signature(document) -> None:
    value = Dictionary(Type=Name.Sig, Contents=String("x"))
    field = Dictionary(FT=Name.Sig, T=String("s"), V=document.make_indirect(value))
    document.Root.AcroForm = Dictionary(SigFlags=3, Fields=Array([document.make_indirect(field)]))


def with_earlier_version() -> bytes:
    """Return a PDF that contains an earlier version of itself, in which somebody is named."""
    first = pdf(words="Jonas was here", compress_streams=False,
                object_stream_mode=pikepdf.ObjectStreamMode.disable)  # fmt: skip
    number = int(re.search(rb"/Contents (\d+) 0 R", first)[1])
    root = re.search(rb"/Root (\d+ 0 R)", first)[1]
    size = re.search(rb"/Size (\d+)", first)[1]
    start = int(re.search(rb"startxref\s+(\d+)", first)[1])
    new = b"BT /F1 12 Tf 20 150 Td (Nobody was here) Tj ET"
    out = first + b"\n"
    at = len(out)
    out += b"%d 0 obj\n<< /Length %d >>\nstream\n%s\nendstream\nendobj\n" % (number, len(new), new)
    table = len(out)
    out += b"xref\n%d 1\n%010d 00000 n \n" % (number, at)
    return out + b"trailer\n<< /Size %s /Root %s /Prev %d >>\nstartxref\n%d\n%%%%EOF\n" % (
        size, root, start, table,
    )  # fmt: skip


# --- Recordings ---------------------------------------------------------------------------------


def box(name: bytes, content: bytes) -> bytes:
    return (8 + len(content)).to_bytes(4, "big") + name + content


FRAME = b"\xff\xfb\x90\x00" + b"\0" * 413


def mp3() -> bytes:
    text = b"\0Klara Singer"
    tag = b"TPE1" + len(text).to_bytes(4, "big") + b"\0\0" + text
    old = b"TAG" + b"Ludwig".ljust(125, b"\0")
    return b"ID3\x03\0\0\0\0\0" + bytes([len(tag)]) + tag + FRAME * 3 + old


def wav() -> bytes:
    def chunk(name: bytes, content: bytes) -> bytes:
        return name + len(content).to_bytes(4, "little") + content

    tags = chunk(b"LIST", b"INFOIART\x06\0\0\0Marta\0")
    inside = b"WAVE" + chunk(b"fmt ", b"\0" * 16) + tags + chunk(b"data", b"SOUNDING")
    return b"RIFF" + len(inside).to_bytes(4, "little") + inside


def vorbis_comments(*tags: bytes) -> bytes:
    return (
        (3).to_bytes(4, "little") + b"enc" + len(tags).to_bytes(4, "little")
        + b"".join(len(one).to_bytes(4, "little") + one for one in tags)
    )  # fmt: skip


def flac() -> bytes:
    tags = vorbis_comments(b"ARTIST=Nina")
    return (
        b"fLaC\0\0\0\x22" + b"\0" * 34 + b"\x84" + len(tags).to_bytes(3, "big") + tags
        + b"\xff\xf8SOUND"
    )  # fmt: skip


def ogg_page(number: int, packet: bytes, stream: bytes = b"SERI") -> bytes:
    from assets.cleaning.recordings import _ogg_sum

    table = bytes([255] * (len(packet) // 255) + [len(packet) % 255])
    flags = b"\0" if number else b"\2"  # marks the first page of a stream
    head = b"OggS\0" + flags + bytes(8) + stream + number.to_bytes(4, "little") + bytes(4)
    page = head + bytes([len(table)]) + table + packet
    return page[:22] + _ogg_sum(page).to_bytes(4, "little") + page[26:]


def ogg() -> bytes:
    tags = b"OpusTags" + vorbis_comments(b"ARTIST=Otto Pauker", b"DATE=2024")
    return ogg_page(0, b"OpusHead" + bytes(11)) + ogg_page(1, tags) + ogg_page(2, b"SOUND" * 9)


def film(inside: bytes = b"", handler: bytes = b"vide", brand: bytes = b"isom") -> bytes:
    times = box(b"mvhd", b"\0\0\0\0" + b"\xdd\xcc\xbb\xaa" * 2 + b"\0" * 80)
    track = box(b"trak", box(b"mdia", box(b"hdlr", b"\0" * 8 + handler + b"\0" * 13)))
    moov = box(b"moov", times + track + inside)
    return box(b"ftyp", brand + b"\0\0\0\0" + brand) + moov + box(b"mdat", b"MOVING" * 9)


def film_with_words() -> bytes:
    artist = b"data\0\0\0\x01\0\0\0\0Paula Filmer"
    return film(box(b"udta", box(b"meta", b"\0" * 4 + box(b"ilst", artist))))


def element(name: bytes, content: bytes) -> bytes:
    return name + bytes([0x80 | len(content)]) + content


def webm() -> bytes:
    info = element(b"\x15\x49\xa9\x66", element(b"\x7b\xa9", b"Rosa at home"))
    tags = element(b"\x12\x54\xc3\x67", b"Simon " * 4)
    cluster = element(b"\x1f\x43\xb6\x75", b"MOVING")
    return element(b"\x1a\x45\xdf\xa3", element(b"\x42\x82", b"webm")) + element(
        b"\x18\x53\x80\x67", info + tags + cluster
    )


APE = b"APETAGEX" + (2000).to_bytes(4, "little") + (52).to_bytes(4, "little") + b"\1\0\0\0"
TAGS = vorbis_comments(b"ARTIST=Xenia")
VIDEO = bytes(42) + b"Xenia Camera".ljust(36)


def flac_and(after: bytes) -> bytes:
    return b"fLaC\x80\0\0\x22" + b"\0" * 34 + b"\xff\xf8SOUND" + after


def ogg_of(first: bytes, second: bytes, stream: bytes = b"SERI") -> bytes:
    return ogg_page(0, first, stream) + ogg_page(1, second, stream) + ogg_page(2, b"X", stream)


def film_track(inside: bytes) -> bytes:
    return film(box(b"trak", inside))


def webm_with(inside: bytes) -> bytes:
    head = element(b"\x1a\x45\xdf\xa3", element(b"\x42\x82", b"webm"))
    return head + element(b"\x18\x53\x80\x67", inside)


def webm_track(inside: bytes) -> bytes:
    return webm_with(element(b"\x16\x54\xae\x6b", element(b"\xae", inside)))


OPUS = b"OpusHead" + bytes(11)
# Each contains "Xenia" in a place that is rarely used.
PLACES = {
    "ID3v2 at the end.mp3": FRAME * 3 + b"ID3\4\0\x10\0\0\0\5Xenia3DI\4\0\x10\0\0\0\5",
    "TAG+.mp3": FRAME * 3 + b"TAG+" + b"Xenia".ljust(223, b"\0") + b"TAG" + bytes(125),
    "Lyrics3.mp3": FRAME * 3 + b"LYRICSBEGINAUT00005Xenia000024LYRICS200" + b"TAG" + bytes(125),
    "APE before ID3v1.mp3": (
        FRAME * 3 + APE + b"\0\0\0\xa0" + bytes(8) + b"Xenia".ljust(20) + APE + b"\0\0\0\x80"
        + bytes(8) + b"TAG" + bytes(125)
    ),
    "words between frames.mp3": FRAME * 3 + b"Xenia" + FRAME * 3,
    "fact.wav": wav().replace(b"LIST", b"fact").replace(b"Marta", b"Xenia"),
    "behind the end.wav": wav() + b"Xenia",
    "ID3v1.flac": flac_and(b"TAG" + b"Xenia".ljust(125, b"\0")),
    "half an APE tag.flac": flac_and(b"APETAGEX" + bytes(24) + b"Xenia"),
    "FLAC.ogg": ogg_of(b"\x7fFLAC\1\0\0\1fLaC" + bytes(38), b"\x84\0\0\x20" + TAGS),
    "Speex.ogg": ogg_of(b"Speex   " + bytes(72), TAGS),
    "Theora.ogg": ogg_of(b"\x80theora" + bytes(35), b"\x81theora" + TAGS),
    "a second stream.ogg": (
        ogg_of(OPUS, b"OpusTags" + vorbis_comments())
        + b"".join(ogg_page(number, b"X") for number in range(3, 220))
        + ogg_of(OPUS, b"OpusTags" + TAGS, b"NEXT")
    ),
    "behind the comments.ogg": ogg_of(OPUS, b"OpusTags" + vorbis_comments() + b"Xenia"),
    "behind the end.ogg": ogg_of(OPUS, b"OpusTags" + vorbis_comments()) + b"Xenia",
    "gps.mp4": film(box(b"gps ", b"Xenia")),
    "free space.mp4": film(box(b"free", b"Xenia")),
    "an unknown box.mp4": film() + box(b"abcd", b"Xenia"),
    "behind zeros.mp4": film(bytes(4) + box(b"udta", b"Xenia")),
    "behind the end.mp4": film() + b"Xenia",
    "copyright of a track.mp4": film_track(box(b"cprt", b"Xenia") + box(b"xml ", b"Xenia")),
    "the name of a track.mp4": film_track(box(b"mdia", box(b"hdlr", bytes(8) + b"vide" + bytes(12)
                                                           + b"Xenia\0"))),
    "subtitles.mp4": film(handler=b"sbtl") + box(b"mdat", b"GPS(Xenia)"),
    "an encoder.mp4": film_track(box(b"mdia", box(b"minf", box(b"stbl", box(
        b"stsd", bytes(7) + b"\1" + box(b"avc1", VIDEO)))))),
    "a place of its data.mp4": film_track(box(b"mdia", box(b"minf", box(
        b"dinf", box(b"dref", bytes(7) + b"\1" + box(b"alis", b"\0\0\0\0Xenia")))))),
    "behind a zero.webm": webm_with(b"\0" + element(b"\x12\x54\xc3\x67", b"Xenia")),
    "void.webm": webm_with(element(b"\xec", b"Xenia")),
    "the program.webm": webm_with(element(b"\x15\x49\xa9\x66", element(b"\x57\x41", b"Xenia"))),
    "a track.webm": webm_track(element(b"\x83", b"\1") + element(b"\x53\x6e", b"Xenia")),
    "subtitles.webm": webm_track(element(b"\x83", b"\x11") + element(b"\x86", b"Xenia")),
    "chapters.webm": webm_with(element(b"\x10\x43\xa7\x70", b"Xenia")),
    "an unknown element.webm": webm_with(element(b"\x42\x42", b"Xenia")),
}  # fmt: skip

"""PDF without what it says of its makers, and without what is not on its pages.

It is written anew: what earlier versions of it held, and what nothing leads to, stays behind.
"""

import io
import re
import zlib
from typing import IO, Any

import pikepdf
from pikepdf import Array, Dictionary, Name, Pdf, Stream, String

from assets.cleaning import packed
from assets.cleaning.report import Cleaned, Report
from assets.pictures import BadFile

MOST_PICTURE = 200_000_000  # bytes
_SAFE_ADDRESS = re.compile(r"(?:https?|mailto|tel):", re.IGNORECASE)
_PASSWORD = re.compile(r"(?<=://)[^/?#\\]*@")  # and the name of a user
_LOCAL = re.compile(r"file:|\b[a-z]:[\\/]|\\\\|/(?:Users|home)/", re.IGNORECASE)
_INFO = {
    "/Author": "author", "/Creator": "program", "/Producer": "program", "/Title": "title",
    "/Subject": "properties", "/Keywords": "properties", "/Company": "company",
    "/Manager": "manager", "/SourceModified": "",
}  # fmt: skip
_DATES = {"/CreationDate", "/ModDate", "/Trapped"}
# What the catalogue may say: how pages are shown, read and found.
_CATALOGUE = {
    "/Type", "/Version", "/Pages", "/PageLabels", "/Dests", "/Names", "/ViewerPreferences",
    "/PageLayout", "/PageMode", "/Outlines", "/OpenAction", "/StructTreeRoot", "/MarkInfo", "/Lang",
    "/OutputIntents", "/OCProperties", "/AcroForm", "/Extensions",
}  # fmt: skip
_SHOWN = {"/Link", "/Widget"}  # of what lies on a page; the rest are comments, films and files
_KEYS_OF_PROGRAMS = (
    "/Metadata", "/PieceInfo", "/LastModified", "/Thumb", "/AA", "/AF", "/OPI",
)  # fmt: skip
# Dictionaries whose keys are names that the maker of the file chose, and those that hold such.
_TABLES = {"/CharProcs", "/Dests", "/RoleMap", "/ClassMap", "/Colorants"}
_HOLD_TABLES = {"/Resources", "/DR", "/AP"}
# What else may stand in an object; keys of their own are where programs keep their notes.
_PAGE = {
    "/Type", "/Parent", "/Resources", "/MediaBox", "/CropBox", "/BleedBox", "/TrimBox", "/ArtBox",
    "/BoxColorInfo", "/Contents", "/Rotate", "/Group", "/B", "/Dur", "/Trans", "/Annots",
    "/StructParents", "/SeparationInfo", "/Tabs", "/UserUnit", "/OutputIntents", "/Kids", "/Count",
}  # fmt: skip
_LINK = {
    "/Type", "/Subtype", "/Rect", "/A", "/Dest", "/H", "/QuadPoints", "/Border", "/BS", "/C", "/F",
    "/AP", "/AS", "/StructParent", "/P", "/OC",
}  # fmt: skip
_NOTES_ON_FIELDS = {"/Contents", "/NM", "/M", "/CreationDate", "/RC", "/Subj", "/Popup"}
_IMAGE = {
    "/Type", "/Subtype", "/Width", "/Height", "/ColorSpace", "/BitsPerComponent", "/Intent",
    "/ImageMask", "/Mask", "/Decode", "/Interpolate", "/SMask", "/SMaskInData", "/StructParent",
    "/OC", "/Length", "/Filter", "/DecodeParms", "/Matte", "/F", "/FFilter", "/FDecodeParms",
}  # fmt: skip
_LAYER = {"/Type", "/Name", "/Intent", "/Usage"}
_USAGE = {"/View", "/Print", "/Export", "/PageElement", "/Zoom", "/User", "/Language"}
_PROPERTY = _LAYER | {
    "/OCGs", "/P", "/VE", "/Subtype", "/BBox", "/Attached", "/MCID", "/Lang", "/Alt",
    "/ActualText", "/E",
}  # fmt: skip
_PLAIN_STREAM = {"/Length", "/Filter", "/DecodeParms", "/Resources"}  # of pages and letters
_INLINE_JPEG = re.compile(rb"\bBI\b.*?(?:/DCT|\xff\xd8\xff)", re.DOTALL)
_LONG_NAMES = {"/DCT": "/DCTDecode", "/Fl": "/FlateDecode"}
_INLINE_PICTURE = re.compile(rb"\bBI\b.*?\bID\b.*?\bEI\b", re.DOTALL)
_HARMLESS = "Resources is missing"  # of an empty page
_HOLE = bytes(64)  # no program writes so many zeros into the text of a page


def clean(file: IO[bytes]) -> Cleaned:
    """Return a PDF without Info, XMP, comments, attachments, scripts and earlier versions."""
    file.seek(0)
    content = file.read()
    try:
        pdf = pikepdf.open(io.BytesIO(content))
    except pikepdf.PasswordError:
        report = Report()
        report.cannot("encrypted")
        return report.cleaned()
    except pikepdf.PdfError as problem:
        raise _damaged() from problem
    with pdf:
        try:
            if not len(pdf.pages):
                raise _damaged()
            return _cleaned(pdf, content)
        except (pikepdf.PdfError, RuntimeError, ValueError, TypeError, KeyError,
                AttributeError) as problem:  # fmt: skip
            if isinstance(problem, BadFile):
                raise
            raise _damaged() from problem


def _damaged() -> BadFile:
    return BadFile("The file is damaged or cut short. Save or download it again.")


def _cleaned(pdf: Pdf, content: bytes) -> Cleaned:
    report = Report()
    _what_stands_in_the_way(pdf, report)
    if not pdf.is_encrypted and _needs_repair(pdf):
        report.cannot("repaired")
    if content.count(b"%%EOF") > 1 and content.count(b"startxref") > 1 and not _is_linear(content):
        report.removed("versions")
    _info(pdf, report)
    _attachments(pdf, report)
    _catalogue(pdf, report)
    _keep(pdf.trailer, {"/Root", "/Size", "/Encrypt"})
    for page in pdf.pages:
        _annotations(page.obj, report)
    for item, place in _reachable(pdf):
        _sweep(item, place, report)
    if any(item.get("/Type") == Name.EmbeddedFile for item, _place in _reachable(pdf)):
        report.cannot("embedded")  # something else leads to it
    out = io.BytesIO()
    pdf.save(out, deterministic_id=True, compress_streams=False)  # what is packed stays packed
    return report.cleaned(out.getvalue())


def _is_linear(content: bytes) -> bool:
    """Whether it has two ends only because its first page comes first."""
    return b"/Linearized" in content[:1024] and content.count(b"%%EOF") == 2


def _what_stands_in_the_way(pdf: Pdf, report: Report) -> None:
    if pdf.is_encrypted:
        report.cannot("encrypted")
    root = pdf.Root
    form = root.get("/AcroForm")
    signed = "/Perms" in root or (
        isinstance(form, Dictionary) and int(form.get("/SigFlags", 0) or 0) & 1
    )
    for item in pdf.objects:
        if not isinstance(item, Dictionary | Stream):
            continue
        if item.get("/FT") == Name.Sig and "/V" in item:
            signed = True
        if item.get("/Subtype") == Name.Redact:
            report.cannot("redactions")
    if signed:
        report.cannot("signed")
    if "/Collection" in root:
        report.cannot("portfolio")
    layers = root.get("/OCProperties")
    if isinstance(layers, Dictionary):
        shown = layers.get("/D", Dictionary())
        hidden = shown.get("/OFF", Array())
        if len(hidden) or shown.get("/BaseState") == Name.OFF:
            named = ", ".join(str(one.get("/Name", "")) for one in hidden)
            report.cannot("layers", named)
        for order in [shown, *layers.get("/Configs", Array())]:
            if "/Creator" in order:
                del order["/Creator"]


def _info(pdf: Pdf, report: Report) -> None:
    info = pdf.trailer.get("/Info")
    if isinstance(info, Dictionary):
        for key, value in info.items():
            if key in _DATES:
                continue
            text = str(value)
            if text.strip():
                report.removed(_INFO.get(key, "properties") or "properties", text)
    packet = pdf.Root.get("/Metadata")
    if isinstance(packet, Stream):
        for name in _authors_in(packet):
            report.removed("author", name)
        report.removed("xmp")


def _authors_in(packet: Stream) -> list[str]:
    from assets.embedded import Resource

    try:
        xmp = Resource.of_packets([packet.read_bytes()[:2_000_000]])
        return list(xmp.texts("dc:creator"))
    except Exception:  # it is taken out, whatever it says
        return []


def _attachments(pdf: Pdf, report: Report) -> None:
    for name in list(pdf.attachments):
        report.removed("attachment", name)
    names = pdf.Root.get("/Names")
    if isinstance(names, Dictionary):
        if "/JavaScript" in names:
            report.removed("script")
        for key in list(names.keys()):
            if key != "/Dests":
                del names[key]


def _catalogue(pdf: Pdf, report: Report) -> None:
    root = pdf.Root
    for key in list(root.keys()):
        if key not in _CATALOGUE:
            del root[key]
    form = root.get("/AcroForm")
    if isinstance(form, Dictionary):
        for key in ("/XFA", "/CO"):
            if key in form:
                report.removed("form_program")
                del form[key]
    action = root.get("/OpenAction")
    if isinstance(action, Dictionary) and action.get("/S") not in (Name.GoTo, None):
        report.removed("script")
        del root["/OpenAction"]


def _annotations(page: Any, report: Report) -> None:
    found = page.get("/Annots")
    if not isinstance(found, Array):
        return
    kept = Array()
    for one in found:
        if not isinstance(one, Dictionary) or str(one.get("/Subtype")) in _SHOWN:
            kept.append(one)
            continue
        kind = str(one.get("/Subtype"))
        if kind == "/FileAttachment":
            report.removed("attachment", _file_name(one.get("/FS")))
        elif kind in ("/Movie", "/Sound", "/Screen", "/RichMedia", "/3D"):
            report.removed("film")
        elif kind != "/Popup":
            report.removed("comments", str(one.get("/T", "")))
        _empty(one)  # the structure of the pages may lead to it still
    page["/Annots"] = kept


def _file_name(file: Any) -> str:
    if isinstance(file, Dictionary):
        return str(file.get("/UF", file.get("/F", "")))
    return ""


def _empty(item: Any) -> None:
    for key in list(item.keys()):
        if key not in ("/Type", "/Subtype", "/Rect"):
            del item[key]


def _needs_repair(pdf: Pdf) -> bool:
    """Whether a part of it is damaged, so that less would go out than was written."""
    said = [*pdf.check_pdf_syntax(), *pdf.get_warnings()]
    if any(_HARMLESS not in str(one) for one in said):
        return True
    for page in pdf.pages:
        found = page.obj.get("/Contents", Array())
        for one in found if isinstance(found, Array) else [found]:
            if not isinstance(one, Stream) or _HOLE in _INLINE_PICTURE.sub(b"", one.read_bytes()):
                return True
    return bool(pdf.get_warnings())


def _place_below(place: str, key: str) -> str:
    """Return what an object is for by where it hangs: a table is one whose keys are names."""
    if place in ("table", "properties"):
        return "property" if place == "properties" else ""
    if place == "holder":
        return "properties" if key == "/Properties" else "table"
    if key in _TABLES:
        return "table"
    return "holder" if key in _HOLD_TABLES else ""


def _reachable(pdf: Pdf) -> list[tuple[Any, str]]:
    """Return everything that will be in the file, and its place."""
    found: list[tuple[Any, str]] = []
    met: set[tuple[tuple[int, int], str]] = set()
    waiting: list[tuple[Any, str]] = [(pdf.trailer, "")]
    while waiting:
        item, place = waiting.pop()
        if isinstance(item, Stream):
            place = ""  # its keys are never names
        if item.is_indirect:
            if (item.objgen, place) in met:
                continue
            met.add((item.objgen, place))
        if isinstance(item, Array):
            waiting += [(one, "") for one in item if isinstance(one, _COMPOUND)]
            continue
        found.append((item, place))
        waiting += [
            (value, _place_below(place, key))
            for key, value in item.items()
            if isinstance(value, _COMPOUND)
        ]
    tables = {one.objgen for one, place in found if place in _ARE_TABLES and one.is_indirect}
    return [one for one in found if one[1] in _ARE_TABLES or one[0].objgen not in tables]


_COMPOUND = (Array, Dictionary, Stream)
_ARE_TABLES = ("table", "properties")


def _keep(item: Any, keys: set[str]) -> None:
    for key in list(item.keys()):
        if key not in keys:
            del item[key]


def _sweep(item: Any, place: str, report: Report) -> None:
    """Take out of an object what programs and scripts left there."""
    if place in _ARE_TABLES:
        return
    kind, subtype = str(item.get("/Type", "")), str(item.get("/Subtype", ""))
    if "/EF" in item:
        report.removed("attachment", _file_name(item))
        _empty(item)
    for key in _KEYS_OF_PROGRAMS:
        if key in item:
            if key == "/AA":
                report.removed("script")
            elif key == "/Thumb":
                report.removed("thumbnail")
            del item[key]
    if _LOCAL.search(str(item.get("/Alt", ""))):
        report.removed("picture_name", str(item["/Alt"]))
        del item["/Alt"]
    if kind == "/StructElem" or ("/S" in item and "/P" in item and not kind):
        _drop(item, {"/T", "/R"})
    if subtype == "/Form":
        _drop(item, {"/Ref"})  # another file
    if kind == "/Thread":
        _drop(item, {"/I"})  # who wrote an article
    if kind in ("/Page", "/Pages"):
        _keep(item, _PAGE)
    if place == "property":
        _keep(item, _PROPERTY)
    if subtype not in _SHOWN and kind == "/Annot":
        _empty(item)
    if subtype == "/Link":
        if words := str(item.get("/T", "") or item.get("/Contents", "")):
            report.removed("comments", words)
        _keep(item, _LINK)
    if subtype == "/Widget":
        _drop(item, _NOTES_ON_FIELDS)
    if kind in ("/OCG", "/OCMD"):
        _layer(item, kind, report)
    if "/S" in item:
        _action(item, report)
    if isinstance(item, Stream):
        _stream(item, subtype, report)


def _drop(item: Any, keys: set[str]) -> None:
    for key in keys:
        if key in item:
            del item[key]


def _layer(layer: Any, kind: str, report: Report) -> None:
    """Refuse what shows in some cases alone; take out who made it."""
    if kind == "/OCMD":
        if "/VE" in layer or str(layer.get("/P", "")) in ("/AllOff", "/AnyOff"):
            report.cannot("layers")
        return
    _keep(layer, _LAYER)
    usage = layer.get("/Usage")
    if not isinstance(usage, Dictionary):
        return
    _keep(usage, _USAGE)
    states = [usage.get(f"/{when}", Dictionary()).get(f"/{when}State")
              for when in ("View", "Print", "Export")]  # fmt: skip
    if Name.OFF in states or any(key in usage for key in ("/Zoom", "/User", "/Language")):
        report.cannot("layers", str(layer.get("/Name", "")))


def _action(action: Any, report: Report) -> None:
    kind = str(action.get("/S"))
    if kind == "/URI":
        address = str(action.get("/URI", ""))
        if not _SAFE_ADDRESS.match(address):
            report.removed("link", address)
            _keep(action, set())
        elif _PASSWORD.search(address):
            report.removed("link_words")
            action["/URI"] = String(_PASSWORD.sub("", address))
    elif kind in _UNSAFE:
        report.removed("script", _address_of(action))
        _keep(action, set())


_UNSAFE = {
    "/JavaScript", "/Launch", "/SubmitForm", "/ImportData", "/GoToR", "/GoToE", "/Rendition",
    "/Movie", "/Sound", "/Trans", "/GoTo3DView", "/RichMediaExecute", "/SetOCGState", "/Thread",
}  # fmt: skip


def _stream(stream: Stream, subtype: str, report: Report) -> None:
    names = set(stream.keys())
    if "/F" in names:
        report.cannot("embedded", _file_name(stream.get("/F")))  # its content is in another file
    of_its_own_format = _filters(stream)[-1:] in (["/DCTDecode"], ["/JPXDecode"])
    if of_its_own_format:
        _picture(stream, report)
    if subtype == "/Image" or of_its_own_format:
        if "/Alternates" in names:
            report.removed("other_picture")
        _keep(stream, _IMAGE)
    elif subtype == "/Form" or "/PatternType" in names or names <= _PLAIN_STREAM:
        words = stream.read_bytes()
        if _INLINE_JPEG.search(words):
            report.cannot("picture")
        if subtype == "/Form" and _HOLE in _INLINE_PICTURE.sub(b"", words):
            report.cannot("repaired")


def _address_of(action: Any) -> str:
    value = action.get("/URI") or action.get("/F") or ""
    return _file_name(value) if isinstance(value, Dictionary) else str(value)


def _filters(stream: Stream) -> list[str]:
    found = stream.get("/Filter", Array())
    names = [str(one) for one in found] if isinstance(found, Array) else [str(found)]
    return [_LONG_NAMES.get(one, one) for one in names]


def _picture(picture: Stream, report: Report) -> None:
    """Clean a picture of its own format, which is in the file as a camera wrote it."""
    names = _filters(picture)
    content = picture.read_raw_bytes()
    parameters = picture.get("/DecodeParms")
    while len(names) > 1 and names[0] == "/FlateDecode":
        content = zlib.decompressobj().decompress(content, MOST_PICTURE)
        names.pop(0)
        if isinstance(parameters, Array):
            parameters = parameters[1]
    if len(names) > 1:
        report.cannot("picture")
        return
    try:
        jpeg = names[0] == "/DCTDecode"
        cleaned = packed.jpeg(content) if jpeg else packed.jpeg_2000(content)
    except (ValueError, IndexError, OSError):
        report.cannot("picture")
        return
    if cleaned == content:
        return
    report.removed("picture")
    if packed.has_position(content):
        report.removed("picture_place")
    kept = parameters if isinstance(parameters, Dictionary) else None
    picture.write(cleaned, filter=Name(names[0]), decode_parms=kept)

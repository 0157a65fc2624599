"""Removes from a PDF the metadata about its makers, and everything that its pages do not show.

The file is written again, without earlier versions and unreferenced objects.
"""

import io
import re
import zlib
from typing import IO, Any

import pikepdf
from pikepdf import Array, Dictionary, Name, Pdf, Stream, String

from assets.cleaning import packed
from assets.cleaning.report import Cleaned, Report
from assets.messages import BadFileError
from assets.messages import message as _

MAX_PICTURE_BYTES = 200_000_000
_SAFE_ADDRESS = re.compile(r"(?:https?|mailto|tel):", re.IGNORECASE)
_PASSWORD = re.compile(r"(?<=://)[^/?#\\]*@")  # includes the user name
_LOCAL = re.compile(r"file:|\b[a-z]:[\\/]|\\\\|/(?:Users|home)/", re.IGNORECASE)
_INFO = {
    "/Author": "author", "/Creator": "program", "/Producer": "program", "/Title": "title",
    "/Subject": "properties", "/Keywords": "properties", "/Company": "company",
    "/Manager": "manager", "/SourceModified": "",
}  # fmt: skip
_DATES = {"/CreationDate", "/ModDate", "/Trapped"}
# Kept in the catalogue: keys that define how pages are shown, read and found.
_CATALOGUE = {
    "/Type", "/Version", "/Pages", "/PageLabels", "/Dests", "/Names", "/ViewerPreferences",
    "/PageLayout", "/PageMode", "/Outlines", "/OpenAction", "/StructTreeRoot", "/MarkInfo", "/Lang",
    "/OutputIntents", "/OCProperties", "/AcroForm", "/Extensions",
}  # fmt: skip
_SHOWN = {"/Link", "/Widget"}  # annotations that are kept; the rest are comments, films and files
_KEYS_OF_PROGRAMS = (
    "/Metadata", "/PieceInfo", "/LastModified", "/Thumb", "/AA", "/AF", "/OPI",
)  # fmt: skip
# Tables are dictionaries whose keys were chosen by the maker of the file.
_TABLES = {"/CharProcs", "/Dests", "/RoleMap", "/ClassMap", "/Colorants"}
_CONTAIN_TABLES = {"/Resources", "/DR", "/AP"}
# The keys that are kept in an object. Programs store their notes under other keys.
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
_PLAIN_STREAM = {"/Length", "/Filter", "/DecodeParms", "/Resources"}  # of pages and glyphs
_INLINE_JPEG = re.compile(rb"\bBI\b.*?(?:/DCT|\xff\xd8\xff)", re.DOTALL)
_LONG_NAMES = {"/DCT": "/DCTDecode", "/Fl": "/FlateDecode"}
_INLINE_PICTURE = re.compile(rb"\bBI\b.*?\bID\b.*?\bEI\b", re.DOTALL)
_HARMLESS = "Resources is missing"  # a warning about an empty page
_HOLE = bytes(64)  # no program writes so many zeros into the content of a page


def clean(file: IO[bytes]) -> Cleaned:
    """Return a PDF without Info, XMP, comments, attachments, scripts and earlier versions."""
    file.seek(0)
    content = file.read()
    try:
        pdf = pikepdf.open(io.BytesIO(content))
    except pikepdf.PasswordError:
        report = Report()
        report.problem("encrypted")
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
            if isinstance(problem, BadFileError):
                raise
            raise _damaged() from problem


def _damaged() -> BadFileError:
    return BadFileError(_("The file is damaged or incomplete. Save or download it again."))


def _cleaned(pdf: Pdf, content: bytes) -> Cleaned:
    report = Report()
    _find_problems(pdf, report)
    if not pdf.is_encrypted and _needs_repair(pdf):
        report.problem("repaired")
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
        report.problem("embedded")  # another object refers to it
    out = io.BytesIO()
    pdf.save(
        out, deterministic_id=True, compress_streams=False
    )  # compressed streams stay as they are
    return report.cleaned(out.getvalue())


def _is_linear(content: bytes) -> bool:
    """Return whether a PDF has two end marks only because it is linearized."""
    return b"/Linearized" in content[:1024] and content.count(b"%%EOF") == 2


def _find_problems(pdf: Pdf, report: Report) -> None:
    if pdf.is_encrypted:
        report.problem("encrypted")
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
            report.problem("redactions")
    if signed:
        report.problem("signed")
    if "/Collection" in root:
        report.problem("portfolio")
    layers = root.get("/OCProperties")
    if isinstance(layers, Dictionary):
        shown = layers.get("/D", Dictionary())
        hidden = shown.get("/OFF", Array())
        if len(hidden) or shown.get("/BaseState") == Name.OFF:
            names = ", ".join(str(layer.get("/Name", "")) for layer in hidden)
            report.problem("layers", names)
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
    from assets.xmp import Resource

    try:
        xmp = Resource.of_packets([packet.read_bytes()[:2_000_000]])
        return list(xmp.texts("dc:creator"))
    except Exception:  # the packet is removed in any case
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
    annotations = page.get("/Annots")
    if not isinstance(annotations, Array):
        return
    kept = Array()
    for annotation in annotations:
        if not isinstance(annotation, Dictionary) or str(annotation.get("/Subtype")) in _SHOWN:
            kept.append(annotation)
            continue
        kind = str(annotation.get("/Subtype"))
        if kind == "/FileAttachment":
            report.removed("attachment", _file_name(annotation.get("/FS")))
        elif kind in ("/Movie", "/Sound", "/Screen", "/RichMedia", "/3D"):
            report.removed("film")
        elif kind != "/Popup":
            report.removed("comments", str(annotation.get("/T", "")))
        _empty(annotation)  # the structure tree may still refer to it
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
    """Return whether a PDF is damaged, so that a copy would contain less than the original."""
    warnings = [*pdf.check_pdf_syntax(), *pdf.get_warnings()]
    if any(_HARMLESS not in str(warning) for warning in warnings):
        return True
    for page in pdf.pages:
        contents = page.obj.get("/Contents", Array())
        for part in contents if isinstance(contents, Array) else [contents]:
            if not isinstance(part, Stream) or _HOLE in _INLINE_PICTURE.sub(b"", part.read_bytes()):
                return True
    return bool(pdf.get_warnings())


def _place_below(place: str, key: str) -> str:
    """Return the role of an object in a dictionary with the role `place`; see _TABLES."""
    if place in ("table", "properties"):
        return "property" if place == "properties" else ""
    if place == "holder":
        return "properties" if key == "/Properties" else "table"
    if key in _TABLES:
        return "table"
    return "holder" if key in _CONTAIN_TABLES else ""


def _reachable(pdf: Pdf) -> list[tuple[Any, str]]:
    """Return every object that will be in the file, with its role."""
    found: list[tuple[Any, str]] = []
    met: set[tuple[tuple[int, int], str]] = set()
    waiting: list[tuple[Any, str]] = [(pdf.trailer, "")]
    while waiting:
        item, place = waiting.pop()
        if isinstance(item, Stream):
            place = ""  # a stream is never a table
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
    """Remove scripts and the notes of programs from an object."""
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
        _drop(item, {"/Ref"})  # refers to another file
    if kind == "/Thread":
        _drop(item, {"/I"})  # contains the author of an article
    if kind in ("/Page", "/Pages"):
        _keep(item, _PAGE)
    if place == "property":
        _keep(item, _PROPERTY)
    if subtype not in _SHOWN and kind == "/Annot":
        _empty(item)
    if subtype == "/Link":
        if text := str(item.get("/T", "") or item.get("/Contents", "")):
            report.removed("comments", text)
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
    """Report a layer that is not always shown; remove the metadata about its maker."""
    if kind == "/OCMD":
        if "/VE" in layer or str(layer.get("/P", "")) in ("/AllOff", "/AnyOff"):
            report.problem("layers")
        return
    _keep(layer, _LAYER)
    usage = layer.get("/Usage")
    if not isinstance(usage, Dictionary):
        return
    _keep(usage, _USAGE)
    states = [usage.get(f"/{when}", Dictionary()).get(f"/{when}State")
              for when in ("View", "Print", "Export")]  # fmt: skip
    if Name.OFF in states or any(key in usage for key in ("/Zoom", "/User", "/Language")):
        report.problem("layers", str(layer.get("/Name", "")))


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
        report.problem("embedded", _file_name(stream.get("/F")))  # its content is in another file
    is_own_format = _filters(stream)[-1:] in (["/DCTDecode"], ["/JPXDecode"])
    if is_own_format:
        _picture(stream, report)
    if subtype == "/Image" or is_own_format:
        if "/Alternates" in names:
            report.removed("other_picture")
        _keep(stream, _IMAGE)
    elif subtype == "/Form" or "/PatternType" in names or names <= _PLAIN_STREAM:
        content = stream.read_bytes()
        if _INLINE_JPEG.search(content):
            report.problem("picture")
        if subtype == "/Form" and _HOLE in _INLINE_PICTURE.sub(b"", content):
            report.problem("repaired")


def _address_of(action: Any) -> str:
    value = action.get("/URI") or action.get("/F") or ""
    return _file_name(value) if isinstance(value, Dictionary) else str(value)


def _filters(stream: Stream) -> list[str]:
    found = stream.get("/Filter", Array())
    names = [str(one) for one in found] if isinstance(found, Array) else [str(found)]
    return [_LONG_NAMES.get(one, one) for one in names]


def _picture(picture: Stream, report: Report) -> None:
    """Clean a JPEG or JPEG 2000, which a PDF contains unchanged, with its metadata."""
    names = _filters(picture)
    content = picture.read_raw_bytes()
    parameters = picture.get("/DecodeParms")
    while len(names) > 1 and names[0] == "/FlateDecode":
        content = zlib.decompressobj().decompress(content, MAX_PICTURE_BYTES)
        names.pop(0)
        if isinstance(parameters, Array):
            parameters = parameters[1]
    if len(names) > 1:
        report.problem("picture")
        return
    try:
        jpeg = names[0] == "/DCTDecode"
        cleaned = packed.jpeg(content) if jpeg else packed.jpeg_2000(content)
    except (ValueError, IndexError, OSError):
        report.problem("picture")
        return
    if cleaned == content:
        return
    report.removed("picture")
    if packed.has_position(content):
        report.removed("picture_place")
    kept = parameters if isinstance(parameters, Dictionary) else None
    picture.write(cleaned, filter=Name(names[0]), decode_parms=kept)

"""PDF without what it says of its makers, and without what is not on its pages.

It is written anew: what earlier versions of it held, and what nothing leads to, stays behind.
"""

import io
import re
import zlib
from typing import IO, Any, NamedTuple

import pikepdf
from pikepdf import Array, Dictionary, Name, Pdf, Stream

from assets.cleaning import packed
from assets.cleaning.report import Cleaned, Report
from assets.pictures import BadFile

MOST_PICTURE = 200_000_000  # bytes
_SAFE_ADDRESS = re.compile(rb"(?:https?|mailto|tel):", re.IGNORECASE)
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
    "/OutputIntents", "/OCProperties", "/AcroForm", "/URI", "/Extensions",
}  # fmt: skip
_SHOWN = {"/Link", "/Widget"}  # of what lies on a page; the rest are comments, films and files
_KEYS_OF_PROGRAMS = (
    "/Metadata", "/PieceInfo", "/LastModified", "/Thumb", "/AA", "/AF", "/OPI",
)  # fmt: skip
# Dictionaries whose keys are names that the maker of the file chose, and those that hold such.
_TABLES = {"/CharProcs", "/Dests", "/RoleMap", "/ClassMap", "/Colorants"}
_HOLD_TABLES = {"/Resources", "/DR", "/AP"}
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
    for page in pdf.pages:
        _annotations(page.obj, report)
    for item, place in _reachable(pdf):
        _sweep(item, place, report)
    for key in ("/Info", "/ID"):
        if key in pdf.trailer:
            del pdf.trailer[key]
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


class _Place(NamedTuple):
    """What an object is for, by where it hangs; a table is a dictionary whose keys are names."""

    table: bool = False
    holds_tables: bool = False

    def below(self, key: str) -> "_Place":
        if self.table:
            return _Place()
        return _Place(self.holds_tables or key in _TABLES, key in _HOLD_TABLES)


def _reachable(pdf: Pdf) -> list[tuple[Any, _Place]]:
    """Return everything that will be in the file, and where it hangs."""
    found: list[tuple[Any, _Place]] = []
    met: set[tuple[tuple[int, int], _Place]] = set()
    waiting: list[tuple[Any, _Place]] = [(pdf.trailer, _Place())]
    while waiting:
        item, place = waiting.pop()
        if isinstance(item, Stream):
            place = _Place()  # its keys are never names
        if item.is_indirect:
            if (item.objgen, place) in met:
                continue
            met.add((item.objgen, place))
        if isinstance(item, Array):
            waiting += [(one, _Place()) for one in item if isinstance(one, _COMPOUND)]
            continue
        found.append((item, place))
        waiting += [
            (value, place.below(key)) for key, value in item.items() if isinstance(value, _COMPOUND)
        ]
    tables = {item.objgen for item, place in found if place.table and item.is_indirect}
    return [one for one in found if one[1].table or one[0].objgen not in tables]


_COMPOUND = (Array, Dictionary, Stream)


def _sweep(item: Any, place: _Place, report: Report) -> None:
    """Take out of an object what programs and scripts left there."""
    if place.table:
        return
    for key in _KEYS_OF_PROGRAMS:
        if key in item:
            if key == "/AA":
                report.removed("script")
            elif key == "/Thumb":
                report.removed("thumbnail")
            del item[key]
    if item.get("/Subtype") == Name.Form and "/Ref" in item:
        del item["/Ref"]  # another file
    if item.get("/Type") == Name.Thread and "/I" in item:
        del item["/I"]  # who wrote an article
    if str(item.get("/Subtype", "")) not in _SHOWN and item.get("/Type") == Name.Annot:
        _empty(item)
    if "/S" in item and _is_unsafe_action(item):
        report.removed("script", _address_of(item))
        for key in list(item.keys()):
            del item[key]
        return
    if str(item.get("/Subtype", "")) == "/Image" and isinstance(item, Stream):
        _picture(item, report)


def _is_unsafe_action(item: Any) -> bool:
    kind = str(item.get("/S"))
    if kind == "/URI":
        return not _SAFE_ADDRESS.match(bytes(item.get("/URI", b"")))
    return kind in {
        "/JavaScript", "/Launch", "/SubmitForm", "/ImportData", "/GoToR", "/GoToE", "/Rendition",
        "/Movie", "/Sound", "/Trans", "/GoTo3DView", "/RichMediaExecute", "/SetOCGState", "/Thread",
    }  # fmt: skip


def _address_of(action: Any) -> str:
    value = action.get("/URI") or action.get("/F") or ""
    return _file_name(value) if isinstance(value, Dictionary) else str(value)


def _picture(picture: Stream, report: Report) -> None:
    """Clean a picture of its own format, which is in the file as a camera wrote it."""
    filters = picture.get("/Filter", Array())
    names = [str(one) for one in filters] if isinstance(filters, Array) else [str(filters)]
    if not names or names[-1] not in ("/DCTDecode", "/JPXDecode"):
        return
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

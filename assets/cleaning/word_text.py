"""The text of a Word file as it is read: changes accepted, hidden text and names taken out."""

import re
from typing import Any

from lxml import etree

from assets.cleaning.report import Report

_W = {
    "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
    "http://purl.oclc.org/ooxml/wordprocessingml/main",
}
_R = {
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    "http://purl.oclc.org/ooxml/officeDocument/relationships",
}
_DELETED = {"del", "moveFrom"}
_INSERTED = {"ins", "moveTo"}
_COMMENTS = {"commentRangeStart", "commentRangeEnd", "commentReference", "annotationRef"}
_EMBEDDED = {"object", "control", "altChunk", "subDoc", "contentPart"}
# What is taken out without a word: it shows nothing.
_SILENT = {
    "proofErr", "permStart", "permEnd", "moveFromRangeStart", "moveFromRangeEnd",
    "moveToRangeStart", "moveToRangeEnd", "customXmlInsRangeStart", "customXmlInsRangeEnd",
    "customXmlDelRangeStart", "customXmlDelRangeEnd", "customXmlMoveFromRangeStart",
    "customXmlMoveFromRangeEnd", "customXmlMoveToRangeStart", "customXmlMoveToRangeEnd",
    "smartTagPr", "customXmlPr", "dataBinding", "placeholder", "showingPlcHdr", "tag", "alias",
    "rsid", "rsids", "proofState", "trackRevisions", "attachedSchema", "schemaLibrary",
    "saveThroughXslt", "documentProtection", "writeProtection", "activeWritingStyle", "docId",
    "cellIns", "cellMerge", "removePersonalInformation", "removeDateAndTime", "revisionView",
    "chartTrackingRefBased",
}  # fmt: skip
_OF_A_SDT = {"tag", "alias", "placeholder"}
_SETTINGS = {"docVars": "variables", "attachedTemplate": "template", "mailMerge": "mail_merge"}
# Fields whose codes need the document alone; of the others, what they show is kept.
_FIELDS = {
    "PAGE", "NUMPAGES", "SECTIONPAGES", "SECTION", "REF", "PAGEREF", "NOTEREF", "TOC", "TC", "XE",
    "INDEX", "SEQ", "HYPERLINK", "STYLEREF", "SYMBOL", "EQ", "FORMTEXT", "FORMCHECKBOX",
    "FORMDROPDOWN", "BIBLIOGRAPHY", "CITATION", "=", "LISTNUM", "AUTONUM", "ADVANCE",
}  # fmt: skip
_PATH = re.compile(r"[\\/]|\.(?:jpe?g|png|gif|tiff?|bmp|heic|webp|emf|wmf)\b", re.IGNORECASE)
_LOCAL = re.compile(r"(?:file:|[a-z]:[\\/]|\\\\)", re.IGNORECASE)


def clean_text(tree: Any, report: Report, outside: dict[str, str], hiding: set[str]) -> None:
    """Clean one part of a Word file in place.

    `outside` are the addresses of its relations, `hiding` the ids of styles whose text is hidden.
    """
    _take_out(tree, report)
    _accept_changes(tree, report)
    _remove_hidden(tree, report, hiding)
    _flatten_fields(tree, report)
    _clean_drawings(tree, report, outside)
    _clean_links(tree, report, outside)
    for element in _elements(tree):
        for name in list(element.attrib):
            if _is_personal(name, element):
                del element.attrib[name]


def _is_personal(name: Any, element: Any) -> bool:
    """Whether an attribute says who wrote something, when, or in which sitting."""
    local, space = etree.QName(name).localname, etree.QName(name).namespace
    if local.startswith("rsid") or local in ("paraId", "textId"):
        return True
    if local == "date":
        return _local(element) not in ("sdtPr", "date")
    return bool(space) and local in ("author", "initials", "userId", "providerId")


def relations_in(tree: Any) -> set[str]:
    """Return the ids of the relations that a part names."""
    return {
        str(value)
        for element in tree.iter(etree.Element)
        for name, value in element.attrib.items()
        if etree.QName(name).namespace in _R
    }


def _local(element: Any) -> str:
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def _elements(tree: Any) -> list[Any]:
    return list(tree.iter(etree.Element))


def _w(element: Any, name: str) -> str | None:
    for space in _W:
        if (value := element.get(f"{{{space}}}{name}")) is not None:
            return str(value)
    return None


def _author(element: Any) -> str:
    return _w(element, "author") or ""


def _remove(element: Any) -> None:
    parent = element.getparent()
    if parent is None:
        return
    if element.tail and element.tail.strip():  # text between elements is none of Word's
        element.tail = None
    parent.remove(element)


def _unwrap(element: Any) -> None:
    parent = element.getparent()
    if parent is None:
        return
    at = parent.index(element)
    for child in reversed(list(element)):
        parent.insert(at + 1, child)
    parent.remove(element)


def _is_w(element: Any) -> bool:
    return isinstance(element.tag, str) and etree.QName(element).namespace in _W


def _take_out(tree: Any, report: Report) -> None:
    for element in _elements(tree):
        local = _local(element)
        if local in _COMMENTS and _is_w(element):
            _remove(element)
        elif local in _EMBEDDED and (_is_w(element) or local == "contentPart"):
            report.cannot("embedded")
        elif local == "docPr" and element.get("hidden") in ("1", "true"):
            report.removed("hidden", str(element.get("name") or ""))
            _remove(element.getparent())
        elif local == "OLEObject":
            report.cannot("embedded", str(element.get("ProgID") or ""))
        elif local in _SETTINGS and _is_w(element):
            names = [_w(one, "name") or "" for one in element.iter("{*}docVar")]
            report.removed(_SETTINGS[local], ", ".join(names))
            _remove(element)
        elif local in _SILENT:
            if local not in _OF_A_SDT or _local(element.getparent()) == "sdtPr":
                _remove(element)
        elif (local in ("smartTag", "customXml") and _is_w(element)) or (
            local == "externalData" and element.getparent() is not None
        ):
            if local == "externalData":
                _remove(element)
            else:
                _unwrap(element)


def _accept_changes(tree: Any, report: Report) -> None:
    """Do as Word does where all changes are accepted."""
    for element in _elements(tree):
        if not _is_w(element):
            continue
        local, parent = _local(element), element.getparent()
        if local.endswith("Change") and local != "trackChange":
            report.removed("changes", _author(element))
            _remove(element)
        elif local in _DELETED and parent is not None:
            report.removed("deleted", _author(element))
            around = _local(parent)
            if around == "trPr":
                _remove(parent.getparent())
            elif around == "rPr" and _local(parent.getparent()) == "pPr":
                _remove(element)
                _join_with_next(parent.getparent().getparent())
            else:
                _remove(element)
        elif local == "cellDel" and parent is not None:
            report.removed("deleted", _author(element))
            _remove(parent.getparent())
        elif local in _INSERTED:
            report.removed("changes", _author(element))
            if len(element):
                _unwrap(element)
            else:
                _remove(element)


def _join_with_next(paragraph: Any) -> None:
    """Move the text of a paragraph whose end was deleted into the one after it."""
    if paragraph is None or paragraph.getparent() is None:
        return
    following = paragraph.getnext()
    if following is None or _local(following) != "p":
        return
    at = 1 if len(following) and _local(following[0]) == "pPr" else 0
    for child in reversed([one for one in paragraph if _local(one) != "pPr"]):
        following.insert(at, child)
    _remove(paragraph)


def _is_on(element: Any) -> bool:
    return (_w(element, "val") or "true").lower() not in ("0", "false", "off")


def hiding_styles(styles: Any) -> set[str]:
    """Return the ids of the styles whose text is hidden, by themselves or by what they are like."""
    hides: dict[str, bool] = {}
    like: dict[str, str] = {}
    for style in styles.iter("{*}style"):
        name = _w(style, "styleId") or ""
        for one in style.iter("{*}vanish"):
            hides[name] = _is_on(one)
        for one in style.iter("{*}basedOn"):
            like[name] = _w(one, "val") or ""
    found = set()
    for name in {*hides, *like}:
        each, seen = name, set()
        while each not in hides and each in like and each not in seen:
            seen.add(each)
            each = like[each]
        if hides.get(each):
            found.add(name)
    return found


def _remove_hidden(tree: Any, report: Report, hiding: set[str]) -> None:
    """Remove hidden text, whether its runs say so or their styles."""
    if _local(tree) in ("styles", "numbering"):
        return
    for paragraph in [one for one in _elements(tree) if _is_w(one) and _local(one) == "p"]:
        style = next(iter(paragraph.xpath("*[local-name()='pPr']/*[local-name()='pStyle']")), None)
        if style is not None and _w(style, "val") in hiding:
            for run in [one for one in _elements(paragraph) if _local(one) == "r"]:
                if not any(_local(one) == "vanish" and not _is_on(one) for one in run.iter()):
                    _hide(run, report)
    for run in [one for one in _elements(tree) if _is_w(one) and _local(one) == "r"]:
        marks = run.xpath("*[local-name()='rPr']/*[local-name()='vanish']")
        style = next(iter(run.xpath("*[local-name()='rPr']/*[local-name()='rStyle']")), None)
        by_style = style is not None and _w(style, "val") in hiding
        if _is_on(marks[-1]) if marks else by_style:
            _hide(run, report)
    for mark in [one for one in _elements(tree) if _is_w(one) and _local(one) == "vanish"]:
        _remove(mark)


def _hide(run: Any, report: Report) -> None:
    report.removed("hidden", "".join(str(text.text or "") for text in run.iter("{*}t")))
    _remove(run)


def _flatten_fields(tree: Any, report: Report) -> None:
    for simple in [one for one in _elements(tree) if _local(one) == "fldSimple"]:
        code = (_w(simple, "instr") or "").strip()
        if not _is_harmless(code):
            report.removed("field", code)
            _unwrap(simple)
    open_ones: list[tuple[list[Any], list[str]]] = []  # the marks of a field, its code
    for element in _elements(tree):
        local = _local(element)
        if local == "fldChar":
            kind = _w(element, "fldCharType")
            if kind == "begin":
                open_ones.append(([element], []))
            elif not open_ones:
                report.cannot("fields")
                return
            elif kind == "separate":
                open_ones[-1][0].append(element)
            else:
                marks, parts = open_ones.pop()
                code_text = "".join(parts).strip()
                if not _is_harmless(code_text):
                    report.removed("field", code_text)
                    for mark in [*marks, element]:
                        _remove(mark)
        elif local in ("instrText", "delInstrText") and open_ones:
            open_ones[-1][1].append(element.text or "")
            open_ones[-1][0].append(element)
    if open_ones:
        report.cannot("fields")


def _is_harmless(code: str) -> bool:
    words = code.split()
    if not words:
        return True
    return words[0].upper() in _FIELDS and not _LOCAL.search(code)


def _clean_drawings(tree: Any, report: Report, outside: dict[str, str]) -> None:
    for element in _elements(tree):
        local = _local(element)
        for name in list(element.attrib):
            said, space = etree.QName(name).localname, etree.QName(name).namespace
            value = str(element.attrib[name])
            if said == "gfxdata" or (said == "href" and local == "imagedata"):
                del element.attrib[name]  # a copy of the drawing, or where it was on a computer
            elif (
                space in _R
                and value in outside
                and (said in ("link", "href", "pict") or local == "imagedata")
            ):
                report.removed("linked_picture", outside[value])
                del element.attrib[name]
        if local in ("docPr", "cNvPr", "shape", "imagedata", "rect"):
            for name in list(element.attrib):
                said = etree.QName(name).localname
                if said in ("descr", "title", "alt") and _PATH.search(str(element.attrib[name])):
                    report.removed("picture_name", str(element.attrib[name]))
                    element.attrib[name] = ""
                elif said == "name" and _PATH.search(str(element.attrib[name])):
                    report.removed("picture_name", str(element.attrib[name]))
                    element.attrib[name] = f"Picture {element.get('id', '')}".strip()
        if local == "ext" and any(_local(one) in ("svgBlip", "imgProps") for one in element):
            # the same picture as a drawing, or as it was before it was altered
            _remove(element)


def _clean_links(tree: Any, report: Report, outside: dict[str, str]) -> None:
    safe = re.compile(r"(?:https?|mailto|tel):", re.IGNORECASE)
    for element in _elements(tree):
        local = _local(element)
        if local not in ("hyperlink", "hlinkClick", "hlinkHover"):
            continue
        for name in [one for one in element.attrib if etree.QName(one).namespace in _R]:
            address = outside.get(str(element.attrib[name]))
            if address is not None and not safe.match(address):
                report.removed("link", address)
                if local == "hyperlink":
                    del element.attrib[name]
                else:
                    _remove(element)
                    break

"""The text of a Word file as it is read: changes accepted, hidden text and names taken out."""

import re
from itertools import islice
from typing import Any

from lxml import etree

from assets.cleaning.report import MOST_CHARACTERS, Report
from storing.links import allowed_link

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
    "chartTrackingRefBased", "printerSettings", "printSettings", "pivotSource", "pivotFmts",
}  # fmt: skip
_SITTINGS = {"paraId", "textId", "editId", "anchorId", "durableId", "dateUtc"}
_OF_A_SDT = {"tag", "alias", "placeholder"}
_SETTINGS = {"docVars": "variables", "attachedTemplate": "template", "mailMerge": "mail_merge"}
# Fields whose codes need the document alone; of the others, what they show is kept.
_FIELDS = {
    "PAGE", "NUMPAGES", "SECTIONPAGES", "SECTION", "REF", "PAGEREF", "NOTEREF", "TOC",
    "INDEX", "SEQ", "STYLEREF", "SYMBOL", "EQ", "FORMCHECKBOX", "FORMDROPDOWN",
    "BIBLIOGRAPHY", "CITATION", "=", "LISTNUM", "AUTONUM", "ADVANCE",
}  # fmt: skip
_PATH = re.compile(r"[\\/]|\.(?:jpe?g|png|gif|tiff?|bmp|heic|webp|emf|wmf)\b", re.IGNORECASE)
_LOCAL = re.compile(r"(?:file:|\b[a-z]:[\\/]|\\\\)", re.IGNORECASE)
# What the code of a field is made of: words, and texts in quotation marks.
_ARGUMENT = re.compile(r'"((?:[^"\\]|\\.)*)"|(\S+)')
_HIDDEN_ENTRIES = {"XE", "TC", "TA", "RD"}  # for an index or a table: they show nothing
_NOT_SHOWN = re.compile(
    r"visibility\s*:\s*hidden|display\s*:\s*none|mso-hide\s*:\s*all", re.IGNORECASE
)
_KNOWN = re.compile(
    r"http://schemas\.openxmlformats\.org/|http://schemas\.microsoft\.com/"
    r"|urn:schemas-microsoft-com:|http://purl\.oclc\.org/ooxml/"
)
_PROCESS_CONTENT = "{http://schemas.openxmlformats.org/markup-compatibility/2006}ProcessContent"
_ON = ("1", "true", "on")


def clean_text(
    tree: Any, report: Report, outside: dict[str, str], hiding: set[str], has_even: bool = False
) -> None:
    """Clean one part of a Word file in place.

    `outside` are the addresses of its relations, `hiding` the ids of styles whose text is hidden,
    `has_even` says whether pages with an even number have headers of their own.
    """
    _take_out(tree, report)
    _accept_changes(tree, report)
    _remove_hidden(tree, report, hiding)
    _remove_unused_headers(tree, report, has_even)
    _clean_forms(tree, report)
    _flatten_fields(tree, report)
    _clean_drawings(tree, report, outside)
    _clean_charts(tree, report)
    _clean_links(tree, report, outside)
    for element in _elements(tree):
        for name in list(element.attrib):
            if _is_personal(name, element):
                del element.attrib[name]


def _is_personal(name: Any, element: Any) -> bool:
    """Whether an attribute says who wrote something, when, or in which sitting."""
    local, space = etree.QName(name).localname, etree.QName(name).namespace
    if local.startswith("rsid") or local in _SITTINGS:
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
    for child in list(element):
        element.addprevious(child)
    parent.remove(element)


def _is_w(element: Any) -> bool:
    return isinstance(element.tag, str) and etree.QName(element).namespace in _W


def _take_out(tree: Any, report: Report) -> None:
    for element in _elements(tree):
        local = _local(element)
        if not _KNOWN.match(etree.QName(element).namespace or ""):
            # Word leaves it out; with ProcessContent it may show what is inside.
            if tree.get(_PROCESS_CONTENT):
                report.cannot("unknown_part", local)
            report.removed("custom_xml", local)
            _remove(element)
        elif local in _COMMENTS and _is_w(element):
            _remove(element)
        elif local in _EMBEDDED and (_is_w(element) or local == "contentPart"):
            report.cannot("embedded")
        elif local in ("docPr", "cNvPr") and element.get("hidden") in _ON:
            report.removed("hidden", str(element.get("name") or ""))
            _remove(_drawn(element))
        elif _NOT_SHOWN.search(element.get("style", "")):  # VML
            _hide(element, report)
        elif local == "signatureline":
            for name, value in element.items():
                if "suggestedsigner" in name:
                    report.removed("properties", str(value))
            _remove(element)
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


def _drawn(properties: Any) -> Any:
    """Return what some properties are of: one shape of a group, or all of a drawing."""
    shape = properties.getparent()
    if _local(shape).startswith("nv"):
        shape = shape.getparent()
    if _local(shape.getparent()) in ("drawing", "graphicData"):
        return next(shape.iterancestors("{*}drawing"), shape)
    return shape


def _accept_changes(tree: Any, report: Report) -> None:
    """Do as Word does where all changes are accepted."""
    without_end = []
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
                _remove_row(parent.getparent())
            elif around == "rPr" and _local(parent.getparent()) == "pPr":
                _remove(element)
                without_end.append(parent.getparent().getparent())
            elif around == "r":  # in an equation a mark, not what it marks
                _remove(parent)
            elif around == "rPr" and _local(parent.getparent()) == "r":
                _remove(parent.getparent())
            elif around in ("rPr", "ctrlPr"):
                report.cannot("unknown_part", f"{around}/{local}")
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
    # From the last one on: each text is moved once.
    for paragraph in reversed(without_end):
        _join_with_next(paragraph)
    for element in [one for one in _elements(tree) if _local(one) in ("delText", "delInstrText")]:
        report.removed("deleted")  # a part of no deletion, and not shown either
        _remove(element)


def _remove_row(row: Any) -> None:
    table = row.getparent()
    _remove(row)
    if table is not None and _local(table) == "tbl" and table.find("{*}tr") is None:
        _remove(table)


def _join_with_next(paragraph: Any) -> None:
    """Move the text of a paragraph whose end was deleted into the one after it."""
    if paragraph is None or paragraph.getparent() is None:
        return
    following = paragraph.getnext()
    if following is None or _local(following) != "p":
        return
    first = next(iter(following), None)
    at = 1 if first is not None and _local(first) == "pPr" else 0
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


def unclear_styles(styles: Any) -> list[str]:
    """Return which styles hide text that names no style, so that it is not certain what is seen."""
    hiding = hiding_styles(styles)
    unclear = []
    for one in styles.iter("{*}docDefaults", "{*}style"):
        name = _w(one, "styleId") or _local(one)
        of_table = _w(one, "type") == "table"
        marks = [*one.iter("{*}vanish"), *(one.iter("{*}hidden") if of_table else ())]
        is_default = (_w(one, "default") or "") in _ON
        for_all = _local(one) == "docDefaults" or of_table
        if (for_all and any(map(_is_on, marks))) or (is_default and name in hiding):
            unclear.append(name)
    return unclear


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
    for mark in [one for one in _elements(tree) if _is_w(one) and _local(one) == "hidden"]:
        if _local(mark.getparent()) == "trPr" and _is_on(mark):
            row = mark.getparent().getparent()
            report.removed("hidden", _words(row))
            _remove_row(row)
    for run in [one for one in _elements(tree) if _local(one) == "r"]:
        marks = run.xpath("*[local-name()='rPr']/*[local-name()='vanish']")
        style = next(iter(run.xpath("*[local-name()='rPr']/*[local-name()='rStyle']")), None)
        by_style = style is not None and _w(style, "val") in hiding
        if _is_on(marks[-1]) if marks else by_style:
            _hide(run, report)
    for mark in [one for one in _elements(tree) if _is_w(one) and _local(one) == "vanish"]:
        _remove(mark)


def _hide(run: Any, report: Report) -> None:
    report.removed("hidden", _words(run))
    _remove(run)


def _words(element: Any) -> str:
    texts = islice(element.iter("{*}t"), MOST_CHARACTERS)  # no finding has room for more
    return "".join(str(text.text or "") for text in texts)


def _remove_unused_headers(tree: Any, report: Report, has_even: bool) -> None:
    """Remove headers and footers of pages that no section has."""
    current: dict[str, Any] = {}
    used = set()
    first = []
    for section in tree.iter("{*}sectPr"):
        for one in section.iterchildren("{*}headerReference", "{*}footerReference"):
            if _w(one, "type") == "first":
                current[_local(one)] = one
                first.append(one)
            elif _w(one, "type") == "even" and not has_even:
                report.removed("hidden")
                _remove(one)
        # A section without headers of its own has those of the one before it.
        if any(map(_is_on, section.iterchildren("{*}titlePg"))):
            used |= set(current.values())
    for one in first:
        if one not in used:
            report.removed("hidden")
            _remove(one)


def has_even_headers(settings: Any) -> bool:
    """Whether the settings give pages with an even number headers of their own."""
    return any(map(_is_on, settings.iter("{*}evenAndOddHeaders")))


def _clean_forms(tree: Any, report: Report) -> None:
    """Leave of a form what it shows: neither the other choices nor the words of its makers."""
    for items in [one for one in _elements(tree) if _local(one) in ("dropDownList", "comboBox")]:
        for item in list(items):
            report.removed("hidden", _w(item, "displayText") or _w(item, "value") or "")
            _remove(item)
        items.attrib.clear()
    for data in [one for one in _elements(tree) if _local(one) == "ffData"]:
        for one in list(data):
            if _local(one) not in ("checkBox", "ddList"):
                _remove(one)
        for choices in data.iterchildren("{*}ddList"):
            _keep_the_chosen(choices, report)


def _keep_the_chosen(choices: Any, report: Report) -> None:
    entries = list(choices.iterchildren("{*}listEntry"))
    marks = [*choices.iterchildren("{*}result"), *choices.iterchildren("{*}default")]
    number = (_w(marks[0], "val") if marks else None) or "0"
    chosen = int(number) if re.fullmatch("[0-9]{1,4}", number) else 0
    for at, entry in enumerate(entries):
        if at != chosen:
            report.removed("hidden", _w(entry, "val") or "")
            _remove(entry)
    for mark in marks:
        _remove(mark)


def _flatten_fields(tree: Any, report: Report) -> None:
    for simple in [one for one in _elements(tree) if _local(one) == "fldSimple"]:
        code = _w(simple, "instr") or ""
        kept = _kept_code(code, report)
        if kept is None:
            _unwrap(simple)
        elif kept != code:
            name = next(name for name in simple.attrib if etree.QName(name).localname == "instr")
            simple.set(name, kept)
    open_ones: list[tuple[list[Any], list[Any]]] = []  # the marks of a field, its code
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
                code = "".join(part.text or "" for part in parts)
                kept = _kept_code(code, report)
                if kept is None:
                    for mark in [*marks, *parts, element]:
                        _remove(mark)
                elif kept != code:
                    parts[0].text = kept
                    for part in parts[1:]:
                        _remove(part)
        elif local == "instrText":
            if open_ones:
                open_ones[-1][1].append(element)
            else:
                report.removed("field", element.text or "")
                _remove(element)
    if open_ones:
        report.cannot("fields")


def _kept_code(code: str, report: Report) -> str | None:
    """Return the code of a field as it may stay; None where only what the field shows stays."""
    words = code.split()
    if not words:
        return code
    name = words[0].upper()
    if name == "HYPERLINK":
        return _kept_link(code, report)
    if name in _HIDDEN_ENTRIES:
        report.removed("hidden", code)
        return None
    if name in _FIELDS and not _LOCAL.search(code):
        return code
    report.removed("field", code)
    return None


def _kept_link(code: str, report: Report) -> str | None:
    address, place = "", ""
    switch = ""
    for quoted, word in _ARGUMENT.findall(code)[1:]:
        if word.startswith("\\"):
            switch = word.lower()
            continue
        value = word or re.sub(r"\\(.)", r"\1", quoted)
        if switch == "\\l":
            place = value
        elif switch not in ("\\o", "\\t") and not address:
            address = value
        switch = ""
    if address and not (allowed := allowed_link(address)):
        report.removed("link", address)
        return None
    if not address and not place:
        report.removed("field", code)
        return None
    said = f' "{allowed}"' if address else ""
    return f" HYPERLINK{said}" + (f' \\l "{_escaped(place)}" ' if place else " ")


def _escaped(text: str) -> str:
    return re.sub(r'(["\\])', r"\\\1", text)


def _clean_drawings(tree: Any, report: Report, outside: dict[str, str]) -> None:
    for element in _elements(tree):
        local = _local(element)
        for name in list(element.attrib):
            said, space = etree.QName(name).localname, etree.QName(name).namespace
            value = str(element.attrib[name])
            if said == "title" and local == "imagedata":
                report.removed("picture_name", value)  # what it was called on a computer
                del element.attrib[name]
            elif said == "gfxdata" or (said == "href" and local == "imagedata"):
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
                elif said == "name" and local in ("docPr", "cNvPr"):
                    if _PATH.search(str(element.attrib[name])):
                        report.removed("picture_name", str(element.attrib[name]))
                    element.attrib[name] = f"Picture {element.get('id', '')}".strip()
        if local == "ext" and any(_local(one) in ("svgBlip", "imgProps") for one in element):
            # the same picture as a drawing, or as it was before it was altered
            _remove(element)


def _clean_charts(tree: Any, report: Report) -> None:
    """Take the series out that a chart does not show, and where its numbers came from."""
    for element in _elements(tree):
        local, space = _local(element), etree.QName(element).namespace or ""
        if not space.endswith("/chart"):
            continue
        if local.startswith("filtered"):
            report.removed("hidden", " ".join(one.text or "" for one in element.iter("{*}v")))
            _remove(element)
        elif local in ("f", "sqref"):
            if _PATH.search(element.text or ""):
                report.removed("chart_table", element.text or "")
            element.text = "Sheet1!$A$1"  # the table is gone; the schema wants some place in it


def _clean_links(tree: Any, report: Report, outside: dict[str, str]) -> None:
    for element in _elements(tree):
        local = _local(element)
        if address := element.get("href"):  # VML
            if allowed := allowed_link(address):
                element.set("href", allowed)
            elif not address.startswith("#"):
                report.removed("link", address)
                del element.attrib["href"]
        if local not in ("hyperlink", "hlinkClick", "hlinkHover", "hlinkMouseOver"):
            continue
        for name in [one for one in element.attrib if etree.QName(one).namespace in _R]:
            address = outside.get(str(element.attrib[name]))
            if address is None or allowed_link(address):
                continue
            report.removed("link", address)
            if local != "hyperlink":
                _remove(element)
                break
            del element.attrib[name]
            for other in list(element.attrib):
                if etree.QName(other).localname in ("tooltip", "docLocation"):
                    del element.attrib[other]

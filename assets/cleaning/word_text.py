"""Cleans the text of a Word file: accepts changes, removes hidden text and names."""

import re
from itertools import islice
from typing import Any

from lxml import etree

from assets.cleaning.report import MAX_VALUE_CHARACTERS, Report
from assets.cleaning.word_drawings import clean_charts, clean_drawings, clean_links
from assets.cleaning.word_fields import flatten_fields
from assets.cleaning.word_tree import (
    RELATIONSHIPS,
    attribute,
    author_of,
    elements_of,
    is_word_element,
    local_name,
    remove,
    unwrap,
    word_elements,
)

_DELETED = {"del", "moveFrom"}
_INSERTED = {"ins", "moveTo"}
_COMMENTS = {"commentRangeStart", "commentRangeEnd", "commentReference", "annotationRef"}
_EMBEDDED = {"object", "control", "altChunk", "subDoc", "contentPart"}
# Removed without a report, because they show nothing.
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
_SESSION_IDS = {"paraId", "textId", "editId", "anchorId", "durableId", "dateUtc"}
_ONLY_IN_SDT = {"tag", "alias", "placeholder"}
_SETTINGS = {"docVars": "variables", "attachedTemplate": "template", "mailMerge": "mail_merge"}
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

    `outside` has the external addresses of its relations by id, and `hiding` the ids of styles
    whose text is hidden. `has_even` means that even pages have their own headers.
    """
    _remove_unwanted_elements(tree, report)
    _accept_changes(tree, report)
    _remove_hidden(tree, report, hiding)
    _remove_unused_headers(tree, report, has_even)
    _clean_forms(tree, report)
    flatten_fields(tree, report)
    clean_drawings(tree, report, outside)
    clean_charts(tree, report)
    clean_links(tree, report, outside)
    for element in elements_of(tree):
        for name in list(element.attrib):
            if _is_personal(name, element):
                del element.attrib[name]


def _is_personal(name: Any, element: Any) -> bool:
    """Return whether an attribute states who wrote something, when, or in which session."""
    local, space = etree.QName(name).localname, etree.QName(name).namespace
    if local.startswith("rsid") or local in _SESSION_IDS:
        return True
    if local == "date":
        return local_name(element) not in ("sdtPr", "date")
    return bool(space) and local in ("author", "initials", "userId", "providerId")


def relations_in(tree: Any) -> set[str]:
    """Return the ids of the relations that a part uses."""
    return {
        str(value)
        for element in tree.iter(etree.Element)
        for name, value in element.attrib.items()
        if etree.QName(name).namespace in RELATIONSHIPS
    }


def _remove_unwanted_elements(tree: Any, report: Report) -> None:
    for element in elements_of(tree):
        local = local_name(element)
        if not _KNOWN.match(etree.QName(element).namespace or ""):
            # Word ignores the element, but with ProcessContent it may show its content.
            if tree.get(_PROCESS_CONTENT):
                report.problem("unknown_part", local)
            report.removed("custom_xml", local)
            remove(element)
        elif local in _COMMENTS and is_word_element(element):
            remove(element)
        elif local in _EMBEDDED and (is_word_element(element) or local == "contentPart"):
            report.problem("embedded")
        elif local in ("docPr", "cNvPr") and element.get("hidden") in _ON:
            report.removed("hidden", str(element.get("name") or ""))
            remove(_drawing_with(element))
        elif _NOT_SHOWN.search(element.get("style", "")):  # VML
            _hide(element, report)
        elif local == "signatureline":
            for name, value in element.items():
                if "suggestedsigner" in name:
                    report.removed("properties", str(value))
            remove(element)
        elif local == "OLEObject":
            report.problem("embedded", str(element.get("ProgID") or ""))
        elif local in _SETTINGS and is_word_element(element):
            names = [attribute(one, "name") or "" for one in element.iter("{*}docVar")]
            report.removed(_SETTINGS[local], ", ".join(names))
            remove(element)
        elif local in _SILENT:
            if local not in _ONLY_IN_SDT or local_name(element.getparent()) == "sdtPr":
                remove(element)
        elif (local in ("smartTag", "customXml") and is_word_element(element)) or (
            local == "externalData" and element.getparent() is not None
        ):
            if local == "externalData":
                remove(element)
            else:
                unwrap(element)


def _drawing_with(properties: Any) -> Any:
    """Return the element with the given properties: a shape of a group, or a drawing."""
    shape = properties.getparent()
    if local_name(shape).startswith("nv"):
        shape = shape.getparent()
    if local_name(shape.getparent()) in ("drawing", "graphicData"):
        return next(shape.iterancestors("{*}drawing"), shape)
    return shape


def _accept_changes(tree: Any, report: Report) -> None:
    """Accept all changes as Word does."""
    without_end = []
    for element in elements_of(tree):
        if not is_word_element(element):
            continue
        local, parent = local_name(element), element.getparent()
        if local.endswith("Change") and local != "trackChange":
            report.removed("changes", author_of(element))
            remove(element)
        elif local in _DELETED and parent is not None:
            report.removed("deleted", author_of(element))
            around = local_name(parent)
            if around == "trPr":
                _remove_row(parent.getparent())
            elif around == "rPr" and local_name(parent.getparent()) == "pPr":
                remove(element)
                without_end.append(parent.getparent().getparent())
            elif around == "r":  # in an equation, the run contains only the mark
                remove(parent)
            elif around == "rPr" and local_name(parent.getparent()) == "r":
                remove(parent.getparent())
            elif around in ("rPr", "ctrlPr"):
                report.problem("unknown_part", f"{around}/{local}")
            else:
                remove(element)
        elif local == "cellDel" and parent is not None:
            report.removed("deleted", author_of(element))
            remove(parent.getparent())
        elif local in _INSERTED:
            report.removed("changes", author_of(element))
            if len(element):
                unwrap(element)
            else:
                remove(element)
    # Start with the last one, so that each text is moved only once.
    for paragraph in reversed(without_end):
        _join_with_next(paragraph)
    for element in list(tree.iter("{*}delText", "{*}delInstrText")):
        report.removed("deleted")  # Word does not show it outside a deletion either
        remove(element)


def _remove_row(row: Any) -> None:
    table = row.getparent()
    remove(row)
    if table is not None and local_name(table) == "tbl" and table.find("{*}tr") is None:
        remove(table)


def _join_with_next(paragraph: Any) -> None:
    """Move the text of a paragraph whose end was deleted into the one after it."""
    if paragraph is None or paragraph.getparent() is None:
        return
    following = paragraph.getnext()
    if following is None or local_name(following) != "p":
        return
    first = next(iter(following), None)
    at = 1 if first is not None and local_name(first) == "pPr" else 0
    for child in reversed([one for one in paragraph if local_name(one) != "pPr"]):
        following.insert(at, child)
    remove(paragraph)


def _is_on(element: Any) -> bool:
    return (attribute(element, "val") or "true").lower() not in ("0", "false", "off")


def hiding_styles(styles: Any) -> set[str]:
    """Return the ids of the styles whose text is hidden, directly or by their base style."""
    hides: dict[str, bool] = {}
    like: dict[str, str] = {}
    for style in styles.iter("{*}style"):
        name = attribute(style, "styleId") or ""
        for one in style.iter("{*}vanish"):
            hides[name] = _is_on(one)
        for one in style.iter("{*}basedOn"):
            like[name] = attribute(one, "val") or ""
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
    """Return default and table styles that hide text: it is unclear which text they apply to."""
    hiding = hiding_styles(styles)
    unclear = []
    for one in styles.iter("{*}docDefaults", "{*}style"):
        name = attribute(one, "styleId") or local_name(one)
        of_table = attribute(one, "type") == "table"
        marks = [*one.iter("{*}vanish"), *(one.iter("{*}hidden") if of_table else ())]
        is_default = (attribute(one, "default") or "") in _ON
        for_all = local_name(one) == "docDefaults" or of_table
        if (for_all and any(map(_is_on, marks))) or (is_default and name in hiding):
            unclear.append(name)
    return unclear


def _remove_hidden(tree: Any, report: Report, hiding: set[str]) -> None:
    """Remove text that is hidden by its runs or by their styles."""
    if local_name(tree) in ("styles", "numbering"):
        return
    for paragraph in word_elements(tree, "p"):
        style = next(iter(paragraph.xpath("*[local-name()='pPr']/*[local-name()='pStyle']")), None)
        if style is not None and attribute(style, "val") in hiding:
            for run in [one for one in elements_of(paragraph) if local_name(one) == "r"]:
                if not any(local_name(one) == "vanish" and not _is_on(one) for one in run.iter()):
                    _hide(run, report)
    for mark in word_elements(tree, "hidden"):
        if local_name(mark.getparent()) == "trPr" and _is_on(mark):
            row = mark.getparent().getparent()
            report.removed("hidden", _text_of(row))
            _remove_row(row)
    for run in [one for one in elements_of(tree) if local_name(one) == "r"]:
        marks = run.xpath("*[local-name()='rPr']/*[local-name()='vanish']")
        style = next(iter(run.xpath("*[local-name()='rPr']/*[local-name()='rStyle']")), None)
        by_style = style is not None and attribute(style, "val") in hiding
        if _is_on(marks[-1]) if marks else by_style:
            _hide(run, report)
    for mark in word_elements(tree, "vanish"):
        remove(mark)


def _hide(run: Any, report: Report) -> None:
    report.removed("hidden", _text_of(run))
    remove(run)


def _text_of(element: Any) -> str:
    texts = islice(element.iter("{*}t"), MAX_VALUE_CHARACTERS)  # the maximum of a finding
    return "".join(str(text.text or "") for text in texts)


def _remove_unused_headers(tree: Any, report: Report, has_even: bool) -> None:
    """Remove headers and footers that no section uses."""
    current: dict[str, Any] = {}
    used = set()
    first = []
    for section in tree.iter("{*}sectPr"):
        for one in section.iterchildren("{*}headerReference", "{*}footerReference"):
            if attribute(one, "type") == "first":
                current[local_name(one)] = one
                first.append(one)
            elif attribute(one, "type") == "even" and not has_even:
                report.removed("hidden")
                remove(one)
        # A section without its own headers uses those of the section before it.
        if any(map(_is_on, section.iterchildren("{*}titlePg"))):
            used |= set(current.values())
    for one in first:
        if one not in used:
            report.removed("hidden")
            remove(one)


def has_even_headers(settings: Any) -> bool:
    """Return whether even pages have their own headers according to the settings."""
    return any(map(_is_on, settings.iter("{*}evenAndOddHeaders")))


def _clean_forms(tree: Any, report: Report) -> None:
    """Keep only the visible text of a form; remove its other choices and help texts."""
    for items in list(tree.iter("{*}dropDownList", "{*}comboBox")):
        for item in list(items):
            report.removed(
                "hidden", attribute(item, "displayText") or attribute(item, "value") or ""
            )
            remove(item)
        items.attrib.clear()
    for data in [one for one in elements_of(tree) if local_name(one) == "ffData"]:
        for one in list(data):
            if local_name(one) not in ("checkBox", "ddList"):
                remove(one)
        for choices in data.iterchildren("{*}ddList"):
            _keep_chosen_entry(choices, report)


def _keep_chosen_entry(choices: Any, report: Report) -> None:
    entries = list(choices.iterchildren("{*}listEntry"))
    marks = [*choices.iterchildren("{*}result"), *choices.iterchildren("{*}default")]
    number = (attribute(marks[0], "val") if marks else None) or "0"
    chosen = int(number) if re.fullmatch("[0-9]{1,4}", number) else 0
    for at, entry in enumerate(entries):
        if at != chosen:
            report.removed("hidden", attribute(entry, "val") or "")
            remove(entry)
    for mark in marks:
        remove(mark)

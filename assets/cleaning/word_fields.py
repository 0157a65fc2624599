"""Replaces the fields of a Word file by their text, except harmless fields."""

import re
from typing import Any

from lxml import etree

from assets.cleaning.report import Report
from assets.cleaning.word_tree import attribute, elements_of, local_name, remove, unwrap
from storing.links import allowed_link

# Fields whose code only uses the document itself. Of all other fields only the text is kept.
_FIELDS = {
    "PAGE", "NUMPAGES", "SECTIONPAGES", "SECTION", "REF", "PAGEREF", "NOTEREF", "TOC",
    "INDEX", "SEQ", "STYLEREF", "SYMBOL", "EQ", "FORMCHECKBOX", "FORMDROPDOWN",
    "BIBLIOGRAPHY", "CITATION", "=", "LISTNUM", "AUTONUM", "ADVANCE",
}  # fmt: skip
_LOCAL = re.compile(r"(?:file:|\b[a-z]:[\\/]|\\\\)", re.IGNORECASE)
# The parts of the code of a field: words, and texts in quotation marks.
_ARGUMENT = re.compile(r'"((?:[^"\\]|\\.)*)"|(\S+)')
_HIDDEN_ENTRIES = {"XE", "TC", "TA", "RD"}  # entries for an index or a table: they show nothing


def flatten_fields(tree: Any, report: Report) -> None:
    for simple in [one for one in elements_of(tree) if local_name(one) == "fldSimple"]:
        code = attribute(simple, "instr") or ""
        kept = _kept_code(code, report)
        if kept is None:
            unwrap(simple)
        elif kept != code:
            name = next(name for name in simple.attrib if etree.QName(name).localname == "instr")
            simple.set(name, kept)
    open_ones: list[tuple[list[Any], list[Any]]] = []  # the marks and the code of each open field
    for element in elements_of(tree):
        local = local_name(element)
        if local == "fldChar":
            kind = attribute(element, "fldCharType")
            if kind == "begin":
                open_ones.append(([element], []))
            elif not open_ones:
                report.problem("fields")
                return
            elif kind == "separate":
                open_ones[-1][0].append(element)
            else:
                marks, parts = open_ones.pop()
                code = "".join(part.text or "" for part in parts)
                kept = _kept_code(code, report)
                if kept is None:
                    for mark in [*marks, *parts, element]:
                        remove(mark)
                elif kept != code:
                    parts[0].text = kept
                    for part in parts[1:]:
                        remove(part)
        elif local == "instrText":
            if open_ones:
                open_ones[-1][1].append(element)
            else:
                report.removed("field", element.text or "")
                remove(element)
    if open_ones:
        report.problem("fields")


def _kept_code(code: str, report: Report) -> str | None:
    """Return the code that a field may keep, or None if only the text of the field stays."""
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
    target = f' "{allowed}"' if address else ""
    return f" HYPERLINK{target}" + (f' \\l "{_escaped(place)}" ' if place else " ")


def _escaped(text: str) -> str:
    return re.sub(r'(["\\])', r"\\\1", text)

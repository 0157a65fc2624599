"""Removes names, paths and hidden data from the drawings, charts and links of a Word file."""

import re
from typing import Any

from lxml import etree

from assets.cleaning.report import Report
from assets.cleaning.word_tree import RELATIONSHIPS, elements_of, local_name, remove
from storing.links import allowed_link

_PATH = re.compile(r"[\\/]|\.(?:jpe?g|png|gif|tiff?|bmp|heic|webp|emf|wmf)\b", re.IGNORECASE)


def clean_drawings(tree: Any, report: Report, outside: dict[str, str]) -> None:
    for element in elements_of(tree):
        local = local_name(element)
        for name in list(element.attrib):
            local_attribute, space = etree.QName(name).localname, etree.QName(name).namespace
            value = str(element.attrib[name])
            if local_attribute == "title" and local == "imagedata":
                report.removed("picture_name", value)  # its file name on someone's computer
                del element.attrib[name]
            elif local_attribute == "gfxdata" or (
                local_attribute == "href" and local == "imagedata"
            ):
                del element.attrib[name]  # a copy of the drawing, or its path on someone's computer
            elif (
                space in RELATIONSHIPS
                and value in outside
                and (local_attribute in ("link", "href", "pict") or local == "imagedata")
            ):
                report.removed("linked_picture", outside[value])
                del element.attrib[name]
        if local in ("docPr", "cNvPr", "shape", "imagedata", "rect"):
            for name in list(element.attrib):
                local_attribute = etree.QName(name).localname
                if local_attribute in ("descr", "title", "alt") and _PATH.search(
                    str(element.attrib[name])
                ):
                    report.removed("picture_name", str(element.attrib[name]))
                    element.attrib[name] = ""
                elif local_attribute == "name" and local in ("docPr", "cNvPr"):
                    if _PATH.search(str(element.attrib[name])):
                        report.removed("picture_name", str(element.attrib[name]))
                    element.attrib[name] = f"Picture {element.get('id', '')}".strip()
        if local == "ext" and any(local_name(one) in ("svgBlip", "imgProps") for one in element):
            # the same picture as SVG, or before it was edited
            remove(element)


def clean_charts(tree: Any, report: Report) -> None:
    """Remove the series that a chart does not show, and the source of its numbers."""
    for element in elements_of(tree):
        local, space = local_name(element), etree.QName(element).namespace or ""
        if not space.endswith("/chart"):
            continue
        if local.startswith("filtered"):
            report.removed("hidden", " ".join(one.text or "" for one in element.iter("{*}v")))
            remove(element)
        elif local in ("f", "sqref"):
            if _PATH.search(element.text or ""):
                report.removed("chart_table", element.text or "")
            element.text = "Sheet1!$A$1"  # the table is removed; the schema requires a reference


def clean_links(tree: Any, report: Report, outside: dict[str, str]) -> None:
    for element in elements_of(tree):
        local = local_name(element)
        if address := element.get("href"):  # VML
            if allowed := allowed_link(address):
                element.set("href", allowed)
            elif not address.startswith("#"):
                report.removed("link", address)
                del element.attrib["href"]
        if local not in ("hyperlink", "hlinkClick", "hlinkHover", "hlinkMouseOver"):
            continue
        for name in [one for one in element.attrib if etree.QName(one).namespace in RELATIONSHIPS]:
            address = outside.get(str(element.attrib[name]))
            if address is None or allowed_link(address):
                continue
            report.removed("link", address)
            if local != "hyperlink":
                remove(element)
                break
            del element.attrib[name]
            for other in list(element.attrib):
                if etree.QName(other).localname in ("tooltip", "docLocation"):
                    del element.attrib[other]

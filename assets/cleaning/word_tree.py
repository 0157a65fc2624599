"""Reads and changes the XML of a Word file."""

from typing import Any

from lxml import etree

WORD = {
    "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
    "http://purl.oclc.org/ooxml/wordprocessingml/main",
}
RELATIONSHIPS = {
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    "http://purl.oclc.org/ooxml/officeDocument/relationships",
}


def local_name(element: Any) -> str:
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def elements_of(tree: Any) -> list[Any]:
    return list(tree.iter(etree.Element))


def attribute(element: Any, name: str) -> str | None:
    for space in WORD:
        if (value := element.get(f"{{{space}}}{name}")) is not None:
            return str(value)
    return None


def author_of(element: Any) -> str:
    return attribute(element, "author") or ""


def remove(element: Any) -> None:
    parent = element.getparent()
    if parent is None:
        return
    if element.tail and element.tail.strip():  # Word writes no text between elements
        element.tail = None
    parent.remove(element)


def unwrap(element: Any) -> None:
    parent = element.getparent()
    if parent is None:
        return
    for child in list(element):
        element.addprevious(child)
    parent.remove(element)


def is_word_element(element: Any) -> bool:
    return isinstance(element.tag, str) and etree.QName(element).namespace in WORD


def word_elements(tree: Any, name: str) -> list[Any]:
    """Return the elements in Word's namespaces that have a local name."""
    return [
        each for each in elements_of(tree) if is_word_element(each) and local_name(each) == name
    ]

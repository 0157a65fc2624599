"""Conversion of pasted text to a clean document, with a sentence for each kind of change.

Word and Google Docs use styles instead of HTML elements, so the styles are read before
`document.clean` removes them.
"""

from dataclasses import dataclass

from lxml.etree import SubElement, tostring
from lxml.etree import _Element as Element

from desk.pasting.clipboard import Clipboard
from desk.pasting.footnotes import make_footnotes
from desk.pasting.lists import make_lists
from desk.pasting.messages import LeftOut
from desk.pasting.plain_text import read_plain_text
from releases.document import BLOCKS, clean, clean_notes

_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")


@dataclass(frozen=True, slots=True)
class Pasted:
    """A clean document, and the sentences about what was left out or changed in it."""

    html: str
    messages: list[str]


def read_clipboard(html: str, *, notes: bool = False) -> Pasted:
    """Return pasted HTML as a clean document, or as notes to editors.

    Raises UnreadableTextError as `clean` does.
    """
    clipboard = Clipboard(html)
    make_footnotes(clipboard)
    make_lists(clipboard)
    _set_headings(clipboard)
    _set_tables(clipboard)
    if notes:
        _simplify_for_notes(clipboard)
    # `method="html"` writes closing tags of empty elements; without them HTML nests what follows.
    written = tostring(clipboard.root, encoding="unicode", method="html")
    return Pasted((clean_notes if notes else clean)(written), clipboard.left_out.sentences())


def read_plain(text: str, *, notes: bool = False) -> Pasted:
    """Return pasted plain text as a clean document, with its lines joined into paragraphs.

    Raises UnreadableTextError as `clean` does.
    """
    left_out = LeftOut()
    html = read_plain_text(text, left_out)
    return Pasted((clean_notes if notes else clean)(html), left_out.sentences())


def clean_pasted(html: str) -> str:
    """Return pasted HTML as a clean document. Raises UnreadableTextError as `clean` does."""
    return read_clipboard(html).html


def _set_headings(clipboard: Clipboard) -> None:
    """Change the highest copied level of headings to h2 and all other levels to h3."""
    headings = [node for node in clipboard.root.iter(*_HEADINGS) if _text(node).strip()]
    levels = sorted({node.tag for node in headings})
    for node in headings:
        facts = clipboard.facts.get(node)
        if facts and (marker := facts.marker.strip()):
            clipboard.left_out.numbers.append(marker)
        clipboard.left_out.deep_headings += node.tag in levels[2:]
        node.tag = "h2" if node.tag == levels[0] else "h3"


def _set_tables(clipboard: Clipboard) -> None:
    """Mark the header cells of tables. Remove tables of one cell, which are only frames."""
    for table in list(clipboard.root.iter("table")):
        rows = [row for row in table.iter("tr") if _table_of(row) is table]
        cells = [cell for row in rows for cell in row if cell.tag in ("td", "th")]
        if len(cells) < 2:
            for node in (table, *rows, *cells):
                node.tag = "div"
        elif len(rows) > 1 and all(cell.tag == "td" for cell in cells):
            facts = clipboard.facts.get(rows[0])
            headed = bool(facts and facts.first_row) or next(table.iter("thead"), None) is not None
            if headed or _is_bold(rows[0]):
                _make_header(rows[0])


def _is_bold(row: Element) -> bool:
    """Return whether a row has words and all of them are bold."""
    words = "".join(_text(row).split())
    return bool(words) and words == "".join("".join(map(_text, row.iter("strong"))).split())


def _make_header(row: Element) -> None:
    for cell in row.iterchildren("td"):
        cell.tag = "th"
    for bold in row.iter("strong"):
        bold.tag = "span"


def _simplify_for_notes(clipboard: Clipboard) -> None:
    """Turn table rows into paragraphs and put footnotes in brackets: notes have neither."""
    root, left_out = clipboard.root, clipboard.left_out
    for note in list(root.iter("span")):
        if note.attrib.pop("data-footnote", ""):
            left_out.notes += 1
            note.text = f" ({note.text or ''}"
            SubElement(note, "span").text = ")"
    for table in list(root.iter("table")):
        if table.tag == "table":  # an inner table has become a span with its row
            left_out.tables += 1
            for row in [row for row in table.iter("tr") if _table_of(row) is table]:
                _make_paragraph(row)
            table.tag = "div"


def _make_paragraph(row: Element) -> None:
    """Turn a row into one paragraph. Cells keep their formatting and are separated by “|”."""
    cells = [cell for cell in row if cell.tag in ("td", "th")]
    for cell in cells[:-1]:
        cell.tail = f" | {cell.tail or ''}"
    for node in row.iter():
        if node.tag in BLOCKS:
            node.tail = f" {node.tail or ''}"
            node.tag = "span"
        elif node.tag == "br":
            node.tag, node.text = "span", " "
    row.tag = "p"


def _table_of(row: Element) -> Element | None:
    return next(row.iterancestors("table"), None)


def _text(node: Element) -> str:
    return "".join(map(str, node.itertext()))

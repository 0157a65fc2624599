"""A release as a Word file (Office Open XML, ECMA-376), made from the same document as its page.

python-docx provides the package and the styles. Paragraphs are written as XML, because tables take
quadratic time with the objects of python-docx.
"""

from collections.abc import Iterable
from functools import cache
from io import BytesIO
from itertools import groupby
from typing import Any, cast
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from django.utils.translation import gettext as _
from docx import Document as open_word
from docx.opc.constants import CONTENT_TYPE, RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import Part, XmlPart
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Mm

from assets.cleaning import word as cleaning
from newsroom.exports import footer_sections, header_lines
from newsroom.page import ReleasePage
from releases.document import Document, uuid_in
from releases.document.blocks import Block, without_sections
from releases.document.inline import PLAIN, Piece
from releases.document.schema import LISTS
from releases.document.tables import head_rows
from storing.links import allowed_link
from storing.texts import clean_text

_INDENT = 360  # twentieths of a point for each level of a list
_MAX_DEPTH = 8  # Word has nine levels, counted from 0
_BULLETS, _NUMBERS = 9001, 9002  # ids of our two list styles
_FIRST_LIST = 100  # our ids are higher; the template of python-docx has lists with lower ids
_RAISED_PIECE = Piece("", PLAIN._replace(sup="sup"))
_SPACE = "{http://www.w3.org/XML/1998/namespace}space"
_FIRST_FOOTNOTES = (
    f"<w:footnotes {nsdecls('w')}>"
    '<w:footnote w:type="separator" w:id="-1"><w:p><w:r><w:separator/></w:r></w:p></w:footnote>'
    '<w:footnote w:type="continuationSeparator" w:id="0"><w:p><w:r><w:continuationSeparator/>'
    "</w:r></w:p></w:footnote></w:footnotes>"
)


def as_docx(page: ReleasePage, origin: str, publisher: str) -> bytes:
    """Return a release as a .docx file, in the order of its page, without an author."""
    writer = _Writer(page)
    for style, line in header_lines(page, publisher):
        writer.line(style, line)
    writer.document(page.document)
    for heading, content in footer_sections(page, origin):
        if heading:
            writer.line("Heading 1", heading)
        if isinstance(content, Document):
            writer.document(content)
        else:
            for line in content:
                writer.line("Normal", line)
    return writer.packed()


class _Writer:
    """Writer of paragraphs, lists and tables into the body of a Word file."""

    def __init__(self, page: ReleasePage) -> None:
        self.page = page
        self.word = open_word(BytesIO(_template()))
        self.body = self.word.element.body
        self.end = self.body[-1]  # the page settings must stay last
        self.styles = {style.name: style.style_id for style in self.word.styles}
        self.pictures = {picture.pk: picture for picture in page.pictures}
        self.notes: XmlPart | None = None
        self.note_count = self.list_count = 0
        self.links: dict[str, str] = {}
        self._set_language(page.release.language, page.release.direction == "rtl")

    def packed(self) -> bytes:
        saved = BytesIO()
        self.word.save(saved)
        return _dateless(saved)

    def line(self, style: str, text: str) -> None:
        """Write plain text as one paragraph."""
        _write(self._paragraph(style), Piece(text, PLAIN))

    def document(self, document: Document) -> None:
        """Write a document with its quotations, pictures and footnotes."""
        attributions = self.page.attributions if document is self.page.document else {}
        position = 0
        for block in without_sections(document.blocks):
            if block.tag == "blockquote":
                position += 1
                for quoted in block.blocks:
                    self._block("Quote", quoted)
                if (speaker := attributions.get(position)) and speaker.name:
                    names = ", ".join(filter(None, [speaker.name, speaker.title]))
                    self.line("Quote", f"– {names}")
            elif block.tag == "figure":
                asset = uuid_in(block.attributes.get("data-asset"))
                if picture := self.pictures.get(asset) if asset else None:
                    self.line("Normal", _("[Picture: %s]") % picture.plain_text_caption())
            elif block.tag in LISTS:
                self._list(block, 0, self.end.addprevious)
            elif block.tag == "table":
                self._table(block)
            else:
                styles = {"h2": "Heading 1", "h3": "Heading 2"}
                self._block(styles.get(block.tag, "Normal"), block)

    # --- Blocks ---

    def _paragraph(self, style: str, add: Any = None) -> Any:
        paragraph: Any = OxmlElement("w:p")
        _child(_child(paragraph, "w:pPr"), "w:pStyle", val=self.styles[style])
        (add or self.end.addprevious)(paragraph)
        return paragraph

    def _block(self, style: str, block: Block, add: Any = None) -> Any:
        paragraph = self._paragraph(style, add)
        self._pieces(paragraph, block.pieces, self.word.part)
        return paragraph

    def _list(self, block: Block, level: int, add: Any) -> None:
        """Write a list. Each numbered list has its own numbering and first number."""
        number = self._numbering(block, min(level, _MAX_DEPTH))
        for item in block.blocks:
            numbered = False
            if item.blocks and item.blocks[0].tag in LISTS:  # an empty paragraph carries the number
                self._numbered(self._paragraph("List Paragraph", add)[0], number, level)
                numbered = True
            for inner in item.blocks:
                if inner.tag in LISTS:
                    self._list(inner, level + 1, add)
                    continue
                properties = self._block("List Paragraph", inner, add)[0]
                if numbered:
                    indent = _INDENT * (min(level, _MAX_DEPTH) + 1)
                    _child(properties, "w:ind", left=str(indent))
                else:
                    self._numbered(properties, number, level)
                numbered = True

    def _numbered(self, properties: Any, number: int, level: int) -> None:
        numbering = _child(properties, "w:numPr")
        _child(numbering, "w:ilvl", val=str(min(level, _MAX_DEPTH)))
        _child(numbering, "w:numId", val=str(number))

    def _numbering(self, block: Block, level: int) -> int:
        self.list_count += 1
        kind = _NUMBERS if block.tag == "ol" else _BULLETS
        number = _FIRST_LIST + self.list_count
        num = _child(self.word.part.numbering_part.element, "w:num", numId=str(number))
        _child(num, "w:abstractNumId", val=str(kind))
        if block.tag == "ol":
            override = _child(num, "w:lvlOverride", ilvl=str(level))
            _child(override, "w:startOverride", val=str(block.number("start")))
        return number

    def _table(self, block: Block) -> None:
        if caption := block.attributes.get("data-caption"):
            self.line("Caption", caption)
        table = OxmlElement("w:tbl")
        properties = _child(table, "w:tblPr")
        _child(properties, "w:tblStyle", val=self.styles["Table Grid"])
        if self.page.release.direction == "rtl":
            _child(properties, "w:bidiVisual")
        _child(properties, "w:tblW", w="5000", type="pct")
        grid = _child(table, "w:tblGrid")
        open_cells: dict[int, tuple[int, int]] = {}  # column: (remaining rows, width in columns)
        rows = [row for group in block.blocks for row in group.blocks]
        header_rows = head_rows(rows)
        for number, row in enumerate(rows):
            table_row = _child(table, "w:tr")
            cells = row.blocks[::-1]
            if number < header_rows:
                _child(_child(table_row, "w:trPr"), "w:tblHeader")
            column = 0
            while cells or column in open_cells:
                if column in open_cells:
                    height, width = open_cells.pop(column)
                    self._cell(table_row, None, width, "continue")
                else:
                    cell = cells.pop()
                    width, height = cell.number("colspan"), cell.number("rowspan")
                    self._cell(table_row, cell, width, "restart" if height > 1 else "")
                if height > 1:
                    open_cells[column] = (height - 1, width)
                column += width
            while len(grid) < column:
                _child(grid, "w:gridCol")
        self.end.addprevious(table)
        self._paragraph("Normal")  # without it, Word joins this table with one that follows

    def _cell(self, row: Any, block: Block | None, width: int, merge: str) -> None:
        cell = _child(row, "w:tc")
        properties = _child(cell, "w:tcPr")
        if width > 1:
            _child(properties, "w:gridSpan", val=str(width))
        if merge:
            _child(properties, "w:vMerge", val=merge)
        for inner in block.blocks if block else ():
            if inner.tag in LISTS:
                self._list(inner, 0, cell.append)
            elif block and block.tag == "th":
                strong = [piece.with_marks(strong="strong") for piece in inner.pieces]
                self._pieces(self._paragraph("Normal", cell.append), strong, self.word.part)
            else:
                self._block("Normal", inner, cell.append)
        if cell[-1].tag != qn("w:p") or (block and block.blocks[-1].tag in LISTS):
            self._paragraph("Normal", cell.append)  # in Word, a cell must end with a paragraph

    # --- Text and footnotes ---

    def _pieces(self, paragraph: Any, pieces: Iterable[Piece], part: Part) -> None:
        for note, of_note in groupby(pieces, key=lambda piece: piece.marks.note):
            if note:
                self._footnote(paragraph, of_note)
                continue
            for href, linked in groupby(of_note, key=lambda piece: piece.marks.href):
                parent = paragraph
                if address := allowed_link(href):
                    parent = _child(paragraph, "w:hyperlink")
                    parent.set(qn("r:id"), self._relation(address, part))
                for piece in linked:
                    _write(parent, piece)

    def _relation(self, href: str, part: Part) -> str:
        """Return the id of a link in a part.

        The ids are cached here, because the search of python-docx takes quadratic time.
        """
        key = f"{part.partname} {href}"
        if key not in self.links:
            self.links[key] = f"link{len(self.links) + 1}"
            part.rels.add_relationship(
                RELATIONSHIP_TYPE.HYPERLINK, href, self.links[key], is_external=True
            )
        return self.links[key]

    def _footnote(self, paragraph: Any, pieces: Iterable[Piece]) -> None:
        if self.notes is None:
            self.notes = XmlPart(
                PackURI("/word/footnotes.xml"),
                CONTENT_TYPE.WML_FOOTNOTES,
                parse_xml(_FIRST_FOOTNOTES),
                cast(Any, self.word.part.package),
            )
            self.word.part.relate_to(self.notes, RELATIONSHIP_TYPE.FOOTNOTES)
        self.note_count += 1
        _child(_run(paragraph, _RAISED_PIECE), "w:footnoteReference", id=str(self.note_count))
        note = _child(self.notes.element, "w:footnote", id=str(self.note_count))
        paragraph_below = self._paragraph("Normal", note.append)
        _child(_run(paragraph_below, _RAISED_PIECE), "w:footnoteRef")
        text = [Piece(" ", PLAIN), *(piece.with_marks(note="") for piece in pieces)]
        self._pieces(paragraph_below, text, self.notes)

    def _set_language(self, tag: str, rtl: bool) -> None:
        normal = self.word.styles["Normal"].element
        look = normal.get_or_add_rPr()
        if rtl:
            _child(normal.get_or_add_pPr(), "w:bidi")
            _child(look, "w:rtl")
        language = _child(look, "w:lang", val=tag)
        language.set(qn("w:eastAsia"), tag)
        language.set(qn("w:bidi"), tag)


@cache
def _template() -> bytes:
    """Return an empty Word file with the styles of python-docx and our two list styles.

    It is cleaned like every public document, so the properties of the template are gone.
    """
    word = open_word()
    paper = word.sections[0]
    paper.page_width, paper.page_height = Mm(210), Mm(297)  # A4 (ISO 216)
    numbering = word.part.numbering_part.element
    for number, kind, text in (
        (_NUMBERS, "decimal", "%{}."),
        (_BULLETS, "bullet", "•"),
    ):
        levels = "".join(
            f'<w:lvl w:ilvl="{level}"><w:start w:val="1"/><w:numFmt w:val="{kind}"/>'
            f'<w:lvlText w:val="{text.format(level + 1)}"/><w:lvlJc w:val="start"/>'
            f'<w:pPr><w:ind w:left="{_INDENT * (level + 1)}" w:hanging="{_INDENT}"/></w:pPr>'
            "</w:lvl>"
            for level in range(_MAX_DEPTH + 1)
        )
        ours = f'<w:abstractNum {nsdecls("w")} w:abstractNumId="{number}">{levels}</w:abstractNum>'
        numbering.insert(0, parse_xml(ours))
    written = BytesIO()
    word.save(written)
    cleaned = cleaning.clean(written)
    pieces = cast("list[bytes]", cleaned.pieces)  # bytes only: the Word cleaner copies no ranges
    return b"".join(pieces)


def _dateless(saved: BytesIO) -> bytes:
    """Return a Word file without the time of writing, so that a release gives the same bytes."""
    packed = BytesIO()
    with ZipFile(saved) as parts, ZipFile(packed, "w", ZIP_DEFLATED) as archive:
        for name in parts.namelist():
            entry = ZipInfo(name, (1980, 1, 1, 0, 0, 0))  # the earliest date in a ZIP
            archive.writestr(entry, parts.read(name), ZIP_DEFLATED)
    return packed.getvalue()


def _write(parent: Any, piece: Piece) -> None:
    """Write a piece of text with its marks. Each newline becomes a line break."""
    run = _run(parent, piece)
    for number, line in enumerate(clean_text(piece.text, multiline=True).split("\n")):
        if number:
            _child(run, "w:br")
        if line:
            text = _child(run, "w:t")
            text.text = line
            text.set(_SPACE, "preserve")


def _run(parent: Any, piece: Piece) -> Any:
    """Return a new run with the marks of a piece, in the order that ECMA-376 requires."""
    run = _child(parent, "w:r")
    marks = piece.marks
    if any([marks.href, marks.strong, marks.em, marks.s, marks.sub, marks.sup]):
        look = _child(run, "w:rPr")
        for mark, name in ((marks.strong, "w:b"), (marks.em, "w:i"), (marks.s, "w:strike")):
            if mark:
                _child(look, name)
        if marks.href:
            _child(look, "w:u", val="single")
        if marks.sub or marks.sup:
            _child(look, "w:vertAlign", val="subscript" if marks.sub else "superscript")
    return run


def _child(parent: Any, tag: str, **attributes: str) -> Any:
    child = OxmlElement(tag)
    for name, value in attributes.items():
        child.set(qn(f"w:{name}"), value)
    parent.append(child)
    return child

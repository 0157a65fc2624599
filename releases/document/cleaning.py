"""Convert any HTML to a document of the schema."""

import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import groupby
from uuid import UUID

import lxml.html
from lxml.etree import _Element as Element

from people.names.normalise import find_whole
from releases.document.blocks import Block, number_notes, plain, stored_html, walk, without_sections
from releases.document.inline import (
    PLAIN,
    Marks,
    Piece,
    joined,
    normal,
    pieces_in,
    pieces_of,
    text_of,
    with_mark,
    with_notes_behind,
    words,
)
from releases.document.parsing import Cleaner, parsed, refuse_too_deep
from releases.document.schema import (
    ATTRIBUTES,
    BACKGROUND,
    BLOCKS,
    HEADINGS,
    LISTS,
    MAX_ATTRIBUTION,
    MAX_CAPTION,
    MAX_NOTES,
    MAX_START,
    MAX_TEXT,
    TextTooLongError,
    uuid_in,
)
from releases.document.tables import Cell, rectangle, span_in
from storing.texts import clean_text, is_blank

_NOT_IN_LIST_ITEM = {"blockquote", "figure", "table"}
_NOT_IN_CELL = {"figure"}
_cleaner = Cleaner(ATTRIBUTES)


def clean(html: str, max_characters: int = MAX_TEXT) -> str:
    """Convert any HTML to a document of our schema, and keep its text in order.

    Headings are reduced to two levels without gaps. Elements that only group or decorate are
    replaced by their content. Tables become rectangles, footnotes are numbered, and empty blocks
    are removed. So are references that are not UUIDs; `drop_unknown_refs` removes UUIDs that do not
    exist. `UNWANTED_WITH_CONTENT` elements, such as scripts, are removed with their text. Raises
    UnreadableTextError if the nesting is too deep, a table is too large, or the document has more
    than `max_characters`.
    """
    return _cleaned(blocks_in(_cleaner.clean(html, max_characters)), max_characters)


def clean_notes(html: str, max_characters: int = MAX_NOTES) -> str:
    """Convert any HTML to notes to editors: paragraphs, headings, lists, and plain quotations.

    Quotations have no speakers. The text of tables, footnotes and sections is kept. Pictures are
    removed. Raises the errors of `clean`.
    """
    blocks = []
    for block in without_sections(blocks_in(_cleaner.clean(html, max_characters))):
        if block.tag == "table":
            blocks += list(block.paragraphs())
        elif block.tag != "figure":
            block.attributes = {n: v for n, v in block.attributes.items() if n == "start"}
            blocks.append(block)
    for block in walk(blocks):
        pieces = (piece.with_marks(person="") for piece in block.pieces)
        block.pieces = normal(with_notes_behind(pieces))
    return _cleaned(blocks, max_characters)


def blocks_in(html: str) -> list[Block]:
    """Return the blocks of HTML that has only known tags, and number its footnotes."""
    blocks = _flow(parsed(html), PLAIN)
    number_notes(blocks)
    return blocks


def drop_unknown_refs(html: str, people: Collection[UUID], assets: Collection[UUID]) -> str:
    """Return a clean document without references to people or pictures that do not exist.

    The text of a quotation or a name is kept. An unknown picture is removed.
    """
    blocks = _without_pictures(blocks_in(html), assets)
    unknown: dict[str, bool] = {}

    def is_unknown(person: str) -> bool:
        if person not in unknown:
            unknown[person] = uuid_in(person) not in people
        return unknown[person]

    for block in walk(blocks):
        if is_unknown(block.attributes.get("data-speaker", "")):
            block.attributes.pop("data-speaker", "")
        block.pieces = joined(
            piece.with_marks(person="")
            if piece.marks.person and is_unknown(piece.marks.person)
            else piece
            for piece in block.pieces
        )
    return stored_html(blocks, sys.maxsize)


def link_people(html: str, people: Mapping[str, UUID]) -> str:
    """Return a clean document with names linked to people, for an import.

    A quotation whose `data-name` is a key of `people` gets that person as its speaker. The first
    occurrence of each name in a paragraph is marked.
    """
    blocks = blocks_in(html)
    for block in walk(blocks):
        if speaker := people.get(block.attributes.get("data-name", "")):
            del block.attributes["data-name"]
            block.attributes = {"data-speaker": str(speaker), **block.attributes}
    paragraphs = [block for block in walk(blocks) if block.tag == "p"]
    for name, person in people.items():
        any(_mark_first(paragraph, name, person) for paragraph in paragraphs)
    return stored_html(blocks, sys.maxsize)


# --- Private functions ---------------------------------------------------------------------------


def _cleaned(blocks: list[Block], max_characters: int) -> str:
    _level_headings(blocks)
    # Clean again: characters of joined texts may compose, and the line ends have moved.
    cleaned = clean_text(stored_html(blocks, max_characters), multiline=True)
    if len(cleaned) > max_characters:
        raise TextTooLongError(len(cleaned), max_characters)
    refuse_too_deep(cleaned)
    return cleaned


def _level_headings(blocks: Iterable[Block]) -> None:
    """If an h3 comes before the first h2, make it an h2, so that no level is skipped."""
    is_below = False
    for block in walk(blocks):
        is_below = is_below or block.tag == "h2"
        if block.tag == "h3" and not is_below:
            block.tag, is_below = "h2", True


def _flow(node: Element, marks: Marks) -> list[Block]:
    """Return the content of a node as blocks of our schema. Loose text becomes paragraphs."""
    blocks: list[Block] = []
    run: list[Piece] = []

    def end_run() -> None:
        blocks.extend(_paragraph("p", run))
        run.clear()

    run.extend(words(node.text, marks))
    for child in node:
        if child.tag in BLOCKS or _holds_blocks(child):
            end_run()
            blocks.extend(_block(child, marks))
        else:
            run.extend(pieces_of(child, marks))
        run.extend(words(child.tail, marks))
    end_run()
    return blocks


def _holds_blocks(node: Element) -> bool:
    return any(inner is not node for inner in node.iter(*BLOCKS))


def _block(node: Element, marks: Marks) -> list[Block]:
    # A link or an emphasis around whole paragraphs applies to each of them.
    tag, marks = node.tag, with_mark(node, marks)
    if tag in HEADINGS and _holds_blocks(node):
        inner = _flow(node, marks)
        for block in inner:
            block.tag = HEADINGS[tag] if block.tag == "p" else block.tag
        return inner
    if tag == "p" or tag in HEADINGS:
        return _paragraph(HEADINGS.get(tag, "p"), pieces_in(node, marks))
    if tag in LISTS:
        return _list(node, marks)
    if tag == "blockquote":
        return _quotation(node, marks)
    if tag == "table":
        return _table(node, marks)
    if tag == "figure":
        asset = uuid_in(node.get("data-asset"))
        figure = [Block("figure", {"data-asset": str(asset)})] if asset else []
        return figure + _flow(node, marks)
    inner = _flow(node, marks)
    if tag == "section" and node.get("data-kind") == BACKGROUND and inner:
        return [Block("section", {"data-kind": BACKGROUND}, blocks=list(without_sections(inner)))]
    return inner


def _paragraph(tag: str, pieces: Iterable[Piece]) -> list[Block]:
    pieces = normal(pieces)
    if is_blank(text_of(pieces)):
        # A footnote in an otherwise empty paragraph becomes its text.
        pieces = normal(piece.with_marks(note="") for piece in pieces)
        if is_blank(text_of(pieces)):
            return []
    return [Block(tag, pieces=pieces)]


def _list(node: Element, marks: Marks) -> list[Block]:
    """Return a list as blocks.

    A block that an item cannot contain splits the list, and the numbering continues after it.
    """
    blocks: list[Block] = []
    items: list[Block] = []
    number = _start(node) if node.tag == "ol" else 1

    def end_list() -> None:
        nonlocal number, items
        if items:
            start = {"start": str(number)} if node.tag == "ol" and number != 1 else {}
            blocks.append(Block(node.tag, start, blocks=items))
            number = min(number + len(items), MAX_START)
        items = []

    for child in _with_loose_text_in_items(node):
        # Google Docs puts a nested list after its item, instead of inside it.
        inner = _flow(child, marks) if child.tag == "li" else _block(child, marks)
        for is_outside, group in groupby(
            without_sections(inner), lambda block: block.tag in _NOT_IN_LIST_ITEM
        ):
            if is_outside:
                end_list()
                blocks.extend(group)
            elif child.tag in LISTS and items:
                items[-1].blocks.extend(group)
            else:
                items.append(Block("li", blocks=list(_lists_and_paragraphs(group))))
    end_list()
    return blocks


def _start(node: Element) -> int:
    value = node.get("start", "").strip()
    is_number = value.isascii() and value.isdigit() and len(value) < 9
    return int(value) if is_number and int(value) <= MAX_START else 1


def _with_loose_text_in_items(node: Element) -> Iterator[Element]:
    """Yield the children of a list, and an item for each text between them."""

    def item(text: str | None) -> Iterator[Element]:
        if text and text.strip():
            made = lxml.html.Element("li")
            made.text = text
            yield made

    yield from item(node.text)
    for child in node:
        yield child
        yield from item(child.tail)


def _lists_and_paragraphs(blocks: Iterable[Block]) -> Iterator[Block]:
    """Yield blocks as lists and paragraphs, which an item or a cell can contain."""
    for block in without_sections(blocks):
        if block.tag in LISTS:
            yield block
        else:
            yield from block.paragraphs()


def _quotation(node: Element, marks: Marks) -> list[Block]:
    attributes = {}
    if speaker := uuid_in(node.get("data-speaker")):
        attributes["data-speaker"] = str(speaker)
    elif name := _attribution(node.get("data-name")):
        attributes["data-name"] = name
    if title := _attribution(node.get("data-title")):
        attributes["data-title"] = title
    inner = list(without_sections(_flow(node, marks)))
    paragraphs = [p for block in inner for p in block.paragraphs()]
    figures = [block for block in inner if block.tag == "figure"]
    return [*([Block("blockquote", attributes, blocks=paragraphs)] if paragraphs else []), *figures]


def _attribution(value: str | None) -> str:
    return " ".join((value or "").split())[:MAX_ATTRIBUTION]


def _table(node: Element, marks: Marks) -> list[Block]:
    """Return a table, with the text outside its cells before it and its pictures after it."""
    before: list[Block] = []
    after: list[Block] = []
    groups: dict[str, list[list[list[Cell]]]] = {"thead": [], "tbody": [], "tfoot": []}
    loose: list[list[Cell]] = []
    caption = [" ".join(node.get("data-caption", "").split())]
    before += _paragraph("p", words(node.text, marks))
    for child in node:
        if child.tag == "caption":
            for block in without_sections(_flow(child, marks)):
                after += [block] if block.tag in _NOT_IN_CELL else []
                caption += ["".join(piece.text for piece in p.pieces) for p in block.paragraphs()]
        elif child.tag in groups:
            groups[child.tag].append([_row(row, marks, after) for row in child.iterfind("tr")])
        elif child.tag == "tr":
            loose.append(_row(child, marks, after))
        else:
            before += _block(child, marks)
        before += _paragraph("p", words(child.tail, marks))
    groups["tbody"].append(loose)
    rows = rectangle(group for part in groups.values() for group in part)
    title = " ".join(" ".join(filter(None, caption)).split())
    if is_blank(title):
        title = ""
    elif len(title) > MAX_CAPTION:
        before.append(plain(title))
        title = ""
    if not title and not any(block.pieces for block in walk(rows)):
        return before + after
    if not rows:
        return [*before, plain(title), *after]
    attributes = {"data-caption": title} if title else {}
    return [*before, Block("table", attributes, blocks=[Block("tbody", blocks=rows)]), *after]


def _row(node: Element, marks: Marks, moved: list[Block]) -> list[Cell]:
    """Return the cells of a row. Append blocks that a cell cannot contain to `moved`."""
    cells = []
    for child in node:
        if child.tag not in ("td", "th"):
            moved += _block(child, marks)
            continue
        inner = list(without_sections(_flow(child, marks)))
        moved += [block for block in inner if block.tag in _NOT_IN_CELL]
        cells.append(
            Cell(
                child.tag,
                list(_lists_and_paragraphs(inner)),
                span_in(child.get("colspan")),
                span_in(child.get("rowspan"), min_span=0),
            )
        )
    return cells


def _without_pictures(blocks: Iterable[Block], known: Collection[UUID]) -> list[Block]:
    """Return blocks without unknown pictures, and without sections that become empty."""
    kept = []
    for block in blocks:
        if block.tag == "section":
            block.blocks = _without_pictures(block.blocks, known)
        is_gone = block.tag == "figure" and uuid_in(block.attributes["data-asset"]) not in known
        if not is_gone and (block.tag != "section" or block.blocks):
            kept.append(block)
    return kept


def _mark_first(paragraph: Block, name: str, person: UUID) -> bool:
    """Mark the first occurrence of a name outside existing marks. Return whether it was found.

    A part of the name may be bold, for example. Each footnote is searched as a separate text.
    """
    pieces = paragraph.pieces
    for note in dict.fromkeys(piece.marks.note for piece in pieces):
        # A newline replaces each marked character, so that no match includes a marked name.
        text = "".join(
            "\n" * len(piece.text) if piece.marks.person else piece.text
            for piece in pieces
            if piece.marks.note == note
        )
        if (start := find_whole(name, text)) >= 0:
            paragraph.pieces = joined(_marked(pieces, note, start, start + len(name), person))
            return True
    return False


def _marked(
    pieces: Iterable[Piece], note: str, start: int, end: int, person: UUID
) -> Iterator[Piece]:
    """Yield pieces with a person mark from `start` to `end`.

    These are positions in the text of the footnote `note`, or in the text without footnotes if
    `note` is "".
    """
    at = 0
    for piece in pieces:
        if piece.marks.note != note:
            yield piece
            continue
        first, last = (min(max(place - at, 0), len(piece.text)) for place in (start, end))
        parts = (piece.text[:first], piece.text[first:last], piece.text[last:])
        for text, is_name in zip(parts, (False, True, False), strict=True):
            if text:
                marks = piece.marks._replace(person=str(person)) if is_name else piece.marks
                yield Piece(text, marks)
        at += len(piece.text)

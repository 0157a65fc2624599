"""The text of a paragraph: pieces, each with its marks, in one normal form.

Marks are always nested in the order of `Marks`, the outermost first, and neighbouring pieces share
outer marks that are equal. The editor (ProseMirror) writes them in the same way.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from html import escape
from itertools import groupby
from typing import NamedTuple

from lxml.etree import _Element as Element

from releases.document.schema import MARKS, uuid_in
from storing.links import allowed_link

_SPACES = re.compile(r"[ \t\r\n\f]+")
_BLANK = " \n\u00a0"
_RAISED = str.maketrans("0123456789+-=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿ")
_LOWERED = str.maketrans("0123456789+-=()", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎")


class Marks(NamedTuple):
    """The marks of a piece, the outermost first. A mark that the piece does not have is ""."""

    note: str = ""  # the number of its footnote, or any other key in foreign HTML
    href: str = ""
    person: str = ""
    strong: str = ""
    em: str = ""
    s: str = ""
    sub: str = ""
    sup: str = ""


class Piece(NamedTuple):
    """A text whose characters all have the same marks. A newline is a line break."""

    text: str
    marks: Marks

    def with_marks(self, **marks: str) -> "Piece":
        return Piece(self.text, self.marks._replace(**marks))


PLAIN = Marks()


def with_mark(node: Element, marks: Marks) -> Marks:
    """Return marks with those of a node added.

    Of nested links, names or notes, the outermost is kept.
    """
    if tag := MARKS.get(node.tag):
        return marks._replace(**{tag: tag})
    if node.tag == "a" and not marks.href:
        return marks._replace(href=allowed_link(node.get("href", "")) or "")
    if node.tag == "span":
        person = marks.person or uuid_in(node.get("data-person")) or ""
        note = marks.note or node.get("data-footnote", "").strip()
        return marks._replace(person=str(person), note=note)
    return marks


def pieces_in(node: Element, marks: Marks) -> Iterator[Piece]:
    """Yield the content of a node as pieces, without the node's own mark."""
    yield from words(node.text, marks)
    for child in node:
        yield from pieces_of(child, marks)
        yield from words(child.tail, marks)


def pieces_of(node: Element, marks: Marks) -> Iterator[Piece]:
    """Yield a node as pieces, with the node's own mark."""
    if node.tag == "br":
        yield Piece("\n", marks)
    else:
        yield from pieces_in(node, with_mark(node, marks))


def words(text: str | None, marks: Marks) -> Iterator[Piece]:
    """Yield a text of HTML as a piece, with each run of white space as one space."""
    if text:
        yield Piece(_SPACES.sub(" ", text), marks)


def normal(pieces: Iterable[Piece]) -> list[Piece]:
    """Return pieces in normal form: no outer blanks, no double spaces, equal neighbours joined."""
    found = _without_outer_blanks(_without_double_spaces(pieces))
    return joined(_without_marked_blanks(found))


def joined(pieces: Iterable[Piece]) -> list[Piece]:
    """Return pieces, with neighbours that have the same marks joined."""
    return [
        Piece("".join(piece.text for piece in same), marks)
        for marks, same in groupby(pieces, key=lambda piece: piece.marks)
    ]


def text_of(pieces: Iterable[Piece]) -> str:
    """Return the text of pieces without footnotes, with its line breaks."""
    # Without a note that stood between two spaces, only one of them is kept.
    kept = _without_double_spaces(piece for piece in pieces if not piece.marks.note)
    return "".join(piece.text for piece in kept).strip()


def plain_text_of(pieces: Iterable[Piece]) -> str:
    """Return pieces as plain text, without footnotes.

    Superscript and subscript digits are kept, and struck-out text is put between “~~”. Otherwise
    10⁶ would become 106, and a struck-out “not” would be read as part of the text.
    """
    found = [_with_raised_characters(piece) for piece in pieces if not piece.marks.note]
    return text_of(_with_struck_marked(found))


def notes_of(pieces: Iterable[Piece]) -> list[list[Piece]]:
    """Return the footnotes among pieces in their order, each as pieces without the note's mark."""
    return [
        [piece.with_marks(note="") for piece in same]
        for note, same in groupby(pieces, key=lambda piece: piece.marks.note)
        if note
    ]


def with_notes_behind(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """Yield the pieces outside footnotes, then the text of each footnote in brackets."""
    pieces = list(pieces)
    yield from (piece for piece in pieces if not piece.marks.note)
    for note in notes_of(pieces):
        yield from (Piece(" (", PLAIN), *note, Piece(")", PLAIN))


def html_of(
    pieces: Iterable[Piece], tags: Callable[[Marks], list[tuple[str, str]]] | None = None
) -> str:
    """Return pieces as HTML.

    `tags` returns the opening and closing tags of marks, the outermost first.
    """
    tags, written = tags or stored_tags, []
    opened: list[tuple[str, str]] = []
    for piece in pieces:
        wanted = tags(piece.marks)
        shared = 0
        while shared < min(len(opened), len(wanted)) and opened[shared][0] == wanted[shared][0]:
            shared += 1
        written += [closing for _opening, closing in reversed(opened[shared:])]
        written += [opening for opening, _closing in wanted[shared:]]
        opened = wanted
        written.append(escape(piece.text, quote=False).replace("\n", "<br>"))
    written += [closing for _opening, closing in reversed(opened)]
    return "".join(written)


def stored_tags(marks: Marks) -> list[tuple[str, str]]:
    """Return the tags of marks in a stored document."""
    tags = []
    if marks.note:
        tags.append((f'<span data-footnote="{escape(marks.note)}">', "</span>"))
    if marks.href:
        tags.append((f'<a href="{escape(marks.href)}">', "</a>"))
    if marks.person:
        tags.append((f'<span data-person="{escape(marks.person)}">', "</span>"))
    return tags + emphasis_tags(marks)


def emphasis_tags(marks: Marks) -> list[tuple[str, str]]:
    """Return the tags of marks that only change the look of a text."""
    return [(f"<{tag}>", f"</{tag}>") for tag in marks[3:] if tag]


def _without_double_spaces(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """Yield pieces without spaces after a space or a line break, which browsers do not show."""
    after_space = False
    for piece in pieces:
        text = re.sub(r"(?<=[ \n]) +", "", piece.text)
        if after_space:
            text = text.lstrip(" ")
        if text:
            yield Piece(text, piece.marks)
            after_space = text[-1] in " \n"


def _without_outer_blanks(pieces: Iterable[Piece]) -> list[Piece]:
    found = list(pieces)
    while found and not (text := found[-1].text.rstrip(_BLANK)):
        found.pop()
    if found:
        found[-1] = Piece(text, found[-1].marks)
    first = 0
    while first < len(found) and not (text := found[first].text.lstrip(_BLANK)):
        first += 1
    if first < len(found):
        found[first] = Piece(text, found[first].marks)
    return found[first:]


def _without_marked_blanks(pieces: list[Piece]) -> list[Piece]:
    """Remove marks from blanks if no neighbour has the mark: a bold space is invisible."""
    before, after = PLAIN, [PLAIN] * len(pieces)
    for at in range(len(pieces) - 1, 0, -1):
        is_blank = not pieces[at].text.strip(_BLANK)
        after[at - 1] = after[at] if is_blank else pieces[at].marks
    found = []
    for piece, behind in zip(pieces, after, strict=True):
        if piece.text.strip(_BLANK):
            before = piece.marks
        else:
            kept = (
                mark if mark in (left, right) else ""
                for mark, left, right in zip(piece.marks, before, behind, strict=True)
            )
            piece = Piece(piece.text, Marks(*kept))
        found.append(piece)
    return found


def _with_raised_characters(piece: Piece) -> Piece:
    """Return a piece with Unicode's superscript or subscript characters if it has such a mark."""
    if piece.marks.sup:
        return Piece(piece.text.translate(_RAISED), piece.marks)
    return Piece(piece.text.translate(_LOWERED), piece.marks) if piece.marks.sub else piece


def _with_struck_marked(pieces: list[Piece]) -> list[Piece]:
    found: list[Piece] = []
    for is_struck, same in groupby(pieces, key=lambda piece: bool(piece.marks.s)):
        edge = [Piece("~~", PLAIN)] if is_struck else []
        found += [*edge, *same, *edge]
    return found

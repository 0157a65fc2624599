# Above 450 lines because one reader handles all tags, and they share its state.
"""Reads HTML pages, fragments and WML (HTML with the macros of Debian's newsroom) into blocks."""

import html
import re
from bisect import bisect_left
from dataclasses import dataclass, replace

from importing.accounting import Span
from importing.blocks import BREAK, Block, Cell, Field, Run, Source, plain
from importing.building import MAX_DEPTH, MAX_NUMBER, Builder, OpenTable, Place
from importing.html_tags import (
    BLOCK_TAGS,
    EMPHASIS_TAGS,
    IGNORED_TAGS,
    STRONG_TAGS,
    TABLE_TAGS,
    VOID_TAGS,
)
from importing.markup import Links, attributes, blank_out, runs_of, tag_at
from importing.notes import Note
from importing.rules import Rule
from importing.web_page import Element, Footnote, Page, Skip, look_through

_DECLARATION = re.compile(r"<[!?][^>]{0,2000}+>")
_NO_WORDS = re.compile(r"<(?:!doctype\b|\?xml\b|!\[(?:if|endif)\b)", re.I)
_BLANK_LINE = re.compile(r"\n[ \t]*\n\s*")
_BOLD = re.compile(r"font-weight:\s*(?:bold|[6-9]00)")
_NOT_BOLD = re.compile(r"font-weight:\s*(?:normal|[1-5]00)")
_WORD_LIST = re.compile(r"mso-list:\s*(\S+) level(\d{1,2})")
# A WML command with its continuation lines, and the title in it.
_WML_COMMAND = re.compile(
    r"^#(?:use[ \t]+wml::|include[ \t]+[\"<'][\w./-]+\.wm[li])(?:.*\\\n)*+.*+", re.M
)
_WML_TITLE = re.compile(r"\btitle[ \t]*=[ \t]*\"((?:[^\"\\]|\\.)*+)\"", re.I | re.S)
_MAX_COMMAND_CHARACTERS = 5_000  # of a command that are searched for its title
_MAX_SPANNED_CELLS = 100  # columns or rows that one cell spans

# Numbers and bullets that word processors put before the text of a heading.
HEADING_MARKS = (
    Rule(
        "number of a word processor",
        re.compile(r"\s*\d{1,3}(?:\.\d{1,3})*[.)]?\s?\xa0[\s\xa0]+").match,
        ("1.\xa0\xa0 Background", "2.1\xa0\xa0\xa0What we ask"),
        ("1. Background", "2024 in numbers", "3\xa0000 people"),
    ),
    Rule(
        "bullet",
        re.compile(r"\s*[·•▪‣●○◦][\s\xa0]+").match,
        ("· What we ask", "•\xa0Background"),
        ("·Background", "What · we ask"),
    ),
)
# Headings above footnotes: left out if no text is left below them.
_OF_FOOTNOTES = re.compile(
    r"(?:foot|end)?notes?:?|(?:fu(?:ß|ss)|end)noten?:?|notes de bas de page"
    r"|notas(?: al pie| de rodap[ée])?:?",
    re.I,
)


def read_html(source: Source, filename: str) -> None:
    """Fill a source with the blocks of its HTML."""
    wml = filename.casefold().endswith(".wml") or is_wml(source.text)
    reader = HtmlReader(source, blank_out(source.text, macros=wml), wml)
    reader.read()
    if wml:
        _title_of_template(source)
    reader.drop_heading_of_footnotes()
    source.notes += reader.notes()


def is_wml(text: str) -> bool:
    """Return whether a text contains a WML command on a separate line."""
    return bool(_WML_COMMAND.search(text))


def _title_of_template(source: Source) -> None:
    """Set the title that a WML page passes to its template: `#include "head.wmi" TITLE="…"`."""
    for command in _WML_COMMAND.finditer(source.text):
        found = _WML_TITLE.search(command[0][:_MAX_COMMAND_CHARACTERS])
        value = plain(html.unescape(re.sub(r"\\(.)", r"\1", found[1]))) if found else ""
        if found and value:
            span = (command.start() + found.start(1), command.start() + found.end(1))
            source.excluded.append(("page title", span, ""))
            source.fields.setdefault("page title", Field(value, (span,)))
            return


@dataclass(frozen=True, slots=True)
class _Inline:
    """An open inline tag and its marks."""

    name: str
    strong: bool
    em: bool
    href: str
    raised: str


class HtmlReader(Builder):
    """Reads HTML tag by tag. Tags outside the schema are dropped, but their text is kept.

    The Markdown reader uses it for embedded HTML. `text` is the text of the source with some parts
    replaced by spaces.
    """

    def __init__(self, source: Source, text: str, wml: bool = False) -> None:
        super().__init__(source)
        self.text, self.wml = text, wml
        self.links = Links()
        self.inline: list[_Inline] = []
        self.paragraph = ""
        self.defining = ""
        self.quotes: list[bool] = []  # for each open <blockquote>: False if it is quoted mail
        self.figure = -1  # number of blocks before the open figure; -1 for none
        self.word_item: tuple[str, int, bool, int] | None = None
        self.word_list = ""
        self.word_starts: dict[tuple[int, bool], int] = {}
        self.page = Page()
        self.places: list[int] = []
        self.unwrapped: dict[str, None] = {}
        self.quoted = 0

    def read(self, start: int = 0, end: int | None = None) -> None:
        """Read the blocks between two positions in the text."""
        end = len(self.text) if end is None else end
        self.page = look_through(self.source, self.text, start, end)
        self.places = self.page.places()
        self._range(start, end)
        self.end_block()
        self.inline, self.paragraph, self.at.level = [], "", 0

    def _range(self, place: int, end: int) -> None:
        number = bisect_left(self.places, place)
        while place < end:
            while number < len(self.places) and self.places[number] < place:
                number += 1
            stop = min(self.places[number], end) if number < len(self.places) else end
            if place == stop:
                place = self._special(place)
                continue
            start = self.text.find("<", place, stop)
            if start < 0:
                start = stop
            self._words(place, start)
            place = start + 1
            if start == stop:
                place = start
            elif (tag := tag_at(self.text, start)) and tag.end() <= end:
                self.source.markup.append(tag.span())
                self._tag(tag)
                place = tag.end()
            elif declaration := _DECLARATION.match(self.text, start, end):
                if _NO_WORDS.match(declaration[0]):
                    self.source.markup.append(declaration.span())
                place = declaration.end()
            else:
                self._words(start, place)

    def _special(self, place: int) -> int:
        """Handle a left-out part, a footnote or a table, and return its end."""
        if skip := self.page.skips.get(place):
            return self._skip(skip)
        if note := self.page.footnotes.get(place):
            return self._footnote(note)
        table = self.page.tables[place]
        return table.inner if self.at.note else self._table(table)

    def _skip(self, skip: Skip) -> int:
        if skip.block:
            self.end_block()
        if skip.part == "markup":
            self.source.markup.append((skip.start, skip.end))
        return skip.end

    def _footnote(self, note: Footnote) -> int:
        """Put the text of a footnote where its number is printed."""
        self.source.markup.append((note.start, note.end))
        place, self.at = self.at, Place([], note=1)
        inline, self.inline = self.inline, []
        self._range(*note.words)
        found = Block("paragraph", self.at.runs)
        self.at, self.inline = place, inline
        number = re.escape(note.marker.strip("[]()"))
        marker = re.match(rf"\s*[\[(]?{number}[\])]?[.:]?(?:\s|$)", found.raw)
        if marker:
            self.source.markup += found.part(0, marker.end()).spans
            found = found.part(marker.end())
        self.add_footnote(found.runs)
        return note.end

    def _table(self, table: Element) -> int:
        paragraph, self.paragraph = self.paragraph, ""
        self.begin_table()
        self.source.markup.append((table.start, table.inner))
        self._range(table.inner, table.inner_end)
        self.end_table()
        self.paragraph = paragraph
        return table.end

    def _table_tag(self, table: OpenTable, closing: bool, name: str, written: str) -> None:
        self.paragraph = ""
        if closing:
            self.end_cell()
        elif name == "tr":
            self.begin_row()
        elif name in ("td", "th"):
            found = attributes(written)
            self.begin_cell(
                Cell(
                    header=table.in_head or name == "th",
                    colspan=_number(found.get("colspan"), 1, _MAX_SPANNED_CELLS),
                    rowspan=_number(found.get("rowspan"), 1, _MAX_SPANNED_CELLS),
                )
            )
        if name == "thead":
            table.in_head = not closing

    # --- Words ---

    def _words(self, start: int, end: int) -> None:
        if start >= end:
            return
        for run in runs_of(self.text, start, end):
            run = self._styled(run)
            if self.paragraph == "pre":
                self.at.runs.append(replace(run, text=run.text.replace("\n", BREAK)))
            elif self.wml and "\\\n" in run.text:
                self._continued(run)
            elif self.paragraph or self.in_item or self.defining or self.at.note:
                self.at.runs.append(run)
            else:
                self._loose(run)

    def _styled(self, run: Run) -> Run:
        inline = self.inline
        raised = next((tag.raised for tag in reversed(inline) if tag.raised), "")
        return replace(
            run,
            strong=any(tag.strong for tag in inline),
            em=any(tag.em for tag in inline),
            href=next((tag.href for tag in reversed(inline) if tag.href), ""),
            sub=raised == "sub",
            sup=raised == "sup",
        )

    def _continued(self, run: Run) -> None:
        """Read text in which a backslash joins two lines. The backslash counts as markup."""
        place = 0
        for match in re.finditer(r"\\\n", run.text):
            self.at.runs.append(run.part(place, match.start()))
            self.source.markup.append((run.start + match.start(), run.start + match.end()))
            place = match.end()
        self.at.runs.append(run.part(place, len(run.text)))

    def _loose(self, run: Run) -> None:
        """Read text outside paragraph tags, in which a blank line ends a paragraph."""
        place = 0
        for gap in _BLANK_LINE.finditer(run.text):
            self.at.runs.append(run.part(place, gap.start()))
            self.end_block()
            place = gap.end()
        self.at.runs.append(run.part(place, len(run.text)))

    # --- Tags ---

    def _tag(self, tag: re.Match[str]) -> None:
        closing, name, written = bool(tag[1]), tag[2].casefold(), tag[3]
        if self.table and name in TABLE_TAGS:
            self._table_tag(self.table, closing, name, written)
        elif name in ("define-tag", "title"):
            self._define(closing, name, written)
        elif name == "cite" and self._credit_tag(closing, name):
            pass
        elif name in BLOCK_TAGS:
            if self.at.note:
                self.end_block()
            elif not self.defining:
                self._block_tag(closing, name, tag)
        elif name == "br":
            self.at.runs.append(self._styled(Run(BREAK, *tag.span())))
        elif name == "img":
            self._picture(attributes(written), tag.span())
        elif name in ("td", "th"):
            self.end_block()
        elif name == "q":
            self.quoted += not closing
            self.at.runs.append(self._styled(Run("”" if closing else "“", *tag.span())))
        elif name == "url" and written.strip():
            # WML prints the address as text: <url https://example.org>.
            address = written.strip()
            start = tag.start(3) + written.index(address)
            href = self.links.safe(address)
            self.at.runs.append(Run(address, start, start + len(address), href=href))
        else:
            self._inline_tag(closing, name, written)

    def _define(self, closing: bool, name: str, written: str) -> None:
        """Read `<define-tag pagetitle>` and `<title>`, which set a field and print nothing."""
        if not closing:
            self.end_block()
            field = "page title" if name == "title" else next(iter(attributes(written)), "")
            self.defining = {"pagetitle": "title", "release_date": "date"}.get(field, field)
        elif self.defining:
            block = Block("paragraph", self.at.runs)
            if block.text and self.defining in ("title", "date", "page title"):
                stated = Field(block.text, tuple(block.spans))
                self.source.fields.setdefault(self.defining, stated)
            self.at.runs, self.at.looked_at, self.defining = [], 0, ""

    def _credit_tag(self, closing: bool, name: str) -> bool:
        """Begin or end the credit line of a quotation, and return whether the tag did this."""
        at = self.at
        if closing:
            if at.credit != name:
                return False
            self.end_block()
            at.credit = ""
            return True
        below = name == "figcaption" and self.figure >= 0 and _quotes_since(at.blocks, self.figure)
        if at.credit or not (at.quotes or below):
            return False
        if name == "cite" and self.paragraph and self.has_words():
            return False
        self.end_block()
        at.credit = name
        return True

    def _block_tag(self, closing: bool, name: str, tag: re.Match[str]) -> None:
        if name in ("footer", "figcaption") and self._credit_tag(closing, name):
            return
        if self.at.credit and name in ("p", "div"):
            if self.has_words():
                self.at.runs.append(Run(" ", tag.start(), tag.start()))
            return
        self.end_block()
        found = attributes(tag[3])
        if name in ("ul", "ol"):
            if closing:
                self.end_list()
            else:
                start = _number(found.get("start"), 0, MAX_NUMBER) if "start" in found else 1
                self.begin_list(name == "ol", start)
        elif name == "li":
            value = _number(found["value"], 0, MAX_NUMBER) if "value" in found else None
            if closing:
                self.end_item()
            else:
                self.begin_item(value)
        elif name == "blockquote":
            self._quote_tag(closing, found)
        elif name == "figure":
            self.figure = -1 if closing else len(self.at.blocks)
        elif name in ("p", "pre", "dt", "dd", "figcaption", "caption") or name[0] == "h":
            self.paragraph = "" if closing else name
            self.word_item = None if closing else self._word_item(tag)
            heading = re.fullmatch("h[1-6]", self.paragraph)
            self.at.level = int(name[1]) if heading else 0

    def _quote_tag(self, closing: bool, found: dict[str, str]) -> None:
        """Open or close a quotation. Text that a mail program quotes is ordinary text."""
        if not closing:
            of_mail = found.get("type") == "cite" or "gmail_quote" in found.get("class", "")
            self.quotes.append(not of_mail)
            del self.quotes[:-MAX_DEPTH]
            if not of_mail:
                self.begin_quote()
        elif self.quotes and self.quotes.pop():
            self.end_quote()

    def _word_item(self, tag: re.Match[str]) -> tuple[str, int, bool, int] | None:
        """Return list, level, whether it is numbered, and the number of a list item from Word."""
        if tag[2].casefold() != "p" or "mso-list" not in tag[3]:
            return None
        match = _WORD_LIST.search(attributes(tag[3]).get("style", ""))
        if not match:
            return None
        marker = self.page.word_markers.get(tag.start(), "")
        number = re.match(r"\(?(\d{1,4})[.)]", marker)
        return match[1], max(int(match[2]) - 1, 0), bool(number), int(number[1]) if number else 1

    def _inline_tag(self, closing: bool, name: str, written: str) -> None:
        inline = self.inline
        if closing:
            for place, tag in reversed(list(enumerate(inline))):
                if tag.name == name:
                    del inline[place]
                    break
            return
        if name not in IGNORED_TAGS:
            self.unwrapped[name[:30]] = None
        if name in VOID_TAGS or written.endswith("/"):
            return
        found = attributes(written)
        style = found.get("style", "").casefold()
        # Google Docs wraps everything in a <b> whose style is not bold.
        strong = bool(_BOLD.search(style)) or (name in STRONG_TAGS and not _NOT_BOLD.search(style))
        em = "font-style:italic" in style.replace(" ", "") or name in EMPHASIS_TAGS
        href = self.links.safe(found.get("href", "")) if name == "a" else ""
        raised = name if name in ("sub", "sup") else ""
        if position := re.search(r"vertical-align:\s*(sub|super)\b", style):
            raised = position[1][:3]
        inline.append(_Inline(name, strong, em, href, raised))
        del inline[:-MAX_DEPTH]

    def _picture(self, found: dict[str, str], span: Span) -> None:
        if source := found.get("src", "").strip():
            self.source.blocks.append(
                Block("picture", [Run("", *span)], source=source, alt=found.get("alt", ""))
            )

    # --- Blocks ---

    def end_block(self) -> None:
        super().end_block()
        self.defining = ""

    def made(self, block: Block) -> Block:
        """Return a paragraph as its kind of block, without the bullets of word processors."""
        if self.word_item and not self.at.quotes:
            return self._of_word(block, *self.word_item)
        made = super().made(block)
        if made.kind == "heading":
            for rule in HEADING_MARKS:
                mark = rule.matches(made.raw)
                if isinstance(mark, re.Match) and plain(made.raw[mark.end() :]):
                    self.source.markup += made.part(0, mark.end()).spans
                    made = made.part(mark.end())
        return made

    def _of_word(self, block: Block, of: str, level: int, numbered: bool, number: int) -> Block:
        before = self.at.blocks[-1] if self.at.blocks else None
        if before is None or before.kind != "item" or self.word_list != of:
            self.groups += 1
            self.word_list, self.word_starts = of, {}
        if number == 1 or (level, numbered) not in self.word_starts:
            self.word_starts[level, numbered] = number
        return replace(
            block,
            kind="item",
            group=self.groups,
            numbered=numbered,
            depth=min(level, 10),
            start=self.word_starts[level, numbered],
        )

    def drop_heading_of_footnotes(self) -> None:
        """Leave out the heading of footnotes that were moved into the text."""
        blocks = self.source.blocks
        last = blocks[-1] if self.page.footnotes and blocks else None
        if last and last.kind in ("heading", "paragraph") and _OF_FOOTNOTES.fullmatch(last.text):
            self.source.markup += blocks.pop().spans

    def notes(self) -> list[Note]:
        """Return notes on links, dropped tags, <q> tags and large tables."""
        notes = self.links.notes()
        if self.unwrapped:
            notes.append(Note("tags_unwrapped", {"tags": tuple(list(self.unwrapped)[:12])}))
        if self.quoted:
            notes.append(Note("quote_tags", {"count": self.quoted}))
        if self.large_tables:
            notes.append(Note("table_too_large", {"count": self.large_tables}))
        return notes


def _number(written: str | None, least: int, most: int) -> int:
    """Return the number in an attribute, within bounds. Without a number: the minimum."""
    match = re.match(r"\s*(\d{1,9})", written or "")
    return max(least, min(int(match[1]), most)) if match else least


def _quotes_since(blocks: list[Block], place: int) -> bool:
    return len(blocks) > place and blocks[-1].kind == "quote"

"""HTML pages and fragments, and WML (HTML with the macros of Debian's newsroom), into blocks."""

import re
from bisect import bisect_left
from dataclasses import dataclass, field, replace
from itertools import count

from releases.importing.accounting import Span
from releases.importing.blocks import BREAK, Block, Cell, Field, Run, Source, plain
from releases.importing.markup import Links, attributes, runs_of, silence, tag_at
from releases.importing.notes import Note
from releases.importing.rules import Rule
from releases.importing.web_page import Element, Footnote, Page, Skip, look_through

BLOCK_TAGS = frozenset(
    [
        "p",
        "div",
        "section",
        "article",
        "main",
        "header",
        "footer",
        "aside",
        "nav",
        "address",
        "figure",
        "figcaption",
        "center",
        "hr",
        "blockquote",
        "ul",
        "ol",
        "li",
        "dl",
        "dt",
        "dd",
        "table",
        "caption",
        "thead",
        "tbody",
        "tfoot",
        "tr",
        "pre",
        "form",
        "fieldset",
        "body",
        "html",
        "head",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
    ]
)
INLINE_TAGS = frozenset(
    [
        "a",
        "abbr",
        "acronym",
        "b",
        "base",
        "bgsound",
        "big",
        "br",
        "button",
        "cite",
        "code",
        "define-tag",
        "del",
        "dfn",
        "em",
        "embed",
        "font",
        "frame",
        "frameset",
        "i",
        "iframe",
        "img",
        "input",
        "ins",
        "kbd",
        "label",
        "layer",
        "link",
        "map",
        "mark",
        "meta",
        "noscript",
        "object",
        "q",
        "s",
        "samp",
        "script",
        "select",
        "small",
        "span",
        "strike",
        "strong",
        "style",
        "sub",
        "sup",
        "svg",
        "td",
        "textarea",
        "th",
        "time",
        "title",
        "tt",
        "u",
        "url",
        "var",
        "wbr",
    ]
)
_STRONG = frozenset(("b", "strong"))
_EM = frozenset(("i", "em"))
_UNREMARKABLE = (
    _STRONG | _EM | frozenset(["a", "span", "font", "base", "meta", "link", "wbr", "sub", "sup"])
)
_UNREMARKABLE |= frozenset(["s", "strike", "del", "time", "cite"])
_VOID = frozenset(
    [
        "area",
        "base",
        "bgsound",
        "col",
        "embed",
        "frame",
        "input",
        "link",
        "meta",
        "param",
        "source",
        "wbr",
    ]
)
_DECLARATION = re.compile(r"<[!?][^>]{0,2000}+>")
_BLANK_LINE = re.compile(r"\n[ \t]*\n\s*")
_BOLD = re.compile(r"font-weight:\s*(?:bold|[6-9]00)")
_NOT_BOLD = re.compile(r"font-weight:\s*(?:normal|[1-5]00)")
_WORD_LIST = re.compile(r"mso-list:\s*(\S+) level(\d{1,2})")
_TABLE_TAGS = frozenset(["caption", "thead", "tbody", "tfoot", "tr", "td", "th"])
_DASH = re.compile(r"\s*[-–—―]")
# Nobody opens more inside one another; a file that does is not told apart any further.
_DEEPEST = 50
_DEEPEST_LIST = 10
_LARGEST_NUMBER = 9_999
_MOST_CELLS = 100  # that a cell of a table can reach over

# What stands before a heading and is no word of it.
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
# What a heading of footnotes says, where nothing is left below it.
_OF_FOOTNOTES = re.compile(
    r"(?:foot|end)?notes?:?|(?:fu(?:ß|ss)|end)noten?:?|notes de bas de page"
    r"|notas(?: al pie| de rodap[ée])?:?",
    re.I,
)


def read_html(source: Source, filename: str) -> None:
    """Fill a source with the blocks of its HTML."""
    wml = filename.casefold().endswith(".wml") or "#use wml" in source.text
    HtmlReader(source, silence(source.text, macros=wml), wml).read()


def credit_of(quote: Block) -> Block:
    """Return the last line of a quotation, which names its speaker, as the line below it."""
    runs = quote.runs
    if runs and not _DASH.match(quote.raw):
        runs = [Run("– ", runs[0].start, runs[0].start), *runs]
    return Block("paragraph", runs)


@dataclass(frozen=True, slots=True)
class _Inline:
    """An inline tag that is open, and how the words in it look."""

    name: str
    strong: bool
    em: bool
    href: str
    raised: str


@dataclass(slots=True)
class _List:
    """A list that is open: the number of its next item, and whether its item has begun."""

    numbered: bool
    start: int
    next: int
    in_item: bool = False
    begun: bool = False


@dataclass(slots=True)
class _Table:
    """A table that is being read: what stands outside its cells is its caption."""

    block: Block
    caption: list[Block] = field(default_factory=list)
    cell: Cell | None = None
    in_head: bool = False


@dataclass(slots=True)
class _Place:
    """Where in the document the reader is; a cell or a footnote has a place of its own."""

    blocks: list[Block]
    runs: list[Run] = field(default_factory=list)
    looked_at: int = 0  # runs without a word, from the first on
    inline: list[_Inline] = field(default_factory=list)
    paragraph: str = ""
    lists: list[_List] = field(default_factory=list)
    group: int = 0
    parted: bool = False
    quotes: list[int] = field(default_factory=list)
    credit: str = ""
    quoted_since: int = -1  # the block that a figure began at
    word_item: tuple[str, int, bool, int] | None = None
    in_row: bool = False
    note: int = 0


class HtmlReader:
    """Goes from tag to tag; those outside the schema fall away, and their words stay.

    Markdown uses it for the HTML in it: `text` is that of the source with some of it blank.
    """

    def __init__(self, source: Source, text: str, wml: bool = False) -> None:
        self.source, self.text, self.wml = source, text, wml
        self.links = Links()
        self.at = _Place(source.blocks)
        self.groups = 0
        self.note_numbers = count(1)
        self.defining = ""
        self.table: _Table | None = None
        self.in_large_table = False
        self.word_list = ""
        self.word_starts: dict[tuple[int, bool], int] = {}
        self.page = Page()
        self.places: list[int] = []
        self.unwrapped: dict[str, None] = {}
        self.quoted = 0
        self.large_tables = 0

    def read(self, start: int = 0, end: int | None = None) -> None:
        """Take the blocks of a stretch of the text, and note what became of it."""
        end = len(self.text) if end is None else end
        self.page = look_through(self.source, self.text, start, end)
        self.places = self.page.places()
        self._range(start, end)
        self._end_block()
        self._drop_heading_of_footnotes()
        self.source.notes += self._notes()

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
                place = declaration.end()
            else:
                self._words(start, place)

    def _special(self, place: int) -> int:
        """Take a stretch that is left out, a footnote or a table; return where it ends."""
        if skip := self.page.skips.get(place):
            return self._skip(skip)
        if note := self.page.footnotes.get(place):
            return self._footnote(note)
        return self._table(self.page.tables[place])

    def _skip(self, skip: Skip) -> int:
        if skip.block and not self.at.note:
            self._end_block()
        if skip.part == "markup":
            self.source.markup.append((skip.start, skip.end))
        return skip.end

    def _footnote(self, note: Footnote) -> int:
        """Put the words of a note where its mark stands."""
        self.source.markup.append((note.start, note.end))
        place, self.at = self.at, _Place([], note=next(self.note_numbers))
        self._range(*note.words)
        found = Block("paragraph", [replace(run, note=0) for run in self.at.runs])
        number, self.at = self.at.note, place
        marker = re.match(
            rf"\s*[\[(]?{re.escape(note.marker.strip('[]()'))}[\])]?[.:]?(?:\s|$)", found.raw
        )
        if marker:
            self.source.markup += found.part(0, marker.end()).spans
            found = found.part(marker.end())
        raw = found.raw
        found = found.part(len(raw) - len(raw.lstrip()), len(raw.rstrip()))
        self.at.runs += [
            replace(run, text=run.text.replace(BREAK, " "), note=number) for run in found.runs
        ]
        return note.end

    def _table(self, table: Element) -> int:
        self._end_block()
        place, self.at = self.at, _Place([])
        self.table = _Table(Block("table"))
        self.source.markup.append((table.start, table.inner))
        self._range(table.inner, table.inner_end)
        self._end_cell()
        block, caption = self.table.block, self.table.caption
        self.at, self.table = place, None
        block.rows = [row for row in block.rows if row]
        runs = [run for one in caption for run in one.runs]
        block.caption = plain("".join(run.text for run in runs if not run.note))
        for one in (one for row in block.rows for cell in row for one in cell.blocks):
            if runs:
                runs.append(Run(BREAK, runs[-1].end, runs[-1].end))
            runs += one.runs
        block.runs = runs
        if block.text:
            self._add(block)
        return table.end

    def _table_tag(self, table: "_Table", closing: bool, name: str, written: str) -> None:
        self._end_cell()
        rows = table.block.rows
        if name == "thead":
            table.in_head = not closing
        elif name == "tr" and not closing:
            rows.append([])
        elif name in ("td", "th") and not closing:
            found = attributes(written)
            table.cell = Cell(
                header=table.in_head or name == "th",
                colspan=_number(found.get("colspan"), 1, _MOST_CELLS),
                rowspan=_number(found.get("rowspan"), 1, _MOST_CELLS),
            )
            if not rows:
                rows.append([])
            rows[-1].append(table.cell)

    def _end_cell(self) -> None:
        """Give the blocks to the cell that ends; what stands outside the cells is the caption."""
        self._end_block()
        table = self.table
        if table and table.cell:
            table.cell.blocks, table.cell = self.at.blocks, None
        elif table:
            table.caption += self.at.blocks
        self.at = _Place([])

    # --- Words ---

    def _words(self, start: int, end: int) -> None:
        if start >= end:
            return
        for run in runs_of(self.text, start, end):
            run = self._styled(run)
            if self.at.paragraph == "pre":
                self.at.runs.append(replace(run, text=run.text.replace("\n", BREAK)))
            elif self.wml and "\\\n" in run.text:
                self._continued(run)
            elif self.at.paragraph or self._in_item or self.defining or self.at.note:
                self.at.runs.append(run)
            else:
                self._loose(run)

    @property
    def _in_item(self) -> bool:
        return bool(self.at.lists) and self.at.lists[-1].in_item

    def _styled(self, run: Run) -> Run:
        inline = self.at.inline
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
        """Take text in which a backslash joins two lines; the backslash itself is markup."""
        place = 0
        for match in re.finditer(r"\\\n", run.text):
            self.at.runs.append(run.part(place, match.start()))
            self.source.markup.append((run.start + match.start(), run.start + match.end()))
            place = match.end()
        self.at.runs.append(run.part(place, len(run.text)))

    def _loose(self, run: Run) -> None:
        """Take text that stands outside any paragraph; a blank line ends one in it."""
        place = 0
        for gap in _BLANK_LINE.finditer(run.text):
            self.at.runs.append(run.part(place, gap.start()))
            self._end_block()
            place = gap.end()
        self.at.runs.append(run.part(place, len(run.text)))

    # --- Tags ---

    def _tag(self, tag: re.Match[str]) -> None:
        closing, name, written = bool(tag[1]), tag[2].casefold(), tag[3]
        if self.table and name in _TABLE_TAGS:
            self._table_tag(self.table, closing, name, written)
        elif name in ("define-tag", "title"):
            self._define(closing, name, written)
        elif name == "cite" and self._credit_tag(closing, name):
            pass
        elif name in BLOCK_TAGS:
            if self.at.note:
                self.at.runs.append(Run(" ", tag.start(), tag.start()))
            elif not self.defining:
                self._block_tag(closing, name, tag)
        elif name == "br":
            self.at.runs.append(self._styled(Run(BREAK, *tag.span())))
        elif name == "img":
            self._picture(attributes(written), tag.span())
        elif name in ("td", "th"):
            if self.at.in_row and not closing and self._has_words():
                self.at.runs.append(Run(" | ", *tag.span()))
            elif not self.at.in_row:
                self._end_block()
        elif name == "q":
            self.quoted += not closing
            self.at.runs.append(self._styled(Run("”" if closing else "“", *tag.span())))
        elif name == "url" and written.strip():
            # WML prints the address itself: <url https://example.org>.
            address = written.strip()
            start = tag.start(3) + written.index(address)
            href = self.links.safe(address)
            self.at.runs.append(Run(address, start, start + len(address), href=href))
        else:
            self._inline_tag(closing, name, written)

    def _define(self, closing: bool, name: str, written: str) -> None:
        """Read `<define-tag pagetitle>` and `<title>`: they state something and print nothing."""
        if not closing:
            self._end_block()
            what = "page title" if name == "title" else next(iter(attributes(written)), "")
            self.defining = {"pagetitle": "title", "release_date": "date"}.get(what, what)
        elif self.defining:
            block = Block("paragraph", self.at.runs)
            if block.text and self.defining in ("title", "date", "page title"):
                stated = Field(block.text, tuple(block.spans))
                self.source.fields.setdefault(self.defining, stated)
            self.at.runs, self.at.looked_at, self.defining = [], 0, ""

    def _credit_tag(self, closing: bool, name: str) -> bool:
        """Whether a tag begins or ends the line in which a quotation names its speaker."""
        at = self.at
        if closing:
            if at.credit != name:
                return False
            self._end_block()
            at.credit = ""
            return True
        since = at.quoted_since
        below = name == "figcaption" and since >= 0 and _quotes_since(at.blocks, since)
        if at.credit or not (at.quotes or below):
            return False
        if name == "cite" and at.paragraph and self._has_words():
            return False
        self._end_block()
        at.credit = name
        return True

    def _block_tag(self, closing: bool, name: str, tag: re.Match[str]) -> None:
        if name in ("footer", "figcaption") and self._credit_tag(closing, name):
            return
        if self.at.credit and name in ("p", "div", "span"):
            if self._has_words():
                self.at.runs.append(Run(" ", tag.start(), tag.start()))
            return
        self._end_block()
        at = self.at
        if name == "html" and not closing:
            if language := attributes(tag[3]).get("lang"):
                self.source.fields.setdefault("language", Field(language, ()))
        elif name in ("ul", "ol"):
            self._list_tag(closing, name == "ol", tag[3])
        elif name == "li":
            self._item_tag(closing, tag[3])
        elif name == "blockquote":
            self._quote_tag(closing)
        elif name == "figure":
            at.quoted_since = -1 if closing else len(at.blocks)
        elif name == "table":
            at.in_row = False
            self.in_large_table = not closing and tag.start() in self.page.large_tables
            self.large_tables += self.in_large_table
        elif name == "tr":
            at.in_row = not closing and self.in_large_table
        elif name in ("p", "pre", "dt", "dd", "figcaption", "caption") or name[0] == "h":
            at.paragraph = "" if closing else name
            at.word_item = None if closing else self._word_item(tag)

    def _word_item(self, tag: re.Match[str]) -> tuple[str, int, bool, int] | None:
        """Return list, level, whether it is numbered, and number of an item as Word writes it."""
        if tag[2].casefold() != "p" or "mso-list" not in tag[3]:
            return None
        match = _WORD_LIST.search(attributes(tag[3]).get("style", ""))
        if not match:
            return None
        marker = self.page.word_markers.get(tag.start(), "")
        number = re.match(r"\(?(\d{1,4})[.)]", marker)
        return match[1], max(int(match[2]) - 1, 0), bool(number), int(number[1]) if number else 1

    def _quote_tag(self, closing: bool) -> None:
        at = self.at
        if closing:
            del at.quotes[-1:]
            return
        self.groups += 1
        at.quotes.append(self.groups)
        del at.quotes[:-_DEEPEST]

    def _list_tag(self, closing: bool, numbered: bool, written: str) -> None:
        at = self.at
        if closing:
            del at.lists[-1:]
            return
        if not at.lists:
            self.groups += 1
            at.group, at.parted = self.groups, False
        start = _number(attributes(written).get("start"), 0, _LARGEST_NUMBER) if numbered else 1
        if numbered and "start" not in attributes(written):
            start = 1
        at.lists.append(_List(numbered, start, start))
        del at.lists[_DEEPEST:]

    def _item_tag(self, closing: bool, written: str) -> None:
        if not self.at.lists:
            return
        own = self.at.lists[-1]
        own.in_item, own.begun = not closing, False
        value = "" if closing or not own.numbered else attributes(written).get("value", "")
        if value and (number := _number(value, 0, _LARGEST_NUMBER)) != own.next:
            own.start = own.next = number
            if len(self.at.lists) == 1:
                self.groups += 1
                self.at.group = self.groups

    def _inline_tag(self, closing: bool, name: str, written: str) -> None:
        inline = self.at.inline
        if closing:
            for place, tag in reversed(list(enumerate(inline))):
                if tag.name == name:
                    del inline[place]
                    break
            return
        if name not in _UNREMARKABLE:
            self.unwrapped[name[:30]] = None
        if name in _VOID or written.endswith("/"):
            return
        found = attributes(written)
        style = found.get("style", "").casefold()
        # Google Docs wraps everything in a <b> that its style makes light again.
        strong = bool(_BOLD.search(style)) or (name in _STRONG and not _NOT_BOLD.search(style))
        em = "font-style:italic" in style.replace(" ", "") or name in _EM
        href = self.links.safe(found.get("href", "")) if name == "a" else ""
        raised = name if name in ("sub", "sup") else ""
        if position := re.search(r"vertical-align:\s*(sub|super)\b", style):
            raised = position[1][:3]
        inline.append(_Inline(name, strong, em, href, raised))
        del inline[:-_DEEPEST]

    def _picture(self, found: dict[str, str], span: Span) -> None:
        if source := found.get("src", "").strip():
            self.source.blocks.append(
                Block("picture", [Run("", *span)], source=source, alt=found.get("alt", ""))
            )

    # --- Blocks ---

    def _has_words(self) -> bool:
        at = self.at
        while at.looked_at < len(at.runs):
            if plain(at.runs[at.looked_at].text):
                return True
            at.looked_at += 1
        return False

    def _end_block(self) -> None:
        at = self.at
        if self._has_words():
            self._add(self._made(Block("paragraph", at.runs)))
        at.runs, at.looked_at, self.defining = [], 0, ""

    def _made(self, block: Block) -> Block:
        """Return a paragraph as the kind of block that it is where it stands."""
        at = self.at
        if at.credit:
            return credit_of(block)
        if at.quotes:
            return replace(block, kind="quote", group=at.quotes[0])
        if at.word_item:
            return self._of_word(block, *at.word_item)
        if self._in_item:
            return self._item(block)
        if re.fullmatch("h[1-6]", at.paragraph):
            for rule in HEADING_MARKS:
                if isinstance(mark := rule.matches(block.raw), re.Match) and mark.end() < len(
                    block.raw
                ):
                    self.source.markup += block.part(0, mark.end()).spans
                    block = block.part(mark.end())
            return replace(block, kind="heading", level=int(at.paragraph[1]))
        return block

    def _item(self, block: Block) -> Block:
        at = self.at
        own = at.lists[-1]
        if own.begun and at.parted:
            # What parted the list stands between an item and its rest.
            return block
        depth = min(len(at.lists) - 1, _DEEPEST_LIST)
        made = replace(
            block,
            kind="item",
            group=at.group,
            numbered=own.numbered,
            depth=depth,
            start=own.start,
            more=own.begun,
        )
        own.next += not own.begun
        for outer in at.lists:
            if outer.in_item and not outer.begun and outer is not own:
                # An item that begins with a list counts as one.
                outer.next += 1
            outer.begun = True
        at.parted = False
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
            depth=min(level, _DEEPEST_LIST),
            start=self.word_starts[level, numbered],
        )

    def _add(self, block: Block) -> None:
        at = self.at
        if at.lists and block.kind != "item":
            at.parted = True
            for one in at.lists:
                one.start = one.next
        at.blocks.append(block)

    def _drop_heading_of_footnotes(self) -> None:
        """Leave out the heading of footnotes that now stand where their marks were."""
        blocks = self.source.blocks
        if self.page.footnotes and blocks and blocks[-1].kind in ("heading", "paragraph"):
            if _OF_FOOTNOTES.fullmatch(blocks[-1].text):
                self.source.markup += blocks.pop().spans

    def _notes(self) -> list[Note]:
        notes = self.links.notes()
        if self.unwrapped:
            notes.append(Note("tags_unwrapped", {"tags": tuple(list(self.unwrapped)[:12])}))
        if self.quoted:
            notes.append(Note("quote_tags", {"count": self.quoted}))
        if self.large_tables:
            notes.append(Note("table_too_large", {"count": self.large_tables}))
        return notes


def _number(written: str | None, least: int, most: int) -> int:
    """Return a number that an attribute holds, within bounds; the least where it holds none."""
    match = re.match(r"\s*(\d{1,9})", written or "")
    return max(least, min(int(match[1]), most)) if match else least


def _quotes_since(blocks: list[Block], place: int) -> bool:
    return len(blocks) > place and blocks[-1].kind == "quote"

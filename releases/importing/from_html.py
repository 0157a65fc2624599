"""HTML fragments, and WML (HTML with macros, as Debian's newsroom writes it), into blocks."""

import re
from dataclasses import dataclass, replace

from releases.importing.accounting import Span
from releases.importing.blocks import BREAK, Block, Field, Run, Source, plain
from releases.importing.markup import Links, attributes, counted, runs_of, silence, tag_at

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
_UNREMARKABLE = _STRONG | _EM | frozenset(["a", "span", "font", "base", "meta", "link", "wbr"])
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
# Nobody opens more inside one another; a file that does is not told apart any further.
_DEEPEST = 50


def read_html(source: Source, filename: str) -> None:
    """Fill a source with the blocks of its HTML."""
    _Reader(source, wml=filename.casefold().endswith(".wml") or "#use wml" in source.text).read()


@dataclass(frozen=True, slots=True)
class _Inline:
    """An inline tag that is open, and how the words in it look."""

    name: str
    strong: bool
    em: bool
    href: str


class _Reader:
    """Goes from tag to tag; those outside the schema fall away, and their words stay."""

    def __init__(self, source: Source, wml: bool) -> None:
        self.source = source
        self.text = silence(source.text, macros=wml)
        self.wml = wml
        self.links = Links()
        self.runs: list[Run] = []
        self.looked_at = 0  # runs without a word, from the first on
        self.inline: list[_Inline] = []
        self.paragraph = ""
        self.lists: list[tuple[int, bool]] = []
        self.in_item = False
        self.quote = 0
        self.groups = 0
        self.in_row = False
        self.defining = ""
        self.unwrapped: dict[str, None] = {}
        self.tables = self.nested = self.quoted = 0

    def read(self) -> None:
        place = 0
        while place < len(self.text):
            start = self.text.find("<", place)
            if start < 0:
                start = len(self.text)
            self._words(place, start)
            place = start + 1
            if tag := tag_at(self.text, start):
                self.source.markup.append(tag.span())
                self._tag(tag)
                place = tag.end()
            elif declaration := _DECLARATION.match(self.text, start):
                place = declaration.end()
            elif start < len(self.text):
                self._words(start, place)
        self._end_block()
        self.source.notes += self._notes()

    def _words(self, start: int, end: int) -> None:
        if start >= end:
            return
        strong = any(tag.strong for tag in self.inline)
        em = any(tag.em for tag in self.inline)
        href = next((tag.href for tag in reversed(self.inline) if tag.href), "")
        for run in runs_of(self.text, start, end):
            run = replace(run, strong=strong, em=em, href=href)
            if self.paragraph == "pre":
                self.runs.append(replace(run, text=run.text.replace("\n", BREAK)))
            elif self.wml and "\\\n" in run.text:
                self._continued(run)
            elif self.paragraph or self.in_item or self.defining:
                self.runs.append(run)
            else:
                self._loose(run)

    def _continued(self, run: Run) -> None:
        """Take text in which a backslash joins two lines; the backslash itself is markup."""
        place = 0
        for match in re.finditer(r"\\\n", run.text):
            self.runs.append(run.part(place, match.start()))
            self.source.markup.append((run.start + match.start(), run.start + match.end()))
            place = match.end()
        self.runs.append(run.part(place, len(run.text)))

    def _loose(self, run: Run) -> None:
        """Take text that stands outside any paragraph; a blank line ends one in it."""
        place = 0
        for gap in _BLANK_LINE.finditer(run.text):
            self.runs.append(run.part(place, gap.start()))
            self._end_block()
            place = gap.end()
        self.runs.append(run.part(place, len(run.text)))

    def _tag(self, tag: re.Match[str]) -> None:
        closing, name, written = bool(tag[1]), tag[2].casefold(), tag[3]
        if name in ("define-tag", "title"):
            self._define(closing, name, written)
        elif name in BLOCK_TAGS:
            if not self.defining:
                self._block_tag(closing, name, written)
        elif name == "br":
            self.runs.append(Run(BREAK, *tag.span()))
        elif name == "img":
            self._picture(attributes(written), tag.span())
        elif name in ("td", "th"):
            if not closing and self.in_row and self._has_words():
                self.runs.append(Run(" | ", *tag.span()))
        elif name == "q":
            self.quoted += not closing
            self.runs.append(self._styled(Run("”" if closing else "“", *tag.span())))
        elif name == "url" and written.strip():
            # WML prints the address itself: <url https://example.org>.
            address = written.strip()
            start = tag.start(3) + written.index(address)
            href = self.links.safe(address)
            self.runs.append(Run(address, start, start + len(address), href=href))
        else:
            self._inline_tag(closing, name, written)

    def _styled(self, run: Run) -> Run:
        strong = any(tag.strong for tag in self.inline)
        em = any(tag.em for tag in self.inline)
        return replace(run, strong=strong, em=em)

    def _define(self, closing: bool, name: str, written: str) -> None:
        """Read `<define-tag pagetitle>` and `<title>`: they state something and print nothing."""
        if not closing:
            self._end_block()
            what = "page title" if name == "title" else next(iter(attributes(written)), "")
            self.defining = {"pagetitle": "title", "release_date": "date"}.get(what, what)
        elif self.defining:
            block = Block("paragraph", self.runs)
            if block.text and self.defining in ("title", "date", "page title"):
                field = Field(block.text, tuple(block.spans))
                self.source.fields.setdefault(self.defining, field)
            self.runs, self.looked_at, self.defining = [], 0, ""

    def _block_tag(self, closing: bool, name: str, written: str) -> None:
        if self.in_item and name not in ("li", "ul", "ol", "dd", "dt"):
            # An item holds one paragraph: what would start another becomes a line of it.
            if self._has_words() and self.runs[-1].text != BREAK:
                self.runs.append(Run(BREAK, self.runs[-1].end, self.runs[-1].end))
            return
        self._end_block()
        if name == "html" and not closing:
            if language := attributes(written).get("lang"):
                self.source.fields.setdefault("language", Field(language, ()))
        elif name in ("ul", "ol"):
            self._list_tag(closing, numbered=name == "ol")
        elif name == "li":
            self.in_item = not closing
        elif name == "blockquote":
            self.groups += not closing
            self.quote = 0 if closing else self.groups
        elif name == "tr":
            self.in_row = not closing
            self.tables += not closing
        elif name in ("p", "pre", "dt", "dd", "figcaption", "caption") or name[0] == "h":
            self.paragraph = "" if closing else name

    def _list_tag(self, closing: bool, numbered: bool) -> None:
        self.in_item = False
        if closing:
            del self.lists[-1:]
        elif self.lists:
            self.nested += 1
            self.lists.append(self.lists[-1])
            del self.lists[_DEEPEST:]
        else:
            self.groups += 1
            self.lists.append((self.groups, numbered))

    def _inline_tag(self, closing: bool, name: str, written: str) -> None:
        if closing:
            for place, tag in reversed(list(enumerate(self.inline))):
                if tag.name == name:
                    del self.inline[place]
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
        self.inline.append(_Inline(name, strong, em, href))
        del self.inline[:-_DEEPEST]

    def _picture(self, found: dict[str, str], span: Span) -> None:
        if source := found.get("src", "").strip():
            self.source.blocks.append(
                Block("picture", [Run("", *span)], source=source, alt=found.get("alt", ""))
            )

    def _has_words(self) -> bool:
        while self.looked_at < len(self.runs):
            if plain(self.runs[self.looked_at].text):
                return True
            self.looked_at += 1
        return False

    def _end_block(self) -> None:
        if self._has_words():
            block = Block("paragraph", self.runs)
            if self.quote:
                block = replace(block, kind="quote", group=self.quote)
            elif self.in_item and self.lists:
                group, numbered = self.lists[-1]
                block = replace(block, kind="item", group=group, numbered=numbered)
            elif re.fullmatch("h[1-6]", self.paragraph):
                block = replace(block, kind="heading", level=int(self.paragraph[1]))
            self.source.blocks.append(block)
        self.runs, self.looked_at, self.defining = [], 0, ""

    def _notes(self) -> list[str]:
        notes = self.links.notes()
        if self.unwrapped:
            names = ", ".join(list(self.unwrapped)[:12])
            notes.append(f"These tags have no place in a release; their words stayed: {names}.")
        if self.quoted:
            notes.append(
                f"{counted(self.quoted, '<q> tag')} became quotation marks “…”. "
                "Check that they are the marks of the language."
            )
        if self.tables:
            notes.append("A table became paragraphs, one a row, the cells parted by “|”.")
        if self.nested:
            notes.append("Lists inside lists were brought to one level.")
        return notes

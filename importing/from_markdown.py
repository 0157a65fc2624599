# Above 450 lines because one reader handles all tokens and locates each in the source.
"""Reads Markdown into blocks.

markdown-it-py gives the lines of blocks, but not the positions of words, which the ledger needs. So
each token is searched for in the text of its block, in order.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.helpers import parseLinkDestination, parseLinkTitle
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from mdit_py_plugins.footnote import footnote_plugin

from importing.accounting import Span
from importing.blocks import BREAK, Block, Cell, Run, Source, plain
from importing.from_html import HtmlReader
from importing.front_matter import read_front_matter
from importing.markup import SOFT, attributes, blank_out, tag_at
from importing.notes import Note
from importing.page_rules import is_hidden, notes_of_left_out

# Markdown syntax at the start of a line.
_LINE_BEGINS = re.compile(
    r"(?:[ \t]*(?:>|[*+-](?=\s|$)|\d{1,9}[.)](?=\s|$)))*+[ \t]*(?:#{1,6}(?=\s|$))?"
    r"(?:\[\^[^\]\s]{1,200}+\]:)?"
)
_ONLY_MARKS = re.compile(r"[\s|:=*_~`#>+-]+")
_LABEL = re.compile(r"[A-Z]\w{1,15}: ")
_UNCLOSED = re.compile(r"\*{2,3}(?=\S)")
_CARELESS_LINK = re.compile(r"(!?)\[([^\[\]\n]{0,300})\]\(([^()<>\n]{1,500})\)")
_LINK_TITLE = re.compile(r"(?<!\s)\s++(?:\"[^\"]*\"|'[^']*')$")
_FENCE_LINE = re.compile(r"[\s>]*(?:```+|~~~+)\s*$")
# Levels of nested blocks. markdown-it drops deeper ones, and the ledger reports their words.
_MAX_DEPTH = 40
# Maximum cost of a text: for each paragraph, its special characters times its length. Marks that
# never close take this much time. A release needs less than a tenth.
_MAX_WORK = 30_000_000
_COSTLY = re.compile(r"[\[\]<!`*_~^&(]")


class _Markdown(MarkdownIt):
    """CommonMark with tables, strike-through and footnotes. Addresses stay as written."""

    def __init__(self) -> None:
        super().__init__("commonmark", {"maxNesting": _MAX_DEPTH})
        self.enable(["table", "strikethrough"])
        # Lines that are indented by accident must not become code. Without `text_join`, the
        # `text_special` tokens keep how a character was written.
        self.disable(["code", "text_join"])
        self.use(footnote_plugin, move_to_end=False)
        self.inline.ruler.after("image", "careless_link", _careless_link)
        self.core.ruler.at("inline", _parse_inline)

    def normalizeLink(self, url: str) -> str:
        return url

    def normalizeLinkText(self, link: str) -> str:
        return link

    def validateLink(self, url: str) -> bool:
        return True


def _careless_link(state: StateInline, silent: bool) -> bool:
    """Read a link or picture whose address has spaces, such as `[words](/a file.pdf)`."""
    match = _CARELESS_LINK.match(state.src, state.pos, state.posMax)
    if not match:
        return False
    if not silent:
        address = _LINK_TITLE.sub("", match[3].strip())
        if match[1]:
            token = state.push("image", "img", 0)
            token.attrs, token.content, token.children = {"src": address}, match[2], []
        else:
            token = state.push("link_open", "a", 1)
            token.attrs, token.info = {"href": address}, "careless"
            state.push("text", "", 0).content = match[2]
            state.push("link_close", "a", -1).info = "careless"
    state.pos = match.end()
    return True


def _parse_inline(state: StateCore) -> None:
    """Parse the text of paragraphs, up to _MAX_WORK. The rest becomes plain text."""
    work = 0
    for token in state.tokens:
        if token.type != "inline":
            continue
        token.children = []
        cost = len(token.content) * len(_COSTLY.findall(token.content))
        if work + cost > _MAX_WORK:
            state.env["not_parsed"] = state.env.get("not_parsed", 0) + 1
            plain_text = Token("text", "", 0)
            plain_text.content = token.content
            token.children = [plain_text]
            continue
        work += cost
        state.md.inline.parse(token.content, state.md, state.env, token.children)


_PARSER = _Markdown()


def read_markdown(source: Source, filename: str) -> None:
    """Fill a source with the blocks of its Markdown and the fields of its front matter."""
    printed = blank_out(source.text)
    _Reader(source, printed, read_front_matter(source, printed)).read()


# --- Blocks ------------------------------------------------------------------------------------


@dataclass(slots=True)
class _OpenMarks:
    """The open marks at a position in a paragraph, and the reasons why its text is left out."""

    strong: int = 0
    em: int = 0
    sub: int = 0
    sup: int = 0
    hrefs: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    tags: list[tuple[str, str]] = field(default_factory=list)


class _Reader:
    """Reads token by token. An HTML reader builds the blocks, also those of embedded HTML."""

    def __init__(self, source: Source, text: str, start: int) -> None:
        self.source, self.start = source, start
        self.text = text[:start] + text[start:].replace("\0", " ")
        self.builder = HtmlReader(source, self.text)
        self.links = self.builder.links
        self.lines = [start]
        self.lines += [start + m.end() for m in re.finditer("\n", text[start:])]
        self.lines.append(len(text) + 1)
        self.env: dict[str, Any] = {}
        self.notes: dict[str, list[Token]] = {}
        self.used: set[str] = set()
        self.in_note = False
        self.repeated_notes = 0
        self.raw_tags: dict[str, None] = {}
        self.unclosed = 0
        self.dropped: dict[str, list[str]] = {}
        self.row_place = 0

    def read(self) -> None:
        tokens = list(self._without_notes(_PARSER.parse(self.text[self.start :], self.env)))
        marks = [self._line_marks(number) for number in range(len(self.lines) - 1)]
        for token in tokens:
            self._token(token)
        self.builder.end_block()
        for label, inner in self.notes.items():
            if label not in self.used:
                # Nothing refers to this footnote: it becomes a paragraph.
                self.used.add(label)
                for token in inner:
                    if token.type == "inline":
                        self._inline(token)
                        self.builder.end_block()
        self.source.markup += [span for span in marks if span[0] < span[1]]
        for reference in self.env.get("references", {}).values():
            if lines := reference.get("map"):
                self.source.markup.append((self.lines[lines[0]], self.lines[lines[1]] - 1))
        self.source.notes += self._notes()

    def _line_marks(self, number: int) -> Span:
        start, end = self.lines[number], self.lines[number + 1] - 1
        if _ONLY_MARKS.fullmatch(self.text, start, end):
            return start, end
        begins = _LINE_BEGINS.match(self.text, start, end)
        return start, begins.end() if begins else start

    def _without_notes(self, tokens: Iterable[Token]) -> Iterator[Token]:
        """Yield the tokens of the text, and store the tokens of footnotes in `self.notes`."""
        inside: list[Token] | None = None
        for token in tokens:
            if token.type == "footnote_reference_open":
                inside = self.notes.setdefault(token.meta["label"], [])
            elif token.type == "footnote_reference_close":
                inside = None
            elif inside is not None:
                inside.append(token)
            else:
                yield token

    def _token(self, token: Token) -> None:
        builder = self.builder
        kind = token.type
        if kind == "inline":
            self._inline(token)
        elif kind in ("bullet_list_open", "ordered_list_open"):
            builder.begin_list(kind[0] == "o", int(token.attrs.get("start", 1)))
        elif kind in ("bullet_list_close", "ordered_list_close"):
            builder.end_list()
        elif kind == "list_item_open":
            builder.begin_item()
        elif kind == "list_item_close":
            builder.end_item()
        elif kind == "blockquote_open":
            builder.begin_quote()
        elif kind == "blockquote_close":
            builder.end_quote()
        elif kind == "heading_open":
            builder.at.level = int(token.tag[1])
        elif kind == "heading_close":
            builder.end_block()
            builder.at.level = 0
        elif kind == "paragraph_close":
            builder.end_block()
        elif kind == "html_block" and token.map:
            builder.end_block()
            builder.read(self.lines[token.map[0]], self.lines[token.map[1]] - 1)
        elif kind == "fence" and token.map:
            self._code(*token.map)
        elif kind == "table_open":
            builder.begin_table()
        elif kind == "table_close":
            builder.end_table()
        elif kind == "tr_open" and token.map:
            builder.begin_row()
            self.row_place = self.lines[token.map[0]]
            line = (self.row_place, self.lines[token.map[0] + 1] - 1)
            bars = re.compile(r"\|").finditer(self.text, *line)
            self.source.markup += [bar.span() for bar in bars]
        elif kind in ("td_open", "th_open"):
            builder.begin_cell(Cell(header=kind == "th_open"))
        elif kind in ("td_close", "th_close"):
            builder.end_cell()

    def _code(self, first: int, last: int) -> None:
        """Read the lines between two fences as one paragraph that keeps its line ends."""
        self.builder.end_block()
        self.source.markup.append((self.lines[first], self.lines[first + 1] - 1))
        for number in range(first + 1, last):
            start, end = self.lines[number], self.lines[number + 1] - 1
            if number == last - 1 and _FENCE_LINE.match(self.text, start, end):
                continue
            if self.builder.at.runs:
                self.builder.at.runs.append(Run(BREAK, start, start))
            self.builder.at.runs.append(Run(self.text[start:end], start, end))
        self.builder.end_block()

    # --- Inside a block ---

    def _inline(self, token: Token) -> None:
        if not token.map:
            return
        builder = self.builder
        table = builder.table is not None
        places = self._cell(token) if table else self._places(token)
        runs = self._runs(token.children or [], token.content, places)
        if builder.in_item or builder.at.level or table:
            builder.at.runs += runs
            return
        for lines in self._own_lines(runs):
            builder.at.runs += lines
            builder.end_block()

    def _places(self, token: Token) -> list[int]:
        """Return the position in the text of each character of an inline token."""
        assert token.map  # noqa: S101 - the caller checks it
        places: list[int] = []
        for number, line in enumerate(token.content.split("\n"), start=token.map[0]):
            last = min(number, len(self.lines) - 2)
            start, end = self.lines[last], self.lines[last + 1] - 1
            bare = line.strip()
            at = self.text.rfind(bare, start, end) if bare else start
            before = len(line) - len(line.lstrip())
            at = max(at if at >= 0 else start, start)
            places += [min(max(at - before + n, start), end) for n in range(len(line) + 1)]
        return places

    def _cell(self, token: Token) -> list[int]:
        """Return these positions for a cell of a table, in which bars are escaped as `\\|`."""
        assert token.map  # noqa: S101 - the caller checks it
        end = self.lines[token.map[0] + 1] - 1
        places: list[int] = []
        at = self.row_place
        for char in token.content:
            found = self.text.find(char, at, end)
            at = found if found >= 0 else at
            places.append(at)
            at += 1
        if token.content and (start := self.text.find(token.content, self.row_place, end)) >= 0:
            places = list(range(start, start + len(token.content)))
            at = start + len(token.content)
        self.row_place = at
        return [*places, at]

    def _runs(self, tokens: Sequence[Token], content: str, places: list[int]) -> list[Run]:
        """Return the runs of a block. `places` has a position per character and one for the end."""
        runs: list[Run] = []
        open_marks = _OpenMarks()
        at = 0
        for token in tokens:
            first, last, at = _located(token, content, at)
            span = (places[first], places[last])
            mark = _UNCLOSED.match(token.content) if first == 0 and token.type == "text" else None
            if mark:
                # Bold that never closes was probably meant for the whole paragraph: drop its mark.
                self.unclosed += 1
                self.source.markup.append((span[0], places[mark.end()]))
                token.content = token.content[mark.end() :]
                span = (places[mark.end()], span[1])
            if token.type == "footnote_ref" and token.meta.get("label") is None:
                at = first + 3 + len(self.env["footnotes"]["list"][token.meta["id"]]["content"])
            self._piece(token, span, runs, open_marks, content, places, first)
            if token.type == "link_close" or token.nesting or token.type == "image":
                self.source.markup.append((places[first], places[min(at, len(places) - 1)]))
        return runs

    def _piece(
        self, token: Token, span: Span, runs: list[Run], open_marks: _OpenMarks,
        content: str, places: list[int], first: int,
    ) -> None:  # fmt: skip
        kind = token.type
        step = token.nesting
        if kind in ("text", "text_special", "code_inline"):
            visible = "" if token.content in SOFT else token.content
            self._add_run(Run(visible, *span), runs, open_marks)
        elif kind == "softbreak":
            runs.append(Run("\n", span[1], span[1]))
        elif kind == "hardbreak":
            runs.append(Run(BREAK, span[1], span[1]))
        elif kind in ("strong_open", "strong_close"):
            open_marks.strong += step
        elif kind in ("em_open", "em_close"):
            open_marks.em += step
        elif kind == "s_open":
            open_marks.dropped.append("struck-out words")
        elif kind == "s_close":
            del open_marks.dropped[-1:]
        elif kind == "link_open":
            open_marks.hrefs.append(self.links.safe(str(token.attrs.get("href", ""))))
        elif kind == "link_close":
            del open_marks.hrefs[-1:]
        elif kind == "image":
            self._picture(str(token.attrs.get("src", "")), token.content, span)
        elif kind == "html_inline":
            self._tag(token.content, span, runs, open_marks)
        elif kind == "footnote_ref":
            self.source.markup.append(span)
            if not open_marks.dropped:
                self._footnote(token, runs, content, places, first)

    def _add_run(self, run: Run, runs: list[Run], open_marks: _OpenMarks) -> None:
        if open_marks.dropped:
            self.source.excluded.append((open_marks.dropped[-1], (run.start, run.end), run.text))
            if plain(run.text):
                self.dropped.setdefault(open_marks.dropped[-1], []).append(plain(run.text))
            return
        runs.append(
            replace(
                run,
                strong=open_marks.strong > 0,
                em=open_marks.em > 0,
                sub=open_marks.sub > 0,
                sup=open_marks.sup > 0,
                href=next((href for href in reversed(open_marks.hrefs) if href), ""),
            )
        )

    def _picture(self, address: str, alt: str, span: Span) -> None:
        self.source.blocks.append(Block("picture", [Run("", *span)], source=address, alt=alt))

    def _tag(self, written: str, span: Span, runs: list[Run], open_marks: _OpenMarks) -> None:
        self.source.markup.append(span)
        tag = tag_at(written, 0)
        if not tag:
            return
        closing, name, found = bool(tag[1]), tag[2].casefold(), attributes(tag[3])
        effect = {"b": "strong", "i": "em"}.get(name, name)
        if name == "br":
            runs.append(Run(BREAK, *span))
            return
        if name == "img":
            self._picture(found.get("src", ""), found.get("alt", ""), span)
            return
        if closing:
            for place, (opened, effect) in reversed(list(enumerate(open_marks.tags))):
                if opened == name:
                    del open_marks.tags[place]
                    self._effect(effect, -1, open_marks)
                    break
            return
        if name in ("s", "strike", "del"):
            effect = "struck-out words"
        elif is_hidden(found):
            effect = "hidden words"
        elif effect not in ("strong", "em", "sub", "sup"):
            self.raw_tags[name[:30]] = None
            if name == "a":
                self.links.safe(found.get("href", ""))
            effect = ""
        if not written.endswith("/>"):
            open_marks.tags.append((name, effect))
            del open_marks.tags[:-_MAX_DEPTH]
            self._effect(effect, 1, open_marks)

    def _effect(self, effect: str, step: int, open_marks: _OpenMarks) -> None:
        if effect.endswith("words"):
            if step > 0:
                open_marks.dropped.append(effect)
            elif effect in open_marks.dropped:
                open_marks.dropped.remove(effect)
        elif effect:
            setattr(open_marks, effect, getattr(open_marks, effect) + step)

    def _footnote(
        self, token: Token, runs: list[Run], content: str, places: list[int], first: int
    ) -> None:
        label = token.meta.get("label")
        if label is None:
            known = self.env["footnotes"]["list"][token.meta["id"]]
            inner = places[first + 2 : first + 3 + len(known["content"])]
            found = self._note_runs([(known["tokens"], known["content"], inner)])
            if self.in_note:
                runs += found
                return
        elif label in self.used or self.in_note or not self.notes.get(label):
            self.repeated_notes += 1
            return
        else:
            self.used.add(label)
            found = self._note_runs(
                (token.children or [], token.content, self._places(token))
                for token in self.notes[label]
                if token.type == "inline"
            )
        # The builder numbers the footnote and appends it to its open paragraph. Use an empty
        # paragraph for this, and move its runs to the end of `runs`.
        before, self.builder.at.runs = self.builder.at.runs, []
        self.builder.add_footnote(found)
        runs += self.builder.at.runs
        self.builder.at.runs = before

    def _note_runs(self, pieces: Iterable[tuple[Sequence[Token], str, list[int]]]) -> list[Run]:
        """Return the runs of a footnote. A footnote inside it stays in its text."""
        outer, self.in_note = self.in_note, True
        found: list[Run] = []
        for tokens, content, places in pieces:
            if found:
                found.append(Run(" ", found[-1].end, found[-1].end))
            found += self._runs(tokens, content, places)
        self.in_note = outer
        return found

    def _own_lines(self, runs: list[Run]) -> Iterator[list[Run]]:
        """Yield the runs of each paragraph. A line that is all bold or italic is a paragraph."""
        lines: list[list[Run]] = [[]]
        for run in runs:
            if run.text == "\n" and not run.note:
                lines.append([])
            else:
                lines[-1].append(run)
        emphatic = [_is_emphatic(line) for line in lines]
        together: list[Run] = []
        for number, line in enumerate(lines):
            if emphatic[number] and not all(emphatic):
                yield from filter(None, [together])
                yield line
                together = []
                continue
            if together and line:
                visible = "".join(run.text for run in line)
                joint = BREAK if _LABEL.match(visible) or visible.startswith("|") else "\n"
                together.append(Run(joint, line[0].start, line[0].start))
            together += line
        yield from filter(None, [together])

    def _notes(self) -> list[Note]:
        notes = self.builder.notes()
        if self.raw_tags:
            notes.append(Note("raw_html", {"tags": tuple(list(self.raw_tags)[:12])}))
        if self.unclosed:
            notes.append(Note("emphasis_never_closed", {"count": self.unclosed}))
        if self.repeated_notes:
            notes.append(Note("footnote_again", {"count": self.repeated_notes}))
        if self.env.get("not_parsed"):
            notes.append(Note("too_many_marks", {"count": self.env["not_parsed"]}))
        return [*notes, *notes_of_left_out(self.dropped)]


def _is_emphatic(line: list[Run]) -> bool:
    visible = [run for run in line if plain(run.text) and not run.note]
    return bool(visible) and (all(run.strong for run in visible) or all(run.em for run in visible))


def _located(token: Token, content: str, at: int) -> tuple[int, int, int]:
    """Return the start and end of a token in its block, and the earliest start of the next one.

    Tokens are in order, and each contains its text or markup as it is written.
    """
    kind = token.type
    size = len(content)
    if kind in ("softbreak", "hardbreak"):
        end = content.find("\n", at)
        end = size if end < 0 else end + 1
        return at, end, end
    if kind == "code_inline":
        start = content.find(token.markup, at) + len(token.markup)
        fence = re.compile(rf"(?<!`){token.markup}(?!`)").search(content, start)
        end = fence.start() if fence else size
        inner = content.find(token.content, start, end)
        if inner >= 0:
            return inner, inner + len(token.content), end + len(token.markup)
        return start, end, min(end + len(token.markup), size)
    if kind == "image" or (kind == "link_close" and token.markup != "autolink"):
        start = at
        if kind == "image":
            start = max(content.find("![", at), at)
            at = max(content.find("]", min(start + 2 + len(token.content), size)), start)
        return start, start, _link_end(content, at)
    if kind == "footnote_ref":
        label = token.meta.get("label")
        start = max(content.find("^[" if label is None else "[^", at), at)
        end = content.find("]", start)
        if label is None:
            # The note may contain brackets, so the caller calculates its end.
            return start, start, start
        return start, (end + 1 if end >= 0 else size), (end + 1 if end >= 0 else size)
    literal = {
        "text": token.content,
        "text_special": token.markup,
        "html_inline": token.content,
        "link_open": "<" if token.markup == "autolink" else "[",
        "link_close": ">",
    }.get(kind, token.markup)
    found = content.find(literal, at) if literal else at
    if found < 0:
        return at, at, at
    return found, found + len(literal), found + len(literal)


def _link_end(content: str, at: int) -> int:
    """Return the end of a link, given the end of its text: after `]`, `](…)` or `][…]`."""
    size = len(content)
    at = min(at + 1, size)
    if content.startswith("(", at):
        if match := _CARELESS_LINK.match("[]" + content[at : at + 600]):
            return at + match.end() - 2
        place = _blanks(content, at + 1)
        address = parseLinkDestination(content, place, size)
        if address.ok:
            place = _blanks(content, address.pos)
            title = parseLinkTitle(content, place, size)
            if title.ok:
                place = _blanks(content, title.pos)
            if content.startswith(")", place):
                return place + 1
    if content.startswith("[", at) and (end := content.find("]", at)) >= 0:
        return end + 1
    return at


def _blanks(content: str, at: int) -> int:
    while at < len(content) and content[at] in " \t\n":
        at += 1
    return at

# Above 450 lines because one pass over the elements decides on text, notes and tables.
"""Finds the release in a saved web page: its text without menus, footers and hidden words."""

import html
import re
from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field

from importing.accounting import Span
from importing.blocks import Field, Source, plain
from importing.markup import attributes, tag_at
from importing.page_rules import FURNITURE, STRUCK, is_hidden, notes_of_left_out

_VOID = frozenset(
    [
        "area", "base", "bgsound", "br", "col", "embed", "frame", "hr", "img", "input", "link",
        "meta", "param", "source", "url", "wbr",
    ]
)  # fmt: skip
_BLOCKS = frozenset(
    [
        "p", "div", "section", "article", "main", "header", "footer", "aside", "nav", "address",
        "figure", "ul", "ol", "dl", "table", "blockquote", "pre", "form", "h1", "h2", "h3", "h4",
        "h5", "h6", "hr", "fieldset",
    ]
)  # fmt: skip
# The tags that an opening tag closes, and those that end the search for them.
_CLOSES = {
    "li": ({"li"}, {"ul", "ol"}),
    "dt": ({"dt", "dd"}, {"dl"}),
    "dd": ({"dt", "dd"}, {"dl"}),
    "td": ({"td", "th"}, {"tr", "table"}),
    "th": ({"td", "th"}, {"tr", "table"}),
    "tr": ({"tr"}, {"table", "thead", "tbody", "tfoot"}),
    **{name: ({"p"}, {"td", "th", "li", "div", "blockquote", "section"}) for name in _BLOCKS},
}
_NOTHING: tuple[set[str], set[str]] = (set(), set())
_MAX_OPEN_TAGS = 50  # ancestors that are searched
_SIDE_ROLES = frozenset(
    [
        "navigation", "banner", "contentinfo", "search", "complementary", "form", "dialog",
        "alertdialog", "menu", "menubar",
    ]
)  # fmt: skip
_SIDE_TAGS = frozenset(["nav", "footer", "aside", "form", "header", "button"])
_MIN_WORDS = 8  # of an article that counts as the release
_MIN_SHARE_OF_RELEASE = 0.5  # of the words of a page; a part this large is never furniture
_MAX_NOTE_WORDS = 300  # of a footnote
_MAX_DATE_LINE_WORDS = 8
_MAX_NOTES = 500
_MAX_CELL_WORDS = 80  # a table with a longer cell is layout
_MARKER = re.compile(r"[\[(]?(?:\d{1,3}|[a-z]|[ivxlc]{1,6}|[*†‡§]{1,3})[\])]?", re.I)
_BACK = re.compile(r"[\[(]?(?:\d{1,3}|[a-z]|[*†‡§]{1,3}|[↩↑⤴^]\ufe0e?|back|return)[\])]?", re.I)
_NOTE_NAME = re.compile(r"fn|ftn|note|edn|cite", re.I)
_NOTE_BLOCKS = {"li", "p", "div", "dd", "aside", "td"}
_DECLARATION = re.compile(r"<[!?][^<>]{0,2000}+>")
_ISO_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_JSON_LD_DAY = re.compile(r'"datePublished"\s*:\s*"([^"]{8,40})"')
_STATED_DAYS = {
    "article:published_time", "datepublished", "date", "dc.date", "dcterms.date", "dcterms.issued",
    "dc.date.issued", "pubdate", "publish-date", "sailthru.date",
}  # fmt: skip


@dataclass(slots=True)
class Element:
    """An element of the page: its positions with and without its tags, and its parent."""

    name: str
    start: int
    inner: int
    inner_end: int
    end: int
    attributes: dict[str, str]
    parent: "Element | None"
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Skip:
    """A part of the page that is left out. `part` is its name in the ledger."""

    start: int
    end: int
    part: str
    block: bool


@dataclass(frozen=True, slots=True)
class Footnote:
    """A reference to a footnote, and the position of the footnote’s text."""

    start: int
    end: int
    marker: str
    words: Span


@dataclass(slots=True)
class Page:
    """Special parts of a page for the HTML reader, by positions in the text."""

    skips: dict[int, Skip] = field(default_factory=dict)
    footnotes: dict[int, Footnote] = field(default_factory=dict)
    tables: dict[int, Element] = field(default_factory=dict)
    word_markers: dict[int, str] = field(default_factory=dict)

    def places(self) -> list[int]:
        """Return the positions in order, without `word_markers`."""
        return sorted({*self.skips, *self.footnotes, *self.tables})


def look_through(source: Source, text: str, start: int, end: int) -> Page:
    """Return the parts to leave out or to treat specially, and set the fields that HTML states."""
    return _PageReader(source, text, start, end).page


class _PageReader:
    def __init__(self, source: Source, text: str, start: int, end: int) -> None:
        self.source, self.text = source, text
        self.first, self.last = start, end
        self.elements: list[Element] = []
        self.tags: list[Span] = []
        self._read_elements()
        self._find_words()
        self.page = Page()
        self._fields()
        self.skips: list[Skip] = []
        self._find_skips()
        self._footnotes()
        self._set_skips()
        self._tables()

    # --- Elements ---

    def _read_elements(self) -> None:
        opened: list[Element] = []
        names: Counter[str] = Counter()
        place = self.first

        def pop(at: int, closing: int, closed: bool) -> None:
            element = opened.pop()
            names[element.name] -= 1
            element.inner_end, element.end, element.closed = at, closing, closed

        while 0 <= (place := self.text.find("<", place)) < self.last:
            tag = tag_at(self.text, place)
            if not tag or tag.end() > self.last:
                if declaration := _DECLARATION.match(self.text, place, self.last):
                    self.tags.append(declaration.span())
                place = declaration.end() if declaration else place + 1
                continue
            name, place = tag[2].casefold(), tag.end()
            self.tags.append(tag.span())
            if tag[1]:
                if names[name]:
                    while opened[-1].name != name:
                        pop(tag.start(), tag.start(), closed=opened[-1].name in _IMPLIED)
                    pop(tag.start(), tag.end(), closed=True)
                continue
            closes, stops = _CLOSES.get(name, _NOTHING)
            if any(names[closed] for closed in closes):
                for back in range(len(opened) - 1, max(-1, len(opened) - _MAX_OPEN_TAGS), -1):
                    if opened[back].name in closes:
                        while len(opened) > back:
                            pop(tag.start(), tag.start(), closed=True)
                    elif opened[back].name not in stops:
                        continue
                    break
            parent = opened[-1] if opened else None
            element = Element(name, *tag.span(), tag.end(), tag.end(), attributes(tag[3]), parent)
            self.elements.append(element)
            if name in _VOID or tag[3].endswith("/"):
                element.inner = element.end
                continue
            element.inner = tag.end()
            opened.append(element)
            names[name] += 1
        while opened:
            pop(self.last, self.last, closed=opened[-1].name in _IMPLIED)
        self.places = [element.start for element in self.elements]
        self.heads = [e.start for e in self.elements if e.name in ("h1", "article", "main")]
        self.table_places = [e.start for e in self.elements if e.name == "table"]

    def _find_words(self) -> None:
        pieces: list[str] = []
        place = self.first
        for start, end in self.tags:
            pieces += [self.text[place:start], " " * (end - start)]
            place = end
        self.bare = "".join([*pieces, self.text[place : self.last]])
        self.starts = [self.first + m.start() for m in re.finditer(r"\S+", self.bare)]

    def _words(self, start: int, end: int) -> int:
        return bisect_left(self.starts, end) - bisect_left(self.starts, start)

    def _visible_text(self, start: int, end: int, most: int = 5_000) -> str:
        """Return the text between two places without tags, shortened if it is very long."""
        end = min(end, start + most)
        return plain(html.unescape(self.bare[start - self.first : end - self.first]))

    def _compact_text(self, element: Element) -> str:
        """Return the text of a short element without spaces."""
        if element.inner_end - element.inner > 500:
            return ""
        return re.sub(r"\s+", "", self._visible_text(element.inner, element.inner_end))

    # --- Stated fields ---

    def _fields(self) -> None:
        fields = self.source.fields
        shared: Element | None = None
        days: list[tuple[int, str]] = []
        for element in self.elements:
            found = element.attributes
            name = (
                found.get("property") or found.get("name") or found.get("itemprop") or ""
            ).casefold()
            if element.name == "meta":
                if name == "og:title" and plain(found.get("content", "")):
                    shared = shared or element
                elif name in _STATED_DAYS:
                    days.append((0, found.get("content", "")))
            elif name == "datepublished":
                days.append((1, found.get("datetime") or found.get("content", "")))
            elif element.name == "time" and found.get("datetime") and self._stands_alone(element):
                days.append((3, found["datetime"]))
            if element.name in ("html", "article", "body") and (
                lang := found.get("lang", "").strip()
            ):
                fields.setdefault("language", Field(lang, ()))
        # `self.text` has no scripts, so the source is searched.
        days += [
            (2, match[1])
            for match in _JSON_LD_DAY.finditer(self.source.text, self.first, self.last)
        ]
        title = next((e for e in self.elements if e.name == "title" and e.closed), None)
        if shared:
            value = plain(shared.attributes["content"])
            fields.setdefault("page title", Field(value, ((shared.start, shared.end),)))
        if title and (value := self._visible_text(title.inner, title.inner_end)):
            span = (title.inner, title.inner_end)
            self.source.excluded.append(("page title", span, ""))
            fields.setdefault("page title", Field(value, (span,)))
        for _, day in sorted(days, key=lambda found: found[0]):
            if match := _ISO_DAY.match(day.strip()):
                fields.setdefault("date", Field(match[0], ()))
                break

    def _stands_alone(self, time: Element) -> bool:
        """Return whether a time is outside sentences, so that it is probably the page’s date."""
        holder = self._ancestor(time, {"p", "li", "td", "blockquote"})
        return holder is None or self._words(holder.start, holder.end) <= _MAX_DATE_LINE_WORDS

    # --- Left-out parts ---

    def _find_skips(self) -> None:
        total = self._words(self.first, self.last)
        region = self._region()
        if region:
            self._skip_outside(region)
        for element in self.elements:
            if element.inner == element.end or not element.closed:
                continue
            found, style = element.attributes, element.attributes.get("style", "")
            block = element.name in _BLOCKS
            span = (element.start, element.end)
            is_main_part = self._words(*span) >= max(_MIN_SHARE_OF_RELEASE * total, _MIN_WORDS)
            if "mso-list:ignore" in style.casefold().replace(" ", ""):
                if element.parent:
                    holder = self._ancestor(element, {"p", "h1", "h2", "h3", "h4", "h5", "h6"})
                    if holder:
                        self.page.word_markers[holder.start] = self._compact_text(element)
                self.skips.append(Skip(*span, "markup", False))
            elif is_hidden(found) and not self._holds_the_release(element, is_main_part):
                self.skips.append(Skip(*span, "hidden words", block))
            elif element.name in ("s", "strike", "del") or any(
                rule.matches(style) for rule in STRUCK
            ):
                self.skips.append(Skip(*span, "struck-out words", block))
            elif not is_main_part and self._is_furniture(element, region):
                self.skips.append(Skip(*span, "page furniture", True))

    def _holds_the_release(self, element: Element, is_main_part: bool) -> bool:
        """Return whether a hidden element contains the release, for example behind a dialog."""
        is_temporary = element.name in ("html", "body") or "aria-hidden" in element.attributes
        return (is_temporary and is_main_part) or _any_between(
            self.heads, element.inner, element.inner_end
        )

    def _region(self) -> Element | None:
        """Return the element that the page marks as its main text, if it has most of the words."""
        sides = [e for e in self.elements if e.closed and e.name in ("nav", "footer")]
        total = self._words(self.first, self.last)
        total -= sum(self._words(e.start, e.end) for e in sides if not self._in_side(e))
        for wanted in (_is_article, _is_main, _is_body):
            found = [e for e in self.elements if e.closed and wanted(e)]
            best = max(found, key=lambda e: self._words(e.start, e.end), default=None)
            if best:
                words = self._words(best.start, best.end)
                if words >= max(_MIN_WORDS, _MIN_SHARE_OF_RELEASE * total):
                    return best
        return None

    def _in_side(self, element: Element) -> bool:
        return self._ancestor(element, {"nav", "footer"}) is not None

    def _skip_outside(self, region: Element) -> None:
        kept = self._title_outside(region)
        head = next((e for e in self.elements if e.name == "head" and e.end <= region.start), None)
        edges = [head.end if head else self.first]
        if kept:
            edges += [kept.start, kept.end]
        edges += [region.start, region.end, self.last]
        for start, end in zip(edges[::2], edges[1::2], strict=True):
            if self._words(start, end):
                self.skips.append(Skip(start, end, "page furniture", True))

    def _title_outside(self, region: Element) -> Element | None:
        """Return the heading above the main text if it is the title that the page states."""
        headings = [e for e in self.elements if e.name == "h1" and e.closed]
        if any(region.start < e.start < region.end for e in headings):
            return None
        stated = self.source.fields.get("page title")
        above = [e for e in headings if e.end <= region.start]
        for heading in reversed(above[-_MAX_OPEN_TAGS:]):
            text = self._visible_text(heading.inner, heading.inner_end)
            if text and (not stated or stated.value.startswith(text)):
                return heading
        return None

    def _is_furniture(self, element: Element, region: Element | None) -> bool:
        role = element.attributes.get("role", "").casefold()
        marks = f"{element.attributes.get('class', '')} {element.attributes.get('id', '')}"
        if not (
            element.name in _SIDE_TAGS
            or role in _SIDE_ROLES
            or any(rule.matches(marks) for rule in FURNITURE)
        ):
            return False
        if region and element.start <= region.start and region.end <= element.end:
            return False
        if self._ancestor(element, {"blockquote"}):
            return False
        if element.name == "header" and region and region.start < element.start < region.end:
            return False
        return not _any_between(self.heads, element.inner, element.inner_end)

    def _elements_inside(self, element: Element, most: int) -> list[Element]:
        """Return the first elements inside an element."""
        first = bisect_left(self.places, element.inner)
        last = bisect_left(self.places, element.inner_end)
        return self.elements[first : min(last, first + most)]

    def _ancestor(self, element: Element, names: set[str]) -> Element | None:
        outer = element.parent
        for _ in range(_MAX_OPEN_TAGS):
            if outer is None or outer.name in names:
                return outer
            outer = outer.parent
        return None

    def _set_skips(self) -> None:
        """Set the parts to skip (the outermost of nested ones), and report their texts."""
        quotes: dict[str, list[str]] = {}
        notes = sorted(note.words for note in self.page.footnotes.values())
        reached = self.first
        for skip in sorted(self.skips, key=lambda skip: (skip.start, -skip.end)):
            in_note = skip.part == "footnotes" or _within(skip, notes)
            if skip.start < reached and not in_note:
                continue
            self.page.skips[skip.start] = skip
            if not in_note:
                reached = skip.end
            text = self._text_without_notes(skip, notes)
            if skip.part == "footnotes":
                text = ""
            if skip.part != "markup":
                self.source.excluded.append((skip.part, (skip.start, skip.end), text))
            if text and skip.part != "markup":
                quotes.setdefault(skip.part, []).append(text)
        self.source.notes += notes_of_left_out(quotes)

    def _text_without_notes(self, skip: Skip, notes: list[Span]) -> str:
        pieces: list[str] = []
        place = skip.start
        for start, end in notes[bisect_left(notes, (skip.start, 0)) :]:
            if start >= skip.end:
                break
            pieces.append(self._visible_text(place, start, most=len(self.text)))
            place = end
        pieces.append(self._visible_text(place, max(place, skip.end), most=len(self.text)))
        return plain(" ".join(pieces))

    # --- Footnotes ---

    def _footnotes(self) -> None:
        """Find the references to footnotes, and assign each footnote to its first reference."""
        named: dict[str, Element] = {}
        for element in self.elements:
            for key in (element.attributes.get("id"), element.attributes.get("name")):
                if key:
                    named.setdefault(key, element)
        left_out = sorted((skip.start, skip.end) for skip in self.skips)
        taken: dict[int, Element] = {}
        for link in self.elements:
            target = named.get(link.attributes.get("href", "")[1:]) if link.name == "a" else None
            if len(taken) >= _MAX_NOTES:
                break
            if not target or not link.attributes["href"].startswith("#") or _within(link, left_out):
                continue
            mark = self._whole_mark(link)
            holder = self._note_of(mark, link, target)
            if not holder or holder.start in taken or self._ancestor(link, {"title"}):
                continue
            taken[holder.start] = holder
            self.page.footnotes[mark.start] = Footnote(
                mark.start, mark.end, self._compact_text(link), (holder.inner, holder.inner_end)
            )
            self.skips.append(Skip(holder.start, holder.end, "footnotes", True))
            for inner in self._elements_inside(holder, 200):
                if inner.name == "a" and inner.attributes.get("href", "#")[:1] == "#":
                    back = self._whole_mark(inner)
                    if _BACK.fullmatch(self._compact_text(back)):
                        self.page.skips[back.start] = Skip(back.start, back.end, "markup", False)
        note_spans = sorted((e.start, e.end) for e in taken.values())
        for start in [s for s, note in self.page.footnotes.items() if _within(note, note_spans)]:
            # A footnote inside a footnote stays where it is.
            words = self.page.footnotes.pop(start).words
            self.skips = [
                s
                for s in self.skips
                if not (s.part == "footnotes" and s.end >= words[1] >= s.start)
            ]

    def _whole_mark(self, link: Element) -> Element:
        mark = link
        while mark.parent and mark.parent.name in ("sup", "span", "small"):
            if not re.fullmatch(r"[\[(]?.{0,8}[\])]?", self._compact_text(mark.parent)) or (
                self._compact_text(mark.parent).strip("[]()")
                != self._compact_text(link).strip("[]()")
            ):
                break
            mark = mark.parent
        return mark

    def _note_of(self, mark: Element, link: Element, target: Element) -> Element | None:
        if not _MARKER.fullmatch(self._compact_text(link)) or target.start < mark.end:
            return None
        holder = target if target.name in _NOTE_BLOCKS else self._ancestor(target, _NOTE_BLOCKS)
        if not holder or not holder.closed or holder.start < mark.end:
            return None
        if (
            holder.name == "p"
            and holder.parent
            and re.fullmatch(r"_?(?:ftn|edn)\d+", holder.parent.attributes.get("id", ""))
        ):
            holder = holder.parent
        raised = mark.name == "sup" or any(e.name == "sup" for e in self._elements_inside(link, 5))
        back = any(
            e.name == "a" and e.attributes.get("href", "").startswith("#")
            for e in self._elements_inside(holder, 20)
        )
        if not (raised or back or _NOTE_NAME.search(link.attributes["href"])):
            return None
        if self._words(holder.inner, holder.inner_end) > _MAX_NOTE_WORDS:
            return None
        text = self._visible_text(holder.inner, holder.inner_end)
        return holder if re.search(r"[^\W\d_]{2,}", text) else None

    # --- Tables ---

    def _tables(self) -> None:
        """Find the tables with data. Layout tables are ignored."""
        for table in self.elements:
            if (
                table.name != "table"
                or not table.closed
                or _any_between(self.table_places, table.inner, table.inner_end)
            ):
                continue
            below = self._elements_inside(table, 100_000)
            names = Counter(e.name for e in below)
            cells = [e for e in below if e.name in ("td", "th")]
            longest = max((self._words(e.inner, e.inner_end) for e in cells), default=0)
            stated = names["th"] or names["caption"]
            if (
                table.attributes.get("role") in ("presentation", "none")
                or any(names[f"h{level}"] for level in range(1, 7))
                or any(names[name] for name in ("blockquote", "form", "figure", "article"))
                or not longest
                or (longest > _MAX_CELL_WORDS and not stated)
                or len(cells) <= names["tr"]
            ):
                continue
            self.page.tables[table.start] = table


_IMPLIED = {"p", "li", "dt", "dd", "td", "th", "tr", "thead", "tbody", "tfoot", "html", "body"}


def _any_between(places: list[int], start: int, end: int) -> bool:
    place = bisect_left(places, start)
    return place < len(places) and places[place] < end


def _within(part: "Element | Footnote | Skip", spans: list[Span]) -> bool:
    place = bisect_left(spans, (part.start, 1 << 40))
    # Spans are nested or separate, so only the last few can contain it.
    return any(
        start <= part.start < end for start, end in spans[max(0, place - _MAX_OPEN_TAGS) : place]
    )


def _is_article(element: Element) -> bool:
    return element.name == "article"


def _is_main(element: Element) -> bool:
    return element.name == "main" or element.attributes.get("role", "").casefold() == "main"


def _is_body(element: Element) -> bool:
    return element.attributes.get("itemprop", "").casefold() == "articlebody"

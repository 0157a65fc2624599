"""The text of a release: one document of semantic HTML.

What may stand in it is said here and nowhere else: `clean` lets in no more, `Document` reads it,
`render` prints it. The editor (static/js/editor.js) has the same schema, and the importers write
it. Blocks are `p h2 h3 ul ol blockquote figure`; inline are `a strong em br` and two of our own:

- `<blockquote data-speaker="…">` is a quotation by the person of that uuid. Its paragraphs keep
  their quotation marks as they were typed. `data-title` overrides the person's title; a quotation
  whose speaker is not confirmed yet carries the words of its source in `data-name` instead.
- `<span data-person="…">` marks a name as that person's.
- `<figure data-asset="…"></figure>` is a picture of the library; caption and credit are its own.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from html import escape
from itertools import groupby
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

import lxml.html
import nh3
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from lxml.etree import HTMLParser
from lxml.etree import _Element as Element

from people.names.normalise import find_whole, set_apart
from storing.links import SCHEMES, allowed_link
from storing.texts import clean_text, is_blank

if TYPE_CHECKING:
    from assets.models import MediaAsset
    from people.models import Person
    from releases.page import ReleasePage

ATTRIBUTES = {
    "a": {"href"},
    "blockquote": {"data-speaker", "data-name", "data-title"},
    "figure": {"data-asset"},
    "span": {"data-person"},
}
HEADINGS = {"h1": "h2", "h2": "h2", "h3": "h3", "h4": "h3", "h5": "h3", "h6": "h3"}
EMPHASIS = {"strong": "strong", "b": "strong", "em": "em", "i": "em"}
LISTS = {"ul", "ol"}
# Containers that only group: their content comes out as blocks of its own, no word is joined.
GROUPING = {
    "div", "section", "article", "main", "header", "footer", "aside", "nav", "address", "pre",
    "table", "thead", "tbody", "tfoot", "tr", "td", "th", "caption", "figcaption", "center",
    "dl", "dt", "dd", "form", "fieldset", "details", "summary", "hr",
}  # fmt: skip
BLOCKS = {"p", "blockquote", "figure", "li", *LISTS, *HEADINGS, *GROUPING}
_IN_NO_ITEM = {"blockquote", "figure"}
UNWANTED_WITH_CONTENT = {
    "script", "style", "template", "noscript", "iframe", "object", "svg", "math", "title",
    "textarea", "select", "xml",
}  # fmt: skip
MAX_ATTRIBUTION = 200
# Characters of a text with its marks, as it is stored: some 30,000 words, or 75 pages. Names are
# looked for in as many (releases.names). With 1,000,000 the pages and files of a release take
# below 0.2 s of CPU each, but the checks for protected names read at 4 to 5 s a time.
MAX_TEXT = 200_000
MAX_NOTES = 50_000  # the same for notes to editors
MAX_LINES = 2_000  # characters of a standfirst or a pull quote
MAX_LEVELS = 100  # of elements inside one another: nobody nests so deep
# Of links, bold and the like. More change nothing, and HTML repeats each in every paragraph that
# follows where one is not closed.
MAX_INLINE_LEVELS = 12
MAX_ATTRIBUTE = 2_000  # characters; a longer one is left out
MAX_MARKUP = 2_000_000  # characters of what is pasted, without what falls away
# Characters that no text may use. nh3 writes “&” and the space that does not break in quadratic
# time, so these two stand for them there.
_STANDS_FOR = {0xFDD0: None, 0xFDD1: None, ord("\u00a0"): "\ufdd0", ord("&"): "\ufdd1"}
_STOOD_FOR = {0xFDD0: "\u00a0", 0xFDD1: "&amp;"}
_INLINE = {*EMPHASIS, "a", "span"}
_EMPTY = {"br", "hr"}


class UnreadableText(ValueError):
    """A text that is not taken in; its words say why and what to do."""


class TextTooLong(UnreadableText):
    """A text with more characters than a release may have."""


class Cleaner:
    """Lets in some tags and attributes of any HTML, and reads it in linear time.

    A browser's way to read HTML takes the square of the depth, and repeats what is not closed.
    The text is therefore read first by a parser that only counts, and is written down anew with
    each element closed, before it is read as a browser would.
    """

    def __init__(
        self, attributes: Mapping[str, set[str]], unwanted: Collection[str] = UNWANTED_WITH_CONTENT
    ) -> None:
        """Take the attributes by tag, “*” for each, and the tags that go with their content."""
        self.unwanted = frozenset(unwanted)
        self.tags = BLOCKS | _INLINE | {"br"}
        self.attributes = attributes
        self._as_a_browser = nh3.Cleaner(
            tags=self.tags,
            attributes=dict(attributes),
            clean_content_tags=set(unwanted),
            url_schemes=set(SCHEMES),
            link_rel=None,
        )

    def clean(self, html: str, most: int = MAX_TEXT) -> str:
        """Return what is let in, at most so many characters of words.

        Raises UnreadableText where it is too long or too deep.
        """
        reader = _Reader(self, most)
        parser = HTMLParser(target=cast(Any, reader))
        plain = clean_text(html, multiline=True)
        closed = cast(str, lxml.etree.fromstring(f"<html><body>{plain}</body></html>", parser))
        # Once more: a character reference may stand for what no text may hold.
        cleaned = self._as_a_browser.clean(closed).translate(_STOOD_FOR)
        return clean_text(cleaned, multiline=True)


class _Reader:
    """Writes down the tags that are let in as lxml comes to them, each of them closed."""

    def __init__(self, cleaner: Cleaner, most: int) -> None:
        self._cleaner, self._most = cleaner, most
        self._written: list[str] = []
        self._open: list[bool] = []  # whether the tag was written
        self._levels = self._inline_levels = self._length = self._words = self._unwanted = 0

    def start(self, tag: str, found: Mapping[str, str]) -> None:
        attributes = self._attributes(tag, found)
        inline = tag in _INLINE
        unwanted = tag in self._cleaner.unwanted
        kept = unwanted or tag in self._cleaner.tags
        if inline and (
            self._inline_levels >= MAX_INLINE_LEVELS or (tag == "span" and not attributes)
        ):
            kept = False
        self._open.append(kept)
        if not kept:
            return
        self._write(f"<{tag}{attributes}>")
        if tag in _EMPTY:
            return
        self._levels += 1
        self._inline_levels += inline
        self._unwanted += unwanted
        if self._levels > MAX_LEVELS:
            raise UnreadableText(
                _("The text is nested too deeply to be read. Paste it without its formatting.")
            )

    def end(self, tag: str) -> None:
        if not self._open.pop() or tag in _EMPTY:
            return
        self._write(f"</{tag}>")
        self._levels -= 1
        self._inline_levels -= tag in _INLINE
        self._unwanted -= tag in self._cleaner.unwanted

    def data(self, text: str) -> None:
        if not self._unwanted:
            self._words += len(text)
            self._write(escape(text.translate(_STANDS_FOR), quote=False))

    def close(self) -> str:
        return "".join(self._written)

    def _attributes(self, tag: str, found: Mapping[str, str]) -> str:
        wanted = self._cleaner.attributes
        names = wanted.get("*", set()) | wanted.get(tag, set())
        return "".join(
            f' {name}="{escape(value)}"'
            for name, value in found.items()
            if name in names and value and len(value) <= MAX_ATTRIBUTE
        )

    def _write(self, piece: str) -> None:
        self._written.append(piece)
        self._length += len(piece)
        if self._words > self._most or self._length > max(MAX_MARKUP, 10 * self._most):
            raise TextTooLong(too_long(0, self._most))  # the rest was not read


_let_in = Cleaner(ATTRIBUTES)


def too_long(length: int, most: int = MAX_TEXT) -> str:
    """Return the sentence that refuses a text, with what to do about it."""
    limit = {"most": f"{most:,}", "length": f"{length:,}"}
    if length <= most:  # nobody has counted to the end
        return (
            _(
                "The text is too long: with its formatting, at most %(most)s characters are taken "
                "here. Shorten it, or attach the long part as a document."
            )
            % limit
        )
    return (
        _(
            "The text is too long: it has %(length)s characters with its formatting, and at most "
            "%(most)s are taken here. Shorten it, or attach the long part as a document."
        )
        % limit
    )


def clean(html: str, most: int = MAX_TEXT) -> str:
    """Return any HTML as a document of our schema; all its words stay, in their order.

    Headings come down to two levels, what only groups or decorates falls away, a quotation holds
    paragraphs alone, empty blocks go. An `…id` that is no uuid goes as well; whether it belongs
    to somebody is for `without_strangers` to say. Raises UnreadableText where the nesting is
    absurdly deep, or the document has more than `most` characters.
    """
    cleaned = _written(_flow(_tree(_let_in.clean(html, most))))
    if len(cleaned) > most:
        raise TextTooLong(too_long(len(cleaned), most))
    _refuse_too_deep(cleaned)
    return cleaned


def refused_links(html: str) -> list[str]:
    """Return the addresses of the links that `clean` leaves out of a text, in their order."""
    if "<a" not in html.lower():
        return []
    links = lxml.html.fragment_fromstring(html, create_parent="div").iter("a")
    hrefs = dict.fromkeys(link.get("href", "").strip() for link in links)
    return [href for href in hrefs if href and not allowed_link(href)]


def tree(html: str, cleaner: Cleaner) -> Element:
    """Return any HTML, as far as a cleaner lets it in, below one `div`.

    Raises UnreadableText where it is too long or the nesting is absurdly deep.
    """
    return _tree(cleaner.clean(html))


def without_strangers(html: str, people: Collection[UUID], assets: Collection[UUID]) -> str:
    """Return a clean document without references to people or pictures that do not exist.

    The words of a quotation or a name stay; a picture that is nowhere leaves nothing.
    """
    root = _tree(html)
    for tag, attribute, known in (
        ("blockquote", "data-speaker", people),
        ("span", "data-person", people),
        ("figure", "data-asset", assets),
    ):
        for node in root.iter(tag):
            if uuid_in(node.get(attribute)) not in known:
                node.attrib.pop(attribute, "")
    return _written(_flow(root))


def with_people(html: str, people: Mapping[str, UUID]) -> str:
    """Return a clean document with people put in where their names stand, as an import needs it.

    A quotation whose `data-name` is one of the names becomes that person's, and the first
    occurrence of each name in running text is marked.
    """
    root = _tree(html)
    for quotation in root.iterfind("blockquote"):
        if speaker := people.get(quotation.get("data-name", "")):
            quotation.set("data-speaker", str(speaker))
    for name, person in people.items():
        _mark_first(root, name, person)
    return _written(_flow(root))


@dataclass(frozen=True, slots=True)
class Quotation:
    """One quotation of a document: its paragraphs as plain text, and whose it is."""

    position: int
    paragraphs: tuple[str, ...]
    speaker: UUID | None
    name: str
    title: str

    @property
    def text(self) -> str:
        return "\n\n".join(self.paragraphs)

    def contains(self, excerpt: str) -> bool:
        """Whether an excerpt is taken from it word for word; quotation marks do not count."""
        return bool(words := _words(excerpt)) and self._contains(words)

    def _contains(self, words: str) -> bool:
        return f" {words} " in f" {_words(self.text)} "


@dataclass(frozen=True, slots=True)
class Attribution:
    """Who is printed below a quotation; `person` is there where the public may know the page."""

    name: str
    title: str
    person: "Person | None" = None


@dataclass(frozen=True, slots=True)
class Links:
    """Whom a page can link, what became of them since, and whom it has linked already."""

    people: "Mapping[UUID, Person]"
    since: Mapping[UUID, str]
    made: set[UUID]


class Document:
    """A clean body, read: its quotations, the people marked in it, its pictures, its words."""

    def __init__(self, html: str) -> None:
        self.root = _tree(html)

    @cached_property
    def quotations(self) -> list[Quotation]:
        return [
            Quotation(
                position=position,
                paragraphs=tuple(_text(p) for p in node.iterfind("p")),
                speaker=uuid_in(node.get("data-speaker")),
                name=node.get("data-name", ""),
                title=node.get("data-title", ""),
            )
            for position, node in enumerate(self.root.iterfind("blockquote"), start=1)
        ]

    @cached_property
    def mentions(self) -> list[tuple[UUID, str]]:
        """Every marked name, in order: the person and the name as it stands."""
        return [
            (person, _text(node))
            for node in self.root.iter("span")
            if (person := uuid_in(node.get("data-person")))
        ]

    @cached_property
    def pictures(self) -> list[UUID]:
        return [
            asset
            for node in self.root.iterfind("figure")
            if (asset := uuid_in(node.get("data-asset")))
        ]

    @cached_property
    def paragraphs(self) -> list[str]:
        """The plain text, one entry for each paragraph, heading and list item."""
        return [text for node in self.root.iter("p", "h2", "h3") if (text := _text(node))]

    @property
    def text(self) -> str:
        return "\n\n".join(self.paragraphs)

    def lifted(self, excerpt: str) -> Quotation | None:
        """Return the quotation that a pull quote is an excerpt of."""
        if not (words := _words(excerpt)):
            return None
        return next((quote for quote in self.quotations if quote._contains(words)), None)


def render(
    document: Document,
    *,
    attributions: Mapping[int, Attribution],
    people: "Mapping[UUID, Person]",
    since: Mapping[UUID, str],
    pictures: "Mapping[UUID, MediaAsset]",
    page: "ReleasePage",
) -> SafeString:
    """Return a document as the public page prints it.

    `attributions` are by position of the quotation; only `people` (those with a page) are linked,
    each at the first mention, with what became of them `since`; only `pictures` (those that may be
    shown now) are shown. The last section is set off as background where it holds no quotation.
    """
    links = Links(people, since, set())
    background = _background(document.root)
    parts: list[str] = []
    position = 0
    for node in document.root:
        if node is background:
            parts.append('<section class="background">')
        if node.tag == "blockquote":
            position += 1
            paragraphs = [_printed(p, links) for p in node.iterfind("p")]
            parts.append(
                render_to_string(
                    "releases/_quotation.html",
                    {
                        "position": position,
                        "paragraphs": paragraphs,
                        "attribution": attributions.get(position),
                    },
                )
            )
        elif node.tag == "figure":
            asset = uuid_in(node.get("data-asset"))
            picture = pictures.get(asset) if asset else None
            if picture or asset in page.ended:
                parts.append(
                    render_to_string("releases/_figure.html", {"picture": picture, "page": page})
                )
        else:
            parts.append(_printed(node, links, whole=True))
    if background is not None:
        parts.append("</section>")
    return mark_safe("\n".join(parts))


def render_text(
    document: Document,
    *,
    attributions: Mapping[int, Attribution],
    pictures: "Mapping[UUID, MediaAsset]",
) -> str:
    """Return a document as plain text, one paragraph a line, with a blank line between them."""
    parts: list[str] = []
    position = 0
    for node in document.root:
        if node.tag == "blockquote":
            position += 1
            parts += [_text(p) for p in node.iterfind("p")]
            if (said := attributions.get(position)) and said.name:
                parts.append(f"– {', '.join(filter(None, [said.name, said.title]))}")
        elif node.tag == "figure":
            asset = uuid_in(node.get("data-asset"))
            if picture := pictures.get(asset) if asset else None:
                parts.append(f"[Picture: {picture.described()}]")
        elif node.tag in LISTS:
            numbered = node.tag == "ol"
            items = [_text(item) for item in node.iterfind("li")]
            parts.append(
                "\n".join(
                    f"{f'{number}.' if numbered else '-'} {item}"
                    for number, item in enumerate(items, start=1)
                )
            )
        else:
            parts.append(_text(node))
    return "\n\n".join(filter(None, parts))


# --- Cleaning ----------------------------------------------------------------------------------


def _tree(html: str) -> Element:
    _refuse_too_deep(html)
    return lxml.html.fragment_fromstring(html, create_parent="div")


def _refuse_too_deep(html: str) -> None:
    levels = deepest = 0
    for closing, tag in re.findall(r"<(/?)(\w+)", html):
        if tag not in _EMPTY:
            levels += -1 if closing else 1
            deepest = max(deepest, levels)
    # The cleaner has counted what came in; beyond 255 levels lxml drops a text without a word.
    if deepest > 2 * MAX_LEVELS:
        raise UnreadableText(
            _("The text is nested too deeply to be read. Paste it without its formatting.")
        )


@dataclass(frozen=True, slots=True)
class _Block:
    """A block of our schema: its content as HTML, and the blocks that a list or quotation holds."""

    tag: str
    inner: str
    attributes: str = ""
    held: "list[_Block]" = field(default_factory=list)

    @property
    def html(self) -> str:
        return f"<{self.tag}{self.attributes}>{self.inner}</{self.tag}>"

    @property
    def paragraphs(self) -> "list[_Block]":
        """What it says, as paragraphs."""
        if self.tag in ("p", "h2", "h3"):
            return [self if self.tag == "p" else replace(self, tag="p")]
        return [p for block in self.held for p in block.paragraphs]


def _written(blocks: Iterable[_Block]) -> str:
    return "\n".join(block.html for block in blocks)


def _flow(node: Element) -> list[_Block]:
    """Return the content of a node as blocks of our schema; loose text becomes paragraphs."""
    blocks: list[_Block] = []
    run: list[str] = []

    def end_run() -> None:
        blocks.extend(_paragraph("p", "".join(run)))
        run.clear()

    run.append(_escaped(node.text))
    for child in node:
        if child.tag in BLOCKS or _holds_blocks(child):
            end_run()
            blocks.extend(_block(child))
        else:
            run.append(_inline(child))
        run.append(_escaped(child.tail))
    end_run()
    return blocks


def _holds_blocks(node: Element) -> bool:
    return any(inner is not node for inner in node.iter(*BLOCKS))


def _block(node: Element) -> list[_Block]:
    tag = node.tag
    if tag in HEADINGS and _holds_blocks(node):
        level = HEADINGS[tag]
        return [replace(b, tag=level) if b.tag == "p" else b for b in _flow(node)]
    if tag == "p" or tag in HEADINGS:
        return _paragraph(HEADINGS.get(tag, "p"), _inline_content(node))
    if tag in LISTS:
        return _list(node)
    if tag == "blockquote":
        return _quotation(node)
    if tag == "figure":
        asset = uuid_in(node.get("data-asset"))
        figure = [_Block("figure", "", f' data-asset="{asset}"')] if asset else []
        return figure + _flow(node)
    return _around(node, _flow(node))


def _around(node: Element, blocks: list[_Block]) -> list[_Block]:
    """Put a link or an emphasis that holds whole paragraphs into each of them."""
    opening, closing = _wrapping(node)
    if not opening:
        return blocks
    return [
        replace(block, inner=f"{opening}{block.inner}{closing}")
        if block.tag in ("p", "h2", "h3") and block.inner.strip()
        else block
        for block in blocks
    ]


def _list(node: Element) -> list[_Block]:
    """Return a list; a quotation or a picture in it, which no item can hold, parts it in two."""
    blocks: list[_Block] = []
    items: list[list[_Block]] = []

    def end_list() -> None:
        if items:
            inner = "".join(f"<li>{''.join(b.html for b in item)}</li>" for item in items)
            blocks.append(_Block(node.tag, inner, held=[b for item in items for b in item]))
        items.clear()

    for child in _with_loose_text_in_items(node):
        # Google Docs puts a list into a list beside the item it belongs to.
        inner = _flow(child) if child.tag == "li" else _block(child)
        for parts_it, group in groupby(inner, lambda block: block.tag in _IN_NO_ITEM):
            if parts_it:
                end_list()
                blocks.extend(group)
            elif child.tag in LISTS and items:
                items[-1].extend(group)
            else:
                items.append([part for block in group for part in _as_in_an_item(block)])
    end_list()
    return blocks


def _with_loose_text_in_items(node: Element) -> Iterator[Element]:
    """Yield the children of a list, and an item for each text that stands between them."""

    def item(text: str | None) -> Iterator[Element]:
        if text and text.strip():
            made = lxml.html.Element("li")
            made.text = text
            yield made

    yield from item(node.text)
    for child in node:
        yield child
        yield from item(child.tail)


def _as_in_an_item(block: _Block) -> list[_Block]:
    return [block] if block.tag in LISTS else block.paragraphs


def _quotation(node: Element) -> list[_Block]:
    attributes = ""
    if speaker := uuid_in(node.get("data-speaker")):
        attributes += f' data-speaker="{speaker}"'
    elif name := _attribution(node.get("data-name")):
        attributes += f' data-name="{escape(name)}"'
    if title := _attribution(node.get("data-title")):
        attributes += f' data-title="{escape(title)}"'
    inner = _flow(node)
    paragraphs = [p for block in inner for p in block.paragraphs]
    figures = [block for block in inner if block.tag == "figure"]
    said = "".join(p.html for p in paragraphs)
    return [*([_Block("blockquote", said, attributes, paragraphs)] if said else []), *figures]


# The end is looked at backwards: a search for it would be quadratic in a long run of blanks.
_BLANK = re.compile(r"(?:<br>|[ \u00a0])*+")
_BLANK_BACKWARDS = re.compile(r"(?:>rb<|[ \u00a0])*+")


def _paragraph(tag: str, inline: str) -> list[_Block]:
    # Word writes a run of its own for every second word. Twice: where the outer of two are joined,
    # the inner become neighbours.
    for seam in ("</strong><strong>", "</em><em>") * 2:
        inline = inline.replace(seam, "")
    # What a tag stood between that falls away may bring two spaces together.
    words = re.split(r"(<[^>]*+>)", inline)
    inline = "".join(word if word[:1] == "<" else re.sub(" {2,}", " ", word) for word in words)
    blank = _BLANK.match(inline)
    if blank and blank.end() < len(inline):
        behind = _BLANK_BACKWARDS.match(inline[::-1])
        inline = inline[blank.end() : len(inline) - (behind.end() if behind else 0)]
    return [] if is_blank(re.sub(r"<[^>]*+>", "", inline)) else [_Block(tag, inline)]


def _inline_content(node: Element) -> str:
    content = [_escaped(node.text)]
    for child in node:
        content += [_inline(child), _escaped(child.tail)]
    return "".join(content)


def _inline(node: Element) -> str:
    if node.tag == "br":
        return "<br>"
    return _wrapped(node, _inline_content(node))


def _wrapped(node: Element, content: str) -> str:
    """Return content in the link, emphasis or mark of a node."""
    if not content.strip():
        return content
    opening, closing = _wrapping(node)
    return f"{opening}{content}{closing}"


def _wrapping(node: Element) -> tuple[str, str]:
    """Return the tags of a node's link, emphasis or mark; once is enough for each of them."""
    if tag := EMPHASIS.get(node.tag):
        twice = any(EMPHASIS.get(outer.tag) == tag for outer in node.iterancestors())
        return ("", "") if twice else (f"<{tag}>", f"</{tag}>")
    if node.tag == "a" and (href := allowed_link(node.get("href", ""))):
        return f'<a href="{escape(href)}">', "</a>"
    if node.tag == "span" and (person := uuid_in(node.get("data-person"))):
        twice = any(uuid_in(outer.get("data-person")) for outer in node.iterancestors())
        return ("", "") if twice else (f'<span data-person="{person}">', "</span>")
    return "", ""


def _escaped(text: str | None) -> str:
    return escape(re.sub(r"[ \t\r\n\f]+", " ", text), quote=False) if text else ""


def _mark_first(root: Element, name: str, person: UUID) -> None:
    """Mark a name where it first stands in a paragraph outside of any mark."""
    for paragraph in root.iter("p"):
        for node in paragraph.iter():
            text, tail, parent = node.text or "", node.tail or "", node.getparent()
            if node.tag != "span" and (start := find_whole(name, text)) >= 0:
                node.insert(0, _mark(name, person, text[start + len(name) :]))
                node.text = text[:start]
                return
            if node is paragraph or parent is None:
                continue
            if (start := find_whole(name, tail)) >= 0:
                mark = _mark(name, person, tail[start + len(name) :])
                node.tail = tail[:start]
                parent.insert(parent.index(node) + 1, mark)
                return


def _mark(name: str, person: UUID, tail: str) -> Element:
    mark = lxml.html.Element("span", {"data-person": str(person)})
    mark.text, mark.tail = name, tail
    return mark


def _attribution(value: str | None) -> str:
    return " ".join((value or "").split())[:MAX_ATTRIBUTION]


def uuid_in(value: str | None) -> UUID | None:
    """Return the uuid that a text is, None where it is none."""
    try:
        return UUID(value) if value else None
    except ValueError:
        return None


def uuids_in(values: Iterable[Any]) -> list[UUID]:
    """Return the uuids among some values, in their order; what is none is passed over."""
    return [uuid for value in values if isinstance(value, str) and (uuid := uuid_in(value))]


# --- Reading and printing ----------------------------------------------------------------------


def _text(node: Element) -> str:
    """Return a node's words, with a line break where it has one."""
    return "".join(_text_pieces(node)).strip()


def _text_pieces(node: Element) -> Iterator[str]:
    yield node.text or ""
    for child in node:
        if child.tag == "br":
            yield "\n"
        yield from _text_pieces(child)
        yield child.tail or ""


def _words(text: str) -> str:
    """Return a text as its bare words; where no spaces part them, each character is one."""
    spaced = set_apart(text.casefold()).replace("’", "'")
    return " ".join(re.findall(r"\w+(?:['\u2010\u2011-]\w+)*", spaced))


def _background(root: Element) -> Element | None:
    """Return the heading of the last section where that section holds no quotation."""
    headings = list(root.iterfind("h2"))
    if not headings or any(node.tag == "blockquote" for node in headings[-1].itersiblings()):
        return None
    return headings[-1]


def _printed(node: Element, links: Links, whole: bool = False) -> SafeString:
    """Return a node as HTML, its marked names turned into links or plain words."""
    content = [_escaped(node.text)]
    for child in node:
        if child.tag == "br":
            content.append("<br>")
        elif child.tag == "span":
            content.append(_printed_name(child, links))
        else:
            content.append(_printed(child, links, whole=True))
        content.append(_escaped(child.tail))
    inner = "".join(content)
    if not whole:
        return mark_safe(inner)
    if node.tag != "a":
        return mark_safe(f"<{node.tag}>{inner}</{node.tag}>")
    # A text that was stored before a rule for links prints no link against it either.
    href = allowed_link(node.get("href", ""))
    return mark_safe(f'<a href="{escape(href)}">{inner}</a>' if href else inner)


def _printed_name(node: Element, links: Links) -> str:
    name = _printed(node, links)
    marked = uuid_in(node.get("data-person"))
    person = links.people.get(marked) if marked else None
    # A link can neither stand in a link nor hold one.
    in_a_link = any(outer.tag == "a" for outer in node.iterancestors())
    if person is None or person.pk in links.made or in_a_link or node.find(".//a") is not None:
        return name
    links.made.add(person.pk)
    link = f'<a class="person" href="{escape(person.get_absolute_url())}">{name}</a>'
    if since := links.since.get(person.pk):
        # What we add later was not printed then: it is told apart, and copied with no quotation.
        link += f' <span class="since" lang="en" dir="ltr">({escape(since)})</span>'
    return link

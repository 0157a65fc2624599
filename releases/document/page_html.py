"""A document as HTML: for the public page, for notes to editors, and for feeds."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from html import escape
from itertools import groupby
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from releases.document.blocks import Block
from releases.document.inline import Marks, Piece, emphasis_tags, html_of, text_of
from releases.document.reading import Attribution, Document
from releases.document.schema import LISTS, PARAGRAPHS, uuid_in
from releases.document.tables import head_rows, is_heading_row
from releases.languages import lang_of_name
from storing.links import allowed_link

if TYPE_CHECKING:
    from assets.models import MediaAsset
    from people.models import Person

_NO_ATTRIBUTION = Attribution("", "")


class Page(Protocol):
    """What a document needs from the page that prints it. See newsroom.page.ReleasePage."""

    @property
    def language(self) -> str: ...

    @property
    def expired_pictures(self) -> Collection[UUID]:
        """The keys of the pictures that may no longer be shown."""
        ...

    def picture_url(self, picture: "MediaAsset", style: str, extension: str) -> str: ...


def render(
    document: Document,
    *,
    attributions: Mapping[int, Attribution],
    people: "Mapping[UUID, Person]",
    since: Mapping[UUID, str],
    pictures: "Mapping[UUID, MediaAsset]",
    page: Page,
    prefix: str = "",
) -> SafeString:
    """Return a document as the public page prints it.

    `attributions` has the position of the quotation as key. Only `people` (those with a page) are
    linked, each at the first mention. What happened to them after the release follows the link, if
    it is in `since`. Only `pictures` (those that may be shown now) are shown. Footnotes follow the
    text. Their ids begin with `prefix`, so that they are unique on a page.
    """
    return _OnPage(attributions, people, since, pictures, page, prefix).print(document)


def render_notes(document: Document) -> SafeString:
    """Return notes to editors as the public page prints them, without links to people."""
    return _Plain().print(document)


def render_for_feeds(
    document: Document,
    *,
    attributions: Mapping[int, Attribution],
    people: "Mapping[UUID, Person]",
    pictures: "Mapping[UUID, MediaAsset]",
    page: Page,
    origin: str,
) -> SafeString:
    """Return a document as HTML for other sites: only absolute URLs, no classes of our pages."""
    return _ForFeeds(attributions, people, {}, pictures, page, origin=origin).print(document)


@dataclass
class _Plain:
    """The base of all printers: prints no pictures, and no links to people or footnotes."""

    attributions: Mapping[int, Attribution] = field(default_factory=dict)
    people: "Mapping[UUID, Person]" = field(default_factory=dict)
    since: Mapping[UUID, str] = field(default_factory=dict)
    pictures: "Mapping[UUID, MediaAsset]" = field(default_factory=dict)
    page: Page | None = None
    prefix: str = ""
    origin: str = ""

    def __post_init__(self) -> None:
        self.linked: set[UUID] = set()
        self.quotations = 0
        self.notes: list[list[Piece]] = []
        self.boxes: dict[str, int] = {}
        self.language = self.page.language if self.page else ""

    def print(self, document: Document) -> SafeString:
        parts = [self.block(block) for block in document.blocks]
        if self.notes:
            parts.append(self.footnotes())
        return mark_safe("\n".join(filter(None, parts)))

    def block(self, block: Block) -> str:
        if block.tag in PARAGRAPHS:
            return f"<{block.tag}>{self.inline(block.pieces)}</{block.tag}>"
        if block.tag in LISTS:
            start = block.number("start")
            opening = f'<{block.tag} start="{start}">' if start != 1 else f"<{block.tag}>"
            return f"{opening}{''.join(map(self.block, block.blocks))}</{block.tag}>"
        if block.tag == "section":
            return self.section("\n".join(map(self.block, block.blocks)))
        if block.tag == "blockquote":
            self.quotations += 1
            attribution = self.attributions.get(self.quotations)
            return self.quotation([self.inline(p.pieces) for p in block.blocks], attribution)
        if block.tag == "figure":
            return self.figure(uuid_in(block.attributes.get("data-asset")))
        if block.tag == "table":
            return self.table(block)
        return f"<{block.tag}>{''.join(map(self.block, block.blocks))}</{block.tag}>"

    def section(self, inner: str) -> str:
        return f"<section>\n{inner}\n</section>"

    def quotation(self, paragraphs: list[SafeString], by: Attribution | None) -> str:
        inner = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
        return f"<blockquote>{inner}{self.attribution(by or _NO_ATTRIBUTION)}</blockquote>"

    def attribution(self, by: Attribution) -> str:
        return ""

    def figure(self, asset: UUID | None) -> str:
        return ""

    # --- Tables

    def table(self, block: Block) -> str:
        caption = block.attributes.get("data-caption", "")
        rows = [row for group in block.blocks for row in group.blocks]
        heads = head_rows(rows)
        parts = [f"<caption>{escape(caption, quote=False)}</caption>"] if caption else []
        for tag, group in (("thead", rows[:heads]), ("tbody", rows[heads:])):
            if group:
                inner = "\n".join(f"<tr>{self.row(row)}</tr>" for row in group)
                parts.append(f"<{tag}>\n{inner}\n</{tag}>")
        return "<table>\n" + "\n".join(parts) + "\n</table>"

    def row(self, row: Block) -> str:
        is_heading = is_heading_row(row)
        return "".join(self.cell(cell, is_heading) for cell in row.blocks)

    def cell(self, cell: Block, in_heading_row: bool) -> str:
        across, down = cell.number("colspan"), cell.number("rowspan")
        attributes = "".join(
            f' {name}="{number}"'
            for name, number in (("colspan", across), ("rowspan", down))
            if number > 1
        )
        if cell.tag == "th":
            wide = across > 1 if in_heading_row else down > 1
            scope = ("col" if in_heading_row else "row") + ("group" if wide else "")
            attributes += f' scope="{scope}"'
        is_one_line = len(cell.blocks) == 1 and cell.blocks[0].tag == "p"
        inner = (
            self.inline(cell.blocks[0].pieces)
            if is_one_line
            else "".join(map(self.block, cell.blocks))
        )
        return f"<{cell.tag}{attributes}>{inner}</{cell.tag}>"

    # --- Text

    def inline(self, pieces: list[Piece]) -> SafeString:
        """Return pieces as HTML. Each footnote becomes its number; `footnotes` prints its text."""
        parts = []
        for note, same in groupby(pieces, key=lambda piece: piece.marks.note):
            if note:
                self.notes.append([piece.with_marks(note="") for piece in same])
                parts.append(self.reference(len(self.notes)))
            else:
                parts.append(self.named(list(same)))
        return mark_safe("".join(parts))

    def named(self, pieces: list[Piece]) -> str:
        """Return pieces without footnotes as HTML. People who are not linked yet are linked."""
        parts = []
        for person, run in self.by_link(pieces):
            name = html_of(run, self.tags)
            if person is None:
                parts.append(name)
            else:
                lang = lang_of_name(text_of(run), self.language)
                attribute = f' lang="{lang}"' if lang else ""
                parts.append(self.link(person, name, attribute) + self.update_about(person))
        return "".join(parts)

    def by_link(self, pieces: list[Piece]) -> "Iterator[tuple[Person | None, list[Piece]]]":
        """Yield runs of pieces: each name that becomes a link, and the text between the names."""
        run: list[Piece] = []
        for marked, same in groupby(pieces, key=lambda piece: piece.marks.person):
            name = list(same)
            key = uuid_in(marked)
            person = self.people.get(key) if key else None
            # HTML allows no link inside another link.
            in_a_link = any(piece.marks.href for piece in name)
            if person is None or person.pk in self.linked or in_a_link:
                run += name
                continue
            self.linked.add(person.pk)
            if run:
                yield None, run
            yield person, name
            run = []
        if run:
            yield None, run

    def tags(self, marks: Marks) -> list[tuple[str, str]]:
        # Texts stored before a rule for links was added must not print forbidden links either.
        href = allowed_link(marks.href) if marks.href else ""
        link = [(f'<a href="{escape(href)}">', "</a>")] if href else []
        return link + emphasis_tags(marks)

    def link(self, person: "Person", name: str, lang: str) -> str:
        return name

    def update_about(self, person: "Person") -> str:
        return ""

    # --- Footnotes

    def reference(self, number: int) -> str:
        return f"<sup>{number}</sup>"

    def footnotes(self) -> str:
        # A note cannot contain notes, so `self.notes` does not grow while they are printed.
        items = "".join(f"<li>{self.named(note)}</li>" for note in self.notes)
        return f"<ol>{items}</ol>"


class _OnPage(_Plain):
    """Prints a document on the public page and in previews."""

    def section(self, inner: str) -> str:
        return f'<section class="background">\n{inner}\n</section>'

    def quotation(self, paragraphs: list[SafeString], by: Attribution | None) -> str:
        context = {
            "position": self.quotations,
            "paragraphs": paragraphs,
            "attribution": by,
            "lang": self.language,
        }
        return render_to_string("document/_quotation.html", context)

    def figure(self, asset: UUID | None) -> str:
        picture = self.pictures.get(asset) if asset else None
        if picture is None and (self.page is None or asset not in self.page.expired_pictures):
            return ""
        context = {"picture": picture, "page": self.page}
        return render_to_string("document/_figure.html", context)

    def table(self, block: Block) -> str:
        # A wide table scrolls in a labelled box. The box can get the focus, so that it also
        # scrolls by keyboard.
        name = block.attributes.get("data-caption") or _("Table")
        self.boxes[name] = self.boxes.get(name, 0) + 1
        if (number := self.boxes[name]) > 1:  # each region needs a unique name
            name = f"{name} ({number})"
        return (
            f'<div class="table" role="region" tabindex="0" aria-label="{escape(name)}">'
            f"{super().table(block)}</div>"
        )

    def link(self, person: "Person", name: str, lang: str) -> str:
        return f'<a class="person" href="{escape(person.get_absolute_url())}"{lang}>{name}</a>'

    def update_about(self, person: "Person") -> str:
        # An update is not part of the release: it is set off, and is not copied with the text.
        since = self.since.get(person.pk)
        return f' <span class="since" lang="en" dir="ltr">({escape(since)})</span>' if since else ""

    def reference(self, number: int) -> str:
        return (
            f'<sup class="note"><a id="{self.prefix}footnote-ref-{number}" '
            f'href="#{self.prefix}footnote-{number}" role="doc-noteref">{number}</a></sup>'
        )

    def footnotes(self) -> str:
        notes = [
            {"number": number, "text": mark_safe(self.named(note))}
            for number, note in enumerate(self.notes, start=1)
        ]
        context = {"notes": notes, "prefix": self.prefix}
        return render_to_string("document/_footnotes.html", context)


class _ForFeeds(_Plain):
    """Prints a document for feeds and ninjs."""

    def attribution(self, by: Attribution) -> str:
        text = ", ".join(filter(None, [by.name, by.title]))
        return f"<footer>– <cite>{escape(text, quote=False)}</cite></footer>" if text else ""

    def figure(self, asset: UUID | None) -> str:
        picture = self.pictures.get(asset) if asset else None
        if picture is None or self.page is None:
            return ""
        width, height = picture.size("column")
        address = self.origin + self.page.picture_url(picture, "column", "jpg")
        size = f' width="{width}" height="{height}"' if width and height else ""
        return (
            f'<figure><img src="{escape(address)}" alt="{escape(picture.alt_text)}"{size}>'
            f"<figcaption>{escape(picture.plain_text_caption(), quote=False)}</figcaption></figure>"
        )

    def link(self, person: "Person", name: str, lang: str) -> str:
        return f'<a href="{escape(self.origin + person.get_absolute_url())}"{lang}>{name}</a>'

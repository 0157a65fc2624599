"""A document as the public page prints it."""

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING
from uuid import UUID

from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe
from lxml.etree import _Element as Element

from releases.document.inline import escaped
from releases.document.reading import Attribution, Document
from releases.document.schema import uuid_in
from storing.links import allowed_link

if TYPE_CHECKING:
    from assets.models import MediaAsset
    from people.models import Person
    from releases.page import ReleasePage


@dataclass(frozen=True, slots=True)
class Links:
    """Whom a page can link, what became of them since, and whom it has linked already."""

    people: "Mapping[UUID, Person]"
    since: Mapping[UUID, str]
    made: set[UUID]


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


def _background(root: Element) -> Element | None:
    """Return the heading of the last section where that section holds no quotation."""
    headings = list(root.iterfind("h2"))
    if not headings or any(node.tag == "blockquote" for node in headings[-1].itersiblings()):
        return None
    return headings[-1]


def _printed(node: Element, links: Links, whole: bool = False) -> SafeString:
    """Return a node as HTML, its marked names turned into links or plain words."""
    content = [escaped(node.text)]
    for child in node:
        if child.tag == "br":
            content.append("<br>")
        elif child.tag == "span":
            content.append(_printed_name(child, links))
        else:
            content.append(_printed(child, links, whole=True))
        content.append(escaped(child.tail))
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

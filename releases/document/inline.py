"""The words of a paragraph with their links, emphasis and marks."""

import re
from html import escape

from lxml.etree import _Element as Element

from releases.document.schema import EMPHASIS, uuid_in
from storing.links import allowed_link


def inline_content(node: Element) -> str:
    content = [escaped(node.text)]
    for child in node:
        content += [inline_html(child), escaped(child.tail)]
    return "".join(content)


def inline_html(node: Element) -> str:
    if node.tag == "br":
        return "<br>"
    return _wrapped(node, inline_content(node))


def _wrapped(node: Element, content: str) -> str:
    """Return content in the link, emphasis or mark of a node."""
    if not content.strip():
        return content
    opening, closing = wrapping(node)
    return f"{opening}{content}{closing}"


def wrapping(node: Element) -> tuple[str, str]:
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


def escaped(text: str | None) -> str:
    return escape(re.sub(r"[ \t\r\n\f]+", " ", text), quote=False) if text else ""

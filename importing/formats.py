"""Detects the format of a file, and splits the file into blocks."""

import json
import re

from importing.blocks import Source
from importing.from_html import is_wml, read_html
from importing.from_mail import is_mail, read_mail
from importing.from_markdown import read_markdown
from importing.from_text import read_text
from importing.html_tags import BLOCK_TAGS, INLINE_TAGS
from importing.notes import Note
from importing.understood import refusal

FORMATS = ("text", "markdown", "html", "mail")
# No release has this many paragraphs. Parsing a longer table or log would only take time.
MAX_BLOCKS = 20_000

_MARKDOWN_NAME = re.compile(r"\.(?:md|markdown|mdown)$", re.I)
_HTML_NAME = re.compile(r"\.(?:x?html?|wml)$", re.I)
_FRONT_MATTER = re.compile(r"---[ \t]*\n(?=[\w-]+:)|\+\+\+[ \t]*\n(?=[\w-]+[ \t]*=)")
_A_TAG = re.compile(r"<(?:!doctype html|!--|/?[a-z][a-z0-9-]*[\s/>])", re.I)
_BEFORE_ROOT = re.compile(r"(?:\s++|<\?[^>]*+>|<!--(?:[^-]|-(?!->))*+-->|<![^>]*+>)*+")
_COMMENTS = re.compile(r"(?:\s++|<!--(?:[^-]|-(?!->))*+-->)*+")
_ROOT = re.compile(r"<([A-Za-z_][\w:.-]*)")
_JSON_BEGINS = re.compile(r'(?:[\[{]\s*)++"[^"\n]{1,200}"\s*:')
_XML_KINDS = {
    "newsml": Note("is_xml_of", {"format": "NewsML"}),
    "newsitem": Note("is_xml_of", {"format": "NewsML"}),
    "newsmessage": Note("is_xml_of", {"format": "NewsML"}),
    "nitf": Note("is_xml_of", {"format": "NITF"}),
    "rss": Note("is_a_feed", {"format": "RSS"}),
    "rdf:rdf": Note("is_a_feed", {"format": "RSS"}),
    "feed": Note("is_a_feed", {"format": "Atom"}),
}
# The namespace of WordPress exports, which extend RSS.
_WORDPRESS = re.compile(r"xmlns:wp\s*=|wordpress\.org/export/")


def guess_format(text: str, filename: str) -> str:
    """Guess the format, one of FORMATS, from the file name and the first characters."""
    before = _COMMENTS.match(text)
    if is_mail(text, filename):
        return "mail"
    if _FRONT_MATTER.match(text, before.end() if before else 0):
        return "markdown"
    start = text.lstrip()[:400]
    if _MARKDOWN_NAME.search(filename):
        return "markdown"
    if _HTML_NAME.search(filename) or is_wml(text) or _A_TAG.match(start):
        return "html"
    return "markdown" if re.match(r"# \S", start) else "text"


def refuse_other_formats(text: str, filename: str) -> None:
    """Raise NotAReleaseError for JSON and XML, which are not supported."""
    start = text.lstrip()
    if start.startswith(("{", "[")) and _is_json(start):
        raise refusal(Note("is_json"), filename)
    before = _BEFORE_ROOT.match(start[:5000])
    root = _ROOT.match(start, before.end() if before else 0)
    if not root or root[1].casefold() in BLOCK_TAGS | INLINE_TAGS:
        return
    if start.startswith("<?xml") or start.rstrip().endswith(f"</{root[1]}>"):
        if _WORDPRESS.search(start[:5000]):
            raise refusal(Note("is_a_wordpress_export"), filename)
        raise refusal(_XML_KINDS.get(root[1].casefold(), Note("is_xml")), filename)


def split_into_blocks(text: str, format: str, filename: str, data: bytes = b"") -> Source:
    """Split a decoded file into blocks. A mail is parsed from its bytes.

    Raises NotAReleaseError for too many blocks, or for a mail without text.
    """
    source = Source(text, format)
    if format == "mail":
        read_mail(source, filename, data or text.encode())
    else:
        {"text": read_text, "markdown": read_markdown, "html": read_html}[format](source, filename)
    _refuse_many_lines(len(source.blocks) > MAX_BLOCKS, filename)
    return source


def refuse_too_many_lines(text: str, format: str, filename: str) -> None:
    """Raise NotAReleaseError for a text with too many lines."""
    # Markdown takes the most time per line.
    most = (2 if format == "markdown" else 5) * MAX_BLOCKS
    far_more = text.count("\n") > most or text.count("<") > 10 * MAX_BLOCKS
    _refuse_many_lines(far_more, filename)


def _refuse_many_lines(far_more: bool, filename: str) -> None:
    if far_more:
        raise refusal(Note("too_many_lines"), filename)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except RecursionError:
        return True
    except ValueError:
        # Incomplete or invalid JSON counts as JSON too.
        return bool(_JSON_BEGINS.match(text))
    return True

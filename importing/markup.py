"""Helpers for HTML and Markdown: tags, character references, links, invisible elements."""

import html
import re
from collections.abc import Iterator, Sequence

from importing.accounting import Span
from importing.blocks import Run
from importing.notes import Note
from storing.links import allowed_link

# Quoted values may contain “>”. Possessive quantifiers avoid backtracking on any input.
_TAG = re.compile(r"""<(/?)([A-Za-z][A-Za-z0-9:_-]*+)((?:[^>"']++|"[^"]*+"|'[^']*+')*+)>""")
_CARELESS_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9:_-]*+)([^>]*+)>")
_ATTRIBUTE = re.compile(r"""([^\s=>"'/]++)(?:\s*+=\s*+("[^"]*"|'[^']*'|[^\s>"']++))?""")
_MAX_TAG_CHARACTERS = 20_000
# Invisible characters for possible line breaks: they would split names.
SOFT = ("\u00ad", "\u2060", "\ufeff")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_REMOVED_ELEMENTS = "script style object iframe svg math select xml template textarea applet"
_REMOVED_TAG = re.compile(rf"<({_REMOVED_ELEMENTS.replace(' ', '|')})\b", re.I)


def blank_out(text: str, macros: bool = False) -> str:
    """Replace comments, scripts, styles and the like with spaces. Positions stay the same.

    With `macros`, lines of WML that begin with a hash are replaced too. The replaced text is
    reported to the editor as left out.
    """
    blank = [*_comments(text), *_invisible_elements(text)]
    if macros:
        blank += [match.span() for match in re.finditer(r"^#(?:.*\\\n)*+.*+", text, re.M)]
    pieces: list[str] = []
    place = 0
    for start, end in sorted(blank):
        if end > place:
            start = max(start, place)
            pieces += [text[place:start], re.sub(r"[^\n]", " ", text[start:end])]
            place = end
    return "".join([*pieces, text[place:]])


def _comments(text: str) -> Iterator[Span]:
    place = 0
    while (start := text.find("<!--", place)) >= 0:
        place = text.find("-->", start) + 3
        if place < 3:
            # Never closed: a browser would hide the rest of the release. We only remove this line.
            end = text.find("\n", start)
            yield start, end if end >= 0 else len(text)
            return
        yield start, place


def _invisible_elements(text: str) -> Iterator[Span]:
    unclosed: set[str] = set()
    place = 0
    while match := _REMOVED_TAG.search(text, place):
        place = text.find(">", match.end()) + 1
        if not place:
            return
        name = match[1].casefold()
        if name in unclosed:
            continue
        if end := re.compile(rf"</{name}[^>]*+>?", re.I).search(text, place):
            yield match.start(), end.end()
            place = end.end()
        else:
            unclosed.add(name)


def tag_at(text: str, place: int) -> re.Match[str] | None:
    """Return the tag that begins at a position. Its groups: slash, name, attributes as written."""
    end = min(place + _MAX_TAG_CHARACTERS, len(text))
    if text.find(">", place, end) < 0:
        return None
    return _TAG.match(text, place, end) or _CARELESS_TAG.match(text, place, end)


def attributes(written: str) -> dict[str, str]:
    """Return the attributes of a tag, without character references. The first of a name wins."""
    found: dict[str, str] = {}
    for name, value in _ATTRIBUTE.findall(written):
        found.setdefault(name.casefold(), html.unescape(value.strip("\"'")))
    return found


def runs_of(text: str, start: int, end: int) -> Iterator[Run]:
    """Yield the runs of text without tags. Each character reference is a separate run."""
    place = start
    for match in _ENTITY.finditer(text, start, end):
        decoded = html.unescape(match[0])
        if decoded == match[0]:
            continue
        if decoded in ("\u2028", "\u2029", "\x85", "\x0b", "\x0c"):
            decoded = " "
        elif decoded in SOFT:
            decoded = ""
        if match.start() > place:
            yield Run(text[place : match.start()], place, match.start())
        yield Run(decoded, *match.span())
        place = match.end()
    if end > place:
        yield Run(text[place:end], place, end)


class Links:
    """Checks the links of a file, and records the addresses that were dropped."""

    def __init__(self) -> None:
        self._lost: list[str] = []

    def safe(self, href: str) -> str:
        """Return the address if a release may contain it, otherwise an empty string."""
        if link := allowed_link(href):
            return link
        href = href.strip()
        if href and not href.startswith("#"):
            self._lost.append(href)
        return ""

    def notes(self) -> list[Note]:
        if not self._lost:
            return []
        lost = list(dict.fromkeys(self._lost))
        return [Note("links_lost", {"links": quoted(lost), "count": len(self._lost)})]


def quoted(texts: Sequence[str], most: int = 8, length: int = 80) -> tuple[str, ...]:
    """Return the first texts in quotation marks, each shortened if it is too long."""
    marked = [f"“{shortened(text, length)}”" for text in texts[:most]]
    return (*marked, "…") if len(texts) > most else tuple(marked)


def shortened(text: str, length: int = 60) -> str:
    """Return a text, shortened with an ellipsis if it is too long."""
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"

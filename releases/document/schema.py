"""What a document may contain: tags, attributes, limits, and errors for texts that exceed them."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

# Attributes for the structure of lists and tables. They are also kept when text is pasted.
STRUCTURE = {
    "ol": {"start"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
}
ATTRIBUTES = {
    **STRUCTURE,
    "a": {"href"},
    "blockquote": {"data-speaker", "data-name", "data-title"},
    "figure": {"data-asset"},
    "section": {"data-kind"},
    "span": {"data-person", "data-footnote"},
    "table": {"data-caption"},
}
HEADINGS = {"h1": "h2", "h2": "h2", "h3": "h3", "h4": "h3", "h5": "h3", "h6": "h3"}
PARAGRAPHS = {"p", "h2", "h3"}  # the blocks that contain text
EMPHASIS = {"strong": "strong", "b": "strong", "em": "em", "i": "em"}
# In typed text, deleted text is struck through. Pasting and importing remove it beforehand.
STRUCK = {"s", "strike", "del"}
MARKS = {**EMPHASIS, **dict.fromkeys(STRUCK, "s"), "sub": "sub", "sup": "sup"}
LISTS = {"ul", "ol"}
BACKGROUND = "background"
# Containers that only group. Their content becomes separate blocks, so that no words are joined.
GROUPING = {
    "div", "section", "article", "main", "header", "footer", "aside", "nav", "address", "pre",
    "thead", "tbody", "tfoot", "tr", "td", "th", "caption", "figcaption", "center",
    "dl", "dt", "dd", "form", "fieldset", "details", "summary", "hr",
}  # fmt: skip
BLOCKS = {"p", "blockquote", "figure", "table", "li", *LISTS, *HEADINGS, *GROUPING}
UNWANTED_WITH_CONTENT = {
    "script", "style", "template", "noscript", "iframe", "object", "svg", "math", "title",
    "textarea", "select", "xml",
}  # fmt: skip
MAX_ATTRIBUTION = 200
MAX_CAPTION = 500  # characters; a longer one becomes a paragraph above its table
MAX_START = 9_999  # the highest first number of a list
MAX_COLUMNS = 50
MAX_ROWS = 500
MAX_SPAN = 100  # rows or columns of one cell
# Characters of a stored text, including its markup: about 30,000 words, or 75 pages. The desk
# searches the same number of characters for names. With 1,000,000, a page or file of a release
# takes less than 0.2 s of CPU time, but each check for protected names takes 4 to 5 s.
MAX_TEXT = 200_000
MAX_NOTES = 50_000  # the same for notes to editors
# Paragraphs, headings, items, cells, pictures and footnotes that a form accepts. Each takes time on
# the page, in files and in the checks for names, even if it is short.
MAX_PARTS = 5_000
MAX_LINES = 2_000  # characters of a standfirst or a pull quote
MAX_LEVELS = 100  # levels of nested elements
# Levels of nested links, bold text and so on. More levels have no effect. In every following
# paragraph, an HTML parser repeats each such element that is not closed.
MAX_INLINE_LEVELS = 12
MAX_ATTRIBUTE = 2_000  # characters; a longer one is left out
MAX_MARKUP = 2_000_000  # characters of pasted HTML, without the removed parts
INLINE = {*MARKS, "a", "span"}
EMPTY = {"br", "hr"}


class UnreadableTextError(ValueError):
    """A text that cannot be read: `code` is "too_deep", "table_too_large" or "too_long".

    `releases.document.messages` has the messages for users.
    """

    def __init__(self, code: str) -> None:
        super().__init__(_ERRORS[code])
        self.code = code


class TextTooLongError(UnreadableTextError):
    """A text of more than `max_characters`. `length` is 0 if it was not counted to the end."""

    def __init__(self, length: int = 0, max_characters: int = MAX_TEXT) -> None:
        super().__init__("too_long")
        self.length, self.max_characters = length, max_characters


_ERRORS = {
    "too_deep": "the text is nested too deeply",
    "table_too_large": f"a table has more than {MAX_COLUMNS} columns and {MAX_ROWS} rows",
    "too_long": "the text is too long",
}


def uuid_in(value: str | None) -> UUID | None:
    """Return a text as a UUID, or None if it is not one."""
    try:
        return UUID(value) if value else None
    except ValueError:
        return None


def uuids_in(values: Iterable[Any]) -> list[UUID]:
    """Return those values that are UUIDs, in their order. Other values are skipped."""
    return [uuid for value in values if isinstance(value, str) and (uuid := uuid_in(value))]

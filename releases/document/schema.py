"""What a document may contain: tags, attributes and limits, and the errors of other texts."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

# What says how a list or a table is built: a paste keeps it too.
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
# In text that was typed, a deletion is struck through; a paste and an import drop it before.
STRUCK = {"s", "strike", "del"}
MARKS = {**EMPHASIS, **dict.fromkeys(STRUCK, "s"), "sub": "sub", "sup": "sup"}
LISTS = {"ul", "ol"}
BACKGROUND = "background"
# Containers that only group: their content becomes blocks of its own, and no words are joined.
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
# Characters of a stored text, marks included: some 30,000 words, or 75 pages. The desk looks for
# names in as many. With 1,000,000, a page or file of a release takes less than 0.2 s of CPU, but
# each check for protected names takes 4 to 5 s.
MAX_TEXT = 200_000
MAX_NOTES = 50_000  # the same for notes to editors
# Paragraphs, headings, items, cells, pictures and footnotes that a form takes. Each costs time on
# the page, in the files and in the checks for names, however short it is.
MAX_PARTS = 5_000
MAX_LINES = 2_000  # characters of a standfirst or a pull quote
MAX_LEVELS = 100  # of elements inside one another
# Of links, bold and the like. More change nothing, and HTML repeats each in every paragraph that
# follows where one is not closed.
MAX_INLINE_LEVELS = 12
MAX_ATTRIBUTE = 2_000  # characters; a longer one is left out
MAX_MARKUP = 2_000_000  # characters of what is pasted, without what falls away
INLINE = {*MARKS, "a", "span"}
EMPTY = {"br", "hr"}


class UnreadableTextError(ValueError):
    """A text that cannot be read: `code` is "too_deep", "table_too_large" or "too_long".

    `releases.document.messages` has the sentences for people.
    """

    def __init__(self, code: str) -> None:
        super().__init__(_ERRORS[code])
        self.code = code


class TextTooLongError(UnreadableTextError):
    """A text of more than `max_characters`; `length` is 0 if it was not counted to the end."""

    def __init__(self, length: int = 0, max_characters: int = MAX_TEXT) -> None:
        super().__init__("too_long")
        self.length, self.max_characters = length, max_characters


_ERRORS = {
    "too_deep": "the text is nested too deeply",
    "table_too_large": f"a table has more than {MAX_COLUMNS} columns and {MAX_ROWS} rows",
    "too_long": "the text is too long",
}


def uuid_in(value: str | None) -> UUID | None:
    """Return the uuid that a text is, None where it is none."""
    try:
        return UUID(value) if value else None
    except ValueError:
        return None


def uuids_in(values: Iterable[Any]) -> list[UUID]:
    """Return the uuids among some values, in their order; what is none is passed over."""
    return [uuid for value in values if isinstance(value, str) and (uuid := uuid_in(value))]

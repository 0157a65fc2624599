"""The text of a release: one document of semantic HTML.

The schema is defined here: `clean` converts any HTML to it, `Document` reads it, `page_html` prints
it. Only `page_html` and `messages` need Django. The editor (static/js/schema.js) has the same
schema, and the importers write it. Blocks are `p h2 h3 ul ol blockquote figure table section`,
marks are `a strong em s sub sup`, and some elements have attributes of our own:

- `<section data-kind="background">` contains blocks that the page sets off.
- `<blockquote data-speaker="…">` is a quotation by the person with that UUID. Its paragraphs keep
  their quotation marks as they were typed. `data-title` overrides the person's title. A quotation
  whose speaker is not confirmed yet has the name from the source in `data-name` instead.
- `<figure data-asset="…"></figure>` is a picture of the library, which has its caption and credit.
- `<table data-caption="…">` is a rectangle of `td` and `th`, which contain paragraphs and lists.
- `<span data-footnote="1">` contains the text of a footnote, at the position of its number.
- `<span data-person="…">` marks a name as the name of the person with that UUID.

List items contain paragraphs and lists. Marks are nested in one order (`inline.Marks`), so that
equal texts have equal HTML.
"""

from releases.document.cleaning import clean, clean_notes, drop_unknown_refs, link_people
from releases.document.parsing import Cleaner, refused_links, tree
from releases.document.plain_text import render_text, text_paragraphs
from releases.document.reading import Attribution, Document, Quotation
from releases.document.schema import (
    BLOCKS,
    EMPHASIS,
    MAX_LEVELS,
    MAX_LINES,
    MAX_NOTES,
    MAX_PARTS,
    MAX_TEXT,
    STRUCTURE,
    UNWANTED_WITH_CONTENT,
    TextTooLongError,
    UnreadableTextError,
    uuid_in,
    uuids_in,
)

__all__ = [
    "BLOCKS",
    "EMPHASIS",
    "MAX_LEVELS",
    "MAX_LINES",
    "MAX_NOTES",
    "MAX_PARTS",
    "MAX_TEXT",
    "STRUCTURE",
    "UNWANTED_WITH_CONTENT",
    "Attribution",
    "Cleaner",
    "Document",
    "Quotation",
    "TextTooLongError",
    "UnreadableTextError",
    "clean",
    "clean_notes",
    "drop_unknown_refs",
    "link_people",
    "refused_links",
    "render_text",
    "text_paragraphs",
    "tree",
    "uuid_in",
    "uuids_in",
]  # fmt: skip

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

from releases.document.cleaning import clean, with_people, without_strangers
from releases.document.page_html import Links, render
from releases.document.parsing import Cleaner, refused_links, tree
from releases.document.plain_text import render_text
from releases.document.reading import Attribution, Document, Quotation
from releases.document.schema import (
    BLOCKS,
    EMPHASIS,
    MAX_LEVELS,
    MAX_LINES,
    MAX_NOTES,
    MAX_TEXT,
    UNWANTED_WITH_CONTENT,
    TextTooLong,
    UnreadableText,
    too_long,
    uuid_in,
    uuids_in,
)

__all__ = [
    "BLOCKS", "EMPHASIS", "MAX_LEVELS", "MAX_LINES", "MAX_NOTES", "MAX_TEXT",
    "UNWANTED_WITH_CONTENT", "Attribution", "Cleaner", "Document", "Links", "Quotation",
    "TextTooLong", "UnreadableText", "clean", "refused_links", "render", "render_text", "too_long",
    "tree", "uuid_in", "uuids_in", "with_people", "without_strangers",
]  # fmt: skip

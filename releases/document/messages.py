"""Messages about a text that cannot be read.

They are separate because the modules that raise the errors do not need Django.
"""

from django.utils.translation import gettext as _

from releases.document.schema import (
    MAX_COLUMNS,
    MAX_ROWS,
    MAX_TEXT,
    TextTooLongError,
    UnreadableTextError,
)


def sentence(error: UnreadableTextError) -> str:
    """Return why a text cannot be read, and what to do about it."""
    if isinstance(error, TextTooLongError):
        return too_long(error.length, error.max_characters)
    if error.code == "table_too_large":
        return _(
            "A table is too large: it may have %(columns)s columns and %(rows)s rows. Split it "
            "into smaller tables, or attach it as a document."
        ) % {"columns": MAX_COLUMNS, "rows": MAX_ROWS}
    return _("The text is nested too deeply to be read. Paste it without its formatting.")


def too_long(length: int = 0, max_characters: int = MAX_TEXT) -> str:
    """Return why a text is too long. `length` is 0 if it was not counted to the end."""
    values = {"most": f"{max_characters:,}", "length": f"{length:,}"}
    if length <= max_characters:
        sentence = _(
            "The text is too long. With its formatting, it may have at most %(most)s characters. "
            "Shorten it, or attach the long part as a document."
        )
    else:
        sentence = _(
            "The text is too long: it has %(length)s characters with its formatting, and may have "
            "at most %(most)s. Shorten it, or attach the long part as a document."
        )
    return sentence % values

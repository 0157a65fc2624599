"""The sentences for what the importer notes: one for each code, for desk and command alike."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from releases.importing.notes import Note

# A sentence names its values as `%(name)s`. tests/test_import_words.py asks for each code.
SENTENCES: dict[str, str | Promise] = {
    "people_not_looked_for": _("People are not looked for in this script. Name them yourself."),
}


def sentence(note: Note) -> str:
    """Return what a note says, in the language that is active."""
    values = {
        name: ", ".join(value) if isinstance(value, tuple) else value
        for name, value in note.values.items()
    }
    return str(SENTENCES[note.code]) % values

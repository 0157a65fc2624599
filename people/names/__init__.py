"""Names: compare them, find them in texts in several forms, and search people by name.

The protection of names, the suggestions in the editor, the hints of an import and the search at the
desk all use this package. `normalise` folds words, `forms` defines which spellings block, `entries`
lists the spellings of a name, `finding` and `neighbours` find them in a text, `searching` finds
people by typed words, `index` combines finding and searching, `shared` keeps the index of all
people.
"""

from people.names.entries import Match, Name
from people.names.forms import Form, is_full_name, pieces
from people.names.index import NameIndex, NameInText
from people.names.normalise import fold, is_unspaced, key, letters

__all__ = [
    "Form",
    "Match",
    "Name",
    "NameInText",
    "NameIndex",
    "fold",
    "is_full_name",
    "is_unspaced",
    "key",
    "letters",
    "pieces",
]  # fmt: skip

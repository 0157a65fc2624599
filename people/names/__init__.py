"""Names: how they are compared, in which forms they are found, and who is named in a text.

One engine for the protection of names, the suggestions in the editor, the hints of an import and
the desk's search. `normalise` folds words, `forms` says which spellings block, `index`
finds, `shared` keeps the index of everybody.
"""

from people.names.forms import Form, is_full_name, pieces
from people.names.index import Found, Match, Name, NameIndex
from people.names.normalise import fold, is_unspaced, key, letters

__all__ = [
    "Form", "Found", "Match", "Name", "NameIndex", "fold", "is_full_name", "is_unspaced", "key",
    "letters", "pieces",
]  # fmt: skip

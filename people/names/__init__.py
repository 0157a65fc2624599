"""Names: how they are compared, in which forms they are found, and who is named in a text.

One engine for the protection of names, the suggestions in the editor, the hints of an import and
the desk's search. `normalise` folds words, `forms` defines which spellings block, `entries` lists
the ways to write a name, `finding` and `neighbours` find them in a text, `searching` finds people
by what was typed, `index` joins both, `shared` keeps the index of all people.
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

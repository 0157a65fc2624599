"""Cleans the names of uploaded files. They are shown at the desk and never used as a path."""

import re
import unicodedata
from pathlib import PurePath

MAX_CHARACTERS = 150
NAMELESS = "file"
# Not allowed in a name: controls, direction marks, lone surrogates, characters Windows forbids.
_UNSAFE = re.compile('[\0-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff'
                     '\ud800-\udfff\ufff9-\uffff<>:"|?*]')  # fmt: skip
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?=\.|$)", re.IGNORECASE)  # on Windows


def safe_name(name: str) -> str:
    """Return a file name without folders, controls and direction marks. It is never empty."""
    name = re.split(r"[\\/]", unicodedata.normalize("NFC", name))[-1]
    name = " ".join(_UNSAFE.sub("", name).split()).strip(". ")
    if not name:
        return NAMELESS
    if _RESERVED.match(name):
        name = f"_{name}"
    extension = PurePath(name).suffix[:12]
    return (
        name
        if len(name) <= MAX_CHARACTERS
        else name[: MAX_CHARACTERS - len(extension)].rstrip() + extension
    )

"""Slugs from names and titles, in any script."""

import unicodedata

from people.names.normalise import fold


def slug_for(text: str, fallback: str, length: int = 80) -> str:
    """Return `text` as a slug in any script: in lower case, with hyphens between the words.

    Accents of Latin letters are removed. Marks that belong to the letters of other scripts are kept
    (Django's `slugify` removes Tibetan vowels). A longer text is cut between words at `length`
    characters. Returns `fallback` if nothing is left.
    """
    kept = ""
    for char in fold(text).replace("'", ""):
        on_a_letter = kept[-1:].strip() and unicodedata.category(char).startswith("M")
        kept += char if char.isalnum() or on_a_letter else " "
    slug = "-".join(kept.split())
    if len(slug) > length:
        slug = slug[: length + 1].rpartition("-")[0] or slug[:length]
    return slug or fallback

"""Addresses from names and titles, in any script."""

import unicodedata

from people.names.normalise import fold


def slug_for(text: str, fallback: str, length: int = 80) -> str:
    """Return `text` as part of an address: lower case, words joined by hyphens, any script.

    Latin letters lose their accents, other scripts keep their marks (Django's `slugify` drops
    Tibetan vowels). A longer text is cut between words at `length` characters. Returns `fallback`
    if nothing is left.
    """
    kept = ""
    for char in fold(text).replace("'", ""):
        on_a_letter = kept[-1:].strip() and unicodedata.category(char).startswith("M")
        kept += char if char.isalnum() or on_a_letter else " "
    slug = "-".join(kept.split())
    if len(slug) > length:
        slug = slug[: length + 1].rpartition("-")[0] or slug[:length]
    return slug or fallback

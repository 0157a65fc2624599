"""Names and addresses of accounts without regard to case. No ORM.

The databases differ: SQLite ignores the case of ASCII letters only.
"""

import unicodedata


def folded(text: str) -> str:
    """Return a username or an e-mail address in the form in which two of them are compared."""
    return unicodedata.normalize("NFKC", text).casefold().strip()

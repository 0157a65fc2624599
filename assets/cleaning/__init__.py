"""Documents and recordings without what they say besides their content: bytes in, bytes out.

No ORM, no Django, no file but the one it is handed: `assets.cleaning.start.clean` works in the
process that opens strangers' files. What is found is named by a code; the sentences for the desk
are in `assets.cleaned`. What cannot be cleaned is named too, and not given out.
"""

from assets.cleaning.report import Cleaned, Finding, Piece, Report

RECIPE = 2  # raise it where the same file is cleaned differently from before

__all__ = ["RECIPE", "Cleaned", "Finding", "Piece", "Report"]

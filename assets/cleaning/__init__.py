"""Removes metadata from documents and recordings: bytes in, bytes out.

No ORM, no Django, and only one file: `assets.cleaning.start.clean` runs in the sandbox. Findings
have codes; the sentences for the desk are in `assets.cleaned`. A document that can't be cleaned is
reported, and not published.
"""

from assets.cleaning.report import Cleaned, Finding, Piece, Report

RECIPE = 2  # raise it when the cleaned copy of the same file changes

__all__ = ["RECIPE", "Cleaned", "Finding", "Piece", "Report"]

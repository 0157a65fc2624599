"""Removes metadata from documents and recordings.

`assets.cleaning.start.clean` runs in the sandbox, without Django and with access to one file only.
Findings have codes; `assets.cleaned` has the sentences for editors. A document that can't be
cleaned is reported and not published.
"""

from assets.cleaning.report import Cleaned, Finding, Piece, Report

RECIPE = 2  # increase it when the code makes another cleaned copy of the same file

__all__ = ["RECIPE", "Cleaned", "Finding", "Piece", "Report"]

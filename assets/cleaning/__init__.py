"""Documents and recordings without what they say besides their content: bytes in, bytes out.

No ORM, no Django, no file but the one it is handed. What is found is named by a code; the sentences
for the desk are in `assets.cleaned`. What cannot be cleaned is named too, and not given out.
"""

from assets.cleaning.report import Cleaned, Finding, Report
from assets.cleaning.start import RECIPE, clean

__all__ = ["RECIPE", "Cleaned", "Finding", "Report", "clean"]

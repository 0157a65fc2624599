"""CSV files for spreadsheets (RFC 4180)."""

import csv
import io
import re
from collections.abc import Iterable
from typing import Any

from storing.texts import clean_text

BYTE_ORDER_MARK = "\ufeff"  # with it, spreadsheets read a file as UTF-8
# OWASP, “CSV Injection”. With East Asian settings, spreadsheets accept the full-width forms too.
_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]|[\t\r\n]")


def lines_of(rows: Iterable[Iterable[Any]]) -> str:
    """Return rows as lines of a CSV file.

    An apostrophe is added before each cell that a spreadsheet would read as a formula.
    """
    out = io.StringIO()
    csv.writer(out).writerows([_cell(cell) for cell in row] for row in rows)
    return out.getvalue()


def _cell(value: Any) -> str:
    text = clean_text(str(value), multiline=True)
    return f"'{text}" if _FORMULA.match(text) else text

"""Dates that are not certain, in the notation of EDTF (Library of Congress, levels 0 and 1)."""

import re
import warnings
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.dates import MONTHS

with warnings.catch_warnings():  # its grammar is written for an older pyparsing, and says so
    warnings.simplefilter("ignore")
    from edtf import parse_edtf
    from edtf.parser.edtf_exceptions import EDTFParseException

_SHAPE = re.compile(
    r"(?P<year>[12]\d{3}|[12]\d{2}X|[12]\dXX)"
    r"(?:-(?:XX-XX|XX|(?P<month>0[1-9]|1[0-2])(?:-(?:XX|(?P<day>\d{2})))?))?(?P<mark>[?~%])?",
    re.ASCII,
)
HELP = "2021, 2021-09 or 2021-09-12. XX for what is not known, ~ for about, ? for not certain."


@dataclass(frozen=True, slots=True)
class UncertainDate:
    """A date as it is known: its first and last possible day, and the words for it.

    `on` are the words behind what happened: “on 3 May 2026”, “in May 2026”, “about 2026”.
    """

    text: str
    earliest: date
    latest: date
    words: str
    on: str

    @property
    def is_certain(self) -> bool:
        """Whether it is one day, and nobody doubts it."""
        return self.earliest == self.latest and self.text[-1].isdigit()


def read(text: str) -> UncertainDate:
    """Return what a date of EDTF says: a day, month, year, decade or century, perhaps in doubt.

    Intervals are refused: a start and an end have fields of their own. Raises ValidationError
    with a sentence for the editor.
    """
    shape = _SHAPE.fullmatch(text)
    try:
        if shape is None:
            raise ValueError
        earliest, latest = _first_and_last_day(text)
    except (EDTFParseException, ValueError):  # the grammar accepts 2023-02-29
        raise ValidationError(f"“{text}” is not a date as we write them: {HELP}") from None
    return UncertainDate(text, earliest, latest, *_words(shape))


def stored(text: str, earliest: date | None, latest: date | None) -> UncertainDate | None:
    """Return a date with the days that were stored with it, None where there is none.

    The grammar takes milliseconds for a date, so it runs when a date is stored, not when it is
    printed. It runs here only for a row that was never saved and so has no days.
    """
    if not text:
        return None
    shape = _SHAPE.fullmatch(text)
    if shape is None or earliest is None or latest is None:
        return read(text)
    return UncertainDate(text, earliest, latest, *_words(shape))


@lru_cache(maxsize=10_000)  # an import stores many, and the grammar takes 10 ms for each
def _first_and_last_day(text: str) -> tuple[date, date]:
    found = parse_edtf(text)
    return date(*found.lower_strict()[:3]), date(*found.upper_strict()[:3])


def _words(shape: re.Match[str]) -> tuple[str, str]:
    """Return the words for a date, alone and behind what happened."""
    year, month, day, mark = shape["year"], shape["month"], shape["day"], shape["mark"]
    at = "on " if day else "in "
    if year.endswith("XX"):
        when, at = f"between {year[:2]}00 and {year[:2]}99", ""
    elif year.endswith("X"):
        when = f"the {year[:3]}0s"
    else:
        named = [str(int(day))] if day else []
        named += [str(MONTHS[int(month)])] if month else []
        when = " ".join([*named, year])
    if mark in ("~", "%"):
        when, at = f"about {when}", ""
    doubt = " (not certain)" if mark in ("?", "%") else ""
    return f"{when}{doubt}", f"{at}{when}{doubt}"


def _is_a_date(text: str) -> None:
    read(text)


class UncertainDateField(models.CharField):
    """A date of EDTF as text. `<name>_earliest` and `<name>_latest`, declared below it, follow."""

    default_validators = [_is_a_date]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        for name, value in {"max_length": 12, "blank": True, "help_text": HELP}.items():
            kwargs.setdefault(name, value)
        super().__init__(*args, **kwargs)

    def pre_save(self, row: models.Model, add: bool) -> Any:
        text = super().pre_save(row, add)
        known = read(text) if text else None
        setattr(row, f"{self.attname}_earliest", known and known.earliest)
        setattr(row, f"{self.attname}_latest", known and known.latest)
        return text

"""Uncertain dates, in the notation of EDTF (Library of Congress, levels 0 and 1)."""

import re
import warnings
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.dates import MONTHS, MONTHS_ALT
from django.utils.translation import gettext, gettext_lazy, pgettext

with warnings.catch_warnings():  # edtf uses names that pyparsing has deprecated
    warnings.simplefilter("ignore")
    from edtf import parse_edtf
    from edtf.parser.edtf_exceptions import EDTFParseException

_SHAPE = re.compile(
    r"(?P<year>[12]\d{3}|[12]\d{2}X|[12]\dXX)"
    r"(?:-(?:XX-XX|XX|(?P<month>0[1-9]|1[0-2])(?:-(?:XX|(?P<day>\d{2})))?))?(?P<mark>[?~%])?",
    re.ASCII,
)
HELP = gettext_lazy(
    "Such as 2021, 2021-09 or 2021-09-12. Use XX for unknown parts, ~ for about, ? for uncertain."
)


@dataclass(frozen=True, slots=True)
class UncertainDate:
    """A date that may be uncertain: its EDTF text, its first and last possible day, its labels.

    `label_with_preposition` is for use in a sentence: “on 3 May 2026”, “in May 2026”, “about 2026”.
    """

    text: str
    earliest: date
    latest: date
    label: str
    label_with_preposition: str

    @property
    def is_certain(self) -> bool:
        """Whether it is exactly one day, and not marked as uncertain."""
        return self.earliest == self.latest and self.text[-1].isdigit()


def read(text: str) -> UncertainDate:
    """Parse an EDTF date: a day, month, year, decade or century, which may be uncertain.

    Intervals are refused, because start and end are separate fields. Raises ValidationError with a
    sentence for the editor.
    """
    shape = _SHAPE.fullmatch(text)
    try:
        if shape is None:
            raise ValueError
        earliest, latest = _first_and_last_day(text)
    except (EDTFParseException, ValueError):  # the grammar accepts 2023-02-29
        raise ValidationError(
            gettext(
                "“%(text)s” is not a valid date. Enter one such as 2021, 2021-09 or 2021-09-12. "
                "Use XX for unknown parts, ~ for about, ? for uncertain."
            )
            % {"text": text}
        ) from None
    return UncertainDate(text, earliest, latest, *_labels(shape))


def stored(text: str, earliest: date | None, latest: date | None) -> UncertainDate | None:
    """Return a date from its text and its stored days, or None if there is no date.

    Parsing takes milliseconds, so a date is parsed when it is saved, not when it is printed. Only
    a row that was never saved is parsed here, because it has no days yet.
    """
    if not text:
        return None
    shape = _SHAPE.fullmatch(text)
    if shape is None or earliest is None or latest is None:
        return read(text)
    return UncertainDate(text, earliest, latest, *_labels(shape))


@lru_cache(maxsize=10_000)  # an import saves many dates, and parsing takes 10 ms for each
def _first_and_last_day(text: str) -> tuple[date, date]:
    found = parse_edtf(text)
    return date(*found.lower_strict()[:3]), date(*found.upper_strict()[:3])


def _labels(shape: re.Match[str]) -> tuple[str, str]:
    """Return the label of a date, without and with a preposition."""
    year, month, day, mark = shape["year"], shape["month"], shape["day"], shape["mark"]
    if year.endswith("XX"):
        years = {"first": f"{year[:2]}00", "last": f"{year[:2]}99"}
        label = with_preposition = gettext("between %(first)s and %(last)s") % years
    elif year.endswith("X"):
        label = pgettext("a decade", "the %(year)ss") % {"year": f"{year[:3]}0"}
        with_preposition = pgettext("a decade", "in %(date)s") % {"date": label}
    elif day:
        parts = {"day": int(day), "month": MONTHS_ALT[int(month)], "year": year}
        label = pgettext("a day", "%(day)s %(month)s %(year)s") % parts
        with_preposition = pgettext("a day", "on %(date)s") % {"date": label}
    elif month:
        parts = {"month": MONTHS[int(month)], "year": year}
        label = pgettext("a month", "%(month)s %(year)s") % parts
        with_preposition = pgettext("a month", "in %(date)s") % {"date": label}
    else:
        label = year
        with_preposition = pgettext("a year", "in %(date)s") % {"date": label}
    if mark in ("~", "%"):
        label = with_preposition = gettext("about %(date)s") % {"date": label}
    if mark in ("?", "%"):
        uncertain = gettext("%(date)s (not certain)")
        label, with_preposition = (
            uncertain % {"date": label}, uncertain % {"date": with_preposition},
        )  # fmt: skip
    return label, with_preposition


def _is_a_date(text: str) -> None:
    read(text)


class UncertainDateField(models.CharField):
    """An EDTF date as text.

    When a row is saved, it sets the fields `<name>_earliest` and `<name>_latest` of the model.
    """

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

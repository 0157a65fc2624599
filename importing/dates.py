"""Finds days in a text: the likely date of a release, and phrases that depend on it."""

import re
from bisect import bisect_left
from calendar import day_name, month_name
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import unquote

from importing.notes import Note, Value
from importing.understood import DateGuess
from importing.vocabulary import MONTHS, WEEKDAYS


def _any(words: Iterable[str]) -> str:
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))


_YEAR = r"(?:19|20)\d\d"
DAY = re.compile(
    rf"(?<![\w/])(?:(?P<weekday>{_any(WEEKDAYS)})\b\.?,?\s+(?:the\s+|den\s+)?)?"
    rf"(?:(?P<day>\d{{1,2}})(?:st|nd|rd|th|er|º|\.)?\s+(?:of\s+|de\s+)?(?P<month>{_any(MONTHS)})\b\.?"
    rf"(?:,?\s+(?:de\s+|del\s+)?(?P<year>{_YEAR})(?!\d)(?:\s(?:года|року|г\.|р\.))?)?"
    rf"|(?P<us_month>{_any(MONTHS)})\b\.?\s+(?P<us_day>\d{{1,2}})(?:st|nd|rd|th)?(?!\d)"
    rf"(?:,?\s+(?P<us_year>{_YEAR})(?!\d))?"
    rf"|(?P<iso>{_YEAR}-\d\d-\d\d)(?!\d)"
    rf"|(?P<han>{_YEAR}\s?年\s?\d{{1,2}}\s?月\s?\d{{1,2}}\s?日))",
    re.I,
)
_DAY_IN_NAME = re.compile(
    rf"(?<!\d)(?:(?P<iso>{_YEAR}-\d\d-\d\d)|(?P<packed>{_YEAR}[01]\d[0-3]\d)"
    rf"|(?P<day>\d{{1,2}})(?P<month>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)(?P<year>{_YEAR}))"
    r"(?!\d)",
    re.I,
)
_MONTH_IN_PATH = re.compile(rf"(?<!\d)({_YEAR})[-/_](0[1-9]|1[0-2])(?=[/_-])")
_MONTH_NAMES = "|".join(month_name[1:])
_DAY_NAMES = "|".join(day_name)
_NUMBER = (
    r"(?:\d+|a|an|one|two|three|four|five|six|seven|eight|nine|ten|few|several|couple of|a few)"
)
_PERIOD = r"(?:hours?|days?|weeks?|months?|years?|decades?)"
_RELATIVE = re.compile(
    r"\b(?:(?:earlier |later )?(?:today|yesterday|tomorrow)\b(?: \([^()]{3,60}\))?|(?:"
    r"tonight"
    r"|(?:earlier |later )?(?:this|last|next) (?:morning|afternoon|evening|night|week|weekend|month"
    r"|year|spring|summer|autumn|fall|winter)"
    rf"|(?:on |late |early |last |next |this |by |until |since )(?:{_DAY_NAMES})"
    rf"(?!,? \d|,? (?:{_MONTH_NAMES}))"
    rf"|(?:in |last |next |this |since |until |by |early |late |mid-)(?:{_MONTH_NAMES})"
    rf"(?!,? \d| of \d)"
    rf"|(?:over |about |almost |nearly )?{_NUMBER} {_PERIOD} ago"
    rf"|(?:in|over) (?:the )?(?:recent|coming|past|last|next) (?:{_NUMBER} )?{_PERIOD}"
    r"|to date|so far this year|aujourd[’']hui|hier soir|heute|gestern|morgen|hoje|ontem|amanhã"
    r")\b)",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Day:
    """A day in a text; the weekday and the year may be missing."""

    text: str
    start: int
    end: int
    day: int
    month: int
    year: int | None
    weekday: int | None

    def on(self, year: int) -> date | None:
        """Return the date in a year, or None for a day that the year does not have."""
        try:
            return date(year, self.month, self.day)
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class Evidence:
    """Sources of a date: texts with their places in the file, picture names, the file name."""

    stated: tuple[tuple[Note, str], ...]
    lead: str
    pictures: tuple[str, ...]
    filename: str


def days_in(text: str) -> Iterator[Day]:
    """Yield the days in a text, in order."""
    for match in DAY.finditer(text):
        if whole := match["iso"] or match["han"]:
            year, month, day = map(int, re.findall(r"\d+", whole))
        else:
            name = (match["month"] or match["us_month"]).casefold()
            month, day = MONTHS[name], int(match["day"] or match["us_day"])
            year = int(match["year"] or match["us_year"] or 0)
        weekday = WEEKDAYS[match["weekday"].casefold()] if match["weekday"] else None
        found = Day(match[0], match.start(), match.end(), day, month, year or None, weekday)
        if found.on(year or 2000):
            yield found


def relative_dates(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the phrases whose meaning depends on the day of publication, each once, in order."""
    found: dict[str, str] = {}
    for text in texts:
        taken: list[tuple[int, str]] = []
        spans = []
        for match in _RELATIVE.finditer(text):
            taken.append((match.start(), match[0]))
            spans.append(match.span())
        for day in days_in(text):
            if day.year is None and not _touches(spans, day):
                taken.append((day.start, day.text))
        for _, phrase in sorted(taken):
            found.setdefault(phrase.casefold(), phrase)
    return tuple(found.values())


def _touches(spans: list[tuple[int, int]], day: Day) -> bool:
    """Return whether a day overlaps one of the spans, which are sorted and do not overlap."""
    number = bisect_left(spans, (day.end, 0))
    return number > 0 and spans[number - 1][1] > day.start


def guess_date(evidence: Evidence) -> tuple[DateGuess | None, list[Note]]:
    """Return the likely date of a file, and notes on contradictions."""
    reasons: dict[date, list[Note]] = {}
    notes: list[Note] = []
    for where, text in evidence.stated:
        for day in days_in(text):
            if day.year and (found := day.on(day.year)):
                values: dict[str, Value] = {"where": where, "words": day.text}
                if day.weekday not in (None, found.weekday()):
                    notes.append(Note("weekday_is_wrong", {**values, "day": found}))
                else:
                    reasons.setdefault(found, []).append(Note("date_stated", values))
            break
    _from_pictures(evidence, reasons, notes)
    in_name = _day_in_name(evidence.filename)
    if in_name and in_name not in reasons:
        if reasons:
            notes.append(Note("file_name_says_otherwise", {"day": in_name}))
        else:
            reasons[in_name] = []
    if in_name in reasons:
        reasons[in_name].append(Note("date_in_file_name", {"day": in_name}))
    if len(reasons) > 1:
        against = tuple(
            Note("date_because", {"day": day, "reasons": tuple(why)})
            for day, why in reasons.items()
        )
        return None, [*notes, Note("dates_contradict", {"dates": against})]
    for guessed, grounds in reasons.items():
        return DateGuess(guessed, tuple(grounds)), notes
    return None, notes


def _from_pictures(evidence: Evidence, reasons: dict[date, list[Note]], notes: list[Note]) -> None:
    """Combine the year and month in a picture’s path with the day in the lead."""
    months = [
        (match[0].strip("/_-"), int(match[1]), int(match[2]))
        for path in evidence.pictures
        if (match := _MONTH_IN_PATH.search(unquote(path)))
    ]
    day = _day_of_lead(evidence.lead)
    if day is None:
        return
    if not months:
        if day.year is None and day.weekday is not None and not reasons:
            notes.append(Note("day_without_year", {"words": day.text}))
        return
    path, year, month = months[0]
    # Pictures are often uploaded weeks before the day of the release, and rarely long after it.
    candidates = [found for y in (year, year + 1) if (found := day.on(y))]
    upload = date(year, month, 1)
    near = [d for d in candidates if timedelta(-31) <= d - upload <= timedelta(100)]
    if day.year and near and near[0].year != day.year:
        near = []
    values = {"path": path, "words": day.text}
    if not near:
        notes.append(Note("picture_path_does_not_fit", values))
        return
    found = near[0]
    if day.weekday is not None and found.weekday() != day.weekday:
        notes.append(Note("picture_path_gives_wrong_weekday", {**values, "day": found}))
        return
    why = reasons.setdefault(found, [])
    if (found.year, found.month) == (year, month):
        why.append(Note("month_in_picture_path", {"path": path}))
    else:
        why.append(Note("year_in_picture_path", {"path": path}))
    if day.weekday is None:
        why.append(Note("text_says_day", {"words": day.text}))
    else:
        why.append(Note("text_says_weekday", {"words": day.text, "day": found}))


def _day_of_lead(lead: str) -> Day | None:
    """Return the day that the lead calls “today”, or else the first day with a weekday."""
    days = list(days_in(lead[:3000]))
    for day in days:
        if re.search(r"\btoday[\s,(]*$", lead[: day.start], re.I):
            return day
    return next((day for day in days if day.weekday is not None), None)


def _day_in_name(filename: str) -> date | None:
    for match in _DAY_IN_NAME.finditer(filename):
        try:
            if match["iso"]:
                return date.fromisoformat(match["iso"])
            if match["packed"]:
                digits = match["packed"]
                return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
            return date(int(match["year"]), MONTHS[match["month"].casefold()], int(match["day"]))
        except ValueError:
            continue
    return None

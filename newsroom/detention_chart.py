"""A bar chart of the time that each person has been in detention, over the years."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from people.models import Case

MIN_BARS = 3


@dataclass(frozen=True, slots=True)
class Bar:
    """One detention in the chart. `row` is its number; the other numbers are units of the width."""

    name: str
    label: str
    row: int
    start: float
    certain_start: float
    certain_end: float
    end: float

    @property
    def y(self) -> int:
        return self.row * DetentionChart.ROW

    @property
    def base(self) -> int:
        """The y coordinate of the baseline of the name."""
        return self.y + 18

    @property
    def width(self) -> float:
        """The longest possible time of the detention, at least 4 so that the bar is visible."""
        return max(round(self.end - self.start, 1), 4)

    @property
    def certain_width(self) -> float:
        return max(round(self.certain_end - self.certain_start, 1), 0)


@dataclass(frozen=True, slots=True)
class DetentionChart:
    """The bars over the years. The uncertain part of a bar is lighter."""

    WIDTH, LEFT, ROW = 1000, 280, 30  # in SVG units; the names are left of LEFT

    bars: list[Bar]
    years: list[tuple[int, float]]

    @property
    def height(self) -> int:
        return len(self.bars) * self.ROW


def detention_chart(cases: Iterable[Case], on: date) -> DetentionChart | None:
    """Return the chart of the detentions with a known start, None for fewer than MIN_BARS."""
    known = [case for case in cases if case.since_earliest and case.since_latest]
    if len(known) < MIN_BARS:
        return None
    known.sort(key=lambda case: (case.since_earliest, case.person.sort_name))
    first = date(min(case.since_earliest for case in known if case.since_earliest).year, 1, 1)
    total_days = max((on - first).days, 1)

    def at(day: date) -> float:
        share = min(max((day - first).days / total_days, 0), 1)
        return round(DetentionChart.LEFT + share * (DetentionChart.WIDTH - DetentionChart.LEFT), 1)

    bars = []
    for row, case in enumerate(known):
        if case.since_earliest and case.since_latest:
            last = on if case.in_detention else case.as_of
            ends = (case.until_earliest or last, case.until_latest or last)
            days = (case.since_earliest, case.since_latest, *ends)
            name, label = case.person.display_name, case.time_in_detention(on)
            bars.append(Bar(name, label, row, *(at(day) for day in days)))
    step = max((on.year - first.year) // 8, 1)
    years = [(year, at(date(year, 1, 1))) for year in range(first.year, on.year + 1, step)]
    return DetentionChart(bars, years)

"""Measures whether a hidden address takes longer, or less long, than one that never existed.

Both are requested one after the other, many times, in random order, so that load on the machine
affects both alike. The result is the median of the differences within the pairs, and its confidence
interval. It holds for times of any distribution, without removing outliers (the interval of the
sign test, which uses only the order of the differences).
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from math import comb
from statistics import median

from django.utils.translation import gettext as _

MIN_SECONDS = 0.002  # a smaller difference can hardly be measured over a network
LEVEL = (
    0.001  # error probability of one measurement; a leak must be seen in all ROUNDS, with one sign
)
ROUNDS = 3
MIN_PAIRS, MAX_PAIRS = 20, 200


@dataclass(frozen=True, slots=True)
class Difference:
    """By how much a hidden address takes longer (or, below 0, less long), in seconds."""

    pairs: int
    median: float
    low: float
    high: float

    @property
    def is_certain(self) -> bool:
        """Whether it is larger than MIN_SECONDS, and not by chance."""
        return self.low > MIN_SECONDS or self.high < -MIN_SECONDS

    @property
    def smallest_visible(self) -> float:
        """The smallest difference that would almost certainly have been seen."""
        return MIN_SECONDS + self.high - self.low

    def is_like(self, other: "Difference") -> bool:
        """Return whether both are certain, and of the same sign."""
        return self.is_certain and other.is_certain and (self.low > 0) == (other.low > 0)

    @property
    def milliseconds(self) -> str:
        """The median with its sign, as a text."""
        return f"{1000 * self.median:+.1f}"

    @property
    def range(self) -> str:
        """The interval of the true median, as a text."""
        return _("%(low)s to %(high)s ms in %(pairs)d pairs") % {
            "low": f"{1000 * self.low:+.1f}",
            "high": f"{1000 * self.high:+.1f}",
            "pairs": self.pairs,
        }


def difference(differences: list[float]) -> Difference:
    """Return the median of differences with its interval at LEVEL. Needs MIN_PAIRS of them."""
    inside = sorted(differences)
    count = len(inside)
    left_out, chance = 0, 0.0
    while (chance := chance + comb(count, left_out) / 2**count) <= LEVEL / 2:
        left_out += 1
    # The interval from the n-th smallest to the n-th largest misses the true median with a
    # probability of at most LEVEL.
    at = max(left_out - 1, 0)
    return Difference(count, median(inside), inside[at], inside[-1 - at])


def pair(hidden: Callable[[], float], absent: Callable[[], float]) -> float:
    """Request both in random order. Return how many seconds longer the first one took."""
    if random.random() < 0.5:  # noqa: S311
        took = hidden()
        return took - absent()
    other = absent()
    return hidden() - other

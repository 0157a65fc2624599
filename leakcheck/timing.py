"""Whether a hidden address takes longer, or less long, than one that never existed.

Both are asked one after the other, many times, in random order: load on the machine meets both
alike. What counts is the median of the differences within the pairs, and the interval in which it
lies at a level of confidence. That holds for times of any distribution and needs no outlier to be
removed (the interval of the sign test, from the order of the differences alone).
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from math import comb
from statistics import median

LEAST = 0.002  # seconds; what a stranger far away can hardly measure is not reported
LEVEL = 0.001  # of one measurement; a leak must be seen in ROUNDS of them, the same way each time
ROUNDS = 3
FEWEST, MOST = 20, 200  # pairs


@dataclass(frozen=True, slots=True)
class Difference:
    """By how much a hidden address takes longer (or, below 0, less long), in seconds."""

    pairs: int
    median: float
    low: float
    high: float

    @property
    def is_certain(self) -> bool:
        """Whether it is larger than LEAST, and not by chance."""
        return self.low > LEAST or self.high < -LEAST

    @property
    def could_see(self) -> float:
        """The smallest difference that this would almost surely have seen."""
        return LEAST + self.high - self.low

    def is_like(self, other: "Difference") -> bool:
        """Whether both are certain, and of the same sign."""
        return self.is_certain and other.is_certain and (self.low > 0) == (other.low > 0)

    def __str__(self) -> str:
        return f"{1000 * abs(self.median):.1f} ms {'longer' if self.median > 0 else 'less long'}"

    @property
    def range(self) -> str:
        """The interval in which the true median lies, in words."""
        return f"{1000 * self.low:+.1f} to {1000 * self.high:+.1f} ms in {self.pairs} pairs"


def difference(differences: list[float]) -> Difference:
    """Return the median of differences with its interval at LEVEL; needs FEWEST of them."""
    inside = sorted(differences)
    count = len(inside)
    left_out, chance = 0, 0.0
    while (chance := chance + comb(count, left_out) / 2**count) <= LEVEL / 2:
        left_out += 1
    # The interval from the n-th smallest to the n-th largest misses the median with at most LEVEL.
    at = max(left_out - 1, 0)
    return Difference(count, median(inside), inside[at], inside[-1 - at])


def pair(hidden: Callable[[], float], never: Callable[[], float]) -> float:
    """Time both in random order; return by how many seconds the first took longer."""
    if random.random() < 0.5:  # noqa: S311
        took = hidden()
        return took - never()
    other = never()
    return hidden() - other

"""What leakcheck counts as a leak and what as noise, in changing values and in times."""

import random
from datetime import UTC, datetime

import pytest

from leakcheck import canary, timing
from leakcheck.answers import Judgement, judge
from leakcheck.site import Answer

pytestmark = pytest.mark.once


def answer(at, body="", **headers) -> Answer:
    pairs = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return Answer(200, "OK", pairs, body.encode(), at=at)


def judged(values, make):
    """Judge a value as it was before the canary, with it, and three times after it."""
    times = [1_800_000_000.0, 1_800_000_060.0, 1_800_000_120, 1_800_000_121.1, 1_800_000_122.2]
    before, now, *after = (make(at, value) for at, value in zip(times, values, strict=True))
    return judge(before, now, after, canary.Names.new())


@pytest.mark.parametrize(
    ("values", "difference"),
    [
        (["84654", "3540", "84534", "84533", "84532"], "header x: “3540” instead of “84594”"),
        (["84654000", "3540000", "84534000", "84532900", "84531800"],
         "header x: “3540000” instead of “84594000”"),
        (["a", "b", "a", "a", "a"], "header x: “b” instead of “a”"),
        # Not leaks: a countdown, a clock, a publication during the check, and random values.
        (["84654", "84594", "84534", "84533", "84532"], ""),
        (["5000", "5060", "5120", "5121", "5122"], ""),
        (["4", "4", "5", "5", "5"], ""),
        (["4", "5", "5", "5", "5"], ""),
        (["a8f3", "77ac", "0b1e", "9d2c", "e4e4"], ""),
        (["3", "9", "5", "1", "7"], ""),
    ],
)  # fmt: skip
def test_a_header_that_changes_without_the_canary_is_not_a_leak(values, difference):
    assert judged(values, lambda at, value: answer(at, X=value)).difference == difference


def test_a_value_that_changes_at_random_is_listed_as_unsteady():
    judgement = judged(["a8", "77", "0b", "9d", "e4"], lambda at, value: answer(at, X=f"k{value}"))
    assert judgement.unsteady == {"header x:"}


def test_a_page_that_prints_the_time_is_compared_without_it():
    def page(at, count):
        return answer(at, f"<p>{datetime.fromtimestamp(at, UTC).isoformat()}</p><b>{count}</b>")

    assert judged([4, 5, 4, 4, 4], page).difference.startswith("body ")
    assert judged([4, 4, 4, 4, 4], page) == Judgement()


def measured(seed, effect, pairs=60) -> timing.Difference:
    """Simulate a measurement on a busy machine: half of the answers wait for others."""
    chance = random.Random(seed)

    def took(more):
        return 0.01 + more + chance.choice([0, 0, 0.002, 0.03]) + chance.expovariate(200)

    return timing.difference([took(effect) - took(0) for _ in range(pairs)])


def test_a_longer_time_is_distinguished_from_load():
    assert sum(measured(seed, 0.04).is_certain for seed in range(50)) == 50
    assert all(measured(seed, 0.04).low > 0 for seed in range(50))
    # A leak is reported only after three certain measurements. One is rarely certain by chance.
    false_alarms = [seed for seed in range(1000) if measured(seed, 0).is_certain]
    assert len(false_alarms) <= 2
    assert all(timing.MIN_SECONDS < measured(seed, 0).smallest_visible < 0.04 for seed in range(20))

"""What a search has found, and what it has not looked at."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from django.conf import settings

# The kinds of checks, and how the time is shared out among them.
KINDS = {"lists": 10, "links": 25, "guesses": 30, "agents": 10, "switches": 15, "timing": 10}


@dataclass(frozen=True, slots=True)
class Sighting:
    """A place where the canary was seen."""

    address: str
    way: str
    where: str


@dataclass(slots=True)
class Report:
    """What was asked, what was seen, what was left out, and how we know which site we asked."""

    control: list[str] = field(default_factory=list)
    kinds: list[str] = field(default_factory=lambda: list(KINDS))
    asked: Counter[str] = field(default_factory=Counter)
    addresses: set[str] = field(default_factory=set)
    guessed: int = 0
    compared: int = 0
    timed: int = 0
    seconds: float = 0
    sightings: list[Sighting] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    unsteady: set[str] = field(default_factory=set)
    smallest: float = 0  # seconds: the smallest difference in time that could have been seen

    def unchecked(self, origin: str) -> Iterator[str]:
        """Yield what this search says nothing about, in sentences."""
        if missing := [kind for kind in KINDS if kind not in self.kinds]:
            yield f"Kinds of checks that you left out: {', '.join(missing)}."
        for what, number in sorted(self.left_out.items()):
            if number:
                yield f"{number:,} {what}: no time left. --minutes gives more."
        if self.unsteady:
            yield "Values that change by themselves: " + ", ".join(sorted(self.unsteady)) + "."
        if "timing" in self.kinds:
            yield (
                f"Differences in time below {1000 * self.smallest:.1f} ms, and those that show "
                "now and then only."
                if self.timed
                else "Differences in time: there was no time to measure enough."
            )
        yield (
            "Anything outside this address: other hosts, e-mail, copies that search engines and "
            "archives keep."
        )
        if origin != settings.SITE_URL or urlsplit(origin).scheme != "https":
            yield (
                "Caches and proxies in front of the site, if readers reach it by another address "
                f"than {origin}."
            )
        yield (
            "What only a browser shows (JavaScript), words inside pictures, the length of "
            "compressed answers, and several switches at once."
        )
        yield (
            "What people with a preview link or an account see, and what a cache shows for too "
            "long after a release is withdrawn."
        )


Progress = Callable[[Report, str], object]

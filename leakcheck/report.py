"""The result of a check, and what it did not cover."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

# The kinds of checks, and their shares of the time.
KINDS = {"lists": 10, "links": 25, "guesses": 30, "agents": 10, "switches": 15, "timing": 10}


@dataclass(frozen=True, slots=True)
class Sighting:
    """A place where the canary was seen."""

    address: str
    request: str  # its method, and what is unusual about it
    where: str


@dataclass(slots=True)
class Report:
    """What was requested, seen and left out, and the evidence that it was the right site."""

    control: list[str] = field(default_factory=list)
    kinds: list[str] = field(default_factory=lambda: list(KINDS))
    requests: Counter[str] = field(default_factory=Counter)  # by method
    addresses: set[str] = field(default_factory=set)
    guessed: int = 0
    compared: int = 0
    timed: int = 0
    seconds: float = 0
    sightings: list[Sighting] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    # What the time did not suffice for: "combinations", "links", "timing", "requests:<kind>".
    left_out: Counter[str] = field(default_factory=Counter)
    unsteady: set[str] = field(default_factory=set)
    smallest: float = 0  # seconds: the smallest difference in time that could have been seen

    def unchecked(self, origin: str) -> Iterator[str]:
        """Yield what this search did not check, as sentences."""
        if missing := [kind for kind in KINDS if kind not in self.kinds]:
            yield _("Kinds of checks that you left out: %(kinds)s.") % {"kinds": ", ".join(missing)}
        for what, number in sorted(self.left_out.items()):
            if number:
                yield _left_out_sentence(what, number)
        if self.unsteady:
            values = ", ".join(sorted(self.unsteady))
            yield _("Values that also change for other reasons: %(values)s.") % {"values": values}
        if "timing" in self.kinds:
            if self.timed:
                text = _("Differences in time below %(limit)s ms, and those that are rare.")
                yield text % {"limit": f"{1000 * self.smallest:.1f}"}
            else:
                yield _("Differences in time: there was no time to measure enough.")
        yield _(
            "Anything outside this address: other hosts, e-mail, copies that search engines and "
            "archives keep."
        )
        if origin != settings.SITE_URL or urlsplit(origin).scheme != "https":
            yield _(
                "Caches and proxies in front of the site, if readers use another address than "
                "%(origin)s."
            ) % {"origin": origin}
        yield _(
            "What only a browser shows (JavaScript), text inside pictures, the length of "
            "compressed answers, and combinations of query parameters."
        )
        yield _(
            "What people with a preview link or an account see, and what a cache still shows after "
            "a release is withdrawn."
        )


def _left_out_sentence(what: str, number: int) -> str:
    values = {"number": f"{number:,}", "kind": what.partition(":")[2]}
    match what:
        case "combinations":
            text = ngettext(
                "%(number)s combination of filters: no time left. Give more with --minutes.",
                "%(number)s combinations of filters: no time left. Give more with --minutes.",
                number,
            )
        case "links":
            text = ngettext(
                "%(number)s link: no time left. Give more with --minutes.",
                "%(number)s links: no time left. Give more with --minutes.",
                number,
            )
        case "timing":
            text = ngettext(
                "Time of %(number)s address: no time left. Give more with --minutes.",
                "Times of %(number)s addresses: no time left. Give more with --minutes.",
                number,
            )
        case _requests:
            text = ngettext(
                "%(number)s request of the kind “%(kind)s”: no time left. Give more with "
                "--minutes.",
                "%(number)s requests of the kind “%(kind)s”: no time left. Give more with "
                "--minutes.",
                number,
            )
    return text % values


Progress = Callable[[Report, str], object]

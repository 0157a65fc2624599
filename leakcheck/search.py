# Above 450 lines because the search is one procedure in phases that share its state.
"""Searches a site for one canary."""

import html
import random
import re
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import chain, zip_longest
from typing import NamedTuple, TypeVar
from urllib.parse import quote, urljoin, urlsplit

from django.conf import settings
from django.urls import Resolver404, resolve, reverse
from django.utils.translation import gettext as _

from leakcheck import addresses, timing
from leakcheck import canary as canaries
from leakcheck.answers import Comparable, counts_down_to, find_word, judge, moments_as_text
from leakcheck.canary import Canary, Names
from leakcheck.report import KINDS, Progress, Report, Sighting
from leakcheck.site import Answer, CheckError, Site
from people.models import Person
from releases.models import Release

# A link in HTML, XML or JSON: a path or address in quotes or between tags.
_LINKS = re.compile(
    r"""(?:href|src|action|content|poster|data-[a-z-]+)\s*=\s*["']([^"'<>]+)["']"""
    r"""|["'>\s,](/[^\s"'<>,]*|https?://[^\s"'<>,]+)"""
)
_TEXT = re.compile("text/|xml|json|javascript")
T = TypeVar("T")

CHECK_CANARY_EVERY = 10  # seconds
MAX_MOMENTS = 20  # publication times of scheduled releases that headers are searched for


class SiteRequest(NamedTuple):
    """One request for one address."""

    path: str
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    variant: str = ""  # the header or the parameters that are unusual

    @property
    def label(self) -> str:
        return f"{self.method} {self.variant}".strip()


def _with_headers(path: str, method: str, headers: dict[str, str]) -> SiteRequest:
    return SiteRequest(path, method, tuple(headers.items()), " ".join(headers))


class Search:
    """One search, with some of the KINDS of checks.

    It looks for the canary until `until`, and stops at `ends` (both are values of time.monotonic).
    """

    def __init__(
        self,
        site: Site,
        canary: Canary,
        report: Report,
        until: float,
        ends: float,
        progress: Progress,
    ) -> None:
        self.site, self.canary, self.report = site, canary, report
        self.until, self.ends, self.progress, self.doing = until, ends, progress, ""
        self.counting: set[tuple[str, datetime]] = set()
        self.absent = Names.new()
        self.before: dict[str, dict[SiteRequest, Answer]] = {}
        self.changed: dict[SiteRequest, tuple[Answer, Answer]] = {}
        self.ours = {site.origin, settings.SITE_URL}
        self.moments: list[datetime] = []
        self.seen_at = time.monotonic()

    # --- The phases ----------------------------------------------------------------------------

    def request_lists_before(self) -> None:
        """Request the lists without the canary, for at most a fifth of the time."""
        until = self._share_of(0.2)
        waiting = Release.objects.scheduled().order_by("publish_at")[:MAX_MOMENTS]
        self.moments = [release.publish_at for release in waiting if release.publish_at]
        kinds = {
            "lists": self._lists(),
            "agents": self._lists_for_other_clients(),
            "switches": self._lists_with_switches(),
        }
        self.before = {kind: {} for kind in kinds}
        mine = [[(kind, each) for each in kinds[kind]] for kind in kinds if kind in self.kinds]
        if "lists" in self.kinds:  # lists first: without them, the other kinds show little
            mine = [mine[0], [pair for pairs in zip_longest(*mine[1:]) for pair in pairs if pair]]
        for kind, request in self._in_time(until, "lists", [*chain(*mine)]):
            self.before[kind][request] = self._send(request)
            self._note_countdown(request, self.before[kind][request])

    def search(self) -> None:
        """Look for the planted canary with every kind of check."""
        if not self._is_time(self.until):
            raise CheckError(
                _(
                    "There was no time left for the search, so there is no result. Give more "
                    "time: --minutes 10"
                )
            )
        end = self.canary.embargo_ends_at
        if end:
            self.moments.append(end)
        self.needles = self.canary.names.needles + (moments_as_text(end) if end else [])
        steps: dict[str, Callable[[float], None]] = {
            "lists": self._compare_lists,
            "links": self._follow_links,
            "guesses": self._guess,
            "agents": self._send_as_other_clients,
            "switches": self._try_switches,
            "timing": self._time,
        }
        for number, kind in enumerate(self.kinds):
            shares = [KINDS[each] for each in self.kinds[number:]]
            steps[kind](self._share_of(shares[0] / sum(shares)))
            self._still_there()

    def compare_changes(self) -> None:
        """Request the lists that changed again, without the canary, and compare."""
        if not self.changed:
            return
        after: dict[SiteRequest, list[Answer]] = defaultdict(list)
        todo = list(self.changed)
        for number in range(3):
            if number:
                time.sleep(1.1)  # so that a page that prints the time in seconds changes
            until = time.monotonic() + (self.ends - time.monotonic()) / (3 - number)
            for request in self._in_time(until, "lists", todo):
                after[request].append(self._send(request))
            todo = list(after)
        for request in [request for request, answers in after.items() if len(answers) > 1]:
            before, now = self.changed[request]
            judgement = judge(before, now, after[request], self.canary.names)
            if judgement.difference:
                what = _("changed while the canary was there: %(difference)s")
                self._note(request, what % {"difference": judgement.difference})
            elif judgement.is_own:
                self.report.notes.append(
                    _("%(path)s changed during the check for another reason.")
                    % {"path": request.path}
                )
            self.report.unsteady |= {
                _("%(value)s of %(path)s")
                % {"value": name.removeprefix("header ").rstrip(":"), "path": request.path}
                for name in judgement.unsteady
            }

    # --- The kinds -----------------------------------------------------------------------------

    @property
    def kinds(self) -> list[str]:
        return self.report.kinds

    def _lists(self) -> list[SiteRequest]:
        paths = [
            *addresses.fixed_addresses(),
            *self._linked_pages(),
            *addresses.narrowed(self.canary),
            *self._parts_of_the_sitemap(),
        ]
        heads = [SiteRequest(path, "HEAD") for path in addresses.main_lists()]
        packed = [
            SiteRequest(
                path, headers=(("Accept-Encoding", "gzip"),), variant="Accept-Encoding: gzip"
            )
            for path in addresses.main_lists()
        ]
        return [*map(SiteRequest, dict.fromkeys(paths)), *heads, *packed]

    def _lists_for_other_clients(self) -> list[SiteRequest]:
        lists = addresses.main_lists()[:4]
        return [
            request
            for headers, variant in _other_clients()
            for path in lists
            for request in [SiteRequest(path, headers=_filled(headers, path), variant=variant)]
        ]

    def _lists_with_switches(self) -> list[SiteRequest]:
        return [SiteRequest(f"{path}?{switch}", variant=switch) for switch in self._switches()
                for path in addresses.main_lists()[:4]]  # fmt: skip

    def _switches(self) -> list[str]:
        return [each.format(day=self.canary.names.embargo_ends) for each in addresses.SWITCHES]

    def _compare_lists(self, until: float, kind: str = "lists") -> None:
        for request, before in self._in_time(until, kind, list(self.before[kind].items())):
            self._compare_with_before(request, before)

    def _compare_with_before(self, request: SiteRequest, before: Answer) -> None:
        now = self.look(request)
        names = self.canary.names
        was, is_now = (
            Comparable(answer, names, blurred=False).fields() for answer in (before, now)
        )
        if was != is_now:
            self.changed[request] = before, now

    def _follow_links(self, until: float) -> None:
        """Follow every link. Kinds of addresses take turns, so that none uses up the time."""
        queue: dict[str, list[str]] = defaultdict(list)
        turns: Counter[str] = Counter()
        known: set[str] = set()

        def add(path: str) -> None:
            if path not in known:
                known.add(path)
                queue[_shape(path)].append(path)

        for request in self.before["lists"] or self._lists():
            add(request.path)
        packed = (("Accept-Encoding", "gzip"),)
        while (open_ := [shape for shape, paths in queue.items() if paths]) and self._is_time(
            until
        ):
            shape = min(open_, key=lambda each: turns[each])
            turns[shape] += 1
            paths = queue[shape]
            at = random.randrange(len(paths))  # noqa: S311
            paths[at], paths[-1] = paths[-1], paths[at]
            path = paths.pop()
            self._show("links", sum(map(len, queue.values())))
            for link in self._links(path, self.look(SiteRequest(path, headers=packed))):
                add(link)
        combined = sum(len(paths) for shape, paths in queue.items() if "&" in shape)
        self.report.left_out["combinations"] += combined
        self.report.left_out["links"] += sum(map(len, queue.values())) - combined

    def _guess(self, until: float) -> None:
        """Request the addresses that a stranger could guess, the likeliest first."""
        likely: dict[str, bool] = {}
        for path, is_likely in addresses.guesses(self.canary):
            likely[path] = is_likely or likely.get(path, False)
        first = [path for path, is_likely in likely.items() if is_likely]
        others = [path for path, is_likely in likely.items() if not is_likely]
        desk = reverse("admin:index")
        first.sort(key=lambda path: path.startswith(desk))  # public addresses first
        ways = [_with_headers(path, *way) for way in addresses.OTHER_WAYS for path in first]
        random.shuffle(others)
        first = [*dict.fromkeys([*first, *addresses.searches(self.canary)])]
        todo = [*map(SiteRequest, first), *ways, *map(SiteRequest, others)]
        for request in self._in_time(until, "guesses", todo):
            self.report.guessed += request.method == "GET" and not request.headers
            self.look(request)

    def _send_as_other_clients(self, until: float) -> None:
        hidden = [
            SiteRequest(path, headers=_filled(headers, path), variant=variant)
            for path in addresses.likeliest(self.canary)
            for headers, variant in _other_clients()
        ]
        elsewhere = [
            SiteRequest(reverse("newsroom"), headers=_filled(headers, path), variant=variant)
            for path in addresses.likeliest(self.canary)[:2]
            for headers, variant in _other_clients()
            if any("{path}" in value for value in headers.values())
        ]
        self._compare_and_look("agents", until, [*elsewhere, *hidden])

    def _try_switches(self, until: float) -> None:
        hidden = [
            SiteRequest(f"{path}?{switch}", variant=switch)
            for path in addresses.likeliest(self.canary)
            for switch in self._switches()
        ]
        self._compare_and_look("switches", until, hidden)

    def _compare_and_look(self, kind: str, until: float, hidden: list[SiteRequest]) -> None:
        """Compare lists with before, and look at hidden addresses, in turns."""
        todo = list(_mixed(hidden, list(self.before[kind])))
        for request in self._in_time(until, kind, todo):
            before = self.before[kind].get(request)
            if before:
                self._compare_with_before(request, before)
            else:
                self.look(request)

    # --- Time ----------------------------------------------------------------------------------

    def _time(self, until: float) -> None:
        """Time hidden addresses against those that never existed, and confirm differences."""
        paths = addresses.first_of_each(self.canary)
        first = time.monotonic() + (until - time.monotonic()) * 3 / 4
        found = self._measure(paths, Names.new(), first, timing.MAX_PAIRS)
        suspects = {path: one for path, one in found.items() if one.is_certain}
        for _attempt in range(timing.ROUNDS - 1):
            # With other names that never existed, and at another time.
            pairs = max(timing.MIN_PAIRS, timing.MAX_PAIRS // 4)
            again = self._measure(list(suspects), Names.new(), until, pairs)
            for path, one in list(suspects.items()):
                if path not in again:
                    text = _(
                        "%(path)s once differed by %(time)s ms; there was no time to confirm it."
                    )
                elif not again[path].is_like(one):
                    text = _(
                        "%(path)s once differed by %(time)s ms; the next measurement did not "
                        "show this."
                    )
                else:
                    suspects[path] = again[path]
                    continue
                self.report.notes.append(text % {"path": path, "time": one.milliseconds})
                del suspects[path]
        for path, one in suspects.items():
            what = _("differs by %(time)s ms from an address that never existed (%(range)s)")
            self._note(SiteRequest(path), what % {"time": one.milliseconds, "range": one.range})
        clean = [one.smallest_visible for path, one in found.items() if path not in suspects]
        self.report.timed = len(found)
        self.report.smallest = max(clean, default=timing.MIN_SECONDS)
        self.report.left_out["timing"] += len(paths) - len(found)

    def _measure(
        self, paths: list[str], absent: Names, until: float, number_of_pairs: int
    ) -> dict[str, timing.Difference]:
        """Measure in rounds over all addresses, so that a busy moment affects all of them."""
        pairs = [
            (path, SiteRequest(path), self._renamed(absent, SiteRequest(path))) for path in paths
        ]
        found: dict[str, list[float]] = {path: [] for path in paths}
        began = time.monotonic()
        for number in range(number_of_pairs + 1):
            if not self._is_time(until if number > timing.MIN_PAIRS else self.until):
                break
            self._show("timing", number_of_pairs - number)
            for path, hidden, other in pairs:
                took = timing.pair(
                    lambda hidden=hidden: self._send(hidden).seconds,  # type: ignore[misc]
                    lambda other=other: self._send(other).seconds,  # type: ignore[misc]
                )
                if number:  # the first round fills caches
                    found[path].append(took)
            if not number:
                # If there is no time for all addresses, measure fewer, each often enough.
                now = time.monotonic()
                rounds = max(0, until - now) / (now - began or 1)
                pairs = pairs[: max(1, int(len(pairs) * rounds / timing.MIN_PAIRS))]
        return {
            path: timing.difference(times)
            for path, times in found.items()
            if len(times) >= timing.MIN_PAIRS
        }

    def _share_of(self, part: float) -> float:
        now = time.monotonic()
        return now + max(0, self.until - now) * part

    def _is_time(self, until: float) -> bool:
        return time.monotonic() < until

    def _in_time(self, until: float, kind: str, todo: list[T]) -> Iterator[T]:
        """Yield items until the time is over. Count the items that are left out."""
        for number, each in enumerate(todo):
            if not self._is_time(until):
                self.report.left_out[f"requests:{kind}"] += len(todo) - number
                return
            self._show(kind, len(todo) - number)
            yield each

    def _show(self, kind: str, waiting: int) -> None:
        left = max(0, self.ends - time.monotonic())
        self.doing = _("%(kind)s: %(waiting)s left; at most %(minutes)s min") % {
            "kind": kind, "waiting": f"{waiting:,}", "minutes": f"{left / 60:.1f}"
        }  # fmt: skip

    # --- One address ---------------------------------------------------------------------------

    def look(self, request: SiteRequest) -> Answer:
        """Request an address and note where the canary is in the answer.

        An answer may repeat the request. So if the request contains a name of the canary, the
        answer is compared with the answer for a name of the same length that never existed.
        """
        if time.monotonic() > self.seen_at + CHECK_CANARY_EVERY:
            self._still_there()
        answer = self._send(request)
        sent = " ".join([request.path, *(value for _, value in request.headers)]).lower()
        for needle in self.needles:
            if needle not in sent and (where := find_word(needle, answer)):
                self._note(request, where)
                return answer
        if self._note_countdown(request, answer):
            return answer
        if any(part in sent for part in self.canary.names.replaceable):
            self.report.compared += 1
            if difference := self._differs(request, answer):
                what = _("differs from an address that never existed: %(difference)s")
                self._note(request, what % {"difference": difference})
        return answer

    def _note_countdown(self, request: SiteRequest, answer: Answer) -> bool:
        """Note a header that reveals when something will be published, if it does so twice."""
        one = counts_down_to(answer, self.moments)
        if not one:
            return False
        name, value, moment = one
        if (name, moment) not in self.counting:
            time.sleep(4.5)  # a number that matched by chance does not match again
            other = counts_down_to(self._send(request), self.moments)
            if not other or (name, moment) != (other[0], other[2]):
                return False
            self.counting.add((name, moment))
        what = _(
            "header %(name)s: “%(value)s” reveals when something that is not public will be "
            "published (%(time)s UTC)"
        )
        values = {"name": name, "value": value, "time": f"{moment:%Y-%m-%d %H:%M:%S}"}
        self._note(request, what % values)
        return True

    def _still_there(self) -> None:
        """Make sure that the canary is still in place. Raises CheckError if not."""
        if not canaries.is_in_place(self.canary):
            raise CheckError(
                _(
                    "The canary was removed or changed during the check, by another leakcheck or "
                    "at the desk. Run one at a time, and do not edit the test release."
                )
            )
        self.seen_at = time.monotonic()

    def _send(self, request: SiteRequest) -> Answer:
        answer = self.site.send(request.path, request.method, dict(request.headers))
        self.report.requests[request.method] += 1
        self.report.addresses.add(request.path)
        self.progress(self.report, self.doing)
        return answer

    def _note(self, request: SiteRequest, where: str) -> None:
        self.report.sightings.append(Sighting(request.path, request.label, where))

    def _linked_pages(self) -> list[str]:
        """Return the pages of the public release and person that the canary is linked with."""
        linked = Release.objects.public().first()
        named = Person.objects.with_page().first()
        found = [thing.get_absolute_url() for thing in (linked, named) if thing]
        if linked:
            found += [reverse(form, args=[linked.slug])
                      for form in ("release_json", "release_text")]  # fmt: skip
        return found

    def _parts_of_the_sitemap(self) -> list[str]:
        path = reverse("sitemap")
        answer = self.site.send(path)
        if b"<sitemapindex" not in answer.body:
            return []
        parts = [link for link in self._links(path, answer) if link != path]
        return [*parts[:10], *parts[-1:]]

    def _differs(self, request: SiteRequest, answer: Answer) -> str:
        """Compare with an address that never existed, up to three times: editors may be working."""
        mine = Comparable(answer, self.canary.names)
        for _attempt in range(3):
            other = self._absent_answer(self.absent, request)
            difference = mine.difference(other)
            if not difference:
                return ""
            again = self._absent_answer(Names.new(), request)
            noise = other.different_headers(again)
            if other.body == again.body and not (difference := mine.difference(other, noise)):
                return ""
            mine = Comparable(self._send(request), self.canary.names)
        return difference

    def _absent_answer(self, absent: Names, request: SiteRequest) -> Comparable:
        return Comparable(self._send(self._renamed(absent, request)), absent)

    def _renamed(self, absent: Names, request: SiteRequest) -> SiteRequest:
        """Return the same request for a name that never existed."""

        def renamed(text: str) -> str:
            for mine, theirs in zip(self.canary.names.replaceable, absent.replaceable, strict=True):
                text = text.replace(mine, theirs).replace(mine.upper(), theirs.upper())
            return text

        headers = tuple((name, renamed(value)) for name, value in request.headers)
        return request._replace(path=renamed(request.path), headers=headers)

    def _links(self, path: str, answer: Answer) -> Iterator[str]:
        found = [answer.header("location")]
        if _TEXT.search(answer.header("content-type")):
            text = html.unescape(answer.body.decode(errors="replace").replace("\\/", "/"))
            found += [one or two for one, two in _LINKS.findall(text)]
            found += [part.split()[0] for each in re.findall('srcset="([^"]+)"', text)
                      for part in each.split(",") if part.strip()]  # fmt: skip
            if path == reverse("robots"):
                found += re.findall(r"^\w+:\s*(/\S*)", text, re.MULTILINE)
        for link in filter(None, found):
            try:
                parts = urlsplit(urljoin(self.site.origin + path, link.strip()))
            except ValueError:
                continue
            if f"{parts.scheme}://{parts.netloc}" in self.ours:
                query = f"?{parts.query}" if parts.query else ""
                yield quote(f"{parts.path or '/'}{query}", safe="/%?&=:+,;@!$'()*~#[]")


def _other_clients() -> Iterator[tuple[dict[str, str], str]]:
    """Yield the headers of other clients, each with its name for the report."""
    for name, agent in addresses.AGENTS.items():
        yield {"User-Agent": agent}, f"User-Agent: {name}"
    for name, headers in addresses.HEADERS.items():
        yield headers, name


def _filled(headers: dict[str, str], path: str) -> tuple[tuple[str, str], ...]:
    return tuple((name, value.replace("{path}", path)) for name, value in headers.items())


def _mixed(one: list[T], other: list[T]) -> Iterable[T]:
    """Yield from both in turn, until the longer one is finished."""
    nothing = object()
    for pair in zip_longest(one, other, fillvalue=nothing):
        yield from (each for each in pair if each is not nothing)  # type: ignore[misc]


def _shape(path: str) -> str:
    """Return the kind of an address: its route, and the names in its query."""
    place, _, query = path.partition("?")
    try:
        route = resolve(place).route
    except Resolver404:
        route = place.strip("/").partition("/")[0]
    names = {part.partition("=")[0] for part in query.split("&") if part}
    return f"{route}?{'&'.join(sorted(names))}"

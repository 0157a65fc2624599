"""Ask the running site, as a stranger, for a release that is not public yet.

A canary is planted in the deployment's own database and storage; then every address that a
stranger could know or guess is asked for, and every answer is searched for the canary. See
docs/decisions/0013.
"""

import gzip
import heapq
import html
import http.client
import io
import re
import ssl
import time
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from itertools import product
from math import prod
from typing import Any
from urllib.error import URLError
from urllib.parse import quote, unquote, unquote_to_bytes, urlencode, urljoin, urlsplit
from urllib.request import HTTPErrorProcessor, OpenerDirector, ProxyHandler, Request, build_opener

from django.conf import settings
from django.db import Error as DatabaseError
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.urls.resolvers import RoutePattern
from django.utils import timezone
from django.utils.http import http_date

from assets.models import MediaAsset
from assets.pictures import STYLES
from people.models import Person
from pressroom import canary as canaries
from pressroom.canary import Canary, Names
from releases.archive import Filters
from releases.models import Release
from releases.visibility import public_assets

MOST_ADDRESSES = 2000
MOST_TIME = timedelta(minutes=40)  # the canary's guardian takes it away after 50
TIMEOUT = 30  # seconds
MOST_COMBINATIONS = 400  # of what one address takes
MOST_BYTES = 64 * 1024 * 1024
EXTENSIONS = ["jpg", "txt", "docx", "json", "zip", "rss", "atom"]
OF_FILES = ["jpg", "webp", "avif", "png", "pdf"]

# Besides GET: how else the likeliest addresses are asked for.
OTHER_WAYS: list[tuple[str, dict[str, str]]] = [
    ("HEAD", {}),
    ("OPTIONS", {}),
    ("POST", {}),
    ("GET", {"If-None-Match": "*"}),
    ("GET", {"If-Modified-Since": http_date(time.time())}),
    ("GET", {"Range": "bytes=0-99"}),
    ("GET", {"Accept": "application/json"}),
]


class CannotCheck(Exception):
    """The check could not be carried out; its text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """A place where the canary was seen."""

    address: str
    way: str
    where: str


@dataclass(slots=True)
class Report:
    """What was asked, what was seen, and by what we know whom we asked."""

    control: list[str] = field(default_factory=list)
    asked: Counter[str] = field(default_factory=Counter)
    addresses: set[str] = field(default_factory=set)
    guessed: int = 0
    compared: int = 0
    seconds: float = 0
    sightings: list[Sighting] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


Progress = Callable[[Report, int], object]


def check(url: str, most: int, progress: Progress) -> Report:
    """Plant a canary, look for it everywhere at a site, remove it, and return what was seen.

    `progress` is told of each answer, with the number of addresses still known and not asked.
    Raises CannotCheck, and canary.NotRemoved where the canary is left behind.
    """
    started = time.monotonic()
    site = Site(origin_of(url))
    report = Report()
    try:
        alive(site)
        canaries.sweep()
        canary = canaries.choose()
        with canaries.removed_at_the_end(canary.names):
            report.control = control(site, canary.names)
            search = Search(site, canary, report, progress)
            search.ask_before()
            search.canary = canaries.plant(search.canary)
            search.crawl(most)
            search.still_there()
            search.guess()
            search.still_there()
        search.compare_changes()
        alive(site)
    except canaries.NoGuardian as problem:
        raise CannotCheck(str(problem)) from problem
    except canaries.Interrupted as signal:
        raise CannotCheck(f"Interrupted by {signal}. The canary is removed.") from None
    except DatabaseError as problem:
        raise CannotCheck(f"The database cannot be asked: {problem}") from problem
    report.seconds = time.monotonic() - started
    return report


# --- The site ----------------------------------------------------------------------------------


class _AsItIs(HTTPErrorProcessor):
    """Every answer is an answer: no redirect is followed, no status is an exception."""

    def http_response(self, request: Any, response: Any) -> Any:
        return response

    https_response = http_response


@dataclass(frozen=True, slots=True)
class Answer:
    """What the site told: the status line, the headers in order, the body decompressed."""

    status: int
    reason: str
    headers: list[tuple[str, str]]
    body: bytes

    def without_the_wait(self) -> "Answer":
        """Return what somebody who guesses at previews gets before having to wait.

        The page is the same; each process of the site counts for itself when to say so.
        """
        kept = [(name, value) for name, value in self.headers if name.lower() != "retry-after"]
        return replace(self, status=404, reason="Not Found", headers=kept)

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key.lower() == name), "")


class Site:
    """A site as a stranger asks it: no cookie, no memory, no way round by a proxy of ours."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.opener: OpenerDirector = build_opener(_AsItIs, ProxyHandler({}))

    def ask(self, path: str, method: str = "GET", headers: dict[str, str] | None = None) -> Answer:
        """Ask for a path. Raises CannotCheck where no answer is to be had."""
        request = Request(  # noqa: S310
            self.origin + path,
            method=method,
            headers={"User-Agent": "Pressroom-leakcheck", **(headers or {})},
            data=b"" if method == "POST" else None,
        )
        for wait in (1, 3, None):
            try:
                answer = self._answer(request)
            except (OSError, http.client.HTTPException) as problem:
                certificate = isinstance(_reason(problem), ssl.SSLCertVerificationError)
                if wait is None or certificate:
                    raise CannotCheck(self._unreachable(path, problem)) from problem
            else:
                if answer.status == 429 and path.startswith("/preview/"):
                    return answer.without_the_wait()
                if answer.status not in (429, 502, 504):
                    return answer
                if wait is None:
                    raise CannotCheck(
                        f"{self.origin}{path} answers {answer.status} {answer.reason}, three "
                        "times over. Something in front of the site keeps us from asking it: let "
                        "this machine ask, or name an address behind it with --url."
                    )
            time.sleep(wait)
        raise AssertionError

    def _answer(self, request: Request) -> Answer:
        with self.opener.open(request, timeout=TIMEOUT) as response:
            body = response.read(MOST_BYTES)
            return Answer(
                response.status,
                response.reason or "",
                response.headers.items(),
                _decompressed(body, response.headers.get("Content-Encoding", "")),
            )

    def _unreachable(self, path: str, problem: Exception) -> str:
        reason = _reason(problem)
        if isinstance(reason, ssl.SSLCertVerificationError):
            return (
                f"The certificate of {self.origin} is not trusted: {reason.verify_message}. "
                "Name the host that it was made for, or renew it."
            )
        if isinstance(reason, ssl.SSLError):
            return f"{self.origin} does not speak HTTPS as it should: {reason}."
        said = getattr(reason, "strerror", None) or str(reason) or type(reason).__name__
        return f"{self.origin}{path} cannot be reached: {said}. Is the site running there?"


def _reason(problem: Exception) -> Any:
    return problem.reason if isinstance(problem, URLError) else problem


def _decompressed(body: bytes, encoding: str) -> bytes:
    try:
        return gzip.decompress(body) if encoding == "gzip" else body
    except (OSError, EOFError, zlib.error):
        return body


def origin_of(url: str) -> str:
    """Return the origin that an operator named. Raises CannotCheck with what is wrong with it."""
    try:
        parts = urlsplit(url)
        right = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        host = (parts.hostname or "").encode("idna").decode()
    except (ValueError, UnicodeError):
        right, host = False, ""
    if not right or "@" in parts.netloc or parts.path.strip("/") or parts.query or parts.fragment:
        raise CannotCheck(
            f"“{url}” is not the address of a site. Write scheme and host, and a port where there "
            "is one: --url https://news.example.org"
        )
    host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port else "")


# --- Whom we ask -------------------------------------------------------------------------------


def alive(site: Site) -> None:
    """Make sure that a Pressroom answers. Raises CannotCheck where it does not."""
    front = site.ask(reverse("newsroom"))
    if 300 <= front.status < 400:
        raise CannotCheck(
            f"{site.origin} leads on to {front.header('location')}. Name the address that readers "
            "use: --url https://news.example.org"
        )
    health = site.ask(reverse("healthz"))
    feed = reverse("feed").encode()
    if front.status != 200 or feed not in front.body or health.body != b"ok\n":
        raise CannotCheck(
            f"What answers at {site.origin} does not look like Pressroom (the front page: "
            f"{front.status} {front.reason}; {reverse('healthz')}: {health.status}). Is it the "
            "right address, and among the site's ALLOWED_HOSTS?"
        )


def control(site: Site, names: Names) -> list[str]:
    """Make sure that the site uses this database and storage; return how we know, in sentences.

    Raises CannotCheck where it uses others, or where nothing can be known of it.
    """
    ways = (_same_sessions(site, names), _same_sitemap(site), _same_pictures(site))
    proven = [said for said in ways if said]
    if not proven:
        raise CannotCheck(
            f"Whether {site.origin} uses this database cannot be known: the newsroom is empty, "
            "and its sign-in page cannot be asked from here. Publish a first release, or run "
            "this where /admin/ answers."
        )
    if not Release.objects.public().exists():
        proven.append("The newsroom is empty: no public release, so no list to leak into.")
    return proven


def _same_sessions(site: Site, names: Names) -> str:
    """Compare sessions: a site takes the cookie of one that it does not have out of the browser.

    Says something of an empty newsroom as well, publishes nothing and lets nobody in.
    """
    page, cookie = reverse("admin:login"), settings.SESSION_COOKIE_NAME

    def is_known(key: str) -> bool | None:
        answer = site.ask(page, headers={"Cookie": f"{cookie}={key}"})
        if answer.status != 200:
            return None
        told = [value for name, value in answer.headers if name.lower() == "set-cookie"]
        return not any(value.startswith(f"{cookie}=") for value in told)

    with canaries.known_session(names) as key:
        ours = is_known(key)
    none = is_known(canaries.SESSIONS + Names.new().word)
    if ours is None or none is None or none:
        return ""  # the sign-in is closed to us, or something in front drops cookies
    if not ours:
        raise CannotCheck(_other_database(site, "does not know a session that was stored here"))
    return (
        "The site knew a session that was stored in this database for a moment, and did not know "
        "one that never was: it uses this database."
    )


def _same_sitemap(site: Site) -> str:
    for _ in range(3):  # a release may go public between the two
        here = {unquote(release.get_absolute_url()) for release in Release.objects.public()}
        files = _listed_in(site, reverse("sitemap"))
        there = {unquote(urlsplit(u).path) for file in files for u in _listed_in(site, file)}
        there = {path for path in there if re.fullmatch("/releases/[^/]+/", path)}
        if here == there:
            break
        time.sleep(1)
    else:
        raise CannotCheck(
            _other_database(
                site,
                f"lists {len(there)} public releases in its sitemap where this database has "
                f"{len(here)}, of which {len(here & there)} are the same",
            )
        )
    if not here:
        return ""
    return f"Its sitemap lists the {len(here)} public releases of this database, and no other."


def _listed_in(site: Site, path: str) -> list[str]:
    """Return the addresses that a file of the sitemap lists, as paths of the site we ask."""
    told = site.ask(path).body.decode(errors="replace")
    parts = [urlsplit(html.unescape(url)) for url in re.findall("<loc>(.*?)<", told)]
    return [f"{part.path}?{part.query}" if part.query else part.path for part in parts]


def _same_pictures(site: Site) -> str:
    picture = public_assets().first()
    made = [
        (style, extension)
        for style, cut in (picture.renditions.get("styles", {}) if picture else {}).items()
        for extension in cut["formats"]
    ]
    if picture is None or not made:
        return ""
    smallest = min(made, key=lambda cut: picture.size(cut[0]))
    try:
        with picture.open_rendition(*smallest) as file:
            stored = file.read()
    except FileNotFoundError:
        stored = None
    if site.ask(picture.rendition_url(*smallest)).body != stored:
        raise CannotCheck(
            f"{site.origin} does not serve the picture {picture.rendition_url(*smallest)} as it "
            "is stored here: it uses other files. Run this where the site runs, with its "
            "MEDIA_ROOT."
        )
    return "It serves a public picture byte for byte as it is stored here: it uses this storage."


def _other_database(site: Site, how: str) -> str:
    return (
        f"{site.origin} uses another database than this command: it {how}. Run this where the "
        "site runs, with its DATABASE_URL, or name the right site with --url. (Where a cache in "
        "front does not ask again for each page, that is the fault.)"
    )


# --- What is asked -----------------------------------------------------------------------------


def patterns() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every address of the URLconf with its parameters, of the desk those of our rows."""
    yield from _patterns(get_resolver(), "/", {})


DESK = re.compile("releases/release/|people/person/|assets/mediaasset/")


def _patterns(
    resolver: URLResolver, prefix: str, converters: dict[str, Any]
) -> Iterator[tuple[str, dict[str, Any]]]:
    for pattern in resolver.url_patterns:
        if not isinstance(pattern.pattern, RoutePattern):
            continue  # a regular expression, as the desk's last resort
        taken = converters | pattern.pattern.converters
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _patterns(pattern, route, taken)
        elif isinstance(pattern, URLPattern) and (
            not route.startswith(reverse("admin:index")) or DESK.search(route)
        ):
            yield route, taken


def fixed_addresses() -> list[str]:
    """Return every public address without a parameter."""
    desk = reverse("admin:index")
    return [route for route, taken in patterns() if not taken and not route.startswith(desk)]


def narrowed(canary: Canary) -> list[str]:
    """Return the lists and feeds, narrowed to where the canary will stand, without its word."""
    day = canary.names.lifts
    values = {
        "kind": [canary.kind], "language": [canary.language], "country": [canary.country],
        "year": [day[:4]], "from": [day], "to": [day], "page": ["2", "last"],
    }  # fmt: skip
    lists = [path for path in fixed_addresses() if path.startswith(reverse("archive"))]
    return [
        f"{path}?{urlencode({name: value})}"
        for path in lists
        for name, tried in values.items()
        for value in tried
    ]


_FORMS = [
    "/releases/{}", "/releases/{}.json", "/preview/{}/", "/r/{}", "/{}", "/{}/",
    "/api/releases/{}", "/api/releases/{}/", "/api/v1/releases/{}/",
]  # fmt: skip


def guesses(canary: Canary) -> Iterator[tuple[str, bool]]:
    """Yield every address at which a stranger could look for the canary, and which are likely."""
    names = canary.names
    slugs = _slugs(names)
    likely = (
        names.title_slug, names.former_slug, str(names.release), f"{names.release}/change",
        f"{names.poster}/poster.jpg",
    )  # fmt: skip
    for route, taken in patterns():
        for number, path in enumerate(_filled(route, taken, canary, slugs)):
            yield path, number == 0 or path.rstrip("/").endswith(likely)
    words = [names.word, names.title_slug]  # the topic and the speaker have the title's address
    asked = {each.name.rstrip("_") for each in fields(Filters)} | {"q", "search", "s", "id"}
    for path in fixed_addresses():
        for name, word in product(sorted(asked), words):
            yield f"{path}?{urlencode({name: word})}", word == names.word and name == "q"
    desk = reverse("admin:index")
    yield f"{desk}releases/release/?q={names.word}", False
    yield f"{desk}login/?next={desk}releases/release/{names.release}/change/", True
    yield (
        f"{desk}autocomplete/?term={names.word}&app_label=releases&model_name=release"
        "&field_name=translation_of",
        False,
    )
    for slug in (names.slug, names.former_slug, str(names.release)):
        for file in (
            "release.txt",
            "release.docx",
            "release.json",
            "media.zip",
            "card.jpg",
        ):
            yield f"/releases/{slug}/{file}", False
        for form in _FORMS:
            yield form.format(slug), form == "/preview/{}/"
    yield from ((path, path in _likely_files(names)) for path in _stored(names))


def _slugs(names: Names) -> list[str]:
    today = timezone.localdate()
    earlier = today.replace(day=1) - timedelta(days=1)
    ends = ["1", "2", f"{today:%Y}", f"{today:%Y-%m}", f"{earlier:%Y-%m}", names.lifts]
    hexes = [names.release.hex, names.release.hex[:8]]
    return [
        names.slug, names.former_slug, names.title_slug, names.word,
        *(f"{names.slug}-{end}" for end in ends),
        *(f"{end}-{names.slug}" for end in ends[2:]),
        str(names.release), *hexes, f"{names.title_slug}-{hexes[1]}", f"release-{hexes[1]}",
        names.slug.upper(), f"{names.title_slug}-{names.person.hex[:8]}",
    ]  # fmt: skip


def _filled(route: str, taken: dict[str, Any], canary: Canary, slugs: list[str]) -> Iterator[str]:
    names = canary.names
    uuids = [names.release, names.poster, names.inside, names.document, names.person]

    def tried(name: str, converter: Any) -> list[Any]:
        match type(converter).__name__, name:
            case "UUIDConverter", _:
                return uuids
            case "IntConverter", _:
                return list(canary.numbers)
            case _, "style":
                return [*STYLES, "file", "original"]
            case _, ("extension" | "ext" | "format"):
                return OF_FILES if "style" in taken else EXTENSIONS
            case _, "object_id":
                return uuids
        return slugs

    if not taken:
        return
    for values in _combined([tried(name, converter) for name, converter in taken.items()]):
        path = route
        for name, value in zip(taken, values, strict=True):
            path = re.sub(f"<(?:[^<>:]+:)?{name}>", quote(str(value)), path)
        yield path


def _combined(tried: list[list[Any]]) -> Iterator[tuple[Any, ...]]:
    """Yield every combination, or where there are too many, those with one thing unlikely."""
    if prod(map(len, tried)) <= MOST_COMBINATIONS:
        yield from product(*tried)
        return
    first = tuple(values[0] for values in tried)
    yield first
    for at, values in enumerate(tried):
        yield from ((*first[:at], value, *first[at + 1 :]) for value in values[1:])


def _likely_files(names: Names) -> list[str]:
    return [f"/media/{names.originals[0]}", f"/static/{names.originals[0]}"]


def _stored(names: Names) -> Iterator[str]:
    """Yield the files of the canary's pictures by the paths at which they are stored."""
    paths = [*names.originals, f"{names.word}.png", f"{names.word}.pdf"]
    for pk in (names.poster, names.inside, names.document):
        paths += [f"originals/{pk}/", f"renditions/{pk}/", f"{pk}/original"]
    for picture in MediaAsset.objects.filter(pk__in=[names.poster, names.inside]):
        for style, cut in picture.renditions.get("styles", {}).items():
            for extension in cut["formats"]:
                paths.append(picture.rendition_path(style, extension))
                paths.append(f"renditions/{picture.pk}/{style}.{extension}")
    for base in ("/media/", "/static/", "/var/media/", "/", "/static/../media/",
                 "/static/..%2Fmedia%2F", "/static../media/"):  # fmt: skip
        for path in paths:
            yield base + (path.replace("/", "%2F") if base.endswith("%2F") else path)


# --- The search --------------------------------------------------------------------------------

# A link in HTML, XML or JSON: what stands in quotes or between tags, and leads into the site.
_LINKS = re.compile(
    r"""(?:href|src|action|content|poster|data-[a-z-]+)\s*=\s*["']([^"'<>]+)["']"""
    r"""|["'>\s,](/[^\s"'<>,]*|https?://[^\s"'<>,]+)"""
)
_TEXT = re.compile("text/|xml|json|javascript")
# What differs from one answer to the next, whoever asks: tokens, and the present moment.
_TOKENS = re.compile(rb'(csrfmiddlewaretoken" value="|nonce="|\'nonce-|csrftoken=)[\w+/=-]+')
_MOMENTS = re.compile(
    rb"\d{4}-\d\d-\d\dt\d\d:\d\d:\d\d(?:\.\d+)?(?:z|[+-]\d\d:\d\d)"
    rb"|(?:mon|tue|wed|thu|fri|sat|sun), \d\d \w{3} \d{4} \d\d:\d\d:\d\d gmt"
)
_BY_THE_WAY = {"date", "age", "x-request-id"}


class Search:
    """One search of a site for one canary."""

    def __init__(self, site: Site, canary: Canary, report: Report, progress: Progress) -> None:
        self.site, self.canary, self.report, self.progress = site, canary, report, progress
        self.never = Names.new()
        self.before: dict[str, tuple[Answer, Answer]] = {}
        self.changed: dict[str, str] = {}
        self.waiting = 0
        self.until = time.monotonic() + MOST_TIME.total_seconds()
        self.ours = {site.origin, settings.SITE_URL}

    def ask_before(self) -> None:
        """Note what the lists look like without the canary; twice, to see what changes anyway."""
        paths = [*fixed_addresses(), *narrowed(self.canary), *self._company()]
        first = {path: self._ask(path) for path in paths}
        time.sleep(1.1)  # so that a page which prints the present second differs from itself
        self.before = {path: (answer, self._ask(path)) for path, answer in first.items()}

    def crawl(self, most: int) -> None:
        """Follow every link from the fixed addresses on, those with few filters first."""
        known = set(self.before)
        queue: list[tuple[int, int, str]] = []
        for number, path in enumerate(self.before):
            heapq.heappush(queue, (-1, number, path))
        asked = 0
        while queue and (asked < most or queue[0][0] < 0):
            _, _, path = heapq.heappop(queue)
            self.waiting = len(queue)
            answer = self.look(path, headers={"Accept-Encoding": "gzip"})
            asked += 1
            if path in self.before:
                self._compare_with_before(path)
            for link in self._links(path, answer):
                if link not in known:
                    known.add(link)
                    heapq.heappush(queue, (link.count("=") + link.count("&"), len(known), link))
        if queue:
            self.report.notes.append(
                f"{len(queue)} more links were known and not followed: --max-pages is {most}."
            )

    def guess(self) -> None:
        """Ask for every address that a stranger could guess."""
        likely: dict[str, bool] = {}
        for path, is_likely in guesses(self.canary):
            likely[path] = is_likely or likely.get(path, False)
        self.report.guessed = len(likely)
        for number, (path, is_likely) in enumerate(likely.items()):
            self.waiting = len(likely) - number
            self.look(path)
            if is_likely:
                for method, headers in OTHER_WAYS:
                    self.look(path, method, headers)

    def still_there(self) -> None:
        """Make sure that what was not seen was there to be seen."""
        if not canaries.is_in_place(self.canary):
            raise CannotCheck(
                "The canary was taken away or changed while the site was asked: by another "
                "leakcheck, or at the desk. Run one at a time, and leave it alone."
            )

    def look(self, path: str, method: str = "GET", headers: dict[str, str] | None = None) -> Answer:
        """Ask for an address and note where the canary is in the answer.

        An answer may repeat what was asked for. So where the address holds the canary's name, the
        answer is compared with that for a name of the same length which nothing ever had.
        """
        answer = self._ask(path, method, headers)
        asked = path.lower()
        way = " ".join([method, *(name for name in headers or {} if name != "Accept-Encoding")])
        for needle in self.canary.names.needles:
            if needle not in asked and (where := _seen(needle, answer)):
                self._note(path, way, where)
                return answer
        if any(part in asked for part in self.canary.names.replaceable):
            self.report.compared += 1
            if difference := self._differs(path, method, headers, answer):
                self._note(path, way, f"not as for an address that never was: {difference}")
        return answer

    def compare_changes(self) -> None:
        """Ask again, without the canary, for the lists that changed: is it as it was before?"""
        for path, difference in self.changed.items():
            if self._differs_from_before(path):
                self.report.notes.append(f"{path} changed meanwhile, for a reason of its own.")
            else:
                self._note(path, "GET", f"changed while the canary was there: {difference}")

    def _ask(self, path: str, method: str = "GET", headers: Any = None) -> Answer:
        if time.monotonic() > self.until:
            raise CannotCheck(
                f"After {MOST_TIME.seconds // 60} minutes the search was not done, and the "
                "canary's hour comes nearer. Ask for less: --max-pages 500"
            )
        answer = self.site.ask(path, method, headers)
        self.report.asked[" ".join([method, *(headers or {})])] += 1
        self.report.addresses.add(path)
        self.progress(self.report, self.waiting)
        return answer

    def _note(self, path: str, way: str, where: str) -> None:
        self.report.sightings.append(Sighting(path, way, where))

    def _company(self) -> list[str]:
        """Return the pages of the public things that the canary stands beside."""
        beside = Release.objects.public().first()
        named = Person.objects.with_page().first()
        return [thing.get_absolute_url() for thing in (beside, named) if thing]

    def _compare_with_before(self, path: str) -> None:
        if difference := self._differs_from_before(path):
            self.changed[path] = difference

    def _differs_from_before(self, path: str) -> str:
        """Compare with how it was; what had moved already without a canary says nothing of it."""
        names, answers = self.canary.names, (*self.before[path], self._ask(path))
        first, second, now = (Told(answer, names, blurred=False) for answer in answers)
        if first.difference(second):
            first, second, now = (Told(answer, names) for answer in answers)
        if first.body != second.body:
            return ""
        return now.difference(second, besides=first.different_headers(second))

    def _differs(self, path: str, method: str, headers: Any, answer: Answer) -> str:
        """Compare with an address that never was; thrice, since the newsroom may be at work."""
        mine = Told(answer, self.canary.names)
        for _ in range(3):
            other = self._never(self.never, path, method, headers)
            difference = mine.difference(other)
            if not difference:
                return ""
            again = self._never(Names.new(), path, method, headers)
            noise = other.different_headers(again)
            if other.body == again.body and not (difference := mine.difference(other, noise)):
                return ""
            mine = Told(self._ask(path, method, headers), self.canary.names)
        return difference

    def _never(self, never: Names, path: str, method: str, headers: Any) -> "Told":
        for mine, theirs in zip(self.canary.names.replaceable, never.replaceable, strict=True):
            path = path.replace(mine, theirs).replace(mine.upper(), theirs.upper())
        return Told(self._ask(path, method, headers), never)

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


class Told:
    """An answer without what differs anyway, and with the names that were asked for taken out.

    Blurred, the present moment is taken out as well: an empty feed prints it.
    """

    def __init__(self, answer: Answer, names: Names, blurred: bool = True) -> None:
        self.status = f"{answer.status} {answer.reason}"
        self.now = _moment(answer.header("date").encode()) or timezone.now()
        self.names, self.blurred = names, blurred
        raw = answer.body.lower()
        self.body = self._plain(raw)
        # The tag of a page that repeats what was asked for is as different as the page.
        left_out = _BY_THE_WAY | ({"etag"} if any(self._in(raw)) else set())
        told = [(key.lower(), value) for key, value in answer.headers]
        self.headers = sorted(
            (key, self._plain(value.lower().encode(errors="replace")))
            for key, value in told
            if key not in left_out
        )

    def different_headers(self, other: "Told") -> set[str]:
        mine, theirs = set(self.headers), set(other.headers)
        return {key for key, _ in mine ^ theirs}

    def difference(self, other: "Told", besides: set[str] | None = None) -> str:
        """Return how this differs from another answer, "" where it does not."""
        if self.status != other.status:
            return f"status {self.status} instead of {other.status}"
        for key in sorted(self.different_headers(other) - (besides or set())):
            mine, theirs = ([v for k, v in told.headers if k == key] for told in (self, other))
            return f"header {key}: {_words(mine)} instead of {_words(theirs)}"
        if self.body != other.body:
            at = next(
                (n for n, (a, b) in enumerate(zip(self.body, other.body, strict=False)) if a != b),
                min(len(self.body), len(other.body)),
            )
            mine, theirs = (
                [b[max(at - 30, 0) : at + 60] or b"nothing"] for b in (self.body, other.body)
            )
            return f"body {_words(mine)} instead of {_words(theirs)}"
        return ""

    def _in(self, text: bytes) -> Iterator[bool]:
        yield from (part.encode() in text for part in self.names.replaceable)

    def _plain(self, text: bytes) -> bytes:
        for number, part in enumerate(self.names.replaceable):
            text = text.replace(part.encode(), b"{%d}" % number)
        text = _TOKENS.sub(rb"\1-", text)
        return _MOMENTS.sub(self._now_or_as_it_is, text) if self.blurred else text

    def _now_or_as_it_is(self, match: re.Match[bytes]) -> bytes:
        moment = _moment(match[0])
        is_now = moment and abs(moment - self.now) < timedelta(seconds=5)
        return b"{now}" if is_now else match[0]


def _moment(text: bytes) -> datetime | None:
    said = text.decode(errors="replace")
    try:
        if said[:1].isdigit():
            return datetime.fromisoformat(said.upper())
        return parsedate_to_datetime(said)
    except (ValueError, TypeError):
        return None


def _words(values: list[bytes]) -> str:
    text = b", ".join(values).decode(errors="replace") or "none"
    return f"“{' '.join(text.split())[:120]}”"


def _seen(needle: str, answer: Answer) -> str:
    """Return where a word is in an answer, "" where it is not."""
    if needle in answer.reason.lower():
        return f"status line: {answer.status} {answer.reason}"
    for name, value in answer.headers:
        if needle in unquote(f"{name}: {value}").lower():
            return f"header {name}: {_around(needle, unquote(value))}"
    for inside, body in _bodies(answer.body):
        for form in (body, unquote_to_bytes(body) if b"%" in body else b""):
            if needle.encode() in form.lower():
                return f"body{inside}: {_around(needle, form.decode(errors='replace'))}"
    return ""


def _bodies(body: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield a body, and what is packed into it where it is a ZIP or a Word file."""
    yield "", body
    if body.startswith(b"PK"):
        try:
            with zipfile.ZipFile(io.BytesIO(body)) as packed:
                for member in packed.infolist():
                    yield f" (in {member.filename})", member.filename.encode()
                    if member.file_size < MOST_BYTES:
                        yield f" (in {member.filename})", packed.read(member)
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, zlib.error):
            return


def _around(needle: str, text: str) -> str:
    at = text.lower().find(needle)
    excerpt = " ".join(text[max(at - 50, 0) : at + len(needle) + 50].split())
    return "“" + "".join(c if c.isprintable() else "·" for c in excerpt) + "”"

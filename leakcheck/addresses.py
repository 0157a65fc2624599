"""The addresses that a stranger could know or guess, and the ways to request them."""

import re
import time
from collections.abc import Iterator
from dataclasses import fields
from datetime import timedelta
from itertools import product
from math import prod
from typing import Any
from urllib.parse import quote, urlencode

from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.urls.resolvers import RoutePattern
from django.utils import timezone
from django.utils.http import http_date

from assets.models import MediaAsset
from assets.pictures import STYLES
from leakcheck.canary import Canary, Names
from newsroom.archive import Filters
from newsroom.formats import RELEASE_FORMATS
from people.models import Person
from releases.models import Release

MAX_COMBINATIONS = 400  # of the parameters of one route
EXTENSIONS = ["jpg", "txt", "docx", "json", "zip", "rss", "atom"]
OF_FILES = ["jpg", "webp", "avif", "png", "pdf"]

# Other ways than a plain GET to request the likeliest addresses.
OTHER_WAYS: list[tuple[str, dict[str, str]]] = [
    ("HEAD", {}),
    ("OPTIONS", {}),
    ("POST", {}),
    ("GET", {"If-None-Match": "*"}),
    ("GET", {"If-Modified-Since": http_date(time.time())}),
    ("GET", {"Range": "bytes=0-99"}),
    ("GET", {"Accept": "application/json"}),
]

# Sites and their proxies may treat robots, link previews and phones differently.
_BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0"
AGENTS = {
    "Twitterbot": "Twitterbot/1.0",
    "facebookexternalhit": "facebookexternalhit/1.1",
    "Googlebot": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Chrome": f"{_BROWSER} Safari/537.36",
    "Slackbot": "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    "WhatsApp": "WhatsApp/2.24",
    "iPhone": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Mobile/15E148",
    "(empty)": "",
    "curl": "curl/8.5.0",
    "LinkedInBot": "LinkedInBot/1.0 (compatible; Mozilla/5.0)",
    "TelegramBot": "TelegramBot (like TwitterBot)",
    "bingbot": "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    "GPTBot": "GPTBot/1.2",
    "archive.org_bot": "Mozilla/5.0 (compatible; archive.org_bot)",
    "Feedly": "Feedly/1.0 (+http://www.feedly.com/fetcher.html; 1 subscribers)",
    "Discordbot": "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)",
    "Pingdom": "Pingdom.com_bot_version_1.4",
    "Lynx": "Lynx/2.9.0",
}
# Other headers of a request. {path} stands for the requested address.
HEADERS: dict[str, dict[str, str]] = {
    "Accept-Encoding": {"Accept-Encoding": "gzip"},
    "X-Original-URL": {"X-Original-URL": "{path}", "X-Rewrite-URL": "{path}"},
    "X-Forwarded-For": {"X-Forwarded-For": "127.0.0.1", "X-Real-IP": "127.0.0.1"},
    "Accept-Language": {"Accept-Language": "ar,zh;q=0.9"},
    "X-Requested-With": {"X-Requested-With": "XMLHttpRequest", "HX-Request": "true"},
    "Cookie": {"Cookie": "preview=1; draft=1; debug=1; is_staff=1"},
    "Referer": {"Referer": "https://www.google.com/"},
    "Purpose": {"Purpose": "prefetch", "Sec-Purpose": "prefetch"},
    "X-HTTP-Method-Override": {"X-HTTP-Method-Override": "HEAD"},
    "Cache-Control": {"Cache-Control": "no-cache", "Pragma": "no-cache"},
    "X-Preview": {"X-Preview": "1", "X-Draft": "1", "X-Debug": "1"},
}
# Query strings that are added to an address. {day} is the day on which the embargo ends.
SWITCHES = [
    "draft=1", "preview=1", "format=json", "debug=1", "amp=1", "print=1", "as_of={day}",
    "draft=true", "preview=true", "status=scheduled", "all=1", "show=all", "embargo=0",
    "unpublished=1", "include=drafts", "status=approved", "at={day}", "date={day}",
    "now={day}", "version=1", "v=2", "rev=1", "revision=latest", "edit=1", "admin=1", "test=1",
    "staging=1", "nocache=1", "state=draft", "scheduled=1", "hidden=1", "private=1", "view=full",
    "mode=preview", "format=rss", "format=amp", "format=txt", "output=json", "output=1", "raw=1",
    "json=1", "mobile=1", "embed=1", "download=1", "share=1", "source=1", "lang=en", "locale=en",
    "fields=*", "expand=all", "callback=x", "limit=1000", "per_page=1000", "offset=0", "page=all",
    "sort=-publish_at", "order=desc", "future=1", "token=1", "key=1", "utm_source=x", "_=1",
    "published=0", "is_public=0", "deleted=1", "p=1", "id=1", "noredirect=1", "redirect=0",
]  # fmt: skip


def patterns() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every route with its parameters, but desk routes only for releases, people, files."""
    yield from _patterns(get_resolver(), "/", {})


DESK = re.compile("releases/release/|people/person/|assets/mediaasset/")


def _patterns(
    resolver: URLResolver, prefix: str, converters: dict[str, Any]
) -> Iterator[tuple[str, dict[str, Any]]]:
    for pattern in resolver.url_patterns:
        if not isinstance(pattern.pattern, RoutePattern):
            continue  # a regular expression: the desk's catch-all
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
    """Return lists and feeds with filters that match the canary and do not contain its word."""
    day = canary.names.embargo_ends
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


def main_lists() -> list[str]:
    """Return the lists in which a release appears first."""
    return [reverse(name) for name in ("newsroom", "archive", "feed", "sitemap_releases", "people")]


def likeliest(canary: Canary) -> list[str]:
    """Return the addresses of the canary that a stranger would try first."""
    names = canary.names
    release = reverse("release", args=[names.slug])
    return [
        release,
        reverse("rendition", args=[names.poster, "poster", "jpg"]),
        reverse("release_json", args=[names.slug]),
        reverse("release", args=[names.former_slug]),
        reverse("person", args=[names.title_slug]),
        reverse("release_zip", args=[names.slug]),
    ]


def searches(canary: Canary) -> list[str]:
    """Return searches for the words of the canary, in every way in which somebody may type them.

    Each list and feed of releases is asked, and the page of a person.
    """
    names = canary.names
    public, named = Release.objects.public().first(), Person.objects.with_page().first()
    lists = [path for path in fixed_addresses() if path.startswith(reverse("archive"))]
    pages = [*lists, *([named.get_absolute_url()] if named else [])]
    typed = [
        names.word, names.beginning, names.misspelt, f'"{names.word} said so"', names.title,
        *([f"{public.title[:60]} -{names.word}"] if public else []),
    ]  # fmt: skip
    queries = [{"q": text} for text in typed]
    queries += [{"q": names.word, "show": kind} for kind in ("quotations", "people")]
    return [f"{path}?{urlencode(query)}" for path in pages for query in queries]


def first_of_each(canary: Canary) -> list[str]:
    """Return a search, and the likeliest address of each public route with a parameter."""
    slugs = _slugs(canary.names)
    search = f"{reverse('archive')}?{urlencode({'q': canary.names.word})}"
    return [search] + [
        path
        for route, taken in patterns()
        if not route.startswith(reverse("admin:index"))
        for path in [*_filled(route, taken, canary, slugs)][:1]
    ]


_FORMS = [
    "/releases/{}", "/releases/{}.json", "/preview/{}/", "/r/{}", "/{}", "/{}/",
    "/api/releases/{}", "/api/releases/{}/", "/api/v1/releases/{}/",
]  # fmt: skip


def guesses(canary: Canary) -> Iterator[tuple[str, bool]]:
    """Yield every address where a stranger could look for the canary, and whether it is likely."""
    names = canary.names
    slugs = _slugs(names)
    likely = (
        names.title_slug, names.former_slug, str(names.release), f"{names.release}/change",
        f"{names.poster}/poster.jpg",
    )  # fmt: skip
    for route, taken in patterns():
        for number, path in enumerate(_filled(route, taken, canary, slugs)):
            yield path, number == 0 or path.rstrip("/").endswith(likely)
    words = [names.word, names.title_slug]  # topic and speaker have the slug of the title
    parameters = {each.name.rstrip("_") for each in fields(Filters)} | {"q", "search", "s", "id"}
    for path in fixed_addresses():
        for name, word in product(sorted(parameters), words):
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
        for each in RELEASE_FORMATS:
            yield f"/releases/{slug}/{each.file}", False
        for form in _FORMS:
            yield form.format(slug), form == "/preview/{}/"
    yield from ((path, path in _likely_files(names)) for path in _stored(names))


def _slugs(names: Names) -> list[str]:
    today = timezone.localdate()
    earlier = today.replace(day=1) - timedelta(days=1)
    ends = ["1", "2", f"{today:%Y}", f"{today:%Y-%m}", f"{earlier:%Y-%m}", names.embargo_ends]
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
    """Yield every combination. If there are too many: those with at most one unlikely value."""
    if prod(map(len, tried)) <= MAX_COMBINATIONS:
        yield from product(*tried)
        return
    first = tuple(values[0] for values in tried)
    yield first
    for at, values in enumerate(tried):
        yield from ((*first[:at], value, *first[at + 1 :]) for value in values[1:])


def _likely_files(names: Names) -> list[str]:
    return [f"/media/{names.originals[0]}", f"/static/{names.originals[0]}"]


def _stored(names: Names) -> Iterator[str]:
    """Yield addresses made from the storage paths of the canary's pictures."""
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

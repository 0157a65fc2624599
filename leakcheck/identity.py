"""Whether what answers is a Pressroom, and uses this database and this storage."""

import html
import re
import time
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.urls import reverse

from leakcheck import canary as canaries
from leakcheck.canary import Names
from leakcheck.site import CannotCheck, Site
from releases.models import Release
from releases.rules.visibility import public_assets


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
        cookies = [value for name, value in answer.headers if name.lower() == "set-cookie"]
        return not any(value.startswith(f"{cookie}=") for value in cookies)

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
        there = {path for path in _listed(site) if re.fullmatch("/releases/[^/]+/", path)}
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


def _listed(site: Site) -> Iterator[str]:
    """Yield the paths that the sitemap lists, in its parts where it has some."""
    parts, read = [reverse("sitemap")], set()
    while parts:
        part = parts.pop()
        if part in read:
            continue
        read.add(part)
        said = site.ask(part).body.decode(errors="replace")
        found = [urlsplit(html.unescape(link)) for link in re.findall("<loc>\\s*(.*?)\\s*<", said)]
        if "<sitemapindex" in said:
            parts += [f"{link.path}?{link.query}" if link.query else link.path for link in found]
        else:
            yield from (unquote(link.path) for link in found)


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
    if site.ask(picture.public_url(*smallest)).body != stored:
        raise CannotCheck(
            f"{site.origin} does not serve the picture {picture.public_url(*smallest)} as it "
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

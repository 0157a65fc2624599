"""Makes sure that the site is a Pressroom with this database and this storage."""

import html
import re
import time
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from leakcheck import canary as canaries
from leakcheck.canary import Names
from leakcheck.site import CheckError, Site
from releases.models import Release
from releases.rules.visibility import public_assets


def alive(site: Site) -> None:
    """Make sure that a Pressroom site answers. Raises CheckError if not."""
    front = site.send(reverse("newsroom"))
    if 300 <= front.status < 400:
        raise CheckError(
            _(
                "%(url)s redirects to %(target)s. Use the address of the site for readers: "
                "--url https://news.example.org"
            )
            % {"url": site.origin, "target": front.header("location")}
        )
    health = site.send(reverse("healthz"))
    feed = reverse("feed").encode()
    if front.status != 200 or feed not in front.body or health.body != b"ok\n":
        raise CheckError(
            _(
                "The response of %(url)s does not look like Pressroom (the front page: %(front)s; "
                "%(path)s: %(health)s). Check the address, and that ALLOWED_HOSTS contains its "
                "host."
            )
            % {
                "url": site.origin,
                "front": f"{front.status} {front.reason}",
                "path": reverse("healthz"),
                "health": health.status,
            }
        )


def control(site: Site, names: Names) -> list[str]:
    """Make sure that the site uses this database and storage; return the evidence as sentences.

    Raises CheckError if it uses others, or if there is no evidence.
    """
    ways = (_same_sessions(site, names), _same_sitemap(site), _same_pictures(site))
    proven = [sentence for sentence in ways if sentence]
    if not proven:
        raise CheckError(
            _(
                "It is not known whether %(url)s uses this database: the newsroom is empty, and "
                "its sign-in page can’t be reached from here. Publish a first release, or run "
                "this where /admin/ can be reached."
            )
            % {"url": site.origin}
        )
    if not Release.objects.public().exists():
        proven.append(_("The newsroom is empty: without a public release no list can leak."))
    return proven


def _same_sessions(site: Site, names: Names) -> str:
    """Store a session and send its cookie: a site deletes the cookie of an unknown session.

    This also works for an empty newsroom, publishes nothing and signs nobody in.
    """
    page, cookie = reverse("admin:login"), settings.SESSION_COOKIE_NAME

    def is_known(key: str) -> bool | None:
        answer = site.send(page, headers={"Cookie": f"{cookie}={key}"})
        if answer.status != 200:
            return None
        cookies = [value for name, value in answer.headers if name.lower() == "set-cookie"]
        return not any(value.startswith(f"{cookie}=") for value in cookies)

    with canaries.known_session(names) as key:
        ours = is_known(key)
    none = is_known(canaries.SESSIONS + Names.new().word)
    if ours is None or none is None or none:
        return ""  # the sign-in page is blocked, or a proxy drops cookies
    if not ours:
        raise CheckError(
            _(
                "%(url)s uses another database than this command: it does not have a session that "
                "was stored here. %(advice)s"
            )
            % {"url": site.origin, "advice": _advice()}
        )
    return _(
        "The site recognised a session that this command stored in its database, and did not "
        "recognise one that was never stored: it uses this database."
    )


def _same_sitemap(site: Site) -> str:
    for _attempt in range(3):  # a release may go public between the two
        here = {unquote(release.get_absolute_url()) for release in Release.objects.public()}
        there = {path for path in _listed(site) if re.fullmatch("/releases/[^/]+/", path)}
        if here == there:
            break
        time.sleep(1)
    else:
        raise CheckError(
            _(
                "%(url)s uses another database than this command: its sitemap lists %(there)d "
                "public releases, and this database has %(here)d, of which %(same)d are the same. "
                "%(advice)s"
            )
            % {
                "url": site.origin,
                "there": len(there),
                "here": len(here),
                "same": len(here & there),
                "advice": _advice(),
            }
        )
    if not here:
        return ""
    text = ngettext(
        "Its sitemap lists the only public release of this database, and no other.",
        "Its sitemap lists the %(number)d public releases of this database, and no other.",
        len(here),
    )
    return text % {"number": len(here)}


def _listed(site: Site) -> Iterator[str]:
    """Yield the paths that the sitemap and its parts list."""
    parts, read = [reverse("sitemap")], set()
    while parts:
        part = parts.pop()
        if part in read:
            continue
        read.add(part)
        content = site.send(part).body.decode(errors="replace")
        found = [
            urlsplit(html.unescape(link)) for link in re.findall("<loc>\\s*(.*?)\\s*<", content)
        ]
        if "<sitemapindex" in content:
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
    if site.send(picture.public_url(*smallest)).body != stored:
        raise CheckError(
            _(
                "%(url)s does not serve the picture %(path)s as it is stored here: it uses other "
                "files. Run this on the server of the site, with its MEDIA_ROOT."
            )
            % {"url": site.origin, "path": picture.public_url(*smallest)}
        )
    return _("It serves a public picture byte for byte as it is stored here: it uses this storage.")


def _advice() -> str:
    return _(
        "Run this on the server of the site, with its DATABASE_URL, or name the right site with "
        "--url. (A cache in front that stores pages can also be the cause.)"
    )

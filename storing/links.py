"""Checks and cleans links: only full addresses of the web, e-mail and telephones are allowed.

Pasting, saving, importing, the public page and every URL column call `allowed_link`. It removes
personal data: passwords, session IDs, the tracking parameters of newsletters, and the redirects
that mail programs and platforms use to record who followed a link. Uses no ORM.
"""

import base64
import re
import string
import unicodedata
from collections.abc import Callable
from functools import partial
from ipaddress import IPv6Address
from itertools import islice
from posixpath import normpath
from urllib.parse import SplitResult, unquote, unquote_plus, urlsplit

SCHEMES = frozenset({"http", "https", "mailto", "tel"})
MAX_ADDRESS_CHARACTERS = 2000

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.I)
_NO_SCHEME = re.compile(r"www\.[^\s/.]+\.", re.I)
_MARKUP = re.compile(r'[<>"`\\]')
_LABEL = re.compile(r"(?!-)[\w-]{1,63}(?<!-)")
_EMAIL = re.compile(r"[^\s@,;:<>()\[\]\\\"]{1,64}@(?!-)[\w-]+(?:\.[\w-]+)+")
_TELEPHONE = re.compile(r"\+?[0-9().-]*[0-9][0-9().-]{2,}(?:;ext=[0-9]{1,8})?", re.I)

# Parameters that identify the person who followed a link, or sign that person in.
_PERSONAL = frozenset(
    {
        *("fbclid", "gclid", "gclsrc", "dclid", "gbraid", "wbraid", "msclkid", "yclid", "ysclid"),
        *("twclid", "ttclid", "li_fat_id", "igshid", "igsh", "mc_eid", "mc_cid", "_hsenc", "_hsmi"),
        *("__hssc", "__hstc", "__hsfp", "hsctatracking", "mkt_tok", "vero_id", "vero_conv"),
        *("oly_anon_id", "oly_enc_id", "rb_clickid", "s_cid", "wickedid", "ml_subscriber"),
        *("ml_subscriber_hash", "ck_subscriber_id", "_openstat", "_ga", "_gl", "access_token"),
        *("id_token", "refresh_token", "auth_token", "api_key", "apikey", "phpsessid"),
        *("jsessionid", "sessionid", "session_id", "token", "sid", "email", "e-mail", "e_mail"),
        *("email_address", "emailaddress", "mibextid", "rdid", "__cft__[0]", "__tn__", "_kx"),
        *("midtoken", "midsig", "trackingid", "elqtrackid", "sfmc_sub", "subscriber_id"),
    }
)
_PERSONAL_STARTS = ("utm_", "aspsessionid")
# Personal on these sites only. On other sites, such short names select the content.
_PERSONAL_ON = {
    "youtube.com": {"si", "pp"},
    "youtu.be": {"si"},
    "spotify.com": {"si"},
    "soundcloud.com": {"si"},
    "twitter.com": {"s", "t"},
    "x.com": {"s", "t"},
    "tiktok.com": {"_t", "_r"},
}
_BETWEEN_PARAMETERS = re.compile("(&amp;|[&;])")
_BETWEEN_IN_FRAGMENT = re.compile("(&amp;|[&;?])")
_SESSION_IN_PATH = re.compile(r";(?:jsessionid|phpsessid|sessionid|sid)=[^/;?#]*", re.I)
# Redirects: a host (and its subdomains), a path ("" for any), and the parameter with the target.
_DETOURS = (
    ("safelinks.protection.outlook.com", "", "url"),
    ("safelinks.protection.office365.us", "", "url"),
    ("statics.teams.cdn.office.net", "", "url"),
    ("linkprotect.cudasvc.com", "/url", "a"),
    ("clicktime.symantec.com", "", "u"),
    ("fireeye.com", "/v1/url", "u"),
    ("trendmicro.com", "/wis/clicktime/v1/query", "url"),
    ("l.facebook.com", "/l.php", "u"),
    ("lm.facebook.com", "/l.php", "u"),
    ("l.instagram.com", "/", "u"),
    ("youtube.com", "/redirect", "q"),
    ("linkedin.com", "/redir/redirect", "url"),
    ("linkedin.com", "/safety/go", "url"),
    ("out.reddit.com", "", "url"),
    ("vk.com", "/away.php", "to"),
    ("duckduckgo.com", "/l", "uddg"),
    ("slack-redir.net", "/link", "url"),
)
_GOOGLE = re.compile(r"(?:[\w-]+\.)*google\.(?:com?\.)?[a-z]{2,3}")
# Redirects whose target can't be read from the address.
_DEAD_ENDS = (
    ("list-manage.com", "/track"),
    ("mandrillapp.com", "/track"),
    ("sendgrid.net", "/ls/click"),
    ("sendgrid.net", "/wf/click"),
    ("rs6.net", "/tn.jsp"),
    ("hubspotlinks.com", ""),
    ("mimecast.com", "/s"),
    ("mimecastprotect.com", ""),
    ("protection.sophos.com", ""),
)
_PROOFPOINT = ("urldefense.com", "urldefense.us", "urldefense.proofpoint.com")
_V3 = re.compile(r"[^/]+//[^/]+/+v3/__(.+?)__;([\w-]*)={0,2}!", re.I)
_V3_REPLACED = re.compile(r"\*(?:\*(.))?")
_V3_RUNS = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
_NO_ESCAPE = re.compile("%(?![0-9a-f]{2})", re.I)
_ONE_SLASH = re.compile(r"(https?:/)(?=[^/])", re.I)
_MAX_DETOURS = 5
_MAX_ENCODINGS = 3


def allowed_link(href: str) -> str | None:
    """Return an address as it is stored and printed, or None if it must not be a link.

    Only full http, https, mailto and tel addresses are allowed; “www.…” becomes https. Returns None
    for a redirect whose target can't be read, because it may identify its recipient.
    """
    for _turn in range(_MAX_DETOURS):
        href = _with_scheme(href)
        link = _allowed(href)
        if not link or not (read_target := _redirect_target(href)):
            return link
        try:
            href = read_target()
        except ValueError:
            return None
    return None


def _with_scheme(href: str) -> str:
    href = unicodedata.normalize("NFC", href.strip(" \t\r\n\f\u00a0"))
    return f"https://{href}" if _NO_SCHEME.match(href) else href


def _allowed(href: str) -> str | None:
    scheme = _SCHEME.match(href)
    if (
        not scheme
        or scheme[1].lower() not in SCHEMES
        or len(href) > MAX_ADDRESS_CHARACTERS
        or _is_odd(href)
    ):
        return None
    try:
        parts = urlsplit(href.replace(" ", "%20"))
        if parts.scheme == "mailto":
            return _email(parts)
        return _telephone(parts) if parts.scheme == "tel" else _page(parts)
    except ValueError:  # such as a port that is not a number, or an invalid address in brackets
        return None


def _is_odd(href: str) -> bool:
    """Return whether an address has characters that browsers drop, or that end an attribute."""
    odd = any(unicodedata.category(char)[0] in "CZ" and char != " " for char in href)
    return odd or bool(_MARKUP.search(href))


def _page(parts: SplitResult) -> str | None:
    host = _host(parts.hostname or "")
    if not host or not parts.netloc:
        return None
    if (port := parts.port) is not None:  # raises ValueError if it is not a number
        host += f":{port}"
    path = _SESSION_IN_PATH.sub("", parts.path)
    query = _without_personal(parts.query, _BETWEEN_PARAMETERS, host)
    fragment = _without_personal(parts.fragment, _BETWEEN_IN_FRAGMENT, host)
    return SplitResult(parts.scheme, host, path, query, fragment).geturl()


def _host(host: str) -> str | None:
    host = unicodedata.normalize("NFC", unquote(host)).lower()
    if ":" in host:
        return f"[{IPv6Address(host)}]"
    if not host.removesuffix(".").encode("idna"):
        return None
    labels = host.removesuffix(".").split(".")
    return host if all(_LABEL.fullmatch(label) for label in labels) else None


def _without_personal(text: str, between: re.Pattern[str], host: str) -> str:
    """Return a query or fragment without its personal parameters; the rest stays unchanged."""
    first, *rest = between.split(text)
    pairs = [("", first), *zip(rest[::2], rest[1::2], strict=True)]
    kept = [(mark, part) for mark, part in pairs if not _is_personal(part, host)]
    if len(kept) == len(pairs):
        return text
    return "".join((mark if number else "") + part for number, (mark, part) in enumerate(kept))


def _is_personal(part: str, host: str) -> bool:
    name, given, value = part.partition("=")
    name = unquote_plus(name).strip().lower()
    decoded = unquote(unquote(value if given else part)).strip()
    if _EMAIL.fullmatch(decoded.removeprefix("mailto:")):
        return True
    # A part without a value is the name of a section, and identifies nobody.
    return bool(given) and (
        name in _PERSONAL
        or name.startswith(_PERSONAL_STARTS)
        or any(name in names for site, names in _PERSONAL_ON.items() if _is_below(host, site))
    )


def _email(parts: SplitResult) -> str | None:
    addresses = unquote(parts.path).split(",")
    if not all(_EMAIL.fullmatch(address.strip()) for address in addresses):
        return None
    for part in parts.query.split("&"):
        name, _, subject = part.partition("=")
        decoded = unquote(subject)
        if name.lower() == "subject" and decoded.strip() and not _is_odd(decoded):
            return f"mailto:{parts.path}?subject={subject}"
    return f"mailto:{parts.path}"


def _telephone(parts: SplitResult) -> str | None:
    number = re.sub(r"\s", "", unquote(parts.path))
    return f"tel:{number}" if _TELEPHONE.fullmatch(number) else None


def _is_below(host: str, site: str) -> bool:
    return host == site or host.endswith(f".{site}")


def _redirect_target(href: str) -> Callable[[], str] | None:
    """Return a function that reads the target of a redirect, or None for any other address.

    The function raises ValueError if the target cannot be read.
    """
    parts = urlsplit(href)
    host = (_host(parts.hostname or "") or "").removesuffix(".")
    path = normpath("/" + unquote(parts.path).lower().lstrip("/"))
    if host in _PROOFPOINT and path.startswith("/v"):
        return partial(_behind_proofpoint, href, path)
    if any(_is_below(host, site) and _is_in(path, place) for site, place in _DEAD_ENDS):
        return _dead_end
    if _GOOGLE.fullmatch(host) and path == "/url":
        return partial(_parameter, parts.query, "url", "q")
    for site, place, name in _DETOURS:
        if _is_below(host, site) and path == (place or path):
            return partial(_parameter, parts.query, name)
    return None


def _is_in(path: str, place: str) -> bool:
    return path == place or path.startswith(f"{place}/")


def _dead_end() -> str:
    raise ValueError


def _parameter(query: str, *names: str) -> str:
    """Return the address in the first of these parameters that exists.

    It may be percent-encoded up to three times. Raises ValueError if there is no address.
    """
    given = _raw_parameters(query)
    address = next((given[name] for name in names if name in given), "")
    for _turn in range(_MAX_ENCODINGS):
        address = unquote_plus(address, errors="strict")
        if _SCHEME.match(address):
            return address
    raise ValueError


def _raw_parameters(query: str) -> dict[str, str]:
    pairs = [part.partition("=") for part in _BETWEEN_PARAMETERS.split(query)[::2]]
    return {name.lower(): value for name, _, value in reversed(pairs)}


def _behind_proofpoint(href: str, path: str) -> str:
    if path.startswith("/v3/"):
        return _behind_version_3(href)
    address = _raw_parameters(urlsplit(href).query).get("u", "")
    if path == "/v2/url":
        address = address.translate(str.maketrans("-_", "%/"))
    if path not in ("/v1/url", "/v2/url") or _NO_ESCAPE.search(address):
        raise ValueError
    return unquote(address, errors="strict")


def _behind_version_3(href: str) -> str:
    """Restore the characters that Proofpoint replaced; they follow the address in base64."""
    found = _V3.match(href)
    if not found:
        raise ValueError
    address = _ONE_SLASH.sub(r"\1/", unquote(found[1], errors="strict"), count=1)
    left = iter(base64.b64decode(found[2] + "==", altchars=b"-_", validate=False).decode())

    def put_back(replaced: re.Match[str]) -> str:
        count = _V3_RUNS.index(replaced[1]) + 2 if replaced[1] else 1
        run = "".join(islice(left, count))
        if len(run) < count:
            raise ValueError
        return run

    address = _V3_REPLACED.sub(put_back, address)
    if next(left, None) is not None:
        raise ValueError
    return address

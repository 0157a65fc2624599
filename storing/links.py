"""Which links a text may hold: full addresses of the web, of e-mail and of telephones.

Paste, save, import, the page and every address column ask `allowed_link`. What says who was given
the link goes: passwords, session numbers, the marks of newsletters, and the detours through which
mail programs and platforms count who followed it. Knows no ORM.
"""

import re
import unicodedata
from ipaddress import IPv6Address
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

SCHEMES = frozenset({"http", "https", "mailto", "tel"})
LONGEST = 2000

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.I)
_NO_SCHEME = re.compile(r"www\.[^\s/.]+\.", re.I)
_MARKUP = re.compile(r'[<>"`\\]')
_LABEL = re.compile(r"(?!-)[\w-]{1,63}(?<!-)")
_EMAIL = re.compile(r"[^\s@,;:<>()\[\]\\\"]{1,64}@(?!-)[\w-]+(?:\.[\w-]+)+")
_TELEPHONE = re.compile(r"\+?[0-9().-]*[0-9][0-9().-]{2,}(?:;ext=[0-9]{1,8})?", re.I)

# Parameters that say who followed a link, or let somebody in under that name.
_PERSONAL = frozenset(
    {
        *("fbclid", "gclid", "gclsrc", "dclid", "gbraid", "wbraid", "msclkid", "yclid", "ysclid"),
        *("twclid", "ttclid", "li_fat_id", "igshid", "igsh", "mc_eid", "mc_cid", "_hsenc", "_hsmi"),
        *("__hssc", "__hstc", "__hsfp", "hsctatracking", "mkt_tok", "vero_id", "vero_conv"),
        *("oly_anon_id", "oly_enc_id", "rb_clickid", "s_cid", "wickedid", "ml_subscriber"),
        *("ml_subscriber_hash", "ck_subscriber_id", "_openstat", "_ga", "_gl", "access_token"),
        *("id_token", "refresh_token", "auth_token", "api_key", "apikey", "phpsessid"),
        *("jsessionid", "aspsessionid", "sessionid", "session_id"),
    }
)
_SESSION_IN_PATH = re.compile(r";(?:jsessionid|phpsessid)=[^/;?#]*", re.I)
# Hosts (and those below them) and paths that only lead on, with the parameter that says where to.
_DETOURS = (
    ("safelinks.protection.outlook.com", "/", "url"),
    ("google.com", "/url", "url q"),
    ("l.facebook.com", "/l.php", "u"),
    ("lm.facebook.com", "/l.php", "u"),
    ("l.instagram.com", "/", "u"),
    ("youtube.com", "/redirect", "q"),
    ("slack-redir.net", "/link", "url"),
)
_URLDEFENSE = re.compile(r"https?://urldefense\.com/v3/__(.+?)__;", re.I)
_MOST_DETOURS = 5


def allowed_link(href: str) -> str | None:
    """Return an address as it may be stored and printed, None where it may not be a link.

    Only full http, https, mailto and tel addresses are taken; “www.…” becomes https.
    """
    for _turn in range(_MOST_DETOURS):
        link = _allowed(href)
        onward = _behind_a_detour(link) if link else None
        if onward is None:
            return link
        href = onward
    return None


def _allowed(href: str) -> str | None:
    href = unicodedata.normalize("NFC", href.strip(" \t\r\n\f\u00a0"))
    if _NO_SCHEME.match(href):
        href = f"https://{href}"
    scheme = _SCHEME.match(href)
    if not scheme or scheme[1].lower() not in SCHEMES or len(href) > LONGEST or _is_odd(href):
        return None
    try:
        parts = urlsplit(href.replace(" ", "%20"))
        if parts.scheme == "mailto":
            return _email(parts)
        return _telephone(parts) if parts.scheme == "tel" else _page(parts)
    except ValueError:  # a port that is no number, brackets that are no address
        return None


def _is_odd(href: str) -> bool:
    """Whether an address has characters in it that browsers leave out, or that end an attribute."""
    odd = any(unicodedata.category(char)[0] in "CZ" and char != " " for char in href)
    return odd or bool(_MARKUP.search(href))


def _page(parts: SplitResult) -> str | None:
    host = _host(parts.hostname or "")
    if not host or not parts.netloc:
        return None
    if (port := parts.port) is not None:  # raises where it is no number
        host += f":{port}"
    path = _SESSION_IN_PATH.sub("", parts.path)
    return SplitResult(
        parts.scheme, host, path, _without_personal(parts.query), parts.fragment
    ).geturl()


def _host(host: str) -> str | None:
    host = unicodedata.normalize("NFC", unquote(host)).lower()
    if ":" in host:
        return f"[{IPv6Address(host)}]"
    if not host.removesuffix(".").encode("idna"):
        return None
    labels = host.removesuffix(".").split(".")
    return host if all(_LABEL.fullmatch(label) for label in labels) else None


def _without_personal(query: str) -> str:
    return "&".join(part for part in query.split("&") if not _is_personal(part))


def _is_personal(part: str) -> bool:
    name = unquote(part.partition("=")[0]).lower()
    return name in _PERSONAL or name.startswith("utm_")


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


def _behind_a_detour(link: str) -> str | None:
    """Return where an address leads on to, where it does nothing else."""
    if found := _URLDEFENSE.match(link):
        return found[1]
    parts = urlsplit(link)
    host = parts.hostname or ""
    for detour, path, names in _DETOURS:
        if (host == detour or host.endswith(f".{detour}")) and parts.path == path:
            given = dict(parse_qsl(parts.query))
            onward = next((given[name] for name in names.split() if name in given), None)
            return onward if onward and _SCHEME.match(onward) else None
    return None

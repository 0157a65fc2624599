"""Reads and validates settings. Each function reads one, or raises ImproperlyConfigured.

The message has the name of the setting, its value unless it may be secret, and what to write.
Messages are in English only: Django is not set up yet, so gettext cannot be used.
"""

import os
import re
from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo

import environ
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.validators import validate_email
from django.utils.translation import to_language
from rapidfuzz.distance import OSA

ON, OFF = ("on", "true", "yes", "y", "ok", "1"), ("off", "false", "no", "n", "0")
POSTGRESQL = ("postgres", "postgresql", "psql", "pgsql")
MAIL_PORTS = {"smtp": 25, "smtps": 587, "smtp+tls": 587, "smtp+ssl": 465}
DEBUG_MAIL_SCHEMES = ("consolemail", "filemail", "memorymail", "dummymail")
# The package that each kind of cache needs, by the scheme of its URL; "" for none.
CACHES = {"locmemcache": "", "dummycache": "", "filecache": "", "dbcache": "",
          "redis": "redis", "rediss": "redis", "rediscache": "redis",
          "pymemcache": "pymemcache", "pylibmc": "pylibmc"}  # fmt: skip
UNESCAPED_CHARACTER_HINT = (
    "in the username and the password, write characters such as / # ? @ : as their percent codes, "
    "such as %23 for #."
)


_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def refuse_misspelt(variables: Iterable[str], example: Path) -> None:
    """Raise ImproperlyConfigured if a variable resembles a setting of ours that is not set.

    A misspelt setting would be ignored, and the default might be unsafe. If another program has a
    variable with such a name, set our setting too. `example` is .env.example, which lists every
    setting.
    """
    if not example.exists():
        return
    known = set(re.findall(r"^#?([A-Z0-9_]+)=", example.read_text("utf-8"), re.MULTILINE))
    given = set(variables)
    pairs = [(name, meant) for name in given - known for meant in known - given]
    found = sorted((name, meant) for name, meant in pairs if _resembles(name, meant))
    if found:
        sentences = [
            f"{name} is set, but Pressroom has no setting with this name. If you mean {meant}, "
            f"rename it. If it belongs to another program, set {meant} too."
            for name, meant in found
        ]
        raise ImproperlyConfigured("\n".join(sentences))


def _resembles(name: str, meant: str) -> bool:
    """Return whether `name` is `meant` with one typing error, or two if it is long."""
    if len(meant) < 6:  # PORT, DEBUG, HTTPS: too many names are similar
        return name != meant and sorted(name) == sorted(meant)
    max_errors = 2 if len(meant) >= 12 else 1
    typed = name.upper()
    errors = OSA.distance(typed, meant, score_cutoff=max_errors)
    joined_errors = OSA.distance(typed.replace("_", ""), meant.replace("_", ""), score_cutoff=1)
    return errors <= max_errors or joined_errors <= 1 or typed.removeprefix("DJANGO_") == meant


def secret(name: str, default: str = "") -> str:
    """Return a variable exactly as it is set, or the default if it is empty."""
    return os.environ.get(name, "") or default


def text(name: str, default: str = "", shape: str = ".*", write: str = "one line of text") -> str:
    """Return one line of text that matches the pattern `shape`, or the default if it is empty."""
    value = os.environ.get(name, "").strip()
    if not value:
        return default
    if not re.fullmatch(shape, value) or _CONTROL.search(value):
        raise ImproperlyConfigured(f"{name} is {shown(value)}: write {write}.")
    return value


def shown(value: str) -> str:
    """Return a value with control characters escaped, for a terminal."""
    return _CONTROL.sub(lambda char: repr(char[0])[1:-1], value)


def texts(name: str, default: list[str], shape: str, write: str) -> list[str]:
    """Return a list that is separated by commas. Each item must match the pattern `shape`."""
    if name not in os.environ:
        return default
    found = [each for each in map(str.strip, os.environ[name].split(",")) if each]
    for each in found:
        if not re.fullmatch(shape, each):
            raise ImproperlyConfigured(
                f"{name} has {shown(each)}: write {write}, with commas between them."
            )
    return found


def flag(name: str, default: bool) -> bool:
    """Return whether a setting is on."""
    value = os.environ.get(name, "").strip()
    if value.lower() not in (*ON, *OFF, ""):
        raise ImproperlyConfigured(f"{name} is {shown(value)}: write on or off.")
    return value.lower() in ON if value else default


def choice(name: str, default: str, choices: Sequence[str]) -> str:
    """Return one of several words."""
    value = os.environ.get(name, "").strip().lower() or default
    if value not in choices:
        listed = f"{', '.join(choices[:-1])} or {choices[-1]}"
        raise ImproperlyConfigured(f"{name} is {shown(value)}: write {listed}.")
    return value


def whole_number(name: str, default: int, minimum: int, maximum: int, description: str) -> int:
    """Return a whole number from `minimum` to `maximum`. `description` describes it in messages."""
    value = os.environ.get(name, "").strip() or str(default)
    if not re.fullmatch(r"[0-9]{1,6}", value) or not minimum <= int(value) <= maximum:
        raise ImproperlyConfigured(
            f"{name} is {shown(value)}: set the {description}, a whole number from {minimum} to "
            f"{maximum}."
        )
    return int(value)


def address(name: str) -> str:
    """Return an e-mail address, or "" if none is set."""
    value = os.environ.get(name, "").strip()
    try:
        if value:
            validate_email(value)
    except ValidationError:
        raise ImproperlyConfigured(
            f"{name} is {shown(value)}: write one e-mail address, such as press@example.org."
        ) from None
    return value


def site(name: str) -> str:
    """Return the URL of a site without a path, or "" if none is set."""
    value = os.environ.get(name, "").strip().rstrip("/")
    parts = _split(value)
    if value and not (re.fullmatch(r"https?://[^\s/?#@]+", value) and _has_host(parts)):
        raise ImproperlyConfigured(
            f"{name} is {shown(value)}, which is not the address of a site. Write it with https:// "
            "and without a path, as in https://news.example.org"
        )
    return value


def time_zone(name: str) -> str:
    """Return the name of a time zone that both Python and Django know."""
    value = os.environ.get(name, "").strip() or "UTC"
    try:
        ZoneInfo(value)
        known = Path("/usr/share/zoneinfo")  # where Django looks, too
        wrong = known.exists() and not (known / value).exists()
    except (KeyError, ValueError, OSError):
        wrong = True
    if wrong:
        raise ImproperlyConfigured(
            f"{name} is {shown(value)}, which is not a time zone of this machine. Write one as in "
            "Europe/London."
        )
    return value


def language(name: str, default: str, catalogues: Path) -> str:
    """Return the code of a language that has a catalogue, or the default, which needs none."""
    value = os.environ.get(name, "").strip().lower().replace("_", "-") or default
    found = sorted(
        to_language(path.parent.parent.name) for path in catalogues.glob("*/LC_MESSAGES/django.mo")
    )
    if value not in (default, *found):
        raise ImproperlyConfigured(
            f"{name} is {shown(value)}, but Pressroom has no translation into that language: write "
            f"one of {', '.join((default, *found))}."
        )
    return value


def countries(name: str, default: dict[str, str]) -> dict[str, str]:
    """Return the names of countries by their code."""
    if name not in os.environ:
        return default
    found = {}
    for pair in filter(None, map(str.strip, os.environ[name].split(","))):
        code, _equals, called = (part.strip() for part in pair.partition("="))
        if not re.fullmatch("[A-Z]{2}", code) or not called or _CONTROL.search(called):
            raise ImproperlyConfigured(
                f"{name} has {shown(pair)}: write a code of two capital letters and a name, as in "
                "XK=Kosovo, with commas between them."
            )
        found[code] = called
    return found


def file(name: str, base: Path) -> Path | None:
    """Return the path of a file, or None if none is set. A relative path is below `base`."""
    value = os.environ.get(name, "").strip()
    if not value:
        return None
    if _CONTROL.search(value) or not (base / value).is_file():
        raise ImproperlyConfigured(
            f"{name} is {shown(value)}, which is not a file: write the path of one, or leave it "
            "empty."
        )
    return base / value


def folder(name: str, default: Path, base: Path) -> Path:
    """Return the path of a folder, which may not exist yet. A relative path is below `base`."""
    value = os.environ.get(name, "").strip()
    place = base / value if value else default
    if _CONTROL.search(value) or any(map(os.path.isfile, (place, *place.parents))):
        raise ImproperlyConfigured(
            f"{name} is {shown(value)}, which is not a folder: write the path of one, such as "
            "/srv/newsroom/media."
        )
    return place


# --- URLs with passwords: messages must not contain them -----------------------------------------


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts


def _with_one_host(url: str) -> str:
    """Return a URL with only its first host. The URL of a cluster has several."""
    scheme, _, rest = url.partition("://")
    place = re.split("[/?#]", rest)[0]
    login, at, hosts = place.rpartition("@")
    return f"{scheme}://{login}{at}{hosts.split(',')[0]}{rest[len(place) :]}"


def is_host(name: str) -> bool:
    """Return whether a text can be a host name or an IP address."""
    try:
        return bool(name) and (re.fullmatch(r"[\w.-]+", name) or ip_address(name)) is not None
    except ValueError:
        return False


def _has_host(parts: SplitResult | None) -> bool:
    return parts is not None and is_host(parts.hostname or "")


def _is_whole(url: str, parts: SplitResult | None) -> bool:
    """Return whether a URL was parsed completely, and not cut off at a / # ? in a password."""
    after = url.partition("://")[2]
    behind = re.sub(r"^[^/?#]*", "", after)
    return parts is not None and not _CONTROL.search(url) and not re.search(r"[@#\s]", behind)


def database(name: str, url: str, *, sqlite: bool = True) -> dict[str, Any]:
    """Return Django's settings of a database from its URL."""
    scheme, there, rest = url.partition("://")
    if not there or scheme not in (*POSTGRESQL, "sqlite"):
        raise ImproperlyConfigured(
            f"{name} is not the address of a PostgreSQL database "
            "(postgres://user:password@host:5432/name) or of an SQLite file "
            "(sqlite:////path/to/file). Pressroom works with these two."
        )
    if scheme == "sqlite" and not sqlite:
        raise ImproperlyConfigured(
            f"{name} is not the address of a PostgreSQL database: write "
            "postgres://user:password@host:5432/name."
        )
    if scheme == "sqlite":
        if rest != ":memory:" and (not rest.startswith("/") or re.search("[?#]", rest)):
            raise ImproperlyConfigured(
                f"{name} is not the address of an SQLite file: write it as in "
                "sqlite:////path/to/file, with four slashes and without # and ?."
            )
        return environ.Env.db_url_config(url)
    parts = _split(_with_one_host(url))
    if not _is_whole(url, parts) or not _is_place_of_postgresql(parts):
        raise ImproperlyConfigured(
            f"{name} has no host or no database, or can’t be read. Write it as in "
            f"postgres://user:password@host:5432/name; {UNESCAPED_CHARACTER_HINT}"
        )
    return environ.Env.db_url_config(url)


def _is_place_of_postgresql(parts: SplitResult | None) -> bool:
    if parts is None:
        return False
    named = parts.path.strip("/") or "service=" in parts.query
    # Without a host, it is a socket of this machine.
    return bool(named) and (not parts.hostname or is_host(parts.hostname))


def cache(name: str, default: str) -> dict[str, Any]:
    """Return Django's settings of a cache from its URL."""
    url = os.environ.get(name, "").strip() or default
    scheme, there, rest = url.partition("://")
    parts = _split(_with_one_host(url))
    package = CACHES.get(scheme)
    if not there or package is None:
        raise ImproperlyConfigured(
            f"{name} is not the address of a cache that Pressroom can use. Write locmemcache://, "
            "or an address as in redis://user:password@host:6379/1"
        )
    remote = package and not rest.startswith("/")
    if remote and not (_is_whole(url, parts) and _has_host(parts)):
        raise ImproperlyConfigured(
            f"{name} has no host, or can’t be read. Write it as in "
            f"redis://user:password@host:6379/1; {UNESCAPED_CHARACTER_HINT}"
        )
    if package and not find_spec(package):
        raise ImproperlyConfigured(
            f"{name} begins with {scheme}://, but the Python package {package} is not installed: "
            "install it, or write locmemcache://"
        )
    return environ.Env.cache_url_config(url)


def mail(name: str) -> tuple[str, dict[str, Any]]:
    """Return the scheme of a mail server's URL, and Django's settings for it."""
    url = os.environ.get(name, "").strip() or "consolemail://"
    scheme, there, _rest = url.partition("://")
    if not there or scheme not in (*MAIL_PORTS, *DEBUG_MAIL_SCHEMES):
        begins = f"begins with {shown(scheme)}" if there else "does not begin with a scheme"
        raise ImproperlyConfigured(
            f"{name} {begins}, so Pressroom can’t send e-mail. Write it as in "
            "smtp+tls://user:password@smtp.example.org:587, or leave it empty to turn e-mail off."
        )
    parts = _split(url)
    if scheme in MAIL_PORTS and not (_is_whole(url, parts) and _has_host(parts)):
        raise ImproperlyConfigured(
            f"{name} has no host, or can’t be read. Write it as in "
            f"smtp+tls://user:password@smtp.example.org:587; {UNESCAPED_CHARACTER_HINT}"
        )
    found: dict[str, Any] = environ.Env.email_url_config(url)
    login = f"{found['EMAIL_HOST_USER'] or ''}{found['EMAIL_HOST_PASSWORD'] or ''}"
    if not login.isascii():
        raise ImproperlyConfigured(
            f"{name} has a letter such as é in the username or the password, which mail servers "
            "do not accept. Choose one with only letters from a to z, digits and punctuation."
        )
    return scheme, found

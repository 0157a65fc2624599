"""Sends requests to a site, as a stranger would."""

import gzip
import http.client
import ssl
import time
import zlib
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

TIMEOUT = 20  # seconds
MAX_BYTES = 64 * 1024 * 1024
# The server may have closed an idle connection. Then the request is repeated on a new one.
_STALE = (ConnectionError, http.client.BadStatusLine, http.client.CannotSendRequest)


class CheckError(Exception):
    """The check could not run. The message gives the reason and what to do."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of the site: status line, headers in order, decompressed body.

    `at` is the time of its arrival (seconds since 1970), `seconds` the duration of the request.
    """

    status: int
    reason: str
    headers: list[tuple[str, str]]
    body: bytes
    at: float = 0
    seconds: float = 0

    def without_throttling(self) -> "Answer":
        """Return the answer as it is without the throttle for wrong preview addresses.

        The page is the same. When the throttle begins depends on earlier requests to the site.
        """
        kept = [(name, value) for name, value in self.headers if name.lower() != "retry-after"]
        return replace(self, status=404, reason="Not Found", headers=kept)

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key.lower() == name), "")


class Site:
    """A site as a stranger sees it: no cookies, no cache, no proxy of ours."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        parts = urlsplit(origin)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else None
        self._connection = (kind or http.client.HTTPConnection)(
            parts.hostname or "", parts.port, timeout=TIMEOUT
        )

    def close(self) -> None:
        self._connection.close()

    def send(self, path: str, method: str = "GET", headers: dict[str, str] | None = None) -> Answer:
        """Request a path. Raises CheckError if the site gives no answer."""
        for wait in (1, 3, None):
            try:
                answer = self._answer(path, method, headers or {})
            except (OSError, http.client.HTTPException) as problem:
                self._connection.close()
                if wait is None or isinstance(problem, ssl.SSLCertVerificationError):
                    raise CheckError(self._unreachable(path, problem)) from problem
            else:
                if answer.status == 429 and path.startswith("/preview/"):
                    return answer.without_throttling()
                if answer.status not in (429, 502, 504):
                    return answer
                if wait is None:
                    raise CheckError(
                        _(
                            "%(url)s answered %(status)s %(reason)s three times. Something in "
                            "front of the site blocks this check: allow this machine, or use an "
                            "address behind it with --url."
                        )
                        % {
                            "url": f"{self.origin}{path}",
                            "status": answer.status,
                            "reason": answer.reason,
                        }
                    )
            time.sleep(wait)
        raise AssertionError

    def _answer(self, path: str, method: str, headers: dict[str, str]) -> Answer:
        connection = self._connection
        sent = {"User-Agent": "Pressroom-leakcheck", **headers}
        if method == "POST":
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        for is_new in (connection.sock is None, True):
            started = time.perf_counter()
            try:
                connection.request(method, path, b"" if method == "POST" else None, sent)
                response = connection.getresponse()
            except _STALE:
                connection.close()
                if is_new:
                    raise
                continue
            body = response.read(MAX_BYTES)
            took = time.perf_counter() - started
            if not response.isclosed():  # larger than MAX_BYTES
                connection.close()
            encoding = response.headers.get("Content-Encoding", "")
            return Answer(
                response.status,
                response.reason or "",
                response.headers.items(),
                _decompressed(body, encoding),
                time.time(),
                took,
            )
        raise AssertionError

    def _unreachable(self, path: str, problem: Exception) -> str:
        if isinstance(problem, ssl.SSLCertVerificationError):
            return _(
                "The certificate of %(url)s is not trusted: %(reason)s. Use the host that it was "
                "issued for, or renew it."
            ) % {"url": self.origin, "reason": problem.verify_message}
        if isinstance(problem, ssl.SSLError):
            return _("The HTTPS connection to %(url)s failed: %(reason)s.") % {
                "url": self.origin, "reason": problem
            }  # fmt: skip
        reason = getattr(problem, "strerror", None) or str(problem) or type(problem).__name__
        return _("%(url)s can’t be reached: %(reason)s. Is the site running there?") % {
            "url": f"{self.origin}{path}", "reason": reason
        }  # fmt: skip


def _decompressed(body: bytes, encoding: str) -> bytes:
    try:
        return gzip.decompress(body) if encoding == "gzip" else body
    except (OSError, EOFError, zlib.error):
        return body


def origin_of(url: str) -> str:
    """Return the origin that an operator entered. Raises CheckError if it is not valid."""
    try:
        parts = urlsplit(url)
        right = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        host = (parts.hostname or "").encode("idna").decode()
    except (ValueError, UnicodeError):
        right, host = False, ""
    if not right or "@" in parts.netloc or parts.path.strip("/") or parts.query or parts.fragment:
        raise CheckError(
            _(
                "“%(url)s” is not the address of a site. Enter scheme and host, and a port if "
                "there is one: --url https://news.example.org"
            )
            % {"url": url}
        )
    host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port else "")

"""A site as a stranger asks it."""

import gzip
import http.client
import ssl
import time
import zlib
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

TIMEOUT = 20  # seconds
MOST_BYTES = 64 * 1024 * 1024
# A kept connection that the server has closed meanwhile: ask again on a new one.
_STALE = (ConnectionError, http.client.BadStatusLine, http.client.CannotSendRequest)


class CannotCheck(Exception):
    """The check could not be carried out; its text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the site answered: status line, headers in order, the body decompressed.

    `at` is when it came (seconds since 1970), `seconds` how long it took.
    """

    status: int
    reason: str
    headers: list[tuple[str, str]]
    body: bytes
    at: float = 0
    seconds: float = 0

    def without_the_wait(self) -> "Answer":
        """Return what somebody who guesses at previews gets before having to wait.

        The page is the same; each process of the site counts for itself when to say so.
        """
        kept = [(name, value) for name, value in self.headers if name.lower() != "retry-after"]
        return replace(self, status=404, reason="Not Found", headers=kept)

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key.lower() == name), "")


class Site:
    """A site as a stranger asks it: no cookie, no memory, no proxy of ours on the way."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        parts = urlsplit(origin)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else None
        self._connection = (kind or http.client.HTTPConnection)(
            parts.hostname or "", parts.port, timeout=TIMEOUT
        )

    def close(self) -> None:
        self._connection.close()

    def ask(self, path: str, method: str = "GET", headers: dict[str, str] | None = None) -> Answer:
        """Ask for a path. Raises CannotCheck where the site gives no answer."""
        for wait in (1, 3, None):
            try:
                answer = self._answer(path, method, headers or {})
            except (OSError, http.client.HTTPException) as problem:
                self._connection.close()
                if wait is None or isinstance(problem, ssl.SSLCertVerificationError):
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
            body = response.read(MOST_BYTES)
            took = time.perf_counter() - started
            if not response.isclosed():  # larger than we read
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
            return (
                f"The certificate of {self.origin} is not trusted: {problem.verify_message}. "
                "Name the host that it was made for, or renew it."
            )
        if isinstance(problem, ssl.SSLError):
            return f"{self.origin} does not speak HTTPS as it should: {problem}."
        said = getattr(problem, "strerror", None) or str(problem) or type(problem).__name__
        return f"{self.origin}{path} cannot be reached: {said}. Is the site running there?"


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

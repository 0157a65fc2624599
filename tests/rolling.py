"""Two nodes behind nginx that are restarted one after the other while people read and sign in."""

import http.client
import threading
import time
from collections import Counter
from contextlib import closing, contextmanager

from django.conf import settings

from tests.nginx import Front, sign_in

READERS = 3


class Load:
    """Threads that read pages, post a form and sign in all the time, and count the responses."""

    def __init__(self, front: Front, pages: list[str], name: str, password: str) -> None:
        self.front, self.pages, self.account = front, pages, (name, password)
        self.answers: Counter[tuple[str, str]] = Counter()
        self.slowest = 0.0
        self._lock, self._stop = threading.Lock(), threading.Event()
        self._threads = [threading.Thread(target=self._read) for _ in range(READERS)]
        self._threads += [threading.Thread(target=self._post)]
        self._threads += [threading.Thread(target=self._sign_in)]

    @contextmanager
    def running(self):
        for thread in self._threads:
            thread.start()
        try:
            yield self
        finally:
            self._stop.set()
            for thread in self._threads:
                thread.join(timeout=100)

    def total(self, kind: str = "") -> int:
        return sum(n for (what, _), n in self.answers.items() if kind in what)

    def wrong(self) -> dict[tuple[str, str], int]:
        """Return the unexpected responses, with the number of each."""
        expected = {("read", "200"), ("post", "403"), ("sign-in", "302")}
        return {answer: n for answer, n in self.answers.items() if answer not in expected}

    def _note(self, kind: str, answer: object, begun: float) -> None:
        with self._lock:
            self.answers[kind, str(answer)] += 1
            self.slowest = max(self.slowest, time.monotonic() - begun)

    def _read(self) -> None:
        with closing(self.front.connect()) as connection:
            while not self._stop.is_set():
                for page in self.pages:
                    self._ask(connection, "read", "GET", page)
                    self._stop.wait(0.02)

    def _post(self) -> None:
        """Post a form without its token. Pressroom refuses it, which costs less than other POSTs.

        With these headers Django reads the form before it refuses. If a node answered before the
        form has arrived, nginx would close the connection, without any restart. nginx limits the
        forms of strangers for each network, so it is not one of those.
        """
        headers = {
            "Cookie": f"{settings.CSRF_COOKIE_NAME}={'a' * 32}", "Referer": self.front.url,
            "Content-Type": "application/x-www-form-urlencoded",
        }  # fmt: skip
        with closing(self.front.connect()) as connection:
            while not self._stop.is_set():
                self._ask(connection, "post", "POST", "/admin/logout/", b"a=b", headers)
                self._stop.wait(0.02)

    def _ask(
        self, connection: http.client.HTTPConnection, kind: str, method: str, path: str,
        body: bytes | None = None, headers: dict[str, str] | None = None,
    ) -> None:  # fmt: skip
        begun = time.monotonic()
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            response.read()
        except (OSError, http.client.HTTPException) as problem:
            connection.close()
            self._note(kind, type(problem).__name__, begun)
        else:
            self._note(kind, response.status, begun)

    def _sign_in(self) -> None:
        while not self._stop.is_set():
            begun = time.monotonic()
            try:
                with closing(self.front.connect()) as connection:
                    status, _ = sign_in(connection, self.front.url, *self.account)
            except (OSError, http.client.HTTPException) as problem:
                status = type(problem).__name__
            self._note("sign-in", status, begun)
            self._stop.wait(1)


def restart(nodes, rounds: int, seconds_apart: float, log) -> None:
    """Restart each node in turn, with a pause of `seconds_apart` after each start."""
    for turn in range(rounds):
        for number, node in enumerate(nodes):
            begun = time.monotonic()
            node.stop()
            node.start()
            log(f"round {turn + 1}, node {number + 1}: away for {time.monotonic() - begun:.1f} s")
            time.sleep(seconds_apart)

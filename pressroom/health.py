"""Whether the site is up, and whether it is able to serve."""

import logging
from collections.abc import Callable
from ipaddress import ip_address
from threading import Lock, Thread
from time import monotonic

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.db import connection, connections
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from assets import storage
from releases.guesses import address_of

log = logging.getLogger(__name__)

# Seconds that a check may take: a load balancer waits for two or more, and a busy server adds some.
PATIENCE = 1.0
LESS_PATIENCE = 0.5  # for what only degrades the site
LOG_EVERY = 60  # seconds, in each process


def may_probe(request: HttpRequest) -> bool:
    """Return whether a probe is answered: at a host of ours, or to the local network."""
    try:
        request.get_host()
        return True
    except DisallowedHost:
        pass
    if "X-Forwarded-For" in request.headers and not settings.TRUST_PROXY:
        return False  # it came through something that we do not know
    address = address_of(request)
    return bool(address) and not ip_address(address).is_global


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer that the process is alive; asks nothing else."""
    return HttpResponse("ok\n", content_type="text/plain")


@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Answer 200 where database, migrations and storage are ready, else 503 naming which are not.

    The second line is the version. A bucket that answered this process before and no longer does
    is named, and leaves it ready: pages that need no file work, and no other node would do better
    (decision 0027). What went wrong in detail stands in the log, not on a public page.
    """
    runs = {name: check.begin() for name, check in CHECKS.items()}
    degrades = {"storage"} if storage.has_answered() else set()
    problems = {}
    for name, run in runs.items():
        problem = run.result(LESS_PATIENCE if name in degrades else PATIENCE)
        if problem is not None:
            problems[name] = problem
    _log_readiness(problems)
    if not problems:
        status = "ready"
    elif set(problems) <= degrades:
        status = "ready, degraded: storage"
    else:
        status = f"not ready: {', '.join(problems)}"
    return HttpResponse(
        f"{status}\nversion {settings.VERSION}\n",
        status=503 if status.startswith("not") else 200,
        content_type="text/plain",
    )


def _database() -> str | None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return None


def _migrations() -> str | None:
    executor = MigrationExecutor(connection)
    pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return f"{len(pending)} not applied" if pending else None


def _storage() -> str | None:
    storage.is_reachable()
    return None


class Check:
    """A question that is answered in time, or counts as not answered.

    It is asked in a thread, one at a time: while it hangs, further requests wait for the same
    answer, so that probes never use up threads or connections.
    """

    def __init__(self, ask: Callable[[], str | None]) -> None:
        self._ask = ask
        self._lock = Lock()
        self._run: Run | None = None

    def begin(self) -> "Run":
        with self._lock:
            if self._run is None or not self._run.is_alive():
                self._run = Run(self._ask)
                self._run.start()
            return self._run


class Run(Thread):
    def __init__(self, ask: Callable[[], str | None]) -> None:
        super().__init__(name="readyz", daemon=True)
        self._ask = ask
        self._began = monotonic()
        self._problem: str | None = None

    def run(self) -> None:
        try:
            self._problem = self._ask()
        except Exception as problem:
            self._problem = f"{type(problem).__name__}: {' '.join(str(problem).split())}"
        finally:
            connections.close_all()  # those of this thread

    def result(self, patience: float) -> str | None:
        """Return None if all is well, else what is wrong, in one line for the log."""
        self.join(max(0, self._began + patience - monotonic()))
        return f"no answer within {patience} s" if self.is_alive() else self._problem


CHECKS = {
    "database": Check(_database),
    "migrations": Check(_migrations),
    "storage": Check(_storage),
}

_lock = Lock()
_logged_at: float | None = None  # since when the log says that this process is not ready


def _log_readiness(problems: dict[str, str]) -> None:
    """Write one line a minute while something is wrong, and one when it is right again."""
    global _logged_at
    with _lock:
        now = monotonic()
        if not problems and _logged_at is not None:
            _logged_at = None
            log.warning("Ready again.")
        elif problems and (_logged_at is None or now - _logged_at >= LOG_EVERY):
            _logged_at = now
            found = [f"{name} ({why})" for name, why in problems.items()]
            log.error("Not ready: %s", ", ".join(found))

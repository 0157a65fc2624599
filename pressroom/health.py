"""Health checks: whether the process is alive, and whether it can serve."""

import logging
import os
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

from accounts.networks import address_of
from assets import storage
from pressroom import sqlite, uploads

log = logging.getLogger(__name__)

# Seconds. A load balancer waits for two or more, and a busy server adds some.
TIMEOUT = 1.0
DEGRADED_TIMEOUT = 0.5  # for checks that only degrade the site
LOG_EVERY = 60  # seconds, in each process


def may_probe(request: HttpRequest) -> bool:
    """Return whether a probe is answered: at an allowed host, or to the local network."""
    try:
        request.get_host()
        return True
    except DisallowedHost:
        pass
    if "X-Forwarded-For" in request.headers and not settings.TRUST_PROXY:
        return False  # it came through an unknown proxy
    address = address_of(request)
    return bool(address) and not ip_address(address).is_global


class ReadinessLog:
    """Logs once a minute while something is wrong, and once when the process is ready again.

    HealthCheckMiddleware has one in each process.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._logged_at: float | None = None  # None if nothing is wrong

    def note(self, stops: dict[str, str], degrades: dict[str, str]) -> None:
        """Log what is wrong, by check: what stops the process from serving, and what does not."""
        problems = stops | degrades
        with self._lock:
            now = monotonic()
            if not problems and self._logged_at is not None:
                self._logged_at = None
                log.warning("Ready again.")
            elif problems and (self._logged_at is None or now - self._logged_at >= LOG_EVERY):
                self._logged_at = now
                found = [f"{name} ({why})" for name, why in problems.items()]
                message = "Not ready: %s" if stops else "Ready, degraded: %s"
                log.error(message, ", ".join(found))


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer that the process is alive; checks nothing else."""
    return HttpResponse("ok\n", content_type="text/plain")


@never_cache
@require_safe
def readyz(request: HttpRequest, readiness_log: ReadinessLog | None = None) -> HttpResponse:
    """Answer 200 if database, migrations and storage are ready, else 503 with what is not.

    The second line is the version. If something cannot be written, or a bucket that answered this
    process before no longer does, it is named, and the process stays ready: readers get their
    pages, and no other node would do better (decisions 0027 and 0035). Details are in the log, not
    on a public page.
    """
    runs = {check: check.begin() for check in CHECKS}
    stops: dict[str, str] = {}
    degrades: dict[str, str] = {}
    for check, run in runs.items():
        only_degrades = check.only_degrades or (check.name == "storage" and storage.has_answered())
        problem = run.result(DEGRADED_TIMEOUT if only_degrades else TIMEOUT)
        if problem is not None:
            (degrades if only_degrades else stops).setdefault(check.name, problem)
    if readiness_log is not None:
        readiness_log.note(stops, degrades)
    if stops:
        status = f"not ready: {', '.join(stops)}"
    elif degrades:
        status = f"ready, degraded: {', '.join(degrades)}"
    else:
        status = "ready"
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
    storage.check_reachable()
    return None


def _database_takes_writes() -> str | None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SHOW transaction_read_only")
            return "it is read-only" if cursor.fetchone() == ("on",) else None
    if file := sqlite.file_of(connection):
        if not os.access(file, os.W_OK):
            return f"{file} can’t be written"
        storage.probe(file.parent)  # SQLite also writes next to the file
    return None


def _storage_takes_files() -> str | None:
    if storage.the_bucket() is None:  # a bucket has answered above, and is never full
        storage.check_writable()
    return None


def _uploads_can_wait() -> str | None:
    uploads.takes_files()
    return None


class Check:
    """A check with a time limit.

    It runs in one thread at a time: while it hangs, other requests wait for the same result, so
    that probes never use up threads or connections.
    """

    def __init__(
        self, name: str, ask: Callable[[], str | None], *, only_degrades: bool = False
    ) -> None:
        self.name, self.only_degrades = name, only_degrades
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

    def result(self, timeout: float) -> str | None:
        """Return None if all is well, else what is wrong, in one line for the log."""
        self.join(max(0, self._began + timeout - monotonic()))
        return f"no answer within {timeout} s" if self.is_alive() else self._problem


CHECKS = [
    Check("database", _database),
    Check("migrations", _migrations),
    Check("storage", _storage),
    Check("database", _database_takes_writes, only_degrades=True),
    Check("storage", _storage_takes_files, only_degrades=True),
    Check("uploads", _uploads_can_wait, only_degrades=True),
]

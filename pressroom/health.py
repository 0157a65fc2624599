"""Whether the site is up, and whether it is able to serve."""

import logging
import threading
import time
from collections.abc import Callable

from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from assets import storage

log = logging.getLogger(__name__)


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer that the process is alive; asks nothing else."""
    return HttpResponse("ok\n", content_type="text/plain")


@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Answer 200 where database, migrations and storage are ready, else 503 naming which are not.

    The second line is the version. What went wrong in detail stands in the log, not on a public
    page.
    """
    problems = {
        name: problem for name, check in CHECKS.items() if (problem := _problem(check)) is not None
    }
    _log_readiness(problems)
    status = f"not ready: {', '.join(problems)}" if problems else "ready"
    body = f"{status}\nversion {settings.VERSION}\n"
    return HttpResponse(body, status=503 if problems else 200, content_type="text/plain")


def _database() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return True


def _migrations() -> bool:
    executor = MigrationExecutor(connection)
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())


CHECKS: dict[str, Callable[[], bool]] = {
    "database": _database,
    "migrations": _migrations,
    "storage": storage.is_reachable,
}


def _problem(check: Callable[[], bool]) -> str | None:
    """Return None where a check passes, else what it says in one line, which may be nothing."""
    try:
        return None if check() else ""
    except Exception as problem:
        return f"{type(problem).__name__}: {' '.join(str(problem).split())}"


LOG_EVERY = 60  # seconds, in each process
_lock = threading.Lock()
_logged_at: float | None = None  # since when the log says that this process is not ready


def _log_readiness(problems: dict[str, str]) -> None:
    """Write one line a minute while something is wrong, and one when it is right again."""
    global _logged_at
    with _lock:
        now = time.monotonic()
        if not problems and _logged_at is not None:
            _logged_at = None
            log.warning("Ready again.")
        elif problems and (_logged_at is None or now - _logged_at >= LOG_EVERY):
            _logged_at = now
            found = [f"{name} ({why})" if why else name for name, why in problems.items()]
            log.error("Not ready: %s", ", ".join(found))

"""Outages: a database or a storage that is unavailable, full or read-only.

An outage is always answered with 503 and Retry-After, and logged once a minute in
each process. An error of our own (a wrong query, a broken constraint) is no outage. See
docs/decisions/0037.
"""

import errno
import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from threading import Lock
from time import monotonic
from urllib.parse import quote

from django.db import DatabaseError, InterfaceError, OperationalError, ProgrammingError, connection
from django.http import HttpRequest, HttpResponse
from django.template import loader
from django.utils.translation import gettext_lazy as _

from assets.storage_basics import StorageBusyError, StorageError
from pressroom import sqlite
from pressroom.typed import typed_fields

log = logging.getLogger(__name__)

LOG_EVERY = 60  # seconds, for each kind of outage in each process
RETRY_AFTER = "60"  # seconds

AWAY, FULL, READ_ONLY = "away", "full", "read-only"
DATABASE, FILES = "database", "files"

# SQLite's result codes (https://sqlite.org/rescode.html), without those of a wrong query.
SQLITE = {
    **dict.fromkeys(
        (
            sqlite3.SQLITE_PERM, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_NOMEM,
            sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_CANTOPEN,
            sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_NOTADB,
        ),
        AWAY,
    ),
    sqlite3.SQLITE_FULL: FULL,
    sqlite3.SQLITE_READONLY: READ_ONLY,
    sqlite3.SQLITE_IOERR_SHMSIZE: FULL,  # an extended code: the shared-memory file cannot grow
}  # fmt: skip
# PostgreSQL's states (appendix A of its manual), by their prefix: a lost connection, too few
# resources, locks not available, a stopped server, and errors of the operating system.
POSTGRESQL = {
    "53100": FULL, "25006": READ_ONLY,
    **dict.fromkeys(("08", "53", "55P03", "40001", "40P01", "57", "58", "XX001", "XX002"), AWAY),
}  # fmt: skip

# The headings of the page, to readers and editors.
HEADINGS = {
    (DATABASE, AWAY): _("Our database is not available"),
    (DATABASE, FULL): _("Our database is full"),
    (DATABASE, READ_ONLY): _("Our database is read-only"),
    (FILES, AWAY): _("Our files are not available"),
    (FILES, FULL): _("Our file storage is full"),
    (FILES, READ_ONLY): _("Our file storage is read-only"),
}
LOG_MESSAGES = {
    (DATABASE, AWAY): "The database does not answer",
    (DATABASE, FULL): "The disk of the database is full",
    (DATABASE, READ_ONLY): "The database is read-only",
    (FILES, AWAY): "Stored files can’t be reached",
    (FILES, FULL): "The disk for stored files is full",
    (FILES, READ_ONLY): "Stored files are read-only",
}


@dataclass(frozen=True, slots=True)
class Outage:
    """What is unavailable (DATABASE, FILES), why (AWAY, FULL, READ_ONLY), and the error."""

    what: str
    why: str
    problem: BaseException

    def __str__(self) -> str:
        """The sentence for the log and the terminal."""
        reason = " ".join(str(self.problem).split())
        return f"{LOG_MESSAGES[self.what, self.why]}: {reason.rstrip('.')}."


def outage_of(problem: BaseException | None) -> Outage | None:
    """Return the outage that caused an error, or None for an error of our own."""
    for each in _with_what_broke_the_transaction(problem):
        if isinstance(each, StorageError):
            return Outage(FILES, _WHY.get(each.errno or 0, AWAY), each)
        if isinstance(each, (DatabaseError, InterfaceError)) and (why := _why_of_database(each)):
            return Outage(DATABASE, why, each)
    return None


def is_of_database(problem: BaseException) -> bool:
    """Return whether an outage of the database caused an error."""
    outage = outage_of(problem)
    return outage is not None and outage.what == DATABASE


_WHY = {
    errno.ENOSPC: FULL, errno.EDQUOT: FULL, errno.EFBIG: FULL,
    errno.EROFS: READ_ONLY, errno.EACCES: READ_ONLY, errno.EPERM: READ_ONLY,
}  # fmt: skip


def _with_what_broke_the_transaction(problem: BaseException | None) -> Iterator[BaseException]:
    """Yield an error, and the earlier one if Django refused a query because that had failed."""
    seen: set[int] = set()
    while problem is not None and id(problem) not in seen:
        seen.add(id(problem))
        yield problem
        if not isinstance(problem, ProgrammingError) or hasattr(problem.__cause__, "sqlstate"):
            return  # the database reported it
        problem = problem.__cause__ or problem.__context__


def _why_of_database(problem: BaseException) -> str:
    below = problem.__cause__
    if isinstance(below, sqlite3.Error):
        extended = getattr(below, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
        code = extended & 0xFF
        if code == sqlite3.SQLITE_ERROR and "no such table" in str(below):
            return AWAY if _is_empty_sqlite() else ""
        return SQLITE.get(extended) or SQLITE.get(code, "")
    state = getattr(below, "sqlstate", "")
    if state is None:  # it happened on our side of the connection
        lost = isinstance(problem, OperationalError) or "connection" in str(problem)
        return AWAY if lost and not isinstance(problem, ProgrammingError) else ""
    return next((why for at, why in POSTGRESQL.items() if state.startswith(at)), "")


def _is_empty_sqlite() -> bool:
    """Return whether the database has no tables: SQLite creates an empty file if it is lost."""
    path = sqlite.file_of(connection)
    if path is None:
        return False
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)) as asked:
            return asked.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is None
    except sqlite3.Error:
        return True


# --- Answers to readers ------------------------------------------------------------------------


def answer(request: HttpRequest, outage: Outage) -> HttpResponse:
    """Return the page for an outage. At the desk it has the typed text, to send again."""
    kept, files = typed_fields(request)
    context = {
        "heading": HEADINGS[outage.what, outage.why],
        "what": outage.what,
        "why": outage.why,
        "kept": kept,
        "files": files,
        "action": request.get_full_path(),
    }
    page = loader.get_template("503.html").render(context)
    headers = {"Retry-After": RETRY_AFTER, "Cache-Control": "no-store"}
    return HttpResponse(page, status=503, headers=headers)


# --- The log ------------------------------------------------------------------------------------


def log_outage(outage: Outage) -> None:
    """Log an outage. OutageFilter limits it to one line a minute for each kind."""
    log.error("%s", outage, extra={"outage": outage})


class OutageFilter(logging.Filter):
    """Log each kind of outage once a minute in one line, without a traceback, in any thread.

    A line has the number of outages of its kind since the last line.
    """

    def __init__(self) -> None:
        super().__init__()
        self._lock = Lock()
        # For each kind, when it was logged, and how many records were left out since then.
        self._logged: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        # Every handler has this filter. The first decides, so that a record counts once.
        passes: bool | None = getattr(record, "passes_outages", None)
        if passes is None:
            passes = record.passes_outages = self._decide(record)
        return passes

    def _decide(self, record: logging.LogRecord) -> bool:
        outage: Outage | None = getattr(record, "outage", None)
        if outage is None:
            outage = outage_of(record.exc_info[1]) if record.exc_info else None
            if outage is None:
                return True
            record.msg, record.args = f"{record.getMessage()} {outage}", ()
            record.exc_info = record.exc_text = None
        left_out = self._count(outage)
        if left_out:
            more = f"({left_out} more since the last line.)"
            record.msg, record.args = f"{record.getMessage()} {more}", ()
        return left_out is not None

    def _count(self, outage: Outage) -> int | None:
        """Return how many records were left out before this one, or None to leave it out too."""
        if isinstance(outage.problem, StorageBusyError):  # logged when the bucket stopped answering
            return None
        kind, now = (outage.what, outage.why), monotonic()
        with self._lock:
            at, left_out = self._logged.get(kind, (None, 0))
            if at is not None and now - at < LOG_EVERY:
                self._logged[kind] = (at, left_out + 1)
                return None
            self._logged[kind] = (now, 0)
        return left_out


def log_at_start() -> None:
    """Log an outage of the database when the server starts. The server starts anyway."""
    try:
        connection.ensure_connection()
    except Exception as problem:
        if outage := outage_of(problem):
            log_outage(outage)
    finally:
        connection.close()

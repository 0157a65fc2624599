"""Error pages, and reports of errors to a service.

ERROR_REPORTER names a function. It is called with the exception and some details of each error:
unhandled errors in requests and in our threads, and failed commands. For Sentry, put this into a
file on PYTHONPATH, such as newsroom_sentry.py, and set ERROR_REPORTER=newsroom_sentry.report

    import sentry_sdk

    sentry_sdk.init(
        dsn="https://…",
        # By default Sentry collects requests, queries, log lines and variables: embargoed texts,
        # and protected names.
        default_integrations=False,
        auto_enabling_integrations=False,
        include_local_variables=False,
        max_breadcrumbs=0,
        send_default_pii=False,
    )

    def report(error, details):
        with sentry_sdk.new_scope() as scope:
            for name, value in details.items():
                scope.set_tag(name, value)
            sentry_sdk.capture_exception(error)
"""

import atexit
import logging
import queue
import sys
import threading
import time
from collections.abc import Iterator
from types import TracebackType

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import Http404, HttpRequest, HttpResponse
from django.template import loader
from django.utils.module_loading import import_string

from pressroom import outages
from pressroom.logs import RedactionFilter, request_id

log = logging.getLogger(__name__)

MAX_WAITING = 100  # reports in one process; more are only logged
EXIT_SECONDS = 5  # for waiting reports, when a process ends


def server_error(request: HttpRequest) -> HttpResponse:
    """Return 503 for an outage in a middleware, else 500 with the request id that is in the log."""
    if outage := outages.outage_of(sys.exc_info()[1]):
        outages.log_outage(outage)
        return outages.answer(request, outage)
    page = loader.get_template("500.html").render({"request_id": request_id.get()})
    return HttpResponse(page, status=500)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Return 400 with a page without styles and links, because the host may be wrong."""
    return HttpResponse(loader.get_template("400.html").render(), status=400)


def page_not_found(request: HttpRequest, row: str) -> HttpResponse:
    """Raise Http404 for a URL of Django that this site does not use."""
    raise Http404


def check_reporter() -> None:
    """Raise ImproperlyConfigured if ERROR_REPORTER does not name a function."""
    if not settings.ERROR_REPORTER:
        return
    problem = ""
    try:
        if not callable(import_string(settings.ERROR_REPORTER)):
            problem = "it is not a function"
    except Exception as error:
        problem = f"{type(error).__name__}: {error}"
    if problem:
        raise ImproperlyConfigured(
            f"ERROR_REPORTER is {settings.ERROR_REPORTER}, which can’t be used ({problem}). Name "
            "a function as in newsroom_sentry.report, in a file on PYTHONPATH."
        )


class ReportHandler(logging.Handler):
    """Passes each logged exception to ERROR_REPORTER, in a background thread.

    The reporter may be slow or fail. No response waits for it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.redaction = RedactionFilter()
        self.waiting: queue.Queue[tuple[BaseException, dict[str, str]]] = queue.Queue(MAX_WAITING)
        self.starting = threading.Lock()
        self.thread: threading.Thread | None = None
        atexit.register(self._finish)

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if error is None or threading.current_thread() is self.thread:
            return
        try:
            self.waiting.put_nowait((self._cleaned(error), self._details(record)))
        except queue.Full:
            return
        except Exception:
            self.handleError(record)
            return
        with self.starting:  # not in __init__: the web process is forked later
            if not (self.thread and self.thread.is_alive()):
                self.thread = threading.Thread(target=self._work, name="reports", daemon=True)
                self.thread.start()

    def _details(self, record: logging.LogRecord) -> dict[str, str]:
        details = {
            "version": settings.VERSION,
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": getattr(record, "request_id", "") or request_id.get(),
        }
        request = getattr(record, "request", None)
        if isinstance(request, HttpRequest):
            details["method"] = request.method or ""
            details["path"] = self.redaction.redact(request.path)
            details["view"] = request.resolver_match.view_name if request.resolver_match else ""
        return details

    def _cleaned(self, error: BaseException) -> BaseException:
        """Return an exception with the same name and traceback, and with a text without secrets.

        The error itself may have secrets in arguments that are not text, in notes, and in
        attributes such as the path of a 404. The variables of its frames are cleared. Running
        frames cannot be cleared, so they are left out. They are the outermost frames, where a
        request or a loop began.
        """
        made: dict[int, BaseException] = {}
        for each in _chain(error):
            kind = type(each)
            named = {"__module__": kind.__module__, "__qualname__": kind.__qualname__}
            text = self.redaction.redact(str(each))
            made[id(each)] = type(kind.__name__, (Exception,), named)(text)
            made[id(each)].__traceback__ = _without_variables(each.__traceback__)
        for each in _chain(error):
            copy = made[id(each)]
            copy.__cause__ = made.get(id(each.__cause__))
            copy.__context__ = made.get(id(each.__context__))
            copy.__suppress_context__ = each.__suppress_context__
        return made[id(error)]

    def _work(self) -> None:
        while True:
            error, details = self.waiting.get()
            try:
                import_string(settings.ERROR_REPORTER)(error, details)
            except Exception as problem:
                log.warning(
                    "ERROR_REPORTER %s failed with %s; error %s is only in the log.",
                    settings.ERROR_REPORTER, type(problem).__name__, details["request_id"] or "-",
                )  # fmt: skip
            finally:
                self.waiting.task_done()

    def _finish(self) -> None:
        end = time.monotonic() + EXIT_SECONDS
        while self.waiting.unfinished_tasks and time.monotonic() < end:
            time.sleep(0.05)


def _without_variables(trace: TracebackType | None) -> TracebackType | None:
    shown = None
    while trace:
        try:
            trace.tb_frame.clear()
            shown = shown or trace
        except RuntimeError:
            shown = None
        trace = trace.tb_next
    return shown


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an exception, and all its causes and contexts."""
    waiting, seen = [error], set()
    while waiting:
        each = waiting.pop()
        if each is not None and id(each) not in seen:
            seen.add(id(each))
            yield each
            waiting += [each.__cause__, each.__context__]

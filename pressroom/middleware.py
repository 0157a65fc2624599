"""What every answer of the site has in common."""

import logging
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.contrib.admin.views.main import ERROR_FLAG
from django.core.exceptions import ValidationError
from django.core.signals import request_finished
from django.db import DataError
from django.db.models import UUIDField
from django.http import HttpRequest, HttpResponse, HttpResponseNotFound
from django.middleware.gzip import GZipMiddleware
from django.shortcuts import redirect, render
from django.urls import resolve, reverse

from pressroom import logs, outages
from pressroom.health import may_probe
from releases import probes

GetResponse = Callable[[HttpRequest], HttpResponse]


class RequestIdMiddleware:
    """Give each request an id that its log lines, its answer and its error page carry.

    It is the outermost, so that nothing is without. A proxy that we trust may bring the id, so that
    its log and ours can be laid side by side; anybody else could choose that of another request.
    """

    SAFE = re.compile(r"[A-Za-z0-9-]{8,64}")

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        request_finished.connect(self._forget, dispatch_uid="pressroom.request_id")

    def __call__(self, request: HttpRequest) -> HttpResponse:
        number = self._from_proxy(request) or uuid4().hex
        logs.request_id.set(number)
        client = probes.network_of(probes.address_of(request))
        seen: dict[str, Any] = {"request_id": number, "client": client}
        request.META[logs.ACCESS] = seen
        response: Any = self.get_response(request)
        response["X-Request-ID"] = number
        # Only a user that something has asked for already: asking costs a query.
        if user := getattr(request, "_cached_user", None):
            seen["user"] = user.pk
        if response.streaming and getattr(response, "file_to_stream", None) is None:
            response.streaming_content = self._watched(request, response.streaming_content)
        return response

    def _from_proxy(self, request: HttpRequest) -> str:
        brought = request.headers.get("X-Request-ID", "") if settings.TRUST_PROXY else ""
        return brought if self.SAFE.fullmatch(brought) else ""

    @staticmethod
    def _watched(request: HttpRequest, content: Iterable[bytes]) -> Iterator[bytes]:
        """Log what fails while an answer is being sent; Django is done with it by then."""
        try:
            yield from content
        except Exception as problem:
            words, more = "Internal Server Error while sending: %s", {"request": request}
            logging.getLogger("django.request").exception(words, request.path, extra=more)
            problem.is_logged = True  # type: ignore[attr-defined]  # gunicorn.conf.py
            raise

    @staticmethod
    def _forget(**signal: Any) -> None:
        logs.request_id.set("")


class HealthCheckMiddleware:
    """Answer the operator's probes before anything asks for a host name or for HTTPS.

    A container's health check and a load balancer know an address and a port, no more. Anybody else
    has to ask for a host name of ours, as for every page.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.probes = {reverse(name): resolve(reverse(name)).func for name in ("healthz", "readyz")}

    def __call__(self, request: HttpRequest) -> HttpResponse:
        probe = self.probes.get(request.path_info)
        if probe and may_probe(request):
            return probe(request)
        return self.get_response(request)


class CacheControlMiddleware:
    """Let nobody answer from memory without asking us first, unless a view says otherwise.

    An embargo lifts, a release is withdrawn, a licence ends: a copy that is shown without asking
    would be early or late. Asking is cheap (an ETag and a 304), and a header that counted down
    to the next lift would tell strangers that there is one. See docs/decisions/0005.

    What is not for everybody is kept by nobody, whatever a view says: the desk, and previews,
    whose addresses no other site may learn either.
    """

    STRICT = {
        "/admin/": {"Cache-Control": "private, no-store"},
        "/preview/": {
            "Cache-Control": "private, no-store",
            "X-Robots-Tag": "noindex, noarchive",
            "Referrer-Policy": "no-referrer",
        },
    }

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        for prefix, headers in self.STRICT.items():
            if request.path_info.startswith(prefix):
                for name, value in headers.items():
                    response[name] = value
        if not response.has_header("Cache-Control"):
            response["Cache-Control"] = "no-cache"
        return response


class BrowserPolicyMiddleware:
    """Say what browsers may use of a device, and who may show what is ours in their pages.

    No page asks for a camera, a place or a payment; a script that got into one could not either.
    Pictures of the public site may stand in any page: feed readers and newsrooms show them. What
    belongs to the desk and to previews is given to their own pages alone, so that no other site can
    learn from a picture that loads whether its reader is signed in.
    """

    FEATURES = (
        "accelerometer", "browsing-topics", "camera", "display-capture", "geolocation", "gyroscope",
        "hid", "magnetometer", "microphone", "midi", "payment", "publickey-credentials-create",
        "serial", "usb", "xr-spatial-tracking",
    )  # fmt: skip
    POLICY = ", ".join(f"{feature}=()" for feature in FEATURES)

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response["Permissions-Policy"] = self.POLICY
        private = request.path_info.startswith(tuple(CacheControlMiddleware.STRICT))
        response["Cross-Origin-Resource-Policy"] = "same-origin" if private else "cross-origin"
        return response


class TextGZipMiddleware(GZipMiddleware):
    """Compress what is words. Pictures and archives are packed already, and keep their length."""

    SHORTEST = 1000  # bytes: the padding takes 100 at most
    # A Word file is packed, though “openxmlformats” stands in the name of its type.
    WORDS = re.compile(r"text/|[^;]*[/+](?:json|xml|javascript)\b")

    def process_response(self, request: HttpRequest, response: Any) -> Any:
        words = bool(self.WORDS.match(response.get("Content-Type", "")))
        # Django pads what it compresses at random, and leaves out what became no shorter. So the
        # same short page came packed or unpacked by chance, as if something had changed.
        words = words and (response.streaming or len(response.content) >= self.SHORTEST)
        return super().process_response(request, response) if words else response


class OutageMiddleware:
    """Answer 503 where a view fails because the database or the storage is away.

    What fails in a middleware comes to `pressroom.errors.server_error`, which does the same.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, problem: Exception) -> HttpResponse | None:
        outage = outages.outage_of(problem)
        if outage is None:
            return None
        outages.note(outage)
        return outages.answer(request, outage)


class UniformNotFoundMiddleware:
    """Give one and the same page for everything that is not there, whatever the reason.

    Django's own 404 differs between a URL that matches nothing and a row that is missing, and
    under DEBUG it names both: a stranger could tell a hidden release from one that never was.
    An address with a NUL in it leads nowhere either: PostgreSQL stores none, and fails when asked.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "\x00" in request.path or "%00" in request.META.get("QUERY_STRING", ""):
            response: HttpResponse = HttpResponseNotFound()
        else:
            response = self.get_response(request)
        if response.status_code == 404 and not request.path.startswith("/admin/"):
            probes.record_miss(request)
            request.resolver_match = None  # the page must not say what the address looked like
            private = request.path_info.startswith("/preview/")
            return render(request, "previews/invalid.html" if private else "404.html", status=404)
        return response

    def process_exception(self, request: HttpRequest, problem: Exception) -> HttpResponse | None:
        """Answer 404 at the desk where a query or a field names a row by what cannot be a key.

        Django asks the database for it as it came, in filters, actions and fields that search. A
        filter by a day that no calendar has is answered as Django answers other wrong filters.
        """
        if _is_no_day(problem) and _is_filtered_list(request):
            return redirect(f"{request.path}?{ERROR_FLAG}=1")
        words = getattr(problem, "message", "") or str(problem)
        match problem:
            case ValidationError():
                is_no_key = words == UUIDField.default_error_messages["invalid"]
            case ValueError():
                is_no_key = "expected a number but got" in words
            case OverflowError():  # SQLite's, for a number of many digits
                is_no_key = "too large to convert" in words
            case DataError():  # and PostgreSQL's
                is_no_key = getattr(problem.__cause__, "sqlstate", "") == "22003"
            case _:
                is_no_key = False
        if not (is_no_key and request.path.startswith("/admin/")):
            return None
        return render(request, "404.html", status=404)


def _is_filtered_list(request: HttpRequest) -> bool:
    match = request.resolver_match
    is_list = (
        match and match.namespace == "admin" and (match.url_name or "").endswith("_changelist")
    )
    return bool(is_list and request.method == "GET" and set(request.GET) - {ERROR_FLAG})


def _is_no_day(problem: Exception) -> bool:
    """Return whether a year, month or day is one that no date can have."""
    words = str(problem)
    if isinstance(problem, OverflowError):
        return "SQLite" not in words  # this is a key: see above
    return isinstance(problem, ValueError) and "is out of range" in words

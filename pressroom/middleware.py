"""What every answer of the site has in common."""

import logging
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseNotFound
from django.middleware.gzip import GZipMiddleware
from django.shortcuts import render
from django.urls import resolve, reverse

from assets.storage import StorageError
from releases import guesses

log = logging.getLogger(__name__)

GetResponse = Callable[[HttpRequest], HttpResponse]


class ProbesFirst:
    """Answer the operator's probes before anything asks for a host name or for HTTPS.

    A container's health check and a load balancer know an address and a port, no more.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.probes = {reverse(name): resolve(reverse(name)).func for name in ("healthz", "readyz")}

    def __call__(self, request: HttpRequest) -> HttpResponse:
        probe = self.probes.get(request.path_info)
        return probe(request) if probe else self.get_response(request)


class NothingKept:
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


class CompressedWords(GZipMiddleware):
    """Compress what is words. Pictures and archives are packed already, and keep their length."""

    def process_response(self, request: HttpRequest, response: Any) -> Any:
        kind = response.get("Content-Type", "")
        words = any(word in kind for word in ("text/", "json", "xml", "javascript"))
        return super().process_response(request, response) if words else response


class FilesAway:
    """Say that it will pass where stored files are out of reach; the log says what is wrong."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, problem: Exception) -> HttpResponse | None:
        if not isinstance(problem, StorageError):
            return None
        log.error("%s", problem)
        response = render(request, "503.html", status=503)
        response["Retry-After"] = "60"
        return response


class OneNotFound:
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
            guesses.note(request)
            request.resolver_match = None  # the page must not say what the address looked like
            private = request.path_info.startswith("/preview/")
            return render(request, "previews/closed.html" if private else "404.html", status=404)
        return response

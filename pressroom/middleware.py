"""The middleware of the site: request ids, health checks, headers, compression, error pages."""

import logging
import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.contrib import admin
from django.contrib.admin.views.main import ERROR_FLAG
from django.core.exceptions import ValidationError
from django.core.signals import request_finished
from django.db import DataError
from django.db.models import UUIDField
from django.http import HttpRequest, HttpResponse, HttpResponseNotFound
from django.middleware.gzip import GZipMiddleware
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import resolve, reverse
from django.utils.translation import gettext as _

from accounts.gate import SecondFactorMiddleware
from accounts.networks import address_of, network_of
from pressroom import logs, outages
from pressroom.health import ReadinessLog, may_probe
from pressroom.typed import typed_texts
from releases import probes

GetResponse = Callable[[HttpRequest], HttpResponse]


class RequestIdMiddleware:
    """Give each request an id, which its log lines, its answer and its error page contain.

    It is the outermost middleware, so that every answer has an id. A trusted proxy may set the id,
    so that its log and ours can be compared. Others could send the id of another request.
    """

    SAFE = re.compile(r"[A-Za-z0-9-]{8,64}")

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        request_finished.connect(self._forget, dispatch_uid="pressroom.request_id")

    def __call__(self, request: HttpRequest) -> HttpResponse:
        number = self._from_proxy(request) or uuid4().hex
        logs.request_id.set(number)
        client = network_of(address_of(request))
        seen: dict[str, Any] = {"request_id": number, "client": client}
        request.META[logs.ACCESS] = seen
        response: Any = self.get_response(request)
        response["X-Request-ID"] = number
        # Log the user only if it is already loaded, because loading costs a query.
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
        """Log an exception while an answer is being sent. Django does not log it."""
        try:
            yield from content
        except Exception as problem:
            message, extra = "Internal Server Error while sending: %s", {"request": request}
            logging.getLogger("django.request").exception(message, request.path, extra=extra)
            problem.is_logged = True  # type: ignore[attr-defined]  # gunicorn.conf.py
            raise

    @staticmethod
    def _forget(**signal: Any) -> None:
        logs.request_id.set("")


class HealthCheckMiddleware:
    """Answer health checks before the host name and HTTPS are checked.

    Containers and load balancers have only an address and a port. All other clients must use an
    allowed host name, as for every page.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        healthz, readyz = reverse("healthz"), reverse("readyz")
        self.probes: dict[str, GetResponse] = {
            healthz: resolve(healthz).func,
            readyz: partial(resolve(readyz).func, readiness_log=ReadinessLog()),
        }

    def __call__(self, request: HttpRequest) -> HttpResponse:
        probe = self.probes.get(request.path_info)
        if probe and may_probe(request):
            return probe(request)
        return self.get_response(request)


class CacheControlMiddleware:
    """Make caches revalidate every answer, unless a view sets another header.

    A cached copy could be wrong after an embargo or a licence ends, or after a withdrawal.
    Revalidation is cheap (an ETag and a 304). A header with the time until the next publication
    would reveal that there is one. See docs/decisions/0005.

    The desk and previews are never cached, even if a view sets another header. Browsers do not send
    the addresses of previews to other sites.
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
    """Set which device features pages may use, and which sites may embed our files.

    No page needs a camera, a location or a payment, so an injected script cannot use them either.
    Any page may show pictures of the public site: feed readers and newsrooms do. Files of the desk
    and of previews load only in their own pages, so that no other site can find out from a picture
    whether its reader is signed in.
    """

    FEATURES = (
        "accelerometer", "browsing-topics", "camera", "display-capture", "geolocation", "gyroscope",
        "hid", "magnetometer", "microphone", "midi", "payment", "publickey-credentials-create",
        "publickey-credentials-get", "serial", "usb", "xr-spatial-tracking",
    )  # fmt: skip
    POLICY = ", ".join(f"{feature}=()" for feature in FEATURES)
    # Some pages create or use a passkey.
    PASSKEY_PAGES = ("/admin/account/", "/admin/login/")
    PASSKEY_POLICY = re.sub(r"(publickey-credentials-\w+)=\(\)", r"\1=(self)", POLICY)

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        has_passkeys = request.path_info.startswith(self.PASSKEY_PAGES)
        response["Permissions-Policy"] = self.PASSKEY_POLICY if has_passkeys else self.POLICY
        private = request.path_info.startswith(tuple(CacheControlMiddleware.STRICT))
        response["Cross-Origin-Resource-Policy"] = "same-origin" if private else "cross-origin"
        return response


class TextGZipMiddleware(GZipMiddleware):
    """Compress texts. Pictures and archives are already compressed, and keep their length."""

    MIN_BYTES = 1000  # the padding takes 100 at most
    # A Word file is already compressed, although its type contains “openxmlformats”.
    TEXT_TYPES = re.compile(r"text/|[^;]*[/+](?:json|xml|javascript)\b")

    def process_response(self, request: HttpRequest, response: Any) -> Any:
        is_text = bool(self.TEXT_TYPES.match(response.get("Content-Type", "")))
        # Django adds random padding, and compresses only if the result is shorter. Without this
        # limit, a short page would sometimes be compressed and sometimes not.
        is_long = response.streaming or len(response.content) >= self.MIN_BYTES
        return super().process_response(request, response) if is_text and is_long else response


class OutageMiddleware:
    """Answer 503 if a view fails because the database or the storage is unavailable.

    `pressroom.errors.server_error` does the same for failures in a middleware.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, problem: Exception) -> HttpResponse | None:
        outage = outages.outage_of(problem)
        if outage is None:
            return None
        outages.log_outage(outage)
        return outages.answer(request, outage)


class GateMiddleware(SecondFactorMiddleware):
    """The gate of the desk. It answers 503 if the database is unavailable when it looks.

    Django calls no `process_exception` for an error in a middleware, so the typed text would not
    be returned.
    """

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponse | None:
        try:
            return super().process_view(request, view, args, kwargs)
        except Exception as problem:
            outage = outages.outage_of(problem)
            if outage is None:
                raise
            outages.log_outage(outage)
            return outages.answer(request, outage)


class MethodNotAllowedMiddleware:
    """Add a page to an answer 405, which is empty in Django."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code != 405 or response.content:
            return response
        # Keep the answer, because it has the Allow header.
        if request.path_info.startswith("/admin/"):
            title = _("This page can’t be opened directly")
            response.content = _desk_page(request, "admin/405.html", title)
        else:
            response.content = _without_route(request, "405.html")
        response["Content-Type"] = "text/html; charset=utf-8"
        return response


def _desk_page(request: HttpRequest, template: str, title: str, **context: Any) -> str:
    return _without_route(
        request, template, admin.site.each_context(request) | {"title": title, **context}
    )


def _without_route(
    request: HttpRequest, template: str, context: dict[str, Any] | None = None
) -> str:
    """Render a page that must not depend on the route. The metrics need the route afterwards."""
    match, request.resolver_match = request.resolver_match, None
    page = render_to_string(template, context, request)
    request.resolver_match = match
    return page


class TypedTextMiddleware:
    """Give texts back if the page of a form does not exist any more for a user of the desk.

    Someone else may have deleted or restricted a release, or lowered a person to level 0, since
    the form was opened. The answer stays 404, and contains only what the user has sent.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if (
            response.status_code == 404
            and request.path_info.startswith("/admin/")
            and request.user.is_authenticated
            and (texts := typed_texts(request))
        ):
            title = _("This page can’t be opened any more")
            page = _desk_page(request, "admin/gone.html", title, texts=texts)
            return HttpResponseNotFound(page)
        return response


class UniformNotFoundMiddleware:
    """Answer every 404 with the same page.

    Django's own answer differs between a URL without a route and a missing row, and shows both
    under DEBUG. So strangers could distinguish a hidden release from one that never existed. URLs
    with a NUL get the same page, because a query for a NUL fails on PostgreSQL.
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
            request.resolver_match = None  # the page must not depend on the route
            private = request.path_info.startswith("/preview/")
            return render(request, "previews/invalid.html" if private else "404.html", status=404)
        return response

    def process_exception(self, request: HttpRequest, problem: Exception) -> HttpResponse | None:
        """Answer 404 at the desk if a query or a field has a value that cannot be a key.

        Django passes such values of filters, actions and search fields to the database unchecked.
        A filter by an impossible date gets the answer that Django gives for other wrong filters.
        """
        if _is_no_day(problem) and _is_filtered_list(request):
            return redirect(f"{request.path}?{ERROR_FLAG}=1")
        message = getattr(problem, "message", "") or str(problem)
        match problem:
            case ValidationError():
                is_no_key = message == UUIDField.default_error_messages["invalid"]
            case ValueError():
                is_no_key = "expected a number but got" in message
            case OverflowError():  # SQLite, for a number with many digits
                is_no_key = "too large to convert" in message
            case DataError():  # PostgreSQL, for the same
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
    """Return whether a year, month or day is out of range."""
    message = str(problem)
    if isinstance(problem, OverflowError):
        return "SQLite" not in message  # the number of a key, as in process_exception
    return isinstance(problem, ValueError) and "is out of range" in message

"""Counts and times for Prometheus at /metrics, for clients with METRICS_TOKEN.

Monitoring is often run by another organisation, so the metrics must not show what the newsroom is
about to publish: the desk and previews are one view, "private", and releases are not counted.
See docs/decisions/0029.
"""

import hmac
import os
import time
from collections.abc import Iterable
from functools import cache

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.core.signals import got_request_exception
from django.db import DatabaseError
from django.db.models import Count, Min, Q
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from assets.models import MediaAsset
from pressroom.middleware import GetResponse

PATH = "/metrics"
METHODS = {"GET", "HEAD", "POST", "OPTIONS", "PUT", "PATCH", "DELETE"}
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

# For this process. gunicorn.conf.py sets a folder in which the values of all workers are added up.
registry = CollectorRegistry()
requests = Counter(
    "pressroom_http_requests", "Requests answered.", ["view", "method", "status"], registry=registry
)
durations = Histogram(
    "pressroom_http_request_duration_seconds", "Time until an answer began to be sent.", ["view"],
    buckets=SECONDS, registry=registry,
)  # fmt: skip
exceptions = Counter(
    "pressroom_http_exceptions", "Requests that failed with an unhandled error.", ["view"],
    registry=registry,
)  # fmt: skip


class MetricsMiddleware:
    """Counts requests, and responds to /metrics.

    Without the token, /metrics gets the response of an unknown URL, because it is not in the
    URLconf. Like the health checks, it works with any host name and without HTTPS.
    """

    def __init__(self, get_response: GetResponse) -> None:
        if not settings.METRICS_TOKEN:
            raise MiddlewareNotUsed
        self.get_response = get_response
        self.expected = settings.METRICS_TOKEN.encode()
        got_request_exception.connect(_count_exception, dispatch_uid="pressroom.metrics")

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info == PATH and self._is_allowed(request):
            response = HttpResponse(exposition(), content_type=CONTENT_TYPE_LATEST)
            response["Cache-Control"] = "no-store"
            return response
        begun = time.perf_counter()
        response = self.get_response(request)
        view = view_of(request)
        method = request.method if request.method in METHODS else "other"
        requests.labels(view, method, f"{response.status_code // 100}xx").inc()
        durations.labels(view).observe(time.perf_counter() - begun)
        return response

    def _is_allowed(self, request: HttpRequest) -> bool:
        scheme, _space, given = request.headers.get("Authorization", "").partition(" ")
        is_right = hmac.compare_digest(given.encode(errors="replace"), self.expected)
        # The name of a scheme is not case-sensitive (RFC 9110, 11.1).
        return is_right and scheme.lower() == "bearer" and request.method in ("GET", "HEAD")


@cache
def _probes() -> set[str]:
    return {reverse("healthz"), reverse("readyz")}


def view_of(request: HttpRequest) -> str:
    """Return the name of the view as a label. It is "none" for any URL without a view."""
    path = request.path_info
    if path.startswith(("/admin/", "/preview/")):
        return "private"
    if path.startswith(settings.STATIC_URL):
        return "static"
    if path in _probes():
        return "probe"
    match = request.resolver_match
    return (match.url_name if match else None) or "none"


def _count_exception(request: HttpRequest | None = None, **signal: object) -> None:
    if request is not None:
        exceptions.labels(view_of(request)).inc()


class BuildCollector(Collector):
    def collect(self) -> Iterable[Metric]:
        """Yield a gauge with the value 1 and the version as its label."""
        build = GaugeMetricFamily("pressroom_build_info", "What runs.", labels=["version"])
        build.add_metric([settings.VERSION], 1)
        yield build


class RenditionCollector(Collector):
    def collect(self) -> Iterable[Metric]:
        """Yield the numbers of waiting and failed pictures, if the database is available."""
        state = MediaAsset.State
        waiting = Q(state__in=[state.WAITING, state.PROCESSING])
        try:
            found = MediaAsset.objects.filter(waiting | Q(state=state.FAILED)).aggregate(
                waiting=Count("pk", filter=waiting),
                failed=Count("pk", filter=Q(state=state.FAILED)),
                oldest=Min("uploaded_at", filter=waiting),
            )
        except DatabaseError:
            return
        yield GaugeMetricFamily(
            "pressroom_renditions_waiting", "Pictures whose renditions are not made yet.",
            found["waiting"],
        )  # fmt: skip
        yield GaugeMetricFamily(
            "pressroom_renditions_failed", "Pictures whose renditions could not be made.",
            found["failed"],
        )  # fmt: skip
        yield GaugeMetricFamily(
            "pressroom_renditions_oldest_waiting_upload_timestamp_seconds",
            "When the oldest picture that waits was uploaded; 0 where none waits.",
            found["oldest"].timestamp() if found["oldest"] else 0,
        )


def exposition() -> bytes:
    """Return all metrics in Prometheus's text format, added up over the workers."""
    everything = CollectorRegistry()
    everything.register(BuildCollector())
    everything.register(RenditionCollector())
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        everything.register(MultiProcessCollector(None))
        return generate_latest(everything)
    return generate_latest(everything) + generate_latest(registry)

"""Metrics for Prometheus: access, contents, and no hint that an embargo exists."""

import re
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection

import pytest
from django.core.exceptions import MiddlewareNotUsed
from django.db import models
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from assets.models import MediaAsset
from pressroom.metrics import MetricsMiddleware
from releases import workflow
from releases.models import Release
from tests.deployment import gunicorn
from tests.make import (
    HIDDEN,
    accept,
    headers_of,
    make_chief,
    make_link,
    make_picture,
    make_release,
    make_user,
)

TOKEN = "only-prometheus-may-know-this-0123456789"
ALLOWED = {"Authorization": f"Bearer {TOKEN}"}
CANARY = "zaunkonigin"
NOWHERE = "/nothing-is-here"


@pytest.fixture
def measured(db, settings):
    settings.METRICS_TOKEN = TOKEN
    return Client()


def read(text: str) -> dict[tuple, float]:
    """Return each sample that Prometheus would read, by its name and labels."""
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def scrape(client) -> dict[tuple, float]:
    response = client.get("/metrics", headers=ALLOWED)
    assert response.status_code == 200
    return read(response.content.decode())


def added(client, do) -> dict[tuple, float]:
    """Return by how much each counter grows while `do` runs."""
    before = scrape(client)
    do()
    after = scrape(client)
    more = {key: value - before.get(key, 0) for key, value in after.items()}
    return {key: n for key, n in more.items() if n and key[0].endswith(("_total", "_count"))}


# --- Access ------------------------------------------------------------------------------------

WAYS = [("get", {}), ("head", {}), ("post", {}), ("options", {}), ("put", {}),
        ("get", {"Accept-Encoding": "gzip"}), ("get", {"If-None-Match": "*"}),
        ("get", {"Host": "evil.example.org"})]  # fmt: skip
WRONG_TOKENS = [
    "", TOKEN, f"Bearer {TOKEN[:-1]}", f"Bearer {TOKEN}x", "Bearer ", f"bearer {TOKEN}x",
    f"Bearer{TOKEN}", f" {TOKEN}", f"Basic {TOKEN}", "Bearer é", f"Bearer {TOKEN}, Bearer {TOKEN}",
]  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize("token", ["", TOKEN])
def test_without_the_token_the_address_answers_like_one_that_never_existed(
    settings, django_assert_num_queries, token
):
    settings.METRICS_TOKEN = token
    settings.ALLOWED_HOSTS = ["testserver"]
    client, wrong = Client(), WRONG_TOKENS if token else [*WRONG_TOKENS, f"Bearer {TOKEN}"]
    for method, headers in WAYS:
        for given in wrong:
            sent = headers | ({"Authorization": given} if given else {})
            answers = []
            for path in ("/metrics", NOWHERE):
                with django_assert_num_queries(0):
                    response = getattr(client, method)(path, headers=sent)
                answers.append((response.status_code, headers_of(response), response.content))
                assert response.status_code in (404, 400)
            if "Accept-Encoding" not in headers:  # padded at random, against BREACH
                assert answers[0] == answers[1], (method, given)
            else:
                assert answers[0][0] == answers[1][0]


def test_with_the_token_any_host_and_scheme_is_accepted(measured, settings):
    """Like the caller of a probe, Prometheus knows only an address and a port."""
    settings.ALLOWED_HOSTS = ["news.example.org"]
    settings.SECURE_SSL_REDIRECT = True
    client = Client()
    response = client.get("/metrics", headers=ALLOWED | {"Host": "10.1.2.3:8000"})
    assert response.status_code == 200
    assert response["Content-Type"].startswith("text/plain")
    assert response["Cache-Control"] == "no-store"
    for method, path in (("post", "/metrics"), ("get", "/metrics/")):
        asked = {"headers": ALLOWED | {"Host": "news.example.org"}, "secure": True}
        assert getattr(client, method)(path, **asked).status_code == 404, (method, path)


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_scheme_of_the_token_may_have_any_capitals(measured, scheme):
    answer = Client().get("/metrics", headers={"Authorization": f"{scheme} {TOKEN}"})
    assert answer.status_code == 200


def test_metrics_are_off_by_default(settings):
    assert settings.METRICS_TOKEN == ""
    with pytest.raises(MiddlewareNotUsed):
        MetricsMiddleware(lambda request: None)


# --- Contents ----------------------------------------------------------------------------------


def test_requests_are_counted_by_view_method_and_status(measured):
    release = make_release()

    def visit():
        for path in (
            "/",
            "/",
            release.get_absolute_url(),
            "/releases/none/",
            "/nothing/",
            "/readyz",
        ):
            measured.get(path)
        measured.post("/")
        measured.generic("BREW", "/")
        b"".join(measured.get("/static/css/site.css"))

    def count(view, method, status):
        return ("pressroom_http_requests_total", ("method", method), ("status", status),
                ("view", view))  # fmt: skip

    found = added(measured, visit)
    seconds = "pressroom_http_request_duration_seconds_count"
    assert found == {
        count("newsroom", "GET", "2xx"): 2, count("newsroom", "POST", "4xx"): 1,
        count("newsroom", "other", "4xx"): 1, count("release", "GET", "2xx"): 1,
        count("none", "GET", "4xx"): 2, count("probe", "GET", "2xx"): 1,
        count("static", "GET", "2xx"): 1,
        (seconds, ("view", "newsroom")): 4, (seconds, ("view", "release")): 1,
        (seconds, ("view", "none")): 2, (seconds, ("view", "probe")): 1,
        (seconds, ("view", "static")): 1,
    }  # fmt: skip


def test_waiting_and_failed_pictures_are_counted(measured, db):
    def renditions_in(found):
        names = ("waiting", "failed", "oldest_waiting_upload_timestamp_seconds")
        return [found[(f"pressroom_renditions_{name}",)] for name in names]

    assert renditions_in(scrape(measured)) == [0, 0, 0]
    first, second, third = make_picture("1.jpg"), make_picture("2.jpg"), make_picture("3.jpg")
    models.QuerySet(MediaAsset).filter(pk=first.pk).update(state="waiting")
    models.QuerySet(MediaAsset).filter(pk=second.pk).update(state="making")
    models.QuerySet(MediaAsset).filter(pk=third.pk).update(state="failed")
    found = renditions_in(scrape(measured))
    assert found[:2] == [2, 1]
    assert found[2] == pytest.approx(first.uploaded_at.timestamp(), abs=0.001)


def test_the_version_is_a_label(measured, settings):
    settings.VERSION = "9.8.7+abc1234"
    assert scrape(measured)["pressroom_build_info", ("version", "9.8.7+abc1234")] == 1


# --- What metrics must not reveal --------------------------------------------------------------


@pytest.mark.parametrize("state", HIDDEN)
def test_a_hidden_release_is_in_no_number_and_no_label(measured, state):
    """A request for it is counted like one for an address that never existed."""
    make_release(state, title=CANARY)
    release = Release.objects.get()
    known = f"/releases/{release.slug or CANARY}/"
    if state == "withdrawn":  # its address has a public notice
        known = f"/releases/{CANARY}-2/"
    hidden = added(measured, lambda: measured.get(known))
    never = added(measured, lambda: measured.get("/releases/none/"))
    assert hidden == never
    text = measured.get("/metrics", headers=ALLOWED).content.decode()
    for word in (CANARY, str(release.pk), *([release.slug] if release.slug else [])):
        assert word not in text


def test_reading_a_preview_counts_like_any_work_at_the_desk(measured):
    release = make_release("scheduled", title=CANARY)
    path = make_link(release)
    chief = make_user("chief", is_superuser=True)

    def read_preview():
        accept(measured, path)

    found = added(measured, read_preview)
    assert found
    assert {dict(labels)["view"] for _, *labels in found} == {"private"}
    measured.force_login(chief)
    at_work = added(measured, lambda: measured.get("/admin/releases/release/"))
    assert {dict(labels)["view"] for _, *labels in at_work} == {"private"}
    workflow.hold(Release.objects.get(), by=make_chief())
    text = measured.get("/metrics", headers=ALLOWED).content.decode()
    assert not re.search("preview|embargo|scheduled|draft|hold|admin", text, re.IGNORECASE)


# --- Several processes -------------------------------------------------------------------------


def fetch(port, path, **headers):
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", path, headers=headers)
    response = connection.getresponse()
    body = response.read().decode()
    connection.close()
    return response.status, body


@pytest.mark.django_db(transaction=True)
def test_counts_of_all_workers_are_added_in_a_folder_that_is_removed_at_the_end(tmp_path):
    make_release()
    dead = tmp_path / "pressroom-metrics-999999999-left"
    dead.mkdir()
    (dead / "counter_1.db").touch()
    more = {"METRICS_TOKEN": TOKEN, "TMPDIR": str(tmp_path), "LOG_FORMAT": "json"}
    with gunicorn(tmp_path / "log", 3, 2, **more) as port:
        with ThreadPoolExecutor(8) as readers:  # one worker could answer all sequential requests
            statuses = readers.map(lambda _: fetch(port, "/people/")[0], range(40))
            assert set(statuses) == {200}
        answers = [fetch(port, "/metrics", **ALLOWED) for _ in range(4)]
        folders = [path.name for path in tmp_path.glob("pressroom-metrics-*")]
        assert len(folders) == 1
        assert folders[0] != dead.name
        # More than one process has counted.
        assert len(list(tmp_path.glob("pressroom-metrics-*/counter_*.db"))) > 1
        assert fetch(port, "/metrics")[0] == 404
    people = ("pressroom_http_requests_total", ("method", "GET"), ("status", "2xx"),
              ("view", "people"))  # fmt: skip
    assert [read(text)[people] for status, text in answers] == [40] * 4
    assert not list(tmp_path.glob("pressroom-metrics-*"))
    assert TOKEN not in (tmp_path / "log").read_text()


def test_metrics_work_without_the_database_and_count_failures(tmp_path):
    away = {"DATABASE_URL": "postgres://u:p@127.0.0.1:1/n", "METRICS_TOKEN": TOKEN}
    with gunicorn(tmp_path / "log", 1, 2, "/healthz", TMPDIR=str(tmp_path), **away) as port:
        for path in ("/people/", "/people/", "/preview/x/"):
            assert fetch(port, path)[0] == 503
        status, text = fetch(port, "/metrics", **ALLOWED)
    assert status == 200
    found = read(text)
    # An outage is counted as an answer with status 503, not as an exception.
    for view, times in [("people", 2), ("private", 1)]:
        failed = ("method", "GET"), ("status", "5xx"), ("view", view)
        assert found["pressroom_http_requests_total", *failed] == times
        assert ("pressroom_http_exceptions_total", ("view", view)) not in found
    assert ("pressroom_renditions_waiting",) not in found


@pytest.mark.django_db(transaction=True)
def test_no_folder_is_made_if_metrics_are_off(tmp_path):
    with gunicorn(tmp_path / "log", 1, 1, TMPDIR=str(tmp_path)) as port:
        assert fetch(port, "/metrics", **ALLOWED)[0] == 404
        assert not list(tmp_path.glob("pressroom-metrics-*"))


def test_counting_a_request_takes_less_than_0_2_ms(settings, rf):
    """A request takes about 10 ms, so counting must be far below 1 ms, even on a busy machine."""
    settings.METRICS_TOKEN = TOKEN
    from django.http import HttpResponse

    request, answer = rf.get("/nothing/"), HttpResponse()
    request.resolver_match = None
    count = MetricsMiddleware(lambda request: answer)
    best = 1.0
    for _ in range(5):
        begun = time.perf_counter()
        for _ in range(200):
            count(request)
        best = min(best, (time.perf_counter() - begun) / 200)
    print(f"{best * 1e6:.0f} µs a request")
    assert best < 0.0002

"""At most four searches run at a time on a machine, and other pages go on meanwhile."""

import fcntl
import http.client
import threading
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from django.conf import settings as current
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse

from assets import storage_basics
from pressroom import search_gate
from releases.models import Release
from tests.deployment import Node
from tests.make import make_person, make_release, quotation
from tests.search_flood import search_flood
from tests.storm import Readers

pytestmark = pytest.mark.django_db

SEARCH = "/releases/?q=harbour"


@contextmanager
def busy(number: int):
    """Hold slots, as other processes of this machine do while they search."""
    folder = Path(current.FILE_UPLOAD_TEMP_DIR)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with ExitStack() as stack:
        for slot in range(number):
            file = stack.enter_context((folder / f".search-{slot}").open("w"))
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield


@pytest.fixture(autouse=True)
def _short_wait(monkeypatch):
    monkeypatch.setattr(search_gate, "WAIT_SECONDS", 0.02)


def test_above_four_searches_the_answer_is_429_and_other_pages_go_on(client, at_desk, publisher):
    make_release(title="The harbour")
    with busy(4):
        answer = client.get(SEARCH)
        assert (answer.status_code, answer["Retry-After"]) == (429, "5")
        assert answer["Cache-Control"] == "no-store"
        assert "default-src" in answer["Content-Security-Policy"]
        page = answer.content.decode()
        assert "Too many searches at the moment" in page
        assert "harbour" not in page
        for path in ("/", "/releases/", "/releases/?q=", "/releases/?q=+", "/people/", "/healthz"):
            assert client.get(path).status_code == 200, path
        at_desk(publisher)
        assert client.get("/admin/releases/release/?q=harbour").status_code == 200
    with busy(3):
        assert client.get(SEARCH).status_code == 200
        assert client.get(SEARCH).status_code == 200  # the slot is free again


def test_every_public_page_that_is_asked_with_a_text_to_find_is_limited(client):
    """Also a page that has no search yet, so that nobody forgets it."""
    person = make_person(title="Director", speaks=True)
    release = make_release()
    slugs = {"person": person.slug, "release": release.slug}
    paths = [
        reverse(each.name, args=[slugs[each.name]] if each.pattern.converters else [])
        for each in get_resolver().url_patterns
        if isinstance(each, URLPattern) and (not each.pattern.converters or each.name in slugs)
    ]
    probes = {"/healthz", "/readyz"}
    assert {"/releases/", "/releases/feed.atom", f"/people/{person.slug}/"} <= {*paths}
    with busy(4):
        for path in {*paths} - probes:
            assert client.get(f"{path}?a=b&q=x").status_code == 429, path
            assert client.head(f"{path}?%71=x").status_code == 429, path
        for path in probes:
            assert client.get(f"{path}?q=x").status_code == 200, path


def test_a_search_waits_for_a_moment(client, monkeypatch):
    monkeypatch.setattr(search_gate, "WAIT_SECONDS", 20)
    elsewhere = ExitStack()
    elsewhere.enter_context(busy(4))
    threading.Timer(0.2, elsewhere.close).start()
    assert client.get(SEARCH).status_code == 200


def test_searches_that_wait_leave_a_thread_of_the_process_for_other_pages(monkeypatch):
    monkeypatch.setattr(storage_basics, "web_threads", 4)
    monkeypatch.setattr(search_gate, "WAIT_SECONDS", 3)
    client, statuses = Client(), []
    client.get("/healthz")  # loads the middleware

    def search():
        other = Client()
        other.handler = client.handler
        statuses.append(other.get(SEARCH).status_code)

    with busy(4):
        waiting = [threading.Thread(target=search) for _ in range(3)]
        for thread in waiting:
            thread.start()
        time.sleep(0.5)
        assert statuses == []
        begun = time.monotonic()
        assert client.get(SEARCH).status_code == 429
        assert client.get("/robots.txt").status_code == 200
        assert time.monotonic() - begun < 2
        for thread in waiting:
            thread.join()
    assert statuses == [429] * 3
    assert client.get(SEARCH).status_code == 200


def test_without_a_folder_for_the_slots_readers_can_still_search(
    client, settings, tmp_path, caplog
):
    (tmp_path / "file").write_text("")
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "file" / "below"
    assert client.get(SEARCH).status_code == 200
    assert "can’t be counted for the whole machine" in caplog.text


@pytest.mark.once
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("rate", "seconds", "slowest"),
    [(300, 3, 5), pytest.param(500, 20, 5, marks=pytest.mark.soak)],
)
def test_a_flood_of_different_searches_does_not_stop_other_pages(
    transactional_db, tmp_path, rate, seconds, slowest
):
    speaker = make_person("Ansa Verel", title="Director", speaks=True)
    for number in range(30):
        make_release(title=f"Harbour {number}", body=f"<p>Hello.</p>{quotation(speaker)}")
    pages = ["/", "/people/", Release.objects.first().get_absolute_url(), "/robots.txt"]
    with Node(tmp_path / "log", 2, 4, JOBS_IN_WEB="off") as node:
        readers = Readers(
            lambda: http.client.HTTPConnection("127.0.0.1", node.port, timeout=30), pages
        )
        readers.read(0.1)  # the first page of a process is slow
        readers.seconds.clear()
        with search_flood(node.port, rate, seconds) as result:
            readers.read(seconds)
            seen = result()
    others = f"{len(readers.seconds)} other pages, the slowest in {readers.slowest():.2f} s"
    print(f"{rate} searches a second for {seconds} s, answered: {seen}; {others}")
    assert set(seen["statuses"]) == {"200", "429"}
    assert set(seen["retry_after"]) == {"5"}
    assert readers.wrong == []
    assert readers.slowest() < slowest

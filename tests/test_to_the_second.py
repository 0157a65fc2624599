"""Public to the second: asked by many, of three processes, right up to the moment and past it."""

import contextlib
import http.client
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.db import models
from django.urls import URLPattern, get_resolver, reverse
from django.utils import timezone

from releases import workflow
from releases.models import FormerSlug, Release, Topic
from tests.deployment import gunicorn
from tests.make import make_chief, make_person, make_picture, make_release, mark, quotation

pytestmark = pytest.mark.django_db(transaction=True)

TITLE = "Released at its second"
# Where the time of a release changes nothing, so that there is nothing to wait for.
ELSEWHERE = {
    "sitemap",
    "sitemap_pages",
    "sitemap_people",
    "people",
    "prisoners",
    "prisoners_csv",
    "robots",
    "healthz",
    "readyz",
}


@dataclass(frozen=True, slots=True)
class Sighting:
    """One answer: when it was asked for and had, as seconds of this machine's clock."""

    path: str
    sent: float
    had: float
    seen: bool
    kept: str


@dataclass(frozen=True, slots=True)
class Page:
    """An address, and how an answer there shows the release."""

    path: str
    shows: Callable[[int, dict[str, str], bytes], bool]


def words(status, headers, body) -> bool:
    return TITLE.encode() in body


def says(text: str):
    return lambda status, headers, body: text.encode() in body


def is_ok(status, headers, body) -> bool:
    return status == 200


def pages_of(release: Release, former: str) -> list[Page]:
    """Return every page where a release appears at its time, for each address of the URLconf."""
    speaker = release.quotes.get().speaker
    topic = release.topics.get()
    narrowed = [
        f"{path}?{query}"
        for path in (reverse("archive"), reverse("feed"))
        for query in ("kind=statement", f"topic={topic.slug}", f"person={speaker.slug}")
    ]
    known = {
        "newsroom": [Page(reverse("newsroom"), words)],
        "archive": [Page(reverse("archive"), words), *(Page(path, words) for path in narrowed)],
        "feed": [Page(reverse("feed"), words)],
        "release": [
            Page(release.get_absolute_url(), is_ok),
            Page(
                reverse("release", args=[former]),
                lambda status, headers, body: headers.get("location") == release.get_absolute_url(),
            ),
        ],
        "person": [Page(speaker.get_absolute_url(), words)],
        "rendition": [Page(release.poster.public_url("teaser", "jpg"), is_ok)],
        "sitemap_releases": [Page(reverse("sitemap_releases"), says(release.get_absolute_url()))],
    }
    found = [page for pages in known.values() for page in pages]
    for pattern in get_resolver().url_patterns:
        if not isinstance(pattern, URLPattern) or pattern.name in {*known, *ELSEWHERE}:
            continue
        # A page that came after this test: a list, or something of one release.
        taken = set(pattern.pattern.converters)
        if not taken:
            found.append(Page(reverse(pattern.name), says(release.slug)))
        elif taken == {"slug"}:
            found.append(Page(reverse(pattern.name, args=[release.slug]), is_ok))
    return found


def ask(connection: http.client.HTTPConnection, page: Page) -> Sighting:
    sent = time.time()
    connection.request("GET", page.path)
    response = connection.getresponse()
    body = response.read()
    had = time.time()
    headers = {name.lower(): value for name, value in response.getheaders()}
    assert response.status < 500, f"{page.path} answers {response.status}"
    seen = page.shows(response.status, headers, body)
    return Sighting(page.path, sent, had, seen, headers.get("cache-control", ""))


class Crowd:
    """Readers who ask for pages again and again, each over a connection that is kept open."""

    def __init__(self, port: int, pages: list[Page], readers: int = 6) -> None:
        self.port, self.pages = port, pages
        self.shown: list[Sighting] = []
        self.failed: list[BaseException] = []
        self.done = threading.Event()
        self.threads = [
            threading.Thread(target=self._read, args=[number]) for number in range(readers)
        ]

    def _read(self, number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        at = number * len(self.pages) // len(self.threads)
        try:
            while not self.done.is_set():
                self.shown.append(ask(connection, self.pages[at % len(self.pages)]))
                at += 1
        except BaseException as problem:
            self.failed.append(problem)
        finally:
            connection.close()

    def __enter__(self) -> "Crowd":
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *problem: object) -> None:
        self.done.set()
        for thread in self.threads:
            thread.join(30)

    def has_asked_for_all(self, since: float) -> bool:
        """Whether every page was asked for after a moment, or a reader gave up."""
        asked = {shown.path for shown in self.shown if shown.sent >= since}
        return bool(self.failed) or asked >= {page.path for page in self.pages}


@contextmanager
def hammered(port: int, pages: list[Page]) -> Iterator[Crowd]:
    with Crowd(port, pages) as crowd:
        began = time.time()
        wait_for(lambda: crowd.has_asked_for_all(began))
        yield crowd
    if crowd.failed:
        raise crowd.failed[0]


def wait_for(condition: Callable[[], bool], seconds: float = 20) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "the readers did not get round in time"
        time.sleep(0.02)


def assert_turned(
    shown: list[Sighting], pages: list[Page], off: float, on: float, to: bool
) -> None:
    """Assert that what was had by `off` is the old state and what was sent from `on` the new."""
    before = [one for one in shown if one.had < off]
    after = [one for one in shown if one.sent >= on]
    for one in before:
        assert one.seen is not to, f"{one.path}: {(off - one.had) * 1000:.1f} ms early"
    for one in after:
        assert one.seen is to, f"{one.path}: sent {(one.sent - on) * 1000:.1f} ms after, and old"
    paths = {page.path for page in pages}
    assert {one.path for one in before} == paths, "not every page was asked for before"
    assert {one.path for one in after} == paths, "not every page was asked for after"
    for one in shown:
        assert "no-cache" in one.kept or "no-store" in one.kept, f"{one.path}: {one.kept!r}"
    turned = min((one.had - on) * 1000 for one in shown if one.seen is to)
    straddling = len(shown) - len(before) - len(after)
    print(
        f"\n{len(pages)} pages: {len(before)} requests before, {straddling} straddling, "
        f"{len(after)} after; the first answer of the new state was had {turned:.1f} ms after"
    )


@pytest.fixture
def scheduled(transactional_db) -> Callable[..., tuple[Release, list[Page]]]:
    """Make the release that everybody waits for; return it with the pages where it will appear."""

    def make(publish_at) -> tuple[Release, list[Page]]:
        for _ in range(3):
            make_release()
        speaker = make_person(title="Director", speaks=True)
        release = make_release(
            "scheduled",
            publish_at=publish_at,
            title=TITLE,
            kind="statement",
            poster=make_picture(),
            topics=[Topic.objects.create(name="Waiting")],
            body=f"<p>{mark(speaker)} says:</p>{quotation(speaker)}",
        )
        FormerSlug.objects.create(slug="as-it-was-called", release=release)
        return release, pages_of(release, "as-it-was-called")

    return make


def test_every_page_turns_at_the_second_on_every_process(scheduled, tmp_path):
    release, pages = scheduled(timezone.now() + timedelta(hours=1))
    assert len(pages) >= 14
    with gunicorn(tmp_path / "log", workers=3, threads=2) as port, hammered(port, pages) as crowd:
        # Seconds ahead, and in the middle of one: no whole second can hide a rounding.
        embargo_ends = timezone.now() + timedelta(seconds=2.5)
        models.QuerySet(Release).filter(pk=release.pk).update(publish_at=embargo_ends)
        known = time.time()
        wait_for(lambda: crowd.has_asked_for_all(max(known, embargo_ends.timestamp())))
    assert_turned(crowd.shown, pages, embargo_ends.timestamp(), embargo_ends.timestamp(), to=True)


def test_a_time_that_is_moved_and_a_withdrawal_count_from_their_commit(scheduled, tmp_path):
    release, pages = scheduled(timezone.now() + timedelta(hours=1))
    chief = make_chief()

    def move(publish_at) -> None:
        models.QuerySet(Release).filter(pk=release.pk).update(publish_at=publish_at)

    def withdraw() -> None:
        workflow.withdraw(
            Release.objects.get(pk=release.pk), by=chief, reason="A source asked us to."
        )

    hour = timedelta(hours=1)
    acts = [
        ("moved to a time that has passed", lambda: move(timezone.now() - hour), True),
        ("moved away again", lambda: move(timezone.now() + hour), False),
        ("moved to a time that has passed", lambda: move(timezone.now() - hour), True),
        ("withdrawn", withdraw, False),
    ]
    with gunicorn(tmp_path / "log", workers=3, threads=2) as port:
        for what, act, to in acts:
            with hammered(port, pages) as crowd:
                begun = time.time()
                act()  # outside of a transaction, so it is committed when it returns
                committed = time.time()
                wait_for(lambda crowd=crowd, since=committed: crowd.has_asked_for_all(since))
            print(f"\n{what}:", end="")
            assert_turned(crowd.shown, pages, begun, committed, to=to)
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port)) as reader:
            reader.request("GET", release.get_absolute_url())
            assert reader.getresponse().status == 410

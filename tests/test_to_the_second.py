"""Under load, every page of three processes shows a release from its exact second."""

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
# Names of URLs whose pages do not depend on the time of a release.
UNAFFECTED = {
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
    """One answer; `sent` and `received` are seconds of this machine's clock."""

    path: str
    sent: float
    received: float
    is_shown: bool
    cache_control: str


@dataclass(frozen=True, slots=True)
class Page:
    """An address, and a function that tests if an answer shows the release."""

    path: str
    shows: Callable[[int, dict[str, str], bytes], bool]


def has_title(status, headers, body) -> bool:
    return TITLE.encode() in body


def has_text(text: str):
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
    link = has_text(release.get_absolute_url())  # a search marks words of the title
    known = {
        "newsroom": [Page(reverse("newsroom"), has_title)],
        "archive": [
            Page(reverse("archive"), has_title),
            *(Page(path, has_title) for path in narrowed),
            Page(f"{reverse('archive')}?q=released+second", link),
            Page(f"{reverse('archive')}?q=ask&show=quotations", link),
        ],
        "feed": [
            Page(reverse("feed"), has_title),
            Page(f"{reverse('feed')}?q=released", has_title),
        ],
        "suggest": [Page(f"{reverse('suggest')}?q=released", has_title)],
        "release": [
            Page(release.get_absolute_url(), is_ok),
            Page(
                reverse("release", args=[former]),
                lambda status, headers, body: headers.get("location") == release.get_absolute_url(),
            ),
        ],
        "person": [Page(speaker.get_absolute_url(), has_title)],
        "rendition": [Page(release.poster.public_url("teaser", "jpg"), is_ok)],
        "sitemap_releases": [
            Page(reverse("sitemap_releases"), has_text(release.get_absolute_url()))
        ],
    }
    found = [page for pages in known.values() for page in pages]
    for pattern in get_resolver().url_patterns:
        if not isinstance(pattern, URLPattern) or pattern.name in {*known, *UNAFFECTED}:
            continue
        # A page that is newer than this test: a list, or a page of one release.
        parameters = set(pattern.pattern.converters)
        if not parameters:
            found.append(Page(reverse(pattern.name), has_text(release.slug)))
        elif parameters == {"slug"}:
            found.append(Page(reverse(pattern.name, args=[release.slug]), is_ok))
    return found


def ask(connection: http.client.HTTPConnection, page: Page) -> Sighting:
    sent = time.time()
    connection.request("GET", page.path)
    response = connection.getresponse()
    body = response.read()
    received = time.time()
    if response.status == 429:  # other readers are searching
        time.sleep(0.05)
        return ask(connection, page)
    headers = {name.lower(): value for name, value in response.getheaders()}
    assert response.status < 500, f"{page.path} answers {response.status}"
    is_shown = page.shows(response.status, headers, body)
    return Sighting(page.path, sent, received, is_shown, headers.get("cache-control", ""))


class Crowd:
    """Readers who ask for pages again and again, each over one connection."""

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

    def has_requested_all(self, since: float) -> bool:
        """Return whether every page was requested after a moment, or a reader failed."""
        requested = {shown.path for shown in self.shown if shown.sent >= since}
        return bool(self.failed) or requested >= {page.path for page in self.pages}


@contextmanager
def under_load(port: int, pages: list[Page]) -> Iterator[Crowd]:
    with Crowd(port, pages) as crowd:
        began = time.time()
        wait_for(lambda: crowd.has_requested_all(began))
        yield crowd
    if crowd.failed:
        raise crowd.failed[0]


def wait_for(condition: Callable[[], bool], seconds: float = 20) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "the readers did not get round in time"
        time.sleep(0.02)


def assert_switched(
    shown: list[Sighting], pages: list[Page], off: float, on: float, to: bool
) -> None:
    """Assert the old state in answers received by `off`, and the new one for requests from `on`."""
    before = [one for one in shown if one.received < off]
    after = [one for one in shown if one.sent >= on]
    for one in before:
        assert one.is_shown is not to, f"{one.path}: {(off - one.received) * 1000:.1f} ms early"
    for one in after:
        assert one.is_shown is to, (
            f"{one.path}: sent {(one.sent - on) * 1000:.1f} ms after, and old"
        )
    paths = {page.path for page in pages}
    assert {one.path for one in before} == paths, "not every page was asked for before"
    assert {one.path for one in after} == paths, "not every page was asked for after"
    for one in shown:
        assert "no-cache" in one.cache_control or "no-store" in one.cache_control, (
            f"{one.path}: {one.cache_control!r}"
        )
    first_ms = min((one.received - on) * 1000 for one in shown if one.is_shown is to)
    straddling = len(shown) - len(before) - len(after)
    print(
        f"\n{len(pages)} pages: {len(before)} requests before, {straddling} straddling, "
        f"{len(after)} after; the first answer of the new state was had {first_ms:.1f} ms after"
    )


@pytest.fixture
def scheduled(transactional_db) -> Callable[..., tuple[Release, list[Page]]]:
    """A function that makes a scheduled release and returns it with the pages that will show it."""

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


def test_every_page_shows_the_release_from_its_second_on_every_process(scheduled, tmp_path):
    release, pages = scheduled(timezone.now() + timedelta(hours=1))
    assert len(pages) >= 14
    with gunicorn(tmp_path / "log", workers=3, threads=2) as port, under_load(port, pages) as crowd:
        # In the middle of a second, so that a rounded time would fail.
        embargo_ends = timezone.now() + timedelta(seconds=2.5)
        models.QuerySet(Release).filter(pk=release.pk).update(publish_at=embargo_ends)
        updated = time.time()
        wait_for(lambda: crowd.has_requested_all(max(updated, embargo_ends.timestamp())))
    assert_switched(crowd.shown, pages, embargo_ends.timestamp(), embargo_ends.timestamp(), to=True)


def test_a_changed_time_and_a_withdrawal_apply_from_their_commit(scheduled, tmp_path):
    release, pages = scheduled(timezone.now() + timedelta(hours=1))
    chief = make_chief()

    def move(publish_at) -> None:
        models.QuerySet(Release).filter(pk=release.pk).update(publish_at=publish_at)

    def withdraw() -> None:
        workflow.withdraw(
            Release.objects.get(pk=release.pk), by=chief, reason="A source asked us to."
        )

    hour = timedelta(hours=1)
    changes = [
        ("moved to a time that has passed", lambda: move(timezone.now() - hour), True),
        ("moved away again", lambda: move(timezone.now() + hour), False),
        ("moved to a time that has passed", lambda: move(timezone.now() - hour), True),
        ("withdrawn", withdraw, False),
    ]
    with gunicorn(tmp_path / "log", workers=3, threads=2) as port:
        for what, change, to in changes:
            with under_load(port, pages) as crowd:
                begun = time.time()
                change()  # outside of a transaction, so it is committed when it returns
                committed = time.time()
                wait_for(lambda crowd=crowd, since=committed: crowd.has_requested_all(since))
            print(f"\n{what}:", end="")
            assert_switched(crowd.shown, pages, begun, committed, to=to)
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port)) as reader:
            reader.request("GET", release.get_absolute_url())
            assert reader.getresponse().status == 410

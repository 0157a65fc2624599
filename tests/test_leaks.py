"""Nothing is visible early: a matrix of every public URL and every kind of hidden row.

The URLs come from the URLconf, so a new page is in the matrix automatically. A page with an unknown
parameter in its URL fails until `guesses_at` has values for it.
"""

import gzip
import json
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from itertools import product
from pathlib import Path
from urllib.parse import quote
from uuid import uuid4

import pytest
import time_machine
from django.core.cache import cache
from django.db import connection, models, reset_queries
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, get_resolver, reverse
from django.utils import timezone

from assets.models import MediaAsset
from assets.pictures import STYLES
from newsroom.formats import FEED_FORMATS, RELEASE_FORMATS
from people.models import Case, Person, PersonName
from releases import workflow
from releases.models import Contact, Correction, Release, Topic
from tests.make import (
    HIDDEN,
    headers_of,
    make_chief,
    make_document,
    make_person,
    make_picture,
    make_prisoner,
    make_release,
    mark,
    picture_bytes,
    quotation,
    unguarded,
    whole_case,
)

pytestmark = pytest.mark.django_db

CANARY = "Zaunkönigin"
NOW = timezone.now()  # for all tests of this file, because they compare with the same answers
NEVER = uuid4()
PAST = "Mon, 03 Jan 2000 00:00:00 GMT"
FEW_FILES = [("press", "jpg"), ("teaser", "webp"), ("file", "pdf"), ("original", "jpg")]
STATES = [*HIDDEN, "deleted"]
PAGE_SIZE = 3  # rows; lists have a second page without many rows to render
LEVELS = ["lapsed", 0, 1, 2]
FILES = [(name, extension) for name, style in STYLES.items() for extension in style.formats]
FILES += [
    ("press", "png"),
    ("file", "pdf"),
    ("file", "jpg"),
    ("original", "jpg"),
    ("original", "webp"),
]


@contextmanager
def still():
    """Stop the clock and the throttle, so that only the hidden thing can change an answer."""
    with pytest.MonkeyPatch.context() as patch, time_machine.travel(NOW, tick=False):
        patch.setattr("previews.throttle.THROTTLE_LIMIT", 1_000_000)
        patch.setattr("newsroom.paging.PAGE_SIZE", PAGE_SIZE)
        patch.setattr("newsroom.views.PAGE_SIZE", PAGE_SIZE)
        yield


@pytest.fixture(autouse=True)
def _only_the_hidden_thing_changes_answers():
    with still():
        yield


def public_patterns() -> list[URLPattern]:
    patterns = get_resolver().url_patterns
    return [pattern for pattern in patterns if isinstance(pattern, URLPattern)]


def fixed_addresses() -> list[str]:
    """Return every address without a parameter, with each filter and without."""
    plain = [reverse(p.name) for p in public_patterns() if not p.pattern.converters]
    tried = {
        "kind": ["statement", "nonsense"],
        "topic": ["zaunkonigin", "open-topic", "nothing"],
        "country": ["IS", "GB", "zz"],
        "person": ["zaunkonigin", "ansa-verel", "nobody"],
        "language": ["en", "cy"],
        "year": [str(timezone.localdate().year), "1066", "x"],
        "from": ["2020-01-01", "x"],
        "to": ["2099-01-01", "x"],
        "status": ["disappeared", "imprisoned", "x"],
        "sort": ["-since", "country", "x"],
        "page": ["1", "2", "0", "x", "last"],
        "q": [CANARY, "the"],
    }
    filtered = [
        f"{path}?{name}={value}" for path in plain for name in tried for value in tried[name]
    ]
    searched = [
        f"{reverse('archive')}?q={word}&show={show}&sort=day"
        for word in tried["q"]
        for show in ("quotations", "people")
    ]
    return plain + filtered + searched


def guesses_at(thing, way="get") -> list[tuple[str, str]]:
    """Return addresses where a stranger may look for a thing, each with one that never existed."""
    guesses = []
    names = [thing.slug, "zaunkonigin", str(thing.pk)] if hasattr(thing, "slug") else []
    files = FILES if way == "get" else FEW_FILES
    for pattern in public_patterns():
        taken = set(pattern.pattern.converters)
        tried = []
        if taken in ({"slug"}, {"token"}):
            tried = [([name], ["nobody"]) for name in filter(None, names)]
        elif taken == {"uuid", "style", "extension"}:
            tried = [([thing.pk, *file], [NEVER, *file]) for file in files]
        elif taken == {"token", "uuid", "style", "extension"}:
            tried = [(["x" * 43, thing.pk, *file], ["x" * 43, NEVER, *file]) for file in files]
        elif taken:
            pytest.fail(
                f"{pattern.name} takes {taken}: add to guesses_at() what a stranger would try."
            )
        guesses += [
            (reverse(pattern.name, args=real), reverse(pattern.name, args=never))
            for real, never in tried
        ]
    return guesses


# Requests: a method with headers, including languages and encodings.
WAYS = {
    "get": ("get", {}),
    "head": ("head", {}),
    "options": ("options", {}),
    "post": ("post", {}),
    "conditional": ("get", {"If-None-Match": '"x"', "If-Modified-Since": PAST}),
    "any-etag": ("get", {"If-None-Match": "*"}),
    "range": ("get", {"Range": "bytes=0-99"}),
    "compressed": ("get", {"Accept-Encoding": "gzip"}),
    "welsh": ("get", {"Accept-Language": "cy, de;q=0.5"}),
    "json": ("get", {"Accept": "application/json"}),
}


def answer(client, path, way="get", **more):
    method, headers = WAYS[way]
    response = getattr(client, method)(path, headers=headers | more)
    body = b"".join(response) if response.streaming else response.content
    if response.headers.get("Content-Encoding") == "gzip":
        body = gzip.decompress(body)  # its length is padded at random, against BREACH
        response.headers.pop("Content-Length", None)
    return response.status_code, headers_of(response), body


def work_of(client, path, way) -> tuple[list[str], tuple]:
    """Return the queries of an answer in order, without their values, and the answer."""
    reset_queries()  # Django keeps the last 9,000
    with CaptureQueriesContext(connection) as queries:
        got = answer(client, path, way)
    return [re.sub(r"'[^']*'|\b[0-9a-f]{32}\b|\d+", "?", q["sql"]) for q in queries], got


def public_answers(client, *more) -> dict:
    """Return all answers to a stranger: every address, every filter, every kind of request."""
    plain = [reverse(p.name) for p in public_patterns() if not p.pattern.converters]
    got = {(path, "get"): answer(client, path) for path in fixed_addresses()}
    return got | answers_at(client, [*sorted(plain), *more], known=got)


def answers_at(client, paths, known=()) -> dict:
    """Return the answers at some addresses to every kind of request, without the known ones."""
    cells = dict.fromkeys(product(paths, WAYS))
    return {cell: answer(client, *cell) for cell in cells if cell not in known}


def each_alone(kinds):
    """Return parameters: all kinds together, and each kind alone to show which one fails."""
    together = pytest.param(kinds, id="together")
    return [together, *(pytest.param([one], id=str(one), marks=pytest.mark.soak) for one in kinds)]


def guesses_in_turn(things_of: dict) -> Iterator[tuple]:
    """Yield kind, way, address, and an address that never existed, for all hidden things.

    A plain GET asks for things of all kinds, in a few formats of each file. In addition, each way
    asks for all guesses, each at one kind in turn. There are at least as many ways as kinds, so
    every pair of kind, way and guess occurs.
    """
    number = len(things_of)
    assert number <= len(WAYS)
    for at, (kind, things) in enumerate(things_of.items()):
        for turn, way in enumerate(WAYS):
            guesses = [pair for thing in things for pair in guesses_at(thing, way)]
            asked = guesses[(at + turn) % number :: number]
            if way == "get":
                asked += [pair for thing in things for pair in guesses_at(thing, "head")]
            for guess, never in dict.fromkeys(asked):
                yield kind, way, guess, never


def assert_no_canary(answers) -> None:
    for (path, way), (_, headers, body) in answers.items():
        seen = f"{headers}{body.decode(errors='replace')}".casefold()
        for word in (CANARY, "zaunkonigin", "zaunk%c3%b6nigin"):
            # A page of a search repeats what was asked, also percent-encoded in its links.
            asked = f"{path} {quote(path)}".casefold().count(word.casefold())
            assert seen.count(word.casefold()) <= (asked and 99), f"{word}: {way} {path}"


@pytest.fixture
def count(request):
    """Count the cells of the matrix that a test requests; `pytest -rP` prints the number."""
    cells: Counter[str] = Counter()
    yield cells
    print(f"{request.node.name}: {cells.total()} cells")


@dataclass(frozen=True)
class PublicSite:
    """Public rows beside the hidden ones, and all answers before a test hides something."""

    media: Path
    pages: list[str]
    pages_with_pictures: list[str]
    shown: MediaAsset
    withheld: MediaAsset
    translated: Release
    quoted: Person
    topic: Topic
    related_pages: list[str]  # of the three above
    inner: Person  # with internal facts that contain the canary
    lapsed: MediaAsset  # with the canary in its texts; its licence has ended
    answers: dict

    def before(self, after: dict) -> dict:
        """Return the answers to the same requests from before."""
        return {cell: self.answers[cell] for cell in after}


@pytest.fixture(scope="module")
def site(django_db_setup, django_db_blocker, tmp_path_factory):
    """The public site. It is asked for its answers once; each test begins with this site."""
    media = tmp_path_factory.mktemp("public")
    files = override_settings(MEDIA_ROOT=media, FILE_UPLOAD_TEMP_DIR=media / "uploads")
    with django_db_blocker.unblock():
        cache.clear()
        with files, still():
            made = make_public_site(media)
            every = [*made.pages, *made.pages_with_pictures, *made.related_pages]
            made.answers.update(public_answers(Client(), *every))
        yield made
        django_db_setup()  # restores the database


@pytest.fixture
def public(site, settings) -> PublicSite:
    settings.MEDIA_ROOT = site.media
    return site


def make_public_site(media) -> PublicSite:
    topic = Topic.objects.create(name="Open topic")
    speaker = make_person(title="Director", speaks=True)
    make_prisoner()
    # Random padding decides whether a short page is compressed, so the pages must be long.
    for _ in range(8):  # so that the sitemap of people is long
        make_person(title="Director", speaks=True)
    models.QuerySet(Case).update(call="Release him now, and all others who are held with him. " * 9)
    for _ in range(PAGE_SIZE + 1):
        make_release(topics=[topic], countries=["GB"], standfirst="Hello. " * 99)
    release = make_release(
        title="An open one", body=f"<p>Hello {mark(speaker)}</p>{quotation(speaker)}",
        poster=make_picture(), topics=[topic],
    )  # fmt: skip
    shown, withheld = (
        make_picture("shown.jpg", content=picture_bytes(colour=colour))
        for colour in ("#123456", "#654321")
    )
    with_pictures = [make_release(poster=poster) for poster in (shown, withheld)]
    # At level 2 a person may be shown; pictures of the others are hidden too.
    withheld.hidden_from = timezone.now()
    withheld.save(update_fields=["hidden_from"])
    quoted = make_person("Open Person", title="Open title", speaks=True)
    shared = Topic.objects.create(name="Shared topic")
    # Pages must be long enough to be compressed, also without the notice of a withdrawal.
    translated = make_release(
        body=quotation(quoted, "“Seen.”"), topics=[shared], title="Shown", standfirst="Seen. " * 50
    )
    withdraw_a_corrected_release()
    return PublicSite(
        media=media,
        pages=[release.get_absolute_url(), speaker.get_absolute_url()],
        pages_with_pictures=[each.get_absolute_url() for each in with_pictures],
        shown=shown,
        withheld=withheld,
        translated=translated,
        quoted=quoted,
        topic=shared,
        related_pages=[
            translated.get_absolute_url(), quoted.get_absolute_url(),
            "/releases/?topic=shared-topic", "/releases/?person=open-person",
            "/releases/feed.atom?person=open-person",
        ],
        inner=make_person_with_internal_facts(),
        lapsed=make_picture_without_a_licence(),
        answers={},
    )  # fmt: skip


def make_person_with_internal_facts() -> Person:
    """Make a public person with the canary in every text that only the desk may show."""
    speaker = make_person("Inner Person", title="Open title", speaks=True, level_basis=CANARY)
    case = whole_case(
        speaker, "Open words.", place=CANARY, internal_note=CANARY, reliability="seldom"
    )
    for part in (case.charges, case.sentences, case.events, case.designations):
        unguarded(part).update(internal_note=CANARY, reliability="seldom")
    case.events.create(kind="other", date="2024", summary=CANARY, source=CANARY, public=False)
    consents = unguarded(speaker.consents)
    consents.update(evidence=CANARY, covers_health=False, covers_family=True)
    models.QuerySet(Case).filter(pk=case.pk).update(health=CANARY)
    speaker.level_changes.create(
        before=1, after=3, outcome="agreed", basis=CANARY, note=CANARY,
        requested_by=make_chief(), decided_by=make_chief(),
    )  # fmt: skip
    make_release(title="Of facts", body=f"<p>{mark(speaker)}</p>{quotation(speaker)}")
    return speaker


def make_picture_without_a_licence() -> MediaAsset:
    """Make a release with a picture whose texts contain the canary, and end its licence."""
    picture = make_picture(caption=CANARY, alt_text=CANARY, credit_line=CANARY)
    page = make_release(
        title="Of pictures", poster=picture,
        body=f'<p>x</p><figure data-asset="{picture.pk}"></figure>',
    ).get_absolute_url()  # fmt: skip
    assert CANARY.encode() in Client().get(page).content
    picture.licence_expires = timezone.now() - timedelta(seconds=1)
    picture.save()
    return picture


def withdraw_a_corrected_release() -> None:
    """Withdraw a release whose correction contains the canary."""
    release = make_release(title="Corrected")
    Correction.objects.create(release=release, text=CANARY, by=make_chief())
    assert CANARY.encode() in Client().get(release.get_absolute_url()).content
    release = Release.objects.get(pk=release.pk)
    workflow.withdraw(release, by=make_chief(), reason="It was wrong.")


def canary_release(state, **more):
    """Make a release with the canary in every text, name and picture."""
    speaker = make_person(f"{CANARY} Speaker", title=CANARY)
    speaker.level = 2
    speaker.save()
    picture = make_picture(f"{CANARY}.jpg", alt_text=CANARY, caption=CANARY, credit_line=CANARY)
    inside = make_picture(f"{CANARY} 2.jpg", alt_text=CANARY, caption=CANARY, credit_line=CANARY)
    document = make_document(f"{CANARY}.pdf", caption=CANARY, credit_line=CANARY)
    release = make_release(
        state,
        title=CANARY,
        kind="statement",
        language="cy",
        standfirst=f"{CANARY} standfirst",
        dateline_place=CANARY,
        pull_quote=f"{CANARY} pulls",
        body=f"<p>{CANARY} {mark(speaker)}</p>{quotation(speaker, f'“{CANARY} pulls.”')}"
        f'<figure data-asset="{inside.pk}"></figure><h2>{CANARY}</h2><p>{CANARY}</p>',
        notes_to_editors=f"<p>{CANARY}</p>",
        countries=["IS"],
        poster=picture,
        attached=[str(document.pk)],
        topics=[Topic.objects.get_or_create(name=CANARY)[0]],
        **more,
    )
    release.contacts.add(Contact.objects.create(name=CANARY, email="zaunkonigin@example.org"))
    return release, [release, speaker, picture, inside, document]


def hide(state):
    """Make a canary in a hidden state; return it and everything that belongs to it."""
    release, things = canary_release("draft" if state == "deleted" else state)
    if state == "deleted":
        workflow.discard(release, by=make_chief())
    return release, things


WITHDRAWN = "This release was withdrawn."
NOTICES = re.compile(
    rb"\s*<at:deleted-entry.*?</at:deleted-entry>"
    rb"|<item><title>This release was withdrawn\.</title>.*?</item>",
    re.DOTALL,
)


def without_tombstones(got: dict) -> dict:
    """Return the answers without the notices of withdrawal."""
    kept = {}
    for (path, way), (status, headers, body) in got.items():
        left = NOTICES.sub(b"", body)
        if "feed.json" in path and body.startswith(b"{"):
            feed = json.loads(body)
            feed["items"] = [item for item in feed["items"] if item["title"] != WITHDRAWN]
            left = json.dumps(feed).encode()
        # With two notices and no entry, a feed is long enough to be compressed.
        measures = ("ETag", "Content-Length", "Content-Encoding", "Vary")
        left_out = measures if "feed" in path else ()
        kept[path, way] = (status, [pair for pair in headers if pair[0] not in left_out], left)
    return kept


def hide_among_public_rows(state, public):
    """Make a hidden translation of a public release, with its topic and its speaker.

    Its language differs from the canary's: with two notices, a short feed would be compressed.
    """
    make_release(
        state, title=f"{CANARY} {state}", topics=[public.topic], translation_of=public.translated,
        language="ga", body=quotation(public.quoted, f"“{CANARY}.”"),
    )  # fmt: skip


@pytest.mark.parametrize("states", each_alone(STATES))
def test_a_hidden_release_changes_nothing_in_public(client, public, states, count):
    """Neither one with its own people and topics, nor one that shares them with a public one.

    A withdrawal has a notice in feeds, which the comparison leaves out. So feeds are compared
    before the withdrawals too, byte for byte. All other pages never have the notice: they are
    asked once, when everything is hidden.
    """
    pages = [*public.pages, *public.related_pages]
    for state in states:
        if state != "withdrawn":
            hide(state)
            if state != "deleted":
                hide_among_public_rows(state, public)
    is_last = "withdrawn" not in states
    after = public_answers(client, *pages) if is_last else answers_of_feeds(client, *pages)
    assert_nothing_changed(client, public.before(after), after, count)
    if is_last:
        return
    hide("withdrawn")
    hide_among_public_rows("withdrawn", public)
    after = public_answers(client, *pages)
    before = without_tombstones(public.before(after))
    assert_nothing_changed(client, before, without_tombstones(after), count)


def answers_of_feeds(client, *pages) -> dict:
    """Return the answers to all requests for feeds."""
    paths = [path for path in fixed_addresses() if is_feed(path)]
    got = {(path, "get"): answer(client, path) for path in paths}
    plain = [path for path in [*paths, *pages] if is_feed(path) and "?" not in path]
    narrowed = [path for path in pages if is_feed(path)]
    return got | answers_at(client, [*plain, *narrowed], known=got)


def is_feed(path: str) -> bool:
    return path.partition("?")[0] in {reverse(each.name) for each in FEED_FORMATS}


def assert_nothing_changed(client, before, after, count) -> None:
    assert_no_canary(after)
    # Not even the topic is visible.
    for cell, answered in before.items():
        assert after[cell] == answered, f"{cell} reveals that something hidden exists"
        count["cells"] += 1
    # What a stranger has in a cache is still valid.
    for (path, way), (status, headers, _) in before.items():
        etag = dict(headers).get("ETag")
        if way == "get" and status == 200 and etag:
            got = answer(client, path, **{"If-None-Match": etag})
            assert (got[0], got[2]) == (304, b""), path
            count["cells"] += 1


def unpacked(body: bytes) -> bytes:
    """Return the content of a file, or of all files in a ZIP."""
    if not body.startswith(b"PK"):
        return body
    with zipfile.ZipFile(BytesIO(body)) as archive:
        return b"".join(archive.read(name) for name in archive.namelist())


def test_the_same_release_is_visible_everywhere_when_it_is_public(client, public):
    """This shows that the tests above can fail: the canary would be visible in these places."""
    release, things = canary_release("published", publish_at=timezone.now())
    places = ["/", "/releases/", "/sitemap-releases.xml", release.get_absolute_url(),
              "/releases/?kind=statement", "/releases/?topic=zaunkonigin", "/releases/?country=IS",
              "/releases/?language=cy"]  # fmt: skip
    places += [reverse(feed.name) for feed in FEED_FORMATS]
    assert len(places) == 11
    for place in places:
        status, _, body = answer(client, place)
        assert status == 200
        assert release.get_absolute_url() in body.decode(), place
    for picture in things[2:4]:
        assert answer(client, picture.public_url("teaser", "jpg"))[0] == 200
    assert answer(client, things[4].public_url("file", "pdf"))[0] == 200
    assert len(RELEASE_FORMATS) == 5
    for each in RELEASE_FORMATS:
        status, _, body = answer(client, reverse(each.name, args=[release.slug]))
        assert status == 200, each.file
        if each.content_type != "image/jpeg":
            assert CANARY.encode() in unpacked(body), each.file


@pytest.mark.parametrize("states", each_alone(STATES))
def test_a_hidden_release_answers_like_one_that_never_existed(client, public, states, count):
    """Bytes, headers and database queries are the same."""
    slugs, things_of, nothing = {}, {}, {}
    for state in states:
        release, things_of[state] = hide(state)
        slugs[state] = release.slug
    for state, way, guess, never in guesses_in_turn(things_of):
        cost, got = work_of(client, guess, way)
        if state == "withdrawn" and got[0] == 410:
            assert guess.startswith(f"/releases/{slugs[state]}/")
            assert_no_canary({(guess, way): got})
            continue
        if (never, way) not in nothing:
            nothing[never, way] = work_of(client, never, way)
        assert (cost, got) == nothing[never, way], (state, way, guess)
        count["cells"] += 1
    assert count.total() > 400


@pytest.mark.parametrize("levels", each_alone(LEVELS))
def test_a_person_without_a_page_is_on_no_public_page(client, public, levels, count):
    things_of, nothing = {}, {}
    for number, level in enumerate(levels):
        # The names differ, because a text may not contain the protected name of someone else.
        person = hidden_person(level, CANARY + "x" * number)
        person.depicted_in.add(public.shown if level == 2 else public.withheld)
        things_of[level] = [person, person.portrait]
    after = public_answers(client, *public.pages, *public.pages_with_pictures)
    assert_no_canary(after)
    for level, way, guess, never in guesses_in_turn(things_of):
        if (never, way) not in nothing:
            nothing[never, way] = work_of(client, never, way)
        assert work_of(client, guess, way) == nothing[never, way], (level, way, guess)
        count["cells"] += 1
    assert public.before(after) == after


def hidden_person(level, words):
    """Make a person without a page: because of the level, or because the consent has ended."""
    lapsed = level == "lapsed"
    person = make_person(
        words, level=3 if lapsed else level, level_basis="x", title=words, speaks=True,
        pronouns=words,
        portrait=make_picture(f"{words}.jpg", alt_text=words, caption=words, credit_line=words),
    )  # fmt: skip
    PersonName.objects.create(person=person, text=f"{words} too", printed=True)
    whole_case(
        person, words, own=words, country="IS", place=words, internal_note=words,
        custody_status="disappeared",
    )  # fmt: skip
    yesterday = timezone.localdate() - timedelta(days=1)
    unguarded(person.consents).update(evidence=words)
    for consent in person.consents.all():
        consent.given, consent.ends = yesterday, yesterday if lapsed else None
        consent.save()
    return person


def test_internal_facts_about_a_public_person_are_on_no_public_page(client, public):
    page = public.inner.get_absolute_url()
    release = Release.objects.get(title="Of facts")
    pages = [page, release.get_absolute_url()]
    pages += [reverse(each.name, args=[release.slug]) for each in RELEASE_FORMATS]
    got = answers_at(client, [*pages, f"{page}?q=a"])
    assert_no_canary(public.answers | got)
    shown = got[page, "get"][2].decode()
    assert "Open words." in shown
    for internal in ("Not usually reliable", "Family", "review"):
        assert internal not in shown


def test_only_a_public_release_makes_a_picture_public(client):
    shared = make_picture()
    address = shared.public_url("poster", "jpg")
    never = f"/media/{NEVER}/poster.jpg"
    hidden = make_release("scheduled", poster=shared)
    assert answer(client, address) == answer(client, never)
    shown = make_release(body=f'<p>x</p><figure data-asset="{shared.pk}"></figure>')
    assert answer(client, address)[0] == 200
    workflow.withdraw(shown, by=make_chief(), reason="No longer.")
    assert answer(client, address) == answer(client, never)
    assert not hidden.is_public()


def test_a_picture_whose_licence_has_ended_is_not_shown_anywhere(client, public):
    page = Release.objects.get(title="Of pictures").get_absolute_url()
    assert_no_canary(public.answers | answers_at(client, [page]))
    address = public.lapsed.public_url("poster", "jpg")
    assert answer(client, address) == answer(client, f"/media/{NEVER}/poster.jpg")


def test_the_original_of_a_public_picture_has_no_address(client):
    picture = make_picture()
    make_release(poster=picture)
    stored = picture.original.name
    guesses = [f"/media/{stored}", f"/{stored}", f"/var/media/{stored}"]
    for guess in [*guesses, f"/media/{picture.pk}/original.jpg"]:
        assert client.get(guess).status_code == 404


def test_no_cache_keeps_hidden_pages(client, at_desk, publisher):
    release = make_release("scheduled")
    preview = f"/admin/releases/release/{release.pk}/preview/"
    for path in [preview, f"/admin/releases/release/{release.pk}/change/", "/admin/"]:
        response = at_desk(publisher).get(path)
        assert response.status_code == 200
        assert "no-store" in response["Cache-Control"]
        assert "private" in response["Cache-Control"]


def test_every_public_answer_must_be_revalidated(client, public):
    release = make_release(poster=make_picture())
    picture = release.poster.public_url("teaser", "webp")
    got = {path: public.answers[path, "get"] for path in fixed_addresses()}
    got |= {
        path: answer(client, path)
        for path in [release.get_absolute_url(), picture, "/nothing/here/"]
    }
    for path, (_, headers, _) in got.items():
        kept = dict(headers)["Cache-Control"]
        assert kept == "no-cache" or "no-store" in kept, path


def test_the_public_site_sets_no_cookie_and_is_the_same_for_an_editor(
    client, at_desk, publisher, public
):
    at_desk(publisher)
    for (path, way), got in public.answers.items():
        assert answer(client, path, way) == got
        assert "Set-Cookie" not in dict(got[1])
        assert "Cookie" not in dict(got[1]).get("Vary", "")
    assert client.get("/admin/").status_code == 200  # still signed in as an editor


def test_the_correction_of_a_withdrawn_release_is_hidden_too(client, public):
    page = Release.objects.get(title="Corrected").get_absolute_url()
    assert_no_canary(public.answers | answers_at(client, [page]))


def test_only_the_newsroom_can_read_the_stored_files(settings):
    make_picture()
    stored = list(settings.MEDIA_ROOT.rglob("*"))
    assert any(path.is_file() for path in stored)
    for path in stored:
        assert path.stat().st_mode & 0o077 == 0, path


def test_no_cache_keeps_a_page_of_the_desk(at_desk, publisher):
    client = at_desk(publisher)
    for path in ["jsi18n/", "login/", "nothing/", "password_change/", "releases/release/add/"]:
        assert client.get(f"/admin/{path}")["Cache-Control"] == "private, no-store", path

"""`manage.py leakcheck` reports leaks, reports nothing on a sound site, and leaves nothing."""

import contextlib
import json
import os
import random
import re
import shutil
import signal
import ssl
import subprocess
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from django.conf import settings as site_settings
from django.core.handlers.wsgi import WSGIHandler
from django.core.management import CommandError, call_command
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.db import connection
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import http_date
from rapidfuzz.distance import OSA

from assets import processing
from assets.models import MediaAsset
from leakcheck import canary, checking, identity, search
from leakcheck.site import Site
from newsroom import views
from people.models import Person
from people.slugs import slug_for
from pressroom import urls
from releases.models import Event, FormerSlug, Release, ReleaseQuerySet, SearchWord, Topic
from tests import forks
from tests.deployment import environment, files, free_port, rows, start
from tests.make import make_person, make_picture, make_prisoner, make_release, mark, quotation

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


class QuietHandler(WSGIRequestHandler):
    def log_message(self, *args):
        pass


@contextmanager
def served():
    """Serve the newsroom from this process, so that a test can plant bugs.

    The live server of pytest-django is unsuitable: it serves MEDIA_ROOT below /, which is a leak.
    """
    server = ThreadedWSGIServer(("127.0.0.1", 0), QuietHandler)
    server.set_app(WSGIHandler())
    with serving(server):
        yield f"http://127.0.0.1:{server.server_port}"


@contextmanager
def serving(server):
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def newsroom(transactional_db):
    """Store public and hidden rows; return the counts of rows and the files as they are then."""
    speaker = make_person(title="Director", speaks=True)
    make_prisoner()
    make_release(
        body=f"<p>Hello {mark(speaker)}</p>{quotation(speaker)}",
        poster=make_picture(), topics=[Topic.objects.create(name="Open topic")], countries="GB",
    )  # fmt: skip
    for state in ("scheduled", "draft", "withdrawn"):
        make_release(state)
    return rows(), files()


def leakcheck_at(url, *more):
    process = start("leakcheck", "--url", url, *more)
    out, err = process.communicate(timeout=300)
    return process.returncode, out, err


@pytest.fixture
def quick(monkeypatch):
    """Make checks in this process fast: no watchdog starts, and all canaries share one picture."""

    @contextmanager
    def no_watchdog(names):
        reads, writes = os.pipe()
        yield writes, lambda: None
        os.close(writes)
        os.close(reads)

    monkeypatch.setattr(canary, "_watchdog", no_watchdog)
    picture = canary.title_card("Leak check", "of the suite")
    monkeypatch.setattr(canary, "title_card", lambda *words: picture)


class AllSeen(BaseException):
    """Ends a check early: everything that the test waits for was seen."""


def sightings(url, kind, patterns):
    """Check one kind until every pattern matches a sighting; return the sightings as printed."""
    seen: list[str] = []

    def watch(report, doing):
        seen[:] = [f"{each.request} {each.address}: {each.where}" for each in report.sightings]
        if all(any(re.search(pattern, line) for line in seen) for pattern in patterns.values()):
            raise AllSeen

    with contextlib.suppress(AllSeen):
        watch(checking.check(url, watch, 3, [kind]), "")
    return seen


def is_planted() -> bool:
    return Release.objects.filter(title__regex=canary.TITLES).exists()


def wait_until(condition, seconds=60):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.1)


# --- What it reports about a site --------------------------------------------------------------


def test_a_sound_site_has_no_sightings_and_nothing_is_left_behind(newsroom):
    began = time.monotonic()
    with served() as url:
        code, out, err = leakcheck_at(url, "--minutes", "0.3")
    assert code == 0, out + err
    assert time.monotonic() - began < 18 + 30  # 18 for the check, 30 to start it on a busy machine
    assert "The canary was not seen." in out
    assert "it uses this database" in out
    assert "lists the only public release of this database, and no other" in out
    assert "byte for byte" in out
    assert int(re.search(r"(\d+) answers were", out)[1]) > 0
    assert re.search(r"left; at most [\d.]+ min", err)  # progress
    assert (rows(), files()) == newsroom
    # The last lines list what was not checked.
    not_checked = out[out.index("Not checked:") :]
    unchecked = [
        "requests of the kind “guesses”: no time left", "Differences in time", "e-mail",
        f"another address than {url}", "JavaScript", "a preview link",
    ]  # fmt: skip
    for words in unchecked:
        assert words in not_checked, not_checked


@pytest.mark.soak
def test_a_full_check_of_a_sound_site_has_no_sightings_and_ends_in_time(newsroom):
    began = time.monotonic()
    with served() as url:
        process = start("leakcheck", "--url", url)
        out, err = process.communicate(timeout=700)
    assert process.returncode == 0, out + err
    assert time.monotonic() - began < 610
    numbers = {
        what: int(re.search(rf"([\d,]+) {what}", out)[1].replace(",", ""))
        for what in ("addresses in", "answers were compared", "addresses were timed")
    }
    assert numbers["addresses in"] > 1_000
    assert numbers["answers were compared"] > 500
    assert numbers["addresses were timed"] > 5
    assert (rows(), files()) == newsroom


WORD, UUID = "[a-z]{16}", "[0-9a-f-]{36}"
RELEASE = rf"/releases/leak-check-{WORD}/"
CHANGED = "changed while the canary was there: "
UNLIKE = "differs from an address that never existed: "


@pytest.fixture
def views_of(monkeypatch):
    """Return a decorator for a function that replaces a view and calls it: `@views_of("feed")`."""
    patterns = {pattern.name: pattern for pattern in urls.urlpatterns if hasattr(pattern, "name")}

    def in_front_of(name):
        view = patterns[name].callback

        def plant(bug):
            monkeypatch.setattr(patterns[name], "callback", lambda *a, **k: bug(view, *a, **k))

        return plant

    return in_front_of


def is_hidden(slug) -> bool:
    return Release.objects.scheduled().filter(slug=slug).exists()


def leaks_of_lists(views_of, monkeypatch):
    """Plant leaks in lists; return a pattern of each one's line in the report."""
    scheduled = Release.objects.scheduled

    @views_of("prisoners")
    def prints_a_title(view, request):
        return HttpResponse(view(request).content + str(list(scheduled())).encode())

    @views_of("people")
    def names_it_in_a_header(view, request):
        response = view(request)
        response["X-Next"] = ",".join(r.slug for r in scheduled())
        return response

    @views_of("sitemap")
    def counts_releases(view, request):
        response = view(request)
        response["X-Total"] = str(Release.objects.count())
        return response

    @views_of("newsroom")
    def has_a_countdown(view, request):
        response = view(request)
        first = min(release.publish_at for release in scheduled())
        response["X-Refresh"] = str(int((first - timezone.now()).total_seconds()))
        return response

    @views_of("robots")
    def has_a_header_if_another_language_waits(view, request):
        response = view(request)
        if scheduled().exclude(language="en").exists():
            response["X-Queue"] = "1"
        return response

    @views_of("feed")
    def was_modified_by_the_last_hidden_edit(view, request):
        response = view(request)
        newest = Release.objects.latest("updated_at").updated_at
        response["Last-Modified"] = http_date(newest.timestamp())
        return response

    @views_of("archive")
    def names_it_in_structured_data(view, request):
        titles = [release.title for release in scheduled()]
        data = f'<script type="application/ld+json">{json.dumps(titles)}</script>'
        return HttpResponse(view(request).content + data.encode())

    @views_of("prisoners_csv")
    def has_another_etag(view, request):
        response = view(request)
        response["ETag"] = f'"{Release.objects.count()}"'
        return response

    return {
        "a word in a list": rf"^GET /prisoners/: body: “.*Leak check {WORD}",
        "a word in a header": rf"^GET /people/: header X-Next: “.*leak-check-{WORD}",
        "a count": rf"^GET /sitemap.xml: {CHANGED}header x-total: “5” instead of “4”",
        "a countdown": r"^GET /: header X-Refresh: “\d+” reveals when something that is not "
        "public will be published",
        "a header that comes and goes": rf"^GET /robots.txt: {CHANGED}header x-queue: “1” "
        "instead of “none”",
        "a time of change": rf"^GET /releases/feed.atom: {CHANGED}header last-modified: “",
        "structured data": rf"^GET /releases/: body: “.*Leak check {WORD}",
        "a tag": rf"^GET /prisoners/prisoners.csv: {CHANGED}header etag: “\W*5\W* instead of “\W*4",
    }


def leaks_of_guesses(views_of, monkeypatch):
    """Plant leaks at addresses that can be guessed; return a pattern of each one's line."""

    @views_of("release")
    def redirects(view, request, slug):
        former = FormerSlug.objects.filter(slug=slug).first()
        if former:
            return HttpResponseRedirect(former.release.get_absolute_url())
        return view(request, slug=slug)

    @views_of("person")
    def differs_by_method(view, request, slug):
        response = view(request, slug=slug) if request.method != "OPTIONS" else HttpResponse()
        known = {slug_for(person.display_name, fallback="") for person in Person.objects.all()}
        if request.method == "OPTIONS" and slug not in known:
            response.status_code = 405
        return response

    @views_of("release_json")
    def answers_head(view, request, slug):
        if request.method == "HEAD" and is_hidden(slug):
            return HttpResponse()
        return view(request, slug=slug)

    @views_of("release_card")
    def has_another_error_page(view, request, slug):
        return (
            HttpResponse("Come back later.", status=403) if is_hidden(slug) else view(request, slug)
        )

    def render_with_a_hint(request, template, status):
        response = render(request, template, status=status)
        if is_hidden(request.path.strip("/").rpartition("/")[2]):
            response["X-Hint"] = "later"
        return response

    ways = [("HEAD", {}), ("OPTIONS", {}), ("GET", {"Range": "bytes=0-99"})]
    monkeypatch.setattr(search.addresses, "OTHER_WAYS", ways)
    monkeypatch.setattr("pressroom.middleware.render", render_with_a_hint)
    monkeypatch.setattr(views, "public_assets", lambda at: MediaAsset.objects.usable(at))
    return {
        "a redirect of an old address": rf"^GET {RELEASE[:-1]}-as-it-was/: {UNLIKE}status 302 "
        "Found instead of 404",
        "a method": rf"^OPTIONS /people/leak-check-{WORD}-removes-itself/: {UNLIKE}status 200 OK "
        "instead of 405",
        "a HEAD": rf"^HEAD {RELEASE}release.json: {UNLIKE}status 200 OK instead of 404",
        "an error page": rf"^GET {RELEASE}card.jpg: {UNLIKE}status 403 Forbidden instead of 404",
        "a 404 unlike others": rf"^GET {RELEASE}: {UNLIKE}header x-hint: “later” instead of “none”",
        "a picture": rf"^GET /media/{UUID}/poster.jpg: header .*{WORD}",
        "a picture in parts": rf"^GET Range /media/{UUID}/poster.jpg",
    }


def leaks_of_searches(views_of, monkeypatch):
    """Plant leaks in searches; return a pattern of each one's line in the report."""

    @views_of("archive")
    def completes_words_of_hidden_texts(view, request):
        typed = request.GET.get("q", "")
        words = SearchWord.objects.filter(word__startswith=typed).exclude(word=typed)
        found = list(words.values_list("word", flat=True)) if len(typed) > 7 else []
        return HttpResponse(view(request).content + str(found).encode())

    @views_of("feed")
    def counts_hidden_hits(view, request):
        response = view(request)
        if typed := request.GET.get("q"):
            found = Release.objects.filter(title__contains=typed)
            response["X-Total"] = str(found.count())
        return response

    @views_of("feed_json")
    def corrects_to_hidden_words(view, request):
        response, typed = view(request), request.GET.get("q", "")
        if any(OSA.distance(typed, each.word) == 1 for each in SearchWord.objects.all()):
            response["X-Hint"] = "spelling"
        return response

    @views_of("person")
    def fails_for_excluded_words_of_hidden_texts(view, request, slug):
        excluded = request.GET.get("q", "").rpartition(" -")[2]
        is_known = SearchWord.objects.filter(word=excluded).exists()
        return HttpResponse(status=500) if excluded and is_known else view(request, slug=slug)

    return {
        "a completed word": rf"^GET /releases/\?q=[a-z]{{8}}: body: “.*{WORD}",
        "a count": rf"^GET /releases/feed.atom\?q={WORD}: {UNLIKE}header x-total: “1” "
        "instead of “0”",
        "a correction": rf"^GET /releases/feed.json\?q={WORD}: {UNLIKE}header x-hint: “spelling”",
        "an excluded word": rf"^GET /people/[a-z-]+/\?q=\S+-{WORD}: {UNLIKE}status 500",
    }


def leaks_to_others(views_of, monkeypatch):
    """Plant leaks that some user agents or headers reveal; return a pattern of each one's line."""

    @views_of("release")
    def refuses_one_robot(view, request, slug):
        if "Twitterbot" in request.headers.get("User-Agent", "") and is_hidden(slug):
            return HttpResponse(status=403)
        return view(request, slug=slug)

    @views_of("newsroom")
    def trusts_a_header(view, request):
        wanted = request.headers.get("X-Original-URL", "").strip("/").rpartition("/")[2]
        return HttpResponse("There it is.") if is_hidden(wanted) else view(request)

    ways = search.addresses
    for name, number in (("AGENTS", 4), ("HEADERS", 2)):  # a full check uses all of them
        some = dict(list(getattr(ways, name).items())[:number])
        monkeypatch.setattr(ways, name, some)

    return {
        "one robot": rf"^GET User-Agent: Twitterbot {RELEASE}: {UNLIKE}"
        "status 403 Forbidden instead of 404",
        "a path in a header": rf"^GET X-Original-URL /: {UNLIKE}body “there it is.",
    }


def leaks_of_switches(views_of, monkeypatch):
    """Plant leaks that a parameter of the query reveals; return a pattern of each one's line."""

    @views_of("release")
    def opens_for_drafts(view, request, slug):
        if request.GET.get("draft") and is_hidden(slug):
            return HttpResponse("The whole text.")
        return view(request, slug=slug)

    @views_of("archive")
    def counts_hidden_releases(view, request):
        asked = request.GET.get("as_of")
        return HttpResponse(f"{Release.objects.count()} releases") if asked else view(request)

    ways = search.addresses
    monkeypatch.setattr(ways, "SWITCHES", ways.SWITCHES[:8])

    return {
        "?draft=1": rf"^GET draft=1 {RELEASE}\?draft=1: {UNLIKE}status 200 OK instead of 404",
        "?as_of= counts": rf"^GET as_of=\S+ /releases/\?as_of=\S+: {CHANGED}body “5 releases” "
        "instead of “4 releases”",
    }


def leaks_of_time(views_of, monkeypatch):
    """Make the answer for a hidden release slower; return a pattern of its line."""

    @views_of("release")
    def is_slow(view, request, slug):
        if is_hidden(slug):
            time.sleep(0.04)
        return view(request, slug=slug)

    @views_of("archive")
    def searches_hidden_texts(view, request):
        typed = request.GET.get("q")
        if typed and Release.objects.scheduled().filter(title__contains=typed).exists():
            time.sleep(0.04)
        return view(request)

    few = search.addresses.first_of_each
    monkeypatch.setattr(search.addresses, "first_of_each", lambda c: few(c)[:2])
    monkeypatch.setattr(search.timing, "MAX_PAIRS", 30)
    return {
        "40 ms": rf"^GET {RELEASE}: differs by \+\d+\.\d ms from an address that "
        r"never existed \(.* in \d+ pairs\)",
        "40 ms of a search": rf"^GET /releases/\?q={WORD}: differs by \+\d+\.\d ms",
    }


@pytest.mark.once
@pytest.mark.parametrize(
    ("kind", "plant"),
    [
        ("lists", leaks_of_lists),
        ("guesses", leaks_of_guesses),
        ("guesses", leaks_of_searches),
        ("agents", leaks_to_others),
        ("switches", leaks_of_switches),
        ("timing", leaks_of_time),
    ],
)
def test_planted_leaks_are_reported(newsroom, quick, views_of, monkeypatch, kind, plant):
    patterns = plant(views_of, monkeypatch)
    before = rows(), files()
    with served() as url:
        seen = sightings(url, kind, patterns)
    for leak, pattern in patterns.items():
        assert any(re.search(pattern, line) for line in seen), (
            f"{leak} is not named:\n" + "\n".join(seen)
        )
    # Places without a bug are not reported.
    sound = {
        "lists": "GET /admin/", "guesses": "GET /releases/[^ ]*release.txt",
        "agents": "GET User-Agent: Chrome", "switches": "preview=1", "timing": "release.txt",
    }  # fmt: skip
    assert not [line for line in seen if re.search(sound[kind], line)]
    assert (rows(), files()) == before


def test_a_site_that_ignores_publication_times_is_reported_in_all_lists(
    newsroom, quick, monkeypatch
):
    Release.objects.scheduled().delete()
    monkeypatch.setattr(
        ReleaseQuerySet, "public", lambda self, at=None: self.filter(status="approved")
    )
    picture = rf"^GET /media/{UUID}/poster.jpg(\?v=\w+)?: (header|differs)"
    places = ["/", "/releases/", "/releases/feed.atom", "/sitemap-releases.xml"]
    places.append("/people/ansa-verel/")
    lists = {place: rf"^GET {place}: (body|differs)" for place in places}
    release = {"release": rf"^GET {RELEASE}: (body|differs)", "picture": picture}
    with served() as url:
        for kind, patterns in (("lists", lists), ("guesses", release)):
            seen = sightings(url, kind, patterns)
            for place, pattern in patterns.items():
                assert any(re.search(pattern, line) for line in seen), place + "\n".join(seen)


def test_a_large_site_is_sampled_and_the_rest_is_counted(newsroom, quick, views_of, monkeypatch):
    @views_of("archive")
    def has_endless_filters(view, request):
        queries = [f"kind={random.random()}&amp;page={n}" for n in range(50)]
        queries += [f"page={random.random()}" for n in range(50)]
        links = "".join(f'<a href="?{query}">x</a>' for query in queries)
        return HttpResponse(view(request).content + links.encode())

    searching = search.Search  # limited by addresses here, not by time
    monkeypatch.setattr(searching, "_is_time", lambda self, until: len(self.report.addresses) < 60)
    with served() as url:
        report = checking.check(url, lambda report, doing: None, 10, ["links"])
    assert report.sightings == []
    assert {
        "/people/",
        "/prisoners/",
    } <= report.addresses  # one endless kind leaves time for others
    not_checked = "\n".join(report.unchecked(url))
    assert re.search(r"^\d[\d,]* combinations of filters: no time left", not_checked, re.MULTILINE)
    assert "Kinds of checks that you left out: lists, guesses" in not_checked


def test_a_check_that_ends_before_its_search_begins_is_an_error(newsroom, quick):
    with served() as url, pytest.raises(checking.CheckError, match="no time left for the search"):
        checking.check(url, lambda *progress: None, 0.001)
    assert (rows(), files()) == newsroom


@pytest.mark.parametrize("minutes", ["0", "-1", "41", "nan"])
def test_an_invalid_duration_is_refused(minutes):
    with pytest.raises(checking.CheckError, match="--minutes must be above 0 and at most 40"):
        checking.check("http://127.0.0.1:1", lambda *progress: None, float(minutes))


# --- The right site ----------------------------------------------------------------------------


def test_an_empty_newsroom_is_recognised_by_its_sessions_and_reported(transactional_db):
    with served() as url:
        output = identity.control(Site(url), canary.Names.new())
    assert "it uses this database" in output[0]
    assert output[1:] == ["The newsroom is empty: without a public release no list can leak."]


def refused(url, **more) -> str:
    ended = forks.run("manage.py", "leakcheck", "--url", url, env=environment(**more))
    assert ended.returncode == 2, ended.stdout + ended.stderr
    assert "Traceback" not in ended.stderr
    return ended.stderr


def refused_here(url) -> str:
    """Do the same in this process, for cases that do not depend on the environment."""
    with pytest.raises(CommandError) as refusal:
        call_command("leakcheck", url=url, minutes=0.4)
    assert refusal.value.returncode == 2
    return str(refusal.value)


@pytest.mark.parametrize(
    "url",
    ["news.example.org", "ftp://news.example.org", "http://", "http://[::1", "http://x:port",
     "https://news.example.org/releases/", "https://me:secret@news.example.org"],
)  # fmt: skip
def test_an_invalid_address_of_a_site_is_refused(url):
    with pytest.raises(checking.CheckError, match="is not the address of a site"):
        checking.origin_of(url)


def test_a_site_that_is_unreachable_or_not_ours_gives_a_clear_error(newsroom, tmp_path):
    assert "“news.example.org” is not the address of a site" in refused("news.example.org")
    dead = refused_here(f"http://127.0.0.1:{free_port()}")
    assert "can’t be reached: Connection refused. Is the site running there?" in dead

    class Stranger(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"Hello from elsewhere")

        def log_message(self, *args):
            pass

    with serving(HTTPServer(("127.0.0.1", 0), Stranger)) as server:
        output = refused_here(f"http://127.0.0.1:{server.server_port}")
    assert "does not look like Pressroom" in output
    other = {"DATABASE_URL": f"sqlite:///{tmp_path}/other.sqlite3"}
    if connection.vendor == "sqlite":
        connection.cursor().execute("VACUUM INTO %s", [str(tmp_path / "other.sqlite3")])
    else:
        assert start("migrate", "-v0", **other).wait() == 0
    with served() as url:
        assert "uses another database than this command" in refused(url, **other)
        assert "it uses other files" in refused(url, MEDIA_ROOT=str(tmp_path))
    assert (rows(), files()) == newsroom


def test_a_redirect_to_https_is_reported_with_the_right_address(newsroom, settings):
    settings.SECURE_SSL_REDIRECT = True
    with served() as url:
        output = refused_here(url)
    assert f"redirects to https{url[4:]}/. Use the address of the site for readers" in output


@pytest.mark.skipif(not shutil.which("openssl"), reason="apt install openssl")
def test_an_untrusted_certificate_gives_a_clear_error(newsroom, tmp_path):
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost",
            "-keyout", tmp_path / "key", "-out", tmp_path / "certificate"]  # fmt: skip
    subprocess.run(made, check=True, capture_output=True)
    server = HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "certificate", tmp_path / "key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *args: None
    with serving(server):
        output = refused_here(f"https://127.0.0.1:{server.server_port}")
    assert "is not trusted: self" in output


# --- Nothing is left behind --------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_an_interrupted_check_leaves_nothing(newsroom, number):
    with served() as url:
        process = start("leakcheck", "--url", url, "--only", "links")
        wait_until(is_planted)
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
    if number == signal.SIGKILL:
        assert process.returncode == -signal.SIGKILL
        wait_until(lambda: not is_planted())
        wait_until(lambda: (rows(), files()) == newsroom)
        assert "its watchdog removed the canary" in err
    else:
        assert process.returncode == 2
        assert f"Interrupted by {number.name}. The canary was removed." in err
    assert (rows(), files()) == newsroom
    assert not Event.objects.filter(release_uuid__endswith=canary.NODE).exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_every_signal_that_asks_to_end_interrupts_the_check(newsroom, quick, number):
    def once_planted(report, doing):
        if is_planted():
            os.kill(os.getpid(), number)

    handler = signal.signal(
        number, signal.SIG_DFL
    )  # ignored in a suite that runs in the background
    try:
        with served() as url, pytest.raises(checking.CheckError, match=f"by {number.name}"):
            checking.check(url, once_planted, 1, ["links"])
    finally:
        signal.signal(number, handler)
    assert (rows(), files()) == newsroom


def test_the_watchdog_of_one_check_does_not_remove_the_next_canary(newsroom):
    with served() as url:
        process = start("leakcheck", "--url", url, "--only", "links")
        wait_until(is_planted)
        time.sleep(1)  # its other rows are stored after the release
        next_one = canary.plant(canary.choose())
        process.kill()
        process.communicate(timeout=60)  # waits for the watchdog, which has the same output
    assert canary.is_in_place(next_one)
    remaining = Release.objects.filter(title__regex=canary.TITLES).values_list("pk", flat=True)
    assert list(remaining) == [next_one.names.release]
    assert canary.sweep() > 20
    assert (rows(), files()) == newsroom


def test_a_check_whose_canary_is_removed_fails(newsroom, quick, monkeypatch):
    monkeypatch.setattr(search, "CHECK_CANARY_EVERY", 0.5)
    lost = "The canary was removed or changed during the check"

    def once_planted(report, doing):
        if is_planted():
            canary.sweep()

    with served() as url, pytest.raises(checking.CheckError, match=lost):
        checking.check(url, once_planted, 1, ["guesses"])
    assert (rows(), files()) == newsroom


def test_sweep_removes_what_a_power_cut_left_and_nothing_else(newsroom, capsys):
    planted = canary.plant(canary.choose())
    picture = MediaAsset.objects.get(pk=planted.names.poster)
    # An editor has linked a draft to the canary and its picture.
    own = Release.objects.get(status="draft")
    own.translation_of, own.poster = Release.objects.get(pk=planted.names.release), picture
    own.body = f'<p>Our words.</p><figure data-asset="{picture.pk}"></figure>'
    own.save()
    canary.plant(canary.choose())
    # A job for the canary is still waiting.
    processing.make_renditions.add(str(picture.pk), key=str(picture.pk))
    process = start("leakcheck", "--sweep")
    out, err = process.communicate(timeout=60)
    assert re.match(r"Removed \d+ rows and files", out), err
    own.refresh_from_db()
    assert (own.translation_of, own.poster) == (None, None)
    counts, stored = newsroom
    assert files() == stored
    counts["releases.HistoricalRelease"] += 1  # the editor's version
    counts["releases.SearchWord"] += 2  # “our” and “words”
    assert rows() == counts
    call_command("leakcheck", "--sweep")
    assert capsys.readouterr().out == "Nothing to remove.\n"


def test_files_without_rows_are_swept(newsroom):
    planted = canary.plant(canary.choose())
    names = (planted.names.poster, planted.names.inside)
    before = {path for path in files() if str(names[0]) in path}
    assert len(before) > 10
    stored = {path: (site_settings.MEDIA_ROOT / path).read_bytes()
              for path in before if (site_settings.MEDIA_ROOT / path).is_file()}  # fmt: skip
    canary.sweep()
    for path, content in stored.items():
        (site_settings.MEDIA_ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (site_settings.MEDIA_ROOT / path).write_bytes(content)
    assert canary.sweep() == len(stored)
    assert (rows(), files()) == newsroom


@contextmanager
def releases_that_cannot_be_deleted():
    """Make the database refuse to delete a release."""
    function = """CREATE FUNCTION keeps() RETURNS trigger AS
        $$ BEGIN RAISE EXCEPTION 'the disk is full'; END $$ LANGUAGE plpgsql"""
    keep = "CREATE TRIGGER keeps BEFORE DELETE ON releases_release"
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f"{keep} BEGIN SELECT RAISE(ABORT, 'the disk is full'); END")
        else:
            cursor.execute(function)
            cursor.execute(f"{keep} FOR EACH ROW EXECUTE FUNCTION keeps()")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            if connection.vendor == "sqlite":
                cursor.execute("DROP TRIGGER keeps")
            else:
                cursor.execute("DROP FUNCTION keeps CASCADE")


def test_a_failed_removal_is_reported_and_tried_again(newsroom, tmp_path):
    with (tmp_path / "err").open("w") as err, served() as url:
        with releases_that_cannot_be_deleted():
            process = start("leakcheck", "--url", url, "--only", "links", out=err)
            wait_until(is_planted)
            process.terminate()
            assert process.wait(timeout=60) == 2
            output = (tmp_path / "err").read_text()
            assert "THE CANARY COULD NOT BE REMOVED: the disk is full" in output
            assert "manage.py leakcheck --sweep" in output
            assert is_planted()
        wait_until(lambda: not is_planted())
        wait_until(lambda: (rows(), files()) == newsroom)


def test_the_canary_is_recognisable_and_no_other_release_is_taken_for_it(newsroom):
    planted = canary.plant(canary.choose())
    release = Release.objects.get(pk=planted.names.release)
    assert release.title == f"Leak check {planted.names.word} (removes itself)"
    assert release.is_scheduled()
    assert timezone.now() < release.publish_at
    assert release.quotes.count() == 1
    assert release.illustrations.filter(in_text=True).count() == 1
    assert release.illustrations.filter(in_text=False, asset__kind="document").count() == 1
    assert release.history.count() > 0
    assert not Event.objects.filter(release=release).exists()
    assert not any(
        canary.is_canary_uuid(pk) for pk in Release.objects.exclude(pk=release.pk).values_list("pk")
    )
    canary.sweep()

"""The operator's proof: quiet on a sound site, loud on a leak, and gone without a trace."""

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
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.db import connection
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone

from assets.models import MediaAsset
from people.models import Person
from people.slugs import slug_for
from pressroom import canary, leakcheck, urls
from releases import views
from releases.models import Event, FormerSlug, Release, ReleaseQuerySet, Topic
from tests.deployment import files, free_port, rows, start
from tests.make import make_person, make_picture, make_prisoner, make_release, mark, quotation

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


class Quiet(WSGIRequestHandler):
    def log_message(self, *args):
        pass


@contextmanager
def served():
    """Serve the newsroom from this process, where a test can plant bugs.

    pytest's own live server will not do: it serves MEDIA_ROOT below /, as leakcheck found.
    """
    server = ThreadedWSGIServer(("127.0.0.1", 0), Quiet)
    server.set_app(WSGIHandler())
    with serving(server):
        yield f"http://127.0.0.1:{server.server_port}"


@contextmanager
def serving(server):
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def newsroom(transactional_db):
    """Something public for the canary to stand beside, and something hidden; what is stored."""
    speaker = make_person(title="Director", speaks=True)
    make_prisoner()
    make_release(
        body=f"<p>Hello {mark(speaker)}</p>{quotation(speaker)}",
        poster=make_picture(), topics=[Topic.objects.create(name="Open topic")], countries="GB",
    )  # fmt: skip
    for state in ("scheduled", "draft", "withdrawn"):
        make_release(state)
    return rows(), files()


def leakcheck_at(url, *more, **environment):
    process = start("leakcheck", "--url", url, "--max-pages", "100", *more, **environment)
    out, err = process.communicate(timeout=300)
    return process.returncode, out, err


def is_planted() -> bool:
    return Release.objects.filter(title__regex=canary.TITLES).exists()


def wait_until(condition, seconds=60):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.1)


# --- What it says of a site --------------------------------------------------------------------


def test_a_sound_site_is_quiet_and_nothing_is_left(newsroom):
    with served() as url:
        code, out, err = leakcheck_at(url)
    assert code == 0, out + err
    assert "The canary was seen: nowhere" in out
    assert "it uses this database" in out
    assert "lists the 1 public releases of this database, and no other" in out
    assert "byte for byte" in out
    asked, compared = re.search(
        r"for (\d+) addresses.*?(\d+) answers were", out, re.DOTALL
    ).groups()
    assert int(asked) > 1000
    assert int(compared) > 500
    assert "requests, " in err  # progress
    assert (rows(), files()) == newsroom


def plant_bugs(monkeypatch) -> dict[str, str]:
    """Make each way out of the newsroom leak in its own manner; return how each is to be named."""
    patterns = {pattern.name: pattern for pattern in urls.urlpatterns if hasattr(pattern, "name")}

    def behind(name):
        view = patterns[name].callback

        def plant(bug):
            monkeypatch.setattr(patterns[name], "callback", lambda *a, **k: bug(view, *a, **k))

        return plant

    @behind("prisoners")
    def shows_a_word(view, request):
        return HttpResponse(view(request).content + str(list(Release.objects.scheduled())).encode())

    @behind("people")
    def says_it_in_a_header(view, request):
        response = view(request)
        response["X-Next"] = ",".join(r.slug for r in Release.objects.scheduled())
        return response

    @behind("sitemap")
    def counts(view, request):
        response = view(request)
        response["X-Total"] = str(Release.objects.count())
        return response

    @behind("release")
    def leads_on(view, request, slug):
        former = FormerSlug.objects.filter(slug=slug).first()
        if former:
            return HttpResponseRedirect(former.release.get_absolute_url())
        return view(request, slug=slug)

    @behind("person")
    def tells_by_the_method(view, request, slug):
        response = view(request, slug=slug) if request.method != "OPTIONS" else HttpResponse()
        known = {slug_for(person.display_name, fallback="") for person in Person.objects.all()}
        if request.method == "OPTIONS" and slug not in known:
            response.status_code = 405
        return response

    def hints(request, template, status):
        response = render(request, template, status=status)
        if Release.objects.filter(slug=request.path.strip("/").rpartition("/")[2]).exists():
            response["X-Hint"] = "later"
        return response

    monkeypatch.setattr("pressroom.middleware.render", hints)
    monkeypatch.setattr(views, "public_assets", lambda at: MediaAsset.objects.usable(at))
    word, uuid = "[a-z]{16}", "[0-9a-f-]{36}"
    return {
        "a word in a list": rf"GET /prisoners/\n +body: “.*Leak check {word}",
        "a word in a header": rf"GET /people/\n +header X-Next: “.*leak-check-{word}",
        "a count": r"GET /sitemap.xml\n +changed while the canary was there: header x-total: “5” "
        "instead of “4”",
        "a redirect": rf"GET /releases/leak-check-{word}-as-it-was/\n +not as for an address that "
        "never was: status 302 Found instead of 404",
        "a method": rf"OPTIONS /people/leak-check-{word}-removes-itself/\n +not as for .* status "
        "200 OK instead of 405",
        "a 404 unlike others": rf"GET /releases/leak-check-{word}/\n +not as for an address that "
        "never was: header x-hint: “later” instead of “none”",
        "a rendition": rf"GET /media/{uuid}/teaser.webp\n +header .*: “.*{word}",
        "a rendition in parts": rf"GET Range /media/{uuid}/poster.jpg",
    }


def test_planted_bugs_are_named(newsroom, monkeypatch):
    named = plant_bugs(monkeypatch)
    before = rows(), files()
    with served() as url:
        code, out, err = leakcheck_at(url)
    assert code == 1, out + err
    for bug, said in named.items():
        assert re.search(said, out), f"{bug} is not named:\n{out}"
    # The sound places are not accused.
    assert not re.search(r"^  GET /(releases/|robots.txt|releases/feed.atom)?$", out, re.MULTILINE)
    assert (rows(), files()) == before


def test_a_site_that_forgets_the_clock_is_named_in_all_its_lists(newsroom, monkeypatch):
    Release.objects.scheduled().delete()
    monkeypatch.setattr(
        ReleaseQuerySet, "public", lambda self, at=None: self.filter(status="approved")
    )
    with served() as url:
        code, out, err = leakcheck_at(url, "--max-pages", "40")
    assert code == 1, out + err
    for place in ["/", "/releases/", "/releases/feed.atom", "/sitemap-releases.xml",
                  "/releases/leak-check-[a-z]{16}/", "/people/ansa-verel/"]:  # fmt: skip
        assert re.search(rf"^  GET {place}\n +(body|not as)", out, re.MULTILINE), place + out
    picture = r"/media/[0-9a-f-]{36}/poster.jpg(\?v=\w+)?"
    assert re.search(rf"^  GET {picture}\n +(header|not as)", out, re.MULTILINE), picture + out


# --- Whom it asks ------------------------------------------------------------------------------


def test_an_empty_newsroom_is_known_by_its_sessions_and_told_so(transactional_db):
    with served() as url:
        said = leakcheck.control(leakcheck.Site(url), canary.Names.new())
    assert "it uses this database" in said[0]
    assert said[1:] == ["The newsroom is empty: no public release, so no list to leak into."]


def refused(*arguments, **environment) -> str:
    code, out, err = leakcheck_at(*arguments, **environment)
    assert code == 2, out + err
    assert "Traceback" not in err
    return err


@pytest.mark.parametrize(
    "url",
    ["news.example.org", "ftp://news.example.org", "http://", "http://[::1", "http://x:port",
     "https://news.example.org/releases/", "https://me:secret@news.example.org"],
)  # fmt: skip
def test_what_is_no_address_of_a_site_is_refused(url):
    with pytest.raises(leakcheck.CannotCheck, match="is not the address of a site"):
        leakcheck.origin_of(url)


def test_a_site_that_is_not_there_or_not_ours_is_a_clear_sentence(newsroom, tmp_path):
    assert "“news.example.org” is not the address of a site" in refused("news.example.org")
    dead = refused(f"http://127.0.0.1:{free_port()}")
    assert "cannot be reached: Connection refused. Is the site running there?" in dead

    class Stranger(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"Hello from elsewhere")

        def log_message(self, *args):
            pass

    with serving(HTTPServer(("127.0.0.1", 0), Stranger)) as server:
        said = refused(f"http://127.0.0.1:{server.server_port}")
    assert "does not look like Pressroom" in said
    other = {"DATABASE_URL": f"sqlite:///{tmp_path}/other.sqlite3"}
    assert start("migrate", "-v0", **other).wait() == 0
    with served() as url:
        assert "uses another database than this command" in refused(url, **other)
        assert "it uses other files" in refused(url, MEDIA_ROOT=str(tmp_path))
    assert (rows(), files()) == newsroom


def test_a_site_that_leads_on_to_https_names_where_to(newsroom, settings):
    settings.SECURE_SSL_REDIRECT = True
    with served() as url:
        assert f"leads on to https{url[4:]}/. Name the address that readers use" in refused(url)


@pytest.mark.skipif(not shutil.which("openssl"), reason="apt install openssl")
def test_a_certificate_that_nobody_trusts_is_a_clear_sentence(newsroom, tmp_path):
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost",
            "-keyout", tmp_path / "key", "-out", tmp_path / "certificate"]  # fmt: skip
    subprocess.run(made, check=True, capture_output=True)
    server = HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "certificate", tmp_path / "key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *args: None
    with serving(server):
        said = refused(f"https://127.0.0.1:{server.server_port}")
    assert "is not trusted: self" in said


# --- That it leaves nothing --------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_an_interrupted_check_leaves_nothing(newsroom, number):
    with served() as url:
        process = start("leakcheck", "--url", url)
        wait_until(is_planted)
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
    if number == signal.SIGKILL:
        assert process.returncode == -signal.SIGKILL
        wait_until(lambda: not is_planted())
        wait_until(lambda: (rows(), files()) == newsroom)
        assert "its guardian removed the canary" in err
    else:
        assert process.returncode == 2
        assert f"Interrupted by {number.name}. The canary is removed." in err
    assert (rows(), files()) == newsroom
    assert not Event.objects.filter(release_uuid__endswith=canary.NODE).exists()


def test_the_guardian_of_one_check_leaves_the_canary_of_the_next_alone(newsroom):
    with served() as url:
        process = start("leakcheck", "--url", url)
        wait_until(is_planted)
        time.sleep(1)  # planting is more than the release
        next_one = canary.plant(canary.choose())
        process.kill()
        process.communicate(timeout=60)  # ends with the guardian, who holds the same terminal
    assert canary.is_in_place(next_one)
    left = Release.objects.filter(title__regex=canary.TITLES).values_list("pk", flat=True)
    assert list(left) == [next_one.names.release]
    assert canary.sweep() > 20
    assert (rows(), files()) == newsroom


def test_a_check_that_loses_its_canary_says_so(newsroom):
    with served() as url:
        process = start("leakcheck", "--url", url, "--max-pages", "1")
        wait_until(is_planted)
        canary.sweep()
        _, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "The canary was taken away or changed while the site was asked" in err


def test_what_a_power_cut_left_is_swept_and_nothing_else(newsroom):
    planted = canary.plant(canary.choose())
    picture = MediaAsset.objects.get(pk=planted.names.poster)
    # An editor ties to it what is the newsroom's own.
    own = Release.objects.get(status="draft")
    own.translation_of, own.poster = Release.objects.get(pk=planted.names.release), picture
    own.body = f'<p>Our words.</p><figure data-asset="{picture.pk}"></figure>'
    own.save()
    canary.plant(canary.choose())
    process = start("leakcheck", "--sweep")
    out, err = process.communicate(timeout=60)
    assert re.match(r"Removed \d+ rows and files", out), err
    own.refresh_from_db()
    assert (own.translation_of, own.poster) == (None, None)
    counts, stored = newsroom
    assert files() == stored
    counts["releases.HistoricalRelease"] += 1  # the editor's version
    assert rows() == counts
    assert start("leakcheck", "--sweep").communicate(timeout=60)[0] == "Nothing left.\n"


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
def a_database_that_keeps_releases():
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


def test_a_removal_that_fails_is_said_loudly_and_tried_on(newsroom, tmp_path):
    with (tmp_path / "err").open("w") as err, served() as url:
        with a_database_that_keeps_releases():
            process = start("leakcheck", "--url", url, out=err)
            wait_until(is_planted)
            process.terminate()
            assert process.wait(timeout=60) == 2
            said = (tmp_path / "err").read_text()
            assert "THE CANARY COULD NOT BE REMOVED: the disk is full" in said
            assert "manage.py leakcheck --sweep" in said
            assert is_planted()
        wait_until(lambda: not is_planted())
        wait_until(lambda: (rows(), files()) == newsroom)


def test_the_canary_says_what_it_is_and_never_what_a_release_is(newsroom):
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
        canary.is_canarys(pk) for pk in Release.objects.exclude(pk=release.pk).values_list("pk")
    )
    canary.sweep()

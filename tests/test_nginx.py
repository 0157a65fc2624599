"""nginx with docs/nginx.conf in front of a server: it caches static files and no pages."""

import contextlib
import os
import re
import shutil
import socket
import ssl
import time
from collections import Counter
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import models
from django.test import override_settings
from django.utils import timezone

from accounts import throttle
from releases.models import Release
from tests.deployment import ROOT, Node, files, rows, start
from tests.make import PASSWORD, make_person, make_picture, make_release, quotation
from tests.nginx import Front, needs_nginx
from tests.test_upload_gate import views

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once, needs_nginx]


# What strangers may post to, and costs no hash.
FREE = {"/admin/logout/"}


class Deployment:
    """A node of this database, and nginx in front of it: as documented, and with a larger cache."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.media, self.log = folder / "media", folder / "log"
        self.fronts: dict[bool, Front] = {}
        self.media.mkdir()
        (folder / "tmp").mkdir()
        folders = {"MEDIA_ROOT": self.media, "FILE_UPLOAD_TEMP_DIR": folder / "tmp" / "uploads"}
        with override_settings(**folders):
            self.node = Node(self.log, 2, 2, HTTPS="on", TRUST_PROXY="on")

    def front(self, keep_all: bool) -> Front:
        if keep_all not in self.fronts:
            folder = self.folder / f"nginx-{keep_all}"
            folder.mkdir()
            self.fronts[keep_all] = Front(folder, self.node.port, keep_all=keep_all)
            self.fronts[keep_all].node = self.node
        return self.fronts[keep_all]

    def stop(self) -> None:
        for front in self.fronts.values():
            front.stop()
        self.node.stop()


@pytest.fixture(scope="module")
def deployment(django_db_setup, tmp_path_factory):
    """The same servers for all tests of this file. Each test has its own rows, files and logs."""
    running = Deployment(tmp_path_factory.mktemp("deployment"))
    try:
        running.node.wait_until_ready()
        yield running
    finally:
        running.stop()


@pytest.fixture
def front(request, transactional_db, deployment, settings):
    if deployment.node.server.poll() is not None:  # a test that stopped it has failed
        deployment.node.start()
        deployment.node.wait_until_ready()
    shutil.rmtree(deployment.media, ignore_errors=True)
    deployment.media.mkdir()
    settings.MEDIA_ROOT = deployment.media
    speaker = make_person(title="Director", speaks=True)
    make_release(body=f"<p>Hello</p>{quotation(speaker)}", poster=make_picture())
    for log in (deployment.log, *deployment.folder.glob("nginx-*/*.log")):
        os.truncate(log, 0)  # the servers append to their logs
    return deployment.front(keep_all=getattr(request, "param", False))


def test_nginx_caches_static_files_but_no_pages(front):
    status, headers, page = front.ask("/")
    assert status == 200
    assert "max-age=31536000" in headers["Strict-Transport-Security"]
    style = re.search(rb'"(/static/css/site[^"]+)"', page)[1].decode()
    assert [front.ask(style)[1]["X-Cache-Status"] for _ in range(3)][1:] == ["HIT", "HIT"]
    release = Release.objects.get()
    pages = ["/", "/releases/", "/releases/feed.atom", "/sitemap-releases.xml",
             release.get_absolute_url(), release.poster.public_url("teaser", "jpg"),
             "/releases/none/"]  # fmt: skip
    for path in pages:
        assert "X-Cache-Status" not in front.ask(path)[1], path
    assert front.ask(release.get_absolute_url())[0] == 200
    models.QuerySet(Release).update(publish_at=timezone.now() + timedelta(hours=1))
    for path in pages[-3:]:
        assert front.ask(path)[0] == 404, path
    tag = front.ask("/")[1]["ETag"]
    assert front.ask("/", **{"If-None-Match": tag})[0] == 304


def test_forwarded_headers_of_a_client_are_ignored(front):
    asked = {"X-Forwarded-Proto": "http", "X-Forwarded-Host": "evil.example.org"}
    status, _, page = front.ask("/", **asked, Forwarded="host=evil.example.org;proto=http")
    assert status == 200
    assert b"evil" not in page
    assert f'"{front.url}/"'.encode() in page


def test_an_editor_signs_in_on_any_port(front, account):
    assert front.port != 443
    for origin in ("https://evil.example.org", "https://localhost", "null"):
        assert front.sign_in(account, PASSWORD, origin)[0] == 403, origin
    assert not Session.objects.exists()
    status, cookies = front.sign_in(account, "wrong")
    assert (status, "sessionid" in cookies) == (200, False)
    status, cookies = front.sign_in(account, PASSWORD)
    assert (status, "sessionid" in cookies) == (302, True)
    page = front.ask("/admin/", Cookie=f"sessionid={cookies['sessionid']}")
    assert page[0] == 200


def test_a_forged_host_is_refused_and_changes_nothing(front, account):
    for host in ("evil.example.org", "localhost.evil.example.org", "localhost@evil", "localhost:x"):
        for path in ("/", "/admin/login/"):
            assert front.ask(path, Host=host)[0] == 400, host
        status, cookies = front.sign_in(account, PASSWORD, f"https://{host}", Host=host)
        assert (status, cookies) == (400, {}), host
    assert not Session.objects.exists()


def test_a_request_without_a_host_header_gets_this_site(front):
    with ssl.create_default_context(cafile=str(front.certificate)).wrap_socket(
        socket.create_connection(("localhost", front.port)), server_hostname="localhost"
    ) as plain:
        plain.sendall(b"GET / HTTP/1.0\r\n\r\n")
        answer = b"".join(iter(lambda: plain.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 200")
    assert b'"https://localhost/"' in answer


def test_nginx_asks_readers_to_try_again_while_no_node_answers(front):
    front.node.stop()
    status, headers, page = front.ask("/")
    assert status == 503
    assert (headers["Cache-Control"], headers["Retry-After"]) == ("no-store", "10")
    assert b"Please try again" in page
    front.node.start()
    front.node.wait_until_ready()
    assert front.ask("/")[0] == 200


def test_an_upload_of_the_maximum_size_passes_and_a_larger_one_is_refused(front, account):
    megabyte = 1024 * 1024
    _, cookies = front.sign_in(account, PASSWORD)
    upload = {
        "Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items()),
        "Origin": front.url,
        "X-CSRFToken": cookies["csrftoken"],
        "Content-Type": "multipart/form-data; boundary=x",
    }
    path = "/admin/assets/mediaasset/upload/?part=upload"
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n'
    largest = head + b"x" * settings.MAX_DOCUMENT_MEGABYTES * megabyte + b"\r\n--x--\r\n"
    status, _, answer = front.ask(path, "POST", largest, **upload)
    assert (status, b"a.pdf" in answer) == (400, True)  # Pressroom has read it and found no PDF
    # nginx may close the connection before it has read all of a refused body.
    for where, body, sent in [
        (path, largest + b"x" * 6 * megabyte, upload),
        ("/admin/login/", b"x" * megabyte, {}),
        ("/", b"x" * megabyte, {}),
    ]:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError, ssl.SSLError):
            assert front.ask(where, "POST", body, **sent)[0] == 413


def test_an_upload_without_a_session_does_not_reach_pressroom(front):
    path = "/admin/assets/mediaasset/upload/"
    with contextlib.suppress(BrokenPipeError, ConnectionResetError, ssl.SSLError):
        status, headers, _ = front.ask(path, "POST", b"x" * 5_000_000)
        assert (status, headers["Location"]) == (302, f"/admin/login/?next={path}")
    assert path not in (front.folder.parent / "log").read_text()


def rate_limit() -> tuple[str, int]:
    """Return the pattern of the paths that have a limit of requests, and how many may come at once.

    From docs/nginx.conf.
    """
    conf = (ROOT / "docs/nginx.conf").read_text()
    limit = "limit_req zone=pressroom_sign_ins"
    (block,) = [part for part in re.split(r"\n    location ", conf) if limit in part]
    burst = re.search(r"limit_req zone=pressroom_sign_ins burst=(\d+) nodelay;", block)[1]
    return re.match(r"~ (\S+) \{", block)[1], int(burst)


def test_nginx_limits_the_pages_on_which_strangers_sign_in_and_no_others(client):
    pattern, burst = rate_limit()
    limited = set()
    for path, _ in views():
        address = "/" + re.sub("<[^>]+>", "1", re.sub(r"[\^$]|\\Z", "", path))
        if not address.startswith("/admin/"):
            assert not re.search(pattern, address)
            continue
        answer = client.post(address)
        to_sign_in = answer.headers.get("Location", "").startswith("/admin/login/?next=")
        if re.search(pattern, address):
            limited.add(address)
            assert not to_sign_in, address
        else:
            # The pages of the desk, which ask who it is first, and what costs no hash.
            assert to_sign_in or answer.status_code == 404 or address in FREE, address
    assert {"/admin/login/", "/admin/account/passkey/", "/admin/account/reset/1/1/",
            "/admin/account/invitation/1/", "/admin/account/recover/1/"} <= limited  # fmt: skip
    assert burst >= throttle.PASSWORDS_FROM_ALL_ADDRESSES


def test_a_flood_of_sign_ins_from_one_network_does_not_reach_pressroom(front, account):
    """1,000 requests are refused after the first 50, and other pages still answer."""
    _, cookies = front.sign_in(account, PASSWORD)
    session = f"sessionid={cookies['sessionid']}"
    _, burst = rate_limit()
    begun, statuses = time.monotonic(), Counter()
    with closing(front.connect()) as connection:
        for number in range(1_000):
            path = ("/admin/login/", "/admin/account/passkey/", "/admin/account/reset/x/y/")[
                number % 3
            ]
            connection.request("POST", path, body="username=ada")
            answer = connection.getresponse()
            page = answer.read()
            statuses[answer.status] += 1
            if answer.status == 429:
                assert answer.headers["Retry-After"] == "60"
                assert answer.headers["Cache-Control"] == "no-store"
                assert b"Wait a minute. Then go back and try again." in page
    passed = 1_000 - statuses[429]
    assert burst - 1 <= passed <= burst + 2 + time.monotonic() - begun
    assert front.ask("/")[0] == 200
    assert front.ask("/admin/login/")[0] == 200
    assert front.ask("/admin/", Cookie=session)[0] == 200
    assert front.ask("/admin/releases/release/", Cookie=session)[0] == 200
    # nginx lets one request through in each second, and the pages above may have taken seconds.
    assert any(front.ask("/admin/login/", "POST", b"x")[0] == 429 for _ in range(20))


def test_a_flood_of_searches_from_one_network_does_not_reach_pressroom(front):
    """One network may send 400 at once, and pages without a search are free."""
    statuses, begun = Counter(), time.monotonic()
    with closing(front.connect()) as connection:
        for number in range(1_000):
            query = ("q", "%71", "kind=statement&q")[number % 3]
            # A page that costs little, because this is about nginx.
            connection.request("GET", f"/robots.txt?{query}=word-{number}")
            answer = connection.getresponse()
            answer.read()
            statuses[answer.status] += 1
    passed = statuses[200]
    assert set(statuses) == {200, 429}
    assert 400 <= passed <= 402 + 20 * (time.monotonic() - begun)
    for path in ("/", "/releases/", "/releases/?kind=statement", "/releases/feed.atom", "/people/"):
        assert front.ask(path)[0] == 200, path


def test_a_preview_is_not_cached_and_its_token_is_not_logged(front):
    for path in ("/preview/a-secret-token/", "/admin/login/"):
        for _ in range(2):
            assert "X-Cache-Status" not in front.ask(path, Referer=f"{front.url}/preview/a-secret")
    logs = {path.name: path.read_text() for path in front.folder.glob("*.log")}
    assert "GET /preview/... HTTP/1.1" in logs["pressroom.log"]
    assert "GET /admin/login/ HTTP/1.1" in logs["pressroom.log"]
    assert "a-secret" not in "".join(logs.values())
    kept = [path for path in (front.folder / "pressroom").rglob("*") if path.is_file()]
    assert not [path for path in kept if b"/preview/" in path.read_bytes()]


def test_a_request_has_the_same_id_in_both_logs_and_clients_cannot_choose_it(front):
    number = front.ask("/people/", **{"X-Request-ID": "chosen-by-a-stranger"})[1]["X-Request-ID"]
    assert re.fullmatch("[0-9a-f]{32}", number)
    for log in (front.folder / "pressroom.log", front.folder.parent / "log"):
        for _ in range(100):  # each server logs a request after it has sent the answer
            if lines := [line for line in log.read_text().splitlines() if number in line]:
                break
            time.sleep(0.05)
        assert [("GET /people/" in line) for line in lines] == [True], log


@pytest.mark.parametrize("front", [True], indirect=True)
def test_no_page_is_cached_if_every_address_uses_the_cache(front):
    release = Release.objects.get()
    pages = ["/", "/releases/", "/releases/feed.atom", "/sitemap-releases.xml", "/releases/none/",
             release.get_absolute_url(), release.poster.public_url("teaser", "jpg")]  # fmt: skip
    for path in pages:
        for _ in range(3):
            assert front.ask(path)[1]["X-Cache-Status"] != "HIT", path
    models.QuerySet(Release).update(publish_at=timezone.now() + timedelta(hours=1))
    for path in pages[-2:]:
        assert front.ask(path)[0] == 404, path


def rows_at_rest() -> dict[str, int]:
    """Count the rows when the server, which other tests use too, has worked off its buffers."""
    counted = rows()
    for _ in range(20):
        time.sleep(1.5)
        if counted == (counted := rows()):
            break
    return counted


@pytest.mark.parametrize("minutes", ["0.6", pytest.param("4", marks=pytest.mark.soak)])
@pytest.mark.parametrize("front", [True], indirect=True)
def test_leakcheck_finds_no_leak_if_every_address_uses_the_cache(front, minutes):
    """Every address uses the cache, the desk too. docs/nginx.conf uses it for fewer addresses."""
    before, stored = rows_at_rest(), files()
    trust = {"SSL_CERT_FILE": str(front.certificate)}
    process = start("leakcheck", "--url", front.url, "--minutes", minutes, **trust)
    out, err = process.communicate(timeout=400)
    assert process.returncode == 0, out + err
    assert "The canary was not seen." in out
    assert "it uses this database" in out
    after = rows_at_rest()
    changed = {name: (before[name], after[name]) for name in after if after[name] != before[name]}
    assert changed == {}
    assert files() == stored
    print(out)

"""The example of nginx in front: it keeps what may be kept, and nothing else."""

import contextlib
import http.client
import os
import re
import shutil
import ssl
import subprocess
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone

from releases.models import Release
from tests.deployment import ROOT, files, free_port, gunicorn, rows, start
from tests.make import make_person, make_picture, make_release, quotation

NGINX = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        not (NGINX and shutil.which("openssl")), reason="apt install nginx-light openssl"
    ),
]


class Front:
    """nginx as documented, on a port of this machine and with a certificate of its own."""

    def __init__(self, folder: Path, behind: int, keep_all: bool) -> None:
        self.folder, self.port, self.certificate = folder, free_port(), folder / "certificate"
        make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj",
                "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                "-keyout", folder / "key", "-out", self.certificate]  # fmt: skip
        subprocess.run(make, check=True, capture_output=True)
        text = (ROOT / "docs/nginx.conf").read_text()
        changes = {
            r"^ +listen \[::\].*\n": "",
            "127.0.0.1:8000": f"127.0.0.1:{behind}",
            "listen 80;": f"listen 127.0.0.1:{free_port()};",
            "listen 443": f"listen 127.0.0.1:{self.port}",
            "/etc/ssl/NEWS.EXAMPLE.ORG/fullchain.pem": str(self.certificate),
            "/etc/ssl/NEWS.EXAMPLE.ORG/privkey.pem": str(folder / "key"),
            "/var/(cache|log)/nginx/": f"{folder}/",
            "NEWS.EXAMPLE.ORG": "localhost",
            # The one difference in what is said: here the port is not that of HTTPS.
            r"Host \$host;": f"Host $host:{self.port};",
        }
        for old, new in changes.items():
            assert re.search(old, text, re.MULTILINE), old
            text = re.sub(old, new, text, flags=re.MULTILINE)
        if keep_all:
            kept = next(line for line in text.splitlines() if "add_header X-Cache-Status" in line)
            text = text.replace("proxy_cache off;", f"proxy_cache pressroom;\n{kept}")
        (folder / "pressroom.conf").write_text(text)
        temporary = "".join(
            f"{name}_temp_path {folder}/{name};\n"
            for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        (folder / "nginx.conf").write_text(
            # As root it would give its processes to a user who may not enter this folder.
            f"{'user root;' if os.geteuid() == 0 else ''}\n"
            f"daemon off; pid {folder}/pid; error_log {folder}/start.log;\n"
            f"events {{}}\nhttp {{\n{temporary}include {folder}/pressroom.conf;\n}}\n"
        )
        command = [NGINX, "-p", folder, "-c", folder / "nginx.conf", "-e", folder / "start.log"]
        self.process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        for _ in range(100):
            try:
                self.ask("/healthz")
                return
            except OSError:
                time.sleep(0.1)
        pytest.fail(f"nginx did not start: {(folder / 'start.log').read_text()}")

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}"

    def ask(self, path, method="GET", body=None, **headers):
        trusted = ssl.create_default_context(cafile=str(self.certificate))
        connection = http.client.HTTPSConnection("localhost", self.port, context=trusted)
        connection.request(method, path, body=body, headers=headers)
        response = connection.getresponse()
        content = response.read()
        connection.close()
        return response.status, dict(response.headers), content


@pytest.fixture
def front(request, transactional_db, tmp_path):
    speaker = make_person(title="Director", speaks=True)
    make_release(body=f"<p>Hello</p>{quotation(speaker)}", poster=make_picture())
    (tmp_path / "nginx").mkdir()
    with gunicorn(tmp_path / "log", 2, 2, HTTPS="on", TRUST_PROXY="on") as behind:
        nginx = Front(tmp_path / "nginx", behind, keep_all=getattr(request, "param", False))
        try:
            yield nginx
        finally:
            nginx.process.terminate()
            nginx.process.wait(timeout=20)


def test_nginx_keeps_static_files_and_no_page(front):
    status, headers, page = front.ask("/")
    assert status == 200
    assert "max-age=31536000" in headers["Strict-Transport-Security"]
    style = re.search(rb'"(/static/css/site[^"]+)"', page)[1].decode()
    assert [front.ask(style)[1]["X-Cache-Status"] for _ in range(3)][1:] == ["HIT", "HIT"]
    release = Release.objects.get()
    pages = ["/", "/releases/", "/releases/feed.atom", "/sitemap.xml", release.get_absolute_url(),
             release.poster.rendition_url("teaser", "jpg"), "/releases/none/"]  # fmt: skip
    for path in pages:
        assert "X-Cache-Status" not in front.ask(path)[1], path
    assert front.ask(release.get_absolute_url())[0] == 200
    Release.objects.update(publish_at=timezone.now() + timedelta(hours=1))
    for path in pages[-3:]:
        assert front.ask(path)[0] == 404, path
    tag = front.ask("/")[1]["ETag"]
    assert front.ask("/", **{"If-None-Match": tag})[0] == 304


def test_what_a_stranger_says_of_himself_does_not_arrive(front):
    asked = {"X-Forwarded-Proto": "http", "X-Forwarded-Host": "evil.example.org"}
    status, _, page = front.ask("/", **asked, Forwarded="host=evil.example.org;proto=http")
    assert status == 200
    assert b"evil" not in page
    assert f'"{front.url}/"'.encode() in page


def test_a_file_as_large_as_pressroom_takes_passes_and_a_larger_one_does_not(front):
    megabyte = 1024 * 1024
    largest = b"x" * (settings.MAX_DOCUMENT_MEGABYTES * megabyte + megabyte)
    assert front.ask("/admin/login/", "POST", largest)[0] == 403  # Pressroom's word, not nginx's
    # nginx need not read to the end of what it refuses.
    with contextlib.suppress(BrokenPipeError, ConnectionResetError, ssl.SSLError):
        assert front.ask("/admin/login/", "POST", largest + b"x" * 5 * megabyte)[0] == 413


def test_a_preview_is_in_no_cache_and_its_token_in_no_log(front):
    for path in ("/preview/a-secret-token/", "/admin/login/"):
        for _ in range(2):
            assert "X-Cache-Status" not in front.ask(path, Referer=f"{front.url}/preview/a-secret")
    logs = {path.name: path.read_text() for path in front.folder.glob("*.log")}
    assert "GET /preview/... HTTP/1.1" in logs["pressroom.log"]
    assert "GET /admin/login/ HTTP/1.1" in logs["pressroom.log"]
    assert "a-secret" not in "".join(logs.values())
    kept = [path for path in (front.folder / "pressroom").rglob("*") if path.is_file()]
    assert not [path for path in kept if b"preview" in path.read_bytes()]


def test_a_request_has_the_same_id_in_both_logs_and_nobody_else_chooses_it(front):
    number = front.ask("/people/", **{"X-Request-ID": "chosen-by-a-stranger"})[1]["X-Request-ID"]
    assert re.fullmatch("[0-9a-f]{32}", number)
    for log in (front.folder / "pressroom.log", front.folder.parent / "log"):
        (line,) = [line for line in log.read_text().splitlines() if number in line]
        assert "GET /people/" in line


@pytest.mark.parametrize("front", [True], indirect=True)
def test_no_page_is_kept_where_the_cache_stands_before_all(front):
    release = Release.objects.get()
    pages = ["/", "/releases/", "/releases/feed.atom", "/sitemap.xml", "/releases/none/",
             release.get_absolute_url(), release.poster.rendition_url("teaser", "jpg")]  # fmt: skip
    for path in pages:
        for _ in range(3):
            assert front.ask(path)[1]["X-Cache-Status"] != "HIT", path
    Release.objects.update(publish_at=timezone.now() + timedelta(hours=1))
    for path in pages[-2:]:
        assert front.ask(path)[0] == 404, path


@pytest.mark.parametrize("front", [True], indirect=True)
def test_leakcheck_sees_nothing_through_an_nginx_that_would_keep_everything(front):
    """Its cache before every address, the desk's too: what is safe then is safe as documented."""
    before = rows(), files()
    trust = {"SSL_CERT_FILE": str(front.certificate)}
    process = start("leakcheck", "--url", front.url, "--max-pages", "100", **trust)
    out, err = process.communicate(timeout=200)
    assert process.returncode == 0, out + err
    assert "The canary was seen: nowhere" in out
    assert "it uses this database" in out
    assert (rows(), files()) == before
    print(out)

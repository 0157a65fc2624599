"""Logs of a running newsroom: their format, and the secrets that they never contain."""

import contextlib
import json
import logging
import re
import socket
import sqlite3
import subprocess
import sys
import time
import tomllib
import traceback
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import quote
from urllib.request import urlopen

import pytest
from django.conf import settings as site
from django.db import IntegrityError, transaction

from pressroom import __version__, errors
from releases.models import Release
from tests.deployment import ROOT, environment, free_port, gunicorn, start
from tests.make import make_release, make_user

TOKEN = "Zq3sEcReT_tOkEn-0123456789abcdefGHIJKLMNOPQ"  # 43 characters, like that of a preview link
PASSWORD = "p4ssw0rd-of-the-database"
UNREACHABLE = f"postgres://u:{PASSWORD}@127.0.0.1:1/n"
MAIL = f"smtp://u:{PASSWORD}@mail.example.org"
CANARY = "Zaunkönigin"
LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00 [A-Z]+ [\w.]+ [\w-]+ \S.*")


def ask(port, path, method="GET", **headers):
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request(method, path, headers=headers)
    response = connection.getresponse()
    body = response.read().decode()
    connection.close()
    return response.status, response.headers, body


@pytest.fixture
def broken(tmp_path):
    """The URL of a database without our tables: every page fails, but not because of an outage."""
    file = tmp_path / "broken.sqlite3"
    with contextlib.closing(sqlite3.connect(file)) as made:
        made.execute("CREATE TABLE another (id)")
    return f"sqlite:///{file}"


def parsed(text: str) -> list[dict]:
    """Read a log of JSON; fail at a line that is not JSON."""
    return [json.loads(line) for line in text.splitlines()]


def assert_one_format(text: str, kind: str) -> None:
    if kind == "json":
        for line in parsed(text):
            assert {"time", "level", "logger", "request_id", "message"} <= line.keys()
    else:
        for line in text.splitlines():
            assert line.startswith("    ") or LINE.fullmatch(line), line


def loggers(text: str) -> set[str]:
    found = re.findall(r'"logger": "([\w.]+)"|^\S+ [A-Z]+ ([\w.]+)', text, re.MULTILINE)
    return {json_name or name for json_name, name in found}


# --- Secrets -----------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", ["text", "json"])
def test_the_token_of_a_preview_is_in_no_line_of_any_logger(tmp_path, kind):
    log, secret = tmp_path / "log", "a-cookie-nobody-may-see"
    sent = {"Cookie": f"sessionid={secret}", "Authorization": f"Basic {secret}"}
    sent["Referer"] = f"http://localhost/preview/{TOKEN}/"
    with gunicorn(log, 1, 2, LOG_FORMAT=kind) as port:
        for path in [
            f"/preview/{TOKEN}/", f"/preview/{TOKEN}/release.txt?next=/preview/{TOKEN}/",
            f"/%70review/{TOKEN}/", f"/preview%2F{TOKEN}%2F", f"/preview/%5A{TOKEN[1:]}/",
            f"/releases/?q={TOKEN}", f"/static/preview/{TOKEN}/x.css", "/preview/short-one/",
        ]:  # fmt: skip
            for method in ("GET", "HEAD", "POST"):
                ask(port, path, method, **sent)
        assert ask(port, f"/admin/preview/{TOKEN}/", "POST", **sent)[0] == 403
        assert ask(port, "/", Host=f"evil.example.org/preview/{TOKEN}/")[0] == 400
        with socket.create_connection(("127.0.0.1", port)) as raw:
            raw.sendall(f"GET /preview/{TOKEN}/ of mine HTTP/1.1\r\n\r\n".encode())
            assert b" 400 " in raw.recv(1000)
    text = log.read_text()
    assert loggers(text) >= {
        "gunicorn.access", "gunicorn.error", "previews.views", "django.security.csrf",
        "django.security.DisallowedHost",
        "accounts.second_factor",  # the warning at start: these tests ask for no second factor
    }  # fmt: skip
    for hidden in (TOKEN, TOKEN[1:], "short-one", secret):
        assert hidden not in text
    assert_one_format(text, kind)
    assert "Traceback" not in text
    assert "127.0.0.1:" in text  # the address of gunicorn
    assert "from 127.0.0.0/24" in text
    assert not re.search(r"(from|ip=) ?127\.0\.0\.1\b", text)


@pytest.mark.parametrize("kind", ["text", "json"])
def test_an_error_has_one_id_in_the_answer_and_in_every_line(tmp_path, kind, broken):
    log, more = tmp_path / "log", {"LOG_FORMAT": kind, "DATABASE_URL": broken, "EMAIL_URL": MAIL}
    with gunicorn(log, 1, 2, "/healthz", **more) as port:
        begun = time.monotonic()
        status, headers, page = ask(port, f"/preview/{TOKEN}/")
        took = (time.monotonic() - begun) * 1000
    text, number = log.read_text(), headers["X-Request-ID"]
    assert status == 500
    assert f"quote the error ID {number}." in page
    assert "Traceback (most recent call last)" in text
    assert {"django.request", "jobs.worker", "gunicorn.access"} <= loggers(text)
    assert "Background jobs wait for the database." in text
    for hidden in (TOKEN, PASSWORD):
        assert hidden not in text
    assert_one_format(text, kind)
    assert len([line for line in text.splitlines() if number in line]) == 2
    if kind == "json":
        error, access = [line for line in parsed(text) if line["request_id"] == number]
        assert error["message"] == "Internal Server Error: /preview/…/"
        assert "OperationalError" in error["exception"]
        assert (access["method"], access["path"], access["status"]) == ("GET", "/preview/…/", 500)
        assert 0 < access["duration_ms"] <= took
        assert access["bytes"] == len(page.encode())


@pytest.mark.django_db(transaction=True)
def test_the_desk_is_logged_with_the_id_of_the_user_and_the_public_site_without(tmp_path, client):
    user = make_user("somebody-with-a-name", is_superuser=True)
    client.force_login(user)
    cookie = f"sessionid={client.cookies['sessionid'].value}"
    release, log = make_release(), tmp_path / "log"
    with gunicorn(log, 1, 1, LOG_FORMAT="json") as port:
        assert ask(port, "/admin/?q=a-name", Cookie=cookie)[0] == 200
        assert ask(port, release.get_absolute_url(), Cookie=cookie)[0] == 200
    reported = {line.get("path"): line for line in parsed(log.read_text())}
    assert reported["/admin/"]["user"] == user.pk
    assert reported["/admin/"]["message"].endswith(f" from 127.0.0.0/24 user {user.pk}")
    assert reported[release.get_absolute_url()]["user"] is None
    for hidden in ("somebody", "a-name", client.cookies["sessionid"].value):
        assert hidden not in log.read_text()


@pytest.mark.django_db
def test_values_that_the_database_refuses_are_not_logged(caplog):
    try:
        with transaction.atomic():
            Release.objects.create(title=CANARY, body=f"<p>{CANARY}</p>", kind=None)
    except IntegrityError:
        logging.getLogger("releases").exception("It could not be stored.")
    assert "IntegrityError" in caplog.text
    assert CANARY not in caplog.text


@pytest.mark.parametrize(
    "text",
    [
        f"https://s3.example.org/b/x.jpg?X-Amz-Credential={TOKEN}&X-Amz-Signature={TOKEN[:9]}0",
        f"connection to postgres://press:{TOKEN}@db/n failed",
        f"Set-Cookie: preview={TOKEN[:12]}; Path=/",
        f"{{'Authorization': 'Bearer {TOKEN[:12]}'}}",
        f"csrfmiddlewaretoken={TOKEN[:12]}&password={TOKEN[:12]}",
        f"Reverse for 'preview' with keyword arguments '{{'token': '{TOKEN}'}}' not found",
        f"tried: 'preview/{TOKEN[:20]}/nothing'",
        f"the key is {site.SECRET_KEY}",
    ],
)
def test_a_secret_is_removed_from_a_message(caplog, text):
    logging.getLogger("pressroom").warning("Seen: %s", text)
    assert "Seen: " in caplog.text
    assert "…" in caplog.text
    assert TOKEN[:9] not in caplog.text
    assert site.SECRET_KEY not in caplog.text


ENCODED = "".join(f"%{ord(each):02x}" for each in TOKEN)


@pytest.mark.parametrize(
    "text",
    [
        f"/preview/{ENCODED}/", f"/%70review%2f{TOKEN}", f"preview%252F{TOKEN[:9]}x",
        f"a word of its own: {ENCODED}", f"%{ord(TOKEN[0]):X}{TOKEN[1:]}",
        f"{{'token': '{TOKEN[:12]}'}}", "Key (session_key)=(abcdefgh1jklmnop2rstuvwxyz345678)",
        "<Session: abcdefgh1jklmnop2rstuvwxyz345678>", "of 1abcdefghijklmnopqrstuvwxyz34567",
        f"SECRET={quote(site.SECRET_KEY, safe='')}",
    ],
)  # fmt: skip
def test_a_secret_is_removed_in_every_encoding(caplog, text):
    logging.getLogger("pressroom").warning("Seen: %s", text)
    assert "…" in caplog.text
    for hidden in (TOKEN[1:9], ENCODED[3:30], "abcdefgh", site.SECRET_KEY):
        assert hidden not in caplog.text


class Odd(Exception):
    """An error with a secret in its arguments, in an attribute and in a note."""

    def __init__(self, path):
        super().__init__({"path": path}, path.encode())
        self.path = path
        self.add_note(path)


@pytest.mark.django_db
def test_a_report_has_no_secret_from_any_part_of_an_error(settings, monkeypatch):
    reported = []
    monkeypatch.setattr("tests.test_logs.reported", reported.append, raising=False)
    settings.ERROR_REPORTER = "tests.test_logs.report"
    handler = errors.ReportHandler()
    try:
        try:
            raise ValueError(f"/preview/{TOKEN}/")
        except ValueError as cause:
            raise Odd(f"/preview/{TOKEN}/") from cause
    except Odd:
        record = logging.getLogger("x").makeRecord(
            "x", logging.ERROR, "", 0, "failed", (), sys.exc_info()
        )
        handler.emit(record)
    handler.waiting.join()
    (error,) = reported
    assert type(error).__name__ == "Odd"
    assert type(error.__cause__).__name__ == "ValueError"
    shown = "".join(traceback.format_exception(error)) + repr(vars(error)) + repr(error.args)
    assert "Odd" in shown
    assert TOKEN not in shown


def report(error, details):
    reported(error)  # noqa: F821  # the test sets it


def test_repeated_bad_requests_do_not_fill_the_log(client, settings, new_log):
    settings.ALLOWED_HOSTS = ["testserver"]
    for _ in range(50):
        assert client.get("/", headers={"Host": "evil.example.org"}).status_code == 400
    logged = [each for each in new_log.records if each.name == "django.security.DisallowedHost"]
    assert len(logged) == 10
    assert logged[-1].getMessage().endswith("(More like this are left out for 60 seconds.)")
    assert not any(each.exc_text for each in logged)


@pytest.mark.django_db(transaction=True)
def test_a_full_disk_for_the_log_stops_no_request(tmp_path):
    with gunicorn(Path("/dev/full"), 1, 1) as port:
        assert ask(port, "/")[0] == 200
        assert ask(port, "/", Host="evil.example.org")[0] == 400


@pytest.mark.parametrize(
    "text",
    [
        "/releases/a-statement-on-the-detention-of-somebody-known/",
        "/media/3f2a1b9c-0d1e-4f50-8a9b-0c1d2e3f4a5b/press.jpg",
        "/admin/releases/release/3f2a1b9c-0d1e-4f50-8a9b-0c1d2e3f4a5b/preview/",
        "Invalid HTTP_HOST header: 'news.example.org'",
    ],
)
def test_text_that_is_not_secret_stays_readable(caplog, text):
    logging.getLogger("pressroom").warning("Seen: %s", text)
    assert text in caplog.text


def test_a_message_with_wrong_arguments_does_not_fail(caplog):
    logging.getLogger("pressroom").warning("%d of %s", f"/preview/{TOKEN}/")
    assert TOKEN not in "".join(record.getMessage() for record in caplog.records)


# --- One format, in every process --------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", ["text", "json"])
def test_the_development_server_writes_each_line_once(tmp_path, kind):
    port = free_port()
    with (tmp_path / "log").open("w") as out:
        server = start("runserver", "--noreload", f"127.0.0.1:{port}", out=out, DEBUG="on",
                       LOG_FORMAT=kind, PYTHONUNBUFFERED="1")  # fmt: skip
    try:
        for _ in range(200):
            try:
                urlopen(f"http://127.0.0.1:{port}/healthz").close()
                break
            except OSError:
                time.sleep(0.1)
        number = ask(port, f"/preview/{TOKEN}/")[1]["X-Request-ID"]
        ask(port, "/", Host="evil.example.org")
    finally:
        server.terminate()
        server.wait(timeout=20)
    text = (tmp_path / "log").read_text()
    assert TOKEN not in text
    of_request = [line for line in text.splitlines() if number in line]
    assert len([line for line in of_request if "django.server" in line]) == 1
    assert len([line for line in of_request if "previews.views" in line]) == 1
    assert text.count("DisallowedHost") == 1


def test_a_command_that_fails_is_logged_in_the_same_format(broken):
    command = start("clearsessions", DATABASE_URL=broken, LOG_FORMAT="json")
    _, err = command.communicate(timeout=60)
    assert command.returncode == 1
    line = parsed(err)[-1]
    assert (line["level"], line["message"]) == (
        "CRITICAL",
        f"{ROOT}/manage.py clearsessions failed",
    )
    assert "OperationalError" in line["exception"]


def test_a_command_without_its_database_ends_with_a_sentence():
    command = start("clearsessions", DATABASE_URL=UNREACHABLE)
    out, err = command.communicate(timeout=60)
    assert command.returncode == 1
    assert err.startswith("The database does not answer: ")
    assert err.count("\n") == 1
    assert PASSWORD not in out + err


UNCAUGHT = """
import threading, warnings
import django
django.setup()
from pressroom.logs import capture_uncaught
capture_uncaught()
def work():
    raise ValueError("/preview/{token}/\\nbegins a new line")
thread = threading.Thread(target=work, name="a-thread")
thread.start()
thread.join()
warnings.warn("of /preview/{token}/")
class Breaks:
    def __del__(self):
        raise ValueError("/preview/{token}/")
Breaks()
"""


@pytest.mark.parametrize("kind", ["text", "json"])
def test_uncaught_errors_and_warnings_are_logged_in_the_same_format(kind):
    more = {"LOG_FORMAT": kind, "DJANGO_SETTINGS_MODULE": "pressroom.settings"}
    command = [sys.executable, "-W", "always", "-c", UNCAUGHT.replace("{token}", TOKEN)]
    done = subprocess.run(
        command, cwd=ROOT, env={**environment(), **more}, capture_output=True, text=True
    )
    assert done.returncode == 0
    assert "The thread a-thread failed" in done.stderr
    assert "py.warnings" in loggers(done.stderr)
    assert "Breaks.__del__" in done.stderr
    assert TOKEN not in done.stderr
    assert_one_format(done.stderr, kind)


def test_gunicorn_refuses_an_unknown_format_and_a_wrong_setting_in_a_sentence(tmp_path):
    for setting, status, sentence in [
        ({"LOG_FORMAT": "xml"}, 1, "LOG_FORMAT is xml: choose text, or json"),
        ({"METRICS_TOKEN": "short"}, 1, "METRICS_TOKEN is shorter than 32 characters"),
    ]:
        command = [sys.executable, "-m", "gunicorn", "pressroom.wsgi", "--workers", "1",
                   "--bind", f"127.0.0.1:{free_port()}"]  # fmt: skip
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=environment(**setting),
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == status
        assert sentence in done.stderr
        assert "Traceback" not in done.stderr


# --- The id of a request -----------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("trusted", "sent", "is_taken"),
    [
        (True, "3f2a1b9c0d1e4f508a9b0c1d2e3f4a5b", True),
        (True, "3f2a1b9c-0d1e-4f50-8a9b-0c1d2e3f4a5b", True),
        (False, "3f2a1b9c0d1e4f508a9b0c1d2e3f4a5b", False),
        (True, "", False),
        (True, "short", False),
        (True, "x" * 65, False),
        (True, "1234567 90", False),
        (True, "12345678\n", False),
        (True, '"><script>', False),
        (True, "12345678/../é", False),
    ],
)
def test_only_a_valid_id_from_a_trusted_proxy_is_taken(client, settings, trusted, sent, is_taken):
    settings.TRUST_PROXY = trusted
    reported = client.get("/", headers={"X-Request-ID": sent})["X-Request-ID"]
    assert reported == sent if is_taken else re.fullmatch("[0-9a-f]{32}", reported)


@pytest.mark.django_db
def test_every_answer_has_a_different_id(client, settings):
    settings.ALLOWED_HOSTS = ["testserver"]
    seen = []
    for path, headers in [
        ("/", {}), ("/", {}), ("/nothing/", {}), ("/healthz", {}), ("/readyz", {}), ("/admin/", {}),
        ("/static/css/site.css", {}), ("/", {"Host": "evil.example.org"}), ("/preview/x/", {}),
    ]:  # fmt: skip
        response = client.get(path, headers=headers)
        if response.streaming:
            b"".join(response)  # reading to the end closes the file
        seen.append(response["X-Request-ID"])
    assert len(set(seen)) == len(seen)


def test_the_id_of_a_proxy_is_in_the_log(tmp_path, broken):
    log = tmp_path / "log"
    more = {"TRUST_PROXY": "on", "DATABASE_URL": broken, "LOG_FORMAT": "json"}
    with gunicorn(log, 1, 1, "/healthz", **more) as port:
        sent = {"X-Request-ID": "of-the-proxy", "X-Forwarded-For": "203.0.113.7, 198.51.100.23"}
        assert ask(port, "/", **sent)[1]["X-Request-ID"] == "of-the-proxy"
    error, access = [
        line for line in parsed(log.read_text()) if line["request_id"] == "of-the-proxy"
    ]
    assert error["logger"] == "django.request"
    assert access["client"] == "198.51.100.0/24"


# --- Probes ------------------------------------------------------------------------------------


def test_a_site_that_is_not_ready_logs_this_once(tmp_path):
    log = tmp_path / "log"
    with gunicorn(log, 1, 2, "/healthz", LOG_FORMAT="json", DATABASE_URL=UNREACHABLE) as port:
        for _ in range(5):
            assert ask(port, "/readyz")[0] == 503
    lines = [line for line in parsed(log.read_text()) if line["logger"] != "gunicorn.access"]
    (line,) = [line for line in lines if "ready" in line["message"].lower()]
    assert line["message"].startswith("Not ready: database (OperationalError: ")
    assert "exception" not in line
    assert PASSWORD not in log.read_text()
    assert not [line for line in lines if "/readyz" in line["message"]]


@pytest.mark.django_db
def test_a_site_that_is_ready_again_logs_this_once(client, settings, caplog, tmp_path):
    settings.MEDIA_ROOT, media_root = tmp_path / "unmounted", settings.MEDIA_ROOT
    assert client.get("/readyz").status_code == 503
    settings.MEDIA_ROOT = media_root
    for _ in range(2):
        assert client.get("/readyz").status_code == 200
    logged = [record.getMessage() for record in caplog.records if record.name == "pressroom.health"]
    assert logged[0].startswith("Not ready: storage (FileNotFoundError")
    assert logged[1:] == ["Ready again."]


# --- Version -----------------------------------------------------------------------------------


def test_the_version_is_the_same_in_every_file():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == __version__
    dockerfile = (ROOT / "Dockerfile").read_text()
    assert "ARG REVISION=\nENV REVISION=$REVISION\n" in dockerfile


@pytest.mark.django_db
def test_only_signed_in_users_see_the_version_at_the_desk(client, settings, at_desk):
    settings.VERSION = "9.8.7+abc1234"
    for path in ("/", "/admin/login/", "/nothing/", "/admin/nothing/", "/healthz"):
        assert "9.8.7" not in client.get(path, follow=True).content.decode(), path
    client = at_desk(make_user("chief", is_superuser=True))
    for path in ("/admin/", "/admin/releases/release/add/", "/admin/account/password/"):
        assert "Pressroom 9.8.7+abc1234" in client.get(path).content.decode(), path
    assert "9.8.7" not in client.get("/").content.decode()
    assert client.get("/readyz").content.decode() == "ready\nversion 9.8.7+abc1234\n"


@pytest.mark.django_db(transaction=True)
def test_the_revision_of_an_image_follows_the_version(tmp_path):
    with gunicorn(tmp_path / "log", 1, 1, REVISION="3f2a1b9c0d1e4f508a9b0c1d2e3f4a5b") as port:
        assert ask(port, "/readyz")[2] == f"ready\nversion {__version__}+3f2a1b9c0d1e\n"


# --- Reports of errors -------------------------------------------------------------------------

REPORTER = """
import json, os, time
def report(error, details):
    frames, trace = [], error.__traceback__
    while trace:
        frames.append([trace.tb_frame.f_code.co_name, [*map(repr, trace.tb_frame.f_locals)]])
        trace = trace.tb_next
    reported = {"error": f"{type(error).__name__}: {error}", "frames": frames, "details": details}
    with open(os.environ["REPORTS"], "a") as out:
        out.write(json.dumps(reported) + "\\n")
    if details.get("path") == "/people/":
        raise ValueError("no connection")
    if details.get("path") == "/prisoners/":
        time.sleep(600)
"""


@pytest.fixture
def reporting(tmp_path, broken):
    """Settings with a reporter that fails for one page and hangs for another, and its reports."""
    (tmp_path / "our_reporter.py").write_text(REPORTER)
    reports = tmp_path / "reports"
    reports.touch()
    more = {"PYTHONPATH": str(tmp_path), "ERROR_REPORTER": "our_reporter.report",
            "REPORTS": str(reports), "DATABASE_URL": broken}  # fmt: skip
    return more, lambda: parsed(reports.read_text())


def test_a_report_contains_no_headers_and_no_variables(tmp_path, reporting):
    more, reports = reporting
    log = tmp_path / "log"
    with gunicorn(log, 1, 2, "/healthz", REVISION="abc1234", **more) as port:
        sent = {"Cookie": "sessionid=a-cookie", "Authorization": "Basic a-password"}
        number = ask(port, f"/preview/{TOKEN}/", "POST", **sent)[1]["X-Request-ID"]
        ask(port, "/people/")
        for _ in range(3):
            begun = time.monotonic()
            assert ask(port, "/prisoners/")[0] == 500
            assert time.monotonic() - begun < 5
    reported = reports()
    (preview,) = [each for each in reported if each["details"]["request_id"] == number]
    assert preview["error"].startswith("OperationalError")
    assert preview["details"] == {
        "version": f"{__version__}+abc1234", "logger": "django.request", "request_id": number,
        "message": "Internal Server Error: /preview/…/", "method": "POST", "path": "/preview/…/",
        "view": "preview",
    }  # fmt: skip
    assert "preview" in [name for name, _ in preview["frames"]]
    assert {name for each in reported for _, names in each["frames"] for name in names} == set()
    # The reporter hangs at the first of three. The server does not wait for it when it stops.
    assert len([each for each in reported if each["details"].get("path") == "/prisoners/"]) == 1
    assert "ERROR_REPORTER our_reporter.report failed with ValueError" in log.read_text()
    for hidden in (TOKEN, PASSWORD, "a-cookie", "a-password"):
        assert hidden not in json.dumps(reported)


def test_a_command_that_fails_is_reported_before_it_ends(reporting):
    more, reports = reporting
    command = start("clearsessions", **more)
    command.communicate(timeout=60)
    assert command.returncode == 1
    (reported,) = reports()
    assert reported["details"]["message"].endswith("manage.py clearsessions failed")

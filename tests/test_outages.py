"""While the database is unavailable, pages answer 503 and the log gets one line per minute."""

import contextlib
import os
import sqlite3

import pytest
from django.conf import settings as site
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import (
    DataError,
    IntegrityError,
    OperationalError,
    ProgrammingError,
    close_old_connections,
    connection,
    models,
    transaction,
)

from newsroom import views
from pressroom import outages
from releases.models import Release, Topic
from tests.make import PASSWORD, make_release
from tests.test_upload_gate import MEGABYTE, UPLOAD, send_unread

POSTGRESQL = site.DATABASES["default"]["ENGINE"].endswith("postgresql")
ON_SQLITE = pytest.mark.skipif(POSTGRESQL, reason="it is about SQLite's file")
ON_POSTGRESQL = pytest.mark.skipif(not POSTGRESQL, reason="it is about PostgreSQL's server")


ADD, TOPIC = "/admin/releases/topic/add/", {"name": "The words of a minute.", "slug": "words"}


@contextlib.contextmanager
def elsewhere(**changes):
    """Close the connection, and open new ones with changed settings."""
    before = dict(connection.settings_dict)
    connection.close()
    connection.settings_dict.update(changes)
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict.update(before)


def unreachable(tmp_path):
    """Return the settings of a database that cannot be reached."""
    return {"PORT": "1"} if POSTGRESQL else {"NAME": str(tmp_path / "no-folder" / "x.sqlite3")}


def lines(log):
    return [record for record in log.records if record.name != "previews.views"]


# --- Outages ------------------------------------------------------------------------------------


def paths(release):
    """Return addresses for readers and editors that need the database."""
    page = release.get_absolute_url()
    return [
        "/", "/releases/", "/releases/?q=word", page, f"{page}release.txt", f"{page}release.json",
        f"{page}card.jpg", f"{page}media.zip", "/releases/feed.atom", "/people/", "/people/nobody/",
        "/prisoners/", "/prisoners/prisoners.csv", "/sitemap.xml",
        "/media/3f2a1b9c-0d1e-4f50-8a9b-0c1d2e3f4a5b/press.jpg", "/preview/no-such-token/",
        "/admin/", f"/admin/releases/release/{release.pk}/change/", "/admin/login/",
    ]  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_every_page_answers_503_and_the_log_gets_one_line(at_desk, editor, tmp_path, new_log):
    release = make_release()
    desk, reader = at_desk(editor), at_desk(editor).__class__()
    with elsewhere(**unreachable(tmp_path)):
        for method in ("get", "head"):
            for path in paths(release):
                client = desk if path.startswith("/admin/") else reader
                client.raise_request_exception = False
                answer = getattr(client, method)(path)
                assert (answer.status_code, answer["Retry-After"]) == (503, "60"), path
                assert "no-store" in answer["Cache-Control"]
                if method == "get":
                    assert b"Our database is not available" in answer.content
        signed_in = reader.post("/admin/login/", {"username": "a", "password": PASSWORD})
        assert signed_in.status_code == 503
        assert PASSWORD not in signed_in.content.decode()
        # Addresses that need no database answer as usual.
        sheet = reader.get("/static/css/site.css")
        assert b"".join(sheet.streaming_content)
        assert reader.get("/robots.txt").status_code == 200
        for nothing in ("/static/css/nothing.css", "/nothing/", "/favicon.ico"):
            assert reader.get(nothing).status_code == 404
    (line,) = lines(new_log)
    assert line.getMessage().startswith("The database does not answer: ")
    assert (line.levelname, line.exc_info) == ("ERROR", None)
    assert desk.get("/admin/").status_code == 200
    for path in ("/", release.get_absolute_url()):
        assert reader.get(path).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_typed_text_is_kept_on_the_page_and_can_be_sent_again(at_desk, editor, tmp_path):
    client, release = at_desk(editor), make_release()
    path = f"/admin/releases/release/{release.pk}/change/"
    words = {"title": 'The words of "an hour"', "body": "<p>First.</p>\n<p>Second.</p>"}
    with elsewhere(**unreachable(tmp_path)):
        client.raise_request_exception = False
        answer = client.post(path, words)
    page = answer.content.decode()
    assert answer.status_code == 503
    assert f'<form method="post" action="{path}">' in page
    assert 'name="title" value="The words of &quot;an hour&quot;"' in page
    assert 'value="&lt;p&gt;First.&lt;/p&gt;\n&lt;p&gt;Second.&lt;/p&gt;"' in page
    assert "Send again" in page


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", [UPLOAD, "/admin/releases/topic/add/"])
def test_a_large_body_is_not_read_while_its_sender_cannot_be_identified(client, tmp_path, path):
    client.cookies["sessionid"] = "b" * 32
    with elsewhere(**unreachable(tmp_path)):
        client.raise_request_exception = False
        assert send_unread(client, path, 60 * MEGABYTE).status_code in (413, 503)


@pytest.mark.django_db(transaction=True)
def test_a_form_with_a_file_says_that_the_file_is_not_kept(at_desk, editor, tmp_path):
    client = at_desk(editor)
    with elsewhere(**unreachable(tmp_path)):
        client.raise_request_exception = False
        sent = {"caption": "Words", "file": SimpleUploadedFile("a.jpg", b"x" * 100_000)}
        page = client.post(UPLOAD, sent).content.decode()
    assert 'name="caption" value="Words"' in page
    assert "Files are not kept: choose them again." in page


@pytest.mark.django_db(transaction=True)
def test_passwords_are_not_kept_on_the_page(at_desk, editor, tmp_path):
    client = at_desk(editor)
    with elsewhere(**unreachable(tmp_path)):
        client.raise_request_exception = False
        sent = {"old_password": PASSWORD, "new_password1": PASSWORD, "new_password2": PASSWORD}
        answer = client.post("/admin/account/password/", sent)
    assert answer.status_code == 503
    assert PASSWORD not in answer.content.decode()


@pytest.mark.django_db(transaction=True)
def test_an_outage_is_logged_again_in_the_next_minute(client, tmp_path, new_log, monkeypatch):
    with elsewhere(**unreachable(tmp_path)):
        for minute in (0.0, 59.0, 61.0):
            monkeypatch.setattr(outages, "monotonic", lambda now=minute: now)
            assert client.get("/").status_code == 503
    first, second = (line.getMessage() for line in lines(new_log))
    assert second == f"{first} (1 more since the last line.)"


@ON_SQLITE
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("content", [b"", b"no database at all" * 100, None])
def test_a_file_that_is_no_database_is_an_outage(client, tmp_path, new_log, content):
    file = tmp_path / "newsroom.sqlite3"  # None: there is no file, and SQLite creates an empty one
    if content is not None:
        file.write_bytes(content)
    with elsewhere(NAME=str(file)):
        assert client.get("/").status_code == 503
    assert client.get("/").status_code == 200
    assert len(lines(new_log)) == 1


@ON_SQLITE
@pytest.mark.django_db(transaction=True)
def test_a_damaged_file_is_an_outage(client, tmp_path):
    file = tmp_path / "newsroom.sqlite3"
    with sqlite3.connect(connection.settings_dict["NAME"]) as source:
        with sqlite3.connect(file) as copy:
            source.backup(copy)
        copy.close()
    source.close()
    whole = file.read_bytes()
    file.write_bytes(whole[:4096] + os.urandom(len(whole) - 4096))
    with elsewhere(NAME=str(file)):
        assert client.get("/").status_code == 503


@ON_SQLITE
@pytest.mark.django_db(transaction=True)
def test_a_database_locked_by_another_connection_is_an_outage(at_desk, editor):
    client = at_desk(editor)
    name = connection.settings_dict["NAME"]
    options = connection.settings_dict["OPTIONS"] | {"timeout": 0.05}
    with contextlib.closing(sqlite3.connect(name, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with elsewhere(OPTIONS=options):
            answer = client.post(ADD, TOPIC)
    assert answer.status_code == 503
    assert "The words of a minute." in answer.content.decode()


@ON_POSTGRESQL
@pytest.mark.django_db(transaction=True)
def test_a_server_without_free_connections_is_an_outage(client, new_log):
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        if cursor.fetchone()[0]:
            pytest.skip("a superuser may always connect; .ci/run has a role of its own")

    def allow(connections):
        with connection._nodb_cursor() as cursor:
            name = connection.ops.quote_name(connection.settings_dict["NAME"])
            cursor.execute(f"ALTER DATABASE {name} CONNECTION LIMIT {connections}")

    allow(0)
    try:
        with elsewhere():
            assert client.get("/").status_code == 503
    finally:
        allow(-1)
    assert client.get("/").status_code == 200
    (line,) = lines(new_log)
    assert "too many connections" in line.getMessage()


@ON_POSTGRESQL
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("query", [1, 6])
def test_a_connection_that_drops_during_a_request_is_an_outage(at_desk, editor, query, new_log):
    """The session is read with the first query; a later one fails inside a transaction."""
    client, executed = at_desk(editor), 0

    def drop(execute, sql, params, many, context):
        nonlocal executed
        executed += 1
        if executed == query:
            pid = connection.connection.info.backend_pid
            other = connection.copy()
            with other.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
            other.close()
        return execute(sql, params, many, context)

    client.raise_request_exception = False
    with connection.execute_wrapper(drop):
        answer = client.post(ADD, TOPIC)
    close_old_connections()  # as at the end of a request; the test client keeps its connection
    assert executed >= query
    assert answer.status_code == 503
    assert len(lines(new_log)) == 1
    assert not Topic.objects.exists()
    assert client.post(ADD, TOPIC).status_code == 302


@ON_POSTGRESQL
@pytest.mark.django_db(transaction=True)
def test_a_standby_shows_pages_and_explains_that_it_is_read_only(at_desk, editor):
    client, release = at_desk(editor), make_release()
    with elsewhere(OPTIONS={"options": "-c default_transaction_read_only=on"}):
        assert client.get(release.get_absolute_url()).status_code == 200
        answer = client.post(ADD, TOPIC)
        ready = client.get("/readyz")
    assert answer.status_code == 503
    assert "Our database is read-only" in answer.content.decode()
    assert (ready.status_code, ready.content.splitlines()[0]) == (200, b"ready, degraded: database")


# --- Errors that are no outage ------------------------------------------------------------------


def run(sql):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


def running(sql):
    return lambda: run(sql)


def insert_a_row_twice():
    with transaction.atomic():
        release = make_release()
        models.QuerySet(Release).bulk_create([Release(pk=release.pk, title="x")])


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("wrong", "kind"),
    [
        (running("SELECT nothing FROM releases_release"), (ProgrammingError, OperationalError)),
        (running("SELECT 1 FROM no_such_table"), (ProgrammingError, OperationalError)),
        (running("SELEC 1"), (ProgrammingError, OperationalError)),
        (insert_a_row_twice, IntegrityError),
        (running("SELECT 1/0"), DataError),
    ],
)
def test_an_error_of_our_code_is_no_outage(client, monkeypatch, new_log, wrong, kind):
    if kind is DataError and not POSTGRESQL:
        pytest.skip("SQLite divides by zero")
    monkeypatch.setattr(views, "listed", lambda now: wrong())
    client.raise_request_exception = False
    assert client.get("/releases/").status_code == 500
    (line,) = lines(new_log)
    assert issubclass(line.exc_info[0], kind)
    assert "Traceback" in line.exc_text


@pytest.mark.django_db(transaction=True)
def test_an_error_while_an_outage_is_handled_is_no_outage(client, monkeypatch):
    def wrong(now):
        try:
            raise OperationalError("away")
        except OperationalError:
            raise ValueError("a mistake of ours") from None

    monkeypatch.setattr(views, "listed", wrong)
    client.raise_request_exception = False
    assert client.get("/releases/").status_code == 500

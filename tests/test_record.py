"""The record of access is append-only in the database, and readable at the desk."""

import csv
import gc
import io
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import time_machine
from django.contrib.auth.models import Permission
from django.core.management import call_command
from django.db import Error, connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts import expiry, triggers
from accounts.models import (
    AccessEvent,
    DeletionPass,
    FactorRecovery,
    GuessCount,
    Invitation,
    KnownBrowser,
)
from accounts.record import record
from desk import visible_events
from people.models import Person
from releases.models import ReleaseAccess
from tests.make import make_chief, make_person, make_release, make_user

pytestmark = pytest.mark.django_db

Verb = AccessEvent.Verb
LIST = "/admin/accounts/accessevent/"
EXPORT = f"{LIST}export/"
TABLE = AccessEvent._meta.db_table
UPDATE_ALL, DELETE_ALL = f"UPDATE {TABLE} SET verb = 'x'", f"DELETE FROM {TABLE}"  # noqa: S608
DAY = timedelta(days=1)


@pytest.fixture
def administrator(db):
    return make_user("administrator", "Administrator")


@pytest.fixture
def event(db):
    return record(Verb.SIGNED_IN, subject=make_user("ann", first_name="Ann", last_name="Verel"))


def rows_of(response) -> list[dict[str, str]]:
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def text_of(client, query="") -> str:
    response = client.get(f"{LIST}{query}")
    assert response.status_code == 200
    return response.content.decode()


def execute(statement: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def refused(statement: str) -> None:
    with pytest.raises(Error, match="append-only"):
        execute(statement)


# --- The triggers --------------------------------------------------------------------------------


def test_the_database_refuses_changes_by_any_way(event):
    one = f" WHERE id = {event.pk}"
    for statement in (UPDATE_ALL, UPDATE_ALL + one, DELETE_ALL, DELETE_ALL + one):
        refused(statement)
    rows = QuerySet(AccessEvent).all()  # without the methods of our class
    for change in (rows.delete, lambda: rows.update(verb="x")):
        with pytest.raises(Error, match="append-only"), transaction.atomic():
            change()
    for change in (
        event.save, event.delete, AccessEvent.objects.all().delete,
        lambda: AccessEvent.objects.update(verb="x"),
    ):  # fmt: skip
        with pytest.raises(TypeError):
            change()
    assert AccessEvent.objects.get() == event


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL has no REPLACE")
@pytest.mark.parametrize("replace", ["INSERT OR REPLACE", "REPLACE"])
def test_sqlite_refuses_to_replace_an_event(event, replace):
    columns = ", ".join(field.column for field in AccessEvent._meta.concrete_fields)
    table = AccessEvent._meta.db_table
    refused(f"{replace} INTO {table} ({columns}) SELECT {columns} FROM {table}")  # noqa: S608
    record(Verb.SIGNED_IN)
    assert AccessEvent.objects.count() == 2


def test_a_pass_allows_deletion_and_never_a_change(event):
    with triggers.deletion_allowed():
        refused(UPDATE_ALL)
        execute(DELETE_ALL)
    assert not DeletionPass.objects.exists()
    record(Verb.SIGNED_IN)
    refused(DELETE_ALL)


def test_a_pass_ends_with_its_block_also_when_it_is_nested_or_fails(event):
    with triggers.deletion_allowed():
        with triggers.deletion_allowed():
            pass
        with pytest.raises(RuntimeError), triggers.deletion_allowed():
            raise RuntimeError
        assert DeletionPass.objects.count() == 1
    refused(DELETE_ALL)
    with pytest.raises(Error), triggers.deletion_allowed():
        execute(f"{DELETE_ALL}; no SQL")
    assert AccessEvent.objects.get() == event
    with transaction.atomic():
        with pytest.raises(RuntimeError), triggers.deletion_allowed():
            raise RuntimeError
        refused(DELETE_ALL)


def in_another_connection() -> None:
    try:
        assert not DeletionPass.objects.exists()
        if connection.vendor == "postgresql":
            refused(DELETE_ALL)
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_another_connection_cannot_use_a_pass(event):
    """SQLite has one writer at a time, so there the other connection can only look."""
    with triggers.deletion_allowed():
        with ThreadPoolExecutor(1) as pool:  # each thread has its own connection
            pool.submit(in_another_connection).result()
        assert DeletionPass.objects.count() == 1
    assert not DeletionPass.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_migrate_creates_the_triggers_that_a_rebuilt_table_lost(event):
    if connection.vendor == "sqlite":
        with connection.schema_editor() as editor:  # what a migration does on SQLite
            editor._remake_table(AccessEvent)
    else:
        execute(f"DROP TRIGGER {triggers.REFUSE} ON {TABLE}")
    with transaction.atomic():
        execute(UPDATE_ALL)  # nothing refuses it now
        transaction.set_rollback(True)
    call_command("migrate", "releases", verbosity=0)  # of any app
    refused(UPDATE_ALL)
    refused(DELETE_ALL)
    assert AccessEvent.objects.get() == event


@pytest.mark.django_db(transaction=True)
def test_a_trigger_that_somebody_replaced_or_disabled_is_created_again(event):
    if connection.vendor == "sqlite":
        execute("DROP TRIGGER accounts_record_update")
        execute(
            f"CREATE TRIGGER accounts_record_update BEFORE UPDATE ON {TABLE} BEGIN SELECT 1; END"
        )
    else:
        execute(f"ALTER TABLE {TABLE} DISABLE TRIGGER {triggers.REFUSE}")
    triggers.install()
    refused(UPDATE_ALL)


def test_creating_the_triggers_again_changes_nothing(event, django_assert_max_num_queries):
    with django_assert_max_num_queries(6):
        triggers.install()
    refused(DELETE_ALL)


@pytest.mark.django_db(transaction=True)
def test_flush_empties_the_record_and_the_triggers_stay(event):
    call_command("flush", interactive=False, verbosity=0)
    assert not AccessEvent.objects.exists()
    record(Verb.SIGNED_IN)
    refused(DELETE_ALL)
    call_command("flush", interactive=False, verbosity=0, inhibit_post_migrate=True)
    record(Verb.SIGNED_IN)
    refused(UPDATE_ALL)
    call_command("migrate", verbosity=0)  # groups and permissions for the tests that follow


# --- Retention -----------------------------------------------------------------------------------


def test_old_events_are_deleted_in_batches_and_that_is_recorded(settings, capsys, monkeypatch):
    monkeypatch.setattr("pressroom.retention.BATCH", 10)
    settings.RECORD_DAYS = 100
    now = timezone.now()
    AccessEvent.objects.bulk_create(
        [AccessEvent(verb=Verb.SIGNED_IN, at=now - 101 * DAY) for _ in range(25)]
        + [AccessEvent(verb=Verb.SIGNED_OUT, at=now - 99 * DAY)]
    )
    call_command("forget", "--dry-run")
    output = capsys.readouterr().out
    assert "events in the record of access: 25 would be removed" in output
    assert "RECORD_DAYS=100" in output
    call_command("forget")
    assert "events in the record of access: 25 removed" in capsys.readouterr().out
    kept = AccessEvent.objects.order_by("pk")
    assert [event.verb for event in kept] == [Verb.SIGNED_OUT, *[Verb.RECORD_SHORTENED] * 3]
    until = timezone.localdate(now - 101 * DAY).isoformat()
    assert [event.detail for event in kept[1:]] == [
        {"events": number, "until": until} for number in (10, 10, 5)
    ]
    call_command("forget")
    assert AccessEvent.objects.count() == 4
    assert not DeletionPass.objects.exists()


def test_a_failed_deletion_leaves_the_events_and_no_pass(monkeypatch, settings):
    record(Verb.SIGNED_IN, at=timezone.now() - 800 * DAY)

    def fail(*args, **kwargs):
        raise RuntimeError("no power")

    monkeypatch.setattr(expiry, "record", fail)
    with pytest.raises(RuntimeError), transaction.atomic():
        expiry.shorten_record(expiry.expired_events(timezone.now() - 730 * DAY))
    assert AccessEvent.objects.count() == 1
    refused(DELETE_ALL)


def test_rows_of_sign_in_are_deleted_when_they_are_too_old(capsys):
    user, chief, now = make_user(), make_chief(), timezone.now()
    session = {"user": user, "expires_at": now + DAY}
    Invitation.objects.create(
        email="a@b.example", name="A", token_digest="a", invited_by=chief, expires_at=now + DAY
    )
    Invitation.objects.create(
        email="c@b.example", name="C", token_digest="c", invited_by=chief,
        expires_at=now + DAY, cancelled_at=now,
    )  # fmt: skip
    FactorRecovery.objects.create(**session, token_digest="r", used_at=now)
    FactorRecovery.objects.create(**session, token_digest="open")
    KnownBrowser.objects.create(user=user, token_digest="k")
    GuessCount.objects.create(key="k", guesses=3, ends_at=now + timedelta(hours=1))

    def after(days) -> tuple[int, ...]:
        with time_machine.travel(now + timedelta(days=days), tick=False):
            call_command("forget")
        models = (Invitation, FactorRecovery, KnownBrowser, GuessCount)
        return tuple(model.objects.count() for model in models)

    assert after(0) == (2, 2, 1, 1)
    assert after(1) == (2, 2, 1, 0)
    assert after(30.5) == (1, 2, 1, 0)
    assert after(31.5) == (0, 2, 1, 0)
    assert after(365.5) == (0, 2, 0, 0)
    assert after(730.5) == (0, 1, 0, 0)
    assert after(731.5) == (0, 0, 0, 0)


def test_the_page_of_retention_lists_the_rules(at_desk, administrator, author, settings):
    settings.KEEP_EMAILS_DAYS = 1234
    page = at_desk(administrator).get("/admin/retention/").content.decode()
    assert (
        "<td>Sent and failed e-mails</td><td>1,234 days</td><td><code>KEEP_EMAILS_DAYS</code>"
        in page
    )
    assert "<td>Browsers in which nobody signed in</td><td>365 days</td><td>–</td>" in page
    assert "<td>Sessions</td><td>Until they end</td>" in page
    assert "They prove who approved, published or corrected a text." in page
    assert at_desk(administrator).post("/admin/retention/").status_code == 405
    assert at_desk(author).get("/admin/retention/").status_code == 403


# --- The list ------------------------------------------------------------------------------------


def test_only_administrators_read_and_export_the_record(client, at_desk, event, administrator):
    assert client.get(LIST).status_code == 302
    for user in (make_user("author", "Author"), make_user("publisher", "Publisher")):
        assert at_desk(user).get(LIST).status_code == 403
        assert at_desk(user).post(EXPORT).status_code == 403
    reader = make_user()
    reader.user_permissions.add(Permission.objects.get(codename="view_accessevent"))
    assert "Export as CSV" not in text_of(at_desk(reader))
    assert at_desk(reader).post(EXPORT).status_code == 403
    exporter = make_user()
    exporter.user_permissions.add(Permission.objects.get(codename="export_accessevent"))
    assert at_desk(exporter).post(EXPORT).status_code == 403
    assert "Export as CSV" in text_of(at_desk(administrator))
    assert at_desk(administrator).get(EXPORT).status_code == 405
    assert AccessEvent.objects.count() == 1


def test_there_is_no_page_to_add_change_or_delete_an_event(at_desk, event):
    client = at_desk(make_chief())
    for path in ("add/", f"{event.pk}/change/", f"{event.pk}/delete/", f"{event.pk}/history/"):
        for answer in (client.get(f"{LIST}{path}"), client.post(f"{LIST}{path}")):
            assert answer.status_code == 404, path
    client.post(LIST, {"action": "delete_selected", "_selected_action": event.pk})
    assert AccessEvent.objects.get() == event


def test_an_event_is_shown_in_words(at_desk, administrator):
    gone, ann = make_user(), make_user(first_name="Ann", last_name="Verel")
    record(Verb.LEFT, by=ann, subject=gone, successor=ann.pk, roles=["Author", "Editor"])
    record(Verb.SIGNED_IN, by=ann, subject=ann, steps=["password", "webauthn"], new_browser=True,
           at=datetime(2026, 5, 6, 12, 30, 5, tzinfo=UTC))  # fmt: skip
    AccessEvent.objects.create(verb="future_verb", detail={"odd": [1, {"a": "<b>"}], "n": None})
    AccessEvent.objects.create(verb=Verb.SIGN_IN_FAILED, network="203.0.113.0/24")
    key = gone.pk
    gone.delete()
    page = text_of(at_desk(administrator))
    assert "4 events" in page
    assert f"Account {key}, removed" in page
    assert "Drafts given to: Ann Verel; Roles: Author, Editor" in page
    assert "With: password, passkey; New browser" in page
    assert "6 May 2026, 12:30:05 UTC" in page
    assert "203.0.113.0/24" in page
    assert "future_verb" in page
    assert "n: None; odd: 1, a=&lt;b&gt;" in page


def test_the_record_is_filtered_by_event_account_and_period(at_desk, administrator):
    ann, ben = make_user(), make_user()
    for day, verb, user in [(1, Verb.INVITED, ann), (2, Verb.PAUSED, ann), (3, Verb.PAUSED, ben)]:
        record(verb, by=administrator, subject=user, at=datetime(2026, 5, day, 12, tzinfo=UTC))
    client = at_desk(administrator)

    for query, expected in [
        ("event=paused", 2), (f"account={ann.pk}", 2), (f"account={administrator.pk}", 3),
        (f"event=paused&account={ann.pk}", 1), ("since=2026-05-02&until=2026-05-02", 1),
        ("since=2026-05-03&until=2026-05-30", 1), ("until=2026-05-02", 2),
        ("account=4000000000&event=paused", 0), ("page=99&event=paused", 2),
        ("x=1&event=invited", 1),
    ]:  # fmt: skip
        page = text_of(client, f"?{query}")
        assert f"<p>{expected} event{'' if expected == 1 else 's'}</p>" in page, query


@pytest.mark.parametrize(
    "query",
    [
        "event=nonsense", "account=x", "account=0", "account=-1", f"account={10**30}",
        "since=2026-13-01", "since=0001-01-01", "until=9999-12-31",
        "since=2026-05-02&until=2026-05-01", f"account={'9' * 5000}", f"event={'x' * 100_000}",
    ],
)  # fmt: skip
def test_a_wrong_filter_shows_a_sentence_and_exports_nothing(at_desk, administrator, event, query):
    client = at_desk(administrator)
    page = text_of(client, f"?{query}")
    assert "errornote" in page
    assert "No events." in page
    assert "Export as CSV" not in page
    response = client.post(f"{EXPORT}?{query}")
    assert response["Content-Type"].startswith("text/html")
    assert AccessEvent.objects.count() == 1


def test_the_export_has_the_filtered_events_and_is_itself_an_event(at_desk, administrator, event):
    evil = make_user(first_name="=HYPERLINK(", last_name='"x")')
    record(Verb.PAUSED, by=administrator, subject=evil, roles=["Author"])
    client = at_desk(administrator)
    response = client.post(f"{EXPORT}?event=paused", REMOTE_ADDR="203.0.113.7")
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"] == 'attachment; filename="record-of-access.csv"'
    assert response["Cache-Control"] == "private, no-store"
    (row,) = rows_of(response)
    assert row["event"] == "paused"
    assert row["event in words"] == "Account paused"
    assert row["about account"] == str(evil.pk)
    assert row["about"] == '\'=HYPERLINK( "x")'
    assert row["details"] == "Roles: Author"
    assert datetime.fromisoformat(row["time"]).utcoffset() is not None
    exported = AccessEvent.objects.get(verb=Verb.EXPORTED)
    assert (exported.actor_id, exported.network) == (administrator.pk, "203.0.113.0/24")
    assert exported.detail == {"what": "record", "filters": {"event": "paused"}}


# --- What a user may not know of -----------------------------------------------------------------


@pytest.fixture
def hidden():
    """A restricted release and a person at level 0, with events."""
    release, person = make_release("draft"), make_person(level=0)
    shown, other = make_release("draft"), make_person("Other", level=1)
    for key in (release.pk, shown.pk, uuid4()):
        record(Verb.RESTRICTED, about=f"release:{key}")
    for key in (person.pk, other.pk):
        record(Verb.OFFICER_ADDED, about=f"person:{key}")
    for about in ("release:nonsense", "person:", "something:1", "release"):
        record(Verb.EXPORTED, about=about)
    ReleaseAccess.objects.create(release=release, user=make_user("insider"))
    return {"hidden": [release.pk, person.pk], "shown": [shown.pk, other.pk]}


def test_events_about_what_a_user_may_not_know_of_do_not_exist(at_desk, administrator, hidden):
    client = at_desk(administrator)
    pages = {
        query: text_of(client, query) for query in ("", "?event=restricted", "?event=officer_added")
    }
    assert "<p>2 events</p>" in pages[""]
    assert "<p>1 event</p>" in pages["?event=restricted"]
    assert "<p>1 event</p>" in pages["?event=officer_added"]
    table = b"".join(client.post(EXPORT).streaming_content).decode()
    for text in (*pages.values(), table):
        assert not any(str(key) in text for key in hidden["hidden"])
        assert "nonsense" not in text
        assert "something" not in text
    assert all(str(key) in pages[""] and str(key) in table for key in hidden["shown"])


def test_the_case_officer_of_a_person_sees_its_events(at_desk, administrator, hidden):
    person = hidden["hidden"][1]
    Person.objects.get(pk=person).case_officers.add(administrator)
    assert "<p>3 events</p>" in text_of(at_desk(administrator))


def test_titles_are_only_for_those_who_may_read_releases(at_desk, administrator):
    release = make_release("draft", title="Plans nobody knows")
    record(Verb.RESTRICTED, about=f"release:{release.pk}")
    assert "Plans nobody knows" not in text_of(at_desk(administrator))
    chief = make_chief()
    assert "Plans nobody knows" in text_of(at_desk(chief))


# --- Many events ---------------------------------------------------------------------------------


def fill(number: int) -> None:
    user, start = make_user(), timezone.now() - 400 * DAY
    release = make_release("draft")
    AccessEvent.objects.bulk_create(
        (
            AccessEvent(
                verb=Verb.SIGNED_IN, actor_id=user.pk, subject_id=user.pk, network="203.0.113.0/24",
                at=start + timedelta(seconds=n // 2), detail={"steps": ["password", "totp"]},
                about=f"release:{release.pk}" if n % 100 == 0 else "",
            )
            for n in range(number)
        ),
        batch_size=1_000,
    )  # fmt: skip


def test_the_list_uses_the_index_by_time(administrator):
    fill(5_000)
    if connection.vendor == "postgresql":
        execute(f"ANALYZE {TABLE}")
    events = visible_events.events_visible_to(administrator)
    plan = events[:100].explain()
    assert "access_by_time" in plan
    assert "TEMP B-TREE FOR ORDER BY" not in plan
    assert "Seq Scan" not in plan
    rows = AccessEvent.objects.exclude(about="").order_by().values_list("about").distinct()
    assert "access_by_row" in rows.explain()


def test_the_list_needs_the_same_queries_for_any_number(
    at_desk, administrator, django_assert_max_num_queries
):
    client = at_desk(administrator)
    fill(3)
    for number in (1_000, 10):
        with django_assert_max_num_queries(12):
            text_of(client)
        fill(number)


@pytest.mark.parametrize(
    "number", [3_500, pytest.param(100_000, marks=[pytest.mark.soak, pytest.mark.once])]
)
def test_a_large_export_is_whole_and_takes_little_memory(at_desk, administrator, number):
    fill(number)
    response = at_desk(administrator).post(EXPORT)
    gc.collect()
    tracemalloc.start()
    try:
        lines = sum(block.count(b"\r\n") for block in response.streaming_content)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert lines == 1 + number + 1  # the header, and the export itself
    assert peak < 8_000_000  # a batch of 1,000 events

"""Wrong preview addresses are counted without delay, and no network address is stored."""

import logging
import sqlite3
import time
from contextlib import closing, contextmanager
from datetime import timedelta

import psycopg
import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from previews import throttle
from previews.models import PreviewLink, ThrottleBucket
from tests.make import make_link, make_release

pytestmark = pytest.mark.django_db


def request_wrong_link(client, number=0, address="203.0.113.7"):
    return client.get(f"/preview/{number:043}/", REMOTE_ADDR=address)


def test_the_wait_ends_with_its_window_and_another_address_does_not_wait(client):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        assert [request_wrong_link(client, n).status_code for n in range(31)] == [404] * 30 + [429]
        assert request_wrong_link(client, address="198.51.100.9").status_code == 404
        clock.shift(timedelta(minutes=9, seconds=59))
        assert request_wrong_link(client).status_code == 429
        clock.shift(timedelta(seconds=2))
        assert request_wrong_link(client).status_code == 404


def test_a_link_that_has_ended_is_answered_like_one_that_never_existed(client):
    """Otherwise a token that someone found would show that it once opened a release."""
    path = make_link(make_release("scheduled"))
    PreviewLink.objects.update(revoked_at=timezone.now())
    wrong = [f"/preview/{1:043}/", path]
    for number in range(33):
        answers = [client.get(address) for address in wrong]
        assert answers[0].status_code == answers[1].status_code or number == 15, number
        assert answers[0].content == answers[1].content
    assert [answer.status_code for answer in answers] == [429, 429]


def test_one_ipv6_subscriber_counts_once(client):
    for number in range(30):
        assert request_wrong_link(client, address=f"2001:db8:1:2::{number:x}").status_code == 404
    assert request_wrong_link(client, address="2001:db8:1:2:ffff::1").status_code == 429
    assert request_wrong_link(client, address="2001:db8:1:3::1").status_code == 404


def test_no_address_is_stored_and_a_flood_stays_within_the_buckets(client, monkeypatch):
    monkeypatch.setattr(throttle, "MAX_BUCKETS", 8)
    monkeypatch.setattr(throttle, "THROTTLE_LIMIT", 5)
    for number in range(100):
        request_wrong_link(client, number, f"203.0.113.{number}")
    kept = list(ThrottleBucket.objects.values_list("bucket", "misses"))
    assert 0 < len(kept) <= 8
    assert all(misses <= 6 for _, misses in kept)
    assert {field.name for field in ThrottleBucket._meta.fields} == {"bucket", "misses", "ends_at"}


def test_the_bucket_of_an_address_depends_on_the_secret_key(client, settings):
    settings.SECRET_KEY = "a" * 60
    one = throttle._bucket("203.0.113.7")
    settings.SECRET_KEY = "b" * 60
    assert throttle._bucket("203.0.113.7") != one


@contextmanager
def locked(table="previews_throttlebucket"):
    """Hold the lock that a count needs, as a long import or a migration does."""
    database = connection.settings_dict
    if connection.vendor == "sqlite":
        with closing(sqlite3.connect(database["NAME"], isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield
            other.execute("ROLLBACK")
    else:
        with psycopg.connect(
            **connection.get_connection_params() | {"cursor_factory": None}
        ) as other:
            other.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
            yield
            other.rollback()


@pytest.mark.django_db(transaction=True)
def test_a_wrong_link_is_answered_but_not_counted_while_the_database_is_locked(client, caplog):
    open_link = make_link(make_release("scheduled"))
    with locked(), caplog.at_level(logging.ERROR, "previews"):
        begun = time.monotonic()
        assert request_wrong_link(client).status_code == 404
        assert time.monotonic() - begun < 5
        assert client.get(open_link).status_code == 200
    assert len(caplog.records) == 1
    assert "could not be counted" in caplog.text
    assert not ThrottleBucket.objects.exists()
    assert [request_wrong_link(client, n).status_code for n in range(31)] == [404] * 30 + [429]
    if connection.vendor == "sqlite":  # saves at the desk still wait for a lock for 20 seconds
        with connection.cursor() as cursor:
            assert cursor.execute("PRAGMA busy_timeout").fetchone() == (20_000,)


@pytest.mark.django_db(transaction=True)
def test_a_wrong_link_is_answered_but_not_counted_without_the_table(client, caplog):
    """New code runs on the schema of the previous version during an upgrade."""
    table = ThrottleBucket._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} RENAME TO away")
    try:
        assert request_wrong_link(client).status_code == 404
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE away RENAME TO {table}")
    assert "could not be counted" in caplog.text
    assert request_wrong_link(client).status_code == 404

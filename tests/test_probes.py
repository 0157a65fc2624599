"""Requests for hidden releases are counted and reported, and their answers reveal nothing."""

import threading
import time
from datetime import timedelta

import pytest
from django.core import mail
from django.db import OperationalError

from jobs import outbox
from jobs.buffer import Buffer
from jobs.models import Job
from releases import probes, workflow
from releases.models import Event, Probe, Release
from tests import forks
from tests.deployment import environment
from tests.make import count_probes, make_chief, make_picture, make_release, make_user, work_off

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_waiting_probes")]

HOUR = timedelta(hours=1)


@pytest.fixture
def approver():
    return make_user("approver", "Publisher", email="publisher@newsroom.example")


def hidden(by, **fields):
    return make_release("scheduled", by=by, title="Budget forecast November 2026", **fields)


def counted():
    count_probes()
    return sorted(Probe.objects.values_list("what", "times", "network"))


def test_requests_for_the_address_a_similar_address_and_a_file_are_counted(client, approver):
    picture = make_picture()
    release = hidden(approver, poster=picture)
    assert release.slug == "budget-forecast-november-2026"
    for _ in range(2):
        client.get(release.get_absolute_url(), REMOTE_ADDR="203.0.113.7")
    client.head(release.get_absolute_url(), REMOTE_ADDR="203.0.113.7")
    client.get("/releases/budget-forecast-march-2026/", REMOTE_ADDR="203.0.113.7")
    client.get(f"/releases/{release.pk}/", REMOTE_ADDR="2001:db8:1:2::3")
    client.get(picture.public_url("press", "jpg"), REMOTE_ADDR="198.51.100.9")
    client.get("/releases/something-else/", REMOTE_ADDR="198.51.100.9")
    assert counted() == [
        ("address", 1, "2001:db8:1::/48"),
        ("address", 3, "203.0.113.0/24"),
        ("file", 1, "198.51.100.0/24"),
        ("near", 1, "203.0.113.0/24"),
    ]
    summary = probes.probes_of(release)
    assert (summary.times, summary.networks) == (6, 3)


def test_addresses_that_were_public_before_are_not_counted(client, at_desk, approver):
    picture = make_picture()
    release = make_release("published", by=approver, title="The old title", poster=picture)
    release.slug = "a-new-address"
    release = workflow.correct(release, by=make_chief(), text="")
    workflow.hold(release, by=make_chief())
    for path in (
        "/releases/the-old-title/",
        "/releases/a-new-address/",
        f"/releases/{release.pk}/",
    ):
        assert client.get(path).status_code == 404
    client.get(picture.public_url("press", "jpg"))
    assert counted() == []
    assert "trying to find" not in at_desk(approver).get("/admin/").content.decode()


def test_a_release_on_hold_that_was_never_public_is_counted(client, approver):
    release = make_release("held_unseen", by=approver)
    client.get(release.get_absolute_url())
    assert counted() == [("address", 1, "127.0.0.0/24")]


@pytest.mark.parametrize("state", ["published", "withdrawn"])
def test_public_addresses_are_not_counted(client, state):
    picture = make_picture()
    release = make_release(state, poster=picture)
    hidden(make_chief(), poster=picture)
    client.get(release.get_absolute_url())
    client.get(release.get_absolute_url() + "nothing/")
    if state == "published":
        client.get(picture.public_url("nonsense", "jpg"))  # everybody sees this picture
    assert counted() == []


def test_the_publisher_is_notified_at_the_first_and_the_tenth_request(client, approver, settings):
    settings.SITE_URL = "https://news.example"
    release = hidden(approver)
    for _ in range(12):
        client.get(release.get_absolute_url())
        count_probes()
        outbox.send_due()
    assert [message.to for message in mail.outbox] == [["publisher@newsroom.example"]] * 2
    first, tenth = (message.body for message in mail.outbox)
    assert "Requests since" in first
    assert "UTC: 1\n" in first
    assert "UTC: 10\n" in tenth
    assert "Network addresses: 1\n" in tenth
    assert f"https://news.example/admin/releases/release/{release.pk}/seen/" in tenth
    assert "Budget" not in first + tenth + "".join(message.subject for message in mail.outbox)
    assert Event.objects.filter(verb="guessed", release=release).count() == 2


def test_requests_are_counted_while_no_mail_server_answers(client, approver, settings):
    settings.EMAIL_BACKEND = "jobs.mail.Backend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    client.get(hidden(approver).get_absolute_url())
    count_probes()
    outbox.send_due()
    assert Probe.objects.get().times == 1


def test_probes_are_shown_on_the_desk_and_beside_the_release(client, at_desk, approver):
    release = hidden(approver)
    for number in range(3):
        client.get(release.get_absolute_url(), REMOTE_ADDR=f"203.0.113.{number}")
    count_probes()
    desk = at_desk(approver).get("/admin/").content.decode()
    assert "Someone is trying to find this release" in desk
    assert "3 attempts since" in desk
    assert "from 3 network addresses" in desk
    seen = client.get(f"/admin/releases/release/{release.pk}/seen/").content.decode()
    assert "203.0.113.0/24" in seen
    workflow.publish(Release.objects.get(), by=make_chief())
    assert "trying to find" not in client.get("/admin/").content.decode()


@pytest.mark.parametrize(
    ("trusted", "header", "network"),
    [
        (False, "203.0.113.7", "127.0.0.0/24"),  # anybody can send this header
        (True, "203.0.113.7", "203.0.113.0/24"),
        (True, "1.2.3.4, 203.0.113.7", "203.0.113.0/24"),  # the first is what the client claims
        (True, "nonsense <script>", "unknown"),
        (True, "", "127.0.0.0/24"),
    ],
)
def test_a_forged_header_is_ignored(client, approver, settings, trusted, header, network):
    settings.TRUST_PROXY = trusted
    client.get(hidden(approver).get_absolute_url(), headers={"X-Forwarded-For": header})
    assert counted() == [("address", 1, network)]


def test_a_flood_of_requests_creates_few_rows(client, approver, monkeypatch):
    monkeypatch.setattr(probes, "MAX_COUNTED_NETWORKS", 20)
    release = hidden(approver)
    for number in range(60):
        client.get(release.get_absolute_url(), REMOTE_ADDR=f"203.0.113.{number}")
    count_probes()
    assert probes.probes_of(release).times == 60
    assert Probe.objects.count() == 21


def test_a_flood_of_requests_does_not_fill_the_memory(client, approver, monkeypatch):
    monkeypatch.setattr(probes, "waiting", Buffer("Probes", probes.waiting.write, max_items=5))
    release = hidden(approver)
    for _ in range(9):
        assert client.get(release.get_absolute_url()).status_code == 404
    assert counted() == [("address", 5, "127.0.0.0/24")]


def test_no_request_is_lost_while_the_database_is_locked(client, approver, monkeypatch):
    """Requests that could not be written stay in memory and are counted with later ones."""
    release = hidden(approver)
    real = probes.waiting.write

    def locked(requests):
        raise OperationalError("database is locked")

    client.get(release.get_absolute_url())
    monkeypatch.setattr(probes.waiting, "write", locked)
    for _ in range(2):
        with pytest.raises(OperationalError):
            probes.waiting.flush()
    client.get(release.get_absolute_url())
    monkeypatch.setattr(probes.waiting, "write", real)
    assert counted() == [("address", 2, "127.0.0.0/24")]


def test_without_a_worker_probes_do_not_fill_the_table_of_jobs(
    client, approver, monkeypatch, caplog
):
    monkeypatch.setattr(probes, "MAX_JOBS", 2)
    release = hidden(approver)
    for _ in range(4):
        client.get(release.get_absolute_url())
        probes.waiting.flush()
    assert Job.objects.filter(name="releases.count_guesses").count() == 2
    assert "Is a worker running?" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_a_thread_of_the_server_counts_in_the_background(client, approver, monkeypatch):
    # A buffer of this test, because its thread runs until the process ends.
    buffer = Buffer("Probes", probes.waiting.write, max_items=100)
    monkeypatch.setattr(probes, "waiting", buffer)
    release = hidden(approver)
    buffer.serve()
    client.get(release.get_absolute_url())
    assert buffer._thread in threading.enumerate()
    assert buffer._thread.daemon
    for _ in range(200):
        time.sleep(0.1)
        if Job.objects.filter(name="releases.count_guesses").exists():
            break
    work_off()
    assert Probe.objects.get().times == 1


@pytest.mark.django_db(transaction=True)
def test_a_web_server_turns_on_counting_in_the_background():
    code = "import pressroom.wsgi; from releases import probes; print(probes.waiting.serves)"
    more = {"DJANGO_SETTINGS_MODULE": "pressroom.settings", "JOBS_IN_WEB": "off"}
    done = forks.run("-c", code, env=environment(**more))
    assert done.stdout == "True\n", done.stderr

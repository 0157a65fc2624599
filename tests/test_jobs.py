"""Background jobs: none is lost, none that must run once runs twice, and failures are shown."""

import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from datetime import time as time_of_day
from itertools import pairwise
from pathlib import Path

import pytest
import time_machine
from django.core import mail as django_mail
from django.db import connection, transaction
from django.utils import timezone

from jobs import outbox, queue
from jobs.models import Email, Job, Lane
from tests import smtp_server
from tests.deployment import environment
from tests.make import make_release

ROOT = Path(__file__).parent.parent


@pytest.fixture
def declared(monkeypatch):
    """The decorator that declares a job. Jobs of a test are removed after it."""
    monkeypatch.setattr(queue, "TASKS", dict(queue.TASKS))
    return queue.job


@contextmanager
def later(**ahead):
    with time_machine.travel(timezone.now() + timedelta(**ahead), tick=True):
        yield


@contextmanager
def mail_server(settings, **behaviour):
    with smtp_server.running(**behaviour) as server:
        settings.EMAIL_BACKEND = "jobs.mail.Backend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        settings.EMAIL_TIMEOUT = 1
        yield server


# --- The queue ---------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_job_exists_only_if_the_change_is_committed(declared):
    done = []
    note = declared("tests.note")(done.append)
    with transaction.atomic():
        note.add("rolled back")
        transaction.set_rollback(True)
    with transaction.atomic():
        note.add("committed")
    assert queue.work(Lane.QUICK) == 1
    assert done == ["committed"]
    assert not Job.objects.filter(name="tests.note").exists()


@pytest.mark.django_db
def test_a_request_with_the_key_of_a_running_job_runs_after_it(declared):
    done = []

    def run(word):
        done.append(word)
        if len(done) == 1:
            note.add("during", key="k")

    note = declared("tests.note")(run)
    note.add("first", key="k")
    note.add("second", key="k")
    queue.work(Lane.QUICK)
    assert done == ["second", "during"]


@pytest.mark.django_db
def test_a_job_that_fails_is_tried_again_after_growing_pauses_and_then_given_up(
    declared, at_desk, publisher, author, caplog
):
    begun, given_up = [], []

    def fail(word):
        begun.append(timezone.now())
        raise ValueError("secret words")

    declared("tests.fail", attempts=3, given_up=lambda *values: given_up.append(values))(fail)
    with time_machine.travel(datetime(2026, 11, 29, 12, tzinfo=UTC), tick=False) as clock:
        queue.TASKS["tests.fail"].add("x")
        for _ in range(20):
            queue.work(Lane.QUICK)
            clock.shift(timedelta(seconds=30))
    pauses = [(b - a).total_seconds() for a, b in pairwise(begun)]
    assert pauses == [60, 120]
    assert given_up == [("ValueError. See the log.", "x")]
    row = Job.objects.get()
    assert (row.state, row.attempts) == ("failed", 3)
    desk = at_desk(publisher).get("/admin/").content.decode()
    assert "Background jobs that failed" in desk
    assert "tests.fail: ValueError" in desk
    assert "secret words" not in desk
    assert "Background jobs" not in at_desk(author).get("/admin/").content.decode()
    at_desk(publisher).post(
        "/admin/jobs/job/", {"action": "retry", "_selected_action": [row.pk]}, follow=True
    )
    row.refresh_from_db()
    assert (row.state, row.attempts) == ("waiting", 0)


@pytest.mark.django_db
def test_a_postponed_job_uses_up_no_attempts(declared):
    def wait():
        raise queue.JobPostponed("The bucket is away.")

    declared("tests.wait", attempts=2)(wait).add()
    for minutes in range(0, 60, 5):
        with later(minutes=minutes):
            assert queue.work(Lane.QUICK) == 1
    row = Job.objects.get()
    assert (row.state, row.attempts, row.reason) == ("waiting", 0, "The bucket is away.")


@pytest.mark.django_db
def test_a_job_that_kills_its_worker_each_time_is_given_up_with_a_reason(declared):
    given_up = []
    declared("tests.kill", attempts=2, given_up=given_up.append)(lambda: None).add()
    for minutes in range(4):
        with later(minutes=2 * minutes):
            if (claimed := queue._claim(lane=Lane.QUICK)) and claimed.attempts > 2:
                queue._do(claimed)
    assert given_up == ["The worker stopped each time it ran this job."]
    assert Job.objects.get().state == "failed"


@pytest.mark.django_db
def test_a_worker_that_lost_its_lease_changes_nothing(declared):
    task = declared("tests.slow", atomic=True)(lambda: Email.objects.create(message_id="<x>"))
    task.add()
    first = queue._claim(lane=Lane.QUICK)
    with later(minutes=2):
        second = queue._claim(lane=Lane.QUICK)
        queue._do(first)
        assert not Email.objects.exists()
        queue._do(second)
    assert Email.objects.count() == 1
    assert not Job.objects.exists()


def test_a_daily_job_keeps_its_local_time_when_the_clocks_change(declared, settings):
    settings.TIME_ZONE = "Europe/London"
    task = declared("tests.daily", daily=time_of_day(3, 20))(lambda: None)
    with timezone.override("Europe/London"):
        summer_ends = datetime(2026, 10, 24, 12, tzinfo=UTC)
        moments = [summer_ends]
        for _ in range(3):
            moments.append(task.next_time(moments[-1]))
    assert [moment.astimezone(UTC).hour for moment in moments[1:]] == [3, 3, 3]
    assert [timezone.localtime(m, timezone.zoneinfo.ZoneInfo("Europe/London")).hour
            for m in moments[1:]] == [3, 3, 3]  # fmt: skip


@pytest.mark.django_db
def test_a_scheduled_job_is_planned_once_and_again_after_each_run(declared):
    ran = []
    declared("tests.hourly", every=timedelta(hours=1))(lambda: ran.append(1))
    for _ in range(3):
        queue.plan(timezone.now())
    planned = set(Job.objects.filter(key=queue.SCHEDULED).values_list("name", flat=True))
    assert {"tests.hourly", "pressroom.namecheck", "pressroom.clear_expired"} <= planned
    assert Job.objects.filter(name="tests.hourly").count() == 1
    Job.objects.exclude(name="tests.hourly").delete()
    queue.work(Lane.QUICK)
    queue.work(Lane.QUICK)
    assert len(ran) == 1
    with later(minutes=61):
        queue.work(Lane.QUICK)
    assert len(ran) == 2


@pytest.mark.django_db(transaction=True)
def test_four_workers_at_once_do_each_job_once(declared):
    if connection.vendor != "postgresql":
        pytest.skip("needs several connections that write at once")
    done, lock = Counter(), threading.Lock()

    def note(number):
        time.sleep(0.002)
        with lock:
            done[number] += 1

    task = declared("tests.note")(note)
    for number in range(60):
        task.add(number)

    def work():
        queue.work(Lane.QUICK)
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done == Counter(range(60))
    assert not Job.objects.exists()


# --- The outbox --------------------------------------------------------------------------------


@pytest.mark.django_db
def test_messages_go_over_one_connection_and_keep_no_text(settings):
    with mail_server(settings) as server:
        for number in range(5):
            outbox.add_email(f"r{number}@p.example", "Subject", "The words")
        assert outbox.send_due() == 5
        assert outbox.send_due() == 0
    assert (server.connections, len(server.letters)) == (1, 5)
    assert set(Email.objects.values_list("state", "text")) == {("sent", "")}


@pytest.mark.django_db(transaction=True)
def test_a_message_exists_only_if_its_action_is_committed(settings):
    with transaction.atomic():
        outbox.add_email("r@p.example", "Subject", "The words")
        transaction.set_rollback(True)
    assert not Email.objects.exists()


@pytest.mark.django_db
def test_each_failed_connection_delays_a_message_for_longer(settings):
    settings.EMAIL_BACKEND = "jobs.mail.Backend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", 9, 1
    outbox.add_email("r@p.example", "Subject", "The words")
    first = Email.objects.get().message_id
    pauses = []
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for _ in range(4):
            outbox.send_due()
            email = Email.objects.get()
            pauses.append(email.due_at - timezone.now())
            clock.move_to(email.due_at)
    assert pauses == [timedelta(minutes=n) for n in (1, 2, 5, 10)]
    assert email.reason.startswith("No mail server answers at 127.0.0.1:9")
    with mail_server(settings) as server, time_machine.travel(email.due_at, tick=False):
        assert outbox.send_due() == 1
    assert f"Message-ID: {first}" in server.letters[0]


@pytest.mark.django_db
def test_a_refused_recipient_is_given_up_at_once_and_shown_at_the_desk(
    settings, at_desk, editor, author, publisher
):
    release = make_release("draft", by=editor)
    refuses = {"b@p.example": "550 5.1.1 no such mailbox", "c@p.example": "450 try later"}
    with mail_server(settings, refuses=refuses) as server:
        for name in "abc":
            outbox.add_email(f"{name}@p.example", f"To {name}", "x", about=f"release:{release.pk}")
        outbox.send_due()
        assert server.recipients == ["a@p.example"]
        states = dict(Email.objects.values_list("to", "state"))
        assert states == {"a@p.example": "sent", "b@p.example": "failed", "c@p.example": "waiting"}
        client = at_desk(editor)
        desk = client.get("/admin/").content.decode()
        form = client.get(f"/admin/releases/release/{release.pk}/change/").content.decode()
        for page in (desk, form):
            assert "E-mails that were not sent" in page
            assert "Not sent to b@p.example" in page
            assert "550 5.1.1 no such mailbox" in page
            assert "Not sent to c@p.example yet" in page
            assert "Next attempt:" in page
            assert "a@p.example" not in page
        assert "E-mails that" not in at_desk(author).get("/admin/").content.decode()
        failed = Email.objects.get(state="failed")
        server.refuses.clear()
        answer = at_desk(editor).post(
            "/admin/jobs/email/",
            {"action": "send_again", "_selected_action": [failed.pk]}, follow=True,
        )  # fmt: skip
        assert "1 e-mail will be sent again now." in answer.content.decode()
        assert outbox.send_due() == 1
    assert server.recipients == ["a@p.example", "b@p.example"]


@pytest.mark.django_db
def test_a_message_is_sent_only_once_if_the_server_answers_late(settings):
    # EMAIL_TIMEOUT is one second here; a server that scans a message may take minutes.
    with mail_server(settings, slow=2.5) as server:
        outbox.add_email("r@p.example", "Subject", "The words")
        assert outbox.send_due() == 1
        assert outbox.send_due() == 0
    assert len(server.letters) == 1


@pytest.mark.django_db
def test_a_message_that_cannot_be_completed_does_not_stop_others(settings, monkeypatch, caplog):
    def dropped(email):
        raise outbox.EmailNotNeeded("The link was closed.")

    monkeypatch.setitem(outbox.FILLS, "tests.dropped", dropped)
    monkeypatch.setitem(outbox.FILLS, "tests.broken", lambda email: 1 / 0)
    outbox.add_email("a@p.example", "1", "x", fill="tests.dropped")
    outbox.add_email("b@p.example", "2", "x", fill="tests.broken")
    outbox.add_email("c@p.example", "3", "x")
    outbox.send_due()
    assert [message.to for message in django_mail.outbox] == [["c@p.example"]]
    states = dict(Email.objects.values_list("to", "state"))
    assert states == {"a@p.example": "dropped", "b@p.example": "waiting", "c@p.example": "sent"}


@pytest.mark.django_db
def test_nothing_is_added_to_the_outbox_if_email_is_off(settings):
    settings.EMAIL_IS_ON = False
    assert outbox.add_email("r@p.example", "Subject", "x") is None
    assert not Email.objects.exists()


# --- Workers that are killed -------------------------------------------------------------------

WORKER = [sys.executable, "-m", "tests.killed_worker", "worker"]


@pytest.fixture
def done_table(transactional_db):
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE jobs_done (kind varchar(20), number integer)")
    yield
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE jobs_done")


def start_worker(server, **more) -> subprocess.Popen:
    worker = subprocess.Popen(
        WORKER, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        env=environment(
            EMAIL_URL=f"smtp://127.0.0.1:{server.port}", NEWSROOM_EMAIL="press@newsroom.example",
            PYTHONPATH=str(ROOT), LEASE_SECONDS="0.5", **more,
        ),
    )  # fmt: skip
    assert worker.stdout.readline().startswith("Working.")
    return worker


def unfinished() -> int:
    """Count the jobs that remain and the e-mails that are not sent yet."""
    jobs = Job.objects.filter(name__startswith="tests.")
    return jobs.count() + Email.objects.open().count()


def kill_workers(kills: int, work: int) -> dict:
    """Kill workers at random moments until all work is done; return the results as counts."""
    chance = random.Random(14)
    once = queue.Task("tests.once", print, Lane.QUICK, True, 0, None, None, None)
    repeatable = queue.Task("tests.repeatable", print, Lane.FILES, False, 0, None, None, None)
    with smtp_server.running(slow=0.01) as server:
        for number in range(work):
            with transaction.atomic():
                once.add(number)
                repeatable.add(number)
                outbox.add_email(f"r{number}@p.example", "Subject", "The words")
        killed, ends = 0, time.monotonic() + 20 + 10 * kills
        while unfinished() and time.monotonic() < ends:
            with start_worker(server) as worker:
                if killed == kills:
                    while unfinished() and time.monotonic() < ends:
                        time.sleep(0.2)
                    worker.terminate()
                else:
                    time.sleep(chance.uniform(0.0, 0.6))
                    worker.send_signal(signal.SIGKILL)
                    killed += 1
        ids = [re.search(r"^Message-ID: (.*)$", letter, re.M)[1] for letter in server.letters]
        to = Counter(server.recipients)
    with connection.cursor() as cursor:
        cursor.execute("SELECT kind, number FROM jobs_done")
        done = Counter((kind, number) for kind, number in cursor.fetchall())
    once_done = Counter(done[("once", number)] for number in range(work))
    repeated = Counter(done[("repeatable", number)] for number in range(work))
    return {
        "kills": killed,
        "left": unfinished(),
        "runs of jobs that must run once": dict(once_done),
        "runs of jobs that may be repeated": dict(repeated),
        "arrivals of e-mails": dict(Counter(to.values())),
        "different Message-IDs": len(set(ids)),
        "lost": work - len(to),
    }


def check(seen: dict, kills: int, work: int) -> None:
    assert seen["left"] == seen["lost"] == 0
    assert seen["runs of jobs that must run once"] == {1: work}
    assert 0 not in seen["runs of jobs that may be repeated"]
    assert seen["different Message-IDs"] == work
    arrived = seen["arrivals of e-mails"]
    assert sum((times - 1) * number for times, number in arrived.items()) <= kills


def test_a_worker_that_is_killed_loses_nothing(done_table):
    seen = kill_workers(kills=2, work=25)
    assert seen["kills"] >= 1
    check(seen, 2, 25)


@pytest.mark.soak
def test_a_hundred_killed_workers_lose_nothing(done_table):
    seen = kill_workers(kills=100, work=1500)
    print(f"\n{connection.vendor}: {seen}")
    assert seen["kills"] == 100
    check(seen, 100, 1500)


def test_a_worker_that_is_stopped_finishes_its_jobs(done_table):
    with smtp_server.running() as server:
        worker = start_worker(server)
        try:
            worker.terminate()
            output, _ = worker.communicate(timeout=40)
        finally:
            worker.kill()  # it would do the jobs of the next tests
    assert worker.returncode == 0
    assert "All jobs finished." in output


def test_a_worker_that_gets_a_signal_while_it_holds_a_lock_stops(done_table):
    with smtp_server.running() as server:
        worker = start_worker(server, SIGNALS_IN_LOCKS="yes")
        try:
            output, _ = worker.communicate(timeout=40)
        finally:
            worker.kill()
    assert worker.returncode == 0
    assert "All jobs finished." in output

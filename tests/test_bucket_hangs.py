"""If the bucket hangs, slows down or fails, only the files in it are unavailable."""

import http.client
import os
import signal
import socket
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Event, Thread
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection

from assets import breaker, storage_basics
from assets.models import MediaAsset
from assets.storage_basics import StorageBusyError, StorageError
from tests import s3_server
from tests.deployment import environment, gunicorn
from tests.make import make_picture, make_release, picture_bytes
from tests.test_storage import elsewhere, environment_of

JPEG = picture_bytes((60, 40))


@pytest.fixture(scope="module")
def own_s3_server(tmp_path_factory):
    with s3_server.started(tmp_path_factory.mktemp("s3-that-hangs")) as (address, server):
        yield address, server
        server.send_signal(signal.SIGCONT)


@pytest.fixture(scope="module")
def s3_address(own_s3_server):
    """The address of a separate server for this file, because a test stops it for a time."""
    return own_s3_server[0]


@contextmanager
def hanging(process):
    process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        process.send_signal(signal.SIGCONT)


class Answer(NamedTuple):
    status: int
    seconds: float
    retry_after: str | None
    content: bytes


def ask(port: int, path: str) -> Answer:
    began = time.monotonic()
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as line:
        line.request("GET", path)
        answer = line.getresponse()
        content = answer.read()
    seconds = time.monotonic() - began
    return Answer(answer.status, seconds, answer.headers["Retry-After"], content)


class Readers:
    """Threads that request the same pages again and again, with pauses of a tenth of a second."""

    def __init__(self, port: int, number: int, *paths: str) -> None:
        self.answers: list[Answer] = []
        self._ended = Event()
        self._threads = [
            Thread(target=self._read, args=(port, paths[n % len(paths)])) for n in range(number)
        ]
        for thread in self._threads:
            thread.start()

    def _read(self, port: int, path: str) -> None:
        while not self._ended.is_set():
            self.answers.append(ask(port, path))
            self._ended.wait(0.1)

    def end(self) -> list[Answer]:
        self._ended.set()
        for thread in self._threads:
            thread.join()
        return self.answers


def slowest(answers: list[Answer], share: float = 1.0) -> float:
    """Return the time in seconds within which a share of the answers arrived."""
    ordered = sorted(answer.seconds for answer in answers)
    return ordered[int(share * (len(ordered) - 1))]


def figures(answers: list[Answer]) -> str:
    """Return a line with the number, statuses and times of answers, to be printed (pytest -s)."""
    statuses = dict(Counter(answer.status for answer in answers))
    return (
        f"{len(answers)} {statuses} median {slowest(answers, 0.5):.2f} s, "
        f"95 % {slowest(answers, 0.95):.2f} s, max {slowest(answers):.2f} s"
    )


@pytest.mark.django_db(transaction=True)
def test_pages_and_probes_stay_fast_while_the_bucket_hangs(bucket, own_s3_server, tmp_path):
    picture = make_picture(content=JPEG)
    release = make_release(poster=picture)
    shown = picture.public_url("poster", "jpg")
    texts = ["/", release.get_absolute_url(), "/prisoners/"]
    seconds = float(os.environ.get("HANG_SECONDS", "10"))
    with gunicorn(tmp_path / "log", 2, 4, **environment_of(bucket)) as port:
        assert [ask(port, shown).status for _ in range(8)] == [200] * 8
        pages, probes = (Readers(port, 3, *texts), Readers(port, 1, "/readyz"))
        pictures = Readers(port, 24, shown)
        time.sleep(seconds / 2)
        usual = [readers.end() for readers in (pages, probes, pictures)]
        with hanging(own_s3_server[1]):
            pictures = Readers(port, 24, shown)
            pages, probes = (Readers(port, 3, *texts), Readers(port, 1, "/readyz"))
            time.sleep(seconds)
        back = time.monotonic()
        while ask(port, shown).status != 200 and time.monotonic() < back + 40:
            time.sleep(0.2)
        print(f"\npictures again after {time.monotonic() - back:.1f} s")
        assert time.monotonic() - back < breaker.PAUSE_SECONDS + 10
        read, seen, probed = pages.end(), pictures.end(), probes.end()
    for name, answers in (("pictures", seen), ("pages", read), ("probes", probed)):
        print(name, figures(answers))
    assert {answer.status for answer in read} == {200}
    # Compare with the same load and a bucket that answers: the machine may be busy.
    assert slowest(read, 0.95) < max(1, 3 * slowest(usual[0], 0.95))
    assert slowest(probed, 0.95) < max(2, 3 * slowest(usual[1], 0.95))
    assert {answer.status for answer in probed} == {200}
    assert b"ready, degraded: storage" in {answer.content.splitlines()[0] for answer in probed}
    assert {answer.status for answer in seen} == {200, 503}
    assert slowest(seen, 0.9) < max(1, 3 * slowest(usual[2], 0.9))
    assert {answer.retry_after for answer in seen if answer.status == 503} == {"60"}
    log = (tmp_path / "log").read_text()
    assert "does not answer" in log
    assert log.count("does not answer") < 60  # not a line for each of a thousand answers
    for secret in (s3_server.SECRET_KEY, "Signature="):
        assert secret not in log


# --- One process, and a storage that the test controls -----------------------------------------


class Storage(ThreadingTCPServer):
    """A storage whose answers depend on a part of the path; other paths are not found."""

    daemon_threads = True
    allow_reuse_address = True
    NOT_THERE = b"<Error><Code>NoSuchKey</Code></Error>"

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Request)
        self.asked = 0
        self.broken = False
        self.released = Event()
        Thread(target=self.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Request(StreamRequestHandler):
    def handle(self) -> None:
        head = self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        self.server.asked += 1
        if b"hangs" in head:
            self.server.released.wait(30)
        if self.server.broken:
            self.say("503 Slow Down", b"")
        elif b"trickles" in head:
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
            with suppress(OSError):
                while not self.server.released.wait(0.05):
                    self.wfile.write(b"x")
        elif head.startswith(b"HEAD"):
            self.say("200 OK", b"")
        else:
            self.say("404 Not Found", self.server.NOT_THERE)

    def say(self, status: str, content: bytes) -> None:
        self.wfile.write(
            f"HTTP/1.1 {status}\r\nContent-Length: {len(content)}\r\nConnection: close\r\n\r\n"
            .encode() + content
        )  # fmt: skip


@pytest.fixture
def stand_in(bucket, settings):
    with Storage() as server:
        elsewhere(settings, S3_ENDPOINT_URL=server.address)
        yield server
        server.released.set()
        server.shutdown()


def opened(name: str) -> str:
    """Open a file; return the name of the error, or "opened"."""
    try:
        default_storage.open(name).close()
    except (FileNotFoundError, StorageError) as problem:
        return type(problem).__name__
    return "opened"


def test_after_two_failures_the_bucket_is_not_asked_until_one_call_succeeds(
    stand_in, monkeypatch, caplog
):
    monkeypatch.setattr(breaker, "PAUSE_SECONDS", 0.5)
    assert opened("originals/a") == "FileNotFoundError"
    stand_in.broken = True
    assert [opened("originals/a") for _ in range(2)] == ["StorageError"] * 2
    before = stand_in.asked
    assert [opened("originals/a") for _ in range(20)] == ["StorageBusyError"] * 20
    with pytest.raises(StorageBusyError, match="Pressroom tries again in"):
        default_storage.save("originals/b", ContentFile(b"upload"))
    assert stand_in.asked == before
    time.sleep(0.6)
    assert opened("originals/a") == "StorageError"  # this call tried the bucket
    assert opened("originals/a") == "StorageBusyError"
    stand_in.broken = False
    time.sleep(0.6)
    assert opened("originals/a") == "FileNotFoundError"
    assert caplog.text.count("is asked again later") == 1
    assert caplog.text.count("answers again") == 1


def test_only_one_of_many_calls_tries_the_bucket_again(stand_in, monkeypatch):
    monkeypatch.setattr(breaker, "PAUSE_SECONDS", 0.2)
    monkeypatch.setattr(storage_basics, "web_threads", 16)
    stand_in.broken = True
    for _ in range(2):
        opened("originals/a")
    stand_in.broken = False
    time.sleep(0.3)
    with ThreadPoolExecutor(8) as readers:
        tries = readers.submit(opened, "originals/hangs")
        time.sleep(0.2)
        assert set(readers.map(opened, ["originals/a"] * 7)) == {"StorageBusyError"}
        stand_in.released.set()
        assert tries.result() == "FileNotFoundError"
    assert opened("originals/a") == "FileNotFoundError"


@pytest.mark.parametrize(("threads", "most"), [(0, 1), (1, 1), (2, 1), (4, 2), (5, 2), (16, 8)])
def test_half_of_the_threads_wait_for_files_and_the_others_fail_at_once(
    stand_in, monkeypatch, threads, most
):
    monkeypatch.setattr(storage_basics, "web_threads", threads)
    assert opened("originals/a") == "FileNotFoundError"
    with ThreadPoolExecutor(most + 3) as readers:
        stuck = [readers.submit(opened, "originals/hangs") for _ in range(most)]
        time.sleep(0.2)
        began = time.monotonic()
        assert set(readers.map(opened, ["originals/a"] * 3)) == {"StorageBusyError"}
        assert time.monotonic() - began < 1
        stand_in.released.set()
        assert {reader.result() for reader in stuck} == {"FileNotFoundError"}


def test_background_work_takes_no_slot_of_readers(stand_in, monkeypatch):
    monkeypatch.setattr(storage_basics, "web_threads", 2)

    def open_in_background(name: str) -> str:
        with storage_basics.in_background():
            return opened(name)

    with ThreadPoolExecutor(2) as others:
        stuck = others.submit(open_in_background, "originals/hangs")
        time.sleep(0.2)
        assert opened("originals/a") == "FileNotFoundError"
        stand_in.released.set()
        assert stuck.result() == "FileNotFoundError"


def test_a_file_that_comes_byte_by_byte_is_given_up(stand_in, monkeypatch):
    monkeypatch.setattr("assets.bucket.FETCH_SECONDS", 0.5)
    began = time.monotonic()
    with pytest.raises(StorageError, match="does not answer"):
        default_storage.open("originals/trickles")
    assert time.monotonic() - began < 5


@pytest.mark.django_db
def test_an_upload_while_the_bucket_is_not_asked_is_refused_in_a_sentence(
    stand_in, at_desk, author
):
    stand_in.broken = True
    for _ in range(2):
        opened("originals/a")
    answer = at_desk(author).post(
        "/admin/assets/mediaasset/upload/",
        {"file": SimpleUploadedFile("field.jpg", JPEG, content_type="image/jpeg")},
    )
    assert answer.status_code < 500
    assert "field.jpg was not stored: our files can’t be reached" in answer.content.decode()
    assert not MediaAsset.objects.exists()


# --- The probe ---------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_site_is_ready_once_it_has_reached_its_bucket(stand_in, client):
    stand_in.broken = True
    answer = client.get("/readyz")
    assert (answer.status_code, answer.content.splitlines()[0]) == (503, b"not ready: storage")
    stand_in.broken = False
    until = time.monotonic() + 30
    while (answer := client.get("/readyz")).status_code != 200 and time.monotonic() < until:
        time.sleep(0.1)  # the first check may still be running, and no second one starts
    assert (answer.status_code, answer.content.splitlines()[0]) == (200, b"ready")
    stand_in.broken = True
    for _ in range(4):  # also when the circuit breaker no longer asks the bucket
        answer = client.get("/readyz")
        assert (answer.status_code, answer.content.splitlines()[0]) == (
            200,
            b"ready, degraded: storage",
        )


class Line(ThreadingTCPServer):
    """A proxy between the newsroom and its database that can be interrupted."""

    daemon_threads = True

    def __init__(self, host: str, port: int) -> None:
        self.to = (host, port)
        self.flows = Event()
        self.flows.set()
        super().__init__(("127.0.0.1", 0), Pump)
        Thread(target=self.serve_forever, daemon=True).start()


class Pump(StreamRequestHandler):
    def handle(self) -> None:
        with socket.create_connection(self.server.to) as onward:
            back = Thread(target=self.pump, args=(onward, self.request), daemon=True)
            back.start()
            self.pump(self.request, onward)
            back.join(5)

    def pump(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while piece := source.recv(65536):
                self.server.flows.wait()
                target.sendall(piece)
            target.shutdown(socket.SHUT_WR)


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite is no server")
@pytest.mark.django_db(transaction=True)
def test_a_probe_is_quick_while_the_database_does_not_answer(tmp_path):
    url = environment()["DATABASE_URL"]
    place = urlsplit(url)
    with Line(place.hostname, place.port or 5432) as line:
        between = url.replace(
            f"@{place.netloc.rpartition('@')[2]}", f"@127.0.0.1:{line.server_address[1]}"
        )
        with gunicorn(tmp_path / "log", 1, 4, DATABASE_URL=between) as port:
            assert ask(port, "/").status == 200
            line.flows.clear()
            probes = [ask(port, "/readyz") for _ in range(5)]
            line.flows.set()
            assert slowest(probes) < 2
            assert {(probe.status, probe.content.splitlines()[0]) for probe in probes} == {
                (503, b"not ready: database, migrations")
            }
            until = time.monotonic() + 30
            while ask(port, "/readyz").status != 200 and time.monotonic() < until:
                time.sleep(0.1)  # the last check may still be running, and no second one starts
            for path in ("/readyz", "/", "/readyz", "/prisoners/"):
                assert ask(port, path).status == 200
        line.shutdown()

"""gunicorn without nginx waits for slow clients, but they occupy no thread."""

import runpy
import socket
import threading
import time
from contextlib import closing

import pytest

from tests.deployment import ROOT, Node

pytestmark = pytest.mark.once
MODULE = str(ROOT / "pressroom/connections.py")


@pytest.fixture
def pair():
    """Two ends of a connection. Ours checks every 0.2 seconds for 1,000 bytes a second."""
    module = runpy.run_path(MODULE)
    patient = module["PatientSocket"]
    here = patient.recv.__globals__
    here["WINDOW_SECONDS"], here["MIN_BYTES_PER_SECOND"], here["CHUNK_BYTES"] = 0.2, 1_000, 200
    ours, theirs = socket.socketpair()
    ours = patient(ours.family, ours.type, ours.proto, fileno=ours.detach())
    with closing(ours), closing(theirs):
        yield ours, theirs


@pytest.mark.parametrize("length", ["60000", "00000000000000060000", " \t60000 "])
def test_gunicorn_waits_for_a_small_body_however_its_length_is_written(length):
    module = runpy.run_path(MODULE)
    conn = module["Connection"].__new__(module["Connection"])
    head = f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length:{length}\r\n\r\n".encode()
    conn.needed, conn.early = 0, bytearray(head + b"x" * 59_999)
    assert not conn.is_complete()
    conn.early += b"x"
    assert conn.is_complete()


def trickle(end: socket.socket, stop: threading.Event, size: int) -> threading.Thread:
    def send():
        while not stop.wait(0.02):
            end.send(b"x" * size)

    thread = threading.Thread(target=send)
    thread.start()
    return thread


@pytest.mark.parametrize(("size", "is_given_up"), [(0, True), (1, True), (400, False)])
def test_a_client_that_sends_too_slowly_is_given_up(pair, size, is_given_up):
    ours, theirs = pair
    stop, given_up, begun = threading.Event(), False, time.monotonic()
    thread = trickle(theirs, stop, size)
    try:
        while time.monotonic() < begun + 0.8:
            ours.recv(1024)
    except ConnectionResetError:
        given_up = True
    finally:
        stop.set()
        thread.join()
    assert given_up == is_given_up


def test_a_client_that_does_not_read_its_answer_is_given_up(pair):
    ours, _theirs = pair
    begun = time.monotonic()
    with pytest.raises(ConnectionResetError):
        ours.sendall(b"x" * 50_000_000)
    assert time.monotonic() - begun < 5
    assert ours.gettimeout() is None


def test_a_file_whose_reader_does_not_read_is_given_up(pair, tmp_path):
    ours, _theirs = pair
    large = tmp_path / "large"
    large.write_bytes(b"x" * 50_000_000)
    with large.open("rb") as file, pytest.raises(ConnectionResetError):
        ours.sendfile(file)


def answers(port: int, *pieces: bytes, pause: float = 0.1) -> bytes:
    with closing(socket.create_connection(("127.0.0.1", port), timeout=30)) as client:
        for piece in pieces:
            client.sendall(piece)
            time.sleep(pause)
        client.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: client.recv(65536), b""))


@pytest.mark.django_db(transaction=True)
def test_a_request_may_come_in_pieces_and_several_at_once(transactional_db, tmp_path):
    ask = b"GET /robots.txt HTTP/1.1\r\nHost: localhost\r\n"
    post = b"POST /admin/login/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 8\r\n"
    last = b"Connection: close\r\n\r\n"
    with Node(tmp_path / "log", 1, 2) as node:
        for pieces, expected in [
            ([ask + last], [b"200"]),
            ([ask[:9], ask[9:], last], [b"200"]),
            ([ask, b"\r\n" + ask, last], [b"200", b"200"]),
            ([ask + b"\r\n" + ask + b"\r\n" + ask + last], [b"200"] * 3),
            ([post + b"\r\n", b"a=b", b"&c=de" + ask + last], [b"403", b"200"]),
            ([ask + b"\r\n" + ask[:20], ask[20:] + last], [b"200", b"200"]),
            ([b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 20_000], [b"431"]),
        ]:
            got = answers(node.port, *pieces)
            found = [line.split()[1] for line in got.split(b"\n") if line.startswith(b"HTTP/1.1")]
            assert found == expected, pieces[0][:40]
        # Clients that send nothing, or half of a head, occupy neither of the two threads.
        idle = [socket.create_connection(("127.0.0.1", node.port)) for _ in range(8)]
        for one in idle[:4]:
            one.sendall(ask)
        begun = time.monotonic()
        assert b"200 OK" in answers(node.port, ask + last, pause=0)
        assert time.monotonic() - begun < 5
        for one in idle:
            one.close()

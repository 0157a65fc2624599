"""Lets gunicorn wait for slow clients without using threads.

gunicorn.conf.py loads this file by its path, outside of Django, so it must not import other modules
of Pressroom. nginx does the same, and better: this is for gunicorn without nginx in front of it.

The main loop of a worker waits until the head of a request has arrived, and its body if that is
small. Only then does a thread get the request. The thread reads a larger body. It closes the
connection if the client is slower than MIN_BYTES_PER_SECOND, also while it sends the response.
"""

import errno
import re
import resource
import select
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from selectors import EVENT_READ
from typing import Any

from gunicorn.workers import gthread

HEAD_SECONDS = 10  # for a head, and again for a small body
HEAD_BYTES = 64 * 1024
BODY_BYTES = 64 * 1024  # public forms are smaller; threads read larger bodies
LINGER_SECONDS = 2  # for a client to read the end of the response
MIN_BYTES_PER_SECOND = 8 * 1024  # of a body or a response
WINDOW_SECONDS = 20  # of waiting; the speed is measured over this time
CHUNK_BYTES = MIN_BYTES_PER_SECOND * WINDOW_SECONDS
CONNECTIONS = 4096  # per worker, at a time
TOO_LARGE = b"\r\n".join(
    [
        b"HTTP/1.1 431 Request Header Fields Too Large",
        b"Connection: close",
        b"Content-Length: 0",
        b"",
        b"",
    ]
)

_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*0*(\d{1,15})[ \t]*\r\n", re.IGNORECASE)


def too_slow() -> ConnectionResetError:
    """Return an error on which gunicorn closes the connection without logging it."""
    return ConnectionResetError(errno.ECONNRESET, "The client is too slow.")


class PatientSocket(socket.socket):
    """A socket that closes a slow connection instead of blocking its thread for ever.

    Only in blocking mode, which threads use. Raises ConnectionResetError.
    """

    _waited = 0.0
    _received = 0

    def recv(self, size: int, flags: int = 0) -> bytes:
        if self.gettimeout() is not None:
            return super().recv(size, flags)
        self._wait_for_more()
        data = super().recv(size, flags)
        self._received += len(data)
        return data

    def _wait_for_more(self) -> None:
        poll = select.poll()
        poll.register(self, select.POLLIN)
        while True:
            begun = time.monotonic()
            found = poll.poll(max(0, 1000 * (WINDOW_SECONDS - self._waited)))
            self._waited += time.monotonic() - begun
            if found and self._waited < WINDOW_SECONDS:
                return
            if self._received < CHUNK_BYTES:
                raise too_slow()
            self._waited, self._received = 0.0, 0

    def sendall(self, data: Any, flags: int = 0) -> None:
        rest = memoryview(data)
        while rest:
            with self._within_the_window():
                super().sendall(rest[:CHUNK_BYTES], flags)
            rest = rest[CHUNK_BYTES:]

    def sendfile(self, file: Any, offset: int = 0, count: int | None = None) -> int:
        # The timeout applies to each wait for the client. The kernel's buffer makes them rare.
        with self._within_the_window():
            return super().sendfile(file, offset, count)

    def _within_the_window(self) -> "Window":
        return Window(self)


class Window:
    """Sets a timeout on a socket for a block of code, then makes the socket blocking again."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock

    def __enter__(self) -> None:
        self.sock.settimeout(WINDOW_SECONDS)

    def __exit__(self, kind: Any, problem: Any, trace: Any) -> None:
        with suppress(OSError):
            self.sock.setblocking(True)
        if isinstance(problem, TimeoutError):
            raise too_slow() from None


def _received(sock: socket.socket) -> bytes | None:
    """Return the bytes that have arrived, None if there are none, b"" if the client has left."""
    try:
        return sock.recv(64 * 1024)
    except BlockingIOError:
        return None
    except OSError:
        return b""


class Connection(gthread.TConn):
    """A connection, with the bytes of its next request that have arrived so far."""

    def __init__(self, *arguments: Any, linger: Callable[["Connection"], None]) -> None:
        super().__init__(*arguments)
        self.early = bytearray()
        self.needed = 0  # bytes to wait for; 0 until the head has arrived
        self.deadline = 0.0
        self._linger = linger

    def begin(self) -> None:
        self.needed = 0
        self.deadline = time.monotonic() + HEAD_SECONDS

    def is_complete(self) -> bool:
        """Return whether a thread can get the request: the head and a small body have arrived."""
        if not self.needed:
            end = self.early.find(b"\r\n\r\n")
            if end < 0:
                return False
            header = _LENGTH.search(self.early, 0, end + 2)
            length = int(header[1]) if header else 0
            self.needed = end + 4 + (length if length <= BODY_BYTES else 0)
            self.deadline = time.monotonic() + HEAD_SECONDS
        return len(self.early) >= self.needed

    def has_no_end(self) -> bool:
        """Return whether the head is longer than HEAD_BYTES."""
        return not self.needed and len(self.early) > HEAD_BYTES

    def init(self) -> None:
        super().init()
        if self.early:
            self.parser.unreader.unread(bytes(self.early))
            self.early.clear()

    def close(self, graceful: bool = False) -> None:
        if graceful:
            self._linger(self)
        else:
            super().close()


class Worker(gthread.ThreadWorker):
    """A threaded worker whose main loop waits for the heads of requests.

    gunicorn's own worker gives each new connection to a thread, which waits for the request. Its
    main loop also waits two seconds for each client that does not close its connection.
    """

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.arriving: set[Connection] = set()
        self.lingering: set[Connection] = set()
        self._swept = 0.0

    def init_process(self) -> None:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = 2 * self.worker_connections
        if soft != resource.RLIM_INFINITY and soft < wanted:
            if hard != resource.RLIM_INFINITY:
                wanted = min(wanted, hard)
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        super().init_process()

    def accept(self, listener: Any) -> None:
        if self.cfg.is_ssl:
            super().accept(listener)
            return
        try:
            client, address = listener.accept()
        except OSError as problem:
            if problem.errno not in (errno.EAGAIN, errno.ECONNABORTED, errno.EWOULDBLOCK):
                raise
            return
        family, kind, protocol = client.family, client.type, client.proto
        patient = PatientSocket(family, kind, protocol, fileno=client.detach())
        conn = Connection(self.cfg, patient, address, listener.getsockname(), linger=self._linger)
        self.nr_conns += 1
        self._await_request(conn)

    def on_client_socket_readable(self, conn: Any, client: Any) -> None:
        if not isinstance(conn, Connection):
            super().on_client_socket_readable(conn, client)
            return
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        self._await_request(conn)

    def enqueue_req(self, conn: Any) -> None:
        """Give a request to a thread. First wait for the rest of an incomplete, pipelined one."""
        if isinstance(conn, Connection) and conn.initialized and not conn.early:
            conn.early += conn.parser.unreader.take_buffered()
            if conn.early:
                conn.begin()
                if not conn.is_complete():
                    self._await_request(conn)
                    return
        if isinstance(conn, Connection):
            conn.data_ready = True
            conn.sock._waited, conn.sock._received = 0.0, 0
            if conn.initialized and conn.early:
                conn.parser.unreader.unread(bytes(conn.early))
                conn.early.clear()
        super().enqueue_req(conn)

    def _await_request(self, conn: Connection) -> None:
        conn.begin()
        conn.sock.setblocking(False)
        self.arriving.add(conn)
        self.poller.register(conn.sock, EVENT_READ, partial(self._on_arriving, conn))

    def _on_arriving(self, conn: Connection, _: Any) -> None:
        data = _received(conn.sock)
        if data is None:
            return
        conn.early += data
        if not data:
            self._drop(conn)
        elif conn.is_complete():
            self.poller.unregister(conn.sock)
            self.arriving.discard(conn)
            self.enqueue_req(conn)
        elif conn.has_no_end():
            self.poller.unregister(conn.sock)
            self.arriving.discard(conn)
            self.nr_conns -= 1
            with suppress(OSError):
                conn.sock.send(TOO_LARGE)
            self._linger(conn)

    def _linger(self, conn: Connection) -> None:
        """Close a connection when its client has closed it, or after LINGER_SECONDS.

        Closing it at once would reset it if a part of the request is unread, and the client would
        not get the response.
        """
        try:
            conn.sock.setblocking(False)
            conn.sock.shutdown(socket.SHUT_WR)
            self.poller.register(conn.sock, EVENT_READ, partial(self._on_lingering, conn))
        except (OSError, ValueError, KeyError, RuntimeError):
            conn.close()
            return
        conn.deadline = time.monotonic() + LINGER_SECONDS
        conn.needed = HEAD_BYTES  # bytes that the client may still send
        self.lingering.add(conn)
        self.nr_conns += 1

    def _on_lingering(self, conn: Connection, _: Any) -> None:
        data = _received(conn.sock)
        if data is None:
            return
        conn.needed -= len(data)
        if not data or conn.needed < 0:
            self._drop(conn)

    def murder_pending(self) -> None:
        """Close connections whose deadline has passed. Once a second, because it checks all."""
        super().murder_pending()
        now = time.monotonic()
        if now - self._swept < 1:
            return
        self._swept = now
        late = [conn for conn in (*self.arriving, *self.lingering) if conn.deadline < now]
        for conn in late:
            self._drop(conn)
        if not self.alive:  # a silent client must not delay the stop of a worker
            soonest = now + gthread.STOP_KEEPALIVE_LINGER
            for conn in self.arriving:
                if not conn.early:
                    conn.deadline = min(conn.deadline, soonest)

    def _drop(self, conn: Connection) -> None:
        with suppress(OSError, KeyError, ValueError):
            self.poller.unregister(conn.sock)
        self.arriving.discard(conn)
        self.lingering.discard(conn)
        self.nr_conns -= 1
        conn.close()

    def _keepalive_after(self, conn: Any, keepalive: Any) -> bool:
        """Keep a connection open only if the body has arrived: gunicorn would wait for the rest."""
        if not keepalive:
            return False
        return bool(conn.parser.finish_body(deadline=time.monotonic() + 0.05))

"""Clients that are slow on purpose, from one address or from many.

It runs in a separate process, so that it does not slow down the process that measures:

    python tests/storm.py PORT PATH SOCKETS ADDRESSES [plain]

A third of the sockets send the head of a request at a byte a second, a third the body of a form,
and a third read their response at a byte a second. A closed socket connects again after a second.
"""

import asyncio
import contextlib
import ssl
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

FORGED = "sessionid=abcdefghijklmnopqrstuvwxyz012345; csrftoken=" + "a" * 32


async def be_slow(number: int, port: int, path: str, address: str, tls, open_now: set) -> None:
    head = f"%s {path} HTTP/1.1\r\nHost: localhost\r\nCookie: {FORGED}\r\n"
    body = (
        "Content-Type: multipart/form-data; boundary=x\r\n"
        if number % 2
        else "Content-Type: application/x-www-form-urlencoded\r\n"
    )
    while True:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, ssl.SSLError):
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", port, ssl=tls, local_addr=(address, 0), limit=256,
                ssl_handshake_timeout=60 if tls else None,
            )  # fmt: skip
            open_now.add(number)
            try:
                if number % 3 == 0:
                    writer.write((head % "GET").encode())
                elif number % 3 == 1:
                    size = 60_000 if path == "/admin/login/" else 900_000
                    writer.write((head % "POST" + f"{body}Content-Length: {size}\r\n\r\n").encode())
                else:
                    writer.write((head % "GET" + "\r\n").encode())
                while True:
                    if number % 3 == 2:
                        if not await reader.read(1):
                            break
                    else:
                        writer.write(b"x")
                        await writer.drain()
                        if reader.at_eof():
                            break
                    await asyncio.sleep(1)
            finally:
                writer.close()
        await asyncio.sleep(1)


async def main(port: int, path: str, sockets: int, addresses: int, plain: bool) -> None:
    tls = None
    if not plain:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    open_now: set[int] = set()
    tasks = [
        asyncio.create_task(
            be_slow(n, port, path, f"127.7.{n % addresses // 200}.{n % addresses % 200 + 1}", tls,
                    open_now)
        )
        for n in range(sockets)
    ]  # fmt: skip
    while len(open_now) < sockets * 0.98:
        await asyncio.sleep(0.1)
    print("ready", flush=True)
    await asyncio.gather(*tasks)


@contextmanager
def storm(port: int, path: str, sockets: int = 500, addresses: int = 1, plain: bool = False):
    """Keep slow sockets open to a path of a server while the block runs."""
    arguments = [str(port), path, str(sockets), str(addresses), *(["plain"] if plain else [])]
    process = subprocess.Popen(
        [sys.executable, Path(__file__), *arguments], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout.readline() == "ready\n"
        yield
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


class Readers:
    """Readers at other addresses, and the seconds for each response: None if it was not a 200."""

    def __init__(self, connect, pages: list[str], headers: dict[str, str] | None = None) -> None:
        self.connect, self.pages, self.headers = connect, pages, headers or {}
        self.seconds: list[float | None] = []
        self.wrong: list[str] = []

    def read(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for page in self.pages:
                begun = time.monotonic()
                try:
                    connection = self.connect()
                    connection.request("GET", page, headers=self.headers)
                    status = connection.getresponse()
                    status.read()
                    connection.close()
                except OSError as problem:
                    self.wrong.append(f"{page}: {type(problem).__name__}")
                    self.seconds.append(None)
                else:
                    if status.status != 200:
                        self.wrong.append(f"{page}: {status.status}")
                    good = status.status == 200
                    self.seconds.append(time.monotonic() - begun if good else None)
                time.sleep(0.02)

    def answered(self) -> float:
        return sum(one is not None for one in self.seconds) / len(self.seconds)

    def within(self, limit: float) -> float:
        return sum(one is not None and one <= limit for one in self.seconds) / len(self.seconds)

    def slowest(self) -> float:
        return max((one for one in self.seconds if one is not None), default=float("inf"))


if __name__ == "__main__":
    port, path, sockets, addresses, *rest = sys.argv[1:]
    asyncio.run(main(int(port), path, int(sockets), int(addresses), bool(rest)))

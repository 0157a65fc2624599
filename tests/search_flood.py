"""A flood of different searches at a fixed rate, from many connections that stay open.

It runs in a separate process, so that it does not slow down the process that measures:

    python tests/search_flood.py PORT RATE SECONDS

It prints the number of answers by status, and the values of Retry-After, as JSON.
"""

import asyncio
import json
import random
import re
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

CONNECTIONS = 50
PATHS = ["/releases/?q={}", "/releases/feed.atom?q={}", "/releases/?kind=statement&q={}"]
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def different_query(chance: random.Random) -> str:
    """Return the path of a search for two words, of which the first is the beginning of a name."""
    word = "".join(chance.choices(LETTERS, k=6))
    return chance.choice(PATHS).format(f"{word}+{chance.choice(['release', 'text', 'hel', 'the'])}")


async def send(number: int, port: int, rate: float, begun: float, ends: float, seen: dict) -> None:
    """Send the requests of one connection, each at its time, or at once if it is late."""
    chance = random.Random(number)
    reader = writer = None
    turn = begun + number / rate
    while turn < ends and time.monotonic() < ends:
        await asyncio.sleep(max(0, turn - time.monotonic()))
        turn += CONNECTIONS / rate
        try:
            if writer is None:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
            path = different_query(chance)
            writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            await reader.readexactly(int(re.search(r"content-length: (\d+)", head, re.I)[1]))
        except (OSError, asyncio.IncompleteReadError) as problem:
            seen["statuses"][type(problem).__name__] += 1
            writer = None
            continue
        seen["statuses"][head.split()[1]] += 1
        if waits := re.search(r"retry-after: (\S+)", head, re.I):
            seen["retry_after"][waits[1]] += 1


async def main(port: int, rate: float, seconds: float) -> None:
    seen: dict = {"statuses": Counter(), "retry_after": Counter()}
    begun = time.monotonic()
    print("ready", flush=True)
    await asyncio.gather(
        *(send(n, port, rate, begun, begun + seconds, seen) for n in range(CONNECTIONS))
    )
    print(json.dumps(seen), flush=True)


@contextmanager
def search_flood(port: int, rate: float, seconds: float):
    """Flood a server while the block runs; yield a function that waits and returns what it saw."""
    process = subprocess.Popen(
        [sys.executable, Path(__file__), *map(str, (port, rate, seconds))],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip

    def result() -> dict:
        return json.loads(process.communicate(timeout=seconds + 60)[0])

    try:
        assert process.stdout.readline() == "ready\n"
        yield result
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


if __name__ == "__main__":
    port, rate, seconds = sys.argv[1:]
    asyncio.run(main(int(port), float(rate), float(seconds)))

"""The memory of a worker stops growing, however many requests it answers."""

import http.client
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from releases.models import Release
from tests.deployment import Node
from tests.make import PASSWORD, make_person, make_picture, make_release, quotation
from tests.nginx import sign_in

pytestmark = pytest.mark.django_db(transaction=True)

REQUESTS = 20_000
READERS = 4


def megabytes(node: Node) -> float:
    """Return the resident memory of the only worker of a node."""
    children = Path(f"/proc/{node.server.pid}/task/{node.server.pid}/children").read_text()
    status = Path(f"/proc/{children.split()[0]}/status").read_text()
    (line,) = [line for line in status.splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1]) / 1024


@pytest.mark.soak
def test_a_worker_takes_no_more_memory_after_twenty_thousand_requests(
    transactional_db, tmp_path, account
):
    speaker = make_person(title="Director", speaks=True)
    for number in range(10):
        make_release(title=f"Release {number}", poster=make_picture(),
                     body=f"<p>Hello</p>{quotation(speaker)}")  # fmt: skip
    release = Release.objects.first()
    address = release.get_absolute_url()
    pages = [
        "/", "/releases/", "/releases/?q=hello", "/releases/feed.atom", address,
        f"{address}release.txt", f"{address}release.json",
        f"{address}release.docx", f"{address}media.zip",
        f"{address}card.jpg", release.poster.public_url("teaser", "jpg"), "/people/",
        "/prisoners/", "/sitemap.xml", "/robots.txt", "/no-such-page/", "/admin/login/",
        "/admin/", "/admin/releases/release/", f"/admin/releases/release/{release.pk}/change/",
    ]  # fmt: skip
    with Node(tmp_path / "log", 1, 4) as node:
        with closing(http.client.HTTPConnection("127.0.0.1", node.port, timeout=60)) as connection:
            _, cookies = sign_in(connection, node.url, account, PASSWORD)
        session = {"Cookie": f"sessionid={cookies['sessionid']}"}
        wrong: list[str] = []

        def read(number: int, requests: int) -> None:
            with closing(http.client.HTTPConnection("127.0.0.1", node.port, timeout=60)) as one:
                for turn in range(requests):
                    page = pages[(number + turn) % len(pages)]
                    one.request("GET", page, headers=session if "/admin/" in page else {})
                    response = one.getresponse()
                    response.read()
                    if response.status not in (200, 302, 404):
                        wrong.append(f"{page}: {response.status}")

        seen = [megabytes(node)]
        for quarter in range(4):
            begun = time.monotonic()
            threads = [
                threading.Thread(target=read, args=[5 * n, REQUESTS // 4 // READERS])
                for n in range(READERS)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            seen.append(megabytes(node))
            speed = REQUESTS / 4 / (time.monotonic() - begun)
            done = f"after {(quarter + 1) * REQUESTS // 4:,} requests"
            print(f"{done}: {seen[-1]:.0f} MB ({speed:.0f} a second)", flush=True)
    print(f"at the start {seen[0]:.0f} MB, then {', '.join(f'{one:.0f}' for one in seen[1:])} MB")
    assert wrong == []
    # The last 10,000 requests add less than a twentieth.
    assert seen[4] < seen[2] * 1.05

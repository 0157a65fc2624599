"""Two servers on one database and one bucket: a change on one applies on the other at once."""

import http.client
import io
import os
import re
import time
from contextlib import ExitStack, closing
from urllib.parse import urlencode

import pytest
from django.core.files.storage import default_storage
from PIL import Image

from assets import storage
from assets.models import MediaAsset
from previews.throttle import THROTTLE_LIMIT
from releases.models import Probe
from tests import smtp_server
from tests.deployment import Node
from tests.make import make_link, make_picture, make_release, make_user
from tests.nginx import sign_in
from tests.test_storage import environment_of
from tests.test_to_the_second import wait_for

PASSWORD = "a long and quiet river"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def nodes(bucket, settings, tmp_path):
    """Two nodes with separate temporary folders, like two machines."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    with ExitStack() as running:
        started = []
        for name in ("a", "b"):
            temporary = tmp_path / name
            temporary.mkdir()
            node = Node(
                tmp_path / f"{name}.log", 1, 4, TMPDIR=str(temporary), **environment_of(bucket)
            )
            node.temporary = temporary
            started.append(running.enter_context(node))
        yield started


def ask(node, path, method="GET", body=None, cookies=None, **headers):
    with closing(http.client.HTTPConnection("127.0.0.1", node.port, timeout=60)) as connection:
        if cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        return response.status, response.read()


def signed_in(node) -> dict[str, str]:
    user = make_user("publisher", "Publisher", password=PASSWORD)
    with closing(http.client.HTTPConnection("127.0.0.1", node.port)) as connection:
        status, cookies = sign_in(connection, node.url, user.username, PASSWORD)
    assert status == 302
    return cookies


def form(node, path, cookies, values):
    """Fill in a form of the desk on a node, and return the answer."""
    page = ask(node, path, cookies=cookies)[1].decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[1]
    return ask(
        node, path, "POST", urlencode(values | {"csrfmiddlewaretoken": token}), cookies,
        **{"Content-Type": "application/x-www-form-urlencoded", "Referer": f"{node.url}{path}"},
    )  # fmt: skip


def test_a_hold_on_one_node_hides_a_release_on_both_at_once(nodes):
    a, b = nodes
    release = make_release(poster=make_picture())
    scheduled = make_release("scheduled")
    link = make_link(scheduled)
    picture = release.poster.public_url("poster", "jpg")
    for node in nodes:
        assert ask(node, release.get_absolute_url())[0] == 200
        assert ask(node, picture)[0] == 200
        assert ask(node, link)[0] == 200
    cookies = signed_in(a)
    assert ask(b, "/admin/", cookies=cookies)[0] == 200  # B accepts the session of A
    for held in (release, scheduled):
        status, _ = form(
            a, f"/admin/releases/release/{held.pk}/hold/", cookies, {"version": held.version}
        )
        assert status == 302
        hidden = [held.get_absolute_url(), picture] if held == release else [link]
        for node in nodes:
            assert [ask(node, path)[0] for path in hidden] == [404] * len(hidden)
    for node in nodes:
        assert release.slug.encode() not in ask(node, "/releases/feed.atom")[1]


def test_wrong_preview_addresses_on_both_nodes_are_counted_together(nodes):
    statuses = [
        ask(nodes[turn % 2], f"/preview/{'x' * 40}{turn}/")[0] for turn in range(THROTTLE_LIMIT + 4)
    ]
    assert statuses == [404] * THROTTLE_LIMIT + [429] * 4


def test_a_node_killed_during_an_upload_cleans_up_and_the_other_accepts_the_file(nodes):
    a, b = nodes
    cookies = signed_in(a)
    image = io.BytesIO()
    Image.frombytes("RGB", (1200, 1000), os.urandom(3_600_000)).save(image, "PNG")
    head, body = multipart(a, cookies, image.getvalue())
    connection = http.client.HTTPConnection("127.0.0.1", a.port, timeout=60)
    connection.putrequest("POST", "/admin/assets/mediaasset/upload/")
    for name, value in head.items():
        connection.putheader(name, value)
    connection.endheaders()
    connection.send(body[: len(body) - 1000])
    begun = time.monotonic()
    while not list(a.temporary.rglob("*.upload*")) and time.monotonic() - begun < 20:
        time.sleep(0.05)
    left = list(a.temporary.rglob("*.upload*"))
    assert left
    a.kill()
    connection.close()
    assert not MediaAsset.objects.exists()
    assert not list(storage.listed("originals/"))
    # A start removes files that are hours old, so age these by three hours.
    for path in left:
        os.utime(path, (time.time() - 3 * 60 * 60,) * 2)
    a.start()
    a.wait_until_ready()
    ask(a, "/")
    begun = time.monotonic()
    while list(a.temporary.rglob("*.upload*")) and time.monotonic() - begun < 20:
        time.sleep(0.1)
    assert not list(a.temporary.rglob("*.upload*"))
    head, body = multipart(b, cookies, image.getvalue())
    status, answer = ask(b, "/admin/assets/mediaasset/upload/", "POST", body, **head)
    assert status in (200, 302), answer
    picture = MediaAsset.objects.get()
    assert default_storage.size(picture.original.name) == len(image.getvalue())


def multipart(node, cookies, content):
    """Return headers and body of an upload at the desk, with the token of its form."""
    page = ask(node, "/admin/assets/mediaasset/upload/", cookies=cookies)[1].decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[1]
    edge = b"edgeedgeedge"
    parts = {"csrfmiddlewaretoken": token}
    body = b"".join(
        b'--%s\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
        % (edge, name.encode(), value.encode())
        for name, value in parts.items()
    )
    body += (
        b'--%s\r\nContent-Disposition: form-data; name="file"; filename="large.png"\r\n'
        b"Content-Type: image/png\r\n\r\n%s\r\n--%s--\r\n" % (edge, content, edge)
    )
    headers = {
        "Content-Type": f"multipart/form-data; boundary={edge.decode()}",
        "Content-Length": str(len(body)),
        "Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items()),
        "Referer": f"{node.url}/admin/assets/mediaasset/upload/",
    }
    return headers, body


def test_a_server_counts_probes_and_sends_their_e_mail_without_a_worker_process(tmp_path):
    approver = make_user("approver", "Publisher", email="publisher@newsroom.example")
    hidden = make_release("scheduled", by=approver)
    with smtp_server.running() as mail:
        sent = {"EMAIL_URL": f"smtp://127.0.0.1:{mail.port}"}
        with Node(tmp_path / "log", 1, 4, **sent) as node:
            assert ask(node, hidden.get_absolute_url())[0] == 404
            wait_for(lambda: mail.letters != [])
    assert Probe.objects.get().times == 1
    assert mail.recipients == ["publisher@newsroom.example"]
    assert hidden.title not in mail.letters[0]

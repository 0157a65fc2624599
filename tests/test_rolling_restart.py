"""Two nodes behind nginx are restarted one after the other, and no request fails."""

import time
from contextlib import ExitStack

import pytest

from releases.models import Release
from tests.deployment import Node
from tests.make import PASSWORD, make_person, make_picture, make_release, quotation
from tests.nginx import Front, needs_nginx
from tests.rolling import Load, restart

pytestmark = [pytest.mark.django_db(transaction=True), needs_nginx]


@pytest.fixture
def deployment(transactional_db, tmp_path, account):
    """Two nodes on one database behind nginx, and a load of readers and editors."""
    speaker = make_person(title="Director", speaks=True)
    make_release(body=f"<p>Hello</p>{quotation(speaker)}", poster=make_picture())
    release = Release.objects.get()
    pages = ["/", "/releases/feed.atom", release.get_absolute_url(),
             release.poster.public_url("teaser", "jpg")]  # fmt: skip
    (tmp_path / "nginx").mkdir()
    with ExitStack() as stack:
        nodes = [
            stack.enter_context(Node(tmp_path / name, 1, 4, HTTPS="on", TRUST_PROXY="on"))
            for name in ("one", "two")
        ]
        front = Front(tmp_path / "nginx", *(node.port for node in nodes))
        stack.callback(front.stop)
        yield nodes, Load(front, pages, account, PASSWORD)


def restart_under_load(deployment, rounds: int, seconds_apart: float) -> Load:
    nodes, load = deployment
    with load.running():
        time.sleep(2)
        restart(nodes, rounds, seconds_apart, log=print)
        for node in nodes:
            node.wait_until_ready()
        time.sleep(2)
    print(f"{seconds_apart} s apart: {load.total()} answers, {load.total('sign-in')} of them "
          f"sign-ins, {load.total('post')} other POSTs; slowest {load.slowest:.1f} s; "
          f"wrong: {load.wrong() or 'none'}")  # fmt: skip
    return load


def test_nobody_gets_an_error_while_two_nodes_restart_four_seconds_apart(deployment):
    load = restart_under_load(deployment, rounds=1, seconds_apart=4)
    assert load.wrong() == {}
    assert min(load.total("read"), load.total("post"), load.total("sign-in")) > 0


@pytest.mark.soak
@pytest.mark.parametrize(("rounds", "seconds_apart"), [(6, 13), (15, 4)])
def test_nobody_gets_an_error_over_minutes_of_restarts(deployment, rounds, seconds_apart):
    load = restart_under_load(deployment, rounds, seconds_apart)
    assert load.wrong() == {}
    assert load.total() > 1_000

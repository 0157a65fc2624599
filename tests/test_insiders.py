"""No page of the desk shows a secret to users who are not insiders: every address × every role.

`tests/insiders.py` has the secrets and the addresses. Each address is requested, and the values of
its forms are posted to it.
"""

from collections import Counter

import pytest
from django.db import transaction
from django.test import override_settings

from tests.insiders import (
    SECRETS,
    desk_addresses,
    desk_posts,
    desk_queries,
    desk_routes,
    folded,
    words_in,
)
from tests.make import make_user
from tests.signing_in import confirmed_client

pytestmark = pytest.mark.django_db

ROLES = {
    "author": ["Author"],
    "editor who once had access": ["Editor"],
    "publisher": ["Publisher"],
    "case officer who is not named": ["Publisher", "Case officer"],
    "administrator": ["Publisher", "Administrator"],
    "superuser": [],
}
# Every role asks about the release. About the person, only the strongest role outside asks in each
# run, because the tests take long; the others ask in `make soak`.
STRONGEST = "superuser"
PAIRS = [
    pytest.param(
        secret, role,
        marks=[pytest.mark.soak] if secret == "a person at level 0" and role != STRONGEST else [],
    )
    for secret in SECRETS for role in ROLES
]  # fmt: skip
# Addresses that no role opens, with the reason.
NEVER_OPENED = {
    "/admin/r/%(row)s": "does not exist for anyone",
    "/admin/previews/previewlink/issued/%(batch)s/": "shows new links once, to the user who issued",
}


class Newsroom:
    """A newsroom with one secret, and a user of each role."""

    def __init__(self, secret_class):
        self.users = {
            role: make_user("role", *groups, is_superuser=role == "superuser")
            for role, groups in ROLES.items()
        }
        self.secret = secret_class(former=self.users["editor who once had access"])
        self.by_route = desk_addresses(self.secret)
        self.queries = desk_queries(self.secret)
        self.posts = desk_posts(self.secret)


@pytest.fixture(scope="module", params=SECRETS)
def built(request, django_db_setup, django_db_blocker, tmp_path_factory):
    """A newsroom for all tests of this module, which changes nothing in it for good."""
    media = tmp_path_factory.mktemp("media")
    with django_db_blocker.unblock(), transaction.atomic():
        with override_settings(MEDIA_ROOT=media):
            newsroom = Newsroom(SECRETS[request.param])
        newsroom.media = media
        yield newsroom
        transaction.set_rollback(True)


@pytest.fixture
def newsroom(built, settings):
    settings.MEDIA_ROOT = built.media
    return built


def answers(newsroom, client, *, posts=True):
    """Yield the method, the route, the address and the answer of each request to the desk."""
    for route, addresses in newsroom.by_route.items():
        if "logout" in route:
            continue
        for address in addresses:
            yield "GET", route, address, client.get(address)
            if posts:
                with transaction.atomic():
                    cookies = client.cookies.copy()
                    yield "POST", route, address, client.post(address, newsroom.posts)
                    client.cookies = cookies
                    transaction.set_rollback(True)
    for address in newsroom.queries:
        yield "GET", "", address, client.get(address)


@pytest.mark.parametrize(("built", "role"), PAIRS, indirect=["built"], scope="module")
def test_no_address_of_the_desk_shows_a_secret_to_a_role_outside(newsroom, role):
    client = confirmed_client(newsroom.users[role])
    client.get("/admin/")  # shows messages of earlier actions
    counts = Counter()
    for method, _route, address, answer in answers(newsroom, client):
        assert not words_in(answer, newsroom.secret.words), (method, address)
        counts[method, answer.status_code] += 1
    assert counts["GET", 200] > 80, counts
    assert counts["POST", 200] > 20, counts


def test_an_insider_finds_each_word_and_each_address_is_opened(newsroom):
    """A word that no page shows to an insider, or a page that nobody opens, would prove nothing."""
    secret, insider = newsroom.secret, newsroom.secret.insider
    client = confirmed_client(insider)
    for address, what in secret.pages().items():
        assert what in words_in(client.get(address), secret.words), address
    insider.is_superuser = True  # opens the other pages too
    insider.save()
    seen, opened = set(), set()
    for _method, route, _address, answer in answers(newsroom, client, posts=False):
        seen |= words_in(answer, secret.words)
        opened |= {route} if answer.status_code != 404 else set()
    assert seen == set(secret.words)
    left = {route for route, _names in desk_routes() if "logout" not in route} - opened
    assert left == NEVER_OPENED.keys(), "an address needs a row of its own in `route_values`"


def test_a_word_is_found_in_each_form_that_an_answer_can_have():
    for text in ("ZAUNKÖNIGIN", "Zaunko\u0308nigin", "Zaunk&ouml;nigin", "Zaunk%C3%B6nigin",
                 "Zaunk\\u00f6nigin", "zaunkonigin"):  # fmt: skip
        assert "zaunkonigin" in folded(text), text

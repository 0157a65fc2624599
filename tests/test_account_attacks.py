"""What somebody can do to the accounts of others: from outside, as a colleague, as a superuser."""

import re
import threading
import time
from contextlib import ExitStack

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from accounts import passwords, recovery, team, throttle
from accounts.models import AccessEvent, User
from jobs.models import Email
from people.models import Level
from tests.make import PASSWORD, make_chief, make_person, make_user
from tests.signing_in import (
    code_of,
    enrol,
    enter_code,
    factors_of,
    member,
    sent_link,
    sign_in,
    text,
    verbs,
)
from tests.test_password_hashes import busy
from tests.test_team_pages import stock

pytestmark = pytest.mark.django_db
NEW = "another lantern in the harbour"
LIMITED = "accounts.hashers.LimitedPasswordHasher"  # the hasher of new passwords outside tests


def test_the_address_of_a_colleague_as_a_username_locks_nobody_out(client):
    ada = member()
    squatter = member(email="squatter@newsroom.example", password="other-" * 3)
    User.objects.filter(pk=squatter.pk).update(username=ada.email)
    assert sign_in(client, ada.email).status_code == 302
    assert verbs(ada) == ["signed_in"]
    assert sign_in(Client(), squatter.email, "other-" * 3).status_code == 302
    assert verbs(squatter) == ["signed_in"]


def test_an_address_of_two_old_accounts_can_be_the_username_of_one(client):
    one, two = member(), member(name="two", password="other-" * 3)
    User.objects.filter(pk=one.pk).update(username=one.email)
    User.objects.filter(pk=two.pk).update(email=one.email)
    assert sign_in(client, one.email).status_code == 302
    assert verbs(one) == ["signed_in"]


def test_invented_passkeys_after_the_password_cannot_fill_the_record(client, monkeypatch):
    monkeypatch.setattr(throttle, "MAX_RECORDED_FAILURES", 3)
    ada = enrol(member())
    sign_in(client, ada)
    for _guess in range(6):
        client.post("/admin/account/second-step/", {"credential": "{}"})
    assert verbs(ada) == ["sign_in_failed"] * 3


@pytest.fixture
def superuser(client):
    chief = make_chief()
    client.force_login(chief)
    return chief


def test_the_old_address_is_notified_if_a_superuser_enters_another(client, superuser):
    ada = member()
    page = f"/admin/accounts/user/{ada.pk}/change/"
    assert client.post(page, stock(ada, email="thief@n.example")).status_code == 302
    assert verbs(ada) == ["email_changed"]
    assert AccessEvent.objects.get().actor_id == superuser.pk
    subject = "Your e-mail address was changed"
    assert {*Email.objects.filter(subject=subject).values_list("to", flat=True)} == {
        ada.email, "thief@n.example",
    }  # fmt: skip


def test_a_superuser_cannot_take_the_desk_from_the_last_case_officer(client, superuser):
    ada = make_user("ada", "Case officer", password=PASSWORD)
    make_person("Teodor Brask", level=Level.CASE_OFFICERS).case_officers.add(ada)
    page = f"/admin/accounts/user/{ada.pk}/change/"
    shown = text(client.post(page, stock(ada, is_staff="")))
    assert f"can’t continue without {ada}" in shown
    assert User.objects.get(pk=ada.pk).is_staff
    client.post(page, stock(ada, is_active=""))  # a pause, which stops a stolen account
    assert not User.objects.get(pk=ada.pk).is_active


def test_the_last_person_who_writes_can_leave_without_a_successor(client):
    client.force_login(member("Administrator", name="boss"))
    ada = member()
    answer = client.post(f"/admin/team/{ada.pk}/leave/", {})
    assert (answer.status_code, answer["Location"]) == (302, "/admin/team/")
    assert User.objects.get(pk=ada.pk).left_at


def test_a_new_password_ends_a_sign_in_that_waits_for_a_code(client):
    ada, thief = enrol(member()), Client()
    sign_in(thief, ada)
    client.force_login(ada)
    ada.set_password("another lantern in the harbour")
    ada.save()
    assert enter_code(thief)["Location"] == "/admin/login/"
    assert thief.get("/admin/").status_code == 302
    sign_in(thief, ada, "another lantern in the harbour")
    assert enter_code(thief, code_of(steps=1))["Location"] == "/admin/"


def test_a_recovery_ends_with_the_rights_of_the_administrator_who_started_it(client):
    boss, ada = member("Administrator", name="boss"), enrol(member())
    recovery.start(ada, by=boss, identity_check="called")
    path = sent_link(ada.email)
    assert 'type="password"' in text(client.get(path))
    team.pause(boss, by=make_chief())
    page = text(client.post(path, {"password": PASSWORD}))
    assert "This link does not work" in page
    assert factors_of(ada) == ["totp"]


def test_superusers_cannot_remove_their_own_password(client, superuser):
    superuser.set_password(PASSWORD)
    superuser.save()
    client.force_login(superuser)
    page = f"/admin/accounts/user/{superuser.pk}/password/"
    assert 'name="usable_password"' not in text(client.get(page))
    answer = client.post(page, {"usable_password": "false", "unset-password": "1"})
    assert "This field is required." in text(answer)
    assert User.objects.get(pk=superuser.pk).has_usable_password()
    new = {"password1": "another lantern in the harbour"}
    assert client.post(page, new | {"password2": new["password1"]}).status_code == 302
    assert User.objects.get(pk=superuser.pk).check_password(new["password1"])


def token_in(client, path) -> str:
    return re.search(r'csrfmiddlewaretoken" value="(\w+)"', text(client.get(path)))[1]


def test_a_sign_in_page_that_was_open_continues_where_another_tab_signed_in():
    client, ada = Client(enforce_csrf_checks=True), member()
    old = token_in(client, "/admin/login/")
    signed_in = sign_in(client, ada, csrfmiddlewaretoken=token_in(client, "/admin/login/"))
    assert signed_in["Location"] == "/admin/"
    for path in ("/admin/login/", "/admin/account/second-step/"):
        for asked, target in (
            ("/admin/account/", "/admin/account/"),
            ("//evil.example", "/admin/"),
        ):
            answer = client.post(path, {"csrfmiddlewaretoken": old, "next": asked})
            assert (answer.status_code, answer["Location"]) == (302, target)
    # Other forms, and strangers, still read that the form has expired.
    assert client.post("/admin/account/password/", {"csrfmiddlewaretoken": old}).status_code == 403
    stranger = Client(enforce_csrf_checks=True)
    assert "The form has expired" in text(stranger.post("/admin/login/", {"username": "ada"}))


def test_the_session_of_a_stranger_who_asks_for_a_challenge_is_short(client):
    def seconds() -> float:
        stored = Session.objects.get(pk=client.cookies["sessionid"].value)
        return (stored.expire_date - timezone.now()).total_seconds()

    client.post("/admin/account/passkey/options/")
    assert seconds() <= 15 * 60
    sign_in(client, enrol(member()))
    client.post("/admin/account/passkey/options/")
    enter_code(client)
    assert client.get("/admin/").status_code == 200
    assert seconds() > 11 * 60 * 60


def forms_of_links(client) -> dict[str, tuple[str, dict]]:
    """Return the form of each link that asks for a password, opened in a browser not known."""
    ada, boss = member(), member("Administrator", name="boss")
    new = {"new_password1": NEW, "new_password2": NEW}
    Client().post("/admin/account/reset/", {"email": ada.email})
    reset = client.get(sent_link(ada.email))["Location"]
    invitation = team.invite("new@n.example", name="New", roles=["Author"], by=boss)
    account = {"name": "New", "username": "new", "password1": NEW, "password2": NEW}
    cy = enrol(member(name="cy"))
    recovery.start(cy, by=boss, identity_check="called")
    return {
        "reset": (reset, new),
        "invitation": (team.path_of(invitation), account),
        "recovery": (sent_link(cy.email), {"password": PASSWORD}),
    }


@pytest.mark.parametrize("kind", ["reset", "invitation", "recovery"])
def test_a_link_waits_for_a_hash_while_strangers_are_refused(client, settings, kind):
    path, typed = forms_of_links(client)[kind]
    settings.PASSWORD_HASHERS = [LIMITED, *settings.PASSWORD_HASHERS]
    with ExitStack() as slots:
        slots.enter_context(busy(4))
        assert sign_in(Client(), "nobody").status_code == 429
        timer = threading.Timer(0.3, slots.close)
        timer.start()
        assert client.post(path, typed).status_code == 302
        timer.join()


@pytest.mark.parametrize("kind", ["reset", "invitation", "recovery"])
def test_a_link_waits_a_few_times_and_still_works_after_a_429(client, settings, monkeypatch, kind):
    path, typed = forms_of_links(client)[kind]
    settings.PASSWORD_HASHERS = [LIMITED, *settings.PASSWORD_HASHERS]
    monkeypatch.setattr(throttle, "WAIT_SECONDS", 0.2)
    monkeypatch.setattr(passwords, "WAIT_SECONDS", 0.2)
    with busy(4):
        for _ in range(throttle.LINK_WAITS):
            answer = client.post(path, typed)
            assert (answer.status_code, answer["Retry-After"]) == (429, "2")
            assert "If you opened a link from an e-mail, it still works." in text(answer)
        if kind != "recovery":  # the guesses of its password have a limit of their own
            monkeypatch.setattr(throttle, "WAIT_SECONDS", 60)
            begun = time.monotonic()
            assert client.post(path, typed).status_code == 429
            assert time.monotonic() - begun < 30
    assert client.post(path, typed).status_code == 302


def test_a_session_waits_for_the_hash_of_its_new_password(client, settings):
    ada = member()
    sign_in(client, ada)
    del client.cookies["browser"]
    settings.PASSWORD_HASHERS = [LIMITED, *settings.PASSWORD_HASHERS]
    typed = {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW}
    with ExitStack() as slots:
        slots.enter_context(busy(4))
        timer = threading.Timer(0.3, slots.close)
        timer.start()
        assert client.post("/admin/account/password/", typed).status_code == 302
        timer.join()


def test_a_known_browser_waits_for_a_hash_while_strangers_are_refused(client):
    ada = member()
    sign_in(client, ada)
    client.post("/admin/logout/")
    with ExitStack() as slots:
        slots.enter_context(busy(4))
        assert sign_in(Client(), ada).status_code == 429
        timer = threading.Timer(0.3, slots.close)
        timer.start()
        assert sign_in(client, ada).status_code == 302
        timer.join()

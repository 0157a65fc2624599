"""Signing in by password: who may, what a failure shows, and where a sign-in leads."""

import time
from datetime import timedelta

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.test import Client
from django.utils import timezone

from accounts import team, throttle
from accounts.models import AccessEvent, KnownBrowser, User
from jobs.models import Email
from tests.make import PASSWORD, make_chief
from tests.signing_in import (
    add_passkey,
    member,
    refused_passkey,
    sent_link,
    sign_in,
    text,
    verbs,
)
from tests.test_team_pages import stock

pytestmark = pytest.mark.django_db


class TestPassword:
    @pytest.mark.parametrize(
        "login", ["{0.username}", "{0.email}", " {0.email} ", "ADA@Newsroom.example"]
    )
    def test_a_user_signs_in_by_username_or_address(self, client, login):
        user = member()
        answer = sign_in(client, login.format(user))
        assert (answer.status_code, answer["Location"]) == (302, "/admin/")
        assert client.get("/admin/").status_code == 200
        assert verbs(user) == ["signed_in"]

    @pytest.mark.parametrize("login", ["éva", "ÉVA", "éVA", "E\u0301va", "éva@ÉCOLE.example"])
    def test_letters_beyond_ascii_are_compared_without_case_too(self, client, login):
        user = member(email="éva@École.example")
        User.objects.filter(pk=user.pk).update(username="Éva")
        assert sign_in(client, login).status_code == 302
        assert verbs(user) == ["signed_in"]

    @pytest.mark.parametrize("typed", ["kate@École.example", "KATE@ÉCOLE.EXAMPLE"])
    def test_an_address_is_one_account_whatever_its_case(self, client, typed):
        user = member(email="kate@école.example")
        client.post("/admin/account/reset/", {"email": typed})
        assert sent_link(user.email)
        sign_in(client, member("Administrator", name="bo"))
        page = client.post("/admin/account/address/", {"email": typed})
        assert "already has this e-mail address" in text(page)
        invite = {"email": typed, "name": "K", "roles": ["Author"]}
        assert "already has an account" in text(client.post("/admin/team/invite/", invite))

    # Before the @, Django accepts ASCII letters only. But it ignores their case, and Python counts
    # the sign for kelvin as a K.
    @pytest.mark.parametrize(("typed", "is_read"), [("\u212aate", True), ("éva", False)])
    def test_a_letter_that_looks_like_another_makes_no_second_account(self, client, typed, is_read):
        member(email="kate@newsroom.example")
        sign_in(client, member("Administrator", name="bo"))
        invite = {"email": f"{typed}@newsroom.example", "name": "K", "roles": ["Author"]}
        page = text(client.post("/admin/team/invite/", invite))
        assert ("already has an account" in page) == is_read
        assert ("Enter a valid email address." in page) != is_read

    @pytest.mark.parametrize("name", ["éva", "ÉVA", "E\u0301va"])
    def test_a_username_is_taken_in_any_case(self, client, name):
        first, second = member(), member(name="second")
        User.objects.filter(pk=first.pk).update(username="Éva")
        client.force_login(make_chief())
        page = f"/admin/accounts/user/{second.pk}/change/"
        answer = client.post(page, stock(second, username=name))
        assert "A user with that username already exists." in text(answer)
        boss = member("Administrator", name="boss")
        link = team.path_of(team.invite("n@n.example", name="N", roles=["Author"], by=boss))
        new = "another lantern in the harbour"
        typed = {"name": "N", "username": name, "password1": new, "password2": new}
        answer = Client().post(link, typed)
        assert "A user with that username already exists." in text(answer)

    @pytest.mark.parametrize(
        ("login", "password"),
        [
            ("ada", "wrong"), ("nobody", PASSWORD), ("nobody@newsroom.example", PASSWORD),
            ("paused", PASSWORD), ("reader", PASSWORD), ("twice@newsroom.example", PASSWORD),
        ],
    )  # fmt: skip
    def test_every_failure_gets_the_same_page(self, client, login, password):
        known = {
            "ada": member(), "paused": member(name="paused", is_active=False),
            "reader": member(name="reader"),
            "one": member(name="one", email="twice@newsroom.example"),
            "two": member(name="two", email="Twice@newsroom.example"),
        }  # fmt: skip
        User.objects.filter(pk=known["reader"].pk).update(is_staff=False)
        name = known[login].username if login in known else login
        answer = sign_in(client, name, password)
        assert answer.status_code == 200
        assert "or the password is wrong, or this user can’t sign in to the desk" in text(answer)
        assert client.get("/admin/").status_code == 302
        assert AccessEvent.objects.get().verb == "sign_in_failed"
        assert name not in str(AccessEvent.objects.values())

    @pytest.mark.parametrize(
        "name", ["", "x" * 255, "x" * 50_000, "a\x00b", "ada\ud800", "{}[]'\"--"]
    )
    def test_any_username_is_answered(self, client, name):
        answer = sign_in(client, name.encode(errors="replace").decode())
        assert answer.status_code == 200
        assert sign_in(client, member(), "x" * 50_000).status_code == 200

    def test_the_page_is_ours(self, client, settings):
        page = text(client.get("/admin/login/"))
        assert "Sign in to The Newsroom" in page
        assert "Forgot your password?" in page
        assert "press@newsroom.example" in page
        assert "sign up" not in page.lower()

    def test_sign_up_does_not_exist(self, at_desk):
        desk = at_desk(make_chief())
        missing = desk.get("/admin/account/nothing/")
        for name in ("signup", "email", "logout", "inactive", "login", "2fa"):
            answer = desk.get(f"/admin/account/{name}/")
            assert answer.status_code == missing.status_code == 404
            assert answer.content == missing.content
        for name in ("signup", "nothing"):
            answer = Client().get(f"/admin/account/{name}/")
            assert answer["Location"].startswith("/admin/login/")

    @pytest.mark.parametrize(
        ("asked", "target"),
        [
            ("/admin/releases/release/?q=x", "/admin/releases/release/?q=x"),
            ("/admin/account/", "/admin/account/"),
            *((bad, "/admin/") for bad in (
                "/", "/releases/", "//evil.example/admin/", "https://evil.example/admin/",
                "http://testserver/admin/", "/admin/nothing/", "/admin/../releases/",
                "/admin/%2e%2e/releases/", "/admin\\evil", "/\\evil.example", "javascript:alert(1)",
                "/admin/logout/", "/admin/login/", "/admin/account/second-step/", "x" * 3000,
                "",
            )),
        ],
    )  # fmt: skip
    def test_sign_in_leads_only_to_a_page_of_the_desk(self, client, asked, target):
        assert sign_in(client, member(), next=asked)["Location"] == target
        assert client.get("/admin/login/", {"next": asked})["Location"] == target

    def test_sign_in_never_ends_at_a_page_that_is_missing(self, client):
        missing = f"/admin/account/recovery/{10**15}/"
        client.force_login(make_chief())
        assert client.get(missing).status_code == 404
        other = Client()
        answer = sign_in(other, member("Administrator"), next=missing)
        assert answer["Location"] == missing
        answer = other.get(missing, follow=True)
        assert answer.redirect_chain == [("/admin/", 302)]
        assert "The page does not exist, or you may not open it." in text(answer)
        assert other.get(missing).status_code == 404

    @pytest.mark.parametrize("way", ["sign in", "confirm", "signed in already"])
    def test_sign_in_never_ends_at_an_address_that_is_only_a_button(self, client, way):
        boss = member("Administrator")
        button = f"/admin/team/{member(name='bo').pk}/pause/"
        if way == "sign in":
            # Like a session that ended while the page was open.
            to_sign_in = client.post(button)["Location"]
            assert to_sign_in == f"/admin/login/?next={button}"
            answer = sign_in(client, boss, next=button)
        else:
            sign_in(client, boss)
            page = {"confirm": "/admin/account/confirm/"}.get(way, "/admin/login/")
            answer = client.post(page, {"password": PASSWORD, "next": button})
        assert answer["Location"] == button
        answer = client.get(button, follow=True)
        assert answer.redirect_chain == [("/admin/", 302)]
        assert "The address works only as a button, and nothing was changed." in text(answer)
        assert client.get(button).status_code == 405

    def test_a_second_tab_continues_where_the_first_signed_in(self, client):
        sign_in(client, member())
        assert sign_in(client, "another", "wrong")["Location"] == "/admin/"

    def test_a_user_who_may_not_open_the_desk_reads_why(self, client):
        reader = member()
        sign_in(client, reader)
        User.objects.filter(pk=reader.pk).update(is_staff=False)
        answer = client.get("/admin/", follow=True)
        assert answer.status_code == 200
        assert f"You are signed in as {reader.username}, who can’t open this page." in text(answer)
        assert sign_in(client, member(name="another"))["Location"] == "/admin/"

    def test_failed_sign_ins_are_counted_since_the_last_one(self, client):
        user = member()
        sign_in(client, user)
        client.post("/admin/logout/")
        for _ in range(3):
            sign_in(Client(), user, "wrong")
        sign_in(client, user)
        assert "3 failed attempts to sign in since your last sign-in on" in text(
            client.get("/admin/")
        )
        assert "failed attempt" not in text(client.get("/admin/"))
        assert verbs(user) == [
            "signed_in", "signed_out", *["sign_in_failed"] * 3, "signed_in",
        ]  # fmt: skip

    def test_a_wrong_password_is_recorded_once_on_every_page_that_asks_for_one(self, client):
        user = member()
        sign_in(client, user)
        wrong = "a wrong long password"
        new = {"new_password1": "lantern harbour 9", "new_password2": "lantern harbour 9"}
        for send in (
            lambda: sign_in(Client(), user, wrong),
            lambda: sign_in(Client(), user.email, wrong),
            lambda: client.post("/admin/account/confirm/", {"password": wrong}),
            lambda: client.post("/admin/account/password/", {"old_password": wrong, **new}),
        ):
            before = verbs(user)
            assert send().status_code == 200
            assert verbs(user) == [*before, "sign_in_failed"]

    def test_a_refused_passkey_is_a_failed_sign_in_of_its_user(self, client):
        user = member()
        add_passkey(user)
        sign_in(client, user)  # the second step waits, so this is no sign-in
        for _ in range(2):
            Client().post("/admin/account/passkey/", {"credential": refused_passkey(user)})
        assert verbs(user) == ["sign_in_failed"] * 2
        assert {event.detail["reason"] for event in AccessEvent.objects.all()} == {"passkey"}
        Authenticator.objects.all().delete()
        sign_in(client, user)
        assert "2 failed attempts to sign in before this one." in text(client.get("/admin/"))

    def test_an_invented_passkey_is_no_failure_of_the_user_that_it_names(self, client):
        user = member()
        add_passkey(user)
        typed = {"credential": refused_passkey(user, key=b"invented")}
        assert client.post("/admin/account/passkey/", typed).status_code == 302
        assert AccessEvent.objects.get().subject_id is None

    def test_refused_passkeys_of_a_user_do_not_fill_the_record(self, client, monkeypatch):
        monkeypatch.setattr(throttle, "MAX_RECORDED_FAILURES", 3)
        user = member()
        add_passkey(user)
        for _ in range(5):
            client.post("/admin/account/passkey/", {"credential": refused_passkey(user)})
        assert verbs(user) == ["sign_in_failed"] * 3

    def test_refused_passkeys_do_not_fill_the_record(self, client, monkeypatch):
        monkeypatch.setattr(throttle, "MAX_RECORDED_FAILURES", 3)
        for _ in range(5):
            client.post("/admin/account/passkey/", {"credential": "{}"})
        assert verbs() == ["sign_in_failed"] * 3


class TestBrowsers:
    def test_a_new_browser_is_reported_once(self, client):
        user = member()
        answer = sign_in(client, user)
        cookie = answer.cookies["browser"]
        assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == ("/admin/", True, "Lax")
        assert cookie["max-age"] == 365 * 24 * 3600
        email = Email.objects.get()
        assert (email.to, email.subject) == (user.email, "You signed in from a new browser")
        assert "Browser: Chrome" in email.text
        assert "Network: 127.0.0.0/24" in email.text
        client.post("/admin/logout/")
        sign_in(client, user)
        assert Email.objects.count() == 1
        sign_in(Client(), user)
        assert Email.objects.count() == 2
        token = cookie.value.partition(":")[0]
        assert token not in str([*KnownBrowser.objects.values()])

    def test_a_browser_is_known_for_each_user_alone_and_for_a_year(self, client):
        ada, bo = member(), member(name="bo")
        for days, user, reported in (
            (0, ada, 1), (1, bo, 2), (300, ada, 2), (660, ada, 2), (660, bo, 3), (1030, ada, 4),
        ):  # fmt: skip
            with time_machine.travel(timezone.now() + timedelta(days=days), tick=False):
                sign_in(client, user)
                client.post("/admin/logout/")
            subject = "You signed in from a new browser"
            assert Email.objects.filter(subject=subject).count() == reported, days

    def test_a_mail_server_that_does_not_answer_delays_no_sign_in(self, client, settings):
        settings.EMAIL_BACKEND = "jobs.mail.Backend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "10.255.255.1", 25
        begun = time.monotonic()
        assert sign_in(client, member()).status_code == 302
        assert time.monotonic() - begun < 5
        assert Email.objects.get().state == Email.State.WAITING

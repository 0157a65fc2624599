"""The second factor: who needs one, what a session may open before it, codes and passkeys."""

import threading
from datetime import timedelta

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Permission
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts import factors, second_factor
from accounts.models import User
from accounts.roles import ROLES
from jobs.models import Email
from tests.make import make_chief, make_user
from tests.signing_in import (
    add_passkey,
    code_of,
    confirmed_client,
    enrol,
    enter_code,
    factors_of,
    member,
    sign_in,
    text,
    verbs,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def privileged(settings):
    settings.REQUIRE_SECOND_FACTOR = "privileged"


def secret_on(page) -> str:
    return text(page).partition('<code class="secret">')[2].partition("</code>")[0].replace(" ", "")


class TestWhoNeedsOne:
    @pytest.mark.parametrize(
        ("role", "needs"),
        [
            ("Author", False), ("Editor", True), ("Publisher", True), ("Case officer", True),
            ("Administrator", True), (None, False),
        ],
    )  # fmt: skip
    def test_each_role(self, role, needs, privileged, settings):
        user = make_user("ada", role)
        assert second_factor.is_required(user) is needs
        settings.REQUIRE_SECOND_FACTOR = "everybody"
        assert second_factor.is_required(User.objects.get(pk=user.pk))
        settings.REQUIRE_SECOND_FACTOR = "nobody"
        assert not second_factor.is_required(User.objects.get(pk=user.pk))

    def test_every_role_is_in_the_table_above(self):
        assert {*ROLES} == {"Author", "Editor", "Publisher", "Case officer", "Administrator"}

    def test_a_superuser_and_each_privilege_alone(self, privileged):
        assert second_factor.is_required(make_chief())
        for privilege in second_factor.PRIVILEGES:
            app, _, codename = privilege.partition(".")
            user = make_user("bo")
            user.user_permissions.add(
                Permission.objects.get(codename=codename, content_type__app_label=app)
            )
            assert second_factor.is_required(user), privilege


class TestGate:
    """What a session may open before it has used a second factor."""

    PATHS = (
        "/admin/", "/admin/releases/release/", "/admin/account/", "/admin/account/password/",
        "/admin/account/address/", "/admin/account/sessions/", "/admin/jsi18n/",
        "/admin/account/address/x/", "/admin/nothing/", "/admin/account/factors/codes/",
        "/admin/account/recovery/1/", "/admin/password_change/", "/admin/autocomplete/",
    )  # fmt: skip

    def test_a_user_without_a_factor_can_only_set_one_up(self, client, privileged):
        sign_in(client, member())
        for path in self.PATHS:
            for method in (client.get, client.post):
                assert method(path)["Location"] == "/admin/account/factors/", path
        page = client.get("/admin/account/factors/")
        assert "Your account needs a second factor" in text(page)
        assert 'id="desk-nav"' not in text(page)
        for path in ("app/", "passkey/"):
            assert client.get(f"/admin/account/factors/{path}").status_code == 200

    @pytest.mark.parametrize("role", ["Publisher", "Author"])
    def test_a_session_that_did_not_use_the_factor_can_only_use_it(self, client, role, privileged):
        """Such a session was opened before the factor existed, or by a part that forgot it."""
        client.force_login(enrol(member(role)))
        locked = [*self.PATHS, "/admin/account/factors/", "/admin/account/factors/app/",
                  "/admin/account/factors/passkey/"]  # fmt: skip
        for path in locked:
            for method in (client.get, client.post):
                assert method(path)["Location"].startswith("/admin/account/confirm/"), path
        asked = client.get("/admin/releases/release/?q=x")["Location"]
        assert asked == "/admin/account/confirm/?next=%2Fadmin%2Freleases%2Frelease%2F%3Fq%3Dx"
        page = client.get(asked)
        assert "Enter the code that your authenticator app shows" in text(page)
        assert "password" not in text(page).partition("<form")[2].lower().partition("</form>")[0]
        assert client.post("/admin/account/passkey/options/?for=new")["Location"]
        answer = client.post(asked, {"code": code_of(), "next": "/admin/releases/release/?q=x"})
        assert answer["Location"] == "/admin/releases/release/?q=x"
        assert client.get("/admin/account/").status_code == 200

    @pytest.mark.parametrize("has_factor", [True, False])
    def test_only_a_user_with_a_factor_reads_about_a_lost_phone(self, client, has_factor):
        user = member("Author")
        client.force_login(enrol(user) if has_factor else user)
        page = text(client.get("/admin/account/confirm/"))
        assert ("Enter your password to continue." in page) is not has_factor
        assert ("If you lost your phone" in page) is has_factor

    def test_an_author_without_a_factor_opens_the_desk(self, client, privileged):
        sign_in(client, member("Author"))
        assert client.get("/admin/").status_code == 200

    def test_the_loss_of_the_factor_closes_the_session(self, client, privileged):
        user = enrol(member())
        sign_in(client, user)
        enter_code(client)
        assert client.get("/admin/").status_code == 200
        Authenticator.objects.filter(user=user).delete()
        assert client.get("/admin/")["Location"] == "/admin/account/factors/"
        enrol(user, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")
        assert client.get("/admin/")["Location"].startswith("/admin/account/confirm/")

    def test_the_public_site_and_sign_out_stay_open(self, client, privileged):
        sign_in(client, member())
        assert client.get("/").status_code == 200
        assert client.post("/admin/logout/").status_code == 200

    def test_a_new_privilege_needs_a_factor_at_once(self, client, privileged):
        user = member("Author")
        sign_in(client, user)
        assert client.get("/admin/").status_code == 200
        user.groups.set(make_user("bo", "Publisher").groups.all())
        assert client.get("/admin/")["Location"] == "/admin/account/factors/"


class TestCodes:
    def test_a_user_enrols_and_signs_in(self, client, privileged):
        user = member()
        assert sign_in(client, user)["Location"] == "/admin/"
        secret = secret_on(client.get("/admin/account/factors/app/"))
        # A reload or a second tab shows the same key.
        assert secret == secret_on(client.get("/admin/account/factors/app/"))
        page = client.post("/admin/account/factors/app/", {"code": "000000"})
        assert "set the clock of your phone" in text(page)
        assert secret == secret_on(page)
        code = code_of(secret)
        answer = client.post("/admin/account/factors/app/", {"code": f" {code[:3]} {code[3:]}"})
        assert answer["Location"] == "/admin/account/factors/codes/"
        assert text(client.get(answer["Location"])).count("<li><code>") == 10
        assert client.get("/admin/").status_code == 200
        assert factors_of(user) == ["totp", "recovery_codes"]
        assert verbs(user) == ["signed_in", "factor_added", "recovery_codes_created"]
        assert Email.objects.filter(subject="A second factor was added to your account").exists()

        client.post("/admin/logout/")
        answer = sign_in(client, user, next="/admin/releases/release/")
        assert answer["Location"] == "/admin/account/second-step/"
        assert client.get("/admin/")["Location"].startswith("/admin/login/")
        # The code that set up the app was used.
        assert "was used before" in text(enter_code(client, code))
        assert enter_code(client, code_of(secret, 1))["Location"] == "/admin/releases/release/"
        assert client.get("/admin/").status_code == 200

    @pytest.mark.parametrize("steps", [-1, 0, 1])
    def test_a_clock_may_differ_by_half_a_minute(self, client, steps):
        sign_in(client, enrol(member()))
        assert enter_code(client, code_of(steps=steps)).status_code == 302

    @pytest.mark.parametrize("steps", [-20, -3, 3, 20])
    def test_a_clock_that_differs_by_minutes_gets_a_sentence(self, client, steps):
        sign_in(client, enrol(member()))
        page = enter_code(client, code_of(steps=steps))
        assert page.status_code == 200
        assert "set the clock of your phone to the automatic time" in text(page)
        assert client.get("/admin/")["Location"].startswith("/admin/login/")

    @pytest.mark.parametrize(
        "code",
        ["", "0", "x" * 101, "x" * 50_000, "１２３４５６", "\x00", "-1", "000000\n", "é" * 6],
    )
    def test_any_code_is_answered(self, client, code):
        user = enrol(member())
        sign_in(client, user)
        assert enter_code(client, code or " ").status_code == 200
        assert client.get("/admin/")["Location"].startswith("/admin/login/")

    def test_a_code_works_once(self, client):
        user = enrol(member())
        code = code_of()
        sign_in(client, user)
        assert enter_code(client, code).status_code == 302
        other = Client()
        sign_in(other, user)
        cache.clear()  # as another process sees it
        assert enter_code(other, code).status_code == 200
        # An older code, which was seen but not used, is refused too.
        assert enter_code(other, code_of(steps=-1)).status_code == 200
        assert enter_code(other, code_of(steps=1)).status_code == 302
        assert verbs(user).count("sign_in_failed") == 2

    def test_a_recovery_code_works_once(self, client, privileged):
        user = member()
        sign_in(client, user)
        secret = secret_on(client.get("/admin/account/factors/app/"))
        client.post("/admin/account/factors/app/", {"code": code_of(secret)})
        codes = factors.unused_codes(user)
        assert all(len(code) == 10 for code in codes)
        assert all(code in text(client.get("/admin/account/factors/codes/")) for code in codes)
        for code, status in ((codes[3], 302), (codes[3], 200), (codes[0], 302)):
            other = Client()
            sign_in(other, user)
            assert enter_code(other, f"{code[:5]} {code[5:]}").status_code == status
        assert len(factors.unused_codes(user)) == 8
        assert verbs(user).count("recovery_code_used") == 2
        sent = Email.objects.filter(subject="A recovery code was used").order_by("created_at")
        assert "Unused codes left: 8." in sent.last().text

        client.post("/admin/account/factors/codes/")
        assert not {*codes} & {*factors.unused_codes(user)}
        assert client.get("/admin/").status_code == 200
        assert "You have new recovery codes" in [*Email.objects.values_list("subject", flat=True)]

    def test_another_user_can_sign_in_instead(self, client):
        sign_in(client, enrol(member()))
        assert client.get("/admin/login/")["Location"] == "/admin/account/second-step/"
        client.post("/admin/account/second-step/", {"cancel": "1"})
        assert client.get("/admin/account/second-step/")["Location"] == "/admin/login/"
        sign_in(client, enrol(member()))
        assert sign_in(client, member(name="bo"))["Location"] == "/admin/"

    def test_an_account_that_is_paused_between_the_steps_stays_out(self, client):
        user = enrol(member())
        sign_in(client, user)
        User.objects.filter(pk=user.pk).update(is_active=False)
        enter_code(client)
        assert client.get("/admin/")["Location"].startswith("/admin/login/")
        assert "signed_in" not in verbs(user)

    def test_the_second_step_needs_the_first(self, client):
        enrol(member())
        assert enter_code(client)["Location"] == "/admin/login/"
        assert client.get("/admin/account/second-step/")["Location"] == "/admin/login/"

    def test_the_second_step_ends_after_a_quarter_of_an_hour(self, client):
        sign_in(client, enrol(member()))
        with time_machine.travel(timezone.now() + timedelta(minutes=16)):
            assert enter_code(client)["Location"] == "/admin/login/"


class TestManaging:
    def test_a_change_needs_a_recent_confirmation(self, client, privileged):
        user = enrol(member())
        sign_in(client, user)
        enter_code(client)
        app = Authenticator.objects.get(user=user)
        remove = f"/admin/account/factors/{app.pk}/remove/"
        assert client.get(remove).status_code == 200
        with time_machine.travel(timezone.now() + timedelta(minutes=16)):
            for path in (remove, "/admin/account/factors/passkey/", "/admin/account/address/"):
                for method in (client.get, client.post):
                    assert method(path)["Location"].startswith("/admin/account/confirm/?next="), (
                        path
                    )
            assert Authenticator.objects.filter(pk=app.pk).exists()
            client.post("/admin/account/confirm/", {"code": code_of()})
            assert client.get(remove).status_code == 200

    def test_the_last_factor_takes_the_codes_with_it(self, client, privileged):
        user = member()
        sign_in(client, user)
        secret = secret_on(client.get("/admin/account/factors/app/"))
        client.post("/admin/account/factors/app/", {"code": code_of(secret)})
        app = Authenticator.objects.get(user=user, type="totp")
        page = text(client.get(f"/admin/account/factors/{app.pk}/remove/"))
        assert "It is your last second factor." in page
        assert "You must set up a new one" in page
        for _ in range(2):  # in two tabs
            client.post(f"/admin/account/factors/{app.pk}/remove/")
        assert factors_of(user) == []
        assert verbs(user).count("factor_removed") == 1
        assert Email.objects.filter(
            subject="A second factor was removed from your account"
        ).exists()
        assert client.get("/admin/")["Location"] == "/admin/account/factors/"

    def test_the_factors_of_another_user_do_not_exist(self):
        other = member(name="bo")
        theirs = [Authenticator.objects.get(user=enrol(other)), add_passkey(other)]
        client = confirmed_client(enrol(make_chief()))
        for page in ("remove", "rename"):
            for pk in (*(factor.pk for factor in theirs), 10**30, 0):
                path = f"/admin/account/factors/{pk}/{page}/"
                assert client.get(path).status_code == 404
                assert client.post(path, {"name": "Mine"}).status_code == 404
        assert factors_of(other) == ["totp", "webauthn"]
        assert str(Authenticator.objects.get(pk=theirs[1].pk)) == "Phone"

    def test_allauths_own_pages_are_not_in_the_admin(self, at_desk):
        desk = at_desk(make_chief())
        for model in ("mfa/authenticator", "account/emailaddress", "usersessions/usersession"):
            assert desk.get(f"/admin/{model}/").status_code == 404


class TestPasskeyInput:
    """What a browser would never send."""

    BAD = ["", "x", "null", "[]", "1", "{}", '{"id": 1}', '{"response": null}', f'"{"x" * 5000}"',
           '{"id":"AA","rawId":"AA","type":"public-key","response":{"clientDataJSON":"AA",'
           '"authenticatorData":"AA","signature":"AA","userHandle":"AA"}}',
           '{"id":"AA","rawId":"AA","type":"public-key","response":{"clientDataJSON":"e30",'
           '"authenticatorData":"AA","signature":"AA","userHandle":null}}',
           "[" * 900]  # fmt: skip

    @pytest.mark.parametrize("credential", BAD)
    def test_a_forged_passkey_signs_nobody_in(self, client, credential):
        client.post("/admin/account/passkey/options/")
        answer = client.post("/admin/account/passkey/", {"credential": credential})
        assert answer["Location"] == "/admin/login/"
        assert "The passkey was not accepted." in text(client.get("/admin/login/"))
        assert verbs() == ["sign_in_failed"]

    @pytest.mark.parametrize("credential", BAD)
    def test_a_forged_passkey_is_no_second_step_and_is_not_stored(self, client, credential):
        user = enrol(member())
        sign_in(client, user)
        client.post("/admin/account/passkey/options/")
        answer = client.post("/admin/account/second-step/", {"credential": credential})
        assert answer["Location"] == "/admin/account/second-step/"
        enter_code(client)
        client.post("/admin/account/passkey/options/?for=new")
        typed = {"name": "Phone", "credential": credential}
        assert client.post("/admin/account/factors/passkey/", typed).status_code == 200
        assert factors_of(user) == ["totp"]

    def test_sign_in_by_passkey_needs_a_post(self, client):
        assert client.get("/admin/account/passkey/").status_code == 405


def test_nobody_is_named_at_start_as_a_risk(settings, caplog):
    settings.REQUIRE_SECOND_FACTOR = "nobody"
    second_factor.warn_if_nobody()
    assert "anyone who guesses or steals the password" in caplog.text
    caplog.clear()
    settings.REQUIRE_SECOND_FACTOR = "privileged"
    second_factor.warn_if_nobody()
    assert not caplog.text


@pytest.mark.django_db(transaction=True)
def test_one_code_in_many_requests_at_once_signs_in_once(settings):
    user = enrol(member())
    clients = [Client() for _ in range(6)]
    for each in clients:
        sign_in(each, user)
    code, answers = code_of(), []

    def enter(client):
        try:
            answers.append(enter_code(client, code).status_code)
        finally:
            connection.close()

    threads = [threading.Thread(target=enter, args=[each]) for each in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [200] * 5 + [302]

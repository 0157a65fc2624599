"""A lost second factor: an administrator starts the recovery, and the user completes it."""

from datetime import timedelta

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from accounts import recovery
from accounts.errors import ActionBlocked
from accounts.models import AccessEvent, FactorRecovery, User
from jobs import outbox
from jobs.models import Email
from tests.make import PASSWORD, make_chief
from tests.signing_in import (
    assert_unusable,
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

pytestmark = pytest.mark.django_db
CHECK = "I called her on the number in our list."


@pytest.fixture(autouse=True)
def _privileged(settings):
    settings.REQUIRE_SECOND_FACTOR = "privileged"


@pytest.fixture
def ada():
    return enrol(member())


@pytest.fixture
def admin():
    return enrol(member("Administrator", "bo"), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")


@pytest.fixture
def team(admin):
    client = Client()
    sign_in(client, admin)
    enter_code(client, code_of("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"))
    return client


def start(team, user, check=CHECK):
    return team.post(f"/admin/account/recovery/{user.pk}/", {"identity_check": check}, follow=True)


def test_a_lost_phone_is_replaced_in_two_steps(ada, admin, team, client):
    elsewhere = Client()
    sign_in(elsewhere, ada)
    enter_code(elsewhere)
    assert "An e-mail with a link was sent to" in text(start(team, ada))
    assert factors_of(ada) == ["totp"]  # nothing is removed before the user acts
    assert Email.objects.filter(to=admin.email, subject="You started a recovery").exists()
    link = sent_link(ada.email)
    page = client.get(link)
    assert "Enter your password." in text(page)
    assert "The password is wrong." in text(client.post(link, {"password": "wrong"}))
    assert factors_of(ada) == ["totp"]
    answer = client.post(link, {"password": PASSWORD})
    assert answer["Location"] == "/admin/account/factors/"
    assert factors_of(ada) == []
    assert elsewhere.get("/admin/")["Location"].startswith("/admin/login/")
    for path in ("/admin/", "/admin/account/"):
        assert client.get(path)["Location"] == "/admin/account/factors/"
    assert "Your old second factor is removed." in text(client.get("/admin/account/factors/"))
    assert client.get("/admin/account/factors/app/").status_code == 200
    sent = [(one.to, one.subject) for one in Email.objects.all()]
    assert (ada.email, "Your second factor was removed") in sent
    assert (admin.email, "A recovery was completed") in sent
    assert [verb for verb in verbs(ada) if verb != "signed_in"] == [
        "recovery_started", "sign_in_failed", "factor_removed", "session_ended", "recovery_used",
    ]  # fmt: skip
    event = AccessEvent.objects.get(verb="recovery_started")
    assert (event.actor_id, event.subject_id) == (admin.pk, ada.pk)
    assert_unusable(Client().get(link))
    assert_unusable(Client().post(link, {"password": PASSWORD}))


def test_the_text_of_the_check_is_kept_but_not_in_the_record(ada, team):
    assert "This field is required." in text(start(team, ada, " "))
    start(team, ada)
    assert FactorRecovery.objects.get().identity_check == CHECK
    assert CHECK not in str([*AccessEvent.objects.values()])


@pytest.mark.parametrize("role", ["Author", "Editor", "Publisher", "Case officer"])
def test_only_an_administrator_starts_a_recovery(role, ada, client, settings):
    settings.REQUIRE_SECOND_FACTOR = "nobody"
    client.force_login(other := member(role, "cy"))
    assert client.get(f"/admin/account/recovery/{ada.pk}/").status_code == 403
    assert start(client, ada).status_code == 403
    with pytest.raises(ActionBlocked, match="Only an administrator"):
        recovery.start(ada, by=other, identity_check=CHECK)
    assert not FactorRecovery.objects.exists()


def test_nobody_starts_their_own(admin, team):
    page = start(team, admin)
    assert "You can’t start a recovery for yourself." in text(page)
    row = FactorRecovery(
        user=admin,
        started_by=admin,
        identity_check="x",
        expires_at=timezone.now(),
        token_digest="x",
    )
    with pytest.raises(IntegrityError), transaction.atomic():
        row.save()


def test_the_page_of_a_member_offers_a_recovery_only_if_there_is_something_to_recover(ada, team):
    without, offer = member("Author", "cy"), "Start recovery of second factor"
    assert offer in text(team.get(f"/admin/team/{ada.pk}/"))
    assert offer not in text(team.get(f"/admin/team/{without.pk}/"))
    ada.is_active = False
    ada.save()
    assert offer not in text(team.get(f"/admin/team/{ada.pk}/"))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"is_active": False}, "closed or paused"),
        ({"email": ""}, "has no e-mail address"),
    ],
)
def test_what_blocks_a_recovery_is_said(change, sentence, ada, team):
    User.objects.filter(pk=ada.pk).update(**change)
    assert sentence in text(team.get(f"/admin/account/recovery/{ada.pk}/"))
    assert sentence in text(start(team, ada))
    assert not FactorRecovery.objects.exists()


def test_a_user_without_a_factor_needs_none(team):
    assert "has no second factor" in text(start(team, member(name="cy")))


def test_without_e_mail_the_operator_is_named(ada, team, settings):
    settings.EMAIL_IS_ON = False
    assert "manage.py resetfactor" in text(start(team, ada))


def test_a_second_start_replaces_the_first(ada, admin):
    first = recovery.start(ada, by=admin, identity_check=CHECK)
    link = sent_link(ada.email)
    recovery.start(ada, by=admin, identity_check=CHECK)
    assert FactorRecovery.objects.get(pk=first.pk).cancelled_at
    assert_unusable(Client().get(link))
    email = Email.objects.get(fill="accounts.recovery", fill_key=str(first.pk))
    with pytest.raises(outbox.EmailNotNeeded):
        outbox.FILLS[email.fill](email)


def test_the_user_or_an_administrator_cancels_it(ada, admin, team, client):
    start(team, ada)
    link = sent_link(ada.email)
    sign_in(client, ada)
    enter_code(client)
    assert "A recovery of your second factor was started" in text(client.get("/admin/account/"))
    client.post("/admin/account/")
    assert_unusable(Client().get(link))
    assert verbs(ada)[-1] == "recovery_cancelled"
    cancelled = Email.objects.filter(subject="A recovery was cancelled")
    assert {*cancelled.values_list("to", flat=True)} == {ada.email, admin.email}
    start(team, ada)
    team.post(f"/admin/account/recovery/{ada.pk}/", {"cancel": "1"})
    assert recovery.open_for(ada, timezone.now()) is None


def test_a_link_works_for_a_day(ada, admin):
    recovery.start(ada, by=admin, identity_check=CHECK)
    link = sent_link(ada.email)
    with time_machine.travel(timezone.now() + timedelta(hours=25)):
        assert_unusable(Client().get(link))
        assert factors_of(ada) == ["totp"]


@pytest.mark.parametrize("token", ["x", "x" * 3000, "é", "%00", "0", "-", "a" * 43])
def test_a_wrong_link_says_so(client, token):
    for method in (client.get, client.post):
        page = method(f"/admin/account/recover/{token}/", {"password": PASSWORD})
        assert page.status_code == 404
        assert token == "%00" or "This link does not work." in text(page)


def test_the_link_is_not_stored(ada, admin):
    started = recovery.start(ada, by=admin, identity_check=CHECK)
    token = sent_link(ada.email).split("/")[-2]
    assert len(token) == 43
    stored = str([*FactorRecovery.objects.values(), *Email.objects.values()])
    assert token not in stored
    assert started.token_digest in stored


class TestCommand:
    def test_the_operator_resets_the_last_administrator(self, admin, team, capsys):
        call_command("resetfactor", admin.username, "--yes")
        assert "has no second factor now" in capsys.readouterr().out
        assert factors_of(admin) == []
        assert team.get("/admin/")["Location"].startswith("/admin/login/")
        event = AccessEvent.objects.get(verb="recovery_used")
        assert (event.actor_id, event.subject_id) == (None, admin.pk)
        assert Email.objects.filter(
            to=admin.email, subject="Your second factor was removed"
        ).exists()

    def test_it_asks_first(self, admin, monkeypatch):
        monkeypatch.setattr("builtins.input", lambda prompt: "no")
        with pytest.raises(CommandError, match="Nothing was changed"):
            call_command("resetfactor", admin.username)
        assert factors_of(admin) == ["totp"]
        monkeypatch.setattr("builtins.input", lambda prompt: admin.username)
        call_command("resetfactor", admin.username)
        assert factors_of(admin) == []

    def test_an_unknown_user_is_a_sentence(self, ada):
        with pytest.raises(CommandError, match="There is no user nobody"):
            call_command("resetfactor", "nobody", "--yes")

    def test_a_user_without_a_factor_is_a_sentence(self):
        with pytest.raises(CommandError, match="has no second factor"):
            call_command("resetfactor", make_chief().username, "--yes")

"""The pages of one's own account: password, e-mail address, sessions."""

import time
from datetime import timedelta
from io import StringIO

import pytest
import time_machine
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from accounts.models import AccessEvent, KnownBrowser, User
from jobs import outbox, queue
from jobs.models import Email, Job, Lane
from tests.make import PASSWORD, make_chief
from tests.signing_in import (
    assert_unusable,
    enrol,
    enter_code,
    member,
    sent_link,
    sign_in,
    text,
    verbs,
)

pytestmark = pytest.mark.django_db
NEW = "another lantern in the harbour"
TOKENS = ["x", "x" * 3000, "é", "%00", "a:b:c", "..", "-", "0" * 500]


class TestReset:
    def ask(self, client, address):
        answer = client.post("/admin/account/reset/", {"email": address}, follow=True)
        assert answer.redirect_chain == [("/admin/account/reset/sent/", 302)]
        return text(answer)

    def test_a_user_chooses_a_new_password(self, client):
        user = member()
        elsewhere = Client()
        sign_in(elsewhere, user)
        self.ask(client, user.email.upper())
        link = sent_link(user.email)
        # The link works in any browser, and the address of the page has no token.
        page = Client().get(link, follow=True)
        assert "set-password" in page.redirect_chain[0][0]
        browser = Client()
        form = browser.get(link)["Location"]
        bad = browser.post(form, {"new_password1": "short", "new_password2": "short"})
        assert "at least 12 characters" in text(bad)
        done = browser.post(form, {"new_password1": NEW, "new_password2": NEW}, follow=True)
        assert "All your sessions have ended." in text(done)
        assert elsewhere.get("/admin/")["Location"].startswith("/admin/login/")
        assert sign_in(Client(), user, NEW).status_code == 302
        assert sign_in(Client(), user).status_code == 200
        assert_unusable(Client().get(link, follow=True))
        assert_unusable(browser.post(form, {"new_password1": NEW, "new_password2": NEW}))
        assert [verb for verb in verbs(user) if "password" in verb] == [
            "password_reset_requested", "password_reset",
        ]  # fmt: skip
        assert Email.objects.filter(subject="Your password was changed").exists()

    def test_a_new_password_replaces_no_second_factor(self, client):
        user = enrol(member())
        self.ask(client, user.email)
        form = client.get(sent_link(user.email))["Location"]
        client.post(form, {"new_password1": NEW, "new_password2": NEW})
        assert client.get("/admin/")["Location"].startswith("/admin/login/")
        assert sign_in(client, user, NEW)["Location"] == "/admin/account/second-step/"

    def test_known_and_unknown_addresses_get_the_same_answer(self, client):
        user, closed = member(), member(name="bo", is_active=False)
        pages = {self.ask(Client(), each) for each in (user.email, "x@y.example", closed.email)}
        assert len({page.partition("csrf")[0] for page in pages}) == 1
        assert Job.objects.filter(name="accounts.send_reset").count() == 3
        queue.work(Lane.QUICK)
        assert [*Email.objects.values_list("to", flat=True)] == [user.email]

    def test_one_link_in_five_minutes(self, client):
        user = member()
        for _ in range(3):
            self.ask(client, user.email)
            queue.work(Lane.QUICK)
        assert Email.objects.count() == 1

    @pytest.mark.parametrize("token", TOKENS)
    def test_a_wrong_link_says_so(self, client, token):
        for path in (f"{token}/x/", f"Mg/{token}/", "Mg/set-password/", f"{'M' * 2000}/{token}/"):
            begun = time.monotonic()
            answer = client.get(f"/admin/account/reset/{path}", follow=True)
            assert time.monotonic() - begun < 5
            assert answer.status_code == 404, path
            if answer.resolver_match and "%00" not in path and ".." not in path:
                assert_unusable(answer)

    def test_a_link_works_for_a_day(self, client):
        user = member()
        self.ask(client, user.email)
        link = sent_link(user.email)
        with time_machine.travel(timezone.now() + timedelta(hours=25)):
            assert_unusable(client.get(link, follow=True))

    @pytest.mark.parametrize("change", [{"is_active": False}, {"email": "new@newsroom.example"}])
    def test_the_e_mail_is_dropped_if_the_account_changed(self, client, change):
        user = member()
        self.ask(client, user.email)
        queue.work(Lane.QUICK)
        User.objects.filter(pk=user.pk).update(**change)
        email = Email.objects.get()
        with pytest.raises(outbox.EmailNotNeeded):
            outbox.FILLS[email.fill](email)

    def test_the_page_says_that_e_mail_is_off(self, client, settings):
        settings.EMAIL_IS_ON = False
        assert "E-mail is off for this newsroom." in text(client.get("/admin/account/reset/"))


class TestPassword:
    def test_a_change_ends_the_other_sessions(self, client):
        user = member()
        elsewhere = Client()
        for each in (client, elsewhere):
            sign_in(each, user)
        wrong = {"old_password": "x", "new_password1": NEW, "new_password2": NEW}
        assert "The password is wrong." in text(client.post("/admin/account/password/", wrong))
        answer = client.post("/admin/account/password/", wrong | {"old_password": PASSWORD})
        assert answer["Location"] == "/admin/account/"
        assert "Your password is changed." in text(client.get("/admin/account/"))
        assert elsewhere.get("/admin/")["Location"].startswith("/admin/login/")
        assert text(client.get("/admin/account/sessions/")).count("signed in on") == 1
        assert verbs(user)[-2:] == ["password_changed", "session_ended"]
        assert Email.objects.filter(subject="Your password was changed").exists()

    def test_the_old_address_of_the_page_leads_to_the_new_one(self, at_desk):
        desk = at_desk(make_chief())
        assert desk.get("/admin/password_change/")["Location"] == "/admin/account/password/"
        assert desk.get("/admin/password_change/done/")["Location"] == "/admin/account/"


class TestAddress:
    NEW = "ada@elsewhere.example"

    def request_change(self, client, user):
        sign_in(client, user)
        client.post("/admin/account/address/", {"email": self.NEW})
        return sent_link(self.NEW)

    def test_an_address_changes_when_its_link_is_opened(self, client):
        user = member()
        link = self.request_change(client, user)
        old = user.email
        assert User.objects.get(pk=user.pk).email == old
        assert Email.objects.filter(to=old, subject="A new e-mail address was requested").exists()
        assert self.NEW in text(client.get(link))
        # A mail program that opens the link confirms nothing.
        assert User.objects.get(pk=user.pk).email == old
        page = client.post(link, follow=True)
        assert f"Your e-mail address is now {self.NEW}." in text(page)
        assert User.objects.get(pk=user.pk).email == self.NEW
        sent = Email.objects.filter(subject="Your e-mail address was changed")
        assert {*sent.values_list("to", flat=True)} == {old, self.NEW}
        assert verbs(user)[-1] == "email_changed"
        assert self.NEW not in str([*AccessEvent.objects.values()])
        assert_unusable(client.get(link))
        assert_unusable(client.post(link))

    def test_a_link_opened_by_another_user_changes_nothing(self, client):
        link = self.request_change(client, member())
        assert (
            Client().get(link)["Location"].startswith("/admin/login/?next=/admin/account/address/")
        )
        other = member(name="bo")
        there = Client()
        sign_in(there, other)
        assert "If it is for another account, sign in with that one." in text(there.get(link))
        assert_unusable(there.post(link))
        assert User.objects.get(pk=other.pk).email == other.email

    def test_an_address_that_was_taken_meanwhile_is_refused(self, client):
        user = member()
        link = self.request_change(client, user)
        member(name="bo", email=self.NEW.upper())
        assert "already has this e-mail address" in text(client.post(link, follow=True))
        assert User.objects.get(pk=user.pk).email == user.email

    @pytest.mark.parametrize(
        "address", ["", "x", "ada@newsroom.example", "BO@newsroom.example", "x" * 300]
    )
    def test_an_unusable_address_is_refused(self, client, address):
        member(name="bo", email="bo@newsroom.example")
        sign_in(client, member())
        page = client.post("/admin/account/address/", {"email": address})
        assert page.status_code == 200
        assert "errorlist" in text(page)
        assert not Email.objects.exclude(subject="You signed in from a new browser").exists()

    @pytest.mark.parametrize("token", TOKENS)
    def test_a_wrong_link_changes_nothing(self, client, token):
        user = member()
        sign_in(client, user)
        page = client.get(f"/admin/account/address/{token}/")
        assert page.status_code == 404
        assert token in ("%00", "..") or "This link does not work." in text(page)
        assert client.post(f"/admin/account/address/{token}/").status_code == 404
        assert User.objects.get(pk=user.pk).email == user.email

    def test_a_link_works_for_a_day(self, client):
        link = self.request_change(client, member())
        with time_machine.travel(timezone.now() + timedelta(hours=25)):
            there = Client()
            # The sign-in that leads there ends at the page that says what to do.
            assert sign_in(there, User.objects.get(), next=link)["Location"] == link
            assert_unusable(there.get(link, follow=True))


class TestSessions:
    def test_sessions_are_listed_and_ended(self, client):
        user = member()
        others = [Client() for _ in range(3)]
        for each in (*others, client):
            sign_in(each, user)
        page = text(client.get("/admin/account/sessions/"))
        assert page.count("Chrome, network 127.0.0.0/24, signed in on") == 4
        assert page.count("(this session)") == 1
        assert "Mozilla" not in page
        one = page.rpartition('name="end" value="')[0].partition('name="end" value="')[2]
        client.post("/admin/account/sessions/", {"end": one.partition('"')[0]})
        assert sum(each.get("/admin/").status_code == 200 for each in others) == 2
        client.post("/admin/account/sessions/", {"end": "others"})
        assert not any(each.get("/admin/").status_code == 200 for each in others)
        assert client.get("/admin/").status_code == 200
        answer = client.post("/admin/account/sessions/", {"end": "all"})
        assert answer["Location"] == "/admin/login/"
        assert client.get("/admin/")["Location"].startswith("/admin/login/")
        assert verbs(user)[-3:] == ["session_ended", "session_ended", "signed_out"]

    def test_a_session_from_before_the_list_is_ended_too(self, client):
        user = make_chief()
        old, theirs = Client(), Client()
        old.force_login(user)
        theirs.force_login(member())
        client.force_login(user)
        assert "(this session)" in text(client.get("/admin/account/sessions/"))
        client.post("/admin/account/sessions/", {"end": "others"})
        assert old.get("/admin/").status_code == 302
        assert client.get("/admin/").status_code == theirs.get("/admin/").status_code == 200

    @pytest.mark.parametrize("end", ["", "x", "0", "9" * 30, "-1", "²", "\x00"])
    def test_an_unknown_session_ends_nothing(self, client, end):
        sign_in(client, member())
        other = Client()
        theirs = member(name="bo")
        sign_in(other, theirs)
        assert client.post("/admin/account/sessions/", {"end": end}).status_code == 302
        assert client.get("/admin/").status_code == other.get("/admin/").status_code == 200

    def test_the_session_of_another_user_is_not_ended(self, client):
        other = Client()
        sign_in(other, member(name="bo"))
        theirs = UserSession.objects.get()
        sign_in(client, member())
        client.post("/admin/account/sessions/", {"end": str(theirs.pk)})
        assert other.get("/admin/").status_code == 200


def test_no_session_stores_an_address_or_a_secret(client, settings):
    user = enrol(member())
    sign_in(client, user)
    enter_code(client)
    stored = str([session.get_decoded() for session in Session.objects.all()])
    assert PASSWORD not in stored
    assert UserSession.objects.get().ip == "127.0.0.0"


def test_ended_sessions_and_old_browsers_are_tidied(client):
    user = member()
    sign_in(client, user)
    other = Client()
    sign_in(other, user)
    Session.objects.filter(pk=other.cookies["sessionid"].value).update(
        expire_date=timezone.now() - timedelta(hours=1)
    )
    KnownBrowser.objects.filter(pk=KnownBrowser.objects.first().pk).update(
        last_seen_at=timezone.now() - timedelta(days=366)
    )
    call_command("tidy", stdout=StringIO())
    assert UserSession.objects.get().session_key == client.cookies["sessionid"].value
    call_command("forget", stdout=StringIO())
    assert KnownBrowser.objects.count() == 1

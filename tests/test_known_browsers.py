"""A browser is known after a sign-in, until its account is reset: a thief may have used it."""

import pytest
from django.core.management import call_command
from django.test import Client

from accounts import recovery
from accounts.models import KnownBrowser, User
from jobs.models import Email
from tests.make import PASSWORD, make_chief
from tests.signing_in import enrol, enter_code, member, sent_link, sign_in
from tests.test_team_pages import stock

pytestmark = pytest.mark.django_db
NEW = "another lantern in the harbour"
SUBJECT = "You signed in from a new browser"


@pytest.fixture
def ada():
    return member()


@pytest.fixture
def bo():
    """Bo, whose browser stays known whatever happens to Ada’s account."""
    user = member(name="bo")
    sign_in(Client(), user)
    yield user
    assert KnownBrowser.objects.filter(user=user).exists()


def browser_of(user, *, enrolled=False) -> Client:
    """Return a browser in which a user signed in and out."""
    client = Client()
    sign_in(client, user)
    if enrolled:
        enter_code(client)
    client.post("/admin/logout/")
    assert is_known(client, user)
    return client


def is_known(client, user, password=PASSWORD) -> bool:
    """Sign in with a password, and return whether no e-mail reported a new browser."""
    Email.objects.filter(subject=SUBJECT).delete()
    sign_in(client, user, password)
    client.post("/admin/logout/")
    return not Email.objects.filter(to=user.email, subject=SUBJECT).exists()


def reset_password(user) -> None:
    Client().post("/admin/account/reset/", {"email": user.email})
    there = Client()
    form = there.get(sent_link(user.email))["Location"]
    typed = {"new_password1": NEW, "new_password2": NEW}
    assert there.post(form, typed).status_code == 302


def chief() -> Client:
    client = Client()
    client.force_login(make_chief())
    return client


def enter_password_for(user) -> None:
    typed = {"password1": NEW, "password2": NEW}
    answer = chief().post(f"/admin/accounts/user/{user.pk}/password/", typed)
    assert answer.status_code == 302


def test_a_password_reset_forgets_every_browser(ada, bo):
    browser = browser_of(ada)
    reset_password(ada)
    assert not is_known(browser, ada, NEW)


def test_a_password_that_an_administrator_enters_forgets_every_browser(ada, bo):
    browser = browser_of(ada)
    enter_password_for(ada)
    assert not is_known(browser, ada, NEW)


def test_an_address_that_an_administrator_enters_forgets_every_browser(ada, bo):
    browser = browser_of(ada)
    page = f"/admin/accounts/user/{ada.pk}/change/"
    chief().post(page, stock(ada, email="ada@elsewhere.example"))
    ada.refresh_from_db()
    assert ada.email == "ada@elsewhere.example"
    assert not is_known(browser, ada)


@pytest.mark.parametrize("page", ["/admin/team/{}/", "/admin/accounts/user/{}/change/"])
def test_a_pause_forgets_every_browser(ada, bo, page):
    browser, administrator = browser_of(ada), chief()
    path = page.format(ada.pk)
    if "team" in page:
        administrator.post(f"{path}pause/")
        administrator.post(f"{path}resume/")
    else:
        administrator.post(path, stock(ada, is_active=""))
        administrator.post(path, stock(ada))
    assert User.objects.get(pk=ada.pk).is_active
    assert not is_known(browser, ada)


@pytest.mark.parametrize("way", ["administrator", "command"])
def test_a_recovery_forgets_every_browser(ada, bo, way):
    enrol(ada)
    browser_of(ada, enrolled=True)
    assert KnownBrowser.objects.filter(user=ada).count() == 1
    if way == "command":
        call_command("resetfactor", ada.username, "--yes")
        assert not KnownBrowser.objects.filter(user=ada).exists()
        return
    recovery.start(ada, by=member("Administrator", "boss"), identity_check="called")
    old = KnownBrowser.objects.get(user=ada).pk
    Client().post(sent_link(ada.email), {"password": PASSWORD})
    # The one that completed the recovery signed in, so it is known now.
    assert KnownBrowser.objects.filter(user=ada).exclude(pk=old).exists()
    assert not KnownBrowser.objects.filter(pk=old).exists()


def test_a_password_change_keeps_only_the_browser_that_made_it(ada, bo):
    here, elsewhere = browser_of(ada), browser_of(ada)
    sign_in(here, ada)
    typed = {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW}
    assert here.post("/admin/account/password/", typed)["Location"] == "/admin/account/"
    here.post("/admin/logout/")
    assert is_known(here, ada, NEW)
    assert not is_known(elsewhere, ada, NEW)


def test_superusers_who_change_their_own_password_keep_the_browser_used():
    user = make_chief()
    user.set_password(PASSWORD)
    user.email = "chief@newsroom.example"
    user.save()
    here, elsewhere = browser_of(user), browser_of(user)
    sign_in(here, user)
    typed = {"password1": NEW, "password2": NEW}
    assert here.post(f"/admin/accounts/user/{user.pk}/password/", typed).status_code == 302
    here.post("/admin/logout/")
    assert is_known(here, user, NEW)
    assert not is_known(elsewhere, user, NEW)

"""Sign-in, passkeys and account pages in a browser, with a virtual authenticator."""

import pytest
from django.test import Client
from playwright.sync_api import expect

from accounts import throttle
from accounts.models import User
from jobs.models import Email
from releases.models import Release
from tests.browser import (  # fixtures
    SIZES,
    _connections_of_the_loop,
    _leave_the_page,
    _page_of_the_worker,
    assert_whole,
    browser_type_launch_args,
    complaints,
    context,
    page,
    pytestmark,
    signed_in,
)
from tests.make import PASSWORD, make_release
from tests.signing_in import (
    add_passkey,
    code_of,
    enrol,
    factors_of,
    make_links,
    member,
    sent_link,
    sign_in,
    verbs,
)

NEW = "harbour-lantern-9"


@pytest.fixture(autouse=True)
def _privileged(settings):
    settings.REQUIRE_SECOND_FACTOR = "privileged"
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def desk(live_server):
    return f"{live_server.url}/admin/"


def give_authenticator(page, *, verified=True):
    """Give the browser an authenticator such as that of a laptop. Returns how to change it."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True,
        "hasUserVerification": True, "isUserVerified": verified,
        "automaticPresenceSimulation": True,
    }  # fmt: skip
    key = session.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]

    def verify(is_verified):
        named = {"authenticatorId": key, "isUserVerified": is_verified}
        session.send("WebAuthn.setUserVerified", named)

    return verify


def type_password(page, desk, user, password=PASSWORD):
    page.goto(desk)
    page.get_by_label("Username or e-mail address").fill(user.username)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()


def test_a_user_enrols_a_passkey_and_signs_in_with_it(page, desk, complaints, live_server):
    user = member()
    verify = give_authenticator(page)
    type_password(page, desk, user)
    page.wait_for_url("**/admin/account/factors/")
    page.get_by_role("link", name="Add a passkey").click()
    page.get_by_label("Name of the passkey").fill("Laptop")
    page.get_by_role("button", name="Create the passkey").click()
    page.wait_for_url("**/admin/account/factors/codes/")
    assert page.locator(".codes li").count() == 10
    page.get_by_role("link", name="Continue to the desk").click()
    page.wait_for_url(desk)
    assert factors_of(user) == ["webauthn", "recovery_codes"]

    page.get_by_role("button", name="Sign out").click()
    page.goto(f"{desk}releases/release/?q=a")
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url("**/admin/releases/release/?q=a")
    assert verbs(user)[-1] == "signed_in"

    # As the second step after the password.
    page.get_by_role("button", name="Sign out").click()
    type_password(page, desk, user)
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url(desk)

    # The person is not recognised: a sentence, and nobody is signed in.
    page.get_by_role("button", name="Sign out").click()
    verify(False)
    page.goto(f"{desk}login/")
    assert not page.get_by_text("The passkey was not used.").is_visible()
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.get_by_text("The passkey was not used. Try again, or use another way.").wait_for()
    verify(True)
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url(desk)
    assert complaints == []


def test_a_session_that_used_no_factor_confirms_with_the_passkey(page, desk, signed_in):
    user = enrol(member())
    give_authenticator(page)
    type_password(page, desk, user)
    page.get_by_label("Code").fill(code_of())
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(desk)
    page.goto(f"{desk}account/factors/passkey/")
    page.get_by_role("button", name="Create the passkey").click()
    page.wait_for_url("**/admin/account/factors/codes/")
    signed_in(user)
    page.goto(f"{desk}account/sessions/")
    page.wait_for_url("**/admin/account/confirm/**")
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url("**/admin/account/sessions/")


def test_a_passkey_of_a_paused_account_signs_nobody_in(page, desk):
    user = member()
    give_authenticator(page)
    type_password(page, desk, user)
    page.get_by_role("link", name="Add a passkey").click()
    page.get_by_role("button", name="Create the passkey").click()
    page.wait_for_url("**/codes/")
    page.context.clear_cookies()
    colleague = member(name="bo")
    User.objects.filter(pk=user.pk).update(is_active=False, username=colleague.email)
    page.goto(desk)
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.get_by_text("The passkey was not accepted.").wait_for()
    # A failure of this account, and not of the colleague whose address it has as a username.
    assert verbs(user)[-1] == "sign_in_failed"
    assert verbs(colleague) == []


def test_sign_in_with_a_password_and_a_code_works_without_javascript(browser, desk):
    user = enrol(member())
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    type_password(page, desk, user)
    page.get_by_label("Code").fill(code_of())
    page.get_by_role("button", name="Sign in", exact=True).click()
    assert page.url == desk
    page.goto(f"{desk}account/factors/passkey/")
    assert page.locator("noscript p").is_visible()
    context.close()


BOSS, DEPUTY = "GEZDGNBVGY3TQOJQ" * 2, "MFRGGZDFMZTWQ2LK" * 2


def set_up_app(page) -> str:
    """Set up an authenticator app, and return its secret."""
    page.get_by_role("link", name="Set up an authenticator app").click()
    secret = page.locator(".secret").inner_text().replace(" ", "")
    page.get_by_label("Code that the app shows").fill(code_of(secret))
    page.get_by_role("button", name="Set up the app").click()
    return secret


def enter(page, desk, user, code, password=PASSWORD):
    """Sign in with a password and a code."""
    type_password(page, desk, user, password)
    page.get_by_label("Code").fill(code)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(desk)


def test_the_life_of_an_account(page, desk, live_server, complaints, browser):
    """Two administrators: one invites, pauses and closes the account, the other recovers it."""
    boss = enrol(member("Administrator", "boss", first_name="Bo Boss"), BOSS)
    deputy = enrol(member("Administrator", "deputy"), DEPUTY)
    heir = member("Author", "heir")
    offices = [browser.new_context().new_page() for _ in range(2)]
    for office, administrator, secret in zip(offices, (boss, deputy), (BOSS, DEPUTY), strict=True):
        office.on(
            "console",
            lambda line: (
                complaints.append(line.text) if line.type in ("error", "warning") else None
            ),
        )
        enter(office, desk, administrator, code_of(secret))
    office, other_office = offices

    # She is invited.
    office.get_by_role("link", name="Manage the team").click()
    office.get_by_role("link", name="Invite a person").click()
    office.get_by_label("E-mail address").fill("ada@newsroom.example")
    office.get_by_label("Name:").fill("Ada Abel")
    office.get_by_label("Publisher").check()
    office.get_by_role("button", name="Send invitation").click()
    expect(office.locator(".messagelist")).to_contain_text("Invited: ada@newsroom.example.")
    invitation = sent_link("ada@newsroom.example")
    give_authenticator(page)
    page.goto(live_server.url + invitation)
    page.get_by_label("Username").fill("ada")
    page.get_by_label("Password:").fill(NEW)
    page.get_by_label("Password again").fill(NEW)
    page.get_by_role("button", name="Create account and sign in").click()

    # She sets up a passkey and an app, and signs in with each.
    page.wait_for_url("**/admin/account/factors/")
    page.get_by_role("link", name="Add a passkey").click()
    page.get_by_role("button", name="Create the passkey").click()
    page.wait_for_url("**/admin/account/factors/codes/")
    page.goto(f"{desk}account/factors/")
    secret = set_up_app(page)
    page.wait_for_url("**/admin/account/factors/")
    ada = User.objects.get(username="ada")
    assert factors_of(ada) == ["webauthn", "recovery_codes", "totp"]
    page.goto(desk)
    page.get_by_role("button", name="Sign out").click()
    page.goto(desk)
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url(desk)
    page.get_by_role("button", name="Sign out").click()
    enter(page, desk, ada, code_of(secret, steps=1), NEW)
    release = make_release("draft", by=ada)

    # She loses the phone, which had both. The other administrator starts the recovery.
    page.get_by_role("button", name="Sign out").click()
    other_office.goto(f"{desk}account/recovery/{ada.pk}/")
    other_office.locator("[name=identity_check]").fill("We met.")
    other_office.get_by_role("button", name="Start the recovery").click()
    expect(other_office.locator(".messagelist")).to_contain_text("An e-mail with a link was sent")
    page.goto(live_server.url + sent_link(ada.email))
    page.get_by_label("Password").fill(NEW)
    page.get_by_role("button", name="Remove the old second factor").click()
    secret = set_up_app(page)
    page.get_by_role("link", name="Continue to the desk").click()
    page.wait_for_url(desk)
    assert factors_of(ada) == ["totp", "recovery_codes"]
    assert Email.objects.filter(to=deputy.email, subject="A recovery was completed").exists()

    # She is paused, and resumed.
    office.goto(f"{desk}team/{ada.pk}/")
    office.get_by_role("button", name="Pause account").click()
    expect(office.locator(".messagelist")).to_contain_text("All its sessions have ended.")
    page.reload()
    expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
    type_password(page, desk, ada, NEW)
    page.get_by_text("or this user can’t sign in to the desk").wait_for()
    office.get_by_role("button", name="Resume account").click()
    enter(page, desk, ada, code_of(secret, steps=1), NEW)

    # She leaves, and her draft gets a new author.
    office.get_by_role("link", name="Close account …").click()
    office.get_by_label("Who gets the drafts").select_option(str(heir.pk))
    office.get_by_role("button", name="Close the account").click()
    expect(office.locator(".messagelist")).to_contain_text("Ada Abel has left the team.")
    office.get_by_text("1 person has left the team").click()
    expect(office.locator(".former")).to_contain_text("Ada Abel")
    page.reload()
    expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
    assert Release.objects.get(pk=release.pk).created_by == heir
    assert complaints == []
    page.goto(live_server.url + invitation)
    expect(page.get_by_role("heading", level=1)).to_have_text("This invitation can’t be used")
    for each in offices:
        each.context.close()


@SIZES
def test_every_page_is_usable(page, desk, size, schemes, complaints, monkeypatch):
    page.set_viewport_size(size)
    user, colleague, other = member("Administrator"), enrol(member(name="bo")), member(name="cy")
    links = make_links(signed_in=user, away=colleague, by=user)
    for path in ("account/reset/x/y/", "account/recover/x/"):
        page.goto(desk + path)
        assert_whole(page, schemes, path)
    assert [one for one in complaints if "status of 404" not in one] == []
    complaints.clear()
    for path in ("login/", "account/reset/", "account/reset/sent/", "account/reset/done/",
                 f"account/reset/{links['uidb64']}/{links['reset']}/",
                 f"account/recover/{links['recover']}/"):  # fmt: skip
        page.goto(desk + path)
        assert_whole(page, schemes, path)
    monkeypatch.setattr(throttle, "PASSWORDS_FROM_ONE_ADDRESS", 1)
    for refusal in ("is wrong", "Too many wrong passwords were entered."):
        page.goto(f"{desk}login/")
        page.get_by_label("Username or e-mail address").fill(other.username)
        page.get_by_label("Password").fill("wrong")
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.get_by_text(refusal).wait_for()
        assert_whole(page, schemes, refusal)
    type_password(page, desk, user)
    for path in ("account/factors/", "account/factors/app/", "account/factors/passkey/",
                 "account/confirm/"):  # fmt: skip
        page.goto(desk + path)
        assert_whole(page, schemes, path)
    page.goto(f"{desk}account/factors/app/")
    secret = page.locator(".secret").inner_text().replace(" ", "")
    page.get_by_label("Code that the app shows").fill(code_of(secret))
    page.get_by_role("button", name="Set up the app").click()
    assert_whole(page, schemes, "codes")
    key = f"account/factors/{add_passkey(user).pk}"
    for path in ("account/", "account/password/", "account/address/",
                 f"account/address/{links['address']}/", "account/sessions/", "account/factors/",
                 "account/confirm/", f"{key}/rename/", f"{key}/remove/",
                 f"account/recovery/{enrol(member(name='di')).pk}/",
                 f"account/recovery/{colleague.pk}/", f"account/recovery/{user.pk}/",
                 ):  # fmt: skip
        page.goto(desk + path)
        assert_whole(page, schemes, path)
    page.goto(f"{desk}account/factors/")
    page.get_by_role("link", name="Remove the authenticator app").click()
    expect(page.get_by_role("button", name="Remove the authenticator app")).to_be_visible()
    assert_whole(page, schemes, "remove")
    page.get_by_role("button", name="Sign out").click()
    type_password(page, desk, user)
    assert_whole(page, schemes, "second step")
    page.get_by_label("Code").fill("000000")
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_text("The code is wrong").wait_for()
    assert_whole(page, schemes, "wrong code")
    assert complaints == []

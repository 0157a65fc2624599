"""Sign-in, passkeys and account pages in a browser, with a virtual authenticator."""

import pytest
from django.test import Client
from playwright.sync_api import expect

from accounts import throttle
from jobs.models import Email
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
from tests.make import PASSWORD
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


def type_password(page, desk, user):
    page.goto(desk)
    page.get_by_label("Username or e-mail address").fill(user.username)
    page.get_by_label("Password").fill(PASSWORD)
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
    type(user).objects.filter(pk=user.pk).update(is_active=False)
    page.goto(desk)
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.get_by_text("The passkey was not accepted.").wait_for()


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


def test_a_lost_phone_is_replaced(page, desk, live_server, complaints):
    user, admin = enrol(member()), enrol(member("Administrator", "bo"), "GEZDGNBVGY3TQOJQ" * 2)
    other = Client()
    sign_in(other, admin)
    other.post("/admin/account/second-step/", {"code": code_of("GEZDGNBVGY3TQOJQ" * 2)})
    check = {"identity_check": "We met."}
    assert other.post(f"/admin/account/recovery/{user.pk}/", check).status_code == 302
    page.goto(live_server.url + sent_link(user.email))
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Remove the old second factor").click()
    page.get_by_role("link", name="Set up an authenticator app").click()
    secret = page.locator(".secret").inner_text().replace(" ", "")
    page.get_by_label("Code that the app shows").fill(code_of(secret))
    page.get_by_role("button", name="Set up the app").click()
    page.get_by_role("link", name="Continue to the desk").click()
    page.wait_for_url(desk)
    assert Email.objects.filter(to=admin.email, subject="A recovery was completed").exists()
    assert complaints == []


@SIZES
def test_every_page_is_usable(page, desk, size, schemes, complaints, monkeypatch):
    page.set_viewport_size(size)
    user, colleague, other = member("Administrator"), enrol(member(name="bo")), member(name="cy")
    links = make_links(signed_in=user, away=colleague, by=user)
    for path in ("login/", "account/reset/", "account/reset/sent/", "account/reset/x/y/",
                 f"account/reset/{links['uidb64']}/{links['reset']}/", "account/recover/x/",
                 f"account/recover/{links['recover']}/", "account/reset/done/"):  # fmt: skip
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
    for path in ("account/", "account/password/", "account/address/", "account/address/x/",
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

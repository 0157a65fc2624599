"""The pages of the team and of an invitation in a browser."""

import re

from django.core import mail
from django.db import models
from django.utils import timezone
from playwright.sync_api import expect

from accounts import team
from accounts.models import User
from jobs import outbox
from people.models import Level, Person
from releases.models import Release
from tests.browser import (
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
from tests.make import make_chief, make_prisoner, make_release, make_user

GOOD = "harbour-lantern-9"


def test_an_invitation_works_without_javascript(live_server, browser):
    boss = make_user("boss", "Administrator")
    link = team.path_of(team.invite("ada@n.example", name="Ada", roles=["Author"], by=boss))
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{live_server.url}{link}")
        page.get_by_label("Username").fill("ada")
        page.get_by_label("Password:").fill(GOOD)
        page.get_by_label("Password again").fill(GOOD)
        page.get_by_role("button", name="Create account and sign in").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Desk")


@SIZES
def test_the_pages_of_the_team_are_accessible(
    page, live_server, signed_in, complaints, size, schemes, browser, settings
):
    boss = make_user("boss", "Administrator", first_name="Bo Boss")
    chief, gone = make_chief(), make_user("gone", "Author", first_name="Go Ne")
    paused = make_user("paused", "Editor", email=f"{'long' * 12}@newsroom.example")
    team.pause(paused, by=boss)
    team.leave(gone, by=boss)
    invitation = team.invite(
        f"{'long' * 12}@n.example", name="Ada Abel", roles=["Author", "Editor"], by=boss
    )
    team.invite(
        "late@n.example", name="L", roles=["Author"], by=boss,
        at=timezone.now().replace(year=2020),
    )  # fmt: skip
    path = team.path_of(invitation)
    page.set_viewport_size(size)
    opened = {"invitation": path, "no invitation": "/admin/account/invitation/x/"}
    for name, address in opened.items():
        complaints.clear()
        page.goto(live_server.url + address, wait_until="networkidle")
        assert_whole(page, schemes, name)
        assert [one for one in complaints if "status of 404" not in one] == [], name
    page.goto(live_server.url + path)
    page.get_by_role("button", name="Create account and sign in").click()
    signed_in(boss)
    hidden = models.QuerySet(Person).filter(pk=make_prisoner("Teodor Brask").pk)
    hidden.update(level=Level.CASE_OFFICERS)  # nobody is named on it
    pages = {
        "team": "", "invite": "invite/", "roles": "roles/", "own": f"{boss.pk}/",
        "paused": f"{paused.pk}/", "superuser": f"{chief.pk}/", "former": f"{gone.pk}/",
        "leave": f"{paused.pk}/leave/",
    }  # fmt: skip
    complaints.clear()
    for name, address in pages.items():
        page.goto(f"{live_server.url}/admin/team/{address}", wait_until="networkidle")
        assert_whole(page, schemes, name)
    for name in ("invite", "leave"):  # forms with errors
        page.goto(f"{live_server.url}/admin/team/{pages[name]}")
        page.evaluate("document.querySelector('.action-form').noValidate = true")
        page.locator(".action-form [type=submit]").click()
        expect(page.locator(".errornote")).to_be_visible()
        assert_whole(page, schemes, f"{name} with errors")
    assert complaints == []
    settings.SITE_NOTICE = "This is a demonstration."
    others = {
        "desk": "", "record": "accounts/accessevent/", "retention": "retention/",
        "without officer": "people/person/without-officer/",
        "not allowed": "releases/release/add/", "only a button": f"team/{paused.pk}/pause/",
        "not found": "nothing/", "signed in already": path.removeprefix("/admin/"),
    }  # fmt: skip
    for name, address in others.items():
        complaints.clear()  # axe adds styles to some of these pages, and the policy refuses them
        page.goto(f"{live_server.url}/admin/{address}", wait_until="networkidle")
        assert [one for one in complaints if "status of 40" not in one] == [], name
        assert_whole(page, schemes, name)

"""Names in a text, in a browser: suggested while a user writes, and confirmed with a button.

Needs Debian's Chromium (`apt install chromium`); without it these tests skip.
"""

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import expect

from people.models import Level
from releases.models import RejectedName, Release
from tests.browser import (
    NARROW,
    WIDE,
    _connections_of_the_loop,
    _leave_the_page,
    _page_of_the_worker,
    browser_type_launch_args,
    complaints,
    context,
    overflow,
    page,
    pytestmark,
    signed_in,
    violations,
)  # the fixtures are used by their names
from tests.make import make_chief, make_person, make_release, make_user


def form_of(live_server, release) -> str:
    return f"{live_server.url}/admin/releases/release/{release.pk}/change/"


def test_names_are_suggested_while_a_user_writes_and_saved_with_the_release(
    page, live_server, signed_in, complaints
):
    lai = make_person("Jimmy Lai", title="Publisher")
    namesake = make_person("Li Na", title="Lawyer")
    make_person("Li Na", title="Poet")
    make_person("Ilham Tohti")
    release = make_release("draft", body="<p>It was Jimmy Lai.</p>", by=make_chief())
    signed_in(make_user("editor", "Editor"))
    page.goto(form_of(live_server, release))
    panel = page.locator(".names")
    expect(panel.get_by_role("status")).to_have_text("1 name to confirm.")

    # typed text is searched a moment later; a misspelled name is a hint
    text = page.get_by_role("textbox", name="Text", exact=True)
    text.click()
    page.keyboard.press("Control+End")
    page.keyboard.type(" Li Na met Ilham Tokhti.")
    expect(panel.get_by_role("status")).to_have_text("2 names to confirm.")
    expect(panel).to_contain_text("Possibly Ilham Tohti, spelled differently")
    expect(panel.get_by_role("button", name="This is Li Na: Li Na")).to_have_count(2)
    expect(panel.get_by_role("button", name="This is Li Na: Li Na, Poet")).to_be_visible()

    # a name that is confirmed with the keyboard is marked; a rejected name disappears
    panel.get_by_role("button", name="This is Jimmy Lai: Jimmy Lai").focus()
    page.keyboard.press("Enter")
    expect(text.locator("span[data-person]")).to_have_text("Jimmy Lai")
    expect(panel.get_by_role("status")).to_have_text("1 name to confirm.")
    panel.get_by_role("button", name="None of these: Li Na").click()
    expect(panel.get_by_role("status")).to_have_text("No name to confirm.")
    panel.get_by_role("button", name="No: Ilham Tokhti").click()
    expect(panel.locator("li")).to_have_count(0)
    assert not RejectedName.objects.exists()  # nothing is stored before the release is saved

    page.get_by_role("button", name="Save", exact=True).first.click()
    expect(page.locator(".messagelist")).to_be_visible()
    page.goto(form_of(live_server, release))
    expect(panel.get_by_role("status")).to_have_text("No name to confirm.")
    assert [mention.person for mention in Release.objects.get().mentions.all()] == [lai]
    assert RejectedName.objects.count() == 3
    assert RejectedName.objects.filter(person=namesake).exists()
    assert complaints == []


def test_a_button_marks_the_name_that_is_shown_beside_it(page, live_server, signed_in, complaints):
    person = make_person("Ana Li")
    text = "Ana Liu, 😀, met Ana Li."
    release = make_release("draft", body=f"<p>Before.</p><p>{text}</p>", by=make_chief())
    signed_in(make_user("editor", "Editor"))
    page.goto(form_of(live_server, release))
    panel = page.locator(".names")
    expect(panel.locator("li > p").first).to_have_text(text)
    expect(panel.locator("li:not(.hint) b")).to_have_text("Ana Li")
    panel.get_by_role("button", name="This is Ana Li: Ana Li").click()
    expect(panel.get_by_role("status")).to_have_text("No name to confirm.")
    page.get_by_role("button", name="Save", exact=True).first.click()
    expect(page.locator(".messagelist")).to_be_visible()
    body = Release.objects.get().body
    assert body.endswith(f'Ana Liu, 😀, met <span data-person="{person.pk}">Ana Li</span>.</p>')
    assert complaints == []


def test_several_names_are_confirmed_and_rejected_with_the_keyboard_only(
    page, live_server, signed_in
):
    for name in ("Jimmy Lai", "Ana Verel", "Rabab Nawrasi"):
        make_person(name)
    body = "<p>Jimmy Lai, Ana Verel, Rabab Nawrasi.</p>"
    release = make_release("draft", body=body, by=make_chief())
    signed_in(make_user("editor", "Editor"))
    page.goto(form_of(live_server, release))
    panel = page.locator(".names")
    panel.get_by_role("button", name="This is Jimmy Lai: Jimmy Lai").focus()
    page.keyboard.press("Enter")
    expect(panel.get_by_role("status")).to_have_text("2 names to confirm.")
    expect(panel.get_by_role("button", name="This is Ana Verel: Ana Verel")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(panel.get_by_role("status")).to_have_text("1 name to confirm.")
    expect(panel.get_by_role("button", name="This is Rabab Nawrasi")).to_be_focused()
    page.keyboard.press("Enter")
    expect(panel.get_by_role("status")).to_have_text("No name to confirm.")
    expect(panel).to_be_focused()
    marked = page.locator(".field-body [data-person]")
    assert marked.all_inner_texts() == ["Jimmy Lai", "Rabab Nawrasi"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_the_panel_of_names_is_accessible(page, live_server, signed_in, size, scheme):
    make_person("Li Na", title="Lawyer at a court with a name so long that it has to be broken")
    make_person("Li Na", title="Poet", level=Level.STAFF)
    make_person("Ilham Tohti")
    body = "<p>Li Na met Ilham Tokhti, and human rights lawyer Peter Newman said so.</p>"
    release = make_release("draft", body=body, by=make_chief())
    page.set_viewport_size(size)
    page.emulate_media(color_scheme=scheme)
    signed_in(make_user("editor", "Editor"))
    page.goto(form_of(live_server, release))
    expect(page.locator(".names li")).to_have_count(3)
    assert violations(page, ".names") == []
    assert overflow(page) <= 0


def test_the_panel_says_what_to_do_if_the_server_does_not_answer(page, live_server, signed_in):
    release = make_release("draft", by=make_chief())
    signed_in(make_user("editor", "Editor"))
    page.route("**/releases/release/names/", lambda route: route.fulfill(status=403))
    page.goto(form_of(live_server, release))
    expect(page.locator(".names")).to_contain_text("Your text is still on this page.")
    page.unroute("**/releases/release/names/")
    page.route("**/releases/release/names/", lambda route: route.abort())
    page.get_by_role("textbox", name="Text", exact=True).click()
    page.keyboard.type("More.")
    expect(page.locator(".names")).to_contain_text("The server can’t be reached.")


def test_the_panel_says_that_the_text_is_still_there_after_a_sign_out(page, live_server, signed_in):
    release = make_release("draft", by=make_chief())
    signed_in(make_user("editor", "Editor"))
    page.goto(form_of(live_server, release))
    expect(page.locator(".names")).to_contain_text("No name to confirm.")
    Session.objects.all().delete()
    page.get_by_role("textbox", name="Text", exact=True).click()
    page.keyboard.type("More.")
    expect(page.locator(".names")).to_contain_text("Your text is still on this page.")

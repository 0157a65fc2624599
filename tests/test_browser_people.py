"""What only a browser shows of people: names offered while one writes, a level lowered at a press.

Needs Debian's Chromium (`apt install chromium`); without it these tests skip.
"""

import pytest
from playwright.sync_api import expect

from people import levels
from people.models import Case, Level
from releases.models import RejectedName, Release
from tests.browser import (
    NARROW,
    WIDE,
    _connections_of_the_loop,
    _leave_the_page,
    browser_type_launch_args,
    complaints,
    overflow,
    pytestmark,
    signed_in,
    violations,
)  # the fixtures are used by their names
from tests.make import (
    make_chief,
    make_person,
    make_prisoner,
    make_release,
    make_user,
    mark,
    quotation,
    whole_case,
)


def form_of(live_server, release) -> str:
    return f"{live_server.url}/admin/releases/release/{release.pk}/change/"


def test_names_are_offered_while_one_writes_and_kept_with_the_release(
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

    # what is typed is looked through a moment later; a misspelling is a hint
    text = page.get_by_role("textbox", name="Text", exact=True)
    text.click()
    page.keyboard.press("Control+End")
    page.keyboard.type(" Li Na met Ilham Tokhti.")
    expect(panel.get_by_role("status")).to_have_text("2 names to confirm.")
    expect(panel).to_contain_text("Perhaps Ilham Tohti, written differently?")
    expect(panel.get_by_role("button", name="This is Li Na: Li Na")).to_have_count(2)

    # confirmed by the keyboard, it is marked; rejected, it is gone
    panel.get_by_role("button", name="This is Jimmy Lai: Jimmy Lai").focus()
    page.keyboard.press("Enter")
    expect(text.locator("span[data-person]")).to_have_text("Jimmy Lai")
    expect(panel.get_by_role("status")).to_have_text("1 name to confirm.")
    panel.get_by_role("button", name="None of them: Li Na").click()
    expect(panel.get_by_role("status")).to_have_text("No name to confirm.")
    panel.get_by_role("button", name="No: Ilham Tokhti").click()
    expect(panel.locator("li")).to_have_count(0)
    assert not RejectedName.objects.exists()  # nothing is kept before it is saved

    page.get_by_role("button", name="Save", exact=True).first.click()
    expect(page.locator(".messagelist")).to_be_visible()
    page.goto(form_of(live_server, release))
    expect(panel.get_by_role("status")).to_have_text("No name to confirm.")
    assert [mention.person for mention in Release.objects.get().mentions.all()] == [lai]
    assert RejectedName.objects.count() == 3
    assert RejectedName.objects.filter(person=namesake).exists()
    assert complaints == []


def test_the_panel_of_names_can_be_used_by_everybody(page, live_server, signed_in):
    make_person("Jimmy Lai", title="Publisher")
    release = make_release("draft", body="<p>It was Jimmy Lai.</p>", by=make_chief())
    signed_in(make_user("editor", "Editor"))
    for size in (WIDE, NARROW):
        page.set_viewport_size(size)
        page.goto(form_of(live_server, release))
        expect(page.locator(".names li")).to_have_count(1)
        assert violations(page, ".names") == []
        assert overflow(page) <= 0


def test_without_an_answer_the_panel_says_what_to_do(page, live_server, signed_in):
    release = make_release("draft", by=make_chief())
    signed_in(make_user("editor", "Editor"))
    page.route("**/releases/release/names/", lambda route: route.fulfill(status=403))
    page.goto(form_of(live_server, release))
    expect(page.locator(".names")).to_contain_text("Are you still signed in? Your text is safe")
    page.unroute("**/releases/release/names/")
    page.route("**/releases/release/names/", lambda route: route.abort())
    page.get_by_role("textbox", name="Text", exact=True).click()
    page.keyboard.type("More.")
    expect(page.locator(".names")).to_contain_text("The newsroom cannot be reached.")


def test_an_editor_lowers_a_person_at_one_press_and_holds_what_names_them(
    page, live_server, signed_in, complaints
):
    person = make_prisoner("Teodor Brask")
    release = make_release(title="A word", body=f"<p>It was {mark(person)}.</p>")
    other = make_release(title="Another", body=f"<p>{mark(person)} again.</p>")
    signed_in(make_user("editor", "Editor"))
    page.goto(f"{live_server.url}/admin/people/person/{person.pk}/change/")
    page.get_by_role("button", name="To 1").click()
    expect(page.get_by_text("Lowered to level 1.")).to_be_visible()
    expect(page.get_by_role("checkbox")).to_have_count(2)
    page.get_by_label("Another").uncheck()
    page.get_by_role("button", name="Hold those that are ticked").click()
    expect(page.get_by_text("1 release is off every path")).to_be_visible()
    release.refresh_from_db()
    other.refresh_from_db()
    assert (release.is_held(), other.is_held()) == (True, False)
    complaints.clear()
    page.goto(f"{live_server.url}/people/teodor-brask/")
    expect(page.get_by_role("heading", level=1)).to_have_text("There is nothing here")


def test_two_people_raise_a_level(page, live_server, signed_in, complaints):
    person = make_person("Teodor Brask", level=Level.STAFF)
    signed_in(make_user("editor", "Editor"))
    page.goto(f"{live_server.url}/admin/people/person/{person.pk}/change/")
    page.get_by_role("link", name="Raise the level").click()
    page.get_by_label("To level").select_option("3")
    page.get_by_label("Why the person may be named").fill("His own consent.")
    page.get_by_role("button", name="Ask").click()
    expect(page.get_by_text("A second person has to agree")).to_be_visible()
    signed_in(make_user("publisher", "Publisher"))
    page.goto(f"{live_server.url}/admin/")
    page.get_by_role("link", name="Teodor Brask").click()
    expect(page.get_by_text("His own consent.")).to_be_visible()
    page.get_by_role("button", name="Agree").click()
    expect(page.get_by_role("link", name="Public page")).to_be_visible()
    assert complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_a_case_can_be_written_by_everybody(page, live_server, signed_in, size, scheme):
    person = make_prisoner("Teodor Brask", level=Level.STAFF)
    case = whole_case(person)
    levels.ask_to_raise(person, to=Level.PUBLIC, basis="Consent.", by=make_chief())
    page.set_viewport_size(size)
    page.emulate_media(color_scheme=scheme)
    signed_in(make_user("publisher", "Publisher"))
    for path in ("decide", "named", "history"):
        page.goto(f"{live_server.url}/admin/people/person/{person.pk}/{path}/")
        assert overflow(page) <= 0, path
        assert path == "history" or violations(page) == [], path  # the list is the library's
    for path in (f"person/{person.pk}/change/", f"case/{case.pk}/change/"):
        page.goto(f"{live_server.url}/admin/people/{path}")
        assert violations(page, ".panel") == [], path
        assert overflow(page) <= 0, path


def test_a_quotation_is_copied_without_what_became_of_people_since(
    page, context, live_server, newsroom_of_brask
):
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(live_server.url + newsroom_of_brask.get_absolute_url())
    expect(page.locator("blockquote .since")).to_contain_text("after this was published")
    page.get_by_role("button", name="Copy quotation").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("“Release Teodor Brask now.”\n\n– Ansa Verel, Director\n")


@pytest.fixture
def newsroom_of_brask(transactional_db):
    """A release that quotes somebody on a prisoner who is free by now."""
    prisoner = make_prisoner("Teodor Brask")
    speaker = make_person(title="Director", speaks=True)
    release = make_release(body=quotation(speaker, f"“Release {mark(prisoner)} now.”"))
    case = prisoner.cases.get()
    tomorrow = release.day.replace(year=release.day.year + 1)
    case.events.create(kind="release", date=tomorrow.isoformat(), summary="Free.")
    Case.objects.filter(pk=case.pk).update(custody_status=Case.Custody.RELEASED)
    return release


def test_quotations_are_searched_without_javascript(browser, live_server):
    speaker = make_person(title="Director", speaks=True)
    make_release(body=quotation(speaker, "“Of bread.”") + quotation(speaker, "“Of rosés.”"))
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(live_server.url + speaker.get_absolute_url())
    page.get_by_label("Search these quotations").fill("ROSES")
    page.get_by_role("button", name="Search").click()
    expect(page.locator("blockquote")).to_have_count(1)
    expect(page.locator("blockquote")).to_contain_text("Of rosés.")
    expect(page.get_by_text("1 of 2 quotations contains")).to_be_visible()

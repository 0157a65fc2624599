"""People in a browser: changes of a level, pages of cases on a small screen, quotations.

Needs Debian's Chromium (`apt install chromium`); without it these tests skip.
"""

import pytest
from django.db import models
from playwright.sync_api import expect

from people import levels
from people.models import Case, Level
from tests.browser import (
    SIZES,
    _connections_of_the_loop,
    _leave_the_page,
    _page_of_the_worker,
    browser_type_launch_args,
    colour,
    complaints,
    context,
    overflow,
    page,
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


def test_an_editor_lowers_a_level_and_puts_releases_on_hold(
    page, live_server, signed_in, complaints
):
    person = make_prisoner("Teodor Brask")
    release = make_release(title="A word", body=f"<p>It was {mark(person)}.</p>")
    other = make_release(title="Another", body=f"<p>{mark(person)} again.</p>")
    signed_in(make_user("editor", "Editor"))
    page.goto(f"{live_server.url}/admin/people/person/{person.pk}/change/")
    page.get_by_role("button", name="Lower to 1").click()
    expect(page.get_by_text("Level lowered to 1 everywhere.")).to_be_visible()
    expect(page.get_by_role("checkbox")).to_have_count(2)
    page.get_by_label("Another").uncheck()
    page.get_by_role("button", name="Put selected releases on hold").click()
    expect(page.get_by_text("1 release is on hold.")).to_be_visible()
    release.refresh_from_db()
    other.refresh_from_db()
    assert (release.is_on_hold(), other.is_on_hold()) == (True, False)
    complaints.clear()
    page.goto(f"{live_server.url}/people/teodor-brask/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Page not found")


def test_two_people_raise_a_level(page, live_server, signed_in, complaints):
    person = make_person("Teodor Brask", level=Level.STAFF)
    signed_in(make_user("editor", "Editor"))
    page.goto(f"{live_server.url}/admin/people/person/{person.pk}/change/")
    page.get_by_role("link", name="Request a higher level").click()
    page.get_by_label("New level").select_option("3")
    page.get_by_label("Why the person may be named").fill("His own consent.")
    page.get_by_role("button", name="Send request").click()
    expect(page.get_by_text("A second person must approve it")).to_be_visible()
    signed_in(make_user("publisher", "Publisher"))
    page.goto(f"{live_server.url}/admin/")
    page.get_by_role("link", name="Teodor Brask").click()
    expect(page.get_by_text("His own consent.")).to_be_visible()
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_role("link", name="View public page")).to_be_visible()
    assert complaints == []


@SIZES
def test_the_pages_of_people_and_cases_are_accessible(page, live_server, signed_in, size, schemes):
    person = make_prisoner("Teodor Brask", level=Level.STAFF)
    case = whole_case(person)
    levels.request_level(person, to=Level.PUBLIC, basis="Consent.", by=make_chief())
    page.set_viewport_size(size)
    signed_in(make_user("publisher", "Publisher"))
    record, nothing = f"person/{person.pk}", ""
    for path, within in [
        (f"{record}/decide/", None),
        (f"{record}/named/", None),
        (f"{record}/history/", nothing),  # the list comes from simple-history
        (f"{record}/change/", ".panel"),
        (f"case/{case.pk}/change/", ".panel"),
    ]:
        page.emulate_media(color_scheme=schemes[0])
        page.goto(f"{live_server.url}/admin/people/{path}")
        for scheme in schemes:
            colour(page, scheme)
            assert overflow(page) <= 0, (path, scheme)
            assert within == nothing or violations(page, within) == [], (path, scheme)


def test_an_officer_reads_the_whole_panel_and_hears_the_name_of_each_field(
    page, live_server, signed_in
):
    officer, person = make_user("officer", "Case officer"), make_prisoner("Teodor Brask", title="A")
    person.names.create(text="Theo Brask")
    levels.lower_level(person, to=Level.CASE_OFFICERS, by=officer, case_officers=[officer])
    signed_in(officer)
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto(f"{live_server.url}/admin/people/person/{person.pk}/change/")
    assert violations(page, "#names-group", ["label", "label-title-only", "select-name"]) == []
    panel = page.locator(".panel")
    assert panel.evaluate("one => one.scrollWidth <= one.clientWidth")


def test_a_quotation_is_copied_without_later_news_of_people(
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
    """A release with a quotation about a prisoner who has been released since."""
    prisoner = make_prisoner("Teodor Brask")
    speaker = make_person(title="Director", speaks=True)
    release = make_release(body=quotation(speaker, f"“Release {mark(prisoner)} now.”"))
    case = prisoner.cases.get()
    tomorrow = release.day.replace(year=release.day.year + 1)
    case.events.create(kind="release", date=tomorrow.isoformat(), summary="Free.")
    models.QuerySet(Case).filter(pk=case.pk).update(custody_status=Case.Custody.RELEASED)
    return release


def test_quotations_are_searched_without_javascript(browser, live_server):
    speaker = make_person(title="Director", speaks=True)
    make_release(body=quotation(speaker, "“Of bread.”") + quotation(speaker, "“Of rosés.”"))
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(live_server.url + speaker.get_absolute_url())
    page.get_by_label("Search quotations").fill("ROSES")
    page.get_by_role("region", name="Quotations").get_by_role("button", name="Search").click()
    expect(page.locator("blockquote")).to_have_count(1)
    expect(page.locator("blockquote")).to_contain_text("Of rosés.")
    expect(page.get_by_text("1 of 2 quotations with")).to_be_visible()

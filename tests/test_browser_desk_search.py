"""The search box at the top of the desk in a browser: the key “/”, and the page of results."""

from playwright.sync_api import expect

from releases import workflow
from tests.browser import (
    BODY,
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
from tests.make import (
    make_chief,
    make_person,
    make_picture,
    make_prisoner,
    make_release,
    make_user,
    quotation,
)


def test_the_slash_moves_the_focus_to_the_search_unless_one_types(
    page, live_server, signed_in, complaints
):
    make_release("draft", title="The old harbour")
    signed_in(make_chief())
    page.goto(f"{live_server.url}/admin/releases/release/")
    box = page.get_by_role("searchbox", name="Search the desk")
    expect(box).not_to_be_focused()
    page.locator("body").press("Control+/")
    expect(box).not_to_be_focused()
    field = page.locator("#searchbar")
    field.press("/")
    expect(field).to_have_value("/")
    expect(box).not_to_be_focused()
    page.get_by_role("heading", level=1).click()
    page.keyboard.press("/")
    expect(box).to_be_focused()
    expect(box).to_have_value("")
    page.keyboard.type("harb/")
    expect(box).to_have_value("harb/")
    page.keyboard.press("Backspace")
    page.keyboard.press("Enter")
    page.wait_for_url("**/admin/search/?q=harb*")
    expect(page.get_by_role("link", name="The old harbour")).to_be_visible()
    page.goto(f"{live_server.url}/admin/releases/release/add/")
    text = page.locator(BODY)
    text.click()
    page.keyboard.type("either/or")
    expect(text).to_contain_text("either/or")
    expect(page.get_by_role("searchbox", name="Search the desk")).not_to_be_focused()
    title = page.locator("#id_title")
    title.press("/")
    expect(title).to_have_value("/")
    assert complaints == []


def test_the_search_works_without_javascript(live_server, browser, client):
    make_release("draft", title="The old harbour")
    client.force_login(make_user("author", "Author"))
    session = client.cookies["sessionid"].value
    with browser.new_context(java_script_enabled=False) as made:
        desk = f"{live_server.url}/admin/"
        made.add_cookies([{"name": "sessionid", "value": session, "url": desk}])
        page = made.new_page()
        page.goto(desk)
        page.get_by_role("searchbox", name="Search the desk").fill("harbour")
        page.get_by_role("button", name="Search", exact=True).click()
        page.get_by_role("link", name="The old harbour").click()
        page.wait_for_url("**/change/")


@SIZES
def test_the_page_of_results_is_accessible(page, live_server, signed_in, complaints, size, schemes):
    chief = make_chief()
    speaker = make_person("Harbour Verel", title="Director")
    speaker.names.create(text="ميناء هاربور")
    case = make_prisoner("Teodor Harbour").cases.get()
    case.summary = "Arrested at the harbour."
    case.save()
    make_picture(caption="The harbour at dusk")
    make_release("scheduled", title="The harbour", body=quotation(speaker, "“The harbour.”"))
    arabic = make_release("draft", title="ميناء harbour", language="ar", by=chief)
    workflow.restrict(arabic, by=chief, people=[make_chief()])
    for number in range(30):
        make_release("draft", title=f"Harbour {'long' * 30} {number}")
    signed_in(chief)
    page.set_viewport_size(size)
    addresses = {
        "all": "?q=harbour", "one kind": "?q=harbour&show=releases&page=2", "nothing": "?q=zebra",
        "empty": "", "arabic": "?q=ميناء", "excludes": "?q=-harbour",
    }  # fmt: skip
    for name, address in addresses.items():
        complaints.clear()
        page.goto(f"{live_server.url}/admin/search/{address}", wait_until="networkidle")
        assert_whole(page, schemes, name)
        assert complaints == [], name
    page.goto(f"{live_server.url}/admin/people/person/", wait_until="networkidle")
    assert_whole(page, schemes, "a list with its own search")

"""The search in a browser: suggestions by keyboard and pointer, and the results page."""

import pytest
from playwright.sync_api import Page, Route, expect

from releases.models import Topic
from tests.browser import (
    NARROW,
    WIDE,
    _connections_of_the_loop,
    _leave_the_page,
    _page_of_the_worker,
    assert_usable,
    browser_type_launch_args,
    complaints,
    context,
    page,
    pytestmark,
    violations,
)  # the fixtures are used by their names
from tests.make import make_person, make_picture, make_prisoner, make_release, quotation


@pytest.fixture
def harbour(db):
    speaker = make_person("Ana Harbour", title="Director", speaks=True, portrait=make_picture())
    topic = Topic.objects.create(name="Harbours")
    english = make_release(
        title="The harbour", standfirst="The harbour is closed.", topics=[topic],
        body=quotation(speaker, "“The harbour is ours.”"),
    )  # fmt: skip
    make_release(
        title="إغلاق الميناء", language="ar", translation_of=english, topics=[topic],
        body=quotation(speaker, "«الميناء لنا.»"),
    )  # fmt: skip
    make_release(
        title="港口关闭", language="zh-Hans", body=quotation(speaker, "“维吾尔人的港口。”")
    )
    make_prisoner("Harbour Ilham").names.create(text="伊力哈木", printed=True)
    return english


def test_the_pages_of_a_search_are_accessible(page: Page, live_server, harbour, complaints):
    queries = [
        "harbour", "harbour&show=quotations", "harbour&show=people&kind=statement",
        "harbour&sort=day&topic=harbours", "harbuor", "-harbour", "الميناء",
        "الميناء&show=quotations", "港口", "港口&show=quotations",
    ]  # fmt: skip
    for query in queries:
        page.set_viewport_size(NARROW)
        page.emulate_media(color_scheme="dark")
        page.goto(f"{live_server.url}/releases/?q={query}", wait_until="networkidle")
        assert_usable(page, ("dark", "light"), query)
        page.set_viewport_size(WIDE)
        assert_usable(page, ("light", "dark"), query)
        assert complaints == [], query


def test_suggestions_are_chosen_with_the_keyboard(page: Page, live_server, harbour, complaints):
    page.goto(live_server.url)
    box = page.get_by_role("combobox", name="Search releases")
    options, listed = page.get_by_role("option"), page.get_by_role("listbox", name="Suggestions")
    expect(listed).to_be_hidden()
    box.press_sequentially("har")
    expect(options).to_have_text(
        ["Ana Harbour Person", "Harbour Ilham Person", "Harbours Topic", "The harbour Release"]
    )
    expect(box).to_have_attribute("aria-expanded", "true")
    expect(page.get_by_role("status")).to_have_text("Suggestions: 4")
    for size, scheme in ((WIDE, "light"), (NARROW, "dark")):
        page.set_viewport_size(size)
        page.emulate_media(color_scheme=scheme)
        assert violations(page) == []
        assert listed.bounding_box()["width"] <= size["width"]
    for key, number in (("ArrowDown", 0), ("ArrowDown", 1), ("ArrowUp", 0), ("ArrowUp", None),
                        ("ArrowUp", 3), ("ArrowDown", None), ("ArrowUp", 3)):  # fmt: skip
        box.press(key)
        for place, option in enumerate(options.all()):
            expect(option).to_have_attribute("aria-selected", str(place == number).lower())
        active = box.get_attribute("aria-activedescendant")
        assert active == (None if number is None else options.nth(number).get_attribute("id"))
    box.press("Escape")
    expect(listed).to_be_hidden()
    expect(box).to_have_attribute("aria-expanded", "false")
    expect(box).to_have_value("har")
    box.press("ArrowDown")
    expect(options).to_have_count(4)
    box.press("ArrowDown")
    box.press("Enter")
    page.wait_for_url("**/people/ana-harbour/")
    assert complaints == []


def test_enter_without_a_choice_searches_and_a_click_chooses(page: Page, live_server, harbour):
    page.goto(live_server.url)
    box, options = page.get_by_role("combobox"), page.get_by_role("option")
    box.press_sequentially("harb")
    expect(options).to_have_count(4)
    box.press("Enter")
    page.wait_for_url("**/releases/?q=harb")
    box.fill("harbours")
    options.filter(has_text="Topic").click()
    page.wait_for_url("**/releases/?topic=harbours")
    box.fill("harb")
    expect(options).to_have_count(4)
    page.get_by_role("heading", level=1).click()
    expect(options).to_have_count(0)


def test_the_server_is_asked_rarely_and_texts_are_never_markup(page: Page, live_server, harbour):
    make_release(title="<img src=x onerror=alert(1)> harbour")
    asked = []
    page.on("request", lambda one: asked.append(one.url) if "/suggest/" in one.url else None)
    page.goto(live_server.url)
    box, options = page.get_by_role("combobox"), page.get_by_role("option")
    box.press_sequentially("h")
    page.wait_for_timeout(400)
    assert asked == []
    box.press_sequentially("arbour", delay=10)
    expect(options.filter(has_text="<img src=x onerror=alert(1)> harbour")).to_be_visible()
    assert page.locator(".suggestions img").count() == 0
    assert len(asked) <= 2
    box.fill("港")
    expect(options).to_have_text(["港口关闭 Release"])


def test_an_older_answer_never_replaces_a_newer_one(page: Page, live_server, harbour):
    held: list[Route] = []

    def hold_the_first(route: Route) -> None:
        if not held:
            held.append(route)
        else:
            route.continue_()

    page.route("**/suggest/**", hold_the_first)
    page.goto(live_server.url)
    box, options = page.get_by_role("combobox"), page.get_by_role("option")
    with page.expect_request("**/suggest/**"):
        box.fill("ana")
    box.fill("ilham")
    expect(options).to_have_text(["Harbour Ilham Person"])
    held[0].abort()
    page.wait_for_timeout(200)
    expect(options).to_have_text(["Harbour Ilham Person"])


def test_the_search_works_without_javascript(browser, live_server, harbour):
    with browser.new_context(java_script_enabled=False, viewport=NARROW) as plain:
        page = plain.new_page()
        page.goto(live_server.url)
        page.get_by_role("searchbox", name="Search releases").fill("harbour")
        page.get_by_role("button", name="Search").click()
        expect(page.get_by_role("heading", name="The harbour")).to_be_visible()
        page.get_by_role("link", name="Quotations 1").click()
        expect(page.get_by_text("“The harbour is ours.”")).to_be_visible()
        page.get_by_role("link", name="People 2").click()
        expect(page.get_by_role("link", name="Ana Harbour")).to_be_visible()


def test_a_quotation_is_copied_with_its_attribution(page: Page, live_server, harbour, context):
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{live_server.url}/releases/?q=harbour&show=quotations")
    page.get_by_role("button", name="Copy quotation").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == (
        "“The harbour is ours.”\n\n– Ana Harbour, Director\n"
        f"{live_server.url}{harbour.get_absolute_url()}"
    )

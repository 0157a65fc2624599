"""Tables and footnotes of a release as a browser shows them: on a phone, dark, and printed."""

import pytest
from playwright.sync_api import expect

from tests.browser import (
    NARROW,
    SIZES,
    WIDE,
    _connections_of_the_loop,
    _leave_the_page,
    _page_of_the_worker,
    assert_usable,
    browser_type_launch_args,
    complaints,
    context,
    overflow,
    page,
    pytestmark,
)  # the fixtures are used by their names
from tests.make import make_person, make_release, mark, quotation

HEADS = ["Province", "January", "February", "March", "April", "May", "June", "All together"]
FOOTNOTES = (
    "<p>Eleven newspapers<span data-footnote=1>The list is in the "
    '<a href="https://example.org/">report</a>.</span> were closed by letter.'
    "<span data-footnote=2>Decree 7.</span> Water is H<sub>2</sub>O, a room has 4 m<sup>2</sup>,"
    " and <s>ten</s> eleven is right.</p>"
)


def table() -> str:
    rows = "".join(
        f"<tr><th>{place}</th>" + "".join(f"<td>{n * 1_111}</td>" for n in range(7)) + "</tr>"
        for place in ("Northern coast", "Marrisk and the islands", "Tamsin")
    )
    heads = "".join(f"<th>{head}</th>" for head in HEADS)
    caption = "People who were detained in the first half of the year, by province and by month"
    return f"<table><caption>{caption}</caption><thead><tr>{heads}</tr></thead>{rows}</table>"


@pytest.fixture
def releases(db):
    """A release with a table of eight columns and three footnotes, in English and in Arabic."""
    speaker = make_person(title="Director", speaks=True)
    quoted = quotation(speaker, "“We ask<span data-footnote=3>In 2024.</span> for it.”")
    body = (
        f"<p>{mark(speaker)} spoke.</p>{FOOTNOTES}{table()}{quoted}<ol start=4><li><p>Four</p>"
        "<p>More of it</p></li></ol><section data-kind=background><h2>Background</h2>"
        f"<p>Words.</p>{table()}</section>"
    )
    arabic = "<p>أُغلقت الصحف<span data-footnote=1>القرار السابع.</span> برسالة.</p>" + table()
    return {
        "English": make_release(title="A table and three footnotes", body=body),
        "Arabic": make_release(title="إغلاق إحدى عشرة صحيفة", language="ar", body=arabic),
    }


@SIZES
@pytest.mark.parametrize("language", ["English", "Arabic"])
def test_tables_and_footnotes_are_accessible(
    page, live_server, releases, complaints, size, schemes, language
):
    page.set_viewport_size(size)
    page.emulate_media(color_scheme=schemes[0])
    page.goto(live_server.url + releases[language].get_absolute_url(), wait_until="networkidle")
    assert_usable(page, schemes, language)
    assert complaints == []
    page.emulate_media(forced_colors="active")
    assert overflow(page) <= 0


@pytest.mark.parametrize("width", [320, 390])
def test_a_wide_table_can_be_scrolled_with_the_keyboard(page, live_server, releases, width):
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(live_server.url + releases["English"].get_absolute_url())
    assert overflow(page) <= 0
    box = page.get_by_role("region", name="People who were detained").first
    assert box.evaluate("box => box.scrollWidth - box.clientWidth") > 100
    caption = box.locator("caption")
    assert caption.evaluate("one => one.getBoundingClientRect().width") <= width
    box.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("box => box.scrollLeft > 0", arg=box.element_handle())


def test_a_footnote_links_to_its_note_and_back(page, live_server, releases):
    page.set_viewport_size(WIDE)
    page.goto(live_server.url + releases["English"].get_absolute_url())
    reference = page.locator("sup.note a").nth(1)
    reference.click()
    assert page.url.endswith("#footnote-2")
    note = page.locator("#footnote-2")
    expect(note).to_be_in_viewport()
    expect(note).to_contain_text("Decree 7.")
    note.get_by_label("Back to the text at footnote 2").click()
    assert page.url.endswith("#footnote-ref-2")
    expect(reference).to_be_in_viewport()


def test_a_quotation_is_copied_without_the_numbers_of_footnotes(
    page, live_server, releases, context
):
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(live_server.url + releases["English"].get_absolute_url())
    page.get_by_role("button", name="Copy quotation").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()").startswith("“We ask for it.”\n")


def test_a_printed_table_is_not_cut_off(page, live_server, releases):
    page.set_viewport_size(NARROW)
    page.emulate_media(media="print")
    page.goto(live_server.url + releases["English"].get_absolute_url())
    box = page.locator("div.table").first
    assert box.evaluate("box => getComputedStyle(box).overflowX") == "visible"
    expect(page.locator(".footnotes .back").first).to_be_hidden()
    expect(page.locator(".footnotes li").first).to_be_visible()

"""Paste and drop in the editor, in Chromium: the inserted text, and the notices about it."""

import re

import pytest
from playwright.sync_api import Page, expect

from releases.models import Release
from tests.browser import (
    _connections_of_the_loop,
    _leave_the_page,
    _open_form,
    _page_of_the_worker,
    browser_type_launch_args,
    click_into,
    complaints,
    context,
    in_editor,
    page,
    pytestmark,
    signed_in,
)  # the fixtures are used by their names
from tests.make import make_chief, make_release

TEXT = ".field-body .tiptap"
NOTES = ".field-notes_to_editors .tiptap"
STRUCK = "<p>The minister was <span style='text-decoration:line-through'>never</span> charged.</p>"


@pytest.fixture
def desk(page: Page, live_server, signed_in):
    """Return a function that opens the form of a new or existing release and returns the page."""

    def open_form(release=None):
        signed_in(make_chief())
        place = f"{release.pk}/change" if release else "add"
        page.goto(f"{live_server.url}/admin/releases/release/{place}/")
        expect(page.locator(TEXT)).to_be_visible()
        return page

    return open_form


def put(page, html="", text="", *, into=TEXT, event="paste", files=()):
    """Paste or drop content with the same events as a browser."""
    page.evaluate(
        """([html, text, into, event, files]) => {
            const data = new DataTransfer();
            if (html) data.setData("text/html", html);
            if (text) data.setData("text/plain", text);
            for (const type of files) data.items.add(new File(["x"], "x", { type }));
            const target = document.querySelector(into);
            const { left, top } = target.getBoundingClientRect();
            const options = { bubbles: true, cancelable: true };
            target.dispatchEvent(event === "paste"
                ? new ClipboardEvent("paste", { ...options, clipboardData: data })
                : new DragEvent("drop", {
                    ...options, dataTransfer: data, clientX: left + 40, clientY: top + 20 }));
        }""",
        [html, text, into, event, list(files)],
    )


def notices(page, field="body"):
    return page.locator(f".field-{field} .paste-notices li")


def copied(page, into=TEXT):
    """Copy the selection of an editor; return the HTML on the clipboard."""
    return page.evaluate(
        """(into) => {
            const data = new DataTransfer();
            document.querySelector(into).dispatchEvent(new ClipboardEvent("copy", {
                clipboardData: data, bubbles: true, cancelable: true }));
            return data.getData("text/html");
        }""",
        into,
    )


def test_notices_about_a_paste_stay_below_the_text_until_they_are_closed(desk, complaints):
    page = desk()
    click_into(page, page.locator(TEXT))
    put(page, STRUCK + "<img src='blob:x' alt='A cell'>", "plain")
    expect(page.locator(TEXT)).to_have_text("The minister was charged.")
    expect(notices(page)).to_have_count(2)
    expect(notices(page).nth(0)).to_have_text("1 struck-out word was left out: “never”.")
    expect(notices(page).nth(1)).to_contain_text("1 picture was left out.")
    put(page, "<p>More.</p>", "More.")
    expect(page.locator(TEXT)).to_contain_text("More.")
    expect(notices(page)).to_have_count(2)
    expect(page.get_by_role("status").filter(has_text="struck-out")).to_be_visible()
    expect(notices(page, "notes_to_editors")).to_have_count(0)
    page.get_by_role("button", name="Close the notes about what was pasted").click()
    expect(notices(page)).to_have_count(0)
    expect(page.locator(TEXT)).to_be_focused()
    assert complaints == []


@pytest.mark.parametrize("event", ["paste", "drop"])
def test_text_from_another_prosemirror_editor_is_cleaned(in_editor, event):
    page = in_editor("")
    click_into(page, page.locator(TEXT))
    html = (
        '<p data-pm-slice="1 1 []">A <b style="font-weight:normal">light</b> word</p>'
        '<div style="display:none">a colleague’s hidden remark</div>'
    )
    put(page, html, "plain", event=event)
    expect(page.locator(f"{TEXT} p").first).to_have_text("A light word")
    expect(page.locator(TEXT)).not_to_contain_text("remark")
    expect(page.locator(f"{TEXT} strong")).to_have_count(0)
    expect(notices(page)).to_contain_text("a colleague’s hidden remark")


def test_dropped_text_is_inserted_where_it_was_dropped(in_editor):
    page = in_editor("<p>First.</p><p>Last.</p>")
    click_into(page, page.locator(TEXT))
    page.keyboard.press("Control+End")
    put(page, "<b>Dropped</b>", "Dropped", event="drop")
    expect(page.locator(f"{TEXT} strong")).to_have_text("Dropped")
    words = page.locator(TEXT).inner_text()
    assert words.index("Dropped") < words.index("Last.")


def test_pasted_and_dropped_files_are_reported_and_do_not_replace_the_page(in_editor):
    page = in_editor("")
    click_into(page, page.locator(TEXT))
    put(page, files=["image/png"])
    expect(notices(page)).to_contain_text("1 picture was left out. Add it to the library")
    put(page, files=["image/png", "application/pdf"], event="drop")
    expect(notices(page)).to_have_count(3)
    expect(page.locator(TEXT)).to_be_visible()


def test_formatting_is_kept_if_the_clipboard_contains_a_photograph(in_editor):
    page = in_editor("")
    click_into(page, page.locator(TEXT))
    photo = f"<img alt='A cell' src='data:image/jpeg;base64,{'A' * 7_000_000}'>"
    put(page, f"<h2>Head</h2><p><b>Bold</b> {photo}</p>", "plain")
    expect(page.locator(f"{TEXT} h2")).to_have_text("Head")
    expect(page.locator(f"{TEXT} strong")).to_have_text("Bold")
    expect(notices(page)).to_contain_text("“A cell”")


def test_html_that_is_nested_too_deeply_is_pasted_as_plain_text_with_the_reason(in_editor):
    page = in_editor("")
    click_into(page, page.locator(TEXT))
    put(page, "<blockquote>" * 300 + "Words", "Words\n\nMore words")
    expect(page.locator(f"{TEXT} p").first).to_have_text("Words")
    expect(notices(page).nth(0)).to_contain_text("nested too deeply")
    expect(notices(page).nth(1)).to_contain_text("was pasted as plain text")


def test_a_pasted_link_keeps_its_target(in_editor):
    page = in_editor("")
    click_into(page, page.locator(TEXT))
    links = (
        '<p>Read <a href="https://example.org/report/42">the study on example.com, part 2</a> now.'
        '</p><p><a href="https://example.org/real">https://example.net/shown</a></p>'
    )
    put(page, links, "plain")
    expect(page.locator(f"{TEXT} a")).to_have_count(2)
    hrefs = [link.get_attribute("href") for link in page.locator(f"{TEXT} a").all()]
    assert hrefs == ["https://example.org/report/42", "https://example.org/real"]
    expect(page.locator(f"{TEXT} a").first).to_have_text("the study on example.com, part 2")


def test_pasted_tables_lists_and_footnotes_are_stored_as_the_server_cleaned_them(desk):
    page = desk()
    click_into(page, page.locator(TEXT))
    put(
        page,
        "<h1>Head</h1><ol start=3><li>three<li>four</ol><table><tr><th>Name<th>Year<tr><td>Anna"
        "<td>2019</table><p>Tried<sup><a href='#ftnt1' id='ftnt_ref1'>[1]</a></sup> in "
        "H<sub>2</sub>O.</p><div><p><a href='#ftnt_ref1' id='ftnt1'>[1]</a> In <b>May</b>.</p>"
        "</div>",
        "plain",
    )
    expect(page.locator(f"{TEXT} table")).to_be_visible()
    page.get_by_label("Language:").select_option("en")
    page.fill("[name=title]", "Pasted")
    page.get_by_role("button", name="Save", exact=True).first.click()
    expect(page.locator(".messagelist")).to_be_visible()
    assert Release.objects.get().body.split("\n") == [
        "<h2>Head</h2>",
        '<ol start="3"><li><p>three</p></li><li><p>four</p></li></ol>',
        "<table><tbody><tr><th><p>Name</p></th><th><p>Year</p></th></tr>"
        "<tr><td><p>Anna</p></td><td><p>2019</p></td></tr></tbody></table>",
        '<p>Tried<span data-footnote="1">In <strong>May</strong>.</span> in H<sub>2</sub>O.</p>',
    ]


def test_wrapped_lines_are_joined_and_one_line_is_pasted_without_a_request(desk):
    page = desk()
    click_into(page, page.locator(TEXT))
    asked = []
    page.on("request", lambda request: "/paste/" in request.url and asked.append(request.url))
    put(page, text="One line.")
    expect(page.locator(TEXT)).to_have_text("One line.")
    assert asked == []
    page.keyboard.press("Control+A")
    line = "> The trial of the four begins on Monday at the court, as it said\n"
    put(page, text=line * 5 + "> today.\n>\n> Nobody else is.\n")
    expect(page.locator(f"{TEXT} p")).to_have_count(2)
    expect(page.locator(f"{TEXT} p").last).to_have_text("Nobody else is.")
    expect(notices(page).first).to_contain_text("quoted e-mail")


def test_text_copied_in_the_editor_is_pasted_unchanged(desk):
    body = (
        '<p>a<strong>b</strong><span data-footnote="1">note</span></p>\n'
        "<table><tbody><tr><td><p>x</p></td><td><p>y</p></td></tr></tbody></table>\n<p>end</p>"
    )
    release = make_release("draft", title="Copy", body=body)
    page = desk(release)
    asked = []
    page.on("request", lambda request: "/paste/" in request.url and asked.append(request.url))
    click_into(page, page.locator(f"{TEXT} p").last)
    page.keyboard.press("Control+A")
    page.wait_for_timeout(200)  # the editor reads the selection after a moment
    html = copied(page)
    assert "data-newsroom-slice" in html
    page.keyboard.press("Delete")
    put(page, html, "plain")
    expect(page.locator(f"{TEXT} table")).to_be_visible()
    assert asked == []
    page.get_by_role("button", name="Save", exact=True).first.click()
    expect(page.locator(".messagelist")).to_be_visible()
    release.refresh_from_db()
    assert release.body == body


def test_copying_from_the_text_to_the_notes_reports_what_notes_cannot_contain(in_editor):
    body = "<h2>Head</h2><table><tr><td>x</td><td>y</td></tr></table>"
    page = in_editor(body)
    click_into(page, page.locator(f"{TEXT} h2"))
    page.keyboard.press("Control+A")
    page.wait_for_timeout(200)  # the editor reads the selection after a moment
    html = copied(page)
    click_into(page, page.locator(NOTES))
    put(page, html, "plain", into=NOTES)
    expect(page.locator(f"{NOTES} h2")).to_have_text("Head")
    expect(page.locator(NOTES)).to_contain_text("x | y")
    expect(notices(page, "notes_to_editors")).to_have_count(1)
    expect(notices(page)).to_have_count(0)


def test_a_forged_attribute_does_not_bypass_the_cleaner(in_editor):
    page = in_editor("")
    click_into(page, page.locator(TEXT))
    put(page, f'<p data-newsroom-slice="guessed-body" data-pm-slice="0 0 []">{STRUCK}</p>', "x")
    expect(page.locator(TEXT)).to_have_text("The minister was charged.")


def test_saving_waits_until_pasted_text_is_cleaned(desk):
    page = desk()
    held = []
    page.route("**/paste/**", lambda route: held.append(route))
    click_into(page, page.locator(TEXT))
    page.get_by_label("Language:").select_option("en")
    page.fill("[name=title]", "Waits")
    with page.expect_request("**/paste/**"):
        put(page, "<p>Pasted words.</p>", "plain")
    page.get_by_role("button", name="Save", exact=True).first.click()
    page.wait_for_timeout(300)
    assert not Release.objects.exists()
    held[0].continue_()
    expect(page.locator(".messagelist")).to_be_visible()
    assert re.sub("<[^>]*>", "", Release.objects.get().body) == "Pasted words."


@pytest.mark.parametrize(
    ("html", "answers", "said", "stays"),
    [
        (STRUCK, True, "1 struck-out word was left out: “never”.", "The minister was charged."),
        ("<p>" + "Long words " * 20_000, True, "The text is too long", ""),
        (STRUCK, False, "The server did not answer", "plain"),
    ],
    ids=["left out", "refused", "no answer"],
)
def test_nothing_is_saved_before_the_user_sees_what_a_paste_left_out(
    desk, html, answers, said, stays
):
    page = desk()
    held = []
    page.route("**/paste/**", lambda route: held.append(route))
    click_into(page, page.locator(TEXT))
    page.get_by_label("Language:").select_option("en")
    page.fill("[name=title]", "Waits")
    with page.expect_request("**/paste/**"):
        put(page, html, "plain")
    save = page.get_by_role("button", name="Save", exact=True).first
    save.click()
    save.click()
    page.wait_for_timeout(300)
    held[0].continue_() if answers else held[0].abort()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_have_count(1)
    expect(dialog).to_contain_text(said)
    expect(dialog).to_contain_text("Nothing is saved yet.")
    assert not Release.objects.exists()
    dialog.get_by_role("button", name="Close").click()
    expect(page.locator(TEXT)).to_have_text(stays)
    save.click()
    expect(page.locator(".messagelist")).to_be_visible()
    assert re.sub("<[^>]*>", "", Release.objects.get().body) == stays


CARET = """() => {
    const { editor } = document.querySelector(".field-body .tiptap");
    editor.state.doc.descendants((node, at) => {
        if (node.text?.startsWith("Held")) editor.commands.focus(at + 5);
    });
}"""


@pytest.mark.parametrize(
    ("html", "text", "made"),
    [
        ("<p>A</p><p><b>B</b></p>", "plain", "A<br><strong>B</strong>"),
        ("<table data-caption=Cap><tr><td>1<td>2</table>", "plain", "Cap<br>1<br>2"),
        ('<p>7<span data-footnote="1">3 freed</span></p>', "plain", "7 (3 freed)"),
        ("", "plain", "plain"),
        ('<span data-footnote="1">3 freed</span>', "plain", "3 freed"),
        ("own", "plain", "First (Held too).<br><strong>Last</strong>"),
    ],
    ids=["paragraphs", "table", "footnote", "plain", "words of a footnote", "from this text"],
)
def test_content_pasted_into_a_footnote_becomes_part_of_it(in_editor, html, text, made):
    body = '<p>First<span data-footnote="1">Held too</span>.</p>\n<p><strong>Last</strong></p>\n'
    page = in_editor(body)
    click_into(page, page.locator(f"{TEXT} p").last)
    if html == "own":
        page.keyboard.press("Control+A")
        page.wait_for_timeout(200)  # the editor reads the selection after a moment
        html = copied(page)
    page.evaluate(CARET)
    put(page, html, text)
    note = page.locator(f"{TEXT} [data-footnote]")
    expect(note).to_have_count(1)
    expect(note).to_contain_text("Held ")
    expect(note).not_to_have_text("Held too")
    assert note.inner_html() == f"Held {made}too"
    page.keyboard.press("Control+Z")
    expect(note).to_have_text("Held too")


@pytest.mark.parametrize("section", [False, True], ids=["in the text", "in the background"])
def test_a_table_pasted_into_a_cell_is_inserted_below_its_table_and_splits_nothing(
    in_editor, section
):
    around = ('<section data-kind="background">', "</section>") if section else ("", "")
    table = (
        "<table><tbody><tr><th><p>Held since</p></th></tr><tr><td><p>2024</p></td></tr></tbody>"
        "</table>"
    )
    page = in_editor(table.join(around))
    click_into(page, page.locator(TEXT))
    page.evaluate(CARET)
    put(page, "<p>A</p><table><tr><td>1<td>2</table><p>B</p>", "plain")
    expect(page.locator(f"{TEXT} table")).to_have_count(2)
    expect(notices(page)).to_contain_text("A table can’t be inside a cell")
    sent = page.evaluate("where => document.querySelector(where).editor.getHTML()", TEXT)
    pasted = "<p>A</p><table><tbody><tr><td><p>1</p></td><td><p>2</p></td></tr></tbody></table>"
    assert sent == f"{around[0]}{table}{pasted}<p>B</p>{around[1]}"
    page.keyboard.press("Control+Z")
    expect(page.locator(f"{TEXT} table")).to_have_count(1)

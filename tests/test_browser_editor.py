"""The text editor in Chromium: it keeps everything that the server accepts, and its tools work.

Needs Debian's Chromium (`apt install chromium`); without it these tests skip.
"""

import random
import re
from uuid import UUID

import pytest
from playwright.sync_api import expect

from importing import understand
from releases.document import clean
from releases.models import Release
from tests import gold
from tests.browser import (
    BODY,
    NOTES,
    SIZES,
    _connections_of_the_loop,
    _leave_the_page,
    _open_form,
    _page_of_the_worker,
    browser_type_launch_args,
    click_into,
    colour,
    complaints,
    context,
    in_editor,
    overflow,
    page,
    pytestmark,
    signed_in,
    violations,
)  # the fixtures are used by their names
from tests.constructions import CONSTRUCTIONS, EVERYTHING, OTHER, PERSON, PICTURE
from tests.make import REAL_RELEASE, make_chief, make_person, make_picture, make_release, mark

# Type a letter into the first text of each document and delete it again; return what the form would
# send.
SENT = """([where, documents]) => {
    const dom = document.querySelector(where);
    const { editor } = dom;
    const field = dom.parentElement.querySelector("textarea");
    return documents.map((html) => {
        editor.commands.setContent(html, { emitUpdate: true });
        let place = null;
        editor.state.doc.descendants((node, pos) => {
            if (place === null && node.isTextblock) place = pos + 1;
            return place === null;
        });
        if (place !== null) {
            editor.view.dispatch(editor.state.tr.insertText("x", place));
            editor.view.dispatch(editor.state.tr.delete(place, place + 1));
        }
        return field.value;
    });
}"""


@pytest.fixture
def at_desk(page, live_server, signed_in):
    """Return a function that opens a new draft in its form and returns the draft."""
    signed_in(make_chief())

    def open_draft(body="<p>One.</p>", **fields):
        release = make_release("draft", title="A release", body=body, **fields)
        page.goto(f"{live_server.url}/admin/releases/release/{release.pk}/change/")
        page.locator(BODY).click()  # anywhere in it, also in a table or its caption
        return release

    return open_draft


def sent_html(page, where=BODY) -> str:
    """Return the text of an editor as the form would send it."""
    return page.evaluate("(where) => document.querySelector(where).editor.getHTML()", where)


def select(page, words: str, until: str | None = None) -> None:
    """Select words in the text, or everything from them to other words."""
    page.evaluate(
        """([first, last]) => {
            const { editor } = document.querySelector(".field-body .tiptap");
            let from, to;
            editor.state.doc.descendants((node, pos) => {
                if (!node.isText) return;
                const { text } = node;
                if (from === undefined && text.includes(first)) from = pos + text.indexOf(first);
                if (text.includes(last)) to = pos + text.indexOf(last) + last.length;
            });
            editor.chain().focus().setTextSelection({ from, to }).run();
        }""",
        [words, until or words],
    )


def press(page, name: str) -> None:
    page.locator(".field-body").get_by_role("button", name=name, exact=True).click()


def save(page) -> None:
    page.get_by_role("button", name="Save", exact=True).first.click()
    expect(page.locator(".messagelist")).to_be_visible()


def end_undo_step(page) -> None:
    """Wait until the next change is a separate undo step, which takes half a second."""
    page.wait_for_timeout(600)


def undo_all(page) -> None:
    page.evaluate("""() => {
        const { editor } = document.querySelector(".field-body .tiptap");
        while (editor.commands.undo());
    }""")


# --- The editor keeps what the server accepts ---------------------------------------------------


def samples() -> dict[str, str]:
    """Return the texts of imported releases: those that were marked by hand, and the real one."""
    files = {one.filename: one.data for one in gold.releases()}
    files[REAL_RELEASE.name] = REAL_RELEASE.read_bytes()
    return {name: clean(understand(data, name).body_html) for name, data in files.items()}


TAGS = [
    *("p", "h2", "h3", "ul", "ol", "li", "blockquote", "table", "tbody", "tr", "td", "th"),
    *("caption", "section", "div", "figure", "p", "p", "li", "tr", "td", "td"),
    *("strong", "em", "s", "sub", "sup", "a", "span", "span", "br"),
]
ATTRIBUTES = {
    "a": ['href="https://a.example/1"', 'href="https://a.example/2"'],
    "blockquote": [f'data-speaker="{PERSON}"', 'data-name="Ann Verel" data-title="Chair"', ""],
    "figure": [f'data-asset="{PICTURE}"'],
    "ol": ["", 'start="0"', 'start="3"', 'start="9999"'],
    "section": ['data-kind="background"', ""],
    "span": [f'data-person="{PERSON}"', f'data-person="{OTHER}"', 'data-footnote="1"'],
    "table": ["", 'data-caption="c &amp; d"'],
    "td": ["", 'colspan="2"', 'rowspan="2"', 'colspan="3" rowspan="2"'],
}
WORDS = [
    "a",
    "b ",
    "  c",
    " ",
    "\u00a0",
    "d\u00a0 e",
    "&lt;x&gt;",
    "\n",
    "\t",
    "\u0301",
    "سلام",
    "😀",
]


def random_html(chance: random.Random, depth: int = 0) -> str:
    """Return random HTML: tags and words in any order and nesting."""
    parts = []
    for _ in range(chance.randint(1, 4)):
        if depth > 7 or chance.random() < 0.4:
            parts.append(chance.choice(WORDS))
            continue
        tag = chance.choice(TAGS)
        inner = "" if tag == "br" else f"{random_html(chance, depth + 1)}</{tag}>"
        parts.append(f"<{tag} {chance.choice(ATTRIBUTES.get(tag, ['']))}>{inner}")
    return "".join(parts)


def sent_back(page, documents: dict[str, str], where=BODY) -> dict[str, str]:
    """Return the documents that the editor and the server change, with the result."""
    sent = page.evaluate(SENT, [where, list(documents.values())])
    assert len(sent) == len(documents) > 0
    return {
        name: clean(html)
        for (name, document), html in zip(documents.items(), sent, strict=True)
        if clean(html) != document
    }


def test_the_editor_keeps_every_construction_that_the_server_accepts(page, at_desk, complaints):
    at_desk()
    assert sent_back(page, CONSTRUCTIONS) == {}
    print(f"{len(CONSTRUCTIONS)} constructions went through the editor unchanged.")
    assert complaints == []


def test_the_editor_keeps_every_imported_release(in_editor):
    page = in_editor()
    bodies = samples()
    assert sent_back(page, bodies) == {}
    print(f"{len(bodies)} imported releases went through the editor unchanged.")


def test_the_editor_keeps_random_html_that_the_server_cleaned(in_editor):
    page = in_editor()
    heaps = {str(seed): clean(random_html(random.Random(seed))) for seed in range(150)}
    heaps = {seed: html for seed, html in heaps.items() if html}
    assert sent_back(page, heaps) == {}
    print(f"{len(heaps)} heaps of tags went through the editor unchanged.")


def test_the_notes_to_editors_keep_what_the_server_accepts(in_editor):
    page = in_editor()
    known = re.compile("data-(person|speaker|asset)")
    documents = {name: html for name, html in CONSTRUCTIONS.items() if not known.search(html)}
    assert sent_back(page, documents, NOTES) == {}


@pytest.mark.parametrize(
    "body",
    [
        "<ol><li><p>A1</p><ol><li><ol><li><p>B</p></li></ol></li><li><p>C</p></li></ol></li>"
        "<li><p>E2</p></li></ol>",
        '<p><strong><a href="https://example.org/">the law</a></strong> and <a '
        'href="https://example.org/"><strong>a</strong> link</a></p>',
        '<table data-caption="Closed"><tbody><tr><th colspan="2"><p>Paper</p></th></tr>'
        "<tr><td><p>One</p></td><td><p></p></td></tr></tbody></table>",
        '<p>Eleven<span data-footnote="1">By the <em>register</em>.</span> papers.</p>'
        '<section data-kind="background"><h2>Background</h2><ol start="3"><li><p>Third</p></li>'
        "</ol></section>",
    ],
    ids=["lists in lists", "bold and link", "table", "footnote, background, start"],
)
def test_typing_and_deleting_a_letter_changes_nothing(page, at_desk, body):
    release = at_desk(body)
    before = Release.objects.get().body
    page.keyboard.press("Control+End")
    page.keyboard.type("x")
    page.keyboard.press("Backspace")
    save(page)
    release.refresh_from_db()
    assert release.body == before


def test_a_text_with_every_construction_is_saved_unchanged(page, at_desk):
    for pk, name in ((PERSON, "Ann Verel"), (OTHER, "Ben Verel")):
        make_person(name, pk=UUID(pk))
    make_picture("press.jpg", pk=UUID(PICTURE))
    for body in (EVERYTHING, CONSTRUCTIONS["picture"], CONSTRUCTIONS["footnotes everywhere"]):
        release = at_desk(body)
        before = Release.objects.get(pk=release.pk).body
        assert before == body
        page.evaluate(SENT, [BODY, [body]])
        save(page)
        release.refresh_from_db()
        assert release.body == before


def test_a_whole_text_is_copied_and_pasted_unchanged(in_editor):
    body = (
        '<p>Eleven<span data-footnote="1">By the register.</span> papers, m<sup>2</sup></p>'
        '<ol start="3"><li><ul><li><p>a</p></li></ul></li><li><p>b</p><p>c</p></li></ol>'
        '<table data-caption="Closed"><tbody><tr><th rowspan="2"><p>Paper</p></th><td><p>1</p>'
        "</td></tr><tr><td><p></p></td></tr></tbody></table>"
        '<section data-kind="background"><h2>Background</h2><p><s>old</s></p></section>'
        "<p>The end.</p>"
    )
    page = in_editor(body)
    before = sent_html(page)
    page.keyboard.press("Control+a")
    page.keyboard.press("Control+c")
    page.keyboard.press("Delete")
    assert sent_html(page) == "<p></p>"
    page.keyboard.press("Control+v")
    assert sent_html(page) == before


# --- Marks ---------------------------------------------------------------------------------------


MARKS = {"Bold": "strong", "Italic": "em", "Strikethrough": "s", "Subscript": "sub",
         "Superscript": "sup"}  # fmt: skip


def test_selected_words_get_a_mark_and_lose_it(in_editor):
    page = in_editor("<p>10 letters.</p>")
    for button, tag in MARKS.items():
        select(page, "letters")
        press(page, button)
        assert sent_html(page) == f"<p>10 <{tag}>letters</{tag}>.</p>"
        pressed = page.locator(".field-body").get_by_role("button", name=button)
        expect(pressed).to_have_attribute("aria-pressed", "true")
        press(page, button)
        assert sent_html(page) == "<p>10 letters.</p>"


def test_marks_are_always_in_the_same_order(in_editor):
    page = in_editor("<p>A law here.</p>")
    select(page, "law")
    for button in ("Superscript", "Strikethrough", "Italic", "Bold"):
        press(page, button)
    press(page, "Link")
    address = page.get_by_role("textbox", name="Address", exact=True)
    address.fill("example.org")
    page.locator("dialog").get_by_role("button", name="Save").click()
    expect(address).to_be_visible()  # the browser refuses an address without https://
    address.fill("https://example.org/")
    page.locator("dialog").get_by_role("button", name="Save").click()
    select(page, "A ", until="law")
    press(page, "Footnote")
    assert sent_html(page) == (
        '<p><span data-footnote="1">A <a href="https://example.org/"><strong><em><s><sup>law'
        "</sup></s></em></strong></a></span> here.</p>"
    )


# --- Footnotes -----------------------------------------------------------------------------------


def test_a_new_footnote_is_inserted_at_the_caret(in_editor):
    page = in_editor("<p>Eleven papers.</p>")
    page.keyboard.press("Control+End")
    press(page, "Footnote")
    page.get_by_label("Footnote text").fill("By the register.")
    page.get_by_role("button", name="Insert", exact=True).click()
    page.keyboard.type(" More.")
    assert sent_html(page) == (
        '<p>Eleven papers.<span data-footnote="1">By the register.</span> More.</p>'
    )


def test_selected_words_become_a_footnote_and_do_not_join_the_one_before(in_editor):
    page = in_editor('<p>Eleven<span data-footnote="1">One.</span>Two. Three.</p>')
    select(page, "Two.")
    press(page, "Footnote")
    both = (
        '<p>Eleven<span data-footnote="1">One.</span><span data-footnote="2">Two.</span> Three.</p>'
    )
    assert sent_html(page) == both
    # in a footnote, the button makes it text again and does not change the other footnote
    select(page, "ne.")
    press(page, "Footnote")
    assert sent_html(page) == '<p>ElevenOne.<span data-footnote="2">Two.</span> Three.</p>'
    page.keyboard.press("Control+z")
    assert sent_html(page) == both


def test_a_footnote_without_words_or_across_paragraphs_is_not_made(in_editor):
    page = in_editor("<p>One.</p><p>Two.</p>")
    press(page, "Footnote")
    page.get_by_label("Footnote text").fill("   ")
    page.get_by_role("button", name="Insert", exact=True).click()
    select(page, "One.", until="Two.")
    page.locator(".field-body").get_by_role("button", name="Footnote").click(force=True)
    expect(page.locator("dialog")).to_have_count(0)
    assert sent_html(page) == "<p>One.</p><p>Two.</p>"


def test_a_name_in_a_footnote_is_marked_there(page, at_desk):
    person = make_person("Ansa Verel")
    at_desk(
        '<p>Words<span data-footnote="1">One.</span> go on'
        '<span data-footnote="2">So <em>Ansa Verel</em> said.</span>, and on.</p>'
    )
    page.locator(".names").get_by_role("button", name=re.compile("This is Ansa Verel")).click()
    expect(page.locator(f"{BODY} span[data-person]")).to_have_count(1)
    assert sent_html(page) == (
        '<p>Words<span data-footnote="1">One.</span> go on<span data-footnote="2">So '
        f'<span data-person="{person.pk}"><em>Ansa Verel</em></span> said.</span>, and on.</p>'
    )


def test_no_name_is_found_across_the_edge_of_a_footnote(page, at_desk):
    make_person("Ansa Verel")
    make_person("Maren Tolvik")
    at_desk('<p>Ansa<span data-footnote="1">Verel said so to Maren Tolvik.</span></p>')
    offered = page.locator(".names li b")
    expect(offered).to_have_text(["Maren Tolvik"])


# --- Lists ---------------------------------------------------------------------------------------


def test_a_list_starts_at_a_number_that_is_chosen(page, at_desk):
    release = at_desk("<ol><li><p>a</p><ol><li><p>b</p></li></ol></li></ol>")
    select(page, "b")
    press(page, "Start at…")
    field = page.get_by_label("Start at")
    field.fill("12345")
    page.locator("dialog").get_by_role("button", name="Save").click()
    expect(page.locator("dialog")).to_be_visible()  # the browser refuses a number that is too high
    field.fill("0")
    page.locator("dialog").get_by_role("button", name="Save").click()
    assert sent_html(page) == ('<ol><li><p>a</p><ol start="0"><li><p>b</p></li></ol></li></ol>')
    select(page, "a")
    press(page, "Start at…")
    field.fill("3")
    page.locator("dialog").get_by_role("button", name="Save").click()
    save(page)
    release.refresh_from_db()
    assert release.body == (
        '<ol start="3"><li><p>a</p><ol start="0"><li><p>b</p></li></ol></li></ol>'
    )


def test_an_item_gets_a_second_paragraph(in_editor):
    page = in_editor("<ol><li><p>One.</p></li><li><p>Three.</p></li></ol>")
    click_into(page, page.locator(f"{BODY} p").first)
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    page.keyboard.press("Backspace")
    page.keyboard.type("Two.")
    assert sent_html(page) == "<ol><li><p>One.</p><p>Two.</p></li><li><p>Three.</p></li></ol>"


# --- Tables --------------------------------------------------------------------------------------


def row(tag, *cells):
    return f"<tr>{''.join(f'<{tag}><p>{cell}</p></{tag}>' for cell in cells)}</tr>"


def test_a_table_is_made_filled_and_named_by_the_keyboard(page, at_desk, complaints):
    release = at_desk("<p>One.</p>")
    page.keyboard.press("Control+End")
    press(page, "Table")
    for words in ("Paper", "Closed", "By", "Voice", "May", "Letter", "Post", "June", "Letter"):
        page.keyboard.type(words)
        page.keyboard.press("Tab")
    page.keyboard.type("Herald")  # Tab in the last cell has added a row
    page.get_by_label("Caption of the table").fill("Closed “newspapers”")
    page.keyboard.press("Enter")  # does not send the form
    expect(page.locator(".messagelist")).to_have_count(0)
    save(page)
    release.refresh_from_db()
    assert release.body.replace("\n", "") == (
        '<p>One.</p><table data-caption="Closed “newspapers”"><tbody>'
        + row("th", "Paper", "Closed", "By") + row("td", "Voice", "May", "Letter")
        + row("td", "Post", "June", "Letter") + row("td", "Herald", "", "")
        + "</tbody></table>"
    )  # fmt: skip
    assert complaints == []


def test_rows_columns_and_headers_are_added_deleted_and_undone(in_editor):
    page = in_editor("<p>One.</p>")
    page.keyboard.press("Control+End")
    before = sent_html(page)
    press(page, "Table")
    table = page.locator(f"{BODY} table")
    expect(table.locator("tr")).to_have_count(3)
    expect(table.locator("th")).to_have_count(3)
    press(page, "Row below")
    press(page, "Row above")
    expect(table.locator("tr")).to_have_count(5)
    press(page, "Column after")
    press(page, "Column before")
    expect(table.locator("tr").first.locator("th, td")).to_have_count(5)
    press(page, "Delete row")
    press(page, "Delete column")
    expect(table.locator("tr")).to_have_count(4)
    expect(table.locator("tr").first.locator("th, td")).to_have_count(4)
    press(page, "Header column")
    expect(table.locator("tr > :first-child:is(td)")).to_have_count(0)
    page.get_by_label("Caption of the table").fill("Closed")
    press(page, "Delete table")
    expect(table).to_have_count(0)
    click_into(page, page.locator(BODY))
    page.keyboard.press("Control+z")
    expect(page.get_by_label("Caption of the table")).to_have_value("Closed")
    undo_all(page)
    assert sent_html(page) == before


def test_a_table_splits_no_sentence_and_replaces_nothing(in_editor):
    page = in_editor("<p>One two.</p><p>Three.</p>")
    select(page, "two")
    press(page, "Table")
    html = sent_html(page)
    assert html.startswith("<p>One two.</p><table>")
    assert html.endswith("</table><p>Three.</p>")


def test_a_table_does_not_grow_beyond_the_limit_of_the_server(in_editor):
    cells = "<td><p>a</p></td>" * 50
    page = in_editor(f"<table><tbody>{f'<tr>{cells}</tr>' * 2}</tbody></table>")
    click_into(page, page.locator(f"{BODY} td").first)
    more = page.locator(".field-body").get_by_role("button", name="Column after")
    expect(more).to_have_attribute("aria-disabled", "true")
    more.click(force=True)
    expect(page.locator(f"{BODY} tr").first.locator("td")).to_have_count(50)


@pytest.mark.parametrize(
    ("body", "stops"),
    [
        ("<ul><li><p>a</p></li><li><p>b</p></li></ul>", ["pull_quote"]),
        (
            "<table><tbody><tr><td><p>a</p></td></tr></tbody></table>",
            ["Caption of the table", "pull_quote"],
        ),
    ],
    ids=["list", "table"],
)
def test_escape_and_tab_leave_a_list_and_a_table(in_editor, body, stops):
    page = in_editor(body)
    click_into(page, page.locator(f"{BODY} p").last)
    before = sent_html(page)
    page.keyboard.press("Escape")
    for stop in stops:
        page.keyboard.press("Tab")
        expect(page.locator(":focus")).to_have_attribute(
            "aria-label" if " " in stop else "name", stop
        )
    assert sent_html(page) == before


# --- Background ----------------------------------------------------------------------------------


def test_paragraphs_become_background_and_normal_text_again(page, at_desk):
    release = at_desk("<p>One.</p><h2>Who</h2><p>Two.</p><p>Three.</p>")
    select(page, "Who", until="Two.")
    press(page, "Background")
    section = '<section data-kind="background"><h2>Who</h2><p>Two.</p></section>'
    assert sent_html(page) == f"<p>One.</p>{section}<p>Three.</p>"
    # a paragraph beside a section joins it
    select(page, "Three.")
    press(page, "Background")
    whole = section.replace("</section>", "<p>Three.</p></section>")
    assert sent_html(page) == f"<p>One.</p>{whole}"
    # a selection takes only its paragraphs out of the section, a caret takes out all of them
    end_undo_step(page)
    select(page, "Three.")
    press(page, "Background")
    assert sent_html(page) == f"<p>One.</p>{section}<p>Three.</p>"
    end_undo_step(page)
    page.keyboard.press("Control+z")
    click_into(page, page.locator(f"{BODY} h2"))
    press(page, "Background")
    assert sent_html(page) == "<p>One.</p><h2>Who</h2><p>Two.</p><p>Three.</p>"
    end_undo_step(page)
    page.keyboard.press("Control+z")
    save(page)
    release.refresh_from_db()
    assert release.body.replace("\n", "") == f"<p>One.</p>{whole}"


def test_a_picture_goes_into_the_background_below_its_paragraph(in_editor):
    picture = make_picture("closed-press.jpg", alt_text="A press")
    page = in_editor('<section data-kind="background"><p>One.</p><p>Two.</p></section>')
    select(page, "One.")
    press(page, "Picture")
    page.locator(".found button", has_text="closed-press.jpg").click()
    page.get_by_role("button", name="Use").click()
    assert sent_html(page) == (
        f'<section data-kind="background"><p>One.</p><figure data-asset="{picture.pk}"></figure>'
        "<p>Two.</p></section>"
    )


# --- The bar above the text ----------------------------------------------------------------------


def test_a_heading_is_chosen_by_the_keyboard(in_editor):
    page = in_editor("<p>One.</p>")
    menu = page.locator(".field-body").get_by_role("button", name="Paragraph style: Paragraph")
    menu.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Subheading")).to_be_focused()
    page.keyboard.press("Enter")
    assert sent_html(page) == "<h3>One.</h3>"
    expect(
        page.locator(".field-body").get_by_role("button", name="Paragraph style: Subheading")
    ).to_be_visible()


ALL = (
    '<p>Eleven papers<span data-footnote="1">By the register of the ministry.</span> of '
    '10<sup>3</sup></p>'
    '<ol start="3"><li><p>Third</p><p>More of it</p></li><li><p>Fourth</p></li></ol>'
    '<table data-caption="Closed newspapers"><tbody><tr>'
    + "".join(f"<th><p>Column {n}</p></th>" for n in range(8))
    + "</tr><tr>" + "<td><p>eleven</p></td>" * 8 + "</tr></tbody></table>"
    '<section data-kind="background"><h2>Background</h2><p>Since 2021.</p></section>'
)  # fmt: skip


@SIZES
def test_the_editor_is_accessible(page, at_desk, complaints, size, schemes):
    page.set_viewport_size(size)
    at_desk(ALL)
    click_into(page, page.locator(f"{BODY} td").first)
    assert complaints == []  # checked before axe runs, because the page refuses axe's styles
    for scheme in schemes:
        colour(page, scheme)
        assert violations(page, ".field-body") == []
        assert overflow(page) <= 0
    # every tool has a name, and none is cut off
    for button in page.locator(".prose-menubar button:visible").all():
        name = button.get_attribute("aria-label") or button.inner_text()
        assert re.match(r"\w[\w ]+", name), name
        box = button.bounding_box()
        assert box["x"] >= 0, name
        assert box["x"] + box["width"] <= size["width"], name

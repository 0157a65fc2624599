"""Tests that need a browser: the editor, pages on a phone, JavaScript and accessibility.

Needs Debian's Chromium (`apt install chromium`); without it these tests skip.
"""

import io
import os
import re
import shutil
import subprocess
from urllib.parse import urlsplit

import brotli
import pytest
from axe_playwright_python.sync_playwright import Axe
from django.db import connections
from playwright.sync_api import Page, expect

from people import levels
from people.models import Person
from previews import links
from previews.models import PreviewLink
from releases.models import Contact, Correction, Release, Topic
from tests.browser import (
    NARROW,
    SIZES,
    WIDE,
    _connections_of_the_loop,
    _leave_the_page,
    _page_of_the_worker,
    assert_usable,
    browser_type_launch_args,
    click_into,
    complaints,
    context,
    overflow,
    page,
    pytestmark,
    signed_in,
    violations,
)  # the fixtures are used by their names
from tests.make import (
    REAL_RELEASE,
    make_chief,
    make_link,
    make_person,
    make_picture,
    make_prisoner,
    make_release,
    make_user,
    mark,
    quotation,
    whole_case,
)


@pytest.fixture
def full_release(db):
    """A public release with every kind of content."""
    speaker = make_person(title="Director", speaks=True, portrait=make_picture())
    prisoner = make_prisoner(portrait=make_picture())
    topic = Topic.objects.create(name="Freedom of expression")
    picture = make_picture(caption="A field.")
    words = ["“We ask for it.", "“And we shall ask again.”"]
    release = make_release(
        title="Valdria: Eleven newspapers closed by letter",
        standfirst="Not one was put before a judge.",
        dateline_place="London",
        poster=picture,
        pull_quote="And we shall ask again.",
        body=f"<p>{mark(speaker)} named {mark(prisoner)}.</p>{quotation(speaker, *words)}"
        f'<figure data-asset="{picture.pk}"></figure><h2>Background</h2>'
        f'<p>See <a href="https://example.org/">the law</a>.</p><ul><li>One</li></ul>',
        notes_to_editors="<p>Interviews on request.</p>",
        countries=["GB", "CN"],
        topics=[topic],
    )
    release.contacts.add(Contact.objects.create(name="Desk", email="desk@newsroom.example"))
    Correction.objects.create(release=release, text="It was eleven.", by=make_chief())
    return release


@pytest.fixture
def newsroom(full_release):
    """The addresses of public pages that show every kind of content, by name."""
    release, picture = full_release, full_release.poster
    topic = release.topics.get()
    speaker = Person.objects.get(display_name="Ansa Verel")
    prisoner = Person.objects.get(display_name="Teodor Brask")
    arabic = make_release(
        title="فالدريا: إغلاق إحدى عشرة صحيفة", language="ar", translation_of=release,
        body="<p>أُغلقت الصحف برسالة.</p>" + quotation(speaker, "«نطلب ذلك.»"), topics=[topic],
    )  # fmt: skip
    for _ in range(25):
        make_release(poster=picture, topics=[topic])
    withdrawn = make_release("withdrawn")
    scripts = {
        "Latin": ("Łukasz Żółć", "Lucas", "en"), "Arabic": ("Rabab", "رباب النورسي", "ar"),
        "Uyghur": ("Adil Imin", "ئادىل ئىمىن", "ug"), "Chinese": ("Chunyu", "淳于晚桥", "zh-Hans"),
    }  # fmt: skip
    cases = {}
    for script, (name, own, language) in scripts.items():
        person = make_prisoner(name, portrait=picture if script == "Latin" else None)
        person.names.create(text=own, language=language, printed=True)
        whole_case(person, own=own, language=language)
        cases[f"case in {script}"] = person.get_absolute_url()
    return cases | {
        "front page": "/",
        "archive": "/releases/",
        "archive, filtered": "/releases/?topic=freedom-of-expression&page=2",
        "archive, nothing found": "/releases/?kind=statement",
        "release": release.get_absolute_url(),
        "release in Arabic": arabic.get_absolute_url(),
        "withdrawn": withdrawn.get_absolute_url(),
        "people": "/people/",
        "spokesperson": speaker.get_absolute_url(),
        "prisoner": prisoner.get_absolute_url(),
        "spokesperson, searched": f"{speaker.get_absolute_url()}?q=nothing",
        "prisoners": "/prisoners/",
        "prisoners, filtered": "/prisoners/?country=CN&sort=-since",
        "prisoners, nobody": "/prisoners/?country=GB",
        "not found": "/releases/no-such-release/",
    }


def test_every_public_page_is_accessible(page, live_server, newsroom, complaints):
    """Each page is loaded on a phone, and its window is then made wide."""
    for name, path in newsroom.items():
        complaints.clear()
        page.set_viewport_size(NARROW)
        page.emulate_media(color_scheme="dark")
        page.goto(live_server.url + path, wait_until="networkidle")
        assert_usable(page, ("dark", "light"), name)
        page.set_viewport_size(WIDE)
        assert_usable(page, ("light", "dark"), name)
        expected = name in ("withdrawn", "not found")  # the browser reports their status
        assert [c for c in complaints if not (expected and "status of 4" in c)] == [], name


@pytest.mark.parametrize("path", ["/releases/", "/prisoners/?country=CN"])
def test_filters_come_first_on_a_phone_and_work_without_scripts(
    browser, live_server, newsroom, path
):
    with browser.new_context(java_script_enabled=False, viewport=NARROW) as context:
        page = context.new_page()
        page.goto(live_server.url + path)
        filters = page.get_by_role("navigation", name="Filters")
        button = page.locator("summary", has_text="Filters")
        listed = page.locator(".columns > div")
        expect(filters).to_be_hidden()
        assert button.bounding_box()["y"] < listed.bounding_box()["y"]
        button.focus()
        page.keyboard.press("Enter")
        expect(filters).to_be_visible()
        assert filters.bounding_box()["y"] < listed.bounding_box()["y"]
        for is_open in (True, False):
            page.set_viewport_size(WIDE)
            expect(button).to_be_hidden()
            expect(filters).to_be_visible()
            assert filters.bounding_box()["y"] == pytest.approx(listed.bounding_box()["y"], abs=2)
            page.set_viewport_size(NARROW)
            expect(filters).to_be_visible(visible=is_open)
            button.click()


# Long enough for an invisible code.
LONG = f"<p>{'Eleven newspapers were closed by a letter that not one editor had seen. ' * 5}</p>"


@pytest.fixture
def preview(full_release):
    """A preview link to a scheduled release with every kind of content."""
    public = full_release
    hidden = make_release(
        "scheduled", title="Valdria: What is to come", body=public.body + LONG,
        poster=public.poster, pull_quote=public.pull_quote,
        notes_to_editors=public.notes_to_editors,
    )  # fmt: skip
    return make_link(hidden, name="Rita Reader", outlet="The Paper")


def open_preview(page, address):
    page.goto(address)
    page.get_by_role("button", name="Accept the embargo").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("What")
    page.wait_for_load_state("networkidle")


@SIZES
def test_a_reader_accepts_the_terms_and_reads_the_release(
    page, live_server, preview, complaints, size, schemes
):
    page.set_viewport_size(size)
    page.emulate_media(color_scheme=schemes[0])
    page.goto(live_server.url + preview, wait_until="networkidle")
    assert_usable(page, schemes, "the terms page")
    page.emulate_media(color_scheme=schemes[0])
    open_preview(page, live_server.url + preview)
    assert_usable(page, schemes, "the release")
    page.mouse.wheel(0, 5000)
    expect(page.get_by_text("EMBARGOED until")).to_be_in_viewport()
    assert complaints == []
    page.emulate_media(color_scheme=schemes[0])
    page.goto(f"{live_server.url}/preview/wrong/", wait_until="networkidle")
    assert_usable(page, schemes, "a wrong address")


def test_text_that_a_reader_copies_prints_or_saves_can_be_traced(
    page, context, live_server, preview, tmp_path
):
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    # In a PDF, the web font would put a space after each G.
    PreviewLink.objects.update(reference="G0GFGAGG")
    open_preview(page, live_server.url + preview)
    link = PreviewLink.objects.get()
    page.get_by_role("button", name="Copy quotation").first.click()
    expect(page.get_by_text("Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert links.trace(copied) == [link]
    assert "EMBARGOED until" in copied
    assert preview not in copied
    selected = page.evaluate(
        "() => { const long = [...document.querySelectorAll('.text p')].find("
        "  (p) => p.textContent.split(/\\s+/).length > 45);"
        " getSelection().selectAllChildren(long); return getSelection().toString() }"
    )
    assert links.trace(selected) == [link]
    with page.expect_download() as saved:
        page.locator('a[href$="release.txt"]').click()
    assert links.trace(io.BytesIO(saved.value.path().read_bytes())) == [link]
    if shutil.which("pdftotext"):
        sheets = page.pdf(format="A5")
        assert links.trace(io.BytesIO(sheets)) == [link]
        printed = subprocess.run(["pdftotext", "-", "-"], input=sheets, capture_output=True)
        pages = printed.stdout.decode().split("\f")[:-1]
        assert len(pages) > 2
        assert all(f"{link.printed_reference}" in sheet for sheet in pages)


def test_the_reference_in_the_warning_stays_on_one_line(page, live_server, preview):
    open_preview(page, live_server.url + preview)
    lines = "() => document.querySelector('.embargo .reference').getClientRects().length"
    for width in range(300, 900, 12):
        page.set_viewport_size({"width": width, "height": 600})
        assert page.evaluate(lines) == 1, f"at {width} pixels"


def test_the_terms_page_works_without_javascript(browser, live_server, preview):
    page = browser.new_context(java_script_enabled=False).new_page()
    open_preview(page, live_server.url + preview)
    expect(page.locator("blockquote").first).to_be_visible()


def test_an_editor_issues_a_link_and_sees_it_used(
    page, browser, live_server, signed_in, complaints
):
    release = make_release("scheduled", title="Valdria: What is to come")
    desk = signed_in(make_user("editor", "Editor"))
    form = f"{live_server.url}/admin/releases/release/{release.pk}/change/"
    desk.goto(form)
    desk.get_by_role("link", name="Issue links to journalists").click()
    desk.get_by_label("Recipients").fill("Rita Reader, The Paper")
    desk.get_by_role("button", name="Issue links").click()
    address = desk.locator("#address-1").inner_text()
    reader = browser.new_context().new_page()
    open_preview(reader, address)
    desk.goto(form)
    expect(desk.get_by_text("opened 1 time")).to_be_visible()
    desk.get_by_role("button", name="Revoke the link of Rita Reader").click()
    expect(desk.get_by_text("Link revoked. It no longer works.")).to_be_visible()
    reader.reload()
    expect(reader.get_by_role("heading", level=1)).to_have_text("This preview link isn’t valid")
    desk.get_by_role("button", name="Take offline now").click()
    expect(desk.get_by_role("heading", name="Readers")).to_be_visible()
    assert complaints == []


def test_the_pages_of_preview_links_at_the_desk_are_accessible(page, live_server, signed_in):
    release = make_release("scheduled")
    make_link(release)
    desk = signed_in(make_user("editor", "Editor"))
    for path in (f"issue/{release.pk}/press/", f"issue/{release.pk}/colleague/", "trace/"):
        desk.goto(f"{live_server.url}/admin/previews/previewlink/{path}")
        assert violations(desk) == [], path
    desk.goto(f"{live_server.url}/admin/releases/release/{release.pk}/seen/")
    assert violations(desk) == []


def test_a_page_without_its_pictures_is_small(browser, live_server, full_release):
    page = browser.new_context().new_page()  # has seen no other page, so it loads every file
    bodies: dict[str, bytes] = {}
    kinds = ("document", "stylesheet", "script", "font")

    def keep(request):
        if request.resource_type in kinds:
            bodies[request.url] = request.response().body()

    page.on("requestfinished", keep)
    page.goto(live_server.url + full_release.get_absolute_url(), wait_until="networkidle")
    # Deployed, all of these are sent compressed, except fonts, which are compressed already.
    weight = sum(
        len(body if url.endswith("woff2") else brotli.compress(body))
        for url, body in bodies.items()
    )
    page.context.close()
    assert len(bodies) >= 5
    assert weight < 60_000, f"{weight} bytes"


def test_a_release_can_be_read_without_javascript(browser, live_server, full_release):
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(live_server.url + full_release.get_absolute_url())
    for words in ["We ask for it.", "Ansa Verel", "It was eleven.", "Interviews on request."]:
        expect(page.get_by_text(words).first).to_be_visible()


def test_a_journalist_copies_a_quotation_with_its_speaker_and_source(
    page, live_server, full_release, context
):
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(live_server.url + full_release.get_absolute_url())
    page.get_by_role("button", name="Copy quotation").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == (
        "“We ask for it.\n\n“And we shall ask again.”\n\n– Ansa Verel, Director\n"
        f"{live_server.url}{full_release.get_absolute_url()}"
    )


def test_a_time_is_also_shown_in_the_readers_own_zone(browser, live_server, full_release):
    page = browser.new_context(timezone_id="Asia/Tokyo").new_page()
    page.goto(live_server.url + full_release.get_absolute_url())
    expect(page.locator(".release-head .meta")).to_contain_text("GMT+9")


def test_an_editor_writes_a_release_from_the_first_word_to_the_preview(
    page, live_server, signed_in, complaints
):
    speaker = make_person("Maren Tolvik", title="Director")
    prisoner = make_prisoner("Rabab Nawrasi")
    picture = make_picture("closed-press.jpg", alt_text="A press")
    signed_in(make_user("writer", "Author"))
    page.goto(f"{live_server.url}/admin/releases/release/add/")
    page.fill("[name=title]", "Valdria: Free Rabab Nawrasi")
    editor = page.locator(".field-body .tiptap")
    editor.click()
    page.keyboard.type("Rabab Nawrasi was sentenced today.")
    page.keyboard.press("Enter")
    page.keyboard.type("“This punishes readers.")

    # the paragraph becomes a quotation, and its speaker is found with the search
    page.get_by_role("button", name="Quotation").click()
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    page.keyboard.type("“It will not stand.”")
    page.get_by_role("button", name=re.compile("No speaker yet")).click()
    page.get_by_label("Search", exact=True).fill("tolv")
    page.get_by_role("button", name=re.compile("Maren Tolvik")).click()
    page.get_by_role("button", name="Use").click()
    expect(editor.locator("blockquote")).to_contain_text("Maren Tolvik")

    # a name is marked as a mention of a person
    editor.locator("p").first.click()
    page.keyboard.press("Home")
    for _ in "Rabab Nawrasi":
        page.keyboard.press("Shift+ArrowRight")
    page.get_by_role("button", name="Name", exact=True).click()
    page.locator(".found button", has_text="Rabab Nawrasi").click()
    page.get_by_role("button", name="Use").click()

    # a picture from the library is inserted below the paragraph and replaces nothing
    page.get_by_role("button", name="Picture", exact=True).click()
    page.locator(".found button", has_text="closed-press.jpg").click()
    page.get_by_role("button", name="Use").click()

    page.get_by_role("button", name="Save and preview").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Valdria: Free Rabab Nawrasi")
    expect(page.locator(".quotation")).to_contain_text("It will not stand.")
    release = Release.objects.get()
    quote = release.quotes.get()
    assert quote.speaker == speaker
    assert quote.paragraphs == ["“This punishes readers.", "“It will not stand.”"]
    assert {mention.person for mention in release.mentions.all()} == {speaker, prisoner}
    figure = f'<figure data-asset="{picture.pk}"></figure>'
    assert release.body.split("\n")[1] == figure
    assert complaints == []


def paste(page, html, text="plain"):
    page.evaluate(
        """([html, text]) => {
            const data = new DataTransfer();
            data.setData("text/html", html);
            data.setData("text/plain", text);
            const options = { clipboardData: data, bubbles: true, cancelable: true };
            document.querySelector(".field-body .tiptap").dispatchEvent(
                new ClipboardEvent("paste", options));
        }""",
        [html, text],
    )


def test_pasted_text_stays_in_its_place_while_the_user_types_on(page, live_server, signed_in):
    signed_in(make_user("writer", "Author"))
    page.goto(f"{live_server.url}/admin/releases/release/add/")
    held = []
    page.route("**/paste/", lambda route: held.append(route))
    body = page.locator(".field-body .tiptap")
    body.click()
    page.keyboard.type("Before. After.")
    for _ in "After.":
        page.keyboard.press("ArrowLeft")
    page.wait_for_timeout(200)  # the editor reads the position of the caret after a moment
    with page.expect_request("**/paste/"):
        paste(page, "<b>Pasted.</b> ")
    page.keyboard.press("Home")
    page.keyboard.type("First. ")
    page.keyboard.press("End")
    page.keyboard.type(" Last.")
    held[0].continue_()
    expect(body).to_contain_text("Pasted.")
    page.keyboard.type(" Typed on.")
    expect(body.locator("p")).to_have_text("First. Before. Pasted.After. Last. Typed on.")
    expect(body.locator("strong")).to_have_text("Pasted.")


@pytest.mark.parametrize("refusal", ["no session", "no answer"])
def test_text_that_cannot_be_cleaned_is_pasted_as_plain_text_with_a_notice(
    page, live_server, signed_in, refusal
):
    signed_in(make_user("writer", "Author"))
    page.goto(f"{live_server.url}/admin/releases/release/add/")
    if refusal == "no session":
        page.context.clear_cookies(name="sessionid")
    else:
        page.route("**/paste/", lambda route: route.abort())
    body = page.locator(".field-body .tiptap")
    body.click()
    paste(page, "<b>Pasted words</b>", "Pasted words")
    dialog = page.locator("dialog.newsroom-dialog")
    expect(dialog).to_contain_text("was pasted as plain text")
    expect(body).to_have_text("Pasted words")
    expect(body.locator("strong")).to_have_count(0)


def test_the_editor_keeps_every_link_that_the_server_accepts(page, live_server, signed_in):
    hrefs = ["https://example.org/", "mailto:a@b.example?subject=x", "tel:+442079460000"]
    links = "".join(f'<p><a href="{href}">a link</a></p>' for href in hrefs)
    release = make_release("draft", title="Links", body=links)
    signed_in(make_chief())
    page.goto(f"{live_server.url}/admin/releases/release/{release.pk}/change/")
    click_into(page, page.locator(".field-body .tiptap"))
    page.keyboard.press("Control+End")
    page.keyboard.type(" and more")
    page.get_by_role("button", name="Save", exact=True).first.click()
    expect(page.locator(".messagelist")).to_be_visible()
    release.refresh_from_db()
    assert re.findall('href="([^"]*)"', release.body) == hrefs
    assert "and more" in release.body


def test_text_pasted_from_word_is_cleaned(page, live_server, signed_in):
    signed_in(make_user("writer", "Author"))
    page.goto(f"{live_server.url}/admin/releases/release/add/")
    click_into(page, page.locator(".field-body .tiptap"))
    paste(
        page,
        '<h1>Heading</h1><p class=MsoNormal style="margin:0cm"><b style="mso-x:y">Bold</b>'
        "<o:p></o:p> word</p><script>alert(1)</script>",
    )
    expect(page.locator(".field-body .tiptap h2")).to_have_text("Heading")
    expect(page.locator(".field-body .tiptap p")).to_have_text("Bold word")
    page.fill("[name=title]", "Pasted")
    page.get_by_role("button", name="Save", exact=True).first.click()
    expect(page.locator(".messagelist")).to_be_visible()
    body = Release.objects.get().body
    assert body.split("\n") == ["<h2>Heading</h2>", "<p><strong>Bold</strong> word</p>"]


def test_the_browser_asks_before_typed_text_is_lost(page, live_server, signed_in):
    release = make_release("draft")
    signed_in(make_chief())
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    address = f"{live_server.url}/admin/releases/release/{release.pk}/change/"
    page.goto(address)
    expect(page.locator(".field-body .tiptap")).to_be_visible()
    page.goto(f"{live_server.url}/admin/")
    assert asked == []  # nothing was typed
    page.goto(address)
    click_into(page, page.locator(".field-body .tiptap"))
    page.keyboard.type("More. ")
    page.goto(f"{live_server.url}/admin/")
    assert asked == ["beforeunload"]


def test_an_editor_imports_the_real_release(page, live_server, signed_in, complaints):
    signed_in(make_user("writer", "Editor"))
    page.goto(f"{live_server.url}/admin/releases/release/import/")
    page.set_input_files("[name=file]", REAL_RELEASE)
    page.get_by_role("button", name="Check import").click()
    expect(page.locator(".report")).to_contain_text("Felix Jakens")
    page.set_viewport_size(NARROW)
    # The long name of the picture wraps, because a keyboard cannot scroll the report.
    assert page.locator(".report").evaluate("report => report.scrollWidth <= report.clientWidth")
    page.set_viewport_size(WIDE)
    assert not Release.objects.exists()
    page.get_by_label("Felix Jakens", exact=False).first.select_option("create")
    page.get_by_role("button", name="Create draft").click()
    expect(page.locator("[name=title]")).to_have_value(re.compile("^UK/China"))
    expect(page.locator(".panel")).to_contain_text("13 February 2025")
    assert list(Person.objects.values_list("display_name", flat=True)) == ["Felix Jakens"]
    assert complaints == []


def test_a_release_is_approved_and_seen_on_the_desk(page, live_server, signed_in):
    release = make_release("in_review")
    signed_in(make_user("chief", "Publisher"))
    page.goto(f"{live_server.url}/admin/")
    page.get_by_role("link", name=release.title).click()
    page.get_by_role("link", name="Approve and schedule").click()
    page.fill("[name=publish_at_0]", "2031-05-01")
    page.fill("[name=publish_at_1]", "09:00")
    page.get_by_role("button", name="Approve and schedule").click()
    expect(page.locator(".panel")).to_contain_text("Scheduled")
    page.goto(f"{live_server.url}/admin/")
    expect(page.locator("[aria-labelledby=pile-scheduled]")).to_contain_text(release.title)
    assert Release.objects.get(pk=release.pk).is_scheduled()


def test_the_desk_fits_on_a_phone_and_causes_no_browser_errors(
    page, live_server, signed_in, complaints
):
    release = make_release("in_review", body=quotation(make_person(), "“Words.”"))
    signed_in(make_user("chief", "Publisher"))
    base = f"/admin/releases/release/{release.pk}"
    person = make_prisoner(level=1)
    case = whole_case(person)
    levels.request_level(person, to=3, basis="Consent.", by=make_chief())
    record = f"/admin/people/person/{person.pk}"
    people = [*(f"{record}/{name}/" for name in ("change", "decide", "named")),
              f"/admin/people/case/{case.pk}/change/", "/admin/people/person/add/"]  # fmt: skip
    for path in ["/admin/", "/admin/releases/release/", f"{base}/change/", f"{base}/history/",
                 f"{base}/approve/", f"{base}/preview/", "/admin/releases/release/import/",
                 "/admin/people/person/", "/admin/people/case/", *people,
                 "/admin/assets/mediaasset/", f"{base}/seen/",
                 f"/admin/previews/previewlink/issue/{release.pk}/colleague/",
                 "/admin/previews/previewlink/", "/admin/previews/previewlink/trace/",
                 ]:  # fmt: skip
        page.set_viewport_size(NARROW)
        page.goto(live_server.url + path, wait_until="networkidle")
        assert overflow(page) <= 0, f"{path} on a phone"
        page.set_viewport_size(WIDE)
        assert overflow(page) <= 0, f"{path} on a wide screen"
    assert complaints == []

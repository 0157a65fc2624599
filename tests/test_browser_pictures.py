"""Pictures in a browser: dropping files, the focal point, the library, pages with pictures.

Needs Debian's Chromium (`apt install chromium`); without it these tests skip.
"""

import base64
import re
from io import BytesIO

import pytest
from django.db import models
from PIL import Image
from playwright.sync_api import Page, expect

from assets import processing
from assets.models import MediaAsset
from jobs.models import Lane
from releases.models import Release
from tests import documents
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
    page,
    pytestmark,
    signed_in,
    violations,
)  # the fixtures are used by their names
from tests.documents import OLD_WORD
from tests.make import (
    make_document,
    make_picture,
    make_release,
    make_user,
    pdf_bytes,
    picture_bytes,
    work_off,
)

LIBRARY = "/admin/assets/mediaasset/"


def drop(page: Page, on: str, files: dict[str, bytes]) -> None:
    """Drop files on an element of a page, with the same events as a mouse."""
    given = [[name, base64.b64encode(content).decode()] for name, content in files.items()]
    dropped = page.evaluate_handle(
        """(files) => {
          const data = new DataTransfer();
          for (const [name, text] of files) {
            data.items.add(new File([Uint8Array.from(atob(text), (c) => c.charCodeAt(0))], name));
          }
          return data;
        }""",
        given,
    )
    for event in ("dragenter", "dragover", "drop"):
        page.dispatch_event(on, event, {"dataTransfer": dropped})


def photo(colour="red", size=(1200, 800)) -> bytes:
    out = BytesIO()
    image = Image.new("RGB", size, colour)
    image.paste("white", (0, 0, size[0] // 4, size[1]))
    image.save(out, "JPEG")
    return out.getvalue()


def test_an_editor_drops_many_files_and_sees_the_result_of_each(
    page, live_server, signed_in, complaints
):
    signed_in(make_user("editor", "Editor"))
    page.goto(f"{live_server.url}{LIBRARY}upload/")
    drop(page, "[data-drop=upload]", {
        "gate.jpg": photo(), "report.pdf": pdf_bytes(), "bad.jpg": b"bad", "again.jpg": photo(),
    })  # fmt: skip
    uploads = page.locator(".uploads .upload")
    expect(uploads).to_have_count(4)
    expect(page.locator(".uploads .sending")).to_have_count(0)
    expect(uploads.nth(0)).to_contain_text("Waiting")
    expect(uploads.nth(1)).to_contain_text("Document")
    expect(uploads.nth(2)).to_contain_text("bad.jpg: This file can’t be read.")
    expect(uploads.nth(3)).to_contain_text("again.jpg")
    expect(uploads.nth(3)).to_contain_text("You already have this file: gate.jpg")
    work_off(Lane.FILES)
    expect(uploads.nth(0)).to_contain_text("Ready")
    expect(uploads.nth(0).locator("img")).to_be_visible()
    assert violations(page) == []
    assert [c for c in complaints if "status of 400" not in c] == []


def test_an_upload_shows_that_its_state_could_not_be_loaded(page, live_server, signed_in):
    signed_in(make_user("author", "Author"))
    page.goto(f"{live_server.url}{LIBRARY}upload/")
    drop(page, "[data-drop=upload]", {"gate.jpg": photo()})
    upload = page.locator(".uploads .upload")
    expect(upload).to_contain_text("Waiting")
    page.context.clear_cookies(name="sessionid")
    expect(upload.locator("[role=alert]")).to_contain_text("Check that you are still signed in")


def test_files_are_uploaded_without_javascript(browser, live_server, client):
    client.force_login(make_user("editor", "Editor"))
    session = client.cookies["sessionid"].value
    context = browser.new_context(java_script_enabled=False)
    context.add_cookies(
        [{"name": "sessionid", "value": session, "url": f"{live_server.url}/admin/"}]
    )
    page = context.new_page()
    page.goto(f"{live_server.url}{LIBRARY}upload/")
    page.set_input_files(
        "#files", [{"name": "gate.jpg", "mimeType": "image/jpeg", "buffer": photo()}]
    )
    page.get_by_role("button", name="Upload").click()
    expect(page.locator(".uploads")).to_contain_text("gate.jpg")
    context.close()


def test_an_author_drops_a_picture_on_a_release_uses_it_as_poster_and_inserts_it(
    page, live_server, signed_in, complaints
):
    author = make_user("author", "Author")
    release = make_release("draft", by=author, title="Valdria: What is to come")
    signed_in(author)
    form = f"{live_server.url}/admin/releases/release/{release.pk}/change/"
    page.goto(form)
    drop(page, "[data-drop=attached]", {"gate.jpg": photo(), "report.pdf": pdf_bytes()})
    attached = page.locator(".attached .upload")
    expect(page.locator(".attached .sending")).to_have_count(0)
    expect(attached).to_have_count(2)
    work_off(Lane.FILES)
    expect(attached.first.locator("img")).to_be_visible()
    attached.first.get_by_role("button", name="Use as poster").click()
    expect(page.locator(".field-poster .select2-selection__rendered")).to_contain_text("gate.jpg")
    attached.first.get_by_role("button", name="Insert into text").click()
    expect(page.locator(".field-body .tiptap figure")).to_have_count(1)
    attached.nth(1).get_by_role("button", name="Move report.pdf up").click()
    assert complaints == []
    assert violations(page, ".field-attached") == []
    complaints.clear()  # about axe's own styles
    page.get_by_role("button", name="Save", exact=True).first.click()
    expect(page.get_by_text("was changed successfully")).to_be_visible()
    release.refresh_from_db()
    picture, report = (MediaAsset.objects.get(kind=kind) for kind in ("image", "document"))
    assert release.poster == picture
    assert release.document.pictures == [picture.pk]
    assert release.attached == [str(report.pk), str(picture.pk)]
    assert complaints == []


def test_an_imported_poster_gets_its_file_on_the_form(page, live_server, signed_in, complaints):
    author = make_user("author", "Author")
    named = MediaAsset.objects.create(
        original_name="Image for Lammy China visit AFP via Getty Images.jpg",
        credit_line="AFP via Getty Images",
    )
    release = make_release("draft", by=author, poster=named)
    signed_in(author)
    page.goto(f"{live_server.url}/admin/releases/release/{release.pk}/change/")
    drop(page, ".field-poster .drop", {"download.jpg": photo()})
    expect(page.locator(".field-poster .upload")).to_contain_text("Image for Lammy China visit")
    named.refresh_from_db()
    assert named.sha256
    assert named.credit_line == "AFP via Getty Images"
    assert complaints == []


def test_the_focal_point_is_set_by_a_click_and_every_crop_shows_it_at_once(
    page, live_server, signed_in, complaints
):
    picture = make_picture(content=photo(size=(1600, 600)))
    signed_in(make_user("editor", "Editor"))
    page.goto(f"{live_server.url}{LIBRARY}{picture.pk}/change/", wait_until="networkidle")
    image = page.locator(".focus-picture img")
    box = image.bounding_box()
    portrait = page.locator(".cut.portrait img")
    before = portrait.evaluate("img => img.style.objectPosition")
    image.click(position={"x": box["width"] * 0.05, "y": box["height"] / 2})
    assert page.locator("[name=focus_x]").input_value() == "0.05"
    assert portrait.evaluate("img => img.style.objectPosition") != before
    # The preview shows the future crop: its left part is white.
    shown = Image.open(BytesIO(portrait.screenshot())).convert("RGB")
    assert min(shown.getpixel((5, shown.height // 2))) > 240
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    assert page.locator("[name=focus_x]").input_value() == "0.06"
    assert page.locator("[name=focus_y]").input_value() == "0.51"
    assert complaints == []
    assert violations(page) == []
    complaints.clear()  # about axe's own styles
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("was changed successfully")).to_be_visible()
    work_off(Lane.FILES)
    picture.refresh_from_db()
    assert picture.focus == (0.06, 0.51)
    with picture.open_rendition("portrait", "jpg") as file:
        cut = Image.open(file).convert("RGB")
        seen = shown.resize(cut.size)
        for at in ((20, 300), (300, 300), (580, 300)):
            assert (
                max(abs(a - b) for a, b in zip(cut.getpixel(at), seen.getpixel(at), strict=True))
                < 40
            )
    assert complaints == []


def test_embedded_metadata_fills_blank_fields_and_is_saved_with_the_form(
    page, live_server, signed_in
):
    picture = make_picture(credit_line="")
    found = {"credit_line": "AFP", "caption": "At the gate", "licence_ends": "2031-06-30"}
    models.QuerySet(MediaAsset).update(embedded_metadata=found)
    signed_in(make_user("editor", "Editor"))
    page.goto(f"{live_server.url}{LIBRARY}{picture.pk}/change/")
    page.get_by_role("button", name="Fill all blank fields").click()
    assert page.locator("[name=credit_line]").input_value() == "AFP"
    assert page.locator("[name=licence_expires_0]").input_value() == "2031-07-01"
    picture.refresh_from_db()
    assert picture.credit_line == ""
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("was changed successfully")).to_be_visible()
    picture.refresh_from_db()
    assert (picture.credit_line, picture.caption) == ("AFP", "At the gate")


@SIZES
def test_the_pages_of_the_library_are_accessible(
    page, live_server, signed_in, complaints, size, schemes
):
    pictures = [make_picture(content=photo(colour), caption=f"A {colour} field", credit_line="AFP")
                for colour in ("red", "green", "blue")]  # fmt: skip
    make_document()
    make_release(poster=pictures[0])
    page.set_viewport_size(size)
    signed_in(make_user("editor", "Editor"))
    for path in (LIBRARY, f"{LIBRARY}upload/", f"{LIBRARY}{pictures[0].pk}/change/"):
        page.emulate_media(color_scheme=schemes[0])
        page.goto(live_server.url + path, wait_until="networkidle")
        assert complaints == []
        assert_usable(page, schemes, path)
        complaints.clear()  # about axe's own styles


def test_an_editor_filters_pictures_and_sets_their_credit(page, live_server, signed_in):
    for colour in ("red", "green", "blue"):
        make_picture(content=photo(colour), caption=f"A {colour} field", credit_line="")
    signed_in(make_user("editor", "Editor"))
    page.goto(live_server.url + LIBRARY)
    page.get_by_role("link", name="No credit").click()
    for caption in ("A red field", "A blue field"):
        page.locator("tr", has_text=caption).locator("input.action-select").check()
    page.get_by_label("Action:").select_option("edit_many")
    page.get_by_role("button", name="Go").click()
    page.get_by_label("Credit line:").fill("AFP via Getty Images")
    assert violations(page) == []
    page.get_by_role("button", name="Save changes").click()
    expect(page.get_by_text("2 items changed.")).to_be_visible()
    assert MediaAsset.objects.filter(credit_line="AFP via Getty Images").count() == 2
    page.goto(live_server.url + LIBRARY)
    page.get_by_role("searchbox", name="Search", exact=True).fill("getty")
    page.locator("#changelist-search").get_by_role("button", name="Search").click()
    expect(page.locator("#result_list tbody tr")).to_have_count(2)


def test_a_page_loads_the_smallest_format_and_its_layout_does_not_shift(page, live_server):
    picture = make_picture(content=photo(size=(2400, 1600)), caption="At the gate")
    release = make_release(poster=picture)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.set_viewport_size(NARROW)
    page.goto(live_server.url + release.get_absolute_url(), wait_until="networkidle")
    shown = [url for url in asked if "/media/" in url]
    assert any(re.search(r"/(teaser|poster-960)\.avif\?v=", url) for url in shown)
    assert not any("/poster.jpg" in url for url in shown)
    shift = page.evaluate(
        """() => new Promise((done) => {
          let moved = 0;
          new PerformanceObserver((list) => {
            for (const entry of list.getEntries()) moved += entry.value;
          }).observe({ type: "layout-shift", buffered: true });
          setTimeout(() => done(moved), 300);
        })"""
    )
    assert shift < 0.02
    # The placeholder of a picture is no larger than the picture.
    page.set_viewport_size(WIDE)
    page.mouse.wheel(0, 9000)
    expect(page.locator(".media img")).to_be_visible()
    differences = page.evaluate(
        """() => [...document.querySelectorAll(".picture")].map((holder) =>
          holder.clientHeight - holder.querySelector("img").clientHeight)"""
    )
    assert len(differences) == 2
    assert max(differences) <= 1
    page.set_viewport_size(NARROW)
    # Without the picture, a blur of twelve of its colours is shown.
    page.route("**/media/**", lambda route: route.abort())
    page.reload()
    blur = page.locator(".poster svg.blur")
    expect(blur).to_be_visible()
    assert blur.bounding_box()["height"] > 100


@pytest.mark.parametrize("state", ["published", "scheduled"])
def test_a_read_only_release_shows_its_pictures_over_their_placeholders(
    page, live_server, signed_in, complaints, state
):
    picture = make_picture(content=photo(size=(1600, 600)))
    body = f'<p>Before it.</p><figure data-asset="{picture.pk}"></figure><p>Behind it.</p>'
    release = make_release(state, body=body)
    signed_in(make_user("author", "Author"))
    page.goto(f"{live_server.url}/admin/releases/release/{release.pk}/change/")
    image = page.locator(".as-printed .picture img")
    image.scroll_into_view_if_needed()
    expect(image).to_have_js_property("complete", True)
    assert image.evaluate("img => img.naturalWidth") > 0
    placeholder = page.locator(".as-printed .picture .blur")
    assert placeholder.bounding_box() == image.bounding_box()
    assert image.evaluate(
        """img => {
          const { left, top } = img.getBoundingClientRect();
          return document.elementFromPoint(left + 9, top + 9) === img;
        }"""
    )
    assert complaints == []


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_a_placeholder_is_not_visible_beside_its_picture(page, live_server, size):
    """This includes pictures that are narrower than their column."""
    pictures = [make_picture(content=photo(size=(wide, 200))) for wide in (120, 400, 1600)]
    figures = "".join(f'<figure data-asset="{picture.pk}"></figure>' for picture in pictures)
    release = make_release(poster=pictures[1], body=f"<p>Before.</p>{figures}<p>Behind.</p>")
    page.set_viewport_size(size)
    for path in ("/", "/releases/", release.get_absolute_url()):
        page.goto(live_server.url + path, wait_until="networkidle")
        boxes = page.evaluate(
            """() => [...document.querySelectorAll(".picture")].map((holder) =>
              [holder, holder.querySelector("img")].map((node) =>
                [node.offsetWidth, node.offsetHeight]))"""
        )
        assert len(boxes) == (7 if path == release.get_absolute_url() else 1), path
        for holder, image in boxes:
            assert max(abs(a - b) for a, b in zip(holder, image, strict=True)) <= 1, path


def test_a_journalist_downloads_all_files_and_one_picture(page, live_server, tmp_path):
    release = make_release(poster=make_picture(caption="At the gate"))
    page.goto(live_server.url + release.get_absolute_url())
    with page.expect_download() as saved:
        page.get_by_role("link", name="All files with pictures (ZIP)").click()
    assert saved.value.suggested_filename == f"{release.slug}.zip"
    assert saved.value.path().read_bytes().startswith(b"PK")
    with page.expect_download() as saved:
        page.get_by_role("link", name="Download", exact=True).click()
    assert saved.value.suggested_filename.startswith("at-the-gate-")
    assert Release.objects.count() == 1


def test_a_picture_that_is_dropped_twice_is_attached_once(page, live_server, signed_in):
    there = make_picture("first.jpg", content=picture_bytes((600, 400)))
    release = make_release(
        "draft", attached=[str(there.pk)], by=(author := make_user("a", "Author"))
    )
    signed_in(author)
    page.goto(f"{live_server.url}/admin/releases/release/{release.pk}/change/")
    drop(page, "[data-drop=attached]", {"again.jpg": picture_bytes((600, 400))})
    expect(page.get_by_text("You already have this file")).to_be_visible()
    expect(page.locator(".attached .upload")).to_have_count(1)


@SIZES
def test_a_publisher_sees_what_was_removed_and_accepts_a_document_as_it_is(
    page, live_server, signed_in, complaints, size, schemes
):
    cleaned = make_document("report.pdf", documents.pdf(documents.with_comments))
    old = make_document("old.doc", OLD_WORD)
    page.set_viewport_size(size)
    signed_in(make_user("publisher", "Publisher"))
    page.goto(f"{live_server.url}{LIBRARY}{cleaned.pk}/change/")
    expect(page.locator(".taken-out")).to_contain_text("Comments: Emil Editor")
    assert_usable(page, schemes, "a document")
    page.goto(f"{live_server.url}{LIBRARY}{old.pk}/change/")
    expect(page.locator(".asset-state")).to_contain_text("Old Word files (.doc) contain names")
    assert_usable(page, schemes, "a document")
    page.get_by_label("Why it may be published as it is").fill("The court gave it to us so.")
    page.get_by_role("button", name="Accept as it is").click()
    expect(page.locator(".asset-state")).to_contain_text("The court gave it to us so.")

"""Languages in a browser: the field for another language, and the question during an import.

Needs Debian's Chromium (`apt install chromium`); without it these tests skip.
"""

from playwright.sync_api import expect

from tests.browser import (
    SIZES,
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
)  # the fixtures are used by their names
from tests.make import make_chief, make_release
from tests.test_languages import TEXTS


def test_the_field_for_another_language_appears_when_it_is_needed(
    page, live_server, signed_in, complaints
):
    release = make_release("draft", title="T")
    signed_in(make_chief())
    address = f"{live_server.url}/admin/releases/release/{release.pk}/change/"
    page.goto(address)
    line = page.get_by_label("Tag or name:")
    expect(line).to_be_hidden()
    page.locator("#id_language").select_option("other")
    expect(line).to_be_visible()
    line.fill("en_US")
    page.get_by_role("button", name="Save", exact=True).first.click()
    expect(page.get_by_text("is not a language tag")).to_be_visible()
    expect(page.get_by_label("Tag or name:")).to_have_value("en_US")
    page.get_by_label("Tag or name:").fill("Tibetan")
    page.get_by_role("button", name="Save", exact=True).first.click()
    page.wait_for_url(lambda url: "change" not in url or url == address)
    page.goto(address)
    expect(page.locator("#id_language")).to_have_value("bo")
    expect(page.get_by_label("Tag or name:")).to_be_hidden()
    release.refresh_from_db()
    assert release.language == "bo"
    assert complaints == []


@SIZES
def test_an_import_asks_for_the_language_if_it_is_not_certain(
    page, live_server, signed_in, size, schemes
):
    page.set_viewport_size(size)
    page.emulate_media(color_scheme=schemes[0])
    signed_in(make_chief())
    page.goto(f"{live_server.url}/admin/releases/release/import/")
    page.get_by_label("Or paste the text").fill(
        f"<html lang='en'><h1>Titel</h1><p>{TEXTS['sv']}</p></html>"
    )
    page.get_by_role("button", name="Check import").click()
    reason = "Not certain: the file states English, but the text looks like Swedish."
    expect(page.get_by_text(reason, exact=True)).to_be_visible()
    assert_usable(page, schemes, "import")
    page.locator("#id_language").select_option(label="Swedish · svenska · sv")
    page.get_by_role("button", name="Create draft").click()
    expect(page.locator("#id_language")).to_have_value("sv")

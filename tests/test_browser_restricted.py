"""Restricting a release in a browser: the page of its people, and the marks at the desk.

Needs Debian's Chromium (`apt install chromium`); without it these tests skip.
"""

import os
from pathlib import Path

from playwright.sync_api import expect

from releases import workflow
from tests.browser import (
    SIZES,
    _connections_of_the_loop,
    _leave_the_page,
    _page_of_the_worker,
    assert_whole,
    browser_type_launch_args,
    colour,
    complaints,
    context,
    page,
    pytestmark,
    signed_in,
)  # the fixtures are used by their names
from tests.make import make_release, make_user


def person(name, role):
    first, last = name.split()
    return make_user(first.casefold(), role, first_name=first, last_name=last)


def test_an_author_restricts_a_release_and_gives_another_person_access(
    page, live_server, signed_in, complaints
):
    author, publisher = person("Ines Okafor", "Author"), person("Paul Lindqvist", "Publisher")
    person("Edda Marrowin", "Editor")
    release = make_release("draft", by=author, title="Valdria: The witness speaks")
    signed_in(author)
    path = f"{live_server.url}/admin/releases/release/{release.pk}"
    page.goto(f"{path}/change/")
    page.get_by_role("link", name="See who can read it").click()
    page.get_by_label("Paul Lindqvist (Publisher)").check()
    page.get_by_role("button", name="Restrict this release").click()
    expect(page.get_by_text("Only the people named can read this release.")).to_be_visible()
    page.get_by_label("Person").select_option(label="Edda Marrowin (Editor)")
    page.get_by_role("button", name="Give access").click()
    expect(page.get_by_text("Edda Marrowin can read this release now.")).to_be_visible()
    page.get_by_role("button", name="Remove Paul Lindqvist").click()
    expect(page.get_by_text("At least two of the people named")).to_be_visible()
    signed_in(person("Olga Brandt", "Publisher"))
    assert page.goto(f"{path}/access/").status == 404
    assert publisher.pk in release.people_named()
    assert [line for line in complaints if "404" not in line] == []


@SIZES
def test_the_pages_of_a_restricted_release_are_accessible(
    page, live_server, signed_in, size, schemes
):
    editor, publisher = person("Edda Marrowin", "Editor"), person("Paul Lindqvist", "Publisher")
    plain = make_release("draft", by=editor, title="Valdria: The witness speaks")
    release = make_release("draft", by=editor, title="Valdria: A second witness speaks")
    release = workflow.restrict(release, by=publisher, people=[editor])
    page.set_viewport_size(size)
    signed_in(publisher)
    desk = f"{live_server.url}/admin/releases/release"
    for name, path in [
        ("open", f"{desk}/{plain.pk}/access/"),
        ("restricted", f"{desk}/{release.pk}/access/"),
        ("list", f"{desk}/"),
        ("form", f"{desk}/{release.pk}/change/"),
        ("versions", f"{desk}/{release.pk}/history/"),
    ]:
        page.goto(path)
        if name in ("open", "restricted", "versions"):
            assert_whole(page, schemes, name)
        if folder := os.environ.get("PICTURES_IN"):  # to look at them
            for scheme in schemes:
                colour(page, scheme)
                shown = Path(folder) / f"{name}-{size['width']}-{scheme}.png"
                page.screenshot(path=shown, full_page=True)

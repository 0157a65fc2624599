"""Chromium for browser tests: how it starts, how a user signs in, and what errors it reports."""

import os
import re
import shutil
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import DEFAULT_OPTIONS, Axe
from django.db import connections
from playwright.sync_api import Locator, Page, expect

from tests.make import make_chief

# The headless shell draws no window and takes half of the processor time.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.once,
    pytest.mark.skipif(
        not CHROMIUM, reason="Chromium is not installed (on Debian: apt install chromium)."
    ),
]

# Playwright's event loop runs in the test's thread, where Django would refuse database queries.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

expect.set_options(timeout=20_000)  # a busy machine is slow, and these tests measure no speed

AXE = Axe().axe_script
OF_COLOURS = ["color-contrast", "link-in-text-block"]
BODY = ".field-body .tiptap"
NOTES = ".field-notes_to_editors .tiptap"
# Give an editor another text, without the steps that it could undo.
ANOTHER_TEXT = """([where, html]) => {
    const { editor } = document.querySelector(where);
    editor.commands.setContent(html, { emitUpdate: true });
    const { doc, plugins } = editor.state;
    editor.view.updateState(editor.state.constructor.create({ doc, plugins }));
}"""
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
# Each page is loaded once for each size, and its colour scheme is switched in place.
SIZES = pytest.mark.parametrize(
    ("size", "schemes"),
    [(WIDE, ("light", "dark")), (NARROW, ("dark", "light"))],
    ids=["wide", "narrow"],
)


@pytest.fixture(scope="session")
def browser_type_launch_args():
    alone = "--disable-background-networking --disable-component-update --disable-sync"
    root = ["--no-sandbox"] if os.getuid() == 0 else []
    # Otherwise each visit to another site, or to an empty page, starts a process.
    root.append("--renderer-process-limit=1")
    return {
        "executable_path": CHROMIUM,
        "args": [*root, *alone.split(), "--disable-gpu", "--disable-quic", "--no-first-run"],
    }


@pytest.fixture(scope="session", autouse=True)
def _connections_of_the_loop(django_db_setup, playwright):
    """Close connections that were opened in Playwright's event loop. Django doesn't close them."""
    yield
    connections.close_all()


@pytest.fixture(scope="session")
def _page_of_the_worker(browser, browser_context_args):
    """The page of all tests of a worker.

    In a page of its own, each test would start a process, load the files of the editor and compile
    them. Only a test that needs other options makes a context.
    """
    with browser.new_context(**browser_context_args) as made:
        page = made.new_page()
        # `complaints` and tests listen to events of the page until the end of the test.
        page.heard = []
        page.on = lambda event, f: (page.heard.append((event, f)), Page.on(page, event, f))
        yield page


@pytest.fixture
def page(_page_of_the_worker):
    _page_of_the_worker.context.set_offline(False)
    return _page_of_the_worker


@pytest.fixture
def context(page):
    return page.context


@pytest.fixture(autouse=True)
def _leave_the_page(transactional_db, live_server, page: Page):
    """Leave the page as the next test expects it: empty, in no account and with no listener.

    Empty, it sends no request while the tables are restored after the test.
    """
    yield
    for event, f in page.heard:
        page.remove_listener(event, f)
    page.heard.clear()
    page.unroute_all(behavior="ignoreErrors")  # a test may hold a request
    page.goto("about:blank")
    for other in page.context.pages:
        if other != page and not hasattr(other, "stays_open"):
            other.close()
    page.context.clear_cookies(
        name=re.compile("^(?!csrftoken$)")
    )  # a form that stays open needs it
    page.context.clear_permissions()
    kept = {"origin": live_server.url, "storageTypes": "local_storage,session_storage"}
    session = page.context.new_cdp_session(page)
    session.send("Storage.clearDataForOrigin", kept)
    session.detach()
    page.set_viewport_size({"width": 1280, "height": 720})
    page.emulate_media(color_scheme="light")


@pytest.fixture
def complaints(page: Page, live_server):
    """Every error and warning of the browser, and every request to another server."""
    found: list[str] = []

    def check(request):
        host = urlsplit(request.url)
        if host.scheme in ("http", "https") and not request.url.startswith(live_server.url):
            found.append(f"asks elsewhere: {request.url}")

    page.on("request", check)
    page.on("pageerror", lambda error: found.append(f"script fails: {error}"))
    page.on(
        "console",
        lambda line: found.append(line.text) if line.type in ("error", "warning") else None,
    )
    return found


@pytest.fixture
def signed_in(page: Page, live_server, client):
    """Sign a user in, in the browser."""

    def sign_in(user):
        client.force_login(user)
        session = client.cookies["sessionid"].value
        desk = f"{live_server.url}/admin/"
        page.context.add_cookies([{"name": "sessionid", "value": session, "url": desk}])
        return page

    return sign_in


@pytest.fixture(scope="module")
def _open_form(_page_of_the_worker):
    """A tab with a form that stays open, for all tests of a file that save nothing."""
    tab = _page_of_the_worker.context.new_page()
    tab.stays_open = True
    yield tab
    tab.close()


@pytest.fixture
def in_editor(_open_form, live_server, signed_in):
    """Return a function that opens a text in the editor and returns the page.

    The form takes two thirds of the processor time of such a test, so it is loaded only once.
    """
    signed_in(make_chief())

    def open_text(body="<p>One.</p>"):
        if _open_form.url == "about:blank":
            _open_form.goto(f"{live_server.url}/admin/releases/release/add/")
            expect(_open_form.locator(BODY)).to_be_visible()
        for close in _open_form.locator(".paste-notices button:visible").all():
            close.click()
        _open_form.evaluate(ANOTHER_TEXT, [NOTES, ""])
        _open_form.evaluate(ANOTHER_TEXT, [BODY, body])
        _open_form.locator(BODY).click()
        return _open_form

    yield open_text
    # It must not ask about names while the tables are restored.
    _open_form.context.set_offline(True)


def violations(page: Page, within: str | None = None, rules: list[str] | None = None) -> list[str]:
    """Return what axe finds on a page or a part of it, with all of its rules or some of them."""
    if not page.evaluate("'axe' in window"):  # half a megabyte, so a page gets it only once
        page.evaluate(AXE)
    only = {"runOnly": {"type": "rule", "values": rules}} if rules else {}
    found = page.evaluate(
        "([within, options]) => axe.run(within ?? document, options).then((all) => all.violations)",
        [within, DEFAULT_OPTIONS | only],
    )
    return [f"{one['id']}: {one['nodes'][0]['html'][:120]}" for one in found]


def overflow(page: Page) -> int:
    return page.evaluate("document.documentElement.scrollWidth - window.innerWidth")


def colour(page: Page, scheme: str) -> None:
    """Switch an open page to a colour scheme, and wait until its colours have changed."""
    page.emulate_media(color_scheme=scheme)
    page.evaluate(
        "Promise.allSettled(document.getAnimations()"
        ".filter((one) => one instanceof CSSTransition).map((one) => one.finished))"
    )


def assert_usable(page: Page, schemes, name: str) -> None:
    """Assert in each colour scheme that a page is accessible and fits on the screen.

    The second scheme is checked by the rules about colours. It is the first one of the other size.
    """
    for number, scheme in enumerate(schemes):
        colour(page, scheme)
        assert violations(page, rules=OF_COLOURS if number else None) == [], (name, scheme)
        assert overflow(page) <= 0, f"{name} is wider than the screen"


def cut_off(page: Page) -> list[str]:
    """Return what is cut off at the side, where nobody can scroll to it.

    A table that stacks its cells on a phone must not scroll either.
    """
    return page.evaluate(
        """() => [...document.querySelectorAll("body *")].filter((one) => {
            const cuts = ["hidden", "clip"].includes(getComputedStyle(one).overflowX)
                || one.matches(".wide-table:has(> table.stacked)");
            return cuts && one.checkVisibility() && !one.matches("input, select, textarea, button")
                && one.clientWidth > 1 && one.scrollWidth > one.clientWidth + 1;
        }).map((one) => one.outerHTML.slice(0, 120))"""
    )


def assert_whole(page: Page, schemes, name: str) -> None:
    """Assert that a page is accessible, fits on the screen, and has no text that is cut off."""
    assert_usable(page, schemes, name)
    assert cut_off(page) == [], name


def click_into(page: Page, place: Locator) -> None:
    """Click into the text of an editor, and wait until the editor knows where.

    Chromium reports the new selection after the click. On a busy machine, a key that is pressed
    before that acts on the old selection.
    """
    place.click()
    page.wait_for_function(
        """place => {
            const { view, state } = place.closest(".tiptap").editor;
            if (document.activeElement.matches(".tiptap input")) return true; // a caption
            const node = view.domAtPos(state.selection.head).node;
            const { focusNode } = getSelection();
            const block = (one) => (one.nodeType === Node.TEXT_NODE ? one.parentElement : one)
                .closest("p, h2, h3, li, td, th, figure, .tiptap");
            const { activeElement } = document;
            // A field inside the text was clicked, such as a caption.
            if (activeElement !== view.dom && place.contains(activeElement)) return true;
            if (state.selection.node) return view.hasFocus();  // a picture
            return view.hasFocus() && focusNode !== null && place.contains(focusNode)
                && block(focusNode) === block(node);
        }""",
        arg=place.element_handle(),
    )

"""Chromium for browser tests: how it starts, how a user signs in, and what errors it reports."""

import os
import shutil
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.db import connections
from playwright.sync_api import Locator, Page, expect

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
    return {
        "executable_path": CHROMIUM,
        "args": [*root, *alone.split(), "--disable-gpu", "--disable-quic", "--no-first-run"],
    }


@pytest.fixture(scope="session", autouse=True)
def _connections_of_the_loop(django_db_setup, playwright):
    """Close connections that were opened in Playwright's event loop. Django doesn't close them."""
    yield
    connections.close_all()


@pytest.fixture(autouse=True)
def _leave_the_page(transactional_db, page: Page):
    """Leave the page, so that it sends no request while the tables are restored after the test."""
    yield
    page.goto("about:blank")


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


def violations(page: Page, within: str | None = None) -> list[str]:
    found = Axe().run(page, within).response["violations"]
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
    """Assert in each colour scheme that a page is accessible and fits on the screen."""
    for scheme in schemes:
        colour(page, scheme)
        assert violations(page) == [], (name, scheme)
        assert overflow(page) <= 0, f"{name} is wider than the screen"


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

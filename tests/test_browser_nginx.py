"""Signing in through the documented nginx, in a browser that speaks HTTP/2."""

from playwright.sync_api import expect

from tests.browser import _connections_of_the_loop, browser_type_launch_args, pytestmark
from tests.make import PASSWORD
from tests.nginx import needs_nginx
from tests.test_nginx import deployment, front

pytestmark = [*pytestmark, needs_nginx]


def test_an_editor_signs_in_over_http_2_on_any_port(front, account, browser):
    with browser.new_context(ignore_https_errors=True) as context:
        page = context.new_page()
        page.goto(f"{front.url}/admin/")
        protocol = "performance.getEntriesByType('navigation')[0].nextHopProtocol"
        assert page.evaluate(protocol) == "h2"
        page.get_by_label("Username").fill(account)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in", exact=True).click()
        expect(page).to_have_url(f"{front.url}/admin/")
        assert "sessionid" in {cookie["name"] for cookie in context.cookies()}
        page.goto("about:blank")

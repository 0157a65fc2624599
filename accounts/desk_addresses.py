"""Addresses of pages of the desk, for texts that its users read, and the origin of the site."""

from typing import Any
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.urls import Resolver404, resolve, reverse
from django.utils.http import url_has_allowed_host_and_scheme

DESK = "/admin/"
# Pages that end a session or belong to sign-in itself: nobody wants to continue there.
NOT_A_DESTINATION = {
    "admin:login", "admin:logout", "admin:password_change", "admin:password_change_done",
    "account_login", "account_reauthenticate", "mfa_authenticate",
}  # fmt: skip


def desk_address(row: Any, page: str = "change", *args: object) -> str:
    """Return the path of a page about a row, such as its form; `args` follow the key."""
    name = row._meta.label_lower.replace(".", "_")
    return reverse(f"admin:{name}_{page}", args=[row.pk, *args])


def desk_home() -> str:
    """Return the path of the first page of the desk."""
    return reverse("admin:index")


def site_url(request: HttpRequest) -> str:
    """Return the site's origin without a trailing slash: SITE_URL, or the host of the request."""
    return settings.SITE_URL or f"{request.scheme}://{request.get_host()}"


def is_desk_page(url: str) -> bool:
    """Return whether a URL from a stranger is the path of a page of the desk."""
    if len(url) > 2000 or not url_has_allowed_host_and_scheme(url, allowed_hosts=None):
        return False
    path = urlsplit(url).path
    # A browser resolves “..” itself, also if it is encoded, and would leave the desk.
    if not url.startswith(DESK) or ".." in unquote(path) or "\\" in unquote(path):
        return False
    try:
        match = resolve(path)
    except Resolver404:
        return False
    # Django's admin answers every unknown path by a view without a name.
    return bool(match.url_name) and match.view_name not in NOT_A_DESTINATION

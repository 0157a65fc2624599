"""Absolute URLs for content that is read on other sites: feeds, share cards, structured data."""

from django.conf import settings
from django.http import HttpRequest


def site_url(request: HttpRequest) -> str:
    """Return the site's origin without a trailing slash: SITE_URL, or the host of the request."""
    return settings.SITE_URL or f"{request.scheme}://{request.get_host()}"

"""Absolute addresses, for everything that is read elsewhere: feeds, cards, structured data."""

from django.conf import settings
from django.http import HttpRequest


def site_url(request: HttpRequest) -> str:
    """Return the site's origin without a slash at its end: SITE_URL, else the one asked for."""
    return settings.SITE_URL or f"{request.scheme}://{request.get_host()}"

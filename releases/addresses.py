"""Absolute URLs for content that is read on other sites: feeds, share cards, structured data."""

from accounts.desk_addresses import site_url

__all__ = ["site_url"]

"""Links to the formats of the feeds, in templates."""

from typing import Any

from django import template

from newsroom import formats

register = template.Library()


@register.inclusion_tag("newsroom/_feeds.html")
def feed_links(title: str, query: str = "") -> dict[str, Any]:
    """Print a `<link>` for each feed of the releases that match a query, "" for all."""
    return {"links": formats.feed_links(query, title)}

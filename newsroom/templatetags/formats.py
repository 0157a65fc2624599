"""Template tag for the links to the feeds."""

from typing import Any

from django import template

from newsroom import formats

register = template.Library()


@register.inclusion_tag("newsroom/_feeds.html")
def feed_links(title: str, query: str = "") -> dict[str, Any]:
    """Print a `<link>` for each feed format.

    `query` is a query of the archive; "" means all releases.
    """
    return {"links": formats.feed_links(query, title)}

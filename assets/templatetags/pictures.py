"""Pictures in templates."""

from typing import Any

from django import template

from assets.models import MediaAsset

register = template.Library()


@register.filter
def usable(picture: MediaAsset | None) -> bool:
    """Whether a picture may be shown now."""
    return picture is not None and picture.is_usable()


@register.inclusion_tag("assets/_picture.html")
def picture(
    asset: MediaAsset, style: str, alt: str | None = None, lazy: bool = True, preview: bool = False
) -> dict[str, Any]:
    """Print a rendition in the formats it was made in, with its size so that nothing jumps.

    `preview` takes it from the admin's own address, which asks for a right to see it.
    """
    width, height = asset.size(style)
    url = asset.preview_url if preview else asset.rendition_url
    return {
        "webp": url(style, "webp") if asset.has_rendition(style, "webp") else "",
        "jpg": url(style, "jpg"),
        "alt": asset.alt_text if alt is None else alt,
        "width": width,
        "height": height,
        "lazy": lazy,
    }

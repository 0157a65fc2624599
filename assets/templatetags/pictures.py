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
    asset: MediaAsset, style: str, alt: str | None = None, lazy: bool = True, page: Any = None
) -> dict[str, Any]:
    """Print a rendition in the formats it was made in, with its size so that nothing jumps.

    A `page` that is not public takes its pictures from elsewhere, and says where: `picture_url`.
    """
    width, height = asset.size(style)
    url = page.picture_url if page else MediaAsset.rendition_url
    return {
        "webp": url(asset, style, "webp") if asset.has_rendition(style, "webp") else "",
        "jpg": url(asset, style, "jpg"),
        "alt": asset.alt_text if alt is None else alt,
        "width": width,
        "height": height,
        "lazy": lazy,
    }

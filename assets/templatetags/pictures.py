"""Pictures in templates."""

from typing import Any

from django import template

from assets.models import MediaAsset
from assets.pictures import CONTENT_TYPES, FAMILIES, STYLES

register = template.Library()

# How wide each style is on a page by default (static/css/site.css).
SIZES = {
    "poster": "(min-width: 1233px) 1188px, calc(100vw - 45px)",
    "teaser": "(min-width: 640px) 198px, (min-width: 441px) 396px, calc(100vw - 45px)",
    "column": "(min-width: 729px) 684px, calc(100vw - 45px)",
    "portrait": "216px",
}


@register.filter
def usable(picture: MediaAsset | None) -> bool:
    """Return whether there is a picture that may be shown now."""
    return picture is not None and picture.is_usable()


@register.inclusion_tag("assets/_picture.html")
def picture(
    asset: MediaAsset,
    style: str,
    alt: str | None = None,
    lazy: bool = True,
    page: Any = None,
    sizes: str = "",
) -> dict[str, Any]:
    """Render a picture in all formats and widths of a style.

    The tag contains width and height, so that the page does not move while the picture loads.
    `sizes` replaces the default of the HTML attribute. A `page` that is not public provides its own
    picture addresses with `picture_url`.
    """
    url = page.picture_url if page else MediaAsset.versioned_url
    family = next(family for family in FAMILIES if style in family)
    # A small picture has the same width in several styles, so list each width once.
    widths = {asset.size(name)[0]: name for name in family if asset.has_rendition(name, "jpg")}
    width, height = asset.size(style)
    return {
        "sources": [
            {
                "type": CONTENT_TYPES[extension],
                "srcset": ", ".join(
                    f"{url(asset, name, extension)} {wide}w" for wide, name in widths.items()
                ),
            }
            for extension in STYLES[style].formats
            if all(asset.has_rendition(name, extension) for name in widths.values())
        ],
        "sizes": sizes or SIZES[style],
        "jpg": url(asset, style, "jpg"),
        "alt": asset.alt_text if alt is None else alt,
        "width": width,
        "height": height,
        "lazy": lazy,
        "blur": _cells(asset.renditions.get("blur", "")),
    }


def _cells(blur: str) -> list[tuple[int, int, str]]:
    """Return the twelve colours of a picture, each with its column and row."""
    colours = [blur[at : at + 6] for at in range(0, len(blur), 6)]
    return [(number % 4, number // 4, colour) for number, colour in enumerate(colours)]

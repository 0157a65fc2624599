"""The share card of a release without a picture: an image of its title."""

from hashlib import sha256
from typing import cast

from django.conf import settings
from django.core.cache import cache
from django.utils.formats import date_format

from assets.cards import share_card
from newsroom.page import ReleasePage
from releases.models import Release

DAY_SECONDS = 24 * 60 * 60


def _labels(release: Release) -> dict[str, str]:
    return {
        "kind": release.get_kind_display(),
        "newsroom": settings.NEWSROOM_NAME,
        "language": release.language,
        "direction": release.direction,
        "day": date_format(release.day, "DATE_FORMAT"),
    }


def digest_of(page: ReleasePage) -> str:
    """Return a digest of everything that the card shows."""
    content = f"{page.release.title} {_labels(page.release)}"
    return sha256(content.encode("utf-8", "replace")).hexdigest()


def card_of(page: ReleasePage, origin: str, publisher: str) -> bytes:
    """Return the card as JPEG, from the cache if possible.

    The cache key is a digest of the content, so the cache can't return content that is now hidden.
    """
    title, labels = page.release.title, _labels(page.release)
    key = f"card.{digest_of(page)}"
    card = cache.get_or_set(key, lambda: share_card(title, **labels), DAY_SECONDS)
    return cast(bytes, card)

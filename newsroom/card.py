"""The share card of a release without a picture: its title in type."""

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
    """Return the card as JPEG, from the cache where it is there.

    The key is the digest of the content, so the cache can give out nothing that is hidden.
    """
    title, labels = page.release.title, _labels(page.release)
    key = f"card.{digest_of(page)}"
    card = cache.get_or_set(key, lambda: share_card(title, **labels), DAY_SECONDS)
    return cast(bytes, card)

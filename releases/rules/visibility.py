"""The pictures and documents that the public may see, because something public shows them."""

from datetime import datetime

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from assets.models import MediaAsset
from people.models import Person
from releases.models import Illustration, Release


def public_assets(at: datetime | None = None) -> QuerySet[MediaAsset]:
    """Return the pictures and documents whose files anybody may fetch at a time (default: now).

    These are the posters, pictures and attachments of public releases, and the portraits of people
    with a public page. Those that are not usable, for example after the end of their licence, are
    never included.
    """
    at = at or timezone.now()
    shown, asset = Release.objects.public(at), OuterRef("pk")
    # EXISTS checks each picture by index. With IN, the database would collect all public rows.
    return MediaAsset.objects.usable(at).filter(
        Exists(shown.filter(poster=asset))
        | Exists(Illustration.objects.filter(asset=asset, release__in=shown))
        | Exists(Person.objects.with_page(timezone.localdate(at)).filter(portrait=asset))
    )

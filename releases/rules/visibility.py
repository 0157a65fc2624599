"""What else the public may see: it follows from the releases and people that show it."""

from datetime import datetime

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from assets.models import MediaAsset
from people.models import Person
from releases.models import Illustration, Release


def public_assets(at: datetime | None = None) -> QuerySet[MediaAsset]:
    """Return the pictures and documents whose files anybody may fetch at a time.

    Those that a public release shows, as its poster, in its text or attached to it, and the
    portraits of people with a public page; never one whose licence has ended.
    """
    at = at or timezone.now()
    shown, this = Release.objects.public(at), OuterRef("pk")
    # Each asks about one picture, by index: a set of all that is public would be built for it.
    return MediaAsset.objects.usable(at).filter(
        Exists(shown.filter(poster=this))
        | Exists(Illustration.objects.filter(asset=this, release__in=shown))
        | Exists(Person.objects.with_page(timezone.localdate(at)).filter(portrait=this))
    )

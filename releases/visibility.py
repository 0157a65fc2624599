"""What else the public may see: it follows from the releases and people that show it."""

from datetime import datetime

from django.db.models import Q, QuerySet
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
    shown = Release.objects.public(at)
    in_them = Illustration.objects.filter(release__in=shown)
    return MediaAsset.objects.usable(at).filter(
        Q(pk__in=shown.exclude(poster=None).values("poster"))
        | Q(pk__in=in_them.values("asset"))
        | Q(pk__in=Person.objects.with_page().exclude(portrait=None).values("portrait"))
    )

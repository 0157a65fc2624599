"""What else the public may see: it follows from the releases and people that show it."""

from datetime import datetime

from django.db.models import Q, QuerySet
from django.utils import timezone

from assets.models import MediaAsset
from people.models import Person
from releases.models import Illustration, Release


def public_pictures(at: datetime | None = None) -> QuerySet[MediaAsset]:
    """Return the pictures whose files anybody may fetch at a time.

    Those that a public release shows, as its poster or in its text, and the portraits of people
    with a public page; never one whose licence has ended.
    """
    at = at or timezone.now()
    shown = Release.objects.public(at)
    in_texts = Illustration.objects.filter(release__in=shown)
    return MediaAsset.objects.usable(at).filter(
        Q(pk__in=shown.exclude(poster=None).values("poster"))
        | Q(pk__in=in_texts.values("asset"))
        | Q(pk__in=Person.objects.with_page().exclude(portrait=None).values("portrait"))
    )

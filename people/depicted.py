"""Pictures of people: the time from which a picture may not be shown because of a person in it.

This time is stored as `MediaAsset.hidden_from`. `MediaAsset.objects.usable`, which all public pages
use, reads it. It is updated when a person or a consent changes, and when the people shown in a
picture change.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.db.models.signals import m2m_changed, post_delete, post_save, pre_delete, pre_save
from django.dispatch import receiver
from django.utils import timezone

from assets.models import MediaAsset
from people.locking import lock_rows
from people.models import Person

ALWAYS_HIDDEN = datetime(1970, 1, 1, tzinfo=UTC)


def pictures_of(person: Person) -> set[UUID]:
    """Return the keys of the pictures that show a person, including the portrait."""
    portrait = {person.portrait_id} if person.portrait_id else set()
    return {*person.depicted_in.values_list("pk", flat=True), *portrait}


def update_hidden_from(pictures: Iterable[UUID]) -> None:
    """Update `hidden_from` of each picture."""
    assets = MediaAsset.objects.filter(pk__in=set(pictures)).only("pk", "hidden_from")
    for asset in lock_rows(assets):
        people = {*asset.depicts.all(), *asset.portrait_of.all()}
        days = [day for person in people if (day := person.photos_hidden_from())]
        hidden_from = start_of_day(min(days)) if days else None
        if asset.hidden_from != hidden_from:
            MediaAsset.objects.filter(pk=asset.pk).update_derived(hidden_from=hidden_from)


def lock_people(instance: Person | MediaAsset, more: Iterable[Any] = ()) -> None:
    """Lock a person, or the people in a picture and in `more`, before the people in it change."""
    if isinstance(instance, Person):
        shown = Q(pk=instance.pk)
    else:
        shown = Q(depicted_in=instance) | Q(portrait=instance) | Q(pk__in=set(more))
    lock_rows(Person.objects.filter(pk__in=Person.objects.filter(shown).values("pk")))


def start_of_day(day: date) -> datetime:
    """Return the start of a day in the newsroom's time zone, or ALWAYS_HIDDEN for `date.min`."""
    if day == date.min:
        return ALWAYS_HIDDEN
    return timezone.make_aware(datetime.combine(day, time()))


# --- Changes that update pictures -----------------------------------------------------------------


@receiver([pre_save, pre_delete], sender=Person)
def _remember(instance: Person, **signal: Any) -> None:
    stored = Person.objects.filter(pk=instance.pk).only("portrait").first()
    instance._pictures = pictures_of(stored) if stored else set()  # type: ignore[attr-defined]


@receiver([post_save, post_delete], sender=Person)
def _person_changed(instance: Person, **signal: Any) -> None:
    portrait = {instance.portrait_id} if instance.portrait_id else set()
    update_hidden_from(instance._pictures | portrait)  # type: ignore[attr-defined]


@receiver(m2m_changed, sender=Person.depicted_in.through)
def _depicted_changed(
    instance: Person | MediaAsset, action: str, reverse: bool, pk_set: Any, **signal: Any
) -> None:
    if action.startswith("pre_"):
        # Without this lock, lowering a level at the same time would miss a picture that is added.
        lock_people(instance, pk_set or () if reverse else ())
    if isinstance(instance, Person) and action == "pre_clear":
        _remember(instance)
    elif action.startswith("post_"):
        cleared = instance._pictures if pk_set is None and not reverse else set()  # type: ignore[union-attr]
        update_hidden_from({instance.pk} if reverse else pk_set or cleared)

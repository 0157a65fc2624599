"""Which events of the record of access a user may read.

The list, counts, filters and exports leave out events about releases and people that are hidden
from the user.
"""

from collections.abc import Callable, Collection
from uuid import UUID

from django.db.models import Q, QuerySet

from accounts.models import AccessEvent, User
from people.models import Person
from releases.models import Release, ReleaseAccess


def releases_visible_to(user: User, keys: Collection[UUID]) -> set[UUID]:
    """Return those of the keys whose release has a record that a user may read.

    The people named on a restricted draft may also read it after the draft was deleted.
    """
    known = Release.objects.known_to(user).filter(pk__in=keys).values_list("pk", flat=True)
    named = ReleaseAccess.objects.filter(user=user, release__in=keys)
    return {*known, *named.values_list("release_id", flat=True)}


def people_visible_to(user: User, keys: Collection[UUID]) -> set[UUID]:
    """Return those of the keys whose person a user may know of."""
    return set(Person.objects.visible_to(user).filter(pk__in=keys).values_list("pk", flat=True))


# What comes before the colon of `AccessEvent.about`. Events about anything else are left out.
GUARDED: dict[str, Callable[[User, Collection[UUID]], set[UUID]]] = {
    "release": releases_visible_to,
    "person": people_visible_to,
}
OPEN = ("group",)


def events_visible_to(user: User) -> QuerySet[AccessEvent]:
    """Return the events that a user may read."""
    if not user.has_perm("accounts.view_accessevent"):
        return AccessEvent.objects.none()
    return AccessEvent.objects.filter(Q(about="") | Q(about__in=_visible_rows(user)))


def _visible_rows(user: User) -> list[str]:
    """Return the values of `about` that a user may read. Only few events have one."""
    rows = AccessEvent.objects.exclude(about="").order_by().values_list("about", flat=True)
    keys: dict[str, set[UUID]] = {}
    found = []
    for about in rows.distinct():
        kind, _colon, key = about.partition(":")
        if kind in OPEN:
            found.append(about)
        elif kind in GUARDED:
            try:
                keys.setdefault(kind, set()).add(UUID(key))
            except ValueError:
                continue  # no row has such a key
    for kind, asked in keys.items():
        found += [f"{kind}:{key}" for key in GUARDED[kind](user, asked)]
    return sorted(found)

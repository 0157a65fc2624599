"""Which rows exist for a user of the desk, if they belong to a restricted release."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, Model, OuterRef, Q, QuerySet
from django.urls import reverse

from assets.models import MediaAsset
from jobs.models import Job, JobQuerySet
from people.models import Person
from releases.models import (
    Correction,
    FormerSlug,
    Illustration,
    NameCheckFind,
    NameException,
    Quote,
    Release,
    ReleaseAccess,
    ReleaseQuerySet,
    RestrictedFile,
)


def files_visible_to(user: Any, at: datetime | None = None) -> QuerySet[MediaAsset]:
    """Return the pictures and documents that exist for a user of the desk at a time (default: now).

    A file that only restricted releases use, or used, exists only for the people named on them. The
    portrait of a person at level 0 exists only for the case officers, if nothing else shows it.
    """
    return _files_of(Release.objects.visible_to(user, at), user)


def files_known_to(user: Any) -> QuerySet[MediaAsset]:
    """Return the files whose versions, originals and metadata a user may see.

    Files are left out that the user sees only because a restricted release is public.
    """
    return _files_of(Release.objects.known_to(user), user)


def _files_of(visible: ReleaseQuerySet, user: Any) -> QuerySet[MediaAsset]:
    """Return the files that a user may see if these are the visible releases."""
    asset = OuterRef("pk")
    named = ReleaseAccess.objects.filter(release=OuterRef("release"))
    own = named.filter(user=user)
    ties = RestrictedFile.objects.filter(asset=asset)
    known = Person.objects.visible_to(user)
    of_others = Person.objects.exclude(pk__in=known.values("pk")).filter(portrait=asset)
    return MediaAsset.objects.filter(
        ~Exists(ties.filter(Exists(named))) & ~Exists(of_others)
        | Exists(ties.filter(Exists(own)))
        | Exists(visible.filter(poster=asset))
        | Exists(Illustration.objects.filter(asset=asset, release__in=visible))
        | Exists(known.filter(portrait=asset))
    )


def is_row_visible_to(row: Model, user: Any, at: datetime | None = None) -> bool:
    """Return whether a row exists for a user: a release, a file, or a row of a release.

    Rows that belong to no release exist for everyone.
    """
    if isinstance(row, MediaAsset):
        return files_visible_to(user, at).filter(pk=row.pk).exists()
    release = row if isinstance(row, Release) else getattr(row, "release", None)
    return not isinstance(release, Release) or release.is_visible_to(user, at)


def of_hidden_rows(user: Any, at: datetime | None = None) -> Q:
    """Return a Q object for rows whose `table` and `row` refer to what does not exist for a user.

    Deleted drafts are included.
    """
    closed = _releases_hidden_from(user, at)
    keys = {
        "releases.release": closed,
        "assets.mediaasset": _files_hidden_from(user, at),
        "releases.quote": set(_keys_of(Quote, closed)),
        "releases.correction": set(_keys_of(Correction, closed)),
    }
    found = Q(pk__in=())
    for table, rows in keys.items():
        found |= Q(table=table, row__in=[str(pk) for pk in rows])
    return found


def without_hidden_addresses(
    finds: QuerySet[NameCheckFind], user: Any, at: datetime | None = None
) -> QuerySet[NameCheckFind]:
    """Leave out what `namecheck` found at addresses that do not exist for a user any more.

    Not every find has a row: the text of a document has none, and an address repeats a title.
    """
    addresses = dict(finds.values_list("pk", "address"))
    if not addresses:
        return finds
    closed = _releases_hidden_from(user, at)
    slugs = {*Release.objects.filter(pk__in=closed).values_list("slug", flat=True)}
    slugs |= {*FormerSlug.objects.filter(release__in=closed).values_list("slug", flat=True)}
    pages = [reverse("release", args=[slug]) for slug in slugs if slug]
    for pk in _files_hidden_from(user, at):
        pages.append(reverse("rendition", args=[pk, "x", "x"]).removesuffix("x.x"))
    hidden = [pk for pk, address in addresses.items() if address.startswith(tuple(pages))]
    return finds.exclude(pk__in=hidden)


def jobs_visible_to(user: Any) -> JobQuerySet:
    """Return the background jobs, without those for files that do not exist for a user."""
    return Job.objects.exclude(key__in=[str(pk) for pk in _files_hidden_from(user)])


def _releases_hidden_from(user: Any, at: datetime | None = None) -> set[UUID]:
    """Return the keys of the releases that do not exist for a user. Deleted drafts are included."""
    closed = ReleaseAccess.objects.releases_closed_to(user)
    public = Release.objects.public(at).filter(pk__in=closed)
    return closed - set(public.values_list("pk", flat=True))


def _files_hidden_from(user: Any, at: datetime | None = None) -> set[UUID]:
    files = MediaAsset.objects.exclude(pk__in=files_visible_to(user, at).values("pk"))
    return set(files.values_list("pk", flat=True))


def name_exceptions_visible_to(user: Any) -> QuerySet[NameException]:
    """Return the name exceptions that a user may see. Those of a release belong to its record."""
    known = Q(release=None) | Q(release__in=Release.objects.known_to(user))
    return NameException.objects.filter(known).exclude(of_hidden_rows(user))


def _keys_of(model: Any, releases: set[Any]) -> QuerySet[Any]:
    return model.objects.filter(release__in=releases).order_by().values_list("pk", flat=True)

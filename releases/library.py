"""The picture library: what is taken into it, where it is used, what a file offers.

It stands here, above people and releases, because it tells of both.
"""

import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext

from accounts.models import User
from assets.models import MediaAsset
from assets.storage import StorageError, in_words
from people.models import Person
from releases.models import Illustration, Release

log = logging.getLogger(__name__)

IN_RELEASES = Illustration.objects.filter(asset=OuterRef("pk"))
AS_POSTER = Release.objects.filter(poster=OuterRef("pk"))
AS_PORTRAIT = Person.objects.filter(portrait=OuterRef("pk"))
# What of a file's own words can be taken over into which field.
OFFERED = (
    "alt_text", "caption", "credit_line", "creator", "copyright_notice", "usage_terms",
    "date_created", "place",
)  # fmt: skip


def with_use(assets: QuerySet[MediaAsset]) -> QuerySet[Any]:
    """Say of each whether anything uses it: `in_use`."""
    used = Exists(IN_RELEASES) | Exists(AS_POSTER) | Exists(AS_PORTRAIT)
    return assets.annotate(in_use=used)


@dataclass(frozen=True, slots=True)
class Use:
    """One place where a picture or document is used."""

    what: str
    where: str
    address: str


def uses_of(asset: MediaAsset, user: User) -> list[Use]:
    """Return where something is used, in whatever state that is, for a user who asks."""
    releases = Release.objects.filter(Q(poster=asset) | Q(illustrations__asset=asset)).distinct()
    uses = [
        Use(
            release.state(),
            str(release),
            reverse("admin:releases_release_change", args=[release.pk]),
        )
        for release in releases
    ]
    portrayed = Person.objects.filter(portrait=asset)
    known = portrayed.visible_to(user)
    uses += [
        Use("Portrait", str(person), reverse("admin:people_person_change", args=[person.pk]))
        for person in known
    ]
    if portrayed.count() > len(known):
        uses.append(Use("Portrait", "of somebody whose record you may not see", ""))
    return uses


def locked(asset: MediaAsset, user: User, *, file: bool = False) -> str:
    """Return why a user may not change the words of something, or its `file`; "" where they may.

    What an approved release shows was approved with it, as was what a person with a page is seen
    by: its words are for editors then, and its file for those who may correct what is public.
    """
    if file and not user.has_perm("releases.correct_release"):
        why = "It is shown as it was approved. A publisher can put another file in its place."
    elif not user.has_perm("releases.edit_any_release"):
        why = "It is shown as it was approved. An editor can change its words."
    else:
        return ""
    settled = Release.objects.approved().filter(Q(poster=asset) | Q(illustrations__asset=asset))
    shown = settled.exists() or Person.objects.with_page().filter(portrait=asset).exists()
    return why if shown else ""


@dataclass(slots=True)
class Taken:
    """What became of one uploaded file."""

    name: str
    asset: MediaAsset | None = None
    problems: list[str] = field(default_factory=list)
    is_twin: bool = False

    @property
    def offers(self) -> list[tuple[str, str]]:
        """What its file says and its record does not: the name of a field, the words."""
        said = offers(self.asset) if self.asset and not self.is_twin else {}
        return [(verbose_name(name), words) for name, words in said.items()]


def take(upload: Any, *, by: User, into: MediaAsset | None = None) -> Taken:
    """Put an upload into the library, as the file of a record that lacks one where that is said.

    A file that is there already is not added again: what is there is returned.
    """
    asset = into or MediaAsset(uploaded_by=by)
    try:
        _ = upload.size  # which says so where there was no room for it
        asset.original = upload
        asset.clean_fields(exclude=[f.name for f in asset._meta.fields if f.name != "original"])
    except ValidationError as refused:
        return Taken(upload.name, problems=refused.messages)
    if twin := asset.twin():
        return Taken(upload.name, twin, [twin.is_here_already()], is_twin=True)
    try:
        with transaction.atomic():
            asset.save()
    except StorageError as problem:
        log.error("An upload was not stored: %s", problem)
        words = gettext(
            "%(file)s was not stored: %(why)s. Nothing was changed. Upload it again in a minute."
        ) % {"file": upload.name, "why": in_words(problem)}
        return Taken(upload.name, problems=[words])
    return Taken(upload.name, asset)


def offers(asset: MediaAsset) -> dict[str, str]:
    """Return what a file says of itself that its record does not say yet, by field.

    A licence that ends on a day is good for the whole of it: it ends, in the newsroom's zone, at
    `2027-01-01 00:00:00` for the last day of 2026.
    """
    said = {name: str(asset.found.get(name) or "") for name in OFFERED}
    if last_day := parse_date(asset.found.get("licence_ends") or ""):
        said["licence_expires"] = f"{last_day + timedelta(days=1)} 00:00:00"
    return {name: words for name, words in said.items() if words and not getattr(asset, name)}


def take_words(asset: MediaAsset) -> list[str]:
    """Fill the empty fields with what the file says of itself; return which were filled."""
    taken = offers(asset)
    for name, words in taken.items():
        if name == "licence_expires":
            asset.licence_expires = timezone.make_aware(datetime.fromisoformat(words))
        else:
            setattr(asset, name, words[: _most(name)])
    if taken:
        asset.save()
    return list(taken)


def versions_of(asset: MediaAsset) -> list[Any]:
    """Return the version with which each of its originals came, the newest first."""
    rows = asset.history.select_related("history_user").exclude(original="").order_by("history_id")
    return list({row.original: row for row in reversed(rows)}.values())


def verbose_name(name: str) -> str:
    """Return what a field of a picture is called at the desk."""
    return str(getattr(MediaAsset._meta.get_field(name), "verbose_name", name))


def _most(name: str) -> int | None:
    """Return how many characters a field holds, None for any number."""
    return getattr(MediaAsset._meta.get_field(name), "max_length", None)

"""The picture library: what is taken into it, where it is used, what a file offers.

It stands here, above people and releases, because it tells of both.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import MAXYEAR, datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext

from accounts.errors import ActionBlocked
from accounts.models import User
from assets.models import MediaAsset
from assets.storage import StorageError, in_words
from people import locking
from people.locking import lock_names_for_read
from people.models import Person
from releases import approval, workflow
from releases.models import Illustration, Release, ReleaseQuerySet
from releases.rules import protected_names
from releases.rules.public_texts import releases_printing

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
            str(release.state().label),
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


def releases_with(asset: MediaAsset) -> ReleaseQuerySet:
    """Return the releases that show or offer something, each once."""
    return Release.objects.filter(releases_printing(asset))


def locked(asset: MediaAsset, user: User, *, file: bool = False) -> str:
    """Return why a user may not change something, or put another `file` there; "" if they may.

    It is approved together with the releases that show it. Once one of them is public, a change
    is a correction. A page of a person shows a portrait: a publisher can change the file, and an
    editor the text.
    """
    edits, corrects = map(user.has_perm, ("releases.edit_any_release", "releases.correct_release"))
    shown_in = releases_with(asset)
    if settled := shown_in.awaiting_publication().first():
        return gettext(
            "It is shown in “%s”, which is approved as it stands. Send that release back to draft "
            "to change it."
        ) % settled  # fmt: skip
    if not corrects and shown_in.published().exists():
        return gettext("It is shown on a public page. A publisher can correct it.")
    if not edits and (read := shown_in.filter(status=Release.Status.IN_REVIEW).first()):
        return gettext("It is shown in “%s”, which is being reviewed. An editor can change it.") % (
            read
        )
    if (not corrects if file else not edits) and (
        Person.objects.with_page().filter(portrait=asset).exists()
    ):
        if file:
            return gettext("It is shown on the page of a person. A publisher can replace the file.")
        return gettext("It is shown on the page of a person. An editor can change its text.")
    return ""


def reads_original(asset: MediaAsset, user: User) -> bool:
    """Whether a user may download the original of something, which is never public."""
    return user.has_perm("releases.edit_any_release") or not locked(asset, user)


# What actions write and no form has: a form that was opened before must not put it back.
_OF_ACTIONS = ("withdrawn_at", "as_is_reason", "as_is_by_id", "as_is_at")


def store(asset: MediaAsset, *, by: User, words: str = "", at: datetime | None = None) -> None:
    """Save a changed picture or document; on public pages that is a correction or a minor edit.

    With `words`, a correction is printed on each public release that shows it; without, the change
    is recorded there. Raises ActionBlocked if `locked` says so, or if words correct nothing.
    """
    at = at or timezone.now()
    with transaction.atomic():
        lock_names_for_read()
        _refuse_names(words, at)
        changed = [asset] if _save(asset, by) else []
        _record_correction(changed, by=by, words=words, at=at)


def _save(asset: MediaAsset, by: User) -> bool:
    """Save; return whether something that is printed was changed."""
    stored = locking.lock_row(asset)
    if why := locked(stored, by, file=asset.original.name != stored.original.name):
        raise ActionBlocked(why)
    for name in _OF_ACTIONS:
        setattr(asset, name, getattr(stored, name))
    before = approval.fingerprint(stored)
    asset.save()
    return approval.fingerprint(asset) != before


def _refuse_names(words: str, at: datetime) -> None:
    finds = protected_names.finds_in_text(words, gettext("the correction"), at)
    if blocking := [find for find in finds if find.blocks]:
        raise ActionBlocked(*blocking)


def _record_correction(changed: list[MediaAsset], *, by: User, words: str, at: datetime) -> None:
    """Record a change of some once with each public release that shows one of them."""
    of: dict[Release, list[str]] = {}
    for asset in changed:
        for release in releases_with(asset).published(at):
            of.setdefault(release, []).append(str(asset))
    if words and not of:
        raise ActionBlocked(
            gettext(
                "Nothing that a public release prints was changed, so no correction was "
                "published. Change it, or empty the field."
            )
        )
    for release in sorted(of, key=lambda release: release.pk):
        workflow.record_correction(release, by=by, text=words, at=at, of=", ".join(of[release]))


def needs_words(asset: MediaAsset) -> bool:
    """Whether a change of something is a correction: a public release shows it."""
    return releases_with(asset).published().exists()


@dataclass(slots=True)
class SetOnMany:
    """What became of a change of many: how many were changed, which stayed, and why."""

    changed: int = 0
    stayed: list[tuple[MediaAsset, str]] = field(default_factory=list)


def set_on_many(
    read: Mapping[UUID, int], values: Mapping[str, Any], *, by: User, words: str = ""
) -> SetOnMany:
    """Set some fields on many pictures or documents, in one transaction.

    `read` names the version of each that the user saw (`version_of`): what somebody changed since
    stays as it is, as does what is locked. Raises ActionBlocked, and then nothing was changed.
    """
    done, at, changed = SetOnMany(), timezone.now(), []
    with transaction.atomic():
        lock_names_for_read()
        _refuse_names(words, at)
        for asset in locking.lock_rows(MediaAsset.objects.filter(pk__in=read)):
            if version_of(asset) != read[asset.pk]:
                why = gettext("Somebody changed it since you chose it.")
            elif not (why := locked(asset, by)):
                for name, value in values.items():
                    setattr(asset, name, value)
                changed += [asset] if _save(asset, by) else []
                done.changed += 1
                continue
            done.stayed.append((asset, why))
        _record_correction(changed, by=by, words=words, at=at)
    return done


def version_of(asset: MediaAsset) -> int:
    """Return the number of the newest version of something, 0 if it has none."""
    newest = asset.history.order_by("-history_id").values_list("history_id", flat=True).first()
    return newest or 0


def withdraw(asset: MediaAsset, *, by: User, at: datetime | None = None) -> None:
    """Take a picture or document off every page at once. Raises ActionBlocked."""
    if not by.has_perm("releases.hold_release"):
        raise ActionBlocked(gettext("You have no right to withdraw a picture. Ask an editor."))
    _set_withdrawn(asset, at or timezone.now(), by=by, words=gettext("“%s” was withdrawn."))


def show_again(asset: MediaAsset, *, by: User, at: datetime | None = None) -> None:
    """End the withdrawal of a picture or document. Raises ActionBlocked."""
    right = "correct_release" if releases_with(asset).approved().exists() else "hold_release"
    if not by.has_perm(f"releases.{right}"):
        raise ActionBlocked(gettext("You have no right to show it again. Ask a publisher."))
    _set_withdrawn(asset, None, by=by, words=gettext("“%s” is shown again."))


def accept_as_is(asset: MediaAsset, *, by: User, reason: str, read: str) -> None:
    """Let a document go out as it is that cannot be cleaned. Raises ActionBlocked.

    `read` is the `sha256` of the file that was read: another file in its place is refused.
    """
    reason = reason.strip()
    if not by.has_perm("assets.accept_as_is"):
        raise ActionBlocked(gettext("You have no right to accept it as it is. Ask a publisher."))
    if not reason:
        raise ActionBlocked(gettext("Write why it may go out as it is."))
    with transaction.atomic():
        lock_names_for_read()
        fresh = locking.lock_row(asset)
        if fresh.sha256 != read:
            raise ActionBlocked(gettext("Another file took its place. Read it, then accept it."))
        if fresh.as_is_at:
            raise ActionBlocked(gettext("It was accepted already."))
        if not fresh.why_not_cleaned:
            raise ActionBlocked(gettext("It can be cleaned, so it goes out as a cleaned copy."))
        fresh.accept_as_is(by=by, reason=reason)


def _set_withdrawn(asset: MediaAsset, at: datetime | None, *, by: User, words: str) -> None:
    with transaction.atomic():
        lock_names_for_read()
        fresh = locking.lock_row(asset)
        fresh.withdrawn_at = at
        fresh.save()
        workflow.record_printed_row_change(
            fresh, words % fresh, by=by, at=timezone.now(), on_public=True
        )


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
            if into:
                store(asset, by=by)
            else:
                asset.save()
    except ActionBlocked as refusal:
        return Taken(upload.name, problems=[str(reason) for reason in refusal.blockers])
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
    last_day = parse_date(asset.found.get("licence_ends") or "")
    if last_day and last_day.year < MAXYEAR:  # a file may say “for ever”; its next day is no date
        said["licence_expires"] = f"{last_day + timedelta(days=1)} 00:00:00"
    return {name: words for name, words in said.items() if words and not getattr(asset, name)}


def take_words(asset: MediaAsset, *, by: User) -> list[str]:
    """Fill the empty fields with what the file says of itself; return which were filled.

    Raises ActionBlocked if `locked` says so.
    """
    with transaction.atomic():
        lock_names_for_read()
        return _take_words(locking.lock_row(asset), by)


def bring_back(asset: MediaAsset, version: Any, *, by: User) -> None:
    """Make the original of one of its versions the file again. Raises ActionBlocked."""
    with transaction.atomic():
        lock_names_for_read()
        fresh = locking.lock_row(asset)
        fresh.take_file_of(version)
        store(fresh, by=by)


def _take_words(asset: MediaAsset, by: User) -> list[str]:
    taken = offers(asset)
    for name, words in taken.items():
        if name == "licence_expires":
            asset.licence_expires = timezone.make_aware(datetime.fromisoformat(words))
        else:
            setattr(asset, name, words[: _most(name)])
    if taken:
        store(asset, by=by)
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

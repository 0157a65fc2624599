"""The library of pictures and documents: uploads, changes, where each is used, file metadata.

The module is in `releases`, not in `assets`, because it uses people and releases.
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
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext

from accounts.desk_addresses import desk_address
from accounts.errors import ActionBlocked
from accounts.models import User
from assets.models import MediaAsset
from assets.storage import reason_for_editors
from assets.storage_basics import StorageError
from people import locking
from people.locking import lock_names_for_read
from people.models import Person
from releases import approval, workflow
from releases.models import Illustration, Release, ReleaseQuerySet, RestrictedFile
from releases.rules import protected_names
from releases.rules.desk_visibility import files_known_to, files_visible_to
from releases.rules.public_texts import releases_printing

log = logging.getLogger(__name__)

IN_RELEASES = Illustration.objects.filter(asset=OuterRef("pk"))
AS_POSTER = Release.objects.filter(poster=OuterRef("pk"))
AS_PORTRAIT = Person.objects.filter(portrait=OuterRef("pk"))
# Fields that can be filled from the metadata of the file.
OFFERED_FIELDS = (
    "alt_text", "caption", "credit_line", "creator", "copyright_notice", "usage_terms",
    "date_created", "place",
)  # fmt: skip


def with_use(assets: QuerySet[MediaAsset]) -> QuerySet[Any]:
    """Annotate each picture or document with `in_use`: whether anything uses it."""
    used = Exists(IN_RELEASES) | Exists(AS_POSTER) | Exists(AS_PORTRAIT)
    return assets.annotate(in_use=used)


@dataclass(frozen=True, slots=True)
class Use:
    """One use of a picture or document. `url` is "" if the user may not see the page."""

    label: str
    name: str
    url: str


def uses_of(asset: MediaAsset, user: User) -> list[Use]:
    """Return the uses of a picture or document, as a user may see them.

    Releases in any state count. Restricted releases that the user does not know are left out.
    """
    used_in = Q(poster=asset) | Q(illustrations__asset=asset)
    releases = Release.objects.visible_to(user).filter(used_in).distinct()
    uses = [
        Use(
            str(release.state().label),
            str(release),
            desk_address(release),
        )
        for release in releases
    ]
    portrayed = Person.objects.filter(portrait=asset)
    known = portrayed.visible_to(user)
    uses += [
        Use(
            gettext("Portrait"),
            str(person),
            desk_address(person),
        )
        for person in known
    ]
    if portrayed.count() > len(known):
        uses.append(Use(gettext("Portrait"), gettext("of a person whose record you can’t see"), ""))
    return uses


def releases_with(asset: MediaAsset) -> ReleaseQuerySet:
    """Return the releases that show a picture or offer a document."""
    return Release.objects.filter(releases_printing(asset))


def edit_blockers(asset: MediaAsset, user: User, *, file: bool = False) -> list[str]:
    """Return why a user may not change a picture or document, or replace its file (`file`).

    It is approved together with the releases that show it. Once one of them is public, a change
    is a correction. If a person's page shows it, a publisher can replace the file, and an editor
    can change its texts. A restricted release that the user does not know blocks nothing while it
    is hidden, because a blocker would reveal it: its people get an e-mail about the change. Once it
    is public, only the people named on it change what it shows.
    """
    edits, corrects = map(user.has_perm, ("releases.edit_any_release", "releases.correct_release"))
    shown_in = releases_with(asset).visible_to(user)
    if approved := shown_in.awaiting_publication().first():
        return [
            gettext(
                "It is used in the approved release “%(release)s”. Send that release back to draft "
                "to change it."
            )
            % {"release": approved}
        ]
    if closed := closed_blockers(asset, user):
        return closed
    if not corrects and shown_in.published().exists():
        return [gettext("It is on a public page. A publisher can correct it.")]
    if not edits and (reviewed := shown_in.filter(status=Release.Status.IN_REVIEW).first()):
        return [
            gettext("It is used in “%(release)s”, which is in review. An editor can change it.")
            % {"release": reviewed}
        ]
    if (not corrects if file else not edits) and (
        Person.objects.with_page().filter(portrait=asset).exists()
    ):
        if file:
            return [gettext("It is on a person’s page. A publisher can replace the file.")]
        return [gettext("It is on a person’s page. An editor can change its text.")]
    return []


def closed_blockers(asset: MediaAsset, user: User) -> list[str]:
    """Return a blocker if a public release shows it whose record the user may not know."""
    public = releases_with(asset).public()
    others = public.exclude(pk__in=Release.objects.known_to(user).values("pk")).first()
    if others is None:
        return []
    return [
        gettext(
            "It is on the page of “%(release)s”. Only the people named on that release can change "
            "it."
        )
        % {"release": others}
    ]


def reads_original(asset: MediaAsset, user: User) -> bool:
    """Return whether a user may download the original. An original is never public."""
    if not files_known_to(user).contains(asset):
        return False
    return user.has_perm("releases.edit_any_release") or not edit_blockers(asset, user)


# Only actions write these fields. A form that was opened before an action must not overwrite them.
_OF_ACTIONS = ("withdrawn_at", "as_is_reason", "as_is_by_id", "as_is_at")


def save_asset(
    asset: MediaAsset, *, by: User, correction: str = "", at: datetime | None = None
) -> None:
    """Save a changed picture or document. On public pages, this is a correction or a minor edit.

    A `correction` is printed on each public release that shows the row. Without one, the change is
    only recorded in the history of these releases. Raises ActionBlocked with the `edit_blockers`,
    if the correction contains a protected name, or if there is a correction but nothing public was
    changed.
    """
    at = at or timezone.now()
    with transaction.atomic():
        lock_names_for_read()
        _raise_if_protected(correction, at)
        changed = [asset] if _save(asset, by, at) else []
        _record_correction(changed, by=by, correction=correction, at=at)


def _save(asset: MediaAsset, by: User, at: datetime) -> bool:
    """Save the row, and return whether a printed value was changed.

    A change in approved releases that the user does not know is recorded there.
    """
    stored = locking.lock_row(asset)
    if blockers := edit_blockers(stored, by, file=asset.original.name != stored.original.name):
        raise ActionBlocked(*blockers)
    for name in _OF_ACTIONS:
        setattr(asset, name, getattr(stored, name))
    before = approval.fingerprint(stored)
    asset.save()
    if approval.fingerprint(asset) == before:
        return False
    note = gettext("“%(name)s” was changed.") % {"name": asset}
    workflow.record_printed_row_change(asset, note, by=by, at=at, hidden_from=by)
    return True


def _raise_if_protected(text: str, at: datetime) -> None:
    finds = protected_names.finds_in_text(text, gettext("the correction"), at)
    if blocking := [find for find in finds if find.blocks]:
        raise ActionBlocked(*blocking)


def _record_correction(
    changed: list[MediaAsset], *, by: User, correction: str, at: datetime
) -> None:
    """Record the change once for each public release that shows a changed row."""
    names: dict[Release, list[str]] = {}
    for asset in changed:
        for release in releases_with(asset).published(at):
            names.setdefault(release, []).append(str(asset))
    if correction and not any(release.is_visible_to(by, at) for release in names):
        raise ActionBlocked(
            gettext(
                "Nothing public was changed, so no correction was published. Change something or "
                "clear the field."
            )
        )
    for release in sorted(names, key=lambda release: release.pk):
        workflow.record_correction(
            release, by=by, text=correction, at=at, subject=", ".join(names[release])
        )


def needs_correction(asset: MediaAsset, user: User) -> bool:
    """Return whether a change is a correction, because a public release shows the row."""
    return releases_with(asset).visible_to(user).published().exists()


@dataclass(slots=True)
class BulkResult:
    """The result of a bulk change: the number of changed rows, and the others with the reason."""

    changed: int = 0
    unchanged: list[tuple[MediaAsset, str]] = field(default_factory=list)


def edit_many(
    read: Mapping[UUID, int], values: Mapping[str, Any], *, by: User, correction: str = ""
) -> BulkResult:
    """Set some fields of many pictures or documents, in one transaction.

    `read` maps each key to the version that the user saw (`version_of`). A row that was changed
    since then, or has blockers, is not changed. If ActionBlocked is raised, nothing is changed.
    """
    result, at, changed = BulkResult(), timezone.now(), []
    with transaction.atomic():
        lock_names_for_read()
        _raise_if_protected(correction, at)
        for asset in locking.lock_rows(MediaAsset.objects.filter(pk__in=read)):
            if version_of(asset) != read[asset.pk]:
                blockers = [gettext("Someone changed it after you selected it.")]
            else:
                blockers = edit_blockers(asset, by)
            if blockers:
                result.unchanged.append((asset, " ".join(blockers)))
                continue
            for name, value in values.items():
                setattr(asset, name, value)
            changed += [asset] if _save(asset, by, at) else []
            result.changed += 1
        _record_correction(changed, by=by, correction=correction, at=at)
    return result


def version_of(asset: MediaAsset) -> int:
    """Return the `history_id` of the newest version, or 0 if there is none."""
    newest = asset.history.order_by("-history_id").values_list("history_id", flat=True).first()
    return newest or 0


def withdraw(asset: MediaAsset, *, by: User, at: datetime | None = None) -> None:
    """Hide a picture or document everywhere at once. Raises ActionBlocked."""
    if not by.has_perm("releases.hold_release"):
        raise ActionBlocked(
            gettext("You don’t have permission to withdraw a picture. Ask an editor.")
        )
    _set_withdrawn(asset, at or timezone.now(), by=by, note=gettext("“%(name)s” was withdrawn."))


def end_withdrawal(asset: MediaAsset, *, by: User, at: datetime | None = None) -> None:
    """End the withdrawal of a picture or document. Raises ActionBlocked."""
    approved = releases_with(asset).visible_to(by).approved()
    permission = "correct_release" if approved.exists() else "hold_release"
    if not by.has_perm(f"releases.{permission}"):
        raise ActionBlocked(gettext("You don’t have permission to show it again. Ask a publisher."))
    if closed := closed_blockers(asset, by):
        raise ActionBlocked(*closed)
    _set_withdrawn(asset, None, by=by, note=gettext("“%(name)s” is shown again."))


def accept_as_is(asset: MediaAsset, *, by: User, reason: str, read: str) -> None:
    """Accept that a document that can't be cleaned is published as it is. Raises ActionBlocked.

    `read` is the `sha256` of the file that the user saw. A file that was replaced since then is
    refused.
    """
    reason = reason.strip()
    if not by.has_perm("assets.accept_as_is"):
        raise ActionBlocked(
            gettext("You don’t have permission to accept it as it is. Ask a publisher.")
        )
    if closed := closed_blockers(asset, by):
        raise ActionBlocked(*closed)
    if not reason:
        raise ActionBlocked(gettext("Enter why it may be published as it is."))
    with transaction.atomic():
        lock_names_for_read()
        fresh = locking.lock_row(asset)
        if fresh.sha256 != read:
            raise ActionBlocked(
                gettext("The file was replaced. Check the new file, then accept it.")
            )
        if fresh.as_is_at:
            raise ActionBlocked(gettext("It is already accepted."))
        if not fresh.cleaning_problems:
            raise ActionBlocked(gettext("It can be cleaned, so the cleaned copy is published."))
        fresh.accept_as_is(by=by, reason=reason)


def _set_withdrawn(asset: MediaAsset, at: datetime | None, *, by: User, note: str) -> None:
    with transaction.atomic():
        lock_names_for_read()
        fresh = locking.lock_row(asset)
        fresh.withdrawn_at = at
        fresh.save()
        workflow.record_printed_row_change(
            fresh, note % {"name": fresh}, by=by, at=timezone.now(), on_public=True
        )


@dataclass(slots=True)
class UploadResult:
    """The result of one upload."""

    name: str
    asset: MediaAsset | None = None
    problems: list[str] = field(default_factory=list)
    is_duplicate: bool = False

    @property
    def offers(self) -> list[tuple[str, str]]:
        """File metadata that the record does not have: the label and value of each field."""
        values = metadata_offers(self.asset) if self.asset and not self.is_duplicate else {}
        return [(verbose_name(name), value) for name, value in values.items()]


def add_upload(
    upload: Any, *, by: User, into: MediaAsset | None = None, to: Release | None = None
) -> UploadResult:
    """Add an upload to the library, or use it as the file of an existing record.

    A file that is already in the library is not added again. Its existing record is returned,
    if the user may see it. `to` is the release on whose form the file was uploaded: if it is
    restricted, the file is restricted at once.
    """
    asset = into or MediaAsset(uploaded_by=by)
    asset.compared_with = files_visible_to(by)
    try:
        _size = upload.size  # raises ValidationError if the upload could not be stored
        asset.original = upload
        asset.clean_fields(exclude=[f.name for f in asset._meta.fields if f.name != "original"])
    except ValidationError as error:
        return UploadResult(upload.name, problems=error.messages)
    if known := asset.duplicate():
        return UploadResult(upload.name, known, [known.duplicate_message()], is_duplicate=True)
    try:
        with transaction.atomic():
            if into:
                save_asset(asset, by=by)
            else:
                asset.save()
            if to and to.is_restricted():
                RestrictedFile.objects.get_or_create(release=to, asset=asset)
    except ActionBlocked as problem:
        return UploadResult(upload.name, problems=[str(reason) for reason in problem.blockers])
    except StorageError as problem:
        log.error("An upload was not stored: %s", problem)
        message = gettext(
            "%(file)s was not stored: %(reason)s. Nothing was changed. Upload it again in a minute."
        ) % {"file": upload.name, "reason": reason_for_editors(problem)}
        return UploadResult(upload.name, problems=[message])
    return UploadResult(upload.name, asset)


def metadata_offers(asset: MediaAsset) -> dict[str, str]:
    """Return file metadata that the record does not have yet, by field.

    A licence includes its last day: if the last day is 2026-12-31, it ends at
    `2027-01-01 00:00:00` in the newsroom's time zone.
    """
    found = asset.embedded_metadata
    values = {name: str(found.get(name) or "") for name in OFFERED_FIELDS}
    last_day = parse_date(found.get("licence_ends") or "")
    if last_day and last_day.year < MAXYEAR:  # the day after 9999-12-31 would overflow
        values["licence_expires"] = f"{last_day + timedelta(days=1)} 00:00:00"
    return {name: value for name, value in values.items() if value and not getattr(asset, name)}


def apply_metadata(asset: MediaAsset, *, by: User) -> list[str]:
    """Fill the empty fields from the metadata of the file, and return the names of these fields.

    Raises ActionBlocked with the `edit_blockers`.
    """
    with transaction.atomic():
        lock_names_for_read()
        return _apply_metadata(locking.lock_row(asset), by)


def restore_file(asset: MediaAsset, version: Any, *, by: User) -> None:
    """Use the original of an earlier version again. Raises ActionBlocked."""
    with transaction.atomic():
        lock_names_for_read()
        fresh = locking.lock_row(asset)
        fresh.restore_file_of(version)
        save_asset(fresh, by=by)


def _apply_metadata(asset: MediaAsset, by: User) -> list[str]:
    offered = metadata_offers(asset)
    for name, value in offered.items():
        if name == "licence_expires":
            asset.licence_expires = timezone.make_aware(datetime.fromisoformat(value))
        else:
            setattr(asset, name, value[: _max_length(name)])
    if offered:
        save_asset(asset, by=by)
    return list(offered)


def versions_of(asset: MediaAsset) -> list[Any]:
    """Return the first version with each original file, the newest file first."""
    rows = asset.history.select_related("history_user").exclude(original="").order_by("history_id")
    return list({row.original: row for row in reversed(rows)}.values())


def verbose_name(name: str) -> str:
    """Return the label of a field of a picture."""
    return str(getattr(MediaAsset._meta.get_field(name), "verbose_name", name))


def _max_length(name: str) -> int | None:
    """Return the maximum number of characters of a field, or None if it has no limit."""
    return getattr(MediaAsset._meta.get_field(name), "max_length", None)

"""Drafts: create, restore an earlier version, delete, restore a deleted draft."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.errors import ActionBlocked
from accounts.models import User
from people.locking import lock_names_for_change
from releases.models import Contact, Event, Release, ReleaseAccess, Topic
from releases.rules.blockers import edit_blockers
from releases.versions import restore_text
from releases.workflow.actions import DISCARD, RESTORE
from releases.workflow.correcting import record_change_by_outsider
from releases.workflow.recording import lock, raise_if, record, set_status


def create(
    release: Release,
    *,
    by: User | None,
    at: datetime | None = None,
    verb: Event.Verb = Event.Verb.CREATED,
    detail: Callable[[Release], dict[str, Any]] | None = None,
) -> Release:
    """Save a new draft. `detail` takes the stored release, and returns the detail of its event."""
    with transaction.atomic():
        release.created_by = by
        release.save()
        kept = detail(Release.objects.get(pk=release.pk)) if detail else {}
        record(release, verb, by, at or timezone.now(), version=release.version, **kept)
    return release


@RESTORE.carried_out_by
def restore(release: Release, *, by: User, history_id: int, at: datetime | None = None) -> Release:
    """Restore the text of an earlier version of a release that is not approved."""
    with transaction.atomic():
        fresh = lock(release)
        RESTORE.check(fresh, by, at)
        raise_if(edit_blockers(fresh, by))
        earlier = fresh.history.filter(history_id=history_id).first()
        if earlier is None:
            raise ActionBlocked(_("This release has no such version."))
        restore_text(fresh, earlier)
        status = Release.Status(fresh.status)
        return set_status(fresh, status, Event.Verb.RESTORED, by, at, restored=earlier.version)


@DISCARD.carried_out_by
def discard(release: Release, *, by: User, at: datetime | None = None) -> None:
    """Delete a draft. Its versions and events are kept.

    A draft on hold cannot be deleted, because it would not be on hold after it is restored.
    """
    with transaction.atomic():
        fresh = lock(release)
        DISCARD.check(fresh, by, at)
        if fresh.translations.visible_to(by, at).exists():
            raise ActionBlocked(
                _("Other releases are translations of this one. Unlink them first.")
            )
        _unlink_translations(fresh, by, at or timezone.now())
        record(
            fresh,
            Event.Verb.DELETED,
            by,
            at or timezone.now(),
            version=fresh.version,
            title=fresh.title,
        )
        fresh.delete()


def _unlink_translations(release: Release, by: User, at: datetime) -> None:
    """Unlink the restricted translations that the user does not know: others block the deletion."""
    note = _("The release that this is a translation of was deleted.")
    for translation in release.translations.order_by("pk").select_for_update(of=("self",)):
        record_change_by_outsider(translation, note, by=by, at=at)
        translation.translation_of = None
        translation.save()


def undelete(pk: UUID, *, by: User, at: datetime | None = None) -> Release:
    """Restore a deleted draft with its text, topics and contacts, as a new version.

    A reference to a row that has been deleted stays empty, as in `restore`.
    """
    with transaction.atomic():
        lock_names_for_change()
        last = deleted_drafts(by).filter(uuid=pk).first()
        if last is None:
            raise ActionBlocked(_("You can’t restore this draft."))
        has_left = User.objects.filter(pk=last.created_by_id).exclude(left_at=None).exists()
        author = by.pk if has_left else last.created_by_id
        fresh = Release(pk=pk, created_by_id=author, version=last.version + 1)
        restore_text(fresh, last)
        if not Release.objects.filter(import_digest=last.import_digest).exists():
            fresh.import_digest = last.import_digest
        # The last history row of a version has its topics and contacts. The history row of the
        # deletion has none.
        written = Release.history.filter(uuid=pk, history_type__in="+~").latest("history_id")
        topics = Topic.objects.filter(pk__in=written.topics.values("topic"))
        contacts = Contact.objects.filter(pk__in=written.contacts.values("contact"))
        fresh.save(force_insert=True)
        fresh.topics.set(topics)
        fresh.contacts.set(contacts)
        version = last.version
        record(fresh, Event.Verb.UNDELETED, by, at or timezone.now(), version=version)
        return fresh


def deleted_drafts(user: User) -> QuerySet[Any]:
    """Return the last version of each deleted draft that a user may restore, newest first."""
    deleted = Release.history.filter(history_type="-")
    deleted = deleted.exclude(uuid__in=Release.objects.values("pk"))
    newer = deleted.filter(uuid=OuterRef("uuid"), history_id__gt=OuterRef("history_id"))
    deleted = deleted.filter(~Exists(newer)).order_by("-history_date", "-history_id")
    named = ReleaseAccess.objects.filter(release=OuterRef("uuid"))
    deleted = deleted.filter(~Exists(named) | Exists(named.filter(user=user)))
    if not DISCARD.is_permitted(user):
        return deleted.none()
    if user.has_perm("releases.edit_any_release"):
        return deleted
    return deleted.filter(created_by=user)

"""Topics and press contacts: rows that many releases print.

A change appears on all of them at once. Once an approved release uses a row, only a publisher can
change it, after seeing how many releases use it. Such a change keeps the approvals, and is not a
correction. The people responsible for releases that are not public yet get an e-mail. Every change
saves a version of the row.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.errors import ActionBlocked
from accounts.models import User
from people.locking import lock_names_for_read, lock_row
from releases import approval, workflow
from releases.models import Contact, Release, Topic
from releases.rules.public_texts import releases_printing

Shared = Topic | Contact


@dataclass(frozen=True, slots=True)
class Use:
    """The number of releases that use a topic or contact."""

    published: int  # public, or on hold after they were public
    awaiting_publication: int  # approved and not public yet
    drafts: int  # not approved, or withdrawn

    @property
    def in_approved(self) -> bool:
        return bool(self.published or self.awaiting_publication)

    def __str__(self) -> str:
        public, approved, other = self.published, self.awaiting_publication, self.drafts
        counts = [
            (public, ngettext("%d public release", "%d public releases", public)),
            (approved, ngettext("%d approved release", "%d approved releases", approved)),
            (other, ngettext("%d other release", "%d other releases", other)),
        ]
        return ", ".join(text % count for count, text in counts if count) or _("No releases")


def use_of(row: Shared, user: User, at: datetime | None = None) -> Use:
    """Return the number of releases that use a row, without those that a user does not know."""
    using = Release.objects.visible_to(user, at).filter(releases_printing(row))
    published, awaiting = using.published(at).count(), using.awaiting_publication(at).count()
    return Use(published, awaiting, using.count() - published - awaiting)


def edit_blockers(row: Shared, user: User) -> list[str]:
    """Return why a user cannot change a row."""
    if row.pk is None or user.has_perm("releases.correct_release"):
        return []
    if use_of(row, user).in_approved:
        return [_("It is used in approved or public releases. A publisher can change it.")]
    return []


def delete_blockers(row: Shared, user: User) -> list[str]:
    """Return why a user cannot delete a row: a release uses it.

    A restricted release that the user does not know blocks nothing, because a blocker would reveal
    it: see `delete`.
    """
    use = use_of(row, user)
    if not (use.in_approved or use.drafts):
        return []
    if isinstance(row, Contact):
        sentence = _(
            "It is used in %(use)s and was not deleted. Remove it there first. You can hide it now."
        )
    else:
        sentence = _("It is used in %(use)s and was not deleted. Remove it there first.")
    return [sentence % {"use": use}]


def store(row: Shared, *, by: User, at: datetime | None = None) -> None:
    """Save a new or changed row, with a version. Raises ActionBlocked."""
    with transaction.atomic():
        lock_names_for_read()
        stored = None if row._state.adding else lock_row(row)
        if stored and (blockers := edit_blockers(stored, by)):
            raise ActionBlocked(*blockers)
        if isinstance(row, Contact) and isinstance(stored, Contact):
            row.hidden_at = stored.hidden_at  # not a field of the form, which may be older
        row.save()
        if stored and approval.fingerprint(stored) != approval.fingerprint(row):
            _record(row, _("“%s” was changed.") % row, by, at)


def delete(row: Shared, *, by: User, at: datetime | None = None) -> None:
    """Delete a row. The people of restricted releases that use it get an e-mail.

    Raises ActionBlocked if another release uses it.
    """
    with transaction.atomic():
        lock_names_for_read()
        stored = lock_row(row)
        if blockers := delete_blockers(stored, by):
            raise ActionBlocked(*blockers)
        workflow.record_printed_row_deletion(stored, by=by, at=at or timezone.now())
        stored.delete()


def hide_contact(contact: Contact, *, by: User, at: datetime | None = None) -> None:
    """Hide a contact from every release at once. Raises ActionBlocked."""
    if not by.has_perm("releases.hold_release"):
        raise ActionBlocked(_("You don’t have permission to hide a contact. Ask an editor."))
    _set_hidden(contact, at or timezone.now(), by, _("“%s” was hidden."))


def show_contact(contact: Contact, *, by: User, at: datetime | None = None) -> None:
    """Show a hidden contact again. Raises ActionBlocked."""
    if blockers := edit_blockers(contact, by):
        raise ActionBlocked(*blockers)
    _set_hidden(contact, None, by, _("“%s” is shown again."))


def _set_hidden(contact: Contact, hidden_at: datetime | None, by: User, note: str) -> None:
    with transaction.atomic():
        lock_names_for_read()
        fresh = lock_row(contact)
        if (fresh.hidden_at is None) == (hidden_at is None):
            return
        fresh.hidden_at = hidden_at
        fresh.save()
        _record(fresh, note % fresh, by, None, on_public=True)


def _record(row: Shared, note: str, by: User, at: datetime | None, on_public: bool = False) -> None:
    at = at or timezone.now()
    workflow.record_printed_row_change(row, note, by=by, at=at, on_public=on_public)

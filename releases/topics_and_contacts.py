"""Topics and press contacts: rows that many releases print.

A change shows on all of them at once. Once an approved release uses one, a publisher changes it, in
one action that first says on how many releases it stands. Approvals stay, and it is no correction;
the people of releases that are still to come get an e-mail. Everything has its versions.
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
    """On how many releases a topic or contact stands."""

    out: int  # public, or taken off the public pages for a while
    settled: int  # approved and still to come
    drafts: int  # neither; withdrawn ones too

    @property
    def in_approved(self) -> bool:
        return bool(self.out or self.settled)

    def __str__(self) -> str:
        return ", ".join(
            [
                ngettext("%d public release", "%d public releases", self.out) % self.out,
                ngettext("%d approved release", "%d approved releases", self.settled)
                % self.settled,
                ngettext("%d other release", "%d other releases", self.drafts) % self.drafts,
            ]
        )


def use_of(row: Shared, at: datetime | None = None) -> Use:
    """Return on how many releases a row stands."""
    using = Release.objects.filter(releases_printing(row))
    out, settled = using.out(at).count(), using.settled(at).count()
    return Use(out, settled, using.count() - out - settled)


def locked(row: Shared, user: User) -> str:
    """Return why a user may not change a row, "" where they may."""
    if row.pk is None or user.has_perm("releases.correct_release"):
        return ""
    if use_of(row).in_approved:
        return _("It stands on approved or public releases. A publisher can change it.")
    return ""


def store(row: Shared, *, by: User, at: datetime | None = None) -> None:
    """Save a row that was changed or is new, with a version. Raises ActionBlocked."""
    with transaction.atomic():
        lock_names_for_read()
        stored = None if row._state.adding else lock_row(row)
        if stored and (why := locked(stored, by)):
            raise ActionBlocked(why)
        if isinstance(row, Contact) and isinstance(stored, Contact):
            row.hidden_at = stored.hidden_at  # a form that was opened before does not put it back
        row.save()
        if stored and approval.fingerprint(stored) != approval.fingerprint(row):
            _record(row, _("“%s” was changed."), by, at)


def hide(contact: Contact, *, by: User, at: datetime | None = None) -> None:
    """Print a contact nowhere from now on. One person can do it at once. Raises ActionBlocked."""
    if not by.has_perm("releases.hold_release"):
        raise ActionBlocked(_("You have no right to hide a contact. Ask an editor."))
    _set_hidden(contact, at or timezone.now(), by, _("“%s” was hidden."))


def show(contact: Contact, *, by: User, at: datetime | None = None) -> None:
    """Print a hidden contact again. Raises ActionBlocked."""
    if why := locked(contact, by):
        raise ActionBlocked(why)
    _set_hidden(contact, None, by, _("“%s” is shown again."))


def delete_blocker(row: Shared) -> str:
    """Return why a row cannot be deleted, "" where it can: a release without it stays whole."""
    use = use_of(row)
    if not (use.in_approved or use.drafts):
        return ""
    said = _("It stands on %s, so it was not deleted. Remove it from them first.") % use
    return f"{said} {_('You can hide it at once.')}" if isinstance(row, Contact) else said


def _set_hidden(contact: Contact, hidden_at: datetime | None, by: User, words: str) -> None:
    with transaction.atomic():
        lock_names_for_read()
        fresh = lock_row(contact)
        if (fresh.hidden_at is None) == (hidden_at is None):
            return
        fresh.hidden_at = hidden_at
        fresh.save()
        _record(fresh, words, by, None, on_public=True)


def _record(
    row: Shared, words: str, by: User, at: datetime | None, on_public: bool = False
) -> None:
    at = at or timezone.now()
    workflow.record_printed_row_change(row, words % row, by=by, at=at, on_public=on_public)

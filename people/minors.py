"""The mark “under eighteen”: any user who may edit a record can set it, two people remove it.

In one transaction, each action locks the person, checks the user, changes the mark and records the
change. ActionBlocked lists the blockers as sentences. Times are aware datetimes.
"""

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.errors import ActionBlocked
from accounts.models import User
from people import levels
from people.models import Level, MinorMarkRemoval, Person
from people.officers import lock_record


def mark(person: Person, *, by: User, at: datetime | None = None) -> Person:
    """Mark a person as under eighteen. A level above 1 is lowered to 1."""
    with transaction.atomic():
        fresh = lock_record(person, by)
        if fresh.under_18:
            return fresh
        fresh.under_18 = True
        fresh.save()
        if fresh.level <= Level.STAFF:
            return fresh
        reason = _("Marked as under eighteen.")
        return levels.lower_level(fresh, to=Level.STAFF, by=by, note=reason, at=at)


def request_removal(
    person: Person, *, reason: str, by: User, at: datetime | None = None
) -> MinorMarkRemoval:
    """Request the removal of the mark. A second person must approve it."""
    with transaction.atomic():
        fresh = lock_record(person, by)
        if not fresh.under_18:
            raise ActionBlocked(_("This person is not marked as under eighteen."))
        if not reason.strip():
            raise ActionBlocked(_("Enter a reason."))
        if open_request(fresh):
            raise ActionBlocked(
                _("A request is already open. A second person can approve or reject it.")
            )
        return MinorMarkRemoval.objects.create(
            person=fresh,
            reason=reason.strip(),
            requested_by=by,
            requested_at=at or timezone.now(),
        )


def approve_removal(removal: MinorMarkRemoval, *, by: User, at: datetime | None = None) -> Person:
    """Remove the mark, as another person requested. The level does not change."""
    with transaction.atomic():
        person, removal = _lock_request(removal, by)
        if found := blockers(removal, by):
            raise ActionBlocked(*found)
        person.under_18 = False
        person.save(update_fields=["under_18"])
        _decide(removal, MinorMarkRemoval.Outcome.APPROVED, by, at)
    return person


def reject_removal(
    removal: MinorMarkRemoval, *, by: User, note: str = "", at: datetime | None = None
) -> Person:
    """Reject a request. The user who made it can also take it back this way."""
    with transaction.atomic():
        person, removal = _lock_request(removal, by)
        if by != removal.requested_by and not by.has_perm("people.name_minor"):
            raise ActionBlocked(_("Only users with the role “Case officer” can decide this."))
        removal.note = note.strip()
        _decide(removal, MinorMarkRemoval.Outcome.REJECTED, by, at)
    return person


def open_request(person: Person) -> MinorMarkRemoval | None:
    """Return the request that waits for a second person, or None if there is none."""
    return person.minor_mark_removals.filter(outcome=MinorMarkRemoval.Outcome.REQUESTED).first()


def blockers(removal: MinorMarkRemoval, user: User) -> list[str]:
    """Return why a user cannot approve a removal, one sentence for each reason."""
    found = []
    if not user.has_perm("people.name_minor"):
        found.append(_("Only users with the role “Case officer” can approve this."))
    if user == removal.requested_by:
        found.append(_("You made this request. A second person must approve it."))
    return found


def _lock_request(removal: MinorMarkRemoval, by: User) -> tuple[Person, MinorMarkRemoval]:
    person = lock_record(removal.person, by)
    fresh = MinorMarkRemoval.objects.get(pk=removal.pk)
    if fresh.outcome != MinorMarkRemoval.Outcome.REQUESTED or not person.under_18:
        raise ActionBlocked(_("Someone has decided this since you opened it. Check the record."))
    return person, fresh


def _decide(
    removal: MinorMarkRemoval,
    outcome: MinorMarkRemoval.Outcome,
    by: User,
    at: datetime | None,
) -> None:
    removal.outcome, removal.decided_by, removal.decided_at = outcome, by, at or timezone.now()
    removal.save()

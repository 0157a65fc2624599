"""Publication levels: two people raise a level, one person lowers it at once.

In one transaction, each action locks the person, checks the user, changes the level and records a
LevelChange. ActionBlocked lists the blockers as sentences. Times are aware datetimes.
"""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.errors import ActionBlocked
from accounts.models import User
from people import officers
from people.models import Level, LevelChange, Person
from people.officers import lock_record


def request_level(
    person: Person, *, to: Level, basis: str, by: User, at: datetime | None = None
) -> LevelChange:
    """Request a higher level, and record the basis. A second person must approve it."""
    with transaction.atomic():
        fresh = lock_record(person, by)
        if to <= fresh.level:
            raise ActionBlocked(
                _("The level is already %(level)s. To lower it, use “Lower level”.")
                % {"level": fresh.level}
            )
        if not basis.strip():
            raise ActionBlocked(_("Enter why the person may be named."))
        if open_request(fresh):
            raise ActionBlocked(
                _("A request is already open. A second person can approve or reject it.")
            )
        return LevelChange.objects.create(
            person=fresh,
            before=fresh.level,
            after=to,
            outcome=LevelChange.Outcome.REQUESTED,
            basis=basis.strip(),
            requested_by=by,
            requested_at=at or timezone.now(),
        )


def approve_level(change: LevelChange, *, by: User, at: datetime | None = None) -> Person:
    """Raise the level, as another person requested. It takes effect at once, everywhere."""
    with transaction.atomic():
        person, change = _lock_request(change, by)
        if blockers := approval_blockers(change, by):
            raise ActionBlocked(*blockers)
        person.level, person.level_basis = change.after, change.basis
        person.save()
        _decide(change, LevelChange.Outcome.APPROVED, by, at)
    return person


def reject_level(
    change: LevelChange, *, by: User, note: str = "", at: datetime | None = None
) -> Person:
    """Reject a request. The user who made it can also take it back this way."""
    with transaction.atomic():
        person, change = _lock_request(change, by)
        if by != change.requested_by and not by.has_perm("people.set_level"):
            raise ActionBlocked(
                _("You don’t have permission to decide on publication levels. Ask a publisher.")
            )
        change.note = note.strip()
        _decide(change, LevelChange.Outcome.REJECTED, by, at)
    return person


def lower_level(
    person: Person,
    *,
    to: Level,
    by: User,
    case_officers: Iterable[User] = (),
    note: str = "",
    at: datetime | None = None,
) -> Person:
    """Lower the level of a person. It takes effect at once, everywhere.

    One user is enough, and no reason is needed. At level 0 only the case officers see the record:
    those named before and those chosen now, or `by` if there are none. An open request is rejected.
    """
    at = at or timezone.now()
    with transaction.atomic():
        fresh = lock_record(person, by)
        if to >= fresh.level:
            raise ActionBlocked(
                _("The level is already %(level)s. To raise it, request a higher level.")
                % {"level": fresh.level}
            )
        LevelChange.objects.filter(person=fresh, outcome=LevelChange.Outcome.REQUESTED).update(
            outcome=LevelChange.Outcome.REJECTED, decided_by=by, decided_at=at
        )
        before, fresh.level = fresh.level, to
        fresh.save()
        if to == Level.CASE_OFFICERS:
            officers.name_first(fresh, case_officers, by=by, at=at)
        LevelChange.objects.create(
            person=fresh,
            before=before,
            after=to,
            outcome=LevelChange.Outcome.LOWERED,
            requested_by=by,
            requested_at=at,
            note=note.strip(),
        )
    return fresh


def open_request(person: Person) -> LevelChange | None:
    """Return the request that waits for a second person, or None if there is none."""
    return person.level_changes.filter(outcome=LevelChange.Outcome.REQUESTED).first()


def approval_blockers(change: LevelChange, user: User) -> list[str]:
    """Return why a user cannot approve a higher level, one sentence for each reason."""
    blockers = []
    if not user.has_perm("people.set_level"):
        blockers.append(
            _("You don’t have permission to approve a publication level. Ask a publisher.")
        )
    if user == change.requested_by:
        blockers.append(_("You made this request. A second person must approve it."))
    if change.after >= Level.NAMEABLE:
        if change.person.under_18 and not user.has_perm("people.name_minor"):
            blockers.append(
                _(
                    "The person is under eighteen. Only users with the role “Case officer” can "
                    "make this person public."
                )
            )
        if change.person.name_consent_has_ended():
            blockers.append(_("The consent to be named has ended. Record a new one first."))
    return blockers


def _lock_request(change: LevelChange, by: User) -> tuple[Person, LevelChange]:
    person = lock_record(change.person, by)
    fresh = LevelChange.objects.get(pk=change.pk)  # only changed while the person is locked
    if fresh.outcome != LevelChange.Outcome.REQUESTED or fresh.before != person.level:
        raise ActionBlocked(_("Someone has decided this since you opened it. Check the record."))
    return person, fresh


def _decide(
    change: LevelChange, outcome: LevelChange.Outcome, by: User, at: datetime | None
) -> None:
    change.outcome, change.decided_by, change.decided_at = outcome, by, at or timezone.now()
    change.save()

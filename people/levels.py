"""How far a person may be named: two people raise it, one lowers it at once.

Each action locks the person, checks who asks, changes, and records a LevelChange, in one
transaction. ActionBlocked lists the reasons as sentences. Times are aware datetimes.
"""

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.errors import ActionBlocked
from accounts.models import User
from people.locking import lock_names_for_change, locked
from people.models import Level, LevelChange, Person


def ask_to_raise(
    person: Person, *, to: Level, basis: str, by: User, at: datetime | None = None
) -> LevelChange:
    """Ask a second person to let somebody be named further, on a recorded basis."""
    with transaction.atomic():
        fresh = lock_record(person, by)
        if to <= fresh.level:
            raise ActionBlocked(
                f"The level is {fresh.level} already. To go down, lower it: that is done at once."
            )
        if not basis.strip():
            raise ActionBlocked(
                "Say why the person may be named: whose consent, or what was weighed."
            )
        if waiting(fresh):
            raise ActionBlocked("Somebody has asked already. A second person can agree or decline.")
        return LevelChange.objects.create(
            person=fresh,
            before=fresh.level,
            after=to,
            outcome=LevelChange.Outcome.ASKED,
            basis=basis.strip(),
            asked_by=by,
            asked_at=at or timezone.now(),
        )


def agree(change: LevelChange, *, by: User, at: datetime | None = None) -> Person:
    """Raise the level as somebody else has asked. It holds at once, everywhere."""
    with transaction.atomic():
        person, change = _lock_question(change, by)
        if reasons := in_the_way(change, by):
            raise ActionBlocked(*reasons)
        person.level, person.level_basis = change.after, change.basis
        person.save()
        _decide(change, LevelChange.Outcome.AGREED, by, at)
    return person


def decline(
    change: LevelChange, *, by: User, words: str = "", at: datetime | None = None
) -> Person:
    """Leave the level as it is. Whoever asked may take it back so."""
    with transaction.atomic():
        person, change = _lock_question(change, by)
        if by != change.asked_by and not by.has_perm("people.set_level"):
            raise ActionBlocked(
                "You have no right to decide on a publication level. Ask a publisher."
            )
        change.words = words.strip()
        _decide(change, LevelChange.Outcome.DECLINED, by, at)
    return person


def lower(
    person: Person, *, to: Level, by: User, words: str = "", at: datetime | None = None
) -> Person:
    """Let somebody be named less far, from this moment on, everywhere.

    One person is enough, and no reason is needed. Whoever lowers to level 0 becomes a case
    officer, so that somebody still knows of the record. An open question to raise is declined.
    """
    at = at or timezone.now()
    with transaction.atomic():
        fresh = lock_record(person, by)
        if to >= fresh.level:
            raise ActionBlocked(f"The level is {fresh.level} already. To go up, ask to raise it.")
        LevelChange.objects.filter(person=fresh, outcome=LevelChange.Outcome.ASKED).update(
            outcome=LevelChange.Outcome.DECLINED, decided_by=by, decided_at=at
        )
        before, fresh.level = fresh.level, to
        fresh.save()
        if to == Level.CASE_OFFICERS:
            fresh.case_officers.add(by)
        LevelChange.objects.create(
            person=fresh,
            before=before,
            after=to,
            outcome=LevelChange.Outcome.LOWERED,
            asked_by=by,
            asked_at=at,
            words=words.strip(),
        )
    return fresh


def waiting(person: Person) -> LevelChange | None:
    """Return the question that waits for a second person, if there is one."""
    return person.level_changes.filter(outcome=LevelChange.Outcome.ASKED).first()


def in_the_way(change: LevelChange, user: User) -> list[str]:
    """Return why a user cannot agree to a higher level, a sentence each."""
    reasons = []
    if not user.has_perm("people.set_level"):
        reasons.append("You have no right to agree to a publication level. Ask a publisher.")
    if user == change.asked_by:
        reasons.append("You asked for it yourself. A second person has to agree.")
    if change.after >= Level.NAMEABLE:
        if change.person.under_18 and not user.has_perm("people.name_minor"):
            reasons.append(
                _(
                    "The person is under eighteen. Only users with the “name minors” permission "
                    "can make this person public."
                )
            )
        if change.person.has_lapsed():
            reasons.append("The consent to be named has ended. Record a new one first.")
    return reasons


def lock_record(person: Person, by: User) -> Person:
    """Return a record as it is now, locked; refuse a user who may not change it."""
    lock_names_for_change()
    if not by.has_perm("people.change_person"):
        raise ActionBlocked("You have no right to change records of people. Ask an editor.")
    try:
        fresh = locked(person)
    except Person.DoesNotExist:
        raise ActionBlocked("There is no such person.") from None
    if not Person.objects.visible_to(by).contains(fresh):
        raise ActionBlocked("There is no such person.")
    return fresh


def _lock_question(change: LevelChange, by: User) -> tuple[Person, LevelChange]:
    person = lock_record(change.person, by)
    fresh = LevelChange.objects.get(pk=change.pk)  # written under the lock of the person alone
    if fresh.outcome != LevelChange.Outcome.ASKED or fresh.before != person.level:
        raise ActionBlocked("This was decided meanwhile. Look at the record again.")
    return person, fresh


def _decide(
    change: LevelChange, outcome: LevelChange.Outcome, by: User, at: datetime | None
) -> None:
    change.outcome, change.decided_by, change.decided_at = outcome, by, at or timezone.now()
    change.save()

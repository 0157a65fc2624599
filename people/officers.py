"""Case officers: the users who see a record at level 0. Nobody else does, superusers included.

The role “Case officer” makes a user eligible; being named on a record gives access to it. A record
at level 0 always keeps one officer who can sign in. In one transaction, each action locks the
person, checks, changes, records it, and adds an e-mail to the outbox.

Locks: accounts are locked last, after people. Only `accounts.team` locks an account first; its
signals then lock the people on whose records the user is named, and no others.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.dispatch import receiver
from django.utils.translation import gettext as _

from accounts import team
from accounts.desk_addresses import desk_address
from accounts.errors import ActionBlocked
from accounts.hooks import is_needed, leaving
from accounts.models import User
from accounts.record import Verb, record
from jobs import outbox
from people.locking import lock_names_for_change, lock_row, lock_rows
from people.models import Level, Person

PERMISSION = "people.be_case_officer"


def eligible() -> QuerySet[User]:
    """Return the users who can be named: active at the desk, with the role “Case officer”.

    Being a superuser is not enough.
    """
    return team.users_with(PERMISSION, include_superusers=False).order_by("username")


def of(person: Person) -> QuerySet[User]:
    """Return the case officers of a person who can sign in."""
    return person.case_officers.filter(is_active=True, is_staff=True).order_by("username")


def can_change(person: Person, user: User) -> bool:
    """Return whether a user may decide who the case officers of a person are."""
    is_officer = person.case_officers.filter(pk=user.pk).exists()
    above = person.level > Level.CASE_OFFICERS and user.has_perm("people.set_level")
    return is_officer or above


def lock_record(person: Person, by: User) -> Person:
    """Return the current record, locked. Raises ActionBlocked if the user may not change it."""
    lock_names_for_change()
    if not by.has_perm("people.change_person"):
        raise ActionBlocked(
            _("You don’t have permission to change people’s records. Ask an editor.")
        )
    try:
        fresh = lock_row(person)
    except Person.DoesNotExist:
        raise ActionBlocked(_("There is no such person.")) from None
    if not Person.objects.visible_to(by).contains(fresh):
        raise ActionBlocked(_("There is no such person."))
    return fresh


def name(person: Person, user: User, *, by: User, at: datetime | None = None) -> Person:
    """Name a user as a case officer of a person."""
    with transaction.atomic():
        fresh = lock_record(person, by)
        return change(fresh, {*fresh.case_officers.all(), user}, by=by, at=at)


def remove(person: Person, user: User, *, by: User, at: datetime | None = None) -> Person:
    """Remove a case officer. The last one of a record at level 0 can't be removed."""
    with transaction.atomic():
        fresh = lock_record(person, by)
        return change(fresh, {*fresh.case_officers.all()} - {user}, by=by, at=at)


def change(
    person: Person, users: Iterable[User], *, by: User, at: datetime | None = None
) -> Person:
    """Make these users the case officers of a person, and no others."""
    wanted = {*users}
    with transaction.atomic():
        fresh = lock_record(person, by)
        before = {*fresh.case_officers.all()}
        if wanted == before:
            return fresh
        if not can_change(fresh, by):
            raise ActionBlocked(
                _("Only a case officer of this person or a publisher can name case officers.")
            )
        added = wanted - before
        _lock_accounts(added)
        if blockers := change_blockers(fresh, wanted):
            raise ActionBlocked(*blockers)
        _add(fresh, added, by, at)
        _take_away(fresh, before - wanted, by, at)
    return fresh


def change_blockers(person: Person, users: Iterable[User]) -> list[str]:
    """Return why these users can't be the case officers of a person, one sentence each."""
    wanted = {*users}
    unable = sorted(str(user) for user in wanted - {*person.case_officers.all()} - {*eligible()})
    blockers = [
        _("%(name)s can’t be a case officer. Choose a user with the role “Case officer”.")
        % {"name": each}
        for each in unable
    ]
    stay = User.objects.filter(
        pk__in=[user.pk for user in wanted], is_active=True, is_staff=True
    ).exists()
    if person.level == Level.CASE_OFFICERS and not stay:
        blockers.append(
            _(
                "A record at level 0 needs a case officer who can sign in. Name another one before "
                "you remove the last one."
            )
        )
    return blockers


def name_first(
    person: Person, chosen: Iterable[User], *, by: User, at: datetime | None = None
) -> None:
    """Name the case officers of a record that is new or was just lowered to level 0.

    Users who can't be named are left out. At level 0, if there is no case officer then, `by` is
    named: hiding a person is never refused. Call it while the person is locked.
    """
    chosen = {*chosen}
    _lock_accounts(chosen)
    able = {*eligible().filter(pk__in=[user.pk for user in chosen])}
    _add(person, able - {*person.case_officers.all()}, by, at)
    if person.level == Level.CASE_OFFICERS and not of(person).exists():
        _add(person, {by}, by, at)


def name_on_records_without_officer(
    user: User, *, by: User | None, at: datetime | None = None
) -> int:
    """Name a user on each record at level 0 that nobody sees. Return how many there were.

    Administrators and commands use it. They don’t learn which records these are, so an
    administrator can't name their own account.
    """
    if user == by:
        raise ActionBlocked(_("You can’t name yourself here. Choose another user."))
    with transaction.atomic():
        lock_names_for_change()
        people = lock_rows(Person.objects.filter(pk__in=Person.objects.without_officer()))
        _lock_accounts({user})
        if not eligible().contains(user):
            raise ActionBlocked(
                _("%(name)s can’t be a case officer. Choose a user with the role “Case officer”.")
                % {"name": user}
            )
        for person in people:
            _add(person, {user} - {*person.case_officers.all()}, by, at)
    return len(people)


def records_only_for(user: User) -> list[Person]:
    """Return the records at level 0 that nobody else can see, locked until the transaction ends."""
    named = Person.case_officers.through.objects.filter(user=user).values("person")
    lock_rows(Person.objects.filter(pk__in=named))
    return list(Person.objects.filter(level=Level.CASE_OFFICERS).only_seen_by(user))


@receiver(is_needed)
def _last_officer_stays(user: User, losing: Collection[str] | None = None, **signal: Any) -> bool:
    with transaction.atomic():
        if losing is not None and _is_eligible_without(user, losing):
            return False
        return bool(records_only_for(user))


@receiver(leaving)
def _remove_from_records(
    user: User,
    by: User | None = None,
    losing: Collection[str] | None = None,
    at: datetime | None = None,
    **signal: Any,
) -> None:
    """Remove a user from all records who leaves the team, or loses the role “Case officer”."""
    was_eligible = eligible().contains(user)
    if losing is not None and (not was_eligible or _is_eligible_without(user, losing)):
        return
    with transaction.atomic():
        named = Person.case_officers.through.objects.filter(user=user).values("person")
        for person in lock_rows(Person.objects.filter(pk__in=named)):
            _take_away(person, {user}, by, at)


def _is_eligible_without(user: User, losing: Collection[str]) -> bool:
    """Return whether a user can still be named without these roles."""
    app, codename = PERMISSION.split(".")
    kept = team.permissions_without(user, losing)
    return kept.filter(content_type__app_label=app, codename=codename).exists()


def _lock_accounts(users: Collection[User]) -> None:
    """Wait for transactions that change these accounts, so that `eligible` reads their result."""
    keys = sorted(user.pk for user in users)
    list(User.objects.filter(pk__in=keys).order_by("pk").select_for_update(no_key=True))


def _add(person: Person, users: Collection[User], by: User | None, at: datetime | None) -> None:
    for user in sorted(users, key=lambda user: user.pk):
        person.case_officers.add(user)
        record(Verb.OFFICER_ADDED, by=by, subject=user, about=f"person:{person.pk}", at=at)
        if user.email and user != by:
            # Editors see the subject in the list of e-mails, so it does not mention the level.
            text = _(
                "You are a case officer of a person now. Only case officers see the record if it "
                "is at level 0. Open it here:"
            )
            address = settings.SITE_URL + desk_address(person)
            subject = _("You were named as a case officer")
            outbox.add_email(user.email, subject, f"{text}\n\n{address}\n", by=by)


def _take_away(
    person: Person, users: Collection[User], by: User | None, at: datetime | None
) -> None:
    for user in sorted(users, key=lambda user: user.pk):
        person.case_officers.remove(user)
        record(Verb.OFFICER_REMOVED, by=by, subject=user, about=f"person:{person.pk}", at=at)

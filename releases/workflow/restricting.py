"""Restricted releases: only the people named may read them until they are public.

Each action locks the release, checks, changes, records in the record of access and e-mails the
people named, in one transaction. An e-mail has no title, and the record has no names.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.dispatch import Signal, receiver
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import team
from accounts.errors import ActionBlocked
from accounts.hooks import is_needed
from accounts.models import AccessEvent, User
from accounts.record import record as record_access
from people.locking import lock_names_for_change
from releases.models import FormerSlug, Release, ReleaseAccess, RestrictedFile
from releases.rules.blockers import outsider_blockers
from releases.workflow.actions import APPROVE, SUBMIT
from releases.workflow.emails import email_people_named
from releases.workflow.recording import lock, raise_if

Verb = AccessEvent.Verb
READ, WRITE = "releases.view_release", "releases.change_release"

# Sent in the transaction in which users lose access to a release. Arguments: `release`, `by`, `at`.
access_ended = Signal()


def restrict(
    release: Release, *, by: User, people: Collection[User], at: datetime | None = None
) -> Release:
    """Restrict a release to some people and the user who does it."""
    at = at or timezone.now()
    with transaction.atomic():
        lock_names_for_change()
        fresh = lock(release, any_version=True)
        _check(fresh, by, at)
        if fresh.is_restricted():
            raise ActionBlocked(_("This release is already restricted."))
        if fresh.has_been_public(at):
            raise ActionBlocked(_("This release was public already, so it can’t be restricted."))
        chosen = {user.pk: user for user in [by, *people]}
        for user in chosen.values():
            _check_can_be_named(user)
        _check_can_be_finished(fresh, chosen)
        ReleaseAccess.objects.bulk_create(
            ReleaseAccess(release=fresh, user=user, added_by=by, at=at) for user in chosen.values()
        )
        fresh.save()
        # Its earlier address was never public. As a redirect, it would tell others that it exists.
        FormerSlug.objects.filter(release=fresh).delete()
        _record(Verb.RESTRICTED, fresh, by, at)
        for user in chosen.values():
            _record(Verb.ACCESS_GIVEN, fresh, by, at, subject=user)
        _email(
            fresh,
            _("A release is restricted"),
            _("%(who)s restricted a release and named you. Only the people named can read it."),
            by,
        )
        access_ended.send(Release, release=fresh, by=by, at=at)
    return fresh


def give_access(
    release: Release, user: User, *, by: User | None, at: datetime | None = None
) -> None:
    """Name another person on a restricted release. `by` is None for a command."""
    at = at or timezone.now()
    with transaction.atomic():
        fresh = lock(release, any_version=True)
        if by:
            _check(fresh, by, at)
        _check_restricted(fresh)
        _check_can_be_named(user)
        if user.pk in fresh.people_named():
            raise ActionBlocked(_("%(name)s is already named.") % {"name": user})
        ReleaseAccess.objects.create(release=fresh, user=user, added_by=by, at=at)
        _record(Verb.ACCESS_GIVEN, fresh, by, at, subject=user)
        text = _("%(who)s gave %(name)s access to a restricted release that you can read.")
        _email(fresh, _("Someone can read a restricted release"), text, by, name=user)


def remove_access(release: Release, user: User, *, by: User, at: datetime | None = None) -> None:
    """Remove a person from a restricted release. Users can also remove themselves."""
    at = at or timezone.now()
    with transaction.atomic():
        fresh = lock(release, any_version=True)
        _check(fresh, by, at, of_oneself=user == by)
        _check_restricted(fresh)
        row = ReleaseAccess.objects.filter(release=fresh, user=user).first()
        if row is None:
            raise ActionBlocked(_("%(name)s is not named any more.") % {"name": user})
        people = _people_named(fresh)
        people.pop(user.pk)
        _check_can_be_finished(fresh, people)
        text = _("%(who)s removed %(name)s from the people who can read a restricted release.")
        _email(fresh, _("Access to a restricted release has ended"), text, by, name=user)
        row.delete()
        _record(Verb.ACCESS_REMOVED, fresh, by, at, subject=user)
        access_ended.send(Release, release=fresh, by=by, at=at)


def end_restriction(release: Release, *, by: User, at: datetime | None = None) -> None:
    """End a restriction. The whole newsroom can then read the release and all its versions."""
    at = at or timezone.now()
    with transaction.atomic():
        fresh = lock(release, any_version=True)
        _check(fresh, by, at)
        _check_restricted(fresh)
        text = _("%(who)s ended the restriction of a release. The whole newsroom can read it now.")
        _email(fresh, _("A release is no longer restricted"), text, by)
        ReleaseAccess.objects.filter(release=fresh).delete()
        RestrictedFile.objects.filter(release=fresh).delete()
        _record(Verb.RESTRICTION_ENDED, fresh, by, at)


def notify_of_names(releases: Iterable[UUID]) -> None:
    """E-mail the people named on these releases, if they are restricted, about a protected name.

    `manage.py namecheck` found it in their public text.
    """
    for release in Release.objects.filter(pk__in=set(releases)).order_by("pk"):
        text = _(
            "The check of public pages found a protected name in a restricted release that you can "
            "read. The release is public. Correct it or take it offline."
        )
        email_people_named(release, _("A public page contains a protected name"), text)


def may_restrict(release: Release, user: User) -> bool:
    """Return whether a user may decide who reads a release: its creator or a publisher."""
    decides = release.created_by_id == user.pk or user.has_perm(APPROVE.permission)
    return decides and release.is_known_to(user)


def can_finish(release: Release, user: User, losing: Collection[str] = ()) -> tuple[bool, bool]:
    """Return whether a user can submit a release, and whether the user can approve it.

    `losing` are names of roles that the user is about to lose.
    """
    later: Any = user
    if losing and not user.is_superuser:
        later = _Without(user, losing)
    submits = later.has_perm(SUBMIT.permission) and release.is_editable_by(later)
    return submits, later.has_perm(APPROVE.permission)


class _Without:
    """A user without some roles."""

    def __init__(self, user: User, losing: Collection[str]) -> None:
        kept = team.permissions_without(user, losing)
        keys = kept.values_list("content_type__app_label", "codename")
        self.pk = user.pk
        self.permissions = {".".join(key) for key in keys} if user.is_active else set()

    def has_perm(self, permission: str) -> bool:
        return permission in self.permissions


def finishers(
    release: Release, people: Iterable[User], losing: Mapping[int, Collection[str]] | None = None
) -> list[User]:
    """Return those of these people who can submit a release that another of them can approve.

    `losing` has the names of roles that a user, by key, is about to lose.
    """
    losing = losing or {}
    can = {user: can_finish(release, user, losing.get(user.pk, ())) for user in people}
    return [
        user
        for user, (submits, _approves) in can.items()
        if submits and any(approves for other, (_s, approves) in can.items() if other != user)
    ]


def next_author(release: Release, but: User) -> User | None:
    """Return who becomes the author of a restricted release when its author (`but`) leaves.

    Of the people named who can write, it is the first who can finish the release with another.
    """
    rows = release.access.exclude(user=but).select_related("user")
    writers = [row.user for row in rows if row.user.has_perm(WRITE)]
    return next(iter(finishers(release, writers) or writers), None)


def people_who_can_be_named() -> QuerySet[User]:
    """Return the users who can be named on a release: everyone who can read releases."""
    return team.users_with(READ).order_by("first_name", "last_name", "username")


@receiver(is_needed)
def _is_needed(user: User, losing: Collection[str] | None = None, **signal: Any) -> bool:
    """Return whether a restricted release could not be finished without a user.

    A user who loses only some roles (`losing`) stays one of the people who can read them.
    The releases are locked to the end of the transaction, so that nobody else is removed meanwhile.
    """
    own = ReleaseAccess.objects.filter(user=user).values("release")
    locked = Release.objects.filter(pk__in=own).order_by("pk").select_for_update(of=("self",))
    return not all(_continues_without(user, release, losing) for release in locked)


def _continues_without(user: User, release: Release, losing: Collection[str] | None) -> bool:
    people = _people_named(release)
    if losing is None:
        people.pop(user.pk, None)
    if release.status == Release.Status.WITHDRAWN or release.is_published():
        return any(other.is_active for other in people.values())
    return bool(finishers(release, people.values(), {user.pk: losing or ()}))


def _check(release: Release, by: User, at: datetime, of_oneself: bool = False) -> None:
    """Raise ActionBlocked if a user may not decide who reads a locked release."""
    raise_if(outsider_blockers(release, by, at))
    if not (may_restrict(release, by) or of_oneself):
        raise ActionBlocked(
            _("Only its author and publishers can change who can read this release.")
        )


def _check_restricted(release: Release) -> None:
    if not release.is_restricted():
        raise ActionBlocked(
            _("This release is not restricted any more. The whole newsroom can read it.")
        )


def _check_can_be_named(user: User) -> None:
    fresh = User.objects.filter(pk=user.pk, is_active=True, is_staff=True).first()
    if fresh is None:
        raise ActionBlocked(_("%(name)s can’t sign in to the desk.") % {"name": user})
    if not fresh.has_perm(READ):
        raise ActionBlocked(_("%(name)s has no role that can read releases.") % {"name": user})


def _check_can_be_finished(release: Release, people: dict[int, User]) -> None:
    if not finishers(release, User.objects.filter(pk__in=people)):
        raise ActionBlocked(
            _(
                "At least two of the people named must be able to finish it: one submits it, "
                "another approves it. Name another person first."
            )
        )


def _people_named(release: Release) -> dict[int, User]:
    return User.objects.in_bulk(release.people_named())


def _record(
    verb: AccessEvent.Verb, release: Release, by: User | None, at: datetime, **more: Any
) -> None:
    record_access(verb, by=by, about=f"release:{release.pk}", at=at, **more)


def _email(release: Release, subject: str, text: str, by: User | None, **values: Any) -> None:
    who = by or _("The operator of the server")
    email_people_named(release, subject, text % {"who": who, **values}, but=by)

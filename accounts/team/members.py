"""The actions on a member of the team: rename, change roles, pause, resume, leave.

Each locks the team, checks who acts, changes, records and e-mails in one transaction, and raises
ActionBlocked with sentences. `request` gives the record the network of the client.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime

from allauth.mfa.models import Authenticator
from django.db import transaction
from django.dispatch import Signal
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import hooks, known_browsers
from accounts.errors import ActionBlocked
from accounts.models import FactorRecovery, User
from accounts.record import Verb, record
from accounts.roles import ROLES
from accounts.sessions import end_unrecorded
from accounts.team import emails, invitations
from accounts.team.administrators import administrator, administrators, keep_an_administrator
from accounts.team.groups import MAX_NAME_CHARACTERS, groups_of_roles, roles_of

# Sent in the transaction in which a user leaves. Arguments: `user`, `successor` (who takes over
# unpublished texts, or None), `by` and `at`. A receiver may raise ActionBlocked.
member_left = Signal()


def rename(
    user: User,
    *,
    name: str,
    by: User,
    at: datetime | None = None,
    request: HttpRequest | None = None,
) -> User:
    """Change the name that the desk shows for a user."""
    name = " ".join(name.split())
    if not name or len(name) > MAX_NAME_CHARACTERS:
        raise ActionBlocked(
            _("Enter a name of at most %(number)s characters.") % {"number": MAX_NAME_CHARACTERS}
        )
    with _changing(user, by) as (fresh, actor):
        if fresh.get_full_name() != name:
            fresh.first_name, fresh.last_name = name, ""
            fresh.save(update_fields=["first_name", "last_name"])
            record(
                Verb.ACCOUNT_CHANGED, by=actor, subject=fresh, request=request, at=at,
                fields=["name"],
            )  # fmt: skip
            emails.renamed(fresh, actor)
    return fresh


def change_roles(
    user: User,
    *,
    roles: Collection[str],
    by: User,
    read: Collection[str] | None = None,
    at: datetime | None = None,
    request: HttpRequest | None = None,
) -> User:
    """Give a user exactly these roles. Other groups of the user stay.

    `read` are the roles that the administrator saw. If they have changed since, it is blocked.
    """
    groups = groups_of_roles(roles)
    with _changing(user, by) as (fresh, actor):
        before = roles_of(fresh)
        if read is not None and set(read) != set(before):
            raise ActionBlocked(
                _(
                    "Someone changed the roles of %(name)s while this page was open. Check them "
                    "and save again."
                )
                % {"name": fresh}
            )
        if set(before) == set(roles):
            return fresh
        others = list(fresh.groups.exclude(name__in=ROLES))
        if not groups and not others and not fresh.is_superuser:
            raise ActionBlocked(_("Choose a role. Without a role, a user can’t do anything."))
        if removed := set(before) - set(roles):
            _raise_if_needed(fresh, actor, removed, at)
            hooks.announce_leaving(fresh, by=actor, losing=removed, at=at)
        fresh.groups.set([*groups, *others])
        record(
            Verb.ROLES_CHANGED, by=actor, subject=fresh, request=request, at=at,
            before=before, roles=[name for name in ROLES if name in roles],
        )  # fmt: skip
        end_invitations_of(fresh, by=actor, at=at, request=request)
        emails.roles_changed(fresh, before, roles, actor)
    return User.objects.get(pk=fresh.pk)


def change_member(
    user: User,
    *,
    name: str,
    roles: Collection[str],
    read: Collection[str],
    by: User,
    request: HttpRequest | None = None,
) -> None:
    """Change the name and the roles of a user, both or neither. See `rename` and `change_roles`."""
    with transaction.atomic():
        # After administrators have given up their role, they can't change a name any more.
        if user == by:
            rename(user, name=name, by=by, request=request)
        change_roles(user, roles=roles, read=read, by=by, request=request)
        if user != by:
            rename(user, name=name, by=by, request=request)


def pause(
    user: User, *, by: User, at: datetime | None = None, request: HttpRequest | None = None
) -> User:
    """Close an account for some time: its sessions end at once, and nobody can sign in to it.

    Nothing blocks it, because it stops a stolen account. A record or a release that needs the
    person has a way for others: `people.officers.name_on_records_without_officer`, `giveaccess`.
    """
    with _changing(user, by) as (fresh, actor):
        if fresh.pk == actor.pk:
            raise ActionBlocked(_("You can’t pause your own account. Ask another administrator."))
        if not fresh.is_active:
            raise ActionBlocked(_("The account of %(name)s is paused already.") % {"name": fresh})
        fresh.is_active = False
        fresh.save(update_fields=["is_active"])
        note_pause(fresh, by=actor, at=at, request=request)
        end_invitations_of(fresh, by=actor, at=at, request=request)
    return fresh


def resume(
    user: User, *, by: User, at: datetime | None = None, request: HttpRequest | None = None
) -> User:
    """Open a paused account again, with the roles that it had."""
    with _changing(user, by) as (fresh, actor):
        if fresh.is_active:
            raise ActionBlocked(_("The account of %(name)s is active.") % {"name": fresh})
        fresh.is_active = True
        fresh.save(update_fields=["is_active"])
        note_resumption(fresh, by=actor, at=at, request=request)
    return fresh


def leave(
    user: User,
    *,
    by: User,
    successor: User | None = None,
    at: datetime | None = None,
    request: HttpRequest | None = None,
) -> User:
    """Close an account for ever. Its drafts go to `successor`, its name stays in the record."""
    at = at or timezone.now()
    with _changing(user, by) as (fresh, actor):
        if fresh.pk == actor.pk:
            raise ActionBlocked(_("You can’t close your own account. Ask another administrator."))
        heir = _heir(fresh, successor)
        _raise_if_needed(fresh, actor, None, at)
        hooks.announce_leaving(fresh, by=actor, at=at)
        member_left.send(User, user=fresh, successor=heir, by=actor, at=at)
        before = roles_of(fresh)
        fresh.left_at, fresh.is_active, fresh.is_superuser = at, False, False
        fresh.set_unusable_password()
        fresh.save()
        fresh.groups.clear()
        fresh.user_permissions.clear()
        _remove_means_of_sign_in(fresh, at)
        record(
            Verb.LEFT, by=actor, subject=fresh, request=request, at=at,
            roles=before, successor=heir and heir.pk,
        )  # fmt: skip
        end_invitations_of(fresh, by=actor, at=at, request=request)
        emails.left(fresh, actor)
    return fresh


def note_pause(
    user: User, *, by: User, at: datetime | None = None, request: HttpRequest | None = None
) -> None:
    """End what is open of an account that was just paused, record the pause, and notify its user.

    Here and on Django’s own page of a user, the caller holds the lock of the team.
    """
    end_unrecorded(user)
    known_browsers.forget(user)
    record(Verb.PAUSED, by=by, subject=user, request=request, at=at)
    emails.paused(user, by)


def note_resumption(
    user: User, *, by: User, at: datetime | None = None, request: HttpRequest | None = None
) -> None:
    """Record that a paused account was opened again, and notify its user."""
    record(Verb.RESUMED, by=by, subject=user, request=request, at=at)
    emails.resumed(user, by)


@contextmanager
def _changing(user: User, by: User) -> Iterator[tuple[User, User]]:
    """Yield the locked row of a user and that of who acts, for a change that is allowed."""
    with keep_an_administrator():
        actor = administrator(by)
        fresh = User.objects.select_for_update(no_key=True).get(pk=user.pk)
        if fresh.is_superuser and not actor.is_superuser:
            raise ActionBlocked(
                _("%(name)s is a superuser. Only a superuser can change this account.")
                % {"name": fresh}
            )
        if fresh.left_at:
            raise ActionBlocked(
                _("%(name)s has left the team. This account can’t be changed any more.")
                % {"name": fresh}
            )
        yield fresh, actor


def _raise_if_needed(
    user: User, by: User, losing: Collection[str] | None, at: datetime | None
) -> None:
    """Raise ActionBlocked if other rooms need something first. `losing` is as in accounts.hooks."""
    if sentences := hooks.find_blockers(user, by=by, losing=losing, at=at):
        raise ActionBlocked(*sentences)


def _heir(user: User, successor: User | None) -> User | None:
    """Return the locked row of a successor. Raises ActionBlocked if it can't be this user."""
    if successor is None:
        return None
    heir = User.objects.select_for_update(no_key=True).filter(pk=successor.pk).first()
    if heir is None or heir.pk == user.pk or not heir.is_active or not heir.is_staff:
        raise ActionBlocked(_("Choose an active member of the team to take over the drafts."))
    return heir


def end_invitations_of(
    user: User, *, by: User, at: datetime | None = None, request: HttpRequest | None = None
) -> None:
    """Cancel the open invitations of a user who can no longer manage the team."""
    if not administrators().filter(pk=user.pk).exists():
        invitations.cancel_all_of(user, by=by, at=at, request=request)


def _remove_means_of_sign_in(user: User, at: datetime) -> None:
    """End everything with which a user could sign in, or come back."""
    end_unrecorded(user)
    known_browsers.forget(user)
    open_recoveries = FactorRecovery.objects.filter(user=user, used_at=None, cancelled_at=None)
    open_recoveries.update(cancelled_at=at)
    Authenticator.objects.filter(user=user).delete()

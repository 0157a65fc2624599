"""The sessions of a user: which are open, and ending them.

Each session contains a hash of the password and of `User.session_epoch`, which Django compares at
every request. A new epoch therefore ends all sessions at once, without a search for them: Django
stores the user of a session encoded.
"""

import secrets

from allauth.usersessions.models import UserSession
from django.contrib.auth import HASH_SESSION_KEY
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import User
from accounts.record import Verb, record


def list_open(request: HttpRequest) -> list[UserSession]:
    """Return the open sessions of the user of a request, the newest first."""
    user = User.of(request)
    if not UserSession.objects.filter(session_key=request.session.session_key).exists():
        UserSession.objects.create_from_request(request)  # from before sessions were listed
    found = UserSession.objects.purge_and_list(user)
    return sorted(found, key=lambda session: session.created_at, reverse=True)


def ended() -> QuerySet[UserSession]:
    """Return the rows of sessions that have ended or expired."""
    return UserSession.objects.exclude(session_key__in=Session.objects.values("session_key"))


@transaction.atomic
def end(user: User, pk: int, *, request: HttpRequest) -> bool:
    """End one session of a user; return whether there was such a session."""
    session = UserSession.objects.select_for_update().filter(user=user, pk=pk).first()
    if session is None:
        return False
    session.end()
    record(Verb.SESSION_ENDED, by=user, subject=user, request=request)
    return True


@transaction.atomic
def end_all(user: User, *, by: User | None, request: HttpRequest | None = None) -> int:
    """End all sessions of a user, and record it; return how many were listed.

    Sessions from before they were listed end too.
    """
    return _record_ended(user, end_unrecorded(user), by, request)


@transaction.atomic
def end_others(request: HttpRequest) -> int:
    """End the sessions of a user except that of the request, like `end_all`."""
    user = User.of(request)
    return _record_ended(user, end_unrecorded(user, keep=request), user, request)


@transaction.atomic
def end_unrecorded(user: User, *, keep: HttpRequest | None = None) -> int:
    """End all sessions of a user in an action that is recorded itself; return how many were listed.

    `keep` is a request of the user, whose session stays open.
    """
    user.session_epoch = secrets.token_hex(16)
    user.save(update_fields=["session_epoch"])
    listed = UserSession.objects.filter(user=user)
    if keep:
        listed = listed.exclude(session_key=keep.session.session_key)
        _save_new_hash(keep, user)
    keys = list(listed.values_list("session_key", flat=True))
    sessions = Session.objects.filter(session_key__in=keys)
    count = sessions.filter(expire_date__gt=timezone.now()).count()
    sessions.delete()
    listed.delete()
    return count


def _save_new_hash(request: HttpRequest, user: User) -> None:
    """Write the new hash into the session of a request, before another tab reads the old one."""
    request.session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    key = request.session.session_key
    if key and request.session.exists(key):
        request.session.save()


def _record_ended(user: User, count: int, by: User | None, request: HttpRequest | None) -> int:
    if count:
        record(Verb.SESSION_ENDED, by=by, subject=user, request=request, sessions=count)
    return count

"""The sessions of a user: which are open, and ending them."""

from allauth.usersessions.models import UserSession
from django.contrib.auth import HASH_SESSION_KEY
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import User
from accounts.record import Verb, record
from accounts.session_epoch import end_sessions


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
def end_all(
    user: User,
    *,
    by: User | None,
    request: HttpRequest | None = None,
    keep: str | None = None,
) -> int:
    """End all sessions of a user except the one with the key `keep`; return how many were listed.

    Sessions from before they were listed end too. `keep` must be the session of the request.
    """
    listed = UserSession.objects.filter(user=user).exclude(session_key=keep or "")
    open_now = Session.objects.filter(expire_date__gt=timezone.now()).values("session_key")
    count = listed.filter(session_key__in=open_now).count()
    end_sessions(user, except_key=keep)
    if keep and request:
        # Otherwise the request would save its old hash.
        request.session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    if count:
        record(Verb.SESSION_ENDED, by=by, subject=user, request=request, sessions=count)
    return count

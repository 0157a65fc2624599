"""The sessions of a user: which are open, and ending them."""

from allauth.usersessions.models import UserSession
from django.contrib.auth import SESSION_KEY
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
def end_all(
    user: User,
    *,
    by: User | None,
    request: HttpRequest | None = None,
    keep: str | None = None,
) -> int:
    """End all sessions of a user except the one with the key `keep`; return how many ended.

    It reads every session of the newsroom, because one that is older than the list of sessions is
    not in it.
    """
    ended = [
        row.pk
        for row in Session.objects.filter(expire_date__gt=timezone.now()).iterator()
        if row.pk != keep and row.get_decoded().get(SESSION_KEY) == str(user.pk)
    ]
    Session.objects.filter(pk__in=ended).delete()
    UserSession.objects.filter(user=user).exclude(session_key=keep or "").delete()
    if ended:
        record(Verb.SESSION_ENDED, by=by, subject=user, request=request, sessions=len(ended))
    return len(ended)

"""Ends the sessions of a user.

Each session contains a hash of the password and of `User.session_epoch`, which Django compares at
every request. A new epoch therefore ends all sessions at once, without a search for them: Django
stores the user of a session encoded.
"""

import secrets
from importlib import import_module

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY
from django.contrib.sessions.models import Session
from django.db import transaction

from accounts.models import User


def end_sessions(user: User, except_key: str | None = None) -> None:
    """End all sessions of a user, except the one with the key `except_key`.

    A view that keeps the session of its own request must also call
    `django.contrib.auth.update_session_auth_hash`, because the request would save its old hash.
    """
    with transaction.atomic():
        user.session_epoch = secrets.token_hex(16)
        user.save(update_fields=["session_epoch"])
        if except_key:
            _keep(user, except_key)
        # The list of sessions that a user sees.
        listed = UserSession.objects.filter(user=user).exclude(session_key=except_key or "")
        keys = list(listed.values_list("session_key", flat=True))
        Session.objects.filter(session_key__in=keys).delete()
        listed.delete()


def _keep(user: User, key: str) -> None:
    """Write the new hash into a session that stays open."""
    store = import_module(settings.SESSION_ENGINE).SessionStore(session_key=key)
    if store.get(HASH_SESSION_KEY):
        store[HASH_SESSION_KEY] = user.get_session_auth_hash()
        store.save()

"""Which rows of accounts are too old. `pressroom.retention` removes them."""

from datetime import datetime
from typing import Any

from django.contrib.sessions.models import Session
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts import sessions
from accounts.models import AccessEvent, FactorRecovery, Invitation, KnownBrowser
from accounts.record import Verb, record
from accounts.triggers import deletion_allowed


def expired_events(before: datetime) -> QuerySet[AccessEvent]:
    """Return the events of the record from before a time, as rows that can be deleted."""
    return QuerySet(AccessEvent).filter(at__lt=before)


def shorten_record(events: QuerySet[AccessEvent]) -> int:
    """Delete events of the record, and record how many and from when. Return the number."""
    newest = events.order_by("-at").values_list("at", flat=True).first()
    if newest is None:
        return 0
    with deletion_allowed():
        deleted, _per_model = events.delete()
        day = timezone.localdate(newest).isoformat()
        record(Verb.RECORD_SHORTENED, events=deleted, until=day)
    return deleted


def ended_invitations(before: datetime) -> QuerySet[Invitation]:
    """Return the invitations that were accepted or cancelled, or expired, before a time."""
    return Invitation.objects.filter(
        Q(expires_at__lt=before) | Q(accepted_at__lt=before) | Q(cancelled_at__lt=before)
    )


def finished_recoveries(before: datetime) -> QuerySet[FactorRecovery]:
    """Return the recoveries that were used or cancelled, or expired, before a time."""
    return FactorRecovery.objects.filter(
        Q(expires_at__lt=before) | Q(used_at__lt=before) | Q(cancelled_at__lt=before)
    )


def unused_browsers(before: datetime) -> QuerySet[KnownBrowser]:
    """Return the browsers in which nobody has signed in since a time."""
    return KnownBrowser.objects.filter(last_seen_at__lt=before)


def ended_sessions(before: datetime) -> QuerySet[Any]:
    """Return the sessions that ended before a time."""
    return Session.objects.filter(expire_date__lt=before)


def details_of_ended_sessions(before: datetime) -> QuerySet[Any]:
    """Return the rows with network and browser of sessions that have ended, at any time."""
    return sessions.ended()

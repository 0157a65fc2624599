"""Writes the record of access. Call `record` in the transaction of the action."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from accounts.models import AccessEvent, User
from accounts.networks import address_of, network_of

Verb = AccessEvent.Verb


def record(
    verb: AccessEvent.Verb,
    *,
    by: User | None = None,
    subject: User | None = None,
    about: str = "",
    request: HttpRequest | None = None,
    at: datetime | None = None,
    **detail: Any,
) -> AccessEvent:
    """Add an event: `by` acted on the account `subject`, or on the row `about`.

    `request` gives the network of the client. `detail` must not contain names, addresses or
    passwords, because the record outlives an account. Empty values are left out.
    """
    return AccessEvent.objects.create(
        at=at or timezone.now(),
        verb=verb,
        actor_id=by.pk if by else None,
        subject_id=subject.pk if subject else None,
        about=about,
        network=network_of(address_of(request)) if request else "",
        detail={key: value for key, value in detail.items() if value},
    )

"""The outbox: e-mails are rows, written in the transaction of the action they tell of.

    outbox.put(to, subject, text, about=f"release:{release.pk}", by=user)

A worker sends what is due over one connection and commits each message by itself, right after the
mail server's answer. So no message is lost, and one is sent twice only if the worker dies after the
server has the whole message and before the commit; both copies then have the same Message-ID.

A text that must not lie in the database, such as the address of a preview, is completed by a
function at the moment of sending: `put(…, fill="previews.address")`.
"""

import logging
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.utils import DNS_NAME
from django.db import transaction
from django.dispatch import Signal
from django.utils import timezone

from jobs import leases, mail, wake
from jobs.models import Email

log = logging.getLogger(__name__)

BATCH = 100  # messages for one connection
A_BATCH_TAKES = 10 * 60  # seconds, at most
PAUSES = [
    timedelta(minutes=minutes) for minutes in (1, 2, 5, 10, 20, 30, 60, 120, 240, 480, 720, 720)
]  # in all a day and a half; a mail server that is away for a weekend needs a person anyway

# Sent in the transaction that notes a message as sent. Takes `email`.
sent = Signal()

# Completes the text of a message, or raises NotNeeded.
Fill = Callable[[Email], str]
FILLS: dict[str, Fill] = {}


class NotNeeded(Exception):
    """The message has lost its purpose since it was written. The text says why."""


def fills(name: str) -> Callable[[Fill], Fill]:
    """Declare a function that completes texts, under a name that is kept for ever."""

    def declare(function: Fill) -> Fill:
        FILLS[name] = function
        return function

    return declare


def put(
    to: str,
    subject: str,
    text: str,
    *,
    about: str = "",
    by: Any = None,
    fill: str = "",
    fill_key: str = "",
) -> Email | None:
    """Write a message into the outbox, in the transaction of the caller.

    Returns None and writes nothing where e-mail is off.
    """
    if not settings.EMAIL_IS_ON:
        return None
    key = uuid.uuid4()
    email = Email.objects.create(
        uuid=key,
        message_id=f"<{key}@{_domain()}>",
        to=to,
        subject=subject[:200],
        text=text,
        about=about,
        by=by,
        fill=fill,
        fill_key=fill_key,
    )
    transaction.on_commit(wake.up)
    return email


def send_again(email: Email) -> None:
    """Let a message that was given up be tried again, now."""
    Email.objects.filter(pk=email.pk, state=Email.State.FAILED).exclude(text="").update(
        state=Email.State.WAITING, attempts=0, due_at=timezone.now(), ended_at=None
    )
    transaction.on_commit(wake.up)


def deliver() -> int:
    """Send what is due; return how many messages were sent."""
    if not settings.EMAIL_IS_ON:
        return 0
    done = 0
    while not wake.stopping.is_set() and (batch := _claim()):
        mine = Email.objects.filter(lease=batch[0].lease)
        try:
            with leases.kept(mine.all):
                sent_now = _deliver(batch)
        finally:
            # What was claimed and not tried, because the worker stops.
            mine.update(state=Email.State.WAITING, lease=None, due_at=timezone.now())
        done += sent_now
        if not sent_now:
            break
    return done


def _domain() -> str:
    return settings.DEFAULT_FROM_EMAIL.rpartition("@")[2] or DNS_NAME.get_fqdn()


def _claim() -> list[Email]:
    now = timezone.now()
    due = Email.objects.due(now)
    if not due.exists():
        return []
    lease = uuid.uuid4()
    with transaction.atomic():
        rows = due.order_by("due_at", "created_at").select_for_update(skip_locked=True)
        mine = [email.pk for email in rows.only("pk")[:BATCH]]
        Email.objects.filter(pk__in=mine).update(
            state=Email.State.RUNNING, lease=lease, due_at=now + leases.LEASE
        )
    return list(Email.objects.filter(lease=lease).order_by("created_at", "pk"))


def _deliver(batch: list[Email]) -> int:
    """Send a batch that is ours; return how many messages were sent."""
    begun: list[Email] = []

    def messages() -> Iterator[EmailMessage]:
        for email in batch:
            if wake.stopping.is_set():
                return
            if (message := _message(email)) is not None:
                begun.append(email)
                yield message

    count = 0
    for failure in mail.send(messages(), seconds=A_BATCH_TAKES, patient=True):
        email = begun.pop(0)
        if failure:
            _failed(email, failure)
        else:
            count += 1
            _end(email, Email.State.SENT)
    return count


def _message(email: Email) -> EmailMessage | None:
    """Return a message as it is sent; None where it is not ours any more or was dropped."""
    if not Email.objects.filter(pk=email.pk, lease=email.lease).exists():
        return None
    text = email.text
    if email.fill:
        try:
            text = FILLS[email.fill](email)
        except NotNeeded as reason:
            _end(email, Email.State.DROPPED, str(reason))
            return None
        except Exception as problem:
            log.exception("The text of e-mail %s could not be completed.", email.pk)
            _failed(email, mail.Failure(f"{type(problem).__name__}. The log says more."))
            return None
    headers = {"Message-ID": email.message_id, "Auto-Submitted": "auto-generated"}
    return EmailMessage(email.subject, text, to=[email.to], headers=headers)


def _end(email: Email, state: Email.State, reason: str = "") -> None:
    with transaction.atomic():
        held = Email.objects.filter(pk=email.pk, lease=email.lease)
        ended = held.update(
            state=state, lease=None, text="", reason=reason, ended_at=timezone.now(),
            attempts=email.attempts + (state == Email.State.SENT),
        )  # fmt: skip
        if ended and state == Email.State.SENT:
            sent.send(sender=Email, email=email)


def _failed(email: Email, failure: mail.Failure) -> None:
    """Note why a message was not sent, and when it is tried again, if ever."""
    attempts, now = email.attempts + 1, timezone.now()
    held = Email.objects.filter(pk=email.pk, lease=email.lease)
    if failure.is_final or attempts > len(PAUSES):
        log.error("E-mail %s was given up after %s attempts.", email.pk, attempts)
        held.update(
            state=Email.State.FAILED, lease=None, reason=failure, attempts=attempts, ended_at=now
        )
    else:
        held.update(
            state=Email.State.WAITING, lease=None, reason=failure, attempts=attempts,
            due_at=now + PAUSES[attempts - 1],
        )  # fmt: skip

"""The outbox: each e-mail is a row, saved in the transaction of the action that causes it.

    outbox.add_email(to, subject, text, about=f"release:{release.pk}", by=user)

A worker sends due messages over one connection and commits each one separately, right after the
mail server's answer. Therefore no message is lost. A message is sent twice only if the worker dies
after the server has the whole message and before the commit. Both copies then have the same
Message-ID.

Some text must not be stored in the database, such as the address of a preview. A function adds it
when the message is sent: `add_email(…, fill="previews.address")`.
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
from django.utils.translation import gettext as _

from jobs import leases, mail, wake
from jobs.models import Email

log = logging.getLogger(__name__)

BATCH_SIZE = 100  # messages for one connection
MAX_BATCH_SECONDS = 10 * 60
RETRY_PAUSES = [
    timedelta(minutes=minutes) for minutes in (1, 2, 5, 10, 20, 30, 60, 120, 240, 480, 720, 720)
]  # 40 hours in total; if a mail server is down for longer, a person must act

# Sent in the transaction that marks a message as sent. Provides the argument `email`.
email_sent = Signal()

# A function that returns the complete text of a message, or raises EmailNotNeeded.
Fill = Callable[[Email], str]
FILLS: dict[str, Fill] = {}


class EmailNotNeeded(Exception):
    """The message is no longer needed. The text gives the reason."""


def fills(name: str) -> Callable[[Fill], Fill]:
    """Declare a function that completes texts. Never change its name, because rows contain it."""

    def declare(function: Fill) -> Fill:
        FILLS[name] = function
        return function

    return declare


def add_email(
    to: str,
    subject: str,
    text: str,
    *,
    about: str = "",
    by: Any = None,
    fill: str = "",
    fill_key: str = "",
) -> Email | None:
    """Add a message to the outbox, in the transaction of the caller.

    Returns None and adds nothing if e-mail is off.
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
    transaction.on_commit(wake.wake)
    return email


def send_again(email: Email) -> None:
    """Retry a message that was given up, as soon as possible."""
    Email.objects.filter(pk=email.pk, state=Email.State.FAILED).exclude(text="").update(
        state=Email.State.WAITING, attempts=0, due_at=timezone.now(), ended_at=None
    )
    transaction.on_commit(wake.wake)


def send_due() -> int:
    """Send the due messages; return how many were sent."""
    if not settings.EMAIL_IS_ON:
        return 0
    done = 0
    while not wake.stopping.is_set() and (batch := _claim()):
        mine = Email.objects.filter(lease=batch[0].lease)
        try:
            with leases.kept_lease(mine.all):
                count = _send_batch(batch)
        finally:
            # Release messages that were claimed but not tried, because the worker is stopping.
            mine.update(state=Email.State.WAITING, lease=None, due_at=timezone.now())
        done += count
        if not count:
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
        mine = [email.pk for email in rows.only("pk")[:BATCH_SIZE]]
        Email.objects.filter(pk__in=mine).update(
            state=Email.State.RUNNING, lease=lease, due_at=now + leases.LEASE
        )
    return list(Email.objects.filter(lease=lease).order_by("created_at", "pk"))


def _send_batch(batch: list[Email]) -> int:
    """Send a claimed batch; return how many messages were sent."""
    begun: list[Email] = []

    def messages() -> Iterator[EmailMessage]:
        for email in batch:
            if wake.stopping.is_set():
                return
            if (message := _message(email)) is not None:
                begun.append(email)
                yield message

    count = 0
    for failure in mail.send(
        messages(), seconds=MAX_BATCH_SECONDS, reply_timeout=mail.REPLY_SECONDS
    ):
        email = begun.pop(0)
        if failure:
            _failed(email, failure)
        else:
            count += 1
            _end(email, Email.State.SENT)
    return count


def _message(email: Email) -> EmailMessage | None:
    """Return a message ready to send; None if its lease is lost or it was dropped."""
    if not Email.objects.filter(pk=email.pk, lease=email.lease).exists():
        return None
    text = email.text
    if email.fill:
        try:
            text = FILLS[email.fill](email)
        except EmailNotNeeded as reason:
            _end(email, Email.State.DROPPED, str(reason))
            return None
        except Exception as problem:
            log.exception("The text of e-mail %s could not be completed.", email.pk)
            _failed(
                email,
                mail.SendFailure(_("%(error)s. See the log.") % {"error": type(problem).__name__}),
            )
            return None
    headers = {"Message-ID": email.message_id, "Auto-Submitted": "auto-generated"}
    return EmailMessage(email.subject, text, to=[email.to], headers=headers)


def _end(email: Email, state: Email.State, reason: str = "") -> None:
    with transaction.atomic():
        owned = Email.objects.filter(pk=email.pk, lease=email.lease)
        ended = owned.update(
            state=state, lease=None, text="", reason=reason, ended_at=timezone.now(),
            attempts=email.attempts + (state == Email.State.SENT),
        )  # fmt: skip
        if ended and state == Email.State.SENT:
            email_sent.send(sender=Email, email=email)


def _failed(email: Email, failure: mail.SendFailure) -> None:
    """Record why a message was not sent, and when to retry it, if at all."""
    attempts, now = email.attempts + 1, timezone.now()
    owned = Email.objects.filter(pk=email.pk, lease=email.lease)
    if failure.is_final or attempts > len(RETRY_PAUSES):
        log.error("E-mail %s was given up after %s attempts.", email.pk, attempts)
        owned.update(
            state=Email.State.FAILED, lease=None, reason=failure, attempts=attempts, ended_at=now
        )
    else:
        owned.update(
            state=Email.State.WAITING, lease=None, reason=failure, attempts=attempts,
            due_at=now + RETRY_PAUSES[attempts - 1],
        )  # fmt: skip

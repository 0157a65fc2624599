"""Handing unpublished texts over, when somebody leaves the team."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.dispatch import receiver
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import team
from accounts.desk_addresses import desk_home
from accounts.errors import ActionBlocked
from accounts.models import User
from jobs import outbox
from people.locking import lock_names_for_change
from releases.models import Event, Release
from releases.workflow.actions import DRAFT, IN_REVIEW
from releases.workflow.recording import lock, set_status

WRITE = "releases.change_release"


@receiver(team.member_left)
def _hand_over_all(
    *, user: User, successor: User | None, by: User, at: datetime, **signal: Any
) -> None:
    hand_over(user, successor, by=by, at=at)


def hand_over(user: User, successor: User | None, *, by: User, at: datetime | None = None) -> int:
    """Make `successor` the author of the drafts and the texts in review of a user.

    Returns how many there were. Raises ActionBlocked if there are any and `successor` can't write.
    Restricted releases on which the successor is not named stay with the people named on them: for
    all others they do not exist, so they are not counted either.
    """
    at = at or timezone.now()
    with transaction.atomic():
        lock_names_for_change()
        texts = Release.objects.filter(access=None)
        if successor:
            texts = Release.objects.known_to(successor)
        releases = list(texts.filter(created_by=user, status__in=[DRAFT, IN_REVIEW]).order_by("pk"))
        if releases and (successor is None or not successor.has_perm(WRITE)):
            raise ActionBlocked(
                _("Choose who gets the drafts of %(name)s: a person who can write releases.")
                % {"name": user}
            )
        for release in releases:
            fresh = lock(release)
            fresh.created_by = successor
            set_status(
                fresh, Release.Status(fresh.status), Event.Verb.HANDED_OVER, by, at,
                before=user.pk, to=successor and successor.pk,
            )  # fmt: skip
        if successor and releases:
            _email(user, successor, by, len(releases))
    return len(releases)


def _email(user: User, successor: User, by: User, count: int) -> None:
    """Notify the successor. The e-mail contains no titles."""
    if not successor.email:
        return
    text = ngettext(
        "%(name)s left the team. You are now the author of %(count)s unpublished text.",
        "%(name)s left the team. You are now the author of %(count)s unpublished texts.",
        count,
    ) % {"name": user, "count": count}
    where = _("See “My drafts” and “Waiting for approval” at %(address)s") % {
        "address": settings.SITE_URL + desk_home()
    }
    subject = _("Drafts of %(name)s") % {"name": user}
    outbox.add_email(successor.email, subject, f"{text}\n\n{where}\n", by=by)

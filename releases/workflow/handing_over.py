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
from releases.workflow.emails import email_people_named
from releases.workflow.recording import set_status
from releases.workflow.restricting import WRITE, next_author


@receiver(team.member_left)
def _hand_over_all(
    *, user: User, successor: User | None, by: User, at: datetime, **signal: Any
) -> None:
    hand_over(user, successor, by=by, at=at)


def hand_over(user: User, successor: User | None, *, by: User, at: datetime | None = None) -> int:
    """Make `successor` the author of the drafts and the texts in review of a user.

    Returns how many texts that are not restricted there were. Raises ActionBlocked if there are any
    and `successor` can't write.

    A restricted release goes to one of the people named on it: `successor`, or `next_author`. For
    all others none exists: no count, no question and no e-mail that they could see depends on one.
    """
    at = at or timezone.now()
    with transaction.atomic():
        lock_names_for_change()
        texts = Release.objects.filter(created_by=user, status__in=[DRAFT, IN_REVIEW])
        releases = list(texts.order_by("pk").select_for_update(of=("self",)))
        restricted = {release.pk for release in releases if release.is_restricted()}
        count = len(releases) - len(restricted)
        heir = successor if successor and successor.has_perm(WRITE) else None
        if count and heir is None:
            raise ActionBlocked(
                _("Choose who gets the drafts of %(name)s: a person who can write releases.")
                % {"name": user}
            )
        for release in releases:
            author = heir if heir and release.is_known_to(heir) else next_author(release, but=user)
            if author is None:  # nobody who is named can sign in
                continue
            release.created_by = author
            set_status(
                release, Release.Status(release.status), Event.Verb.HANDED_OVER, by, at,
                before=user.pk, to=author.pk,
            )  # fmt: skip
            if release.pk in restricted:
                _email_people_named(release, user, author)
        if count and heir:
            _email(user, heir, by, count)
    return count


def _email_people_named(release: Release, user: User, author: User) -> None:
    text = _("%(name)s left the team. %(author)s is now the author of a restricted release.")
    subject = _("A restricted release has a new author")
    email_people_named(release, subject, text % {"name": user, "author": author}, but=user)


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

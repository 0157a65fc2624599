"""E-mails to the author and the approvers of a release."""

from django.conf import settings

from accounts.desk_addresses import desk_address
from accounts.models import User
from jobs import outbox
from releases.models import Event, Release


def email_responsible(release: Release, subject: str, text: str, but: User | None = None) -> None:
    """E-mail the author and the approvers of a release, except the user `but`."""
    address = settings.SITE_URL + desk_address(release)
    people = _responsible_users(release) - {but}
    for to in sorted({user.email for user in people if user and user.email}):
        outbox.add_email(to, subject, f"{text}\n\n{address}\n", about=f"release:{release.pk}")


def _responsible_users(release: Release) -> set[User]:
    """Return the author of a release and those who approved, published or rescheduled it."""
    approvals = [Event.Verb.APPROVED, Event.Verb.PUBLISHED, Event.Verb.RESCHEDULED]
    events = release.events.filter(verb__in=approvals).select_related("actor")
    return {user for user in (release.created_by, *(event.actor for event in events)) if user}

"""E-mails to the people of a release: its author and approvers, or the people named on it."""

from django.conf import settings
from django.db.models import Q

from accounts.desk_addresses import desk_address
from accounts.models import User
from accounts.team import MANAGE_TEAM
from jobs import outbox
from jobs.models import Email, EmailQuerySet
from releases.models import Event, Release, ReleaseAccess


def email_responsible(release: Release, subject: str, text: str, but: User | None = None) -> None:
    """E-mail the author and the approvers of a release, except the user `but`.

    If the release is restricted, the people named on it get the e-mail, and nobody else.
    """
    _email(release, people_named_on(release) or _responsible_users(release), subject, text, but)


def email_people_named(release: Release, subject: str, text: str, but: User | None = None) -> None:
    """E-mail the people named on a restricted release, except the user `but`."""
    _email(release, people_named_on(release), subject, text, but)


def people_named_on(release: Release) -> set[User]:
    """Return the active users who are named on a restricted release."""
    return set(User.objects.filter(pk__in=release.people_named(), is_active=True))


def emails_visible_to(user: User) -> EmailQuerySet:
    """Return the e-mails of the outbox that a user may see.

    Those about a restricted release are for the people named on it. Those about an account are for
    administrators, because they say who was invited, who lost a phone or who typed wrong passwords.
    """
    closed = ReleaseAccess.objects.releases_closed_to(user)
    emails = Email.objects.exclude(about__in=[f"release:{pk}" for pk in closed])
    if user.has_perm(MANAGE_TEAM):
        return emails
    return emails.exclude(Q(about__startswith="user:") | Q(about__startswith="invitation:"))


def _email(release: Release, people: set[User], subject: str, text: str, but: User | None) -> None:
    address = settings.SITE_URL + desk_address(release)
    for to in sorted({user.email for user in people if user.email and user != but}):
        outbox.add_email(to, subject, f"{text}\n\n{address}\n", about=f"release:{release.pk}")


def _responsible_users(release: Release) -> set[User]:
    """Return the author of a release and those who approved, published or rescheduled it."""
    approvals = [Event.Verb.APPROVED, Event.Verb.PUBLISHED, Event.Verb.RESCHEDULED]
    events = release.events.filter(verb__in=approvals).select_related("actor")
    return {user for user in (release.created_by, *(event.actor for event in events)) if user}

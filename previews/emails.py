"""E-mails to the readers of a preview: plain text, and never a word of the release."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.dispatch import receiver
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import User
from jobs import mail, outbox
from jobs.models import Email
from previews.models import LinkState, PreviewLink
from previews.tokens import token_of
from releases.models import Release

INVITATION = {
    PreviewLink.Kind.PRESS: """\
Dear {name},

{newsroom} has an embargoed release for you. It may not be published, quoted or
passed on before {lift}.

The link is yours alone: {link}

It asks you to accept the embargo, then shows the text and the pictures. Every copy
carries your name. From the lift on, the link leads to the public page.
""",
    PreviewLink.Kind.COLLEAGUE: """\
Dear {name},

{newsroom} asks you to read a draft. It is not public, it may change, and it is for you
alone: please do not pass it on.

The link is yours: {link}
""",
}
MOVED = """\
Dear {name},

the embargo that you accepted with {newsroom} until {before} has moved.

It lifts on {lift}. Nothing may be published, quoted or passed on before.

Your link stays the same, and asks you to accept the new time.
"""
LIFTED = """\
Dear {name},

the embargo that you accepted with {newsroom} until {before} has been lifted early:
the release is public now. Your link leads to it.
"""


def in_utc(moment: datetime) -> str:
    """Return a moment as UTC has it, "" where that is what the newsroom's clock shows."""
    local, utc = timezone.localtime(moment), moment.astimezone(UTC)
    if local.replace(tzinfo=None) == utc.replace(tzinfo=None):
        return ""
    return f"{date_format(utc, 'H:i' if utc.date() == local.date() else 'j F, H:i')} UTC"


def in_both_zones(moment: datetime) -> str:
    """Return a moment in the newsroom's zone and, where that differs, in UTC."""
    local, utc = timezone.localtime(moment), in_utc(moment)
    words = f"{date_format(local, 'j F Y, H:i')} {local.tzname()}"
    return f"{words} ({utc})" if utc else words


def placeholders(link: PreviewLink, address: str) -> dict[str, str]:
    """Return what an editor's own words may name in braces."""
    lift = link.release.publish_at if link.release else None
    return {
        "name": link.name,
        "newsroom": settings.NEWSROOM_NAME,
        "link": address,
        "lift": in_both_zones(lift) if lift else "its publication",
    }


def invite(links: Sequence[PreviewLink], words: str, *, origin: str, by: User) -> None:
    """Write each reader who has an address an e-mail in the editor's words, into the outbox.

    `origin` is the site's address. The token of the link is filled in when the e-mail is sent: it
    lies in no row.
    """
    subject = _("For you alone, from %s") % settings.NEWSROOM_NAME
    for link in links:
        if not link.email:
            continue
        text = words
        address = origin + reverse("preview", args=[TOKEN])
        for key, value in placeholders(link, address).items():
            text = text.replace(f"{{{key}}}", value)
        outbox.put(
            link.email,
            subject,
            text,
            about=about(link.release) if link.release else "",
            by=by,
            fill="previews.address",
            fill_key=str(link.pk),
        )


TOKEN = "TOKEN-OF-THIS-LINK"  # noqa: S105  # stands for it until the e-mail is sent


@outbox.fills("previews.address")
def _with_address(email: Email) -> str:
    link = PreviewLink.objects.select_related("release").filter(pk=email.fill_key).first()
    if link is None or link.standing() == LinkState.CLOSED:
        raise outbox.NotNeeded(_("The link was closed before the e-mail could be sent."))
    token = token_of(link.pk, link.token_hash)
    if token is None:
        raise outbox.NotNeeded(
            _("SECRET_KEY was changed before the e-mail could be sent. Issue a new link.")
        )
    return email.text.replace(TOKEN, token)


@receiver(outbox.sent)
def _note_as_mailed(email: Email, **signal: Any) -> None:
    if email.fill == "previews.address":
        PreviewLink.objects.filter(pk=email.fill_key).update(mailed_at=timezone.now())


def about(release: Release) -> str:
    """Return how an e-mail in the outbox names the release that it is about."""
    return f"release:{release.pk}"


def emails_of(links: Iterable[PreviewLink]) -> dict[UUID, Email]:
    """Return the invitation of each link that has one."""
    found = Email.objects.filter(
        fill="previews.address", fill_key__in=[str(link.pk) for link in links]
    )
    return {UUID(email.fill_key): email for email in found}


def accepted(release: Release) -> list[PreviewLink]:
    """Return the links whose readers accepted an embargo and have not been shut out since."""
    links = release.preview_links.filter(
        kind=PreviewLink.Kind.PRESS, revoked_at=None, visits__isnull=False
    )
    return list(links.distinct().prefetch_related("visits").order_by("name", "pk"))


def notify_of_new_lift(*, release: Release, by: User, notify: bool, **signal: Any) -> None:
    """Write to those who accepted another time than the release has now."""
    if not notify:
        return
    lift, at = release.publish_at, timezone.now()
    not_notified = []
    for link in {link.email.casefold(): link for link in accepted(release) if link.email}.values():
        before = link.accepted_lift
        if lift and before and before != lift and before > at:
            text = (MOVED if release.is_scheduled() else LIFTED).format(
                name=link.name,
                newsroom=settings.NEWSROOM_NAME,
                before=in_both_zones(before),
                lift=in_both_zones(lift),
            )
            subject = _("An embargo has moved")
            if outbox.put(link.email, subject, text, about=about(release), by=by) is None:
                not_notified.append(
                    _("%(name)s <%(email)s> was not notified of the new time. %(reason)s")
                    % {"name": link.name, "email": link.email, "reason": mail.off()}
                )
    release.not_notified = not_notified

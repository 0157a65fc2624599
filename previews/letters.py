"""What is written to the readers of a preview: plain text, and never a word of the release."""

from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts import mail
from previews.models import PreviewLink
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


def invite(letters: list[tuple[PreviewLink, str]], words: str) -> dict[PreviewLink, str]:
    """Send each reader the link's address in the editor's words; return why each was not sent.

    The reason is "" if the mail server took the message.
    """
    subject = f"For you alone, from {settings.NEWSROOM_NAME}"
    messages = []
    for link, address in letters:
        text = words
        for key, value in placeholders(link, address).items():
            text = text.replace(f"{{{key}}}", value)
        messages.append(EmailMessage(subject, text, to=[link.email]))
    found = {}
    for (link, _address), failure in zip(letters, mail.send(messages), strict=True):
        if not failure:
            PreviewLink.objects.filter(pk=link.pk).update(mailed_at=timezone.now())
        found[link] = failure
    return found


def accepted(release: Release) -> list[PreviewLink]:
    """Return the links whose readers accepted an embargo and have not been shut out since."""
    links = release.preview_links.filter(
        kind=PreviewLink.Kind.PRESS, revoked_at=None, visits__isnull=False
    )
    return list(links.distinct().prefetch_related("visits").order_by("name", "pk"))


def tell_of_new_lift(*, release: Release, tell: bool, **signal: Any) -> None:
    """Write to those who accepted another time than the release has now."""
    if not tell:
        return
    lift, at = release.publish_at, timezone.now()
    letters = []
    for link in {link.email.casefold(): link for link in accepted(release) if link.email}.values():
        before = link.accepted_lift
        if lift and before and before != lift and before > at:
            words = (MOVED if release.is_scheduled() else LIFTED).format(
                name=link.name,
                newsroom=settings.NEWSROOM_NAME,
                before=in_both_zones(before),
                lift=in_both_zones(lift),
            )
            letters.append((link, EmailMessage("An embargo has moved", words, to=[link.email])))
    if letters:
        transaction.on_commit(lambda: _tell(release, letters))


def _tell(release: Release, letters: list[tuple[PreviewLink, EmailMessage]]) -> None:
    failures = zip(letters, mail.send([letter for _link, letter in letters]), strict=True)
    release.undelivered = [
        _("%(name)s <%(email)s> was not notified of the new time. %(reason)s")
        % {"name": link.name, "email": link.email, "reason": reason}
        for (link, _letter), reason in failures
        if reason
    ]

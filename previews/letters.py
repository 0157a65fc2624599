"""What is written to the readers of a preview: plain text, and never a word of the release."""

import logging
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format

from previews.models import PreviewLink
from releases.models import Release

log = logging.getLogger(__name__)

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


def invite(letters: list[tuple[PreviewLink, str]], words: str) -> list[PreviewLink]:
    """Send each reader the link's address in the editor's words; return those that failed."""
    subject = f"For you alone, from {settings.NEWSROOM_NAME}"
    now = timezone.now()
    failed = []
    for link, address in letters:
        text = words
        for key, value in placeholders(link, address).items():
            text = text.replace(f"{{{key}}}", value)
        if _send(subject, text, link.email):
            PreviewLink.objects.filter(pk=link.pk).update(mailed_at=now)
        else:
            failed.append(link)
    return failed


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
    for link in {link.email.casefold(): link for link in accepted(release) if link.email}.values():
        before = link.accepted_lift
        if lift and before and before != lift and before > at:
            words = (MOVED if release.is_scheduled() else LIFTED).format(
                name=link.name,
                newsroom=settings.NEWSROOM_NAME,
                before=in_both_zones(before),
                lift=in_both_zones(lift),
            )
            _send_later("An embargo has moved", words, link.email)


def _send_later(subject: str, words: str, to: str) -> None:
    transaction.on_commit(lambda: _send(subject, words, to))


def _send(subject: str, words: str, to: str) -> bool:
    try:
        return bool(EmailMessage(subject, words, to=[to], connection=get_connection()).send())
    except Exception:
        # The address of a link is in the words: only that it failed is logged.
        log.exception("A letter to the reader of a preview could not be sent.")
        return False

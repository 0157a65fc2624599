"""E-mails to the readers of a preview. They never contain the content of a release."""

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
from django.utils.translation import gettext_lazy

from accounts.link_tokens import PLACEHOLDER
from accounts.models import User
from jobs import mail, outbox
from jobs.models import Email
from previews.models import LinkState, PreviewLink
from previews.tokens import token_of
from releases.models import Release

# Editors can change these messages before they are sent. `fields_for` returns the values of the
# fields in braces.
INVITATION = {
    PreviewLink.Kind.PRESS: gettext_lazy("""\
Dear {name},

{newsroom} has an embargoed release for you. It must not be published, quoted or
shared before {embargo_ends}.

Your personal link: {link}

You will be asked to accept the embargo. Then you see the text and the pictures.
Every copy carries your name. When the embargo ends, the link leads to the public
page.
"""),
    PreviewLink.Kind.COLLEAGUE: gettext_lazy("""\
Dear {name},

{newsroom} asks you to read a draft. It is not public and may change. Keep it
confidential and do not share it.

Your personal link: {link}
"""),
}
EMBARGO_MOVED = gettext_lazy("""\
Dear %(name)s,

The embargo you accepted from %(newsroom)s has changed. It was %(before)s.

It now ends on %(embargo_ends)s. Do not publish, quote or share anything before then.

Your link stays the same and asks you to accept the new time.
""")
PUBLISHED_EARLY = gettext_lazy("""\
Dear %(name)s,

The embargo you accepted from %(newsroom)s until %(before)s has ended early.
The release is public now. Your link leads to it.
""")


def format_utc(moment: datetime) -> str:
    """Return a moment in UTC, "" if the time in the newsroom's time zone is the same.

    The date is included only if it differs from the local date.
    """
    local, utc = timezone.localtime(moment), moment.astimezone(UTC)
    if local.replace(tzinfo=None) == utc.replace(tzinfo=None):
        return ""
    if utc.date() == local.date():
        return f"{date_format(utc, 'TIME_FORMAT')} UTC"
    return date_format(utc, "DATETIME_FORMAT")


def format_both_zones(moment: datetime) -> str:
    """Return a moment in the newsroom's time zone and, if it differs, also in UTC."""
    local, utc = date_format(timezone.localtime(moment), "DATETIME_FORMAT"), format_utc(moment)
    return _("%(time)s (%(utc)s)") % {"time": local, "utc": utc} if utc else local


def fields_for(link: PreviewLink, address: str) -> dict[str, str]:
    """Return the values of the fields in braces in an editor's message. `address` is the URL."""
    at = link.release.publish_at if link.release else None
    embargo_ends = format_both_zones(at) if at else _("publication")
    return {
        "name": link.name,
        "newsroom": settings.NEWSROOM_NAME,
        "link": address,
        "embargo_ends": embargo_ends,
        "lift": embargo_ends,  # the old name, for messages that editors copied from old versions
    }


def invite(links: Sequence[PreviewLink], message: str, *, origin: str, by: User) -> None:
    """Put an e-mail with the editor's message into the outbox for each reader with an address.

    `origin` is the start of the URL of each link. The token is inserted when the e-mail is sent, so
    that the database does not contain it.
    """
    subject = _("Confidential: from %(newsroom)s") % {"newsroom": settings.NEWSROOM_NAME}
    for link in links:
        if not link.email:
            continue
        text = message
        address = origin + reverse("preview", args=[PLACEHOLDER])
        for key, value in fields_for(link, address).items():
            text = text.replace(f"{{{key}}}", value)
        outbox.add_email(
            link.email,
            subject,
            text,
            about=outbox_subject_of(link.release) if link.release else "",
            by=by,
            fill="previews.address",
            fill_key=str(link.pk),
        )


@outbox.fills("previews.address")
def _with_address(email: Email) -> str:
    link = PreviewLink.objects.select_related("release").filter(pk=email.fill_key).first()
    if link is None or link.link_state() == LinkState.CLOSED:
        raise outbox.EmailNotNeeded(_("The link was closed before the e-mail could be sent."))
    token = token_of(link.pk, link.token_hash)
    if token is None:
        raise outbox.EmailNotNeeded(
            _("SECRET_KEY was changed before the e-mail could be sent. Issue a new link.")
        )
    return email.text.replace(PLACEHOLDER, token)


@receiver(outbox.email_sent)
def _note_as_mailed(email: Email, **signal: Any) -> None:
    if email.fill == "previews.address":
        PreviewLink.objects.filter(pk=email.fill_key).update(mailed_at=timezone.now())


def outbox_subject_of(release: Release) -> str:
    """Return the value of `Email.about` for a release."""
    return f"release:{release.pk}"


def emails_of(links: Iterable[PreviewLink]) -> dict[UUID, Email]:
    """Return the invitations of links, by the key of the link."""
    found = Email.objects.filter(
        fill="previews.address", fill_key__in=[str(link.pk) for link in links]
    )
    return {UUID(email.fill_key): email for email in found}


def links_that_accepted(release: Release) -> list[PreviewLink]:
    """Return the press links of a release whose terms were accepted and that are not revoked."""
    links = release.preview_links.filter(
        kind=PreviewLink.Kind.PRESS, revoked_at=None, visits__isnull=False
    )
    return list(links.distinct().prefetch_related("visits").order_by("name", "pk"))


def notify_of_new_embargo(*, release: Release, by: User, notify: bool, **signal: Any) -> None:
    """Send an e-mail to each reader who accepted an embargo end that has changed since.

    Readers whose embargo had already ended get no e-mail. Sets `release.not_notified` to a
    sentence for each reader who was not notified because e-mail is off.
    """
    if not notify:
        return
    embargo_ends, at = release.publish_at, timezone.now()
    not_notified = []
    by_address = {
        link.email.casefold(): link for link in links_that_accepted(release) if link.email
    }
    for link in by_address.values():
        before = link.accepted_embargo_end
        if embargo_ends and before and before != embargo_ends and before > at:
            text = (EMBARGO_MOVED if release.is_scheduled() else PUBLISHED_EARLY) % {
                "name": link.name,
                "newsroom": settings.NEWSROOM_NAME,
                "before": format_both_zones(before),
                "embargo_ends": format_both_zones(embargo_ends),
            }
            subject, about = _("An embargo has changed"), outbox_subject_of(release)
            if outbox.add_email(link.email, subject, text, about=about, by=by) is None:
                not_notified.append(
                    _("%(name)s <%(email)s> was not notified of the new time. %(reason)s")
                    % {
                        "name": link.name,
                        "email": link.email,
                        "reason": mail.email_is_off_sentence(),
                    }
                )
    release.not_notified = not_notified

"""The actions on preview links: issue, accept the terms, revoke, trace.

As in releases.workflow, each action locks, checks, changes and records in one transaction, and
raises ActionBlocked with sentences. Only a hash of a token is stored: see previews.tokens.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import IO
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from previews import emails
from previews.models import LinkState, PreviewLink, PreviewLinkQuerySet, Visit
from previews.recipients import Recipient
from previews.tokens import hash_of, new_token, token_of
from previews.watermarks import new_reference, references_in, references_in_text
from releases import workflow
from releases.models import Event, Release
from releases.rules import protected_names
from releases.rules.blockers import outsider_blockers
from releases.rules.protected_names import Reason
from releases.workflow import ActionBlocked
from releases.workflow.recording import lock, raise_if

ADDRESSES_SHOWN_FOR = timedelta(days=1)  # how long the user who issued links can see their URLs


@dataclass(frozen=True, slots=True)
class Issued:
    """A link with its token."""

    link: PreviewLink
    token: str


def issue(
    release: Release,
    *,
    by: User,
    recipients: Sequence[Recipient],
    kind: PreviewLink.Kind = PreviewLink.Kind.PRESS,
    expires_at: datetime | None = None,
    max_visits: int | None = None,
    batch: UUID,
    message: str = "",
    origin: str = "",
    at: datetime | None = None,
) -> list[Issued]:
    """Issue a link for each recipient.

    `batch` identifies the form, so that a form that is sent twice issues its links only once. If
    there is a `message`, it is sent to each recipient with an e-mail address; `origin` is the start
    of the URL in it. Raises ActionBlocked, also if the batch was already issued.
    """
    at = at or timezone.now()
    with transaction.atomic():
        fresh = lock(release, any_version=True)
        raise_if(outsider_blockers(fresh, by, at))
        _require_perm(by)
        blockers = issue_blockers(fresh, by, kind, expires_at, at)
        if PreviewLink.objects.filter(batch=batch).exists():
            blockers = [_("These links have already been issued.")]
        if blockers:
            raise ActionBlocked(*blockers)
        made = [
            PreviewLink(
                release=fresh,
                kind=kind,
                name=recipient.name,
                outlet=recipient.outlet,
                email=recipient.email,
                reference=new_reference(),
                batch=batch,
                expires_at=expires_at,
                max_visits=max_visits,
                issued_at=at,
                issued_by=by,
            )
            for recipient in recipients
        ]
        issued = [Issued(link, new_token(link.pk)) for link in made]
        for new in issued:
            new.link.token_hash = hash_of(new.token)
        PreviewLink.objects.bulk_create(made)
        _record(fresh, Event.Verb.LINKS_ISSUED, by, at, made)
        if message:
            emails.invite(made, message, origin=origin, by=by)
    return issued


def shown_again(batch: UUID, *, by: User, at: datetime | None = None) -> list[Issued]:
    """Return the links of a batch with their tokens, if `by` issued them less than a day ago.

    A token is "" if it was derived from a SECRET_KEY that is no longer set.
    """
    at = at or timezone.now()
    _require_perm(by)
    found = PreviewLink.objects.visible_to(by).filter(
        batch=batch, issued_by=by, issued_at__gt=at - ADDRESSES_SHOWN_FOR
    )
    return [
        Issued(link, token_of(link.pk, link.token_hash) or "")
        for link in found.select_related("release").order_by("name", "pk")
    ]


def link_of_token(token: str) -> PreviewLink | None:
    """Return the link of a token in any state, None if the token is wrong."""
    links = PreviewLink.objects.select_related("release", "release__poster")
    return links.filter(token_hash=hash_of(token)).first()


def accept_terms(
    link: PreviewLink, *, embargo_ends: datetime | None, network: str, browser: str, at: datetime
) -> Visit | None:
    """Record that a reader accepts the terms.

    `embargo_ends` is the time that the reader saw. Return None if the embargo has another end now,
    or if the link is not open or has no visits left.
    """
    with transaction.atomic():
        fresh = PreviewLink.objects.select_for_update(of=("self",)).get(pk=link.pk)
        if fresh.link_state(at) != LinkState.OPEN or fresh.is_used_up or fresh.release is None:
            return None
        if fresh.embargo_ends != embargo_ends:
            return None
        last = fresh.latest_visit
        return Visit.objects.create(
            link=fresh,
            at=at,
            seen_at=at,
            embargo_ends=embargo_ends,
            version=fresh.release.version,
            before=last.version if last else None,
            network=network,
            agent=browser,
        )


def revoke(link: PreviewLink, *, by: User, at: datetime | None = None) -> None:
    """Close one link for good."""
    _revoke(PreviewLink.objects.visible_to(by).filter(pk=link.pk), by, at)


def revoke_all(release: Release, *, by: User, at: datetime | None = None) -> int:
    """Close all links of a release for good, and return how many were not revoked before."""
    return _revoke(PreviewLink.objects.visible_to(by).filter(release=release), by, at)


def revoke_those_of_others(
    release: Release, by: User | None, at: datetime, **signal: object
) -> None:
    """Close the links of a restricted release that users issued who are not named on it (any more).

    They know the addresses, so they could read the release with them.
    """
    if release.is_public(at):
        return  # the links lead to the public page
    others = PreviewLink.objects.filter(release=release, revoked_at=None).exclude(
        issued_by__in=release.people_named()
    )
    closed = list(others.select_for_update(of=("self",)))
    PreviewLink.objects.filter(pk__in=[link.pk for link in closed]).update(
        revoked_at=at, revoked_by=by
    )
    if closed:
        _record(release, Event.Verb.LINKS_REVOKED, by, at, closed)


def record_revocation_by_command(pks: Collection[UUID], *, note: str, at: datetime) -> None:
    """Record in the history of each release that a command, such as a restore, revoked links.

    The command sets `revoked_at` itself, in the same transaction.
    """
    found = PreviewLink.objects.filter(pk__in=pks).exclude(release=None)
    ordered = found.select_related("release").order_by("release_id", "name", "pk")
    for _release, links in groupby(ordered, key=lambda link: link.release_id):
        closed = list(links)
        if release := closed[0].release:
            _record(release, Event.Verb.LINKS_REVOKED, None, at, closed, words=note)


def trace(leak: IO[bytes] | str, *, by: User | None = None) -> list[PreviewLink]:
    """Return the links whose reference is in a leaked file or a pasted text.

    Only links that the user may see are returned; for a command, all. Raises
    watermarks.UnreadableFileError with a sentence for the user.
    """
    references = references_in_text(leak) if isinstance(leak, str) else references_in(leak)
    links = PreviewLink.objects.visible_to(by) if by else PreviewLink.objects.all()
    found = links.filter(reference__in=references)
    return list(found.select_related("release").prefetch_related("visits").order_by("name", "pk"))


def issue_blockers(
    release: Release, by: User, kind: PreviewLink.Kind, expires_at: datetime | None, at: datetime
) -> list[Reason]:
    """Return why a user can't issue links of a kind for a release now, one sentence per reason."""
    if release.is_on_hold():
        return [_("This release is on hold. End the hold first.")]
    if release.status == Release.Status.WITHDRAWN:
        return [_("This release is withdrawn, so it can’t be shared.")]
    if release.is_public(at):
        text = _("This release is public. Share its address: %(address)s")
        return [text % {"address": release.readable_path}]
    blockers: list[Reason] = []
    if expires_at and expires_at <= at:
        blockers.append(_("Choose a later end, or leave it blank."))
    if kind == PreviewLink.Kind.PRESS:
        if not release.is_scheduled(at) or release.publish_at is None:
            blockers.append(
                _(
                    "There is no embargo yet. Approve and schedule the release first, or share the "
                    "draft with a colleague."
                )
            )
        elif expires_at and expires_at > release.publish_at:
            blockers.append(
                _(
                    "The links would end after the embargo. Leave the end blank: when the embargo "
                    "ends, links lead to the public page."
                )
            )
    elif not by.has_perm("people.set_level"):
        blockers += [
            *protected_names.hidden_picture_blockers(release, at),
            *(find for find in protected_names.finds_in_release(release, at) if find.blocks),
        ]
    return blockers


def _revoke(links: PreviewLinkQuerySet, by: User, at: datetime | None) -> int:
    _require_perm(by)
    at = at or timezone.now()
    with transaction.atomic():
        closed = list(links.filter(revoked_at=None).select_for_update(of=("self",)))
        links.filter(pk__in=[link.pk for link in closed]).update(revoked_at=at, revoked_by=by)
        release = closed[0].release if closed else None
        if release:
            _record(release, Event.Verb.LINKS_REVOKED, by, at, closed)
    return len(closed)


def _record(
    release: Release,
    verb: Event.Verb,
    by: User | None,
    at: datetime,
    links: list[PreviewLink],
    **detail: str,
) -> None:
    names = "; ".join(str(link) for link in links)
    workflow.record(release, verb, by, at, version=release.version, names=names, **detail)


def _require_perm(by: User) -> None:
    if not by.has_perm("previews.issue_previewlink"):
        raise ActionBlocked(
            _("You don’t have permission to issue or revoke preview links. Ask an editor.")
        )

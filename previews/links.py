"""What can be done with preview links: issue, enter, revoke, trace.

As in releases.workflow: each verb locks, checks, changes and records, in one transaction, and
raises workflow.Refused with sentences. A token is 256 random bits; only its hash is stored.
"""

import hashlib
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from previews.marks import new_reference, references_in
from previews.models import PreviewLink, PreviewLinkQuerySet, Standing, Visit
from previews.recipients import Recipient
from releases import protected_names, workflow
from releases.models import Event, Release
from releases.protected_names import Reason
from releases.workflow import Refused


@dataclass(frozen=True, slots=True)
class Issued:
    """A new link with its token, which nobody can see again."""

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
    at: datetime | None = None,
) -> list[Issued]:
    """Make a link for each recipient. A `batch` is issued once, however often it is sent."""
    at = at or timezone.now()
    with transaction.atomic():
        fresh = Release.objects.select_for_update(of=("self",)).filter(pk=release.pk).first()
        if fresh is None:
            raise Refused("Somebody deleted the release while you were reading it.")
        _refuse_unless_allowed(by)
        reasons = _against(fresh, by, kind, expires_at, at)
        if PreviewLink.objects.filter(batch=batch).exists():
            reasons = ["These links were issued already. Their addresses are not shown again."]
        if reasons:
            raise Refused(*reasons)
        issued = [
            Issued(
                PreviewLink(
                    release=fresh,
                    kind=kind,
                    name=recipient.name,
                    outlet=recipient.outlet,
                    email=recipient.email,
                    token_hash=hash_of(token),
                    reference=new_reference(),
                    batch=batch,
                    expires_at=expires_at,
                    max_visits=max_visits,
                    issued_at=at,
                    issued_by=by,
                ),
                token,
            )
            for recipient in recipients
            for token in [secrets.token_urlsafe(32)]
        ]
        PreviewLink.objects.bulk_create([new.link for new in issued])
        _record(fresh, Event.Verb.LINKED, by, at, [new.link for new in issued])
    return issued


def find(token: str) -> PreviewLink | None:
    """Return the link of a token, whatever it leads to."""
    links = PreviewLink.objects.select_related("release", "release__poster")
    return links.filter(token_hash=hash_of(token)).first()


def enter(
    link: PreviewLink, *, lift: datetime | None, network: str, agent: str, at: datetime
) -> Visit | None:
    """Let the reader in who accepts the terms; None where the link is closed or used up.

    `lift` is the time that the reader was shown; nobody has agreed to another.
    """
    with transaction.atomic():
        fresh = PreviewLink.objects.select_for_update(of=("self",)).get(pk=link.pk)
        if fresh.standing(at) != Standing.OPEN or fresh.is_used_up or fresh.release is None:
            return None
        if fresh.lift != lift:
            return None
        last = fresh.latest_visit
        return Visit.objects.create(
            link=fresh,
            at=at,
            seen_at=at,
            lift=lift,
            version=fresh.release.version,
            before=last.version if last else None,
            network=network,
            agent=agent,
        )


def revoke(link: PreviewLink, *, by: User, at: datetime | None = None) -> None:
    """Close one link for good."""
    _revoke(PreviewLink.objects.filter(pk=link.pk), by, at)


def revoke_all(release: Release, *, by: User, at: datetime | None = None) -> int:
    """Close every link of a release for good; return how many were still open."""
    return _revoke(PreviewLink.objects.filter(release=release), by, at)


def record_restored_revocation(pks: Collection[UUID], *, words: str, at: datetime) -> None:
    """Record, release by release, that the restore of a backup revoked links.

    The restore sets `revoked_at` itself, in the transaction that makes the backup's rows visible.
    """
    found = PreviewLink.objects.filter(pk__in=pks).exclude(release=None)
    ordered = found.select_related("release").order_by("release_id", "name", "pk")
    for _, links in groupby(ordered, key=lambda link: link.release_id):
        closed = list(links)
        if release := closed[0].release:
            _record(release, Event.Verb.UNLINKED, None, at, closed, words=words)


def traced(data: bytes) -> list[PreviewLink]:
    """Return the links whose marks are in a leaked file. Raises marks.Unreadable."""
    found = PreviewLink.objects.filter(reference__in=references_in(data))
    return list(found.select_related("release").prefetch_related("visits").order_by("name", "pk"))


def hash_of(token: str) -> str:
    """Return what is stored of a token. It is random through and through, so no salt is needed."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


def _against(
    release: Release, by: User, kind: PreviewLink.Kind, expires_at: datetime | None, at: datetime
) -> list[Reason]:
    """Return why links of a kind cannot be issued for a release now, a sentence each."""
    if release.is_held():
        return ["The release is held. Let it go first."]
    if release.status == Release.Status.WITHDRAWN:
        return ["The release is withdrawn. Nobody is let in any more."]
    if release.is_public(at):
        return [f"The release is public: send its address, {release.readable_path}"]
    reasons: list[Reason] = []
    if expires_at and expires_at <= at:
        reasons.append("The links would end before they begin. Choose a later end, or none.")
    if kind == PreviewLink.Kind.PRESS:
        if not release.is_scheduled(at) or release.publish_at is None:
            reasons.append(
                "There is no embargo yet: approve the release for a time first. A draft can be "
                "shown to a colleague."
            )
        elif expires_at and expires_at > release.publish_at:
            reasons.append(
                "The links would end after the embargo has lifted. Leave the end empty: from the "
                "lift on, a link leads to the public page by itself."
            )
    elif not by.has_perm("people.set_level"):
        reasons += [
            *protected_names.withheld_pictures(release, at),
            *(find for find in protected_names.finds_in_release(release, at) if find.blocks),
        ]
    return reasons


def _revoke(links: PreviewLinkQuerySet, by: User, at: datetime | None) -> int:
    _refuse_unless_allowed(by)
    at = at or timezone.now()
    with transaction.atomic():
        closed = list(links.filter(revoked_at=None).select_for_update(of=("self",)))
        links.filter(pk__in=[link.pk for link in closed]).update(revoked_at=at, revoked_by=by)
        release = closed[0].release if closed else None
        if release:
            _record(release, Event.Verb.UNLINKED, by, at, closed)
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


def _refuse_unless_allowed(by: User) -> None:
    if not by.has_perm("previews.issue_previewlink"):
        raise Refused("You have no right to issue or revoke preview links. Ask an editor.")

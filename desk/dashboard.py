"""What an editor finds on the desk in the morning."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Min, Sum
from django.utils import timezone

from assets.models import MediaAsset
from jobs.models import Email, Job
from people.models import Case, Level, LevelChange, MinorMarkRemoval, Person
from releases.library import with_use
from releases.models import NameCheckFind, NameDisclosure, Release
from releases.rules.name_finds import for_case_officer

AT_MOST = 10
JUST = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Desk:
    """Piles of releases, each in the order in which it wants attention."""

    mine: list[Release]
    waiting: list[Release]
    stopped: list[Release]
    next: list[Release]
    published: list[Release]
    held: list[Release]
    tried: list[Any]
    licences: list[MediaAsset]
    finds: list[NameDisclosure]
    printed: list[NameCheckFind]
    levels: list[LevelChange]
    minors: list[MinorMarkRemoval]
    consents: list[Person]
    photographs: list[Person]
    cases: list[Case]
    sources: list[Case]
    emails: list[Email]
    jobs: list[Job]


def desk_of(user: Any, at: datetime) -> Desk:
    """Return the desk of a user at a moment."""
    releases = Release.objects.select_related("created_by").defer("body", "notes_to_editors")
    today = timezone.localdate(at)
    known = Person.objects.visible_to(user)
    open_ones = releases.filter(status=Release.Status.DRAFT)
    return Desk(
        mine=list(open_ones.filter(created_by=user).order_by("-updated_at", "pk")[:AT_MOST]),
        waiting=list(
            releases.filter(status=Release.Status.IN_REVIEW).order_by("updated_at", "pk")[:AT_MOST]
        ),
        next=list(releases.scheduled(at).order_by("publish_at", "pk")[:AT_MOST]),
        stopped=list(releases.blocked_by_name().order_by("publish_at", "pk")[:AT_MOST]),
        published=list(releases.public(at).filter(publish_at__gt=at - JUST)[:AT_MOST]),
        held=list(releases.on_hold().order_by("-held_at", "pk")[:AT_MOST]),
        tried=[
            release
            for release in releases.hidden(at)
            .exclude(probes=None)
            .annotate(
                times=Sum("probes__times"),
                networks=Count("probes__sender_hash", distinct=True),
                since=Min("probes__first_at"),
            )
            .order_by("-times", "pk")
            if not release.has_been_public(at)
        ][:AT_MOST],
        licences=list(
            with_use(MediaAsset.objects.licence_ends_soon(at))
            .filter(in_use=True)
            .order_by("licence_expires", "pk")[:AT_MOST]
        ),
        finds=list(for_case_officer(user).filter(at__gt=at - JUST)[:AT_MOST]),
        printed=list(
            NameCheckFind.objects.open()
            .visible_to(user)
            .select_related("person")
            .order_by("warned", "address", "pk")[:AT_MOST]
        )
        if user.has_perm("people.view_person")
        else [],
        levels=list(
            LevelChange.objects.filter(person__in=known, outcome=LevelChange.Outcome.REQUESTED)
            .exclude(requested_by=user)
            .select_related("person", "requested_by")
            .order_by("requested_at", "pk")[:AT_MOST]
        )
        if user.has_perm("people.set_level")
        else [],
        minors=list(
            MinorMarkRemoval.objects.filter(
                person__in=known, outcome=MinorMarkRemoval.Outcome.REQUESTED
            )
            .exclude(requested_by=user)
            .select_related("person", "requested_by")
            .order_by("requested_at", "pk")[:AT_MOST]
        )
        if user.has_perm("people.name_minor")
        else [],
        consents=list(known.consent_ends_soon(today).order_by("name_consent_until", "pk")[:AT_MOST])
        if user.has_perm("people.change_person")
        else [],
        photographs=list(
            known.lacking_photo_consent()
            .with_pictures()
            .filter(level__gte=Level.NAMEABLE)
            .order_by("sort_name", "pk")[:AT_MOST]
        )
        if user.has_perm("people.change_person")
        else [],
        cases=list(
            Case.objects.stale(today)
            .filter(person__in=known)
            .select_related("person")
            .order_by("review_due", "pk")[:AT_MOST]
        )
        if user.has_perm("people.change_case")
        else [],
        sources=list(
            Case.objects.with_sources_to_review()
            .filter(person__in=known)
            .select_related("person")
            .order_by("person__sort_name", "pk")[:AT_MOST]
        )
        if user.has_perm("people.change_case")
        else [],
        emails=list(Email.objects.troubled().order_by("-created_at", "pk")[:AT_MOST])
        if user.has_perm("jobs.view_email")
        else [],
        jobs=list(Job.objects.troubled()[:AT_MOST]) if user.has_perm("jobs.view_job") else [],
    )

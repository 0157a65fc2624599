"""The lists on the front page of the desk."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Min, Sum
from django.utils import timezone

from assets.models import MediaAsset
from jobs.models import Email, Job
from people.models import Case, Level, LevelChange, MinorMarkRemoval, Person
from releases import search
from releases.library import with_use
from releases.models import NameCheckFind, NameDisclosure, Release
from releases.rules.desk_visibility import (
    files_visible_to,
    jobs_visible_to,
    of_hidden_rows,
    without_hidden_addresses,
)
from releases.rules.name_finds import for_case_officer
from releases.workflow import emails_visible_to

MAX_LISTED = 10
RECENT = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Desk:
    """The lists of the desk, each with the most urgent rows first."""

    my_drafts: list[Release]
    waiting: list[Release]
    blocked_by_name: list[Release]
    scheduled: list[Release]
    published: list[Release]
    on_hold: list[Release]
    probed: list[Any]
    licences: list[MediaAsset]
    finds: list[NameDisclosure]
    printed_names: list[NameCheckFind]
    levels: list[LevelChange]
    minors: list[MinorMarkRemoval]
    consents: list[Person]
    photographs: list[Person]
    cases: list[Case]
    sources: list[Case]
    emails: list[Email]
    jobs: list[Job]
    without_officer: bool  # whether nobody sees a record at level 0; for administrators
    reindex_is_due: bool  # whether the search misses texts; for administrators


def desk_of(user: Any, at: datetime) -> Desk:
    """Return the lists of the desk that a user may see, at a moment."""
    releases = (
        Release.objects.visible_to(user, at)
        .with_mark_for(user)
        .select_related("created_by")
        .defer("body", "notes_to_editors")
    )
    if not user.has_perm("releases.view_release"):
        releases = releases.none()
    known, files = Release.objects.known_to(user), files_visible_to(user, at)
    if not user.has_perm("assets.view_mediaasset"):
        files = files.none()
    hidden = of_hidden_rows(user, at)
    today = timezone.localdate(at)
    people = Person.objects.visible_to(user)
    drafts = releases.filter(status=Release.Status.DRAFT)
    return Desk(
        my_drafts=list(drafts.filter(created_by=user).order_by("-updated_at", "pk")[:MAX_LISTED]),
        waiting=list(
            releases.filter(status=Release.Status.IN_REVIEW).order_by("updated_at", "pk")[
                :MAX_LISTED
            ]
        ),
        scheduled=list(releases.scheduled(at).order_by("publish_at", "pk")[:MAX_LISTED]),
        blocked_by_name=list(releases.blocked_by_name().order_by("publish_at", "pk")[:MAX_LISTED]),
        published=list(releases.public(at).filter(publish_at__gt=at - RECENT)[:MAX_LISTED]),
        on_hold=list(releases.on_hold().order_by("-held_at", "pk")[:MAX_LISTED]),
        probed=[
            release
            for release in releases.filter(pk__in=known.values("pk"))
            .hidden(at)
            .exclude(probes=None)
            .annotate(
                times=Sum("probes__times"),
                networks=Count("probes__sender_hash", distinct=True),
                since=Min("probes__first_at"),
            )
            .order_by("-times", "pk")
            if not release.has_been_public(at)
        ][:MAX_LISTED],
        licences=list(
            with_use(MediaAsset.objects.licence_ends_soon(at).filter(pk__in=files.values("pk")))
            .filter(in_use=True)
            .order_by("licence_expires", "pk")[:MAX_LISTED]
        ),
        finds=list(for_case_officer(user).filter(at__gt=at - RECENT).exclude(hidden)[:MAX_LISTED]),
        printed_names=list(
            without_hidden_addresses(
                NameCheckFind.objects.open().visible_to(user).exclude(hidden), user, at
            )
            .select_related("person")
            .order_by("warned", "address", "pk")[:MAX_LISTED]
        )
        if user.has_perm("people.view_person")
        else [],
        levels=list(
            LevelChange.objects.filter(person__in=people, outcome=LevelChange.Outcome.REQUESTED)
            .exclude(requested_by=user)
            .select_related("person", "requested_by")
            .order_by("requested_at", "pk")[:MAX_LISTED]
        )
        if user.has_perm("people.set_level")
        else [],
        minors=list(
            MinorMarkRemoval.objects.filter(
                person__in=people, outcome=MinorMarkRemoval.Outcome.REQUESTED
            )
            .exclude(requested_by=user)
            .select_related("person", "requested_by")
            .order_by("requested_at", "pk")[:MAX_LISTED]
        )
        if user.has_perm("people.name_minor")
        else [],
        consents=list(
            people.consent_ends_soon(today).order_by("name_consent_until", "pk")[:MAX_LISTED]
        )
        if user.has_perm("people.change_person")
        else [],
        photographs=list(
            people.lacking_photo_consent()
            .with_pictures(files)
            .filter(level__gte=Level.NAMEABLE)
            .order_by("sort_name", "pk")[:MAX_LISTED]
        )
        if user.has_perm("people.change_person")
        else [],
        cases=list(
            Case.objects.stale(today)
            .filter(person__in=people)
            .select_related("person")
            .order_by("review_due", "pk")[:MAX_LISTED]
        )
        if user.has_perm("people.change_case")
        else [],
        sources=list(
            Case.objects.with_sources_to_review()
            .filter(person__in=people)
            .select_related("person")
            .order_by("person__sort_name", "pk")[:MAX_LISTED]
        )
        if user.has_perm("people.change_case")
        else [],
        emails=list(
            emails_visible_to(user).needing_attention().order_by("-created_at", "pk")[:MAX_LISTED]
        )
        if user.has_perm("jobs.view_email")
        else [],
        jobs=list(jobs_visible_to(user).needing_attention()[:MAX_LISTED])
        if user.has_perm("jobs.view_job")
        else [],
        without_officer=user.has_perm("accounts.manage_team")
        and Person.objects.without_officer().exists(),
        reindex_is_due=user.has_perm("accounts.manage_team") and search.is_due_at_a_glance(),
    )

"""The panel beside the form of a release: its state, the available actions and the blockers."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.dateparse import parse_date

from accounts.models import User
from desk.actions import available_actions
from desk.forms.names import allow_name_url
from previews.page import page_at_the_desk
from releases import workflow
from releases.models import Event, Release
from releases.probes import probes_of
from releases.rules import protected_names
from releases.rules.name_finds import sentences
from releases.rules.public_texts import row_of
from releases.workflow.restricting import may_restrict

MAX_EVENTS = 6
MAX_EMAILS = 20


def panel_context(release: Release, user: User, events: QuerySet[Event]) -> dict[str, Any]:
    """Return the template context of the panel for a stored release and one user."""
    known = release.is_known_to(user)
    imported = known and release.events.filter(verb=Event.Verb.IMPORTED).first()
    guess = imported.detail if imported and not release.publish_at else {}
    unpublished = release.status in (Release.Status.DRAFT, Release.Status.IN_REVIEW)
    as_sentences = partial(sentences, user=user)
    # Before publication, check rules that depend on time for the time of publication.
    at = timezone.now() if release.has_been_public() else release.publish_at
    finds = protected_names.finds_in_release(release, at)
    name_blockers = [
        *protected_names.hidden_picture_blockers(release, at),
        *(find for find in finds if find.blocks),
    ]
    return {
        "release": release,
        "is_known": known,  # otherwise the user sees only what the public sees
        "is_restricted": known and release.is_restricted(),
        "may_restrict": may_restrict(release, user) and not release.has_been_public(),
        "state": release.state(),
        "actions": list(available_actions(release, user, finds)),
        "probe_count": probes_of(release) if known else None,
        "blockers": as_sentences(workflow.blockers(release, at, finds)) if unpublished else [],
        "name_blockers": as_sentences(name_blockers) if release.is_approved() else [],
        "emails": workflow.emails_visible_to(user)
        .about(f"release:{release.pk}")
        .needing_attention()[:MAX_EMAILS],
        "warnings": as_sentences(workflow.warnings(release, at, finds)),
        "allow_links": _allow_links(finds, user),
        "plain_card": bool(release.title)
        and page_at_the_desk(release, timezone.now()).has_plain_card,
        "edit_blockers": workflow.edit_blockers(release, user),
        "events": events[:MAX_EVENTS] if known else [],
        "guessed_day": parse_date(guess.get("date_guess", "")),
        "guess_reasons": guess.get("reasons", []),
    }


def _allow_links(finds: Sequence[Any], user: User) -> list[tuple[Any, str]]:
    """Return the other rows with a protected name, each with the URL to allow the name in it."""
    if not workflow.ACTIONS["allow_name"].is_permitted(user):
        return []
    keys = {(f.table, f.row) for f in finds if f.table not in ("", "releases.release")}
    rows = [row for table, pk in sorted(keys) if (row := row_of(table, pk))]
    return [(row, allow_name_url(row, user)) for row in rows]

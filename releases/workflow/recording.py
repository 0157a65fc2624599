"""Functions that the actions share: lock the release, change its status, record an event."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.errors import ActionBlocked
from accounts.models import User
from people.locking import lock_names_for_change
from releases.models import Event, Release
from releases.rules.blockers import gone
from releases.rules.protected_names import Reason


def lock(release: Release, any_version: bool = False) -> Release:
    """Return the current row, locked. Raises ActionBlocked if the caller read another version.

    The names are locked too, so that no level, name or public text changes between the check and
    the action. With `any_version`, for actions that do not depend on the text, the version is not
    checked and the names are not locked.
    """
    if not any_version:
        lock_names_for_change()
    fresh = Release.objects.select_for_update(of=("self",)).filter(pk=release.pk).first()
    if fresh is None:
        raise ActionBlocked(gone())
    if fresh.version != release.version and not any_version:
        raise ActionBlocked(
            _(
                "Someone saved version %(new)s while you were reading version %(old)s. Read the "
                "new version first."
            )
            % {"new": fresh.version, "old": release.version}
        )
    return fresh


def set_status(
    release: Release,
    status: Release.Status,
    verb: Event.Verb,
    by: User | None,
    at: datetime | None,
    **detail: Any,
) -> Release:
    """Save a release with a status, and record the action as an event."""
    version = release.version
    release.status = status
    if status in (Release.Status.DRAFT, Release.Status.IN_REVIEW):
        release.names_allowed_until = None
    release.save()
    record(release, verb, by, at or timezone.now(), version=version, **detail)
    return release


def record(
    release: Release,
    verb: Event.Verb,
    by: User | None,
    at: datetime,
    *,
    version: int,
    **detail: Any,
) -> None:
    """Record who did what to a release, in the transaction of the action."""
    Event.objects.create(
        release=release,
        release_uuid=release.pk,
        verb=verb,
        actor=by,
        at=at,
        version=version,
        detail={key: value for key, value in detail.items() if value},
    )


def raise_if(blockers: Sequence[Reason]) -> None:
    """Raise ActionBlocked if there are blockers."""
    if blockers:
        raise ActionBlocked(*blockers)

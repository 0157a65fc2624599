"""Name exceptions: allow a protected name in one text, and update the releases that print it."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Model
from django.dispatch import receiver
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.errors import ActionBlocked
from accounts.models import User
from people.locking import lock_names_for_change
from people.names import letters
from releases.models import Event, NameException, Release
from releases.moments import local_time
from releases.rules import protected_names
from releases.rules.blockers import gone
from releases.rules.desk_visibility import is_row_visible_to, name_exceptions_visible_to
from releases.rules.protected_names import Find, name_status_changed
from releases.rules.public_texts import is_printed, releases_printing, row_of, table_of
from releases.workflow.actions import ALLOW_NAME
from releases.workflow.emails import email_responsible
from releases.workflow.recording import lock, record


@ALLOW_NAME.carried_out_by
def allow_name(
    row: Model, *, by: User, name: str, reason: str, at: datetime | None = None
) -> NameException:
    """Allow a protected name in one text, for a namesake or a part of another name.

    The exception applies only to this spelling in this row: a release, a picture, a topic, … In a
    text that is already public, a name can be allowed before the change that adds it.
    """
    at, name, reason = at or timezone.now(), name.strip(), reason.strip()
    with transaction.atomic():
        lock_names_for_change()
        fresh = lock(row) if isinstance(row, Release) else row
        ALLOW_NAME.check_permission(by)
        if not is_row_visible_to(fresh, by, at):
            raise ActionBlocked(gone())
        named = {letters(find.surface) for find in _protected_names_in(fresh, at)}
        if not letters(name) or not (is_printed(fresh, at) or letters(name) in named):
            raise ActionBlocked(_("This name is not in the text, or it is already allowed."))
        if not reason:
            raise ActionBlocked(
                _("Enter why this name is allowed here. The reason stays on record.")
            )
        release = fresh if isinstance(fresh, Release) else None
        where = {"table": table_of(fresh), "row": "" if release else str(fresh.pk)}
        existing = NameException.objects.standing().filter(release=release, **where)
        if letters(name) in map(letters, existing.values_list("name", flat=True)):
            raise ActionBlocked(_("This name is already allowed here."))
        exception = NameException.objects.create(
            release=release, name=name, reason=reason, by=by, at=at, **where
        )
        _record_exception(exception, Event.Verb.NAME_ALLOWED, by, at, reason=reason)
    return exception


def end_name_exception(
    exception: NameException, *, by: User, at: datetime | None = None
) -> NameException:
    """End a name exception. The name may then block releases that are not public yet."""
    at = at or timezone.now()
    with transaction.atomic():
        lock_names_for_change()
        ALLOW_NAME.check_permission(by)
        found = name_exceptions_visible_to(by).select_for_update(of=("self",))
        fresh = found.filter(pk=exception.pk).first()
        if fresh is None:
            raise ActionBlocked(gone())
        if fresh.ended_at:
            raise ActionBlocked(_("This exception has already been removed."))
        fresh.ended_at, fresh.ended_by = at, by
        fresh.save(update_fields=["ended_at", "ended_by"])
        _record_exception(fresh, Event.Verb.NAME_EXCEPTION_ENDED, by, at)
    return fresh


def _protected_names_in(row: Model, at: datetime) -> list[Find]:
    if isinstance(row, Release):
        own = table_of(row)
        return [f for f in protected_names.finds_in_release(row, at) if f.table == own]
    return protected_names.finds_in([row], at)


def _record_exception(
    exception: NameException, verb: Event.Verb, by: User, at: datetime, **detail: str
) -> None:
    """Record an exception with its release, and update the releases that print its text."""
    release = exception.release
    row = release or row_of(exception.table, exception.row)
    if release:
        record(release, verb, by, at, version=release.version, name=exception.name, **detail)
    if row:
        printing = Release.objects.filter(releases_printing(row))
        protected_names.update_names_allowed_until(
            Release.objects.filter(pk__in=[r.pk for r in printing]), at
        )


@receiver(name_status_changed)
def _name_status_changed(release: Release, at: datetime, **signal: Any) -> None:
    """Record that a name blocks or no longer blocks a release, and e-mail those responsible."""
    unblocked = release.names_allowed()
    verb = Event.Verb.UNBLOCKED if unblocked else Event.Verb.BLOCKED_BY_NAME
    record(release, verb, None, at, version=release.version)
    due = release.publish_at and local_time(release.publish_at)
    if unblocked:
        subject = _("A release will be published on time")
        text = _("A release you wrote or approved will be published on %s as planned.") % due
    else:
        subject = _("A release is blocked")
        text = _(
            "A release you wrote or approved will not be published on %s because it contains a "
            "protected name. It will be published on time if the name is removed or allowed "
            "before then."
        ) % due  # fmt: skip
    email_responsible(release, subject, text)

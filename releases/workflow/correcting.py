"""Changes to the content of public and approved releases: corrections, and shared rows."""

from datetime import datetime

from django.db import transaction
from django.db.models import Model
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from releases.models import Correction, Event, Release
from releases.rules import protected_names
from releases.rules.blockers import blocking_finds, correction_blockers
from releases.rules.public_texts import releases_printing
from releases.workflow.actions import CORRECT
from releases.workflow.emails import email_people_named, email_responsible
from releases.workflow.recording import lock, raise_if, record


@CORRECT.carried_out_by
def correct(release: Release, *, by: User, text: str, at: datetime | None = None) -> Release:
    """Save the changed text of a public release, and publish a correction notice.

    `release` has the new text. If `text`, the notice, is "", the change is a minor edit, such as a
    typo: it is recorded in the history, and not announced.
    """
    at = at or timezone.now()
    with transaction.atomic():
        fresh = lock(release)
        CORRECT.check(fresh, by, at)
        release.slug = release.slug or fresh.slug
        text = text.strip()
        raise_if(correction_blockers(release, at))
        raise_if(blocking_finds(protected_names.finds_in_text(text, _("the correction"), at)))
        version = fresh.version
        release.save()
        record_correction(release, by=by, text=text, at=at, version=version)
    return release


def record_correction(
    release: Release, *, by: User, text: str, at: datetime, version: int = 0, subject: str = ""
) -> None:
    """Record a change to the content of a public release. With a `text`, publish it as a notice.

    `subject` names what was changed, if not the text. Call it in the transaction of the change.
    """
    if text:
        Correction.objects.create(release=release, at=at, text=text, by=by)
    verb = Event.Verb.CORRECTED if text else Event.Verb.MINOR_EDIT
    record(release, verb, by, at, version=version or release.version, words=text, of=subject)


def record_printed_row_change(
    row: Model,
    note: str,
    *,
    by: User,
    at: datetime,
    on_public: bool = False,
    hidden_from: User | None = None,
) -> None:
    """Record a change of a row on each approved release that prints it and is not public yet.

    The author and the approvers of such a release get an e-mail. The approval stays valid. `note`
    says what was changed. With `on_public`, the change is also recorded on public releases. With
    `hidden_from`, only on releases that do not exist for this user.
    """
    printing = Release.objects.filter(releases_printing(row))
    if hidden_from:
        printing = printing.exclude(pk__in=Release.objects.visible_to(hidden_from, at).values("pk"))
    recorded = printing.approved() if on_public else printing.awaiting_publication(at)
    Event.objects.bulk_create(
        Event(
            release_id=pk, release_uuid=pk, verb=Event.Verb.PRINTED_ROW_CHANGED, actor=by, at=at,
            version=version, detail={"words": note},
        )
        for pk, version in recorded.order_by("pk").values_list("pk", "version")
    )  # fmt: skip
    for release in printing.awaiting_publication(at).order_by("pk"):
        subject = _("Content of an approved release was changed")
        text = _(
            "%(who)s changed content in a release you wrote or approved: %(what)s The release "
            "stays approved. Check its preview."
        ) % {"who": by, "what": note}  # fmt: skip
        email_responsible(release, subject, text, but=by)


def record_printed_row_deletion(row: Model, *, by: User, at: datetime) -> None:
    """Record the deletion of a row on each release that prints it. Call it before the deletion.

    These releases are restricted, and the user does not know them: others block the deletion.
    """
    note = _("“%s” was deleted.") % row
    for release in Release.objects.filter(releases_printing(row)).order_by("pk"):
        record_change_by_outsider(release, note, by=by, at=at)


def record_change_by_outsider(release: Release, note: str, *, by: User, at: datetime) -> None:
    """Record what a user changed in a restricted release without knowing it.

    The people named on it get an e-mail. `note` says what was changed. Call it before the change.
    """
    record(release, Event.Verb.PRINTED_ROW_CHANGED, by, at, version=release.version, words=note)
    text = _(
        "%(who)s changed something that a restricted release uses. %(what)s Check the release."
    ) % {"who": by, "what": note}  # fmt: skip
    email_people_named(release, _("A restricted release was changed"), text)

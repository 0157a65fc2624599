"""What can be done to a release: submit, approve, move, publish, hold, correct, withdraw, …

Each verb locks the row, checks who asks and what is missing, changes, and records an Event, in
one transaction. ActionBlocked lists the reasons that the admin shows beforehand: sentences,
and finds of protected names, which `releases.rules.name_finds` turns into sentences for a user.
Times are aware datetimes; `at` is the moment of the act.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, time
from typing import Any, cast
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, Model, OuterRef, QuerySet
from django.dispatch import Signal, receiver
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from accounts.errors import ActionBlocked
from accounts.models import User
from jobs import outbox
from people.locking import lock_names_for_change
from people.names import letters
from releases import approval, languages
from releases.models import Contact, Correction, Event, NameException, Release, Topic
from releases.rules import protected_names
from releases.rules.protected_names import Find, Reason, name_status_changed
from releases.rules.public_texts import is_printed, pictures_of, releases_printing, row_of, table_of
from releases.versions import take_back
from storing.texts import is_blank

# Sent inside the transaction that set when the embargo lifts. Takes `release`, `by`, and `tell`:
# whether to notify those who were promised another time. Readers that no e-mail can reach, because
# e-mail is off, stand in `release.undelivered` afterwards.
embargo_changed = Signal()

# --- Verbs -------------------------------------------------------------------------------------


def create(
    release: Release,
    *,
    by: User | None,
    at: datetime | None = None,
    verb: Event.Verb = Event.Verb.CREATED,
    detail: Callable[[Release], dict[str, Any]] | None = None,
) -> Release:
    """Store a new draft; `detail` says what its record holds, of the release as it is stored."""
    with transaction.atomic():
        release.created_by = by
        release.save()
        said = detail(Release.objects.get(pk=release.pk)) if detail else {}
        record(release, verb, by, at or timezone.now(), version=release.version, **said)
    return release


def submit(release: Release, *, by: User, at: datetime | None = None) -> Release:
    """Hand a draft to whoever approves."""
    with transaction.atomic():
        fresh = _lock(release)
        _refuse_unless(by, "submit_release", "submit releases")
        _refuse_where(_wrong_status(fresh, Release.Status.DRAFT))
        _refuse_where(_not_theirs(fresh, by))
        _refuse_where(review_blockers(fresh))
        page = approval.printed(fresh)
        return _move(fresh, Release.Status.IN_REVIEW, Event.Verb.SUBMITTED, by, at, page=page)


def send_back(
    release: Release, *, by: User, words: str = "", at: datetime | None = None
) -> Release:
    """Make a draft of a release again that is in review, or approved and not yet public."""
    at = at or timezone.now()
    with transaction.atomic():
        fresh = _lock(release)
        _refuse_where(_wrong_status(fresh, Release.Status.IN_REVIEW, Release.Status.APPROVED))
        if fresh.is_published(at):
            raise ActionBlocked(
                "The release is public. It can be corrected or withdrawn, not sent back."
            )
        if not may_send_back(fresh, by):
            raise ActionBlocked("You have no right to send this release back. Ask a publisher.")
        fresh.publish_at, fresh.day_only = None, False
        return _move(fresh, Release.Status.DRAFT, Event.Verb.RETURNED, by, at, words=words)


def approve(
    release: Release,
    *,
    by: User,
    publish_at: datetime,
    at: datetime | None = None,
    archive: bool = False,
    tell: bool = False,
    read: Mapping[str, str] | None = None,
) -> Release:
    """Approve a release, with everything that its page prints, for the end of its embargo.

    A moment in the past is refused, unless `archive` says that the release came out then; there
    midnight in the newsroom's zone stands for a day whose hour nobody recorded. `tell` sends word
    to those who accepted an embargo until another time. `read` is what the approver read
    (`approval.printed`): anything else is refused.
    """
    at = at or timezone.now()
    with transaction.atomic():
        fresh = _lock(release)
        _refuse_unless(by, "approve_release", "approve releases")
        _refuse_where(_wrong_status(fresh, Release.Status.DRAFT, Release.Status.IN_REVIEW))
        _refuse_where(_held(fresh))
        _refuse_where(_not_as_read(fresh, read))
        if publish_at < at and not archive:
            raise ActionBlocked(
                f"{_shown(publish_at)} has passed. Choose a later time, publish now, or say that "
                "the release came out then."
            )
        if archive and publish_at > at:
            raise ActionBlocked(
                f"{_shown(publish_at)} is still to come, so the release cannot have come out then."
            )
        fresh.publish_at = publish_at
        fresh.day_only = archive and timezone.localtime(publish_at).time() == time()
        _allow_at(fresh, max(publish_at, at))
        fresh.slug = fresh.slug or fresh.slug_from_title()
        _move(
            fresh,
            Release.Status.APPROVED,
            Event.Verb.APPROVED,
            by,
            at,
            publish_at=publish_at.isoformat(),
            archive=archive,
            page=approval.printed(fresh),
        )
        embargo_changed.send(Release, release=fresh, by=by, tell=tell)
    return fresh


def reschedule(
    release: Release,
    *,
    by: User,
    publish_at: datetime,
    tell: bool = False,
    at: datetime | None = None,
) -> Release:
    """Move the moment at which the embargo lifts, earlier or later; it holds at once, everywhere.

    The text stays approved as it is. `tell` sends word to those who accepted the other time.
    """
    at = at or timezone.now()
    with transaction.atomic():
        fresh = _lock(release)
        _refuse_unless(by, "approve_release", "move an embargo")
        _refuse_where(_held(fresh))
        if not (fresh.is_scheduled(at) or fresh.is_blocked_by_name()):
            raise ActionBlocked(
                f"The release is {fresh.state(at).lower()}: it has no embargo to move."
            )
        if publish_at <= at:
            raise ActionBlocked(
                f"{_shown(publish_at)} has passed. Choose a later time, or publish now."
            )
        before, fresh.publish_at = fresh.publish_at, publish_at
        _allow_at(fresh, publish_at)
        _move(
            fresh,
            Release.Status.APPROVED,
            Event.Verb.RESCHEDULED,
            by,
            at,
            before=before and before.isoformat(),
            publish_at=publish_at.isoformat(),
        )
        embargo_changed.send(Release, release=fresh, by=by, tell=tell)
    return fresh


def publish(
    release: Release,
    *,
    by: User,
    tell: bool = False,
    at: datetime | None = None,
    read: Mapping[str, str] | None = None,
) -> Release:
    """Make a release public now, whether or not it was scheduled for later.

    `read` is what the publisher read, as in `approve`.
    """
    at = at or timezone.now()
    with transaction.atomic():
        fresh = _lock(release)
        _refuse_unless(by, "approve_release", "publish releases")
        if fresh.is_public(at):
            raise ActionBlocked("The release is public already.")
        _refuse_where(_held(fresh))
        _refuse_where(
            _wrong_status(
                fresh, Release.Status.DRAFT, Release.Status.IN_REVIEW, Release.Status.APPROVED
            )
        )
        _refuse_where(_not_as_read(fresh, read))
        fresh.publish_at = at
        _allow_at(fresh, at)
        fresh.slug = fresh.slug or fresh.slug_from_title()
        page = approval.printed(fresh)
        _move(fresh, Release.Status.APPROVED, Event.Verb.PUBLISHED, by, at, page=page)
        embargo_changed.send(Release, release=fresh, by=by, tell=tell)
    return fresh


def correct(
    release: Release,
    *,
    by: User,
    words: str,
    at: datetime | None = None,
) -> Release:
    """Store the changed text of a public release, and say in public what was wrong.

    `release` carries the new text. Without words it is an amendment: the small mend of a typing
    error, recorded with the versions but not announced.
    """
    at = at or timezone.now()
    with transaction.atomic():
        fresh = _lock(release)
        _refuse_unless(by, "correct_release", "change a published release")
        if not fresh.is_published(at):
            raise ActionBlocked("Only a release that is public can be corrected.")
        release.slug = release.slug or fresh.slug
        words = words.strip()
        _refuse_where(correction_blockers(release, at))
        _refuse_where(_blocking(protected_names.finds_in_words(words, _("the correction"), at)))
        version = fresh.version
        release.save()
        record_correction(release, by=by, words=words, at=at, version=version)
    return release


def record_correction(
    release: Release, *, by: User, words: str, at: datetime, version: int = 0, of: str = ""
) -> None:
    """Record a change of what a public release prints; with `words`, print the correction.

    `of` names what was changed if it is not the text. Call it in the transaction of the change.
    """
    if words:
        Correction.objects.create(release=release, at=at, words=words, by=by)
    verb = Event.Verb.CORRECTED if words else Event.Verb.MINOR_EDIT
    record(release, verb, by, at, version=version or release.version, words=words, of=of)


def hold(release: Release, *, by: User, at: datetime | None = None) -> Release:
    """Take a release, its pictures and its preview links off every path at once.

    For the worst day: it asks for nothing, and holds whatever version is the newest. Nothing is
    lost, and nothing is said in public; `let_go` undoes it, `withdraw` makes it final.
    """
    with transaction.atomic():
        _refuse_unless(by, "hold_release", "hold releases")
        fresh = _lock(release, any_version=True)
        if fresh.status == Release.Status.WITHDRAWN:
            raise ActionBlocked("The release is withdrawn: it is off every path already.")
        _refuse_where(_held(fresh))
        fresh.held_at = at = at or timezone.now()
        return _move(fresh, Release.Status(fresh.status), Event.Verb.PUT_ON_HOLD, by, at)


def record_restored_hold(
    release: Release, *, words: str, at: datetime | None = None
) -> Release | None:
    """Record that the restore of a backup put a release on hold; None where it no longer is.

    The restore sets `held_at` itself, in the transaction that makes the backup's rows visible.
    """
    with transaction.atomic():
        fresh = Release.objects.select_for_update(of=("self",)).filter(pk=release.pk).first()
        if fresh is None or not fresh.is_on_hold():
            return None
        status = Release.Status(fresh.status)
        return _move(fresh, status, Event.Verb.PUT_ON_HOLD, None, at, words=words)


def end_hold(release: Release, *, by: User, at: datetime | None = None) -> Release:
    """End a hold. What was public is public again; what was due meanwhile goes out now."""
    at = at or timezone.now()
    with transaction.atomic():
        fresh = _lock(release)
        _refuse_unless(by, "approve_release", "let a held release go")
        if not fresh.is_on_hold():
            raise ActionBlocked("The release is not held.")
        if fresh.status == Release.Status.APPROVED:
            if fresh.is_published(at):
                _refuse_where(blockers(fresh, at))
            else:
                fresh.publish_at = max(fresh.publish_at or at, at)
                _allow_at(fresh, fresh.publish_at)
        fresh.held_at = None
        return _move(fresh, Release.Status(fresh.status), Event.Verb.HOLD_ENDED, by, at)


def withdraw(release: Release, *, by: User, reason: str, at: datetime | None = None) -> Release:
    """Take an approved release off every public path; what was public leaves a tombstone.

    `reason` is public: it stands where the release stood.
    """
    at = at or timezone.now()
    with transaction.atomic():
        fresh = _lock(release)
        _refuse_unless(by, "withdraw_release", "withdraw releases")
        _refuse_where(_wrong_status(fresh, Release.Status.APPROVED))
        if not reason.strip():
            raise ActionBlocked(
                "Say in a sentence why it is withdrawn: readers will find it there."
            )
        if fresh.has_been_public(at):
            place = _("the reason of the withdrawal")
            _refuse_where(_blocking(protected_names.finds_in_words(reason, place, at)))
        fresh.withdrawn_at = at
        fresh.withdrawal_reason = reason.strip()
        return _move(
            fresh, Release.Status.WITHDRAWN, Event.Verb.WITHDRAWN, by, at, reason=reason.strip()
        )


def allow_name(
    row: Model, *, by: User, name: str, reason: str, at: datetime | None = None
) -> NameException:
    """Let a protected name stand in one text: a namesake, or a part of another name.

    It holds for this spelling in this row alone: a release, a picture, a topic, … In a text that
    is public already, a name may be allowed before the change that brings it in.
    """
    at, name, reason = at or timezone.now(), name.strip(), reason.strip()
    with transaction.atomic():
        lock_names_for_change()
        fresh = _lock(row) if isinstance(row, Release) else row
        _require_name_right(by)
        standing = {letters(find.surface) for find in _named_in(fresh, at)}
        if not letters(name) or not (is_printed(fresh, at) or letters(name) in standing):
            raise ActionBlocked(
                _("This name does not stand in the text, or it is allowed already.")
            )
        if not reason:
            raise ActionBlocked(
                _("Enter the reason why this name may stand here. It stays on record.")
            )
        release = fresh if isinstance(fresh, Release) else None
        where = {"table": table_of(fresh), "row": "" if release else str(fresh.pk)}
        given = NameException.objects.standing().filter(release=release, **where)
        if letters(name) in map(letters, given.values_list("name", flat=True)):
            raise ActionBlocked(_("This name is allowed here already."))
        exception = NameException.objects.create(
            release=release, name=name, reason=reason, by=by, at=at, **where
        )
        _record_exception(exception, Event.Verb.NAME_ALLOWED, by, at, reason=reason)
    return exception


def end_name_exception(
    exception: NameException, *, by: User, at: datetime | None = None
) -> NameException:
    """End a name exception. A release that is still to come waits until the name is removed."""
    at = at or timezone.now()
    with transaction.atomic():
        lock_names_for_change()
        _require_name_right(by)
        fresh = NameException.objects.select_for_update(of=("self",)).get(pk=exception.pk)
        if fresh.ended_at:
            raise ActionBlocked(_("This exception was taken back already."))
        fresh.ended_at, fresh.ended_by = at, by
        fresh.save(update_fields=["ended_at", "ended_by"])
        _record_exception(fresh, Event.Verb.NAME_EXCEPTION_ENDED, by, at)
    return fresh


def _named_in(row: Model, at: datetime) -> list[Find]:
    if isinstance(row, Release):
        own = table_of(row)
        return [f for f in protected_names.finds_in_release(row, at) if f.table == own]
    return protected_names.finds_in([row], at)


def _record_exception(
    exception: NameException, verb: Event.Verb, by: User, at: datetime, **detail: str
) -> None:
    """Let the releases follow an exception; record it with the release that it belongs to."""
    release = exception.release
    row = release or row_of(exception.table, exception.row)
    if release:
        record(release, verb, by, at, version=release.version, name=exception.name, **detail)
    if row:
        printing = Release.objects.filter(releases_printing(row))
        protected_names.follow(Release.objects.filter(pk__in=[r.pk for r in printing]), at)


def restore(release: Release, *, by: User, history_id: int, at: datetime | None = None) -> Release:
    """Give a release that is not approved the text of one of its versions again."""
    with transaction.atomic():
        fresh = _lock(release)
        _refuse_where(_wrong_status(fresh, Release.Status.DRAFT, Release.Status.IN_REVIEW))
        _refuse_where(locked(fresh, by))
        earlier = fresh.history.filter(history_id=history_id).first()
        if earlier is None:
            raise ActionBlocked("There is no such version of this release.")
        take_back(fresh, earlier)
        return _move(
            fresh,
            Release.Status(fresh.status),
            Event.Verb.RESTORED,
            by,
            at,
            restored=earlier.version,
        )


def discard(release: Release, *, by: User, at: datetime | None = None) -> None:
    """Delete a draft. Its versions and its record stay."""
    with transaction.atomic():
        fresh = _lock(release)
        _refuse_unless(by, "delete_release", "delete drafts")
        _refuse_where(_wrong_status(fresh, Release.Status.DRAFT))
        _refuse_where(_held(fresh))  # deleted and restored, it would be off hold
        if fresh.translations.exists():
            raise ActionBlocked(
                "Other releases say that they translate this one. Change that first."
            )
        record(
            fresh,
            Event.Verb.DELETED,
            by,
            at or timezone.now(),
            version=fresh.version,
            title=fresh.title,
        )
        fresh.delete()


def undelete(pk: UUID, *, by: User, at: datetime | None = None) -> Release:
    """Make a deleted draft a draft again, with its text, topics and contacts, as a new version.

    What it pointed to and is gone meanwhile stays empty, as in `restore`.
    """
    with transaction.atomic():
        lock_names_for_change()
        last = deleted_drafts(by).filter(uuid=pk).first()
        if last is None:
            raise ActionBlocked(_("There is no deleted draft that you may restore here."))
        fresh = Release(pk=pk, created_by_id=last.created_by_id, version=last.version + 1)
        take_back(fresh, last)
        if not Release.objects.filter(import_digest=last.import_digest).exists():
            fresh.import_digest = last.import_digest
        # The last row of a version has its topics and contacts; that of the deletion has none.
        written = Release.history.filter(uuid=pk, history_type__in="+~").latest("history_id")
        topics = Topic.objects.filter(pk__in=written.topics.values("topic"))
        contacts = Contact.objects.filter(pk__in=written.contacts.values("contact"))
        fresh.save(force_insert=True)
        fresh.topics.set(topics)
        fresh.contacts.set(contacts)
        version = last.version
        record(fresh, Event.Verb.UNDELETED, by, at or timezone.now(), version=version)
        return fresh


def deleted_drafts(user: User) -> QuerySet[Any]:
    """Return the last version of each deleted draft that a user may restore, newest first."""
    gone = Release.history.filter(history_type="-")
    gone = gone.exclude(uuid__in=Release.objects.values("pk"))
    newer = gone.filter(uuid=OuterRef("uuid"), history_id__gt=OuterRef("history_id"))
    gone = gone.filter(~Exists(newer)).order_by("-history_date", "-history_id")
    if not user.has_perm("releases.delete_release"):
        return gone.none()
    if user.has_perm("releases.edit_any_release"):
        return gone
    return gone.filter(created_by=user)


# --- What stands in the way --------------------------------------------------------------------


def locked(release: Release, user: User, at: datetime | None = None) -> list[str]:
    """Return why a user cannot change the text of a release now, a sentence each."""
    if not release.is_editable_by(user):
        return _not_theirs(release, user)
    if release.status == Release.Status.DRAFT:
        return []
    if release.status == Release.Status.IN_REVIEW:
        if user.has_perm("releases.edit_any_release"):
            return []
        return ["It is being reviewed. Take it back to draft to go on writing."]
    if release.is_published(at):
        if user.has_perm("releases.correct_release"):
            return []
        return ["It is public. A publisher can correct it."]
    if release.status == Release.Status.APPROVED:
        return ["It is approved as it stands. Send it back to draft to change it."]
    return ["It was withdrawn. Its text stays as it was."]


def review_blockers(release: Release) -> list[str]:
    """Return what a release lacks before anybody need read it, a sentence each."""
    reasons = []
    if is_blank(release.title):
        reasons.append("It has no title.")
    if not release.body:
        reasons.append("It has no text.")
    if release.language == languages.UNDETERMINED:
        reasons.append(_("Its language is not known yet. Choose it in the form."))
    return reasons


def may_send_back(release: Release, user: User) -> bool:
    """Whether a user may make a draft of a release again.

    Authors take back what they submitted, editors send it back, and whoever approves may undo it.
    """
    if release.status == Release.Status.APPROVED:
        return user.has_perm("releases.approve_release")
    return release.created_by_id == user.pk or user.has_perm("releases.return_release")


def blockers(
    release: Release, at: datetime | None = None, finds: list[Find] | None = None
) -> list[Reason]:
    """Return everything that keeps a release from going out at a moment (default: now).

    Takes the release as it stands in memory, saved or not; `finds` where they are known already.
    """
    found = protected_names.finds_in_release(release, at) if finds is None else finds
    return [
        *_incomplete(release, at or timezone.now()),
        *protected_names.withheld_pictures(release, at),
        *_blocking(found),
    ]


def correction_blockers(release: Release, at: datetime | None = None) -> list[Reason]:
    """Return what keeps the changed text of a public release from being stored.

    Names that stood in it before do not: removing one of several must always be possible.
    """
    return [*_incomplete(release, at or timezone.now()), *protected_names.new_finds(release, at)]


def warnings(
    release: Release, at: datetime | None = None, finds: list[Find] | None = None
) -> list[Reason]:
    """Return what the approver of a release should know, for the moment at which it goes out.

    None of it blocks.
    """
    at = at or timezone.now()
    found: list[Reason] = []
    for picture in pictures_of(release, release.document):
        found += [f"“{picture}”: {note}" for note in picture.notes]
        if picture.as_is_at:
            found.append(
                _(
                    "“%(document)s” cannot be cleaned and goes out as it is. %(who)s accepted "
                    "it: %(reason)s"
                )
                % {
                    "document": picture,
                    "who": picture.as_is_by,
                    "reason": picture.as_is_reason,
                }
            )
        if picture.is_withdrawn():
            found.append(_("“%s”: it was withdrawn. It is not shown.") % picture)
        elif picture.has_ended():
            found.append(f"“{picture}”: our licence has ended. It is shown nowhere any more.")
        elif picture.has_ended(at):
            found.append(
                _("“%s”: our licence will have ended when the release goes out. It is not shown.")
                % picture
            )
        elif picture.ends_soon(at):
            ends = _shown(cast(datetime, picture.licence_expires))
            found.append(f"“{picture}”: our licence ends on {ends}. It is shown until then.")
    if not release._state.adding:
        found += [
            _("The contact “%s” is hidden. It is not printed.") % contact
            for contact in release.contacts.exclude(hidden_at=None)
        ]
    if finds is None:
        finds = protected_names.finds_in_release(release, at)
    return found + [find for find in finds if not find.blocks]


def _incomplete(release: Release, at: datetime) -> list[str]:
    document = release.document
    reasons = review_blockers(release)
    if release.slug and release.is_taken(release.slug):
        reasons.append(
            f"Another release has or had the address “{release.slug}”. Choose a different one, or "
            "leave it empty."
        )
    for quote in document.quotations:
        if quote.speaker is None:
            hint = f", whom the source calls {quote.name}" if quote.name else ""
            reasons.append(
                f"The quotation “{_start(quote.text)}” has no speaker: choose the person{hint}."
            )
    if release.pull_quote and not document.lifted(release.pull_quote):
        reasons.append(
            "The words of the pull quote stand in no quotation of the text. Copy them exactly "
            "from one, so that it is clear who said them."
        )
    for picture in pictures_of(release, document):
        what = picture.get_kind_display().lower()
        is_poster = picture.pk == release.poster_id
        if lacking := picture.missing():
            reasons.append(f"The {what} “{picture}” lacks {get_text_list(lacking, 'and')}.")
        out = release.is_published()  # what is out may still be corrected
        if not out and picture.is_withdrawn():
            reasons.append(
                _("The %(kind)s “%(name)s” was withdrawn. Remove it, or choose another.")
                % {"kind": what, "name": picture}
            )
        if not out and picture.has_ended():
            reasons.append(f"Our licence for the {what} “{picture}” has ended. Take another.")
        elif not out and is_poster and picture.has_ended(at):
            reasons.append(
                _(
                    "Our licence for the poster “%s” will have ended when the release goes out. "
                    "Choose another."
                )
                % picture
            )
        elif problem := picture.unready():
            reasons.append(f"The {what} “{picture}” {problem}.")
    return reasons


def _blocking(finds: list[Find]) -> list[Reason]:
    return [find for find in finds if find.blocks]


# --- What the verbs share ----------------------------------------------------------------------


def _lock(release: Release, any_version: bool = False) -> Release:
    """Return the row as it is now, locked; refuse where it is not what the caller has read.

    Nobody changes a level, a name or a public text meanwhile: what is checked is what goes out.
    A hold waits for nobody.
    """
    if not any_version:
        lock_names_for_change()
    fresh = Release.objects.select_for_update(of=("self",)).filter(pk=release.pk).first()
    if fresh is None:
        raise ActionBlocked("Somebody deleted the release while you were reading it.")
    if fresh.version != release.version and not any_version:
        raise ActionBlocked(
            f"Somebody saved version {fresh.version} while you were reading version "
            f"{release.version}. Read it again first."
        )
    return fresh


def _move(
    release: Release,
    status: Release.Status,
    verb: Event.Verb,
    by: User | None,
    at: datetime | None,
    **detail: Any,
) -> Release:
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
    """Write down who did what to a release, in the transaction of the deed."""
    Event.objects.create(
        release=release,
        release_uuid=release.pk,
        verb=verb,
        actor=by,
        at=at,
        version=version,
        detail={key: value for key, value in detail.items() if value},
    )


def _refuse_unless(by: User, right: str, what: str) -> None:
    if not by.has_perm(f"releases.{right}"):
        raise ActionBlocked(f"You have no right to {what}. Ask a publisher of your newsroom.")


def _allow_at(release: Release, at: datetime) -> None:
    """Refuse what keeps a release from going out at a moment; write until when it may name."""
    _refuse_where(blockers(release, at))
    release.names_allowed_until = protected_names.names_allowed_until(release)


def _require_name_right(by: User) -> None:
    if not by.has_perm("people.set_level"):
        raise ActionBlocked(_("You have no right to allow a protected name. Ask a publisher."))


def _refuse_where(reasons: Sequence[Reason]) -> None:
    if reasons:
        raise ActionBlocked(*reasons)


def _wrong_status(release: Release, *allowed: Release.Status) -> list[str]:
    if release.status in allowed:
        return []
    return [f"The release is {release.state().lower()}, so this cannot be done to it."]


def _not_as_read(release: Release, read: Mapping[str, str] | None) -> list[str]:
    changed = approval.changed_since(read, release) if read is not None else []
    return [*changed, _("Read the page again, then open this form again.")] if changed else []


def _held(release: Release) -> list[str]:
    return ["The release is held. Let it go first."] if release.is_on_hold() else []


def _not_theirs(release: Release, by: User) -> list[str]:
    if release.is_editable_by(by):
        return []
    owner = release.created_by or "the newsroom"
    return [f"The release is {owner}’s; you may work on your own."]


def _shown(moment: datetime) -> str:
    local = timezone.localtime(moment)
    return f"{date_format(local, 'j F Y, H:i')} ({local.tzname()})"


def _start(text: str) -> str:
    first = text.strip("“”‘’\"' ")
    return first if len(first) <= 50 else first[:50].rpartition(" ")[0] + "…"


# --- Releases that wait for a name -------------------------------------------------------------


@receiver(name_status_changed)
def _name_status_changed(release: Release, at: datetime, **signal: Any) -> None:
    """Record that a release does not go out, or goes out again; write to its people."""
    goes_out = release.names_allowed()
    verb = Event.Verb.UNBLOCKED if goes_out else Event.Verb.BLOCKED_BY_NAME
    record(release, verb, None, at, version=release.version)
    due = release.publish_at and _shown(release.publish_at)
    if goes_out:
        subject = _("A release goes out on time again")
        text = _("A release that you wrote or approved goes out on %s as planned.") % due
    else:
        subject = _("A release does not go out")
        text = _(
            "A release that you wrote or approved does not go out on %s: a protected name stands "
            "in it. It goes out on time if the name is removed or allowed before."
        ) % due  # fmt: skip
    _write_to_its_people(release, subject, text)


# --- What a release prints and others can change -----------------------------------------------


def record_printed_row_change(
    row: Model, words: str, *, by: User, at: datetime, on_public: bool = False
) -> None:
    """Record on each approved release that is still to come that a row it prints was changed.

    Its author and its approvers get an e-mail; the approval stays. `words` is the record. It stands
    with public releases too if `on_public` says so.
    """
    printing = Release.objects.filter(releases_printing(row))
    recorded = printing.approved() if on_public else printing.settled(at)
    Event.objects.bulk_create(
        Event(
            release_id=pk, release_uuid=pk, verb=Event.Verb.PRINTED_ROW_CHANGED, actor=by, at=at,
            version=version, detail={"words": words},
        )
        for pk, version in recorded.order_by("pk").values_list("pk", "version")
    )  # fmt: skip
    for release in printing.settled(at).order_by("pk"):
        subject = _("Something that an approved release prints was changed")
        text = _(
            "%(who)s changed something that a release prints which you wrote or approved: "
            "%(what)s It stays approved. Read its preview."
        ) % {"who": by, "what": words}  # fmt: skip
        _write_to_its_people(release, subject, text, but=by)


def _write_to_its_people(
    release: Release, subject: str, text: str, but: User | None = None
) -> None:
    address = settings.SITE_URL + reverse("admin:releases_release_change", args=[release.pk])
    people = _responsible(release) - {but}
    for to in sorted({user.email for user in people if user and user.email}):
        outbox.put(to, subject, f"{text}\n\n{address}\n", about=f"release:{release.pk}")


def _responsible(release: Release) -> set[User]:
    """Return the author of a release and those who approved or moved it."""
    approvals = [Event.Verb.APPROVED, Event.Verb.PUBLISHED, Event.Verb.RESCHEDULED]
    acted = release.events.filter(verb__in=approvals).select_related("actor")
    return {user for user in (release.created_by, *(event.actor for event in acted)) if user}

"""Blockers of actions on a release, and warnings for its approver.

A blocker is a sentence that says why something is not possible now, or a find of a protected name.
`releases.rules.name_finds` converts finds to sentences for one user. An empty list means that
nothing blocks.
"""

from datetime import datetime
from typing import cast

from django.utils import timezone
from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from accounts.models import User
from assets.models import MediaAsset
from releases import languages
from releases.models import RESERVED_SLUGS, Release
from releases.moments import local_time
from releases.rules import protected_names
from releases.rules.protected_names import Find, Reason
from releases.rules.public_texts import pictures_of
from storing.texts import is_blank

MAX_QUOTED = 50  # characters of a quotation that a sentence shows


def gone() -> str:
    """Return the sentence for a release that does not exist, or not for the user."""
    return _("Someone deleted this release while you were reading it.")


def outsider_blockers(release: Release, user: User, at: datetime | None = None) -> list[str]:
    """Return why a user who is not named on a restricted release cannot change it.

    Until it is public, the sentence is the same as for a release that was deleted.
    """
    if release.is_known_to(user):
        return []
    if release.is_public(at):
        return [_("Only the people named on this release can change it.")]
    return [gone()]


def edit_blockers(release: Release, user: User, at: datetime | None = None) -> list[str]:
    """Return why a user cannot change the text of a release now."""
    if reasons := ownership_blockers(release, user):
        return reasons
    if release.status == Release.Status.DRAFT:
        return []
    if release.status == Release.Status.IN_REVIEW:
        if user.has_perm("releases.edit_any_release"):
            return []
        return [_("This release is in review. Send it back to draft to edit it.")]
    if release.is_published(at):
        if user.has_perm("releases.correct_release"):
            return []
        return [_("This release is public. A publisher can correct it.")]
    if release.status == Release.Status.APPROVED:
        return [_("This release is approved. Send it back to draft to change it.")]
    return [_("This release is withdrawn. Its text can’t be changed.")]


def ownership_blockers(release: Release, user: User) -> list[str]:
    """Return why a user cannot change the text of a release in any status."""
    if reasons := outsider_blockers(release, user):
        return reasons
    if release.is_editable_by(user):
        return []
    if release.created_by is None:
        return [_("This release belongs to the newsroom. You can edit only your own.")]
    return [
        _("This release belongs to %(owner)s. You can edit only your own.")
        % {"owner": release.created_by}
    ]


def hold_blockers(release: Release) -> list[str]:
    """Return a blocker if a release is on hold: it can't be approved, published or deleted."""
    return [_("This release is on hold. End the hold first.")] if release.is_on_hold() else []


def review_blockers(release: Release) -> list[str]:
    """Return what is missing before a release can be reviewed."""
    reasons = []
    if is_blank(release.title):
        reasons.append(_("Enter a title."))
    if not release.body:
        reasons.append(_("Enter the text."))
    if release.language == languages.UNDETERMINED:
        reasons.append(_("Choose the language."))
    return reasons


def blockers(
    release: Release, at: datetime | None = None, finds: list[Find] | None = None
) -> list[Reason]:
    """Return everything that prevents publication at a time (default: now).

    The release is checked as it is in memory, saved or not. Pass `finds` if they are already known.
    """
    if finds is None:
        finds = protected_names.finds_in_release(release, at)
    return [
        *_text_blockers(release, at or timezone.now()),
        *protected_names.hidden_picture_blockers(release, at),
        *blocking_finds(finds),
    ]


def correction_blockers(release: Release, at: datetime | None = None) -> list[Reason]:
    """Return why the changed text of a public release cannot be saved.

    Names that the stored text already contains do not block, so that an editor can remove one of
    several names.
    """
    return [*_text_blockers(release, at or timezone.now()), *protected_names.new_finds(release, at)]


def blocking_finds(finds: list[Find]) -> list[Reason]:
    """Return the finds that block. The others only warn."""
    return [find for find in finds if find.blocks]


def warnings(
    release: Release, at: datetime | None = None, finds: list[Find] | None = None
) -> list[Reason]:
    """Return warnings for the approver of a release about the time of publication (default: now).

    They do not block.
    """
    at = at or timezone.now()
    found: list[Reason] = []
    for picture in pictures_of(release, release.document):
        found += _picture_warnings(picture, at)
    if not release._state.adding:
        found += [
            _("The contact “%s” is hidden and not shown.") % contact
            for contact in release.contacts.exclude(hidden_at=None)
        ]
    if finds is None:
        finds = protected_names.finds_in_release(release, at)
    return found + [find for find in finds if not find.blocks]


def _picture_warnings(picture: MediaAsset, at: datetime) -> list[str]:
    found = [
        _("“%(picture)s”: %(warning)s") % {"picture": picture, "warning": warning}
        for warning in picture.file_warning_texts
    ]
    if picture.as_is_at:
        found.append(
            _(
                "“%(document)s” can’t be cleaned and is published as it is. Accepted by %(who)s: "
                "%(reason)s"
            )
            % {"document": picture, "who": picture.as_is_by, "reason": picture.as_is_reason}
        )
    if picture.is_withdrawn():
        found.append(_("“%s” is withdrawn and not shown.") % picture)
    elif picture.licence_has_ended():
        found.append(_("“%s”: our licence has ended. It is no longer shown.") % picture)
    elif picture.licence_has_ended(at):
        found.append(
            _("“%s”: our licence ends before the release is published. It will not be shown.")
            % picture
        )
    elif picture.licence_ends_soon(at):
        ends = local_time(cast(datetime, picture.licence_expires))
        found.append(
            _("“%(picture)s”: our licence ends on %(time)s. It is shown until then.")
            % {"picture": picture, "time": ends}
        )
    return found


def _text_blockers(release: Release, at: datetime) -> list[str]:
    document = release.document
    reasons = review_blockers(release)
    if release.slug and release.is_taken(release.slug):
        if release.slug in RESERVED_SLUGS:
            reason = _(
                "The newsroom itself uses the address “%(slug)s”. Choose another, or leave the "
                "field blank."
            )
        else:
            reason = _(
                "Another release uses or used the address “%(slug)s”. Choose another, or leave "
                "the field blank."
            )
        reasons.append(reason % {"slug": release.slug})
    for quote in document.quotations:
        if quote.speaker is None:
            values = {"start": _first_words(quote.text), "name": quote.name}
            if quote.name:
                reason = _(
                    "Choose a speaker for the quotation “%(start)s”. The source names %(name)s."
                )
            else:
                reason = _("Choose a speaker for the quotation “%(start)s”.")
            reasons.append(reason % values)
    if release.pull_quote and not document.find_pull_quote(release.pull_quote):
        reasons.append(
            _("The pull quote is not in any quotation in the text. Copy it exactly from one.")
        )
    for picture in pictures_of(release, document):
        reasons += _picture_blockers(release, picture, at)
    return reasons


def _picture_blockers(release: Release, picture: MediaAsset, at: datetime) -> list[str]:
    values = {"kind": picture.get_kind_display(), "name": picture}
    reasons = []
    if missing := picture.missing_fields():
        fields = get_text_list(missing, _("and"))
        reason = _("%(kind)s “%(name)s” is missing: %(fields)s.")
        reasons.append(reason % {**values, "fields": fields})
    # A published release can be corrected even if it has a picture that is no longer shown.
    published = release.is_published()
    if not published and picture.is_withdrawn():
        reasons.append(_("%(kind)s “%(name)s” is withdrawn. Remove it or choose another.") % values)
    if not published and picture.licence_has_ended():
        reasons.append(_("Our licence for “%(name)s” has ended. Choose another.") % values)
    elif not published and picture.pk == release.poster_id and picture.licence_has_ended(at):
        reasons.append(
            _("Our licence for the poster “%s” ends before publication. Choose another.") % picture
        )
    elif problem := picture.processing_blocker():
        reasons.append(
            _("“%(name)s” can’t be shown: %(problem)s.") % {"name": picture, "problem": problem}
        )
    return reasons


def _first_words(text: str) -> str:
    start = text.strip("“”‘’\"' ")
    if len(start) <= MAX_QUOTED:
        return start
    return start[:MAX_QUOTED].rpartition(" ")[0] + "…"

"""Records of what was done to a release. They are never changed or deleted."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from releases.models.release import Release
from storing.append_only import AppendOnly


class Correction(AppendOnly):
    """A notice on a published release: what was wrong, and what is correct."""

    release = models.ForeignKey(Release, models.PROTECT, related_name="corrections")
    at = models.DateTimeField(default=timezone.now)
    text = models.TextField(
        db_column="words", help_text=_("Public. What was wrong and what is correct.")
    )
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("correction")
        verbose_name_plural = _("corrections")
        ordering = ["at", "pk"]
        constraints = [
            models.CheckConstraint(condition=~Q(text=""), name="correction_says_something"),
        ]

    def __str__(self) -> str:
        return self.text[:80]


class Event(AppendOnly):
    """Who did what to a release, and when. It is kept when the release is deleted."""

    class Verb(models.TextChoices):
        CREATED = "created", _("Created")
        IMPORTED = "imported", _("Imported")
        SUBMITTED = "submitted", _("Submitted for approval")
        RETURNED = "returned", _("Sent back to draft")
        APPROVED = "approved", _("Approved")
        PUBLISHED = "published", _("Published")
        CORRECTED = "corrected", _("Corrected")
        MINOR_EDIT = "amended", _("Minor edit")
        RESTORED = "restored", _("Restored an earlier version")
        RESCHEDULED = "rescheduled", _("Embargo changed")
        PUT_ON_HOLD = "held", _("Put on hold")
        HOLD_ENDED = "let_go", _("Hold ended")
        WITHDRAWN = "withdrawn", _("Withdrawn")
        PROBED = "guessed", _("Attempts to find it")
        DELETED = "deleted", _("Deleted")
        UNDELETED = "undeleted", _("Restored after deletion")
        PRINTED_ROW_CHANGED = "around", _("Content it shows was changed")
        LINKS_ISSUED = "linked", _("Preview links issued")
        LINKS_REVOKED = "unlinked", _("Preview links revoked")
        NAME_ALLOWED = "cleared", _("Name allowed")
        NAME_EXCEPTION_ENDED = "uncleared", _("Name exception removed")
        BLOCKED_BY_NAME = "waits", _("Blocked: contains a protected name")
        UNBLOCKED = "goes_out", _("No longer blocked")
        HANDED_OVER = "handed_over", _("Handed over to another author")

    release = models.ForeignKey(Release, models.SET_NULL, null=True, related_name="events")
    release_uuid = models.UUIDField(help_text=_("Kept when a draft is deleted."))
    verb = models.CharField(max_length=12, choices=Verb.choices)
    at = models.DateTimeField(default=timezone.now)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+",
        help_text=_("Blank if done by a command."),
    )  # fmt: skip
    version = models.PositiveIntegerField(help_text=_("The version the action applied to."))
    detail = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering = ["at", "pk"]
        indexes = [models.Index(fields=["release_uuid", "at"], name="event_by_release")]

    def __str__(self) -> str:
        return f"{self.get_verb_display()} {self.at:%Y-%m-%d %H:%M}"

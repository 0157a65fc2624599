"""The record of access: who signed in, and who gave or took access. It is append-only."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from storing.append_only import AppendOnly


class AccessEvent(AppendOnly):
    """One event of the record. Triggers of the database refuse changes (`accounts.triggers`).

    Accounts are named by their key and not by a foreign key, so that an account and its name can
    be removed while its events stay.
    """

    class Verb(models.TextChoices):
        SIGNED_IN = "signed_in", _("Signed in")
        SIGN_IN_FAILED = "sign_in_failed", _("Sign-in failed")
        SIGN_IN_LIMITED = "sign_in_limited", _("Sign-in failed too often")
        SIGNED_OUT = "signed_out", _("Signed out")
        SESSION_ENDED = "session_ended", _("Session ended")
        PASSWORD_CHANGED = "password_changed", _("Password changed")
        PASSWORD_RESET_REQUESTED = "password_reset_requested", _("Password reset requested")
        PASSWORD_RESET = "password_reset", _("Password reset")
        EMAIL_CHANGED = "email_changed", _("E-mail address changed")
        FACTOR_ADDED = "factor_added", _("Second factor added")
        FACTOR_REMOVED = "factor_removed", _("Second factor removed")
        RECOVERY_CODES_CREATED = "recovery_codes_created", _("Recovery codes created")
        RECOVERY_CODE_USED = "recovery_code_used", _("Recovery code used")
        RECOVERY_STARTED = "recovery_started", _("Recovery of a second factor started")
        RECOVERY_USED = "recovery_used", _("Recovery of a second factor completed")
        RECOVERY_CANCELLED = "recovery_cancelled", _("Recovery of a second factor cancelled")
        INVITED = "invited", _("Invited")
        INVITATION_CANCELLED = "invitation_cancelled", _("Invitation cancelled")
        INVITATION_ACCEPTED = "invitation_accepted", _("Invitation accepted")
        ACCOUNT_CREATED = "account_created", _("Account created")
        ACCOUNT_CHANGED = "account_changed", _("Account changed")
        ROLES_CHANGED = "roles_changed", _("Roles changed")
        PAUSED = "paused", _("Account paused")
        RESUMED = "resumed", _("Account resumed")
        LEFT = "left", _("Left the team")
        OFFICER_ADDED = "officer_added", _("Case officer added")
        OFFICER_REMOVED = "officer_removed", _("Case officer removed")
        RESTRICTED = "restricted", _("Release restricted")
        RESTRICTION_ENDED = "restriction_ended", _("Restriction ended")
        ACCESS_GIVEN = "access_given", _("Access to a release given")
        ACCESS_REMOVED = "access_removed", _("Access to a release removed")
        EXPORTED = "exported", _("Exported")
        FORGOTTEN = "forgotten", _("Personal data removed")
        RECORD_SHORTENED = "record_shortened", _("Old events deleted")

    at = models.DateTimeField(_("time"), default=timezone.now)
    # Without `choices`, so that a new verb needs no migration. `label` is the text.
    verb = models.CharField(_("event"), max_length=40)
    actor_id = models.BigIntegerField(
        null=True, help_text=_("The account that acted. Blank for strangers and commands.")
    )
    subject_id = models.BigIntegerField(
        null=True, help_text=_("The account that the event is about.")
    )
    about = models.CharField(
        max_length=200, blank=True, default="", help_text=_("Such as release:<uuid>.")
    )
    network = models.CharField(
        max_length=50, blank=True, default="", help_text=_("The network of the client.")
    )
    detail = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("event of the record")
        verbose_name_plural = _("record of access")
        ordering = ["-at", "-pk"]
        default_permissions = ("view",)
        permissions = [("export_accessevent", _("Can export the record of access"))]
        indexes = [
            models.Index(fields=["at"], name="access_by_time"),
            models.Index(fields=["subject_id", "at"], name="access_by_subject"),
            models.Index(fields=["about"], name="access_by_row", condition=~Q(about="")),
        ]

    def __str__(self) -> str:
        return f"{self.label} {self.at:%Y-%m-%d %H:%M}"

    @property
    def label(self) -> str:
        """What happened, in words."""
        try:
            return str(AccessEvent.Verb(self.verb).label)
        except ValueError:  # of a newer version
            return self.verb


class DeletionPass(models.Model):
    """A row that exists only in the transaction in which old events are deleted.

    The triggers let a DELETE pass while there is such a row. It is never committed.
    """

    class Meta:
        verbose_name = _("pass for deleting events")
        verbose_name_plural = _("passes for deleting events")
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.pk)

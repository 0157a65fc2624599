"""The rows behind the queue and the outbox.

A worker that takes a row writes a lease into it: a random value and a time. Any worker may take a
row whose lease has ended, so that no row is lost when a worker dies.
"""

import uuid
from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Lane(models.TextChoices):
    """The thread of a worker that runs a job. Long jobs do not delay short jobs in other lanes."""

    QUICK = "quick", _("Short jobs")
    FILES = "files", _("File jobs")
    LONG = "long", _("Long jobs")


class LeasedQuerySet(models.QuerySet):
    """Rows that workers take by lease."""

    def open(self) -> Self:
        """Rows that wait or are being processed."""
        return self.filter(state__in=["waiting", "running"])

    def due(self, at: datetime) -> Self:
        """Rows that a worker may take at the time `at`: they are due, or their lease has ended."""
        return self.open().filter(due_at__lte=at)

    def failed(self) -> Self:
        """Rows that were given up."""
        return self.filter(state="failed")


class Leased(models.Model):
    """The fields that jobs and e-mails share."""

    due_at = models.DateTimeField(
        _("next attempt"),
        default=timezone.now,
        help_text=_("When a worker may start it. While it runs, when the lease ends."),
    )
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    lease = models.UUIDField(null=True, editable=False)
    reason = models.TextField(_("reason"), blank=True, default="")
    created_at = models.DateTimeField(_("created"), default=timezone.now)

    class Meta:
        abstract = True


class JobQuerySet(LeasedQuerySet):
    def needing_attention(self) -> Self:
        """Jobs that were given up, and scheduled jobs whose last run failed."""
        return self.filter(Q(state="failed") | Q(state="waiting", attempts=0) & ~Q(reason=""))


class Job(Leased):
    """A background job. Its row is deleted when it is done, unless it is on the schedule."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        RUNNING = "running", _("Running")
        FAILED = "failed", _("Failed")

    name = models.CharField(_("job"), max_length=100)
    key = models.CharField(
        _("key"),
        max_length=200,
        blank=True,
        default="",
        help_text=_("One row per job and key. Leave blank for no limit."),
    )
    arguments = models.JSONField(default=list)
    lane = models.CharField(max_length=8, choices=Lane, default=Lane.QUICK)
    urgent = models.BooleanField(default=False, help_text=_("Runs before other jobs."))
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.WAITING)
    again = models.BooleanField(default=False, help_text=_("Requested again while running."))

    objects = JobQuerySet.as_manager()

    class Meta:
        verbose_name = _("background job")
        verbose_name_plural = _("background jobs")
        ordering = ["-urgent", "due_at", "pk"]
        default_permissions = ("view",)
        permissions = [("retry_job", _("Can retry a failed job"))]
        indexes = [
            models.Index(
                fields=["lane", "due_at"],
                condition=Q(state__in=["waiting", "running"]),
                name="job_due",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["name", "key"], condition=~Q(key=""), name="job_once_for_a_key"
            ),
            models.CheckConstraint(
                condition=Q(lease=None) ^ Q(state="running"), name="job_running_has_a_lease"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class EmailQuerySet(LeasedQuerySet):
    def about(self, subject: str) -> Self:
        """E-mails about one object, such as `release:<uuid>`."""
        return self.filter(about=subject)

    def needing_attention(self) -> Self:
        """E-mails that were given up, and those that failed at least once and will be retried."""
        return self.filter(Q(state="failed") | Q(state__in=["waiting", "running"], attempts__gt=0))


class Email(Leased):
    """An e-mail to one address. Its text is removed once it has been sent or dropped."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        RUNNING = "running", _("Sending")
        SENT = "sent", _("Sent")
        DROPPED = "dropped", _("No longer needed")
        FAILED = "failed", _("Failed")

    uuid = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    message_id = models.CharField(_("message ID"), max_length=255, unique=True, editable=False)
    to = models.EmailField(_("to"))
    subject = models.CharField(_("subject"), max_length=200)
    text = models.TextField(blank=True)
    fill = models.CharField(
        max_length=100,
        blank=True,
        default="",
        help_text=_("The function that completes the text just before it is sent."),
    )
    fill_key = models.CharField(
        max_length=200, blank=True, default="", help_text=_("What the function looks up.")
    )
    about = models.CharField(
        _("about"),
        max_length=200,
        blank=True,
        default="",
        help_text=_("Such as release:<uuid>."),
    )
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("sent by"),
    )
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.WAITING)
    ended_at = models.DateTimeField(_("ended"), null=True)

    objects = EmailQuerySet.as_manager()

    class Meta:
        verbose_name = _("e-mail")
        verbose_name_plural = _("e-mails")
        ordering = ["-created_at", "pk"]
        default_permissions = ("view",)
        permissions = [("resend_email", _("Can send a failed e-mail again"))]
        indexes = [
            models.Index(
                fields=["due_at"],
                condition=Q(state__in=["waiting", "running"]),
                name="email_due",
            ),
            models.Index(fields=["about"], name="email_about"),
            models.Index(fields=["fill_key"], name="email_fill_key"),
            models.Index(fields=["ended_at"], name="email_ended"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(lease=None) ^ Q(state="running"), name="email_running_has_a_lease"
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None) ^ Q(state__in=["sent", "dropped", "failed"]),
                name="email_ended_has_a_time",
            ),
            models.CheckConstraint(
                condition=Q(text="") | ~Q(state__in=["sent", "dropped"]),
                name="email_keeps_no_text",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.to}: {self.subject}"

"""E-mails and background jobs at the desk: their state, reasons for failures, and retries."""

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.models import User
from desk.admin.base import ReadOnlyAdmin
from jobs import outbox, queue
from jobs.models import Email, Job
from releases.rules.desk_visibility import jobs_visible_to
from releases.workflow import emails_visible_to


@admin.register(Email)
class EmailAdmin(ReadOnlyAdmin):
    list_display = ["to", "subject", "state", "reason", "attempts", "next_attempt", "created_at"]
    list_filter = ["state"]
    unfilterable_fields = ["text", "fill", "fill_key", "lease"]
    search_fields = ["to", "subject"]
    search_help_text = _("Searches addresses and subjects.")
    fields = [
        "to", "subject", "state", "reason", "attempts", "next_attempt", "by", "created_at",
        "ended_at", "message_id",
    ]  # fmt: skip
    actions = ["send_again"]

    def get_queryset(self, request: HttpRequest) -> Any:
        return emails_visible_to(User.of(request))

    def has_resend_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("jobs.resend_email")

    @admin.display(description=_("next attempt"), ordering="due_at")
    def next_attempt(self, email: Email) -> Any:
        return None if email.ended_at else email.due_at

    @admin.action(description=_("Send again"), permissions=["resend"])
    def send_again(self, request: HttpRequest, queryset: Any) -> None:
        failed = list(queryset.failed())
        for email in failed:
            outbox.send_again(email)
        if failed:
            text = ngettext(
                "%(count)s e-mail will be sent again now.",
                "%(count)s e-mails will be sent again now.",
                len(failed),
            )
            messages.success(request, text % {"count": len(failed)})
        if left := queryset.count() - len(failed):
            text = ngettext(
                "%(count)s e-mail was not changed: only failed e-mails can be sent again.",
                "%(count)s e-mails were not changed: only failed e-mails can be sent again.",
                left,
            )
            messages.warning(request, text % {"count": left})


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin):
    list_display = ["name", "key", "state", "reason", "attempts", "due_at", "created_at"]
    list_filter = ["state", "name"]
    unfilterable_fields = ["arguments", "lease"]
    fields = ["name", "key", "state", "reason", "attempts", "due_at", "created_at"]
    actions = ["retry"]

    def get_queryset(self, request: HttpRequest) -> Any:
        return jobs_visible_to(User.of(request))

    def has_retry_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("jobs.retry_job")

    @admin.action(description=_("Retry now"), permissions=["retry"])
    def retry(self, request: HttpRequest, queryset: Any) -> None:
        count = sum(queue.try_again(job) for job in list(queryset))
        text = ngettext(
            "%(count)s job will run again now.", "%(count)s jobs will run again now.", count
        )
        messages.success(request, text % {"count": count})

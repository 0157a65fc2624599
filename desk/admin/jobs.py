"""E-mails and background jobs at the desk: what was sent, what failed and why, and trying again."""

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from desk.admin.base import QuietAdmin
from jobs import outbox, queue
from jobs.models import Email, Job


class Record(QuietAdmin):
    """Rows that the newsroom writes itself: they are read here, and changed by their action."""

    list_display_links = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Email)
class EmailAdmin(Record):
    list_display = ["to", "subject", "state", "reason", "attempts", "next_attempt", "created_at"]
    list_filter = ["state"]
    unfilterable_fields = ["text", "fill", "fill_key", "lease"]
    search_fields = ["to", "subject"]
    search_help_text = _("An address or words of the subject.")
    fields = [
        "to", "subject", "state", "reason", "attempts", "next_attempt", "by", "created_at",
        "ended_at", "message_id",
    ]  # fmt: skip
    actions = ["send_again"]

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
                "%d e-mail is tried again now.", "%d e-mails are tried again now.", len(failed)
            )
            messages.success(request, text % len(failed))
        if left := queryset.count() - len(failed):
            text = ngettext(
                "%d e-mail was left alone: only those that were given up can be sent again.",
                "%d e-mails were left alone: only those that were given up can be sent again.",
                left,
            )
            messages.warning(request, text % left)


@admin.register(Job)
class JobAdmin(Record):
    list_display = ["name", "key", "state", "reason", "attempts", "due_at", "created_at"]
    list_filter = ["state", "name"]
    unfilterable_fields = ["arguments", "lease"]
    fields = ["name", "key", "state", "reason", "attempts", "due_at", "created_at"]
    actions = ["retry"]

    def has_retry_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("jobs.retry_job")

    @admin.action(description=_("Try again now"), permissions=["retry"])
    def retry(self, request: HttpRequest, queryset: Any) -> None:
        tried = [job for job in queryset if queue.try_again(job)]
        text = ngettext("%d job is tried again now.", "%d jobs are tried again now.", len(tried))
        messages.success(request, text % len(tried))

"""Name exceptions at the desk: protected names that one text may contain, with a reason."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from desk.forms.actions import NameExceptionForm
from desk.forms.names import add_blockers_to_messages
from releases import workflow
from releases.models import NameException
from releases.rules.desk_visibility import is_row_visible_to, name_exceptions_visible_to
from releases.rules.name_finds import sentences
from releases.rules.public_texts import model_of, row_of, row_or_none


@admin.register(NameException)
class NameExceptionAdmin(admin.ModelAdmin):
    """Admin of name exceptions: the list, a page to add one, and an action to remove some."""

    list_display = ["name", "text", "reason", "by", "at", "ended_at"]
    list_filter = [("ended_at", admin.EmptyFieldListFilter)]
    search_fields = ["name", "reason"]
    actions = ["remove_exception"]
    list_display_links = None

    def get_queryset(self, request: HttpRequest) -> Any:
        return name_exceptions_visible_to(User.of(request))

    def has_module_permission(self, request: HttpRequest) -> bool:
        return workflow.ACTIONS["allow_name"].is_permitted(User.of(request))

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_module_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_module_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description=gettext_lazy("text"))
    def text(self, exception: NameException) -> str:
        row = exception.release or row_of(exception.table, exception.row)
        kind = model_of(exception.table)._meta.verbose_name
        return _("%(row)s (%(kind)s)") % {"row": row, "kind": kind} if row else _("deleted")

    @admin.action(description=gettext_lazy("Remove exception"), permissions=["view"])
    def remove_exception(self, request: HttpRequest, queryset: Any) -> None:
        for exception in queryset:
            try:
                workflow.end_name_exception(exception, by=User.of(request))
            except workflow.ActionBlocked as blocked:
                add_blockers_to_messages(request, blocked)
            else:
                done = _("“%(name)s” is a protected name in this text again.")
                messages.success(request, done % {"name": exception.name})

    def get_model_perms(self, request: HttpRequest) -> dict[str, bool]:
        """Return no permission to add, so that the index has no link “Add”.

        Exceptions are added from the page of their text.
        """
        return super().get_model_perms(request) | {"add": False}

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return super().changelist_view(
            request, {"has_add_permission": False} | (extra_context or {})
        )

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Allow a protected name in the row that is given by `table` and `row` in the URL."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        row = row_or_none(request.GET.get("table", ""), request.GET.get("row", ""))
        if row is None or not is_row_visible_to(row, User.of(request)):
            messages.error(request, _("This text no longer exists. Nothing was changed."))
            return redirect("admin:releases_nameexception_changelist")
        form = NameExceptionForm(request.POST or None)
        blockers: list[str] = []
        if form.is_valid():
            try:
                workflow.allow_name(row, by=User.of(request), **form.cleaned_data)
            except workflow.ActionBlocked as blocked:
                blockers = sentences(blocked.blockers, User.of(request))
            else:
                messages.success(request, _("Name allowed in “%(row)s”.") % {"row": row})
                return redirect("admin:releases_nameexception_changelist")
        context = {
            **self.admin_site.each_context(request),
            "title": _("Allow a protected name in “%(row)s”") % {"row": row},
            "opts": self.opts,
            "form": form,
            "blockers": blockers,
            "media": self.media + form.media,
        }
        return render(request, "admin/releases/nameexception/add.html", context)

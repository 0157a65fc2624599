"""Restricted versions of the admin pages of Django and of simple-history.

Django's delete pages and list filters follow relations to all rows, and print or count them, even
if the user may not see them. In simple-history, every user who may view a row can save the page of
an earlier version.
"""

import json
from collections.abc import Collection
from datetime import date, datetime
from functools import update_wrapper
from typing import Any

from django.contrib.admin import ModelAdmin
from django.contrib.admin.helpers import InlineAdminFormSet
from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.contrib.admin.utils import NestedObjects
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import FieldDoesNotExist
from django.db import router
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.urls import URLPattern, path
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django_countries.fields import Country
from simple_history.admin import SimpleHistoryAdmin
from simple_history.template_utils import HistoricalRecordContextHelper

from accounts.models import User
from people.models import Case
from releases.moments import local_time
from releases.rules.desk_visibility import is_row_visible_to


class ExtraPagesAdmin(ModelAdmin):
    """Admin with additional pages."""

    def page(self, route: str, view: Any, name: str, /, **kwargs: Any) -> URLPattern:
        """Return the URL pattern of a page for users who are signed in."""
        wrapped = update_wrapper(self.admin_site.admin_view(view), view)
        full_name = f"{self.opts.app_label}_{self.opts.model_name}_{name}"
        return path(route, wrapped, kwargs, name=full_name)


class KeepsTextAdmin(ModelAdmin):
    """Admin that answers 404 to a form whose row does not exist any more for the user.

    Django redirects. The page has the typed text (pressroom.middleware.TypedTextMiddleware).
    """

    def _get_obj_does_not_exist_redirect(
        self, request: HttpRequest, opts: Any, object_id: str
    ) -> HttpResponse:
        if request.method == "POST":
            raise Http404
        parent: Any = super()
        redirect: HttpResponse = parent._get_obj_does_not_exist_redirect(request, opts, object_id)
        return redirect


class QuietAdmin(KeepsTextAdmin):
    """Admin whose delete pages and filters do not disclose rows that refer to its rows.

    Users can't filter by `unfilterable_fields`, because no page shows these fields.
    """

    unfilterable_fields: Collection[str] = ()

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Return only the rows to delete and the kinds of rows that block the deletion.

        Django would also name each row that is deleted with them or blocks the deletion.
        """
        rows = list(objs)
        _to_delete, _counts, missing, _protected = super().get_deleted_objects(rows, request)
        names = [f"{capfirst(row._meta.verbose_name)}: {row}" for row in rows]
        counts = {self.opts.verbose_name_plural: len(rows)}
        blocking = blocking_kinds(collected(rows), User.of(request)) if rows else []
        return names, counts, missing, blocking

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Return whether users may filter by a lookup.

        They may not filter by rows that refer to these rows, because the number of results would
        disclose them.
        """
        try:
            field = self.model._meta.get_field(lookup.split("__")[0])
        except FieldDoesNotExist:
            return super().lookup_allowed(lookup, value, request)
        points_here = field.auto_created and not field.concrete
        hidden = points_here or field.name in self.unfilterable_fields
        return not hidden and super().lookup_allowed(lookup, value, request)


class ReadOnlyAdmin(QuietAdmin):
    """Admin of rows that the program writes. Users read them and change them only by actions."""

    list_display_links = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class KeyOnlyLog(KeepsTextAdmin):
    """Admin whose log has only the keys of its rows.

    Django's log stores the text of a row and shows it to the user who changed the row, even if that
    user may no longer see the row. Versions have the content.
    """

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> LogEntry:
        return self._log(request, obj, ADDITION)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> LogEntry:
        return self._log(request, obj, CHANGE)

    def log_deletions(self, request: HttpRequest, queryset: Any) -> list[LogEntry]:
        return [self._log(request, obj, DELETION) for obj in queryset]

    def _log(self, request: HttpRequest, obj: Any, action: int) -> LogEntry:
        return LogEntry.objects.create(
            user=User.of(request),
            content_type=ContentType.objects.get_for_model(obj),
            object_id=str(obj.pk),
            object_repr=f"{self.opts.verbose_name} {obj.pk}",
            action_flag=action,
        )


class ChangesAsShown(HistoricalRecordContextHelper):
    """The changes between two versions, with labels and dates as on all other pages."""

    def prepare_delta_change_value(self, change: Any, value: Any) -> Any:
        prepared = super().prepare_delta_change_value(change, value)
        field = self.model._meta.get_field(change.field)
        labels = dict(getattr(field, "flatchoices", ()))
        if isinstance(prepared, bool):
            return _("Yes") if prepared else _("No")
        if isinstance(prepared, datetime):
            return local_time(prepared)
        if isinstance(prepared, date):
            return date_format(prepared, "DATE_FORMAT")
        if prepared is None or prepared == "":
            return "–"
        if isinstance(prepared, Country):
            return prepared.name
        if field.name == "call_types" and isinstance(value, list):
            return ", ".join(Case.call_labels(value)) or "–"
        return labels.get(prepared, prepared) if isinstance(prepared, str | int) else prepared


class InlineRows(InlineAdminFormSet):
    """Django's rows inside a form, with a link to add one in sentence case."""

    @classmethod
    def of(cls, rows: InlineAdminFormSet) -> "InlineRows":
        """Return the same rows with the other link."""
        return cls(
            rows.opts, rows.formset, rows.fieldsets, rows.prepopulated_fields,
            rows.readonly_fields, rows.model_admin, rows.has_add_permission,
            rows.has_change_permission, rows.has_delete_permission, rows.has_view_permission,
        )  # fmt: skip

    def inline_formset_data(self) -> str:
        data = json.loads(super().inline_formset_data())
        data["options"]["addText"] = _("Add %s") % self.opts.verbose_name
        return json.dumps(data)


class VersionsAdmin(SimpleHistoryAdmin):
    """Admin that shows the versions of its rows read-only."""

    object_history_list_template = "admin/_versions.html"

    def get_inline_formsets(self, *args: Any, **kwargs: Any) -> list[InlineAdminFormSet]:
        return [InlineRows.of(rows) for rows in super().get_inline_formsets(*args, **kwargs)]

    def history_view_title(self, request: HttpRequest, obj: Any) -> str:
        return _("History: %(name)s") % {"name": obj}

    def history_form_view_title(self, request: HttpRequest, obj: Any) -> str:
        return _("Earlier version: %(name)s") % {"name": obj}

    def get_historical_record_context_helper(
        self, request: HttpRequest, historical_record: Any
    ) -> HistoricalRecordContextHelper:
        return ChangesAsShown(self.model, historical_record)

    def history_form_view(
        self, request: HttpRequest, object_id: str, version_id: str, extra_context: Any = None
    ) -> HttpResponse:
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        return super().history_form_view(request, object_id, version_id, extra_context)


def collected(rows: list[Any]) -> NestedObjects:
    """Return the rows that are deleted with these rows, and those that block their deletion."""
    collector = NestedObjects(using=router.db_for_write(type(rows[0])), origin=rows)
    collector.collect(rows)
    return collector


def blocking_kinds(collector: NestedObjects, user: User) -> list[str]:
    """Return the names of the models whose rows block a deletion.

    Rows of a restricted release that the user does not know are left out. The action that deletes
    must remove them.
    """
    blocking = [row for row in collector.protected if is_row_visible_to(row, user)]
    return sorted({str(capfirst(row._meta.verbose_name_plural)) for row in blocking})

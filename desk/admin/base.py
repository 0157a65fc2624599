"""The admin pages of Django and of simple-history, kept from showing and storing too much.

Django's delete pages and list filters follow relations to any row, and print or count what they
find; a row that is a secret of others would be among it. The page of an earlier version stores
what is sent to it, from everybody who may view the row.
"""

from collections.abc import Collection, Iterable
from typing import Any

from django.contrib.admin import ModelAdmin
from django.contrib.admin.utils import NestedObjects
from django.core.exceptions import FieldDoesNotExist
from django.db import router
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.utils.text import capfirst
from simple_history.admin import SimpleHistoryAdmin


class QuietAdmin(ModelAdmin):
    """An admin whose delete pages and filters say nothing of the rows that point to its own.

    Nor do its filters tell what `unseen_fields` contain, which no page shows.
    """

    unseen_fields: Collection[str] = ()

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Return what is deleted without what goes with it; what is in the way by its kind."""
        rows = list(objs)
        _, _, lacking, _ = super().get_deleted_objects(rows, request)
        names = [f"{capfirst(row._meta.verbose_name)}: {row}" for row in rows]
        counts = {self.opts.verbose_name_plural: len(rows)}
        return names, counts, lacking, _kinds_in_the_way(rows)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Refuse to filter by rows that point here: a count of what is left would tell of them."""
        try:
            field = self.model._meta.get_field(lookup.split("__")[0])
        except FieldDoesNotExist:
            return super().lookup_allowed(lookup, value, request)
        points_here = field.auto_created and not field.concrete
        hidden = points_here or field.name in self.unseen_fields
        return not hidden and super().lookup_allowed(lookup, value, request)


class VersionsAdmin(SimpleHistoryAdmin):
    """An admin that shows the versions of its rows. They are read, not stored again."""

    def history_form_view(
        self, request: HttpRequest, object_id: str, version_id: str, extra_context: Any = None
    ) -> HttpResponse:
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        return super().history_form_view(request, object_id, version_id, extra_context)


def _kinds_in_the_way(rows: Iterable[Any]) -> list[str]:
    """Return the kinds of row that keep rows from being deleted."""
    rows = list(rows)
    if not rows:
        return []
    collector = NestedObjects(using=router.db_for_write(type(rows[0])), origin=rows)
    collector.collect(rows)
    return sorted({str(capfirst(row._meta.verbose_name_plural)) for row in collector.protected})

"""Django's own admin pages, kept from printing rows that nobody chose to show.

Its delete pages and its list filters follow relations to any row, and print or count what they
find; a row that is a secret of others would be among it.
"""

from collections.abc import Collection, Iterable
from typing import Any

from django.contrib.admin import ModelAdmin
from django.contrib.admin.utils import NestedObjects
from django.core.exceptions import FieldDoesNotExist
from django.db import router
from django.http import HttpRequest
from django.utils.text import capfirst


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


def _kinds_in_the_way(rows: Iterable[Any]) -> list[str]:
    """Return the kinds of row that keep rows from being deleted."""
    rows = list(rows)
    if not rows:
        return []
    collector = NestedObjects(using=router.db_for_write(type(rows[0])), origin=rows)
    collector.collect(rows)
    return sorted({str(capfirst(row._meta.verbose_name_plural)) for row in collector.protected})

"""Admins of rows that belong to people. Only case officers see records at level 0."""

from typing import Any
from uuid import UUID

from django import forms
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse

from desk.admin.base import KeyOnlyLog, VersionsAdmin
from desk.admin.searched import SearchedAdmin
from people.names.searching import MAX_TYPED
from people.names.shared import people_index
from releases.search import Query


class VisibleRecordsAdmin(KeyOnlyLog, VersionsAdmin):
    """Admin of rows that belong to people, or of files.

    Only the case officers of a person at level 0 see the rows of that person and their versions.
    Only the people named on a restricted release see its files and their versions. Subclasses
    filter the rows in `get_queryset()`.
    """

    def _has_visible_versions(self, request: HttpRequest, object_id: str) -> bool:
        """Return whether the user may see the versions of a row."""
        try:
            return self.get_queryset(request).filter(pk=object_id).exists()
        except (ValueError, forms.ValidationError):
            return False

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        if not self._has_visible_versions(request, object_id):
            raise Http404
        return super().history_view(request, object_id, extra_context)

    def history_form_view(
        self, request: HttpRequest, object_id: str, version_id: str, extra_context: Any = None
    ) -> HttpResponse:
        if not self._has_visible_versions(request, object_id):
            raise Http404
        return super().history_form_view(request, object_id, version_id, extra_context)


class NameSearchAdmin(SearchedAdmin, VisibleRecordsAdmin):
    """Admin whose search also finds a person by a part of a name, in any spelling.

    Word order, accents and punctuation are ignored. `person_column` is the column with the person.
    """

    person_column = "pk"

    def found_otherwise(self, request: HttpRequest, query: Query, term: str) -> Q:
        by_name = Q(**{f"{self.person_column}__in": _people_by_name(term)})
        return super().found_otherwise(request, query, term) | by_name


def _people_by_name(typed: str) -> set[UUID]:
    """Return the keys of the people whose name matches the search term in full or in part.

    The user may not see some of them, so use the result only to filter visible rows.
    """
    typed = typed[:MAX_TYPED]
    people = {match.person for match in people_index().matches(typed)}
    people |= {pk for name in people_index().find([typed]) for pk in name.people}
    return people | people_index().search(typed)

"""Lists and autocomplete fields whose search uses the search engine of the newsroom."""

from typing import Any, cast

from django.contrib.admin import ModelAdmin
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import User
from releases import search
from storing.texts import clean_text


class SearchedAdmin(ModelAdmin):
    """Admin whose search finds words of texts and names, and never markup.

    `searched_kind` is a kind of `search.keys_at_desk`. `search_fields` has only what the engine
    does not know, such as addresses and keys.
    """

    searched_kind: str

    def get_search_results(
        self, request: HttpRequest, queryset: Any, search_term: str
    ) -> tuple[Any, bool]:
        # PostgreSQL refuses NUL characters.
        term = clean_text(search_term, multiline=False)
        if not term:
            return queryset, False
        query = search.parse(term, prefix=True)
        user, at = User.of(request), timezone.now()
        found = Q(pk__in=search.keys_at_desk(query, user, at, self.searched_kind))
        if not query.excludes:  # everything else knows no excluded words
            found |= self.found_otherwise(request, query, term)
        return queryset.filter(found), False

    def found_otherwise(self, request: HttpRequest, query: search.Query, term: str) -> Q:
        """Return a condition for rows that match in another way. The rows may be invisible."""
        rows = cast(Any, self.model)._default_manager.order_by()
        found, _repeats = super().get_search_results(request, rows, term)
        return Q(pk__in=found.values("pk"))

"""Pages of a long list."""

from typing import Any

from django.core.paginator import InvalidPage, Page, Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest

PAGE_SIZE = 20


def page_of(request: HttpRequest, rows: "QuerySet[Any] | list[Any]", size: int = 0) -> "Page[Any]":
    """Return the page of a list that the `page` parameter of the URL selects.

    A page has `size` rows, or PAGE_SIZE if `size` is 0. Raises Http404 if there is no such page.
    """
    try:
        return Paginator(rows, size or PAGE_SIZE).page(request.GET.get("page") or 1)
    except InvalidPage:
        raise Http404 from None

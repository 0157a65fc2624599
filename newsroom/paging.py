"""Pages of a long list."""

from typing import Any

from django.core.paginator import InvalidPage, Page, Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest

PAGE_SIZE = 20


def page_of(
    request: HttpRequest,
    rows: "QuerySet[Any] | list[Any]",
    size: int = 0,
    count: int | None = None,
) -> "Page[Any]":
    """Return the page of a list that the `page` parameter of the URL selects.

    A page has `size` rows, or PAGE_SIZE if `size` is 0. `count` is the number of rows, if the
    caller can count them faster. Raises Http404 if there is no such page.
    """
    paginator = Paginator(rows, size or PAGE_SIZE)
    if count is not None:
        paginator.count = count
    try:
        return paginator.page(request.GET.get("page") or 1)
    except InvalidPage:
        raise Http404 from None

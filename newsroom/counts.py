"""Counts that take the same time for any number of rows."""

from typing import Any

from django.db.models import IntegerField, QuerySet, Subquery

MAX_COUNTED = 100  # a page prints more as “100+”


class CountUpTo(Subquery):
    """The number of rows that a query finds, at most one more than MAX_COUNTED."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) counted)"
    output_field = IntegerField()

    def __init__(self, rows: "QuerySet[Any]") -> None:
        super().__init__(rows.order_by().values("pk")[: MAX_COUNTED + 1])

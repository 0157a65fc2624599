"""Counts that take the same time however much there is to count."""

from typing import Any

from django.db.models import IntegerField, QuerySet, Subquery

MOST_COUNTED = 100  # a page prints more as “100+”


class CountUpTo(Subquery):
    """How many rows a query finds, counted no further than one more than MOST_COUNTED."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) counted)"
    output_field = IntegerField()

    def __init__(self, rows: "QuerySet[Any]") -> None:
        super().__init__(rows.order_by().values("pk")[: MOST_COUNTED + 1])

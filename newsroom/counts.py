"""Counts with an upper limit, so that their time does not grow with the number of rows."""

from typing import Any

from django.db.models import IntegerField, QuerySet, Subquery

MAX_COUNTED = 100  # pages print a larger count as “100+”


class CountUpTo(Subquery):
    """The number of rows of a queryset, at most MAX_COUNTED + 1.

    With `each`, it is the number of different values of this expression.
    """

    template = "(SELECT COUNT(*) FROM (%(subquery)s) counted)"
    output_field = IntegerField()

    def __init__(self, rows: "QuerySet[Any]", each: Any = None) -> None:
        unordered = rows.order_by()
        counted = unordered.values(each=each).distinct() if each else unordered.values("pk")
        super().__init__(counted[: MAX_COUNTED + 1])

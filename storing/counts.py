"""Counts in rows that all processes and servers share, such as counts of guesses."""

from datetime import datetime, timedelta

from django.db import connection, models

# A single statement, so that parallel processes lose no counts. RETURNING gives each its new count,
# and no row if the count has reached its maximum.
COUNT = """
INSERT INTO {table} AS kept ({key}, {count}, ends_at) VALUES (%s, 1, %s)
ON CONFLICT ({key}) DO UPDATE SET
    {count} = CASE WHEN kept.ends_at <= %s THEN 1 ELSE kept.{count} + 1 END,
    ends_at = CASE WHEN kept.ends_at <= %s THEN excluded.ends_at ELSE {ends} END
WHERE kept.ends_at <= %s OR kept.{count} < %s
RETURNING {count}
"""
NO_MAXIMUM = 2**31 - 2  # the column holds no larger number


def add_one(
    model: type[models.Model],
    count: str,
    key: int | str,
    at: datetime,
    window: timedelta,
    *,
    maximum: int = NO_MAXIMUM,
    extend: bool = False,
) -> int | None:
    """Count one more under a key and return the new count. Return None if it is at its maximum.

    `model` has its key, the column `count` and the column `ends_at`. A count begins again at 1 when
    its window has ended. A window begins with its first count, or with its last one if `extend`.
    """
    now, ends = (connection.ops.adapt_datetimefield_value(time) for time in (at, at + window))
    statement = COUNT.format(
        table=connection.ops.quote_name(model._meta.db_table),
        key=model._meta.pk.column,
        count=count,
        ends="excluded.ends_at" if extend else "kept.ends_at",
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [key, ends, now, now, now, maximum])
        row = cursor.fetchone()
    return int(row[0]) if row else None

"""Counts of requests for wrong preview URLs, by network address, shared by all processes.

The counts are in the database, because a cache in memory would be separate in each process. The
number of rows is limited to MAX_BUCKETS, and no network address is stored. Counting adds only one
or two short statements to a response “not found”.
"""

import ipaddress
import logging
from datetime import datetime, timedelta

from django.db import Error, connection
from django.db.models import QuerySet
from django.utils.crypto import salted_hmac

from previews.brief_waits import brief_wait
from previews.models import ThrottleBucket

log = logging.getLogger(__name__)

THROTTLE_LIMIT = 30  # wrong URLs from one network address within the window
THROTTLE_WINDOW = timedelta(minutes=10)
MAX_BUCKETS = 65_536

# A single statement, so that parallel processes lose no counts. RETURNING gives each its new count.
COUNT = """
INSERT INTO previews_throttlebucket AS kept (bucket, misses, ends_at) VALUES (%s, 1, %s)
ON CONFLICT (bucket) DO UPDATE SET
    misses = CASE WHEN kept.ends_at <= %s THEN 1 ELSE kept.misses + 1 END,
    ends_at = CASE WHEN kept.ends_at <= %s THEN excluded.ends_at ELSE kept.ends_at END
RETURNING misses
"""


def count_miss(address: str, at: datetime) -> int:
    """Count a wrong preview URL, and return the number of wrong URLs of the sender in this window.

    Above the limit, nothing is written and the number stays at THROTTLE_LIMIT + 1, so that a flood
    of requests costs one read each. Returns 0 if the database fails, because the response is more
    important than the count.
    """
    bucket = _bucket(address)
    try:
        with brief_wait():
            row = ThrottleBucket.objects.filter(bucket=bucket, ends_at__gt=at)
            if row.filter(misses__gt=THROTTLE_LIMIT).exists():
                return THROTTLE_LIMIT + 1
            return _add(bucket, at)
    except Error as problem:
        log.error("A wrong preview address could not be counted: %s", problem)
        return 0


def expired(at: datetime) -> QuerySet[ThrottleBucket]:
    """Return the counts whose window has ended."""
    return ThrottleBucket.objects.filter(ends_at__lte=at)


def _bucket(address: str) -> int:
    """Return the bucket of a network address. An IPv6 /64 has one bucket: it is one subscriber."""
    if address and ipaddress.ip_address(address).version == 6:
        address = str(ipaddress.ip_network(f"{address}/64", strict=False))
    digest = salted_hmac("previews.throttle", address, algorithm="sha256").digest()
    return int.from_bytes(digest[:8]) % MAX_BUCKETS


def _add(bucket: int, at: datetime) -> int:
    now, ends = (
        connection.ops.adapt_datetimefield_value(time) for time in (at, at + THROTTLE_WINDOW)
    )
    with connection.cursor() as cursor:
        cursor.execute(COUNT, [bucket, ends, now, now])
        (misses,) = cursor.fetchone()
    return int(misses)

"""How many wrong preview addresses one network address may request, on all processes together.

The count is in the database: a cache in memory would count for each process alone. Its size is
limited (a fixed number of buckets), it stores no network address, and it adds one short statement
to the answer “not found”.
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

THROTTLE_LIMIT = 30  # wrong addresses from one network address within the window
THROTTLE_WINDOW = timedelta(minutes=10)
MAX_BUCKETS = 65_536

# One statement, so that two processes never count the same miss; RETURNING gives each its own.
COUNT = """
INSERT INTO previews_throttlebucket AS kept (bucket, misses, ends_at) VALUES (%s, 1, %s)
ON CONFLICT (bucket) DO UPDATE SET
    misses = CASE WHEN kept.ends_at <= %s THEN 1 ELSE kept.misses + 1 END,
    ends_at = CASE WHEN kept.ends_at <= %s THEN excluded.ends_at ELSE kept.ends_at END
RETURNING misses
"""


def count_miss(address: str, at: datetime) -> int:
    """Count a wrong preview address and return how many the sender has tried in this window.

    Above the limit the number stays at THROTTLE_LIMIT + 1 and nothing is written: in a flood each
    request costs one read. Returns 0 if the database fails: the page matters more than the count.
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
    """Return the bucket of a network address; one IPv6 subscriber has a whole /64."""
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

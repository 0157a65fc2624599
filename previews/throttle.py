"""Counts of requests for wrong preview URLs, by network address, shared by all processes.

The counts are in the database, because a cache in memory would be separate in each process. The
number of rows is limited to MAX_BUCKETS, and no network address is stored. Counting adds only one
or two short statements to a response “not found”.
"""

import logging
from datetime import datetime, timedelta

from django.db import Error
from django.db.models import QuerySet
from django.utils.crypto import salted_hmac

from accounts.networks import subscriber_of
from previews.brief_waits import brief_wait
from previews.models import ThrottleBucket
from storing.counts import add_one

log = logging.getLogger(__name__)

THROTTLE_LIMIT = 30  # wrong URLs from one network address within the window
THROTTLE_WINDOW = timedelta(minutes=10)
MAX_BUCKETS = 65_536


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
            return add_one(ThrottleBucket, "misses", bucket, at, THROTTLE_WINDOW) or 0
    except Error as problem:
        log.error("A wrong preview address could not be counted: %s", problem)
        return 0


def expired(at: datetime) -> QuerySet[ThrottleBucket]:
    """Return the counts whose window has ended."""
    return ThrottleBucket.objects.filter(ends_at__lte=at)


def _bucket(address: str) -> int:
    """Return the bucket of a network address."""
    sender = subscriber_of(address)
    digest = salted_hmac("previews.throttle", sender, algorithm="sha256").digest()
    return int.from_bytes(digest[:8]) % MAX_BUCKETS

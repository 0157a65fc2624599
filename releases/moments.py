"""Times as users read them, in the newsroom's time zone."""

from datetime import datetime

from django.utils import timezone
from django.utils.formats import date_format


def local_time(moment: datetime) -> str:
    """Return a time in the newsroom's zone, with the zone's name: “3 May 2026, 14:05 CEST”."""
    return date_format(timezone.localtime(moment), "DATETIME_FORMAT")

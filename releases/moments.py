"""Times as users read them, in the newsroom's time zone."""

import re
from datetime import datetime

from django.utils import timezone
from django.utils.formats import date_format, get_format


def local_time(moment: datetime) -> str:
    """Return a time in the newsroom's zone, with the zone's name: “3 May 2026, 14:05 CEST”."""
    return date_format(timezone.localtime(moment), "DATETIME_FORMAT")


def to_the_second(moment: datetime) -> str:
    """Return a moment like `local_time`, with its seconds: “3 May 2026, 14:05:09 CEST”."""
    shape = re.sub(r"([:.])i(?![:.]s)", r"\1i\1s", get_format("DATETIME_FORMAT"))
    return date_format(timezone.localtime(moment), shape)

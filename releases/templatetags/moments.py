"""Times in templates."""

from datetime import datetime, timedelta

from django import template
from django.utils import timezone
from django.utils.timesince import timesince, timeuntil
from django.utils.translation import gettext as _

from releases import moments

register = template.Library()
register.filter(moments.to_the_second)


@register.filter
def time_since(at: datetime, now: datetime | None = None) -> str:
    """Return how long ago a moment was, as Django does, but never “0 minutes”."""
    return _not_zero(timesince(at, now), abs((now or timezone.now()) - at))


@register.filter
def time_until(at: datetime, now: datetime | None = None) -> str:
    """Return how long it is until a moment, as Django does, but never “0 minutes”."""
    return _not_zero(timeuntil(at, now), abs(at - (now or timezone.now())))


def _not_zero(text: str, passed: timedelta) -> str:
    return text if passed >= timedelta(minutes=1) else _("less than a minute")


@register.filter
def moment(at: datetime) -> str:
    """Return a time in the newsroom's zone for `<time datetime>`. HTML allows no microseconds."""
    return timezone.localtime(at).isoformat(timespec="seconds")

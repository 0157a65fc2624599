"""Moments in templates."""

from datetime import datetime

from django import template
from django.utils import timezone

from releases import moments

register = template.Library()
register.filter(moments.to_the_second)


@register.filter
def moment(at: datetime) -> str:
    """Return a moment in the newsroom's zone for `<time datetime>`: HTML takes no microseconds."""
    return timezone.localtime(at).isoformat(timespec="seconds")

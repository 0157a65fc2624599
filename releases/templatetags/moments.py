"""Times in templates."""

from datetime import datetime

from django import template
from django.utils import timezone

register = template.Library()


@register.filter
def moment(at: datetime) -> str:
    """Return a time in the newsroom's zone for `<time datetime>`. HTML allows no microseconds."""
    return timezone.localtime(at).isoformat(timespec="seconds")

"""Names in templates."""

from django import template
from django.utils.html import format_html

from releases.languages import lang_of_name

register = template.Library()


@register.filter
def name_in(name: str, tag: str) -> str:
    """Return a name for a text in a language (`tag`), with `lang` if the scripts differ."""
    lang = lang_of_name(name, tag)
    return format_html('<bdi lang="{}">{}</bdi>', lang, name) if lang else name

"""Names in templates."""

from django import template
from django.utils.html import format_html

from releases.languages import lang_of_name

register = template.Library()


@register.filter
def name_in(name: str, tag: str) -> str:
    """Print a name in a text of a language, marked with its script where the text has another."""
    lang = lang_of_name(name, tag)
    return format_html('<bdi lang="{}">{}</bdi>', lang, name) if lang else name

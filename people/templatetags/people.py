"""People in templates."""

from datetime import date

from django import template

from people.models import Person

register = template.Library()


@register.filter
def title_on(person: Person, day: date) -> str:
    """Print the title that a person held on a day."""
    return person.title_on(day)

"""People in templates."""

from datetime import date

from django import template
from django.utils.html import format_html

from people.models import Case, CaseEvent, CaseStatus, Designation, Person, Role
from people.names.scripts import lang_of

register = template.Library()


@register.filter
def language_of(name: str, language: str = "") -> str:
    """Return what `lang` says of a name: its stored language, else its script, "" for Latin."""
    return lang_of(name, language)


@register.filter
def as_name(name: str) -> str:
    """Print a name, marked with its script where that is not the Latin of the words around it."""
    lang = lang_of(name)
    return format_html('<bdi lang="{}">{}</bdi>', lang, name) if lang else name


@register.filter
def title_on(person: Person, day: date) -> str:
    """Print the title that a person held on a day."""
    return person.title_on(day)


@register.filter
def role_on(person: Person, day: date) -> Role | None:
    """Return the role that a person held on a day."""
    return person.role_on(day)


@register.filter
def earlier_roles(person: Person, day: date) -> list[Role]:
    """Return the roles that had ended before a day, the newest first."""
    return [role for role in person.roles.all() if role.end and role.end < day]


@register.filter
def time_in_detention(case: Case, day: date) -> str:
    """Print since when the person is in detention, and for how long if a day is certain."""
    return case.time_in_detention(day)


@register.filter
def designation_on(case: Case, day: date) -> Designation | None:
    """Return the designation that holds on a day."""
    return case.designation_on(day)


@register.filter
def public_events(case: Case, health: bool) -> list[CaseEvent]:
    """Return what the public may know of what happened, in its order; of health only with leave."""
    hidden = () if health else (CaseEvent.Kind.HEALTH,)
    return [event for event in case.events.all() if event.public and event.kind not in hidden]


@register.filter
def earlier_statuses(case: Case) -> list[CaseStatus]:
    """Return what was known before the present status, the newest first.

    What was recorded for the same day or a later one was replaced.
    """
    earlier = [status for status in case.valid_statuses() if status.as_of < case.as_of]
    # Two sources for the same status of one day are one line.
    lines = {(row.custody_status, row.legal_status, row.as_of): row for row in earlier}
    return list(lines.values())[::-1]


@register.filter
def newest_status(case: Case) -> CaseStatus | None:
    """Return the row of the present status. Reads prefetched statuses."""
    return max(case.valid_statuses(), key=lambda status: status.pk, default=None)

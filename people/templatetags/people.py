"""People in templates."""

from datetime import date

from django import template
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from people.models import Case, CaseEvent, CaseStatus, Charge, Designation, Person, Role
from people.names.scripts import lang_of

register = template.Library()

# Labels for use inside a sentence. Other languages may need other forms there.
CONFIDENCE = {
    Case.Confidence.CONFIRMED: _("confirmed"),
    Case.Confidence.LIKELY: _("likely"),
    Case.Confidence.POSSIBLE: _("possible"),
    Case.Confidence.UNLIKELY: _("unlikely"),
}
RESULTS = {
    Charge.Result.PENDING: _("pending"),
    Charge.Result.DROPPED: _("dropped"),
    Charge.Result.CONVICTED: _("convicted"),
    Charge.Result.ACQUITTED: _("acquitted"),
}


@register.filter
def language_of(name: str, language: str = "") -> str:
    """Return the `lang` of a name: its stored language, or its script, or "" for Latin."""
    return lang_of(name, language)


@register.filter
def as_name(name: str) -> str:
    """Return a name as HTML, with a `lang` attribute if its script is not Latin."""
    lang = lang_of(name)
    return format_html('<bdi lang="{}">{}</bdi>', lang, name) if lang else name


@register.filter
def title_on(person: Person, day: date) -> str:
    """Return the title of a person on a day."""
    return person.title_on(day)


@register.filter
def role_on(person: Person, day: date) -> Role | None:
    """Return the role of a person on a day."""
    return person.role_on(day)


@register.filter
def earlier_roles(person: Person, day: date) -> list[Role]:
    """Return the roles that ended before a day, the newest first."""
    return [role for role in person.roles.all() if role.end and role.end < day]


@register.filter
def time_in_detention(case: Case, day: date) -> str:
    """Return a text with the start of the detention, and its length if the dates are certain."""
    return case.time_in_detention(day)


@register.filter
def designation_on(case: Case, day: date) -> Designation | None:
    """Return the designation that is valid on a day."""
    return case.designation_on(day)


@register.filter
def public_events(case: Case, health: bool) -> list[CaseEvent]:
    """Return the public events of a case in order, with those about health only if `health`."""
    hidden = () if health else (CaseEvent.Kind.HEALTH,)
    return [event for event in case.events.all() if event.public and event.kind not in hidden]


@register.filter
def earlier_statuses(case: Case) -> list[CaseStatus]:
    """Return the statuses before the current one, the newest first.

    A status for the same day or a later one was replaced, and is left out.
    """
    earlier = [status for status in case.valid_statuses() if status.as_of < case.as_of]
    # If two sources report the same status for one day, it is printed once.
    rows = {(row.custody_status, row.legal_status, row.as_of): row for row in earlier}
    return list(rows.values())[::-1]


@register.filter
def newest_status(case: Case) -> CaseStatus | None:
    """Return the row of the current status. Reads prefetched statuses."""
    return max(case.valid_statuses(), key=lambda status: status.pk, default=None)


@register.filter
def confidence_in_sentence(value: str) -> str:
    """Return the label of a confidence, for use inside a sentence."""
    return str(CONFIDENCE.get(Case.Confidence(value), ""))


@register.filter
def result_in_sentence(value: str) -> str:
    """Return the label of a charge's result, for use inside a sentence."""
    return str(RESULTS.get(Charge.Result(value), ""))

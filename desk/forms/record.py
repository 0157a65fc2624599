"""The filters of the record of access."""

import re
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import AccessEvent
from desk.record_words import account_name

MAX_ACCOUNT = 2**63 - 1  # of the column
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2999, 12, 31)


class RecordFilterForm(forms.Form):
    """Narrows the record to an event, an account and a period."""

    event = forms.ChoiceField(
        label=_("Event"),
        required=False,
        choices=[("", _("All events")), *AccessEvent.Verb.choices],
    )
    account = forms.IntegerField(
        label=_("Account"), required=False, min_value=1, max_value=MAX_ACCOUNT, widget=forms.Select
    )
    since = forms.DateField(
        label=_("From"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    until = forms.DateField(
        label=_("Until"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    def __init__(self, typed: Mapping[str, Any], names: Mapping[int, str]) -> None:
        super().__init__(typed)
        accounts = sorted(names.items(), key=lambda item: (item[1].casefold(), item[0]))
        chosen = str(typed.get("account", ""))
        if re.fullmatch("[1-9][0-9]{0,18}", chosen) and int(chosen) not in names:
            accounts.append((int(chosen), account_name(int(chosen), names)))
        select: Any = self.fields["account"].widget
        select.choices = [("", _("All accounts")), *accounts]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for name in ("since", "until"):
            day = cleaned.get(name)
            if day and not FIRST_DAY <= day <= LAST_DAY:
                self.add_error(name, _("Enter a year from 2000 to 2999."))
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until and since > until:
            self.add_error("until", _("The period ends before it begins. Choose a later day."))
        return cleaned

    def apply(self, events: QuerySet[AccessEvent]) -> QuerySet[AccessEvent]:
        """Return the events that match the filters; none if a filter is wrong."""
        if not self.is_valid():
            return events.none()
        chosen = self.cleaned_data
        if chosen["event"]:
            events = events.filter(verb=chosen["event"])
        if account := chosen["account"]:
            events = events.filter(Q(actor_id=account) | Q(subject_id=account))
        if chosen["since"]:
            events = events.filter(at__gte=_midnight(chosen["since"]))
        if chosen["until"]:
            events = events.filter(at__lt=_midnight(chosen["until"] + timedelta(days=1)))
        return events

    @property
    def chosen(self) -> dict[str, str]:
        """The valid filters that are in use, as they are in a URL."""
        return {name: str(value) for name, value in self.cleaned_data.items() if value}


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))

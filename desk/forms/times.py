"""Form fields for times in the newsroom's time zone, including ambiguous times."""

from datetime import UTC, datetime
from typing import Any, cast

from django import forms
from django.contrib.admin.widgets import AdminSplitDateTime
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy


def label_parts(field: Any) -> None:
    """Label the two inputs of a split date and time field for screen readers."""
    parts = (gettext_lazy("day"), pgettext_lazy("time of day", "time"))
    for box, part in zip(field.widget.widgets, parts, strict=True):
        box.attrs["aria-label"] = format_lazy(
            gettext_lazy("{label} ({part})"), label=field.label, part=part
        )


class EmbargoEndField(forms.SplitDateTimeField):
    """A day and a time in the newsroom's time zone.

    Where the clock changes, the value is naive if the time is ambiguous or does not exist;
    AmbiguousTimeForm resolves it.
    """

    widget = AdminSplitDateTime

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        label_parts(self)

    def compress(self, data_list: Any) -> Any:
        try:
            return super().compress(data_list)
        except ValidationError as problem:
            if problem.code != "ambiguous_timezone":
                raise
            return datetime.combine(*data_list)


class AmbiguousTimeForm(forms.Form):
    """Form with an EmbargoEndField.

    If the clock shows the time twice, the form asks which of the two is meant. If the clock never
    shows it, that is an error.
    """

    ambiguous_field = "publish_at"
    which = forms.ChoiceField(
        label=gettext_lazy("Which time"), required=False, widget=forms.HiddenInput
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.set_help_text(self.fields[self.ambiguous_field].help_text)
        self.choice_field = cast(forms.ChoiceField, self.fields["which"])
        self.choice_field.choices = [("", ""), ("0", _("First")), ("1", _("Second"))]

    def set_help_text(self, text: Any) -> None:
        """Set the help text of the time field and add its time zone."""
        zone = _("Time zone: %(zone)s.") % {"zone": timezone.get_current_timezone_name()}
        self.fields[self.ambiguous_field].help_text = f"{text} {zone}"

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        choice, typed = cleaned.pop("which", ""), cleaned.get(self.ambiguous_field)
        if typed and timezone.is_naive(typed):
            moments = _possible_moments(typed)
            if not moments:
                self.add_error(
                    self.ambiguous_field,
                    _(
                        "%(time)s does not exist: the clocks go forward. Choose an earlier or "
                        "later time."
                    )
                    % {"time": date_format(typed, "DATETIME_FORMAT").strip()},
                )
            elif not choice:
                names = [str(moment.tzname()) for moment in moments]
                self.choice_field.choices = list(zip("01", names, strict=True))
                self.choice_field.widget = forms.RadioSelect(choices=self.choice_field.choices)
                self.add_error(
                    self.ambiguous_field,
                    _(
                        "%(time)s happens twice that night: first as %(first)s, an hour later as "
                        "%(second)s. Choose one below."
                    )
                    % {
                        "time": date_format(typed, "TIME_FORMAT"),
                        "first": names[0],
                        "second": names[1],
                    },
                )
            else:
                cleaned[self.ambiguous_field] = moments[int(choice)]
        return cleaned


def _possible_moments(typed: datetime) -> list[datetime]:
    """Return the moments at which the clock of the newsroom shows a time: zero, one or two."""
    zone = timezone.get_current_timezone()
    both = [typed.replace(tzinfo=zone, fold=fold) for fold in (0, 1)]
    return [
        moment
        for moment in both
        if moment.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == typed
    ]

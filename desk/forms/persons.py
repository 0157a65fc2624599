"""Forms of a person's record, and of requests to change its level or remove its mark."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from desk.forms.conflicts import ConflictCheckedForm
from desk.forms.names import SearchedNameForm
from desk.forms.officers import WithOfficers
from people.locking import lock_names_for_change, lock_row
from people.models import Level, Person


class PersonForm(WithOfficers, SearchedNameForm, ConflictCheckedForm):
    name_field, search_field, exact_field = "display_name", "name_matchable", "name_match_exactly"

    class Meta:
        model = Person
        fields = ["display_name"]

    def lock(self) -> None:
        lock_names_for_change()  # saving a person needs this lock, and it must come first
        lock_row(self.instance)


class NewPersonForm(WithOfficers, SearchedNameForm):
    """Form of a new record. It starts at a level at which the public can't see the person."""

    name_field, search_field, exact_field = "display_name", "name_matchable", "name_match_exactly"

    level = forms.TypedChoiceField(
        label=_("Publication level"),
        coerce=int,
        choices=[(level.value, level.label) for level in (Level.CASE_OFFICERS, Level.STAFF)],
        initial=Level.STAFF,
        help_text=_("Start people at risk at level 0. A second person must approve higher levels."),
    )

    class Meta:
        model = Person
        fields = ["level"]


class RequestLevelForm(forms.Form):
    to = forms.TypedChoiceField(label=_("New level"), coerce=int)
    basis = forms.CharField(
        label=_("Why the person may be named"),
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_(
            "Whose consent and where it is recorded, or why the name is already public and how "
            "the risk was weighed. Internal only."
        ),
    )

    def __init__(self, *args: Any, person: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        higher = [(level.value, level.label) for level in Level if level > person.level]
        self.fields["to"].choices = higher  # type: ignore[attr-defined]


class DecideLevelForm(forms.Form):
    note = forms.CharField(
        label=_("Reason for rejecting"),
        widget=forms.Textarea(attrs={"rows": 2}),
        required=False,
        help_text=_("Shown to the person who asked. It stays in the history."),
    )


class RequestRemovalForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"),
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Why the mark is wrong or no longer needed. Internal only."),
    )


class DecideRemovalForm(forms.Form):
    note = forms.CharField(
        label=_("Reason for rejecting"),
        widget=forms.Textarea(attrs={"rows": 2}),
        required=False,
        help_text=_("It stays in the history."),
    )

"""The field and the forms with which case officers are chosen."""

from typing import Any, cast

from django import forms
from django.db.models import Q
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from desk.forms.fields import parse_key
from people import officers
from people.models import Level, Person


class OfficersField(forms.ModelMultipleChoiceField):
    """Checkboxes of the users who can be named, and of those who are named already."""

    def __init__(self, **kwargs: Any) -> None:
        options: dict[str, Any] = {
            "queryset": User.objects.none(),
            "required": False,
            "widget": forms.CheckboxSelectMultiple,
            "label": gettext_lazy("Case officers"),
            "help_text": gettext_lazy(
                "At level 0 only these users can see the record. Users with the role “Case "
                "officer” can be chosen."
            ),
        }
        super().__init__(**options | kwargs)

    def suggest_for(self, person: Person) -> None:
        """Offer the users who can be named on a record, or are named on it."""
        named = Person.case_officers.through.objects.filter(person_id=person.pk).values("user")
        can = Q(pk__in=officers.eligible().values("pk"))
        self.queryset = User.objects.filter(can | Q(pk__in=named)).order_by("username")

    def label_from_instance(self, obj: Any) -> str:
        if obj.is_active and obj.is_staff:
            return str(obj)
        return _("%(name)s (can’t sign in)") % {"name": obj}


class WithOfficers(forms.ModelForm):
    """A form of a record, in which users may choose its case officers.

    The admin of people saves the choice by `people.officers`, which also records it.
    """

    user: Any = None

    case_officers = OfficersField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if field := cast(OfficersField | None, self.fields.get("case_officers")):
            field.suggest_for(self.instance)
            if self.instance._state.adding and officers.eligible().contains(self.user):
                field.initial = [self.user.pk]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        chosen = cleaned.get("case_officers")
        if chosen is not None and not self.instance._state.adding:
            # Another tab may have lowered the level since this form read it.
            stored = Person.objects.filter(pk=self.instance.pk).first()
            for blocker in officers.change_blockers(stored, chosen) if stored else ():
                self.add_error("case_officers", blocker)
        return cleaned


class LowerToZeroForm(forms.Form):
    """Choose who sees a record from now on. It is beside the form of the record."""

    prefix = "lower"
    level = Level.CASE_OFFICERS

    case_officers = OfficersField(
        help_text=gettext_lazy(
            "At level 0 only these users see the record. If you choose none, you become its case "
            "officer."
        )
    )

    def __init__(self, *args: Any, person: Person, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice = cast(OfficersField, self.fields["case_officers"])
        named = person.case_officers.values("pk")
        choice.queryset = officers.eligible().exclude(pk__in=named)
        choice.initial = [by.pk]

    def chosen(self) -> tuple[list[User], bool]:
        """Return the chosen users who can be named, and whether all could be.

        A wrong choice must not keep a person visible, so it is left out and not an error.
        """
        typed = {*cast(QueryDict, self.data).getlist(self.add_prefix("case_officers"))}
        users = list(officers.eligible().filter(pk__in=map(parse_key, typed)))
        return users, len(users) == len(typed)


class OfficerForm(forms.Form):
    """Choose a case officer for the records that have none."""

    user = forms.ModelChoiceField(
        queryset=User.objects.none(), label=gettext_lazy("Case officer"), empty_label=None
    )

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice = cast(forms.ModelChoiceField, self.fields["user"])
        choice.queryset = officers.eligible().exclude(pk=by.pk)

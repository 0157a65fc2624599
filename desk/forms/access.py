"""Forms of the page “Who can see this release”."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import team
from accounts.models import User
from releases.models import Release
from releases.workflow.restricting import people_who_can_be_named


class WithRoles:
    """Choices of users, each with the roles."""

    def label_from_instance(self, obj: User) -> str:
        roles = ", ".join(team.groups_in_words(obj))
        return _("%(name)s (%(roles)s)") % {"name": obj, "roles": roles} if roles else str(obj)


class PeopleField(WithRoles, forms.ModelMultipleChoiceField):
    pass


class PersonField(WithRoles, forms.ModelChoiceField):
    pass


class RestrictForm(forms.Form):
    """The people who can read a release from now on, besides the user who restricts it."""

    people = PeopleField(
        label=gettext_lazy("People who can read it"),
        queryset=User.objects.none(),
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy(
            "You are named too. Choose at least one person so that one of you can submit it, and "
            "another can approve it."
        ),
        error_messages={"required": gettext_lazy("Choose at least one other person.")},
    )

    def __init__(self, *args: Any, release: Release, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        others = people_who_can_be_named().exclude(pk=user.pk)
        self.fields["people"].queryset = others.prefetch_related("groups")  # type: ignore[attr-defined]
        self.fields["people"].initial = [release.created_by_id]


class GiveAccessForm(forms.Form):
    """One more person who can read a restricted release."""

    person = PersonField(
        label=gettext_lazy("Person"),
        queryset=User.objects.none(),
        empty_label=gettext_lazy("Choose a person"),
        error_messages={"required": gettext_lazy("Choose a person.")},
    )

    def __init__(self, *args: Any, release: Release, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        others = people_who_can_be_named().exclude(pk__in=release.people_named())
        self.fields["person"].queryset = others.prefetch_related("groups")  # type: ignore[attr-defined]

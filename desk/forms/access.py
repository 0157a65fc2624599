"""Forms of the page “Who can see this release”."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from releases.models import Release
from releases.workflow.restricting import people_who_can_be_named


def _described(user: User) -> str:
    """Return a user with the roles, by which colleagues choose."""
    roles = ", ".join(group.name for group in user.groups.all())
    return _("%(name)s (%(roles)s)") % {"name": user, "roles": roles} if roles else str(user)


class People(forms.ModelMultipleChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        return _described(obj)


class Person(forms.ModelChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        return _described(obj)


class RestrictForm(forms.Form):
    """The people who can read a release from now on, besides the user who restricts it."""

    people = People(
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

    person = Person(
        label=gettext_lazy("Person"),
        queryset=User.objects.none(),
        empty_label=gettext_lazy("Choose a person"),
        error_messages={"required": gettext_lazy("Choose a person.")},
    )

    def __init__(self, *args: Any, release: Release, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        others = people_who_can_be_named().exclude(pk__in=release.people_named())
        self.fields["person"].queryset = others.prefetch_related("groups")  # type: ignore[attr-defined]

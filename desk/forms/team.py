"""The forms of the team: invite, change name and roles, leave."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts import team
from accounts.models import User
from accounts.roles import LABELS

WRITE = "releases.change_release"


class RolesField(forms.MultipleChoiceField):
    """A checkbox for each role."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            label=_("Roles"),
            choices=list(LABELS.items()),
            widget=forms.CheckboxSelectMultiple,
            error_messages={
                "required": _("Choose a role. Without a role, a user can’t do anything."),
                "invalid_choice": _("There is no role %(value)s."),
            },
            **kwargs,
        )


class NameField(forms.CharField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            label=_("Name"),
            max_length=team.MAX_NAME_CHARACTERS,
            help_text=_("As colleagues see it at the desk."),
            **kwargs,
        )


class InviteForm(forms.Form):
    email = forms.EmailField(label=_("E-mail address"))
    name = NameField()
    roles = RolesField()


class MemberForm(forms.Form):
    """The name and the roles of a member. `read` are the roles when the page was opened."""

    name = NameField()
    roles = RolesField()
    read = forms.MultipleChoiceField(
        choices=list(LABELS.items()), required=False, widget=forms.MultipleHiddenInput
    )

    def __init__(self, *args: Any, member: User, **kwargs: Any) -> None:
        roles = team.roles_of(member)
        kwargs["initial"] = {
            "name": member.get_full_name() or member.get_username(),
            "roles": roles,
            "read": roles,
        }
        super().__init__(*args, **kwargs)
        # A superuser, or a member of another group, can do something without a role.
        others = [group for group in member.groups.all() if group.name not in LABELS]
        self.fields["roles"].required = not (member.is_superuser or others)


class MemberChoice(forms.ModelChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        return f"{obj} ({obj.get_username()})"


class LeaveForm(forms.Form):
    """Who gets the drafts of a person who leaves."""

    successor = MemberChoice(
        label=_("Who gets the drafts"),
        queryset=User.objects.none(),
        empty_label=_("Choose a person"),
        help_text=_(
            "This person becomes the author of all drafts and of all texts that wait for approval. "
            "Restricted ones stay with the people named on them."
        ),
        error_messages={
            "required": _("Choose who gets the drafts."),
            "invalid_choice": _("Choose an active member of the team to take over the drafts."),
        },
    )

    def __init__(self, *args: Any, member: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        writers = team.users_with(WRITE).exclude(pk=member.pk).order_by("first_name", "username")
        field: Any = self.fields["successor"]
        field.queryset = writers
        field.required = writers.exists()

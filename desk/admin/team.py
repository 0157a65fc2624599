from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import UserCreationForm
from django.contrib.auth.models import Group
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from desk.admin.base import QuietAdmin


class AddUserForm(UserCreationForm):
    """A new user, with the right to sign in to the desk and with the permissions of a group."""

    is_staff = forms.BooleanField(
        label=_("Can sign in to the desk"),
        required=False,
        initial=True,
    )
    groups = forms.ModelMultipleChoiceField(
        label=_("Groups"),
        queryset=Group.objects.order_by("name"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "required": _("Choose a group. Without a group, a user can’t do anything.")
        },
        help_text=_(
            "Authors write. Editors also edit other people’s texts and issue preview links. "
            "Publishers also approve."
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("password1", "password2"):
            self.fields[name].widget.attrs["class"] = "vTextField"

    class Meta(UserCreationForm.Meta):
        model = User
        fields = ("username", "email", "is_staff", "groups")


class NewsroomUserAdmin(QuietAdmin, UserAdmin):
    add_form = AddUserForm
    add_fieldsets = (
        (None, {"fields": ("username", "email", "groups", "is_staff")}),
        (None, {"fields": ("password1", "password2")}),
    )


admin.site.register(User, NewsroomUserAdmin)
if not admin.site.is_registered(Group):
    admin.site.register(Group)

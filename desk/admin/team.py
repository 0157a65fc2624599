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
    """Form of a new user, with the right to sign in to the desk and with groups."""

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


FIELDS: dict[str, dict[str, Any]] = {
    "email": {"label": _("E-mail address")},
    "is_active": {
        "label": _("Active"),
        "help_text": _("Untick this instead of deleting the account."),
    },
    "is_staff": {"label": _("Can sign in to the desk"), "help_text": ""},
    "is_superuser": {
        "label": _("Administrator"),
        "help_text": _("Has every permission, and can add other users."),
    },
}


class NewsroomUserAdmin(QuietAdmin, UserAdmin):
    add_form = AddUserForm
    list_display = ("username", "email_address", "first_name", "last_name", "is_staff")

    add_fieldsets = (
        (None, {"fields": ("username", "email", "groups", "is_staff")}),
        (None, {"fields": ("password1", "password2")}),
    )

    def formfield_for_dbfield(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        """Name Django's fields as the rest of the desk does."""
        return super().formfield_for_dbfield(
            db_field, request, **kwargs | FIELDS.get(db_field.name, {})
        )

    @admin.display(description=_("e-mail address"), ordering="email")
    def email_address(self, user: User) -> str:
        return user.email


admin.site.register(User, NewsroomUserAdmin)
if not admin.site.is_registered(Group):
    admin.site.register(Group)

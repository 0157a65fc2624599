from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.forms import UserChangeForm, UserCreationForm
from django.contrib.auth.models import Group, Permission
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
        labels = {"email": _("E-mail address")}


class UserForm(UserChangeForm):
    """A user, with Django's fields labelled as on the rest of the desk."""

    # A user who may only view the form gets labels and help texts from here too.
    class Meta(UserChangeForm.Meta):
        model = User
        labels = {
            "email": _("E-mail address"),
            "is_active": _("Active"),
            "is_staff": _("Can sign in to the desk"),
            "is_superuser": _("Administrator"),
        }
        help_texts = {
            "is_active": _("Untick this instead of deleting the account."),
            "is_staff": _("Without this, the user can’t sign in."),
            "is_superuser": _("Has every permission, and can add other users."),
            "groups": _("The user has all permissions of these groups."),
            "user_permissions": _("Permissions of this user in addition to those of the groups."),
        }


class PermissionField(forms.ModelMultipleChoiceField):
    """Permissions by their names alone, without the names of app and model."""

    def label_from_instance(self, obj: Any) -> str:
        return str(obj.name)


class GroupForm(forms.ModelForm):
    class Meta:
        model = Group
        fields = ("name", "permissions")
        labels = {"name": _("Name"), "permissions": _("Permissions")}
        help_texts = {
            "permissions": _(
                "What users in this group can do. An upgrade resets the groups Author, Editor and "
                "Publisher. To use other permissions, add a group."
            ),
        }


class WithPermissions(QuietAdmin):
    """An admin of rows that have permissions."""

    def formfield_for_manytomany(self, db_field: Any, request: Any = None, **kwargs: Any) -> Any:
        if db_field.related_model is Permission:
            kwargs["form_class"] = PermissionField
        return super().formfield_for_manytomany(db_field, request, **kwargs)


class NewsroomGroupAdmin(WithPermissions, GroupAdmin):
    form = GroupForm


class LabelledFilter(admin.BooleanFieldListFilter):
    """A filter by one of Django's fields, with the label of the form."""

    def __init__(self, field: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(field, *args, **kwargs)
        self.title = UserForm.Meta.labels[field.name]


class NewsroomUserAdmin(WithPermissions, UserAdmin):
    form = UserForm
    add_form = AddUserForm
    list_display = ("username", "email_address", "first_name", "last_name", "can_sign_in")
    list_filter = (
        ("is_staff", LabelledFilter),
        ("is_superuser", LabelledFilter),
        ("is_active", LabelledFilter),
        "groups",
    )

    add_fieldsets = (
        (None, {"fields": ("username", "email", "groups", "is_staff")}),
        (None, {"fields": ("password1", "password2")}),
    )

    @admin.display(description=_("e-mail address"), ordering="email")
    def email_address(self, user: User) -> str:
        return user.email

    @admin.display(description=_("can sign in"), ordering="is_staff", boolean=True)
    def can_sign_in(self, user: User) -> bool:
        return user.is_staff


admin.site.register(User, NewsroomUserAdmin)
if admin.site.is_registered(Group):
    admin.site.unregister(Group)
admin.site.register(Group, NewsroomGroupAdmin)

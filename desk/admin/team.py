"""Django’s own pages of users and groups, for superusers only."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.forms import (
    AdminPasswordChangeForm,
    UserChangeForm,
    UserCreationForm,
)
from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import hooks, known_browsers, notices, team
from accounts.errors import ActionBlocked
from accounts.models import AccessEvent, User
from accounts.record import record
from accounts.roles import ROLES
from accounts.team import emails
from desk.admin.base import QuietAdmin

Verb = AccessEvent.Verb


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
            "Publishers also approve. Case officers work on records of people. Administrators "
            "manage the team."
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


def lost_groups(form: Any) -> set[str]:
    """Return the names of the groups that the form of a user takes away."""
    before = {group.name for group in form.initial.get("groups", [])}
    return before - {group.name for group in form.cleaned_data.get("groups", [])}


class UserForm(UserChangeForm):
    """A user, with Django's fields labelled as on the rest of the desk."""

    # A user who may only view the form gets labels and help texts from here too.
    class Meta(UserChangeForm.Meta):
        model = User
        labels = {
            "email": _("E-mail address"),
            "is_active": _("Active"),
            "is_staff": _("Can sign in to the desk"),
            "is_superuser": _("Superuser"),
        }
        help_texts = {
            "is_active": _(
                "Untick this to pause the account. Its sessions end at once. If a person leaves, "
                "use the page of the team."
            ),
            "is_staff": _("Without this, the account is paused: the user can’t sign in."),
            "is_superuser": _("Has every permission, and can change all accounts."),
            "groups": _("The user has all permissions of these groups."),
            "user_permissions": _("Permissions of this user in addition to those of the groups."),
        }

    def clean(self) -> dict[str, Any]:
        """Refuse to open a closed account, and what others must prepare first."""
        values = super().clean() or self.cleaned_data
        user = User.objects.get(pk=self.instance.pk)
        if user.left_at and values.get("is_active"):
            self.add_error(
                "is_active", gettext("This person has left the team. Invite the person again.")
            )
        elif user.is_active:
            # Without “Active”, the account is paused, which nothing blocks.
            closes = user.is_staff and not values.get("is_staff")
            losing = None if closes else lost_groups(self)
            no_superuser = user.is_superuser and not values.get("is_superuser")
            if losing is None or losing or no_superuser:
                for sentence in hooks.find_blockers(user, losing=losing):
                    self.add_error(None, sentence)
        return values


class PasswordForm(AdminPasswordChangeForm):
    """A new password for a user, without Django's choice to have none.

    With it, superusers could lock themselves out. An account is closed by pausing it.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields.pop("usable_password", None)
        for name in ("password1", "password2"):
            self.fields[name].required = True


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
                "What users in this group can do. An upgrade resets the groups Author, Editor, "
                "Publisher, Case officer and Administrator. To use other permissions, add a group."
            ),
        }


class ForSuperusers(QuietAdmin):
    """An admin of rows that have permissions. Only superusers may open it.

    It could give any permission. Administrators use the pages of the team (desk.admin.team_pages).
    """

    def has_module_permission(self, request: HttpRequest) -> bool:
        return request.user.is_active and request.user.is_superuser

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_module_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_module_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_module_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_module_permission(request)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self._keeping_an_administrator(super().changeform_view, request, *args, **kwargs)

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self._keeping_an_administrator(super().changelist_view, request, *args, **kwargs)

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self._keeping_an_administrator(super().delete_view, request, *args, **kwargs)

    def _keeping_an_administrator(
        self, view: Any, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Run a view, and undo what it did if nobody could manage the team afterwards."""
        if request.method != "POST":
            return view(request, *args, **kwargs)
        try:
            with team.keep_an_administrator():
                return view(request, *args, **kwargs)
        except ActionBlocked as blocked:
            list(messages.get_messages(request))  # drops the message of success
            messages.error(request, str(blocked))
            return redirect(request.get_full_path())

    def formfield_for_manytomany(self, db_field: Any, request: Any = None, **kwargs: Any) -> Any:
        if db_field.related_model is Permission:
            kwargs["form_class"] = PermissionField
        return super().formfield_for_manytomany(db_field, request, **kwargs)


class NewsroomGroupAdmin(ForSuperusers, GroupAdmin):
    form = GroupForm

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        is_role = obj is not None and obj.name in ROLES
        return super().has_delete_permission(request, obj) and not is_role

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if form.changed_data:
            record(
                AccessEvent.Verb.ROLES_CHANGED, by=User.of(request), request=request,
                about=f"group:{form.instance.pk}", fields=sorted(form.changed_data),
            )  # fmt: skip


class LabelledFilter(admin.BooleanFieldListFilter):
    """A filter by one of Django's fields, with the label of the form."""

    def __init__(self, field: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(field, *args, **kwargs)
        self.title = UserForm.Meta.labels[field.name]


class NewsroomUserAdmin(ForSuperusers, UserAdmin):
    form = UserForm
    add_form = AddUserForm
    change_password_form = PasswordForm
    readonly_fields = ("last_login", "date_joined")
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

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # the name must stay in the record; `manage.py forget` removes it on purpose

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if change and (losing := lost_groups(form)):
            hooks.announce_leaving(obj, by=User.of(request), losing=losing)
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        before = team.roles_of(form.instance) if change else []
        super().save_related(request, form, formsets, change)
        user = User.objects.get(pk=form.instance.pk)
        by, changed = User.of(request), set(form.changed_data)
        if not change:
            roles = team.roles_of(user)
            record(Verb.ACCOUNT_CREATED, by=by, subject=user, request=request, roles=roles)
            return
        recorded = {"groups", "password", "email"}
        # A user needs both to sign in, so the account is paused without one of them.
        was_open = form.initial["is_active"] and form.initial["is_staff"]
        if was_open != (user.is_active and user.is_staff):
            recorded |= {"is_active", "is_staff"}
            note = team.note_pause if was_open else team.note_resumption
            note(user, by=by, request=request)
        if "groups" in changed:
            now = team.roles_of(user)
            record(
                Verb.ROLES_CHANGED, by=by, subject=user, request=request, before=before, roles=now
            )
            emails.roles_changed(user, before, now, by)
        if "email" in changed:
            record(Verb.EMAIL_CHANGED, by=by, subject=user, request=request)
            # The old address too: its owner is the one who must know.
            notices.address_changed(user, form.initial.get("email", ""), request=request)
            known_browsers.forget(user, keep=request if user.pk == by.pk else None)
        if other := sorted(changed - recorded):
            record(Verb.ACCOUNT_CHANGED, by=by, subject=user, request=request, fields=other)
            emails.account_changed(user, [gettext("An administrator changed your account.")], by)
        team.end_invitations_of(user, by=by, request=request)

    def user_change_password(
        self, request: HttpRequest, id: str, form_url: str = ""
    ) -> HttpResponse:
        before = User.objects.filter(pk=id).values_list("password", flat=True).first()
        with transaction.atomic():
            answer = super().user_change_password(request, id, form_url)
            user = User.objects.filter(pk=id).first()
            if user and user.password != before:
                by = User.of(request)
                known_browsers.forget(user, keep=request if user.pk == by.pk else None)
                record(Verb.PASSWORD_CHANGED, by=by, subject=user, request=request)
                emails.account_changed(
                    user, [gettext("An administrator changed your password.")], by
                )
        return answer

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

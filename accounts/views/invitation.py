"""The page of an invitation: its link leads here, and a form creates the account.

A link that was used or cancelled, has expired or never existed gets one page. Opening the page
changes nothing, so programs that follow links in e-mails use nothing up.
"""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.forms import UserCreationForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts import team
from accounts.desk_addresses import desk_home
from accounts.errors import ActionBlocked
from accounts.models import Invitation, User
from accounts.roles import roles_in_words
from accounts.views.page import unusable_link
from accounts.views.sign_in import enter


class AccountForm(UserCreationForm):
    """The form of a new account: a username, a name, and a password twice."""

    name = forms.CharField(
        label=gettext_lazy("Your name"),
        max_length=team.MAX_NAME_CHARACTERS,
        help_text=gettext_lazy("Your colleagues see it at the desk."),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )

    class Meta(UserCreationForm.Meta):
        model = User
        fields = ("username",)
        labels = {"username": gettext_lazy("Username")}
        help_texts = {
            "username": gettext_lazy(
                "You sign in with it. Letters, digits and @ . + - _ are allowed. It stays the same."
            )
        }

    field_order = ["name", "username", "password1", "password2"]

    def __init__(self, *args: Any, invitation: Invitation, **kwargs: Any) -> None:
        self.invitation = invitation
        super().__init__(*args, initial={"name": invitation.name}, **kwargs)
        self.fields["password1"].help_text = _("At least 12 characters. You may paste it.")
        self.fields["password2"].label = _("Password again")
        self.fields["password2"].help_text = ""

    def validate_password_for_user(self, user: Any, *args: Any, **kwargs: Any) -> None:
        """Check the password, which must not resemble the e-mail address either."""
        user.email = self.invitation.email
        super().validate_password_for_user(user, *args, **kwargs)  # type: ignore[misc]

    def clean_name(self) -> str:
        name = " ".join(self.cleaned_data["name"].split())
        self.instance.first_name = name
        return name


@sensitive_post_parameters("password1", "password2")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def accept(request: HttpRequest, token: str) -> HttpResponse:
    """Create the account of an invitation, sign its user in and go to the desk."""
    invitation = team.invitation_of(token)
    if invitation is None:
        return _closed(request)
    if request.user.is_authenticated:
        title = _("You are signed in already")
        return _answer(request, "accounts/invitation_signed_in.html", title)
    form = AccountForm(request.POST or None, invitation=invitation)
    blockers: list[Any] = []
    if form.is_valid():
        try:
            user = team.accept_invitation(
                token,
                username=form.cleaned_data["username"],
                name=form.cleaned_data["name"],
                password=form.cleaned_data["password1"],
                request=request,
            )
        except ActionBlocked as blocked:
            if team.invitation_of(token) is None:  # used in another tab meanwhile
                return _closed(request)
            blockers = blocked.blockers
        else:
            return enter(request, user, to=desk_home())
    title = _("Your account at %(newsroom)s") % {"newsroom": settings.NEWSROOM_NAME}
    context = {
        "form": form,
        "blockers": blockers,
        "invitation": invitation,
        "roles": roles_in_words(group.name for group in invitation.roles.all()),
    }
    return _answer(request, "accounts/invitation.html", title, **context)


def _closed(request: HttpRequest) -> HttpResponse:
    return unusable_link(
        request,
        _("If it still does not work, ask an administrator of the newsroom to invite you again."),
        title=_("This invitation can’t be used"),
        page=desk_home(),
        label=_("Have you created your account? Sign in"),
    )


def _answer(request: HttpRequest, template: str, title: str, **context: Any) -> HttpResponse:
    context |= admin.site.each_context(request) | {"title": title}
    response = render(request, template, context)
    # The address is a secret. The origin alone must be sent: Django checks it at a POST.
    response["Referrer-Policy"] = "strict-origin"
    return response

"""Sign-in by password, by passkey and by the code of a second factor; confirming who it is."""

from typing import Any

from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.internal.flows.reauthentication import (
    raise_if_reauthentication_required,
    reauthenticate_by_password,
)
from allauth.account.internal.stagekit import clear_login
from allauth.account.mixins import RedirectAuthenticatedUserMixin
from allauth.account.models import Login
from allauth.account.stages import LoginStageController
from allauth.account.views import LoginView
from allauth.mfa.base.views import AuthenticateView
from allauth.mfa.models import Authenticator
from allauth.mfa.stages import AuthenticateStage
from allauth.mfa.webauthn.internal import auth as webauthn
from allauth.mfa.webauthn.internal import flows as webauthn_flows
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy
from django.views.csrf import csrf_failure
from django.views.decorators.http import require_POST
from django.views.generic.edit import FormView

from accounts import second_factor, signing_in
from accounts.adapter import WRONG_PASSKEY
from accounts.desk_addresses import desk_home
from accounts.forms import (
    CodeConfirmationForm,
    CodeForm,
    PasskeyConfirmationForm,
    PasskeyForm,
    PasskeySignInForm,
    PasswordConfirmationForm,
    SignInForm,
)
from accounts.models import User
from accounts.views.page import Page, next_of

CHALLENGE_SECONDS = 15 * 60  # to use a passkey after pressing the button
SIGN_IN_PAGES = {"account_login", "admin:login", "mfa_authenticate", "mfa_login_webauthn"}


class SignInView(Page, LoginView):
    title = gettext_lazy("Sign in")
    needs_user = False
    form_class = SignInForm
    template_name = "accounts/sign_in.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.is_authenticated and not request.user.is_staff:
            # Their session can’t open the desk, and another user may want to sign in.
            return super(RedirectAuthenticatedUserMixin, self).dispatch(request, *args, **kwargs)
        if request.user.is_authenticated:
            return signing_in.lead_to(request, next_of(request) or desk_home())
        if request.method == "POST":
            clear_login(request)  # of a sign-in that was begun, perhaps by another user
        return super().dispatch(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {"app_path": self.request.path}


sign_in = SignInView.as_view()


@require_POST
def passkey_sign_in(request: HttpRequest) -> HttpResponse:
    """Sign in the user of a passkey, without a password."""
    if request.user.is_authenticated:
        return signing_in.lead_to(request, next_of(request) or desk_home())
    clear_login(request)
    form = PasskeySignInForm(data=request.POST)
    if not form.is_valid():
        signing_in.failed(request, form.owner(), reason="passkey")
        messages.error(request, WRONG_PASSKEY)
        return redirect("account_login")
    factor = form.cleaned_data["credential"]
    login = Login(user=factor.user, redirect_url=next_of(request) or None)
    return webauthn_flows.perform_passwordless_login(request, factor, login)


@require_POST
def passkey_options(request: HttpRequest) -> HttpResponse:
    """Return what the browser needs to use or create a passkey, as JSON.

    By POST, because it stores a challenge in a session, and programs that follow links must not.
    """
    user = User.of(request) if request.user.is_authenticated else None
    if user and request.GET.get("for") == "new":
        if second_factor.state_of(request) is second_factor.State.FACTOR_NOT_USED:
            return redirect("account_reauthenticate")
        raise_if_reauthentication_required(request, app="allauth.mfa")
        options = webauthn.begin_registration(user, passwordless=True)
    else:
        stage = None if user else LoginStageController.enter(request, AuthenticateStage.key)
        options = webauthn.begin_authentication(user or (stage.login.user if stage else None))
        if not user and not stage:
            # Any stranger gets a session here, so it must not stay for a working day.
            request.session.set_expiry(CHALLENGE_SECONDS)
    return JsonResponse(options)


class FactorView(Page, AuthenticateView):
    """The second step of a sign-in: a code, or a passkey."""

    title = gettext_lazy("Second factor")
    needs_user = False
    form_class = CodeForm
    webauthn_form_class = PasskeyForm
    template_name = "accounts/factor.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if "cancel" in request.POST:
            clear_login(request)
            return redirect("account_login")
        return super().dispatch(request, *args, **kwargs)

    def _build_forms(self) -> Any:
        user, posted = self.stage.login.user, self.request.POST or None
        self.auth_form, self.webauthn_form = None, None
        if posted and "credential" in posted:
            return PasskeyForm(user=user, data=posted)
        self.auth_form = CodeForm(user=user, request=self.request, data=posted)
        return self.auth_form

    def form_invalid(self, form: Any) -> HttpResponse:
        if isinstance(form, PasskeyForm):
            signing_in.failed(self.request, self.stage.login.user, step="factor")
            messages.error(self.request, WRONG_PASSKEY)
            return redirect("mfa_authenticate")
        return self.render_to_response(self.get_context_data())

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        return context | {"has_passkey": _has_passkey(self.stage.login.user)}


factor = FactorView.as_view()


class ConfirmView(Page, FormView):
    """Asks who it is: by a second factor if the user has one, otherwise by the password."""

    title = gettext_lazy("Confirm that it is you")
    template_name = "accounts/confirm.html"

    def get_form(self, form_class: Any = None) -> Any:
        user, posted = User.of(self.request), self.request.POST or None
        if not second_factor.is_enrolled(user):
            return PasswordConfirmationForm(user=user, data=posted)
        if posted and "credential" in posted:
            return PasskeyConfirmationForm(user=user, data=posted)
        return CodeConfirmationForm(user=user, request=self.request, data=posted)

    def form_valid(self, form: Any) -> HttpResponse:
        if isinstance(form, PasswordConfirmationForm):
            reauthenticate_by_password(self.request)
        else:
            form.save()
        return signing_in.lead_to(self.request, next_of(self.request) or desk_home())

    def form_invalid(self, form: Any) -> HttpResponse:
        if isinstance(form, PasskeyConfirmationForm):
            signing_in.failed(self.request, User.of(self.request), step="factor")
            messages.error(self.request, WRONG_PASSKEY)
            return redirect(self.request.get_full_path())
        return super().form_invalid(form)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        by_factor = isinstance(context["form"], CodeForm)
        user = User.of(self.request)
        return context | {"by_factor": by_factor, "has_passkey": by_factor and _has_passkey(user)}


confirm = ConfirmView.as_view()


def expired_form(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form whose token is out of date (CSRF_FAILURE_VIEW).

    A sign-in in another tab changes the token. A sign-in page that was open meanwhile continues
    where its user wanted to go.
    """
    match = request.resolver_match
    is_sign_in = match is not None and match.view_name in SIGN_IN_PAGES
    if is_sign_in and request.user.is_authenticated:
        return signing_in.lead_to(request, next_of(request) or desk_home())
    return csrf_failure(request, reason)


def _has_passkey(user: Any) -> bool:
    rows = Authenticator.objects.filter(user=user, type=Authenticator.Type.WEBAUTHN)
    return rows.exists()


def enter(request: HttpRequest, user: User, *, to: str) -> HttpResponse:
    """Sign in a user whose password another page has checked or set, and go to `to`."""
    clear_login(request)
    record_authentication(request, user, method="password")
    return perform_login(request, Login(user=user, redirect_url=to))

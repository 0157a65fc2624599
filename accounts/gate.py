"""Middleware: a session opens the desk only after it used a second factor, if one is required."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from allauth.core.exceptions import ReauthenticationRequired
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext_lazy

from accounts.desk_addresses import DESK, is_desk_page
from accounts.second_factor import State, state_of
from accounts.signing_in import DESTINATION

# What a session may open before it has used a second factor.
ALWAYS = {
    "account_login", "admin:login", "admin:logout", "account_reauthenticate",
    "account_passkey_options", "account_reset_password", "account_reset_password_done",
    "account_reset_password_from_key", "account_reset_password_from_key_done", "account_recover",
}  # fmt: skip
# What a user without a second factor may open too, to set one up.
ENROLMENT = {"mfa_index", "mfa_activate_totp", "mfa_add_webauthn"}
# What a user reads whose sign-in led to an answer that is no page, by its status.
SENTENCES = {
    404: gettext_lazy("The page does not exist, or you may not open it. This is the desk."),
    405: gettext_lazy(
        "The address works only as a button, and nothing was changed. This is the desk."
    ),
}


class SecondFactorMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        # During an outage, the session can’t be read from the database.
        is_page = response.status_code in SENTENCES or response.status_code == 200
        if request.path_info.startswith(DESK) and is_page and _is_destination(request):
            del request.session[DESTINATION]
            if sentence := SENTENCES.get(response.status_code):
                messages.warning(request, sentence)
                return redirect("admin:index")
        return response

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponse | None:
        """Lead users to the factor that is missing. They can open nothing else of the desk."""
        if not request.path_info.startswith(DESK) or not request.user.is_authenticated:
            return None
        name = request.resolver_match.view_name if request.resolver_match else ""
        if name in ALWAYS:
            return None
        match state_of(request):
            case State.FACTOR_MISSING if name not in ENROLMENT:
                return redirect("mfa_index")
            case State.FACTOR_NOT_USED:
                return _to_confirmation(request)
        return None

    def process_exception(self, request: HttpRequest, problem: Exception) -> HttpResponse | None:
        """Ask who it is before a change of the account. The form must be filled in again."""
        return _to_confirmation(request) if isinstance(problem, ReauthenticationRequired) else None


def _to_confirmation(request: HttpRequest) -> HttpResponse:
    path = request.get_full_path()
    query = f"?{urlencode({'next': path})}" if is_desk_page(path) else ""
    return HttpResponseRedirect(reverse("account_reauthenticate") + query)


def _is_destination(request: HttpRequest) -> bool:
    return bool(
        request.user.is_authenticated
        and request.session.get(DESTINATION, "").partition("?")[0] == request.path
    )

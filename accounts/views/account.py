"""The pages of a user's own account: password, e-mail address, sessions."""

from typing import Any

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout, update_session_auth_hash
from django.contrib.auth import views as auth
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse, reverse_lazy
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.generic import TemplateView
from django.views.generic.edit import FormView

from accounts import (
    addresses,
    factors,
    known_browsers,
    notices,
    recovery,
    second_factor,
    sessions,
    throttle,
)
from accounts.browser_families import family_of, label_of
from accounts.desk_addresses import site_url
from accounts.errors import ActionBlocked
from accounts.forms import ChangePasswordForm, EmailForm, NewAddressForm, NewPasswordForm
from accounts.hash_slots import WAIT_SECONDS, hash_slot
from accounts.models import User
from accounts.networks import network_of
from accounts.record import Verb, record
from accounts.views.page import Page, unusable_link


class AccountView(Page, TemplateView):
    title = gettext_lazy("Your account")
    template_name = "accounts/account.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        user = User.of(self.request)
        return super().get_context_data(**kwargs) | {
            "is_enrolled": second_factor.is_enrolled(user),
            "codes_left": len(factors.unused_codes(user)),
            "recovery": recovery.open_for(user, timezone.now()),
        }

    def post(self, *args: Any, **kwargs: Any) -> HttpResponse:
        """Cancel a recovery of the user’s second factor."""
        user = User.of(self.request)
        if started := recovery.open_for(user, timezone.now()):
            recovery.cancel(started, by=user, request=self.request)
            messages.success(self.request, _("The recovery is cancelled. Its link is invalid."))
        return redirect("account_overview")


class ChangePasswordView(Page, FormView):
    title = gettext_lazy("Change password")
    template_name = "accounts/change_password.html"
    form_class = ChangePasswordForm

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"user": User.of(self.request)}

    def form_valid(self, form: ChangePasswordForm) -> HttpResponse:
        user = User.of(self.request)
        with hash_slot(WAIT_SECONDS), transaction.atomic():
            form.save()
            update_session_auth_hash(self.request, user)
            UserSession.objects.create_from_request(self.request)
            record(Verb.PASSWORD_CHANGED, by=user, subject=user, request=self.request)
            sessions.end_others(self.request)
            known_browsers.forget(user, keep=self.request)
            notices.password_changed(user, request=self.request)
        messages.success(
            self.request, _("Your password is changed. Your other sessions have ended.")
        )
        return redirect("account_overview")


class ResetPasswordView(Page, FormView):
    title = gettext_lazy("Reset password")
    needs_user = False
    template_name = "accounts/reset_password.html"
    form_class = EmailForm

    def form_valid(self, form: EmailForm) -> HttpResponse:
        address = form.cleaned_data["email"]
        try:
            is_sent = throttle.reset_request(self.request, address)
        except throttle.TooManyGuessesError as problem:
            form.add_error("email", problem.messages[0])
            return self.form_invalid(form)
        if is_sent and settings.EMAIL_IS_ON:
            addresses.send_reset.add(address, site_url(self.request))
        return redirect("account_reset_password_done")


class ResetSentView(Page, TemplateView):
    title = gettext_lazy("Check your e-mail")
    needs_user = False
    template_name = "accounts/reset_sent.html"


class ChooseView(Page, auth.PasswordResetConfirmView):
    """A new password for the user who opened the link from the e-mail."""

    title = gettext_lazy("Choose a new password")
    needs_user = False
    template_name = "accounts/choose_password.html"
    form_class = NewPasswordForm
    success_url = reverse_lazy("account_reset_password_from_key_done")

    def get_user(self, uidb64: str) -> Any:
        user = super().get_user(uidb64)
        return user if user and user.is_active and user.is_staff else None

    def render_to_response(self, context: Any, **kwargs: Any) -> HttpResponse:
        if not self.validlink:
            return unusable_link(
                self.request,
                _("If it still does not work, request a new link."),
                page=reverse("account_reset_password"),
                label=_("Request a new link"),
            )
        return super().render_to_response(context, **kwargs)

    def form_valid(self, form: Any) -> HttpResponse:
        user: Any = self.user
        # The slot comes before the transaction, which would hold its locks while it waits.
        with hash_slot(throttle.wait_of_link("reset", user.pk)), transaction.atomic():
            response: HttpResponse = super().form_valid(form)
            record(Verb.PASSWORD_RESET, by=user, subject=user, request=self.request)
            sessions.end_all(user, by=user, request=self.request)
            known_browsers.forget(user)
            notices.password_changed(user, request=self.request)
        return response


class ResetDoneView(Page, TemplateView):
    title = gettext_lazy("Your password is changed")
    needs_user = False
    template_name = "accounts/reset_done.html"


class ChangeAddressView(Page, FormView):
    title = gettext_lazy("Change e-mail address")
    needs_confirmation = True
    template_name = "accounts/change_address.html"
    form_class = NewAddressForm

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"user": User.of(self.request)}

    def form_valid(self, form: NewAddressForm) -> HttpResponse:
        address = form.cleaned_data["email"]
        addresses.request_change(User.of(self.request), address, request=self.request)
        messages.success(
            self.request,
            _("An e-mail was sent to %(address)s. Open its link to confirm the address.")
            % {"address": address},
        )
        return redirect("account_overview")


class ConfirmAddressView(Page, TemplateView):
    title = gettext_lazy("Confirm your new e-mail address")
    template_name = "accounts/confirm_address.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        address = addresses.address_in(self.kwargs["token"], User.of(request))
        if address is None:
            return self._unusable()
        return self.render_to_response(self.get_context_data(address=address))

    def post(self, *args: Any, **kwargs: Any) -> HttpResponse:
        user = User.of(self.request)
        if addresses.address_in(self.kwargs["token"], user) is None:
            return self._unusable()
        try:
            address = addresses.confirm_change(user, self.kwargs["token"], request=self.request)
        except ActionBlocked as problem:
            messages.error(self.request, str(problem))
        else:
            messages.success(
                self.request, _("Your e-mail address is now %(address)s.") % {"address": address}
            )
        return redirect("account_overview")

    def _unusable(self) -> HttpResponse:
        return unusable_link(
            self.request,
            _("If it is for another account, sign in with that one. Otherwise request a new link."),
            page=reverse("account_change_address"),
            label=_("Request a new link"),
        )


class SessionsView(Page, TemplateView):
    title = gettext_lazy("Sessions")
    template_name = "accounts/sessions.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        rows = [
            {
                "pk": session.pk,
                "browser": label_of(family_of(session.user_agent)),
                "network": "" if session.ip == "0.0.0.0" else network_of(session.ip),  # noqa: S104
                "at": session.created_at,
                "is_current": session.session_key == self.request.session.session_key,
            }
            for session in sessions.list_open(self.request)
        ]
        return super().get_context_data(**kwargs) | {"sessions": rows}

    def post(self, *args: Any, **kwargs: Any) -> HttpResponse:
        """End the session with the key `end`, or all others, or `all` with this one."""
        chosen = self.request.POST.get("end", "")
        if chosen == "all":
            sessions.end_others(self.request)
            logout(self.request)
            return redirect("account_login")
        if chosen == "others":
            count = sessions.end_others(self.request)
            text = ngettext("%(count)s session ended.", "%(count)s sessions ended.", count)
            messages.success(self.request, text % {"count": count})
        elif chosen.isascii() and chosen.isdigit() and len(chosen) < 19:
            if sessions.end(User.of(self.request), int(chosen), request=self.request):
                messages.success(self.request, _("The session ended."))
            else:
                messages.warning(self.request, _("The session had ended already."))
        return redirect("usersessions_list")

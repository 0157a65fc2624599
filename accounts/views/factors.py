"""The pages on which users set up and remove their second factors."""

import io
from typing import Any

import qrcode
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import clear_totp_secret, get_totp_secret
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import TemplateView
from django.views.generic.edit import FormView
from qrcode.image.svg import SvgPathImage

from accounts import factors, second_factor
from accounts.errors import ActionBlocked
from accounts.forms import AppForm, NewPasskeyForm, PasskeyNameForm
from accounts.models import User
from accounts.views.page import Page

Type = Authenticator.Type


class FactorsView(Page, TemplateView):
    title = gettext_lazy("Second factor")
    template_name = "accounts/factors.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        user = User.of(self.request)
        rows = list(Authenticator.objects.filter(user=user).order_by("created_at", "pk"))
        return context | {
            "is_required": second_factor.is_required(user),
            "app": next((row for row in rows if row.type == Type.TOTP), None),
            "passkeys": [row for row in rows if row.type == Type.WEBAUTHN],
            "codes_left": len(factors.unused_codes(user)),
            "has_codes": any(row.type == Type.RECOVERY_CODES for row in rows),
        }


class AddAppView(Page, FormView):
    title = gettext_lazy("Set up an authenticator app")
    needs_confirmation = True
    template_name = "accounts/add_app.html"
    form_class = AppForm

    def get_form_kwargs(self) -> dict[str, Any]:
        # The same secret until it is used, so that a second tab or a reload does not change it.
        return super().get_form_kwargs() | {"secret": get_totp_secret()}

    def form_valid(self, form: AppForm) -> HttpResponse:
        user = User.of(self.request)
        try:
            made = factors.add_app(user, form.secret, form.step, request=self.request)
        except ActionBlocked as problem:
            messages.error(self.request, str(problem))
            return redirect("mfa_index")
        clear_totp_secret(self.request)
        messages.success(self.request, _("The authenticator app is set up."))
        return redirect("mfa_view_recovery_codes" if made else "mfa_index")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        secret = context["form"].secret
        url = get_adapter().build_totp_url(User.of(self.request), secret)
        groups = [secret[start : start + 4] for start in range(0, len(secret), 4)]
        return context | {"qr": _qr(url), "secret": " ".join(groups)}


class AddPasskeyView(Page, FormView):
    title = gettext_lazy("Add a passkey")
    needs_confirmation = True
    template_name = "accounts/add_passkey.html"
    form_class = NewPasskeyForm

    def get_initial(self) -> dict[str, Any]:
        return {"name": _("Passkey")}

    def form_valid(self, form: NewPasskeyForm) -> HttpResponse:
        user, typed = User.of(self.request), form.cleaned_data
        try:
            made = factors.add_passkey(
                user, typed["name"], typed["credential"], request=self.request
            )
        except ActionBlocked as problem:
            messages.error(self.request, str(problem))
            return redirect("mfa_index")
        messages.success(self.request, _("The passkey is set up."))
        return redirect("mfa_view_recovery_codes" if made else "mfa_index")


class FactorPage(Page):
    """A page about one factor of the user."""

    needs_confirmation = True

    def factor(self) -> Authenticator:
        rows = Authenticator.objects.filter(
            user=User.of(self.request), type__in=second_factor.FACTORS
        )
        return get_object_or_404(rows, pk=self.kwargs["pk"])

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {"factor": self.factor()}


class RemoveFactorView(FactorPage, TemplateView):
    title = gettext_lazy("Remove a second factor")
    template_name = "accounts/remove_factor.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context, user = super().get_context_data(**kwargs), User.of(self.request)
        others = Authenticator.objects.filter(user=user, type__in=second_factor.FACTORS)
        return context | {
            "is_last": others.count() == 1,
            "is_required": second_factor.is_required(user),
        }

    def post(self, *args: Any, **kwargs: Any) -> HttpResponse:
        factors.remove(User.of(self.request), self.factor(), request=self.request)
        messages.success(self.request, _("The second factor is removed."))
        return redirect("mfa_index")


class RenamePasskeyView(FactorPage, FormView):
    title = gettext_lazy("Rename a passkey")
    template_name = "accounts/rename_passkey.html"
    form_class = PasskeyNameForm

    def factor(self) -> Authenticator:
        found = super().factor()
        if found.type != Type.WEBAUTHN:
            raise Http404
        return found

    def get_initial(self) -> dict[str, Any]:
        return {"name": str(self.factor())}

    def form_valid(self, form: PasskeyNameForm) -> HttpResponse:
        factor = self.factor()
        factor.data["name"] = form.cleaned_data["name"]
        factor.save(update_fields=["data"])
        return redirect("mfa_index")


class CodesView(Page, TemplateView):
    title = gettext_lazy("Recovery codes")
    needs_confirmation = True
    template_name = "accounts/codes.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        codes = factors.unused_codes(User.of(self.request))
        return super().get_context_data(**kwargs) | {"codes": codes}

    def post(self, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            factors.new_codes(User.of(self.request), request=self.request)
        except ActionBlocked as problem:
            messages.error(self.request, str(problem))
            return redirect("mfa_index")
        messages.success(self.request, _("You have new recovery codes. The old ones are invalid."))
        return redirect("mfa_view_recovery_codes")


def _qr(url: str) -> SafeString:
    """Return a QR code as an SVG element."""
    target = io.BytesIO()
    qrcode.make(url, image_factory=SvgPathImage, border=2).save(target)
    svg = target.getvalue().decode()
    return mark_safe(svg[svg.index("<svg") :])  # qrcode draws only paths

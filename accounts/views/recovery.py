"""The two pages of a recovery: an administrator starts it, and the user completes it."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic.edit import FormView

from accounts import recovery
from accounts.errors import ActionBlocked
from accounts.forms import PasswordForm, RecoveryForm
from accounts.models import User
from accounts.throttle import TooManyGuessesError
from accounts.views.page import Page, unusable_link
from accounts.views.sign_in import enter


class StartRecoveryView(Page, FormView):
    title = gettext_lazy("Recover a second factor")
    template_name = "accounts/start_recovery.html"
    form_class = RecoveryForm

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.is_authenticated and not request.user.has_perm("accounts.manage_team"):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    def account(self) -> User:
        return get_object_or_404(User, pk=self.kwargs["pk"])

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        account = self.account()
        return super().get_context_data(**kwargs) | {
            "account": account,
            "blockers": recovery.blockers(account, User.of(self.request)),
            "started": recovery.open_for(account, timezone.now()),
        }

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if "cancel" not in request.POST:
            return super().post(request, *args, **kwargs)
        account = self.account()
        if started := recovery.open_for(account, timezone.now()):
            recovery.cancel(started, by=User.of(request), request=request)
            messages.success(request, _("The recovery is cancelled. Its link is invalid."))
        return redirect("account_start_recovery", account.pk)

    def form_valid(self, form: RecoveryForm) -> HttpResponse:
        account = self.account()
        try:
            recovery.start(
                account,
                by=User.of(self.request),
                identity_check=form.cleaned_data["identity_check"],
                request=self.request,
            )
        except ActionBlocked:  # the page shows the reasons
            return self.render_to_response(self.get_context_data(form=form))
        messages.success(
            self.request,
            _("An e-mail with a link was sent to %(name)s. The link works for a day.")
            % {"name": account},
        )
        return redirect("account_start_recovery", account.pk)


class RecoverView(Page, FormView):
    title = gettext_lazy("Set up a new second factor")
    needs_user = False
    template_name = "accounts/recover.html"
    form_class = PasswordForm

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return super().dispatch(request, *args, **kwargs) if self._works() else self._unusable()

    def form_valid(self, form: PasswordForm) -> HttpResponse:
        try:
            user = recovery.complete(
                self.kwargs["token"],
                password=form.cleaned_data["password"],
                request=self.request,
            )
        except (ActionBlocked, TooManyGuessesError) as problem:
            if not self._works():  # used in another tab meanwhile
                return self._unusable()
            form.add_error("password", " ".join(getattr(problem, "messages", [str(problem)])))
            return self.form_invalid(form)
        messages.success(self.request, _("Your old second factor is removed. Set up a new one."))
        return enter(self.request, user, to=reverse("mfa_index"))

    def _works(self) -> bool:
        return recovery.find(self.kwargs["token"], timezone.now()) is not None

    def _unusable(self) -> HttpResponse:
        return unusable_link(
            self.request, _("If it still does not work, ask your administrator for a new one.")
        )

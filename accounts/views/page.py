"""What all account pages share."""

from typing import Any

from allauth.account.internal.flows.reauthentication import raise_if_reauthentication_required
from django.contrib import admin
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic.base import ContextMixin, View

from accounts.desk_addresses import is_desk_page
from accounts.second_factor import State, state_of
from accounts.signing_in import DESTINATION


class Page(ContextMixin, View):
    """A page in the look of the desk. `title` is its heading."""

    title: Any = ""
    needs_user = True
    needs_confirmation = False  # that the user confirmed a few minutes ago who they are

    @method_decorator(sensitive_post_parameters())
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if self.needs_user and not (request.user.is_authenticated and request.user.is_staff):
            return redirect_to_login(request.get_full_path(), reverse("account_login"))
        if self.needs_confirmation:
            raise_if_reauthentication_required(request, app="allauth.mfa")
        return super().dispatch(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | _context(self.request, self.title)


def unusable_link(
    request: HttpRequest, advice: Any, *, title: Any = "", page: str = "", label: Any = ""
) -> HttpResponse:
    """Answer a link from an e-mail that was used or cancelled, has expired or never existed.

    All get one answer, so that it shows nothing about what there was. `advice` says what to do, and
    `page` with its `label` where.
    """
    # The gate leads a sign-in that ends at a 404 to the desk. This one says what to do.
    request.session.pop(DESTINATION, None)
    context = _context(request, title or _("This link can’t be used"))
    context |= {"advice": advice, "page": page, "label": label}
    return render(request, "accounts/unusable_link.html", context, status=404)


def _context(request: HttpRequest, title: Any) -> dict[str, Any]:
    context = admin.site.each_context(request)
    is_open = request.user.is_authenticated and state_of(request) is State.OPEN
    return {
        **context,
        "title": title,
        "has_permission": context["has_permission"] and is_open,
        "next": next_of(request),
        "available_apps": [],
    }


def next_of(request: HttpRequest) -> str:
    """Return the page of the desk to which a request wants to continue, "" if there is none."""
    asked = request.POST.get(REDIRECT_FIELD_NAME) or request.GET.get(REDIRECT_FIELD_NAME) or ""
    return asked if is_desk_page(asked) else ""

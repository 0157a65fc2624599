"""The page of the desk that shows what is kept, and for how long."""

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from pressroom.retention import KEPT, RULES


@require_safe
def retention(request: HttpRequest) -> HttpResponse:
    """Show the rules of retention, and what is never deleted."""
    if not request.user.has_perm("accounts.view_accessevent"):
        raise PermissionDenied
    context = {
        **admin.site.each_context(request),
        "title": _("What is kept, and for how long"),
        "rules": RULES,
        "kept": KEPT,
    }
    return render(request, "admin/retention.html", context)

"""The page with the results of the search box at the top of the desk."""

from django.contrib import admin
from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.models import User
from desk.search_results import kinds_for, results_for
from releases import search
from storing.texts import clean_text


def urls(site: AdminSite) -> list[URLPattern]:
    """Return the URL pattern of the page."""
    return [path("search/", site.admin_view(require_safe(search_view)), name="search")]


def search_view(request: HttpRequest) -> HttpResponse:
    """Show what a query finds: the best rows of each kind, or with `show` all rows of one kind."""
    user = User.of(request)
    kinds = kinds_for(user)
    if not kinds:
        raise PermissionDenied
    query = search.parse(clean_text(request.GET.get("q", ""), multiline=False), prefix=True)
    shown = request.GET.get("show")
    only = shown if shown in kinds else ""
    sections = results_for(
        query, user, timezone.now(), [only] if only else kinds,
        request.GET.get("page", "1") if only else None,
    )  # fmt: skip
    context = admin.site.each_context(request) | {
        "title": _("Search"),
        "search_query": query.text,
        "query": query,
        "sections": sections,
        "only": only,
        "all_kinds": urlencode({"q": query.text}),
        "max_hits": search.MAX_HITS,
    }
    return render(request, "admin/search/results.html", context)

"""The newsroom's admin: Django's own, with the desk as its front page."""

from typing import Any, cast

from django.conf import settings
from django.contrib import admin
from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from accounts.models import User
from releases.desk import desk_of


class SearchView(AutocompleteJsonView):
    """The admin's search for one row of another table, with what tells the rows apart."""

    def serialize_result(self, obj: Any, to_field_name: str) -> dict[str, str]:
        result = super().serialize_result(obj, to_field_name)
        detail = getattr(self.model_admin, "autocomplete_detail", None)
        return result | (detail(obj) if detail else {})


class NewsroomSite(admin.AdminSite):
    site_title = index_title = "Desk"
    site_header = settings.NEWSROOM_NAME
    enable_nav_sidebar = False

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        return super().each_context(request) | {"version": settings.VERSION}

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        now = timezone.now()
        context = {"desk": desk_of(User.of(request), now), "now": now}
        return super().index(request, {**context, **(extra_context or {})})

    def autocomplete_view(self, request: HttpRequest) -> HttpResponse:
        return cast(HttpResponse, SearchView.as_view(admin_site=self)(request))

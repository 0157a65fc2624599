"""The admin site of the newsroom: Django's admin with the desk as its front page."""

from functools import wraps
from typing import Any, cast

from django.conf import settings
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from accounts.views import sign_in
from assets import isolation
from desk.dashboard import desk_of
from desk.search_results import kinds_for

MAX_SEARCH_CHARACTERS = 200


class AutocompleteView(AutocompleteJsonView):
    """The search of Django's autocomplete fields, with a detail to distinguish similar rows."""

    def process_request(self, request: HttpRequest) -> Any:
        term, model_admin, source_field, to_field_name = super().process_request(request)
        if not source_field.concrete:  # Django fails for the other end of a relation
            raise PermissionDenied
        return term, model_admin, source_field, to_field_name

    def serialize_result(self, obj: Any, to_field_name: str) -> dict[str, str]:
        result = super().serialize_result(obj, to_field_name)
        detail = getattr(self.model_admin, "autocomplete_detail", None)
        return result | (detail(obj) if detail else {})


def _can_be_key(model: type[Model], name: str, value: Any) -> bool:
    """Return whether an argument from a URL can be the primary key of a row."""
    if name in ("object_id", "id"):
        key = model._meta.pk
    elif name == "version_id" and hasattr(model, "history"):
        key = model.history.model._meta.pk
    else:
        return True
    try:
        key.clean(unquote(str(value)), None)
    except (ValidationError, ValueError):
        return False
    return True


def _shorten_search(request: HttpRequest) -> None:
    """Cut the search term of a list. SQLite fails at an expression of several hundred words.

    The page of results has its own limit, and says so.
    """
    if request.resolver_match and request.resolver_match.view_name == "admin:search":
        return
    for name in ("q", "term"):  # of change lists, and of autocomplete fields
        term = str(request.GET.get(name, ""))
        if len(term) > MAX_SEARCH_CHARACTERS:
            shortened = request.GET.copy()
            shortened[name] = term[:MAX_SEARCH_CHARACTERS]
            request.GET = cast(Any, shortened)


class NewsroomSite(admin.AdminSite):
    site_title = index_title = gettext_lazy("Desk")
    site_header = settings.NEWSROOM_NAME
    enable_nav_sidebar = False

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return cast(HttpResponse, sign_in.sign_in(request))

    def password_change(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        return redirect("account_change_password")

    def password_change_done(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        return redirect("account_overview")

    def logout(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        return super().logout(request, {"title": _("Signed out"), **(extra_context or {})})

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        return super().each_context(request) | {
            "version": settings.VERSION,
            "may_search": bool(kinds_for(request.user)),
        }

    def get_urls(self) -> list[Any]:
        """Return the URLs of the team, of the search, and Django's without the redirect to a row.

        The redirect would reveal the address of a row that the user may not see.
        """
        # Not at the top: the modules of this package register their pages at this site.
        from desk.admin import search_page, team_pages

        django = [url for url in super().get_urls() if getattr(url, "name", "") != "view_on_site"]
        return [*team_pages.urls(self), *search_page.urls(self), *django]

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Wrap an admin view with two fixes of Django's views.

        If a part of the URL can't be a primary key, Django's views fail; this returns status 404.
        If a form fails with an IntegrityError, because someone else saved the same row between
        validation and save, the view runs once more.
        """
        model = getattr(getattr(view, "__self__", None), "model", None)

        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            _shorten_search(request)
            if model and not all(_can_be_key(model, *item) for item in kwargs.items()):
                raise Http404
            try:
                return view(request, *args, **kwargs)
            except IntegrityError:
                if request.method != "POST" or view.__name__ not in ("add_view", "change_view"):
                    raise
            # Someone else saved the same row: the second validation finds and reports it.
            for _name, uploads in request.FILES.lists():
                for upload in uploads:
                    upload.seek(0)
            return view(request, *args, **kwargs)

        return super().admin_view(checked, cacheable)

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        now = timezone.now()
        user = User.of(request)
        context: dict[str, Any] = {"desk": desk_of(user, now), "now": now}
        if user.is_superuser:
            context |= {
                "isolation_problems": isolation.problems(),
                "limits": isolation.limits_sentence(),
            }
        return super().index(request, {**context, **(extra_context or {})})

    def autocomplete_view(self, request: HttpRequest) -> HttpResponse:
        return cast(HttpResponse, AutocompleteView.as_view(admin_site=self)(request))

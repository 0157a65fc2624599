"""List filters of the picture library."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from assets.models import MediaAsset
from releases.rules.visibility import public_assets


class UseFilter(admin.SimpleListFilter):
    title = gettext_lazy("use")
    parameter_name = "used"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("no", _("Unused")), ("yes", _("Used")), ("public", _("Public now"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        match self.value():
            case "no":
                return queryset.filter(in_use=False)
            case "yes":
                return queryset.filter(in_use=True)
            case "public":
                return queryset.filter(pk__in=public_assets().values("pk"))


class MissingFilter(admin.SimpleListFilter):
    title = gettext_lazy("missing")
    parameter_name = "lacks"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("alt_text", _("No alternative text")),
            ("credit_line", _("No credit")),
            ("original", _("No file")),
        ]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        field = self.value()
        if field == "alt_text":
            queryset = queryset.filter(kind=MediaAsset.Kind.IMAGE)
        is_known = field and field in ("alt_text", "credit_line", "original")
        return queryset.filter(**{field: ""}) if field and is_known else queryset


class LicenceFilter(admin.SimpleListFilter):
    title = gettext_lazy("licence")
    parameter_name = "licence"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("soon", _("Ends within 30 days")), ("ended", _("Ended"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        match self.value():
            case "soon":
                return queryset.licence_ends_soon()
            case "ended":
                return queryset.filter(licence_expires__lte=timezone.now())


class ProcessingFilter(admin.SimpleListFilter):
    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("failed", _("Processing failed")), ("waiting", _("Processing"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        match self.value():
            case "failed":
                return queryset.filter(state=MediaAsset.State.FAILED)
            case "waiting":
                return queryset.filter(state__in=["waiting", "making"])

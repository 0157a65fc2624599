from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils.html import format_html
from simple_history.admin import SimpleHistoryAdmin

from accounts.models import User
from assets.models import MediaAsset


@admin.register(MediaAsset)
class MediaAssetAdmin(SimpleHistoryAdmin):
    list_display = ["thumbnail", "__str__", "credit_line", "lacking", "uploaded_at"]
    list_display_links = ["thumbnail", "__str__"]
    search_fields = ["original_name", "alt_text", "caption", "credit_line", "creator"]
    search_help_text = "Words of the name, caption, alternative text or credit."
    readonly_fields = ["large"]
    actions = None
    fieldsets = [
        (None, {"fields": ["large", "original", "original_name"]}),
        ("What everybody sees", {"fields": ["alt_text", "caption", "credit_line"]}),
        (
            "Rights",
            {"fields": ["creator", "copyright_notice", "usage_terms", "licence_expires"]},
        ),
    ]

    def get_fieldsets(self, request: HttpRequest, obj: MediaAsset | None = None) -> Any:
        if obj:
            return self.fieldsets
        return [(None, {"fields": ["original", "original_name"]}), *self.fieldsets[1:]]

    def save_model(self, request: HttpRequest, obj: MediaAsset, form: Any, change: bool) -> None:
        if not change:
            obj.uploaded_by = User.of(request)
        super().save_model(request, obj, form, change)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "original" and field:
            # The original has no address, so there is none to link to.
            field.widget = forms.FileInput()
        return field

    def get_urls(self) -> list[Any]:
        return [
            path(
                "<uuid:uuid>/rendition/<str:style>.<str:extension>",
                self.admin_site.admin_view(self.rendition_view),
                name="assets_mediaasset_rendition",
            ),
            *super().get_urls(),
        ]

    def rendition_view(
        self, request: HttpRequest, uuid: UUID, style: str, extension: str
    ) -> FileResponse:
        """A rendition for editors, whatever the public may see."""
        picture = get_object_or_404(MediaAsset, pk=uuid)
        if not self.has_view_permission(request, picture):
            raise PermissionDenied
        return picture.rendition_response(style, extension)

    def autocomplete_detail(self, picture: MediaAsset) -> dict[str, str]:
        """Show the picture where one is looked for."""
        detail = {"detail": ", ".join(f"lacks {what}" for what in picture.missing())}
        if picture.has_rendition("teaser", "jpg"):
            detail["picture"] = picture.preview_url("teaser", "jpg")
        return detail

    @admin.display(description="picture")
    def thumbnail(self, picture: MediaAsset) -> str:
        return self._image(picture, "teaser") or "No file"

    @admin.display(description="picture")
    def large(self, picture: MediaAsset) -> str:
        return self._image(picture, "column") or "No file yet"

    @admin.display(description="missing")
    def lacking(self, picture: MediaAsset) -> str:
        return ", ".join(picture.missing()) or "–"

    def _image(self, picture: MediaAsset, style: str) -> str:
        if not picture.has_rendition(style, "jpg"):
            return ""
        width, height = picture.size(style)
        url = picture.preview_url(style, "jpg")
        return format_html(
            '<img class="picture {}" src="{}" width="{}" height="{}" alt="{}">',
            style, url, width, height, picture.alt_text,
        )  # fmt: skip

"""The library pages for files: upload, renditions, originals and withdrawal."""

from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.errors import ActionBlocked
from accounts.models import User
from assets import processing
from assets.incoming import accepts_files
from assets.models import CONTENT_TYPES, MediaAsset
from desk.admin.base import QuietAdmin
from desk.admin.visible_records import VisibleRecordsAdmin
from desk.forms.fields import parse_key
from desk.forms.names import add_blockers_to_messages, run_action
from releases.document import uuids_in
from releases.library import (
    UploadResult,
    accept_as_is,
    add_upload,
    apply_metadata,
    end_withdrawal,
    reads_original,
    restore_file,
    withdraw,
)
from releases.models import Release
from releases.rules.desk_visibility import files_known_to, files_visible_to


class LibraryFilesAdmin(QuietAdmin, VisibleRecordsAdmin):
    """Admin with the pages for the file of an item. The rules are in releases.library."""

    def get_urls(self) -> list[Any]:
        def page(route: str, view: Any, name: str) -> Any:
            return path(route, self.admin_site.admin_view(view), name=f"assets_mediaasset_{name}")

        return [
            page("upload/", self.upload_view, "upload"),
            page(
                "<uuid:pk>/rendition/<str:style>.<str:extension>", self.rendition_view, "rendition"
            ),
            page("<uuid:pk>/original/<int:version>/", self.original_view, "original"),
            page("<uuid:pk>/words/", require_POST(self.apply_metadata_view), "words"),
            page("<uuid:pk>/again/", require_POST(self.regenerate_view), "again"),
            page("<uuid:pk>/withdraw/", require_POST(self.withdraw_view), "withdraw"),
            page("<uuid:pk>/show-again/", require_POST(self.show_again_view), "show_again"),
            page("<uuid:pk>/as-is/", require_POST(self.as_is_view), "as_is"),
            page("<uuid:pk>/bring-back/", require_POST(self.restore_file_view), "bring_back"),
            *super().get_urls(),
        ]

    def rendition_view(
        self, request: HttpRequest, pk: UUID, style: str, extension: str
    ) -> HttpResponseBase:
        """Send a rendition to a user of the desk, even if it is not public."""
        return self._viewable(request, pk).rendition_response(style, extension)

    def original_view(self, request: HttpRequest, pk: UUID, version: int) -> HttpResponseBase:
        """Send the original of any version as it was uploaded.

        If the file is locked, only editors may download it. Raises Http404 and PermissionDenied.
        """
        asset, user = self._viewable(request, pk, record=True), User.of(request)
        if not super().has_change_permission(request, asset) or not reads_original(asset, user):
            raise PermissionDenied
        row = asset.history.filter(history_id=version).exclude(original="").first()
        if row is None:
            raise Http404
        try:
            file = default_storage.open(str(row.original))
        except FileNotFoundError:
            raise Http404 from None
        content_type = CONTENT_TYPES.get(row.extension, "application/octet-stream")
        return FileResponse(
            file, as_attachment=True, filename=row.original_name, content_type=content_type
        )

    @accepts_files("assets.add_mediaasset")
    def upload_view(self, request: HttpRequest) -> HttpResponse:
        """Add uploads to the library.

        The script sends each file in its own request and gets one `part` of the page. While files
        are processed, it requests their state by their ids.
        """
        if not self.has_add_permission(request):
            raise PermissionDenied
        uploads = []
        into, user = request.POST.get("into"), User.of(request)
        if request.method == "POST":
            record = self._without_file(request, into) if into else None
            known = Release.objects.known_to(user)
            to = known.filter(pk__in=uuids_in([request.POST.get("release")])).first()
            for upload in request.FILES.getlist("file"):
                uploads.append(add_upload(upload, by=user, into=record, to=to))
                record = None  # only the first file belongs to the record
            if not uploads:
                uploads.append(UploadResult(_("No file"), problems=[_("Choose a file.")]))
        else:
            assets = files_visible_to(user).filter(pk__in=uuids_in(request.GET.getlist("id")))
            uploads = [UploadResult(str(asset), asset) for asset in assets]
        part = request.GET.get("part")
        context: dict[str, Any] = {"uploads": uploads}
        if part in ("upload", "attached"):
            bad = request.method == "POST" and any(not upload.asset for upload in uploads)
            template = f"admin/assets/mediaasset/_{part}.html"
            return render(request, template, context, status=400 if bad or not uploads else 200)
        context |= {
            **self.admin_site.each_context(request), "title": _("Upload"), "opts": self.opts,
        }  # fmt: skip
        return render(request, "admin/assets/mediaasset/upload.html", context)

    def apply_metadata_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Copy the file's embedded metadata into blank fields of its record."""
        try:
            asset = self._changeable(request, pk, record=True)
            applied = apply_metadata(asset, by=User.of(request))
        except ActionBlocked as blocked:
            add_blockers_to_messages(request, blocked)
            return redirect("admin:assets_mediaasset_change", pk)
        if request.GET.get("part"):
            context = {"uploads": [UploadResult("", MediaAsset.objects.get(pk=pk))]}
            return render(request, "admin/assets/mediaasset/_upload.html", context)
        if applied:
            messages.success(request, _("Metadata applied. Check it before you publish."))
        else:
            messages.success(request, _("The file has no new metadata."))
        return redirect("admin:assets_mediaasset_change", pk)

    def regenerate_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Create the renditions again."""
        processing.regenerate(self._changeable(request, pk))
        messages.success(request, _("Processing again. This takes a few seconds."))
        return redirect("admin:assets_mediaasset_change", pk)

    def withdraw_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Remove a file from all pages at once."""
        done = _("Withdrawn. It is no longer on any page.")
        return self._run_action(request, pk, withdraw, done)

    def show_again_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """End the withdrawal of a file."""
        return self._run_action(request, pk, end_withdrawal, _("It is shown again."))

    def as_is_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Accept, with a reason, the publication of a document that can't be cleaned."""
        reason, read = (request.POST.get(name, "") for name in ("reason", "file"))
        accept = partial(accept_as_is, reason=reason, read=read)
        done = _("Accepted. It is published as it is, and the reason stays on record.")
        return self._run_action(request, pk, accept, done)

    def restore_file_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Restore the original of an earlier version."""
        asset = self._changeable(request, pk, record=True)
        chosen = request.POST.get("version", "")
        row = asset.history.filter(history_id=parse_key(chosen)).first()
        if row is None or not row.original or not default_storage.exists(str(row.original)):
            messages.error(request, _("This file has no such version."))
        else:
            restore = partial(restore_file, asset, row, by=User.of(request))
            run_action(request, restore, _("Earlier file restored. Check its caption and credit."))
        return redirect("admin:assets_mediaasset_change", pk)

    def _has_visible_versions(self, request: HttpRequest, object_id: str) -> bool:
        """Return whether the user may see the versions of a file: not always, if it is public."""
        return files_known_to(User.of(request)).filter(pk__in=uuids_in([object_id])).exists()

    def _viewable(self, request: HttpRequest, pk: UUID, record: bool = False) -> MediaAsset:
        """Return a file that exists for the user, with `record` only if its versions do too."""
        files = files_known_to if record else files_visible_to
        asset = get_object_or_404(files(User.of(request)), pk=pk)
        if not self.has_view_permission(request, asset):
            raise PermissionDenied
        return asset

    def _changeable(self, request: HttpRequest, pk: UUID, record: bool = False) -> MediaAsset:
        asset = self._viewable(request, pk, record)
        if not self.has_change_permission(request, asset):
            raise PermissionDenied
        return asset

    def _without_file(self, request: HttpRequest, pk: str) -> MediaAsset | None:
        files = files_visible_to(User.of(request))
        record = files.filter(pk__in=uuids_in([pk]), original="").first()
        if record and not self.has_change_permission(request, record):
            raise PermissionDenied
        return record

    def _run_action(self, request: HttpRequest, pk: UUID, action: Any, done: str) -> HttpResponse:
        asset = self._viewable(request, pk)
        run_action(request, partial(action, asset, by=User.of(request)), done)
        return redirect("admin:assets_mediaasset_change", pk)

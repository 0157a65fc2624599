"""Desk pages for the versions, history and readers of a release, and for deleted drafts."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from accounts.models import User
from desk.admin.release_base import ReleasePages
from desk.forms.fields import parse_key
from desk.forms.names import add_blockers_to_messages
from releases import approval, workflow
from releases.document import uuids_in
from releases.probes import probes_of
from releases.versions import compare


class ReleaseVersionPages(ReleasePages):
    """Admin with pages for the versions and readers of a release, and for deleted drafts."""

    def get_urls(self) -> list[Any]:
        return [
            self.page("deleted/", self.deleted_view, "deleted"),
            self.page("<uuid:pk>/seen/", self.readers_view, "seen"),
            *super().get_urls(),
        ]

    def deleted_view(self, request: HttpRequest) -> HttpResponse:
        """Show the deleted drafts that can be restored, and restore one."""
        user = User.of(request)
        if not workflow.ACTIONS["discard"].is_permitted(user):
            raise PermissionDenied
        if request.method == "POST":
            chosen = uuids_in([request.POST.get("restore")])
            try:
                release = workflow.undelete(chosen[0] if chosen else UUID(int=0), by=user)
            except workflow.ActionBlocked as blocked:
                add_blockers_to_messages(request, blocked)
            else:
                messages.success(request, _("Restored as a draft. Read it before you continue."))
                return redirect("admin:releases_release_change", release.pk)
        page = Paginator(workflow.deleted_drafts(user).select_related("history_user"), 50)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Deleted drafts"),
            "opts": self.opts,
            "page": page.get_page(request.GET.get("page")),
        }
        return render(request, "admin/releases/release/deleted.html", context)

    def readers_view(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """Show who may have read a release so far."""
        release = self._get_or_404(request, pk, record=True)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Readers"),
            "opts": self.opts,
            "release": release,
            "state": release.state(),
            "has_been_public": release.has_been_public(),
            "public_until": release.withdrawn_at or release.held_at,
            "people_named": [row.user for row in release.access.select_related("user")],
            "probes": release.probes.all(),
            "probe_count": probes_of(release),
            "staff_events": release.events.select_related("actor")
            .exclude(actor=None)
            .order_by("at", "pk"),
        }
        return render(request, "admin/releases/release/readers.html", context)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        """Show all versions and events, compare two versions, and restore an earlier one."""
        release = self._get_or_404(request, object_id, record=True)
        user = User.of(request)
        if request.method == "POST":
            try:
                chosen = parse_key(request.POST.get("restore", ""))
                workflow.restore(release, by=user, history_id=chosen)
            except workflow.ActionBlocked as blocked:
                add_blockers_to_messages(request, blocked)
            else:
                messages.success(request, _("The earlier text was restored as a new version."))
                return redirect("admin:releases_release_change", release.pk)
        # Saving topics and contacts adds another row, so a version can have several: use the last.
        rows = release.history.select_related("history_user").order_by("version", "history_id")
        versions = list({row.version: row for row in rows}.values())[::-1]
        by_number = {str(version.version): version for version in versions}
        newer = by_number.get(request.GET.get("to", ""), versions[0] if versions else None)
        older = by_number.get(request.GET.get("from", ""))
        if older is None and newer in versions[:-1]:
            older = versions[versions.index(newer) + 1]
        events = [
            {
                "event": event,
                "coverage": approval.coverage(event.detail.get("page") or {}),
                "publish_at": parse_datetime(event.detail.get("publish_at") or ""),
            }
            for event in self._events_of(release)
        ]
        can_restore = not workflow.edit_blockers(release, user) and not release.is_published()
        context = {
            **self.admin_site.each_context(request),
            "title": _("Versions and history"),
            "opts": self.opts,
            "release": release,
            "versions": versions,
            "newer": newer,
            "older": older,
            "changes": list(compare(older, newer, user)) if older and newer else [],
            "events": events,
            "can_restore": can_restore,
        }
        return render(request, "admin/releases/release/versions.html", context)

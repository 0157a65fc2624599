"""The base class of the release pages at the desk."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from accounts.models import User
from desk.admin.base import ExtraPagesAdmin
from releases.models import Event, Release


class ReleasePages(ExtraPagesAdmin):
    """Admin with additional pages for one release."""

    def _get_or_404(self, request: HttpRequest, pk: Any, record: bool = False) -> Release:
        """Return a release that exists for the user, with `record` only if its record does too."""
        user = User.of(request)
        releases = Release.objects.known_to(user) if record else Release.objects.visible_to(user)
        release = get_object_or_404(releases.prefetch_related("access"), pk=pk)
        if not self.has_view_permission(request, release):
            raise PermissionDenied
        return release

    def _events_of(self, release: Release) -> QuerySet[Event]:
        """Return the events of a release, newest first, including those before a deletion."""
        events = Event.objects.filter(release_uuid=release.pk)
        return events.select_related("actor").order_by("-at", "-pk")

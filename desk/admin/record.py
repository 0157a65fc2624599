"""The record of access at the desk: list, filters and export. Nobody can change it."""

from itertools import chain
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.utils.http import content_disposition_header
from django.utils.text import capfirst
from django.views.decorators.http import require_POST

from accounts.models import AccessEvent, User
from accounts.record import record
from desk.admin.base import ExtraPagesAdmin, ReadOnlyAdmin
from desk.forms.record import RecordFilterForm
from desk.record_csv import as_csv, begun
from desk.record_words import Names, account_name, account_names, detail_in_words
from desk.visible_events import events_visible_to
from people.models import Person
from releases.models import Release

PAGE_SIZE = 100


@admin.register(AccessEvent)
class AccessEventAdmin(ExtraPagesAdmin, ReadOnlyAdmin):
    """The record has a list and an export, and no page for one event."""

    def get_urls(self) -> list[Any]:
        return [
            self.page("", self.changelist_view, "changelist"),
            self.page("export/", require_POST(self.export_view), "export"),
        ]

    def has_export_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request) and request.user.has_perm(
            "accounts.export_accessevent"
        )

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        names = account_names()
        form = RecordFilterForm(request.GET, names)
        events = form.apply(events_visible_to(User.of(request)))
        page = Paginator(events, PAGE_SIZE).get_page(request.GET.get("page"))
        query = urlencode(form.chosen)
        context = {
            **self.admin_site.each_context(request),
            "title": capfirst(self.opts.verbose_name_plural),
            "form": form,
            "page": page,
            "total": f"{page.paginator.count:,}",
            "rows": _rows(list(page), names, User.of(request)),
            "query": query,
            "may_export": self.has_export_permission(request) and form.is_valid(),
            **(extra_context or {}),
        }
        return render(request, "admin/accounts/accessevent/change_list.html", context)

    def export_view(self, request: HttpRequest) -> HttpResponseBase:
        """Send the events that match the filters of the URL as CSV, and record that."""
        if not self.has_export_permission(request):
            raise PermissionDenied
        user, names = User.of(request), account_names()
        form = RecordFilterForm(request.GET, names)
        if not form.is_valid():
            return self.changelist_view(request)
        with transaction.atomic():
            record(
                AccessEvent.Verb.EXPORTED, by=user, request=request, what="record",
                filters=form.chosen,
            )  # fmt: skip
        lines = as_csv(lambda: form.apply(events_visible_to(user)), names)
        response = StreamingHttpResponse(
            chain(begun(lines), lines), content_type="text/csv; charset=utf-8"
        )
        response["Content-Disposition"] = content_disposition_header(True, "record-of-access.csv")
        return response


def _rows(events: list[AccessEvent], names: Names, user: User) -> list[dict[str, Any]]:
    """Return the events of a page with everything that it shows of them.

    Titles and names are only for users who may read releases and people's records.
    """
    found: dict[str, Any] = {}
    if user.has_perm("releases.view_release"):
        releases = (
            Release.objects.known_to(user).only("title").filter(pk__in=_keys(events, "release"))
        )
        found |= {f"release:{row.pk}": row for row in releases}
    if user.has_perm("people.view_person"):
        people = (
            Person.objects.visible_to(user)
            .only("display_name")
            .filter(pk__in=_keys(events, "person"))
        )
        found |= {f"person:{row.pk}": row for row in people}
    return [
        {
            "event": event,
            "by": account_name(event.actor_id, names),
            "account": account_name(event.subject_id, names),
            "row": found.get(event.about),
            "is_release": event.about.startswith("release:"),
            "detail": detail_in_words(event, names),
        }
        for event in events
    ]


def _keys(events: list[AccessEvent], kind: str) -> set[UUID]:
    prefix = f"{kind}:"
    return {
        UUID(event.about.removeprefix(prefix)) for event in events if event.about.startswith(prefix)
    }

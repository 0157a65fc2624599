"""Preview links at the desk: issue them from a release, revoke them, and trace a leaked copy."""

from functools import update_wrapper
from typing import IO, Any, cast

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from accounts.desk_addresses import site_url
from accounts.models import User
from assets.incoming import accepts_files
from desk.admin.base import QuietAdmin
from desk.forms.previews import IssueForm
from previews import emails, links, openings
from previews.models import PreviewLink
from previews.watermarks import UnreadableFileError
from releases.models import Release
from releases.rules.name_finds import sentences
from releases.workflow import ActionBlocked


@admin.register(PreviewLink)
class PreviewLinkAdmin(QuietAdmin):
    list_display = ["name", "outlet", "release", "kind", "state", "visits", "reference_printed"]
    list_filter = ["kind"]
    unfilterable_fields = ["token_hash", "batch"]
    list_select_related = ["release"]
    search_fields = ["name", "outlet", "email", "reference"]
    search_help_text = gettext_lazy(
        "Searches names, outlets, e-mail addresses and references on leaked copies."
    )
    change_list_template = "admin/previews/previewlink/change_list.html"
    actions = None
    fields = [
        "release", "kind", "name", "outlet", "email", "state", "reference_printed", "expires_at",
        "max_visits", "issued_at", "issued_by", "mailed_at", "revoked_at", "revoked_by", "visits",
        "openings",
    ]  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> Any:
        return PreviewLink.objects.visible_to(User.of(request)).prefetch_related("visits")

    def get_search_results(self, request: HttpRequest, queryset: Any, term: str) -> Any:
        # A printed reference has a hyphen; a stored reference does not.
        halves = term.strip().upper()
        if len(halves) == 9 and halves[4] == "-":
            term = halves.replace("-", "")
        return super().get_search_results(request, queryset, term)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # links are issued from a release

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description=gettext_lazy("state"))
    def state(self, link: PreviewLink) -> str:
        return link.state_label()

    @admin.display(description=gettext_lazy("visits"))
    def visits(self, link: PreviewLink) -> str:
        return str(len(link.visits.all()) or "–")

    @admin.display(description=gettext_lazy("openings"))
    def openings(self, link: PreviewLink) -> str:
        found = openings.of_links([link]).get(link.pk, [])
        context = {"openings": found, "hint": openings.passed_on_hint(found)}
        return render_to_string("admin/previews/_openings.html", context)

    @admin.display(description=gettext_lazy("reference"))
    def reference_printed(self, link: PreviewLink) -> str:
        return link.printed_reference

    def get_urls(self) -> list[Any]:
        def page(route: str, view: Any, name: str) -> Any:
            wrapped = update_wrapper(self.admin_site.admin_view(view), view)
            return path(route, wrapped, name=f"previews_previewlink_{name}")

        return [
            page("trace/", self.trace_view, "trace"),
            page("issue/<uuid:release>/<str:kind>/", self.issue_view, "issue"),
            page("issued/<uuid:batch>/", self.issued_view, "issued"),
            page("revoke/<uuid:pk>/", require_POST(self.revoke_view), "revoke"),
            page("revoke-all/<uuid:release>/", require_POST(self.revoke_all_view), "revoke_all"),
            *super().get_urls(),
        ]

    def issue_view(self, request: HttpRequest, release: Any, kind: str) -> HttpResponse:
        """Ask for the recipients and issue their links."""
        found = get_object_or_404(Release.objects.known_to(User.of(request)), pk=release)
        if kind not in PreviewLink.Kind.values:
            kind = PreviewLink.Kind.PRESS
        chosen = PreviewLink.Kind(kind)
        if not request.user.has_perm("previews.issue_previewlink"):
            raise PermissionDenied
        form = IssueForm(request.POST or None, kind=chosen)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Issue preview links")
            if chosen == PreviewLink.Kind.PRESS
            else _("Share the draft"),
            "opts": self.opts,
            "release": found,
            "kind": chosen,
            "form": form,
            "media": self.media + form.media,
        }
        if form.is_valid():
            values, by = form.cleaned_data, User.of(request)
            send_email = values.pop("send_email", False)
            message = values.pop("message", "")
            # The same form may have been sent before, and its response got lost.
            if links.shown_again(values["batch"], by=by):
                return redirect("admin:previews_previewlink_issued", values["batch"])
            try:
                links.issue(
                    found,
                    by=by,
                    kind=chosen,
                    message=message if send_email else "",
                    origin=site_url(request),
                    **values,
                )
            except ActionBlocked as blocked:
                # After a double click, a parallel request may have issued the links.
                if links.shown_again(values["batch"], by=by):
                    return redirect("admin:previews_previewlink_issued", values["batch"])
                context["blockers"] = sentences(blocked.blockers, by)
            else:
                return redirect("admin:previews_previewlink_issued", values["batch"])
        return render(request, "admin/previews/previewlink/issue.html", context)

    def issued_view(self, request: HttpRequest, batch: Any) -> HttpResponse:
        """Show the URLs of new links to the user who issued them."""
        try:
            issued = links.shown_again(batch, by=User.of(request))
        except ActionBlocked as blocked:
            raise PermissionDenied from blocked
        if not issued:
            raise Http404
        origin = site_url(request)
        invitations = emails.emails_of([new.link for new in issued])
        context = {
            **self.admin_site.each_context(request),
            "title": _("Preview links"),
            "opts": self.opts,
            "release": issued[0].link.release,
            "until": issued[0].link.issued_at + links.ADDRESSES_SHOWN_FOR,
            "rows": [
                {
                    "link": new.link,
                    "address": new.token and origin + reverse("preview", args=[new.token]),
                    "email": invitations.get(new.link.pk),
                }
                for new in issued
            ],
            "on_their_way": any(email.ended_at is None for email in invitations.values()),
        }
        return render(request, "admin/previews/previewlink/issued.html", context)

    def revoke_view(self, request: HttpRequest, pk: Any) -> HttpResponse:
        link = get_object_or_404(PreviewLink.objects.visible_to(User.of(request)), pk=pk)
        done = _("Link revoked. It no longer works.")
        return self._revoked(request, link.release, lambda by: links.revoke(link, by=by), done)

    def revoke_all_view(self, request: HttpRequest, release: Any) -> HttpResponse:
        found = get_object_or_404(Release.objects.known_to(User.of(request)), pk=release)
        done = _("All links revoked. They no longer work.")
        return self._revoked(request, found, lambda by: links.revoke_all(found, by=by), done)

    def _revoked(
        self, request: HttpRequest, release: Release | None, revoke: Any, done: str
    ) -> HttpResponse:
        if not request.user.has_perm("previews.issue_previewlink"):
            raise PermissionDenied
        try:
            revoke(User.of(request))
        except ActionBlocked as blocked:
            messages.error(request, str(blocked))
        else:
            messages.success(request, done)
        if release is None:
            return redirect("admin:previews_previewlink_changelist")
        return redirect("admin:releases_release_change", release.pk)

    @accepts_files("previews.view_previewlink", megabytes=lambda: settings.MAX_PICTURE_MEGABYTES)
    def trace_view(self, request: HttpRequest) -> HttpResponse:
        """Show the preview link from which a leaked file or text was copied."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "title": _("Trace a leaked copy"),
            "opts": self.opts,
        }
        if request.method == "POST":
            file, pasted = request.FILES.get("file"), request.POST.get("text", "")
            if not file and not pasted.strip():
                context["problem"] = _("Choose a file or paste the text.")
                return render(request, "admin/previews/previewlink/trace.html", context)
            try:
                leak = cast(IO[bytes], file) if file else pasted
                context["found"] = links.trace(leak, by=User.of(request))
                context["looked"] = True
            except UnreadableFileError as error:
                context["problem"] = str(error)
        return render(request, "admin/previews/previewlink/trace.html", context)

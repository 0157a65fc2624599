"""The pages of the actions on a release, and its preview at the desk."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from accounts.models import User
from desk.actions import ACTION_PAGES, blocking_names
from desk.admin.release_base import ReleasePages
from previews.page import page_at_the_desk
from releases import approval, workflow
from releases.models import Release
from releases.rules.name_finds import sentences


class ReleaseActionPages(ReleasePages):
    """Admin with a page for each action on a release, and with the preview."""

    def get_urls(self) -> list[Any]:
        return [
            self.page("<uuid:pk>/preview/", self.preview_view, "preview"),
            *(
                self.page(f"<uuid:pk>/{name}/", self.action_view, name, name=name)
                for name in ACTION_PAGES
            ),
            *super().get_urls(),
        ]

    def preview_view(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """Show the release page as it will look, to users of the desk only."""
        release = self._get_or_404(request, pk)
        context = {
            "page": page_at_the_desk(release, timezone.now()),
            "release": release,
            "preview": True,
            "state": release.state().label,
            "lang": release.language,
            "dir": release.direction,
        }
        return render(request, "previews/editors.html", context)

    def action_view(self, request: HttpRequest, pk: Any, name: str) -> HttpResponse:
        """Show the form of an action, then run the action or show its blockers."""
        by_others = workflow.ACTIONS[name].by_others
        release = self._get_or_404(request, pk, record=not by_others)
        page, user = ACTION_PAGES[name], User.of(request)
        form = page.form(request.POST or None, initial=self._initial(release, name))
        blockers: list[str] = []
        if request.method == "POST" and form.is_valid():
            values = form.cleaned_data
            release.version = values.pop("version")
            try:
                result = workflow.ACTIONS[name].function(release, by=user, **values)
            except workflow.ActionBlocked as blocked:
                blockers = sentences(blocked.blockers, user)
            else:
                release = result if isinstance(result, Release) else release
                messages.success(request, str(page.success))
                for sentence in release.not_notified:
                    messages.warning(request, sentence)
                if not Release.objects.known_to(user).filter(pk=release.pk).exists():
                    return redirect("admin:releases_release_changelist")
                return redirect(f"admin:releases_release_{page.next_page}", release.pk)
        if page.covers_page and not blockers:
            blockers = sentences(workflow.blockers(release), user)
        since, changes = approval.unread_changes(release, user) if page.covers_page else ("", [])
        context = {
            **self.admin_site.each_context(request),
            "title": page.label,
            "action": page,
            "release": release,
            "form": form,
            "blockers": blockers,
            "since": since,
            "changes": changes,
            "media": self.media + form.media,
            "opts": self.opts,
            "original": release,
        }
        return render(request, "admin/releases/release/action.html", context)

    def _initial(self, release: Release, name: str) -> dict[str, Any]:
        values: dict[str, Any] = {"version": release.version, "publish_at": release.publish_at}
        if name == "allow_name":
            values["names"] = blocking_names(release)
        if ACTION_PAGES[name].covers_page:
            values["read_fingerprints"] = approval.printed_fingerprints(release)
        return values

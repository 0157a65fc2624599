"""The desk page “Who can see this release”: restrict it, name people, end the restriction."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from accounts import team
from accounts.models import AccessEvent, User
from desk.admin.release_base import ReleasePages
from desk.forms.access import GiveAccessForm, RestrictForm
from desk.forms.fields import parse_key
from desk.forms.names import add_blockers_to_messages
from releases import workflow
from releases.models import Release
from releases.workflow.restricting import can_finish, may_restrict

MAX_EVENTS = 50


class ReleaseAccessPages(ReleasePages):
    """Admin with the page on which the people who can read a release are chosen."""

    def get_urls(self) -> list[Any]:
        return [self.page("<uuid:pk>/access/", self.access_view, "access"), *super().get_urls()]

    def access_view(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """Show who can read a release, and change it."""
        release = self._get_or_404(request, pk, record=True)
        user = User.of(request)
        form = self._form(request, release)
        if request.method == "POST":
            done = self._run(request, release, form)
            if done:
                messages.success(request, done)
                if Release.objects.known_to(user).filter(pk=release.pk).exists():
                    return redirect("admin:releases_release_access", release.pk)
                return redirect("admin:releases_release_changelist")
            release = self._get_or_404(request, pk, record=True)
        rows = release.access.select_related("user", "added_by").prefetch_related("user__groups")
        people = [
            {
                "user": row.user,
                "roles": team.groups_in_words(row.user),
                "can": can_finish(release, row.user),
                "added_by": row.added_by,
                "at": row.at,
            }
            for row in rows
        ]
        context = {
            **self.admin_site.each_context(request),
            "title": _("Who can see this release"),
            "opts": self.opts,
            "release": release,
            "people": people,
            "may_change": may_restrict(release, user),
            "has_been_public": release.has_been_public(),
            "is_public": release.is_public(),
            "form": form,
            "events": _events_of(release) if people else [],
        }
        return render(request, "admin/releases/release/access.html", context)

    def _form(self, request: HttpRequest, release: Release) -> RestrictForm | GiveAccessForm:
        kind = GiveAccessForm if release.is_restricted() else RestrictForm
        sent = request.method == "POST" and {"restrict", "give"} & request.POST.keys()
        return kind(request.POST if sent else None, release=release, user=User.of(request))

    def _run(
        self, request: HttpRequest, release: Release, form: RestrictForm | GiveAccessForm
    ) -> str:
        """Run the action that was sent. Return the message, or "" if nothing was done."""
        user, sent = User.of(request), request.POST
        try:
            if "end" in sent:
                workflow.end_restriction(release, by=user)
                return _("Restriction ended. The whole newsroom can read this release now.")
            if "remove" in sent:
                person = User.objects.filter(pk=parse_key(sent["remove"])).first()
                if person is None:
                    messages.error(request, _("Choose a person."))
                    return ""
                workflow.remove_access(release, person, by=user)
                return _("%(name)s can’t read this release any more.") % {"name": person}
            if not form.is_valid():
                return ""
            if isinstance(form, RestrictForm):
                workflow.restrict(release, by=user, people=form.cleaned_data["people"])
                return _("Restricted. Only the people named can read this release.")
            person = form.cleaned_data["person"]
            workflow.give_access(release, person, by=user)
            return _("%(name)s can read this release now.") % {"name": person}
        except workflow.ActionBlocked as blocked:
            add_blockers_to_messages(request, blocked)
        return ""


def _events_of(release: Release) -> list[dict[str, Any]]:
    """Return the newest events of the record of access about a release, with their people."""
    events = list(AccessEvent.objects.filter(about=f"release:{release.pk}")[:MAX_EVENTS])
    keys = {event.actor_id for event in events} | {event.subject_id for event in events}
    people = User.objects.in_bulk(keys - {None})
    return [
        {
            "event": event,
            "by": people.get(event.actor_id) if event.actor_id else None,
            "subject": people.get(event.subject_id) if event.subject_id else None,
        }
        for event in events
    ]

"""The desk pages of one person: change the level, and see where the name appears."""

from functools import update_wrapper
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from accounts.errors import ActionBlocked
from accounts.models import User
from desk.admin.visible_records import NameSearchAdmin
from desk.forms.names import add_blockers_to_messages
from desk.forms.officers import LowerToZeroForm, OfficerForm
from desk.forms.persons import (
    DecideLevelForm,
    DecideRemovalForm,
    RequestLevelForm,
    RequestRemovalForm,
)
from people import levels, minors, officers
from people.models import Level, Person
from releases import workflow
from releases.models import Release
from releases.rules import protected_names
from releases.rules.name_finds import sentences

NAMED_YOU = gettext_lazy(
    "No case officer was chosen, so you are the case officer of this record. You can name others "
    "below “Case officers”."
)


class PersonPagesAdmin(NameSearchAdmin):
    """Admin with more pages for one person. The rules are in people.levels and people.minors."""

    def get_urls(self) -> list[Any]:
        def page(name: str, view: Any) -> Any:
            wrapped = update_wrapper(self.admin_site.admin_view(view), view)
            return path(f"<uuid:pk>/{name}/", wrapped, name=f"people_person_{name}")

        return [
            page("raise", self.request_level_view),
            page("decide", self.decide_level_view),
            page("lower", require_POST(self.lower_level_view)),
            page("named", self.name_uses_view),
            page("under-18", self.under_18_view),
            path(
                "without-officer/",
                self.admin_site.admin_view(self.without_officer_view),
                name="people_person_without-officer",
            ),
            *super().get_urls(),
        ]

    def request_level_view(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """Request a higher level, which a second person must approve."""
        person = self._get_or_404(request, pk)
        form = RequestLevelForm(request.POST or None, person=person)
        blockers: list[str] = []
        if form.is_valid():
            try:
                levels.request_level(person, by=User.of(request), **form.cleaned_data)
            except ActionBlocked as blocked:
                blockers = sentences(blocked.blockers, User.of(request))
            else:
                messages.success(request, _("Request sent. A second person must approve it."))
                return redirect("admin:people_person_change", person.pk)
        title, buttons = _("Request a higher level"), [("", _("Send request"))]
        return self._level_page(request, person, title, form, blockers, buttons)

    def decide_level_view(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """Approve or reject a request for a higher level."""
        person = self._get_or_404(request, pk)
        if (change := levels.open_request(person)) is None:
            messages.warning(
                request, _("There is no open request. It may have been decided already.")
            )
            return redirect("admin:people_person_change", person.pk)
        form = DecideLevelForm(request.POST or None)
        user = User.of(request)
        blockers = levels.approval_blockers(change, user)
        if form.is_valid():
            try:
                if "approve" in request.POST:
                    levels.approve_level(change, by=user)
                    messages.success(request, _("Level raised. It takes effect now."))
                else:
                    levels.reject_level(change, by=user, note=form.cleaned_data["note"])
                    messages.success(request, _("Request rejected. The level is unchanged."))
            except ActionBlocked as blocked:
                blockers = sentences(blocked.blockers, User.of(request))
            else:
                return redirect("admin:people_person_change", person.pk)
        buttons = [] if blockers else [("approve", _("Approve"))]
        buttons.append(("reject", _("Reject")))
        title = _("Approve a higher level")
        return self._level_page(request, person, title, form, blockers, buttons, change=change)

    def lower_level_view(self, request: HttpRequest, pk: Any) -> HttpResponseBase:
        """Lower the level at once, then show which releases still print the name."""
        person, user = self._get_or_404(request, pk), User.of(request)
        form = LowerToZeroForm(request.POST, person=person, by=user)
        chosen, all_can_be_named = form.chosen()
        is_officer = person.case_officers.contains(user)
        try:
            to = Level(int(request.POST.get("to", "")))
            person = levels.lower_level(person, to=to, by=user, case_officers=chosen)
        except ValueError:
            messages.error(request, _("Choose a level."))
            return redirect("admin:people_person_change", person.pk)
        except ActionBlocked as blocked:
            add_blockers_to_messages(request, blocked)
            return redirect("admin:people_person_change", person.pk)
        messages.success(request, _("Level lowered to %(level)s everywhere.") % {"level": to.value})
        if to == Level.CASE_OFFICERS and not all_can_be_named:
            messages.warning(
                request,
                _(
                    "A user you chose can’t be a case officer, and was not named. Choose users "
                    "with the role “Case officer”."
                ),
            )
        if hidden := self.response_if_hidden(request, person):
            return hidden
        if to == Level.CASE_OFFICERS and not is_officer and user not in chosen:
            messages.warning(request, NAMED_YOU)
        if to < Level.NAMEABLE:
            return redirect("admin:people_person_named", person.pk)
        return redirect("admin:people_person_change", person.pk)

    def response_if_hidden(self, request: HttpRequest, person: Person) -> HttpResponse | None:
        """Return the response after a change that hid a record from its own editor, else None.

        It does not name the person: this user may not know of the record any more.
        """
        if Person.objects.visible_to(User.of(request)).contains(person):
            return None
        messages.success(
            request,
            _(
                "Saved. Only the case officers of the record see it now. Ask them to check where "
                "the name appears."
            ),
        )
        return redirect("admin:people_person_changelist")

    def without_officer_view(self, request: HttpRequest) -> HttpResponse:
        """Name a case officer on the records at level 0 that nobody sees, without seeing them."""
        user = User.of(request)
        if not user.has_perm("accounts.manage_team"):
            raise PermissionDenied
        form = OfficerForm(request.POST or None, by=user)
        blockers: list[str] = []
        if form.is_valid():
            try:
                officers.name_on_records_without_officer(form.cleaned_data["user"], by=user)
            except ActionBlocked as blocked:
                blockers = blocked.blockers
            else:
                text = _("Each record at level 0 has a case officer again. %(name)s was named.")
                messages.success(request, text % {"name": form.cleaned_data["user"]})
                return redirect("admin:index")
        context = {
            **self.admin_site.each_context(request),
            "title": _("Name a case officer"),
            "form": form,
            "blockers": blockers,
            "missing": Person.objects.without_officer().exists(),
            "can_choose": officers.eligible().exclude(pk=user.pk).exists(),
        }
        return render(request, "admin/people/person/without_officer.html", context)

    def name_uses_view(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """Show the public texts that contain a person's name, and put releases on hold."""
        person = self._get_or_404(request, pk)
        user = User.of(request)
        everywhere = protected_names.printing(person)
        printing = [printed for printed in everywhere if printed.is_visible_to(user)]
        releases = [printed.release for printed in printing if printed.release]
        if request.method == "POST":
            wanted = request.POST.getlist("release")
            self._hold(request, [release for release in releases if str(release.pk) in wanted])
            if wanted and user.has_perm(workflow.ACTIONS["hold"].permission):
                hidden = [p.release for p in everywhere if p.release and p not in printing]
                workflow.hold_hidden(hidden, by=user)
            return redirect("admin:people_person_named", person.pk)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Where the name of %(person)s appears") % {"person": person},
            "opts": self.opts,
            "person": person,
            "level": Level(person.level),
            "named": [(p.release, p.finds) for p in printing if p.release],
            "pages": [(p.page, p.finds) for p in printing if p.page],
            "not_on_hold": [release for release in releases if not release.is_on_hold()],
        }
        return render(request, "admin/people/person/named.html", context)

    def under_18_view(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """Request the removal of the mark “under eighteen”, or decide such a request."""
        person = self._get_or_404(request, pk)
        user, removal = User.of(request), minors.open_request(person)
        if not person.under_18:
            messages.warning(request, _("This person is not marked as under eighteen."))
            return redirect("admin:people_person_change", person.pk)
        blockers = minors.blockers(removal, user) if removal else []
        form_class = DecideRemovalForm if removal else RequestRemovalForm
        form = form_class(request.POST or None)
        if form.is_valid():
            try:
                if removal is None:
                    minors.request_removal(person, by=user, **form.cleaned_data)
                    done = _("Request sent. A second person must approve it.")
                elif "approve" in request.POST:
                    minors.approve_removal(removal, by=user)
                    done = _("Mark removed. The level is unchanged.")
                else:
                    minors.reject_removal(removal, by=user, **form.cleaned_data)
                    done = _("Request rejected. The mark stays.")
            except ActionBlocked as blocked:
                blockers = blocked.blockers
            else:
                messages.success(request, done)
                return redirect("admin:people_person_change", person.pk)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Remove the mark “under eighteen”"),
            "opts": self.opts,
            "person": person,
            "removal": removal,
            "form": form,
            "blockers": blockers,
        }
        return render(request, "admin/people/person/under_18.html", context)

    def _get_or_404(self, request: HttpRequest, pk: Any) -> Person:
        person = get_object_or_404(self.get_queryset(request), pk=pk)
        if not self.has_change_permission(request, person):
            raise PermissionDenied
        return person

    def _hold(self, request: HttpRequest, chosen: list[Release]) -> None:
        count = 0
        for release in chosen:
            try:
                workflow.hold(release, by=User.of(request))
                count += 1
            except ActionBlocked as blocked:
                text = _("%(release)s: %(reason)s")
                messages.error(request, text % {"release": release, "reason": blocked})
        if count:
            text = ngettext(
                "%(count)s release is on hold.", "%(count)s releases are on hold.", count
            )
            messages.success(request, text % {"count": count})

    def _level_page(
        self,
        request: HttpRequest,
        person: Person,
        title: str,
        form: forms.Form,
        blockers: list[str],
        buttons: list[tuple[str, str]],
        **more: Any,
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": title,
            "opts": self.opts,
            "person": person,
            "level": Level(person.level),
            "form": form,
            "blockers": blockers,
            "buttons": buttons,
            **more,
        }
        return render(request, "admin/people/person/ask.html", context)

"""The pages of the team: who is in it, invitations, roles, pausing and leaving.

They need the permission to manage the team. The page about the roles is for everyone at the desk.
The rules are in accounts.team.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.mfa.models import Authenticator
from django.apps import apps
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin import AdminSite
from django.contrib.auth.models import Permission
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts import second_factor, team
from accounts.desk_addresses import site_url
from accounts.errors import ActionBlocked
from accounts.models import Invitation, TeamState, User
from accounts.roles import LABELS, PURPOSES, permissions_of, roles_in_words
from desk.forms.team import InviteForm, LeaveForm, MemberForm

View = Callable[..., HttpResponse]


def urls(site: AdminSite) -> list[URLPattern]:
    """Return the URL patterns of the pages."""

    def page(route: str, view: View, name: str) -> URLPattern:
        return path(f"team/{route}", site.admin_view(_for_administrators(view)), name=name)

    return [
        page("", require_safe(team_view), "team"),
        path("team/roles/", site.admin_view(require_safe(roles_view)), name="team_roles"),
        page("invite/", invite_view, "team_invite"),
        page("invitations/<int:pk>/again/", require_POST(invite_again_view), "team_invite_again"),
        page("invitations/<int:pk>/cancel/", require_POST(cancel_view), "team_invite_cancel"),
        page("<int:pk>/", member_view, "team_member"),
        page("<int:pk>/pause/", require_POST(pause_view), "team_pause"),
        page("<int:pk>/resume/", require_POST(resume_view), "team_resume"),
        page("<int:pk>/leave/", leave_view, "team_leave"),
    ]


def _for_administrators(view: View) -> View:
    """Refuse users who may not manage the team."""

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not User.of(request).has_perm(team.MANAGE_TEAM):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return checked


def team_view(request: HttpRequest) -> HttpResponse:
    """List the members and the open invitations."""
    users = User.objects.filter(is_staff=True).prefetch_related("groups")
    users = users.order_by("first_name", "last_name", "username")
    enrolled = _enrolled()
    members = [
        {
            "user": user,
            "roles": roles_in_words(team.roles_of(user)),
            "has_factor": user.pk in enrolled,
            "state": user.team_state,
        }
        for user in users
    ]
    now = timezone.now()
    invitations = Invitation.objects.filter(accepted_at=None, cancelled_at=None)
    return _page(
        request,
        "team.html",
        _("Team"),
        members=[one for one in members if one["state"] != TeamState.LEFT],
        former=[one for one in members if one["state"] == TeamState.LEFT],
        invitations=[
            {
                "invitation": invitation,
                "roles": roles_in_words(group.name for group in invitation.roles.all()),
                "is_open": invitation.is_open(now),
                "address": _shown_address(request, invitation),
            }
            for invitation in invitations.select_related("invited_by").prefetch_related("roles")
        ],
    )


def roles_view(request: HttpRequest) -> HttpResponse:
    """Show what each role may do, from the table of roles."""
    roles = [{"label": label, "purpose": PURPOSES[name]} for name, label in LABELS.items()]
    title = _("What each role may do")
    return _page(request, "roles.html", title, roles=roles, areas=_rights_by_area())


def invite_view(request: HttpRequest) -> HttpResponse:
    form = InviteForm(request.POST or None)
    blockers: list[Any] = []
    if form.is_valid():
        try:
            team.invite(
                **form.cleaned_data, by=User.of(request), origin=site_url(request),
                request=request,
            )  # fmt: skip
        except ActionBlocked as blocked:
            blockers = blocked.blockers
        else:
            _invited(request, form.cleaned_data["email"])
            return redirect("admin:team")
    title = _("Invite a person")
    return _page(request, "invite.html", title, form=form, blockers=blockers)


def invite_again_view(request: HttpRequest, pk: int) -> HttpResponse:
    invitation = get_object_or_404(Invitation, pk=pk)

    def action() -> None:
        team.invite_again(
            invitation, by=User.of(request), origin=site_url(request), request=request
        )
        _invited(request, invitation.email)

    return _then(request, action, "", redirect("admin:team"))


def cancel_view(request: HttpRequest, pk: int) -> HttpResponse:
    invitation = get_object_or_404(Invitation, pk=pk)

    def action() -> None:
        team.cancel_invitation(invitation, by=User.of(request), request=request)

    done = _("Invitation cancelled. Its link does not work any more.")
    return _then(request, action, done, redirect("admin:team"))


def member_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Change the name and the roles of a member. Has the buttons for the other actions."""
    member, by = _member(pk), User.of(request)
    form = MemberForm(request.POST or None, member=member)
    blockers: list[Any] = []
    if form.is_valid():
        try:
            team.change_member(member, **form.cleaned_data, by=by, request=request)
        except ActionBlocked as blocked:
            blockers = blocked.blockers
            form = MemberForm(None, member=_member(pk)) if _is_stale(form, pk) else form
        else:
            messages.success(request, _("Saved."))
            still = User.objects.get(pk=by.pk).has_perm(team.MANAGE_TEAM)
            return redirect("admin:team" if still else "admin:index")
    may_change = member.team_state != TeamState.LEFT and (
        by.is_superuser or not member.is_superuser
    )
    has_factor = second_factor.is_enrolled(member)
    return _page(
        request, "member.html", str(member), member=member, form=form, blockers=blockers,
        state=member.team_state, may_change=may_change, is_self=member.pk == by.pk,
        has_factor=has_factor,
        # Without a second factor there is nothing to recover.
        recovery=reverse("account_start_recovery", args=[member.pk])
        if has_factor and member.is_active
        else "",
        others=[group.name for group in member.groups.all() if group.name not in LABELS],
        roles=roles_in_words(team.roles_of(member)),
    )  # fmt: skip


def pause_view(request: HttpRequest, pk: int) -> HttpResponse:
    member = _member(pk)
    done = _("The account of %(name)s is paused. All its sessions have ended.") % {"name": member}

    def action() -> None:
        team.pause(member, by=User.of(request), request=request)

    return _then(request, action, done, redirect("admin:team_member", pk))


def resume_view(request: HttpRequest, pk: int) -> HttpResponse:
    member = _member(pk)
    done = _("%(name)s can sign in again.") % {"name": member}

    def action() -> None:
        team.resume(member, by=User.of(request), request=request)

    return _then(request, action, done, redirect("admin:team_member", pk))


def leave_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask who gets the drafts, then close the account for ever."""
    member = _member(pk)
    form = LeaveForm(request.POST if request.method == "POST" else None, member=member)
    blockers: list[Any] = []
    if form.is_valid():
        try:
            team.leave(
                member, by=User.of(request), successor=form.cleaned_data["successor"],
                request=request,
            )  # fmt: skip
        except ActionBlocked as blocked:
            blockers = blocked.blockers
        else:
            done = _("%(name)s has left the team. The account is closed.") % {"name": member}
            messages.success(request, done)
            return redirect("admin:team")
    title = _("%(name)s leaves the team") % {"name": member}
    return _page(request, "leave.html", title, member=member, form=form, blockers=blockers)


def _page(request: HttpRequest, template: str, title: str, **context: Any) -> HttpResponse:
    context |= admin.site.each_context(request) | {"title": title, "purposes": PURPOSES}
    return render(request, f"admin/team/{template}", context)


def _then(
    request: HttpRequest, action: Callable[[], None], done: str, answer: HttpResponse
) -> HttpResponse:
    """Run an action, add a message with its outcome, and return the answer."""
    try:
        action()
    except ActionBlocked as blocked:
        for sentence in blocked.blockers:
            messages.error(request, str(sentence))
    else:
        if done:
            messages.success(request, done)
    return answer


def _invited(request: HttpRequest, email: str) -> None:
    text = _("Invited: %(email)s. The link works once, for seven days.")
    messages.success(request, text % {"email": email})


def _member(pk: int) -> User:
    return get_object_or_404(User.objects.prefetch_related("groups"), pk=pk, is_staff=True)


def _is_stale(form: MemberForm, pk: int) -> bool:
    """Return whether the roles have changed since the page of a form was opened."""
    return set(form.cleaned_data["read"]) != set(team.roles_of(_member(pk)))


def _shown_address(request: HttpRequest, invitation: Invitation) -> str:
    """Return the link of an invitation if e-mail is off, so that an administrator sends it."""
    if settings.EMAIL_IS_ON or not invitation.is_open():
        return ""
    found = team.path_of(invitation)
    return site_url(request) + found if found else ""


def _enrolled() -> set[int]:
    """Return the keys of the users who have a second factor."""
    rows = Authenticator.objects.filter(type__in=second_factor.FACTORS)
    return set(rows.values_list("user_id", flat=True))


def _rights_by_area() -> dict[str, list[tuple[str, list[str]]]]:
    """Return the tables of the page about roles: for each app its tasks, and a cell for each role.

    A cell has the rights of the role, such as “read, change”.
    """
    granted = {name: permissions_of(name) for name in LABELS}
    areas: dict[str, dict[str, dict[str, list[str]]]] = {}
    for permission in Permission.objects.select_related("content_type").order_by(
        "content_type", "pk"
    ):
        app = permission.content_type.app_label
        holders = [name for name in LABELS if f"{app}.{permission.codename}" in granted[name]]
        if not holders:
            continue
        area = areas.setdefault(str(apps.get_app_config(app).verbose_name), {})
        task, right = _in_words(permission)
        cells = area.setdefault(task, {name: [] for name in LABELS})
        for name in holders:
            cells[name].append(right)
    return {
        area: [(task, [", ".join(cells[name]) for name in LABELS]) for task, cells in rows.items()]
        for area, rows in areas.items()
    }


def _in_words(permission: Permission) -> tuple[str, str]:
    """Return what a permission is about, and what it allows."""
    model = permission.content_type.model_class()
    if model is None:
        return str(permission.name), _("yes")
    if declared := dict(model._meta.permissions).get(permission.codename):
        return str(declared), _("yes")
    rights = {"view": _("read"), "add": _("add"), "change": _("change"), "delete": _("delete")}
    things = str(capfirst(model._meta.verbose_name_plural))
    return things, rights[permission.codename.partition("_")[0]]

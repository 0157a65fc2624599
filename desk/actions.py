"""The button, form and messages of each action on a release.

`releases.workflow` declares who may run an action, and on which releases.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from desk.forms import actions as forms
from releases.models import Release
from releases.rules import protected_names
from releases.workflow import ACTIONS


@dataclass(frozen=True, slots=True)
class ActionPage:
    """The page of an action. `next_page` is the admin page to show after the action."""

    label: Promise
    explanation: Promise
    success: Promise
    form: type[forms.ActionForm] = forms.ActionForm
    covers_page: bool = False  # show the changes, and send the fingerprints of what was read
    next_page: str = "change"


ACTION_PAGES = {
    "submit": ActionPage(
        label=_("Submit for approval"),
        explanation=_(
            "An editor reviews it next. You can send it back to draft while it is in review."
        ),
        success=_("Submitted for approval."),
    ),
    "approve": ActionPage(
        label=_("Approve and schedule"),
        explanation=_(
            "It is published automatically at the time you set. Until then nobody outside the "
            "newsroom can see it. To change it, send it back to draft."
        ),
        success=_("Approved."),
        form=forms.ApproveForm,
        covers_page=True,
    ),
    "reschedule": ActionPage(
        label=_("Change the embargo"),
        explanation=_("The text stays approved. The new time takes effect at once."),
        success=_("Embargo changed."),
        form=forms.RescheduleForm,
    ),
    "publish": ActionPage(
        label=_("Publish now"),
        explanation=_("It becomes public at once. Later changes are corrections."),
        success=_("Published."),
        form=forms.PublishForm,
        covers_page=True,
    ),
    "send_back": ActionPage(
        label=_("Send back to draft"),
        explanation=_("It can be edited again and needs a new approval."),
        success=_("Sent back to draft."),
        form=forms.SendBackForm,
    ),
    "allow_name": ActionPage(
        label=_("Allow a protected name"),
        explanation=_(
            "Use this for a namesake, or for a name that is part of another name. It applies only "
            "to this spelling in this release."
        ),
        success=_("Name allowed in this release."),
        form=forms.AllowNameForm,
    ),
    "hold": ActionPage(
        label=_("Take offline now"),
        explanation=_(
            "Takes the page, lists, feeds, pictures and preview links offline at once, without a "
            "public notice. You can end the hold later."
        ),
        success=_("On hold. The release is offline now."),
        next_page="seen",
    ),
    "let_go": ActionPage(
        label=_("End hold"),
        explanation=_(
            "The release and its preview links come back online. If its publication time passed "
            "during the hold, it is published now."
        ),
        success=_("Hold ended."),
    ),
    "withdraw": ActionPage(
        label=_("Withdraw"),
        explanation=_(
            "Removes the release from every page, list and feed at once and permanently. If it was "
            "public, your reason is shown in its place."
        ),
        success=_("Withdrawn."),
        form=forms.WithdrawForm,
    ),
}


def blocking_names(release: Release, finds: list[protected_names.Find] | None = None) -> list[str]:
    """Return the protected names in the release's own texts, as they are spelled there."""
    if finds is None:
        finds = protected_names.finds_in_release(release, release.publish_at)
    own = [f for f in finds if f.table == "releases.release" and f.kind == "name" and f.blocks]
    return sorted({find.surface for find in own})


def available_actions(
    release: Release, user: User, finds: list[protected_names.Find]
) -> Iterator[tuple[str, ActionPage]]:
    """Yield the actions that a user may run on a release. `finds` are the names in it."""
    for name, action in ACTIONS.items():
        page = ACTION_PAGES.get(name)
        if page and action.is_available(release, user):
            if name == "allow_name" and not blocking_names(release, finds):
                continue
            yield name, page

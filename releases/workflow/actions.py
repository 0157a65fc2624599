"""The actions on a release: who may carry out each, and on which releases.

Permissions and statuses are defined only here. The functions of the actions check them, and the
desk offers the actions that are available. The names of actions are in the URLs of the desk.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.errors import ActionBlocked
from accounts.models import User
from releases.models import Release
from releases.rules.blockers import hold_blockers, outsider_blockers

DRAFT, IN_REVIEW, APPROVED = (
    Release.Status.DRAFT,
    Release.Status.IN_REVIEW,
    Release.Status.APPROVED,
)
Rule = Callable[[Release, User, datetime | None], list[str]]
Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(eq=False)
class Action:
    """One action: its permission, its statuses, and further rules.

    A rule returns blockers as sentences, or an empty list if it allows the action.
    """

    name: str
    permission: str  # empty if a rule decides
    denied: Any  # the translatable sentence for users without the permission
    statuses: frozenset[str]
    rules: tuple[Rule, ...] = ()
    by_others: bool = False  # whether people not named on a restricted release can do it
    function: Callable[..., Any] = field(init=False, repr=False)

    def carried_out_by(self, function: Function) -> Function:
        """Mark the function that carries out the action."""
        self.function = function
        return function

    def is_permitted(self, user: User) -> bool:
        """Return whether a user has the permission, independent of the release."""
        return not self.permission or user.has_perm(self.permission)

    def blockers(self, release: Release, user: User, at: datetime | None = None) -> list[str]:
        """Return why a user cannot carry it out on a release at a time (default: now)."""
        if not self.is_permitted(user):
            return [str(self.denied)]
        is_open = self.by_others and release.is_public(at)
        if not is_open and (reasons := outsider_blockers(release, user, at)):
            return reasons
        if found := [reason for rule in self.rules for reason in rule(release, user, at)]:
            return found
        if release.status not in self.statuses:
            state = release.state(at).label
            return [_("This can’t be done to a release in the state “%s”.") % state]
        return []

    def is_available(self, release: Release, user: User, at: datetime | None = None) -> bool:
        """Return whether the desk offers it. The text is checked only when it is carried out."""
        return not self.blockers(release, user, at)

    def check_permission(self, user: User) -> None:
        """Raise ActionBlocked if a user does not have the permission."""
        if not self.is_permitted(user):
            raise ActionBlocked(str(self.denied))

    def check(self, release: Release, user: User, at: datetime | None = None) -> None:
        """Raise ActionBlocked if a user cannot carry it out on a release."""
        if reasons := self.blockers(release, user, at):
            raise ActionBlocked(*reasons)


# --- Rules -------------------------------------------------------------------------------------


def _not_on_hold(release: Release, user: User, at: datetime | None) -> list[str]:
    return hold_blockers(release)


def _on_hold(release: Release, user: User, at: datetime | None) -> list[str]:
    return [] if release.is_on_hold() else [_("This release is not on hold.")]


def _not_public(release: Release, user: User, at: datetime | None) -> list[str]:
    return [_("This release is already public.")] if release.is_public(at) else []


def _published(release: Release, user: User, at: datetime | None) -> list[str]:
    if release.is_published(at):
        return []
    return [_("Only a published release can be corrected.")]


def _has_embargo(release: Release, user: User, at: datetime | None) -> list[str]:
    if release.is_scheduled(at) or release.is_blocked_by_name():
        return []
    state = release.state(at).label
    return [_("This release has no embargo to change (state: %s).") % state]


def _can_be_sent_back(release: Release, user: User, at: datetime | None) -> list[str]:
    if release.status not in (IN_REVIEW, APPROVED):
        return []  # `statuses` blocks it
    if release.is_published(at):
        return [_("This release is public. Correct it or withdraw it; it can’t be sent back.")]
    if release.status == APPROVED:
        is_permitted = user.has_perm(APPROVE.permission)
    else:
        is_permitted = release.created_by_id == user.pk or user.has_perm("releases.return_release")
    if not is_permitted:
        return [_("You don’t have permission to send this release back. Ask a publisher.")]
    return []


def _not_withdrawn(release: Release, user: User, at: datetime | None) -> list[str]:
    if release.status == Release.Status.WITHDRAWN:
        return [_("This release is withdrawn and already offline.")]
    return []


# --- The actions, in the order in which the desk shows them -------------------------------------

SUBMIT = Action(
    "submit",
    "releases.submit_release",
    gettext_lazy("You don’t have permission to submit releases. Ask a publisher."),
    frozenset({DRAFT}),
)
APPROVE = Action(
    "approve",
    "releases.approve_release",
    gettext_lazy("You don’t have permission to approve releases. Ask a publisher."),
    frozenset({DRAFT, IN_REVIEW}),
    (_not_on_hold,),
)
RESCHEDULE = Action(
    "reschedule",
    "releases.approve_release",
    gettext_lazy("You don’t have permission to change an embargo. Ask a publisher."),
    frozenset({APPROVED}),
    (_not_on_hold, _has_embargo),
)
PUBLISH = Action(
    "publish",
    "releases.approve_release",
    gettext_lazy("You don’t have permission to publish releases. Ask a publisher."),
    frozenset({DRAFT, IN_REVIEW, APPROVED}),
    (_not_public, _not_on_hold),
)
# A rule decides: authors can take back what they submitted, editors can send it back, and users who
# can approve can undo an approval.
SEND_BACK = Action(
    "send_back",
    "",
    "",
    frozenset({IN_REVIEW, APPROVED}),
    (_can_be_sent_back,),
)
# The desk offers it on releases with these statuses. Names can be allowed in other rows too.
ALLOW_NAME = Action(
    "allow_name",
    "people.set_level",
    gettext_lazy("You don’t have permission to allow a protected name. Ask a publisher."),
    frozenset({DRAFT, IN_REVIEW, APPROVED}),
)
HOLD = Action(
    "hold",
    "releases.hold_release",
    gettext_lazy("You don’t have permission to put releases on hold. Ask a publisher."),
    frozenset({DRAFT, IN_REVIEW, APPROVED}),
    (_not_withdrawn, _not_on_hold),
    by_others=True,  # in an emergency, everyone who may do it can take a public release offline
)
END_HOLD = Action(
    "let_go",
    "releases.approve_release",
    gettext_lazy("You don’t have permission to end a hold. Ask a publisher."),
    frozenset({DRAFT, IN_REVIEW, APPROVED}),
    (_on_hold,),
)
WITHDRAW = Action(
    "withdraw",
    "releases.withdraw_release",
    gettext_lazy("You don’t have permission to withdraw releases. Ask a publisher."),
    frozenset({APPROVED}),
)
# These have no page of their own. They run when a release is saved or deleted, or when a version
# is restored.
CORRECT = Action(
    "correct",
    "releases.correct_release",
    gettext_lazy("You don’t have permission to correct a published release. Ask a publisher."),
    frozenset({APPROVED}),
    (_published,),
)
RESTORE = Action("restore", "", "", frozenset({DRAFT, IN_REVIEW}))
DISCARD = Action(
    "discard",
    "releases.delete_release",
    gettext_lazy("You don’t have permission to delete drafts. Ask a publisher."),
    frozenset({DRAFT}),
    (_not_on_hold,),
)

ACTIONS = {
    action.name: action
    for action in (
        *(SUBMIT, APPROVE, RESCHEDULE, PUBLISH, SEND_BACK, ALLOW_NAME),
        *(HOLD, END_HOLD, WITHDRAW, CORRECT, RESTORE, DISCARD),
    )
}

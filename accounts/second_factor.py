"""Who needs a second factor, who has one, and whether a session used it."""

import logging
from enum import Enum, auto

from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.http import HttpRequest

from accounts.models import User

log = logging.getLogger(__name__)

NOBODY, EVERYBODY = "nobody", "everybody"
# With one of these permissions, a thief of the password could harm other people than its owner.
PRIVILEGES = [
    "releases.approve_release",
    "previews.issue_previewlink",
    "people.set_level",
    "people.be_case_officer",
    "people.name_minor",
    "accounts.manage_team",
]
# Without the recovery codes: they replace a factor, but are not one.
FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


class State(Enum):
    """What a session still needs before it may open the desk."""

    OPEN = auto()
    FACTOR_MISSING = auto()
    FACTOR_NOT_USED = auto()


RISK = (
    "REQUIRE_SECOND_FACTOR is nobody: anyone who guesses or steals the password of one account "
    "can read every draft, and publish if the account can."
)


def warn_if_nobody() -> None:
    """Log at start what it risks if no account needs a second factor."""
    if settings.REQUIRE_SECOND_FACTOR == NOBODY:
        log.warning(RISK)


def is_required(user: User) -> bool:
    """Return whether a user must have a second factor."""
    if settings.REQUIRE_SECOND_FACTOR == EVERYBODY:
        return True
    if settings.REQUIRE_SECOND_FACTOR == NOBODY:
        return False
    return user.is_superuser or any(user.has_perm(privilege) for privilege in PRIVILEGES)


def is_enrolled(user: User) -> bool:
    """Return whether a user has a second factor: an authenticator app or a passkey."""
    return Authenticator.objects.filter(user=user, type__in=FACTORS).exists()


def state_of(request: HttpRequest) -> State:
    """Return what the session of a signed-in user still needs.

    A user who need not have a factor, but has one, must use it too.
    """
    user = User.of(request)
    factors = dict(Authenticator.objects.filter(user=user).values_list("pk", "type"))
    if not set(factors.values()) & set(FACTORS):
        return State.FACTOR_MISSING if is_required(user) else State.OPEN
    return State.OPEN if _was_used(request, factors) else State.FACTOR_NOT_USED


def _was_used(request: HttpRequest, factors: dict[int, str]) -> bool:
    """Return whether this session used a second factor that its user still has."""
    return any(
        record.get("method") == "mfa" and record.get("id") in factors
        for record in get_authentication_records(request, request.user)
    )

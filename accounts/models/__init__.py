"""The models of accounts: users, invitations, sign-in, and the record of access."""

from accounts.models.record import AccessEvent, DeletionPass
from accounts.models.sign_in import FactorRecovery, GuessCount, KnownBrowser
from accounts.models.users import Invitation, TeamState, User

__all__ = [
    "AccessEvent", "DeletionPass", "FactorRecovery", "GuessCount", "Invitation", "KnownBrowser",
    "TeamState", "User",
]  # fmt: skip

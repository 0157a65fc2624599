"""Signals with which other rooms refuse or follow a loss of access. `accounts` imports no room.

The functions of `accounts.team` send them in their transaction, after they have locked the account
with `select_for_update()`. The arguments are `user`, `losing` (the names of the roles that are
taken away, None for the whole account), `by` and `at`.
"""

from collections.abc import Collection
from datetime import datetime

from django.dispatch import Signal

from accounts.models import User

# Sent before an account leaves the team or loses a role. A receiver returns a list of
# sentences that say why this is not possible yet. They name no record: an administrator may read
# them who may not know it.
blockers_of_leaving = Signal()

# Sent before an account leaves the team or loses a role, if nothing blocks it. It is not sent for
# a pause, after which the user continues with the same work.
leaving = Signal()


def find_blockers(
    user: User,
    *,
    by: User | None = None,
    losing: Collection[str] | None = None,
    at: datetime | None = None,
) -> list[str]:
    """Return why a user can't lose these roles (`losing`), or the whole account (None)."""
    answers = blockers_of_leaving.send(User, user=user, losing=losing, by=by, at=at)
    return [sentence for _receiver, sentences in answers for sentence in sentences or ()]


def announce_leaving(
    user: User,
    *,
    by: User | None = None,
    losing: Collection[str] | None = None,
    at: datetime | None = None,
) -> None:
    """Run what other rooms do before a user loses these roles, or the whole account (None)."""
    leaving.send(User, user=user, losing=losing, by=by, at=at)

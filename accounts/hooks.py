"""Signals with which other rooms refuse or follow a loss of access. `accounts` imports no room.

The functions of `accounts.team` send them in their transaction, after they have locked the account
with `select_for_update()`. The arguments are `user`, `losing` (the names of the roles that are
taken away, None for the whole account), `by` and `at`.
"""

from collections.abc import Collection
from datetime import datetime

from django.dispatch import Signal
from django.utils.translation import gettext as _

from accounts.models import User

# Sent before an account leaves the team or loses a role. A receiver returns whether something needs
# the user. It returns no more, because an administrator who asks may not know what this is.
is_needed = Signal()

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
    """Return why a user can't lose these roles (`losing`), or the whole account (None).

    There is one sentence for all reasons, for one row and for many: the administrator learns
    neither what needs the user nor how much.
    """
    answers = is_needed.send(User, user=user, losing=losing, by=by, at=at)
    if not any(needed for _receiver, needed in answers):
        return []
    sentence = _(
        "Some work that only a few people may see can’t continue without %(name)s. Ask %(name)s to "
        "give another person access first, to each restricted release and to each record at level "
        "0."
    )
    return [sentence % {"name": user}]


def announce_leaving(
    user: User,
    *,
    by: User | None = None,
    losing: Collection[str] | None = None,
    at: datetime | None = None,
) -> None:
    """Run what other rooms do before a user loses these roles, or the whole account (None)."""
    leaving.send(User, user=user, losing=losing, by=by, at=at)

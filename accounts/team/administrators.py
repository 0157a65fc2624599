"""Who may manage the team, and the rule that somebody always can."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.errors import ActionBlocked
from accounts.models import User

MANAGE_TEAM = "accounts.manage_team"
PASSWORD_BACKEND = "django.contrib.auth.backends.ModelBackend"  # noqa: S105  # the name of a class

# The namespace is that of people.locking, which explains it. Accounts take their lock first.
LOCK = (0x50525350, 100)


def users_with(permission: str, *, include_superusers: bool = True) -> QuerySet[User]:
    """Return the users who can sign in to the desk and have a permission.

    Superusers have every permission. With `include_superusers=False`, a superuser is left out who
    has it neither from a group nor as a permission of the account.
    """
    found = User.objects.with_perm(
        permission, backend=PASSWORD_BACKEND, include_superusers=include_superusers
    )
    return found.filter(is_staff=True)


def administrators() -> QuerySet[User]:
    """Return the users who can manage the team."""
    return users_with(MANAGE_TEAM)


def lock_team() -> None:
    """Block other changes of accounts until this transaction ends. Call it before other locks.

    SQLite needs no lock: there is only one transaction that writes.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", LOCK)


@contextmanager
def keep_an_administrator() -> Iterator[None]:
    """Run a change of accounts in a transaction. Undo it if nobody could manage the team then.

    Raises ActionBlocked. If there was no administrator before, every change is allowed.
    """
    with transaction.atomic():
        lock_team()
        had_one = administrators().exists()
        yield
        if had_one and not administrators().exists():
            raise ActionBlocked(
                _(
                    "Nobody else can manage the team. Give another person the role "
                    "Administrator first."
                )
            )


def administrator(by: User) -> User:
    """Return the current row of a user who acts. Raises ActionBlocked without the permission."""
    actor = administrators().filter(pk=by.pk).first()
    if actor is None:
        raise ActionBlocked(
            _("You don’t have permission to manage the team. Ask an administrator.")
        )
    return actor

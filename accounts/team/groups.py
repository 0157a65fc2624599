"""The groups that are roles, and what they permit a user."""

from collections.abc import Collection

from django.contrib.auth.models import Group, Permission
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from accounts.errors import ActionBlocked
from accounts.models import User
from accounts.roles import LABELS, ROLES

MAX_NAME_CHARACTERS = 150  # of the name of a person


def roles_of(user: User) -> list[str]:
    """Return the names of the roles of a user, in the order of the table."""
    names = {group.name for group in user.groups.all()}
    return [name for name in ROLES if name in names]


def groups_in_words(user: User) -> list[str]:
    """Return the labels of the roles of a user, and the names of other groups."""
    return [str(LABELS.get(group.name, group.name)) for group in user.groups.all()]


def permissions_without(user: User, losing: Collection[str]) -> QuerySet[Permission]:
    """Return the permissions that a user keeps without some roles.

    They come from other groups, or belong to the account. A superuser has no others here.
    """
    kept = user.groups.exclude(name__in=losing)
    return Permission.objects.filter(Q(user=user) | Q(group__in=kept))


def groups_of_roles(roles: Collection[str]) -> list[Group]:
    """Return the groups of roles. Raises ActionBlocked if there is no such role."""
    for name in roles:
        if name not in ROLES:
            raise ActionBlocked(_("There is no role %(role)s.") % {"role": name[:50]})
    groups = list(Group.objects.filter(name__in=roles).order_by("pk"))
    if len(groups) != len(set(roles)):
        raise ActionBlocked(_("The database has no groups for the roles. Run manage.py migrate."))
    return groups

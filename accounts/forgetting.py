"""Removes the personal data of a former account. Its key stays, because the record names it."""

from datetime import datetime
from secrets import token_hex

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model, Q, QuerySet
from django.utils.translation import gettext as _

from accounts.models import FactorRecovery, Invitation, KnownBrowser, User
from accounts.models.users import keys_with
from accounts.sessions import end_unrecorded

# Rows with which only the account itself could do something.
SIGN_IN_ROWS = (Authenticator, EmailAddress, FactorRecovery, KnownBrowser, UserSession)


def accounts_of(email: str) -> QuerySet[User]:
    """Return the accounts with an address."""
    return User.with_email(email).order_by("pk")


def invitations_of(email: str) -> QuerySet[Invitation]:
    """Return the invitations that were sent to an address, or accepted by an account with it."""
    sent = keys_with(Invitation.objects.all(), email, "email")
    rows = Invitation.objects.filter(Q(pk__in=sent) | Q(account__in=accounts_of(email)))
    return rows.order_by("pk")


def is_former(user: User) -> bool:
    """Return whether an account is closed, so that its data may be removed.

    A paused account of the team is not: its drafts would be handed over to nobody.
    """
    return user.left_at is not None or not (user.is_active or user.is_staff)


def forget_account(user: User, *, at: datetime) -> None:
    """Replace name, username and address of a locked former account, and close it for ever."""
    username = f"former-member-{user.pk}"
    if User.objects.filter(username=username).exclude(pk=user.pk).exists():
        username += f"-{token_hex(4)}"
    user.username, user.email, user.last_name = username, "", ""
    user.first_name = _("Former member %(number)s") % {"number": user.pk}
    user.is_active = user.is_staff = user.is_superuser = False
    user.left_at, user.last_login = user.left_at or at, None
    user.set_unusable_password()
    user.save()
    user.groups.clear()
    user.user_permissions.clear()
    end_unrecorded(user)  # their rows have the network and the browser
    for model in SIGN_IN_ROWS:
        model.objects.filter(user=user).delete()
    rename_in_log(user)


def rename_in_log(row: Model) -> None:
    """Replace the text of a row in the log of Django's admin by its present text."""
    of_row = LogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(row), object_id=str(row.pk)
    )
    of_row.update(object_repr=str(row)[:200])

"""The users of the desk, and invitations to become one."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Self, cast

from django.conf import settings
from django.contrib.auth.models import AbstractUser, Group
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.folding import folded


class TeamState(models.TextChoices):
    """The state of an account on the page of the team."""

    ACTIVE = "active", _("Active")
    PAUSED = "paused", _("Paused")
    LEFT = "left", _("Left the team")


def keys_with(rows: QuerySet[Any], text: str, *fields: str) -> list[int]:
    """Return the keys of the rows that have a text in one of the fields, ignoring case.

    It reads all rows, because the databases ignore the case of different letters. A newsroom has
    few accounts. There is always a key, so that Django also makes the query for none.
    """
    wanted = folded(text)
    found = rows.order_by("pk").values_list("pk", *fields)
    return [0, *(pk for pk, *values in found if wanted and wanted in map(folded, values))]


class User(AbstractUser):
    """A person who works in the newsroom. The roles in `accounts.roles` give permissions."""

    left_at = models.DateTimeField(
        _("left the team"),
        null=True,
        blank=True,
        editable=False,
        help_text=_("The account is closed for ever. Its name stays in the record."),
    )
    session_epoch = models.CharField(
        max_length=32,
        blank=True,
        default="",
        db_default="",
        editable=False,
        help_text=_("A new value ends all sessions of the user: see accounts.sessions."),
    )

    class Meta(AbstractUser.Meta):
        permissions = [("manage_team", _("Can manage the team"))]

    def __str__(self) -> str:
        return self.get_full_name() or self.get_username()

    @property
    def team_state(self) -> "TeamState":
        """Whether the account is in use, paused, or closed for ever."""
        if self.left_at:
            return TeamState.LEFT
        return TeamState.ACTIVE if self.is_active else TeamState.PAUSED

    def get_session_auth_hash(self) -> str:
        """Return what a session must contain. It changes with the password and the epoch."""
        return super().get_session_auth_hash() + self.session_epoch

    def get_session_auth_fallback_hash(self) -> Iterator[str]:
        """Yield the same for each former SECRET_KEY."""
        for hashed in super().get_session_auth_fallback_hash():
            yield hashed + self.session_epoch

    def clean(self) -> None:
        """Refuse a username and an e-mail address that another user has, ignoring case.

        A duplicate that an older version of Pressroom accepted is allowed if it does not change, so
        that such a user can still be deactivated.
        """
        super().clean()
        if (
            self.username  # None while a form has refused it
            and not User.objects.filter(pk=self.pk, username=self.username).exists()
            and User.with_username(self.username).exclude(pk=self.pk).exists()
        ):
            raise ValidationError({"username": _("A user with that username already exists.")})
        is_unchanged = User.objects.filter(pk=self.pk, email=self.email).exists()
        if not is_unchanged and (problem := self.problem_of_address(self.email)):
            raise ValidationError({"email": problem})

    def problem_of_address(self, email: str) -> str:
        """Return why this user can't have an e-mail address, as a sentence, or "" if they can."""
        other = User.with_email(email).exclude(pk=self.pk).first() if email else None
        if other is None:
            return ""
        sentence = _("%(name)s already has this e-mail address. Enter another one.")
        return sentence % {"name": other.get_username()}

    @classmethod
    def with_username(cls, username: str) -> QuerySet["User"]:
        """Return the users with a username, ignoring case."""
        return User.objects.filter(pk__in=keys_with(User.objects.all(), username, "username"))

    @classmethod
    def with_email(cls, email: str) -> QuerySet["User"]:
        """Return the users with an e-mail address, ignoring case."""
        return User.objects.filter(pk__in=keys_with(User.objects.all(), email, "email"))

    @classmethod
    def with_login(cls, login: str) -> QuerySet["User"]:
        """Return the users with a username or an e-mail address, ignoring case."""
        keys = keys_with(User.objects.all(), login, "username", "email")
        return User.objects.filter(pk__in=keys)

    @classmethod
    def of(cls, request: HttpRequest) -> Self:
        """Return the signed-in user of a request to the admin, typed as `User`."""
        return cast(Self, request.user)


class Invitation(models.Model):
    """An invitation to the team. Its link works once, until it expires."""

    email = models.EmailField(_("e-mail address"))
    name = models.CharField(_("name"), max_length=150)
    roles = models.ManyToManyField(Group, verbose_name=_("roles"), related_name="+")
    token_digest = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("invited by"), related_name="+"
    )
    created_at = models.DateTimeField(_("invited"), default=timezone.now)
    expires_at = models.DateTimeField(_("expires"))
    accepted_at = models.DateTimeField(null=True)
    cancelled_at = models.DateTimeField(null=True)
    account = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        related_name="+",
        help_text=_("The account that was created."),
    )

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        default_permissions = ()
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(accepted_at=None) | Q(cancelled_at=None), name="invitation_ended_once"
            ),
            models.UniqueConstraint(
                "email",
                condition=Q(accepted_at=None, cancelled_at=None),
                name="invitation_one_open",
            ),
        ]

    def __str__(self) -> str:
        return self.email

    def is_open(self, at: datetime | None = None) -> bool:
        """Return whether its link works at a time (default: now)."""
        at = at or timezone.now()
        return self.accepted_at is None and self.cancelled_at is None and at < self.expires_at

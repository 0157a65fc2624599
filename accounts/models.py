"""Who edits."""

from typing import Self, cast

from django.contrib.auth.models import AbstractUser
from django.http import HttpRequest


class User(AbstractUser):
    """Somebody who works in the newsroom; the groups in `accounts.groups` say what they may do."""

    def __str__(self) -> str:
        return self.get_full_name() or self.get_username()

    @classmethod
    def of(cls, request: HttpRequest) -> Self:
        """Return who sent a request that the admin has let through: never a stranger."""
        return cast(Self, request.user)

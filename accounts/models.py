"""Who edits."""

from typing import Self, cast

from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _


class User(AbstractUser):
    """Somebody who works in the newsroom; the groups in `accounts.groups` say what they may do."""

    def __str__(self) -> str:
        return self.get_full_name() or self.get_username()

    def clean(self) -> None:
        """Refuse the address of another user, in small letters or capitals: whose mailbox is it?

        An address that an older version took twice stays, so that such a user can be switched off.
        """
        super().clean()
        if not self.email or User.objects.filter(pk=self.pk, email=self.email).exists():
            return
        if other := User.objects.filter(email__iexact=self.email).exclude(pk=self.pk).first():
            sentence = _("%(name)s has this e-mail address. Give each user one of their own.")
            raise ValidationError({"email": sentence % {"name": other.get_username()}})

    @classmethod
    def of(cls, request: HttpRequest) -> Self:
        """Return who sent a request that the admin has let through: never a stranger."""
        return cast(Self, request.user)

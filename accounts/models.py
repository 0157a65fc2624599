"""The users of the desk."""

from typing import Self, cast

from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _


class User(AbstractUser):
    """A person who works in the newsroom. The groups in `accounts.groups` give permissions."""

    def __str__(self) -> str:
        return self.get_full_name() or self.get_username()

    def clean(self) -> None:
        """Refuse an e-mail address that another user has, ignoring case.

        A duplicate address that an older version of Pressroom accepted is allowed if it does not
        change, so that such a user can still be deactivated.
        """
        super().clean()
        if not self.email or User.objects.filter(pk=self.pk, email=self.email).exists():
            return
        if other := User.objects.filter(email__iexact=self.email).exclude(pk=self.pk).first():
            sentence = _("%(name)s already has this e-mail address. Enter another one.")
            raise ValidationError({"email": sentence % {"name": other.get_username()}})

    @classmethod
    def of(cls, request: HttpRequest) -> Self:
        """Return the signed-in user of a request to the admin, typed as `User`."""
        return cast(Self, request.user)

"""The hasher of passwords: Django's, within the limit for hashes at a time."""

from typing import Any

from django.contrib.auth.hashers import PBKDF2PasswordHasher

from accounts.hash_slots import hash_slot


class LimitedPasswordHasher(PBKDF2PasswordHasher):
    """Django's default hasher. It raises TooManyHashesError if too many hashes are being computed.

    The limit is here, so that it holds for every form and every library that checks or sets a
    password.
    """

    def encode(self, password: str, salt: str, iterations: int | None = None) -> Any:
        with hash_slot():
            return super().encode(password, salt, iterations)

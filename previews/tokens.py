"""The secret part of a preview's address.

A token is derived from the id of its link and from SECRET_KEY. It is not stored, and still its
address can be shown again and filled into an e-mail when that is sent. The link stores a hash of
it. After a change of the key the addresses still work; they can be shown as long as the old key is
in SECRET_KEY_FALLBACKS.
"""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from uuid import UUID

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac


def new_token(pk: UUID) -> str:
    """Return the token of a new link: 256 bits as 43 characters."""
    return _token(pk, settings.SECRET_KEY)


def token_of(pk: UUID, token_hash: str) -> str | None:
    """Return the token of a link; None if no key that is still set can make it."""
    for key in [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]:
        if constant_time_compare(hash_of(token := _token(pk, key)), token_hash):
            return token
    return None


def hash_of(token: str) -> str:
    """Return the stored hash of a token. The token has 256 random bits, so no salt is needed."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


def _token(pk: UUID, key: str) -> str:
    digest: hmac.HMAC = salted_hmac("previews.token", pk.bytes, secret=key, algorithm="sha256")
    return urlsafe_b64encode(digest.digest()).decode().rstrip("=")

"""Tokens: the secret part of the URL of a preview.

A token is derived from the id of its link and from SECRET_KEY. The link stores only a hash of the
token. The token itself is not stored, but it can be derived again to show the URL or to send it by
e-mail. If the key changes, URLs still work, but they can be shown only while the old key is in
SECRET_KEY_FALLBACKS.
"""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from uuid import UUID

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac


def new_token(pk: UUID) -> str:
    """Return the token of a new link, 256 bits as 43 characters."""
    return _token(pk, settings.SECRET_KEY)


def token_of(pk: UUID, token_hash: str) -> str | None:
    """Return the token of a link, None if it was derived from a key that is no longer set."""
    for key in [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]:
        if constant_time_compare(hash_of(token := _token(pk, key)), token_hash):
            return token
    return None


def hash_of(token: str) -> str:
    """Return the hash of a token, as it is stored. A token has 256 bits, so it needs no salt."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


def _token(pk: UUID, key: str) -> str:
    digest: hmac.HMAC = salted_hmac("previews.token", pk.bytes, secret=key, algorithm="sha256")
    return urlsafe_b64encode(digest.digest()).decode().rstrip("=")

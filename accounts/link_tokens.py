"""Tokens: the secret part of a link in an e-mail, such as an invitation or a preview.

A token is derived from SECRET_KEY and from a value of its row. The row stores only a digest of the
token. The token itself is not stored, but it can be derived again to show the link or to send it by
e-mail. If the key changes, links still work, but they can be shown only while the old key is in
SECRET_KEY_FALLBACKS.
"""

import hashlib
import hmac
from base64 import urlsafe_b64encode

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

CHARACTERS = 43  # for 256 bits
PLACEHOLDER = "TOKEN-OF-THIS-LINK"  # in a stored e-mail, until it is sent


def new_token(purpose: str, value: str | bytes) -> str:
    """Return the token of a new row. `value` must differ between the rows of a purpose."""
    return _token(purpose, value, settings.SECRET_KEY)


def token_of(purpose: str, value: str | bytes, digest: str) -> str | None:
    """Return the token of a row, None if it was derived from a key that is no longer set."""
    for key in [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]:
        token = _token(purpose, value, key)
        if constant_time_compare(digest_of(token), digest):
            return token
    return None


def digest_of(token: str) -> str:
    """Return the digest of a token, as it is stored. A token has 256 bits, so it needs no salt."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


def _token(purpose: str, value: str | bytes, key: str) -> str:
    digest: hmac.HMAC = salted_hmac(purpose, value, secret=key, algorithm="sha256")
    return urlsafe_b64encode(digest.digest()).decode().rstrip("=")

"""Tokens: the secret part of the URL of a preview, derived from the id of its link."""

from uuid import UUID

from accounts import link_tokens

PURPOSE = "previews.token"
hash_of = link_tokens.digest_of


def new_token(pk: UUID) -> str:
    """Return the token of a new link, 256 bits as 43 characters."""
    return link_tokens.new_token(PURPOSE, pk.bytes)


def token_of(pk: UUID, token_hash: str) -> str | None:
    """Return the token of a link, None if it was derived from a key that is no longer set."""
    return link_tokens.token_of(PURPOSE, pk.bytes, token_hash)

"""Accounts that sign in as people do, with a password and a second factor."""

import json
import re
import time
from base64 import urlsafe_b64encode
from datetime import timedelta
from hashlib import sha256

from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.contrib.auth.tokens import default_token_generator
from django.core import signing
from django.test import Client
from django.utils import timezone
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from fido2.cose import ES256
from fido2.webauthn import (
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorAttestationResponse,
    AuthenticatorData,
    CollectedClientData,
    RegistrationResponse,
)

from accounts import addresses
from accounts.models import AccessEvent, FactorRecovery, Invitation, User
from jobs import outbox, queue
from jobs.models import Email, Lane
from tests.make import PASSWORD, make_user

VALID = timedelta(hours=1)
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
CHROME = {"HTTP_USER_AGENT": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit Chrome/140.0 Safari/537"}


def code_of(secret=SECRET, steps=0) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + steps))


def member(role="Publisher", name="ada", **fields) -> User:
    fields = {"password": PASSWORD, "email": f"{name}@newsroom.example"} | fields
    return make_user(name, role, **fields)


def enrol(user, secret=SECRET) -> User:
    """Give a user an authenticator app. It has shown no code yet."""
    TOTP.activate(user, secret)
    return user


def sign_in(client, user, password=PASSWORD, **more):
    typed = {"username": getattr(user, "username", user), "password": password} | more
    return client.post("/admin/login/", typed, **CHROME)


def enter_code(client, code=None):
    return client.post("/admin/account/second-step/", {"code": code or code_of()})


def add_passkey(user) -> Authenticator:
    """Give a user a passkey, as a browser would create it. Nobody can sign in with it."""
    key = ES256.from_ctap1(b"\x04" + b"\1" * 64)
    credential = AttestedCredentialData.create(b"\0" * 16, b"id", key)
    flags = AuthenticatorData.FLAG.UP | AuthenticatorData.FLAG.UV | AuthenticatorData.FLAG.AT
    seen = AuthenticatorData.create(b"\0" * 32, flags, 0, credential)
    client_data = CollectedClientData.create("webauthn.create", b"x", "http://localhost")
    response = AuthenticatorAttestationResponse(
        client_data=client_data, attestation_object=AttestationObject.create("none", seen, {})
    )
    made = dict(RegistrationResponse(raw_id=b"id", response=response))
    data = {"name": "Phone", "credential": json.loads(json.dumps(made, default=dict))}
    return Authenticator.objects.create(user=user, type=Authenticator.Type.WEBAUTHN, data=data)


def refused_passkey(user, key=b"id") -> str:
    """Return what a browser would send for the passkey of `add_passkey`, with a wrong signature."""

    def encoded(value: bytes) -> str:
        return urlsafe_b64encode(value).decode().rstrip("=")

    handle = user_pk_to_url_str(user).encode()
    seen = AuthenticatorData.create(sha256(b"testserver").digest(), AuthenticatorData.FLAG.UP, 0)
    client_data = CollectedClientData.create("webauthn.get", b"x", "http://testserver")
    return json.dumps({
        "id": encoded(key), "rawId": encoded(key), "type": "public-key",
        "clientExtensionResults": {},
        "response": {
            "authenticatorData": encoded(seen), "clientDataJSON": encoded(client_data),
            "signature": encoded(b"wrong"), "userHandle": encoded(handle),
        },
    })  # fmt: skip


def confirmed_client(user) -> Client:
    """Return a client whose user confirmed just now who it is, by a second factor if there is one.

    A user without a factor gets a password, because nobody can confirm without both.
    """
    client, factor = Client(), Authenticator.objects.filter(user=user).first()
    if not factor:
        user.set_password(PASSWORD)
        user.save()
    client.force_login(user)
    used = {"method": "mfa", "id": factor.pk} if factor else {"method": "password"}
    used |= {"reauthenticated": True, "at": time.time()}
    session = client.session
    session["account_authentication_methods"] = [used]
    session["account_authentication_methods_user"] = str(user.pk)
    session.save()
    return client


def make_links(*, signed_in, away, by) -> dict[str, str]:
    """Create a link of each kind that an e-mail has. Return the values of their addresses.

    The link that confirms an address is for the user who signs in, the others for one who does not.
    """
    soon, token = timezone.now() + VALID, "x" * 43
    digest = sha256(token.encode()).hexdigest()
    Invitation.objects.create(
        email="new@n.example", name="A", token_digest=digest, invited_by=by,
        expires_at=soon,
    )  # fmt: skip
    FactorRecovery.objects.create(
        user=away, started_by=by, identity_check="So.", expires_at=soon,
        token_digest=digest,
    )  # fmt: skip
    address = [signed_in.pk, signed_in.email, "other@n.example"]
    return {
        "invitation": token,
        "recover": token,
        "address": signing.dumps(address, salt=addresses.SALT),
        "reset": default_token_generator.make_token(away),
        "uidb64": urlsafe_base64_encode(force_bytes(away.pk)),
    }


def assert_unusable(response) -> None:
    """Check that a link from an e-mail gets the page for links that do not work."""
    assert response.status_code == 404
    assert "This link does not work." in text(response)


def text(response) -> str:
    return " ".join(response.content.decode().split())


def verbs(user=None, **filters) -> list[str]:
    """Return the verbs of the record, of the events about a user if one is given."""
    if user:
        filters["subject_id"] = user.pk
    return list(AccessEvent.objects.filter(**filters).order_by("pk").values_list("verb", flat=True))


def sent_link(to: str) -> str:
    """Run the waiting jobs, and return the path of the link in the newest e-mail to an address."""
    queue.work(Lane.QUICK)
    email = Email.objects.filter(to=to).exclude(fill="").order_by("created_at").last()
    assert "TOKEN-OF-THIS-LINK" in email.text  # no secret is stored
    filled = outbox.FILLS[email.fill](email)
    return re.search(r"(/admin/account/\S+)", filled)[1]


def factors_of(user) -> list[str]:
    return [*Authenticator.objects.filter(user=user).order_by("pk").values_list("type", flat=True)]

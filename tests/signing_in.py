"""Accounts that sign in as people do, with a password and a second factor."""

import re
import time

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value

from accounts.models import AccessEvent, User
from jobs import outbox, queue
from jobs.models import Email, Lane
from tests.make import PASSWORD, make_user

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


def text(response) -> str:
    return " ".join(response.content.decode().split())


def verbs(user=None) -> list[str]:
    found = AccessEvent.objects.order_by("pk")
    found = found.filter(subject_id=user.pk) if user else found
    return [event.verb for event in found]


def sent_link(to: str) -> str:
    """Run the waiting jobs, and return the path of the link in the newest e-mail to an address."""
    queue.work(Lane.QUICK)
    email = Email.objects.filter(to=to).exclude(fill="").order_by("created_at").last()
    assert "TOKEN-OF-THIS-LINK" in email.text  # no secret is stored
    filled = outbox.FILLS[email.fill](email)
    return re.search(r"(/admin/account/\S+)", filled)[1]


def factors_of(user) -> list[str]:
    return [*Authenticator.objects.filter(user=user).order_by("pk").values_list("type", flat=True)]

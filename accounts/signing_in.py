"""What happens when a sign-in succeeds or fails, and at sign-out."""

from typing import Any

from allauth.account.internal.flows.login import get_authentication_records, record_authentication
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.contrib.auth import user_logged_out
from django.db import transaction
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import ngettext

from accounts import known_browsers, notices, throttle
from accounts.models import AccessEvent, User
from accounts.record import Verb, record

DESTINATION = "accounts.destination"  # in the session: the page to which sign-in led


@transaction.atomic
def failed(request: HttpRequest, account: User | None, **detail: Any) -> None:
    """Record a refused passkey, or a right password of an account that can't open the desk.

    `accounts.failed_guesses` records wrong passwords and codes.
    """
    if throttle.may_record_failure(timezone.now(), account):
        record(Verb.SIGN_IN_FAILED, subject=account, request=request, **detail)


def succeeded(request: HttpRequest, response: HttpResponse, user: User) -> None:
    """Record a sign-in, report a new browser, and say how many attempts failed before."""
    at = timezone.now()
    used = get_authentication_records(request, user)
    with transaction.atomic():
        before = AccessEvent.objects.filter(subject_id=user.pk, verb=Verb.SIGNED_IN).first()
        failures = AccessEvent.objects.filter(subject_id=user.pk, verb=Verb.SIGN_IN_FAILED)
        count = failures.filter(at__gt=before.at).count() if before else failures.count()
        is_new = known_browsers.remember(request, response, user, at)
        if is_new:
            notices.new_browser(user, request=request)
        steps = [each.get("type") or each["method"] for each in used]
        record(
            Verb.SIGNED_IN, by=user, subject=user, request=request, at=at, steps=steps,
            new_browser=is_new,
        )  # fmt: skip
    if count and before:
        text = ngettext(
            "%(count)s failed attempt to sign in since your last sign-in on %(time)s.",
            "%(count)s failed attempts to sign in since your last sign-in on %(time)s.",
            count,
        )
        messages.warning(request, text % {"count": count, "time": notices.when(before.at)})
    elif count:
        text = ngettext(
            "%(count)s failed attempt to sign in before this one.",
            "%(count)s failed attempts to sign in before this one.",
            count,
        )
        messages.warning(request, text % {"count": count})
    if used:
        # After a sign-in, users can set up a second factor without confirming who they are.
        last = {key: value for key, value in used[-1].items() if key != "at"}
        record_authentication(request, user, **last | {"reauthenticated": True})
    request.session[DESTINATION] = response.get("Location", "")


def lead_to(request: HttpRequest, path: str) -> HttpResponse:
    """Redirect a user who has signed in, or confirmed who they are, to a page of the desk.

    If it turns out to be no page that they can open, `accounts.gate` leads them to the desk.
    """
    request.session[DESTINATION] = path
    return redirect(path)


@receiver(user_logged_out, dispatch_uid="accounts.signed_out")
def _signed_out(request: HttpRequest, user: User | None, **signal: Any) -> None:
    if user is None or not hasattr(request, "session"):
        return
    UserSession.objects.filter(session_key=request.session.session_key).delete()
    record(Verb.SIGNED_OUT, by=user, subject=user, request=request)

"""E-mails to users about sign-in, passwords and second factors. They go through the outbox."""

from datetime import datetime

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.browser_families import family_of, label_of
from accounts.desk_addresses import site_url
from accounts.link_tokens import PLACEHOLDER
from accounts.models import User
from accounts.networks import address_of, network_of
from jobs import outbox


def send(
    user: User,
    subject: str,
    paragraphs: list[str],
    *,
    request: HttpRequest | None = None,
    by: User | None = None,
    to: str = "",
    fill: str = "",
    fill_key: str = "",
) -> None:
    """Add an e-mail to a user to the outbox, if the user has an address.

    `request` adds the time, browser and network. `to` is another address than that of the user.
    """
    if not (to or user.email):
        return
    greeting = _("Dear %(name)s,") % {"name": user}
    where = [_where(request)] if request else []
    text = "\n\n".join([greeting, *paragraphs, *where, settings.NEWSROOM_NAME]) + "\n"
    about = f"user:{user.pk}"
    outbox.add_email(
        to or user.email, subject, text, about=about, by=by, fill=fill, fill_key=fill_key
    )


def link(request: HttpRequest | None, name: str, *args: object) -> str:
    """Return the absolute URL of an account page."""
    origin = site_url(request) if request else settings.SITE_URL
    return origin + reverse(name, args=args)


def when(at: datetime) -> str:
    """Return a time in the newsroom's time zone, with its name."""
    local = date_format(timezone.localtime(at), "DATETIME_FORMAT")
    return _("%(time)s (%(zone)s)") % {"time": local, "zone": settings.TIME_ZONE}


def _where(request: HttpRequest) -> str:
    return _("Time: %(time)s\nBrowser: %(browser)s\nNetwork: %(network)s") % {
        "time": when(timezone.now()),
        "browser": label_of(family_of(request.META.get("HTTP_USER_AGENT", ""))),
        "network": network_of(address_of(request)),
    }


def _not_you(request: HttpRequest | None) -> str:
    return _(
        "If this was not you, reset your password at %(url)s and contact your administrator."
    ) % {"url": link(request, "account_reset_password")}


def new_browser(user: User, *, request: HttpRequest) -> None:
    """Report a sign-in from a browser in which the user had not signed in before."""
    subject = _("You signed in from a new browser")
    first = _("Someone signed in to your account from a browser that you had not used before.")
    send(user, subject, [first, _not_you(request)], request=request)


def too_many_passwords(user: User, *, request: HttpRequest) -> None:
    """Report that a limit for wrong passwords was reached."""
    paragraphs = [
        _("Too many wrong passwords were entered for your account. None of them was right."),
        _(
            "For an hour, we check no more passwords. You can still sign in with a passkey, or in "
            "a browser in which you signed in before."
        ),
        _(
            "If it was you, wait an hour. If you do not know your password, press “Forgot your "
            "password?” on the sign-in page."
        ),
        _("If it was not you, contact your administrator."),
    ]
    send(user, _("Too many wrong passwords for your account"), paragraphs, request=request)


def too_many_codes(user: User, *, request: HttpRequest) -> None:
    """Report that a limit for wrong codes was reached, after the right password."""
    paragraphs = [
        _("Someone entered your password, and then too many wrong codes."),
        _("For an hour, we check no more codes. You can still sign in with a passkey."),
        _("If it was you, wait an hour. Then check that the clock of your phone is right."),
        _(
            "If it was not you, someone knows your password. Change it now, and contact your "
            "administrator."
        ),
    ]
    send(user, _("Too many wrong codes for your account"), paragraphs, request=request)


def password_changed(user: User, *, request: HttpRequest) -> None:
    """Report a new password."""
    first = _("The password of your account was changed. Your other sessions have ended.")
    send(user, _("Your password was changed"), [first, _not_you(request)], request=request)


def factor_added(user: User, factor: Authenticator, *, request: HttpRequest) -> None:
    """Report a new second factor."""
    if factor.type == Authenticator.Type.WEBAUTHN:
        first = _("A passkey was added to your account: %(name)s.") % {"name": factor}
    else:
        first = _("An authenticator app was added to your account.")
    subject = _("A second factor was added to your account")
    send(user, subject, [first, _not_you(request)], request=request)


def factor_removed(user: User, kind: str, name: str, *, request: HttpRequest) -> None:
    """Report that a second factor was removed."""
    if kind == Authenticator.Type.WEBAUTHN:
        first = _("A passkey was removed from your account: %(name)s.") % {"name": name}
    else:
        first = _("The authenticator app was removed from your account.")
    subject = _("A second factor was removed from your account")
    send(user, subject, [first, _not_you(request)], request=request)


def codes_created(user: User, *, request: HttpRequest) -> None:
    """Report new recovery codes."""
    first = _("New recovery codes were created for your account. The old ones no longer work.")
    send(user, _("You have new recovery codes"), [first, _not_you(request)], request=request)


def code_used(user: User, *, request: HttpRequest, left: int) -> None:
    """Report that a recovery code was used."""
    first = _("A recovery code of your account was used. Unused codes left: %(left)s.") % {
        "left": left
    }
    send(user, _("A recovery code was used"), [first, _not_you(request)], request=request)


def reset_link(user: User, uid: str, *, origin: str) -> None:
    """Send the link for a new password. The token is inserted when the e-mail is sent."""
    address = origin + reverse("account_reset_password_from_key", args=[uid, PLACEHOLDER])
    paragraphs = [
        _("Someone asked for a new password for your account, %(name)s.")
        % {"name": user.get_username()},
        _("To choose a new password, open this link within a day:\n%(url)s") % {"url": address},
        _("If it was not you, ignore this e-mail. Your password has not changed."),
    ]
    send(user, _("Choose a new password"), paragraphs, fill="accounts.reset", fill_key=str(user.pk))


def confirm_address(user: User, address: str, *, request: HttpRequest) -> None:
    """Send the link that confirms a new e-mail address to that address."""
    url = link(request, "account_confirm_address", PLACEHOLDER)
    paragraphs = [
        _("To use this e-mail address for your account, open this link within a day:\n%(url)s")
        % {"url": url},
        _("If you did not ask for this, ignore this e-mail."),
    ]
    send(
        user, _("Confirm your new e-mail address"), paragraphs, request=request, to=address,
        fill="accounts.address", fill_key=str(user.pk),
    )  # fmt: skip


def address_change_requested(user: User, *, request: HttpRequest) -> None:
    """Report to the current address that a change was requested."""
    first = _("Someone asked to change the e-mail address of your account.")
    second = _("The address changes after the link in an e-mail to the new address is opened.")
    subject = _("A new e-mail address was requested")
    send(user, subject, [first, second, _not_you(request)], request=request)


def address_changed(user: User, old: str, *, request: HttpRequest) -> None:
    """Report a new e-mail address to the old and the new address."""
    subject = _("Your e-mail address was changed")
    first = _("The e-mail address of your account was changed.")
    warning = _("If this was not you, contact your administrator at once.")
    for address in filter(None, [old, user.email]):
        send(user, subject, [first, warning], request=request, to=address)


def recovery_link(user: User, by: User, pk: int, *, request: HttpRequest | None) -> None:
    """Send the link with which a user sets up a new second factor."""
    paragraphs = [
        _("%(name)s started the recovery of your second factor.") % {"name": by},
        _(
            "To remove your old second factor and set up a new one, open this link within a day. "
            "You need your password.\n%(url)s"
        )
        % {"url": link(request, "account_recover", PLACEHOLDER)},
        _(
            "If you did not ask for this, do not open the link, and contact your administrator. "
            "You can cancel the recovery on your account page."
        ),
    ]
    subject = _("Set up a new second factor")
    send(user, subject, paragraphs, fill="accounts.recovery", fill_key=str(pk))


def recovery_started(by: User, user: User) -> None:
    """Confirm to an administrator that they started a recovery."""
    first = _("You started the recovery of the second factor of %(name)s.") % {"name": user}
    second = _("If this was not you, reset your password and contact another administrator.")
    send(by, _("You started a recovery"), [first, second])


def recovery_used(user: User, by: User | None, *, request: HttpRequest | None) -> None:
    """Report a completed recovery to the user and to the administrator who started it."""
    first = _("Your second factor was removed, and all your sessions have ended.")
    second = _("Set up a new one when you sign in.")
    warning = _("If this was not you, contact your administrator at once.")
    subject = _("Your second factor was removed")
    send(user, subject, [first, second, warning], request=request)
    if by:
        done = _("%(name)s used the recovery that you started.") % {"name": user}
        send(by, _("A recovery was completed"), [done])


def recovery_cancelled(user: User, by: User | None) -> None:
    """Report a cancelled recovery to the user and to the administrator who started it."""
    subject = _("A recovery was cancelled")
    first = _("The recovery of the second factor of %(name)s was cancelled.") % {"name": user}
    for each in {user, by or user}:
        send(each, subject, [first])

"""Our rules in place of allauth's: passwords, destinations, texts and e-mails."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import passwords, signing_in
from accounts.desk_addresses import is_desk_page
from accounts.models import User
from accounts.networks import address_of, network_of

WRONG_PASSWORD = gettext_lazy(
    "The username or e-mail address or the password is wrong, or this user can’t sign in to the "
    "desk. Check capitals and small letters."
)
# In the session: what `User.get_session_auth_hash` returned when a sign-in began.
BEGAN_WITH = "accounts.began_with"
WRONG_PASSKEY = gettext_lazy("The passkey was not accepted. Try again, or use another way.")


class Adapter(DefaultAccountAdapter):
    error_messages = DefaultAccountAdapter.error_messages | {
        "username_password_mismatch": WRONG_PASSWORD,
        "email_password_mismatch": WRONG_PASSWORD,
        "incorrect_password": gettext_lazy("The password is wrong."),
    }

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        login = credentials.get("username") or credentials.get("email") or ""
        user = passwords.check(request, login, credentials["password"])
        if user is not None and not user.is_staff:
            signing_in.failed(request, user, reason="desk")
            return None
        return user

    def reauthenticate(self, user: Any, password: str) -> bool:
        return passwords.confirm(self.request, user, password)

    def pre_login(self, request: HttpRequest, user: Any, **login: Any) -> HttpResponse | None:
        # A passkey does not ask the backend whether its user may sign in.
        if not (user.is_active and user.is_staff):
            signing_in.failed(request, user, reason="closed")
            messages.error(request, WRONG_PASSKEY)
            return redirect("account_login")
        request.session[BEGAN_WITH] = user.get_session_auth_hash()
        return None

    def login(self, request: HttpRequest, user: Any) -> None:
        user.refresh_from_db()
        # Between the password and the code, the account may be paused, or its password changed
        # because a stranger knows it.
        is_current = request.session.pop(BEGAN_WITH, "") == user.get_session_auth_hash()
        if not (user.is_active and user.is_staff and is_current):
            signing_in.failed(request, user, reason="closed")
            raise ImmediateHttpResponse(redirect("account_login"))
        request.session.set_expiry(None)  # a challenge for a passkey made it short
        super().login(request, user)

    def post_login(self, request: HttpRequest, user: Any, **login: Any) -> HttpResponse:
        response: HttpResponse = super().post_login(request, user, **login)
        signing_in.succeeded(request, response, user)
        return response

    def is_safe_url(self, url: str | None) -> bool:
        return bool(url) and is_desk_page(str(url))

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        # Only the network is stored, not the address.
        network = network_of(address_of(request))
        return network.partition("/")[0] if "/" in network else "0.0.0.0"  # noqa: S104

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """Show none of allauth's messages. Our views have their own."""

    def send_mail(self, template_prefix: str, email: str, context: dict) -> None:
        raise NotImplementedError("accounts.notices has the e-mails, and the outbox sends them.")


class FactorAdapter(DefaultMFAAdapter):
    error_messages = DefaultMFAAdapter.error_messages | {"incorrect_code": WRONG_PASSKEY}

    def get_totp_issuer(self) -> str:
        return settings.NEWSROOM_NAME

    def _get_site_name(self) -> str:
        return settings.NEWSROOM_NAME

    def _get_user_identifier(self, user: Any) -> str:
        return user.get_username()

    def generate_authenticator_name(self, user: Any, type: Any) -> str:
        return _("Passkey")

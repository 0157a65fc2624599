"""The events of the record of access in words."""

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import AccessEvent, User

Names = Mapping[int, str]
Words = str | Promise

# By the keys of `AccessEvent.detail`, in the order in which they are shown, because the databases
# store them in different orders. A key that is not here is shown as it is, after the others.
WORDS: dict[str, Words] = {
    "roles": gettext_lazy("Roles: %(value)s"),
    "before": gettext_lazy("Roles before: %(value)s"),
    "fields": gettext_lazy("Changed: %(value)s"),
    "invitation": gettext_lazy("Invitation %(value)s"),
    "steps": gettext_lazy("With: %(value)s"),
    "factor": gettext_lazy("Factor: %(value)s"),
    "step": gettext_lazy("Step: %(value)s"),
    "wrong": gettext_lazy("Wrong: %(value)s"),
    "reason": gettext_lazy("Reason: %(value)s"),
    "new_browser": gettext_lazy("New browser"),
    "sessions": gettext_lazy("Sessions: %(value)s"),
    "left": gettext_lazy("Recovery codes left: %(value)s"),
    "command": gettext_lazy("By a command"),
    "events": gettext_lazy("Events: %(value)s"),
    "until": gettext_lazy("Until: %(value)s"),
    "what": gettext_lazy("Exported: %(value)s"),
    "filters": gettext_lazy("Filters: %(value)s"),
    "links": gettext_lazy("Preview links: %(value)s"),
    "emails": gettext_lazy("E-mails: %(value)s"),
    "contacts": gettext_lazy("Press contacts: %(value)s"),
    "contact_versions": gettext_lazy("Earlier versions of press contacts: %(value)s"),
    "invitations": gettext_lazy("Invitations: %(value)s"),
    "accounts": gettext_lazy("Accounts: %(value)s"),
}
ACCOUNTS: dict[str, Words] = {"successor": gettext_lazy("Drafts given to: %(value)s")}
ORDER = [*ACCOUNTS, *WORDS]
VALUES: dict[str, Words] = {
    "password": gettext_lazy("password"),
    "totp": gettext_lazy("authenticator app"),
    "webauthn": gettext_lazy("passkey"),
    "recovery_codes": gettext_lazy("recovery codes"),
    "factor": gettext_lazy("second factor"),
    "recovery": gettext_lazy("recovery"),
    "record": gettext_lazy("record of access"),
}


def account_names() -> dict[int, str]:
    """Return the names of all accounts by their key."""
    users = User.objects.only("username", "first_name", "last_name")
    return {user.pk: str(user) for user in users}


def account_name(key: int | None, names: Names) -> str:
    """Return the name of an account, also if it does not exist any more."""
    if key is None:
        return "–"
    return names.get(key) or _("Account %(number)s, removed") % {"number": key}


def detail_in_words(event: AccessEvent, names: Names) -> str:
    """Return the details of an event in one line."""
    known = [key for key in ORDER if key in event.detail]
    others = sorted(event.detail.keys() - {*known})
    return "; ".join(_in_words(key, event.detail[key], names) for key in (*known, *others))


def _in_words(key: str, value: Any, names: Names) -> str:
    if key in ACCOUNTS and isinstance(value, int):
        return str(ACCOUNTS[key]) % {"value": account_name(value, names)}
    if key in WORDS:
        return str(WORDS[key]) % {"value": _value(value)}
    return f"{key}: {_value(value)}"


def _value(value: Any) -> str:
    match value:
        case dict():
            return ", ".join(f"{key}={_value(each)}" for key, each in value.items())
        case list():
            return ", ".join(map(_value, value))
        case bool():
            return _("yes") if value else _("no")
        case int():
            return f"{value:,}"
        case _:
            return str(VALUES.get(str(value), value))

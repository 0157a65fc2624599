"""Adding, using and removing second factors: authenticator apps, passkeys and recovery codes."""

import hmac
import time

from allauth.account.internal.flows.login import record_authentication
from allauth.core.internal.cryptokit import normalize_user_code
from allauth.mfa import app_settings
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from allauth.mfa.utils import decrypt
from allauth.mfa.webauthn.internal.auth import WebAuthn
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts import notices, second_factor
from accounts.errors import ActionBlocked
from accounts.models import User
from accounts.record import Verb, record

Type = Authenticator.Type
MAX_PASSKEYS = 20
MAX_CODE_CHARACTERS = 100
STEP = "last_step"  # the newest 30 seconds whose code was used, in the data of an authenticator app


def step_of(secret: str, code: str) -> int | None:
    """Return the step of 30 seconds that a code of an app belongs to, if it is valid now.

    The steps before and after the current one are valid too, for clocks that differ a little. Codes
    of other steps are all refused alike: an answer that recognised them would help to guess.
    """
    now = int(time.time()) // app_settings.TOTP_PERIOD
    found = None
    for step in range(now - app_settings.TOTP_TOLERANCE, now + app_settings.TOTP_TOLERANCE + 1):
        if _equal(code, format_hotp_value(hotp_value(secret, step))):
            found = step
    return found


@transaction.atomic
def use_code(user: User, code: str, *, request: HttpRequest) -> Authenticator | None:
    """Return the factor of a user whose code this is, and mark the code as used.

    The used code is stored with the factor under a lock, so that no other process accepts it again.
    """
    rows = Authenticator.objects.select_for_update().filter(user=user)
    for factor in rows.filter(type__in=[Type.TOTP, Type.RECOVERY_CODES]).order_by("pk"):
        if factor.type == Type.RECOVERY_CODES:
            if factor.wrap().validate_code(normalize_user_code(code)):
                factor.refresh_from_db()
                left = len(factor.wrap().get_unused_codes())
                record(Verb.RECOVERY_CODE_USED, by=user, subject=user, request=request, left=left)
                notices.code_used(user, request=request, left=left)
                return factor
            continue
        step = step_of(decrypt(factor.data["secret"]), code)
        if step is not None and step > factor.data.get(STEP, 0):
            factor.data[STEP] = step
            factor.save(update_fields=["data"])
            return factor
    return None


def note_use(request: HttpRequest, factor: Authenticator, *, confirmed: bool = False) -> None:
    """Note in the session that it used a factor; `confirmed`: to confirm who the user is."""
    factor.record_usage()
    more = {"reauthenticated": True} if confirmed else {}
    record_authentication(request, factor.user, "mfa", id=factor.pk, type=factor.type, **more)


@transaction.atomic
def add_app(user: User, secret: str, step: int, *, request: HttpRequest) -> bool:
    """Add an authenticator app whose code of `step` was entered; return whether codes were made."""
    _lock(user)
    if Authenticator.objects.filter(user=user, type=Type.TOTP).exists():
        raise ActionBlocked(_("You already have an authenticator app. Remove it first."))
    factor = TOTP.activate(user, secret).instance
    factor.data[STEP] = step
    factor.save(update_fields=["data"])
    return _added(user, factor, request)


@transaction.atomic
def add_passkey(user: User, name: str, credential: dict, *, request: HttpRequest) -> bool:
    """Add a passkey that the browser has created; return whether recovery codes were made."""
    _lock(user)
    if Authenticator.objects.filter(user=user, type=Type.WEBAUTHN).count() >= MAX_PASSKEYS:
        raise ActionBlocked(_("You have too many passkeys. Remove one first."))
    return _added(user, WebAuthn.add(user, name, credential).instance, request)


def _added(user: User, factor: Authenticator, request: HttpRequest) -> bool:
    record(Verb.FACTOR_ADDED, by=user, subject=user, request=request, factor=factor.type)
    notices.factor_added(user, factor, request=request)
    # The user has just proved that they have it.
    record_authentication(request, user, "mfa", id=factor.pk, type=factor.type)
    if Authenticator.objects.filter(user=user, type=Type.RECOVERY_CODES).exists():
        return False
    RecoveryCodes.activate(user)
    record(Verb.RECOVERY_CODES_CREATED, by=user, subject=user, request=request)
    return True


@transaction.atomic
def remove(user: User, factor: Authenticator, *, request: HttpRequest) -> None:
    """Remove a factor of a user, and the recovery codes with the last one."""
    _lock(user)
    kind, name = factor.type, str(factor)
    if not Authenticator.objects.filter(pk=factor.pk, user=user).delete()[0]:
        return  # in another tab
    record(Verb.FACTOR_REMOVED, by=user, subject=user, request=request, factor=kind)
    if not second_factor.is_enrolled(user):
        Authenticator.objects.filter(user=user).delete()
    notices.factor_removed(user, kind, name, request=request)


@transaction.atomic
def remove_all(user: User, *, by: User | None, request: HttpRequest | None = None) -> None:
    """Remove all factors and codes of a user."""
    _lock(user)
    rows = Authenticator.objects.filter(user=user)
    kinds = rows.filter(type__in=second_factor.FACTORS).values_list("type", flat=True)
    for kind in kinds:
        record(Verb.FACTOR_REMOVED, by=by, subject=user, request=request, factor=kind)
    rows.delete()


@transaction.atomic
def new_codes(user: User, *, request: HttpRequest) -> None:
    """Replace the recovery codes of a user."""
    _lock(user)
    if not second_factor.is_enrolled(user):
        raise ActionBlocked(_("Set up an authenticator app or a passkey first."))
    Authenticator.objects.filter(user=user, type=Type.RECOVERY_CODES).delete()
    codes = RecoveryCodes.activate(user).instance
    # If this session used an old code, it must not lose its second factor.
    record_authentication(request, user, "mfa", id=codes.pk, type=codes.type)
    record(Verb.RECOVERY_CODES_CREATED, by=user, subject=user, request=request)
    notices.codes_created(user, request=request)


def unused_codes(user: User) -> list[str]:
    """Return the recovery codes that a user has left."""
    codes = Authenticator.objects.filter(user=user, type=Type.RECOVERY_CODES).first()
    return codes.wrap().get_unused_codes() if codes else []


def _lock(user: User) -> None:
    """Lock the row of a user, so that changes of their factors follow one another."""
    User.objects.select_for_update().get(pk=user.pk)


def _equal(code: str, expected: str) -> bool:
    return hmac.compare_digest(normalize_user_code(code).encode(), expected.encode())

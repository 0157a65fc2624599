"""Invitations to the team: invite, cancel, accept."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts import link_tokens, throttle
from accounts.errors import ActionBlocked
from accounts.hash_slots import hash_slot
from accounts.link_tokens import PLACEHOLDER
from accounts.models import Invitation, User
from accounts.models.users import keys_with
from accounts.record import Verb, record
from accounts.roles import ROLES, roles_in_words
from accounts.team import emails
from accounts.team.administrators import administrator, administrators, lock_team
from accounts.team.groups import MAX_NAME_CHARACTERS, groups_of_roles, roles_of
from jobs import outbox
from jobs.models import Email

VALID_FOR = timedelta(days=7)
PURPOSE = "accounts.invitation"  # of its token


def invite(
    email: str,
    *,
    name: str,
    roles: Collection[str],
    by: User,
    origin: str = "",
    at: datetime | None = None,
    request: HttpRequest | None = None,
) -> Invitation:
    """Invite somebody by e-mail. The link works once, for seven days.

    `origin` is the start of the address in the e-mail, SITE_URL by default. An earlier invitation
    of this address that has expired is cancelled.
    """
    at = at or timezone.now()
    email, name = User.objects.normalize_email(email.strip()), " ".join(name.split())
    _check_typed(email, name, roles)
    with transaction.atomic():
        lock_team()
        actor = administrator(by)
        groups = groups_of_roles(roles)
        if reason := address_taken(email):
            raise ActionBlocked(reason)
        for earlier in _not_ended(email):
            if earlier.is_open(at):
                raise ActionBlocked(
                    _(
                        "%(email)s has an invitation already. Choose “Invite again” beside it, or "
                        "cancel it first."
                    )
                    % {"email": email}
                )
            _cancel(earlier, actor, at, request)
        return _create(email, name, groups, actor, origin, at, request)


def invite_again(
    invitation: Invitation,
    *,
    by: User,
    origin: str = "",
    at: datetime | None = None,
    request: HttpRequest | None = None,
) -> Invitation:
    """Send a new link for the same person and roles. The link that was sent before ends."""
    at = at or timezone.now()
    with transaction.atomic():
        lock_team()
        actor = administrator(by)
        fresh = _lock(invitation)
        if fresh.accepted_at or fresh.cancelled_at:
            raise ActionBlocked(_ended_already())
        if reason := address_taken(fresh.email):
            raise ActionBlocked(reason)
        groups = list(fresh.roles.order_by("pk"))
        _cancel(fresh, actor, at, request)
        return _create(fresh.email, fresh.name, groups, actor, origin, at, request)


def cancel_invitation(
    invitation: Invitation,
    *,
    by: User,
    at: datetime | None = None,
    request: HttpRequest | None = None,
) -> None:
    """End an invitation. Nobody is notified, because the address may be wrong."""
    with transaction.atomic():
        lock_team()
        actor = administrator(by)
        fresh = _lock(invitation)
        if fresh.accepted_at or fresh.cancelled_at:
            raise ActionBlocked(_ended_already())
        _cancel(fresh, actor, at or timezone.now(), request)


def cancel_all_of(
    inviter: User, *, by: User, at: datetime | None = None, request: HttpRequest | None = None
) -> None:
    """End the invitations of somebody who no longer manages the team."""
    for invitation in _not_ended().filter(invited_by=inviter).select_for_update(of=("self",)):
        _cancel(invitation, by, at or timezone.now(), request)


def invitation_of(token: str, at: datetime | None = None) -> Invitation | None:
    """Return the invitation that a token opens; None if it never existed or has ended.

    It also ends if the person who invited can no longer manage the team, in whatever way.
    """
    if len(token) != link_tokens.CHARACTERS:
        return None
    found = Invitation.objects.filter(
        token_digest=link_tokens.digest_of(token), invited_by__in=administrators()
    ).first()
    return found if found and found.is_open(at) else None


def accept_invitation(
    token: str,
    *,
    username: str,
    name: str,
    password: str,
    at: datetime | None = None,
    request: HttpRequest | None = None,
) -> User:
    """Create the account of an invitation. The caller has checked the password and the form."""
    at = at or timezone.now()
    found = invitation_of(token, at)
    if found is None:
        raise ActionBlocked(_ended_already())
    with hash_slot(throttle.wait_of_link("invitation", found.pk, at)):
        hashed = make_password(password)  # not while the team is locked, because it may wait
    with transaction.atomic():
        lock_team()
        found = invitation_of(token, at)
        invitation = _lock(found) if found else None
        if invitation is None or not invitation.is_open(at):
            raise ActionBlocked(_ended_already())
        if reason := address_taken(invitation.email):
            raise ActionBlocked(reason)
        if User.with_username(username).exists():
            raise ActionBlocked(
                _("The username %(name)s is taken. Choose another one.") % {"name": username}
            )
        user = User(
            username=username,
            first_name=name,
            email=invitation.email,
            is_staff=True,
            password=hashed,
        )
        user.save()
        user.groups.set(invitation.roles.all())
        invitation.accepted_at, invitation.account = at, user
        invitation.save(update_fields=["accepted_at", "account"])
        record(
            Verb.INVITATION_ACCEPTED, by=user, subject=user, request=request, at=at,
            invitation=invitation.pk,
        )  # fmt: skip
        record(
            Verb.ACCOUNT_CREATED, by=invitation.invited_by, subject=user, request=request, at=at,
            roles=roles_of(user), invitation=invitation.pk,
        )  # fmt: skip
        emails.account_created(user, user)
        emails.invitation_accepted(invitation.invited_by, user)
    return user


def path_of(invitation: Invitation) -> str | None:
    """Return the path of the link; None if SECRET_KEY was changed since the invitation."""
    token = _token_of(invitation)
    return reverse("account_invitation", args=[token]) if token else None


def address_taken(email: str) -> str:
    """Return why an address can't be invited, as a sentence, or "" if it can."""
    user = User.with_email(email).first()
    if user is None:
        return ""
    if user.left_at:
        return _(
            "The closed account of %(name)s has this e-mail address. Enter another one, or ask "
            "your operator to run manage.py forget for this address first."
        ) % {"name": user}
    return _("%(name)s already has an account with this e-mail address.") % {"name": user}


def _check_typed(email: str, name: str, roles: Collection[str]) -> None:
    try:
        validate_email(email)
    except ValidationError:
        raise ActionBlocked(_("Enter a valid e-mail address.")) from None
    if not name or len(name) > MAX_NAME_CHARACTERS:
        raise ActionBlocked(_("Enter the name of the person."))
    if not roles:
        raise ActionBlocked(_("Choose a role. Without a role, a user can’t do anything."))


def _not_ended(email: str = "") -> QuerySet[Invitation]:
    rows = Invitation.objects.filter(accepted_at=None, cancelled_at=None)
    return rows.filter(pk__in=keys_with(rows, email, "email")) if email else rows


def _ended_already() -> str:
    return _("This invitation was used or cancelled, or it has expired.")


def _lock(invitation: Invitation) -> Invitation:
    rows = Invitation.objects.select_related("invited_by").select_for_update(of=("self",))
    fresh = rows.filter(pk=invitation.pk).first()
    if fresh is None:
        raise ActionBlocked(_ended_already())
    return fresh


def _create(
    email: str,
    name: str,
    groups: list[Group],
    by: User,
    origin: str,
    at: datetime,
    request: HttpRequest | None,
) -> Invitation:
    invitation = Invitation(
        email=email, name=name, invited_by=by, created_at=at, expires_at=at + VALID_FOR
    )
    token = link_tokens.new_token(PURPOSE, _value_of(invitation))
    invitation.token_digest = link_tokens.digest_of(token)
    invitation.save()
    invitation.roles.set(groups)
    roles = [role for role in ROLES if role in {group.name for group in groups}]
    record(Verb.INVITED, by=by, request=request, at=at, invitation=invitation.pk, roles=roles)
    fields = {
        "name": name,
        "newsroom": settings.NEWSROOM_NAME,
        "by": by,
        "roles": roles_in_words(roles),
        "link": (origin or settings.SITE_URL) + reverse("account_invitation", args=[PLACEHOLDER]),
        "until": date_format(timezone.localtime(invitation.expires_at), "DATETIME_FORMAT"),
    }
    text = _(
        "Dear %(name)s,\n\n"
        "%(by)s invites you to the newsroom of %(newsroom)s. Your roles: %(roles)s.\n\n"
        "Open this link, choose a username and a password:\n%(link)s\n\n"
        "The link works once, until %(until)s. Do not share it.\n"
        "If you do not know %(by)s, delete this e-mail.\n"
    )
    outbox.add_email(
        email,
        _("Invitation to %(newsroom)s") % fields,
        text % fields,
        about=f"invitation:{invitation.pk}",
        by=by,
        fill="accounts.invitation",
        fill_key=str(invitation.pk),
    )
    return invitation


def _cancel(invitation: Invitation, by: User, at: datetime, request: HttpRequest | None) -> None:
    invitation.cancelled_at = at
    invitation.save(update_fields=["cancelled_at"])
    record(Verb.INVITATION_CANCELLED, by=by, request=request, at=at, invitation=invitation.pk)


@outbox.fills("accounts.invitation")
def _with_token(email: Email) -> str:
    invitation = Invitation.objects.filter(pk=email.fill_key).first()
    if invitation is None or not invitation.is_open():
        raise outbox.EmailNotNeeded(_("The invitation ended before the e-mail could be sent."))
    token = _token_of(invitation)
    if token is None:
        raise outbox.EmailNotNeeded(
            _("SECRET_KEY was changed before the e-mail could be sent. Invite the person again.")
        )
    return email.text.replace(PLACEHOLDER, token)


def _token_of(invitation: Invitation) -> str | None:
    return link_tokens.token_of(PURPOSE, _value_of(invitation), invitation.token_digest)


def _value_of(invitation: Invitation) -> str:
    """Return the value from which the token of an invitation is derived."""
    return f"{invitation.email}\n{invitation.created_at.astimezone(UTC).isoformat()}"

"""Removes the data of one person on request: `manage.py forget EMAIL`.

It finds readers of previews, press contacts, former accounts, invitations and e-mails by their
address. Texts and records that name the person are only listed, because editors decide about them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import forgetting as of_accounts
from accounts.errors import ActionBlocked
from accounts.models import AccessEvent
from accounts.record import record
from jobs.models import Email
from people.locking import lock_names_for_read
from previews import forgetting as of_previews
from releases import forgetting as of_releases
from releases.forgetting import Place

# The keys are in the record of access. desk.record_words has the words for them.
LABELS: dict[str, str | Promise] = {
    "links": gettext_lazy("preview links: name, outlet, address and openings"),
    "contacts": gettext_lazy("press contacts: name, address, number and versions"),
    "contact_versions": gettext_lazy("earlier versions of press contacts"),
    "accounts": gettext_lazy("former accounts: name, username and address"),
    "invitations": gettext_lazy("invitations"),
    "emails": gettext_lazy("e-mails to this address"),
}


@dataclass(frozen=True, slots=True)
class Found:
    """What is stored of a person with an address."""

    links: list[Any]
    contacts: list[Any]
    contact_versions: list[Any]
    accounts: list[Any]
    invitations: list[Any]
    emails: list[Any]
    places: list[Place] = field(default_factory=list)
    namesakes: list[Place] = field(default_factory=list)

    @property
    def counts(self) -> dict[str, int]:
        """The number of rows of each kind that there is something of."""
        counts = {key: len(getattr(self, key)) for key in LABELS}
        return {key: number for key, number in counts.items() if number}


def find(email: str) -> Found:
    """Return what is stored of a person. Raises ActionBlocked if an active account has the address.

    Capitals make no difference. Other addresses of the same person are not searched.
    """
    return _found(email, with_places=True)


def forget(email: str, expected: dict[str, int], *, at: datetime | None = None) -> dict[str, int]:
    """Remove what `find` found, in one transaction, and record the numbers.

    `expected` are the counts that the operator agreed to. Raises ActionBlocked if they changed.
    """
    at = at or timezone.now()
    with transaction.atomic():
        lock_names_for_read()  # before the rows, as in other actions on contacts
        found = _found(email, lock=True)
        if found.counts != expected:
            raise ActionBlocked(
                _("The data changed in the meantime, and nothing was removed. Start again.")
            )
        Email.objects.filter(pk__in=_keys(found.emails)).delete()
        of_previews.forget_readers(found.links, at=at)
        for contact in found.contacts:
            of_releases.forget_contact(contact, at=at)
        of_releases.forget_versions(
            of_releases.VERSIONS.objects.filter(pk__in=_keys(found.contact_versions))
        )
        for invitation in found.invitations:
            invitation.delete()
        for user in found.accounts:
            of_accounts.forget_account(user, at=at)
        subject = found.accounts[0] if len(found.accounts) == 1 else None
        counts: dict[str, Any] = found.counts
        record(AccessEvent.Verb.FORGOTTEN, subject=subject, at=at, **counts)
    return found.counts


def _found(email: str, *, lock: bool = False, with_places: bool = False) -> Found:
    # The order in which other actions lock these rows: accounts first.
    querysets = {
        "accounts": of_accounts.accounts_of(email),
        "invitations": of_accounts.invitations_of(email),
        "links": of_previews.links_of(email),
        "contacts": of_releases.contacts_of(email),
        "contact_versions": of_releases.other_versions_of(email),
        "emails": Email.objects.filter(to__iexact=email).order_by("pk"),
    }
    rows: dict[str, list[Any]] = {
        key: list(queryset.select_for_update(of=("self",)) if lock else queryset)
        for key, queryset in querysets.items()
    }
    active = [user for user in rows["accounts"] if not of_accounts.is_former(user)]
    if active and not active[0].is_active:
        raise ActionBlocked(
            _(
                "A paused account has this address: %(name)s. Close it on the page of the team "
                "first, so that its drafts are handed over. Nothing was removed."
            )
            % {"name": active[0].get_username()}
        )
    if active:
        raise ActionBlocked(
            _(
                "An active account has this address: %(name)s. Close the account first. Nothing "
                "was removed."
            )
            % {"name": active[0].get_username()}
        )
    if not with_places:
        return Found(**rows)
    names = {row.name for row in (*rows["links"], *rows["contacts"], *rows["invitations"])}
    names |= {user.get_full_name() for user in rows["accounts"]}
    places = of_releases.places_with(email)
    namesakes = of_releases.places_named(names) - places
    return Found(**rows, places=sorted(places), namesakes=sorted(namesakes))


def _keys(rows: Sequence[Any]) -> list[Any]:
    return [row.pk for row in rows]

"""Removes the personal data of a reader of previews. That a link was used stays on record."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from previews import links
from previews.models import Opening, PreviewLink, PreviewLinkQuerySet, Visit
from releases.forgetting import rename_readers


def links_of(email: str) -> PreviewLinkQuerySet:
    """Return the preview links of a reader with an address."""
    return PreviewLink.objects.filter(email__iexact=email).order_by("pk")


def forget_readers(found: Sequence[PreviewLink], *, at: datetime) -> None:
    """Replace the reader of each link by its reference, and close the links.

    What the reader accepted and when stays: it proves the embargo.
    """
    keys = [link.pk for link in found]
    with transaction.atomic():
        for link in found:
            before = str(link)
            link.name = _("Former reader %(reference)s") % {"reference": link.printed_reference}
            link.outlet = link.email = ""
            link.save(update_fields=["name", "outlet", "email"])
            rename_readers({before: str(link)}, release=link.release_id)
        Visit.objects.filter(link__in=keys).update(network="", agent="")
        Opening.objects.filter(link__in=keys).delete()
        closed = [link.pk for link in found if link.revoked_at is None]
        PreviewLink.objects.filter(pk__in=closed).update(revoked_at=at)
        note = _("The reader asked to be forgotten.")
        links.record_revocation_by_command(closed, note=note, at=at)

"""Delete the record of a person, whose name may be in texts."""

from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from people.locking import lock_names_for_change
from people.models import Person
from releases.models import Release
from releases.workflow.correcting import record_change_by_outsider


def delete_person(person: Person, *, by: User, at: datetime | None = None) -> None:
    """Delete the record of a person.

    Restricted releases that the user does not know must not block it, so they keep the words
    without the marks of the person. Raises ProtectedError if another release names the person.
    """
    at = at or timezone.now()
    note = _("The record of a person in the text was deleted.")
    with transaction.atomic():
        lock_names_for_change()
        naming = Release.objects.filter(Q(mentions__person=person) | Q(quotes__speaker=person))
        visible = Release.objects.visible_to(by, at)
        hidden = Release.objects.filter(pk__in=naming.values("pk")).exclude(
            pk__in=visible.values("pk")
        )
        for release in hidden.order_by("pk").select_for_update(of=("self",)):
            record_change_by_outsider(release, note, by=by, at=at)
            release.unmark(person.pk)
            release.save()
        person.delete()

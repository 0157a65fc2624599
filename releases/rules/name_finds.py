"""Who is shown where a protected name stands: limited for each account, and recorded.

The check for protected names must not answer the question who is protected. So an account sees
the places of a few different names a day; after that it learns only that there is one. Everybody
is shown the spelling that stands in the text; the spelling of the record only those who may see
the record.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from people.models import Level, Person
from people.names import letters
from releases.models import NameFind
from releases.rules.protected_names import Find


def sentences(reasons: Iterable[Any], user: User, at: datetime | None = None) -> list[str]:
    """Return reasons as the sentences that a user may see; finds are counted and recorded.

    What blocks a text for one person is one entry, at the place of the first reason.
    Call it outside of the transaction that was refused: what was shown stays recorded.
    """
    reasons = list(reasons)
    finds = [reason for reason in reasons if isinstance(reason, Find)]
    shown = _record(finds, user, at or timezone.now()) if finds else set()
    people = {find.person for find in finds}
    known = set(Person.objects.visible_to(user).filter(pk__in=people).values_list("pk", flat=True))
    # A name that is marked where it stands has the sentence of the mark.
    marked = {_spot(find) for find in finds if find.kind == "mark"}
    said: dict[Any, list[str]] = {}
    for reason in reasons:
        if not isinstance(reason, Find) or reason.person not in shown:
            said.setdefault(str(reason), [str(reason)])
        elif reason.kind != "name" or not reason.blocks or _spot(reason) not in marked:
            sentence = _sentence(reason, known)
            entry = (reason.person, reason.table, reason.row) if reason.blocks else sentence
            if sentence not in said.setdefault(entry, []):
                said[entry].append(sentence)
    return list(dict.fromkeys(" ".join(entry) for entry in said.values()))


def _spot(find: Find) -> tuple[Any, ...]:
    return find.person, find.table, find.row, find.place, letters(find.surface)


def _record(finds: Sequence[Find], user: User, at: datetime) -> set[UUID]:
    """Record who is shown what; return the people whose places this user may still see today."""
    day = timezone.localdate(at)
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)  # two requests count one after the other
        today = NameFind.objects.filter(user=user, day=day)
        shown = set(today.filter(place_shown=True).values_list("person", flat=True))
        for person in dict.fromkeys(find.person for find in finds):
            if len(shown) < settings.PROTECTED_NAMES_A_DAY:
                shown.add(person)
        NameFind.objects.bulk_create(
            [
                NameFind(
                    person_id=person, user=user, table=table, row=row, day=day, at=at,
                    place_shown=person in shown,
                )
                for person, table, row in dict.fromkeys((f.person, f.table, f.row) for f in finds)
            ],
            ignore_conflicts=True,
        )  # fmt: skip
    return shown


def for_case_officer(user: User) -> QuerySet[NameFind]:
    """Return what others were shown of the people at level 0 whose case officer a user is."""
    return (
        NameFind.objects.filter(person__level=Level.CASE_OFFICERS, person__case_officers=user)
        .exclude(user=user)
        .select_related("person", "user")
    )


def _sentence(find: Find, known: set[UUID]) -> str:
    if find.kind == "mark":
        return _(
            "“%s” is marked as a person who may not be named. Remove the name, or ask the editor "
            "of the record."
        ) % find.surface  # fmt: skip
    if find.kind == "quotation":
        return _(
            "The quotation “%s …” is by a person who may not be named. Remove it, or ask the "
            "editor of the record."
        ) % find.surface  # fmt: skip
    place = {"surface": find.surface, "place": find.place, "sentence": find.sentence}
    if find.blocks:
        said = _(
            "“%(surface)s” in %(place)s is a protected name: “%(sentence)s” Remove it, or ask a "
            "publisher to allow it with a reason."
        ) % place  # fmt: skip
    else:
        said = _("“%(surface)s” in %(place)s may be a protected name: “%(sentence)s”") % place
    if find.person in known and letters(find.recorded) != letters(find.surface):
        said += " " + _("The record says “%s”.") % find.recorded
    return said

"""Who is shown where a text contains a protected name: limited for each account, and recorded.

The check must not reveal who is protected. So an account sees the places of a few different names
a day; after that it learns only that there is one. Everyone sees the spelling in the text; only
those who may see the record see the spelling of the record.
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
from releases.models import NameDisclosure
from releases.rules.protected_names import Find


def sentences(reasons: Iterable[Any], user: User, at: datetime | None = None) -> list[str]:
    """Return reasons as the sentences that a user may see; finds are counted and recorded.

    All blockers of a text for one person are one entry, at the place of the first.
    Call it outside the transaction that was rolled back, so that the disclosure stays recorded.
    """
    reasons = list(reasons)
    finds = [reason for reason in reasons if isinstance(reason, Find)]
    shown = _record(finds, user, at or timezone.now()) if finds else set()
    people = {find.person for find in finds}
    known = set(Person.objects.visible_to(user).filter(pk__in=people).values_list("pk", flat=True))
    # A name that is marked in the text has the sentence of the mark.
    marked = {_place_key(find) for find in finds if find.kind == "mark"}
    shown_sentences: dict[Any, list[str]] = {}
    for reason in reasons:
        if not isinstance(reason, Find) or reason.person not in shown:
            shown_sentences.setdefault(str(reason), [str(reason)])
        elif reason.kind != "name" or not reason.blocks or _place_key(reason) not in marked:
            sentence = _sentence(reason, known)
            entry = (reason.person, reason.table, reason.row) if reason.blocks else sentence
            if sentence not in shown_sentences.setdefault(entry, []):
                shown_sentences[entry].append(sentence)
    return list(dict.fromkeys(" ".join(entry) for entry in shown_sentences.values()))


def _place_key(find: Find) -> tuple[Any, ...]:
    return find.person, find.table, find.row, find.place, letters(find.surface)


def _record(finds: Sequence[Find], user: User, at: datetime) -> set[UUID]:
    """Record the disclosures; return the people whose places this user may still see today."""
    day = timezone.localdate(at)
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)  # two requests count one after the other
        today = NameDisclosure.objects.filter(user=user, day=day)
        shown = set(today.filter(place_shown=True).values_list("person", flat=True))
        for person in dict.fromkeys(find.person for find in finds):
            if len(shown) < settings.PROTECTED_NAMES_A_DAY:
                shown.add(person)
        NameDisclosure.objects.bulk_create(
            [
                NameDisclosure(
                    person_id=person, user=user, table=table, row=row, day=day, at=at,
                    place_shown=person in shown,
                )
                for person, table, row in dict.fromkeys((f.person, f.table, f.row) for f in finds)
            ],
            ignore_conflicts=True,
        )  # fmt: skip
    return shown


def for_case_officer(user: User) -> QuerySet[NameDisclosure]:
    """Return what others were shown of the people at level 0 whose case officer a user is."""
    return (
        NameDisclosure.objects.filter(person__level=Level.CASE_OFFICERS, person__case_officers=user)
        .exclude(user=user)
        .select_related("person", "user")
    )


def _sentence(find: Find, known: set[UUID]) -> str:
    if find.kind == "mark":
        return _(
            "“%s” is marked as a person who may not be named. Remove the name or ask the editor "
            "of the record."
        ) % find.surface  # fmt: skip
    if find.kind == "quotation":
        return _(
            "The quotation “%s …” is by a person who may not be named. Remove it or ask the "
            "editor of the record."
        ) % find.surface  # fmt: skip
    place = {"surface": find.surface, "place": find.place, "sentence": find.sentence}
    if find.blocks:
        sentence = _(
            "“%(surface)s” in %(place)s is a protected name: “%(sentence)s” Remove it or ask a "
            "publisher to allow it with a reason."
        ) % place  # fmt: skip
    else:
        sentence = _("“%(surface)s” in %(place)s may be a protected name: “%(sentence)s”") % place
    if find.person in known and letters(find.recorded) != letters(find.surface):
        sentence += " " + _("The record has “%s”.") % find.recorded
    return sentence

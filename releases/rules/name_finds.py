"""Show users where a text contains a protected name, with a limit per account, and record it.

The check must not reveal who is protected. Therefore, an account sees the places of only a few
different names a day. After that, it sees only that a text contains a protected name. All users see
the spelling in the text. Only users who may see the record see the spelling in the record.
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
    """Return reasons as the sentences that a user may see. Count and record the finds.

    All blocking finds of one person in one row become one entry, at the position of the first.
    Call it after the transaction of the blocked action, whose rollback would undo the record.
    """
    reasons = list(reasons)
    finds = [reason for reason in reasons if isinstance(reason, Find)]
    shown = _record(finds, user, at or timezone.now()) if finds else set()
    people = {find.person for find in finds}
    known = set(Person.objects.visible_to(user).filter(pk__in=people).values_list("pk", flat=True))
    # For a name that is marked in the text, only the sentence about the mark is shown.
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
    """Record the disclosures. Return the people whose places this user may still see today."""
    day = timezone.localdate(at)
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)  # parallel requests count in turn
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
    """Return what other users were shown of people at level 0 whose case officer is `user`."""
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

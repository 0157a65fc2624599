"""Removes the personal data of press contacts and readers, and finds the texts that name somebody.

Texts of releases and records of people are never changed here: editors decide about them.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import models
from django.db.models import Q, QuerySet
from django.urls import NoReverseMatch
from django.utils.translation import gettext as _

from accounts.desk_addresses import desk_address
from accounts.forgetting import rename_in_log
from people.locking import lock_names_for_read, lock_row
from people.models import Person
from releases.models import Contact, Event, Quote, Release
from releases.rules.public_texts import releases_printing
from releases.workflow.emails import email_responsible
from releases.workflow.recording import record

QUOTES = "“”„«»‹›\"'‘’「」\u00a0\u202f"  # of the languages of the desk
VERSIONS = Contact.history.model
# Rooms whose texts are searched, and models that are left out: `forget` changes contacts itself,
# and the others are copies of texts.
SEARCHED_APPS = ("releases", "people", "assets")
LEFT_OUT = {"contact", "historicalcontact", "foldedtext", "searchentry", "searchword"}


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A row that names somebody: what it is, and its address at the desk."""

    what: str
    address: str


def contacts_of(email: str) -> QuerySet[Contact]:
    """Return the press contacts with an address."""
    return Contact.objects.filter(email__iexact=email).order_by("pk")


def other_versions_of(email: str) -> QuerySet[Any]:
    """Return the versions with an address of contacts that have another address now."""
    return VERSIONS.objects.filter(email__iexact=email).exclude(
        id__in=contacts_of(email).values("pk")
    )


def forget_contact(contact: Contact, *, at: datetime) -> None:
    """Remove name, address and number of a contact and its versions, and hide it everywhere.

    Approvals stay valid. The people responsible for releases that are not public yet get an e-mail.
    """
    lock_names_for_read()
    fresh = lock_row(contact)
    versions = VERSIONS.objects.filter(id=fresh.pk)
    names = {fresh.name, *versions.values_list("name", flat=True)}
    fresh.name = _("Former contact %(number)s") % {"number": fresh.pk}
    fresh.email = fresh.phone = fresh.hours = ""
    fresh.hidden_at = fresh.hidden_at or at
    fresh.save()
    versions.update(name=fresh.name, email="", phone="", hours="")
    _rename_in_notes(names, fresh.name)
    rename_in_log(fresh)
    note = _("A press contact asked to be forgotten.")
    printing = Release.objects.filter(releases_printing(fresh))
    for release in printing.approved().order_by("pk"):
        verb = Event.Verb.PRINTED_ROW_CHANGED
        record(release, verb, None, at, version=release.version, words=note)
    for release in printing.awaiting_publication(at).order_by("pk"):
        text = _(
            "A press contact of a release you wrote or approved asked to be forgotten, and is no "
            "longer shown. The release stays approved. Check its preview."
        )
        email_responsible(release, _("Content of an approved release was changed"), text)


def forget_versions(versions: QuerySet[Any]) -> None:
    """Remove name, address and number from earlier versions of contacts."""
    versions.update(name=_("Former contact"), email="", phone="", hours="")


def rename_readers(names: Mapping[str, str], *, release: UUID | None) -> None:
    """Replace readers in the events of a release about preview links.

    None means a draft that was deleted.
    """
    verbs = [Event.Verb.LINKS_ISSUED, Event.Verb.LINKS_REVOKED]
    events: QuerySet[Event] = QuerySet(Event).filter(verb__in=verbs)
    events = events.filter(release_uuid=release) if release else events.filter(release=None)
    for event in events:
        stored = str(event.detail.get("names", "")).split("; ")
        renamed = [names.get(each, each) for each in stored]
        if renamed != stored:
            _store_detail(event, names="; ".join(renamed))


def _rename_in_notes(names: Collection[str], new: str) -> None:
    """Replace names of a contact in the notes about its changes."""
    for old in sorted(filter(None, names), key=len, reverse=True):
        notes: QuerySet[Event] = QuerySet(Event).filter(verb=Event.Verb.PRINTED_ROW_CHANGED)
        quoted = re.compile(rf"(?<=[{QUOTES}]){re.escape(old)}(?=[{QUOTES}])")
        for event in notes.filter(detail__words__icontains=old):
            _store_detail(event, words=quoted.sub(lambda match: new, event.detail["words"]))


def _store_detail(event: Event, **changed: str) -> None:
    QuerySet(Event).filter(pk=event.pk).update(detail={**event.detail, **changed})


def places_with(address: str) -> set[Place]:
    """Return the rows of releases, people and files with a text that contains an address."""
    found: set[Place] = set()
    for model in _searched_models():
        rows: QuerySet[Any] = QuerySet(model).filter(_contains(model, address))
        found |= {_place(row) for row in rows.iterator()}
    return found


def places_named(names: Collection[str]) -> set[Place]:
    """Return the records of people with one of these names, and the releases that name them."""
    found: set[Place] = set()
    for name in filter(None, names):
        of_name = Q(display_name__iexact=name) | Q(names__text__iexact=name)
        people = Person.objects.filter(of_name).distinct()
        quotes = Quote.objects.filter(attribution_name__iexact=name)
        releases = Release.objects.filter(
            Q(mentions__person__in=people) | Q(pk__in=quotes.values("release"))
        )
        found |= {_place(row) for row in (*people, *releases.distinct())}
    return found


def _searched_models() -> Iterator[type[models.Model]]:
    for label in SEARCHED_APPS:
        for model in apps.get_app_config(label).get_models():
            if model._meta.model_name not in LEFT_OUT and _texts(model):
                yield model


def _texts(model: type[models.Model]) -> list[str]:
    kinds = (models.CharField, models.TextField, models.JSONField)
    return [
        field.name
        for field in model._meta.concrete_fields
        if isinstance(field, kinds) and not field.primary_key
    ]


def _contains(model: type[models.Model], address: str) -> Q:
    query = Q()
    for name in _texts(model):
        query |= Q(**{f"{name}__icontains": address})
    return query


def _place(row: Any) -> Place:
    """Return where a row is at the desk. It has no name or title, which not everybody may read."""
    for shown in _rows_with_a_page(row):
        with suppress(NoReverseMatch):
            return Place(str(shown._meta.verbose_name), desk_address(shown))
    return Place(str(row._meta.verbose_name), str(row.pk))


def _rows_with_a_page(row: Any) -> Iterator[models.Model]:
    """Yield a row and those that it belongs to; for a version, the row that it is a version of."""
    model = getattr(type(row), "instance_type", type(row))
    yield model(pk=getattr(row, model._meta.pk.attname))
    if isinstance(row, Event):
        yield Release(pk=row.release_uuid)
    for field in row._meta.concrete_fields:
        if field.name in ("release", "case", "person") and field.is_relation:
            yield field.related_model(pk=getattr(row, field.attname))

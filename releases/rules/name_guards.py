"""Signal receivers that run whenever a text or a name is saved or deleted.

They block a new protected name in a public text. They update the text index, and
`names_allowed_until` of the releases that are not public yet.
"""

from typing import Any

from django.db import connection
from django.db.models import Model
from django.db.models.signals import m2m_changed, post_delete, post_save, pre_save
from django.utils import timezone

from accounts.errors import ActionBlocked
from people.locking import lock_names_for_read
from people.models import Person, PersonName
from releases.models import Release, text_stored
from releases.rules import protected_names, text_index
from releases.rules.public_texts import model_of, releases_printing


def connect() -> None:
    """Connect the receivers to the signals of every model with public texts."""
    for table in text_index.INDEXED_TABLES:
        model = model_of(table)
        uid = f"public_texts.{table}"
        pre_save.connect(_block_new_names, model, dispatch_uid=uid)
        post_save.connect(_stored, model, dispatch_uid=uid)
        post_delete.connect(_deleted, model, dispatch_uid=uid)
    pre_save.connect(_block_page, Person, dispatch_uid="public_page")
    post_save.connect(_names_changed, PersonName, dispatch_uid="names_changed")
    post_delete.connect(_names_changed, PersonName, dispatch_uid="names_changed")
    post_save.connect(_person_changed, Person, dispatch_uid="person_changed")
    text_stored.connect(_release_stored, Release, dispatch_uid="release_stored")
    for relation in (Release.topics, Release.contacts):
        m2m_changed.connect(_printed_with_it, relation.through)


def _block_new_names(instance: Model, raw: bool = False, **signal: Any) -> None:
    if raw:
        return
    if connection.in_atomic_block:
        lock_names_for_read()
    protected_names.check_save(instance)


def _block_page(instance: Person, raw: bool = False, **signal: Any) -> None:
    """Block a new page, or a new portrait on a page, that would print a protected name."""
    if raw or not instance.has_page():
        return
    stored = Person.objects.filter(pk=instance.pk).first()
    if stored is None or not stored.has_page() or stored.portrait_id != instance.portrait_id:
        protected_names.check_page(instance)


def _stored(instance: Model, raw: bool = False, **signal: Any) -> None:
    if isinstance(instance, Release):
        return  # its derived rows are not saved yet: see text_stored
    text_index.index_row(instance)
    if not raw and (upcoming := Release.objects.upcoming().filter(releases_printing(instance))):
        protected_names.update_names_allowed_until(
            Release.objects.filter(pk__in=[r.pk for r in upcoming])
        )


def _release_stored(release: Release, **signal: Any) -> None:
    text_index.index_row(release)


def _deleted(instance: Model, **signal: Any) -> None:
    text_index.remove_row(instance)


def _person_changed(instance: Person, raw: bool = False, **signal: Any) -> None:
    if not raw:
        protected_names.update_releases_of(instance)


def _names_changed(instance: PersonName, **signal: Any) -> None:
    if person := Person.objects.filter(pk=instance.person_id).first():
        protected_names.update_releases_of(person)


def _printed_with_it(
    instance: Any, action: str, reverse: bool, model: type[Model], pk_set: Any, **signal: Any
) -> None:
    """Block adding a topic or contact with a protected name to a published release.

    After any other change of topics or contacts, update the affected releases.
    """
    releases = Release.objects.filter(pk__in=pk_set or ()) if reverse else [instance]
    if action == "pre_add" and pk_set:
        added = [instance] if reverse else model._default_manager.filter(pk__in=pk_set)
        if any(release.is_published() for release in releases):
            found = [f for f in protected_names.finds_in(added, timezone.now()) if f.blocks]
            if found:
                raise ActionBlocked(*found)
    elif action.startswith("post_"):
        affected = [release.pk for release in releases]
        protected_names.update_names_allowed_until(Release.objects.filter(pk__in=affected))

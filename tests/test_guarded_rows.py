"""Editorial rows change only in save(). A change in bulk raises an error."""

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, models
from django.utils import timezone

from assets.models import MediaAsset
from people.models import Consent, Person
from releases.models import Contact, EditConflict, Event, Release, Topic
from storing.rows import BulkChangeError, Guarded
from tests.make import make_person, make_picture, make_release, quotation

pytestmark = pytest.mark.django_db

WITH_HISTORY = [
    model for model in apps.get_models() if hasattr(model._meta, "simple_history_manager_attribute")
]
EDITORIAL = {
    *WITH_HISTORY,
    Topic,
    Contact,
    *(m for m in apps.get_models() if issubclass(m, Guarded)),
}
COLUMNS = [
    pytest.param(model, field.name, id=f"{model._meta.label}.{field.name}")
    for model in sorted(EDITORIAL, key=lambda model: model._meta.label)
    for field in model._meta.concrete_fields
    if field.name not in getattr(model, "DERIVED_FIELDS", ())
]


@pytest.mark.parametrize(("model", "name"), COLUMNS)
def test_no_editorial_column_is_changed_in_bulk(model, name):
    field = model._meta.get_field(name)
    if getattr(field.remote_field, "on_delete", None) is models.SET_NULL:
        values = {name: 1}  # Django itself sets these links to NULL with update()
    else:
        values = {name: None}
    for manager in (model._default_manager, model._base_manager):
        for rows in (manager, manager.all(), manager.filter(pk=None), manager.none()):
            with pytest.raises(BulkChangeError, match="Save each row"):
                rows.update(**values)
        with pytest.raises(BulkChangeError, match=name):
            manager.update_derived(**values)
        with pytest.raises(BulkChangeError):
            manager.bulk_update([], [name])
        with pytest.raises(BulkChangeError):
            manager.bulk_create([])


def test_every_model_with_a_history_is_guarded():
    assert all(issubclass(model, Guarded) for model in EDITORIAL)
    assert len(WITH_HISTORY) >= 10


def test_only_derived_columns_are_written_in_bulk():
    release, picture = make_release(), make_picture()
    soon = timezone.now()
    assert Release.objects.filter(pk=release.pk).update_derived(names_allowed_until=soon) == 1
    assert MediaAsset.objects.update_derived(state="waiting", hidden_from=soon) == 1
    release.refresh_from_db()
    picture.refresh_from_db()
    assert (release.names_allowed_until, picture.state) == (soon, "waiting")


def test_related_rows_are_guarded_too():
    person, original = make_person(), make_release("draft")
    translation = make_release("draft")
    Consent.objects.create(person=person, basis="subject", covers_name=True, given="2026-01-02")
    for change in (
        lambda: person.consents.update(withdrawn="2026-01-03"),
        lambda: original.translations.update(title="x"),
        lambda: original.translations.add(translation),
        lambda: person.names.bulk_create([]),
    ):
        with pytest.raises(BulkChangeError):
            change()
    assert person.consents.get().withdrawn is None


def test_no_manager_changes_recorded_rows():
    release = make_release()
    event = release.events.first()
    for rows in (Event.objects, Event._base_manager, release.events):
        with pytest.raises(TypeError, match="Recorded rows"):
            rows.update(verb="held")
        with pytest.raises(TypeError, match="Recorded rows"):
            rows.bulk_update([event], ["verb"])
        with pytest.raises(TypeError, match="Recorded rows"):
            rows.bulk_create([event], update_conflicts=True, unique_fields=["id"],
                             update_fields=["verb"])  # fmt: skip


# --- Partial and failed saves of a release -----------------------------------------------------


def test_saving_some_fields_stores_a_complete_version():
    person = make_person()
    release = make_release("draft", title="One")
    release.standfirst, release.title = "A\x0bline", "Not yet"
    release.save(update_fields=["standfirst"])
    row = Release.objects.get(pk=release.pk)
    assert (release.version, row.version) == (2, 2)
    assert (row.standfirst, row.title) == ("A\nline", "One")
    assert row.history.latest().version == 2
    release.save()  # this instance is still the newest
    assert Release.objects.get(pk=release.pk).title == "Not yet"
    release.body = quotation(person) + "<script>x</script>"
    release.save(update_fields={"body"})
    assert "script" not in Release.objects.get(pk=release.pk).body
    assert release.quotes.get().speaker == person
    release.save(update_fields=[])
    assert Release.objects.get(pk=release.pk).version == release.version == 4


def test_saving_some_fields_does_not_overwrite_newer_changes():
    release = make_release("draft")
    newer = Release.objects.get(pk=release.pk)
    newer.standfirst = "Newer"
    newer.save()
    release.title = "Older"
    with pytest.raises(EditConflict):
        release.save(update_fields=["title"])
    assert Release.objects.get(pk=release.pk).title == newer.title


def test_an_instance_can_be_saved_again_after_a_failed_save():
    release = make_release("draft")

    def fail(execute, sql, *rest):
        if sql.startswith("INSERT") and "historicalrelease" in sql:
            raise DatabaseError("The disk is full.")
        return execute(sql, *rest)

    for instance in (release, Release(title="Quite new")):
        instance.title += " again"
        with connection.execute_wrapper(fail), pytest.raises(DatabaseError):
            instance.save()
        instance.save()
        assert Release.objects.get(pk=instance.pk).title.endswith(" again")
        assert Release.objects.get(pk=instance.pk).version == instance.version


def test_a_deleted_release_keeps_its_history():
    release = make_release("draft")
    recorded = Event.objects.filter(release_uuid=release.pk)
    release.delete()
    assert [event.release for event in recorded] == [None]


def test_saving_only_the_name_of_a_person_cleans_it():
    person = make_person()
    person.display_name = "An\u202esa"
    person.save(update_fields=["display_name"])
    assert Person.objects.get(pk=person.pk).display_name == person.display_name == "Ansa"
    assert person.history.latest().display_name == "Ansa"

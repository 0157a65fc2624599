"""`manage.py reindex` reads every public text again while the site runs."""

import io

import pytest
from django.core.management import call_command
from django.db import models

from people.models import Level, Person
from releases.models import FoldedText, Release, SearchEntry, Topic
from releases.rules import protected_names, text_index
from releases.search import index
from tests.make import (
    make_person,
    make_picture,
    make_prisoner,
    make_release,
    make_user,
    whole_case,
)  # fmt: skip

pytestmark = pytest.mark.django_db

NAME = "Iven Sorrel"


def reindex() -> str:
    out = io.StringIO()
    call_command("reindex", stdout=out, stderr=io.StringIO())
    return out.getvalue()


@pytest.fixture
def newsroom():
    topic = Topic.objects.create(name="Open topic")
    release = make_release(poster=make_picture(caption="At home"), topics=[topic])
    whole_case(make_prisoner())
    return release


def stored():
    return set(FoldedText.objects.values_list("table", "row", "letters"))


def test_reindex_restores_the_index_and_prints_the_number_of_rows(newsroom):
    before = stored()
    FoldedText.objects.all().delete()
    assert (
        reindex() == f"{text_index.count() + index.count():,} rows read. Every text is indexed.\n"
    )
    assert stored() == before
    reindex()
    assert stored() == before


def test_a_name_that_was_written_directly_to_the_database_is_found_again(newsroom):
    person = make_person(NAME, level=Level.STAFF)
    models.QuerySet(Release).filter(pk=newsroom.pk).update(title=f"{NAME} is free")
    assert protected_names.printing(person) == []
    reindex()
    (printed,) = protected_names.printing(person)
    assert printed.release == newsroom


def test_several_batches_are_read_and_deleted_rows_removed(monkeypatch):
    monkeypatch.setattr(text_index, "BATCH", 3)
    topics = [Topic.objects.create(name=f"Topic {number}") for number in range(7)]
    people = [make_person(f"Person Number-{number}") for number in range(3)]
    SearchEntry.objects.filter(topic=topics[4]).delete()
    Topic.objects.filter(pk=topics[4].pk)._raw_delete("default")
    FoldedText.objects.filter(row=str(topics[6].pk)).delete()
    FoldedText.objects.create(table="gone.table", row="1", letters="x")
    assert reindex().startswith(f"{2 * (6 + Person.objects.count())} rows")
    kept = {(table, row) for table, row, _ in stored()}
    assert ("gone.table", "1") not in kept
    assert ("releases.topic", str(topics[4].pk)) not in kept
    assert {("releases.topic", str(topics[6].pk)), ("people.person", str(people[2].pk))} <= kept
    assert text_index.unindexed_rows() == {}


DUE = "The search index is out of date"


def desk_of(client) -> str:
    return client.get("/admin/").content.decode()


def test_administrators_see_at_the_desk_that_reindex_is_due(newsroom, at_desk, monkeypatch):
    client = at_desk(make_user("manager", "Administrator"))
    assert DUE not in desk_of(client)
    with monkeypatch.context() as changed:
        changed.setattr(index, "TOKENISER", index.TOKENISER + 1)
        assert DUE in desk_of(client)
        assert "Run manage.py reindex." in desk_of(client)
    assert DUE not in desk_of(client)


@pytest.mark.parametrize("kind", [SearchEntry.Kind.RELEASE, SearchEntry.Kind.CASE])
def test_the_desk_says_so_if_reindex_did_not_run_or_was_stopped(newsroom, at_desk, kind):
    client = at_desk(make_user("manager", "Administrator"))
    for _ in range(2):
        whole_case(make_prisoner())
        make_release()
    SearchEntry.objects.filter(kind=kind).delete()
    assert DUE in desk_of(client)
    reindex()
    assert DUE not in desk_of(client)


def test_others_do_not_see_that_reindex_is_due(newsroom, at_desk, publisher):
    SearchEntry.objects.all().delete()
    assert DUE not in desk_of(at_desk(publisher))


def test_an_empty_newsroom_needs_no_reindex():
    assert not index.is_due()

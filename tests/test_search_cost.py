"""What a search and the index cost: statements, and what a save writes."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from releases import search
from releases.models import Release, SearchEntry, SearchWord, Topic
from releases.search import finding
from tests.make import make_person, make_picture, make_release, quotation

pytestmark = pytest.mark.django_db

# Words, references, hits. SQLite counts the matches first; PostgreSQL estimates them, in a
# transaction with its own setting.
STATEMENTS = {"sqlite": 4, "postgresql": 7}


def statements(find) -> list[str]:
    with CaptureQueriesContext(connection) as queries:
        find()
    return [query["sql"] for query in queries]


@pytest.mark.parametrize(
    "typed",
    ["harbour", "old harbour -lighthouse", "harbour hidden", "xylophone", "zebrafish", "director",
     "red carpet in the old harbour of the north", "lighthouse"],
)  # fmt: skip
def test_a_search_sends_few_statements_the_same_whatever_it_finds(typed):
    speaker = make_person("Ana Brask", title="Director")
    topic = Topic.objects.create(name="Harbours")
    make_release(
        title="The old harbour", body=quotation(speaker), topics=[topic],
        poster=make_picture(caption="A lighthouse"),
    )  # fmt: skip
    make_release("draft", title="A hidden zebrafish")
    at = timezone.now()
    expected = STATEMENTS[connection.vendor]
    assert len(statements(lambda: search.releases(search.parse(typed), at))) == expected
    assert len(statements(lambda: search.quotations(search.parse(typed), at))) == expected
    assert len(statements(lambda: search.people(search.parse(typed), at))) == 2


def test_hidden_matches_do_not_use_up_the_hits(monkeypatch):
    monkeypatch.setattr(finding, "MAX_FEW", 3)
    monkeypatch.setattr(finding, "MAX_HITS", 2)
    for number in range(6):
        make_release("draft", title=f"Harbour draft {number}")
    shown = [make_release(title=f"Harbour {number}") for number in range(3)]
    hits = search.releases(search.parse("harbour"), timezone.now())
    assert hits.capped
    assert set(hits.pks) < {release.pk for release in shown}
    assert len(hits.pks) == 2


def test_a_word_that_names_many_people_leaves_rows_for_the_other_words(monkeypatch):
    monkeypatch.setattr(finding, "MAX_ROWS", 3)
    people = [make_person(f"Ana Brask-{number}") for number in range(5)]
    topic = Topic.objects.create(name="Harbours")
    picture = make_picture(caption="Ana at the lighthouse of the harbours")
    make_release(title="With a topic", body="<p>By Ana.</p>", topics=[topic])
    make_release(title="With a picture", poster=picture)
    make_release(title="Quoted", body=quotation(people[0], "“The harbours are open.”"))
    found = search.releases(search.parse("ana harbours"), timezone.now())
    titles = set(Release.objects.filter(pk__in=found.pks).values_list("title", flat=True))
    assert titles == {"With a topic", "With a picture", "Quoted"}


def changed(sql: list[str]) -> list[str]:
    """Return the tables of the search that statements write to."""
    tables = [SearchEntry._meta.db_table, SearchWord._meta.db_table]
    return [table for one in sql for table in tables if f"INTO {table} " in one.replace('"', "")]


def test_an_unchanged_text_is_not_written_again():
    speaker = make_person("Ana Brask", title="Director")
    release = make_release(
        "draft", title="The old harbour", body=f"<p>It is open.</p>{quotation(speaker)}"
    )
    before = dict(SearchEntry.objects.values_list("key", "pk"))
    release.countries = ["GB"]
    sql = statements(release.save)
    assert changed(sql) == []
    assert sum(SearchEntry._meta.db_table in one for one in sql) == 1
    assert not [one for one in sql if SearchWord._meta.db_table in one]
    release.body += "<p>The harbour is closed to all.</p>"
    sql = statements(release.save)
    assert changed(sql) == [SearchEntry._meta.db_table, SearchWord._meta.db_table]
    assert sum(SearchEntry._meta.db_table in one for one in sql) == 2
    assert dict(SearchEntry.objects.values_list("key", "pk")) == before
    found = search.at_desk(search.parse("closed"), release.created_by, timezone.now(), ["releases"])
    assert found["releases"].pks == [release.pk]


def test_a_changed_order_of_the_same_words_is_written():
    release = make_release("draft", body="<p>one two three</p>")
    release.body = "<p>three two one</p>"
    release.save()
    for typed, total in {'"two three"': 0, '"three two"': 1}.items():
        query, by = search.parse(typed), release.created_by
        assert search.at_desk(query, by, timezone.now(), ["releases"])["releases"].total == total

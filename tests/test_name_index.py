"""Names in a text are found in any spelling, with all people that they may mean."""

import json
import threading
import time
from uuid import UUID, uuid4

import pytest
from django.db import models
from django.utils import timezone

from people.models import Level, Person, PersonName
from people.names import NameIndex
from people.names.shared import people_index
from tests.make import DATA, REAL_RELEASE, make_person

NAUGHTY = json.loads((DATA / "strings" / "blns.json").read_text())


def index_of(*names):
    index, ids = NameIndex(), {}
    for name in names:
        ids[pk := uuid4()] = name
        index.add(pk, [name])
    return index, ids


def found(text, *names):
    index, ids = index_of(*names)
    paragraphs = text if isinstance(text, list) else [text]
    offers = index.find(paragraphs)
    for name in offers:
        assert paragraphs[name.paragraph][name.start : name.end] == name.surface
    return [(name.surface, sorted(ids[pk] for pk in name.people), name.whole) for name in offers]


@pytest.mark.parametrize(
    ("name", "text", "surface"),
    [
        ("Ilham Tohti", "the scholar Ilham Tohti’s family", "Ilham Tohti"),
        ("Ilham Tohti", "On Tohti Ilham, again", "Tohti Ilham"),
        ("Ilham Tohti", "ILHAM TOHTI IS FREE", "ILHAM TOHTI"),
        ("Chow Hang-tung", "said Chow Hang Tung.", "Chow Hang Tung"),
        ("Chow Hang-tung", "said Hang-tung Chow.", "Hang-tung Chow"),
        ("Chow Hang-tung", "said Chow Hangtung.", "Chow Hangtung"),
        ("Chow Hang-tung", "said Chow\u00a0Hang\u2011tung.", "Chow\u00a0Hang\u2011tung"),
        ("Chow Hang Tung", "said Chow Hang-tung.", "Chow Hang-tung"),
        ("José Díaz", "Jose Diaz came", "Jose Diaz"),
        ("Jose Diaz", "Jose\u0301 Di\u0301az came", "Jose\u0301 Di\u0301az"),
        ("Łukasz Żółć", "Lukasz Zolc", "Lukasz Zolc"),
        ("O’Neill", "O'Neill's house", "O'Neill"),
        ("bell hooks", "wrote bell hooks in", "bell hooks"),
        ("Tavenu", "and Tavenu’s songs", "Tavenu"),
        ("毛泽东", "国家主席毛泽东说", "毛泽东"),
        ("阿努克·萨贝林", "阿努克萨贝林说", "阿努克萨贝林"),
        ("阿努克萨贝林", "阿努克·萨贝林说", "阿努克·萨贝林"),
        ("نرگس محمدی", "ونرگس محمدي قالت", "نرگس محمدي"),
        ("ئىلھام توختى", "ئالىم ئىلھام توختى دېدى", "ئىلھام توختى"),
        ("김정은", "김정은은 말했다", "김정은"),
        ("ཚེ་རིང་འོད་ཟེར།", "བླ་མ་ཚེ་རིང་འོད་ཟེར་གྱིས", "ཚེ་རིང་འོད་ཟེར"),
        ("Дмитрий Шостакович", "Шостакович Дмитрий", "Шостакович Дмитрий"),
        ("Jimmy Lai", "Jimmy\u200b Lai came", "Jimmy\u200b Lai"),
        ("Ilham Tohti", "la famille d’Ilham Tohti", "Ilham Tohti"),
        ("Ilham Tohti", "parce qu'Ilham Tohti", "Ilham Tohti"),
        ("D’Angelo Veral", "with D'Angelo Veral", "D'Angelo Veral"),
        ("Osman Verel", "Osman Verel’nın davası", "Osman Verel"),
        ("Osman Verel", "OSMAN VEREL’NIN DAVASI", "OSMAN VEREL"),
    ],
)
def test_a_known_name_is_found_in_every_spelling(name, text, surface):
    assert found(text, name, "Somebody Else") == [(surface, [name], True)]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Jimmy Lai", "We met Jimmy. Lai is a river."),
        ("Jimmy Lai", "Jimmy Laidlaw and Calais"),
        ("Ana Li", "Diana Li"),
        ("Tavenu", "a tavenu of the river"),
        ("Lai", "laissez-passer, lai"),
        ("毛", "毛泽东"),
        ("Neill Verel", "the O’Neill Verel papers"),
    ],
)
def test_a_text_that_only_looks_like_a_name_is_not_found(name, text):
    assert found(text, name) == []


def test_a_part_of_a_name_counts_only_after_the_whole_name():
    text = ["Mr Lammy said so.", "Then David Lammy came; Lammy and Mr Lammy’s aide left. David!"]
    assert found(text, "David Lammy") == [
        ("David Lammy", ["David Lammy"], True),
        ("Lammy", ["David Lammy"], False),
        ("Lammy", ["David Lammy"], False),
        ("David", ["David Lammy"], False),
    ]
    text = "Chow Hang-tung spoke. Hang-tung left, Chow stayed. A chow came."
    assert [name for name, _, whole in found(text, "Chow Hang-tung") if not whole] == [
        "Hang-tung", "Chow",
    ]  # fmt: skip


def test_the_longer_of_two_names_is_found():
    assert found("Ana María Ruiz wrote", "Ana María", "Ana María Ruiz") == [
        ("Ana María Ruiz", ["Ana María Ruiz"], True)
    ]
    assert found("欧阳修文来了", "欧阳修", "欧阳修文")[0][1] == ["欧阳修文"]


def test_a_person_the_user_may_not_see_is_not_found():
    index, known, hidden = NameIndex(), uuid4(), uuid4()
    index.add(known, ["Ana María"])
    index.add(hidden, ["Ana María Ruiz"])
    index.add(hidden_too := uuid4(), ["欧阳修文"])
    offers = index.find(["Ana María Ruiz wrote; Ruiz left. 欧阳修文"], without={hidden, hidden_too})
    assert [(name.surface, name.people) for name in offers] == [("Ana María", {known})]


def test_all_namesakes_are_found():
    index, one, other = NameIndex(), uuid4(), uuid4()
    index.add(one, ["Li Na"])
    index.add(other, ["Li Na"])
    (name,) = index.find(["Li Na was there"])
    assert name.people == {one, other}
    index.remove(one)
    (name,) = index.find(["Li Na was there"])
    assert name.people == {other}
    index.add(other, ["Somebody"])
    assert index.find(["Li Na was there"]) == []


@pytest.mark.parametrize(
    ("written", "known"),
    [
        ("Ilham Tokhti", "Ilham Tohti"),
        ("Ding Jiaqi", "Ding Jiaxi"),
        ("Tokhti Ilham", "Ilham Tohti"),
    ],
)
def test_a_similar_name_is_only_a_hint(written, known):
    index, ids = index_of(known, "Somebody Else")
    assert [ids[pk] for pk in index.alike(written)] == [known]
    assert index.find([written]) == []
    assert index.alike("Quite Different") == set()


def test_the_people_of_the_real_release_are_found():
    names = ["Felix Jakens", "Wang Yi", "David Lammy", "Jimmy Lai", "Chow Hang-tung",
             "Ding Jiaxi", "Ilham Tohti"]  # fmt: skip
    offers = found(REAL_RELEASE.read_text().split("\n"), *names)
    whole = [who for _, (who,), is_whole in offers if is_whole]
    assert set(whole) == set(names)
    assert [surface for surface, _, is_whole in offers if not is_whole] == ["Lammy"]


def test_names_in_annotated_releases_are_found_and_nothing_else():
    texts = [
        json.loads(line)["text"]
        for line in (DATA / "re3d" / "documents.json").read_text().splitlines()
        if line
    ]
    names = ["Fuad Masum", "Haider al-Abadi", "Julie Bishop", "Ibrahim Al-Ja’afari"]
    offers = [row for text in texts for row in found(text, *names, "Minister Foreign", "Al Raqqa")]
    assert sorted(who for _, (who,), whole in offers if whole and who in names) == sorted(names)


HOSTILE = [
    "a " * 50_000, "A " * 50_000, "毛" * 100_000, "e\u0301" * 50_000, "\u0301" * 100_000,
    "\u200b" * 100_000, "Jimmy" * 20_000, "Jimmy Lai " * 10_000, "’" * 100_000, "-" * 100_000,
    "a" + "\u0301\u0316" * 50_000, "A’" * 50_000, "A’a" * 30_000, "ཚེ་" * 30_000,
    "\ud800 Jimmy Lai", "و" * 100_000,
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_no_text_breaks_the_search_or_makes_it_slow(number):
    index, _ = index_of("Jimmy Lai", "毛泽东", "A B C D E F G H I J", "ཚེ་རིང", "و و")
    index.find([HOSTILE[number]])
    index.alike(HOSTILE[number])


def test_a_word_that_very_many_names_share_is_fast():
    index = NameIndex()
    for number in range(6_000):
        index.add(UUID(int=number), [f"Nobody{number} al-Nowhere"])
    index.add(tohti := uuid4(), ["Ilham al-Tohti"])
    assert index.alike("Ilham al-Tokhti") == {tohti}
    for number in range(6_000):
        index.remove(UUID(int=number))
    assert [name.people for name in index.find(["Ilham al-Tohti"])] == [{tohti}]


def test_any_string_can_be_a_name():
    index, ids = index_of(*(text for text in NAUGHTY if text))
    for text in NAUGHTY:
        for name in index.find([text, f"Before {text} behind"]):
            assert name.people <= ids.keys()


# --- The index of all people ---------------------------------------------------------------------


def names_found(text):
    return {
        str(Person.objects.get(pk=pk)) for name in people_index().find([text]) for pk in name.people
    }


@pytest.mark.django_db
def test_the_index_follows_every_change_of_a_record():
    assert names_found("Teodor Brask") == set()
    person = make_person("Teodor Brask", level=Level.STAFF)
    assert names_found("Teodor Brask") == {"Teodor Brask"}
    name = person.names.create(text="T. Braskovic")
    other = person.names.create(text="تيودور براسك")
    assert names_found("it was T. Braskovic, تيودور براسك") == {"Teodor Brask"}
    person.display_name = "Teodora Brask"
    person.save()
    assert names_found("Teodor Brask") == set()
    assert names_found("Teodora Brask") == {"Teodora Brask"}
    name.delete()
    assert names_found("T. Braskovic") == set()
    other.matchable = False
    other.save()
    assert names_found("تيودور براسك") == set()
    person.delete()
    assert names_found("Teodora Brask") == set()


@pytest.mark.django_db
def test_a_name_that_many_share_is_not_searched_for():
    person = make_person("Teodor Brask")
    person.names.create(text="The Old Man", kind=PersonName.Kind.WEAK)
    person.names.create(text="Brask The Younger", matchable=False)
    assert names_found("The Old Man, Brask The Younger") == set()


@pytest.mark.django_db
def test_a_person_added_without_a_version_is_found_too():
    make_person("Somebody Known")
    assert names_found("Somebody Known")
    models.QuerySet(Person).bulk_create(
        [Person(display_name=f"Person Number {n}", slug=f"n{n}") for n in ("One", "Two")]
    )
    assert names_found("Person Number Two") == {"Person Number Two"}
    person = Person.objects.get(display_name="Person Number Two")
    models.QuerySet(PersonName).bulk_create([PersonName(person=person, text="Quite Another")])
    assert names_found("Quite Another") == {"Person Number Two"}


@pytest.mark.django_db
def test_a_change_that_was_stored_late_is_found_too():
    """On PostgreSQL a slow transaction can take its numbers early and commit late."""
    slow, fast = make_person("Teodor Brask"), make_person("Ansa Verel")
    slow.display_name = "Teodora Brask"
    slow.save()
    late = slow.history.latest()
    slow.history.filter(pk=late.pk).delete()
    models.QuerySet(Person).filter(pk=slow.pk).update(display_name="Teodor Brask")
    fast.save()
    assert names_found("Teodor Brask") == {"Teodor Brask"}
    models.QuerySet(Person).filter(pk=slow.pk).update(display_name="Teodora Brask")
    late.save(force_insert=True)
    assert names_found("Teodora Brask") == {"Teodora Brask"}


@pytest.mark.django_db
def test_an_unchanged_newsroom_needs_four_queries(django_assert_num_queries):
    make_person("Somebody Known")
    people_index()
    with django_assert_num_queries(4):
        people_index()
    person = make_person("Somebody Else")
    person.history.update(history_date=timezone.now())
    assert names_found("Somebody Else")


def test_no_thread_reads_the_index_during_a_change():
    """While one thread renamed a person, another thread could miss that person in a text."""
    index, person = NameIndex(), uuid4()
    index.add(person, ["Teodor Brask"])
    is_removed = threading.Event()

    def rename():
        with index.lock:
            index.remove(person)
            is_removed.set()
            time.sleep(0.1)
            index.add(person, ["Teodor Brask", "Teo Brask"])

    renaming = threading.Thread(target=rename)
    renaming.start()
    is_removed.wait(5)
    found = index.find(["It was Teodor Brask."])
    renaming.join()
    assert {pk for name in found for pk in name.people} == {person}

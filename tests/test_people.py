"""Names of people are kept as typed, found in any spelling, and printed only where allowed."""

import json
from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from people.models import Case, Level, Person, PersonName, Role
from people.names import Name, NameIndex
from people.slugs import slug_for
from releases import workflow
from tests.make import (
    DATA,
    as_shown,
    make_chief,
    make_person,
    make_prisoner,
    make_release,
    mark,
    quotation,
    unguarded,
)

NAUGHTY = json.loads((DATA / "strings" / "blns.json").read_text())

# Names of many kinds: one word, particles, no surname, apostrophes, patronymics, several scripts.
NAMES = [
    "Sukarno", "Jimmy Lai", "Björk Guðmundsdóttir", "María-Jose Carreño Quiñones",
    "ʻAbdu’l-Qādir al-Ḥasan", "Isa bin Osman", "bell hooks", "O’Neill", "毛泽东", "周恩來",
    "ئىلھام توختى", "ཚེ་རིང་འོད་ཟེར།", "Дмитрий Шостакович", "نرگس محمدی", "김정은", "นวลจันทร์", "X Æ",
]  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_printed_as_it_was_typed_and_has_a_page(client, name):
    person = make_prisoner(name)
    assert make_person(name).slug != person.slug
    page = client.get(person.get_absolute_url())
    assert page.status_code == 200
    assert f">{name}</" in page.content.decode()
    assert person.get_absolute_url() in client.get("/prisoners/").content.decode()


@pytest.mark.parametrize("text", [text for text in NAUGHTY if text.strip()])
def test_any_string_becomes_a_valid_slug(text):
    slug = slug_for(text, fallback="person")
    assert slug
    assert len(slug) <= 80
    assert slug == slug_for(slug, fallback="another")
    assert not set(slug) & set(" /?#%&\"'<>\\\t\n\r")


@pytest.mark.django_db
def test_strange_names_are_accepted_or_refused_and_never_break_a_page(client):
    for text in NAUGHTY:
        person = Person(display_name=text, level=Level.PUBLIC, level_basis="Invented.")
        try:
            person.full_clean()
        except ValidationError:
            continue
        person.save()
        Case.objects.create(person=person, as_of=date(2026, 1, 1))
        assert client.get(person.get_absolute_url()).status_code == 200, text
    assert Person.objects.count() > 400
    for page in ("/prisoners/", "/sitemap-people.xml"):
        assert client.get(page).status_code == 200


def names_in(text, names):
    """Return the names that block a text."""
    index, ids = NameIndex(), {}
    for name in names:
        ids[pk := uuid4()] = name
        index.add(pk, [Name(name, exact=True)])
    return {ids[match.person] for match in index.matches(text) if match.blocks}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Ilham Tohti", "the scholar Ilham Tohti’s family"),
        ("Ilham Tohti", "ILHAM TOHTI"),
        ("Chow Hang-tung", "Chow Hang Tung was"),
        ("Chow Hang-tung", "Chow\u00a0Hang\u2011tung"),
        ("José Díaz", "Jose Diaz"),
        ("Jose Diaz", "Jose\u0301 Di\u0301az"),
        ("Łukasz Żółć", "Lukasz Zolc"),
        ("O’Neill", "O'Neill"),
        ("毛泽东", "国家主席毛泽东说"),
        ("نرگس محمدی", "ونرگس محمدي"),
        ("محمد علي", "مُحَمَّد عَلِي"),
        ("김정은", "김정은은"),
        ("阿努克萨贝林", "阿努克·萨贝林说"),
        ("毛泽东", "1. 毛 泽东 Mao"),
        ("ཚེ་རིང་འོད་ཟེར།", "བླ་མ་ཚེ་རིང་འོད་ཟེར་གྱིས"),
        ("Jimmy Lai", "𝐉𝐢𝐦𝐦𝐲 Ｌａｉ"),
        ("Jimmy Lai", "Jimmy\u200b Lai and Ji\u00admmy"),
    ],
)
def test_a_name_is_found_in_any_spelling(name, text):
    assert names_in(text, [name, "Somebody Else"]) == {name}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Lai", "Laissez passer, Calais, Lai1"),
        ("Ana", "Diana and Anaïs"),
        ("Ali", "علي"),
        ("Jimmy Lai", "Jimmy went; Laidlaw stayed"),
        ("محمد", "محمدي"),
        ("毛泽东", "毛。泽东"),
        ("", "nobody"),
        ("-", "a - b"),
    ],
)
def test_a_part_of_another_word_is_not_found_as_a_name(name, text):
    assert names_in(text, [name]) == set()


@pytest.mark.django_db
def test_the_title_of_a_person_depends_on_the_day():
    person = make_person()
    for title, start, end in [
        ("Researcher", None, date(2019, 12, 31)),
        ("Deputy Director", date(2020, 1, 1), date(2024, 6, 30)),
        ("Acting Director", date(2024, 5, 1), None),
    ]:
        Role.objects.create(person=person, title=title, start=start, end=end)
    titles = {
        date(1990, 1, 1): "Researcher",
        date(2019, 12, 31): "Researcher",
        date(2020, 1, 1): "Deputy Director",
        date(2024, 6, 30): "Acting Director",
        date(2030, 1, 1): "Acting Director",
    }
    assert {day: person.title_on(day) for day in titles} == titles
    assert make_person("Nobody In Particular").title_on(date(2024, 1, 1)) == ""


@pytest.mark.django_db
@pytest.mark.parametrize("level", Level)
def test_method_and_queryset_agree_on_how_far_a_person_may_be_named(level):
    person = make_person(level=level)
    assert Person.objects.with_page().contains(person) == person.has_page()
    assert Person.objects.protected().contains(person) == person.is_protected()


@pytest.mark.django_db
def test_a_person_with_a_page_needs_a_recorded_basis():
    with pytest.raises(ValidationError, match="Enter why this person may be named"):
        Person(display_name="Ansa Verel", level=Level.PUBLIC).full_clean()


@pytest.mark.django_db
@pytest.mark.parametrize("level", [Level.CASE_OFFICERS, Level.STAFF])
@pytest.mark.parametrize(
    ("place", "field", "words"),
    [
        ("the title", "title", "A word about Teodor Brask"),
        ("the standfirst", "standfirst", "TEODOR BRASK was seen"),
        ("the text", "body", "<p>of Téodor  Brask</p>"),
        ("the notes to editors", "notes_to_editors", "<p>ask for T. Braskovic</p>"),
    ],
)
def test_a_protected_name_blocks_the_approval_and_the_reason_names_its_place(
    level, place, field, words
):
    person = make_person("Teodor Brask", level=level)
    PersonName.objects.create(person=person, text="T. Braskovic", match_exactly=True)
    release = make_release("in_review", **{field: words})
    with pytest.raises(workflow.ActionBlocked) as refused:
        workflow.publish(release, by=make_chief(), at=timezone.now())
    (reason,) = as_shown(refused.value.blockers)
    assert f"in {place} is a protected name" in reason
    release.refresh_from_db()
    assert release.status == "in_review"


@pytest.mark.django_db
def test_lowering_a_level_removes_links_and_page_at_once(client):
    person = make_person("Ansa Verel", title="Director", speaks=True)
    release = make_release(body=f"<p>{mark(person)} spoke.</p>{quotation(person)}")
    address = person.get_absolute_url()
    assert address in client.get(release.get_absolute_url()).content.decode()
    person.level = Level.NAMEABLE
    person.save()
    page = client.get(release.get_absolute_url()).content.decode()
    assert "Ansa Verel" in page
    assert address not in page
    for path in (address, "/people/", "/sitemap-people.xml"):
        assert "Ansa Verel" not in client.get(path).content.decode()
    assert client.get(address).status_code == 404


@pytest.mark.django_db
def test_a_status_always_has_its_date(client):
    person = make_prisoner("Teodor Brask")
    known = timezone.localdate() - timedelta(days=400)
    unguarded(person.cases).update(as_of=known)
    for path in (person.get_absolute_url(), "/prisoners/"):
        page = client.get(path).content.decode()
        assert f'datetime="{known.isoformat()}"' in page, path
        assert "Imprisoned after conviction" in page, path

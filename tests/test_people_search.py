"""The desk finds a person by every spelling of a name that the protected-name check finds."""

import json
import unicodedata
from uuid import uuid4

import pytest
from django.test import Client

from people.models import Level, PersonName
from people.names import NameIndex
from tests.make import DATA, make_prisoner

PEOPLE, CASES = "/admin/people/person/", "/admin/people/case/"
pytestmark = pytest.mark.django_db

SAMPLES = json.loads((DATA / "names" / "w3c-personal-names.json").read_text())
NAMES = [
    *SAMPLES, "Zoë Åström", "José Núñez Ibáñez", "Nguyễn Văn Đài", "İlknur Üstün", "Łukasz Żółty",
    "Søren Ærøskov", "Θεόδωρος Παπαδόπουλος", "Йосиф Ёлкин", "محمد الأحمد", "劉曉波", "김정욱",
    "हिमांशु कुमार", "ስለሺ ሐጎስ", "โจชัว หว่อง", "Þóra Guðmundsdóttir", "François L’Écuyer",
    "Māris Bērziņš", "Ilham Tohti", "دڵشاد حەسەن", "ဒေါ်အောင်ဆန်းစုကြည်",
]  # fmt: skip


SOME = ["Zoë Åström", "Nguyễn Văn Đài", "İlknur Üstün", "Йосиф Ёлкин", "김정욱", "Björk"]


def _spellings(name: str) -> set[str]:
    decomposed = unicodedata.normalize("NFD", name)
    plain = "".join(
        char for char in decomposed
        if not (unicodedata.combining(char) and "\u0300" <= char <= "\u036f")
    )  # fmt: skip
    reversed_ = " ".join(reversed(name.split()))
    found = {
        name, decomposed, unicodedata.normalize("NFKC", name), plain, name.upper(), name.lower(),
        reversed_, unicodedata.normalize("NFD", reversed_), name[:-1], decomposed[:-1],
        name.split()[-1], unicodedata.normalize("NFD", name.split()[-1]),
        unicodedata.normalize("NFD", name.split()[0])[:-1], plain.split()[-1],
    }  # fmt: skip
    return {spelling for spelling in found if len(spelling.strip()) > 1}


def test_a_name_is_found_by_every_spelling_and_every_part() -> None:
    """Search the index and not the desk: a request for every spelling takes too long."""
    missed = []
    for name in NAMES:
        index = NameIndex()
        index.add(uuid4(), [name])
        missed += [(name, typed) for typed in _spellings(name) if not index.search(typed)]
    assert not missed


@pytest.mark.parametrize("is_other_name", [False, True])
@pytest.mark.parametrize("name", SOME)
def test_the_lists_of_the_desk_find_a_person_by_any_spelling(
    at_desk, editor, name: str, is_other_name: bool
) -> None:
    client = at_desk(editor)
    person = make_prisoner("Mira Holm" if is_other_name else name)
    if is_other_name:  # texts are not searched for this name, but the desk finds it
        PersonName.objects.create(person=person, text=name, matchable=False)
    case = person.cases.get()
    relation = {"app_label": "releases", "model_name": "quote", "field_name": "speaker"}
    decomposed = unicodedata.normalize("NFD", name)
    for typed in (name, decomposed, decomposed[:-1], decomposed.upper()):
        assert f"{PEOPLE}{person.pk}/change/" in _page(client, PEOPLE, typed), typed
        assert f"{CASES}{case.pk}/change/" in _page(client, CASES, typed), typed
        offered = client.get("/admin/autocomplete/", relation | {"term": typed}).json()
        assert [row["id"] for row in offered["results"]] == [str(person.pk)], typed


def test_a_search_does_not_show_a_person_that_only_case_officers_may_see(at_desk, editor) -> None:
    client = at_desk(editor)
    hidden = make_prisoner("Zoë Åström", level=Level.CASE_OFFICERS)
    for typed in _spellings("Zoë Åström"):
        assert f"{PEOPLE}{hidden.pk}/" not in _page(client, PEOPLE, typed)
        assert f"{CASES}{hidden.cases.get().pk}/" not in _page(client, CASES, typed)


def test_a_long_search_is_cut(at_desk, editor) -> None:
    make_prisoner("Zoë Åström")
    assert "Åström" in _page(at_desk(editor), PEOPLE, "å " * 3_000)


def _page(client: Client, address: str, typed: str) -> str:
    return client.get(address, {"q": typed}).content.decode()

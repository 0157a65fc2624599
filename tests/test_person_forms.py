"""The desk saves, lists and finds a name as it was typed."""

import json

import pytest
from django.apps import apps

from people.models import Person
from storing.texts import clean_text, is_blank
from tests.make import DATA, make_person

pytestmark = pytest.mark.django_db

PEOPLE = "/admin/people/person/"
NAMES = json.loads((DATA / "names" / "w3c-personal-names.json").read_text())
NAUGHTY = json.loads((DATA / "strings" / "blns.json").read_text())


def row(names=(), **values):
    """Return the form data of a person."""
    form = {"sort_name": "", "pronouns": "", "level": "1"}
    for inline in ("roles", "consents", "cases"):
        form |= {f"{inline}-TOTAL_FORMS": "0", f"{inline}-INITIAL_FORMS": "0"}
    form |= {"names-TOTAL_FORMS": str(len(names)), "names-INITIAL_FORMS": "0"}
    for number, name in enumerate(names):
        form |= {f"names-{number}-text": name, f"names-{number}-kind": "transliteration",
                 f"names-{number}-matchable": "on"}  # fmt: skip
    return form | values


def searched(client, term) -> set[str]:
    relation = {"app_label": "releases", "model_name": "quote", "field_name": "speaker"}
    found = client.get("/admin/autocomplete/", relation | {"term": term}).json()["results"]
    return {result["text"] for result in found}


@pytest.mark.parametrize("name", NAMES)
def test_a_name_of_any_kind_is_saved_listed_and_found(at_desk, editor, name):
    client = at_desk(editor)
    answer = client.post(f"{PEOPLE}add/", row(display_name=name))
    assert answer.status_code == 302
    person = Person.objects.get()
    assert (person.display_name, person.sort_name) == (name, name)
    found = client.get(PEOPLE, {"q": name}).content.decode()
    assert f"{PEOPLE}{person.pk}/change/" in found
    assert searched(client, name) == {name}
    other = client.post(f"{PEOPLE}add/", row([name], display_name="Somebody Else"))
    assert other.status_code == 302
    assert searched(client, name) == {name, "Somebody Else"}


def test_any_string_is_stored_cleaned_or_refused_with_a_sentence(at_desk, editor):
    """The Big List of Naughty Strings as other names of one person."""
    client = at_desk(editor)
    refused = 0
    # Some strings are cleaned to the same name, and a person cannot have one name twice.
    texts = list({clean_text(text, multiline=False): text.strip() for text in NAUGHTY}.values())
    for start in range(0, len(texts), 60):
        some = texts[start : start + 60]
        answer = client.post(f"{PEOPLE}add/", row(some, display_name=f"Person {start}"))
        if answer.status_code == 200:
            page = answer.content.decode()
            assert "Null characters are not allowed" in page or "at most 200 characters" in page
            good = [text for text in some if len(clean_text(text, multiline=False)) <= 200]
            refused += len(some) - len(good)
            answer = client.post(f"{PEOPLE}add/", row(good, display_name=f"Person {start}"))
            some = good
        assert answer.status_code == 302
        kept = Person.objects.get(display_name=f"Person {start}").names.values_list(
            "text", flat=True
        )
        stored = {clean_text(text, multiline=False) for text in some}
        assert set(kept) == {text for text in stored if not is_blank(text)}
    assert refused < 15


@pytest.mark.parametrize("text", [text for text in NAUGHTY if text.strip()][::12])
def test_a_search_at_the_desk_accepts_any_string(at_desk, editor, text):
    make_person("Nobody" if is_blank(clean_text(text, multiline=False)) else text[:200])
    client = at_desk(editor)
    assert client.get(PEOPLE, {"q": text}).status_code == 200
    searched(client, text)


def test_two_names_that_are_stored_as_one_are_refused_with_a_sentence(at_desk, editor):
    """The form once accepted both names, and the unique constraint caused an error page."""
    names = ["Ansa Verel", "\u202bAnsa Verel\u202b"]
    answer = at_desk(editor).post(f"{PEOPLE}add/", row(names, display_name="Somebody"))
    assert answer.status_code == 200
    assert "Please correct the duplicate data for text." in answer.text
    assert not Person.objects.exists()


def test_no_record_has_a_field_for_ethnicity_religion_orientation_or_politics():
    forbidden = ("ethnic", "religio", "orientation", "politic", "race", "caste", "sexual", "faith")
    for model in apps.get_app_config("people").get_models():
        for field in model._meta.get_fields():
            assert not [word for word in forbidden if word in field.name], (model, field.name)

"""People, levels and speakers on the page that confirms an import."""

import re
from html import unescape

import pytest
from django.test import Client

from desk.forms.imports import ConfirmImportForm
from people import levels
from people.models import Level, LevelChange, Person
from releases.models import Release
from tests.make import REAL_RELEASE, make_person

pytestmark = pytest.mark.django_db

IMPORT = "/admin/releases/release/import/"
TEXT = """The trial of Jamal Aziz ends

Ana Brask, director of the Vela Institute, met Foreign Minister Jonas Reuter in Berlin on Friday. \
The court convicted Jamal Aziz.

The lawyer Mia Holt said: “The prison has no doctor at all.” The director Ana Brask replied.

“We have asked for one for years and nobody has come to see him.”
"""


def read(client: Client, text: str = TEXT) -> str:
    return unescape(client.post(IMPORT, {"text": text}).content.decode())


def confirm(client: Client, text: str = TEXT, **chosen: str):
    form = {"source": ConfirmImportForm.pack(text.encode()), "filename": "pasted text"}
    return client.post(IMPORT, form | chosen, follow=True)


def number_of(page: str, name: str) -> str:
    found = re.search(rf'<label for="id_person_(\d+)">{name}:</label>', page)
    assert found, page
    return found[1]


def test_a_level_can_be_requested_for_a_new_person(at_desk, editor, publisher):
    client = at_desk(editor)
    number = number_of(read(client), "Jonas Reuter")
    chosen = {
        f"person_{number}": "create", f"level_{number}": "2",
        f"basis_{number}": "He is a minister; his name is public.",
    }  # fmt: skip
    confirm(client, **chosen)
    person = Person.objects.get()
    assert person.level == Level.STAFF  # until a second person approves
    change = LevelChange.objects.get()
    assert (change.person, change.after, change.requested_by) == (person, Level.NAMEABLE, editor)
    assert change.basis == "He is a minister; his name is public."
    assert levels.approval_blockers(change, editor)
    levels.approve_level(change, by=publisher)
    person.refresh_from_db()
    assert person.level == Level.NAMEABLE


@pytest.mark.parametrize(
    ("chosen", "sentence"),
    [
        ({"person": "create", "level": "2"}, "Enter why the person may be named"),
        ({"person": "create", "level": "2", "basis": "  "}, "Enter why the person may be named"),
        ({"person": "", "level": "2", "basis": "Public."}, "Choose the person or create"),
        ({"person": "create", "level": "", "basis": "Public."}, "Choose a level."),
        ({"person": "create", "level": "1", "basis": "Public."}, "Select a valid choice"),
        ({"person": "create", "level": "x", "basis": "Public."}, "Select a valid choice"),
    ],
)
def test_a_level_needs_a_person_and_a_basis(at_desk, editor, chosen, sentence):
    client = at_desk(editor)
    number = number_of(read(client), "Jonas Reuter")
    answer = confirm(client, **{f"{key}_{number}": value for key, value in chosen.items()})
    assert sentence in unescape(answer.content.decode())
    assert not Person.objects.exists()
    assert not Release.objects.exists()


def test_a_level_that_cannot_be_requested_stores_nothing(at_desk, editor):
    known = make_person("Jonas Reuter", level=Level.PUBLIC)
    client = at_desk(editor)
    page = read(client)
    number, other = number_of(page, "Jonas Reuter"), number_of(page, "Jamal Aziz")
    answer = confirm(client, **{
        f"person_{number}": str(known.pk), f"level_{number}": "2", f"basis_{number}": "Public.",
        f"person_{other}": "create",
    })  # fmt: skip
    assert "The level is already 3." in answer.content.decode()
    assert not Release.objects.exists()
    assert list(Person.objects.all()) == [known]


def test_an_author_is_not_offered_levels_and_cannot_request_them(at_desk, author):
    client = at_desk(author)
    page = read(client)
    assert "Request a higher level" not in page
    number = number_of(page, "Jonas Reuter")
    confirm(client, **{
        f"person_{number}": "create", f"level_{number}": "3", f"basis_{number}": "Public.",
    })  # fmt: skip
    assert Person.objects.get().level == Level.STAFF
    assert not LevelChange.objects.exists()


def test_a_record_that_only_case_officers_may_see_is_not_shown(at_desk, editor):
    client = at_desk(editor)
    before = read(client)
    hidden = make_person("Jonas Reuter", level=Level.CASE_OFFICERS)
    without_token = re.compile(r'name="csrfmiddlewaretoken" value="[^"]*"')
    assert without_token.sub("", read(client)) == without_token.sub("", before)
    number = number_of(before, "Jonas Reuter")
    answer = confirm(client, **{
        f"person_{number}": str(hidden.pk), f"level_{number}": "2", f"basis_{number}": "Public.",
    })  # fmt: skip
    assert "Select a valid choice" in answer.content.decode()
    assert not LevelChange.objects.exists()


def test_a_doubtful_speaker_is_offered_and_set_if_it_is_ticked(at_desk, editor):
    client = at_desk(editor)
    text = TEXT.replace("The director Ana Brask replied.", "").replace(
        "said: “The prison has no doctor at all.”", "came. “The prison has no doctor,” she said."
    )
    page = read(client, text)
    assert page.count("may be the speaker of") == 1
    assert "Mia Holt may be the speaker of “We have asked" in page
    confirm(client, text)
    (quotation,) = Release.objects.get().document.quotations
    assert (quotation.name, quotation.speaker) == ("", None)
    Release.objects.all().delete()
    number = number_of(page, "Mia Holt")
    confirm(client, text, speaker_0="on", **{f"person_{number}": "create"})
    (quotation,) = Release.objects.get().document.quotations
    assert quotation.speaker == Person.objects.get(display_name="Mia Holt").pk


def test_a_draft_has_one_sentence_for_each_person_who_may_not_be_named(at_desk, editor):
    client = at_desk(editor)
    text = REAL_RELEASE.read_text()
    page = read(client, text)
    people = re.findall(r'<label for="id_person_(\d+)">([^<]*):</label>', page)
    confirm(client, text, **{f"person_{number}": "create" for number, _ in people})
    release = Release.objects.get()
    draft = unescape(client.get(f"/admin/releases/release/{release.pk}/change/").content.decode())
    assert "may not be named" in draft
    for person in Person.objects.all():
        entries = re.findall(r"<li>([^<]*)</li>", draft)
        about = [entry for entry in entries if f"“{person}”" in entry]
        assert len(about) <= 1, about


def test_the_page_has_no_part_about_people_if_none_was_found(at_desk, author):
    text = "The court closed\n\nThe court was closed on Monday because its roof had to be repaired."
    page = at_desk(author).post("/admin/releases/release/import/", {"text": text})
    assert "Create draft" in page.content.decode()
    assert "People found in the text" not in page.content.decode()

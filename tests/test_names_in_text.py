"""The form of a release offers people for the names in its text; the editor accepts or rejects."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from people.models import Level
from releases import workflow
from releases.models import Mention, RejectedName, Release
from tests.make import (
    make_chief,
    make_person,
    make_prisoner,
    make_release,
    make_user,
    mark,
    unguarded,
)
from tests.test_admin import form_data, form_of
from tests.test_name_index import HOSTILE

pytestmark = pytest.mark.django_db

NAMES = "/admin/releases/release/names/"


def ask(client, *paragraphs, people=(), rejected=(), release=""):
    sent = {
        "paragraphs": list(paragraphs), "people": [str(pk) for pk in people],
        "rejected": list(rejected), "release": str(release),
    }  # fmt: skip
    return client.post(NAMES, json.dumps(sent), content_type="application/json")


def offered(client, *paragraphs, **more):
    answer = ask(client, *paragraphs, **more)
    assert answer.status_code == 200
    return [
        (offer["name"], [person["text"] for person in offer["people"]], offer["times"])
        for offer in answer.json()["offers"]
    ]


def hinted(client, *paragraphs, **more):
    hints = ask(client, *paragraphs, **more).json()["hints"]
    return [(hint["name"], [person["text"] for person in hint["people"]]) for hint in hints]


def test_recorded_people_are_offered_with_their_position_and_a_detail(at_desk, author):
    make_person("Jimmy Lai", title="Publisher")
    text = "It was Jimmy Lai. Later Lai spoke."
    answer = ask(at_desk(author), "Nothing here.", text).json()
    (offer,) = answer["offers"]
    assert (offer["name"], offer["times"]) == ("Jimmy Lai", 2)
    assert (offer["paragraph"], offer["at"]) == (1, text.index("Jimmy"))
    assert offer["people"][0]["detail"] == "Publisher"
    assert answer["hints"] == []


def test_a_position_is_counted_as_in_a_browser(at_desk, author):
    make_person("Jimmy Lai")
    answer = ask(
        at_desk(author), None, "𝐀 😀\ud800 Jimmy Lai, and human rights lawyer Ana Rey said so."
    )
    (offer,), (hint,) = answer.json()["offers"], answer.json()["hints"]
    assert (offer["paragraph"], offer["at"]) == (1, 7)
    assert (hint["name"], hint["at"]) == ("Ana Rey", 42)


def test_namesakes_are_all_offered_and_none_is_chosen(at_desk, author):
    make_person("Li Na", title="Lawyer")
    make_person("Li Na", title="Poet", level=Level.STAFF)
    (offer,) = ask(at_desk(author), "Li Na came.").json()["offers"]
    assert sorted(person["detail"] for person in offer["people"]) == [
        "Lawyer", "Poet · may not be named (level 1)",
    ]  # fmt: skip


def test_a_namesake_without_a_title_has_the_case_as_detail(at_desk, author):
    unguarded(make_prisoner("Li Na").cases).update(country="CN")
    make_person("Li Na")
    (offer,) = ask(at_desk(author), "Li Na came.").json()["offers"]
    details = sorted(person["detail"] for person in offer["people"])
    assert details == ["", "Imprisoned after conviction, China"]


def test_a_person_whose_consent_has_ended_is_offered_with_a_note(at_desk, author):
    ended = timezone.localdate() - timedelta(days=1)
    make_person("Li Na", title="Poet", name_consent_until=ended)
    (offer,) = ask(at_desk(author), "Li Na came.").json()["offers"]
    assert offer["people"][0]["detail"] == "Poet · may not be named (consent has ended)"


def test_people_who_are_marked_or_speak_are_not_offered_again(at_desk, author):
    lai = make_person("Jimmy Lai")
    assert offered(at_desk(author), "Jimmy Lai.", people=[lai.pk]) == []
    assert offered(at_desk(author), "Jimmy Lai.") == [("Jimmy Lai", ["Jimmy Lai"], 1)]


def test_a_confirmed_name_becomes_a_mention_and_links_both_pages(at_desk, editor, client):
    lai = make_person("Jimmy Lai")
    release = make_release("draft", body="<p>It was Jimmy Lai.</p>")
    body = f"<p>It was {mark(lai)}. Again, {mark(lai)}.</p>"
    assert at_desk(editor).post(form_of(release), form_data(body=body)).status_code == 302
    assert Mention.objects.get().person == lai
    release = workflow.publish(Release.objects.get(), by=make_chief())
    page = client.get(release.get_absolute_url()).content.decode()
    assert page.count(f'<a class="person" href="{lai.get_absolute_url()}">') == 1
    assert release.title in client.get(lai.get_absolute_url()).content.decode()
    assert release.title in client.get(f"/releases/?person={lai.slug}").content.decode()
    assert f"urn:uuid:{lai.pk}" in page


def test_rejections_are_stored_when_the_release_is_saved(at_desk, editor):
    lai, other = make_person("Jimmy Lai"), make_person("Jimmy Lai", title="Cook")
    release = make_release("draft", body="<p>Jimmy Lai.</p>")
    client = at_desk(editor)
    rejected = json.dumps([["Jimmy Lai", str(lai.pk)], ["Peter Newman", ""]])
    assert client.post(form_of(release), form_data(rejected_names=rejected)).status_code == 302
    kept = RejectedName.objects.order_by("name").values_list("name", "person")
    assert list(kept) == [("jimmy lai", lai.pk), ("peter newman", None)]
    left = ask(client, "Jimmy Lai.", release=release.pk).json()["offers"]
    assert [person["id"] for person in left[0]["people"]] == [str(other.pk)]
    assert len(offered(client, "Jimmy Lai.", release=make_release("draft").pk)[0][1]) == 2
    again = form_data(read_version=2, rejected_names=rejected)
    assert client.post(form_of(release), again).status_code == 302
    assert RejectedName.objects.count() == 2


def test_a_rejection_needs_no_correction_of_a_public_release(at_desk):
    lai = make_person("Jimmy Lai")
    release = make_release(body="<p>Jimmy Lai.</p>")
    rejected = json.dumps([["Jimmy Lai", str(lai.pk)]])
    unchanged = {"title": release.title, "body": release.body, "slug": release.slug}
    form = form_data(**unchanged, read_version=release.version, rejected_names=rejected)
    chief = at_desk(make_user("publisher", "Publisher"))
    assert chief.post(form_of(release), form).status_code == 302
    assert RejectedName.objects.get().person == lai
    form = form_data(**unchanged | {"title": "T"}, read_version=release.version + 1)
    assert "Enter a correction notice" in chief.post(form_of(release), form).content.decode()


def test_an_unsaved_rejection_applies_only_in_the_form(at_desk, editor):
    lai = make_person("Jimmy Lai")
    release = make_release("draft")
    client = at_desk(editor)
    assert offered(client, "Jimmy Lai.", rejected=[["JIMMY LAI", str(lai.pk)]]) == []
    assert not RejectedName.objects.exists()
    rejected = json.dumps([["Jimmy Lai", str(lai.pk)]])
    page = client.post(form_of(release), form_data(title="", slug="!!", rejected_names=rejected))
    assert page.status_code == 200
    # The address is refused; the rejection is still in the form.
    assert str(lai.pk) in page.content.decode()
    assert not RejectedName.objects.exists()


def test_likely_new_people_and_misspellings_are_only_hints(at_desk, author):
    make_person("Ilham Tohti")
    text = "It was Ilham Tokhti, and human rights lawyer Peter Newman said so."
    client = at_desk(author)
    assert offered(client, text) == []
    assert hinted(client, text) == [("Ilham Tokhti", ["Ilham Tohti"]), ("Peter Newman", [])]
    assert hinted(client, text, rejected=[["Peter Newman", ""]]) == [
        ("Ilham Tokhti", ["Ilham Tohti"])
    ]


def test_a_hidden_record_is_never_offered(at_desk, author, editor):
    hidden = make_person("Zaunkönigin Verel", level=Level.CASE_OFFICERS)
    hidden.names.create(text="Anna Example")
    texts = ["Zaunkönigin Verel, Anna Example.", "Zaunkoenigin Verel; Zaunkönigin Veral."]
    for user in (author, editor):
        answer = ask(at_desk(user), *texts)
        assert str(hidden.pk) not in answer.content.decode()
        assert answer.json()["offers"] == []
    rejected = json.dumps([["Anna Example", str(hidden.pk)]])
    release = make_release("draft")
    assert (
        at_desk(editor).post(form_of(release), form_data(rejected_names=rejected)).status_code
        == 302
    )
    assert not RejectedName.objects.exists()
    hidden.case_officers.add(editor)
    assert offered(at_desk(editor), texts[0])[0][1] == ["Zaunkönigin Verel"]


def test_a_hidden_record_does_not_change_the_answer(at_desk, author):
    make_person("Ana Verel")
    texts = ["It was human rights lawyer Zora Veral who said so.", "Ana Verel Ruiz. Ruiz came."]
    client = at_desk(author)
    before = ask(client, *texts).json()
    assert [offer["name"] for offer in before["offers"]] == ["Ana Verel"]
    assert [hint["name"] for hint in before["hints"]] == ["Zora Veral"]
    for name in ("Zora Veral", "Zora Verel", "Ana Verel Ruiz", "Ana Verel"):
        make_person(name, level=Level.CASE_OFFICERS)
    assert ask(client, *texts).json() == before


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_hostile_texts_are_searched_in_time(at_desk, author, number):
    make_person("Jimmy Lai")
    make_person("毛泽东")
    assert ask(at_desk(author), HOSTILE[number]).status_code == 200


def test_a_name_that_is_often_misspelt_is_looked_up_once(
    at_desk, author, django_assert_max_num_queries
):
    make_person("Ilham Tohti")
    client = at_desk(author)
    hinted(client, "Ilham Tokhti")
    with django_assert_max_num_queries(15):
        assert len(hinted(client, "Ilham Tokhti, again. " * 2_000)) == 1


@pytest.mark.parametrize(
    "body",
    ["", "x", "[]", "{}", '{"paragraphs": 5, "people": [], "rejected": []}',
     '{"paragraphs": [], "people": null, "rejected": []}', "[" * 50_000, b"\xff\xfe"],
)  # fmt: skip
def test_a_request_without_text_is_answered_with_a_sentence(at_desk, author, body):
    answer = at_desk(author).post(NAMES, body, content_type="application/json")
    assert answer.status_code == 400
    assert "The text can’t be read" in answer.content.decode()


def test_invalid_parts_of_a_request_are_ignored(at_desk, author):
    make_person("Jimmy Lai")
    sent = {
        "paragraphs": [None, 5, "Jimmy Lai \ud800", ""], "people": [None, "x", {}],
        "rejected": [None, [], ["a"], [5, 6], ["", ""], ["Jimmy", "no uuid"], "ab"],
        "release": {"x": 1},
    }  # fmt: skip
    answer = at_desk(author).post(NAMES, json.dumps(sent), content_type="application/json")
    assert [offer["name"] for offer in answer.json()["offers"]] == ["Jimmy Lai"]


def test_a_text_that_is_too_long_is_answered_with_a_sentence(at_desk, author):
    for length in (200_001, 6_000_000):
        answer = ask(at_desk(author), "x" * length)
        assert answer.status_code == 413
        assert "too long" in answer.content.decode()


@pytest.mark.parametrize("value", ["x", "5", '{"a": 1}', "[[1, 2]]", '[["", ""]]', "null"])
def test_an_invalid_rejection_is_never_stored(at_desk, editor, value):
    release = make_release("draft", title="Before")
    answer = at_desk(editor).post(form_of(release), form_data(title="After", rejected_names=value))
    if answer.status_code == 302:
        assert Release.objects.get().title == "After"
    else:
        assert "The form was incomplete. Reload it and try again." in answer.content.decode()
    assert not RejectedName.objects.exists()


def test_a_rejected_name_is_stored_without_invalid_characters(at_desk, editor):
    lai = make_person("Jimmy Lai")
    release = make_release("draft")
    rejected = json.dumps([["Jimmy\ud800 Lai\0", str(lai.pk)], ["\ud800", ""], ["x" * 5_000, ""]])
    answer = at_desk(editor).post(form_of(release), form_data(rejected_names=rejected))
    assert answer.status_code == 302
    kept = RejectedName.objects.order_by("name").values_list("name", flat=True)
    assert list(kept) == ["jimmy lai", "x" * 200]


def test_only_writers_can_search_a_text_for_names(at_desk, client):
    assert client.post(NAMES).status_code == 302
    stranger = make_user("reader")
    assert at_desk(stranger).post(NAMES).status_code == 403
    assert at_desk(make_user("a", "Author")).get(NAMES).status_code == 400

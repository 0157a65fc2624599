"""A protected name anywhere in a release blocks it until a publisher allows the name."""

import pytest

from people.models import Level
from releases import workflow
from releases.models import Contact, Event, NameException, Topic
from tests.make import as_shown, make_chief, make_person, make_picture, make_release, quotation
from tests.test_admin import form_data

pytestmark = pytest.mark.django_db

LIST = "/admin/releases/release/"
NAME = "Iven Sorrel"


@pytest.fixture(autouse=True)
def sorrel():
    return make_person(NAME, level=Level.STAFF)


def text(response) -> str:
    return response.content.decode().replace("&#x27;", "'")


def with_topic():
    release = make_release("draft")
    release.topics.add(Topic.objects.create(name="Free Iven Sorrel"))
    return release


def with_contact():
    release = make_release("draft")
    release.contacts.add(Contact.objects.create(name="Office of Iven Sorrel"))
    return release


PLACES = {
    "the title": lambda: make_release("draft", title="Iven Sorrel is free"),
    "the text": lambda: make_release("draft", body="<p>One. It was Iven Sorrel. Two.</p>"),
    "an attribution": lambda: make_release(
        "draft",
        body=quotation(make_person("Ann Verel")).replace(
            "<blockquote", '<blockquote data-title="Lawyer of Iven Sorrel"'
        ),
    ),
    "the name of the topic of “Free Iven Sorrel”": with_topic,
    "the name of the contact of “Office of Iven Sorrel”": with_contact,
    "the file name of “iven_sorrel-at-home.jpg”": lambda: make_release(
        "draft",
        poster=make_picture("iven_sorrel-at-home.jpg", original_name="iven_sorrel-at-home.jpg"),
    ),
    "the caption of “picture.jpg”": lambda: make_release(
        "draft", poster=make_picture(caption="Iven Sorrel, at home")
    ),
    "the place of “picture.jpg”": lambda: make_release(
        "draft", poster=make_picture(place="House of Iven Sorrel")
    ),
}


@pytest.mark.parametrize("place", PLACES)
def test_a_protected_name_is_shown_with_its_place_and_sentence(place):
    release = PLACES[place]()
    reasons = as_shown(workflow.blockers(release))
    (reason,) = [why for why in reasons if f" in {place} is a protected name" in why]
    assert "Sorrel" in reason.partition("is a protected name")[2].title()


ROW = "<table><tr><td>{}</td><td>{}</td></tr></table>".format


@pytest.mark.parametrize(
    "body",
    [
        "<p>One.</p><table data-caption='Iven Sorrel'><tr><td>x</td></tr></table>",
        "<table><caption>The days of <i>Iven</i> Sorrel</caption><tr><td>x</table>",
        ROW("x", "Iven Sorrel"),
        ROW("Iven", "Sorrel"),
        ROW("Sorrel", "Iven"),
        ROW("x", ROW("Iven", "<ul><li>Sorrel</li></ul>")),
        "<p>Words<span data-footnote=1>It was Iven Sorrel.</span></p>",
        "<p>It was Iven<span data-footnote=1>A note.</span> Sorrel.</p>",
        "<p>It was Iven Sorrel<sup>1</sup>.</p>",
        "<p>It was Iven<sub>1</sub> Sorrel.</p>",
        "<p>It was <b>Iv</b>en <s><em>Sor</em>rel</s>.</p>",
        "<p>It was Iven <s>and</s> Sorrel<sup>1</sup>.</p>",
        '<p><a href="https://a.example/news/iven-sorrel_arrested.html">It was he.</a></p>',
        '<p>It<span data-footnote=1><a href="https://a.example/?q=Iven+S%6Frrel">1</a></span></p>',
        '<p><a href="mailto:iven.sorrel@a.example">Write to him.</a></p>',
        "<section data-kind=background><p>It was Iven Sorrel.</p></section>",
        "<ol start=4><li><ul><li>It was Iven Sorrel.</li></ul></li></ol>",
    ],
)  # fmt: skip
@pytest.mark.parametrize("field", ["body", "notes_to_editors"])
def test_a_protected_name_is_found_in_every_construction(field, body):
    release = make_release("draft", **{field: body})
    found = [
        reason for reason in as_shown(workflow.blockers(release)) if "protected name" in reason
    ]
    assert len(found) == 1
    # A correction of a public release is refused too.
    release = make_release()
    setattr(release, field, body)
    with pytest.raises(workflow.ActionBlocked):
        workflow.correct(release, by=make_chief(), text="Words.")


def test_the_sentence_is_the_one_that_contains_the_name():
    (reason,) = as_shown(workflow.blockers(PLACES["the text"]()))
    assert "protected name: “It was Iven Sorrel.” Remove it" in reason


def test_a_long_sentence_is_cut():
    body = f"<p>{'Many words and ' * 60} Iven Sorrel.</p>"
    (reason,) = as_shown(workflow.blockers(make_release("draft", body=body)))
    assert len(reason) < 400


def test_a_protected_name_blocks_a_correction_and_a_withdrawal():
    release = make_release()
    release.title = "Changed"
    with pytest.raises(workflow.ActionBlocked) as refusal:
        workflow.correct(release, by=make_chief(), text="It was not Iven Sorrel.")
    assert "in the correction is a protected name" in as_shown(refusal.value.blockers)[0]
    release.refresh_from_db()
    assert release.title != "Changed"
    with pytest.raises(workflow.ActionBlocked) as refusal:
        workflow.withdraw(release, by=make_chief(), reason="Iven Sorrel asked us to.")
    assert "in the reason of the withdrawal is a protected" in as_shown(refusal.value.blockers)[0]
    release.refresh_from_db()
    assert release.is_public()


# --- Allowing a name -------------------------------------------------------------------------


def test_a_namesake_is_allowed_with_a_reason_that_is_recorded(at_desk, publisher, client):
    release = make_release("in_review", title="Iven Sorrel, the footballer")
    desk = at_desk(publisher)
    assert "Allow a protected name" in text(desk.get(f"{LIST}{release.pk}/change/"))
    address = f"{LIST}{release.pk}/allow_name/"
    assert f"Protected names in this release: “{NAME}”" in text(desk.get(address))
    reason = "A footballer of the same name, a well-known one."
    form = {"version": release.version, "name": NAME, "reason": reason}
    assert desk.post(address, form).status_code == 302
    exception = NameException.objects.get()
    assert (exception.name, exception.by, exception.reason) == (NAME, publisher, reason)
    event = release.events.filter(verb=Event.Verb.NAME_ALLOWED).get()
    assert (event.actor, event.detail) == (publisher, {"name": NAME, "reason": reason})
    assert as_shown(workflow.blockers(release)) == []
    workflow.publish(release, by=publisher)
    assert NAME in client.get("/releases/").content.decode()


def test_an_exception_is_for_one_spelling_in_one_release(publisher, sorrel):
    sorrel.names.create(text="I. Sorrel", match_exactly=True)
    release = make_release("draft", title="Iven Sorrel", body="<p>Who is I. Sorrel?</p>")
    workflow.allow_name(release, by=publisher, name=NAME, reason="A namesake.")
    (reason,) = as_shown(workflow.blockers(release))
    assert "“I. Sorrel” in the text" in reason
    assert as_shown(workflow.blockers(make_release("draft", title="Iven Sorrel")))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"reason": " "}, "Enter why this name is allowed here"),
        ({"name": "Somebody"}, "is not in the text"),
        ({"name": ""}, "is not in the text"),
    ],
)
def test_an_exception_needs_a_name_in_the_text_and_a_reason(values, words, publisher):
    release = make_release("draft", title="Iven Sorrel")
    with pytest.raises(workflow.ActionBlocked, match=words):
        workflow.allow_name(release, by=publisher, **{"name": NAME, "reason": "x"} | values)
    assert not NameException.objects.exists()


def test_a_namesake_can_be_added_to_a_public_release_by_a_correction(at_desk, publisher):
    release = make_release()
    typed = form_data(read_version=release.version, title="Iven Sorrel, the footballer", minor="on")
    refused = text(at_desk(publisher).post(f"{LIST}{release.pk}/change/", typed))
    assert "“Iven Sorrel” in the title is a protected name" in refused
    assert f'href="{LIST}{release.pk}/allow_name/"' in refused
    form = {"version": release.version, "name": "IVEN SORREL", "reason": "The footballer."}
    assert at_desk(publisher).post(f"{LIST}{release.pk}/allow_name/", form).status_code == 302
    assert at_desk(publisher).post(f"{LIST}{release.pk}/change/", typed).status_code == 302
    release.refresh_from_db()
    assert release.title == "Iven Sorrel, the footballer"
    with pytest.raises(workflow.ActionBlocked, match="already allowed here"):
        workflow.allow_name(release, by=publisher, name="IVEN SORREL", reason="x")


def test_allowing_a_name_needs_the_permission(at_desk, editor):
    release = make_release("draft", title="Iven Sorrel")
    assert "Allow a protected name" not in text(at_desk(editor).get(f"{LIST}{release.pk}/change/"))
    with pytest.raises(workflow.ActionBlocked, match="You don’t have permission"):
        workflow.allow_name(release, by=editor, name=NAME, reason="x")


def test_an_exception_cannot_allow_a_protected_speaker(publisher, sorrel):
    release = make_release("draft", body=quotation(sorrel))
    with pytest.raises(workflow.ActionBlocked, match="is not in the text"):
        workflow.allow_name(release, by=publisher, name=NAME, reason="x")


def test_the_length_of_an_allowed_name_is_checked_in_its_stored_form(at_desk, publisher):
    """NFC can make a name longer than it was typed, and PostgreSQL refuses it."""
    release = make_release("in_review", title="Iven Sorrel, the footballer")
    form = {"version": release.version, "name": "\u0958" * 200, "reason": "A namesake."}
    answer = at_desk(publisher).post(f"{LIST}{release.pk}/allow_name/", form)
    assert answer.status_code == 200
    assert "at most 200 characters (it has 400)" in text(answer)

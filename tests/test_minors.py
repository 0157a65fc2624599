"""A person under eighteen: everyone who may edit the record sets the mark, two people remove it."""

from html import unescape

import pytest

from accounts.errors import ActionBlocked
from people import levels, minors
from people.models import Level, LevelChange, MinorMarkRemoval, Person
from tests.make import make_person, make_picture, make_release, make_user
from tests.test_person_forms import row

pytestmark = pytest.mark.django_db

PEOPLE = "/admin/people/person/"


@pytest.fixture
def guardian():
    """A publisher who is a case officer too, and may therefore name minors."""
    return make_user("guardian", "Publisher", "Case officer")


def text(response) -> str:
    return unescape(response.content.decode())


def save(client, person, **typed):
    return client.post(
        f"{PEOPLE}{person.pk}/change/",
        row(display_name=person.display_name, **typed),
        follow=True,
    )


def remove(client, person, follow=True, **typed):
    return client.post(f"{PEOPLE}{person.pk}/under-18/", typed, follow=follow)


@pytest.mark.parametrize("level", [Level.NAMEABLE, Level.PUBLIC])
def test_a_mark_lowers_the_level_at_once_and_the_desk_says_so(at_desk, editor, client, level):
    person = make_person("Teodor Brask", level=level)
    picture = make_picture()
    picture.depicts.add(person)
    release = make_release("published", body="<p>Teodor Brask is free.</p>")
    page = save(at_desk(editor), person, under_18="on")
    assert "Marked as under eighteen. The level was lowered to 1," in text(page)
    assert str(release) in text(page)  # the releases that print the name
    person.refresh_from_db()
    assert (person.level, person.under_18) == (Level.STAFF, True)
    change = LevelChange.objects.get()
    assert (change.outcome, change.before, change.after) == ("lowered", level, Level.STAFF)
    assert (change.requested_by, change.note) == (editor, "Marked as under eighteen.")
    assert client.get(person.get_absolute_url()).status_code == 404
    picture.refresh_from_db()
    assert not picture.is_usable()


@pytest.mark.parametrize("level", [Level.CASE_OFFICERS, Level.STAFF])
def test_a_mark_does_not_change_the_level_of_a_person_who_may_not_be_named(at_desk, editor, level):
    person = make_person(level=level)
    person.case_officers.add(editor)
    page = save(at_desk(editor), person, under_18="on", case_officers=[editor.pk])
    assert "was lowered" not in text(page)
    person.refresh_from_db()
    assert (person.level, person.under_18) == (level, True)
    assert not LevelChange.objects.exists()


def test_a_mark_is_set_with_a_new_record(at_desk, editor):
    at_desk(editor).post(f"{PEOPLE}add/", row(display_name="Somebody", under_18="on"))
    assert Person.objects.get().under_18


def test_saving_the_form_does_not_remove_the_mark(at_desk, editor):
    person = make_person(level=Level.STAFF, under_18=True)
    client = at_desk(editor)
    assert 'name="under_18"' not in text(client.get(f"{PEOPLE}{person.pk}/change/"))
    save(client, person)
    save(client, person, under_18="")
    read = Person.objects.get()
    read.under_18 = False  # a copy that was read before someone marked the person
    read.save()
    assert Person.objects.get().under_18


def test_two_people_remove_the_mark_and_then_raise_the_level(at_desk, editor, guardian):
    person = make_person("Teodor Brask", level=Level.STAFF, under_18=True)
    client = at_desk(editor)
    assert "Request removal of the mark" in text(client.get(f"{PEOPLE}{person.pk}/change/"))
    page = remove(client, person, reason="She turned eighteen in May.")
    assert "Request sent. A second person must approve it." in text(page)
    person.refresh_from_db()
    assert person.under_18
    assert "Requests to remove the mark" not in text(client.get("/admin/"))
    client = at_desk(guardian)
    desk = text(client.get("/admin/"))
    assert "Requests to remove the mark “under eighteen”" in desk
    assert "Teodor Brask" in desk
    assert "She turned eighteen in May." in text(client.get(f"{PEOPLE}{person.pk}/under-18/"))
    page = remove(client, person, approve="Approve")
    assert "Mark removed." in text(page)
    assert "She turned eighteen in May." in text(page)  # the record beside the form
    removal = MinorMarkRemoval.objects.get()
    assert (removal.outcome, removal.requested_by, removal.decided_by) == (
        "approved",
        editor,
        guardian,
    )
    person.refresh_from_db()
    assert (person.under_18, person.level) == (False, Level.STAFF)
    assert not person.history.first().under_18


def test_removing_the_mark_needs_the_permission_and_a_second_person(
    at_desk, editor, publisher, guardian
):
    person = make_person(level=Level.STAFF, under_18=True)
    remove(at_desk(guardian), person, reason="Wrong.")
    page = remove(at_desk(guardian), person, approve="Approve")
    assert "You made this request. A second person must approve it." in text(page)
    page = remove(at_desk(publisher), person, approve="Approve")
    assert "Only users with the role “Case officer” can approve this." in text(page)
    page = remove(at_desk(publisher), person, reject="Reject")
    assert "Only users with the role “Case officer” can decide this." in text(page)
    assert Person.objects.get().under_18
    assert MinorMarkRemoval.objects.get().outcome == "requested"
    page = remove(at_desk(guardian), person, reject="Reject", note="It was a mistake.")
    assert "Request rejected. The mark stays." in text(page)
    assert Person.objects.get().under_18
    assert MinorMarkRemoval.objects.get().note == "It was a mistake."


def test_a_removal_request_needs_a_reason_a_mark_and_no_other_open_request(editor, author):
    person = make_person(level=Level.STAFF, under_18=True)
    with pytest.raises(ActionBlocked, match="Enter a reason"):
        minors.request_removal(person, reason=" ", by=editor)
    with pytest.raises(ActionBlocked, match="don’t have permission"):
        minors.request_removal(person, reason="x", by=author)
    minors.request_removal(person, reason="x", by=editor)
    with pytest.raises(ActionBlocked, match="request is already open"):
        minors.request_removal(person, reason="x", by=editor)
    with pytest.raises(ActionBlocked, match="not marked"):
        minors.request_removal(make_person(), reason="x", by=editor)


def test_a_decided_request_cannot_be_decided_again(editor, guardian):
    person = make_person(level=Level.STAFF, under_18=True)
    removal = minors.request_removal(person, reason="x", by=editor)
    minors.approve_removal(removal, by=guardian)
    minors.mark(person, by=editor)
    for decide in (minors.approve_removal, minors.reject_removal):
        with pytest.raises(ActionBlocked, match="has decided this since"):
            decide(removal, by=guardian)
    assert Person.objects.get().under_18


def test_removing_the_mark_and_raising_the_level_each_need_the_permission(editor, publisher):
    """The reported gap: an editor removes the mark, and a publisher approves the level."""
    person = make_person(level=Level.STAFF, under_18=True)
    change = levels.request_level(person, to=Level.PUBLIC, basis="x", by=editor)
    removal = minors.request_removal(person, reason="x", by=editor)
    with pytest.raises(ActionBlocked, match="role “Case officer”"):
        minors.approve_removal(removal, by=publisher)
    with pytest.raises(ActionBlocked, match="role “Case officer”"):
        levels.approve_level(change, by=publisher)


def test_a_record_the_user_may_not_see_answers_404(at_desk, editor):
    person = make_person(level=Level.CASE_OFFICERS, under_18=True)
    assert remove(at_desk(editor), person, reason="x").status_code == 404
    with pytest.raises(ActionBlocked, match="no such person"):
        minors.mark(person, by=editor)

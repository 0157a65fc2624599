"""Case officers are named by a recorded action, and a record at level 0 always keeps one."""

import re
from html import unescape
from io import StringIO
from uuid import uuid4

import pytest
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.db import models, transaction
from django.utils import timezone

from accounts.errors import ActionBlocked
from accounts.hooks import announce_leaving, find_blockers
from accounts.models import AccessEvent, User
from jobs.models import Email
from people import levels, officers
from people.models import Case, Level, Person
from tests.make import (
    historical_apps,
    make_chief,
    make_person,
    make_prisoner,
    make_release,
    make_user,
)
from tests.test_person_forms import row

pytestmark = pytest.mark.django_db

PEOPLE = "/admin/people/person/"
NAME = "Teodor Brask"
AN_OFFICER = ("Editor", "Case officer")


@pytest.fixture
def ada():
    return make_user("ada", *AN_OFFICER, email="ada@n.example")


@pytest.fixture
def bo():
    return make_user("bo", *AN_OFFICER, email="bo@n.example")


@pytest.fixture
def hidden(ada):
    """A record at level 0 with one case officer."""
    person = make_person(NAME, level=Level.CASE_OFFICERS)
    person.case_officers.add(ada)
    return person


def text(response) -> str:
    return unescape(response.content.decode())


def named(person) -> set[User]:
    return set(person.case_officers.all())


def recorded(person) -> list[tuple]:
    events = AccessEvent.objects.filter(about=f"person:{person.pk}").order_by("pk")
    return [(each.verb, each.actor_id, each.subject_id) for each in events]


def save(client, person, users, **typed):
    """Save the form of a record with these case officers ticked."""
    posted = row(display_name=NAME, case_officers=[user.pk for user in users])
    return client.post(f"{PEOPLE}{person.pk}/change/", posted | typed, follow=True)


def close(user, **fields):
    """Change an account as a stock page of Django can do it, without the checks of the team."""
    models.QuerySet(User).filter(pk=user.pk).update(**{"is_active": False} | fields)


# --- Who can be named ----------------------------------------------------------------------------


def test_only_active_users_with_the_role_can_be_named(ada, bo, publisher):
    make_chief()  # a superuser without the role
    closed = make_user("closed", *AN_OFFICER, is_active=False)
    outside = make_user("outside", *AN_OFFICER)
    close(outside, is_active=True, is_staff=False)
    assert set(officers.eligible()) == {ada, bo}
    person = make_person(level=Level.STAFF)
    for user in (closed, outside, make_user("editor", "Editor"), make_chief()):
        with pytest.raises(ActionBlocked, match="can’t be a case officer"):
            officers.name(person, user, by=publisher)
    assert not named(person)
    assert not AccessEvent.objects.exists()


def test_naming_and_removing_is_recorded_without_a_name(hidden, ada, bo):
    officers.name(hidden, bo, by=ada)
    officers.name(hidden, bo, by=ada)  # nothing changes
    officers.remove(hidden, ada, by=bo)
    assert named(hidden) == {bo}
    assert recorded(hidden) == [
        ("officer_added", ada.pk, bo.pk),
        ("officer_removed", bo.pk, ada.pk),
    ]
    assert not any(event.detail for event in AccessEvent.objects.all())


def test_a_named_user_gets_an_e_mail_without_the_name(hidden, ada, bo):
    officers.name(hidden, bo, by=ada)
    email = Email.objects.get()
    assert email.to == "bo@n.example"
    assert f"{PEOPLE}{hidden.pk}/change/" in email.text
    for part in (email.subject, email.text, email.about):
        assert "Brask" not in part
    assert "level" not in email.subject  # editors see the subjects of all e-mails


def test_users_outside_cannot_name_officers(hidden, bo):
    for user in (bo, make_chief(), make_user("publisher", "Publisher")):
        with pytest.raises(ActionBlocked, match="There is no such person"):
            officers.name(hidden, user, by=user)
    shown = make_person(level=Level.STAFF)
    with pytest.raises(ActionBlocked, match="Only a case officer of this person or a publisher"):
        officers.name(shown, bo, by=bo)
    with pytest.raises(ActionBlocked, match="permission to change people’s records"):
        officers.name(shown, bo, by=make_user("author", "Author"))


def test_the_last_officer_cannot_be_removed(at_desk, hidden, ada, bo):
    with pytest.raises(ActionBlocked, match="needs a case officer who can sign in"):
        officers.remove(hidden, ada, by=ada)
    page = text(save(at_desk(ada), hidden, []))
    assert "A record at level 0 needs a case officer who can sign in." in page
    assert named(hidden) == {ada}
    hidden.case_officers.add(bo)
    close(bo)  # the other one can't sign in
    with pytest.raises(ActionBlocked, match="needs a case officer who can sign in"):
        officers.remove(hidden, ada, by=ada)
    person = make_person(level=Level.STAFF)
    person.case_officers.add(ada)
    assert not named(officers.remove(person, ada, by=ada))  # everyone at the desk sees it


def test_an_officer_of_an_earlier_version_can_stay_and_is_offered(at_desk, hidden, ada, editor):
    hidden.case_officers.add(editor)  # an editor without the role
    page = at_desk(ada).get(f"{PEOPLE}{hidden.pk}/change/").content.decode()
    assert set(re.findall(r'name="case_officers" value="(\d+)"', page)) == {
        str(ada.pk), str(editor.pk),
    }  # fmt: skip
    save(at_desk(ada), hidden, [ada, editor])
    assert named(hidden) == {ada, editor}


# --- The form ------------------------------------------------------------------------------------


def test_the_form_offers_only_users_who_can_be_named(at_desk, hidden, ada, bo, editor):
    page = at_desk(ada).get(f"{PEOPLE}{hidden.pk}/change/").content.decode()
    offered = set(re.findall(r'name="case_officers" value="(\d+)"', page))
    assert offered == {str(ada.pk), str(bo.pk)}
    answer = text(save(at_desk(ada), hidden, [ada, editor]))  # posted by hand
    assert f"Select a valid choice. {editor.pk} is not one of the available choices." in answer
    assert named(hidden) == {ada}
    assert not AccessEvent.objects.exists()


def test_the_form_names_and_removes_officers_and_records_it(at_desk, hidden, ada, bo):
    save(at_desk(ada), hidden, [ada, bo])
    assert named(hidden) == {ada, bo}
    assert recorded(hidden) == [("officer_added", ada.pk, bo.pk)]
    assert Email.objects.get().to == "bo@n.example"


def test_an_officer_who_leaves_a_record_is_not_shown_its_name_again(at_desk, hidden, ada, bo):
    hidden.case_officers.add(bo)
    for button in ("_save", "_continue"):
        hidden.case_officers.add(ada)
        answer = save(at_desk(ada), hidden, [bo], **{button: "1"})
        assert answer.status_code == 200
        assert "Only the case officers of the record see it now." in text(answer)
        assert "Brask" not in text(answer)
    assert named(hidden) == {bo}


def test_the_second_of_two_tabs_cannot_remove_the_last_officer(at_desk, hidden, ada, bo):
    hidden.case_officers.add(bo)
    read = hidden.history.first().pk
    save(at_desk(ada), hidden, [ada], read_version=read)  # removes bo
    page = text(save(at_desk(ada), hidden, [bo], read_version=read))
    assert "saved this on" in page
    assert named(hidden) == {ada}


def test_a_new_record_at_level_0_has_the_chosen_officers_or_its_author(at_desk, ada, bo, editor):
    new = f"{PEOPLE}add/"
    typed = row(display_name=NAME, level="0")
    page = text(at_desk(editor).post(new, typed, follow=True))
    assert "No case officer was chosen, so you are the case officer of this record." in page
    assert named(Person.objects.get()) == {editor}
    Person.objects.all().delete()
    page = text(at_desk(editor).post(new, typed | {"case_officers": [ada.pk, bo.pk]}, follow=True))
    person = Person.objects.get()
    assert named(person) == {ada, bo}
    assert "Only the case officers of the record see it now." in page
    assert "Brask" not in page
    assert {subject for _verb, _by, subject in recorded(person)} == {ada.pk, bo.pk}
    form = at_desk(ada).get(new).content.decode()  # an eligible author is ticked
    assert re.search(rf'name="case_officers" value="{ada.pk}"[^>]* checked', form)


# --- Lowering ------------------------------------------------------------------------------------


def lower(client, person, **typed):
    return client.post(f"{PEOPLE}{person.pk}/lower/", {"to": "0"} | typed, follow=True)


def test_who_lowers_to_level_0_chooses_who_sees_the_record(at_desk, editor, ada, bo):
    person = make_person(NAME, level=Level.PUBLIC)
    page = at_desk(editor).get(f"{PEOPLE}{person.pk}/change/").content.decode()
    offered = re.findall(r'name="lower-case_officers" value="(\d+)"([^>]*)', page)
    assert {pk for pk, _more in offered} == {str(ada.pk), str(bo.pk)}
    assert not any("checked" in more for _pk, more in offered)
    answer = text(lower(at_desk(editor), person, **{"lower-case_officers": [ada.pk]}))
    assert "Level lowered to 0 everywhere." in answer
    assert "Only the case officers of the record see it now." in answer
    assert "Brask" not in answer
    assert named(person) == {ada}
    assert recorded(person) == [("officer_added", editor.pk, ada.pk)]


def test_who_lowers_to_level_0_and_chooses_nobody_becomes_the_officer(at_desk, editor):
    person = make_person(NAME, level=Level.PUBLIC)
    answer = text(lower(at_desk(editor), person))
    assert "No case officer was chosen, so you are the case officer of this record." in answer
    assert "Where the name of Teodor Brask appears" in answer
    assert named(person) == {editor}
    assert recorded(person) == [("officer_added", editor.pk, editor.pk)]


@pytest.mark.parametrize("chosen", ["closed", "an editor", "x", "9" * 30, "-1", "ٱ", "٣"])
def test_hiding_is_never_refused_for_a_wrong_choice(at_desk, editor, chosen):
    people = {
        "closed": make_user("closed", *AN_OFFICER, is_active=False),
        "an editor": make_user("other", "Editor"),
    }
    typed = people[chosen].pk if chosen in people else chosen
    person = make_person(NAME, level=Level.PUBLIC)
    answer = text(lower(at_desk(editor), person, **{"lower-case_officers": [typed]}))
    assert "A user you chose can’t be a case officer, and was not named." in answer
    person.refresh_from_db()
    assert (person.level, named(person)) == (Level.CASE_OFFICERS, {editor})


def test_officers_who_were_named_before_keep_the_record(at_desk, editor, ada):
    person = make_person(NAME, level=Level.STAFF)
    person.case_officers.add(ada)
    page = text(at_desk(editor).get(f"{PEOPLE}{person.pk}/change/"))
    assert f"Case officers already: <bdi>{ada}</bdi>" in page
    assert "Brask" not in text(lower(at_desk(editor), person))
    assert named(person) == {ada}
    other = make_person("Other Name", level=Level.STAFF)
    other.case_officers.add(ada)
    close(ada)
    levels.lower_level(other, to=Level.CASE_OFFICERS, by=editor)
    assert named(other) == {ada, editor}


def test_an_editor_gets_the_text_back_if_the_record_moved_to_level_0_meanwhile(
    at_desk, editor, ada
):
    person = make_person(NAME, level=Level.STAFF)
    levels.lower_level(person, to=Level.CASE_OFFICERS, by=make_chief(), case_officers=[ada])
    typed = row(display_name="Teodora Grim", level="") | {"summary": "Arrested in May."}
    for pk in (person.pk, uuid4()):
        answer = at_desk(editor).post(f"{PEOPLE}{pk}/change/", typed)
        page = text(answer)
        assert answer.status_code == 404
        assert "Teodora Grim</textarea>" in page
        assert "Arrested in May.</textarea>" in page
        assert "Brask" not in page


# --- Leaving -------------------------------------------------------------------------------------


def test_the_only_officer_of_a_record_cannot_leave_until_another_is_named(hidden, ada, bo):
    make_person("Second Record", level=Level.CASE_OFFICERS).case_officers.add(ada)
    make_person("Known Record", level=Level.STAFF).case_officers.add(ada)
    (sentence,) = find_blockers(ada)
    assert f"can’t continue without {ada}" in sentence
    assert find_blockers(ada, losing=["Case officer"]) == [sentence]
    assert find_blockers(ada, losing=["Editor"]) == []
    assert find_blockers(bo) == []
    for person in officers.records_only_for(ada):
        officers.name(person, bo, by=ada)
    assert find_blockers(ada) == []
    close(bo)
    assert find_blockers(ada) != []


def test_the_form_of_superusers_keeps_the_only_officer_at_the_desk(at_desk, hidden, ada):
    path = f"/admin/accounts/user/{ada.pk}/change/"
    typed = {"username": "ada", "is_active": "on", "is_staff": "on"}
    typed["groups"] = [str(group.pk) for group in ada.groups.all()]
    page = text(at_desk(make_chief()).post(path, typed | {"is_staff": ""}))
    assert f"can’t continue without {ada}" in page
    assert officers.of(hidden).get() == ada


def test_a_role_in_another_group_keeps_an_officer_eligible(hidden, ada):
    group = Group.objects.create(name="Own group")
    group.permissions.set(Group.objects.get(name="Case officer").permissions.all())
    ada.groups.add(group)
    assert find_blockers(ada, losing=["Case officer"]) == []
    announce_leaving(ada, losing=["Case officer"])
    assert named(hidden) == {ada}


def test_an_officer_who_leaves_or_loses_the_role_is_removed_and_it_is_recorded(hidden, ada, bo):
    chief = make_chief()
    for losing in (None, ["Case officer"]):
        hidden.case_officers.set([ada, bo])
        announce_leaving(ada, by=chief, losing=["Editor"])
        assert named(hidden) == {ada, bo}
        announce_leaving(ada, by=chief, losing=losing)
        assert named(hidden) == {bo}
    assert recorded(hidden) == [("officer_removed", chief.pk, ada.pk)] * 2


# --- Records that nobody sees ---------------------------------------------------------------------


@pytest.fixture
def orphan():
    return make_person(NAME, level=Level.CASE_OFFICERS)


@pytest.fixture
def manager():
    """An administrator without a role that gives access to texts."""
    return make_user("manager", "Administrator")


def test_an_administrator_names_an_officer_without_seeing_the_record(at_desk, orphan, manager, ada):
    client = at_desk(manager)
    desk = text(client.get("/admin/"))
    assert "Records without a case officer" in desk
    page = text(client.get(f"{PEOPLE}without-officer/"))
    assert "At level 0 there are records without a case officer who can sign in" in page
    answer = client.post(f"{PEOPLE}without-officer/", {"user": ada.pk}, follow=True)
    assert f"Each record at level 0 has a case officer again. {ada} was named." in text(answer)
    assert "without a case officer" not in text(answer)
    for shown in (desk, page, text(answer)):
        assert "Brask" not in shown
        assert str(orphan.pk) not in shown
    assert named(orphan) == {ada}
    assert recorded(orphan) == [("officer_added", manager.pk, ada.pk)]
    assert "Each record at level 0 has a case officer." in text(
        client.get(f"{PEOPLE}without-officer/")
    )


def test_an_administrator_cannot_name_themselves_or_users_without_the_role(
    at_desk, orphan, ada, editor
):
    manager = make_user("manager", "Administrator", "Case officer")
    client = at_desk(manager)
    for pk in (manager.pk, editor.pk, "x", ""):
        answer = client.post(f"{PEOPLE}without-officer/", {"user": pk})
        assert answer.status_code == 200
    with pytest.raises(ActionBlocked, match="You can’t name yourself here"):
        officers.name_on_records_without_officer(manager, by=manager)
    assert not named(orphan)
    close(ada)
    page = text(client.get(f"{PEOPLE}without-officer/"))
    assert "No other user can be named." in page


def test_an_administrator_does_not_learn_how_many_records_have_no_officer(
    at_desk, orphan, manager, ada
):
    client = at_desk(manager)

    def pages():
        seen = [text(client.get(path)) for path in ("/admin/", f"{PEOPLE}without-officer/")]
        with transaction.atomic():
            named = client.post(f"{PEOPLE}without-officer/", {"user": ada.pk}, follow=True)
            transaction.set_rollback(True)
        random = r'name="csrfmiddlewaretoken" value="\w+"|nonce(-|=")[\w-]+'
        return [re.sub(random, "", page) for page in (*seen, text(named))]

    one = pages()
    make_person("Second Record", level=Level.CASE_OFFICERS)
    assert pages() == one


@pytest.mark.parametrize("role", ["Author", "Editor", "Publisher", "Case officer"])
def test_only_administrators_see_that_a_record_has_no_officer(at_desk, orphan, role):
    client = at_desk(make_user("user", role))
    assert "without a case officer" not in text(client.get("/admin/"))
    assert client.get(f"{PEOPLE}without-officer/").status_code == 403


def test_a_record_whose_officers_all_left_has_no_officer(hidden, ada):
    assert not Person.objects.without_officer().exists()
    close(ada)
    assert Person.objects.without_officer().get() == hidden


def test_the_command_names_an_officer_and_prints_no_name(orphan, ada, editor):
    for name, sentence in [
        ("nobody", "There is no user nobody."),
        (editor.username, "can’t be a case officer. Choose a user with the role"),
    ]:
        with pytest.raises(CommandError, match=sentence):
            call_command("nameofficer", name)
    out = StringIO()
    call_command("nameofficer", ada.username, stdout=out)
    assert out.getvalue() == f"1 record has a case officer again: {ada.username}.\n"
    assert recorded(orphan) == [("officer_added", None, ada.pk)]
    call_command("nameofficer", ada.username, stdout=out)
    assert "Each record at level 0 has a case officer. Nothing was changed." in out.getvalue()
    assert named(orphan) == {ada}


# --- The upgrade ----------------------------------------------------------------------------------


def test_the_upgrade_gives_the_role_to_the_officers_of_records_at_level_0(hidden, editor, ada):
    migration = __import__(
        "people.migrations.0013_case_officers_have_the_role", fromlist=["give_role"]
    )
    closed, above = make_user("closed", "Editor"), make_user("above", "Editor")
    hidden.case_officers.add(editor, closed)
    close(closed)
    make_person("Known Record", level=Level.STAFF).case_officers.add(above)

    class Editor:
        class connection:
            alias = "default"

    for _twice in range(2):
        migration.give_role(historical_apps(), Editor)
    assert set(User.objects.filter(groups__name="Case officer")) == {ada, editor}
    event = AccessEvent.objects.get()
    assert (event.verb, event.subject_id) == ("roles_changed", editor.pk)
    assert officers.eligible().contains(editor)


def test_the_desk_of_a_case_officer_without_another_role_shows_people_and_no_releases(at_desk):
    officer = make_user("officer", "Case officer")
    case = make_prisoner("Ana Brask").cases.get()
    models.QuerySet(Case).filter(pk=case.pk).update(review_due=timezone.localdate())
    release = make_release(title="A text of the newsroom")
    page = at_desk(officer).get("/admin/").content.decode()
    assert "Cases to review" in page
    assert "Ana Brask" in page
    assert release.title not in page

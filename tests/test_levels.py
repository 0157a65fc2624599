"""How far a person may be named: two people raise it, one lowers it, and it applies everywhere."""

import io
import zipfile
from datetime import timedelta
from importlib import import_module
from types import SimpleNamespace

import pytest
import time_machine
from django.db import connection, models
from django.test import Client
from django.utils import timezone

from assets.models import MediaAsset
from people import levels
from people.levels import ActionBlocked
from people.models import Case, Consent, Level, LevelChange, Person
from releases import workflow
from releases.models import Release
from releases.rules.protected_names import printing
from tests.make import (
    as_shown,
    historical_apps,
    make_chief,
    make_person,
    make_picture,
    make_prisoner,
    make_release,
    make_user,
    mark,
    picture_bytes,
    quotation,
)

pytestmark = pytest.mark.django_db

PEOPLE = "/admin/people/person/"
DAY = timedelta(days=1)


def text(response) -> str:
    return response.content.decode().replace("&#x27;", "'")


@pytest.fixture
def second():
    return make_user("second", "Publisher")


# --- Raising -------------------------------------------------------------------------------------


def test_a_level_is_raised_by_two_people_on_a_recorded_basis(at_desk, editor, publisher, client):
    person = make_prisoner("Teodor Brask", level=Level.STAFF)
    desk = at_desk(editor)
    page = desk.post(f"{PEOPLE}{person.pk}/raise/", {"to": "3", "basis": "His own consent."})
    assert page.status_code == 302
    person.refresh_from_db()
    assert person.level == Level.STAFF
    assert client.get("/prisoners/").content.decode().count("Brask") == 0
    waiting = text(at_desk(publisher).get("/admin/"))
    assert "Teodor Brask" in waiting
    assert f"requested by {editor}" in waiting
    decide = f"{PEOPLE}{person.pk}/decide/"
    assert "His own consent." in text(at_desk(publisher).get(decide))
    assert at_desk(publisher).post(decide, {"approve": "Approve"}).status_code == 302
    person.refresh_from_db()
    assert (person.level, person.level_basis) == (Level.PUBLIC, "His own consent.")
    assert person.get_absolute_url() == "/people/teodor-brask/"
    assert client.get("/people/teodor-brask/").status_code == 200
    change = person.level_changes.get()
    assert (change.requested_by, change.decided_by, change.outcome) == (editor, publisher, "agreed")


def test_nobody_approves_their_own_request(at_desk, publisher, second):
    person = make_person("Teodor Brask", level=Level.STAFF)
    change = levels.request_level(person, to=Level.NAMEABLE, basis="x", by=publisher)
    decide = f"{PEOPLE}{person.pk}/decide/"
    assert "A second person must approve it." in text(at_desk(publisher).get(decide))
    page = text(at_desk(publisher).post(decide, {"approve": "Approve"}))
    assert "You made this request. A second person must approve it." in page
    with pytest.raises(ActionBlocked, match="You made this request"):
        levels.approve_level(change, by=publisher)
    person.refresh_from_db()
    assert person.level == Level.STAFF
    levels.approve_level(change, by=second)
    with pytest.raises(ActionBlocked, match="has decided this since"):
        levels.approve_level(change, by=second)


@pytest.mark.parametrize(
    ("group", "words"),
    [
        ("Author", "You don’t have permission to change people’s records"),
        ("Editor", "You don’t have permission to approve a publication level"),
    ],
)
def test_a_user_without_permission_cannot_approve_a_level(group, words, second):
    person = make_person(level=Level.STAFF)
    change = levels.request_level(person, to=Level.PUBLIC, basis="x", by=second)
    with pytest.raises(ActionBlocked, match=words):
        levels.approve_level(change, by=make_user("other", group))
    person.refresh_from_db()
    assert person.level == Level.STAFF


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"to": Level.STAFF, "basis": "x"}, "The level is already 1"),
        ({"to": Level.CASE_OFFICERS, "basis": "x"}, "To lower it, use “Lower level”"),
        ({"to": Level.PUBLIC, "basis": " \n"}, "Enter why the person may be named"),
    ],
)
def test_a_request_for_a_lower_level_or_without_a_basis_is_refused(values, words, editor):
    person = make_person(level=Level.STAFF)
    with pytest.raises(ActionBlocked, match=words):
        levels.request_level(person, by=editor, **values)
    assert not LevelChange.objects.exists()


def test_one_request_is_open_at_a_time_and_can_be_rejected_with_a_note(at_desk, editor, publisher):
    person = make_person(level=Level.STAFF)
    desk = at_desk(editor)
    for _ in range(2):
        answer = desk.post(f"{PEOPLE}{person.pk}/raise/", {"to": "2", "basis": "Her lawyer."})
    assert "A request is already open" in text(answer)
    assert "Her lawyer." in text(answer)  # what was typed is still there
    rejection = {"reject": "Reject", "note": "Ask the family first."}
    at_desk(publisher).post(f"{PEOPLE}{person.pk}/decide/", rejection)
    change = LevelChange.objects.get()
    assert (change.outcome, change.note) == ("declined", "Ask the family first.")
    assert "Ask the family first." in text(at_desk(editor).get(f"{PEOPLE}{person.pk}/change/"))
    decided = at_desk(publisher).get(f"{PEOPLE}{person.pk}/decide/", follow=True)
    assert "It may have been decided already." in text(decided)


@pytest.mark.parametrize("typed", [{}, {"to": "9", "basis": "x"}, {"to": "x"}, {"to": "3"}])
def test_an_invalid_request_form_changes_nothing(at_desk, editor, typed):
    person = make_person(level=Level.STAFF)
    assert at_desk(editor).post(f"{PEOPLE}{person.pk}/raise/", typed).status_code == 200
    assert not LevelChange.objects.exists()


def test_a_person_under_eighteen_is_named_only_with_a_special_permission(second, editor):
    person = make_person(level=Level.STAFF, under_18=True)
    change = levels.request_level(person, to=Level.NAMEABLE, basis="x", by=editor)
    with pytest.raises(ActionBlocked, match="under eighteen"):
        levels.approve_level(change, by=second)
    assert levels.approve_level(change, by=make_chief()).level == Level.NAMEABLE


def test_a_level_is_not_approved_after_the_consent_ended(second, editor):
    person = make_person(level=Level.STAFF)
    consent(person, ends=timezone.localdate() - DAY)
    change = levels.request_level(person, to=Level.PUBLIC, basis="x", by=editor)
    with pytest.raises(ActionBlocked, match="consent to be named has ended"):
        levels.approve_level(change, by=second)


def test_a_new_record_starts_at_level_1(at_desk, editor):
    row = {"display_name": "Iven Sorrel", "sort_name": "", "pronouns": ""}
    for inline in ("roles", "names", "consents", "cases"):
        row |= {f"{inline}-TOTAL_FORMS": "0", f"{inline}-INITIAL_FORMS": "0"}
    desk = at_desk(editor)
    refused = desk.post(f"{PEOPLE}add/", row | {"level": "3"})
    assert "is not one of the available choices" in text(refused)
    assert desk.post(f"{PEOPLE}add/", row | {"level": "0"}).status_code == 302
    person = Person.objects.get()
    assert (person.level, list(person.case_officers.all())) == (Level.CASE_OFFICERS, [editor])


# --- Lowering ------------------------------------------------------------------------------------


@pytest.fixture
def named():
    """A person with a page who is named, quoted, shown and offered in public releases."""
    person = make_prisoner("Teodor Brask", title="Director", speaks=True)
    portrait = make_picture("portrait.jpg", credit_line="Of Brask")
    red = picture_bytes(colour="#a92c17")
    picture = make_picture("street.jpg", content=red, caption="The street")
    person.portrait = portrait
    person.save()
    person.depicted_in.add(picture)
    body = f"<p>It was {mark(person)}.</p>{quotation(person)}"
    release = make_release(title="A word", standfirst="Of somebody.", body=body, poster=picture)
    return person, portrait, picture, release


def places(person, portrait, picture, release) -> dict[str, bool]:
    """Return for each public place, such as a page, feed or file, whether the person is in it."""
    client = Client()

    def page(path):
        return client.get(path).content.decode()

    def is_there(path):
        response = client.get(path)
        b"".join(response)  # reading a file to its end closes it
        return response.status_code == 200

    address = person.get_absolute_url()
    archive = b"".join(client.get(f"{release.get_absolute_url()}media.zip").streaming_content)
    return {
        "page": is_there(address),
        "spokespeople": "Brask" in page("/people/"),
        "prisoners": "Brask" in page("/prisoners/"),
        "front page": "Brask" in page("/"),
        "filter": "Brask" in page("/releases/"),
        "filtered": release.title in page(f"/releases/?person={person.slug}"),
        "feed": release.title in page(f"/releases/feed.atom?person={person.slug}"),
        "sitemap": address in page("/sitemap-people.xml"),
        "link": address in page(release.get_absolute_url()),
        "JSON-LD": str(person.pk) in page(release.get_absolute_url()),
        "ninjs": str(person.pk) in page(f"{release.get_absolute_url()}release.json"),
        "portrait": is_there(portrait.public_url("portrait", "jpg")),
        "picture": is_there(picture.public_url("poster", "jpg")),
        "poster": "street" in page(release.get_absolute_url()),
        "card": picture.public_url("teaser", "jpg").split("?")[0] in page("/releases/"),
        "zip": any("street" in name for name in zipfile.ZipFile(io.BytesIO(archive)).namelist()),
    }


def test_lowering_takes_one_click_and_takes_effect_at_once_everywhere(at_desk, editor, named):
    person, *_, release = named
    before = places(*named)
    assert all(before.values()), before
    answer = at_desk(editor).post(f"{PEOPLE}{person.pk}/lower/", {"to": "1"}, follow=True)
    assert not any(places(*named).values()), places(*named)
    shown = text(answer)
    assert "Level lowered to 1 everywhere." in shown
    assert "A word" in shown
    assert 'In the text: “<span dir="auto">It was Teodor Brask.</span>”' in shown
    assert f"/admin/releases/release/{release.pk}/change/" in shown
    change = person.level_changes.get()
    assert (change.before, change.after, change.requested_by) == (3, 1, editor)


def test_a_cached_page_is_stale_after_the_level_is_lowered(client, editor, named):
    person, *_, release = named
    for path in (person.get_absolute_url(), "/prisoners/", release.get_absolute_url()):
        kept = client.get(path)["ETag"]
        assert client.get(path, headers={"If-None-Match": kept}).status_code == 304
    kept = {path: client.get(path)["ETag"] for path in ("/prisoners/", release.get_absolute_url())}
    levels.lower_level(person, to=Level.STAFF, by=editor)
    for path, etag in kept.items():
        assert client.get(path, headers={"If-None-Match": etag}).status_code == 200


def test_selected_releases_are_put_on_hold_until_the_name_is_removed(
    at_desk, editor, publisher, client
):
    person = make_person("Teodor Brask")
    public = make_release(title="Brask is here: Teodor Brask", body=f"<p>{mark(person)}</p>")
    due = make_release("scheduled", body="<p>Nobody marked Teodor Brask.</p>")
    other = make_release(body="<p>Nobody.</p>")
    draft = make_release("draft", body="<p>Teodor Brask.</p>")
    levels.lower_level(person, to=Level.STAFF, by=editor)
    named = f"{PEOPLE}{person.pk}/named/"
    page = text(at_desk(editor).get(named))
    assert str(public.pk) in page
    assert str(due.pk) in page
    assert str(other.pk) not in page
    assert str(draft.pk) not in page
    ticked = {"release": [str(public.pk), str(due.pk), str(other.pk)]}
    answer = text(at_desk(editor).post(named, ticked, follow=True))
    assert "2 releases are on hold." in answer
    assert client.get(public.get_absolute_url()).status_code == 404
    other.refresh_from_db()
    assert not other.is_on_hold()
    public.refresh_from_db()
    with pytest.raises(workflow.ActionBlocked, match="contains a protected name"):
        workflow.end_hold(public, by=publisher)
    public.title, public.body = "Somebody is here", "<p>Somebody.</p>"
    public.slug = "somebody-is-here"
    public = workflow.correct(public, by=publisher, text="We name the person no longer.")
    workflow.end_hold(public, by=publisher)
    assert client.get("/releases/somebody-is-here/").status_code == 200


@pytest.mark.parametrize("state", ["published", "scheduled", "held"])
def test_an_approved_release_shows_at_the_desk_which_protected_names_it_contains(
    at_desk, editor, state
):
    person = make_person("Teodor Brask")
    release = make_release(state, body="<p>It was Teodor Brask.</p>")
    form = f"/admin/releases/release/{release.pk}/change/"
    assert "protected name" not in text(at_desk(editor).get(form))
    levels.lower_level(person, to=Level.STAFF, by=editor)
    page = text(at_desk(editor).get(form))
    assert "Contains a protected name" in page
    assert "“Teodor Brask” in the text is a protected name: “It was Teodor Brask.”" in page


def test_a_user_who_lowers_to_level_0_becomes_a_case_officer(at_desk, editor, publisher):
    person = make_person("Teodor Brask", level=Level.STAFF)
    at_desk(editor).post(f"{PEOPLE}{person.pk}/lower/", {"to": "0"})
    assert list(person.case_officers.all()) == [editor]
    assert at_desk(editor).get(f"{PEOPLE}{person.pk}/change/").status_code == 200
    assert at_desk(publisher).get(f"{PEOPLE}{person.pk}/named/").status_code == 404


def test_an_open_request_is_rejected_when_the_level_is_lowered(editor, second):
    person = make_person(level=Level.NAMEABLE)
    change = levels.request_level(person, to=Level.PUBLIC, basis="x", by=editor)
    levels.lower_level(person, to=Level.STAFF, by=editor)
    with pytest.raises(ActionBlocked, match="has decided this since"):
        levels.approve_level(change, by=second)
    assert not levels.open_request(person)


@pytest.mark.parametrize("to", ["", "x", "3", "4", "-1"])
def test_lowering_to_the_same_or_a_higher_level_changes_nothing(at_desk, editor, to):
    person = make_person("Teodor Brask", level=Level.PUBLIC)
    answer = at_desk(editor).post(f"{PEOPLE}{person.pk}/lower/", {"to": to}, follow=True)
    assert answer.status_code == 200
    assert 'class="error"' in text(answer)
    person.refresh_from_db()
    assert person.level == Level.PUBLIC
    assert not LevelChange.objects.exists()


def test_an_author_cannot_lower_a_level_and_an_old_form_cannot_raise_it(at_desk, author, editor):
    person = make_person("Teodor Brask", level=Level.PUBLIC)
    assert at_desk(author).post(f"{PEOPLE}{person.pk}/lower/", {"to": "1"}).status_code == 403
    assert at_desk(editor).get(f"{PEOPLE}{person.pk}/lower/").status_code == 405
    stale = Person.objects.get(pk=person.pk)
    levels.lower_level(person, to=Level.STAFF, by=editor)
    row = {"display_name": "Teodor Brask", "sort_name": "Brask", "level": "3", "slug": stale.slug}
    for inline in ("roles", "names", "consents", "cases"):
        row |= {f"{inline}-TOTAL_FORMS": "0", f"{inline}-INITIAL_FORMS": "0"}
    assert at_desk(editor).post(f"{PEOPLE}{person.pk}/change/", row).status_code == 302
    person.refresh_from_db()
    assert (person.level, person.sort_name) == (Level.STAFF, "Brask")


def test_a_name_is_found_in_every_place_of_an_approved_release():
    person = make_person("Teodor Brask")
    person.names.create(text="تيودور براسك")
    texts = {
        "the title": {"title": "Teodor Brask is free"},
        "the standfirst": {"standfirst": "On TEODOR BRASK."},
        "the text": {"body": "<p>عن تيودور براسك.</p>"},
        "the notes to editors": {"notes_to_editors": "<p>Ask for Teodor-Brask.</p>"},
        "the caption": {"poster": make_picture(caption="Teodor Brask at the gate")},
        "the alternative text": {
            "attached": [str(make_picture(alt_text="Teodor Brask, waving").pk)]
        },
    }
    made = {place: make_release(**fields) for place, fields in texts.items()}
    found = {printed.release.pk: printed.finds for printed in printing(person)}
    for place, release in made.items():
        assert any(place in find.place for find in found[release.pk]), place


def test_a_name_without_spaces_is_found_with_a_dot_between_its_parts():
    person = make_person("阿努克萨贝林")
    release = make_release(body="<p>阿努克·萨贝林来了。</p>")
    make_release(body="<p>阿里来了。</p>")
    (found,) = printing(person)
    assert found.release == release


# --- Consent -------------------------------------------------------------------------------------


def consent(person, **fields):
    given = timezone.localdate() - 30 * DAY
    row = {"basis": "family", "covers_name": True, "covers_photo": True, "given": given}
    return Consent.objects.create(person=person, **row | fields)


def test_a_name_is_hidden_from_the_day_after_the_consent_ends(named):
    person = named[0]
    today = timezone.localdate()
    consent(person, ends=today)
    assert all(places(*named).values())
    with time_machine.travel(timezone.now() + DAY):
        assert not any(places(*named).values())
        blocked = make_release("draft", body="<p>Teodor Brask.</p>")
        assert "protected name" in " ".join(as_shown(workflow.blockers(blocked)))
    assert all(places(*named).values())


def test_a_withdrawn_consent_hides_everything_at_once_unless_another_is_valid(named):
    person = named[0]
    first = consent(person)
    second = consent(person, basis="subject")
    first.withdrawn = timezone.localdate()
    first.save()
    assert all(places(*named).values())
    second.withdrawn = timezone.localdate()
    second.save()
    assert not any(places(*named).values())
    second.delete()
    first.delete()
    assert all(places(*named).values())  # without recorded consents only the level decides


PICTURES = {"portrait", "picture", "poster", "card", "zip"}


def test_a_consent_without_photographs_hides_only_the_pictures(named, at_desk, editor):
    name_only = consent(named[0], covers_photo=False)
    assert {place for place, there in places(*named).items() if not there} == PICTURES
    page = text(at_desk(editor).get(f"/admin/people/person/{named[0].pk}/change/"))
    assert "No consent for photographs." in page
    assert "Pictures hidden: no consent for photographs" in text(at_desk(editor).get("/admin/"))
    photo = consent(named[0], covers_name=False, basis="subject")
    assert all(places(*named).values())
    assert "Pictures hidden" not in text(at_desk(editor).get("/admin/"))
    photo.delete()
    assert not places(*named)["portrait"]
    name_only.delete()
    assert all(places(*named).values())  # without recorded consents only the level decides


@pytest.mark.parametrize(
    ("rows", "hidden"),
    [
        ([{"basis": "public"}], False),
        ([{"basis": "public"}, {"basis": "lawyer"}], True),
        ([{"basis": "public", "covers_photo": True}, {"basis": "subject"}], False),
        ([{"basis": "family", "ends": -1, "covers_health": True}, {"basis": "public"}], True),
    ],
)
def test_the_basis_widely_public_counts_as_no_consent(named, rows, hidden):
    for row in rows:
        ends = {"ends": timezone.localdate() + row["ends"] * DAY} if "ends" in row else {}
        consent(named[0], **{"covers_photo": False} | row | ends)
    person = Person.objects.get(pk=named[0].pk)
    assert person.lacks_photo_consent() == hidden
    assert Person.objects.lacking_photo_consent().contains(person) == hidden


def test_the_desk_lists_people_in_pictures_without_consent_for_photographs(at_desk, editor, author):
    for name, level in (("Shown", 3), ("Portrayed", 2), ("Low", 1), ("Without", 3)):
        person = make_person(f"Anna {name}", level=level)
        if name == "Portrayed":
            person.portrait = make_picture()
            person.save()
        elif name != "Without":
            person.depicted_in.add(make_picture())
        consent(person, covers_photo=False)
    desk = text(at_desk(editor).get("/admin/"))
    names = ("Shown", "Portrayed", "Low", "Without")
    assert [name for name in names if f"Anna {name}" in desk] == ["Shown", "Portrayed"]
    assert "Pictures hidden" not in text(at_desk(author).get("/admin/"))


def test_an_upgrade_hides_the_pictures_that_no_consent_covers_and_can_be_repeated(named):
    follow = import_module("people.migrations.0008_photographs_need_consent").follow
    person = named[0]
    covered, minister = make_person("Covered"), make_person("Minister")
    consent(person, covers_photo=False)
    consent(covered)
    consent(minister, covers_photo=False, basis="public")
    # These are the values that the old code stored.
    models.QuerySet(Person).update(photo_consent_until=None)
    models.QuerySet(MediaAsset).update(hidden_from=None)
    assert all(places(*named).values())
    editor = SimpleNamespace(connection=connection)
    assert [follow(historical_apps(), editor), follow(historical_apps(), editor)] == [1, 0]
    assert {place for place, there in places(*named).items() if not there} == PICTURES
    assert list(Person.objects.lacking_photo_consent()) == [person]


def test_withdrawing_the_consent_for_photographs_hides_only_the_pictures(named):
    consent(named[0], covers_photo=False)
    photo = consent(named[0], covers_name=False, covers_photo=True)
    assert all(places(*named).values())
    photo.withdrawn = timezone.localdate()
    photo.save()
    assert {place for place, there in places(*named).items() if not there} == PICTURES


def test_health_is_shown_only_while_a_consent_covers_it(client):
    person = make_prisoner("Teodor Brask")
    models.QuerySet(Case).update(health="He needs a heart specialist.")
    assert "heart" not in client.get(person.get_absolute_url()).content.decode()
    given = consent(person, covers_health=True)
    assert "heart" in client.get(person.get_absolute_url()).content.decode()
    given.ends = timezone.localdate() - DAY
    given.covers_name = False
    given.save()
    assert "heart" not in client.get(person.get_absolute_url()).content.decode()


def test_the_desk_lists_consents_that_end_soon_or_have_ended(at_desk, editor, author):
    today = timezone.localdate()
    ends = {"Gone": today - DAY, "Soon": today + 29 * DAY, "Later": today + 30 * DAY, "Open": None}
    for name, last in ends.items():
        consent(make_person(f"Anna {name}"), ends=last)
    consent(make_person("Anna Low", level=Level.STAFF), ends=today)
    desk = text(at_desk(editor).get("/admin/"))
    assert [name for name in (*ends, "Low") if f"Anna {name}" in desk] == ["Gone", "Soon"]
    assert "The name may not be published." in desk
    assert "Anna Gone" not in text(at_desk(author).get("/admin/"))


def test_queryset_and_model_agree_on_what_a_consent_allows():
    today = timezone.localdate()
    for ends in (None, today - DAY, today, today + DAY):
        for level in Level:
            person = make_person(level=level)
            consent(person, ends=ends)
            person.refresh_from_db()
            for day in (today - DAY, today, today + DAY, today + 2 * DAY):
                case = (ends, level, day)
                page, protected = Person.objects.with_page(day), Person.objects.protected(day)
                assert page.contains(person) == person.has_page(day), case
                assert protected.contains(person) == person.is_protected(day), case


def test_a_picture_of_several_people_is_shown_if_all_may_be_shown():
    picture = make_picture()
    one, other = make_person("One", level=Level.STAFF), make_person("Other", level=Level.STAFF)
    picture.depicts.set([one, other])
    release = make_release("draft", poster=picture)

    def shown():
        picture.refresh_from_db()
        return picture.is_usable() and not as_shown(workflow.blockers(release))

    assert not shown()
    for person in (one, other):
        person.level, person.level_basis = Level.NAMEABLE, "x"
        person.save()
        assert shown() == (person == other)
    other.level = Level.STAFF
    other.save()
    assert not shown()
    Person.objects.get(pk=other.pk).depicted_in.add(picture)  # adding it again changes nothing
    assert not shown()
    other.depicted_in.clear()
    assert shown()
    one.delete()
    assert shown()


def test_a_release_is_published_on_time_without_a_picture_of_a_protected_person(client):
    picture = make_picture()
    person = make_person("Brask", level=Level.PUBLIC)
    release = make_release("scheduled", poster=picture)
    picture.depicts.add(person)
    levels.lower_level(person, to=Level.STAFF, by=make_chief())
    models.QuerySet(Release).filter(pk=release.pk).update(publish_at=timezone.now())
    assert client.get(release.get_absolute_url()).status_code == 200
    assert client.get(picture.public_url("poster", "jpg")).status_code == 404

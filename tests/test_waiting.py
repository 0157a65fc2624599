"""A release that has not been public waits while a protected name stands in it."""

from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.db import models
from django.utils import timezone

from accounts.errors import ActionBlocked
from jobs import outbox
from people import levels
from people.models import Level
from releases import workflow
from releases.models import Contact, Event, Release, Topic
from tests.make import (
    accept,
    as_shown,
    make_chief,
    make_link,
    make_person,
    make_picture,
    make_release,
    quotation,
    verbs_of,
)

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
NAME = "Teodor Brask"
LIST = "/admin/releases/release/"


def text(response) -> str:
    return response.content.decode().replace("&#x27;", "'")


@pytest.fixture
def brask():
    return make_person(NAME, level=Level.NAMEABLE)


@pytest.fixture
def friday():
    """The moment of publication: in five days, at noon of the newsroom's zone."""
    noon = timezone.localtime().replace(hour=12, minute=0, second=0, microsecond=0)
    return noon + 5 * DAY


def scheduled(friday, **fields):
    fields = {"body": f"<p>It was {NAME}.</p>"} | fields
    return make_release("scheduled", publish_at=friday, **fields)


def is_public(client, release) -> bool:
    """Whether a stranger reads the release, on its page and in the list."""
    release.refresh_from_db()
    page = client.get(release.get_absolute_url()).status_code == 200
    listed = release.title in client.get("/releases/").content.decode()
    assert page == listed == release.is_public()
    return page


def consent(person, **fields):
    row = {"basis": "family", "covers_name": True, "covers_photo": True}
    return person.consents.create(given=timezone.localdate() - 30 * DAY, **row | fields)


@pytest.mark.parametrize(("days", "goes_out"), [(-1, False), (0, True), (1, True)])
def test_approval_asks_about_the_day_of_publication(brask, friday, days, goes_out):
    consent(brask, ends=timezone.localdate(friday) + days * DAY)
    release = make_release("draft", body=f"<p>It was {NAME}.</p>")
    if goes_out:
        workflow.approve(release, by=make_chief(), publish_at=friday)
        return
    with pytest.raises(ActionBlocked) as refused:
        workflow.approve(release, by=make_chief(), publish_at=friday)
    assert f"“{NAME}” in the text is a protected name" in as_shown(refused.value.blockers)[0]
    workflow.approve(release, by=make_chief(), publish_at=friday - 2 * DAY)  # it holds until then


@pytest.mark.parametrize(("days", "goes_out"), [(-1, False), (0, True), (1, True)])
def test_a_consent_that_ends_after_approval_stops_the_release(
    client, brask, friday, days, goes_out
):
    given = consent(brask)
    release = scheduled(friday)
    given.ends = timezone.localdate(friday) + days * DAY
    given.save()
    with time_machine.travel(friday + HOUR, tick=False):
        assert is_public(client, release) is goes_out
    with time_machine.travel(friday + 3 * DAY, tick=False):
        assert is_public(client, release) is goes_out  # what has been public stays public


def test_a_level_that_falls_after_approval_stops_the_release_to_the_second(client, brask, friday):
    release = scheduled(friday)
    with time_machine.travel(friday - timedelta(seconds=1), tick=False):
        levels.lower_level(brask, to=Level.STAFF, by=make_chief())
        release.refresh_from_db()
        assert release.state() == Release.State.BLOCKED
        assert not release.is_scheduled()
    for later in (0 * HOUR, DAY, 400 * DAY):
        with time_machine.travel(friday + later, tick=False):
            assert not is_public(client, release)


def test_a_level_that_falls_after_publication_leaves_the_decision_to_an_editor(
    client, brask, friday
):
    release = scheduled(friday)
    with time_machine.travel(friday, tick=False):
        levels.lower_level(brask, to=Level.STAFF, by=make_chief())
        assert is_public(client, release)


def test_it_goes_out_on_time_if_the_name_may_be_published_again_before(client, brask, friday):
    given = consent(brask)
    release = scheduled(friday)
    given.withdrawn = timezone.localdate()
    given.save()
    release.refresh_from_db()
    assert release.is_blocked_by_name()
    consent(brask, basis="subject")
    with time_machine.travel(friday, tick=False):
        assert is_public(client, release)
    assert verbs_of(release)[-2:] == ["waits", "goes_out"]


def test_a_missed_time_never_comes_back_by_itself(client, brask, friday, at_desk, publisher):
    given = consent(brask)
    release = scheduled(friday)
    given.withdrawn = timezone.localdate()
    given.save()
    with time_machine.travel(friday + DAY, tick=False):
        consent(brask, basis="subject")
        brask.refresh_from_db()
        assert not brask.is_protected()
        assert not is_public(client, release)
        page = text(at_desk(publisher).get(f"{LIST}{release.pk}/change/"))
        assert "Not published on" in text(at_desk(publisher).get("/admin/"))
        assert "Change the embargo" in page
        workflow.reschedule(release, by=publisher, publish_at=friday + 2 * DAY)
        assert not is_public(client, release)
    with time_machine.travel(friday + 2 * DAY, tick=False):
        assert is_public(client, release)


def test_a_missed_time_can_be_published_now(client, brask, friday, publisher):
    release = scheduled(friday)
    brask.names.create(text="Teo Brask")
    levels.lower_level(brask, to=Level.STAFF, by=make_chief())
    with time_machine.travel(friday + DAY, tick=False):
        release.refresh_from_db()
        with pytest.raises(ActionBlocked, match="contains a protected name"):
            workflow.publish(release, by=publisher)
        workflow.allow_name(release, by=publisher, name=NAME, reason="A namesake.")
        release.refresh_from_db()
        assert not is_public(client, release)
        workflow.publish(release, by=publisher)
        assert is_public(client, release)


def test_a_hold_does_not_let_a_missed_release_out(client, brask, friday, publisher):
    release = scheduled(friday)
    levels.lower_level(brask, to=Level.STAFF, by=make_chief())
    with time_machine.travel(friday + DAY, tick=False):
        release.refresh_from_db()
        release = workflow.hold(release, by=publisher)
        workflow.allow_name(release, by=publisher, name=NAME, reason="A namesake.")
        release.refresh_from_db()
        assert not release.has_been_public()
        with time_machine.travel(friday + 2 * DAY, tick=False):
            workflow.end_hold(release, by=publisher)
            assert is_public(client, release)  # a publisher ended the hold: that is the decision
            release.refresh_from_db()
            assert release.publish_at == timezone.now()


def test_a_waiting_release_that_is_withdrawn_leaves_no_trace(client, brask, friday, publisher):
    release = scheduled(friday)
    levels.lower_level(brask, to=Level.STAFF, by=make_chief())
    with time_machine.travel(friday + DAY, tick=False):
        release.refresh_from_db()
        release = workflow.withdraw(release, by=publisher, reason="It is over.")
        assert not release.is_tombstone()
        assert client.get(release.get_absolute_url()).status_code == 404


def test_an_exception_lets_it_go_out_and_taking_it_back_stops_it(client, friday, publisher):
    make_person(NAME, level=Level.STAFF)
    release = make_release("draft", body=f"<p>The footballer {NAME}.</p>")
    exception = workflow.allow_name(release, by=publisher, name=NAME, reason="A namesake.")
    workflow.approve(release, by=publisher, publish_at=friday)
    workflow.end_name_exception(exception, by=publisher)
    release = Release.objects.get(pk=release.pk)
    assert release.is_blocked_by_name()
    with pytest.raises(ActionBlocked, match="already been removed"):
        workflow.end_name_exception(exception, by=publisher)
    workflow.allow_name(release, by=publisher, name="TEODOR BRASK", reason="A namesake.")
    with time_machine.travel(friday, tick=False):
        assert is_public(client, release)


def with_new_person(release, friday):
    make_person(NAME, level=Level.STAFF)


def with_new_spelling(release, friday):
    make_person("Somebody Else", level=Level.STAFF).names.create(text=NAME)


def with_caption(release, friday):
    make_person("Ann Verel", level=Level.STAFF)
    release.poster.caption = "Ann Verel at the gate"
    release.poster.save()


def with_topic(release, friday):
    make_person("Ann Verel", level=Level.STAFF)
    topic = release.topics.get()
    topic.name = "Ann Verel"
    topic.save()


def with_contact(release, friday):
    make_person("Ann Verel", level=Level.STAFF)
    release.contacts.add(Contact.objects.create(name="Office of Ann Verel"))


@pytest.mark.parametrize(
    "change", [with_new_person, with_new_spelling, with_caption, with_topic, with_contact]
)
def test_it_waits_whatever_brings_the_name_in(client, friday, change):
    topic = Topic.objects.create(name="Prisons")
    release = scheduled(friday, poster=make_picture(), topics=[topic])
    release.refresh_from_db()
    assert release.is_scheduled()
    change(release, friday)
    with time_machine.travel(friday, tick=False):
        assert not is_public(client, release)


def test_it_goes_out_if_the_name_is_removed_before(client, friday):
    release = scheduled(friday, body="<p>Nobody.</p>", poster=make_picture())
    make_person("Ann Verel", level=Level.STAFF)
    picture = release.poster
    for caption, waits in (("Ann Verel", True), ("A gate", False)):
        picture.caption = caption
        picture.save()
        release.refresh_from_db()
        assert release.is_blocked_by_name() is waits
    person = make_person(NAME, level=Level.STAFF)
    spelling = person.names.create(text="Nobody Else")
    models.QuerySet(Release).filter(pk=release.pk).update(title="x")
    spelling.delete()
    with time_machine.travel(friday, tick=False):
        release.refresh_from_db()
        assert release.is_public()


def test_a_marked_speaker_who_is_protected_stops_it_too(client, friday):
    speaker = make_person("Ann Verel", level=Level.NAMEABLE)
    release = scheduled(friday, body=quotation(speaker))
    levels.lower_level(speaker, to=Level.STAFF, by=make_chief())
    with time_machine.travel(friday, tick=False):
        assert not is_public(client, release)


def test_its_people_learn_it_at_once(at_desk, brask, friday, author, publisher):
    author.email, publisher.email = "author@example.org", "publisher@example.org"
    author.save()
    publisher.save()
    release = make_release("draft", by=author, body=f"<p>It was {NAME}.</p>", title="Secret title")
    models.QuerySet(Release).filter(pk=release.pk).update(created_by=author)
    workflow.approve(release, by=publisher, publish_at=friday)
    levels.lower_level(brask, to=Level.STAFF, by=make_chief())
    outbox.send_due()
    assert {to for message in mail.outbox for to in message.to} == {author.email, publisher.email}
    for message in mail.outbox:
        assert "will not be published on" in message.body
        assert NAME not in message.body + message.subject
        assert "Secret title" not in message.body + message.subject
    for user in (author, publisher):
        desk = text(at_desk(user).get("/admin/"))
        assert "Blocked: they contain a protected name" in desk
        assert "Will not be published on" in desk
        assert "Secret title" in desk
    page = text(at_desk(publisher).get(f"{LIST}{release.pk}/change/"))
    assert "Will not be published on" in page
    assert release.events.get(verb=Event.Verb.BLOCKED_BY_NAME).actor is None
    listed = text(at_desk(publisher).get(f"{LIST}?state=waiting"))
    assert "Secret title" in listed


def test_an_embargoed_preview_pauses_while_the_release_waits(client, brask, friday):
    release = scheduled(friday)
    path = make_link(release)
    assert NAME in accept(client, path).content.decode()
    levels.lower_level(brask, to=Level.STAFF, by=make_chief())
    page = client.get(path)
    assert NAME not in page.content.decode()
    assert release.title not in page.content.decode()


@pytest.mark.parametrize("is_poster", [True, False])
def test_a_licence_that_will_have_ended_warns_and_blocks_for_the_poster(friday, is_poster):
    picture = make_picture(licence_expires=friday - HOUR)
    fields = {"poster": picture} if is_poster else {"attached": [str(picture.pk)]}
    release = make_release("draft", **fields)
    warnings = as_shown(workflow.warnings(release, friday))
    assert any(
        "our licence ends before the release is published" in warning for warning in warnings
    )
    if is_poster:
        with pytest.raises(
            ActionBlocked, match=r"licence for the poster .* ends before publication"
        ):
            workflow.approve(release, by=make_chief(), publish_at=friday)
    else:
        workflow.approve(release, by=make_chief(), publish_at=friday)

"""A release that has not been public is blocked while it contains a protected name."""

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
def publication():
    """The moment of publication: in five days, at noon of the newsroom's zone."""
    noon = timezone.localtime().replace(hour=12, minute=0, second=0, microsecond=0)
    return noon + 5 * DAY


def scheduled(publication, **fields):
    fields = {"body": f"<p>It was {NAME}.</p>"} | fields
    return make_release("scheduled", publish_at=publication, **fields)


def is_public(client, release) -> bool:
    """Return whether the public can read the release, on its page and in the list."""
    release.refresh_from_db()
    page = client.get(release.get_absolute_url()).status_code == 200
    listed = release.title in client.get("/releases/").content.decode()
    assert page == listed == release.is_public()
    return page


def consent(person, **fields):
    row = {"basis": "family", "covers_name": True, "covers_photo": True}
    return person.consents.create(given=timezone.localdate() - 30 * DAY, **row | fields)


@pytest.mark.parametrize(("days", "is_published"), [(-1, False), (0, True), (1, True)])
def test_approval_checks_consent_for_the_day_of_publication(brask, publication, days, is_published):
    consent(brask, ends=timezone.localdate(publication) + days * DAY)
    release = make_release("draft", body=f"<p>It was {NAME}.</p>")
    if is_published:
        workflow.approve(release, by=make_chief(), publish_at=publication)
        return
    with pytest.raises(ActionBlocked) as refused:
        workflow.approve(release, by=make_chief(), publish_at=publication)
    assert f"“{NAME}” in the text is a protected name" in as_shown(refused.value.blockers)[0]
    # The consent lasts until then.
    workflow.approve(release, by=make_chief(), publish_at=publication - 2 * DAY)


@pytest.mark.parametrize(("days", "is_published"), [(-1, False), (0, True), (1, True)])
def test_a_release_is_blocked_if_consent_ends_after_its_approval(
    client, brask, publication, days, is_published
):
    given = consent(brask)
    release = scheduled(publication)
    given.ends = timezone.localdate(publication) + days * DAY
    given.save()
    with time_machine.travel(publication + HOUR, tick=False):
        assert is_public(client, release) is is_published
    with time_machine.travel(publication + 3 * DAY, tick=False):
        assert is_public(client, release) is is_published  # what has been public stays public


def test_a_level_lowered_a_second_before_publication_blocks_the_release(client, brask, publication):
    release = scheduled(publication)
    with time_machine.travel(publication - timedelta(seconds=1), tick=False):
        levels.lower_level(brask, to=Level.STAFF, by=make_chief())
        release.refresh_from_db()
        assert release.state() == Release.State.BLOCKED
        assert not release.is_scheduled()
    for later in (0 * HOUR, DAY, 400 * DAY):
        with time_machine.travel(publication + later, tick=False):
            assert not is_public(client, release)


def test_a_level_lowered_after_publication_does_not_hide_the_release(client, brask, publication):
    release = scheduled(publication)
    with time_machine.travel(publication, tick=False):
        levels.lower_level(brask, to=Level.STAFF, by=make_chief())
        assert is_public(client, release)


def test_a_release_is_published_on_time_if_the_name_is_allowed_again_before(
    client, brask, publication
):
    given = consent(brask)
    release = scheduled(publication)
    given.withdrawn = timezone.localdate()
    given.save()
    release.refresh_from_db()
    assert release.is_blocked_by_name()
    consent(brask, basis="subject")
    with time_machine.travel(publication, tick=False):
        assert is_public(client, release)
    assert verbs_of(release)[-2:] == ["waits", "goes_out"]


def test_a_release_that_missed_its_time_is_not_published_automatically(
    client, brask, publication, at_desk, publisher
):
    given = consent(brask)
    release = scheduled(publication)
    given.withdrawn = timezone.localdate()
    given.save()
    with time_machine.travel(publication + DAY, tick=False):
        consent(brask, basis="subject")
        brask.refresh_from_db()
        assert not brask.is_protected()
        assert not is_public(client, release)
        page = text(at_desk(publisher).get(f"{LIST}{release.pk}/change/"))
        assert "Not published on" in text(at_desk(publisher).get("/admin/"))
        assert "Change the embargo" in page
        workflow.reschedule(release, by=publisher, publish_at=publication + 2 * DAY)
        assert not is_public(client, release)
    with time_machine.travel(publication + 2 * DAY, tick=False):
        assert is_public(client, release)


def test_a_release_that_missed_its_time_can_be_published_now(client, brask, publication, publisher):
    release = scheduled(publication)
    brask.names.create(text="Teo Brask")
    levels.lower_level(brask, to=Level.STAFF, by=make_chief())
    with time_machine.travel(publication + DAY, tick=False):
        release.refresh_from_db()
        with pytest.raises(ActionBlocked, match="contains a protected name"):
            workflow.publish(release, by=publisher)
        workflow.allow_name(release, by=publisher, name=NAME, reason="A namesake.")
        release.refresh_from_db()
        assert not is_public(client, release)
        workflow.publish(release, by=publisher)
        assert is_public(client, release)


def test_a_release_that_missed_its_time_is_published_when_its_hold_ends(
    client, brask, publication, publisher
):
    release = scheduled(publication)
    levels.lower_level(brask, to=Level.STAFF, by=make_chief())
    with time_machine.travel(publication + DAY, tick=False):
        release.refresh_from_db()
        release = workflow.hold(release, by=publisher)
        workflow.allow_name(release, by=publisher, name=NAME, reason="A namesake.")
        release.refresh_from_db()
        assert not release.has_been_public()
        with time_machine.travel(publication + 2 * DAY, tick=False):
            workflow.end_hold(release, by=publisher)
            assert is_public(client, release)  # a publisher has decided to publish it
            release.refresh_from_db()
            assert release.publish_at == timezone.now()


def test_a_blocked_release_that_is_withdrawn_leaves_no_tombstone(
    client, brask, publication, publisher
):
    release = scheduled(publication)
    levels.lower_level(brask, to=Level.STAFF, by=make_chief())
    with time_machine.travel(publication + DAY, tick=False):
        release.refresh_from_db()
        release = workflow.withdraw(release, by=publisher, reason="It is over.")
        assert not release.is_tombstone()
        assert client.get(release.get_absolute_url()).status_code == 404


def test_a_name_exception_unblocks_a_release_and_its_end_blocks_it(client, publication, publisher):
    make_person(NAME, level=Level.STAFF)
    release = make_release("draft", body=f"<p>The footballer {NAME}.</p>")
    exception = workflow.allow_name(release, by=publisher, name=NAME, reason="A namesake.")
    workflow.approve(release, by=publisher, publish_at=publication)
    workflow.end_name_exception(exception, by=publisher)
    release = Release.objects.get(pk=release.pk)
    assert release.is_blocked_by_name()
    with pytest.raises(ActionBlocked, match="already been removed"):
        workflow.end_name_exception(exception, by=publisher)
    workflow.allow_name(release, by=publisher, name="TEODOR BRASK", reason="A namesake.")
    with time_machine.travel(publication, tick=False):
        assert is_public(client, release)


def with_new_person(release, publication):
    make_person(NAME, level=Level.STAFF)


def with_new_spelling(release, publication):
    make_person("Somebody Else", level=Level.STAFF).names.create(text=NAME)


def with_caption(release, publication):
    make_person("Ann Verel", level=Level.STAFF)
    release.poster.caption = "Ann Verel at the gate"
    release.poster.save()


def with_topic(release, publication):
    make_person("Ann Verel", level=Level.STAFF)
    topic = release.topics.get()
    topic.name = "Ann Verel"
    topic.save()


def with_contact(release, publication):
    make_person("Ann Verel", level=Level.STAFF)
    release.contacts.add(Contact.objects.create(name="Office of Ann Verel"))


@pytest.mark.parametrize(
    "change", [with_new_person, with_new_spelling, with_caption, with_topic, with_contact]
)
def test_any_change_that_adds_a_protected_name_blocks_the_release(client, publication, change):
    topic = Topic.objects.create(name="Prisons")
    release = scheduled(publication, poster=make_picture(), topics=[topic])
    release.refresh_from_db()
    assert release.is_scheduled()
    change(release, publication)
    with time_machine.travel(publication, tick=False):
        assert not is_public(client, release)


def test_a_release_is_published_if_the_name_is_removed_before(client, publication):
    release = scheduled(publication, body="<p>Nobody.</p>", poster=make_picture())
    make_person("Ann Verel", level=Level.STAFF)
    picture = release.poster
    for caption, is_blocked in (("Ann Verel", True), ("A gate", False)):
        picture.caption = caption
        picture.save()
        release.refresh_from_db()
        assert release.is_blocked_by_name() is is_blocked
    person = make_person(NAME, level=Level.STAFF)
    spelling = person.names.create(text="Nobody Else")
    models.QuerySet(Release).filter(pk=release.pk).update(title="x")
    spelling.delete()
    with time_machine.travel(publication, tick=False):
        release.refresh_from_db()
        assert release.is_public()


def test_a_protected_speaker_blocks_the_release(client, publication):
    speaker = make_person("Ann Verel", level=Level.NAMEABLE)
    release = scheduled(publication, body=quotation(speaker))
    levels.lower_level(speaker, to=Level.STAFF, by=make_chief())
    with time_machine.travel(publication, tick=False):
        assert not is_public(client, release)


def test_author_and_publisher_are_notified_of_a_blocked_release_at_once(
    at_desk, brask, publication, author, publisher
):
    author.email, publisher.email = "author@example.org", "publisher@example.org"
    author.save()
    publisher.save()
    release = make_release("draft", by=author, body=f"<p>It was {NAME}.</p>", title="Secret title")
    models.QuerySet(Release).filter(pk=release.pk).update(created_by=author)
    workflow.approve(release, by=publisher, publish_at=publication)
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


def test_an_embargoed_preview_is_paused_while_the_release_is_blocked(client, brask, publication):
    release = scheduled(publication)
    path = make_link(release)
    assert NAME in accept(client, path).content.decode()
    levels.lower_level(brask, to=Level.STAFF, by=make_chief())
    page = client.get(path)
    assert NAME not in page.content.decode()
    assert release.title not in page.content.decode()


@pytest.mark.parametrize("is_poster", [True, False])
def test_a_licence_that_ends_before_publication_is_a_warning_and_blocks_a_poster(
    publication, is_poster
):
    picture = make_picture(licence_expires=publication - HOUR)
    fields = {"poster": picture} if is_poster else {"attached": [str(picture.pk)]}
    release = make_release("draft", **fields)
    warnings = as_shown(workflow.warnings(release, publication))
    assert any(
        "our licence ends before the release is published" in warning for warning in warnings
    )
    if is_poster:
        with pytest.raises(
            ActionBlocked, match=r"licence for the poster .* ends before publication"
        ):
            workflow.approve(release, by=make_chief(), publish_at=publication)
    else:
        workflow.approve(release, by=make_chief(), publish_at=publication)

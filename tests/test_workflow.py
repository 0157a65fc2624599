"""Actions on a release: who may do them in which state, what blocks them, what they record."""

import threading
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import close_old_connections, connection, models
from django.utils import timezone

from assets.models import MediaAsset
from people.models import Level
from releases import workflow
from releases.models import Correction, Event, FormerSlug, Release
from tests.make import (
    STATES,
    action,
    as_shown,
    make_chief,
    make_person,
    make_picture,
    make_release,
    make_user,
    mark,
    quotation,
    verbs_of,
)  # fmt: skip

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


def carry_out(verb, release, by):
    """Do an action with the arguments that it needs."""
    now = timezone.now()
    if verb == "correct":
        release.body += "<p>More.</p>"
    needs = {
        "approve": {"publish_at": now + HOUR},
        "reschedule": {"publish_at": now + 2 * HOUR},
        "correct": {"text": "It was wrong."},
        "withdraw": {"reason": "A source asked us to."},
        "restore": {"history_id": release.history.order_by("history_id").first().history_id},
    }
    return action(verb)(release, by=by, **needs.get(verb, {}))


# The actions that a user with every permission can do in each state.
POSSIBLE = {
    "draft": {"submit", "approve", "publish", "restore", "discard", "hold"},
    "in_review": {"send_back", "approve", "publish", "restore", "hold"},
    "scheduled": {"reschedule", "send_back", "publish", "withdraw", "hold"},
    "published": {"correct", "withdraw", "hold"},
    "withdrawn": set(),
    "withdrawn_unseen": set(),
    "held": {"correct", "withdraw", "let_go"},
    "held_unseen": {"send_back", "withdraw", "let_go"},
    "waiting": {"send_back", "withdraw", "hold"},
}
VERBS = sorted(set().union(*POSSIBLE.values()))


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("verb", VERBS)
def test_an_action_works_in_its_states_and_changes_nothing_in_the_others(state, verb):
    release, chief = make_release(state), make_chief()
    events, version = Event.objects.count(), release.version
    if verb in POSSIBLE[state]:
        carry_out(verb, release, chief)
        event = Event.objects.order_by("pk").last()
        assert Event.objects.count() == events + 1
        assert (event.actor, event.version, event.release_uuid) == (chief, version, release.pk)
        return
    before = Release.objects.values().get(pk=release.pk)
    with pytest.raises(workflow.ActionBlocked) as refused:
        carry_out(verb, release, chief)
    assert all(str(reason).endswith((".", "…")) for reason in refused.value.blockers)
    assert Release.objects.values().get(pk=release.pk) == before
    assert Event.objects.count() == events


def test_every_action_has_a_function_and_is_tested():
    assert {*VERBS, "allow_name"} == {*workflow.ACTIONS}
    for name, declared in workflow.ACTIONS.items():
        assert declared.name == name
        assert callable(declared.function)


@pytest.mark.parametrize("state", STATES)
def test_a_user_without_permissions_is_offered_nothing(state):
    release, nobody = make_release(state), make_user("nobody")
    offered = {
        name
        for name, declared in workflow.ACTIONS.items()
        if declared.is_available(release, nobody)
    }
    assert offered <= {
        "restore"
    }  # it has no permission of its own: edit_blockers() checks the user


# Who may do an action, of the three groups and the author who owns the release.
ALLOWED = {
    ("submit", "draft"): {"owner", "Editor", "Publisher"},
    ("discard", "draft"): {"Editor", "Publisher"},
    ("approve", "in_review"): {"Publisher"},
    ("publish", "in_review"): {"Publisher"},
    ("send_back", "in_review"): {"owner", "Editor", "Publisher"},
    ("send_back", "scheduled"): {"Publisher"},
    ("correct", "published"): {"Publisher"},
    ("withdraw", "published"): {"Publisher"},
    ("restore", "draft"): {"owner", "Editor", "Publisher"},
    ("restore", "in_review"): {"Editor", "Publisher"},
    ("approve", "draft"): {"Publisher"},
    ("publish", "scheduled"): {"Publisher"},
    ("withdraw", "scheduled"): {"Publisher"},
    ("reschedule", "scheduled"): {"Publisher"},
    ("hold", "scheduled"): {"Editor", "Publisher"},
    ("hold", "published"): {"Editor", "Publisher"},
    ("let_go", "held"): {"Publisher"},
}


@pytest.mark.parametrize(("verb", "state"), ALLOWED)
@pytest.mark.parametrize("who", ["owner", "Author", "Editor", "Publisher", "nobody"])
def test_an_action_needs_its_permission(verb, state, who):
    owner = make_user("owner", "Author")
    user = owner if who == "owner" else make_user(who, None if who == "nobody" else who)
    release = make_release(state)
    models.QuerySet(Release).update(created_by=owner)
    release.refresh_from_db()
    if who in ALLOWED[verb, state]:
        carry_out(verb, release, user)
    else:
        with pytest.raises(workflow.ActionBlocked, match=r"permission|own|in review"):
            carry_out(verb, release, user)


def without_page(detail):
    """Return the detail of an event without fingerprints, which tests/test_approval.py checks."""
    return {key: value for key, value in detail.items() if key != "page"}


def test_events_record_the_user_the_action_the_time_and_the_version():
    owner, chief = make_user("owner", "Author"), make_chief()
    noon = timezone.now().replace(microsecond=0) - 9 * HOUR
    release = workflow.create(Release(title="T", body="<p>x</p>"), by=owner, at=noon)
    release = workflow.submit(release, by=owner, at=noon + HOUR)
    release = workflow.send_back(release, by=chief, reason="Shorter.", at=noon + 2 * HOUR)
    embargo_ends = noon + 4 * HOUR
    release = workflow.approve(release, by=chief, publish_at=embargo_ends, at=noon + 3 * HOUR)
    release.body = "<p>y</p>"
    release = workflow.correct(release, by=chief, text="y, not x.", at=noon + 5 * HOUR)
    workflow.withdraw(release, by=chief, reason="It was z.", at=noon + 6 * HOUR)
    assert [
        (event.verb, event.actor, event.at - noon, event.version, without_page(event.detail))
        for event in Event.objects.filter(release=release)
    ] == [
        ("created", owner, 0 * HOUR, 1, {}),
        ("submitted", owner, HOUR, 1, {}),
        ("returned", chief, 2 * HOUR, 2, {"words": "Shorter."}),
        ("approved", chief, 3 * HOUR, 3, {"publish_at": embargo_ends.isoformat()}),
        ("corrected", chief, 5 * HOUR, 4, {"words": "y, not x."}),
        ("withdrawn", chief, 6 * HOUR, 5, {"reason": "It was z."}),
    ]


def test_all_blockers_are_listed_at_once():
    hidden = make_person("Iven Sorrel", level=Level.STAFF)
    speaker = make_person("Ann Verel", level=Level.STAFF)
    release = make_release(
        "draft", title="", dateline_place="Home of Iven Sorrel", pull_quote="Said by nobody",
        body=f"<p>{mark(hidden)}</p><blockquote data-name='Ann'><p>“Words.”</p></blockquote>"
        f'{quotation(speaker)}<figure data-asset="{MediaAsset.objects.create().pk}"></figure>',
        poster=make_picture(alt_text="", credit_line=""),
    )  # fmt: skip
    with pytest.raises(workflow.ActionBlocked) as refused:
        workflow.publish(release, by=make_chief())
    shown = " ".join(as_shown(refused.value.blockers))
    for words in [
        "Enter a title.",
        "Choose a speaker for the quotation “Words.”. The source names Ann.",
        "The pull quote is not in any quotation in the text.",
        "is missing: alternative text and credit line",
        "is missing: file, alternative text and credit line",
        "“Iven Sorrel” is marked as a person who may not be named.",
        "The quotation ““We ask for it.” …” is by a person who may not be named.",
        "“Iven Sorrel” in the place is a protected name: “Home of Iven Sorrel”",
    ]:
        assert words in shown
    with pytest.raises(workflow.ActionBlocked, match=r"Enter a title\. Enter the text"):
        workflow.submit(make_release("draft", title=" ", body="<p> </p>"), by=make_chief())


PLACES = {
    "title": "Iven Sorrel is free",
    "standfirst": "On IVEN SORREL.",
    "dateline_place": "Sorrel House",
    "body": "<p>It was Iven-Sorrel who came.</p>",
    "notes_to_editors": "<p>Do not name Ívén Sorrel.</p>",
    "slug": "freedom-for-iven-sorrel",
}


@pytest.mark.parametrize("place", PLACES)
def test_a_protected_name_in_any_spelling_and_any_place_blocks_approval(place):
    person = make_person("Iven Sorrel", level=Level.STAFF)
    person.names.create(text="Sorrel House")
    release = make_release("draft", **{place: PLACES[place]})
    with pytest.raises(workflow.ActionBlocked, match="protected name"):
        workflow.publish(release, by=make_chief())


@pytest.mark.parametrize(
    ("field", "place"),
    [
        ("alt_text", "the alternative text"),
        ("caption", "the caption"),
        ("credit_line", "the credit line"),
        ("creator", "the creator"),
    ],
)
def test_a_protected_name_in_the_texts_of_a_picture_blocks_approval(field, place):
    make_person("Iven Sorrel", level=Level.CASE_OFFICERS)
    picture = make_picture(**{field: "With Iven Sorrel"})
    inside = make_release("draft", body=f'<p>x</p><figure data-asset="{picture.pk}"></figure>')
    for release in (make_release("draft", poster=picture), inside):
        with pytest.raises(workflow.ActionBlocked) as refused:
            workflow.publish(release, by=make_chief())
        (reason,) = as_shown(refused.value.blockers)
        assert f"{place} of “With Iven Sorrel”" in reason or f"{place} of “picture.jpg”" in reason


def test_the_name_of_a_person_who_may_be_named_is_allowed():
    for level in (Level.NAMEABLE, Level.PUBLIC):
        person = make_person(f"Ann Level {level}", level=level)
        release = make_release("draft", title=f"{person} is free", body=f"<p>{mark(person)}</p>")
        assert workflow.publish(release, by=make_chief()).is_public()


def test_a_time_in_the_past_needs_backdate():
    release, chief = make_release("in_review"), make_chief()
    past, ahead = timezone.now() - HOUR, timezone.now() + HOUR
    with pytest.raises(workflow.ActionBlocked, match="has passed"):
        workflow.approve(release, by=chief, publish_at=past)
    with pytest.raises(workflow.ActionBlocked, match="is in the future"):
        workflow.approve(release, by=chief, publish_at=ahead, backdated=True)
    release = workflow.approve(release, by=chief, publish_at=past, backdated=True)
    assert release.is_public()
    assert not release.day_only


def test_a_backdated_release_at_midnight_has_a_day_and_no_time(settings):
    settings.TIME_ZONE = "Europe/Berlin"
    midnight = datetime(2020, 5, 1, tzinfo=ZoneInfo("Europe/Berlin"))
    release = make_release("in_review")
    release = workflow.approve(release, by=make_chief(), publish_at=midnight, backdated=True)
    assert release.day_only
    ahead = datetime(2099, 5, 1, tzinfo=ZoneInfo("Europe/Berlin"))
    other = workflow.approve(make_release("in_review"), by=make_chief(), publish_at=ahead)
    assert not other.day_only


def test_a_release_is_public_at_its_second_without_a_job():
    embargo_ends = timezone.now().replace(microsecond=0) + HOUR
    release = make_release("scheduled", publish_at=embargo_ends)
    with time_machine.travel(embargo_ends - timedelta(microseconds=1), tick=False):
        assert not Release.objects.public().exists()
    with time_machine.travel(embargo_ends, tick=False):
        assert Release.objects.public().get() == release
        assert release.is_public()


def test_a_new_time_and_a_return_to_draft_take_effect_at_once():
    chief = make_chief()
    release = make_release("scheduled", publish_at=timezone.now() + HOUR)
    release = workflow.send_back(release, by=chief, reason="Later, please.")
    assert release.publish_at is None
    assert not Release.objects.public(at=timezone.now() + 2 * HOUR).exists()
    release = workflow.approve(release, by=chief, publish_at=timezone.now() + 3 * HOUR)
    assert not Release.objects.public(at=timezone.now() + 2 * HOUR).exists()
    assert Release.objects.public(at=timezone.now() + 4 * HOUR).exists()
    assert Event.objects.get(verb="returned").detail == {"words": "Later, please."}


def test_an_embargo_is_changed_without_a_second_approval():
    now, chief = timezone.now(), make_chief()
    release = make_release("scheduled", publish_at=now + HOUR)
    release = workflow.reschedule(release, by=chief, publish_at=now + 3 * HOUR)
    assert not Release.objects.public(at=now + 2 * HOUR).exists()
    release = workflow.reschedule(release, by=chief, publish_at=now + HOUR / 2)
    assert Release.objects.public(at=now + HOUR / 2).exists()
    with pytest.raises(workflow.ActionBlocked, match="has passed"):
        workflow.reschedule(release, by=chief, publish_at=now - HOUR)


def test_a_hold_works_from_a_page_with_an_old_version():
    release, chief = make_release(), make_chief()
    stale = Release.objects.get(pk=release.pk)
    release.body += "<p>Newer.</p>"
    workflow.correct(release, by=chief, text="A sentence was missing.")
    workflow.hold(stale, by=chief)
    assert Release.objects.get().state() == Release.State.ON_HOLD


def test_a_published_release_is_public_again_when_its_hold_ends():
    release, chief = make_release(), make_chief()
    since = release.publish_at
    release = workflow.hold(release, by=chief)
    assert not Release.objects.public().exists()
    release = workflow.end_hold(release, by=chief)
    assert Release.objects.public().get().publish_at == since


def test_a_time_that_passes_during_a_hold_publishes_nothing():
    now, chief = timezone.now(), make_chief()
    release = make_release("scheduled", publish_at=now + HOUR)
    release = workflow.hold(release, by=chief)
    later = now + 2 * HOUR
    assert not Release.objects.public(at=later).exists()
    release = workflow.end_hold(release, by=chief, at=later)
    assert release.publish_at == later
    assert Release.objects.public(at=later).exists()


def test_a_release_that_was_held_before_its_time_and_withdrawn_leaves_no_tombstone():
    now, chief = timezone.now(), make_chief()
    release = make_release("scheduled", publish_at=now + HOUR)
    release = workflow.hold(release, by=chief, at=now)
    workflow.withdraw(release, by=chief, reason="Never mind.", at=now + 2 * HOUR)
    assert not Release.objects.tombstones(at=now + 3 * HOUR).exists()


def test_a_release_on_hold_is_not_approved():
    release, chief = make_release("in_review"), make_chief()
    release = workflow.hold(release, by=chief)
    for verb in ("approve", "publish"):
        with pytest.raises(workflow.ActionBlocked, match="End the hold first"):
            carry_out(verb, release, chief)


def test_an_address_is_made_on_approval_and_the_old_one_is_kept_after_publication():
    release, chief = make_release("draft", title="Free Ann Verel now"), make_chief()
    assert release.slug == ""
    release = workflow.publish(release, by=chief)
    assert release.slug == "free-ann-verel-now"
    second = workflow.publish(make_release("draft", title="Free Ann Verel now"), by=chief)
    assert second.slug.startswith("free-ann-verel-now-")
    release.slug = "ann-verel"
    workflow.correct(release, by=chief, text="")
    assert FormerSlug.objects.get().slug == "free-ann-verel-now"
    third = workflow.publish(make_release("draft", title="Free Ann Verel now"), by=chief)
    assert third.slug not in ("free-ann-verel-now", second.slug)


def test_an_address_that_leads_to_another_release_cannot_be_used():
    first, chief = make_release("published", title="Free her"), make_chief()
    first.slug = "freed"
    first = workflow.correct(first, by=chief, text="")
    for slug in ("free-her", "freed"):
        late = make_release("published")
        late.slug = slug
        with pytest.raises(workflow.ActionBlocked, match=f"uses or used the address “{slug}”"):
            workflow.correct(late, by=chief, text="")
    draft = make_release("draft", slug="free-her")
    with pytest.raises(workflow.ActionBlocked, match="uses or used the address “free-her”"):
        workflow.publish(draft, by=chief)
    workflow.discard(draft, by=chief)
    first.slug = ""
    assert workflow.correct(first, by=chief, text="").slug == "freed"
    first.slug = "free-her"
    assert workflow.correct(first, by=chief, text="").slug == "free-her"


def test_a_correction_notice_is_public_and_a_minor_edit_is_not():
    release, chief = make_release("published", body="<p>Ten.</p>"), make_chief()
    release.body = "<p>Eleven.</p>"
    release = workflow.correct(release, by=chief, text=" It was eleven. ")
    assert Correction.objects.get().text == "It was eleven."
    release.body = "<p>Eleven!</p>"
    workflow.correct(release, by=chief, text="")
    assert Correction.objects.count() == 1
    assert verbs_of(release)[-2:] == ["corrected", "amended"]


def test_a_correction_must_leave_a_release_that_could_be_approved():
    release = make_release("published")
    release.body = "<blockquote><p>“Whose words?”</p></blockquote>"
    with pytest.raises(workflow.ActionBlocked, match="Choose a speaker"):
        workflow.correct(release, by=make_chief(), text="x")
    assert "Whose words" not in Release.objects.get().body
    assert not Correction.objects.exists()


def test_a_withdrawal_needs_a_reason():
    release = make_release("published")
    with pytest.raises(workflow.ActionBlocked, match="Enter a reason"):
        workflow.withdraw(release, by=make_chief(), reason="  ")
    assert Release.objects.get().is_public()


def test_an_action_on_an_outdated_version_is_blocked():
    release = make_release("in_review")
    newer = Release.objects.get(pk=release.pk)
    newer.title = "Changed since"
    newer.save()
    for verb in ("approve", "publish", "send_back", "restore"):
        with pytest.raises(workflow.ActionBlocked, match="while you were reading version"):
            carry_out(verb, release, make_chief())
    assert verbs_of(release) == ["created", "submitted"]


def test_an_action_on_a_deleted_draft_is_blocked():
    release = make_release("draft")
    read = Release.objects.get(pk=release.pk)
    workflow.discard(release, by=make_chief())
    with pytest.raises(workflow.ActionBlocked, match="Someone deleted this release"):
        workflow.submit(read, by=make_chief())


def test_an_earlier_text_is_restored_without_references_to_deleted_rows():
    chief, picture, original = make_chief(), make_picture(), make_release("draft")
    release = make_release(
        "draft", title="First", slug="first", body="<p>First words.</p>", poster=picture,
        translation_of=original, language="cy",
    )  # fmt: skip
    release.title, release.body, release.slug = "Second", "<p>Second words.</p>", ""
    release.poster = release.translation_of = None
    release.save()
    picture.delete()
    workflow.discard(original, by=chief)
    make_release("published", slug="first")
    first = release.history.last()
    release = workflow.restore(release, by=chief, history_id=first.history_id)
    release.refresh_from_db()
    assert (release.title, release.body) == ("First", "<p>First words.</p>")
    assert (release.poster, release.translation_of, release.slug) == (None, None, "")
    assert Event.objects.get(verb="restored").detail == {"restored": 1}
    other = make_release("draft").history.get()
    with pytest.raises(workflow.ActionBlocked, match="no such version"):
        workflow.restore(release, by=chief, history_id=other.history_id)


def test_a_draft_that_another_release_translates_is_not_deleted():
    original = make_release("draft")
    make_release("draft", language="cy", translation_of=original)
    with pytest.raises(workflow.ActionBlocked, match="translations of this one"):
        workflow.discard(original, by=make_chief())
    assert verbs_of(original) == ["created"]


def test_events_and_corrections_cannot_be_changed():
    release = make_release("published")
    Correction.objects.create(release=release, text="x", by=make_chief())
    for row in (Event.objects.first(), Correction.objects.get()):
        for change in (row.save, row.delete):
            with pytest.raises(TypeError, match="Recorded rows"):
                change()
        with pytest.raises(TypeError, match="Recorded rows"):
            type(row).objects.update(at=timezone.now())
        with pytest.raises(TypeError, match="Recorded rows"):
            type(row).objects.all().delete()


def test_a_deleted_draft_leaves_its_record_and_its_versions():
    release, chief = make_release("draft", title="Thrown away"), make_chief()
    workflow.discard(release, by=chief)
    event = Event.objects.get(verb="deleted")
    assert (event.release, event.release_uuid) == (None, release.pk)
    assert event.detail == {"title": "Thrown away"}
    assert Release.history.filter(uuid=release.pk).exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(
    connection.vendor != "postgresql",
    reason="SQLite has one writer at a time; set DATABASE_URL to a PostgreSQL server.",
)
def test_one_of_two_simultaneous_actions_is_blocked():
    release, outcomes = make_release("in_review"), []
    chiefs, start = [make_chief(), make_chief()], threading.Barrier(2)

    def press(chief):
        read = Release.objects.get(pk=release.pk)
        start.wait()
        try:
            outcomes.append(workflow.publish(read, by=chief).state())
        except workflow.ActionBlocked as refused:
            outcomes.append(str(refused))
        finally:
            close_old_connections()
            connection.close()

    threads = [threading.Thread(target=press, args=[chief]) for chief in chiefs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    outcomes.remove(Release.State.PUBLISHED)
    (refused,) = outcomes
    assert "Read the new version first." in refused
    assert verbs_of(release).count("published") == 1

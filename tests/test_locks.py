"""Two users who save at the same moment: the result is right, and neither waits for ever.

Each test runs real transactions on PostgreSQL. Every action does its work and then waits before
its commit for the work of the others. After a timeout it assumes that they wait for a lock.
"""

import contextlib
import threading
import time
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import close_old_connections, connection, models, transaction
from django.db.models.signals import post_save, pre_save
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.errors import ActionBlocked
from accounts.hooks import announce_leaving, find_blockers
from accounts.models import User
from assets.models import MediaAsset
from desk.imports.storing import AlreadyImported, import_draft
from importing import understand
from people import levels, locking, officers
from people.models import Case, CaseStatus, Consent, Level, Person
from releases import workflow
from releases.models import Release, Topic
from tests.make import (
    REAL_RELEASE,
    make_chief,
    make_person,
    make_picture,
    make_prisoner,
    make_release,
    make_user,
)
from tests.test_library import form_of, typed

pytestmark = pytest.mark.django_db(transaction=True)

on_postgresql = pytest.mark.skipif(
    connection.vendor != "postgresql",
    reason="SQLite has one writer at a time; set DATABASE_URL to a PostgreSQL server.",
)
TIMEOUT_SECONDS = 1  # after which an action no longer waits for the others


def at_once(*actions, between=None):
    """Run actions in parallel threads; return what each returned or raised, in order.

    Each action is a transaction, and waits for the others before it commits. With `between`, a
    signal and its sender, actions are not wrapped in transactions, and wait at the signal.
    """
    barrier = threading.Barrier(len(actions))
    results: list = [None] * len(actions)

    def meet(**signal):
        with contextlib.suppress(threading.BrokenBarrierError):  # the others wait for a lock
            barrier.wait(TIMEOUT_SECONDS)

    def run(number, action):
        try:
            if between:
                results[number] = action()
            else:
                with transaction.atomic():
                    results[number] = action()
                    meet()
        except Exception as error:
            results[number] = error
        finally:
            close_old_connections()
            connection.close()

    if between:
        between[0].connect(meet, sender=between[1])
    try:
        threads = [
            threading.Thread(target=run, args=[number, action])
            for number, action in enumerate(actions)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        if between:
            between[0].disconnect(meet, sender=between[1])
    return results


def assert_no_errors(results):
    """Raise the first error that an action raised."""
    for one in results:
        if isinstance(one, Exception):
            raise one


# --- Consents and levels --------------------------------------------------------------------------


def consent(person, **fields):
    given = timezone.localdate() - timedelta(days=30)
    row = {"basis": "family", "covers_name": True, "covers_photo": True, "given": given}
    return Consent.objects.create(person=person, **row | fields)


def withdraw(row):
    row.withdrawn = timezone.localdate()
    row.save()


@on_postgresql
def test_two_consents_withdrawn_at_once_are_both_withdrawn():
    person = make_person()
    rows = [consent(person), consent(person, basis="subject")]
    assert_no_errors(at_once(*(lambda row=row: withdraw(row) for row in rows)))
    assert Person.objects.get().is_protected()


@on_postgresql
def test_a_consent_that_is_deleted_while_another_ends_is_not_counted():
    person = make_person()
    today = timezone.localdate()
    first, second = consent(person), consent(person, ends=today)
    assert_no_errors(at_once(first.delete, lambda: withdraw(second)))
    assert Person.objects.get().is_protected()


@on_postgresql
def test_a_person_saved_while_a_consent_is_withdrawn_keeps_the_derived_dates():
    person = make_person()
    row = consent(person)
    read = Person.objects.get()

    def rename():
        time.sleep(TIMEOUT_SECONDS / 2)  # the consent is saved first
        read.pronouns = "she"
        read.save()

    assert_no_errors(at_once(lambda: withdraw(row), rename))
    person = Person.objects.get()
    assert (person.is_protected(), person.pronouns) == (True, "she")


@on_postgresql
def test_a_level_lowered_during_an_approval_stays_low():
    person = make_person(level=Level.NAMEABLE)
    change = levels.request_level(person, to=Level.PUBLIC, basis="Asked.", by=make_chief())
    by, second = make_chief(), make_chief()
    lowered, agreed = at_once(
        lambda: levels.lower_level(person, to=Level.STAFF, by=by),
        lambda: levels.approve_level(change, by=second),
    )
    assert_no_errors([lowered])
    assert Person.objects.get().level == Level.STAFF
    assert levels.open_request(person) is None
    if isinstance(agreed, Exception):
        assert str(agreed) == "Someone has decided this since you opened it. Check the record."


@on_postgresql
def test_one_of_two_simultaneous_requests_for_a_level_is_refused():
    person, chiefs = make_person(level=Level.STAFF), [make_chief(), make_chief()]
    results = at_once(
        *(
            lambda by=by: levels.request_level(person, to=Level.NAMEABLE, basis="x", by=by)
            for by in chiefs
        )
    )
    (refused,) = [one for one in results if isinstance(one, Exception)]
    assert str(refused).startswith("A request is already open.")


# --- Case officers -------------------------------------------------------------------------------


def leave(user):
    """Close an account as `accounts.team` does: lock it, check, announce, change."""
    locked = User.objects.select_for_update().get(pk=user.pk)
    if blockers := find_blockers(locked):
        raise ActionBlocked(*blockers)
    announce_leaving(locked)
    locked.is_active = False
    locked.save()


@pytest.fixture
def two_officers():
    """A record at level 0 and its two case officers."""
    person = make_person(level=Level.CASE_OFFICERS)
    users = [make_user(name, "Editor", "Case officer") for name in ("ada", "bo")]
    person.case_officers.set(users)
    return person, *users


@on_postgresql
@pytest.mark.parametrize("how", ["each removes the other", "both leave", "one leaves, one goes"])
def test_of_two_last_officers_who_go_at_once_one_stays(two_officers, how):
    person, ada, bo = two_officers

    def take(user, by):
        return lambda: officers.remove(person, user, by=by)

    actions = {
        "each removes the other": (take(ada, bo), take(bo, ada)),
        "both leave": (lambda: leave(ada), lambda: leave(bo)),
        "one leaves, one goes": (lambda: leave(ada), take(bo, bo)),
    }[how]
    results = at_once(*actions)
    assert [type(one) for one in results].count(ActionBlocked) == 1, results
    assert not Person.objects.without_officer().exists()


@on_postgresql
@pytest.mark.parametrize("late", [0, TIMEOUT_SECONDS / 2])
def test_a_user_who_is_named_while_leaving_does_not_leave_a_record_alone(late):
    person, by = make_person(level=Level.STAFF), make_user("by", "Editor")
    ada = make_user("ada", "Editor", "Case officer")

    def lower():
        time.sleep(late)
        return levels.lower_level(person, to=Level.CASE_OFFICERS, by=by, case_officers=[ada])

    def go():
        time.sleep(TIMEOUT_SECONDS / 2 - late)
        leave(ada)

    lowered, left = at_once(lower, go)
    assert isinstance(lowered, Person), lowered
    assert left is None or isinstance(left, ActionBlocked), left
    assert not Person.objects.without_officer().exists()


# --- Pictures -------------------------------------------------------------------------------------


@on_postgresql
def test_a_picture_of_two_people_lowered_at_once_is_withheld():
    picture, people = make_picture(), [make_person("One"), make_person("Other")]
    picture.depicts.set(people)
    by = make_chief()
    assert_no_errors(
        at_once(*(lambda one=one: levels.lower_level(one, to=Level.STAFF, by=by) for one in people))
    )
    assert not MediaAsset.objects.get().is_usable()


@on_postgresql
def test_a_picture_is_withheld_if_one_person_is_lowered_while_another_is_raised():
    picture, one, other = make_picture(), make_person("One"), make_person("Two", level=Level.STAFF)
    picture.depicts.set([one, other])
    change = levels.request_level(other, to=Level.NAMEABLE, basis="x", by=make_chief())
    by, second = make_chief(), make_chief()
    assert_no_errors(
        at_once(
            lambda: levels.lower_level(one, to=Level.STAFF, by=by),
            lambda: levels.approve_level(change, by=second),
        )
    )
    assert not MediaAsset.objects.get().is_usable()


@on_postgresql
def test_a_picture_of_two_people_is_withheld_when_the_first_consent_ends():
    picture, people = make_picture(), [make_person("One"), make_person("Other")]
    picture.depicts.set(people)
    today = timezone.localdate()
    first, second = today + timedelta(days=3), today + timedelta(days=5)

    def later():
        time.sleep(TIMEOUT_SECONDS / 4)  # the consent that ends first is saved first
        consent(people[1], ends=second)

    assert_no_errors(at_once(lambda: consent(people[0], ends=first), later))
    hidden_from = MediaAsset.objects.get().hidden_from
    assert timezone.localdate(hidden_from) == first + timedelta(days=1)


@on_postgresql
@pytest.mark.parametrize("link_on", ["picture", "person", "portrait"])
def test_a_picture_linked_to_a_person_during_lowering_is_withheld(link_on):
    picture, person, by = make_picture(), make_person(), make_chief()

    def link_picture():
        if link_on == "picture":
            picture.depicts.add(person)
        elif link_on == "person":
            Person.objects.get(pk=person.pk).depicted_in.add(picture)
        else:
            fresh = Person.objects.get(pk=person.pk)
            fresh.portrait = picture
            fresh.save(update_fields=["portrait"])

    assert_no_errors(
        at_once(link_picture, lambda: levels.lower_level(person, to=Level.STAFF, by=by))
    )
    assert not MediaAsset.objects.get().is_usable()


@on_postgresql
def test_saving_a_picture_with_people_while_they_are_lowered_does_not_deadlock():
    """The form saves the picture and the people shown: people are locked before pictures."""
    picture, old, new = make_picture(), make_person("Old"), make_person("New")
    picture.depicts.add(old)
    editor, by = make_user("editor", "Editor"), make_chief()
    client = Client()
    client.force_login(editor)

    def save_form():
        answer = client.post(form_of(picture), typed(depicts=[str(old.pk), str(new.pk)]))
        assert answer.status_code == 302

    def lower():
        time.sleep(
            TIMEOUT_SECONDS / 4
        )  # the form has stored the picture, but not yet the people shown
        levels.lower_level(old, to=Level.STAFF, by=by)
        levels.lower_level(new, to=Level.STAFF, by=by)

    assert_no_errors(at_once(save_form, lower, between=(post_save, MediaAsset)))
    assert set(picture.depicts.all()) == {old, new}
    assert not MediaAsset.objects.get().is_usable()


# --- Cases ----------------------------------------------------------------------------------------


@on_postgresql
def test_the_last_of_two_simultaneous_changes_of_a_status_applies():
    make_prisoner()
    read = [Case.objects.get(), Case.objects.get()]

    def change(case, status):
        case.custody_status = status
        case.save()

    results = at_once(
        lambda: change(read[0], Case.Custody.RELEASED),
        lambda: change(read[1], Case.Custody.HOUSE_ARREST),
        between=(pre_save, CaseStatus),
    )
    assert_no_errors(results)
    assert CaseStatus.objects.count() == 3
    assert CaseStatus.objects.latest("pk").custody_status == Case.objects.get().custody_status


@on_postgresql
def test_the_same_status_saved_twice_at_once_is_stored_once():
    make_prisoner()
    read = [Case.objects.get(), Case.objects.get()]

    def change(case):
        case.custody_status = Case.Custody.RELEASED
        case.save()

    results = at_once(
        *(lambda one=one: change(one) for one in read), between=(pre_save, CaseStatus)
    )
    assert_no_errors(results)
    assert CaseStatus.objects.count() == 2


# --- Addresses ------------------------------------------------------------------------------------


@on_postgresql
@pytest.mark.parametrize("verb", ["approve", "publish"])
def test_two_releases_with_one_title_get_different_addresses(verb):
    drafts = [make_release("draft", title="One title for both") for _ in range(2)]
    chiefs = [make_chief(), make_chief()]
    when = {"publish_at": timezone.now() + timedelta(days=1)} if verb == "approve" else {}
    assert_no_errors(
        at_once(
            *(
                lambda draft=draft, by=by: getattr(workflow, verb)(draft, by=by, **when)
                for draft, by in zip(drafts, chiefs, strict=True)
            )
        )
    )
    slugs = set(Release.objects.values_list("slug", flat=True))
    assert len(slugs) == 2
    assert "one-title-for-both" in slugs


@on_postgresql
def test_two_topics_with_similar_names_get_different_addresses():
    names = ["Women’s rights", "Womens rights"]
    assert_no_errors(
        at_once(*(lambda name=name: Topic.objects.create(name=name) for name in names))
    )
    slugs = set(Topic.objects.values_list("slug", flat=True))
    assert len(slugs) == 2
    assert "womens-rights" in slugs


@on_postgresql
def test_two_namesakes_who_get_a_page_at_once_get_different_addresses():
    people = [make_person("Li Na", level=Level.STAFF) for _ in range(2)]
    by, second = make_chief(), make_chief()
    changes = [levels.request_level(one, to=Level.PUBLIC, basis="x", by=by) for one in people]
    assert_no_errors(
        at_once(*(lambda one=one: levels.approve_level(one, by=second) for one in changes))
    )
    slugs = set(Person.objects.values_list("slug", flat=True))
    assert len(slugs) == 2
    assert "li-na" in slugs


@on_postgresql
def test_an_import_confirmed_twice_at_once_is_stored_once():
    understood = understand(REAL_RELEASE.read_bytes(), REAL_RELEASE.name)
    chiefs = [make_chief(), make_chief()]
    results = at_once(*(lambda by=by: import_draft(understood, by=by) for by in chiefs))
    (stored,) = [one for one in results if isinstance(one, Release)]
    (problem,) = [one for one in results if isinstance(one, AlreadyImported)]
    assert problem.release == stored == Release.objects.get()
    assert str(problem).startswith("This was already imported")


@on_postgresql
def test_a_repeated_import_confirmed_twice_at_once_is_stored_once():
    understood = understand(REAL_RELEASE.read_bytes(), REAL_RELEASE.name)
    first = import_draft(understood, by=make_chief())
    chiefs = [make_chief(), make_chief()]
    results = at_once(*(lambda by=by: import_draft(understood, by=by, again=2) for by in chiefs))
    (stored,) = [one for one in results if isinstance(one, Release)]
    (problem,) = [one for one in results if isinstance(one, AlreadyImported)]
    assert problem.release == first
    assert set(Release.objects.all()) == {first, stored}


# --- The locks themselves -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "lock",
    [
        locking.lock_names_for_change,
        locking.lock_names_for_read,
        lambda: locking.lock_slug_choice("topic"),
        lambda: locking.lock_row(Person()),
    ],
)
def test_a_lock_without_a_transaction_is_refused(lock):
    with pytest.raises(locking.NoTransactionError):
        lock()


def test_a_deleted_row_is_not_locked():
    with transaction.atomic(), pytest.raises(Person.DoesNotExist):
        locking.lock_row(Person())


def test_locking_a_row_reads_its_current_values():
    person = make_person()
    models.QuerySet(Person).update(pronouns="she")
    with transaction.atomic():
        assert locking.lock_row(person).pronouns == "she"


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL has locks.")
def test_a_transaction_on_sqlite_is_the_only_writer_from_its_beginning():
    assert settings.DATABASES["default"]["OPTIONS"]["transaction_mode"] == "IMMEDIATE"


@on_postgresql
def test_two_readers_of_names_do_not_wait_and_a_change_waits_for_both():
    order = []

    def read():
        locking.lock_names_for_read()
        order.append("read")
        time.sleep(TIMEOUT_SECONDS)
        order.append("read to the end")

    def change():
        time.sleep(TIMEOUT_SECONDS / 4)
        make_person()
        order.append("changed")

    assert_no_errors(at_once(read, read, change))
    assert order == ["read", "read", "read to the end", "read to the end", "changed"]


def actions_on_names():
    """Return every action that changes who may be named, by its description."""
    by, second = make_chief(), make_chief()
    person, gone = make_person(), make_person("Gone")
    low = make_person("Low", level=Level.STAFF)
    name, row = person.names.create(text="Other"), consent(person)
    asked = levels.request_level(low, to=Level.NAMEABLE, basis="x", by=by)
    understood = understand(REAL_RELEASE.read_bytes(), REAL_RELEASE.name)
    everybody = {suggestion.name: "create" for suggestion in understood.people}
    return {
        "a person is saved": person.save,
        "a person is deleted": gone.delete,
        "people are deleted": Person.objects.filter(pk=gone.pk).delete,
        "a name is saved": name.save,
        "a name is added": lambda: person.names.create(text="Third"),
        "a name is deleted": name.delete,
        "names are deleted": person.names.all().delete,
        "a consent is added": lambda: consent(person),
        "a consent is saved": row.save,
        "a consent is deleted": row.delete,
        "consents are deleted": person.consents.all().delete,
        "a level is raised": lambda: levels.approve_level(asked, by=second),
        "a level is lowered": lambda: levels.lower_level(person, to=Level.STAFF, by=by),
        "an import adds people": lambda: import_draft(understood, by=by, people=everybody),
    }


@on_postgresql
def test_actions_on_names_lock_the_names_before_any_row():
    for what, act in actions_on_names().items():
        with CaptureQueriesContext(
            connection,
        ) as queries:
            act()
        locks = [
            query["sql"]
            for query in queries
            if "advisory" in query["sql"]
            or "FOR NO KEY UPDATE" in query["sql"]
            or query["sql"].startswith(("INSERT", "UPDATE", "DELETE"))
        ]
        assert "pg_advisory_xact_lock(" in locks[0], (what, locks[:2])

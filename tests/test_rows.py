"""The constraints of the database refuse invalid rows."""

from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.apps import apps
from django.db import IntegrityError, models, transaction
from django.utils import timezone

from accounts.models import FactorRecovery, Invitation
from assets.models import MediaAsset
from jobs.models import Email, Job
from people.models import (
    Case,
    Consent,
    Designation,
    LevelChange,
    MinorMarkRemoval,
    Person,
    PersonName,
    Role,
    Sentence,
)
from previews.models import Opening, PreviewLink
from releases.models import (
    Correction,
    FoldedText,
    Illustration,
    Mention,
    NameDisclosure,
    NameException,
    Probe,
    Quote,
    RejectedName,
    Release,
    ReleaseAccess,
    RestrictedFile,
    SearchEntry,
)
from tests.make import (
    make_chief,
    make_person,
    make_picture,
    make_prisoner,
    make_release,
    make_user,
    quotation,
)

pytestmark = pytest.mark.django_db


def change(state="published", **values):
    """Create a release, and change it without the workflow."""
    release = make_release(state)
    models.QuerySet(Release).filter(pk=release.pk).update(**values)


def create_twice(model, **values):
    models.QuerySet(model).bulk_create([model(**values), model(**values)])


def a_quote(**values):
    release, person = make_release("draft"), make_person()
    words = {"text": "x", "attribution_name": "y", "position": 1} | values
    Quote.objects.create(release=release, speaker=person, **words)


def an_invitation(**values):
    Invitation.objects.create(
        email="new@example.org", token_digest=uuid4().hex, invited_by=make_chief(),
        expires_at=timezone.now(), **values,
    )  # fmt: skip


def two_releases_with_one_slug():
    make_release(title="The same")
    change(slug="the-same")


def two_releases_of_one_import():
    make_release("draft", import_digest="abc")
    make_release("draft", import_digest="abc")


def two_quotes_in_one_place():
    release = make_release("draft", body=quotation(make_person()))
    place = release.quotes.get()
    place.pk = None
    Quote.objects.bulk_create([place])


def one_person_mentioned_twice():
    create_twice(Mention, release=make_release("draft"), person=make_person(), surface="x")


def two_pictures_in_one_place():
    create_twice(Illustration, release=make_release("draft"), asset=make_picture(), position=1)


def translation_of_itself():
    release = make_release("draft")
    models.QuerySet(Release).filter(pk=release.pk).update(translation_of=release)


def two_rows_for_one_probe():
    now = timezone.now()
    create_twice(
        Probe,
        release=make_release("draft"),
        what="near",
        sender_hash="x",
        first_at=now,
        last_at=now,
    )


def a_consent(**values):
    row = {"basis": "subject", "covers_name": True, "given": date(2026, 1, 2)} | values
    Consent.objects.create(person=make_person(), **row)


def a_level_change(**values):
    chief = make_chief()
    row = {"before": 1, "after": 3, "outcome": "agreed", "basis": "x", "requested_by": chief}
    LevelChange.objects.create(person=make_person(), **row | {"decided_by": make_chief()} | values)


def level_approved_by_its_requester():
    chief = make_chief()
    a_level_change(requested_by=chief, decided_by=chief)


def a_removal(**values):
    row = {"person": make_person(), "requested_by": make_chief(), "reason": "x"} | values
    MinorMarkRemoval.objects.create(**row)


def removal_approved_by_its_requester():
    chief = make_chief()
    a_removal(outcome="approved", requested_by=chief, decided_by=chief)


def two_removals_for_one_person():
    person = make_person()
    a_removal(person=person)
    a_removal(person=person)


def two_level_requests_for_one_person():
    create_twice(
        LevelChange,
    person=make_person(), before=1, after=3, outcome="asked", requested_by=make_chief(),
    )  # fmt: skip


def an_exception(**values):
    row = {"name": "x", "reason": "A namesake.", "by": make_chief()} | values
    return NameException(**{"release": make_release("draft")} | row)


def two_exceptions_of_a_name(**values):
    exception = an_exception(**values)
    NameException.objects.bulk_create([exception])
    exception.pk = None
    NameException.objects.bulk_create([exception])


def a_link(**values):
    row = {"name": "x", "token_hash": "x", "reference": "x", "batch": uuid4()} | values
    PreviewLink.objects.create(release=make_release("draft"), issued_by=make_chief(), **row)


def two_rows_for_one_opening():
    now = timezone.now()
    a_link()
    create_twice(
        Opening, link=PreviewLink.objects.get(), what="page", network="x", browser="x", hour=now,
        first_at=now, last_at=now,
    )  # fmt: skip


def a_role_that_ends_before_it_begins():
    today = timezone.localdate()
    Role.objects.create(person=make_person(), title="x", start=today, end=today - timedelta(days=1))


def a_job(**values):
    Job.objects.create(**{"name": "x"} | values)


def an_email(**values):
    Email.objects.create(**{"message_id": str(uuid4()), "to": "a@b.example"} | values)


def two_jobs_with_one_key():
    create_twice(Job, name="x", key="y")


def an_entry(**values):
    places = dict.fromkeys(("title", "quotation", "standfirst", "everything"), ())
    row = {"kind": SearchEntry.Kind.RELEASE, "key": "x", "tokeniser": 1} | places
    SearchEntry.objects.create(**row | values)


def two_entries_of_one_row():
    release = make_release("draft")
    an_entry(release=release, key=release.pk.hex)


def a_recovery(**fields):
    user, at = make_user(), timezone.now()
    fields = {"user": user, "identity_check": "x", "expires_at": at, "token_digest": "x"} | fields
    if fields.get("started_by") == "the user":
        fields["started_by"] = fields["user"]
    return FactorRecovery.objects.create(**fields)


def two_open_recoveries():
    a_recovery(token_digest="y", user=a_recovery().user)


INVALID = {
    "recovery_by_another": [lambda: a_recovery(started_by="the user")],
    "recovery_ended_once": [
        lambda: a_recovery(used_at=timezone.now(), cancelled_at=timezone.now())
    ],
    "recovery_one_open": [two_open_recoveries],
    "job_once_for_a_key": [two_jobs_with_one_key],
    "job_running_has_a_lease": [
        lambda: a_job(state="running"),
        lambda: a_job(lease=uuid4()),
    ],
    "invitation_ended_once": [
        lambda: an_invitation(accepted_at=timezone.now(), cancelled_at=timezone.now())
    ],
    "invitation_one_open": [lambda: [an_invitation(), an_invitation()]],
    "email_running_has_a_lease": [
        lambda: an_email(state="running"),
        lambda: an_email(lease=uuid4()),
    ],
    "email_ended_has_a_time": [
        lambda: an_email(state="sent"),
        lambda: an_email(ended_at=timezone.now()),
    ],
    "email_keeps_no_text": [
        lambda: an_email(state="sent", ended_at=timezone.now(), text="x"),
    ],
    "release_approved_is_complete": [
        lambda: change(title=""),
        lambda: change(body=""),
        lambda: change(slug=""),
        lambda: change(publish_at=None),
        lambda: change("draft", status="approved"),
        lambda: change("withdrawn", title=""),
    ],
    "release_withdrawn_with_time_and_reason": [
        lambda: change("withdrawn", withdrawn_at=None),
        lambda: change("withdrawn", withdrawal_reason=""),
        lambda: change("published", withdrawn_at=timezone.now()),
    ],
    "release_status_known": [lambda: change("published", status="public")],
    "release_slug_unique": [two_releases_with_one_slug],
    "release_imported_once": [two_releases_of_one_import],
    "release_translates_another": [translation_of_itself],
    "quote_has_its_place": [two_quotes_in_one_place],
    "quote_has_words_and_a_speaker": [
        lambda: a_quote(attribution_name=""),
        lambda: a_quote(text=""),
    ],
    "mention_once_a_release": [one_person_mentioned_twice],
    "illustration_has_its_place": [two_pictures_in_one_place],
    "correction_says_something": [
        lambda: Correction.objects.create(release=make_release(), text="", by=make_chief())
    ],
    "person_has_a_name": [lambda: Person.objects.create(display_name="")],
    "person_named_only_on_a_recorded_basis": [
        lambda: Person.objects.create(display_name="x", level=2),
        lambda: models.QuerySet(Person).filter(pk=make_person(level=3).pk).update(level_basis=""),
    ],
    "personname_once_a_person": [
        lambda: create_twice(PersonName, person=make_person(), text="The same", language="en")
    ],
    "mediaasset_focus_is_inside": [
        lambda: MediaAsset.objects.create(focus_x=1.5),
        lambda: MediaAsset.objects.create(focus_y=-0.1),
    ],
    "guess_one_row_for_each": [two_rows_for_one_probe],
    "previewlink_has_a_reader": [lambda: a_link(name="")],
    "previewlink_for_one_visit_at_least": [lambda: a_link(max_visits=0)],
    "opening_one_row_for_each": [two_rows_for_one_opening],
    "role_ends_after_it_starts": [a_role_that_ends_before_it_begins],
    "consent_covers_something": [lambda: a_consent(covers_name=False)],
    "consent_ends_after_it_was_given": [
        lambda: a_consent(ends=date(2026, 1, 1)),
        lambda: a_consent(withdrawn=date(2026, 1, 1)),
    ],
    "levelchange_two_people_and_a_basis": [
        level_approved_by_its_requester,
        lambda: a_level_change(decided_by=None),
        lambda: a_level_change(basis=""),
    ],
    "levelchange_one_question": [two_level_requests_for_one_person],
    "minormarkremoval_has_a_reason": [lambda: a_removal(reason="")],
    "minormarkremoval_two_people": [
        removal_approved_by_its_requester,
        lambda: a_removal(outcome="approved"),
    ],
    "minormarkremoval_one_request": [two_removals_for_one_person],
    "designation_has_a_source": [
        lambda: Designation.objects.create(
            case=make_prisoner().cases.get(), by="x", since="2024", source=""
        )
    ],
    "caseevent_has_a_date": [
        lambda: make_prisoner().cases.get().events.create(kind="arrest", summary="x")
    ],
    "sentence_for_life_has_no_duration": [
        lambda: Sentence.objects.create(
            case=make_prisoner().cases.get(), kind="life", duration="P5Y"
        )
    ],
    "nameexception_once_a_name": [two_exceptions_of_a_name],
    "nameexception_once_a_name_and_row": [
        lambda: two_exceptions_of_a_name(release=None, table="releases.topic", row="1")
    ],
    "namefind_once_a_day": [
        lambda: create_twice(
            NameDisclosure,
            person=make_person(),
            user=make_chief(),
            table="releases.topic",
            row="1",
            day=date(2026, 1, 1),
        )
    ],
    "foldedtext_once_a_row": [lambda: create_twice(FoldedText, table="x", row="1", letters="x")],
    "clearance_has_a_reason": [
        lambda: an_exception(reason="").save(),
        lambda: an_exception(name="").save(),
    ],
    "rejected_once_a_person": [
        lambda: create_twice(
            RejectedName, release=make_release("draft"), name="x", person=make_person()
        )
    ],
    "rejected_once_as_new": [
        lambda: create_twice(RejectedName, release=make_release("draft"), name="x")
    ],
    "access_once_a_person": [
        lambda: create_twice(ReleaseAccess, release=make_release("draft"), user=make_chief())
    ],
    "searchentry_once_a_row": [two_entries_of_one_row],
    "searchentry_has_its_row": [
        an_entry,
        lambda: an_entry(kind=SearchEntry.Kind.QUOTATION, release=make_release("draft")),
        *(
            lambda kind=kind: an_entry(kind=kind)
            for kind in SearchEntry.Kind
            if kind != SearchEntry.Kind.RELEASE
        ),
    ],
    "restrictedfile_once": [
        lambda: create_twice(RestrictedFile, release=make_release("draft"), asset=make_picture())
    ],
}


@pytest.mark.parametrize(
    ("name", "attempt"),
    [(name, attempt) for name, attempts in INVALID.items() for attempt in attempts],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_database_refuses_invalid_rows(name, attempt):
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        attempt()
    # SQLite names the columns of a unique index, and not the index.
    assert name in str(refused.value) or "UNIQUE" in str(refused.value)


def test_every_constraint_is_tested():
    declared = {
        constraint.name
        for model in apps.get_models()
        if model.__module__.split(".")[0]
        in {"accounts", "assets", "jobs", "people", "previews", "releases"}
        for constraint in model._meta.constraints
    }
    assert declared == INVALID.keys()


@pytest.mark.parametrize("model", [Quote, Mention, PersonName, Role, Case])
def test_a_row_that_belongs_to_a_person_cannot_be_without_one(model):
    field = model._meta.get_field("speaker" if model is Quote else "person")
    assert isinstance(field, models.ForeignKey)
    assert not field.null


def test_a_case_needs_the_day_of_its_status():
    with pytest.raises(IntegrityError), transaction.atomic():
        Case.objects.create(person=make_person(), custody_status="imprisoned", as_of=None)
    Case.objects.create(person=make_person(), custody_status="imprisoned", as_of=date(2024, 1, 1))

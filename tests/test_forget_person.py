"""`manage.py forget EMAIL` removes the data of one person, and only lists texts that name them."""

import io
import sys
from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.apps import apps
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.db import connection, models
from django.test import Client
from django.utils import timezone

from accounts.models import AccessEvent, FactorRecovery, Invitation, KnownBrowser, User
from jobs import outbox
from jobs.models import Email
from previews import links
from previews.models import LinkState, Opening, PreviewLink, Visit
from releases import topics_and_contacts, workflow
from releases.models import Contact, Event, Release
from tests.make import (
    accept,
    make_chief,
    make_link,
    make_person,
    make_release,
    make_user,
    quotation,
)

pytestmark = pytest.mark.django_db

ADDRESS = "Nora.Quill@paper.example"
NAME = "Nora Quill"


def forget(capsys, *arguments) -> str:
    call_command("forget", *arguments)
    return capsys.readouterr().out


def refused(*arguments) -> str:
    with pytest.raises(CommandError) as raised:
        call_command("forget", *arguments)
    assert raised.value.returncode == 1
    return str(raised.value)


def everything() -> str:
    """Return every value of every table as one text."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608
            found += [f"{table}: {row}" for row in cursor.fetchall()]
    return "\n".join(found)


def answer(monkeypatch, text: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))


@pytest.fixture
def reader(client):
    """A reader who opened a press link, and has another one to a draft that was deleted."""
    release = make_release("scheduled")
    accept(client, make_link(release, name=NAME, outlet="The Paper", email=ADDRESS))
    draft = make_release("draft")
    make_link(draft, name=NAME, outlet="The Paper", email=ADDRESS.upper(), kind="colleague")
    make_link(release, name="Somebody Else", email="other@paper.example")
    workflow.discard(draft, by=make_chief())
    outbox.add_email(ADDRESS, "Confidential", f"Dear {NAME}", about=f"release:{release.pk}")
    return release


# --- Bad input -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "typed", ["nobody", "", "a@b", "x@y.example\0", "x" * 100_000 + "@y.example"]
)
def test_what_is_not_an_address_is_refused(typed):
    assert "is not an e-mail address" in refused(typed, "--yes")


def test_an_unknown_address_is_reported():
    assert refused("nobody@paper.example", "--yes") == "Nothing is stored of this address."
    assert not AccessEvent.objects.exists()


@pytest.mark.parametrize("is_staff", [True, False])
def test_an_active_account_is_refused_and_nothing_is_removed(reader, is_staff):
    user = make_user(email=ADDRESS)
    User.objects.filter(pk=user.pk).update(is_staff=is_staff)
    before = everything()
    assert refused(ADDRESS.lower(), "--yes") == (
        f"An active account has this address: {user.username}. Close the account first. Nothing "
        "was removed."
    )
    assert everything() == before


def test_a_paused_account_is_refused_because_its_drafts_are_handed_over_first(reader):
    user = make_user("paused", "Author", email=ADDRESS, is_active=False)
    before = everything()
    assert refused(ADDRESS, "--yes") == (
        f"A paused account has this address: {user.username}. Close it on the page of the team "
        "first, so that its drafts are handed over. Nothing was removed."
    )
    assert everything() == before


@pytest.mark.parametrize("typed", ["", "no\n", "y\n", "\n"])
def test_without_a_yes_nothing_is_removed(reader, monkeypatch, capsys, typed):
    answer(monkeypatch, typed)
    before = everything()
    assert refused(ADDRESS) == "Nothing was removed."
    assert "- 2 × preview links" in capsys.readouterr().out
    assert everything() == before


def test_a_dry_run_shows_and_removes_nothing(reader, capsys):
    before = everything()
    output = forget(capsys, ADDRESS, "--dry-run")
    assert "This would be removed:\n- 2 × preview links" in output
    assert "Removed:" not in output
    assert everything() == before


def test_a_failure_half_way_leaves_everything(reader, monkeypatch):
    """As after a kill: the database rolls the one transaction back."""
    Contact.objects.create(name=NAME, email=ADDRESS)

    def fail(contact, at):
        raise RuntimeError("no power")

    monkeypatch.setattr("releases.forgetting.forget_contact", fail)
    before = everything()
    with pytest.raises(RuntimeError):
        call_command("forget", ADDRESS, "--yes")
    assert everything() == before


def test_data_that_appeared_after_the_question_is_not_removed_unseen(reader, monkeypatch):
    def read_line():
        Contact.objects.create(name=NAME, email=ADDRESS)
        return "yes"

    monkeypatch.setattr("builtins.input", read_line)
    assert "The data changed in the meantime" in refused(ADDRESS)
    assert PreviewLink.objects.filter(name=NAME).count() == 2


# --- Readers of previews -------------------------------------------------------------------------


@pytest.mark.parametrize("typed", [ADDRESS, ADDRESS.upper(), f"  {ADDRESS.lower()}\n"])
def test_a_reader_is_forgotten_and_the_acceptance_stays(reader, monkeypatch, capsys, typed):
    answer(monkeypatch, "Yes\n")
    accepted = list(Visit.objects.values_list("pk", "at", "embargo_ends", "version"))
    assert "Removed:\n- 2 × preview links" in forget(capsys, typed)
    stored = everything().casefold()
    for part in (NAME, ADDRESS, "The Paper"):
        assert part.casefold() not in stored
    assert "somebody else" in stored
    assert list(Visit.objects.values_list("pk", "at", "embargo_ends", "version")) == accepted
    assert not Opening.objects.exists()
    assert set(Visit.objects.values_list("network", "agent")) == {("", "")}
    link = reader.preview_links.get(name__startswith="Former reader")
    assert link.name == f"Former reader {link.printed_reference}"
    assert link.link_state() == LinkState.CLOSED
    names = Event.objects.filter(release=reader, verb__in=["linked", "unlinked"]).order_by("pk")
    assert [event.detail["names"] for event in names] == [link.name, "Somebody Else", link.name]
    assert links.trace(f"the leaked copy {link.printed_reference}") == [link]


def test_it_is_recorded_with_counts_and_without_the_address(reader, capsys):
    forget(capsys, ADDRESS, "--yes")
    event = AccessEvent.objects.get()
    assert (event.verb, event.actor_id, event.subject_id) == ("forgotten", None, None)
    assert event.detail == {"links": 2, "emails": 1}
    assert refused(ADDRESS, "--yes") == "Nothing is stored of this address."


def test_a_deleted_e_mail_that_is_being_sent_breaks_nothing(reader, mailoutbox):
    """The worker has taken the message when its row is deleted."""
    (email,) = Email.objects.all()
    (batch,) = [outbox._claim()]
    call_command("forget", ADDRESS, "--yes")
    assert outbox._send_batch(batch) == 0
    assert not mailoutbox
    assert not Email.objects.filter(pk=email.pk).exists()


# --- Press contacts ------------------------------------------------------------------------------


def test_a_contact_is_forgotten_with_its_versions_and_the_approval_stays(client, capsys):
    chief = make_chief()
    contact = Contact(name=NAME, email=ADDRESS, phone="+44 20 7946 0000", hours="9 to 5")
    topics_and_contacts.store(contact, by=chief)
    public, scheduled = make_release(), make_release("scheduled")
    for release in (public, scheduled):
        release.contacts.add(contact)
    contact.name = "Nora Quill-Marsh"
    topics_and_contacts.store(contact, by=chief)
    topics_and_contacts.hide_contact(contact, by=chief)
    topics_and_contacts.show_contact(contact, by=chief)
    LogEntry.objects.create(
        user=chief, action_flag=CHANGE, object_repr=str(contact), object_id=str(contact.pk),
        content_type=ContentType.objects.get_for_model(Contact),
    )  # fmt: skip
    Email.objects.all().delete()
    assert "Nora Quill-Marsh" in client.get(public.get_absolute_url()).content.decode()
    assert "- 1 × press contacts" in forget(capsys, ADDRESS, "--yes")
    contact.refresh_from_db()
    assert (contact.name, contact.email, contact.is_shown()) == (
        f"Former contact {contact.pk}", "", False
    )  # fmt: skip
    stored = everything()
    for part in ("Nora", ADDRESS, "7946 0000", "9 to 5"):
        assert part.casefold() not in stored.casefold()
    assert "Former contact" not in client.get(public.get_absolute_url()).content.decode()
    scheduled.refresh_from_db()
    assert scheduled.is_scheduled()
    words = [event.detail.get("words") for event in Event.objects.filter(verb="around")]
    assert words.count("A press contact asked to be forgotten.") == 2
    assert f"“Former contact {contact.pk}” was hidden." in words


def test_an_address_that_only_earlier_versions_have_is_removed_from_them(capsys):
    contact = Contact.objects.create(name=NAME, email=ADDRESS, phone="123")
    contact.name, contact.email = "Press office", "press@newsroom.example"
    contact.save()
    assert "- 1 × earlier versions of press contacts" in forget(capsys, ADDRESS, "--yes")
    contact.refresh_from_db()
    assert (contact.name, contact.email) == ("Press office", "press@newsroom.example")
    assert set(contact.history.values_list("name", "email")) == {
        ("Former contact", ""), ("Press office", "press@newsroom.example"),
    }  # fmt: skip


# --- Accounts ------------------------------------------------------------------------------------


@pytest.mark.parametrize("has_left", [True, False])
def test_a_former_account_loses_its_name_and_the_history_keeps_its_key(capsys, has_left):
    user = make_user("nora-quill", "Publisher", email=ADDRESS, first_name="Nora", last_name="Quill")
    release = make_release(by=user)
    now = timezone.now()
    KnownBrowser.objects.create(user=user, token_digest="x", browser="Firefox")
    session = Client()
    session.force_login(user)
    session.get("/admin/account/sessions/", headers={"User-Agent": "Nora phone"})
    assert "Nora" in UserSession.objects.get(user=user).user_agent
    FactorRecovery.objects.create(
        user=user, token_digest="y", identity_check="Called Nora", expires_at=now
    )
    invitation = Invitation.objects.create(
        email="nora@home.example", name=NAME, token_digest="z", invited_by=make_chief(),
        expires_at=now, accepted_at=now, account=user,
    )  # fmt: skip
    Invitation.objects.create(
        email=ADDRESS.upper(), name=NAME, token_digest="w", invited_by=make_chief(), expires_at=now
    )
    LogEntry.objects.create(
        user=make_chief(), action_flag=CHANGE, object_repr=str(user), object_id=str(user.pk),
        content_type=ContentType.objects.get_for_model(User),
    )  # fmt: skip
    left_at = now - timedelta(days=3) if has_left else None
    User.objects.filter(pk=user.pk).update(is_active=False, is_staff=has_left, left_at=left_at)
    Email.objects.all().delete()
    output = forget(capsys, ADDRESS, "--yes")
    assert "- 1 × former accounts" in output
    assert "- 2 × invitations" in output
    fresh = User.objects.get(pk=user.pk)
    assert str(fresh) == f"Former member {user.pk}"
    assert (fresh.email, fresh.is_active, fresh.has_usable_password()) == ("", False, False)
    assert (fresh.left_at == left_at) is has_left
    assert fresh.left_at
    assert not fresh.groups.exists()
    assert not UserSession.objects.exists()
    assert not Session.objects.exists()
    assert Release.objects.get(pk=release.pk).created_by == fresh
    assert release.events.filter(actor=fresh).exists()
    assert not Invitation.objects.filter(pk=invitation.pk).exists()
    assert AccessEvent.objects.get(verb="forgotten").subject_id == user.pk
    assert not [part for part in ("nora", "quill") if part in everything().casefold()]


def test_what_only_the_account_could_use_is_removed_and_all_other_rows_have_a_reason():
    """A new model whose rows are deleted with an account must be in one of these tables."""
    removed = {"knownbrowser", "factorrecovery", "emailaddress", "authenticator", "usersession"}
    kept = {
        "logentry": "what was done at the desk, by key; deleted after KEEP_LOGS_DAYS",
        "namedisclosure": "who was shown a protected name, by key",
        "user_groups": "cleared",
        "user_user_permissions": "cleared",
        "person_case_officers": "who protects a person, by key; officers change it",
        "releaseaccess": "who may read a restricted release, by key; those inside change it",
    }
    owned = {
        relation.related_model._meta.model_name
        for relation in User._meta.get_fields(include_hidden=True)
        if relation.auto_created and not relation.concrete and relation.on_delete is models.CASCADE
    }
    assert owned <= removed | set(kept)


def test_every_column_with_an_address_is_known():
    """A new column with e-mail addresses must be removed by `forget`."""
    found = {
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models()
        for field in model._meta.fields
        if isinstance(field, models.EmailField)
    }
    assert found <= {
        "accounts.User.email", "accounts.Invitation.email", "jobs.Email.to",
        "previews.PreviewLink.email", "releases.Contact.email",
        "releases.HistoricalContact.email", "account.EmailAddress.email",
    }  # fmt: skip


# --- People in releases and cases ----------------------------------------------------------------


def test_texts_and_records_are_named_and_not_changed(capsys):
    person = make_person(NAME, speaks=True)
    case = person.cases.create(as_of=timezone.localdate(), source=f"Mail from {ADDRESS.lower()}")
    named = make_release(body=quotation(person))
    public = make_release(title="Write to us", notes_to_editors=f"<p>{ADDRESS}</p>")
    hidden = make_release("draft", title="Secret plans", body=f"<p>{ADDRESS}</p>")
    Contact.objects.create(name=NAME, email=ADDRESS)
    before = {row.pk: row.updated_at for row in Release.objects.all()}
    output = forget(capsys, ADDRESS, "--yes")
    texts, namesakes = output.split("These texts contain")[1].split("These records and releases")
    for row in (public, hidden):
        assert f"- release: /admin/releases/release/{row.pk}/change/" in texts
    assert f"- case: /admin/people/case/{case.pk}/change/" in texts
    assert f"- person: /admin/people/person/{person.pk}/change/" in namesakes
    assert f"- release: /admin/releases/release/{named.pk}/change/" in namesakes
    assert "Secret plans" not in output
    assert {row.pk: row.updated_at for row in Release.objects.all()} == before
    output = forget(capsys, ADDRESS, "--yes")
    assert "There is nothing to remove." in output
    assert str(hidden.pk) in output

"""Every public text refuses a new protected name, from the forms of the desk and from models.

The tests read the table of public texts, so that they cover each text that is added to it.
"""

import re

import lxml.html
import pytest
from django.db import models, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.errors import ActionBlocked
from assets.models import MediaAsset
from people.models import Case, Level, Person, PersonName, Role
from releases import workflow
from releases.models import Contact, Correction, NameException, Release, Topic
from releases.rules.public_texts import TEXTS, table_of
from tests.make import (
    make_chief,
    make_person,
    make_picture,
    make_prisoner,
    make_release,
    make_user,
    quotation,
    unguarded,
    whole_case,
)

pytestmark = pytest.mark.django_db

NAME = "Iven Sorrel"
OTHER = "Anna Otherwise"  # not a person's name, so it is never refused
ROLES = ["Author", "Editor", "Publisher", "superuser"]

# Tables whose rows are not saved separately, with the reason.
NOT_SAVED = {
    "releases.quote": "derived from the text of its release, where the attribution is checked",
}
# The prefixes of inline forms of a person and of a case.
PARTS = {
    "people.personname": "names", "people.role": "roles", "people.designation": "designations",
    "people.charge": "charges", "people.sentence": "sentences", "people.caseevent": "events",
}  # fmt: skip
# No form accepts a name here: a date has its own format, and actions write the other texts.
WITHOUT_FORM = {
    ("assets.mediaasset", "date_created"),
    ("releases.release", "withdrawal_reason"),
    ("releases.correction", "text"),
    ("people.casestatus", "source"),
    ("people.casestatus", "source_url"),
}
SAVED = [text for text in TEXTS if text.table not in NOT_SAVED]
# A field can have several texts, such as a body and its attributions: test each field once.
FIELDS = list({(text.table, text.field): text for text in reversed(SAVED)}.values())[::-1]


class Newsroom:
    """One public row of every table of public texts."""

    def __init__(self):
        self.chief = make_chief()
        make_person(NAME, level=Level.STAFF)
        speaker = make_person("Maren Tolvik", title="Director", speaks=True)
        prisoner = make_prisoner("Teodor Brask")
        whole_case(prisoner)
        case = prisoner.cases.get()
        parts = (case.statuses, case.designations, case.charges, case.sentences, case.events)
        for sources in (Case.objects, *parts):
            unguarded(sources).update(source_public=True)
        PersonName.objects.create(person=prisoner, text="Theodor Brask", printed=True)
        case = Case.objects.get(person=prisoner)
        topic = Topic.objects.create(name="Open topic")
        contact = Contact.objects.create(name="Press office", email="press@example.org")
        release = make_release(by=self.chief, poster=make_picture(), topics=[topic],
                               body=f"<p>Text.</p>{quotation(speaker)}")  # fmt: skip
        release.contacts.add(contact)
        correction = Correction.objects.create(release=release, text="A date.", by=self.chief)
        rows = [
            release, correction, release.poster, topic, contact, prisoner,
            prisoner.names.get(), Role.objects.get(), case, case.statuses.first(),
            case.designations.get(), case.charges.get(), case.sentences.get(),
            case.events.first(),
        ]  # fmt: skip
        self.rows = {table_of(row): row for row in rows}
        self.forms = {}

    def row(self, text):
        """Return the row of a text, read from the database."""
        row = self.rows[text.table]
        return type(row)._default_manager.get(pk=row.pk)


@pytest.fixture
def newsroom():
    return Newsroom()


def with_name(text, name=NAME) -> str:
    """Return a value for the field of a text that contains a name."""
    hyphened = name.lower().replace(" ", "-")
    if text.field.endswith("_url"):
        return f"https://source.example/{hyphened}"
    if text.field == "email":
        return f"{hyphened}@source.example"
    if text.field in ("slug", "original_name"):
        return hyphened
    if text.field in ("body", "notes_to_editors"):
        return f"<p>It was {name}.</p>"
    return name


def stored(newsroom, text) -> str:
    return getattr(newsroom.row(text), text.field)


def plant(row, text, value):
    """Store a value without any check."""
    models.QuerySet(type(row)).filter(pk=row.pk).update(**{text.field: value})


def set_value(row, text, value):
    setattr(row, text.field, value)
    return row


# --- At the desk ---------------------------------------------------------------------------------


def form_path(row) -> str:
    match row:
        case Role() | PersonName():
            row = row.person
        case _ if table_of(row) in PARTS:
            row = row.case
    label = table_of(row).replace(".", "_")
    return reverse(f"admin:{label}_change", args=[row.pk])


def form_in(response):
    """Return the form of a page, or None if the page has none to change a row."""
    page = lxml.html.fromstring(response.content.decode())
    found = page.xpath('//form[contains(@id, "_form")]')
    return found[0] if found else None


def input_of(form, row, text) -> str:
    """Return the name of the input of a text, or "" if the form has none."""
    name = text.field
    if prefix := PARTS.get(text.table):
        numbers = [
            found[1]
            for key, value in form.form_values()
            if (found := re.fullmatch(rf"{prefix}-(\d+)-id", key)) and value == str(row.pk)
        ]
        if not numbers:
            return ""
        name = f"{prefix}-{numbers[0]}-{text.field}"
    return name if name in form.fields else ""


def sent(form, **changes) -> dict:
    """Return the data that a browser sends from a form, with changes."""
    data: dict = {}
    for key, value in form.form_values():
        data.setdefault(key, []).append(value)
    if "minor" in form.fields:
        data["minor"] = ["on"]
    return data | {key: [value] for key, value in changes.items()}


def opened_form(client, newsroom, path):
    """Return the form of a row. It is requested once: no test changes the row for the next."""
    if path not in newsroom.forms:
        response = client.get(path)
        newsroom.forms[path] = form_in(response) if response.status_code == 200 else None
    return newsroom.forms[path]


def try_at_desk(client, newsroom, text, value):
    """Send a value for a text; return its input and the answer, or None if no form has it."""
    row = newsroom.row(text)
    form = opened_form(client, newsroom, form_path(row))
    if form is None or not (name := input_of(form, row, text)):
        return None
    typed = {name: value}
    answer = client.post(form_path(row), sent(form, **typed))
    again = form_in(answer) if answer.status_code == 200 else None
    if again is not None and any(
        key.endswith("confirmed") or (key == "asked" and value)
        for key, value in again.form_values()
    ):
        # The desk asks for a confirmation: of a status and a designation with the printed text,
        # of a topic and a contact with the number of releases.
        answer = client.post(form_path(row), sent(again, **typed))
    return name, answer


def signed_in(client, role):
    user = make_user(role, is_superuser=True) if role == "superuser" else make_user(role, role)
    client.force_login(user)
    return client


def texts_with_a_form():
    return [text for text in FIELDS if (text.table, text.field) not in WITHOUT_FORM]


@pytest.mark.parametrize("role", ROLES)
def test_the_desk_refuses_a_name_in_every_text_with_its_place(role, newsroom, client, capsys):
    signed_in(client, role)
    wrong, tried, without = [], 0, []
    for text in texts_with_a_form():
        before, value = stored(newsroom, text), with_name(text)
        answer = try_at_desk(client, newsroom, text, value)
        label = f"{text.table}.{text.field}"
        if answer is None:
            without.append(label)
            continue
        tried += 1
        name, response = answer
        if stored(newsroom, text) != before:
            wrong.append(f"{label}: stored")
            continue
        page = response.content.decode().replace("&#x27;", "'")
        if response.status_code != 200:
            wrong.append(f"{label}: answers {response.status_code}")
        elif not re.search(rf"“[^”]+” in {re.escape(str(text.place))}[^<]* is a protected", page):
            wrong.append(f"{label}: no sentence with “{text.place}”")
        elif value not in (typed := form_in(response).fields.get(name) or "") and not (
            NAME in value and NAME in typed
        ):
            wrong.append(f"{label}: what was typed is gone")
    with capsys.disabled():
        print(f"\n{role}: {tried} texts tried at the desk, {len(without)} not theirs to change")
    assert wrong == []
    may_all = role in ("Publisher", "superuser")
    assert without == [] if may_all else tried + len(without) == len(texts_with_a_form())
    # Authors can change only drafts, editors also the records of people, and publishers also
    # everything that a public release prints.
    assert (tried == 0) if role == "Author" else (tried > 25)
    if role == "Editor":
        assert {label.rpartition(".")[0] for label in without} == {
            "assets.mediaasset", "releases.contact", "releases.release", "releases.topic",
        }  # fmt: skip


def test_a_user_who_may_not_change_a_text_cannot_post_it(newsroom, client):
    """An author posts the data of a publisher's form, and nothing is stored."""
    signed_in(client, "Author")
    for text in texts_with_a_form():
        row, before = newsroom.row(text), stored(newsroom, text)
        if try_at_desk(client, newsroom, text, with_name(text)) is None:
            client.post(form_path(row), {text.field: with_name(text), "minor": "on"})
            assert stored(newsroom, text) == before, text


@pytest.mark.parametrize("field", ["title", "standfirst", "body", "notes_to_editors", "slug"])
def test_the_desk_accepts_a_name_in_a_draft(field, newsroom, client):
    author = make_user("author", "Author")
    client.force_login(author)
    newsroom.rows["releases.release"] = make_release("draft", by=author)
    (text,) = [t for t in FIELDS if (t.table, t.field) == ("releases.release", field)]
    _, response = try_at_desk(client, newsroom, text, with_name(text))
    assert response.status_code == 302
    assert re.search("iven.sorrel", stored(newsroom, text), re.IGNORECASE)


def test_the_desk_accepts_a_name_that_is_allowed(newsroom, client, publisher):
    client.force_login(publisher)
    for text in texts_with_a_form():
        if text.field == "pull_quote":
            continue  # it must repeat a quotation; a test below saves it by its model
        row, value = newsroom.row(text), with_name(text)
        with transaction.atomic():
            workflow.allow_name(row, by=publisher, name=NAME, reason="A footballer.")
            answer = try_at_desk(client, newsroom, text, value)
            assert answer is not None, text
            assert answer[1].status_code == 302, text
            assert re.search("iven.sorrel", stored(newsroom, text), re.IGNORECASE), text
            transaction.set_rollback(True)


# --- By the models -------------------------------------------------------------------------------


def test_a_save_of_every_text_is_refused_with_its_place(newsroom, capsys):
    for text in FIELDS:
        row = newsroom.row(text)
        if isinstance(row, Correction):
            continue
        before = stored(newsroom, text)
        with pytest.raises(ActionBlocked) as refusal, transaction.atomic():
            set_value(row, text, with_name(text)).save()
        places = " ".join(getattr(find, "place", "") for find in refusal.value.blockers)
        assert str(text.place) in places, text
        assert stored(newsroom, text) == before, text
    with capsys.disabled():
        print(f"\n{len(FIELDS)} texts saved by their models")


def test_a_new_correction_and_a_withdrawal_are_refused(newsroom):
    release = newsroom.rows["releases.release"]
    with pytest.raises(ActionBlocked):
        Correction.objects.create(release=release, text=f"It was {NAME}.", by=newsroom.chief)
    assert Correction.objects.count() == 1
    fresh = Release.objects.get(pk=release.pk)
    with pytest.raises(ActionBlocked):
        workflow.withdraw(fresh, by=newsroom.chief, reason=f"{NAME} asked us to.")
    assert Release.objects.get(pk=release.pk).is_public()


def changeable():
    return [text for text in FIELDS if text.table != "releases.correction"]


def test_a_save_that_only_removes_a_name_is_accepted(newsroom):
    for text in changeable():
        if text.field == "date_created":
            continue  # the name is too long for its column
        row = newsroom.row(text)
        before = getattr(row, text.field)
        plant(row, text, with_name(text))
        fresh = newsroom.row(text)
        assert re.search("iven.sorrel", getattr(fresh, text.field), re.IGNORECASE), text
        set_value(fresh, text, before).save()
        assert stored(newsroom, text) == before, text


def test_a_save_with_an_exception_is_accepted(newsroom, publisher):
    for text in changeable():
        with transaction.atomic():
            row = newsroom.row(text)
            workflow.allow_name(row, by=publisher, name=NAME, reason="A footballer.")
            if text.field == "date_created":  # the name is too long for its column
                transaction.set_rollback(True)
                continue
            set_value(newsroom.row(text), text, with_name(text)).save()
            assert re.search("iven.sorrel", stored(newsroom, text), re.IGNORECASE), text
            transaction.set_rollback(True)
    assert not NameException.objects.exists()


# Fields of each table to change while another field already contains the name.
ANOTHER = {
    "releases.release": ("standfirst", "title"), "assets.mediaasset": ("credit_line", "creator"),
    "releases.topic": ("name", "slug"), "releases.contact": ("hours", "phone"),
    "people.person": ("pronouns", "sort_name"), "people.personname": ("kind", "kind"),
    "people.role": ("unit", "title"), "people.case": ("summary", "call"),
    "people.casestatus": ("source", "internal_note"), "people.designation": ("by", "label"),
    "people.charge": ("law", "text"), "people.sentence": ("court", "text"),
    "people.caseevent": ("source", "summary"),
}  # fmt: skip


def test_a_change_of_another_text_is_accepted_if_the_name_is_already_stored(newsroom):
    for text in changeable():
        if text.field == "date_created":
            continue
        with transaction.atomic():
            plant(newsroom.row(text), text, with_name(text))
            row = newsroom.row(text)
            field = next(name for name in ANOTHER[text.table] if name != text.field)
            value = "birth" if field == "kind" else "otherwise" if field == "slug" else OTHER
            setattr(row, field, value)
            row.save()
            assert getattr(newsroom.row(text), field) == value, text
            transaction.set_rollback(True)


def test_texts_that_are_not_public_are_never_refused(newsroom):
    draft = make_release("draft", by=newsroom.chief)
    for text in FIELDS:
        if text.table == "releases.release" and text.field != "withdrawal_reason":
            row = Release.objects.get(pk=draft.pk)
            set_value(row, text, with_name(text)).save()
    unused = MediaAsset(alt_text=NAME, caption=NAME, credit_line=NAME)
    unused.save()
    Topic.objects.create(name=f"Free {NAME}")
    Contact.objects.create(name=f"Office of {NAME}")
    unknown = make_person("Not Public", level=Level.STAFF)
    Role.objects.create(person=unknown, title=f"Lawyer of {NAME}")
    Case.objects.create(person=unknown, summary=NAME, as_of=timezone.localdate(),
                        custody_status=Case.Custody.IMPRISONED)  # fmt: skip
    assert Person.objects.filter(display_name="Not Public").exists()


def test_every_table_is_tested_or_excluded_with_a_reason():
    tried = {text.table for text in FIELDS}
    assert tried | NOT_SAVED.keys() == {text.table for text in TEXTS}
    assert set(ANOTHER) == tried - {"releases.correction"}
    fields = {(text.table, text.field) for text in FIELDS}
    assert fields >= WITHOUT_FORM

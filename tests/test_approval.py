"""An approval covers everything that the page prints: text, pictures, contacts, topics, titles."""

import json
import re
from datetime import timedelta
from html import unescape
from threading import Barrier, Thread

import lxml.html
import pytest
from django.contrib import admin
from django.db import connection, connections, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from simple_history.admin import SimpleHistoryAdmin

from assets import processing
from assets.models import MediaAsset
from jobs.models import Email
from people.models import Level, Person, Role
from releases import approval, library, topics_and_contacts, workflow
from releases.models import Contact, Event, Release, Topic
from tests.make import (
    make_chief,
    make_document,
    make_person,
    make_picture,
    make_prisoner,
    make_release,
    make_user,
    picture_bytes,
    quotation,
    verbs_of,
)

pytestmark = pytest.mark.django_db

LIST = "/admin/releases/release/"
HOUR = timedelta(hours=1)


def text(response) -> str:
    return unescape(response.content.decode())


@pytest.fixture
def at_desk():
    def sign_in(user):
        client = Client()
        client.force_login(user)
        return client

    return sign_in


@pytest.fixture
def whole(db):
    """A release in review that prints one row of each kind."""
    speaker = make_person("Ann Verel")
    role = Role.objects.create(person=speaker, title="Director")
    picture, document = make_picture(caption="A gate"), make_document()
    inside = make_picture(content=picture_bytes(colour="red"))
    author = make_user("author", "Author")
    body = f'<p>A text.</p>{quotation(speaker)}<figure data-asset="{inside.pk}"></figure>'
    release = make_release(
        "draft", by=author, body=body, poster=picture, attached=[str(document.pk)]
    )
    topic, contact = Topic.objects.create(name="Prisons"), Contact.objects.create(name="Desk")
    release.topics.set([topic])
    release.contacts.set([contact])
    release = workflow.submit(release, by=author)
    return {
        "release": release, "poster": picture, "document": document, "picture": inside,
        "topic": topic, "contact": contact, "role": role, "author": author,
    }  # fmt: skip


def change(whole, what):
    """Change one thing that the page prints, as its own form would store it."""
    match what:
        case "poster" | "picture" | "document":
            row = whole[what]
            row.caption = "Nobody reviewed this"
        case "file":
            row = whole["poster"]
            other = MediaAsset.objects.create(original=make_picture(content=picture_bytes(
                colour="green")).original, credit_line="x")  # fmt: skip
            row.restore_file_of(other.history.first())
        case "topic":
            row = whole["topic"]
            row.name = "Something else"
        case "contact":
            row = whole["contact"]
            row.email = "evil@evil.test"
        case "role":
            row = whole["role"]
            row.title = "Traitor"
    row.save()
    if what in ("poster", "picture", "file"):
        processing.process(row)


WHAT = ["poster", "picture", "document", "file", "topic", "contact", "role"]


@pytest.mark.parametrize("verb", ["approve", "publish"])
@pytest.mark.parametrize("what", WHAT)
def test_content_that_was_changed_while_it_was_read_is_not_approved(
    whole, at_desk, publisher, what, verb
):
    release, client = whole["release"], at_desk(publisher)

    def opened():
        form = client.get(f"{LIST}{release.pk}/{verb}/").content.decode()
        found = {
            name: re.search(rf'name="{name}" value="([^"]*)"', form)[1]
            for name in ("version", "read_fingerprints")
        }
        return {name: unescape(value) for name, value in found.items()}

    read = opened() | {"publish_at_0": "2031-07-01", "publish_at_1": "09:00"}
    change(whole, what)
    answer = client.post(f"{LIST}{release.pk}/{verb}/", read)
    assert answer.status_code == 200
    assert "was changed while you were reading." in text(answer)
    assert "Read the page again, then reopen this form." in text(answer)
    release.refresh_from_db()
    assert release.status == "in_review"
    # With the new version and fingerprints it is approved.
    assert client.post(f"{LIST}{release.pk}/{verb}/", read | opened()).status_code == 302
    event = release.events.get(verb={"approve": "approved", "publish": "published"}[verb])
    assert event.detail["page"] == approval.printed_fingerprints(Release.objects.get())
    record = text(client.get(f"{LIST}{release.pk}/history/"))
    assert "the text, 3 pictures or documents, 1 topic, 1 contact, 1 speaker" in record


@pytest.mark.parametrize("read", [None, "", "[]", "{", "1", '{"a": []}'])
def test_a_form_without_fingerprints_approves_nothing(whole, at_desk, publisher, read):
    sent = {"version": whole["release"].version} | (
        {} if read is None else {"read_fingerprints": read}
    )
    answer = at_desk(publisher).post(f"{LIST}{whole['release'].pk}/publish/", sent)
    assert answer.status_code == 200
    assert not Release.objects.public().exists()
    if read != '{"a": []}':
        assert "The form was incomplete. Reload it and try again." in text(answer)


@pytest.mark.parametrize("what", WHAT)
def test_a_change_after_the_submission_is_shown_at_the_approval(whole, at_desk, publisher, what):
    release = whole["release"]
    form = text(at_desk(publisher).get(f"{LIST}{release.pk}/approve/"))
    assert "Changed since it was submitted" not in form
    change(whole, what)
    form = text(at_desk(publisher).get(f"{LIST}{release.pk}/approve/"))
    assert "Changed since it was submitted" in form
    shown = {
        "poster": "<ins>Nobody reviewed this</ins>", "picture": "<ins>Nobody reviewed this</ins>",
        "document": "<ins>Nobody reviewed this</ins>", "file": "The file was replaced.",
        "topic": "<del>Prisons</del>", "contact": "<ins>evil@evil.test</ins>",
        "role": "<ins>Traitor</ins>",
    }  # fmt: skip
    assert shown[what] in form


def test_a_change_of_the_text_in_review_is_shown_too(whole, at_desk, publisher):
    release = whole["release"]
    release.standfirst = "Written by an editor"
    release.save()
    release.topics.clear()
    form = text(at_desk(publisher).get(f"{LIST}{release.pk}/approve/"))
    assert "<ins>Written by an editor</ins>" in form
    assert "<del>Prisons,</del>" in form


def test_a_contact_that_was_hidden_after_the_submission_is_shown(whole, at_desk, publisher):
    topics_and_contacts.hide_contact(whole["contact"], by=publisher)
    release = whole["release"]
    form = text(at_desk(publisher).get(f"{LIST}{release.pk}/approve/"))
    assert "Press contact “Desk”" in form
    assert "It was hidden." in form
    panel = text(at_desk(publisher).get(f"{LIST}{release.pk}/change/"))
    assert "The contact “Desk” is hidden and not shown." in panel


def test_changes_of_rows_that_a_draft_prints_are_shown_too(at_desk, publisher):
    """A draft need not be submitted: a publisher may have read its preview before the change."""
    picture = make_picture(caption="A gate")
    release = make_release("draft", poster=picture)
    form = text(at_desk(publisher).get(f"{LIST}{release.pk}/publish/"))
    assert "Changed since" not in form
    picture.caption = "Nobody reviewed this"
    picture.save()
    form = text(at_desk(publisher).get(f"{LIST}{release.pk}/publish/"))
    assert "Changed since the text was last saved" in form
    assert "<ins>Nobody reviewed this</ins>" in form


def test_the_name_of_a_hidden_speaker_is_not_shown_with_a_change(whole, at_desk, publisher):
    whole["role"].person.level = Level.CASE_OFFICERS
    whole["role"].person.save()
    change(whole, "role")
    form = text(at_desk(publisher).get(f"{LIST}{whole['release'].pk}/approve/"))
    changes = form[form.index("Changed since it was submitted") : form.index('class="action-form"')]
    assert "Ann Verel" not in changes
    assert "It was changed or deleted." in changes


def test_only_editors_change_pictures_of_a_release_in_review(whole, at_desk, editor):
    address = f"/admin/assets/mediaasset/{whole['poster'].pk}/change/"
    read = text(at_desk(whole["author"]).get(address))
    assert "which is in review. An editor can change it." in read
    assert 'name="caption"' not in read
    assert 'name="caption"' in text(at_desk(editor).get(address))


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time.")
@pytest.mark.django_db(transaction=True)
def test_a_picture_is_not_replaced_while_a_release_is_approved(whole, publisher):
    """Use two transactions: the change waits for the approval and is then refused."""
    picture, refused = whole["poster"], []

    def swap():
        try:
            mine = MediaAsset.objects.get(pk=picture.pk)
            mine.caption = "Nobody reviewed this"
            library.save_asset(mine, by=editor)
        except workflow.ActionBlocked as refusal:
            refused.append(str(refusal))
        finally:
            connections.close_all()

    editor = make_user("editor", "Editor")
    with transaction.atomic():
        workflow.approve(whole["release"], by=publisher, publish_at=timezone.now() + HOUR)
        other = Thread(target=swap)
        other.start()
        other.join(1)
        assert other.is_alive()
    other.join(20)
    assert "It is used in the approved release" in refused[0]
    picture.refresh_from_db()
    assert picture.caption == "A gate"


# --- Taking something away is always possible ----------------------------------------------------


def status_of(client, address) -> int:
    response = client.get(address)
    if response.streaming:
        b"".join(response)  # reading to the end closes the file
    return response.status_code


@pytest.mark.parametrize("state", ["scheduled", "published", "in_review", "draft"])
def test_one_editor_withdraws_a_picture_at_once(at_desk, editor, client, state):
    picture = make_picture()
    release = make_release(state, poster=picture, body=f'<p>x</p><figure data-asset="{picture.pk}">'
                           "</figure>")  # fmt: skip
    address = picture.public_url("press", "jpg")
    assert status_of(client, address) == (200 if state == "published" else 404)
    form = f"/admin/assets/mediaasset/{picture.pk}/"
    assert ">Withdraw<" in text(at_desk(editor).get(f"{form}change/"))
    page = text(at_desk(editor).post(f"{form}withdraw/", follow=True))
    assert "Withdrawn. It is no longer on any page." in page
    assert "Not shown on any page." in page
    assert status_of(client, address) == 404
    if state == "published":
        assert str(picture.pk) not in text(client.get(release.get_absolute_url()))
        refused = at_desk(editor).post(f"{form}show-again/", follow=True)
        assert "You don’t have permission to show it again. Ask a publisher." in text(refused)
    if state in ("in_review", "draft"):
        blocked = " ".join(map(str, workflow.blockers(release)))
        assert "is withdrawn. Remove it or choose another." in blocked
    at_desk(make_user("publisher2", "Publisher")).post(f"{form}show-again/")
    assert status_of(client, address) == (200 if state == "published" else 404)
    assert [row.history_user.username.split("-")[0] for row in picture.history.all()[:2]] == [
        "publisher2", "editor",
    ]  # fmt: skip


def test_those_responsible_for_a_scheduled_release_are_notified_of_a_withdrawn_picture(editor):
    chief = make_user("chief", is_superuser=True, email="chief@newsroom.test")
    picture = make_picture()
    release = make_release("scheduled", by=chief, poster=picture)
    library.withdraw(picture, by=editor)
    assert verbs_of(release)[-1] == "around"
    email = Email.objects.get(to="chief@newsroom.test")
    assert release.title not in email.text + email.subject
    assert "The release stays approved." in email.text


def test_an_author_cannot_withdraw_a_picture(at_desk, author):
    picture = make_picture()
    make_release(poster=picture)
    answer = at_desk(author).post(f"/admin/assets/mediaasset/{picture.pk}/withdraw/", follow=True)
    assert "You don’t have permission to withdraw a picture. Ask an editor." in text(answer)
    picture.refresh_from_db()
    assert picture.is_usable()


@pytest.mark.parametrize("state", ["scheduled", "published"])
def test_one_editor_hides_a_contact_at_once(at_desk, editor, client, state):
    contact = Contact.objects.create(name="Mara Desk", email="mara@newsroom.test")
    release = make_release(state, by=make_chief())
    release.contacts.set([contact])
    printed = release.get_absolute_url()
    form = f"/admin/releases/contact/{contact.pk}/"
    if state == "published":
        assert "mara@newsroom.test" in text(client.get(printed))
    page = text(at_desk(editor).post(f"{form}hide/", follow=True))
    assert "Contact hidden. It is no longer shown." in page
    assert "Not shown on any release." in page
    if state == "published":
        for address in (printed, f"{printed}release.txt"):
            assert "mara@newsroom.test" not in text(client.get(address))
    refused = text(at_desk(editor).post(f"{form}show/", follow=True))
    assert "A publisher can change it." in refused
    at_desk(make_user("publisher2", "Publisher")).post(f"{form}show/")
    contact.refresh_from_db()
    assert contact.is_shown()


@pytest.mark.parametrize("what", ["picture", "contact"])
def test_a_save_that_began_before_a_withdrawal_does_not_undo_it(publisher, editor, what):
    """The user who saves has read the row before it was withdrawn or hidden."""
    picture, contact = make_picture(), Contact.objects.create(name="Desk")
    release = make_release(poster=picture)
    release.contacts.set([contact])
    if what == "picture":
        read = MediaAsset.objects.get(pk=picture.pk)
        library.withdraw(picture, by=editor)
        read.caption = "Typed meanwhile"
        library.save_asset(read, by=publisher)
        assert MediaAsset.objects.get(pk=picture.pk).is_withdrawn()
    else:
        read = Contact.objects.get(pk=contact.pk)
        topics_and_contacts.hide_contact(contact, by=editor)
        read.phone = "+44 20"
        topics_and_contacts.store(read, by=publisher)
        assert not Contact.objects.get(pk=contact.pk).is_shown()


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time.")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("what", ["contact", "picture", "person", "case"])
def test_only_one_of_two_simultaneous_saves_succeeds(what):
    prisoner, picture = make_prisoner(), make_picture()
    contact = Contact.objects.create(name="Desk")
    row, label, typed = {
        "contact": (contact, "releases/contact", {"name": "Desk"}),
        "picture": (picture, "assets/mediaasset", {
            "alt_text": "x", "credit_line": "y", "focus_x": "0.5", "focus_y": "0.5"}),
        "person": (prisoner, "people/person", {"display_name": prisoner.display_name}),
        "case": (prisoner.cases.first(), "people/case", {}),
    }[what]  # fmt: skip
    address = f"/admin/{label}/{row.pk}/change/"
    clients = [Client(), Client()]
    for client in clients:
        client.force_login(make_chief())
    forms = []
    for client in clients:
        page = lxml.html.fromstring(client.get(address).content.decode())
        form = page.xpath('//form[contains(@id, "_form")]')[0]
        sent = {key: value for key, value in form.form_values() if value} | typed
        forms.append(sent)
    started, answers = Barrier(2), []

    def save(number):
        forms[number] |= {
            "contact": {"phone": f"+44 {number}"}, "picture": {"caption": f"Caption {number}"},
            "person": {"pronouns": f"they {number}"}, "case": {"summary": f"Summary {number}"},
        }[what]  # fmt: skip
        started.wait()
        try:
            answers.append(clients[number].post(address, forms[number]))
        finally:
            connections.close_all()

    threads = [Thread(target=save, args=[number]) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(answer.status_code for answer in answers) == [200, 302]
    (asked,) = (text(answer) for answer in answers if answer.status_code == 200)
    assert "while you were editing." in asked
    assert "Your text is still here but not saved." in asked


@pytest.mark.parametrize("verb", ["withdraw", "show-again"])
def test_a_withdrawn_picture_is_recorded_with_a_public_release(at_desk, publisher, verb):
    picture = make_picture()
    release = make_release(poster=picture)
    at_desk(publisher).post(f"/admin/assets/mediaasset/{picture.pk}/withdraw/")
    if verb == "show-again":
        at_desk(publisher).post(f"/admin/assets/mediaasset/{picture.pk}/show-again/")
    events = release.events.filter(verb="around")
    assert events.count() == (1 if verb == "withdraw" else 2)
    assert ("is shown again" in events.last().detail["words"]) is (verb == "show-again")


def test_a_correction_without_a_change_is_blocked(at_desk, publisher):
    picture = make_picture()
    make_release(poster=picture)
    address = f"/admin/assets/mediaasset/{picture.pk}/change/"
    page = lxml.html.fromstring(at_desk(publisher).get(address).content.decode())
    form = page.xpath('//form[contains(@id, "_form")]')[0]
    sent = {key: value for key, value in form.form_values() if value}
    page = text(at_desk(publisher).post(address, sent | {"correction": "It was wrong."}))
    assert "Nothing public was changed. Change something or clear this field." in page
    assert "It was wrong." in page


def test_one_correction_of_many_pictures_is_printed_once(publisher):
    pictures = [make_picture(content=picture_bytes(colour=c)) for c in ("red", "blue", "green")]
    release = make_release(attached=[str(picture.pk) for picture in pictures])
    read = {picture.pk: library.version_of(picture) for picture in pictures}
    library.edit_many(read, {"credit_line": "AP"}, by=publisher, correction="The credit was wrong.")
    assert release.corrections.get().text == "The credit was wrong."
    (event,) = release.events.filter(verb="corrected")
    assert event.detail["of"].count(", ") == 2
    again = {picture.pk: library.version_of(picture) for picture in pictures}
    with pytest.raises(workflow.ActionBlocked, match="so no correction was published"):
        library.edit_many(again, {"credit_line": "AP"}, by=publisher, correction="Once more.")


# --- Contacts and topics -------------------------------------------------------------------------


FORMS = {
    "topic": {"name": "Prisons and cells", "slug": ""},
    "contact": {"name": "Desk", "email": "new@newsroom.test", "phone": "", "hours": ""},
}


@pytest.fixture(params=["topic", "contact"])
def shared(request):
    """A topic or contact on two public releases, one scheduled and one draft."""
    chief = make_user("chief", is_superuser=True, email="chief@newsroom.test")
    row = {"topic": Topic, "contact": Contact}[request.param].objects.create(name="Prisons")
    releases = [
        make_release(state, by=chief, title=f"{state} {n}")
        for n, state in enumerate(["published", "held", "scheduled", "draft"])
    ]
    for release in releases:
        getattr(release, f"{request.param}s").set([row])
    Email.objects.all().delete()
    return row, request.param, releases


def test_a_publisher_confirms_a_change_after_seeing_how_many_releases_use_the_row(
    shared, at_desk, publisher, client
):
    row, kind, releases = shared
    address = f"/admin/releases/{kind}/{row.pk}/change/"
    desk = at_desk(publisher)
    opened = text(desk.get(address))
    assert "2 public releases, 1 approved release, 1 other release" in opened
    values = FORMS[kind]
    asked = text(desk.post(address, values))
    assert "is used in 2 public releases, 1 approved release, 1 other release." in asked
    assert "Save again to confirm." in asked
    row.refresh_from_db()
    assert row.name == "Prisons"
    values |= {"asked": re.search(r'name="asked" value="([^"]+)"', asked)[1]}
    other = desk.post(address, values | {"name": "Something else"})
    assert "Save again to confirm." in text(other)  # the confirmation was for another name
    assert desk.post(address, values).status_code == 302
    assert {str(getattr(v, name)) for v in row.history.all() for name in ("name",)} == {
        "Prisons", values["name"],
    }  # fmt: skip
    assert row.history.first().history_user == publisher
    verbs = [verbs_of(release)[-1] for release in releases]
    assert verbs == ["approved", "held", "around", "created"]
    assert [release.corrections.count() for release in releases] == [0] * 4
    assert Release.objects.scheduled().count() == 1
    email = Email.objects.get(to="chief@newsroom.test")
    assert str(releases[2].pk) in email.text
    assert "scheduled" not in email.text.replace(values["name"], "")
    assert f"/{kind}/" in address
    printed = values["email"] if kind == "contact" else values["name"]
    assert printed in text(client.get(releases[0].get_absolute_url()))


def test_an_editor_can_read_but_not_change_a_row_that_public_releases_use(shared, at_desk, editor):
    row, kind, _releases = shared
    address = f"/admin/releases/{kind}/{row.pk}/change/"
    opened = text(at_desk(editor).get(address))
    assert "It is used in approved or public releases. A publisher can change it." in opened
    assert 'name="name"' not in opened
    refused = text(at_desk(editor).post(address, FORMS[kind] | {"name": "Typed"}))
    assert "Your text is still here but not saved." in refused
    assert "Typed" in refused
    row.refresh_from_db()
    assert row.name == "Prisons"
    row.name = "By a script"
    with pytest.raises(workflow.ActionBlocked, match="A publisher can change it"):
        topics_and_contacts.store(row, by=editor)


def test_an_editor_can_change_a_topic_that_no_approved_release_uses(at_desk, editor):
    topic = Topic.objects.create(name="Prisons")
    make_release("draft").topics.set([topic])
    address = f"/admin/releases/topic/{topic.pk}/change/"
    assert at_desk(editor).post(address, FORMS["topic"]).status_code == 302
    assert at_desk(editor).get(f"/admin/releases/topic/{topic.pk}/history/").status_code == 200


def test_a_topic_or_contact_that_a_release_uses_is_not_deleted(shared, at_desk):
    row, kind, _releases = shared
    root = make_user("root", is_superuser=True)
    address = f"/admin/releases/{kind}/{row.pk}/delete/"
    page = text(at_desk(root).post(address, {"post": "yes"}, follow=True))
    assert "and was not deleted. Remove it there first." in page
    assert ("You can hide it now." in page) is (kind == "contact")
    assert type(row).objects.filter(pk=row.pk).exists()


def test_a_newer_save_is_not_overwritten(at_desk, publisher):
    contact = Contact.objects.create(name="Desk")
    address = f"/admin/releases/contact/{contact.pk}/change/"
    opened = text(at_desk(publisher).get(address))
    read = re.search(r'name="read_version" value="(\d+)"', opened)[1]
    contact.phone = "+44 20"
    contact.save()
    page = text(at_desk(publisher).post(address, FORMS["contact"] | {"read_version": read}))
    assert "while you were editing." in page
    assert "Your text is still here but not saved." in page
    assert FORMS["contact"]["email"] in page
    contact.refresh_from_db()
    assert contact.phone == "+44 20"


# --- Deleted drafts ------------------------------------------------------------------------------


def test_a_deleted_draft_is_restored_at_the_desk(at_desk, editor):
    topic, contact = Topic.objects.create(name="Prisons"), Contact.objects.create(name="Desk")
    picture = make_picture()
    release = make_release("draft", title="Nearly lost", poster=picture)
    release.topics.set([topic])
    release.contacts.set([contact])
    pk, owner, body = release.pk, release.created_by, release.body
    desk = at_desk(editor)
    desk.post(f"{LIST}{pk}/delete/", {"post": "yes"})
    assert not Release.objects.exists()
    listed = text(desk.get(f"{LIST}deleted/"))
    assert "Nearly lost" in listed
    assert 'href="/admin/releases/release/deleted/"' in text(desk.get(LIST))
    page = text(desk.post(f"{LIST}deleted/", {"restore": str(pk)}, follow=True))
    assert "Restored as a draft." in page
    restored = Release.objects.get()
    assert (restored.pk, restored.status, restored.body) == (pk, "draft", body)
    assert (restored.created_by, restored.poster) == (owner, picture)
    assert [*restored.topics.all(), *restored.contacts.all()] == [topic, contact]
    assert restored.version > release.version
    record = text(desk.get(f"{LIST}{pk}/history/"))
    assert "Restored after deletion" in record
    assert "Deleted" in record
    assert "Nearly lost" not in text(desk.get(f"{LIST}deleted/"))
    # It works a second time too.
    desk.post(f"{LIST}{pk}/delete/", {"post": "yes"})
    desk.post(f"{LIST}deleted/", {"restore": str(pk)})
    assert Release.objects.get().title == "Nearly lost"


def test_a_draft_is_restored_only_with_permission(at_desk, author, editor, publisher):
    release = make_release("draft", title="Not theirs")
    pk = release.pk
    workflow.discard(release, by=editor)
    assert at_desk(author).get(f"{LIST}deleted/").status_code == 403
    assert at_desk(author).post(f"{LIST}deleted/", {"restore": str(pk)}).status_code == 403
    for wrong in ("", "x", "0" * 32, str(make_release("published").pk)):
        page = at_desk(publisher).post(f"{LIST}deleted/", {"restore": wrong})
        assert "You can’t restore this draft." in text(page)
    at_desk(publisher).post(f"{LIST}deleted/", {"restore": str(pk)})
    again = at_desk(publisher).post(f"{LIST}deleted/", {"restore": str(pk)})
    assert "You can’t restore this draft." in text(again)
    assert Event.objects.filter(release_uuid=pk, verb="undeleted").count() == 1


def test_a_restored_draft_leaves_out_deleted_rows(editor, publisher):
    picture, topic = make_picture(), Topic.objects.create(name="Prisons")
    release = make_release("draft", poster=picture, slug="an-address")
    release.topics.set([topic])
    pk = release.pk
    workflow.discard(release, by=editor)
    picture.delete()
    topic.delete()
    make_release("draft", slug="an-address")
    restored = workflow.undelete(pk, by=publisher)
    assert restored.poster is None
    assert restored.slug == ""
    assert not restored.topics.exists()


def test_a_draft_on_hold_is_not_deleted(at_desk, editor, publisher):
    """Deleting and restoring the draft would end the hold without a publisher."""
    release = workflow.hold(make_release("draft"), by=publisher)
    with pytest.raises(workflow.ActionBlocked, match="This release is on hold"):
        workflow.discard(release, by=editor)
    page = text(at_desk(editor).post(f"{LIST}{release.pk}/delete/", {"post": "yes"}, follow=True))
    assert "This release is on hold. End the hold first." in page
    assert Release.objects.get().is_on_hold()


# --- Buttons -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "has_page"),
    [
        ("draft", False), ("in_review", False), ("scheduled", False), ("published", True),
        ("held", False), ("withdrawn", True), ("withdrawn_unseen", False), ("waiting", False),
    ],
)  # fmt: skip
def test_a_public_page_is_linked_at_the_desk(at_desk, publisher, client, state, has_page):
    release = make_release(state)
    form = text(at_desk(publisher).get(f"{LIST}{release.pk}/change/"))
    assert ("View public page" in form) is has_page
    if release.slug:
        public = client.get(release.get_absolute_url()).status_code
        assert (public in (200, 410)) is has_page


def test_a_preview_after_publication_is_a_correction_like_any_other(at_desk, publisher):
    release = make_release()
    desk = at_desk(publisher)
    form = text(desk.get(f"{LIST}{release.pk}/change/"))
    assert "_preview" in form
    sent = {
        "kind": "press_release", "language": "en", "title": "Changed", "body": release.body,
        "attached": [], "read_version": release.version, "slug": release.slug,
        "rejected_names": json.dumps([]), "_preview": "yes",
    }  # fmt: skip
    assert "Enter a correction notice" in text(desk.post(f"{LIST}{release.pk}/change/", sent))
    release.refresh_from_db()
    assert release.title != "Changed"
    answer = desk.post(f"{LIST}{release.pk}/change/", sent | {"correction": "Changed it."})
    assert answer.status_code == 302
    assert release.corrections.get().text == "Changed it."
    assert verbs_of(release)[-1] == "corrected"


# --- Versions are read, not stored ---------------------------------------------------------------


def test_the_page_of_an_earlier_version_stores_nothing(client, whole):
    """Check each admin with versions. simple-history itself would store fields that are sent."""
    prisoner = make_prisoner()
    rows = {type(row): row for row in whole.values()} | {
        Person: prisoner, type(prisoner.cases.first()): prisoner.cases.first(),
    }  # fmt: skip
    with_versions = {
        model: at_desk
        for model, at_desk in admin.site._registry.items()
        if isinstance(at_desk, SimpleHistoryAdmin)
    }
    assert {model.__name__ for model in with_versions} == {
        "Case", "Contact", "MediaAsset", "Person", "Topic",
    }  # fmt: skip
    for user in (make_chief(), make_user("publisher", "Publisher"), make_user("author", "Author")):
        client.force_login(user)
        for model in with_versions:
            row, versions = rows[model], rows[model].history.count()
            name = f"admin:{model._meta.label_lower.replace('.', '_')}_simple_history"
            address = reverse(name, args=[row.pk, row.history.first().pk])
            fields = {field.name: "Changed" for field in model._meta.concrete_fields}
            assert client.post(address, fields).status_code == 405, address
            assert row.history.count() == versions

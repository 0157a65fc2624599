"""The team: invitations, roles, pausing, leaving, and the last administrator."""

import re
from datetime import timedelta

import pytest
import time_machine
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import Group, Permission
from django.core import mail
from django.db.models.signals import pre_save
from django.test import Client
from django.utils import timezone

from accounts import hooks, team
from accounts.errors import ActionBlocked
from accounts.models import AccessEvent, Invitation, KnownBrowser, User
from jobs import outbox, queue
from jobs.models import Email, Lane
from releases import workflow
from releases.models import Event, Release
from releases.workflow import emails_visible_to
from tests.make import make_chief, make_release, make_user, unguarded
from tests.signing_in import verbs
from tests.test_locks import at_once, on_postgresql
from tests.test_queries import cost

pytestmark = pytest.mark.django_db

GOOD = "harbour-lantern-9"
DAY = timedelta(days=1)


@pytest.fixture
def boss(db):
    return make_user("boss", "Administrator", email="boss@n.example", first_name="Bo Boss")


@pytest.fixture
def desk(boss):
    client = Client()
    client.force_login(boss)
    return client


@pytest.fixture
def maya(db):
    return make_user("maya", "Editor", email="maya@n.example", first_name="Maya")


def text(response) -> str:
    return response.content.decode()


def post(client, path, **values) -> str:
    """Post a form, follow redirects and return the page."""
    return text(client.post(path, values, follow=True))


def invite(desk, email="ada@n.example", name="Ada Abel", roles=("Author",)) -> str:
    return post(desk, "/admin/team/invite/", email=email, name=name, roles=list(roles))


def sent_link(to="ada@n.example") -> str:
    """Send the e-mails, and return the path in the newest one to an address."""
    outbox.send_due()
    found = [message for message in mail.outbox if message.to == [to]]
    return re.search(r"http://testserver(/admin/account/invitation/\S+)", found[-1].body)[1]


def account_form(**values) -> dict:
    form = {"username": "ada", "name": "Ada Abel", "password1": GOOD, "password2": GOOD}
    return form | values


def closed(client, path) -> str:
    """Return the page of an invitation that can’t be used, without its CSRF tokens."""
    answer = client.get(path)
    assert answer.status_code == 404
    return re.sub(r'nonce="[^"]*"|value="\w{64}"', "", text(answer))


def is_closed(page: str) -> bool:
    return "This invitation can’t be used" in page


# --- Invitations -------------------------------------------------------------------------------


def test_an_invited_person_creates_an_account_and_is_signed_in(desk, boss):
    assert "Invited: ada@n.example." in invite(desk, roles=["Author", "Case officer"])
    invitation = Invitation.objects.get()
    link, visitor = sent_link(), Client()
    page = text(visitor.get(link))
    assert "Bo Boss invited ada@n.example" in page
    assert "Your roles: Author, Case officer." in page
    assert "_auth_user_id" not in visitor.session  # nobody is signed in before the account exists
    answer = visitor.post(link, account_form())
    assert (answer.status_code, answer["Location"]) == (302, "/admin/")
    ada = User.objects.get(username="ada")
    assert visitor.session["_auth_user_id"] == str(ada.pk)
    assert visitor.get("/admin/releases/release/").status_code == 200
    assert (str(ada), ada.email, ada.is_staff, ada.is_superuser) == (
        "Ada Abel", "ada@n.example", True, False
    )  # fmt: skip
    assert team.roles_of(ada) == ["Author", "Case officer"]
    invitation.refresh_from_db()
    assert (invitation.account, invitation.is_open()) == (ada, False)
    assert verbs() == ["invited", "invitation_accepted", "account_created", "signed_in"]
    signed_in = AccessEvent.objects.get(verb="signed_in")
    assert (signed_in.actor_id, signed_in.subject_id) == (ada.pk, ada.pk)
    assert "Bo Boss" not in str(list(AccessEvent.objects.values()))
    outbox.send_due()
    assert {m.to[0] for m in mail.outbox} == {"ada@n.example", "boss@n.example"}
    assert "Ada Abel" in text(desk.get("/admin/team/"))


def test_the_browser_of_a_new_account_is_known_at_its_next_sign_in(desk):
    invite(desk)
    link, visitor = sent_link(), Client()
    cookie = visitor.post(link, account_form()).cookies["browser"]
    assert (cookie["path"], cookie["httponly"]) == ("/admin/", True)
    assert KnownBrowser.objects.get().user.username == "ada"
    assert UserSession.objects.get().user.username == "ada"
    visitor.post("/admin/logout/")
    visitor.post("/admin/login/", {"username": "ada", "password": GOOD})
    first, second = AccessEvent.objects.filter(verb="signed_in").order_by("pk")
    assert first.detail["new_browser"]
    assert "new_browser" not in second.detail
    assert KnownBrowser.objects.count() == 1


@pytest.mark.parametrize(("role", "opens"), [("Publisher", False), ("Author", True)])
def test_a_new_account_sets_up_its_second_factor_first(desk, settings, role, opens):
    """A new account with a role that needs no second factor opens the desk at once."""
    invite(desk, roles=[role])
    settings.REQUIRE_SECOND_FACTOR = "privileged"
    link, visitor = sent_link(), Client()
    assert visitor.post(link, account_form())["Location"] == "/admin/"
    page = visitor.get("/admin/releases/release/")
    assert page.status_code == (200 if opens else 302)
    if not opens:
        assert page["Location"] == "/admin/account/factors/"
        # The new password was entered a moment ago, so it is not asked for again.
        assert visitor.get("/admin/account/factors/app/").status_code == 200


def test_the_database_and_the_record_do_not_contain_the_token(desk):
    invite(desk)
    row = Email.objects.get()
    link = sent_link()
    token = link.split("/")[-2]
    assert len(token) == 43
    invitation = Invitation.objects.get()
    stored = [row.text, row.subject, *map(str, invitation.__dict__.values())]
    stored += [str(event.detail) for event in AccessEvent.objects.all()]
    assert not any(token in value for value in stored)
    assert "ada@" not in str([event.detail for event in AccessEvent.objects.all()])


def test_links_that_do_not_work_get_one_answer(desk):
    invite(desk, "used@n.example")
    used = sent_link("used@n.example")
    Client().post(used, account_form())
    invite(desk, "cancelled@n.example")
    cancelled = sent_link("cancelled@n.example")
    pk = Invitation.objects.get(email="cancelled@n.example").pk
    assert "Invitation cancelled." in post(desk, f"/admin/team/invitations/{pk}/cancel/")
    assert "was used or cancelled" in post(desk, f"/admin/team/invitations/{pk}/cancel/")
    invite(desk, "again@n.example")
    replaced = sent_link("again@n.example")
    pk = Invitation.objects.get(email="again@n.example").pk
    assert "Invited: again@n.example" in post(desk, f"/admin/team/invitations/{pk}/again/")
    assert not is_closed(text(Client().get(sent_link("again@n.example"))))
    with time_machine.travel(timezone.now() - 8 * DAY):
        invite(desk, "late@n.example")
        late = sent_link("late@n.example")
    base = "/admin/account/invitation/"
    never = [f"{base}{word}/" for word in ("x", "x" * 42, "x" * 43, "x" * 44, "x" * 100_000, "%00")]
    never += [f"{base}{'ä' * 43}/", f"{base}{used.split('/')[-2].swapcase()}/"]
    answers = {closed(Client(), path) for path in [used, cancelled, replaced, late, *never[:5]]}
    assert len(answers) == 1
    assert "ask an administrator of the newsroom to invite you again" in answers.pop()
    for path in [used, late, *never]:
        answer = Client().post(path, account_form(username="mallory"))
        assert answer.status_code == 404
    assert not User.objects.filter(username="mallory").exists()
    assert "expired on" in text(desk.get("/admin/team/"))


def test_the_second_of_two_tabs_gets_a_plain_sentence(desk):
    invite(desk)
    link = sent_link()
    one, two = Client(), Client()
    one.get(link), two.get(link)
    assert one.post(link, account_form()).status_code == 302
    answer = two.post(link, account_form(username="ada2"))
    assert answer.status_code == 404
    assert is_closed(text(answer))
    assert User.objects.filter(email="ada@n.example").count() == 1
    # The tab of the browser that is signed in now gets the same page.
    assert is_closed(text(one.get(link)))


def test_a_browser_that_is_signed_in_must_sign_out_first(desk, maya):
    invite(desk)
    link = sent_link()
    for way in (desk.get, desk.post):
        page = text(way(link, account_form()))
        assert "This browser is signed in as Bo Boss." in page
    assert not User.objects.filter(username="ada").exists()
    assert Invitation.objects.get().is_open()


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"password1": "short", "password2": "short"}, "at least 12 characters"),
        ({"password1": "ada@n.example", "password2": "ada@n.example"}, "too similar to the"),
        ({"password1": "password1234", "password2": "password1234"}, "too common"),
        ({"password2": "another-lantern-9"}, "fields didn’t match"),
        ({"username": "MAYA"}, "already exists"),
        ({"username": "a b"}, "Enter a valid username"),
        ({"username": ""}, "This field is required"),
        ({"username": "a" * 151}, "at most 150 characters"),
        ({"name": " "}, "This field is required"),
        ({"name": "n" * 151}, "at most 150 characters"),
    ],
)
def test_a_wrong_form_creates_no_account_and_says_what_to_do(desk, typed, sentence):
    User.objects.create_user("maya")
    invite(desk)
    link = sent_link()
    answer = Client().post(link, account_form(**typed))
    assert answer.status_code == 200
    assert sentence in text(answer)
    assert "No account was created." in text(answer)
    assert GOOD not in text(answer)
    assert Invitation.objects.get().is_open()
    assert not User.objects.filter(email="ada@n.example").exists()


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"email": "MAYA@n.example"}, "Maya already has an account with this e-mail address."),
        ({"email": "gone@n.example"}, "The closed account of Gone has this e-mail address."),
        ({"email": "waits@N.EXAMPLE"}, "has an invitation already."),
        ({"email": "a@"}, "Enter a valid email address."),
        ({"email": ""}, "This field is required."),
        ({"name": "  "}, "This field is required."),
        ({"roles": []}, "Choose a role."),
        ({"roles": ["Emperor"]}, "There is no role Emperor."),
        ({"roles": ["Author", "superuser"]}, "There is no role superuser."),
    ],
)
def test_a_person_who_cannot_be_invited_gets_no_e_mail(desk, boss, maya, values, sentence):
    gone = make_user("gone", "Author", email="gone@n.example", first_name="Gone")
    team.leave(gone, by=boss)
    invite(desk, "waits@n.example")
    emails = Email.objects.count()
    assert sentence in invite(desk, **values)
    assert Email.objects.count() == emails
    assert Invitation.objects.count() == 1


def test_an_address_that_gets_an_account_meanwhile_is_refused(desk):
    invite(desk)
    link = sent_link()
    User.objects.create_user("other", "ADA@n.example")
    page = text(Client().post(link, account_form()))
    assert "other already has an account with this e-mail address." in page
    assert not User.objects.filter(username="ada").exists()


def test_an_invitation_ends_with_the_rights_of_the_person_who_invited(desk, boss):
    invite(desk)
    link = sent_link()
    chief = make_chief()
    team.change_roles(boss, roles=["Author"], by=chief)
    assert is_closed(closed(Client(), link))
    assert verbs(verb="invitation_cancelled", actor_id=chief.pk) == ["invitation_cancelled"]
    other = make_user("other", "Administrator")
    path = team.path_of(team.invite("b@n.example", name="B", roles=["Author"], by=other))
    assert Client().get(path).status_code == 200
    User.objects.filter(pk=other.pk).update(is_active=False)  # by any other way
    assert is_closed(closed(Client(), path))


def test_without_e_mail_the_page_of_the_team_shows_the_link(desk, settings):
    settings.EMAIL_IS_ON = False
    assert "E-mail is off." in text(desk.get("/admin/team/invite/"))
    page = invite(desk)
    link = re.search(r"http://testserver(/admin/account/invitation/[^<\s]+)", page)[1]
    assert Client().post(link, account_form()).status_code == 302
    settings.EMAIL_IS_ON = True
    invite(desk, "b@n.example")
    assert "/admin/account/invitation/" not in text(desk.get("/admin/team/"))


def test_an_e_mail_that_waits_is_not_sent_after_its_invitation_ended(desk):
    invite(desk)
    pk = Invitation.objects.get().pk
    post(desk, f"/admin/team/invitations/{pk}/cancel/")
    outbox.send_due()
    assert mail.outbox == []
    assert Email.objects.get().reason == "The invitation ended before the e-mail could be sent."


def test_the_link_of_an_invitation_survives_a_new_secret_key(desk, settings):
    settings.SECRET_KEY = "old-" + "kL9wQ2xR" * 8
    invitation = team.invite(
        "b@n.example", name="B", roles=["Author"], by=User.objects.get(email="boss@n.example")
    )
    path = team.path_of(invitation)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "new-" + "mB4tY7uZ" * 8
    invitation = Invitation.objects.get()
    assert team.path_of(invitation) == path
    assert Client().get(path).status_code == 200
    settings.SECRET_KEY_FALLBACKS = []
    assert team.path_of(invitation) is None
    assert Client().get(path).status_code == 200  # the digest needs no key


def test_the_page_of_an_invitation_is_not_stored_and_its_address_is_not_sent_on(desk):
    invite(desk)
    answer = Client().get(sent_link())
    assert "no-store" in answer["Cache-Control"]
    assert answer["Referrer-Policy"] == "strict-origin"


def test_a_form_without_its_token_is_refused(desk):
    invite(desk)
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(sent_link(), account_form()).status_code == 403


# --- Name and roles ----------------------------------------------------------------------------


def member(user) -> str:
    return f"/admin/team/{user.pk}/"


def save(desk, user, roles, name="Maya", read=None) -> str:
    read = team.roles_of(user) if read is None else read
    return post(desk, member(user), name=name, roles=list(roles), read=list(read))


def test_an_administrator_changes_name_and_roles(desk, boss, maya):
    page = save(desk, maya, ["Publisher", "Case officer"], name="Maya  Kestrel")
    assert "Saved." in page
    maya = User.objects.get(pk=maya.pk)
    assert (str(maya), team.roles_of(maya)) == ("Maya Kestrel", ["Publisher", "Case officer"])
    changed = AccessEvent.objects.get(verb="roles_changed")
    assert (changed.actor_id, changed.subject_id) == (boss.pk, maya.pk)
    assert changed.detail == {"before": ["Editor"], "roles": ["Publisher", "Case officer"]}
    assert changed.network == "127.0.0.0/24"
    assert AccessEvent.objects.get(verb="account_changed").detail == {"fields": ["name"]}
    outbox.send_due()
    texts = [message.body for message in mail.outbox if message.to == ["maya@n.example"]]
    assert "Before: Editor\nNow: Publisher, Case officer\nChanged by: Bo Boss" in texts[0]
    assert "Your name at the desk is now: Maya Kestrel" in texts[1]
    # Saving again changes and records nothing.
    save(desk, maya, ["Publisher", "Case officer"], name="Maya Kestrel")
    assert AccessEvent.objects.count() == 2


def test_other_groups_of_a_user_stay(desk, maya):
    maya.groups.add(Group.objects.create(name="Choir"))
    assert "Choir. Only a superuser can change these." in text(desk.get(member(maya)))
    save(desk, maya, [])
    maya = User.objects.get(pk=maya.pk)
    assert [group.name for group in maya.groups.all()] == ["Choir"]


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"roles": ["Emperor"]}, "There is no role Emperor."),
        ({"roles": ["Author", "Choir"]}, "There is no role Choir."),
        ({"roles": []}, "Choose a role."),
        ({"roles": ["Author"], "name": ""}, "This field is required."),
        ({"roles": ["Author"], "name": "n" * 151}, "at most 150 characters"),
        ({"roles": ["Author"], "read": ["Publisher"]}, "Someone changed the roles of Maya"),
    ],
)
def test_a_wrong_change_of_roles_changes_nothing(desk, maya, values, sentence):
    Group.objects.create(name="Choir")
    assert sentence in save(desk, maya, **values)
    assert team.roles_of(User.objects.get(pk=maya.pk)) == ["Editor"]
    assert not AccessEvent.objects.exists()


def test_the_older_of_two_tabs_does_not_overwrite_the_newer(desk, maya):
    read = team.roles_of(maya)
    save(desk, maya, ["Publisher"], read=read)
    page = save(desk, maya, ["Author"], name="Other", read=read)
    assert "Someone changed the roles of Maya while this page was open." in page
    maya = User.objects.get(pk=maya.pk)
    assert (str(maya), team.roles_of(maya)) == ("Maya", ["Publisher"])
    assert re.search(r'value="Publisher"[^>]* checked', page)


def test_changes_of_an_own_account_are_sent_to_the_other_administrators(desk, boss):
    make_user("second", "Administrator", email="second@n.example")
    save(desk, boss, ["Administrator", "Publisher"], name="Bo Boss")
    outbox.send_due()
    bodies = {message.to[0]: message.body for message in mail.outbox}
    assert set(bodies) == {"boss@n.example", "second@n.example"}
    assert "Now: Publisher, Administrator" in bodies["second@n.example"]


# --- Pause and leave ---------------------------------------------------------------------------


def test_a_paused_account_is_closed_at_once_and_its_sessions_do_not_come_back(desk, boss, maya):
    session = Client()
    session.force_login(maya)
    assert session.get("/admin/").status_code == 200
    page = post(desk, f"{member(maya)}pause/")
    assert "The account of Maya is paused. All its sessions have ended." in page
    assert session.get("/admin/").status_code == 302
    assert "is paused already" in post(desk, f"{member(maya)}pause/")  # the second tab
    assert "Maya can sign in again." in post(desk, f"{member(maya)}resume/")
    assert "is active" in post(desk, f"{member(maya)}resume/")
    assert session.get("/admin/").status_code == 302
    assert team.roles_of(User.objects.get(pk=maya.pk)) == ["Editor"]
    assert verbs(subject_id=maya.pk, actor_id=boss.pk) == ["paused", "resumed"]
    outbox.send_due()
    assert [m.to for m in mail.outbox] == [["maya@n.example"]] * 2
    fresh = Client()
    fresh.force_login(User.objects.get(pk=maya.pk))
    assert fresh.get("/admin/").status_code == 200


def test_sessions_from_before_the_upgrade_stay_open(maya):
    assert maya.session_epoch == ""
    plain = super(User, maya).get_session_auth_hash()
    assert maya.get_session_auth_hash() == plain


def test_a_person_who_leaves_hands_over_drafts_and_stays_in_the_record(desk, boss, maya):
    heir = make_user("heir", "Author", email="heir@n.example", first_name="Hei R")
    mine = {state: make_release(state, by=make_chief()) for state in
            ("draft", "in_review", "scheduled", "published", "held_unseen")}  # fmt: skip
    unguarded(Release.objects.all()).update(created_by=maya)
    other = make_release("draft", by=heir)
    session = Client()
    session.force_login(maya)
    KnownBrowser.objects.create(user=maya, token_digest="x")
    link = f"{member(maya)}leave/"
    assert "Choose who gets the drafts." in post(desk, link)
    assert User.objects.get(pk=maya.pk).is_active
    page = post(desk, link, successor=heir.pk)
    assert "Maya has left the team. The account is closed." in page
    owners = dict(Release.objects.values_list("pk", "created_by"))
    for state, release in mine.items():
        assert owners[release.pk] == (heir.pk if state in ("draft", "in_review") else maya.pk)
    assert owners[other.pk] == heir.pk
    handed = Event.objects.filter(verb="handed_over", actor=boss)
    assert {event.release_id for event in handed} == {mine["draft"].pk, mine["in_review"].pk}
    assert [event.detail for event in handed] == [{"before": maya.pk, "to": heir.pk}] * 2
    assert Release.objects.get(pk=mine["in_review"].pk).status == "in_review"
    gone = User.objects.get(pk=maya.pk)
    assert (gone.is_active, gone.has_usable_password(), gone.groups.count()) == (False, False, 0)
    assert gone.left_at is not None
    assert not gone.known_browsers.exists()
    assert session.get("/admin/").status_code == 302
    assert str(gone) == "Maya"
    left = AccessEvent.objects.get(verb="left")
    assert left.detail == {"roles": ["Editor"], "successor": heir.pk}
    outbox.send_due()
    bodies = {message.to[0]: message.body for message in mail.outbox}
    assert "Your account is closed." in bodies["maya@n.example"]
    assert "You are now the author of 2 unpublished texts." in bodies["heir@n.example"]
    assert mine["draft"].title not in bodies["heir@n.example"]
    listed = text(desk.get("/admin/team/"))
    assert "1 person has left the team" in listed
    for path in (link, f"{member(maya)}pause/", f"{member(maya)}resume/", member(maya)):
        page = post(desk, path, successor=heir.pk, name="Back", roles=["Editor"])
        assert "has left the team" in page, path
    assert User.objects.get(pk=maya.pk).left_at == gone.left_at


@pytest.mark.parametrize("others", [0, 1])
def test_restricted_releases_of_a_person_who_leaves_show_nowhere(desk, boss, maya, others):
    """They stay with the people named on them, whatever else the person has."""
    heir = make_user("heir", "Author", email="heir@n.example")
    secret = make_release("draft", title="Zaunkoenig", by=maya)
    publishers = [make_user(f"in{n}", "Publisher", email=f"in{n}@n.example") for n in range(2)]
    workflow.restrict(secret, by=publishers[0], people=[*publishers, maya])
    drafts = [make_release("draft", by=maya) for _ in range(others)]
    outbox.send_due()
    mail.outbox.clear()
    form = text(desk.get(f"{member(maya)}leave/"))
    page = post(desk, f"{member(maya)}leave/", successor=heir.pk)
    assert "has left the team" in page
    assert "Zaunkoenig" not in form + page
    owners = dict(Release.objects.values_list("pk", "created_by"))
    assert owners == {secret.pk: publishers[0].pk} | {draft.pk: heir.pk for draft in drafts}
    assert not Release.objects.known_to(heir).filter(pk=secret.pk).exists()
    outbox.send_due()
    bodies = [message.body for message in mail.outbox if message.to == ["heir@n.example"]]
    assert len(bodies) == others
    assert all("1 unpublished text." in body for body in bodies)
    assert Email.objects.filter(subject="Drafts of Maya").count() == others
    assert AccessEvent.objects.get(verb="left").detail["successor"] == heir.pk


@pytest.mark.parametrize("is_named", [False, True])
def test_no_question_for_a_successor_reveals_a_restricted_release(boss, maya, is_named):
    """Not even if the successor is named on it, but can’t write."""
    heir = None
    if is_named:
        heir = make_user("heir")
        heir.user_permissions.add(Permission.objects.get(codename="view_release"))
    insiders = [make_user("in", "Publisher"), make_user("on", "Publisher"), *filter(None, [heir])]
    secret = make_release("draft", by=maya)
    workflow.restrict(secret, by=insiders[0], people=[*insiders, maya])
    team.leave(maya, by=boss, successor=heir)
    assert User.objects.get(pk=maya.pk).left_at
    assert Release.objects.get(pk=secret.pk).created_by == insiders[0]


@pytest.mark.parametrize("is_named", [True, False])
def test_a_restricted_draft_goes_to_a_person_inside_who_can_finish_it(boss, maya, is_named):
    """Its author may leave whether named on it or not, and its people get an e-mail."""
    chief = make_user("chief", "Publisher", email="chief@n.example")
    editor = make_user("editor", "Editor", email="editor@n.example")
    secret = make_release("in_review", by=maya)
    workflow.restrict(secret, by=chief, people=[editor, *[maya] * is_named])
    Email.objects.all().delete()
    team.leave(maya, by=boss, successor=make_user("heir", "Author"))
    release = Release.objects.get(pk=secret.pk)
    assert release.created_by == editor, "the publisher must approve it"
    assert release.events.filter(verb="handed_over").get().detail["to"] == editor.pk
    new = Email.objects.filter(subject="A restricted release has a new author")
    assert {email.to for email in new} == {"chief@n.example", "editor@n.example"}
    assert not emails_visible_to(boss).filter(pk__in=new).exists()


def test_a_successor_who_is_named_gets_a_restricted_release_and_only_its_people_learn_it(
    desk, boss, maya
):
    heir = make_user("heir", "Editor", email="heir@n.example")
    chief = make_user("in", "Publisher", email="in@n.example")
    secret = make_release("draft", by=maya)
    workflow.restrict(secret, by=chief, people=[heir, chief, maya])
    assert "has left the team" in post(desk, f"{member(maya)}leave/", successor=heir.pk)
    assert Release.objects.get().created_by == heir
    emails = Email.objects.filter(subject="A restricted release has a new author")
    assert {email.to for email in emails} == {"heir@n.example", "in@n.example"}
    assert not Email.objects.filter(subject__startswith="Drafts of").exists()
    seen = {user: emails_visible_to(user).filter(pk__in=emails).count() for user in (heir, boss)}
    assert seen == {heir: 2, boss: 0}


def test_only_administrators_see_emails_about_accounts(desk, boss, maya):
    invite(desk, "secret.guest@n.example")
    post(Client(), "/admin/account/reset/", email=maya.email)
    queue.work(Lane.QUICK)
    Email.objects.update(state="failed", reason="No such mailbox.", ended_at=timezone.now())
    about = set(Email.objects.values_list("about", flat=True))
    assert {kind.partition(":")[0] for kind in about} == {"invitation", "user"}
    editor, chief = Client(), Client()
    editor.force_login(make_user("ed", "Editor"))
    both = make_user("both", "Editor")
    both.groups.add(Group.objects.get(name="Administrator"))
    chief.force_login(both)
    for path in ("/admin/", "/admin/jobs/email/"):
        assert "secret.guest@n.example" in text(chief.get(path))
        page = text(editor.get(path))
        assert "secret.guest@n.example" not in page
        assert "maya@n.example" not in page
    key = Email.objects.first().pk
    assert editor.get(f"/admin/jobs/email/{key}/change/", follow=True).redirect_chain
    assert chief.get(f"/admin/jobs/email/{key}/change/").status_code == 200


def test_the_only_writer_leaves_if_there_are_no_drafts(desk, maya):
    draft = make_release("draft", by=maya)
    assert "a person who can write releases" in post(desk, f"{member(maya)}leave/")
    draft.delete()
    assert "Maya has left the team." in post(desk, f"{member(maya)}leave/")


def test_a_successor_must_be_an_active_person_who_can_write(desk, boss, maya):
    make_release("draft", by=maya)
    gone, paused = make_user("gone", "Author"), make_user("paused", "Author")
    officer = make_user("officer", "Case officer")
    team.leave(gone, by=boss, successor=make_user("heir", "Author"))
    team.pause(paused, by=boss)
    outsider = User.objects.create_user("outsider")  # can’t sign in to the desk
    for wrong in (gone.pk, paused.pk, officer.pk, maya.pk, outsider.pk, 99_999, "x"):
        page = post(desk, f"{member(maya)}leave/", successor=wrong)
        assert "Choose an active member of the team to take over the drafts." in page, wrong
    for wrong, sentence in [(gone, "Choose an active"), (paused, "Choose an active"),
                            (maya, "Choose an active"), (officer, "a person who can write"),
                            (None, "Choose who gets the drafts")]:  # fmt: skip
        with pytest.raises(ActionBlocked, match=sentence):
            team.leave(maya, by=boss, successor=wrong)
    assert User.objects.get(pk=maya.pk).is_active
    assert Release.objects.get().created_by == maya
    assert not AccessEvent.objects.filter(subject_id=maya.pk).exists()


def test_an_action_on_the_own_account_is_refused(desk, boss):
    make_user("second", "Administrator")
    assert "You can’t pause your own account." in post(desk, f"{member(boss)}pause/")
    heir = make_user("heir", "Author")
    page = post(desk, f"{member(boss)}leave/", successor=heir.pk)
    assert "You can’t close your own account." in page
    assert User.objects.get(pk=boss.pk).is_active


def test_another_room_can_block_a_loss_of_access(desk, boss, maya):
    def needed(user, losing, **signal):
        return losing is None or "Editor" in losing

    hooks.is_needed.connect(needed)
    try:
        heir = make_user("heir", "Author")
        page = post(desk, f"{member(maya)}leave/", successor=heir.pk)
        assert "can’t continue without Maya" in page
        assert "can’t continue without Maya" in save(desk, maya, ["Author"])
        assert "Saved." in save(desk, maya, ["Editor", "Author"])
        chief = Client()
        chief.force_login(make_chief())
        page = post(chief, f"/admin/accounts/user/{maya.pk}/change/", **stock(maya, is_staff=""))
        assert "can’t continue without Maya" in page
        page = post(desk, f"{member(maya)}pause/")  # it stops a stolen account
        assert "The account of Maya is paused." in page
    finally:
        hooks.is_needed.disconnect(needed)
    maya = User.objects.get(pk=maya.pk)
    assert (maya.is_staff, team.roles_of(maya)) == (True, ["Author", "Editor"])


# --- The last administrator --------------------------------------------------------------------


def stock(user, **values) -> dict:
    """Return the form of a user on Django’s own page."""
    form = {
        "username": user.username, "email": user.email, "is_active": "on", "is_staff": "on",
        "first_name": user.first_name, "date_joined_0": "2026-01-01", "date_joined_1": "00:00",
        "groups": [group.pk for group in user.groups.all()],
    }  # fmt: skip
    if user.is_superuser:
        form["is_superuser"] = "on"
    return {name: value for name, value in (form | values).items() if value != ""}


LAST = "Nobody else can manage the team."


def test_the_last_administrator_keeps_the_role(desk, boss, maya):
    assert LAST in save(desk, boss, ["Author"], name="Bo Boss")
    inactive = make_user("inactive", "Administrator", is_active=False)
    assert LAST in save(desk, boss, ["Author"], name="Bo Boss")
    team.resume(inactive, by=boss)
    assert "Saved." in save(desk, boss, ["Author"], name="Bo Boss")
    assert desk.get("/admin/team/").status_code == 403


def test_the_last_superuser_cannot_be_locked_out_on_the_stock_pages(maya):
    chief = make_chief()
    client = Client()
    client.force_login(chief)
    page = f"/admin/accounts/user/{chief.pk}/change/"
    for change in ({"is_active": ""}, {"is_superuser": ""}, {"is_staff": ""}):
        shown = post(client, page, **stock(chief, **change))
        assert LAST in shown, change
        assert "was changed successfully" not in shown
        fresh = User.objects.get(pk=chief.pk)
        assert (fresh.is_active, fresh.is_superuser, fresh.is_staff) == (True, True, True)
    assert (
        client.post(f"/admin/accounts/user/{chief.pk}/delete/", {"post": "yes"}).status_code == 403
    )
    many = {"action": "delete_selected", "_selected_action": [chief.pk], "post": "yes"}
    post(client, "/admin/accounts/user/", **many)
    assert User.objects.filter(pk=chief.pk).exists()
    assert not AccessEvent.objects.exists()


def test_the_last_administrator_is_not_locked_out_through_a_group():
    chiefs = Group.objects.create(name="Chiefs")
    chiefs.permissions.add(Permission.objects.get(codename="manage_team"))
    boss = make_user("boss")
    boss.groups.add(chiefs)
    chief = make_chief()
    client = Client()
    client.force_login(chief)
    page = f"/admin/auth/group/{chiefs.pk}"
    # Two administrators: the superuser and the member. Without the member one remains.
    assert client.post(f"{page}/change/", {"name": "Chiefs"}).status_code == 302
    assert not User.objects.get(pk=boss.pk).has_perm("accounts.manage_team")
    role = Group.objects.get(name="Administrator")
    assert client.post(f"/admin/auth/group/{role.pk}/delete/", {"post": "yes"}).status_code == 403
    many = {"action": "delete_selected", "_selected_action": [role.pk], "post": "yes"}
    post(client, "/admin/auth/group/", **many)
    assert Group.objects.filter(name="Administrator").exists()
    with pytest.raises(ActionBlocked, match=LAST), team.keep_an_administrator():
        User.objects.filter(pk=chief.pk).update(is_superuser=False)


@on_postgresql
@pytest.mark.django_db(transaction=True)
def test_two_administrators_cannot_remove_each_other_at_the_same_time():
    one, two = make_user("one", "Administrator"), make_user("two", "Administrator")
    for action in (
        lambda user, by: team.change_roles(user, roles=["Author"], by=by),
        lambda user, by: team.pause(user, by=by),
        lambda user, by: team.leave(user, by=by),
    ):
        results = at_once(lambda: action(one, by=two), lambda: action(two, by=one))  # noqa: B023
        assert sorted(isinstance(result, ActionBlocked) for result in results) == [False, True]
        assert team.administrators().count() == 1
        last = team.administrators().get()
        three = make_user("three", "Administrator")
        one, two = last, three


@on_postgresql
@pytest.mark.django_db(transaction=True)
def test_two_administrators_cannot_drop_their_own_role_at_the_same_time():
    one, two = make_user("one", "Administrator"), make_user("two", "Administrator")
    results = at_once(
        lambda: team.change_roles(one, roles=["Author"], by=one),
        lambda: team.change_roles(two, roles=["Author"], by=two),
    )
    assert sorted(isinstance(result, ActionBlocked) for result in results) == [False, True]
    assert team.administrators().count() == 1


@on_postgresql
@pytest.mark.django_db(transaction=True)
def test_one_invitation_makes_one_account_in_two_tabs_at_once():
    boss = make_user("boss", "Administrator")
    path = team.path_of(team.invite("ada@n.example", name="A", roles=["Author"], by=boss))
    token = path.split("/")[-2]
    results = at_once(
        *(
            lambda name=name: team.accept_invitation(token, username=name, name=name, password=GOOD)
            for name in ("ada", "ADA2")
        ),
        between=(pre_save, User),
    )
    assert sorted(isinstance(result, ActionBlocked) for result in results) == [False, True]
    assert User.objects.filter(email="ada@n.example").count() == 1


# --- Whose accounts an administrator may change ------------------------------------------------


def test_an_administrator_cannot_change_a_superuser(desk, boss):
    chief, heir = make_chief(), make_user("heir", "Author")
    assert "Only a superuser can change this account." in text(desk.get(member(chief)))
    for path in ("pause/", "resume/", "leave/", ""):
        values = {"successor": heir.pk, "name": "X", "roles": ["Author"]}
        page = post(desk, f"{member(chief)}{path}", **values)
        assert "is a superuser. Only a superuser can change this account." in page, path
    fresh = User.objects.get(pk=chief.pk)
    assert (fresh.is_active, fresh.is_superuser, fresh.first_name) == (True, True, "")
    save(desk, make_user("maya", "Editor"), ["Administrator", "Publisher"])
    assert not User.objects.filter(is_superuser=True).exclude(pk=chief.pk).exists()


def test_rights_on_users_and_groups_do_not_open_the_stock_pages(maya):
    user = make_user("operator", "Administrator")
    user.user_permissions.set(
        Permission.objects.filter(content_type__app_label__in=["accounts", "auth"])
    )
    client = Client()
    client.force_login(user)
    group = Group.objects.get(name="Author")
    for page in (
        "accounts/user/", "accounts/user/add/", f"accounts/user/{maya.pk}/change/",
        f"accounts/user/{maya.pk}/history/", f"accounts/user/{maya.pk}/password/",
        f"accounts/user/{maya.pk}/delete/", "auth/group/", "auth/group/add/",
        f"auth/group/{group.pk}/change/", f"auth/group/{group.pk}/history/",
        f"auth/group/{group.pk}/delete/",
    ):  # fmt: skip
        assert client.get(f"/admin/{page}").status_code == 403, page
        assert client.post(f"/admin/{page}", stock(maya)).status_code == 403, page
    assert client.get("/admin/auth/").status_code == 404
    shown = text(client.get("/admin/accounts/"))  # it lists the record of access
    assert "/admin/accounts/accessevent/" in shown
    assert "/admin/accounts/user/" not in shown
    front = text(client.get("/admin/"))
    assert "/admin/accounts/user/" not in front
    assert "/admin/team/" in front
    query = "/admin/autocomplete/?app_label=people&model_name=person&field_name=case_officers"
    assert client.get(query).status_code == 403


def test_changes_on_the_stock_pages_are_recorded_and_end_sessions(maya):
    chief = make_chief()
    client, session = Client(), Client()
    client.force_login(chief), session.force_login(maya)
    page = f"/admin/accounts/user/{maya.pk}/change/"
    publisher = Group.objects.get(name="Publisher")
    client.post(page, stock(maya, groups=[publisher.pk], first_name="May"))
    assert session.get("/admin/").status_code == 200
    client.post(page, stock(maya, groups=[publisher.pk], first_name="May", is_active=""))
    assert session.get("/admin/").status_code == 302
    client.post(page, stock(maya, groups=[publisher.pk], first_name="May"))
    assert session.get("/admin/").status_code == 302
    password = {"password1": GOOD, "password2": GOOD, "usable_password": "true"}
    client.post(f"/admin/accounts/user/{maya.pk}/password/", password)
    assert verbs(subject_id=maya.pk, actor_id=chief.pk) == [
        "roles_changed", "account_changed", "paused", "resumed", "password_changed",
    ]  # fmt: skip
    outbox.send_due()
    assert [message.to for message in mail.outbox] == [["maya@n.example"]] * 5


def test_a_user_who_can_no_longer_sign_in_is_paused_on_the_stock_page(maya):
    """“Can sign in to the desk” and “Active” are both needed, so each of them pauses."""
    chief = make_chief()
    client, session = Client(), Client()
    client.force_login(chief), session.force_login(maya)
    page = f"/admin/accounts/user/{maya.pk}/change/"
    client.post(page, stock(maya, is_staff=""))
    assert session.get("/admin/").status_code == 302
    client.post(page, stock(maya, is_staff="", is_active=""))  # paused already
    client.post(page, stock(maya, is_staff=""))
    client.post(page, stock(maya))
    assert session.get("/admin/").status_code == 302  # the session ended
    assert verbs(subject_id=maya.pk, actor_id=chief.pk) == [
        "paused", "account_changed", "account_changed", "resumed",
    ]  # fmt: skip
    fields = [event.detail.get("fields") for event in AccessEvent.objects.order_by("pk")]
    assert fields == [None, ["is_active"], ["is_active"], None]
    outbox.send_due()
    assert "Your account is paused." in mail.outbox[0].body
    assert "Your account works again." in mail.outbox[-1].body


def test_who_loses_the_team_on_the_stock_page_loses_the_open_invitations(desk, boss):
    client = Client()
    client.force_login(make_chief())
    page = f"/admin/accounts/user/{boss.pk}/change/"
    for change in ({"is_staff": ""}, {"is_active": ""}, {"groups": ""}):
        boss.groups.set([Group.objects.get(name="Administrator")])
        invitation = team.invite("ada@n.example", name="A", roles=["Author"], by=boss)
        client.post(page, stock(boss, **change))
        client.post(page, stock(boss))
        invitation.refresh_from_db()
        assert invitation.cancelled_at, change
    assert verbs(verb="invitation_cancelled") == ["invitation_cancelled"] * 3


def test_a_closed_account_cannot_be_opened_on_the_stock_page(boss, maya):
    team.leave(maya, by=boss)
    client = Client()
    client.force_login(make_chief())
    gone = User.objects.get(pk=maya.pk)
    page = post(client, f"/admin/accounts/user/{maya.pk}/change/", **stock(gone))
    assert "This person has left the team. Invite the person again." in page
    assert not User.objects.get(pk=maya.pk).is_active


# --- The pages ---------------------------------------------------------------------------------


def test_the_team_page_shows_everyone_with_state_factor_and_last_sign_in(desk, boss, maya):
    User.objects.filter(pk=maya.pk).update(last_login=timezone.now())
    team.pause(make_user("paused", "Author", first_name="Pau Sed"), by=boss)
    chief = make_chief()
    invite(desk)
    page = text(desk.get("/admin/team/"))
    for words in ("Maya", "maya@n.example", "Pau Sed", "Paused", "Active", str(chief), "Superuser",
                  "Ada Abel", "Never", "Second factor"):  # fmt: skip
        assert words in page
    assert f'href="/admin/team/{maya.pk}/"' in page


def test_the_team_page_needs_the_same_queries_for_a_large_team(desk, boss):
    def grow():
        for _ in range(3):
            user = make_user("member", "Editor")
            user.groups.add(Group.objects.get(name="Author"))
            team.invite(f"{user}@n.example", name="X", roles=["Author", "Editor"], by=boss)

    grow()
    before = cost(desk, "/admin/team/")
    grow()
    assert cost(desk, "/admin/team/") == before


def test_everyone_at_the_desk_reads_what_each_role_may_do(at_desk, author):
    client = at_desk(author)
    page = text(client.get("/admin/team/roles/"))
    for words in ("Case officer", "Can manage the team", "Can put a release on hold",
                  "add, change, delete"):  # fmt: skip
        assert words in page
    assert 'href="/admin/team/"' not in page
    assert client.get("/admin/team/").status_code == 403
    assert Client().get("/admin/team/roles/").status_code == 302


@pytest.mark.parametrize("pk", [0, 99_999, 10**30])
def test_an_unknown_member_is_not_found(desk, pk):
    for path in (f"{pk}/", f"{pk}/leave/"):
        assert desk.get(f"/admin/team/{path}").status_code == 404
    for path in (f"{pk}/pause/", f"{pk}/resume/", f"invitations/{pk}/again/",
                 f"invitations/{pk}/cancel/"):  # fmt: skip
        assert desk.post(f"/admin/team/{path}").status_code == 404

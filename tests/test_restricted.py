"""A restricted release exists only for the people named on it, until it is public."""

import contextlib
import re
from datetime import timedelta
from io import StringIO
from itertools import product
from pathlib import Path
from threading import Barrier, Thread
from uuid import uuid4

import pytest
from django.conf import settings
from django.contrib.auth.models import Group
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import connection, connections
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from accounts import team
from accounts.hooks import find_blockers
from accounts.models import AccessEvent, User
from assets.models import MediaAsset
from desk.visible_events import events_visible_to
from jobs.models import Email
from people import levels
from people.models import Level, Person
from previews import links
from previews.models import PreviewLink
from previews.recipients import Recipient
from releases import library, topics_and_contacts, workflow
from releases.models import (
    Contact,
    Event,
    FormerSlug,
    NameCheckFind,
    NameDisclosure,
    NameException,
    Release,
    ReleaseAccess,
    RestrictedFile,
    Topic,
)
from releases.rules import protected_names
from releases.rules.desk_visibility import files_visible_to
from releases.workflow import ActionBlocked
from tests.make import (
    STATES,
    make_document,
    make_link,
    make_person,
    make_picture,
    make_release,
    make_user,
    mark,
    picture_bytes,
    unguarded,
)

pytestmark = pytest.mark.django_db

CANARY = "Zaunkönigin"
TERM = "zaunk"
SEARCHED = "zaun"  # finds it; pages repeat it, so it is not TERM
OUTSIDERS = ["author", "editor", "publisher", "case officer", "administrator", "superuser"]


def outsider(role) -> User:
    if role == "superuser":
        return make_user("outside", is_superuser=True)
    return make_user("outside", role.capitalize())


class Secret:
    """A newsroom with a restricted release, and rows that others can see and that refer to it."""

    def __init__(self, state="scheduled") -> None:
        self.publisher = make_user("inside", "Publisher", email="publisher@newsroom.example")
        self.editor = make_user("inside", "Editor", email="editor@newsroom.example")
        self.person = make_person("Ansa Verel", speaks=True)
        self.topic = Topic.objects.create(name="Open topic")
        self.contact = Contact.objects.create(name="Open contact")
        self.picture = make_picture(f"{CANARY}.jpg", caption=CANARY, alt_text=CANARY)
        self.document = make_document(f"{CANARY}.pdf", caption=CANARY)
        self.inside = make_picture(
            "inside.jpg", picture_bytes(colour="#102030"), caption=f"{CANARY} inside"
        )
        body = f"<p>{CANARY} and {mark(self.person)}.</p>"
        body += f'<figure data-asset="{self.inside.pk}"></figure>'
        fields = {"title": f"{CANARY} is free", "standfirst": CANARY, "body": body}
        fields |= {"notes_to_editors": f"<p>{CANARY}</p>", "poster": self.picture}
        fields |= {"attached": [str(self.document.pk)]}
        self.release = make_release("draft", by=self.editor, **fields)
        self.release.topics.add(self.topic)
        self.release.contacts.add(self.contact)
        self.release = workflow.restrict(
            self.release, by=self.publisher, people=[self.editor, self.publisher]
        )
        if state == "scheduled":
            self.schedule()

    def schedule(self) -> None:
        self.release = workflow.submit(self.release, by=self.editor)
        soon = timezone.now() + timedelta(hours=2)
        self.release = workflow.approve(self.release, by=self.publisher, publish_at=soon)

    def grow(self) -> None:
        """Add rows that refer to the release: links, e-mails, exceptions, a translation, …"""
        self.link = links.issue(
            self.release, by=self.editor, batch=uuid4(), message="{link}",
            recipients=[Recipient(f"{CANARY} Reader", CANARY, "zaunk@press.example")],
        )[0].link  # fmt: skip
        Email.objects.update(state="failed", ended_at=timezone.now(), reason=CANARY)
        NameException.objects.create(
            release=self.release, name=CANARY, reason=CANARY, by=self.publisher
        )
        NameException.objects.create(
            table="assets.mediaasset", row=str(self.picture.pk), name=CANARY, reason="x",
            by=self.publisher,
        )  # fmt: skip
        self.release.probes.create(
            what="address", sender_hash="x", network="192.0.2.0/24", times=3,
            first_at=timezone.now(), last_at=timezone.now(),
        )  # fmt: skip
        self.open = make_release("draft", title="An open draft", translation_of=self.release)
        self.deleted = make_release("draft", by=self.publisher, title=f"{CANARY} deleted")
        workflow.restrict(self.deleted, by=self.publisher, people=[self.editor])
        make_link(self.deleted, by=self.editor, kind="colleague", name=f"{CANARY} Colleague")
        workflow.discard(Release.objects.get(pk=self.deleted.pk), by=self.publisher)


# --- The matrix ----------------------------------------------------------------------------------


def admin_patterns(resolver=None, prefix=()) -> list[tuple[str, set[str]]]:
    """Return the name and the parameters of every URL of the desk."""
    if resolver is None:
        (resolver,) = (
            each for each in get_resolver().url_patterns
            if isinstance(each, URLResolver) and each.namespace == "admin"
        )  # fmt: skip
    found = []
    for pattern in resolver.url_patterns:
        taken = {*prefix, *pattern.pattern.converters, *pattern.pattern.regex.groupindex}
        if str(getattr(pattern, "name", "")).endswith(
            "_simple_history"
        ):  # its parameters have no names
            taken = {"object_id", "version_id"}
        if isinstance(pattern, URLResolver):
            found += admin_patterns(pattern, taken)
        elif isinstance(pattern, URLPattern) and pattern.name:
            found.append((pattern.name, taken))
    return found


# URLs that end the session.
LEFT_OUT = {"logout"}


def desk_addresses(secret: Secret) -> list[str]:
    """Return every address of the desk, with every row that could reveal the release."""
    rows = {
        "releases_release": [secret.release, secret.open],
        "assets_mediaasset": [secret.picture, secret.document, secret.inside],
        "releases_topic": [secret.topic],
        "releases_contact": [secret.contact],
        "people_person": [secret.person],
        "previews_previewlink": [secret.link],
        "releases_nameexception": list(NameException.objects.all()),
        "jobs_email": list(Email.objects.all()[:1]),
        "accounts_user": [secret.editor],
        "auth_group": [secret.editor.groups.get()],
    }
    found = []
    for name, taken in admin_patterns():
        owner = next((model for model in rows if name.startswith(f"{model}_")), "")
        keys = {
            "object_id": [row.pk for row in rows.get(owner, [])] or [1, uuid4()],
            "pk": [row.pk for row in rows.get(owner, [])] or [1, uuid4()],
            "id": [row.pk for row in rows.get(owner, [])] or [1],
            "release": [secret.release.pk],
            "kind": ["press"],
            "batch": [secret.link.batch],
            "style": ["teaser"],
            "extension": ["jpg"],
            "app_label": ["releases", "assets", "previews", "jobs"],
            "url": [f"releases/release/{secret.release.pk}"],
            "row": [1],
            "version": [secret.picture.history.latest().pk],
            "version_id": [
                row.history.latest().pk for row in rows.get(owner, []) if hasattr(row, "history")
            ] or [1],
        }  # fmt: skip
        if name in LEFT_OUT:
            continue
        if unknown := taken - set(keys):
            pytest.fail(f"{name} takes {unknown}: add values to desk_addresses().")
        reversed_before = len(found)
        for values in product(*(keys[key] for key in sorted(taken))):
            named = {} if name.endswith("_simple_history") else dict(zip(sorted(taken), values))  # noqa: B905
            with contextlib.suppress(NoReverseMatch):  # 1 or a UUID is not a key of this model
                found.append(reverse(f"admin:{name}", args=[] if named else values, kwargs=named))
        assert len(found) > reversed_before, name
    lists = [address for address in found if re.fullmatch(r"/admin/\w+/\w+/", address)]
    searches = [f"{address}?q={SEARCHED}" for address in lists]
    relations = [
        ("releases", "release", "translation_of"), ("releases", "release", "poster"),
        ("people", "person", "portrait"),
    ]  # fmt: skip
    searches += [
        f"/admin/autocomplete/?app_label={app}&model_name={model}&field_name={field}&term={term}"
        for app, model, field in relations
        for term in (SEARCHED, "")
    ]
    queries = [
        f"/admin/assets/mediaasset/upload/?id={secret.picture.pk}&part=attached",
        f"/admin/releases/nameexception/add/?table=releases.release&row={secret.release.pk}",
        f"/admin/releases/nameexception/add/?table=assets.mediaasset&row={secret.picture.pk}",
        "/admin/releases/release/?state=scheduled", "/admin/assets/mediaasset/?used=yes",
        f"/admin/releases/release/?translation_of={secret.release.pk}",
        f"/admin/releases/release/?translation_of__title__icontains={SEARCHED}",
    ]  # fmt: skip
    return [*found, *searches, *queries]


def body_of(response) -> str:
    content = b"".join(response) if response.streaming else response.content
    return content.decode(errors="replace")


def without_noise(response, *keys) -> str:
    """Return a page without what differs each time: tokens, messages of earlier pages, keys."""
    body = re.sub(r'<ul class="messagelist">.*?</ul>', "", body_of(response), flags=re.S)
    body = re.sub(r'name="csrfmiddlewaretoken" value="\w+"|nonce(-|=")[\w-]+', "", body)
    for key in keys:
        body = body.replace(str(key), "KEY")
    return re.sub(r"\s+", " ", body)


def check_for_others(secret: Secret, role: str) -> None:
    """Ask for every address as a user who is not named. No answer may contain the canary."""
    client = Client()
    client.force_login(outsider(role))
    addresses = desk_addresses(secret)
    keys = [str(row.pk) for row in (secret.release, secret.picture, secret.document, secret.link)]
    asked = [(path, "get") for path in addresses]
    asked += [(path, "post") for path in addresses if any(key in path for key in keys)]
    for path, way in asked:
        response = getattr(client, way)(path)
        assert TERM not in body_of(response).casefold(), (role, way, path)
        assert TERM not in response.headers.get("Location", ""), (role, way, path)
    assert TERM not in body_of(client.get("/admin/")).casefold(), role
    print(f"{role}: {len(asked)} answers")


def test_no_page_of_the_desk_reveals_a_restricted_release_to_others():
    """Every URL, with GET and an empty POST, for a publisher. `make soak` asks as all roles."""
    secret = Secret()
    secret.grow()
    client = Client()
    client.force_login(secret.publisher)
    paths = [path for path in desk_addresses(secret) if re.search("release|asset|preview", path)]
    seen = [path for path in paths if TERM in body_of(client.get(path)).casefold()]
    assert len(seen) > 40, seen
    check_for_others(secret, "publisher")
    assert Release.objects.get(pk=secret.release.pk).version == secret.release.version


@pytest.mark.soak
@pytest.mark.parametrize("role", [role for role in OUTSIDERS if role != "publisher"])
def test_no_page_of_the_desk_reveals_a_restricted_release_to_any_role(role):
    secret = Secret()
    secret.grow()
    check_for_others(secret, role)


def test_the_pages_of_a_restricted_release_answer_like_pages_that_do_not_exist(at_desk):
    secret = Secret()
    secret.grow()
    client = at_desk(outsider("superuser"))
    never = uuid4()
    for row in (secret.release, secret.picture, secret.link):
        paths = [path for path in desk_addresses(secret) if str(row.pk) in path]
        assert len(paths) > 3
        for path, way in product(paths, ("get", "post")):
            real = getattr(client, way)(path)
            other = getattr(client, way)(path.replace(str(row.pk), str(never)))
            assert real.status_code == other.status_code, (path, way)
            keys = (row.pk, never)
            assert without_noise(real, *keys) == without_noise(other, *keys), (path, way)


def test_others_count_a_restricted_release_nowhere(at_desk):
    secret = Secret()
    client = at_desk(outsider("publisher"))
    for path in ("releases/release", "assets/mediaasset", "previews/previewlink"):
        page = body_of(client.get(f"/admin/{path}/"))
        assert re.search(r'class="paginator"[^>]*>\s*0 ', page), path
    assert str(topics_and_contacts.use_of(secret.topic, outsider("publisher"))) == "No releases"
    assert "1 approved release" in str(topics_and_contacts.use_of(secret.topic, secret.editor))


# Queries of the desk that do not begin with what exists for the user, each with the reason.
WHOLE_TABLE = {
    ("desk/admin/library_files.py", "MediaAsset.objects.get"): "reads a checked row again",
    ("desk/admin/releases.py", "Release.objects.prefetch_related"): "reads a checked row again",
    ("desk/dashboard.py", "MediaAsset.objects.licence_ends_soon"): "only visible files are kept",
    ("desk/forms/attached.py", "MediaAsset.objects.all"): "the form sets the visible files",
    ("desk/forms/release.py", "Release.objects.approved"): "asks about a checked row",
    ("desk/forms/release.py", "Release.objects.select_for_update"): "locks a checked row",
    ("desk/imports/storing.py", "MediaAsset.objects.create"): "creates a row",
    ("desk/imports/storing.py", "Release.objects.filter"): "restricted releases have no digest",
}


def test_every_query_of_the_desk_begins_with_what_exists_for_the_user():
    root = Path(settings.BASE_DIR)
    called = re.compile(
        r"\b((?:Release|MediaAsset|PreviewLink|Email|Job|NameException)\.objects\.\w+)"
    )
    found = {
        (str(path.relative_to(root)), query)
        for path in (root / "desk").rglob("*.py")
        for query in called.findall(path.read_text())
        if not query.endswith((".visible_to", ".known_to"))
    }
    assert found == set(WHOLE_TABLE)


# --- The rule ------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", STATES)
def test_a_set_and_a_row_agree_on_who_sees_a_release(state):
    at, others = timezone.now(), [outsider(role) for role in ("publisher", "superuser")]
    inside, second = make_user("inside", "Publisher"), make_user("inside", "Editor")
    open_release, closed = (make_release(state, at=at) for _ in range(2))
    for user in (inside, second):
        ReleaseAccess.objects.create(release=closed, user=user)
    for user, release in product([inside, second, *others], [open_release, closed]):
        found = Release.objects.filter(pk=release.pk)
        for moment in (at, at - timedelta(days=30), at + timedelta(days=30)):
            visible = release.is_visible_to(user, moment)
            assert found.visible_to(user, moment).exists() == visible
            public = release.is_public(moment)
            assert visible == (release == open_release or user in (inside, second) or public)
        assert found.known_to(user).exists() == release.is_known_to(user)


def test_after_publication_others_see_the_text_but_not_the_record(at_desk):
    secret = Secret("draft")
    secret.release = workflow.submit(secret.release, by=secret.editor)
    release = workflow.publish(secret.release, by=secret.publisher)
    user = outsider("publisher")
    client, path = at_desk(user), f"/admin/releases/release/{release.pk}/"
    assert CANARY in body_of(client.get("/admin/releases/release/"))
    page = body_of(client.get(f"{path}change/"))
    assert CANARY in page
    assert "Restricted" not in page
    assert "Submitted for approval" not in page
    assert "Only the people named on this release can change it." in page
    assert client.get(f"{path}preview/").status_code == 200
    for name in ("history", "seen", "access", "withdraw", "send_back"):
        assert client.get(f"{path}{name}/").status_code == 404, name
    assert client.get(f"/admin/assets/mediaasset/{secret.picture.pk}/change/").status_code == 200
    answer = client.post(f"{path}change/", {"title": "Other", "read_version": release.version})
    assert "Only the people named on this release can change it." in body_of(answer)
    answer = client.post(f"{path}hold/", {"version": release.version}, follow=True)
    assert "On hold. The release is offline now." in body_of(answer)
    assert client.get(f"{path}preview/").status_code == 404
    with pytest.raises(ActionBlocked, match="Someone deleted this release"):
        workflow.end_hold(Release.objects.get(pk=release.pk), by=user)
    workflow.end_hold(Release.objects.get(pk=release.pk), by=secret.publisher)
    release = Release.objects.get(pk=release.pk)
    workflow.withdraw(release, by=secret.publisher, reason="A mistake.")
    assert client.get(f"{path}change/").status_code == 302


@pytest.mark.parametrize("role", ["author", "publisher", "superuser"])
def test_no_action_runs_for_others(role):
    secret, user = Secret(), outsider(role)
    release = secret.release
    for name in ("approve", "publish", "reschedule", "send_back", "hold", "withdraw", "submit"):
        more = {"publish_at": timezone.now()} if name in ("approve", "reschedule") else {}
        more |= {"reason": "x"} if name == "withdraw" else {}
        with pytest.raises(ActionBlocked):
            workflow.ACTIONS[name].function(release, by=user, **more)
    for action in (
        lambda: workflow.give_access(release, user, by=user),
        lambda: workflow.remove_access(release, secret.editor, by=user),
        lambda: workflow.end_restriction(release, by=user),
        lambda: workflow.restrict(release, by=user, people=[user]),
        lambda: make_link(release, by=user),
    ):
        with pytest.raises(ActionBlocked):
            action()
    assert Release.objects.get(pk=release.pk).version == release.version


# --- Naming people -------------------------------------------------------------------------------


def test_restricting_at_the_desk_names_people_records_it_and_notifies_them(at_desk):
    author = make_user("writer", "Author", email="author@newsroom.example")
    publisher = make_user("chief", "Publisher", email="chief@newsroom.example")
    release = make_release("draft", by=author, title=CANARY, slug="plain-address")
    client, path = at_desk(author), f"/admin/releases/release/{release.pk}/access/"
    page = body_of(client.get(path))
    assert "The whole newsroom can read this release." in page
    answer = client.post(path, {"restrict": "1"})
    assert "Choose at least one other person." in body_of(answer)
    answer = client.post(path, {"restrict": "1", "people": [publisher.pk]}, follow=True)
    page = body_of(answer)
    assert "Restricted. Only the people named can read this release." in page
    assert str(publisher) in page
    assert "Access to a release given" in page
    events = AccessEvent.objects.filter(about=f"release:{release.pk}")
    assert set(events.values_list("verb", "actor_id", "subject_id")) == {
        ("restricted", author.pk, None),
        ("access_given", author.pk, author.pk),
        ("access_given", author.pk, publisher.pk),
    }
    (email,) = Email.objects.filter(about=f"release:{release.pk}")
    assert email.to == publisher.email
    assert CANARY not in email.subject + email.text
    release.refresh_from_db()
    assert release.slug == f"plain-address-{release.pk.hex[:8]}"
    listed = body_of(client.get("/admin/releases/release/"))
    assert re.search(r"Zaunkönigin <span class=\"mark restricted\">Restricted</span>", listed)
    assert "Only 2 people can read it." in body_of(
        client.get(f"/admin/releases/release/{release.pk}/change/")
    )


def test_a_release_stays_with_two_people_who_can_finish_it(at_desk):
    secret = Secret("draft")
    author = make_user("inside", "Author")
    workflow.give_access(secret.release, author, by=secret.publisher)
    client = at_desk(secret.publisher)
    path = f"/admin/releases/release/{secret.release.pk}/access/"
    answer = client.post(path, {"remove": secret.editor.pk}, follow=True)
    assert "At least two of the people named must be able to finish it" in body_of(answer)
    client.post(path, {"remove": author.pk})
    assert author.pk not in secret.release.people_named()
    with pytest.raises(ActionBlocked, match="At least two"):
        workflow.remove_access(secret.release, secret.publisher, by=secret.publisher)
    only_author = make_release("draft", by=author)
    with pytest.raises(ActionBlocked, match="At least two"):
        workflow.restrict(only_author, by=author, people=[make_user("other", "Author")])
    assert not only_author.is_restricted()


def test_only_active_users_who_read_releases_can_be_named():
    secret = Secret("draft")
    gone = make_user("gone", "Publisher", is_active=False, left_at=timezone.now())
    reader = make_user("reader")
    for user in (gone, reader, make_user("officer", "Administrator")):
        with pytest.raises(ActionBlocked):
            workflow.give_access(secret.release, user, by=secret.publisher)
    with pytest.raises(ActionBlocked, match="already named"):
        workflow.give_access(secret.release, secret.editor, by=secret.publisher)
    author = make_user("inside", "Author")
    workflow.give_access(secret.release, author, by=secret.publisher)
    with pytest.raises(ActionBlocked, match="Only its author and publishers"):
        workflow.give_access(secret.release, make_user("x", "Editor"), by=author)
    workflow.remove_access(secret.release, author, by=author)


def test_the_page_offers_only_people_who_can_be_named(at_desk):
    secret = Secret("draft")
    editor, boss = make_user("open", "Editor"), make_user("boss", "Administrator")
    plain = make_release("draft", by=secret.editor)
    for release in (plain, secret.release):
        page = body_of(
            at_desk(secret.publisher).get(f"/admin/releases/release/{release.pk}/access/")
        )
        offered = re.findall(r'value="(\d+)"', page)
        assert str(editor.pk) in offered
        assert str(boss.pk) not in offered, "an administrator can’t read releases"


@pytest.mark.parametrize(
    "sent",
    [{"remove": "x"}, {"remove": "9" * 40}, {"give": "1", "person": "999999"}, {"give": "1"}, {}],
)
def test_bad_input_on_the_page_changes_nothing(at_desk, sent):
    secret = Secret("draft")
    client = at_desk(secret.publisher)
    before = secret.release.people_named()
    response = client.post(f"/admin/releases/release/{secret.release.pk}/access/", sent)
    assert response.status_code == 200
    assert secret.release.people_named() == before


def test_a_preview_link_ends_when_the_user_who_issued_it_loses_access(client):
    inside, editor = make_user("inside", "Publisher"), make_user("other", "Editor")
    former = outsider("editor")
    release = make_release("draft", title=CANARY, by=inside)
    own, lost = (make_link(release, by=user, kind="colleague") for user in (inside, former))
    workflow.restrict(release, by=inside, people=[editor])
    assert client.get(own).status_code == 200
    assert client.get(lost).status_code in (404, 410)
    workflow.give_access(release, former, by=inside)
    again = make_link(release, by=former, kind="colleague")
    assert client.get(again).status_code == 200
    workflow.remove_access(release, former, by=inside)
    assert client.get(again).status_code in (404, 410)
    assert client.get(own).status_code == 200
    assert [event.actor for event in release.events.filter(verb=Event.Verb.LINKS_REVOKED)] == [
        inside
    ] * 2


def test_two_tabs_say_what_has_changed_meanwhile():
    secret = Secret("draft")
    old = Release.objects.get(pk=secret.release.pk)
    with pytest.raises(ActionBlocked, match="already restricted"):
        workflow.restrict(old, by=secret.publisher, people=[secret.editor])
    workflow.end_restriction(old, by=secret.publisher)
    for action in (workflow.give_access, workflow.remove_access):
        with pytest.raises(ActionBlocked, match="not restricted any more"):
            action(old, secret.editor, by=secret.publisher)
    with pytest.raises(ActionBlocked, match="not restricted any more"):
        workflow.end_restriction(old, by=secret.publisher)
    assert old.is_visible_to(outsider("author"))
    assert files_visible_to(outsider("author")).filter(pk=secret.picture.pk).exists()


@pytest.mark.parametrize("state", ["published", "held", "withdrawn"])
def test_what_was_public_cannot_be_restricted(state):
    publisher, editor = make_user("p", "Publisher"), make_user("e", "Editor")
    release = make_release(state)
    with pytest.raises(ActionBlocked, match="was public already"):
        workflow.restrict(release, by=publisher, people=[editor])


def test_only_the_author_and_publishers_restrict_a_release():
    release = make_release("draft", by=make_user("writer", "Author"))
    editor = make_user("editor", "Editor")
    with pytest.raises(ActionBlocked, match="Only its author and publishers"):
        workflow.restrict(release, by=editor, people=[make_user("p", "Publisher")])


def test_leaving_asks_for_someone_else_in_one_sentence_for_every_reason():
    """For one release or many, and for a person at level 0: only insiders may know what it is."""
    secret = Secret("draft")
    (one,) = find_blockers(secret.editor)
    assert one == (
        f"Some work that only a few people may see can’t continue without {secret.editor}. Ask "
        f"{secret.editor} to give another person access first, to each restricted release and to "
        "each record at level 0."
    )
    workflow.restrict(
        make_release("draft", title=CANARY), by=secret.publisher, people=[secret.editor]
    )
    assert find_blockers(secret.editor) == [one], "two releases"
    person = make_person("Berit Ode", level=Level.CASE_OFFICERS)
    person.case_officers.add(secret.editor)
    assert find_blockers(secret.editor) == [one], "a person too"
    assert find_blockers(outsider("editor")) == []
    other = make_user("other", "Editor")
    for release in Release.objects.filter(access__user=secret.editor):
        workflow.give_access(release, other, by=secret.publisher)
    assert find_blockers(secret.editor) == [one], "only the person is left"
    person.case_officers.add(other)
    assert find_blockers(secret.editor) == []
    assert len(find_blockers(secret.publisher)) == 1


def test_a_role_can_go_if_the_others_still_finish_the_release():
    boss = make_user("boss", "Administrator")
    author, chief = make_user("inside", "Author", "Administrator"), make_user("chief", "Publisher")
    release = make_release("draft", title=CANARY, by=author)
    workflow.restrict(release, by=author, people=[chief])
    team.change_roles(author, roles=["Author"], by=boss)
    with pytest.raises(ActionBlocked, match="can’t continue without"):
        team.change_roles(author, roles=["Administrator"], by=boss)
    with pytest.raises(ActionBlocked, match="can’t continue without"):
        team.change_roles(chief, roles=["Editor"], by=boss)
    team.change_roles(chief, roles=["Publisher", "Editor"], by=boss)
    team.change_roles(chief, roles=["Publisher"], by=boss)


def test_the_operator_gives_access_in_an_emergency(capsys):
    secret, user = Secret("draft"), outsider("publisher")
    key = str(secret.release.pk)
    for release, name in ((str(uuid4()), user.username), (key, "nobody"), ("x" * 500, "x")):
        with pytest.raises(CommandError):
            call_command("giveaccess", release, name)
    Email.objects.all().delete()
    call_command("giveaccess", key, user.username)
    assert "can read the release now" in capsys.readouterr().out
    assert secret.release.is_known_to(user)
    event = AccessEvent.objects.filter(verb="access_given").latest("pk")
    assert (event.actor_id, event.subject_id) == (None, user.pk)
    assert {email.to for email in Email.objects.all()} == {
        secret.publisher.email, secret.editor.email,
    }  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_two_people_cannot_remove_each_other_at_the_same_moment():
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has one writer at a time; set DATABASE_URL to a PostgreSQL server.")
    secret = Secret("draft")
    third = make_user("third", "Publisher")
    workflow.give_access(secret.release, third, by=secret.publisher)
    start, outcomes = Barrier(2), []

    def remove(user, by):
        try:
            start.wait()
            workflow.remove_access(secret.release, user, by=by)
            outcomes.append("removed")
        except ActionBlocked:
            outcomes.append("blocked")
        finally:
            connections.close_all()

    # Each of the two publishers may go, but not both with the editor as the only one left.
    pairs = [(third, secret.publisher), (secret.publisher, third)]
    threads = [Thread(target=remove, args=pair) for pair in pairs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["blocked", "removed"]


# --- What is unique ------------------------------------------------------------------------------


def test_an_address_does_not_reveal_a_restricted_release(at_desk):
    publisher, editor = make_user("p", "Publisher"), make_user("e", "Editor")
    draft = make_release("scheduled", title="Ines is free", slug="ines-is-free")
    workflow.restrict(draft, by=publisher, people=[editor])
    assert not FormerSlug.objects.filter(slug="ines-is-free").exists()
    typed = make_release("draft", slug="ines-is-free", title="Other")
    assert typed.slug == "ines-is-free"
    second = make_release("draft", title="Ines is free")
    Release.objects.get(pk=typed.pk).delete()
    approved = workflow.publish(second, by=make_user("chief", is_superuser=True))
    assert approved.slug == "ines-is-free"


def test_the_slug_of_a_restricted_release_is_set_before_it_is_approved():
    secret = Secret()
    end = f"-{secret.release.pk.hex[:8]}"
    assert secret.release.slug.endswith(end)
    event = secret.release.events.get(verb="approved")
    assert event.detail["page"]
    assert workflow.blockers(Release.objects.get(pk=secret.release.pk)) == []


def test_the_link_to_a_hidden_original_stays_when_others_save_a_translation(at_desk):
    secret = Secret()
    secret.grow()
    user = outsider("editor")
    client, path = at_desk(user), f"/admin/releases/release/{secret.open.pk}/change/"
    page = body_of(client.get(path))
    assert str(secret.release.pk) not in page
    form = {
        "kind": "press_release", "language": "en", "title": "Changed", "body": secret.open.body,
        "read_version": secret.open.version, "rejected_names": "[]", "_continue": "1",
    }  # fmt: skip
    client.post(path, form)
    stored = Release.objects.get(pk=secret.open.pk)
    assert (stored.title, stored.translation_of) == ("Changed", secret.release)
    answer = client.post(path, form | {
        "read_version": stored.version, "translation_of": str(secret.deleted.pk),
        "poster": str(secret.picture.pk), "attached": [str(secret.document.pk)],
    })  # fmt: skip
    assert body_of(answer).count("Select a valid choice") == 2
    assert CANARY not in body_of(answer)
    body = f'<p>x</p><figure data-asset="{secret.inside.pk}"></figure>'
    client.post(path, form | {"read_version": stored.version, "body": body})
    assert str(secret.inside.pk) not in Release.objects.get(pk=secret.open.pk).body


def test_a_hidden_translation_does_not_block_deleting_its_original(at_desk):
    original = make_release("draft", title="Original")
    publisher, editor = make_user("p", "Publisher"), make_user("e", "Editor", email="e@x.example")
    hidden = make_release("draft", title=CANARY, translation_of=original)
    workflow.restrict(hidden, by=publisher, people=[editor])
    client = at_desk(outsider("editor"))
    path = f"/admin/releases/release/{original.pk}/delete/"
    assert "Are you sure" in body_of(client.get(path))
    client.post(path, {"post": "yes"})
    assert not Release.objects.filter(pk=original.pk).exists()
    assert Release.objects.get(pk=hidden.pk).translation_of is None
    event = hidden.events.get(verb="around")
    assert event.detail["words"] == "The release that this is a translation of was deleted."
    assert event.actor.groups.get().name == "Editor"
    assert Email.objects.filter(to=editor.email, subject__contains="changed").exists()


def test_a_topic_that_only_a_restricted_release_uses_can_be_deleted_and_its_people_learn_it(
    at_desk,
):
    secret = Secret()
    Email.objects.all().delete()
    client = at_desk(outsider("superuser"))
    answer = client.post(
        f"/admin/releases/topic/{secret.topic.pk}/delete/", {"post": "yes"}, follow=True
    )
    assert CANARY not in body_of(answer)
    assert not Topic.objects.exists()
    assert {email.to for email in Email.objects.all()} == {
        secret.publisher.email, secret.editor.email,
    }  # fmt: skip


def test_a_person_in_a_restricted_release_can_be_deleted_and_its_people_learn_it(at_desk):
    secret, user = Secret(), outsider("superuser")
    for release in (secret.release, make_release("draft")):
        NameDisclosure.objects.create(
            person=secret.person, user=secret.editor, table="releases.release",
            row=str(release.pk), day=timezone.localdate(),
        )  # fmt: skip
    shown = make_release("draft", body=f"<p>{mark(secret.person)}</p>")
    client, path = at_desk(user), f"/admin/people/person/{secret.person.pk}/delete/"
    assert "Mentions" in body_of(client.post(path, {"post": "yes"}))
    shown.delete()
    Email.objects.all().delete()
    page = body_of(client.get(path))
    assert "Are you sure" in page
    assert str(secret.release.pk) not in page
    client.post(path, {"post": "yes"})
    assert not Person.objects.filter(pk=secret.person.pk).exists()
    release = Release.objects.get(pk=secret.release.pk)
    assert f"{CANARY} and Ansa Verel." in release.document.text
    assert release.is_scheduled()
    assert release.events.filter(verb="around", actor=user).exists()
    assert {email.to for email in Email.objects.all()} == {
        secret.publisher.email, secret.editor.email,
    }  # fmt: skip


# --- Pictures and documents ----------------------------------------------------------------------


def test_the_portrait_of_a_person_at_level_0_is_only_for_the_case_officers(at_desk):
    officer = make_user("officer", "Author", "Case officer")
    picture = make_picture(f"{CANARY}.jpg", caption=CANARY)
    person = make_person(CANARY, level=Level.CASE_OFFICERS, portrait=picture)
    person.case_officers.add(officer)
    for role in OUTSIDERS:
        assert not files_visible_to(outsider(role)).exists()
    editor = outsider("editor")
    path = f"/admin/assets/mediaasset/{picture.pk}"
    assert CANARY not in at_desk(editor).get("/admin/assets/mediaasset/").content.decode()
    assert at_desk(editor).get(f"{path}/rendition/teaser.jpg").status_code == 404
    assert CANARY in at_desk(officer).get(f"{path}/change/").content.decode()
    make_release("draft", poster=picture)
    assert files_visible_to(editor).exists()


def test_after_publication_the_versions_of_a_file_stay_restricted(at_desk):
    secret = Secret("draft")
    picture = MediaAsset.objects.get(pk=secret.picture.pk)
    first = picture.history.latest().history_id
    picture.caption = "As published"
    picture.save()
    release = workflow.submit(Release.objects.get(pk=secret.release.pk), by=secret.editor)
    workflow.publish(release, by=secret.publisher)
    path = f"/admin/assets/mediaasset/{picture.pk}/"
    versions = [f"history/{first}/", f"original/{first}/", "history/"]
    for role in ("author", "publisher", "superuser"):
        client = at_desk(outsider(role))
        page = body_of(client.get(f"{path}change/"))
        assert "As published" in page
        assert "/history/" not in page
        assert "/original/" not in page
        for each in versions:
            assert client.get(path + each).status_code == 404, (role, each)
        for each in ("bring-back/", "words/"):
            assert client.post(path + each, {"version": first}).status_code == 404, (role, each)
    client = at_desk(secret.publisher)
    for each in versions:
        assert client.get(path + each).getvalue(), each
    page = body_of(client.get(f"{path}change/"))
    assert "/history/" in page
    assert "/original/" in page


def test_a_picture_is_restricted_while_no_visible_release_uses_it():
    secret, user = Secret("draft"), outsider("publisher")
    seen = files_visible_to(user)
    assert not seen.filter(pk__in=[secret.picture.pk, secret.document.pk]).exists()
    assert files_visible_to(secret.editor).filter(pk=secret.picture.pk).exists()
    secret.release.poster = None
    secret.release.save()
    assert not seen.filter(pk=secret.picture.pk).exists(), "it was removed from the release"
    make_release("draft", poster=secret.picture)
    assert seen.filter(pk=secret.picture.pk).exists()
    workflow.discard(Release.objects.get(pk=secret.release.pk), by=secret.publisher)
    assert not seen.filter(pk=secret.document.pk).exists(), "its draft was deleted"


def test_earlier_versions_of_an_open_release_do_not_name_what_is_restricted_now(at_desk):
    secret = Secret("draft")
    picture = make_picture(f"{CANARY}-moved.jpg", picture_bytes(colour="#555511"))
    draft = make_release("draft", poster=picture, translation_of=secret.release)
    draft.poster = draft.translation_of = None
    draft.save()
    secret.release.poster = picture
    secret.release.save()
    path = f"/admin/releases/release/{draft.pk}/history/"
    assert CANARY in body_of(at_desk(secret.publisher).get(path))
    assert CANARY not in body_of(at_desk(outsider("publisher")).get(path))


def test_an_author_who_is_not_named_does_not_see_the_own_draft_any_more(at_desk):
    author = make_user("writer", "Author", email="writer@newsroom.example")
    publisher, editor = make_user("p", "Publisher"), make_user("e", "Editor")
    release = make_release("draft", by=author, title=CANARY)
    workflow.restrict(release, by=publisher, people=[editor])
    client = at_desk(author)
    assert CANARY not in body_of(client.get("/admin/")) + body_of(
        client.get("/admin/releases/release/")
    )
    assert client.get(f"/admin/releases/release/{release.pk}/access/").status_code == 404
    assert not Email.objects.filter(to=author.email).exists()


def test_an_upload_to_a_restricted_release_is_restricted_at_once(at_desk):
    secret, content = Secret("draft"), picture_bytes(colour="#991122")

    def upload(user):
        file = SimpleUploadedFile(f"{CANARY}-new.jpg", content)
        sent = {"file": file, "release": str(secret.release.pk)}
        return body_of(at_desk(user).post("/admin/assets/mediaasset/upload/?part=attached", sent))

    assert CANARY in upload(secret.editor)
    tie = RestrictedFile.objects.latest("pk")
    user = outsider("publisher")
    assert tie.release_id == secret.release.pk
    assert not files_visible_to(user).filter(pk=tie.asset_id).exists()
    assert "already have this file" in upload(secret.editor)
    assert "already have this file" not in upload(user), "the same bytes are a new file for others"


def test_a_change_by_others_of_a_shared_picture_reaches_the_people_of_the_release():
    secret, user = Secret(), outsider("editor")
    make_release("draft", poster=secret.picture)
    Email.objects.all().delete()
    secret.picture.refresh_from_db()
    assert library.edit_blockers(secret.picture, user) == []
    assert library.edit_blockers(secret.picture, secret.editor) != []
    secret.picture.caption = "Changed"
    library.save_asset(secret.picture, by=user)
    assert {email.to for email in Email.objects.all()} == {
        secret.publisher.email, secret.editor.email,
    }  # fmt: skip
    assert secret.release.events.filter(verb="around", actor=user).exists()


def test_only_the_people_named_correct_a_picture_that_a_public_release_shows(at_desk):
    """A change of the picture is a correction of the release. Everyone else may still hide it."""
    secret, chief = Secret("draft"), outsider("publisher")
    workflow.publish(workflow.submit(secret.release, by=secret.editor), by=secret.publisher)
    client, path = at_desk(chief), f"/admin/assets/mediaasset/{secret.picture.pk}/"
    sentence = (
        f"It is on the page of “{CANARY} is free”. Only the people named on that release can "
        "change it."
    )
    assert sentence in body_of(client.get(f"{path}change/"))
    asset = MediaAsset.objects.get(pk=secret.picture.pk)
    asset.caption = "Other"
    with pytest.raises(ActionBlocked, match="Only the people named on that release"):
        library.save_asset(asset, by=chief)
    result = library.edit_many(
        {asset.pk: library.version_of(asset)}, {"credit_line": "Other"}, by=chief
    )
    assert (result.changed, len(result.unchanged)) == (0, 1)
    asset = MediaAsset.objects.get(pk=asset.pk)
    library.withdraw(asset, by=chief)
    with pytest.raises(ActionBlocked, match="Only the people named on that release"):
        library.end_withdrawal(asset, by=chief)
    library.end_withdrawal(asset, by=secret.publisher)
    asset = MediaAsset.objects.get(pk=asset.pk)
    asset.caption = "Corrected"
    library.save_asset(asset, by=secret.publisher)
    assert MediaAsset.objects.get(pk=asset.pk).caption == "Corrected"


# --- Names ---------------------------------------------------------------------------------------


def test_lowering_a_level_blocks_a_restricted_release_and_only_its_people_learn_it(at_desk):
    secret, user = Secret(), outsider("publisher")
    Email.objects.all().delete()
    levels.lower_level(secret.person, to=Level.STAFF, by=user)
    release = Release.objects.get(pk=secret.release.pk)
    assert release.is_blocked_by_name()
    assert {email.to for email in Email.objects.all()} == {
        secret.publisher.email, secret.editor.email,
    }  # fmt: skip
    shown = make_release("draft")
    shown.body = f"<p>{mark(secret.person)}</p>"
    path = f"/admin/people/person/{secret.person.pk}/named/"
    page = body_of(at_desk(user).get(path))
    assert "The name is not in any approved release." in page
    assert CANARY in body_of(at_desk(secret.publisher).get(path))


def test_a_hold_by_name_includes_restricted_releases_without_showing_them(at_desk):
    secret, user = Secret(), outsider("publisher")
    public = make_release(body=f"<p>{mark(secret.person)}</p>")
    levels.lower_level(secret.person, to=Level.STAFF, by=user)
    Email.objects.all().delete()
    client, path = at_desk(user), f"/admin/people/person/{secret.person.pk}/named/"
    answer = client.post(path, {"release": [str(public.pk)]}, follow=True)
    assert "1 release is on hold." in body_of(answer)
    assert CANARY not in body_of(answer)
    assert Release.objects.get(pk=secret.release.pk).is_on_hold()
    assert Email.objects.filter(to=secret.editor.email, subject__contains="on hold").exists()


def test_the_people_of_a_restricted_release_learn_what_namecheck_finds():
    secret = Secret("draft")
    secret.release = workflow.submit(secret.release, by=secret.editor)
    release = workflow.publish(secret.release, by=secret.publisher)
    named = make_person("Berit Zaunstein", level=Level.STAFF)
    unguarded(Release.objects.filter(pk=release.pk)).update(standfirst=str(named))
    call_command("reindex")
    for expected in (2, 2):  # a second run finds nothing new
        with pytest.raises((SystemExit, CommandError)):
            call_command("namecheck", stdout=StringIO(), stderr=StringIO())
        assert Email.objects.filter(subject__contains="public page").count() == expected


def test_the_people_of_a_restricted_release_learn_of_a_name_in_a_picture_it_shows():
    secret = Secret("draft")
    secret.release = workflow.submit(secret.release, by=secret.editor)
    workflow.publish(secret.release, by=secret.publisher)
    named = make_person("Berit Zaunstein", level=Level.STAFF)
    unguarded(MediaAsset.objects.filter(pk=secret.picture.pk)).update(caption=str(named))
    call_command("reindex")
    Email.objects.all().delete()
    with pytest.raises((SystemExit, CommandError)):
        call_command("namecheck", stdout=StringIO(), stderr=StringIO())
    found = Email.objects.filter(subject__contains="public page")
    assert {email.to for email in found} == {secret.editor.email, secret.publisher.email}
    for role in ("publisher", "superuser"):
        assert not workflow.emails_visible_to(outsider(role)).filter(pk__in=found).exists()


def test_what_namecheck_found_on_a_restricted_release_is_hidden_with_it(at_desk):
    """Also a find that has no row, such as a name in a document: its address repeats the title."""
    secret, user = Secret("draft"), outsider("publisher")
    secret.release = workflow.submit(secret.release, by=secret.editor)
    release = workflow.publish(secret.release, by=secret.publisher)
    named = make_person("Berit Zaunstein", level=Level.STAFF)
    addresses = [
        release.get_absolute_url(), f"{release.get_absolute_url()}release.json",
        f"/media/{secret.document.pk}/document.pdf",
    ]  # fmt: skip
    for each in addresses:
        NameCheckFind.objects.create(
            person=named, address=each, kind="page", place="x", at=timezone.now()
        )

    def shown(to):
        page = body_of(at_desk(to).get("/admin/"))
        return [f'<a href="{each}">' in page for each in addresses]

    assert all(shown(user)), "it is public"
    workflow.hold(Release.objects.get(pk=release.pk), by=secret.publisher)
    assert not any(shown(user))
    assert all(shown(secret.publisher))


def test_a_warning_about_a_name_does_not_count_restricted_releases(at_desk):
    secret = Secret()
    for user, expected in ((outsider("publisher"), (0, 0)), (secret.publisher, (1, 3))):
        assert protected_names.count_texts(CANARY, user, exactly=True) == expected


def test_a_deleted_restricted_draft_comes_back_restricted():
    secret = Secret("draft")
    workflow.discard(Release.objects.get(pk=secret.release.pk), by=secret.publisher)
    user = outsider("superuser")
    assert not workflow.deleted_drafts(user).exists()
    with pytest.raises(ActionBlocked):
        workflow.undelete(secret.release.pk, by=user)
    again = workflow.undelete(secret.release.pk, by=secret.publisher)
    assert again.is_restricted()
    assert not again.is_visible_to(user)
    assert PreviewLink.objects.visible_to(user).count() == 0


def test_a_deleted_draft_of_a_person_who_left_comes_back_to_who_restores_it():
    secret = Secret("draft")
    chief = make_user("third", "Publisher")
    workflow.give_access(secret.release, chief, by=secret.publisher)
    workflow.discard(Release.objects.get(pk=secret.release.pk), by=secret.publisher)
    team.leave(secret.editor, by=make_user("boss", "Administrator"))
    again = workflow.undelete(secret.release.pk, by=chief)
    assert again.created_by == chief


def test_the_events_of_a_deleted_restricted_draft_stay_with_the_people_who_could_read_it():
    secret = Secret("draft")
    third = make_user("third", "Publisher", "Administrator")
    for user in (secret.publisher, secret.editor):
        user.groups.add(Group.objects.get(name="Administrator"))
    workflow.give_access(secret.release, third, by=secret.publisher)
    workflow.remove_access(secret.release, third, by=secret.publisher)
    about = f"release:{secret.release.pk}"
    workflow.discard(Release.objects.get(pk=secret.release.pk), by=secret.publisher)
    events = AccessEvent.objects.filter(about=about)
    assert len(events) > 3
    for user in (secret.publisher, secret.editor):
        seen = events_visible_to(User.objects.get(pk=user.pk)).filter(about=about)
        assert {*seen} == {*events}
    for user in (third, outsider("administrator"), outsider("superuser")):
        assert not events_visible_to(user).filter(about=about).exists()


# --- Typed text -----------------------------------------------------------------------------------


def test_who_loses_access_while_typing_gets_the_text_back_and_nothing_else(at_desk):
    author = make_user("writer", "Author")
    publisher, editor = make_user("p", "Publisher"), make_user("e", "Editor")
    release = make_release("draft", by=author, title=CANARY, body=f"<p>{CANARY}</p>")
    client, path = at_desk(author), f"/admin/releases/release/{release.pk}/change/"
    assert client.get(path).status_code == 200
    workflow.restrict(release, by=publisher, people=[editor])
    body = "<p>A <strong>new</strong> text.</p><script>alert(1)</script>"
    form = {
        "kind": "press_release", "language": "en", "title": "My <title>", "body": body,
        "standfirst": "", "notes_to_editors": "<p>For editors</p>", "countries": "SE",
        "read_version": release.version, "rejected_names": '["Ann"]', "_continue": "Save",
    }  # fmt: skip
    answer = client.post(path, form)
    page = body_of(answer)
    assert answer.status_code == 404
    assert "This page can’t be opened any more" in page
    assert "My &lt;title&gt;</textarea>" in page
    assert "<p>A <strong>new</strong> text.</p>" in page
    assert "<p>For editors</p>" in page
    assert "alert(1)" not in page
    assert "press_release" not in page
    assert CANARY not in page
    never = client.post(path.replace(str(release.pk), str(uuid4())), form)
    assert never.status_code == 404
    assert without_noise(never) == without_noise(answer)
    assert Release.objects.get(pk=release.pk).title == CANARY


def test_a_message_to_readers_comes_back_too_when_its_release_is_gone(at_desk):
    secret, user = Secret(), outsider("publisher")
    path = f"/admin/previews/previewlink/issue/{secret.release.pk}/press/"
    answer = at_desk(user).post(path, {"message": "Dear colleagues,\nread this."})
    assert answer.status_code == 404
    assert "Dear colleagues,\nread this.</textarea>" in body_of(answer)
    empty = at_desk(user).post(path, {"kind": "press"})
    assert empty.status_code == 404
    assert "can’t be opened any more" not in body_of(empty)

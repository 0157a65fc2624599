"""No page of Django's admin names a person at level 0 to users who are not case officers.

The tests read every address from the URLconf of the admin, request it and post a confirmation to
it. They fail at an address with a new kind of argument until a value for it is added here.
"""

import re
from datetime import timedelta
from itertools import product
from uuid import uuid4

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from accounts.models import Invitation
from people import levels
from people.models import Level, Person
from releases.models import Contact, RejectedName, Topic
from tests.make import (
    make_chief,
    make_link,
    make_person,
    make_picture,
    make_prisoner,
    make_release,
    make_user,
    mark,
    quotation,
)
from tests.test_person_forms import row

pytestmark = pytest.mark.django_db

CANARY = "Zaunkönigin"
SURFACE = "the woman"
DESK = "the-desk"


def text_of(response) -> str:
    if response.streaming:
        for _part in response.streaming_content:  # a file, which is closed at its end
            pass
        return ""
    return response.content.decode()


def names_the_canary(response) -> bool:
    answer = text_of(response) + "".join(f"{key}: {value}" for key, value in response.items())
    return bool(re.search("zaunk(ö|o|%C3%B6)nig", answer, re.IGNORECASE))


class Scene:
    """A person at level 0 in every place where a person can be, with related rows."""

    def __init__(self, client, editor):
        self.person = make_prisoner(CANARY, level=Level.STAFF, title=CANARY)
        # The editor once had access to the record, so the editor's log contains it.
        client.force_login(editor)
        name, role = self.person.names.create(text=f"{CANARY} too"), self.person.roles.get()
        typed = row(display_name=f"{CANARY} the first", level="")
        typed |= {
            "names-TOTAL_FORMS": "1", "names-INITIAL_FORMS": "1", "names-0-id": name.pk,
            "names-0-person": self.person.pk, "names-0-text": f"{CANARY} also",
            "names-0-kind": "birth", "names-0-matchable": "on",
            "roles-TOTAL_FORMS": "1", "roles-INITIAL_FORMS": "1",
            "roles-0-id": role.pk, "roles-0-person": self.person.pk,
            "roles-0-title": f"{CANARY} by profession",
        }  # fmt: skip
        case = self.person.cases.get()
        typed |= {
            "cases-TOTAL_FORMS": "1", "cases-INITIAL_FORMS": "1", "cases-0-id": case.pk,
            "cases-0-person": self.person.pk,
        }  # fmt: skip
        answer = client.post(reverse("admin:people_person_change", args=[self.person.pk]), typed)
        assert answer.status_code == 302
        client.get("/admin/")  # shows the message of success, which no later page shows then
        self.officer = make_chief()
        LogEntry.objects.create(  # as Django writes it without our code
            user=self.officer, object_repr=CANARY, action_flag=CHANGE, change_message=CANARY,
            content_type=ContentType.objects.get_for_model(Person), object_id=str(uuid4()),
        )  # fmt: skip
        self.person.refresh_from_db()
        self.person.slug = "zaunkonigin"  # the person once had a page
        self.portrait, self.picture = make_picture(), make_picture(alt_text="A gate")
        self.person.portrait = self.portrait
        self.person.save()
        self.picture.depicts.add(self.person)
        self.case = case
        case.summary = case.place = case.internal_note = CANARY
        case.review_due = timezone.localdate()
        case.save()
        case.charges.create(text=CANARY)
        case.events.create(kind="arrest", date="2024", summary=CANARY)
        case.sentences.create(kind="prison", text=CANARY)
        case.designations.create(by=CANARY, since="2024", source=CANARY)
        self.person.consents.create(
            basis="family", covers_name=True, given=timezone.localdate(), evidence=CANARY
        )
        levels.lower_level(self.person, to=Level.CASE_OFFICERS, by=self.officer)
        levels.request_level(self.person, to=Level.STAFF, basis=CANARY, by=self.officer)
        body = f"<p>It was {mark(self.person, SURFACE)}.</p>{quotation(self.person)}"
        self.topic, self.contact = (
            Topic.objects.create(name="Law"),
            Contact.objects.create(name="A"),
        )
        self.release = make_release("draft", body=body, poster=self.picture, by=self.officer)
        self.release.topics.add(self.topic)
        self.release.body += "<p>More.</p>"
        self.release.save()
        self.editors_release = make_release("draft", body=quotation(self.person), by=editor)
        RejectedName.objects.create(release=self.release, name="anybody", person=self.person)
        make_link(self.release, by=self.officer, kind="colleague")
        self.link = self.release.preview_links.get()
        self.invitation = Invitation.objects.create(
            email="a@b.example", name="A", token_digest="x", invited_by=self.officer,
            expires_at=timezone.now() + timedelta(days=1),
        )  # fmt: skip
        self.unused = make_picture(alt_text="A picture that nothing uses")
        self.unused.depicts.add(self.person)

    def rows(self) -> dict:
        """Return the rows of each model for the addresses that take a key."""
        return {
            "people_person": [self.person], "people_case": [self.case],
            "releases_release": [self.release, self.editors_release],
            "assets_mediaasset": [self.picture, self.portrait, self.unused],
            "releases_topic": [self.topic], "releases_contact": [self.contact],
            "previews_previewlink": [self.link], "accounts_user": [self.officer],
            "team": [self.officer], "team_invitations": [self.invitation],
            "auth_group": [Group.objects.get(name="Author")],
        }  # fmt: skip


def patterns(resolver=None, before="") -> list[tuple[str, URLPattern]]:
    """Return every address of the admin, from its URLconf."""
    if resolver is None:
        resolver = next(
            one
            for one in get_resolver().url_patterns
            if isinstance(one, URLResolver) and one.namespace == "admin"
        )
    found = []
    for one in resolver.url_patterns:
        if isinstance(one, URLResolver):
            found += patterns(one, before + str(one.pattern))
        else:
            found.append((before + str(one.pattern), one))
    return found


def addresses(scene) -> list[str]:
    """Return every address of the admin with every row of the scene that it can take."""
    found = []
    for route, _pattern in patterns():
        model = re.match(r"(\w+)/(\w+)/", route)
        model = f"{model[1]}_{model[2]}" if model else route.partition("/")[0]
        rows = scene.rows().get(model, [])
        history = [version.pk for one in rows if hasattr(one, "history") for version in
                   one.history.all()]  # fmt: skip
        content = ContentType.objects.get_for_model(Person).pk
        possible = {
            "object_id": [one.pk for one in rows] or [scene.person.pk],
            "pk": [one.pk for one in rows],
            "version_id": history,
            "version": history,
            "style": ["teaser"],
            "extension": ["jpg"],
            "release": [scene.release.pk],
            "batch": [one.batch for one in scene.rows()["previews_previewlink"]],
            "kind": ["press", "colleague"],
            "content_type_id": [content],
            "app_label": ["people", "releases", "assets", "accounts", "auth", "previews", "jobs"],
            "url": ["people/person/nothing"],
            "id": [one.pk for one in rows],
            "row": [f"{content}/{scene.person.pk}"],
        }
        names = re.findall(r"<(?:\w+:)?(\w+)>", route)
        if "(?P<" in route:  # a regular expression of Django, for the lists of the apps
            names = ["app_label"] if "app_label" in route else ["url"]
        values = [possible[name] for name in names]
        assert all(values), (route, "has no row to stand there")
        for chosen in product(*values):
            path = route
            for name, value in zip(names, chosen, strict=True):
                path = re.sub(rf"<(?:\w+:)?{name}>|\(\?P<{name}>.*\)", str(value), path)
            found.append("/admin/" + path.strip("^$").replace("\\Z", ""))
    content = ContentType.objects.get_for_model(Person).pk
    return [*found, f"/admin/r/{content}/{scene.person.pk}/", *queries(scene)]


def queries(scene) -> list[str]:
    """Return the addresses of lists and searches with the queries that a user can add."""
    found = []
    for model in admin.site._registry:
        name = f"{model._meta.app_label}_{model._meta.model_name}"
        address = reverse(f"admin:{name}_changelist")
        found += [
            f"{address}?{query}"
            for query in (
                "q=zaun", "o=1.2.3", "o=-1", "all=", "_popup=1", "_to_field=display_name",
                "p=0", *lookups(model),
            )
        ]  # fmt: skip
        for field in model._meta.get_fields():
            if field.is_relation and field.concrete:
                for term in ("", "zaun"):
                    found.append(
                        f"/admin/autocomplete/?app_label={model._meta.app_label}"
                        f"&model_name={model._meta.model_name}&field_name={field.name}&term={term}"
                    )
    for model in apps.get_models():
        for field in model._meta.get_fields():
            if field.is_relation and field.concrete and field.related_model is Person:
                found.append(
                    f"/admin/autocomplete/?app_label={model._meta.app_label}"
                    f"&model_name={model._meta.model_name}&field_name={field.name}&term=zaun"
                )
    return found


def paths_to_people(model, depth=3) -> list[str]:
    """Return every path over relations from a model to a person."""
    if depth == 0:
        return []
    found = []
    for field in model._meta.get_fields():
        if not field.is_relation or not field.related_model or getattr(field, "hidden", False):
            continue
        name = field.name  # of a reverse relation: its name in a filter
        if field.related_model is Person:
            found.append(name)
        elif field.related_model._meta.app_label in ("releases", "people", "assets"):
            found += [f"{name}__{more}" for more in paths_to_people(field.related_model, depth - 1)]
    return found


def lookups(model) -> list[str]:
    prefixes = ["", *(f"{prefix}__" for prefix in paths_to_people(model))]
    own = prefixes if model is not Person else [""]
    return [f"{prefix}display_name__startswith=Zaun" for prefix in own]


def confirmed(scene) -> dict:
    """Return the values that confirmation pages of the admin may need."""
    return {
        "post": "yes", "version": scene.release.version, "reason": "So.", "words": "So.",
        "to": "0", "action": "edit_many", "_selected_action": [str(scene.unused.pk)],
        "confirm": "1", "agree": "1", "basis": "So.",
    }  # fmt: skip


@pytest.fixture
def scene(client, editor):
    return Scene(client, editor)


@pytest.mark.parametrize("who", ["author", "editor", "operator of users"])
def test_no_page_of_the_admin_names_a_person_at_level_0(who, request, client, editor, scene):
    if who == "operator of users":  # a role that a newsroom can create, with every permission
        user = make_user("operator", "Publisher")
        user.user_permissions.set(Permission.objects.all())
    else:
        user = request.getfixturevalue(who)
    client.force_login(user)
    opened = confirmations = 0
    for address in addresses(scene):
        if "logout" in address:
            continue
        answer = client.get(address, follow=True)
        assert not names_the_canary(answer), address
        opened += answer.status_code == 200
        with transaction.atomic():
            answer = client.post(address, confirmed(scene), follow=True)
            transaction.set_rollback(True)
        assert not names_the_canary(answer), ("POST", address)
        confirmations += answer.status_code == 200
    assert opened > (100 if who == "author" else 150)
    assert confirmations > 40


def test_a_case_officer_finds_the_name_on_the_pages_of_the_record(client, editor, scene):
    scene.person.case_officers.add(editor)
    client.force_login(editor)
    named = {address for address in addresses(scene) if names_the_canary(client.get(address))}
    for page in ("change", "history", "decide", "named"):
        assert reverse(f"admin:people_person_{page}", args=[scene.person.pk]) in named
    for page in ("admin:people_person_changelist", "admin:people_case_changelist", "admin:index"):
        assert reverse(page) in named


def test_a_delete_page_lists_what_is_deleted_without_related_rows(client, editor, scene):
    client.force_login(editor)
    delete = reverse("admin:releases_release_delete", args=[scene.release.pk])
    page = text_of(client.get(delete))
    assert f"Release: {scene.release}" in page
    assert "Quot" not in page
    picture = reverse("admin:assets_mediaasset_delete", args=[scene.unused.pk])
    with_somebody = text_of(client.get(picture))
    assert "MediaAsset_depicts" not in with_somebody
    assert "elationship" not in with_somebody
    scene.unused.depicts.clear()
    assert without_tokens(with_somebody) == without_tokens(text_of(client.get(picture)))
    assert client.post(delete, {"post": "yes"}).status_code == 302
    assert client.post(picture, {"post": "yes"}).status_code == 302


def test_the_log_of_the_admin_stores_a_key_and_no_name(client, editor, scene):
    kept = LogEntry.objects.filter(object_id=str(scene.person.pk)).get()
    assert kept.object_repr == f"person {scene.person.pk}"
    assert CANARY not in kept.change_message


def without_tokens(page: str) -> str:
    page = re.sub('_changelist_filters=[^"]*', "", page)  # each link repeats the query
    return re.sub(r'<input type="hidden"[^>]*>|nonce="[^"]*"', "", page)


@pytest.mark.parametrize(
    "model",
    ["releases_release", "assets_mediaasset", "people_person", "people_case",
     "previews_previewlink", "releases_topic"],
)  # fmt: skip
def test_a_filter_in_an_address_does_not_disclose_hidden_people(client, editor, scene, model):
    """A list that is shorter for the right name or the right key would disclose the person."""
    client.force_login(editor)
    address = reverse(f"admin:{model}_changelist")
    key, nobody = str(scene.person.pk), str(uuid4())
    listed_model = next(one for one in admin.site._registry if one._meta.label_lower ==
                 model.replace("_", ".", 1))  # fmt: skip
    pairs = [(f"{lookup}", lookup.replace("Zaun", "Qqqq")) for lookup in lookups(listed_model)]
    paths = paths_to_people(listed_model) if listed_model is not Person else []
    pairs += [(f"{path}={key}", f"{path}={nobody}") for path in paths]
    pairs += [(f"{path}__in={key}", f"{path}__in={nobody}") for path in paths]
    if listed_model is not Person:
        pairs += [(f"{path}__isnull=False", f"{path}__exact={nobody}") for path in paths]
    for one, other in pairs:
        answers = [client.get(f"{address}?{query}") for query in (one, other)]
        pages = [without_tokens(text_of(answer)).replace(one, "").replace(other, "")
                 .replace(key, "").replace(nobody, "") for answer in answers]  # fmt: skip
        assert answers[0].status_code == answers[1].status_code, one
        assert pages[0] == pages[1], one


def test_the_delete_page_of_a_visible_person_lists_related_rows(client):
    user = make_user("operator", "Publisher")
    user.user_permissions.set(Permission.objects.all())
    client.force_login(user)
    person = make_person("Ansa Verel", title="Director")
    page = text_of(client.get(reverse("admin:people_person_delete", args=[person.pk])))
    assert "Ansa Verel" in page
    assert "Director" in page

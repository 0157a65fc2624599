"""Django's delete pages, log and filters do not disclose a person at level 0.

tests/test_insiders.py requests every address of the desk.
"""

import re
from uuid import uuid4

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.urls import reverse

from people.models import Person
from tests.insiders import PersonAtLevel0
from tests.make import (
    make_chief,
    make_person,
    make_user,
)

pytestmark = pytest.mark.django_db


def text_of(response) -> str:
    return response.content.decode()


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


@pytest.fixture
def scene(editor):
    return PersonAtLevel0(former=editor)


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
    assert not kept.change_message


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
    client.force_login(make_chief())
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

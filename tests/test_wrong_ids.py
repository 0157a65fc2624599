"""The desk answers invalid values in addresses and forms, and never fails."""

import re
from urllib.parse import quote

import pytest
from django import forms
from django.contrib import admin
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from accounts.forms import CodeForm, CredentialField, SignInForm
from accounts.json_field import JSONField
from tests.make import make_chief, make_person, make_picture, make_release, make_user
from tests.signing_in import confirmed_client, enrol, factors_of

pytestmark = pytest.mark.django_db


def test_a_search_of_any_length_is_answered(at_desk, publisher):
    client = at_desk(publisher)
    many = "+".join(f"word{n}" for n in range(500))
    for model in admin.site._registry:
        if admin.site.get_model_admin(model).search_fields:
            path = reverse(f"admin:{model._meta.label_lower.replace('.', '_')}_changelist")
            assert client.get(f"{path}?q={many}").status_code in (200, 302, 403), path


@pytest.mark.parametrize(
    "query",
    ["jobs/email/?text__contains=a", "jobs/job/?arguments__contains=a",
     "previews/previewlink/?token_hash__startswith=a", "previews/previewlink/?batch__isnull=1"],
)  # fmt: skip
def test_a_list_cannot_be_filtered_by_fields_that_it_does_not_show(at_desk, publisher, query):
    answer = at_desk(publisher).get(f"/admin/{query}")
    assert answer.status_code == 400
    assert "Bad request" in answer.content.decode()


def test_a_form_with_too_many_rows_is_refused_with_a_sentence(at_desk, publisher):
    rows = {f"row-{n}": "x" for n in range(15_000)}
    answer = at_desk(publisher).post("/admin/releases/topic/add/", {"name": "", **rows})
    assert answer.status_code == 200
    answer = at_desk(publisher).post("/admin/releases/topic/add/", {"name": "", **rows, **{
        f"more-{n}": "x" for n in range(6_000)}})  # fmt: skip
    assert answer.status_code == 400
    assert "send a shorter text or fewer rows" in answer.content.decode()


WRONG = ["xyz", "9" * 30, "-1", "²", "%00", "a_00b", "1/2"]
UUID = "3f2a1b9c-0d1e-4f50-8a9b-0c1d2e3f4a5b"


def admin_paths(patterns=None, before="/"):
    """Yield the pattern of every address below /admin/, as a text with <converter:name> in it."""
    for each in get_resolver().url_patterns if patterns is None else patterns:
        path = before + str(each.pattern)
        if isinstance(each, URLResolver):
            yield from admin_paths(each.url_patterns, path)
        elif isinstance(each, URLPattern) and path.startswith("/admin/"):
            yield path


WITH_ID = sorted({path for path in admin_paths() if "<" in path})


@pytest.fixture
def chief(client):
    client.force_login(make_chief())
    client.raise_request_exception = False
    return client


def filled(path, value):
    """Replace every id in an address by a wrong value, or by one that its converter accepts."""

    def fill(match):
        kind = match[1].rpartition(":")[0]
        return {"uuid": UUID, "int": "9" * 30}.get(kind, quote(value, safe="%/"))

    return re.sub(r"<([^>]+)>", fill, path.replace("^", "").replace("$", "").replace("\\Z", ""))


def test_there_are_addresses_with_an_id_to_try():
    assert len(WITH_ID) > 40
    assert any("history" in path for path in WITH_ID)


@pytest.mark.parametrize("method", ["get", "post"])
def test_no_address_of_the_desk_fails_with_an_invalid_id(chief, method):
    failed = {}
    for path in WITH_ID:
        if "(?P" in path:
            continue
        for value in WRONG:
            address = filled(path, value)
            answer = getattr(chief, method)(address)
            if answer.status_code not in (301, 302, 403, 404, 405):
                failed[method, address] = answer.status_code
    assert not failed


LISTS = sorted({re.sub(r"<.*", "", path) for path in WITH_ID if path.endswith("change/")})


def test_no_list_or_form_fails_with_an_invalid_query(chief):
    make_release(), make_person(), make_picture()
    failed = {}
    for at in LISTS:
        found = chief.get(at)
        if found.status_code != 200:
            continue
        names = set(re.findall(r"[?&](?:amp;)?(\w+)=", found.content.decode()))
        form = chief.get(f"{at}add/")
        fields = set()
        if form.status_code == 200:
            fields = set(re.findall(r'name="([\w-]+)"', form.content.decode()))
        for value in ("xyz", "9" * 30, "²", "%00"):
            for name in names | {"o", "p", "q", "e", "id", "id__exact", "person", "pk__in"}:
                address = f"{at}?{name}={quote(value, safe='%')}"
                if (status := chief.get(address).status_code) >= 500:
                    failed[address] = status
            every = "&".join(f"{name}={quote(value, safe='%')}" for name in sorted(fields))
            if every and (status := chief.get(f"{at}add/?{every}").status_code) >= 500:
                failed[f"{at}add/?{value}"] = status
            sent = dict.fromkeys(fields, value.replace("%00", "\0"))
            sent |= {name: "1" for name in fields if name.endswith("_FORMS")}
            if every and (status := chief.post(f"{at}add/", sent).status_code) >= 500:
                failed[f"POST {at}add/", value] = status
            for action in ("delete_selected", "edit_many"):
                sent = {"action": action, "_selected_action": value.replace("%00", "\0")}
                if (status := chief.post(at, sent).status_code) >= 500:
                    failed[f"POST {at}", action, value] = status
    assert not failed


ODD_KEYS = [r"\000aaaaaaaaaaaaaaaa", r"\355\240\200aaaaaaaaaaaa", "A_-aaaaaaaaaaa", "a" * 5000]


@pytest.mark.parametrize("name", ["sessionid", "csrftoken", "messages"])
@pytest.mark.parametrize("key", ODD_KEYS)
def test_a_cookie_that_we_never_set_is_ignored(client, name, key):
    """PostgreSQL refuses a NUL, and the sign-in page once was an error page."""
    client.raise_request_exception = False
    for address in ("/admin/login/", "/admin/", "/"):
        answer = client.get(address, HTTP_COOKIE=f'{name}="{key}"')
        assert answer.status_code in (200, 302)
    sent = {"username": "a\0", "password": "b\0"}
    answer = client.post("/admin/login/", sent, HTTP_COOKIE=f'{name}="{key}"')
    assert answer.status_code == 200


def test_only_a_session_key_that_we_made_is_accepted(client):
    client.force_login(make_chief())
    assert client.get("/admin/").status_code == 200
    client.cookies["sessionid"] = client.cookies["sessionid"].value.upper()
    assert client.get("/admin/").status_code == 302


ODD_JSON = [
    "[" * 100_000, "[" * 900 + "]" * 900, "9" * 5_000, "NaN", "1e400", "{",
    '{"KEY": Infinity}', '{"KEY": NaN}', '{"KEY": 1e400}', '{"KEY": %s}' % ("9" * 5_000),
    '["a\\u0000b"]', '"x"', "null", "[[[[]]]]",
]  # fmt: skip


@pytest.mark.parametrize("sent", ODD_JSON, ids=range(len(ODD_JSON)))
def test_no_form_fails_with_invalid_json(chief, sent):
    picture, release = make_picture(), make_release("in_review")
    many = {"action": "edit_many", "_selected_action": [str(picture.pk)], "apply": "1"}
    read = sent.replace("KEY", str(picture.pk))
    answer = chief.post("/admin/assets/mediaasset/", many | {"credit_line": "X", "read": read})
    assert answer.status_code == 200
    picture.refresh_from_db()
    assert picture.credit_line != "X"
    address = f"/admin/releases/release/{release.pk}/"
    answer = chief.post(
        f"{address}publish/", {"version": release.version, "read_fingerprints": read}
    )
    assert answer.status_code < 500
    release.refresh_from_db()
    assert release.status == "in_review"
    typed = {"title": "X", "kind": "statement", "language": "en", "rejected_names": read}
    assert chief.post("/admin/releases/release/add/", typed).status_code in (200, 302)


def test_invalid_json_gets_the_sentence_of_the_form(chief):
    release = make_release("in_review")
    sent = {"version": release.version, "read_fingerprints": "[" * 100_000}
    answer = chief.post(f"/admin/releases/release/{release.pk}/publish/", sent)
    assert "The form was incomplete. Reload it and try again." in answer.text


@pytest.mark.parametrize("sent", ODD_JSON, ids=range(len(ODD_JSON)))
def test_no_passkey_fails_with_invalid_json(client, sent):
    ada = enrol(make_user("ada", "Publisher"))
    at_desk = confirmed_client(ada)
    typed = {"name": "Phone", "credential": sent.replace("KEY", "id")}
    for address in ("/admin/account/factors/passkey/", "/admin/account/confirm/"):
        answer = at_desk.post(address, typed)
        assert answer.status_code in (200, 302), address
    answer = client.post("/admin/account/passkey/", typed)
    assert answer.status_code in (302, 413), answer.status_code  # strangers can post little
    assert factors_of(ada) == ["totp"]


def forms_of_views(patterns=None):
    """Return the forms that the pages of the whole site are declared to use."""
    for each in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(each, URLResolver):
            yield from forms_of_views(each.url_patterns)
        elif view := getattr(each.callback, "view_class", None):
            for value in (getattr(view, name, None) for name in dir(view)):
                if isinstance(value, type) and issubclass(value, forms.BaseForm):
                    yield value


def test_every_form_reads_json_with_our_field():
    def all_forms(base=forms.BaseForm):
        for form in base.__subclasses__():
            if not form.__module__.startswith("allauth."):  # no page uses them unchanged
                yield form
            yield from all_forms(form)

    ours = {*all_forms()}
    assert {SignInForm, CodeForm} <= {*forms_of_views()} <= ours
    fields = [
        field
        for form in all_forms()
        for field in getattr(form, "base_fields", {}).values()
        if isinstance(field, forms.JSONField)
    ]
    assert {type(field) for field in fields} == {JSONField, CredentialField}
    assert issubclass(CredentialField, JSONField)


DAYS = [
    "99999999999", "9" * 30, "9999", "0", "-1", "2024&publish_at__month=13",
    "9999&publish_at__month=12", "9999&publish_at__month=12&publish_at__day=31",
    "2024&publish_at__month=2&publish_at__day=31",
]  # fmt: skip


@pytest.mark.parametrize("day", DAYS)
def test_a_list_filtered_by_an_impossible_day_redirects_to_an_error_message(chief, day):
    make_release("published")
    address = "/admin/releases/release/"
    answer = chief.get(f"{address}?publish_at__year={day}")
    assert (answer.status_code, answer.url) == (302, f"{address}?e=1")
    for filtered in ("created_at__year", "updated_at__year__gt"):
        assert chief.get(f"{address}?{filtered}={day}").status_code in (200, 302, 404)
    assert chief.get(f"{address}?e=1").status_code == 200

"""The demo newsroom: one real release, an invented organisation, and no leak of hidden rows."""

import io
import re
import tomllib
from pathlib import Path

import pytest
from django.conf import settings as site
from django.core.management import CommandError, call_command
from django.db import models, transaction
from django.test import Client, override_settings
from django.utils import timezone
from django.utils.html import escape

from accounts.models import User
from assets.models import MediaAsset
from demo import loading
from people.models import Case, Person
from releases.models import Contact, Event, Release, Topic
from releases.rules.visibility import public_assets
from tests.make import REAL_RELEASE, make_person, make_picture, make_user

ROOT = Path(site.BASE_DIR)
FAST = "django.contrib.auth.hashers.MD5PasswordHasher"

# Loading makes every picture in every size, so it is done once for this module.


@pytest.fixture(scope="module")
def media(tmp_path_factory):
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def loaded(django_db_setup, django_db_blocker, media):
    fast = override_settings(MEDIA_ROOT=media, PASSWORD_HASHERS=[FAST])
    with django_db_blocker.unblock(), fast:
        out = io.StringIO()
        call_command("demo", yes_public_passwords=True, stdout=out)
        yield out.getvalue()
        django_db_setup()  # restores the database


@pytest.fixture
def newsroom(loaded, media, django_db_blocker, settings):
    """The loaded demo, unchanged for each test. Yields what the command printed."""
    settings.MEDIA_ROOT = media
    block = transaction.atomic()
    block._from_testcase = True  # as in Django's TestCase, so that a durable block may be inside
    with django_db_blocker.unblock(), block:
        yield loaded
        transaction.set_rollback(True)


@pytest.fixture
def real(newsroom):
    return Release.objects.get(slug__startswith="uk-china")


def text_of(path, status=200) -> str:
    response = Client().get(path)
    assert response.status_code == status, path
    return response.getvalue().decode()


def test_every_group_has_a_printed_sign_in_that_works(newsroom):
    printed = dict(re.findall(r"^\s+(author|editor|publisher)\s+(\w+)", newsroom, re.MULTILINE))
    assert printed.keys() == {"author", "editor", "publisher"}
    for name, password in printed.items():
        typed = {"username": name, "password": password, "next": "/admin/"}
        assert Client().post("/admin/login/", typed).status_code == 302
        user = User.objects.get(username=name)
        assert not user.is_superuser
        assert [group.name for group in user.groups.all()] == [name.capitalize()]


def test_the_demo_has_every_state_and_three_languages(newsroom):
    states = {release.state() for release in Release.objects.all()}
    assert states == {"draft", "in_review", "scheduled", "published", "withdrawn"}
    assert Release.objects.scheduled().count() == 2
    assert Event.objects.filter(verb="corrected").exists()
    public = Release.objects.public()
    assert {"en", "ar", "zh-Hans"} == set(public.values_list("language", flat=True))
    assert 10 <= Release.objects.count() <= 20


def test_every_invented_release_says_so_on_its_page(newsroom, real):
    marks = {"en": "invented", "ar": "مختل", "zh-Hans": "虚构"}
    for release in Release.objects.public().exclude(pk=real.pk):
        assert marks[release.language] in text_of(release.get_absolute_url()), release


def test_every_public_picture_is_ours_and_described(newsroom):
    for picture in MediaAsset.objects.exclude(original=""):
        assert picture.missing_fields() == []
        assert re.search("Lantern Watch|Pressroom", picture.credit_line)


def test_the_real_release_is_complete_dated_and_names_its_owner(newsroom, real):
    page = text_of(real.get_absolute_url())
    assert real.day_only
    assert real.day.isoformat() == "2025-02-13"
    assert "© Amnesty International UK" in page
    assert "13 February 2025" in page
    assert "Stand-in set from the title" in page
    (quotation,) = real.document.quotations
    assert len(quotation.paragraphs) == 7
    assert {mention.person.display_name for mention in real.mentions.all()} == {
        "Wang Yi", "David Lammy", "Felix Jakens", "Jimmy Lai", "Chow Hang-tung", "Ding Jiaxi",
        "Ilham Tohti",
    }  # fmt: skip


def test_records_of_real_people_contain_only_what_the_release_says(newsroom, real):
    text = " ".join(REAL_RELEASE.read_text().split())
    people = Person.objects.filter(mentions__release=real)
    for person in people:
        assert person.display_name in text
        assert person.sort_name in text
        assert (person.pronouns, person.portrait, person.names.count()) == ("", None, 0)
        for role in person.roles.all():
            assert role.title.replace("’", "'") in text.replace("’", "'")
    cases = Case.objects.filter(person__in=people)
    assert {case.person.display_name for case in cases} == {
        "Jimmy Lai", "Chow Hang-tung", "Ding Jiaxi", "Ilham Tohti",
    }  # fmt: skip
    for case in cases:
        assert (case.custody_status, str(case.country.code or ""), case.summary) == (
            "detained",
            "",
            "",
        )
        assert case.as_of.isoformat() == "2025-02-13"
        for piece in case.call.strip("“”").split("…"):
            assert piece.strip() in text
        assert (case.legal_status, case.since, case.call_types) == ("", "", [])
        assert [row.sentence() for row in case.designations.all()] == [
            "named in a release of 13 February 2025 by Amnesty International UK"
        ]
        page = text_of(case.person.get_absolute_url())
        assert "In detention <span" in page
        assert "named in a release of 13 February 2025" in page
        assert "Felix Jakens" in page  # the call quotes him


def test_no_internal_source_is_printed(newsroom):
    pages = [text_of(person.get_absolute_url()) for person in Person.objects.with_page()]
    pages += [text_of("/prisoners/"), text_of("/prisoners/prisoners.csv")]
    for source in ("Her sister", "Two colleagues", "His lawyer", "The clinic", "Case file"):
        assert f"Source: {source}" not in "".join(pages)
    assert "Source: Judgment" in "".join(pages)


def test_a_visitor_who_follows_every_link_finds_nothing_hidden(newsroom):
    shown = Release.objects.public()
    hidden = Release.objects.exclude(pk__in=shown)
    text = " ".join(release.document.text for release in shown)
    secrets = [spelling for person in Person.objects.protected() for spelling in person.spellings()]
    for release in hidden:
        secrets += [release.title, release.standfirst, release.slug]
        if not release.is_tombstone():  # feeds withdraw an entry by its id
            secrets.append(str(release.pk))
        secrets += [words for words in release.document.paragraphs if words not in text]
    secrets = [escape(secret) for secret in secrets if secret]
    assert len(hidden) >= 5
    assert len(secrets) > 50
    client, seen, queue = Client(), set(), ["/", "/sitemap.xml"]
    while queue:
        path = queue.pop()
        if path in seen or not path.startswith("/") or path.startswith("/static/"):
            continue
        if "&" in path:  # combined filters: thousands of addresses of the same list
            continue
        seen.add(path)
        response = client.get(path)
        assert response.status_code == 200, path
        if path.startswith("/media/"):
            assert response.getvalue()
            continue
        body = response.getvalue().decode(errors="replace")
        if path.endswith((".zip", ".jpg")):
            assert not [secret for secret in secrets if secret in body], path
            continue
        for secret in secrets:
            assert secret not in body, f"{secret} is seen at {path}"
        queue += [
            address.replace("&amp;", "&").removeprefix("http://testserver")
            for address in re.findall(r'(?:href|src|<loc)[=>]"?([^"#<]+)', body)
        ]
    assert len(seen) > 100
    assert {release.get_absolute_url() for release in shown} <= seen
    assert {person.get_absolute_url() for person in Person.objects.with_page()} <= seen


def test_a_visitor_who_knows_the_address_of_a_hidden_page_sees_nothing_of_it(newsroom):
    for release in Release.objects.exclude(pk__in=Release.objects.public()):
        gone = release.is_tombstone()
        page = text_of(f"/releases/{release.slug or release.pk}/", status=410 if gone else 404)
        assert release.title not in page
        assert not gone or release.withdrawal_reason in page
    for person in Person.objects.exclude(pk__in=Person.objects.with_page()):
        assert person.display_name not in text_of(person.get_absolute_url(), status=404)


def test_only_files_of_public_releases_and_people_are_public(newsroom):
    shown, hidden = public_assets(), MediaAsset.objects.exclude(pk__in=public_assets())
    assert len(shown) > 5
    assert hidden
    for picture in MediaAsset.objects.all():
        style, begins = (("teaser", "webp"), b"RIFF") if picture.is_picture else (
            ("file", "pdf"), b"%PDF",
        )  # fmt: skip
        response = Client().get(picture.public_url(*style))
        body = response.getvalue()
        assert (response.status_code, body[:4]) == (
            (200, begins) if picture in shown else (404, b"<!do")
        ), picture


def test_no_case_is_dated_after_the_day_of_loading(newsroom):
    assert Case.objects.filter(as_of__lte=timezone.localdate()).count() == Case.objects.count()
    # The dates of invented cases are relative to that day.
    people = tomllib.loads((loading.DEMO / "people.toml").read_text())["people"]
    dated = [case["as_of"] for person in people.values() for case in person.get("cases", [])]
    assert dated
    assert all(re.fullmatch(r"-\d+d", str(day)) for day in dated)


def test_make_demo_names_every_invented_country_and_says_that_it_is_invented(newsroom):
    makefile = (ROOT / "Makefile").read_text()
    named = dict(re.findall(r"(X[A-Z])=([^,\n]+)", makefile))
    used = {country.code for release in Release.objects.all() for country in release.countries}
    used |= {case.country.code for case in Case.objects.all() if case.country}
    invented = used - {"GB", "CN", "HK"}
    assert len(invented) == 3
    assert all(named[code].endswith("(invented)") for code in invented)


def test_loading_again_keeps_what_was_edited_and_prints_the_sign_ins(newsroom, real, settings):
    settings.DEBUG = True
    draft = Release.objects.get(status=Release.Status.DRAFT)
    draft.title = "Edited"
    draft.save()
    models.QuerySet(Person).filter(display_name="Casimir Aldenvoort").update(sort_name="Edited")
    kept = [(model, list(model.objects.order_by("pk").values())) for model in loading.DEMO_MODELS]
    out = io.StringIO()
    call_command("demo", stdout=out)
    assert "Nothing was added or changed." in out.getvalue()
    assert kept == [
        (model, list(model.objects.order_by("pk").values())) for model in loading.DEMO_MODELS
    ]
    assert re.findall(r"^  \w+ +\w+", out.getvalue(), re.M) == (
        re.findall(r"^  \w+ +\w+", newsroom, re.M)
    )


def test_a_changed_password_is_not_printed(newsroom, settings):
    settings.DEBUG = True
    user = User.objects.get(username="editor")
    user.set_password("something else")
    user.save()
    out = io.StringIO()
    call_command("demo", stdout=out)
    assert "publisher " in out.getvalue()
    assert "editor " not in out.getvalue()


ONE_ROW = {
    "a release": lambda: Release(title="Ours").save(),
    "a person": make_person,
    "a picture": make_picture,
    "a topic": lambda: Topic.objects.create(name="Freedom of expression"),
    "a contact": lambda: Contact.objects.create(name="Press desk"),
    "a user": lambda: make_user("operator"),
}


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ONE_ROW)
def test_a_newsroom_that_is_not_empty_is_not_changed(kind, settings):
    settings.DEBUG = True
    ONE_ROW[kind]()
    before = [list(model.objects.values()) for model in loading.DEMO_MODELS]
    out = io.StringIO()
    call_command("demo", stdout=out)
    assert "The newsroom is not empty. Nothing was added" in out.getvalue()
    assert "Sign in" not in out.getvalue()
    assert [list(model.objects.values()) for model in loading.DEMO_MODELS] == before


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ONE_ROW)
@pytest.mark.parametrize("options", [{}, {"yes_public_passwords": True}])
def test_a_public_site_that_is_not_empty_refuses_the_demo(kind, options):
    ONE_ROW[kind]()
    before = [list(model.objects.values()) for model in loading.DEMO_MODELS]
    with pytest.raises(CommandError, match=r"DEBUG is off.*The database is not empty") as refused:
        call_command("demo", **options)
    assert ("--yes-public-passwords" in str(refused.value)) == (not options)
    assert [list(model.objects.values()) for model in loading.DEMO_MODELS] == before


@pytest.mark.django_db
def test_an_empty_public_site_needs_an_option_to_load_the_demo():
    with pytest.raises(CommandError, match="add --yes-public-passwords") as refused:
        call_command("demo")
    assert "not empty" not in str(refused.value)
    assert not User.objects.exists()

"""Nobody can look up names with the check: finds are limited, recorded, and shown as typed."""

from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.utils import timezone

from people.models import Level
from releases.models import NameDisclosure, Release
from tests.make import make_person, make_release, make_user
from tests.test_admin import form_data

pytestmark = pytest.mark.django_db

LIST = "/admin/releases/release/"
GENERIC = "This text contains a protected name."
FAMILIES = [
    "Abelin", "Bravek", "Corrin", "Dostal", "Elmark", "Fendri", "Gorlan", "Hastor", "Ivarek",
    "Jolind", "Kavril", "Lindor", "Mordel", "Nestak", "Orvald", "Pelmar", "Quinto", "Rosmer",
    "Sarvik", "Tolmar", "Ulvest", "Vandor", "Wexler", "Xanter", "Yorvik", "Zeltin",
]  # fmt: skip


def text(response) -> str:
    return response.content.decode().replace("&#x27;", "'")


@pytest.fixture
def protected():
    return [make_person(f"Ilka {family}", level=Level.CASE_OFFICERS) for family in FAMILIES]


@pytest.fixture
def case_officer():
    return make_user("officer", "Editor")


def draft_naming(names) -> Release:
    return make_release("draft", body=f"<p>{'. '.join(names)}.</p>")


def places(page: str) -> int:
    return page.count("is a protected name: “")


def test_a_draft_with_many_names_is_saved_and_shows_the_places_of_twenty(
    at_desk, author, protected
):
    desk = at_desk(author)
    names = [f"Ilka {family}" for family in FAMILIES]
    form = form_data(title="A list", body=f"<p>{'. '.join(names)}.</p>")
    assert desk.post(f"{LIST}add/", form).status_code == 302  # a draft is never refused
    release = Release.objects.get()
    page = text(desk.get(f"{LIST}{release.pk}/change/"))
    assert places(page) == 20
    assert GENERIC in page
    assert places(text(desk.get(f"{LIST}{release.pk}/change/"))) == 20  # the same twenty
    other = make_release("draft", by=author, body=f"<p>{names[-1]}.</p>")
    page = text(desk.get(f"{LIST}{other.pk}/change/"))
    assert (places(page), GENERIC in page) == (0, True)


def test_the_limit_applies_to_a_day(at_desk, author, editor, protected, settings):
    settings.PROTECTED_NAMES_A_DAY = 1
    first, second = (draft_naming([f"Ilka {family}"]) for family in FAMILIES[:2])
    assert places(text(at_desk(editor).get(f"{LIST}{first.pk}/change/"))) == 1
    assert places(text(at_desk(editor).get(f"{LIST}{second.pk}/change/"))) == 0
    with time_machine.travel(timezone.now() + timedelta(days=1)):
        assert places(text(at_desk(editor).get(f"{LIST}{second.pk}/change/"))) == 1


@pytest.mark.parametrize("way", ["publish", "approve"])
def test_a_blocked_approval_counts_towards_the_limit(at_desk, publisher, protected, settings, way):
    settings.PROTECTED_NAMES_A_DAY = 1
    first, second = (draft_naming([f"Ilka {family}"]) for family in FAMILIES[:2])
    form = {"publish_at_0": "2030-01-01", "publish_at_1": "12:00"}
    for release, shown in ((first, 1), (second, 0)):
        sent = form | {"version": release.version}
        page = text(at_desk(publisher).post(f"{LIST}{release.pk}/{way}/", sent))
        assert places(page) == shown
    assert NameDisclosure.objects.filter(user=publisher, place_shown=True).count() == 1
    assert NameDisclosure.objects.filter(user=publisher, place_shown=False).count() == 1


def test_the_spelling_of_the_record_is_shown_to_those_who_may_see_it(at_desk, editor, case_officer):
    person = make_person("Vorhaltung-Zqlevelnull Mirabel", level=Level.CASE_OFFICERS)
    person.case_officers.add(case_officer)
    release = draft_naming(["Mirabel, Vorhaltung Zqlevelnull"])
    for user, sees in ((editor, False), (case_officer, True)):
        page = text(at_desk(user).get(f"{LIST}{release.pk}/change/"))
        assert "“Mirabel, Vorhaltung Zqlevelnull” in the text is a protected name" in page
        assert (str(person) in page) is sees


def test_finds_are_recorded_and_the_case_officer_gets_a_notice_without_the_text(
    at_desk, editor, case_officer, author
):
    person = make_person("Mirabel Vorhaltung", level=Level.CASE_OFFICERS)
    person.case_officers.add(case_officer)
    release = make_release("draft", title="Under wraps", body="<p>So said Mirabel Vorhaltung.</p>")
    for _ in range(2):
        at_desk(editor).get(f"{LIST}{release.pk}/change/")
    find = NameDisclosure.objects.get()
    assert (find.person, find.user, find.row) == (person, editor, str(release.pk))
    desk = text(at_desk(case_officer).get("/admin/"))
    notice = desk.partition("Texts that name people you protect")[2].partition("</ul>")[0]
    assert str(editor) in notice
    assert str(person) in notice
    assert "Under wraps" not in notice
    assert "So said" not in notice
    for other in (editor, author):
        assert "Mirabel" not in text(at_desk(other).get("/admin/"))
    assert not mail.outbox

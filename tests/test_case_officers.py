"""A record at level 0 is visible only to its case officers at the desk.

tests/test_insiders.py requests every address of the desk.
"""

import json
import re

import pytest
from django.utils import timezone

from people import levels
from people.models import Case, Level, Person
from releases import approval, workflow
from tests.make import (
    as_shown,
    make_chief,
    make_person,
    make_picture,
    make_prisoner,
    make_release,
    mark,
    save_case,
)

pytestmark = pytest.mark.django_db

CANARY = "Zaunkönigin"
TERM = "zaun"  # finds the canary, but is not the canary
SURFACE = "the woman"


@pytest.fixture
def hidden(publisher):
    """A person at level 0 with everything that a record can have, marked in a draft."""
    person = make_prisoner(CANARY, level=Level.CASE_OFFICERS, title=CANARY)
    person.names.create(text=f"{CANARY} too")
    case = person.cases.get()
    case.summary = case.place = case.internal_note = CANARY
    case.review_due = timezone.localdate()
    case.save()
    case.charges.create(text=CANARY)
    case.events.create(kind="arrest", date="2024", summary=CANARY)
    case.sentences.create(kind="prison", text=CANARY)
    case.designations.create(by=CANARY, since="2024", source=CANARY)
    person.consents.create(
        basis="family", covers_name=True, given=timezone.localdate(), evidence=CANARY
    )
    picture = make_picture(alt_text="Somebody at a gate")
    picture.depicts.add(person)
    person.portrait = picture
    person.save()
    officer = make_chief()
    person.case_officers.add(officer)
    levels.request_level(person, to=Level.STAFF, basis=CANARY, by=officer)
    body = f"<p>It was {mark(person, SURFACE)}.</p>"
    release = make_release("draft", body=body, poster=picture, by=officer)
    release.body += "<p>More.</p>"
    release.save()
    return person, case, picture, release


def test_case_officers_find_their_record_at_level_0(at_desk, publisher, hidden):
    person, case, *_ = hidden
    person.case_officers.add(publisher)
    client = at_desk(publisher)
    for address in [
        "/admin/people/person/", f"/admin/people/person/?q={TERM}", "/admin/people/case/",
        f"/admin/people/person/{person.pk}/change/", f"/admin/people/person/{person.pk}/history/",
        f"/admin/people/person/{person.pk}/decide/", f"/admin/people/case/{case.pk}/change/",
        "/admin/",
    ]:  # fmt: skip
        page = client.get(address)
        assert page.status_code == 200, address
        assert CANARY in page.content.decode(), address


@pytest.mark.parametrize("page", ["change", "history", "raise", "decide", "named", "lower"])
def test_pages_of_a_record_at_level_0_answer_as_if_it_did_not_exist(
    at_desk, publisher, hidden, page
):
    client = at_desk(publisher)
    never = "00000000-0000-4000-8000-000000000000"
    answers = []
    for pk in (str(hidden[0].pk), never):
        for method in (client.get, client.post):
            response = method(f"/admin/people/person/{pk}/{page}/", {"to": "0"})
            shown = response.content.decode().replace(pk, "")
            shown = re.sub(r'value="[^"]{40,}"', "", shown)  # a token of each form
            answers.append((method.__name__, response.status_code, shown))
    assert answers[:2] == answers[2:]


def test_counts_do_not_reveal_a_record_at_level_0(at_desk, editor):
    make_person("Known", level=Level.STAFF)
    client = at_desk(editor)
    before = client.get("/admin/people/person/").content.decode()
    make_prisoner("Hidden", level=Level.CASE_OFFICERS)
    for address in ("/admin/people/person/", "/admin/people/case/"):
        after = client.get(address).content.decode()
        if address.endswith("person/"):
            strip = re.compile(r'(csrfmiddlewaretoken" value=|nonce=)"[^"]*"')
            assert strip.sub("", after) == strip.sub("", before)
        assert "Hidden" not in after


def test_a_taken_address_or_name_does_not_reveal_a_record_at_level_0(at_desk, editor):
    make_person(CANARY, level=Level.CASE_OFFICERS)
    row = {"display_name": CANARY, "sort_name": "", "pronouns": "", "level": "1"}
    for inline in ("roles", "names", "consents", "cases"):
        row |= {f"{inline}-TOTAL_FORMS": "0", f"{inline}-INITIAL_FORMS": "0"}
    assert at_desk(editor).post("/admin/people/person/add/", row).status_code == 302
    namesake = Person.objects.get(level=Level.STAFF)
    second = make_person("Anybody", level=Level.PUBLIC)
    namesake.level, namesake.level_basis = Level.PUBLIC, "x"
    namesake.save()
    assert namesake.slug == "zaunkonigin"
    row |= {"display_name": "Anybody", "slug": "zaun"}
    answer = at_desk(editor).post(f"/admin/people/person/{second.pk}/change/", row)
    assert answer.status_code == 302


def test_a_case_cannot_be_moved_to_a_person_the_user_may_not_see(at_desk, editor, hidden):
    person = hidden[0]
    row = {
        "person": str(person.pk), "custody_status": "detained", "as_of": "2025-01-02",
        "country": "", "call": "",
    }  # fmt: skip
    for inline in ("designations", "charges", "sentences", "events"):
        row |= {f"{inline}-TOTAL_FORMS": "0", f"{inline}-INITIAL_FORMS": "0"}
    answer = at_desk(editor).post("/admin/people/case/add/", row)
    assert answer.status_code == 200
    assert "Select a valid choice" in answer.content.decode()
    assert Case.objects.count() == 1
    known = make_person("Known", level=Level.STAFF)
    row |= {"person": str(known.pk), "status_source": "A letter."}
    assert save_case(at_desk(editor), "/admin/people/case/add/", row).status_code == 302
    assert known.cases.get().statuses.get().custody_status == "detained"


def test_a_blocker_reveals_no_more_than_the_release_itself(at_desk, publisher, hidden):
    release = hidden[3]
    (reason,) = [why for why in as_shown(workflow.blockers(release)) if SURFACE in why]
    assert reason.startswith(f"“{SURFACE}” is marked as a person who may not be named.")
    page = at_desk(publisher).post(
        f"/admin/releases/release/{release.pk}/publish/",
        {
            "version": release.version,
            "read_fingerprints": json.dumps(approval.printed_fingerprints(release)),
        },
    )
    assert SURFACE in page.content.decode()
    assert CANARY not in page.content.decode()

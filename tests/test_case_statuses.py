"""What the public reads about a case: new statuses, groups, mistakes, designations, sources."""

import csv
import io
import json
from datetime import date, timedelta

import lxml.html
import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from people.models import Case, CaseStatus, Designation, Group, Level, custody
from people.recorded_errors import mark_in_error
from tests.make import (
    make_person,
    make_prisoner,
    make_release,
    make_user,
    mark,
    quotation,
    save_case,
    unguarded,
)

pytestmark = pytest.mark.django_db

CASES = "/admin/people/case/"
INLINES = ("designations", "charges", "sentences", "events")
MAY_2 = date(2026, 5, 2)

# Repeated by hand, so that nobody adds a status without choosing its group.
GROUPS = {
    "detained": "In detention",
    "pretrial": "In detention",
    "administrative": "In detention",
    "imprisoned": "In detention",
    "house_arrest": "In detention",
    "disappeared": "In detention",
    "held_non_state": "In detention",
    "restricted": "Free, with restrictions",
    "released_conditional": "Free",
    "released": "Free",
    "died_in_custody": "Died",
    "died": "Died",
    "unknown": "Status unknown",
}
TIMES = {
    "disappeared": "Missing since 1 June 2025",
    "held_non_state": "Held since 1 June 2025",
}


def text(response) -> str:
    return response.content.decode().replace("&#x27;", "'")


def words(node) -> str:
    return " ".join(node.text_content().split())


def page(client, path):
    response = client.get(path)
    assert response.status_code == 200, path
    return lxml.html.document_fromstring(response.content)


def table(client, query="") -> list[dict[str, str]]:
    content = client.get(f"/prisoners/prisoners.csv{query}").getvalue().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(content, newline="")))


def json_ld(root) -> str:
    return root.xpath("//script[@type='application/ld+json']")[0].text


def make_case(name="Ana Brask", status="imprisoned", as_of=MAY_2, **fields) -> Case:
    return Case.objects.create(
        person=make_person(name), custody_status=status, as_of=as_of, **fields
    )


def form(case, **values) -> dict:
    """Return what the form of a case sends, with some values changed."""
    sent = {
        "country": str(case.country.code or ""), "custody_status": case.custody_status,
        "legal_status": case.legal_status, "as_of": "", "confidence": "", "status_source": "",
        "since": case.since, "until": case.until, "call": case.call, "summary": case.summary,
        "source": case.source,
    }  # fmt: skip
    for inline in INLINES:
        sent |= {f"{inline}-TOTAL_FORMS": "0", f"{inline}-INITIAL_FORMS": "0"}
    return sent | values


def designation_form(case, **values) -> dict:
    row = {"label": "Prisoner of conscience", "by": "The Board", "made": "decision",
           "since": "2026-04", "source": "Minutes"}  # fmt: skip
    sent = {f"designations-0-{name}": value for name, value in (row | values).items()}
    return form(case) | sent | {"designations-TOTAL_FORMS": "1"}


def change(case) -> str:
    return f"{CASES}{case.pk}/change/"


# --- A new status --------------------------------------------------------------------------------


def test_a_new_status_starts_with_no_day_no_confidence_and_no_source(client, at_desk, editor):
    case = make_case(confidence="confirmed", source="An old letter")
    root = page(at_desk(editor), change(case))
    assert root.xpath("//input[@name='as_of']/@value") in ([], [""])
    assert root.xpath("//select[@name='confidence']/option[@selected]/@value") in ([], [""])
    assert words(root.xpath("//textarea[@name='status_source']")[0]) == ""


def test_a_new_status_without_its_own_day_and_source_is_not_saved(client, at_desk, editor):
    case = make_case(confidence="confirmed", source="An old letter")
    answer = at_desk(editor).post(change(case), form(case, custody_status="house_arrest"))
    assert text(answer).count("Required for a new status.") == 2
    assert "Save this status" not in text(answer)
    assert "Please correct" in text(answer)
    case.refresh_from_db()
    assert (case.custody_status, case.statuses.count()) == ("imprisoned", 1)


def test_a_new_status_is_shown_as_it_will_be_printed_before_it_is_saved(client, at_desk, editor):
    case = make_case(confidence="confirmed")
    sent = form(case, custody_status="house_arrest", as_of="2026-05-09", status_source="A lawyer")
    answer = at_desk(editor).post(change(case), sent)
    (shown,) = lxml.html.document_fromstring(answer.content).xpath("//*[@class='as-printed']")
    assert "This will be public at once" in words(shown)
    assert "Please correct" not in text(answer)
    assert "Under house arrest" not in words(
        lxml.html.document_fromstring(answer.content).xpath("//*[@class='breadcrumbs']")[0]
    )
    assert "Save this status" in {button.get("value") for button in shown.iter("input")}
    printed = words(shown.xpath(".//p[@class='status']")[0])
    assert printed == "Under house arrest as of 9 May 2026"
    case.refresh_from_db()
    assert case.custody_status == "imprisoned"
    assert save_case(client, change(case), sent).status_code == 302
    status = case.statuses.last()
    assert (status.custody_status, status.confidence, status.source) == (
        "house_arrest", "", "A lawyer",
    )  # fmt: skip
    assert printed == words(page(client, "/people/ana-brask/").xpath("//p[@class='status']")[0])


def test_only_the_confirmed_status_is_saved(client, at_desk, editor):
    case = make_case()
    sent = form(case, custody_status="house_arrest", as_of="2026-05-09", status_source="A lawyer")
    first = at_desk(editor).post(change(case), sent)
    root = lxml.html.document_fromstring(first.content)
    seen = {"confirmed": root.xpath("//input[@name='confirmed']/@value")}
    again = client.post(change(case), sent | seen | {"custody_status": "released"})
    assert "Save this status" in text(again)
    assert Case.objects.get().custody_status == "imprisoned"


def test_a_change_of_other_fields_keeps_the_status_and_needs_no_confirmation(
    client, at_desk, editor
):
    case = make_case(confidence="likely")
    answer = at_desk(editor).post(change(case), form(case, summary="It was so."))
    assert answer.status_code == 302
    case.refresh_from_db()
    assert (case.summary, case.as_of, case.confidence) == ("It was so.", MAY_2, "likely")
    assert case.statuses.count() == 1


def test_the_same_status_on_a_later_day_adds_a_row(client, at_desk, editor):
    case = make_case()
    sent = form(case, as_of="2026-05-20", status_source="A visit")
    assert save_case(at_desk(editor), change(case), sent).status_code == 302
    assert [str(row.as_of) for row in case.statuses.all()] == ["2026-05-02", "2026-05-20"]


@pytest.mark.parametrize(
    ("status", "before", "values", "asked"),
    [
        ("imprisoned", {}, {"custody_status": "released", "as_of": "2026-05-02"},
         "Another status is recorded for 2 May 2026: Imprisoned after conviction"),
        ("imprisoned", {}, {"as_of": "2026-04-30"}, "The newest status is from 2 May 2026"),
        ("released", {}, {"custody_status": "pretrial", "as_of": "2026-05-09"},
         "The person is recorded as free"),
        ("died", {}, {"custody_status": "imprisoned", "as_of": "2026-05-09"},
         "The person is recorded as dead"),
        ("imprisoned", {"until": "2026-05-01"}, {"as_of": "2026-05-09"},
         "“in detention until” is 1 May 2026"),
    ],
)  # fmt: skip
def test_a_contradiction_raises_a_question(client, at_desk, editor, status, before, values, asked):
    case = make_case(status=status, **before)
    sent = form(case, status_source="A letter", **values)
    assert asked in text(at_desk(editor).post(change(case), sent))
    assert case.statuses.count() == 1
    assert save_case(client, change(case), sent).status_code == 302
    assert case.statuses.count() == 2


def test_an_end_of_an_ongoing_detention_raises_a_question_without_a_new_status(
    client, at_desk, editor
):
    case = make_case()
    answer = at_desk(editor).post(change(case), form(case, until="2026-05-01"))
    assert "Has the detention ended?" in text(answer)


def test_a_new_designation_is_shown_before_it_is_saved(client, at_desk, editor):
    case = make_case()
    answer = at_desk(editor).post(change(case), designation_form(case))
    assert "named by The Board in April 2026" in text(answer)
    assert not case.designations.exists()
    assert save_case(client, change(case), designation_form(case)).status_code == 302
    assert case.designations.get().by == "The Board"


# --- Recorded in error ---------------------------------------------------------------------------


def error_path(row) -> str:
    kind = "status" if isinstance(row, CaseStatus) else "designation"
    return f"{CASES}{row.case_id}/error/{kind}/{row.pk}/"


def everywhere(client) -> str:
    """Return everything that the public can read about the only person with a case."""
    paths = ("/", "/prisoners/", "/prisoners/prisoners.csv", "/people/ana-brask/")
    return "\n".join(client.get(path).getvalue().decode() for path in paths)


def test_a_status_in_error_is_removed_from_every_page_and_the_previous_one_applies(
    client, at_desk, editor
):
    case = make_case(legal_status="convicted", confidence="confirmed")
    case.custody_status, case.as_of = "house_arrest", date(2026, 5, 9)
    case.save()
    assert "Under house arrest" in everywhere(client)
    slip = case.statuses.last()
    at_desk(editor)
    assert error_path(slip) in text(client.get(change(case)))
    assert client.post(error_path(slip), {"note": "The brother, not she."}).status_code == 302
    case.refresh_from_db()
    assert [getattr(case, name) for name in Case.STATUS_FIELDS] == [
        "imprisoned", "convicted", "confirmed", MAY_2,
    ]  # fmt: skip
    assert case.statuses.count() == 2
    slip.refresh_from_db()
    assert (slip.error_by, slip.error_note) == (editor, "The brother, not she.")
    record = text(client.get(change(case)))
    assert "The brother, not she." in record
    assert str(editor) in record
    client.logout()
    assert "house arrest" not in everywhere(client)
    assert "The brother" not in everywhere(client)


def test_an_earlier_status_in_error_is_removed_and_the_case_keeps_its_status(
    client, at_desk, editor
):
    case = make_case(status="house_arrest")
    case.custody_status, case.as_of = "imprisoned", date(2026, 5, 9)
    case.save()
    assert "house arrest" in everywhere(client)
    at_desk(editor).post(error_path(case.statuses.first()), {"note": "Never so."})
    case.refresh_from_db()
    assert case.custody_status == "imprisoned"
    client.logout()
    assert "house arrest" not in everywhere(client)


def test_a_designation_in_error_is_removed_from_every_page(client, at_desk, editor):
    case = make_case()
    row = case.designations.create(by="The Board", since="2026-04", source="Minutes")
    assert "Prisoner of conscience" in everywhere(client)
    assert "The Board" in json_ld(page(client, "/people/ana-brask/"))
    at_desk(editor).post(error_path(row), {"note": "Another Ana."})
    client.logout()
    assert "The Board" not in everywhere(client)
    assert Designation.objects.get().error_note == "Another Ana."


@pytest.mark.parametrize("note", ["", "  "])
def test_marking_an_error_needs_a_note(at_desk, editor, note):
    case = make_case()
    case.custody_status = "released"
    case.save()
    slip = case.statuses.last()
    assert at_desk(editor).post(error_path(slip), {"note": note}).status_code == 200
    assert CaseStatus.objects.valid().count() == 2


def test_the_only_status_cannot_be_marked_as_an_error(at_desk, editor):
    case = make_case()
    answer = at_desk(editor).post(error_path(case.statuses.get()), {"note": "Wrong."})
    assert "This is the case’s only status." in text(answer)
    assert CaseStatus.objects.valid().count() == 1


def test_marking_an_error_needs_permission_and_a_visible_case(at_desk, author, editor):
    hidden = make_prisoner(level=Level.CASE_OFFICERS).cases.get()
    shown = make_case()
    for user, case, code in ((author, shown, 403), (editor, hidden, 404)):
        answer = at_desk(user).post(error_path(case.statuses.get()), {"note": "x"})
        assert answer.status_code == code
    other = shown.statuses.get()
    path = error_path(other).replace(f"case/{shown.pk}/", f"case/{hidden.pk}/")
    assert at_desk(make_user("chief", is_superuser=True)).post(path, {"note": "x"}).status_code == (
        404
    )
    assert not CaseStatus.objects.exclude(error_at=None).exists()


@pytest.mark.django_db(transaction=True)
def test_the_next_upgrade_does_not_record_a_status_in_error_again(editor):
    case = make_case()
    case.custody_status, case.as_of = "released", date(2026, 5, 9)
    case.save()
    mark_in_error(case.statuses.last(), by=editor, note="Wrong.")
    call_command("migrate", verbosity=0)
    assert case.statuses.count() == 2


# --- Groups --------------------------------------------------------------------------------------


def test_every_status_is_in_exactly_one_group():
    assert GROUPS.keys() == set(Case.Custody.values)
    for status, label in GROUPS.items():
        case = make_case(name=status, status=status)
        assert case.group.label == label
        assert case.in_detention == (label == "In detention")
        assert [group for group in Group if Case.objects.in_group(group).filter(pk=case.pk)] == [
            case.group
        ]
    ended = {status for status, label in GROUPS.items() if label in ("Free", "Died")}
    assert {str(status) for status in custody.DETENTION_ENDINGS} == ended


@pytest.mark.parametrize("status", GROUPS)
def test_every_page_uses_the_same_words_for_a_status(client, status):
    case = make_case(status=status, since="2025-06-01")
    group, label = GROUPS[status], str(Case.Custody(status).label)
    held = group == "In detention"
    today = timezone.localdate()
    listed = page(client, "/prisoners/")
    assert [words(head) for head in listed.xpath("//h2[following-sibling::ul[@class='roll']]")] == [
        group
    ]
    sentence = f"{label} as of 2 May 2026"
    assert sentence in words(listed.xpath("//ul[@class='roll']")[0])
    front = page(client, "/")
    assert bool(front.xpath("//h2[@id='prisoners']")) == held
    if held:
        section = words(front.xpath("//section[@aria-labelledby='prisoners']")[0])
        assert section.startswith("In detention Ana Brask")
        assert f"{label}, as of 2 May 2026" in section
    person = page(client, "/people/ana-brask/")
    assert sentence in words(person.xpath("//section[@class='case']")[0])
    description = json.loads(json_ld(person))["mainEntity"]["description"]
    assert description.startswith(f"{group}: {label}, as of 2 May 2026.")
    (row,) = table(client)
    assert (row["group"], row["custody status"]) == (group, label)
    time = case.time_in_detention(today)
    if held:
        days = (today - date(2025, 6, 1)).days
        begins = TIMES.get(status, "In detention since 1 June 2025")
        assert time == f"{begins} ({days:,} days)"
    else:
        assert time == "In detention from 1 June 2025; the end is not known"
        assert row["days held"] == ""
    assert time in words(person.xpath("//section[@class='case']")[0])
    assert time in words(listed.xpath("//ul[@class='roll']")[0])


def test_cases_that_have_not_ended_are_still_reviewed():
    today = timezone.localdate()
    for status in GROUPS:
        make_case(name=status, status=status, review_due=today)
    due = {GROUPS[case.custody_status] for case in Case.objects.stale(today)}
    assert due == {"In detention", "Free, with restrictions", "Status unknown"}


# --- Designations and calls ----------------------------------------------------------------------


@pytest.fixture
def two_people(db):
    """Two people, one with a designation."""
    ana, bo = make_case("Ana Brask"), make_case("Bo Corvin")
    ana.designations.create(by="The Board", since="2026-04", source="Minutes")
    return ana, bo


def test_a_designation_is_on_the_card_in_the_table_and_in_the_csv_file(client, two_people):
    root = page(client, "/prisoners/")
    (card,) = root.xpath("//ul[@class='roll']/li[.//*[@class='label']]")
    assert "Ana Brask" in words(card)
    assert "Prisoner of conscience named by The Board in April 2026" in words(card)
    rows = [[words(cell) for cell in row] for row in root.xpath("//table//tbody/tr")]
    assert [row[3] for row in rows] == ["Prisoner of conscience", ""]
    assert [words(head) for head in root.xpath("//thead//th")][3] == "Designation"
    first, second = table(client)
    names = ("designation", "designation by", "designation since")
    assert [first[name] for name in names] == ["Prisoner of conscience", "The Board", "2026-04"]
    assert [second[name] for name in names] == ["", "", ""]


def test_the_title_says_what_is_listed(client, two_people):
    everybody = page(client, "/prisoners/")
    assert words(everybody.find(".//h1")) == "Cases we follow"
    assert "Prisoners of conscience" not in words(everybody.find(".//title"))
    assert "Prisoners of conscience" not in text(client.get("/"))
    (link,) = everybody.xpath("//nav[@id='filters']//a[contains(@href, 'designation=')]")
    assert words(link) == "Prisoner of conscience 1"
    filtered = page(client, link.get("href"))
    assert words(filtered.find(".//h1")) == "Prisoners of conscience"
    assert "1 person matches these filters" in words(filtered)
    assert [words(cell) for cell in filtered.xpath("//tbody//th")] == ["Ana Brask"]
    assert [row["name"] for row in table(client, "?designation=prisoner-of-conscience")] == [
        "Ana Brask"
    ]


def test_another_designation_has_its_own_title(client, two_people):
    two_people[1].designations.create(by="The Board", since="2026", source="M.", label="Hostage")
    assert words(page(client, "/prisoners/?designation=hostage").find(".//h1")) == "Hostage"


def test_a_call_in_quotation_marks_has_speaker_and_release(client):
    case = make_case(call="“Free her now, … and let her go home.”")
    speaker = make_person("Felix Ruhm", title="Director")
    body = quotation(speaker, "“Free her now, as all of us ask, and let her go home.”")
    release = make_release(body=f"<p>{mark(case.person)}</p>{body}")
    for path in ("/prisoners/", "/people/ana-brask/"):
        card = words(page(client, path).xpath("//main")[0])
        assert "“Free her now, … and let her go home.”" in card
        assert f"Felix Ruhm, Director, in {release.title}" in card
    (row,) = table(client)
    assert row["call quoted from"].startswith("Felix Ruhm, Director: http://testserver/releases/")


@pytest.mark.parametrize("why", ["no release", "a draft", "other words", "a protected speaker"])
def test_a_call_without_a_public_quotation_has_no_quotation_marks(client, why):
    case = make_case(call="“Free her now.”")
    speaker = make_person("Felix Ruhm", title="Director")
    spoken = "“Something else.”" if why == "other words" else "“Free her now.”"
    if why != "no release":
        body = f"<p>{mark(case.person)}</p>{quotation(speaker, spoken)}"
        make_release("draft" if why == "a draft" else "published", body=body)
    if why == "a protected speaker":
        speaker.level = Level.STAFF
        speaker.save()
    card = words(page(client, "/prisoners/").xpath("//ul[@class='roll']")[0])
    assert "Free her now." in card
    assert "“" not in card
    assert "Felix Ruhm" not in card
    assert table(client)[0]["call"] == "Free her now."


# --- Sources -------------------------------------------------------------------------------------

INFORMANT = "Her sister"


def sourced_case(public: bool) -> Case:
    source = {"source": INFORMANT, "source_url": "https://source.example/", "source_public": public}
    case = make_case(**source)
    case.designations.create(by="The Board", since="2026", **source)
    case.charges.create(text="Insult", **source)
    case.sentences.create(kind="prison", **source)
    case.events.create(kind="arrest", date="2025", summary="Taken.", **source)
    return case


def test_a_source_is_internal_until_an_editor_marks_it(client):
    sourced_case(public=False)
    assert INFORMANT not in everywhere(client)
    assert "source.example" not in everywhere(client)


def test_a_source_marked_as_public_is_printed(client):
    sourced_case(public=True)
    person = page(client, "/people/ana-brask/")
    (case,) = person.xpath("//section[@class='case']")
    assert words(case).count(f"Source: {INFORMANT}") == 5
    assert INFORMANT in json_ld(person)
    assert table(client)[0]["source"] == INFORMANT


def test_sources_printed_before_an_upgrade_wait_for_an_editor(client, at_desk, editor, author):
    case = sourced_case(public=False)
    make_case("Bo Corvin", source="A source of today")
    assert "Sources that were published before" not in text(at_desk(editor).get("/admin/"))
    for rows in (Case.objects.filter(pk=case.pk), case.charges, case.events):
        unguarded(rows).update(source_to_review=True)
    desk = text(at_desk(editor).get("/admin/"))
    assert "Sources that were published before" in desk
    path = f"{CASES}{case.pk}/sources/"
    assert path in desk
    assert "Bo Corvin" not in desk
    assert path not in text(at_desk(author).get("/admin/"))
    assert at_desk(author).get(path).status_code == 403
    root = page(at_desk(editor), path)
    boxes = root.xpath("//input[@type='checkbox']/@name")
    assert len(boxes) == 3
    assert client.post(path, {boxes[0]: "on", "decided": "yes"}).status_code == 302
    case.refresh_from_db()
    assert case.source_public
    assert not case.charges.get().source_public
    assert not Case.objects.with_sources_to_review().exists()


def test_a_row_written_by_the_old_code_is_reviewed(client, at_desk, editor):
    """The old code does not set the column, so the database uses its default."""
    case = sourced_case(public=False)
    kept = "case_id, kind, summary, public, date, source, source_url, reliability, internal_note"
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO people_caseevent ({kept}) SELECT {kept} FROM people_caseevent"  # noqa: S608
        )
    assert [row.source_to_review for row in case.events.order_by("pk")] == [False, True]
    assert INFORMANT not in everywhere(client)
    assert "Sources that were published before" in text(at_desk(editor).get("/admin/"))


def test_dates_in_the_csv_file_are_certain_or_written_out(client):
    make_case(status="released", since="2025-06-01", until="2026-04~")
    (row,) = table(client)
    assert [row[f"held {name}"] for name in ("since", "since in words", "since EDTF")] == [
        "2025-06-01", "1 June 2025", "2025-06-01",
    ]  # fmt: skip
    assert [row[f"held {name}"] for name in ("until", "until in words", "until EDTF")] == [
        "", "about April 2026", "2026-04~",
    ]  # fmt: skip


def test_a_status_may_not_be_in_the_future(at_desk, editor):
    case = make_case()
    tomorrow = timezone.localdate() + timedelta(days=1)
    sent = form(case, as_of=tomorrow.isoformat(), status_source="A letter")
    assert "This date is in the future" in text(at_desk(editor).post(change(case), sent))

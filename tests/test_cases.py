"""Cases: uncertain dates, statuses and other parts, and who may see and change them."""

from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from people.dates import read
from people.models import Case, PersonName
from people.names.scripts import script_of
from tests.make import make_person, make_prisoner, make_user, save_case

CASES = "/admin/people/case/"
INLINES = ("designations", "charges", "sentences", "events")


def text(response) -> str:
    return response.content.decode().replace("&#x27;", "'")


def row(inlines=None, **values):
    form = {"country": "", "custody_status": "imprisoned", "as_of": "2025-03-04", "call": "",
            "status_source": "A letter of his lawyer."}  # fmt: skip
    for inline in INLINES:
        rows = (inlines or {}).get(inline, [])
        form |= {f"{inline}-TOTAL_FORMS": str(len(rows)), f"{inline}-INITIAL_FORMS": "0"}
        for number, each in enumerate(rows):
            form |= {f"{inline}-{number}-{name}": value for name, value in each.items()}
    return form | values


# --- Dates that are not certain --------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "earliest", "latest", "words", "on"),
    [
        ("2021", (2021, 1, 1), (2021, 12, 31), "2021", "in 2021"),
        ("2021-09", (2021, 9, 1), (2021, 9, 30), "September 2021", "in September 2021"),
        ("2021-09-XX", (2021, 9, 1), (2021, 9, 30), "September 2021", "in September 2021"),
        ("2021-XX-XX", (2021, 1, 1), (2021, 12, 31), "2021", "in 2021"),
        ("2024-02-29", (2024, 2, 29), (2024, 2, 29), "29 February 2024", "on 29 February 2024"),
        ("2021~", (2021, 1, 1), (2021, 12, 31), "about 2021", "about 2021"),
        ("2021-09?", (2021, 9, 1), (2021, 9, 30), "September 2021 (not certain)",
         "in September 2021 (not certain)"),
        ("2021-09-12%", (2021, 9, 12), (2021, 9, 12), "about 12 September 2021 (not certain)",
         "about 12 September 2021 (not certain)"),
        ("199X", (1990, 1, 1), (1999, 12, 31), "the 1990s", "in the 1990s"),
        ("19XX", (1900, 1, 1), (1999, 12, 31), "between 1900 and 1999",
         "between 1900 and 1999"),
    ],
)  # fmt: skip
def test_a_date_is_printed_only_as_precisely_as_it_is_known(typed, earliest, latest, words, on):
    known = read(typed)
    assert (known.earliest, known.latest) == (date(*earliest), date(*latest))
    assert (known.label, known.label_with_preposition) == (words, on)


@pytest.mark.parametrize(
    "typed",
    [
        "03/04/2021", "4 March 2021", "2021-9", "2021-13", "2021-02-30", "2023-02-29", "2021/2023",
        "2021/..", "2021-21", "2021-XX-12", "21", "XXXX", "0999", "-2021", "unknown", "2021??",
        "2021-09-12T10:00", "２０２１", "2０21", "2021\n",
    ],
)  # fmt: skip
def test_an_ambiguous_date_is_refused_with_the_accepted_formats(typed):
    with pytest.raises(ValidationError, match="2021, 2021-09 or 2021-09-12"):
        read(typed)


@pytest.mark.parametrize(
    ("typed", "certain"),
    [("2021-09-12", True), ("2021-09-12?", False), ("2021-09", False), ("2021-09-12~", False)],
)
def test_only_a_single_day_without_doubt_is_certain(typed, certain):
    assert read(typed).is_certain is certain


@pytest.mark.django_db
def test_a_date_is_kept_as_text_with_its_first_and_last_day(at_desk, editor):
    case = make_prisoner().cases.get()
    client = at_desk(editor)
    form = row(since="2021-09-XX", as_of="2025-03-04")
    assert save_case(client, f"{CASES}{case.pk}/change/", form).status_code == 302
    case.refresh_from_db()
    kept = (case.since, case.since_earliest, case.since_latest)
    assert kept == ("2021-09-XX", date(2021, 9, 1), date(2021, 9, 30))
    refused = client.post(f"{CASES}{case.pk}/change/", row(since="09/2021", summary="Kept."))
    assert "“09/2021” is not a valid date" in text(refused)
    assert "Kept." in text(refused)
    assert save_case(client, f"{CASES}{case.pk}/change/", row(since="")).status_code == 302
    case.refresh_from_db()
    assert (case.since, case.since_earliest, case.since_latest) == ("", None, None)


# --- Statuses -----------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_changed_status_adds_a_row_and_keeps_the_earlier_ones(at_desk, editor):
    case = make_prisoner().cases.get()
    client = at_desk(editor)
    changes = [
        {"custody_status": "pretrial", "legal_status": "charged", "as_of": "2025-03-04"},
        {"custody_status": "imprisoned", "legal_status": "convicted", "as_of": "2025-06-07"},
        {"custody_status": "imprisoned", "legal_status": "convicted", "as_of": "2025-06-07"},
        {"custody_status": "released", "legal_status": "pardoned", "as_of": "2025-08-09"},
    ]
    for change in changes:
        assert save_case(client, f"{CASES}{case.pk}/change/", row(**change)).status_code == 302
    kept = case.statuses.exclude(as_of=timezone.localdate())
    assert list(kept.values_list("custody_status", "legal_status")) == [
        ("pretrial", "charged"), ("imprisoned", "convicted"), ("released", "pardoned"),
    ]  # fmt: skip
    page = text(client.get(f"{CASES}{case.pk}/change/"))
    assert "as of 4 March 2025" in page
    assert "In pre-trial detention" in page


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"as_of": "2999-01-01"}, "This date is in the future"),
        ({"as_of": ""}, "Required for a new status."),
        ({"since": "2024", "until": "2021"}, "The end can’t be before the start"),
        ({"call_types": "none_of_ours"}, "is not one of the available choices"),
    ],
)
def test_an_impossible_case_is_refused_and_nothing_is_lost(at_desk, editor, values, words):
    case = make_prisoner().cases.get()
    before = case.statuses.count()
    form = row(summary="What was typed.") | values
    answer = at_desk(editor).post(f"{CASES}{case.pk}/change/", form)
    assert words in text(answer)
    assert "What was typed." in text(answer)
    assert case.statuses.count() == before


@pytest.mark.django_db
def test_a_case_with_all_its_parts_is_added_at_the_desk(at_desk, editor):
    person = make_person("Teodor Brask", level=1)
    form = row(
        {
            "designations": [{"label": "Prisoner of conscience", "by": "Lantern Watch",
                              "made": "decision", "since": "2024-05", "source": "Minutes of May"}],
            "charges": [{"text": "Insult", "original_text": "إهانة", "original_language": "ar",
                         "law": "Article 8", "date": "2023~", "result": "convicted"}],
            "sentences": [{"kind": "prison", "text": "five years", "duration": "P5Y",
                           "date": "2024-01-02"}],
            "events": [{"kind": "arrest", "date": "2023-05-XX", "summary": "Taken.",
                        "public": "on", "source": "His wife"}],
        },
        person=str(person.pk), since="2023-05-XX", call="Release him.",
        call_types=["quash_conviction", "medical_care"],
    )  # fmt: skip
    assert save_case(at_desk(editor), f"{CASES}add/", form).status_code == 302
    case = person.cases.get()
    assert case.calls == ["Quash the conviction", "Medical care"]
    assert case.charges.get().original_text == "إهانة"
    assert case.sentences.get().duration == "P5Y"
    assert case.events.get().day.label == "May 2023"
    assert case.designations.get().decided.label == "May 2024"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("inline", "values", "words"),
    [
        ("designations", {"label": "x", "by": "x", "since": "2024"}, "Enter the source"),
        ("designations", {"label": "x", "by": "x", "source": "x"}, "This field is required"),
        ("sentences", {"kind": "life", "duration": "P5Y"}, "Life and death have no duration"),
        ("sentences", {"kind": "prison", "duration": "5 years"}, "Enter a duration such as P5Y"),
        ("charges", {"text": "x", "original_language": "العربية"}, "Enter a language tag"),
        ("events", {"kind": "arrest", "date": "yesterday", "summary": "x"}, "is not a valid date"),
        ("events", {"kind": "arrest", "summary": "x"}, "Enter the date as far as it is known"),
    ],
)  # fmt: skip
def test_an_incomplete_part_of_a_case_is_refused(at_desk, editor, inline, values, words):
    case = make_prisoner().cases.get()
    answer = at_desk(editor).post(f"{CASES}{case.pk}/change/", row({inline: [values]}))
    assert words in text(answer)
    assert not getattr(case, inline).exists()


@pytest.mark.django_db
def test_cases_past_their_review_date_are_on_the_desk_of_users_who_may_edit_them(
    at_desk, editor, author
):
    today = timezone.localdate()
    for name, due, status in [
        ("Due", today, "imprisoned"), ("Late", today - timedelta(days=9), "disappeared"),
        ("Later", today + timedelta(days=1), "imprisoned"), ("Free", today, "released"),
    ]:  # fmt: skip
        Case.objects.create(
            person=make_person(f"Case {name}"), as_of=today, custody_status=status, review_due=due
        )
    desk = text(at_desk(editor).get("/admin/"))
    assert [name for name in ("Late", "Due", "Later", "Free") if f"Case {name}" in desk] == [
        "Late", "Due",
    ]  # fmt: skip
    listed = text(at_desk(editor).get(CASES, {"review": "due"}))
    assert listed.count("Case Late") >= 1
    assert "Case Later" not in listed
    assert "Case Late" not in text(at_desk(author).get("/admin/"))


@pytest.mark.django_db
def test_two_editors_at_one_record_lose_nothing(at_desk, editor, publisher):
    case = make_prisoner().cases.get()
    person = case.person
    read = {"case": case.history.latest().pk, "person": person.history.latest().pk}
    save_case(at_desk(publisher), f"{CASES}{case.pk}/change/", row(summary="Of the faster."))
    person.refresh_from_db()
    person.sort_name = "Of the faster"
    person.save()
    slower = at_desk(editor)
    mine = row(summary="Of the slower.", read_version=str(read["case"]))
    answer = text(slower.post(f"{CASES}{case.pk}/change/", mine))
    assert f"{publisher} saved this" in answer
    assert "Of the slower." in answer
    names = {"display_name": "Mine", "sort_name": "Mine", "read_version": str(read["person"])}
    for inline in ("roles", "names", "consents", "cases"):
        names |= {f"{inline}-TOTAL_FORMS": "0", f"{inline}-INITIAL_FORMS": "0"}
    answer = text(slower.post(f"/admin/people/person/{person.pk}/change/", names))
    assert "while you were editing" in answer
    assert 'value="Mine"' in answer
    person.refresh_from_db()
    case.refresh_from_db()
    assert (person.sort_name, case.summary) == ("Of the faster", "Of the faster.")


@pytest.mark.django_db
def test_an_author_reads_cases_and_changes_none(at_desk, author):
    case = make_prisoner().cases.get()
    client = at_desk(author)
    assert client.get(f"{CASES}{case.pk}/change/").status_code == 200
    assert client.post(f"{CASES}{case.pk}/change/", row()).status_code == 403
    assert client.get(f"{CASES}add/").status_code == 403


@pytest.mark.django_db
def test_evidence_of_a_consent_is_shown_to_editors_only(at_desk):
    person = make_person("Teodor Brask")
    person.consents.create(
        basis="family", covers_name=True, given=date(2026, 1, 2), evidence="In the safe."
    )
    path = f"/admin/people/person/{person.pk}/change/"
    assert "In the safe." in text(at_desk(make_user("e", "Editor")).get(path))
    assert "In the safe." not in text(at_desk(make_user("a", "Author")).get(path))


# --- Names ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "script"),
    [
        ("Ilham Tohti", "Latn"), ("ئىلھام توختى", "Arab"), ("毛泽东", "Hani"), ("김정은", "Hang"),
        ("ཚེ་རིང་འོད་ཟེར།", "Tibt"), ("Дмитрий", "Cyrl"), ("นวลจันทร์", "Thai"), ("…", ""),
        ("X Æ", "Latn"), ("Jimmy 黎", "Latn"),
    ],
)  # fmt: skip
def test_the_script_of_a_name_is_detected_from_its_letters(name, script):
    assert script_of(name) == script


@pytest.mark.django_db
def test_a_script_that_a_user_entered_is_kept():
    name = PersonName.objects.create(person=make_person(), text="周恩來", script="Hant")
    assert name.script == "Hant"

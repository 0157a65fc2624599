"""The public list of cases: its filters, its order, its chart and its CSV file."""

import csv
import io
import json
from datetime import date, timedelta
from urllib.parse import quote

import lxml.etree
import lxml.html
import pytest
import time_machine
from django.db import models
from django.utils import timezone

from newsroom.cases_csv import COLUMNS
from people.models import Case, CaseEvent, Charge, Level, Person, PersonName, Sentence
from people.names.scripts import script_of
from storing.texts import clean_text, is_blank
from tests.make import DATA, make_chief, make_person, make_picture, make_release, mark

pytestmark = pytest.mark.django_db

TODAY = date(2026, 6, 1)
LISTED = 12  # people that the list shows with portraits
NAMES = json.loads((DATA / "names" / "w3c-personal-names.json").read_text())
NAUGHTY = json.loads((DATA / "strings" / "blns.json").read_text())


@pytest.fixture(autouse=True)
def _today():
    with time_machine.travel(timezone.make_aware(timezone.datetime(2026, 6, 1, 12)), tick=False):
        yield


def make_case(name, status="imprisoned", native="", **case) -> Case:
    person = make_person(name)
    if native:
        person.names.create(text=native, kind="native", language="ug", printed=True)
    values = {"as_of": TODAY - timedelta(days=30)} | case
    return Case.objects.create(person=person, custody_status=status, **values)


@pytest.fixture
def cases(db):
    """Six people: two countries, three kinds of detention, one free, all kinds of first day."""
    return [
        make_case("Ana Brask", country="IS", since="2025-06-01", as_of=date(2026, 5, 3)),
        make_case("Bo Corvin", country="GB", since="2021", as_of=date(2026, 5, 1)),
        make_case("Caro Dahl", "pretrial", country="IS", since="202X", as_of=date(2026, 5, 2)),
        make_case("Dov Engel", "disappeared", as_of=date(2026, 4, 1)),
        make_case("Ena Falk", country="GB", since="2019-03-XX", as_of=date(2026, 5, 4)),
        make_case("Fil Garo", "released", country="IS", since="2020-01-01", until="2026-05-05",
                  as_of=date(2026, 5, 5)),
    ]  # fmt: skip


def page(client, query=""):
    response = client.get(f"/prisoners/{query}")
    assert response.status_code == 200
    return lxml.html.document_fromstring(response.content)


def words(node) -> str:
    return " ".join(node.text_content().split())


def in_the_table(root) -> list[str]:
    return [words(cell) for cell in root.xpath("//table//tbody//th")]


def in_the_roll(root) -> list[str]:
    return [words(link) for link in root.xpath("//ul[@class='roll']//h3/a")]


def table(client, query="") -> list[dict[str, str]]:
    response = client.get(f"/prisoners/prisoners.csv{query}")
    assert response.status_code == 200
    text = response.getvalue().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


# --- The list ----------------------------------------------------------------------------------


def test_the_list_shows_portrait_status_and_date_and_free_people_separately(client, cases):
    cases[0].person.portrait = make_picture(alt_text="Ana Brask")
    cases[0].person.save()
    root = page(client)
    assert in_the_roll(root) == [
        "Ana Brask", "Bo Corvin", "Caro Dahl", "Dov Engel", "Ena Falk", "Fil Garo",
    ]  # fmt: skip
    first = root.xpath("//ul[@class='roll']/li")[0]
    assert first.xpath(".//picture")
    assert "Imprisoned after conviction · Iceland as of 3 May 2026" in words(first)
    assert "In detention since 1 June 2025 (365 days)" in words(first)
    (free,) = root.xpath("//h2[.='Free']/following-sibling::ul[1]")
    assert [words(link) for link in free.xpath(".//h3/a")] == ["Fil Garo"]
    assert len(root.xpath("//ul[@class='roll']")) == 2
    assert "In detention from 1 January 2020 until 5 May 2026 (2,316 days)" in words(free)


def test_only_a_recorded_decision_calls_a_person_a_prisoner_of_conscience(client, cases):
    for part in page(client).xpath("//ul[@class='roll'] | //table"):
        assert "conscience" not in words(part).casefold()
    cases[0].designations.create(by="The Board", since="2025-07", source="Minutes.")
    cases[1].designations.create(
        by="The Board", since="2022", until="2024-02-01", source="Minutes.", label="Revoked label"
    )
    cases[2].designations.create(by="The Board", since="2026-06-02", source="M.", label="To come")
    root = page(client)
    (label,) = root.xpath("//ul[@class='roll']//*[@class='label']")
    assert words(label) == "Prisoner of conscience"
    assert words(label.getparent()) == "Prisoner of conscience named by The Board in July 2025"
    assert "Ana Brask" in words(label.getparent().getparent())


def test_the_list_has_the_newest_case_of_each_person(client):
    case = make_case("Ana Brask", "released", as_of=date(2024, 1, 1))
    Case.objects.create(person=case.person, custody_status="pretrial", as_of=date(2026, 5, 1))
    root = page(client)
    assert in_the_table(root) == ["Ana Brask"]
    assert "In pre-trial detention" in words(root.find(".//table"))
    assert not root.xpath("//h2[.='Free']")


def test_an_empty_list_has_a_notice(client):
    root = page(client)
    assert "No cases yet." in words(root)
    assert not root.xpath("//table")
    assert table(client) == []


def test_a_long_list_shows_some_people_and_the_table_all(client):
    for n in range(15):
        make_case(f"Person {n:02}")
    root = page(client)
    assert len(in_the_roll(root)) == 12
    assert len(in_the_table(root)) == 15
    assert "See all 15 in the table." in words(root)


# --- Filters and order -------------------------------------------------------------------------


def test_the_list_and_the_csv_file_have_the_same_filters(client, cases):
    for query, found in (
        ("country=IS", "Ana Caro Fil"),
        ("country=is", "Ana Caro Fil"),
        ("status=pretrial", "Caro"),
        ("status=imprisoned&country=GB", "Bo Ena"),
        ("year=2019", "Ena"),
        ("year=2021", "Bo Caro"),  # “in the 2020s” includes 2021
        ("year=2029", "Caro"),
        ("status=released", "Fil"),
        ("status=imprisoned&year=2020", ""),
    ):
        root = page(client, f"?{query}")
        assert [name.split()[0] for name in in_the_table(root)] == found.split(), query
        assert [row["name"].split()[0] for row in table(client, f"?{query}")] == found.split()


STRANGE_QUERIES = [
    "country=zz", "country=I", "country=%01", "country=IS,GB", "status=nonsense", "status=",
    "year=x", "year=0", "year=-1", "year=٢٠٢١", "year=" + "9" * 5000, "year=2021%0A1",
    "status=%F0%9F", "country=%ED%A0%80", "sort=x", "sort=--name", "sort=-", "sort=%1F",
    "sort=person__level", "sort=name,country", "country=IS&country=zz", "level=0", "q=x",
]  # fmt: skip


@pytest.mark.parametrize("path", ["/prisoners/", "/prisoners/prisoners.csv"])
def test_an_unknown_filter_value_finds_nothing_and_an_unknown_order_is_ignored(client, cases, path):
    for query in STRANGE_QUERIES:
        response = client.get(f"{path}?{query}")
        assert response.status_code == 200, query
        everybody = query.startswith(("sort=", "level=", "q=")) or query == "status="
        content = response.getvalue()
        assert (b"Ana Brask" in content) == everybody, query
        if path == "/prisoners/":
            summary = b"6 people" if everybody else b"No cases match."
            assert summary in content, query


def test_the_list_and_the_csv_file_have_the_same_order(client, cases):
    for sort, order in (
        ("name", "Ana Bo Caro Dov Ena Fil"),
        ("-name", "Fil Ena Dov Caro Bo Ana"),
        ("", "Ana Bo Caro Dov Ena Fil"),
        ("nonsense", "Ana Bo Caro Dov Ena Fil"),
        # unknown values come last in both orders
        ("country", "Ana Caro Fil Bo Ena Dov"),
        ("-country", "Bo Ena Ana Caro Fil Dov"),
        ("status", "Caro Ana Bo Ena Dov Fil"),
        ("-status", "Fil Dov Ana Bo Ena Caro"),
        ("since", "Ena Caro Fil Bo Ana Dov"),
        ("-since", "Ana Bo Caro Fil Ena Dov"),
        ("as_of", "Dov Bo Caro Ana Ena Fil"),
        ("-as_of", "Fil Ena Ana Caro Bo Dov"),
    ):
        shown = in_the_table(page(client, f"?sort={sort}"))
        assert [name.split()[0] for name in shown] == order.split(), sort
        assert [row["name"].split()[0] for row in table(client, f"?sort={sort}")] == order.split()


def test_a_column_head_shows_the_order_and_reverses_it(client, cases):
    def heads(query):
        return {
            words(head): (head.get("aria-sort"), head.find("a").get("href"))
            for head in page(client, query).xpath("//thead//th")
        }

    plain = heads("")
    assert plain["Name"] == ("ascending", "/prisoners/?sort=-name#table")
    assert plain["Time in detention"] == (None, "/prisoners/?sort=since#table")
    sorted_ = heads("?country=IS&sort=since")
    assert sorted_["Time in detention"] == ("ascending", "/prisoners/?country=IS&sort=-since#table")
    assert sorted_["Name"] == (None, "/prisoners/?country=IS&sort=name#table")
    assert heads("?sort=-since")["Time in detention"] == (
        "descending",
        "/prisoners/?sort=since#table",
    )


def test_filters_are_links_with_counts_and_a_chosen_filter_clears_itself(client, cases):
    links = {
        words(link): link for link in page(client, "?sort=-since").xpath("//nav[@id='filters']//a")
    }
    for label, link in links.items():
        query = link.get("href").removeprefix("/prisoners/")
        assert "sort=-since" in query
        assert len(in_the_table(page(client, query))) == int(label.rsplit(" ", 1)[1]), label
    assert {"Iceland 3", "United Kingdom 2", "2021 2", "Released 1"} <= links.keys()
    (chosen,) = page(client, "?country=IS").xpath("//nav[@id='filters']//a[@aria-current]")
    assert (words(chosen).split()[0], chosen.get("href")) == ("Iceland", "/prisoners/")


def test_the_link_to_the_csv_file_keeps_filters_and_order(client, cases):
    (link,) = page(client, "?country=IS&sort=-since").xpath("//a[contains(@href, '.csv')]")
    query = link.get("href").removeprefix("/prisoners/prisoners.csv")
    assert [row["name"] for row in table(client, query)] == ["Ana Brask", "Caro Dahl", "Fil Garo"]


# --- The CSV file ------------------------------------------------------------------------------


def test_the_csv_file_has_a_column_for_every_public_fact(client):
    case = make_case(
        "Ana Brask", native="ئانا", country="IS", legal_status="on_trial", since="2025-06-01",
        call="Free her,\nand “all” the others.",
    )  # fmt: skip
    case.person.names.create(text="The Wren", kind="pseudonym", printed=True)
    case.person.names.create(text="Анна", kind="native", printed=False)
    make_case("Bo Corvin", "pretrial", since="2021-09~")
    response = client.get("/prisoners/prisoners.csv")
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"] == 'attachment; filename="prisoners.csv"'
    content = response.getvalue()
    assert content.startswith(b"\xef\xbb\xbf")  # spreadsheets need this mark to read UTF-8
    first, second = table(client)
    assert list(first) == COLUMNS
    assert list(first.values()) == [
        "Ana Brask", "ئانا", "Iceland", "IS", "In detention", "Imprisoned after conviction",
        "On trial", "2026-05-02", "", "", "", "2025-06-01", "1 June 2025", "2025-06-01",
        "", "", "", "365", "Free her,\nand “all” the others.", "", "", "",
        "http://testserver/people/ana-brask/",
    ]  # fmt: skip
    assert (second["held since"], second["days held"], second["country"]) == ("", "", "")
    assert second["held since in words"] == "about September 2021"
    assert second["held since EDTF"] == "2021-09~"
    for line in content.split(b"\r\n")[:2]:
        assert b"\r" not in line


def test_no_cell_of_the_csv_file_is_a_formula(client):
    hostile = [
        "=1+1", "+1", "-1", "@SUM(1)", "\t=1", "=HYPERLINK(\"https://evil.example\")", " =1+1",
        "＝1+1", "\u00a0=1", "\n=1", "\r=1", "=cmd|' /C calc'!A0", "\x01=1", "\x1f=1", "-Ana",
    ]  # fmt: skip
    for n, text in enumerate(hostile):
        # By the day of the status, each row of the file belongs to one of these texts.
        day = TODAY - timedelta(days=n)
        make_case(f"{text}", native=f"{text}", call=text, since="2021", as_of=day)
    rows = {row["as of"]: row for row in table(client)}
    for n, text in enumerate(hostile):
        row = rows[(TODAY - timedelta(days=n)).isoformat()]
        for name in ("name", "name in own script", "call"):
            cell = row[name]
            assert cell.startswith("'"), (text, name)
            assert cell[1:].strip() == text.strip("\x01\x1f").strip(), (text, name)
        assert not [cell for cell in row.values() if cell.lstrip()[:1] in ("=", "+", "-", "@")]


@pytest.mark.parametrize("first", range(0, len(NAMES), LISTED), ids=lambda first: f"from {first}")
def test_any_name_is_the_same_on_the_page_in_lists_in_the_table_and_in_the_feed(client, first):
    chief = make_chief()
    names = NAMES[first : first + LISTED]  # as many as the list shows with portraits
    people = {name: make_case(name, "unknown", native=name).person for name in names}
    listed = page(client)
    assert sorted(in_the_table(listed)) == sorted(in_the_roll(listed)) == sorted(names)
    links = dict(zip(in_the_table(listed), listed.xpath("//table//tbody//a/@href"), strict=True))
    rows = table(client)
    assert sorted(row["name"] for row in rows) == sorted(names)
    assert all(row["name in own script"] == row["name"] for row in rows)
    for name, person in people.items():
        assert not person.slug.startswith("person-")
        address = person.get_absolute_url()
        assert links[name] == address
        release = make_release(title=f"Of {name}", body=f"<p>{mark(person)}</p>", by=chief)
        root = lxml.html.document_fromstring(client.get(address).content)
        assert words(root.find(".//h1")) == name
        assert words(root.find(".//bdi")) == name
        assert json.loads(root.xpath("//script[@type='application/ld+json']")[0].text)[
            "mainEntity"
        ]["name"] == name  # fmt: skip
        feed = lxml.etree.fromstring(
            client.get(f"/releases/feed.atom?person={person.slug}").content
        )
        assert [title.text for title in feed.findall("{*}entry/{*}title")] == [release.title]


def stored_in_bulk(texts) -> None:
    """Store a person for each text like make_case(), without a history and the checks of names."""
    people = [
        Person(
            display_name=text[:200], slug=f"strange-{n}", sort_name=text[:200],
            level=Level.PUBLIC, level_basis="Recorded for the test.",
        )
        for n, text in enumerate(texts)
    ]  # fmt: skip
    models.QuerySet(Person).bulk_create(people)
    models.QuerySet(PersonName).bulk_create(
        [
            PersonName(
                person=person, text=text[:200], kind="native", language="ug", printed=True,
                script=script_of(text[:200]),
            )
            for person, text in zip(people, texts, strict=True)
        ]
    )  # fmt: skip
    models.QuerySet(Case).bulk_create(
        [
            Case(
                person=person, custody_status="unknown", call=text, since="2021",
                as_of=TODAY - timedelta(days=30),
            )
            for person, text in zip(people, texts, strict=True)
        ]
    )  # fmt: skip


def test_strange_names_break_no_page_csv_file_or_feed(client):
    """The Big List of Naughty Strings, in every field that is printed.

    Other tests save each of them in forms and records. Here every ninth person is saved like that.
    """
    stored = (clean_text(text, multiline=False) for text in NAUGHTY)
    texts = [text for text in stored if not is_blank(text)]
    for text in texts[::9]:
        make_case(text[:200], "unknown", native=text[:200], call=text, since="2021")
    stored_in_bulk([text for n, text in enumerate(texts) if n % 9])
    parts = make_case("Ana Brask", health="x", summary="\n\n".join(texts))
    for n, text in enumerate(texts):
        common = {"case": parts, "source": text, "source_public": True, "internal_note": ""}
        models.QuerySet(Charge).bulk_create(
            [Charge(text=text, original_text=text, law=f"{n}", **common)]
        )
        models.QuerySet(Sentence).bulk_create([Sentence(kind="other", text=text, **common)])
        models.QuerySet(CaseEvent).bulk_create(
            [CaseEvent(kind="other", date="2021", summary=text, **common)]
        )
    response = client.get("/people/ana-brask/")
    assert response.status_code == 200
    shown = words(lxml.html.document_fromstring(response.content))
    for text in texts:
        if text.isprintable():
            assert shown.count(" ".join(text.split())) >= 8, text
    people = [case.person for case in Case.objects.select_related("person")[:5]]
    make_release(title=texts[7], body="".join(f"<p>{mark(person)}</p>" for person in people))
    pages = range(1, len(texts) // 20 + 2)
    listed = [name for n in pages for name in in_the_table(page(client, f"?page={n}"))]
    assert len(listed) == len(texts) + 1
    for sort in ("-name", "status", "since"):
        assert page(client, f"?sort={sort}") is not None
    rows = table(client)
    assert len(rows) == len(texts) + 1
    for row in rows:
        for name in ("name", "name in own script", "call"):
            assert not row[name].lstrip().startswith(("=", "+", "-", "@")), row[name]
    assert lxml.etree.fromstring(client.get("/releases/feed.atom").content) is not None


def test_searches_and_filters_accept_any_string(client, cases):
    for text in [text for text in NAUGHTY if text.strip()][::9]:
        value = quote(text, errors="replace")
        for path in (
            f"/prisoners/?country={value}", f"/prisoners/?year={value}&sort={value}",
            f"/prisoners/prisoners.csv?status={value}", f"/people/ana-brask/?q={value}",
        ):  # fmt: skip
            assert client.get(path).status_code == 200, (path, text)


# --- The chart ---------------------------------------------------------------------------------


def bars(root) -> dict[str, tuple[list[float], list[float]]]:
    """Return the longest possible and the certain part of each detention in the chart."""
    found = {}
    for group in root.xpath("//svg[@role='img']//g"):
        unsure, sure = (
            [float(bar.get("x")), float(bar.get("x")) + float(bar.get("width"))]
            for bar in group.iter("rect")
        )
        found[words(group.find("title")).split(":")[0]] = (unsure, sure)
    return found


def test_the_chart_has_a_bar_for_each_detention_with_uncertain_parts_lighter(client, cases):
    root = page(client)
    (svg,) = root.xpath("//svg[@role='img']")
    assert "table below has the same data" in svg.get("aria-label")
    drawn = bars(root)
    assert list(drawn) == ["Ena Falk", "Caro Dahl", "Fil Garo", "Bo Corvin", "Ana Brask"]
    assert set(drawn) < set(in_the_table(root))
    unsure, sure = drawn["Ana Brask"]  # a certain day
    assert unsure == pytest.approx(sure, abs=0.2)
    unsure, sure = drawn["Bo Corvin"]  # some time in 2021, detained today
    assert unsure[0] < sure[0]
    assert unsure[1] == pytest.approx(sure[1], abs=0.2)
    assert unsure[1] == pytest.approx(1000, abs=0.2)
    assert drawn["Fil Garo"][0][1] < 1000  # free since May
    # in the 2020s, which are not over: no part is certain
    assert drawn["Caro Dahl"][1][0] == drawn["Caro Dahl"][1][1]
    assert "Bo Corvin: In detention since 2021" in words(svg)


def test_an_uncertain_end_is_lighter_in_the_chart(client, cases):
    make_case("Gia Holm", "released", since="2020-01-01", until="2022", as_of=date(2023, 1, 1))
    unsure, sure = bars(page(client))["Gia Holm"]
    assert unsure[0] == pytest.approx(sure[0], abs=0.2)
    assert unsure[1] > sure[1] + 10


def test_two_people_are_too_few_for_a_chart(client, cases):
    root = page(client, "?country=GB")
    assert len(in_the_table(root)) == 2
    assert not root.xpath("//svg[@role='img']")


def test_the_chart_has_dates_of_the_far_past_and_of_today(client):
    for name, since in [("Ana", "1000"), ("Bo", "2026-06-01"), ("Caro", "2026-06-02")]:
        make_case(name, since=since)
    assert len(bars(page(client))) == 3


# --- People who are not listed -----------------------------------------------------------------


@pytest.mark.parametrize("level", [Level.CASE_OFFICERS, Level.STAFF, Level.NAMEABLE])
def test_a_person_without_a_page_is_in_no_row_no_count_and_no_filter(client, cases, level):
    before = [client.get(path).getvalue() for path in ("/prisoners/", "/prisoners/prisoners.csv")]
    hidden = make_person("Hidden One", level=level)
    Case.objects.create(
        person=hidden, custody_status="house_arrest", country="FR", since="1999", as_of=TODAY
    )
    after = [client.get(path).getvalue() for path in ("/prisoners/", "/prisoners/prisoners.csv")]
    assert before == after


def test_filters_and_sorting_need_no_cookie_and_no_script(client, cases):
    root = page(client)
    assert not root.xpath("//main//form | //main//button | //*[@style] | //*[@onclick]")
    assert not client.cookies

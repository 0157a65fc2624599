"""Long lists are paged, and no page reveals hidden rows."""

import csv
import io
import re
from datetime import date, timedelta

import lxml.etree
import lxml.html
import pytest
from django.db import connection, models
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from assets.models import MediaAsset
from newsroom.page import ReleasePage
from newsroom.prisoners import current_cases
from people import dates
from people.models import Case, Level, Person, Role
from people.names import fold
from people.names.patterns import pattern
from releases.models import Illustration, Quote, Release, Topic
from releases.rules.visibility import public_assets
from tests.make import HIDDEN, make_person, make_picture, make_release, quotation, whole_case

pytestmark = pytest.mark.django_db


def root_of(client, path):
    response = client.get(path)
    assert response.status_code == 200, path
    return lxml.html.document_fromstring(response.content)


def words(node) -> str:
    return " ".join(node.text_content().split())


def names(root) -> list[str]:
    return [words(cell) for cell in root.xpath("//table//tbody//th")]


def address_of(root, rel) -> str:
    (link,) = root.xpath(f"//nav[@class='pager']//a[@rel='{rel}']/@href")
    return link


def add_people(number, **values) -> list[Person]:
    return models.QuerySet(Person).bulk_create(
        Person(
            display_name=f"Person {n:03}", sort_name=f"Person {n:03}", slug=f"person-{n}",
            level=Level.PUBLIC, level_basis="x", **values,
        )
        for n in range(number)
    )  # fmt: skip


def add_releases(number, **values) -> list[Release]:
    first = timezone.now() - timedelta(days=1)
    return models.QuerySet(Release).bulk_create(
        Release(
            title=f"Release {n:03}", body="<p>x</p>", slug=f"release-{n:03}", status="approved",
            publish_at=first + timedelta(seconds=n), **values,
        )
        for n in range(number)
    )  # fmt: skip


def add_quotations(releases, speaker, text="Words {}.") -> None:
    Quote.objects.bulk_create(
        Quote(
            release=release, speaker=speaker, position=1, text=text.format(n),
            attribution_name=speaker.display_name,
        )
        for n, release in enumerate(releases)
    )  # fmt: skip


def add_topic(topic, releases) -> None:
    through = Release.topics.through
    through.objects.bulk_create(through(release=release, topic=topic) for release in releases)


@pytest.fixture
def cases(db):
    """Forty-five people: every ninth in Iceland, only the last under house arrest."""
    return models.QuerySet(Case).bulk_create(
        Case(
            person=person, as_of=date(2026, 1, 1), country="GB" if n % 9 else "IS",
            custody_status="house_arrest" if n == 44 else "imprisoned", since=f"{1980 + n}",
        )
        for n, person in enumerate(add_people(45))
    )  # fmt: skip


# --- Dates are parsed when they are saved --------------------------------------------------------


def test_no_page_parses_stored_dates(client, monkeypatch):
    whole_case(make_person("Ana Brask"), until="2025-06~")

    def refuse(text):
        raise AssertionError(f"{text} was parsed while a page was rendered.")

    monkeypatch.setattr(dates, "_first_and_last_day", refuse)  # parse_edtf is cached
    page = words(root_of(client, "/people/ana-brask/"))
    assert "6 May 2024" in page
    assert "about 2024" in page
    assert "2025 (not certain)" in page
    assert "from 6 May 2024 until about June 2025" in words(root_of(client, "/prisoners/"))
    assert b"about June 2025" in client.get("/prisoners/prisoners.csv").getvalue()


@pytest.mark.parametrize("text", ["2024-02-29", "2021", "2021-09-XX", "20XX", "202X?", "2021-XX%"])
def test_a_stored_date_equals_the_typed_date(text):
    case = Case.objects.create(person=make_person(), as_of=date(2026, 1, 1), since=text)
    case.refresh_from_db()
    assert case.detained_since == dates.read(text)
    case.since = "1999"
    case.save()
    assert case.detained_since == dates.read("1999")


# --- The cases we follow -------------------------------------------------------------------------


def test_the_list_is_paged_and_its_filters_count_every_case(client, cases):
    first = root_of(client, "/prisoners/")
    assert "45 people" in words(first)
    assert len(names(first)) == 20
    second = root_of(client, f"/prisoners/{address_of(first, 'next')}")
    third = root_of(client, f"/prisoners/{address_of(second, 'next')}")
    listed = [*names(first), *names(second), *names(third)]
    assert listed == sorted(listed)
    assert len(set(listed)) == 45
    assert second.xpath("//link[@rel='canonical']/@href")[0].endswith("/prisoners/?page=2")
    assert first.xpath("//link[@rel='canonical']/@href")[0].endswith("/prisoners/")
    facets = {words(link) for link in first.xpath("//nav[@id='filters']//a")}
    assert {"Iceland 5", "United Kingdom 40", "Under house arrest 1", "2024 1"} <= facets
    assert names(root_of(client, "/prisoners/?status=house_arrest")) == ["Person 044"]
    assert names(root_of(client, "/prisoners/?country=IS&sort=-since"))[0] == "Person 036"
    assert names(root_of(client, "/prisoners/?sort=-since&page=3"))[-1] == "Person 000"


def test_the_pager_keeps_filters_and_order(client, cases):
    first, second = (
        root_of(client, f"/prisoners/?country=GB&sort=-since{page}") for page in ("", "&page=2")
    )
    assert address_of(first, "next") == "?country=GB&sort=-since&page=2"
    assert address_of(second, "prev") == "?country=GB&sort=-since&page=1"
    (canonical,) = second.xpath("//link[@rel='canonical']/@href")
    assert canonical.endswith("/prisoners/?country=GB&sort=-since&page=2")
    assert "/prisoners/?country=GB&sort=since#table" in second.xpath("//thead//a/@href")


def test_the_csv_file_has_every_case_in_one_order(client, cases, monkeypatch):
    monkeypatch.setattr("newsroom.cases_csv.BATCH_SIZE", 7)
    answer = client.get("/prisoners/prisoners.csv?sort=-name")
    rows = list(csv.DictReader(io.StringIO(answer.getvalue().decode("utf-8-sig"), newline="")))
    assert [row["name"] for row in rows] == [f"Person {n:03}" for n in range(44, -1, -1)]


def test_a_person_hidden_while_the_csv_file_is_written_is_not_in_it(client, cases, monkeypatch):
    monkeypatch.setattr("newsroom.cases_csv.BATCH_SIZE", 10)
    answer = client.get("/prisoners/prisoners.csv")
    models.QuerySet(Person).filter(display_name="Person 040").update(level=Level.STAFF)
    assert b"Person 039" in (file := answer.getvalue())
    assert b"Person 040" not in file


@pytest.mark.parametrize("number", ["0", "-1", "4", "x", "%00", "9" * 400, "1.5"])
@pytest.mark.parametrize(
    "path", ["/prisoners/", "/people/", "/people/person-0/", "/sitemap-people.xml"]
)
def test_a_page_number_that_does_not_exist_answers_404(client, cases, path, number):
    response = client.get(f"{path}?page={number}")
    assert response.status_code == 404
    assert response.content == client.get("/releases/no-such-release/").content


def test_pages_need_no_more_queries_for_many_cases_than_for_few(client, cases):
    paths = ["/prisoners/", "/prisoners/?designation=x&sort=country&year=2000", "/people/person-0/"]

    def cost(path):
        with CaptureQueriesContext(connection) as queries:
            assert client.get(path).status_code == 200
        return len(queries)

    few = [cost(path) for path in paths]
    Case.objects.filter(person__slug__gte="person-2").delete()
    assert [cost(path) for path in paths] == few
    assert max(few) <= 14


# --- Spokespeople, and one person ----------------------------------------------------------------


def test_spokespeople_are_paged(client):
    models.QuerySet(Role).bulk_create(
        Role(person=person, title="Deputy", speaks_for_us=True) for person in add_people(25)
    )
    first = root_of(client, "/people/")
    second = root_of(client, f"/people/{address_of(first, 'next')}")
    listed = [words(h2) for root in (first, second) for h2 in root.xpath("//ul[@class='roll']//h2")]
    assert listed == [f"Person {n:03}" for n in range(25)]
    assert second.xpath("//link[@rel='canonical']/@href")[0].endswith("/people/?page=2")


def test_counts_stop_at_their_maximum(client, monkeypatch):
    for module in ("newsroom.counts", "newsroom.views"):
        monkeypatch.setattr(f"{module}.MAX_COUNTED", 3)
    speaker = make_person("Ann Verel", speaks=True)
    topic, rare = Topic.objects.create(name="Courts"), Topic.objects.create(name="Rare")
    releases = add_releases(5)
    add_quotations(releases, speaker)
    add_topic(topic, releases)
    add_topic(rare, releases[:3])
    assert "more than 3 quotations" in words(root_of(client, "/people/"))
    listed = [words(row) for row in root_of(client, "/").xpath("//section[h2[.='Topics']]//li")]
    assert listed == ["Courts 3+", "Rare 3"]
    Quote.objects.filter(release__in=releases[1:]).delete()
    assert "1 quotation" in words(root_of(client, "/people/"))


def test_quotations_are_paged_and_the_search_reads_all_of_them(client):
    speaker = make_person("Ann Verel")
    add_quotations(add_releases(45), speaker, "The café number {} is closed.")
    first = root_of(client, "/people/ann-verel/")
    quotations = first.xpath("//figure[@class='quotation']/blockquote")
    assert [words(each) for each in quotations][:2] == [
        "The café number 44 is closed.", "The café number 43 is closed.",
    ]  # fmt: skip
    assert len(quotations) == 20
    second = root_of(client, f"/people/ann-verel/{address_of(first, 'next')}")
    assert address_of(second, "next") == "?page=3#quotations"
    assert second.xpath("//link[@rel='canonical']/@href")[0].endswith("/ann-verel/?page=2")
    found = root_of(client, "/people/ann-verel/?q=CAFE+number-7")
    assert "1 of 45 quotations with" in words(found)
    assert len(found.xpath("//figure[@class='quotation']")) == 1
    many = root_of(client, "/people/ann-verel/?q=cafe")
    assert address_of(many, "next") == "?q=cafe&page=2#quotations"
    assert "45 of 45" in words(many)


def test_a_search_reads_no_more_quotations_than_it_prints(client):
    speaker = make_person("Ann Verel")
    add_quotations(add_releases(45), speaker)
    with CaptureQueriesContext(connection) as queries:
        client.get("/people/ann-verel/?q=words")
    read = [q["sql"] for q in queries if "attribution_title" in q["sql"]]
    assert len(read) == 1
    (ids,) = re.findall(r'"releases_quote"."id" IN \(([^()]*)\)', read[0])
    assert len(ids.split(",")) == 20


def test_the_page_of_a_person_lists_the_newest_releases_and_links_to_all(client):
    speaker = make_person("Ann Verel")
    for release in add_releases(21):
        release.mentions.create(person=speaker, surface="x")
    root = root_of(client, "/people/ann-verel/")
    assert len(root.xpath("//ol[@class='releases']/li")) == 20
    (link,) = root.xpath("//a[.='All releases that name Ann Verel']/@href")
    assert "21 releases" in words(root_of(client, link))


@pytest.mark.parametrize(
    ("term", "text"),
    [
        ("cafe", "CAFÉ"), ("café", "cafe\u0301"), ("lukasz zolc", "Łukasz Żółć"),
        ("o'neill", "O’Neill"), ("strasse", "Straße"), ("aether", "Æther"), ("ssa", "ßa"),
        ("well-known", "well known"), ("释放", "请释放他"), ("свобода", "СВОБОДА"), ("α", "Ά"),
        ("a.b", "a.b"), ("free", "fr\u00adee"), ("[x]", "[X]"), ("a  b", "A\n\nb"), ("ee", "EE"),
    ],
)  # fmt: skip
def test_a_search_ignores_case_and_accents(term, text):
    speaker = make_person("Ann Verel")
    add_quotations(add_releases(2), speaker, f"x {text} y")
    assert fold(term) in fold(text)
    assert Quote.objects.filter(text__regex=pattern(term)).count() == 2
    assert not Quote.objects.filter(text__regex=pattern(f"{term}q")).exists()


@pytest.mark.parametrize("term", ["ae" * 100, "é" * 200, "-" * 200, "\\", "(", "*" * 200, "\x00"])
def test_any_text_can_be_searched(term):
    assert list(Quote.objects.filter(text__regex=pattern(term))) == []


# --- The sitemap ---------------------------------------------------------------------------------


def sitemap(client) -> dict[str, list[str]]:
    def listed(path):
        root = lxml.etree.fromstring(client.get(path).content)
        return [loc.text.removeprefix("http://testserver") for loc in root.iter("{*}loc")]

    return {file: listed(file) for file in listed("/sitemap.xml")}


def test_the_sitemap_is_a_list_of_files_of_limited_length(client, monkeypatch):
    monkeypatch.setattr("newsroom.views.SITEMAP_SIZE", 3)
    add_releases(7)
    add_people(4)
    files = sitemap(client)
    assert list(files) == [
        "/sitemap-pages.xml", "/sitemap-people.xml", "/sitemap-people.xml?page=2",
        "/sitemap-releases.xml", "/sitemap-releases.xml?page=2", "/sitemap-releases.xml?page=3",
    ]  # fmt: skip
    assert files["/sitemap-releases.xml?page=3"] == ["/releases/release-006/"]
    assert max(len(listed) for name, listed in files.items() if "pages" not in name) == 3
    assert client.get("/sitemap-releases.xml?page=4").status_code == 404


# --- Hidden rows are not counted -----------------------------------------------------------------


@pytest.mark.parametrize("state", HIDDEN)
def test_hidden_releases_add_no_page(client, monkeypatch, state):
    """Each list fills its last page, so that one more row would add a page."""
    monkeypatch.setattr("newsroom.paging.PAGE_SIZE", 2)
    monkeypatch.setattr("newsroom.views.SITEMAP_SIZE", 2)
    speaker, other = make_person("Ann Verel", speaks=True), make_person("Ben Corvin", speaks=True)
    for person in (speaker, other):
        Case.objects.create(person=person, as_of=date(2026, 1, 1))
        make_release(body=quotation(speaker, "“Seen.”"))
    lists = ["/releases/", "/people/", "/people/ann-verel/", "/prisoners/", "/sitemap-people.xml",
             "/sitemap-releases.xml"]  # fmt: skip
    paths = ["/sitemap.xml", *lists, *(f"{path}?page=2" for path in lists)]
    paths += ["/people/ann-verel/?q=seen", "/prisoners/prisoners.csv"]

    def current_answers():
        answers = {path: client.get(path) for path in paths}
        return {path: (answer.status_code, answer.getvalue()) for path, answer in answers.items()}

    before = current_answers()
    assert [before[path][0] for path in paths if path.endswith("page=2")] == [404] * len(lists)
    make_release(state, body=quotation(speaker, "“Not seen.”"))
    hidden = make_person("Hidden One", level=2, speaks=True)
    Case.objects.create(person=hidden, as_of=date(2026, 1, 1))
    assert current_answers() == before


# --- Query plans ---------------------------------------------------------------------------------


def fill_tables() -> MediaAsset:
    """Create enough rows for the planner to prefer an index, and return a document."""
    releases = add_releases(1_500)
    assets = models.QuerySet(MediaAsset).bulk_create(
        MediaAsset(kind="document", original=f"{n}.pdf", renditions={"styles": {}})
        for n in range(1_500)
    )
    Illustration.objects.bulk_create(
        Illustration(release=release, asset=asset, position=1)
        for release, asset in zip(releases, assets, strict=True)
    )
    add_people(300)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return assets[700]


def test_the_query_for_one_picture_uses_an_index(client, django_assert_num_queries):
    asset = fill_tables()
    plan = public_assets().filter(pk=asset.pk).explain()
    full_scan = "Seq Scan" if connection.vendor == "postgresql" else "SCAN"
    scans = [line for line in plan.splitlines() if full_scan in line]
    assert not [line for line in scans if "releases" in line or "mediaasset" in line], plan
    assert "hashed" not in plan
    assert public_assets().filter(pk=asset.pk).exists()
    with django_assert_num_queries(1):
        assert client.get(f"/media/{asset.pk}/nothing.pdf").status_code == 404


def test_a_release_and_its_related_ones_are_read_without_a_table_scan():
    fill_tables()
    release = Release.objects.get(slug="release-700")
    topic = Topic.objects.create(name="Courts")
    add_topic(topic, [release, *Release.objects.filter(slug__startswith="release-10")])
    page = ReleasePage(release, at=timezone.now())
    with CaptureQueriesContext(connection) as queries:
        assert page.related[0].release.slug == "release-1099"
    assert "DISTINCT" not in queries[0]["sql"]
    plan = Release.objects.public().filter(slug="release-700").explain()
    assert "Seq Scan" not in plan
    assert "SCAN releases_release" not in plan


def test_the_query_for_the_newest_case_uses_an_index():
    people = add_people(1_000)
    models.QuerySet(Case).bulk_create(
        Case(person=person, as_of=date(2026, 1, 1)) for person in people
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    plan = current_cases(timezone.localdate()).explain()
    if connection.vendor == "postgresql":  # one pass over both tables, not a look-up for each row
        assert "Anti Join" in plan, plan
        assert "SubPlan" not in plan, plan
    else:
        assert "SEARCH U0 USING INDEX people_case_person_id" in plan, plan


def test_one_picture_and_all_pictures_follow_the_same_rule_of_visibility():
    shown, hidden = make_picture(), make_picture()
    make_release(poster=shown)
    make_release("draft", poster=hidden)
    assert set(public_assets()) == {shown}
    assert set(public_assets().filter(pk=hidden.pk)) == set()
    portrait = make_picture()
    person = make_person("Ann Verel", portrait=portrait)
    assert set(public_assets()) == {shown, portrait}
    models.QuerySet(Person).filter(pk=person.pk).update(level=Level.NAMEABLE)
    assert set(public_assets()) == {shown}

"""An original and its translations are one entry in every list, in the reader's language."""

import re
from datetime import datetime, timedelta

import lxml.etree
import lxml.html
import pytest
import time_machine
from django.db import connection, models
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from newsroom.formats import FEED_FORMATS
from releases import languages, workflow
from releases.models import Candidate, Release, Topic, one_of_text
from tests.make import (
    HIDDEN,
    make_chief,
    make_person,
    make_release,
    make_user,
    mark,
    quotation,
)

pytestmark = pytest.mark.django_db

LISTS = ["/", "/releases/", "/people/ansa-verel/"]


def page(client, path, reader=""):
    response = client.get(path, headers={"Accept-Language": reader} if reader else {})
    assert response.status_code == 200, path
    return lxml.html.document_fromstring(response.content)


def words(node) -> str:
    return " ".join(node.text_content().split())


def titles(root) -> list[str]:
    """Return the titles of the listed releases, those of the front page's lead included."""
    places = "//li[starts-with(@class, 'card')]|//article[starts-with(@class, 'lead')]"
    return [words(each.xpath(".//h2|.//h3")[0]) for each in root.xpath(places)]


def others(node) -> list[tuple[str, str, str]]:
    """Return the links to other languages: language, words and address."""
    links = node.xpath(".//ul[@class='translations']//a")
    assert [link.get("lang") for link in links] == [link.get("hreflang") for link in links]
    return [(link.get("lang"), words(link), link.get("href")) for link in links]


def ago(hours: float) -> dict:
    return {"publish_at": timezone.now() - timedelta(hours=hours)}


@pytest.fixture
def speaker(db):
    return make_person("Ansa Verel", title="Director", speaks=True)


@pytest.fixture
def text(speaker):
    """A text in English, Arabic and Welsh, and another one in English only."""
    courts, arabic_only = (Topic.objects.create(name=name) for name in ("Courts", "For readers"))
    said = quotation(speaker, "“We ask for it.”")
    english = make_release(
        title="The court", body=said, topics=[courts], countries=["GB", "IS"], **ago(5)
    )
    make_release(
        title="المحكمة", language="ar", translation_of=english, topics=[courts, arabic_only],
        body=quotation(speaker, "«نطلب ذلك.»", "Hearts"), countries=["GB", "AE"], **ago(4),
    )  # fmt: skip
    make_release(
        title="Y llys", language="cy", translation_of=english, topics=[courts],
        body=quotation(speaker, "“Gofynnwn amdano.”", "Hearts"), kind="statement", **ago(3),
    )  # fmt: skip
    make_release(title="Another", body=quotation(speaker, "“And this.”"), topics=[courts], **ago(6))
    return english


# --- What a browser asks for -------------------------------------------------------------------


@pytest.mark.parametrize(
    "asked",
    ["", "*", ",", ";;;", "x" * 10_000, "ar;q=zz", "en;q=0,*", "ar;q=0", "x-ar", "a\u0301r", "%00",
     "ar" * 300, "', (", "xx-YY, zz", "de, fr;q=0.5", ", ".join(["ar;q=0"] * 400)],
)  # fmt: skip
@pytest.mark.parametrize("path", LISTS)
def test_a_reader_of_no_language_that_is_there_gets_the_original(client, text, path, asked):
    assert titles(page(client, path, asked)) == ["The court", "Another"]


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ("ar", "المحكمة"), ("AR-eg", "المحكمة"), ("ar-EG,en;q=0.9", "المحكمة"),
        ("cy-GB, ar;q=0.9", "Y llys"), ("ar;q=0.3, cy;q=0.7", "Y llys"), ("en-GB, ar", "The court"),
        ("fr, cy;q=0.1, *;q=0.05", "Y llys"), ("ar;q=0, cy", "Y llys"), ("*, cy", "Y llys"),
        (", ".join([*["de"] * 3, "cy"]), "Y llys"),
    ],
)  # fmt: skip
def test_every_list_is_in_the_readers_language(client, text, asked, shown):
    for path in LISTS:
        assert titles(page(client, path, asked)) == [shown, "Another"], path


@pytest.mark.parametrize(
    ("asked", "shown"),
    [("zh-CN", "zh-Hans"), ("zh-TW", "zh-Hant"), ("zh-HK, zh-Hans", "zh-Hant"), ("pt", "pt-BR"),
     ("pt-PT, de", "pt-BR"), ("de-AT", "de"), ("sr-Latn", "sr"), ("iw", "he"), ("en", "en-GB"),
     ("de-CH-1901", "de"), ("p", "en-GB")],
)  # fmt: skip
def test_a_language_matches_its_countries_and_scripts(client, asked, shown):
    original = make_release(language="en-GB", title="en-GB")
    for tag in ("zh-Hant", "zh-Hans", "pt-BR", "de", "sr", "he"):
        make_release(language=tag, title=tag, translation_of=original, **ago(0.5))
    assert titles(page(client, "/releases/", asked)) == [shown]


def test_a_reader_may_accept_any_number_of_languages(client, text):
    tags = [f"{a}{b}" for a in "abcdefgh" for b in "abcdefghijklm"]
    assert titles(page(client, "/", ",".join([*tags, "ar"])))[1] == "Another"
    assert languages.ranges(["zh-CN", "EN", "*", "no tag", "x-one"]) == [
        "zh-CN", "zh-Hans", "zh", "en", "x-one",
    ]  # fmt: skip


# --- One entry ---------------------------------------------------------------------------------


def test_an_entry_links_to_its_other_languages(client, text):
    for path in ["/", "/releases/", "/people/ansa-verel/"]:
        root = page(client, path, "ar")
        (entry, *rest) = root.xpath("//li[starts-with(@class, 'card')]|//article")
        assert [each[:2] for each in others(entry)] == [("cy", "Cymraeg"), ("en", "English")]
        assert others(entry)[1][2] == text.get_absolute_url()
        assert [others(each) for each in rest] == [[] for _ in rest]
        for _tag, _label, address in others(entry):
            assert client.get(address).status_code == 200


@pytest.mark.parametrize("reader", ["", "ar", "cy", "ar-EG, cy"])
@pytest.mark.parametrize(
    "query", ["", "language=ar", "country=GB", "topic=courts", "kind=statement"]
)
def test_every_number_beside_a_filter_is_what_it_finds(client, text, reader, query):
    make_release(title="Alone in Arabic", language="ar", countries=["AE", "GB"], **ago(9_000))
    root = page(client, f"/releases/?{query}", reader)
    links = root.xpath("//nav[@id='filters']//a")
    assert len(links) > 6
    for link in links:
        found = page(client, link.get("href"), reader)
        (total,) = re.findall(r"^\d+(?= release)", words(found.xpath("//p[@class='meta']")[0]))
        assert len(titles(found)) == int(total), link.get("href")
        if not link.get("aria-current"):
            assert words(link.find("span")) == total, link.get("href")


@pytest.mark.parametrize(
    ("query", "reader", "found"),
    [
        ("language=ar", "", ["المحكمة"]),
        ("language=ar", "cy", ["المحكمة"]),
        ("language=en", "ar", ["The court", "Another"]),
        ("country=AE", "cy", ["المحكمة"]),
        ("country=IS", "ar", ["The court"]),
        ("country=GB", "cy", ["The court"]),
        ("topic=for-readers", "", ["المحكمة"]),
        ("kind=statement", "ar", ["Y llys"]),
        ("kind=press_release", "cy", ["The court", "Another"]),
        ("person=ansa-verel", "ar", ["المحكمة", "Another"]),
        ("country=AE&kind=statement", "ar", []),
    ],
)  # fmt: skip
def test_a_filter_finds_a_text_in_the_languages_that_match(client, text, query, reader, found):
    assert titles(page(client, f"/releases/?{query}", reader)) == found


def test_pages_of_the_archive_hold_each_text_once(client):
    originals = [make_release(title=f"Text {n}", **ago(n + 3)) for n in range(25)]
    for original in originals[::2]:
        make_release(
            title=f"{original.title}, ar", language="ar", translation_of=original, **ago(2)
        )
    first, second = (page(client, f"/releases/?page={n}", "ar") for n in (1, 2))
    assert "25 releases" in words(first)
    listed = [title.removesuffix(", ar") for root in (first, second) for title in titles(root)]
    assert len(titles(first)) == 20
    assert sorted(listed) == sorted(original.title for original in originals)
    assert client.get("/releases/?page=3").status_code == 404


def test_the_front_page_counts_each_text_of_a_topic_once(client, text):
    for reader in ("", "ar"):
        rows = page(client, "/", reader).xpath("//section[h2[.='Topics']]//li")
        assert [words(row) for row in rows] == ["Courts 2", "For readers 1"]


def test_feeds_and_sitemaps_have_every_language(client, text):
    expected = {"The court", "المحكمة", "Y llys", "Another"}
    for reader in ("", "ar"):
        headers = {"Accept-Language": reader}
        feed = client.get("/releases/feed.atom", headers=headers)
        entries = lxml.etree.fromstring(feed.content).findall("{*}entry/{*}title")
        assert {title.text for title in entries} == expected
        assert "Accept-Language" not in feed.get("Vary", "")
    assert client.get("/sitemap-releases.xml").content.count(b"<loc>") == 4
    for each in FEED_FORMATS:
        assert "المحكمة" in client.get(f"/releases/{each.file}?language=ar").content.decode()
        assert "Y llys" not in client.get(f"/releases/{each.file}?language=ar").content.decode()


# --- Only what is public -----------------------------------------------------------------------


@pytest.mark.parametrize("state", HIDDEN)
def test_a_hidden_translation_does_not_exist(client, text, speaker, state):
    paths = [*LISTS, "/people/", "/releases/?language=ga", "/people/ansa-verel/?q=ask"]

    def answers():
        got = [client.get(path, headers={"Accept-Language": "ga, fr"}) for path in paths]
        return [(answer.status_code, answer["ETag"], answer.content) for answer in got]

    before = answers()
    make_release(
        state, title="Hidden", language="ga", translation_of=text, topics=[*text.topics.all()],
        body=quotation(speaker, "“We ask.”"), countries=["GB"],
    )  # fmt: skip
    assert answers() == before


@pytest.mark.parametrize("state", HIDDEN)
def test_the_translations_of_a_hidden_original_are_one_entry(client, state):
    original = make_release(state, title="Hidden original")
    for tag, hours in (("ar", 5), ("cy", 4), ("de", 6)):
        make_release(title=tag, language=tag, translation_of=original, **ago(hours))
    assert titles(page(client, "/releases/", "de")) == ["de"]
    root = page(client, "/releases/", "fr")
    assert titles(root) == ["cy"], "the newest"
    assert [tag for tag, *_ in others(root)] == ["ar", "de"]
    assert "1 release" in words(root.xpath("//p[@class='meta']")[0])


def test_a_translation_takes_its_place_in_the_second_of_its_publication(client, text):
    ends = timezone.now() + timedelta(hours=1)
    irish = make_release(
        "scheduled", title="An chúirt", language="ga", translation_of=text, publish_at=ends
    )
    for moment, first, number in [
        (ends - timedelta(seconds=1), "The court", 2), (ends, "An chúirt", 3),
    ]:  # fmt: skip
        with time_machine.travel(moment, tick=False):
            for path in ["/", "/releases/"]:
                root = page(client, path, "ga")
                assert titles(root)[0] == first
                assert len(others(root)) == number
    with time_machine.travel(ends + timedelta(hours=1), tick=False):
        workflow.hold(irish, by=make_chief())
        assert titles(page(client, "/", "ga")) == ["The court", "Another"]


def test_translations_of_the_same_second_are_one_entry(client):
    original = make_release("draft")
    with time_machine.travel(timezone.now(), tick=False):
        for tag in ("ar", "cy", "de"):
            make_release(title=tag, language=tag, translation_of=original)
        assert len(titles(page(client, "/releases/", "fr"))) == 1


def test_a_translation_of_a_translation_stays_listed(client, text):
    """The desk refuses it, but two people could link at once. No list loses a text or fails."""
    welsh = Release.objects.get(language="cy")
    make_release(title="An chúirt", language="ga", translation_of=welsh, **ago(1))
    for reader in ("", "ga", "cy", "ar"):
        root = page(client, "/releases/", reader)
        assert "An chúirt" in titles(root)
        assert len(titles(root)) == 3
        assert "3 releases" in words(root)


def test_the_desk_refuses_a_translation_of_a_translation_and_names_the_original(at_desk):
    original = make_release(title="The original")
    welsh = make_release(language="cy", translation_of=original)
    arabic, alone = make_release("draft", language="ar"), make_release("draft", title="Alone")
    client = at_desk(make_user("editor", "Editor"))

    def choose(release, chosen) -> str:
        answer = client.post(
            f"/admin/releases/release/{release.pk}/change/",
            {"kind": release.kind, "language": release.language, "title": "x", "body": release.body,
             "read_version": release.version, "translation_of": chosen.pk, "_continue": "1"},
        )  # fmt: skip
        release.refresh_from_db()
        return answer.content.decode()

    assert "Choose its original: “The original”." in choose(arabic, welsh)
    assert arabic.translation_of is None
    choose(arabic, original)
    assert arabic.translation_of == original
    choose(alone, arabic)
    assert alone.translation_of is None
    draft = make_release("draft", title="A draft")
    choose(alone, draft)
    assert alone.translation_of == draft
    assert "Unlink them first" in choose(draft, original)
    assert draft.translation_of is None


def test_a_refusal_does_not_reveal_an_original_that_the_user_does_not_know(at_desk):
    secret = make_release("draft", title="A secret")
    translation, draft = make_release("draft", translation_of=secret), make_release("draft")
    workflow.restrict(
        secret,
        by=make_user("p", "Publisher"),
        people=[make_user("e", "Editor", email="e@x.example")],
    )
    path = f"/admin/releases/release/{draft.pk}/change/"
    answer = at_desk(make_user("editor", "Editor")).post(
        path,
        {"kind": draft.kind, "language": "cy", "title": "x", "body": draft.body,
         "read_version": draft.version, "translation_of": translation.pk, "_continue": "1"},
    )  # fmt: skip
    assert answer.status_code == 302
    draft.refresh_from_db()
    assert draft.translation_of == translation


# --- Without translations ----------------------------------------------------------------------


@pytest.mark.parametrize("path", [*LISTS, "/people/", "/releases/?language=en"])
def test_a_newsroom_without_public_translations_does_not_compare_languages(client, speaker, path):
    english = make_release(body=quotation(speaker), **ago(2))

    def compared() -> tuple[int, int]:
        """Return the queries with a condition on translations, and how often all name them."""
        with CaptureQueriesContext(connection) as queries:
            assert client.get(path, headers={"Accept-Language": "ar"}).status_code == 200
        statements = [each["sql"] for each in queries]
        conditions = sum("translation_of_id" in each.partition("WHERE")[2] for each in statements)
        return conditions, "".join(statements).count("translation_of_id")

    client.get(path)
    without = compared()
    assert without[0] == 1, "it asks whether there is any"
    hidden = make_release("scheduled", language="ar", translation_of=english)
    assert compared() == without
    with time_machine.travel(hidden.publish_at, tick=False):
        assert compared()[1] > without[1]


# --- Months ------------------------------------------------------------------------------------


def test_months_are_offered_once_one_year_is_left(client):
    for day in ("2024-03-05", "2024-03-31", "2024-07-01", "2022-07-01"):
        make_release(title=day, publish_at=timezone.make_aware(datetime.fromisoformat(day)))

    def months(path) -> dict[str, str]:
        facets = page(client, path).xpath("//nav[@id='filters']/details[summary='Month']//a")
        return {words(link): link.get("href") for link in facets}

    assert months("/releases/") == {}
    found = months("/releases/?year=2024")
    assert list(found) == ["July 2024 1", "March 2024 2"]
    march = found["March 2024 2"]
    assert titles(page(client, march)) == ["2024-03-31", "2024-03-05"]
    assert set(months(march)) == {"July 2024 1", "March 2024 2"}
    assert set(months("/releases/?month=2024-03")) == {"July 2024 1", "March 2024 2"}
    assert months("/releases/?to=2023-01-01") == {
        "July 2022 1": "/releases/?month=2022-07&to=2023-01-01"
    }
    assert months("/releases/?year=2023") == {}
    assert titles(page(client, months("/releases/?year=2024")["July 2024 1"])) == ["2024-07-01"]
    (year,) = page(client, march).xpath("//nav//a[starts-with(., '2024')]/@href")
    assert "month" not in year


# --- The rule in Python ------------------------------------------------------------------------


@pytest.mark.parametrize("with_original", [True, False])
@pytest.mark.parametrize(
    "asked", [[], ["ar"], ["cy", "ar"], ["en"], ["zh-CN"], ["zh-TW", "ar"], ["de", "en-GB"], ["d"]]
)
def test_the_choice_in_memory_is_that_of_the_database(with_original, asked):
    original = make_release(title="Original", language="en-GB", **ago(9))
    same = timezone.now() - timedelta(hours=1)
    for tag in ("ar", "cy", "zh-Hant", "zh-Hans", "ar", "de-AT"):
        make_release(language=tag, translation_of=original, publish_at=same)
    make_release(language="cy", translation_of=original, **ago(0.5))
    releases = Release.objects.public()
    if not with_original:
        releases = releases.exclude(pk=original.pk)
    candidates = {
        pk: Candidate(*values) for pk, *values in releases.values_list("pk", *Candidate._fields)
    }
    preferred = languages.ranges(asked)
    assert [one_of_text(candidates, preferred)] == [
        release.pk for release in releases.one_per_text(preferred)
    ]


# --- Caches ------------------------------------------------------------------------------------


def test_a_page_in_the_readers_language_says_so_to_caches(client, text):
    for path in [*LISTS, "/people/"]:
        answer = client.get(path, headers={"Accept-Language": "ar"})
        assert "Accept-Language" in answer["Vary"], path
        again = {"If-None-Match": answer["ETag"]}
        assert client.get(path, headers=again | {"Accept-Language": "ar"}).status_code == 304
        if path != "/people/":
            assert client.get(path, headers=again | {"Accept-Language": "cy"}).status_code == 200
    for path in [text.get_absolute_url(), "/prisoners/", "/sitemap.xml"]:
        assert "Accept-Language" not in client.get(path).get("Vary", ""), path


# --- The quotations of a person ----------------------------------------------------------------


def quotations(root) -> list[str]:
    return [words(each) for each in root.xpath("//figure[@class='quotation']/blockquote")]


def test_quotations_are_in_one_language_with_links_to_the_others(client, text):
    root = page(client, "/people/ansa-verel/")
    assert quotations(root) == ["“We ask for it.”", "“And this.”"]
    first, second = root.xpath("//figure[@class='quotation']")
    assert [tag for tag, *_ in others(first)] == ["ar", "cy"]
    assert others(second) == []
    arabic = page(client, "/people/ansa-verel/", "ar")
    assert quotations(arabic) == ["«نطلب ذلك.»Hearts", "“And this.”"]
    for reader in ("", "ar"):
        assert "2 quotations" in words(page(client, "/people/", reader))


def test_only_the_languages_that_quote_a_person_are_chosen_from(client, text):
    other = make_person("Ben Corvin", speaks=True)
    release = make_release(body=quotation(other, "“Mine.”"), **ago(2))
    make_release(language="ar", translation_of=release, **ago(1))
    assert quotations(page(client, "/people/ben-corvin/", "ar")) == ["“Mine.”"]
    rows = page(client, "/people/", "ar").xpath("//ul[@class='roll']/li")
    assert ["1 quotation" in words(row) for row in rows] == [False, True]


@pytest.mark.parametrize("reader", ["", "ar", "cy"])
def test_a_search_finds_quotations_in_every_language(client, text, reader):
    assert quotations(page(client, "/people/ansa-verel/?q=gofynnwn", reader)) == [
        "“Gofynnwn amdano.”Hearts"
    ]
    found = page(client, "/people/ansa-verel/?q=hearts", reader)
    expected = "“Gofynnwn amdano.”Hearts" if reader != "ar" else "«نطلب ذلك.»Hearts"
    assert quotations(found) == [expected]
    assert "1 of 2 quotations" in words(found)


def test_a_search_never_finds_more_than_all(client, speaker):
    english = make_release(body=quotation(speaker, "“Once.”"))
    twice = quotation(speaker, "“Eins.”") + "<p>x</p>" + quotation(speaker, "“Zwei, eins.”")
    make_release(language="de", translation_of=english, body=twice)
    assert "2 of 2 quotations" in words(page(client, "/people/ansa-verel/?q=eins", "en"))


# --- More on this ------------------------------------------------------------------------------


def more(client, release) -> list[str]:
    (section,) = page(client, release.get_absolute_url()).xpath("//section[@class='related']") or [
        lxml.html.fragment_fromstring("<section/>")
    ]
    return titles(section.getroottree()) if len(section) else []


def test_more_on_this_begins_with_people_then_the_place_and_topic(client):
    named, courts = make_person("Teodor Brask"), Topic.objects.create(name="Courts")
    sea = Topic.objects.create(name="The sea")
    about = {"countries": ["IS"], "topics": [courts]}
    for title, fields in {
        "Same person, old": {"body": f"<p>{mark(named)}</p>", **ago(90)},
        "Same matter": about | ago(4),
        "Other place": {"countries": ["GB"], "topics": [courts], **ago(3)},
        "Other topic": {"countries": ["IS"], "topics": [sea], **ago(2)},
        "Unrelated": ago(1),
    }.items():
        make_release(title=title, **fields)
    release = make_release(body=f"<p>{mark(named)}</p>", **about)
    assert more(client, release) == ["Same person, old", "Same matter"]
    assert more(client, make_release(topics=[sea])) == ["Other topic"]
    assert more(client, make_release(countries=["GB"])) == ["Other place"]


def test_there_is_nothing_rather_than_something_unrelated(client, speaker):
    for _ in range(3):
        make_release(body=f"<p>{mark(speaker)}</p>", topics=[Topic.objects.create(name="A" * _)])
    assert more(client, make_release(body=quotation(speaker))) == [], "he speaks in every release"
    root = page(client, make_release().get_absolute_url())
    assert "More on this" not in words(root)


@pytest.mark.parametrize("level", [0, 1, 2])
def test_a_person_without_a_page_connects_no_releases(client, level):
    """The list would say that two releases mean the same person."""
    person = make_person("Teodor Brask")
    for _ in range(2):
        release = make_release(body=f"<p>{mark(person, 'A woman')}</p>")
    assert len(more(client, release)) == 1
    models.QuerySet(type(person)).filter(pk=person.pk).update(level=level)
    assert more(client, release) == []


@pytest.mark.parametrize("state", HIDDEN)
def test_hidden_releases_are_not_more(client, state):
    named = make_person("Teodor Brask")
    release = make_release(body=f"<p>{mark(named)}</p>")
    before = client.get(release.get_absolute_url()).content
    make_release(state, body=f"<p>{mark(named)}</p>")
    assert client.get(release.get_absolute_url()).content == before


def test_translations_are_not_more_and_more_is_in_the_language_of_the_page(client, text):
    courts = Topic.objects.get(name="Courts")
    other = make_release(title="The appeal", topics=[courts], countries=["GB"])
    make_release(
        title="الاستئناف", language="ar", translation_of=other, topics=[courts], countries=["GB"]
    )
    arabic = Release.objects.get(title="المحكمة")
    assert more(client, text) == ["The appeal"]
    assert more(client, arabic) == ["الاستئناف"]
    assert more(client, other) == ["The court"]
    assert more(client, Release.objects.get(language="cy")) == ["The appeal", "Another"]


# --- The query plan ----------------------------------------------------------------------------


def test_a_page_of_the_archive_is_read_by_index():
    moment = timezone.now() - timedelta(days=1)

    def many(number, **values):
        return models.QuerySet(Release).bulk_create(
            Release(
                title="x", body="<p>x</p>", slug=f"{values}-{n}"[-100:], status="approved",
                publish_at=moment - timedelta(minutes=n), **values, **(extra or {}),
            )
            for n, extra in zip(range(number), extras, strict=False)
        )  # fmt: skip

    extras = [{}] * 1_500
    originals = many(1_500)
    extras = [{"translation_of": original} for original in originals[::2]]
    many(750, language="ar")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    newest = Release.objects.public().one_per_text(["ar", "de", "en"])[:20]
    translated = set(Release.objects.exclude(translation_of=None).values_list("translation_of"))
    assert {release.language for release in newest} == {"ar", "en"}
    assert not translated & {(release.pk,) for release in newest}
    plan = newest.explain()
    assert "release_public_by_time" in plan, plan
    full_scan = "Seq Scan" if connection.vendor == "postgresql" else "SCAN"
    assert full_scan not in plan, plan

"""The results page of a search, with its tabs, and the suggestions while a reader types."""

import json
import re
from datetime import timedelta
from urllib.parse import quote

import lxml.etree
import lxml.html
import pytest
import time_machine
from django.db import models
from django.urls import Resolver404, get_resolver, resolve
from django.utils import timezone

from people.models import Level, Person
from releases import search, workflow
from releases.document import clean
from releases.models import RESERVED_SLUGS, Release, Topic
from releases.rules.blockers import blockers
from tests.make import (
    DATA,
    HIDDEN,
    REAL_RELEASE,
    as_shown,
    make_chief,
    make_person,
    make_picture,
    make_prisoner,
    make_release,
    quotation,
)

pytestmark = pytest.mark.django_db

STRINGS = json.loads((DATA / "strings" / "blns.json").read_text())
NAMES = {"Arab": "إلهام توختي", "Uyghur": "ئىلھام توختى", "Hani": "伊力哈木·土赫提"}
SHOWN = ["releases", "quotations", "people"]
BAD = {
    "10,000 characters": "x" * 10_000, "5,000 words": "+".join(["harbour"] * 5_000),
    "no closing quote": '%22the harbour', "three quotes": "%22%22%22", "only minus": "-",
    "a minus and a space": "-+-", "brackets": ")+OR+(", "operators": "NEAR(a+b)+AND+NOT*",
    "emoji": "%F0%9F%98%80", "a lone surrogate": "%ED%A0%80", "no UTF-8": "%FF%FE%80",
    "percent signs": "%25s+%25(a)s+%", "a script": "%3Cscript%3Ealert(1)%3C/script%3E",
    "a private character": "%EE%80%80p1", "a line end": "a%0D%0Ab", "an entity": "%26lt;b%26gt;",
    "combining marks": "a" + "%CC%81" * 300,
}  # fmt: skip


def page(client, path, reader="", status=200):
    response = client.get(path, headers={"Accept-Language": reader} if reader else {})
    assert response.status_code == status, path
    return lxml.html.document_fromstring(response.content)


def results(client, typed, show="releases", **more):
    query = "".join(f"&{name}={value}" for name, value in more.items())
    return page(client, f"/releases/?q={quote(typed)}&show={show}{query}")


def words(node) -> str:
    return " ".join(node.text_content().split())


def titles(root) -> list[str]:
    return [words(each) for each in root.xpath("//main//li[@class='card']//h2")]


def quotations(root) -> list[str]:
    return [words(each) for each in root.xpath("//main//blockquote")]


def people(root) -> list[str]:
    return [words(each) for each in root.xpath("//main//ul[@class='roll']//h2")]


def marked(root) -> list[str]:
    return [each.text for each in root.xpath("//main//mark")]


def tabs(root) -> dict[str, str]:
    links = root.xpath("//nav[@aria-label='Kinds of results']//a")
    return {words(link).rpartition(" ")[0]: words(link.find("span")) for link in links}


def suggested(client, typed) -> list[tuple[str, str]]:
    answer = client.get("/releases/suggest/", {"q": typed})
    assert answer.status_code == 200
    return [(each["kind"], each["text"]) for each in answer.json()["suggestions"]]


@pytest.fixture
def real_release():
    _picture, _kind, title, *paragraphs = filter(None, REAL_RELEASE.read_text().split("\n"))
    body = "".join(f"<p>{line}</p>" for line in paragraphs)
    return make_release(title=title, body=clean(body, max_characters=100_000))


@pytest.fixture
def harbour(db):
    """A release about a harbour with two quotations, one in Arabic, and a person of that name."""
    make_person("Bo Harbour", title="Engineer")
    speaker = make_person("Ana Brask", title="Director", speaks=True)
    topic, now = Topic.objects.create(name="The sea"), timezone.now()
    said = quotation(speaker, "“The harbour is ours.”", "“It stays <em>ours</em>.”")
    english = make_release(
        title="Ships", body=f"<p>Near the water.</p>{said}{quotation(speaker, '“Courts.”')}",
        topics=[topic], publish_at=now - timedelta(hours=3),
    )  # fmt: skip
    make_release(
        title="سفن",
        language="ar",
        translation_of=english,
        body=quotation(speaker, "«harbour الميناء»"),
    )
    make_release(
        title="The old harbours", standfirst="All of them.", kind="statement",
        publish_at=now - timedelta(days=400),
    )  # fmt: skip
    make_release(title="Something else", topics=[topic])
    return english


# --- What is found -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "word"),
    [("red carpet", "red"), ('"red carpet"', "red carpet"), ("Ilham Tohti", "Ilham"),
     ("Chow Hang tung", "Chow"), ("defacto", "defacto"), ("Uighur economist", "Uighur")],
)  # fmt: skip
def test_the_real_release_is_found_with_its_words_marked(client, real_release, typed, word):
    make_release(title="Something else")
    root = results(client, typed)
    assert titles(root) == [real_release.title]
    assert tabs(root) == {"Quotations": "0", "Releases": "1", "People": "0"}
    assert word.casefold() in [each.casefold() for each in marked(root)]


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_a_person_is_found_by_each_printed_name(client, name):
    person = make_prisoner("Ilham Tohti")
    for text in NAMES.values():
        person.names.create(text=text, printed=True)
    person.names.create(text="Zirkel")
    make_release(title="Quoted", body=quotation(person, "“We are free.”"))
    make_release(title="Of somebody else", body="<p>Free.</p>")
    root = results(client, name, "people")
    assert tabs(root) == {"Quotations": "1", "Releases": "1", "People": "1"}
    assert people(root) == ["Ilham Tohti"]
    assert re.split("[ ·]", name)[0] in "".join(marked(root))
    assert root.xpath("//main//h2/a/@href") == [person.get_absolute_url()]
    listed = words(root.xpath("//main//ul[@class='roll']")[0])
    assert "Imprisoned" in listed
    assert all(text in listed for text in NAMES.values())
    assert "Zirkel" not in listed
    assert quotations(results(client, name, "quotations")) == ["“We are free.”"]
    assert titles(results(client, name)) == ["Quoted"]
    assert suggested(client, name[:4]) == [("Person", "Ilham Tohti")]
    assert suggested(client, "Zirkel") == people(results(client, "Zirkel", "people")) == []


def test_a_quotation_has_its_speaker_title_day_and_source(client, harbour):
    root = results(client, "harbour", "quotations")
    (figure,) = root.xpath("//main//figure")
    assert [words(each) for each in figure.xpath(".//blockquote/p")] == [
        "“The harbour is ours.”", "“It stays ours.”",
    ]  # fmt: skip
    assert marked(root) == ["harbour"]
    caption = words(figure.find("figcaption"))
    assert caption.startswith("Ana Brask, Director")
    assert "Ships" in caption
    said_by, source = figure.xpath(".//figcaption//a")[:2]
    assert said_by.get("href") == "/people/ana-brask/"
    assert source.get("href") == f"{harbour.get_absolute_url()}#quote-1"
    assert figure.xpath(".//time/@datetime")
    (copy,) = figure.xpath(".//*[@data-copy]")
    assert copy.get("data-copy") == figure.get("id")
    assert copy.get("data-source").endswith(harbour.get_absolute_url())
    assert figure.xpath(".//ul[@class='translations']//a/@hreflang") == ["ar"]
    release = page(client, harbour.get_absolute_url())
    assert release.xpath("//*[@id='quote-1']")


def test_translations_are_one_entry_under_each_tab(client, harbour):
    for show, found in (("releases", titles), ("quotations", quotations)):
        path = f"/releases/?q=harbour&show={show}"
        english, arabic = page(client, path, "en"), page(client, path, "ar")
        assert tabs(english) == tabs(arabic) == {"Quotations": "1", "Releases": "2", "People": "1"}
        assert found(english)[-1] in ("Ships", "“The harbour is ours.”“It stays ours.”")
        assert found(arabic)[-1] in ("سفن", "«harbour الميناء»")
    # A reader who asks for Arabic gets the text in which the word stands.
    assert titles(page(client, "/releases/?q=water", "ar")) == ["Ships"]


def test_results_are_sorted_by_relevance_or_by_day(client, harbour):
    make_release(title="Newest", body="<p>Far from the harbour.</p>")
    assert titles(results(client, "harbour")) == ["The old harbours", "Ships", "Newest"]
    by_day = results(client, "harbour", sort="day")
    assert titles(by_day) == ["Newest", "Ships", "The old harbours"]
    orders = by_day.xpath("//nav[@aria-label='Sort by']//a")
    assert [(words(a), a.get("aria-current")) for a in orders] == [
        ("Relevance", None), ("Day", "true"),
    ]  # fmt: skip
    assert titles(page(client, orders[0].get("href"))) == titles(results(client, "harbour"))
    for link in by_day.xpath("//main//nav//a/@href"):
        assert ("sort=day" in link) == (link != orders[0].get("href")), link


def test_filters_hold_for_releases_and_quotations_and_people_ignore_them(client, harbour):
    root = results(client, "harbour", kind="statement")
    assert tabs(root) == {"Quotations": "0", "Releases": "1", "People": "1"}
    assert titles(root) == ["The old harbours"]
    assert "1 release matches these filters" in words(root)
    said = results(client, "harbour", "quotations", topic="the-sea")
    assert len(quotations(said)) == 1
    assert "1 quotation matches these filters" in words(said)
    assert quotations(results(client, "harbour", "quotations", kind="statement")) == []
    found = results(client, "harbour", "people", kind="statement")
    assert people(found) == ["Bo Harbour"]
    assert "The filters are for releases and quotations only." in words(found)
    assert not found.xpath("//nav[@id='filters']")
    assert "The filters are" not in words(results(client, "harbour", "people"))
    for show in SHOWN:
        searched = results(client, "harbour", show, topic="the-sea")
        (clear,) = set(searched.xpath("//a[.='Clear all filters']/@href"))
        kept = "" if show == "releases" else f"&show={show}"
        assert clear == f"/releases/?q=harbour{kept}"


@pytest.mark.parametrize("reader", ["", "ar"])
@pytest.mark.parametrize(
    "more", ["", "&topic=the-sea", "&kind=press_release&language=en", "&sort=day&country=IS"]
)
def test_each_filter_has_the_number_of_results_behind_its_link(client, harbour, more, reader):
    harbour.countries = ["GB", "IS"]
    harbour.save()
    for show, found in (("releases", titles), ("quotations", quotations)):
        root = page(client, f"/releases/?q=harbour&show={show}{more}", reader)
        links = root.xpath("//nav[@id='filters']//a[not(@aria-current)]")
        assert links
        for link in links:
            target = link.get("href")
            assert "q=harbour" in target
            assert len(found(page(client, target, reader))) == int(words(link.find("span"))), target


def test_tabs_keep_the_search_the_filters_and_the_order(client, harbour):
    root = results(client, "harbour", "people", topic="the-sea", sort="day")
    links = root.xpath("//nav[@aria-label='Kinds of results']//a")
    assert [(words(a).split()[0], a.get("aria-current")) for a in links] == [
        ("Quotations", None), ("Releases", None), ("People", "page"),
    ]  # fmt: skip
    for link in links:
        for part in ("q=harbour", "topic=the-sea", "sort=day"):
            assert part in link.get("href")
    assert titles(page(client, links[1].get("href"))) == ["Ships"]


def test_the_page_links_to_the_feed_of_the_same_search(client, harbour):
    for show in ("releases", "quotations"):
        root = results(client, "harbour", show, topic="the-sea", sort="day")
        (feed,) = root.xpath("//a[.='Subscribe to this feed']/@href")
        assert feed == "/releases/feed.atom?q=harbour&topic=the-sea"
        assert feed in root.xpath("//link[@rel='alternate']/@href")
        same = client.get(f"{feed}&show=people&sort=day").content
        assert same == client.get(feed).content
        found = lxml.etree.fromstring(same).findall("{*}entry/{*}title")
        assert [title.text for title in found] == ["Ships"]


def test_results_come_in_pages_under_each_tab(client):
    speaker = make_person("Ana Brask", title="Director")
    for number in range(21):
        make_release(title=f"Harbour {number}", body=quotation(speaker, f"“Harbour {number}.”"))
        make_person(f"Harbour {number:02}", title="Director")
    for show, found in (("releases", titles), ("quotations", quotations), ("people", people)):
        first = results(client, "harbour", show)
        assert tabs(first) == {"Quotations": "21", "Releases": "21", "People": "21"}
        (after,) = first.xpath("//a[@rel='next']/@href")
        second = page(client, f"/releases/{after}")
        assert len(found(first)) == 20
        assert len(found(second)) == 1
        assert len({*found(first), *found(second)}) == 21
        page(client, f"/releases/?q=harbour&show={show}&page=3", status=404)


def test_more_hits_than_are_ranked_are_said_and_filters_find_the_others(client, monkeypatch):
    monkeypatch.setattr("releases.search.finding.MAX_HITS", 2)
    monkeypatch.setattr("releases.search.MAX_HITS", 2)
    day = timezone.now() - timedelta(days=9)
    make_release(title="An old harbour", kind="statement", publish_at=day)
    for _ in range(3):
        make_release(title="Harbour")
    root = results(client, "harbour", kind="statement")
    assert titles(root) == ["An old harbour"]
    assert tabs(root)["Releases"] == "1"
    root = results(client, "harbour")
    assert tabs(root)["Releases"] == "2+"
    assert len(titles(root)) == 2
    assert "More than 2 releases were found. The newest of them are listed." in words(root)


# --- Texts ---------------------------------------------------------------------------------------


def test_the_text_of_a_hit_is_the_printed_text_without_markup(client):
    picture = make_picture(caption="At dusk")
    make_release(
        title="Plain",
        body=f'<p>The <strong>har</strong>bour &amp; the <a href="https://quay.example/">quay</a></p>'
        f'<figure data-asset="{picture.pk}"></figure><table><tbody><tr><td>A cell</td></tr></tbody>'
        "</table>",
        notes_to_editors="<p>Write to the <em>lighthouse</em>.</p>",
    )
    (summary,) = results(client, "harbour").xpath("//p[@class='summary']")
    assert words(summary).startswith("The harbour & the quay")
    assert [each.tag for each in summary.iterdescendants()] == ["mark"]
    for typed in ("lighthouse", "cell"):
        root = results(client, typed)
        assert marked(root) == [typed]
        assert "<" not in words(root.xpath("//p[@class='summary']")[0])
    for typed in ("strong", "href", "figure", "data-asset", str(picture.pk), "quay.example"):
        assert titles(results(client, typed)) == []


def test_the_standfirst_is_shown_if_the_words_are_in_the_title(client):
    make_release(title="The harbour", standfirst="All of it.", body="<p>Not the harbour.</p>")
    (summary,) = results(client, "harbour").xpath("//p[@class='summary']")
    assert words(summary) == "All of it."
    assert marked(results(client, "harbour")) == ["harbour"]
    # A word of the title and one of the text: the part of the text with it is shown.
    (summary,) = results(client, "harbour not").xpath("//p[@class='summary']")
    assert "Not the harbour." in words(summary)


def test_what_was_typed_and_stored_is_escaped(client):
    evil = "<script>alert(1)</script>"
    speaker = make_person(f"Ana {evil}", title=evil)
    make_release(
        title=f"A {evil} harbour", standfirst=f"{evil} harbour",
        body=quotation(speaker, "“&lt;script&gt;alert(1)&lt;/script&gt; harbour”"),
    )  # fmt: skip
    for show in SHOWN:
        for typed in ("harbour", evil, f'"{evil}', "alert"):
            answer = client.get("/releases/", {"q": typed, "show": show}).content.decode()
            assert "<script>alert" not in answer
            assert "<script>" not in answer.replace("<script type=", "")
    root = results(client, "script")
    assert titles(root) == [f"A {evil} harbour"]
    assert set(marked(root)) == {"script"}
    assert people(results(client, "script", "people")) == [f"Ana {evil}"]
    assert ("Release", f"A {evil} harbour") in suggested(client, "script")


def test_each_text_has_its_language_and_direction(client):
    speaker = make_person("Ana Brask", title="Director")
    make_release(title="إغلاق الميناء", language="ar", body=quotation(speaker, "«الميناء لنا.»"))
    make_release(title="港口关闭", language="zh-Hans", body="<p>维吾尔人的港口。</p>")
    arabic = results(client, "الميناء")
    (title,) = arabic.xpath("//main//h2")
    assert (title.get("lang"), title.get("dir")) == ("ar", "rtl")
    assert marked(arabic)
    (figure,) = results(client, "الميناء", "quotations").xpath("//main//figure")
    assert (figure.get("lang"), figure.get("dir")) == ("ar", "rtl")
    chinese = results(client, "港口")
    assert titles(chinese) == ["港口关闭"]
    assert chinese.xpath("//main//h2/@lang") == ["zh-Hans"]
    assert set(marked(chinese)) == {"港口"}
    assert marked(results(client, "维吾尔")) == ["维吾尔"]


# --- Nothing found -------------------------------------------------------------------------------


def test_a_wrong_letter_gets_a_link_to_what_was_meant(client, harbour):
    root = results(client, "harbuor ours", "quotations", topic="nothing")
    (link,) = root.xpath("//a[normalize-space()='harbour ours']")
    assert "Did you mean harbour ours?" in words(root)
    found = page(client, f"/releases/{link.get('href')}")
    assert len(quotations(found)) == 1
    assert "Did you mean" not in words(found)
    assert "Did you mean" not in words(results(client, "zzzzz"))
    # The word is right, but the filter leaves nothing of it.
    assert "Did you mean" not in words(results(client, "harbour", topic="nothing"))


@pytest.mark.parametrize("show", SHOWN)
@pytest.mark.parametrize(
    ("query", "sentence"),
    [("q=-harbour", "at least one word to find"), ("q=%22", "at least one letter or digit"),
     ("q=%F0%9F%98%80", "at least one letter or digit"),
     ("q=" + "harbour+" * 100, "The search is too long. Its end was ignored."),
     ("q=zzzzz", "Check the spelling, or search for fewer words.")],
)  # fmt: skip
def test_a_search_that_finds_nothing_says_why(client, harbour, show, query, sentence):
    root = page(client, f"/releases/?{query}&show={show}")
    assert sentence in words(root)
    assert bool(titles(root) + quotations(root) + people(root)) == ("too long" in sentence)


def test_an_empty_tab_says_what_to_do(client, harbour):
    root = results(client, "old", "quotations")
    assert "No quotations match. Other kinds of results match" in words(root)
    assert "No people match." in words(results(client, "old", "people"))
    root = results(client, "old", kind="nonsense")
    assert "No releases match. Clear the filters, or search for other words." in words(root)


@pytest.mark.parametrize(
    "more",
    ["sort=-day", "sort=relevance", "show=nonsense", "show=releases", "sort=", "show=",
     "sort=day&sort=x", "unknown=1"],
)  # fmt: skip
def test_a_wrong_order_or_tab_is_ignored(client, harbour, more):
    assert titles(page(client, f"/releases/?q=harbour&{more}")) == ["The old harbours", "Ships"]
    # Without a search, both are ignored.
    same = client.get("/releases/").content
    assert client.get("/releases/?show=people&sort=day").content == same


@pytest.mark.parametrize("typed", BAD.values(), ids=BAD)
def test_any_text_can_be_searched_for(client, harbour, typed):
    for show in SHOWN:
        for more in ("", "&sort=day", "&kind=statement&month=2026-13&from=x&to=9999-12-31"):
            path = f"/releases/?q={typed}&show={show}{more}"
            assert client.get(path).status_code == 200, path
    assert client.get(f"/releases/suggest/?q={typed}").status_code == 200


def test_no_text_of_the_list_of_naughty_strings_is_an_error(client, harbour):
    for number, typed in enumerate(STRINGS):
        show = SHOWN[number % len(SHOWN)]
        expected = {404} if "\x00" in typed else {200}
        for path in ("/releases/", "/releases/suggest/"):
            answer = client.get(path, {"q": typed, "show": show})
            assert answer.status_code in expected, typed


def test_a_nul_answers_like_an_unknown_address(client, harbour):
    for path in ("/releases/?q=a%00b&show=people", "/releases/suggest/?q=a%00b"):
        assert client.get(path).status_code == 404


def test_a_page_that_does_not_exist_is_not_found(client, harbour):
    for number in ("0", "2", "x", "-1", "9" * 30):
        assert client.get(f"/releases/?q=harbour&page={number}").status_code == 404


# --- Only what is public at this moment ----------------------------------------------------------


def everything(client, typed) -> list:
    """Return what the tabs and the suggestions show of a search."""
    return [
        titles(results(client, typed)), quotations(results(client, typed, "quotations")),
        people(results(client, typed, "people")), suggested(client, typed),
    ]  # fmt: skip


def test_publication_holds_and_withdrawals_take_effect_at_that_moment(client):
    chief, speaker = make_chief(), make_person("Ana Brask", title="Director")
    nothing = [[], [], [], []]
    release = make_release(
        "scheduled", title="Zebrafish", body=quotation(speaker, "“Zebrafish.”"), by=chief
    )
    shown = [["Zebrafish"], ["“Zebrafish.”"], [], [("Release", "Zebrafish")]]
    start = release.publish_at
    with time_machine.travel(start - timedelta(milliseconds=1), tick=False):
        assert everything(client, "zebrafish") == nothing
        assert "Did you mean" not in words(results(client, "zebrafich"))
    with time_machine.travel(start, tick=False):
        assert everything(client, "zebrafish") == shown
    with time_machine.travel(start + timedelta(hours=1), tick=False):
        release.refresh_from_db()
        workflow.hold(release, by=chief)
        assert everything(client, "zebrafish") == nothing
        release.refresh_from_db()
        workflow.end_hold(release, by=chief)
        assert everything(client, "zebrafish") == shown
        release.refresh_from_db()
        workflow.withdraw(release, by=chief, reason="A mistake.")
        assert everything(client, "zebrafish") == nothing


def test_a_speaker_is_shown_only_while_consent_and_level_allow_it(client):
    person = make_person("Teodor Brask", title="Engineer")
    make_release(title="Attributed", body=quotation(person, "“We are free.”"))
    day = timezone.localdate()
    person.consents.create(basis="subject", covers_name=True, given=day - timedelta(9), ends=day)
    assert everything(client, "teodor") == [
        ["Attributed"], ["“We are free.”"], ["Teodor Brask"], [("Person", "Teodor Brask")],
    ]  # fmt: skip
    with time_machine.travel(timezone.now() + timedelta(days=2)):
        assert everything(client, "teodor") == [[], [], [], []]
        root = results(client, "free", "quotations")
        assert quotations(root) == ["“We are free.”"]
        assert words(root.xpath("//main//figcaption")[0]).startswith("Name withheld Attributed")
        assert "Teodor" not in words(root)
        assert "Engineer" not in words(root)
    rows = models.QuerySet(Person).filter(pk=person.pk)
    rows.update(level=Level.NAMEABLE)
    said = results(client, "free", "quotations")
    assert words(said.xpath("//main//figcaption")[0]).startswith("Teodor Brask, Engineer")
    assert not said.xpath("//main//figcaption//a[contains(@href, '/people/')]")
    assert suggested(client, "teodor") == people(results(client, "teodor", "people")) == []
    rows.update(level=Level.STAFF)
    assert "Teodor" not in words(results(client, "free", "quotations"))


@pytest.mark.parametrize("state", HIDDEN)
def test_a_hidden_release_changes_no_answer(client, harbour, state):
    speaker = make_person("Ansa Verel")
    now = timezone.now()
    searches = [
        f"/releases/?q={typed}&show={show}&sort={sort}"
        for typed in ("harbour", "secretword", "secretwrod", "-harbour")
        for show in SHOWN
        for sort in ("", "day")
    ]
    searches += [f"/releases/suggest/?q={typed}" for typed in ("harb", "secret", "secretword")]
    with time_machine.travel(now, tick=False):
        before = {path: client.get(path).content for path in searches}
        topic = Topic.objects.create(name="Secretword")
        make_release(
            state, title="A harbour secretword", body=quotation(speaker, "“Secretword harbour.”"),
            topics=[topic], poster=make_picture(caption="A secretword"),
        )  # fmt: skip
        assert {path: client.get(path).content for path in searches} == before
    assert Release.objects.filter(title__contains="secretword").exists()


# --- Suggestions ---------------------------------------------------------------------------------


def test_suggestions_are_links_to_people_topics_and_releases(client, harbour):
    Topic.objects.create(name="Harbour police")  # no release has it
    harbour.topics.add(Topic.objects.create(name="Harbours"))
    answer = client.get("/releases/suggest/?q=harb")
    assert answer["Content-Type"] == "application/json"
    assert answer["Cache-Control"] == "no-cache"
    found = answer.json()["suggestions"]
    assert found == [
        {"kind": "Person", "text": "Bo Harbour", "url": "/people/bo-harbour/"},
        {"kind": "Topic", "text": "Harbours", "url": "/releases/?topic=harbours"},
        {"kind": "Release", "text": "The old harbours", "url": "/releases/the-old-harbours/"},
    ]
    for each in found:
        assert client.get(each["url"]).status_code == 200
    for _ in range(12):
        make_release(title="Harbour news")
    assert len(client.get("/releases/suggest/?q=harb").json()["suggestions"]) == 8


@pytest.mark.parametrize("typed", ["", " ", "h", " h ", "-", '"', "-harbour"])
def test_too_little_suggests_nothing(client, harbour, typed):
    assert suggested(client, typed) == []
    assert client.get("/releases/suggest/").json() == {"suggestions": []}


def test_one_letter_is_enough_in_a_script_without_spaces(client):
    make_release(title="港口关闭", language="zh-Hans")
    assert suggested(client, "港") == [("Release", "港口关闭")]


def test_no_release_takes_the_address_of_another_page():
    taken = set()
    for pattern in get_resolver().url_patterns:
        route = str(pattern.pattern)
        if found := re.fullmatch(r"releases/([^<>./]+)/", route):
            taken.add(found[1])
    assert taken == RESERVED_SLUGS
    for slug in RESERVED_SLUGS:
        assert make_release("draft", title=slug.title()).slug != slug
        typed = make_release("draft", title="Another", slug=slug)
        reasons = as_shown(blockers(typed, timezone.now()))
        assert any("The newsroom itself uses the address" in reason for reason in reasons)
    with pytest.raises(Resolver404):
        resolve("/releases/suggest")


def test_the_search_box_names_the_address_of_the_suggestions(client, harbour):
    for path in ("/", "/prisoners/", harbour.get_absolute_url()):
        (form,) = page(client, path).xpath("//form[@role='search' and @data-url]")
        assert form.get("data-url") == "/releases/suggest/"
        assert form.get("data-label") == "Suggestions"
        assert "{number}" in form.get("data-found")
        assert form.xpath(".//input/@role") == []  # it is a combobox only with the script


def test_the_engine_decides_the_order_and_the_number(client, harbour):
    for number in range(3):
        make_release(title=f"Harbour {number}", standfirst="x" * number)
    hits = search.releases(search.parse("harbour"), timezone.now())
    shown = results(client, "harbour").xpath("//main//li[@class='card']//h2/a/@href")
    rows = Release.objects.in_bulk(hits.pks)
    found = [rows[pk].get_absolute_url() for pk in hits.pks if rows[pk].language == "en"]
    assert shown == found

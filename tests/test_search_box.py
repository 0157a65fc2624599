"""The search box of the public pages, and the search in the archive and the feeds."""

from datetime import timedelta

import lxml.etree
import lxml.html
import pytest
from django.utils import timezone

from newsroom.formats import FEED_FORMATS
from releases.models import Release, Topic
from tests.make import HIDDEN, make_person, make_prisoner, make_release, quotation

pytestmark = pytest.mark.django_db


def page(client, path, reader=""):
    response = client.get(path, headers={"Accept-Language": reader} if reader else {})
    assert response.status_code == 200, path
    return lxml.html.document_fromstring(response.content)


def words(node) -> str:
    return " ".join(node.text_content().split())


def titles(root) -> list[str]:
    return [words(each) for each in root.xpath("//li[starts-with(@class, 'card')]//h2")]


@pytest.fixture
def harbour(db):
    """Two releases about a harbour, the first also in Arabic, and one about something else."""
    topic, now = Topic.objects.create(name="The sea"), timezone.now()
    english = make_release(
        title="The harbour is closed", topics=[topic], publish_at=now - timedelta(hours=3)
    )
    make_release(
        title="إغلاق الميناء", language="ar", translation_of=english, body="<p>harbour الميناء</p>"
    )
    make_release(
        title="Courts", body="<p>Near the old harbours.</p>", topics=[topic], kind="statement",
        publish_at=now - timedelta(hours=2),
    )  # fmt: skip
    make_release(title="Something else", topics=[topic])
    return english


@pytest.mark.parametrize(
    "typed",
    ["x" * 10_000, "%22", "%22%22", "-", "-x", "-%22a", ")+OR+(", "*", "a*", "%F0%9F%98%80",
     "%ED%A0%80", "%FF%FE", "%27;--", "+", "a%0Ab", "%22a b", "NEAR(a b)", "a" + "+b" * 500,
     "%E2%80%9Ca", "title:a", "a%26b", "%5C", "&q=b", "%25", "_", "%D8%A7"],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/releases/", "/releases/feed.atom", "/releases/feed.json"])
def test_any_text_can_be_searched_for(client, harbour, path, typed):
    assert client.get(f"{path}?q={typed}").status_code == 200
    assert client.get(f"{path}?q={typed}&kind=statement&month=2026-01").status_code == 200


def test_a_nul_answers_like_an_unknown_address(client, harbour):
    assert client.get("/releases/?q=a%00b").status_code == 404


def test_the_box_is_on_every_public_page_with_a_label_and_keeps_the_text(client, harbour):
    paths = ["/", "/releases/", "/people/", "/prisoners/", harbour.get_absolute_url()]
    paths += [make_prisoner().get_absolute_url(), "/prisoners/?country=CN"]
    for path in paths:
        root = page(client, path)
        (form,) = root.xpath("//header//form[@role='search']")
        (field,) = form.xpath(".//input")
        (label,) = form.xpath(f".//label[@for='{field.get('id')}']")
        assert words(label) == "Search releases"
        assert (form.get("action"), field.get("name"), field.value) == ("/releases/", "q", "")
        assert form.get("method", "get") == "get"
    (field,) = page(client, "/releases/?q=%22the+harbour%22").xpath("//header//input")
    assert field.value == '"the harbour"'
    missing = client.get("/releases/no-such-release/").content.decode()
    assert 'name="q"' in missing


def test_a_search_finds_releases_the_best_first(client, harbour):
    root = page(client, "/releases/?q=harbour")
    assert titles(root) == ["The harbour is closed", "Courts"]
    assert "2 releases" in words(root)
    assert titles(page(client, "/releases/?q=harbour+-closed")) == ["إغلاق الميناء", "Courts"]
    assert titles(page(client, "/releases/?q=nowhere")) == []
    assert "Clear all filters" not in words(page(client, "/releases/?q=nowhere"))


def test_a_translation_that_is_found_too_is_the_same_entry(client, harbour):
    assert titles(page(client, "/releases/?q=harbour", "ar")) == ["إغلاق الميناء", "Courts"]
    assert titles(page(client, "/releases/?q=الميناء", "en")) == ["إغلاق الميناء"]
    for reader in ("", "ar"):
        root = page(client, "/releases/?q=harbour", reader)
        for link in root.xpath("//nav[@id='filters']//a"):
            found = titles(page(client, link.get("href"), reader))
            assert len(found) == int(words(link.find("span"))), link.get("href")


def test_filters_pages_and_feeds_keep_the_search(client, harbour):
    root = page(client, "/releases/?q=harbour&topic=the-sea")
    links = root.xpath("//nav[@id='filters']//a/@href")
    assert links
    assert [link for link in links if "q=harbour" not in link] == []
    (clear,) = set(root.xpath("//a[.='Clear all filters']/@href"))
    assert clear == "/releases/?q=harbour"
    (feed,) = root.xpath("//a[.='Subscribe to this feed']/@href")
    assert feed == "/releases/feed.atom?q=harbour&topic=the-sea"
    entries = lxml.etree.fromstring(client.get(feed).content).findall("{*}entry/{*}title")
    assert [title.text for title in entries] == ["Courts", "The harbour is closed"]
    assert root.xpath("//meta[@name='robots']/@content") == ["noindex, follow"]
    for _ in range(25):
        make_release(title="Harbour news")
    first = page(client, "/releases/?q=harbour")
    (older,) = first.xpath("//a[@rel='next']/@href")
    assert older == "?q=harbour&page=2"
    assert len(titles(first)) == 20
    assert len(titles(page(client, f"/releases/{older}"))) == 7


def test_every_feed_takes_the_search_and_the_filters(client, harbour):
    day = Release.objects.get(title="Courts").day
    for each in FEED_FORMATS:
        feed = client.get(f"/releases/{each.file}?q=harbour&kind=statement").content.decode()
        assert "Courts" in feed
        assert "The harbour is closed" not in feed
        for dates in (f"month={day:%Y-%m}", f"from={day.year}-01-01", f"to={day.year}-12-31"):
            answer = client.get(f"/releases/{each.file}?q=courts&{dates}").content.decode()
            assert "Courts" in answer, dates
        for dates in ("month=2001-01", "to=2001-01-01", f"from={day.year + 2}-01-01"):
            answer = client.get(f"/releases/{each.file}?q=courts&{dates}").content.decode()
            assert "Courts" not in answer, dates


@pytest.mark.parametrize("state", HIDDEN)
def test_a_search_answers_as_if_a_hidden_release_did_not_exist(client, harbour, state):
    speaker = make_person("Ansa Verel")
    paths = ["/releases/?q=harbour", "/releases/?q=secretword", "/releases/?q=-harbour"]
    before = [client.get(path).content for path in paths]
    make_release(state, title="A harbour secretword", body=quotation(speaker, "“Secretword.”"))
    assert [client.get(path).content for path in paths] == before
    assert Release.objects.filter(title__contains="secretword").exists()


def test_a_search_for_nothing_but_exclusions_says_so(client, harbour):
    assert "at least one word to find" in words(page(client, "/releases/?q=-harbour"))
    assert "Its end was ignored" in words(page(client, "/releases/?q=" + "harbour+" * 100))

"""The public pages, for journalists and for programs."""

import json
import re
from datetime import timedelta

import lxml.etree
import lxml.html
import pytest
import time_machine
from django.apps import apps
from django.db import models
from django.template.loader import render_to_string
from django.utils import timezone

from desk.imports.storing import CREATE, import_draft
from importing import understand
from people.models import Case, Role
from releases import workflow
from releases.models import Contact, Correction, Release, Topic
from tests.make import (
    DATA,
    REAL_RELEASE,
    headers_of,
    make_chief,
    make_person,
    make_picture,
    make_prisoner,
    make_release,
    mark,
    quotation,
)

pytestmark = pytest.mark.django_db


def page(client, path, status=200):
    response = client.get(path)
    assert response.status_code == status
    return lxml.html.document_fromstring(response.content)


def words(node) -> str:
    return " ".join(node.text_content().split())


def titles(root) -> list[str]:
    return [words(node) for node in root.xpath("//li[starts-with(@class, 'card')]//a")]


# --- The real release --------------------------------------------------------------------------


@pytest.fixture
def real(db):
    """A real release, imported and published, with its people confirmed."""
    understood = understand(REAL_RELEASE.read_bytes(), REAL_RELEASE.name)
    people = {person.name: CREATE for person in understood.people}
    chief = make_chief()
    release = import_draft(understood, by=chief, people=people)
    for mention in release.mentions.all():
        mention.person.level, mention.person.level_basis = 3, "Named in the release."
        mention.person.save()
    release.poster = None
    text, heading, background = release.body.rpartition("<h2>")
    release.body = f'{text}<section data-kind="background">{heading}{background}</section>'
    release.save()
    return workflow.publish(release, by=chief)


def test_a_real_release_is_printed_correctly(client, real):
    root = page(client, real.get_absolute_url())
    assert words(root.find(".//h1")) == real.title
    (pull,) = root.xpath("//figure[@class='pull-quote']")
    assert words(pull).startswith("This is an opportunity to show that the UK will not allow China")
    assert words(pull).endswith("Felix Jakens, Amnesty’s UK Head of Campaigns")
    (quoted,) = root.xpath("//figure[@class='quotation']")
    paragraphs = [words(p) for p in quoted.xpath(".//blockquote/p")]
    assert len(paragraphs) == 7
    assert paragraphs[3].startswith("“We need to hear a public and strong condemnation")
    assert "‘Wild West’-style" in paragraphs[3]
    assert "Felix Jakens, Amnesty’s UK Head of Campaigns" in words(quoted.find(".//figcaption"))
    (background,) = root.xpath("//section[@class='background']")
    assert words(background.find(".//h2")) == "Long arm of Chinese state repression"
    assert len(background.xpath(".//p")) == 3
    text = words(root)
    for name in ["Jimmy Lai", "Chow Hang-tung", "Ding Jiaxi", "Ilham Tohti"]:
        assert root.xpath(f"//a[@class='person'][normalize-space()='{name}']")
        assert name in text
    assert "Press release" in words(root.xpath("//p[contains(@class, 'meta')]")[0])


def test_the_page_of_a_spokesperson_has_every_quotation_with_its_release(client, real):
    root = page(client, "/people/felix-jakens/")
    (quoted,) = root.xpath("//figure[@class='quotation']")
    assert len(quoted.xpath(".//blockquote/p")) == 7
    assert "Felix Jakens, Amnesty’s UK Head of Campaigns" in words(quoted)
    assert quoted.xpath(f".//a[starts-with(@href, '{real.get_absolute_url()}')]")


# --- Lists and filters -------------------------------------------------------------------------


@pytest.fixture
def archive(db):
    """Five releases that differ in every filter."""
    ann, topic = make_person("Ann Verel"), Topic.objects.create(name="Open courts")
    now = timezone.now()
    at = {"publish_at": now - timedelta(days=400)}
    make_release(title="Statement", kind="statement")
    make_release(title="On courts", topics=[topic])
    make_release(title="On Iceland", countries=["IS", "GB"])
    make_release(title="Names Ann", body=f"<p>{mark(ann)}</p>")
    make_release(title="In Welsh", language="cy", at=now - timedelta(days=399), **at)
    return now.year


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("kind=statement", {"Statement"}),
        ("topic=open-courts", {"On courts"}),
        ("country=IS", {"On Iceland"}),
        ("country=is", {"On Iceland"}),
        ("person=ann-verel", {"Names Ann"}),
        ("language=cy", {"In Welsh"}),
        ("kind=press_release&country=GB", {"On Iceland"}),
        ("kind=statement&country=GB", set()),
        ("year={last}", {"In Welsh"}),
        ("year={year}&language=cy", set()),
        ("month={month}", {"In Welsh"}),
        ("month={month}&year={last}", {"In Welsh"}),
        ("month={month}&year={year}", set()),
        ("month={month}&kind=statement", set()),
        ("from={last}-01-01&to={last}-12-31", {"In Welsh"}),
        ("to={last}-12-31", {"In Welsh"}),
        ("from={year}-01-01&language=cy", set()),
    ],
)
def test_the_archive_and_the_feed_have_the_same_filters(client, archive, query, found):
    then = timezone.now() - timedelta(days=400)
    in_welsh = timezone.localtime(then)
    query = query.format(year=archive, last=then.year, month=f"{in_welsh:%Y-%m}")
    assert set(titles(page(client, f"/releases/?{query}"))) == found
    feed = lxml.etree.fromstring(client.get(f"/releases/feed.atom?{query}").content)
    assert {title.text for title in feed.findall("{*}entry/{*}title")} == found


def test_a_filter_shows_its_number_of_releases_and_clears_itself(client, archive):
    root = page(client, "/releases/?kind=statement")
    assert "1 release matches these filters" in words(root)
    (chosen,) = root.xpath("//nav[@id='filters']//a[@aria-current]")
    assert words(chosen).startswith("Statement")
    assert chosen.get("href") == "/releases/"


@pytest.mark.parametrize(
    "query",
    ["kind=nonsense", "topic=no-such", "country=..%2F..", "country=G", "country=,", "person=nobody",
     "language=xx-yy",
     "year=99999999999999", "year=0", "year=-1", "year=٢٠٢٤x", "from=0000-00-00", "to=9999-99-99",
     "month=2024-13", "month=2024-00", "month=2024", "month=9999-12", "month=0001-01",
     "month=2024-1", "month=٢٠٢٤-٠١", "month=2024-01-01", "month=-", "month=2024-01%0A",
     "from=2024-13-01", "kind=" + "x" * 5000, "topic=%F0%9F", "person=%ED%A0%80"],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/releases/", "/releases/feed.atom"])
def test_a_filter_with_an_unknown_value_finds_nothing(client, archive, path, query):
    response = client.get(f"{path}?{query}")
    assert response.status_code == 200
    # A date in the far future is valid; one that does not exist finds nothing.
    found = response.content.count(b"<entry") + response.content.count(b'class="card')
    assert found == 0 or query == "to=9999-99-99"


@pytest.mark.parametrize("zone", ["America/New_York", "Pacific/Auckland"])
def test_the_first_and_last_dates_are_valid_in_every_zone(client, archive, settings, zone):
    settings.TIME_ZONE = zone
    ends = ["0001-01-01", "9999-12-31"]
    for query in [f"{name}={end}" for name in ("from", "to") for end in ends]:
        assert client.get(f"/releases/?{query}").status_code == 200
    for year in ("9999", "1900", "0001"):
        assert not titles(page(client, f"/releases/?year={year}"))


@pytest.mark.parametrize(
    "path",
    ["/releases/%00/", "/people/%00/", "/releases/" + "x" * 3000 + "/", "/people/%ED%A0%80/",
     "/releases/?page=0", "/releases/?page=99", "/releases/?page=%00", "/releases/?page=x",
     "/releases/?topic=%00", "/releases/feed.atom?person=a%00b", "/media/x/poster.jpg",
     "/media/00000000-0000-0000-0000-000000000000/%00.jpg", "/nowhere"],
)  # fmt: skip
def test_every_unknown_address_shows_the_same_page(client, archive, path):
    response = client.get(path)
    assert response.status_code == 404
    assert response.content == client.get("/releases/no-such-release/").content


def test_the_archive_is_paged_and_keeps_its_filters(client):
    topic = Topic.objects.create(name="Courts")
    for _ in range(25):
        make_release(topics=[topic])
    first = page(client, "/releases/?topic=courts")
    assert len(titles(first)) == 20
    (older,) = first.xpath("//a[@rel='next']")
    second = page(client, "/releases/" + older.get("href"))
    assert len(titles(second)) == 5
    assert not set(titles(first)) & set(titles(second))
    assert second.xpath("//link[@rel='canonical']")[0].get("href").endswith("topic=courts&page=2")


def test_releases_of_the_same_second_keep_their_order_from_page_to_page(client):
    """Without an order, PostgreSQL returns an updated row last."""
    with time_machine.travel(timezone.now(), tick=False):
        releases = [make_release() for _ in range(25)]
        before = [titles(page(client, f"/releases/?page={number}")) for number in (1, 2)]
        for release in releases[::2]:
            models.QuerySet(Release).filter(pk=release.pk).update(dateline_place="London")
        after = [titles(page(client, f"/releases/?page={number}")) for number in (1, 2)]
    assert before == after
    assert len({*after[0], *after[1]}) == 25


def test_every_list_has_a_complete_order():
    ours = ("accounts", "assets", "people", "releases")
    for model in apps.get_models():
        ordering = model._meta.ordering
        if model._meta.app_label in ours and ordering:
            last = str(ordering[-1]).lstrip("-")
            within_one_parent = last == "position"
            is_unique = last in ("pk", "history_id") or model._meta.get_field(last).unique
            assert is_unique or within_one_parent, f"{model.__name__} is ordered by {ordering}"


# --- People ------------------------------------------------------------------------------------


def test_the_page_of_a_prisoner_has_the_dated_status_the_call_and_the_releases(client):
    person = make_prisoner("Teodor Brask")
    case = Case.objects.get()
    case.as_of = timezone.localdate() - timedelta(days=90)
    case.summary, case.source = "Arrested at his desk.", "His family."
    case.save()
    person.names.create(text="Теодор Браск", language="ru", printed=True)
    named = make_release(title="Names him", body=f"<p>{mark(person)}</p>")
    make_release("scheduled", title="Hidden", body=f"<p>{mark(person)}</p>")
    root = page(client, person.get_absolute_url())
    assert "Imprisoned after conviction" in words(root)
    assert f"as of {case.as_of:%-d %B %Y}" in words(root)
    assert "Release him now." in words(root)
    assert root.xpath("//bdi[@lang='ru']")[0].text == "Теодор Браск"
    assert titles(root) == [named.title]
    assert "Teodor Brask" in words(page(client, "/prisoners/"))


def test_the_spokespeople_of_today_are_listed_by_name(client):
    today = timezone.localdate()
    make_person("Zoe Now", title="Director", speaks=True, sort_name="Now, Zoe")
    make_person("Ann Also", title="Deputy", speaks=True, sort_name="Also, Ann")
    make_person("Some Minister", title="Minister")
    former = make_person("Ben Former")
    Role.objects.create(
        person=former, title="Director", speaks_for_us=True, end=today - timedelta(days=1)
    )
    root = page(client, "/people/")
    assert [words(h2) for h2 in root.xpath("//ul[@class='roll']//h2")] == ["Ann Also", "Zoe Now"]


# --- One release -------------------------------------------------------------------------------


def test_a_release_has_structured_data(client):
    speaker, hidden = make_person("Ann Verel", title="Director"), make_person("Ben", level=2)
    release = make_release(
        title="A </script> in a title", standfirst="What it is about.", dateline_place="London",
        poster=make_picture(caption="A field", credit_line="Nobody"), countries=["GB"],
        body=f"<p>{mark(hidden)}</p>{quotation(speaker, '“Yes.”')}",
        topics=[Topic.objects.create(name="Courts")],
    )  # fmt: skip
    Correction.objects.create(release=release, text="It was so.", by=make_chief())
    root = page(client, release.get_absolute_url())
    data = json.loads(root.xpath("//script[@type='application/ld+json']")[0].text)
    assert data["@type"] == "NewsArticle"
    assert data["headline"] == "A </script> in a title"
    assert data["datePublished"] == release.publish_at.isoformat()
    assert data["dateModified"] > data["datePublished"]
    assert data["inLanguage"] == "en"
    assert data["author"] == data["publisher"]
    assert (data["publisher"]["name"], data["publisher"]["url"]) == (
        "The Newsroom", "http://testserver/"
    )  # fmt: skip
    assert data["@id"] == f"urn:uuid:{release.pk}"
    assert [person["name"] for person in data["mentions"]] == ["Ann Verel"]
    assert data["hasPart"][0]["spokenByCharacter"]["jobTitle"] == "Director"
    assert data["correction"][0]["text"] == "It was so."
    assert data["image"]["creditText"] == "Nobody"
    meta = {node.get("property"): node.get("content") for node in root.xpath("//meta[@property]")}
    assert meta["og:title"] == release.title
    assert meta["og:url"] == data["url"] == root.xpath("//link[@rel='canonical']/@href")[0]
    share = client.get(meta["og:image"].removeprefix("http://testserver"))
    assert b"".join(share.streaming_content)[:2] == b"\xff\xd8"


def test_a_release_in_arabic_states_its_language_and_direction(client):
    english = make_release()
    arabic = make_release(language="ar", title="بيان", translation_of=english)
    root = page(client, arabic.get_absolute_url())
    assert (root.get("lang"), root.get("dir")) == ("ar", "rtl")
    assert root.xpath(f"//a[@href='{english.get_absolute_url()}'][@hreflang='en']")
    (card,) = page(client, "/releases/?language=ar").xpath("//h2[@lang='ar'][@dir='rtl']")
    assert words(card) == "بيان"


def test_times_have_a_zone_and_days_have_none(client, settings):
    settings.TIME_ZONE = "Europe/London"
    moment = timezone.make_aware(timezone.datetime(2024, 7, 1, 9, 30))
    release = make_release("in_review")
    release = workflow.approve(release, by=make_chief(), publish_at=moment, backdated=True)
    assert "1 July 2024, 09:30 BST" in words(page(client, release.get_absolute_url()))
    day = timezone.make_aware(timezone.datetime(2024, 7, 1))
    other = workflow.approve(
        make_release("in_review"), by=make_chief(), publish_at=day, backdated=True
    )
    root = page(client, other.get_absolute_url())
    assert "1 July 2024" in words(root)
    assert "00:00" not in words(root)
    data = json.loads(root.xpath("//script[@type='application/ld+json']")[0].text)
    assert data["datePublished"] == "2024-07-01"


def test_contacts_topics_and_places_are_beside_the_text(client):
    release = make_release(countries=["GB"], topics=[Topic.objects.create(name="Courts")])
    release.contacts.add(Contact.objects.create(name="Press desk", phone="+44 20 7946 0912"))
    root = page(client, release.get_absolute_url())
    assert root.xpath("//a[@href='tel:+442079460912']")
    assert root.xpath("//aside//a[@href='/releases/?topic=courts']")
    assert root.xpath("//aside//a[@href='/releases/?country=GB']")


def test_a_withdrawn_release_shows_the_reason_and_nothing_else(client):
    release = make_release(title="Taken back", body="<p>Wrong words.</p>")
    workflow.withdraw(release, by=make_chief(), reason="A source was in danger.")
    root = page(client, release.get_absolute_url(), status=410)
    assert "A source was in danger." in words(root)
    assert "Taken back" not in words(root)
    assert "noindex" in root.xpath("//meta[@name='robots']/@content")[0]


def test_a_former_address_redirects_while_the_release_is_public(client):
    release, chief = make_release(title="Old title"), make_chief()
    old = release.get_absolute_url()
    release.slug = "new-address"
    release = workflow.correct(release, by=chief, text="")
    response = client.get(old)
    assert (response.status_code, response["Location"]) == (301, "/releases/new-address/")
    workflow.withdraw(release, by=chief, reason="Wrong.")
    assert client.get(old).status_code == 404


def test_an_unchanged_page_is_not_sent_again(client):
    release = make_release()
    tags = {}
    for path in [release.get_absolute_url(), "/", "/releases/", "/releases/feed.atom"]:
        tags[path] = {"If-None-Match": client.get(path)["ETag"]}
        again = client.get(path, headers=tags[path])
        assert (again.status_code, again.content) == (304, b"")
    release.body = "<p>Changed.</p>"
    workflow.correct(release, by=make_chief(), text="It changed.")
    for path in tags:
        assert client.get(path, headers=tags[path]).status_code == 200, path


PAGES = ["/", "/releases/", "/sitemap-releases.xml"]


def test_conditional_requests_see_a_release_when_its_embargo_ends(client):
    embargo_ends = timezone.now() + timedelta(hours=1)
    make_release("scheduled", title="Lifted", publish_at=embargo_ends)
    tags = {path: client.get(path)["ETag"] for path in PAGES}
    for moment, status in [(embargo_ends - timedelta(seconds=1), 304), (embargo_ends, 200)]:
        with time_machine.travel(moment, tick=False):
            for path, tag in tags.items():
                assert client.get(path, headers={"If-None-Match": tag}).status_code == status


@pytest.mark.parametrize("path", ["/", "/releases/no-such-release/", "/preview/x/release.txt"])
def test_a_request_of_another_kind_gets_a_page_that_links_back(client, path):
    answer = client.options(path)
    assert (answer.status_code, answer["Allow"]) == (405, "GET, HEAD")
    page = answer.content.decode()
    assert "Nothing was changed." in page
    assert 'href="/releases/"' in page
    assert answer.content == client.options("/people/").content


def test_public_pages_accept_only_get_and_head(client):
    release = make_release()
    for path in ["/", "/releases/", release.get_absolute_url(), "/people/", "/releases/feed.atom"]:
        assert client.post(path).status_code == 405
        head, get = client.head(path), client.get(path)
        assert (head.status_code, head.content) == (200, b"")
        # Only GET has an ETag, which is a digest of the body.
        promised = {name: words for name, words in headers_of(get) if name != "ETag"}
        assert dict(headers_of(head)) == promised | {"Content-Length": head["Content-Length"]}


def test_every_answer_has_security_headers(client):
    release = make_release(poster=make_picture())
    response = client.get(release.get_absolute_url())
    policy = dict(
        directive.strip().split(" ", 1)
        for directive in response["Content-Security-Policy"].split(";")
    )
    nothing = ["default-src", "base-uri", "frame-ancestors"]
    ours = ["script-src", "style-src", "img-src", "font-src", "connect-src", "form-action"]
    assert policy == dict.fromkeys(nothing, "'none'") | dict.fromkeys(ours, "'self'")
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["X-Frame-Options"] == "DENY"
    assert response["Referrer-Policy"] == "same-origin"
    assert not response.cookies


def test_the_cookies_of_an_editor_are_for_the_desk_only(client, publisher):
    publisher.set_password("correct horse battery")
    publisher.save()
    client.get("/admin/login/")
    typed = {"username": publisher.username, "password": "correct horse battery"}
    assert client.post("/admin/login/?next=/admin/", typed).status_code == 302
    assert client.cookies.keys() == {"sessionid", "csrftoken", "browser"}
    for cookie in client.cookies.values():
        assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == ("/admin/", True, "Lax")


def test_every_answer_restricts_browser_features_and_other_sites(client):
    """Other sites may embed pictures and feeds, but not the desk and previews."""
    picture = make_picture()
    release = make_release(poster=picture)
    page = release.get_absolute_url()
    public = ["/", "/nothing/", "/releases/feed.rss", page, f"{page}card.jpg"]
    public.append(picture.public_url("press", "jpg"))
    private = ["/admin/login/", "/preview/nobody/"]
    for path in [*public, *private]:
        response = client.get(path)
        features = response["Permissions-Policy"].split(", ")
        assert {"camera=()", "microphone=()", "geolocation=()", "payment=()"} <= {*features}
        wanted = "same-origin" if path in private else "cross-origin"
        assert response["Cross-Origin-Resource-Policy"] == wanted, path
        assert response["Cross-Origin-Opener-Policy"] == "same-origin", path
        assert b"".join(response)  # reading the last byte closes the file


# --- For programs ------------------------------------------------------------------------------


def test_the_feed_is_valid_atom_and_newest_first(client):
    schema = lxml.etree.RelaxNG(lxml.etree.parse(DATA / "schemas" / "atom.rng"))
    old = make_release(
        title="Old & <b>bold</b>", language="ar", publish_at=timezone.now() - timedelta(days=2)
    )
    new = make_release(title="New")
    Correction.objects.create(release=old, text="x", by=make_chief())
    response = client.get("/releases/feed.atom")
    assert response["Content-Type"].startswith("application/atom+xml")
    feed = lxml.etree.fromstring(response.content)
    schema.assertValid(feed)
    entries = feed.findall("{*}entry")
    assert [entry.findtext("{*}title") for entry in entries] == [new.title, old.title]
    assert entries[1].findtext("{*}updated") > entries[1].findtext("{*}published")
    assert entries[1].get("{http://www.w3.org/XML/1998/namespace}lang") == "ar"
    assert entries[0].findtext("{*}id") == f"urn:uuid:{new.pk}"
    schema.assertValid(
        lxml.etree.fromstring(client.get("/releases/feed.atom?kind=comment").content)
    )


def test_a_feed_without_news_does_not_change(client):
    """A conditional request is answered 304, also before the first entry."""
    empty = client.get("/releases/feed.atom")
    tag = {"If-None-Match": empty["ETag"]}
    with time_machine.travel(timezone.now() + timedelta(minutes=1), tick=False):
        make_release("scheduled")
        assert client.get("/releases/feed.atom", headers=tag).status_code == 304
        make_release("withdrawn")
        news = client.get("/releases/feed.atom", headers=tag)
    assert news.status_code == 200
    before, after = (lxml.etree.fromstring(answer.content) for answer in (empty, news))
    # A withdrawal adds only its notice; only an entry changes the time of the feed.
    assert after.findtext("{*}updated") == before.findtext("{*}updated")
    assert (len(after.findall("{*}deleted-entry")), after.findall("{*}entry")) == (1, [])


@pytest.mark.parametrize(
    ("character", "read", "in_long_text"),
    [
        *[("\x0b", " ", "\n"), ("\x08", "", ""), ("\x1f", " ", " ")],
        *[("\ufffe", "", ""), ("\uffff", "", "")],
    ],
)
def test_a_character_that_xml_forbids_does_not_break_the_feed(
    client, character, read, in_long_text
):
    """Word writes a line break in a paragraph as U+000B, and a form field accepts it."""
    topic = Topic.objects.create(name=f"Open{character}courts")
    make_release(title=f"Free{character}her", standfirst=f"She{character}waits.", topics=[topic])
    feed = lxml.etree.fromstring(client.get("/releases/feed.atom").content)
    assert feed.findtext("{*}entry/{*}title") == f"Free{read}her"
    assert feed.findtext("{*}entry/{*}summary") == f"She{in_long_text}waits."
    assert f"Open{read}courts" in [
        node.get("term") for node in feed.findall("{*}entry/{*}category")
    ]
    lxml.etree.fromstring(client.get("/sitemap-releases.xml").content)


def test_the_sitemap_is_valid_and_lists_every_public_page(client):
    schema = lxml.etree.XMLSchema(lxml.etree.parse(DATA / "schemas" / "sitemap.xsd"))
    release, person = make_release(language="zh-Hans", title="释放他"), make_person("Ann Verel")
    make_person("Ben Known", level=2)
    index = lxml.etree.fromstring(client.get("/sitemap.xml").content)
    assert index.tag == "{http://www.sitemaps.org/schemas/sitemap/0.9}sitemapindex"
    found = []
    for file in index.iter("{*}loc"):
        part = lxml.etree.fromstring(client.get(file.text).content)
        schema.assertValid(part)
        found += [loc.text.removeprefix("http://testserver") for loc in part.iter("{*}loc")]
    assert found == ["/", "/releases/", "/people/", "/prisoners/", person.get_absolute_url(),
                     release.get_absolute_url()]  # fmt: skip
    assert "Sitemap: http://testserver/sitemap.xml" in client.get("/robots.txt").content.decode()


def test_every_page_of_an_empty_newsroom_is_shown(client):
    for path in ["/", "/releases/", "/people/", "/prisoners/", "/releases/feed.atom",
                 "/sitemap.xml", "/robots.txt"]:  # fmt: skip
        assert client.get(path).status_code == 200
    assert "Nothing has been published yet." in words(page(client, "/"))


def test_the_error_page_needs_no_database(client, django_assert_num_queries, monkeypatch):
    client.raise_request_exception = False
    monkeypatch.setattr("newsroom.views.listed", lambda at: 1 / 0)
    with django_assert_num_queries(0):
        response = client.get("/")
    assert response.status_code == 500
    assert "Something went wrong on our side" in response.content.decode()
    assert "ZeroDivisionError" not in response.content.decode()
    assert render_to_string("500.html")


def test_pages_link_only_to_pages_that_exist(client):
    speaker, picture = make_person(title="Director", speaks=True), make_picture()
    make_prisoner()
    make_release(
        poster=picture, topics=[Topic.objects.create(name="Courts")], countries=["GB"],
        body=f'{quotation(speaker)}<figure data-asset="{picture.pk}"></figure>',
    )  # fmt: skip
    seen, queue = set(), ["/"]
    while queue:
        path = queue.pop()
        if path in seen or not path.startswith("/") or path.startswith("/static/"):
            continue
        seen.add(path)
        response = client.get(path)
        body = b"".join(response) if response.streaming else response.content
        assert response.status_code == 200, path
        if "html" in response["Content-Type"]:
            for address in re.findall(r'(?:href|src)="([^"#]+)', body.decode()):
                queue.append(address.replace("&amp;", "&").removeprefix("http://testserver"))
    assert len(seen) > 15
    assert Release.objects.get().get_absolute_url() in seen


def test_a_short_page_is_compressed_always_or_never(client):
    """Django adds random padding, which must not decide whether a short page is compressed."""
    make_person(title="Director", speaks=True)
    path, packed = "/sitemap-people.xml", {"Accept-Encoding": "gzip"}
    seen = {client.get(path, headers=packed).headers.get("Content-Encoding") for _ in range(40)}
    assert len(seen) == 1


def test_a_summary_keeps_superscript_digits_and_struck_out_text(client):
    """Pages and feeds print 10⁶ as 10⁶, not as 106."""
    release = make_release(
        body="<h2>A heading</h2><p>We count 10<sup>6</sup> people and do <s>not</s> stop.</p>"
    )
    words = "We count 10⁶ people and do ~~not~~ stop."
    for path in (release.get_absolute_url(), "/", "/releases/", "/releases/feed.json"):
        assert words in client.get(path).content.decode(), path


def test_a_list_also_shortens_a_text_without_spaces(client):
    make_release(language="th", body=f"<p>{'ข้อความยาวมาก' * 60}</p>")
    card = client.get("/releases/").content.decode()
    assert "ข้อความ" in card
    assert "ข้อความยาวมาก" * 30 not in card

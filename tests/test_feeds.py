"""Atom, RSS and JSON Feed: the same releases in full, page by page, filtered like the archive."""

import json
import re
from datetime import timedelta

import lxml.html
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from lxml import etree

from newsroom import feeds
from releases import workflow
from releases.document import reading
from releases.models import Topic
from tests import validators
from tests.make import (
    make_chief,
    make_document,
    make_person,
    make_picture,
    make_release,
    mark,
    quotation,
)

pytestmark = pytest.mark.django_db

PAGE_SIZE = 3
FORMS = ["atom", "json", "rss"]
ORIGIN = "http://testserver"
ATOM = "{http://www.w3.org/2005/Atom}"
DC = "{http://purl.org/dc/elements/1.1/}"


class Feed:
    """One page of a feed, validated in its format, as a feed reader gets it."""

    def __init__(self, client, form, query="") -> None:
        path = f"/releases/feed.{form}" + (f"?{query}" if query else "")
        response = client.get(path)
        assert response.status_code == 200, path
        self.response, self.content = response, response.content
        if form == "json":
            validators.json_feed(data := json.loads(self.content))
            self.links = {"next": data.get("next_url"), "self": data["feed_url"]}
            self.titles = [item["title"] for item in data["items"]]
            self.ids = [item["id"] for item in data["items"]]
            self.texts = [item.get("content_html", "") for item in data["items"]]
            self.languages = [item.get("language") for item in data["items"]]
            return
        if form == "atom":
            validators.atom(self.content)
            root, item, link = etree.fromstring(self.content), f"{ATOM}entry", f"{ATOM}link"
            title, key, text = f"{ATOM}title", f"{ATOM}id", f"{ATOM}content"
            xml_lang = "{http://www.w3.org/XML/1998/namespace}lang"
            self.languages = [one.get(xml_lang) for one in root.findall(item)]
        else:
            validators.rss(self.content, ORIGIN + path)
            root, item, link = etree.fromstring(self.content)[0], "item", f"{ATOM}link"
            title, key, text = "title", "guid", validators.CONTENT
            self.languages = [one.findtext(f"{DC}language") for one in root.findall(item)]
        self.links = {node.get("rel"): node.get("href") for node in root.findall(link)}
        items = root.findall(item)
        self.titles, self.ids, self.texts = (
            [one.findtext(name) or "" for one in items] for name in (title, key, text)
        )


@pytest.fixture
def many(monkeypatch):
    """Three pages of a few releases each, newest first."""
    monkeypatch.setattr("newsroom.paging.PAGE_SIZE", PAGE_SIZE)
    chief, now = make_chief(), timezone.now()
    return [
        make_release(title=f"Number {n:02}", by=chief, publish_at=now - timedelta(hours=n + 1))
        for n in range(2 * PAGE_SIZE + 1)
    ]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "query", ["page=0", "page=4", "page=-1", "page=x", "page=last", "page=1e9", "page=" + "9" * 99]
)
def test_a_page_that_does_not_exist_answers_404(client, many, form, query):
    assert client.get(f"/releases/feed.{form}?{query}").status_code == 404


@pytest.mark.parametrize("form", FORMS)
def test_the_pages_of_a_feed_have_every_release_once(client, many, form):
    """These are the paged feeds of RFC 5005; JSON Feed has `next_url`."""
    found, query, asked = [], "", []
    while True:
        feed = Feed(client, form, query)
        asked.append(query)
        found += feed.titles
        assert feed.links["self"].endswith(query or f"feed.{form}")
        if not feed.links.get("next"):
            break
        query = feed.links["next"].partition("?")[2]
    assert asked == ["", "page=2", "page=3"]
    assert found == [release.title for release in many]


@pytest.mark.parametrize("form", ["atom", "rss"])
def test_each_page_of_a_feed_links_to_the_others(client, many, form):
    base = f"{ORIGIN}/releases/feed.{form}?kind=press_release"
    links = Feed(client, form, "kind=press_release&page=2").links
    assert links.pop("alternate", f"{ORIGIN}/releases/?kind=press_release").endswith("release")
    assert links == {
        "self": f"{base}&page=2", "first": base, "previous": base,
        "next": f"{base}&page=3", "last": f"{base}&page=3",
    }  # fmt: skip
    assert "next" not in Feed(client, form, "kind=press_release&page=3").links
    assert "previous" not in Feed(client, form, "kind=press_release").links


@pytest.mark.parametrize("form", FORMS)
def test_the_number_of_entries_of_a_feed_is_limited(client, many, form, monkeypatch):
    monkeypatch.setattr(feeds, "MAX_FEED_ENTRIES", PAGE_SIZE + 2)
    assert len(Feed(client, form, "page=2").titles) == 2
    assert client.get(f"/releases/feed.{form}?page=3").status_code == 404


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("query", ["kind=statement", "language=ar", "topic=trials", "country=IS"])
def test_every_feed_has_the_filters_of_the_archive(client, form, query):
    topic = Topic.objects.create(name="Trials")
    make_release(title="Another")
    make_release(
        title="Wanted", kind="statement", language="ar", countries=["IS"], topics=[topic]
    )  # fmt: skip
    feed = Feed(client, form, query)
    assert feed.titles == ["Wanted"]
    assert feed.languages == ["ar"]
    assert Feed(client, form, "kind=comment").titles == []
    page = lxml.html.fromstring(client.get(f"/releases/?{query}").content)
    (address,) = {
        link.get("href")
        for link in page.xpath("//link[@rel='alternate']")
        if query in link.get("href") and form in link.get("href")
    }
    assert address == f"/releases/feed.{form}?{query}"


@pytest.mark.parametrize("form", FORMS)
def test_every_feed_has_the_whole_text(client, form):
    speaker = make_person("Ansa Verel", title="Director", speaks=True)
    picture = make_picture(alt_text="Wheat", caption="A field.", credit_line="AFP")
    release = make_release(
        title="Whole", language="ar", poster=make_picture(),
        body=f"<p>First {mark(speaker)}.</p>{quotation(speaker, '“Said.”')}"
        f'<figure data-asset="{picture.pk}"></figure><p>Last.</p>'
        '<table data-caption="Held"><tbody><tr><td><p>A</p></td></tr></tbody></table>',
    )  # fmt: skip
    feed = Feed(client, form)
    (text,) = feed.texts
    assert feed.ids == [f"urn:uuid:{release.pk}"]
    assert text.startswith('<div lang="ar" dir="rtl">')
    for words in ("First", "“Said.”", "Ansa Verel, Director", "Last.", "<caption>Held</caption>"):
        assert words in text
    address = f"{ORIGIN}{picture.versioned_url('column', 'jpg')}"
    assert f'src="{address.replace("&", "&amp;")}"' in text
    assert f'href="{ORIGIN}{speaker.get_absolute_url()}"' in text


@pytest.mark.parametrize("form", FORMS)
def test_a_picture_leaves_every_feed_when_its_licence_ends(client, form):
    shown = {"alt_text": "Wheat", "credit_line": "AFP"}
    ends = timezone.now() + timedelta(minutes=5)
    poster, inside = (make_picture(licence_expires=ends, **shown) for _ in range(2))
    make_release(poster=poster, body=f'<p>A</p><figure data-asset="{inside.pk}"></figure>')
    before = Feed(client, form).content.decode()
    assert str(poster.pk) in before
    assert str(inside.pk) in before
    for picture in (poster, inside):
        type(picture).objects.get(pk=picture.pk)
        picture.licence_expires = timezone.now() - timedelta(minutes=1)
        picture.save()
    after = Feed(client, form).content.decode()
    assert str(poster.pk) not in after
    assert str(inside.pk) not in after


@pytest.mark.parametrize("form", FORMS)
def test_a_correction_is_in_every_feed(client, form):
    release = make_release(title="Eleven")
    release.title = "Twelve"
    workflow.correct(release, by=make_chief(), text="It was <twelve> & not eleven.")
    feed = Feed(client, form)
    assert feed.titles == ["Twelve"]
    (text,) = feed.texts
    assert "It was &lt;twelve&gt; &amp; not eleven.</p>" in text
    changed = release.corrections.get().at.strftime("%Y-%m-%dT%H:%M")
    assert changed in feed.content.decode()


@pytest.mark.parametrize("form", FORMS)
def test_a_notice_of_withdrawal_replaces_the_entry_in_feed_readers(client, form):
    """RSS and JSON Feed cannot delete an entry, so a notice with the same id replaces it."""
    release = make_release(title="Wrong", body="<p>Wrong words.</p>")
    make_release(title="Right")
    workflow.withdraw(release, by=make_chief(), reason="A source & asked us to.")
    content = Feed(client, form).content.decode()
    assert f"urn:uuid:{release.pk}" in content
    assert "asked us to." in content
    for words in ("Wrong", release.slug):
        assert words not in content
    if form != "atom":
        assert Feed(client, form).titles == ["Right", "This release was withdrawn."]
    assert str(release.pk) not in Feed(client, form, "kind=comment").content.decode()


def test_only_the_first_page_of_a_feed_has_notices(client, many):
    gone = make_release("withdrawn")
    for form in FORMS:
        assert str(gone.pk) in Feed(client, form).content.decode()
        assert str(gone.pk) not in Feed(client, form, "page=2").content.decode()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("state", ["draft", "scheduled", "held", "waiting", "withdrawn_unseen"])
def test_a_hidden_release_is_in_no_feed(client, form, state):
    hidden = make_release(state, title="Zaunkönigin")
    content = Feed(client, form).content.decode()
    assert "Zaunk" not in content
    assert str(hidden.pk) not in content


@pytest.mark.parametrize("form", FORMS)
def test_a_feed_is_revalidated_and_answers_304(client, form):
    make_release()
    first = client.get(f"/releases/feed.{form}")
    assert first["Cache-Control"] == "no-cache"
    again = client.get(f"/releases/feed.{form}", headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    kinds = {"atom": "atom+xml", "json": "feed+json", "rss": "rss+xml"}
    assert first["Content-Type"].startswith(f"application/{kinds[form]}")
    assert client.post(f"/releases/feed.{form}").status_code == 405


@pytest.mark.parametrize("form", FORMS)
def test_a_full_page_of_a_feed_needs_as_many_queries_as_one_release(client, form):
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            Feed(client, form)
        return len(queries)

    def release(n: int) -> None:
        speakers = [make_person(f"Speaker {n} {m}", title="Chair") for m in range(2)]
        picture = make_picture()
        text = "".join(f"<p>{mark(one)}</p>{quotation(one)}" for one in speakers)
        make_release(
            by=chief, poster=picture, attached=[str(make_document(f"{n}.pdf").pk)],
            body=f'{text}<figure data-asset="{picture.pk}"></figure>',
        )  # fmt: skip

    chief = make_chief()
    release(0)
    one = cost()
    for n in range(1, 6):
        release(n)
    assert cost() == one
    assert one <= 14


@pytest.mark.parametrize(
    "hostile", ["]]>", "<script>alert(1)</script>", "&lt;b&gt;", "\x0b\ufffe", "\"'", "😀" * 50]
)
@pytest.mark.parametrize("form", FORMS)
def test_no_title_breaks_a_feed(client, form, hostile):
    topic = Topic.objects.create(name=f"T{hostile}"[:80])
    make_release(title=f"A {hostile} title", standfirst=f"S {hostile}", topics=[topic])
    feed = Feed(client, form)
    assert len(feed.titles) == 1
    assert not re.search(r"<script", "".join(feed.texts))


def test_every_page_links_to_the_three_feeds(client):
    release, person = make_release(), make_person("Ann “Q” Verel")
    for path in ["/", "/releases/", release.get_absolute_url(), person.get_absolute_url()]:
        page = lxml.html.fromstring(client.get(path).content)
        for kind, form in (("atom+xml", "atom"), ("feed+json", "json"), ("rss+xml", "rss")):
            links = page.xpath(f"//link[@rel='alternate'][@type='application/{kind}']/@href")
            assert f"/releases/feed.{form}" in links
    own = [href for href in page.xpath("//link[@rel='alternate']/@href") if "person=" in href]
    assert len(own) == 3
    for address in own:
        assert client.get(address).status_code == 200


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("Short.", "Short."),
        ("He came. " + "She went on and on. " * 30, "He came. " + "She went on and on. " * 14),
        ("Dr. A. Smith of the U.S. Senate spoke " * 20, None),
        ("他说了很多话。" * 90, "他说了很多话。" * 42),
        ("قال إنه لن يذهب؟ " * 40, "قال إنه لن يذهب؟ " * 17),
        ("ข่าวประชาสัมพันธ์" * 60, None),
        ("👩‍👩‍👧‍👦" * 90, "👩‍👩‍👧‍👦" * 42 + "…"),
        ("e\u0301\u0323" * 400, None),
        ("a" + "\u0301" * 400, None),
        ("a" * 10_000, "a" * 299 + "…"),
    ],
)
def test_a_description_is_cut_after_a_sentence_or_between_characters(client, text, start):
    release = make_release(standfirst=text)
    page = lxml.html.fromstring(client.get(release.get_absolute_url()).content)
    found = {
        page.xpath("string(//meta[@name='description']/@content)"),
        page.xpath("string(//meta[@property='og:description']/@content)"),
        json.loads(page.xpath("string(//script[@type='application/ld+json'])"))["description"],
        json.loads(Feed(client, "json").content)["items"][0]["summary"],
    }
    (description,) = {words.strip() for words in found}
    assert len(description) <= 300
    if start is not None:
        assert description == start.strip()
    else:
        assert description.endswith("…")
        assert release.standfirst.startswith(description[:-1])


@pytest.mark.parametrize("path", ["/releases/feed.atom", "", "release.json", "release.docx"])
def test_the_text_of_a_release_is_read_once_for_each_output(client, path, monkeypatch):
    """Parsing takes most of the time, and a page of a feed parses twenty releases."""
    body = "<p>The beginning.</p>\n<p>Read once.</p>"  # as it is stored
    address = make_release(body=body, notes_to_editors="").get_absolute_url()
    read, real = [], reading.blocks_in
    monkeypatch.setattr(reading, "blocks_in", lambda html: read.append(html) or real(html))
    answer = client.get(path if path.startswith("/") else f"{address}{path}")
    assert answer.status_code == 200
    assert read.count(body) == 1

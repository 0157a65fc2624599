"""Releases as plain text and as ninjs: complete, in order, with corrections and withdrawals."""

import json
import re
from datetime import datetime

import pytest
from lxml import etree

from desk.imports.storing import import_draft
from importing import understand
from releases import workflow
from releases.models import Contact, Release
from tests import validators
from tests.make import (
    REAL_RELEASE,
    make_chief,
    make_document,
    make_person,
    make_picture,
    make_release,
    mark,
    quotation,
)  # fmt: skip

pytestmark = pytest.mark.django_db

ATOM = "{http://www.w3.org/2005/Atom}"
TOMBSTONES = "{http://purl.org/atompub/tombstones/1.0}"


def get(client, release, form):
    return client.get(f"{release.get_absolute_url()}release.{form}")


@pytest.fixture
def full():
    speaker = make_person("Ansa Verel", title="Director", speaks=True)
    picture = make_picture(caption="A field.", credit_line="AFP", alt_text="Wheat")
    inside = make_picture(caption="A road.", credit_line="EPA", alt_text="Stones")
    release = make_release(
        title="Eleven newspapers closed", standfirst="None saw a judge.", dateline_place="London",
        poster=picture, pull_quote="We ask for it.", countries=["GB", "CN"],
        body=f"<p>{mark(speaker)} spoke.</p>{quotation(speaker, '“We ask for it.', '“Again.”')}"
        f'<figure data-asset="{inside.pk}"></figure><h2>Background</h2>'
        "<ul><li>One</li><li>Two</li></ul><ol><li>First</li><li>Second</li></ol>",
        notes_to_editors="<p>Interviews on request.</p>",
    )  # fmt: skip
    release.contacts.add(Contact.objects.create(name="Desk", email="d@n.example", hours="Daily"))
    return release


def test_the_plain_text_has_the_page_from_top_to_bottom(client, full):
    answer = get(client, full, "txt")
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    parts = answer.content.decode().strip().split("\n\n")
    assert parts[0] == "Press release · The Newsroom"
    assert re.fullmatch(r"London · \d+ \w+ \d{4}, \d\d:\d\d UTC", parts[1])
    assert parts[2:] == [
        "Eleven newspapers closed",
        "None saw a judge.",
        "We ask for it.\n– Ansa Verel, Director",
        "[Picture: A field. AFP]",
        "Ansa Verel spoke.",
        "“We ask for it.",
        "“Again.”",
        "– Ansa Verel, Director",
        "[Picture: A road. EPA]",
        "Background",
        "- One\n- Two",
        "1. First\n2. Second",
        "Notes to editors",
        "Interviews on request.",
        "Press contact",
        "Desk, d@n.example, Daily",
        f"http://testserver/releases/eleven-newspapers-closed/\nRelease ID: {full.pk}",
    ]


def test_ninjs_is_valid_and_has_the_text_of_the_page(client, full):
    answer = get(client, full, "json")
    assert answer["Content-Type"] == "application/json"
    data = answer.json()
    validators.ninjs(data)
    assert data["uri"] == f"urn:uuid:{full.pk}"
    assert (data["pubStatus"], data["version"], data["language"]) == ("usable", "1", "en")
    assert data["headlines"][0]["value"] == "Eleven newspapers closed"
    assert data["people"][0]["name"] == "Ansa Verel"
    assert {place["literal"] for place in data["places"]} == {"GB", "CN"}
    assert [picture["by"] for picture in data["associations"]] == ["AFP", "EPA"]
    for picture in data["associations"]:
        for rendition in picture["renditions"]:
            path = rendition["href"].removeprefix("http://testserver")
            response = client.get(path)
            assert response["Content-Type"] == rendition["contentType"]
            assert b"".join(response)
    assert "embargoedUntil" not in data
    assert "edNote" not in data


def test_a_document_without_alternative_text_keeps_ninjs_valid(client):
    document = make_document(alt_text="")
    release = make_release(attached=[str(document.pk)])
    data = get(client, release, "json").json()
    validators.ninjs(data)
    (attached,) = data["associations"]
    assert attached["uri"] == f"urn:uuid:{document.pk}"
    assert "headlines" not in attached


def test_a_release_with_only_a_picture_keeps_ninjs_valid(client):
    picture = make_picture(caption="", alt_text="Wheat", credit_line="AFP")
    release = make_release(body=f'<figure data-asset="{picture.pk}"></figure>')
    data = get(client, release, "json").json()
    validators.ninjs(data)
    assert "descriptions" not in data


def test_the_html_of_ninjs_works_on_any_site(client, full):
    data = get(client, full, "json").json()
    (html,) = [body["value"] for body in data["bodies"] if body["contentType"] == "text/html"]
    validators.elsewhere(html)
    assert "Stones" in html
    assert "“Again.”" in html
    assert "<script" not in html
    (address,) = re.findall(r'<img src="http://testserver([^"]+)"', html)
    response = client.get(address.replace("&amp;", "&"))
    assert response["Content-Type"] == "image/jpeg"
    assert b"".join(response)


def test_ninjs_names_the_speaker_of_the_pull_quote(client, full):
    data = get(client, full, "json").json()
    pull_quotes = [one for one in data["descriptions"] if one["role"] == "pull quote"]
    assert [one["value"] for one in pull_quotes] == ["We ask for it.\n– Ansa Verel, Director"]
    (speaker,) = [one for one in data["people"] if one["rel"] == "speaker"]
    assert speaker["name"] == "Ansa Verel"
    notes = [one["value"] for one in data["bodies"] if one["role"] == "notes to editors"]
    assert notes == ["Interviews on request."]


def test_ninjs_has_no_person_for_a_withheld_name(client, full):
    speaker = full.quotes.get().speaker
    speaker.level = 1
    speaker.save()
    data = get(client, full, "json").json()
    validators.ninjs(data)
    assert "people" not in data
    assert "Verel" not in json.dumps(data["descriptions"])


def test_a_real_release_is_complete_and_in_order(client):
    understood = understand(REAL_RELEASE.read_bytes(), REAL_RELEASE.name)
    draft = import_draft(understood, by=make_chief(), people={})
    speaker = make_person("Felix Jakens", title="Head of Campaigns")
    draft.body = draft.body.replace('data-name="Felix Jakens"', f'data-speaker="{speaker.pk}"')
    draft.poster = make_picture()
    draft.save()
    release = workflow.publish(draft, by=make_chief())
    plain = get(client, release, "txt").content.decode()
    body = get(client, release, "json").json()["bodies"][0]["value"]
    for text in (plain, body):
        positions = [text.find(paragraph) for paragraph in release.document.paragraphs]
        assert -1 not in positions
        assert positions == sorted(positions)
    assert release.title in plain
    assert "– Felix Jakens" in plain


def test_a_correction_is_in_every_format(client, full):
    full.title = "Twelve newspapers closed"
    workflow.correct(full, by=make_chief(), text="It was <twelve> & not eleven.")
    page = client.get(full.get_absolute_url()).content.decode()
    assert "It was &lt;twelve&gt; &amp; not eleven." in page
    json_ld = json.loads(re.search(r"ld\+json\">(.*?)</script>", page, re.DOTALL)[1])
    assert json_ld["correction"][0]["text"] == "It was <twelve> & not eleven."
    assert json_ld["dateModified"] == json_ld["correction"][0]["datePublished"]
    data = get(client, full, "json").json()
    validators.ninjs(data)
    assert data["version"] == "2"
    assert data["versionCreated"] == json_ld["dateModified"]
    notice = r"Correction, \d+ \w+ \d{4}, \d\d:\d\d UTC: It was <twelve> & not eleven\."
    assert re.fullmatch(notice, data["edNote"])
    assert re.search(notice, get(client, full, "txt").content.decode())
    feed = etree.fromstring(client.get("/releases/feed.atom").content)
    summary = feed.find(f"{ATOM}entry/{ATOM}summary")
    assert re.search(notice, etree.HTML(summary.text).xpath("string()"))


def test_a_withdrawn_release_has_only_the_notice_in_every_format(client, full):
    other = make_release()
    workflow.withdraw(full, by=make_chief(), reason="A source & asked us to.")
    text, data = get(client, full, "txt"), get(client, full, "json")
    assert (text.status_code, data.status_code) == (410, 410)
    assert text.content.decode() == "This release was withdrawn.\n\nA source & asked us to.\n"
    validators.ninjs(data.json())
    assert (data.json()["pubStatus"], data.json()["edNote"]) == (
        "canceled",
        "A source & asked us to.",
    )
    feed = client.get("/releases/feed.atom").content
    (notice,) = etree.fromstring(feed).findall(f"{TOMBSTONES}deleted-entry")
    assert notice.get("ref") == f"urn:uuid:{full.pk}"
    assert datetime.fromisoformat(notice.get("when")).tzinfo
    assert notice.findtext(f"{TOMBSTONES}comment") == "A source & asked us to."
    assert other.title.encode() in feed
    for answer in (text.content, data.content, feed):
        assert b"newspapers" not in answer
    assert b"deleted-entry" not in client.get("/releases/feed.atom?kind=comment").content


def test_a_former_address_redirects_to_the_same_format(client, full):
    full.slug = "another"
    workflow.correct(full, by=make_chief(), text="")
    for form in ("txt", "json"):
        answer = client.get(f"/releases/eleven-newspapers-closed/release.{form}")
        assert answer.status_code == 301
        assert answer["Location"] == f"/releases/another/release.{form}"


@pytest.mark.parametrize("form", ["txt", "json"])
@pytest.mark.parametrize(
    "fields",
    [
        {"title": "A \x0b title with ]]> and \x01\x07 in it"},
        {"title": "حرية التعبير", "language": "ar"},
        {"title": "བོད་ཡིག", "language": "bo", "body": "<p>བོད་ཡིག</p>"},
        {"body": "<p>Alone</p>"},
    ],
)
def test_control_characters_and_other_scripts_give_valid_files(client, form, fields):
    release = make_release(**fields)
    answer = get(client, release, form)
    assert answer.status_code == 200
    assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", answer.content.decode())
    if form == "json":
        validators.ninjs(answer.json())


def test_a_release_without_a_time_shows_only_its_date_in_the_text(client, settings):
    settings.TIME_ZONE = "Europe/London"
    release = make_release("in_review", title="Of old")
    day = datetime.fromisoformat("2025-02-13T00:00:00+00:00")
    release = workflow.approve(release, by=make_chief(), publish_at=day, backdated=True)
    assert "\n\n13 February 2025\n\nOf old" in get(client, release, "txt").content.decode()
    validators.ninjs(get(client, release, "json").json())


def test_the_page_links_to_both_formats(client, full):
    page = client.get(full.get_absolute_url()).content.decode()
    for form, kind in (("txt", "text/plain"), ("json", "application/json")):
        address = f"/releases/eleven-newspapers-closed/release.{form}"
        assert f'<link rel="alternate" type="{kind}" href="{address}"' in page
        assert f'<a href="{address}">' in page
    assert Release.objects.public().count() == 1

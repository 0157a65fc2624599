"""Downloads for journalists: pictures at full size, their texts, documents, one ZIP of all."""

import io
import json
import re
import tracemalloc
import zipfile
from datetime import timedelta
from html import unescape

import pytest
import time_machine
from django.core.files.base import ContentFile
from django.db import models
from django.template.defaultfilters import filesizeformat
from django.utils import timezone

from assets import processing
from assets.models import MediaAsset
from releases import workflow
from releases.models import Release
from tests.documents import FRAME
from tests.make import (
    accept,
    make_chief,
    make_document,
    make_link,
    make_picture,
    make_release,
    picture_bytes,
)  # fmt: skip

pytestmark = pytest.mark.django_db

WORDS = {
    "alt_text": "Two people before a gate",
    "caption": "Rabab Nawrasi’s brother at the gate, عند البوابة",
    "credit_line": "AFP via Getty Images",
    "creator": "Invented Photographer",
    "copyright_notice": "© 2026 The Newsroom",
    "usage_terms": "Free for editorial use until the end of 2030.",
    "date_created": "2026-05",
    "place": "Onderlys",
}


def figure(picture) -> str:
    return f'<figure data-asset="{picture.pk}"></figure>'


def page_of(client, release) -> str:
    return unescape(client.get(release.get_absolute_url()).content.decode())


def zip_of(client, release) -> zipfile.ZipFile:
    answer = client.get(f"{release.get_absolute_url()}media.zip")
    assert answer.status_code == 200
    content = answer.getvalue()
    assert int(answer["Content-Length"]) == len(content)
    return zipfile.ZipFile(io.BytesIO(content))


@pytest.fixture
def release():
    poster = make_picture(**WORDS)
    inside = make_picture(content=picture_bytes(colour="#a03020"), caption="The second")
    report = make_document(caption="The report in full")
    return make_release(
        title="Onderlys: Free Rabab Nawrasi",
        poster=poster,
        body=f"<p>The text.</p>{figure(inside)}",
        attached=[str(report.pk), str(poster.pk)],
    )


# --- Downloads beside the text -----------------------------------------------------------------


def test_each_picture_is_offered_at_full_size_with_all_its_texts(client, release):
    page = page_of(client, release)
    offered = page[page.index('class="media"') :]
    for words in WORDS.values():
        assert words in offered
    assert "JPEG, 360 × 240 pixels" in offered
    address = f"/media/{release.poster_id}/press.jpg"
    assert f'href="{address}" download' in offered
    answer = client.get(address)
    assert b"AFP via Getty Images" in answer.getvalue()
    # Its name is the caption, because the name of the uploaded file may reveal who is in it.
    name = answer["Content-Disposition"]
    assert "rabab-nawrasis-brother" in name or "filename*" in name
    assert "picture.jpg" not in name


def test_a_document_is_offered_by_its_title(client, release):
    page = page_of(client, release)
    assert "The report in full" in page
    report = MediaAsset.objects.get(kind="document")
    assert f'href="/media/{report.pk}/file.pdf" download' in page
    assert f"PDF, {filesizeformat(report.bytes_of('file', 'pdf'))}" in page


def test_a_picture_that_is_used_twice_is_offered_once(client, release):
    page = page_of(client, release)
    assert page.count(f"{release.poster_id}/press.jpg") == 1


def test_a_release_without_pictures_offers_none(client):
    page = page_of(client, make_release())
    assert 'class="media"' not in page


def test_readers_see_what_was_made_with_ai(client):
    picture = make_picture(ai_made=True)
    release = make_release(poster=picture)
    assert page_of(client, release).count("Made with AI") == 2


def test_ninjs_lists_every_available_file_with_its_size(client, release):
    data = client.get(f"{release.get_absolute_url()}release.json").json()
    kinds = [one["type"] for one in data["associations"]]
    assert kinds == ["picture", "picture", "component"]
    for one in data["associations"]:
        for made in one["renditions"]:
            path = made["href"].removeprefix("http://testserver")
            content = client.get(path).getvalue()
            assert len(content) == made["sizeInBytes"], path


# --- The ZIP -----------------------------------------------------------------------------------


def test_the_zip_holds_pictures_captions_credits_and_the_text(client, release):
    archive = zip_of(client, release)
    assert archive.testzip() is None
    names = [name.partition("/")[2] for name in archive.namelist()]
    assert names == [
        "01-rabab-nawrasis-brother-at-the-gate-عند-البوابة.jpg", "02-the-second.jpg",
        "03-the-report-in-full.pdf", "release.txt", "captions and credits.txt",
    ]  # fmt: skip
    folder = release.slug
    assert archive.read(f"{folder}/{names[0]}")[:3] == b"\xff\xd8\xff"
    assert archive.read(f"{folder}/{names[2]}").startswith(b"%PDF")
    assert "Onderlys: Free Rabab Nawrasi" in archive.read(f"{folder}/release.txt").decode()
    captions = archive.read(f"{folder}/captions and credits.txt").decode()
    for words in [*WORDS.values(), names[0], "The report in full"]:
        assert words in captions


def test_the_zip_of_a_release_without_pictures_is_its_text(client):
    archive = zip_of(client, make_release())
    assert [name.partition("/")[2] for name in archive.namelist()] == ["release.txt"]


def test_a_large_zip_is_streamed(client):
    report = make_document(content=FRAME * 72_000)
    release = make_release(attached=[str(report.pk)])
    answer = client.get(
        f"{release.get_absolute_url()}media.zip", headers={"Accept-Encoding": "gzip"}
    )
    assert int(answer["Content-Length"]) > 30_000_000
    assert "Content-Encoding" not in answer
    tracemalloc.start()
    try:
        length = sum(len(piece) for piece in answer.streaming_content)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert length == int(answer["Content-Length"])
    assert peak < 3_000_000


def test_downloads_of_a_withdrawn_release_show_only_the_reason(client, release):
    withdrawn = make_release("withdrawn", poster=release.poster)
    for form in ("media.zip", "card.jpg"):
        answer = client.get(f"/releases/{withdrawn.slug}/{form}")
        assert answer.status_code == 410
        assert b"A source asked us to." in answer.content


# --- A licence that ends -----------------------------------------------------------------------


def test_a_picture_is_hidden_everywhere_when_its_licence_ends(client):
    ends = timezone.now().replace(microsecond=0) + timedelta(days=2)
    poster = make_picture(caption="Ends soon: the poster", licence_expires=ends)
    inside = make_picture(
        content=picture_bytes(colour="#a03020"), caption="Ends soon: inside", licence_expires=ends
    )
    report = make_document(caption="Ends soon: the report", licence_expires=ends)
    release = make_release(
        poster=poster, body=f"<p>The text.</p>{figure(inside)}", attached=[str(report.pk)]
    )
    page = release.get_absolute_url()
    places = [page, f"{page}release.txt", f"{page}release.json", "/", "/releases/",
              "/releases/feed.atom"]  # fmt: skip
    files = [
        poster.public_url("poster", "jpg"), poster.versioned_url("share", "jpg"),
        inside.public_url("press", "jpg"), report.public_url("file", "pdf"),
    ]  # fmt: skip
    ids = [str(asset.pk) for asset in (poster, inside, report)]

    def texts_shown() -> list[str]:
        texts = [client.get(place).content.decode() for place in places]
        texts.append(" ".join(zip_of(client, release).namelist()))
        return texts

    with time_machine.travel(ends - timedelta(seconds=1), tick=False):
        assert all(client.get(path).getvalue() for path in files)
        before = texts_shown()
        assert "Ends soon: the poster" in before[0]
        assert f"{poster.pk}/share.jpg" in before[0]
        assert str(poster.pk) in before[5]
        assert "ends-soon-inside" in before[6]
    with time_machine.travel(ends, tick=False):
        assert [client.get(path).status_code for path in files] == [404] * 4
        for texts in texts_shown():
            assert "nds soon" not in texts
            assert "nds-soon" not in texts
            assert not [pk for pk in ids if pk in texts]
        shown = client.get(page).content.decode()
        # A placeholder says why there is no picture, and the share card is made from the title.
        assert shown.count("because our licence has ended") == 2
        card = re.search(r'og:image" content="([^"]+)"', shown)[1]
        assert card == f"http://testserver{page}card.jpg"
        assert client.get(f"{page}card.jpg").content[:3] == b"\xff\xd8\xff"
        # The public release can still be corrected, without another picture.
        published = Release.objects.get(pk=release.pk)
        workflow.correct(published, by=make_chief(), text="It was two.")


def test_a_browser_caches_a_picture_no_longer_than_our_licence(client):
    ends = timezone.now() + timedelta(hours=1)
    picture = make_picture(licence_expires=ends)
    make_release(poster=picture)
    answer = client.get(picture.versioned_url("poster", "jpg"))
    assert answer.getvalue()
    kept = answer["Cache-Control"]
    assert 3590 <= int(re.search(r"max-age=(\d+)", kept)[1]) <= 3600


def test_the_desk_warns_thirty_days_before_a_licence_ends(at_desk, author):
    soon = make_picture(caption="Soon", licence_expires=timezone.now() + timedelta(days=29))
    later = make_picture(
        content=picture_bytes(colour="red"), caption="Later",
        licence_expires=timezone.now() + timedelta(days=31),
    )  # fmt: skip
    make_picture(
        content=picture_bytes(colour="blue"), caption="Unused",
        licence_expires=timezone.now() + timedelta(days=2),
    )  # fmt: skip
    release = make_release(poster=soon, body=f"<p>x</p>{figure(later)}")
    client = at_desk(author)
    desk = client.get("/admin/").content.decode()
    warning = desk[desk.index("Licences that end within 30 days") :].partition("</section>")[0]
    assert "Soon" in warning
    assert "Later" not in warning
    assert "Unused" not in warning
    form = client.get(f"/admin/releases/release/{release.pk}/change/").content.decode()
    assert "our licence ends on" in form


# --- Addresses ---------------------------------------------------------------------------------


def test_the_public_url_stays_and_the_versioned_url_changes_with_the_picture(client):
    picture = make_picture()
    release = make_release(poster=picture)
    public_url, versioned_url = (
        picture.public_url("poster", "jpg"),
        picture.versioned_url("poster", "jpg"),
    )
    assert versioned_url in page_of(client, release)
    before = client.get(public_url)
    assert before["Cache-Control"] == "no-cache"
    old = before.getvalue()
    kept = client.get(versioned_url)
    assert kept.getvalue() == old
    # Only the reader's browser may cache it, so that no proxy keeps a withdrawn picture.
    assert kept["Cache-Control"] == "private, max-age=31536000, immutable"
    picture.original = ContentFile(picture_bytes(colour="#00ff00"), name="other.jpg")
    picture.save()
    processing.process(picture)
    assert client.get(public_url).getvalue() != old
    assert picture.versioned_url("poster", "jpg") != versioned_url
    assert picture.versioned_url("poster", "jpg") in page_of(client, release)
    # The old address gives the current picture, which must be revalidated like a page.
    late = client.get(versioned_url)
    assert late.getvalue() != old
    assert late["Cache-Control"] == "no-cache"


def test_an_unchanged_picture_is_not_sent_again(client):
    picture = make_picture()
    make_release(poster=picture)
    first = client.get(picture.public_url("poster", "jpg"))
    first.getvalue()
    again = client.get(
        picture.public_url("poster", "jpg"), headers={"If-None-Match": first["ETag"]}
    )
    assert (again.status_code, again.content) == (304, b"")


def test_pictures_are_not_compressed_again(client):
    picture = make_picture()
    make_release(poster=picture)
    answer = client.get(picture.public_url("poster", "jpg"), headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in answer
    assert int(answer["Content-Length"]) == len(answer.getvalue())


# --- On a page ---------------------------------------------------------------------------------


def test_a_page_offers_each_picture_in_three_formats_and_several_widths(client):
    picture = make_picture(content=picture_bytes((2400, 1600)))
    page = page_of(client, make_release(poster=picture))
    head = page[: page.index('class="sheet"')]
    types = re.findall(r'<source type="image/(\w+)" srcset="([^"]+)" sizes="([^"]+)"', head)
    assert [kind for kind, _, _ in types] == ["avif", "webp", "jpeg"]
    for _, addresses, sizes in types:
        widths = [int(width) for width in re.findall(r" (\d+)w", addresses)]
        assert widths == [1600, 960, 480]
        assert "100vw" in sizes
    assert 'width="1600" height="900"' in head
    assert len(re.findall(r'<rect [^>]*fill="#[0-9a-f]{6}"', head)) == 12
    for address in re.findall(r"(/media/\S+?v=\w+)", head):
        assert client.get(address).getvalue(), address


def test_a_small_picture_is_offered_in_one_width(client):
    page = page_of(client, make_release(poster=make_picture(content=picture_bytes((320, 180)))))
    assert set(re.findall(r" (\d+)w", page)) == {"320"}


def test_the_feed_has_the_poster_as_an_enclosure(client, release):
    feed = client.get("/releases/feed.atom").content.decode()
    (enclosure,) = re.findall(r'<link [^>]*rel="enclosure"[^>]*>', feed)
    assert f"/media/{release.poster_id}/poster.jpg?v=" in enclosure
    assert 'type="image/jpeg"' in enclosure


def test_a_preview_offers_marked_pictures_but_no_documents(client):
    report = make_document(caption="The report in full")
    hidden = make_release("scheduled", poster=make_picture(), attached=[str(report.pk)])
    path = make_link(hidden)
    page = re.sub("[\u2061-\u2064]", "", unescape(accept(client, path).content.decode()))
    assert f"{path}{hidden.poster_id}/press.jpg" in page
    assert "The report in full" in page
    assert "available when the embargo ends" in page
    assert client.get(f"{path}{report.pk}/file.pdf").status_code == 404


def test_ninjs_lists_no_missing_file(client):
    release = make_release(poster=make_picture())
    models.QuerySet(MediaAsset).update(renditions={})
    data = client.get(f"{release.get_absolute_url()}release.json").content.decode()
    assert "associations" not in json.loads(data)

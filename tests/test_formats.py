"""Each format in the tables has its URL, its content type and its links on the pages."""

import lxml.html
import pytest
from django.urls import reverse

from newsroom.formats import FEED_FORMATS, RELEASE_FORMATS
from tests.make import make_release

pytestmark = pytest.mark.django_db


def links(client, path, xpath):
    root = lxml.html.document_fromstring(client.get(path).content)
    return {link.get("href"): link.get("type") for link in root.xpath(xpath)}


@pytest.mark.parametrize("release_format", RELEASE_FORMATS, ids=lambda each: each.name)
def test_a_format_has_its_url_its_type_and_its_links(client, release_format):
    release = make_release(slug="one")
    url = reverse(release_format.name, args=["one"])
    assert url == f"/releases/one/{release_format.file}"
    assert client.get(url)["Content-Type"] == release_format.content_type
    page = release.get_absolute_url()
    media_type = release_format.content_type.partition(";")[0]
    in_head = links(client, page, "//head/link[@rel='alternate']")
    assert in_head.get(url) == (media_type if release_format.in_head else None)
    assert (url in links(client, page, "//aside//a")) == bool(release_format.label)


@pytest.mark.parametrize("feed", FEED_FORMATS, ids=lambda each: each.name)
def test_a_feed_has_its_url_its_type_and_its_link(client, feed):
    url = reverse(feed.name)
    assert url == f"/releases/{feed.file}"
    assert client.get(url)["Content-Type"] == feed.content_type
    media_type = feed.content_type.partition(";")[0]
    assert links(client, "/", "//head/link[@rel='alternate']")[url] == media_type
    filtered = links(client, "/releases/?kind=statement", "//head/link[@rel='alternate']")
    assert filtered[f"{url}?kind=statement"] == media_type

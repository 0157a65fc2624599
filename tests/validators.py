"""Checks of everything that we publish against the published specifications.

Each function raises an error that names the problem.
"""

import io
import json
import math
import os
import re
import shutil
import subprocess
import sys
import zipfile
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import jsonschema
import lxml.html
import pytest
from lxml import etree
from referencing import Registry, Resource

from tests.make import DATA

SCHEMAS = DATA / "schemas"
VNU = Path(sys.prefix) / "share" / "vnu.jar"  # `make vnu` downloads it
# BCP 47 as defined in RFC 5646, section 2.1, without grandfathered tags.
LANGUAGE = re.compile(
    r"(([a-z]{2,3}(-[a-z]{3}){0,3}|[a-z]{4,8})(-[a-z]{4})?(-([a-z]{2}|\d{3}))?"
    r"(-([a-z0-9]{5,8}|\d[a-z0-9]{3}))*(-[a-wy-z0-9](-[a-z0-9]{2,8})+)*)?"
    r"((^|-)x(-[a-z0-9]{1,8})+)?",
    re.IGNORECASE,
)
LOCALE = re.compile("[a-z]{2,3}_[A-Z]{2}")  # of Open Graph
DC_LANGUAGE = "{http://purl.org/dc/elements/1.1/}language"
W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
WORD = {
    "w": W.strip("{}"),
    "r": "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
}
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
RSS_ELEMENTS = {
    "channel": {
        "title", "link", "description", "language", "copyright", "managingEditor", "webMaster",
        "pubDate", "lastBuildDate", "category", "generator", "docs", "cloud", "ttl", "image",
        "rating", "textInput", "skipHours", "skipDays", "item",
    },
    "item": {
        "title", "link", "description", "author", "category", "comments", "enclosure", "guid",
        "pubDate", "source",
    },
}  # fmt: skip
ATOM = "{http://www.w3.org/2005/Atom}"
MORE_THAN_ONCE = {"item", "category"}
CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"
OG_TYPES = {"article", "profile", "website"}


def ninjs(data: dict) -> None:
    """Check ninjs 3.1, and its dates, which jsonschema alone does not check."""
    _ninjs_schema().validate(data)
    for name in ("firstCreated", "versionCreated"):
        if name in data:
            assert datetime.fromisoformat(data[name]).tzinfo
    for body in data.get("bodies", []):
        if body["contentType"] == "text/html":
            elsewhere(body["value"])


def atom(content: bytes) -> None:
    """Check Atom (RFC 4287) and the links between its pages (RFC 5005)."""
    feed = etree.fromstring(content)
    _atom_schema().assertValid(feed)
    links = {link.get("rel"): link.get("href") for link in feed.findall(f"{ATOM}link")}
    assert {"self", "alternate", "first", "last"} <= links.keys()
    for address in links.values():
        absolute(address)
    for entry in feed.findall(f"{ATOM}entry"):
        assert LANGUAGE.fullmatch(entry.get(XML_LANG)), entry.get(XML_LANG)
        elsewhere(entry.findtext(f"{ATOM}content") or "")
        elsewhere(entry.findtext(f"{ATOM}summary") or "")


def rss(content: bytes, address: str) -> None:
    """Check RSS by its specification and the RSS Advisory Board's profile."""
    root = etree.fromstring(content)
    assert (root.tag, root.get("version")) == ("rss", "2.0")
    (channel,) = root
    for one in (channel, *channel.findall("item")):
        known, names = RSS_ELEMENTS[one.tag], [node.tag for node in one]
        assert {name for name in names if "{" not in name} <= known
        for name in {*names} & known - MORE_THAN_ONCE:
            assert names.count(name) == 1, name
        for name in ("pubDate", "lastBuildDate"):
            if written := one.findtext(name):
                assert parsedate_to_datetime(written).tzinfo, written
        if link := one.findtext("link"):
            absolute(link)
    for name in ("title", "link", "description"):
        assert channel.findtext(name), name
    assert LANGUAGE.fullmatch(channel.findtext("language"))
    own = [link.get("href") for link in channel.findall(f"{ATOM}link") if link.get("rel") == "self"]
    assert own == [address]
    guids = [item.find("guid") for item in channel.findall("item")]
    assert len({guid.text for guid in guids}) == len(guids)
    for guid, item in zip(guids, channel.findall("item"), strict=True):
        assert guid.get("isPermaLink") == "false"
        assert item.findtext("title") or item.findtext("description")
        elsewhere(item.findtext(CONTENT) or "")
        for language in item.findall(DC_LANGUAGE):
            assert LANGUAGE.fullmatch(language.text), language.text
        for enclosure in item.findall("enclosure"):
            absolute(enclosure.get("url"))
            assert enclosure.get("length").isdigit()
            assert re.fullmatch(r"\w+/[\w.+-]+", enclosure.get("type"))


def json_feed(data: dict) -> None:
    """Check JSON Feed 1.1, its dates and its addresses."""
    _json_feed_schema().validate(data)
    assert data["version"] == "https://jsonfeed.org/version/1.1"
    ids = [item["id"] for item in data["items"]]
    assert len({*ids}) == len(ids)
    for one in (data, *data["items"]):
        for name in ("url", "home_page_url", "feed_url", "next_url", "image"):
            if name in one:
                absolute(one[name])
        for name in ("date_published", "date_modified"):
            if name in one:
                assert datetime.fromisoformat(one[name]).tzinfo
        assert LANGUAGE.fullmatch(one.get("language", "en"))
        elsewhere(one.get("content_html", ""))


def sitemap(content: bytes) -> None:
    """Check a sitemap against its schema, or a sitemap index by the protocol."""
    root = etree.fromstring(content)
    if root.tag == "{http://www.sitemaps.org/schemas/sitemap/0.9}sitemapindex":
        assert 0 < len(root) <= 50_000
        for file in root:
            absolute(file.findtext("{*}loc"))
        return
    _sitemap_schema().assertValid(root)
    assert len(root) <= 50_000


def json_ld(data: object) -> None:
    """Check that schema.org defines every term, and that no value is empty."""
    if isinstance(data, list):
        for one in data:
            json_ld(one)
    elif isinstance(data, dict):
        for term, value in data.items():
            assert value not in ("", [], {}, None), term
            if term == "@type":
                assert value[:1].isupper()
                assert value in _schema_org(), value
            elif not term.startswith("@"):
                assert term in _schema_org(), term
            if term in ("url", "contentUrl", "mainEntityOfPage"):
                absolute(value)
            json_ld(value)


def open_graph(page: lxml.html.HtmlElement) -> None:
    """Check Open Graph: type, title and absolute addresses; an article has more properties."""
    tags: dict[str, list[str]] = {}
    for node in page.xpath("//meta[starts-with(@property, 'og:')]"):
        tags.setdefault(node.get("property"), []).append(node.get("content"))
    alternates = tags.pop("og:locale:alternate", [])
    assert len({*alternates}) == len(alternates), alternates
    assert all(len(values) == 1 and values[0].strip() for values in tags.values()), tags
    given = {name.removeprefix("og:"): values[0] for name, values in tags.items()}
    assert given["type"] in OG_TYPES
    assert given["title"]
    for name in ("url", "image"):
        if name in given:
            absolute(given[name])
    for locale in [*alternates, *filter(None, [given.get("locale")])]:
        assert LOCALE.fullmatch(locale), locale
    if given["type"] == "article":
        assert {"url", "image", "image:alt", "site_name"} <= given.keys()
        assert int(given["image:width"]) > 0
        assert int(given["image:height"]) > 0
        for moment in page.xpath("//meta[starts-with(@property, 'article:')]/@content"):
            assert datetime.fromisoformat(moment)
    for words in page.xpath("//meta[@property='og:description' or @name='description']/@content"):
        assert len(words) <= 300, words


def word(content: bytes) -> None:
    """Check a Word file for errors because of which Word refuses to open it or offers a repair."""
    archive = zipfile.ZipFile(io.BytesIO(content))
    assert archive.testzip() is None
    names = archive.namelist()
    assert len({*names}) == len(names)
    parts = {name: etree.fromstring(archive.read(name)) for name in names}
    typed = {one.get("PartName") for one in parts["[Content_Types].xml"].iter("{*}Override")}
    assert typed <= {f"/{name}" for name in names}
    for name, part in parts.items():
        folder, _, file = name.rpartition("/")
        relations = parts.get(f"{folder}/_rels/{file}.rels")
        known = {one.get("Id") for one in relations} if relations is not None else set()
        assert {*part.xpath("//@r:id", namespaces=WORD)} <= known, name
    for relations in (part for name, part in parts.items() if name.endswith(".rels")):
        for one in relations:
            if one.get("TargetMode") == "External":
                assert urlsplit(one.get("Target")).scheme in ("http", "https", "mailto", "tel")
    text = parts["word/document.xml"]
    for cell in text.iter(f"{W}tc"):
        assert cell[-1].tag == f"{W}p", "a cell ends with a paragraph"
    for table in text.iter(f"{W}tbl"):
        columns = len(table.find(f"{W}tblGrid"))
        for row in table.iter(f"{W}tr"):
            spans = [cell.xpath("number(w:tcPr/w:gridSpan/@w:val)", namespaces=WORD)
                     for cell in row.findall(f"{W}tc")]  # fmt: skip
            assert sum(1 if math.isnan(span) else span for span in spans) == columns
    notes = parts.get("word/footnotes.xml")
    there = [] if notes is None else [one.get(f"{W}id") for one in notes]
    cited = [one.get(f"{W}id") for one in text.iter(f"{W}footnoteReference")]
    assert sorted(there) == sorted([*cited, *(("-1", "0") if cited else ())])
    styles = {one.get(f"{W}styleId") for one in parts["word/styles.xml"].iter(f"{W}style")}
    assert {*text.xpath("//w:pStyle/@w:val", namespaces=WORD)} <= styles
    lists = {one.get(f"{W}numId") for one in parts["word/numbering.xml"].iter(f"{W}num")}
    assert {*text.xpath("//w:numPr/w:numId/@w:val", namespaces=WORD)} <= lists


def elsewhere(html: str) -> None:
    """Check HTML for other sites: absolute addresses, and no scripts, styles or classes."""
    if not html:
        return
    root = lxml.html.fragment_fromstring(html, create_parent="div")
    assert not root.xpath("//svg | //script | //style | //button | //source | //*[@class]"), html
    for address in root.xpath("//@href | //@src | //@srcset"):
        if not address.startswith(("mailto:", "tel:")):
            absolute(address)


def absolute(address: str) -> None:
    parts = urlsplit(address)
    assert parts.scheme in ("http", "https"), address
    assert parts.netloc, address
    assert not re.search(r"\s", address), address


def has_vnu() -> bool:
    """Return whether HTML can be checked here. If VNU_REQUIRED is set, as in CI, fail if not."""
    there = VNU.exists() and shutil.which("java") is not None
    if not there and os.environ.get("VNU_REQUIRED"):
        pytest.fail(f"{VNU} or java is missing. `make vnu` and the package default-jre-headless.")
    return there


def html_errors(folder: Path) -> list[str]:
    """Return the errors and warnings of the Nu HTML Checker for all HTML files of a folder."""
    command = ["java", "-Xss4m", "-jar", str(VNU), "--format", "json", "--exit-zero-always"]
    done = subprocess.run([*command, str(folder)], capture_output=True, text=True, timeout=300)
    messages = json.loads(done.stderr)["messages"]
    return [
        f"{Path(urlsplit(one.get('url', '')).path).name}:{one.get('lastLine')}: {one['message']} "
        f"{one.get('extract', '')!r}"
        for one in messages
        if one["type"] != "info"
    ]


@cache
def _ninjs_schema() -> jsonschema.Draft202012Validator:
    anything = Resource.from_contents({"$schema": "http://json-schema.org/draft-07/schema#"})
    registry = Registry(retrieve=lambda uri: anything)  # it refers to GeoJSON, which we do not use
    schema = json.loads((SCHEMAS / "ninjs-schema_3.1.json").read_text(encoding="utf-8"))
    return jsonschema.Draft202012Validator(schema, registry=registry)


@cache
def _json_feed_schema() -> jsonschema.Draft4Validator:
    schema = json.loads((SCHEMAS / "jsonfeed-1.1.json").read_text(encoding="utf-8"))
    before = json.loads((SCHEMAS / "jsonfeed-1.json").read_text(encoding="utf-8"))
    registry = Registry().with_resource("feed-1", Resource.from_contents(before))
    return jsonschema.Draft4Validator(schema, registry=registry)


@cache
def _atom_schema() -> etree.RelaxNG:
    return etree.RelaxNG(etree.parse(SCHEMAS / "atom.rng"))


@cache
def _sitemap_schema() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(SCHEMAS / "sitemap.xsd"))


@cache
def _schema_org() -> frozenset[str]:
    context = json.loads((SCHEMAS / "schemaorgcontext.jsonld").read_text(encoding="utf-8"))
    return frozenset(context["@context"])

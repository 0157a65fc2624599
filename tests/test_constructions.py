"""Every construction of a document in every output: page, preview, text, feeds, Word file."""

import io
import re
import zipfile
from collections import Counter
from unicodedata import normalize
from uuid import UUID

import lxml.html
import pytest
from django.template.loader import render_to_string
from django.utils import timezone
from lxml import etree

from assets.models import MediaAsset
from newsroom.exports import as_text
from newsroom.page import ReleasePage
from newsroom.word import as_docx
from people.models import Person
from previews import watermarks
from previews.models import PreviewLink
from releases.document import Document, render_text
from releases.models import Release
from releases.versions import compare
from tests.constructions import CONSTRUCTIONS, EVERYTHING, OTHER, PERSON, PICTURE
from tests.make import (
    accept,
    make_chief,
    make_link,
    make_person,
    make_picture,
    make_release,
    unguarded,
)

pytestmark = pytest.mark.django_db

ORIGIN = "https://news.example"
NOTED = (
    '<p>One<span data-footnote="1">The <strong>first</strong> note.</span>, two'
    '<span data-footnote="2">The second.</span>.</p>'
)


@pytest.fixture(autouse=True)
def rows():
    """The rows that the constructions refer to."""
    make_person("Ann Verel", pk=UUID(PERSON))
    make_person("Ben", pk=UUID(OTHER))
    make_picture(pk=UUID(PICTURE), caption="A field.", alt_text="Wheat", credit_line="AFP")


def as_tree(html):
    return lxml.html.fragment_fromstring(str(html), create_parent="div")


def article(client, release):
    page = client.get(release.get_absolute_url())
    assert page.status_code == 200
    (found,) = lxml.html.fromstring(page.content).xpath("//article")
    return found


def plain(text: str) -> str:
    return " ".join(text.split())


def words_of_word(data: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = [name for name in archive.namelist() if name.startswith("word/")]
        shown = [name for name in parts if name.endswith(("document.xml", "footnotes.xml"))]
        return "".join(
            text for name in shown for text in etree.fromstring(archive.read(name)).itertext()
        )


@pytest.mark.parametrize("name", CONSTRUCTIONS)
def test_every_construction_is_printed_with_all_its_words(name):
    body = CONSTRUCTIONS[name]
    release = make_release("draft", body=body)  # some quotations have no speaker yet
    assert release.body == body
    page = ReleasePage(release, at=timezone.now(), preview=True)
    found = as_tree(render_to_string("newsroom/_release.html", {"page": page, "release": release}))
    forms = {
        "page": found.text_content(),
        "text": as_text(page, ORIGIN, "Newsroom"),
        "feeds": as_tree(page.release_html(ORIGIN)).text_content(),
        "Word": words_of_word(as_docx(page, ORIGIN, "Newsroom")),
    }
    # “²” counts as a raised “2”.
    letters = Counter(normalize("NFKC", "".join(page.document.paragraphs)).replace("\n", ""))
    for form, text in forms.items():
        missing = letters - Counter(normalize("NFKC", text))
        assert not missing, form
    ids = found.xpath(".//@id")
    assert len(ids) == len(set(ids))
    assert {href[1:] for href in found.xpath(".//a/@href[starts-with(., '#')]")} <= set(ids)
    for tag in ("td", "li", "h2", "h3", "blockquote", "s", "sub"):
        inside = found.xpath(f".//div[@class='text']//{tag}")
        assert len(inside) >= len(re.findall(f"<{tag}[ >]", body)), tag
    assert not re.search("data-(footnote|person|caption|kind|name)", page.body)


def test_all_constructions_fit_on_one_page(client):
    body = EVERYTHING
    for quoted in ("<blockquote>", '<blockquote data-name="Ann Verel" data-title="Chair">'):
        body = body.replace(quoted, f'<blockquote data-speaker="{PERSON}">')
    release = make_release(body=body, notes_to_editors="<ol start=4><li>Four</li></ol>")
    assert release.body == body
    found = article(client, release)
    assert len(found.xpath(".//section[@class='background']")) == 5
    (notes,) = found.xpath(".//section[@aria-labelledby='notes']/ol/@start")
    assert notes == "4"


def test_a_table_has_its_caption_its_head_and_a_box_that_scrolls(client):
    release = make_release(body=(
        "<table><caption>Held & freed</caption><thead><tr><td></td><th colspan=2>In <b>2024</b>"
        "</th></tr></thead><tr><th rowspan=2>North<td>7<td>8<tr><td>9<td><ul><li>Ten</ul></table>"
    ))  # fmt: skip
    (box,) = article(client, release).xpath(".//div[@class='table']")
    assert dict(box.attrib) == {
        "class": "table", "role": "region", "tabindex": "0", "aria-label": "Held & freed",
    }  # fmt: skip
    table = re.sub(r"\s*\n\s*", "", lxml.html.tostring(box[0], encoding="unicode"))
    assert table == (
        "<table><caption>Held &amp; freed</caption><thead><tr><td></td>"
        '<th colspan="2" scope="colgroup">In <strong>2024</strong></th></tr></thead>'
        '<tbody><tr><th rowspan="2" scope="rowgroup">North</th><td>7</td><td>8</td></tr>'
        "<tr><td>9</td><td><ul><li><p>Ten</p></li></ul></td></tr></tbody></table>"
    )
    unnamed = make_release(body="<table><tr><th>A</th><td>B</table>")
    (box,) = article(client, unnamed).xpath(".//div[@class='table']")
    assert box.get("aria-label") == "Table"
    assert not box.xpath(".//thead | .//caption")
    assert box.xpath(".//th/@scope") == ["row"]


@pytest.mark.parametrize(
    ("rows", "heads"),
    [
        ("<tr><th>A<tr><th>B<tr><td>C", 2),
        ("<tr><th>A<tr><th>B", 1),  # one row is left for the body
        ("<tr><th rowspan=2>A<th>B<tr><th>C<tr><td>D<td>E", 2),
        ("<tr><th rowspan=2>A<th>B<tr><td>C<tr><td>D<td>E", 0),  # it continues below
        ("<tr><td>A<th>B<tr><td>C<td>D", 0),
        ("<tr><td><td><tr><td>C<td>D", 0),
    ],
)
def test_the_head_of_a_table_is_its_first_rows_of_header_cells(client, rows, heads):
    found = article(client, make_release(body=f"<table>{rows}</table>"))
    assert len(found.xpath(".//thead/tr")) == heads
    assert found.xpath(".//tbody/tr")


def test_footnotes_are_linked_both_ways(client):
    quoted = f'<blockquote data-speaker="{PERSON}"><p>“So<span data-footnote=1>Third.</span>.”</p>'
    found = article(client, make_release(body=f"{NOTED}{quoted}</blockquote><p>End.</p>"))
    references = found.xpath(".//sup[@class='note']/a")
    assert [plain(reference.text_content()) for reference in references] == ["1", "2", "3"]
    assert [plain(p.text_content()) for p in found.xpath(".//div[@class='text']/p")] == [
        "One1, two2.", "End.",
    ]  # fmt: skip
    (section,) = found.xpath(".//section[@role='doc-endnotes']")
    notes = section.xpath("./ol/li")
    assert [plain(note.text_content()) for note in notes] == [
        "The first note. ↑", "The second. ↑", "Third. ↑",
    ]  # fmt: skip
    for reference, note in zip(references, notes, strict=True):
        assert reference.get("href") == f"#{note.get('id')}"
        (back,) = note.xpath("./a[@role='doc-backlink']")
        assert back.get("href") == f"#{reference.get('id')}"
        assert back.get("aria-label").startswith("Back to the text at footnote ")
    # The stored text of a quotation has no footnotes.
    assert Release.objects.get().quotes.get().text == "“So.”"


def test_a_name_that_is_split_by_marks_is_linked_once(client):
    half = f'<span data-person="{PERSON}">'
    body = f"<p><b>{half}Ann</span></b>{half} Ver<i>el</i></span> and {half}Ann Verel</span></p>"
    found = article(client, make_release(body=body))
    (link,) = found.xpath(".//a[@class='person']")
    assert lxml.html.tostring(link, encoding="unicode", with_tail=False) == (
        '<a class="person" href="/people/ann-verel/"><strong>Ann</strong> Ver<em>el</em></a>'
    )
    in_a_link = f'<p>{half}Ann <a href="https://a.example/">Verel</a></span></p>'
    assert not article(client, make_release(body=in_a_link)).xpath(".//a[@class='person']")


def test_the_plain_text_has_lists_tables_and_footnotes():
    body = (
        f"{NOTED}<ol start=9><li><p>Nine</p><p>More</p><ul><li>Inner<li>Next</ul></li>"
        "<li><ul><li>Deep</ul></ol>"
        "<table data-caption='Held'><tr><th>Place<th>In<br>all<tr><td>North<td>"
        "<ul><li>7<li>8</ul><tr><td><td>9</table>"
    )
    document = Document(make_release(body=body).body)
    assert render_text(document, attributions={}, pictures={}) == (
        "One[1], two[2].\n\n"
        "9. Nine\n  More\n  - Inner\n  - Next\n10.\n  - Deep\n\n"
        "Held\nPlace | In all\nNorth | - 7 - 8\n | 9\n\n"
        "[1] The first note.\n[2] The second."
    )


def test_the_plain_text_keeps_each_cell_in_its_column():
    body = (
        "<table><tr><th rowspan=2>Town<th colspan=2>Held<th>Freed<tr><th>2024<th>2025<th>Both"
        "<tr><td>North<td>1<td>2<td rowspan=2>3<tr><td>South<td>4<td>5</table>"
    )
    document = Document(make_release(body=body).body)
    assert render_text(document, attributions={}, pictures={}).split("\n") == [
        "Town | Held |  | Freed", " | 2024 | 2025 | Both", "North | 1 | 2 | 3", "South | 4 | 5",
    ]  # fmt: skip


def test_the_plain_text_marks_raised_lowered_and_struck_out_text():
    body = "<p>10<sup>6</sup> m<b><sup>2</sup></b>, H<sub>2</sub>O, <s>do <b>not</b></s> agree</p>"
    document = Document(make_release(body=body).body)
    plain_text = render_text(document, attributions={}, pictures={})
    assert plain_text == "10⁶ m², H₂O, ~~do not~~ agree"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            '<table data-caption="Held"><tr><td>A</table>',
            '<table data-caption="Freed"><tr><td>A</table>',
        ),
        ("<table><tr><td>Held</table>", "<table><tr><td>Freed</table>"),
        ("<p>A<span data-footnote=1>Held</span></p>", "<p>A<span data-footnote=1>Freed</span></p>"),
    ],
)
def test_a_change_in_any_construction_is_shown_to_the_approver(before, after):
    chief = make_chief()
    release = make_release("draft", body=before)
    older = release.history.first()
    release.body = after
    release.save()
    (change,) = compare(older, release.history.first(), chief)
    assert (change.label, "<del>" in change.html) == ("Text", True)
    assert "Held" in change.html
    assert "Freed" in change.html


def test_the_html_of_feeds_needs_no_style_or_script_of_ours(client):
    quoted = f'<blockquote data-speaker="{PERSON}" data-title="Chair & more"><p>“So.”</p>'
    body = (
        f'{NOTED}<p><span data-person="{OTHER}">Ben</span> <s>a</s></p>{quoted}</blockquote>'
        f'<figure data-asset="{PICTURE}"></figure><table data-caption="Held"><tr><td>A</table>'
        "<section data-kind=background><h2>B</h2></section>"
    )
    page = ReleasePage(make_release(body=body), at=timezone.now())
    html = page.release_html(ORIGIN)
    tree = as_tree(html)
    assert not tree.xpath(".//script | .//button | .//svg | .//@class | .//@id | .//@style")
    assert not re.search(r"data-|aria-|role=", html)
    addresses = tree.xpath(".//@href | .//@src")
    assert len(addresses) == 2
    assert all(address.startswith(f"{ORIGIN}/") for address in addresses)
    (image,) = tree.xpath("./figure/img")
    assert image.get("alt") == "Wheat"
    assert "/column.jpg" in image.get("src")
    assert plain(tree.xpath("./figure/figcaption")[0].text_content()) == "A field. AFP"
    (quote,) = tree.xpath("./blockquote")
    assert plain(quote.find("footer/cite").text_content()) == "Ann Verel, Chair & more"
    assert [plain(li.text_content()) for li in tree.xpath("./ol/li")] == [
        "The first note.", "The second.",
    ]  # fmt: skip
    assert tree.xpath("./p[1]/sup/text()") == ["1", "2"]
    assert tree.find("table/caption").text == "Held"


def test_the_html_of_feeds_names_no_protected_person(client):
    body = f'<p><span data-person="{OTHER}">Ben</span></p><figure data-asset="{PICTURE}"></figure>'
    release = make_release(body=body)
    unguarded(Person.objects.filter(pk=OTHER)).update(level=2)
    unguarded(MediaAsset.objects.all()).update(withdrawn_at=timezone.now())
    html = ReleasePage(release, at=timezone.now()).release_html(ORIGIN)
    assert html == "<p>Ben</p>"


def test_notes_to_editors_print_no_internal_attribute(client):
    notes = (
        '<blockquote data-name="Iven Sorrel" data-title="T"><p>“A.”</p></blockquote>'
        f'<p>See <span data-person="{PERSON}">Ann</span> <a href="https://a.example/">b</a></p>'
    )
    release = make_release(notes_to_editors=notes)
    unguarded(Release.objects.all()).update(notes_to_editors=notes)  # as older code stored it
    page = client.get(release.get_absolute_url()).content.decode()
    assert "Iven Sorrel" not in page
    assert str(PERSON) not in page
    assert "<blockquote><p>“A.”</p></blockquote>" in page
    assert '<p>See Ann <a href="https://a.example/">b</a></p>' in page


def test_a_preview_marks_long_paragraphs_around_footnotes(client):
    long = "Words that go on for long enough to be marked. " * 20
    body = (
        f"<p>{long}<span data-footnote=1>{long}</span> end.</p>"
        f"<table><tr><td>{long}<span data-footnote=2>So.</span></td></tr></table>"
        f"<ul><li>{long}<span data-footnote=3>Third.</span></li></ul>"
    )
    address = make_link(make_release("draft", body=body), kind="colleague")
    accept(client, address)
    text = client.get(f"{address}release.txt").content.decode()
    code = watermarks.invisible_code(PreviewLink.objects.get().reference)
    assert text.count(code) == 3  # the paragraph, the item, and the first note
    assert text.count("[3]") == 2

"""A release as a Word file: the text of its page, and no metadata about author or program."""

import io
import time
import zipfile
from urllib.parse import unquote

import docx
import lxml.html
import pytest
import time_machine

from assets.cleaning import word as cleaning
from people.models import Level
from releases.models import Correction
from tests.make import make_chief, make_person, make_picture, make_release, quotation

pytestmark = pytest.mark.django_db

EVERYTHING = (
    "<p>The lead with <strong>bold</strong>, <em>italic</em>, <s>struck</s>, 10 m<sup>2</sup> "
    "and H<sub>2</sub>O.</p>"
    "<h2>First heading</h2>"
    '<p>Named in a note<span data-footnote="1">See <a href="https://example.org/report">the '
    "report</a>, page 3.</span> here.</p>"
    '<ol start="3"><li><p>Third point</p><p>Its second paragraph</p>'
    "<ul><li><p>Inner point</p></li></ul></li><li><p>Fourth point</p></li></ol>"
    '<table data-caption="Sentences by year"><tbody>'
    '<tr><th><p>Year</p></th><th colspan="2"><p>People</p></th></tr>'
    '<tr><td rowspan="2"><p>2024</p></td><td><p>Eleven</p></td><td><p></p></td></tr>'
    "<tr><td><p>Twelve</p></td><td><ul><li><p>A point in a cell</p></li></ul></td></tr>"
    "</tbody></table>"
    '<section data-kind="background"><h2>Background</h2><p>What came before.</p></section>'
)


def packed(client, release) -> zipfile.ZipFile:
    answer = client.get(f"{release.get_absolute_url()}release.docx")
    assert answer.status_code == 200
    assert f"{release.slug}.docx" in unquote(answer["Content-Disposition"])
    return zipfile.ZipFile(io.BytesIO(answer.content))


def opened(client, release):
    return docx.Document(packed(client, release).fp)


def test_a_word_file_has_the_text_of_the_page_in_order(client):
    speaker = make_person(title="Director", speaks=True)
    release = make_release(
        title="Valdria: Free them", standfirst="All of them.", poster=make_picture(),
        body=EVERYTHING + quotation(speaker), notes_to_editors="<p>Call in the morning.</p>",
    )  # fmt: skip
    Correction.objects.create(release=release, text="Ten, not nine.", by=make_chief())
    word = opened(client, release)
    texts = [p.text for p in word.paragraphs]
    wanted = [
        "Valdria: Free them", "All of them.", "First heading", "Third point",
        "Its second paragraph", "Inner point", "Fourth point", "Sentences by year", "Background",
        "What came before.", f"– {speaker.display_name}, Director", "Notes to editors",
        "Call in the morning.", "Corrections",
    ]  # fmt: skip
    assert [text for text in texts if text in wanted] == wanted
    assert "10 m2 and H2O" in "\n".join(texts)
    assert any("Ten, not nine." in text for text in texts)
    (table,) = word.tables
    cells = [[cell.text for cell in row.cells] for row in table.rows]
    assert cells == [
        ["Year", "People", "People"],
        ["2024", "Eleven", ""],
        ["2024", "Twelve", "A point in a cell\n"],
    ]


def test_a_word_file_has_real_footnotes_links_marks_and_numbers(client):
    archive = packed(client, make_release(body=EVERYTHING))
    notes = archive.read("word/footnotes.xml").decode()
    assert "See " in notes
    assert "page 3." in notes
    assert "https://example.org/report" in archive.read("word/_rels/footnotes.xml.rels").decode()
    text = archive.read("word/document.xml").decode()
    assert text.count("<w:footnoteReference ") == 1
    assert "page 3." not in text
    for mark in ("<w:b/>", "<w:i/>", "<w:strike/>", '"superscript"', '"subscript"'):
        assert mark in text
    numbering = archive.read("word/numbering.xml").decode()
    assert '<w:startOverride w:val="3"/>' in numbering
    assert "<w:tblHeader/>" in text


def test_a_list_item_that_begins_with_a_list_keeps_its_number_in_a_word_file(client):
    inner = "<ul><li><p>Inner</p></li></ul>"
    body = f"<ol><li>{inner}<p>Below</p></li><li><p>Two</p></li></ol>"
    word = opened(client, make_release(body=body))
    items = [p for p in word.paragraphs if p.style.name == "List Paragraph"]
    numbered = [p._p.pPr.numPr for p in items]
    assert [p.text for p in items] == ["", "Inner", "Below", "Two"]
    assert [number is not None and number.ilvl.val for number in numbered] == [0, 1, False, 0]
    assert numbered[0].numId.val == numbered[3].numId.val


def test_every_header_row_is_marked_as_one_in_a_word_file(client):
    head = "<tr><th rowspan=2>A<th>B<tr><th>C"
    archive = packed(client, make_release(body=f"<table>{head}<tr><td>D<td>E</table>"))
    assert archive.read("word/document.xml").decode().count("<w:tblHeader/>") == 2


def test_a_word_file_names_no_author_program_or_template(client):
    archive = packed(client, make_release(body=EVERYTHING))
    names = archive.namelist()
    assert not [name for name in names if "docProps" in name or "customXml" in name]
    everything = b"".join(archive.read(name) for name in names).lower()
    for trace in (b"python-docx", b"macintosh", b"<dc:", b"rsid", b"author"):
        assert trace not in everything, trace
    cleaned = cleaning.clean(archive.fp)
    assert cleaned.removed == []
    assert cleaned.problems == []


def test_a_word_file_in_arabic_is_right_to_left(client):
    release = make_release(language="ar", title="أطلقوا سراحهم", body="<p>الآن.</p>")
    styles = packed(client, release).read("word/styles.xml").decode()
    assert "<w:bidi/>" in styles
    assert "<w:rtl/>" in styles
    assert '<w:lang w:val="ar" w:eastAsia="ar" w:bidi="ar"/>' in styles


def test_a_protected_speaker_is_withheld_in_a_word_file(client):
    speaker = make_person(title="Director", speaks=True)
    release = make_release(body=quotation(speaker))
    speaker.level = Level.STAFF
    speaker.save()
    text = "\n".join(p.text for p in opened(client, release).paragraphs)
    assert "Name withheld" in text
    assert speaker.display_name not in text


def test_a_word_file_is_the_same_each_time_and_not_compressed_again(client):
    """A date in the file would change the ETag each time."""
    address = f"{make_release(body=EVERYTHING).get_absolute_url()}release.docx"
    packing = {"Accept-Encoding": "gzip"}
    with time_machine.travel("2031-01-01 12:00:00+00:00"):
        first = client.get(address, headers=packing)
    with time_machine.travel("2032-06-01 12:00:00+00:00"):
        later = client.get(address, headers=packing | {"If-None-Match": first["ETag"]})
    assert later.status_code == 304
    assert "Content-Encoding" not in first
    archive = zipfile.ZipFile(io.BytesIO(first.content))
    assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_the_page_states_the_type_of_each_of_its_files(client):
    address = make_release().get_absolute_url()
    page = lxml.html.fromstring(client.get(address).content)
    named = dict.fromkeys(["release.txt", "release.docx", "release.json"], "")
    for link in page.xpath("//link[@rel='alternate'][@type]"):
        if (name := link.get("href").rpartition("/")[2]) in named:
            named[name] = link.get("type")
    for name, kind in named.items():
        assert client.get(f"{address}{name}")["Content-Type"].partition(";")[0] == kind


def test_a_hidden_release_has_no_word_file(client):
    for state in ("draft", "in_review", "scheduled"):
        release = make_release(state)
        assert client.get(f"/releases/{release.slug or release.pk}/release.docx").status_code == 404
    assert (
        client.get(f"{make_release('withdrawn').get_absolute_url()}release.docx").status_code == 410
    )


@pytest.mark.parametrize(
    "piece",
    [
        "<ol><li><p>a</p></li></ol><p>b</p>",
        '<p><a href="https://e.org/%d">a</a></p>',
        '<p>a<span data-footnote="1">b</span></p>',
    ],
)
def test_the_time_to_write_a_word_file_grows_only_with_its_length(client, piece):
    def seconds(times: int) -> float:
        body = "".join(piece.replace("%d", str(number)) for number in range(times))
        release = make_release(body=body)
        packed(client, release)
        begin = time.process_time()
        packed(client, release)
        return time.process_time() - begin

    short, long = seconds(100), seconds(800)
    assert long < 16 * max(short, 0.05)

"""The schema of a document: the normal form of its blocks, marks and tables, and its text."""

import re
from uuid import UUID

import lxml.html
import pytest

from releases.document import (
    Document,
    UnreadableTextError,
    clean,
    clean_notes,
    drop_unknown_refs,
    link_people,
)
from releases.document.schema import MAX_COLUMNS, MAX_ROWS
from releases.models import Release
from tests.constructions import CONSTRUCTIONS, EVERYTHING, OTHER, PERSON, PICTURE
from tests.test_admin import form_data


def table(*rows: str, caption: str = "") -> str:
    """Return a table in its normal form. “|” separates the cells of a row; “!” marks a header."""
    inner = "".join(
        "<tr>"
        + "".join(
            f"<th><p>{cell[1:]}</p></th>" if cell[:1] == "!" else f"<td><p>{cell}</p></td>"
            for cell in row.split("|")
        )
        + "</tr>"
        for row in rows
    )
    named = f' data-caption="{caption}"' if caption else ""
    return f"<table{named}><tbody>{inner}</tbody></table>"


def rectangle(html: str) -> list[list[int]]:
    """Return the number of the cell at each place of a table; fail if two cells overlap."""
    rows = lxml.html.fragment_fromstring(html).findall(".//tr")
    covered: dict[tuple[int, int], int] = {}
    number = 0
    for y, row in enumerate(rows):
        x = 0
        for cell in row:
            while (y, x) in covered:
                x += 1
            number += 1
            for down in range(int(cell.get("rowspan", 1))):
                for across in range(int(cell.get("colspan", 1))):
                    assert (y + down, x + across) not in covered, html
                    covered[y + down, x + across] = number
    width = max(x for _y, x in covered) + 1
    assert set(covered) == {(y, x) for y in range(len(rows)) for x in range(width)}, html
    return [[covered[y, x] for x in range(width)] for y in range(len(rows))]


@pytest.mark.parametrize("name", CONSTRUCTIONS)
def test_every_construction_is_kept_unchanged(name):
    html = CONSTRUCTIONS[name]
    assert clean(html) == html
    known = {UUID(PERSON), UUID(OTHER)}
    assert drop_unknown_refs(html, known, {UUID(PICTURE)}) == html
    assert link_people(html, {}) == html


def test_all_constructions_fit_into_one_document():
    assert clean(EVERYTHING) == EVERYTHING


# --- Bad input -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "html",
    [
        "<table>" + "<tr><td>x</td></tr>" * (MAX_ROWS + 1) + "</table>",
        "<table><tr>" + "<td>x</td>" * (MAX_COLUMNS + 1) + "</tr></table>",
        f"<table><tr><td rowspan=2 colspan={MAX_COLUMNS}>x</td></tr><tr><td>y</td></tr></table>",
    ],
)
def test_a_table_that_is_too_large_is_refused_with_the_limits(html):
    with pytest.raises(UnreadableTextError, match="50 columns and 500 rows"):
        clean(html)


def test_the_largest_table_is_accepted():
    html = "<table>" + ("<tr>" + "<td>x</td>" * 10 + "</tr>") * MAX_ROWS + "</table>"
    assert clean(html).count("<tr>") == MAX_ROWS
    row = "<tr>" + "<td>x</td>" * MAX_COLUMNS + "</tr>"
    assert clean(f"<table>{row}</table>").count("<td>") == MAX_COLUMNS


@pytest.mark.parametrize("start", ["-3", "x", "10000", "1e3", "٣", "9" * 5_000, "", "1"])
def test_an_invalid_first_number_of_a_list_becomes_one(start):
    assert clean(f'<ol start="{start}"><li>A</li></ol>') == "<ol><li><p>A</p></li></ol>"


@pytest.mark.parametrize(
    ("html", "rows"),
    [
        # Ragged rows get empty cells.
        ("<tr><td>A</td></tr><tr><td>B</td><td>C</td></tr>", [[1, 2], [3, 4]]),
        # A span that is larger than the table is cut.
        ("<tr><td rowspan=9>A</td><td>B</td></tr><tr><td>C</td></tr>", [[1, 2], [1, 3]]),
        ("<tr><td colspan=100>A</td></tr><tr><td>B</td><td>C</td></tr>", [[1, 1], [2, 3]]),
        ("<tr><td colspan=100>A</td></tr>", [[1]]),
        ("<tr><td rowspan=0>A</td><td>B</td></tr><tr><td>C</td></tr>", [[1, 2], [1, 3]]),
        # A span that would overlap another cell is cut.
        (
            "<tr><td>A</td><td rowspan=2>B</td></tr><tr><td colspan=2>C</td></tr>",
            [[1, 2], [3, 2]],
        ),
        # Rows and columns in which no cell begins are removed.
        ("<tr><td rowspan=2>A</td><td rowspan=2>B</td></tr><tr></tr>", [[1, 2]]),
        ("<tr><td colspan=2>A</td></tr><tr><td colspan=2>B</td></tr>", [[1], [2]]),
        # A span ends with its group of rows.
        (
            "<thead><tr><th rowspan=2>A</th></tr></thead><tr><td>B</td></tr>",
            [[1], [2]],
        ),
        # The footer becomes the last row.
        ("<tfoot><tr><td>Sum</td></tr></tfoot><tr><td>B</td></tr>", [[1], [2]]),
        ("<tr><td colspan=-1 rowspan=x>A</td><td colspan=1.5>B</td></tr>", [[1, 2]]),
        (f"<tr><td colspan={'9' * 999}>A</td></tr><tr><td>B<td>C</tr>", [[1, 1], [2, 3]]),
    ],
)
def test_a_table_becomes_a_rectangle(html, rows):
    cleaned = clean(f"<table>{html}</table>")
    assert rectangle(cleaned) == rows
    assert clean(cleaned) == cleaned
    assert re.findall("[A-Z]", Document(cleaned).text) == re.findall(
        "[A-Z]", re.sub("<[^>]*>", "", html) if "tfoot" not in html else "BS"
    )


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        # A caption loses its marks or, if too long, becomes a paragraph. Pictures move below.
        (
            f"<table><caption>Held <b>so far</b></caption><tr><td>A<figure data-asset={PICTURE}>"
            "</figure></td></tr></table>",
            table("A", caption="Held so far") + f'\n<figure data-asset="{PICTURE}"></figure>',
        ),
        (
            "<table data-caption='Of one'><caption>Of two</caption><tr><td>A</table>",
            table("A", caption="Of one Of two"),
        ),
        (
            f"<table><caption>{'Long words ' * 60}</caption><tr><td>A</table>",
            f"<p>{('Long words ' * 60).strip()}</p>\n" + table("A"),
        ),
        # A table in a cell becomes paragraphs.
        (
            "<table><tr><td>A<table><caption>B</caption><tr><td>C<td><h2>D</h2></table>E</table>",
            table("A</p><p>B</p><p>C</p><p>D</p><p>E"),
        ),
        # A quotation, a heading and a section in a cell become paragraphs.
        (
            "<table><tr><td><blockquote data-name=x>A</blockquote><h3>B</h3>"
            "<section data-kind=background><p>C</p></section></table>",
            table("A</p><p>B</p><p>C"),
        ),
        ("<table><tr><td></td><td> </td></tr></table><p>x</p>", "<p>x</p>"),
        ("<table data-caption='Words alone'></table>", "<p>Words alone</p>"),
        # A table in an item divides the list, and the numbers continue.
        (
            "<ol start=4><li>A</li><li>B<table><tr><td>x</table>C</li><li>D</li></ol>",
            '<ol start="4"><li><p>A</p></li><li><p>B</p></li></ol>\n' + table("x") + "\n"
            '<ol start="6"><li><p>C</p></li><li><p>D</p></li></ol>',
        ),
        ("<ul start=4><li>A</ul>", "<ul><li><p>A</p></li></ul>"),
        # Headings never skip a level.
        ("<h4>A</h4><h2>B</h2><h3>C</h3>", "<h2>A</h2>\n<h2>B</h2>\n<h3>C</h3>"),
        ("<h3>A</h3><h3>B</h3>", "<h2>A</h2>\n<h3>B</h3>"),
        (
            "<section data-kind=background><h3>A</h3></section>",
            '<section data-kind="background"><h2>A</h2></section>',
        ),
        # Only sections of a known kind are kept.
        ("<section><p>A</p></section>", "<p>A</p>"),
        ("<section data-kind=aside><p>A</p></section>", "<p>A</p>"),
        (
            "<section data-kind=background><p>A</p><section data-kind=background>B</section>"
            "</section>",
            '<section data-kind="background"><p>A</p>\n<p>B</p></section>',
        ),
        ("<section data-kind=background><p> </p></section>", ""),
        ("<ul><li><section data-kind=background>A</section></ul>", "<ul><li><p>A</p></li></ul>"),
    ],
)
def test_blocks_get_their_normal_form(typed, stored):
    assert clean(typed) == stored
    assert clean(stored) == stored


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        # Marks are nested in one order, and equal neighbours are joined.
        ("<em><strong>a</strong></em>", "<strong><em>a</em></strong>"),
        ("<b>a</b><b>b</b>", "<strong>ab</strong>"),
        ("<i><b>a</b></i><b>b</b>", "<strong><em>a</em>b</strong>"),
        ("<b>a <a href=https://a.example/>b</a></b>",
         '<strong>a </strong><a href="https://a.example/"><strong>b</strong></a>'),
        ("<a href=https://a.example/>a</a><a href=https://a.example/>b</a>",
         '<a href="https://a.example/">ab</a>'),
        (f"<b>Ann</b><span data-person={PERSON}>x</span>",
         f'<strong>Ann</strong><span data-person="{PERSON}">x</span>'),
        ("a<b> </b>b", "a b"),
        ("<b>a</b><b> </b><b>b</b>", "<strong>a b</strong>"),
        ("<b>a </b> b", "<strong>a </strong>b"),
        ("a<br> b", "a<br>b"),
        ("<b><br>a</b>", "<strong>a</strong>"),
        ("<strike>a</strike><del>b</del><s>c</s>", "<s>abc</s>"),
        ("<sup>a<sub>b</sub></sup>", "<sup>a</sup><sub><sup>b</sup></sub>"),
        # Footnotes are numbered in the order of the text.
        ("a<span data-footnote=9>b</span> c<span data-footnote=2>d</span>",
         'a<span data-footnote="1">b</span> c<span data-footnote="2">d</span>'),
        ("a<span data-footnote=x>b</span><span data-footnote=x>c</span>",
         'a<span data-footnote="1">bc</span>'),
        ("a<span data-footnote=1>b<span data-footnote=2>c</span></span>",
         'a<span data-footnote="1">bc</span>'),
        ("a<b><span data-footnote=1>b</span></b>",
         'a<span data-footnote="1"><strong>b</strong></span>'),
        ("a<span data-footnote=1> </span>b", "a b"),
        ("a<span data-footnote>b</span>", "ab"),
        # A footnote without text before it becomes text.
        ("<span data-footnote=1>a</span>", "a"),
        ("<span data-footnote=1>a</span><br><span data-footnote=2>b</span>", "a<br>b"),
    ],
)  # fmt: skip
def test_marks_get_their_normal_form(typed, stored):
    assert clean(f"<p>{typed}</p>") == f"<p>{stored}</p>"
    assert clean(f"<p>{stored}</p>") == f"<p>{stored}</p>"


def test_a_mark_around_paragraphs_is_applied_to_each():
    html = "<b><div>a</div><ul><li>b</ul></b><a href=https://a.example/><div>c</div></a>"
    assert clean(html) == (
        "<p><strong>a</strong></p>\n<ul><li><p><strong>b</strong></p></li></ul>\n"
        '<p><a href="https://a.example/">c</a></p>'
    )


def test_notes_to_editors_hold_only_text_lists_and_headings():
    html = (
        f'<h2>A</h2><ol start=3><li>B</ol><blockquote data-name="N" data-title="T">C</blockquote>'
        f"<figure data-asset={PICTURE}></figure><section data-kind=background>D</section>"
        "<table data-caption='E'><tr><td>F<td></table><p>G<span data-footnote=1>H</span> I</p>"
        f"<p><span data-person={PERSON}>J</span></p>"
    )
    assert clean_notes(html) == (
        '<h2>A</h2>\n<ol start="3"><li><p>B</p></li></ol>\n<blockquote><p>C</p></blockquote>\n'
        "<p>D</p>\n<p>E</p>\n<p>F</p>\n<p>G I (H)</p>\n<p>J</p>"
    )


# --- Reading a document --------------------------------------------------------------------------


def test_the_text_of_captions_cells_and_footnotes_is_read():
    document = Document(
        '<p>One<span data-footnote="1">Ann <b>Verel</b></span> two.</p>'
        '<table data-caption="A caption"><tbody><tr><td><p>A cell</p></td></tr></tbody></table>'
        '<blockquote><p>“So <span data-footnote="2">A note</span>it is.”</p></blockquote>'
    )
    assert document.paragraphs == [
        "One two.", "Ann Verel", "A caption", "A cell", "“So it is.”", "A note",
    ]  # fmt: skip
    assert [quote.text for quote in document.quotations] == ["“So it is.”"]


def test_a_name_that_is_split_by_marks_is_one_name():
    half = f'<span data-person="{PERSON}">'
    document = Document(
        f'<p>{half}<b>Ann</b> Ver</span><a href="https://a.example/">{half}el</span></a> and '
        f'{half}Ann</span><span data-footnote="1">x</span>{half} Verel</span></p>'
    )
    assert document.mentions == [(UUID(PERSON), "Ann Verel")] * 2


def test_an_import_finds_a_name_through_marks_and_in_footnotes():
    html = clean(
        "<p>It was <b>Ann</b> <i>Verel</i> and Ann Verel.</p>"
        "<p>So<span data-footnote=1>See Ben Ostrov.</span></p>"
    )
    assert link_people(html, {"Ann Verel": UUID(PERSON), "Ben Ostrov": UUID(OTHER)}) == (
        f'<p>It was <span data-person="{PERSON}"><strong>Ann</strong> <em>Verel</em></span> '
        "and Ann Verel.</p>\n"
        f'<p>So<span data-footnote="1">See <span data-person="{OTHER}">Ben Ostrov</span>.</span>'
        "</p>"
    )


@pytest.mark.django_db
@pytest.mark.parametrize(
    "piece",
    ["<p>a</p>", "<ul><li><p>a</p></li></ul>", '<p>a<span data-footnote="1">b</span></p>'],
)
def test_a_text_with_too_many_parts_is_refused_and_stays_in_the_form(at_desk, author, piece):
    desk = at_desk(author)
    body = piece * (160_000 // len(piece))
    answer = desk.post("/admin/releases/release/add/", form_data(body=body))
    words = answer.content.decode()
    assert "paragraphs, items, cells and footnotes, and at most 5,000 are allowed" in words
    assert "is still here but not saved" in words
    assert not Release.objects.exists()

"""Every construction that a document may have: name → HTML as it is stored.

The server and the editor return each construction unchanged. `PERSON`, `OTHER` and `PICTURE` are
primary keys; a test that stores a construction creates these rows first.
"""

PERSON = "11111111-1111-4111-8111-111111111111"
OTHER = "22222222-2222-4222-8222-222222222222"
PICTURE = "33333333-3333-4333-8333-333333333333"

_LINK = '<a href="https://a.example/?b&amp;c">'
_CELL = "<td><p>{}</p></td>".format


def _table(*rows: str, caption: str = "") -> str:
    named = f' data-caption="{caption}"' if caption else ""
    inner = "".join(f"<tr>{row}</tr>" for row in rows)
    return f"<table{named}><tbody>{inner}</tbody></table>"


BLOCKS = {
    "paragraph": "<p>Words.</p>",
    "paragraphs": "<p>One.</p>\n<p>Two.</p>",
    "headings": "<h2>First</h2>\n<h3>Second</h3>\n<p>Words.</p>\n<h2>Third</h2>",
    "quotation": "<blockquote><p>“Words.”</p></blockquote>",
    "quotation of a person": f'<blockquote data-speaker="{PERSON}"><p>“One.</p><p>“Two.”</p>'
    "</blockquote>",
    "quotation with a title": f'<blockquote data-speaker="{PERSON}" data-title="Chair, &amp;c.">'
    "<p>“Words.”</p></blockquote>",
    "quotation with a name": '<blockquote data-name="Ann Verel" data-title="Chair">'
    "<p>“Words.”</p></blockquote>",
    "picture": f'<figure data-asset="{PICTURE}"></figure>',
}

LISTS = {
    "list": "<ul><li><p>One</p></li><li><p>Two</p></li></ul>",
    "numbered list": "<ol><li><p>One</p></li><li><p>Two</p></li></ol>",
    "numbered list that goes on": '<ol start="7"><li><p>Seven</p></li></ol>',
    "numbered list from nought": '<ol start="0"><li><p>Nought</p></li></ol>',
    "numbered list from the highest": '<ol start="9999"><li><p>Last</p></li></ol>',
    "item of several paragraphs": "<ul><li><p>One</p><p>More of it</p></li></ul>",
    "list in a list": "<ul><li><p>One</p><ol><li><p>Inner</p></li></ol></li></ul>",
    "item that begins with a list": "<ul><li><ul><li><p>Inner</p></li></ul></li></ul>",
    "item of paragraphs and lists in turn": "<ol><li><ul><li><p>A</p></li></ul><p>B</p>"
    '<ol start="3"><li><p>C</p></li></ol><p>D</p></li></ol>',
    "two lists side by side": "<ul><li><p>A</p></li></ul>\n<ul><li><p>B</p></li></ul>",
    "list parted by a quotation": "<ol><li><p>One</p></li></ol>\n"
    '<blockquote><p>“Words.”</p></blockquote>\n<ol start="2"><li><p>Two</p></li></ol>',
}

TABLES = {
    "table": _table(_CELL("A") + _CELL("B"), _CELL("1") + _CELL("2")),
    "table of one cell": _table(_CELL("A")),
    "table with a caption": _table(_CELL("A"), caption="Held &lt; 12 months, “so far”"),
    "table with a head": _table(
        "<th><p>A</p></th><th><p>B</p></th>", _CELL("1") + _CELL("2"), caption="Held"
    ),
    "table with an empty corner": _table(
        "<td><p></p></td><th><p>2024</p></th>", "<th><p>Held</p></th>" + _CELL("7")
    ),
    "table with spans": _table(
        '<th colspan="2"><p>A</p></th>' + _CELL("B"),
        '<td rowspan="2"><p>C</p></td>' + _CELL("D") + _CELL("E"),
        _CELL("F") + _CELL("G"),
    ),
    "table with a cell of both spans": _table(
        '<td colspan="2" rowspan="2"><p>A</p></td>' + _CELL("B"),
        _CELL("C"),
        _CELL("D") * 3,
    ),
    "table with empty cells": _table(_CELL("A") + _CELL(""), _CELL("") * 2),
    "cell of paragraphs and lists": _table(
        "<td><ul><li><p>A</p></li></ul><p>B</p><p>C</p></td>" + _CELL("D")
    ),
    "cell with every mark": _table(
        f"<td><p><strong>A</strong> {_LINK}B</a> "
        f'<span data-person="{PERSON}">Ann Verel</span></p></td>'
    ),
}

SECTIONS = {
    "background": '<section data-kind="background"><h2>Background</h2>\n<p>Words.</p></section>',
    "background of every block": '<section data-kind="background"><h2>A</h2>\n<h3>B</h3>\n'
    "<p>C</p>\n<ul><li><p>D</p></li></ul>\n<blockquote><p>“E.”</p></blockquote>\n"
    f'<figure data-asset="{PICTURE}"></figure>\n' + _table(_CELL("F")) + "</section>",
    "background between paragraphs": "<p>A</p>\n"
    '<section data-kind="background"><p>B</p></section>\n<p>C</p>',
    "two backgrounds": '<section data-kind="background"><p>A</p></section>\n'
    '<section data-kind="background"><p>B</p></section>',
}

_ALL = (
    f'<span data-footnote="1">{_LINK}<span data-person="{PERSON}"><strong><em><s><sub><sup>x'
    "</sup></sub></s></em></strong></span></a></span>"
)
MARKS = {
    "bold": "<p>a <strong>b</strong> c</p>",
    "slanted": "<p>a <em>b</em> c</p>",
    "struck through": "<p>a <s>b</s> c</p>",
    "subscript": "<p>CO<sub>2</sub></p>",
    "superscript": "<p>m<sup>2</sup></p>",
    "link": f"<p>a {_LINK}b</a> c</p>",
    "link to an e-mail address": '<p><a href="mailto:a@b.example">a</a></p>',
    "name": f'<p>a <span data-person="{PERSON}">Ann Verel</span> c</p>',
    "name in a link": f'<p>{_LINK}<span data-person="{PERSON}">Ann Verel</span></a></p>',
    "name half in a link": f'<p>{_LINK}<span data-person="{PERSON}">Ann</span></a>'
    f'<span data-person="{PERSON}"> Verel</span></p>',
    "two names side by side": f'<p><span data-person="{PERSON}">Ann</span>'
    f'<span data-person="{OTHER}">Ben</span></p>',
    "bold and slanted": "<p><strong>a<em>b</em>c</strong><em>d</em></p>",
    "every mark": f"<p>Words{_ALL}.</p>",
    "line break": "<p>a<br>b</p>",
    "two line breaks": "<p>a<br><br>b</p>",
    "line break in marks": f"<p>{_LINK}<strong>a<br>b</strong></a></p>",
    "space that does not break": "<p>a\u00a0b <strong>c\u00a0</strong>d</p>",
    "signs": "<p>5 &lt; 6 &amp; 7 &gt; 2 “ ’ \" '</p>",
}

NOTES = {
    "footnote": '<p>Words<span data-footnote="1">A note.</span> go on.</p>',
    "footnote at the end": '<p>Words.<span data-footnote="1">A note.</span></p>',
    "footnote with marks": f'<p>Words<span data-footnote="1">A {_LINK}link</a>, '
    "<em>slanted</em> <strong>and bold</strong><br>in two lines.</span></p>",
    "footnotes side by side": '<p>Words<span data-footnote="1">One.</span>'
    '<span data-footnote="2">Two.</span></p>',
    "footnote in a bold sentence": '<p><strong>Bold</strong><span data-footnote="1">One.</span>'
    "<strong> words</strong></p>",
    "footnotes everywhere": '<h2>A<span data-footnote="1">1</span></h2>\n'
    '<blockquote><p>“B.”<span data-footnote="2">2</span></p></blockquote>\n'
    '<ul><li><p>C<span data-footnote="3">3</span></p></li></ul>\n'
    + _table('<td><p>D<span data-footnote="4">4</span></p></td>')
    + '\n<section data-kind="background"><p>E<span data-footnote="5">5</span></p></section>',
    "name in a footnote": f'<p>Words<span data-footnote="1">By <span data-person="{PERSON}">'
    "Ann Verel</span>.</span></p>",
}

CONSTRUCTIONS: dict[str, str] = {**BLOCKS, **LISTS, **TABLES, **SECTIONS, **MARKS, **NOTES}
EVERYTHING = "\n".join(
    html for name, html in CONSTRUCTIONS.items() if "data-footnote" not in html and name != "signs"
)

"""Pasted text is kept, and messages name what was left out."""

import contextlib
import re
import time
from collections import Counter

import lxml.html
import pytest

from desk.pasting import clean_pasted, read_clipboard, read_plain
from desk.pasting.lists import read_marker
from releases.document import MAX_LEVELS, MAX_TEXT, TextTooLongError, UnreadableTextError, clean
from tests.clipboards import (
    GOOGLE_FOOTNOTES,
    LIBRE_FOOTNOTES,
    WIKI_FOOTNOTES,
    WORD_FOOTNOTES,
    WORD_TABLE,
    google_item,
    word,
    word_heading,
    word_item,
    word_more,
    word_online_item,
)
from tests.make import DATA, make_user

PASTE = "/admin/releases/release/paste/"


def messages_about(html, **options):
    return " ".join(read_clipboard(html, **options).messages)


# --- Errors, and hostile input ------------------------------------------------------


@pytest.mark.django_db
def test_the_answer_has_the_text_and_messages_about_what_was_left_out(client):
    client.force_login(make_user("writer", "Author"))
    answer = client.post(PASTE, "<p>We <s>never</s> said</p>", content_type="text/html")
    assert answer.status_code == 200
    assert answer.json() == {
        "html": "<p>We said</p>",
        "messages": ["1 struck-out word was left out: “never”."],
    }


@pytest.mark.django_db
def test_unreadable_text_is_answered_with_a_sentence(client):
    client.force_login(make_user("writer", "Author"))
    deep = client.post(PASTE, "<blockquote>" * 5_000 + "x", content_type="text/html")
    assert deep.status_code == 400
    assert deep.json()["html"] == ""
    assert "nested too deeply" in deep.json()["messages"][0]
    wide = "<table><tr>" + "<td>x</td>" * 51 + "<td>y</td></tr></table>"
    table = client.post(PASTE, wide, content_type="text/html")
    assert (table.status_code, table.json()["html"]) == (400, "")
    assert "50 columns" in table.json()["messages"][0]
    for type in ("text/html", "text/plain"):
        long = client.post(PASTE, "Some words. " * 20_000, content_type=type)
        assert long.status_code == 413
        assert "too long" in long.json()["messages"][0]
    assert client.post(PASTE, b"\xff\xfe\x00", content_type="text/html").status_code == 200
    assert client.get(PASTE).status_code == 400


@pytest.mark.django_db
def test_only_writers_can_paste(client):
    assert client.post(PASTE, "x", content_type="text/html").status_code == 302
    client.force_login(make_user("reader"))
    assert client.post(PASTE, "x", content_type="text/html").status_code in (302, 403)


@pytest.mark.parametrize(
    "html",
    [
        "<p>a&#0;b&#1;c&#xFFFE;d&#xD800;e</p>",
        "<a href='#x' name='x' id='x'>1</a>" * 3,
        "</p></p></div></td>x",
        "<style>",
        "<style>{{{}}}} p {",
        "<p style='mso-list:l0 level999 lfo1'>x</p>",
        "<p style=':;:;margin-left:..pt;font-size:pt'>x</p>",
        "<ol start='-3'><li value='99999'>x</ol>",
        "<table><tr><td><table><tr><td>x",
        "<p id='a'><a href='#b' name='a'>1</a></p><p id='b'><a href='#a'>1</a></p>",
    ],
)
def test_broken_markup_becomes_a_clean_document(html):
    pasted = clean_pasted(html)
    assert clean(pasted) == pasted


def test_pasted_scripts_are_removed():
    html = (
        "<p onclick=x()>a<script>x()</script><a href='javascript:x()'>b</a>"
        "<img src=x onerror=x()><svg onload=x()></svg><style>p{}</style></p>"
    )
    assert clean_pasted(html) == "<p>ab</p>"


@pytest.mark.parametrize(
    ("piece", "closing"),
    [
        ("<span style='color:red'>", ""),
        ("<b><s>", ""),
        ('<a href="#b" name="a">1</a>', ""),
        ("<p><a href='#b' name='a'>1</a>", ""),
        ("<p id=b><a href='#a'>1</a>", ""),
        ("<p style='mso-list:l0 level2 lfo1'>a</p><p></p>", ""),
        ("<ol><li value=7>a</ol>", ""),
        ("<div><ol><li data-listid=1 data-aria-posinset=1>a</ol></div>", ""),
        ("<style>.a{color:red}</style><p class='a b c'>x</p>", ""),
        ("<p style='/*'>x</p>", ""),
        ("s\u0336 ", ""),
        ("<table><tr><td>a", ""),
        ("<img>", ""),
    ],
)
def test_cleaning_time_grows_only_with_the_length(piece, closing):
    began = time.process_time()
    for number in (1_000, 8_000):
        with contextlib.suppress(UnreadableTextError):
            read_clipboard(piece * number + "x" + closing * number)
    assert time.process_time() - began < 8


@pytest.mark.parametrize("piece", ["> a\n", "~~a", "~~a~~ ", "a-\n", "\n", "- a\n"])
def test_cleaning_time_of_plain_text_grows_only_with_its_length(piece):
    began = time.process_time()
    read_plain(piece * 15_000)
    assert time.process_time() - began < 8


def test_depth_and_length_are_bounded():
    with pytest.raises(UnreadableTextError, match="nested too deeply"):
        clean_pasted("<div>" * (MAX_LEVELS + 1) + "x")
    assert clean_pasted("<span style='color:red'>" * 5_000 + "x") == "<p>x</p>"
    with pytest.raises(TextTooLongError):
        clean_pasted("<p>" + "x" * (MAX_TEXT + 1))


# --- Struck out, hidden ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "struck",
    [
        "<s>never</s>",
        "<strike>never</strike>",
        "<del>never</del>",
        "<del cite='mailto:A' datetime='2026-01-01T10:00'>never</del>",
        "<span style='text-decoration:line-through'>never</span>",
        "<span style='TEXT-DECORATION: underline Line-Through'>never</span>",
        "<span style='text-decoration-line:line-through;text-decoration-style:solid'>never</span>",
        "<span style='-x:y;text-decoration : line-through !important'>never</span>",
        "<span style='text-line-through:double'>never</span>",
        "<span class=msoDel>never</span>",
        "<font><span style='text-decoration:line-through'><b>ne</b><i>ver</i></span></font>",
        "<b><b><b><b><b><b><b><b><b><b><b><b><b><s>never</s></b></b></b></b></b>",
        "n\u0336e\u0336v\u0336e\u0336r\u0336",
        "<style>.c7{text-decoration:line-through}</style><span class=c7>never</span>",
        "<style><!-- span.Gone /* x */ {mso-style-name:Gone;\n\ttext-decoration:line-through;}"
        " --></style><span class=Gone>never</span>",
        "<s><span style='text-decoration:none'>never</span></s>",
    ],
)
def test_struck_out_words_are_left_out_and_quoted(struck):
    pasted = read_clipboard(f"<p>The minister was {struck} charged.</p>")
    assert re.sub("<[^>]*>", "", pasted.html) == "The minister was charged."
    assert pasted.messages == ["1 struck-out word was left out: “never”."]


def test_words_are_kept_if_a_style_removes_the_strikethrough():
    pasted = read_clipboard("<p>A <s style='text-decoration:none'>plain</s> word</p>")
    assert (pasted.html, pasted.messages) == ("<p>A plain word</p>", [])


@pytest.mark.parametrize(
    "hidden",
    [
        "<span hidden>secret</span>",
        "<span hidden=''>secret</span>",
        "<span style='display:none'>secret</span>",
        "<span style='display:none'><b style='display:inline'>secret</b></span>",
        "<span style='visibility:hidden'>secret</span>",
        "<span style='font-size:0'>secret</span>",
        "<span style='font-size:0px'><b style='font-size:1.5em'>secret</b></span>",
        "<span style='font-size:1px'>secret</span>",
        "<span style='position:absolute;left:-9999px'>secret</span>",
        "<span style='position: absolute; top: -1000em'>secret</span>",
        "<span style='text-indent:-9999px'>secret</span>",
        "<span style='position:absolute;clip:rect(0, 0, 0, 0)'>secret</span>",
        "<span style='position:absolute;clip-path:inset(50%)'>secret</span>",
        "<span style='opacity:0'>secret</span>",
        "<span style='opacity:.00'>secret</span>",
        "<span style='color:transparent'>secret</span>",
        "<span style='color:#0000'>secret</span>",
        "<span style='color:rgba(0, 0, 0, 0)'>secret</span>",
        "<span style='color:rgb(0 0 0 / 0%)'>secret</span>",
        "<span style='height:0;overflow:hidden'>secret</span>",
        "<span style='mso-hide:all'>secret</span>",
        "<span style='mso-special-character:comment'>secret</span>",
        "<span class=MsoCommentReference>secret</span>",
        "<div style='mso-element:comment-list'><p>secret</p></div>",
        "<div style='display:none'><table><tr><td>secret</table></div>",
        "<style>.sr{display:none}</style><span class='a sr'>secret</span>",
        "<style>@media screen{.x{}} span.sr, b {visibility:hidden}</style><b>secret</b>",
    ],
)
def test_hidden_words_are_left_out_and_quoted(hidden):
    pasted = read_clipboard(f"<p>Price {hidden} end</p>")
    assert "secret" not in pasted.html
    assert "Price" in pasted.html
    assert "end" in pasted.html
    (message,) = pasted.messages
    assert message.startswith("1 word that was hidden was left out: “secret”.")


@pytest.mark.parametrize(
    "seen",
    [
        "<span style='visibility:hidden'><b style='visibility:visible'>word</b></span>",
        "<span style='font-size:0'><b style='font-size:12pt'>word</b></span>",
        "<span style='position:absolute;left:10px'>word</span>",
        "<span style='margin-left:-18pt;text-indent:-18.0pt'>word</span>",
        "<span style='color:white;background:black'>word</span>",
        "<span style='color:rgb(0, 0, 0)'>word</span>",
        "<span style='color:rgba(0, 0, 0, 0.87);opacity:0.5'>word</span>",
        "<span style='color:#000000;opacity:1.0'>word</span>",
        "<span style='color:#000'>word</span>",
        "<table style='width:0px;overflow:hidden'><tr style='height:0;overflow:hidden'>"
        "<td style='width:0;overflow:hidden'>word<td>word</table>",  # as Google Sheets writes it
        "<style>@media print{b{display:none}} .other{display:none}</style><b>word</b>",
        "<span style='display:none' style='x'></span><span aria-hidden=true>word</span>",
        "<span style='mso-bidi-font-size:0pt;mso-hide:screen'>word</span>",
    ],
)
def test_visible_words_are_kept(seen):
    pasted = read_clipboard(f"<p>{seen}</p>")
    assert "word" in pasted.html
    assert pasted.messages == []


def test_long_pieces_are_counted_if_not_quoted():
    message = messages_about("<p>" + "<s>wrong words here</s> right " * 100 + "</p>")
    assert message.startswith("300 struck-out words were left out: “wrong words here”")
    assert len(messages_about("<p><s>" + "wrong " * 1_000 + "</s></p>")) < 600


# --- Pictures, links, other things ---------------------------------------------------------------


def test_a_message_says_how_to_add_pictures():
    html = "<p>a<img src='file:///C:/x.png' alt='A cell  in Tavenu'></p><img src='blob:x'>"
    message = messages_about(html)
    assert message.startswith("2 pictures were left out. Add them to the library")
    assert "Described as: “A cell in Tavenu”." in message
    assert messages_about("<p>a<img width=1 height=1 src='https://count.example/x'></p>") == ""
    assert messages_about("<div style='display:none'><img src=x></div>") == ""
    assert (
        messages_about('<figure data-asset="6ecd8c99-4036-403d-bf84-cf8400f67836"></figure>') != ""
    )


def test_films_and_forms_are_counted():
    message = messages_about(
        "<p>a</p><video src=x></video><iframe src=y></iframe><select><option>x</select>"
    )
    assert message.startswith("3 parts were left out, such as videos, forms or drawings.")


@pytest.mark.parametrize(
    ("link", "message"),
    [
        ("<a href='/relative'>word</a>", "1 link was removed and its text kept: “/relative”."),
        ("<a href='javascript:x()'>word</a>", "1 link was removed and its text kept"),
        ("<a href='#elsewhere'>word</a>", "1 link to another place in the text was removed"),
        ("<a name='here'>word</a>", ""),
        ("<a href='https://example.org/a b'>word</a>", ""),
    ],
)
def test_a_removed_link_is_quoted_and_its_text_kept(link, message):
    pasted = read_clipboard(f"<p>A {link}.</p>")
    assert "word" in pasted.html
    assert " ".join(pasted.messages).startswith(message)
    assert bool(pasted.messages) == bool(message)


def test_a_tracking_link_leads_directly_to_its_target():
    shown = '<a href="https://example.org/real">https://example.net/shown</a>'
    assert clean_pasted(f"<p>{shown}</p>") == f"<p>{shown}</p>"
    safe = (
        "https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fexample.org%2Freport"
        "&amp;data=05%7C01%7Csomebody%40example.org%7Cabc"
    )
    pasted = read_clipboard(f'<p><a href="{safe}">our report</a></p>')
    assert pasted.html == '<p><a href="https://example.org/report">our report</a></p>'
    assert pasted.messages[0].endswith("“https://example.org/report”.")
    assert "somebody" not in str(pasted)


def test_a_link_around_blocks_is_in_each_of_them():
    html = '<a href="https://example.org/"><h2>a</h2><p>b</p></a>'
    assert clean_pasted(html) == (
        '<h2><a href="https://example.org/">a</a></h2>\n<p><a href="https://example.org/">b</a></p>'
    )


def test_bold_italic_superscript_and_subscript_are_kept_in_every_notation():
    assert clean_pasted("<p>10 m<sup>2</sup>, H<sub>2</sub>O</p>") == (
        "<p>10 m<sup>2</sup>, H<sub>2</sub>O</p>"
    )
    assert clean_pasted("<p>10<span style='font-size:0.6em;vertical-align:super'>3</span></p>") == (
        "<p>10<sup>3</sup></p>"
    )
    raised = "<span style='position:relative;top:-3.0pt;mso-text-raise:3.0pt'>2</span>"
    assert clean_pasted(f"<p>m{raised}</p>") == "<p>m<sup>2</sup></p>"
    assert (
        clean_pasted(f"<p>m{raised.replace('raise:3', 'raise:-3')}</p>") == "<p>m<sub>2</sub></p>"
    )
    assert clean_pasted("<p style='font-weight:bold'>a<i style='font-style:normal'>b</i></p>") == (
        "<p><strong>ab</strong></p>"
    )
    assert clean_pasted("<h1 style='font-weight:bold'>a</h1>") == "<h2>a</h2>"
    assert clean_pasted("<p><q>We are free</q></p>") == "<p>“We are free”</p>"
    assert clean_pasted("<pre>a\nb</pre>") == "<p>a<br>b</p>"


def words_shown(html):
    """Count the words that lxml reads in a sample, without the markers of lists."""
    root = lxml.html.fromstring(html.replace("<li", " <li"))
    for node in root.xpath("//style | //xml | //head | //hr"):
        node.drop_tree()
    for node in root.xpath("//*[contains(@style, 'mso-list')]"):
        if "ignore" in node.get("style").lower():
            node.drop_tree()
    return Counter("".join(root.itertext()).split())


SAMPLES = {path.name: path.read_text() for path in sorted((DATA / "paste").glob("*.html"))}


@pytest.mark.parametrize("name", SAMPLES)
def test_all_words_of_the_samples_are_kept(name):
    pasted = read_clipboard(SAMPLES[name])
    shown = lxml.html.fromstring(f"<div>{pasted.html.replace('</p>', ' </p>')}</div>")
    assert Counter("".join(shown.itertext()).split()) == words_shown(SAMPLES[name])
    assert [each for each in pasted.messages if "plain numbers" not in each] == []


# --- Lists ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("margin", [21.3, 0])
def test_lists_of_word_keep_their_numbers_and_paragraphs(margin):
    deeper = margin + 28.35
    html = word(
        word_item("A1", "1.", margin=margin),
        word_more("a1", margin),
        word_item("B1", "2.", margin=margin),
        word_item("C2", "a.", 2, margin=deeper),
        word_more("c2", deeper),
        word_item("D2", "b.", 2, margin=deeper),
        word_more("d2", deeper),
        word_more("b1", margin),
        word_item("E1", "3.", margin=margin),
        word_more("e1", margin),
        "<p class=MsoNormal>After.</p>",
    )
    pasted = read_clipboard(html)
    assert pasted.html == (
        "<ol><li><p>A1</p><p>a1</p></li><li><p>B1</p><ol><li><p>C2</p><p>c2</p></li>"
        "<li><p>D2</p><p>d2</p></li></ol><p>b1</p></li><li><p>E1</p><p>e1</p></li></ol>\n"
        "<p>After.</p>"
    )
    assert pasted.messages == [
        "2 items with letters or Roman numbers have plain numbers now: “a.”, “b.”. "
        "Check where the text refers to them."
    ]


def test_seven_lists_with_one_item_stay_seven_lists():
    markers = ["1.", "1)", "I.", "A.", "a)", "a.", "i."]
    items = [word_item("x", m, list_id=f"l{n}", margin=36) for n, m in enumerate(markers)]
    assert clean_pasted(word(*items)) == "\n".join(["<ol><li><p>x</p></li></ol>"] * 7)


def test_a_list_continues_after_a_paragraph_and_a_blank_line():
    html = word(
        word_item("one", "1."),
        "<p class=MsoNormal>Between.</p>",
        word_item("two", "2."),
        "<p class=MsoNormal><o:p>&nbsp;</o:p></p>",
        word_item("three", "3."),
        word_item("seven", "7."),
    )
    assert clean_pasted(html) == (
        "<ol><li><p>one</p></li></ol>\n<p>Between.</p>\n"
        '<ol start="2"><li><p>two</p></li><li><p>three</p></li></ol>\n'
        '<ol start="7"><li><p>seven</p></li></ol>'
    )


def test_text_after_an_item_of_word_is_kept_in_its_place():
    item = "<p style='mso-list:l0 level1 lfo1'>{}</p>".format
    html = f"{item('One')}behind it{item('Two')}<p></p>below<p style='margin-left:9pt'>end</p>last"
    assert re.findall(r"[^<>\n]+(?=</p>)", clean_pasted(html)) == [
        "One", "behind it", "Two", "below", "end", "last",
    ]  # fmt: skip
    web = "<div>a<ol>b<li data-listid=1 data-aria-posinset=1>c</li>d</ol>e</div>f"
    assert re.findall(r"[^<>\n]+(?=</p>)", clean_pasted(web)) == list("abcdef")


def test_bullets_of_word_become_a_list_without_skipped_levels():
    html = word(
        word_item("a", "·"), word_item("b", "o", 3), word_item("c", "§", 2), word_item("d", "·")
    )
    assert clean_pasted(html) == (
        "<ul><li><p>a</p><ul><li><p>b</p></li></ul><ul><li><p>c</p></li></ul></li>"
        "<li><p>d</p></li></ul>"
    )


def test_numbers_of_html_lists_are_kept():
    html = "<ol start='3'><li><p>three</p></li><li>four</ol>"
    assert clean_pasted(html) == '<ol start="3"><li><p>three</p></li><li><p>four</p></li></ol>'
    assert clean_pasted("<ol><li>a<li value=5>b<li>c</ol>") == (
        '<ol><li><p>a</p></li></ol>\n<ol start="5"><li><p>b</p></li><li><p>c</p></li></ol>'
    )
    lettered = read_clipboard("<ol type=a><li>x<li>y</ol>")
    assert lettered.html == "<ol><li><p>x</p></li><li><p>y</p></li></ol>"
    assert "2 items" in lettered.messages[0]


def test_lists_of_word_for_the_web_become_lists():
    html = (
        '<div class="OutlineElement"><p role="heading" aria-level="1"><span>Head</span></p></div>'
        + word_online_item("one", 1)
        + word_online_item("two", 2)
        + word_online_item("deeper", 1, level=2)
        + word_online_item("three", 3)
        + '<div class="OutlineElement"><p>Between.</p></div>'
        + word_online_item("four", 4)
        + word_online_item("bullet")
    )
    pasted = read_clipboard(html)
    assert pasted.html.replace("\u00a0", "").split("\n") == [
        "<h2>Head</h2>",
        "<ol><li><p>one</p></li><li><p>two</p><ol><li><p>deeper</p></li></ol></li>"
        "<li><p>three</p></li></ol>",
        "<p>Between.</p>",
        '<ol start="4"><li><p>four</p></li></ol>',
        "<ul><li><p>bullet</p></li></ul>",
    ]
    assert pasted.messages == []


def test_lists_of_google_docs_keep_their_levels_and_letters_are_quoted():
    html = (
        '<b style="font-weight:normal;" id="docs-internal-guid-1"><ol start="2">'
        f"{google_item('two')}<ol>{google_item('deep', 'lower-alpha')}</ol>{google_item('three')}"
        "</ol></b>"
    )
    pasted = read_clipboard(html)
    assert pasted.html == (
        '<ol start="2"><li><p>two</p><ol><li><p>deep</p></li></ol></li><li><p>three</p></li></ol>'
    )
    assert pasted.messages == [
        "1 item with a letter or a Roman number has a plain number now: “a”. "
        "Check where the text refers to it."
    ]


@pytest.mark.parametrize(
    ("marker", "expected", "number"),
    [
        ("1.", 1, 1),
        ("(3)", 1, 3),
        ("1.2.4", 1, 4),
        ("Article 5", 1, 5),
        ("b)", 2, 2),
        ("i.", 1, 1),
        ("i.", 9, 9),
        ("iv.", 4, 4),
        ("C.", 3, 3),
        ("x.", 24, 24),
        ("x.", 10, 10),
        ("aa.", 27, 27),
        ("٣.", 3, 3),
        ("б)", 2, 2),
        ("·", 1, None),
        ("o", 1, None),
        ("§", 1, None),
        ("v", 1, None),
        ("", 1, None),
    ],
)
def test_the_number_of_a_list_item_is_read_from_its_marker(marker, expected, number):
    assert read_marker(marker, expected) == number


# --- Headings, tables, footnotes -----------------------------------------------------------------


def test_headings_of_word_lose_their_numbers_and_keep_their_levels():
    html = word(
        word_heading("Education", 1, "1."),
        word_heading("Degree", 2, "·"),
        "<p class=MsoNormal>x</p>",
    )
    pasted = read_clipboard(html)
    assert pasted.html == "<h2>Education</h2>\n<h3>Degree</h3>\n<p>x</p>"
    assert pasted.messages == ["The numbers or bullets of 2 headings were left out: “1.”, “·”."]


@pytest.mark.parametrize(
    ("levels", "made"),
    [((1,), "2"), ((3, 3), "22"), ((1, 2), "23"), ((2, 4), "23"), ((1, 2, 3), "233"),
     ((2, 1), "22"), ((4, 2, 4), "223")],
)  # fmt: skip
def test_no_level_of_headings_is_skipped(levels, made):
    html = "".join(f"<h{level}>x</h{level}>" for level in levels)
    assert re.findall("<h([23])>", clean_pasted(html)) == list(made)


def test_headings_of_a_third_level_are_counted():
    assert messages_about("<h1>a</h1><h2>b</h2><h3>c</h3>") == (
        "1 heading of a third or deeper level is a subheading now."
    )


def test_a_table_of_word_keeps_its_rows_and_its_header():
    assert clean_pasted(WORD_TABLE) == (
        "<table><tbody><tr><th><p>Name</p></th><th><p>Held since</p></th></tr>"
        "<tr><td><p>Anna Beispiel</p></td><td><p>2019</p></td></tr></tbody></table>"
    )


@pytest.mark.parametrize(
    ("first_row", "is_header"),
    [
        ("<tr><td><b>a</b><td><b>b</b></tr>", True),
        ("<tr style='font-weight:bold'><td>a<td>b</tr>", True),
        ("<tr><td style='font-weight:700'>a<td style='font-weight:bold'>b</tr>", True),
        ("<thead><tr><td>a<td>b</tr></thead>", True),
        ("<tr><th>a<th>b</tr>", True),
        ("<tr><td><b>a</b><td>b</tr>", False),
        ("<tr><td><td></tr>", False),
    ],
)
def test_a_first_row_that_is_bold_is_a_header(first_row, is_header):
    html = clean_pasted(f"<table>{first_row}<tr><td>1<td>2</tr></table>")
    assert html.count("<th>") == 2 * is_header
    assert "<strong>" not in html or not is_header
    assert "<td><p>1</p></td><td><p>2</p></td>" in html


def test_cells_keep_their_spans_and_lists_and_a_table_of_one_cell_is_removed():
    html = "<table><tr><td colspan=2>a<tr><td>b<td><ul><li>c</ul></table>"
    assert clean_pasted(html) == (
        '<table><tbody><tr><td colspan="2"><p>a</p></td></tr>'
        "<tr><td><p>b</p></td><td><ul><li><p>c</p></li></ul></td></tr></tbody></table>"
    )
    assert clean_pasted("<table><tr><td><h2>a</h2><p>b</table>") == "<h2>a</h2>\n<p>b</p>"


def test_footnotes_of_word_move_to_their_mark():
    pasted = read_clipboard(WORD_FOOTNOTES)
    assert pasted.html == (
        '<p>He was tried.<span data-footnote="1">See <a href="https://example.org/law">the law</a>'
        ', <em>article</em> 5.<br>And 6.</span> And freed.<span data-footnote="2">In May.</span>'
        "</p>"
    )
    assert pasted.messages == []


@pytest.mark.parametrize("html", [GOOGLE_FOOTNOTES, LIBRE_FOOTNOTES, WIKI_FOOTNOTES])
def test_footnotes_of_other_programs_move_to_their_mark(html):
    pasted = read_clipboard(html)
    assert pasted.html.replace("\u00a0", " ") == (
        '<p>He was tried<span data-footnote="1">By the court.</span> in May.</p>'
    )
    assert pasted.messages == []


OWN_FOOTNOTE = (
    '<p>Held 7<span data-footnote="1">3 <b>freed</b><a href="#x"> since</a></span> people'
    f"{GOOGLE_FOOTNOTES}"
)


def test_footnotes_and_captions_of_our_own_editor_are_kept():
    """Without localStorage, a paste from another window of our editor is read as foreign HTML."""
    pasted = clean_pasted(f'{OWN_FOOTNOTE}<table data-caption="In 2024"><tr><td>a<td>b</table>')
    noted, other, table = pasted.replace("\u00a0", " ").split("\n")
    assert noted == (
        '<p>Held 7<span data-footnote="1">3 <strong>freed</strong> since</span> people</p>'
    )
    assert '<span data-footnote="2">By the court.</span>' in other
    assert table.startswith('<table data-caption="In 2024">')
    bare = read_clipboard(OWN_FOOTNOTE, notes=True).html
    assert bare.startswith("<p>Held 7 (3 <strong>freed</strong> since) people</p>")


def test_a_mark_without_its_note_stays_superscript_and_is_counted():
    pasted = read_clipboard('<p>Tried.<a href="#_ftn1" name="_ftnref1">[1]</a> Freed.</p>')
    assert pasted.html == "<p>Tried.<sup>[1]</sup> Freed.</p>"
    assert pasted.messages[0].startswith("1 footnote mark was not changed")


def test_a_second_mark_of_a_note_stays_superscript():
    marks = '<p>A<a href="#n" id="r1">1</a>, 7<a href="#n" id="r2">1</a>.</p>'
    note = '<ol><li id="n">Note <a href="#r1">↩</a> <a href="#r2">↩</a></li></ol>'
    pasted = read_clipboard(marks + note)
    assert pasted.html == '<p>A<span data-footnote="1">Note</span>, 7<sup>1</sup>.</p>'
    assert pasted.messages == ["1 link to another place in the text was removed and its text kept."]


def test_links_to_headings_do_not_become_footnotes():
    html = (
        '<p><a href="#one" name="top">Chapter</a></p><h2 id="one">Chapter</h2><p>Words '
        '<a href="#top">up</a></p>'
    )
    assert clean_pasted(html) == "<p>Chapter</p>\n<h2>Chapter</h2>\n<p>Words up</p>"


# --- Notes to editors ----------------------------------------------------------------------------


def test_tables_and_footnotes_in_notes_become_paragraphs_and_are_counted():
    html = f"<h2>Head</h2><blockquote><p>Said.</p></blockquote>{WORD_TABLE}{GOOGLE_FOOTNOTES}"
    pasted = read_clipboard(html, notes=True)
    assert pasted.html.replace("\u00a0", " ").split("\n") == [
        "<h2>Head</h2>",
        "<blockquote><p>Said.</p></blockquote>",
        "<p>Name | Held since</p>",
        "<p>Anna Beispiel | 2019</p>",
        "<p>He was tried (By the court.) in May.</p>",
    ]
    assert [message.split(":")[0] for message in pasted.messages] == [
        "1 table became paragraphs, one for each row",
        "1 footnote was put in brackets",
    ]


def test_a_row_becomes_a_paragraph_without_joining_words_or_losing_marks():
    html = (
        "<table data-caption='Held in 2024'><tr><td>10<sup>3</sup><td>2024<br>2025<tr><td><ul>"
        "<li>a<li>b</ul><td><table><tr><td>in<td>out</table><tr><td><p>p</p><p>q</p><td></table>"
    )
    assert read_clipboard(html, notes=True).html.split("\n") == [
        "<p>Held in 2024</p>",
        "<p>10<sup>3</sup> | 2024 2025</p>",
        "<p>a b | in out</p>",
        "<p>p q |</p>",
    ]


@pytest.mark.django_db
def test_the_text_is_cleaned_for_its_field(client):
    client.force_login(make_user("writer", "Author"))
    answer = client.post(f"{PASTE}?field=notes", WORD_TABLE, content_type="text/html")
    assert answer.json()["html"] == "<p>Name | Held since</p>\n<p>Anna Beispiel | 2019</p>"


# --- Plain text ----------------------------------------------------------------------------------

MAIL = """\
> The trial of the four begins on Monday at the court in
> the capital. Observers from many countries are expected
> and will be let in, as the court has said on Friday and
> again today.
>
> Nobody else is.
"""


@pytest.mark.django_db
def test_wrapped_lines_of_an_email_are_joined_without_quote_signs(client):
    client.force_login(make_user("writer", "Author"))
    answer = client.post(PASTE, MAIL, content_type="text/plain").json()
    assert answer["html"].split("\n") == [
        "<p>The trial of the four begins on Monday at the court in the capital. Observers from "
        "many countries are expected and will be let in, as the court has said on Friday and "
        "again today.</p>",
        "<p>Nobody else is.</p>",
    ]
    assert answer["messages"] == [
        "The sign “>” of a quoted e-mail was removed from 6 lines.",
        "3 line ends were inside paragraphs and were removed.",
    ]


@pytest.mark.parametrize(
    ("text", "html", "rows"),
    [
        ("Held\t12\t345\nFreed\t\t7\nEnd.", "Held | 12 | 345</p>\n<p>Freed | | 7</p>\n<p>End.", 2),
        ("12\t345", "12 | 345", 1),
        ("Of:\tAnna\n\tset in\n\tand on", "Of: Anna</p>\n<p>set in</p>\n<p>and on", 0),
    ],
)
def test_cells_of_plain_text_stay_separate(text, html, rows):
    pasted = read_plain(text)
    assert pasted.html == f"<p>{html}</p>"
    about_rows = [message for message in pasted.messages if "separated by “|”" in message]
    assert [message.split()[0] for message in about_rows] == ([str(rows)] if rows else [])


def test_plain_text_is_not_read_as_markup():
    assert read_plain("<b>a</b> & b\n\nc").html == "<p>&lt;b&gt;a&lt;/b&gt; &amp; b</p>\n<p>c</p>"
    assert read_plain("a > b").html == "<p>a &gt; b</p>"


@pytest.mark.parametrize(
    ("text", "html", "struck"),
    [
        ("He was ~~never~~ charged.", "<p>He was charged.</p>", "“never”"),
        ("He was n\u0336o\u0336t\u0336 freed.", "<p>He was freed.</p>", "“not”"),
        ("From ~~5 to 9", "<p>From ~~5 to 9</p>", ""),
        ("~~a~~ b ~~c", "<p>b ~~c</p>", "“a”"),
    ],
)
def test_struck_out_words_of_plain_text_are_left_out(text, html, struck):
    pasted = read_plain(text)
    assert pasted.html == html
    assert struck in " ".join(pasted.messages)
    assert bool(pasted.messages) == bool(struck)

"""Imports of each format: tables, lists, footnotes, wrapped lines, mails, saved pages."""

import re
import signal
from collections import Counter
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from desk.imports.messages import sentence
from importing import NotAReleaseError, understand
from importing.from_text import paragraphs_of
from releases.document import Document, clean
from releases.models import Release

LEAD = "The court must free the four people who were charged in May, we said today."
MORE = "Observers from many countries are expected there on Monday, and they will report."


def read(text: str, name: str, format: str | None = None):
    return understand(text.encode(), name, format)


def html(inside: str) -> str:
    """Import HTML below a title and a lead; return the imported body without these two."""
    return body_of(f"<h1>Court must free four</h1><p>{LEAD}</p>{inside}", "a.html")


def markdown(inside: str) -> str:
    return body_of(f"# Court must free four\n\n{LEAD}\n\n{inside}", "a.md")


def body_of(text: str, name: str) -> str:
    understood = read(text, name)
    assert clean(understood.body_html) == understood.body_html
    assert understood.title == "Court must free four"
    assert understood.body_html.startswith(f"<p>{LEAD}</p>")
    return understood.body_html.removeprefix(f"<p>{LEAD}</p>").strip()


def sentences_of(understood) -> list[str]:
    return [sentence(note) for note in understood.notes]


# --- Lists -------------------------------------------------------------------------------------

NESTED = (
    '<ol start="3"><li><p>Free them</p><p>Now.</p><ul><li><p>Anna</p></li><li><p>Bo</p></li></ul>'
    "</li><li><p>Pay</p></li></ol>"
)


@pytest.mark.parametrize(
    ("read_body", "written"),
    [
        (html, "<ol start=3><li><p>Free them</p><p>Now.</p><ul><li>Anna<li>Bo</ul><li>Pay</ol>"),
        (markdown, "3. Free them\n\n   Now.\n   - Anna\n   - Bo\n4. Pay"),
    ],
    ids=["html", "markdown"],
)
def test_a_list_keeps_its_levels_its_numbers_and_its_paragraphs(read_body, written):
    assert read_body(written) == NESTED


def test_lists_in_plain_text_keep_levels_and_numbers():
    text = f"Court must free four\n\n{LEAD}\n\n3. Free them\n   - Anna\n   - Bo\n4. Pay\n"
    body = read(text, "a.txt").body_html
    assert body.endswith(NESTED.replace("<p>Now.</p>", ""))


def test_a_list_that_a_quotation_interrupts_continues_its_numbers():
    body = html(
        "<ol><li>One</li><li><blockquote><p>We know.</p></blockquote></li><li>Two</li></ol>"
    )
    assert body.split("\n") == [
        "<ol><li><p>One</p></li></ol>",
        "<blockquote><p>We know.</p></blockquote>",
        '<ol start="2"><li><p>Two</p></li></ol>',
    ]


def test_an_item_with_a_number_out_of_order_keeps_it():
    body = html("<ol><li>One</li><li value=7>Seven</li></ol>")
    assert body == '<ol><li><p>One</p></li></ol>\n<ol start="7"><li><p>Seven</p></li></ol>'


def test_mixed_lists_of_markdown_stay_separate():
    assert markdown("- a\n- b\n\n1. c\n2. d") == (
        "<ul><li><p>a</p></li><li><p>b</p></li></ul>\n<ol><li><p>c</p></li><li><p>d</p></li></ol>"
    )


def test_a_list_from_word_becomes_a_list_without_its_numbers_and_bullets():
    item = (
        "<p style='mso-list:l0 level{} lfo1'><span style='mso-list:Ignore'>{}<span>&nbsp;&nbsp;"
        "</span></span>{}</p>"
    )
    body = html(
        item.format(1, "2.", "Free") + item.format(2, "·", "now") + item.format(1, "3.", "Pay")
    )
    assert body == (
        '<ol start="2"><li><p>Free</p><ul><li><p>now</p></li></ul></li><li><p>Pay</p></li></ol>'
    )


# --- Tables ------------------------------------------------------------------------------------

TABLE = (
    "<table><tbody><tr><th><p>Year</p></th><th><p>Trials</p></th></tr>"
    "<tr><td><p>2019</p></td><td><p>3 or 4</p></td></tr></tbody></table>"
)


@pytest.mark.parametrize(
    ("read_body", "written"),
    [
        (html, "<table><tr><th>Year<th>Trials<tr><td>2019<td>3 or 4</table>"),
        (html, "<table><thead><tr><td>Year<td>Trials</thead><tr><td>2019<td>3 or 4</table>"),
        (markdown, "| Year | Trials |\n|---|---|\n| 2019 | 3 or 4 |"),
    ],
    ids=["html", "html head", "markdown"],
)
def test_a_table_stays_a_table_with_its_header(read_body, written):
    assert read_body(written) == TABLE


def test_a_table_keeps_caption_spans_and_lists():
    body = html(
        "<table><caption>Trials</caption><tr><td rowspan=2>2019<td><ul><li>one<li>two</ul>"
        "<tr><td>three</table>"
    )
    assert body == (
        '<table data-caption="Trials"><tbody><tr><td rowspan="2"><p>2019</p></td><td><ul><li><p>one'
        "</p></li><li><p>two</p></li></ul></td></tr><tr><td><p>three</p></td></tr></tbody></table>"
    )


def test_an_escaped_bar_stays_in_its_cell():
    assert "<td><p>3 | 4</p></td>" in markdown("| a | b |\n|---|---|\n| 2019 | 3 \\| 4 |")


def test_a_layout_table_is_not_a_table():
    body = html(f"<table><tr><td><h2>Trials</h2><p>{MORE}</p></td><td>Side</td></tr></table>")
    assert body == f"<h2>Trials</h2>\n<p>{MORE}</p>\n<p>Side</p>"


@pytest.mark.parametrize("name", ["a.html", "a.md"])
def test_a_table_that_is_too_large_becomes_paragraphs_and_is_reported(name):
    rows = "".join(f"<tr><td>year{n}</td><td>number</td></tr>" for n in range(501))
    lines = "".join(f"| year{n} | number |\n" for n in range(501))
    written = {
        "a.html": f"<h1>Court must free four</h1><p>{LEAD}</p><table>{rows}</table>",
        "a.md": f"# Court must free four\n\n{LEAD}\n\n| a | b |\n|---|---|\n{lines}",
    }
    understood = read(written[name], name)
    assert "<p>year500 | number</p>" in understood.body_html
    assert "<table" not in understood.body_html
    assert any("more than 500 rows" in one for one in sentences_of(understood))


# --- Footnotes ---------------------------------------------------------------------------------

NOTE = (
    'four<span data-footnote="1">See the <a href="https://example.org/r">report</a>.</span> more.'
)


@pytest.mark.parametrize(
    ("read_body", "written"),
    [
        (
            html,
            "<p>four<sup><a href='#fn1' id='ref1'>1</a></sup> more.</p><h2>Notes</h2><ol>"
            "<li id='fn1'><p>See the <a href='https://example.org/r'>report</a>. "
            "<a href='#ref1'>↩</a></p></li></ol>",
        ),
        (
            html,  # as Word saves it
            "<p>four<a href='#_ftn1' name='_ftnref1'><span>[1]</span></a> more.</p><div id='ftn1'>"
            "<p><a href='#_ftnref1' name='_ftn1'>[1]</a> See the <a href='https://example.org/r'>"
            "report</a>.</p></div>",
        ),
        (
            html,  # as Pandoc writes it
            "<p>four<a href='#fn1' class='footnote-ref' id='fnref1'><sup>1</sup></a> more.</p>"
            "<aside id='footnotes'><hr><ol><li id='fn1'><p>See the <a href='https://example.org/r'>"
            "report</a>.<a href='#fnref1' class='footnote-back'>↩︎</a></p></li></ol></aside>",
        ),
        (
            html,  # without a link back
            "<p>four<sup><a href='#note-a'>*</a></sup> more.</p>"
            "<p id='note-a'>* See the <a href='https://example.org/r'>report</a>.</p>",
        ),
        (markdown, "four[^n] more.\n\n[^n]: See the [report](https://example.org/r)."),
        (markdown, "four^[See the [report](https://example.org/r).] more."),
    ],
    ids=["with link back", "Word", "Pandoc", "no link back", "markdown", "markdown inline"],
)
def test_a_footnote_replaces_its_mark(read_body, written):
    assert read_body(written) == f"<p>{NOTE}</p>"


def test_footnotes_are_numbered_in_the_order_of_their_marks_and_none_is_lost():
    body = markdown(
        "one[^b] two[^a] three[^b] [^c]\n\n[^a]: A.\n[^b]: B.\n[^unused]: Nobody leads here."
    )
    assert body == (
        '<p>one<span data-footnote="1">B.</span> two<span data-footnote="2">A.</span> three '
        "[^c]</p>"
        "\n<p>Nobody leads here.</p>"
    )


def test_a_link_to_a_part_of_the_page_is_not_a_footnote():
    body = html(
        f"<p>See <a href='#s1'>1</a>.</p><div id='s1'><p>{MORE}</p><p>{LEAD} Once more.</p></div>"
    )
    assert "data-footnote" not in body
    assert body.count("<p>") == 3


def test_the_mark_of_a_footnote_does_not_split_a_name():
    understood = read(
        "# Court must free four\n\nAnna[^1] Beispiel said that the court must free them.\n\n"
        "[^1]: Bo Corvin wrote so.",
        "a.md",
    )
    assert [person.name for person in understood.people] == ["Anna Beispiel"]
    assert understood.accounting.left_out == ()


# --- Formatting --------------------------------------------------------------------------------


def test_superscripts_and_subscripts_are_kept():
    wanted = "<p>10 m<sup>2</sup> of CO<sub>2</sub></p>"
    assert html("<p>10 m<sup>2</sup> of CO<sub>2</sub></p>") == wanted
    assert markdown("10 m<sup>2</sup> of CO<sub>2</sub>") == wanted
    style = "<p>10 m<span style='vertical-align: super'>2</span> of CO<sub>2</sub></p>"
    assert html(style) == wanted


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("a.html", "The minister was <s>never </s>charged."),
        ("a.html", "The minister was <del>never</del> charged."),
        ("a.html", "The minister was <strike>never</strike> charged."),
        (
            "a.html",
            'The minister was <span style="text-decoration:line-through">never </span>charged.',
        ),
        ("a.md", "The minister was ~~never~~ charged."),
        ("a.md", "The minister was <del>never</del> charged."),
    ],
)
def test_struck_out_words_are_left_out_and_reported(name, written):
    above = f"<h1>Court must free four</h1><p>{LEAD}</p><p>" if name == "a.html" else f"{LEAD}\n\n"
    understood = read(above + written, name)
    assert "<p>The minister was charged.</p>" in understood.body_html
    assert any("struck-out" in one and "“never”" in one for one in sentences_of(understood))
    assert understood.accounting.left_out == ()
    assert dict(understood.accounting.parts)["struck-out words"] >= 1


@pytest.mark.parametrize(
    "hidden",
    ["hidden", "style='display:none'", "style='visibility: hidden'", "style='font-size:0'",
     "style='position:absolute;left:-9999px'", "aria-hidden='true'"],
)  # fmt: skip
def test_hidden_words_of_a_page_are_left_out_and_quoted(hidden):
    page = f"<p>{LEAD}</p><p>Ask <span {hidden}>Secret Person</span> us.</p>"
    understood = read(page, "a.html")
    assert "Secret" not in understood.body_html
    assert "Secret Person" not in [person.name for person in understood.people]
    assert any(
        "does not show" in one and "“Secret Person”" in one for one in sentences_of(understood)
    )


def test_a_page_that_was_saved_with_an_open_dialog_is_read():
    page = f'<div aria-hidden="true"><p>{LEAD}</p></div><div role="dialog">Accept cookies?</div>'
    assert read(page, "a.html").body_html == f"<p>{LEAD}</p>"


def test_hidden_words_are_left_out_even_if_they_are_most_of_the_page():
    page = f"<p>{LEAD}</p><div style='display:none'>{'Secret Person. ' * 30}</div>"
    assert "Secret" not in read(page, "a.html").body_html


def test_adjacent_texts_share_their_common_formatting():
    assert html("<p><b>one <i>two</i></b> <i>three</i></p>") == (
        "<p><strong>one <em>two</em></strong> <em>three</em></p>"
    )


def test_a_line_break_stays_inside_its_mark():
    assert html("<p><b>one<br>two</b></p>") == "<p><strong>one<br>two</strong></p>"


# --- Headings ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("levels", "wanted"),
    [
        ((3, 3), "h2 h2"),
        ((3, 4), "h2 h3"),
        ((2, 4), "h2 h3"),
        ((4, 2), "h2 h2"),
        ((2, 3, 2), "h2 h3 h2"),
    ],
)
def test_no_heading_level_is_skipped(levels, wanted):
    body = html("".join(f"<h{n}>About {n}</h{n}><p>{MORE} {k}</p>" for k, n in enumerate(levels)))
    assert " ".join(re.findall(r"<(h\d)>", body)) == wanted
    body = markdown("\n\n".join(f"{'#' * n} About {n}\n\n{MORE} {k}" for k, n in enumerate(levels)))
    assert " ".join(re.findall(r"<(h\d)>", body)) == wanted


@pytest.mark.parametrize(
    "heading",
    ["1.&nbsp;&nbsp; What we ask", "·&nbsp;What we ask",
     "<span style='mso-list:Ignore'>1.<span>&nbsp;&nbsp;&nbsp;</span></span>What we ask"],
)  # fmt: skip
def test_numbers_and_bullets_made_by_word_are_removed_from_headings(heading):
    assert html(f"<h2>{heading}</h2><p>{MORE}</p>") == f"<h2>What we ask</h2>\n<p>{MORE}</p>"


def test_a_number_that_was_typed_stays_in_a_heading():
    assert html(f"<h2>1. What we ask</h2><p>{MORE}</p>").startswith("<h2>1. What we ask</h2>")


# --- Markdown ----------------------------------------------------------------------------------


def test_reference_links_have_the_right_addresses():
    body = markdown(
        'See [the report][r], [short] and [more][].\n\n[r]: https://example.org/r "Title"\n'
        "[short]: <https://example.org/s>\n[more]: https://example.org/m"
    )
    assert body == (
        '<p>See <a href="https://example.org/r">the report</a>, '
        '<a href="https://example.org/s">short</a> and <a href="https://example.org/m">more</a>.</p>'
    )


def test_hard_breaks_and_escapes_and_html_are_read():
    assert markdown("One  \ntwo\\\nthree \\*four\\* &amp; <b>five</b>.") == (
        "<p>One<br>two<br>three *four* &amp; <strong>five</strong>.</p>"
    )


def test_front_matter_can_follow_a_comment():
    understood = read(
        f"<!-- made by a machine -->\n---\ntitle: Four\ndate: '2019-02-22'\n---\n{LEAD}", "a.txt"
    )
    assert (understood.format, understood.title) == ("markdown", "Four")
    assert understood.date_guess.date == date(2019, 2, 22)
    assert understood.body_html == f"<p>{LEAD}</p>"


@pytest.mark.parametrize(
    "head",
    [
        '+++\ntitle = "Court must free four"\ndate = 2021-05-03T10:00:00Z\ntags = [\n"a",\n]\n'
        "[extra]\nx = 1\n+++\n",
        "---\ntitle: Court must free four\ndate: 2021-05-03\n...\n",
        "Title: Court must free four\nDate: 2021-05-03\nAuthor: Anna Beispiel\n",
    ],
    ids=["toml", "dots", "no fences"],
)
def test_front_matter_of_other_programs_is_not_text(head):
    understood = read(f"{head}\n{LEAD}\n\nx = 1\n", "a.md")
    assert (understood.title, understood.title_from) == ("Court must free four", "stated")
    assert understood.date_guess.date == date(2021, 5, 3)
    assert understood.body_html == f"<p>{LEAD}</p>\n<p>x = 1</p>"


def test_front_matter_without_fences_ends_at_a_blank_line_and_toml_needs_both_fences():
    body = read(f"Title: Court\nDate: 2021-05-03\n\nDemands: {LEAD}\n", "a.md").body_html
    assert body == f"<p>Demands: {LEAD}</p>"
    assert LEAD in read(f'+++\ntitle = "Court"\n\n{LEAD}\n', "a.md").body_html


def test_lines_with_colons_but_no_title_are_text():
    text = f"Monday: the court opens\nTuesday: the court closes\n\n{LEAD}\n"
    assert "Monday: the court opens" in read(text, "a.md").body_html


def test_a_repeated_key_is_reported_with_both_values():
    understood = read(f"---\ntitle: Four free\ntitle: Five free\n---\n{LEAD}", "a.md")
    assert understood.title == "Four free"
    assert any(
        "“Four free” was used, “Five free” was not" in one for one in sentences_of(understood)
    )


def test_every_repeated_word_of_markdown_is_accounted_for():
    understood = read(
        f"# Court must free four\n\n{LEAD}\n\n> We know [this](https://example.org/know), "
        "**know** it.\n"
        "> — Anna Beispiel, director\n\n| know | it |\n|---|---|\n| it | know |\n\n"
        "1. it\n2. *know* `it` <https://example.org/it>\n\n```\nknow it\n```\n",
        "a.md",
    )
    parts = dict(understood.accounting.parts)
    assert understood.accounting.left_out == ()
    assert parts["quotations"] == 5
    assert parts["tables"] == 4
    assert parts["lists"] == 4
    assert understood.body_html.count("know") == 7


def test_the_attribution_of_a_quotation_becomes_its_speaker():
    wanted = (
        '<blockquote data-name="Anna Beispiel" data-title="director"><p>We know.</p></blockquote>'
    )
    assert markdown("> We know.\n>\n> — Anna Beispiel, director") == wanted
    assert markdown("> We know.\n> — Anna Beispiel, director") == wanted
    assert (
        html("<blockquote><p>We know.</p><cite>Anna Beispiel, director</cite></blockquote>")
        == wanted
    )
    assert (
        html("<blockquote><p>We know.</p><footer>— Anna Beispiel, director</footer></blockquote>")
        == wanted
    )
    figure = "<figure><blockquote><p>We know.</p></blockquote><figcaption>{}</figcaption></figure>"
    assert html(figure.format("Anna Beispiel, director")) == wanted


# --- Saved pages -------------------------------------------------------------------------------

PAGE = f"""<!doctype html><html lang="en"><head>
<title>Court must free four | Lantern Watch</title>
%(head)s</head><body><header><a href="/">Home</a></header><nav>Menu</nav>
<div class="cookie-banner">We use cookies</div>
<main><article>%(title)s<p>{LEAD}</p><p>{MORE}</p><form>Subscribe</form></article></main>
<aside>Other news</aside><footer>Cookie policy</footer></body></html>"""


def test_only_the_article_of_a_saved_page_is_imported():
    understood = read(PAGE % {"head": "", "title": "<h1>Court must free four</h1>"}, "a.html")
    assert understood.title == "Court must free four"
    assert understood.body_html == f"<p>{LEAD}</p>\n<p>{MORE}</p>"
    assert understood.language == "en"
    assert understood.accounting.left_out == ()
    [note] = [one for one in sentences_of(understood) if "menus" in one]
    for words in ("Home", "Menu", "We use cookies", "Other news", "Cookie policy", "Subscribe"):
        assert words in note


def test_a_title_above_the_article_is_the_title():
    page = PAGE.replace("<main>", "<h1>Court must free four</h1><main>")
    understood = read(page % {"head": "", "title": ""}, "a.html")
    assert understood.title == "Court must free four"
    assert understood.body_html == f"<p>{LEAD}</p>\n<p>{MORE}</p>"


def test_a_page_without_a_heading_gets_its_title_from_the_metadata():
    head = '<meta property="og:title" content="Four must be free">'
    understood = read(PAGE % {"head": head, "title": ""}, "a.html")
    assert understood.title == "Four must be free"


@pytest.mark.parametrize(
    "head",
    ['<meta property="article:published_time" content="2027-05-03T06:00:00+02:00">',
     '<meta name="date" content="2027-05-03">',
     '<script type="application/ld+json">{"datePublished": "2027-05-03T06:00"}</script>'],
    ids=["article", "name", "JSON-LD"],
)  # fmt: skip
def test_the_date_in_the_metadata_of_a_page_is_offered(head):
    understood = read(PAGE % {"head": head, "title": "<h1>Court must free four</h1>"}, "a.html")
    assert understood.date_guess.date == date(2027, 5, 3)


def test_the_time_element_of_an_article_gives_its_date():
    title = '<h1>Court must free four</h1><time datetime="2027-05-03">Monday</time>'
    assert read(PAGE % {"head": "", "title": title}, "a.html").date_guess.date == date(2027, 5, 3)


BLOG = (
    "<title>Court must free four - Watch</title><div>Posted on 3 May 2021 by admin</div>{above}"
    f"<h1>Court must free four</h1><p>{LEAD}</p><p>{MORE}</p>"
    '<div class="related-posts"><h3>Related</h3><ul><li>Another release of ours</ul></div>'
)


def test_a_line_above_the_heading_of_a_page_is_not_its_title():
    understood = read(BLOG.format(above=""), "a.html")
    assert (understood.title, understood.title_from) == ("Court must free four", "stated")
    assert understood.date_guess.date == date(2021, 5, 3)
    assert understood.body_html == f"<p>{LEAD}</p>\n<p>{MORE}</p>"
    understood = read(BLOG.format(above="<p>Our news</p>"), "a.html")
    assert (understood.title, understood.title_from) == ("Court must free four", "stated")
    assert understood.body_html.startswith("<p>Our news</p>")


def test_a_heading_below_the_first_sentence_is_not_the_title():
    understood = read(f"<p>{LEAD}</p><h1>Background</h1><p>{MORE}</p>", "a.html")
    assert understood.body_html.startswith(f"<p>{LEAD}</p>\n<h2>Background</h2>")


@pytest.mark.parametrize(
    "contact",
    [
        "Contact: Anna Beispiel, +41 22 123 45 67, press@example.org",
        "Media contacts:\nAnna Beispiel\nPress officer\npress@example.org",
    ],
)
def test_a_contact_above_the_title_is_moved_below_the_text(contact):
    text = (
        f"NEWS RELEASE\n{contact}\n\nCourt must free four\n\nGENEVA, May 3, 2021 – {LEAD}\n\n{MORE}"
    )
    understood = read(text, "a.txt")
    assert (understood.title, understood.dateline_place) == ("Court must free four", "GENEVA")
    lines = "\n".join(f"<p>{line}</p>" for line in contact.split("\n"))
    assert understood.body_html == f"<p>{LEAD}</p>\n<p>{MORE}</p>\n{lines}"
    assert "A press contact is in the text: check whether it should be there." in sentences_of(
        understood
    )


@pytest.mark.parametrize("label", ["Subject: ", "HEADLINE: ", "Betreff: "])
def test_a_label_before_a_title_is_not_part_of_it(label):
    understood = read(f"{label}Court must free four\n\n{LEAD}\n\n{MORE}\n", "a.txt")
    assert (understood.title, understood.title_from) == ("Court must free four", "stated")
    assert ("title label", label.strip()) in understood.source_texts


@pytest.mark.parametrize(
    ("kicker", "line", "place"),
    [
        ("Pressmeddelande", "Stockholm den 3 maj 2021 – Domstolen måste frige de fyra i maj.",
         "Stockholm"),
        ("Пресс-релиз", "Женева, 3 мая 2021 года – Суд должен освободить четырех человек сегодня.",
         "Женева"),
        ("Comunicato stampa", "Roma, 3 maggio 2021 – Il tribunale deve liberare quattro persone.",
         "Roma"),
        ("Persbericht", "Den Haag, 3 mei 2021 – De rechter moet de vier mensen nu vrijlaten.",
         "Den Haag"),
    ],
)  # fmt: skip
def test_kicker_and_dateline_are_read_in_more_languages(kicker, line, place):
    understood = read(f"{kicker}\n\nCourt: four free\n\n{line}\n", "a.txt")
    assert (understood.kicker, understood.dateline_place) == (kicker, place)
    assert understood.date_guess.date == date(2021, 5, 3)


@pytest.mark.parametrize("name", ["a.txt", "a.html", "a.md"])
@pytest.mark.parametrize("mark", ["\u00ad", "&shy;", "\u200b", "\u2060"])
def test_an_invisible_character_does_not_split_a_name(name, mark):
    if name == "a.txt" and mark.startswith("&"):
        return
    text = f"{LEAD}\n\n<p>“We know,” said Anna Bei{mark}spiel, director of Lantern Watch."
    understood = read(text.replace("<p>", "" if name != "a.html" else "<p>"), name)
    assert [person.name for person in understood.people] == ["Anna Beispiel"]
    assert "Anna Beispiel" in understood.body_html


def test_scripts_without_spaces_keep_zero_width_spaces():
    text = "ศาลต้อง\u200bปล่อยตัวคนทั้งสี่ที่ถูกตั้งข้อหาในเดือนพฤษภาคมเราได้กล่าววันนี้ในเมืองหลวง"
    assert "ศาลต้อง\u200bปล่อย" in read(text, "a.txt").body_html


def test_lines_of_symbols_separate_the_text_and_are_neither_words_nor_items():
    text = (
        f"Court must free four\n\n* * *\n\n{LEAD}\n\n"
        f"What we ask\n-----------\n{MORE} So shall we.\n\n"
        "1. Free them\n2. Pay them\n   a) fully\n   b) now\n"
    )
    understood = read(text, "a.txt")
    assert understood.body_html.startswith(
        f"<p>{LEAD}</p>\n<h2>What we ask</h2>\n<p>{MORE} So shall we.</p>\n"
        "<ol><li><p>Free them</p></li><li><p>Pay them</p></li></ol>\n<p>a) fully</p>"
    )
    assert ("end mark", "* * *") in understood.source_texts


def test_an_embedded_picture_and_one_with_an_odd_name_are_reported_as_missing():
    page = f'<p>{LEAD}</p><img src="data:image/png;base64,AAAA"><img src="https://x.example/a%00b.jpg">'
    understood = read(page, "a.html")
    missing = [sentence(note) for note in understood.missing]
    assert "the file of the picture “a picture inside the file”" in missing
    assert "the file of the picture “ab.jpg”" in missing


def test_a_given_name_that_is_a_month_in_another_language_is_found():
    text = (
        f"Court: four free\n\n{LEAD}\n\n“We know,” said Maja Beispiel, director of Lantern Watch."
    )
    assert [person.name for person in read(text, "a.txt").people] == ["Maja Beispiel"]


def test_a_time_in_a_sentence_is_not_the_date_of_the_page():
    title = "<h1>Court must free four</h1>"
    page = PAGE % {"head": "", "title": title}
    page = page.replace("on Monday", '<time datetime="2027-06-01">on Monday the first</time>')
    assert read(page, "a.html").date_guess is None


@pytest.mark.parametrize("around", ["form", "header", "aside", "footer", "nav", "article", "main"])
def test_the_release_never_counts_as_page_furniture(around):
    page = (
        f"<body><{around}><h1>Court must free four</h1><p>{LEAD}</p></{around}><p>Menu</p></body>"
    )
    assert LEAD in read(page, "a.html").body_html


def test_a_short_article_beside_the_text_does_not_hide_it():
    page = f"<h1>Four</h1><p>{LEAD}</p><p>{MORE}</p><article>{'More news. ' * 5}</article>"
    body = read(page, "a.html").body_html
    assert MORE in body
    assert "More news." in body


# --- Plain text with wrapped lines -------------------------------------------------------------

WRAPPED = """PRESS RELEASE

Valdria: Court must free
four lantern makers

The trial of the four begins on Monday at the court in
the capital. Observers from many coun-
tries are expected, also for Chow Hang-
tung, and for a long-
term plan of the self-
styled government.

Anna Beispiel, director of Lantern Watch, said:

  "They did nothing wrong.
  Nothing."

ENDS
"""


def test_wrapped_lines_are_joined_into_title_paragraphs_and_quotation():
    understood = read(WRAPPED, "a.txt")
    assert understood.title == "Valdria: Court must free four lantern makers"
    assert understood.kicker == "PRESS RELEASE"
    document = Document(understood.body_html)
    assert document.paragraphs[0] == (
        "The trial of the four begins on Monday at the court in the capital. Observers from many "
        "countries are expected, also for Chow Hang-tung, and for a long-term plan of the "
        "self-styled government."
    )
    [quotation] = document.quotations
    assert quotation.text == '"They did nothing wrong. Nothing."'
    assert quotation.name == "Anna Beispiel"
    assert understood.accounting.left_out == ()


def test_a_hyphen_at_a_line_end_follows_the_spelling_elsewhere_in_the_text():
    text = (
        "We spoke of the anticlimax and of co-operation, and there were many of them in the\n"
        "court. The anti-\nclimax was in the co-\noperation of those who were at the court of "
        "the\ncity."
    )
    assert paragraphs_of(text) == [
        "We spoke of the anticlimax and of co-operation, and there were many of them in the court. "
        "The anticlimax was in the co-operation of those who were at the court of the city."
    ]


def test_quoted_mail_is_read_without_its_marks():
    text = (
        "> The court must free the four people who were\n> charged in May, we said today to all\n"
        ">\n> Observers from many countries are expected\n> there on Monday.\n"
    )
    assert paragraphs_of(text) == [
        "The court must free the four people who were charged in May, we said today to all",
        "Observers from many countries are expected there on Monday.",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Lantern Watch\n12 Long Street\nKöln\nGermany",
        f"{LEAD} {MORE}\n{MORE} {LEAD}\n{LEAD} {LEAD}",
        "One line alone",
        "- free them\n- pay them\n- let us know",
        "",
    ],
    ids=["address", "unwrapped", "one", "items", "empty"],
)
def test_lines_that_were_not_wrapped_stay_separate(text):
    assert paragraphs_of(text) == [line for line in text.split("\n") if line]


def test_a_single_full_line_that_continues_in_small_letters_is_joined():
    first = "The court must free the four lantern makers who were charged with"
    text = f"{first}\nsilence in May, we said today.\n\nOne line\nOf a poem"
    assert paragraphs_of(text) == [
        f"{first} silence in May, we said today.",
        "One line",
        "Of a poem",
    ]


@pytest.mark.parametrize("mark", ["* ", "- ", "1) "])
def test_an_indented_line_below_an_item_belongs_to_it(mark):
    below = " " * (3 + len(mark))
    text = f"{LEAD}\n\n   {mark}First\n   {mark}Second to\n{below}The Court\n\n{MORE}\n"
    body = read(f"Court must free four\n\n{text}", "a.txt").body_html
    tag = "ol" if mark == "1) " else "ul"
    assert f"<{tag}><li><p>First</p></li><li><p>Second to The Court</p></li></{tag}>" in body


def test_wrapped_chinese_is_joined_without_spaces():
    line = "法院必须释放今年五月被控告的四名灯笼制造者我们今天在首都对记者说"
    assert paragraphs_of("\n".join([line, line, line, "他们无罪。"])) == [line * 3 + "他们无罪。"]


# --- Mails -------------------------------------------------------------------------------------


def mail(*parts: str, subject: str = "Court must free four", head: str = "") -> str:
    """Return a mail with one part, or with several alternative parts."""
    top = (
        f"From: Press Person <secret@example.org>\nTo: Desk Person <desk@example.net>\n"
        f"Subject: {subject}\nDate: Mon, 3 May 2027 23:30:00 -0500\nMIME-Version: 1.0\n{head}"
    )
    if len(parts) == 1:
        return f"{top}{parts[0]}"
    inside = "".join(f"--x\n{part}\n" for part in parts)
    return f"{top}Content-Type: multipart/alternative; boundary=x\n\n{inside}--x--\n"


PLAIN = f"Content-Type: text/plain; charset=utf-8\n\nCourt must free four\n\n{LEAD}\n\n{MORE}\n"


def test_a_mail_is_read_as_a_mail():
    understood = read(mail(PLAIN), "a.eml")
    assert understood.format == "mail"
    assert understood.title == "Court must free four"
    assert understood.body_html == f"<p>{LEAD}</p>\n<p>{MORE}</p>"
    assert understood.date_guess.date == date(2027, 5, 3)
    assert understood.accounting.left_out == ()
    assert dict(understood.accounting.parts)["mail headers"] >= 10


def test_sender_and_recipient_of_a_mail_are_not_imported():
    understood = read(mail(PLAIN), "a.eml")
    texts = f"{understood.people} {understood.source_texts} {sentences_of(understood)}"
    everything = f"{understood.body_html} {texts}"
    assert "Person" not in everything
    assert "secret@" not in everything


def test_a_mail_is_recognised_by_its_headers_and_a_memo_is_not_a_mail():
    assert read(mail(PLAIN), "a.txt").format == "mail"
    memo = f"From: Press Office\nTo: Editors\nSubject: Court must free four\n\n{LEAD}\n\n{MORE}"
    assert read(memo, "a.txt").format == "text"


@pytest.mark.parametrize(
    ("subject", "title", "kicker"),
    [
        ("Re: Fwd: Court must free four", "Court must free four", ""),
        ("AW: WG: Court must free four", "Court must free four", ""),
        ("[press] Press release: Court must free four", "Court must free four", "Press release"),
        ("=?utf-8?q?K=C3=B6ln=3A_Court_must_free_four?=", "Köln: Court must free four", ""),
        ("Regarding Fwding", "Regarding Fwding", ""),
    ],
)
def test_the_subject_becomes_the_title_without_its_prefixes(subject, title, kicker):
    plain = f"Content-Type: text/plain; charset=utf-8\n\n{LEAD}\n\n{MORE}\n"
    understood = read(mail(plain, subject=subject), "a.eml")
    assert (understood.title, understood.kicker) == (title, kicker)


@pytest.mark.parametrize(
    ("head", "data"),
    [
        ("quoted-printable", "He said: =E2=80=9CThey did no=\nthing wrong in K=C3=B6ln.=E2=80=9D"),
        ("base64", "SGUgc2FpZDog4oCcVGhleSBkaWQgbm90aGluZyB3cm9uZyBpbiBLw7Zsbi7igJ0="),
        ("8bit", "He said: “They did nothing wrong in Köln.”"),
    ],
)
def test_encoded_headers_and_bodies_of_mails_are_decoded(head, data):
    part = f"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: {head}\n\n{data}\n"
    body = read(mail(part), "a.eml").body_html
    assert "He said: “They did nothing wrong in Köln.”" in body


@pytest.mark.parametrize("charset", ["iso-8859-1", "no-such-charset", "us-ascii", "rot13", ""])
def test_a_mail_with_the_wrong_charset_is_read(charset):
    stated = f"; charset={charset}" if charset else ""
    text = mail(f"Content-Type: text/plain{stated}\n\n{LEAD} In Köln.\n")
    understood = understand(text.encode("iso-8859-1"), "a.eml")
    assert f"{LEAD} In Köln." in understood.body_html


def test_the_html_of_a_mail_is_read_if_it_has_structure():
    rich = f"Content-Type: text/html; charset=utf-8\n\n<p>{LEAD}</p><ul><li>Free them</li></ul>"
    flat = f"Content-Type: text/html; charset=utf-8\n\n<div>{LEAD} In HTML.</div>"
    assert "<ul><li><p>Free them</p></li></ul>" in read(mail(PLAIN, rich), "a.eml").body_html
    assert "In HTML" not in read(mail(PLAIN, flat), "a.eml").body_html
    assert "In HTML" in read(mail(flat), "a.eml").body_html


def test_text_that_a_mail_program_quotes_is_not_a_quotation():
    rich = f"<h2>Court</h2><blockquote type='cite'><p>{LEAD}</p><blockquote>We know.</blockquote>"
    rich += f"<p>{MORE}</p></blockquote><p>They stay.</p>"
    part = f"Content-Type: text/html; charset=utf-8\n\n{rich}"
    assert read(mail(part), "a.eml").body_html.endswith(
        f"<p>{LEAD}</p>\n<blockquote><p>We know.</p></blockquote>\n<p>{MORE}</p>\n<p>They stay.</p>"
    )


def test_forwarded_headers_are_left_out_even_without_a_separator_line():
    head = "From: Secret Source\nSent: Monday\nTo: Desk Person\nSubject: Court must free four\n"
    understood = read(mail(f"Content-Type: text/plain\n\n{head}\n{LEAD}\n"), "a.eml")
    assert understood.body_html == f"<p>{LEAD}</p>"


def test_flowed_lines_of_a_mail_are_joined():
    part = (
        "Content-Type: text/plain; format=flowed\n\nThe court must free \nthe four people who were "
        "\ncharged in May.\nThey did nothing wrong.\n"
    )
    assert read(mail(part), "a.eml").body_html == (
        "<p>The court must free the four people who were charged in May.</p>\n"
        "<p>They did nothing wrong.</p>"
    )


def test_signature_and_forwarded_headers_are_left_out_and_attachments_are_named():
    text = (
        "Content-Type: multipart/mixed; boundary=m\n\n--m\nContent-Type: text/plain\n\n"
        "---------- Forwarded message ---------\nFrom: Secret Source <source@example.org>\n"
        f"Subject: Court\n\n{LEAD}\n\n-- \nPhone 020 7946 0000\n--m\n"
        "Content-Type: application/pdf\nContent-Disposition: attachment; "
        'filename="report.pdf"\n\nx\n--m--\n'
    )
    understood = read(mail(text), "a.eml")
    assert understood.body_html == f"<p>{LEAD}</p>"
    assert "Secret" not in str(understood.source_texts)
    assert any("“report.pdf”" in one for one in sentences_of(understood))
    assert any("signature" in one and "020 7946 0000" in one for one in sentences_of(understood))


def test_an_attached_mail_is_imported_if_the_outer_mail_has_no_release():
    inner = mail(PLAIN, subject="Court must free four")
    text = (
        "From: a@example.org\nSubject: FYI\nMIME-Version: 1.0\nContent-Type: multipart/mixed; "
        "boundary=m\n\n--m\nContent-Type: text/plain\n\nSee below.\n--m\n"
        f"Content-Type: message/rfc822\n\n{inner}\n--m--\n"
    )
    understood = read(text, "a.eml")
    assert understood.title == "Court must free four"
    assert understood.body_html.startswith(f"<p>{LEAD}</p>")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (mail("Content-Type: application/pdf\n\nxxxx\n"), "mail_without_text"),
        (
            mail("Content-Type: multipart/mixed; boundary=b\n\n" + "--b\n\nx\n" * 20_000),
            "too_many_parts",
        ),
        (
            mail(
                "".join(
                    f"Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n" for n in range(3000)
                )
            ),
            "too_many_parts",
        ),
    ],
    ids=["no text", "many parts", "deep parts"],
)
def test_a_mail_without_a_release_is_refused_with_a_sentence(text, code):
    with pytest.raises(NotAReleaseError) as refused:
        read(text, "a.eml")
    assert refused.value.note.code == code
    assert "“a.eml”" in sentence(refused.value.note)


@pytest.mark.parametrize(
    "head",
    [
        "Content-Type: text/plain; " + "a*0*=x; " * 100_000,
        "X-Subject: " + "=?utf-8?q?a?= " * 100_000,
        "Reply-To: " + "(a" * 200_000,
        "A: b\n" * 50_000 + "B: c",
        "Content-Disposition: " + '"' * 100_000,
        "Content-Disposition: attachment; filename=" + "(a" * 100_000,
    ],
    ids=["parameters", "words", "comments", "headers", "quotes", "nested comments"],
)
def test_a_hostile_mail_does_not_hang_the_importer(head):
    signal.alarm(60)
    understood = read(mail(f"\n{LEAD}\n", head=f"{head}\n"), "a.eml")
    signal.alarm(0)
    assert LEAD in understood.body_html


@pytest.mark.parametrize("charset", ["punycode", "idna", "unicode_escape"])
def test_a_mail_cannot_choose_a_codec_that_mails_do_not_use(charset):
    # Decoding punycode takes quadratic time. This text took minutes.
    signal.alarm(60)
    long = "abcdefgh " * 100_000 + "-" + "a9zq" * 200_000
    with pytest.raises(NotAReleaseError) as refused:
        read(mail(f"Content-Type: text/plain; charset={charset}\n\n{long}\n"), "a.eml")
    signal.alarm(0)
    assert refused.value.note.code == "too_long"
    text = f"{LEAD} It is at C:\\x41."
    assert (
        text
        in read(mail(f"Content-Type: text/plain; charset={charset}\n\n{text}\n"), "a.eml").body_html
    )


def test_a_page_that_a_browser_saved_as_mhtml_is_read_as_a_page():
    page = (
        "From: <Saved by Blink>\nSnapshot-Content-Location: https://example.org/a\n"
        "Subject: Court must free four | Watch\nDate: Mon, 10 May 2027 10:00:00 -0000\n"
        'MIME-Version: 1.0\nContent-Type: multipart/related; type="text/html"; boundary=x\n\n'
        "--x\nContent-Type: text/html; charset=utf-8\n\n"
        "<title>Court must free four | Watch</title><nav>Home</nav>"
        f"<h1>Court must free four</h1><p>{LEAD}</p>\n--x\nContent-Type: text/css\n\np{{}}\n--x--\n"
    )
    understood = read(page, "a.mhtml")
    assert (understood.title, understood.title_from) == ("Court must free four", "stated")
    assert understood.body_html == f"<p>{LEAD}</p>"
    assert understood.date_guess is None
    assert "mail" not in " ".join(sentences_of(understood))


@pytest.mark.django_db
def test_the_desk_recognises_a_pasted_mail_and_does_not_show_its_sender(at_desk, editor):
    client = at_desk(editor)
    shown = client.post("/admin/releases/release/import/", {"text": mail(PLAIN)}).content.decode()
    assert "The file is an e-mail" in shown
    assert "secret@example.org" not in re.sub(
        r"<textarea.*?</textarea>|value=\"[^\"]*\"", "", shown, flags=re.S
    )
    assert not Release.objects.exists()


# --- WML ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "heading", "title", "title_from"),
    [
        ('#include "head.wmi" TITLE="Court must free four" CHARSET="UTF-8"', "",
         "Court must free four", "guessed"),
        ('#use wml::tor title="Court &quot;must&quot; \\"free\\" four" \\\n  X="y"', "",
         'Court "must" "free" four', "guessed"),
        ("#use wml::tor \\\n  title = 'x' TITLE=\"Court must free four\"", "",
         "Court must free four", "guessed"),
        ('#include "head.wmi" TITLE="Project: News"', "<h1>Court must free four</h1>",
         "Court must free four", "stated"),
        ('#include "head.wmi" TITLE=""', "", "", "offered"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["a.wml", "pasted text"])
def test_a_wml_page_has_the_title_that_it_passes_to_its_template(
    name, command, heading, title, title_from
):
    page = (
        f'## translation metadata\n{command}\n<div id="breadcrumbs">'
        '<a href="<page index>">Home &raquo; </a> <a href="<page press>">Press &raquo; </a></div>'
        f'\n{heading}\n<p>{LEAD}</p>\n<p>{MORE}</p>\n#include "side.wmi"\n'
    )
    understood = read(page, name)
    assert (understood.title, understood.title_from) == (title, title_from)
    assert understood.body_html == f"<p>{LEAD}</p>\n<p>{MORE}</p>"


def test_a_text_that_mentions_wml_is_not_a_wml_page():
    text = f"Court must free four\n\n{LEAD} They wrote: #use wml::tor\n\n# 4 of 5 were freed\n"
    assert "4 of 5 were freed" in read(text, "a.txt").body_html
    assert "4 of 5" in read(text.replace("\n\n", "<p>"), "a.html").body_html


# --- Hostile and mixed files -------------------------------------------------------------------


@pytest.mark.parametrize(
    "hostile",
    [
        "[a](<b" * 20_000, "*a **a " * 10_000, "".join("`" * n + " " for n in range(1, 400)),
        "> " * 20_000 + "x", "^[" * 30_000, "![" * 30_000, "[^a]" * 20_000 + "\n\n[^a]: x",
        "- " * 30_000 + "x", "|" * 30_000 + "\n" + "|-" * 15_000 + "|\n|a\n", "[" * 100_000,
        "<table><tr><td>" * 6_000, "<table>" * 6_000 + "</table>" * 6_000, "<ul><li>a" * 8_000,
        "<nav>" * 9_000 + "x" + "</nav>" * 9_000, "<p>" + "<b>" * 15_000 + "<div>" * 15_000,
        "<sup><a href='#f'>1</a></sup>" * 4_000 + "<p id=f>no te</p>", "coun-\n" * 15_000,
        "<title>a" * 10_000 + "</title>" * 10_000, "<s>a" * 20_000, "> a\n" * 15_000,
    ],
    ids=lambda text: text[:12].strip(),
)  # fmt: skip
@pytest.mark.parametrize("format", ["text", "markdown", "html"])
def test_a_hostile_file_does_not_hang_a_reader(hostile, format):
    # Not a benchmark: quadratic time would take minutes.
    signal.alarm(60)
    try:
        understood = read(f"{hostile}\n\n{LEAD}\n\n{MORE}", "a.txt", format)
    except NotAReleaseError:
        return
    finally:
        signal.alarm(0)
    assert understood.accounting.total


PIECES = {
    "markdown": [
        "# ", "### ", "> ", "- ", "   - ", "3. ", "| a | b |\n|---|---|\n| ", " | ", "~~", "**",
        "*",
        "`", "[^1]", "\n[^1]: ", "^[", "]", "](https://example.org)", "[", "<b>", "</b>", "<br>",
        "<s>", "</s>", "<table><tr><td>", "</table>", "\\", "  \n", "\n\n", "\n", "&amp;",
        "![x](y.png)", "---\n", "```\n",
    ],
    "html": [
        "<h3>", "</h3>", "<p>", "</p>", "<ul>", "<ol start=4>", "<li>", "</li>", "</ul>", "</ol>",
        "<blockquote>", "</blockquote>", "<cite>", "</cite>", "<table>", "<tr>", "<td colspan=2>",
        "<th>", "</td>", "</tr>", "</table>", "<caption>", "</caption>", "<p id='f1'>", "<s>",
        "<sup><a href='#f1'>1</a></sup>", "</s>", "<b>", "</b>", "<i>", "</i>", "<sub>", "</sub>",
        "<span hidden>", "</span>", "<article>", "</article>", "<footer>", "</footer>", "<nav>",
        "</nav>", "<br>", "&nbsp;", "<a href='https://example.org'>", "</a>", "</div>",
        "<div style='display:none'>",
    ],
    "text": [
        "> ", "- ", "  - ", "2. ", "coun-\n", "\n", "\n\n", "“", "”", "   ", ",\n", "-- \n",
        "ENDS\n",
    ],
}  # fmt: skip


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
@pytest.mark.parametrize("format", ["markdown", "html", "text"])
def test_no_word_of_a_mixture_is_lost_or_doubled(format, data):
    pieces = data.draw(st.lists(st.sampled_from(PIECES[format]), max_size=25))
    words = [f"qword{chr(97 + n)}x" for n in range(len(pieces) + 1)]
    body = words[0] + "".join(
        f" {piece} {word}" for piece, word in zip(pieces, words[1:], strict=True)
    )
    gap = "" if format == "html" else "\n\n"
    lead = f"<p>{LEAD}</p>" if format == "html" else LEAD
    try:
        understood = read(f"{lead}{gap}{body}{gap}", "a.txt", format)
    except NotAReleaseError:
        return
    assert clean(understood.body_html) == understood.body_html
    stored = f"{understood.title} {understood.body_html} {understood.standfirst}"
    kept = (
        "title",
        "lead",
        "paragraphs",
        "headings",
        "quotations",
        "lists",
        "tables",
        "speaker credit",
    )
    left_out = " ".join(text for part, text in understood.source_texts if part not in kept)
    left_out += " ".join(understood.accounting.left_out)
    found = Counter(re.findall(r"qword\wx", stored))
    for word in words:
        assert found[word] == 1 or (not found[word] and word in left_out), (word, stored, left_out)

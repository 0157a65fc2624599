"""The text of a release, typed or pasted, and the rows that every save derives from it."""

import re
from datetime import date, timedelta
from unicodedata import normalize
from uuid import UUID

import lxml.html
import pytest
from django.db import models
from django.utils import timezone
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from desk.pasting import clean_pasted
from people.models import Role
from releases import workflow
from releases.document import Document, UnreadableTextError, clean, render_text
from releases.models import EditConflict, Illustration, Mention, Quote, Release
from tests.make import (
    DATA,
    make_chief,
    make_person,
    make_picture,
    make_release,
    mark,
    quotation,
)

PASTE = DATA / "paste"


# --- Cleaning ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("Bare words", "<p>Bare words</p>"),
        ("<div>One<div>Two</div></div>", "<p>One</p>\n<p>Two</p>"),
        ("<h1>Title</h1><h4>Small</h4>", "<h2>Title</h2>\n<h3>Small</h3>"),
        ("<p><b>Bold</b> <i>slanted</i></p>", "<p><strong>Bold</strong> <em>slanted</em></p>"),
        ("<p style='color:red' class=x id=y>Plain</p>", "<p>Plain</p>"),
        ("<p></p><p> </p><p>\xa0</p><p><br></p>", ""),
        (
            "<ul><li>One<ul><li>Inner</li></ul></li></ul>",
            "<ul><li><p>One</p><ul><li><p>Inner</p></li></ul></li></ul>",
        ),
        (
            "<p><a href='https://a.example/?b&c'>x</a></p>",
            '<p><a href="https://a.example/?b&amp;c">x</a></p>',
        ),
        ("<p><a href='javascript:x'>words</a></p>", "<p>words</p>"),
        (
            "<table><tr><td>One</td><td>Two</td></tr></table>",
            "<table><tbody><tr><td><p>One</p></td><td><p>Two</p></td></tr></tbody></table>",
        ),
        ("<blockquote>Bare</blockquote>", "<blockquote><p>Bare</p></blockquote>"),
        ("<blockquote><h2>x</h2></blockquote>", "<blockquote><p>x</p></blockquote>"),
        ("<figure data-asset='no uuid'></figure><p>x</p>", "<p>x</p>"),
        ("<p>“Don’t” – 5 < 6 & ‘so on’</p>", "<p>“Don’t” – 5 &lt; 6 &amp; ‘so on’</p>"),
        ("<p>A\x00B\x0b</p>", "<p>AB </p>".replace(" <", "<")),
    ],
)
def test_typed_html_becomes_a_document_of_few_kinds_of_blocks(typed, stored):
    assert clean(typed) == stored
    assert clean(stored) == stored


SCHEMA = {
    "p", "h2", "h3", "ul", "ol", "li", "blockquote", "figure", "a", "strong", "em", "br", "span",
    "section", "table", "tbody", "tr", "td", "th", "s", "sub", "sup",
}  # fmt: skip
TAGS = sorted(SCHEMA | {"div", "b", "i", "h1", "caption", "thead", "strike", "del"})
# Attributes that the opening tag of an element can have.
OPENING = {
    "section": ["", ' data-kind="background"'], "ol": ["", " start=7"],
    "td": ["", " colspan=2", " rowspan=2"], "th": ["", " rowspan=0"],
    "table": ["", ' data-caption="Of 2"'], "a": ["", ' href="https://a.example/"'],
    "span": [" data-footnote=1", " data-footnote=2", f" data-person={UUID(int=1)}"],
}  # fmt: skip
NODES = st.recursive(
    st.text(st.characters(codec="utf-8"), max_size=12).map(
        lambda text: text.replace("<", "").replace("&", "")
    ),
    lambda inner: st.builds(
        lambda tag, children: f"<{tag[0]}{tag[1]}>{''.join(children)}</{tag[0]}>",
        st.sampled_from([(tag, more) for tag in TAGS for more in OPENING.get(tag, [""])]),
        st.lists(inner, max_size=4),
    ),
    max_leaves=25,
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(NODES, max_size=5).map("".join))
@example("0\r<a> 0</a>")
def test_cleaning_again_changes_nothing_and_no_word_is_lost(html):
    cleaned = clean(html)
    assert clean(cleaned) == cleaned
    document = Document(cleaned)
    root = lxml.html.fragment_fromstring(cleaned, create_parent="div")
    assert {node.tag for node in root.iterdescendants()} <= SCHEMA
    # A browser moves loose text out of a table, so the order is not compared.
    captions = re.findall('data-caption="([^"]*)"', html)
    stored = re.sub("<[^>]*>", "", html) + "".join(captions)
    assert letters(document.text) == letters(stored)
    # The printed page has the same letters. “²” counts as “2”.
    page = render_text(document, attributions={}, pictures={})
    assert set(letters(stored)) <= set(letters(page))


def letters(text: str) -> list[str]:
    # Drop combining marks: a letter and its mark can be in different tags.
    return sorted(char for char in normalize("NFKD", text) if char.isalnum())


def test_a_text_that_is_nested_too_deeply_is_refused_with_a_sentence():
    with pytest.raises(UnreadableTextError, match="nested too deeply"):
        clean("<blockquote>" * 5000 + "x")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "basic-styles--bold-within-text--input.word2016.html",
            "<p>Some text <strong>with bold</strong>.</p>",
        ),
        (
            "link--within-text--input.word2016.html",
            '<p>Regular <a href="https://ckeditor.com/">link</a>1</p>',
        ),
        (
            "list--simple--input.word2016.html",
            "<ol><li><p>Item1</p></li><li><p>Item 2</p></li></ol>",
        ),
        ("paste-from-google-docs--bold-wrapper--simple-text--input.html", "<p>Hello world</p>"),
        (
            "paste-from-google-docs--lists--mixed-list--input.html",
            "<ol><li><p>1</p><ul><li><p>A</p><ol><li><p>1</p></li></ol></li></ul></li>"
            "<li><p>2</p></li><li><p>3</p><ul><li><p>A</p></li><li><p>B</p></li></ul></li></ol>\n"
            "<ul><li><p>A</p><ol><li><p>1</p></li><li><p>2</p></li></ol></li></ul>",
        ),
    ],
)  # fmt: skip
def test_the_clipboards_of_word_and_google_docs_are_cleaned(name, expected):
    assert clean_pasted((PASTE / name).read_text()) == expected


@pytest.mark.parametrize(
    ("pasted", "clean_text"),
    [
        ("<b style='font-weight:normal'><p>Not bold</p></b>", "<p>Not bold</p>"),
        ("<p><span style='font-weight:700'>a</span></p>", "<p><strong>a</strong></p>"),
        ("<p>kept <del>struck</del><ins>new</ins></p>", "<p>kept new</p>"),
        ("<p>seen<span style='display:none'>hidden</span></p>", "<p>seen</p>"),
        ("<p><a href='#_ftn1'>note</a></p>", "<p>note</p>"),
    ],
)  # fmt: skip
def test_the_styles_of_a_clipboard_are_read(pasted, clean_text):
    assert clean_pasted(pasted) == clean_text


@pytest.mark.django_db
def test_the_desk_cleans_a_paste_and_refuses_unreadable_markup(at_desk, author):
    client, address = at_desk(author), "/admin/releases/release/paste/"
    answer = client.post(address, "<h1>x</h1><script>1</script>", content_type="text/html")
    assert (answer.status_code, answer.json()["html"]) == (200, "<h2>x</h2>")
    assert client.post(address, b"\xff\xfe", content_type="text/html").status_code == 200
    assert client.get(address).status_code == 400
    deep = client.post(address, "<blockquote>" * 5000, content_type="text/html")
    assert deep.status_code == 400


# --- Rows derived from the text ----------------------------------------------------------------


@pytest.mark.django_db
def test_quotes_mentions_and_pictures_are_derived_from_the_text_on_every_save():
    ann, ben = make_person("Ann"), make_person("Ben")
    first, second = make_picture(), make_picture()
    figure = '<figure data-asset="{}"></figure>'.format
    body = f"<p>{mark(ben)}</p>{quotation(ann, '“One.', '“Two.”')}{figure(first.pk)}"
    release = make_release("draft", body=body)
    assert [(q.speaker, q.paragraphs) for q in release.quotes.all()] == [(ann, ["“One.", "“Two.”"])]
    assert {(m.person, m.surface) for m in release.mentions.all()} == {(ann, "Ann"), (ben, "Ben")}
    assert [i.asset for i in release.illustrations.all()] == [first]

    release.body = f"{figure(second.pk)}{quotation(ben, '“Three.”')}{quotation(ann, '“One.”')}"
    release.save()
    assert [q.speaker for q in release.quotes.all()] == [ben, ann]
    assert {m.person for m in release.mentions.all()} == {ann, ben}
    assert [i.asset for i in release.illustrations.all()] == [second]

    release.body = "<p>Nobody.</p>"
    release.save()
    assert [model.objects.count() for model in (Quote, Mention, Illustration)] == [0, 0, 0]


@pytest.mark.django_db
def test_unknown_ids_are_removed_and_their_text_stays():
    body = (
        f'<p><span data-person="{Release().pk}">Somebody</span></p>'
        f'<blockquote data-speaker="{Release().pk}"><p>“Words.”</p></blockquote>'
        f'<figure data-asset="{Release().pk}"></figure>'
    )
    release = make_release("draft", body=body)
    assert release.body == "<p>Somebody</p>\n<blockquote><p>“Words.”</p></blockquote>"


@pytest.mark.django_db
def test_a_person_who_is_quoted_and_a_picture_that_is_shown_cannot_be_deleted():
    person, picture = make_person(), make_picture()
    body = f'{quotation(person)}<figure data-asset="{picture.pk}"></figure>'
    release = make_release("draft", body=body)
    for kept in (person, picture):
        with pytest.raises(models.ProtectedError):
            kept.delete()
    release.body = "<p>x</p>"
    release.save()
    person.delete()
    picture.delete()


@pytest.mark.django_db
def test_a_title_follows_the_day_of_the_release_until_it_is_approved():
    person = make_person()
    today = timezone.localdate()
    Role.objects.create(person=person, title="Deputy", end=today - timedelta(days=1))
    director = Role.objects.create(person=person, title="Director", start=today)
    release = make_release("draft", body=quotation(person))
    assert release.quotes.get().attribution_title == "Director"
    director.title = "Secretary General"
    director.save()
    release.save()
    assert release.quotes.get().attribution_title == "Secretary General"


@pytest.mark.django_db
def test_a_printed_name_and_title_stay_when_the_speaker_changes():
    person, chief = make_person("Ann Verel", title="Director"), make_chief()
    title = 'data-title="Chair of the inquiry"'
    special = quotation(person, "“Two.”").replace(" data-speaker", f" {title} data-speaker")
    release = make_release("published", body=quotation(person, "“One.”") + special)
    models.QuerySet(Role).update(title="Former director")
    person.display_name = "Ann Verel-Ostrov"
    person.save()
    release.body = release.body.replace("“Two.”", "“Two, or three.”")
    workflow.correct(release, by=chief, text="It was two, or three.")
    assert [(q.attribution_name, q.attribution_title) for q in release.quotes.all()] == [
        ("Ann Verel", "Director"),
        ("Ann Verel", "Chair of the inquiry"),
    ]


@pytest.mark.django_db
def test_a_backdated_release_prints_the_title_of_its_own_day():
    person, chief = make_person(), make_chief()
    Role.objects.create(person=person, title="Deputy", end=date(2020, 12, 31))
    Role.objects.create(person=person, title="Director", start=date(2021, 1, 1))
    release = make_release("in_review", body=quotation(person), by=chief)
    then = timezone.make_aware(timezone.datetime(2020, 5, 1, 9))
    release = workflow.approve(release, by=chief, publish_at=then, backdated=True)
    assert release.quotes.get().attribution_title == "Deputy"


@pytest.mark.django_db
def test_an_outdated_copy_is_not_saved():
    release = make_release("draft")
    stale = Release.objects.get(pk=release.pk)
    release.title = "Newer"
    release.save()
    stale.title = "Older"
    with pytest.raises(EditConflict):
        stale.save()
    assert Release.objects.get().title == "Newer"
    assert stale.title == "Older"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("pull_quote", "found"),
    [
        ("We ask for it", True),
        ("we ask for it.", True),
        ("“We ask for it.”", True),
        ("We asked for it", False),
        ("The lead", False),
    ],
)
def test_a_pull_quote_is_part_of_a_quotation_and_has_its_speaker(pull_quote, found):
    person = make_person("Ann")
    body = f"<p>The lead.</p>{quotation(person, '“And so.', '“We ask for it.”')}"
    release = make_release("draft", body=body, pull_quote=pull_quote)
    match = release.document.find_pull_quote(release.pull_quote)
    assert bool(match) == found
    assert any("pull quote" in reason for reason in workflow.blockers(release)) != found

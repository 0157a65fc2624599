"""The unseen mark: in each long paragraph and nowhere else, found again, and in nobody's way."""

import io
import random
import re
import unicodedata
from html import escape, unescape

import pytest

from desk.imports.storing import import_draft
from importing import understand
from people.models import Level
from previews import links, marks
from previews.models import PreviewLink
from releases.rules import protected_names
from tests.make import REAL_RELEASE, accept, make_chief, make_link, make_person

REFERENCE = "K7Q2M4XD"
# Words of each script, with what parts them and what ends a sentence.
SCRIPTS = {
    "Latin": ("the court has again put off a hearing that was due in May for no reason", " ", "."),
    "Arabic": ("قالت المحكمة إن الجلسة تأجلت مرة أخرى ولم تذكر أي سبب لذلك في القرار", " ", "؟"),
    "Cyrillic": ("суд снова перенёс слушание которое было назначено на май", " ", "."),
    "Hebrew": ("בית המשפט דחה שוב את הדיון שנקבע לחודש מאי ולא מסר כל סיבה לכך", " ", "."),
    "Chinese": ("法 院 再 次 推 迟 了 原 定 于 五 月 举 行 的 听 证 会", "", "。"),
    "Japanese": ("裁 判 所 は ふ た た び 五 月 の 審 理 を 延 期 し た", "", "。"),
    "Thai": ("ศาล เลื่อน การ พิจารณา ออก ไป อีก ครั้ง โดย ไม่ ให้ เหตุ ผล ใด", "", " ๚"),
    "Short": ("a b it is no go up so we", " ", "."),
}  # fmt: skip


def sentence(script, words, chance):
    vocabulary, between, end = SCRIPTS[script]
    return between.join(chance.choices(vocabulary.split(), k=words)) + end


def paragraph(script, words, chance):
    """A paragraph of at least so many words, in sentences of eleven."""
    per = 1 if SCRIPTS[script][1] else marks.LETTERS / marks.WORDS
    joined, gap = "", " " if SCRIPTS[script][1] else ""
    while True:
        joined = f"{joined}{gap}{sentence(script, 11, chance)}".strip()
        counted = len(re.findall(r"\w+", joined)) if per == 1 else len(joined) / per
        if counted >= words:
            return joined


def traced(text: str) -> set[str]:
    return marks.references_in_text(unicodedata.normalize("NFKC", text))


def bare(text: str) -> str:
    return re.sub(f"[{marks.UNSEEN}]", "", text)


@pytest.mark.parametrize("script", SCRIPTS)
def test_any_one_long_paragraph_leads_back_and_the_mark_is_a_twelfth_at_most(script):
    chance = random.Random(script)
    short = sentence(script, 9, chance)
    long = [paragraph(script, words, chance) for words in (44, 44, 60, 90)]
    parts = [short, long[0], short, *long[1:], short]
    text = "\n\n".join(parts)
    html = f"<h2>{short}</h2>" + "".join(f"<p>{part}</p>" for part in parts)
    counted = [part for part in long if len(part) >= marks.CHARACTERS]
    assert counted  # in “Short”, some paragraphs of 40 words are shorter than the mark allows
    for marked in (marks.woven(text, REFERENCE, parts), marks.woven_html(html, REFERENCE)):
        assert bare(marked) in (text, html)
        assert len(marked) - len(bare(marked)) == marks.MARK * len(counted)
        assert marks.MARK * len(counted) <= 0.08 * len(re.sub("<[^>]+>", "", marked))
        pieces = [p for p in re.split(r"\n\n|<[^>]+>", marked) if p]
        for piece in pieces:
            assert traced(piece) == ({REFERENCE} if bare(piece) in counted else set()), piece
            assert len(piece) - len(bare(piece)) <= 0.08 * len(piece)
        assert traced(chance.choice([p for p in pieces if bare(p) in counted])) == {REFERENCE}


@pytest.mark.parametrize(
    ("words", "is_long"), [(39, False), (40, True), (127, False), (128, True)]
)  # fmt: skip
def test_where_a_paragraph_begins_to_be_long(words, is_long):
    text = "好" * words if words > 100 else " ".join(["word"] * words)
    assert marks.is_long(text) == is_long


LONG = " ".join(["word"] * 45)
INSIDE = {
    "heading": (f"<h1>{LONG}</h1>", 0), "subheading": (f"<h3>{LONG}</h3>", 0),
    "caption": (f"<figure><figcaption>{LONG}.</figcaption></figure>", 0),
    "caption in a paragraph": (f"<figcaption><p>{LONG}.</p></figcaption>", 0),
    "cell": (f"<table><tr><td><p>{LONG}.</p></td></tr></table>", 0),
    "label": (f'<section class="media"><ul><li><p>{LONG}.</p></li></ul></section>', 0),
    "contact": (f"<aside><p>{LONG}.</p></aside>", 0),
    "short": ("<p>A few words.</p>", 0),
    "list of short items": ("<ul>" + "<li><p>A few words.</p></li>" * 20 + "</ul>", 0),
    "list item": (f"<ul><li>{LONG}.</li></ul>", 1),
    "list item with a paragraph": (f"<ul><li><p>{LONG}.</p></li></ul>", 1),
    "list item with a list": (f"<ul><li>{LONG}.<ul><li>Short.</li></ul></li></ul>", 1),
    "quotation": (f"<blockquote><p>“{LONG}.”</p><p>“{LONG}.”</p></blockquote>", 2),
}  # fmt: skip


@pytest.mark.parametrize("where", INSIDE)
def test_the_mark_is_in_paragraphs_alone(where):
    html, times = INSIDE[where]
    woven = marks.woven_html(html, REFERENCE)
    assert woven.count(marks.unseen(REFERENCE)) == times
    assert bare(woven) == html


@pytest.mark.parametrize(
    "end",
    [
        "<a href='/x'>a link</a>", "<span data-person='1'>Ansa Verel</span>", "<em>stress</em>",
        "<a href='/x'>a link</a>.", "<br>", "<strong>bold <em>both</em></strong><br><br>", " &amp;",
        "<sup><a href='#1'>1</a></sup>", "https://example.org/path", "",
    ],
)  # fmt: skip
@pytest.mark.parametrize("begin", ["", "A sentence, and another. "])
def test_the_mark_is_in_no_link_no_name_and_no_address(begin, end):
    html = f"<p>{begin}{LONG} {end}</p>".replace("'", '"')
    woven = marks.woven_html(html, REFERENCE)
    assert bare(woven) == html
    assert woven.count(marks.unseen(REFERENCE)) == 1
    for element in re.findall(r"<(a|span|em|strong|sup)\b[^>]*>(.*?)</\1>", woven):
        assert element[1] == bare(element[1])
    assert not re.search(f"<br>[{marks.UNSEEN}]", woven)
    if begin:
        assert f"org/path{marks.JOINER}" not in woven


def test_no_word_and_no_name_is_broken_for_a_search():
    """What journalists search for, and what the desk's own check reads, is there as it was."""
    text = REAL_RELEASE.read_text()
    woven = marks.woven(text, REFERENCE, text.split("\n"))
    assert woven != text
    words = r"\w+(?:['’.-]\w+)*"
    assert re.findall(words, woven) == re.findall(words, text)
    for name in set(re.findall(r"[A-Z]\w+(?: [A-Z]\w+)+", text)):
        assert woven.count(name) == text.count(name)
    assert unicodedata.normalize("NFC", woven) == woven
    for char in marks.unseen(REFERENCE):
        # Unicode: default-ignorable, so that fonts and screen readers pass over it; no space.
        assert unicodedata.category(char) == "Mn"
        assert unicodedata.combining(char) == 0
        assert not char.isspace()


@pytest.mark.django_db
def test_a_protected_name_in_a_marked_text_is_found_all_the_same():
    make_person("Iven Sorrel", level=Level.STAFF)
    for text in (f"{LONG}, Iven Sorrel. {LONG}", f"{LONG} Iven Sorrel.", f"{LONG} Iven Sorrel"):
        woven = marks.woven(text, REFERENCE, [text])
        assert woven != text
        assert len(protected_names.finds_in_text(woven, "text")) == 1


def test_copies_that_were_given_out_before_are_still_traced():
    """As they were woven at first: 28 signs of two bits."""
    run = "".join("\u2061\u2062\u2063\u2064"[int(n)] for n in OLD_DIGITS)
    assert marks.references_in(io.BytesIO(f"Some words{run}.".encode())) == {"K7Q2M4XD"}
    assert traced(f"Some words{run[:-1]}.") == set()


OLD_DIGITS = "2121323202220103223122011132"


@pytest.mark.django_db
def test_the_real_release_leads_back_from_any_of_its_long_paragraphs(client):
    draft = import_draft(
        understand(REAL_RELEASE.read_bytes(), REAL_RELEASE.name), by=make_chief(), people={}
    )
    path = make_link(draft, kind="colleague")
    page = accept(client, path).content.decode()
    link = PreviewLink.objects.get()
    long = [part for part in draft.document.paragraphs if marks.is_long(part)]
    assert len(long) > 2
    article = re.search(r"<article>.*</article>", page, re.S)[0]
    shown = [unescape(re.sub("<[^>]+>", "", p)).strip() for p in
             re.findall(r"<p\b[^>]*>(.*?)</p>", article, re.S)]  # fmt: skip
    text = client.get(f"{path}release.txt").content.decode()
    chance = random.Random(14)
    for whole, parts in ((article, shown), (text, text.split("\n\n"))):
        marked = [part for part in parts if marks.JOINER in part]
        assert {bare(part) for part in marked} >= set(long)
        assert all(marks.is_long(bare(part)) for part in marked)
        assert whole.count(marks.JOINER) == len(marked)
        words = unescape(re.sub("<[^>]+>", "", whole))
        assert len(words) - len(bare(words)) <= 0.08 * len(words)
        pasted = unicodedata.normalize("NFKC", chance.choice(marked))
        assert links.traced(pasted) == [link]
        assert links.traced(escape(pasted).encode("ascii", "xmlcharrefreplace").decode()) == [link]

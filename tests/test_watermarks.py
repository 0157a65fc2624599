"""The invisible watermark: in each long paragraph only, traceable, and without side effects."""

import io
import random
import re
import unicodedata
from html import escape, unescape

import pytest

from desk.imports.storing import import_draft
from importing import understand
from people.models import Level
from previews import links, watermarks
from previews.models import PreviewLink
from releases.rules import protected_names
from tests.make import REAL_RELEASE, accept, make_chief, make_link, make_person

REFERENCE = "K7Q2M4XD"
# Words of each script, with their separator and the end of a sentence.
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


def sentence(script, words, rng):
    vocabulary, between, end = SCRIPTS[script]
    return between.join(rng.choices(vocabulary.split(), k=words)) + end


def paragraph(script, words, rng):
    """Return a paragraph of at least `words` words, in sentences of eleven."""
    per = 1 if SCRIPTS[script][1] else watermarks.MIN_LETTERS / watermarks.MIN_WORDS
    joined, gap = "", " " if SCRIPTS[script][1] else ""
    while True:
        joined = f"{joined}{gap}{sentence(script, 11, rng)}".strip()
        counted = len(re.findall(r"\w+", joined)) if per == 1 else len(joined) / per
        if counted >= words:
            return joined


def traced(text: str) -> set[str]:
    return watermarks.references_in_text(unicodedata.normalize("NFKC", text))


def bare(text: str) -> str:
    return re.sub(f"[{watermarks.CODE_ALPHABET}]", "", text)


@pytest.mark.parametrize("script", SCRIPTS)
def test_any_long_paragraph_is_traced_and_its_watermark_is_8_percent_at_most(script):
    rng = random.Random(script)
    short = sentence(script, 9, rng)
    long = [paragraph(script, words, rng) for words in (44, 44, 60, 90)]
    parts = [short, long[0], short, *long[1:], short]
    text = "\n\n".join(parts)
    html = f"<h2>{short}</h2>" + "".join(f"<p>{part}</p>" for part in parts)
    counted = [part for part in long if len(part) >= watermarks.MIN_CHARACTERS]
    assert counted  # in “Short”, some paragraphs of 40 words are too short for the watermark
    for marked in (
        watermarks.with_watermark(text, REFERENCE, parts),
        watermarks.html_with_watermark(html, REFERENCE),
    ):
        assert bare(marked) in (text, html)
        assert len(marked) - len(bare(marked)) == watermarks.WATERMARK_CHARACTERS * len(counted)
        assert watermarks.WATERMARK_CHARACTERS * len(counted) <= 0.08 * len(
            re.sub("<[^>]+>", "", marked)
        )
        pieces = [p for p in re.split(r"\n\n|<[^>]+>", marked) if p]
        for piece in pieces:
            assert traced(piece) == ({REFERENCE} if bare(piece) in counted else set()), piece
            assert len(piece) - len(bare(piece)) <= 0.08 * len(piece)
        assert traced(rng.choice([p for p in pieces if bare(p) in counted])) == {REFERENCE}


@pytest.mark.parametrize(
    ("words", "is_long"), [(39, False), (40, True), (127, False), (128, True)]
)  # fmt: skip
def test_a_paragraph_is_long_from_40_words_or_128_letters(words, is_long):
    text = "好" * words if words > 100 else " ".join(["word"] * words)
    assert watermarks.is_long(text) == is_long


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
def test_only_paragraphs_have_the_watermark(where):
    html, times = INSIDE[where]
    marked = watermarks.html_with_watermark(html, REFERENCE)
    assert marked.count(watermarks.invisible_code(REFERENCE)) == times
    assert bare(marked) == html


@pytest.mark.parametrize(
    "end",
    [
        "<a href='/x'>a link</a>", "<span data-person='1'>Ansa Verel</span>", "<em>stress</em>",
        "<a href='/x'>a link</a>.", "<br>", "<strong>bold <em>both</em></strong><br><br>", " &amp;",
        "<sup><a href='#1'>1</a></sup>", "https://example.org/path", "",
    ],
)  # fmt: skip
@pytest.mark.parametrize("begin", ["", "A sentence, and another. "])
def test_links_names_and_addresses_have_no_watermark(begin, end):
    html = f"<p>{begin}{LONG} {end}</p>".replace("'", '"')
    marked = watermarks.html_with_watermark(html, REFERENCE)
    assert bare(marked) == html
    assert marked.count(watermarks.invisible_code(REFERENCE)) == 1
    for element in re.findall(r"<(a|span|em|strong|sup)\b[^>]*>(.*?)</\1>", marked):
        assert element[1] == bare(element[1])
    assert not re.search(f"<br>[{watermarks.CODE_ALPHABET}]", marked)
    if begin:
        assert f"org/path{watermarks.JOINER}" not in marked


def test_words_and_names_can_be_searched_in_a_watermarked_text():
    """Journalists search the text, and so does the protected-name check."""
    text = REAL_RELEASE.read_text()
    marked = watermarks.with_watermark(text, REFERENCE, text.split("\n"))
    assert marked != text
    words = r"\w+(?:['’.-]\w+)*"
    assert re.findall(words, marked) == re.findall(words, text)
    for name in set(re.findall(r"[A-Z]\w+(?: [A-Z]\w+)+", text)):
        assert marked.count(name) == text.count(name)
    assert unicodedata.normalize("NFC", marked) == marked
    for char in watermarks.invisible_code(REFERENCE):
        # Default-ignorable in Unicode, so that fonts and screen readers skip it. No space.
        assert unicodedata.category(char) == "Mn"
        assert unicodedata.combining(char) == 0
        assert not char.isspace()


@pytest.mark.django_db
def test_a_protected_name_in_a_watermarked_text_is_found():
    make_person("Iven Sorrel", level=Level.STAFF)
    for text in (f"{LONG}, Iven Sorrel. {LONG}", f"{LONG} Iven Sorrel.", f"{LONG} Iven Sorrel"):
        marked = watermarks.with_watermark(text, REFERENCE, [text])
        assert marked != text
        assert len(protected_names.finds_in_text(marked, "text")) == 1


def test_copies_of_older_versions_are_still_traced():
    """The first code had 28 characters of two bits."""
    run = "".join("\u2061\u2062\u2063\u2064"[int(n)] for n in OLD_DIGITS)
    assert watermarks.references_in(io.BytesIO(f"Some words{run}.".encode())) == {"K7Q2M4XD"}
    assert traced(f"Some words{run[:-1]}.") == set()


OLD_DIGITS = "2121323202220103223122011132"


@pytest.mark.django_db
def test_any_long_paragraph_of_the_real_release_is_traced(client):
    draft = import_draft(
        understand(REAL_RELEASE.read_bytes(), REAL_RELEASE.name), by=make_chief(), people={}
    )
    path = make_link(draft, kind="colleague")
    page = accept(client, path).content.decode()
    link = PreviewLink.objects.get()
    long = [part for part in draft.document.paragraphs if watermarks.is_long(part)]
    assert len(long) > 2
    article = re.search(r"<article>.*</article>", page, re.S)[0]
    shown = [unescape(re.sub("<[^>]+>", "", p)).strip() for p in
             re.findall(r"<p\b[^>]*>(.*?)</p>", article, re.S)]  # fmt: skip
    text = client.get(f"{path}release.txt").content.decode()
    rng = random.Random(14)
    for whole, parts in ((article, shown), (text, text.split("\n\n"))):
        marked = [part for part in parts if watermarks.JOINER in part]
        assert {bare(part) for part in marked} >= set(long)
        assert all(watermarks.is_long(bare(part)) for part in marked)
        assert whole.count(watermarks.JOINER) == len(marked)
        words = unescape(re.sub("<[^>]+>", "", whole))
        assert len(words) - len(bare(words)) <= 0.08 * len(words)
        pasted = unicodedata.normalize("NFKC", rng.choice(marked))
        assert links.trace(pasted) == [link]
        assert links.trace(escape(pasted).encode("ascii", "xmlcharrefreplace").decode()) == [link]

"""The search finds what is public at that second, with the same rows in the same order everywhere.

`data/search/expected.json` has the results for a corpus of texts in many scripts, and a few hundred
releases that are made from a list of words. Both databases have to give them. The releases without
made-up words were checked by hand. To write the file again after a change of the corpus:
`WRITE_EXPECTED=1 pytest tests/test_search.py -k corpus`.
"""

import json
import os
import random
import time
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.core.management import call_command
from django.db import connection, models, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from people.models import Level, Person
from releases import search, workflow
from releases.document import clean
from releases.models import Quote, Release, SearchEntry, SearchWord, Topic
from releases.search import index
from tests.make import (
    DATA,
    REAL_RELEASE,
    STATES,
    make_chief,
    make_person,
    make_picture,
    make_prisoner,
    make_release,
    mark,
    quotation,
    unguarded,
    whole_case,
)

pytestmark = pytest.mark.django_db

FOLDER = DATA / "search"
ARTICLES = json.loads((FOLDER / "articles.json").read_text())
NAMES = {"Arab": "إلهام توختي", "Uyghur": "ئىلھام توختى", "Hani": "伊力哈木·土赫提"}


def find(typed, at=None, **more):
    """Return the titles of the releases that a query finds, the best first."""
    hits = search.releases(search.parse(typed, **more), at or timezone.now())
    titles = dict(Release.objects.filter(pk__in=hits.pks).values_list("pk", "title"))
    return [titles[pk] for pk in hits.pks]


def find_quotes(typed, at=None):
    hits = search.quotations(search.parse(typed), at or timezone.now())
    return [
        Quote.objects.get(release=hit.pk, position=hit.position).text for hit in hits.rows
    ]  # fmt: skip


def find_people(typed, at=None):
    hits = search.people(search.parse(typed), at or timezone.now())
    return [Person.objects.get(pk=pk).display_name for pk in hits.pks]


def find_everywhere(typed, at=None):
    """Return everything that the public learns from a query."""
    at = at or timezone.now()
    query = search.parse(typed)
    return [
        *find(typed, at), *find_quotes(typed, at), *find_people(typed, at),
        *search.suggestions(typed, at), *filter(None, [search.correction(query, at)]),
    ]  # fmt: skip


# --- What is found -------------------------------------------------------------------------------


def real_text() -> tuple[str, str]:
    """Return the title and the body of the real release. Two other lines come first."""
    _picture, _kind, title, *paragraphs = filter(None, REAL_RELEASE.read_text().split("\n"))
    body = "".join(f"<p>{line}</p>" for line in paragraphs)
    return title, clean(body, max_characters=100_000)


@pytest.fixture
def real_release():
    title, body = real_text()
    return make_release(title=title, body=body)


@pytest.mark.parametrize(
    "typed",
    ["red carpet", '"red carpet"', "Ilham Tohti", "ilham TOHTI", "Chow Hang tung", "Chow Hang-tung",
     "chow hangtung", "defacto", "de facto", "de-facto", "Uighur economist", "lammy’s", "Lammys",
     "“red lines, not red carpet”", "Línes -xyz red"],
)  # fmt: skip
def test_the_real_release_is_found(real_release, typed):
    make_release(title="Something else", body="<p>Nothing of it.</p>")
    assert find(typed) == [real_release.title]


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_a_person_is_found_by_each_printed_name(name):
    person = make_person("Ilham Tohti")
    for text in NAMES.values():
        person.names.create(text=text, printed=True)
    said = quotation(person, "“We are free.”")
    make_release(title="Named", body=f"<p>{mark(person)} is free.</p>")
    make_release(title="Quoted", body=said)
    make_release(title="Of somebody else", body="<p>Free.</p>")
    assert find_people(name) == ["Ilham Tohti"]
    assert find(name) == ["Quoted", "Named"]
    assert find_quotes(name) == ["“We are free.”"]
    assert find(f"{name} free") == ["Quoted", "Named"]
    assert find(f"free -{name.split()[0]}") == ["Of somebody else"] or "·" in name


def test_the_place_of_a_match_comes_first_then_the_day():
    speaker = make_person("Somebody Else")
    at = timezone.now()
    places = {
        "In the text": {"body": "<p>The harbour.</p>"},
        "In the standfirst": {"standfirst": "The harbour."},
        "In a quotation": {"body": quotation(speaker, "“The harbour.”")},
        "Harbour, the older": {"publish_at": at - timedelta(days=9)},
        "Harbour, the newer": {"publish_at": at - timedelta(days=8)},
        "No port": {},
    }
    for title, fields in places.items():
        make_release(title=title, **fields)
    assert find("harbour") == [
        "Harbour, the newer", "Harbour, the older", "In a quotation", "In the standfirst",
        "In the text",
    ]  # fmt: skip
    hits = search.releases(search.parse("harbour"), timezone.now())
    assert [hit.place for hit in hits.rows] == [0, 0, 1, 2, 3]
    assert [hit.place for hit in hits.order_by_day().rows] == [1, 2, 3, 0, 0]


def test_all_words_have_to_be_there_and_none_that_is_excluded():
    make_release(title="One", body="<p>The old harbour in the north</p><p>is closed.</p>")
    make_release(title="Two", body="<p>The closed harbour is old.</p>")
    assert set(find("old harbour")) == {"One", "Two"}
    assert find('"old harbour"') == ["One"]
    assert find('"closed harbour"') == ["Two"]
    assert find('"north is"') == []  # no phrase over two paragraphs
    assert find("harbour -north") == ["Two"]
    assert find('harbour -"closed harbour"') == ["One"]
    assert find("harbour -old") == []
    assert find("-old") == []
    assert find("nor") == []
    assert find("nor", prefix=True) == ["One"]


def test_other_forms_of_a_word_are_found():
    make_release(title="A", body="<p>Eleven prisoners were released in the harbours.</p>")
    make_release(title="B", body="<p>One prisoner: a de facto release in the harbour.</p>")
    make_release(title="C", body="<p>وصلت الحكومة إلى المدينة</p>")
    assert set(find("prisoner")) == set(find("prisoners")) == {"A", "B"}
    assert set(find("releasing harbour")) == {"A", "B"}
    assert find("defacto") == find("de-facto") == ["B"]
    assert find("حكومة") == find("والحكومة") == ["C"]
    assert find('"prisoner"') == ["B"]  # a phrase is exact


def test_pictures_are_found_by_their_captions_while_their_licence_is_valid():
    end = timezone.now() + timedelta(hours=1)
    picture = make_picture(caption="A lighthouse at dusk", licence_expires=end)
    make_release(title="With a picture", poster=picture)
    assert find("lighthouse dusk") == ["With a picture"]
    assert find("lighthouse", end + timedelta(seconds=1)) == []


def test_a_title_is_found_where_it_is_printed():
    director = make_person("Ana Brask", title="Director")
    make_release(title="Signed", body=quotation(director, "“We are free.”"))
    make_release(title="Named", body=f"<p>{mark(director)}</p>")
    hits = search.releases(search.parse("director"), timezone.now())
    assert [hit.place for hit in hits.rows] == [1]
    assert find("brask director") == ["Signed"]
    # A person is found by name only: a title of next month, or of last year, is on no page.
    assert (find_people("director"), find_people("brask")) == ([], ["Ana Brask"])
    assert find_quotes("director free") == ["“We are free.”"]


def test_topics_and_corrections_are_found():
    topic = Topic.objects.create(name="Freedom of worship")
    release = make_release(title="With a topic", topics=[topic])
    assert find("worship") == ["With a topic"]
    topic.name = "Religion"
    topic.save()
    assert (find("worship"), find("religion")) == ([], ["With a topic"])
    release.topics.clear()
    assert find("religion") == []
    release.corrections.create(text="The year was wrong.", by=make_chief())
    assert find("year wrong") == ["With a topic"]


# --- Only what is public -------------------------------------------------------------------------


@pytest.mark.parametrize("state", STATES)
def test_only_public_releases_are_found(state):
    speaker = make_person("Quentin Zirkel", title="Xylophonist")
    topic = Topic.objects.create(name="Wunderbar")
    make_release(
        state, title="Zebrafish", body=f"<p>Yttrium</p>{quotation(speaker, '“Quagmire.”')}",
        standfirst="Vuvuzela", topics=[topic], poster=make_picture(caption="Jodhpurs"),
    )  # fmt: skip
    words = ["zebrafish", "yttrium", "quagmire", "vuvuzela", "wunderbar", "jodhpurs", "xylophonist"]
    for word in words:
        assert bool(find(word)) == (state == "published"), word
        assert bool(find_quotes("quagmire")) == (state == "published")
        if state != "published" and word != "xylophonist":  # the person has a page
            assert find_everywhere(word) == []
            assert search.correction(search.parse(word[:-2] + word[-1]), timezone.now()) is None
            assert search.suggestions(word[:4], timezone.now()) == []


def test_changes_take_effect_in_the_same_second():
    chief = make_chief()
    at = timezone.now()
    release = make_release("scheduled", title="Zebrafish", publish_at=at + timedelta(hours=1))
    entries = list(SearchEntry.objects.values_list("pk", "digest"))
    start = release.publish_at
    assert find("zebrafish", start - timedelta(microseconds=1)) == []
    assert find("zebrafish", start) == ["Zebrafish"]
    published = make_release(title="Yttrium", by=chief)
    assert find("yttrium") == ["Yttrium"]
    workflow.hold(published, by=chief)
    assert find("yttrium") == []
    published.refresh_from_db()
    workflow.end_hold(published, by=chief)
    assert find("yttrium") == ["Yttrium"]
    published.refresh_from_db()
    workflow.withdraw(published, by=chief, reason="A mistake.")
    assert find("yttrium") == []
    assert set(entries) <= set(SearchEntry.objects.values_list("pk", "digest"))


def test_a_person_is_found_only_while_consent_and_level_allow_it():
    day = timezone.localdate()
    person = make_person("Teodor Brask")
    person.names.create(text="特奥多", printed=True)
    make_release(title="Attributed", body=quotation(person, "“We are free.”"))
    names = ("Teodor", "特奥多")
    for name in names:
        assert find_people(name) == ["Teodor Brask"]
        assert find(name) == ["Attributed"]
        assert find_quotes(name) == ["“We are free.”"]
        assert [each.text for each in search.suggestions(name, timezone.now())] == ["Teodor Brask"]
    person.consents.create(
        basis="subject",
        covers_name=True,
        given=day - timedelta(days=9),
        ends=day + timedelta(days=1),
    )
    later = timezone.now() + timedelta(days=2)
    for name in names:
        assert find_people(name)
        assert find_everywhere(name, later) == []
    assert find_quotes("free", later) == ["“We are free.”"]  # without a name
    models.QuerySet(Person).filter(pk=person.pk).update(level=Level.STAFF)
    for name in names:
        assert find_everywhere(name) == []


def test_at_level_2_only_the_printed_attribution_is_found():
    person = make_person("Teodor Brask", level=Level.NAMEABLE, title="Engineer")
    person.names.create(text="特奥多", printed=True)
    make_release(title="Attributed", body=quotation(person, "“We are free.”"))
    assert find("Teodor") == find("engineer") == ["Attributed"]
    assert find_everywhere("特奥多") == find_people("Teodor") == []
    models.QuerySet(Person).filter(pk=person.pk).update(display_name="Quentin Zirkel")
    call_command("reindex", verbosity=0)
    assert find_everywhere("Quentin") == []
    assert find("Teodor") == ["Attributed"]


@pytest.mark.parametrize("alias", ["Zirkel", "Quentin Zirkel", "祖库勒", "زيركل"])
def test_an_alias_that_is_not_printed_finds_suggests_and_corrects_nothing(alias):
    person = make_person("Teodor Brask")
    person.names.create(text=alias)
    make_release(title="About him", body=f"<p>{mark(person)} is free.</p>{quotation(person)}")
    whole_case(person)
    wrong = alias[:-1] + "x"
    for typed in (alias, alias.split()[0], alias[:3], wrong, f"{alias} free", f"brask {alias}"):
        assert find_everywhere(typed) == [], typed
    assert find(f'free -"{alias}"') == ["About him"]  # it excludes nothing either
    name = person.names.get()
    name.printed = True
    name.save()
    assert find_people(alias) == ["Teodor Brask"]
    assert find(alias) == ["About him"]


def test_internal_texts_of_a_case_are_never_found():
    case = whole_case(make_prisoner("Teodor Brask"))
    case.place, case.internal_note, case.source = "Cell Zebra", "Yttrium said", "Vuvuzela"
    case.save()
    make_release(title="About him", body=f"<p>{mark(case.person)}</p>")
    for word in ("zebra", "yttrium", "vuvuzela", "zebr", "yttriun"):
        assert find_everywhere(word) == []


# --- Corrections, suggestions, snippets ----------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "right"),
    [("harbor", "harbour"), ("harbuor", "harbour"), ("harbourr", "harbour"), ("Xarbour", "harbour"),
     ("harbouz", "harbour"), ("old harbuor", "old harbour"), ("clsed harbuor", "closed harbour"),
     ("harbour", None), ("harbours", None), ("hrabuor", None), ("zzzzz", None), ("", None),
     ("-harbuor", None), ('"harbuor"', None), ("harbuor -harbour", None),
     ("harbuor lighthouse", None), ("teodr", "teodor")],
)  # fmt: skip
def test_a_word_without_a_hit_is_corrected_by_one_letter(typed, right):
    make_person("Teodor Brask")
    make_release(title="The old harbour is closed")
    make_release(title="A lighthouse")
    assert search.correction(search.parse(typed), timezone.now()) == right


def test_the_number_of_searches_for_a_correction_does_not_depend_on_hidden_words():
    make_release(title="The old harbour")
    query, at = search.parse("zebrafixh"), timezone.now()
    assert query.units
    with CaptureQueriesContext(connection) as before:
        assert search.correction(query, at) is None
    make_release("draft", title="Zebrafish and zebrafich")
    with CaptureQueriesContext(connection) as after:
        assert search.correction(query, at) is None
    assert len(after) == len(before) > 6


def test_similar_words_of_hidden_texts_take_no_place_from_public_ones():
    """A reader who knows all public words could otherwise find out that a hidden name exists."""
    words = [f"zorbe{letter}" for letter in "bcdfghjz"]
    make_release(body=f"<p>{' '.join(words)}</p>")
    make_release(body="<p>zorbez</p>")
    query, at = search.parse("zorbel"), timezone.now()
    assert search.correction(query, at) == "zorbez"
    for number in range(30):
        make_release("draft", body=f"<p>zorbe{chr(ord('а') + number)} zorbea{number}</p>")
    make_release("scheduled", body="<p>zorbea zorbel</p>")
    assert search.correction(query, at) == "zorbez"


def test_suggestions_are_public_titles_people_and_topics_in_one_order():
    topic = Topic.objects.create(name="Harbours")
    Topic.objects.create(name="Harbour police")  # no release has it
    make_person("Hara Bour")
    at = timezone.now()
    for number in range(12):
        make_release(
            title=f"Harbour {number}", topics=[topic], publish_at=at - timedelta(days=number + 1)
        )
    make_release("draft", title="Harbour draft")
    found = search.suggestions("har", at)
    assert [(each.kind, each.text) for each in found] == [
        ("person", "Hara Bour"), ("topic", "Harbours"),
        *(("release", f"Harbour {number}") for number in range(6)),
    ]  # fmt: skip
    assert [each.text for each in search.suggestions("harbour 1", at)] == [
        "Harbour 1", "Harbour 10", "Harbour 11",
    ]  # fmt: skip
    for typed in ("arbour", "harbour x", "", '"', "-har", "draft"):
        assert search.suggestions(typed, at) == []


def test_a_snippet_shows_the_words_of_the_query():
    text = f"{'word ' * 100}The red carpet was rolled out, and the red flag too. {'word ' * 100}"
    query = search.parse("red carpet")
    pieces = search.snippet(query, text, length=80)
    assert [piece for piece, marked in pieces if marked] == ["red", "carpet", "red"]
    shown = "".join(piece for piece, _ in pieces)
    assert shown.startswith("…")
    assert shown.endswith("…")
    assert len(shown) < 100
    assert shown.strip("…") in text
    assert search.snippet(query, "Short red") == [("Short ", False), ("red", True)]
    assert search.snippet(query, "") == []
    chinese = search.snippet(
        search.parse("维吾尔"), "关" * 300 + "维吾尔人" + "于" * 300, length=40
    )
    assert ("维吾尔", True) in chinese


def test_the_words_of_a_text_are_marked_in_their_forms():
    make_release(title="Harbours")
    query = search.parse('harbour "red carpet"')
    text = "Harbours: ReD—Carpet, red flag"
    assert [text[start:end] for start, end in query.marks(text)] == ["Harbours", "ReD—Carpet"]


# --- Bad input -----------------------------------------------------------------------------------

STRINGS = json.loads((DATA / "strings" / "blns.json").read_text())
BAD = [
    "a" * 10_000, "a " * 5_000,
    '"', '"""', '"red', 'red" carpet', "-", "--", "-red", '-"red', "- -",
    "\x00", "red\x00carpet", ") OR (", "red) OR (carpet", "* OR *", "a*", "^red", "title:red",
    "NEAR(red carpet)", "red AND NOT", "red & ! | <->", "'red'", "\\", "red\\", "%", "_", "😀",
    "red 😀 carpet", "\ud800", "red\udfff", "\ue000p1", "\ue001", "﷽" * 100, "½", "²", "⁄",
    "\u200d\u200b\u2066", "a\u0301" * 300, "维" * 500, "ก" * 500, "1" * 500, "; DROP TABLE x; --",
    " ".join(f"-w{n}" for n in range(300)), " ".join(f"w{n}" for n in range(300)),
    "\U0001d400\U0001d401", "\U000e0041", "İ" * 100, "ß" * 100, "ΐ" * 100,
]  # fmt: skip


def test_bad_input_is_no_error():
    make_release(title="A red carpet in the harbour")
    at = timezone.now()
    for typed in [*BAD, *STRINGS]:
        query = search.parse(typed, prefix=True)
        assert search.releases(query, at).total <= 1
        assert isinstance(search.snippet(query, typed), list)
        search.suggestions(typed, at)


@pytest.mark.parametrize("typed", BAD, ids=range(len(BAD)))
def test_bad_input_finds_quotations_and_people_and_corrections_without_an_error(typed):
    query, at = search.parse(typed), timezone.now()
    search.releases(query, at)
    search.quotations(query, at)
    search.people(query, at)
    search.correction(query, at)
    search.at_desk(query, make_chief(), at)


def test_the_limits_of_the_index_are_no_error():
    body = "".join(f"<p>word{number} the {'长' * 40}</p>" for number in range(3_000))
    make_release(title="Long", body=body)
    assert find("word1 the 长长") == ["Long"]
    assert find("long") == ["Long"]
    assert find("word2999") == []


# --- The index -----------------------------------------------------------------------------------


def stored():
    return {
        (entry.kind, entry.key, entry.digest) for entry in SearchEntry.objects.defer(*index.PLACES)
    }


def test_reindex_restores_the_index_and_removes_what_is_gone():
    person = make_person("Teodor Brask", title="Director")
    topic = Topic.objects.create(name="Harbours")
    make_release(title="Found again", body=quotation(person), topics=[topic], poster=make_picture())
    whole_case(make_prisoner("Ana Brask"))
    call_command("reindex", verbosity=0)
    before, words = stored(), set(SearchWord.objects.values_list("word", "public"))
    SearchWord.objects.create(word="gone", reversed="enog", stem="gone")
    SearchEntry.objects.create(
        kind=SearchEntry.Kind.ATTRIBUTION, key="gone", person=person, tokeniser=1,
        **dict.fromkeys(index.PLACES, ()),
    )  # fmt: skip
    SearchEntry.objects.filter(kind__in=(1, 2)).delete()
    assert search.is_due()
    assert find("found") == []
    call_command("reindex", verbosity=0)
    assert not search.is_due()
    assert stored() == before
    assert set(SearchWord.objects.values_list("word", "public")) == words
    assert find("found again") == ["Found again"]


def test_another_tokeniser_says_that_reindex_is_due(monkeypatch):
    make_release(title="Harbour")
    assert not search.is_due()
    monkeypatch.setattr(index, "TOKENISER", index.TOKENISER + 1)
    assert search.is_due()
    assert find("harbour") == ["Harbour"]


def test_a_deleted_row_leaves_nothing_in_the_index():
    person = make_person("Teodor Brask", title="Director", speaks=True)
    prisoner = make_prisoner()
    draft = make_release("draft", title="Zebrafish", body=quotation(person))
    draft.delete()
    person.delete()
    Person.objects.filter(pk=prisoner.pk).delete()
    assert not SearchEntry.objects.exists()


def test_a_save_that_fails_leaves_the_index_as_it_was():
    release = make_release(title="Harbour")
    before = stored()
    release.title = "Zebrafish"
    with transaction.atomic():
        release.save()
        assert find("zebrafish") == ["Zebrafish"]
        transaction.set_rollback(True)
    assert stored() == before
    assert find("harbour") == ["Harbour"]


# --- The corpus: the same rows in the same order on both databases -------------------------------

WORDS = [
    "court", "police", "minister", "harbour", "prisoner", "journalist", "protest", "border",
    "island", "election", "trial", "lawyer", "student", "river", "winter", "letter", "camp",
    "union", "teacher", "doctor", "village", "north", "south", "treaty",
]  # fmt: skip
PEOPLE = ["Ana Brask", "Teodor Verel", "Łukasz Ødegård", "Nguyễn Tấn Dũng", "毛泽东", "إلهام توختي"]
START = datetime(2026, 1, 1, 12, tzinfo=UTC)
QUERIES = [
    "prisoner", "prisoners", "court harbour", '"court harbour"', "harbour -court", "carpet",
    "minister river camp", "brask", "ana brask", "odegard", "lukasz court", "dung", "毛泽东",
    "泽东", "توختى", "pris", "letter union -north -south", '"red carpet"', "Article", "rights",
    "droits", "homme", "lodz", "nhan pham", "esit", "свободными", "ΕΛΕΎΘΕΡΟΙ", "հավասար",
    "თავისუფალი", "חורין", "בני האדם", "الكرامة", "كرامة", "برابرند", "ھوقۇقتا", "ነጻና", "गौरव",
    "মর্যাদা", "சகலரும்", "නිදහස්ව", "อิสระ", "สิทธิ", "ສິດທິ", "សេរីភាព", "လွတ်လပ်", "རང་དབང",
    "尊严", "自由", "尊厳", "평등", "존엄",
]  # fmt: skip


def make_corpus(size: int) -> None:
    """Store releases with fixed keys, and index them."""
    chance = random.Random(19)
    people = [
        make_person(name, pk=UUID(int=number + 1), title="Director")
        for number, name in enumerate(PEOPLE)
    ]
    bodies = [f"<p>{text}</p>" for text in ARTICLES.values()]
    titles = [f"Article 1 ({language})" for language in ARTICLES]
    title, body = real_text()
    titles.append(title)
    bodies.append(body)
    for number in range(size):
        some = chance.choices(WORDS, k=40)
        titles.append(f"{' '.join(some[:3])} {number}")
        bodies.append(f"<p>{' '.join(some[3:25])}</p><p>{' '.join(some[25:])}</p>")
    rows = []
    for number, (title, body) in enumerate(zip(titles, bodies, strict=True)):
        person = chance.choice([*people, None, None])
        if person and number >= len(ARTICLES):
            body += quotation(person, f"“{' '.join(chance.choices(WORDS, k=8))}”")
        rows.append(
            Release(
                pk=UUID(int=chance.getrandbits(128)), title=title, body=body, slug=f"r{number}",
                standfirst=" ".join(chance.choices(WORDS, k=6)) if number % 3 == 0 else "",
                status=Release.Status.APPROVED,
                # Several on one day, so that the key decides.
                publish_at=START - timedelta(days=number // 3),
            )
        )  # fmt: skip
    for start in range(0, len(rows), 500):
        unguarded(Release.objects).bulk_create(rows[start : start + 500])
        quotes = []
        for row in rows[start : start + 500]:
            for said in row.document.quotations:
                quotes.append(
                    Quote(
                        release=row, speaker_id=said.speaker, position=said.position,
                        text=said.text, attribution_name=str(Person.objects.get(pk=said.speaker)),
                    )
                )  # fmt: skip
        Quote.objects.bulk_create(quotes)
        index.index_rows(rows[start : start + 500])


def results() -> dict[str, list]:
    titles = dict(Release.objects.values_list("pk", "title"))
    found = {}
    for typed in QUERIES:
        query = search.parse(typed, prefix=typed == "pris")
        hits = search.releases(query, START + timedelta(days=1))
        quotes = search.quotations(query, START + timedelta(days=1))
        found[typed] = {
            "releases": [hits.total, *(f"{hit.place} {titles[hit.pk]}" for hit in hits.rows[:12])],
            "quotations": [
                quotes.total,
                *(f"{hit.place} {titles[hit.pk]} #{hit.position}" for hit in quotes.rows[:6]),
            ],
            "people": find_people(typed),
        }
    return found


def test_the_corpus_gives_the_expected_rows_in_the_expected_order():
    make_corpus(300)
    found = results()
    path = FOLDER / "expected.json"
    if os.environ.get("WRITE_EXPECTED"):
        path.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n")
    assert found == json.loads(path.read_text())


@pytest.mark.soak
def test_a_large_corpus_gives_the_same_on_both_databases_and_answers_quickly():
    make_corpus(20_000)
    path = FOLDER / "expected_20000.json"
    began = time.perf_counter()
    found = results()
    took = (time.perf_counter() - began) / len(QUERIES) / 2
    if os.environ.get("WRITE_EXPECTED"):
        path.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n")
    assert found == json.loads(path.read_text())
    assert took < 0.3


@pytest.mark.django_db(transaction=True)
def test_migrate_says_when_reindex_is_due(capsys):
    make_release(title="Harbour")
    call_command("migrate", verbosity=1)
    assert "reindex" not in capsys.readouterr().out
    SearchEntry.objects.all().delete()
    call_command("migrate", verbosity=1)
    assert "Run `manage.py reindex`." in capsys.readouterr().out

"""Texts are divided into tokens, and queries into units, in every script."""

import json
import time
import unicodedata

import pytest

from people.names.scripts import script_of
from releases.search.query import MAX_CHARACTERS, MAX_UNITS, parse
from releases.search.tokens import MAX_CHARACTERS as MAX_TOKEN
from releases.search.tokens import tokenise
from tests.make import DATA

ARTICLES = json.loads((DATA / "search" / "articles.json").read_text())
NAMES = json.loads((DATA / "names" / "w3c-personal-names.json").read_text())
STRINGS = json.loads((DATA / "strings" / "blns.json").read_text())


def tokens(text: str) -> list[str]:
    return [token.text for token in tokenise(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Red Carpet", "red carpet"),
        ("de facto, de-facto", "de facto de facto"),
        ("Chow Hang-tung", "chow hang tung"),
        ("“Don’t”, he’ll say", "dont he ll say"),
        ("China’s and CHINA'S", "china s and china s"),
        ("O’Brien O'Brien l’homme", "o brien o brien l homme"),
        ("Łódź, Dũng, Straße, ﬁnal", "lodz dung strasse final"),
        ("İstanbul ıstanbul ISTANBUL", "istanbul istanbul istanbul"),
        ("Ёлка ёлка е\u0308лка", "елка елка елка"),
        ("ΕΛΕΥΘΕΡΟΣ ελεύθερος", "ελευθεροσ ελευθεροσ"),
        ("חוֹרִין חורין", "חורין חורין"),
        ("الكَرَامَةِ الكرامة الكـرامة", "الكرامة الكرامة الكرامة"),
        ("إلهام الهام", "الهام الهام"),
        ("می‌آیند", "مياييند".replace("يي", "ي", 1)),
        ("维吾尔", "维吾 吾尔 尔"),
        ("维", "维"),
        ("2026年11月", "2026 年 11 月"),
        ("ｶﾞｽ", "ガス ス"),
        ("한국인", "한국 국인 인"),
        ("เกียรติ", "เกี กีย ยร รติ ติ"),
        ("ཆེ་མཐོངས", "ཆེ མཐོ ཐོང ངས ས"),
        ("½ ① ㎏ 2²", "12 1 22"),
        ("press@news.example, 1,000", "press news example 1 000"),
        ("snake_case", "snake case"),
        ("soft\u00adhyphen", "softhyphen"),
        ("ｆｕｌｌ　ｗｉｄｔｈ", "full width"),
        ("👩‍👩‍👧 → ∞", ""),
        ("\x00\ud800\udfff", ""),
        ("", ""),
    ],
)
def test_a_text_is_divided_into_folded_words_or_pairs_of_letters(text, expected):
    assert tokens(text) == expected.split()


def test_texts_in_many_scripts_have_tokens_that_are_folded_once_and_for_all():
    scripts = {script_of(text) for text in ARTICLES.values()}
    assert len(scripts) >= 15, scripts
    for text in [*ARTICLES.values(), *NAMES]:
        found = tokens(text)
        assert found, text
        assert tokens(unicodedata.normalize("NFD", text)) == found
        assert tokens(text.upper().lower()) == found or "ı" in text or "İ" in text
        for token in found:
            assert token == unicodedata.normalize("NFC", token)
            assert not [char for char in token if char.isascii() and not char.isalnum()], token


@pytest.mark.parametrize(
    "text", [*ARTICLES.values(), *STRINGS], ids=range(len(ARTICLES) + len(STRINGS))
)
def test_each_token_knows_its_place_in_the_text(text):
    last = 0
    for token in tokenise(text):
        assert 0 <= token.start < token.end <= len(text)
        assert token.start >= last
        last = token.start
        assert 0 < len(token.text) <= MAX_TOKEN


@pytest.mark.parametrize("language", ARTICLES)
def test_each_part_of_a_text_is_found_inside_it(language):
    """A piece of an unspaced text is found, and elsewhere each word, alone and in a phrase."""
    text = ARTICLES[language]
    words = text.split()
    parts = [text[3:7], text[5:7]] if len(words) < 3 else [words[1], " ".join(words[:2])]
    for part in parts:
        for typed in (part, f'"{part}"'):
            query = parse(typed)
            (unit,) = query.read if typed != part else query.read[:1]
            assert any(is_in(form, tokens(text)) for form in unit.forms), (typed, unit)


def is_in(form, found: list[str]) -> bool:
    size = len(form.tokens)
    for start in range(len(found) - size + 1):
        *first, last = found[start : start + size]
        if tuple(first) == form.tokens[:-1] and (
            last.startswith(form.tokens[-1]) if form.prefix else last == form.tokens[-1]
        ):
            return True
    return False


@pytest.mark.parametrize(
    ("typed", "units"),
    [
        ("red carpet", ["red", "carpet"]),
        ('"red carpet"', ["red+carpet"]),
        ("“red carpet” x", ["red+carpet", "x"]),
        ("„red carpet“", ["red+carpet"]),
        ("«red carpet»", ["red+carpet"]),
        ('"red carpet', ["red+carpet"]),
        ('red "" " carpet', ["red", "carpet"]),
        ("red -carpet", ["red", "-carpet"]),
        ('red -"blue carpet"', ["red", "-blue+carpet"]),
        ("red −carpet –rug", ["red", "-carpet", "-rug"]),
        ("red - carpet", ["red", "carpet"]),
        ("-carpet", ["-carpet"]),
        ("Hang-tung", ["hang+tung|hangtung"]),
        ("O’Brien", ["o+brien|obrien"]),
        ("China’s", ["china"]),
        ("维吾尔族", ["维吾+吾尔+尔族*"]),
        ("维", ["维*"]),
        ("2026年", ["2026+年*"]),
        ('"地毯 red"', ["地毯+毯+red"]),
        (") OR (", ["or"]),
        ("NEAR(a, b) title:x * ^y", ["near+a|neara", "b", "title+x|titlex", "y"]),
        ("' \\ & | ! : <-> %", []),
        ('- -- "" -"" \'', []),
        ("\x00 \ud800 😀", []),
    ],
)
def test_a_query_is_read_as_words_phrases_and_exclusions(typed, units):
    query = parse(typed)
    assert [
        "-" * unit.excluded + "|".join(map(written, unit.forms)) for unit in query.read
    ] == units
    assert query.is_empty == (not units)
    assert query.only_excludes == (bool(units) and all(unit[0] == "-" for unit in units))
    assert not query.ignored


def written(form) -> str:
    return "+".join(form.tokens) + "*" * form.prefix


@pytest.mark.parametrize(
    ("typed", "goes_on"),
    [("harb", True), ("the harb", True), ("harb ", False), ('"harb"', False), ("harb,", False),
     ("harb x-", False)],
)  # fmt: skip
def test_the_last_word_may_go_on_while_it_is_typed(typed, goes_on):
    assert parse(typed, prefix=True).read[-1].forms[0].prefix is goes_on
    assert not parse(typed).read[-1].forms[0].prefix


def test_of_a_long_query_a_part_is_ignored_and_said_so():
    assert parse("a" * (MAX_CHARACTERS + 1)).ignored
    many = parse(" ".join(f"w{number}" for number in range(MAX_UNITS + 1)))
    assert many.ignored
    assert len(many.read) == MAX_UNITS
    assert not parse(" ".join(f"w{number}" for number in range(MAX_UNITS))).ignored


@pytest.mark.parametrize(
    "text",
    ["a" * 10_000, "维" * 10_000, "a\u0301" * 5_000, "a" + "\u0301" * 10_000,
     "\u0e01\u0e31" * 5_000, '"' * 10_000, "-" * 10_000, "'" * 10_000, "a'" * 5_000,
     "\u200d" * 10_000, "ﷺ" * 10_000],
    ids=range(11),
)  # fmt: skip
def test_ten_thousand_characters_are_read_quickly(text):
    began = time.process_time()
    assert all(len(token.text) <= MAX_TOKEN for token in tokenise(text))
    parse(text)
    assert time.process_time() - began < 1

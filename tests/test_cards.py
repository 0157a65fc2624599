"""Share cards: titles in every script of our fonts, complete and within the margins."""

import io
import json
import time
import unicodedata
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.urls import reverse
from django.utils.formats import date_format
from PIL import Image, ImageChops

from assets.cards import (
    MARGIN,
    RULE,
    SERIF,
    TITLE,
    can_show,
    caption_strip,
    share_card,
    title_card,
    type_for,
)
from assets.typesetting import FONTS, HAN, NO_BEGIN, NO_END, Block, Line
from tests.make import DATA, make_chief, make_release

TITLES = {
    "en": "UK/China: ‘Red lines, not red carpet’ needed as Lammy hosts top diplomat in London",
    "fr": "Hongrie : « Une loi taillée sur mesure » pour faire taire les médias indépendants",
    "pl": "Żądamy uwolnienia więźniów sumienia w Łodzi – „natychmiast”",
    "tr": "Şanlıurfa’da gazetecilere hapis cezası: “İfade özgürlüğü yargılanıyor”",
    "vi": "Việt Nam: Trả tự do ngay lập tức cho nhà báo Phạm Đoan Trang",
    "ru": "Россия: журналистку приговорили к шести годам за «фейки» об армии",
    "uk": "Україна: ґвалт і єдність – їхній захист",
    "el": "Ελλάδα: Να διερευνηθεί άμεσα το ναυάγιο της Πύλου",
    "ar": "فالدريا: سجن رئيسة التحرير رباب النورسي خمس سنوات «عقابٌ للقرّاء لا على جريمة»",
    "fa": "ایران: آزادی فوری نرگس محمدی؛ «او نمی‌خواهد سکوت کند»، ۸ مارس ۲۰۲۵",
    "ug": "ئۇيغۇر ئالىمى ئىلھام توختىنى دەرھال قويۇپ بېرىڭلار",
    "ur": "پاکستان: صحافیوں کے خلاف مقدمات واپس لیے جائیں، ٹھوس ڈھانچہ بنایا جائے",
    "ps": "افغانستان: د ښځو د زده‌کړې حق باید بېرته ورکړل شي",
    "ckb": "عێراق: ڕۆژنامەنووسان ئازاد بکەن",
    "he": "ישראל: יש לשחרר את סרבני המצפון לאלתר",
    "zh-Hans": "塔姆辛群岛：租户律师被软禁，“不过是一间摆着自家家具的牢房”",
    "zh-Hant": "國際特赦組織：香港當局應立即釋放鄒幸彤、黎智英等47名良心犯",
    "ja": "中国：「イリハム・トフティ氏を直ちに釈放せよ」―ウイグル人経済学者の拘束から11年",
}
MIXED = {
    "ar": "الصين: يجب الإفراج عن Ilham Tohti وعن 12 من زملائه بعد 11 عامًا (2014–2025)",
    "fa": "بیانیهٔ مشترک با Reporters Without Borders (RSF) و 国际特赦组织",
    "zh-Hans": "Lantern Watch：2024年有47名记者（包括3名Reuters记者）入狱",
    "en": "Free Chow Hang-tung (鄒幸彤), Ilham Tohti (ئىلھام توختى) and Лев Пономарёв",
}
EVERY = [*TITLES.items(), *MIXED.items()]
RTL = {"ar", "fa", "ug", "ur", "ps", "ckb", "he"}
NOT_IN_OUR_FONTS = [
    "བོད་སྐད",
    "ไทย",
    "한국",
    "हिन्दी",
    "አማርኛ",
    "Über ไทย",
    "红 བོད",
    "自由\U0002a700",
    "\ue000",
]
NAUGHTY = json.loads((DATA / "strings" / "blns.json").read_text())
SIZE = (1200, 630)
HANGING = 11  # pixels by which the tail of a letter may extend into the margin


def card(title: str, language: str = "en") -> bytes:
    return share_card(
        title, kind="Statement", newsroom="Lantern Watch", language=language,
        direction=direction(language),
    )  # fmt: skip


def direction(language: str) -> str:
    return "rtl" if language in RTL else "ltr"


def column(text: str, language: str = "en", width: int = 1056) -> Block:
    """Set a text at a size of 60 pixels, in as many lines as it needs."""
    type_ = type_for(SERIF, language, direction(language) == "rtl")
    return type_.set(text, [60], width, 10_000)


def lines(text: str, language: str = "en", width: int = 1056) -> list[Line]:
    return column(text, language, width).lines


def one_line(text: str, language: str = "en") -> Line:
    (line,) = lines(text, language, 10_000)
    return line


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content)).convert("L")


def ink(image: Image.Image, top: int, bottom: int) -> tuple[int, int, int, int] | None:
    """Return the bounding box of the ink between two heights, None if there is none."""
    part = image.crop((0, top, image.width, bottom))
    return part.point(lambda value: 255 * (value < 150)).getbbox()


def title_ink(content: bytes) -> tuple[int, int, int, int] | None:
    return ink(opened(content), TITLE - 6, SIZE[1] - RULE - 8)


def differ(one: bytes, other: bytes, box: tuple[int, int, int, int]) -> bool:
    """Return whether two cards differ visibly in a box; JPEG adds small differences."""
    found = ImageChops.difference(opened(one).crop(box), opened(other).crop(box))
    return found.getextrema()[1] > 40


# --- What a card is ---------------------------------------------------------------------------


@pytest.mark.parametrize(("language", "title"), EVERY)
def test_a_card_is_a_jpeg_of_the_size_that_networks_ask_for(language, title):
    content = card(title, language)
    with Image.open(io.BytesIO(content)) as image:
        assert (image.format, image.size) == ("JPEG", SIZE)
    assert len(content) < 120_000


def test_a_card_full_of_text_is_a_small_file_too():
    assert len(card("鬱龘驚顱籲爨" * 60, "zh-Hant")) < 120_000
    assert len(card("Wm@& " * 200)) < 120_000


def test_the_kind_and_the_newsrooms_name_are_on_every_card():
    whole = card("A title")
    title = {"title": "A title"}
    for missing in (
        {"kind": "", "newsroom": "Lantern Watch"},
        {"kind": "Statement", "newsroom": ""},
    ):
        assert share_card(**title, **missing) != whole
    top, bottom = (0, 60, *SIZE[:1], TITLE - 20), (0, SIZE[1] - RULE, *SIZE)
    assert differ(share_card(**title, kind="", newsroom="Lantern Watch"), whole, top)
    assert differ(share_card(**title, kind="Statement", newsroom=""), whole, bottom)


def test_a_title_card_in_place_of_a_poster_is_a_png_of_its_size():
    with Image.open(
        io.BytesIO(title_card(TITLES["en"], "Stand-in for an agency’s picture"))
    ) as image:
        assert (image.format, image.size) == ("PNG", (1600, 900))


# --- Every script -----------------------------------------------------------------------------


@pytest.mark.parametrize(("language", "title"), EVERY)
def test_every_character_of_a_title_is_set_and_none_as_an_empty_box(language, title):
    assert title_ink(card(title, language))
    type_ = type_for(SERIF, language, direction(language) == "rtl")
    assert type_.missing(title) == []
    found = lines(title, language)
    assert "".join(line.text for line in found).replace("\u2006", "").replace(" ", "") == (
        title.replace(" ", "")
    )
    assert all(glyph.number for line in found for glyph in line.glyphs)


def test_no_letter_of_an_alphabet_is_missing():
    for alphabet in (
        "aZçŁóđŞğñøßœŒț‘’“”–—…·«»€",
        "ĂÂĐÊÔƠƯăâđêôơưẠẢẤẦẨẪẬẮẰẲẴẶẸẺẼẾỀỂỄỆỈỊỌỎỐỒỔỖỘỚỜỞỠỢỤỦỨỪỬỮỰỲỴỶỸ",
        "АБВГДЕЁЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯґєіїўәғқңөұүһљњћџ",
        "ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩάέήίόύώΐΰϊϋς",
        "ابتثجحخدذرزسشصضطظعغفقكلمنهويءآأؤإئةىًٌٍَُِّْ،؛؟٠١٢٣٤٥٦٧٨٩",
        "پچژکگی۰۱۲۳۴۵۶۷۸۹ٔ",
        "ئاەبپتجچخدرزژسشغفقكگڭلمنھوۇۆۈۋېىي",
        "אבגדהוזחטיךכלםמןנסעףפץצקרשת",
        "鄒幸彤黎智英王炳章丁家喜許志永伊力哈木土赫提高智晟镕喆堃玥祎頔嘅咗喺啲嚟冇唔哋",
        "，。、；：！？（）「」『』“”‘’《》〈〉—…·１Ａ％",
        "あいうえおアイウエオがぱーっャ々",
    ):
        assert type_for(SERIF).missing(alphabet) == []


@pytest.mark.parametrize("title", NOT_IN_OUR_FONTS)
def test_a_title_that_our_fonts_can_not_show_is_left_out(title):
    assert card(title) == card("")
    assert title_card(title, "Footer") == title_card("", "Footer")


UNSHOWN = [
    *NOT_IN_OUR_FONTS,
    "",
    "   ",
    "\U0001f6a8\U0001f6a8",
    "\u200b",
    "தமிழ்",
    "မြန်မာ",
    "\ud800",
]


@pytest.mark.parametrize("title", UNSHOWN)
def test_a_card_that_cannot_show_its_title_shows_only_the_newsroom_and_the_day(title):
    words = {"kind": "Statement", "newsroom": "Lantern Watch"}
    plain = share_card(title, **words, day="29 November 2026")
    assert not can_show(title)
    # The card does not depend on the title, its kind and its language.
    assert plain == share_card("", kind="", newsroom="Lantern Watch", day="29 November 2026")
    assert plain == share_card(
        title, **words, day="29 November 2026", language="ar", direction="rtl"
    )
    without = share_card(title, **words)
    assert differ(plain, without, (0, 60, SIZE[0], TITLE - 20))
    assert title_ink(plain)
    assert ink(opened(plain), SIZE[1] - RULE + 8, SIZE[1] - 20) is None  # no lone square


@pytest.mark.parametrize(("language", "title"), EVERY)
def test_a_card_shows_every_title_that_its_fonts_have(language, title):
    assert can_show(title, language, direction(language))
    words = {"kind": "Statement", "newsroom": "Lantern Watch", "language": language}
    # Only a card without its title shows the day.
    assert share_card(title, **words, day="29 November 2026") == share_card(title, **words)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("language", "title"),
    [("am", "አማርኛ"), ("bo", "བོད་སྐད"), ("hi", "हिन्दी"), ("ko", "한국"), ("my", "မြန်မာ"),
     ("ta", "தமிழ்"), ("th", "ไทย"), ("en", "Free them: ไทย"), ("en", "\U0001f6a8")],
)  # fmt: skip
def test_the_desk_says_that_a_card_cannot_show_its_title(client, language, title):
    warning = (
        "The share card can’t show this title because there is no font for its script. It shows "
        "the newsroom’s name and the date."
    )
    client.force_login(make_chief())
    release = make_release(title=title, language=language)
    address = reverse("admin:releases_release_change", args=[release.pk])
    assert warning in client.get(address).content.decode()
    card = client.get(reverse("release_card", args=[release.slug])).content
    day = date_format(release.day, "j F Y")
    assert card == share_card("", kind="", newsroom=settings.NEWSROOM_NAME, day=day)
    page = client.get(release.get_absolute_url()).content.decode()
    alt = f'<meta property="og:image:alt" content="{settings.NEWSROOM_NAME}, {day}">'
    assert alt in page
    # There is no warning if the fonts contain the title.
    shown = make_release(title="Free them", poster=None)
    other = reverse("admin:releases_release_change", args=[shown.pk])
    assert "The share card can’t" not in client.get(other).content.decode()


def test_a_title_with_emoji_is_set_without_them():
    assert card("\U0001f6a8 Free them ❤️ \U0001f1ed\U0001f1f0") == card("Free them")


def test_combining_accents_are_set_as_one_letter():
    apart = unicodedata.normalize("NFD", TITLES["vi"])
    assert apart != TITLES["vi"]
    assert card(apart, "vi") == card(TITLES["vi"], "vi")


# --- From right to left -----------------------------------------------------------------------


@pytest.mark.parametrize("language", sorted(RTL))
def test_a_card_from_right_to_left_begins_on_the_right_margin(language):
    image = opened(card(TITLES[language], language))
    for top, bottom in (
        (60, TITLE - 20),
        (TITLE - 6, SIZE[1] - RULE - 8),
        (SIZE[1] - RULE + 8, 610),
    ):
        left, _, right, _ = ink(image, top, bottom)
        assert abs(right - (SIZE[0] - MARGIN)) <= 2
        assert left >= MARGIN - 2


@pytest.mark.parametrize("language", ["en", "ru", "zh-Hans", "zh-Hant"])
def test_a_card_from_left_to_right_begins_on_the_left_margin(language):
    image = opened(card(TITLES[language], language))
    for top, bottom in (
        (60, TITLE - 20),
        (TITLE - 6, SIZE[1] - RULE - 8),
        (SIZE[1] - RULE + 8, 610),
    ):
        assert abs(ink(image, top, bottom)[0] - MARGIN) <= 2


@pytest.mark.parametrize(
    ("language", "word"), [("ar", "النورسي"), ("ug", "ئۇيغۇر"), ("fa", "محمدی")]
)
def test_arabic_letters_are_joined(language, word):
    letters = [one_line(letter, language) for letter in word]
    joined = one_line(word, language)
    assert joined.advance < sum(letter.advance for letter in letters)
    assert {glyph.number for glyph in joined.glyphs} != {
        glyph.number for letter in letters for glyph in letter.glyphs
    }


def test_the_zero_width_non_joiner_of_persian_is_kept():
    assert one_line("می‌خواهد", "fa").glyphs != one_line("میخواهد", "fa").glyphs


def test_latin_names_and_digits_among_arabic_are_read_from_left_to_right():
    line = one_line("قال Ilham Tohti في 2025", "ar")
    for written in ("Ilham Tohti", "2025"):
        seen = [glyph.number for glyph in line.glyphs]
        part = [glyph.number for glyph in one_line(written).glyphs]
        assert any(seen[at : at + len(part)] == part for at in range(len(seen)))
    assert line.glyphs[0].number == one_line("2025").glyphs[0].number  # the last word is leftmost


@pytest.mark.parametrize(
    "title", ["قال (نعم) إنه", "عن Lantern Watch (LW) إنه", "(2014–2025)", "«نعم»"]
)
def test_brackets_and_quotation_marks_open_in_the_right_direction(title):
    opening, closing = ("«", "»") if "«" in title else ("(", ")")
    pair = [one_line(mark, "ar") for mark in (closing, opening)]  # as they are seen, mirrored
    (left,), (right,) = ([glyph.number for glyph in mark.glyphs] for mark in pair)
    seen = [g.number for g in one_line(title, "ar").glyphs if g.number in (left, right)]
    assert seen == [left, right]
    latin = [one_line(mark).glyphs[0].number for mark in "()"]
    assert "«" in title or [left, right] == latin


# --- Chinese ----------------------------------------------------------------------------------

PROSE = (
    "国际特赦组织今天表示：“香港当局应立即释放邹幸彤、黎智英等四十七人（包括记者）。”"
    "该组织说，《国家安全法》被用来压制异见……而“颠覆国家政权罪”——最高可判无期徒刑！"
    "谁来负责？「沒有人」，他說；『真的嗎？』2024年共有1,234人被捕，占全部案件的56%。"
)


@pytest.mark.parametrize("width", range(240, 1057, 48))
def test_chinese_is_broken_between_characters_and_never_before_or_after_the_wrong_mark(width):
    block = column(PROSE, "zh-Hans", width)
    assert len(block.lines) > 3
    for line in block.lines:
        assert (line.ink.right - line.ink.left) * block.size <= width + 0.001
        assert line.text[0] not in NO_BEGIN
        assert line.text[-1] not in NO_END
    assert "".join(line.text for line in block.lines).replace("\u2006", "") == PROSE


def test_numbers_and_names_in_chinese_are_not_broken():
    for width in range(240, 1057, 48):
        texts = [line.text for line in lines(PROSE, "zh-Hans", width)]
        for whole in ("2024", "1,234", "56%", "——", "……"):
            assert any(whole in text for text in texts), (whole, texts)


def test_a_chinese_name_in_another_language_is_not_broken():
    title = "Free Chow Hang-tung (鄒幸彤) and Jimmy Lai (黎智英), Hong Kong is asked"
    for width in range(400, 1057, 48):
        texts = [line.text for line in lines(title, "en", width)]
        assert all(any(name in text for text in texts) for name in ("鄒幸彤", "黎智英"))


def test_chinese_without_its_language_is_broken_as_chinese():
    title = TITLES["zh-Hans"]
    assert [line.text for line in lines(title, "en", 400)] == (
        [line.text for line in lines(title, "zh-Hans", 400)]
    )


def test_two_chinese_marks_side_by_side_leave_no_gap():
    apart = sum(one_line(mark, "zh-Hans").advance for mark in "，“")
    assert one_line("，“", "zh-Hans").advance == pytest.approx(apart - 0.5)


def test_traditional_chinese_marks_are_centred_in_their_square():
    mainland, taiwan = (one_line("，", language).ink for language in ("zh-Hans", "zh-Hant"))
    assert mainland.top < taiwan.bottom


def test_an_apostrophe_of_a_latin_name_is_not_as_wide_as_a_character():
    assert one_line("Xi’an", "zh-Hans").advance == pytest.approx(
        one_line("Xi’an").advance, abs=0.05
    )
    assert {glyph.font for glyph in one_line("“中”", "zh-Hans").glyphs} == {HAN}


# --- Unusual titles ---------------------------------------------------------------------------

AWKWARD = [
    "A", "", "   ", "Antidisestablishmentarianism " * 3, "Unbreakable" * 60, "word " * 400,
    "i" * 4_000, "W" * 4_000, "！" * 200, "鬱" * 4_000, "الإفراج " * 500, "ﷺ﷽" * 20, "ـ" * 4_000,
    "Z\u0301\u0302\u0303\u0308\u030a\u0323" * 600, "\u0301" * 900, "سَُِّْ" * 300,
    "a" + "\u0301" * 900, "a" + "\u0323" * 25, "\u202e\u2066abc\u2069 def\u202c",
    "\u200f\u200e\u200d\u200c", "((((((((" * 90, "«»()[]" * 60 + "ا", "\ud800 lone", "a\x00b\x07c",
    "first\nsecond\r\nthird\u2028fourth", "https://lanternwatch.example/" + "path/" * 80,
]  # fmt: skip


@pytest.mark.parametrize("language", ["en", "ar", "zh-Hans"])
@pytest.mark.parametrize("title", AWKWARD, ids=lambda title: ascii(title[:8]))
def test_a_title_of_any_kind_and_length_stays_within_its_card(title, language):
    began = time.process_time()
    content = card(title, language)
    assert time.process_time() - began < 2  # seconds; usually it takes a tenth of a second
    image = opened(content)
    left, _, right, _ = ink(image, 30, SIZE[1]) or (MARGIN, 0, MARGIN, 0)
    assert left >= MARGIN - HANGING
    assert right <= SIZE[0] - MARGIN + HANGING
    # The title does not touch the kind above it or the newsroom's name below it.
    assert ink(image, TITLE - 20, TITLE - 6) is None
    assert ink(image, SIZE[1] - RULE - 12, SIZE[1] - RULE - 4) is None


def test_the_tail_of_a_letter_extends_into_the_margin():
    plain, tailed = (title_ink(card(word))[0] for word in ("i", "j"))
    assert abs(plain - MARGIN) <= 2
    assert MARGIN - HANGING <= tailed < MARGIN - 4


@pytest.mark.parametrize("spaced", ["« mot »", "mot – mot", "mot !", "к шести"])
def test_a_mark_that_is_separated_from_its_word_stays_on_its_line(spaced):
    for before in range(1, 30):
        texts = [line.text for line in lines("m" * before + f" {spaced} mot mot", width=420)]
        for text in texts:
            assert text[0] not in "»–!"
            assert text.split()[-1] not in ("«", "к")


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "word "), ("en", "Unbreakable"), ("ar", "الإفراج "), ("zh-Hans", "释放，")],
)
def test_a_title_that_is_too_long_ends_in_an_ellipsis(language, words):
    block = type_for(SERIF, language, direction(language) == "rtl").set(
        words * 300, [60, 44], 1056, 360
    )
    assert len(block.lines) > 4
    assert block.height <= 360
    assert block.lines[-1].text.endswith("…")
    assert not block.lines[-1].text.endswith("，…")
    assert card(words * 300, language) == card(words * 400, language)


def test_a_title_is_set_as_large_as_it_fits():
    tall = [
        box[3] - box[1]
        for box in (title_ink(card(words)) for words in ("Hunger", "Hunger " * 40, "Hunger " * 8))
    ]
    assert tall[0] < tall[2]  # more lines
    one, many = (
        type_for(SERIF).set(words, range(104, 43, -2), 1056, 360).size
        for words in ("Hunger", "Hunger " * 20)
    )
    assert one == 104 > many


def test_lines_of_a_title_are_even():
    found = lines("Courts must stop jailing reporters for doing their work", width=1056)
    widths = [line.advance for line in found]
    assert len(found) == 2
    assert min(widths) > 0.75 * max(widths)


def test_a_card_is_made_from_any_string():
    for number, text in enumerate(NAUGHTY[::4]):
        content = share_card(
            text, kind=text[:40], newsroom=text, language=["en", "ar", "zh-Hant"][number % 3],
            direction=["ltr", "rtl"][number % 2],
        )  # fmt: skip
        assert opened(content).size == SIZE
    for text in NAUGHTY[::25]:
        assert opened(title_card(text, text)).size == (1600, 900)


# --- The strip of a marked copy ---------------------------------------------------------------


@pytest.mark.parametrize("width", [480, 960, 1600, 6000])
@pytest.mark.parametrize("name", ["Rita Reader", "ريتا القارئة", "王麗達", "Рита"])
def test_a_readers_name_is_on_the_strip_in_every_script(width, name):
    words = "Under embargo. This copy is for {}."
    whole, without = (caption_strip(words.format(text), width) for text in (name, ""))
    assert whole.width == width
    assert ImageChops.difference(whole, without).getbbox()


# --- The fonts --------------------------------------------------------------------------------


def test_the_fonts_of_cards_are_never_served():
    names = {path.name for path in FONTS.iterdir() if path.suffix in (".ttf", ".otf")}
    assert len(names) == 5
    for name in names:
        assert finders.find(f"fonts/{name}") is None
    assert Path(settings.STATIC_ROOT) not in FONTS.parents


def test_every_font_has_its_licence_beside_it_and_its_source_in_the_readme():
    readme = (FONTS / "README.md").read_text()
    for path in FONTS.iterdir():
        if path.suffix in (".ttf", ".otf"):
            (row,) = [line for line in readme.splitlines() if line.startswith(f"| `{path.name}`")]
            licence = row.split("(`")[1].split("`)")[0]
            assert "SIL OPEN FONT LICENSE" in (FONTS / licence).read_text()

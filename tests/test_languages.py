"""Languages of releases: any tag of BCP 47, its names and direction, and guesses at imports."""

import json
import re
from io import StringIO

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st
from lxml import html

from desk.imports.storing import import_draft
from importing import understand
from importing.languages import SIBLINGS, LanguageGuess, detect, guess_language
from releases import language_tags, languages
from releases.models import Release
from releases.workflow import blockers
from tests import gold, validators
from tests.make import make_chief, make_person, make_release, mark, quotation

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("template_contexts")]
IMPORT = "/admin/releases/release/import/"

# Articles of the Universal Declaration of Human Rights (United Nations), except for da and nb.
TEXTS = {
    "sv": "Alla människor är födda fria och lika i värde och rättigheter. De är utrustade med "
    "förnuft och samvete och bör handla gentemot varandra i en anda av broderskap. Var och en "
    "har rätt till liv, frihet och personlig säkerhet.",
    "da": "Myndighederne skal straks løslade journalisten, som har siddet fængslet siden oktober. "
    "Hun blev anholdt uden for sit hjem, og hendes advokat har endnu ikke fået lov til at besøge "
    "hende. Ytringsfriheden gælder også for dem, der kritiserer regeringen.",
    "nb": "Myndighetene må straks løslate journalisten, som har sittet fengslet siden oktober. Hun "
    "ble pågrepet utenfor hjemmet sitt, og advokaten hennes har ennå ikke fått lov til å besøke "
    "henne. Ytringsfriheten gjelder også for dem som kritiserer regjeringen.",
    "cs": "Všichni lidé rodí se svobodní a sobě rovní co do důstojnosti a práv. Jsou nadáni "
    "rozumem a svědomím a mají spolu jednat v duchu bratrství. Každý má právo na život, svobodu "
    "a osobní bezpečnost.",
    "ps": "د بشر ټول افراد آزاد نړۍ ته راځي او د حیثیت او حقوقو له مخې سره برابر دي. ټول د عقل "
    "او وجدان خاوندان دي او یو له بل سره باید د ورورۍ په روحیه رفتار وکړي. هر څوک حق لري چې "
    "ژوند وکړي، آزاد واوسي او امنیت ولري.",
    "ug": "ھەممە ئادەم زاتىدىنلا ئەركىن، ئىززەت-ھۆرمەت ۋە ھوقۇقتا باپباراۋەر بولۇپ تۇغۇلغان. "
    "ئۇلار ئەقىلگە ۋە ۋىجدانغا ئىگە ھەمدە بىر-بىرىگە قېرىنداشلىق مۇناسىۋىتىگە خاس روھ بىلەن "
    "مۇئامىلە قىلىشى كېرەك.",
    "ckb": "هەموو مرۆڤەکان بە ئازادی و بە یەکسانی لە کەرامەت و مافدا لە دایک دەبن. ئەوان خاوەنی "
    "هۆش و ویژدانن و پێویستە لەگەڵ یەکتردا بە گیانی برایەتی ڕەفتار بکەن. هەموو کەسێک مافی ژیان "
    "و ئازادی و ئاسایشی هەیە.",
    "kk": "Барлық адамдар тумысынан азат және қадір-қасиеті мен құқықтары тең болып дүниеге "
    "келеді. Адамдарға ақыл-парасат, ар-ождан берілген, сондықтан олар бір-бірімен туыстық, "
    "бауырмалдық қарым-қатынас жасаулары тиіс.",
    "be": "Усе людзі нараджаюцца свабоднымі і роўнымі ў сваёй годнасці і правах. Яны надзелены "
    "розумам і сумленнем і павінны ставіцца адзін да аднаго ў духу брацтва. Кожны чалавек мае "
    "права на жыццё, свабоду і асабістую недатыкальнасць.",
    "sd": "سمورا انسان آزاد ۽ عزت ۽ حقن جي حوالي کان برابر پيدا ٿيا آهن. انهن کي عقل ۽ ضمير "
    "عطا ٿيو آهي، ان ڪري کين هڪ ٻئي سان ڀائپيءَ جو سلوڪ اختيار ڪرڻ گهرجي. هر ماڻهوءَ کي "
    "زندگيءَ، آزاديءَ ۽ ذاتي تحفظ جو حق آهي.",
    "yi": "יעדער מענטש װערט געבױרן פֿרײַ און גלײַך אין כּבֿוד און רעכט. יעדער װערט באַשאָנקן "
    "מיט פֿאַרשטאַנד און געװיסן; יעדער זאָל זיך פֿירן מיט אַ צװײטן אין אַ געמיט פֿון ברודערשאַפֿט.",
    "he": "כל בני האדם נולדו בני חורין ושווים בערכם ובזכויותיהם. כולם חוננו בתבונה ובמצפון, "
    "לפיכך חובה עליהם לנהוג איש ברעהו ברוח של אחווה. כל אדם זכאי לחיים, לחירות ולביטחון אישי.",
    "ta": "மனிதப் பிறிவியினர் சகலரும் சுதந்திரமாகவே பிறக்கின்றனர்; அவர்கள் மதிப்பிலும், "
    "உரிமைகளிலும் சமமானவர்கள், அவர்கள் நியாயத்தையும் மனச்சாட்சியையும் இயற்பண்பாகப் பெற்றவர்கள்.",
    "ti": "ናይ ኩሉ ሰብ መሰል ኣብ ሕጊ ክኽበር እዩ። ምስትውዓልን ሕሊናን ዝተዓደሎም ብምዃኖም ንሕድሕዶም ብሕውነታዊ መንፈስ "
    "ክተሓላለዩ ኣለዎም። ካብ ማንም ሰብ ነፃነት ክግፈፍ የብሉን። ኣብ ሃገሩ ይኹን ኣብ ወፃኢ።",
    "am": "የሰው ልጅ ሁሉ ሲወለድ ነጻና በክብርና በመብትም እኩልነት ያለው ነው። የተፈጥሮ ማስተዋልና ሕሊና ስላለው "
    "አንዱ ሌላውን በወንድማማችነት መንፈስ መመልከት ይገባዋል። እያንዳንዱ ሰው የመኖር መብት አለው።",
    "ar": "يولد جميع الناس أحرارًا متساوين في الكرامة والحقوق. وقد وهبوا عقلًا وضميرًا وعليهم أن "
    "يعامل بعضهم بعضًا بروح الإخاء. لكل فرد الحق في الحياة والحرية وسلامة شخصه.",
    "fa": "تمام افراد بشر آزاد به دنیا می‌آیند و از لحاظ حیثیت و حقوق با هم برابرند. همه دارای "
    "عقل و وجدان هستند و باید نسبت به یکدیگر با روح برادری رفتار کنند.",
    "ru": "Все люди рождаются свободными и равными в своем достоинстве и правах. Они наделены "
    "разумом и совестью и должны поступать в отношении друг друга в духе братства.",
    "uk": "Всі люди народжуються вільними і рівними у своїй гідності та правах. Вони наділені "
    "розумом і совістю і повинні діяти у відношенні один до одного в дусі братерства.",
    "zh-Hans": "人人生而自由，在尊严和权利上一律平等。他们赋有理性和良心，并应以兄弟关系的精神"
    "互相对待。"
    "人人有资格享有本宣言所载的一切权利和自由，不分种族、肤色、性别、语言、宗教。法律面前，这个国家对来说没有时间。",
    "zh-Hant": "人人生而自由，在尊嚴和權利上一律平等。他們賦有理性和良心，並應以兄弟關係的精神"
    "互相對待。"
    "人人有資格享有本宣言所載的一切權利和自由，不分種族、膚色、性別、語言、宗教。法律面前，這個國家對來說沒有時間。",
    "en": "All human beings are born free and equal in dignity and rights. They are endowed with "
    "reason and conscience and should act towards one another in a spirit of brotherhood.",
}  # fmt: skip
BAD_TAGS = [
    "xx-", "en_US", "a" * 300, "../../", "<script>", "en--US", "-en", "e", "english", "en-u",
    "x-", "i-klingon", "de-1996-1996", "en-a-bb-a-cc", "日本", "ｅｎ", "en US", "en;q=1",
    "\0", "en\0",
]  # fmt: skip


# --- Tags --------------------------------------------------------------------------------------


@pytest.mark.parametrize("tag", BAD_TAGS)
def test_an_invalid_tag_is_refused_with_a_sentence(tag):
    with pytest.raises(ValidationError, match="is not a language tag"):
        language_tags.canonical(tag)
    if "\0" not in tag:  # it is removed from every column first
        with pytest.raises(ValidationError):
            Release(title="T", language=tag).full_clean()


@given(st.text(max_size=60))
def test_any_text_becomes_a_canonical_tag_or_is_refused(text):
    try:
        tag = languages.canonical(text)
    except languages.LanguageTagError:
        return
    assert languages.canonical(tag) == tag
    assert re.fullmatch("[A-Za-z0-9-]{2,35}", tag)
    assert languages.direction(tag) in ("ltr", "rtl")
    assert languages.english_name(tag)
    assert languages.native_name(tag)
    assert re.fullmatch("([a-z]{2,3}_[A-Z]{2})?", languages.og_locale(tag))


@pytest.mark.parametrize(
    ("typed", "tag"),
    [
        ("SV", "sv"), ("zh-hANT-tw", "zh-Hant-TW"), ("iw", "he"), ("eng", "en"), ("tl", "fil"),
        ("x-Newsroom", "x-newsroom"), ("qaa-x-Ours", "qaa-x-ours"), ("de-ch-1996", "de-CH-1996"),
        ("UG-LATN", "ug-Latn"), ("kmr", "ku"), (" cs ", "cs"),
    ],
)  # fmt: skip
def test_a_tag_is_converted_to_its_canonical_form(typed, tag):
    assert languages.canonical(typed) == tag


@pytest.mark.parametrize(
    ("tag", "english", "native", "direction", "locale"),
    [
        ("sv", "Swedish", "svenska", "ltr", "sv_SE"),
        ("da", "Danish", "dansk", "ltr", "da_DK"),
        ("ps", "Pashto", "پښتو", "rtl", "ps_AF"),
        ("ug", "Uyghur", "ئۇيغۇرچە", "rtl", "ug_CN"),
        ("ug-Latn", "Uyghur (Latin)", "ئۇيغۇرچە (لاتىنچە)", "ltr", "ug_CN"),
        ("ckb", "Central Kurdish", "کوردیی ناوەندی", "rtl", "ckb_IQ"),
        ("kk", "Kazakh", "қазақ тілі", "ltr", "kk_KZ"),
        ("kk-Arab", "Kazakh (Arabic)", "قازاق تىلى (الجازۋى)", "rtl", "kk_CN"),
        ("sd", "Sindhi", "سنڌي", "rtl", "sd_PK"),
        ("yi", "Yiddish", "ייִדיש", "rtl", "yi_UA"),
        ("ta", "Tamil", "தமிழ்", "ltr", "ta_IN"),
        ("syr", "Syriac", "ܣܘܪܝܝܐ", "rtl", "syr_IQ"),
        ("dv", "Divehi", "ދިވެހިބަސް", "rtl", "dv_MV"),
        ("nqo", "N’Ko", "ߒߞߏ", "rtl", "nqo_GN"),
        ("ff-Adlm", "Fula (Adlam)", "𞤆𞤵𞤤𞤢𞤪 (𞤀𞤁𞤂𞤢𞤃)", "rtl", "ff_GN"),
        ("prs", "Dari", "دری", "rtl", "prs_AF"),
        ("pa", "Punjabi", "ਪੰਜਾਬੀ", "ltr", "pa_IN"),
        ("pa-PK", "Punjabi (Pakistan)", "پنجابی (پکستان)", "rtl", "pa_PK"),
        ("zh-Hans", "Chinese, simplified", "简体中文", "ltr", "zh_CN"),
        ("zh-Hant", "Chinese, traditional", "繁體中文", "ltr", "zh_TW"),
        ("pt-BR", "Portuguese (Brazil)", "português (Brasil)", "ltr", "pt_BR"),
        ("x-newsroom", "x-newsroom", "x-newsroom", "ltr", ""),
        ("eo", "Esperanto", "Esperanto", "ltr", ""),
    ],
)
def test_a_language_has_names_a_direction_and_a_territory(tag, english, native, direction, locale):
    assert languages.english_name(tag) == english
    assert direction == languages.direction(tag)
    assert languages.og_locale(tag) == locale
    if tag not in ("kk-Arab", "pa-PK"):  # CLDR's words for scripts and countries change
        assert languages.native_name(tag) == native


def test_every_common_language_has_its_own_name_and_is_found_by_it():
    for tag in languages.COMMON:
        assert languages.canonical(tag) == tag
        assert languages.read(languages.english_name(tag)) == tag
        assert languages.read(languages.native_name(tag).upper()) == tag


# --- Detection ---------------------------------------------------------------------------------


@pytest.mark.parametrize("tag", TEXTS)
def test_the_language_of_a_paragraph_is_detected_by_letters_and_words(tag):
    guess = detect(TEXTS[tag])
    assert guess.tag == tag
    assert guess.is_sure, guess
    assert guess.source == "detected"


@pytest.mark.parametrize("tag", TEXTS)
def test_two_words_never_make_a_language_certain(tag):
    short = TEXTS[tag][:7]
    assert not detect(short).is_sure


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        (f"{TEXTS['ru']} {TEXTS['ru']} Об этом сообщил Їжак Ґедзь.", "ru"),
        (f"{TEXTS['ar']} {TEXTS['ar']} وقال پرویز گنجی ذلك.", "ar"),
        (f"{TEXTS['en']} {TEXTS['en']} Chow Hang-tung (鄒幸彤) and Лев Пономарёв agree.", "en"),
    ],
)
def test_a_foreign_name_does_not_change_the_language(text, tag):
    assert detect(text).tag == tag
    assert detect(text).is_sure


def test_the_user_is_asked_about_a_text_in_two_languages():
    for one, other in (("en", "ar"), ("en", "zh-Hans"), ("sv", "cs")):
        guess = detect(f"{TEXTS[one]} {TEXTS[other]}" * 3)
        assert not guess.is_sure, guess


@pytest.mark.parametrize("text", ["", " ", "1234 5678", "🚨🚨", "\ud800", "\0" * 50, "𐎀𐎁" * 40])
def test_a_text_without_words_has_no_language(text):
    assert detect(text) == LanguageGuess()


@given(st.text(max_size=300))
def test_the_certainty_of_any_text_is_between_0_and_1(text):
    guess = detect(text)
    assert 0 <= guess.certainty <= 1
    assert all(0 < part <= guess.certainty for _tag, part in guess.runners_up)
    assert all(languages.canonical(tag) == tag for tag in guess.candidates)


def test_only_the_beginning_of_a_long_text_is_examined():
    assert detect(TEXTS["sv"] * 100) == detect(TEXTS["sv"] * 100 + TEXTS["ar"] * 10_000)


def test_rules_distinguish_languages_that_the_model_does_not_know():
    for rule in SIBLINGS:
        assert all(rule.matches(text) for text in rule.yes)
        assert not any(rule.matches(text) for text in rule.no)


@pytest.mark.parametrize(
    ("stated", "filename", "text", "tag", "source"),
    [
        ("sv", "x.html", "sv", "sv", "stated"),
        ("pt_BR.UTF-8", "x.html", "", "pt", "stated"),
        ("Swedish", "x.md", "sv", "sv", "stated"),
        ("", "20170617.swedish.wml", "sv", "sv", "file_name"),
        ("", "20170617.czech.wml", "cs", "cs", "file_name"),
        ("", "news.ckb.md", "ckb", "ckb", "file_name"),
        ("", "news.zh_TW.md", "zh-Hant", "zh-Hant", "file_name"),
        # Letters count more than the name of a file.
        ("", "20170425.chinese.wml", "zh-Hant", "zh-Hant", "file_name"),
        ("zh-CN", "x.html", "zh-Hant", "zh-Hant", "stated"),
        ("en", "x.html", "ar", "ar", "detected"),
        ("en", "x.html", "ug", "ug", "detected"),
        # What is stated is neither a tag nor a language.
        ("", "report.co.uk.html", "en", "en", "detected"),
        ("", "news.min.html", "sv", "sv", "detected"),
        ("<script>", "../../x", "da", "da", "detected"),
        ("x-ours", "x.html", "da", "da", "detected"),
        ("xx", "x.html", "da", "da", "detected"),
    ],
)  # fmt: skip
def test_a_stated_language_is_weighed_against_the_letters_of_the_text(
    stated, filename, text, tag, source
):
    guess = guess_language(stated, filename, TEXTS.get(text, text))
    assert (guess.tag, guess.source) == (tag, source)
    assert guess.is_sure


@pytest.mark.parametrize("claim", ["en", "da", "nl"])
def test_the_user_is_asked_about_a_swedish_text_that_states_another_language(claim):
    guess = guess_language(claim, "x.html", TEXTS["sv"])
    assert not guess.is_sure
    assert guess.candidates[:2] == (claim, "sv")


def test_no_marked_release_gets_a_wrong_language_as_certain():
    """The releases marked by hand are in eight languages."""
    sure = 0
    for release in gold.releases():
        marked = release.marks["language"]
        for name in (release.filename, "pasted text"):
            guess = understand(release.data, name).language_guess
            if guess.is_sure:
                sure += 1
                assert languages.without_usual_subtags(marked) == guess.tag, (release.name, guess)
    assert sure > 70


def test_the_model_is_the_file_named_in_its_readme():
    import hashlib

    from importing.languages import MODEL

    digest = hashlib.sha256(MODEL.read_bytes()).hexdigest()
    assert digest in (MODEL.parent / "README.md").read_text()


# --- Imports -----------------------------------------------------------------------------------


def release_text(language, title="T 2024"):
    return f"{title}\n\n{TEXTS[language]}\n\n{TEXTS[language]}\n"


def parsed(response):
    return html.fromstring(response.content.decode())


@pytest.mark.parametrize("tag", ["sv", "da", "cs", "ckb", "ps", "kk", "sd", "yi", "ta"])
def test_a_draft_has_the_language_in_its_report(tag):
    understood = understand(release_text(tag).encode(), "pasted text")
    draft = import_draft(understood, by=make_chief())
    report = draft.events.get().detail["report"]
    assert draft.language == tag
    assert f"{language_tags.label(tag)}, guessed from the text" in " ".join(report.split())


def test_the_user_must_choose_an_uncertain_language_before_a_draft_is_made(client):
    client.force_login(make_chief())
    text = f"<html lang='en'><h1>Titel</h1><p>{TEXTS['sv']}</p></html>"
    page = client.post(IMPORT, {"text": text})
    field = page.context["confirm"]["language"]
    assert "the file states English, but the text looks like Swedish" in page.content.decode()
    assert [one.get("value") for one in parsed(page).xpath("//select[@id='id_language']/option")][
        :1
    ] == [""]
    likely = parsed(page).xpath("//select[@id='id_language']/optgroup[1]/option/@value")
    assert likely[:2] == ["en", "sv"]
    assert field.value() == ""
    answer = page.context["confirm"].initial
    again = client.post(IMPORT, answer)
    assert "Choose the language of the text." in again.content.decode()
    assert not Release.objects.exists()
    client.post(IMPORT, answer | {"language": "sv"})
    draft = Release.objects.get()
    assert draft.language == "sv"
    report = " ".join(draft.events.get().detail["report"].split())
    assert "Swedish · svenska · sv, chosen at the import" in report


@pytest.mark.parametrize("typed", ["xx-", "<script>alert(1)</script>", "en_US", "A" * 300])
def test_an_invalid_tag_is_refused_at_an_import_and_shown_again(client, typed):
    client.force_login(make_chief())
    page = client.post(IMPORT, {"text": release_text("sv")})
    answer = page.context["confirm"].initial | {"language": "other", "language_other": typed}
    again = client.post(IMPORT, answer)
    assert "is not a language tag" in again.content.decode()
    assert parsed(again).xpath("//input[@name='language_other']/@value") == [typed]
    assert not parsed(again).xpath("//main//script[contains(., 'alert(1)')]")
    assert not Release.objects.exists()


def test_a_guess_can_be_replaced_with_a_language_that_is_not_listed(client):
    client.force_login(make_chief())
    page = client.post(IMPORT, {"text": release_text("sv")})
    assert "guessed from the text" in page.content.decode()
    assert page.context["confirm"]["language"].value() == "sv"
    client.post(
        IMPORT, page.context["confirm"].initial | {"language": "other", "language_other": "Tajik"}
    )
    assert Release.objects.get().language == "tg"


def test_a_draft_of_unknown_language_is_not_called_english_and_cannot_be_approved():
    text = "One two six.\n\nLorem dolor amet elit sed eiusmod tempor.\n"
    draft = import_draft(understand(text.encode(), "pasted text"), by=make_chief())
    assert draft.language == "und"
    assert "Choose the language." in blockers(draft)
    assert "not certain" in draft.events.get().detail["report"]


def test_the_command_accepts_a_language_and_refuses_an_invalid_one(tmp_path):
    file = tmp_path / "release.txt"
    file.write_text(release_text("sv"))
    for bad in ("en_US", "swedish!"):
        with pytest.raises(CommandError, match="is not a language tag"):
            call_command("importrelease", file, language=bad)
    assert not Release.objects.exists()
    out = StringIO()
    call_command("importrelease", file, language="NN", stdout=out)
    assert Release.objects.get().language == "nn"
    assert "chosen at the import" in " ".join(out.getvalue().split())


def test_the_command_reports_an_unknown_language(tmp_path):
    file, out = tmp_path / "release.html", StringIO()
    file.write_text(f"<html lang='en'><h1>T</h1><p>{TEXTS['sv']}</p></html>")
    call_command("importrelease", file, stdout=out)
    assert "Its language is not set. Choose it at the desk" in out.getvalue()
    assert Release.objects.get().language == "und"


# --- At the desk -------------------------------------------------------------------------------


def save(client, release, **changes):
    data = {
        "kind": "press_release", "language": "en", "title": release.title, "body": release.body,
        "attached": "[]", "read_version": release.version,
    } | changes  # fmt: skip
    address = reverse("admin:releases_release_change", args=[release.pk])
    return client.post(address, data, follow=True)


@pytest.mark.parametrize(
    ("typed", "tag"), [("kk", "kk"), ("SD", "sd"), ("Belarusian", "be"), ("x-ours", "x-ours")]
)
def test_a_release_can_be_in_any_language(client, typed, tag):
    release = make_release("draft", title="T")
    client.force_login(make_chief())
    save(client, release, language="other", language_other=typed)
    release.refresh_from_db()
    assert release.language == tag
    address = reverse("admin:releases_release_change", args=[release.pk])
    chosen = parsed(client.get(address)).xpath("//select[@id='id_language']/option[@selected]")
    assert [option.get("value") for option in chosen] == [tag]
    assert languages.english_name(tag) in client.get("/admin/releases/release/").content.decode()


@pytest.mark.parametrize(
    ("screen", "swedish", "chinese"),
    [("en-gb", "Swedish", "Chinese, traditional"),
     ("de", "Schwedisch", "Chinesisch (traditionell)"),
     ("pt-br", "sueco", "chinês tradicional"), ("tlh", "Swedish", "Chinese, traditional")],
)  # fmt: skip
def test_the_desk_names_languages_in_the_language_of_the_screens(screen, swedish, chinese):
    with translation.override(screen):
        assert language_tags.label("sv") == f"{swedish} · svenska · sv"
        assert language_tags.label("zh-Hant") == f"{chinese} · 繁體中文 · zh-Hant"
        assert language_tags.name("x-ours") == "x-ours"
        assert language_tags.read(f" {swedish.upper()} ") == "sv"
        assert language_tags.read("Swedish") == "sv"


def test_a_page_of_the_desk_names_languages_in_the_language_of_its_setting(client, settings):
    settings.LANGUAGE_CODE = "de"
    make_release("draft", language="sv", title="T")
    client.force_login(make_chief())
    page = client.get("/admin/releases/release/").content.decode()
    assert "Schwedisch" in page
    assert "Swedish" not in page


@pytest.mark.parametrize("tag", sorted(set(BAD_TAGS) - {"english", "\0", "en\0"}))
def test_a_bad_tag_is_refused_at_the_desk(client, tag):
    release = make_release("draft", title="T")
    client.force_login(make_chief())
    for change in ({"language": tag}, {"language": "other", "language_other": tag}):
        response = save(client, release, **change)
        assert "is not a language tag" in response.content.decode()
        release.refresh_from_db()
        assert release.language == "en"


# --- Public pages ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tag", "direction", "locale"),
    [("ug-Latn", "ltr", "ug_CN"), ("sd", "rtl", "sd_PK"), ("nqo", "rtl", "nqo_GN")],
)
def test_a_page_states_its_language_direction_and_locale(client, tag, direction, locale):
    original = make_release(title="Original")
    release = make_release(title="T", language=tag, translation_of=original)
    page = parsed(client.get(release.get_absolute_url()))
    assert (page.get("lang"), page.get("dir")) == (tag, direction)
    assert page.xpath("//meta[@property='og:locale']/@content") == [locale]
    assert page.xpath("//meta[@property='og:locale:alternate']/@content") == ["en_US"]
    other = parsed(client.get(original.get_absolute_url()))
    assert other.xpath(f"//link[@hreflang='{tag}']")
    assert other.xpath(f"//aside//a[@lang='{tag}'][@dir='{direction}']")


def test_a_private_language_has_no_locale_and_every_output_names_it(client):
    release = make_release(title="T", language="x-ours")
    address = release.get_absolute_url()
    assert not parsed(client.get(address)).xpath("//meta[@property='og:locale']")
    assert 'xml:lang="x-ours"' in client.get(reverse("feed")).content.decode()
    assert json.loads(client.get(f"{address}release.json").content)["language"] == "x-ours"
    archive = client.get("/releases/?language=x-ours").content.decode()
    assert release.get_absolute_url() in archive


def test_names_are_marked_with_their_script(client):
    person = make_person("ئىلھام توختى", level=3)
    person.names.create(text="伊力哈木", printed=True)
    person.names.create(text="Ilham Tohti", printed=True)
    person.names.create(text="이력합목", language="ko", printed=True)
    page = parsed(client.get(person.get_absolute_url()))
    assert page.xpath("//h1/bdi[@lang='und-Arab']/text()") == ["ئىلھام توختى"]
    others = page.xpath("//p[@class='other-names']/bdi")
    assert [(one.text, one.get("lang")) for one in others] == [
        ("伊力哈木", "und-Hani"), ("Ilham Tohti", None), ("이력합목", "ko"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("language", "name", "lang"),
    [
        ("en", "鄒幸彤", "und-Hani"), ("zh-Hant", "鄒幸彤", ""), ("ja", "鄒幸彤", ""),
        ("ko", "이력합목", ""), ("ko", "Ilham Tohti", "und-Latn"), ("ar", "ئىلھام توختى", ""),
        ("ar", "Ilham Tohti", "und-Latn"), ("en", "Ilham Tohti", ""), ("x-ours", "鄒幸彤", ""),
    ],
)  # fmt: skip
def test_a_name_in_a_release_is_marked_if_its_script_is_not_that_of_the_text(
    client, language, name, lang
):
    person = make_person(name, title="Chair", speaks=True)
    body = f"<p>{mark(person)}</p>{quotation(person)}"
    release = make_release(language=language, body=body)
    page = parsed(client.get(release.get_absolute_url()))
    (linked,) = page.xpath("//a[@class='person']")
    assert linked.get("lang", "") == lang
    (below,) = page.xpath("//figcaption//b/a")
    assert "".join(below.itertext()) == name
    assert below.xpath("string(bdi/@lang)") == lang
    content = client.get(f"{release.get_absolute_url()}release.json").json()["bodies"][1]["value"]
    assert html.fromstring(content).xpath("string(//p/a/@lang)") == lang


@pytest.mark.parametrize("typed", ["jp", "cn", "kz", "UA", "dk-DK", "xx", "gr"])
def test_a_country_code_is_not_a_language(typed):
    with pytest.raises(ValidationError, match="If you mean a country"):
        language_tags.canonical(typed)


@pytest.mark.parametrize(
    ("asked", "found"),
    [("ZH-hant", 1), ("zh-Hant", 1), (" zh-hant ", 1), ("iw", 1), ("he", 1), ("zh", 0), ("jp", 0)],
)
@pytest.mark.parametrize("path", ["/releases/", "/releases/feed.atom"])
def test_a_filter_by_language_accepts_any_form_of_a_tag(client, path, asked, found):
    make_release(title="Found", language="zh-Hant")
    make_release(title="Found", language="he")
    answer = client.get(path, {"language": asked})
    assert answer.content.count(b"Found<") == found


def test_translations_into_one_locale_are_named_once(client):
    chief = make_chief()
    original = make_release(title="Original", by=chief)
    for tag in ("fr", "fr-x-ours", "fr-CA", "en-US"):
        make_release(title=tag, language=tag, translation_of=original, by=chief)
    page = parsed(client.get(original.get_absolute_url()))
    validators.open_graph(page)
    locales = page.xpath("//meta[@property='og:locale:alternate']/@content")
    assert sorted(locales) == ["fr_CA", "fr_FR"]

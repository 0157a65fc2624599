"""The languages of releases: BCP 47 tags, with their names, scripts, directions and territories.

Names, likely scripts and likely territories come from CLDR, through Babel.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.core import get_global

from people.names.scripts import letters_by_script
from people.names.scripts import script_of as script_of_text

MAX_TAG_CHARACTERS = 35  # RFC 5646, 4.4.1
UNDETERMINED = "und"  # ISO 639-3: the language is not known

# The languages that the desk offers first. Users can type any other tag.
COMMON = (
    "am", "ar", "be", "bn", "bo", "ckb", "cs", "cy", "da", "de", "el", "en", "es", "fa", "fi",
    "fr", "he", "hi", "hu", "id", "it", "ja", "kk", "ko", "ku", "my", "nb", "nl", "pl", "ps",
    "pt", "ro", "ru", "sd", "so", "sv", "sw", "ta", "th", "ti", "tr", "ug", "uk", "ur", "uz",
    "vi", "yi", "zh-Hans", "zh-Hant",
)  # fmt: skip
# Names that replace those of CLDR, such as “Chinese (Simplified)”. CLDR has separate native names
# for the language and the script.
_NAMES = {
    "zh-Hans": ("Chinese, simplified", "简体中文"),
    "zh-Hant": ("Chinese, traditional", "繁體中文"),
    "prs": ("Dari", "دری"),
    UNDETERMINED: ("Not known yet", "Not known yet"),
}
# CLDR's keys of these, for their names in other languages than English.
_CLDR_KEYS = {"zh-Hans": "zh_Hans", "zh-Hant": "zh_Hant", "prs": "fa_AF"}
# Further names of languages that occur in files and differ from CLDR's English names.
_ALSO = {"farsi": "fa", "bengali": "bn", "kurmanji": "ku", "sorani": "ckb", "dari": "prs"}

# RFC 5646, 2.1, without the grandfathered tags, and without language subtags of 4 to 8 letters:
# none was ever registered, and a typed language name would match.
_WELL_FORMED = re.compile(
    r"""
    (?P<language>[a-z]{2,3}(?:-[a-z]{3}){0,3})
    (?:-(?P<script>[a-z]{4}))?
    (?:-(?P<region>[a-z]{2}|[0-9]{3}))?
    (?P<variants>(?:-(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*)
    (?P<extensions>(?:-[a-wy-z0-9](?:-[a-z0-9]{2,8})+)*)
    (?P<private>-x(?:-[a-z0-9]{1,8})+)?
    |(?P<only_private>x(?:-[a-z0-9]{1,8})+)
    """,
    re.VERBOSE | re.ASCII,
)

# ISO 15924 has codes for combinations and variants of scripts. On the right are the scripts of
# their single letters.
_ALSO_WRITTEN_IN = {
    "Hans": ("Hani",), "Hant": ("Hani",), "Aran": ("Arab",),
    "Jpan": ("Hani", "Hira", "Kana"), "Kore": ("Hang", "Hani"),
}  # fmt: skip

# ISO 15924 codes of the scripts whose letters run from right to left in Unicode.
RIGHT_TO_LEFT = frozenset({
    "Adlm", "Arab", "Aran", "Armi", "Avst", "Chrs", "Cprt", "Elym", "Gara", "Hatr", "Hebr",
    "Hung", "Khar", "Lydi", "Mand", "Mani", "Mend", "Merc", "Mero", "Narb", "Nbat", "Nkoo",
    "Orkh", "Ougr", "Palm", "Phli", "Phlp", "Phnx", "Prti", "Rohg", "Samr", "Sarb", "Sogd",
    "Sogo", "Syrc", "Syre", "Syrj", "Syrn", "Thaa", "Todr", "Yezi",
})  # fmt: skip


class LanguageTagError(ValueError):
    """A text that is not a language tag. `code` is "not_a_tag" or "no_language"."""

    def __init__(self, code: str, tag: str) -> None:
        super().__init__(f"{tag} is not a language tag ({code})")
        self.code, self.tag = code, tag


def canonical(tag: str) -> str:
    """Return a tag in its canonical form, such as zh-Hant-TW; raises LanguageTagError."""
    lower = tag.strip().lower()
    found = _WELL_FORMED.fullmatch(lower) if len(lower) <= MAX_TAG_CHARACTERS else None
    if not found or _repeats(found):
        raise LanguageTagError("not_a_tag", tag[:MAX_TAG_CHARACTERS])
    if found["only_private"]:
        return lower
    language = found["language"]
    if "-" not in language:
        language = _replaced(language)
    # CLDR has a name for every two-letter code (ISO 639-1), but not for every three-letter code.
    first = language.partition("-")[0]
    if len(first) == 2 and first not in Locale("en").languages:
        raise LanguageTagError("no_language", tag)
    script = (found["script"] or "").title()
    region = (found["region"] or "").upper()
    rest = (found["variants"] + found["extensions"] + (found["private"] or "")).lstrip("-")
    return "-".join(filter(None, [language, script, region, rest]))


def read(text: str, screen: str = "en") -> str:
    """Return the canonical tag of a typed tag or language name. Raises LanguageTagError.

    `screen` is the language of the screens, in which a name may be typed too.
    """
    return from_name(text, screen) or canonical(text)


def from_name(name: str, screen: str = "en") -> str | None:
    """Return the tag of a language, or None if the name is unknown.

    The name may be English, native, or in the language of the screens.
    """
    typed = " ".join(name.split()).casefold()[:60]
    return _by_name().get(typed) or _names_on_screen(screen).get(typed)


def direction(tag: str) -> str:
    """Return "rtl" or "ltr", for HTML's `dir` attribute."""
    return "rtl" if script_of(tag) in RIGHT_TO_LEFT else "ltr"


def script_of(tag: str) -> str:
    """Return the ISO 15924 code of a language's script, or "" if it is not known."""
    return _maximal(tag)[0]


def lang_of_name(name: str, tag: str) -> str:
    """Return HTML's `lang` attribute for a name inside a text of a language.

    It is "" if the name is written in the script of the text, or if a script is not known.
    """
    script, text_script = script_of_text(name), script_of(tag)
    if not script or not text_script:
        return ""
    if script in (text_script, *_ALSO_WRITTEN_IN.get(text_script, ())):
        return ""
    return f"und-{script}"


def og_locale(tag: str) -> str:
    """Return a tag in Open Graph's form, language_TERRITORY, or "" if no country is likely."""
    language, territory = tag.partition("-")[0], _maximal(tag)[1]
    return f"{language}_{territory}" if len(territory) == 2 and len(language) > 1 else ""


def without_usual_subtags(tag: str) -> str:
    """Return a tag without its country, and without the usual script of its language.

    Chinese always keeps its script, because neither of its two scripts is the usual one.
    """
    language = tag.partition("-")[0]
    if language == "x":
        return tag
    script = script_of(tag)
    if script and (language == "zh" or script != script_of(language)):
        return f"{language}-{script}"
    return language


def ranges(tags: Iterable[str]) -> list[str]:
    """Return the languages that a reader accepts as language ranges, the preferred one first.

    A release matches a range if its tag is the range, or begins with it and a hyphen. Each accepted
    tag is followed by less exact ones, so that a reader of zh-CN gets zh-Hans before zh-Hant, and
    both before the next language. What is not a tag, such as “*”, is left out.
    """
    found: dict[str, None] = {}
    for text in tags:
        try:
            tag = canonical(text)
        except LanguageTagError:
            continue
        found |= dict.fromkeys([tag, without_usual_subtags(tag), tag.partition("-")[0]])
    found.pop("x", None)  # private tags that begin alike have nothing in common
    return list(found)


def place(tag: str, preferred: Sequence[str]) -> int:
    """Return the place of the first language range that a tag matches, from 0.

    If it matches none, return their number. `releases.models.texts.reader_rank` is the same rule in
    the database.
    """
    matching = (n for n, each in enumerate(preferred) if f"{tag}-".startswith(f"{each}-"))
    return next(matching, len(preferred))


@lru_cache(maxsize=1024)
def english_name(tag: str) -> str:
    """Return a language's name in English, or its tag if CLDR has no name."""
    return _NAMES[tag][0] if tag in _NAMES else _name_in(Locale("en"), tag) or tag


@lru_cache(maxsize=1024)
def screen_name(tag: str, screen: str) -> str:
    """Return a language's name in the language of the screens, or its English name, or its tag."""
    locale = _screen_locale(screen)
    if locale.language == "en":
        return english_name(tag)
    return (
        locale.languages.get(_CLDR_KEYS.get(tag, "")) or _name_in(locale, tag) or english_name(tag)
    )


@lru_cache(maxsize=1024)
def native_name(tag: str) -> str:
    """Return a language's native name, or its English name, or its tag."""
    if tag in _NAMES:
        return _NAMES[tag][1]
    locale = _locale(tag)
    return (locale and _name_in(locale, tag)) or english_name(tag)


def scripts_in(text: str) -> Counter[str]:
    """Return the number of letters of each script in a text. The key "" is for unknown scripts.

    If the text contains kana, its kana and Han letters count as one script (Jpan).
    """
    counts = letters_by_script(text)
    if kana := counts.pop("Hira", 0) + counts.pop("Kana", 0):
        counts["Jpan"] = kana + counts.pop("Hani", 0)
    return counts


def _repeats(found: re.Match[str]) -> bool:
    """Return whether a variant or an extension's letter occurs twice (RFC 5646, 2.2.5, 2.2.6)."""
    variants = found["variants"].split("-")[1:] if found["variants"] else []
    singles = [part for part in (found["extensions"] or "").split("-") if len(part) == 1]
    return len(set(variants)) < len(variants) or len(set(singles)) < len(singles)


def _replaced(language: str) -> str:
    """Return the subtag that replaces an older or longer one: he for iw, en for eng."""
    better = get_global("language_aliases").get(language, language)
    return better if better.isalpha() else language


@lru_cache(maxsize=1024)
def _maximal(tag: str) -> tuple[str, str]:
    """Return the likely script and territory of a tag, each "" if it is not known."""
    found = _WELL_FORMED.fullmatch(tag.lower())
    if not found or found["only_private"]:
        return "", ""
    language = found["language"].partition("-")[0]
    script, region = (found["script"] or "").title(), (found["region"] or "").upper()
    likely: Any = get_global("likely_subtags")
    usual, _sep, country = get_global("language_aliases").get(language, language).partition("_")
    for key in (
        f"{language}_{script}_{region}",
        f"{language}_{script}",
        f"{language}_{region}",
        language,
        usual,
    ):
        if known := likely.get(key.strip("_").replace("__", "_")):
            parts = known.split("_")
            # For “und”, CLDR guesses a language, such as English.
            if parts[0] not in (language, usual):
                continue
            return script or parts[1], region or country or parts[2]
    return script, region


def _name_in(locale: Locale, tag: str) -> str | None:
    """Return the name of a language in another language, with script and country in brackets."""
    found = _WELL_FORMED.fullmatch(tag.lower())
    if not found or not found["language"]:
        return None
    script, region = (found["script"] or "").title(), (found["region"] or "").upper()
    language, _sep, rest = tag.partition("-")
    name = locale.languages.get(_CLDR_KEYS.get(language, language))
    if not name or not rest:
        return name
    parts = rest.split("-")
    words = [locale.scripts.get(script, script), locale.territories.get(region, region)]
    words += [part for part in parts if part not in (script, region)]
    return f"{name} ({', '.join(filter(None, words))})"


def _locale(tag: str) -> Locale | None:
    """Return Babel's locale for a language and its script, or for the language alone, or None."""
    language, script = tag.partition("-")[0], script_of(tag)
    for name in (f"{language}_{script}", language):
        try:
            return Locale.parse(name, resolve_likely_subtags=False)
        except (UnknownLocaleError, ValueError, TypeError):
            continue
    return None


@cache
def _screen_locale(screen: str) -> Locale:
    """Return CLDR's data on a language code of Django, such as pt-br; English if it has none."""
    try:
        return Locale.parse(screen, sep="-")
    except (UnknownLocaleError, ValueError):
        return _locale(screen) or Locale("en")


@cache
def _names_on_screen(screen: str) -> dict[str, str]:
    """Return the tags of languages by casefolded name in the language of the screens."""
    return {
        name.casefold(): tag
        for tag, name in _screen_locale(screen).languages.items()
        if tag not in (UNDETERMINED, "mul", "zxx", "mis") and "_" not in tag
    }


@cache
def _by_name() -> dict[str, str]:
    """Return the tags of languages by casefolded English name, and of COMMON by native name too."""
    own = {name.casefold(): tag for tag in COMMON for name in (english_name(tag), native_name(tag))}
    return {**_names_on_screen("en"), **own, **_ALSO, "chinese": "zh-Hans"}

"""The languages of releases: tags of BCP 47, what they are called, script, direction, territory.

Names, likely scripts and likely territories come from CLDR, by way of Babel.
"""

import re
from collections import Counter
from functools import cache, lru_cache
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.core import get_global

from people.names.scripts import letters_by_script
from people.names.scripts import script_of as script_of_text

MAX_TAG_CHARACTERS = 35  # of a tag; RFC 5646, 4.4.1
UNDETERMINED = "und"  # ISO 639-3: the language is not known

# What the desk offers first; every other tag can be typed.
COMMON = (
    "am", "ar", "be", "bn", "bo", "ckb", "cs", "cy", "da", "de", "el", "en", "es", "fa", "fi",
    "fr", "he", "hi", "hu", "id", "it", "ja", "kk", "ko", "ku", "my", "nb", "nl", "pl", "ps",
    "pt", "ro", "ru", "sd", "so", "sv", "sw", "ta", "th", "ti", "tr", "ug", "uk", "ur", "uz",
    "vi", "yi", "zh-Hans", "zh-Hant",
)  # fmt: skip
# CLDR has “Chinese (Simplified)”, and the language and the script of the name in itself apart.
_NAMES = {
    "zh-Hans": ("Chinese, simplified", "简体中文"),
    "zh-Hant": ("Chinese, traditional", "繁體中文"),
    "prs": ("Dari", "دری"),
    UNDETERMINED: ("Not known yet", "Not known yet"),
}
# CLDR's keys of these, for their names in other languages than English.
_CLDR_KEYS = {"zh-Hans": "zh_Hans", "zh-Hant": "zh_Hant", "prs": "fa_AF"}
# What files call a language, where it is not the English name of CLDR.
_ALSO = {"farsi": "fa", "bengali": "bn", "kurmanji": "ku", "sorani": "ckb", "dari": "prs"}

# RFC 5646, 2.1, without the tags that it keeps for the sake of older software, and without
# languages of 4 to 8 letters: none was ever registered, and a name that is typed looks like one.
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

# ISO 15924 has names for scripts together; those of single letters are on the right.
_ALSO_WRITTEN_IN = {
    "Hans": ("Hani",), "Hant": ("Hani",), "Aran": ("Arab",),
    "Jpan": ("Hani", "Hira", "Kana"), "Kore": ("Hang", "Hani"),
}  # fmt: skip

# ISO 15924, of the scripts whose letters Unicode directs from right to left.
RIGHT_TO_LEFT = frozenset({
    "Adlm", "Arab", "Aran", "Armi", "Avst", "Chrs", "Cprt", "Elym", "Gara", "Hatr", "Hebr",
    "Hung", "Khar", "Lydi", "Mand", "Mani", "Mend", "Merc", "Mero", "Narb", "Nbat", "Nkoo",
    "Orkh", "Ougr", "Palm", "Phli", "Phlp", "Phnx", "Prti", "Rohg", "Samr", "Sarb", "Sogd",
    "Sogo", "Syrc", "Syre", "Syrj", "Syrn", "Thaa", "Todr", "Yezi",
})  # fmt: skip


class LanguageTagError(ValueError):
    """A text that is no language tag: `code` is "not_a_tag" or "no_language"."""

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
    # CLDR names every code of two letters (ISO 639-1); those of three are too many.
    first = language.partition("-")[0]
    if len(first) == 2 and first not in Locale("en").languages:
        raise LanguageTagError("no_language", tag)
    script = (found["script"] or "").title()
    region = (found["region"] or "").upper()
    rest = (found["variants"] + found["extensions"] + (found["private"] or "")).lstrip("-")
    return "-".join(filter(None, [language, script, region, rest]))


def read(text: str, screen: str = "en") -> str:
    """Return the tag that a person means by a tag or by the name of a language.

    The name may also be in the language of the screens. Raises LanguageTagError.
    """
    return from_name(text, screen) or canonical(text)


def from_name(name: str, screen: str = "en") -> str | None:
    """Return the tag of a language by its name in English, in itself or in that of the screens."""
    typed = " ".join(name.split()).casefold()[:60]
    return _by_name().get(typed) or _names_on_screen(screen).get(typed)


def direction(tag: str) -> str:
    """Return "rtl" or "ltr", as HTML's `dir` wants it."""
    return "rtl" if script_of(tag) in RIGHT_TO_LEFT else "ltr"


def script_of(tag: str) -> str:
    """Return the script that a language is written in as ISO 15924 has it, "" if not known."""
    return _maximal(tag)[0]


def lang_of_name(name: str, tag: str) -> str:
    """Return what HTML's `lang` says of a name in a text of a language.

    It is empty where the text itself is written in the script of the name, or in one not known.
    """
    script, around = script_of_text(name), script_of(tag)
    if not script or not around or script in (around, *_ALSO_WRITTEN_IN.get(around, ())):
        return ""
    return f"und-{script}"


def og_locale(tag: str) -> str:
    """Return a tag as Open Graph wants it, language_TERRITORY, "" where no country is likely."""
    language, territory = tag.partition("-")[0], _maximal(tag)[1]
    return f"{language}_{territory}" if len(territory) == 2 and len(language) > 1 else ""


def without_the_likely(tag: str) -> str:
    """Return language and script alone, the script only where the language has another too.

    Chinese keeps it always, since neither way to write it is the usual one.
    """
    language = tag.partition("-")[0]
    if language == "x":
        return tag
    script = script_of(tag)
    if script and (language == "zh" or script != script_of(language)):
        return f"{language}-{script}"
    return language


@lru_cache(maxsize=1024)
def english_name(tag: str) -> str:
    """Return a language's name in English, or its tag where CLDR has none."""
    return _NAMES[tag][0] if tag in _NAMES else _name_in(Locale("en"), tag) or tag


@lru_cache(maxsize=1024)
def screen_name(tag: str, screen: str) -> str:
    """Return a language's name in the language of the screens, else in English, else its tag."""
    locale = _screen_locale(screen)
    if locale.language == "en":
        return english_name(tag)
    return (
        locale.languages.get(_CLDR_KEYS.get(tag, "")) or _name_in(locale, tag) or english_name(tag)
    )


@lru_cache(maxsize=1024)
def native_name(tag: str) -> str:
    """Return a language's name in itself, else in English, else its tag."""
    if tag in _NAMES:
        return _NAMES[tag][1]
    locale = _locale(tag)
    return (locale and _name_in(locale, tag)) or english_name(tag)


def scripts_in(text: str) -> Counter[str]:
    """Count the letters of each script in a text; "" counts those of scripts not known here.

    Japanese counts as one script (Jpan) where some of it is in kana.
    """
    counts = letters_by_script(text)
    if kana := counts.pop("Hira", 0) + counts.pop("Kana", 0):
        counts["Jpan"] = kana + counts.pop("Hani", 0)
    return counts


def _repeats(found: re.Match[str]) -> bool:
    """Whether a variant, or the letter of an extension, is there twice (RFC 5646, 2.2.5, 2.2.6)."""
    variants = found["variants"].split("-")[1:] if found["variants"] else []
    singles = [part for part in (found["extensions"] or "").split("-") if len(part) == 1]
    return len(set(variants)) < len(variants) or len(set(singles)) < len(singles)


def _replaced(language: str) -> str:
    """Return the subtag that stands for an older or longer one: he for iw, en for eng."""
    better = get_global("language_aliases").get(language, language)
    return better if better.isalpha() else language


@lru_cache(maxsize=1024)
def _maximal(tag: str) -> tuple[str, str]:
    """Return the likely script and territory of a tag, "" for what is not known."""
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
            # CLDR's own guess for what it knows nothing of is English.
            if parts[0] not in (language, usual):
                continue
            return script or parts[1], region or country or parts[2]
    return script, region


def _name_in(locale: Locale, tag: str) -> str | None:
    """Return what a language calls another one, with script and country in brackets."""
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
    """Return CLDR's data on a language and its script, or on the language alone, if it has any."""
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
    """Map the names of languages in the language of the screens to their tags."""
    return {
        name.casefold(): tag
        for tag, name in _screen_locale(screen).languages.items()
        if tag not in (UNDETERMINED, "mul", "zxx", "mis") and "_" not in tag
    }


@cache
def _by_name() -> dict[str, str]:
    """Map the names of languages, in English and in themselves, to their tags."""
    own = {name.casefold(): tag for tag in COMMON for name in (english_name(tag), native_name(tag))}
    return {**_names_on_screen("en"), **own, **_ALSO, "chinese": "zh-Hans"}

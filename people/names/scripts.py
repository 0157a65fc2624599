"""The scripts of a text, by its letters."""

import unicodedata
from collections import Counter

# The first word of the Unicode names of letters, and the ISO 15924 code of the script.
SCRIPTS = {
    "LATIN": "Latn", "CYRILLIC": "Cyrl", "GREEK": "Grek", "ARABIC": "Arab", "HEBREW": "Hebr",
    "CJK": "Hani", "HIRAGANA": "Hira", "KATAKANA": "Kana", "HANGUL": "Hang", "TIBETAN": "Tibt",
    "DEVANAGARI": "Deva", "BENGALI": "Beng", "TAMIL": "Taml", "THAI": "Thai", "KHMER": "Khmr",
    "MYANMAR": "Mymr", "LAO": "Laoo", "GEORGIAN": "Geor", "ARMENIAN": "Armn", "ETHIOPIC": "Ethi",
    "MONGOLIAN": "Mong", "SINHALA": "Sinh", "GUJARATI": "Gujr", "GURMUKHI": "Guru",
    "TELUGU": "Telu", "KANNADA": "Knda", "MALAYALAM": "Mlym", "SYRIAC": "Syrc", "THAANA": "Thaa",
    "ORIYA": "Orya", "NKO": "Nkoo", "ADLAM": "Adlm", "HANIFI": "Rohg", "BOPOMOFO": "Bopo",
    "CHEROKEE": "Cher", "CANADIAN": "Cans", "YI": "Yiii", "TIFINAGH": "Tfng", "OL": "Olck",
    "CHAM": "Cham", "VAI": "Vaii", "JAVANESE": "Java", "BALINESE": "Bali", "MEETEI": "Mtei",
    "LISU": "Lisu",
}  # fmt: skip


def letters_by_script(text: str) -> Counter[str]:
    """Return the number of letters of each script (ISO 15924). The key "" is for unknown ones."""
    counts: Counter[str] = Counter()
    for char, times in Counter(text).items():
        if char.isalpha():
            counts[SCRIPTS.get(unicodedata.name(char, "").partition(" ")[0], "")] += times
    return counts


def script_of(text: str) -> str:
    """Return the ISO 15924 code of the script of most letters in a text, or "" if unknown."""
    counts = letters_by_script(text)
    del counts[""]
    return next((script for script, _times in counts.most_common(1)), "")


def lang_of(name: str, language: str = "") -> str:
    """Return the `lang` attribute for a name: its stored language, or its script.

    It is "" for a name in Latin letters: the language of the surrounding text applies to it.
    """
    if language:
        return language
    script = script_of(name)
    return "" if script in ("", "Latn") else f"und-{script}"

"""The language of a file, where it says so or its script leaves no doubt."""

import re
import unicodedata
from collections import Counter

# As Debian and others name translations, and the tags that stand for them.
_NAMES = {
    "english": "en",
    "arabic": "ar",
    "catalan": "ca",
    "chinese": "zh-Hans",
    "czech": "cs",
    "danish": "da",
    "dutch": "nl",
    "farsi": "fa",
    "finnish": "fi",
    "french": "fr",
    "german": "de",
    "greek": "el",
    "hebrew": "he",
    "hindi": "hi",
    "hungarian": "hu",
    "indonesian": "id",
    "italian": "it",
    "japanese": "ja",
    "korean": "ko",
    "norwegian": "no",
    "persian": "fa",
    "polish": "pl",
    "portuguese": "pt",
    "romanian": "ro",
    "russian": "ru",
    "slovak": "sk",
    "spanish": "es",
    "swedish": "sv",
    "turkish": "tr",
    "ukrainian": "uk",
    "vietnamese": "vi",
    "welsh": "cy",
}
_TAG = re.compile(r"([a-z]{2,3})(?:[-_]([a-z]{2}|hans|hant))?(?:\.utf-?8)?", re.I)
_KNOWN = frozenset(_NAMES.values()) | frozenset(
    ("zh", "am", "bo", "ckb", "my", "ps", "sw", "th", "ug", "ur")
)
# Scripts that only one language of any size is written in.
_SCRIPTS = {
    "GREEK": "el",
    "HEBREW": "he",
    "HANGUL": "ko",
    "HIRAGANA": "ja",
    "KATAKANA": "ja",
    "THAI": "th",
    "TIBETAN": "bo",
    "GEORGIAN": "ka",
    "ARMENIAN": "hy",
    "KHMER": "km",
    "LAO": "lo",
}
_SIMPLIFIED = "们这国为说时来对发会经过还进后没与长开关动问间见让从报书"
_TRADITIONAL = "們這國為說時來對發會經過還進後沒與長開關動問間見讓從報書"
# Letters that only one language of the script has.
_CYRILLIC = (("uk", "іїєґ"), ("", "ўђјљњћџѓќәғқңөұүһ"), ("ru", "ыэ"))
_ARABIC = (("ug", "ېۇۆۈۋڭ"), ("", "ٹڈڑےںټډړښڕڵێ"), ("fa", "پچژگی"))


def language_of(stated: str, filename: str, text: str) -> str | None:
    """Return a BCP 47 tag, or None where the language would only be a guess."""
    return _tag(stated) or _from_name(filename) or _from_script(text)


def _tag(stated: str) -> str | None:
    stated = stated.strip().casefold()
    if stated in _NAMES:
        return _NAMES[stated]
    match = _TAG.fullmatch(stated)
    if not match or match[1] not in _KNOWN:
        return None
    if match[1] == "zh":
        return "zh-Hant" if match[2] in ("tw", "hk", "mo", "hant") else "zh-Hans"
    return match[1]


def _from_name(filename: str) -> str | None:
    parts = filename.casefold().split(".")[1:-1]
    return next((tag for part in reversed(parts) if (tag := _tag(part))), None)


def _from_script(text: str) -> str | None:
    letters = [char for char in text[:20_000] if char.isalpha()]
    scripts = Counter(unicodedata.name(char, "?").split()[0] for char in letters)
    if not letters:
        return None
    if scripts["HIRAGANA"] + scripts["KATAKANA"] > 0.2 * len(letters):
        return "ja"
    script, count = scripts.most_common(1)[0]
    if count < 0.5 * len(letters):
        return None
    if script == "CJK":
        simplified = sum(text.count(char) for char in _SIMPLIFIED)
        traditional = sum(text.count(char) for char in _TRADITIONAL)
        if max(simplified, traditional) < 5 * min(simplified, traditional) + 3:
            return None
        return "zh-Hans" if simplified > traditional else "zh-Hant"
    lower = frozenset(text.casefold())
    if script in ("CYRILLIC", "ARABIC"):
        for tag, own in _CYRILLIC if script == "CYRILLIC" else _ARABIC:
            if lower & frozenset(own):
                return tag or None
        return "ar" if script == "ARABIC" else None
    return _SCRIPTS.get(script)
